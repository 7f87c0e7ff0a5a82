/* SPDX-License-Identifier: MIT */
/* The spread of the results that a candidate shares leaves with; see forest_quantiles.c. */
#ifndef AMBS_SURROGATE_FOREST_QUANTILES_H
#define AMBS_SURROGATE_FOREST_QUANTILES_H

#include "surrogate/forest_tree.h"

typedef struct ambs_forest_quantiles {
    double *share;   /* [rows] of the row in the candidate's leaves, 0 between uses */
    uint32_t *found; /* [rows] those with a share */
    size_t share_capacity, found_capacity;
} ambs_forest_quantiles;

/* Memory for n rows. */
int ambs_forest_quantiles_reserve(ambs_forest_quantiles *q, size_t n, ambs_error *err);
void ambs_forest_quantiles_fini(ambs_forest_quantiles *q);

/* ret_sd [m] at x [m, p]. O(T log n + k log k) for each, k rows in its leaves. Work space is written. */
void ambs_forest_quantiles_sd(const ambs_forest_quantiles *q, const ambs_forest_rows *rows,
                              const ambs_tree *trees, size_t n_trees, size_t m, const double *x,
                              uint32_t *cells, double *ret_sd);
/* The result of a row of the tree's leaf, drawn by the rows' weights with u in (0, 1). */
double ambs_forest_leaf_draw(const ambs_tree *tree, const ambs_forest_rows *rows,
                             const uint32_t *next, uint32_t leaf, double u);

#endif
