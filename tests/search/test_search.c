/* SPDX-License-Identifier: MIT */
/* The driver, and what every method of the registry must keep. */
#include "fixture.h"

#include "base/random.h"

/* Small models, so that many studies are quick; what they must keep does not depend on size. */
static const char *quick(const char *method)
{
    return strcmp(method, "ambs") == 0 ? "surrogate=forest trees=8 candidates=60 climbs=2 rounds=3 "
                                         "refit.until=40 refit.growth=0.2"
                                       : NULL;
}

/* ---- degenerate ---------------------------------------------------------------------------- */

static void a_space_is_exhausted_exactly_when_each_member_was_proposed(void **state)
{
    (void)state;
    const size_t members[N_SPACES] = {[SPACE_SMALL] = 60,
                                      [SPACE_CONDITIONAL] = 11,
                                      [SPACE_ONE] = 1,
                                      [SPACE_TWO] = 2,
                                      [SPACE_CONSTANTS] = 1};
    for (size_t m = 0; ambs_method_registry[m]; m++) {
        const char *name = ambs_method_registry[m]->member.name;
        if (strcmp(name, "hostile") == 0) continue;
        for (space_kind kind = 0; kind < N_SPACES; kind++) {
            if (members[kind] == 0) continue;
            ambs_error err;
            ambs_search *search;
            ambs_spec *spec = make_spec(name, make_space(kind), 3, quick(name));
            must(ambs_search_create(spec, &search, &err), &err);
            double x[MAX_D];
            ambs_proposal p = {.x = x};
            for (size_t i = 0; i < members[kind]; i++) {
                must(ambs_search_ask(search, &p, &err), &err);
                assert_int_equal(p.trial, i);
                assert_true(ambs_space_contains(spec->space, x, NULL));
                ambs_outcome o = outcome_of(bowl(spec->space, x));
                if (i % 2) must(ambs_search_tell(search, p.trial, &o, &err), &err);
            }
            assert_int_equal(ambs_search_ask(search, &p, &err), AMBS_E_EXHAUSTED);
            must(ambs_search_cancel(search, 0, &err), &err);
            must(ambs_search_ask(search, &p, &err), &err);
            assert_int_equal(p.trial, members[kind]);
            assert_int_equal(ambs_search_ask(search, &p, &err), AMBS_E_EXHAUSTED);
            ambs_search_destroy(search);
            drop_spec(spec);
        }
    }
}

static void unknown_and_settled_trials_are_refused(void **state)
{
    (void)state;
    ambs_error err;
    ambs_search *search;
    ambs_spec *spec = make_spec("random", make_space(SPACE_SMALL), 3, NULL);
    must(ambs_search_create(spec, &search, &err), &err);
    double x[MAX_D], y;
    uint64_t id;
    ambs_decision decision;
    ambs_proposal p = {.x = x};
    ambs_outcome o = outcome_of(1);
    assert_int_equal(ambs_search_best(search, &id, &y, x, &err), AMBS_E_NOT_FOUND);
    assert_int_equal(ambs_search_tell(search, 0, &o, &err), AMBS_E_NOT_FOUND);
    assert_string_equal(err.text, "there is no trial 0 to tell; 0 trials were made");
    must(ambs_search_ask(search, &p, &err), &err);
    must(ambs_search_report(search, 0, 1, 0.5, &decision, &err), &err);
    assert_int_equal(decision, AMBS_CONTINUE);
    o.state = AMBS_TRIAL_RUNNING;
    assert_int_equal(ambs_search_tell(search, 0, &o, &err), AMBS_E_INVALID);
    o.state = AMBS_TRIAL_COMPLETE;
    must(ambs_search_tell(search, 0, &o, &err), &err);
    assert_int_equal(ambs_search_tell(search, 0, &o, &err), AMBS_E_INVALID);
    assert_string_equal(err.text, "trial 0 is complete already, so there is nothing to tell");
    assert_int_equal(ambs_search_cancel(search, 0, &err), AMBS_E_INVALID);
    assert_int_equal(ambs_search_report(search, 0, 1, 0.5, &decision, &err), AMBS_E_INVALID);
    assert_int_equal(ambs_search_tell_own(search, x, &o, &id, &err), AMBS_E_INVALID);
    assert_string_equal(err.text, "the configuration told is that of trial 0 already");
    x[0] = 99;
    assert_int_equal(ambs_search_tell_own(search, x, &o, &id, &err), AMBS_E_INVALID);
    ambs_search_destroy(search);
    drop_spec(spec);
}

