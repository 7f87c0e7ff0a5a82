/* SPDX-License-Identifier: MIT */
/* Who is there: joining, silence, coming back, leaving. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "cluster/manager_state.h"

/* --- groups ---------------------------------------------------------------------------------- */

/* A rank that computes cannot speak until it has done so or was ended. */
static double silence_s(const ambs_manager *m)
{
    bool computes = m->config.group_ranks > 0 && !isnan(m->spec->trial.timeout_s);
    return m->spec->manager.suspect_s + (computes ? m->spec->trial.timeout_s : 0);
}

double manager_suspicion_s(const ambs_manager *m, uint32_t rank)
{
    return fmax(m->workers[rank].heard_s + silence_s(m), m->listens_s);
}

/* The first rank of the group that `rank` belongs to; 0 where it belongs to none. */
static uint32_t first_of_group(const ambs_manager *m, uint32_t rank)
{
    uint32_t n = m->config.group_ranks;
    if (n == 0 || rank == 0) return 0;
    uint32_t first = 1 + (rank - 1) / n * n;
    return m->config.n_ranks - first >= n ? first : 0;
}

bool manager_serves(const ambs_manager *m, uint32_t rank)
{
    const worker *w = &m->workers[rank];
    if (w->state != 0 && w->n_slots == 0) return false;
    return m->config.group_ranks == 0 || first_of_group(m, rank) == rank;
}

/* The others of a lost rank's group wait for it or are about to be ended: they are told to leave,
 * and whatever they held goes to another group. */
static int leave_group(ambs_manager *m, uint32_t rank, ambs_error *err)
{
    uint32_t first = first_of_group(m, rank), n = m->config.group_ranks;
    const ambs_message stop = {.type = AMBS_MESSAGE_STOP, .as.stop.status = AMBS_STATUS_STOPPED};
    int rc = AMBS_OK;
    if (first == 0 || n < 2) return AMBS_OK;
    for (uint32_t r = first; r < first + n && rc == AMBS_OK; r++) {
        ambs_worker_state state = m->workers[r].state;
        if (state == AMBS_WORKER_LOST || state == AMBS_WORKER_LEFT) continue;
        m->workers[r].dismissed = state != 0;
        if (state != 0) rc = manager_send(m, r, &stop, err);
        if (rc == AMBS_OK) rc = manager_leave(m, r, AMBS_WORKER_LOST, err);
    }
    return rc;
}

static int record_worker(ambs_manager *m, uint32_t rank, ambs_worker_state state, ambs_error *err)
{
    const worker *w = &m->workers[rank];
    ambs_record record = {.type = AMBS_RECORD_WORKER};
    record.as.worker = (ambs_record_worker){.rank = rank,
                                            .n_slots = w->n_slots,
                                            .state = state,
                                            .pid = w->pid,
                                            .wall_s = m->time.wall_s};
    memcpy(record.as.worker.host, w->host, sizeof w->host);
    return manager_record(m, &record, err);
}

static void set_usable(ambs_manager *m, const worker *w, bool usable)
{
    manager_integrate(m);
    for (uint32_t s = w->first_slot; s < w->first_slot + w->n_slots; s++) {
        slot *sl = &m->slots[s];
        if (sl->usable == usable) continue;
        sl->usable = usable;
        sl->waits_for_ack = false;
        sl->free_since_s = m->time.now_s;
        sl->free_since_trial = m->table->n;
        m->n_usable += usable ? 1 : (uint32_t)-1;
        manager_place_slot(m, s);
    }
}

/* --- losing ---------------------------------------------------------------------------------- */

/* What is known of the end of an attempt in the ranks themselves: nobody is left to tell. */
static void explain_loss(const ambs_manager *m, double ran_s, ambs_outcome *o)
{
    char limit[40];
    if (m->config.group_ranks == 0) return;
    if (ran_s >= m->spec->trial.timeout_s)
        snprintf(o->message, sizeof o->message,
                 "ran longer than %s (trial.timeout): its ranks were ended",
                 ambs_format_duration(m->spec->trial.timeout_s, limit));
    else
        snprintf(o->message, sizeof o->message, "a rank that computed it died");
}

/* When the i-th attempt of a slot began, as far as can be told without its worker: the first one when it was
 * handed out, or when that before it had ended; the others never did. */
static double began_s(const ambs_manager *m, const slot *s, uint32_t i, double handed_out_s)
{
    return i == 0 ? fmin(fmax(handed_out_s, s->left_s), m->time.wall_s) : m->time.wall_s;
}

