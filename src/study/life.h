/* SPDX-License-Identifier: MIT */
/* One life of a study: from taking the lock to recording the end. Whoever drives a study (the
 * manager of `ambs run`, `ambs serve`) begins and ends its life here. */
#ifndef AMBS_STUDY_LIFE_H
#define AMBS_STUDY_LIFE_H

#include "study/journal.h"
#include "study/spec.h"
#include "study/table.h"

typedef struct ambs_life {
    ambs_table *table;     /* holds every record of earlier lives and this one's LIFE */
    ambs_search *search;   /* restored to where the study was */
    ambs_journal *journal; /* NULL: nothing is saved (no path was given) */
    ambs_lock *lock;       /* NULL likewise */
    uint32_t epoch;
    char note[512]; /* what a person should know: torn bytes that were cut, "" when nothing */
} ambs_life;

/* Begins a life. `path` NULL: a study in memory alone. An existing study without `resume` is
 * refused (AMBS_E_INVALID, how to go on); `resume` without one begins it. A study that another
 * process drives is AMBS_E_BUSY, one of another spec AMBS_E_MISMATCH with the differences. On
 * success the LIFE record is durable. `spec` is borrowed by the search. */
int ambs_life_begin(const char *path, bool resume, ambs_spec *spec, uint32_t n_ranks,
                    const ambs_log *log, ambs_life *ret_life, ambs_error *err);
/* Applies a record to the table and appends it to the journal's buffer. Memory only. */
int ambs_life_record(ambs_life *life, ambs_record *record, ambs_error *err);
/* Writes the buffer; with `durable` waits for the commit. */
int ambs_life_write(ambs_life *life, bool durable, ambs_error *err);
/* Records END, commits, closes, releases the lock, frees all. The first error. */
int ambs_life_end(ambs_life *life, int exit_code, const char *text, ambs_error *err);

/* Commits, closes, releases the lock, frees all, without recording an END. */
void ambs_life_close(ambs_life *life);

/* What bit-for-bit replay depends on: version, compiler, BLAS with its kernel and threads. `buffer`
 * holds 256 bytes. */
const char *ambs_build_text(char *buffer);

#endif
