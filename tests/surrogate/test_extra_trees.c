/* SPDX-License-Identifier: MIT */
/* Extra trees by closed forms in one dimension and against a plain one; the variances of forests. */
#include "../base/check.h"

#include "base/random.h"
#include "surrogate/forest_state.h"

#define assert_near(a, b, tolerance)                                                               \
    do {                                                                                           \
        double a_ = (a), b_ = (b);                                                                 \
        if (!(fabs(a_ - b_) <= (tolerance))) fail_msg("found %.17g, expected %.17g", a_, b_);      \
    } while (0)

enum { P = 4, MAX_N = 600 };

extern const ambs_surrogate_ops ambs_surrogate_extra_trees, ambs_surrogate_forest;

static const ambs_feature features[P] = {{AMBS_FEATURE_NUMERIC, 0, 0, false},
                                         {AMBS_FEATURE_NUMERIC, 1, 0, true},
                                         {AMBS_FEATURE_CATEGORICAL, 2, 5, false},
                                         {AMBS_FEATURE_CATEGORICAL, 3, 40, true}};

static const ambs_forest_options usual = {
    .trees = 100, .features = 1, .min_split = 2, .min_leaf = 1};

typedef struct forest {
    const ambs_surrogate_ops *ops;
    ambs_forest_options options;
    void *state;
} forest;

static forest make(const ambs_surrogate_ops *ops, size_t p, const ambs_feature *of,
                   ambs_forest_options o)
{
    static ambs_forest_options kept;
    kept = o;
    forest f = {ops, o, calloc(1, ops->state_size)};
    assert_int_equal(ops->init(f.state, &kept, p, of, 11, NULL), AMBS_OK);
    return f;
}

static void drop(forest *f)
{
    f->ops->fini(f->state);
    free(f->state);
}

/* ---- one dimension ------------------------------------------------------------------------- */

/* The cut that parts two neighbours is uniform between them, whatever was cut before; so over many
 * trees the mean is the straight line between neighbours and the variance is p (1 - p) of the gap
 * (Geurts et al. 2006, section 5.3). */
static void in_one_dimension_the_mean_is_piecewise_linear(void **state)
{
    (void)state;
    static const double x[4] = {0, 0.1, 0.7, 1}, y[4] = {2, 5, -1, 0};
    ambs_forest_options o = usual;
    o.trees = 20000;
    forest f = make(&ambs_surrogate_extra_trees, 1, features, o);
    assert_int_equal(f.ops->fit(f.state, 4, x, y, 1, NULL), AMBS_OK);
    for (double at = 0; at <= 1; at += 0.0625) {
        double mean, sd;
        size_t i = at < 0.1 ? 0 : at < 0.7 ? 1 : 2;
        double p = (at - x[i]) / (x[i + 1] - x[i]), gap = y[i + 1] - y[i];
        f.ops->predict(f.state, 1, &at, &mean, &sd, NULL);
        assert_near(mean, y[i] + p * gap, 0.02 * fabs(gap));
        assert_near(sd * sd, p * (1 - p) * gap * gap + 1e-10, 0.02 * gap * gap);
    }
    drop(&f);
}

/* One cut, uniform over [0, 1]: below 0.1 in a tenth of the trees. A random forest would take the
 * best. */
static void a_cut_is_anywhere_between_the_least_and_the_greatest_value(void **state)
{
    (void)state;
    static const double x[3] = {0, 0.1, 1}, y[3] = {0, 1, 5};
    ambs_forest_options o = usual;
    o.trees = 20000;
    o.min_split = 3;
    forest f = make(&ambs_surrogate_extra_trees, 1, features, o);
    assert_int_equal(f.ops->fit(f.state, 3, x, y, 1, NULL), AMBS_OK);
    double mean[3], at[3] = {0, 0.1, 1};
    f.ops->predict(f.state, 3, at, mean, NULL, NULL);
    assert_near(mean[0], 0.1 * 0 + 0.9 * 0.5, 0.02);
    assert_near(mean[1], 0.1 * 3 + 0.9 * 0.5, 0.03);
    assert_near(mean[2], 0.1 * 3 + 0.9 * 5, 0.03);
    drop(&f);
}

/* ---- against a plain one ------------------------------------------------------------------- */

static double x[MAX_N * P], y[MAX_N];

