/* SPDX-License-Identifier: MIT */
/* What a maximiser asks of the process beside its predictions: a cheap look at many candidates, and
 * derivatives at a few. As in gp_predict.c, blocks are always full, so that no result depends on how
 * many points there were. */
#include <math.h>
#include <string.h>

#include "base/clones.h"
#include "numeric/triangular.h"
#include "surrogate/gp.h"
#include "surrogate/gp_warp.h"

enum { LANES = AMBS_GP_LANES, CLIMBS = AMBS_GP_CLIMBS };

/* Σ_j α_j k_j and max_j k_j of a block of candidates in gp->lanes. */
AMBS_CLONES
static void take_row(const double *k, double alpha, double *sums, double *most)
{
    for (size_t c = 0; c < LANES; c++) {
        sums[c] += alpha * k[c];
        most[c] = k[c] > most[c] ? k[c] : most[c];
    }
}

static void encode(const ambs_gp *gp, size_t m, size_t lanes, const double *x)
{
    for (size_t c = 0; c < lanes; c++) {
        ambs_gp_encode(gp->n_terms, gp->terms, gp->features, x + (c < m ? c : m - 1) * gp->p,
                       gp->lanes + c, lanes);
        ambs_gp_warp_point(&gp->kernel, gp->lanes + c, lanes);
    }
}

/* No row's prior variance is larger. */
static double most_variance(const ambs_gp *gp)
{
    double linear = gp->kernel.linear;
    return gp->kernel.signal + (linear > 0 ? 1 + 0.25 * linear * (double)gp->n_terms : 0);
}

static void screen_block(const ambs_gp *gp, size_t m, const double *x, double *ret_mean,
                         double *ret_sd_bound)
{
    double sums[LANES] = {0}, most[LANES] = {0}, k[LANES];
    double own = most_variance(gp) + gp->kernel.noise + gp->jitter;
    encode(gp, m, LANES, x);
    for (size_t j = 0; j < gp->n; j++) {
        ambs_gp_kernel_row(&gp->kernel, gp->points + j * gp->n_terms, gp->lanes, LANES, LANES, k,
                           NULL);
        take_row(k, gp->alpha[j], sums, most);
    }
    for (size_t c = 0; c < m; c++) {
        double variance =
            ambs_gp_kernel_variance(&gp->kernel, gp->lanes + c, LANES) - most[c] * (most[c] / own);
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

/* Means and variances (unscaled) from k* in `block` and v = L⁻¹k* in `solved`, [n, CLIMBS]. */
AMBS_CLONES
static void add_up_moments(size_t n, const double *block, const double *solved, const double *alpha,
                           double *ret_mean, double *ret_explained)
{
    memset(ret_mean, 0, CLIMBS * sizeof *ret_mean);
    memset(ret_explained, 0, CLIMBS * sizeof *ret_explained);
    for (size_t j = 0; j < n; j++)
        for (size_t c = 0; c < CLIMBS; c++) {
            ret_mean[c] += alpha[j] * block[j * CLIMBS + c];
            ret_explained[c] += solved[j * CLIMBS + c] * solved[j * CLIMBS + c];
        }
}

/* Σ_j α_j slope_j (x - x_j) and Σ_j β_j slope_j (x - x_j) of one term, for each lane. */
AMBS_CLONES
static void add_up_slopes(size_t n, const double *column, const double *lane, const double *slopes,
                          const double *alpha, const double *beta, double *ret_mean,
                          double *ret_variance)
{
    memset(ret_mean, 0, CLIMBS * sizeof *ret_mean);
    memset(ret_variance, 0, CLIMBS * sizeof *ret_variance);
    for (size_t j = 0; j < n; j++)
        for (size_t c = 0; c < CLIMBS; c++) {
            double part = slopes[j * CLIMBS + c] * (lane[c] - column[j]);
            ret_mean[c] += alpha[j] * part;
            ret_variance[c] += beta[j * CLIMBS + c] * part;
        }
}

/* Σ_j α_j (x_j - 1/2) and Σ_j β_j (x_j - 1/2): the linear mean's part of the same. */
static void add_up_line(size_t n, const double *column, const double *alpha, const double *beta,
                        double *ret_mean, double *ret_variance)
{
    for (size_t j = 0; j < n; j++) {
        *ret_mean += alpha[j] * (column[j] - 0.5);
        for (size_t c = 0; c < CLIMBS; c++)
            ret_variance[c] += beta[j * CLIMBS + c] * (column[j] - 0.5);
    }
}

/* Work space: k*, then its solutions, and dk/dr² stand behind one another in gp->block. */
void ambs_gp_gradient(const ambs_gp *gp, size_t m, const double *x, double *ret_mean,
                      double *ret_sd, double *ret_mean_slopes, double *ret_sd_slopes)
{
    size_t n = gp->n;
    double *k = gp->block, *solved = k + n * CLIMBS, *slopes = solved + n * CLIMBS;
    double mean[CLIMBS], explained[CLIMBS];
    encode(gp, m, CLIMBS, x);
    for (size_t j = 0; j < n; j++)
        ambs_gp_kernel_row(&gp->kernel, gp->points + j * gp->n_terms, gp->lanes, CLIMBS, CLIMBS,
                           k + j * CLIMBS, slopes + j * CLIMBS);
    memcpy(solved, k, n * CLIMBS * sizeof *k);
    ambs_triangular_solve(n, gp->l, gp->capacity, CLIMBS, solved);
    add_up_moments(n, k, solved, gp->alpha, mean, explained);
    ambs_triangular_solve_transposed(n, gp->l, gp->capacity, CLIMBS, solved);
    for (size_t c = 0; c < m; c++) {
        double variance =
            ambs_gp_kernel_variance(&gp->kernel, gp->lanes + c, CLIMBS) - explained[c];
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
        const double *column = gp->columns + t * gp->capacity, *lane = gp->lanes + t * CLIMBS;
        if (v > 0) add_up_line(n, column, gp->alpha, solved, &mean_line, line);
        add_up_slopes(n, column, lane, slopes, gp->alpha, solved, mean, explained);
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
}
