/* SPDX-License-Identifier: MIT */
/* What arrives: results, reports, and what becomes of them. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cluster/manager_state.h"

/* --- results --------------------------------------------------------------------------------- */

static int wait_again(ambs_manager *m, uint64_t trial, ambs_error *err)
{
    return ambs_queue_push(&m->again, &trial, err);
}

/* A line of the log for a failure, since a study whose trials fail is best stopped soon. */
static void say_failure(ambs_manager *m, uint64_t trial, const ambs_outcome *o, bool final)
{
    char reason[64], others[64] = "";
    if (m->time.now_s < m->failure_said_s + FAILURE_PAUSE_S) {
        m->failures_unsaid++;
        return;
    }
    if (m->failures_unsaid > 0)
        snprintf(others, sizeof others, " (and %llu others before)",
                 (unsigned long long)m->failures_unsaid);
    ambs_log_line(m->config.log, AMBS_LOG_INFO, "trial %llu failed%s: %s%s%s%s",
                  (unsigned long long)trial, final ? "" : " and is run again",
                  ambs_reason_text(o->reason, o->code, reason), o->message[0] ? ": " : "",
                  o->message, others);
    m->failure_said_s = m->time.now_s;
    m->failures_unsaid = 0;
}

int manager_end_attempt(ambs_manager *m, uint32_t rank, const ambs_address *at,
                        const ambs_outcome *outcome, bool final, ambs_error *err)
{
    ambs_record record = {.type = AMBS_RECORD_RESULT};
    record.as.result = (ambs_record_result){.trial = at->trial,
                                            .attempt = at->attempt,
                                            .rank = rank,
                                            .slot = at->slot,
                                            .final = final,
                                            .wall_s = m->time.wall_s,
                                            .outcome = *outcome};
    int rc = manager_record(m, &record, err);
    if (rc != AMBS_OK) return rc;
    if (outcome->state == AMBS_TRIAL_FAILED &&
        (final || outcome->reason != AMBS_REASON_WORKER_LOST))
        say_failure(m, at->trial, outcome, final);
    if (final) return m->config.model.tell(m->config.model.ctx, at->trial, outcome, err);
    return outcome->state == AMBS_TRIAL_PAUSED ? AMBS_OK : wait_again(m, at->trial, err);
}

/* Acknowledged when all that is recorded by now is durable. */
static int ack_later(ambs_manager *m, uint32_t rank, const ambs_address *at, bool frees_slot,
                     ambs_error *err)
{
    ack a = {.sequence = m->recorded, .rank = rank, .frees_slot = frees_slot, .at = *at};
    return ambs_queue_push(&m->acks, &a, err);
}

int manager_send_acks(ambs_manager *m, ambs_error *err)
{
    if (m->acks.n == 0) return AMBS_OK;
    uint64_t durable = m->config.sink.durable(m->config.sink.ctx);
    const ack *first;
    while ((first = ambs_queue_first(&m->acks)) && first->sequence <= durable) {
        ack a;
        ambs_queue_pop(&m->acks, &a);
        const worker *w = &m->workers[a.rank];
        if (a.frees_slot) {
            m->slots[w->first_slot + a.at.slot].waits_for_ack = false;
            manager_place_slot(m, w->first_slot + a.at.slot);
        }
        if (w->state != AMBS_WORKER_JOINED && w->state != AMBS_WORKER_SUSPECT) continue;
        ambs_message message = {.type = AMBS_MESSAGE_ACK, .as.ack.at = a.at};
        int rc = manager_send(m, a.rank, &message, err);
        if (rc != AMBS_OK) return rc;
    }
    return AMBS_OK;
}

/* The slot holds this attempt no more. */
static void release(ambs_manager *m, uint32_t s, const ambs_address *at, double duration_s)
{
    slot *sl = &m->slots[s];
    uint32_t i = 0;
    while (i < sl->n_held && (sl->held[i].trial != at->trial || sl->held[i].attempt != at->attempt))
        i++;
    if (i == sl->n_held) return;
    manager_integrate(m);
    memmove(&sl->held[i], &sl->held[i + 1], (sl->n_held - i - 1) * sizeof *sl->held);
    m->n_held--;
    if (--sl->n_held == 0) {
        m->n_busy--;
        sl->free_since_s = m->time.now_s;
        sl->free_since_trial = m->table->n;
    }
    if (duration_s >= 0)
        sl->mean_s = isnan(sl->mean_s) ? duration_s : 0.8 * sl->mean_s + 0.2 * duration_s;
}

