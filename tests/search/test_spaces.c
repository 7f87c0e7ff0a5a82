/* SPDX-License-Identifier: MIT */
/* Spaces that are unlike the usual ones, from end to end by the method that a user gets who says
 * nothing: conditions in conditions, many parameters, two members, and 10^12 of categories alone. */
#include "fixture.h"

#include "surrogate/surrogate.h"

enum { MOST = 128, FLIGHT = 4 };

typedef double (*objective)(const ambs_space *space, const double *x);

/* Asks n trials with FLIGHT of them in flight and tells the oldest; each one is a member of the
 * space and new. Returns the least objective, and in ret_early (may be NULL) that of the first n_early
 * told. */
static double study(const ambs_spec *spec, objective f, size_t n, size_t n_early, double *ret_early)
{
    ambs_error err;
    ambs_search *search;
    ambs_space_set *seen;
    static double x[MOST][MOST];
    double best = INFINITY;
    must(ambs_search_create(spec, &search, &err), &err);
    must(ambs_space_set_create(spec->space, &seen, &err), &err);
    for (size_t i = 0; i < n + FLIGHT; i++) {
        if (i < n) {
            bool added;
            ambs_proposal p = {.x = x[i]};
            must(ambs_search_ask(search, &p, &err), &err);
            if (!ambs_space_contains(spec->space, x[i], &err))
                fail_msg("trial %zu: %s", i, err.text);
            must(ambs_space_set_add(seen, x[i], i, &added, &err), &err);
            assert_true(added && p.trial == i);
        }
        if (i < FLIGHT) continue;
        double y = f(spec->space, x[i - FLIGHT]);
        ambs_outcome o = outcome_of(y);
        must(ambs_search_tell(search, i - FLIGHT, &o, &err), &err);
        best = fmin(best, y);
        if (ret_early && i - FLIGHT + 1 == n_early) *ret_early = best;
    }
    ambs_space_set_destroy(seen);
    ambs_search_destroy(search);
    return best;
}

static ambs_space *begin_space(void)
{
    ambs_space *s;
    must(ambs_space_create(&s, NULL), NULL);
    return s;
}

static void add_when(ambs_space *s, const char *child, const char *parent, double level)
{
    ambs_error err;
    must(ambs_space_add_condition(s, child, parent, &level, 1, &err), &err);
}

static ambs_spec *finish_space(ambs_space *s, uint64_t seed)
{
    ambs_error err;
    must(ambs_space_finish(s, &err), &err);
    return make_spec("ambs", s, seed, NULL);
}

/* ---- conditions ---------------------------------------------------------------------------- */

/* rate; schedule; when it is 2, decay; when that is 1, warm; when that is 3, steps. */
enum { RATE, SCHEDULE, DECAY, WARM, STEPS };

static ambs_space *make_chain(void)
{
    ambs_space *s = begin_space();
    add_float(s, "rate", 1e-4, 1, AMBS_SCALE_LOG);
    add_levels(s, "schedule", AMBS_PARAMETER_CATEGORICAL, 3, NAN);
    add_levels(s, "decay", AMBS_PARAMETER_CATEGORICAL, 3, NAN);
    add_levels(s, "warm", AMBS_PARAMETER_ORDINAL, 4, NAN);
    add_float(s, "steps", 0, 1, AMBS_SCALE_LINEAR);
    add_when(s, "decay", "schedule", 2);
    add_when(s, "warm", "decay", 1);
    add_when(s, "steps", "warm", 3);
    return s;
}

/* Least, 0, at the end of the chain, with rate 0.01 and steps 0.4. A proposal at random gets there
 * once in 36 times. */
