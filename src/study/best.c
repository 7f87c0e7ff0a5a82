/* SPDX-License-Identifier: MIT */
#include "study/best.h"

#include <math.h>

#include "numeric/sample.h"

static double sign_of(const ambs_spec *spec)
{
    return spec->goal == AMBS_MAXIMIZE ? -1 : 1;
}

static ambs_pool pool_of(const ambs_table *t)
{
    ambs_pool pool = {0};
    for (size_t i = 0; i < t->n; i++) {
        const ambs_trial_row *row = &t->rows[i];
        if (row->n_evaluations < 2) continue;
        double freedom = row->n_evaluations - 1;
        pool.squares += freedom * row->value_sd * row->value_sd;
        pool.freedom += freedom;
    }
    return pool;
}

/* Minimised: the mean, made worse by its standard error. */
static double score(const ambs_spec *spec, const ambs_pool *pool, const ambs_trial_row *row)
{
    return sign_of(spec) * row->objective + ambs_pool_error(pool, row->n_evaluations);
}

static uint64_t find(const ambs_spec *spec, const ambs_table *t, const ambs_pool *pool,
                     uint32_t least)
{
    uint64_t best = UINT64_MAX;
    for (size_t i = 0; i < t->n; i++) {
        const ambs_trial_row *row = &t->rows[i];
        if (!ambs_trial_has_result(row) || row->n_evaluations + row->n_refused < least) continue;
        if (best == UINT64_MAX || score(spec, pool, row) < score(spec, pool, &t->rows[best]))
            best = i;
    }
    return best;
}

uint64_t ambs_study_best(const ambs_spec *spec, const ambs_table *t)
{
    if (!ambs_repeats_on(&spec->repeats))
        return spec->goal == AMBS_MAXIMIZE ? t->greatest : t->least;
    ambs_pool pool = pool_of(t);
    uint64_t best = find(spec, t, &pool, ambs_repeats_to_lead(&spec->repeats));
    return best != UINT64_MAX ? best : find(spec, t, &pool, 1);
}

double ambs_study_reach(const ambs_spec *spec, const ambs_table *t, uint64_t trial)
{
    uint32_t n = t->rows[trial].n_evaluations;
    ambs_pool pool = pool_of(t);
    if (!ambs_repeats_on(&spec->repeats) || n == 0 || pool.freedom <= 0) return NAN;
    return ambs_student_quantile(0.5 + 0.5 * spec->repeats.confidence, pool.freedom) *
           ambs_pool_error(&pool, n);
}

bool ambs_study_target_reached(const ambs_spec *spec, const ambs_table *t, uint64_t best)
{
    if (isnan(spec->target) || best == UINT64_MAX) return false;
    const ambs_trial_row *row = &t->rows[best];
    double target = sign_of(spec) * spec->target;
    if (!ambs_repeats_on(&spec->repeats)) return sign_of(spec) * row->objective <= target;
    ambs_pool pool = pool_of(t);
    return row->n_evaluations + row->n_refused >= ambs_repeats_to_lead(&spec->repeats) &&
           score(spec, &pool, row) <= target;
}
