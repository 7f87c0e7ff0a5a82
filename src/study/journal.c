/* SPDX-License-Identifier: MIT */
/* Writing a segment.
 *
 *   append ─► buffer ─write()─► file, and kept in `undurable` ─commit thread: fdatasync─► dropped,
 * durable
 *
 * All writes go to offsets of our own (pwrite), so a write that was cut by a full disk is repeated
 * at the same place and what it left behind is overwritten. The bytes that no fdatasync has vouched
 * for stay in memory: after a failed fdatasync the kernel may have dropped the pages and called
 * them clean, and a second fdatasync would succeed without having written anything; so the commit
 * thread writes those bytes again first. When the segment was deleted under us it is put back as a
 * whole, since the open file still holds it.
 *
 * Two threads: the loop (append, write, flush) and the commit thread. `lock` guards everything
 * below it; fdatasync runs without it, so that the loop never waits for the disk. */
#include "study/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "study/segment.h"

#define LEAST_BETWEEN_COMMITS_S                                                                    \
    1e-3            /* where fdatasync costs nothing, no more than 1,000 wake-ups a second */
#define RETRY_S 1.0 /* after a failed commit, and between looks whether the file is there */
/* A disk that has not answered for so long has stalled: the loop keeps away from it. */
#define STALLED_S 1.0
#define LOCK_S    0.05

struct ambs_journal {
    char *path;
    size_t d;
    /* the loop's own */
    ambs_text buffer; /* encoded, not written */
    uint64_t next_sequence;
    /* shared */
    _Atomic uint64_t durable; /* sequence numbers */
    _Atomic uint64_t written;
    pthread_t thread;
    bool has_thread;
    pthread_mutex_t lock;
    pthread_cond_t wake, committed;
    int fd;
    off_t size;                      /* of the whole records in the file */
    ambs_text undurable;             /* the last bytes of the file: written, not vouched for */
    bool closing, vanished, suspect; /* suspect: an fdatasync failed, write `undurable` again */
    double syncing_s;                /* since when an fdatasync runs; 0: none does */
    ambs_error trouble;              /* code 0: none */
};

static int io_error(const char *path, const char *what, ambs_error *err)
{
    int number = errno;
    const char *advice =
        number == ENOSPC || number == EDQUOT ? "; free some space, it is tried again" : "";
    return ambs_fail(err, AMBS_E_IO, "%s: %s: %s%s", path, what, strerror(number), advice);
}

/* All of `length` bytes at `offset`, or an error with errno set. */
static int write_at(int fd, const char *bytes, size_t length, off_t offset)
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

/* ---- the commit thread; these are called with the lock held ---- */

static void raise_trouble(ambs_journal *j, const ambs_error *err)
{
    j->trouble = *err;
    pthread_cond_broadcast(&j->committed);
}

/* Copies the whole segment, which has no name any more, to its old place. */
static int put_back(ambs_journal *j, ambs_error *err)
{
    char *slash = strrchr(j->path, '/');
    *slash = '\0';
    int made = mkdir(j->path, 0777);
    *slash = '/';
    if (made != 0 && errno != EEXIST)
        return io_error(j->path, "the journal's folder was removed and can not be made again", err);
    int fd = open(j->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0) return io_error(j->path, "the segment was removed and can not be made again", err);
    char block[65536];
    off_t at = 0;
    while (at < j->size) {
        size_t want = j->size - at < (off_t)sizeof block ? (size_t)(j->size - at) : sizeof block;
        ssize_t n = pread(j->fd, block, want, at);
        if (n <= 0 || write_at(fd, block, (size_t)n, at) != 0) break;
        at += n;
    }
    if (at < j->size || fsync(fd) != 0) {
        int rc = io_error(j->path, "the segment was removed and can not be written again", err);
        close(fd);
        unlink(j->path);
        return rc;
    }
    close(j->fd);
    j->fd = fd;
    return ambs_segment_sync_folder_of(j->path, err);
}

