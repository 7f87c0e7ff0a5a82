/* SPDX-License-Identifier: MIT */
/* All climbs advance in step, so that a round's neighbours of all of them are predicted in one
 * batch. A climb moves to its best neighbour when that is better, and ends after MAX_FAILED rounds
 * without one. The sd of each numeric step is drawn log-uniformly from [0.005, 0.4] of the range: a
 * forest is piecewise constant, so short steps alone would see no slope, and long ones alone would
 * not refine. In many dimensions a round tries a random MAX_EXCHANGES of the exchanges. */
#include "acquisition/maximiser.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { BLOCK = 512, MAX_EXCHANGES = 48, NUMERIC_STEPS = 2, MAX_FAILED = 3 };
static const double sd_least = 0.005, sd_most = 0.4;

typedef struct climb {
    double *x; /* [d] */
    double value;
    size_t n_failed; /* rounds in a row without a better neighbour */
} climb;

/* One exchange: parameter and which of its neighbours. */
typedef struct exchange {
    size_t parameter, which;
} exchange;

struct ambs_maximiser {
    const ambs_space *space;
    ambs_maximiser_settings settings;
    size_t d, max_climbs, max_rows, n_exchanges;
    exchange *exchanges; /* [n_exchanges] all that there are */
    size_t *order;       /* [n_exchanges] shuffled for a round */
    climb *climbs; /* [max_climbs]; the first settings.n_climbs are the best candidates, a heap of
                      values */
    size_t n_climbs;
    double *climb_x; /* [max_climbs, d] */
    double *x;       /* [max_rows, d] */
    size_t *owner;   /* [max_rows] climb of a neighbour */
    double *mean, *sd, *value;
    double best, best_mean, best_sd;
    double *best_x; /* [d] */
    bool found;
};

static size_t exchanges_of(const ambs_parameter *p)
{
    if (p->type == AMBS_PARAMETER_CONSTANT) return 0;
    return p->type == AMBS_PARAMETER_CATEGORICAL ? p->n_levels - 1 : NUMERIC_STEPS;
}

static int list_exchanges(ambs_maximiser *m, ambs_error *err)
{
    for (size_t i = 0; i < m->d; i++)
        m->n_exchanges += exchanges_of(ambs_space_parameter(m->space, i));
    m->exchanges = ambs_calloc(m->n_exchanges, sizeof *m->exchanges, err);
    m->order = ambs_calloc(m->n_exchanges, sizeof *m->order, err);
    if (!m->exchanges || !m->order) return AMBS_E_NOMEM;
    size_t n = 0;
    for (size_t i = 0; i < m->d; i++)
        for (size_t k = 0; k < exchanges_of(ambs_space_parameter(m->space, i)); k++)
            m->exchanges[n++] = (exchange){i, k};
    return AMBS_OK;
}

static int take_memory(ambs_maximiser *m, ambs_error *err)
{
    size_t per_climb = m->n_exchanges < MAX_EXCHANGES ? m->n_exchanges : MAX_EXCHANGES;
    m->max_rows = m->max_climbs * per_climb;
    if (m->max_rows < BLOCK) m->max_rows = BLOCK;
    m->climbs = ambs_calloc(m->max_climbs, sizeof *m->climbs, err);
    m->climb_x = ambs_calloc(m->max_climbs, m->d * sizeof(double), err);
    m->x = ambs_calloc(m->max_rows, m->d * sizeof(double), err);
    m->owner = ambs_calloc(m->max_rows, sizeof *m->owner, err);
    m->mean = ambs_calloc(m->max_rows, sizeof *m->mean, err);
    m->sd = ambs_calloc(m->max_rows, sizeof *m->sd, err);
    m->value = ambs_calloc(m->max_rows, sizeof *m->value, err);
    m->best_x = ambs_calloc(m->d, sizeof *m->best_x, err);
    bool whole =
        m->climbs && m->climb_x && m->x && m->owner && m->mean && m->sd && m->value && m->best_x;
    return whole ? AMBS_OK : AMBS_E_NOMEM;
}

