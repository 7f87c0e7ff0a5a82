/* SPDX-License-Identifier: MIT */
/* The unit cube and back: exact at the ends and on steps, for every type and scale. */
#include "spaces.h"

static const ambs_scale scales[] = {AMBS_SCALE_LINEAR, AMBS_SCALE_LOG, AMBS_SCALE_REVERSE_LOG,
                                    AMBS_SCALE_LOGIT};

static void a_single_value_maps_to_the_middle_and_back(void **state)
{
    (void)state;
    for (size_t k = 0; k < 4; k++) {
        ambs_space *s = new_space();
        add_float(s, "x", scales[k], 0.25, 0.25, 0);
        finish(s);
        double x, u;
        for (double at = 0; at <= 1; at += 0.25) {
            ambs_space_from_unit(s, &at, &x);
            assert_true(x == 0.25);
        }
        ambs_space_to_unit(s, &x, &u);
        assert_true(u == 0.5);
        assert_true(ambs_space_cardinality(s, NULL) == 1);
        ambs_space_destroy(s);
    }
}

static void the_ends_of_every_scale_are_exact(void **state)
{
    (void)state;
    ambs_random r;
    ambs_random_init(&r, 1, 0, AMBS_PURPOSE_TEST);
    for (int round = 0; round < 2000; round++) {
        double a = ambs_random_uniform(&r), b = ambs_random_uniform(&r);
        double min = fmin(a, b), max = fmax(a, b), x, u;
        ambs_space *s = new_space();
        add_float(s, "x", scales[round % 4], min, max, 0);
        finish(s);
        for (int end = 0; end < 2; end++) {
            double at = end;
            ambs_space_from_unit(s, &at, &x);
            assert_true(x == (end ? max : min));
            ambs_space_to_unit(s, &x, &u);
            assert_true(u == at);
        }
        ambs_space_destroy(s);
    }
}

static void continuous_values_come_back_to_rounding(void **state)
{
    (void)state;
    ambs_space *s = new_space();
    add_float(s, "a", AMBS_SCALE_LINEAR, -3, 17, 0);
    add_float(s, "b", AMBS_SCALE_LOG, 1e-8, 1e3, 0);
    add_float(s, "c", AMBS_SCALE_REVERSE_LOG, 0, 0.9999, 0);
    add_float(s, "d", AMBS_SCALE_LOGIT, 1e-4, 0.9999, 0);
    finish(s);
    ambs_random r;
    ambs_random_init(&r, 2, 0, AMBS_PURPOSE_TEST);
    for (int round = 0; round < 20000; round++) {
        double u[4], x[4], back[4], again[4];
        for (int i = 0; i < 4; i++) u[i] = ambs_random_uniform(&r);
        ambs_space_from_unit(s, u, x);
        assert_true(ambs_space_contains(s, x, NULL));
        ambs_space_to_unit(s, x, back);
        ambs_space_from_unit(s, back, again);
        for (int i = 0; i < 4; i++) {
            assert_true(fabs(back[i] - u[i]) < 1e-12);
            assert_true(fabs(again[i] - x[i]) <= 1e-12 * fmax(1e-3, fabs(x[i])));
        }
    }
    ambs_space_destroy(s);
}

