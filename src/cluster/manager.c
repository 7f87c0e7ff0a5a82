/* SPDX-License-Identifier: MIT */
/* The manager's life, its turn and its limits. See manager.h for the state machines. */
#include "cluster/manager.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cluster/manager_state.h"
#include "search/goals.h"
#include "study/best.h"
#include "study/front.h"

int manager_record(ambs_manager *m, ambs_record *record, ambs_error *err)
{
    m->active = true;
    int rc = m->config.sink.record(m->config.sink.ctx, record, err);
    m->recorded = m->table->sequence;
    return rc;
}

int manager_event(ambs_manager *m, ambs_log_level level, ambs_error *err, const char *format, ...)
{
    char text[512];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    ambs_log_line(m->config.log, level, "%s", text);
    ambs_record record = {.type = AMBS_RECORD_EVENT};
    record.as.event = (ambs_record_event){level, m->time.wall_s, text};
    return manager_record(m, &record, err);
}

static int encode(ambs_manager *m, const ambs_message *message, ambs_error *err)
{
    ambs_message stamped = *message;
    stamped.epoch = m->config.epoch;
    ambs_text_clear(&m->frame);
    return ambs_message_encode(&stamped, &m->frame, err);
}

static int send_frames(ambs_manager *m, uint32_t rank, const void *frames, size_t length,
                       ambs_error *err)
{
    worker *w = &m->workers[rank];
    w->sent_s = m->time.now_s;
    if (ambs_roster_has(&m->sent, rank)) ambs_roster_push(&m->sent, rank);
    m->active = true;
    return m->config.link.send(m->config.link.ctx, rank, frames, length, err);
}

int manager_send(ambs_manager *m, uint32_t rank, const ambs_message *message, ambs_error *err)
{
    int rc = encode(m, message, err);
    return rc != AMBS_OK ? rc : send_frames(m, rank, m->frame.text, m->frame.length, err);
}

typedef struct outbox_head {
    uint64_t sequence;
    uint32_t rank, length;
} outbox_head;

int manager_send_after_write(ambs_manager *m, uint32_t rank, const ambs_message *message,
                             ambs_error *err)
{
    int rc = encode(m, message, err);
    if (rc != AMBS_OK) return rc;
    outbox_head head = {m->recorded, rank, (uint32_t)m->frame.length};
    ambs_text_add_bytes(&m->outbox, &head, sizeof head);
    ambs_text_add_bytes(&m->outbox, m->frame.text, m->frame.length);
    return ambs_text_check(&m->outbox, err);
}

/* What was held back until its records were written. A worker that is gone by now gets nothing. */
static int send_outbox(ambs_manager *m, ambs_error *err)
{
    if (m->outbox.length == 0) return AMBS_OK;
    uint64_t written = m->config.sink.written(m->config.sink.ctx);
    int rc = AMBS_OK;
    while (m->outbox_at < m->outbox.length && rc == AMBS_OK) {
        outbox_head head;
        const char *at = m->outbox.text + m->outbox_at;
        memcpy(&head, at, sizeof head);
        if (head.sequence > written) return AMBS_OK;
        if (m->workers[head.rank].state == AMBS_WORKER_JOINED)
            rc = send_frames(m, head.rank, at + sizeof head, head.length, err);
        m->outbox_at += sizeof head + head.length;
    }
    ambs_text_clear(&m->outbox);
    m->outbox_at = 0;
    return rc;
}

bool manager_trial_is_over(const ambs_trial_row *row)
{
    return row->state != AMBS_TRIAL_WAITING && row->state != AMBS_TRIAL_RUNNING &&
           row->state != AMBS_TRIAL_PAUSED;
}

/* --- the journal ----------------------------------------------------------------------------- */

static void begin_trouble(ambs_manager *m, const char *text)
{
    if (isnan(m->trouble_since_s)) {
        m->trouble_since_s = m->time.now_s;
        ambs_log_line(m->config.log, AMBS_LOG_WARNING,
                      "the journal cannot be written, so nothing is handed out until it can: %s",
                      text);
    }
    snprintf(m->trouble, sizeof m->trouble, "%.255s", text);
    m->retry_s = m->time.now_s + RETRY_S;
}

