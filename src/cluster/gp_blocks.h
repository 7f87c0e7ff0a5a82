/* SPDX-License-Identifier: MIT */
/* The Gaussian process's matrix over the ranks of a process grid: K + σ² diag(share) + jitter I of n
 * rows in blocks, its Cholesky factor, and what the process wants of them. Each rank makes its blocks from
 * the rows' points, n T numbers that all hold; K itself never travels, and no inverse is ever formed.
 *
 * Everything is collective: all ranks call with the same arguments, and get the same results and the same
 * codes. T terms, points as in surrogate/gp_kernel.h (warped already). Cost is that of one rank of P. */
#ifndef AMBS_CLUSTER_GP_BLOCKS_H
#define AMBS_CLUSTER_GP_BLOCKS_H

#include "cluster/process_grid.h"
#include "surrogate/gp_kernel.h"

typedef struct ambs_gp_blocks ambs_gp_blocks;

/* Room for n rows; 8 n²/P bytes. `grid` is borrowed. AMBS_E_NOMEM. */
int ambs_gp_blocks_create(const ambs_process_grid *grid, size_t n, size_t n_terms,
                          ambs_gp_blocks **ret_blocks, ambs_error *err);
void ambs_gp_blocks_destroy(ambs_gp_blocks *blocks); /* local */

/* The rows' points [n, T], their shares [n] of the noise, and their kernel, whose terms are borrowed and
 * whose weights are copied. */
void ambs_gp_blocks_set(ambs_gp_blocks *b, const ambs_gp_kernel *kernel, const double *points,
                        const double *share);
/* Factors, with jitter where that is needed: the same steps, up to `limit`, and the same
 * error as ambs_cholesky_more_jitter(). n³/3P operations, for each try. */
int ambs_gp_blocks_factor(ambs_gp_blocks *b, double limit, double *ret_jitter, ambs_error *err);
/* Needs a factor, as do the next two. ret [n] becomes (K + …)⁻¹ y. 2 n²/P operations. */
int ambs_gp_blocks_solve(ambs_gp_blocks *b, const double *y, double *ret, ambs_error *err);
/* With k* the covariances of the rows with a candidate: ret [n, m] K⁻¹k* for candidates [m, T], which
 * is the whole of it in every rank. 2 n² m/P operations. */
int ambs_gp_blocks_weights(ambs_gp_blocks *b, size_t m, const double *candidates, double *ret,
                           ambs_error *err);
/* ret [m]: k*ᵀ K⁻¹ k*, the variance that the rows explain. n² m/P operations. */
int ambs_gp_blocks_explained(ambs_gp_blocks *b, size_t m, const double *candidates, double *ret,
                             ambs_error *err);

/* ln p(y | x, theta) and its gradient, as ambs_gp_log_likelihood() has them; y [n], warp_slopes
 * [2 T, n] only for a gradient with a warp, ret_gradient may be NULL. Takes the place of the factor.
 * *ret_value is -INFINITY where the matrix is not positive definite. n³/3P operations, with the gradient n³/P:
 * its traces need the elements of K⁻¹ below the diagonal, which come as solutions for unit vectors, a block
 * of columns at a time, each by the factor's rows from its own on alone, and are used up at once. */
int ambs_gp_blocks_likelihood(ambs_gp_blocks *b, const double *y, const double *warp_slopes,
                              double *ret_value, double *ret_gradient, ambs_error *err);

#endif
