/* SPDX-License-Identifier: MIT */
/* What can still be done before a deadline.
 *
 * A trial is started when it will end before the last call, as far as anybody knows:
 *   trial.timeout is shorter than what is left             yes
 *   no trial has ended yet                                 yes: nobody knows
 *   nearly all trials (99 %) were shorter than what is left yes
 *   nearly all were longer                                 no
 *   else                                                   the model is asked for this one
 * The model's forest tells mean and sd of ln(duration) for the configuration; the trial is taken to
 * last as long as four in five such would at most. Without a forecast (few trials, or a model that
 * has no idea of time) what four in five of all trials lasted stands for it. */
#include <math.h>

#include "base/memory.h"
#include "cluster/manager_state.h"

#define NEARLY_ALL   0.99
#define NEARLY_NONE  0.02
#define FOUR_IN_FIVE 0.8
/* The quantile of the standard normal distribution for that. */
#define FOUR_IN_FIVE_SD 0.8416
/* The histogram tells the upper end of a bin; this is a bin's width. */
#define BIN_WIDTH 1.0906
/* Old durations that the model is told at first, at most. */
enum { TAUGHT_MAX = 4000 };

double manager_fidelity(const ambs_manager *m)
{
    return m->spec->fidelity ? m->spec->fidelity_max : NAN;
}

static double left_s(const ambs_manager *m)
{
    return manager_last_call_s(m) - m->time.now_s;
}

static double quantile(const ambs_manager *m, double q)
{
    return ambs_durations_quantile(&m->durations, manager_fidelity(m), q);
}

bool manager_time_is_up(const ambs_manager *m)
{
    double left = left_s(m), timeout = m->spec->trial.timeout_s;
    return m->deadline_s < INFINITY && !(timeout <= left) &&
           left < quantile(m, NEARLY_NONE) / BIN_WIDTH;
}

/* --- what is learned ------------------------------------------------------------------------- */

/* One that failed or was cut says little of how long it would have taken. */
static bool tells_duration(ambs_trial_state state, ambs_reason reason, double duration_s)
{
    bool whole = state == AMBS_TRIAL_COMPLETE || state == AMBS_TRIAL_PRUNED ||
                 (state == AMBS_TRIAL_FAILED && reason == AMBS_REASON_TIMEOUT);
    return whole && duration_s >= 0;
}

void manager_learn_durations(ambs_manager *m)
{
    for (size_t i = 0; i < m->table->n_attempts; i++) {
        const ambs_attempt_row *a = &m->table->attempts[i];
        if (tells_duration(a->state, a->reason, a->duration_s))
            ambs_durations_add(&m->durations, manager_fidelity(m), a->duration_s);
    }
}

static int teach(ambs_manager *m, uint64_t trial, double duration_s, ambs_error *err)
{
    const double *x = m->table->x + trial * m->table->d;
    return m->config.model.learn(m->config.model.ctx, x, manager_fidelity(m), duration_s, err);
}

/* The model learns durations only once they matter: then all the latest at once. */
static int begin_teaching(ambs_manager *m, ambs_error *err)
{
    const ambs_table *t = m->table;
    int rc = AMBS_OK;
    if (m->teaches) return AMBS_OK;
    m->teaches = true;
    size_t first = t->n_attempts > TAUGHT_MAX ? t->n_attempts - TAUGHT_MAX : 0;
    for (size_t i = first; rc == AMBS_OK && i < t->n_attempts; i++) {
        const ambs_attempt_row *a = &t->attempts[i];
        if (tells_duration(a->state, a->reason, a->duration_s))
            rc = teach(m, a->trial, a->duration_s, err);
    }
    return rc;
}

int manager_note_duration(ambs_manager *m, uint64_t trial, const ambs_outcome *o, ambs_error *err)
{
    if (!tells_duration(o->state, o->reason, o->duration_s)) return AMBS_OK;
    ambs_durations_add(&m->durations, manager_fidelity(m), o->duration_s);
    return m->teaches ? teach(m, trial, o->duration_s, err) : AMBS_OK;
}

