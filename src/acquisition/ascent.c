/* SPDX-License-Identifier: MIT */
/* One minimisation of the negative per climb, over the features that move; the values of all that
 * still run are computed together, since most of a value's cost is reading the surrogate's factor.
 * A feature that is inactive in a climb has no slope, so it stays. */
#include "acquisition/ascent.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "numeric/lbfgs.h"

enum { CLIMBS = AMBS_SURROGATE_MAX_CLIMBS, MANY_VALUES = 8 };

static const ambs_lbfgs_settings settings = {20, 1e-6, 1e-6};

struct ambs_ascent {
    const ambs_space *space;
    size_t d, p, n_moving;
    size_t *moving;          /* [n_moving] features */
    double *lower, *upper;   /* [n_moving] 0 and 1 */
    double *row, *at;        /* [CLIMBS, p] of the starts, and where values are wanted */
    double *by_mean, *by_sd; /* [CLIMBS, p] slopes of mean and sd */
    double *place;           /* [CLIMBS, n_moving] */
    double *gradient;        /* [n_moving] */
    double *work;            /* [CLIMBS, work size] */
    double *unit, *x;        /* [d] */
};

bool ambs_ascent_moves(const ambs_space *space, size_t parameter)
{
    const ambs_parameter *p = ambs_space_parameter(space, parameter);
    switch (p->type) {
    case AMBS_PARAMETER_FLOAT:
        return p->step <= 0 || (p->max - p->min) / p->step >= MANY_VALUES;
    case AMBS_PARAMETER_INT:
        return (p->max - p->min) / (p->step > 1 ? p->step : 1) >= MANY_VALUES;
    default:
        return false;
    }
}

bool ambs_ascent_applies(const ambs_maximiser_problem *p)
{
    if (p->joint) return ambs_surrogate_is_smooth(p->surrogate);
    if (!p->acquisition->ascend) return false;
    return p->acquisition->draws ? ambs_surrogate_draws_smoothly(p->surrogate)
                                 : ambs_surrogate_is_smooth(p->surrogate);
}

int ambs_ascent_create(const ambs_space *space, ambs_ascent **ret_ascent, ambs_error *err)
{
    ambs_ascent *a = ambs_calloc(1, sizeof *a, err);
    if (!a) return AMBS_E_NOMEM;
    a->space = space;
    a->d = ambs_space_dimension(space);
    *ret_ascent = a;
    return AMBS_OK;
}

static void drop_work(ambs_ascent *a)
{
    double **const parts[] = {&a->lower, &a->upper, &a->row,      &a->at,   &a->by_mean, &a->by_sd,
                              &a->place, &a->work,  &a->gradient, &a->unit, &a->x};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        free(*parts[i]);
        *parts[i] = NULL;
    }
    free(a->moving);
    a->moving = NULL;
}

void ambs_ascent_destroy(ambs_ascent *a)
{
    if (!a) return;
    drop_work(a);
    free(a);
}

static int take_memory(ambs_ascent *a, ambs_error *err)
{
    size_t n = a->n_moving, p = a->p;
    const struct {
        double **to;
        size_t count;
    } parts[] = {{&a->lower, n},
                 {&a->upper, n},
                 {&a->row, CLIMBS * p},
                 {&a->at, CLIMBS * p},
                 {&a->by_mean, CLIMBS * p},
                 {&a->by_sd, CLIMBS * p},
                 {&a->place, CLIMBS * n},
                 {&a->work, CLIMBS * ambs_lbfgs_work_size(n)},
                 {&a->gradient, n},
                 {&a->unit, a->d},
                 {&a->x, a->d}};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        *parts[i].to = ambs_calloc(parts[i].count, sizeof(double), err);
        if (!*parts[i].to) return AMBS_E_NOMEM;
    }
    for (size_t i = 0; i < n; i++) a->upper[i] = 1;
    return AMBS_OK;
}

/* The features that move; once, since a study has one surrogate. */
static int prepare(ambs_ascent *a, const ambs_surrogate *surrogate, ambs_error *err)
{
    if (a->moving) return AMBS_OK;
    const ambs_feature *features = ambs_surrogate_features(surrogate, &a->p);
    a->moving = ambs_calloc(a->p, sizeof *a->moving, err);
    if (!a->moving) return AMBS_E_NOMEM;
    a->n_moving = 0;
    for (size_t f = 0; f < a->p; f++)
        if (features[f].kind == AMBS_FEATURE_NUMERIC &&
            ambs_ascent_moves(a->space, features[f].parameter))
            a->moving[a->n_moving++] = f;
    int rc = take_memory(a, err);
    if (rc != AMBS_OK) drop_work(a);
    return rc;
}

