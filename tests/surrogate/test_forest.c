/* SPDX-License-Identifier: MIT */
/* The fast forest against the plain one, and what is its own. */
#include "../base/check.h"

#include "base/random.h"
#include "surrogate/forest_grow.h"
#include "surrogate/forest_predict.h"

#define assert_near(a, b, tolerance)                                                               \
    do {                                                                                           \
        double a_ = (a), b_ = (b);                                                                 \
        if (!(fabs(a_ - b_) <= (tolerance))) fail_msg("found %.17g, expected %.17g", a_, b_);      \
    } while (0)

#define P     6
#define MAX_N 1200

extern const ambs_surrogate_ops ambs_surrogate_forest, ambs_surrogate_reference;

static const ambs_feature features[P] = {
    {AMBS_FEATURE_NUMERIC, 0, 0, false},      {AMBS_FEATURE_NUMERIC, 1, 0, true},
    {AMBS_FEATURE_NUMERIC, 2, 5, false},      {AMBS_FEATURE_CATEGORICAL, 3, 7, true},
    {AMBS_FEATURE_CATEGORICAL, 4, 60, false}, {AMBS_FEATURE_NUMERIC, 5, 0, false},
};

static double x[MAX_N * P], y[MAX_N];
static uint32_t evaluations[MAX_N]; /* where rows are means */

static void make_rows(uint64_t seed)
{
    ambs_random r;
    ambs_random_init(&r, seed, 0, AMBS_PURPOSE_TEST);
    for (size_t i = 0; i < MAX_N; i++) {
        double *row = x + i * P;
        row[0] = (float)ambs_random_uniform(&r);
        row[1] = ambs_random_uniform(&r) < 0.3 ? NAN : (float)ambs_random_uniform(&r);
        row[2] = (double)ambs_random_below(&r, 5) / 4;
        row[3] = ambs_random_uniform(&r) < 0.1 ? NAN : (double)ambs_random_below(&r, 7);
        row[4] = (double)ambs_random_below(&r, 60);
        row[5] = (float)ambs_random_uniform(&r);
        evaluations[i] = (uint32_t)(1 + i * 7 % 5);
        y[i] = sin(5 * row[0]) + (isnan(row[1]) ? 0.7 : row[1]) + row[2] * row[5] +
               (row[3] == 2 ? 1 : 0) + 0.5 * cos(row[4]) + 0.01 * ambs_random_normal(&r);
    }
}

typedef struct forest {
    const ambs_surrogate_ops *ops;
    ambs_forest_options options;
    void *state;
} forest;

static void make(forest *f, const ambs_surrogate_ops *ops, size_t p, const ambs_feature *of,
                 ambs_forest_options o)
{
    *f = (forest){.ops = ops, .options = o, .state = calloc(1, ops->state_size)};
    assert_int_equal(ops->init(f->state, &f->options, p, of, 11, NULL), AMBS_OK);
}

static void drop(forest *f)
{
    f->ops->fini(f->state);
    free(f->state);
}

static const ambs_forest_options usual = {
    .features = 5.0 / 6, .bootstrap = true, .min_split = 2, .min_leaf = 1};
/* All trees are alike: every split is the best one. */
static const ambs_forest_options greedy = {
    .trees = 2, .features = 1, .min_split = 2, .min_leaf = 1};