static void a_hostile_method_gets_nothing_wrong_past_the_driver(void **state)
{
    (void)state;
    ambs_error err;
    ambs_search *search;
    ambs_spec *spec = make_spec("hostile", make_space(SPACE_MIXED), 3, NULL);
    must(ambs_search_create(spec, &search, &err), &err);
    double x[MAX_D];
    ambs_proposal p = {.x = x};
    for (size_t i = 0; i < 40; i++) {
        int rc = ambs_search_ask(search, &p, &err);
        assert_int_equal(rc, i % 4 == 0 ? AMBS_OK : AMBS_E_NUMERIC);
    }
    ambs_search_counts counts;
    ambs_search_counts_get(search, &counts);
    assert_int_equal(counts.asked, 10);
    assert_int_equal(counts.in_flight, 10);
    ambs_search_destroy(search);
    drop_spec(spec);
}

/* ---- initial points ------------------------------------------------------------------------ */

static void the_users_points_and_defaults_come_first_and_again_when_cancelled(void **state)
{
    (void)state;
    ambs_error err;
    ambs_search *search;
    ambs_spec *spec = make_spec("random", make_space(SPACE_SMALL), 3, NULL);
    const double points[9] = {1, 3, 4, 2, 2, 2, 1, 3, 4}; /* the third repeats the first */
    spec->initial_points = malloc(sizeof points);
    memcpy(spec->initial_points, points, sizeof points);
    spec->n_initial = 3;
    must(ambs_search_create(spec, &search, &err), &err);
    double x[MAX_D];
    ambs_proposal p = {.x = x};
    must(ambs_search_ask(search, &p, &err), &err);
    assert_int_equal(p.origin, AMBS_ORIGIN_POINT);
    assert_memory_equal(x, points, 3 * sizeof *x);
    must(ambs_search_cancel(search, 0, &err), &err);
    must(ambs_search_ask(search, &p, &err), &err);
    assert_int_equal(p.trial, 1);
    assert_int_equal(p.origin, AMBS_ORIGIN_POINT);
    assert_memory_equal(x, points, 3 * sizeof *x);
    must(ambs_search_ask(search, &p, &err), &err);
    assert_memory_equal(x, points + 3, 3 * sizeof *x);
    must(ambs_search_ask(search, &p, &err), &err);
    assert_int_equal(p.origin, AMBS_ORIGIN_DEFAULT);
    assert_true(x[1] == 2); /* the one parameter that has a default */
    must(ambs_search_ask(search, &p, &err), &err);
    assert_int_equal(p.origin, AMBS_ORIGIN_RANDOM);
    ambs_search_destroy(search);
    drop_spec(spec);
}

/* ---- properties of every method ------------------------------------------------------------ */

typedef enum step_kind { STEP_ASK, STEP_TELL, STEP_OWN, STEP_CANCEL } step_kind;
typedef struct step {
    step_kind kind;
    uint64_t trial;
    ambs_outcome outcome;
    ambs_proposal proposal;
    double x[MAX_D];
} step;

enum { STEPS = 160 };

static ambs_outcome random_outcome(const ambs_space *space, const double *x, ambs_random *r,
                                   double sign)
{
    switch (ambs_random_below(r, 10)) {
    case 0:
        return failure();
    case 1:
        return outcome_of(NAN);
    case 2:
        return (ambs_outcome){.state = AMBS_TRIAL_PRUNED, .objective = sign * (1 + bowl(space, x))};
    default:
        return outcome_of(sign * bowl(space, x));
    }
}

