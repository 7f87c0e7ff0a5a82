/* SPDX-License-Identifier: MIT */
/* Exact growth on a block of few rows. For every feature the block holds its rows in order of
 * value; a split divides each of these orders stably, so nothing is sorted below the block. All of
 * it stays in the first-level cache: a block of 128 rows and 10 features has 1.4 kB of order. */
#include <math.h>

#include "surrogate/forest_grow.h"

typedef struct task {
    uint32_t node, first, end;
} task;

/* What is known of a node before it is split. */
typedef struct totals {
    double s;
    uint32_t w;
    bool pure;
} totals;

typedef struct context {
    ambs_grower *g;
    ambs_tree *tree;
    const ambs_forest_rows *rows;
    uint32_t *next;
    ambs_block *block;
    uint8_t side[AMBS_BLOCK];
} context;

static const uint8_t *order_of(const context *c, size_t feature)
{
    return c->block->order + feature * c->block->stride;
}

static const uint8_t *rank_of(const context *c, size_t feature)
{
    return c->block->rank + feature * c->block->stride;
}

static void close_leaf(const context *c, uint32_t node, uint32_t first, uint32_t end)
{
    const uint8_t *ids = order_of(c, c->rows->p);
    uint32_t head = AMBS_NO_ROW;
    for (uint32_t i = end; i > first; i--) {
        uint32_t row = c->block->row[ids[i - 1]];
        c->next[row] = head;
        head = row;
    }
    c->tree->nodes[node].head = head;
    if (end - first == 1) {
        c->tree->leaves[node] = (ambs_tree_leaf){c->rows->y[head], 0};
        return;
    }
    ambs_tree_refresh_leaf(c->tree, c->rows, c->next, node);
}

static totals add_up(const context *c, uint32_t first, uint32_t end)
{
    const uint8_t *ids = order_of(c, c->rows->p);
    double y = c->rows->y[c->block->row[ids[first]]];
    totals t = {.pure = true};
    for (uint32_t i = first; i < end; i++) {
        t.s += c->block->s[ids[i]];
        t.w += c->block->w[ids[i]];
        t.pure &= c->rows->y[c->block->row[ids[i]]] == y;
    }
    return t;
}

/* The best cut between neighbours of order[first … end-1] when `s` and `w` of n rows are on the low
 * side already. Returns where the high side begins, or `end` when no cut beats *worth. */
static uint32_t scan(const context *c, const uint8_t *order, const uint8_t *rank, uint32_t first,
                     uint32_t end, uint32_t n_low, uint32_t n_high, totals low, totals all,
                     double *worth)
{
    const double *inverse = c->g->inverse;
    uint32_t min_leaf = (uint32_t)c->g->options->min_leaf, found = end;
    double best = *worth;
    for (uint32_t i = first; i + 1 < end; i++) {
        uint8_t id = order[i];
        low.s += c->block->s[id];
        low.w += c->block->w[id];
        double high_s = all.s - low.s;
        double value = low.s * low.s * inverse[low.w] + high_s * high_s * inverse[all.w - low.w];
        bool allowed = (rank[id] != rank[order[i + 1]]) & (i - first + 1 + n_low >= min_leaf) &
                       (end - i - 1 + n_high >= min_leaf);
        if (allowed & (value > best)) {
            best = value;
            found = i + 1;
        }
    }
    *worth = best;
    return found;
}

static void set_number_cut(ambs_cut *cut, uint32_t feature, const uint8_t *order, uint32_t at,
                           bool nan_is_low)
{
    cut->feature = feature;
    cut->low = order[at - 1];
    cut->high = order[at];
    cut->nan_is_low = nan_is_low;
}

/* NaN joins either side, or stands alone against all others. */
static void try_with_nan(const context *c, uint32_t feature, uint32_t first, uint32_t end,
                         totals all, ambs_cut *cut)
{
    const uint8_t *order = order_of(c, feature), *rank = rank_of(c, feature);
    uint32_t finite = end;
    totals nan = {0};
    while (finite > first && rank[order[finite - 1]] == AMBS_CODE_NAN) {
        finite--;
        nan.s += c->block->s[order[finite]];
        nan.w += c->block->w[order[finite]];
    }
    if (finite == first) return;
    for (int nan_is_low = 0; nan_is_low < 2; nan_is_low++) {
        uint32_t n_nan = end - finite;
        uint32_t at =
            scan(c, order, rank, first, finite, nan_is_low ? n_nan : 0, nan_is_low ? 0 : n_nan,
                 nan_is_low ? nan : (totals){0}, all, &cut->worth);
        if (at < finite) set_number_cut(cut, feature, order, at, nan_is_low);
    }
    double rest = all.s - nan.s;
    double alone =
        nan.s * nan.s * c->g->inverse[nan.w] + rest * rest * c->g->inverse[all.w - nan.w];
    uint32_t min_leaf = (uint32_t)c->g->options->min_leaf;
    if (alone <= cut->worth || end - finite < min_leaf || finite - first < min_leaf) return;
    cut->worth = alone;
    cut->feature = feature;
    cut->low = UINT32_MAX;
    cut->high = order[first];
    cut->nan_is_low = true;
}

