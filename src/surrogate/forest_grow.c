/* SPDX-License-Identifier: MIT */
/* Growth of a tree, node by node. Nothing is sorted and there are no histograms: all cuts of 16
 * features are weighed together, a feature to a lane. The cut at an edge has the rows j with
 * key_j <= edge on its low side, so its sums take one comparison and one addition of whole vectors
 * for each row. A node of up to ALL_CUTS rows has an edge at each row, so its cut is the best one
 * there is; a larger node has edges at FEW_CUTS of its rows, spread evenly: next to the chance that
 * is in a node's best cut anyway, that costs no accuracy.
 *
 * A lane's key orders as its feature does; a feature with NaN has two lanes, NaN greatest in one
 * and least in the other. The key of a category is the mean of the row's level in the node (Fisher
 * 1958: the best division of levels is one in order of means).
 *
 * A row's weight w and its deviation from the node's mean share 32 bits, v = s 2^shift + w, so that
 * one addition serves both; where there is no room for both, or min_leaf asks for the number of
 * rows, v is s alone and the rest is added up besides. Sums of whole numbers are exact in any
 * order: all processors grow the same trees, and cuts that divide the rows alike are worth alike.
 * With S = sum of s nearly 0, the drop of the sum of squares is (2 SL - S)^2 / (WL WR), but for a
 * constant of the node.
 *
 * Extra trees (Geurts, Ernst, Wehenkel 2006) weigh one cut of each feature instead: a number's
 * anywhere between its least and greatest value, where the split stays; the levels of a category get
 * keys at random. Where NaN is the least, half of the cuts are between it and all numbers.
 *
 * The file is compiled twice: forest_grow_avx512.c includes it for processors with AVX-512. */
#include "surrogate/forest_grow.h"

#include <math.h>

#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF /* the same bits with and without fused additions */
#endif

typedef ambs_ints ints;
typedef float floats __attribute__((vector_size(4 * AMBS_LANES)));

/* What one register holds of a group. */
#ifndef AMBS_PART
#define AMBS_PART 4
#endif
enum { PARTS = AMBS_LANES / AMBS_PART };
typedef int32_t part __attribute__((vector_size(4 * AMBS_PART), may_alias));
typedef float part_floats __attribute__((vector_size(4 * AMBS_PART)));
typedef double doubles __attribute__((vector_size(64), aligned(8)));
typedef int64_t longs __attribute__((vector_size(64)));
typedef int32_t half_ints __attribute__((vector_size(32), aligned(4)));

#define ALL_CUTS   8
#define FEW_CUTS   8
#define AT_ONCE    4  /* cuts whose sums are held in registers */
#define FEW_LEVELS 16 /* rows for which levels are compared with each other */
#define MOST_SHIFT 14 /* bits of v that are left to w */

/* By lane, where the mask is -1 or 0. */
#define CHOSEN(mask, a, b) (((mask) & (a)) | (~(mask) & (b)))

typedef struct context {
    ambs_grower *g;
    ambs_tree *tree;
    const ambs_forest_rows *rows;
    uint32_t *next;
} context;

/* A node while it is split. */
typedef struct node {
    uint32_t first, m;
    const ambs_node_rows *rows;
    const double *y;
    const int32_t *w;
    int32_t *v;
    int32_t shift, all_w, all_s;
    bool is_packed, is_pure;
} node;

typedef struct cut {
    int32_t worth; /* the bits of a float >= 0, the lowest of them tell the lane; below 0: none */
    int32_t edge;  /* keys up to it are low */
    size_t lane;
} cut;

#define DOUBLES(from) (*(const doubles *)(from)) /* 8 numbers from anywhere */
#define WEIGHTS(from) __builtin_convertvector(*(const half_ints *)(from), doubles)

static double total_of(const doubles *of)
{
    doubles v = *of;
    return v[0] + v[1] + (v[2] + v[3]) + (v[4] + v[5] + (v[6] + v[7]));
}

