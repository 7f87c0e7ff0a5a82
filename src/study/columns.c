/* SPDX-License-Identifier: MIT */
#include "study/columns.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

static const char *state_name(int value)
{
    return ambs_trial_state_name((ambs_trial_state)value);
}

const char *ambs_origin_name(int origin)
{
    static const char *const names[] = {"point", "default", "design",  "random",
                                        "model", "own",     "enqueued"};
    return origin >= 0 && origin <= AMBS_ORIGIN_ENQUEUED ? names[origin] : "unknown";
}

const char *ambs_decision_name(int decision)
{
    static const char *const names[] = {"continue", "stop", "pause"};
    return decision >= 0 && decision <= AMBS_PAUSE ? names[decision] : "unknown";
}

const char *ambs_operation_name(int operation)
{
    static const char *const names[] = {"ask", "lie", "unlie", "tell", "cancel", "refit"};
    return operation >= 0 && operation < AMBS_N_OPERATIONS ? names[operation] : "unknown";
}

static const char *worker_state_name(int value)
{
    static const char *const names[] = {"unknown", "joined", "suspect", "rejoined", "lost", "left"};
    return value >= 0 && value <= AMBS_WORKER_LEFT ? names[value] : "unknown";
}

static const char *next_name(int value)
{
    static const char *const names[] = {"nothing", "requeue", "resubmit", "exit status"};
    return value >= 0 && value <= AMBS_NEXT_EXIT_STATUS ? names[value] : "unknown";
}

static const char *level_name(int value)
{
    static const char *const names[] = {"error", "warning", "info", "debug"};
    return value >= 0 && value < 4 ? names[value] : "debug";
}

#define FIELD(type, field) offsetof(type, field)
#define STATES             .word = state_name, .n_words = AMBS_TRIAL_CANCELLED + 1

static const ambs_column trials[] = {
    {"id", AMBS_COLUMN_COUNT, FIELD(ambs_trial_row, id),
     .about = "number of the trial, from 0 in the order of the proposals; the row"},
    {"state", AMBS_COLUMN_WORD, FIELD(ambs_trial_row, state), STATES,
     .about = "waiting, running, complete, pruned, failed, paused or cancelled"},
    {"reason", AMBS_COLUMN_REASON, FIELD(ambs_trial_row, reason), FIELD(ambs_trial_row, code),
     .about = "why it ended so: exit 3, signal 11, timeout, …; empty: none"},
    {"code", AMBS_COLUMN_I32, FIELD(ambs_trial_row, code),
     .about = "exit status or number of the signal, else 0"},
    {"objective", AMBS_COLUMN_F64, FIELD(ambs_trial_row, objective),
     .about = "the metric as the user wrote it, not turned round; NaN: none"},
    {"n_evaluations", AMBS_COLUMN_U32, FIELD(ambs_trial_row, n_evaluations),
     .about = "evaluations whose values the objective is the mean of", .repeats = true},
    {"first", AMBS_COLUMN_F64, FIELD(ambs_trial_row, first),
     .about = "the value of the first of them; NaN: none", .repeats = true},
    {"sd", AMBS_COLUMN_F64, FIELD(ambs_trial_row, value_sd),
     .about = "standard deviation of their values, with n - 1; NaN below two", .repeats = true},
    {"standard_error", AMBS_COLUMN_F64, FIELD(ambs_trial_row, value_error),
     .about = "of their mean, sd / sqrt(n_evaluations); NaN below two", .repeats = true},
    {"attempts", AMBS_COLUMN_U32, FIELD(ambs_trial_row, n_attempts),
     .about = "attempts started so far"},
    {"rank", AMBS_COLUMN_U32, FIELD(ambs_trial_row, rank),
     .about = "MPI rank of the last attempt; 0 also where there was none"},
    {"slot", AMBS_COLUMN_U32, FIELD(ambs_trial_row, slot), .about = "slot on that rank"},
    {"proposed", AMBS_COLUMN_F64, FIELD(ambs_trial_row, proposed_s), .unit = "s",
     .about = "when it was proposed, since 1970-01-01 UTC"},
    {"start", AMBS_COLUMN_F64, FIELD(ambs_trial_row, start_s), .unit = "s",
     .about = "when the last attempt started, since 1970-01-01 UTC; NaN: never"},
    {"end", AMBS_COLUMN_F64, FIELD(ambs_trial_row, end_s), .unit = "s",
     .about = "when the last attempt ended, since 1970-01-01 UTC; NaN: not known"},
    {"duration", AMBS_COLUMN_F64, FIELD(ambs_trial_row, duration_s), .unit = "s",
     .about = "of the last attempt by the worker's monotonic clock; NaN: not known"},
    {"received", AMBS_COLUMN_F64, FIELD(ambs_trial_row, received_s), .unit = "s",
     .about = "when the manager had the result, since 1970-01-01 UTC; NaN: not yet"},
    {"message", AMBS_COLUMN_TEXT, FIELD(ambs_trial_row, message),
     .about = "what the trial said about its end, one line; empty: nothing"},
    {NULL}};