static void make_rows(uint64_t seed)
{
    ambs_random r;
    ambs_random_init(&r, seed, 0, AMBS_PURPOSE_TEST);
    for (size_t i = 0; i < MAX_N; i++) {
        double *row = x + i * P;
        row[0] = (float)ambs_random_uniform(&r);
        row[1] = ambs_random_uniform(&r) < 0.3 ? NAN : (float)ambs_random_uniform(&r);
        row[2] = (double)ambs_random_below(&r, 5);
        row[3] = ambs_random_uniform(&r) < 0.1 ? NAN : (double)ambs_random_below(&r, 40);
        y[i] = sin(5 * row[0]) + (isnan(row[1]) ? 0.7 : 2 * row[1] * row[0]) +
               (row[2] == 2 ? 1 : 0) + (isnan(row[3]) ? 0 : 0.3 * cos(row[3]));
    }
}

/* Where the plain tree sends a row: a number by a threshold, inactive to a side of its own; a level
 * to the side of its bit. */
typedef struct plain_cut {
    size_t feature;
    double threshold;
    bool nan_is_high, level_is_high[41];
} plain_cut;

static bool is_high(const plain_cut *c, const double *row)
{
    double v = row[c->feature];
    if (features[c->feature].kind == AMBS_FEATURE_CATEGORICAL)
        return c->level_is_high[isnan(v) ? features[c->feature].n_levels : (size_t)v];
    return isnan(v) ? c->nan_is_high : v > c->threshold;
}

static plain_cut draw_cut(const size_t *rows, size_t n, size_t f, ambs_random *r)
{
    plain_cut c = {.feature = f, .nan_is_high = ambs_random_below(r, 2)};
    double least = INFINITY, most = -INFINITY;
    for (size_t i = 0; i < n; i++) {
        double v = x[rows[i] * P + f];
        least = v < least ? v : least;
        most = v > most ? v : most;
    }
    c.threshold = least + ambs_random_uniform(r) * (most - least);
    double share = ambs_random_uniform(r);
    for (size_t l = 0; l < 41; l++) c.level_is_high[l] = ambs_random_uniform(r) < share;
    return c;
}

/* The drop of the sum of squares, but for a constant; below 0 where a side is empty. */
static double worth_of(const plain_cut *c, const size_t *rows, size_t n)
{
    double sum[2] = {0}, count[2] = {0};
    for (size_t i = 0; i < n; i++) {
        bool side = is_high(c, x + rows[i] * P);
        sum[side] += y[rows[i]];
        count[side]++;
    }
    if (count[0] == 0 || count[1] == 0) return -1;
    return sum[0] * sum[0] / count[0] + sum[1] * sum[1] / count[1];
}

/* The tree grows along the one path that the candidate takes. */
static double plain_tree(const double *at, size_t n, ambs_random *r)
{
    static size_t rows[MAX_N];
    for (size_t i = 0; i < n; i++) rows[i] = i;
    while (n > 1) {
        plain_cut best = {0};
        double worth = -1;
        for (int attempt = 0; attempt < 50 && worth < 0; attempt++)
            for (size_t f = 0; f < P; f++) {
                plain_cut c = draw_cut(rows, n, f, r);
                double w = worth_of(&c, rows, n);
                if (w <= worth) continue;
                worth = w;
                best = c;
            }
        if (worth < 0) break;
        size_t kept = 0;
        for (size_t i = 0; i < n; i++)
            if (is_high(&best, x + rows[i] * P) == is_high(&best, at)) rows[kept++] = rows[i];
        n = kept;
    }
    double mean = 0;
    for (size_t i = 0; i < n; i++) mean += y[rows[i]] / (double)n;
    return mean;
}

static void it_predicts_as_well_as_a_plain_one(void **state)
{
    (void)state;
    enum { N = 150, AT = 60 };
    double fast = 0, plain = 0, mean[AT];
    ambs_random r;
    ambs_random_init(&r, 8, 0, AMBS_PURPOSE_TEST);
    for (uint64_t seed = 0; seed < 3; seed++) {
        make_rows(seed);
        forest f = make(&ambs_surrogate_extra_trees, P, features, usual);
        assert_int_equal(f.ops->fit(f.state, N, x, y, 1, NULL), AMBS_OK);
        f.ops->predict(f.state, AT, x + N * P, mean, NULL, NULL);
        for (size_t i = 0; i < AT; i++) {
            double by_plain = 0;
            for (int t = 0; t < 100; t++) by_plain += plain_tree(x + (N + i) * P, N, &r) / 100;
            fast += pow(mean[i] - y[N + i], 2);
            plain += pow(by_plain - y[N + i], 2);
        }
        drop(&f);
    }
    if (fast > 1.15 * plain || plain > 1.3 * fast)
        fail_msg("mean squared error %g, of the plain one %g", fast, plain);
}

