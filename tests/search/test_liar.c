/* SPDX-License-Identifier: MIT */
/* The constant liar of the method ambs, seen from outside. */
#include "fixture.h"

typedef struct study {
    ambs_spec *spec;
    ambs_search *search;
    double x[256][MAX_D];
    ambs_proposal p[256];
    size_t n;
} study;

static study *begin(space_kind kind, const char *settings)
{
    ambs_error err;
    study *s = calloc(1, sizeof *s);
    s->spec = make_spec("ambs", make_space(kind), 2, settings);
    must(ambs_search_create(s->spec, &s->search, &err), &err);
    return s;
}

static void end(study *s)
{
    ambs_search_destroy(s->search);
    drop_spec(s->spec);
    free(s);
}

static ambs_proposal *ask(study *s)
{
    ambs_error err;
    ambs_proposal *p = &s->p[s->n];
    p->x = s->x[s->n++];
    must(ambs_search_ask(s->search, p, &err), &err);
    return p;
}

static void tell(study *s, uint64_t id)
{
    ambs_error err;
    ambs_outcome o = outcome_of(bowl(s->spec->space, s->x[id]));
    must(ambs_search_tell(s->search, id, &o, &err), &err);
}

/* `n` results, none in flight. */
static void warm_up(study *s, size_t n)
{
    for (size_t i = 0; i < n; i++) tell(s, ask(s)->trial);
}

#define QUICK "surrogate=forest trees=20 candidates=200 climbs=3 rounds=4 initial.points=8 "

static void the_lie_is_the_models_mean_at_the_point(void **state)
{
    (void)state;
    study *s = begin(SPACE_CONTINUOUS, QUICK "transform=none random_share=0");
    warm_up(s, 20);
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < 20; i++) {
        double y = bowl(s->spec->space, s->x[i]);
        low = fmin(low, y);
        high = fmax(high, y);
    }
    for (size_t i = 0; i < 10; i++) {
        ambs_proposal *p = ask(s);
        assert_int_equal(p->origin, AMBS_ORIGIN_MODEL);
        assert_true(p->sd > 0 && isfinite(p->acquisition));
        assert_true(fabs(low + p->lie * (high - low) - p->mean) < 1e-9);
    }
    end(s);
}

static void every_trial_in_flight_holds_one_lie(void **state)
{
    (void)state;
    static const char *const liars[] = {"model_mean", "y_mean", "worst", "best"};
    for (size_t k = 0; k < 4; k++) {
        char settings[200];
        snprintf(settings, sizeof settings, QUICK "liar=%s", liars[k]);
        study *s = begin(SPACE_MIXED, settings);
        for (size_t i = 0; i < 8; i++) assert_true(isnan(ask(s)->lie)); /* there is no model yet */
        tell(s, 3);
        tell(s, 5);
        ambs_proposal *p = ask(s);
        assert_int_equal(p->n_told, 2);
        assert_int_equal(p->n_lies, 6);
        assert_false(isnan(p->lie));
        p = ask(s);
        assert_int_equal(p->n_lies, 7);
        ambs_error err;
        must(ambs_search_cancel(s->search, 0, &err), &err);
        tell(s, 8);
        assert_int_equal(ask(s)->n_lies, 6);
        end(s);
    }
}

static void the_liar_none_holds_none(void **state)
{
    (void)state;
    study *s = begin(SPACE_MIXED, QUICK "liar=none");
    warm_up(s, 10);
    for (size_t i = 0; i < 5; i++) {
        ambs_proposal *p = ask(s);
        assert_true(isnan(p->lie) && p->n_lies == 0);
    }
    end(s);
}

