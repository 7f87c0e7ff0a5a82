/* SPDX-License-Identifier: MIT */
/* Searches with several goals: what is on the front, that a record restores them bit for bit, and that
 * they find more than random search does. */
#include "fixture.h"

#include "numeric/pareto.h"
#include "search/goals.h"

#include "failing_alloc.h"

enum { STEPS = 60, MAX_GOALS = 4 };

static ambs_spec_goal names[MAX_GOALS] = {{.name = (char *)"f0", .target = NAN, .reference = NAN},
                                          {.name = (char *)"f1", .target = NAN, .reference = NAN},
                                          {.name = (char *)"f2", .target = NAN, .reference = NAN},
                                          {.name = (char *)"f3", .target = NAN, .reference = NAN}};

static ambs_spec *spec_of(const char *method, space_kind kind, uint64_t seed, size_t m,
                          const char *settings)
{
    ambs_spec *spec = make_spec(method, make_space(kind), seed, settings);
    spec->goals = names; /* drop_spec() leaves them alone */
    spec->n_goals = m;
    return spec;
}

static ambs_outcome outcome(size_t m, const double *values)
{
    ambs_outcome o = outcome_of(values[0]);
    for (size_t j = 1; j < m; j++) {
        snprintf(o.metrics[j - 1].name, sizeof o.metrics->name, "f%zu", j);
        o.metrics[j - 1].value = values[j];
    }
    o.n_metrics = m - 1;
    return o;
}

/* Bowls around different corners; the second is maximised where `up` is set. */
static ambs_outcome bowls(const ambs_spec *spec, const double *x)
{
    double u[MAX_D], values[MAX_GOALS];
    ambs_space_to_unit(spec->space, x, u);
    for (size_t j = 0; j < spec->n_goals; j++) {
        values[j] = 0;
        for (size_t i = 0; i < ambs_space_dimension(spec->space); i++) {
            double away = isnan(u[i]) ? 0.4 : u[i] - (i % spec->n_goals == j ? 0.9 : 0.2);
            values[j] += away * away;
        }
        values[j] *= ambs_goals_sign(spec, j);
    }
    return outcome(spec->n_goals, values);
}

/* ---- the front ------------------------------------------------------------------------------- */

static void tell_own(ambs_search *search, double a, ambs_outcome o)
{
    ambs_error err;
    uint64_t id;
    double x[3] = {a, 1, 0.1};
    must(ambs_search_tell_own(search, x, &o, &id, &err), &err);
}

static void the_front_is_what_no_other_trial_beats(void **state)
{
    (void)state;
    ambs_error err;
    ambs_search *search;
    ambs_spec *spec = spec_of("random", SPACE_CONTINUOUS, 1, 2, NULL);
    names[1].goal = AMBS_MAXIMIZE;
    must(ambs_search_create(spec, &search, &err), &err);
    uint64_t *front;
    size_t n;
    must(ambs_search_front(search, &front, &n, &err), &err);
    assert_int_equal(n, 0);
    free(front);
    const double told[][2] = {{1, 1}, {2, 5}, {0.5, -1}, {2, 5}, {2, 4}, {3, 5}};
    for (size_t i = 0; i < 6; i++) tell_own(search, (double)i, outcome(2, told[i]));
    tell_own(search, 6.5, failure());
    ambs_outcome lacks = outcome_of(-100); /* without f1: it failed */
    tell_own(search, 7.5, lacks);
    lacks = outcome(2, (const double[]){-100, NAN});
    tell_own(search, 8.5, lacks);
    lacks = outcome(2, (const double[]){0, 100});
    lacks.state = AMBS_TRIAL_PRUNED; /* has values, but was not brought to its end */
    tell_own(search, 9.5, lacks);
    must(ambs_search_front(search, &front, &n, &err), &err);
    const uint64_t expected[] = {2, 0, 1, 3};
    assert_int_equal(n, 4);
    assert_memory_equal(front, expected, sizeof expected);
    free(front);
    ambs_search_counts counts;
    ambs_search_counts_get(search, &counts);
    assert_int_equal(counts.failed, 3);
    double values[2], x[3];
    must(ambs_search_trial(search, 1, values, x, &err), &err);
    assert_true(values[0] == 2 && values[1] == 5 && x[0] == 1);
    must(ambs_search_trial(search, 7, values, x, &err), &err);
    assert_true(isnan(values[0]) && isnan(values[1]));
    assert_int_equal(ambs_search_trial(search, 99, values, x, &err), AMBS_E_NOT_FOUND);
    uint64_t best;
    double mean, sd;
    assert_int_equal(ambs_search_best_by_model(search, &best, &mean, &sd, x, &err),
                     AMBS_E_NOT_FOUND);
    assert_string_equal(err.text, "a study with several metrics has a front, no one best trial");
    names[1].goal = AMBS_MINIMIZE;
    ambs_search_destroy(search);
    drop_spec(spec);
}

