/* SPDX-License-Identifier: MIT */
/* What a study takes over from earlier ones: read once, kept in its record. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/recorder.h"
#include "failing_alloc.h"
#include "records.h"
#include "space/space.h"
#include "study/life.h"

static char folder[64], old_path[96], file[96];

static int set_up(void **state)
{
    (void)state;
    make_folder(folder);
    snprintf(old_path, sizeof old_path, "%s/old.h5", folder);
    snprintf(file, sizeof file, "%s/s.yaml", folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    remove_folder(folder);
    return 0;
}

static int parse_into(const char *text, ambs_spec **ret, ambs_error *err)
{
    return ambs_spec_parse(text, strlen(text), file, NULL, 0, ret, err);
}

static ambs_spec *parse(const char *text)
{
    ambs_spec *spec;
    ambs_error err = {0};
    if (parse_into(text, &spec, &err) != AMBS_OK) fail_msg("%s", err.text);
    return spec;
}

/* An old study of `n` trials, words[i] with the value y[i]; NaN: failed. */
static void make_old(const char *text, size_t n, const char *const *words, const double *y)
{
    ambs_error err = {0};
    ambs_recorder *recorder;
    ambs_search *search;
    ambs_spec *spec = parse(text);
    double x[8];
    if (ambs_recorder_open(old_path, false, spec, &recorder, &search, &err) != AMBS_OK)
        fail_msg("%s", err.text);
    for (size_t i = 0; i < n; i++) {
        char copy[200], *rest = copy, *word;
        const char *list[8];
        size_t m = 0;
        uint64_t id;
        snprintf(copy, sizeof copy, "%s", words[i]);
        while ((word = strsep(&rest, " "))) list[m++] = word;
        ambs_outcome o = {.state = isnan(y[i]) ? AMBS_TRIAL_FAILED : AMBS_TRIAL_COMPLETE,
                          .objective = y[i]};
        if (ambs_space_read_words(spec->space, m, list, x, &err) != AMBS_OK ||
            ambs_search_tell_own(search, x, &o, &id, &err) != AMBS_OK ||
            ambs_recorder_own(recorder, id, x, &o, &err) != AMBS_OK)
            fail_msg("%s", err.text);
    }
    assert_int_equal(ambs_recorder_close(recorder, &err), AMBS_OK);
    ambs_spec_destroy(spec);
}

static const char *const old_text = "metric: {name: score, goal: maximize}\n"
                                    "parameters:\n"
                                    "  rate: {min: 1e-4, max: 1.0, scale: log}\n"
                                    "  kind: {values: [sgd, adam, old]}\n"
                                    "  gone: {min: 0, max: 9}\n";

static void make_usual(void)
{
    static const char *const words[] = {"rate=0.01 kind=sgd gone=1", "rate=0.02 kind=adam",
                                        "rate=0.03 kind=old",        "rate=0.9 kind=sgd",
                                        "rate=0.04 kind=adam",       "rate=0.05 kind=adam",
                                        "rate=0.01 kind=sgd gone=2"};
    static const double y[] = {3, 5, 9, 8, NAN, 5, 4};
    make_old(old_text, 7, words, y);
}

static const char *const new_text = "parameters:\n"
                                    "  kind: {values: [adam, sgd, rms]}\n"
                                    "  rate: {min: 1e-3, max: 0.1, scale: log}\n"
                                    "  depth: {min: 1, max: 5, default: 2}\n"
                                    "warm_start: {study: old.h5, weight: 0.5, points: 1}\n";

static void check_taken(const ambs_spec *s)
{
    const ambs_warm_source *o = &s->warm.sources[0];
    /* two of 5, then the better twin of sgd 0.01; the best two are of no use here */
    static const double x[] = {0, 0.02, 2, 0, 0.05, 2, 1, 0.01, 2};
    static const double rank[] = {1. / 6, 1. / 6, 2. / 3};
    assert_int_equal(s->warm.n, 1);
    assert_string_equal(o->path, "old.h5");
    assert_true(o->weight == 0.5);
    assert_int_equal(o->n, 3);
    for (size_t i = 0; i < 9; i++) assert_true(o->x[i] == x[i]);
    for (size_t i = 0; i < 3; i++) assert_true(fabs(o->rank[i] - rank[i]) < 1e-15);
    assert_int_equal(s->warm.n_points, 1);
    assert_memory_equal(s->warm.points, x, 3 * sizeof *x);
}

