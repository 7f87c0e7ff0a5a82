/* SPDX-License-Identifier: MIT */
/* Growth from the root down to blocks. A node's histogram of one feature takes a pass over its
 * rows; the features are taken a few at a time, so that a pass meets each row's codes and sums once
 * and the histograms stay in the first-level cache. The blocks of a tree are filled together by one
 * pass over the sorted columns, which leaves each block sorted without sorting it. */
#include "surrogate/forest_grow.h"

#include <stdlib.h>

#include "base/memory.h"

#define AT_ONCE 8 /* histograms of 4 kB each */

/* Sum and weight, added together. */
typedef double pair __attribute__((vector_size(16)));

typedef struct bin {
    pair sum; /* w (y - center), w */
} bin;

typedef struct context {
    ambs_grower *g;
    ambs_tree *tree;
    const ambs_forest_rows *rows;
    uint32_t *next;
    bin bins[AT_ONCE][AMBS_CODES];
    uint32_t count[AT_ONCE]
                  [AMBS_CODES]; /* distinct rows, only where min_leaf asks for more than one */
} context;

typedef struct ranked {
    double mean;
    uint32_t group;
} ranked;

static int by_mean(const void *a, const void *b)
{
    const ranked *left = a, *right = b;
    if (left->mean != right->mean) return left->mean < right->mean ? -1 : 1;
    return left->group < right->group ? -1 : left->group > right->group;
}

static void sort_by_mean(ranked *groups, uint32_t n)
{
    if (n > 16) {
        qsort(groups, n, sizeof *groups, by_mean);
        return;
    }
    for (uint32_t i = 1; i < n; i++) {
        ranked held = groups[i];
        uint32_t j = i;
        for (; j > 0 && held.mean < groups[j - 1].mean; j--) groups[j] = groups[j - 1];
        groups[j] = held;
    }
}

void ambs_cut_levels(const ambs_grower *g, const ambs_level_groups *groups, uint32_t n,
                     uint32_t feature, ambs_cut *cut)
{
    ranked order[AMBS_CODES];
    double all_s = 0, low_s = 0;
    uint64_t all_w = 0, low_w = 0;
    uint32_t all_n = 0, low_n = 0, min_leaf = (uint32_t)g->options->min_leaf, found = 0;
    for (uint32_t i = 0; i < n; i++) {
        order[i] = (ranked){groups->s[i] * g->inverse[groups->w[i]], i};
        all_s += groups->s[i];
        all_w += groups->w[i];
        all_n += groups->n[i];
    }
    if (n > 2) sort_by_mean(order, n);
    for (uint32_t i = 0; i + 1 < n; i++) {
        uint32_t group = order[i].group;
        low_s += groups->s[group];
        low_w += groups->w[group];
        low_n += groups->n[group];
        double high_s = all_s - low_s;
        double worth =
            low_s * low_s * g->inverse[low_w] + high_s * high_s * g->inverse[all_w - low_w];
        if (worth <= cut->worth || low_n < min_leaf || all_n - low_n < min_leaf) continue;
        cut->worth = worth;
        found = i + 1;
    }
    if (found == 0) return;
    cut->feature = feature;
    memset(cut->side1, 0, sizeof cut->side1);
    for (uint32_t i = found; i < n; i++) {
        uint32_t which = groups->which[order[i].group];
        cut->side1[which >> 5] |= 1u << (which & 31);
    }
}

/* --- the best cut of a large node ----------------------------------------------------------- */

static void clear_bins(context *c, const uint32_t *features, size_t n_features)
{
    for (size_t k = 0; k < n_features; k++) {
        size_t n_codes = c->g->n_codes[features[k]];
        memset(c->bins[k], 0, n_codes * sizeof *c->bins[k]);
        memset(c->count[k], 0, n_codes * sizeof *c->count[k]);
        c->bins[k][AMBS_CODE_NAN] = (bin){{0, 0}};
        c->count[k][AMBS_CODE_NAN] = 0;
    }
}

/* `n` is a constant wherever this is called. */
static inline void add_to_bins(context *c, ambs_grow_task at, const uint32_t *features,
                               bin (*bins)[AMBS_CODES], size_t n)
{
    const ambs_grower *g = c->g;
    size_t stride = c->rows->stride;
    for (uint32_t i = at.first; i < at.end; i++) {
        uint32_t row = g->members[i];
        const uint8_t *codes = g->codes + row * stride;
        pair sum = {g->sums[row].s, (double)g->sums[row].w};
        for (size_t k = 0; k < n; k++) bins[k][codes[features[k]]].sum += sum;
    }
}

