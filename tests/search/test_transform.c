/* SPDX-License-Identifier: MIT */
#include "fixture.h"

#include "base/random.h"
#include "search/transform.h"

static ambs_transform fitted(ambs_transform_kind kind, size_t n, const double *y)
{
    ambs_transform t = {0};
    assert_int_equal(ambs_transform_fit(&t, kind, n, y, NULL), AMBS_OK);
    return t;
}

static void equal_values_are_all_zero(void **state)
{
    (void)state;
    const double y[3] = {4, 4, 4};
    for (ambs_transform_kind kind = 0; kind < AMBS_TRANSFORM_AUTO; kind++)
        for (size_t n = 1; n <= 3; n++) {
            ambs_transform t = fitted(kind, n, y);
            assert_true(ambs_transform_apply(&t, 4) == 0 && ambs_transform_invert(&t, 0) == 4);
            assert_true(ambs_transform_apply(&t, 3) <= 0 && ambs_transform_apply(&t, 5) >= 0);
            ambs_transform_fini(&t);
        }
}

static void the_ends_are_where_they_are_said_to_be(void **state)
{
    (void)state;
    const double y[5] = {3, 1, 2, 9, 5};
    ambs_transform t = fitted(AMBS_TRANSFORM_RANK, 5, y);
    assert_true(ambs_transform_apply(&t, 1) == 0 && ambs_transform_apply(&t, 9) == 1);
    assert_true(ambs_transform_apply(&t, 3) == 0.5 && ambs_transform_apply(&t, 4) == 0.625);
    ambs_transform_fini(&t);
    t = fitted(AMBS_TRANSFORM_NONE, 5, y);
    assert_true(ambs_transform_apply(&t, 1) == 0 && ambs_transform_apply(&t, 9) == 1 &&
                ambs_transform_apply(&t, 5) == 0.5);
    ambs_transform_fini(&t);
    /* p5 = 1.2, median 3: m' = 1 - max(0.2, 0.02) = 0.8. */
    t = fitted(AMBS_TRANSFORM_LOG, 5, y);
    assert_true(ambs_transform_apply(&t, 9) == 0);
    assert_true(fabs(ambs_transform_apply(&t, 1) - log(0.2 / 8.2)) < 1e-12);
    ambs_transform_fini(&t);
}

/* The median of 1 to 6 is 3.5; the better half lies 0.5, 1.5 and 2.5 below it: s² = 8.75 / 3. The
 * others are at the quantiles 7/12, 9/12 and 11/12 of a unit normal. */
static void half_ranks_are_those_by_hand(void **state)
{
    (void)state;
    const double y[6] = {4, 3, 1000, 2, 1, 5}, s = sqrt(8.75 / 3),
                 z[3] = {0.210428394247924884, 0.674489750196081743, 1.38299412710063858},
                 top = 3.5 + s * z[2];
    ambs_transform t = fitted(AMBS_TRANSFORM_HALF_RANK, 6, y);
    for (int i = 0; i < 3; i++) {
        double good = i + 1, bad = 3.5 + s * z[i];
        assert_true(fabs(ambs_transform_apply(&t, good) -
                         log(1 + 0.5 * (good - 1) / (top - 1)) / log(1.5)) < 1e-14);
        assert_true(fabs(ambs_transform_apply(&t, i == 2 ? 1000 : i + 4) -
                         log(1 + 0.5 * (bad - 1) / (top - 1)) / log(1.5)) < 1e-14);
    }
    assert_true(ambs_transform_apply(&t, 1) == 0 && ambs_transform_apply(&t, 2000) == 1);
    assert_true(fabs(ambs_transform_apply(&t, 0) + 0.5 / (top - 1) / log(1.5)) < 1e-15);
    ambs_transform_fini(&t);
}

static void normal_scores_are_the_quantiles_of_the_ranks(void **state)
{
    (void)state;
    const double y[4] = {7, 1e9, 3, 7};
    ambs_transform t = fitted(AMBS_TRANSFORM_GAUSSIAN, 4, y);
    assert_true(fabs(ambs_transform_apply(&t, 3) + 1.15034938037600817) < 1e-14); /* 1/8 */
    assert_true(fabs(ambs_transform_apply(&t, 7)) < 1e-15);                       /* 3/8 and 5/8 */
    assert_true(fabs(ambs_transform_apply(&t, 1e9) - 1.15034938037600817) < 1e-14);
    assert_true(fabs(ambs_transform_apply(&t, 5) + 0.5 * 1.15034938037600817) < 1e-14);
    assert_true(ambs_transform_apply(&t, 0) == ambs_transform_apply(&t, 3));
    ambs_transform_fini(&t);
}

static void a_better_half_that_is_all_equal_keeps_its_distance(void **state)
{
    (void)state;
    const double y[5] = {2, 2, 2, 5, 9};
    ambs_transform t = fitted(AMBS_TRANSFORM_HALF_RANK, 5, y);
    double five = ambs_transform_apply(&t, 5);
    assert_true(ambs_transform_apply(&t, 2) == 0 && ambs_transform_apply(&t, 9) == 1);
    assert_true(five > 0.1 && five < 0.9);
    assert_true(fabs(ambs_transform_invert(&t, five) - 5) < 1e-12);
    ambs_transform_fini(&t);
}