static const ambs_column proposals[] = {
    {"trial", AMBS_COLUMN_COUNT, FIELD(ambs_trial_row, id),
     .about = "the row of /trials; both have the same rows"},
    {"origin", AMBS_COLUMN_WORD, FIELD(ambs_trial_row, origin), .word = ambs_origin_name,
     .n_words = AMBS_ORIGIN_ENQUEUED + 1,
     .about =
         "point (the user's), default, design, random, model, own (told without being asked) or "
         "enqueued (the user's, given while the study ran)"},
    {"mean", AMBS_COLUMN_F64, FIELD(ambs_trial_row, mean),
     .about = "predicted objective; NaN: no model"},
    {"sd", AMBS_COLUMN_F64, FIELD(ambs_trial_row, sd),
     .about = "standard deviation of the prediction; NaN: no model"},
    {"acquisition", AMBS_COLUMN_F64, FIELD(ambs_trial_row, acquisition),
     .about = "value of the acquisition function, higher is better; NaN: none"},
    {"lie", AMBS_COLUMN_F64, FIELD(ambs_trial_row, lie),
     .about =
         "told to the surrogate until the truth came, on the surrogate's own scale; NaN: none"},
    {"lies_held", AMBS_COLUMN_COUNT, FIELD(ambs_trial_row, n_lies),
     .about = "lies the surrogate held when the proposal was made"},
    {"results_known", AMBS_COLUMN_COUNT, FIELD(ambs_trial_row, n_told),
     .about = "results known when the proposal was made"},
    {"inputs", AMBS_COLUMN_COUNT, FIELD(ambs_trial_row, n_inputs),
     .about = "tells and cancels consumed before, from the start of the study: places the ask in "
              "/operations"},
    {"refitted", AMBS_COLUMN_BOOL, FIELD(ambs_trial_row, refitted),
     .about = "the surrogate was fitted anew for it"},
    {"staleness", AMBS_COLUMN_U32, FIELD(ambs_trial_row, staleness),
     .about = "results told between its making and its last dispatch"},
    {"latency", AMBS_COLUMN_F64, FIELD(ambs_trial_row, latency_s), .unit = "s",
     .about = "how long the making took; NaN: not known"},
    {NULL}};

