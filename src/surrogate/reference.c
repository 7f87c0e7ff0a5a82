/* SPDX-License-Identifier: MIT */
/* A plain random forest (Breiman 2001, doi:10.1023/A:1010933404324) in obvious loops: what the fast
 * one is checked against. Same split rule: least weighted sum of squares over both sides;
 * thresholds random in the gap; a category's levels ordered by their mean (Fisher 1958,
 * doi:10.1080/01621459.1958.10501479); NaN as one more level of a category, and on the better side
 * or alone for a number. A split is a table of scores: every feature value of the node's rows maps
 * to a number, rows with a score up to the threshold go left. Cost of a fit: O(T p n^2) at worst.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "surrogate/forest.h"

typedef struct node {
    size_t feature;
    double threshold;     /* of the scores */
    double nan_score;     /* a number's NaN: -INFINITY or INFINITY */
    double *level_scores; /* [n_levels + 1] for a category, the last for NaN; owned */
    size_t left, right;   /* nodes; left = 0: a leaf */
    double mean, variance;
} node;

typedef struct state {
    const ambs_forest_options *options;
    const ambs_feature *features;
    size_t p, n;
    uint64_t seed;
    const double *x, *y;         /* of the fit that is running */
    const uint32_t *evaluations; /* … NULL: one each */
    ambs_random random;
    node *nodes;
    size_t n_nodes, capacity;
    size_t *roots, n_trees;
} state;

static int init(void *memory, const void *options, size_t p, const ambs_feature *features,
                uint64_t seed, ambs_error *err)
{
    state *s = memory;
    s->options = options;
    if (s->options->variance == AMBS_FOREST_QUANTILES)
        return ambs_fail(err, AMBS_E_INVALID,
                         "found variance: quantiles, expected total or trees for this surrogate");
    s->features = features;
    s->p = p;
    s->seed = seed;
    return AMBS_OK;
}

static void clear(state *s)
{
    for (size_t i = 0; i < s->n_nodes; i++) free(s->nodes[i].level_scores);
    s->n_nodes = 0;
}

static void fini(void *memory)
{
    state *s = memory;
    clear(s);
    free(s->nodes);
    free(s->roots);
}

static double score_of(const state *s, const node *at, double value)
{
    const ambs_feature *feature = &s->features[at->feature];
    if (feature->kind == AMBS_FEATURE_NUMERIC) return isnan(value) ? at->nan_score : (float)value;
    return at->level_scores[isnan(value) ? feature->n_levels : (size_t)value];
}

/* A row of a node: `weight` times in the bootstrap sample, for each evaluation that it is the mean of. */
typedef struct member {
    size_t row;
    double weight, score;
} member;

static int by_score(const void *a, const void *b)
{
    const member *left = a, *right = b;
    if (left->score != right->score) return left->score < right->score ? -1 : 1;
    return left->row < right->row ? -1 : left->row > right->row;
}

static void moments(const state *s, const member *members, size_t n, double *ret_mean,
                    double *ret_variance)
{
    double weight = 0, sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        weight += members[i].weight;
        sum += members[i].weight * s->y[members[i].row];
    }
    double mean = sum / weight;
    for (size_t i = 0; i < n; i++) {
        double deviation = s->y[members[i].row] - mean;
        squares += members[i].weight * deviation * deviation;
    }
    *ret_mean = mean;
    *ret_variance = squares / weight;
}

/* The best cut of members that are sorted by score; *best is only ever raised. */
static bool best_cut(const state *s, const member *members, size_t n, double *best, double *ret_low,
                     double *ret_high)
{
    bool found = false;
    size_t min_leaf = (size_t)s->options->min_leaf;
    for (size_t k = min_leaf; k + min_leaf <= n; k++) {
        if (members[k - 1].score == members[k].score) continue;
        double gain = 0;
        for (int side = 0; side < 2; side++) {
            double weight = 0, sum = 0;
            for (size_t i = side ? k : 0; i < (side ? n : k); i++) {
                weight += members[i].weight;
                sum += members[i].weight * s->y[members[i].row];
            }
            gain += sum * sum / weight;
        }
        if (gain <= *best) continue;
        *best = gain;
        *ret_low = members[k - 1].score;
        *ret_high = members[k].score;
        found = true;
    }
    return found;
}

