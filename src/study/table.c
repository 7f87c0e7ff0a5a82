/* SPDX-License-Identifier: MIT */
/* The state machine of trials (see table.h). Each record is checked and its room reserved before
 * the first change, so that a refused record leaves the table as it was. */
#include "study/table.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "numeric/sample.h"
#include "study/table_state.h"

int ambs_table_create(ambs_table **ret_table, ambs_error *err)
{
    ambs_table *t = ambs_calloc(1, sizeof *t, err);
    if (!t) return AMBS_E_NOMEM;
    t->least = t->greatest = UINT64_MAX;
    *ret_table = t;
    return AMBS_OK;
}

void ambs_table_destroy(ambs_table *t)
{
    if (!t) return;
    for (size_t i = 0; i < t->n; i++)
        if (t->rows[i].message[0]) free((char *)t->rows[i].message);
    for (size_t i = 0; i < t->n_events; i++) free(t->events[i].text);
    for (size_t i = 0; i < t->n_lives; i++) {
        free(t->lives[i].build);
        free(t->lives[i].text);
    }
    for (size_t i = 0; i < t->n_outputs; i++) free(t->outputs[i].text);
    free(t->outputs);
    for (size_t i = 0; i < t->n_slots; i++) {
        free(t->slots[i].cores);
        free(t->slots[i].gpus);
    }
    free(t->slots);
    free(t->spec_file);
    free(t->spec_text);
    free(t->rows);
    free(t->x);
    free(t->metrics);
    free(t->attempts);
    free(t->repeats);
    free(t->curve);
    free(t->curve_names);
    free(t->inputs);
    free(t->events);
    free(t->lives);
    free(t->workers);
    free(t);
}

size_t ambs_table_last_attempt(const ambs_table *t, uint64_t trial)
{
    return trial < t->n ? t->rows[trial].last_attempt : SIZE_MAX;
}

void ambs_table_outcome(const ambs_table *t, uint64_t trial, ambs_outcome *ret)
{
    const ambs_trial_row *row = &t->rows[trial];
    *ret = (ambs_outcome){.state = ambs_trial_has_result(row) ? AMBS_TRIAL_COMPLETE : row->state,
                          .reason = row->reason,
                          .code = row->code,
                          .objective = row->objective,
                          .start_s = row->start_s,
                          .end_s = row->end_s,
                          .duration_s = row->duration_s,
                          .n_metrics = row->n_metrics < AMBS_MAX_METRICS ? row->n_metrics
                                                                         : AMBS_MAX_METRICS};
    if (ret->n_metrics > 0)
        memcpy(ret->metrics, t->metrics + row->metrics, ret->n_metrics * sizeof *ret->metrics);
    snprintf(ret->message, sizeof ret->message, "%s", row->message);
}

bool ambs_trial_has_result(const ambs_trial_row *row)
{
    if (row->state == AMBS_TRIAL_COMPLETE) return true;
    return row->n_evaluations > 0 &&
           (row->state == AMBS_TRIAL_WAITING || row->state == AMBS_TRIAL_RUNNING);
}

static ambs_repeat_row *find_repeat(const ambs_table *t, const ambs_trial_row *row, uint32_t repeat)
{
    size_t i = row->last_repeat;
    while (i != SIZE_MAX && t->repeats[i].repeat != repeat) i = t->repeats[i].before;
    return i != SIZE_MAX ? &t->repeats[i] : NULL;
}

const ambs_repeat_row *ambs_table_repeat(const ambs_table *t, uint64_t trial, uint32_t repeat)
{
    return find_repeat(t, &t->rows[trial], repeat);
}