/* Sum of w |y - mean|. */
static double spread_of(const node *n, double mean)
{
    uint32_t i = 0;
    doubles some = {0};
    for (; i + 8 <= n->m; i += 8) {
        doubles deviation = DOUBLES(n->y + i) - mean;
        longs size = (longs)deviation & INT64_MAX;
        some += WEIGHTS(n->w + i) * (doubles)size;
    }
    double spread = i > 0 ? total_of(&some) : 0;
    for (; i < n->m; i++) spread += n->w[i] * fabs(n->y[i] - mean);
    return spread;
}

/* Deviations as whole numbers: no sum of them is beyond half of the spread. */
static void quantize(node *n, double mean)
{
    double spread = spread_of(n, mean);
    n->shift = 32 - __builtin_clz((uint32_t)n->all_w);
    n->is_packed = n->is_packed && n->shift <= MOST_SHIFT;
    int32_t shift = n->is_packed ? n->shift : 0, unit = 1 << shift, s = 0;
    int32_t beside = n->is_packed ? -1 : 0;
    double scale = (double)(1u << ((n->is_packed ? 31 : 30) - shift)) / spread;
    bool usable = scale > 0 && scale < INFINITY;
    const double *y = n->y;
    const int32_t *w = n->w;
    int32_t *v = n->v;
    for (uint32_t i = 0, m = n->m; i < m; i++) {
        int32_t whole = usable ? (int32_t)(w[i] * (y[i] - mean) * scale) : 0;
        s += whole;
        v[i] = whole * unit + (w[i] & beside);
    }
    n->all_s = s;
}

static void weigh(const context *c, node *n)
{
    double first = n->y[0];
    uint32_t i = 0;
    int32_t total = 0;
    doubles some = {0};
    longs differs = {0};
    for (; i + 8 <= n->m; i += 8) {
        doubles shifted = DOUBLES(n->y + i) - first;
        some += WEIGHTS(n->w + i) * shifted;
        differs |= shifted != 0;
    }
    double sum = i > 0 ? total_of(&some) : 0;
    int64_t any = 0;
    for (int k = 0; k < 8; k++) any |= differs[k];
    for (; i < n->m; i++) {
        double shifted = n->y[i] - first;
        sum += n->w[i] * shifted;
        any |= shifted != 0;
    }
    for (i = 0; i < n->m; i++) total += n->w[i];
    n->all_w = total;
    n->is_pure = !any;
    n->is_packed = c->g->options->min_leaf == 1;
    if (any && n->m > 2) quantize(n, first + sum / total);
}

/* --- categories ----------------------------------------------------------------------------- */

/* Floats as whole numbers in the same order. */
static inline int32_t ordered_mean(int32_t s, int32_t w)
{
    float mean = w > 0 ? (float)s / (float)w : 0;
    int32_t bits;
    memcpy(&bits, &mean, sizeof bits);
    return bits ^ ((bits >> 31) & INT32_MAX);
}

static void rank_few_levels(const node *n, const ints *is_category, const ints *key, ints *ret_key)
{
    int32_t mask = (int32_t)(1u << n->shift) - 1;
    for (uint32_t r = 0; r < n->m; r++) {
        ints sum = {0};
        for (uint32_t j = 0; j < n->m; j++) sum += (key[j] == key[r]) & n->v[j];
        floats mean = __builtin_convertvector(sum >> n->shift, floats) /
                      __builtin_convertvector(sum & mask, floats);
        ints bits = (ints)mean;
        bits ^= (bits >> 31) & INT32_MAX;
        ret_key[r] = CHOSEN(*is_category, bits, key[r]);
    }
}

/* The keys by level. Rows add to two sums in turn: neither waits for what the row before has stored. */
static void rank_packed_levels(const context *c, const node *n, size_t n_levels,
                               const int32_t *level, int32_t *ret_key)
{
    int32_t *even = c->g->level_s, *odd = c->g->level_w, mask = (int32_t)(1u << n->shift) - 1;
    const int32_t *v = n->v;
    uint32_t i = 0, m = n->m;
    for (; i + 2 <= m; i += 2) {
        even[level[i * AMBS_LANES]] += v[i];
        odd[level[(i + 1) * AMBS_LANES]] += v[i + 1];
    }
    if (i < m) even[level[i * AMBS_LANES]] += v[i];
    for (size_t l = 0; l <= n_levels; l++) {
        int32_t sum = even[l] + odd[l];
        even[l] = ordered_mean(sum >> n->shift, sum & mask);
    }
    for (i = 0; i < m; i++) ret_key[i * AMBS_LANES] = even[level[i * AMBS_LANES]];
    memset(even, 0, (n_levels + 1) * sizeof *even);
    memset(odd, 0, (n_levels + 1) * sizeof *odd);
}