static int end_trouble(ambs_manager *m, ambs_error *err)
{
    double lasted = m->time.now_s - m->trouble_since_s;
    char text[40];
    m->trouble_since_s = NAN;
    int rc = manager_event(m, AMBS_LOG_WARNING, err, "the journal is written again after %s (%s)",
                           ambs_format_duration(lasted, text), m->trouble);
    m->trouble[0] = '\0';
    return rc;
}

/* Whether the journal has yet to write, or to make durable, something that was handed over: then it
 * is asked whether it can. */
static bool journal_owes(const ambs_manager *m)
{
    return m->posted > m->config.sink.durable(m->config.sink.ctx);
}

/* Hands what this turn recorded to the journal, and lets go what depended on records that are
 * written by now. Trouble is no error: the study waits. */
static int write_records(ambs_manager *m, ambs_error *err)
{
    bool in_trouble = !isnan(m->trouble_since_s);
    if (in_trouble ? m->time.now_s >= m->retry_s : m->recorded > m->posted || journal_owes(m)) {
        ambs_error why = {0};
        m->posted = m->recorded;
        if (m->config.sink.write(m->config.sink.ctx, &why) != AMBS_OK)
            begin_trouble(m, why.text);
        else if (in_trouble) {
            int rc = end_trouble(m, err);
            if (rc != AMBS_OK) return rc;
        }
    }
    return send_outbox(m, err);
}

/* --- the limits ------------------------------------------------------------------------------ */

/* Looked for once after each result: among repeated trials that is a walk over all of them. */
static uint64_t best_trial(ambs_manager *m)
{
    if (m->looked_at == m->table->n_inputs) return m->best_now;
    m->looked_at = m->table->n_inputs;
    m->best_now = ambs_study_best(m->spec, m->table);
    m->target_reached = ambs_study_target_reached(m->spec, m->table, m->best_now);
    return m->best_now;
}

/* With several metrics one trial must reach all targets; each result is looked at once. */
static bool all_targets_are_reached(ambs_manager *m)
{
    double values[AMBS_MAX_GOALS];
    for (; m->n_inputs_seen < m->table->n_inputs; m->n_inputs_seen++)
        if (ambs_front_values(m->table, m->spec, m->table->inputs[m->n_inputs_seen].trial, values))
            m->targets_reached |= ambs_goals_reach_targets(m->spec, values);
    return m->targets_reached;
}

static bool target_is_reached(ambs_manager *m)
{
    if (m->spec->n_goals > 1) return all_targets_are_reached(m);
    return best_trial(m) != UINT64_MAX && m->target_reached;
}

static double time_used_s(const ambs_manager *m)
{
    return m->config.time_used_s + m->time.now_s - m->start_s;
}

int ambs_manager_drain(ambs_manager *m, ambs_status status, bool at_once, const char *text,
                       ambs_time time, ambs_error *err)
{
    m->time = time;
    if (m->phase == PHASE_DONE || (m->phase == PHASE_DRAINING && (m->at_once || !at_once)))
        return AMBS_OK;
    if (m->phase == PHASE_RUNNING) {
        m->status = status;
        snprintf(m->text, sizeof m->text, "%s", text);
        int rc = manager_event(m, AMBS_LOG_INFO, err, "%s: nothing more is handed out", text);
        if (rc != AMBS_OK) return rc;
    }
    m->phase = PHASE_DRAINING;
    m->at_once = at_once;
    return manager_send_drain(m, err);
}

