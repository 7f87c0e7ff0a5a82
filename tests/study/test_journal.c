/* SPDX-License-Identifier: MIT */
#include "records.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "study/journal.h"
#include "study/segment.h"

enum { D = 2 };

typedef struct fixture {
    char folder[64], study[128];
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    snprintf(f->study, sizeof f->study, "%s/s.h5", make_folder(f->folder));
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    remove_folder(f->folder);
    free(f);
    return 0;
}

static ambs_record_life life_of(uint32_t epoch, uint64_t continues)
{
    return (ambs_record_life){.uuid = "0123456789abcde",
                              .format = AMBS_JOURNAL_FORMAT,
                              .epoch = epoch,
                              .continues = continues,
                              .n_dimensions = D,
                              .host = "here"};
}

static ambs_journal *begin(const fixture *f, uint32_t epoch, uint64_t continues)
{
    ambs_record_life life = life_of(epoch, continues);
    ambs_journal *journal;
    ambs_error err = {0};
    int rc = ambs_journal_create(f->study, &life, continues + 1, &journal, &err);
    if (rc != 0) fail_msg("%s", err.text);
    return journal;
}

static void add_event(ambs_journal *journal, const char *text)
{
    ambs_record record = {.type = AMBS_RECORD_EVENT, .as.event = {.text = text}};
    assert_int_equal(ambs_journal_append(journal, &record, NULL), 0);
}

/* n events, each written alone. */
static void add_events(ambs_journal *journal, int n)
{
    for (int i = 0; i < n; i++) {
        add_event(journal, "an event");
        assert_int_equal(ambs_journal_write(journal, NULL), 0);
    }
}

typedef struct seen {
    uint64_t n, last, sum;
    uint32_t lives;
} seen;

static int see(void *ctx, const ambs_record *record, ambs_error *err)
{
    (void)err;
    seen *s = ctx;
    assert_true(record->sequence > s->last);
    s->n++;
    s->last = record->sequence;
    s->sum += record->sequence;
    s->lives += record->type == AMBS_RECORD_LIFE;
    return 0;
}

static int read_all(const fixture *f, bool salvage, seen *s, ambs_journal_findings *found,
                    ambs_error *err)
{
    *s = (seen){0};
    *found = (ambs_journal_findings){0};
    return ambs_journal_read(f->study, 0, salvage, see, s, found, err);
}

static char *segment_path(const fixture *f, uint32_t epoch)
{
    return ambs_segment_path(f->study, epoch, NULL);
}

static size_t slurp(const char *path, char **ret)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    fseek(file, 0, SEEK_END);
    size_t n = (size_t)ftell(file);
    rewind(file);
    *ret = malloc(n + 1);
    assert_int_equal(fread(*ret, 1, n, file), n);
    fclose(file);
    return n;
}

static void spill(const char *path, const char *bytes, size_t n)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, n, file), n);
    fclose(file);
}

static void no_journal_is_not_found(void **state)
{
    seen s;
    ambs_journal_findings found;
    assert_int_equal(read_all(*state, false, &s, &found, NULL), AMBS_E_NOT_FOUND);
}

static void what_was_written_is_read_in_order(void **state)
{
    fixture *f = *state;
    ambs_journal *journal = begin(f, 1, 0);
    add_events(journal, 100);
    assert_int_equal(ambs_journal_flush(journal, 30, NULL), 0);
    assert_int_equal(ambs_journal_durable(journal), 101);
    assert_int_equal(ambs_journal_close(journal, NULL), 0);
    seen s;
    ambs_journal_findings found;
    assert_int_equal(read_all(f, false, &s, &found, NULL), 0);
    assert_int_equal(s.n, 101);
    assert_int_equal(found.last_sequence, 101);
    assert_int_equal(found.last_epoch, 1);
    assert_string_equal(found.text, "");
    s = (seen){0};
    assert_int_equal(ambs_journal_read(f->study, 90, false, see, &s, &found, NULL), 0);
    assert_int_equal(s.n, 11);
}

static void a_segment_that_is_there_is_refused(void **state)
{
    fixture *f = *state;
    ambs_journal *journal = begin(f, 1, 0), *other;
    ambs_record_life life = life_of(1, 0);
    ambs_error err;
    assert_int_equal(ambs_journal_create(f->study, &life, 1, &other, &err), AMBS_E_BUSY);
    ambs_journal_close(journal, NULL);
}

static void a_torn_tail_is_cut_at_every_byte(void **state)
{
    fixture *f = *state;
    ambs_journal *journal = begin(f, 1, 0);
    add_events(journal, 3);
    ambs_journal_close(journal, NULL);
    char *path = segment_path(f, 1), *bytes;
    size_t n = slurp(path, &bytes), record = 20 + 4 + 8 + 4 + strlen("an event");
    for (size_t cut = 0; cut <= n; cut++) {
        spill(path, bytes, cut);
        seen s;
        ambs_journal_findings found;
        assert_int_equal(read_all(f, false, &s, &found, NULL), 0);
        uint64_t whole = cut + 3 * record < n ? 0 : 4 - (n - cut + record - 1) / record;
        assert_int_equal(s.n, whole);
        assert_int_equal(found.torn_bytes > 0, found.text[0] != '\0');
    }
    free(bytes);
    free(path);
}

