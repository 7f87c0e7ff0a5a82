/* SPDX-License-Identifier: MIT */
/* The sampler against distributions whose moments are known. */
#include "../base/check.h"

#include "numeric/slice.h"

#define N 3

/* Correlated normal with means 1, -2, 0.5, variances 1, 4, 0.25 and correlation 0.8 of the first
 * two. */
static double log_normal_density(void *of, const double *x)
{
    (void)of;
    double a = x[0] - 1, b = (x[1] + 2) / 2, c = (x[2] - 0.5) / 0.5, r = 0.8;
    return -0.5 * ((a * a - 2 * r * a * b + b * b) / (1 - r * r) + c * c);
}

/* Gamma(3, 1): mean 3, variance 3. */
static double log_gamma_density(void *of, const double *x)
{
    (void)of;
    return x[0] > 0 ? 2 * log(x[0]) - x[0] : -INFINITY;
}

static void sample(const ambs_slice_problem *p, size_t n_steps, double *x, double *ret_mean,
                   double *ret_product)
{
    double work[2 * N], value = p->log_density(p->of, x);
    ambs_random r;
    ambs_random_init(&r, 1, 0, AMBS_PURPOSE_TEST);
    for (size_t k = 0; k < n_steps; k++) {
        ambs_slice_step(p, 1.5, &r, x, &value, work);
        assert_true(value == p->log_density(p->of, x));
        for (size_t i = 0; i < p->n; i++) {
            ret_mean[i] += x[i] / (double)n_steps;
            for (size_t j = 0; j < p->n; j++)
                ret_product[i * N + j] += x[i] * x[j] / (double)n_steps;
        }
    }
}

static void a_correlated_normal_has_its_moments(void **state)
{
    (void)state;
    const double lower[N] = {-50, -50, -50}, upper[N] = {50, 50, 50}, means[N] = {1, -2, 0.5},
                 variances[N] = {1, 4, 0.25};
    const ambs_slice_problem p = {N, lower, upper, log_normal_density, NULL};
    double x[N] = {0}, mean[N] = {0}, product[N * N] = {0};
    sample(&p, 200000, x, mean, product);
    for (size_t i = 0; i < N; i++) {
        assert_true(fabs(mean[i] - means[i]) < 0.05 * sqrt(variances[i]));
        assert_true(fabs(product[i * N + i] - mean[i] * mean[i] - variances[i]) <
                    0.06 * variances[i]);
    }
    assert_true(fabs(product[1] - mean[0] * mean[1] - 1.6) < 0.1);
    assert_true(fabs(product[2] - mean[0] * mean[2]) < 0.03);
}

static void a_skewed_density_and_one_cut_by_bounds_have_their_means(void **state)
{
    (void)state;
    const double lower = 0, upper[2] = {100, 2};
    double x = 1, mean[N] = {0}, product[N * N] = {0};
    ambs_slice_problem p = {1, &lower, &upper[0], log_gamma_density, NULL};
    sample(&p, 100000, &x, mean, product);
    assert_true(fabs(mean[0] - 3) < 0.05);
    assert_true(fabs(product[0] - mean[0] * mean[0] - 3) < 0.2);
    p.upper = &upper[1];
    x = mean[0] = product[0] = 1;
    mean[0] = product[0] = 0;
    sample(&p, 100000, &x, mean, product);
    /* ∫ x³ e^-x / ∫ x² e^-x over [0, 2] = (6 - 38 e^-2) / (2 - 10 e^-2) */
    assert_true(fabs(mean[0] - (6 - 38 * exp(-2)) / (2 - 10 * exp(-2))) < 0.01);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_correlated_normal_has_its_moments),
        cmocka_unit_test(a_skewed_density_and_one_cut_by_bounds_have_their_means),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("slice", tests, NULL, NULL);
}