static void fill_bins(context *c, ambs_grow_task at, const uint32_t *features, size_t n_features)
{
    const ambs_grower *g = c->g;
    clear_bins(c, features, n_features);
    size_t k = 0;
    for (; k + 4 <= n_features; k += 4) add_to_bins(c, at, features + k, c->bins + k, 4);
    for (; k + 2 <= n_features; k += 2) add_to_bins(c, at, features + k, c->bins + k, 2);
    if (k < n_features) add_to_bins(c, at, features + k, c->bins + k, 1);
    if (g->options->min_leaf == 1) return;
    for (uint32_t i = at.first; i < at.end; i++) {
        const uint8_t *codes = g->codes + g->members[i] * c->rows->stride;
        for (k = 0; k < n_features; k++) c->count[k][codes[features[k]]]++;
    }
}

/* Cuts between the codes, NaN (sum `nan`) on the low side or not. */
static void scan_codes(const context *c, uint32_t feature, size_t k, pair all, pair nan,
                       bool nan_is_low, ambs_cut *cut)
{
    const double *inverse = c->g->inverse;
    uint32_t n_codes = c->g->n_codes[feature], last = AMBS_NO_LOW, n_low = 0, n_all = 0;
    uint32_t min_leaf = (uint32_t)c->g->options->min_leaf, n_nan = c->count[k][AMBS_CODE_NAN];
    if (min_leaf > 1)
        for (uint32_t code = 0; code < n_codes; code++) n_all += c->count[k][code];
    n_all += n_nan;
    pair low = {0, 0};
    if (nan_is_low) {
        low = nan;
        n_low = n_nan;
    }
    for (uint32_t code = 0; code < n_codes; code++) {
        pair here = c->bins[k][code].sum;
        if (here[1] == 0) continue;
        if (last != AMBS_NO_LOW || (nan_is_low && nan[1] > 0)) {
            pair high = all - low;
            double worth = low[0] * low[0] * inverse[(uint32_t)low[1]] +
                           high[0] * high[0] * inverse[(uint32_t)high[1]];
            if (worth > cut->worth &&
                (min_leaf == 1 || (n_low >= min_leaf && n_all - n_low >= min_leaf))) {
                cut->worth = worth;
                cut->feature = feature;
                cut->low = last;
                cut->high = code;
                cut->nan_is_low = nan_is_low;
            }
        }
        low += here;
        n_low += c->count[k][code];
        last = code;
    }
}

static void cut_levels(const context *c, uint32_t feature, size_t k, ambs_cut *cut)
{
    ambs_level_groups groups;
    uint32_t n = 0;
    bool counted =
        c->g->options->min_leaf > 1; /* else one row is enough, and every group has one */
    for (uint32_t code = 0; code < c->g->n_codes[feature]; code++) {
        pair sum = c->bins[k][code].sum;
        if (sum[1] == 0) continue;
        groups.s[n] = sum[0];
        groups.w[n] = (uint64_t)sum[1];
        groups.n[n] = counted ? c->count[k][code] : 1;
        groups.which[n++] = code;
    }
    if (n > 1) ambs_cut_levels(c->g, &groups, n, feature, cut);
}

static void try_feature(const context *c, uint32_t feature, size_t k, pair all, ambs_cut *cut)
{
    if (c->rows->features[feature].kind == AMBS_FEATURE_CATEGORICAL) {
        cut_levels(c, feature, k, cut);
        return;
    }
    pair nan = c->bins[k][AMBS_CODE_NAN].sum;
    scan_codes(c, feature, k, all, nan, false, cut);
    if (nan[1] > 0) scan_codes(c, feature, k, all, nan, true, cut);
}

static void find_cut(context *c, ambs_grow_task at, pair all, ambs_cut *cut)
{
    size_t p = c->rows->p, tried = c->g->n_tried;
    uint32_t start = ambs_grower_choose(c->g, c->tree, p);
    size_t rounds = (tried + AT_ONCE - 1) / AT_ONCE,
           share = rounds > 0 ? (tried + rounds - 1) / rounds : 1;
    for (size_t i = 0; i < p && (i < tried || cut->worth < 0);) {
        uint32_t features[AT_ONCE];
        size_t n = 0, limit = i < tried ? tried : p;
        while (n < share && i < limit) features[n++] = ambs_grower_feature(c->g, start, i++);
        fill_bins(c, at, features, n);
        for (size_t k = 0; k < n; k++) try_feature(c, features[k], k, all, cut);
    }
}

/* --- dividing a large node ------------------------------------------------------------------ */

