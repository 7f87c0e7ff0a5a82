/* SPDX-License-Identifier: MIT */
/* A few rows by a few vectors of lanes are held in registers: each element of L is read once for all
 * of those lanes, each row of b once for those rows. How many there are is a matter of the
 * processor's registers; the order of operations on a lane is the same for all. */
#include "numeric/triangular.h"

#include "base/clones.h"

enum { MOST_ROWS = 8, MOST_VECTORS = 2 };

#define AMBS_BODY "numeric/triangular_body.h"
#include "base/versions.h"

void ambs_triangular_solve(size_t n, const double *l, size_t stride, size_t m, double *b)
{
    CHOOSE(solve_lower)(n, l, stride, m, b);
}

void ambs_triangular_solve_transposed(size_t n, const double *l, size_t stride, size_t m, double *b)
{
    CHOOSE(solve_upper)(n, l, stride, m, b);
}