static void a_flipped_bit_is_cut_or_refused_but_never_read(void **state)
{
    fixture *f = *state;
    ambs_journal *journal = begin(f, 1, 0);
    add_events(journal, 6);
    assert_int_equal(ambs_journal_flush(journal, 30, NULL), 0);
    add_event(journal, "vouches for all before");
    ambs_journal_close(journal, NULL);
    char *path = segment_path(f, 1), *bytes;
    size_t n = slurp(path, &bytes);
    for (size_t bit = 0; bit < 8 * n; bit += 5) {
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
        spill(path, bytes, n);
        seen s;
        ambs_journal_findings found;
        ambs_error err = {0};
        int rc = read_all(f, false, &s, &found, &err);
        assert_true(rc == AMBS_E_FORMAT || (rc == 0 && s.n == 7 && found.torn_bytes > 0));
        assert_int_equal(read_all(f, true, &s, &found, &err), 0);
        assert_true(s.n == 7 || (s.n == 8 && bit < 8 * AMBS_SEGMENT_MAGIC_SIZE));
        bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
    }
    free(bytes);
    free(path);
}

static void a_hole_that_was_never_durable_is_a_torn_tail(void **state)
{
    fixture *f = *state;
    ambs_journal *journal = begin(f, 1, 0);
    for (int i = 0; i < 20; i++)
        add_event(journal, "in one write"); /* so none vouches for another */
    ambs_journal_close(journal, NULL);
    char *path = segment_path(f, 1), *bytes;
    size_t n = slurp(path, &bytes);
    memset(bytes + n - 600, 0, 100);
    spill(path, bytes, n);
    seen s;
    ambs_journal_findings found;
    assert_int_equal(read_all(f, false, &s, &found, NULL), 0);
    assert_in_range(s.n, 5, 12);
    assert_true(found.torn_bytes >= 500);
    free(bytes);
    free(path);
}

static void what_a_late_manager_wrote_is_ignored(void **state)
{
    fixture *f = *state;
    ambs_journal *first = begin(f, 1, 0);
    add_events(first, 4);
    ambs_journal *second = begin(f, 2, 5);
    add_events(second, 2);
    add_events(first, 7); /* it woke up */
    ambs_journal_close(first, NULL);
    ambs_journal_close(second, NULL);
    seen s;
    ambs_journal_findings found;
    assert_int_equal(read_all(f, false, &s, &found, NULL), 0);
    assert_int_equal(s.n, 8);
    assert_int_equal(s.lives, 2);
    assert_int_equal(found.last_sequence, 8);
    assert_int_equal(found.ignored_records, 7);
    assert_int_equal(found.n_segments, 2);
}

static void missing_records_between_lives_are_refused(void **state)
{
    fixture *f = *state;
    ambs_journal *first = begin(f, 1, 0);
    add_events(first, 4);
    ambs_journal_close(first, NULL);
    ambs_journal_close(begin(f, 2, 9), NULL);
    seen s;
    ambs_journal_findings found;
    ambs_error err;
    assert_int_equal(read_all(f, false, &s, &found, &err), AMBS_E_FORMAT);
    assert_non_null(strstr(err.text, "records 6 to 9 are missing"));
    assert_int_equal(read_all(f, true, &s, &found, &err), 0);
    assert_int_equal(s.n, 6);
}

static void a_newer_format_and_another_study_are_refused(void **state)
{
    fixture *f = *state;
    ambs_record_life life = life_of(1, 0);
    life.format = AMBS_JOURNAL_FORMAT + 1;
    ambs_journal *journal;
    assert_int_equal(ambs_journal_create(f->study, &life, 1, &journal, NULL), 0);
    ambs_journal_close(journal, NULL);
    seen s;
    ambs_journal_findings found;
    ambs_error err;
    assert_int_equal(read_all(f, false, &s, &found, &err), AMBS_E_MISMATCH);
    assert_non_null(strstr(err.text, "format 2"));
    char *path = segment_path(f, 1);
    unlink(path);
    free(path);
    ambs_journal_close(begin(f, 1, 0), NULL);
    life = life_of(2, 1);
    life.uuid[0] = 'x';
    assert_int_equal(ambs_journal_create(f->study, &life, 2, &journal, NULL), 0);
    ambs_journal_close(journal, NULL);
    assert_int_equal(read_all(f, false, &s, &found, &err), AMBS_E_MISMATCH);
}

/* RLIMIT_FSIZE stands for a full disk: a write is cut in the middle, and later there is room again.
 */
