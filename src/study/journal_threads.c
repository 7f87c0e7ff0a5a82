/* SPDX-License-Identifier: MIT */
/* The two threads that touch a segment.
 *
 * All writes go to offsets of our own (pwrite), so a write that was cut by a full disk is repeated
 * at the same place and what it left behind is overwritten. The bytes that no fdatasync has vouched
 * for stay in memory: after a failed fdatasync the kernel may have dropped the pages and called
 * them clean, and a second fdatasync would succeed without having written anything; so the
 * committer writes those bytes again first. When the segment was deleted under us it is put back as
 * a whole, since the open file still holds it. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/thread.h"
#include "study/journal_state.h"
#include "study/segment.h"

/* Where fdatasync costs nothing, no more than 1,000 wake-ups a second. */
#define LEAST_BETWEEN_COMMITS_S 1e-3
/* After a failure, and between looks whether the file is there. */
#define RETRY_S 1.0

int journal_io_error(const char *path, const char *what, ambs_error *err)
{
    int number = errno;
    const char *advice =
        number == ENOSPC || number == EDQUOT ? "; free some space, it is tried again" : "";
    return ambs_fail(err, AMBS_E_IO, "%s: %s: %s%s", path, what, strerror(number), advice);
}

int journal_write_at(int fd, const char *bytes, size_t length, off_t offset)
{
    while (length > 0) {
        ssize_t n = pwrite(fd, bytes, length, offset);
        if (n < 0 && errno == EINTR) continue;
        if (n == 0) errno = ENOSPC;
        if (n <= 0) return -1;
        bytes += n;
        offset += n;
        length -= (size_t)n;
    }
    return 0;
}

void journal_wait(ambs_journal *j, pthread_cond_t *what, double seconds)
{
    ambs_condition_wait(what, &j->lock, ambs_clock_monotonic_s() + seconds);
}

/* Something is written or durable that was not, or there is trouble: the loop need not nap on. */
static void tell_news(ambs_journal *j)
{
    const uint64_t one = 1;
    pthread_cond_broadcast(&j->done);
    ssize_t n = write(j->news, &one, sizeof one);
    (void)n; /* at worst the loop ends its nap by itself */
}

/* Around everything that may wait for the file system; the lock is released in between. */
static void leave_for_file(ambs_journal *j, journal_thread me)
{
    j->busy_since_s[me] = ambs_clock_monotonic_s();
    pthread_mutex_unlock(&j->lock);
}

static void return_from_file(ambs_journal *j, journal_thread me)
{
    pthread_mutex_lock(&j->lock);
    j->busy_since_s[me] = 0;
}

static void note_result(ambs_journal *j, journal_thread me, int rc, const ambs_error *err)
{
    bool was = j->trouble[me].code != AMBS_OK;
    j->trouble[me] = rc == AMBS_OK ? (ambs_error){0} : *err;
    if (was || rc != AMBS_OK) tell_news(j);
}

/* ---- the writer; called and left with the lock held ---- */

/* With `file` held, the lock not: the block behind those that are there. */
static int write_behind(ambs_journal *j, const journal_block *block, ambs_error *err)
{
    if (journal_write_at(j->fd, block->bytes.text, block->bytes.length, j->size) == 0)
        return AMBS_OK;
    int rc = journal_io_error(j->path, "write", err);
    int undone = ftruncate(j->fd, j->size);
    (void)undone; /* where that fails too, the next write covers the partial tail */
    return rc;
}

static int write_one(ambs_journal *j, ambs_error *err)
{
    journal_block *block = j->unwritten;
    if (j->vanished)
        return ambs_fail(err, AMBS_E_IO,
                         "%s is not there any more; put its folder back, it is looked for again",
                         j->path);
    leave_for_file(j, JOURNAL_WRITER);
    pthread_mutex_lock(&j->file);
    int rc = write_behind(j, block, err);
    return_from_file(j, JOURNAL_WRITER);
    if (rc == AMBS_OK) {
        j->size += (off_t)block->bytes.length;
        j->unwritten = block->next;
        j->n_undurable++;
        atomic_store(&j->written, block->upto);
        pthread_cond_broadcast(&j->work);
        tell_news(j);
    }
    pthread_mutex_unlock(&j->file);
    return rc;
}

