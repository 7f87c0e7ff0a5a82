/* SPDX-License-Identifier: MIT */
/* The manager: rank 0's part of a study as a pure state machine. No clock, file, MPI or thread is
 * in it: the time is an argument, and transport, journal and model are handed in. So `ambs run` and
 * the tests run the same code, and a simulation can run it over a virtual clock.
 *
 * A trial's way: the model makes a proposal ─ PROPOSAL ─► ready queue ─ START ─► slot ─ RESULT ─►
 * told to the model ─ durable ─► ACK. Every change is one record. What a record allows to happen
 * outside (START) leaves the manager only when the record is written; a result is acknowledged when
 * it is durable.
 *
 * A worker's way:
 *   unknown ─HELLO─► joined ─silent─► suspect ─any sign of life─► RESET ─HELLO─► joined
 *                      └────BYE─► left        └──────proof──────► lost (final)
 * Where ranks compute together (group_ranks), a lost one takes its group along.
 * Attempts of a suspect, lost or leaving worker are issued again before anything new. A result is
 * taken once, whoever brings it first; whatever else runs for that trial is cancelled.
 *
 * The study's way: running ─► draining (nothing is handed out; attempts end within the grace) ─►
 * done. Towards a deadline (manager_deadline.c) it drains by itself, in time to save everything.
 *
 * Cost: O(1) per message and per trial, O(slots of the worker) when a worker comes or goes. Nothing
 * walks over all slots or all trials after ambs_manager_create(). */
#ifndef AMBS_CLUSTER_MANAGER_H
#define AMBS_CLUSTER_MANAGER_H

#include "base/log.h"
#include "cluster/layout.h"
#include "cluster/proposer.h"
#include "cluster/status.h"
#include "study/spec.h"
#include "study/table.h"

/* How frames leave. Copied before the call returns; never blocks. */
typedef struct ambs_manager_link {
    void *ctx;
    int (*send)(void *ctx, uint32_t rank, const void *frames, size_t length, ambs_error *err);
    /* It is dead or has left: drop what waits for it; may be NULL. */
    void (*forget)(void *ctx, uint32_t rank);
} ambs_manager_link;

/* Where records go. */
typedef struct ambs_manager_sink {
    void *ctx;
    /* Applies the record to the trial table, gives it its sequence number and buffers it. */
    int (*record)(void *ctx, ambs_record *record, ambs_error *err);
    /* Hands over what is buffered to be written; never waits. A failure (what was handed over
     * cannot be written now, or nobody knows) pauses the study; the call is repeated, with nothing
     * new, until it succeeds. */
    int (*write)(void *ctx, ambs_error *err);
    uint64_t (*written)(void *ctx); /* the sequence number up to which all is written */
    uint64_t (*durable)(void *ctx); /* … up to which all is durable */
} ambs_manager_sink;

typedef struct ambs_manager_config {
    const ambs_spec *spec;
    const ambs_table *table; /* with this life's LIFE record; changed only by the sink */
    uint32_t epoch, n_ranks; /* ranks 0 … n_ranks-1 may say HELLO */
    uint32_t n_expected;     /* how many of them will, by all that is known */
    uint32_t group_ranks;    /* trials run in the workers' own ranks, this many together, the first
                                of which speaks for the others; 0: in processes of their own */
    ambs_layout *layout;     /* divides the hosts; NULL: workers have the slots they say */
    const ambs_share *own_shares; /* of rank 0, as many as its HELLO says; NULL: not known */
    double time_used_s;           /* by earlier lives */
    ambs_manager_link link;
    ambs_manager_sink sink;
    ambs_proposer_port model;
    const ambs_log *log; /* may be NULL */
} ambs_manager_config;

/* What time it is: the monotonic clock decides, the wall clock is for records. */
typedef struct ambs_time {
    double now_s, wall_s;
} ambs_time;

typedef struct ambs_manager ambs_manager;

