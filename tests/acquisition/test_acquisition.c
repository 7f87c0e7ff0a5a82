/* SPDX-License-Identifier: MIT */
/* What every acquisition function must keep, and the closed forms against quadrature. */
#include "../base/check.h"

#include "acquisition/acquisition.h"
#include "acquisition/hedge.h"
#include "failing_alloc.h"

extern const ambs_acquisition_ops ambs_acquisition_hedge;

typedef struct made {
    const ambs_acquisition_ops *ops;
    void *options;
    ambs_acquisition_context context;
} made;

static made make(const char *name, const char *option, const char *value)
{
    made a = {0};
    assert_int_equal(ambs_acquisition_find(name, &a.ops, NULL), AMBS_OK);
    a.options = calloc(1, a.ops->member.options_size);
    assert_int_equal(ambs_options_init(a.ops->member.options, a.options, NULL), AMBS_OK);
    if (option)
        assert_int_equal(ambs_options_set(a.ops->member.options, a.options, option, value, NULL),
                         AMBS_OK);
    return a;
}

static void drop(made *a)
{
    ambs_options_fini(a->ops->member.options, a->options);
    free(a->options);
}

static double value_at(made *a, double best, double mean, double sd)
{
    ambs_random random;
    ambs_random_init(&random, 1, 2, AMBS_PURPOSE_ACQUISITION);
    double value;
    a->context.best = best;
    if (a->ops->prepare) a->ops->prepare(a->options, &random, &a->context);
    a->ops->evaluate(a->options, &a->context, 1, &mean, &sd, &value);
    return value;
}

static void assert_close(double found, double expected, double relative)
{
    if (!(fabs(found - expected) <= relative * fabs(expected)))
        fail_msg("found %.17g, expected %.17g", found, expected);
}

static void an_unknown_name_lists_the_known_ones(void **state)
{
    (void)state;
    const ambs_acquisition_ops *ops;
    ambs_error err = {0};
    assert_int_equal(ambs_acquisition_find("ucb", &ops, &err), AMBS_E_NOT_FOUND);
    assert_string_equal(err.text, "unknown acquisition \"ucb\", expected one of lcb, ei, log_ei, "
                                  "pi, ucb_pe, thompson, hedge");
}

static void no_candidates_are_no_work(void **state)
{
    (void)state;
    for (size_t i = 0; ambs_acquisition_registry[i]; i++) {
        made a = make(ambs_acquisition_registry[i]->member.name, NULL, NULL);
        a.ops->evaluate(a.options, &a.context, 0, NULL, NULL, NULL);
        drop(&a);
    }
}

static void a_lower_mean_is_never_worse(void **state)
{
    (void)state;
    const double sds[] = {0, 1e-5, 0.3, 20};
    for (size_t i = 0; ambs_acquisition_registry[i]; i++) {
        if (strcmp(ambs_acquisition_registry[i]->member.name, "hostile") == 0) continue;
        made a = make(ambs_acquisition_registry[i]->member.name, NULL, NULL);
        for (size_t k = 0; k < 4; k++) {
            double last = -INFINITY;
            for (double mean = 30; mean > -30; mean -= 3.7) {
                double value = value_at(&a, 1, mean, sds[k]);
                if (!(value >= last))
                    fail_msg("%s at mean %g, sd %g: %g after %g", a.ops->member.name, mean, sds[k],
                             value, last);
                last = value;
            }
        }
        drop(&a);
    }
}

static void expected_improvement_at_zero_sd_is_the_improvement(void **state)
{
    (void)state;
    made ei = make("ei", NULL, NULL), log_ei = make("log_ei", NULL, NULL),
         pi = make("pi", NULL, NULL);
    assert_true(value_at(&ei, 1, 3, 0) == 0 && value_at(&ei, 3, 1, 0) == 2);
    assert_true(value_at(&log_ei, 1, 3, 0) == -INFINITY);
    assert_close(value_at(&log_ei, 3, 1, 0), log(2), 1e-15);
    assert_true(value_at(&pi, 1, 3, 0) == 0 && value_at(&pi, 3, 1, 0) == 1);
    drop(&ei);
    drop(&log_ei);
    drop(&pi);
}

