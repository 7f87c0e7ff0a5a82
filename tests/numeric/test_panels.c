/* SPDX-License-Identifier: MIT */
/* Against the plain Cholesky factor by LAPACK, and by multiplying back. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "numeric/cholesky.h"
#include "numeric/panels.h"

enum { MAX_N = 70 };

static double full[MAX_N * MAX_N], l[MAX_N * MAX_N];
static double panels[128 * 5 * 6], work[128 * 5 * 6], inverse[80], b[80];

static void assert_near(double found, double expected, double tolerance)
{
    if (!(fabs(found - expected) <= tolerance))
        fail_msg("found %.17g, expected %.17g", found, expected);
}

/* A Gram matrix of random vectors, in full and in panels. */
static void make(size_t n, uint64_t seed)
{
    ambs_random random;
    double x[MAX_N][5];
    ambs_random_init(&random, seed, n, AMBS_PURPOSE_TEST);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < 5; k++) x[i][k] = ambs_random_normal(&random);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            double sum = i == j ? 0.5 : 0;
            for (size_t k = 0; k < 5; k++) sum += x[i][k] * x[j][k];
            full[i * MAX_N + j] = sum;
        }
    memset(panels, 0, sizeof panels);
    for (size_t i = 0; i < n; i++)
        for (size_t j = i; j < n; j++) panels[ambs_panels_index(i, j)] = full[i * MAX_N + j];
    ambs_panels_fill_up(n, panels);
    memset(b, 0, sizeof b);
    for (size_t i = 0; i < n; i++) b[i] = ambs_random_normal(&random);
}

static void factor_determinant_and_solution_are_those_of_lapack(void **state)
{
    (void)state;
    for (size_t n = 1; n <= MAX_N; n++) {
        make(n, 1);
        double expected[MAX_N];
        memcpy(expected, b, n * sizeof *b);
        memcpy(l, full, sizeof l);
        assert_true(ambs_cholesky_try(n, l, MAX_N));
        assert_true(ambs_panels_factor(n, panels, inverse));
        for (size_t i = 0; i < n; i++)
            for (size_t j = i; j < n; j++)
                assert_near(panels[ambs_panels_index(i, j)], l[j * MAX_N + i], 1e-11);
        assert_near(ambs_panels_log_determinant(n, inverse),
                    ambs_cholesky_log_determinant(n, l, MAX_N), 1e-10);
        ambs_cholesky_solve_lower(n, l, MAX_N, expected);
        ambs_panels_solve(n, panels, inverse, b);
        for (size_t i = 0; i < n; i++) assert_near(b[i], expected[i], 1e-10);
        ambs_cholesky_solve_upper(n, l, MAX_N, expected);
        ambs_panels_invert(n, panels, inverse, work, b);
        for (size_t i = 0; i < n; i++) assert_near(b[i], expected[i], 1e-9);
    }
}

static void the_inverse_times_the_matrix_is_the_identity(void **state)
{
    (void)state;
    for (size_t n = 1; n <= MAX_N; n += 3) {
        make(n, 2);
        assert_true(ambs_panels_factor(n, panels, inverse));
        ambs_panels_invert(n, panels, inverse, work, b);
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < n; j++) {
                double sum = 0;
                for (size_t k = 0; k < n; k++)
                    sum += full[i * MAX_N + k] *
                           panels[k < j ? ambs_panels_index(k, j) : ambs_panels_index(j, k)];
                assert_near(sum, i == j, 1e-10);
            }
    }
}

static void a_matrix_that_is_not_positive_definite_is_refused(void **state)
{
    (void)state;
    const double bad[] = {0, -1, NAN, INFINITY};
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++)
        for (size_t at = 0; at < 37; at += 9) {
            make(37, 3);
            panels[ambs_panels_index(at, at)] = bad[k];
            assert_false(ambs_panels_factor(37, panels, inverse));
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(factor_determinant_and_solution_are_those_of_lapack),
        cmocka_unit_test(the_inverse_times_the_matrix_is_the_identity),
        cmocka_unit_test(a_matrix_that_is_not_positive_definite_is_refused),
    };
    return cmocka_run_group_tests_name("panels", tests, NULL, NULL);
}