static void with_one_metric_the_front_is_the_best_and_its_equals(void **state)
{
    (void)state;
    ambs_error err;
    ambs_search *search;
    ambs_spec *spec = make_spec("random", make_space(SPACE_CONTINUOUS), 1, NULL);
    must(ambs_search_create(spec, &search, &err), &err);
    for (size_t i = 0; i < 6; i++) tell_own(search, (double)i, outcome_of((double)(i / 2)));
    uint64_t *front;
    size_t n;
    must(ambs_search_front(search, &front, &n, &err), &err);
    assert_int_equal(n, 2);
    assert_true(front[0] == 0 && front[1] == 1);
    free(front);
    ambs_search_destroy(search);
    drop_spec(spec);
}

/* ---- results --------------------------------------------------------------------------------- */

static void a_result_without_a_goal_fails_with_the_nearest_name(void **state)
{
    (void)state;
    ambs_spec spec = {.goals = names, .n_goals = 2, .metric = (char *)"f0"};
    ambs_outcome o = outcome(2, (const double[]){1, 2});
    ambs_goals_settle(&spec, &o);
    assert_int_equal(o.state, AMBS_TRIAL_COMPLETE);
    strcpy(o.metrics[0].name, "f_1");
    ambs_goals_settle(&spec, &o);
    assert_int_equal(o.state, AMBS_TRIAL_FAILED);
    assert_int_equal(o.reason, AMBS_REASON_BAD_RESULT);
    assert_string_equal(o.message,
                        "the result has no finite \"f1\"; the nearest name in it is \"f_1\"");
    o = outcome_of(3);
    ambs_goals_settle(&spec, &o);
    assert_string_equal(o.message, "the result has no finite \"f1\", one of the study's 2 metrics");
    o = failure();
    ambs_goals_settle(&spec, &o);
    assert_int_equal(o.reason, AMBS_REASON_EXIT);
}

static void all_targets_must_be_reached_by_one_trial(void **state)
{
    (void)state;
    ambs_spec_goal goals[2] = {names[0], names[1]};
    ambs_spec spec = {.goals = goals, .n_goals = 2};
    assert_false(ambs_goals_reach_targets(&spec, (const double[]){-1e9, -1e9}));
    goals[0].target = 0.5;
    assert_true(ambs_goals_reach_targets(&spec, (const double[]){0.5, 1e9}));
    goals[1].goal = AMBS_MAXIMIZE;
    goals[1].target = 10;
    assert_false(ambs_goals_reach_targets(&spec, (const double[]){0.5, -9.5}));
    assert_true(ambs_goals_reach_targets(&spec, (const double[]){0.4, -10}));
    assert_false(ambs_goals_reach_targets(&spec, (const double[]){0.6, -11}));
}

