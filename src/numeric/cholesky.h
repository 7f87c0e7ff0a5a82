/* SPDX-License-Identifier: MIT */
/* Cholesky factors A = L Lᵀ that grow and shrink by rows. L is lower triangular, row-major, with
 * `stride` >= n doubles from row to row; what stands above its diagonal is neither read nor
 * written. All of it is local; nothing is allocated. */
#ifndef AMBS_NUMERIC_CHOLESKY_H
#define AMBS_NUMERIC_CHOLESKY_H

#include <stdbool.h>
#include <stddef.h>

#include "ambs/error.h"

/* L in place of the lower triangle of a [n, n]; false when a is not positive definite, which
 * leaves the triangle spoilt. n³/3 operations. */
bool ambs_cholesky_try(size_t n, double *a, size_t stride);

/* Where a matrix of n rows is not positive definite in this arithmetic, jitter on its diagonal helps:
 * 1e-12 of the mean diagonal, then ten times more up to `limit` of it. *jitter (0 at first) becomes
 * what to try next; AMBS_E_NUMERIC with the numbers when the limit does not do. */
int ambs_cholesky_more_jitter(size_t n, double mean, double limit, double *jitter, ambs_error *err);

/* Row n of the stored matrix holds A[n, 0 … n-1], `diagonal` is A[n, n]; becomes row n of L. Where
 * rounding leaves less than `least` of the pivot's square, `least` is taken. n² operations. */
void ambs_cholesky_append(size_t n, double *l, size_t stride, double diagonal, double least);

/* Row and column k of A go: the rows behind k move up by one, and the part of column k below the
 * diagonal is rotated into them (a rank-one update, so nothing can become indefinite). The rows
 * before k keep their bits. `work` has length 2 n. 3 (n - k)² operations. */
void ambs_cholesky_remove(size_t n, double *l, size_t stride, size_t k, double *work);

/* A[k, k] grows by `change`, which may be below 0 where A stays positive definite; rounding leaves no
 * pivot's square below `least`. The rows before k keep their bits. `work` has length 2 n.
 * 2 (n - k)² operations (a rank-one update or downdate: Gill, Golub, Murray and Saunders 1974,
 * doi:10.1090/S0025-5718-1974-0343558-6). */
void ambs_cholesky_change_diagonal(size_t n, double *l, size_t stride, size_t k, double change,
                                   double least, double *work);

/* b [n] becomes L⁻¹ b, L⁻ᵀ b. */
void ambs_cholesky_solve_lower(size_t n, const double *l, size_t stride, double *b);
void ambs_cholesky_solve_upper(size_t n, const double *l, size_t stride, double *b);

/* ln det A. */
double ambs_cholesky_log_determinant(size_t n, const double *l, size_t stride);

#endif
