/* SPDX-License-Identifier: MIT */
#include "cluster/agent.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cluster/queue.h"
#include "cluster/status.h"

typedef enum phase {
    PHASE_NEW,
    PHASE_WAITING,
    PHASE_WORKING,
    PHASE_RESETTING,
    PHASE_DRAINING,
    PHASE_LEFT
} phase;

/* An attempt that waits for its slot. */
typedef struct waiting {
    uint64_t trial;
    uint32_t attempt, repeat;
    double fidelity;
    double *x; /* [d], owned */
} waiting;

enum { WITH_RUNNER_MAX = 16 };

typedef struct slot {
    uint32_t n_running; /* attempts that are with the runner, in their order */
    struct running {
        uint64_t trial;
        uint32_t attempt;
    } running[WITH_RUNNER_MAX];
    ambs_queue queue; /* of waiting */
} slot;

/* A result that the manager has not made durable yet. */
typedef struct kept {
    ambs_address at;
    char *frame;
    size_t length;
} kept;

struct ambs_agent {
    ambs_agent_config config;
    phase phase;
    bool opened;
    size_t d;
    uint32_t epoch;
    double heartbeat_s, timeout_s, grace_s;
    double heard_s, sent_s; /* the manager; by this agent */
    double turned_s;        /* the last turn */
    double drain_s;         /* when a draining agent cancels what still runs */
    bool drained_at_once;
    int status;
    slot *slots; /* [n_slots] */
    uint32_t n_busy;
    kept *kept; /* [n_kept], oldest first */
    size_t n_kept, kept_capacity;
    ambs_inbox inbox;
    ambs_text frame;
    bool active;
    double now_s, wall_s;
};

enum { HEARTBEAT_S = 5, TIMEOUT_S = 300 }; /* until the study says otherwise */
/* A turn that comes so much later than a heartbeat: the process was stopped. */
#define ABSENCE_S 2.0

static int send_bytes(ambs_agent *a, const void *bytes, size_t length, ambs_error *err)
{
    a->sent_s = a->now_s;
    a->active = true;
    return a->config.send(a->config.send_ctx, bytes, length, err);
}

static int send_message(ambs_agent *a, ambs_message *message, ambs_error *err)
{
    message->epoch = a->epoch;
    ambs_text_clear(&a->frame);
    int rc = ambs_message_encode(message, &a->frame, err);
    return rc == AMBS_OK ? send_bytes(a, a->frame.text, a->frame.length, err) : rc;
}

static int say_hello(ambs_agent *a, ambs_error *err)
{
    ambs_message hello = {.type = AMBS_MESSAGE_HELLO};
    hello.as.hello.n_slots = a->config.n_slots;
    if (a->config.seen) hello.as.hello.seen = *a->config.seen;
    hello.as.hello.pid = a->config.pid;
    hello.as.hello.space = a->config.space;
    snprintf(hello.as.hello.host, AMBS_HOST_SIZE, "%s", a->config.host);
    a->phase = PHASE_WAITING;
    return send_message(a, &hello, err);
}

/* --- results --------------------------------------------------------------------------------- */

static int keep(ambs_agent *a, const ambs_address *at, ambs_error *err)
{
    int rc = ambs_reserve(&a->kept, &a->kept_capacity, a->n_kept + 1, sizeof *a->kept, err);
    if (rc != AMBS_OK) return rc;
    char *frame = ambs_memdup(a->frame.text, a->frame.length, 1, err);
    if (!frame) return AMBS_E_NOMEM;
    a->kept[a->n_kept++] = (kept){.at = *at, .frame = frame, .length = a->frame.length};
    return AMBS_OK;
}

static int send_result(ambs_agent *a, const ambs_address *at, const ambs_outcome *outcome,
                       ambs_error *err)
{
    ambs_message message = {.type = AMBS_MESSAGE_RESULT};
    message.as.result.at = *at;
    message.as.result.outcome = *outcome;
    int rc = send_message(a, &message, err);
    return rc == AMBS_OK ? keep(a, at, err) : rc;
}

/* Acknowledgements come nearly in the order of the results, so the search is short. */
static void forget_result(ambs_agent *a, const ambs_address *at)
{
    for (size_t i = 0; i < a->n_kept; i++) {
        const ambs_address *k = &a->kept[i].at;
        if (k->trial != at->trial || k->attempt != at->attempt) continue;
        ambs_log_line(a->config.log, AMBS_LOG_DEBUG, "acknowledged trial %llu attempt %u",
                      (unsigned long long)at->trial, at->attempt);
        free(a->kept[i].frame);
        memmove(&a->kept[i], &a->kept[i + 1], (a->n_kept - i - 1) * sizeof *a->kept);
        a->n_kept--;
        return;
    }
}