static void closed_forms_agree_with_quadrature(void **state)
{
    (void)state;
    made ei = make("ei", "xi", "0.25"), log_ei = make("log_ei", "xi", "0.25"),
         plain = make("reference", "xi", "0.25");
    for (double z = -30; z <= 30; z += 1.7)
        for (double sd = 1e-4; sd < 100; sd *= 7) {
            double mean = 1.75 - z * sd, expected = value_at(&plain, 2, mean, sd);
            assert_close(value_at(&ei, 2, mean, sd), expected, 1e-10);
            assert_true(fabs(value_at(&log_ei, 2, mean, sd) - log(expected)) < 1e-10);
        }
    drop(&ei);
    drop(&log_ei);
    drop(&plain);
}

/* The share of a normal distribution below best - xi, by Simpson's rule from where it begins. */
static void a_probability_of_improvement_is_the_share_below(void **state)
{
    (void)state;
    enum { STEPS = 20000 };
    made pi = make("pi", "xi", "0.25");
    for (double z = -30; z <= 8; z += 0.7)
        for (double sd = 1e-3; sd < 100; sd *= 20) {
            double length = z < -1 ? 40 / -z : z + 40, step = length / STEPS, sum = 0;
            for (int i = 0; i <= STEPS; i++) {
                double t = z - i * step;
                sum += exp(-0.5 * t * t) * (i == 0 || i == STEPS ? 1 : i % 2 ? 4 : 2);
            }
            assert_close(value_at(&pi, 2, 1.75 - z * sd, sd), sum * step / 3 / sqrt(2 * acos(-1)),
                         1e-10 + 1e-14 * z * z / sd);
        }
    drop(&pi);
}

static void the_logarithm_still_ranks_where_the_improvement_underflows(void **state)
{
    (void)state;
    made ei = make("ei", NULL, NULL), log_ei = make("log_ei", NULL, NULL);
    assert_true(value_at(&ei, 0, 100, 1) == 0 && value_at(&ei, 0, 1e6, 1) == 0);
    assert_true(value_at(&log_ei, 0, 100, 1) > value_at(&log_ei, 0, 100.001, 1));
    assert_true(value_at(&log_ei, 0, 1e6, 1) > value_at(&log_ei, 0, 1e9, 1));
    assert_close(value_at(&log_ei, 0, 100, 1), -5000 - 0.91893853320467274 - log(1e4) - 3e-4,
                 1e-10);
    drop(&ei);
    drop(&log_ei);
}

static void a_lower_confidence_bound_is_mean_minus_kappa_sd(void **state)
{
    (void)state;
    made usual = make("lcb", "kappa", "1.96"), greedy = make("lcb", "kappa", "0");
    assert_close(value_at(&usual, NAN, 3, 2), -(3 - 1.96 * 2), 1e-15);
    assert_close(value_at(&greedy, NAN, 3, 2), -3, 1e-15);
    drop(&usual);
    drop(&greedy);
}

/* 1.96 exp(-ln(196) / 10 (t mod 10)) */
static void a_periodic_kappa_decays_and_starts_again(void **state)
{
    (void)state;
    made a = make("lcb", "decay", "periodic");
    assert_int_equal(ambs_options_set(a.ops->member.options, a.options, "kappa", "1.96", NULL),
                     AMBS_OK);
    for (a.context.ask = 0; a.context.ask < 35; a.context.ask++)
        assert_close(value_at(&a, 0, 0, 1),
                     1.96 * exp(-log(196) / 10 * (double)(a.context.ask % 10)), 1e-13);
    assert_int_equal(ambs_options_set(a.ops->member.options, a.options, "kappa", "0.005", NULL),
                     AMBS_OK);
    assert_close(value_at(&a, 0, 0, 1), 0.005, 1e-15); /* already below the floor */
    drop(&a);
}