/* Sums by level, then means by level or, where there are more levels than rows, by row. */
static void rank_levels_of(const context *c, const node *n, size_t n_levels, const int32_t *level,
                           int32_t *ret_key)
{
    if (n->is_packed && n_levels < n->m) {
        rank_packed_levels(c, n, n_levels, level, ret_key);
        return;
    }
    int32_t *s = c->g->level_s, *w = c->g->level_w, shift = n->shift;
    const int32_t *v = n->v;
    uint32_t m = n->m;
    for (uint32_t i = 0; i < m; i++) s[level[i * AMBS_LANES]] += v[i];
    for (uint32_t i = 0; i < m; i++) w[level[i * AMBS_LANES]] += n->w[i];
    for (uint32_t i = 0; i < m; i++) {
        int32_t l = level[i * AMBS_LANES], sum = n->is_packed ? s[l] >> shift : s[l];
        ret_key[i * AMBS_LANES] = ordered_mean(sum, w[l]);
    }
    for (uint32_t i = 0; i < m; i++) s[level[i * AMBS_LANES]] = w[level[i * AMBS_LANES]] = 0;
}

/* The keys of the group with the means in place of the levels. */
static const ints *rank_levels(const context *c, const node *n, size_t group, const ints *key)
{
    const int32_t *lanes = c->g->lanes.is_category + group * AMBS_LANES;
    ints *ranked = c->g->ranked, is_category;
    memcpy(&is_category, lanes, sizeof is_category);
    int32_t any = 0;
    for (size_t l = 0; l < AMBS_LANES; l++) any |= lanes[l];
    if (!any) return key;
    if (n->m <= FEW_LEVELS && n->is_packed) {
        rank_few_levels(n, &is_category, key, ranked);
        return ranked;
    }
    for (uint32_t i = 0; i < n->m; i++) ranked[i] = key[i];
    for (size_t l = 0; l < AMBS_LANES; l++)
        if (lanes[l])
            rank_levels_of(c, n,
                           c->rows->features[c->g->lanes.feature[group * AMBS_LANES + l]].n_levels,
                           (const int32_t *)key + l, (int32_t *)ranked + l);
    return ranked;
}

/* --- cuts at random ------------------------------------------------------------------------- */

/* Levels get keys at random, the level of NaN among them. */
static const ints *scatter_levels(const context *c, const node *n, size_t group, const ints *key,
                                  uint32_t random)
{
    const int32_t *lanes = c->g->lanes.is_category + group * AMBS_LANES;
    ints is_category;
    memcpy(&is_category, lanes, sizeof is_category);
    int32_t any = 0, scattered[AMBS_LANES], level[AMBS_LANES];
    for (size_t l = 0; l < AMBS_LANES; l++) any |= lanes[l];
    if (!any) return key;
    for (uint32_t i = 0; i < n->m; i++) {
        memcpy(level, key + i, sizeof level);
        for (size_t l = 0; l < AMBS_LANES; l++) {
            uint64_t of = ((uint64_t)random << 32) + ((uint64_t)l << 26) + (uint32_t)level[l];
            scattered[l] = lanes[l] ? (int32_t)(ambs_mix64(of) >> 34) : 0;
        }
        ints all;
        memcpy(&all, scattered, sizeof all);
        c->g->ranked[i] = CHOSEN(is_category, all, key[i]);
    }
    return c->g->ranked;
}

/* A lane's cut between its least and its greatest key; NaN is the second's INT32_MIN, the first's
 * INT32_MAX, and beyond the cut. */
