/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "base/random.h"
#include "base/text.h"

static void an_empty_text_is_null_until_something_is_added(void **state)
{
    (void)state;
    ambs_text t = {0};
    assert_null(t.text);
    ambs_text_add(&t, "");
    assert_string_equal(t.text, "");
    ambs_text_addf(&t, "%d-%s", 42, "x");
    ambs_text_add_bytes(&t, "yz!", 2);
    assert_string_equal(t.text, "42-xyz");
    assert_int_equal(t.length, 6);
    ambs_text_clear(&t);
    assert_string_equal(t.text, "");
    for (int i = 0; i < 10000; i++) ambs_text_addf(&t, "%d,", i % 10);
    assert_int_equal(t.length, 20000);
    assert_int_equal(ambs_text_check(&t, NULL), AMBS_OK);
    ambs_text_fini(&t);
    ambs_text_fini(&t);
}

static void doubles_are_written_as_short_as_they_can_be(void **state)
{
    (void)state;
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0, "0"},
        {-0.0, "-0"},
        {1, "1"},
        {-42, "-42"},
        {0.1, "0.1"},
        {1e-5, "1e-05"},
        {0.001, "0.001"},
        {1.0 / 3, "0.3333333333333333"},
        {1e15, "1e+15"},
        {1e14, "100000000000000"},
        {999999999999999, "999999999999999"},
        {5e-324, "5e-324"},
        {1.7976931348623157e308, "1.7976931348623157e+308"},
        {0.1 + 0.2, "0.30000000000000004"},
        {NAN, "nan"},
        {INFINITY, "inf"},
        {-INFINITY, "-inf"},
    };
    char buffer[32];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(ambs_format_double(cases[i].value, buffer), cases[i].text);
}

static void any_double_comes_back_from_its_text(void **state)
{
    (void)state;
    ambs_random r;
    ambs_random_init(&r, 1, 0, AMBS_PURPOSE_TEST);
    for (int i = 0; i < 200000; i++) {
        uint64_t word = ambs_random_u64(&r);
        double value, back;
        memcpy(&value, &word, sizeof value);
        if (!isfinite(value)) continue;
        char buffer[32];
        assert_true(ambs_parse_double(ambs_format_double(value, buffer), &back));
        assert_memory_equal(&value, &back, sizeof value);
    }
}