/* The trial has its result: the attempt that still runs for it is in vain. The table ends it with
 * the trial. */
static int cancel_other(ambs_manager *m, const ambs_trial_row *row, ambs_error *err)
{
    if (m->workers[row->rank].state != AMBS_WORKER_JOINED) return AMBS_OK;
    ambs_message cancel = {.type = AMBS_MESSAGE_CANCEL};
    cancel.as.cancel.at = (ambs_address){row->slot, row->n_attempts, row->id};
    cancel.as.cancel.at_once = true;
    return manager_send_after_write(m, row->rank, &cancel, err);
}

/* Keeps the promise that a complete trial has a number. */
static void settle_outcome(ambs_outcome *o)
{
    if (o->state != AMBS_TRIAL_COMPLETE || isfinite(o->objective)) return;
    o->state = AMBS_TRIAL_FAILED;
    o->reason = isnan(o->objective) ? AMBS_REASON_NOT_A_NUMBER : AMBS_REASON_INFINITE;
    o->objective = NAN;
}

/* A trial that saved its state when it was asked to, and ended then, has not failed: it goes on in
 * the next life. */
static void settle_cut(const ambs_manager *m, ambs_outcome *o)
{
    bool gave_up = o->reason == AMBS_REASON_NO_RESULT || o->reason == AMBS_REASON_EXIT ||
                   o->reason == AMBS_REASON_SIGNAL;
    if (m->asked_to_save && o->state == AMBS_TRIAL_FAILED && gave_up)
        *o = (ambs_outcome){.state = AMBS_TRIAL_CANCELLED,
                            .reason = AMBS_REASON_CANCELLED,
                            .code = o->code,
                            .objective = NAN,
                            .start_s = o->start_s,
                            .end_s = o->end_s,
                            .duration_s = o->duration_s};
    if (m->cut && o->state == AMBS_TRIAL_CANCELLED) o->reason = AMBS_REASON_DEADLINE;
}

static int take_outcome(ambs_manager *m, uint32_t rank, const ambs_address *at,
                        ambs_outcome *outcome, ambs_error *err)
{
    const ambs_trial_row *row = &m->table->rows[at->trial];
    if (manager_trial_is_over(row))
        return AMBS_OK; /* it came before, or another attempt was first */
    if (!ambs_table_is_current(m->table, at->trial, at->attempt))
        return AMBS_OK; /* of an evaluation that ended before this one began */
    bool current = row->state == AMBS_TRIAL_RUNNING && row->n_attempts == at->attempt;
    bool worthless =
        outcome->state == AMBS_TRIAL_CANCELLED || outcome->reason == AMBS_REASON_WORKER_LOST;
    if (!current && worthless) return AMBS_OK;
    if (!current && row->state == AMBS_TRIAL_RUNNING) {
        int rc = cancel_other(m, row, err);
        if (rc != AMBS_OK) return rc;
    }
    settle_outcome(outcome);
    settle_cut(m, outcome);
    return manager_end_attempt(m, rank, at, outcome, manager_is_final(m, at, outcome), err);
}

static int take_result(ambs_manager *m, uint32_t rank, ambs_message *message, ambs_error *err)
{
    const ambs_address at = message->as.result.at;
    const worker *w = &m->workers[rank];
    if (at.trial >= m->table->n || at.slot >= w->n_slots || at.attempt == 0 ||
        at.attempt > m->table->rows[at.trial].n_attempts) {
        ambs_log_line(
            m->config.log, AMBS_LOG_WARNING,
            "dropped a result of rank %u for trial %llu, attempt %u, which it was never given",
            rank, (unsigned long long)at.trial, at.attempt);
        return AMBS_OK;
    }
    uint32_t s = w->first_slot + at.slot;
    ambs_outcome *outcome = &message->as.result.outcome;
    release(m, s, &at, outcome->state == AMBS_TRIAL_CANCELLED ? NAN : outcome->duration_s);
    if (isfinite(outcome->end_s)) m->slots[s].left_s = outcome->end_s;
    int rc = manager_note_duration(m, at.trial, outcome, err);
    if (rc == AMBS_OK) rc = take_outcome(m, rank, &at, outcome, err);
    bool waits = m->spec->durability == AMBS_DURABILITY_RESULT;
    m->slots[s].waits_for_ack = waits;
    manager_place_slot(m, s);
    return rc == AMBS_OK ? ack_later(m, rank, &at, waits, err) : rc;
}

