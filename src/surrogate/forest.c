/* SPDX-License-Identifier: MIT */
/* The random forest (Breiman 2001, doi:10.1023/A:1010933404324) with a predictive variance by the
 * law of total variance (Hutter, Xu, Hoos, Leyton-Brown 2014, doi:10.1016/j.artint.2013.10.003):
 * the variance of the trees' means plus the mean of the leaves' variances.
 *
 * A row that is the mean of n evaluations counts n times wherever it counts.
 *
 * Single rows come and go without a fit: a new row gets its bootstrap weight in every tree, falls
 * into a leaf and splits that leaf anew; a changed y changes its leaf's mean; a removed row leaves
 * its leaf, and a leaf without rows gives way to its sibling. Splits higher up stay until the next
 * fit, as do the number of trees and the columns' bins. So a lie costs O(T log n) where a fit costs
 * O(T p n log n), and a prediction O(T log n).
 *
 * Features are held in single precision: values that differ by less than 1e-7 of the range are the
 * same. */
#include "surrogate/forest_state.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

#define MOST_FEATURES 1000000

typedef ambs_forest state;

void ambs_forest_fini(void *memory)
{
    state *s = memory;
    for (size_t t = 0; t < s->trees_capacity; t++) ambs_tree_fini(&s->trees[t]);
    free(s->trees);
    free(s->rows.cells);
    free(s->rows.y);
    free(s->rows.evaluations);
    free(s->rows.next);
    ambs_forest_batch_fini(&s->batch);
    ambs_forest_quantiles_fini(&s->quantiles);
    ambs_grower_fini(&s->grower);
}

int ambs_forest_init(void *memory, const void *options, size_t p, const ambs_feature *features,
                     uint64_t seed, bool at_random, ambs_error *err)
{
    state *s = memory;
    s->options = options;
    s->seed = seed;
    s->rows = (ambs_forest_rows){
        .features = features, .p = p, .stride = p > 0 ? p : 1, .bootstrap = s->options->bootstrap};
    if (p > MOST_FEATURES)
        return ambs_fail(err, AMBS_E_INVALID, "found %zu features, expected at most %d", p,
                         MOST_FEATURES);
    int rc = ambs_forest_batch_init(&s->batch, &s->rows, err);
    if (rc == AMBS_OK) rc = ambs_grower_init(&s->grower, options, &s->rows, err);
    s->grower.at_random = at_random;
    if (rc != AMBS_OK) ambs_forest_fini(s);
    return rc;
}

static int reserve_rows(state *s, size_t n, ambs_error *err)
{
    ambs_forest_rows *rows = &s->rows;
    if (n >= AMBS_NO_ROW)
        return ambs_fail(err, AMBS_E_INVALID, "found %zu rows, expected fewer than 2^32", n);
    int rc = ambs_reserve(&rows->y, &s->y_capacity, n, sizeof *rows->y, err);
    if (rc == AMBS_OK)
        rc = ambs_reserve(&rows->evaluations, &s->evaluations_capacity, n,
                          sizeof *rows->evaluations, err);
    if (rc == AMBS_OK && s->options->variance == AMBS_FOREST_QUANTILES)
        rc = ambs_forest_quantiles_reserve(&s->quantiles, n, err);
    if (rc != AMBS_OK) return rc;
    return ambs_reserve(&rows->cells, &s->cells_capacity, n, rows->stride * sizeof *rows->cells,
                        err);
}

/* Room for n rows in the leaves' lists; the lists that are there stay. */
static int reserve_next(state *s, size_t n, ambs_error *err)
{
    ambs_forest_rows *rows = &s->rows;
    if (n <= rows->next_stride) return AMBS_OK;
    size_t stride = n + n / 4 + 64;
    uint32_t *next = ambs_calloc(s->n_trees, stride * sizeof *next, err);
    if (!next) return AMBS_E_NOMEM;
    for (size_t t = 0; rows->next && t < s->n_trees; t++)
        memcpy(next + t * stride, rows->next + t * rows->next_stride,
               rows->next_stride * sizeof *next);
    free(rows->next);
    rows->next = next;
    rows->next_stride = stride;
    return AMBS_OK;
}

