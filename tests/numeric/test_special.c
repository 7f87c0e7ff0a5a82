/* SPDX-License-Identifier: MIT */
/* Oracles: the tables 26.1 and 26.2 of Abramowitz and Stegun, identities, and quadrature. */
#include "../base/check.h"

#include "numeric/special.h"

static void assert_close(double found, double expected, double relative)
{
    if (!(fabs(found - expected) <= relative * fabs(expected)))
        fail_msg("found %.17g, expected %.17g", found, expected);
}

/* The integral of f(z, t) exp(-t z - t^2 / 2) over t from 0 on, z >= 0: Simpson's rule. */
static double laplace(double z, double (*f)(double t))
{
    enum { STEPS = 20000 };
    double end = z > 4.5 ? 45 / z : 10, h = end / STEPS, sum = 0;
    for (int i = 0; i <= STEPS; i++) {
        double t = i * h, value = f(t) * exp(-t * z - 0.5 * t * t);
        sum += value * (i == 0 || i == STEPS ? 1 : i % 2 ? 4 : 2);
    }
    return sum * h / 3;
}

static double one(double t)
{
    (void)t;
    return 1;
}

static double itself(double t)
{
    return t;
}

static void known_values_are_met(void **state)
{
    (void)state;
    assert_close(ambs_normal_pdf(0), 0.398942280401432678, 1e-15);
    assert_close(ambs_normal_cdf(0), 0.5, 1e-15);
    assert_close(ambs_normal_cdf(1), 0.841344746068542949, 1e-15); /* Abramowitz and Stegun, 26.1 */
    assert_close(ambs_normal_cdf(-2), 0.0227501319481792072, 1e-14);
    assert_close(-ambs_normal_log_cdf(-10) / log(10), 23.11805, 1e-6);    /* 26.2: -log10 Q(10) */
    assert_close(-ambs_normal_log_cdf(-100) / log(10), 2173.87154, 1e-8); /* 26.2: -log10 Q(100) */
    assert_close(ambs_erfcx(0), 1, 1e-15);
    assert_close(ambs_erfcx(1), 0.427583576155807, 1e-14);
}

/* The normal quantiles of any table; then Phi turns them back. */
static void quantiles_are_those_of_the_tables_and_turn_back(void **state)
{
    (void)state;
    assert_true(fabs(ambs_normal_quantile(0.5)) < 1e-16);
    assert_close(ambs_normal_quantile(0.975), 1.95996398454005424, 1e-14);
    assert_close(ambs_normal_quantile(0.01), -2.32634787404084110, 1e-14);
    assert_close(ambs_normal_quantile(1e-10), -6.36134090240406, 1e-13);
    for (double log_p = -690; log_p < -0.7; log_p += 1.7)
        assert_true(fabs(ambs_normal_log_cdf(ambs_normal_quantile(exp(log_p))) - log_p) <=
                    1e-13 * -log_p);
    for (double p = 0.001; p < 1; p += 0.001)
        assert_true(fabs(ambs_normal_cdf(ambs_normal_quantile(p)) - p) < 1e-15);
}

/* 1 - Phi(z) = phi(z) times the integral of exp(-t z - t^2 / 2), h(-z) that of t times the same. */
static void tails_agree_with_quadrature(void **state)
{
    (void)state;
    for (double z = 0; z <= 38; z += 0.37) {
        double mills = laplace(z, one), improvement = laplace(z, itself);
        assert_close(ambs_normal_cdf(-z), ambs_normal_pdf(z) * mills, 1e-12);
        assert_close(ambs_normal_improvement(-z), ambs_normal_pdf(z) * improvement, 1e-11);
        double log_pdf = -0.5 * z * z - 0.91893853320467274178;
        assert_true(fabs(ambs_normal_log_cdf(-z) - log_pdf - log(mills)) < 1e-11);
        assert_true(fabs(ambs_normal_log_improvement(-z) - log_pdf - log(improvement)) < 1e-11);
        assert_close(ambs_erfcx(z / sqrt(2)), mills * sqrt(2 / 3.14159265358979324), 1e-12);
    }
}

static void both_branches_meet(void **state)
{
    (void)state;
    for (double z = -4.0001; z < -3.9999; z += 2e-5) {
        double next = nextafter(z, 0);
        assert_close(ambs_normal_log_improvement(z), ambs_normal_log_improvement(next), 1e-13);
        assert_close(ambs_normal_log_cdf(z), ambs_normal_log_cdf(next), 1e-13);
        assert_close(ambs_erfcx(-z), ambs_erfcx(-next), 1e-13);
    }
}

static void far_out_the_leading_terms_remain(void **state)
{
    (void)state;
    for (double z = 1e3; z < 1e150; z *= 1e7) {
        double log_pdf = -0.5 * z * z - 0.91893853320467274178;
        assert_close(ambs_normal_log_cdf(-z), log_pdf - log(z) - 1 / (z * z), 1e-12);
        assert_close(ambs_normal_log_improvement(-z), log_pdf - 2 * log(z) - 3 / (z * z), 1e-12);
        assert_close(ambs_erfcx(z), 1 / (z * sqrt(3.14159265358979324)), 1e-6);
        assert_close(ambs_normal_improvement(z), z, 1e-15);
        assert_close(exp(ambs_normal_log_improvement(z)), z, 1e-12);
        assert_true(ambs_normal_log_cdf(z) == 0);
    }
}

/* h(z) - h(-z) = z, Phi(z) + Phi(-z) = 1. */
static void reflections_hold(void **state)
{
    (void)state;
    for (double z = -8; z <= 8; z += 0.123) {
        assert_true(fabs(ambs_normal_improvement(z) - ambs_normal_improvement(-z) - z) < 1e-14);
        assert_true(fabs(ambs_normal_cdf(z) + ambs_normal_cdf(-z) - 1) < 1e-15);
    }
}

static void logarithms_rise(void **state)
{
    (void)state;
    double last_h = -INFINITY, last_cdf = -INFINITY;
    for (double z = -60; z < 7; z += 0.003) {
        assert_true(ambs_normal_log_improvement(z) > last_h && ambs_normal_log_cdf(z) > last_cdf);
        last_h = ambs_normal_log_improvement(z);
        last_cdf = ambs_normal_log_cdf(z);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_values_are_met),
        cmocka_unit_test(quantiles_are_those_of_the_tables_and_turn_back),
        cmocka_unit_test(tails_agree_with_quadrature),
        cmocka_unit_test(both_branches_meet),
        cmocka_unit_test(far_out_the_leading_terms_remain),
        cmocka_unit_test(reflections_hold),
        cmocka_unit_test(logarithms_rise),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("special", tests, NULL, NULL);
}