static void both_forests_split_alike(void **state)
{
    (void)state;
    static double fast[MAX_N], plain[MAX_N], fast_sd[MAX_N], plain_sd[MAX_N];
    const size_t sizes[] = {2, 3, 4, 5, 6, 7, 8}; /* all cuts are weighed */
    for (uint64_t seed = 0; seed < 120; seed++) {
        make_rows(seed);
        for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
            ambs_forest_options o = greedy;
            o.min_leaf =
                1 + (long long)seed % 4; /* leaves of several rows show where the cuts are */
            o.min_split = seed % 6 == 5 ? 5 : 2;
            forest a, b;
            make(&a, &ambs_surrogate_forest, P, features, o);
            make(&b, &ambs_surrogate_reference, P, features, o);
            const uint32_t *means = seed % 2 ? evaluations : NULL;
            assert_int_equal(a.ops->fit_means(a.state, sizes[k], x, y, means, NULL, 1, NULL),
                             AMBS_OK);
            assert_int_equal(b.ops->fit_means(b.state, sizes[k], x, y, means, NULL, 1, NULL),
                             AMBS_OK);
            a.ops->predict(a.state, sizes[k], x, fast, fast_sd, NULL);
            b.ops->predict(b.state, sizes[k], x, plain, plain_sd, NULL);
            for (size_t i = 0; i < sizes[k]; i++) {
                assert_near(fast[i], plain[i], 1e-9);
                assert_near(fast_sd[i], plain_sd[i], 1e-6);
            }
            drop(&a);
            drop(&b);
        }
    }
}

static void with_and_without_wide_vectors_the_trees_are_the_same(void **state)
{
    (void)state;
    const size_t sizes[] = {5, 8, 9, 300, MAX_N};
    static uint32_t cells[MAX_N * P], next[3][MAX_N];
    for (size_t k = 0; k < 4 * sizeof sizes / sizeof *sizes; k++) {
        make_rows(40 + k);
        ambs_forest_options o = usual;
        o.min_leaf = k % 2 ? 3 : 1;
        ambs_forest_rows rows = {.features = features, .p = P, .stride = P, .bootstrap = true};
        rows.n = rows.n_fit = sizes[k / 4];
        rows.cells = cells;
        rows.y = y;
        rows.evaluations = evaluations;
        for (size_t i = 0; i < rows.n; i++) ambs_forest_encode(&rows, x + i * P, cells + i * P);
        ambs_tree trees[3] = {{.key = k}, {.key = k}, {.key = k}};
        for (int v = 0; v < 3; v++) {
            ambs_grower g = {0};
            assert_int_equal(ambs_grower_init(&g, &o, &rows, NULL), AMBS_OK);
            g.at_random = k / 2 % 2;
            if (g.vector_bits > 128 << v) g.vector_bits = 128 << v;
            assert_int_equal(ambs_grower_columns(&g, &rows, NULL), AMBS_OK);
            assert_int_equal(ambs_grow_tree(&g, &trees[v], &rows, next[v], NULL), AMBS_OK);
            ambs_grower_fini(&g);
        }
        for (int v = 1; v < 3; v++) {
            assert_int_equal(trees[0].n_nodes, trees[v].n_nodes);
            assert_memory_equal(trees[0].nodes, trees[v].nodes,
                                trees[0].n_nodes * sizeof *trees[0].nodes);
        }
        for (int v = 0; v < 3; v++) ambs_tree_fini(&trees[v]);
    }
}

static double held_out_error(const ambs_surrogate_ops *ops, size_t n, ambs_forest_options o)
{
    static double mean[MAX_N], sd[MAX_N];
    forest f;
    make(&f, ops, P, features, o);
    assert_int_equal(f.ops->fit(f.state, n, x, y, 1, NULL), AMBS_OK);
    f.ops->predict(f.state, 200, x + n * P, mean, sd, NULL);
    double error = 0;
    for (size_t i = 0; i < 200; i++) error += pow(mean[i] - y[n + i], 2) / 200;
    drop(&f);
    return error;
}

static void both_forests_predict_equally_well(void **state)
{
    (void)state;
    double fast = 0, plain = 0;
    for (uint64_t seed = 20; seed < 26; seed++) {
        make_rows(seed);
        fast += held_out_error(&ambs_surrogate_forest, 400, usual);
        plain += held_out_error(&ambs_surrogate_reference, 400, usual);
    }
    if (fast > 1.1 * plain) fail_msg("mean squared error %g, reference %g", fast, plain);
}