static int lose_attempt(ambs_manager *m, const slot *s, uint32_t i, ambs_error *err)
{
    ambs_address at = {.slot = s->number, .attempt = s->held[i].attempt, .trial = s->held[i].trial};
    const ambs_trial_row *row = &m->table->rows[at.trial];
    if (row->state != AMBS_TRIAL_RUNNING || row->n_attempts != at.attempt) return AMBS_OK;
    ambs_outcome outcome = {.state = AMBS_TRIAL_FAILED,
                            .reason = AMBS_REASON_WORKER_LOST,
                            .objective = NAN,
                            .start_s = began_s(m, s, i, row->start_s),
                            .end_s = m->time.wall_s,
                            .duration_s = NAN};
    if (i == 0) explain_loss(m, m->time.wall_s - outcome.start_s, &outcome);
    /* What had not begun may always begin again. */
    bool final = i == 0 && manager_is_final(m, &at, &outcome);
    return manager_end_attempt(m, s->rank, &at, &outcome, final, err);
}

static int lose_attempts(ambs_manager *m, const worker *w, ambs_error *err)
{
    int rc = AMBS_OK;
    manager_integrate(m);
    for (uint32_t s = w->first_slot; s < w->first_slot + w->n_slots && rc == AMBS_OK; s++) {
        slot *sl = &m->slots[s];
        for (uint32_t i = 0; i < sl->n_held && rc == AMBS_OK; i++) rc = lose_attempt(m, sl, i, err);
        m->n_held -= sl->n_held;
        m->n_busy -= sl->n_held > 0;
        sl->n_held = 0;
        manager_place_slot(m, s);
    }
    return rc;
}

static void forget_joined(ambs_manager *m, uint32_t rank)
{
    ambs_roster_remove(&m->heard, rank);
    ambs_roster_remove(&m->sent, rank);
    if (manager_serves(m, rank) && --m->n_joined == 0) m->alone_since_s = m->time.now_s;
}

static int suspect(ambs_manager *m, uint32_t rank, ambs_error *err)
{
    worker *w = &m->workers[rank];
    w->state = AMBS_WORKER_SUSPECT;
    w->reset_sent = false;
    m->n_suspect++;
    forget_joined(m, rank);
    set_usable(m, w, false);
    ambs_log_line(m->config.log, AMBS_LOG_WARNING,
                  "rank %u on %s has been silent for %.0f s: its trials are issued again; %u of %u "
                  "workers are left",
                  rank, w->host, m->time.now_s - w->heard_s, m->n_joined, m->config.n_expected);
    int rc = record_worker(m, rank, AMBS_WORKER_SUSPECT, err);
    return rc == AMBS_OK ? lose_attempts(m, w, err) : rc;
}

int manager_leave(ambs_manager *m, uint32_t rank, ambs_worker_state state, ambs_error *err)
{
    worker *w = &m->workers[rank];
    if (w->state == AMBS_WORKER_LOST || w->state == AMBS_WORKER_LEFT) return AMBS_OK;
    if (w->state == AMBS_WORKER_JOINED) forget_joined(m, rank);
    if (w->state == AMBS_WORKER_SUSPECT) m->n_suspect--;
    w->state = state;
    m->n_gone += manager_serves(m, rank);
    set_usable(m, w, false);
    bool died = state == AMBS_WORKER_LOST;
    if (m->config.link.forget && !w->dismissed) m->config.link.forget(m->config.link.ctx, rank);
    ambs_log_line(m->config.log, died ? AMBS_LOG_WARNING : AMBS_LOG_INFO,
                  "rank %u on %s %s; %u of %u workers are left", rank, w->host,
                  w->dismissed ? "is lost with its group"
                  : died       ? "died"
                               : "left",
                  m->n_joined, m->config.n_expected);
    int rc = record_worker(m, rank, state, err);
    if (rc == AMBS_OK) rc = lose_attempts(m, w, err);
    return rc == AMBS_OK ? leave_group(m, rank, err) : rc;
}

/* --- joining --------------------------------------------------------------------------------- */

/* New slots at the end of the table; a worker that comes back has its old ones. */
static int add_slots(ambs_manager *m, uint32_t rank, uint32_t n, ambs_error *err)
{
    uint32_t all = m->n_slots + n;
    int rc = ambs_reserve(&m->slots, &m->slots_capacity, all, sizeof *m->slots, err);
    if (rc == AMBS_OK) rc = ambs_roster_reserve(&m->idle, all, err);
    if (rc == AMBS_OK) rc = ambs_roster_reserve(&m->hungry, all, err);
    if (rc != AMBS_OK) return rc;
    worker *w = &m->workers[rank];
    w->first_slot = m->n_slots;
    w->n_slots = n;
    for (uint32_t i = 0; i < n; i++)
        m->slots[m->n_slots + i] = (slot){.rank = rank, .number = i, .mean_s = NAN};
    m->n_slots = all;
    return AMBS_OK;
}

