/* SPDX-License-Identifier: MIT */
/* Which trials are handed out once more after an attempt that came to nothing.
 *
 *   paused              not by itself: it waits for its promotion
 *   cut, cancelled      always: it is nobody's fault, and counts as nothing
 *   worker lost         until trial.attempts attempts of this life were lost, but never a third time
 *                       when two workers were lost with it and have not come back
 *   failed              retry.max times, for the reasons of retry.on */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "cluster/manager_state.h"

/* Workers that a trial may take with it. */
enum { POISON_LIMIT = 2 };

int manager_grow_losses(ambs_manager *m, ambs_error *err)
{
    size_t before = m->losses_capacity;
    int rc = ambs_reserve(&m->losses, &m->losses_capacity, m->table->n, sizeof *m->losses, err);
    if (rc == AMBS_OK && m->losses_capacity > before)
        memset(m->losses + before, 0, (m->losses_capacity - before) * sizeof *m->losses);
    return rc;
}

/* The worker of an earlier life had not come back when that life ended. */
static bool was_gone(const ambs_table *t, const ambs_attempt_row *a)
{
    for (size_t i = t->n_workers; i-- > 0;) {
        const ambs_worker_row *w = &t->workers[i];
        if (w->epoch != a->epoch || w->rank != a->rank) continue;
        return w->state != AMBS_WORKER_JOINED && w->state != AMBS_WORKER_REJOINED;
    }
    return false;
}

/* Workers that are missing since they ran the trial, the one of this attempt counted. Attempts that
 * ended with a whole life (no end is known) blame nobody. */
static uint32_t count_taken(const ambs_manager *m, const ambs_address *at)
{
    const ambs_table *t = m->table;
    uint32_t n = 1;
    for (size_t i = t->rows[at->trial].last_attempt; i != SIZE_MAX; i = t->attempts[i].before) {
        const ambs_attempt_row *a = &t->attempts[i];
        if (a->attempt == at->attempt || a->reason != AMBS_REASON_WORKER_LOST || isnan(a->end_s))
            continue;
        if (a->epoch != m->config.epoch)
            n += was_gone(t, a);
        else if (a->rank != t->rows[at->trial].rank) /* else it had come back */
            n += m->workers[a->rank].state != AMBS_WORKER_JOINED;
    }
    return n;
}

static bool is_lost_for_good(ambs_manager *m, const ambs_address *at, ambs_outcome *o)
{
    uint16_t *losses = &m->losses[at->trial];
    if (*losses < UINT16_MAX) ++*losses;
    bool poison = count_taken(m, at) >= POISON_LIMIT;
    if (poison && !o->message[0])
        snprintf(o->message, sizeof o->message,
                 "%d workers were lost while it ran: it is not handed out again", POISON_LIMIT);
    return poison || *losses >= m->spec->trial.attempts;
}

static bool may_be_retried(const ambs_manager *m, const ambs_address *at, const ambs_outcome *o)
{
    const ambs_table *t = m->table;
    const ambs_retry *retry = &m->spec->retry;
    if (retry->max == 0 || !ambs_retry_names(retry, o->reason)) return false;
    uint32_t n = 0, repeat = t->rows[at->trial].n_asked - 1;
    for (size_t i = t->rows[at->trial].last_attempt; i != SIZE_MAX; i = t->attempts[i].before)
        n += t->attempts[i].attempt != at->attempt && t->attempts[i].repeat == repeat &&
             t->attempts[i].state == AMBS_TRIAL_FAILED &&
             ambs_retry_names(retry, t->attempts[i].reason);
    return n < retry->max;
}

bool manager_is_final(ambs_manager *m, const ambs_address *at, ambs_outcome *o)
{
    if (o->state == AMBS_TRIAL_CANCELLED || o->state == AMBS_TRIAL_PAUSED) return false;
    if (o->reason == AMBS_REASON_WORKER_LOST) return is_lost_for_good(m, at, o);
    return o->state != AMBS_TRIAL_FAILED || !may_be_retried(m, at, o);
}
