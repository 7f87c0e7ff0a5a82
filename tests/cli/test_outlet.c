/* SPDX-License-Identifier: MIT */
/* What is said comes out whole and in order; a reader that stalls holds up nobody. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/live.h"

static ambs_outlet *new_outlet(int *ret_ends)
{
    ambs_outlet *o;
    ambs_error err;
    assert_int_equal(pipe(ret_ends), 0);
    assert_int_equal(ambs_outlet_create(&o, &err), AMBS_OK);
    return o;
}

static bool put(ambs_outlet *o, int fd, const char *text)
{
    return ambs_outlet_put(o, fd, text, strlen(text));
}

/* All that comes from `fd` to its end; the caller frees. */
static char *read_all(int fd)
{
    size_t length = 0, size = 4 * AMBS_OUTLET_BYTES;
    char *bytes = malloc(size + 1);
    assert_non_null(bytes);
    for (ssize_t n; (n = read(fd, bytes + length, size - length)) > 0;) length += (size_t)n;
    bytes[length] = '\0';
    return bytes;
}

static void an_outlet_that_was_not_used_goes(void **state)
{
    (void)state;
    int ends[2];
    ambs_outlet *o = new_outlet(ends);
    assert_true(ambs_outlet_flush(o, 0));
    assert_int_equal(ambs_outlet_take_dropped(o), 0);
    ambs_outlet_destroy(o, 0);
    ambs_outlet_destroy(NULL, 0);
    close(ends[0]);
    close(ends[1]);
}

static void all_comes_out_in_order(void **state)
{
    (void)state;
    int ends[2];
    char line[32], expected[4096] = "";
    ambs_outlet *o = new_outlet(ends);
    for (int i = 0; i < 100; i++) {
        snprintf(line, sizeof line, "line %d\n", i);
        strcat(expected, line);
        assert_true(put(o, ends[1], line));
    }
    ambs_outlet_destroy(o, 10);
    close(ends[1]);
    char *got = read_all(ends[0]);
    assert_string_equal(got, expected);
    free(got);
    close(ends[0]);
}

/* A pipe that nobody reads: putting never waits, what does not fit is dropped whole and counted, and
 * once there is a reader all the rest comes. */
static void a_reader_that_stalls_holds_up_nobody(void **state)
{
    (void)state;
    int ends[2];
    char line[1001];
    uint64_t kept = 0, dropped = 0;
    ambs_outlet *o = new_outlet(ends);
    memset(line, 'x', sizeof line);
    line[999] = '\n';
    line[1000] = '\0';
    double began_s = ambs_clock_monotonic_s();
    for (int i = 0; i < 3000; i++) {
        if (put(o, ends[1], line))
            kept++;
        else
            dropped++;
    }
    assert_true(ambs_clock_monotonic_s() - began_s < 5);
    assert_true(kept > 1000 && dropped > 1000);
    assert_int_equal(ambs_outlet_take_dropped(o), 0);          /* there is no room to say so */
    assert_true(ambs_outlet_put_last(o, ends[1], line, 1000)); /* but for last words there is */
    kept++;
    assert_false(ambs_outlet_flush(o, 0.02));
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    size_t length = 0;
    char buffer[65536];
    for (double until_s = ambs_clock_monotonic_s() + 10;
         !ambs_outlet_flush(o, 0.001) && ambs_clock_monotonic_s() < until_s;)
        for (ssize_t n; (n = read(ends[0], buffer, sizeof buffer)) > 0;) length += (size_t)n;
    assert_int_equal(ambs_outlet_take_dropped(o), dropped);
    assert_int_equal(ambs_outlet_take_dropped(o), 0);
    ambs_outlet_destroy(o, 10);
    close(ends[1]);
    for (ssize_t n; (n = read(ends[0], buffer, sizeof buffer)) > 0;) length += (size_t)n;
    assert_int_equal(length, kept * 1000);
    close(ends[0]);
}

