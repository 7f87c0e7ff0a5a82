/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "base/clock.h"
#include "base/log.h"

static void a_missing_error_struct_is_fine(void **state)
{
    (void)state;
    assert_int_equal(ambs_fail(NULL, AMBS_E_IO, "%d", 1), AMBS_E_IO);
    assert_int_equal(ambs_wrap(NULL, AMBS_E_IO, "%d", 1), AMBS_E_IO);
}

static void wrapping_puts_the_context_in_front(void **state)
{
    (void)state;
    ambs_error err;
    int rc = ambs_fail(&err, AMBS_E_NOT_FOUND, "no file %s", "x");
    rc = ambs_wrap(&err, rc, "reading trial %d", 7);
    assert_int_equal(rc, AMBS_E_NOT_FOUND);
    assert_int_equal(err.code, AMBS_E_NOT_FOUND);
    assert_string_equal(err.text, "reading trial 7: no file x");
}

static void the_old_text_may_be_an_argument_of_the_new(void **state)
{
    (void)state;
    ambs_error err;
    ambs_fail(&err, AMBS_E_IO, "disk full");
    ambs_fail(&err, AMBS_E_IO, "%s and %s", err.text, err.text);
    assert_string_equal(err.text, "disk full and disk full");
}

static void texts_too_long_are_cut_at_their_end(void **state)
{
    (void)state;
    ambs_error err;
    char longer[3 * sizeof err.text];
    memset(longer, 'a', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    ambs_fail(&err, AMBS_E_IO, "%s", longer);
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
    ambs_wrap(&err, AMBS_E_IO, "front");
    assert_int_equal(strlen(err.text), sizeof err.text - 1);
    assert_memory_equal(err.text, "front: aaaa", 11);
    ambs_wrap(&err, AMBS_E_IO, "%s", longer);
    assert_true(strlen(err.text) < sizeof err.text);
}

static void every_code_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (int a = AMBS_E_AGAIN; a <= 0; a++) {
        assert_string_not_equal(ambs_code_name(a), "unknown error");
        for (int b = AMBS_E_AGAIN; b < a; b++)
            assert_string_not_equal(ambs_code_name(a), ambs_code_name(b));
    }
    assert_string_equal(ambs_code_name(-1000), "unknown error");
}

static void keep_line(void *ctx, ambs_log_level level, const char *line)
{
    snprintf(ctx, 100, "%d %s", (int)level, line);
}

static void a_log_drops_what_is_above_its_level(void **state)
{
    (void)state;
    char line[100] = "";
    ambs_log log = {.write = keep_line, .ctx = line, .level = AMBS_LOG_INFO};
    ambs_log_line(NULL, AMBS_LOG_ERROR, "nobody hears %d", 1);
    ambs_log_line(&log, AMBS_LOG_DEBUG, "too fine");
    assert_string_equal(line, "");
    ambs_log_line(&log, AMBS_LOG_INFO, "trial %d", 3);
    assert_string_equal(line, "2 trial 3");
}

static void clocks_go_forward_and_dates_are_utc(void **state)
{
    (void)state;
    char text[32];
    double before = ambs_clock_monotonic_s();
    ambs_clock_sleep_s(0.001);
    ambs_clock_sleep_s(-1);
    ambs_clock_sleep_s(NAN);
    assert_true(ambs_clock_monotonic_s() > before);
    assert_true(ambs_clock_wall_s() > 1.6e9);
    assert_string_equal(ambs_clock_format_utc(0.5, text), "1970-01-01 00:00:00 UTC");
    assert_string_equal(ambs_clock_format_utc(1772366400, text), "2026-03-01 12:00:00 UTC");
    assert_string_equal(ambs_clock_format_utc(NAN, text), "unknown");
    assert_string_equal(ambs_clock_format_utc(INFINITY, text), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_missing_error_struct_is_fine),
        cmocka_unit_test(wrapping_puts_the_context_in_front),
        cmocka_unit_test(the_old_text_may_be_an_argument_of_the_new),
        cmocka_unit_test(texts_too_long_are_cut_at_their_end),
        cmocka_unit_test(every_code_has_a_name_of_its_own),
        cmocka_unit_test(a_log_drops_what_is_above_its_level),
        cmocka_unit_test(clocks_go_forward_and_dates_are_utc),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
