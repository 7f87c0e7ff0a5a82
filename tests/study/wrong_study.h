/* SPDX-License-Identifier: MIT */
/* Tables of wrong study files with their messages. */
#ifndef TESTS_STUDY_WRONG_STUDY_H
#define TESTS_STUDY_WRONG_STUDY_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ambs/study.h"

#define LITERAL(text) text, sizeof(text) - 1

typedef struct wrong {
    const char *what;
    const char *text; /* of the file s.yaml */
    size_t length;
    ambs_setting setting[1]; /* path NULL: none */
    const char *message;
} wrong;

static inline void assert_exact_messages(const wrong *table, size_t n)
{
    size_t n_bad = 0;
    for (size_t i = 0; i < n; i++) {
        ambs_spec *spec = NULL;
        ambs_error err = {0};
        int rc = ambs_spec_parse(table[i].text, table[i].length, "s.yaml", table[i].setting,
                                 table[i].setting[0].path ? 1 : 0, &spec, &err);
        if (rc == AMBS_E_INVALID && !spec && strcmp(err.text, table[i].message) == 0) continue;
        print_message("# %s: code %d\n#   found    %s\n#   expected %s\n", table[i].what, rc,
                      err.text, table[i].message);
        ambs_spec_destroy(spec);
        n_bad++;
    }
    assert_int_equal(n_bad, 0);
}

#endif
