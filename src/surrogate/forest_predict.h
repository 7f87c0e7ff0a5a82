/* SPDX-License-Identifier: MIT */
/* Mean and sd of many candidates by all trees. */
#ifndef AMBS_SURROGATE_FOREST_PREDICT_H
#define AMBS_SURROGATE_FOREST_PREDICT_H

#include "surrogate/forest_tree.h"

/* Memory for one batch of candidates. */
typedef struct ambs_forest_batch {
    size_t size;      /* candidates that walk down one tree before the next tree's turn */
    size_t n_columns; /* 2 p, at least 2: the nodes' columns */
    uint32_t *cells;  /* [size, n_columns], laid out in groups */
    uint32_t *leaf;   /* [size] */
    uint64_t *order;  /* [2, size]: which candidate comes next, in the low 32 bits */
    struct ambs_forest_moments *seen; /* [size] */
} ambs_forest_batch;

int ambs_forest_batch_init(ambs_forest_batch *batch, const ambs_forest_rows *rows, ambs_error *err);
void ambs_forest_batch_fini(ambs_forest_batch *batch);

/* The cells [stride] of a row x [p]. A level that is none counts as inactive, so that no mask is
 * read beyond its end. */
void ambs_forest_encode(const ambs_forest_rows *rows, const double *x, uint32_t *ret_cells);

/* ret_mean [m], ret_sd [m] or NULL at x [m, p]; with the leaves' variances or without. O(T m log n).
 */
void ambs_forest_predict(const ambs_forest_batch *batch, const ambs_forest_rows *rows,
                         const ambs_tree *trees, size_t n_trees, size_t m, const double *x,
                         bool with_leaves, double *ret_mean, double *ret_sd);

#endif