static double between(state *s, double low, double high)
{
    if (isinf(low) || isinf(high)) return isinf(low) ? low : nextafter(high, -INFINITY);
    double threshold = low + ambs_random_uniform(&s->random) * (high - low);
    return threshold < high ? threshold : low;
}

/* The levels' scores: the mean of y there. A level without rows gets a random one of theirs. */
static void score_levels(state *s, const member *members, size_t n, node *at)
{
    size_t n_scores = s->features[at->feature].n_levels + 1;
    for (size_t level = 0; level < n_scores; level++) {
        double weight = 0, sum = 0;
        for (size_t i = 0; i < n; i++) {
            double value = s->x[members[i].row * s->p + at->feature];
            if ((isnan(value) ? n_scores - 1 : (size_t)value) != level) continue;
            weight += members[i].weight;
            sum += members[i].weight * s->y[members[i].row];
        }
        size_t other = members[ambs_random_below(&s->random, n)].row;
        at->level_scores[level] = weight > 0 ? sum / weight : s->y[other];
    }
}

static bool try_scores(state *s, member *members, size_t n, node *at, double *best)
{
    for (size_t i = 0; i < n; i++)
        members[i].score = score_of(s, at, s->x[members[i].row * s->p + at->feature]);
    qsort(members, n, sizeof *members, by_score);
    double low, high;
    if (!best_cut(s, members, n, best, &low, &high)) return false;
    at->threshold = between(s, low, high);
    return true;
}

/* Tries one feature; on a better cut `at` becomes that split. */
static int try_feature(state *s, member *members, size_t n, size_t feature, node *at, double *best,
                       ambs_error *err)
{
    node candidate = {.feature = feature};
    if (s->features[feature].kind == AMBS_FEATURE_CATEGORICAL) {
        candidate.level_scores =
            ambs_calloc(s->features[feature].n_levels + 1, sizeof(double), err);
        if (!candidate.level_scores) return AMBS_E_NOMEM;
        score_levels(s, members, n, &candidate);
        if (try_scores(s, members, n, &candidate, best)) {
            free(at->level_scores);
            *at = candidate;
        } else {
            free(candidate.level_scores);
        }
        return AMBS_OK;
    }
    for (int side = 0; side < 2; side++) {
        candidate.nan_score = side ? INFINITY : -INFINITY;
        if (!try_scores(s, members, n, &candidate, best)) continue;
        free(at->level_scores);
        *at = candidate;
    }
    return AMBS_OK;
}

static int new_node(state *s, size_t *ret_at, ambs_error *err)
{
    int rc = ambs_reserve(&s->nodes, &s->capacity, s->n_nodes + 1, sizeof *s->nodes, err);
    if (rc != AMBS_OK) return rc;
    s->nodes[s->n_nodes] = (node){0};
    *ret_at = s->n_nodes++;
    return AMBS_OK;
}

static int choose_split(state *s, member *members, size_t n, node *ret_split, bool *ret_found,
                        ambs_error *err)
{
    size_t *order = ambs_calloc(s->p, sizeof *order, err);
    if (!order) return AMBS_E_NOMEM;
    for (size_t j = 0; j < s->p; j++) order[j] = j;
    ambs_random_shuffle(&s->random, order, s->p);
    double best = -1;
    size_t tried = ambs_forest_n_tried(s->options, s->p);
    int rc = AMBS_OK;
    for (size_t j = 0; rc == AMBS_OK && j < s->p && (j < tried || best < 0); j++)
        rc = try_feature(s, members, n, order[j], ret_split, &best, err);
    *ret_found = best >= 0;
    free(order);
    return rc;
}