/* Only what succeeded is repeated. */
void ambs_table_evaluation(const ambs_table *t, uint64_t trial, uint32_t repeat, ambs_outcome *ret)
{
    const ambs_trial_row *row = &t->rows[trial];
    const ambs_repeat_row *e = ambs_table_repeat(t, trial, repeat);
    if (row->last_repeat == SIZE_MAX) {
        ambs_table_outcome(t, trial, ret);
        return;
    }
    size_t i = row->last_attempt;
    while (i != SIZE_MAX && t->attempts[i].repeat > 0) i = t->attempts[i].before;
    const ambs_attempt_row *first = i != SIZE_MAX ? &t->attempts[i] : NULL;
    *ret = (ambs_outcome){.state = e ? e->state : AMBS_TRIAL_COMPLETE,
                          .reason = e ? e->reason : AMBS_REASON_NONE,
                          .code = e ? e->code : 0,
                          .objective = e ? e->value : row->first,
                          .start_s = e       ? e->start_s
                                     : first ? first->start_s
                                             : NAN,
                          .end_s = e       ? e->end_s
                                   : first ? first->end_s
                                           : NAN,
                          .duration_s = e       ? e->duration_s
                                        : first ? first->duration_s
                                                : NAN};
}

int table_unfit(ambs_error *err, uint64_t trial, const char *what)
{
    return ambs_fail(err, AMBS_E_FORMAT, "trial %llu: %s", (unsigned long long)trial, what);
}

static bool is_over(ambs_trial_state state)
{
    return state == AMBS_TRIAL_COMPLETE || state == AMBS_TRIAL_PRUNED ||
           state == AMBS_TRIAL_FAILED || state == AMBS_TRIAL_CANCELLED;
}

uint64_t *table_count_of(ambs_table *t, ambs_trial_state state)
{
    switch (state) {
    case AMBS_TRIAL_WAITING:
    case AMBS_TRIAL_PAUSED:
        return &t->n_waiting;
    case AMBS_TRIAL_RUNNING:
        return &t->n_running;
    case AMBS_TRIAL_COMPLETE:
        return &t->n_complete;
    case AMBS_TRIAL_PRUNED:
        return &t->n_pruned;
    case AMBS_TRIAL_FAILED:
        return &t->n_failed;
    case AMBS_TRIAL_CANCELLED:
        break;
    }
    return &t->n_cancelled;
}

void table_move_to(ambs_table *t, ambs_trial_row *row, ambs_trial_state state)
{
    --*table_count_of(t, row->state);
    t->n_paused -= row->state == AMBS_TRIAL_PAUSED;
    row->state = state;
    ++*table_count_of(t, state);
    t->n_paused += state == AMBS_TRIAL_PAUSED;
}

ambs_trial_row *table_find_trial(const ambs_table *t, uint64_t trial, ambs_error *err)
{
    if (trial < t->n) return &t->rows[trial];
    table_unfit(err, trial, "it was never proposed");
    return NULL;
}

/* ---- proposals ---- */

static int reserve_trial(ambs_table *t, uint64_t id, ambs_error *err)
{
    if (id != t->n) return table_unfit(err, id, "ids count up by one");
    size_t capacity = t->capacity;
    int rc = ambs_reserve(&t->rows, &capacity, t->n + 1, sizeof *t->rows, err);
    if (rc == AMBS_OK && capacity != t->capacity)
        rc = ambs_resize(&t->x, capacity, t->d * sizeof(double), err);
    if (rc == AMBS_OK) t->capacity = capacity;
    return rc;
}

static ambs_trial_row *add_trial(ambs_table *t, const ambs_proposal *p, const double *x,
                                 uint64_t n_inputs)
{
    memcpy(t->x + t->n * t->d, x, t->d * sizeof *x);
    ambs_trial_row *row = &t->rows[t->n];
    *row = (ambs_trial_row){.id = t->n,
                            .state = AMBS_TRIAL_WAITING,
                            .origin = p->origin,
                            .objective = NAN,
                            .n_asked = 1,
                            .first = NAN,
                            .value_sd = NAN,
                            .value_error = NAN,
                            .last_repeat = SIZE_MAX,
                            .mean = p->mean,
                            .sd = p->sd,
                            .acquisition = p->acquisition,
                            .lie = p->lie,
                            .n_told = p->n_told,
                            .n_lies = p->n_lies,
                            .n_inputs = n_inputs,
                            .latency_s = NAN,
                            .last_attempt = SIZE_MAX,
                            .start_s = NAN,
                            .end_s = NAN,
                            .duration_s = NAN,
                            .received_s = NAN,
                            .message = ""};
    t->n++;
    t->n_waiting++;
    t->n_evaluations++;
    return row;
}

