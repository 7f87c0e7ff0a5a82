/* SPDX-License-Identifier: MIT */
/* Random members, neighbours, and the walk over a discrete space. */
#include "spaces.h"

static void samples_follow_the_scales_and_repeat_with_the_seed(void **state)
{
    (void)state;
    ambs_space *s = new_space();
    add_float(s, "x", AMBS_SCALE_LOG, 1e-4, 1, 0);
    add_levels(s, "c", AMBS_PARAMETER_CATEGORICAL, "a b", (const double[]){0.9, 0.1});
    finish(s);
    ambs_random r, again;
    ambs_error err = {0};
    ambs_random_init(&r, 1, 0, AMBS_PURPOSE_TEST);
    ambs_random_init(&again, 1, 0, AMBS_PURPOSE_TEST);
    int small = 0, a = 0;
    const int n = 20000;
    for (int i = 0; i < n; i++) {
        double x[2], y[2];
        must(ambs_space_sample(s, &r, x, &err), &err);
        must(ambs_space_sample(s, &again, y, &err), &err);
        assert_true(ambs_space_equal(s, x, y));
        small += x[0] < 1e-2;
        a += x[1] == 0;
    }
    assert_true(fabs(small - n * 0.5) < 5 * sqrt(n * 0.25));
    assert_true(fabs(a - n * 0.9) < 5 * sqrt(n * 0.09));
    ambs_space_destroy(s);
}

static void the_rate_of_feasible_ones_is_measured(void **state)
{
    (void)state;
    ambs_space *s = new_space();
    add_float(s, "x", AMBS_SCALE_LINEAR, 0, 1, 0);
    add_constraint(s, "x <= 0.05");
    finish(s);
    assert_true(fabs(ambs_space_feasible_rate(s) - 0.05) < 0.01);
    assert_true(isinf(ambs_space_cardinality(s, NULL)));
    ambs_space_destroy(s);
    s = new_space();
    add_float(s, "x", AMBS_SCALE_LINEAR, 0, 1, 0);
    finish(s);
    assert_true(ambs_space_feasible_rate(s) == 1);
    ambs_space_destroy(s);
}

static void a_neighbour_differs_in_its_parameter_and_is_a_member(void **state)
{
    (void)state;
    ambs_space *s = every_kind();
    size_t d = ambs_space_dimension(s);
    ambs_random r;
    ambs_error err = {0};
    ambs_random_init(&r, 2, 0, AMBS_PURPOSE_TEST);
    int found = 0;
    for (int round = 0; round < 2000; round++) {
        double x[16], y[16], sd = round % 2 ? 0.2 : 1e-6;
        must(ambs_space_sample(s, &r, x, &err), &err);
        for (size_t i = 0; i < d; i++) {
            const ambs_parameter *p = ambs_space_parameter(s, i);
            size_t n = p->type == AMBS_PARAMETER_CATEGORICAL ? p->n_levels - 1 : 1;
            for (size_t which = 0; which <= n; which++) {
                if (!ambs_space_neighbour(s, x, i, which, sd, &r, y)) continue;
                found++;
                if (!ambs_space_contains(s, y, &err)) fail_msg("%s", err.text);
                assert_true(y[i] != x[i] && !isnan(y[i]));
                for (size_t k = 0; k < d;
                     k++) /* others change only by becoming active or inactive */
                    if (k != i && !isnan(x[k]) && !isnan(y[k])) assert_true(x[k] == y[k]);
                if (p->type == AMBS_PARAMETER_CATEGORICAL) assert_true(which < n);
            }
            if (isnan(x[i])) assert_false(ambs_space_neighbour(s, x, i, 0, sd, &r, y));
        }
        assert_false(ambs_space_neighbour(s, x, 10, 0, sd, &r, y)); /* the constant */
    }
    assert_true(found > 10000);
    ambs_space_destroy(s);
}

static void all_other_levels_of_a_category_are_neighbours(void **state)
{
    (void)state;
    ambs_space *s = new_space();
    add_levels(s, "c", AMBS_PARAMETER_CATEGORICAL, "a b c d", NULL);
    finish(s);
    ambs_random r;
    ambs_random_init(&r, 3, 0, AMBS_PURPOSE_TEST);
    for (double x = 0; x < 4; x++) {
        unsigned seen = 0;
        for (size_t which = 0; which < 3; which++) {
            double y;
            assert_true(ambs_space_neighbour(s, &x, 0, which, 0.2, &r, &y));
            seen |= 1u << (int)y;
        }
        assert_int_equal(seen, 15u & ~(1u << (int)x));
        double y;
        assert_false(ambs_space_neighbour(s, &x, 0, 3, 0.2, &r, &y));
    }
    ambs_space_destroy(s);
}