static void constant_lies_are_what_their_names_say(void **state)
{
    (void)state;
    study *worst = begin(SPACE_CONTINUOUS, QUICK "liar=worst"),
          *best = begin(SPACE_CONTINUOUS, QUICK "liar=best");
    study *mean = begin(SPACE_CONTINUOUS, QUICK "liar=y_mean transform=none");
    warm_up(worst, 12);
    warm_up(best, 12);
    warm_up(mean, 12);
    assert_true(ask(worst)->lie == 0); /* the top of the logarithmic scale */
    double low = INFINITY, high = -INFINITY, sum = 0;
    for (size_t i = 0; i < 12; i++) {
        double y = bowl(mean->spec->space, mean->x[i]);
        low = fmin(low, y);
        high = fmax(high, y);
        sum += y;
    }
    assert_true(fabs(ask(mean)->lie - (sum / 12 - low) / (high - low)) < 1e-12);
    assert_true(ask(best)->lie < -1);
    end(worst);
    end(best);
    end(mean);
}

/* Two studies that differ only in the order in which the same truths replace the lies end with the
 * same data; the next proposal of each expects the same there once the model was fitted anew. */
static void a_lie_that_was_replaced_leaves_nothing_behind(void **state)
{
    (void)state;
    study *a = begin(SPACE_CONTINUOUS, QUICK "random_share=0"),
          *b = begin(SPACE_CONTINUOUS, QUICK "random_share=0");
    warm_up(a, 12);
    warm_up(b, 12);
    for (size_t i = 0; i < 6; i++) {
        ask(a);
        ask(b);
    }
    for (size_t i = 12; i < 18; i++) {
        tell(a, i);
        tell(b, 29 - i);
    }
    ambs_proposal *p = ask(a), *q = ask(b);
    assert_int_equal(p->n_lies, 0);
    assert_true(same_bits(p->mean, q->mean) && same_bits(p->sd, q->sd));
    assert_true(ambs_space_equal(a->spec->space, p->x, q->x));
    end(a);
    end(b);
}

static void an_inactive_parameter_has_no_influence(void **state)
{
    (void)state;
    study *s = begin(SPACE_CONDITIONAL, QUICK "random_share=0");
    for (size_t i = 0; i < 11; i++) {
        ambs_proposal *p = ask(s);
        assert_true((p->x[0] == 2) == !isnan(p->x[1]));
        assert_true((p->x[0] == 2) == !isnan(p->x[2]));
        tell(s, p->trial);
    }
    end(s);
}

static void the_initial_design_counts_the_callers_trials(void **state)
{
    (void)state;
    ambs_error err;
    study *s = begin(SPACE_CONTINUOUS, QUICK "random_share=0");
    double x[3] = {0, 3, 0.5};
    uint64_t id;
    ambs_outcome o = outcome_of(1);
    for (size_t i = 0; i < 5; i++, x[0] += 1)
        must(ambs_search_tell_own(s->search, x, &o, &id, &err), &err);
    for (size_t i = 0; i < 3; i++) assert_int_equal(ask(s)->origin, AMBS_ORIGIN_DESIGN);
    assert_int_equal(ask(s)->origin, AMBS_ORIGIN_MODEL);
    end(s);
}

/* The hostile surrogate predicts NaN or refuses to fit, as its options say. */
static void a_model_that_breaks_down_does_not_end_the_study(void **state)
{
    (void)state;
    static const char *const broken[] = {"hostile fail_fit=5", "hostile nan_mean=true",
                                         "hostile nan_sd=true", "reference"};
    for (size_t k = 0; k < 4; k++) {
        char settings[200];
        snprintf(settings, sizeof settings, "surrogate=%s candidates=50 climbs=1 rounds=2",
                 broken[k]);
        study *s = begin(SPACE_MIXED, settings);
        for (size_t i = 0; i < 40; i++) {
            ask(s);
            if (i >= 4) tell(s, i - 4);
        }
        end(s);
    }
}

static void an_option_of_another_acquisition_is_refused(void **state)
{
    (void)state;
    ambs_error err;
    ambs_search *search;
    ambs_spec *spec = make_spec("ambs", make_space(SPACE_CONTINUOUS), 2, "acquisition=ei kappa=1");
    assert_int_equal(ambs_search_create(spec, &search, &err), AMBS_E_INVALID);
    assert_non_null(strstr(err.text, "kappa is an option of lcb, but acquisition is ei"));
    drop_spec(spec);
}

