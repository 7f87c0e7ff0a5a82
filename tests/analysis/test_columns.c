/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analysis/columns.h"

static void expect_table(ambs_columns *c, const char *expected)
{
    ambs_text out = {0};
    assert_int_equal(ambs_columns_print(c, &out, NULL), 0);
    assert_string_equal(out.text, expected);
    ambs_text_fini(&out);
    ambs_columns_fini(c);
}

static void a_table_without_rows_shows_its_headings(void **state)
{
    (void)state;
    ambs_columns c;
    assert_int_equal(ambs_columns_init(&c, (const char *[]){"a", ">b", NULL}, NULL), 0);
    expect_table(&c, "a  b\n");
}

static void columns_are_as_wide_as_their_widest_cell(void **state)
{
    (void)state;
    ambs_columns c;
    assert_int_equal(ambs_columns_init(&c, (const char *[]){"name", ">value", NULL}, NULL), 0);
    ambs_columns_add(&c, "x");
    ambs_columns_addf(&c, "%d", 1234567);
    ambs_columns_add(&c, "longer");
    ambs_columns_add(&c, "1");
    expect_table(&c, "name      value\nx       1234567\nlonger        1\n");
}

static void width_counts_characters_and_no_blanks_trail(void **state)
{
    (void)state;
    ambs_columns c;
    assert_int_equal(ambs_columns_init(&c, (const char *[]){"a", "b", "c", NULL}, NULL), 0);
    ambs_columns_add(&c, "é");
    ambs_columns_add(&c, "");
    ambs_columns_add(&c, "");
    ambs_columns_add(&c, "e");
    ambs_columns_add(&c, "xy");
    ambs_columns_add(&c, "z");
    expect_table(&c, "a  b   c\né\ne  xy  z\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_without_rows_shows_its_headings),
        cmocka_unit_test(columns_are_as_wide_as_their_widest_cell),
        cmocka_unit_test(width_counts_characters_and_no_blanks_trail),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("columns", tests, NULL, NULL);
}
