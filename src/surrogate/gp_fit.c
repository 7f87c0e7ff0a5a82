/* SPDX-License-Identifier: MIT */
/* Maximum a posteriori of the hyperparameters by L-BFGS in their logarithms.
 *
 * Priors, for standardised y and the unit cube: l ~ LogNormal(√2 + ln(T)/2, √3) (Hvarfner,
 * Hellsten, Nardi 2024, arXiv:2402.02229), taken at its mode, ln l ~ Normal(√2 - 3 + ln(T)/2, √3),
 * since the density is one of l; ln s² ~ Normal(0, 1); ln σ² ~ Normal(-7, 2), which leaves room for
 * exact objectives and for noise of a third of the spread; ln a, ln b ~ Normal(0, 1/2).
 *
 * Several starts are explored on at most EXPLORED rows, where a value costs little; the best of
 * them is then polished on GROWTH times as many, and so on up to max_rows. Nothing is remembered from fit to fit: the search
 * transforms y anew before each, so an earlier optimum belongs to other numbers, and a study that
 * is resumed could not have it. */
#include "surrogate/gp_fit.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "numeric/cholesky.h"
#include "numeric/lbfgs.h"
#include "numeric/slice.h"
#include "surrogate/gp_warp.h"

enum { EXPLORED = 64, GROWTH = 4 };

/* A search ends where a step gains less than this share of the log density: a hundredth of a nat
 * decides nothing. */
static const ambs_lbfgs_settings explore = {30, 1e-2, 1e-3}, polish = {12, 1e-2, 1e-4},
                                 exact = {100, 1e-3, 1e-7};

typedef struct ambs_gp_prior {
    double mean, sd, low, high; /* of a logarithm */
} prior;

static prior prior_of(size_t n_terms, size_t i)
{
    if (i < n_terms)
        return (prior){sqrt(2) - 3 + 0.5 * log((double)n_terms), sqrt(3), log(5e-3), log(1e3)};
    if (i == n_terms) return (prior){0, 1, log(1e-2), log(1e2)};
    if (i == n_terms + 1) return (prior){-7, 2, log(1e-8), 0};
    return (prior){0, 0.5, -2, 2};
}

double ambs_gp_log_prior(const ambs_gp_kernel *kernel, const double *theta, double *gradient)
{
    double sum = 0;
    for (size_t i = 0; i < ambs_gp_n_theta(kernel); i++) {
        prior p = prior_of(kernel->n_terms, i);
        double z = (theta[i] - p.mean) / p.sd;
        sum -= 0.5 * z * z;
        gradient[i] -= z / p.sd;
    }
    return sum;
}

static void fill(const ambs_gp_kernel *kernel, const ambs_gp_sample *s, double *matrix,
                 double *slopes)
{
    for (size_t i = 0; i < s->n; i++) {
        ambs_gp_kernel_row(kernel, s->points + i * kernel->n_terms, s->columns, s->stride, i,
                           matrix + i * s->n, slopes ? slopes + i * s->n : NULL);
        matrix[i * s->n + i] =
            ambs_gp_kernel_variance(kernel, s->points + i * kernel->n_terms, 1) + kernel->noise;
    }
}

/* Of row i with those before it: Σ_j factor_j dr²/dln a_t, and by ln b_t. */
static void add_up_warp(const ambs_gp_kernel *kernel, const ambs_gp_sample *s, size_t i,
                        const double *factor, double *sums)
{
    for (size_t t = 0; t < kernel->n_terms; t++) {
        if (kernel->terms[t].kind != AMBS_GP_NUMBER) continue;
        const double *column = s->columns + t * s->stride;
        for (size_t side = 0; side < 2; side++) {
            const double *slopes = s->warp_slopes + (2 * t + side) * s->stride;
            sums[2 * t + side] += 2 * kernel->weight[t] *
                                  ambs_gp_warp_sum(column[i], slopes[i], column, slopes, i, factor);
        }
    }
}

/* 1/2 tr((ααᵀ - K⁻¹) X) for the linear mean's part X of K; and with X's derivatives by the warp,
 * which are added to the gradient. */
