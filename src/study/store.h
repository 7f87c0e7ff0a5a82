/* SPDX-License-Identifier: MIT */
/* STUDY.h5: derived from the journal, written as a whole into a temporary file, fsynced and renamed into
 * place, never held open. share/doc/study-file.md describes every column. HDF5 is called only here. */
#ifndef AMBS_STUDY_STORE_H
#define AMBS_STUDY_STORE_H

#include "study/journal.h"
#include "study/spec.h"
#include "study/table.h"

enum { AMBS_STORE_FORMAT = 1 };

/* Writes the table to `path` (temporary file in the same folder, fsync, rename, fsync of the folder).
 * `spec` gives names, levels, goal. The old file stays whole on any error. */
int ambs_store_write(const char *path, const ambs_table *table, const ambs_spec *spec, ambs_error *err);
/* The table as the file holds it (the state up to its sequence number), and the spec recorded in it. */
int ambs_store_read(const char *path, ambs_table **ret_table, ambs_spec **ret_spec, ambs_error *err);

/* What every reading verb uses: the journal, which is the truth; the file and the rest of the journal where
 * the journal's beginning was taken away or damaged; only the file when there is no journal. Works on a
 * running study without disturbing it. AMBS_E_NOT_FOUND when there is neither. */
int ambs_study_load(const char *path, ambs_table **ret_table, ambs_spec **ret_spec,
                    ambs_journal_findings *ret_findings, ambs_error *err);
/* The snapshot: journal → STUDY.h5, in a process of its own (`ambs snapshot`): made from the journal alone, so
 * that damage to an old file is not handed on. Waits for another snapshot that is being written (AMBS_E_BUSY
 * after 120 s) and removes what killed ones left behind. The journal is durable before the file is in place. */
int ambs_study_snapshot(const char *path, ambs_error *err);

/* Resume: the table from the journal alone and the search restored to where it was. Trials that were
 * running wait for another attempt. `now` is the study as given today (checked by
 * ambs_spec_check_resume). */
int ambs_study_resume(const char *path, const ambs_spec *now, ambs_table **ret_table,
                      ambs_search **ret_search, ambs_journal_findings *ret_findings, ambs_error *err);

typedef struct ambs_replay_findings {
    uint64_t n_compared, n_different, n_within_tolerance;
    uint64_t first_different;    /* trial id; UINT64_MAX: none */
    bool same_build;             /* bit for bit is due */
    char text[512];
} ambs_replay_findings;
/* Recomputes every proposal from the operation log and compares. */
int ambs_study_replay(const char *path, ambs_replay_findings *ret_findings, ambs_error *err);

#endif