static void leaves_of_one_row_reproduce_the_values(void **state)
{
    (void)state;
    static double mean[MAX_N], sd[MAX_N];
    make_rows(1);
    const size_t sizes[] = {1, 2, 127, 128, 129, 300, 1200};
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        forest f;
        make(&f, &ambs_surrogate_forest, P, features, greedy);
        assert_int_equal(f.ops->fit(f.state, sizes[k], x, y, 1, NULL), AMBS_OK);
        f.ops->predict(f.state, sizes[k], x, mean, sd, NULL);
        for (size_t i = 0; i < sizes[k]; i++) assert_true(mean[i] == y[i] && sd[i] == sqrt(1e-10));
        drop(&f);
    }
}

static void appended_rows_are_in_the_trees_as_fitted_ones_are(void **state)
{
    (void)state;
    static double mean[MAX_N], sd[MAX_N];
    make_rows(2);
    forest f;
    make(&f, &ambs_surrogate_forest, P, features, greedy);
    assert_int_equal(f.ops->fit(f.state, 300, x, y, 1, NULL), AMBS_OK);
    for (size_t i = 300; i < 900; i++)
        assert_int_equal(f.ops->append(f.state, x + i * P, -1, NULL), AMBS_OK);
    for (size_t i = 300; i < 900; i++)
        assert_int_equal(f.ops->replace(f.state, i, y[i], NULL), AMBS_OK);
    f.ops->predict(f.state, 300, x, mean, sd, NULL);
    for (size_t i = 0; i < 300; i++) assert_true(mean[i] == y[i]);
    for (size_t i = 900; i < MAX_N; i++)
        assert_int_equal(f.ops->append(f.state, x + i * P, y[i], NULL), AMBS_OK);
    for (size_t i = 0; i < 800; i++) assert_int_equal(f.ops->remove(f.state, i, NULL), AMBS_OK);
    f.ops->predict(f.state, 300, x + 900 * P, mean, sd, NULL);
    for (size_t i = 0; i < 300; i++) assert_true(mean[i] == y[900 + i]);
    drop(&f);
}

static void rows_without_features_give_their_mean(void **state)
{
    (void)state;
    static double mean[2], sd[2];
    make_rows(3);
    double sum = 0;
    for (size_t i = 0; i < 300; i++) sum += y[i] / 300;
    forest f;
    make(&f, &ambs_surrogate_forest, 0, NULL, greedy);
    assert_int_equal(f.ops->fit(f.state, 300, x, y, 1, NULL), AMBS_OK);
    assert_int_equal(f.ops->append(f.state, x, sum, NULL), AMBS_OK);
    f.ops->predict(f.state, 2, x, mean, sd, NULL);
    assert_near(mean[0], sum, 1e-12);
    drop(&f);
}

/* Σ n y / Σ n, and Σ n (y - that)² / Σ n. */
static void a_mean_of_many_evaluations_counts_as_many(void **state)
{
    (void)state;
    const double at[3] = {0, 0.5, 1}, target[3] = {0, 1, 2.2};
    double mean, sd;
    forest f;
    make(&f, &ambs_surrogate_forest, 0, NULL, greedy);
    assert_int_equal(f.ops->fit_means(f.state, 3, at, target, (uint32_t[]){9, 1, 5}, NULL, 1, NULL),
                     AMBS_OK);
    f.ops->predict(f.state, 1, at, &mean, &sd, NULL);
    assert_near(mean, 12.0 / 15, 1e-12);
    assert_near(sd * sd, 9.0 / 15 * 0.64 + 0.04 / 15 + 5.0 / 15 * 1.96 + 1e-10, 1e-9);
    assert_int_equal(f.ops->replace_mean(f.state, 0, 0.1, 1, NULL), AMBS_OK);
    f.ops->predict(f.state, 1, at, &mean, &sd, NULL);
    assert_near(mean, 12.1 / 7, 1e-12);
    drop(&f);
    ambs_forest_options o = greedy; /* one cut: where it is hangs on the weights */
    o.min_split = 3;
    for (uint32_t n = 1; n < 10; n += 8) {
        make(&f, &ambs_surrogate_forest, 1, features, o);
        assert_int_equal(
            f.ops->fit_means(f.state, 3, at, target, (uint32_t[]){n, 1, 1}, NULL, 1, NULL),
            AMBS_OK);
        f.ops->predict(f.state, 1, &at[2], &mean, &sd, NULL);
        assert_near(mean, n == 1 ? 2.2 : 1.6, 1e-12);
        drop(&f);
    }
}