static double add_up_linear(const ambs_gp_kernel *kernel, const ambs_gp_sample *s,
                            const double *matrix, const double *alpha, double *ret_gradient)
{
    double share = 0;
    for (size_t i = 0; i < s->n; i++)
        for (size_t j = 0; j <= i; j++)
            share += (j < i ? 1 : 0.5) * (alpha[i] * alpha[j] - matrix[i * s->n + j]);
    for (size_t t = 0; t < kernel->n_terms; t++) {
        if (kernel->terms[t].kind != AMBS_GP_NUMBER) continue;
        const double *x = s->columns + t * s->stride;
        double sums[3] = {0};
        for (size_t i = 0; i < s->n; i++)
            for (size_t j = 0; j <= i; j++) {
                double w = (j < i ? 1 : 0.5) * kernel->linear *
                           (alpha[i] * alpha[j] - matrix[i * s->n + j]);
                sums[2] += w * (x[i] - 0.5) * (x[j] - 0.5);
                for (size_t side = 0; kernel->warp && side < 2; side++) {
                    const double *slope = s->warp_slopes + (2 * t + side) * s->stride;
                    sums[side] += w * (slope[i] * (x[j] - 0.5) + slope[j] * (x[i] - 0.5));
                }
            }
        share += sums[2];
        for (size_t side = 0; kernel->warp && side < 2; side++)
            ret_gradient[kernel->n_terms + 2 + 2 * t + side] += sums[side];
    }
    return share;
}

/* `matrix` holds K⁻¹ and `slopes` dk/dr², below the diagonal. The trace with K itself is known:
 * tr((ααᵀ
 * - K⁻¹) K) = yᵀα - n; so the signal's share is what the noise and a linear mean leave of it. */
static void add_up_gradient(const ambs_gp_kernel *kernel, const ambs_gp_sample *s,
                            const double *matrix, double *slopes, const double *alpha,
                            double *ret_gradient)
{
    size_t n = s->n, n_terms = kernel->n_terms;
    double fit = 0, diagonal = 0, linear = 0;
    memset(ret_gradient, 0, ambs_gp_n_theta(kernel) * sizeof *ret_gradient);
    for (size_t i = 0; i < n; i++) {
        double *factor = slopes + i * n;
        const double *inverse = matrix + i * n;
        for (size_t j = 0; j < i; j++) factor[j] *= alpha[i] * alpha[j] - inverse[j];
        ambs_gp_distance_sums(kernel, s->points + i * n_terms, s->columns, s->stride, i, factor,
                              ret_gradient);
        if (kernel->warp) add_up_warp(kernel, s, i, factor, ret_gradient + n_terms + 2);
        fit += s->y[i] * alpha[i];
        diagonal += alpha[i] * alpha[i] - inverse[i];
    }
    for (size_t t = 0; t < n_terms; t++) ret_gradient[t] *= -2 * kernel->weight[t];
    if (kernel->linear > 0) linear = add_up_linear(kernel, s, matrix, alpha, ret_gradient);
    ret_gradient[n_terms + 1] = 0.5 * kernel->noise * diagonal;
    ret_gradient[n_terms] = 0.5 * (fit - (double)n) - ret_gradient[n_terms + 1] - linear;
}

double ambs_gp_log_likelihood(const ambs_gp_kernel *kernel, const ambs_gp_sample *s, double *matrix,
                              double *slopes, double *alpha, double *ret_gradient)
{
    const double ln_2pi = 1.8378770664093454836;
    size_t n = s->n;
    double fit = 0;
    fill(kernel, s, matrix, ret_gradient ? slopes : NULL);
    if (!ambs_cholesky_try(n, matrix, n)) return -INFINITY;
    double determinant = ambs_cholesky_log_determinant(n, matrix, n);
    memcpy(alpha, s->y, n * sizeof *alpha);
    ambs_cholesky_solve_lower(n, matrix, n, alpha);
    ambs_cholesky_solve_upper(n, matrix, n, alpha);
    for (size_t i = 0; i < n; i++) fit += s->y[i] * alpha[i];
    if (ret_gradient) {
        ambs_cholesky_invert(n, matrix, n);
        add_up_gradient(kernel, s, matrix, slopes, alpha, ret_gradient);
    }
    return -0.5 * (fit + determinant + (double)n * ln_2pi);
}

