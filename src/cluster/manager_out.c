/* SPDX-License-Identifier: MIT */
/* What is handed out, and how far ahead the model works.
 *
 * The buffer of ready proposals begins with one. A slot that had to wait for the model longer than
 * 1 % of its trials' time doubles it; a long run without such a wait shrinks it. (A loop that got no
 * core for a while is late, too, but a longer buffer does not help it.) A proposal is
 * older than at most as many results as the buffer and the slots' queues hold: that bounds the
 * staleness. */
#include <math.h>
#include <stdio.h>

#include "base/memory.h"
#include "cluster/manager_state.h"

void manager_integrate(ambs_manager *m)
{
    double dt = m->time.now_s - m->integrated_s;
    m->busy_integral += dt * m->n_busy;
    m->slot_integral += dt * m->n_usable;
    m->integrated_s = m->time.now_s;
}

/* How many attempts a slot may hold: one that runs, and more where trials are short. In ranks that
 * compute themselves a crash would take what waits along. */
static uint32_t depth(const ambs_manager *m, const slot *s)
{
    if (m->spec->durability == AMBS_DURABILITY_RESULT || m->config.group_ranks > 0) return 1;
    if (!(s->mean_s < PREFETCH_S)) return 1;
    double ahead = s->mean_s > 0 ? AHEAD_S / s->mean_s : DEPTH_MAX;
    if (ahead >= DEPTH_MAX - 1) return DEPTH_MAX;
    return ahead < 1 ? 2 : 1 + (uint32_t)ahead;
}

void manager_place_slot(ambs_manager *m, uint32_t s)
{
    const slot *sl = &m->slots[s];
    bool idle = sl->usable && !sl->waits_for_ack && sl->n_held == 0;
    bool hungry = sl->usable && sl->n_held > 0 && sl->n_held < depth(m, sl);
    if (!idle)
        ambs_roster_remove(&m->idle, s);
    else if (!ambs_roster_has(&m->idle, s))
        ambs_roster_push(&m->idle, s);
    if (!hungry)
        ambs_roster_remove(&m->hungry, s);
    else
        ambs_roster_push(&m->hungry, s);
}

/* --- proposals ------------------------------------------------------------------------------- */

static int take_repeat(ambs_manager *m, const ambs_record_proposal *made, ambs_error *err)
{
    ambs_record record = {.type = AMBS_RECORD_REPEAT};
    record.as.repeat = (ambs_record_repeat){.trial = made->proposal.trial,
                                            .repeat = made->proposal.repeat,
                                            .n_inputs = made->n_inputs,
                                            .wall_s = m->time.wall_s,
                                            .latency_s = made->latency_s};
    m->losses[made->proposal.trial] = 0; /* trial.attempts counts for each evaluation */
    return manager_record(m, &record, err);
}

static int take_new(ambs_manager *m, const ambs_record_proposal *made, ambs_error *err)
{
    ambs_record record = {.type = AMBS_RECORD_PROPOSAL, .as.proposal = *made};
    record.as.proposal.wall_s = m->time.wall_s;
    int rc = manager_record(m, &record, err);
    return rc == AMBS_OK ? manager_grow_losses(m, err) : rc;
}

static int take_proposal(ambs_manager *m, const ambs_record_proposal *made, ambs_error *err)
{
    uint64_t trial = made->proposal.trial;
    int rc = made->proposal.repeat > 0 ? take_repeat(m, made, err) : take_new(m, made, err);
    if (rc != AMBS_OK) return rc;
    if (m->n_allowed > 0) m->n_allowed--;
    return ambs_queue_push(&m->ready, &trial, err);
}

static void note_model_end(ambs_manager *m, const ambs_proposer_event *event)
{
    m->model_ended = true;
    m->n_allowed = 0;
    snprintf(m->model_text, sizeof m->model_text, "%s", event->text);
}

int manager_take_proposals(ambs_manager *m, ambs_error *err)
{
    const ambs_proposer_port *port = &m->config.model;
    ambs_proposer_event event;
    int rc = AMBS_OK;
    while (rc == AMBS_OK && port->next(port->ctx, &event)) {
        m->active = true;
        if (event.kind == AMBS_PROPOSER_PROPOSAL)
            rc = take_proposal(m, &event.proposal, err);
        else if (event.kind == AMBS_PROPOSER_DECISION)
            rc = manager_answer(m, &event.report, event.decision, err);
        else if (event.kind == AMBS_PROPOSER_FORECAST)
            rc = manager_take_forecast(m, &event, err);
        else if (event.kind == AMBS_PROPOSER_ENDED)
            note_model_end(m, &event);
        else
            rc = ambs_fail(err, event.code, "%s", event.text);
    }
    return rc;
}