static double of_chain(const ambs_space *space, const double *x)
{
    (void)space;
    double y = 0.1 * pow(log10(x[RATE]) + 2, 2) + (x[SCHEDULE] == 2 ? 0 : 1);
    if (!isnan(x[DECAY])) y += x[DECAY] == 1 ? -0.2 : 0.3;
    if (!isnan(x[WARM])) y += 0.1 * (2 - x[WARM]);
    if (!isnan(x[STEPS])) y += 2 * pow(x[STEPS] - 0.4, 2);
    return y + 0.3;
}

static void three_conditions_in_one_another_are_searched(void **state)
{
    (void)state;
    double sum = 0;
    for (uint64_t seed = 0; seed < 3; seed++) {
        ambs_spec *spec = finish_space(make_chain(), seed);
        sum += study(spec, of_chain, 60, 0, NULL) / 3;
        drop_spec(spec);
    }
    if (sum > 0.06) fail_msg("the least value is %g on average, expected about 0", sum);
}

/* What stands in the place of an inactive parameter in the unit cube is of no effect: for the space,
 * for predictions, and for what is proposed. */
static void inactive_parameters_change_no_prediction_and_no_proposal(void **state)
{
    (void)state;
    enum { N = 30, D = 5 };
    static double x[2][N * D], y[N], mean[2][N], sd[2][N], asked[2][20][D];
    ambs_random r;
    ambs_space *space = make_chain();
    must(ambs_space_finish(space, NULL), NULL);
    ambs_random_init(&r, 6, 0, AMBS_PURPOSE_TEST);
    for (size_t i = 0; i < N; i++) {
        double u[D], other[D];
        for (size_t k = 0; k < D; k++) u[k] = ambs_random_uniform(&r);
        ambs_space_from_unit(space, u, x[0] + i * D);
        for (size_t k = 0; k < D; k++)
            other[k] = isnan(x[0][i * D + k]) ? ambs_random_uniform(&r) : u[k];
        ambs_space_from_unit(space, other, x[1] + i * D);
        assert_true(ambs_space_equal(space, x[0] + i * D, x[1] + i * D));
        y[i] = of_chain(space, x[0] + i * D);
    }
    for (size_t m = 0; ambs_surrogate_registry[m]; m++) {
        const char *name = ambs_surrogate_registry[m]->member.name;
        if (ambs_surrogate_registry[m]->member.for_tests) continue;
        for (int side = 0; side < 2; side++) {
            ambs_surrogate *s;
            must(ambs_surrogate_create(name, NULL, space, 1, &s, NULL), NULL);
            must(ambs_surrogate_fit(s, N, x[side], y, 1, NULL), NULL);
            must(ambs_surrogate_predict(s, N, x[!side], mean[side], sd[side], NULL), NULL);
            ambs_surrogate_destroy(s);

            char settings[64];
            snprintf(settings, sizeof settings, "surrogate=%s initial.points=8", name);
            ambs_search *search;
            ambs_spec *spec = make_spec("ambs", make_chain(), 3, settings);
            must(ambs_space_finish(spec->space, NULL), NULL);
            spec->n_initial = 8;
            spec->initial_points = malloc(8 * D * sizeof *x[0]);
            memcpy(spec->initial_points, x[side], 8 * D * sizeof *x[0]);
            must(ambs_search_create(spec, &search, NULL), NULL);
            for (size_t i = 0; i < 20; i++) {
                ambs_proposal p = {.x = asked[side][i]};
                must(ambs_search_ask(search, &p, NULL), NULL);
                ambs_outcome o = outcome_of(of_chain(space, p.x));
                must(ambs_search_tell(search, p.trial, &o, NULL), NULL);
            }
            ambs_search_destroy(search);
            drop_spec(spec);
        }
        assert_memory_equal(mean[0], mean[1], sizeof mean[0]);
        assert_memory_equal(sd[0], sd[1], sizeof sd[0]);
        for (size_t i = 0; i < 20; i++)
            assert_true(ambs_space_equal(space, asked[0][i], asked[1][i]));
    }
    ambs_space_destroy(space);
}

/* ---- sizes --------------------------------------------------------------------------------- */

