/* SPDX-License-Identifier: MIT */
#include "fixture.h"

static size_t count_asks(ambs_spec *spec, double (*rows)[MAX_D], size_t max)
{
    ambs_error err;
    ambs_search *search;
    must(ambs_search_create(spec, &search, &err), &err);
    size_t n = 0;
    for (; n < max; n++) {
        ambs_proposal p = {.x = rows[n]};
        int rc = ambs_search_ask(search, &p, &err);
        if (rc == AMBS_E_EXHAUSTED) break;
        must(rc, &err);
    }
    ambs_search_destroy(search);
    return n;
}

static double rows[20000][MAX_D];

static void numeric_parameters_get_even_levels_with_both_ends(void **state)
{
    (void)state;
    ambs_spec *spec = make_spec("grid", make_space(SPACE_CONTINUOUS), 0, "levels=4");
    assert_int_equal(count_asks(spec, rows, 1000), 64);
    assert_true(rows[0][0] == -5 && rows[0][1] == 0 && rows[0][2] == 1e-3);
    assert_true(rows[63][0] == 10 && rows[63][1] == 15 && rows[63][2] == 1);
    assert_true(fabs(rows[1][2] - 1e-2) < 1e-15 && rows[4][1] == 5 && rows[16][0] == 0);
    drop_spec(spec);
}

static void one_level_is_the_middle(void **state)
{
    (void)state;
    ambs_spec *spec = make_spec("grid", make_space(SPACE_CONTINUOUS), 0, "levels=1");
    assert_int_equal(count_asks(spec, rows, 1000), 1);
    assert_true(rows[0][0] == 2.5 && rows[0][1] == 7.5);
    drop_spec(spec);
}

static void a_parameter_of_few_values_gives_all_of_them(void **state)
{
    (void)state;
    ambs_spec *spec = make_spec("grid", make_space(SPACE_SMALL), 0, "levels=3");
    assert_int_equal(count_asks(spec, rows, 1000), 60);
    drop_spec(spec);
}

static void conditions_and_constraints_leave_each_member_once(void **state)
{
    (void)state;
    ambs_spec *spec = make_spec("grid", make_space(SPACE_CONDITIONAL), 0, NULL);
    assert_int_equal(count_asks(spec, rows, 1000), 11);
    drop_spec(spec);
}

static void a_grid_says_its_size(void **state)
{
    (void)state;
    ambs_text text = {0};
    ambs_spec *spec = make_spec("grid", make_space(SPACE_SMALL), 0, NULL);
    spec->method->describe(spec, spec->method_options, &text);
    assert_string_equal(text.text, "a grid of 60 configurations (3 a x 4 b x 5 c)");
    drop_spec(spec);
    ambs_text_clear(&text);
    spec = make_spec("grid", make_space(SPACE_MIXED), 0, NULL);
    spec->method->describe(spec, spec->method_options, &text);
    assert_string_equal(text.text, "a grid of at most 1875 configurations (5 rate x 5 layers x 5 "
                                   "batch x 3 optimizer x 5 momentum)");
    drop_spec(spec);
    ambs_text_fini(&text);
}

static void a_grid_that_explodes_is_refused_unless_asked_for(void **state)
{
    (void)state;
    ambs_error err;
    ambs_search *search;
    ambs_spec *spec = make_spec("grid", make_space(SPACE_CONTINUOUS), 0, "levels=100");
    assert_int_equal(ambs_search_create(spec, &search, &err), AMBS_E_INVALID);
    assert_string_equal(err.text,
                        "method grid: found a grid of 1000000 configurations (100 a x 100 b x 100 "
                        "c), expected at most 10000; "
                        "lower `levels` (100), give parameters a step, or set `max_size`");
    drop_spec(spec);
    spec = make_spec("grid", make_space(SPACE_CONTINUOUS), 0, "levels=100 max_size=1000000");
    must(ambs_search_create(spec, &search, &err), &err);
    ambs_search_destroy(search);
    drop_spec(spec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numeric_parameters_get_even_levels_with_both_ends),
        cmocka_unit_test(one_level_is_the_middle),
        cmocka_unit_test(a_parameter_of_few_values_gives_all_of_them),
        cmocka_unit_test(conditions_and_constraints_leave_each_member_once),
        cmocka_unit_test(a_grid_says_its_size),
        cmocka_unit_test(a_grid_that_explodes_is_refused_unless_asked_for),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("grid", tests, NULL, NULL);
}
