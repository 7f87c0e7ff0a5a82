/* SPDX-License-Identifier: MIT */
/* Solutions against the products that they solve, and the bits of a lane against its neighbours. */
#include <stdbool.h>

#include "../base/check.h"

#include "base/random.h"
#include "numeric/triangular.h"

#define MAX_N  43
#define STRIDE 45
#define MAX_M  (3 * AMBS_TRIANGULAR_LANES)

static double l[MAX_N * STRIDE], b[MAX_N * MAX_M], x[MAX_N * MAX_M];

static void make(size_t n, size_t m)
{
    ambs_random r;
    ambs_random_init(&r, n, m, AMBS_PURPOSE_TEST);
    for (size_t i = 0; i < MAX_N * STRIDE; i++) l[i] = 0.3 * ambs_random_normal(&r);
    for (size_t i = 0; i < n; i++) l[i * (STRIDE + 1)] = 1 + ambs_random_uniform(&r);
    for (size_t i = 0; i < n * m; i++) x[i] = b[i] = ambs_random_normal(&r);
}

/* The largest of |L x - b|, or of |Lᵀ x - b|, over the largest of |x|. */
static double residual(size_t n, size_t m, bool transposed)
{
    double most = 0, size = 1e-300;
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < m; c++) {
            double sum = -b[i * m + c];
            for (size_t j = 0; j < n; j++)
                if (transposed ? j >= i : j <= i)
                    sum += (transposed ? l[j * STRIDE + i] : l[i * STRIDE + j]) * x[j * m + c];
            most = fmax(most, fabs(sum));
            size = fmax(size, fabs(x[i * m + c]));
        }
    return most / size;
}

static void a_solution_times_the_triangle_is_the_right_hand_side(void **state)
{
    (void)state;
    for (size_t n = 0; n <= MAX_N; n++)
        for (size_t m = AMBS_TRIANGULAR_LANES; m <= MAX_M; m += AMBS_TRIANGULAR_LANES) {
            make(n, m);
            ambs_triangular_solve(n, l, STRIDE, m, x);
            assert_true(residual(n, m, false) < 1e-14 * (double)(n + 1));
            make(n, m);
            ambs_triangular_solve_transposed(n, l, STRIDE, m, x);
            assert_true(residual(n, m, true) < 1e-14 * (double)(n + 1));
        }
}

static void a_lane_does_not_depend_on_where_it_stands(void **state)
{
    (void)state;
    static double one[MAX_N * AMBS_TRIANGULAR_LANES];
    for (int transposed = 0; transposed < 2; transposed++)
        for (size_t c = 0; c < MAX_M; c += 7) {
            make(MAX_N, MAX_M);
            for (size_t i = 0; i < MAX_N; i++)
                one[i * AMBS_TRIANGULAR_LANES + c % 5] = b[i * MAX_M + c];
            void (*solve)(size_t, const double *, size_t, size_t, double *) =
                transposed ? ambs_triangular_solve_transposed : ambs_triangular_solve;
            solve(MAX_N, l, STRIDE, MAX_M, x);
            solve(MAX_N, l, STRIDE, AMBS_TRIANGULAR_LANES, one);
            for (size_t i = 0; i < MAX_N; i++)
                assert_true(one[i * AMBS_TRIANGULAR_LANES + c % 5] == x[i * MAX_M + c]);
            memset(one, 0, sizeof one);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_solution_times_the_triangle_is_the_right_hand_side),
        cmocka_unit_test(a_lane_does_not_depend_on_where_it_stands),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("triangular", tests, NULL, NULL);
}
