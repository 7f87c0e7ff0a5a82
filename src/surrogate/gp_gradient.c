/* SPDX-License-Identifier: MIT */
/* What a maximiser asks of the process beside its predictions: a cheap look at many candidates, and
 * derivatives at a few. As in gp_predict.c, no result depends on how many points there were. */
#include <math.h>
#include <string.h>

#include "base/clones.h"
#include "numeric/triangular.h"
#include "surrogate/gp.h"
#include "surrogate/gp_warp.h"

enum { LANES = AMBS_GP_LANES, GROUP = AMBS_GP_BLOCK, CLIMBS = AMBS_GP_CLIMBS };

/* Σ_j α_j k_j and max_j k_j of a block of candidates [n, width]. */
AMBS_CLONES
static void take_rows(size_t n, size_t width, const double *k, const double *alpha,
                      double *ret_sums, double *ret_most)
{
    for (size_t first = 0; first < width; first += GROUP) {
        double sums[GROUP] = {0}, most[GROUP] = {0};
        for (size_t j = 0; j < n; j++)
            for (size_t c = 0; c < GROUP; c++) {
                double here = k[j * width + first + c];
                sums[c] += alpha[j] * here;
                most[c] = here > most[c] ? here : most[c];
            }
        memcpy(ret_sums + first, sums, sizeof sums);
        memcpy(ret_most + first, most, sizeof most);
    }
}

void ambs_gp_encode_lanes(const ambs_gp *gp, size_t m, const double *x, size_t width)
{
    for (size_t c = 0; c < width; c++) {
        ambs_gp_encode(gp->n_terms, gp->terms, gp->features, x + (c < m ? c : m - 1) * gp->p,
                       gp->lanes + c, width);
        ambs_gp_warp_point(&gp->kernel, gp->lanes + c, width);
    }
}

/* No row's prior variance is larger, as no row's noise is larger than σ². */
static double most_variance(const ambs_gp *gp)
{
    double linear = gp->kernel.linear;
    return gp->kernel.signal + (linear > 0 ? 1 + 0.25 * linear * (double)gp->n_terms : 0);
}

static void screen_block(const ambs_gp *gp, size_t m, const double *x, double *ret_mean,
                         double *ret_sd_bound)
{
    double sums[LANES], most[LANES];
    double own = most_variance(gp) + gp->kernel.noise + gp->jitter;
    size_t width = (m + GROUP - 1) / GROUP * GROUP;
    ambs_gp_encode_lanes(gp, m, x, width);
    ambs_gp_kernel_block(&gp->kernel, gp->n, gp->points, gp->lanes, width, width, gp->block, NULL,
                         width);
    take_rows(gp->n, width, gp->block, gp->alpha, sums, most);
    for (size_t c = 0; c < m; c++) {
        double variance =
            ambs_gp_kernel_variance(&gp->kernel, gp->lanes + c, width) - most[c] * (most[c] / own);
        ret_mean[c] = gp->center + gp->scale * sums[c];
        ret_sd_bound[c] = gp->scale * sqrt(fmax(variance, AMBS_GP_VARIANCE_FLOOR));
    }
}

void ambs_gp_screen(const ambs_gp *gp, size_t m, const double *x, double *ret_mean,
                    double *ret_sd_bound)
{
    for (size_t first = 0; first < m; first += LANES)
        screen_block(gp, m - first < LANES ? m - first : LANES, x + first * gp->p, ret_mean + first,
                     ret_sd_bound + first);
}

/* A few lanes of points [n, width], 8 or 16 of them: work on as many as there are, with the same
 * bits. */
#define BY_WIDTH(width, function, ...)                                                             \
    do {                                                                                           \
        if ((width) == AMBS_TRIANGULAR_LANES)                                                      \
            function(AMBS_TRIANGULAR_LANES, __VA_ARGS__);                                          \
        else                                                                                       \
            function(CLIMBS, __VA_ARGS__);                                                         \
    } while (0)

/* Means and variances (unscaled) from k* in `block` and v = L⁻¹k* in `solved`, [n, width]. */
AMBS_INLINE void add_up_moments_of(size_t width, size_t n, const double *block,
                                   const double *solved, const double *alpha, double *ret_mean,
                                   double *ret_explained)
{
    double mean[CLIMBS] = {0}, explained[CLIMBS] = {0};
    for (size_t j = 0; j < n; j++)
        for (size_t c = 0; c < width; c++) {
            mean[c] += alpha[j] * block[j * width + c];
            explained[c] += solved[j * width + c] * solved[j * width + c];
        }
    memcpy(ret_mean, mean, sizeof mean);
    memcpy(ret_explained, explained, sizeof explained);
}

AMBS_CLONES
static void add_up_moments(size_t width, size_t n, const double *block, const double *solved,
                           const double *alpha, double *ret_mean, double *ret_explained)
{
    BY_WIDTH(width, add_up_moments_of, n, block, solved, alpha, ret_mean, ret_explained);
}

/* Σ_j α_j slope_j (x - x_j) and Σ_j β_j slope_j (x - x_j) of one term, for each lane. */
AMBS_INLINE void add_up_slopes_of(size_t width, size_t n, const double *column, const double *lane,
                                  const double *slopes, const double *alpha, const double *beta,
                                  double *ret_mean, double *ret_variance)
{
    double mean[CLIMBS] = {0}, variance[CLIMBS] = {0};
    for (size_t j = 0; j < n; j++)
        for (size_t c = 0; c < width; c++) {
            double part = slopes[j * width + c] * (lane[c] - column[j]);
            mean[c] += alpha[j] * part;
            variance[c] += beta[j * width + c] * part;
        }
    memcpy(ret_mean, mean, sizeof mean);
    memcpy(ret_variance, variance, sizeof variance);
}