/* A random study of STEPS operations; the steps as a record of it. */
static void live(const ambs_spec *spec, uint64_t seed, size_t max_flight, double sign,
                 step *ret_steps)
{
    ambs_error err;
    ambs_search *search;
    ambs_random r;
    ambs_random_init(&r, seed, 0, AMBS_PURPOSE_TEST);
    must(ambs_search_create(spec, &search, &err), &err);
    ambs_space_set *open;
    must(ambs_space_set_create(spec->space, &open, &err), &err);
    size_t d = ambs_space_dimension(spec->space), n_flight = 0;
    struct {
        uint64_t id;
        double x[MAX_D];
    } flight[128];
    for (size_t i = 0; i < STEPS; i++) {
        step *s = &ret_steps[i];
        *s = (step){.kind = STEP_ASK};
        uint64_t dice = ambs_random_below(&r, 20);
        if (n_flight > 0 && (n_flight >= max_flight || dice >= 10)) {
            s->kind = dice == 19 ? STEP_CANCEL : STEP_TELL;
            size_t k = (size_t)ambs_random_below(&r, n_flight);
            s->trial = flight[k].id;
            s->outcome = random_outcome(spec->space, flight[k].x, &r, sign);
            if (s->kind == STEP_CANCEL) {
                must(ambs_search_cancel(search, s->trial, &err), &err);
                assert_true(ambs_space_set_remove(open, flight[k].x));
            } else {
                must(ambs_search_tell(search, s->trial, &s->outcome, &err), &err);
            }
            flight[k] = flight[--n_flight];
            continue;
        }
        bool added;
        if (dice == 0) {
            must(ambs_space_sample(spec->space, &r, s->x, &err), &err);
            if (!ambs_space_set_has(open, s->x, NULL)) {
                s->kind = STEP_OWN;
                s->outcome = random_outcome(spec->space, s->x, &r, sign);
                must(ambs_search_tell_own(search, s->x, &s->outcome, &s->trial, &err), &err);
                must(ambs_space_set_add(open, s->x, 0, NULL, &err), &err);
                continue;
            }
        }
        s->proposal.x = s->x;
        if (dice == 1) {
            double x[MAX_D];
            must(ambs_space_sample(spec->space, &r, x, &err), &err);
            int rc = ambs_search_enqueue(search, x, &err);
            assert_true(rc == AMBS_OK || rc == AMBS_E_INVALID);
        }
        must(ambs_search_ask(search, &s->proposal, &err), &err);
        assert_true(ambs_space_contains(spec->space, s->x, NULL));
        must(ambs_space_set_add(open, s->x, 0, &added, &err), &err);
        assert_true(added); /* no configuration twice but for cancelled ones */
        flight[n_flight].id = s->proposal.trial;
        memcpy(flight[n_flight++].x, s->x, d * sizeof *s->x);
    }
    ambs_space_set_destroy(open);
    ambs_search_destroy(search);
}

static void expect_same(const ambs_space *space, const ambs_proposal *a, const ambs_proposal *b)
{
    assert_int_equal(a->trial, b->trial);
    assert_int_equal(a->origin, b->origin);
    assert_true(ambs_space_equal(space, a->x, b->x));
    assert_true(same_bits(a->mean, b->mean) && same_bits(a->sd, b->sd));
    assert_true(same_bits(a->acquisition, b->acquisition) && same_bits(a->lie, b->lie));
    assert_int_equal(a->n_told, b->n_told);
    assert_int_equal(a->n_lies, b->n_lies);
    assert_int_equal(a->refitted, b->refitted);
}

/* The first `cut` steps from the record, the others live: every proposal must be the recorded one.
 */
static void resume_and_compare(const ambs_spec *spec, const step *steps, size_t cut)
{
    ambs_error err;
    ambs_search *search;
    must(ambs_search_create(spec, &search, &err), &err);
    for (size_t i = 0; i < STEPS; i++) {
        const step *s = &steps[i];
        double x[MAX_D];
        ambs_proposal p = {.x = x};
        uint64_t id;
        if (s->kind == STEP_TELL)
            must(ambs_search_tell(search, s->trial, &s->outcome, &err), &err);
        else if (s->kind == STEP_CANCEL)
            must(ambs_search_cancel(search, s->trial, &err), &err);
        else if (s->kind == STEP_OWN)
            must(ambs_search_tell_own(search, s->x, &s->outcome, &id, &err), &err);
        else if (i < cut)
            must(ambs_search_restore_ask(search, &s->proposal, &err), &err);
        else {
            if (s->proposal.origin == AMBS_ORIGIN_ENQUEUED)
                must(ambs_search_enqueue(search, s->x, &err), &err);
            must(ambs_search_ask(search, &p, &err), &err);
            expect_same(spec->space, &p, &s->proposal);
        }
    }
    ambs_search_destroy(search);
}

