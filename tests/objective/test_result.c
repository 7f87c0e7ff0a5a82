/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "base/text.h"
#include "config.h"
#include "objective/capture.h"
#include "objective/result.h"

static ambs_outcome read_bytes(const char *bytes, size_t length)
{
    ambs_outcome o = {0};
    ambs_result_read(bytes, length, "loss", "it", &o);
    return o;
}

static ambs_outcome read_text(const char *text)
{
    return read_bytes(text, strlen(text));
}

static void an_empty_result_is_none(void **state)
{
    (void)state;
    assert_int_equal(read_text("").reason, AMBS_REASON_NO_RESULT);
    assert_int_equal(read_text(" \n\t\r\n").reason, AMBS_REASON_NO_RESULT);
}

static void a_number_is_read_as_it_is_written(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double value;
    } good[] = {{"0", 0}, {"-1.5e-3\n", -0.0015}, {"  +7 ", 7}, {"0.1", 0.1}, {"1e308", 1e308}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        ambs_outcome o = read_text(good[i].text);
        assert_int_equal(o.state, AMBS_TRIAL_COMPLETE);
        assert_true(o.objective == good[i].value);
    }
}

static void values_that_are_none_are_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        ambs_reason reason;
    } bad[] = {
        {"nan", AMBS_REASON_NOT_A_NUMBER},
        {"-NaN", AMBS_REASON_NOT_A_NUMBER},
        {"inf", AMBS_REASON_INFINITE},
        {"-Infinity", AMBS_REASON_INFINITE},
        {"1e999", AMBS_REASON_INFINITE},
        {"1,5", AMBS_REASON_BAD_RESULT},
        {"0x10", AMBS_REASON_BAD_RESULT},
        {"1 2", AMBS_REASON_BAD_RESULT},
        {"loss: 3", AMBS_REASON_BAD_RESULT},
        {"\"1\"", AMBS_REASON_BAD_RESULT},
        {"[1]", AMBS_REASON_BAD_RESULT},
        {"99999999999999999999999999999999999999999999999999999999999999999999",
         AMBS_REASON_BAD_RESULT},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ambs_outcome o = read_text(bad[i].text);
        assert_int_equal(o.state, AMBS_TRIAL_FAILED);
        assert_int_equal(o.reason, bad[i].reason);
        assert_true(isnan(o.objective) && o.message[0]);
    }
    assert_int_equal(read_bytes("1\0", 2).reason, AMBS_REASON_BAD_RESULT);
}

static void an_object_gives_metrics_too(void **state)
{
    (void)state;
    ambs_outcome o = read_text(
        "{\"acc\": 0.9, \"loss\": 0.25, \"note\": \"NaN inside\", \"n\": 3, \"bad\": NaN, "
        "\"deep\": {\"loss\": 1}}");
    assert_int_equal(o.state, AMBS_TRIAL_COMPLETE);
    assert_true(o.objective == 0.25);
    assert_int_equal(o.n_metrics, 2);
    assert_string_equal(o.metrics[0].name, "acc");
    assert_true(o.metrics[1].value == 3);
}

static void an_object_without_the_number_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        ambs_reason reason;
        const char *message;
    } bad[] = {
        {"{}", AMBS_REASON_BAD_RESULT, "it has no \"loss\" and no other number"},
        {"{\"los\": 1, \"accuracy\": 2}", AMBS_REASON_BAD_RESULT,
         "it has no \"loss\"; the nearest name in it is \"los\""},
        {"{\"loss\": \"low\"}", AMBS_REASON_BAD_RESULT,
         "it: \"loss\" is not a number but something else"},
        {"{\"loss\": true}", AMBS_REASON_BAD_RESULT,
         "it: \"loss\" is not a number but something else"},
        {"{\"loss\": null}", AMBS_REASON_NOT_A_NUMBER, "it: the value is not a number"},
        {"{\"loss\": NaN}", AMBS_REASON_NOT_A_NUMBER, "it: the value is not a number"},
        {"{\"loss\": -Infinity}", AMBS_REASON_INFINITE, "it: the value is infinite"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ambs_outcome o = read_text(bad[i].text);
        assert_int_equal(o.state, AMBS_TRIAL_FAILED);
        assert_int_equal(o.reason, bad[i].reason);
        assert_string_equal(o.message, bad[i].message);
    }
    assert_int_equal(read_text("{\"loss\": 1").reason, AMBS_REASON_BAD_RESULT);
    assert_int_equal(read_text("{\"loss\": 1, \"loss\": 2}").reason, AMBS_REASON_BAD_RESULT);
    assert_int_equal(read_text("{\"loss\": 1} 2").reason, AMBS_REASON_BAD_RESULT);
}