static const ambs_column attempts[] = {
    {"trial", AMBS_COLUMN_COUNT, FIELD(ambs_attempt_row, trial), .about = "the row of /trials"},
    {"attempt", AMBS_COLUMN_U32, FIELD(ambs_attempt_row, attempt),
     .about = "1 for the first of the trial"},
    {"repeat", AMBS_COLUMN_U32, FIELD(ambs_attempt_row, repeat),
     .about = "which evaluation of the trial: 0 for the first", .repeats = true},
    {"epoch", AMBS_COLUMN_U32, FIELD(ambs_attempt_row, epoch),
     .about = "life of the manager, see /allocations"},
    {"rank", AMBS_COLUMN_U32, FIELD(ambs_attempt_row, rank),
     .about = "MPI rank; its host is in /workers"},
    {"slot", AMBS_COLUMN_U32, FIELD(ambs_attempt_row, slot), .about = "slot on that rank"},
    {"start", AMBS_COLUMN_F64, FIELD(ambs_attempt_row, start_s), .unit = "s",
     .about = "since 1970-01-01 UTC"},
    {"end", AMBS_COLUMN_F64, FIELD(ambs_attempt_row, end_s), .unit = "s",
     .about = "since 1970-01-01 UTC; NaN: running, or lost"},
    {"duration", AMBS_COLUMN_F64, FIELD(ambs_attempt_row, duration_s), .unit = "s",
     .about = "by the worker's monotonic clock; NaN: not known"},
    {"state", AMBS_COLUMN_WORD, FIELD(ambs_attempt_row, state), STATES,
     .about = "running, complete, pruned, failed, paused or cancelled"},
    {"reason", AMBS_COLUMN_REASON, FIELD(ambs_attempt_row, reason), FIELD(ambs_attempt_row, code),
     .about = "as in /trials"},
    {"code", AMBS_COLUMN_I32, FIELD(ambs_attempt_row, code),
     .about = "exit status or number of the signal, else 0"},
    {NULL}};

static const ambs_column repeats[] = {
    {"trial", AMBS_COLUMN_COUNT, FIELD(ambs_repeat_row, trial), .about = "the row of /trials"},
    {"repeat", AMBS_COLUMN_U32, FIELD(ambs_repeat_row, repeat),
     .about = "1 for the second evaluation of the trial"},
    {"state", AMBS_COLUMN_WORD, FIELD(ambs_repeat_row, state), STATES,
     .about = "waiting until it ended: complete, pruned, failed or cancelled"},
    {"reason", AMBS_COLUMN_REASON, FIELD(ambs_repeat_row, reason), FIELD(ambs_repeat_row, code),
     .about = "as in /trials"},
    {"code", AMBS_COLUMN_I32, FIELD(ambs_repeat_row, code),
     .about = "exit status or number of the signal, else 0"},
    {"value", AMBS_COLUMN_F64, FIELD(ambs_repeat_row, value),
     .about = "the metric as the user wrote it; NaN: none"},
    {"attempt", AMBS_COLUMN_U32, FIELD(ambs_repeat_row, attempt),
     .about = "the attempt that gave it; 0: none"},
    {"trials", AMBS_COLUMN_COUNT, FIELD(ambs_repeat_row, n_trials),
     .about = "trials proposed before it: places it among the proposals"},
    {"inputs", AMBS_COLUMN_COUNT, FIELD(ambs_repeat_row, n_inputs),
     .about = "tells and cancels consumed before, as in /proposals"},
    {"proposed", AMBS_COLUMN_F64, FIELD(ambs_repeat_row, proposed_s), .unit = "s",
     .about = "when it was asked for, since 1970-01-01 UTC"},
    {"latency", AMBS_COLUMN_F64, FIELD(ambs_repeat_row, latency_s), .unit = "s",
     .about = "how long that took; NaN: not known"},
    {"start", AMBS_COLUMN_F64, FIELD(ambs_repeat_row, start_s), .unit = "s",
     .about = "since 1970-01-01 UTC; NaN: not known"},
    {"end", AMBS_COLUMN_F64, FIELD(ambs_repeat_row, end_s), .unit = "s",
     .about = "since 1970-01-01 UTC; NaN: not known"},
    {"duration", AMBS_COLUMN_F64, FIELD(ambs_repeat_row, duration_s), .unit = "s",
     .about = "by the worker's monotonic clock; NaN: not known"},
    {"received", AMBS_COLUMN_F64, FIELD(ambs_repeat_row, received_s), .unit = "s",
     .about = "when the manager had the result, since 1970-01-01 UTC; NaN: not yet"},
    {NULL}};