static void try_category(const context *c, uint32_t feature, uint32_t first, uint32_t end,
                         ambs_cut *cut)
{
    const uint8_t *order = order_of(c, feature), *rank = rank_of(c, feature);
    ambs_level_group groups[AMBS_BLOCK];
    size_t n = 0;
    for (uint32_t i = first; i < end; i++) {
        uint8_t id = order[i];
        if (n == 0 || groups[n - 1].which != rank[id])
            groups[n++] = (ambs_level_group){.which = rank[id]};
        groups[n - 1].s += c->block->s[id];
        groups[n - 1].w += c->block->w[id];
        groups[n - 1].n++;
    }
    if (n > 1) ambs_cut_levels(c->g, groups, n, feature, cut);
}

static void try_feature(const context *c, uint32_t feature, uint32_t first, uint32_t end,
                        totals all, ambs_cut *cut)
{
    const uint8_t *order = order_of(c, feature), *rank = rank_of(c, feature);
    if (rank[order[first]] == rank[order[end - 1]]) return;
    if (c->rows->features[feature].kind == AMBS_FEATURE_CATEGORICAL) {
        try_category(c, feature, first, end, cut);
    } else if (rank[order[end - 1]] == AMBS_CODE_NAN) {
        try_with_nan(c, feature, first, end, all, cut);
    } else {
        uint32_t at = scan(c, order, rank, first, end, 0, 0, (totals){0}, all, &cut->worth);
        if (at < end) set_number_cut(cut, feature, order, at, true);
    }
}

static void find_cut(const context *c, uint32_t first, uint32_t end, totals all, ambs_cut *cut)
{
    size_t p = c->rows->p;
    uint32_t start = ambs_grower_choose(c->g, c->tree, p);
    bool two = end - first == 2;
    for (size_t i = 0; i < p && (i < c->g->n_tried || cut->worth < 0); i++) {
        /* All cuts of two rows are the same. */
        if (two && cut->worth >= 0) break;
        try_feature(c, ambs_grower_feature(c->g, start, i), first, end, all, cut);
    }
}

static float value_of(const context *c, uint32_t feature, uint32_t id)
{
    return ambs_float_of_bits(c->rows->cells[c->block->row[id] * c->rows->stride + feature]);
}

/* Makes the node the split that the cut says and sets side[] for its rows. */
static int apply_number(context *c, uint32_t node, uint32_t first, uint32_t end,
                        const ambs_cut *cut)
{
    const uint8_t *order = order_of(c, cut->feature), *rank = rank_of(c, cut->feature);
    bool nan_is_low = cut->nan_is_low;
    if (rank[order[end - 1]] != AMBS_CODE_NAN) nan_is_low = ambs_tree_draw(c->tree) >> 63;
    float low = cut->low == UINT32_MAX ? -INFINITY : value_of(c, cut->feature, cut->low);
    float high = value_of(c, cut->feature, cut->high);
    uint32_t high_side = ambs_tree_split_number(c->tree, node, cut->feature, low, high, nan_is_low);
    for (uint32_t i = first; i < end; i++) {
        uint8_t r = rank[order[i]];
        bool is_high = r >= rank[cut->high];
        c->side[order[i]] = r == AMBS_CODE_NAN ? 0 : (uint8_t)(is_high ? high_side : !high_side);
    }
    return AMBS_OK;
}

static int apply_category(context *c, uint32_t node, uint32_t first, uint32_t end,
                          const ambs_cut *cut, ambs_error *err)
{
    const uint8_t *order = order_of(c, cut->feature), *rank = rank_of(c, cut->feature);
    size_t n_levels = c->rows->features[cut->feature].n_levels, words = n_levels / 32 + 1;
    uint32_t *mask = c->g->level_mask, *known = mask + words;
    memset(mask, 0, 2 * words * sizeof *mask);
    for (uint32_t i = first; i < end; i++) {
        uint8_t id = order[i], r = rank[id];
        uint32_t level = c->rows->cells[c->block->row[id] * c->rows->stride + cut->feature];
        c->side[id] = cut->side1[r >> 5] >> (r & 31) & 1;
        known[level >> 5] |= 1u << (level & 31);
        mask[level >> 5] |= (uint32_t)c->side[id] << (level & 31);
    }
    return ambs_tree_split_category(c->tree, node, cut->feature, n_levels, mask, known, err);
}

/* Divides one order stably: side 0 first. */
static void divide(const uint8_t *side, uint8_t *order, uint32_t n)
{
    uint8_t ones[AMBS_BLOCK];
    uint32_t n0 = 0, n1 = 0;
    for (uint32_t i = 0; i < n; i++) {
        uint8_t id = order[i];
        order[n0] = id;
        ones[n1] = id;
        n1 += side[id];
        n0 += !side[id];
    }
    memcpy(order + n0, ones, n1);
}

