/* SPDX-License-Identifier: MIT */
#include "surrogate/parzen.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "numeric/special.h"

static const double width_scale = 0.2, half_log_two_pi = 0.91893853320467274;

struct ambs_parzen {
    const ambs_space *space;
    size_t d, n, capacity, log_capacity, u_capacity, place_capacity;
    double width;
    double *place;      /* [n, d] unit values, level indices of categories, NaN: inactive */
    double *normaliser; /* [n, d] ln of width sqrt(2 pi) and the mass within [0, 1] */
    double *log_weight; /* [n + 1] of a sum of 1; the prior is last */
    double *u;          /* [d] of the candidate */
};

int ambs_parzen_create(const ambs_space *space, ambs_parzen **ret_parzen, ambs_error *err)
{
    ambs_parzen *p = ambs_calloc(1, sizeof *p, err);
    if (!p) return AMBS_E_NOMEM;
    p->space = space;
    p->d = ambs_space_dimension(space);
    p->u = ambs_calloc(p->d, sizeof *p->u, err);
    if (!p->u) {
        ambs_parzen_destroy(p);
        return AMBS_E_NOMEM;
    }
    *ret_parzen = p;
    return AMBS_OK;
}

void ambs_parzen_destroy(ambs_parzen *p)
{
    if (!p) return;
    free(p->place);
    free(p->normaliser);
    free(p->log_weight);
    free(p->u);
    free(p);
}

static bool is_category(const ambs_parzen *p, size_t i)
{
    return ambs_space_parameter(p->space, i)->type == AMBS_PARAMETER_CATEGORICAL;
}

/* Unit values; the level's index for a category. */
static void to_places(const ambs_parzen *p, const double *x, double *ret_place)
{
    ambs_space_to_unit(p->space, x, ret_place);
    for (size_t i = 0; i < p->d; i++)
        if (is_category(p, i)) ret_place[i] = x[i];
}

static void set_weights(ambs_parzen *p, const double *weights)
{
    double sum = 1;
    for (size_t k = 0; k < p->n; k++) sum += weights[k];
    for (size_t k = 0; k < p->n; k++) p->log_weight[k] = log(weights[k] / sum);
    p->log_weight[p->n] = -log(sum);
}

int ambs_parzen_fit(ambs_parzen *p, size_t n, const double *const *x, const double *weights,
                    ambs_error *err)
{
    int rc = ambs_reserve(&p->place, &p->place_capacity, n * p->d + 1, sizeof *p->place, err);
    if (rc == AMBS_OK)
        rc = ambs_reserve(&p->normaliser, &p->capacity, n * p->d + 1, sizeof *p->normaliser, err);
    if (rc == AMBS_OK)
        rc = ambs_reserve(&p->log_weight, &p->log_capacity, n + 1, sizeof *p->log_weight, err);
    if (rc != AMBS_OK) return rc;
    p->n = n;
    double least = 1 / (n + 2 < 100 ? (double)(n + 2) : 100.0);
    p->width = width_scale * pow((double)(n + 1), -1 / ((double)p->d + 4));
    if (p->width < least) p->width = least;
    for (size_t k = 0; k < n; k++) {
        double *place = p->place + k * p->d;
        to_places(p, x[k], place);
        for (size_t i = 0; i < p->d; i++) {
            double mass =
                ambs_normal_cdf((1 - place[i]) / p->width) - ambs_normal_cdf(-place[i] / p->width);
            p->normaliser[k * p->d + i] =
                isnan(place[i]) || is_category(p, i) ? 0 : log(p->width * mass) + half_log_two_pi;
        }
    }
    set_weights(p, weights);
    return AMBS_OK;
}

/* The share that the prior has within a kernel's factor of a category. */
static double prior_share(const ambs_parzen *p, size_t i)
{
    double levels = (double)ambs_space_parameter(p->space, i)->n_levels;
    return levels / ((double)(p->n + 1) + levels);
}

static double level_probability(const ambs_parameter *q, size_t level)
{
    return q->probabilities ? q->probabilities[level] : 1 / (double)q->n_levels;
}

/* A unit value in the share of a level. */
static double unit_of_level(const ambs_parameter *q, size_t level, double within)
{
    double below = 0;
    for (size_t k = 0; k < level; k++) below += level_probability(q, k);
    return below + within * level_probability(q, level);
}

static double draw_truncated(double place, double width, ambs_random *random)
{
    /* The place is in [0, 1], so a try succeeds with probability of almost a half or more. */
    for (;;) {
        double u = place + width * ambs_random_normal(random);
        if (u >= 0 && u <= 1) return u;
    }
}

static size_t draw_kernel(const ambs_parzen *p, ambs_random *random)
{
    double left = ambs_random_uniform(random);
    for (size_t k = 0; k < p->n; k++) {
        left -= exp(p->log_weight[k]);
        if (left < 0) return k;
    }
    return p->n;
}

void ambs_parzen_draw(const ambs_parzen *p, ambs_random *random, double *ret_x)
{
    size_t k = draw_kernel(p, random);
    for (size_t i = 0; i < p->d; i++) {
        const ambs_parameter *q = ambs_space_parameter(p->space, i);
        double place = k < p->n ? p->place[k * p->d + i] : NAN;
        p->u[i] = ambs_random_uniform(random);
        if (isnan(place)) continue;
        if (!is_category(p, i))
            p->u[i] = draw_truncated(place, p->width, random);
        else if (ambs_random_uniform(random) >= prior_share(p, i))
            p->u[i] = unit_of_level(q, (size_t)place, p->u[i]);
    }
    ambs_space_from_unit(p->space, p->u, ret_x);
}

/* ln of the prior's density at the candidate in p->u: categories alone have one other than 1. */
static double log_prior(const ambs_parzen *p, size_t i)
{
    const ambs_parameter *q = ambs_space_parameter(p->space, i);
    return is_category(p, i) ? log(level_probability(q, (size_t)p->u[i])) : 0;
}

static double log_factor(const ambs_parzen *p, size_t k, size_t i)
{
    double place = p->place[k * p->d + i];
    if (isnan(place)) return log_prior(p, i);
    if (is_category(p, i)) {
        double share = prior_share(p, i);
        double prior =
            level_probability(ambs_space_parameter(p->space, i), (size_t)p->u[i]) * share;
        return log(prior + (p->u[i] == place ? 1 - share : 0));
    }
    double z = (p->u[i] - place) / p->width;
    return -0.5 * z * z - p->normaliser[k * p->d + i];
}

double ambs_parzen_log_density(ambs_parzen *p, const double *x)
{
    double most = -INFINITY, sum = 0;
    to_places(p, x, p->u);
    for (size_t k = 0; k <= p->n; k++) {
        double term = p->log_weight[k];
        for (size_t i = 0; i < p->d; i++)
            if (!isnan(p->u[i])) term += k < p->n ? log_factor(p, k, i) : log_prior(p, i);
        if (term > most) {
            sum = sum * exp(most - term) + 1;
            most = term;
        } else {
            sum += exp(term - most);
        }
    }
    return most + log(sum);
}