/* Everything in *config is borrowed. Trials that wait (after a resume) go first. */
int ambs_manager_create(const ambs_manager_config *config, ambs_time time,
                        ambs_manager **ret_manager, ambs_error *err);
void ambs_manager_destroy(ambs_manager *manager);

/* A packet from a rank. A damaged one is dropped and logged; an error is fatal (out of memory). */
int ambs_manager_receive(ambs_manager *manager, uint32_t rank, const void *packet, size_t length,
                         ambs_time time, ambs_error *err);
/* Takes what the model made, hands out, writes, sends, acknowledges, looks at the time. Call it
 * after packets and at ambs_manager_due_s() at the latest. An error is fatal. *ret_active (may be
 * NULL): something was done. */
int ambs_manager_turn(ambs_manager *manager, ambs_time time, bool *ret_active, ambs_error *err);
/* When turn() must be called even if nothing happens. */
double ambs_manager_due_s(const ambs_manager *manager);

/* The rank is dead for certain. */
int ambs_manager_dead(ambs_manager *manager, uint32_t rank, ambs_time time, ambs_error *err);
/* Ends the study early: hands out nothing more, gives running attempts the study's grace, or none
 * (`at_once`). A call while draining can only hasten. `text` says why, for people. */
int ambs_manager_drain(ambs_manager *manager, ambs_status status, bool at_once, const char *text,
                       ambs_time time, ambs_error *err);
/* When the allocation ends, by the clock of ambs_time.now_s; INFINITY: never, or nobody knows. May
 * be called at any time, and again whenever the limit changes: it counts from then on. What cannot
 * end before it is not started; in time for the running attempts to save their state and for
 * everything to be written, the study drains and ends as AMBS_STATUS_STOPPED. Attempts that are cut
 * end as `deadline` and are issued again in the next life. */
void ambs_manager_deadline(ambs_manager *manager, double deadline_s, ambs_time time);
/* Whether the study drains or has ended because of that: the next life may go on with it. */
bool ambs_manager_was_cut(const ambs_manager *manager);
/* How long it takes to save everything once the last attempt has ended; 5 s until it is said. */
void ambs_manager_saving(ambs_manager *manager, double saving_s);
/* The batch system says, by a signal, that the end is near: drains as at a deadline. `at_once`:
 * there are only seconds. */
int ambs_manager_notice(ambs_manager *manager, bool at_once, const char *text, ambs_time time,
                        ambs_error *err);
/* True when nothing runs and nothing will: all agents were told to leave. ret_text is the
 * manager's. */
bool ambs_manager_is_done(const ambs_manager *manager, ambs_status *ret_status,
                          const char **ret_text);

typedef struct ambs_progress {
    double elapsed_s, left_s; /* left: estimated from the budget; NaN: unknown */
    uint64_t n_done, n_complete, n_pruned, n_failed, n_running, n_waiting;
    uint64_t budget;     /* trials, or evaluations as n_done is; 0: no limit */
    uint64_t best_trial; /* UINT64_MAX: none */
    double best;         /* user's direction */
    double best_s;       /* when it came, elapsed_s of that moment; NaN: in an earlier life */
    double rate_per_s;   /* trials ended in this life per second */
    double utilisation;  /* share of the slots' time in which they held an attempt */
    uint32_t n_slots, n_busy, n_workers, n_suspect, n_lost;
    uint32_t buffer; /* ready proposals aimed at */
    bool draining;
    const char *trouble; /* why nothing is handed out, "" when all is well; the manager's */
} ambs_progress;
void ambs_manager_progress(const ambs_manager *manager, ambs_time time,
                           ambs_progress *ret_progress);

/* The process that a joined worker said it is, and in which table of processes
 * (ambs_process_space); false when the rank has not joined or is gone. */
bool ambs_manager_process(const ambs_manager *manager, uint32_t rank, uint64_t *ret_pid,
                          uint64_t *ret_space);

#endif