/* Whether the study is over by its own limits, and how that is said. */
static bool limit_is_reached(ambs_manager *m, ambs_status *ret_status, char *ret_text, size_t size)
{
    const ambs_budget *b = &m->spec->budget;
    const ambs_table *t = m->table;
    *ret_status = AMBS_STATUS_DONE;
    if (target_is_reached(m)) {
        snprintf(ret_text, size, "the target was reached");
        return true;
    }
    *ret_status = AMBS_STATUS_FAILURES;
    if (b->failures_total > 0 && t->n_failed >= b->failures_total) {
        snprintf(ret_text, size, "%llu trials failed (budget.failures.total)",
                 (unsigned long long)t->n_failed);
        return true;
    }
    if (b->failures_in_row > 0 && t->n_failed_in_row >= b->failures_in_row) {
        snprintf(ret_text, size, "%llu trials failed in a row (budget.failures.in_a_row)",
                 (unsigned long long)t->n_failed_in_row);
        return true;
    }
    *ret_status = AMBS_STATUS_DONE;
    snprintf(ret_text, size, "the time budget is used up");
    return m->time.now_s >= m->start_s + b->time_s - m->config.time_used_s;
}

static int check_limits(ambs_manager *m, ambs_error *err)
{
    char text[160];
    ambs_status status;
    if (limit_is_reached(m, &status, text, sizeof text))
        return ambs_manager_drain(m, status, false, text, m->time, err);
    int rc = manager_check_slots(m, err);
    if (rc == AMBS_OK && m->phase == PHASE_RUNNING) rc = manager_check_deadline(m, err);
    if (rc != AMBS_OK || m->phase != PHASE_RUNNING) return rc;
    bool all_gone = m->n_gone >= m->config.n_expected;
    bool waited =
        m->n_joined == 0 && m->time.now_s >= m->alone_since_s + m->spec->manager.timeout_s;
    if (all_gone || waited)
        return ambs_manager_drain(
            m, AMBS_STATUS_STOPPED, true,
            all_gone ? "no worker is left" : "no worker has been heard for too long", m->time, err);
    return AMBS_OK;
}

/* Nothing waits, nothing runs, and no proposal can come: the natural end. */
static bool nothing_is_left(const ambs_manager *m)
{
    const ambs_table *t = m->table;
    bool budget_used = m->spec->budget.trials > 0 && t->n_evaluations >= m->spec->budget.trials;
    return (m->model_ended || budget_used) && t->n_waiting == t->n_paused && t->n_running == 0 &&
           m->n_allowed == 0;
}

/* A study that is over because its target was reached needs its waiting proposals no more. */
static int cancel_waiting(ambs_manager *m, ambs_error *err)
{
    int rc = AMBS_OK;
    for (uint64_t trial = 0; rc == AMBS_OK && trial < m->table->n; trial++) {
        if (m->table->rows[trial].state != AMBS_TRIAL_WAITING) continue;
        ambs_record record = {.type = AMBS_RECORD_CANCEL};
        record.as.cancel = (ambs_record_cancel){trial, m->time.wall_s};
        rc = manager_record(m, &record, err);
    }
    return rc;
}

static void name_spent_budget(ambs_manager *m)
{
    unsigned long long budget = m->spec->budget.trials, n = m->table->n_evaluations;
    int at = snprintf(m->text, sizeof m->text, "the budget of %llu %s is used up", budget,
                      ambs_repeats_on(&m->spec->repeats) ? "evaluations" : "trials");
    /* resumed with a smaller one */
    if (n > budget) snprintf(m->text + at, sizeof m->text - (size_t)at, ": there are %llu", n);
}

static void name_the_end(ambs_manager *m)
{
    const ambs_table *t = m->table;
    m->status = AMBS_STATUS_DONE;
    if (t->n_failed > 0 &&
        t->n_complete + t->n_pruned == 0) { /* a success that nobody should take for one */
        m->status = AMBS_STATUS_FAILURES;
        snprintf(m->text, sizeof m->text, "every trial failed");
    } else if (m->model_ended)
        snprintf(m->text, sizeof m->text, "%s", m->model_text);
    else
        name_spent_budget(m);
}

/* A study that was stopped, or cut by a deadline, may have come to its end while the last trials
 * ended: then there is nothing to go on with. */
static void settle_stop(ambs_manager *m)
{
    char text[160];
    ambs_status status;
    if (m->status != AMBS_STATUS_STOPPED) return;
    if (limit_is_reached(m, &status, text, sizeof text)) {
        m->status = status;
        snprintf(m->text, sizeof m->text, "%s", text);
    } else if (nothing_is_left(m)) {
        name_the_end(m);
    }
}