static int grow(state *s, member *members, size_t n, size_t at, ambs_error *err)
{
    double mean, variance;
    moments(s, members, n, &mean, &variance);
    node split = {.mean = mean, .variance = variance};
    bool found = false;
    if (n >= (size_t)s->options->min_split && variance > 0) {
        int rc = choose_split(s, members, n, &split, &found, err);
        s->nodes[at].level_scores = split.level_scores; /* owned by the tree from here on */
        if (rc != AMBS_OK) return rc;
    }
    split.mean = mean;
    split.variance = variance;
    s->nodes[at] = split;
    if (!found) return AMBS_OK;
    for (size_t i = 0; i < n; i++)
        members[i].score = score_of(s, &split, s->x[members[i].row * s->p + split.feature]);
    qsort(members, n, sizeof *members, by_score);
    size_t n_left = 0;
    while (n_left < n && members[n_left].score <= split.threshold) n_left++;
    size_t left, right;
    int rc = new_node(s, &left, err);
    if (rc == AMBS_OK) rc = new_node(s, &right, err);
    if (rc != AMBS_OK) return rc;
    s->nodes[at].left = left;
    s->nodes[at].right = right;
    rc = grow(s, members, n_left, left, err);
    return rc == AMBS_OK ? grow(s, members + n_left, n - n_left, right, err) : rc;
}

static int grow_tree(state *s, member *members, size_t tree, ambs_error *err)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++)
        members[i] = (member){.row = i, .weight = !s->options->bootstrap};
    for (size_t i = 0; s->options->bootstrap && i < s->n; i++)
        members[ambs_random_below(&s->random, s->n)].weight++;
    for (size_t i = 0; i < s->n; i++)
        if (members[i].weight > 0) members[n++] = members[i];
    for (size_t i = 0; s->evaluations && i < n; i++)
        members[i].weight *= s->evaluations[members[i].row];
    int rc = new_node(s, &s->roots[tree], err);
    return rc == AMBS_OK ? grow(s, members, n, s->roots[tree], err) : rc;
}

static int fit_means(void *memory, size_t n, const double *x, const double *y,
                     const uint32_t *evaluations, const ambs_pool *spread, uint64_t generation,
                     ambs_error *err)
{
    (void)spread;
    state *s = memory;
    clear(s);
    s->n = n;
    s->x = x;
    s->y = y;
    s->evaluations = evaluations;
    s->n_trees = ambs_forest_n_trees(s->options, n);
    ambs_random_init(&s->random, s->seed, generation, AMBS_PURPOSE_SURROGATE);
    int rc = ambs_resize(&s->roots, s->n_trees, sizeof *s->roots, err);
    member *members = rc == AMBS_OK ? ambs_calloc(n, sizeof *members, err) : NULL;
    if (!members) return AMBS_E_NOMEM;
    for (size_t t = 0; rc == AMBS_OK && t < s->n_trees; t++) rc = grow_tree(s, members, t, err);
    free(members);
    return rc;
}

static int fit(void *memory, size_t n, const double *x, const double *y, uint64_t generation,
               ambs_error *err)
{
    return fit_means(memory, n, x, y, NULL, NULL, generation, err);
}

static int predict(const void *memory, size_t m, const double *x, double *ret_mean, double *ret_sd,
                   ambs_error *err)
{
    (void)err;
    const state *s = memory;
    for (size_t i = 0; i < m; i++) {
        double sum = 0, squares = 0, variances = 0;
        for (size_t t = 0; t < s->n_trees; t++) {
            const node *at = &s->nodes[s->roots[t]];
            while (at->left > 0)
                at = &s->nodes[score_of(s, at, x[i * s->p + at->feature]) <= at->threshold
                                   ? at->left
                                   : at->right];
            sum += at->mean;
            squares += at->mean * at->mean;
            variances += at->variance;
        }
        double trees = (double)s->n_trees;
        ret_mean[i] = sum / trees;
        double variance = squares / trees - ret_mean[i] * ret_mean[i];
        if (s->options->variance == AMBS_FOREST_TOTAL) variance += variances / trees;
        if (ret_sd) ret_sd[i] = sqrt(fmax(variance, AMBS_FOREST_VARIANCE_FLOOR));
    }
    return AMBS_OK;
}

const ambs_surrogate_ops ambs_surrogate_reference = {
    .member = {"reference", "a plain random forest, to check the fast one against",
               ambs_forest_option_table, sizeof(ambs_forest_options), .for_tests = true},
    .encoding = AMBS_ENCODING_LEVELS,
    .state_size = sizeof(state),
    .init = init,
    .fini = fini,
    .fit = fit,
    .fit_means = fit_means,
    .predict = predict,
};