static int send_kept(ambs_agent *a, ambs_error *err)
{
    int rc = AMBS_OK;
    for (size_t i = 0; i < a->n_kept && rc == AMBS_OK; i++)
        rc = send_bytes(a, a->kept[i].frame, a->kept[i].length, err);
    return rc;
}

static int send_unstarted(ambs_agent *a, uint32_t s, uint64_t trial, uint32_t attempt,
                          ambs_reason reason, const char *why, ambs_error *err)
{
    ambs_address at = {.slot = s, .attempt = attempt, .trial = trial};
    ambs_outcome outcome = {.state = reason == AMBS_REASON_CANCELLED ? AMBS_TRIAL_CANCELLED
                                                                     : AMBS_TRIAL_FAILED,
                            .reason = reason,
                            .objective = NAN,
                            .start_s = a->wall_s,
                            .end_s = a->wall_s,
                            .duration_s = 0};
    snprintf(outcome.message, sizeof outcome.message, "%.*s", AMBS_MESSAGE_SIZE - 1, why);
    return send_result(a, &at, &outcome, err);
}

/* --- slots ----------------------------------------------------------------------------------- */

static int begin(ambs_agent *a, uint32_t s, const waiting *w, ambs_error *err)
{
    ambs_attempt attempt = {.trial = w->trial,
                            .attempt = w->attempt,
                            .repeat = w->repeat,
                            .fidelity = w->fidelity,
                            .x = w->x};
    ambs_error why = {0};
    a->active = true;
    if (a->config.runner.begin(a->config.runner.ctx, s, &attempt, &why) != AMBS_OK)
        return send_unstarted(a, s, w->trial, w->attempt, AMBS_REASON_NOT_STARTED, why.text, err);
    slot *sl = &a->slots[s];
    sl->running[sl->n_running++] = (struct running){w->trial, w->attempt};
    a->n_busy++;
    return AMBS_OK;
}

static bool has_room(const ambs_agent *a, uint32_t s)
{
    return a->slots[s].n_running < WITH_RUNNER_MAX &&
           a->config.runner.room(a->config.runner.ctx, s) > 0;
}

/* Hands what waits to the runner while it has room. */
static int serve_slot(ambs_agent *a, uint32_t s, ambs_error *err)
{
    slot *sl = &a->slots[s];
    int rc = AMBS_OK;
    waiting w;
    while (rc == AMBS_OK && a->phase == PHASE_WORKING && sl->queue.n > 0 && has_room(a, s)) {
        ambs_queue_pop(&sl->queue, &w);
        rc = begin(a, s, &w, err);
        free(w.x);
    }
    return rc;
}

/* What has not begun will not: as results when the manager counts on them, silently after a RESET.
 */
static int empty_queues(ambs_agent *a, bool silently, ambs_error *err)
{
    int rc = AMBS_OK;
    for (uint32_t s = 0; s < a->config.n_slots; s++) {
        waiting w;
        while (ambs_queue_pop(&a->slots[s].queue, &w)) {
            if (rc == AMBS_OK && !silently)
                rc = send_unstarted(a, s, w.trial, w.attempt, AMBS_REASON_CANCELLED,
                                    "the study is ending", err);
            free(w.x);
        }
    }
    return rc;
}

static void cancel_running(ambs_agent *a, bool at_once)
{
    for (uint32_t s = 0; s < a->config.n_slots; s++)
        if (a->slots[s].n_running > 0) a->config.runner.cancel(a->config.runner.ctx, s, at_once);
}

/* Where the attempt is among those with the runner; n_running when it is not. */
static uint32_t find_running(const slot *s, uint64_t trial, uint32_t attempt)
{
    uint32_t i = 0;
    while (i < s->n_running && (s->running[i].trial != trial || s->running[i].attempt != attempt))
        i++;
    return i;
}

static bool runs(const ambs_agent *a, const ambs_address *at)
{
    if (at->slot >= a->config.n_slots) return false;
    const slot *s = &a->slots[at->slot];
    return find_running(s, at->trial, at->attempt) < s->n_running;
}

/* --- messages -------------------------------------------------------------------------------- */

