/* SPDX-License-Identifier: MIT */
/* The surrogate `gp`: fits of its own, its options, its averages over hyperparameters. */
#include "gp_fixture.h"

typedef struct model {
    void *state, *options;
} model;

static model fit_model(size_t p, size_t n)
{
    const ambs_option *table = ambs_surrogate_gp.member.options;
    model m = {calloc(1, ambs_surrogate_gp.state_size),
               calloc(1, ambs_surrogate_gp.member.options_size)};
    assert_int_equal(ambs_options_init(table, m.options, NULL), AMBS_OK);
    assert_int_equal(ambs_surrogate_gp.init(m.state, m.options, p, features, 7, NULL), AMBS_OK);
    assert_int_equal(ambs_surrogate_gp.fit(m.state, n, x, y, 1, NULL), AMBS_OK);
    return m;
}

static void drop_model(model m)
{
    ambs_surrogate_gp.fini(m.state);
    ambs_options_fini(ambs_surrogate_gp.member.options, m.options);
    free(m.state);
    free(m.options);
}

static void one_row_constant_values_and_no_features_are_fitted(void **state)
{
    (void)state;
    double mean[MAX_N], sd[MAX_N];
    make_rows(6);
    model m = fit_model(P, 1);
    ambs_surrogate_gp.predict(m.state, MAX_N, x, mean, sd, NULL);
    for (size_t i = 0; i < MAX_N; i++) assert_true(mean[i] == y[0] && sd[i] > 0);
    assert_true(isnan(ambs_surrogate_gp.out_of_sample_error(m.state)));
    drop_model(m);
    for (size_t i = 0; i < MAX_N; i++) y[i] = -1e9;
    m = fit_model(P, MAX_N);
    ambs_surrogate_gp.predict(m.state, MAX_N, x, mean, sd, NULL);
    for (size_t i = 0; i < MAX_N; i++) assert_true(mean[i] == -1e9 && sd[i] > 0 && sd[i] < 2);
    drop_model(m);
    for (size_t i = 0; i < MAX_N; i++) y[i] = i % 2 ? 2 : 4;
    m = fit_model(0, MAX_N);
    ambs_surrogate_gp.predict(m.state, 1, x, mean, sd, NULL);
    assert_near(mean[0], 3, 1e-9);
    drop_model(m);
}

static void a_smooth_function_of_one_number_is_learned(void **state)
{
    (void)state;
    double at[50], mean[50], sd[50];
    for (size_t i = 0; i < 15; i++) {
        x[i] = ((double)i + 0.5) / 15;
        y[i] = 1e3 * sin(7 * x[i]);
    }
    for (size_t i = 0; i < 50; i++) at[i] = 0.04 + 0.92 * (double)i / 49;
    model m = fit_model(1, 15);
    ambs_surrogate_gp.predict(m.state, 50, at, mean, sd, NULL);
    for (size_t i = 0; i < 50; i++) {
        assert_near(mean[i], 1e3 * sin(7 * at[i]), 12);
        assert_true(fabs(mean[i] - 1e3 * sin(7 * at[i])) < 5 * sd[i] + 1);
    }
    drop_model(m);
}

static void what_is_inactive_is_one_and_the_same(void **state)
{
    (void)state;
    make_rows(8);
    double rows[3][P] = {{0.3, NAN, 1, 0}, {0.3, -NAN, 1, 0}, {0.3, 0.5, 1, 0}}, mean[3], sd[3];
    model m = fit_model(P, MAX_N);
    ambs_surrogate_gp.predict(m.state, 3, rows[0], mean, sd, NULL);
    assert_true(mean[0] == mean[1] && sd[0] == sd[1]);
    assert_true(mean[0] != mean[2]); /* the middle of the range is not inactive */
    assert_near(mean[0], truth(rows[0]), 0.1);
    assert_near(mean[2], truth(rows[2]), 0.1);
    drop_model(m);
}

static void more_rows_than_are_learned_from_are_all_in_the_factor(void **state)
{
    (void)state;
    const ambs_option *table = ambs_surrogate_gp.member.options;
    double mean[MAX_N];
    make_rows(9);
    model m = fit_model(P, 1);
    assert_int_equal(ambs_options_set(table, m.options, "fit_rows", "20", NULL), AMBS_OK);
    assert_int_equal(ambs_surrogate_gp.fit(m.state, MAX_N, x, y, 1, NULL), AMBS_OK);
    ambs_surrogate_gp.predict(m.state, MAX_N, x, mean, NULL, NULL);
    for (size_t i = 0; i < MAX_N; i++) assert_near(mean[i], y[i], 0.25);
    drop_model(m);
}

