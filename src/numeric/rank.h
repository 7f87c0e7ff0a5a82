/* SPDX-License-Identifier: MIT */
/* Rank correlation. */
#ifndef AMBS_NUMERIC_RANK_H
#define AMBS_NUMERIC_RANK_H

#include <stddef.h>

#include "ambs/error.h"

/* Spearman's coefficient of a [n] and b [n], which are finite: the correlation of their ranks, ties
 * by their mean rank (Spearman 1904, doi:10.2307/1412159). 0 where n < 2 or one of them is constant.
 * AMBS_E_NOMEM. O(n log n). */
int ambs_rank_correlation(size_t n, const double *a, const double *b, double *ret, ambs_error *err);

#endif