static const ambs_column curves[] = {
    {"trial", AMBS_COLUMN_COUNT, FIELD(ambs_curve_row, trial), .about = "the row of /trials"},
    {"attempt", AMBS_COLUMN_U32, FIELD(ambs_curve_row, attempt), .about = "attempt of the trial"},
    {"step", AMBS_COLUMN_STEP, FIELD(ambs_curve_row, step),
     .about = "as the trial counted (epochs, batches)"},
    {"metric", AMBS_COLUMN_METRIC, FIELD(ambs_curve_row, metric),
     .about = "name of what was reported"},
    {"value", AMBS_COLUMN_F64, FIELD(ambs_curve_row, value), .about = "what was reported"},
    {"time", AMBS_COLUMN_F64, FIELD(ambs_curve_row, wall_s), .unit = "s",
     .about = "when the manager had it, since 1970-01-01 UTC"},
    {"decision", AMBS_COLUMN_WORD, FIELD(ambs_curve_row, decision), .word = ambs_decision_name,
     .n_words = AMBS_PAUSE + 1, .about = "the answer: continue, stop or pause"},
    {NULL}};

static const ambs_column events[] = {
    {"time", AMBS_COLUMN_F64, FIELD(ambs_event_row, wall_s), .unit = "s",
     .about = "since 1970-01-01 UTC"},
    {"level", AMBS_COLUMN_WORD, FIELD(ambs_event_row, level), .word = level_name, .n_words = 4,
     .about = "error, warning, info or debug"},
    {"text", AMBS_COLUMN_TEXT, FIELD(ambs_event_row, text), .about = "one line for people"},
    {NULL}};

static const ambs_column allocations[] = {
    {"epoch", AMBS_COLUMN_U32, FIELD(ambs_life_row, epoch),
     .about = "number of the manager's life, from 1; segments are named after it"},
    {"first_sequence", AMBS_COLUMN_COUNT, FIELD(ambs_life_row, first_sequence),
     .about = "of its first record in the journal"},
    {"host", AMBS_COLUMN_CHARS, FIELD(ambs_life_row, host), AMBS_HOST_SIZE, .about = "of rank 0"},
    {"pid", AMBS_COLUMN_COUNT, FIELD(ambs_life_row, pid), .about = "process of rank 0"},
    {"ranks", AMBS_COLUMN_U32, FIELD(ambs_life_row, n_ranks), .about = "MPI ranks"},
    {"start", AMBS_COLUMN_F64, FIELD(ambs_life_row, start_s), .unit = "s",
     .about = "since 1970-01-01 UTC"},
    {"end", AMBS_COLUMN_F64, FIELD(ambs_life_row, end_s), .unit = "s",
     .about = "since 1970-01-01 UTC; NaN: running, or killed"},
    {"exit_code", AMBS_COLUMN_I32, FIELD(ambs_life_row, exit_code),
     .about = "what `ambs run` returned; -1: running, or killed"},
    {"ending", AMBS_COLUMN_TEXT, FIELD(ambs_life_row, text),
     .about = "why it ended; empty: running, or killed"},
    {"job", AMBS_COLUMN_CHARS, FIELD(ambs_life_row, job), AMBS_JOB_SIZE,
     .about = "the batch job that it ran in; empty: none"},
    {"deadline", AMBS_COLUMN_F64, FIELD(ambs_life_row, deadline_s), .unit = "s",
     .about = "when that job ends, since 1970-01-01 UTC; NaN: not known, infinite: no limit"},
    {"next", AMBS_COLUMN_WORD, FIELD(ambs_life_row, next), .word = next_name,
     .n_words = AMBS_NEXT_EXIT_STATUS + 1,
     .about = "how the job goes on after its deadline: nothing, requeue, resubmit, exit status"},
    {"build", AMBS_COLUMN_TEXT, FIELD(ambs_life_row, build),
     .about = "what exactness depends on: version, compiler, BLAS with kernel and threads"},
    {"digest", AMBS_COLUMN_COUNT, FIELD(ambs_life_row, digest),
     .about = "of what a resumed study must agree on, its 64 bits as a signed number"},
    {NULL}};