static int make_slots(ambs_agent *a, uint32_t n, ambs_error *err)
{
    a->slots = ambs_calloc(n, sizeof *a->slots, err);
    if (!a->slots) return AMBS_E_NOMEM;
    a->config.n_slots = n;
    for (uint32_t s = 0; s < n; s++) a->slots[s].queue.item_size = sizeof(waiting);
    return AMBS_OK;
}

static int take_slots(ambs_agent *a, const ambs_message *m, ambs_error *err)
{
    if (a->phase != PHASE_WAITING || a->slots) return AMBS_OK;
    int rc = make_slots(a, m->as.slots.n, err);
    if (rc != AMBS_OK || !a->config.runner.slots) return rc;
    return a->config.runner.slots(a->config.runner.ctx, m, err);
}

static int take_welcome(ambs_agent *a, const ambs_message *m, ambs_error *err)
{
    if (a->phase != PHASE_WAITING) return AMBS_OK;
    a->epoch = m->epoch;
    a->phase = PHASE_WORKING;
    if (a->opened) return AMBS_OK;
    a->opened = true;
    return a->config.runner.open(a->config.runner.ctx, m, &a->d, &a->heartbeat_s, &a->timeout_s,
                                 &a->grace_s, err);
}

static int take_start(ambs_agent *a, const ambs_message *m, ambs_error *err)
{
    const ambs_address *at = &m->as.start.at;
    if (at->slot >= a->config.n_slots || m->as.start.d != a->d) {
        ambs_log_line(a->config.log, AMBS_LOG_WARNING,
                      "dropped a trial for slot %u with %zu parameters", at->slot, m->as.start.d);
        return AMBS_OK;
    }
    if (a->phase == PHASE_DRAINING)
        return send_unstarted(a, at->slot, at->trial, at->attempt, AMBS_REASON_CANCELLED,
                              "the study is ending", err);
    if (a->phase != PHASE_WORKING) return AMBS_OK;
    waiting w = {.trial = at->trial,
                 .attempt = at->attempt,
                 .repeat = m->as.start.repeat,
                 .fidelity = m->as.start.fidelity};
    w.x = ambs_memdup(m->as.start.x, a->d, sizeof *w.x, err);
    if (!w.x) return AMBS_E_NOMEM;
    int rc = ambs_queue_push(&a->slots[at->slot].queue, &w, err);
    if (rc != AMBS_OK) {
        free(w.x);
        return rc;
    }
    return serve_slot(a, at->slot, err);
}

/* An attempt that waits is taken out of its queue, one that runs is ended, and with it what the
 * runner holds behind it, which the manager then issues again; one that is over is over. */
static int take_cancel(ambs_agent *a, const ambs_message *m, ambs_error *err)
{
    const ambs_address *at = &m->as.cancel.at;
    if (at->slot >= a->config.n_slots) return AMBS_OK;
    if (runs(a, at)) {
        a->config.runner.cancel(a->config.runner.ctx, at->slot, m->as.cancel.at_once);
        return AMBS_OK;
    }
    ambs_queue *q = &a->slots[at->slot].queue;
    int rc = AMBS_OK;
    for (size_t n = q->n; n > 0; n--) { /* once round: the others keep their order */
        waiting w;
        ambs_queue_pop(q, &w);
        if (w.trial != at->trial || w.attempt != at->attempt) {
            ambs_queue_push(q, &w, NULL); /* there is room: one was just taken */
            continue;
        }
        rc = send_unstarted(a, at->slot, w.trial, w.attempt, AMBS_REASON_CANCELLED, "cancelled",
                            err);
        free(w.x);
    }
    return rc;
}

static void ask_to_save(ambs_agent *a)
{
    if (!a->config.runner.checkpoint) return;
    for (uint32_t s = 0; s < a->config.n_slots; s++)
        if (a->slots[s].n_running > 0) a->config.runner.checkpoint(a->config.runner.ctx, s);
}

static int take_drain(ambs_agent *a, bool at_once, double grace_s, ambs_error *err)
{
    if (a->phase == PHASE_WORKING) {
        a->phase = PHASE_DRAINING;
        a->drain_s = a->now_s + (grace_s >= 0 ? grace_s : a->grace_s);
    }
    if (a->phase != PHASE_DRAINING) return AMBS_OK;
    if (at_once && !a->drained_at_once) {
        a->drained_at_once = true;
        a->drain_s = INFINITY;
        cancel_running(a, true);
    }
    return empty_queues(a, false, err);
}

static int take_reset(ambs_agent *a, ambs_error *err)
{
    if (a->phase != PHASE_WORKING && a->phase != PHASE_DRAINING) return AMBS_OK;
    a->phase = PHASE_RESETTING;
    cancel_running(a, true);
    int rc = empty_queues(a, true, err);
    return rc == AMBS_OK ? send_kept(a, err) : rc;
}

