/* SPDX-License-Identifier: MIT */
/* Fronts and hypervolumes against their definitions: all pairs, inclusion and exclusion, and drawn
 * points. */
#include "../base/check.h"

#include "base/random.h"
#include "numeric/pareto.h"

enum { MAX_N = 40, MAX_M = 5 };

static void fill(ambs_random *r, size_t n, size_t m, uint64_t levels, double *y)
{
    for (size_t i = 0; i < n * m; i++)
        y[i] = levels ? (double)ambs_random_below(r, levels) : ambs_random_uniform(r);
}

static double volume_of(size_t n, size_t m, const double *y, const double *reference)
{
    double work = 1e9, volume;
    ambs_error err;
    if (ambs_pareto_hypervolume(n, m, y, reference, &work, &volume, &err) != AMBS_OK)
        fail_msg("%s", err.text);
    return volume;
}

/* The sum over all subsets, with alternating signs, of the box that they have in common. */
static double by_inclusion_and_exclusion(size_t n, size_t m, const double *y,
                                         const double *reference)
{
    double sum = 0;
    for (uint32_t set = 1; set < 1u << n; set++) {
        double box = 1;
        for (size_t j = 0; j < m; j++) {
            double most = -INFINITY;
            for (size_t i = 0; i < n; i++)
                if (set >> i & 1) most = fmax(most, y[i * m + j]);
            box *= fmax(0, reference[j] - most);
        }
        sum += __builtin_popcount(set) % 2 ? box : -box;
    }
    return sum;
}

static void the_front_of_nothing_is_empty(void **state)
{
    (void)state;
    double y[2] = {NAN, 1}, reference[2] = {1, 1};
    size_t index[1], n = 7;
    assert_int_equal(ambs_pareto_front(0, 2, y, index, &n, NULL), AMBS_OK);
    assert_int_equal(n, 0);
    assert_int_equal(ambs_pareto_front(1, 2, y, index, &n, NULL), AMBS_OK);
    assert_int_equal(n, 0);
    assert_true(volume_of(0, 2, y, reference) == 0);
    assert_true(volume_of(1, 2, y, reference) == 0);
}

static void the_front_is_what_no_pair_refutes(void **state)
{
    (void)state;
    ambs_random r;
    ambs_random_init(&r, 1, 0, AMBS_PURPOSE_TEST);
    for (int round = 0; round < 400; round++) {
        size_t n = 1 + (size_t)ambs_random_below(&r, MAX_N);
        size_t m = 1 + (size_t)ambs_random_below(&r, MAX_M), index[MAX_N], n_front = 0;
        double y[MAX_N * MAX_M];
        fill(&r, n, m, round % 3 == 0 ? 4 : 0, y); /* a third with ties and duplicates */
        if (round % 5 == 0) y[ambs_random_below(&r, n * m)] = NAN;
        assert_int_equal(ambs_pareto_front(n, m, y, index, &n_front, NULL), AMBS_OK);
        bool is_in[MAX_N] = {0};
        for (size_t k = 0; k < n_front; k++) {
            is_in[index[k]] = true;
            assert_true(k == 0 || y[index[k - 1] * m] <= y[index[k] * m]);
        }
        for (size_t i = 0; i < n; i++) {
            bool expected = true;
            for (size_t j = 0; j < m; j++) expected &= !isnan(y[i * m + j]);
            for (size_t k = 0; k < n; k++)
                expected &= !ambs_pareto_dominates(m, y + k * m, y + i * m);
            assert_int_equal(is_in[i], expected);
        }
    }
}

static void known_volumes(void **state)
{
    (void)state;
    const double stairs[] = {1, 3, 2, 2, 3, 1}, reference[] = {4, 4, 4};
    assert_true(volume_of(3, 2, stairs, reference) == 6);
    const double one[] = {1, 2, 3};
    assert_true(volume_of(1, 3, one, reference) == 3 * 2 * 1);
    assert_true(volume_of(1, 1, one, reference) == 3);
    const double beyond[] = {4, 0, 0, 5}; /* on the border and outside: nothing */
    assert_true(volume_of(2, 2, beyond, reference) == 0);
    const double twice[] = {1, 1, 1, 1, 2, 2};
    assert_true(volume_of(3, 2, twice, reference) == 9);
    const double flat[] = {1, 2, 2, 2, 3, 2}; /* one value is the same for all */
    assert_true(volume_of(3, 2, flat, reference) == 6);
}