static int apply_proposal(ambs_table *t, const ambs_record_proposal *r, ambs_error *err)
{
    uint64_t id = r->proposal.trial;
    if (r->n_inputs > t->n_inputs || (t->n > 0 && r->n_inputs < t->rows[t->n - 1].n_inputs))
        return table_unfit(err, id, "its number of model inputs does not fit the log");
    int rc = reserve_trial(t, id, err);
    if (rc != AMBS_OK) return rc;
    ambs_trial_row *row = add_trial(t, &r->proposal, r->proposal.x, r->n_inputs);
    row->refitted = r->proposal.refitted;
    row->proposed_s = r->wall_s;
    row->latency_s = r->latency_s;
    return AMBS_OK;
}

/* ---- repeats ---- */

static int apply_repeat(ambs_table *t, const ambs_record_repeat *r, ambs_error *err)
{
    ambs_trial_row *row = table_find_trial(t, r->trial, err);
    if (!row) return AMBS_E_FORMAT;
    if (row->state != AMBS_TRIAL_COMPLETE || r->repeat != row->n_asked)
        return table_unfit(err, r->trial,
                           "only a complete trial is repeated, and repeats count up by one");
    const ambs_repeat_row *last = t->n_repeats > 0 ? &t->repeats[t->n_repeats - 1] : NULL;
    if (r->n_inputs > t->n_inputs || (last && r->n_inputs < last->n_inputs))
        return table_unfit(err, r->trial, "its number of model inputs does not fit the log");
    int rc =
        ambs_reserve(&t->repeats, &t->repeats_capacity, t->n_repeats + 1, sizeof *t->repeats, err);
    if (rc != AMBS_OK) return rc;
    t->repeats[t->n_repeats] = (ambs_repeat_row){.trial = r->trial,
                                                 .repeat = r->repeat,
                                                 .n_trials = t->n,
                                                 .n_inputs = r->n_inputs,
                                                 .proposed_s = r->wall_s,
                                                 .latency_s = r->latency_s,
                                                 .state = AMBS_TRIAL_WAITING,
                                                 .value = NAN,
                                                 .start_s = NAN,
                                                 .end_s = NAN,
                                                 .duration_s = NAN,
                                                 .received_s = NAN,
                                                 .before = row->last_repeat};
    row->last_repeat = t->n_repeats++;
    row->n_asked++;
    t->n_evaluations++;
    table_move_to(t, row, AMBS_TRIAL_WAITING);
    return AMBS_OK;
}

/* Adds the values up to `i` in their order. */
static void add_values(const ambs_table *t, size_t i, ambs_sample *sample)
{
    if (i == SIZE_MAX) return;
    add_values(t, t->repeats[i].before, sample);
    if (t->repeats[i].state == AMBS_TRIAL_COMPLETE) ambs_sample_add(sample, t->repeats[i].value);
}

void table_take_mean(const ambs_table *t, ambs_trial_row *row)
{
    ambs_sample sample = {0};
    ambs_sample_add(&sample, row->first);
    add_values(t, row->last_repeat, &sample);
    row->n_evaluations = sample.n;
    row->objective = sample.mean;
    row->value_sd = ambs_sample_sd(&sample);
    row->value_error = ambs_sample_error(&sample);
}

/* ---- attempts and outcomes ---- */

