/* SPDX-License-Identifier: MIT */
/* A step down a tree waits for the loads of the step before; so a group of candidates goes down
 * together, lane by lane and without branches, and their loads overlap. A group's cells are laid
 * out [n_columns, LANES], so that all lanes are reached from one address. A whole batch walks down
 * one tree before the next tree's turn, while its nodes are in the cache. The candidates go in
 * order of their leaves in the first tree: those of a group then meet the same nodes and reach
 * their leaves after about as many steps. */
#include "surrogate/forest_predict.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

#define LANES         16
#define FEWEST_SORTED 1000   /* candidates for which sorting pays */
#define MOST          16384  /* candidates in a batch */
#define MOST_CELL     524288 /* cells in a batch, unless that is fewer than LANES rows */

/* What a candidate has seen of the trees so far, around the first tree's mean: nothing cancels. */
typedef struct ambs_forest_moments {
    double first, sum, squares, variances;
} moments;

int ambs_forest_batch_init(ambs_forest_batch *batch, const ambs_forest_rows *rows, ambs_error *err)
{
    batch->n_columns = 2 * rows->stride;
    size_t size = MOST_CELL / batch->n_columns / LANES * LANES;
    batch->size = size > MOST ? MOST : size < LANES ? LANES : size;
    batch->cells = ambs_calloc(batch->size, batch->n_columns * sizeof *batch->cells, err);
    batch->leaf = batch->cells ? ambs_calloc(batch->size, sizeof *batch->leaf, err) : NULL;
    batch->order = batch->leaf ? ambs_calloc(batch->size, 2 * sizeof *batch->order, err) : NULL;
    batch->seen = batch->order ? ambs_calloc(batch->size, sizeof *batch->seen, err) : NULL;
    return batch->seen ? AMBS_OK : AMBS_E_NOMEM;
}

void ambs_forest_batch_fini(ambs_forest_batch *batch)
{
    free(batch->cells);
    free(batch->leaf);
    free(batch->order);
    free(batch->seen);
}

static inline uint32_t encode_value(const ambs_feature *feature, double x)
{
    if (feature->kind == AMBS_FEATURE_NUMERIC)
        return ambs_cell_of_float((float)x + 0.0f); /* -0 becomes 0 */
    uint32_t n = (uint32_t)feature->n_levels, level = x >= 0 && x < n ? (uint32_t)x : n;
    return n > AMBS_NARROW ? level : 1u << level;
}

void ambs_forest_encode(const ambs_forest_rows *rows, const double *x, uint32_t *ret_cells)
{
    for (size_t f = 0; f < rows->p; f++) ret_cells[f] = encode_value(&rows->features[f], x[f]);
}

/* The candidates as groups, in the batch's order; the last one again where the last group is not
 * full. */
static void encode_groups(const ambs_forest_batch *batch, const ambs_forest_rows *rows, size_t m,
                          const double *x)
{
    for (size_t group = 0; group < m; group += LANES)
        for (size_t lane = 0; lane < LANES; lane++) {
            size_t i = (uint32_t)batch->order[group + lane < m ? group + lane : m - 1];
            uint32_t *cells = batch->cells + group * batch->n_columns + lane;
            for (size_t f = 0; f < rows->p; f++) {
                uint32_t cell = encode_value(&rows->features[f], x[i * rows->p + f]);
                cells[f * LANES] = cell;
                cells[(rows->p + f) * LANES] = cell - 1;
            }
        }
}

/* One step down, without a branch where the trees have no pool. */
static inline uint32_t step(const ambs_tree *tree, uint32_t at, const uint32_t *lane, bool has_pool)
{
    const ambs_tree_node *node = &tree->nodes[at];
    size_t column = node->column;
    if (has_pool && column & AMBS_NODE_POOL) {
        uint32_t level = lane[(column & ~AMBS_NODE_POOL) * LANES];
        return node->child + (tree->pool[node->mask + (level >> 5)] >> (level & 31) & 1);
    }
    return node->child + ((lane[column * LANES] & node->mask) > node->test);
}

static inline void walk_kind(const ambs_tree *tree, const ambs_forest_batch *batch, size_t m,
                             bool has_pool)
{
    const ambs_tree_node root = tree->nodes[0]; /* the step that all lanes take side by side */
    size_t n_blind = 0; /* steps before it is asked whether all lanes have come to a leaf */
    for (size_t n = tree->n_nodes; n > 4; n /= 2) n_blind++;
    const bool root_is_plain = !(root.column & AMBS_NODE_POOL);
    for (size_t i = 0; i < m; i += LANES) {
        uint32_t at[LANES] = {0}, moved;
        const uint32_t *cells = batch->cells + i * batch->n_columns;
        for (size_t lane = 0; lane < LANES; lane++)
            at[lane] =
                root_is_plain
                    ? root.child + ((cells[root.column * LANES + lane] & root.mask) > root.test)
                    : 0;
        for (size_t k = 0; k < n_blind; k++) {
#pragma GCC unroll 16
            for (size_t lane = 0; lane < LANES; lane++)
                at[lane] = step(tree, at[lane], cells + lane, has_pool);
        }
        do {
            moved = 0;
#pragma GCC unroll 16
            for (size_t lane = 0; lane < LANES; lane++)
                at[lane] = step(tree, at[lane], cells + lane, has_pool);
#pragma GCC unroll 16
            for (size_t lane = 0; lane < LANES;
                 lane++) { /* a leaf that is met in the first step stays */
                uint32_t to = step(tree, at[lane], cells + lane, has_pool);
                moved |= to ^ at[lane];
                at[lane] = to;
            }
        } while (moved);
        memcpy(batch->leaf + i, at, sizeof at);
    }
}