static void many_metrics_are_cut(void **state)
{
    (void)state;
    char text[4096] = "{";
    for (int i = 0; i < 50; i++) sprintf(text + strlen(text), "\"m%d\": %d,", i, i);
    strcat(text, "\"loss\": 1}");
    ambs_outcome o = read_text(text);
    assert_int_equal(o.state, AMBS_TRIAL_COMPLETE);
    assert_int_equal(o.n_metrics, AMBS_MAX_METRICS);
}

static void damaged_results_do_no_harm(void **state)
{
    (void)state;
    static const char whole[] =
        "{\"loss\": 0.5, \"x\": \"\\u00e4\\\\\", \"y\": [1, {\"z\": NaN}], \"w\": -Infinity}";
    ambs_random r;
    ambs_random_init(&r, 1, 0, AMBS_PURPOSE_TEST);
    for (size_t n = 0; n < sizeof whole; n++) read_bytes(whole, n);
    for (int i = 0; i < 3000; i++) {
        char text[sizeof whole];
        memcpy(text, whole, sizeof whole);
        for (int k = 0; k < 3; k++)
            text[ambs_random_below(&r, sizeof whole)] = (char)ambs_random_below(&r, 256);
        ambs_outcome o = read_bytes(text, sizeof whole - 1);
        assert_true(o.state == AMBS_TRIAL_COMPLETE ? isfinite(o.objective)
                                                   : o.reason != AMBS_REASON_NONE);
    }
}