static int leave(ambs_agent *a, int status, ambs_error *err)
{
    if (a->phase == PHASE_LEFT) return AMBS_OK;
    a->status = status;
    a->phase = PHASE_LEFT;
    cancel_running(a, true);
    return empty_queues(a, true, err);
}

static int take(ambs_agent *a, const ambs_message *m, ambs_error *err)
{
    if (m->type == AMBS_MESSAGE_SLOTS) return take_slots(a, m, err);
    if (m->type == AMBS_MESSAGE_WELCOME) return take_welcome(a, m, err);
    if (m->type == AMBS_MESSAGE_STOP) return leave(a, m->as.stop.status, err);
    if (m->epoch != a->epoch) return AMBS_OK;
    switch (m->type) {
    case AMBS_MESSAGE_START:
        return take_start(a, m, err);
    case AMBS_MESSAGE_CANCEL:
        return take_cancel(a, m, err);
    case AMBS_MESSAGE_ANSWER:
        if (runs(a, &m->as.answer.at))
            a->config.runner.answer(a->config.runner.ctx, m->as.answer.at.slot,
                                    m->as.answer.decision);
        return AMBS_OK;
    case AMBS_MESSAGE_ACK:
        forget_result(a, &m->as.ack.at);
        return AMBS_OK;
    case AMBS_MESSAGE_DRAIN:
        return take_drain(a, m->as.drain.at_once, m->as.drain.grace_s, err);
    case AMBS_MESSAGE_CHECKPOINT:
        ask_to_save(a);
        return AMBS_OK;
    case AMBS_MESSAGE_RESET:
        return take_reset(a, err);
    default:
        return AMBS_OK;
    }
}

int ambs_agent_receive(ambs_agent *a, const void *packet, size_t length, double now_s,
                       double wall_s, ambs_error *err)
{
    a->now_s = now_s;
    a->wall_s = wall_s;
    a->heard_s = now_s;
    a->active = true;
    for (;;) {
        ambs_message message;
        ambs_error why = {0};
        int rc = ambs_inbox_next(&a->inbox, &packet, &length, &message, &why);
        if (rc == AMBS_E_AGAIN) return AMBS_OK;
        if (rc == AMBS_E_FORMAT) {
            ambs_log_line(a->config.log, AMBS_LOG_WARNING, "dropped a message of the manager: %s",
                          why.text);
            continue;
        }
        if (rc == AMBS_OK) rc = take(a, &message, &why);
        if (rc != AMBS_OK) return ambs_fail(err, rc, "%s", why.text);
    }
}

/* --- the runner ------------------------------------------------------------------------------ */

static int send_report(ambs_agent *a, const ambs_run_event *e, ambs_error *err)
{
    ambs_message message = {.type = AMBS_MESSAGE_REPORT};
    message.as.report.at = (ambs_address){e->slot, e->attempt, e->trial};
    message.as.report.step = e->step;
    message.as.report.value = e->value;
    memcpy(message.as.report.metric, e->metric, sizeof e->metric);
    return send_message(a, &message, err);
}

static int send_output(ambs_agent *a, const ambs_run_event *e, ambs_error *err)
{
    ambs_message message = {.type = AMBS_MESSAGE_OUTPUT};
    message.as.output.at = (ambs_address){e->slot, e->attempt, e->trial};
    message.as.output.stream = e->stream == 0 ? AMBS_STREAM_OUT : AMBS_STREAM_ERR;
    message.as.output.part = e->part;
    message.as.output.printed = e->printed;
    message.as.output.text = e->text;
    return send_message(a, &message, err);
}

static int take_end(ambs_agent *a, const ambs_run_event *e, ambs_error *err)
{
    ambs_address at = {e->slot, e->attempt, e->trial};
    slot *s = &a->slots[e->slot];
    uint32_t i = find_running(s, e->trial, e->attempt);
    if (i < s->n_running) {
        memmove(&s->running[i], &s->running[i + 1], (s->n_running - i - 1) * sizeof *s->running);
        s->n_running--;
        a->n_busy--;
    }
    int rc = send_result(a, &at, &e->outcome, err);
    return rc == AMBS_OK ? serve_slot(a, e->slot, err) : rc;
}