static void what_fits_is_taken_with_its_rank(void **state)
{
    (void)state;
    make_usual();
    ambs_spec *s = parse(new_text);
    check_taken(s);
    assert_int_equal(s->n_notes, 1);
    assert_string_equal(
        s->notes[0],
        "line 5: warm_start: old.h5: 3 of its 6 complete trials are used; outside this space: 2; "
        "left out (twins, or beyond 200): 1; not in it, so at their default: depth; not in this "
        "study: gone");
    ambs_spec_destroy(s);
}

static void the_record_needs_the_old_file_no_more(void **state)
{
    (void)state;
    char rm[256];
    make_usual();
    ambs_spec *s = parse(new_text);
    snprintf(rm, sizeof rm, "rm -r %s %s.journal", old_path, old_path);
    assert_int_equal(system(rm), 0);
    ambs_spec *again = parse(s->text);
    check_taken(again);
    assert_string_equal(again->text, s->text);
    assert_true(ambs_spec_digest(again) == ambs_spec_digest(s));
    assert_null(again->warm.missing);
    ambs_spec_destroy(again);
    ambs_error err;
    assert_int_equal(ambs_spec_parse_recorded(s->text, strlen(s->text), "s", &again, &err), 0);
    check_taken(again);
    ambs_spec_destroy(again);
    ambs_spec_destroy(s);
}

static void a_study_goes_on_without_the_old_one_but_does_not_begin(void **state)
{
    (void)state;
    char path[96], rm[256], expected[512];
    ambs_life life;
    ambs_error err = {0};
    snprintf(path, sizeof path, "%s/new.h5", folder);
    make_usual();
    ambs_spec *s = parse(new_text);
    assert_int_equal(ambs_life_begin(path, false, s, 1, NULL, &life, &err), 0);
    assert_int_equal(ambs_life_end(&life, 3, "", &err), 0);
    snprintf(rm, sizeof rm, "rm -r %s %s.journal", old_path, old_path);
    assert_int_equal(system(rm), 0);
    ambs_spec *now = parse(new_text);
    assert_int_equal(now->warm.sources[0].n, 0);
    snprintf(expected, sizeof expected,
             "%s:5:13: warm_start: old.h5: %s: there is no such study, neither the file nor its "
             "journal",
             file, old_path);
    assert_string_equal(now->warm.missing, expected);
    if (ambs_life_begin(path, true, now, 1, NULL, &life, &err) != 0) fail_msg("%s", err.text);
    check_taken(now);
    assert_null(now->warm.missing);
    assert_string_equal(now->text, s->text);
    assert_int_equal(ambs_life_end(&life, 3, "", &err), 0);
    ambs_spec_destroy(now);
    now = parse(new_text);
    snprintf(path, sizeof path, "%s/other.h5", folder);
    assert_int_equal(ambs_life_begin(path, false, now, 1, NULL, &life, &err), AMBS_E_NOT_FOUND);
    assert_string_equal(err.text, expected);
    ambs_spec_destroy(now);
    ambs_spec_destroy(s);
}

static void another_warm_start_is_another_study(void **state)
{
    (void)state;
    make_usual();
    ambs_spec *a = parse(new_text), *b = parse("parameters:\n"
                                               "  kind: {values: [adam, sgd, rms]}\n"
                                               "  rate: {min: 1e-3, max: 0.1, scale: log}\n"
                                               "  depth: {min: 1, max: 5, default: 2}\n"
                                               "warm_start: old.h5\n");
    ambs_error err = {0};
    assert_int_equal(ambs_spec_check_resume(a, b, &err), AMBS_E_MISMATCH);
    assert_string_equal(err.text,
                        "warm_start.1: old.h5, weight 0.5, 1 points in the study, old.h5, "
                        "weight auto, 3 points in the file");
    ambs_spec_destroy(a);
    ambs_spec_destroy(b);
}

