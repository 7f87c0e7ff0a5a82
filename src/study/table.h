/* SPDX-License-Identifier: MIT */
/* The trial table and its state machine: a pure function of the records applied to it. No clock, no
 * file, no MPI. Columns grow together; row i is trial id i.
 *
 *   PROPOSAL, OWN ─► waiting ─START─► running ─RESULT final─► complete | pruned | failed
 *                       ▲  └─CANCEL─► cancelled   │                 │
 *                       ├────RESULT not final─────┘                 │
 *                       └───────────────REPEAT──────────────────────┘
 *   A trial that is evaluated again keeps its value, the mean of the evaluations that succeeded,
 *   while it waits and runs; a CANCEL then takes back the repeat alone: the trial is complete. It
 *   has failed once no more of its evaluations succeeded than failed.
 *   RESULT not final with state PAUSED: running ─► paused ─START─► running
 *   LIFE: every running attempt of the life before ended as `worker lost`, its trial waits again.
 */
#ifndef AMBS_STUDY_TABLE_H
#define AMBS_STUDY_TABLE_H

#include "study/record.h"

typedef struct ambs_trial_row {
    uint64_t id;
    ambs_trial_state state;
    ambs_reason reason;
    int code;
    ambs_origin origin;
    double objective;       /* user's direction; the mean of the evaluations with a value; NaN */
    uint32_t n_evaluations; /* with a value */
    uint32_t n_asked, n_refused;  /* evaluations proposed; of them failed */
    double first;                 /* the value of the first; NaN */
    double value_sd, value_error; /* of the values and of their mean; NaN below two */
    size_t last_repeat;           /* index into table->repeats; SIZE_MAX: none */
    double mean, sd, acquisition, lie;
    uint64_t n_told, n_lies, n_inputs;
    bool refitted;
    double proposed_s, latency_s; /* wall clock; duration of the making */
    uint32_t staleness;
    uint32_t n_attempts; /* started so far */
    size_t last_attempt; /* index into table->attempts; SIZE_MAX: never started */
    uint32_t rank, slot; /* of the last attempt */
    double start_s, end_s, duration_s, received_s; /* of the last attempt; NaN */
    size_t metrics, n_metrics;                     /* slice of table->metrics */
    const char *message;                           /* owned by the table; "" */
} ambs_trial_row;

typedef struct ambs_attempt_row {
    uint64_t trial;
    uint32_t attempt, rank, slot, epoch;
    uint32_t repeat;                   /* what it evaluates: 0 for the first evaluation */
    double start_s, end_s, duration_s; /* end NaN while running */
    ambs_trial_state state;            /* RUNNING until it ends */
    ambs_reason reason;
    int code;
    size_t before; /* index of the trial's attempt before this one; SIZE_MAX: none */
} ambs_attempt_row;

/* An evaluation beyond the first of a trial, in the order in which they were asked for. */
typedef struct ambs_repeat_row {
    uint64_t trial;
    uint32_t repeat; /* 1 for the second evaluation */
    uint64_t n_trials,
        n_inputs; /* trials proposed and inputs consumed before: its place in the log */
    double proposed_s, latency_s;
    ambs_trial_state state; /* WAITING until it ended: COMPLETE, PRUNED, FAILED or CANCELLED */
    ambs_reason reason;
    int code;
    uint32_t attempt; /* that gave the value; 0: none */
    double value;     /* NaN */
    double start_s, end_s, duration_s, received_s;
    size_t before; /* index of the trial's repeat before this one; SIZE_MAX: none */
} ambs_repeat_row;

typedef struct ambs_curve_row {
    uint64_t trial;
    uint32_t attempt;
    uint32_t metric; /* index into curve_names */
    long long step;
    double value, wall_s;
    ambs_decision decision;
} ambs_curve_row;

typedef struct ambs_input_row { /* the model inputs in order */
    ambs_record_type type;      /* RESULT, CANCEL, OWN */
    uint32_t repeat;            /* which evaluation of the trial */
    uint64_t trial;
} ambs_input_row;

typedef struct ambs_event_row {
    uint32_t level;
    double wall_s;
    char *text;
} ambs_event_row;

typedef struct ambs_life_row {
    uint32_t epoch, n_ranks;
    uint64_t pid, first_sequence, digest;
    double start_s, end_s;   /* end NaN: killed or running */
    int exit_code;           /* -1: none */
    double deadline_s;       /* of its batch job; NaN: not known; INFINITY: none */
    ambs_next next;          /* how the job goes on */
    char job[AMBS_JOB_SIZE]; /* "slurm job 123"; "" */
    char host[AMBS_HOST_SIZE];
    char *build, *text; /* text: why it ended */
} ambs_life_row;

typedef struct ambs_worker_row {
    uint32_t epoch, rank, n_slots;
    ambs_worker_state state;
    uint64_t pid;
    double wall_s;
    char host[AMBS_HOST_SIZE];
} ambs_worker_row;

typedef struct ambs_slot_row {
    uint32_t epoch, rank, slot, n_cores;
    double memory_bytes; /* NaN: no limit */
    char host[AMBS_HOST_SIZE];
    char *cores, *gpus; /* "0-3,8"; "": not pinned, none */
} ambs_slot_row;

