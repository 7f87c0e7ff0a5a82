/* SPDX-License-Identifier: MIT */
/* Exact growth on a block of few rows. For every feature the block holds its rows in order of
 * value; a split divides each of these orders stably, so nothing is sorted below the block. All of
 * it stays in the first-level cache: a block of 128 rows and 10 features has 1.4 kB of order. */
#include "surrogate/forest_grow.h"

#include <math.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* Up to so many rows it pays to know the best cut that there could be. */
#define FEW 8

typedef struct task {
    uint32_t node, first, end;
} task;

/* What is known of a node before it is split. */
typedef struct totals {
    double s;
    uint64_t w;
    bool pure;
} totals;

typedef struct context {
    ambs_grower *g;
    ambs_tree *tree;
    const ambs_forest_rows *rows;
    uint32_t *next;
    ambs_block *block;
    uint8_t side[256]; /* by row of the block */
} context;

static const uint8_t *order_of(const context *c, size_t feature)
{
    return c->block->order + feature * c->block->stride;
}

static const uint8_t *rank_of(const context *c, size_t feature)
{
    return c->block->rank + feature * c->block->stride;
}

static void close_single(const context *c, uint32_t node, uint8_t id)
{
    uint32_t row = c->block->row[id];
    c->next[row] = AMBS_NO_ROW;
    c->tree->heads[node] = row;
    c->tree->leaves[node] = (ambs_tree_leaf){c->block->y[id], 0};
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
    c->tree->heads[node] = head;
    ambs_tree_refresh_leaf(c->tree, c->rows, c->next, node);
}

static totals add_up(const context *c, uint32_t first, uint32_t end)
{
    const uint8_t *ids = order_of(c, c->rows->p);
    double y = c->block->y[ids[first]];
    totals t = {.pure = true};
    for (uint32_t i = first; i < end; i++) {
        t.s += c->block->sum[ids[i]].s;
        t.w += c->block->sum[ids[i]].w;
        t.pure &= c->block->y[ids[i]] == y;
    }
    return t;
}

/* A worth is never negative, so its bits order as it does, and whole numbers are compared without a
 * branch that nobody could predict. */
static inline int64_t bits_of(double worth)
{
    int64_t bits;
    memcpy(&bits, &worth, sizeof bits);
    return bits;
}

/* The best cut between neighbours of order[first … end-1] when `low` of n_low rows is on the low
 * side already and n_high rows are on the high one. Returns where the high side begins, or `end`
 * when no cut beats *worth. */
static uint32_t scan(const context *c, const uint8_t *order, const uint8_t *rank, uint32_t first,
                     uint32_t end, uint32_t n_low, uint32_t n_high, totals low, totals all,
                     double *worth)
{
    const double *inverse = c->g->inverse;
    const ambs_sum *sum = c->block->sum;
    uint32_t min_leaf = (uint32_t)c->g->options->min_leaf, i = first;
    uint32_t last =
        n_high >= min_leaf ? 1 : min_leaf - n_high; /* rows that stay on the high side */
    for (uint32_t k = n_low + 1; k < min_leaf && i < end; k++, i++) {
        low.s += sum[order[i]].s;
        low.w += sum[order[i]].w;
    }
    int64_t best = *worth < 0 ? -1 : bits_of(*worth);
    uint32_t found = end;
    double high_s = all.s - low.s;
    const double *inverse_low = inverse + low.w, *inverse_high = inverse + (all.w - low.w);
    uint8_t id = order[i], here = rank[id];
    for (; i + last < end; i++) {
        double s = sum[id].s;
        ptrdiff_t w = (ptrdiff_t)sum[id].w;
        low.s += s;
        high_s -= s;
        inverse_low += w;
        inverse_high -= w;
        double value = low.s * low.s * *inverse_low + high_s * high_s * *inverse_high;
        id = order[i + 1];
        uint8_t following = rank[id];
        int64_t bits = bits_of(value) | -(int64_t)(here == following);
        here = following;
        found = bits > best ? i + 1 : found;
        best = bits > best ? bits : best;
    }
    if (found < end) memcpy(worth, &best, sizeof best);
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
        nan.s += c->block->sum[order[finite]].s;
        nan.w += c->block->sum[order[finite]].w;
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
    cut->low = AMBS_NO_LOW;
    cut->high = order[first];
    cut->nan_is_low = true;
}

