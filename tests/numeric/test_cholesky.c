/* SPDX-License-Identifier: MIT */
/* Factors against the products that they are the factors of. */
#include "../base/check.h"

#include "base/random.h"
#include "numeric/cholesky.h"

#define N      24
#define STRIDE 27

static double a[N * STRIDE], l[N * STRIDE];

/* A = B Bᵀ + I, full. */
static void make(uint64_t seed)
{
    static double b[N * N];
    ambs_random r;
    ambs_random_init(&r, seed, 0, AMBS_PURPOSE_TEST);
    for (size_t i = 0; i < N * N; i++) b[i] = ambs_random_normal(&r);
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < N; j++) {
            double sum = i == j ? 1 : 0;
            for (size_t k = 0; k < N; k++) sum += b[i * N + k] * b[j * N + k];
            a[i * STRIDE + j] = sum;
        }
    memcpy(l, a, sizeof a);
}

/* L Lᵀ against A without the rows in `gone`. */
static void check_product(size_t n, size_t gone)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j <= i; j++) {
            double sum = 0, expected = a[(i + (i >= gone)) * STRIDE + j + (j >= gone)];
            for (size_t k = 0; k <= j; k++) sum += l[i * STRIDE + k] * l[j * STRIDE + k];
            if (fabs(sum - expected) > 1e-12 * N)
                fail_msg("[%zu, %zu]: found %.17g, expected %.17g", i, j, sum, expected);
        }
}

static void a_factor_times_its_transpose_is_the_matrix(void **state)
{
    (void)state;
    for (size_t n = 0; n <= N; n++) {
        make(n);
        assert_true(ambs_cholesky_try(n, l, STRIDE));
        check_product(n, N);
        assert_true(l[STRIDE - 1] == a[STRIDE - 1]); /* what is behind the rows stays */
    }
}

/* 4 rows with `diagonal` and `other` elements; jitter as far as the limit allows. */
static int factor(double diagonal, double other, double limit, double *ret_jitter, ambs_error *err)
{
    double m[16];
    for (*ret_jitter = 0;;) {
        for (size_t i = 0; i < 16; i++) m[i] = i % 5 == 0 ? diagonal + *ret_jitter : other;
        if (ambs_cholesky_try(4, m, 4)) return AMBS_OK;
        int rc = ambs_cholesky_more_jitter(4, diagonal, limit, ret_jitter, err);
        if (rc != AMBS_OK) return rc;
    }
}

static void a_singular_matrix_takes_jitter_up_to_the_limit(void **state)
{
    (void)state;
    double jitter;
    ambs_error err = {0};
    assert_int_equal(factor(2, 2 + 1e-9, 1e-6, &jitter, &err), AMBS_OK); /* eigenvalue -1e-9 */
    assert_true(jitter > 0 && jitter <= 2e-6);
    assert_int_equal(factor(1, 2, 1e-4, &jitter, &err), AMBS_E_NUMERIC); /* eigenvalue -1 */
    assert_non_null(strstr(err.text, "4 rows that is not positive definite, even with 0.0001"));
    assert_int_equal(factor(NAN, NAN, 1e-4, &jitter, &err), AMBS_E_NUMERIC);
}

static void appended_rows_make_the_factor_of_the_whole(void **state)
{
    (void)state;
    make(1);
    for (size_t n = 0; n < N; n++) ambs_cholesky_append(n, l, STRIDE, l[n * (STRIDE + 1)], 0);
    check_product(N, N);
    double twin[4] = {3, 0, 3, 0}; /* the same row again: no pivot is left */
    ambs_cholesky_append(0, twin, 2, 3, 1e-6);
    ambs_cholesky_append(1, twin, 2, 3 - 1e-9, 1e-6);
    assert_true(twin[3] == sqrt(1e-6));
}

static void any_row_can_go(void **state)
{
    (void)state;
    double work[2 * N], before[N * STRIDE];
    for (size_t gone = 0; gone < N; gone++) {
        make(gone);
        assert_true(ambs_cholesky_try(N, l, STRIDE));
        memcpy(before, l, sizeof l);
        ambs_cholesky_remove(N, l, STRIDE, gone, work);
        check_product(N - 1, gone);
        for (size_t i = 0; i < gone; i++)
            assert_memory_equal(before + i * STRIDE, l + i * STRIDE, (i + 1) * sizeof *l);
    }
    l[0] = 2;
    ambs_cholesky_remove(1, l, STRIDE, 0, work); /* the only one */
}

static void a_diagonal_can_change_either_way(void **state)
{
    (void)state;
    double work[2 * N], before[N * STRIDE];
    const double changes[] = {3, 1e-3, 0, -1e-3, -0.5, -0.999}; /* no eigenvalue is below 1 */
    for (size_t k = 0; k < N; k++)
        for (size_t c = 0; c < sizeof changes / sizeof *changes; c++) {
            make(k);
            assert_true(ambs_cholesky_try(N, l, STRIDE));
            memcpy(before, l, sizeof l);
            ambs_cholesky_change_diagonal(N, l, STRIDE, k, changes[c], 0, work);
            a[k * (STRIDE + 1)] += changes[c];
            check_product(N, N);
            for (size_t i = 0; i < k; i++)
                assert_memory_equal(before + i * STRIDE, l + i * STRIDE, (i + 1) * sizeof *l);
        }
    l[0] = 1;
    ambs_cholesky_change_diagonal(1, l, STRIDE, 0, -1 - 1e-9, 1e-6, work); /* no pivot is left */
    assert_true(l[0] == sqrt(1e-6));
}

static void solving_undoes_multiplying(void **state)
{
    (void)state;
    double x[N], b[N];
    make(5);
    for (size_t i = 0; i < N; i++) x[i] = (double)i - 7;
    for (size_t i = 0; i < N; i++) {
        b[i] = 0;
        for (size_t j = 0; j < N; j++) b[i] += a[i * STRIDE + j] * x[j];
    }
    assert_true(ambs_cholesky_try(N, l, STRIDE));
    ambs_cholesky_solve_lower(N, l, STRIDE, b);
    ambs_cholesky_solve_upper(N, l, STRIDE, b);
    for (size_t i = 0; i < N; i++) assert_true(fabs(b[i] - x[i]) < 1e-10);
}

static void the_determinant_is_that_of_the_matrix(void **state)
{
    (void)state;
    double two[4] = {4, 0, 2, 5};
    assert_true(ambs_cholesky_try(2, two, 2));
    assert_true(fabs(ambs_cholesky_log_determinant(2, two, 2) - log(16)) < 1e-14);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_factor_times_its_transpose_is_the_matrix),
        cmocka_unit_test(a_singular_matrix_takes_jitter_up_to_the_limit),
        cmocka_unit_test(appended_rows_make_the_factor_of_the_whole),
        cmocka_unit_test(any_row_can_go),
        cmocka_unit_test(a_diagonal_can_change_either_way),
        cmocka_unit_test(solving_undoes_multiplying),
        cmocka_unit_test(the_determinant_is_that_of_the_matrix),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("cholesky", tests, NULL, NULL);
}