static bool large_enough(space_kind kind)
{
    return kind == SPACE_MIXED || kind == SPACE_CONTINUOUS || kind == SPACE_HUGE;
}

static void a_restored_search_goes_on_bit_for_bit(void **state)
{
    (void)state;
    static step steps[STEPS];
    for (size_t m = 0; ambs_method_registry[m]; m++) {
        const char *name = ambs_method_registry[m]->member.name;
        if (strcmp(name, "hostile") == 0) continue;
        for (space_kind kind = 0; kind < N_SPACES; kind++) {
            /* A grid of a huge space is refused, so it has its own test. */
            if (!large_enough(kind) || (strcmp(name, "grid") == 0 && kind == SPACE_HUGE)) continue;
            for (uint64_t seed = 0; seed < 3; seed++) {
                ambs_spec *spec = make_spec(name, make_space(kind), seed, quick(name));
                ambs_random r;
                ambs_random_init(&r, seed, 1, AMBS_PURPOSE_TEST);
                live(spec, seed, seed == 2 ? 64 : 1 + (size_t)ambs_random_below(&r, 20), 1, steps);
                resume_and_compare(spec, steps, 0);
                resume_and_compare(spec, steps, (size_t)ambs_random_below(&r, STEPS));
                resume_and_compare(spec, steps, (size_t)ambs_random_below(&r, STEPS));
                drop_spec(spec);
            }
        }
    }
}

/* A Gaussian process has a factor that grows and shrinks, and lies that are renewed at a fit; a
 * portfolio has models that rest while it is another's turn. */
static void a_restored_model_goes_on_bit_for_bit(void **state)
{
    (void)state;
    static step steps[STEPS];
    static const char *const settings[] = {
        "surrogate=gp starts=1 candidates=40 climbs=2 rounds=2",
        "surrogate=gp starts=2 candidates=40 climbs=2 rounds=2 refit.until=20 refit.growth=0.3",
        "surrogate=gp starts=1 fit_rows=20 liar=worst candidates=40 climbs=2 rounds=2",
        "surrogate=auto candidates=40 climbs=2 rounds=2",
        "surrogate=auto transform=log liar=y_mean candidates=40 climbs=2 rounds=2 refit.until=20",
        "surrogate=auto acquisition=hedge eta=1 candidates=40 climbs=2 rounds=2",
        "surrogate=extra_trees trees=8 variance=quantiles acquisition=thompson candidates=40 "
        "climbs=2 rounds=2",
        "surrogate=auto transform=half_rank acquisition=ucb_pe candidates=40 climbs=2 rounds=2",
        "surrogate=auto transform=gaussian acquisition=thompson candidates=40 screened=100 "
        "climbs=2 rounds=2",
        "surrogate=gp hyperparameters=mcmc samples=2 acquisition=thompson candidates=40 "
        "screened=100 climbs=2 rounds=2"};
    for (uint64_t k = 0; k < sizeof settings / sizeof *settings; k++) {
        ambs_spec *spec = make_spec("ambs", make_space(SPACE_MIXED), k, settings[k]);
        live(spec, k, 12, 1, steps);
        resume_and_compare(spec, steps, STEPS / 4);
        resume_and_compare(spec, steps, STEPS - 10);
        drop_spec(spec);
    }
}

static void maximising_is_minimising_the_negative_bit_for_bit(void **state)
{
    (void)state;
    static step down[STEPS], up[STEPS];
    for (size_t m = 0; ambs_method_registry[m]; m++) {
        const char *name = ambs_method_registry[m]->member.name;
        if (strcmp(name, "hostile") == 0) continue;
        ambs_spec *spec = make_spec(name, make_space(SPACE_MIXED), 5, quick(name));
        live(spec, 9, 8, 1, down);
        spec->goal = AMBS_MAXIMIZE;
        live(spec, 9, 8, -1, up);
        for (size_t i = 0; i < STEPS; i++) {
            if (down[i].kind != STEP_ASK) continue;
            up[i].proposal.x = up[i].x;
            down[i].proposal.x = down[i].x;
            up[i].proposal.mean = -up[i].proposal.mean;
            expect_same(spec->space, &up[i].proposal, &down[i].proposal);
        }
        drop_spec(spec);
    }
}