static uint32_t divide_all(context *c, uint32_t first, uint32_t end)
{
    uint8_t *ids = c->block->order + c->rows->p * c->block->stride;
    uint32_t n0 = 0;
    for (uint32_t i = first; i < end; i++) n0 += !c->side[ids[i]];
    divide(c->side, ids + first, end - first);
    for (size_t f = 0; f < c->rows->p; f++)
        divide(c->side, c->block->order + f * c->block->stride + first, end - first);
    return first + n0;
}

/* Splits the task's node or closes it as a leaf; pushes the two new nodes. */
static int grow_node(context *c, task at, task *tasks, size_t *n_tasks, ambs_error *err)
{
    uint32_t m = at.end - at.first;
    const ambs_forest_options *options = c->g->options;
    totals all = add_up(c, at.first, at.end);
    ambs_cut cut = {.worth = -1};
    if (m >= options->min_split && m >= 2 * options->min_leaf && !all.pure)
        find_cut(c, at.first, at.end, all, &cut);
    if (cut.worth < 0) {
        close_leaf(c, at.node, at.first, at.end);
        return AMBS_OK;
    }
    int rc = c->rows->features[cut.feature].kind == AMBS_FEATURE_CATEGORICAL
                 ? apply_category(c, at.node, at.first, at.end, &cut, err)
                 : apply_number(c, at.node, at.first, at.end, &cut);
    if (rc != AMBS_OK) return rc;
    uint32_t middle = divide_all(c, at.first, at.end), child = ambs_tree_add_pair(c->tree);
    c->tree->nodes[at.node].child = child;
    c->tree->nodes[at.node].head = AMBS_NO_ROW;
    tasks[(*n_tasks)++] = (task){child + 1, middle, at.end};
    tasks[(*n_tasks)++] = (task){child, at.first, middle};
    return AMBS_OK;
}

int ambs_grow_block(ambs_grower *g, ambs_tree *tree, const ambs_forest_rows *rows, uint32_t *next,
                    uint32_t node, ambs_block *block, ambs_error *err)
{
    int rc = ambs_tree_reserve(tree, tree->n_nodes + 2 * block->m, err);
    if (rc != AMBS_OK) return rc;
    context c = {.g = g, .tree = tree, .rows = rows, .next = next, .block = block};
    task tasks[AMBS_BLOCK + 1] = {{node, 0, (uint32_t)block->m}};
    size_t n_tasks = 1;
    while (n_tasks > 0 && rc == AMBS_OK) {
        task at = tasks[--n_tasks];
        rc = grow_node(&c, at, tasks, &n_tasks, err);
    }
    return rc;
}

/* Shell sort of the block's rows by a key; few rows, and mostly two. */
static void sort_rows(uint8_t *order, const uint64_t *key, size_t m)
{
    static const size_t gaps[] = {57, 23, 10, 4, 1}; /* Ciura 2001 */
    for (size_t k = 0; k < sizeof gaps / sizeof *gaps; k++)
        for (size_t i = gaps[k]; i < m; i++) {
            uint8_t held = order[i];
            size_t j = i;
            for (; j >= gaps[k] && key[order[j - gaps[k]]] > key[held]; j -= gaps[k])
                order[j] = order[j - gaps[k]];
            order[j] = held;
        }
}

static void sort_feature(const ambs_forest_rows *rows, ambs_block *block, size_t f)
{
    uint64_t key[AMBS_BLOCK];
    uint8_t *order = block->order + f * block->stride, *rank = block->rank + f * block->stride;
    bool is_number = rows->features[f].kind == AMBS_FEATURE_NUMERIC;
    for (size_t i = 0; i < block->m; i++) {
        uint32_t cell = rows->cells[block->row[i] * rows->stride + f];
        key[i] = ambs_cell_key(cell, is_number);
        order[i] = (uint8_t)i;
    }
    sort_rows(order, key, block->m);
    uint8_t value = 0;
    for (size_t i = 0; i < block->m; i++) {
        value += i > 0 && key[order[i]] != key[order[i - 1]];
        rank[order[i]] = is_number && key[order[i]] == UINT32_MAX ? AMBS_CODE_NAN : value;
    }
}

int ambs_grow_leaf(ambs_grower *g, ambs_tree *tree, const ambs_forest_rows *rows, uint32_t *next,
                   uint32_t leaf, ambs_error *err)
{
    ambs_block *block = &g->block;
    size_t m = 0, total = 0;
    for (uint32_t r = tree->nodes[leaf].head; r != AMBS_NO_ROW; r = next[r]) {
        if (m == AMBS_BLOCK) return AMBS_OK;
        block->row[m] = r;
        block->w[m] = ambs_tree_weight(tree, rows, r);
        block->s[m] = block->w[m] * (rows->y[r] - rows->center);
        total += block->w[m++];
    }
    block->m = m;
    block->stride = g->n + 1;
    block->order = g->order;
    block->rank = g->block_rank;
    for (size_t i = 0; i < m; i++) block->order[rows->p * block->stride + i] = (uint8_t)i;
    for (size_t f = 0; f < rows->p; f++) sort_feature(rows, block, f);
    int rc = ambs_grower_inverse(g, total, err);
    return rc == AMBS_OK ? ambs_grow_block(g, tree, rows, next, leaf, block, err) : rc;
}
