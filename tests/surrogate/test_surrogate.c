/* SPDX-License-Identifier: MIT */
/* What every surrogate must keep, through the driver, on a space of every kind of parameter. */
#include "../base/check.h"

#include "base/memory.h"
#include "failing_alloc.h"
#include "surrogate/surrogate.h"

#define assert_near(a, b, tolerance)                                                               \
    do {                                                                                           \
        double a_ = (a), b_ = (b);                                                                 \
        if (!(fabs(a_ - b_) <= (tolerance))) fail_msg("found %.17g, expected %.17g", a_, b_);      \
    } while (0)

#define D     5
#define MAX_N 300

static const ambs_value levels[] = {{AMBS_VALUE_STRING, NAN, "sgd"},
                                    {AMBS_VALUE_STRING, NAN, "adam"},
                                    {AMBS_VALUE_STRING, NAN, "rmsprop"},
                                    {AMBS_VALUE_STRING, NAN, "lion"}};
static const ambs_value sizes[] = {
    {AMBS_VALUE_INT, 16, "16"}, {AMBS_VALUE_INT, 32, "32"}, {AMBS_VALUE_INT, 64, "64"}};

/* A float, an int, an ordinal, a category, and a float that is active for one level of it. */
static ambs_space *make_space(void)
{
    static const ambs_parameter parameters[D] = {
        {.name = "rate",
         .type = AMBS_PARAMETER_FLOAT,
         .scale = AMBS_SCALE_LOG,
         .min = 1e-4,
         .max = 1,
         .initial = NAN},
        {.name = "layers", .type = AMBS_PARAMETER_INT, .min = 1, .max = 6, .initial = NAN},
        {.name = "batch",
         .type = AMBS_PARAMETER_ORDINAL,
         .levels = sizes,
         .n_levels = 3,
         .initial = NAN},
        {.name = "optimizer",
         .type = AMBS_PARAMETER_CATEGORICAL,
         .levels = levels,
         .n_levels = 4,
         .initial = NAN},
        {.name = "momentum", .type = AMBS_PARAMETER_FLOAT, .min = 0, .max = 1, .initial = NAN},
    };
    ambs_space *space;
    const double sgd = 0;
    assert_int_equal(ambs_space_create(&space, NULL), AMBS_OK);
    for (size_t i = 0; i < D; i++)
        assert_int_equal(ambs_space_add(space, &parameters[i], NULL), AMBS_OK);
    assert_int_equal(ambs_space_add_condition(space, "momentum", "optimizer", &sgd, 1, NULL),
                     AMBS_OK);
    assert_int_equal(ambs_space_finish(space, NULL), AMBS_OK);
    return space;
}

typedef struct fixture {
    ambs_space *space;
    double x[MAX_N * D], y[MAX_N], mean[MAX_N], sd[MAX_N], mean2[MAX_N], sd2[MAX_N];
} fixture;

static double truth(const double *x)
{
    double y = pow(log10(x[0]) + 2, 2) + 0.3 * x[1] - 0.2 * x[2] + (x[3] == 1 ? -1 : 0.1 * x[3]);
    return isnan(x[4]) ? y : y + 2 * x[4];
}

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    f->space = make_space();
    ambs_random random;
    ambs_random_init(&random, 3, 0, AMBS_PURPOSE_TEST);
    for (size_t i = 0; i < MAX_N; i++) {
        assert_int_equal(ambs_space_sample(f->space, &random, f->x + i * D, NULL), AMBS_OK);
        f->y[i] = truth(f->x + i * D);
    }
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    ambs_space_destroy(f->space);
    free(f);
    return 0;
}

static ambs_surrogate *make(const fixture *f, const char *name, uint64_t seed)
{
    ambs_surrogate *s = NULL;
    ambs_error err = {0};
    if (ambs_surrogate_create(name, NULL, f->space, seed, &s, &err) != AMBS_OK)
        fail_msg("%s: %s", name, err.text);
    return s;
}

static void fit(ambs_surrogate *s, const fixture *f, size_t n)
{
    assert_int_equal(ambs_surrogate_fit(s, n, f->x, f->y, 1, NULL), AMBS_OK);
}