static void ranks_of_ties_are_shared(void **state)
{
    (void)state;
    const double y[5] = {1, 1, 2, 2, 3};
    ambs_transform t = fitted(AMBS_TRANSFORM_RANK, 5, y);
    assert_true(ambs_transform_apply(&t, 1) == 0.125 && ambs_transform_apply(&t, 2) == 0.625 &&
                ambs_transform_apply(&t, 3) == 1);
    ambs_transform_fini(&t);
}

static void many_ties_at_the_minimum_keep_the_logarithm_finite(void **state)
{
    (void)state;
    const double y[6] = {0, 0, 0, 0, 0, 7};
    ambs_transform t = fitted(AMBS_TRANSFORM_LOG, 6, y);
    double low = ambs_transform_apply(&t, 0);
    assert_true(isfinite(low) && low < 0 && low > -10);
    ambs_transform_fini(&t);
}

static void values_that_hardly_differ_stay_finite(void **state)
{
    (void)state;
    for (double base = -1e5; base <= 1e5; base += 1e5)
        for (size_t n = 2; n < 6; n++)
            for (int kind = 0; kind < AMBS_TRANSFORM_AUTO; kind++)
                for (size_t n_low = 1; n_low < n; n_low++) {
                    ambs_transform t = {0};
                    double y[6];
                    for (size_t i = 0; i < n; i++)
                        y[i] = i < n_low ? base : nextafter(base, INFINITY);
                    assert_int_equal(ambs_transform_fit(&t, (ambs_transform_kind)kind, n, y, NULL),
                                     AMBS_OK);
                    for (size_t i = 0; i < n; i++)
                        assert_true(isfinite(ambs_transform_apply(&t, y[i])));
                    assert_true(isfinite(t.mean));
                    assert_true(isfinite(ambs_transform_invert(&t, t.mean)));
                    ambs_transform_fini(&t);
                }
}

static void huge_and_tiny_values_stay_finite(void **state)
{
    (void)state;
    const double y[4] = {-1e308, 1e308, 0, 1e-308};
    for (ambs_transform_kind kind = 0; kind < AMBS_TRANSFORM_AUTO; kind++) {
        ambs_transform t = fitted(kind, 4, y);
        for (size_t i = 0; i < 4; i++) {
            double z = ambs_transform_apply(&t, y[i]);
            assert_true(isfinite(z) && isfinite(ambs_transform_invert(&t, z)));
        }
        ambs_transform_fini(&t);
    }
}

static void transforms_increase_and_turn_back(void **state)
{
    (void)state;
    ambs_random r;
    ambs_random_init(&r, 4, 0, AMBS_PURPOSE_TEST);
    double y[50];
    for (int round = 0; round < 50; round++) {
        size_t n = 2 + (size_t)ambs_random_below(&r, 49);
        for (size_t i = 0; i < n; i++) y[i] = exp(3 * ambs_random_normal(&r)) - 5;
        for (ambs_transform_kind kind = 0; kind < AMBS_TRANSFORM_AUTO; kind++) {
            ambs_transform t = fitted(kind, n, y);
            for (size_t i = 0; i + 1 < n; i++) {
                double a = ambs_transform_apply(&t, y[i]), b = ambs_transform_apply(&t, y[i + 1]);
                assert_true(y[i] < y[i + 1] ? a < b : a >= b);
                assert_true(fabs(ambs_transform_invert(&t, a) - y[i]) <=
                            1e-9 * (1 + t.max - t.min));
            }
            /* A new best, told between two fits, is still better. */
            bool ends = kind == AMBS_TRANSFORM_RANK || kind == AMBS_TRANSFORM_GAUSSIAN;
            double below = ambs_transform_apply(&t, t.min - 1),
                   least = ambs_transform_apply(&t, t.min);
            assert_true(ends ? below == least : below < least);
            if (!ends) assert_true(fabs(ambs_transform_invert(&t, below) - (t.min - 1)) < 1e-6);
            ambs_transform_fini(&t);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equal_values_are_all_zero),
        cmocka_unit_test(the_ends_are_where_they_are_said_to_be),
        cmocka_unit_test(half_ranks_are_those_by_hand),
        cmocka_unit_test(a_better_half_that_is_all_equal_keeps_its_distance),
        cmocka_unit_test(normal_scores_are_the_quantiles_of_the_ranks),
        cmocka_unit_test(ranks_of_ties_are_shared),
        cmocka_unit_test(many_ties_at_the_minimum_keep_the_logarithm_finite),
        cmocka_unit_test(values_that_hardly_differ_stay_finite),
        cmocka_unit_test(huge_and_tiny_values_stay_finite),
        cmocka_unit_test(transforms_increase_and_turn_back),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("transform", tests, NULL, NULL);
}