static void the_end_does_not_wait_for_ever(void **state)
{
    (void)state;
    int ends[2];
    static char much[100000];
    ambs_outlet *o = new_outlet(ends);
    memset(much, 'x', sizeof much);
    assert_true(ambs_outlet_put(o, ends[1], much, sizeof much)); /* a pipe takes 64 KiB */
    double began_s = ambs_clock_monotonic_s();
    ambs_outlet_destroy(o, 0.05);
    assert_true(ambs_clock_monotonic_s() - began_s < 5);
    close(ends[0]); /* lets the thread, which was left alone, end */
    ambs_outlet_destroy(o, 10);
    close(ends[1]);
}

static void a_reader_that_is_gone_ends_nothing(void **state)
{
    (void)state;
    int ends[2], other[2];
    ambs_outlet *o = new_outlet(ends);
    assert_int_equal(pipe(other), 0);
    close(ends[0]);
    assert_true(put(o, ends[1], "nobody reads this\n"));
    assert_true(put(o, other[1], "but this\n"));
    ambs_outlet_destroy(o, 10);
    close(ends[1]);
    close(other[1]);
    char *got = read_all(other[0]);
    assert_string_equal(got, "but this\n");
    free(got);
    close(other[0]);
}

/* ---- the log ---- */

/* What the plain lines say was dropped, in all: once, or more often where a slow thread made room in between. */
static int dropped_in(const char *all)
{
    int sum = 0, n;
    for (const char *at = all; (at = strstr(at, "ambs: warning: ")); at++)
        if (sscanf(at, "ambs: warning: %d lines", &n) == 1) sum += n;
    return sum;
}

/* 500 lines of 3,000 bytes while nobody reads, then a reader: the last words, which count. */
static char *last_words(ambs_live_style style, int *ret_dropped)
{
    static char line[3001];
    int ends[2], standard_error = dup(STDERR_FILENO);
    ambs_live live;
    ambs_outlet *o = new_outlet(ends);
    dup2(ends[1], STDERR_FILENO);
    memset(line, 'y', sizeof line - 1);
    ambs_live_init(&live, o, style, 0);
    for (int i = 0; i < 500; i++) ambs_live_say(&live, AMBS_LOG_INFO, line);
    char *all = malloc(2 * AMBS_OUTLET_BYTES);
    assert_non_null(all);
    size_t length = 0;
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    do
        for (ssize_t n; (n = read(ends[0], all + length, 65536)) > 0;) length += (size_t)n;
    while (!ambs_outlet_flush(o, 0.001));
    ambs_live_flush(&live, 10);
    for (ssize_t n; (n = read(ends[0], all + length, 65536)) > 0;) length += (size_t)n;
    all[length] = '\0';
    ambs_outlet_destroy(o, 10);
    dup2(standard_error, STDERR_FILENO);
    close(standard_error);
    close(ends[0]);
    close(ends[1]);
    *ret_dropped = dropped_in(all);
    all[length - 1] = '\0'; /* the last newline */
    char *last = strdup(strrchr(all, '\n') + 1);
    free(all);
    return last;
}

static void dropped_lines_are_counted_in_the_log(void **state)
{
    (void)state;
    int n = 0, dropped;
    char *last = last_words(AMBS_LIVE_LOG, &dropped), expected[160];
    assert_int_equal(sscanf(last, "ambs: warning: %d lines", &n), 1);
    assert_true(n > 0 && n <= dropped);
    assert_true(dropped > 100 && dropped < 400);
    snprintf(expected, sizeof expected,
             "ambs: warning: %d lines of this log were dropped here: nobody took them in time", n);
    assert_string_equal(last, expected);
    free(last);
    last = last_words(AMBS_LIVE_JSON, &dropped);
    assert_non_null(strstr(last, "\"level\": \"warning\", \"text\": \""));
    assert_non_null(
        strstr(last, " lines of this log were dropped here: nobody took them in time\"}"));
    free(last);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_outlet_that_was_not_used_goes),
        cmocka_unit_test(all_comes_out_in_order),
        cmocka_unit_test(a_reader_that_stalls_holds_up_nobody),
        cmocka_unit_test(the_end_does_not_wait_for_ever),
        cmocka_unit_test(a_reader_that_is_gone_ends_nothing),
        cmocka_unit_test(dropped_lines_are_counted_in_the_log),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("outlet", tests, NULL, NULL);
}