static void predict(ambs_surrogate *s, fixture *f, double *mean, double *sd)
{
    assert_int_equal(ambs_surrogate_predict(s, MAX_N, f->x, mean, sd, NULL), AMBS_OK);
    for (size_t i = 0; i < MAX_N; i++)
        assert_true(isfinite(mean[i]) && sd[i] > 0 && isfinite(sd[i]));
}

#define FOR_EACH(name)                                                                             \
    const char *name;                                                                              \
    for (size_t member_ = 0; ambs_surrogate_registry[member_] &&                                   \
                             (name = ambs_surrogate_registry[member_]->member.name);               \
         member_++)

static void an_unknown_surrogate_lists_the_known_ones(void **state)
{
    fixture *f = *state;
    ambs_surrogate *s = NULL;
    ambs_error err = {0};
    assert_int_equal(ambs_surrogate_create("forrest", NULL, f->space, 1, &s, &err),
                     AMBS_E_NOT_FOUND);
    assert_non_null(strstr(err.text, "unknown surrogate \"forrest\", expected one of forest"));
    assert_null(s);
}

static void what_is_not_fitted_does_not_predict(void **state)
{
    fixture *f = *state;
    FOR_EACH(name)
    {
        ambs_surrogate *s = make(f, name, 1);
        assert_int_equal(ambs_surrogate_predict(s, 1, f->x, f->mean, f->sd, NULL), AMBS_E_INVALID);
        assert_int_equal(ambs_surrogate_append(s, f->x, 1, NULL), AMBS_E_INVALID);
        assert_int_equal(ambs_surrogate_replace(s, 0, 1, NULL), AMBS_E_INVALID);
        assert_int_equal(ambs_surrogate_fit(s, 0, f->x, f->y, 0, NULL), AMBS_E_INVALID);
        assert_true(isnan(ambs_surrogate_out_of_sample_error(s)));
        ambs_surrogate_destroy(s);
    }
    ambs_surrogate_destroy(NULL);
}

static void one_row_predicts_its_value_everywhere(void **state)
{
    fixture *f = *state;
    FOR_EACH(name)
    {
        ambs_surrogate *s = make(f, name, 1);
        fit(s, f, 1);
        predict(s, f, f->mean, f->sd);
        for (size_t i = 0; i < MAX_N; i++) assert_near(f->mean[i], f->y[0], 1e-9);
        assert_int_equal(ambs_surrogate_predict(s, 0, NULL, NULL, NULL, NULL), AMBS_OK);
        ambs_surrogate_destroy(s);
    }
}

static void constant_values_are_predicted_exactly(void **state)
{
    fixture *f = *state;
    double y[MAX_N];
    for (size_t i = 0; i < MAX_N; i++) y[i] = 0.1;
    FOR_EACH(name)
    {
        ambs_surrogate *s = make(f, name, 1);
        assert_int_equal(ambs_surrogate_fit(s, MAX_N, f->x, y, 0, NULL), AMBS_OK);
        predict(s, f, f->mean, f->sd);
        for (size_t i = 0; i < MAX_N; i++) assert_near(f->mean[i], 0.1, 1e-12);
        ambs_surrogate_destroy(s);
    }
}

static void rows_that_are_all_the_same_are_averaged(void **state)
{
    fixture *f = *state;
    double x[40 * D], y[40], mean, sd;
    for (size_t i = 0; i < 40; i++) {
        memcpy(x + i * D, f->x, D * sizeof *x);
        y[i] = i % 2 ? 1 : 3;
    }
    FOR_EACH(name)
    {
        ambs_surrogate *s = make(f, name, 1);
        assert_int_equal(ambs_surrogate_fit(s, 40, x, y, 0, NULL), AMBS_OK);
        assert_int_equal(ambs_surrogate_predict(s, 1, x, &mean, &sd, NULL), AMBS_OK);
        assert_near(mean, 2, 0.2);
        assert_true(sd > 0 && sd < 1.2); /* a member may know the mean better than one value */
        ambs_surrogate_destroy(s);
    }
}