static int apply_start(ambs_table *t, const ambs_record_start *r, ambs_error *err)
{
    ambs_trial_row *row = table_find_trial(t, r->trial, err);
    if (!row) return AMBS_E_FORMAT;
    if (row->state != AMBS_TRIAL_WAITING && row->state != AMBS_TRIAL_PAUSED)
        return table_unfit(err, r->trial, "it was started while it was not waiting");
    if (r->attempt != row->n_attempts + 1)
        return table_unfit(err, r->trial, "its attempts count up by one from 1");
    int rc = ambs_reserve(&t->attempts, &t->attempts_capacity, t->n_attempts + 1,
                          sizeof *t->attempts, err);
    if (rc != AMBS_OK) return rc;
    uint32_t epoch = t->n_lives > 0 ? t->lives[t->n_lives - 1].epoch : 0;
    t->attempts[t->n_attempts] = (ambs_attempt_row){.trial = r->trial,
                                                    .attempt = r->attempt,
                                                    .rank = r->rank,
                                                    .slot = r->slot,
                                                    .epoch = epoch,
                                                    .repeat = row->n_asked - 1,
                                                    .start_s = r->wall_s,
                                                    .end_s = NAN,
                                                    .duration_s = NAN,
                                                    .state = AMBS_TRIAL_RUNNING,
                                                    .before = row->last_attempt};
    row->last_attempt = t->n_attempts++;
    row->n_attempts++;
    row->rank = r->rank;
    row->slot = r->slot;
    row->staleness = r->staleness;
    row->start_s = r->wall_s;
    table_move_to(t, row, AMBS_TRIAL_RUNNING);
    return AMBS_OK;
}

static ambs_attempt_row *find_attempt(ambs_table *t, const ambs_trial_row *row, uint32_t attempt)
{
    size_t i = row->last_attempt;
    while (i != SIZE_MAX && t->attempts[i].attempt != attempt) i = t->attempts[i].before;
    return i != SIZE_MAX ? &t->attempts[i] : NULL;
}

bool ambs_table_is_current(const ambs_table *t, uint64_t trial, uint32_t attempt)
{
    const ambs_trial_row *row = &t->rows[trial];
    size_t i = row->last_attempt;
    while (i != SIZE_MAX && t->attempts[i].attempt != attempt) i = t->attempts[i].before;
    return i != SIZE_MAX && t->attempts[i].repeat + 1 == row->n_asked;
}

static void end_attempt(ambs_attempt_row *a, const ambs_outcome *o)
{
    a->state = o->state;
    a->reason = o->reason;
    a->code = o->code;
    if (isfinite(o->start_s)) a->start_s = o->start_s;
    a->end_s = o->end_s;
    a->duration_s = o->duration_s;
}

/* The others of the trial have nothing to do any more. */
static void cancel_attempts(ambs_table *t, const ambs_trial_row *row, double wall_s)
{
    for (size_t i = row->last_attempt; i != SIZE_MAX; i = t->attempts[i].before)
        if (t->attempts[i].state == AMBS_TRIAL_RUNNING) {
            t->attempts[i].state = AMBS_TRIAL_CANCELLED;
            t->attempts[i].reason = AMBS_REASON_CANCELLED;
            t->attempts[i].end_s = wall_s;
        }
}

/* Room for what finish() will add. *ret_message is a copy, or "". */
static int reserve_outcome(ambs_table *t, const ambs_outcome *o, const char **ret_message,
                           ambs_error *err)
{
    int rc = ambs_reserve(&t->inputs, &t->inputs_capacity, t->n_inputs + 1, sizeof *t->inputs, err);
    if (rc == AMBS_OK)
        rc = ambs_reserve(&t->metrics, &t->metrics_capacity, t->n_metrics + o->n_metrics,
                          sizeof *t->metrics, err);
    *ret_message = "";
    if (rc == AMBS_OK && o->message[0] && !(*ret_message = ambs_strdup(o->message, err)))
        rc = AMBS_E_NOMEM;
    return rc;
}

