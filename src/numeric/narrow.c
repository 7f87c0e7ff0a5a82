/* SPDX-License-Identifier: MIT */
#include "numeric/narrow.h"

#define AMBS_BODY "numeric/narrow_body.h"
#include "base/versions.h"

void ambs_narrow_take(size_t n, size_t k, const double *l, size_t stride, size_t m, const double *b,
                      double *to)
{
    CHOOSE(take)(n, k, l, stride, m, b, to);
}

void ambs_narrow_take_transposed(size_t n, size_t k, const double *l, size_t stride, size_t m,
                                 const double *b, double *to)
{
    CHOOSE(take_transposed)(n, k, l, stride, m, b, to);
}
