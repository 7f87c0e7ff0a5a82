/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/random.h"
#include "numeric/sample.h"

static void an_empty_sample_has_no_spread(void **state)
{
    (void)state;
    ambs_sample s = {0};
    assert_true(isnan(ambs_sample_sd(&s)));
    ambs_sample_add(&s, 3);
    assert_int_equal(s.n, 1);
    assert_true(s.mean == 3);
    assert_true(isnan(ambs_sample_sd(&s)) && isnan(ambs_sample_error(&s)));
}

static void equal_values_have_no_spread(void **state)
{
    (void)state;
    ambs_sample s = {0};
    for (int i = 0; i < 10; i++) ambs_sample_add(&s, 0.1);
    assert_true(s.mean == 0.1);
    assert_true(ambs_sample_sd(&s) == 0);
}

/* 2, 4, 4, 4, 5, 5, 7, 9: mean 5, squared deviations 32. */
static void mean_and_sd_are_those_of_a_known_sample(void **state)
{
    (void)state;
    static const double y[] = {2, 4, 4, 4, 5, 5, 7, 9};
    ambs_sample s = {0};
    for (int i = 0; i < 8; i++) ambs_sample_add(&s, y[i]);
    assert_float_equal(s.mean, 5, 1e-15);
    assert_float_equal(ambs_sample_sd(&s), sqrt(32.0 / 7), 1e-15);
    assert_float_equal(ambs_sample_error(&s), sqrt(32.0 / 7 / 8), 1e-15);
}

static void a_far_offset_costs_no_digits_of_the_sd(void **state)
{
    (void)state;
    ambs_sample s = {0};
    for (int i = 0; i < 1000; i++) ambs_sample_add(&s, 1e9 + i % 2);
    assert_float_equal(ambs_sample_sd(&s), sqrt(0.25 * 1000 / 999), 1e-9);
}

static void a_pool_knows_nothing_of_single_values(void **state)
{
    (void)state;
    ambs_pool p = {0};
    ambs_sample s = {0};
    ambs_sample_add(&s, 7);
    ambs_pool_add(&p, &s);
    assert_true(ambs_pool_error(&p, 1) == 0);
}

/* Two samples of two: squares 2 and 8 with one degree of freedom each. */
static void a_pool_shares_the_variance_around_each_mean(void **state)
{
    (void)state;
    ambs_pool p = {0};
    ambs_sample a = {0}, b = {0};
    ambs_sample_add(&a, 1), ambs_sample_add(&a, 3);
    ambs_sample_add(&b, 100), ambs_sample_add(&b, 104);
    ambs_pool_add(&p, &a);
    ambs_pool_add(&p, &b);
    assert_float_equal(p.freedom, 2, 0);
    assert_float_equal(ambs_pool_error(&p, 1), sqrt(5), 1e-15);
    assert_float_equal(ambs_pool_error(&p, 5), 1, 1e-15);
}

/* Closed forms: 1 degree is Cauchy's, tan(pi (p - 1/2)); 2 degrees (2 p - 1) / sqrt(2 p (1 - p)).
 * The others by scipy 1.10.1, scipy.stats.t.ppf. */
static void student_quantiles_are_those_of_closed_forms_and_scipy(void **state)
{
    (void)state;
    const double pi = 3.14159265358979323846;
    static const double p[] = {0.6, 0.9, 0.95, 0.975, 0.9999};
    assert_true(ambs_student_quantile(0.5, 3) == 0);
    for (int i = 0; i < 5; i++) {
        double one = tan(pi * (p[i] - 0.5)), two = (2 * p[i] - 1) / sqrt(2 * p[i] * (1 - p[i]));
        assert_float_equal(ambs_student_quantile(p[i], 1) / one, 1, 1e-11);
        assert_float_equal(ambs_student_quantile(p[i], 2) / two, 1, 1e-11);
    }
    static const struct {
        double p, freedom, t;
    } known[] = {
        {0.75, 3, 0.76489232808089103},       {0.75, 7, 0.71114177808169565},
        {0.75, 30, 0.68275569199262143},      {0.75, 171.0, 0.67592717473088426},
        {0.75, 10000.0, 0.6745142844835923},  {0.95, 3, 2.3533634348018264},
        {0.95, 7, 1.8945786050613049},        {0.95, 30, 1.6972608943617378},
        {0.95, 171.0, 1.6538133236308796},    {0.95, 10000.0, 1.6450060180692423},
        {0.975, 3, 3.1824463052842629},       {0.975, 7, 2.3646242510102993},
        {0.975, 30, 2.0422724563012373},      {0.975, 171.0, 1.9739339540980687},
        {0.975, 10000.0, 1.9602012398906259}, {0.999, 3, 10.214531852405331},
        {0.999, 7, 4.785289628649168},        {0.999, 30, 3.3851848668182161},
        {0.999, 171.0, 3.1385746227293501},   {0.999, 10000.0, 3.0910475160306121},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        assert_float_equal(ambs_student_quantile(known[i].p, known[i].freedom) / known[i].t, 1,
                           1e-9);
}

static void student_quantiles_fall_with_the_freedom(void **state)
{
    (void)state;
    double before = INFINITY;
    for (double freedom = 1; freedom < 1e9; freedom *= 1.7) {
        double t = ambs_student_quantile(0.95, freedom);
        assert_true(t < before || freedom > 1e6);
        assert_true(t > 1.6448);
        before = t;
    }
}

static void adding_one_by_one_equals_two_passes(void **state)
{
    (void)state;
    ambs_random random;
    ambs_random_init(&random, 1, 0, AMBS_PURPOSE_TEST);
    for (int round = 0; round < 100; round++) {
        double y[50], mean = 0, squares = 0;
        int n = 2 + (int)ambs_random_below(&random, 48);
        ambs_sample s = {0};
        for (int i = 0; i < n; i++) {
            y[i] = 10 * ambs_random_normal(&random) + 3;
            mean += y[i] / n;
            ambs_sample_add(&s, y[i]);
        }
        for (int i = 0; i < n; i++) squares += (y[i] - mean) * (y[i] - mean);
        assert_float_equal(s.mean, mean, 1e-12);
        assert_float_equal(s.squares / squares, 1, 1e-12);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_sample_has_no_spread),
        cmocka_unit_test(equal_values_have_no_spread),
        cmocka_unit_test(mean_and_sd_are_those_of_a_known_sample),
        cmocka_unit_test(a_far_offset_costs_no_digits_of_the_sd),
        cmocka_unit_test(a_pool_knows_nothing_of_single_values),
        cmocka_unit_test(a_pool_shares_the_variance_around_each_mean),
        cmocka_unit_test(student_quantiles_are_those_of_closed_forms_and_scipy),
        cmocka_unit_test(student_quantiles_fall_with_the_freedom),
        cmocka_unit_test(adding_one_by_one_equals_two_passes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
