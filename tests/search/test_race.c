/* SPDX-License-Identifier: MIT */
/* Repeats of noisy trials: the rules of the race, and the search that follows them. */
#include "fixture.h"

#include "base/random.h"
#include "search/race.h"

static const ambs_repeats race_of_ten = {1, 10, 0.95}, three_each = {3, 3, 0.95};

static ambs_race *make_race(ambs_repeats repeats, uint64_t budget)
{
    ambs_error err;
    ambs_race *r;
    must(ambs_race_create(&repeats, budget, &r, &err), &err);
    return r;
}

static uint64_t out(ambs_race *r, uint64_t trial)
{
    must(ambs_race_reserve(r, NULL), NULL);
    ambs_race_asked(r, trial);
    return trial;
}

static void tell(ambs_race *r, uint64_t trial, double y)
{
    assert_int_equal(ambs_race_told(r, trial, AMBS_TRIAL_COMPLETE, y), AMBS_TRIAL_COMPLETE);
}

static void expect(const ambs_race *r, bool exhausted, ambs_race_advice advice, uint64_t trial)
{
    uint64_t id;
    assert_int_equal(ambs_race_advise(r, exhausted, &id), advice);
    if (advice == AMBS_RACE_REPEAT) assert_int_equal(id, trial);
}

/* ---- the rules ---- */

static void an_empty_race_asks_for_a_new_configuration(void **state)
{
    (void)state;
    uint64_t id;
    ambs_race *r = make_race(race_of_ten, 100);
    expect(r, false, AMBS_RACE_NEW, 0);
    expect(r, true, AMBS_RACE_NOTHING, 0);
    assert_false(ambs_race_best(r, &id));
    ambs_race_destroy(r);
    ambs_race_destroy(NULL);
}

static void each_configuration_gets_its_fixed_number(void **state)
{
    (void)state;
    ambs_race *r = make_race(three_each, 0);
    out(r, 0);
    expect(r, false, AMBS_RACE_NEW, 0); /* its second waits for the first */
    out(r, 1);
    tell(r, 1, 5);
    expect(r, false, AMBS_RACE_REPEAT, 1);
    out(r, 1);
    tell(r, 0, 1);
    expect(r, false, AMBS_RACE_REPEAT, 0);
    out(r, 0), tell(r, 0, 1), out(r, 0), tell(r, 0, 1);
    tell(r, 1, 4), out(r, 1), tell(r, 1, 3);
    expect(r, false, AMBS_RACE_NEW, 0);
    assert_int_equal(ambs_race_trial(r, 1)->sample.n, 3);
    assert_true(ambs_race_trial(r, 1)->sample.mean == 4);
    ambs_race_destroy(r);
}

/* Seven evaluations pay for two configurations of three: nothing is begun that cannot be finished. */
static void nothing_is_begun_that_the_budget_cannot_finish(void **state)
{
    (void)state;
    ambs_race *r = make_race(three_each, 7);
    out(r, 0), out(r, 1);
    expect(r, false, AMBS_RACE_WAIT, 0);
    for (int i = 0; i < 2; i++)
        for (uint64_t id = 0; id < 2; id++) {
            tell(r, id, 1);
            expect(r, false, AMBS_RACE_REPEAT, id);
            out(r, id);
        }
    expect(r, false, AMBS_RACE_NOTHING, 0);
    tell(r, 0, 1), tell(r, 1, 1);
    expect(r, false, AMBS_RACE_NOTHING, 0);
    ambs_race_destroy(r);
}

static void a_failed_configuration_frees_what_it_was_owed(void **state)
{
    (void)state;
    ambs_race *r = make_race(three_each, 7);
    out(r, 0), out(r, 1);
    assert_int_equal(ambs_race_told(r, 0, AMBS_TRIAL_FAILED, NAN), AMBS_TRIAL_FAILED);
    expect(r, false, AMBS_RACE_NEW, 0);
    ambs_race_destroy(r);
}

static void a_lead_by_one_value_is_checked(void **state)
{
    (void)state;
    ambs_race *r = make_race(race_of_ten, 1000);
    out(r, 0), tell(r, 0, 1);
    expect(r, false, AMBS_RACE_REPEAT, 0);
    out(r, 0);
    expect(r, false, AMBS_RACE_NEW, 0); /* it is in flight */
    tell(r, 0, 3);
    expect(r, false, AMBS_RACE_NEW, 0);
    out(r, 1), tell(r, 1, 9); /* no challenger */
    expect(r, false, AMBS_RACE_NEW, 0);
    out(r, 2), tell(r, 2, 1.5); /* better than the mean of 2, but by one value alone */
    expect(r, false, AMBS_RACE_REPEAT, 2);
    out(r, 2), tell(r, 2, 4.5);
    expect(r, false, AMBS_RACE_NEW, 0); /* it had luck */
    ambs_race_destroy(r);
}