static void numeric_steps_have_the_deviation_asked_for(void **state)
{
    (void)state;
    ambs_space *s = new_space();
    add_float(s, "x", AMBS_SCALE_LOG, 1e-6, 1, 0);
    finish(s);
    ambs_random r;
    ambs_random_init(&r, 4, 0, AMBS_PURPOSE_TEST);
    double x, u = 0.5, sum = 0, squares = 0;
    ambs_space_from_unit(s, &u, &x);
    const int n = 20000;
    for (int i = 0; i < n; i++) {
        double y, v;
        assert_true(ambs_space_neighbour(s, &x, 0, 0, 0.05, &r, &y));
        ambs_space_to_unit(s, &y, &v);
        sum += v - u;
        squares += (v - u) * (v - u);
    }
    assert_true(fabs(sum / n) < 5 * 0.05 / sqrt(n));
    assert_true(fabs(sqrt(squares / n) - 0.05) < 0.002);
    ambs_space_destroy(s);
}

static void a_thin_feasible_set_is_sampled_as_its_distribution_says(void **state)
{
    (void)state;
    ambs_space *s = new_space(); /* a triangle: 1 of 5,000 */
    add_float(s, "x", AMBS_SCALE_LINEAR, 0, 1, 0);
    add_float(s, "y", AMBS_SCALE_LINEAR, 0, 1, 0);
    add_levels(s, "c", AMBS_PARAMETER_CATEGORICAL, "a b", (const double[]){0.8, 0.2});
    add_float(s, "z", AMBS_SCALE_LOG, 1e-3, 1, 0);
    add_when(s, "z", "c", 1);
    add_constraint(s, "x + y <= 0.02");
    finish(s);
    assert_true(ambs_space_feasible_rate(s) < 1e-3);
    ambs_random r;
    ambs_error err = {0};
    ambs_random_init(&r, 6, 0, AMBS_PURPOSE_TEST);
    int low = 0, b = 0, small = 0;
    const int n = 4000;
    for (int i = 0; i < n; i++) {
        double x[4];
        must(ambs_space_sample(s, &r, x, &err), &err);
        if (!ambs_space_contains(s, x, &err)) fail_msg("%s", err.text);
        low += x[0] <= 0.01; /* three quarters of the triangle */
        b += x[2] == 1;
        small += x[3] < sqrt(1e-3); /* half of the active ones */
    }
    assert_true(fabs(low / (double)n - 0.75) < 0.05);
    assert_true(fabs(b / (double)n - 0.2) < 0.04);
    assert_true(fabs(small / (double)b - 0.5) < 0.1);
    ambs_space_destroy(s);
}

static void a_feasible_default_is_enough_to_start_from(void **state)
{
    (void)state;
    ambs_space *s = new_space();
    ambs_error err = {0};
    const ambs_parameter p = {
        .name = "x", .type = AMBS_PARAMETER_FLOAT, .min = 0, .max = 1, .initial = 0.25};
    must(ambs_space_add(s, &p, &err), &err);
    add_constraint(s, "abs(x - 0.25) < 1e-7");
    finish(s);
    assert_true(ambs_space_feasible_rate(s) == 0);
    ambs_random r;
    ambs_random_init(&r, 7, 0, AMBS_PURPOSE_TEST);
    double x;
    must(ambs_space_sample(s, &r, &x, &err), &err);
    assert_true(ambs_space_contains(s, &x, NULL));
    ambs_space_destroy(s);
}

/* Counts by trying all rows of the product, inactive included, against the membership test. */
static size_t count_by_brute_force(const ambs_space *s)
{
    size_t d = ambs_space_dimension(s), n = 0, at[8] = {0};
    double x[8];
    for (;;) {
        for (size_t i = 0; i < d; i++) {
            const ambs_parameter *p = ambs_space_parameter(s, i);
            size_t values = p->n_levels > 0 ? p->n_levels : (size_t)(p->max - p->min) + 1;
            x[i] = at[i] == values ? NAN : p->n_levels > 0 ? (double)at[i] : p->min + (double)at[i];
        }
        n += ambs_space_contains(s, x, NULL);
        size_t i = 0;
        for (; i < d; i++) {
            const ambs_parameter *p = ambs_space_parameter(s, i);
            size_t values = p->n_levels > 0 ? p->n_levels : (size_t)(p->max - p->min) + 1;
            if (++at[i] <= values) break;
            at[i] = 0;
        }
        if (i == d) return n;
    }
}