static int32_t random_edge(const context *c, const node *n, const ints *key, size_t lane)
{
    const int32_t *of = (const int32_t *)key + lane % AMBS_LANES;
    bool is_second = lane >= c->g->p, is_category = c->g->lanes.is_category[lane];
    int32_t nan = is_category ? -1
                  : is_second ? INT32_MIN
                              : INT32_MAX,
            least = INT32_MAX, most = INT32_MIN;
    bool has_nan = false;
    for (uint32_t i = 0; i < n->m; i++) {
        int32_t k = of[i * AMBS_LANES];
        has_nan |= k == nan;
        if (k == nan) continue;
        least = k < least ? k : least;
        most = k > most ? k : most;
    }
    if (least > most) return nan; /* there is nothing else: no cut */
    if (is_category && most > least)
        return least + (int32_t)ambs_tree_below(c->tree, (uint32_t)(most - least));
    if (has_nan && (least >= most || (is_second && ambs_tree_draw(c->tree) >> 63)))
        return is_second ? nan : most; /* between NaN and all numbers */
    if (least >= most) return least;
    uint32_t one = !is_second, low = ((uint32_t)least ^ 0x80000000u) + one,
             high = ((uint32_t)most ^ 0x80000000u) + one;
    return (int32_t)((ambs_tree_draw_threshold(c->tree, low, high) - one) ^ 0x80000000u);
}

static void random_edges(const context *c, const node *n, size_t group, const ints *key, ints *ret)
{
    int32_t edge[AMBS_LANES] = {0};
    for (size_t l = 0; l < AMBS_LANES; l++)
        if (c->g->lanes.feature[group * AMBS_LANES + l] >= 0)
            edge[l] = random_edge(c, n, key, group * AMBS_LANES + l);
    memcpy(ret, edge, sizeof edge);
}

/* --- cuts ----------------------------------------------------------------------------------- */

/* Raises *best and *ret_edge by the cut; a side without rows is no cut. */
static inline void judge(const node *n, const part *s, const part *w, const part *edge,
                         const part *out, part *best, part *ret_edge)
{
    part_floats gain = __builtin_convertvector(*s * 2 - n->all_s, part_floats),
                low = __builtin_convertvector(*w, part_floats);
    part worth = (part)(gain * gain / (low * ((float)n->all_w - low))) | *out | (*w >= n->all_w);
    part better = worth > *best;
    *best = CHOSEN(better, worth, *best);
    *ret_edge = CHOSEN(better, *edge, *ret_edge);
}

/* Groups go in as many parts as they have registers; `key` and `edge` begin at a part. */
static void weigh_packed(const node *n, const part *key, size_t n_edges, const part *edge,
                         part *best, part *ret_edge)
{
    int32_t mask = (int32_t)(1u << n->shift) - 1;
    const part none = {0};
    for (size_t r = 0; r < n_edges; r += AT_ONCE) {
        part sum[AT_ONCE] = {{0}}, at[AT_ONCE];
        for (size_t q = 0; q < AT_ONCE; q++)
            at[q] = edge[(r + q < n_edges ? r + q : n_edges - 1) * PARTS];
        for (uint32_t j = 0; j < n->m; j++)
#pragma GCC unroll 4
            for (size_t q = 0; q < AT_ONCE; q++) sum[q] += (key[j * PARTS] <= at[q]) & n->v[j];
#pragma GCC unroll 4
        for (size_t q = 0; q < AT_ONCE; q++) {
            part s = sum[q] >> n->shift, w = sum[q] & mask;
            judge(n, &s, &w, &at[q], &none, best, ret_edge);
        }
    }
}

static void weigh_apart(const node *n, const part *key, size_t n_edges, const part *edge,
                        int32_t min_leaf, part *best, part *ret_edge)
{
    for (size_t r = 0; r < n_edges; r++) {
        part s = {0}, w = {0}, rows = {0}, at = edge[r * PARTS];
        for (uint32_t j = 0; j < n->m; j++) {
            part is_low = key[j * PARTS] <= at;
            s += is_low & n->v[j];
            w += is_low & n->w[j];
            rows -= is_low;
        }
        part out = (rows < min_leaf) | ((int32_t)n->m - rows < min_leaf);
        judge(n, &s, &w, &at, &out, best, ret_edge);
    }
}

