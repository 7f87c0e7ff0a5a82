/* SPDX-License-Identifier: MIT */
/* How much time is left, and the end that it forces.
 *
 *   … running │ last call: CHECKPOINT, DRAIN │ grace │ TERM │ grace │ KILL │ saving │ deadline
 *
 * The last call comes so early that an attempt which takes its whole grace twice is gone before the
 * saving begins. In an allocation too short for that, at most half of it is kept for the end, and
 * the graces are shortened. */
#include <math.h>

#include "cluster/manager_state.h"

/* A deadline that moves by less has not moved: clocks are read one after the other. */
#define MOVED_S 1.0
/* For messages to reach everybody and for processes to be gone. */
#define WAY_S 3.0
/* At most so much of the whole time is kept for the end. */
#define END_SHARE 0.5
/* What a batch system that says "at once" leaves to running attempts, to save their state and to
 * end. */
#define HURRY_S 2.0

/* Between the last call and the deadline. */
static double end_s(const ambs_manager *m)
{
    double wanted = m->saving_s + WAY_S + 2 * m->spec->trial.grace_s,
           most = END_SHARE * (m->deadline_s - m->start_s);
    return wanted < most ? wanted : most > 0 ? most : 0;
}

double manager_last_call_s(const ambs_manager *m)
{
    return m->deadline_s < INFINITY ? m->deadline_s - end_s(m) : INFINITY;
}

void ambs_manager_deadline(ambs_manager *m, double deadline_s, ambs_time time)
{
    m->time = time;
    if (isnan(deadline_s)) deadline_s = INFINITY;
    if (deadline_s > m->deadline_s + MOVED_S) m->looks_again = true;
    m->deadline_s = deadline_s;
}

bool ambs_manager_was_cut(const ambs_manager *m)
{
    return m->cut;
}

void ambs_manager_saving(ambs_manager *m, double saving_s)
{
    if (saving_s >= 0) m->saving_s = saving_s;
}

int ambs_manager_notice(ambs_manager *m, bool at_once, const char *text, ambs_time time,
                        ambs_error *err)
{
    if (m->phase != PHASE_RUNNING)
        return ambs_manager_drain(m, AMBS_STATUS_STOPPED, at_once, text, time, err);
    m->cut = at_once || m->deadline_s < INFINITY; /* else it may be a person */
    if (at_once) {
        m->saving_s = 0;
        m->deadline_s = time.now_s + HURRY_S < m->deadline_s ? time.now_s + HURRY_S : m->deadline_s;
    }
    return ambs_manager_drain(m, AMBS_STATUS_STOPPED, false, text, time, err);
}

/* Slots are free, nothing runs, and nothing that waits or could be proposed would end in time: the
 * rest of the allocation is better given back. */
static bool nothing_fits(const ambs_manager *m)
{
    if (m->deadline_s == INFINITY || m->n_held > 0 || m->n_usable == 0 || m->looks_again)
        return false;
    bool none_comes = m->again.n + m->ready.n + m->doubted.n + m->n_asked + m->n_allowed == 0;
    return manager_time_is_up(m) || (m->too_long.n > 0 && none_comes);
}

int manager_check_deadline(ambs_manager *m, ambs_error *err)
{
    const ambs_table *t = m->table;
    bool early = m->time.now_s < manager_last_call_s(m);
    if (early && !nothing_fits(m)) return AMBS_OK;
    m->cut = true;
    if (t->n_results == m->n_done_before && m->n_held > 0)
        ambs_log_line(m->config.log, AMBS_LOG_WARNING,
                      "no trial has ended in this allocation: give it more time, or trials that "
                      "save their state and go on from it");
    return ambs_manager_drain(m, AMBS_STATUS_STOPPED, false,
                              early ? "the deadline is near: no further trial would end in time"
                                    : "the deadline is near",
                              m->time, err);
}

/* --- the drain ------------------------------------------------------------------------------- */

static int send_all(ambs_manager *m, const ambs_message *message, ambs_error *err)
{
    int rc = AMBS_OK;
    for (uint32_t r = 0; r < m->config.n_ranks && rc == AMBS_OK; r++)
        if (m->workers[r].state == AMBS_WORKER_JOINED) rc = manager_send(m, r, message, err);
    return rc;
}

/* How long an attempt may go on before it gets TERM: its grace, or half of what is left. */
static double grace_s(const ambs_manager *m)
{
    double left = (m->deadline_s - m->saving_s - m->time.now_s) / 2, grace = m->spec->trial.grace_s;
    return left >= grace ? grace : left > 0 ? left : 0;
}

int manager_send_drain(ambs_manager *m, ambs_error *err)
{
    double grace = m->at_once ? 0 : grace_s(m);
    /* The agents keep the grace; TERM and KILL take another, and the way takes a moment. */
    m->drain_limit_s = m->time.now_s + 10 + (m->at_once ? 0 : grace + m->spec->trial.grace_s);
    if (m->drain_limit_s > m->deadline_s - m->saving_s)
        m->drain_limit_s = m->deadline_s - m->saving_s;
    const ambs_message checkpoint = {.type = AMBS_MESSAGE_CHECKPOINT};
    ambs_message drain = {.type = AMBS_MESSAGE_DRAIN};
    drain.as.drain.at_once = m->at_once;
    drain.as.drain.grace_s = grace;
    int rc = AMBS_OK;
    bool saves = !m->at_once && m->status == AMBS_STATUS_STOPPED;
    if (saves) rc = send_all(m, &checkpoint, err);
    m->asked_to_save |= saves && m->spec->trial.checkpoint;
    return rc == AMBS_OK ? send_all(m, &drain, err) : rc;
}

static int give_up(ambs_manager *m, const slot *s, const held *h, ambs_error *err)
{
    const ambs_trial_row *row = &m->table->rows[h->trial];
    if (row->state != AMBS_TRIAL_RUNNING || row->n_attempts != h->attempt) return AMBS_OK;
    const ambs_address at = {s->number, h->attempt, h->trial};
    const ambs_outcome outcome = {.state = AMBS_TRIAL_CANCELLED,
                                  .reason = m->cut ? AMBS_REASON_DEADLINE : AMBS_REASON_CANCELLED,
                                  .objective = NAN,
                                  .start_s = row->start_s,
                                  .end_s = m->time.wall_s,
                                  .duration_s = NAN};
    return manager_end_attempt(m, s->rank, &at, &outcome, false, err);
}

int manager_give_up_held(ambs_manager *m, ambs_error *err)
{
    int rc = AMBS_OK;
    for (uint32_t s = 0; m->n_held > 0 && s < m->n_slots && rc == AMBS_OK; s++)
        for (uint32_t i = 0; i < m->slots[s].n_held && rc == AMBS_OK; i++)
            rc = give_up(m, &m->slots[s], &m->slots[s].held[i], err);
    return rc;
}
