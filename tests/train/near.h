/* SPDX-License-Identifier: MIT */
#ifndef AMBS_TESTS_TRAIN_NEAR_H
#define AMBS_TESTS_TRAIN_NEAR_H

#include "../base/check.h"

/* found and expected differ by at most `tolerance`; NaN is near nothing. */
#define assert_near(found, expected, tolerance)                                                    \
    do {                                                                                           \
        const double found_ = (found), expected_ = (expected);                                     \
        if (!(fabs(found_ - expected_) <= (tolerance)))                                            \
            fail_msg("%s: found %.9g, expected %.9g within %.3g", #found, found_, expected_,       \
                     (double)(tolerance));                                                         \
    } while (0)

#endif
