/* SPDX-License-Identifier: MIT */
/* A segment that is being written: opening, closing, and what the loop calls, none of which but
 * ambs_journal_write() and ambs_journal_flush() ever waits. See journal_state.h for the threads. */
#include "study/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/thread.h"
#include "study/journal_state.h"
#include "study/segment.h"

/* A file system that has not answered for so long has stalled. */
#define STALLED_S 1.0

/* ---- opening and closing ---- */

static int open_segment(ambs_journal *j, const char *study_path, uint32_t epoch, ambs_error *err)
{
    char *folder = ambs_segment_folder(study_path, err);
    if (!folder) return AMBS_E_NOMEM;
    int rc = AMBS_OK;
    if (mkdir(folder, 0777) == 0)
        rc = ambs_segment_sync_folder_of(folder, err);
    else if (errno != EEXIST)
        rc = journal_io_error(folder, "the journal's folder can not be made", err);
    free(folder);
    if (rc == AMBS_OK && !(j->path = ambs_segment_path(study_path, epoch, err))) rc = AMBS_E_NOMEM;
    if (rc != AMBS_OK) return rc;
    j->fd = open(j->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (j->fd >= 0) return AMBS_OK;
    if (errno == EEXIST)
        return ambs_fail(err, AMBS_E_BUSY,
                         "%s is there already: another manager has begun this life", j->path);
    return journal_io_error(j->path, "the segment can not be made", err);
}

/* Magic and LIFE, durable before anything else is; no thread runs yet. */
static int begin_segment(ambs_journal *j, const ambs_record_life *life, ambs_error *err)
{
    ambs_record record = {.type = AMBS_RECORD_LIFE, .as.life = *life};
    ambs_text_add_bytes(&j->buffer, AMBS_SEGMENT_MAGIC, AMBS_SEGMENT_MAGIC_SIZE);
    int rc = ambs_text_check(&j->buffer, err);
    if (rc == AMBS_OK) rc = ambs_journal_append(j, &record, err);
    if (rc != AMBS_OK) return rc;
    if (journal_write_at(j->fd, j->buffer.text, j->buffer.length, 0) != 0)
        return journal_io_error(j->path, "write", err);
    if (fsync(j->fd) != 0) return journal_io_error(j->path, "fsync", err);
    j->size = (off_t)j->buffer.length;
    ambs_text_clear(&j->buffer);
    atomic_store(&j->written, record.sequence);
    atomic_store(&j->durable, record.sequence);
    return ambs_segment_sync_folder_of(j->path, err);
}

static void init_locks(ambs_journal *j)
{
    pthread_mutex_init(&j->file, NULL);
    pthread_mutex_init(&j->lock, NULL);
    ambs_condition_init(&j->work);
    ambs_condition_init(&j->done);
}

static void release(ambs_journal *j)
{
    if (j->fd >= 0) close(j->fd);
    if (j->news >= 0) close(j->news);
    pthread_cond_destroy(&j->work);
    pthread_cond_destroy(&j->done);
    pthread_mutex_destroy(&j->lock);
    pthread_mutex_destroy(&j->file);
    ambs_text_fini(&j->buffer);
    for (journal_block *b = j->first, *next; b; b = next) {
        next = b->next;
        ambs_text_fini(&b->bytes);
        free(b);
    }
    free(j->path);
    free(j);
}

static int open_news(ambs_journal *j, ambs_error *err)
{
    j->news = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    return j->news >= 0 ? AMBS_OK
                        : ambs_fail(err, AMBS_E_IO, "the journal's eventfd: %s", strerror(errno));
}

int ambs_journal_create(const char *study_path, const ambs_record_life *life,
                        uint64_t next_sequence, ambs_journal **ret_journal, ambs_error *err)
{
    ambs_journal *j = ambs_calloc(1, sizeof *j, err);
    if (!j) return AMBS_E_NOMEM;
    j->fd = j->news = -1;
    j->d = life->n_dimensions;
    j->next_sequence = next_sequence;
    atomic_init(&j->durable, next_sequence - 1);
    atomic_init(&j->written, next_sequence - 1);
    init_locks(j);
    int rc = open_news(j, err);
    if (rc == AMBS_OK) rc = open_segment(j, study_path, life->epoch, err);
    bool made = rc == AMBS_OK;
    if (rc == AMBS_OK) rc = begin_segment(j, life, err);
    if (rc == AMBS_OK) rc = journal_start_threads(j, err);
    if (rc != AMBS_OK) {
        if (made) unlink(j->path);
        release(j);
        return rc;
    }
    *ret_journal = j;
    return AMBS_OK;
}

int ambs_journal_close(ambs_journal *j, ambs_error *err)
{
    if (!j) return AMBS_OK;
    int rc = ambs_journal_post(j, err);
    journal_stop_threads(j);
    size_t left = 0;
    for (const journal_block *b = j->first; b; b = b->next) left += b->bytes.length;
    if (rc == AMBS_OK && left > 0) {
        ambs_error why = {0};
        ambs_journal_trouble(j, &why);
        rc = ambs_fail(err, AMBS_E_IO,
                       "closing the journal: %zu bytes could not be made durable: %s", left,
                       why.text);
    }
    release(j);
    return rc;
}

/* ---- the loop's side ---- */

int ambs_journal_append(ambs_journal *j, ambs_record *record, ambs_error *err)
{
    uint64_t pending = j->next_sequence - 1 - atomic_load(&j->durable);
    record->sequence = j->next_sequence;
    record->pending =
        (uint16_t)(pending < AMBS_RECORD_MAX_PENDING ? pending : AMBS_RECORD_MAX_PENDING);
    int rc = ambs_record_encode(record, j->d, &j->buffer, err);
    if (rc == AMBS_OK) j->next_sequence++;
    return rc;
}

int ambs_journal_post(ambs_journal *j, ambs_error *err)
{
    if (j->buffer.length == 0) return AMBS_OK;
    journal_block *block = ambs_calloc(1, sizeof *block, err);
    if (!block) return AMBS_E_NOMEM;
    block->bytes = j->buffer;
    block->upto = j->next_sequence - 1;
    j->buffer = (ambs_text){0};
    pthread_mutex_lock(&j->lock);
    if (j->last)
        j->last->next = block;
    else
        j->first = block;
    j->last = block;
    if (!j->unwritten) j->unwritten = block;
    pthread_cond_broadcast(&j->work);
    pthread_mutex_unlock(&j->lock);
    return AMBS_OK;
}

/* With the lock held. */
static bool has_stalled(const ambs_journal *j)
{
    double since_s = ambs_clock_monotonic_s() - STALLED_S;
    for (int i = 0; i < JOURNAL_THREADS; i++)
        if (j->busy_since_s[i] > 0 && j->busy_since_s[i] < since_s) return true;
    return false;
}

static int stalled(const ambs_journal *j, ambs_error *err)
{
    return ambs_fail(err, AMBS_E_AGAIN, "%s: the file system does not answer", j->path);
}

int ambs_journal_trouble(ambs_journal *j, ambs_error *err)
{
    pthread_mutex_lock(&j->lock);
    int rc = has_stalled(j) ? stalled(j, err) : AMBS_OK;
    for (int i = 0; i < JOURNAL_THREADS && rc == AMBS_OK; i++) {
        rc = j->trouble[i].code;
        if (rc != AMBS_OK && err) *err = j->trouble[i];
    }
    pthread_mutex_unlock(&j->lock);
    return rc;
}

int ambs_journal_write(ambs_journal *j, ambs_error *err)
{
    int rc = ambs_journal_post(j, err);
    if (rc != AMBS_OK) return rc;
    pthread_mutex_lock(&j->lock);
    j->hurry = true;
    pthread_cond_broadcast(&j->work);
    uint64_t tries = j->n_tries, upto = j->next_sequence - 1;
    while (atomic_load(&j->written) < upto && rc == AMBS_OK) {
        if (j->n_tries > tries && j->trouble[JOURNAL_WRITER].code != AMBS_OK) {
            rc = j->trouble[JOURNAL_WRITER].code;
            if (err) *err = j->trouble[JOURNAL_WRITER];
        } else if (has_stalled(j)) {
            rc = stalled(j, err);
        } else {
            journal_wait(j, &j->done, STALLED_S / 4);
        }
    }
    pthread_mutex_unlock(&j->lock);
    return rc;
}

uint64_t ambs_journal_durable(const ambs_journal *j)
{
    return atomic_load(&j->durable);
}

uint64_t ambs_journal_written(const ambs_journal *j)
{
    return atomic_load(&j->written);
}

int ambs_journal_fd(const ambs_journal *j)
{
    return j->news;
}

void ambs_journal_listen(ambs_journal *j)
{
    uint64_t count;
    ssize_t n = read(j->news, &count, sizeof count);
    (void)n; /* most often there is none */
}

int ambs_journal_flush(ambs_journal *j, double timeout_s, ambs_error *err)
{
    int rc = ambs_journal_post(j, err);
    if (rc != AMBS_OK) return rc;
    double until_s = ambs_clock_monotonic_s() + timeout_s, left_s;
    pthread_mutex_lock(&j->lock);
    j->hurry = true;
    pthread_cond_broadcast(&j->work);
    uint64_t upto = j->next_sequence - 1;
    while (atomic_load(&j->durable) < upto) {
        if ((left_s = until_s - ambs_clock_monotonic_s()) <= 0) {
            const ambs_error *why = &j->trouble[JOURNAL_WRITER];
            if (why->code == AMBS_OK) why = &j->trouble[JOURNAL_COMMITTER];
            rc = ambs_fail(err, AMBS_E_IO, "%s: not durable after %g s: %s", j->path, timeout_s,
                           why->code != AMBS_OK ? why->text : "the disk did not answer");
            break;
        }
        journal_wait(j, &j->done, left_s);
    }
    pthread_mutex_unlock(&j->lock);
    return rc;
}