static void values_that_are_not_finite_are_refused(void **state)
{
    fixture *f = *state;
    double y[3] = {1, NAN, 2};
    ambs_error err = {0};
    FOR_EACH(name)
    {
        ambs_surrogate *s = make(f, name, 1);
        assert_int_equal(ambs_surrogate_fit(s, 3, f->x, y, 0, &err), AMBS_E_INVALID);
        assert_non_null(strstr(err.text, "row 1"));
        fit(s, f, 3);
        assert_int_equal(ambs_surrogate_append(s, f->x, INFINITY, NULL), AMBS_E_INVALID);
        assert_int_equal(ambs_surrogate_replace(s, 0, NAN, NULL), AMBS_E_INVALID);
        assert_int_equal(ambs_surrogate_replace(s, 3, 0, NULL), AMBS_E_INVALID);
        assert_int_equal(ambs_surrogate_n_rows(s), 3);
        predict(s, f, f->mean, f->sd); /* a refused row does no harm */
        ambs_surrogate_destroy(s);
    }
}

/* A study's life in little: fit, lies, truths, cancelled lies. */
static void live(ambs_surrogate *s, const fixture *f)
{
    fit(s, f, 100);
    for (size_t i = 100; i < 140; i++)
        assert_int_equal(ambs_surrogate_append(s, f->x + i * D, 0.5, NULL), AMBS_OK);
    for (size_t i = 100; i < 130; i++)
        assert_int_equal(ambs_surrogate_replace(s, i, f->y[i], NULL), AMBS_OK);
    for (size_t i = 130; i < 140; i++) assert_int_equal(ambs_surrogate_remove(s, i, NULL), AMBS_OK);
    assert_int_equal(ambs_surrogate_n_rows(s), 140);
    assert_int_equal(ambs_surrogate_remove(s, 135, NULL), AMBS_E_INVALID);
    assert_int_equal(ambs_surrogate_replace(s, 135, 1, NULL), AMBS_E_INVALID);
}

static void the_same_calls_give_the_same_bits(void **state)
{
    fixture *f = *state;
    FOR_EACH(name)
    {
        ambs_surrogate *a = make(f, name, 9), *b = make(f, name, 9);
        live(a, f);
        fit(b, f, 250); /* what a state went through before a fit leaves no trace */
        live(b, f);
        predict(a, f, f->mean, f->sd);
        predict(b, f, f->mean2, f->sd2);
        assert_memory_equal(f->mean, f->mean2, sizeof f->mean);
        assert_memory_equal(f->sd, f->sd2, sizeof f->sd);
        for (size_t i = 0; i < MAX_N; i++) { /* one candidate at a time */
            double mean, sd;
            assert_int_equal(ambs_surrogate_predict(a, 1, f->x + i * D, &mean, &sd, NULL), AMBS_OK);
            assert_true(mean == f->mean[i] && sd == f->sd[i]);
        }
        ambs_surrogate_destroy(a);
        ambs_surrogate_destroy(b);
    }
}

static void a_removed_row_is_as_if_it_had_never_been(void **state)
{
    fixture *f = *state;
    FOR_EACH(name)
    {
        ambs_surrogate *s = make(f, name, 5);
        fit(s, f, 120);
        predict(s, f, f->mean, f->sd);
        for (size_t i = 200; i < 220; i++)
            assert_int_equal(ambs_surrogate_append(s, f->x + i * D, 9, NULL), AMBS_OK);
        for (size_t i = 0; i < 20; i++)
            assert_int_equal(ambs_surrogate_remove(s, 120 + (i * 7) % 20, NULL), AMBS_OK);
        predict(s, f, f->mean2, f->sd2);
        assert_memory_equal(f->mean, f->mean2, sizeof f->mean);
        assert_memory_equal(f->sd, f->sd2, sizeof f->sd);
        ambs_surrogate_destroy(s);
    }
}

static int fit_with_lies(ambs_surrogate *s, size_t n, const double *x, const double *y,
                         const bool *is_lie, bool renew)
{
    const ambs_surrogate_rows rows = {.n = n, .x = x, .y = y, .is_lie = is_lie, .renew = renew};
    return ambs_surrogate_fit_rows(s, &rows, 1, NULL);
}