static void try_category(const context *c, uint32_t feature, uint32_t first, uint32_t end,
                         ambs_cut *cut)
{
    const uint8_t *order = order_of(c, feature), *rank = rank_of(c, feature);
    ambs_level_groups groups;
    uint8_t last = rank[order[first]];
    double s = 0;
    uint64_t w = 0;
    uint32_t n = 0;
    for (uint32_t i = first, begin = first; i < end;
         i++) { /* writes its group as far as it is known */
        uint8_t id = order[i];
        bool same = last == rank[id];
        n += !same;
        begin = same ? begin : i;
        s = (same ? s : 0) + c->block->sum[id].s;
        w = (same ? w : 0) + c->block->sum[id].w;
        last = rank[id];
        groups.s[n] = s;
        groups.w[n] = w;
        groups.n[n] = i + 1 - begin;
        groups.which[n] = last;
    }
    ambs_cut_levels(c->g, &groups, n + 1, feature, cut);
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

/* The worth of the best cut that any feature could have: between rows in order of y (Fisher 1958).
 * Up to rounding, so that who reaches it is known to be the best. */
static double bound_of(const context *c, uint32_t first, uint32_t end, totals all)
{
    const uint8_t *ids = order_of(c, c->rows->p);
    uint8_t sorted[FEW];
    for (uint32_t i = first; i < end; i++) {
        uint32_t j = i - first;
        for (; j > 0 && c->block->y[sorted[j - 1]] > c->block->y[ids[i]]; j--)
            sorted[j] = sorted[j - 1];
        sorted[j] = ids[i];
    }
    double best = 0;
    totals low = {0};
    for (uint32_t i = 0; i + 1 < end - first; i++) {
        low.s += c->block->sum[sorted[i]].s;
        low.w += c->block->sum[sorted[i]].w;
        double high_s = all.s - low.s;
        double worth =
            low.s * low.s * c->g->inverse[low.w] + high_s * high_s * c->g->inverse[all.w - low.w];
        best = worth > best ? worth : best;
    }
    return best * (1 - 1e-12);
}

static void find_cut(const context *c, uint32_t first, uint32_t end, totals all, ambs_cut *cut)
{
    size_t p = c->rows->p;
    uint32_t start = ambs_grower_choose(c->g, c->tree, p);
    double bound = end - first <= FEW ? bound_of(c, first, end, all) : INFINITY;
    for (size_t i = 0; i < p && (i < c->g->n_tried || cut->worth < 0) && cut->worth < bound; i++)
        try_feature(c, ambs_grower_feature(c->g, start, i), first, end, all, cut);
}

/* All cuts between two rows are the same: the first feature in which they differ will do. */
static void find_cut_of_two(const context *c, uint8_t a, uint8_t b, ambs_cut *cut)
{
    size_t p = c->rows->p;
    uint32_t start = ambs_grower_choose(c->g, c->tree, p);
    for (size_t i = 0; i < p; i++) {
        uint32_t feature = ambs_grower_feature(c->g, start, i);
        uint8_t rank_a = rank_of(c, feature)[a], rank_b = rank_of(c, feature)[b];
        if (rank_a == rank_b) continue;
        bool a_is_low = rank_a < rank_b;
        *cut = (ambs_cut){.feature = feature, .low = a_is_low ? a : b, .high = a_is_low ? b : a};
        if (c->rows->features[feature].kind == AMBS_FEATURE_CATEGORICAL) {
            cut->side1[rank_b >> 5] |= 1u << (rank_b & 31);
        } else if (rank_a == AMBS_CODE_NAN || rank_b == AMBS_CODE_NAN) {
            cut->high = cut->low;
            cut->low = AMBS_NO_LOW;
            cut->nan_is_low = true;
        }
        return;
    }
}

static uint32_t cell_of(const context *c, uint32_t feature, uint32_t id)
{
    return c->rows->cells[c->block->row[id] * c->rows->stride + feature];
}

/* Makes the node the split that the cut says and sets side[] for its rows. */
static int apply_number(context *c, uint32_t node, uint32_t first, uint32_t end,
                        const ambs_cut *cut)
{
    const uint8_t *ids = order_of(c, c->rows->p), *rank = rank_of(c, cut->feature);
    uint8_t high = rank[cut->high];
    uint32_t n_nan = 0;
    for (uint32_t i = first; i < end; i++) {
        c->side[ids[i]] = rank[ids[i]] >= high;
        n_nan += rank[ids[i]] == AMBS_CODE_NAN;
    }
    bool nan_is_low = n_nan > 0 ? cut->nan_is_low : ambs_tree_draw(c->tree) >> 63;
    if (n_nan > 0 && nan_is_low)
        for (uint32_t i = first; i < end; i++)
            if (rank[ids[i]] == AMBS_CODE_NAN) c->side[ids[i]] = 0;
    uint32_t low = cut->low == AMBS_NO_LOW ? AMBS_CELL_NAN : cell_of(c, cut->feature, cut->low);
    ambs_tree_split_number(c->tree, c->rows, node, cut->feature, low,
                           cell_of(c, cut->feature, cut->high), nan_is_low);
    return AMBS_OK;
}

static int apply_category(context *c, uint32_t node, uint32_t first, uint32_t end,
                          const ambs_cut *cut, ambs_error *err)
{
    const uint8_t *ids = order_of(c, c->rows->p), *rank = rank_of(c, cut->feature);
    size_t n_levels = c->rows->features[cut->feature].n_levels, words = n_levels / 32 + 1;
    uint32_t *mask = c->g->level_mask, *known = mask + words;
    memset(mask, 0, 2 * words * sizeof *mask);
    for (uint32_t i = first; i < end; i++) {
        uint8_t id = ids[i], r = rank[id];
        c->side[id] = cut->side1[r >> 5] >> (r & 31) & 1;
        ambs_mark_level(mask, known, n_levels, cell_of(c, cut->feature, id), c->side[id]);
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

#if defined(__x86_64__)
/* The same for `count` orders, 64 rows at a time in registers. */
__attribute__((target("avx512f,avx512bw,avx512vbmi,avx512vbmi2,popcnt"))) static void
divide_by_compression(const uint8_t *side, uint8_t *order, size_t stride, size_t count, uint32_t m)
{
    __m512i table[4];
    for (int i = 0; i < 4; i++) table[i] = _mm512_loadu_si512(side + 64 * i);
    for (; count > 0; count--, order += stride) {
        uint8_t ones[AMBS_BLOCK + 65];
        uint32_t n0 = 0, n1 = 0;
        for (uint32_t i = 0; i < m; i += 64) {
            const __mmask64 all = m - i >= 64 ? UINT64_MAX : UINT64_MAX >> (64 - (m - i));
            __m512i ids = _mm512_maskz_loadu_epi8(all, order + i);
            __m512i sides = _mm512_mask_blend_epi8(
                _mm512_movepi8_mask(ids), _mm512_permutex2var_epi8(table[0], ids, table[1]),
                _mm512_permutex2var_epi8(table[2], ids, table[3]));
            __mmask64 to1 = _mm512_mask_test_epi8_mask(all, sides, sides), to0 = all & ~to1;
            uint32_t here = (uint32_t)__builtin_popcountll(to0);
            if (here > 0)
                _mm512_mask_storeu_epi8(order + n0, UINT64_MAX >> (64 - here),
                                        _mm512_maskz_compress_epi8(to0, ids));
            _mm512_storeu_si512(ones + n1, _mm512_maskz_compress_epi8(to1, ids));
            n0 += here;
            n1 += (uint32_t)__builtin_popcountll(to1);
        }
        for (uint32_t i = 0; i < n1; i += 64)
            _mm512_mask_storeu_epi8(order + n0 + i,
                                    n1 - i >= 64 ? UINT64_MAX : UINT64_MAX >> (64 - (n1 - i)),
                                    _mm512_loadu_si512(ones + i));
    }
}
#endif

/* Divides the rows at the node, and the features' orders where a child will need them. */
static uint32_t divide_all(context *c, uint32_t first, uint32_t end)
{
    size_t p = c->rows->p, stride = c->block->stride;
    uint8_t *ids = c->block->order + p * stride;
    uint32_t m = end - first, n1 = 0;
    for (uint32_t i = first; i < end; i++) n1 += c->side[ids[i]];
    size_t from = n1 > 2 || m - n1 > 2 ? 0 : p;
#if defined(__x86_64__)
    if (c->g->has_vbmi2) {
        divide_by_compression(c->side, c->block->order + from * stride + first, stride,
                              p + 1 - from, m);
        return end - n1;
    }
#endif
    for (size_t f = from; f <= p; f++) divide(c->side, c->block->order + f * stride + first, m);
    return end - n1;
}

static void close_or_push(const context *c, task at, task *tasks, size_t *n_tasks)
{
    if (at.end - at.first == 1)
        close_single(c, at.node, order_of(c, c->rows->p)[at.first]);
    else
        tasks[(*n_tasks)++] = at;
}

/* Splits the task's node or closes it as a leaf; pushes the two new nodes. */
static int grow_node(context *c, task at, task *tasks, size_t *n_tasks, ambs_error *err)
{
    uint32_t m = at.end - at.first;
    const ambs_forest_options *options = c->g->options;
    totals all = add_up(c, at.first, at.end);
    ambs_cut cut = {.worth = -1, .feature = AMBS_NO_FEATURE};
    if (m >= options->min_split && m >= 2 * options->min_leaf && !all.pure) {
        const uint8_t *ids = order_of(c, c->rows->p) + at.first;
        if (m == 2)
            find_cut_of_two(c, ids[0], ids[1], &cut);
        else
            find_cut(c, at.first, at.end, all, &cut);
    }
    if (cut.feature == AMBS_NO_FEATURE) {
        close_leaf(c, at.node, at.first, at.end);
        return AMBS_OK;
    }
    int rc = c->rows->features[cut.feature].kind == AMBS_FEATURE_CATEGORICAL
                 ? apply_category(c, at.node, at.first, at.end, &cut, err)
                 : apply_number(c, at.node, at.first, at.end, &cut);
    if (rc != AMBS_OK) return rc;
    uint32_t middle = divide_all(c, at.first, at.end), child = ambs_tree_add_pair(c->tree);
    c->tree->nodes[at.node].child = child;
    c->tree->heads[at.node] = AMBS_NO_ROW;
    close_or_push(c, (task){child + 1, middle, at.end}, tasks, n_tasks);
    close_or_push(c, (task){child, at.first, middle}, tasks, n_tasks);
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
static void sort_rows(uint8_t *order, const uint32_t *key, size_t m)
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
    uint32_t key[AMBS_BLOCK];
    uint8_t *order = block->order + f * block->stride, *rank = block->rank + f * block->stride;
    bool is_number = rows->features[f].kind == AMBS_FEATURE_NUMERIC;
    for (size_t i = 0; i < block->m; i++) {
        key[i] = ambs_cell_key(rows->cells[block->row[i] * rows->stride + f], is_number);
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
    for (uint32_t r = tree->heads[leaf]; r != AMBS_NO_ROW; r = next[r]) {
        if (m == AMBS_BLOCK) return AMBS_OK;
        uint32_t w = ambs_tree_weight(tree, rows, r);
        block->row[m] = r;
        block->y[m] = rows->y[r];
        block->sum[m++] = (ambs_sum){w * (rows->y[r] - rows->center), w};
        total += w;
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
