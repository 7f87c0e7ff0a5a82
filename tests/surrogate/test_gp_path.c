/* SPDX-License-Identifier: MIT */
/* Functions drawn from the process's posterior: their moments, and their slopes by differences. */
#include "gp_fixture.h"

/* cov(f(a), f(b)) = k(a, b) - k_aᵀ (K + σ²I)⁻¹ k_b, in the unit of y. */
static double posterior_covariance(const ambs_gp *gp, const double *a, const double *b)
{
    double point[2][MAX_THETA], k[2][MAX_N], both, product = 0;
    for (int side = 0; side < 2; side++) {
        ambs_gp_encode(gp->n_terms, gp->terms, gp->features, side ? b : a, point[side], 1);
        ambs_gp_warp_point(&gp->kernel, point[side], 1);
        ambs_gp_kernel_row(&gp->kernel, point[side], gp->columns, gp->capacity, gp->n, k[side],
                           NULL);
        ambs_cholesky_solve_lower(gp->n, gp->l, gp->capacity, k[side]);
    }
    ambs_gp_kernel_row(&gp->kernel, point[0], point[1], 1, 1, &both, NULL);
    for (size_t j = 0; j < gp->n; j++) product += k[0][j] * k[1][j];
    return gp->scale * gp->scale * (both - product);
}

static void drawn_functions_have_the_covariance_of_the_posterior(void **state)
{
    (void)state;
    enum { N = 800, ROWS = 12, AT = 10 };
    FOR_EACH_VARIANT(v)
    for (ambs_gp_shape shape = AMBS_GP_MATERN52; shape <= AMBS_GP_ANOVA; shape++) {
        make_rows(40);
        ambs_gp *gp = make_gp(shape, P, ROWS, NULL);
        ambs_gp_path path = {0};
        ambs_random r;
        ambs_random_init(&r, 3, v, AMBS_PURPOSE_TEST);
        assert_int_equal(ambs_gp_path_init(&path, gp, NULL), AMBS_OK);
        const double *at = x + ROWS * P;
        double mean[AT], sd[AT], f[AT], sum[AT] = {0}, products[AT] = {0};
        ambs_gp_predict(gp, AT, at, mean, sd);
        for (size_t k = 0; k < N; k++) {
            assert_int_equal(ambs_gp_path_draw(&path, gp, &r, NULL), AMBS_OK);
            ambs_gp_path_values(&path, gp, AT, at, f, NULL);
            for (size_t i = 0; i < AT; i++) {
                sum[i] += (f[i] - mean[i]) / N;
                products[i] += (f[i] - mean[i]) * (f[0] - mean[0]) / N;
            }
        }
        for (size_t i = 0; i < AT; i++) {
            assert_near(sum[i], 0, 4.5 * sd[i] / sqrt(N));
            assert_near(products[i], posterior_covariance(gp, at, at + i * P),
                        6 * sd[0] * sd[i] / sqrt(N));
        }
        ambs_gp_path_fini(&path);
        drop(gp);
    }
}

/* One row: the variance there is s² σ²/n / (s² + σ²/n). */
static void draws_trust_a_mean_of_many(void **state)
{
    (void)state;
    enum { N = 2000 };
    const double theta[3] = {0, 0, 0};
    const uint32_t nine = 9;
    x[0] = y[0] = 0.5;
    ambs_gp *gp = make_gp(AMBS_GP_MATERN52, 1, 1, theta);
    ambs_gp_weigh(gp, &nine);
    assert_int_equal(ambs_gp_set_theta(gp, theta, NULL), AMBS_OK);
    ambs_gp_path path = {0};
    ambs_random r;
    double f, squares = 0;
    ambs_random_init(&r, 3, 0, AMBS_PURPOSE_TEST);
    assert_int_equal(ambs_gp_path_init(&path, gp, NULL), AMBS_OK);
    for (size_t k = 0; k < N; k++) {
        assert_int_equal(ambs_gp_path_draw(&path, gp, &r, NULL), AMBS_OK);
        ambs_gp_path_values(&path, gp, 1, x, &f, NULL);
        squares += (f - 0.5) * (f - 0.5) / N;
    }
    assert_near(squares, 0.1, 0.1 * 5 * sqrt(2.0 / N));
    ambs_gp_path_fini(&path);
    drop(gp);
}

static void a_drawn_function_has_its_slopes(void **state)
{
    (void)state;
    FOR_EACH_VARIANT(v)
    for (ambs_gp_shape shape = AMBS_GP_MATERN52; shape <= AMBS_GP_ANOVA; shape++) {
        if (shape == AMBS_GP_MATERN12) continue; /* it is nowhere smooth */
        make_rows(41);
        ambs_gp *gp = make_gp(shape, P, 40, NULL);
        ambs_gp_path path = {0};
        ambs_random r;
        ambs_random_init(&r, 3, v, AMBS_PURPOSE_TEST);
        assert_int_equal(ambs_gp_path_init(&path, gp, NULL), AMBS_OK);
        assert_int_equal(ambs_gp_path_draw(&path, gp, &r, NULL), AMBS_OK);
        const double *at = x + 50 * P, h = 1e-6;
        double f[AMBS_GP_CLIMBS], value[2], slopes[AMBS_GP_CLIMBS * P], row[2][P];
        ambs_gp_path_values(&path, gp, AMBS_GP_CLIMBS, at, f, slopes);
        for (size_t i = 0; i < AMBS_GP_CLIMBS; i++)
            for (size_t k = 0; k < P; k++) {
                memcpy(row[0], at + i * P, sizeof row[0]);
                memcpy(row[1], row[0], sizeof row[0]);
                row[0][k] -= h;
                row[1][k] += h;
                ambs_gp_path_values(&path, gp, 2, row[0], value, NULL);
                double expected = k > 1 || isnan(row[0][k]) ? 0 : (value[1] - value[0]) / (2 * h);
                assert_near(slopes[i * P + k], expected, 2e-3 * (1 + fabs(expected)));
            }
        ambs_gp_path_fini(&path);
        drop(gp);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(drawn_functions_have_the_covariance_of_the_posterior, reset_extra),
        cmocka_unit_test_setup(draws_trust_a_mean_of_many, reset_extra),
        cmocka_unit_test_setup(a_drawn_function_has_its_slopes, reset_extra),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("gp_path", tests, NULL, NULL);
}