static void rows_keep_their_numbers_where_lies_are_taken_apart(void **state)
{
    fixture *f = *state;
    bool is_lie[60];
    double y[60];
    for (size_t i = 0; i < 60; i++) {
        is_lie[i] = i % 3 == 1;
        y[i] = is_lie[i] ? 4 : f->y[i];
    }
    FOR_EACH(name)
    {
        ambs_surrogate *s = make(f, name, 5), *truths = make(f, name, 5);
        assert_int_equal(fit_with_lies(s, 60, f->x, y, is_lie, false), AMBS_OK);
        double out = ambs_surrogate_out_of_sample_error(s), before, after;
        const double *x = f->x + 31 * D;
        assert_int_equal(ambs_surrogate_predict(s, 1, x, &before, NULL, NULL), AMBS_OK);
        assert_int_equal(ambs_surrogate_replace(s, 31, before + 9, NULL), AMBS_OK); /* was a lie */
        assert_int_equal(ambs_surrogate_append(s, f->x + 60 * D, 1, NULL), AMBS_OK);
        assert_int_equal(ambs_surrogate_predict(s, 1, x, &after, NULL, NULL), AMBS_OK);
        assert_true(after > before + 0.05);
        assert_int_equal(ambs_surrogate_remove(s, 60, NULL), AMBS_OK);
        for (size_t i = 0; i < 60; i++)
            if (is_lie[i]) assert_int_equal(ambs_surrogate_remove(s, i, NULL), AMBS_OK);
        predict(s, f, f->mean, f->sd);
        double part[60 * D];
        size_t n = 0;
        for (size_t i = 0; i < 60; i++) {
            if (is_lie[i]) continue;
            memcpy(part + n * D, f->x + i * D, D * sizeof *part);
            y[n++] = f->y[i];
        }
        assert_int_equal(ambs_surrogate_fit(truths, n, part, y, 1, NULL), AMBS_OK);
        predict(truths, f, f->mean2, f->sd2);
        if (strcmp(name, "gp") == 0) { /* it learned from the truths alone */
            assert_memory_equal(f->mean, f->mean2, sizeof f->mean);
            assert_memory_equal(f->sd, f->sd2, sizeof f->sd);
            assert_true(out == ambs_surrogate_out_of_sample_error(truths));
            for (size_t i = 0; i < 60; i++) y[i] = is_lie[i] ? -99 : f->y[i];
            assert_int_equal(fit_with_lies(s, 60, f->x, y, is_lie, true), AMBS_OK);
            predict(s, f, f->mean, f->sd);
            for (size_t i = 0; i < MAX_N; i++) { /* its own mean changes none, but the sd */
                assert_near(f->mean[i], f->mean2[i], 1e-8);
                assert_true(f->sd[i] <= f->sd2[i] * (1 + 1e-9));
            }
        }
        for (size_t i = 0; i < 60; i++) y[i] = is_lie[i] ? 4 : f->y[i];
        ambs_surrogate_destroy(s);
        ambs_surrogate_destroy(truths);
    }
}

/* Rows 1, 4, … of sixty are lies, the others means of one to five; once in their order, once the truths
 * first and then the lies. */
static void means_keep_their_numbers_where_lies_are_taken_apart(void **state)
{
    fixture *f = *state;
    bool is_lie[60];
    uint32_t evaluations[2][60];
    double x[60 * D], y[2][60];
    size_t n = 0;
    for (size_t i = 0; i < 60; i++) {
        is_lie[i] = i % 3 == 1;
        evaluations[0][i] = is_lie[i] ? 1 : (uint32_t)(1 + i * 7 % 5);
        y[0][i] = is_lie[i] ? 4 : f->y[i] + sin((double)(50 * i)) / evaluations[0][i];
        if (is_lie[i]) continue;
        memcpy(x + n * D, f->x + i * D, D * sizeof *x);
        evaluations[1][n] = evaluations[0][i];
        y[1][n++] = y[0][i];
    }
    FOR_EACH(name)
    {
        ambs_surrogate *s = make(f, name, 5), *truths = make(f, name, 5);
        const ambs_surrogate_rows all = {
            .n = 60, .x = f->x, .y = y[0], .evaluations = evaluations[0], .is_lie = is_lie};
        const ambs_surrogate_rows some = {.n = n, .x = x, .y = y[1], .evaluations = evaluations[1]};
        assert_int_equal(ambs_surrogate_fit_rows(s, &all, 1, NULL), AMBS_OK);
        assert_int_equal(ambs_surrogate_fit_rows(truths, &some, 1, NULL), AMBS_OK);
        for (size_t i = 0; i < 60; i++)
            if (is_lie[i])
                assert_int_equal(ambs_surrogate_append(truths, f->x + i * D, 4, NULL), AMBS_OK);
        predict(s, f, f->mean, f->sd);
        predict(truths, f, f->mean2, f->sd2);
        if (strcmp(name, "gp") == 0) {
            assert_memory_equal(f->mean, f->mean2, sizeof f->mean);
            assert_memory_equal(f->sd, f->sd2, sizeof f->sd);
        }
        double before = f->sd[0], sd;
        assert_int_equal(ambs_surrogate_replace_mean(s, 0, y[0][0], 1000, NULL), AMBS_OK);
        assert_int_equal(ambs_surrogate_predict(s, 1, f->x, f->mean, &sd, NULL), AMBS_OK);
        if (strcmp(name, "gp") == 0) assert_true(sd < 0.9 * before);
        assert_int_equal(ambs_surrogate_replace_mean(s, 60, 1, 2, NULL), AMBS_E_INVALID);
        ambs_surrogate_destroy(s);
        ambs_surrogate_destroy(truths);
    }
}