static double likelihood_of_fit(const model *m)
{
    static double work[WORK];
    const ambs_gp *gp = ambs_gp_of_surrogate(m->state);
    ambs_gp_sample sample = ambs_gp_rows(gp);
    return ambs_gp_log_likelihood(&gp->kernel, &sample, work, NULL);
}

static void every_choice_learns(void **state)
{
    (void)state;
    static const char *const choices[][2] = {
        {"categories", "onehot"}, {"mean", "linear"},         {"warp", "kumaraswamy"},
        {"kernel", "matern32"},   {"kernel", "matern12"},     {"kernel", "squared_exponential"},
        {"kernel", "anova"},      {"hyperparameters", "mcmc"}};
    const ambs_option *table = ambs_surrogate_gp.member.options;
    double mean[MAX_N], sd[MAX_N];
    make_rows(30);
    for (size_t k = 0; k < sizeof choices / sizeof *choices; k++) {
        model m = {calloc(1, ambs_surrogate_gp.state_size),
                   calloc(1, ambs_surrogate_gp.member.options_size)};
        assert_int_equal(ambs_options_init(table, m.options, NULL), AMBS_OK);
        assert_int_equal(ambs_options_set(table, m.options, choices[k][0], choices[k][1], NULL),
                         AMBS_OK);
        assert_int_equal(ambs_surrogate_gp.init(m.state, m.options, P, features, 7, NULL), AMBS_OK);
        assert_int_equal(ambs_surrogate_gp.fit(m.state, 100, x, y, 1, NULL), AMBS_OK);
        ambs_surrogate_gp.predict(m.state, MAX_N, x, mean, sd, NULL);
        double squares = 0;
        for (size_t i = 100; i < MAX_N; i++) squares += pow(mean[i] - truth(x + i * P), 2) / 50;
        if (squares > 0.02) fail_msg("%s: mean square %g", choices[k][1], squares);
        drop_model(m);
    }
}

/* Mean square error of a fit to sums of functions of one number each, six of them, at new points. */
static double error_of_sums(const char *kernel, uint64_t seed)
{
    enum { D = 6, ROWS = 90, NEW = 60 };
    static const ambs_feature numbers[D] = {
        {AMBS_FEATURE_NUMERIC, 0, 0, false}, {AMBS_FEATURE_NUMERIC, 1, 0, false},
        {AMBS_FEATURE_NUMERIC, 2, 0, false}, {AMBS_FEATURE_NUMERIC, 3, 0, false},
        {AMBS_FEATURE_NUMERIC, 4, 0, false}, {AMBS_FEATURE_NUMERIC, 5, 0, false}};
    static double at[(ROWS + NEW) * D], sums[ROWS + NEW], mean[NEW];
    const ambs_option *table = ambs_surrogate_gp.member.options;
    ambs_random r;
    ambs_random_init(&r, seed, 0, AMBS_PURPOSE_TEST);
    for (size_t i = 0; i < ROWS + NEW; i++) {
        sums[i] = 0;
        for (size_t k = 0; k < D; k++) {
            at[i * D + k] = ambs_random_uniform(&r);
            sums[i] += cos(9 * at[i * D + k] + (double)k);
        }
    }
    model m = {calloc(1, ambs_surrogate_gp.state_size),
               calloc(1, ambs_surrogate_gp.member.options_size)};
    assert_int_equal(ambs_options_init(table, m.options, NULL), AMBS_OK);
    assert_int_equal(ambs_options_set(table, m.options, "kernel", kernel, NULL), AMBS_OK);
    assert_int_equal(ambs_surrogate_gp.init(m.state, m.options, D, numbers, 7, NULL), AMBS_OK);
    assert_int_equal(ambs_surrogate_gp.fit(m.state, ROWS, at, sums, 1, NULL), AMBS_OK);
    ambs_surrogate_gp.predict(m.state, NEW, at + ROWS * D, mean, NULL, NULL);
    double squares = 0;
    for (size_t i = 0; i < NEW; i++) squares += pow(mean[i] - sums[ROWS + i], 2) / NEW;
    drop_model(m);
    return squares;
}

static void products_learn_sums_from_fewer_rows(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed < 4; seed++)
        assert_true(error_of_sums("anova", seed) < 0.1 * error_of_sums("matern52", seed));
}

