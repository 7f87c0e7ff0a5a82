/* SPDX-License-Identifier: MIT */
/* The journal: the truth of a study. Beside STUDY.h5 lies the folder STUDY.h5.journal with one
 * segment per manager life, opened with O_EXCL and only appended to.
 *
 * Writing: the loop appends records to a buffer and posts them; a thread writes them, and what
 * depends on them leaves the process when ambs_journal_written() says so; a second thread makes them
 * durable in group commits (fdatasync). The loop itself never touches the file system, which may
 * not answer for minutes.
 * Reading: every segment in order of its epoch; a torn tail is cut at the last good record. */
#ifndef AMBS_STUDY_JOURNAL_H
#define AMBS_STUDY_JOURNAL_H

#include "base/log.h"
#include "study/record.h"

typedef struct ambs_journal ambs_journal;

/* --- writing (rank 0's loop thread) -------------------------------------------------------------
 */

/* Opens a new segment beside `study_path` with the LIFE record `life` (epoch and continues as the
 * reader found them) and starts the threads. `next_sequence`: of the LIFE record. AMBS_E_BUSY
 * when the segment exists already. The folder is made when missing and fsynced. */
int ambs_journal_create(const char *study_path, const ambs_record_life *life,
                        uint64_t next_sequence, ambs_journal **ret_journal, ambs_error *err);
/* Commits what is written and closes. */
int ambs_journal_close(ambs_journal *journal, ambs_error *err);

/* Encodes into the buffer and gives the record its sequence number. Only memory. */
int ambs_journal_append(ambs_journal *journal, ambs_record *record, ambs_error *err);
/* Hands the buffer to the thread that write()s it. Only memory; never waits. What cannot be written
 * (disk full, folder gone) is tried again every second: nothing is lost and nothing is written
 * twice. */
int ambs_journal_post(ambs_journal *journal, ambs_error *err);
/* The sequence number up to which all is written, and up to which all is durable. Never block. */
uint64_t ambs_journal_written(const ambs_journal *journal);
uint64_t ambs_journal_durable(const ambs_journal *journal);
/* What stands in the way of writing or committing at this moment; 0: nothing that is known.
 * AMBS_E_AGAIN: the file system has not answered for a second. Never blocks. */
int ambs_journal_trouble(ambs_journal *journal, ambs_error *err);
/* Readable once more is written or durable, or there is trouble; ambs_journal_listen() makes it
 * unreadable again. For a loop that naps. */
int ambs_journal_fd(const ambs_journal *journal);
void ambs_journal_listen(ambs_journal *journal);

/* For those that may wait: posts, and returns when all is written. On an error all stays posted and
 * the call may be repeated; AMBS_E_AGAIN: the file system has not answered for a second. */
int ambs_journal_write(ambs_journal *journal, ambs_error *err);
/* Posts, and waits until all is durable, at most `timeout_s`. */
int ambs_journal_flush(ambs_journal *journal, double timeout_s, ambs_error *err);

/* --- reading (any process, also while the study runs)
 * --------------------------------------------- */

typedef struct ambs_journal_findings {
    uint32_t n_segments;
    uint32_t last_epoch;      /* the greatest segment there is, readable or not */
    uint32_t n_dimensions;    /* d of the study */
    uint64_t first_sequence;  /* of the first good record; 0: none */
    uint64_t last_sequence;   /* of the last good record that counts */
    uint64_t torn_bytes;      /* cut at the end of segments */
    uint64_t damaged_bytes;   /* skipped in the middle (verify and recover only; else an error) */
    uint64_t ignored_records; /* written by a life after its successor had begun */
    char text[512];           /* what was cut, for people; "" when nothing */
} ambs_journal_findings;

/* Makes what the segments hold now durable, from whatever process: a file derived from them must
 * not outlive them. */
int ambs_journal_sync(const char *study_path, ambs_error *err);

/* Calls `apply` (NULL: only look) for each record with a sequence above `after` in order; a
 * non-zero return ends the walk and is returned. `salvage`: skip damaged stretches instead of
 * failing. AMBS_E_NOT_FOUND when there is no journal, AMBS_E_FORMAT when it is damaged in the
 * middle, AMBS_E_MISMATCH when it is of a newer format or the segments are of different studies. */
int ambs_journal_read(const char *study_path, uint64_t after, bool salvage,
                      int (*apply)(void *ctx, const ambs_record *record, ambs_error *err),
                      void *ctx, ambs_journal_findings *ret_findings, ambs_error *err);

/* --- one manager per study
 * ------------------------------------------------------------------------ */

typedef struct ambs_lock ambs_lock;
/* Takes the study for this process. AMBS_E_BUSY with host, process and since when of the holder
 * when it lives; a stale one (its process is gone or has another start time on this host;
 * elsewhere: its counter stood still for 120 s on our own clock, `patience_s` at most) is replaced
 * and said so in `log`. */
int ambs_lock_take(const char *study_path, double patience_s, const ambs_log *log,
                   ambs_lock **ret_lock, ambs_error *err);
/* Advances the counter. AMBS_E_BUSY when another took the study meanwhile. */
int ambs_lock_touch(ambs_lock *lock, ambs_error *err);
/* Has a thread do that every 10 s until the release. */
int ambs_lock_keep(ambs_lock *lock, ambs_error *err);
/* AMBS_E_BUSY once that thread found that another took the study. Never blocks. */
int ambs_lock_trouble(ambs_lock *lock, ambs_error *err);
/* Where the file system has not answered for a second the file is left behind: it is stale as soon
 * as this process ends. */
void ambs_lock_release(ambs_lock *lock);

/* Who holds the study, without touching anything: for status. `ret_text` gets "host node3, process
 * 1234",
 * "" when nobody does. *ret_alive: its process lives on this host, or, on another host, it has
 * given a sign of life (ambs_lock_touch) within 120 s by the wall clocks. */
int ambs_lock_holder(const char *study_path, char *ret_text, size_t size, bool *ret_alive,
                     ambs_error *err);

#endif
