/* SPDX-License-Identifier: MIT */
/* How long trials take: quantiles of all, and a forecast for one configuration. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "cluster/durations.h"
#include "cluster/forecast.h"
#include "study/spec.h"

static ambs_error err;

static void nothing_is_known_of_nothing(void **state)
{
    (void)state;
    ambs_durations d = {0};
    assert_true(isnan(ambs_durations_quantile(&d, NAN, 0.5)));
    assert_int_equal(ambs_durations_count(&d), 0);
}

static void whatever_comes_is_counted(void **state)
{
    (void)state;
    static const double odd[] = {0, -1, NAN, 1e-300, 1e300, INFINITY};
    ambs_durations d = {0};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) ambs_durations_add(&d, NAN, odd[i]);
    assert_int_equal(ambs_durations_count(&d), sizeof odd / sizeof *odd);
    assert_true(ambs_durations_quantile(&d, NAN, 0) > 0);
    assert_true(isfinite(ambs_durations_quantile(&d, NAN, 1)));
}

/* The quantiles of 1 … 1000 s are known; a bin is 9 % wide and its upper end is told. */
static void a_quantile_is_right_to_a_tenth(void **state)
{
    (void)state;
    ambs_durations d = {0};
    for (int i = 1; i <= 1000; i++) ambs_durations_add(&d, NAN, i);
    for (double q = 0.05; q < 1; q += 0.05) {
        double found = ambs_durations_quantile(&d, NAN, q);
        assert_true(found >= 0.999 * 1000 * q && found < 1.1 * 1000 * q);
    }
}

static void time_is_proportional_to_a_fidelity_that_is_not_known(void **state)
{
    (void)state;
    ambs_durations d = {0};
    for (int i = 0; i < 10; i++) ambs_durations_add(&d, 9, 90);
    for (int i = 0; i < 10; i++) ambs_durations_add(&d, 1, 20);
    double nine = ambs_durations_quantile(&d, 9, 0.5), one = ambs_durations_quantile(&d, 1, 0.5);
    assert_true(nine >= 90 && nine < 99 && one >= 20 && one < 22);
    double eighty_one = ambs_durations_quantile(&d, 81, 0.5);
    assert_true(eighty_one >= 810 && eighty_one < 891);
    for (int f = 2; f < 40; f++) ambs_durations_add(&d, f, 10.0 * f); /* more than are kept apart */
    assert_true(isfinite(ambs_durations_quantile(&d, 33, 0.5)));
}

/* ln(duration) = 1 + 4 a, and ten times as long for w; ten per cent of noise. */
static void a_forecast_knows_which_configurations_take_long(void **state)
{
    (void)state;
    static const char *const text =
        "parameters:\n  a: {min: 0.0, max: 1.0}\n  b: {values: [v, w]}\n";
    ambs_spec *spec;
    ambs_forecast *f;
    ambs_random r;
    double x[2], mean, sd, error = 0, all = 0;
    assert_int_equal(ambs_spec_parse(text, strlen(text), "t", NULL, 0, &spec, &err), AMBS_OK);
    assert_int_equal(ambs_forecast_create(spec->space, 1, &f, &err), AMBS_OK);
    ambs_random_init(&r, 1, 0, AMBS_PURPOSE_TEST);
    for (int i = 0; i < 5200; i++) { /* more than are kept */
        for (int k = 0; k < 2; k++)
            x[k] = k ? floor(2 * ambs_random_uniform(&r)) : ambs_random_uniform(&r);
        double truth = 1 + 4 * x[0] + log(10) * x[1] + log(3) /* of the fidelity */;
        if (i < AMBS_FORECAST_LEAST)
            assert_int_equal(ambs_forecast_predict(f, x, 3, &mean, &sd, NULL), AMBS_E_NOT_FOUND);
        if (i >= 5000 && i % 2) {
            assert_int_equal(ambs_forecast_predict(f, x, 3, &mean, &sd, &err), AMBS_OK);
            assert_true(sd > 0);
            error += (mean - truth) * (mean - truth) / 100;
            all += (truth - 4.2 - log(3)) * (truth - 4.2 - log(3)) / 100;
        }
        assert_int_equal(
            ambs_forecast_learn(f, x, 3, exp(truth + 0.1 * ambs_random_normal(&r)), &err), AMBS_OK);
    }
    assert_true(error < 0.05 && all > 1);
    ambs_forecast_destroy(f);
    ambs_spec_destroy(spec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_known_of_nothing),
        cmocka_unit_test(whatever_comes_is_counted),
        cmocka_unit_test(a_quantile_is_right_to_a_tenth),
        cmocka_unit_test(time_is_proportional_to_a_fidelity_that_is_not_known),
        cmocka_unit_test(a_forecast_knows_which_configurations_take_long),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("cluster/durations", tests, NULL, NULL);
}
