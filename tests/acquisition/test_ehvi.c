/* SPDX-License-Identifier: MIT */
/* Expected hypervolume improvement against differences of hypervolumes (without spread), quadrature
 * (two values), drawn points (three), and differences for its slopes. */
#include "../base/check.h"

#include "acquisition/ehvi.h"
#include "base/random.h"
#include "numeric/pareto.h"
#include "numeric/special.h"

enum { MAX_N = 20, M = AMBS_EHVI_MAX_GOALS };

static const double reference[M] = {1, 1, 1};

static void fill(ambs_random *r, size_t n, size_t m, uint64_t levels, double *y)
{
    for (size_t i = 0; i < n * m; i++)
        y[i] = levels ? (double)ambs_random_below(r, levels) / (double)levels
                      : 1.1 * ambs_random_uniform(r);
}

/* HV(F + z) − HV(F); y has room for one point more. */
static double gain(size_t n, size_t m, double *y, const double *z)
{
    double work = 1e12, before, after;
    memcpy(y + n * m, z, m * sizeof *y);
    assert_int_equal(ambs_pareto_hypervolume(n, m, y, reference, &work, &before, NULL), AMBS_OK);
    assert_int_equal(ambs_pareto_hypervolume(n + 1, m, y, reference, &work, &after, NULL), AMBS_OK);
    return after - before;
}

static void fit(ambs_ehvi *e, size_t n, size_t m, const double *y)
{
    ambs_error err;
    if (ambs_ehvi_fit(e, n, m, y, reference, &err) != AMBS_OK) fail_msg("%s", err.text);
    assert_true(e->n_boxes <= 2 * n + 1);
}

static void without_spread_it_is_the_gain_itself(void **state)
{
    (void)state;
    ambs_ehvi e = {0};
    ambs_random r;
    ambs_random_init(&r, 1, 0, AMBS_PURPOSE_TEST);
    const double none[M] = {0};
    for (int round = 0; round < 600; round++) {
        size_t n = (size_t)ambs_random_below(&r, MAX_N), m = 2 + (size_t)round % 2;
        double y[(MAX_N + 1) * M], z[M];
        fill(&r, n, m, round % 3 == 0 ? 4 : 0, y); /* ties, duplicates, dominated points */
        fit(&e, n, m, y);
        for (int k = 0; k < 10; k++) {
            fill(&r, 1, m, round % 3 == 0 ? 4 : 0, z);
            double value = ambs_ehvi_value(&e, z, none, NULL, NULL);
            assert_true(fabs(value - gain(n, m, y, z)) < 1e-12);
        }
    }
    ambs_ehvi_fini(&e);
}

static void without_a_front_it_is_a_product_of_improvements(void **state)
{
    (void)state;
    ambs_ehvi e = {0};
    const double mean[M] = {0.3, 1.2, 0.9}, sd[M] = {0.2, 0.5, 0.1};
    for (size_t m = 2; m <= M; m++) {
        double expected = 1;
        for (size_t j = 0; j < m; j++)
            expected *= sd[j] * ambs_normal_improvement((1 - mean[j]) / sd[j]);
        fit(&e, 0, m, NULL);
        assert_true(fabs(ambs_ehvi_value(&e, mean, sd, NULL, NULL) / expected - 1) < 1e-14);
    }
    ambs_ehvi_fini(&e);
}

/* The midpoint rule over 9 standard deviations to each side, in both values. */
static double by_quadrature(size_t n, double *y, const double *mean, const double *sd)
{
    enum { STEPS = 700 };
    double sum = 0, h = 18.0 / STEPS;
    for (int i = 0; i < STEPS; i++)
        for (int k = 0; k < STEPS; k++) {
            double a = -9 + h * (i + 0.5), b = -9 + h * (k + 0.5);
            const double z[2] = {mean[0] + sd[0] * a, mean[1] + sd[1] * b};
            double weight = ambs_normal_pdf(a) * ambs_normal_pdf(b);
            if (weight > 1e-14 && z[0] < 1 && z[1] < 1) sum += weight * gain(n, 2, y, z);
        }
    return sum * h * h;
}

static void two_values_agree_with_quadrature(void **state)
{
    (void)state;
    ambs_ehvi e = {0};
    double y[4 * 2] = {0.1, 0.8, 0.4, 0.5, 0.7, 0.2};
    const double mean[2] = {0.45, 0.4}, sd[2] = {0.2, 0.3};
    fit(&e, 3, 2, y);
    double expected = by_quadrature(3, y, mean, sd);
    assert_true(fabs(ambs_ehvi_value(&e, mean, sd, NULL, NULL) / expected - 1) < 2e-4);
    ambs_ehvi_fini(&e);
}

static void three_values_agree_with_drawn_points(void **state)
{
    (void)state;
    enum { N = 8, DRAWS = 60000 };
    ambs_ehvi e = {0};
    ambs_random r;
    ambs_random_init(&r, 2, 0, AMBS_PURPOSE_TEST);
    double y[(N + 1) * M], z[M], sum = 0, squares = 0;
    const double mean[M] = {0.4, 0.5, 0.3}, sd[M] = {0.3, 0.2, 0.25};
    fill(&r, N, M, 0, y);
    fit(&e, N, M, y);
    for (int k = 0; k < DRAWS; k++) {
        for (size_t j = 0; j < M; j++) z[j] = mean[j] + sd[j] * ambs_random_normal(&r);
        double one = gain(N, M, y, z);
        sum += one;
        squares += one * one;
    }
    double expected = sum / DRAWS, error = sqrt((squares / DRAWS - expected * expected) / DRAWS);
    assert_true(fabs(ambs_ehvi_value(&e, mean, sd, NULL, NULL) - expected) < 4 * error);
    ambs_ehvi_fini(&e);
}

static void slopes_agree_with_differences(void **state)
{
    (void)state;
    ambs_ehvi e = {0};
    ambs_random r;
    ambs_random_init(&r, 3, 0, AMBS_PURPOSE_TEST);
    for (int round = 0; round < 200; round++) {
        size_t m = 2 + (size_t)round % 2, n = (size_t)ambs_random_below(&r, MAX_N);
        double y[(MAX_N + 1) * M], mean[M], sd[M], by_mean[M], by_sd[M], h = 1e-5;
        fill(&r, n, m, 0, y);
        fill(&r, 1, m, 0, mean);
        fit(&e, n, m, y);
        for (size_t j = 0; j < m; j++) sd[j] = 0.05 + 0.3 * ambs_random_uniform(&r);
        ambs_ehvi_value(&e, mean, sd, by_mean, by_sd);
        for (size_t j = 0; j < m; j++) {
            double *const places[] = {&mean[j], &sd[j]}, found[] = {by_mean[j], by_sd[j]};
            for (int k = 0; k < 2; k++) {
                double at = *places[k];
                *places[k] = at + h;
                double above = ambs_ehvi_value(&e, mean, sd, NULL, NULL);
                *places[k] = at - h;
                double below = ambs_ehvi_value(&e, mean, sd, NULL, NULL);
                *places[k] = at;
                assert_true(fabs((above - below) / (2 * h) - found[k]) < 1e-7);
            }
        }
    }
    ambs_ehvi_fini(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_front_it_is_a_product_of_improvements),
        cmocka_unit_test(without_spread_it_is_the_gain_itself),
        cmocka_unit_test(two_values_agree_with_quadrature),
        cmocka_unit_test(three_values_agree_with_drawn_points),
        cmocka_unit_test(slopes_agree_with_differences),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("acquisition/ehvi", tests, NULL, NULL);
}