static void a_random_kappa_is_exponential_and_the_same_for_all_candidates(void **state)
{
    (void)state;
    made a = make("lcb", "random", "true");
    assert_int_equal(ambs_options_set(a.ops->member.options, a.options, "kappa", "1.96", NULL),
                     AMBS_OK);
    double sum = 0, squares = 0;
    ambs_random random;
    ambs_random_init(&random, 4, 0, AMBS_PURPOSE_TEST);
    enum { N = 20000 };
    for (int i = 0; i < N; i++) {
        a.ops->prepare(a.options, &random, &a.context);
        sum += a.context.parameter / N;
        squares += a.context.parameter * a.context.parameter / N;
    }
    assert_close(sum, 1.96, 0.03);
    assert_close(squares - sum * sum, 1.96 * 1.96, 0.06);
    const double mean[2] = {1, 2}, sd[2] = {3, 3};
    double value[2];
    a.ops->evaluate(a.options, &a.context, 2, mean, sd, value);
    assert_close(value[0] - value[1], 1, 1e-12);
    drop(&a);
}

static void a_hostile_one_gives_what_it_is_told(void **state)
{
    (void)state;
    made a = make("hostile", NULL, NULL), b = make("hostile", "gives", "minus_infinity");
    assert_true(isnan(value_at(&a, 0, 1, 1)));
    assert_true(value_at(&b, 0, 1, 1) == -INFINITY);
    drop(&a);
    drop(&b);
}

static void thompson_takes_the_drawn_value_for_the_truth(void **state)
{
    (void)state;
    made a = make("thompson", NULL, NULL);
    assert_true(a.ops->draws && value_at(&a, NAN, 3.5, 0) == -3.5);
    drop(&a);
}

/* ---- UCB-PE ---- */

static made make_ucb_pe(const char *share)
{
    static const double mean[3] = {1, 2, 0.5}, sd[3] = {1, 2, 0};
    made a = make("ucb_pe", "explore_with_news", share);
    a.context.n_news = 1;
    a.context.n_probes = 3;
    a.context.probe_mean = mean;
    a.context.probe_sd = sd;
    return a;
}

static void without_exploration_it_is_the_confidence_bound(void **state)
{
    (void)state;
    made a = make_ucb_pe("0");
    assert_close(value_at(&a, NAN, 3, 2), -(3 - 1.8 * 2), 1e-15);
    assert_false(a.context.explores);
    drop(&a);
}

/* The bounds of the probes are -0.8, -1.6 and 0.5: the level is the mean of the second, 2. A
 * candidate with mean 2.6 and sd 1 reaches 2.1, by 0.1 too much. */
static void exploration_is_the_sd_less_a_penalty_outside_of_the_region(void **state)
{
    (void)state;
    made a = make_ucb_pe("1");
    assert_close(value_at(&a, NAN, 2.4, 1), 1, 1e-15);
    assert_true(a.context.explores && a.context.level == 2);
    assert_true(fabs(value_at(&a, NAN, 2.6, 1) - (1 - 10 * 0.1)) < 1e-14);
    assert_close(value_at(&a, NAN, 7, 0), -50, 1e-15);
    drop(&a);
}

static void without_probes_every_place_is_worth_exploring(void **state)
{
    (void)state;
    made a = make_ucb_pe("1");
    a.context.n_probes = 0;
    assert_true(value_at(&a, NAN, 1e300, 3) == 3);
    drop(&a);
}

static void shares_of_asks_explore_with_and_without_news(void **state)
{
    (void)state;
    enum { N = 20000 };
    made a = make("ucb_pe", NULL, NULL);
    ambs_random random;
    ambs_random_init(&random, 5, 0, AMBS_PURPOSE_TEST);
    for (int news = 0; news < 2; news++) {
        double n = 0;
        a.context.n_news = (uint64_t)news;
        for (int i = 0; i < N; i++) {
            a.ops->prepare(a.options, &random, &a.context);
            n += a.context.explores;
        }
        assert_true(fabs(n / N - (news ? 0.1 : 0.75)) < 0.02);
    }
    drop(&a);
}

/* On either side of the region's border; at it there is a kink. */
static void exploration_has_its_slopes(void **state)
{
    (void)state;
    made a = make_ucb_pe("1");
    value_at(&a, NAN, 0, 1); /* prepares */
    for (double mean = 1.2; mean < 5; mean += 0.7) {
        double h = 1e-6, means[5] = {mean, mean + h, mean - h, mean, mean},
               sds[5] = {1, 1, 1, 1 + h, 1 - h}, f[5], value[5], by_mean[5], by_sd[5];
        a.ops->ascend(a.options, &a.context, 5, means, sds, f, by_mean, by_sd);
        a.ops->evaluate(a.options, &a.context, 5, means, sds, value);
        assert_memory_equal(f, value, sizeof f);
        assert_true(fabs(by_mean[0] - (f[1] - f[2]) / (2 * h)) < 1e-7);
        assert_true(fabs(by_sd[0] - (f[3] - f[4]) / (2 * h)) < 1e-7);
    }
    drop(&a);
}