/* Of a thousand pairs whose values are an sd of `noise` apart: the least sd with which the others predict a
 * row. */
static double least_sd(fixture *f, const char *name, double noise)
{
    ambs_surrogate *s = make(f, name, 5);
    double mean[60], sd[60], least = INFINITY;
    const ambs_surrogate_rows rows = {
        .n = 60, .x = f->x, .y = f->y, .spread = {1000 * noise * noise, 1000}};
    assert_int_equal(ambs_surrogate_fit_rows(s, &rows, 1, NULL), AMBS_OK);
    assert_int_equal(ambs_surrogate_leave_one_out(s, mean, sd, NULL), AMBS_OK);
    for (size_t i = 0; i < 60; i++) least = fmin(least, sd[i]);
    ambs_surrogate_destroy(s);
    return least;
}

static void the_spread_of_evaluations_says_how_noisy_they_are(void **state)
{
    fixture *f = *state;
    double little = least_sd(f, "gp", 0.01), much = least_sd(f, "gp", 0.5);
    assert_true(little < 0.2 && much > 0.5 * 0.95 && much < 1);
}

static void each_result_is_judged_by_the_others_and_lies_by_none(void **state)
{
    fixture *f = *state;
    bool is_lie[60];
    double mean[61], sd[61], squares = 0;
    for (size_t i = 0; i < 60; i++) is_lie[i] = i % 3 == 1;
    ambs_surrogate *s = make(f, "gp", 5), *forest = make(f, "forest", 5);
    assert_int_equal(ambs_surrogate_leave_one_out(s, mean, sd, NULL), AMBS_E_INVALID);
    assert_int_equal(fit_with_lies(s, 60, f->x, f->y, is_lie, true), AMBS_OK);
    assert_int_equal(ambs_surrogate_append(s, f->x + 60 * D, 1, NULL), AMBS_OK);
    assert_int_equal(ambs_surrogate_leave_one_out(s, mean, sd, NULL), AMBS_OK);
    for (size_t i = 0; i < 61; i++) {
        bool known = i < 60 && !is_lie[i];
        assert_true(known ? sd[i] > 0 : isnan(mean[i]) && isnan(sd[i]));
        if (known) squares += pow(mean[i] - f->y[i], 2) / 40;
    }
    assert_true(fabs(squares / ambs_surrogate_out_of_sample_error(s) - 1) < 1e-9);
    assert_int_equal(ambs_surrogate_replace(s, 1, 2, NULL), AMBS_OK); /* the lie's truth */
    assert_int_equal(ambs_surrogate_leave_one_out(s, mean, sd, NULL), AMBS_OK);
    assert_int_equal(ambs_surrogate_remove(s, 0, NULL), AMBS_OK);
    assert_int_equal(ambs_surrogate_leave_one_out(s, mean, sd, NULL), AMBS_E_INVALID);
    assert_int_equal(ambs_surrogate_leave_one_out(forest, mean, sd, NULL), AMBS_E_NOT_BUILT);
    ambs_surrogate_destroy(forest);
    ambs_surrogate_destroy(s);
}

/* Over many draws the mean and variance of what is drawn are those predicted, within five standard
 * errors: sd / sqrt(N) of the mean, sqrt((m4 - m2²) / N) of the variance, whose moments are those of
 * the draws. */