static void sixty_four_asks_in_a_row_are_distinct(void **state)
{
    (void)state;
    for (size_t m = 0; ambs_method_registry[m]; m++) {
        const char *name = ambs_method_registry[m]->member.name;
        if (strcmp(name, "hostile") == 0 || strcmp(name, "grid") == 0) continue;
        ambs_error err;
        ambs_search *search;
        ambs_spec *spec = make_spec(name, make_space(SPACE_HUGE), 1, quick(name));
        must(ambs_search_create(spec, &search, &err), &err);
        ambs_space_set *seen;
        must(ambs_space_set_create(spec->space, &seen, &err), &err);
        double x[MAX_D];
        ambs_proposal p = {.x = x};
        for (size_t i = 0; i < 30 + 64; i++) {
            bool added;
            must(ambs_search_ask(search, &p, &err), &err);
            must(ambs_space_set_add(seen, x, i, &added, &err), &err);
            assert_true(added);
            ambs_outcome o = outcome_of(bowl(spec->space, x));
            if (i < 30) must(ambs_search_tell(search, p.trial, &o, &err), &err);
        }
        ambs_search_counts counts;
        ambs_search_counts_get(search, &counts);
        assert_int_equal(counts.in_flight, 64);
        ambs_space_set_destroy(seen);
        ambs_search_destroy(search);
        drop_spec(spec);
    }
}

static void a_study_where_every_trial_fails_goes_on(void **state)
{
    (void)state;
    for (size_t m = 0; ambs_method_registry[m]; m++) {
        const char *name = ambs_method_registry[m]->member.name;
        if (strcmp(name, "hostile") == 0) continue;
        ambs_error err;
        ambs_search *search;
        ambs_spec *spec = make_spec(name, make_space(SPACE_MIXED), 1, quick(name));
        must(ambs_search_create(spec, &search, &err), &err);
        double x[MAX_D];
        ambs_proposal p = {.x = x};
        for (size_t i = 0; i < 60; i++) {
            ambs_outcome o = i % 2 ? failure() : outcome_of(i % 4 ? NAN : INFINITY);
            must(ambs_search_ask(search, &p, &err), &err);
            must(ambs_search_tell(search, p.trial, &o, &err), &err);
        }
        ambs_search_counts counts;
        ambs_search_counts_get(search, &counts);
        assert_int_equal(counts.failed, 60);
        ambs_search_destroy(search);
        drop_spec(spec);
    }
}

static void a_record_of_another_study_is_refused(void **state)
{
    (void)state;
    ambs_error err;
    ambs_search *search;
    ambs_spec *spec = make_spec("random", make_space(SPACE_SMALL), 3, NULL);
    must(ambs_search_create(spec, &search, &err), &err);
    double x[3] = {1, 2, 3};
    ambs_proposal p = {.trial = 5, .origin = AMBS_ORIGIN_RANDOM, .lie = NAN, .x = x};
    assert_int_equal(ambs_search_restore_ask(search, &p, &err), AMBS_E_MISMATCH);
    assert_string_equal(err.text, "found the record of trial 5, expected that of trial 0");
    p.trial = 0;
    assert_int_equal(ambs_search_restore_ask(search, &p, &err),
                     AMBS_E_MISMATCH); /* the default comes first */
    x[2] = 7;
    assert_int_equal(ambs_search_restore_ask(search, &p, &err), AMBS_E_MISMATCH);
    ambs_search_destroy(search);
    drop_spec(spec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_space_is_exhausted_exactly_when_each_member_was_proposed),
        cmocka_unit_test(unknown_and_settled_trials_are_refused),
        cmocka_unit_test(a_hostile_method_gets_nothing_wrong_past_the_driver),
        cmocka_unit_test(the_users_points_and_defaults_come_first_and_again_when_cancelled),
        cmocka_unit_test(a_restored_search_goes_on_bit_for_bit),
        cmocka_unit_test(a_restored_model_goes_on_bit_for_bit),
        cmocka_unit_test(maximising_is_minimising_the_negative_bit_for_bit),
        cmocka_unit_test(sixty_four_asks_in_a_row_are_distinct),
        cmocka_unit_test(a_study_where_every_trial_fails_goes_on),
        cmocka_unit_test(a_record_of_another_study_is_refused),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("search", tests, NULL, NULL);
}