static void volumes_are_those_of_inclusion_and_exclusion(void **state)
{
    (void)state;
    ambs_random r;
    ambs_random_init(&r, 2, 0, AMBS_PURPOSE_TEST);
    for (int round = 0; round < 300; round++) {
        size_t n = 1 + (size_t)ambs_random_below(&r, 9);
        size_t m = 1 + (size_t)ambs_random_below(&r, MAX_M);
        double y[MAX_N * MAX_M], reference[MAX_M];
        fill(&r, n, m, round % 2 ? 5 : 0, y);
        for (size_t j = 0; j < m; j++) reference[j] = round % 2 ? 4 : 0.9;
        double expected = by_inclusion_and_exclusion(n, m, y, reference);
        assert_true(fabs(volume_of(n, m, y, reference) - expected) <=
                    1e-9 * fmax(1, fabs(expected)));
    }
}

static void volumes_are_those_of_drawn_points(void **state)
{
    (void)state;
    enum { DRAWS = 40000 };
    ambs_random r;
    ambs_random_init(&r, 3, 0, AMBS_PURPOSE_TEST);
    for (size_t m = 2; m <= MAX_M; m++) {
        double y[MAX_N * MAX_M], reference[MAX_M], at[MAX_M];
        fill(&r, MAX_N, m, 0, y);
        for (size_t j = 0; j < m; j++) reference[j] = 1;
        size_t hits = 0;
        for (size_t k = 0; k < DRAWS; k++) {
            bool hit = false;
            fill(&r, 1, m, 0, at);
            for (size_t i = 0; i < MAX_N && !hit; i++) hit = ambs_pareto_covers(m, y + i * m, at);
            hits += hit;
        }
        double share = (double)hits / DRAWS;
        double volume = volume_of(MAX_N, m, y, reference);
        assert_true(fabs(volume - share) < 5 * sqrt(0.25 / DRAWS));
    }
}

static void too_much_work_is_not_done(void **state)
{
    (void)state;
    double y[MAX_N * MAX_M], reference[MAX_M] = {1, 1, 1, 1, 1}, work = 100, volume = 0;
    ambs_random r;
    ambs_random_init(&r, 4, 0, AMBS_PURPOSE_TEST);
    fill(&r, MAX_N, MAX_M, 0, y);
    assert_int_equal(ambs_pareto_hypervolume(MAX_N, MAX_M, y, reference, &work, &volume, NULL),
                     AMBS_OK);
    assert_true(isnan(volume) && work < 0);
}

static void a_reference_lies_a_tenth_behind_the_front(void **state)
{
    (void)state;
    const double y[] = {1, 5, 3, 4, 5, 3}, worst[] = {50, 3, 7};
    double reference[3] = {NAN, NAN};
    ambs_pareto_reference(3, 2, y, worst, reference);
    assert_true(fabs(reference[0] - 5.4) < 1e-12 && fabs(reference[1] - 5.2) < 1e-12);
    double given[2] = {9, NAN};
    ambs_pareto_reference(3, 2, y, worst, given);
    assert_true(given[0] == 9 && given[1] == reference[1]);
    /* one point: by the worst known, by its own size, by 0.1 */
    const double one[] = {40, 3, 0}, at_worst[] = {50, 3, 0};
    double lonely[3] = {NAN, NAN, NAN};
    ambs_pareto_reference(1, 3, one, at_worst, lonely);
    assert_true(fabs(lonely[0] - 41) < 1e-12 && fabs(lonely[1] - 3.3) < 1e-12 &&
                fabs(lonely[2] - 0.1) < 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_front_of_nothing_is_empty),
        cmocka_unit_test(the_front_is_what_no_pair_refutes),
        cmocka_unit_test(known_volumes),
        cmocka_unit_test(volumes_are_those_of_inclusion_and_exclusion),
        cmocka_unit_test(volumes_are_those_of_drawn_points),
        cmocka_unit_test(too_much_work_is_not_done),
        cmocka_unit_test(a_reference_lies_a_tenth_behind_the_front),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("numeric/pareto", tests, NULL, NULL);
}
