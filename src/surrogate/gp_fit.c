/* SPDX-License-Identifier: MIT */
/* Maximum a posteriori of the hyperparameters by L-BFGS in their logarithms.
 *
 * Priors, for standardised y and the unit cube: l ~ LogNormal(√2 + ln(T)/2, √3) (Hvarfner,
 * Hellsten, Nardi 2024, arXiv:2402.02229), taken at its mode, ln l ~ Normal(√2 - 3 + ln(T)/2, √3),
 * since the density is one of l; ln s² ~ Normal(0, 1); ln σ² ~ Normal(-7, 2), which leaves room for
 * exact objectives and for noise of a third of the spread; ln a, ln b ~ Normal(0, 1/2). Of the shape ANOVA, whose
 * terms do not add up to one distance, the lengthscales do not grow with T; ln β ~ Normal(0, 2).
 *
 * Where rows are means of several evaluations, their likelihood is that of the means times one of the
 * evaluations given them, a function of σ² and of their pooled spread alone.
 *
 * Several starts are explored on at most EXPLORED rows, where a value costs little; the best of
 * them then goes on with GROWTH times as many, and so on up to max_rows, and with the curvature that
 * fewer rows have shown. Nothing is remembered from fit to fit: the search
 * transforms y anew before each, so an earlier optimum belongs to other numbers, and a study that
 * is resumed could not have it. */
#include "surrogate/gp_fit.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "numeric/lbfgs.h"
#include "numeric/panels.h"
#include "numeric/slice.h"
#include "surrogate/gp_engine.h"
#include "surrogate/gp_warp.h"

enum { EXPLORED = 64, GROWTH = 4 };

/* A search ends where a step gains less than this share of the log density: a hundredth of a nat
 * decides nothing. */
static const ambs_lbfgs_settings explore = {30, 1e-2, 1e-3}, polish = {8, 1e-2, 1e-4},
                                 exact = {100, 1e-3, 1e-7};

typedef struct ambs_gp_prior {
    double mean, sd, low, high; /* of a logarithm */
} prior;

static prior prior_of(const ambs_gp_kernel *kernel, size_t i)
{
    size_t n_terms = kernel->n_terms;
    bool by_term = kernel->shape == AMBS_GP_ANOVA;
    if (i < n_terms)
        return (prior){sqrt(2) - 3 + (by_term ? 0 : 0.5 * log((double)n_terms)), sqrt(3), log(5e-3),
                       log(1e3)};
    if (i == n_terms) return (prior){0, 1, log(1e-2), log(1e2)};
    if (i == n_terms + 1) return (prior){-7, 2, log(1e-8), 0};
    if (by_term && i == n_terms + 2) return (prior){0, 2, -7, 7};
    return (prior){0, 0.5, -2, 2};
}

double ambs_gp_log_prior(const ambs_gp_kernel *kernel, const double *theta, double *gradient)
{
    double sum = 0;
    for (size_t i = 0; i < ambs_gp_n_theta(kernel); i++) {
        prior p = prior_of(kernel, i);
        double z = (theta[i] - p.mean) / p.sd;
        sum -= 0.5 * z * z;
        gradient[i] -= z / p.sd;
    }
    return sum;
}

/* --- the search ----------------------------------------------------------------------------- */

typedef struct ambs_gp_work {
    ambs_gp_kernel kernel;
    ambs_gp_sample sample;
    double *points, *columns, *y, *share; /* of the sample */
    double *raw, *warp_slopes;            /* [T, n] not warped, [2 T, n]; only with a warp */
    double *likelihood;                   /* work space of a value */
    double *lower, *upper, *gradient;
    double *theta, *lbfgs; /* of two climbs */
    const ambs_gp_engine *engine;
    int trouble; /* of the engine: nobody waits for a result any more */
    bool no_prior;
    ambs_pool spread;
} work;

static void drop(work *w)
{
    double *const parts[] = {w->points,      w->columns,    w->y,     w->share,
                             w->likelihood,  w->lower,      w->upper, w->gradient,
                             w->theta,       w->lbfgs,      w->raw,   w->kernel.weight,
                             w->kernel.warp, w->warp_slopes};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) free(parts[i]);
}