/* Is the file we write to still the one that a reader finds? */
static int look_after_file(ambs_journal *j, ambs_error *err)
{
    struct stat mine, theirs;
    if (fstat(j->fd, &mine) != 0) return io_error(j->path, "fstat", err);
    if (stat(j->path, &theirs) == 0 && mine.st_dev == theirs.st_dev &&
        mine.st_ino == theirs.st_ino) {
        j->vanished = false;
        return AMBS_OK;
    }
    j->vanished = true;
    if (mine.st_nlink > 0)
        return ambs_fail(
            err, AMBS_E_IO,
            "%s: the segment was moved away or replaced; put it back, it is looked for again",
            j->path);
    int rc = put_back(j, err);
    if (rc == AMBS_OK) j->vanished = false;
    return rc;
}

static int rewrite_undurable(ambs_journal *j, ambs_error *err)
{
    off_t at = j->size - (off_t)j->undurable.length;
    if (write_at(j->fd, j->undurable.text, j->undurable.length, at) != 0)
        return io_error(j->path, "write", err);
    return AMBS_OK;
}

/* One group commit. The lock is released while the disk works. */
static int commit(ambs_journal *j, ambs_error *err)
{
    int rc = j->suspect ? rewrite_undurable(j, err) : AMBS_OK;
    if (rc != AMBS_OK) return rc;
    uint64_t upto = atomic_load(&j->written);
    size_t bytes = j->undurable.length;
    int fd = j->fd;
    j->syncing_s = ambs_clock_monotonic_s();
    pthread_mutex_unlock(&j->lock);
    struct stat st;
    int failed = fdatasync(fd) != 0 || fstat(fd, &st) != 0;
    int number = errno;
    pthread_mutex_lock(&j->lock);
    j->syncing_s = 0;
    errno = number;
    if (!failed && st.st_nlink == 0) {
        j->vanished = true; /* durable in a file that nobody can open is not durable */
        return ambs_fail(err, AMBS_E_IO, "%s: the segment was removed", j->path);
    }
    if (failed) {
        j->suspect = true;
        return io_error(j->path, "fdatasync", err);
    }
    j->suspect = false;
    memmove(j->undurable.text, j->undurable.text + bytes, j->undurable.length - bytes);
    j->undurable.length -= bytes;
    atomic_store(&j->durable, upto);
    pthread_cond_broadcast(&j->committed);
    return AMBS_OK;
}

static void wait_for(ambs_journal *j, pthread_cond_t *what, double seconds)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    double t = (double)until.tv_nsec * 1e-9 + seconds;
    until.tv_sec += (time_t)t;
    until.tv_nsec = (long)((t - (double)(time_t)t) * 1e9);
    pthread_cond_timedwait(what, &j->lock, &until);
}

static void *commit_thread(void *ctx)
{
    ambs_journal *j = ctx;
    double looked_s = ambs_clock_monotonic_s();
    pthread_mutex_lock(&j->lock);
    while (!j->closing || j->undurable.length > 0) {
        ambs_error err = {0};
        int rc = AMBS_OK;
        if (j->undurable.length == 0 && !j->closing) wait_for(j, &j->wake, RETRY_S);
        if (j->vanished || ambs_clock_monotonic_s() - looked_s > RETRY_S) {
            rc = look_after_file(j, &err);
            looked_s = ambs_clock_monotonic_s();
        }
        if (rc == AMBS_OK && j->undurable.length > 0) rc = commit(j, &err);
        if (rc != AMBS_OK) {
            raise_trouble(j, &err);
            if (j->closing) break;
            wait_for(j, &j->wake, RETRY_S);
        } else if (!j->closing) {
            pthread_mutex_unlock(&j->lock);
            ambs_clock_sleep_s(LEAST_BETWEEN_COMMITS_S);
            pthread_mutex_lock(&j->lock);
        }
    }
    pthread_mutex_unlock(&j->lock);
    return NULL;
}

