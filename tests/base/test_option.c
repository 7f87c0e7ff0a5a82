/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "base/option.h"

typedef struct sample_options {
    bool on;
    long long trees;
    double kappa, unset, time_s, memory_bytes;
    int liar;
    char *path;
} sample_options;

static const char *const liars[] = {"model_mean", "worst", "none", NULL};
static const ambs_option table[] = {
    {"on", AMBS_OPTION_BOOL, offsetof(sample_options, on), "true", 1, 0, NULL, "whether"},
    {"trees", AMBS_OPTION_INT, offsetof(sample_options, trees), "100", 1, 10000, NULL, "how many"},
    {"kappa", AMBS_OPTION_FLOAT, offsetof(sample_options, kappa), "1.96", 0, INFINITY, NULL,
     "weight"},
    {"unset", AMBS_OPTION_FLOAT, offsetof(sample_options, unset), NULL, 1, 0, NULL, "nothing"},
    {"time", AMBS_OPTION_DURATION, offsetof(sample_options, time_s), "20m", 1, 3600, NULL, "time"},
    {"memory", AMBS_OPTION_BYTES, offsetof(sample_options, memory_bytes), "1GiB", 1, 0, NULL,
     "memory"},
    {"liar", AMBS_OPTION_CHOICE, offsetof(sample_options, liar), "worst", 1, 0, liars, "kind"},
    {"path", AMBS_OPTION_STRING, offsetof(sample_options, path), NULL, 1, 0, NULL, "file"},
    {0},
};

static void a_table_without_options_knows_no_name(void **state)
{
    (void)state;
    ambs_error err;
    assert_int_equal(ambs_options_init(NULL, NULL, &err), AMBS_OK);
    ambs_options_fini(NULL, NULL);
    assert_null(ambs_option_find(NULL, "x"));
    assert_int_equal(ambs_options_set(NULL, NULL, "x", "1", &err), AMBS_E_NOT_FOUND);
    assert_string_equal(err.text, "unknown option \"x\": there are none here");
}

static void defaults_are_parsed_like_any_value(void **state)
{
    (void)state;
    sample_options o = {0};
    assert_int_equal(ambs_options_init(table, &o, NULL), AMBS_OK);
    assert_true(o.on && o.trees == 100 && o.kappa == 1.96 && isnan(o.unset));
    assert_true(o.time_s == 1200 && o.memory_bytes == 0x1p30 && o.liar == 1 && o.path == NULL);
    ambs_options_fini(table, &o);
}

static void a_value_comes_back_as_it_is_printed(void **state)
{
    (void)state;
    static const char *const set[][3] = {
        {"on", "false", "false"}, {"trees", "7", "7"},        {"kappa", "0.10", "0.1"},
        {"time", "1m30s", "90s"}, {"memory", "2kB", "2000B"}, {"liar", "none", "none"},
        {"path", "a b", "a b"},   {"path", "again", "again"},
    };
    sample_options o = {0}, again = {0};
    assert_int_equal(ambs_options_init(table, &o, NULL), AMBS_OK);
    assert_int_equal(ambs_options_init(table, &again, NULL), AMBS_OK);
    for (size_t i = 0; i < sizeof set / sizeof *set; i++) {
        assert_int_equal(ambs_options_set(table, &o, set[i][0], set[i][1], NULL), AMBS_OK);
        ambs_text t = {0}, t2 = {0};
        ambs_options_print(ambs_option_find(table, set[i][0]), &o, &t);
        assert_string_equal(t.text, set[i][2]);
        assert_int_equal(ambs_options_set(table, &again, set[i][0], t.text, NULL), AMBS_OK);
        ambs_options_print(ambs_option_find(table, set[i][0]), &again, &t2);
        assert_string_equal(t2.text, t.text);
        ambs_text_fini(&t);
        ambs_text_fini(&t2);
    }
    ambs_options_fini(table, &o);
    ambs_options_fini(table, &again);
}

static void a_refused_value_says_what_was_expected_and_changes_nothing(void **state)
{
    (void)state;
    static const char *const bad[][3] = {
        {"on", "yes", "on: found \"yes\", expected true or false"},
        {"trees", "1.5", "trees: found \"1.5\", expected a whole number"},
        {"trees", "0", "trees: found \"0\", expected a value from 1 to 10000"},
        {"kappa", "-1", "kappa: found \"-1\", expected a value of at least 0"},
        {"kappa", "much", "kappa: found \"much\", expected a number"},
        {"time", "2h", "time: found \"2h\", expected a value from 1s to 3600s"},
        {"liar", "wosrt",
         "liar: found \"wosrt\", expected one of model_mean, worst, none; did you mean \"worst\"?"},
    };
    ambs_error err;
    sample_options o = {0}, before;
    assert_int_equal(ambs_options_init(table, &o, NULL), AMBS_OK);
    before = o;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(ambs_options_set(table, &o, bad[i][0], bad[i][1], &err), AMBS_E_INVALID);
        assert_string_equal(err.text, bad[i][2]);
    }
    assert_int_equal(ambs_options_set(table, &o, "memory", "8", &err), AMBS_E_INVALID);
    assert_memory_equal(&o, &before, sizeof o);
    ambs_options_fini(table, &o);
}

static void an_unknown_name_lists_the_nearest_and_all(void **state)
{
    (void)state;
    ambs_error err;
    sample_options o = {0};
    assert_int_equal(ambs_options_set(table, &o, "tress", "1", &err), AMBS_E_NOT_FOUND);
    assert_string_equal(
        err.text,
        "unknown option \"tress\": did you mean \"trees\"? known options: on, trees, kappa, "
        "unset, time, memory, liar, path");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_without_options_knows_no_name),
        cmocka_unit_test(defaults_are_parsed_like_any_value),
        cmocka_unit_test(a_value_comes_back_as_it_is_printed),
        cmocka_unit_test(a_refused_value_says_what_was_expected_and_changes_nothing),
        cmocka_unit_test(an_unknown_name_lists_the_nearest_and_all),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("option", tests, NULL, NULL);
}
