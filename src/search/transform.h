/* SPDX-License-Identifier: MIT */
/* Transforms of the objective to the scale that a surrogate works on: increasing, so that the
 * minimum stays where it is. */
#ifndef AMBS_SEARCH_TRANSFORM_H
#define AMBS_SEARCH_TRANSFORM_H

#include <stddef.h>

#include "ambs/error.h"

typedef enum ambs_transform_kind {
    AMBS_TRANSFORM_LOG,  /* ln((y - m') / (max - m')): 0 at the worst, stretched towards the best */
    AMBS_TRANSFORM_RANK, /* 0 at the best, 1 at the worst, even over the values seen */
    AMBS_TRANSFORM_NONE, /* (y - min) / (max - min) */
    AMBS_TRANSFORM_HALF_RANK, /* 0 at the best, 1 at the worst; the worse half only by its ranks, the
                                 better half stretched towards the best */
    AMBS_TRANSFORM_GAUSSIAN,  /* normal scores: the values seen become quantiles of a unit normal */
    AMBS_TRANSFORM_AUTO       /* what suits the surrogate: a setting, no transform */
} ambs_transform_kind;

extern const char *const ambs_transform_names[]; /* those of the kinds, NULL-terminated */

typedef struct ambs_transform {
    ambs_transform_kind kind;
    size_t n;              /* values it was made from */
    double min, max;       /* of them, clamped to +-1e150 so that no difference overflows */
    double offset;         /* LOG: m' */
    double median, spread; /* HALF_RANK: of all values, and s */
    double mean;           /* of the transformed values */
    double *sorted; /* RANK, GAUSSIAN: [n_sorted] the distinct values; HALF_RANK: the median, then
                       those above it */
    double *rank;   /* [n_sorted] what they become: RANK: mean ranks, scaled to [0, 1]; GAUSSIAN:
                       normal scores; HALF_RANK: on the scale of y */
    size_t n_sorted, sorted_capacity, rank_capacity;
} ambs_transform;

/* Takes the constants from y [n], n >= 1, finite. A zeroed struct is ready for it; may be called
 * again. On failure (AMBS_E_NOMEM) the old constants stay. O(n log n). */
int ambs_transform_fit(ambs_transform *t, ambs_transform_kind kind, size_t n, const double *y,
                       ambs_error *err);
void ambs_transform_fini(ambs_transform *t);
/* Values outside the range seen go on increasing for LOG and HALF_RANK (below) and NONE, else
 * stay at the end. */
double ambs_transform_apply(const ambs_transform *t, double y);
double ambs_transform_invert(const ambs_transform *t, double z);

#endif
