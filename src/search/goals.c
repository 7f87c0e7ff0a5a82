/* SPDX-License-Identifier: MIT */
#include "search/goals.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

size_t ambs_goals_count(const ambs_spec *spec)
{
    return spec->n_goals > 1 ? spec->n_goals : 1;
}

double ambs_goals_sign(const ambs_spec *spec, size_t j)
{
    ambs_goal goal = spec->n_goals > 1 ? spec->goals[j].goal : spec->goal;
    return goal == AMBS_MAXIMIZE ? -1 : 1;
}

static double find(const char *name, size_t n, const ambs_metric *metrics)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(metrics[i].name, name) == 0) return metrics[i].value;
    return NAN;
}

bool ambs_goals_values(const ambs_spec *spec, double objective, size_t n_metrics,
                       const ambs_metric *metrics, double *ret)
{
    bool whole = true;
    for (size_t j = 0; j < ambs_goals_count(spec); j++) {
        double value = j == 0 ? objective : find(spec->goals[j].name, n_metrics, metrics);
        ret[j] = isfinite(value) ? ambs_goals_sign(spec, j) * value : NAN;
        whole &= isfinite(value);
    }
    return whole;
}

/* The name of a metric nearest to `name` that is no goal itself; NULL: there is none. */
static const char *nearest(const ambs_spec *spec, const ambs_outcome *o, const char *name)
{
    const char *best = NULL;
    size_t least = SIZE_MAX;
    for (size_t i = 0; i < o->n_metrics; i++) {
        size_t edits = ambs_edit_distance(o->metrics[i].name, name);
        bool is_goal = false;
        for (size_t j = 0; j < spec->n_goals; j++)
            is_goal |= strcmp(o->metrics[i].name, spec->goals[j].name) == 0;
        if (is_goal || edits >= least) continue;
        least = edits;
        best = o->metrics[i].name;
    }
    return best;
}

void ambs_goals_settle(const ambs_spec *spec, ambs_outcome *o)
{
    if (spec->n_goals < 2 || o->state != AMBS_TRIAL_COMPLETE) return;
    for (size_t j = 1; j < spec->n_goals; j++) {
        const char *name = spec->goals[j].name;
        if (isfinite(find(name, o->n_metrics, o->metrics))) continue;
        const char *near = nearest(spec, o, name);
        o->state = AMBS_TRIAL_FAILED;
        o->reason = AMBS_REASON_BAD_RESULT;
        if (near)
            snprintf(o->message, sizeof o->message,
                     "the result has no finite \"%s\"; the nearest name in it is \"%s\"", name,
                     near);
        else
            snprintf(o->message, sizeof o->message,
                     "the result has no finite \"%s\", one of the study's %zu metrics", name,
                     spec->n_goals);
        for (size_t bad; !ambs_utf8_valid(o->message, strlen(o->message), &bad);)
            o->message[bad] = '?';
        return;
    }
}

bool ambs_goals_reach_targets(const ambs_spec *spec, const double *values)
{
    bool any = false;
    for (size_t j = 0; j < ambs_goals_count(spec); j++) {
        double target = spec->n_goals > 1 ? spec->goals[j].target : spec->target;
        if (isnan(target)) continue;
        any = true;
        if (!(values[j] <= ambs_goals_sign(spec, j) * target)) return false;
    }
    return any;
}
