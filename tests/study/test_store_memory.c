/* SPDX-License-Identifier: MIT */
/* Every allocation of the journal, the table and the study file fails in turn: an error, nothing
 * leaked, nothing left behind, and the next try works. */
#include "make_study.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../base/failing_alloc.h"
#include "study/journal.h"
#include "study/segment.h"
#include "study/store.h"

typedef struct fixture {
    char folder[64], path[128], journal[160];
    ambs_spec *spec;
    ambs_table *table;
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    make_folder(f->folder);
    snprintf(f->path, sizeof f->path, "%s/s.h5", f->folder);
    snprintf(f->journal, sizeof f->journal, "%s.journal/000001.segment", f->path);
    f->spec = make_spec();
    f->table = make_table(f->spec, 1, 12, 1);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    remove_folder(f->folder);
    ambs_table_destroy(f->table);
    ambs_spec_destroy(f->spec);
    free(f);
    return 0;
}

static int write_journal(void *ctx)
{
    fixture *f = ctx;
    ambs_record_life life = {
        .uuid = "a", .format = AMBS_JOURNAL_FORMAT, .epoch = 1, .spec_text = "x"};
    ambs_journal *journal = NULL;
    unlink(f->journal);
    int rc = ambs_journal_create(f->path, &life, 1, &journal, NULL);
    if (rc != 0) {
        assert_int_equal(access(f->journal, F_OK), -1);
        return rc;
    }
    ambs_record event = {.type = AMBS_RECORD_EVENT, .as.event = {.text = "an event"}};
    for (int i = 0; i < 20 && rc == 0; i++) rc = ambs_journal_append(journal, &event, NULL);
    if (rc == 0) rc = ambs_journal_write(journal, NULL);
    int rc_close = ambs_journal_close(journal, NULL);
    return rc != 0 ? rc : rc_close;
}

static void the_journal_survives_every_failed_allocation(void **state)
{
    assert_true(failing_alloc_each(write_journal, *state) > 5);
}

static int write_file(void *ctx)
{
    fixture *f = ctx;
    return ambs_store_write(f->path, f->table, f->spec, NULL);
}

static int read_file(void *ctx)
{
    fixture *f = ctx;
    ambs_table *table;
    ambs_spec *spec;
    int rc = ambs_store_read(f->path, &table, &spec, NULL);
    if (rc != 0) return rc;
    ambs_table_destroy(table);
    ambs_spec_destroy(spec);
    return 0;
}

static void the_file_survives_every_failed_allocation(void **state)
{
    assert_true(failing_alloc_each(write_file, *state) > 5);
    assert_true(failing_alloc_each(read_file, *state) > 20);
}

static int load(void *ctx)
{
    fixture *f = ctx;
    ambs_table *table;
    ambs_spec *spec;
    int rc = ambs_study_load(f->path, &table, &spec, NULL, NULL);
    if (rc != 0) return rc;
    ambs_table_destroy(table);
    ambs_spec_destroy(spec);
    return 0;
}

static void loading_survives_every_failed_allocation(void **state)
{
    fixture *f = *state;
    make_journal(f->path, f->spec, 1, 12, 2);
    assert_true(failing_alloc_each(load, f) > 20);
}

int main(void)
{
#define MEMORY_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        MEMORY_TEST(the_journal_survives_every_failed_allocation),
        MEMORY_TEST(the_file_survives_every_failed_allocation),
        MEMORY_TEST(loading_survives_every_failed_allocation),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("study/store_memory", tests, NULL, NULL);
}