/* Makes the node a split; side[code] says where its rows go. */
static int apply_cut(context *c, ambs_grow_task at, const ambs_cut *cut, uint8_t *side,
                     ambs_error *err)
{
    const ambs_grower *g = c->g;
    uint32_t f = cut->feature;
    if (c->rows->features[f].kind == AMBS_FEATURE_NUMERIC) {
        uint32_t low = cut->low == AMBS_NO_LOW ? AMBS_CELL_NAN : g->code_cells[f][cut->low][1];
        bool nan_is_low = cut->nan_is_low, has_nan = false;
        for (uint32_t i = at.first; i < at.end && !has_nan; i++)
            has_nan = g->codes[g->members[i] * c->rows->stride + f] == AMBS_CODE_NAN;
        if (!has_nan) nan_is_low = ambs_tree_draw(c->tree) >> 63;
        ambs_tree_split_number(c->tree, c->rows, at.node, f, low, g->code_cells[f][cut->high][0],
                               nan_is_low);
        for (uint32_t code = 0; code < AMBS_CODES; code++) side[code] = code >= cut->high;
        side[AMBS_CODE_NAN] = !nan_is_low;
        return AMBS_OK;
    }
    size_t n_levels = c->rows->features[f].n_levels, words = n_levels / 32 + 1;
    uint32_t *mask = g->level_mask, *known = mask + words;
    memset(mask, 0, 2 * words * sizeof *mask);
    for (uint32_t code = 0; code < AMBS_CODES; code++)
        side[code] = cut->side1[code >> 5] >> (code & 31) & 1;
    for (uint32_t i = at.first; i < at.end; i++) {
        uint32_t row = g->members[i], cell = c->rows->cells[row * c->rows->stride + f];
        ambs_mark_level(mask, known, n_levels, cell, side[g->codes[row * c->rows->stride + f]]);
    }
    return ambs_tree_split_category(c->tree, at.node, f, n_levels, mask, known, err);
}

/* Divides the members stably, side 0 first; returns where side 1 begins. */
static uint32_t divide(const context *c, ambs_grow_task at, uint32_t feature, const uint8_t *side)
{
    ambs_grower *g = c->g;
    const uint8_t *codes = g->codes + feature;
    uint32_t n0 = at.first, n1 = 0;
    for (uint32_t i = at.first; i < at.end; i++) {
        uint32_t row = g->members[i], to = side[codes[row * c->rows->stride]];
        g->members[n0] = row;
        g->spare[n1] = row;
        n1 += to;
        n0 += !to;
    }
    memcpy(g->members + n0, g->spare, n1 * sizeof *g->spare);
    return n0;
}

static pair add_up(const context *c, ambs_grow_task at, bool *ret_pure)
{
    const ambs_grower *g = c->g;
    double y = c->rows->y[g->members[at.first]];
    pair all = {0, 0};
    bool pure = true;
    for (uint32_t i = at.first; i < at.end; i++) {
        uint32_t row = g->members[i];
        all += (pair){g->sums[row].s, (double)g->sums[row].w};
        pure &= c->rows->y[row] == y;
    }
    *ret_pure = pure;
    return all;
}

static void close_leaf(const context *c, ambs_grow_task at)
{
    uint32_t head = AMBS_NO_ROW;
    for (uint32_t i = at.end; i > at.first; i--) {
        uint32_t row = c->g->members[i - 1];
        c->next[row] = head;
        head = row;
    }
    c->tree->heads[at.node] = head;
    ambs_tree_refresh_leaf(c->tree, c->rows, c->next, at.node);
}

static int push(ambs_grower *g, uint32_t node, uint32_t first, uint32_t end, ambs_error *err)
{
    int rc = ambs_reserve(&g->tasks, &g->tasks_capacity, g->n_tasks + 1, sizeof *g->tasks, err);
    if (rc == AMBS_OK) g->tasks[g->n_tasks++] = (ambs_grow_task){node, first, end};
    return rc;
}

static int add_block(ambs_grower *g, ambs_grow_task at, ambs_error *err)
{
    int rc = ambs_reserve(&g->blocks, &g->blocks_capacity, g->n_blocks + 1, sizeof *g->blocks, err);
    if (rc != AMBS_OK) return rc;
    for (uint32_t i = at.first; i < at.end; i++)
        g->place[g->members[i]] = (uint32_t)g->n_blocks << 8 | (i - at.first);
    g->blocks[g->n_blocks++] =
        (ambs_block_start){.node = at.node, .first = at.first, .m = at.end - at.first};
    return AMBS_OK;
}

/* A node of more than a block: split, or a leaf where it cannot be. */
static int grow_large(context *c, ambs_grow_task at, ambs_error *err)
{
    const ambs_forest_options *options = c->g->options;
    bool pure;
    pair all = add_up(c, at, &pure);
    ambs_cut cut = {.worth = -1};
    long long m = at.end - at.first;
    if (m >= options->min_split && m / 2 >= options->min_leaf && !pure) find_cut(c, at, all, &cut);
    if (cut.worth < 0) {
        close_leaf(c, at);
        return AMBS_OK;
    }
    uint8_t side[AMBS_CODES];
    int rc = apply_cut(c, at, &cut, side, err);
    if (rc == AMBS_OK) rc = ambs_tree_reserve(c->tree, c->tree->n_nodes + 2, err);
    if (rc != AMBS_OK) return rc;
    uint32_t middle = divide(c, at, cut.feature, side), child = ambs_tree_add_pair(c->tree);
    c->tree->nodes[at.node].child = child;
    rc = push(c->g, child + 1, middle, at.end, err);
    return rc == AMBS_OK ? push(c->g, child, at.first, middle, err) : rc;
}