static void another_acquisition_function_is_refused(void **state)
{
    (void)state;
    ambs_error err;
    ambs_search *search;
    static const struct {
        size_t m;
        const char *settings, *message;
    } rows[] = {
        {2, "acquisition=pi", "method ambs: acquisition: found pi, expected ei with 2 metrics"},
        {3, "acquisition=lcb", "method ambs: acquisition: found lcb, expected ei with 3 metrics"},
        {4, "acquisition=ei", "method ambs: acquisition: found ei, expected lcb with 4 metrics"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ambs_spec *spec = spec_of("ambs", SPACE_CONTINUOUS, 1, rows[i].m, rows[i].settings);
        assert_int_equal(ambs_search_create(spec, &search, &err), AMBS_E_INVALID);
        assert_string_equal(err.text, rows[i].message);
        drop_spec(spec);
    }
}

/* ---- the record ------------------------------------------------------------------------------ */

typedef struct made {
    ambs_proposal p;
    double x[MAX_D];
} made;

/* Trial i is settled when trial i + 5 is asked for: told, cancelled or failed by its number. With
 * `record` the first `cut` asks are restored, and the others must be as recorded. */
static void study(const ambs_spec *spec, made *m, const made *record, size_t cut)
{
    enum { WORKERS = 5 };
    ambs_error err;
    ambs_search *search;
    must(ambs_search_create(spec, &search, &err), &err);
    for (size_t i = 0; i < STEPS; i++) {
        m[i].p.x = m[i].x;
        if (record && i < cut) {
            m[i] = record[i];
            m[i].p.x = m[i].x;
            must(ambs_search_restore_ask(search, &m[i].p, &err), &err);
        } else {
            must(ambs_search_ask(search, &m[i].p, &err), &err);
        }
        if (record) {
            const ambs_proposal *a = &m[i].p, *b = &record[i].p;
            assert_true(ambs_space_equal(spec->space, m[i].x, record[i].x));
            assert_true(same_bits(a->mean, b->mean) && same_bits(a->sd, b->sd));
            assert_true(same_bits(a->acquisition, b->acquisition) && same_bits(a->lie, b->lie));
            assert_true(a->n_lies == b->n_lies && a->refitted == b->refitted);
        }
        if (i < WORKERS) continue;
        uint64_t id = i - WORKERS;
        ambs_outcome o = id % 11 == 7 ? failure() : bowls(spec, m[id].x);
        if (id % 9 == 4)
            must(ambs_search_cancel(search, id, &err), &err);
        else
            must(ambs_search_tell(search, id, &o, &err), &err);
    }
    ambs_search_destroy(search);
}

#define QUICK "candidates=20 climbs=2 rounds=2 initial.points=6 "

static void a_restored_search_goes_on_bit_for_bit(void **state)
{
    (void)state;
    static made first[STEPS], again[STEPS];
    static const struct {
        size_t m;
        const char *settings;
    } cases[] = {
        {2, QUICK "surrogate=forest trees=5 acquisition=ei"},
        {2, QUICK "surrogate=forest trees=5 acquisition=ei refit.until=12 refit.growth=0.3"},
        {3, QUICK "surrogate=forest trees=5 acquisition=ei liar=worst"},
        {4, QUICK "surrogate=forest trees=5 liar=y_mean"},
        {2, QUICK "surrogate=forest trees=5 acquisition=ei liar=none"},
        {2, QUICK "surrogate=gp starts=1 acquisition=ei refit.until=20 refit.growth=0.3"},
        {2, QUICK "surrogate=auto acquisition=ei"},
        {4, QUICK "surrogate=gp starts=1 liar=best"},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        ambs_spec *spec = spec_of("ambs", SPACE_MIXED, k, cases[k].m, cases[k].settings);
        if (k == 1) names[1].goal = AMBS_MAXIMIZE;
        if (k == 2) names[0].reference = 0.5;
        study(spec, first, NULL, 0);
        study(spec, again, first, 0);
        study(spec, again, first, STEPS / 3);
        study(spec, again, first, STEPS - 7);
        names[1].goal = AMBS_MINIMIZE;
        names[0].reference = NAN;
        drop_spec(spec);
    }
}

static void every_trial_in_flight_holds_a_lie_for_each_goal(void **state)
{
    (void)state;
    ambs_error err;
    ambs_search *search;
    double x[MAX_D];
    ambs_proposal p = {.x = x};
    ambs_spec *spec = spec_of("ambs", SPACE_MIXED, 3, 2,
                              "surrogate=forest trees=5 acquisition=ei initial.points=6");
    must(ambs_search_create(spec, &search, &err), &err);
    for (uint64_t i = 0; i < 12; i++) {
        must(ambs_search_ask(search, &p, &err), &err);
        ambs_outcome o = bowls(spec, x);
        must(ambs_search_tell(search, i, &o, &err), &err);
    }
    for (uint64_t i = 0; i < 20; i++) {
        must(ambs_search_ask(search, &p, &err), &err);
        assert_int_equal(p.n_lies, i);
        assert_true(isfinite(p.lie) && isfinite(p.mean) && isfinite(p.acquisition));
    }
    ambs_search_destroy(search);
    drop_spec(spec);
}

/* ---- quality --------------------------------------------------------------------------------- */

static double found(const ambs_spec *spec, const double *reference)
{
    enum { N = 30 };
    ambs_error err;
    ambs_search *search;
    double x[MAX_D], y[N * MAX_GOALS], work = 1e9, volume;
    ambs_proposal p = {.x = x};
    must(ambs_search_create(spec, &search, &err), &err);
    for (uint64_t i = 0; i < N; i++) {
        must(ambs_search_ask(search, &p, &err), &err);
        ambs_outcome o = bowls(spec, x);
        ambs_goals_values(spec, o.objective, o.n_metrics, o.metrics, y + i * spec->n_goals);
        must(ambs_search_tell(search, i, &o, &err), &err);
    }
    must(ambs_pareto_hypervolume(N, spec->n_goals, y, reference, &work, &volume, &err), &err);
    ambs_search_destroy(search);
    return volume;
}

static void more_is_found_than_at_random(void **state)
{
    (void)state;
    const double reference[MAX_GOALS] = {1, 1, 1, 1};
    static const struct {
        size_t m;
        const char *settings;
    } cases[] = {{2, QUICK "surrogate=gp starts=1 acquisition=ei"},
                 {3, QUICK "surrogate=gp starts=1 acquisition=ei"},
                 {4, QUICK "surrogate=gp starts=1"}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        double by_model = 0, at_random = 0;
        for (uint64_t seed = 0; seed < 2; seed++) {
            ambs_spec *a = spec_of("ambs", SPACE_CONTINUOUS, seed, cases[k].m, cases[k].settings);
            ambs_spec *b = spec_of("random", SPACE_CONTINUOUS, seed, cases[k].m, NULL);
            by_model += found(a, reference);
            at_random += found(b, reference);
            drop_spec(a);
            drop_spec(b);
        }
        if (!(by_model > at_random))
            fail_msg("case %zu: found %g, at random %g", k, by_model, at_random);
    }
}

/* One goal that never changes leaves a search for the other. */
static void a_goal_that_is_the_same_everywhere_does_no_harm(void **state)
{
    (void)state;
    ambs_error err;
    ambs_search *search;
    double x[MAX_D], least = INFINITY;
    ambs_proposal p = {.x = x};
    ambs_spec *spec =
        spec_of("ambs", SPACE_CONTINUOUS, 1, 2, QUICK "surrogate=gp starts=1 acquisition=ei");
    must(ambs_search_create(spec, &search, &err), &err);
    for (uint64_t i = 0; i < 30; i++) {
        must(ambs_search_ask(search, &p, &err), &err);
        const double values[2] = {7, bowl(spec->space, x)};
        ambs_outcome o = outcome(2, values);
        least = fmin(least, values[1]);
        must(ambs_search_tell(search, i, &o, &err), &err);
    }
    assert_true(least < 0.02);
    ambs_search_destroy(search);
    drop_spec(spec);
}

/* ---- memory ---------------------------------------------------------------------------------- */

#define SMALL "surrogate=forest trees=2 candidates=5 climbs=1 rounds=1 initial.points=4"

static void every_allocation_may_fail(void **state)
{
    (void)state;
    for (size_t m = 2; m <= MAX_GOALS; m += 2) {
        ambs_spec *spec =
            spec_of("ambs", SPACE_MIXED, 1, m, m == 2 ? SMALL " acquisition=ei" : SMALL);
        short_study study = {spec, bowls};
        assert_true(failing_alloc_each(run_short_study, &study) > 0);
        drop_spec(spec);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_front_is_what_no_other_trial_beats),
        cmocka_unit_test(with_one_metric_the_front_is_the_best_and_its_equals),
        cmocka_unit_test(a_result_without_a_goal_fails_with_the_nearest_name),
        cmocka_unit_test(all_targets_must_be_reached_by_one_trial),
        cmocka_unit_test(another_acquisition_function_is_refused),
        cmocka_unit_test(a_restored_search_goes_on_bit_for_bit),
        cmocka_unit_test(every_trial_in_flight_holds_a_lie_for_each_goal),
        cmocka_unit_test(more_is_found_than_at_random),
        cmocka_unit_test(a_goal_that_is_the_same_everywhere_does_no_harm),
        cmocka_unit_test(every_allocation_may_fail),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("search/pareto", tests, NULL, NULL);
}