static void every_step_comes_back_exactly(void **state)
{
    (void)state;
    static const struct {
        ambs_parameter_type type;
        ambs_scale scale;
        double min, max, step;
    } cases[] = {
        {AMBS_PARAMETER_INT, AMBS_SCALE_LINEAR, 1, 4, 0},
        {AMBS_PARAMETER_INT, AMBS_SCALE_LINEAR, -7, 8, 5},
        {AMBS_PARAMETER_INT, AMBS_SCALE_LOG, 1, 1000, 0},
        {AMBS_PARAMETER_INT, AMBS_SCALE_LOG, 1, 1001, 100},
        {AMBS_PARAMETER_INT, AMBS_SCALE_LOG, 8, 512, 8},
        {AMBS_PARAMETER_INT, AMBS_SCALE_REVERSE_LOG, -50, 0, 0},
        {AMBS_PARAMETER_FLOAT, AMBS_SCALE_LINEAR, 0, 1, 0.1},
        {AMBS_PARAMETER_FLOAT, AMBS_SCALE_LINEAR, -0.3, 0.3, 0.05},
        {AMBS_PARAMETER_FLOAT, AMBS_SCALE_LOG, 0.01, 1, 0.01},
        {AMBS_PARAMETER_FLOAT, AMBS_SCALE_LOGIT, 0.1, 0.9, 0.1},
        {AMBS_PARAMETER_FLOAT, AMBS_SCALE_REVERSE_LOG, 0, 0.99, 0.01},
        {AMBS_PARAMETER_FLOAT, AMBS_SCALE_LINEAR, 0, 1, 1.0 / 3},
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        ambs_error err;
        ambs_space *s = new_space();
        must(try_numeric(s, "x", cases[c].type, cases[c].scale, cases[c].min, cases[c].max,
                         cases[c].step, &err),
             &err);
        finish(s);
        ambs_space_cursor *cursor;
        must(ambs_space_cursor_create(s, &cursor, &err), &err);
        double x, last = -INFINITY, u, last_u = -1, back, parsed;
        char text[32];
        while (ambs_space_cursor_next(cursor, &x)) {
            assert_true(x > last);
            ambs_space_to_unit(s, &x, &u);
            assert_true(u > last_u && u < 1);
            ambs_space_from_unit(s, &u, &back);
            assert_true(back == x);
            must(ambs_space_parse(s, 0, ambs_space_format(s, 0, x, text), &parsed, &err), &err);
            assert_true(parsed == x);
            last = x;
            last_u = u;
        }
        assert_true(last == cases[c].max);
        u = 1;
        ambs_space_from_unit(s, &u, &back);
        assert_true(back == cases[c].max);
        ambs_space_cursor_destroy(cursor);
        ambs_space_destroy(s);
    }
}

static void decimal_steps_read_as_a_person_writes_them(void **state)
{
    (void)state;
    ambs_space *s = new_space();
    add_float(s, "x", AMBS_SCALE_LINEAR, 0, 1, 0.1);
    finish(s);
    static const char *const written[] = {"0",   "0.1", "0.2", "0.3", "0.4", "0.5",
                                          "0.6", "0.7", "0.8", "0.9", "1"};
    char text[32];
    for (int k = 0; k <= 10; k++) {
        double u = (k + 0.5) / 11, x;
        ambs_space_from_unit(s, &u, &x);
        assert_string_equal(ambs_space_format(s, 0, x, text), written[k]);
    }
    ambs_space_destroy(s);
}

static void whole_numbers_have_equal_shares(void **state)
{
    (void)state;
    ambs_space *s = new_space();
    add_int(s, "x", AMBS_SCALE_LINEAR, 1, 4, 0);
    finish(s);
    int count[5] = {0};
    for (int k = 0; k < 4000; k++) {
        double u = (k + 0.5) / 4000, x;
        ambs_space_from_unit(s, &u, &x);
        count[(int)x]++;
    }
    for (int v = 1; v <= 4; v++) assert_int_equal(count[v], 1000);
    ambs_space_destroy(s);
}

static void a_range_of_10_to_the_12_comes_back_exactly(void **state)
{
    (void)state;
    ambs_space *s = new_space();
    add_int(s, "a", AMBS_SCALE_LINEAR, 0, 1e12 - 1, 0);
    add_int(s, "b", AMBS_SCALE_LOG, 1, 1e9, 0);
    finish(s);
    assert_true(ambs_space_cardinality(s, NULL) == 1e21);
    ambs_random r;
    ambs_random_init(&r, 3, 0, AMBS_PURPOSE_TEST);
    for (int round = 0; round < 20000; round++) {
        double x[2] = {(double)ambs_random_below(&r, 1000000000000u),
                       1 + (double)ambs_random_below(&r, 1000000000u)};
        double u[2], back[2];
        ambs_space_to_unit(s, x, u);
        ambs_space_from_unit(s, u, back);
        assert_true(ambs_space_equal(s, x, back));
    }
    ambs_space_destroy(s);
}