/* --- blocks --------------------------------------------------------------------------------- */

/* One pass over a sorted column gives every block its rows in order of the feature, with ranks. */
static void fill_blocks(ambs_grower *g, size_t f)
{
    const uint32_t *sorted = g->sorted + f * g->n, *rank = g->rank + f * g->n;
    size_t stride = g->n + 1; /* rows in no block are written behind all members, over each other */
    uint8_t *order = g->order + f * stride, *block_rank = g->block_rank + f * stride;
    for (size_t b = 0; b < g->n_blocks; b++) {
        g->blocks[b].filled = g->blocks[b].rank = 0;
        g->blocks[b].last_rank = AMBS_RANK_NAN;
    }
    for (size_t i = 0; i < g->n; i++) {
        uint32_t place = g->place[sorted[i]];
        ambs_block_start *b = &g->blocks[place >> 8];
        b->rank += (rank[i] != b->last_rank) & (b->filled > 0);
        b->last_rank = rank[i];
        order[b->first + b->filled] = (uint8_t)place;
        b->filled += place >> 8 > 0;
        block_rank[b->first + (place & 255)] =
            (uint8_t)(rank[i] == AMBS_RANK_NAN ? AMBS_CODE_NAN : b->rank);
    }
}

static void load_block(const context *c, const ambs_block_start *start, ambs_block *block)
{
    const ambs_grower *g = c->g;
    block->m = start->m;
    block->stride = g->n + 1;
    block->order = g->order + start->first;
    block->rank = g->block_rank + start->first;
    for (uint32_t i = 0; i < start->m; i++) {
        uint32_t row = g->members[start->first + i];
        block->row[i] = row;
        block->y[i] = c->rows->y[row];
        block->sum[i] = g->sums[row];
        block->order[c->rows->p * block->stride + i] = (uint8_t)i;
    }
}

static int grow_blocks(context *c, ambs_error *err)
{
    ambs_grower *g = c->g;
    int rc = AMBS_OK;
    if (g->n_blocks > 1)
        for (size_t f = 0; f < c->rows->p; f++) fill_blocks(g, f);
    for (size_t b = 1; b < g->n_blocks && rc == AMBS_OK; b++) {
        load_block(c, &g->blocks[b], &g->block);
        rc = ambs_grow_block(g, c->tree, c->rows, c->next, g->blocks[b].node, &g->block, err);
    }
    return rc;
}

/* Weights and members; block 0 takes the rows that are in no block, behind the members. */
static int start_tree(context *c, ambs_error *err)
{
    ambs_grower *g = c->g;
    const ambs_forest_rows *rows = c->rows;
    uint32_t n = 0;
    size_t total = 0;
    c->tree->whole = false;
    for (int attempt = 0; attempt < 2 && n == 0; attempt++) {
        c->tree->whole = attempt == 1;
        for (uint32_t r = 0; r < rows->n; r++) {
            uint32_t w = ambs_tree_weight(c->tree, rows, r);
            g->sums[r] = (ambs_sum){w * (rows->y[r] - rows->center), w};
            g->place[r] = 0;
            g->members[n] = r;
            n += w > 0;
            total += w;
        }
    }
    g->n_tasks = g->n_blocks = 0;
    int rc = ambs_grower_inverse(g, total, err);
    if (rc == AMBS_OK) rc = add_block(g, (ambs_grow_task){0, n, n}, err);
    return rc == AMBS_OK ? push(g, 0, 0, n, err) : rc;
}

int ambs_grow_tree(ambs_grower *g, ambs_tree *tree, const ambs_forest_rows *rows, uint32_t *next,
                   ambs_error *err)
{
    context c = {.g = g, .tree = tree, .rows = rows, .next = next};
    tree->n_nodes = tree->n_pool = 0;
    tree->n_drawn = 0;
    int rc = ambs_tree_reserve(tree, 1, err);
    if (rc != AMBS_OK) return rc;
    tree->n_nodes = 1;
    ambs_tree_make_leaf(tree, 0);
    rc = start_tree(&c, err);
    while (rc == AMBS_OK && g->n_tasks > 0) {
        ambs_grow_task at = g->tasks[--g->n_tasks];
        rc = at.end - at.first > AMBS_BLOCK ? grow_large(&c, at, err) : add_block(g, at, err);
    }
    return rc == AMBS_OK ? grow_blocks(&c, err) : rc;
}