static void a_full_disk_loses_nothing_and_writes_nothing_twice(void **state)
{
    fixture *f = *state;
    signal(SIGXFSZ, SIG_IGN);
    ambs_journal *journal = begin(f, 1, 0);
    add_events(journal, 10);
    assert_int_equal(ambs_journal_flush(journal, 30, NULL), 0);
    struct rlimit before, small = {.rlim_cur = 900, .rlim_max = RLIM_INFINITY};
    getrlimit(RLIMIT_FSIZE, &before);
    small.rlim_max = before.rlim_max;
    setrlimit(RLIMIT_FSIZE, &small);
    int failed = 0;
    ambs_error err = {0};
    for (int i = 0; i < 20; i++) {
        add_event(journal, "an event");
        failed += ambs_journal_write(journal, &err) != 0;
    }
    assert_true(failed > 5);
    assert_int_equal(err.code, AMBS_E_IO);
    assert_non_null(strstr(err.text, "000001.segment"));
    seen s;
    ambs_journal_findings found;
    assert_int_equal(read_all(f, false, &s, &found, NULL), 0); /* a reader meanwhile */
    assert_int_equal(found.last_sequence, ambs_journal_written(journal));
    assert_int_equal(found.torn_bytes, 0);
    setrlimit(RLIMIT_FSIZE, &before);
    assert_int_equal(ambs_journal_write(journal, NULL), 0);
    assert_int_equal(ambs_journal_close(journal, NULL), 0);
    assert_int_equal(read_all(f, false, &s, &found, NULL), 0);
    assert_int_equal(s.n, 31);
    assert_int_equal(s.sum, 31 * 32 / 2);
}

static void a_removed_folder_is_made_again_with_all_that_was_written(void **state)
{
    fixture *f = *state;
    ambs_journal *journal = begin(f, 1, 0);
    add_events(journal, 5);
    char *folder = ambs_segment_folder(f->study, NULL);
    remove_folder(folder);
    add_event(journal, "after the loss");
    /* The loss shows as trouble from the commit that meets it to the next look, or not at all where
     * a look comes first. */
    assert_int_equal(ambs_journal_flush(journal, 30, NULL), 0);
    assert_int_equal(ambs_journal_trouble(journal, NULL), 0);
    assert_int_equal(ambs_journal_close(journal, NULL), 0);
    seen s;
    ambs_journal_findings found;
    assert_int_equal(read_all(f, false, &s, &found, NULL), 0);
    assert_int_equal(s.n, 7);
    free(folder);
}

static void a_killed_writer_leaves_every_record_that_was_written(void **state)
{
    fixture *f = *state;
    int pipe_of[2];
    assert_int_equal(pipe(pipe_of), 0);
    pid_t child = fork();
    if (child == 0) {
        ambs_journal *journal = begin(f, 1, 0);
        for (uint64_t i = 2;; i++) {
            add_event(journal, "an event");
            if (ambs_journal_write(journal, NULL) != 0 ||
                write(pipe_of[1], &i, sizeof i) != sizeof i)
                _exit(1);
        }
    }
    close(pipe_of[1]);
    uint64_t written = 0, next;
    while (written < 2000 && read(pipe_of[0], &next, sizeof next) == sizeof next) written = next;
    kill(child, SIGKILL);
    while (read(pipe_of[0], &next, sizeof next) == sizeof next) written = next;
    waitpid(child, NULL, 0);
    close(pipe_of[0]);
    seen s;
    ambs_journal_findings found;
    assert_int_equal(read_all(f, false, &s, &found, NULL), 0);
    assert_true(s.last >= written);
}

static void a_read_only_folder_is_a_located_error(void **state)
{
    fixture *f = *state;
    snprintf(f->study, sizeof f->study, "/proc/no-such-folder/s.h5");
    ambs_record_life life = life_of(1, 0);
    ambs_journal *journal;
    ambs_error err;
    assert_int_equal(ambs_journal_create(f->study, &life, 1, &journal, &err), AMBS_E_IO);
    assert_non_null(strstr(err.text, "/proc/no-such-folder/s.h5.journal"));
}

int main(void)
{
#define JOURNAL_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        JOURNAL_TEST(no_journal_is_not_found),
        JOURNAL_TEST(what_was_written_is_read_in_order),
        JOURNAL_TEST(a_segment_that_is_there_is_refused),
        JOURNAL_TEST(a_torn_tail_is_cut_at_every_byte),
        JOURNAL_TEST(a_flipped_bit_is_cut_or_refused_but_never_read),
        JOURNAL_TEST(a_hole_that_was_never_durable_is_a_torn_tail),
        JOURNAL_TEST(what_a_late_manager_wrote_is_ignored),
        JOURNAL_TEST(missing_records_between_lives_are_refused),
        JOURNAL_TEST(a_newer_format_and_another_study_are_refused),
        JOURNAL_TEST(a_full_disk_loses_nothing_and_writes_nothing_twice),
        JOURNAL_TEST(a_removed_folder_is_made_again_with_all_that_was_written),
        JOURNAL_TEST(a_killed_writer_leaves_every_record_that_was_written),
        JOURNAL_TEST(a_read_only_folder_is_a_located_error),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("study/journal", tests, NULL, NULL);
}