static void categories_follow_their_probabilities(void **state)
{
    (void)state;
    ambs_space *s = new_space();
    add_levels(s, "c", AMBS_PARAMETER_CATEGORICAL, "a b c", (const double[]){0.5, 0.3, 0.2});
    finish(s);
    int count[3] = {0};
    for (int k = 0; k < 10000; k++) {
        double u = (k + 0.5) / 10000, x, back, again;
        ambs_space_from_unit(s, &u, &x);
        count[(int)x]++;
        ambs_space_to_unit(s, &x, &back);
        ambs_space_from_unit(s, &back, &again);
        assert_true(again == x);
    }
    assert_in_range(count[0], 4999, 5001);
    assert_in_range(count[1], 2999, 3001);
    assert_in_range(count[2], 1999, 2001);
    ambs_space_destroy(s);
}

static void random_members_of_a_mixed_space_come_back(void **state)
{
    (void)state;
    ambs_space *s = every_kind();
    size_t d = ambs_space_dimension(s);
    ambs_error err = {0};
    ambs_random r;
    ambs_random_init(&r, 4, 0, AMBS_PURPOSE_TEST);
    for (int round = 0; round < 5000; round++) {
        double x[16], u[16], back[16], again[16];
        must(ambs_space_sample(s, &r, x, &err), &err);
        if (!ambs_space_contains(s, x, &err)) fail_msg("%s", err.text);
        ambs_space_to_unit(s, x, u);
        ambs_space_from_unit(s, u, back);
        for (size_t i = 0; i < d; i++) {
            assert_int_equal(isnan(x[i]), isnan(u[i]));
            assert_int_equal(isnan(x[i]), isnan(back[i]));
            bool continuous = i == 0 || i == 2 || i == 3 || i == 9;
            if (!isnan(x[i]))
                assert_true(continuous ? fabs(back[i] - x[i]) < 1e-13 : back[i] == x[i]);
        }
        memcpy(again, x, sizeof again);
        ambs_space_normalise(s, again); /* a member stays as it is */
        assert_true(ambs_space_equal(s, x, again));
    }
    ambs_space_destroy(s);
}

static void normalising_mends_any_row(void **state)
{
    (void)state;
    ambs_space *s = every_kind();
    ambs_error err = {0};
    ambs_random r;
    ambs_random_init(&r, 5, 0, AMBS_PURPOSE_TEST);
    static const double hostile[] = {NAN, INFINITY, -INFINITY, 1e300, -1e300, 0.3, -0.0, 2.5};
    for (int round = 0; round < 5000; round++) {
        double x[16];
        for (int i = 0; i < 11; i++) x[i] = hostile[ambs_random_below(&r, 8)];
        ambs_space_normalise(s, x);
        if (ambs_space_feasible(s, x) && !ambs_space_contains(s, x, &err)) fail_msg("%s", err.text);
    }
    ambs_space_destroy(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_single_value_maps_to_the_middle_and_back),
        cmocka_unit_test(the_ends_of_every_scale_are_exact),
        cmocka_unit_test(continuous_values_come_back_to_rounding),
        cmocka_unit_test(every_step_comes_back_exactly),
        cmocka_unit_test(decimal_steps_read_as_a_person_writes_them),
        cmocka_unit_test(whole_numbers_have_equal_shares),
        cmocka_unit_test(a_range_of_10_to_the_12_comes_back_exactly),
        cmocka_unit_test(categories_follow_their_probabilities),
        cmocka_unit_test(random_members_of_a_mixed_space_come_back),
        cmocka_unit_test(normalising_mends_any_row),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("transform", tests, NULL, NULL);
}