/* ---- hedge ---- */

static const ambs_hedge_options hedge_options = {.eta = 0.1, .mix = 0.1, .kappa = 2, .xi = 0.5};

static void hedge_begins_with_all_as_likely(void **state)
{
    (void)state;
    double p[AMBS_HEDGE_MEMBERS];
    const ambs_hedge h = {0};
    ambs_hedge_probabilities(&h, &hedge_options, p);
    for (size_t k = 0; k < AMBS_HEDGE_MEMBERS; k++) assert_close(p[k], 1.0 / 3, 1e-15);
}

/* Told 5, then 3 by a function chosen with 1/3: it beats all, its gain is 0.5 / (1/3) = 1.5, its
 * probability 0.9 e^0.15 / (e^0.15 + 2) + 0.1 / 3. */
static void hedge_rewards_the_function_that_was_chosen(void **state)
{
    (void)state;
    const ambs_acquisition_ops *ops = &ambs_acquisition_hedge;
    ambs_hedge h = {0};
    double p[AMBS_HEDGE_MEMBERS];
    ops->told(&h, 7, 5); /* not by hedge: only something to compare with */
    assert_int_equal(ops->asked(&h, &hedge_options, 1, 2, NULL), AMBS_OK);
    assert_int_equal(ops->asked(&h, &hedge_options, 1, 3, NULL), AMBS_OK);
    size_t k = h.decided[2].member, other = h.decided[3].member;
    assert_close(h.decided[2].probability, 1.0 / 3, 1e-15);
    ops->told(&h, 2, 3);
    assert_close(h.gain[k], 1.5, 1e-14);
    ambs_hedge_probabilities(&h, &hedge_options, p);
    assert_close(p[k], 0.9 * exp(0.15) / (exp(0.15) + 2) + 0.1 / 3, 1e-14);
    assert_close(p[0] + p[1] + p[2], 1, 1e-14);
    double before = h.gain[other];
    ops->told(&h, 3, INFINITY); /* failed: no reward, whatever failed before */
    assert_close(h.gain[other], before - 1.5, 1e-14);
    ops->told(&h, 9, 3); /* decided by nobody */
    assert_true(h.gain[0] + h.gain[1] + h.gain[2] == 1.5 - 1.5);
    ops->fini(&h);
}

static void hedge_compares_with_the_last_results_only(void **state)
{
    (void)state;
    const ambs_acquisition_ops *ops = &ambs_acquisition_hedge;
    ambs_hedge h = {0};
    for (uint64_t i = 0; i < 300; i++) ops->told(&h, i, 300 - (double)i); /* 256 … 1 are left */
    assert_int_equal(ops->asked(&h, &hedge_options, 1, 300, NULL), AMBS_OK);
    ops->told(&h, 300, 65); /* ties with one, beats 191 of 256 */
    assert_close(h.gain[h.decided[300].member], 3 * (191.5 / 256 - 0.5), 1e-13);
    ops->fini(&h);
}

static void hedge_is_the_function_that_it_chose(void **state)
{
    (void)state;
    static const char *const names[] = {"lcb", "ei", "pi"};
    size_t chosen[AMBS_HEDGE_MEMBERS] = {0};
    for (uint64_t trial = 0; trial < 300; trial++) {
        made a = make("hedge", NULL, NULL);
        a.context.trial = trial;
        double value = value_at(&a, 1, 0.4, 0.7);
        size_t k = a.context.choice;
        made b = make(names[k], NULL, NULL);
        assert_true(value == value_at(&b, 1, 0.4, 0.7));
        chosen[k]++;
        ambs_hedge h = {0}; /* what is recorded of the ask is what was chosen at it */
        assert_int_equal(a.ops->asked(&h, a.options, 0, trial, NULL), AMBS_OK);
        assert_int_equal(h.decided[trial].member, k);
        a.ops->fini(&h);
        drop(&a);
        drop(&b);
    }
    for (size_t k = 0; k < AMBS_HEDGE_MEMBERS; k++) assert_true(chosen[k] > 70);
}