static int set_trees(state *s, size_t n_trees, ambs_error *err)
{
    size_t had = s->trees_capacity;
    if (n_trees > had) {
        int rc = ambs_resize(&s->trees, n_trees, sizeof *s->trees, err);
        if (rc != AMBS_OK) return rc;
        memset(s->trees + had, 0, (n_trees - had) * sizeof *s->trees);
        s->trees_capacity = n_trees;
    }
    if (n_trees != s->n_trees) { /* the lists are laid out by tree */
        free(s->rows.next);
        s->rows.next = NULL;
        s->rows.next_stride = 0;
    }
    s->n_trees = n_trees;
    return AMBS_OK;
}

static int take_rows(state *s, size_t n, const double *x, const double *y,
                     const uint32_t *evaluations, ambs_error *err)
{
    int rc = reserve_rows(s, n, err);
    if (rc != AMBS_OK) return rc;
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        ambs_forest_encode(&s->rows, x + i * s->rows.p, s->rows.cells + i * s->rows.stride);
        s->rows.y[i] = y[i];
        s->rows.evaluations[i] = evaluations ? evaluations[i] : 1;
        sum += y[i] / (double)n;
    }
    s->rows.center = sum;
    s->rows.n = s->rows.n_fit = n;
    return AMBS_OK;
}

int ambs_forest_fit_means(void *memory, size_t n, const double *x, const double *y,
                          const uint32_t *evaluations, const ambs_pool *spread, uint64_t generation,
                          ambs_error *err)
{
    (void)spread;
    state *s = memory;
    int rc = take_rows(s, n, x, y, evaluations, err);
    if (rc == AMBS_OK) rc = set_trees(s, ambs_forest_n_trees(s->options, n), err);
    if (rc == AMBS_OK) rc = reserve_next(s, n, err);
    if (rc == AMBS_OK) rc = ambs_grower_columns(&s->grower, &s->rows, err);
    uint64_t key = ambs_mix64(s->seed + ambs_mix64(generation + AMBS_PURPOSE_SURROGATE));
    for (size_t t = 0; rc == AMBS_OK && t < s->n_trees; t++) {
        s->trees[t].key = ambs_mix64(key + (t + 1) * 0x9e3779b97f4a7c15u);
        rc = ambs_grow_tree(&s->grower, &s->trees[t], &s->rows,
                            s->rows.next + t * s->rows.next_stride, err);
    }
    return rc;
}

int ambs_forest_fit(void *memory, size_t n, const double *x, const double *y, uint64_t generation,
                    ambs_error *err)
{
    return ambs_forest_fit_means(memory, n, x, y, NULL, NULL, generation, err);
}

/* --- single rows ---------------------------------------------------------------------------- */

static bool leaf_is_pure(const state *s, const uint32_t *next, uint32_t head)
{
    for (uint32_t r = next[head]; r != AMBS_NO_ROW; r = next[r])
        if (s->rows.y[r] != s->rows.y[head]) return false;
    return true;
}

