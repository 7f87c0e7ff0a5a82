/* SPDX-License-Identifier: MIT */
#include "study/front.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "numeric/pareto.h"
#include "search/goals.h"

/* Steps of the hypervolume: about a second. */
#define WORK 3e8

void ambs_front_fini(ambs_front *f)
{
    free(f->trial);
    free(f->values);
    free(f->reference);
    *f = (ambs_front){0};
}

bool ambs_front_values(const ambs_table *t, const ambs_spec *spec, uint64_t trial, double *ret)
{
    const ambs_trial_row *row = &t->rows[trial];
    bool complete = row->state == AMBS_TRIAL_COMPLETE;
    return ambs_goals_values(spec, complete ? row->objective : NAN, row->n_metrics,
                             row->n_metrics > 0 ? t->metrics + row->metrics : NULL, ret) &&
           complete;
}

/* Minimised values to the user's and back. */
static void turn(const ambs_spec *spec, size_t n, size_t m, double *y)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < m; j++) y[i * m + j] *= ambs_goals_sign(spec, j);
}

static void take_references(const ambs_spec *spec, const double *worst, ambs_front *f)
{
    for (size_t j = 0; j < f->m; j++) {
        double given = spec->n_goals > 1 ? spec->goals[j].reference : NAN;
        f->reference[j] = ambs_goals_sign(spec, j) * given;
    }
    if (f->n > 0) ambs_pareto_reference(f->n, f->m, f->values, worst, f->reference);
}

/* Of all values y [n, m] of the trials, NaN where there are none. */
static int take_front(const ambs_spec *spec, size_t n, const double *y, ambs_front *f,
                      ambs_error *err)
{
    size_t *index = ambs_calloc(n ? n : 1, sizeof *index, err);
    double worst[AMBS_MAX_GOALS], work = WORK;
    if (!index) return AMBS_E_NOMEM;
    int rc = ambs_pareto_front(n, f->m, y, index, &f->n, err);
    f->trial = ambs_calloc(f->n + 1, sizeof *f->trial, err);
    f->values = ambs_calloc(f->n + 1, f->m * sizeof *f->values, err);
    f->reference = ambs_calloc(f->m, sizeof *f->reference, err);
    if (rc == AMBS_OK && !(f->trial && f->values && f->reference)) rc = AMBS_E_NOMEM;
    for (size_t k = 0; rc == AMBS_OK && k < f->n; k++) {
        f->trial[k] = index[k];
        memcpy(f->values + k * f->m, y + index[k] * f->m, f->m * sizeof *y);
    }
    free(index);
    if (rc != AMBS_OK) return rc;
    for (size_t j = 0; j < f->m; j++) worst[j] = -INFINITY;
    for (size_t i = 0; i < n * f->m; i++) worst[i % f->m] = fmax(worst[i % f->m], y[i]);
    take_references(spec, worst, f);
    rc = ambs_pareto_hypervolume(f->n, f->m, f->values, f->reference, &work, &f->hypervolume, err);
    turn(spec, f->n, f->m, f->values);
    turn(spec, 1, f->m, f->reference);
    return rc;
}

int ambs_front_create(const ambs_table *t, const ambs_spec *spec, ambs_front *ret, ambs_error *err)
{
    ambs_front f = {.m = ambs_goals_count(spec), .hypervolume = NAN};
    double *y = ambs_calloc(t->n + 1, f.m * sizeof *y, err);
    if (!y) return AMBS_E_NOMEM;
    for (size_t i = 0; i < t->n; i++) {
        double *row = y + i * f.m;
        if (!ambs_front_values(t, spec, i, row))
            for (size_t j = 0; j < f.m; j++) row[j] = NAN;
    }
    int rc = take_front(spec, t->n, y, &f, err);
    free(y);
    if (rc == AMBS_OK)
        *ret = f;
    else
        ambs_front_fini(&f);
    return rc;
}

/* Lets the point join y [*n, m]; false where something there beats it. */
static bool join(size_t m, double *y, size_t *n, const double *point)
{
    size_t kept = 0;
    for (size_t k = 0; k < *n; k++)
        if (ambs_pareto_dominates(m, y + k * m, point)) return false;
    for (size_t k = 0; k < *n; k++)
        if (!ambs_pareto_dominates(m, point, y + k * m))
            memmove(y + kept++ * m, y + k * m, m * sizeof *y);
    memcpy(y + kept * m, point, m * sizeof *y);
    *n = kept + 1;
    return true;
}

int ambs_front_history(const ambs_table *t, const ambs_spec *spec, const ambs_front *f,
                       ambs_front_step **ret_steps, size_t *ret_n, ambs_error *err)
{
    size_t n = 0, n_steps = 0, n_finished = 0, capacity = 0;
    double reference[AMBS_MAX_GOALS], point[AMBS_MAX_GOALS], work = WORK;
    ambs_front_step *steps = NULL;
    double *y = ambs_calloc(t->n + 1, f->m * sizeof *y, err);
    int rc = y ? AMBS_OK : AMBS_E_NOMEM;
    for (size_t j = 0; j < f->m; j++) reference[j] = ambs_goals_sign(spec, j) * f->reference[j];
    for (size_t i = 0; rc == AMBS_OK && i < t->n_inputs; i++) {
        uint64_t trial = t->inputs[i].trial;
        if (t->inputs[i].type == AMBS_RECORD_CANCEL) continue;
        n_finished++;
        if (!ambs_front_values(t, spec, trial, point) || !join(f->m, y, &n, point)) continue;
        rc = ambs_reserve(&steps, &capacity, n_steps + 1, sizeof *steps, err);
        if (rc != AMBS_OK) break;
        ambs_front_step *step = &steps[n_steps++];
        *step = (ambs_front_step){.trial = trial, .n_finished = n_finished, .n = n};
        rc = ambs_pareto_hypervolume(n, f->m, y, reference, &work, &step->hypervolume, err);
    }
    free(y);
    if (rc != AMBS_OK) {
        free(steps);
        return rc;
    }
    *ret_steps = steps;
    *ret_n = n_steps;
    return AMBS_OK;
}