typedef struct ambs_output_row { /* a part of what an attempt printed */
    uint64_t trial;
    uint32_t attempt, part;
    ambs_stream stream;
    uint64_t printed; /* bytes on the whole stream */
    char *text;
} ambs_output_row;

typedef struct ambs_table {
    size_t d;
    uint8_t uuid[16];
    uint64_t digest;
    uint64_t sequence;           /* of the last record applied */
    char *spec_file, *spec_text; /* of the last life */
    size_t n, capacity;          /* trials */
    ambs_trial_row *rows;        /* [n] */
    double *x;                   /* [n, d] */
    size_t n_metrics, metrics_capacity;
    ambs_metric *metrics;
    size_t n_attempts, attempts_capacity;
    ambs_attempt_row *attempts; /* in order of start */
    size_t n_repeats, repeats_capacity;
    ambs_repeat_row *repeats;
    size_t n_curve, curve_capacity;
    ambs_curve_row *curve;
    size_t n_curve_names;
    char (*curve_names)[AMBS_METRIC_NAME_SIZE];
    size_t n_inputs, inputs_capacity;
    ambs_input_row *inputs;
    size_t n_events, events_capacity;
    ambs_event_row *events;
    size_t n_lives, lives_capacity;
    ambs_life_row *lives;
    size_t n_workers, workers_capacity;
    ambs_worker_row *workers; /* every change of a worker, in order */
    size_t n_slots, slots_capacity;
    ambs_slot_row *slots; /* what slots own, in the order in which their workers joined */
    size_t n_outputs, outputs_capacity;
    ambs_output_row *outputs;
    uint64_t output_bytes; /* of all their texts */
    /* counts kept up to date */
    uint64_t n_paused; /* among n_waiting */
    uint64_t n_waiting, n_running, n_complete, n_failed, n_pruned, n_cancelled;
    uint64_t n_failed_in_row; /* failures since the last complete trial, in order of the results */
    uint64_t n_evaluations;   /* proposed and not cancelled, the caller's own too */
    uint64_t n_results;       /* of them ended */
    /* the incumbents by their (mean) objective, one for each direction, so that the table needs no goal */
    uint64_t least, greatest; /* trial ids of the least and greatest objective; UINT64_MAX: none */
} ambs_table;

int ambs_table_create(ambs_table **ret_table, ambs_error *err);
void ambs_table_destroy(ambs_table *table);
/* Applies one record. AMBS_E_FORMAT when the record does not fit the state (an unknown trial, a
 * result for a trial that ended): the table is unchanged then. AMBS_E_MISMATCH for the LIFE of
 * another study. A final RESULT counts whoever brings it: it may come from an attempt that was
 * given up before; an attempt that still runs then ends as cancelled. Amortised O(d); a LIFE
 * O(n_attempts). */
int ambs_table_apply(ambs_table *table, const ambs_record *record, ambs_error *err);
/* Whether ambs_table_apply() would take this OUTPUT: the attempt was started. */
bool ambs_table_expects_output(const ambs_table *table, const ambs_record_output *output);
/* The index into attempts of the running (or last) attempt of a trial; SIZE_MAX when it never
 * started. */
size_t ambs_table_last_attempt(const ambs_table *table, uint64_t trial);
/* Whether an attempt was started for the evaluation of the trial that was asked for last: the result
 * of an earlier one comes too late. */
bool ambs_table_is_current(const ambs_table *table, uint64_t trial, uint32_t attempt);
/* How a trial ended, as its RESULT or OWN record said (at most AMBS_MAX_METRICS metrics); of one that
 * was repeated, its mean with the rest from the last evaluation that succeeded. */
void ambs_table_outcome(const ambs_table *table, uint64_t trial, ambs_outcome *ret_outcome);
/* How one evaluation of a trial ended, for the search: metrics and message are left out where the
 * trial was repeated. */
void ambs_table_evaluation(const ambs_table *table, uint64_t trial, uint32_t repeat,
                           ambs_outcome *ret_outcome);
/* The repeat row of an evaluation, NULL for the first one. O(repeats of the trial). */
const ambs_repeat_row *ambs_table_repeat(const ambs_table *table, uint64_t trial, uint32_t repeat);
/* True where the trial's objective is a result: complete, or complete but for a repeat. */
bool ambs_trial_has_result(const ambs_trial_row *row);
/* The index of a name in curve_names, added when it is new. */
int ambs_table_metric_index(ambs_table *table, const char *name, uint32_t *ret_index,
                            ambs_error *err);
/* The asks of a study in their order: proposals of trials, and repeats of earlier ones. Trials that
 * the caller told on his own are inputs, no asks. */
typedef struct ambs_ask_walk {
    const ambs_table *table;
    uint64_t trial;
    const ambs_repeat_row *repeat; /* NULL: the proposal of the trial */
    uint64_t n_inputs;             /* consumed before it */
    size_t next_trial, next_repeat;
} ambs_ask_walk;
void ambs_asks_begin(ambs_ask_walk *walk, const ambs_table *table);
/* False at the end. */
bool ambs_asks_next(ambs_ask_walk *walk);
/* After the arrays were filled from a file: checks what refers to trials, links the attempts,
 * counts. AMBS_E_FORMAT where something does not fit; with `mend` that is dropped instead. */
int ambs_table_relink(ambs_table *table, bool mend, ambs_error *err);

#endif
