/* SPDX-License-Identifier: MIT */
/* Minimisation of a smooth function within bounds. */
#ifndef AMBS_NUMERIC_LBFGS_H
#define AMBS_NUMERIC_LBFGS_H

#include <stddef.h>

#include "ambs/error.h"

typedef struct ambs_lbfgs_problem {
    size_t n;
    const double *lower, *upper; /* [n], lower <= upper, finite or not */
    /* f(x) and its gradient [n]; a value that is not finite means that f is not defined there. */
    double (*value)(void *of, const double *x, double *ret_gradient);
    void *of;
} ambs_lbfgs_problem;

typedef struct ambs_lbfgs_settings {
    size_t max_iterations;
    double gradient_tolerance; /* ends where no element of the projected gradient is larger */
    double value_tolerance;    /* or where a step gains less than this share of 1 + |f| */
} ambs_lbfgs_settings;

/* Length of `work` in doubles. */
size_t ambs_lbfgs_work_size(size_t n);

/* Minimises from x [n], which is moved into the bounds first and holds the best point in the end.
 * *ret_value is f there, *ret_iterations (may be NULL) the number of steps taken. AMBS_E_NUMERIC
 * when f is not defined at the start (x is within the bounds then). An iteration costs 4 m n
 * operations (m = 8 pairs) and one value, seldom more. */
int ambs_lbfgs_minimise(const ambs_lbfgs_problem *problem, const ambs_lbfgs_settings *settings,
                        double *x, double *work, double *ret_value, size_t *ret_iterations,
                        ambs_error *err);

#endif
