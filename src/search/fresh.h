/* SPDX-License-Identifier: MIT */
/* A random configuration that was not proposed before: what every method falls back to. */
#ifndef AMBS_SEARCH_FRESH_H
#define AMBS_SEARCH_FRESH_H

#include "base/random.h"
#include "search/method.h"

/* ret_x [d] by the parameters' own distributions. When random tries no longer find one, a discrete
 * space of up to 1e7 configurations is enumerated, and each of those left is as likely as the
 * others. AMBS_E_EXHAUSTED when none is left, AMBS_E_INFEASIBLE when none was found in a larger
 * space. */
int ambs_search_fresh(const ambs_method_context *context, ambs_random *random, double *ret_x,
                      ambs_error *err);

#endif
