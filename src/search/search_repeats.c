/* SPDX-License-Identifier: MIT */
/* Repeats in the driver: where the study asks for them, ask may send a COMPLETE trial into flight once
 * more. Which and when the race says (race.h). */
#include <math.h>
#include <string.h>

#include "search/search_state.h"

bool search_is_in_flight(const ambs_search *s, uint64_t id)
{
    return s->race ? ambs_race_trial(s->race, id)->in_flight
                   : s->trials[id].state == AMBS_TRIAL_WAITING;
}

static void repeat(ambs_search *s, uint64_t id, ambs_proposal *ret)
{
    const ambs_known *t = &s->trials[id];
    *ret = search_begin_proposal(s, id, t->origin, ret->x);
    ret->repeat = ambs_race_trial(s->race, id)->n_asked;
    memcpy(ret->x, t->x, s->d * sizeof *ret->x);
    ambs_race_asked(s->race, id);
    s->counts.asked++;
    s->counts.in_flight++;
}

int search_consult_race(ambs_search *s, int exhausted, ambs_proposal *ret, bool *ret_done,
                        ambs_error *err)
{
    uint64_t id;
    *ret_done = true;
    switch (ambs_race_advise(s->race, exhausted != AMBS_OK, &id)) {
    case AMBS_RACE_REPEAT:
        repeat(s, id, ret);
        return AMBS_OK;
    case AMBS_RACE_WAIT:
        return ambs_fail(err, AMBS_E_AGAIN,
                         "what is proposed next hangs on an evaluation in flight: tell a result "
                         "first");
    case AMBS_RACE_NOTHING:
        if (exhausted != AMBS_OK) return exhausted;
        return ambs_fail(err, AMBS_E_EXHAUSTED,
                         "what is left of the budget of %llu evaluations is too little for another "
                         "configuration",
                         (unsigned long long)s->spec->budget.trials);
    default:
        *ret_done = false;
        return AMBS_OK;
    }
}

int search_restore_repeat(ambs_search *s, const ambs_proposal *p, ambs_error *err)
{
    bool known = s->race && p->trial < s->n_trials;
    const ambs_raced *t = known ? ambs_race_trial(s->race, p->trial) : NULL;
    if (!t || t->in_flight || t->closed || t->n_asked != p->repeat ||
        !ambs_space_equal(s->space, s->trials[p->trial].x, p->x))
        return ambs_fail(err, AMBS_E_MISMATCH,
                         "repeat %u of trial %llu as recorded is not one that can be made here",
                         (unsigned)p->repeat, (unsigned long long)p->trial);
    ambs_race_asked(s->race, p->trial);
    s->counts.asked++;
    s->counts.in_flight++;
    return AMBS_OK;
}

void search_settle_repeats(ambs_search *s, uint64_t id)
{
    ambs_known *t = &s->trials[id];
    t->state = ambs_race_told(s->race, id, t->state, t->y);
    t->n = ambs_race_trial(s->race, id)->sample.n;
    t->squares = ambs_race_trial(s->race, id)->sample.squares;
    if (t->state == AMBS_TRIAL_FAILED) t->n = 0;
    if (t->state == AMBS_TRIAL_FAILED)
        t->y = NAN;
    else if (t->n > 0)
        t->y = ambs_race_trial(s->race, id)->sample.mean;
    if (!ambs_race_best(s->race, &s->best)) s->best = UINT64_MAX;
}

void search_cancel_repeat(ambs_search *s, uint64_t id)
{
    ambs_race_cancelled(s->race, id);
    s->counts.in_flight--;
    s->counts.cancelled++;
}

int ambs_search_evaluations(const ambs_search *s, uint64_t id, uint64_t *ret_n, double *ret_mean,
                            double *ret_reach, ambs_error *err)
{
    if (id >= s->n_trials)
        return ambs_fail(err, AMBS_E_NOT_FOUND, "there is no trial %llu; %llu trials were made",
                         (unsigned long long)id, (unsigned long long)s->n_trials);
    *ret_n = s->trials[id].n;
    *ret_mean = s->sign * s->trials[id].y;
    *ret_reach = s->race && *ret_n > 0 ? ambs_race_reach(s->race, id) : NAN;
    return AMBS_OK;
}