/* The spread of 1 by the first two; then the last fifth of the budget decides between 0 and 1. */
static void the_end_of_the_budget_decides_between_the_best(void **state)
{
    (void)state;
    ambs_race *r = make_race((ambs_repeats){2, 10, 0.95}, 16);
    static const double y[6] = {0, 0.2, 30, 31, 32, 33};
    for (uint64_t id = 0; id < 6; id++) {
        out(r, id), tell(r, id, y[id] - 1);
        out(r, id), tell(r, id, y[id] + 1);
    }
    out(r, 6), tell(r, 6, 40), out(r, 6), tell(r, 6, 40);
    expect(r, false, AMBS_RACE_REPEAT, 0); /* equally often: the leader first */
    out(r, 0);
    expect(r, false, AMBS_RACE_REPEAT, 1);
    out(r, 1);
    expect(r, false, AMBS_RACE_NEW, 0); /* the budget is spent: who asks on, searches on */
    ambs_race_destroy(r);
}

static void what_is_known_is_not_repeated(void **state)
{
    (void)state;
    ambs_race *r = make_race((ambs_repeats){2, 10, 0.95}, 10);
    for (uint64_t id = 0; id < 4; id++) {
        out(r, id), tell(r, id, 10.0 * (double)id - 0.1);
        out(r, id), tell(r, id, 10.0 * (double)id + 0.1);
    }
    expect(r, false, AMBS_RACE_NEW, 0);
    ambs_race_destroy(r);
}

static void an_exhausted_space_is_decided(void **state)
{
    (void)state;
    ambs_race *r = make_race((ambs_repeats){1, 3, 0.95}, 0);
    out(r, 0), out(r, 1);
    expect(r, true, AMBS_RACE_WAIT, 0);
    tell(r, 0, 0), tell(r, 1, 0.1);
    int n = 0;
    uint64_t id;
    while (ambs_race_advise(r, true, &id) == AMBS_RACE_REPEAT) {
        out(r, id), tell(r, id, n % 2 ? 0 : 0.2);
        assert_true(++n < 10);
    }
    assert_int_equal(ambs_race_trial(r, 0)->sample.n, 3);
    assert_int_equal(ambs_race_trial(r, 1)->sample.n, 3);
    expect(r, true, AMBS_RACE_NOTHING, 0);
    ambs_race_destroy(r);
}

static void one_lucky_value_does_not_win(void **state)
{
    (void)state;
    uint64_t best;
    ambs_race *r = make_race(race_of_ten, 0);
    out(r, 0), tell(r, 0, 1), out(r, 0), tell(r, 0, 1.4), out(r, 0), tell(r, 0, 0.6);
    out(r, 1), tell(r, 1, 0.5);
    assert_true(ambs_race_best(r, &best));
    assert_int_equal(best, 0);
    /* t of 0.975 with two degrees of freedom: 4.302652729911275 (scipy) */
    assert_float_equal(ambs_race_reach(r, 0), 4.302652729911275 * 0.4 / sqrt(3), 1e-9);
    ambs_race_destroy(r);
}

static void a_trial_fails_once_no_more_evaluations_succeeded_than_failed(void **state)
{
    (void)state;
    ambs_race *r = make_race(race_of_ten, 0);
    out(r, 0), tell(r, 0, 1), out(r, 0), tell(r, 0, 1);
    out(r, 0);
    assert_int_equal(ambs_race_told(r, 0, AMBS_TRIAL_FAILED, NAN), AMBS_TRIAL_COMPLETE);
    out(r, 0);
    assert_int_equal(ambs_race_told(r, 0, AMBS_TRIAL_FAILED, NAN), AMBS_TRIAL_FAILED);
    uint64_t best;
    assert_false(ambs_race_best(r, &best));
    expect(r, false, AMBS_RACE_NEW, 0);
    ambs_race_destroy(r);
}

/* ---- the search ---- */