static const ambs_column workers[] = {
    {"epoch", AMBS_COLUMN_U32, FIELD(ambs_worker_row, epoch),
     .about = "life of the manager, see /allocations"},
    {"rank", AMBS_COLUMN_U32, FIELD(ambs_worker_row, rank), .about = "MPI rank"},
    {"slots", AMBS_COLUMN_U32, FIELD(ambs_worker_row, n_slots),
     .about = "trials it runs at a time"},
    {"state", AMBS_COLUMN_WORD, FIELD(ambs_worker_row, state), .word = worker_state_name,
     .n_words = AMBS_WORKER_LEFT + 1,
     .about = "joined, suspect, rejoined, lost or left: one row per change"},
    {"pid", AMBS_COLUMN_COUNT, FIELD(ambs_worker_row, pid), .about = "process"},
    {"time", AMBS_COLUMN_F64, FIELD(ambs_worker_row, wall_s), .unit = "s",
     .about = "since 1970-01-01 UTC"},
    {"host", AMBS_COLUMN_CHARS, FIELD(ambs_worker_row, host), AMBS_HOST_SIZE, .about = "its host"},
    {NULL}};

static const ambs_column slots[] = {
    {"epoch", AMBS_COLUMN_U32, FIELD(ambs_slot_row, epoch),
     .about = "life of the manager, see /allocations"},
    {"rank", AMBS_COLUMN_U32, FIELD(ambs_slot_row, rank), .about = "MPI rank"},
    {"slot", AMBS_COLUMN_U32, FIELD(ambs_slot_row, slot), .about = "slot on that rank"},
    {"host", AMBS_COLUMN_CHARS, FIELD(ambs_slot_row, host), AMBS_HOST_SIZE, .about = "its host"},
    {"threads", AMBS_COLUMN_U32, FIELD(ambs_slot_row, n_cores),
     .about = "cores that a trial may use there"},
    {"cores", AMBS_COLUMN_TEXT, FIELD(ambs_slot_row, cores),
     .about = "their numbers as in 0-3,8; empty: not pinned"},
    {"gpus", AMBS_COLUMN_TEXT, FIELD(ambs_slot_row, gpus),
     .about = "UUIDs or PCI addresses of its GPUs; empty: none of its own"},
    {"memory", AMBS_COLUMN_F64, FIELD(ambs_slot_row, memory_bytes), .unit = "bytes",
     .about = "limit of a trial; NaN: none"},
    {NULL}};

static const char *stream_name(int value)
{
    return value == AMBS_STREAM_ERR ? "stderr" : "stdout";
}

static const ambs_column output[] = {
    {"trial", AMBS_COLUMN_COUNT, FIELD(ambs_output_row, trial), .about = "the row of /trials"},
    {"attempt", AMBS_COLUMN_U32, FIELD(ambs_output_row, attempt), .about = "attempt of the trial"},
    {"stream", AMBS_COLUMN_WORD, FIELD(ambs_output_row, stream), .word = stream_name,
     .n_words = AMBS_STREAM_ERR + 1, .about = "stdout or stderr"},
    {"part", AMBS_COLUMN_U32, FIELD(ambs_output_row, part),
     .about = "from 0; the parts of a stream one behind the other are its text"},
    {"printed", AMBS_COLUMN_COUNT, FIELD(ambs_output_row, printed), .unit = "bytes",
     .about = "on the whole stream, of which begin and end are kept"},
    {"text", AMBS_COLUMN_TEXT, FIELD(ambs_output_row, text), .about = "at most 1000 bytes"},
    {NULL}};

#define GROUP(group, row, array, count, text)                                                      \
    {                                                                                              \
#group, group, sizeof(row), offsetof(ambs_table, array), offsetof(ambs_table, count), text \
    }