static int make(work *w, const ambs_gp_search *search, size_t n, ambs_error *err)
{
    size_t n_terms = search->kernel->n_terms, size = ambs_gp_n_theta(search->kernel),
           stride = ambs_panels_rows(n), n_warped = search->kernel->warp ? stride : 0;
    struct {
        double **to;
        size_t count, width;
    } const parts[] = {{&w->points, n, n_terms},
                       {&w->columns, stride, n_terms},
                       {&w->y, n, 1},
                       {&w->share, n, 1},
                       {&w->likelihood, ambs_gp_likelihood_work(n), 1},
                       {&w->lower, size, 1},
                       {&w->upper, size, 1},
                       {&w->theta, size, 2},
                       {&w->gradient, size, 1},
                       {&w->lbfgs, ambs_lbfgs_work_size(size), 2},
                       {&w->kernel.weight, size, 1},
                       {&w->raw, n_warped, n_terms},
                       {&w->warp_slopes, n_warped, 2 * n_terms},
                       {&w->kernel.warp, n_warped > 0 ? n_terms : 0, 2}};
    w->no_prior = search->no_prior;
    w->spread = search->spread;
    w->engine = search->engine;
    w->kernel = *search->kernel;
    w->kernel.weight = w->kernel.warp = NULL;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (parts[i].count == 0 && n_warped == 0) continue; /* there is no warp */
        *parts[i].to = ambs_calloc(parts[i].count, parts[i].width * sizeof(double), err);
        if (!*parts[i].to) return AMBS_E_NOMEM;
    }
    for (size_t i = 0; i < size; i++) {
        w->lower[i] = prior_of(&w->kernel, i).low;
        w->upper[i] = prior_of(&w->kernel, i).high;
    }
    /* Smooth functions want more, but a process that far from its data goes far, too. */
    if (search->no_prior) w->upper[n_terms] = log(1e5);
    return AMBS_OK;
}

/* n of the rows, evenly spread: early ones are spread over the space, late ones dense where it is
 * good, and both matter. */
static void choose_rows(work *w, const ambs_gp_sample *from, size_t n)
{
    size_t n_terms = w->kernel.n_terms, stride = ambs_panels_rows(n);
    memset(w->columns, 0, stride * n_terms * sizeof *w->columns);
    for (size_t i = 0; i < n; i++) {
        size_t row = i * from->n / n;
        w->y[i] = from->y[row];
        w->share[i] = from->share[row];
        for (size_t t = 0; t < n_terms; t++)
            w->points[i * n_terms + t] = w->columns[t * stride + i] =
                from->points[row * n_terms + t];
    }
    w->sample = (ambs_gp_sample){n, w->points, w->columns, stride, w->y, w->warp_slopes, w->share};
    if (w->raw) memcpy(w->raw, w->columns, stride * n_terms * sizeof *w->raw);
}

/* Points and slopes of the sample for the kernel's warp. */
static void warp_sample(work *w)
{
    size_t n = w->sample.n, stride = w->sample.stride, n_terms = w->kernel.n_terms;
    for (size_t t = 0; t < n_terms; t++) {
        if (w->kernel.terms[t].kind != AMBS_GP_NUMBER) continue;
        double a = w->kernel.warp[2 * t], b = w->kernel.warp[2 * t + 1];
        double *slopes = w->warp_slopes + 2 * t * stride;
        for (size_t i = 0; i < n; i++) {
            ambs_gp_warped to = ambs_gp_warp(a, b, w->raw[t * stride + i]);
            w->points[i * n_terms + t] = w->columns[t * stride + i] = to.value;
            slopes[i] = to.by_log_a;
            slopes[stride + i] = to.by_log_b;
        }
    }
}

/* By the engine where it can, else here. */
static double log_likelihood(work *w, const double *theta, double *ret_gradient)
{
    double f;
    if (w->trouble != AMBS_OK) return -INFINITY;
    ambs_gp_kernel_set(&w->kernel, theta);
    if (w->raw) warp_sample(w);
    int rc =
        w->engine && w->sample.n >= w->engine->from
            ? w->engine->likelihood(w->engine->ctx, &w->kernel, &w->sample, &f, ret_gradient, NULL)
            : AMBS_E_AGAIN;
    if (rc == AMBS_OK) return f;
    if (rc == AMBS_E_INTERRUPTED) {
        w->trouble = rc;
        return -INFINITY;
    }
    return ambs_gp_log_likelihood(&w->kernel, &w->sample, w->likelihood, ret_gradient);
}

/* ln p(evaluations | their means) = -(freedom ln σ² + squares / σ²) / 2 but for a constant. */
static double log_spread(const work *w, const double *theta, double *gradient)
{
    size_t at = w->kernel.n_terms + 1;
    double within = w->spread.squares / exp(theta[at]);
    gradient[at] += 0.5 * (within - w->spread.freedom);
    return -0.5 * (w->spread.freedom * theta[at] + within);
}

static double value(void *of, const double *theta, double *ret_gradient)
{
    work *w = of;
    size_t size = ambs_gp_n_theta(&w->kernel);
    double f = log_likelihood(w, theta, ret_gradient);
    if (!isfinite(f)) return INFINITY;
    f += log_spread(w, theta, ret_gradient);
    if (!w->no_prior) f += ambs_gp_log_prior(&w->kernel, theta, ret_gradient);
    for (size_t i = 0; i < size; i++) ret_gradient[i] = -ret_gradient[i];
    return -f;
}