static int welcome(ambs_manager *m, uint32_t rank, ambs_error *err)
{
    worker *w = &m->workers[rank];
    w->state = AMBS_WORKER_JOINED;
    w->heard_s = w->sent_s = m->time.now_s;
    m->n_joined += manager_serves(m, rank);
    ambs_roster_push(&m->heard, rank);
    ambs_roster_push(&m->sent, rank);
    if (m->phase != PHASE_RUNNING) {
        ambs_message stop = {.type = AMBS_MESSAGE_STOP, .as.stop.status = (int)m->status};
        return manager_send(m, rank, &stop, err);
    }
    set_usable(m, w, true);
    return m->config.link.send(m->config.link.ctx, rank, m->welcome.text, m->welcome.length, err);
}

static int come_back(ambs_manager *m, uint32_t rank, ambs_error *err)
{
    m->n_suspect--;
    int rc = welcome(m, rank, err);
    if (rc != AMBS_OK) return rc;
    ambs_log_line(m->config.log, AMBS_LOG_DEBUG, "rank %u on %s came back", rank,
                  m->workers[rank].host);
    return record_worker(m, rank, AMBS_WORKER_REJOINED, err);
}

static int join(ambs_manager *m, uint32_t rank, const ambs_message *message, ambs_error *err)
{
    worker *w = &m->workers[rank];
    w->pid = message->as.hello.pid;
    w->space = message->as.hello.space;
    memcpy(w->host, message->as.hello.host, sizeof w->host);
    ambs_share *dealt = NULL;
    uint32_t n = 0;
    int rc = manager_divide(m, rank, message, &dealt, &n, err);
    if (rc == AMBS_OK) rc = add_slots(m, rank, n, err);
    if (rc == AMBS_OK) {
        m->n_came++;
        if (n == 0 && m->config.group_ranks == 0 && m->config.n_expected > 0) {
            m->n_slotless++; /* it lives, but the study cannot count on it */
            m->config.n_expected--;
        }
        rc = welcome(m, rank, err);
    }
    if (rc == AMBS_OK) {
        ambs_log_line(m->config.log, AMBS_LOG_DEBUG, "rank %u on %s joined with %u slots", rank,
                      w->host, n);
        rc = record_worker(m, rank, AMBS_WORKER_JOINED, err);
    }
    const ambs_share *shares = dealt ? dealt : rank == 0 ? m->config.own_shares : NULL;
    if (rc == AMBS_OK && shares) rc = manager_record_slots(m, rank, shares, n, err);
    ambs_shares_free(dealt, n);
    return rc;
}

/* A HELLO of a rank that is joined already is a duplicate; of one that is gone, too late. */
int manager_hello(ambs_manager *m, uint32_t rank, const ambs_message *message, ambs_error *err)
{
    enum { SLOTS_MAX = 4096 };
    const worker *w = &m->workers[rank];
    bool again = w->state == AMBS_WORKER_SUSPECT;
    if ((w->state != 0 && !again) || message->as.hello.n_slots > SLOTS_MAX) return AMBS_OK;
    if (message->epoch != (again ? m->config.epoch : 0)) return AMBS_OK;
    return again ? come_back(m, rank, err) : join(m, rank, message, err);
}

int manager_heard(ambs_manager *m, uint32_t rank, ambs_error *err)
{
    worker *w = &m->workers[rank];
    w->heard_s = m->time.now_s;
    if (w->state == AMBS_WORKER_JOINED) ambs_roster_push(&m->heard, rank);
    if (w->state != AMBS_WORKER_SUSPECT || w->reset_sent) return AMBS_OK;
    w->reset_sent = true;
    ambs_message reset = {.type = AMBS_MESSAGE_RESET};
    return manager_send(m, rank, &reset, err);
}

int manager_watch(ambs_manager *m, ambs_error *err)
{
    int rc = AMBS_OK;
    uint32_t rank;
    while (rc == AMBS_OK && (rank = ambs_roster_first(&m->heard)) != AMBS_ROSTER_NONE &&
           m->time.now_s >= manager_suspicion_s(m, rank))
        rc = suspect(m, rank, err);
    const ambs_message beat = {.type = AMBS_MESSAGE_BEAT};
    while (rc == AMBS_OK && (rank = ambs_roster_first(&m->sent)) != AMBS_ROSTER_NONE &&
           m->time.now_s >= m->workers[rank].sent_s + m->spec->manager.heartbeat_s)
        rc = manager_send(m, rank, &beat, err);
    return rc;
}
