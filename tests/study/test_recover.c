/* SPDX-License-Identifier: MIT */
/* verify, recover, merge, and the search restored from a journal. */
#include "make_study.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "study/life.h"
#include "study/segment.h"
#include "study/store.h"

typedef struct fixture {
    char folder[64], path[128], other[128], output[128];
    ambs_spec *spec;
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    make_folder(f->folder);
    snprintf(f->path, sizeof f->path, "%s/s.h5", f->folder);
    snprintf(f->other, sizeof f->other, "%s/t.h5", f->folder);
    snprintf(f->output, sizeof f->output, "%s/new.h5", f->folder);
    f->spec = make_spec();
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    remove_folder(f->folder);
    ambs_spec_destroy(f->spec);
    free(f);
    return 0;
}

static void snapshot(const char *path)
{
    ambs_error err = {0};
    if (ambs_study_snapshot(path, &err) != 0) fail_msg("%s", err.text);
}

/* Overwrites `n` bytes in the middle of a file. */
static void damage(const char *path, double where, size_t n)
{
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    fseek(file, 0, SEEK_END);
    fseek(file, (long)((double)ftell(file) * where), SEEK_SET);
    for (size_t i = 0; i < n; i++) fputc(0x5a, file);
    fclose(file);
}

static void damage_journal(const fixture *f, double where, size_t n)
{
    char *path = ambs_segment_path(f->path, 1, NULL);
    damage(path, where, n);
    free(path);
}

static uint64_t n_results(const char *path)
{
    ambs_table *table;
    ambs_spec *spec;
    ambs_error err = {0};
    if (ambs_study_load(path, &table, &spec, NULL, &err) != 0) fail_msg("%s", err.text);
    uint64_t n = table->n_complete + table->n_failed + table->n_pruned;
    ambs_table_destroy(table);
    ambs_spec_destroy(spec);
    return n;
}

static ambs_verify_findings verify(const char *path)
{
    ambs_verify_findings found;
    ambs_error err = {0};
    if (ambs_study_verify(path, &found, &err) != 0) fail_msg("%s", err.text);
    return found;
}

static void a_whole_study_has_no_problem_even_where_the_file_is_behind(void **state)
{
    fixture *f = *state;
    make_journal(f->path, f->spec, 1, 60, 2);
    assert_int_equal(verify(f->path).n_problems, 0);
    snapshot(f->path);
    ambs_verify_findings found = verify(f->path);
    assert_int_equal(found.n_problems, 0);
    assert_int_equal(found.n_trials, 60);
    assert_int_equal(found.n_behind, 0);
    ambs_life life;
    ambs_error err = {0};
    ambs_journal_findings journal;
    assert_int_equal(ambs_journal_read(f->path, UINT64_MAX, false, NULL, NULL, &journal, &err), 0);
    ambs_record_life record = {.uuid = "a study for test",
                               .format = AMBS_JOURNAL_FORMAT,
                               .epoch = 3,
                               .continues = journal.last_sequence,
                               .n_dimensions = 8,
                               .spec_file = f->spec->file,
                               .spec_text = f->spec->text};
    memset(&life, 0, sizeof life);
    assert_int_equal(
        ambs_journal_create(f->path, &record, journal.last_sequence + 1, &life.journal, &err), 0);
    assert_int_equal(ambs_journal_close(life.journal, &err), 0);
    found = verify(f->path);
    assert_int_equal(found.n_problems, 0);
    assert_int_equal(found.n_behind, 1);
}

static void damage_to_the_file_or_the_journal_is_found(void **state)
{
    fixture *f = *state;
    make_journal(f->path, f->spec, 1, 60, 2);
    snapshot(f->path);
    damage(f->path, 0.5, 1);
    ambs_verify_findings found = verify(f->path);
    assert_int_equal(found.n_problems, 1);
    assert_non_null(strstr(found.text, "checksum"));
    snapshot(f->path);
    damage_journal(f, 0.5, 3);
    assert_true(verify(f->path).n_problems > 0);
}

static void a_study_that_is_not_there_is_not_found(void **state)
{
    fixture *f = *state;
    ambs_verify_findings found;
    ambs_recover_findings recovered;
    assert_int_equal(ambs_study_verify(f->path, &found, NULL), AMBS_E_NOT_FOUND);
    assert_int_equal(ambs_study_recover(f->path, f->output, &recovered, NULL), AMBS_E_NOT_FOUND);
}

static void a_whole_journal_gives_the_file_anew(void **state)
{
    fixture *f = *state;
    make_journal(f->path, f->spec, 1, 60, 2);
    snapshot(f->path);
    damage(f->path, 0.3, 500);
    ambs_recover_findings found;
    assert_int_equal(ambs_study_recover(f->path, NULL, &found, NULL), 0);
    assert_int_equal(found.n_trials, 60);
    assert_int_equal(verify(f->path).n_problems, 0);
}

static void a_damaged_journal_needs_a_new_study_and_loses_only_what_was_damaged(void **state)
{
    fixture *f = *state;
    for (int with_file = 0; with_file < 2; with_file++)
        for (int i = 0; i < 5; i++) {
            ambs_recover_findings found;
            ambs_error err = {0};
            make_journal(f->path, f->spec, (uint64_t)i, 200, 2);
            uint64_t all = n_results(f->path);
            if (with_file) snapshot(f->path);
            damage_journal(f, 0.1 + 0.15 * i, 20);
            assert_int_equal(ambs_study_recover(f->path, NULL, &found, &err), AMBS_E_INVALID);
            if (ambs_study_recover(f->path, f->output, &found, &err) != 0) fail_msg("%s", err.text);
            assert_int_equal(found.n_results, n_results(f->output));
            assert_true(with_file ? found.n_results == all : found.n_results + 4 >= all);
            assert_int_equal(verify(f->output).n_problems, 0);
            remove_folder(f->folder);
            make_folder(f->folder);
            snprintf(f->path, sizeof f->path, "%s/s.h5", f->folder);
            snprintf(f->output, sizeof f->output, "%s/new.h5", f->folder);
        }
}