const ambs_column_group ambs_column_groups[] = {
    GROUP(trials, ambs_trial_row, rows, n, "one row per trial"),
    GROUP(proposals, ambs_trial_row, rows, n,
          "how each trial's configuration was chosen; the rows of /trials"),
    GROUP(attempts, ambs_attempt_row, attempts, n_attempts,
          "every start of a trial on a slot, in order of start"),
    GROUP(curves, ambs_curve_row, curve, n_curve,
          "metrics reported step by step, in order of arrival"),
    GROUP(events, ambs_event_row, events, n_events, "what happened, for people"),
    GROUP(allocations, ambs_life_row, lives, n_lives,
          "the manager's lives: one per start of the study"),
    GROUP(workers, ambs_worker_row, workers, n_workers,
          "ranks that joined, fell silent and left, in order"),
    GROUP(output, ambs_output_row, outputs, n_outputs,
          "begin and end of what attempts printed, in parts"),
    GROUP(slots, ambs_slot_row, slots, n_slots, "what the slots of the workers own"),
    {"repeats", repeats, sizeof(ambs_repeat_row), offsetof(ambs_table, repeats),
     offsetof(ambs_table, n_repeats),
     "evaluations of trials beyond their first, in the order in which they were asked for", true},
    {NULL}};

/* ---- the operation log ---- */

typedef struct operation_log {
    uint8_t *operations;
    uint64_t *trials;
    size_t n, operations_capacity, trials_capacity;
} operation_log;

static int add(operation_log *log, ambs_operation operation, uint64_t trial, ambs_error *err)
{
    int rc = ambs_reserve(&log->operations, &log->operations_capacity, log->n + 1,
                          sizeof *log->operations, err);
    if (rc == AMBS_OK)
        rc =
            ambs_reserve(&log->trials, &log->trials_capacity, log->n + 1, sizeof *log->trials, err);
    if (rc != AMBS_OK) return rc;
    log->operations[log->n] = (uint8_t)operation;
    log->trials[log->n++] = trial;
    return AMBS_OK;
}

static int add_input(operation_log *log, const ambs_table *t, size_t i, ambs_error *err)
{
    const ambs_input_row *input = &t->inputs[i];
    int rc = AMBS_OK;
    if (input->trial < t->n && input->repeat == 0 && !isnan(t->rows[input->trial].lie))
        rc = add(log, AMBS_OPERATION_UNLIE, input->trial, err);
    if (rc != AMBS_OK) return rc;
    return add(log, input->type == AMBS_RECORD_CANCEL ? AMBS_OPERATION_CANCEL : AMBS_OPERATION_TELL,
               input->trial, err);
}

static int add_proposal(operation_log *log, const ambs_trial_row *row, ambs_error *err)
{
    int rc = row->refitted ? add(log, AMBS_OPERATION_REFIT, row->id, err) : AMBS_OK;
    if (rc == AMBS_OK) rc = add(log, AMBS_OPERATION_ASK, row->id, err);
    return rc == AMBS_OK && !isnan(row->lie) ? add(log, AMBS_OPERATION_LIE, row->id, err) : rc;
}

int ambs_operations_derive(const ambs_table *t, uint8_t **ret_operations, uint64_t **ret_trials,
                           size_t *ret_n, ambs_error *err)
{
    operation_log log = {0};
    size_t consumed = 0;
    int rc = AMBS_OK;
    ambs_ask_walk walk;
    ambs_asks_begin(&walk, t);
    while (rc == AMBS_OK && ambs_asks_next(&walk)) {
        while (consumed < walk.n_inputs && consumed < t->n_inputs && rc == AMBS_OK)
            rc = add_input(&log, t, consumed++, err);
        if (rc == AMBS_OK)
            rc = walk.repeat ? add(&log, AMBS_OPERATION_ASK, walk.trial, err)
                             : add_proposal(&log, &t->rows[walk.trial], err);
    }
    while (consumed < t->n_inputs && rc == AMBS_OK) rc = add_input(&log, t, consumed++, err);
    if (rc != AMBS_OK) {
        free(log.operations);
        free(log.trials);
        return rc;
    }
    *ret_operations = log.operations;
    *ret_trials = log.trials;
    *ret_n = log.n;
    return AMBS_OK;
}