void table_note_incumbents(ambs_table *t, const ambs_trial_row *row)
{
    if (!isfinite(row->objective) || !ambs_trial_has_result(row)) return;
    if (t->least == UINT64_MAX || row->objective < t->rows[t->least].objective) t->least = row->id;
    if (t->greatest == UINT64_MAX || row->objective > t->rows[t->greatest].objective)
        t->greatest = row->id;
}

static void find_incumbents(ambs_table *t)
{
    t->least = t->greatest = UINT64_MAX;
    for (size_t i = 0; i < t->n; i++) table_note_incumbents(t, &t->rows[i]);
}

/* A repeat has ended: its row, the trial's value, and what has become of the trial. */
static void finish_repeat(ambs_table *t, ambs_trial_row *row, uint32_t attempt,
                          const ambs_outcome *o, double wall_s)
{
    ambs_repeat_row *e = &t->repeats[row->last_repeat];
    e->state = o->state;
    e->reason = o->reason;
    e->code = o->code;
    e->attempt = attempt;
    e->value = o->objective;
    e->start_s = isfinite(o->start_s) ? o->start_s : row->start_s;
    e->end_s = o->end_s;
    e->duration_s = o->duration_s;
    e->received_s = wall_s;
    row->n_refused += o->state == AMBS_TRIAL_FAILED;
    table_take_mean(t, row);
    bool failed = row->n_evaluations <= row->n_refused;
    if (failed) row->objective = NAN;
    table_move_to(t, row, failed ? AMBS_TRIAL_FAILED : AMBS_TRIAL_COMPLETE);
    find_incumbents(t);
}

static void keep_metrics(ambs_table *t, ambs_trial_row *row, const ambs_outcome *o)
{
    row->metrics = t->n_metrics;
    row->n_metrics = o->n_metrics;
    if (o->n_metrics > 0)
        memcpy(t->metrics + t->n_metrics, o->metrics, o->n_metrics * sizeof *o->metrics);
    t->n_metrics += o->n_metrics;
}

static void finish_first(ambs_table *t, ambs_trial_row *row, const ambs_outcome *o)
{
    row->objective = o->objective;
    if (o->state == AMBS_TRIAL_COMPLETE) {
        row->first = o->objective;
        row->n_evaluations = 1;
    }
    row->n_refused += o->state == AMBS_TRIAL_FAILED;
    table_move_to(t, row, o->state);
    if (o->state == AMBS_TRIAL_COMPLETE) table_note_incumbents(t, row);
}

/* `attempt` gave the outcome of the evaluation that was asked for last. */
static void finish(ambs_table *t, ambs_trial_row *row, ambs_record_type type, uint32_t attempt,
                   const ambs_outcome *o, const char *message, double wall_s)
{
    bool repeat = row->last_repeat != SIZE_MAX, failed = o->state == AMBS_TRIAL_FAILED;
    t->inputs[t->n_inputs++] =
        (ambs_input_row){.type = type, .repeat = row->n_asked - 1, .trial = row->id};
    t->n_results++;
    t->n_failed_in_row = failed                            ? t->n_failed_in_row + 1
                         : o->state == AMBS_TRIAL_COMPLETE ? 0
                                                           : t->n_failed_in_row;
    if (isfinite(o->start_s)) row->start_s = o->start_s;
    row->end_s = o->end_s;
    row->duration_s = o->duration_s;
    row->received_s = wall_s;
    if (row->message[0]) free((char *)row->message);
    row->message = message;
    if (repeat)
        finish_repeat(t, row, attempt, o, wall_s);
    else
        finish_first(t, row, o);
    bool stands = repeat && row->state == AMBS_TRIAL_COMPLETE;
    row->reason = stands ? AMBS_REASON_NONE : o->reason;
    row->code = stands ? 0 : o->code;
    if (!repeat || o->state == AMBS_TRIAL_COMPLETE) keep_metrics(t, row, o);
}