static void rows_that_are_all_the_same_have_their_spread_as_sd(void **state)
{
    (void)state;
    double column[40] = {0}, target[40], mean, sd;
    for (size_t i = 0; i < 40; i++) target[i] = i % 2 ? 1 : 3;
    forest f;
    make(&f, &ambs_surrogate_forest, 1, features, usual);
    assert_int_equal(f.ops->fit(f.state, 40, column, target, 1, NULL), AMBS_OK);
    f.ops->predict(f.state, 1, column, &mean, &sd, NULL);
    assert_near(mean, 2, 0.2);
    assert_near(sd, 1, 0.2);
    drop(&f);
}

static void each_kind_of_feature_alone_is_learned(void **state)
{
    (void)state;
    static double column[MAX_N], mean[MAX_N], sd[MAX_N], target[MAX_N];
    for (size_t f = 0; f < P; f++) {
        make_rows(f);
        for (size_t i = 0; i < MAX_N; i++) {
            column[i] = x[i * P + f];
            target[i] = isnan(column[i])                           ? 3
                        : features[f].kind == AMBS_FEATURE_NUMERIC ? column[i]
                                                                   : cos(9 * column[i]);
        }
        forest s;
        make(&s, &ambs_surrogate_forest, 1, &features[f], usual);
        assert_int_equal(s.ops->fit(s.state, 1000, column, target, 1, NULL), AMBS_OK);
        s.ops->predict(s.state, MAX_N, column, mean, sd, NULL);
        for (size_t i = 1000; i < MAX_N; i++) assert_near(mean[i], target[i], 0.02);
        drop(&s);
    }
}

static void the_sd_is_larger_where_no_rows_are(void **state)
{
    (void)state;
    static double column[600], target[600], at[2] = {0.25, 0.75}, mean[2], sd[2];
    make_rows(4);
    for (size_t i = 0; i < 600; i++) {
        column[i] = x[i * P] < 0.5 ? x[i * P] : x[i * P] / 2 + (i % 9 ? 0 : 0.5);
        if (column[i] > 0.6 && column[i] < 0.9) column[i] = 0.1;
        target[i] = sin(6 * column[i]);
    }
    forest s;
    make(&s, &ambs_surrogate_forest, 1, features, usual);
    assert_int_equal(s.ops->fit(s.state, 600, column, target, 1, NULL), AMBS_OK);
    s.ops->predict(s.state, 2, at, mean, sd, NULL);
    assert_true(sd[1] > 5 * sd[0]);
    drop(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves_of_one_row_reproduce_the_values),
        cmocka_unit_test(both_forests_split_alike),
        cmocka_unit_test(with_and_without_wide_vectors_the_trees_are_the_same),
        cmocka_unit_test(both_forests_predict_equally_well),
        cmocka_unit_test(appended_rows_are_in_the_trees_as_fitted_ones_are),
        cmocka_unit_test(rows_without_features_give_their_mean),
        cmocka_unit_test(a_mean_of_many_evaluations_counts_as_many),
        cmocka_unit_test(rows_that_are_all_the_same_have_their_spread_as_sd),
        cmocka_unit_test(each_kind_of_feature_alone_is_learned),
        cmocka_unit_test(the_sd_is_larger_where_no_rows_are),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("forest", tests, NULL, NULL);
}