/* --- the search ----------------------------------------------------------------------------- */

typedef struct ambs_gp_work {
    ambs_gp_kernel kernel;
    ambs_gp_sample sample;
    double *points, *columns, *y; /* of the sample */
    double *raw, *warp_slopes;    /* [T, n] not warped, [2 T, n]; only with a warp */
    double *matrix, *slopes, *alpha;
    double *lower, *upper, *theta, *lbfgs;
    bool no_prior;
} work;

static void drop(work *w)
{
    double *const parts[] = {w->points,        w->columns,     w->y,     w->matrix,     w->slopes,
                             w->alpha,         w->lower,       w->upper, w->theta,      w->lbfgs,
                             w->kernel.weight, w->kernel.warp, w->raw,   w->warp_slopes};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) free(parts[i]);
}

static int make(work *w, const ambs_gp_search *search, size_t n, ambs_error *err)
{
    size_t n_terms = search->kernel->n_terms, size = ambs_gp_n_theta(search->kernel),
           n_warped = search->kernel->warp ? n : 0;
    struct {
        double **to;
        size_t count, width;
    } const parts[] = {{&w->points, n, n_terms},
                       {&w->columns, n, n_terms},
                       {&w->y, n, 1},
                       {&w->matrix, n, n},
                       {&w->slopes, n, n},
                       {&w->alpha, n, 1},
                       {&w->lower, size, 1},
                       {&w->upper, size, 1},
                       {&w->theta, size, 1},
                       {&w->lbfgs, ambs_lbfgs_work_size(size), 1},
                       {&w->kernel.weight, size, 1},
                       {&w->raw, n_warped, n_terms},
                       {&w->warp_slopes, n_warped, 2 * n_terms},
                       {&w->kernel.warp, n_warped > 0 ? n_terms : 0, 2}};
    w->no_prior = search->no_prior;
    w->kernel = *search->kernel;
    w->kernel.weight = w->kernel.warp = NULL;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        if (parts[i].count == 0 && n_warped == 0) continue; /* there is no warp */
        *parts[i].to = ambs_calloc(parts[i].count, parts[i].width * sizeof(double), err);
        if (!*parts[i].to) return AMBS_E_NOMEM;
    }
    for (size_t i = 0; i < size; i++) {
        w->lower[i] = prior_of(n_terms, i).low;
        w->upper[i] = prior_of(n_terms, i).high;
    }
    /* Smooth functions want more, but a process that far from its data goes far, too. */
    if (search->no_prior) w->upper[n_terms] = log(1e5);
    return AMBS_OK;
}

/* n of the rows, evenly spread: early ones are spread over the space, late ones dense where it is
 * good, and both matter. */
static void choose_rows(work *w, const ambs_gp_sample *from, size_t n)
{
    size_t n_terms = w->kernel.n_terms;
    for (size_t i = 0; i < n; i++) {
        size_t row = i * from->n / n;
        w->y[i] = from->y[row];
        for (size_t t = 0; t < n_terms; t++)
            w->points[i * n_terms + t] = w->columns[t * n + i] = from->points[row * n_terms + t];
    }
    w->sample = (ambs_gp_sample){n, w->points, w->columns, n, w->y, w->warp_slopes};
    if (w->raw) memcpy(w->raw, w->columns, n * n_terms * sizeof *w->raw);
}