/* ---- opening and closing ---- */

static int open_segment(ambs_journal *j, const char *study_path, uint32_t epoch, ambs_error *err)
{
    char *folder = ambs_segment_folder(study_path, err);
    if (!folder) return AMBS_E_NOMEM;
    int rc = AMBS_OK;
    if (mkdir(folder, 0777) == 0)
        rc = ambs_segment_sync_folder_of(folder, err);
    else if (errno != EEXIST)
        rc = io_error(folder, "the journal's folder can not be made", err);
    free(folder);
    if (rc == AMBS_OK && !(j->path = ambs_segment_path(study_path, epoch, err))) rc = AMBS_E_NOMEM;
    if (rc != AMBS_OK) return rc;
    j->fd = open(j->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (j->fd >= 0) return AMBS_OK;
    if (errno == EEXIST)
        return ambs_fail(err, AMBS_E_BUSY,
                         "%s is there already: another manager has begun this life", j->path);
    return io_error(j->path, "the segment can not be made", err);
}

/* Magic and LIFE, durable before anything else is. */
static int begin_segment(ambs_journal *j, const ambs_record_life *life, ambs_error *err)
{
    ambs_record record = {.type = AMBS_RECORD_LIFE, .as.life = *life};
    ambs_text_add_bytes(&j->buffer, AMBS_SEGMENT_MAGIC, AMBS_SEGMENT_MAGIC_SIZE);
    int rc = ambs_text_check(&j->buffer, err);
    if (rc == AMBS_OK) rc = ambs_journal_append(j, &record, err);
    if (rc == AMBS_OK) rc = ambs_journal_write(j, err);
    if (rc != AMBS_OK) return rc;
    if (fsync(j->fd) != 0) return io_error(j->path, "fsync", err);
    ambs_text_clear(&j->undurable);
    atomic_store(&j->durable, atomic_load(&j->written));
    return ambs_segment_sync_folder_of(j->path, err);
}

static int start_thread(ambs_journal *j, ambs_error *err)
{
    sigset_t all, before; /* signals are for the program's own threads */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int number = pthread_create(&j->thread, NULL, commit_thread, j);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    j->has_thread = number == 0;
    return number == 0 ? AMBS_OK
                       : ambs_fail(err, AMBS_E_IO, "the journal's thread can not start: %s",
                                   strerror(number));
}

static void release(ambs_journal *j)
{
    if (j->fd >= 0) close(j->fd);
    pthread_cond_destroy(&j->wake);
    pthread_cond_destroy(&j->committed);
    pthread_mutex_destroy(&j->lock);
    ambs_text_fini(&j->buffer);
    ambs_text_fini(&j->undurable);
    free(j->path);
    free(j);
}

int ambs_journal_create(const char *study_path, const ambs_record_life *life,
                        uint64_t next_sequence, ambs_journal **ret_journal, ambs_error *err)
{
    ambs_journal *j = ambs_calloc(1, sizeof *j, err);
    if (!j) return AMBS_E_NOMEM;
    j->fd = -1;
    j->d = life->n_dimensions;
    j->next_sequence = next_sequence;
    atomic_init(&j->durable, next_sequence - 1);
    atomic_init(&j->written, next_sequence - 1);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_mutex_init(&j->lock, NULL);
    pthread_cond_init(&j->wake, &monotonic);
    pthread_cond_init(&j->committed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    int rc = open_segment(j, study_path, life->epoch, err);
    bool made = rc == AMBS_OK;
    if (rc == AMBS_OK) rc = begin_segment(j, life, err);
    if (rc == AMBS_OK) rc = start_thread(j, err);
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
    int rc = ambs_journal_write(j, err);
    pthread_mutex_lock(&j->lock);
    j->closing = true;
    pthread_cond_broadcast(&j->wake);
    pthread_mutex_unlock(&j->lock);
    if (j->has_thread) pthread_join(j->thread, NULL);
    if (rc == AMBS_OK && j->undurable.length > 0)
        rc = ambs_fail(err, AMBS_E_IO,
                       "closing the journal: %zu bytes could not be made durable: %s",
                       j->undurable.length, j->trouble.text);
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

/* With the lock held. */
static int write_buffer(ambs_journal *j, ambs_error *err)
{
    if (j->vanished) return ambs_fail(err, AMBS_E_IO, "%s is not there any more", j->path);
    int rc = ambs_reserve(&j->undurable.text, &j->undurable.capacity,
                          j->undurable.length + j->buffer.length + 1, 1, err);
    if (rc != AMBS_OK) return rc;
    if (write_at(j->fd, j->buffer.text, j->buffer.length, j->size) != 0) {
        rc = io_error(j->path, "write", err);
        int undone = ftruncate(j->fd, j->size);
        (void)undone; /* where that fails too, the next write covers the partial tail */
        return rc;
    }
    ambs_text_add_bytes(&j->undurable, j->buffer.text, j->buffer.length);
    j->size += (off_t)j->buffer.length;
    ambs_text_clear(&j->buffer);
    atomic_store(&j->written, j->next_sequence - 1);
    pthread_cond_signal(&j->wake);
    return AMBS_OK;
}

/* The commit thread holds the lock while it asks for the file, which may take for ever. */
static bool lock_soon(ambs_journal *j)
{
    struct timespec until;
    if (pthread_mutex_trylock(&j->lock) == 0) return true;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += (long)(LOCK_S * 1e9);
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    return pthread_mutex_timedlock(&j->lock, &until) == 0;
}

static int stalled(const ambs_journal *j, ambs_error *err)
{
    return ambs_fail(err, AMBS_E_AGAIN, "%s: the file system does not answer", j->path);
}

/* With the lock held. */
static bool syncs_too_long(const ambs_journal *j)
{
    return j->syncing_s > 0 && ambs_clock_monotonic_s() > j->syncing_s + STALLED_S;
}

bool ambs_journal_is_stalled(ambs_journal *j)
{
    if (!lock_soon(j)) return true;
    bool is = syncs_too_long(j);
    pthread_mutex_unlock(&j->lock);
    return is;
}

/* A write to a file whose fdatasync hangs would hang as well. */
int ambs_journal_write(ambs_journal *j, ambs_error *err)
{
    if (j->buffer.length == 0) return AMBS_OK;
    if (!lock_soon(j)) return stalled(j, err);
    bool hangs = syncs_too_long(j);
    int rc = hangs ? stalled(j, err) : write_buffer(j, err);
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

int ambs_journal_trouble(ambs_journal *j, ambs_error *err)
{
    if (!lock_soon(j)) return stalled(j, err);
    int rc = j->trouble.code;
    if (rc != AMBS_OK && err) *err = j->trouble;
    j->trouble = (ambs_error){0};
    pthread_mutex_unlock(&j->lock);
    return rc;
}

int ambs_journal_flush(ambs_journal *j, double timeout_s, ambs_error *err)
{
    double until_s = ambs_clock_monotonic_s() + timeout_s, left_s;
    int rc = AMBS_OK;
    pthread_mutex_lock(&j->lock);
    pthread_cond_signal(&j->wake);
    while (atomic_load(&j->durable) < atomic_load(&j->written)) {
        if ((left_s = until_s - ambs_clock_monotonic_s()) <= 0) {
            rc = ambs_fail(err, AMBS_E_IO, "%s: not durable after %g s: %s", j->path, timeout_s,
                           j->trouble.code != 0 ? j->trouble.text : "the disk did not answer");
            break;
        }
        wait_for(j, &j->committed, left_s);
    }
    pthread_mutex_unlock(&j->lock);
    return rc;
}