static void the_walk_visits_every_member_once(void **state)
{
    (void)state;
    ambs_random r;
    ambs_error err = {0};
    ambs_random_init(&r, 5, 0, AMBS_PURPOSE_TEST);
    static const char *const names[] = {"a", "b", "c", "d", "e"};
    for (int round = 0; round < 60; round++) {
        ambs_space *s = new_space();
        for (int i = 0; i < 5; i++) {
            if (ambs_random_below(&r, 2))
                add_int(s, names[i], AMBS_SCALE_LINEAR, 1, 1 + (double)ambs_random_below(&r, 4), 0);
            else
                add_levels(s, names[i], AMBS_PARAMETER_ORDINAL, "1 2 3", NULL);
        }
        for (int i = 0; i < 4;
             i++) /* children before or after their parents, at random; never a circle */
            if (ambs_random_below(&r, 2)) {
                const char *child = names[round % 2 ? i + 1 : i],
                           *parent = names[round % 2 ? i : i + 1];
                char text[64];
                snprintf(text, sizeof text, "%s <= %d", parent, (int)ambs_random_below(&r, 4));
                must(ambs_space_add_condition_expression(s, child, text, &err), &err);
            }
        if (ambs_random_below(&r, 2)) add_constraint(s, "a + c <= 5");
        if (ambs_random_below(&r, 2)) add_constraint(s, "b != 2 or e * d > 2 or a == 1");
        finish(s);
        bool exact;
        size_t expected = count_by_brute_force(s);
        assert_true(ambs_space_cardinality(s, &exact) == (double)expected);
        assert_true(exact);
        ambs_space_set *set;
        ambs_space_cursor *cursor;
        must(ambs_space_set_create(s, &set, &err), &err);
        must(ambs_space_cursor_create(s, &cursor, &err), &err);
        double x[5];
        while (ambs_space_cursor_next(cursor, x)) {
            bool added;
            assert_true(ambs_space_contains(s, x, NULL));
            must(ambs_space_set_add(set, x, 0, &added, &err), &err);
            assert_true(added);
        }
        assert_false(ambs_space_cursor_next(cursor, x));
        assert_int_equal(ambs_space_set_size(set), expected);
        ambs_space_cursor_destroy(cursor);
        ambs_space_set_destroy(set);
        ambs_space_destroy(s);
    }
}

static void a_continuous_space_cannot_be_walked(void **state)
{
    (void)state;
    ambs_space *s = every_kind();
    ambs_space_cursor *cursor;
    ambs_error err;
    assert_int_equal(ambs_space_cursor_create(s, &cursor, &err), AMBS_E_INVALID);
    assert_string_equal(
        err.text,
        "parameter \"learning_rate\" is continuous: its values cannot be listed; give it a step");
    ambs_space_cursor_destroy(NULL);
    ambs_space_destroy(s);
}

static void a_count_beyond_the_limit_is_an_upper_bound(void **state)
{
    (void)state;
    ambs_space *s = new_space();
    add_int(s, "a", AMBS_SCALE_LINEAR, 1, 1e6, 0);
    add_int(s, "b", AMBS_SCALE_LINEAR, 1, 1e6, 0);
    add_constraint(s, "a < b");
    finish(s);
    bool exact;
    assert_true(ambs_space_cardinality(s, &exact) == 1e12);
    assert_false(exact);
    ambs_space_destroy(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_follow_the_scales_and_repeat_with_the_seed),
        cmocka_unit_test(the_rate_of_feasible_ones_is_measured),
        cmocka_unit_test(a_thin_feasible_set_is_sampled_as_its_distribution_says),
        cmocka_unit_test(a_feasible_default_is_enough_to_start_from),
        cmocka_unit_test(a_neighbour_differs_in_its_parameter_and_is_a_member),
        cmocka_unit_test(all_other_levels_of_a_category_are_neighbours),
        cmocka_unit_test(numeric_steps_have_the_deviation_asked_for),
        cmocka_unit_test(the_walk_visits_every_member_once),
        cmocka_unit_test(a_continuous_space_cannot_be_walked),
        cmocka_unit_test(a_count_beyond_the_limit_is_an_upper_bound),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("sample", tests, NULL, NULL);
}
