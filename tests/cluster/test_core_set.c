/* SPDX-License-Identifier: MIT */
/* Sets of cores and their text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/random.h"
#include "cluster/core_set.h"

static ambs_core_set parsed(const char *text)
{
    ambs_core_set set;
    assert_true(ambs_core_set_parse(text, &set));
    return set;
}

static void assert_printed(const ambs_core_set *set, const char *expected)
{
    ambs_text out = {0};
    ambs_core_set_print(set, &out);
    assert_string_equal(out.text, expected);
    ambs_text_fini(&out);
}

static void an_empty_text_is_the_empty_set(void **state)
{
    (void)state;
    ambs_core_set set = parsed("");
    assert_int_equal(ambs_core_set_count(&set), 0);
    assert_printed(&set, "");
    set = parsed(" \n");
    assert_int_equal(ambs_core_set_count(&set), 0);
}

static void the_kernels_lists_are_read_and_written(void **state)
{
    (void)state;
    ambs_core_set set = parsed("0-3,8,10-11\n");
    assert_int_equal(ambs_core_set_count(&set), 7);
    assert_true(ambs_core_set_has(&set, 3) && ambs_core_set_has(&set, 8));
    assert_false(ambs_core_set_has(&set, 4) || ambs_core_set_has(&set, AMBS_CORES_MAX));
    assert_printed(&set, "0-3,8,10-11");
    set = parsed("4095");
    assert_printed(&set, "4095");
    set = parsed("0-4095");
    assert_int_equal(ambs_core_set_count(&set), AMBS_CORES_MAX);
}

static void anything_else_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    static const char *const wrong[] = {"x",  "1,",   ",1",  "3-1",   "1-",
                                        "-1", "4096", "1 2", "0-3;4", "1,,2"};
    ambs_core_set set = parsed("5");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_false(ambs_core_set_parse(wrong[i], &set));
        assert_printed(&set, "5");
    }
}

static void what_is_printed_is_read_back(void **state)
{
    (void)state;
    ambs_random random;
    ambs_random_init(&random, 3, 0, AMBS_PURPOSE_TEST);
    for (int i = 0; i < 200; i++) {
        ambs_core_set set = {{0}};
        uint32_t n = (uint32_t)ambs_random_below(&random, 300);
        for (uint32_t k = 0; k < n; k++)
            ambs_core_set_add(&set,
                              (uint32_t)ambs_random_below(&random, i % 2 ? 400 : AMBS_CORES_MAX));
        ambs_text out = {0};
        ambs_core_set_print(&set, &out);
        ambs_core_set back = parsed(out.text);
        assert_true(ambs_core_set_is_equal(&set, &back));
        ambs_text_fini(&out);
    }
}

static void sets_are_united_and_intersected(void **state)
{
    (void)state;
    ambs_core_set a = parsed("0-7"), b = parsed("4-11"), both = a;
    ambs_core_set_intersect(&both, &b);
    assert_printed(&both, "4-7");
    ambs_core_set_unite(&a, &b);
    assert_printed(&a, "0-11");
    ambs_core_set_remove(&a, 5);
    assert_printed(&a, "0-4,6-11");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_text_is_the_empty_set),
        cmocka_unit_test(the_kernels_lists_are_read_and_written),
        cmocka_unit_test(anything_else_is_refused_and_changes_nothing),
        cmocka_unit_test(what_is_printed_is_read_back),
        cmocka_unit_test(sets_are_united_and_intersected),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("cluster/core_set", tests, NULL, NULL);
}