/* Only the first twenty matter. */
static double of_hundred(const ambs_space *space, const double *x)
{
    double u[MOST], sum = 0;
    ambs_space_to_unit(space, x, u);
    for (size_t i = 0; i < 20; i++) sum += (u[i] - 0.7) * (u[i] - 0.7);
    return sum;
}

static void a_hundred_parameters_are_searched(void **state)
{
    (void)state;
    ambs_space *s = begin_space();
    char name[8];
    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "p%d", i);
        if (i % 3 == 0)
            add_float(s, name, 1e-3, 1, AMBS_SCALE_LOG);
        else if (i % 3 == 1)
            add_int(s, name, 0, 20);
        else
            add_levels(s, name, AMBS_PARAMETER_CATEGORICAL, 4, NAN);
    }
    ambs_spec *spec = finish_space(s, 1);
    double early, best = study(spec, of_hundred, 40, 16, &early);
    assert_true(best < early);
    drop_spec(spec);
}

static void a_space_of_two_members_ends_after_two(void **state)
{
    (void)state;
    for (int told = 0; told < 3; told++) { /* that many of them before the third ask */
        ambs_error err;
        ambs_search *search;
        ambs_spec *spec = make_spec("ambs", make_space(SPACE_TWO), 1, NULL);
        must(ambs_search_create(spec, &search, &err), &err);
        double x[2][MAX_D];
        for (int i = 0; i < 2; i++) {
            ambs_proposal p = {.x = x[i]};
            must(ambs_search_ask(search, &p, &err), &err);
            ambs_outcome o = outcome_of(x[i][0]);
            if (i < told) must(ambs_search_tell(search, p.trial, &o, &err), &err);
        }
        assert_true(x[0][0] + x[1][0] == 1);
        ambs_proposal p = {.x = x[0]};
        assert_int_equal(ambs_search_ask(search, &p, &err), AMBS_E_EXHAUSTED);
        assert_string_equal(err.text, "all 2 configurations of the space were proposed");
        ambs_search_destroy(search);
        drop_spec(spec);
    }
}

/* How many of twelve levels are not the ones looked for. The best of 80 random members has seven or
 * eight wrong. */
static double of_levels(const ambs_space *space, const double *x)
{
    double wrong = 0;
    for (size_t i = 0; i < ambs_space_dimension(space); i++)
        wrong += x[i] != (double)((3 * i + 1) % 10);
    return wrong;
}

static void a_million_million_categorical_members_are_searched(void **state)
{
    (void)state;
    static const char *const texts[10] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
    ambs_value levels[10];
    char name[8];
    bool exact;
    ambs_space *s = begin_space();
    for (size_t i = 0; i < 10; i++)
        levels[i] = (ambs_value){.kind = AMBS_VALUE_INT, .number = (double)i, .text = texts[i]};
    for (int i = 0; i < 12; i++) {
        snprintf(name, sizeof name, "c%d", i);
        ambs_parameter p = {.name = name,
                            .type = AMBS_PARAMETER_CATEGORICAL,
                            .levels = levels,
                            .n_levels = 10,
                            .initial = NAN};
        must(ambs_space_add(s, &p, NULL), NULL);
    }
    ambs_spec *spec = finish_space(s, 2);
    assert_true(ambs_space_cardinality(s, &exact) == 1e12 && exact);
    double best = study(spec, of_levels, 80, 0, NULL);
    if (best > 5) fail_msg("%g of 12 levels are wrong, expected at most 5", best);
    drop_spec(spec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_space_of_two_members_ends_after_two),
        cmocka_unit_test(three_conditions_in_one_another_are_searched),
        cmocka_unit_test(inactive_parameters_change_no_prediction_and_no_proposal),
        cmocka_unit_test(a_hundred_parameters_are_searched),
        cmocka_unit_test(a_million_million_categorical_members_are_searched),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("spaces", tests, NULL, NULL);
}