/* To the end of a climb that has begun; from its theta if nothing is better. */
static double climb(work *w, ambs_lbfgs *climb)
{
    for (const double *at; (at = ambs_lbfgs_point(climb));) {
        double f = value(w, at, w->gradient);
        ambs_lbfgs_give(climb, f, w->gradient);
    }
    return climb->f;
}

/* --- draws ---------------------------------------------------------------------------------- */

enum { BURN_IN = 20, THINNING = 5 };

static double log_posterior(void *of, const double *theta)
{
    work *w = of;
    double *unused = w->lbfgs;
    double f = log_likelihood(w, theta, NULL);
    if (!isfinite(f)) return -INFINITY;
    f += log_spread(w, theta, unused);
    return w->no_prior ? f : f + ambs_gp_log_prior(&w->kernel, theta, unused);
}

/* The chain begins at the best theta, so it need not find the mode first. */
static void draw_thetas(work *w, const ambs_gp_search *search, double *ret_theta)
{
    size_t size = ambs_gp_n_theta(&w->kernel);
    const ambs_slice_problem problem = {size, w->lower, w->upper, log_posterior, w};
    ambs_random random;
    ambs_random_init(&random, search->key, UINT64_MAX, AMBS_PURPOSE_SURROGATE);
    memcpy(w->theta, ret_theta, size * sizeof *ret_theta);
    for (size_t i = 0; i < size; i++)
        w->theta[i] = fmin(fmax(w->theta[i], w->lower[i]), w->upper[i]);
    double f = log_posterior(w, w->theta);
    for (size_t k = 0; k < search->n_samples; k++) {
        for (int step = 0; step < (k == 0 ? BURN_IN : THINNING); step++)
            ambs_slice_step(&problem, 1, &random, w->theta, &f, w->lbfgs + size);
        memcpy(ret_theta + k * size, w->theta, size * sizeof *ret_theta);
    }
}

/* The prior's mode, then draws from the prior, half as wide. */
static void begin(const ambs_gp_search *search, size_t start, double *ret_theta)
{
    ambs_random random;
    ambs_random_init(&random, search->key, start, AMBS_PURPOSE_SURROGATE);
    for (size_t i = 0; i < ambs_gp_n_theta(search->kernel); i++) {
        prior p = prior_of(search->kernel, i);
        ret_theta[i] = p.mean + (start > 0 ? 0.5 * p.sd * ambs_random_normal(&random) : 0);
    }
}

/* The best of several climbs; *ret_best is one of the two that there is room for. */
static void explore_starts(work *w, const ambs_gp_search *search, const ambs_lbfgs_problem *problem,
                           ambs_lbfgs climbs[2], ambs_lbfgs **ret_best)
{
    size_t size = problem->n, best = 0;
    for (size_t start = 0; start < search->n_starts; start++) {
        size_t k = start == 0 ? 0 : 1 - best;
        double *theta = w->theta + k * size;
        begin(search, start, theta);
        ambs_lbfgs_begin(&climbs[k], problem, &explore, theta,
                         w->lbfgs + k * ambs_lbfgs_work_size(size));
        if (climb(w, &climbs[k]) < climbs[best].f) best = k;
    }
    *ret_best = &climbs[best];
}

int ambs_gp_find_theta(const ambs_gp_search *search, const ambs_gp_sample *sample,
                       double *ret_theta, ambs_error *err)
{
    work w = {0};
    ambs_lbfgs climbs[2], *best;
    size_t n = sample->n < search->max_rows ? sample->n : search->max_rows,
           size = ambs_gp_n_theta(search->kernel), rows = n < EXPLORED ? n : EXPLORED;
    int rc = make(&w, search, n, err);
    if (rc != AMBS_OK) {
        drop(&w);
        return rc;
    }
    const ambs_lbfgs_problem problem = {size, w.lower, w.upper, value, &w};
    choose_rows(&w, sample, rows);
    explore_starts(&w, search, &problem, climbs, &best);
    for (bool whole = false; !whole;) {
        size_t more = GROWTH * rows < n ? GROWTH * rows : n;
        whole = more == n;
        choose_rows(&w, sample, more);
        ambs_lbfgs_begin_again(best, whole && search->no_prior ? &exact : &polish,
                               (double)more / (double)rows);
        climb(&w, best);
        rows = more;
    }
    memcpy(ret_theta, best->x, size * sizeof *ret_theta);
    if (search->n_samples > 0) draw_thetas(&w, search, ret_theta);
    if (w.trouble != AMBS_OK)
        rc = ambs_fail(err, w.trouble, "nobody waits for the hyperparameters any more");
    drop(&w);
    return rc;
}
