/* SPDX-License-Identifier: MIT */
/* Trials that may have ended whole lives.
 *
 * A life that ended without a word (its job was killed, its host lost power) leaves attempts without
 * an end behind. One such death blames nobody: it cut everything that ran. A trial that ran in two
 * of them is doubted. A single one has done it, and is not handed out a third time. Of several most
 * were only there when it happened: they are handed out one at a time, beside all else, and the one
 * that runs when a third life ends so has done it. */
#include <math.h>
#include <stdio.h>

#include "cluster/manager_state.h"

enum { DOUBTED_FROM = 2 };

static bool ended_without_a_word(const ambs_table *t, uint32_t epoch)
{
    for (size_t i = t->n_lives; i-- > 0;)
        if (t->lives[i].epoch == epoch) return i + 1 < t->n_lives && isnan(t->lives[i].end_s);
    return false;
}

/* Lives that ended without a word while the trial ran. */
static uint32_t count_lives(const ambs_table *t, uint64_t trial)
{
    uint32_t n = 0, epoch = 0;
    for (size_t i = t->rows[trial].last_attempt; i != SIZE_MAX; i = t->attempts[i].before) {
        const ambs_attempt_row *a = &t->attempts[i];
        bool cut = a->reason == AMBS_REASON_WORKER_LOST && isnan(a->end_s);
        if (!cut || a->epoch == epoch || !ended_without_a_word(t, a->epoch)) continue;
        epoch = a->epoch;
        n++;
    }
    return n;
}

int manager_queue_waiting(ambs_manager *m, ambs_error *err)
{
    m->doubted_out = UINT64_MAX;
    for (uint64_t i = 0; i < m->table->n; i++) {
        if (m->table->rows[i].state != AMBS_TRIAL_WAITING) continue;
        bool doubted = count_lives(m->table, i) >= DOUBTED_FROM;
        int rc = ambs_queue_push(doubted ? &m->doubted : &m->again, &i, err);
        if (rc != AMBS_OK) return rc;
    }
    m->fatal_lives = m->doubted.n == 1 ? DOUBTED_FROM : DOUBTED_FROM + 1;
    return AMBS_OK;
}

static int convict(ambs_manager *m, uint64_t trial, uint32_t lives, ambs_error *err)
{
    const ambs_trial_row *row = &m->table->rows[trial];
    const ambs_address at = {row->slot, row->n_attempts, trial};
    ambs_outcome outcome = {.state = AMBS_TRIAL_FAILED,
                            .reason = AMBS_REASON_WORKER_LOST,
                            .objective = NAN,
                            .start_s = NAN,
                            .end_s = NAN,
                            .duration_s = NAN};
    snprintf(outcome.message, sizeof outcome.message,
             "%u lives of the study ended without a word while it ran: it is not handed out again",
             lives);
    return manager_end_attempt(m, row->rank, &at, &outcome, true, err);
}

bool manager_has_doubted(const ambs_manager *m)
{
    return m->doubted.n > 0 &&
           (m->doubted_out == UINT64_MAX || manager_trial_is_over(&m->table->rows[m->doubted_out]));
}

int manager_next_doubted(ambs_manager *m, uint64_t *ret_trial, bool *ret_found, ambs_error *err)
{
    uint64_t trial;
    *ret_found = false;
    while (manager_has_doubted(m) && ambs_queue_pop(&m->doubted, &trial)) {
        if (m->table->rows[trial].state != AMBS_TRIAL_WAITING) continue;
        uint32_t lives = count_lives(m->table, trial);
        if (lives < m->fatal_lives) {
            *ret_trial = m->doubted_out = trial;
            *ret_found = true;
            return AMBS_OK;
        }
        int rc = convict(m, trial, lives, err);
        if (rc != AMBS_OK) return rc;
    }
    return AMBS_OK;
}
