/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/option.h"

/* A family of three: two share the option `size`, one has none. */
typedef struct shape_ops {
    ambs_member member;
    int corners;
} shape_ops;

typedef struct round_options {
    double size;
    bool filled;
} round_options;

typedef struct square_options {
    double size;
    long long turns;
} square_options;

static const ambs_option round_table[] = {
    {"size", AMBS_OPTION_FLOAT, offsetof(round_options, size), "1.5", 0, 10, NULL, "s"},
    {"filled", AMBS_OPTION_BOOL, offsetof(round_options, filled), "false", 1, 0, NULL, "f"},
    {0},
};
static const ambs_option square_table[] = {
    {"size", AMBS_OPTION_FLOAT, offsetof(square_options, size), "2", 0, 10, NULL, "s"},
    {"turns", AMBS_OPTION_INT, offsetof(square_options, turns), "4", 0, 10, NULL, "t"},
    {0},
};
static const shape_ops shape_round = {
    .member = {"round", "a disc", round_table, sizeof(round_options)}};
static const shape_ops shape_square = {
    .member = {"square", "a square", square_table, sizeof(square_options)}, .corners = 4};
static const shape_ops shape_dot = {.member = {"dot", "a dot"}};
static const shape_ops *const registry[] = {&shape_round, &shape_square, &shape_dot, NULL};

typedef struct options {
    ambs_chosen shape, mark;
    long long own;
} options;

static const ambs_option table[] = {
    {"shape", AMBS_OPTION_MEMBER, offsetof(options, shape), "round", 1, 0, NULL, "h", registry},
    {"mark.shape", AMBS_OPTION_MEMBER, offsetof(options, mark), "dot", 1, 0, NULL, "h", registry},
    {"own", AMBS_OPTION_INT, offsetof(options, own), "7", 0, 100, NULL, "h"},
    {0},
};

static options made(void)
{
    options o = {0};
    assert_int_equal(ambs_options_init(table, &o, NULL), AMBS_OK);
    return o;
}

static void set(options *o, const char *name, const char *value)
{
    ambs_error err;
    if (ambs_options_set(table, o, name, value, &err) != AMBS_OK) fail_msg("%s", err.text);
}

static void the_default_is_chosen_with_its_defaults(void **state)
{
    (void)state;
    options o = made();
    assert_ptr_equal(o.shape.member, &shape_round.member);
    assert_true(((round_options *)o.shape.options)->size == 1.5);
    assert_ptr_equal(o.mark.member, &shape_dot.member);
    assert_null(o.mark.options);
    ambs_options_fini(table, &o);
}

static void an_option_reaches_the_member_before_and_after_it_is_chosen(void **state)
{
    (void)state;
    options o = made();
    set(&o, "turns", "3");
    set(&o, "shape", "square");
    set(&o, "size", "9");
    assert_int_equal(((square_options *)o.shape.options)->turns, 3);
    assert_true(((square_options *)o.shape.options)->size == 9);
    assert_int_equal(ambs_options_check(table, &o, NULL), AMBS_OK);
    ambs_options_fini(table, &o);
}

static void all_spellings_mean_the_same(void **state)
{
    (void)state;
    options o = made();
    set(&o, "mark.shape.name", "square");
    set(&o, "mark.shape.turns", "1");
    assert_int_equal(((square_options *)o.mark.options)->turns, 1);
    set(&o, "mark.turns", "2");
    assert_int_equal(((square_options *)o.mark.options)->turns, 2);
    assert_ptr_equal(o.shape.member, &shape_round.member);
    set(&o, "round.size", "4");
    assert_true(((round_options *)o.shape.options)->size == 4);
    assert_true(((square_options *)o.mark.options)->size == 2);
    ambs_options_fini(table, &o);
}

static void an_option_that_the_chosen_member_lacks_is_an_error(void **state)
{
    (void)state;
    ambs_error err;
    options o = made();
    set(&o, "turns", "3");
    assert_int_equal(ambs_options_check(table, &o, &err), AMBS_E_INVALID);
    assert_string_equal(
        err.text,
        "turns is an option of square, but shape is round; leave it out or choose square");
    ambs_options_fini(table, &o);
}

static void unknown_members_options_and_values_are_refused(void **state)
{
    (void)state;
    ambs_error err;
    options o = made();
    assert_int_equal(ambs_options_set(table, &o, "shape", "cube", &err), AMBS_E_INVALID);
    assert_string_equal(err.text, "shape: found \"cube\", expected one of round, square, dot");
    assert_int_equal(ambs_options_set(table, &o, "corner", "1", &err), AMBS_E_NOT_FOUND);
    assert_non_null(strstr(err.text, "turns"));
    assert_int_equal(ambs_options_set(table, &o, "size", "11", &err), AMBS_E_INVALID);
    assert_string_equal(err.text, "size: found \"11\", expected a value from 0 to 10");
    assert_ptr_equal(o.shape.member, &shape_round.member);
    ambs_options_fini(table, &o);
}

static void names_and_groups_are_known(void **state)
{
    (void)state;
    static const char *const known[] = {"own",   "shape",        "shape.name", "size",
                                        "turns", "square.turns", "mark.turns", NULL};
    static const char *const groups[] = {"shape", "mark", "mark.shape", "round", NULL};
    static const char *const unknown[] = {"name", "corners",       "dot.size",
                                          "mark", "shape.corners", NULL};
    for (size_t i = 0; known[i]; i++) assert_true(ambs_options_know(table, known[i]));
    for (size_t i = 0; unknown[i]; i++) assert_false(ambs_options_know(table, unknown[i]));
    for (size_t i = 0; groups[i]; i++) assert_true(ambs_options_know_group(table, groups[i]));
    assert_false(ambs_options_know_group(table, "own"));
}

static void a_choice_prints_with_its_options(void **state)
{
    (void)state;
    options o = made();
    ambs_text text = {0};
    ambs_options_print(&table[0], &o, &text);
    assert_string_equal(text.text, "round {size: 1.5, filled: false}");
    ambs_text_clear(&text);
    ambs_options_print(&table[1], &o, &text);
    assert_string_equal(text.text, "dot");
    ambs_text_fini(&text);
    ambs_options_fini(table, &o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_default_is_chosen_with_its_defaults),
        cmocka_unit_test(an_option_reaches_the_member_before_and_after_it_is_chosen),
        cmocka_unit_test(all_spellings_mean_the_same),
        cmocka_unit_test(an_option_that_the_chosen_member_lacks_is_an_error),
        cmocka_unit_test(unknown_members_options_and_values_are_refused),
        cmocka_unit_test(names_and_groups_are_known),
        cmocka_unit_test(a_choice_prints_with_its_options),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("option_member", tests, NULL, NULL);
}