/* --- reports --------------------------------------------------------------------------------- */

int manager_answer(ambs_manager *m, const ambs_proposer_report *report, ambs_decision decision,
                   ambs_error *err)
{
    const ambs_trial_row *row = &m->table->rows[report->trial];
    if (row->state != AMBS_TRIAL_RUNNING || row->n_attempts != report->attempt) return AMBS_OK;
    ambs_record record = {.type = AMBS_RECORD_REPORT};
    ambs_record_report *r = &record.as.report;
    *r = (ambs_record_report){.trial = report->trial,
                              .attempt = report->attempt,
                              .decision = decision,
                              .step = report->step,
                              .wall_s = m->time.wall_s,
                              .value = report->value};
    memcpy(r->metric, report->metric, sizeof r->metric);
    uint32_t rank = row->rank;
    ambs_message answer = {.type = AMBS_MESSAGE_ANSWER};
    answer.as.answer.at = (ambs_address){row->slot, report->attempt, report->trial};
    answer.as.answer.decision = decision;
    int rc = manager_record(m, &record, err);
    return rc == AMBS_OK ? manager_send_after_write(m, rank, &answer, err) : rc;
}

static int take_report(ambs_manager *m, const ambs_message *message, ambs_error *err)
{
    const ambs_address *at = &message->as.report.at;
    if (at->trial >= m->table->n) return AMBS_OK;
    ambs_proposer_report report = {.trial = at->trial,
                                   .attempt = at->attempt,
                                   .step = message->as.report.step,
                                   .value = message->as.report.value};
    memcpy(report.metric, message->as.report.metric, sizeof report.metric);
    if (m->config.model.report) return m->config.model.report(m->config.model.ctx, &report, err);
    return manager_answer(m, &report, AMBS_CONTINUE, err);
}

/* --- output ---------------------------------------------------------------------------------- */

/* What comes too late, or after the study's share was used up, is dropped. */
static int take_output(ambs_manager *m, const ambs_message *message, ambs_error *err)
{
    const ambs_address *at = &message->as.output.at;
    ambs_record record = {.type = AMBS_RECORD_OUTPUT};
    record.as.output = (ambs_record_output){.trial = at->trial,
                                            .attempt = at->attempt,
                                            .stream = message->as.output.stream,
                                            .part = message->as.output.part,
                                            .printed = message->as.output.printed,
                                            .text = message->as.output.text};
    double bytes = (double)m->table->output_bytes + (double)strlen(record.as.output.text);
    if (bytes > m->config.spec->trial.output.total_bytes ||
        !ambs_table_expects_output(m->table, &record.as.output))
        return AMBS_OK;
    return manager_record(m, &record, err);
}

/* --- all messages ---------------------------------------------------------------------------- */

int manager_take(ambs_manager *m, uint32_t rank, const ambs_message *message, ambs_error *err)
{
    if (message->type == AMBS_MESSAGE_HELLO) return manager_hello(m, rank, message, err);
    if (message->epoch != m->config.epoch) return AMBS_OK; /* of another life of the study */
    int rc = manager_heard(m, rank, err);
    if (rc != AMBS_OK || m->workers[rank].state == 0) return rc;
    ambs_message copy;
    switch (message->type) {
    case AMBS_MESSAGE_RESULT:
        copy = *message;
        return take_result(m, rank, &copy, err);
    case AMBS_MESSAGE_REPORT:
        return take_report(m, message, err);
    case AMBS_MESSAGE_OUTPUT:
        return take_output(m, message, err);
    case AMBS_MESSAGE_BYE:
        return manager_leave(m, rank, AMBS_WORKER_LEFT, err);
    default:
        return AMBS_OK; /* a heartbeat has done its work by arriving */
    }
}