typedef struct operation {
    enum { ASK, TELL, CANCEL } kind;
    uint64_t trial;
    ambs_outcome outcome;
    ambs_proposal proposal;
    double x[MAX_D];
} operation;

enum { MAX_LOG = 400 };
typedef struct record {
    operation of[MAX_LOG];
    size_t n;
} record;

static ambs_search *make_search(const ambs_spec *spec)
{
    ambs_error err;
    ambs_search *s;
    must(ambs_search_create(spec, &s, &err), &err);
    return s;
}

static ambs_outcome noisy(const ambs_spec *spec, const operation *ask, double sd)
{
    ambs_random random;
    ambs_random_init(&random, ambs_evaluation_seed(spec->seed, ask->proposal.repeat), ask->trial,
                     AMBS_PURPOSE_OBJECTIVE);
    if (ambs_random_uniform(&random) < 0.1) return failure();
    return outcome_of(bowl(spec->space, ask->x) + sd * ambs_random_normal(&random));
}

/* Runs the search with up to `flight` evaluations out at a time; what came out is the log. */
static void run(const ambs_spec *spec, ambs_search *s, size_t n_asks, size_t flight, double sd,
                record *l)
{
    ambs_random random;
    ambs_error err;
    size_t flying[16], n = 0;
    ambs_random_init(&random, spec->seed, n_asks, AMBS_PURPOSE_TEST);
    for (size_t asks = 0; asks < n_asks || n > 0;) {
        int rc = AMBS_E_AGAIN;
        operation *o = &l->of[l->n];
        if (asks < n_asks && n < flight) {
            *o = (operation){.kind = ASK, .proposal.x = o->x};
            rc = ambs_search_ask(s, &o->proposal, &err);
            if (rc == AMBS_E_EXHAUSTED && n == 0) return;
            if (rc != AMBS_E_AGAIN && rc != AMBS_E_EXHAUSTED) must(rc, &err);
        }
        if (rc == AMBS_OK) {
            o->trial = o->proposal.trial;
            flying[n++] = l->n++;
            asks++;
            continue;
        }
        assert_true(n > 0); /* it never waits for nothing */
        size_t i = (size_t)ambs_random_below(&random, n);
        const operation *ask = &l->of[flying[i]];
        flying[i] = flying[--n];
        *o = (operation){.kind = TELL, .trial = ask->trial, .outcome = noisy(spec, ask, sd)};
        if (ambs_random_uniform(&random) < 0.05) {
            o->kind = CANCEL;
            must(ambs_search_cancel(s, o->trial, &err), &err);
        } else {
            must(ambs_search_tell(s, o->trial, &o->outcome, &err), &err);
        }
        l->n++;
    }
}

static void restore(ambs_search *s, const record *l, size_t n)
{
    ambs_error err;
    for (size_t i = 0; i < n; i++) {
        const operation *o = &l->of[i];
        int rc = o->kind == ASK    ? ambs_search_restore_ask(s, &o->proposal, &err)
                 : o->kind == TELL ? ambs_search_tell(s, o->trial, &o->outcome, &err)
                                   : ambs_search_cancel(s, o->trial, &err);
        must(rc, &err);
    }
}

static void assert_same_ask(const operation *a, const ambs_proposal *p, size_t d)
{
    assert_int_equal(a->proposal.trial, p->trial);
    assert_int_equal(a->proposal.repeat, p->repeat);
    assert_int_equal(a->proposal.origin, p->origin);
    assert_true(same_bits(a->proposal.mean, p->mean) && same_bits(a->proposal.sd, p->sd));
    assert_true(same_bits(a->proposal.lie, p->lie));
    for (size_t i = 0; i < d; i++) assert_true(same_bits(a->x[i], p->x[i]));
}

static const char *const methods[] = {"ambs",      "random",         "sobol", "tpe",
                                      "evolution", "coarse_to_fine", "lhs"};
enum { N_METHODS = sizeof methods / sizeof *methods };

static ambs_spec *make_noisy_spec(size_t m, ambs_repeats repeats)
{
    ambs_spec *spec = make_spec(methods[m], make_space(SPACE_MIXED), 3 + m,
                                m == 0 ? "surrogate=forest initial.points=5" : NULL);
    spec->repeats = repeats;
    spec->budget.trials = 90;
    return spec;
}