static int finish(ambs_manager *m, ambs_error *err)
{
    int rc = manager_give_up_held(m, err);
    settle_stop(m);
    if (rc == AMBS_OK && target_is_reached(m)) rc = cancel_waiting(m, err);
    ambs_message stop = {.type = AMBS_MESSAGE_STOP, .as.stop.status = (int)m->status};
    /* Also to those that have not said HELLO yet: nobody would answer it. */
    for (uint32_t r = 0; r < m->config.n_ranks && rc == AMBS_OK; r++)
        if (m->workers[r].state != AMBS_WORKER_LOST && m->workers[r].state != AMBS_WORKER_LEFT)
            rc = manager_send(m, r, &stop, err);
    m->phase = PHASE_DONE;
    return rc;
}

static int check_end(ambs_manager *m, ambs_error *err)
{
    if (m->phase == PHASE_RUNNING) {
        if (!nothing_is_left(m)) return AMBS_OK;
        name_the_end(m);
    } else if (m->n_held > 0 &&
               (m->time.now_s < m->drain_limit_s || m->time.now_s < m->listens_s)) {
        return AMBS_OK;
    }
    /* Results that are not safe yet hold the end up, but not for ever when the disk stays full. */
    if (isnan(m->ended_s)) m->ended_s = m->time.now_s;
    bool safe = m->acks.n == 0 && m->outbox.length == 0 && isnan(m->trouble_since_s);
    if (!safe && m->time.now_s < m->ended_s + LAST_WRITE_S) return AMBS_OK;
    return finish(m, err);
}

static void note_best(ambs_manager *m)
{
    if (best_trial(m) == m->best_trial) return;
    m->best_trial = best_trial(m);
    m->best_s = m->time.now_s - m->start_s;
}

/* --- the interface --------------------------------------------------------------------------- */

/* A turn that comes much too late: this process was stopped, or waited for a file system. What the
 * workers said meanwhile is still on its way here, so their silence counts for nothing. */
static void notice_absence(ambs_manager *m)
{
    char away[40];
    double late = m->time.now_s - m->promised_s, beat = m->spec->manager.heartbeat_s;
    if (!(late > (beat > ABSENCE_S ? beat : ABSENCE_S))) return;
    m->listens_s = m->time.now_s + beat + ABSENCE_S;
    m->alone_since_s += late;
    ambs_log_line(m->config.log, AMBS_LOG_WARNING,
                  "the manager did not run for %s: it listens before it calls any worker silent",
                  ambs_format_duration(late, away));
}

int ambs_manager_turn(ambs_manager *m, ambs_time time, bool *ret_active, ambs_error *err)
{
    m->time = time;
    notice_absence(m);
    int rc = AMBS_OK;
    if (m->phase == PHASE_RUNNING) rc = check_limits(m, err);
    if (rc == AMBS_OK && m->phase != PHASE_DONE) rc = manager_take_proposals(m, err);
    if (rc == AMBS_OK && m->phase == PHASE_RUNNING) rc = manager_hand_out(m, err);
    if (rc == AMBS_OK) rc = write_records(m, err);
    if (rc == AMBS_OK) rc = manager_send_acks(m, err);
    if (rc == AMBS_OK && m->phase != PHASE_DONE) rc = manager_watch(m, err);
    if (rc == AMBS_OK) note_best(m);
    if (rc == AMBS_OK && m->phase != PHASE_DONE) rc = check_end(m, err);
    if (ret_active) *ret_active = m->active;
    m->active = false;
    m->promised_s = ambs_manager_due_s(m);
    return rc;
}

