/* SPDX-License-Identifier: MIT */
#include "search/belief.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "numeric/rank.h"
#include "numeric/special.h"

enum { TRIES = 200, BISECTIONS = 60, MOST_RESULTS = 512, LEAST_RESULTS = 3 };

/* One parameter with a prior. */
typedef struct factor {
    size_t parameter;
    double center, spread; /* normal: unit value and deviation; spread 0: weights */
    double below, mass;    /* of the normal distribution under 0, and between 0 and 1 */
    double sum;            /* of the weights */
    double log_most;       /* ln of the largest density relative to the uniform one */
} factor;

struct ambs_belief {
    const ambs_space *space;
    size_t d, n;
    factor *factors;        /* [n] */
    double *u;              /* [d] work space */
    double *log_pi, *worth; /* [n_results] of the first results: ln pi, and -y */
    size_t n_results, log_capacity, worth_capacity;
    size_t n_trusted; /* results that the trust comes from */
    double trust;
};

static factor make_factor(const ambs_space *space, size_t i, double *x, double *u)
{
    const ambs_parameter *p = ambs_space_parameter(space, i);
    const ambs_prior *prior = &p->prior;
    factor f = {.parameter = i, .spread = prior->spread};
    double most = 0;
    if (prior->weights) {
        for (size_t k = 0; k < p->n_levels; k++) {
            f.sum += prior->weights[k];
            most = fmax(most, prior->weights[k]);
        }
        f.log_most = log(most * (double)p->n_levels / f.sum);
        return f;
    }
    x[i] = prior->center;
    ambs_space_to_unit(space, x, u);
    f.center = u[i];
    f.below = ambs_normal_cdf(-f.center / f.spread);
    f.mass = ambs_normal_cdf((1 - f.center) / f.spread) - f.below;
    f.log_most = ambs_normal_log_pdf(0) - log(f.spread * f.mass);
    return f;
}

int ambs_belief_create(const ambs_space *space, ambs_belief **ret_belief, ambs_error *err)
{
    size_t d = ambs_space_dimension(space);
    *ret_belief = NULL;
    if (!ambs_space_has_prior(space)) return AMBS_OK;
    ambs_belief *b = ambs_calloc(1, sizeof *b, err);
    if (!b) return AMBS_E_NOMEM;
    b->space = space;
    b->d = d;
    b->trust = 1;
    b->factors = ambs_calloc(d, sizeof *b->factors, err);
    b->u = ambs_calloc(d, sizeof *b->u, err);
    double *x = ambs_calloc(d, sizeof *x, err);
    if (!b->factors || !b->u || !x) {
        free(x);
        ambs_belief_destroy(b);
        return AMBS_E_NOMEM;
    }
    for (size_t i = 0; i < d; i++) {
        const ambs_prior *prior = &ambs_space_parameter(space, i)->prior;
        x[i] = NAN;
        if (prior->spread > 0 || prior->weights)
            b->factors[b->n++] = make_factor(space, i, x, b->u);
        x[i] = NAN;
    }
    free(x);
    *ret_belief = b;
    return AMBS_OK;
}

void ambs_belief_destroy(ambs_belief *b)
{
    if (!b) return;
    free(b->factors);
    free(b->u);
    free(b->log_pi);
    free(b->worth);
    free(b);
}

/* The unit value with a share v of the truncated normal distribution below it. */
static double bend_normal(const factor *f, double v)
{
    double low = 0, high = 1, share = f->below + v * f->mass;
    for (int i = 0; i < BISECTIONS; i++) {
        double middle = 0.5 * (low + high);
        if (ambs_normal_cdf((middle - f->center) / f->spread) < share)
            low = middle;
        else
            high = middle;
    }
    return 0.5 * (low + high);
}

static double probability(const ambs_parameter *p, size_t k)
{
    return p->probabilities ? p->probabilities[k] : 1 / (double)p->n_levels;
}

/* Within the share of the level that has a share v of the weights below it. */
static double bend_weights(const ambs_parameter *p, const factor *f, double v)
{
    double left = v * f->sum, below = 0;
    size_t k = 0;
    for (; k + 1 < p->n_levels && left >= p->prior.weights[k]; k++) {
        left -= p->prior.weights[k];
        below += probability(p, k);
    }
    return below + probability(p, k) * fmin(left / p->prior.weights[k], 1);
}

void ambs_belief_bend(const ambs_belief *b, double *u)
{
    for (size_t i = 0; i < b->n; i++) {
        const factor *f = &b->factors[i];
        double *v = &u[f->parameter];
        *v = f->spread > 0 ? bend_normal(f, *v)
                           : bend_weights(ambs_space_parameter(b->space, f->parameter), f, *v);
    }
}

bool ambs_belief_draw(ambs_belief *b, ambs_random *random, double *ret_x)
{
    for (int tries = 0; tries < TRIES; tries++) {
        for (size_t i = 0; i < b->d; i++) b->u[i] = ambs_random_uniform(random);
        ambs_belief_bend(b, b->u);
        ambs_space_from_unit(b->space, b->u, ret_x);
        if (ambs_space_feasible(b->space, ret_x)) return true;
    }
    return false;
}

double ambs_belief_log(ambs_belief *b, const double *x)
{
    double sum = 0;
    ambs_space_to_unit(b->space, x, b->u);
    for (size_t i = 0; i < b->n; i++) {
        const factor *f = &b->factors[i];
        const ambs_parameter *p = ambs_space_parameter(b->space, f->parameter);
        sum -= f->log_most;
        if (isnan(x[f->parameter])) continue;
        if (f->spread > 0)
            sum += ambs_normal_log_pdf((b->u[f->parameter] - f->center) / f->spread) -
                   log(f->spread * f->mass);
        else
            sum += log(p->prior.weights[(size_t)x[f->parameter]] * (double)p->n_levels / f->sum);
    }
    return fmin(sum, 0);
}

int ambs_belief_told(ambs_belief *b, const double *x, double y, ambs_error *err)
{
    if (b->n_results == MOST_RESULTS) return AMBS_OK;
    int rc = ambs_reserve(&b->log_pi, &b->log_capacity, b->n_results + 1, sizeof *b->log_pi, err);
    if (rc == AMBS_OK)
        rc = ambs_reserve(&b->worth, &b->worth_capacity, b->n_results + 1, sizeof *b->worth, err);
    if (rc != AMBS_OK) return rc;
    b->log_pi[b->n_results] = ambs_belief_log(b, x);
    b->worth[b->n_results++] = -y;
    return AMBS_OK;
}

int ambs_belief_update(ambs_belief *b, ambs_error *err)
{
    if (b->n_results == b->n_trusted || b->n_results < LEAST_RESULTS) return AMBS_OK;
    double rho;
    int rc = ambs_rank_correlation(b->n_results, b->log_pi, b->worth, &rho, err);
    if (rc != AMBS_OK) return rc;
    b->n_trusted = b->n_results;
    b->trust = fmin(1, fmax(0, rho + 1 / sqrt((double)b->n_results)));
    return AMBS_OK;
}

double ambs_belief_trust(const ambs_belief *b)
{
    return b->trust;
}

double ambs_belief_weigh(double value, double log_pi, double power, bool is_logarithm, double mean)
{
    if (is_logarithm) return value + power * log_pi;
    return value > mean ? mean + exp(power * log_pi) * (value - mean) : value;
}
