/* SPDX-License-Identifier: MIT */
/* Triangular solves for several right-hand sides that stand beside each other. A BLAS packs the
 * triangle anew for each call, which for the few candidates that are climbed from costs more than
 * the solve, and its last bits depend on their number; here each lane's bits depend on the triangle
 * and on that lane alone. */
#ifndef AMBS_NUMERIC_TRIANGULAR_H
#define AMBS_NUMERIC_TRIANGULAR_H

#include <stddef.h>

/* m is a multiple of this. */
#define AMBS_TRIANGULAR_LANES 8

/* b [n, m], row-major without gaps, becomes L⁻¹ b, L⁻ᵀ b. L [n, n] is lower triangular, row-major
 * with `stride`; its diagonal is positive. n² m operations, nothing is allocated. */
void ambs_triangular_solve(size_t n, const double *l, size_t stride, size_t m, double *b);
void ambs_triangular_solve_transposed(size_t n, const double *l, size_t stride, size_t m,
                                      double *b);

#endif
