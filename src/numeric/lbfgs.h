/* SPDX-License-Identifier: MIT */
/* Minimisation of a smooth function within bounds. */
#ifndef AMBS_NUMERIC_LBFGS_H
#define AMBS_NUMERIC_LBFGS_H

#include <stdbool.h>
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

enum { AMBS_LBFGS_PAIRS = 8 };

/* A minimisation that its caller drives, so that many can go in step and share the work of their
 * values: begin, then while point() is not NULL compute f and its gradient there and give() them.
 * The fields are the minimiser's own, but for x, f and n_iterations, which may be read. */
typedef struct ambs_lbfgs {
    const ambs_lbfgs_problem *of; /* `value` is not called */
    const ambs_lbfgs_settings *settings;
    double *x, f, *gradient; /* the best point, which is the last that was stepped to */
    size_t n_iterations;
    double *trial, *direction;
    double *s, *y;                /* [AMBS_LBFGS_PAIRS, n], a ring */
    double rho[AMBS_LBFGS_PAIRS]; /* 1 / sᵀy */
    size_t n_pairs;               /* ever remembered; the ring holds the last ones */
    bool first_step;              /* no curvature is known: the direction's length means nothing */
    bool started, done;
    double step, slope; /* of the line search: t, and gᵀ(x(t) - x) */
    int n_shortened;
} ambs_lbfgs;

/* x [n] is moved into the bounds and keeps the best point; `work` as for ambs_lbfgs_minimise(); all
 * is borrowed. */
void ambs_lbfgs_begin(ambs_lbfgs *m, const ambs_lbfgs_problem *problem,
                      const ambs_lbfgs_settings *settings, double *x, double *work);
/* Begins once more, at x of an ended m and with the curvature that it knows, on a function that is
 * about `scale` times the earlier one; the bounds are the same. */
void ambs_lbfgs_begin_again(ambs_lbfgs *m, const ambs_lbfgs_settings *settings, double scale);
/* [n] where a value is wanted; NULL at the end. */
const double *ambs_lbfgs_point(const ambs_lbfgs *m);
/* f (not finite: not defined) and its gradient [n] at that point. f undefined at the start ends it
 * with f not finite. */
void ambs_lbfgs_give(ambs_lbfgs *m, double f, const double *gradient);

/* Minimises from x [n], which is moved into the bounds first and holds the best point in the end.
 * *ret_value is f there, *ret_iterations (may be NULL) the number of steps taken. AMBS_E_NUMERIC
 * when f is not defined at the start (x is within the bounds then). An iteration costs 4 m n
 * operations (m = 8 pairs) and one value, seldom more. */
int ambs_lbfgs_minimise(const ambs_lbfgs_problem *problem, const ambs_lbfgs_settings *settings,
                        double *x, double *work, double *ret_value, size_t *ret_iterations,
                        ambs_error *err);

#endif
