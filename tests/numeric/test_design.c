/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "numeric/design.h"

static const ambs_design_ops *find(const char *name)
{
    const ambs_design_ops *design;
    assert_int_equal(ambs_design_find(name, &design, NULL), AMBS_OK);
    return design;
}

static bool is(const ambs_design_ops *design, const char *name)
{
    return strcmp(design->member.name, name) == 0;
}

static void an_unknown_design_lists_the_known_ones(void **state)
{
    (void)state;
    const ambs_design_ops *design;
    ambs_error err;
    assert_int_equal(ambs_design_find("halton", &design, &err), AMBS_E_NOT_FOUND);
    assert_string_equal(err.text, "unknown design \"halton\", expected one of lhs, sobol, random");
}

static void no_points_are_no_work(void **state)
{
    (void)state;
    for (size_t i = 0; ambs_design_registry[i]; i++) {
        double u = 7;
        assert_int_equal(ambs_design_registry[i]->points(NULL, 1, 3, 0, 0, 0, &u, NULL), AMBS_OK);
        assert_true(u == 7);
    }
}

static void every_point_lies_in_the_cube(void **state)
{
    (void)state;
    double u[64 * 5];
    for (size_t i = 0; ambs_design_registry[i]; i++) {
        const ambs_design_ops *design = ambs_design_registry[i];
        for (size_t d = 1; d <= 5; d++) {
            assert_int_equal(design->points(NULL, d, d, 0, 64, 64, u, NULL), AMBS_OK);
            for (size_t k = 0; k < 64 * d; k++) assert_true(u[k] >= 0 && u[k] <= 1);
        }
    }
}

static void stratified_designs_have_one_point_in_each_cell_of_each_coordinate(void **state)
{
    (void)state;
    enum { D = 40 };
    static double u[64 * D];
    for (size_t i = 0; ambs_design_registry[i]; i++) {
        const ambs_design_ops *design = ambs_design_registry[i];
        if (!design->is_stratified) continue;
        for (size_t n = 1; n <= 64; n *= 2) {
            assert_int_equal(design->points(NULL, 11 + n, D, 0, n, n, u, NULL), AMBS_OK);
            for (size_t k = 0; k < D; k++) {
                uint64_t seen = 0;
                for (size_t j = 0; j < n; j++)
                    seen |= UINT64_C(1) << (size_t)(u[j * D + k] * (double)n);
                assert_true(seen == (n == 64 ? UINT64_MAX : (UINT64_C(1) << n) - 1));
            }
        }
    }
}

static void the_same_seed_gives_the_same_points_and_another_seed_others(void **state)
{
    (void)state;
    double a[20 * 4], b[20 * 4], c[20 * 4];
    for (size_t i = 0; ambs_design_registry[i]; i++) {
        const ambs_design_ops *design = ambs_design_registry[i];
        assert_int_equal(design->points(NULL, 5, 4, 0, 20, 20, a, NULL), AMBS_OK);
        assert_int_equal(design->points(NULL, 5, 4, 0, 20, 20, b, NULL), AMBS_OK);
        assert_int_equal(design->points(NULL, 6, 4, 0, 20, 20, c, NULL), AMBS_OK);
        assert_memory_equal(a, b, sizeof a);
        if (!design->member.for_tests) assert_memory_not_equal(a, c, sizeof a);
    }
}

static void pieces_of_a_design_equal_the_whole(void **state)
{
    (void)state;
    double whole[23 * 3], piece[23 * 3];
    for (size_t i = 0; ambs_design_registry[i]; i++) {
        const ambs_design_ops *design = ambs_design_registry[i];
        assert_int_equal(design->points(NULL, 9, 3, 0, 23, 23, whole, NULL), AMBS_OK);
        for (size_t first = 0; first < 23; first += 7) {
            size_t n = first + 7 < 23 ? 7 : 23 - first;
            assert_int_equal(design->points(NULL, 9, 3, first, n, 23, piece, NULL), AMBS_OK);
            assert_memory_equal(piece, whole + first * 3, n * 3 * sizeof *piece);
        }
    }
}

/* scipy 1.10.1, scipy.stats.qmc.Sobol(1111, scramble=False, bits=32): the first eight points in six
 * dimensions, and point 1000 in coordinates 0, 1, 2, 9, 99, 500, 1110. */
static void the_plain_sobol_sequence_is_the_published_one(void **state)
{
    (void)state;
    static const double known[8][6] = {{0, 0, 0, 0, 0, 0},
                                       {0.5, 0.5, 0.5, 0.5, 0.5, 0.5},
                                       {0.75, 0.25, 0.25, 0.25, 0.75, 0.75},
                                       {0.25, 0.75, 0.75, 0.75, 0.25, 0.25},
                                       {0.375, 0.375, 0.625, 0.875, 0.375, 0.125},
                                       {0.875, 0.875, 0.125, 0.375, 0.875, 0.625},
                                       {0.625, 0.125, 0.875, 0.625, 0.625, 0.875},
                                       {0.125, 0.625, 0.375, 0.125, 0.125, 0.375}};
    uint32_t bits[8 * 6];
    assert_int_equal(ambs_sobol_bits(6, 0, 8, bits, NULL), AMBS_OK);
    for (size_t i = 0; i < 48; i++) assert_true(bits[i] * 0x1p-32 == known[i / 6][i % 6]);

    static const size_t at[7] = {0, 1, 2, 9, 99, 500, 1110};
    static const double far[7] = {0.2197265625, 0.0966796875, 0.5185546875, 0.0693359375,
                                  0.1865234375, 0.7255859375, 0.3701171875};
    static uint32_t row[AMBS_SOBOL_MAX_DIMENSION];
    assert_int_equal(ambs_sobol_bits(AMBS_SOBOL_MAX_DIMENSION, 1000, 1, row, NULL), AMBS_OK);
    for (size_t i = 0; i < 7; i++) assert_true(row[at[i]] * 0x1p-32 == far[i]);
}