static int check_final(uint64_t trial, const ambs_outcome *o, ambs_error *err)
{
    if (o->state == AMBS_TRIAL_COMPLETE || o->state == AMBS_TRIAL_PRUNED ||
        o->state == AMBS_TRIAL_FAILED)
        return AMBS_OK;
    return table_unfit(err, trial, "a trial ends as complete, pruned or failed");
}

static int apply_result(ambs_table *t, const ambs_record_result *r, ambs_error *err)
{
    ambs_trial_row *row = table_find_trial(t, r->trial, err);
    if (!row) return AMBS_E_FORMAT;
    if (is_over(row->state)) return table_unfit(err, r->trial, "it has ended before this result");
    int rc = r->final ? check_final(r->trial, &r->outcome, err) : AMBS_OK;
    if (rc != AMBS_OK) return rc;
    ambs_attempt_row *attempt = find_attempt(t, row, r->attempt);
    if (!attempt && !(r->attempt == 0 && row->n_attempts == 0 && r->final))
        return table_unfit(err, r->trial, "the attempt of this result was never started");
    if (!r->final && attempt->state != AMBS_TRIAL_RUNNING)
        return table_unfit(err, r->trial, "the attempt of this result has ended before");
    if (attempt && attempt->repeat + 1 != row->n_asked)
        return table_unfit(err, r->trial,
                           "the attempt of this result was one of an earlier evaluation");
    if (!r->final) {
        end_attempt(attempt, &r->outcome);
        row->end_s = r->outcome.end_s;
        row->duration_s = r->outcome.duration_s;
        if (attempt == &t->attempts[row->last_attempt])
            table_move_to(t, row,
                          r->outcome.state == AMBS_TRIAL_PAUSED ? AMBS_TRIAL_PAUSED
                                                                : AMBS_TRIAL_WAITING);
        return AMBS_OK;
    }
    const char *message;
    rc = reserve_outcome(t, &r->outcome, &message, err);
    if (rc != AMBS_OK) return rc;
    if (attempt) end_attempt(attempt, &r->outcome);
    cancel_attempts(t, row, r->wall_s);
    row->rank = r->rank;
    row->slot = r->slot;
    finish(t, row, AMBS_RECORD_RESULT, r->attempt, &r->outcome, message, r->wall_s);
    return AMBS_OK;
}

static int apply_cancel(ambs_table *t, const ambs_record_cancel *r, ambs_error *err)
{
    ambs_trial_row *row = table_find_trial(t, r->trial, err);
    if (!row) return AMBS_E_FORMAT;
    if (row->state != AMBS_TRIAL_WAITING && row->state != AMBS_TRIAL_PAUSED)
        return table_unfit(err, r->trial, "only a waiting trial can be cancelled");
    int rc = ambs_reserve(&t->inputs, &t->inputs_capacity, t->n_inputs + 1, sizeof *t->inputs, err);
    if (rc != AMBS_OK) return rc;
    t->inputs[t->n_inputs++] =
        (ambs_input_row){.type = AMBS_RECORD_CANCEL, .repeat = row->n_asked - 1, .trial = r->trial};
    t->n_evaluations--;
    if (row->last_repeat != SIZE_MAX) {
        t->repeats[row->last_repeat].state = AMBS_TRIAL_CANCELLED;
        t->repeats[row->last_repeat].reason = AMBS_REASON_CANCELLED;
        t->repeats[row->last_repeat].received_s = r->wall_s;
        table_move_to(t, row, AMBS_TRIAL_COMPLETE);
        return AMBS_OK;
    }
    row->received_s = r->wall_s;
    row->reason = AMBS_REASON_CANCELLED;
    table_move_to(t, row, AMBS_TRIAL_CANCELLED);
    return AMBS_OK;
}