static void *writer_thread(void *ctx)
{
    ambs_journal *j = ctx;
    pthread_mutex_lock(&j->lock);
    for (;;) {
        while (!j->unwritten && !j->closing) pthread_cond_wait(&j->work, &j->lock);
        if (!j->unwritten) break;
        ambs_error err = {0};
        j->hurry = false;
        int rc = write_one(j, &err);
        j->n_tries++;
        note_result(j, JOURNAL_WRITER, rc, &err);
        if (rc == AMBS_OK) continue;
        if (j->closing) break;
        double until_s = ambs_clock_monotonic_s() + RETRY_S, left_s;
        while (!j->hurry && !j->closing && (left_s = until_s - ambs_clock_monotonic_s()) > 0)
            journal_wait(j, &j->work, left_s);
    }
    j->writer_left = true;
    pthread_cond_broadcast(&j->work);
    pthread_mutex_unlock(&j->lock);
    return NULL;
}

/* ---- the committer; likewise ---- */

/* With `file` held: copies the whole segment, which has no name any more, to its old place. */
static int put_back(ambs_journal *j, ambs_error *err)
{
    char *slash = strrchr(j->path, '/');
    char *folder = ambs_strndup(j->path, (size_t)(slash - j->path), err);
    if (!folder) return AMBS_E_NOMEM;
    int made = mkdir(folder, 0777);
    free(folder);
    if (made != 0 && errno != EEXIST)
        return journal_io_error(j->path,
                                "the journal's folder was removed and can not be made again", err);
    int fd = open(j->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0)
        return journal_io_error(j->path, "the segment was removed and can not be made again", err);
    char block[65536];
    off_t at = 0;
    while (at < j->size) {
        size_t want = j->size - at < (off_t)sizeof block ? (size_t)(j->size - at) : sizeof block;
        ssize_t n = pread(j->fd, block, want, at);
        if (n <= 0 || journal_write_at(fd, block, (size_t)n, at) != 0) break;
        at += n;
    }
    if (at < j->size || fsync(fd) != 0) {
        int rc =
            journal_io_error(j->path, "the segment was removed and can not be written again", err);
        close(fd);
        unlink(j->path);
        return rc;
    }
    pthread_mutex_lock(&j->lock);
    close(j->fd);
    j->fd = fd;
    pthread_mutex_unlock(&j->lock);
    return ambs_segment_sync_folder_of(j->path, err);
}

/* Is the file we write to still the one that a reader finds? Without the lock. */
static int look_at_file(ambs_journal *j, bool *ret_vanished, ambs_error *err)
{
    struct stat mine, theirs;
    *ret_vanished = false;
    if (fstat(j->fd, &mine) != 0) return journal_io_error(j->path, "fstat", err);
    if (stat(j->path, &theirs) == 0 && mine.st_dev == theirs.st_dev && mine.st_ino == theirs.st_ino)
        return AMBS_OK;
    *ret_vanished = true;
    if (mine.st_nlink > 0)
        return ambs_fail(
            err, AMBS_E_IO,
            "%s: the segment was moved away or replaced; put it back, it is looked for again",
            j->path);
    pthread_mutex_lock(&j->file);
    int rc = put_back(j, err);
    pthread_mutex_unlock(&j->file);
    *ret_vanished = rc != AMBS_OK;
    return rc;
}

static int look_after_file(ambs_journal *j, ambs_error *err)
{
    bool vanished;
    leave_for_file(j, JOURNAL_COMMITTER);
    int rc = look_at_file(j, &vanished, err);
    return_from_file(j, JOURNAL_COMMITTER);
    j->vanished = vanished;
    return rc;
}

/* Without the lock: `n` blocks from the first, at `at`. */
static int write_again(ambs_journal *j, size_t n, off_t at, ambs_error *err)
{
    const journal_block *b = j->first; /* the committer alone takes blocks away */
    for (size_t i = 0; i < n; i++) {
        if (i > 0) b = b->next;
        if (journal_write_at(j->fd, b->bytes.text, b->bytes.length, at) != 0)
            return journal_io_error(j->path, "write", err);
        at += (off_t)b->bytes.length;
    }
    return AMBS_OK;
}

