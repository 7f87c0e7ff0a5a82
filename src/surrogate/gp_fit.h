/* SPDX-License-Identifier: MIT */
/* The hyperparameters of a Gaussian process: their likelihood and their choice. */
#ifndef AMBS_SURROGATE_GP_FIT_H
#define AMBS_SURROGATE_GP_FIT_H

#include <stdbool.h>

#include "numeric/sample.h"
#include "surrogate/gp_kernel.h"

/* Rows to learn from; y is standardised. Points are warped already for the likelihood, not yet for
 * the search. */
typedef struct ambs_gp_sample {
    size_t n;
    const double *points;      /* [n, T], row-major */
    const double *columns;     /* the same, transposed: [T, stride] */
    size_t stride;             /* >= n rounded up to AMBS_PANEL; what stands behind n is finite */
    const double *y;           /* [n] */
    const double *warp_slopes; /* [2 T, stride] by ln a and ln b; only for a gradient with a warp */
    const double *share; /* [n] of σ² that is each row's noise: 1 / n_i where y is a mean of n_i */
} ambs_gp_sample;

struct ambs_gp_engine;

typedef struct ambs_gp_search {
    const ambs_gp_kernel
        *kernel;      /* what is not learned: shape, terms, linear mean, warped or not */
    size_t n_starts;  /* the first is the prior's mode */
    size_t max_rows;  /* so many of the rows, evenly spread over them, are learned from */
    size_t n_samples; /* 0: the largest posterior density; else so many draws from it */
    ambs_pool
        spread;    /* of evaluations around the means of them that rows are; freedom 0: not known */
    bool no_prior; /* the likelihood alone decides, within the bounds, and to more digits */
    const struct ambs_gp_engine *engine; /* computes likelihoods of many rows; NULL: none */
    uint64_t key;                        /* of the random starts */
} ambs_gp_search;

/* K + σ²S of the sample with the shares S on the diagonal, and with `slopes` dk/dr² of two different rows: in panels
 * (numeric/panels.h), of n rows. */
void ambs_gp_fill(const ambs_gp_kernel *kernel, const ambs_gp_sample *sample, double *matrix,
                  double *slopes);

/* ln p(y | x, theta) = -yᵀα/2 - ln det L - n ln(2π)/2 with α = (K + σ²S)⁻¹y; and its gradient by
 * theta, 1/2 tr((ααᵀ - K⁻¹) dK/dθ) (Rasmussen and Williams 2006, equations 2.30 and 5.9);
 * NULL: not wanted. -INFINITY where the matrix is not positive definite. n³/3 operations, n³ with the
 * gradient. `work` has the length that is told. */
double ambs_gp_log_likelihood(const ambs_gp_kernel *kernel, const ambs_gp_sample *sample,
                              double *work, double *ret_gradient);
size_t ambs_gp_likelihood_work(size_t n);

/* ln of the prior's density at theta up to a constant; its gradient is added to `gradient`. */
double ambs_gp_log_prior(const ambs_gp_kernel *kernel, const double *theta, double *gradient);

/* theta of the largest posterior density that was found, or n_samples of them [n_samples, size],
 * drawn by slice sampling from there on: a function of the arguments alone. AMBS_E_NOMEM; where no start is usable, the prior's mode. Cost: n³ operations for each of some
 * tens of values; a draw another forty. */
int ambs_gp_find_theta(const ambs_gp_search *search, const ambs_gp_sample *sample,
                       double *ret_theta, ambs_error *err);

#endif