static void drawn_functions_have_the_mean_and_sd_predicted(void **state)
{
    fixture *f = *state;
    enum { N = 2000, AT = 8 };
    FOR_EACH(name)
    {
        ambs_surrogate *s = make(f, name, 1);
        ambs_random r;
        ambs_random_init(&r, 2, 0, AMBS_PURPOSE_TEST);
        fit(s, f, 30);
        assert_int_equal(ambs_surrogate_append(s, f->x + 40 * D, f->y[40], NULL), AMBS_OK);
        const double *x = f->x + 36 * D;
        double mean[AT], sd[AT], y[AT], sum[AT] = {0}, squares[AT] = {0}, fourths[AT] = {0};
        assert_int_equal(ambs_surrogate_predict(s, AT, x, mean, sd, NULL), AMBS_OK);
        for (size_t k = 0; k < N; k++) {
            assert_int_equal(ambs_surrogate_draw(s, &r, NULL), AMBS_OK);
            assert_int_equal(ambs_surrogate_drawn(s, AT, x, y, NULL), AMBS_OK);
            for (size_t i = 0; i < AT; i++) {
                sum[i] += (y[i] - mean[i]) / N;
                squares[i] += pow(y[i] - mean[i], 2) / N;
                fourths[i] += pow(y[i] - mean[i], 4) / N;
            }
        }
        for (size_t i = 0; i < AT; i++) {
            double error = sqrt((fourths[i] - squares[i] * squares[i]) / N);
            if (fabs(sum[i]) > 5 * sd[i] / sqrt(N) ||
                fabs(squares[i] - sd[i] * sd[i]) > 5 * error + 1e-9)
                fail_msg("%s: found mean %g and sd %g, expected %g and %g", name, mean[i] + sum[i],
                         sqrt(squares[i]), mean[i], sd[i]);
        }
        ambs_surrogate_destroy(s);
    }
}

static void a_drawn_function_stays_until_rows_change_or_the_next_draw(void **state)
{
    fixture *f = *state;
    FOR_EACH(name)
    {
        ambs_surrogate *s = make(f, name, 1);
        ambs_random r;
        ambs_error err;
        ambs_random_init(&r, 2, 0, AMBS_PURPOSE_TEST);
        assert_int_equal(ambs_surrogate_draw(s, &r, NULL), AMBS_E_INVALID);
        fit(s, f, 50);
        assert_int_equal(ambs_surrogate_drawn(s, 1, f->x, f->mean, &err), AMBS_E_INVALID);
        assert_non_null(strstr(err.text, "since its rows changed; draw first"));
        assert_int_equal(ambs_surrogate_draw(s, &r, NULL), AMBS_OK);
        assert_int_equal(ambs_surrogate_drawn(s, MAX_N, f->x, f->mean, NULL), AMBS_OK);
        for (size_t i = 0; i < MAX_N; i++) /* whatever stands beside it */
            assert_int_equal(ambs_surrogate_drawn(s, 1, f->x + i * D, f->mean2 + i, NULL), AMBS_OK);
        assert_memory_equal(f->mean, f->mean2, sizeof f->mean);
        assert_int_equal(ambs_surrogate_draw(s, &r, NULL), AMBS_OK);
        assert_int_equal(ambs_surrogate_drawn(s, MAX_N, f->x, f->mean2, NULL), AMBS_OK);
        assert_memory_not_equal(f->mean, f->mean2, sizeof f->mean);
        assert_int_equal(ambs_surrogate_append(s, f->x + 60 * D, 1, NULL), AMBS_OK);
        assert_int_equal(ambs_surrogate_drawn(s, 1, f->x, f->mean, NULL), AMBS_E_INVALID);
        ambs_surrogate_destroy(s);
    }
}

static void a_row_that_is_told_moves_the_mean_towards_it(void **state)
{
    fixture *f = *state;
    FOR_EACH(name)
    {
        ambs_surrogate *s = make(f, name, 5);
        const double *x = f->x + 250 * D;
        double before, lied, told;
        fit(s, f, 200);
        assert_int_equal(ambs_surrogate_predict(s, 1, x, &before, NULL, NULL), AMBS_OK);
        assert_int_equal(ambs_surrogate_append(s, x, before + 10, NULL), AMBS_OK);
        assert_int_equal(ambs_surrogate_predict(s, 1, x, &lied, NULL, NULL), AMBS_OK);
        assert_int_equal(ambs_surrogate_replace(s, 200, before - 10, NULL), AMBS_OK);
        assert_int_equal(ambs_surrogate_predict(s, 1, x, &told, NULL, NULL), AMBS_OK);
        assert_true(lied > before + 0.01 && told < before - 0.01);
        ambs_surrogate_destroy(s);
    }
}

