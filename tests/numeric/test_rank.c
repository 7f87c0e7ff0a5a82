/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/random.h"
#include "failing_alloc.h"
#include "numeric/rank.h"

static double correlation(size_t n, const double *a, const double *b)
{
    double rho = NAN;
    assert_int_equal(ambs_rank_correlation(n, a, b, &rho, NULL), AMBS_OK);
    return rho;
}

static void nothing_and_constants_have_none(void **state)
{
    (void)state;
    const double a[] = {1, 1, 1}, b[] = {1, 2, 3};
    assert_true(correlation(0, a, b) == 0);
    assert_true(correlation(1, a, b) == 0);
    assert_true(correlation(3, a, b) == 0);
    assert_true(correlation(3, b, a) == 0);
}

static void only_the_order_counts(void **state)
{
    (void)state;
    const double a[] = {1, 2, 3, 4}, b[] = {-1e9, 0, 1e-3, 7}, c[] = {4, 3, 2, 1};
    assert_true(fabs(correlation(4, a, b) - 1) < 1e-15);
    assert_true(fabs(correlation(4, a, c) + 1) < 1e-15);
}

/* scipy.stats.spearmanr([1, 2, 2, 4, 5, 5, 7], [3, 1, 2, 2, 9, 4, 4]) */
static void ties_have_their_mean_rank(void **state)
{
    (void)state;
    const double a[] = {1, 2, 2, 4, 5, 5, 7}, b[] = {3, 1, 2, 2, 9, 4, 4};
    assert_true(fabs(correlation(7, a, b) - 0.6666666666666667) < 1e-12);
}

/* Its deviation is 1 / sqrt(n - 1) there (Kendall and Gibbons 1990, section 4.14). */
static void it_is_about_0_without_a_relation(void **state)
{
    (void)state;
    enum { N = 400 };
    double a[N], b[N];
    ambs_random r;
    ambs_random_init(&r, 1, 2, AMBS_PURPOSE_TEST);
    for (int i = 0; i < N; i++) {
        a[i] = ambs_random_uniform(&r);
        b[i] = ambs_random_uniform(&r);
    }
    assert_true(fabs(correlation(N, a, b)) < 3 / sqrt(N - 1));
}

static int once(void *ctx)
{
    const double *a = ctx;
    double rho;
    return ambs_rank_correlation(3, a, a, &rho, NULL);
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    double a[] = {1, 2, 3};
    assert_true(failing_alloc_each(once, a) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_and_constants_have_none),
        cmocka_unit_test(only_the_order_counts),
        cmocka_unit_test(ties_have_their_mean_rank),
        cmocka_unit_test(it_is_about_0_without_a_relation),
        cmocka_unit_test(every_allocation_may_fail),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("numeric/rank", tests, NULL, NULL);
}