/* From any moment on a restored search proposes, and repeats, the same bits. */
static void a_restored_search_repeats_the_same_trials(void **state)
{
    (void)state;
    ambs_error err;
    for (size_t m = 0; m < N_METHODS; m++)
        for (int policy = 0; policy < 2; policy++) {
            ambs_spec *spec = make_noisy_spec(m, policy ? three_each : race_of_ten);
            size_t d = ambs_space_dimension(spec->space), n_repeats = 0;
            record *l = calloc(1, sizeof *l);
            ambs_search *s = make_search(spec);
            run(spec, s, 80, 4, 0.5, l);
            for (size_t at = 0; at < l->n; at++) {
                if (l->of[at].kind != ASK) continue;
                n_repeats += l->of[at].proposal.repeat > 0;
                if (at % 9 != 0) continue;
                double x[MAX_D];
                ambs_proposal p = {.x = x};
                ambs_search *again = make_search(spec);
                restore(again, l, at);
                must(ambs_search_ask(again, &p, &err), &err);
                assert_same_ask(&l->of[at], &p, d);
                ambs_search_destroy(again);
            }
            assert_true(n_repeats > 5);
            ambs_search_destroy(s);
            free(l);
            drop_spec(spec);
        }
}

static void the_value_of_a_trial_is_the_mean_of_its_evaluations(void **state)
{
    (void)state;
    ambs_error err;
    ambs_spec *spec = make_noisy_spec(1, three_each);
    spec->goal = AMBS_MAXIMIZE;
    ambs_search *s = make_search(spec);
    double x[MAX_D], mean, reach, best;
    uint64_t n, id;
    ambs_proposal p = {.x = x};
    static const double values[] = {1, 2, 6};
    for (uint32_t i = 0; i < 3; i++) {
        must(ambs_search_ask(s, &p, &err), &err);
        assert_int_equal(p.trial, 0);
        assert_int_equal(p.repeat, i);
        assert_true(isnan(p.mean) && isnan(p.lie));
        ambs_outcome o = outcome_of(values[i]);
        must(ambs_search_tell(s, 0, &o, &err), &err);
        assert_int_equal(ambs_search_tell(s, 0, &o, &err), AMBS_E_INVALID);
        assert_string_equal(err.text, "trial 0 is complete already, so there is nothing to tell");
    }
    must(ambs_search_evaluations(s, 0, &n, &mean, &reach, &err), &err);
    assert_int_equal(n, 3);
    assert_true(mean == 3);
    must(ambs_search_best(s, &id, &best, x, &err), &err);
    assert_true(id == 0 && best == 3);
    ambs_search_counts c;
    ambs_search_counts_get(s, &c);
    assert_int_equal(c.asked, 3);
    assert_int_equal(c.told, 3);
    assert_int_equal(c.complete, 1);
    assert_int_equal(c.in_flight, 0);
    assert_int_equal(ambs_search_evaluations(s, 1, &n, &mean, &reach, &err), AMBS_E_NOT_FOUND);
    assert_string_equal(err.text, "there is no trial 1; 1 trials were made");
    ambs_search_destroy(s);
    drop_spec(spec);
}

static void a_withdrawn_repeat_leaves_the_trial_as_it_was(void **state)
{
    (void)state;
    ambs_error err;
    ambs_spec *spec = make_noisy_spec(1, three_each);
    ambs_search *s = make_search(spec);
    double x[MAX_D], mean, reach;
    uint64_t n;
    ambs_proposal p = {.x = x};
    ambs_outcome o = outcome_of(1);
    must(ambs_search_ask(s, &p, &err), &err);
    must(ambs_search_tell(s, 0, &o, &err), &err);
    must(ambs_search_ask(s, &p, &err), &err);
    assert_int_equal(p.repeat, 1);
    must(ambs_search_cancel(s, 0, &err), &err);
    assert_int_equal(ambs_search_cancel(s, 0, &err), AMBS_E_INVALID);
    must(ambs_search_evaluations(s, 0, &n, &mean, &reach, &err), &err);
    assert_true(n == 1 && mean == 1);
    must(ambs_search_ask(s, &p, &err), &err);
    assert_true(p.trial == 0 && p.repeat == 2); /* its number does not come again */
    ambs_search_destroy(s);
    drop_spec(spec);
}

static void a_record_that_cannot_be_is_refused(void **state)
{
    (void)state;
    ambs_error err;
    ambs_spec *spec = make_noisy_spec(1, three_each);
    ambs_search *s = make_search(spec);
    double x[MAX_D];
    ambs_proposal p = {.x = x};
    must(ambs_search_ask(s, &p, &err), &err);
    p.repeat = 1;
    assert_int_equal(ambs_search_restore_ask(s, &p, &err), AMBS_E_MISMATCH);
    assert_string_equal(err.text,
                        "repeat 1 of trial 0 as recorded is not one that can be made here");
    ambs_search_destroy(s);
    drop_spec(spec);
}