static int apply_own(ambs_table *t, const ambs_record_own *r, ambs_error *err)
{
    const char *message;
    int rc = check_final(r->trial, &r->outcome, err);
    if (rc == AMBS_OK) rc = reserve_trial(t, r->trial, err);
    if (rc == AMBS_OK) rc = reserve_outcome(t, &r->outcome, &message, err);
    if (rc != AMBS_OK) return rc;
    ambs_proposal p = {.trial = r->trial,
                       .origin = AMBS_ORIGIN_OWN,
                       .mean = NAN,
                       .sd = NAN,
                       .acquisition = NAN,
                       .lie = NAN};
    ambs_trial_row *row = add_trial(t, &p, r->x, t->n_inputs);
    row->proposed_s = r->wall_s;
    finish(t, row, AMBS_RECORD_OWN, 0, &r->outcome, message, r->wall_s);
    return AMBS_OK;
}

static int apply_body(ambs_table *t, const ambs_record *r, ambs_error *err)
{
    switch (r->type) {
    case AMBS_RECORD_LIFE:
        return table_apply_life(t, r, err);
    case AMBS_RECORD_PROPOSAL:
        return apply_proposal(t, &r->as.proposal, err);
    case AMBS_RECORD_START:
        return apply_start(t, &r->as.start, err);
    case AMBS_RECORD_RESULT:
        return apply_result(t, &r->as.result, err);
    case AMBS_RECORD_CANCEL:
        return apply_cancel(t, &r->as.cancel, err);
    case AMBS_RECORD_OWN:
        return apply_own(t, &r->as.own, err);
    case AMBS_RECORD_REPORT:
        return table_apply_report(t, &r->as.report, err);
    case AMBS_RECORD_WORKER:
        return table_apply_worker(t, &r->as.worker, err);
    case AMBS_RECORD_EVENT:
        return table_apply_event(t, &r->as.event, err);
    case AMBS_RECORD_END:
        return table_apply_end(t, &r->as.end, err);
    case AMBS_RECORD_JOB:
        return table_apply_job(t, &r->as.job, err);
    case AMBS_RECORD_SLOT:
        return table_apply_slot(t, &r->as.slot, err);
    case AMBS_RECORD_OUTPUT:
        return table_apply_output(t, &r->as.output, err);
    case AMBS_RECORD_REPEAT:
        return apply_repeat(t, &r->as.repeat, err);
    }
    return ambs_fail(err, AMBS_E_FORMAT, "type %d is not known", (int)r->type);
}

int ambs_table_apply(ambs_table *t, const ambs_record *record, ambs_error *err)
{
    if (record->sequence <= t->sequence)
        return ambs_fail(err, AMBS_E_FORMAT, "record %llu comes after record %llu",
                         (unsigned long long)record->sequence, (unsigned long long)t->sequence);
    int rc = t->n_lives == 0 && record->type != AMBS_RECORD_LIFE
                 ? ambs_fail(err, AMBS_E_FORMAT, "the first record must begin a life")
                 : apply_body(t, record, err);
    if (rc != AMBS_OK)
        return ambs_wrap(err, rc, "record %llu", (unsigned long long)record->sequence);
    t->sequence = record->sequence;
    return AMBS_OK;
}

/* ---- the asks ---- */

void ambs_asks_begin(ambs_ask_walk *walk, const ambs_table *table)
{
    *walk = (ambs_ask_walk){.table = table};
}

bool ambs_asks_next(ambs_ask_walk *w)
{
    const ambs_table *t = w->table;
    while (w->next_trial < t->n && t->rows[w->next_trial].origin == AMBS_ORIGIN_OWN)
        w->next_trial++; /* it is an input */
    w->repeat = w->next_repeat < t->n_repeats ? &t->repeats[w->next_repeat] : NULL;
    if (w->repeat && w->repeat->n_trials > w->next_trial && w->next_trial < t->n) w->repeat = NULL;
    if (!w->repeat && w->next_trial == t->n) return false;
    if (w->repeat)
        w->next_repeat++;
    else
        w->next_trial++;
    w->trial = w->repeat ? w->repeat->trial : w->next_trial - 1;
    w->n_inputs = w->repeat ? w->repeat->n_inputs : t->rows[w->trial].n_inputs;
    return true;
}