static void a_file_alone_gives_a_study_that_can_be_resumed(void **state)
{
    fixture *f = *state;
    make_journal(f->path, f->spec, 1, 60, 1);
    snapshot(f->path);
    uint64_t all = n_results(f->path);
    char *folder = ambs_segment_folder(f->path, NULL);
    remove_folder(folder);
    free(folder);
    ambs_recover_findings found;
    assert_int_equal(ambs_study_recover(f->path, f->output, &found, NULL), 0);
    assert_int_equal(found.n_results, all);
    ambs_life life;
    ambs_error err = {0};
    if (ambs_life_begin(f->output, true, f->spec, 2, NULL, &life, &err) != 0)
        fail_msg("%s", err.text);
    assert_int_equal(ambs_life_end(&life, 0, "", &err), 0);
}

static void merging_keeps_each_configuration_once_and_says_where_it_came_from(void **state)
{
    fixture *f = *state;
    make_journal(f->path, f->spec, 1, 60, 1);
    make_journal(f->other, f->spec, 2, 60, 1);
    uint64_t all = n_results(f->path) + n_results(f->other);
    const char *const paths[] = {f->path, f->other, f->path};
    ambs_merge_findings found;
    ambs_error err = {0};
    if (ambs_study_merge(paths, 3, f->output, &found, &err) != 0) fail_msg("%s", err.text);
    assert_int_equal(found.n_trials, all);
    assert_int_equal(found.n_repeated, n_results(f->path));
    assert_int_equal(verify(f->output).n_problems, 0);
    ambs_table *table;
    ambs_spec *spec;
    assert_int_equal(ambs_study_load(f->output, &table, &spec, NULL, NULL), 0);
    assert_non_null(strstr(table->rows[table->n - 1].message, " of t.h5"));
    ambs_table_destroy(table);
    ambs_spec_destroy(spec);
    assert_int_equal(ambs_study_merge(paths, 2, f->output, &found, &err), AMBS_E_INVALID);
}

/* Drives a study in two lives and holds every proposal of the second against a search that never
 * stopped. */
static void a_resumed_search_proposes_what_an_unbroken_one_does(void **state)
{
    fixture *f = *state;
    ambs_search *unbroken;
    ambs_error err = {0};
    assert_int_equal(ambs_search_create(f->spec, &unbroken, &err), 0);
    size_t d = ambs_space_dimension(f->spec->space);
    double x[RECORDS_MAX_D], y[RECORDS_MAX_D];
    for (int part = 0; part < 3; part++) {
        ambs_life life;
        if (ambs_life_begin(f->path, part > 0, f->spec, 1, NULL, &life, &err) != 0)
            fail_msg("%s", err.text);
        for (int i = 0; i < 10; i++) {
            ambs_proposal p = {.x = x}, q = {.x = y};
            assert_int_equal(ambs_search_ask(life.search, &p, &err), 0);
            assert_int_equal(ambs_search_ask(unbroken, &q, &err), 0);
            assert_int_equal(p.trial, q.trial);
            assert_memory_equal(x, y, d * sizeof *x);
            ambs_record r = {.type = AMBS_RECORD_PROPOSAL,
                             .as.proposal = {.proposal = p, .n_inputs = life.table->n_inputs}};
            assert_int_equal(ambs_life_record(&life, &r, &err), 0);
            if (i % 3 == 2) continue; /* stays in flight */
            ambs_record result = {
                .type = AMBS_RECORD_RESULT,
                .as.result = {.trial = p.trial,
                              .final = true,
                              .outcome = {.state = AMBS_TRIAL_COMPLETE, .objective = x[0] + i}}};
            assert_int_equal(ambs_life_record(&life, &result, &err), 0);
            assert_int_equal(
                ambs_search_tell(life.search, p.trial, &result.as.result.outcome, &err), 0);
            assert_int_equal(ambs_search_tell(unbroken, p.trial, &result.as.result.outcome, &err),
                             0);
        }
        assert_int_equal(ambs_life_end(&life, 3, "stopped", &err), 0);
    }
    ambs_search_destroy(unbroken);
    ambs_replay_findings replayed;
    if (ambs_study_replay(f->path, &replayed, &err) != 0) fail_msg("%s", err.text);
    assert_int_equal(replayed.n_compared, 30);
    assert_int_equal(replayed.n_different, 0);
    assert_true(replayed.same_build);
}

int main(void)
{
#define RECOVER_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        RECOVER_TEST(a_study_that_is_not_there_is_not_found),
        RECOVER_TEST(a_whole_study_has_no_problem_even_where_the_file_is_behind),
        RECOVER_TEST(damage_to_the_file_or_the_journal_is_found),
        RECOVER_TEST(a_whole_journal_gives_the_file_anew),
        RECOVER_TEST(a_damaged_journal_needs_a_new_study_and_loses_only_what_was_damaged),
        RECOVER_TEST(a_file_alone_gives_a_study_that_can_be_resumed),
        RECOVER_TEST(merging_keeps_each_configuration_once_and_says_where_it_came_from),
        RECOVER_TEST(a_resumed_search_proposes_what_an_unbroken_one_does),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("study/recover", tests, NULL, NULL);
}
