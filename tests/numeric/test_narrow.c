/* SPDX-License-Identifier: MIT */
#include "../base/check.h"

#include "base/random.h"
#include "numeric/narrow.h"

enum { N = 45, K = 21, M = 24, STRIDE = 50 };

static double l[K * STRIDE], b[N * M], to[N * M], wanted[N * M];

static void fill(double *a, size_t n, uint64_t seed)
{
    ambs_random r;
    ambs_random_init(&r, seed, 0, AMBS_PURPOSE_TEST);
    for (size_t i = 0; i < n; i++) a[i] = ambs_random_normal(&r);
}

static void check(size_t n, size_t k, size_t m)
{
    fill(l, K * STRIDE, 1);
    for (int transposed = 0; transposed < 2; transposed++) {
        size_t rows = transposed ? k : n, terms = transposed ? n : k;
        fill(b, N * M, 2);
        fill(to, N * M, 3);
        fill(wanted, N * M, 3);
        for (size_t i = 0; i < rows; i++)
            for (size_t c = 0; c < m; c++)
                for (size_t j = 0; j < terms; j++)
                    wanted[i * m + c] -=
                        (transposed ? l[i * STRIDE + j] : l[j * STRIDE + i]) * b[j * m + c];
        (transposed ? ambs_narrow_take_transposed : ambs_narrow_take)(n, k, l, STRIDE, m, b, to);
        for (size_t i = 0; i < N * M; i++) /* what stands behind stays */
            if (!(fabs(to[i] - wanted[i]) <= 1e-12))
                fail_msg("n %zu, k %zu, m %zu: found %.17g at %zu, expected %.17g", n, k, m, to[i],
                         i, wanted[i]);
    }
}

static void products_are_those_of_the_plain_sums(void **state)
{
    (void)state;
    const size_t n[] = {0, 1, 7, 8, 9, 16, N}, k[] = {0, 1, 8, 13, K}, m[] = {8, 16, 24};
    for (size_t i = 0; i < sizeof n / sizeof *n; i++)
        for (size_t j = 0; j < sizeof k / sizeof *k; j++)
            for (size_t c = 0; c < sizeof m / sizeof *m; c++) check(n[i], k[j], m[c]);
}

static void a_lane_does_not_depend_on_the_others(void **state)
{
    (void)state;
    double alone[N * 8], wide[N * M], side[N * 8];
    fill(l, K * STRIDE, 1);
    fill(b, N * M, 2);
    fill(to, N * M, 3);
    for (size_t i = 0; i < N; i++)
        for (size_t c = 0; c < 8; c++) {
            alone[i * 8 + c] = to[i * M + 16 + c];
            side[i * 8 + c] = b[i * M + 16 + c];
        }
    memcpy(wide, to, sizeof wide);
    ambs_narrow_take(N, K, l, STRIDE, M, b, wide);
    ambs_narrow_take(N, K, l, STRIDE, 8, side, alone);
    for (size_t i = 0; i < N; i++)
        for (size_t c = 0; c < 8; c++) assert_true(alone[i * 8 + c] == wide[i * M + 16 + c]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(products_are_those_of_the_plain_sums),
        cmocka_unit_test(a_lane_does_not_depend_on_the_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
