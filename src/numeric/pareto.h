/* SPDX-License-Identifier: MIT */
/* Points with several values each, all of them minimised: which are not dominated, and how much they
 * dominate. y has shape [n, m], row-major: n points of m values. */
#ifndef AMBS_NUMERIC_PARETO_H
#define AMBS_NUMERIC_PARETO_H

#include <stdbool.h>
#include <stddef.h>

#include "ambs/error.h"

/* a is nowhere greater than b, and somewhere less. False where a value is NaN. */
bool ambs_pareto_dominates(size_t m, const double *a, const double *b);
/* a is nowhere greater than b: it dominates b or equals it. */
bool ambs_pareto_covers(size_t m, const double *a, const double *b);

/* The points that no other dominates, by their first value, then by the others, then as they came:
 * ret_index [n], of which *ret_n are used. Equal points are all in or all out; points with NaN are
 * out. O(n log n + n k m), k the length of the front. AMBS_E_NOMEM. */
int ambs_pareto_front(size_t n, size_t m, const double *y, size_t *ret_index, size_t *ret_n,
                      ambs_error *err);

/* A reference point [m] where the user gave none (NaN in `reference`): the worst value on the front
 * (y [n, m], n >= 1) and a tenth of its range more. Where all of the front are equal in a value, the
 * tenth is that of the distance to `worst` [m], the worst of all points known; else of the value
 * itself; else 0.1. */
void ambs_pareto_reference(size_t n, size_t m, const double *y, const double *worst,
                           double *reference);

/* The volume that the points dominate within the box below `reference` [m], m >= 1; duplicates,
 * dominated points and points beyond the reference add nothing. Exact, by slices along the last
 * value, each the volume of one value less (Knowles 2002; While et al. 2006,
 * doi:10.1109/TEVC.2005.851275, section III): O(n log n) for m = 2, O(n k) for 3, worse for more. *work
 * is how many steps it may take; what it took is taken off. *ret_volume is NaN where that was not
 * enough. AMBS_E_NOMEM. */
int ambs_pareto_hypervolume(size_t n, size_t m, const double *y, const double *reference,
                            double *work, double *ret_volume, ambs_error *err);

#endif