static void add_tree(const ambs_tree *tree, const ambs_forest_batch *batch, size_t m)
{
    for (size_t i = 0; i < m; i++) {
        const ambs_tree_leaf *found = &tree->leaves[batch->leaf[i]];
        moments *seen = &batch->seen[i];
        double shifted = found->mean - seen->first;
        seen->sum += shifted;
        seen->squares += shifted * shifted;
        seen->variances += found->variance;
    }
}

static void walk(const ambs_tree *tree, const ambs_forest_batch *batch, size_t m)
{
    if (tree->n_pool > 0)
        walk_kind(tree, batch, m, true);
    else
        walk_kind(tree, batch, m, false);
}

/* Sorts by the high 32 bits below `limit`, stably, 11 bits a pass; returns the sorted half. */
static uint64_t *radix_sort(uint64_t *from, uint64_t *to, size_t n, size_t limit)
{
    enum { BITS = 11, SIZE = 1 << BITS };
    for (unsigned shift = 0; limit >> shift > 0; shift += BITS) {
        uint32_t count[SIZE] = {0}, before = 0;
        for (size_t i = 0; i < n; i++) count[from[i] >> (32 + shift) & (SIZE - 1)]++;
        for (size_t digit = 0; digit < SIZE; digit++) {
            uint32_t here = count[digit];
            count[digit] = before;
            before += here;
        }
        for (size_t i = 0; i < n; i++) to[count[from[i] >> (32 + shift) & (SIZE - 1)]++] = from[i];
        uint64_t *held = from;
        from = to;
        to = held;
    }
    return from;
}

/* Encodes the candidates, in order of the tree's leaves where that pays. */
static void encode_in_order(const ambs_forest_batch *batch, const ambs_forest_rows *rows,
                            const ambs_tree *tree, size_t m, const double *x)
{
    for (size_t i = 0; i < m; i++) batch->order[i] = i;
    encode_groups(batch, rows, m, x);
    if (m < FEWEST_SORTED) return;
    walk(tree, batch, m);
    for (size_t i = 0; i < m; i++) batch->order[i] |= (uint64_t)batch->leaf[i] << 32;
    const uint64_t *sorted = radix_sort(batch->order, batch->order + batch->size, m, tree->n_nodes);
    if (sorted != batch->order) memcpy(batch->order, sorted, m * sizeof *sorted);
    encode_groups(batch, rows, m, x);
}

static void predict_batch(const ambs_forest_batch *batch, const ambs_forest_rows *rows,
                          const ambs_tree *trees, size_t n_trees, size_t m, const double *x,
                          bool with_leaves, double *ret_mean, double *ret_sd)
{
    encode_in_order(batch, rows, &trees[0], m, x);
    for (size_t t = 0; t < n_trees; t++) {
        walk(&trees[t], batch, m);
        for (size_t i = 0; t == 0 && i < m; i++)
            batch->seen[i] = (moments){.first = trees[0].leaves[batch->leaf[i]].mean};
        add_tree(&trees[t], batch, m);
    }
    double scale = 1 / (double)n_trees;
    for (size_t i = 0; i < m; i++) {
        const moments *seen = &batch->seen[i];
        size_t to = (uint32_t)batch->order[i];
        double shift = seen->sum * scale;
        ret_mean[to] = seen->first + shift;
        double variance = fmax(seen->squares * scale - shift * shift, 0) +
                          (with_leaves ? seen->variances * scale : 0);
        if (ret_sd) ret_sd[to] = sqrt(fmax(variance, AMBS_FOREST_VARIANCE_FLOOR));
    }
}

void ambs_forest_predict(const ambs_forest_batch *batch, const ambs_forest_rows *rows,
                         const ambs_tree *trees, size_t n_trees, size_t m, const double *x,
                         bool with_leaves, double *ret_mean, double *ret_sd)
{
    for (size_t i = 0; i < m; i += batch->size)
        predict_batch(batch, rows, trees, n_trees, m - i < batch->size ? m - i : batch->size,
                      x + i * rows->p, with_leaves, ret_mean + i, ret_sd ? ret_sd + i : NULL);
}
