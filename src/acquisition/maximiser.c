/* SPDX-License-Identifier: MIT */
/* All climbs advance in step, so that a round's neighbours of all of them are predicted in one
 * batch. A climb moves to its best neighbour when that is better, and ends after MAX_FAILED rounds
 * without one. The sd of each numeric step is drawn log-uniformly from [0.005, 0.4] of the range: a
 * forest is piecewise constant, so short steps alone would see no slope, and long ones alone would
 * not refine. In many dimensions a round tries a random MAX_EXCHANGES of the exchanges.
 *
 * A surrogate that can screen gives a bound of its sd, so a bound of the acquisition value: what
 * promises less than is known already is not evaluated (with several draws of hyperparameters that
 * bound is of their mixture's moments: nearly so). Where there are slopes, the best few climbs
 * go along them, then by exchanges of the discrete parameters, and again while that helps. */
#include "acquisition/maximiser.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "acquisition/ascent.h"
#include "base/memory.h"

enum { BLOCK = 512, MAX_EXCHANGES = 48, NUMERIC_STEPS = 2, MAX_FAILED = 3 };
enum { MAX_ASCENTS = 10, MAX_AFTER_ASCENT = 4, MAX_CYCLES = 4 };
static const double sd_least = 0.005, sd_most = 0.4;

typedef struct climb {
    double *x; /* [d] */
    double value;
    size_t n_failed; /* rounds in a row without a better neighbour */
    bool dropped;    /* others go on instead */
    bool ends_taken; /* where it stands was evaluated before */
    bool moved;      /* by exchanges, since the last ascent */
    size_t best;     /* row of its best neighbour; SIZE_MAX: none */
} climb;

/* One exchange: parameter and which of its neighbours. */
typedef struct exchange {
    size_t parameter, which;
} exchange;

