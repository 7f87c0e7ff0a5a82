/* SPDX-License-Identifier: MIT */
/* The deadline of a run: told to the manager, the log and the journal when it is learnt or moved, and
 * whether the job goes on by itself when the deadline has ended it. */
#ifndef AMBS_CLUSTER_RUN_DEADLINE_H
#define AMBS_CLUSTER_RUN_DEADLINE_H

#include "cluster/batch_watch.h"
#include "cluster/manager.h"
#include "cluster/run.h"
#include "study/life.h"

/* A TERM so near to the deadline is the batch system's, not a person's. */
#define AMBS_LAST_MINUTES_S 120.0

typedef struct ambs_run_deadline {
    ambs_batch_watch watch;
    ambs_next next; /* how the job would go on */
    double wall_s;  /* as recorded; NaN: not known */
    bool warned;    /* the batch system said that the end is near; set by the loop */
    /* borrowed */
    const ambs_log *log;
    const ambs_spec *spec;
    ambs_life *life;
} ambs_run_deadline;

/* Finds the batch job, and refuses where it cannot go on as the study says (AMBS_E_INVALID). The
 * host is borrowed, and opened by the caller before the first turn; the life begins later, but before
 * anything is told. */
int ambs_run_deadline_init(ambs_run_deadline *deadline, const ambs_run_settings *settings,
                           const ambs_spec *spec, ambs_host *host, ambs_life *life, ambs_time time,
                           ambs_error *err);
void ambs_run_deadline_fini(ambs_run_deadline *deadline);

/* Tells the manager; the log and the journal where it is another than before. */
int ambs_run_deadline_tell(ambs_run_deadline *deadline, ambs_manager *manager, ambs_time time,
                           ambs_error *err);

/* How the job goes on after this end; NOTHING where the end is not the deadline's. `at_once`: the
 * run was terminated. */
ambs_next ambs_run_deadline_choose(const ambs_run_deadline *deadline, const ambs_manager *manager,
                                   ambs_status status, bool at_once);
/* Records the job and how it will go on. */
int ambs_run_deadline_record(ambs_run_deadline *deadline, ambs_next next, ambs_error *err);
/* Does it, once all is durable. What fails is said and recorded; the study is resumed by hand then. */
void ambs_run_deadline_go_on(ambs_run_deadline *deadline, ambs_next next);

#endif