/* --- what fits ------------------------------------------------------------------------------- */

static int ask(ambs_manager *m, uint64_t trial, ambs_error *err)
{
    const double *x = m->table->x + trial * m->table->d;
    int rc = begin_teaching(m, err);
    if (rc == AMBS_OK)
        rc = m->config.model.forecast(m->config.model.ctx, trial, x, manager_fidelity(m), err);
    if (rc == AMBS_OK) m->n_asked++;
    return rc;
}

static int grow_forecasts(ambs_manager *m, ambs_error *err)
{
    size_t before = m->forecasts_capacity;
    int rc =
        ambs_reserve(&m->forecasts, &m->forecasts_capacity, m->table->n, sizeof *m->forecasts, err);
    for (size_t i = before; rc == AMBS_OK && i < m->forecasts_capacity; i++) m->forecasts[i] = NAN;
    return rc;
}

int manager_take_forecast(ambs_manager *m, const ambs_proposer_event *event, ambs_error *err)
{
    uint64_t trial = event->report.trial;
    int rc = grow_forecasts(m, err);
    if (rc != AMBS_OK) return rc;
    m->n_asked--;
    m->forecasts[trial] = isnan(event->sd) ? quantile(m, FOUR_IN_FIVE)
                                           : exp(event->mean + FOUR_IN_FIVE_SD * event->sd);
    return ambs_queue_push(&m->again, &trial, err);
}

/* It waits for the next life, or for a deadline that moves. */
static int set_aside(ambs_manager *m, uint64_t trial, ambs_error *err)
{
    if (!m->shortage_said) {
        char left[40];
        m->shortage_said = true;
        int rc = manager_event(m, AMBS_LOG_INFO, err,
                               "%s are left: what is expected to take longer is not started",
                               ambs_format_duration(left_s(m), left));
        if (rc != AMBS_OK) return rc;
    }
    return ambs_queue_push(&m->too_long, &trial, err);
}

static int judge(ambs_manager *m, uint64_t trial, time_verdict *ret, ambs_error *err)
{
    double left = left_s(m);
    *ret = VERDICT_FITS;
    if (m->spec->trial.timeout_s <= left || !(left < quantile(m, NEARLY_ALL))) return AMBS_OK;
    *ret = VERDICT_TOO_LONG;
    if (manager_time_is_up(m)) return AMBS_OK;
    double lasts = quantile(m, FOUR_IN_FIVE);
    bool is_asked =
        m->config.model.forecast && ambs_durations_count(&m->durations) >= AMBS_FORECAST_LEAST;
    int rc = is_asked ? grow_forecasts(m, err) : AMBS_OK;
    if (rc != AMBS_OK) return rc;
    if (is_asked && isnan(m->forecasts[trial])) {
        *ret = VERDICT_ASKED;
        return ask(m, trial, err);
    }
    if (is_asked) lasts = m->forecasts[trial];
    if (lasts <= left) *ret = VERDICT_FITS;
    return AMBS_OK;
}

int manager_judge_time(ambs_manager *m, uint64_t trial, time_verdict *ret, ambs_error *err)
{
    *ret = VERDICT_FITS;
    if (m->deadline_s == INFINITY) return AMBS_OK;
    int rc = judge(m, trial, ret, err);
    return rc == AMBS_OK && *ret == VERDICT_TOO_LONG ? set_aside(m, trial, err) : rc;
}

int manager_look_again(ambs_manager *m, ambs_error *err)
{
    uint64_t trial;
    int rc = AMBS_OK;
    if (!m->looks_again) return AMBS_OK;
    m->looks_again = false;
    while (rc == AMBS_OK && ambs_queue_pop(&m->too_long, &trial))
        rc = ambs_queue_push(&m->again, &trial, err);
    return rc;
}