int ambs_maximiser_create(const ambs_space *space, const ambs_maximiser_settings *settings,
                          size_t max_starts, ambs_maximiser **ret_maximiser, ambs_error *err)
{
    ambs_maximiser *m = ambs_calloc(1, sizeof *m, err);
    if (!m) return AMBS_E_NOMEM;
    m->space = space;
    m->settings = *settings;
    m->d = ambs_space_dimension(space);
    m->max_climbs = settings->n_climbs + max_starts;
    int rc = list_exchanges(m, err);
    if (rc == AMBS_OK) rc = take_memory(m, err);
    if (rc == AMBS_OK)
        *ret_maximiser = m;
    else
        ambs_maximiser_destroy(m);
    return rc;
}

void ambs_maximiser_destroy(ambs_maximiser *m)
{
    if (!m) return;
    free(m->exchanges);
    free(m->order);
    free(m->climbs);
    free(m->climb_x);
    free(m->x);
    free(m->owner);
    free(m->mean);
    free(m->sd);
    free(m->value);
    free(m->best_x);
    free(m);
}

/* Values of the first n rows of m->x; the best that is not taken is remembered. */
static int evaluate(ambs_maximiser *m, const ambs_maximiser_problem *p, size_t n, ambs_error *err)
{
    int rc = ambs_surrogate_predict(p->surrogate, n, m->x, m->mean, m->sd, err);
    if (rc != AMBS_OK) return rc;
    p->acquisition->evaluate(p->options, p->context, n, m->mean, m->sd, m->value);
    for (size_t i = 0; i < n; i++) {
        const double *x = m->x + i * m->d;
        bool better = m->value[i] > m->best || (!m->found && !isnan(m->value[i]));
        if (!better || p->is_taken(p->taken_of, x)) continue;
        m->found = true;
        m->best = m->value[i];
        m->best_mean = m->mean[i];
        m->best_sd = m->sd[i];
        memcpy(m->best_x, x, m->d * sizeof *x);
    }
    return AMBS_OK;
}

static void begin_climb(ambs_maximiser *m, climb *c, const double *x, double value)
{
    c->x = m->climb_x + (size_t)(c - m->climbs) * m->d;
    memcpy(c->x, x, m->d * sizeof *x);
    c->value = value;
    c->n_failed = 0;
}

/* Keeps the n_climbs best of all candidates; the least of them is found by a scan, since they are
 * few. */
static void keep_best(ambs_maximiser *m, size_t n)
{
    for (size_t i = 0; i < n && m->settings.n_climbs > 0; i++) {
        if (isnan(m->value[i])) continue;
        if (m->n_climbs < m->settings.n_climbs) {
            begin_climb(m, &m->climbs[m->n_climbs++], m->x + i * m->d, m->value[i]);
            continue;
        }
        size_t least = 0;
        for (size_t k = 1; k < m->n_climbs; k++)
            if (m->climbs[k].value < m->climbs[least].value) least = k;
        if (m->value[i] > m->climbs[least].value)
            begin_climb(m, &m->climbs[least], m->x + i * m->d, m->value[i]);
    }
}

static int take_candidates(ambs_maximiser *m, const ambs_maximiser_problem *p, ambs_random *random,
                           ambs_error *err)
{
    for (size_t done = 0; done < m->settings.n_candidates;) {
        size_t n =
            m->settings.n_candidates - done < BLOCK ? m->settings.n_candidates - done : BLOCK;
        for (size_t i = 0; i < n; i++) {
            int rc = ambs_space_sample(m->space, random, m->x + i * m->d, err);
            if (rc != AMBS_OK) return rc;
        }
        int rc = evaluate(m, p, n, err);
        if (rc != AMBS_OK) return rc;
        keep_best(m, n);
        done += n;
    }
    return AMBS_OK;
}

/* Every free member of a small space. */
static int take_members(ambs_maximiser *m, const ambs_maximiser_problem *p, ambs_error *err)
{
    ambs_space_cursor *cursor;
    int rc = ambs_space_cursor_create(m->space, &cursor, err);
    if (rc != AMBS_OK) return rc;
    for (bool more = true; rc == AMBS_OK && more;) {
        size_t n = 0;
        while (n < BLOCK && (more = ambs_space_cursor_next(cursor, m->x + n * m->d)))
            n += !p->is_taken(p->taken_of, m->x + n * m->d);
        rc = evaluate(m, p, n, err);
    }
    ambs_space_cursor_destroy(cursor);
    return rc;
}