/* Points and slopes of the sample for the kernel's warp. */
static void warp_sample(work *w)
{
    size_t n = w->sample.n, n_terms = w->kernel.n_terms;
    for (size_t t = 0; t < n_terms; t++) {
        if (w->kernel.terms[t].kind != AMBS_GP_NUMBER) continue;
        double a = w->kernel.warp[2 * t], b = w->kernel.warp[2 * t + 1];
        double *slopes = w->warp_slopes + 2 * t * n;
        for (size_t i = 0; i < n; i++) {
            ambs_gp_warped to = ambs_gp_warp(a, b, w->raw[t * n + i]);
            w->points[i * n_terms + t] = w->columns[t * n + i] = to.value;
            slopes[i] = to.by_log_a;
            slopes[n + i] = to.by_log_b;
        }
    }
}

static double value(void *of, const double *theta, double *ret_gradient)
{
    work *w = of;
    size_t size = ambs_gp_n_theta(&w->kernel);
    ambs_gp_kernel_set(&w->kernel, theta);
    if (w->raw) warp_sample(w);
    double f = ambs_gp_log_likelihood(&w->kernel, &w->sample, w->matrix, w->slopes, w->alpha,
                                      ret_gradient);
    if (!isfinite(f)) return INFINITY;
    if (!w->no_prior) f += ambs_gp_log_prior(&w->kernel, theta, ret_gradient);
    for (size_t i = 0; i < size; i++) ret_gradient[i] = -ret_gradient[i];
    return -f;
}

static double climb(work *w, const ambs_lbfgs_settings *settings)
{
    const ambs_lbfgs_problem problem = {ambs_gp_n_theta(&w->kernel), w->lower, w->upper, value, w};
    double f;
    int rc = ambs_lbfgs_minimise(&problem, settings, w->theta, w->lbfgs, &f, NULL, NULL);
    return rc == AMBS_OK ? f : INFINITY;
}

/* --- draws ---------------------------------------------------------------------------------- */

enum { BURN_IN = 20, THINNING = 5 };

static double log_posterior(void *of, const double *theta)
{
    work *w = of;
    double *unused = w->lbfgs;
    ambs_gp_kernel_set(&w->kernel, theta);
    if (w->raw) warp_sample(w);
    double f = ambs_gp_log_likelihood(&w->kernel, &w->sample, w->matrix, NULL, w->alpha, NULL);
    if (!isfinite(f)) return -INFINITY;
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
static void begin(work *w, const ambs_gp_search *search, size_t start)
{
    ambs_random random;
    ambs_random_init(&random, search->key, start, AMBS_PURPOSE_SURROGATE);
    for (size_t i = 0; i < ambs_gp_n_theta(search->kernel); i++) {
        prior p = prior_of(search->kernel->n_terms, i);
        w->theta[i] = p.mean + (start > 0 ? 0.5 * p.sd * ambs_random_normal(&random) : 0);
    }
}

int ambs_gp_find_theta(const ambs_gp_search *search, const ambs_gp_sample *sample,
                       double *ret_theta, ambs_error *err)
{
    work w = {0};
    size_t n = sample->n < search->max_rows ? sample->n : search->max_rows,
           n_explored = n < EXPLORED ? n : EXPLORED,
           bytes = ambs_gp_n_theta(search->kernel) * sizeof(double);
    int rc = make(&w, search, n, err);
    double best = INFINITY;
    if (rc == AMBS_OK) {
        begin(&w, search, 0);
        memcpy(ret_theta, w.theta, bytes);
        choose_rows(&w, sample, n_explored);
    }
    for (size_t start = 0; rc == AMBS_OK && start < search->n_starts; start++) {
        begin(&w, search, start);
        double f = climb(&w, &explore);
        if (!(f < best)) continue;
        best = f;
        memcpy(ret_theta, w.theta, bytes);
    }
    for (size_t rows = n_explored; rc == AMBS_OK;) {
        rows = GROWTH * rows < n ? GROWTH * rows : n;
        choose_rows(&w, sample, rows);
        memcpy(w.theta, ret_theta, bytes);
        if (isfinite(climb(&w, search->no_prior && rows == n ? &exact : &polish)))
            memcpy(ret_theta, w.theta, bytes);
        if (rows == n) break;
    }
    if (rc == AMBS_OK && search->n_samples > 0) draw_thetas(&w, search, ret_theta);
    drop(&w);
    return rc;
}