/* Allows the model as many proposals as idle slots and the buffer need, within the budget. */
static int allow_more(ambs_manager *m, ambs_error *err)
{
    enum { TOO_LONG_FOR_ONE = 4 }; /* proposals that may be too long before one fits */
    if (m->model_ended || manager_time_is_up(m)) return AMBS_OK;
    uint64_t coming = m->ready.n + m->again.n + manager_has_doubted(m) + m->n_asked + m->n_allowed +
                      m->too_long.n / TOO_LONG_FOR_ONE,
             wanted = (uint64_t)m->idle.n + m->buffer;
    if (coming >= wanted) return AMBS_OK;
    uint64_t n = wanted - coming, used = m->table->n_evaluations + m->n_allowed;
    if (m->spec->budget.trials > 0) {
        uint64_t room = m->spec->budget.trials > used ? m->spec->budget.trials - used : 0;
        if (n > room) n = room;
    }
    if (n == 0) return AMBS_OK;
    m->n_allowed += n;
    return m->config.model.allow(m->config.model.ctx, n, err);
}

static void adapt_buffer(ambs_manager *m, const slot *s, uint64_t trial)
{
    uint32_t most = m->n_slots / 8;
    if (most < BUFFER_LEAST_MAX) most = BUFFER_LEAST_MAX;
    if (most > BUFFER_MAX) most = BUFFER_MAX;
    bool starved = /* false before the first */
        trial >= s->free_since_trial && m->time.now_s - s->free_since_s > STARVED_SHARE * s->mean_s;
    if (starved) {
        m->buffer = m->buffer * 2 < most ? m->buffer * 2 : most;
        m->since_starved = 0;
    } else if (++m->since_starved >= 32 + 4 * m->buffer) {
        m->buffer = m->buffer > 4 ? m->buffer * 3 / 4 : m->buffer > 1 ? m->buffer - 1 : 1;
        m->since_starved = 0;
    }
}

/* --- handing out ----------------------------------------------------------------------------- */

/* What waits and can end in time: first what may have ended lives, then what waits again. A trial
 * whose late result came meanwhile waits no more. */
static int next_trial(ambs_manager *m, uint64_t *ret_trial, bool *ret_found, ambs_error *err)
{
    *ret_found = false;
    for (;;) {
        bool doubted;
        int rc = manager_next_doubted(m, ret_trial, &doubted, err);
        if (rc != AMBS_OK) return rc;
        if (!doubted && !ambs_queue_pop(&m->again, ret_trial) &&
            !ambs_queue_pop(&m->ready, ret_trial))
            return AMBS_OK;
        if (m->table->rows[*ret_trial].state != AMBS_TRIAL_WAITING) continue;
        time_verdict verdict;
        rc = manager_judge_time(m, *ret_trial, &verdict, err);
        *ret_found = rc == AMBS_OK && verdict == VERDICT_FITS;
        if (rc != AMBS_OK || *ret_found) return rc;
    }
}

static int start(ambs_manager *m, uint32_t s, uint64_t trial, ambs_error *err)
{
    slot *sl = &m->slots[s];
    const ambs_trial_row *row = &m->table->rows[trial];
    const ambs_repeat_row *repeat =
        row->last_repeat != SIZE_MAX ? &m->table->repeats[row->last_repeat] : NULL;
    uint64_t staleness = m->table->n_inputs - (repeat ? repeat->n_inputs : row->n_inputs);
    ambs_record record = {.type = AMBS_RECORD_START};
    record.as.start =
        (ambs_record_start){.trial = trial,
                            .attempt = row->n_attempts + 1,
                            .rank = sl->rank,
                            .slot = sl->number,
                            .staleness = staleness < UINT32_MAX ? (uint32_t)staleness : UINT32_MAX,
                            .wall_s = m->time.wall_s};
    ambs_message message = {.type = AMBS_MESSAGE_START};
    message.as.start.at = (ambs_address){sl->number, record.as.start.attempt, trial};
    message.as.start.repeat = repeat ? repeat->repeat : 0;
    message.as.start.fidelity = manager_fidelity(m);
    message.as.start.d = m->table->d;
    int rc = manager_record(m, &record, err);
    if (rc != AMBS_OK) return rc;
    message.as.start.x = m->table->x + trial * m->table->d;
    if (sl->n_held == 0) {
        adapt_buffer(m, sl, trial);
        manager_integrate(m);
        m->n_busy++;
    }
    sl->held[sl->n_held++] = (held){trial, message.as.start.at.attempt};
    m->n_held++;
    manager_place_slot(m, s);
    return manager_send_after_write(m, sl->rank, &message, err);
}

int manager_hand_out(ambs_manager *m, ambs_error *err)
{
    if (!isnan(m->trouble_since_s)) return AMBS_OK;
    int rc = manager_look_again(m, err);
    if (rc == AMBS_OK) rc = allow_more(m, err);
    while (rc == AMBS_OK && m->again.n + m->ready.n + manager_has_doubted(m) > 0) {
        uint32_t s = ambs_roster_first(&m->idle);
        if (s == AMBS_ROSTER_NONE) s = ambs_roster_first(&m->hungry);
        uint64_t trial;
        bool found = false;
        if (s != AMBS_ROSTER_NONE) rc = next_trial(m, &trial, &found, err);
        if (rc != AMBS_OK || !found) break;
        rc = start(m, s, trial, err);
    }
    return rc == AMBS_OK ? allow_more(m, err) : rc;
}