static int take_starts(ambs_maximiser *m, const ambs_maximiser_problem *p, ambs_error *err)
{
    size_t n = p->n_starts < m->max_climbs - m->settings.n_climbs
                   ? p->n_starts
                   : m->max_climbs - m->settings.n_climbs;
    for (size_t i = 0; i < n; i++) memcpy(m->x + i * m->d, p->starts[i], m->d * sizeof *m->x);
    int rc = evaluate(m, p, n, err);
    for (size_t i = 0; rc == AMBS_OK && i < n; i++)
        if (!isnan(m->value[i]))
            begin_climb(m, &m->climbs[m->n_climbs++], m->x + i * m->d, m->value[i]);
    return rc;
}

/* The neighbours of climb k, from row `n` on; returns the next free row. */
static size_t add_neighbours(ambs_maximiser *m, size_t k, size_t n, ambs_random *random)
{
    size_t tries = m->n_exchanges;
    for (size_t i = 0; i < tries; i++) m->order[i] = i;
    if (tries > MAX_EXCHANGES) {
        ambs_random_shuffle(random, m->order, tries);
        tries = MAX_EXCHANGES;
    }
    const climb *c = &m->climbs[k];
    for (size_t i = 0; i < tries; i++) {
        exchange e = m->exchanges[m->order[i]];
        double sd = sd_least * pow(sd_most / sd_least, ambs_random_uniform(random));
        if (!ambs_space_neighbour(m->space, c->x, e.parameter, e.which, sd, random,
                                  m->x + n * m->d))
            continue;
        m->owner[n++] = k;
    }
    return n;
}

/* Each climb moves to its best neighbour or steps more finely. */
static void move_climbs(ambs_maximiser *m, size_t n)
{
    for (size_t i = 0; i < n;) {
        climb *c = &m->climbs[m->owner[i]];
        size_t best = i;
        for (size_t owner = m->owner[i]; i < n && m->owner[i] == owner; i++)
            if (m->value[i] > m->value[best]) best = i;
        if (m->value[best] > c->value) {
            memcpy(c->x, m->x + best * m->d, m->d * sizeof *c->x);
            c->value = m->value[best];
            c->n_failed = 0;
        } else {
            c->n_failed++;
        }
    }
}

static int climb_all(ambs_maximiser *m, const ambs_maximiser_problem *p, ambs_random *random,
                     ambs_error *err)
{
    for (size_t round = 0; round < m->settings.n_rounds; round++) {
        size_t n = 0;
        for (size_t k = 0; k < m->n_climbs; k++)
            if (m->climbs[k].n_failed < MAX_FAILED) n = add_neighbours(m, k, n, random);
        if (n == 0) return AMBS_OK;
        int rc = evaluate(m, p, n, err);
        if (rc != AMBS_OK) return rc;
        move_climbs(m, n);
    }
    return AMBS_OK;
}

int ambs_maximiser_run(ambs_maximiser *m, const ambs_maximiser_problem *p, ambs_random *random,
                       double *ret_x, double *ret_value, double *ret_mean, double *ret_sd,
                       bool *ret_found, ambs_error *err)
{
    bool exact;
    m->found = false;
    m->best = -INFINITY;
    m->n_climbs = 0;
    int rc;
    if (ambs_space_cardinality(m->space, &exact) <= (double)m->settings.n_candidates) {
        rc = take_members(m, p, err);
    } else {
        rc = take_candidates(m, p, random, err);
        if (rc == AMBS_OK) rc = take_starts(m, p, err);
        if (rc == AMBS_OK) rc = climb_all(m, p, random, err);
    }
    if (rc != AMBS_OK) return rc;
    *ret_found = m->found;
    if (!m->found) return AMBS_OK;
    memcpy(ret_x, m->best_x, m->d * sizeof *ret_x);
    *ret_value = m->best;
    *ret_mean = m->best_mean;
    *ret_sd = m->best_sd;
    return AMBS_OK;
}