static void unscrambled_sobol_points_begin_at_the_origin(void **state)
{
    (void)state;
    const ambs_design_ops *sobol = find("sobol");
    void *options = calloc(1, sobol->member.options_size);
    assert_int_equal(ambs_options_init(sobol->member.options, options, NULL), AMBS_OK);
    assert_int_equal(ambs_options_set(sobol->member.options, options, "scramble", "false", NULL),
                     AMBS_OK);
    double u[4];
    assert_int_equal(sobol->points(options, 3, 2, 0, 2, 0, u, NULL), AMBS_OK);
    assert_true(u[0] == 0 && u[1] == 0 && u[2] == 0.5 && u[3] == 0.5);
    free(options);
}

static void sobol_goes_beyond_a_thousand_dimensions_and_says_where_it_ends(void **state)
{
    (void)state;
    const ambs_design_ops *sobol = find("sobol");
    static double u[16 * 1112];
    ambs_error err;
    assert_int_equal(sobol->points(NULL, 1, 1111, 0, 16, 0, u, NULL), AMBS_OK);
    assert_int_equal(sobol->points(NULL, 1, 1112, 0, 16, 0, u, &err), AMBS_E_INVALID);
    assert_non_null(strstr(err.text, "expected at most 1111"));
    assert_int_equal(sobol->points(NULL, 1, 1, UINT64_C(1) << 32, 1, 0, u, &err), AMBS_E_INVALID);
}

/* A scrambled (0, m, 2)-net stays one: each elementary box of area 2^-m holds one of 2^m points. */
static void scrambling_keeps_the_net(void **state)
{
    (void)state;
    const ambs_design_ops *sobol = find("sobol");
    enum { M = 6, N = 1 << M };
    double u[N * 2];
    for (uint64_t seed = 0; seed < 20; seed++) {
        assert_int_equal(sobol->points(NULL, seed, 2, 0, N, 0, u, NULL), AMBS_OK);
        for (int a = 0; a <= M; a++) {
            int count[N] = {0};
            for (int i = 0; i < N; i++) {
                int x = (int)(u[2 * i] * (1 << a)), y = (int)(u[2 * i + 1] * (1 << (M - a)));
                count[x << (M - a) | y]++;
            }
            for (int i = 0; i < N; i++) assert_int_equal(count[i], 1);
        }
    }
}

static double least_distance(const double *u, size_t n, size_t d)
{
    double least = INFINITY;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++) {
            double sum = 0;
            for (size_t k = 0; k < d; k++)
                sum += (u[i * d + k] - u[j * d + k]) * (u[i * d + k] - u[j * d + k]);
            if (sum < least) least = sum;
        }
    return sqrt(least);
}

static void exchanges_spread_a_hypercube(void **state)
{
    (void)state;
    const ambs_design_ops *lhs = find("lhs");
    void *plain = calloc(1, lhs->member.options_size);
    assert_int_equal(ambs_options_init(lhs->member.options, plain, NULL), AMBS_OK);
    assert_int_equal(ambs_options_set(lhs->member.options, plain, "maximin", "false", NULL),
                     AMBS_OK);
    double u[20 * 4], spread = 0, unspread = 0;
    for (uint64_t seed = 0; seed < 20; seed++) {
        assert_int_equal(lhs->points(NULL, seed, 4, 0, 20, 20, u, NULL), AMBS_OK);
        spread += least_distance(u, 20, 4);
        assert_int_equal(lhs->points(plain, seed, 4, 0, 20, 20, u, NULL), AMBS_OK);
        unspread += least_distance(u, 20, 4);
    }
    assert_true(spread > 1.5 * unspread);
    free(plain);
}

static void a_hypercube_too_large_is_refused_with_the_limit(void **state)
{
    (void)state;
    double u[1000];
    ambs_error err;
    assert_int_equal(find("lhs")->points(NULL, 0, 1000, 0, 1, 1000000, u, &err), AMBS_E_INVALID);
    assert_non_null(strstr(err.text, "expected at most 100000 points"));
}

static void a_hostile_design_refuses_politely(void **state)
{
    (void)state;
    double u[13];
    ambs_error err;
    for (size_t i = 0; ambs_design_registry[i]; i++) {
        int rc = ambs_design_registry[i]->points(NULL, 0, 1, 0, 13, 13, u, &err);
        assert_int_equal(rc, is(ambs_design_registry[i], "hostile") ? AMBS_E_INVALID : AMBS_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unknown_design_lists_the_known_ones),
        cmocka_unit_test(no_points_are_no_work),
        cmocka_unit_test(every_point_lies_in_the_cube),
        cmocka_unit_test(stratified_designs_have_one_point_in_each_cell_of_each_coordinate),
        cmocka_unit_test(the_same_seed_gives_the_same_points_and_another_seed_others),
        cmocka_unit_test(pieces_of_a_design_equal_the_whole),
        cmocka_unit_test(the_plain_sobol_sequence_is_the_published_one),
        cmocka_unit_test(unscrambled_sobol_points_begin_at_the_origin),
        cmocka_unit_test(sobol_goes_beyond_a_thousand_dimensions_and_says_where_it_ends),
        cmocka_unit_test(scrambling_keeps_the_net),
        cmocka_unit_test(exchanges_spread_a_hypercube),
        cmocka_unit_test(a_hypercube_too_large_is_refused_with_the_limit),
        cmocka_unit_test(a_hostile_design_refuses_politely),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("design", tests, NULL, NULL);
}