struct ambs_maximiser {
    const ambs_space *space;
    ambs_maximiser_settings settings;
    size_t d, max_climbs, max_rows, n_exchanges, n_discrete;
    exchange *exchanges; /* [n_exchanges] all that there are; the n_discrete of parameters that are
                            not continuous come first */
    ambs_ascent *ascent;
    bool smooth, moves;    /* of this run: by slopes; some parameter goes along them */
    double *drawn, *bound; /* [n_screened, d], [max_rows] */
    size_t *ranking;       /* [n_screened] */
    size_t *order;         /* [n_exchanges] shuffled for a round */
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

static bool is_continuous(const ambs_parameter *p)
{
    return p->type == AMBS_PARAMETER_FLOAT && p->step <= 0;
}

static void add_exchanges(ambs_maximiser *m, bool continuous, size_t *n)
{
    for (size_t i = 0; i < m->d; i++) {
        const ambs_parameter *p = ambs_space_parameter(m->space, i);
        for (size_t k = 0; is_continuous(p) == continuous && k < exchanges_of(p); k++)
            m->exchanges[(*n)++] = (exchange){i, k};
    }
}

static int list_exchanges(ambs_maximiser *m, ambs_error *err)
{
    for (size_t i = 0; i < m->d; i++)
        m->n_exchanges += exchanges_of(ambs_space_parameter(m->space, i));
    m->exchanges = ambs_calloc(m->n_exchanges, sizeof *m->exchanges, err);
    m->order = ambs_calloc(m->n_exchanges, sizeof *m->order, err);
    if (!m->exchanges || !m->order) return AMBS_E_NOMEM;
    size_t n = 0;
    add_exchanges(m, false, &n);
    m->n_discrete = n;
    add_exchanges(m, true, &n);
    for (size_t i = 0; i < m->d; i++) m->moves |= ambs_ascent_moves(m->space, i);
    return AMBS_OK;
}

static int take_memory(ambs_maximiser *m, ambs_error *err)
{
    size_t per_climb = m->n_exchanges < MAX_EXCHANGES ? m->n_exchanges : MAX_EXCHANGES;
    m->max_rows = m->max_climbs * per_climb;
    if (m->max_rows < BLOCK) m->max_rows = BLOCK;
    if (m->max_rows < m->settings.n_screened) m->max_rows = m->settings.n_screened;
    m->drawn = ambs_calloc(m->settings.n_screened, m->d * sizeof(double), err);
    m->ranking = ambs_calloc(m->settings.n_screened, sizeof *m->ranking, err);
    m->bound = ambs_calloc(m->max_rows, sizeof *m->bound, err);
    m->climbs = ambs_calloc(m->max_climbs, sizeof *m->climbs, err);
    m->climb_x = ambs_calloc(m->max_climbs, m->d * sizeof(double), err);
    m->x = ambs_calloc(m->max_rows, m->d * sizeof(double), err);
    m->owner = ambs_calloc(m->max_rows, sizeof *m->owner, err);
    m->mean = ambs_calloc(m->max_rows, sizeof *m->mean, err);
    m->sd = ambs_calloc(m->max_rows, sizeof *m->sd, err);
    m->value = ambs_calloc(m->max_rows, sizeof *m->value, err);
    m->best_x = ambs_calloc(m->d, sizeof *m->best_x, err);
    bool whole = m->drawn && m->ranking && m->bound && m->climbs && m->climb_x && m->x &&
                 m->owner && m->mean && m->sd && m->value && m->best_x;
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
    if (m->settings.n_screened < settings->n_candidates)
        m->settings.n_screened = settings->n_candidates;
    int rc = list_exchanges(m, err);
    if (rc == AMBS_OK) rc = take_memory(m, err);
    if (rc == AMBS_OK) rc = ambs_ascent_create(space, &m->ascent, err);
    if (rc == AMBS_OK)
        *ret_maximiser = m;
    else
        ambs_maximiser_destroy(m);
    return rc;
}

void ambs_maximiser_destroy(ambs_maximiser *m)
{
    if (!m) return;
    ambs_ascent_destroy(m->ascent);
    free(m->drawn);
    free(m->bound);
    free(m->ranking);
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

/* The values of a function that was drawn: it is looked at as if it were known. */
static int take_drawn(ambs_maximiser *m, const ambs_maximiser_problem *p, size_t n, ambs_error *err)
{
    int rc = ambs_surrogate_drawn(p->surrogate, n, m->x, m->mean, err);
    memset(m->sd, 0, n * sizeof *m->sd);
    if (rc == AMBS_OK)
        p->acquisition->evaluate(p->options, p->context, n, m->mean, m->sd, m->value);
    return rc;
}

/* Mean, sd and value of the first n rows of m->x. Where the surrogate averages over draws of its
 * hyperparameters, what a candidate is worth is the mean over them. */
static int take_values(ambs_maximiser *m, const ambs_maximiser_problem *p, size_t n,
                       ambs_error *err)
{
    if (p->joint)
        return p->joint->values(p->joint->of, false, n, m->x, m->mean, m->sd, m->value, err);
    if (p->acquisition->draws) return take_drawn(m, p, n, err);
    size_t n_samples = ambs_surrogate_n_samples(p->surrogate);
    bool logs = p->acquisition->is_logarithm;
    for (size_t i = 0; i < n; i++) m->value[i] = logs ? -INFINITY : 0;
    for (size_t k = 0; n_samples > 1 && k < n_samples; k++) {
        int rc = ambs_surrogate_predict_sample(p->surrogate, k, n, m->x, m->mean, m->sd, err);
        if (rc != AMBS_OK) return rc;
        p->acquisition->evaluate(p->options, p->context, n, m->mean, m->sd, m->bound);
        for (size_t i = 0; i < n; i++) {
            double one = logs ? m->bound[i] - log((double)n_samples)
                              : m->bound[i] / (double)n_samples,
                   most = fmax(m->value[i], one);
            if (!logs)
                m->value[i] += one;
            else if (most > -INFINITY)
                m->value[i] = most + log(exp(m->value[i] - most) + exp(one - most));
        }
    }
    int rc = ambs_surrogate_predict(p->surrogate, n, m->x, m->mean, m->sd, err);
    if (rc == AMBS_OK && n_samples == 1)
        p->acquisition->evaluate(p->options, p->context, n, m->mean, m->sd, m->value);
    return rc;
}

/* Values of the first n rows of m->x; the best that is not taken is remembered. */
static int evaluate(ambs_maximiser *m, const ambs_maximiser_problem *p, size_t n, ambs_error *err)
{
    int rc = take_values(m, p, n, err);
    if (rc != AMBS_OK) return rc;
    if (p->adjust) rc = p->adjust(p->adjust_of, n, m->x, m->value, err);
    if (rc != AMBS_OK) return rc;
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

/* True where bounds of the acquisition function tell what need not be evaluated. A drawn function
 * has none, and costs little. */
static bool can_screen(const ambs_maximiser_problem *p)
{
    return !p->acquisition->draws && ambs_surrogate_can_screen(p->surrogate);
}

/* The acquisition function is taken to be largest at the largest or at the least sd. */
static int bound_by_surrogate(ambs_maximiser *m, const ambs_maximiser_problem *p, size_t n,
                              const double *x, ambs_error *err)
{
    int rc = ambs_surrogate_screen(p->surrogate, n, x, m->mean, m->sd, err);
    if (rc != AMBS_OK) return rc;
    p->acquisition->evaluate(p->options, p->context, n, m->mean, m->sd, m->bound);
    for (size_t i = 0; i < n; i++) m->sd[i] = 0;
    p->acquisition->evaluate(p->options, p->context, n, m->mean, m->sd, m->value);
    for (size_t i = 0; i < n; i++) m->bound[i] = fmax(m->bound[i], m->value[i]);
    return AMBS_OK;
}

/* The most that each of the first n rows of x may be worth, in m->bound. */
static int bound_values(ambs_maximiser *m, const ambs_maximiser_problem *p, size_t n,
                        const double *x, ambs_error *err)
{
    int rc = p->joint ? p->joint->values(p->joint->of, true, n, x, m->mean, m->sd, m->bound, err)
                      : bound_by_surrogate(m, p, n, x, err);
    if (rc != AMBS_OK) return rc;
    if (p->adjust) rc = p->adjust(p->adjust_of, n, x, m->bound, err);
    for (size_t i = 0; i < n; i++)
        if (isnan(m->bound[i])) m->bound[i] = -INFINITY;
    return rc;
}

static void begin_climb(ambs_maximiser *m, climb *c, const double *x, double value)
{
    c->x = m->climb_x + (size_t)(c - m->climbs) * m->d;
    memcpy(c->x, x, m->d * sizeof *x);
    c->value = value;
    c->n_failed = 0;
    c->dropped = c->ends_taken = c->moved = false;
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

static bool ranks_before(const ambs_maximiser *m, size_t a, size_t b)
{
    return m->bound[a] > m->bound[b] || (m->bound[a] == m->bound[b] && a < b);
}

/* Heap sort of m->ranking: the candidates that may be worth most first, equal ones as they came. */
static void sift(ambs_maximiser *m, size_t at, size_t n)
{
    size_t *r = m->ranking, moving = r[at];
    for (size_t child; (child = 2 * at + 1) < n; at = child) {
        child += child + 1 < n && ranks_before(m, r[child], r[child + 1]);
        if (!ranks_before(m, moving, r[child])) break;
        r[at] = r[child];
    }
    r[at] = moving;
}

static void rank(ambs_maximiser *m, size_t n)
{
    for (size_t i = n / 2; i-- > 0;) sift(m, i, n);
    for (size_t end = n; end-- > 1;) {
        size_t last = m->ranking[end];
        m->ranking[end] = m->ranking[0];
        m->ranking[0] = last;
        sift(m, 0, end);
    }
}

static int draw(ambs_maximiser *m, ambs_random *random, size_t n, ambs_error *err)
{
    for (size_t i = 0; i < n; i++) {
        int rc = ambs_space_sample(m->space, random, m->drawn + i * m->d, err);
        if (rc != AMBS_OK) return rc;
        m->ranking[i] = i;
    }
    return AMBS_OK;
}

static int take_candidates(ambs_maximiser *m, const ambs_maximiser_problem *p, ambs_random *random,
                           ambs_error *err)
{
    size_t n = p->acquisition->draws ? m->settings.n_screened : m->settings.n_candidates;
    bool screen = can_screen(p) && m->settings.n_screened > n;
    size_t n_drawn = screen ? m->settings.n_screened : n;
    int rc = draw(m, random, n_drawn, err);
    if (rc == AMBS_OK && screen) {
        rc = bound_values(m, p, n_drawn, m->drawn, err);
        rank(m, n_drawn);
    }
    for (size_t done = 0; rc == AMBS_OK && done < n; done += BLOCK) {
        size_t count = n - done < BLOCK ? n - done : BLOCK;
        for (size_t i = 0; i < count; i++)
            memcpy(m->x + i * m->d, m->drawn + m->ranking[done + i] * m->d, m->d * sizeof *m->x);
        rc = evaluate(m, p, count, err);
        if (rc == AMBS_OK) keep_best(m, count);
    }
    return rc;
}

/* Keeps those of the first n rows (with their owners) that may beat what is known: the climb they
 * belong to (NULL: none do), or the best that is free. Returns how many. */
static int prune(ambs_maximiser *m, const ambs_maximiser_problem *p, bool owned, size_t *n,
                 ambs_error *err)
{
    if (!can_screen(p) || *n == 0) return AMBS_OK;
    int rc = bound_values(m, p, *n, m->x, err);
    if (rc != AMBS_OK) return rc;
    size_t kept = 0;
    for (size_t i = 0; i < *n; i++) {
        bool promises = !m->found || m->bound[i] > m->best ||
                        (owned && m->bound[i] > m->climbs[m->owner[i]].value);
        if (!promises) continue;
        if (kept < i) memcpy(m->x + kept * m->d, m->x + i * m->d, m->d * sizeof *m->x);
        m->owner[kept++] = m->owner[i];
    }
    *n = kept;
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
        rc = prune(m, p, false, &n, err);
        if (rc == AMBS_OK) rc = evaluate(m, p, n, err);
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

/* The neighbours of climb k, from row `n` on; returns the next free row. A climb along slopes
 * leaves the continuous parameters to these, unless its end is taken: then it must step aside. */
static size_t add_neighbours(ambs_maximiser *m, size_t k, size_t n, ambs_random *random)
{
    const climb *c = &m->climbs[k];
    size_t tries = m->smooth && !c->ends_taken ? m->n_discrete : m->n_exchanges;
    for (size_t i = 0; i < tries; i++) m->order[i] = i;
    if (tries > MAX_EXCHANGES) {
        ambs_random_shuffle(random, m->order, tries);
        tries = MAX_EXCHANGES;
    }
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

static bool is_running(const climb *c)
{
    return !c->dropped && c->n_failed < MAX_FAILED;
}

/* Each climb moves to its best neighbour or fails to. */
static void move_climbs(ambs_maximiser *m, size_t n)
{
    for (size_t k = 0; k < m->n_climbs; k++) m->climbs[k].best = SIZE_MAX;
    for (size_t i = 0; i < n; i++) {
        climb *c = &m->climbs[m->owner[i]];
        if (c->best == SIZE_MAX || m->value[i] > m->value[c->best]) c->best = i;
    }
    for (size_t k = 0; k < m->n_climbs; k++) {
        climb *c = &m->climbs[k];
        if (!is_running(c)) continue;
        if (c->best == SIZE_MAX || !(m->value[c->best] > c->value)) {
            c->n_failed++;
            continue;
        }
        memcpy(c->x, m->x + c->best * m->d, m->d * sizeof *c->x);
        c->value = m->value[c->best];
        c->n_failed = 0;
        c->moved = true;
    }
}

static int exchange_all(ambs_maximiser *m, const ambs_maximiser_problem *p, ambs_random *random,
                        ambs_error *err)
{
    for (size_t round = 0; round < m->settings.n_rounds; round++) {
        size_t n = 0;
        for (size_t k = 0; k < m->n_climbs; k++)
            if (is_running(&m->climbs[k])) n = add_neighbours(m, k, n, random);
        if (n == 0) return AMBS_OK;
        int rc = prune(m, p, true, &n, err);
        if (rc == AMBS_OK) rc = evaluate(m, p, n, err);
        if (rc != AMBS_OK) return rc;
        move_climbs(m, n);
    }
    return AMBS_OK;
}

/* --- along slopes --------------------------------------------------------------------------- */

/* Of the climbs from `first` to `end` all but the `count` best are dropped. */
static void keep_climbs(ambs_maximiser *m, size_t first, size_t end, size_t count)
{
    size_t n_left = 0;
    for (size_t k = first; k < end; k++) n_left += !m->climbs[k].dropped;
    for (; n_left > count; n_left--) {
        size_t least = end;
        for (size_t k = first; k < end; k++)
            if (!m->climbs[k].dropped &&
                (least == end || m->climbs[k].value <= m->climbs[least].value))
                least = k;
        m->climbs[least].dropped = true;
    }
}

/* Climbs that arrived at the same place go on as one. */
static void drop_twins(ambs_maximiser *m)
{
    for (size_t k = 0; k < m->n_climbs; k++)
        for (size_t i = 0; i < k && !m->climbs[k].dropped; i++) {
            double gap = fabs(m->climbs[i].value - m->climbs[k].value);
            m->climbs[k].dropped =
                !m->climbs[i].dropped && gap <= 1e-7 * (1 + fabs(m->climbs[k].value));
        }
}

static int ascend(ambs_maximiser *m, const ambs_maximiser_problem *p, ambs_error *err)
{
    double *rows[AMBS_SURROGATE_MAX_CLIMBS];
    size_t n = 0;
    for (size_t k = 0; k < m->n_climbs; k++) {
        if (!is_running(&m->climbs[k])) continue;
        rows[n] = m->x + n * m->d;
        memcpy(rows[n], m->climbs[k].x, m->d * sizeof *m->x);
        m->owner[n++] = k;
    }
    int rc = ambs_ascent_run(m->ascent, p, n, rows, err);
    if (rc == AMBS_OK) rc = evaluate(m, p, n, err);
    for (size_t i = 0; rc == AMBS_OK && i < n; i++) {
        climb *c = &m->climbs[m->owner[i]];
        if (m->value[i] > c->value) {
            memcpy(c->x, rows[i], m->d * sizeof *c->x);
            c->value = m->value[i];
        }
        c->ends_taken = p->is_taken(p->taken_of, c->x);
    }
    return rc;
}

static int climb_slopes(ambs_maximiser *m, const ambs_maximiser_problem *p, ambs_random *random,
                        size_t n_from_candidates, ambs_error *err)
{
    size_t half = MAX_ASCENTS / 2;
    keep_climbs(m, 0, n_from_candidates, half);
    keep_climbs(m, n_from_candidates, m->n_climbs, half);
    for (int cycle = 0; cycle < MAX_CYCLES; cycle++) {
        int rc = m->moves ? ascend(m, p, err) : AMBS_OK;
        if (rc != AMBS_OK) return rc;
        drop_twins(m);
        if (m->moves) keep_climbs(m, 0, m->n_climbs, MAX_AFTER_ASCENT);
        for (size_t k = 0; k < m->n_climbs; k++) m->climbs[k].moved = false;
        rc = exchange_all(m, p, random, err);
        if (rc != AMBS_OK || !m->moves) return rc;
        bool more = false;
        for (size_t k = 0; k < m->n_climbs; k++) {
            climb *c = &m->climbs[k];
            c->n_failed = c->moved ? 0 : MAX_FAILED;
            more |= is_running(c);
        }
        if (!more) return AMBS_OK;
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
    size_t most =
        can_screen(p) || p->acquisition->draws ? m->settings.n_screened : m->settings.n_candidates;
    m->smooth = ambs_ascent_applies(p);
    if (ambs_space_cardinality(m->space, &exact) <= (double)most) {
        rc = take_members(m, p, err);
    } else {
        rc = take_candidates(m, p, random, err);
        size_t n_from_candidates = m->n_climbs;
        if (rc == AMBS_OK) rc = take_starts(m, p, err);
        if (rc == AMBS_OK)
            rc = m->smooth ? climb_slopes(m, p, random, n_from_candidates, err)
                           : exchange_all(m, p, random, err);
    }
    if (rc == AMBS_OK && m->found && p->acquisition->draws)
        rc = ambs_surrogate_predict(p->surrogate, 1, m->best_x, &m->best_mean, &m->best_sd, err);
    if (rc != AMBS_OK) return rc;
    *ret_found = m->found;
    if (!m->found) return AMBS_OK;
    memcpy(ret_x, m->best_x, m->d * sizeof *ret_x);
    *ret_value = m->best;
    *ret_mean = m->best_mean;
    *ret_sd = m->best_sd;
    return AMBS_OK;
}

int ambs_maximiser_value(ambs_maximiser *m, const ambs_maximiser_problem *p, const double *x,
                         double *ret_value, double *ret_mean, double *ret_sd, ambs_error *err)
{
    memcpy(m->x, x, m->d * sizeof *x);
    int rc = take_values(m, p, 1, err);
    if (rc == AMBS_OK && p->acquisition->draws)
        rc = ambs_surrogate_predict(p->surrogate, 1, x, m->mean, m->sd, err);
    if (rc != AMBS_OK) return rc;
    *ret_value = m->value[0];
    *ret_mean = m->mean[0];
    *ret_sd = m->sd[0];
    return AMBS_OK;
}