static void a_report_is_read(void **state)
{
    (void)state;
    ambs_metric m[AMBS_MAX_METRICS];
    long long step;
    size_t n;
    ambs_error err;
    static const char by_value[] = "{\"acc\": 1, \"step\": 12, \"value\": 0.5}";
    assert_int_equal(ambs_report_read(by_value, strlen(by_value), "loss", &step, m, &n, &err),
                     AMBS_OK);
    assert_int_equal(step, 12);
    assert_int_equal(n, 2);
    assert_string_equal(m[0].name, "loss");
    assert_true(m[0].value == 0.5);
    assert_string_equal(m[1].name, "acc");
    static const char *const bad[] = {
        "", "{}", "3", "{\"step\": 1}", "{\"step\": 1.5, \"value\": 1}", "{\"value\": 1}", "{"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(ambs_report_read(bad[i], strlen(bad[i]), "loss", &step, m, &n, &err),
                         AMBS_E_FORMAT);
}

static void a_capture_keeps_the_last_lines(void **state)
{
    (void)state;
    ambs_capture c;
    ambs_error err;
    size_t length;
    assert_int_equal(ambs_capture_init(&c, 0, 100, &err), AMBS_OK);
    assert_null(ambs_capture_last_line(&c, &length));
    ambs_capture_add(&c, "\n \n", 3);
    assert_null(ambs_capture_last_line(&c, &length));
    for (int i = 0; i < 100000; i++) {
        char line[32];
        ambs_capture_add(&c, line, (size_t)sprintf(line, " line %d \n", i));
    }
    ambs_capture_add(&c, " \n\n", 3);
    const char *line = ambs_capture_last_line(&c, &length);
    assert_int_equal(length, strlen("line 99999"));
    assert_memory_equal(line, "line 99999", length);
    ambs_capture_fini(&c);
}

/* The text of what was printed, put together from its parts, which are cut after `size` bytes. */
static const char *kept(const char *printed, size_t head, size_t tail, size_t size)
{
    static char text[4096];
    ambs_capture c;
    ambs_error err;
    ambs_kept_output o;
    assert_int_equal(ambs_capture_init(&c, head, tail, &err), AMBS_OK);
    for (const char *p = printed; *p; p++) ambs_capture_add(&c, p, 1);
    ambs_capture_text(&c, head, tail, &o);
    assert_int_equal(o.printed, strlen(printed));
    text[0] = '\0';
    char part[64];
    while (ambs_kept_output_next(&o, part, size)) {
        assert_true(strlen(part) > 0 && ambs_utf8_valid(part, strlen(part), NULL));
        strcat(text, part);
    }
    free(o.text);
    ambs_capture_fini(&c);
    return text;
}

static void a_capture_keeps_begin_and_end(void **state)
{
    (void)state;
    assert_string_equal(kept("", 10, 10, 64), "");
    assert_string_equal(kept("abcdefgh", 0, 0, 64), "");
    assert_string_equal(kept("abcdefgh", 4, 4, 64), "abcdefgh");
    assert_string_equal(kept("abcdefgh", 100, 100, 3), "abcdefgh");
    assert_string_equal(kept("abcdefgh", 6, 6, 4), "abcdefgh");
    assert_string_equal(kept("abcdefghij", 2, 3, 64), "ab\n[5 bytes are left out]\nhij");
    assert_string_equal(kept("abcdefghij", 0, 3, 64), "[7 bytes are left out]\nhij");
    assert_string_equal(kept("abcdefghij", 3, 0, 64), "abc\n[7 bytes are left out]\n");
    assert_string_equal(kept("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z", 64, 64, 5),
                        "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80z");
    assert_string_equal(kept("1\r2\t\x1b[31m\xff\xc3", 64, 64, 64), "1\n2\t?[31m??");
}

static void rules_around_a_message_are_no_message(void **state)
{
    (void)state;
    ambs_capture c = {0};
    ambs_error err;
    size_t length;
    static const char text[] = "one\n----\nWe suggest two.\n-------\n  \n***\n",
                      rules[] = "--\n--\n";
    assert_int_equal(ambs_capture_init(&c, 0, 0, &err), AMBS_OK);
    ambs_capture_add(&c, text, sizeof text - 1);
    const char *line = ambs_capture_last_words(&c, &length);
    assert_int_equal(length, strlen("We suggest two."));
    assert_memory_equal(line, "We suggest two.", length);
    assert_memory_equal(ambs_capture_last_line(&c, &length), "***", 3);
    ambs_capture_clear(&c);
    ambs_capture_add(&c, rules, sizeof rules - 1);
    assert_null(ambs_capture_last_words(&c, &length));
    ambs_capture_fini(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_result_is_none),
        cmocka_unit_test(a_number_is_read_as_it_is_written),
        cmocka_unit_test(values_that_are_none_are_told_apart),
        cmocka_unit_test(a_capture_keeps_the_last_lines),
        cmocka_unit_test(a_capture_keeps_begin_and_end),
        cmocka_unit_test(an_object_gives_metrics_too),
        cmocka_unit_test(an_object_without_the_number_is_refused),
        cmocka_unit_test(many_metrics_are_cut),
        cmocka_unit_test(damaged_results_do_no_harm),
        cmocka_unit_test(rules_around_a_message_are_no_message),
        cmocka_unit_test(a_report_is_read),
    };
    size_t n = AMBS_HAVE_JANSSON ? sizeof tests / sizeof *tests : 4; /* the last five read JSON */
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return _cmocka_run_group_tests("result", tests, n, NULL, NULL);
}