static void begin(ambs_ascent *a, const ambs_maximiser_problem *p, size_t k, const double *x,
                  const ambs_lbfgs_problem *problem, ambs_lbfgs *ret_climb)
{
    double *row = a->row + k * a->p, *place = a->place + k * a->n_moving;
    ambs_surrogate_encode(p->surrogate, x, row);
    for (size_t i = 0; i < a->n_moving; i++)
        place[i] = isnan(row[a->moving[i]]) ? 0.5 : row[a->moving[i]];
    ambs_lbfgs_begin(ret_climb, problem, &settings, place,
                     a->work + k * ambs_lbfgs_work_size(a->n_moving));
}

/* Mean and sd at the n rows in a->at with their slopes, or those of a function that was drawn. */
static int look(ambs_ascent *a, const ambs_maximiser_problem *p, size_t n, double *mean, double *sd,
                ambs_error *err)
{
    if (!p->acquisition->draws)
        return ambs_surrogate_gradient(p->surrogate, n, a->at, mean, sd, a->by_mean, a->by_sd, err);
    memset(sd, 0, n * sizeof *sd);
    memset(a->by_sd, 0, n * a->p * sizeof *a->by_sd);
    return ambs_surrogate_drawn_gradient(p->surrogate, n, a->at, mean, a->by_mean, err);
}

/* Values [n] at a->at and their slopes [n, p], which take the place of a->by_mean. */
static int take_slopes(ambs_ascent *a, const ambs_maximiser_problem *p, size_t n, double *ret_value,
                       ambs_error *err)
{
    double mean[CLIMBS], sd[CLIMBS], by_mean[CLIMBS], by_sd[CLIMBS];
    if (p->joint) return p->joint->ascend(p->joint->of, n, a->at, ret_value, a->by_mean, err);
    int rc = look(a, p, n, mean, sd, err);
    if (rc != AMBS_OK) return rc;
    p->acquisition->ascend(p->options, p->context, n, mean, sd, ret_value, by_mean, by_sd);
    for (size_t k = 0; k < n; k++)
        for (size_t i = 0; i < a->n_moving; i++) {
            size_t f = k * a->p + a->moving[i];
            a->by_mean[f] = by_mean[k] * a->by_mean[f] + by_sd[k] * a->by_sd[f];
        }
    return AMBS_OK;
}

/* Computes the values that the climbs want and gives them; *ret_more is false when none did. */
static int step_all(ambs_ascent *a, const ambs_maximiser_problem *p, size_t m, ambs_lbfgs *climbs,
                    bool *ret_more, ambs_error *err)
{
    double value[CLIMBS];
    size_t owner[CLIMBS], n = 0;
    for (size_t k = 0; k < m; k++) {
        const double *place = ambs_lbfgs_point(&climbs[k]);
        if (!place) continue;
        double *row = a->at + n * a->p;
        memcpy(row, a->row + k * a->p, a->p * sizeof *row);
        for (size_t i = 0; i < a->n_moving; i++)
            if (!isnan(row[a->moving[i]])) row[a->moving[i]] = place[i];
        owner[n++] = k;
    }
    *ret_more = n > 0;
    int rc = take_slopes(a, p, n, value, err);
    if (rc != AMBS_OK) return rc;
    for (size_t k = 0; k < n; k++) {
        for (size_t i = 0; i < a->n_moving; i++)
            a->gradient[i] = -a->by_mean[k * a->p + a->moving[i]];
        ambs_lbfgs_give(&climbs[owner[k]], -value[k], a->gradient);
    }
    return AMBS_OK;
}

/* The member of the space where climb k ended takes the place of x, if it is allowed. */
static void finish(ambs_ascent *a, const ambs_maximiser_problem *p, size_t k, double *x)
{
    size_t n_features;
    const ambs_feature *features = ambs_surrogate_features(p->surrogate, &n_features);
    const double *row = a->row + k * a->p, *place = a->place + k * a->n_moving;
    ambs_space_to_unit(a->space, x, a->unit);
    for (size_t i = 0; i < a->n_moving; i++)
        if (!isnan(row[a->moving[i]])) a->unit[features[a->moving[i]].parameter] = place[i];
    ambs_space_from_unit(a->space, a->unit, a->x);
    if (ambs_space_feasible(a->space, a->x)) memcpy(x, a->x, a->d * sizeof *x);
}

int ambs_ascent_run(ambs_ascent *a, const ambs_maximiser_problem *p, size_t m, double *const *rows,
                    ambs_error *err)
{
    ambs_lbfgs climbs[CLIMBS];
    int rc = prepare(a, p->surrogate, err);
    if (rc != AMBS_OK || a->n_moving == 0) return rc;
    const ambs_lbfgs_problem problem = {.n = a->n_moving, .lower = a->lower, .upper = a->upper};
    for (size_t k = 0; k < m; k++) begin(a, p, k, rows[k], &problem, &climbs[k]);
    for (bool more = true; rc == AMBS_OK && more;) rc = step_all(a, p, m, climbs, &more, err);
    for (size_t k = 0; rc == AMBS_OK && k < m; k++) finish(a, p, k, rows[k]);
    return rc;
}