/* The mixture of the draws by hand, and its slopes by differences. */
static void draws_of_hyperparameters_are_averaged(void **state)
{
    (void)state;
    const ambs_option *table = ambs_surrogate_gp.member.options;
    make_rows(31);
    model m = {calloc(1, ambs_surrogate_gp.state_size),
               calloc(1, ambs_surrogate_gp.member.options_size)};
    assert_int_equal(ambs_options_init(table, m.options, NULL), AMBS_OK);
    assert_int_equal(ambs_options_set(table, m.options, "hyperparameters", "mcmc", NULL), AMBS_OK);
    assert_int_equal(ambs_options_set(table, m.options, "samples", "5", NULL), AMBS_OK);
    assert_int_equal(ambs_surrogate_gp.init(m.state, m.options, P, features, 7, NULL), AMBS_OK);
    assert_int_equal(ambs_surrogate_gp.fit(m.state, 60, x, y, 1, NULL), AMBS_OK);
    assert_int_equal(ambs_surrogate_gp.append(m.state, x + 60 * P, y[60], NULL), AMBS_OK);
    assert_int_equal(ambs_surrogate_gp.n_samples(m.state), 5);
    const double *at = x + 70 * P;
    double mean[80], sd[80], sums[80] = {0}, squares[80] = {0}, one[80], one_sd[80], same = 0;
    ambs_surrogate_gp.predict(m.state, 80, at, mean, sd, NULL);
    for (size_t k = 0; k < 5; k++) {
        ambs_surrogate_gp.predict_sample(m.state, k, 80, at, one, one_sd, NULL);
        for (size_t i = 0; i < 80; i++) {
            sums[i] += one[i] / 5;
            squares[i] += (one_sd[i] * one_sd[i] + one[i] * one[i]) / 5;
        }
        same += one[3] == mean[3];
    }
    assert_true(same == 0);
    for (size_t i = 0; i < 80; i++) {
        assert_near(mean[i], sums[i], 1e-12);
        assert_near(sd[i] * sd[i], squares[i] - sums[i] * sums[i], 1e-10);
    }
    double mean_slopes[4 * P], sd_slopes[4 * P], row[2][P], h = 1e-5;
    ambs_surrogate_gp.gradient(m.state, 4, at, one, one_sd, mean_slopes, sd_slopes, NULL);
    for (size_t i = 0; i < 4; i++) {
        for (int side = 0; side < 2; side++) {
            memcpy(row[side], at + i * P, sizeof row[side]);
            row[side][0] += side ? h : -h;
        }
        ambs_surrogate_gp.predict(m.state, 2, row[0], mean, sd, NULL);
        assert_near(mean_slopes[i * P], (mean[1] - mean[0]) / (2 * h), 2e-6);
        assert_near(sd_slopes[i * P], (sd[1] - sd[0]) / (2 * h), 2e-6);
    }
    drop_model(m);
}

static void without_the_prior_the_likelihood_is_larger(void **state)
{
    (void)state;
    const ambs_option *table = ambs_surrogate_gp.member.options;
    for (uint64_t seed = 20; seed < 24; seed++) {
        make_rows(seed);
        model m = fit_model(P, MAX_N);
        double by_map = likelihood_of_fit(&m);
        assert_int_equal(ambs_options_set(table, m.options, "hyperparameters", "likelihood", NULL),
                         AMBS_OK);
        assert_int_equal(ambs_surrogate_gp.fit(m.state, MAX_N, x, y, 1, NULL), AMBS_OK);
        assert_true(likelihood_of_fit(&m) > by_map);
        drop_model(m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(one_row_constant_values_and_no_features_are_fitted, reset_extra),
        cmocka_unit_test_setup(products_learn_sums_from_fewer_rows, reset_extra),
        cmocka_unit_test_setup(a_smooth_function_of_one_number_is_learned, reset_extra),
        cmocka_unit_test_setup(what_is_inactive_is_one_and_the_same, reset_extra),
        cmocka_unit_test_setup(every_choice_learns, reset_extra),
        cmocka_unit_test_setup(draws_of_hyperparameters_are_averaged, reset_extra),
        cmocka_unit_test_setup(without_the_prior_the_likelihood_is_larger, reset_extra),
        cmocka_unit_test_setup(more_rows_than_are_learned_from_are_all_in_the_factor, reset_extra),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("gp_member", tests, NULL, NULL);
}
