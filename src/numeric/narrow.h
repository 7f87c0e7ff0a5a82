/* SPDX-License-Identifier: MIT */
/* Products of a tall part of a matrix with a few columns that stand beside each other: what a BLAS does at
 * less than half the speed, since it packs the matrix anew for each call. */
#ifndef AMBS_NUMERIC_NARROW_H
#define AMBS_NUMERIC_NARROW_H

#include <stddef.h>

/* m is a multiple of this. */
#define AMBS_NARROW_LANES 8

/* to [n, m] loses L b; to [k, m] loses Lᵀ b. L [n, k] is column-major with `stride`, b [k, m] and [n, m], all
 * others row-major without gaps. n k m operations, nothing is allocated. The bits of a lane depend on L and on
 * that lane alone. */
void ambs_narrow_take(size_t n, size_t k, const double *l, size_t stride, size_t m, const double *b,
                      double *to);
void ambs_narrow_take_transposed(size_t n, size_t k, const double *l, size_t stride, size_t m,
                                 const double *b, double *to);

#endif
