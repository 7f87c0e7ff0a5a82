/* SPDX-License-Identifier: MIT */
/* Where the n³ and n² of a large Gaussian process may be computed instead of here: an engine holds the
 * factors of several processes, each under a number, and answers. The process keeps its rows, its weights
 * α and what came since the factor was made (gp_far.c), so that it can go on here at any time.
 *
 * Calls wait for their answer. Each returns AMBS_OK; AMBS_E_NUMERIC where the matrix is not
 * positive definite, which it would not be here either; AMBS_E_AGAIN where there is no answer (too slow,
 * gone, distrusted): then the process goes on here, and asks again at its next fit; AMBS_E_NOMEM;
 * AMBS_E_INTERRUPTED when nobody waits for the result any more. Answers agree with what is computed here but for
 * rounding: to 1e-8 where the condition is a million. One thread. */
#ifndef AMBS_SURROGATE_GP_ENGINE_H
#define AMBS_SURROGATE_GP_ENGINE_H

#include <stdint.h>

#include "surrogate/gp_fit.h"

typedef struct ambs_gp_engine {
    void *ctx;
    size_t from; /* a process, or a likelihood, of fewer rows does not ask */
    /* The number of a process that may have a factor here. */
    uint32_t (*enrol)(void *ctx);
    /* The factor of K + σ² diag(share) + jitter I for points [n, T], which are warped, and share [n],
     * with jitter as ambs_cholesky_more_jitter() tells it; ret_alpha [n] is the solution for y [n]. Replaces the factor
     * before. */
    int (*factor)(void *ctx, uint32_t process, const ambs_gp_kernel *kernel, size_t n,
                  const double *points, const double *share, const double *y, double jitter_limit,
                  double *ret_alpha, double *ret_jitter, ambs_error *err);
    /* (K + …)⁻¹y of the process's factor: y and ret [n]. */
    int (*solve)(void *ctx, uint32_t process, size_t n, const double *y, double *ret,
                 ambs_error *err);
    /* By the process's factor of n rows, for candidates [m, n_terms] with covariances k*: ret [m]
     * k*ᵀ(K + …)⁻¹k*; ret [n, m] (K + …)⁻¹k*. */
    int (*explained)(void *ctx, uint32_t process, size_t n_terms, size_t m,
                     const double *candidates, double *ret, ambs_error *err);
    int (*weights)(void *ctx, uint32_t process, size_t n, size_t n_terms, size_t m,
                   const double *candidates, double *ret, ambs_error *err);
    /* ambs_gp_log_likelihood(), which see; ret_gradient may be NULL. */
    int (*likelihood)(void *ctx, const ambs_gp_kernel *kernel, const ambs_gp_sample *sample,
                      double *ret_value, double *ret_gradient, ambs_error *err);
    /* An answer cannot be true: `what` says which. The engine is not to be asked again. */
    void (*distrust)(void *ctx, const char *what);
} ambs_gp_engine;

#endif