static void numbers_have_to_be_whole_texts(void **state)
{
    (void)state;
    double x;
    long long n;
    static const char *const bad[] = {"",      " 1",  "1 ",  "1x", "0x10", "nan", "inf",
                                      "1e999", "--1", "1,5", "e",  ".",    "1e"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(ambs_parse_double(bad[i], &x));
    assert_true(ambs_parse_double("-1.5e-3", &x) && x == -1.5e-3);
    assert_true(ambs_parse_double(".5", &x) && x == 0.5);
    assert_true(ambs_parse_int("9223372036854775807", &n) && n == INT64_MAX);
    assert_true(ambs_parse_int("-9223372036854775808", &n) && n == INT64_MIN);
    assert_true(ambs_parse_int("+7", &n) && n == 7);
    static const char *const not_whole[] = {
        "", "-", "1.0", "1e3", "9223372036854775808", "-9223372036854775809", "7 "};
    for (size_t i = 0; i < sizeof not_whole / sizeof *not_whole; i++)
        assert_false(ambs_parse_int(not_whole[i], &n));
}

static void durations_need_their_unit(void **state)
{
    (void)state;
    ambs_error err;
    double s;
    static const struct {
        const char *text;
        double seconds;
    } good[] = {{"0s", 0},       {"90s", 90},    {"20m", 1200},  {"11h30m", 41400},
                {"1d2h", 93600}, {"500ms", 0.5}, {"1.5h", 5400}, {"1d1h1m1s1ms", 90061.001}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(ambs_parse_duration(good[i].text, &s, &err), AMBS_OK);
        assert_true(fabs(s - good[i].seconds) < 1e-9);
    }
    static const char *const bad[] = {"",    "90",   "s",   "1y", "30m1h", "1h1h",
                                      "-5s", "1h30", "1 h", "5S", "1..5s", "5sx"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(ambs_parse_duration(bad[i], &s, &err), AMBS_E_INVALID);
        assert_non_null(strstr(err.text, "(d, h, m, s, ms)"));
    }
    ambs_parse_duration("90", &s, &err);
    assert_string_equal(
        err.text, "found \"90\", expected a time with its unit (d, h, m, s, ms), as in \"90s\" or "
                  "\"1h30m\": a number alone does not say which");
}

static void bytes_need_their_unit(void **state)
{
    (void)state;
    ambs_error err;
    double b;
    assert_int_equal(ambs_parse_bytes("8GiB", &b, &err), AMBS_OK);
    assert_true(b == 8589934592.0);
    assert_int_equal(ambs_parse_bytes("512MB", &b, &err), AMBS_OK);
    assert_true(b == 512e6);
    assert_int_equal(ambs_parse_bytes("4096B", &b, &err), AMBS_OK);
    assert_true(b == 4096);
    static const char *const bad[] = {"", "8", "8G", "8 GiB", "-1B", "8GiBs"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(ambs_parse_bytes(bad[i], &b, &err), AMBS_E_INVALID);
}

static void times_read_well(void **state)
{
    (void)state;
    static const struct {
        double seconds;
        const char *text;
    } cases[] = {{0, "0 s"},          {5e-6, "5 us"},         {0.0123, "12.3 ms"},
                 {0.9999, "1.0 s"},   {1.5, "1.5 s"},         {59.96, "1 min 00 s"},
                 {123, "2 min 03 s"}, {3599.6, "1 h 00 min"}, {12000, "3 h 20 min"},
                 {86399, "1 d 00 h"}, {180000, "2 d 02 h"},   {-90, "-1 min 30 s"},
                 {NAN, "unknown"},    {INFINITY, "unknown"}};
    char buffer[40];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(ambs_format_duration(cases[i].seconds, buffer), cases[i].text);
}

static void edit_distance_counts_a_swap_as_one(void **state)
{
    (void)state;
    assert_int_equal(ambs_edit_distance("", ""), 0);
    assert_int_equal(ambs_edit_distance("", "abc"), 3);
    assert_int_equal(ambs_edit_distance("kitten", "sitting"), 3); /* Levenshtein's usual example */
    assert_int_equal(ambs_edit_distance("scale", "sacle"), 1);
    char a[201], b[201];
    memset(a, 'a', 200);
    memset(b, 'b', 200);
    a[200] = b[200] = '\0';
    assert_int_equal(ambs_edit_distance(a, b), 63);
}

static void only_near_names_are_suggested(void **state)
{
    (void)state;
    static const char *const names[] = {"parameters", "method", "metric", "budget", NULL};
    static const char *const none[] = {NULL};
    assert_string_equal(ambs_nearest_name("paramters", names), "parameters");
    assert_string_equal(ambs_nearest_name("metod", names), "method");
    assert_string_equal(ambs_nearest_name("metric", names), "metric");
    assert_null(ambs_nearest_name("objective", names));
    assert_null(ambs_nearest_name("x", names));
    assert_null(ambs_nearest_name("", names));
    assert_null(ambs_nearest_name("method", none));
}

static void utf8_is_told_from_what_is_not(void **state)
{
    (void)state;
    static const char *const good[] = {"",
                                       "abc",
                                       "\xc3\xa9",
                                       "\xe2\x82\xac",
                                       "\xf0\x9f\x98\x80",
                                       "\xed\x9f\xbf",
                                       "\xf4\x8f\xbf\xbf"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(ambs_utf8_valid(good[i], strlen(good[i]), NULL));
    static const struct {
        const char *bytes;
        size_t at;
    } bad[] = {
        {"\x80", 0}, /* a continuation alone */
        {"ab\xc0\xaf", 2},
        {"\xe0\x80\x80", 0},
        {"\xf0\x80\x80\x80", 0}, /* overlong */
        {"\xed\xa0\x80", 0},     /* a surrogate */
        {"\xf4\x90\x80\x80", 0},
        {"\xf5\x80\x80\x80", 0}, /* beyond U+10FFFF */
        {"a\xc3", 1},
        {"\xe2\x82", 0},
        {"\xf0\x9f\x98", 0}, /* cut off */
        {"\xff", 0},
        {"\xc3\x28", 0},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        size_t at = 99;
        assert_false(ambs_utf8_valid(bad[i].bytes, strlen(bad[i].bytes), &at));
        assert_int_equal(at, bad[i].at);
    }
}

static void bytes_are_written_for_people(void **state)
{
    (void)state;
    char buffer[40];
    assert_string_equal(ambs_format_bytes(0, buffer), "0 B");
    assert_string_equal(ambs_format_bytes(1023, buffer), "1023 B");
    assert_string_equal(ambs_format_bytes(1536, buffer), "1.50 KiB");
    assert_string_equal(ambs_format_bytes(20.0 * 1048576, buffer), "20.0 MiB");
    assert_string_equal(ambs_format_bytes(512 * 0x1p30, buffer), "512 GiB");
    assert_string_equal(ambs_format_bytes(0x1p70, buffer), "1048576 PiB");
}

static void words_are_quoted_for_a_shell(void **state)
{
    (void)state;
    static const char *const cases[][2] = {{"", "''"},
                                           {"study.yaml", "study.yaml"},
                                           {"a b", "'a b'"},
                                           {"it's", "'it'\\''s'"},
                                           {"$HOME;rm", "'$HOME;rm'"},
                                           {"budget.trials=60", "budget.trials=60"},
                                           {"x\ny", "'x\ny'"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ambs_text out = {0};
        ambs_text_add_word(&out, cases[i][0]);
        assert_string_equal(out.text, cases[i][1]);
        ambs_text_fini(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_quoted_for_a_shell),
        cmocka_unit_test(bytes_are_written_for_people),
        cmocka_unit_test(an_empty_text_is_null_until_something_is_added),
        cmocka_unit_test(doubles_are_written_as_short_as_they_can_be),
        cmocka_unit_test(any_double_comes_back_from_its_text),
        cmocka_unit_test(numbers_have_to_be_whole_texts),
        cmocka_unit_test(durations_need_their_unit),
        cmocka_unit_test(bytes_need_their_unit),
        cmocka_unit_test(times_read_well),
        cmocka_unit_test(edit_distance_counts_a_swap_as_one),
        cmocka_unit_test(only_near_names_are_suggested),
        cmocka_unit_test(utf8_is_told_from_what_is_not),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
