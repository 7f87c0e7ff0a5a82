/* SPDX-License-Identifier: MIT */
/* What the forests that are surrogates share: rows, trees, and all that is done with them. They
 * differ in their options' defaults and in how the cuts of a node are chosen. */
#ifndef AMBS_SURROGATE_FOREST_STATE_H
#define AMBS_SURROGATE_FOREST_STATE_H

#include "surrogate/forest_grow.h"
#include "surrogate/forest_predict.h"
#include "surrogate/forest_quantiles.h"

typedef struct ambs_forest {
    const ambs_forest_options *options;
    uint64_t seed;
    ambs_forest_rows rows;
    size_t cells_capacity, y_capacity, evaluations_capacity;
    size_t n_trees, trees_capacity;
    ambs_tree *trees;
    ambs_grower grower;
    ambs_forest_batch batch;
    ambs_forest_quantiles quantiles;
    size_t drawn_tree;
    uint64_t drawn_key;
} ambs_forest;

/* The operations of surrogate.h on a state that is an ambs_forest. `at_random`: the cuts are those
 * of extra trees. */
int ambs_forest_init(void *state, const void *options, size_t p, const ambs_feature *features,
                     uint64_t seed, bool at_random, ambs_error *err);
void ambs_forest_fini(void *state);
int ambs_forest_fit(void *state, size_t n, const double *x, const double *y, uint64_t generation,
                    ambs_error *err);
int ambs_forest_fit_means(void *state, size_t n, const double *x, const double *y,
                          const uint32_t *evaluations, const ambs_pool *spread, uint64_t generation,
                          ambs_error *err);
int ambs_forest_append(void *state, const double *row, double y, ambs_error *err);
int ambs_forest_replace(void *state, size_t row, double y, ambs_error *err);
int ambs_forest_replace_mean(void *state, size_t row, double y, uint32_t evaluations,
                             ambs_error *err);
int ambs_forest_remove(void *state, size_t row, ambs_error *err);
int ambs_forest_tell(const void *state, size_t m, const double *x, double *ret_mean, double *ret_sd,
                     ambs_error *err);
int ambs_forest_draw(void *state, ambs_random *random, ambs_error *err);
int ambs_forest_drawn(const void *state, size_t m, const double *x, double *ret_value,
                      double *ret_slopes, ambs_error *err);
/* NaN where each tree saw all rows. */
double ambs_forest_out_of_bag(const void *state);

#endif
