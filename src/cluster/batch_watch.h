/* SPDX-License-Identifier: MIT */
/* The deadline of this run, as the batch system and `--time` say it, and the job's way on. The
 * questions are asked by a helper process (`ambs batch`) that the supervisor starts, so that the
 * loop never waits: first at once, then every five minutes, since limits are changed while jobs
 * run. */
#ifndef AMBS_CLUSTER_BATCH_WATCH_H
#define AMBS_CLUSTER_BATCH_WATCH_H

#include "cluster/batch.h"
#include "cluster/host.h"

#define AMBS_BATCH_EVERY_S 300.0

typedef struct ambs_batch_watch {
    ambs_host *host; /* borrowed */
    ambs_batch_job job;
    const char *const *environment; /* borrowed */
    char program[4096];             /* this one */
    char variable[4200];            /* the one variable that the commands need: NAME=VALUE; "" */
    int answer;                     /* a file without a name that the helper writes to; -1: none */
    bool runs, warned;
    double began_s, due_s; /* of the last question, of the next */
    double limit_s;        /* by --time; INFINITY: none */
    double end_s;          /* by the batch system; NaN: not known; INFINITY: no limit */
} ambs_batch_watch;

/* What the environment says of the job and its end. Instants are of the monotonic clock; `time_s`:
 * how long this run may take (--time), NaN: no matter. */
int ambs_batch_watch_init(ambs_batch_watch *watch, ambs_host *host, const char *const *environment,
                          double time_s, double now_s, double wall_s, ambs_error *err);
void ambs_batch_watch_fini(ambs_batch_watch *watch);
/* Called by the loop: takes an answer, asks when it is due (not at all outside a job). What it does
 * not learn it says once. True when the deadline may be another. */
bool ambs_batch_watch_turn(ambs_batch_watch *watch, double now_s);
/* When turn() has something to do; INFINITY: never. */
double ambs_batch_watch_due_s(const ambs_batch_watch *watch);
/* The earlier of the two; INFINITY: no limit; NaN: not known. */
double ambs_batch_watch_deadline_s(const ambs_batch_watch *watch);

/* How a job goes on whose study says `action`. AMBS_E_INVALID where it cannot, with what can be
 * done instead. */
int ambs_batch_next(const ambs_batch_job *job, const char *const *environment,
                    ambs_on_deadline action, ambs_next *ret_next, ambs_error *err);
/* Does it, and waits up to half a minute. A requeued job is killed before this returns.
 * AMBS_NEXT_EXIT_STATUS needs no doing. */
int ambs_batch_watch_go_on(ambs_batch_watch *watch, ambs_next next, ambs_error *err);

#endif