#define SHUFFLED(v, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p)                                \
    __builtin_shufflevector(v, v, a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p)

static int32_t greatest(const ints *of)
{
    ints v = *of, w = SHUFFLED(v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
    v = CHOSEN(v > w, v, w);
    w = SHUFFLED(v, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11);
    v = CHOSEN(v > w, v, w);
    w = SHUFFLED(v, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
    v = CHOSEN(v > w, v, w);
    w = SHUFFLED(v, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
    v = CHOSEN(v > w, v, w);
    return v[0];
}

/* The best lane, without those of features that are left out; ties go by the random bits. */
static bool keep_best(const context *c, const ints *worth, const ints *edge, size_t group,
                      uint32_t n_left_out, uint32_t random, cut *best)
{
    const ints index = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
    ints feature;
    memcpy(&feature, c->g->lanes.feature + group * AMBS_LANES, sizeof feature);
    ints out = feature < 0;
    for (uint32_t i = 0; i < n_left_out; i++)
        out |= feature == (int32_t)c->g->features[c->g->n_tried + i];
    int32_t turn = (int32_t)(random % AMBS_LANES), edges[AMBS_LANES];
    ints ordered = (*worth & ~(AMBS_LANES - 1)) | (index ^ turn) | (*worth < 0) | out;
    int32_t found = greatest(&ordered);
    if (found <= best->worth) return false;
    size_t lane = (size_t)((found & (AMBS_LANES - 1)) ^ turn);
    memcpy(edges, edge, sizeof edges);
    *best = (cut){.worth = found, .edge = edges[lane], .lane = group * AMBS_LANES + lane};
    return true;
}

/* The rows next to each cut that is weighed. `seldom`: each lane's least key alone, so that rows
 * which differ at all are divided. */
static size_t choose_edges(const node *n, const ints *key, uint32_t start, bool seldom, ints *ret)
{
    if (seldom) {
        ints least = key[0];
        for (uint32_t i = 1; i < n->m; i++) least = CHOSEN(key[i] < least, key[i], least);
        ret[0] = least;
        return 1;
    }
    for (size_t i = 0; i < FEW_CUTS; i++) ret[i] = key[start + i * (n->m / FEW_CUTS)];
    return FEW_CUTS;
}

static void cut_group(const context *c, const node *n, size_t group, uint32_t n_left_out,
                      uint32_t random, uint32_t start, bool seldom, cut *best)
{
    const ints *key = n->rows->key + group * c->g->room + n->first;
    ints worth = (ints){0} - 1, edge = {0}, some[FEW_CUTS];
    bool is_ranked = false;
    if (n->m == 2) { /* all cuts between two rows are the same */
        worth = key[0] == key[1];
        edge = CHOSEN(key[0] < key[1], key[0], key[1]);
    } else {
        bool at_random = c->g->at_random;
        const ints *used = at_random ? scatter_levels(c, n, group, key, random)
                                     : rank_levels(c, n, group, key),
                   *edges = used;
        is_ranked = used != key;
        size_t n_edges = n->m;
        if (at_random && !seldom) {
            random_edges(c, n, group, used, some);
            edges = some;
            n_edges = 1;
        } else if (n->m > ALL_CUTS || seldom) {
            n_edges = choose_edges(n, used, start, seldom, some);
            edges = some;
        }
        for (size_t i = 0; i < PARTS; i++) {
            const part *of = (const part *)used + i, *at = (const part *)edges + i;
            part *best_of = (part *)&worth + i, *edge_of = (part *)&edge + i;
            if (n->is_packed)
                weigh_packed(n, of, n_edges, at, best_of, edge_of);
            else
                weigh_apart(n, of, n_edges, at, (int32_t)c->g->options->min_leaf, best_of, edge_of);
        }
        key = used;
    }
    if (!keep_best(c, &worth, &edge, group, n_left_out, random, best)) return;
    if (!is_ranked && !c->g->lanes.is_category[best->lane]) return;
    const int32_t *lane = (const int32_t *)key + best->lane % AMBS_LANES;
    for (uint32_t i = 0; i < n->m; i++) c->g->side[i] = lane[i * AMBS_LANES] > best->edge;
}

/* Chooses at random which n_tried of p features come first. */
static uint32_t choose_features(const context *c)
{
    uint32_t *features = c->g->features;
    for (size_t last = c->g->p; last > c->g->n_tried; last--) {
        uint32_t i = ambs_tree_below(c->tree, (uint32_t)last), held = features[i];
        features[i] = features[last - 1];
        features[last - 1] = held;
    }
    return (uint32_t)(c->g->p - c->g->n_tried);
}

static cut find_cut(const context *c, const node *n)
{
    cut best = {.worth = -1};
    uint32_t n_left_out = choose_features(c), start = 0;
    uint32_t random = (uint32_t)(ambs_tree_draw(c->tree) >> 32);
    if (n->m > ALL_CUTS)
        start = ambs_tree_below(c->tree, n->m - (FEW_CUTS - 1) * (n->m / FEW_CUTS));
    size_t groups = c->g->lanes.n_groups;
    for (int attempt = 0; attempt < 3 && best.worth < 0; attempt++)
        for (size_t group = 0; group < groups; group++)
            cut_group(c, n, group, attempt == 0 ? n_left_out : 0, random, start, attempt == 2,
                      &best);
    return best;
}

/* --- dividing ------------------------------------------------------------------------------- */

/* Where only NaN would be on the high side, it is on the low one instead. */
static void apply_number(const context *c, const node *n, uint32_t at, const cut *best)
{
    size_t p = c->g->p, feature = (size_t)c->g->lanes.feature[best->lane];
    bool is_second = best->lane >= p, nan_is_low = is_second;
    const ints *group = n->rows->key + best->lane / AMBS_LANES * c->g->room + n->first;
    const int32_t *key = (const int32_t *)group + best->lane % AMBS_LANES;
    int32_t nan = is_second ? INT32_MIN : INT32_MAX, low = best->edge, high = INT32_MAX,
            least = INT32_MAX, n_nan = 0;
    uint8_t *side = c->g->side;
    uint32_t m = n->m;
    for (uint32_t i = 0; i < m; i++) {
        int32_t k = key[i * AMBS_LANES], is_high = k > low;
        side[i] = (uint8_t)is_high;
        n_nan += k == nan;
        least = k < least ? k : least;
        k = is_high ? k : INT32_MAX;
        high = k < high ? k : high;
    }
    if (n_nan == 0) nan_is_low = ambs_tree_draw(c->tree) >> 63;
    bool only_nan = !is_second && high == INT32_MAX;
    if (only_nan) {
        for (uint32_t i = 0; i < m; i++) side[i] ^= 1;
        nan_is_low = true;
        high = least;
    }
    uint32_t one = !is_second, low_cell = ((uint32_t)low ^ 0x80000000u) + one,
             high_cell = ((uint32_t)high ^ 0x80000000u) + one;
    if (c->g->at_random && m > 2) high_cell = low_cell + 1; /* the cut stays where it was drawn */
    ambs_tree_split_number(c->tree, c->rows, at, feature, only_nan ? AMBS_CELL_NAN : low_cell,
                           high_cell, nan_is_low);
}

static int apply_category(const context *c, const node *n, uint32_t at, const cut *best,
                          ambs_error *err)
{
    size_t feature = (size_t)c->g->lanes.feature[best->lane],
           n_levels = c->rows->features[feature].n_levels, words = n_levels / 32 + 1;
    const ints *group = n->rows->key + best->lane / AMBS_LANES * c->g->room + n->first;
    const int32_t *level = (const int32_t *)group + best->lane % AMBS_LANES;
    uint32_t *mask = c->g->level_mask, *known = mask + words;
    memset(mask, 0, 2 * words * sizeof *mask);
    for (uint32_t i = 0; i < n->m; i++) {
        uint32_t l = (uint32_t)level[i * AMBS_LANES];
        known[l >> 5] |= 1u << (l & 31);
        mask[l >> 5] |= (uint32_t)c->g->side[i] << (l & 31);
    }
    return ambs_tree_split_category(c->tree, at, feature, n_levels, mask, known, err);
}

/* The rows go into the other copy, side 0 first; returns where side 1 begins. */
static uint32_t divide(const context *c, const node *n, ambs_node_rows *to)
{
    const ambs_grower *g = c->g;
    const ambs_node_rows from = *n->rows, into = *to;
    const uint8_t *side = g->side;
    uint32_t m = n->m, first = n->first, low = first, middle = first;
    size_t room = g->room, n_groups = g->lanes.n_groups;
    for (uint32_t i = 0; i < m; i++) middle += !side[i];
    for (uint32_t i = 0, high = middle; i < m; i++) {
        uint32_t is_high = side[i], k = is_high ? high : low, old = first + i;
        high += is_high;
        low += !is_high;
        for (size_t group = 0; group < n_groups; group++)
            into.key[group * room + k] = from.key[group * room + old];
        into.y[k] = from.y[old];
        into.w[k] = from.w[old];
        into.row[k] = from.row[old];
    }
    return middle;
}

/* A leaf of one row. */
static void close_row(const context *c, const ambs_node_rows *here, uint32_t i, uint32_t at)
{
    c->next[here->row[i]] = AMBS_NO_ROW;
    c->tree->heads[at] = here->row[i];
    c->tree->leaves[at] = (ambs_tree_leaf){here->y[i], 0};
}

static void close_leaf(const context *c, const ambs_node_rows *here, ambs_grow_task at)
{
    if (at.end - at.first == 1) {
        close_row(c, here, at.first, at.node);
        return;
    }
    uint32_t head = AMBS_NO_ROW;
    for (uint32_t i = at.end; i > at.first; i--) {
        c->next[here->row[i - 1]] = head;
        head = here->row[i - 1];
    }
    c->tree->heads[at.node] = head;
    ambs_tree_refresh_leaf(c->tree, c->rows, c->next, at.node);
}

static void close_or_push(const context *c, const ambs_node_rows *here, ambs_grow_task at)
{
    if (at.end - at.first == 1)
        close_leaf(c, here, at);
    else
        c->g->tasks[c->g->n_tasks++] = at;
}

static int grow_node(const context *c, ambs_grow_task at, ambs_error *err)
{
    ambs_grower *g = c->g;
    const ambs_node_rows *here = &g->copy[at.copy];
    node n = {.first = at.first, .m = at.end - at.first, .rows = here, .v = g->v};
    n.y = here->y + at.first;
    n.w = here->w + at.first;
    cut best = {.worth = -1};
    long long m = n.m;
    weigh(c, &n);
    if (m > 1 && m >= g->options->min_split && m / 2 >= g->options->min_leaf && !n.is_pure)
        best = find_cut(c, &n);
    if (best.worth < 0) {
        close_leaf(c, here, at);
        return AMBS_OK;
    }
    int rc = AMBS_OK;
    if (g->lanes.is_category[best.lane])
        rc = apply_category(c, &n, at.node, &best, err);
    else
        apply_number(c, &n, at.node, &best);
    if (rc != AMBS_OK) return rc;
    ambs_node_rows *to = &g->copy[!at.copy];
    uint32_t child = ambs_tree_add_pair(c->tree);
    c->tree->nodes[at.node].child = child;
    c->tree->heads[at.node] = AMBS_NO_ROW;
    if (n.m == 2) { /* two leaves: nothing has to be moved */
        for (uint32_t i = 0; i < 2; i++) close_row(c, here, n.first + i, child + g->side[i]);
        return AMBS_OK;
    }
    uint32_t middle = divide(c, &n, to);
    close_or_push(c, to, (ambs_grow_task){child + 1, middle, at.end, !at.copy});
    close_or_push(c, to, (ambs_grow_task){child, at.first, middle, !at.copy});
    return AMBS_OK;
}

int ambs_grow_tasks(ambs_grower *g, ambs_tree *tree, const ambs_forest_rows *rows, uint32_t *next,
                    ambs_error *err)
{
    context c = {.g = g, .tree = tree, .rows = rows, .next = next};
    int rc = AMBS_OK;
    while (g->n_tasks > 0 && rc == AMBS_OK) rc = grow_node(&c, g->tasks[--g->n_tasks], err);
    return rc;
}
