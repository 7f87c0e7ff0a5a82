/* SPDX-License-Identifier: MIT */
/* The inside of a segment that is being written, shared by journal.c (opening, closing, what the
 * loop calls) and journal_threads.c (what touches the file).
 *
 *   append ─► buffer ─post─► a block of the queue ─writer: pwrite()─► in the file, undurable
 *                                                  ─committer: fdatasync()─► durable, dropped
 *
 * Three threads: the caller's, which touches memory alone; the writer; the committer. There are two
 * for the file, since a trial may be handed out as soon as its record is written: that must not wait
 * for the fdatasync of earlier ones. A file system that does not answer holds up those two and
 * nobody else: `lock` is never held while one of them is at the file.
 *
 * `file` is held by who writes to the file or puts another in its place; taken before `lock`. */
#ifndef AMBS_STUDY_JOURNAL_STATE_H
#define AMBS_STUDY_JOURNAL_STATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "study/journal.h"

typedef enum journal_thread { JOURNAL_WRITER, JOURNAL_COMMITTER, JOURNAL_THREADS } journal_thread;

/* What one post handed over. */
typedef struct journal_block {
    struct journal_block *next;
    ambs_text bytes;
    uint64_t upto; /* the last sequence number in it */
} journal_block;

struct ambs_journal {
    char *path;
    size_t d;
    /* the caller's own */
    ambs_text buffer; /* encoded, not handed over */
    uint64_t next_sequence;
    /* read without the lock */
    _Atomic uint64_t durable, written; /* sequence numbers */
    int news;                          /* an eventfd */
    pthread_t threads[JOURNAL_THREADS];
    int n_threads;

    pthread_mutex_t file;
    int fd;     /* changed with both held */
    off_t size; /* of the whole records in the file; likewise */

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t work, done;
    /* The queue, oldest first: n_undurable blocks that are written, the last bytes of the file, then
     * those from `unwritten` (NULL: none) to `last`. */
    journal_block *first, *unwritten, *last;
    size_t n_undurable;
    bool closing, vanished, suspect; /* suspect: an fdatasync failed, write those blocks again */
    bool writer_left;
    bool hurry;                           /* someone waits: the writer tries again at once */
    double busy_since_s[JOURNAL_THREADS]; /* since when it is at the file; 0: it is not */
    ambs_error trouble[JOURNAL_THREADS];  /* code 0: its last try went well */
    uint64_t n_tries;                     /* of the writer, that ended, well or not */
};

/* Starts both. On an error those that were started are stopped. */
int journal_start_threads(ambs_journal *j, ambs_error *err);
/* They end once all is durable, or where one more try fails. */
void journal_stop_threads(ambs_journal *j);
/* With the lock held: waits for *what, at most so long. */
void journal_wait(ambs_journal *j, pthread_cond_t *what, double seconds);
/* All of `length` bytes at `offset`, or -1 with errno set. */
int journal_write_at(int fd, const char *bytes, size_t length, off_t offset);
/* The error of errno. */
int journal_io_error(const char *path, const char *what, ambs_error *err);

#endif
