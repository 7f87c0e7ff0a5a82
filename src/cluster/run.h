/* SPDX-License-Identifier: MIT */
/* The whole life of a study on its ranks: what `ambs run` does once it is one rank of an MPI
 * program.
 *
 * Rank 0 takes the study (lock, resume or create), writes the first snapshot, and runs three
 * threads: the loop, which alone calls MPI, the model, and the journal's. The other ranks are
 * agents. With one rank, or with manager.slots, rank 0 holds an agent too, joined by the loop-back.
 */
#ifndef AMBS_CLUSTER_RUN_H
#define AMBS_CLUSTER_RUN_H

#include "cluster/manager.h"
#include "study/spec.h"

typedef struct ambs_run_settings {
    const char *study;  /* the study file */
    const char *output; /* STUDY.h5 */
    bool resume;
    const ambs_setting *settings;
    size_t n_settings;
    double time_s;   /* how long this run may take; NaN: as long as the batch job */
    int on_deadline; /* an ambs_on_deadline instead of the study's; -1: the study's */
    const char *const *environment; /* of the program, NULL-terminated */
    uint32_t n_slots;               /* of a single rank; 0: one per trial.cores of its cores */
    const ambs_log *log;            /* may be NULL */
    void *ctx;
    /* Rank 0, when it was asked to drain: by a person at the launcher's terminal, not by the batch
     * system? May be NULL: by the batch system. */
    bool (*interrupted)(void *ctx);
    /* Rank 0, several times a second; may be NULL. */
    void (*progress)(void *ctx, const ambs_spec *spec, const ambs_progress *progress);
    /* Rank 0, once, when the study has ended and all is durable; may be NULL. */
    void (*ended)(void *ctx, const ambs_spec *spec, const ambs_table *table, ambs_status status,
                  const char *text);
    /* Rank 0, once, on an error before or in the study. */
    void (*failed)(void *ctx, const ambs_error *err, ambs_status status);
    /* Rank 0, terminated close to the deadline, when a launcher kills its ranks within moments: true
     * where who started the launcher sees to the job's way on. May be NULL: nobody does. */
    bool (*hand_on)(void *ctx, ambs_next next);
    /* Every rank, before it may end: what was logged is to be out. May be NULL. */
    void (*flush)(void *ctx);
    /* Rank 0, last of all, with what the program will return; may be NULL. */
    void (*leaving)(void *ctx, ambs_status status);
} ambs_run_settings;

/* Starts the supervisor and MPI, runs, ends MPI. Does not return where ranks have died or the
 * status is not 0: then it ends in MPI_Abort(status), which is the only way to a launcher's exit
 * status. Collective. */
ambs_status ambs_run(const ambs_run_settings *settings);

#endif