static int take_event(ambs_agent *a, const ambs_run_event *e, ambs_error *err)
{
    a->active = true;
    switch (e->kind) {
    case AMBS_RUN_REPORT:
        return send_report(a, e, err);
    case AMBS_RUN_OUTPUT:
        return send_output(a, e, err);
    case AMBS_RUN_ENDED:
        return take_end(a, e, err);
    case AMBS_RUN_SUPERVISOR_LOST:
        return ambs_agent_leave(a, AMBS_LOG_WARNING, "the supervisor of the trials was killed",
                                err);
    default:
        return AMBS_OK;
    }
}

int ambs_agent_leave(ambs_agent *a, ambs_log_level level, const char *why, ambs_error *err)
{
    if (a->phase == PHASE_LEFT) return AMBS_OK;
    ambs_log_line(a->config.log, level, "this worker leaves: %s", why);
    ambs_message bye = {.type = AMBS_MESSAGE_BYE};
    int rc = a->phase == PHASE_NEW ? AMBS_OK : send_message(a, &bye, err);
    int left = leave(a, AMBS_STATUS_STOPPED, err);
    return rc == AMBS_OK ? left : rc;
}

static int keep_time(ambs_agent *a, ambs_error *err)
{
    if (a->phase == PHASE_LEFT) return AMBS_OK;
    if (a->phase == PHASE_DRAINING && a->now_s >= a->drain_s) {
        a->drain_s = INFINITY;
        cancel_running(a, false);
    }
    if (a->now_s >= a->heard_s + a->timeout_s)
        return ambs_agent_leave(a, AMBS_LOG_WARNING, "the manager has been silent for too long",
                                err);
    if (a->phase == PHASE_WAITING || a->now_s < a->sent_s + a->heartbeat_s) return AMBS_OK;
    ambs_message beat = {.type = AMBS_MESSAGE_BEAT};
    return send_message(a, &beat, err);
}

/* While this process was stopped it could not hear the manager: that is no silence. */
static void notice_absence(ambs_agent *a, double now_s)
{
    double away = now_s - a->turned_s - a->heartbeat_s;
    a->turned_s = now_s;
    if (away > ABSENCE_S) a->heard_s = fmin(now_s, a->heard_s + away);
}

int ambs_agent_turn(ambs_agent *a, double now_s, double wall_s, bool *ret_active, ambs_error *err)
{
    notice_absence(a, now_s);
    a->now_s = now_s;
    a->wall_s = wall_s;
    int rc = AMBS_OK;
    if (a->phase == PHASE_NEW) rc = say_hello(a, err);
    ambs_run_event event;
    while (rc == AMBS_OK && a->opened && a->phase != PHASE_LEFT &&
           a->config.runner.poll(a->config.runner.ctx, &event))
        rc = take_event(a, &event, err);
    if (rc == AMBS_OK && a->phase == PHASE_RESETTING && a->n_busy == 0) rc = say_hello(a, err);
    if (rc == AMBS_OK) rc = keep_time(a, err);
    if (ret_active) *ret_active = a->active;
    a->active = false;
    return rc;
}

/* --- the rest -------------------------------------------------------------------------------- */

bool ambs_agent_is_done(const ambs_agent *a, int *ret_status)
{
    if (a->phase != PHASE_LEFT) return false;
    *ret_status = a->status;
    return true;
}

uint32_t ambs_agent_busy(const ambs_agent *a)
{
    return a->n_busy;
}

int ambs_agent_create(const ambs_agent_config *config, double now_s, ambs_agent **ret_agent,
                      ambs_error *err)
{
    ambs_agent *a = ambs_calloc(1, sizeof *a, err);
    if (!a) return AMBS_E_NOMEM;
    a->config = *config;
    a->heard_s = a->sent_s = a->turned_s = now_s;
    a->heartbeat_s = HEARTBEAT_S;
    a->timeout_s = TIMEOUT_S;
    int rc = config->n_slots > 0 ? make_slots(a, config->n_slots, err) : AMBS_OK;
    if (rc != AMBS_OK) {
        ambs_agent_destroy(a);
        return rc;
    }
    *ret_agent = a;
    return AMBS_OK;
}

void ambs_agent_destroy(ambs_agent *a)
{
    if (!a) return;
    if (a->slots) {
        empty_queues(a, true, NULL);
        for (uint32_t s = 0; s < a->config.n_slots; s++) ambs_queue_fini(&a->slots[s].queue);
    }
    for (size_t i = 0; i < a->n_kept; i++) free(a->kept[i].frame);
    free(a->kept);
    free(a->slots);
    ambs_inbox_fini(&a->inbox);
    ambs_text_fini(&a->frame);
    free(a);
}
