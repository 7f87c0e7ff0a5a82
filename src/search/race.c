/* SPDX-License-Identifier: MIT */
/* Three rules, in this order:
 *   owed      a configuration that was begun gets its `min` evaluations; no other one is begun
 *             where the budget could not pay for them.
 *   luck      (race) the trial with the least mean is evaluated again until its mean plus standard
 *             error is the least as well: what leads by one lucky value loses its lead, what is
 *             good keeps it. As in the intensification of SMAC (Hutter, Hoos and Leyton-Brown 2011,
 *             doi:10.1007/978-3-642-25566-3_40) only challengers that beat the incumbent cost more.
 *   decision  (race) the last FINAL_SHARE of the budget goes to the leader and to the trial that is
 *             most likely better than it (top two: Russo 2020, doi:10.1287/opre.2019.1911), until
 *             every other is worse by a one-sided t-test with the confidence asked for (the race of
 *             irace: López-Ibáñez et al. 2016, doi:10.1016/j.orp.2016.09.002), or had `max`.
 * The spread is pooled over all configurations that were evaluated twice: a variance of two values
 * says next to nothing. */
#include "search/race.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

#define FINAL_SHARE 0.2

struct ambs_race {
    ambs_repeats repeats;
    uint64_t budget;
    ambs_raced *trials;
    size_t n, capacity;
    uint64_t n_counted, n_in_flight;
};

/* What one walk over the trials finds. */
typedef struct survey {
    ambs_pool pool;
    uint64_t due;  /* the first trial that lacks evaluations and is not in flight; UINT64_MAX */
    uint64_t owed; /* evaluations that trials lack, those in flight not counted */
} survey;

int ambs_race_create(const ambs_repeats *repeats, uint64_t budget, ambs_race **ret_race,
                     ambs_error *err)
{
    ambs_race *r = ambs_calloc(1, sizeof *r, err);
    if (!r) return AMBS_E_NOMEM;
    r->repeats = *repeats;
    r->budget = budget;
    *ret_race = r;
    return AMBS_OK;
}

void ambs_race_destroy(ambs_race *r)
{
    if (!r) return;
    free(r->trials);
    free(r);
}

int ambs_race_reserve(ambs_race *r, ambs_error *err)
{
    return ambs_reserve(&r->trials, &r->capacity, r->n + 1, sizeof *r->trials, err);
}

void ambs_race_asked(ambs_race *r, uint64_t id)
{
    if (id == r->n) r->trials[r->n++] = (ambs_raced){0};
    ambs_raced *t = &r->trials[id];
    t->n_asked++;
    t->n_counted++;
    t->in_flight = true;
    r->n_counted++;
    r->n_in_flight++;
}

ambs_trial_state ambs_race_told(ambs_race *r, uint64_t id, ambs_trial_state state, double y)
{
    ambs_raced *t = &r->trials[id];
    t->in_flight = false;
    r->n_in_flight--;
    if (state == AMBS_TRIAL_COMPLETE)
        ambs_sample_add(&t->sample, y);
    else
        t->closed = true;
    if (state == AMBS_TRIAL_FAILED) {
        t->n_failed++;
        t->closed = t->sample.n <= t->n_failed;
        if (t->closed) return AMBS_TRIAL_FAILED;
    }
    return t->sample.n > 0 ? AMBS_TRIAL_COMPLETE : state;
}

void ambs_race_cancelled(ambs_race *r, uint64_t id)
{
    ambs_raced *t = &r->trials[id];
    t->in_flight = false;
    t->closed = t->n_asked == 1; /* the trial itself; else only a repeat of it */
    t->n_counted--;
    r->n_counted--;
    r->n_in_flight--;
}

const ambs_raced *ambs_race_trial(const ambs_race *r, uint64_t id)
{
    return &r->trials[id];
}

static survey look(const ambs_race *r)
{
    survey s = {.due = UINT64_MAX};
    for (size_t i = 0; i < r->n; i++) {
        const ambs_raced *t = &r->trials[i];
        ambs_pool_add(&s.pool, &t->sample);
        if (t->closed || t->n_counted >= r->repeats.min) continue;
        s.owed += r->repeats.min - t->n_counted;
        if (!t->in_flight && s.due == UINT64_MAX) s.due = i;
    }
    return s;
}

/* Evaluations that are neither used nor owed. Who asks beyond the budget has none. */
static double room(const ambs_race *r, const survey *s)
{
    if (r->budget == 0 || r->n_counted >= r->budget) return INFINITY;
    return (double)(r->budget - r->n_counted) - (double)s->owed;
}

/* ---- who leads ---- */

static bool takes_part(const ambs_raced *t, uint32_t least)
{
    return t->sample.n > t->n_failed && t->sample.n + t->n_failed >= least;
}

static double score(const ambs_raced *t, const ambs_pool *pool, bool cautious)
{
    return t->sample.mean + (cautious ? ambs_pool_error(pool, t->sample.n) : 0);
}