int ambs_forest_append(void *memory, const double *row, double y, ambs_error *err)
{
    state *s = memory;
    ambs_forest_rows *rows = &s->rows;
    uint32_t index = (uint32_t)rows->n;
    int rc = reserve_rows(s, rows->n + 1, err);
    if (rc == AMBS_OK) rc = reserve_next(s, rows->n + 1, err);
    if (rc != AMBS_OK) return rc;
    uint32_t *cells = rows->cells + index * rows->stride;
    ambs_forest_encode(rows, row, cells);
    rows->y[index] = y;
    rows->evaluations[index] = 1;
    rows->n++;
    for (size_t t = 0; rc == AMBS_OK && t < s->n_trees; t++) {
        ambs_tree *tree = &s->trees[t];
        if (ambs_tree_weight(tree, rows, index) == 0) continue;
        uint32_t *next = rows->next + t * rows->next_stride,
                 leaf = ambs_tree_find(tree, &s->rows, cells, NULL);
        next[index] = tree->heads[leaf];
        tree->heads[leaf] = index;
        if (leaf_is_pure(s, next, index)) {
            tree->leaves[leaf] = (ambs_tree_leaf){y, 0};
            continue;
        }
        ambs_tree_refresh_leaf(tree, rows, next, leaf);
        rc = ambs_grow_leaf(&s->grower, tree, rows, next, leaf, err);
    }
    return rc;
}

int ambs_forest_replace_mean(void *memory, size_t row, double y, uint32_t evaluations,
                             ambs_error *err)
{
    (void)err;
    state *s = memory;
    s->rows.y[row] = y;
    s->rows.evaluations[row] = evaluations;
    for (size_t t = 0; t < s->n_trees; t++) {
        ambs_tree *tree = &s->trees[t];
        if (ambs_tree_weight(tree, &s->rows, row) == 0) continue;
        uint32_t leaf = ambs_tree_find(tree, &s->rows, s->rows.cells + row * s->rows.stride, NULL);
        ambs_tree_refresh_leaf(tree, &s->rows, s->rows.next + t * s->rows.next_stride, leaf);
    }
    return AMBS_OK;
}

int ambs_forest_replace(void *memory, size_t row, double y, ambs_error *err)
{
    return ambs_forest_replace_mean(memory, row, y, 1, err);
}

/* The sibling of a leaf without rows takes the place of their parent. */
static void give_way(ambs_tree *tree, uint32_t leaf, uint32_t parent)
{
    if (leaf == parent) return; /* the root keeps its last values */
    uint32_t first = tree->nodes[parent].child, sibling = leaf == first ? first + 1 : first;
    bool is_leaf = tree->nodes[sibling].child == sibling;
    tree->nodes[parent] = tree->nodes[sibling];
    tree->leaves[parent] = tree->leaves[sibling];
    tree->heads[parent] = tree->heads[sibling];
    if (is_leaf) tree->nodes[parent].child = parent;
}

int ambs_forest_remove(void *memory, size_t row, ambs_error *err)
{
    (void)err;
    state *s = memory;
    for (size_t t = 0; t < s->n_trees; t++) {
        ambs_tree *tree = &s->trees[t];
        if (ambs_tree_weight(tree, &s->rows, row) == 0) continue;
        uint32_t *next = s->rows.next + t * s->rows.next_stride, parent;
        uint32_t leaf =
            ambs_tree_find(tree, &s->rows, s->rows.cells + row * s->rows.stride, &parent);
        uint32_t *link = &tree->heads[leaf];
        while (*link != row) link = &next[*link];
        *link = next[row];
        if (tree->heads[leaf] == AMBS_NO_ROW)
            give_way(tree, leaf, parent);
        else
            ambs_tree_refresh_leaf(tree, &s->rows, next, leaf);
    }
    return AMBS_OK;
}

int ambs_forest_tell(const void *memory, size_t m, const double *x, double *ret_mean,
                     double *ret_sd, ambs_error *err)
{
    (void)err;
    const state *s = memory;
    bool by_quantiles = s->options->variance == AMBS_FOREST_QUANTILES;
    ambs_forest_predict(&s->batch, &s->rows, s->trees, s->n_trees, m, x,
                        s->options->variance == AMBS_FOREST_TOTAL, ret_mean,
                        by_quantiles ? NULL : ret_sd);
    if (ret_sd && by_quantiles)
        ambs_forest_quantiles_sd(&s->quantiles, &s->rows, s->trees, s->n_trees, m, x,
                                 s->batch.cells, ret_sd);
    return AMBS_OK;
}