static int ask_hedge(void *ctx)
{
    (void)ctx;
    ambs_hedge h = {0};
    int rc = ambs_acquisition_hedge.asked(&h, &hedge_options, 1, 40, NULL);
    ambs_acquisition_hedge.fini(&h);
    return rc;
}

static void hedge_without_memory_is_an_error(void **state)
{
    (void)state;
    assert_true(failing_alloc_each(ask_hedge, NULL) > 0);
}

/* In z from the far tail to a sure improvement. */
static void what_is_climbed_rises_with_the_value_and_has_its_slopes(void **state)
{
    (void)state;
    const char *const names[] = {"lcb", "ei", "log_ei", "pi", "thompson"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        made a = make(names[i], NULL, NULL);
        double last = -INFINITY, last_value = -INFINITY;
        value_at(&a, 1, 0, 1); /* prepares */
        for (double z = -30; z <= 8; z += 0.5) {
            double sd = 0.7, mean = 1 - z * sd, f[5], at_mean[5], at_sd[5], by_mean[5], by_sd[5],
                   value, h = 1e-5;
            for (size_t k = 0; k < 5; k++) {
                at_mean[k] = mean + (k == 1 ? h : k == 2 ? -h : 0);
                at_sd[k] = sd + (k == 3 ? h : k == 4 ? -h : 0);
            }
            a.ops->ascend(a.options, &a.context, 5, at_mean, at_sd, f, by_mean, by_sd);
            a.ops->evaluate(a.options, &a.context, 1, &mean, &sd, &value);
            assert_true(f[0] > last || (z > 7 && f[0] >= last));
            assert_true(value >= last_value);
            double slopes[2] = {(f[1] - f[2]) / (2 * h), (f[3] - f[4]) / (2 * h)};
            assert_true(fabs(by_mean[0] - slopes[0]) <= 1e-7 * (1 + fabs(slopes[0])));
            assert_true(fabs(by_sd[0] - slopes[1]) <= 1e-7 * (1 + fabs(slopes[1])));
            last = f[0];
            last_value = value;
        }
        drop(&a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unknown_name_lists_the_known_ones),
        cmocka_unit_test(no_candidates_are_no_work),
        cmocka_unit_test(expected_improvement_at_zero_sd_is_the_improvement),
        cmocka_unit_test(a_lower_mean_is_never_worse),
        cmocka_unit_test(closed_forms_agree_with_quadrature),
        cmocka_unit_test(a_probability_of_improvement_is_the_share_below),
        cmocka_unit_test(the_logarithm_still_ranks_where_the_improvement_underflows),
        cmocka_unit_test(a_lower_confidence_bound_is_mean_minus_kappa_sd),
        cmocka_unit_test(a_periodic_kappa_decays_and_starts_again),
        cmocka_unit_test(a_random_kappa_is_exponential_and_the_same_for_all_candidates),
        cmocka_unit_test(what_is_climbed_rises_with_the_value_and_has_its_slopes),
        cmocka_unit_test(thompson_takes_the_drawn_value_for_the_truth),
        cmocka_unit_test(without_exploration_it_is_the_confidence_bound),
        cmocka_unit_test(exploration_is_the_sd_less_a_penalty_outside_of_the_region),
        cmocka_unit_test(without_probes_every_place_is_worth_exploring),
        cmocka_unit_test(shares_of_asks_explore_with_and_without_news),
        cmocka_unit_test(exploration_has_its_slopes),
        cmocka_unit_test(hedge_begins_with_all_as_likely),
        cmocka_unit_test(hedge_rewards_the_function_that_was_chosen),
        cmocka_unit_test(hedge_compares_with_the_last_results_only),
        cmocka_unit_test(hedge_is_the_function_that_it_chose),
        cmocka_unit_test(hedge_without_memory_is_an_error),
        cmocka_unit_test(a_hostile_one_gives_what_it_is_told),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("acquisition", tests, NULL, NULL);
}
