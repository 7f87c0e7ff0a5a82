/* SPDX-License-Identifier: MIT */
#include "make_study.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "study/compare_tables.h"
#include "study/store.h"

typedef struct fixture {
    char folder[64], path[128];
    ambs_spec *spec;
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    snprintf(f->path, sizeof f->path, "%s/s.h5", make_folder(f->folder));
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

static void assert_tables_equal(const ambs_table *a, const ambs_table *b)
{
    ambs_text text = {0};
    if (ambs_table_compare(a, b, &text) != 0) fail_msg("%s", text.text);
    ambs_text_fini(&text);
    assert_int_equal(a->sequence, b->sequence);
    assert_int_equal(a->least, b->least);
    assert_int_equal(a->greatest, b->greatest);
    assert_int_equal(a->n_waiting, b->n_waiting);
    assert_int_equal(a->n_running, b->n_running);
    assert_int_equal(a->n_failed_in_row, b->n_failed_in_row);
    for (size_t i = 0; i < a->n; i++)
        assert_int_equal(a->rows[i].last_attempt, b->rows[i].last_attempt);
}

static void round_trip(const fixture *f, size_t n, uint32_t n_lives)
{
    ambs_table *in = make_table(f->spec, n, n, n_lives), *out;
    ambs_spec *spec;
    ambs_error err = {0};
    if (ambs_store_write(f->path, in, f->spec, &err) != 0) fail_msg("%s", err.text);
    if (ambs_store_read(f->path, &out, &spec, &err) != 0) fail_msg("%s", err.text);
    assert_tables_equal(in, out);
    assert_int_equal(ambs_spec_check_resume(spec, f->spec, &err), 0);
    ambs_table_destroy(in);
    ambs_table_destroy(out);
    ambs_spec_destroy(spec);
}

static void an_empty_study_survives_the_file(void **state)
{
    round_trip(*state, 0, 1);
}

static void studies_of_every_layout_survive_the_file(void **state)
{
    static const size_t sizes[] = {1, 2, 50, 2047, 2049, 40000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        round_trip(*state, sizes[i], 1 + (uint32_t)i % 3);
}

/* What the file of such a study holds beyond that of any other. */
static void repeats_survive_the_file(void **state)
{
    fixture *f = *state;
    ambs_spec_destroy(f->spec);
    f->spec = make_repeated_spec();
    static const size_t sizes[] = {0, 1, 50, 3000};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) round_trip(f, sizes[i], 3);
    ambs_table *in = make_table(f->spec, 7, 200, 2), *out;
    ambs_spec *spec;
    ambs_error err = {0};
    assert_int_equal(ambs_store_write(f->path, in, f->spec, &err), 0);
    assert_int_equal(ambs_store_read(f->path, &out, &spec, &err), 0);
    assert_true(in->n_repeats > 100);
    assert_int_equal(in->n_evaluations, out->n_evaluations);
    assert_int_equal(in->n_results, out->n_results);
    for (size_t i = 0; i < in->n; i++) {
        assert_int_equal(in->rows[i].n_asked, out->rows[i].n_asked);
        assert_int_equal(in->rows[i].n_refused, out->rows[i].n_refused);
        assert_int_equal(in->rows[i].n_evaluations, out->rows[i].n_evaluations);
    }
    ambs_table_destroy(in);
    ambs_table_destroy(out);
    ambs_spec_destroy(spec);
}

static void the_snapshot_holds_what_the_journal_holds(void **state)
{
    fixture *f = *state;
    ambs_error err = {0};
    make_journal(f->path, f->spec, 5, 300, 3);
    char stale[160];
    snprintf(stale, sizeof stale, "%s.tmp.1", f->path);
    close(open(stale, O_CREAT | O_WRONLY, 0600));
    if (ambs_study_snapshot(f->path, &err) != 0) fail_msg("%s", err.text);
    assert_int_equal(access(stale, F_OK), -1);
    ambs_table *expected = make_table(f->spec, 5, 300, 3), *file, *loaded;
    ambs_spec *spec;
    ambs_journal_findings findings;
    assert_int_equal(ambs_store_read(f->path, &file, &spec, &err), 0);
    assert_tables_equal(expected, file);
    ambs_spec_destroy(spec);
    assert_int_equal(ambs_study_load(f->path, &loaded, &spec, &findings, &err), 0);
    assert_tables_equal(expected, loaded);
    ambs_spec_destroy(spec);
    ambs_table_destroy(expected);
    ambs_table_destroy(file);
    ambs_table_destroy(loaded);
}

static void a_study_without_file_or_journal_is_not_found(void **state)
{
    fixture *f = *state;
    ambs_table *table;
    ambs_spec *spec;
    ambs_error err;
    assert_int_equal(ambs_study_load(f->path, &table, &spec, NULL, &err), AMBS_E_NOT_FOUND);
    assert_int_equal(ambs_study_snapshot(f->path, &err), AMBS_E_NOT_FOUND);
}

static void a_file_without_a_journal_is_loaded(void **state)
{
    fixture *f = *state;
    ambs_table *in = make_table(f->spec, 1, 20, 1), *out;
    ambs_spec *spec;
    assert_int_equal(ambs_store_write(f->path, in, f->spec, NULL), 0);
    assert_int_equal(ambs_study_load(f->path, &out, &spec, NULL, NULL), 0);
    assert_tables_equal(in, out);
    ambs_table_destroy(in);
    ambs_table_destroy(out);
    ambs_spec_destroy(spec);
}

static void a_full_disk_leaves_the_old_file_whole_at_every_size(void **state)
{
    fixture *f = *state;
    signal(SIGXFSZ, SIG_IGN);
    ambs_table *small = make_table(f->spec, 1, 10, 1), *large = make_table(f->spec, 2, 3000, 1),
               *out;
    ambs_spec *spec;
    assert_int_equal(ambs_store_write(f->path, small, f->spec, NULL), 0);
    struct rlimit before;
    getrlimit(RLIMIT_FSIZE, &before);
    for (rlim_t limit = 0; limit < 600000; limit += 37777) {
        struct rlimit tight = {.rlim_cur = limit, .rlim_max = before.rlim_max};
        ambs_error err = {0};
        setrlimit(RLIMIT_FSIZE, &tight);
        int rc = ambs_store_write(f->path, large, f->spec, &err);
        setrlimit(RLIMIT_FSIZE, &before);
        if (rc == 0) break;
        assert_int_equal(rc, AMBS_E_IO);
        assert_non_null(strstr(err.text, f->path));
        if (ambs_store_read(f->path, &out, &spec, &err) != 0) fail_msg("%s", err.text);
        assert_tables_equal(small, out);
        ambs_table_destroy(out);
        ambs_spec_destroy(spec);
    }
    if (ambs_store_write(f->path, large, f->spec, NULL) != 0) fail_msg("it does not recover");
    ambs_table_destroy(small);
    ambs_table_destroy(large);
}

static void a_vanished_folder_is_a_located_error(void **state)
{
    fixture *f = *state;
    ambs_table *in = make_table(f->spec, 1, 5, 1);
    ambs_error err;
    remove_folder(f->folder);
    assert_int_equal(ambs_store_write(f->path, in, f->spec, &err), AMBS_E_IO);
    assert_non_null(strstr(err.text, f->path));
    ambs_table_destroy(in);
}

static void a_damaged_file_is_an_error_or_reads_the_same_but_never_crashes(void **state)
{
    fixture *f = *state;
    ambs_table *in = make_table(f->spec, 1, 30, 1), *out;
    ambs_spec *spec;
    assert_int_equal(ambs_store_write(f->path, in, f->spec, NULL), 0);
    struct stat st;
    stat(f->path, &st);
    ambs_random random;
    ambs_random_init(&random, 9, 0, AMBS_PURPOSE_TEST);
    int refused = 0;
    for (int i = 0; i < 150; i++) {
        int fd = open(f->path, O_RDWR);
        off_t at = (off_t)ambs_random_below(&random, (uint64_t)st.st_size);
        unsigned char was, is = (unsigned char)ambs_random_u32(&random);
        assert_int_equal(pread(fd, &was, 1, at), 1);
        assert_int_equal(pwrite(fd, &is, 1, at), 1);
        if (ambs_store_read(f->path, &out, &spec, NULL) == 0) {
            ambs_table_destroy(out);
            ambs_spec_destroy(spec);
        } else {
            refused++;
        }
        assert_int_equal(pwrite(fd, &was, 1, at), 1);
        close(fd);
    }
    assert_true(refused > 140); /* all but the few bytes that were drawn as they are */
    ambs_table_destroy(in);
}

int main(void)
{
#define STORE_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        STORE_TEST(an_empty_study_survives_the_file),
        STORE_TEST(studies_of_every_layout_survive_the_file),
        STORE_TEST(repeats_survive_the_file),
        STORE_TEST(a_study_without_file_or_journal_is_not_found),
        STORE_TEST(the_snapshot_holds_what_the_journal_holds),
        STORE_TEST(a_file_without_a_journal_is_loaded),
        STORE_TEST(a_full_disk_leaves_the_old_file_whole_at_every_size),
        STORE_TEST(a_vanished_folder_is_a_located_error),
        STORE_TEST(a_damaged_file_is_an_error_or_reads_the_same_but_never_crashes),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("study/store", tests, NULL, NULL);
}