static void a_smooth_bowl_is_searched_better_than_at_random(void **state)
{
    (void)state;
    ambs_error err;
    double best[2];
    for (size_t m = 0; m < 2; m++) {
        double sum = 0;
        for (uint64_t seed = 0; seed < 8; seed++) {
            ambs_search *search;
            ambs_spec *spec = make_spec(m ? "random" : "ambs", make_space(SPACE_CONTINUOUS), seed,
                                        m ? NULL : QUICK);
            must(ambs_search_create(spec, &search, &err), &err);
            double x[MAX_D], y;
            uint64_t id;
            ambs_proposal p = {.x = x};
            for (size_t i = 0; i < 60; i++) {
                must(ambs_search_ask(search, &p, &err), &err);
                ambs_outcome o = outcome_of(bowl(spec->space, x));
                must(ambs_search_tell(search, p.trial, &o, &err), &err);
            }
            must(ambs_search_best(search, &id, &y, x, &err), &err);
            sum += log(y);
            ambs_search_destroy(search);
            drop_spec(spec);
        }
        best[m] = sum / 5;
    }
    assert_true(best[0] < best[1] - 1);
}

/* Where the metric is noisy the best by the model lies nearer to the true optimum than the luckiest
 * value, over a few studies. */
static void the_best_by_the_model_is_not_the_luckiest(void **state)
{
    (void)state;
    ambs_error err;
    double lucky = 0, modelled = 0;
    for (uint64_t seed = 0; seed < 8; seed++) {
        ambs_search *search;
        ambs_spec *spec = make_spec("ambs", make_space(SPACE_CONTINUOUS), seed, NULL);
        must(ambs_search_create(spec, &search, &err), &err);
        uint64_t trial;
        double x[MAX_D], u[MAX_D], value, mean, sd;
        assert_int_equal(ambs_search_best_by_model(search, &trial, &mean, &sd, x, &err),
                         AMBS_E_NOT_FOUND);
        for (int i = 0; i < 50; i++) {
            ambs_proposal p = {.x = x};
            ambs_random r;
            must(ambs_search_ask(search, &p, &err), &err);
            ambs_random_init(&r, seed, p.trial, AMBS_PURPOSE_OBJECTIVE);
            ambs_space_to_unit(spec->space, x, u);
            double truth = 0;
            for (size_t k = 0; k < 3; k++) truth += (u[k] - 0.4) * (u[k] - 0.4);
            ambs_outcome o = outcome_of(truth + 0.1 * ambs_random_normal(&r));
            must(ambs_search_tell(search, p.trial, &o, &err), &err);
        }
        must(ambs_search_best(search, &trial, &value, x, &err), &err);
        ambs_space_to_unit(spec->space, x, u);
        for (size_t k = 0; k < 3; k++) lucky += (u[k] - 0.4) * (u[k] - 0.4);
        must(ambs_search_best_by_model(search, &trial, &mean, &sd, x, &err), &err);
        ambs_space_to_unit(spec->space, x, u);
        for (size_t k = 0; k < 3; k++) modelled += (u[k] - 0.4) * (u[k] - 0.4);
        assert_true(mean > value && sd > 0 && sd < 0.2);
        ambs_search_destroy(search);
        drop_spec(spec);
    }
    assert_true(modelled < lucky);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_lie_is_the_models_mean_at_the_point),
        cmocka_unit_test(every_trial_in_flight_holds_one_lie),
        cmocka_unit_test(the_liar_none_holds_none),
        cmocka_unit_test(constant_lies_are_what_their_names_say),
        cmocka_unit_test(a_lie_that_was_replaced_leaves_nothing_behind),
        cmocka_unit_test(an_inactive_parameter_has_no_influence),
        cmocka_unit_test(the_initial_design_counts_the_callers_trials),
        cmocka_unit_test(a_model_that_breaks_down_does_not_end_the_study),
        cmocka_unit_test(an_option_of_another_acquisition_is_refused),
        cmocka_unit_test(a_smooth_bowl_is_searched_better_than_at_random),
        cmocka_unit_test(the_best_by_the_model_is_not_the_luckiest),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("liar", tests, NULL, NULL);
}