/* A tree at random, and in each of its leaves a value of the leaf: over draws it is distributed as
 * the variance says, a normal number with the leaf's mean and variance, its mean, or the result of
 * one of its rows. */
int ambs_forest_draw(void *memory, ambs_random *random, ambs_error *err)
{
    (void)err;
    state *s = memory;
    s->drawn_tree = (size_t)ambs_random_below(random, s->n_trees);
    s->drawn_key = ambs_random_u64(random);
    return AMBS_OK;
}

static double draw_leaf(const state *s, uint32_t leaf)
{
    const ambs_tree *tree = &s->trees[s->drawn_tree];
    const ambs_tree_leaf *found = &tree->leaves[leaf];
    ambs_random random;
    if (!(found->variance > 0) || s->options->variance == AMBS_FOREST_TREES) return found->mean;
    ambs_random_init(&random, s->drawn_key, leaf, AMBS_PURPOSE_SURROGATE);
    if (s->options->variance == AMBS_FOREST_QUANTILES)
        return ambs_forest_leaf_draw(tree, &s->rows,
                                     s->rows.next + s->drawn_tree * s->rows.next_stride, leaf,
                                     ambs_random_uniform(&random));
    return found->mean + sqrt(found->variance) * ambs_random_normal(&random);
}

int ambs_forest_drawn(const void *memory, size_t m, const double *x, double *ret_value,
                      double *ret_slopes, ambs_error *err)
{
    (void)ret_slopes;
    (void)err;
    const state *s = memory;
    uint32_t *cells = s->batch.cells;
    for (size_t i = 0; i < m; i++) {
        ambs_forest_encode(&s->rows, x + i * s->rows.p, cells);
        ret_value[i] =
            draw_leaf(s, ambs_tree_find(&s->trees[s->drawn_tree], &s->rows, cells, NULL));
    }
    return AMBS_OK;
}

/* Out of bag: each row by the trees in which it has no weight, as the trees are now. */
double ambs_forest_out_of_bag(const void *memory)
{
    const state *s = memory;
    double squares = 0;
    size_t n_judged = 0;
    for (size_t i = 0; i < s->rows.n_fit; i++) {
        double sum = 0;
        size_t n_trees = 0;
        for (size_t t = 0; t < s->n_trees; t++) {
            const ambs_tree *tree = &s->trees[t];
            if (ambs_tree_weight(tree, &s->rows, i) > 0) continue;
            sum += tree->leaves[ambs_tree_find(tree, &s->rows, s->rows.cells + i * s->rows.stride,
                                               NULL)]
                       .mean;
            n_trees++;
        }
        if (n_trees == 0) continue;
        double error = sum / (double)n_trees - s->rows.y[i];
        squares += error * error;
        n_judged++;
    }
    return n_judged > 0 ? squares / (double)n_judged : NAN;
}

static int init(void *memory, const void *options, size_t p, const ambs_feature *features,
                uint64_t seed, ambs_error *err)
{
    return ambs_forest_init(memory, options, p, features, seed, false, err);
}

const ambs_surrogate_ops ambs_surrogate_forest = {
    .member = {"forest", "random forest with variance by the law of total variance",
               ambs_forest_option_table, sizeof(ambs_forest_options)},
    .encoding = AMBS_ENCODING_LEVELS,
    .state_size = sizeof(ambs_forest),
    .init = init,
    .fini = ambs_forest_fini,
    .fit = ambs_forest_fit,
    .fit_means = ambs_forest_fit_means,
    .append = ambs_forest_append,
    .replace = ambs_forest_replace,
    .replace_mean = ambs_forest_replace_mean,
    .remove = ambs_forest_remove,
    .predict = ambs_forest_tell,
    .draw = ambs_forest_draw,
    .drawn = ambs_forest_drawn,
    .out_of_sample_error = ambs_forest_out_of_bag,
};