static void rows_are_reproduced_and_come_and_go(void **state)
{
    (void)state;
    double mean[MAX_N], sd[MAX_N];
    make_rows(5);
    forest f = make(&ambs_surrogate_extra_trees, P, features, usual);
    assert_int_equal(f.ops->fit(f.state, 300, x, y, 1, NULL), AMBS_OK);
    for (size_t i = 300; i < MAX_N; i++)
        assert_int_equal(f.ops->append(f.state, x + i * P, y[i], NULL), AMBS_OK);
    f.ops->predict(f.state, MAX_N, x, mean, sd, NULL);
    for (size_t i = 0; i < MAX_N; i++) assert_near(mean[i], y[i], 1e-12);
    for (size_t i = 0; i < MAX_N; i += 2)
        assert_int_equal(f.ops->remove(f.state, i, NULL), AMBS_OK);
    f.ops->predict(f.state, MAX_N, x, mean, sd, NULL);
    for (size_t i = 1; i < MAX_N; i += 2) assert_near(mean[i], y[i], 1e-12);
    assert_true(isnan(f.ops->out_of_sample_error(f.state))); /* each tree sees all rows */
    drop(&f);
}

/* ---- variances ----------------------------------------------------------------------------- */

/* All rows share the leaf: 1, 2, …, 100, whose distribution function is straight from 1/200 on. */
static void quantiles_are_those_of_the_rows_in_the_leaves(void **state)
{
    (void)state;
    double values[101], mean, sd, drawn[2] = {0};
    ambs_forest_options o = usual;
    o.variance = AMBS_FOREST_QUANTILES;
    o.trees = 3;
    for (size_t i = 0; i < 100; i++) values[i] = (double)(100 - i);
    forest f = make(&ambs_surrogate_forest, 0, NULL, o);
    assert_int_equal(f.ops->fit(f.state, 100, values, values, 1, NULL), AMBS_OK);
    f.ops->predict(f.state, 1, values, &mean, &sd, NULL);
    assert_near(mean, 50.5, 1e-12);
    assert_near(sd, 34.134474606854295, 1e-9);
    f.ops->replace(f.state, 0, 1e9, NULL); /* was 100: an outlier is one result of a hundred */
    f.ops->predict(f.state, 1, values, &mean, &sd, NULL);
    assert_near(sd, 34.134474606854295, 1e-9);
    ambs_random r;
    ambs_random_init(&r, 1, 0, AMBS_PURPOSE_TEST);
    for (int k = 0; k < 4000; k++) { /* draws are results of the leaf */
        double value;
        assert_int_equal(f.ops->draw(f.state, &r, NULL), AMBS_OK);
        f.ops->drawn(f.state, 1, values, &value, NULL, NULL);
        assert_true(value == floor(value) && value >= 1);
        drawn[0] += value < 16.5;
        drawn[1] += value < 84.5;
    }
    assert_near(drawn[0] / 4000, 0.16, 0.03);
    assert_near(drawn[1] / 4000, 0.84, 0.03);
    drop(&f);
}

static void without_the_leaves_the_variance_is_that_of_the_trees(void **state)
{
    (void)state;
    double mean[2][MAX_N], sd[2][MAX_N], more = 0;
    make_rows(6);
    for (int k = 0; k < 2; k++) {
        ambs_forest_options o = usual;
        o.min_leaf = 10;
        o.variance = k ? AMBS_FOREST_TREES : AMBS_FOREST_TOTAL;
        forest f = make(&ambs_surrogate_forest, P, features, o);
        assert_int_equal(f.ops->fit(f.state, 200, x, y, 1, NULL), AMBS_OK);
        f.ops->predict(f.state, MAX_N, x, mean[k], sd[k], NULL);
        drop(&f);
    }
    assert_memory_equal(mean[0], mean[1], sizeof mean[0]);
    for (size_t i = 0; i < MAX_N; i++) {
        assert_true(sd[1][i] <= sd[0][i]);
        more += sd[0][i] > 1.2 * sd[1][i];
    }
    assert_true(more > MAX_N / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_one_dimension_the_mean_is_piecewise_linear),
        cmocka_unit_test(a_cut_is_anywhere_between_the_least_and_the_greatest_value),
        cmocka_unit_test(it_predicts_as_well_as_a_plain_one),
        cmocka_unit_test(rows_are_reproduced_and_come_and_go),
        cmocka_unit_test(quantiles_are_those_of_the_rows_in_the_leaves),
        cmocka_unit_test(without_the_leaves_the_variance_is_that_of_the_trees),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("extra_trees", tests, NULL, NULL);
}
