/* SPDX-License-Identifier: MIT */
/* Published test functions, all to be minimised. */
#ifndef AMBS_OBJECTIVE_TEST_FUNCTION_H
#define AMBS_OBJECTIVE_TEST_FUNCTION_H

#include <stddef.h>

typedef struct ambs_test_function {
    const char *name;
    const char *source;  /* where it was published */
    size_t d_min, d_max; /* numbers of inputs it takes; d_max 0: any from d_min on */
    const double *low,
        *high;       /* published domain [n_bounds]; n_bounds 1: the same for every input */
    size_t n_bounds; /* 0: no domain */
    size_t n_whole;  /* the first so many inputs are whole numbers */
    double minimum; /* smallest value in the domain is minimum + minimum_per_input d; NaN unknown */
    double minimum_per_input;
    const double
        *argmin; /* one place of the minimum [n_argmin]; 1: the same for every input; 0: unknown */
    size_t n_argmin;
    /* x [d]; NaN for an inactive input. */
    double (*evaluate)(const double *x, size_t d);
} ambs_test_function;

/* In order of their names' listing; ends with a NULL name. */
extern const ambs_test_function ambs_test_functions[];
const ambs_test_function *ambs_test_function_find(const char *name);

/* The smallest value in the domain for d inputs, NaN where it is not known. */
double ambs_test_function_minimum(const ambs_test_function *f, size_t d);
/* Where it is taken, into ret_x [d]; 0, or -1 where that is not known. */
int ambs_test_function_argmin(const ambs_test_function *f, size_t d, double *ret_x);

#endif