static void of_many_trials_the_best_and_a_sample_are_taken(void **state)
{
    (void)state;
    enum { N = 500 };
    static char texts[N][32];
    static const char *words[N];
    static double y[N];
    for (int i = 0; i < N; i++) {
        snprintf(texts[i], sizeof texts[i], "a=%d", i);
        words[i] = texts[i];
        y[i] = (i * 7) % N;
    }
    make_old("parameters: {a: {min: 0, max: 999}}\n", N, words, y);
    ambs_spec *s = parse("parameters: {a: {min: 0.0, max: 999.0}}\nwarm_start: [old.h5]\n");
    const ambs_warm_source *o = &s->warm.sources[0];
    assert_int_equal(o->n, AMBS_WARM_ROWS);
    for (size_t i = 0; i < 100; i++) assert_true(fabs(o->rank[i] - (double)i / (N - 1)) < 1e-12);
    assert_true(o->rank[199] == 1);
    for (size_t i = 100; i < 200; i++) {
        assert_true(o->rank[i] - o->rank[i - 1] > 3.9 / (N - 1));
        assert_true(fmod(o->x[i] * 7, N) == nearbyint(o->rank[i] * (N - 1)));
    }
    assert_int_equal(s->warm.n_points, 3);
    ambs_spec_destroy(s);
}

static void expect_fault(const char *section, const char *expected)
{
    char text[512], whole[512];
    ambs_spec *spec;
    ambs_error err = {0};
    snprintf(text, sizeof text, "parameters: {rate: {min: 1.5, max: 2.0}}\nwarm_start: %s\n",
             section);
    assert_int_equal(parse_into(text, &spec, &err), AMBS_E_INVALID);
    snprintf(whole, sizeof whole, "%s:2:%s", file, expected);
    assert_string_equal(err.text, whole);
}

static void what_is_wrong_is_told(void **state)
{
    (void)state;
    make_usual();
    expect_fault("old.h5", "13: warm_start: old.h5 has no complete trial in this space: of its 7 "
                           "trials 6 are complete, 6 of them lie outside");
    expect_fault("[]", "13: warm_start: found an empty list, expected 1 to 16 studies");
    expect_fault("{weight: 1}", "13: warm_start: found no study, expected the path of one");
    expect_fault("{study: old.h5, weight: 2}",
                 "37: weight: found \"2\", expected auto or a number from 0 to 1");
    expect_fault("{study: old.h5, points: 1.5}",
                 "37: points: found 1.5, expected a whole number from 0 to 100");
    expect_fault("{study: old.h5, wait: 1}", "29: found unknown key \"wait\" in warm_start; known: "
                                             "study, weight, points");
}

static void studies_that_share_nothing_are_told(void **state)
{
    (void)state;
    ambs_spec *spec;
    ambs_error err = {0};
    char expected[256];
    make_usual();
    assert_int_equal(
        parse_into("parameters: {z: {min: 0, max: 1}}\nwarm_start: old.h5\n", &spec, &err),
        AMBS_E_INVALID);
    snprintf(expected, sizeof expected,
             "%s:2:13: warm_start: old.h5 has no parameter of this study; it has rate, kind, gone",
             file);
    assert_string_equal(err.text, expected);
}

static int read_again(void *ctx)
{
    ambs_spec *spec;
    int rc = parse_into(ctx, &spec, NULL);
    if (rc == AMBS_OK) ambs_spec_destroy(spec);
    return rc;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    make_usual();
    ambs_spec *s = parse(new_text);
    assert_true(failing_alloc_each(read_again, s->text) > 0);
    ambs_spec_destroy(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define ONE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
        ONE(what_fits_is_taken_with_its_rank),
        ONE(the_record_needs_the_old_file_no_more),
        ONE(a_study_goes_on_without_the_old_one_but_does_not_begin),
        ONE(another_warm_start_is_another_study),
        ONE(of_many_trials_the_best_and_a_sample_are_taken),
        ONE(what_is_wrong_is_told),
        ONE(studies_that_share_nothing_are_told),
        ONE(every_allocation_may_fail),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("study/warm", tests, NULL, NULL);
}
