/* SPDX-License-Identifier: MIT */
/* Trials: the words every floor shares. A trial is one evaluation of one configuration; its id
 * never changes. A lost trial is re-issued as another attempt of the same trial. */
#ifndef AMBS_TRIAL_H
#define AMBS_TRIAL_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

#include "ambs/error.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum ambs_trial_state {
    AMBS_TRIAL_WAITING = 0, /* proposed, not yet started (or to be started again) */
    AMBS_TRIAL_RUNNING = 1,
    AMBS_TRIAL_COMPLETE = 2,
    AMBS_TRIAL_PRUNED = 3,
    AMBS_TRIAL_FAILED = 4,
    AMBS_TRIAL_PAUSED = 5,   /* a rung waits for promotion */
    AMBS_TRIAL_CANCELLED = 6 /* a proposal that was thrown away before it ran */
} ambs_trial_state;

typedef enum ambs_reason {
    AMBS_REASON_NONE = 0,
    AMBS_REASON_EXIT = 1,   /* code = exit status, not 0 */
    AMBS_REASON_SIGNAL = 2, /* code = signal number */
    AMBS_REASON_TIMEOUT = 3,
    AMBS_REASON_OUT_OF_MEMORY = 4,
    AMBS_REASON_NOT_A_NUMBER = 5,
    AMBS_REASON_INFINITE = 6,
    AMBS_REASON_NO_RESULT = 7,  /* ended well but gave none */
    AMBS_REASON_BAD_RESULT = 8, /* unreadable, or without the metric */
    AMBS_REASON_WORKER_LOST = 9,
    AMBS_REASON_CONSTRAINT = 10,
    AMBS_REASON_CANCELLED = 11,
    AMBS_REASON_NOT_STARTED = 12, /* the program could not be executed */
    AMBS_REASON_OBJECTIVE = 13,   /* a built-in objective refused; see the message */
    AMBS_REASON_DEADLINE = 14,    /* of an attempt: cut when the batch job had to end */
    AMBS_REASON_OUTPUT = 15,      /* printed more than it may */
    AMBS_REASON_LAST = AMBS_REASON_OUTPUT
} ambs_reason;

enum { AMBS_METRIC_NAME_SIZE = 64, AMBS_MAX_METRICS = 32, AMBS_MESSAGE_SIZE = 256 };

typedef struct ambs_metric {
    char name[AMBS_METRIC_NAME_SIZE];
    double value;
} ambs_metric;

/* How an attempt, and with it a trial, ended. Plain memory. */
typedef struct ambs_outcome {
    ambs_trial_state state; /* COMPLETE, PRUNED, FAILED or CANCELLED */
    ambs_reason reason;
    int code;              /* exit status or signal, else 0 */
    double objective;      /* as the user's metric (not turned round); NaN where there is none */
    double start_s, end_s; /* wall clock, seconds since the epoch, UTC */
    double duration_s;     /* by the worker's monotonic clock */
    size_t n_metrics;
    ambs_metric metrics[AMBS_MAX_METRICS]; /* what the result held beside the objective */
    char message[AMBS_MESSAGE_SIZE];       /* one line for people, "" when none */
} ambs_outcome;

typedef enum ambs_decision { AMBS_CONTINUE = 0, AMBS_STOP = 1, AMBS_PAUSE = 2 } ambs_decision;

AMBS_API const char *ambs_trial_state_name(ambs_trial_state state); /* "complete" */
/* "exit 3", "signal 11", "timeout", "" for none. `buffer` holds 64 bytes. */
AMBS_API const char *ambs_reason_text(ambs_reason reason, int code, char *buffer);

#ifdef __cplusplus
}
#endif
#endif
