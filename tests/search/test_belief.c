/* SPDX-License-Identifier: MIT */
/* Priors: their densities, what they do to values, and that a wrong one is given up. */
#include "fixture.h"

#include "failing_alloc.h"
#include "search/belief.h"

static void add(ambs_space *s, ambs_parameter p)
{
    ambs_error err;
    p.initial = NAN;
    must(ambs_space_add(s, &p, &err), &err);
}

/* A rate on a logarithmic scale around 1e-3, an int around 3, a category that is 3 : 1 : 1, and
 * numbers without a prior; "c" is active where "kind" is 0. */
static ambs_space *make_believed(void)
{
    static const ambs_value levels[] = {{AMBS_VALUE_STRING, NAN, "u"},
                                        {AMBS_VALUE_STRING, NAN, "v"},
                                        {AMBS_VALUE_STRING, NAN, "w"}};
    static const double weights[] = {3, 1, 1}, zero = 0;
    ambs_error err;
    ambs_space *s;
    must(ambs_space_create(&s, &err), &err);
    add(s, (ambs_parameter){.name = "rate",
                            .type = AMBS_PARAMETER_FLOAT,
                            .scale = AMBS_SCALE_LOG,
                            .min = 1e-5,
                            .max = 1e-1,
                            .prior = {.spread = 0.125, .center = 1e-3}});
    add(s, (ambs_parameter){.name = "layers",
                            .type = AMBS_PARAMETER_INT,
                            .min = 1,
                            .max = 8,
                            .prior = {.spread = 0.2, .center = 3}});
    add(s, (ambs_parameter){.name = "kind",
                            .type = AMBS_PARAMETER_CATEGORICAL,
                            .levels = levels,
                            .n_levels = 3,
                            .prior.weights = weights});
    add(s, (ambs_parameter){.name = "c",
                            .type = AMBS_PARAMETER_FLOAT,
                            .max = 1,
                            .prior = {.spread = 0.1, .center = 0}});
    add(s, (ambs_parameter){.name = "free", .type = AMBS_PARAMETER_FLOAT, .max = 1});
    must(ambs_space_add_condition(s, "c", "kind", &zero, 1, &err), &err);
    must(ambs_space_finish(s, &err), &err);
    return s;
}

static ambs_belief *make_belief(const ambs_space *space)
{
    ambs_belief *b;
    ambs_error err;
    must(ambs_belief_create(space, &b, &err), &err);
    return b;
}

static void a_space_without_priors_believes_nothing(void **state)
{
    (void)state;
    ambs_space *s = make_space(SPACE_MIXED);
    assert_null(make_belief(s));
    assert_false(ambs_space_has_prior(s));
    ambs_belief_destroy(NULL);
    ambs_space_destroy(s);
}

static void the_default_is_what_is_most_likely(void **state)
{
    (void)state;
    ambs_space *s = make_believed();
    double x[5];
    ambs_error err;
    must(ambs_space_defaults(s, x, &err), &err);
    assert_true(x[0] == 1e-3 && x[1] == 3 && x[2] == 0 && x[3] == 0 && x[4] == 0.5);
    ambs_space_destroy(s);
}

static void the_log_density_is_the_closed_form(void **state)
{
    (void)state;
    ambs_space *s = make_believed();
    ambs_belief *b = make_belief(s);
    /* one deviation of the rate, 0.125 of four decades, is half a decade */
    const double best[] = {1e-3, 3, 0, 0, 0.5}, off[] = {1e-3 * sqrt(10), 3, 0, 0, 0.5},
                 far[] = {1e-3, 3, 0, 0.2, 0.9}, other[] = {1e-3, 3, 1, NAN, 0.5};
    assert_true(fabs(ambs_belief_log(b, best)) < 1e-12);
    assert_true(fabs(ambs_belief_log(b, off) + 0.5) < 1e-9);
    assert_true(fabs(ambs_belief_log(b, far) + 2) < 1e-9);
    /* of kind v, without c: 1 : 3, and the density of c at its center is that much above 1 */
    double most = 1 / (sqrt(2 * acos(-1)) * 0.1 * 0.5);
    assert_true(fabs(ambs_belief_log(b, other) + log(3) + log(most)) < 1e-6);
    ambs_belief_destroy(b);
    ambs_space_destroy(s);
}

/* Shares below what an even spread becomes are those of the truncated normal distribution. */
static void an_even_spread_becomes_one_of_the_prior(void **state)
{
    (void)state;
    ambs_space *s = make_believed();
    ambs_belief *b = make_belief(s);
    double low = 0.5 * erfc(0.5 / 0.125 / sqrt(2)), mass = 1 - 2 * low;
    for (double v = 0.05; v < 1; v += 0.1) {
        double u[] = {v, v, v, v, v}, x[5];
        ambs_belief_bend(b, u);
        double share = (0.5 * erfc((0.5 - u[0]) / 0.125 / sqrt(2)) - low) / mass;
        assert_true(fabs(share - v) < 1e-9);
        assert_true(u[4] == v);
        ambs_space_from_unit(s, u, x);
        assert_true(x[2] == (v < 0.6 ? 0 : v < 0.8 ? 1 : 2));
    }
    ambs_belief_destroy(b);
    ambs_space_destroy(s);
}