/* Two members, three evaluations each: the space is exhausted once they all were made. */
static void an_exhausted_space_is_repeated_to_the_end(void **state)
{
    (void)state;
    ambs_spec *spec = make_spec("random", make_space(SPACE_TWO), 1, NULL);
    spec->repeats = three_each;
    record *l = calloc(1, sizeof *l);
    ambs_search *s = make_search(spec);
    size_t n = 0;
    double x[MAX_D];
    ambs_error err;
    ambs_proposal p = {.x = x};
    ambs_outcome o = outcome_of(1);
    must(ambs_search_ask(s, &p, &err), &err);
    must(ambs_search_ask(s, &p, &err), &err);
    assert_int_equal(ambs_search_ask(s, &p, &err), AMBS_E_AGAIN);
    must(ambs_search_tell(s, 0, &o, &err), &err);
    must(ambs_search_tell(s, 1, &o, &err), &err);
    while (ambs_search_ask(s, &p, &err) == AMBS_OK) {
        must(ambs_search_tell(s, p.trial, &o, &err), &err);
        n++;
    }
    assert_int_equal(err.code, AMBS_E_EXHAUSTED);
    assert_int_equal(n, 4);
    ambs_search_destroy(s);
    free(l);
    drop_spec(spec);
}

/* Twenty bowls under noise of their own range: the race's choice is truly better than that of the
 * least single value, over 40 seeds. */
static void a_race_finds_a_truly_better_configuration(void **state)
{
    (void)state;
    enum { SEEDS = 40 };
    double with = 0, without = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++)
        for (int races = 0; races < 2; races++) {
            ambs_error err;
            ambs_spec *spec = make_spec("random", make_space(SPACE_CONTINUOUS), seed, NULL);
            spec->repeats = races ? race_of_ten : (ambs_repeats){1, 1, 0.95};
            spec->budget.trials = 100;
            ambs_search *s = make_search(spec);
            double x[MAX_D], value;
            uint64_t id;
            operation o = {.kind = ASK};
            o.proposal.x = o.x;
            for (int i = 0; i < 100; i++) {
                must(ambs_search_ask(s, &o.proposal, &err), &err);
                o.trial = o.proposal.trial;
                ambs_random random;
                ambs_random_init(&random, ambs_evaluation_seed(seed, o.proposal.repeat), o.trial,
                                 AMBS_PURPOSE_OBJECTIVE);
                ambs_outcome told =
                    outcome_of(bowl(spec->space, o.x) + 0.5 * ambs_random_normal(&random));
                must(ambs_search_tell(s, o.trial, &told, &err), &err);
            }
            must(ambs_search_best(s, &id, &value, x, &err), &err);
            *(races ? &with : &without) += bowl(spec->space, x) / SEEDS;
            ambs_search_destroy(s);
            drop_spec(spec);
        }
    assert_true(with < 0.8 * without);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_race_asks_for_a_new_configuration),
        cmocka_unit_test(each_configuration_gets_its_fixed_number),
        cmocka_unit_test(nothing_is_begun_that_the_budget_cannot_finish),
        cmocka_unit_test(a_failed_configuration_frees_what_it_was_owed),
        cmocka_unit_test(a_lead_by_one_value_is_checked),
        cmocka_unit_test(the_end_of_the_budget_decides_between_the_best),
        cmocka_unit_test(what_is_known_is_not_repeated),
        cmocka_unit_test(an_exhausted_space_is_decided),
        cmocka_unit_test(one_lucky_value_does_not_win),
        cmocka_unit_test(a_trial_fails_once_no_more_evaluations_succeeded_than_failed),
        cmocka_unit_test(a_restored_search_repeats_the_same_trials),
        cmocka_unit_test(the_value_of_a_trial_is_the_mean_of_its_evaluations),
        cmocka_unit_test(a_withdrawn_repeat_leaves_the_trial_as_it_was),
        cmocka_unit_test(a_record_that_cannot_be_is_refused),
        cmocka_unit_test(an_exhausted_space_is_repeated_to_the_end),
        cmocka_unit_test(a_race_finds_a_truly_better_configuration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