int ambs_manager_receive(ambs_manager *m, uint32_t rank, const void *packet, size_t length,
                         ambs_time time, ambs_error *err)
{
    m->time = time;
    m->active = true;
    if (rank >= m->config.n_ranks) return AMBS_OK;
    for (;;) {
        ambs_message message;
        ambs_error why = {0};
        int rc = ambs_inbox_next(&m->inbox, &packet, &length, &message, &why);
        if (rc == AMBS_E_AGAIN) return AMBS_OK;
        if (rc == AMBS_E_FORMAT) {
            ambs_log_line(m->config.log, AMBS_LOG_WARNING, "dropped a message of rank %u: %s", rank,
                          why.text);
            continue;
        }
        if (rc == AMBS_OK) rc = manager_take(m, rank, &message, &why);
        if (rc != AMBS_OK) return ambs_fail(err, rc, "%s", why.text);
    }
}

int ambs_manager_dead(ambs_manager *m, uint32_t rank, ambs_time time, ambs_error *err)
{
    m->time = time;
    if (rank >= m->config.n_ranks) return AMBS_OK;
    return manager_leave(m, rank, AMBS_WORKER_LOST, err);
}

static double least(double a, double b)
{
    return b < a ? b : a;
}

double ambs_manager_due_s(const ambs_manager *m)
{
    double due = INFINITY;
    uint32_t rank = ambs_roster_first(&m->heard);
    if (rank != AMBS_ROSTER_NONE) due = least(due, manager_suspicion_s(m, rank));
    rank = ambs_roster_first(&m->sent);
    if (rank != AMBS_ROSTER_NONE)
        due = least(due, m->workers[rank].sent_s + m->spec->manager.heartbeat_s);
    if (!isnan(m->trouble_since_s)) due = least(due, m->retry_s);
    if (m->phase == PHASE_DRAINING) due = least(due, fmax(m->drain_limit_s, m->listens_s));
    if (!isnan(m->ended_s)) due = least(due, m->ended_s + LAST_WRITE_S);
    if (m->phase == PHASE_RUNNING) {
        due = least(due, m->start_s + m->spec->budget.time_s - m->config.time_used_s);
        due = least(due, manager_last_call_s(m));
        due = least(due, manager_table_s(m));
        if (m->deadline_s < INFINITY && m->n_held == 0) due = least(due, m->time.now_s + 1);
        if (m->n_joined == 0) due = least(due, m->alone_since_s + m->spec->manager.timeout_s);
    }
    return due;
}

bool ambs_manager_is_done(const ambs_manager *m, ambs_status *ret_status, const char **ret_text)
{
    if (m->phase != PHASE_DONE) return false;
    *ret_status = m->status;
    *ret_text = m->text;
    return true;
}

bool ambs_manager_process(const ambs_manager *m, uint32_t rank, uint64_t *ret_pid,
                          uint64_t *ret_space)
{
    if (rank >= m->config.n_ranks) return false;
    const worker *w = &m->workers[rank];
    if (w->state != AMBS_WORKER_JOINED && w->state != AMBS_WORKER_SUSPECT) return false;
    *ret_pid = w->pid;
    *ret_space = w->space;
    return true;
}

static double estimate_left(const ambs_manager *m, const ambs_progress *p)
{
    double by_time = m->spec->budget.time_s - time_used_s(m), left = NAN;
    if (p->budget > 0 && p->rate_per_s > 0)
        left = p->budget > p->n_done ? (double)(p->budget - p->n_done) / p->rate_per_s : 0;
    if (!isnan(by_time) && (isnan(left) || by_time < left)) left = by_time;
    return left;
}

void ambs_manager_progress(const ambs_manager *m, ambs_time time, ambs_progress *ret)
{
    const ambs_table *t = m->table;
    ambs_progress p = {.elapsed_s = time.now_s - m->start_s,
                       .n_complete = t->n_complete,
                       .n_pruned = t->n_pruned,
                       .n_failed = t->n_failed,
                       .n_done = t->n_results,
                       .n_running = t->n_running,
                       .n_waiting = t->n_waiting,
                       .budget = m->spec->budget.trials,
                       .best_trial = m->best_trial,
                       .best = m->best_trial == UINT64_MAX ? NAN : t->rows[m->best_trial].objective,
                       .best_s = m->best_s,
                       .n_slots = m->n_usable,
                       .n_busy = m->n_busy,
                       .n_workers = m->n_joined,
                       .n_suspect = m->n_suspect,
                       .n_lost = m->n_gone,
                       .buffer = m->buffer,
                       .draining = m->phase != PHASE_RUNNING,
                       .trouble = m->trouble};
    double since = time.now_s - m->integrated_s;
    double busy = m->busy_integral + since * m->n_busy,
           all = m->slot_integral + since * m->n_usable;
    p.utilisation = all > 0 ? busy / all : 0;
    p.rate_per_s = p.elapsed_s > 0 ? (double)(p.n_done - m->n_done_before) / p.elapsed_s : 0;
    p.left_s = estimate_left(m, &p);
    *ret = p;
}