/* Without the lock: all that no fdatasync has vouched for. */
static int rewrite_undurable(ambs_journal *j, ambs_error *err)
{
    pthread_mutex_lock(&j->file); /* from here on the writer writes nothing more */
    pthread_mutex_lock(&j->lock);
    size_t n = j->n_undurable;
    off_t at = j->size;
    for (const journal_block *b = j->first; b != j->unwritten; b = b->next)
        at -= (off_t)b->bytes.length;
    pthread_mutex_unlock(&j->lock);
    int rc = write_again(j, n, at, err);
    pthread_mutex_unlock(&j->file);
    return rc;
}

static void drop_durable(ambs_journal *j, size_t n)
{
    for (; n > 0; n--, j->n_undurable--) {
        journal_block *block = j->first;
        j->first = block->next;
        if (!j->first) j->last = NULL;
        ambs_text_fini(&block->bytes);
        free(block);
    }
}

/* Without the lock. */
static int sync_file(ambs_journal *j, bool *ret_removed, ambs_error *err)
{
    struct stat st;
    if (fdatasync(j->fd) != 0 || fstat(j->fd, &st) != 0)
        return journal_io_error(j->path, "fdatasync", err);
    *ret_removed = st.st_nlink == 0; /* durable in a file that nobody can open is not durable */
    return *ret_removed ? ambs_fail(err, AMBS_E_IO, "%s: the segment was removed", j->path)
                        : AMBS_OK;
}

/* One group commit. */
static int commit(ambs_journal *j, ambs_error *err)
{
    uint64_t upto = atomic_load(&j->written);
    size_t n = j->n_undurable;
    bool again = j->suspect, removed = false;
    leave_for_file(j, JOURNAL_COMMITTER);
    int rc = again ? rewrite_undurable(j, err) : AMBS_OK;
    if (rc == AMBS_OK) rc = sync_file(j, &removed, err);
    return_from_file(j, JOURNAL_COMMITTER);
    if (removed) {
        j->vanished = true;
        return rc;
    }
    j->suspect = rc != AMBS_OK;
    if (rc != AMBS_OK) return rc;
    drop_durable(j, n);
    atomic_store(&j->durable, upto);
    tell_news(j);
    return AMBS_OK;
}

static void *committer_thread(void *ctx)
{
    ambs_journal *j = ctx;
    double looked_s = ambs_clock_monotonic_s();
    pthread_mutex_lock(&j->lock);
    while (!j->writer_left || j->n_undurable > 0) {
        ambs_error err = {0};
        int rc = AMBS_OK;
        if (j->n_undurable == 0) journal_wait(j, &j->work, RETRY_S);
        if (j->vanished || ambs_clock_monotonic_s() - looked_s > RETRY_S) {
            rc = look_after_file(j, &err);
            looked_s = ambs_clock_monotonic_s();
        }
        if (rc == AMBS_OK && j->n_undurable > 0) rc = commit(j, &err);
        note_result(j, JOURNAL_COMMITTER, rc, &err);
        if (rc != AMBS_OK) {
            if (j->closing) break;
            journal_wait(j, &j->work, RETRY_S);
        } else if (!j->closing) {
            pthread_mutex_unlock(&j->lock);
            ambs_clock_sleep_s(LEAST_BETWEEN_COMMITS_S);
            pthread_mutex_lock(&j->lock);
        }
    }
    pthread_mutex_unlock(&j->lock);
    return NULL;
}

/* ---- both ---- */

int journal_start_threads(ambs_journal *j, ambs_error *err)
{
    static void *(*const runs[JOURNAL_THREADS])(void *) = {writer_thread, committer_thread};
    int number = 0;
    for (int i = 0; i < JOURNAL_THREADS && number == 0; i++) {
        number = ambs_thread_start(&j->threads[i], runs[i], j);
        j->n_threads += number == 0;
    }
    if (number == 0) return AMBS_OK;
    j->writer_left = j->n_threads < 1; /* the committer would wait for it */
    journal_stop_threads(j);
    return ambs_fail(err, AMBS_E_IO, "the journal's threads can not start: %s", strerror(number));
}

void journal_stop_threads(ambs_journal *j)
{
    pthread_mutex_lock(&j->lock);
    j->closing = true;
    pthread_cond_broadcast(&j->work);
    pthread_mutex_unlock(&j->lock);
    for (int i = 0; i < j->n_threads; i++) pthread_join(j->threads[i], NULL);
    j->n_threads = 0;
}
