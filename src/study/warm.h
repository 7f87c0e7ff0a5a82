/* SPDX-License-Identifier: MIT */
/* What a study takes over from earlier ones: their configurations as far as they fit into its space,
 * with the ranks of their results. It is part of the study's recorded text, so the old files are not
 * needed again. */
#ifndef AMBS_STUDY_WARM_H
#define AMBS_STUDY_WARM_H

#include <stddef.h>

enum { AMBS_WARM_SOURCES = 16, AMBS_WARM_ROWS = 200 };

/* One old study. */
typedef struct ambs_warm_source {
    char *path;      /* as the study file names it */
    double weight;   /* 0 to 1: how much it counts; NaN: as much as the results agree with it */
    size_t n_points; /* how many of the best are tried first */
    size_t n;        /* 0: it could not be read, see `missing` */
    double *x;       /* [n, d] configurations of this study's space, the best first */
    double *rank;    /* [n] of their results: 0 the best that it had, 1 the worst */
} ambs_warm_source;

typedef struct ambs_warm {
    size_t n;
    ambs_warm_source sources[AMBS_WARM_SOURCES];
    double *points; /* [n_points, d] the best of all, tried first */
    size_t n_points;
    char *missing; /* why an old study could not be read, with its place in the study file: a study
                      that begins is refused with it, one that is resumed has all in its record */
} ambs_warm;

void ambs_warm_fini(ambs_warm *warm);

#endif