static void draws_follow_the_weights(void **state)
{
    (void)state;
    enum { N = 4000 };
    ambs_space *s = make_believed();
    ambs_belief *b = make_belief(s);
    ambs_random r;
    double x[5], n_u = 0, n_near = 0;
    ambs_random_init(&r, 3, 1, AMBS_PURPOSE_TEST);
    for (int i = 0; i < N; i++) {
        assert_true(ambs_belief_draw(b, &r, x));
        assert_true(ambs_space_contains(s, x, NULL));
        n_u += x[2] == 0;
        n_near += fabs(log10(x[0] / 1e-3)) < 0.5;
    }
    assert_true(fabs(n_u / N - 0.6) < 4 * sqrt(0.6 * 0.4 / N));
    assert_true(fabs(n_near / N - 0.6827) < 4 * sqrt(0.68 * 0.32 / N));
    ambs_belief_destroy(b);
    ambs_space_destroy(s);
}

static void weighing_keeps_the_order_and_the_mean(void **state)
{
    (void)state;
    /* what improves on the mean is worth less where it is not believed; the rest is as it was */
    assert_true(ambs_belief_weigh(3, -2, 0.5, false, 1) == 1 + exp(-1) * 2);
    assert_true(ambs_belief_weigh(0.5, -2, 0.5, false, 1) == 0.5);
    assert_true(ambs_belief_weigh(3, 0, 0.5, false, 1) == 3);
    assert_true(ambs_belief_weigh(3, -2, 0, false, 1) == 3);
    /* piBO, equation 6, of a positive function and of its logarithm */
    assert_true(ambs_belief_weigh(3, -2, 0.5, false, 0) == 3 * exp(-1));
    assert_true(ambs_belief_weigh(log(3), -2, 0.5, true, NAN) == log(3) - 1);
    for (double v = -2; v < 4; v += 0.1)
        assert_true(ambs_belief_weigh(v + 0.1, -3, 0.7, false, 1) >
                    ambs_belief_weigh(v, -3, 0.7, false, 1));
}

static double trust_after(size_t n, bool agrees)
{
    ambs_space *s = make_believed();
    ambs_belief *b = make_belief(s);
    ambs_random r;
    ambs_error err;
    double x[5];
    ambs_random_init(&r, 4, 1, AMBS_PURPOSE_TEST);
    for (size_t i = 0; i < n; i++) {
        must(ambs_space_sample(s, &r, x, &err), &err);
        double y = -ambs_belief_log(b, x);
        must(ambs_belief_told(b, x, agrees ? y : -y, &err), &err);
    }
    must(ambs_belief_update(b, &err), &err);
    double trust = ambs_belief_trust(b);
    ambs_belief_destroy(b);
    ambs_space_destroy(s);
    return trust;
}

static void results_decide_the_trust(void **state)
{
    (void)state;
    assert_true(trust_after(0, true) == 1);
    assert_true(trust_after(2, false) == 1); /* too few to say */
    assert_true(trust_after(12, true) == 1);
    assert_true(trust_after(12, false) == 0);
    assert_true(trust_after(700, false) == 0); /* the first 512 count */
}

/* ---- whole studies ------------------------------------------------------------------------- */

/* A bowl with its least value at u = 0.3 in three numbers, and a prior around `center`. */
static ambs_space *make_bowl(double center)
{
    ambs_error err;
    ambs_space *s;
    must(ambs_space_create(&s, &err), &err);
    for (char name[2] = "a"; name[0] <= 'd'; name[0]++)
        add(s, (ambs_parameter){.name = name,
                                .type = AMBS_PARAMETER_FLOAT,
                                .max = 1,
                                .prior = {.spread = isnan(center) ? 0 : 0.125, .center = center}});
    must(ambs_space_finish(s, &err), &err);
    return s;
}

/* The mean over seeds of the least value of so many trials. */
static double search_bowl(double center, size_t trials)
{
    enum { SEEDS = 5 };
    double sum = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        ambs_spec *spec = make_spec("ambs", make_bowl(center), seed, NULL);
        sum += least_of_bowl(spec, trials) / SEEDS;
        drop_spec(spec);
    }
    return sum;
}

static void a_good_prior_helps_and_a_wrong_one_is_given_up(void **state)
{
    (void)state;
    assert_true(search_bowl(0.32, 14) < 0.5 * search_bowl(NAN, 14));
    assert_true(search_bowl(0.95, 40) < 0.05); /* at the prior's center it is 4.2 */
}

static void a_restored_search_believes_the_same(void **state)
{
    (void)state;
    ambs_spec *spec = make_spec("ambs", make_believed(), 5, "random_share=0.3");
    assert_restored_the_same(spec, 50, 3, 9);
    drop_spec(spec);
}

static int believe(void *ctx)
{
    ambs_belief *b;
    ambs_error err;
    double x[] = {1e-3, 3, 1, NAN, 0.5};
    int rc = ambs_belief_create(ctx, &b, &err);
    for (int i = 0; rc == AMBS_OK && i < 5; i++) {
        rc = ambs_belief_told(b, x, i, &err);
        if (rc == AMBS_OK) rc = ambs_belief_update(b, &err);
        if (rc != AMBS_OK || i == 4) ambs_belief_destroy(b);
    }
    return rc;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    ambs_space *s = make_believed();
    assert_true(failing_alloc_each(believe, s) > 0);
    ambs_space_destroy(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_space_without_priors_believes_nothing),
        cmocka_unit_test(the_default_is_what_is_most_likely),
        cmocka_unit_test(the_log_density_is_the_closed_form),
        cmocka_unit_test(an_even_spread_becomes_one_of_the_prior),
        cmocka_unit_test(draws_follow_the_weights),
        cmocka_unit_test(weighing_keeps_the_order_and_the_mean),
        cmocka_unit_test(results_decide_the_trust),
        cmocka_unit_test(a_good_prior_helps_and_a_wrong_one_is_given_up),
        cmocka_unit_test(a_restored_search_believes_the_same),
        cmocka_unit_test(every_allocation_may_fail),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("search/belief", tests, NULL, NULL);
}