/* --- making ---------------------------------------------------------------------------------- */

static int make_welcome(ambs_manager *m, ambs_error *err)
{
    ambs_message welcome = {.type = AMBS_MESSAGE_WELCOME, .epoch = m->config.epoch};
    welcome.as.welcome.file = m->spec->file ? m->spec->file : "";
    welcome.as.welcome.text = m->spec->text ? m->spec->text : "";
    return ambs_message_encode(&welcome, &m->welcome, err);
}

static int set_up(ambs_manager *m, ambs_error *err)
{
    m->workers = ambs_calloc(m->config.n_ranks, sizeof *m->workers, err);
    if (!m->workers) return AMBS_E_NOMEM;
    int rc = ambs_roster_reserve(&m->heard, m->config.n_ranks, err);
    if (rc == AMBS_OK) rc = ambs_roster_reserve(&m->sent, m->config.n_ranks, err);
    if (rc == AMBS_OK) rc = make_welcome(m, err);
    if (rc == AMBS_OK) rc = manager_grow_losses(m, err);
    if (rc == AMBS_OK) rc = manager_queue_waiting(m, err);
    return rc;
}

int ambs_manager_create(const ambs_manager_config *config, ambs_time time,
                        ambs_manager **ret_manager, ambs_error *err)
{
    ambs_manager *m = ambs_calloc(1, sizeof *m, err);
    if (!m) return AMBS_E_NOMEM;
    const ambs_table *t = config->table;
    m->config = *config;
    m->spec = config->spec;
    m->table = t;
    m->time = time;
    m->start_s = m->alone_since_s = m->integrated_s = time.now_s;
    m->again.item_size = m->ready.item_size = m->doubted.item_size = sizeof(uint64_t);
    m->too_long.item_size = sizeof(uint64_t);
    m->acks.item_size = sizeof(ack);
    m->inbox.one_frame = true;
    m->buffer = 1;
    m->trouble_since_s = m->ended_s = m->best_s = NAN;
    m->recorded = m->posted = t->sequence;
    m->n_done_before = t->n_results;
    m->looked_at = UINT64_MAX;
    m->best_trial = best_trial(m);
    m->failure_said_s = m->listens_s = -INFINITY;
    m->promised_s = INFINITY;
    m->deadline_s = INFINITY;
    m->saving_s = SAVING_S;
    manager_learn_durations(m);
    int rc = set_up(m, err);
    if (rc != AMBS_OK)
        ambs_manager_destroy(m);
    else
        *ret_manager = m;
    return rc;
}

void ambs_manager_destroy(ambs_manager *m)
{
    if (!m) return;
    free(m->workers);
    free(m->slots);
    free(m->losses);
    ambs_roster_fini(&m->heard);
    ambs_roster_fini(&m->sent);
    ambs_roster_fini(&m->idle);
    ambs_roster_fini(&m->hungry);
    ambs_queue_fini(&m->again);
    ambs_queue_fini(&m->doubted);
    ambs_queue_fini(&m->ready);
    ambs_queue_fini(&m->too_long);
    ambs_queue_fini(&m->acks);
    free(m->forecasts);
    ambs_inbox_fini(&m->inbox);
    ambs_text_fini(&m->outbox);
    ambs_text_fini(&m->frame);
    ambs_text_fini(&m->welcome);
    free(m);
}