static void when_every_row_is_gone_nothing_is_predicted_and_a_new_one_is_taken(void **state)
{
    fixture *f = *state;
    FOR_EACH(name)
    {
        ambs_surrogate *s = make(f, name, 5);
        fit(s, f, 4);
        for (size_t i = 0; i < 4; i++) assert_int_equal(ambs_surrogate_remove(s, i, NULL), AMBS_OK);
        assert_int_equal(ambs_surrogate_predict(s, 1, f->x, f->mean, f->sd, NULL), AMBS_E_INVALID);
        assert_int_equal(ambs_surrogate_append(s, f->x, 1, NULL), AMBS_OK);
        predict(s, f, f->mean, f->sd);
        ambs_surrogate_destroy(s);
    }
}

static void surrogates_that_are_meant_to_learn_do(void **state)
{
    fixture *f = *state;
    FOR_EACH(name)
    {
        if (strcmp(name, "hostile") == 0) continue;
        ambs_surrogate *s = make(f, name, 2);
        fit(s, f, 200);
        predict(s, f, f->mean, f->sd);
        double mean = 0, squares = 0, errors = 0;
        for (size_t i = 200; i < MAX_N; i++) mean += f->y[i] / (MAX_N - 200);
        for (size_t i = 200; i < MAX_N; i++) {
            squares += pow(f->y[i] - mean, 2);
            errors += pow(f->y[i] - f->mean[i], 2);
        }
        if (errors > 0.15 * squares)
            fail_msg("%s: R2 is %g on held-out points", name, 1 - errors / squares);
        double out = ambs_surrogate_out_of_sample_error(s) * (MAX_N - 200);
        if (!isnan(out) && (out > 2 * errors || out < 0.5 * errors))
            fail_msg("%s: %g out of bag, %g held out", name, out, errors);
        ambs_surrogate_destroy(s);
    }
}

static void a_level_that_was_never_seen_is_predicted_between_the_others(void **state)
{
    fixture *f = *state;
    double x[MAX_N * D], y[MAX_N], low = INFINITY, high = -INFINITY;
    size_t n = 0;
    for (size_t i = 0; i < MAX_N; i++) {
        if (f->x[i * D + 3] == 2 || f->x[i * D + 3] == 0)
            continue; /* so that momentum is never active */
        memcpy(x + n * D, f->x + i * D, D * sizeof *x);
        low = fmin(low, f->y[i]);
        high = fmax(high, f->y[i]);
        y[n++] = f->y[i];
    }
    FOR_EACH(name)
    {
        ambs_surrogate *s = make(f, name, 1);
        assert_int_equal(ambs_surrogate_fit(s, n, x, y, 0, NULL), AMBS_OK);
        predict(s, f, f->mean, f->sd);
        /* a smooth model goes on beyond the corners that were seen */
        double beyond = strcmp(name, "gp") == 0 ? 0.25 * (high - low) : 1e-9;
        for (size_t i = 0; i < MAX_N; i++)
            assert_true(f->mean[i] >= low - beyond && f->mean[i] <= high + beyond);
        ambs_surrogate_destroy(s);
    }
}