/* The trial with the least mean, or (`cautious`) mean plus standard error; UINT64_MAX: none. */
static uint64_t leader(const ambs_race *r, const ambs_pool *pool, uint32_t least, bool cautious)
{
    uint64_t best = UINT64_MAX;
    for (size_t i = 0; i < r->n; i++) {
        if (!takes_part(&r->trials[i], least)) continue;
        if (best == UINT64_MAX ||
            score(&r->trials[i], pool, cautious) < score(&r->trials[best], pool, cautious))
            best = i;
    }
    return best;
}

static uint32_t least_evaluations(const ambs_race *r)
{
    return r->repeats.min > 1 ? r->repeats.min : 1;
}

bool ambs_race_best(const ambs_race *r, uint64_t *ret_trial)
{
    survey s = look(r);
    uint64_t best = leader(r, &s.pool, ambs_repeats_to_lead(&r->repeats), true);
    if (best == UINT64_MAX) best = leader(r, &s.pool, 1, true);
    *ret_trial = best;
    return best != UINT64_MAX;
}

double ambs_race_reach(const ambs_race *r, uint64_t id)
{
    survey s = look(r);
    uint32_t n = r->trials[id].sample.n;
    if (n == 0 || s.pool.freedom <= 0) return NAN;
    return ambs_student_quantile(0.5 + 0.5 * r->repeats.confidence, s.pool.freedom) *
           ambs_pool_error(&s.pool, n);
}

/* ---- the rules of a race ---- */

static bool may_run(const ambs_race *r, uint64_t id)
{
    const ambs_raced *t = &r->trials[id];
    return !t->in_flight && !t->closed && t->n_counted < r->repeats.max;
}

static uint64_t lucky(const ambs_race *r, const ambs_pool *pool)
{
    uint32_t least = least_evaluations(r);
    uint64_t first = leader(r, pool, least, false);
    if (first == UINT64_MAX || !may_run(r, first)) return UINT64_MAX;
    bool proven = r->trials[first].sample.n >= 2 && first == leader(r, pool, least, true);
    return proven ? UINT64_MAX : first;
}

/* By how many standard errors of the difference trial i is worse than the leader. */
static double distance(const ambs_race *r, const ambs_pool *pool, uint64_t i, uint64_t best)
{
    const ambs_sample *a = &r->trials[i].sample, *b = &r->trials[best].sample;
    double error = ambs_pool_error(pool, 1) * sqrt(1.0 / a->n + 1.0 / b->n),
           gap = a->mean - b->mean;
    return error > 0 ? gap / error : gap > 0 ? INFINITY : 0;
}

/* The leader or its strongest rival, whichever was evaluated less often; UINT64_MAX when the leader
 * is known to be the best, or neither may run. */
static uint64_t undecided(const ambs_race *r, const ambs_pool *pool)
{
    uint32_t least = least_evaluations(r);
    uint64_t best = leader(r, pool, least, true), rival = UINT64_MAX;
    if (best == UINT64_MAX) return UINT64_MAX;
    bool runs = may_run(r, best), known = true;
    if (pool->freedom <= 0) return runs ? best : UINT64_MAX;
    double t = ambs_student_quantile(r->repeats.confidence, pool->freedom), nearest = INFINITY;
    for (size_t i = 0; i < r->n; i++) {
        if (i == best || !takes_part(&r->trials[i], least)) continue;
        double d = distance(r, pool, i, best);
        if (d > t) continue;
        known = false;
        if (d >= nearest || !may_run(r, i)) continue;
        nearest = d;
        rival = i;
    }
    if (known) return UINT64_MAX;
    if (rival == UINT64_MAX) return runs ? best : UINT64_MAX;
    return runs && r->trials[best].sample.n <= r->trials[rival].sample.n ? best : rival;
}

static bool is_final(const ambs_race *r)
{
    if (r->budget == 0 || r->n_counted >= r->budget) return false;
    return (double)(r->budget - r->n_counted) <= FINAL_SHARE * (double)r->budget;
}

ambs_race_advice ambs_race_advise(const ambs_race *r, bool exhausted, uint64_t *ret_trial)
{
    survey s = look(r);
    double left = room(r, &s);
    *ret_trial = s.due;
    if (s.due != UINT64_MAX) return AMBS_RACE_REPEAT;
    bool races = r->repeats.max > r->repeats.min && left >= 1;
    if (races) {
        *ret_trial = lucky(r, &s.pool);
        if (*ret_trial == UINT64_MAX && (exhausted || is_final(r) || left < r->repeats.min))
            *ret_trial = undecided(r, &s.pool);
        if (*ret_trial != UINT64_MAX) return AMBS_RACE_REPEAT;
    }
    if (!exhausted && left >= r->repeats.min) return AMBS_RACE_NEW;
    bool hangs = s.owed > 0 || (races && r->n_in_flight > 0);
    return hangs ? AMBS_RACE_WAIT : AMBS_RACE_NOTHING;
}
