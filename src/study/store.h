/* SPDX-License-Identifier: MIT */
/* STUDY.h5: derived from the journal, written as a whole into a temporary file, fsynced and renamed
 * into place, never held open. share/doc/study-file.md describes every column. HDF5 is called only
 * here. */
#ifndef AMBS_STUDY_STORE_H
#define AMBS_STUDY_STORE_H

#include "study/journal.h"
#include "study/spec.h"
#include "study/table.h"

enum { AMBS_STORE_FORMAT = 1 };

/* Writes the table to `path` (temporary file in the same folder, fsync, rename, fsync of the
 * folder). `spec` gives names, levels, goal. The old file stays whole on any error. */
int ambs_store_write(const char *path, const ambs_table *table, const ambs_spec *spec,
                     ambs_error *err);
/* The table as the file holds it (the state up to its sequence number), and the spec recorded in
 * it. */
int ambs_store_read(const char *path, ambs_table **ret_table, ambs_spec **ret_spec,
                    ambs_error *err);

/* What every reading verb uses: the journal, which is the truth; the file and the rest of the
 * journal where the journal's beginning was taken away or damaged; only the file when there is no
 * journal. Works on a running study without disturbing it. AMBS_E_NOT_FOUND when there is neither.
 */
int ambs_study_load(const char *path, ambs_table **ret_table, ambs_spec **ret_spec,
                    ambs_journal_findings *ret_findings, ambs_error *err);
/* The snapshot: journal → STUDY.h5, in a process of its own (`ambs snapshot`): made from the
 * journal alone, so that damage to an old file is not handed on. Waits for another snapshot that is
 * being written (AMBS_E_BUSY after 120 s) and removes what killed ones left behind. The journal is
 * durable before the file is in place. */
int ambs_study_snapshot(const char *path, ambs_error *err);

/* Resume: the table from the journal alone and the search restored to where it was. Trials that
 * were running wait for another attempt. `now` is the study as given today (checked by
 * ambs_spec_check_resume), and gets what the recorded one took from earlier studies. */
int ambs_study_resume(const char *path, ambs_spec *now, ambs_table **ret_table,
                      ambs_search **ret_search, ambs_journal_findings *ret_findings,
                      ambs_error *err);

typedef struct ambs_replay_findings {
    uint64_t n_compared, n_different, n_within_tolerance;
    uint64_t first_different; /* trial id; UINT64_MAX: none */
    bool same_build;          /* bit for bit is due */
    char text[512];
} ambs_replay_findings;
/* Recomputes every proposal from the operation log and compares. */
int ambs_study_replay(const char *path, ambs_replay_findings *ret_findings, ambs_error *err);

typedef struct ambs_verify_findings {
    uint64_t n_records; /* of the journal */
    uint64_t n_trials;
    uint64_t n_behind;   /* records that the file does not hold yet: no fault */
    uint64_t n_problems; /* 0: all is well */
    char text[4096];     /* the problems and notes, one line each */
} ambs_verify_findings;
/* Checks the journal (frames, checksums, order, state machine), the file (checksum, structure), the
 * file against the journal row by row, and every configuration against the space. Problems are
 * findings, not errors; an error is AMBS_E_NOT_FOUND (no such study) or AMBS_E_NOMEM. */
int ambs_study_verify(const char *path, ambs_verify_findings *ret_findings, ambs_error *err);

typedef struct ambs_recover_findings {
    const char *path;  /* of what was made: the study's own or `output`, borrowed */
    uint64_t n_trials; /* in what was made */
    uint64_t n_results;
    uint64_t n_dropped; /* records that could not be used */
    char text[4096];    /* what was done and what was lost, one line each */
} ambs_recover_findings;
/* Makes STUDY.h5 anew from a whole journal; `output` is not written then and may be NULL. Where the journal
 * is damaged or missing, `output` must name a new study: the results that journal and file still hold are written there,
 * as a study that can be resumed; their ids count anew, and each trial's message says which it was.
 * The damaged study is left as it is. AMBS_E_INVALID when `output` is due or is there already;
 * AMBS_E_NOT_FOUND when nothing can be read. */
int ambs_study_recover(const char *path, const char *output, ambs_recover_findings *ret_findings,
                       ambs_error *err);

typedef struct ambs_merge_findings {
    uint64_t n_trials;     /* in the new study */
    uint64_t n_repeated;   /* left out: their configuration had come before */
    uint64_t n_unfinished; /* left out: waiting, running, cancelled */
} ambs_merge_findings;
/* Joins the results of `n` studies over the same space into a new study at `output`, with the spec
 * of the first; ids count anew, and each trial's message says where it comes from. AMBS_E_MISMATCH
 * when space, metric or goal differ; AMBS_E_INVALID when output is there already. */
int ambs_study_merge(const char *const *paths, size_t n, const char *output,
                     ambs_merge_findings *ret_findings, ambs_error *err);

#endif