AMBS_CLONES
static void add_up_slopes(size_t width, size_t n, const double *column, const double *lane,
                          const double *slopes, const double *alpha, const double *beta,
                          double *ret_mean, double *ret_variance)
{
    BY_WIDTH(width, add_up_slopes_of, n, column, lane, slopes, alpha, beta, ret_mean, ret_variance);
}

/* Σ_j α_j (x_j - 1/2) and Σ_j β_j (x_j - 1/2): the linear mean's part of the same. */
static void add_up_line(size_t width, size_t n, const double *column, const double *alpha,
                        const double *beta, double *ret_mean, double *ret_variance)
{
    for (size_t j = 0; j < n; j++) {
        *ret_mean += alpha[j] * (column[j] - 0.5);
        for (size_t c = 0; c < width; c++)
            ret_variance[c] += beta[j * width + c] * (column[j] - 0.5);
    }
}

/* Σ_j a_j b_j of each lane. */
AMBS_CLONES
static void add_products(size_t width, size_t n, const double *a, const double *b, double *ret)
{
    memset(ret, 0, width * sizeof *ret);
    for (size_t j = 0; j < n; j++)
        for (size_t c = 0; c < width; c++) ret[c] += a[j * width + c] * b[j * width + c];
}

/* K⁻¹k* from k*, with the means and what is explained of the variances. */
static int solve(ambs_gp *gp, size_t width, const double *k, double *solved, double *mean,
                 double *explained, ambs_error *err)
{
    size_t n = gp->n;
    if (gp->far.on) {
        int rc = ambs_gp_far_solve(gp, width, k, solved, err);
        if (rc != AMBS_OK) return rc;
        add_up_moments(width, n, k, solved, gp->alpha, mean, explained);
        add_products(width, n, k, solved, explained);
        return AMBS_OK;
    }
    memcpy(solved, k, n * width * sizeof *k);
    ambs_triangular_solve(n, gp->l, gp->capacity, width, solved);
    add_up_moments(width, n, k, solved, gp->alpha, mean, explained);
    ambs_triangular_solve_transposed(n, gp->l, gp->capacity, width, solved);
    return AMBS_OK;
}

/* Work space: k*, then its solutions, their slopes and those of a term stand behind one another in
 * gp->block. */
int ambs_gp_gradient(ambs_gp *gp, size_t m, const double *x, double *ret_mean, double *ret_sd,
                     double *ret_mean_slopes, double *ret_sd_slopes, ambs_error *err)
{
    size_t n = gp->n;
    size_t width = m <= AMBS_TRIANGULAR_LANES ? AMBS_TRIANGULAR_LANES : CLIMBS;
    double *k = gp->block, *solved = k + n * width, *slopes = solved + n * width,
           *room = slopes + n * width;
    double mean[CLIMBS], explained[CLIMBS];
    ambs_gp_encode_lanes(gp, m, x, width);
    ambs_gp_kernel_block(&gp->kernel, n, gp->points, gp->lanes, width, width, k, slopes, width);
    int rc = solve(gp, width, k, solved, mean, explained, err);
    if (rc != AMBS_OK) return rc;
    for (size_t c = 0; c < m; c++) {
        double variance = ambs_gp_kernel_variance(&gp->kernel, gp->lanes + c, width) - explained[c];
        ret_mean[c] = gp->center + gp->scale * mean[c];
        ret_sd[c] = gp->scale * sqrt(fmax(variance, AMBS_GP_VARIANCE_FLOOR));
    }
    memset(ret_mean_slopes, 0, m * gp->p * sizeof *ret_mean_slopes);
    memset(ret_sd_slopes, 0, m * gp->p * sizeof *ret_sd_slopes);
    for (size_t t = 0; t < gp->n_terms; t++) {
        if (gp->terms[t].kind != AMBS_GP_NUMBER) continue;
        size_t f = gp->terms[t].feature;
        double by_r2 = 2 * gp->kernel.weight[t], v = gp->kernel.linear, mean_line = 0,
               line[CLIMBS] = {0};
        const double *column = gp->columns + t * gp->capacity, *lane = gp->lanes + t * width;
        if (v > 0) add_up_line(width, n, column, gp->alpha, solved, &mean_line, line);
        add_up_slopes(width, n, column, lane,
                      ambs_gp_term_slopes(&gp->kernel, t, n, gp->points, gp->lanes, width, width,
                                          slopes, width, room),
                      gp->alpha, solved, mean, explained);
        for (size_t c = 0; c < m; c++) {
            if (isnan(x[c * gp->p + f])) continue;
            bool floored = ret_sd[c] <= gp->scale * sqrt(AMBS_GP_VARIANCE_FLOOR);
            double sd = ret_sd[c] / gp->scale, warp = 1;
            if (gp->kernel.warp)
                warp = ambs_gp_warp(gp->kernel.warp[2 * t], gp->kernel.warp[2 * t + 1],
                                    x[c * gp->p + f])
                           .by_u;
            double by_mean = by_r2 * mean[c] + v * mean_line,
                   by_variance = v * (lane[c] - 0.5 - line[c]) - by_r2 * explained[c];
            ret_mean_slopes[c * gp->p + f] = warp * gp->scale * by_mean;
            ret_sd_slopes[c * gp->p + f] = floored ? 0 : warp * gp->scale * by_variance / sd;
        }
    }
    return AMBS_OK;
}