static void a_failing_fit_is_an_error_and_the_next_one_mends_it(void **state)
{
    fixture *f = *state;
    const ambs_surrogate_ops *hostile = NULL;
    for (size_t i = 0; ambs_surrogate_registry[i]; i++)
        if (strcmp(ambs_surrogate_registry[i]->member.name, "hostile") == 0)
            hostile = ambs_surrogate_registry[i];
    void *options = calloc(1, hostile->member.options_size);
    ambs_options_init(hostile->member.options, options, NULL);
    ambs_options_set(hostile->member.options, options, "fail_fit", "2", NULL);
    ambs_surrogate *s = NULL;
    ambs_error err = {0};
    assert_int_equal(ambs_surrogate_create("hostile", options, f->space, 1, &s, NULL), AMBS_OK);
    fit(s, f, 10);
    assert_int_equal(ambs_surrogate_append(s, f->x, 1, &err), AMBS_E_NUMERIC);
    assert_string_equal(err.text, "appending to surrogate hostile: fit 2 fails as asked");
    assert_int_equal(ambs_surrogate_predict(s, 1, f->x, f->mean, f->sd, NULL), AMBS_E_INVALID);
    fit(s, f, 11);
    assert_int_equal(ambs_surrogate_predict(s, 1, f->x, f->mean, f->sd, NULL), AMBS_OK);
    ambs_options_set(hostile->member.options, options, "nan_sd", "true", NULL);
    assert_int_equal(ambs_surrogate_predict(s, 1, f->x, f->mean, f->sd, NULL), AMBS_E_NUMERIC);
    ambs_surrogate_destroy(s);
    ambs_options_fini(hostile->member.options, options);
    free(options);
}

typedef struct scenario {
    const fixture *f;
    const char *name;
} scenario;

static int fit_and_append(void *ctx)
{
    const scenario *c = ctx;
    ambs_surrogate *s = NULL;
    double mean, sd;
    int rc = ambs_surrogate_create(c->name, NULL, c->f->space, 1, &s, NULL);
    if (rc == AMBS_OK) rc = fit_with_lies(s, 20, c->f->x, c->f->y, (bool[20]){[7] = true}, true);
    for (size_t i = 20; rc == AMBS_OK && i < 24; i++)
        rc = ambs_surrogate_append(s, c->f->x + i * D, 1, NULL);
    if (rc == AMBS_OK) rc = ambs_surrogate_remove(s, 3, NULL);
    if (rc == AMBS_OK) rc = ambs_surrogate_predict(s, 1, c->f->x, &mean, &sd, NULL);
    ambs_random random;
    ambs_random_init(&random, 1, 0, AMBS_PURPOSE_TEST);
    if (rc == AMBS_OK) rc = ambs_surrogate_draw(s, &random, NULL);
    if (rc == AMBS_OK) rc = ambs_surrogate_drawn(s, 1, c->f->x, &mean, NULL);
    ambs_surrogate_destroy(s);
    return rc;
}

static void out_of_memory_is_an_error_wherever_it_strikes(void **state)
{
    scenario c = {.f = *state};
    for (size_t i = 0; ambs_surrogate_registry[i]; i++) {
        c.name = ambs_surrogate_registry[i]->member.name;
        if (strcmp(c.name, "reference") == 0) continue; /* it allocates at every split */
        assert_true(failing_alloc_each(fit_and_append, &c) > 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unknown_surrogate_lists_the_known_ones),
        cmocka_unit_test(what_is_not_fitted_does_not_predict),
        cmocka_unit_test(one_row_predicts_its_value_everywhere),
        cmocka_unit_test(constant_values_are_predicted_exactly),
        cmocka_unit_test(rows_that_are_all_the_same_are_averaged),
        cmocka_unit_test(values_that_are_not_finite_are_refused),
        cmocka_unit_test(the_same_calls_give_the_same_bits),
        cmocka_unit_test(a_removed_row_is_as_if_it_had_never_been),
        cmocka_unit_test(rows_keep_their_numbers_where_lies_are_taken_apart),
        cmocka_unit_test(means_keep_their_numbers_where_lies_are_taken_apart),
        cmocka_unit_test(the_spread_of_evaluations_says_how_noisy_they_are),
        cmocka_unit_test(each_result_is_judged_by_the_others_and_lies_by_none),
        cmocka_unit_test(drawn_functions_have_the_mean_and_sd_predicted),
        cmocka_unit_test(a_drawn_function_stays_until_rows_change_or_the_next_draw),
        cmocka_unit_test(a_row_that_is_told_moves_the_mean_towards_it),
        cmocka_unit_test(when_every_row_is_gone_nothing_is_predicted_and_a_new_one_is_taken),
        cmocka_unit_test(surrogates_that_are_meant_to_learn_do),
        cmocka_unit_test(a_level_that_was_never_seen_is_predicted_between_the_others),
        cmocka_unit_test(a_failing_fit_is_an_error_and_the_next_one_mends_it),
        cmocka_unit_test(out_of_memory_is_an_error_wherever_it_strikes),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("surrogate", tests, set_up, tear_down);
}
