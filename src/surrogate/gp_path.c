/* SPDX-License-Identifier: MIT */
/* Pathwise conditioning (Wilson et al. 2020, arXiv:2002.09309): with g drawn from the prior,
 *     f(x) = g(x) + k(x, X) (K + σ²S)⁻¹ (z - g(X) - ε),   ε ~ Normal(0, σ²S),
 * is drawn from the posterior, with the rows' shares S of the noise. g is a sum of waves (Rahimi and Recht 2007),
 *     g(x) = s √(2/F) Σ_i √(e_i v_i) cos 2π(ω_i·x + b_i),   e_i ~ Exponential(1), b_i ~ Uniform(0, 1)
 * (each wave has normal values: it is one of a sine and a cosine with normal weights), and with
 * 2π ω_i from the spectral density of the covariance: Student's t with 2ν degrees of freedom
 * for Matérn ν, normal for the squared exponential, over the lengthscales. Each draw has new waves,
 * so that the covariance of g over draws is k for any F, and with it f has exactly the posterior's
 * mean and sd; F decides how nearly normal a value is. What rows leave open between them is made of
 * the rare waves of high frequency: √(2ν/u) times a normal with u ~ χ²(2ν). So half of the u are
 * drawn from χ²(1) instead, and v_i = 2r / (1 + r) with r the ratio of the two densities at u makes
 * up for it: without that, most draws would be too smooth and a few far too rough. Of the shape ANOVA, a mixture of
 * products, each wave has frequencies, of t-distributions of their own, in a random subset of the terms: each with
 * probability β / (1 + β).
 *
 * Categories: a point of level a lies at e_a / √2 with a coordinate for each level, so that two
 * levels are at the distance 1; a wave has a frequency for each level. */
#include "surrogate/gp_path.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clones.h"
#include "base/memory.h"
#include "surrogate/gp_warp.h"

enum { WAVES = 512, LANES = AMBS_GP_LANES, CLIMBS = AMBS_GP_CLIMBS };

#define TWO_PI 6.28318530717958647693

int ambs_gp_path_init(ambs_gp_path *path, const ambs_gp *gp, ambs_error *err)
{
    size_t n_terms = gp->n_terms;
    path->first_cell = ambs_calloc(n_terms, sizeof *path->first_cell, err);
    if (!path->first_cell) return AMBS_E_NOMEM;
    for (size_t t = 0; t < n_terms; t++) {
        path->first_cell[t] = path->n_cells;
        if (gp->terms[t].kind == AMBS_GP_LEVEL)
            path->n_cells += gp->features[gp->terms[t].feature].n_levels + 1;
    }
    path->frequency = ambs_calloc(WAVES, n_terms * sizeof(double), err);
    path->cell = ambs_calloc(WAVES, path->n_cells * sizeof(double), err);
    path->phase = ambs_calloc(WAVES, sizeof(double), err);
    path->amplitude = ambs_calloc(WAVES, sizeof(double), err);
    path->line = ambs_calloc(n_terms, sizeof(double), err);
    path->slopes = ambs_calloc(n_terms, AMBS_GP_CLIMBS * sizeof(double), err);
    bool whole = path->frequency && path->cell && path->phase && path->amplitude && path->line &&
                 path->slopes;
    return whole ? AMBS_OK : AMBS_E_NOMEM;
}

void ambs_gp_path_fini(ambs_gp_path *path)
{
    free(path->first_cell);
    free(path->frequency);
    free(path->cell);
    free(path->phase);
    free(path->amplitude);
    free(path->line);
    free(path->slopes);
    free(path->update);
}

/* --- values of the waves -------------------------------------------------------------------- */

/* sin πu and cos πu for |u| <= 1/2 by their series, to the last bits. */
static inline double sin_half_turns(double u)
{
    double x = 3.14159265358979323846 * u, s = x * x, p = -1.0 / 121645100408832000.0;
    p = p * s + 1.0 / 355687428096000.0;
    p = p * s - 1.0 / 1307674368000.0;
    p = p * s + 1.0 / 6227020800.0;
    p = p * s - 1.0 / 39916800;
    p = p * s + 1.0 / 362880;
    p = p * s - 1.0 / 5040;
    p = p * s + 1.0 / 120;
    p = p * s - 1.0 / 6;
    return x + x * s * p;
}

static inline double cos_half_turns(double u)
{
    double x = 3.14159265358979323846 * u, s = x * x, p = 1.0 / 2432902008176640000.0;
    p = p * s - 1.0 / 6402373705728000.0;
    p = p * s + 1.0 / 20922789888000.0;
    p = p * s - 1.0 / 87178291200.0;
    p = p * s + 1.0 / 479001600;
    p = p * s - 1.0 / 3628800;
    p = p * s + 1.0 / 40320;
    p = p * s - 1.0 / 720;
    p = p * s + 1.0 / 24;
    p = p * s - 0.5;
    return 1 + s * p;
}

/* The part of v beyond the nearest whole number; adding 1.5 2^52 rounds. */
static inline double beyond_whole(double v)
{
    const double shift = 6755399441055744.0;
    return v - ((v + shift) - shift);
}

/* ret[c] = ω_i·x_c + b_i, in turns. */
static void place_wave(const ambs_gp_path *path, const ambs_gp *gp, size_t wave,
                       const double *lanes, size_t stride, size_t count, double *ret)
{
    const double *frequency = path->frequency + wave * gp->n_terms,
                 *cells = path->cell + wave * path->n_cells;
    for (size_t c = 0; c < count; c++) ret[c] = path->phase[wave];
    for (size_t t = 0; t < gp->n_terms; t++) {
        const double *lane = lanes + t * stride;
        if (gp->terms[t].kind == AMBS_GP_LEVEL)
            for (size_t c = 0; c < count; c++)
                ret[c] += cells[path->first_cell[t] + (size_t)lane[c]];
        else
            for (size_t c = 0; c < count; c++) ret[c] += frequency[t] * lane[c];
    }
}

AMBS_CLONES
static void add_wave(double amplitude, const double *turns, size_t count, double *sums)
{
    for (size_t c = 0; c < count; c++) {
        double sine = sin_half_turns(beyond_whole(turns[c]));
        sums[c] += amplitude * (1 - 2 * sine * sine);
    }
}

/* d/dv of amplitude cos 2πv */
static void wave_slopes(double amplitude, const double *turns, size_t count, double *ret)
{
    for (size_t c = 0; c < count; c++) {
        double u = beyond_whole(turns[c]);
        ret[c] = -TWO_PI * amplitude * 2 * sin_half_turns(u) * cos_half_turns(u);
    }
}

/* The prior's draw at `count` <= LANES points; element t of the c-th is lanes[t stride + c]. */
static void prior_values(const ambs_gp_path *path, const ambs_gp *gp, const double *lanes,
                         size_t stride, size_t count, double *ret)
{
    double turns[LANES];
    for (size_t c = 0; c < count; c++) ret[c] = path->intercept;
    for (size_t t = 0; gp->kernel.linear > 0 && t < gp->n_terms; t++)
        for (size_t c = 0; c < count; c++) ret[c] += path->line[t] * (lanes[t * stride + c] - 0.5);
    for (size_t i = 0; i < WAVES; i++) {
        place_wave(path, gp, i, lanes, stride, count, turns);
        add_wave(path->amplitude[i], turns, count, ret);
    }
}

/* --- drawing -------------------------------------------------------------------------------- */

/* A number from χ²(n). */
static double chi_squared(int n, ambs_random *random)
{
    double u = 0;
    for (int k = 0; k < n; k++) u += pow(ambs_random_normal(random), 2);
    return u;
}

/* What a wave's frequencies have as a factor beside a normal number; *ret_weight is v. */
static double tail_factor(ambs_gp_shape shape, ambs_random *random, double *ret_weight)
{
    static const int degrees[] = {
        [AMBS_GP_MATERN52] = 5, [AMBS_GP_MATERN32] = 3, [AMBS_GP_MATERN12] = 1};
    *ret_weight = 1;
    if (shape == AMBS_GP_SQUARED_EXPONENTIAL || shape == AMBS_GP_ANOVA) return 1;
    double u = chi_squared(ambs_random_below(random, 2) ? degrees[shape] : 1, random);
    double ratio = shape == AMBS_GP_MATERN52 ? u * u / 3 : shape == AMBS_GP_MATERN32 ? u : 1;
    *ret_weight = 2 * ratio / (1 + ratio);
    return sqrt(degrees[shape] / u);
}

/* For one term of a wave of the shape ANOVA: 0 where the term is not in the wave's subset. */
static double own_factor(const ambs_gp_kernel *kernel, ambs_random *random)
{
    bool takes_part = ambs_random_uniform(random) * (1 + kernel->interaction) < kernel->interaction;
    return takes_part ? sqrt(5 / chi_squared(5, random)) : 0;
}

static void draw_wave(ambs_gp_path *path, const ambs_gp *gp, size_t wave, ambs_random *random)
{
    const ambs_gp_kernel *kernel = &gp->kernel;
    double weight, factor = tail_factor(kernel->shape, random, &weight) / TWO_PI;
    bool each_its_own = kernel->shape == AMBS_GP_ANOVA;
    for (size_t t = 0; t < gp->n_terms; t++) {
        double own = each_its_own ? own_factor(kernel, random) : 1,
               by_term = own * factor * sqrt(kernel->weight[t]);
        if (gp->terms[t].kind != AMBS_GP_LEVEL) {
            path->frequency[wave * gp->n_terms + t] = by_term * ambs_random_normal(random);
            continue;
        }
        size_t n_levels = gp->features[gp->terms[t].feature].n_levels + 1;
        double *cells = path->cell + wave * path->n_cells + path->first_cell[t];
        for (size_t k = 0; k < n_levels; k++)
            cells[k] = by_term * sqrt(0.5) * ambs_random_normal(random);
    }
    path->phase[wave] = ambs_random_uniform(random);
    path->amplitude[wave] =
        sqrt(2 * kernel->signal / WAVES * weight * ambs_random_exponential(random));
}

static void draw_line(ambs_gp_path *path, const ambs_gp *gp, ambs_random *random)
{
    path->intercept = gp->kernel.linear > 0 ? ambs_random_normal(random) : 0;
    for (size_t t = 0; t < gp->n_terms; t++)
        path->line[t] = gp->kernel.linear > 0 && gp->terms[t].kind == AMBS_GP_NUMBER
                            ? sqrt(gp->kernel.linear) * ambs_random_normal(random)
                            : 0;
}

int ambs_gp_path_draw(ambs_gp_path *path, ambs_gp *gp, ambs_random *random, ambs_error *err)
{
    size_t n = gp->n;
    int rc = ambs_reserve(&path->update, &path->update_capacity, n, sizeof *path->update, err);
    if (rc != AMBS_OK) return rc;
    for (size_t i = 0; i < WAVES; i++) draw_wave(path, gp, i, random);
    draw_line(path, gp, random);
    for (size_t first = 0; first < n; first += LANES)
        prior_values(path, gp, gp->columns + first, gp->capacity,
                     n - first < LANES ? n - first : LANES, path->update + first);
    for (size_t j = 0; j < n; j++) {
        double noise = sqrt(gp->kernel.noise * gp->share[j] + gp->jitter);
        path->update[j] = gp->z[j] - path->update[j] - noise * ambs_random_normal(random);
    }
    return ambs_gp_solve(gp, path->update, err);
}

/* --- values --------------------------------------------------------------------------------- */

static void encode(const ambs_gp *gp, size_t m, size_t lanes, const double *x)
{
    for (size_t c = 0; c < lanes; c++) {
        ambs_gp_encode(gp->n_terms, gp->terms, gp->features, x + (c < m ? c : m - 1) * gp->p,
                       gp->lanes + c, lanes);
        ambs_gp_warp_point(&gp->kernel, gp->lanes + c, lanes);
    }
}

static void values_of_block(const ambs_gp_path *path, const ambs_gp *gp, size_t m, const double *x,
                            double *ret_value)
{
    double sums[LANES], k[LANES];
    encode(gp, m, LANES, x);
    prior_values(path, gp, gp->lanes, LANES, LANES, sums);
    for (size_t j = 0; j < gp->n; j++) {
        ambs_gp_kernel_row(&gp->kernel, gp->points + j * gp->n_terms, gp->lanes, LANES, LANES, k,
                           NULL);
        for (size_t c = 0; c < LANES; c++) sums[c] += path->update[j] * k[c];
    }
    for (size_t c = 0; c < m; c++) ret_value[c] = gp->center + gp->scale * sums[c];
}

/* Slopes by the elements of warped points, for each of CLIMBS lanes: [T, CLIMBS]. */
static void slopes_of_points(const ambs_gp_path *path, const ambs_gp *gp, double *ret)
{
    double turns[CLIMBS], by_turns[CLIMBS], k[CLIMBS], base[CLIMBS], room[CLIMBS];
    size_t n_terms = gp->n_terms;
    for (size_t t = 0; t < n_terms; t++)
        for (size_t c = 0; c < CLIMBS; c++) ret[t * CLIMBS + c] = path->line[t];
    for (size_t i = 0; i < WAVES; i++) {
        place_wave(path, gp, i, gp->lanes, CLIMBS, CLIMBS, turns);
        wave_slopes(path->amplitude[i], turns, CLIMBS, by_turns);
        for (size_t t = 0; t < n_terms; t++)
            for (size_t c = 0; c < CLIMBS; c++)
                ret[t * CLIMBS + c] += path->frequency[i * n_terms + t] * by_turns[c];
    }
    for (size_t j = 0; j < gp->n; j++) {
        const double *point = gp->points + j * n_terms;
        ambs_gp_kernel_row(&gp->kernel, point, gp->lanes, CLIMBS, CLIMBS, k, base);
        for (size_t t = 0; t < n_terms; t++) {
            double weight = 2 * gp->kernel.weight[t] * path->update[j],
                   line = gp->kernel.linear * path->update[j] * (point[t] - 0.5);
            if (gp->terms[t].kind != AMBS_GP_NUMBER) continue;
            const double *slope = ambs_gp_term_slopes(&gp->kernel, t, 1, point, gp->lanes, CLIMBS,
                                                      CLIMBS, base, CLIMBS, room);
            for (size_t c = 0; c < CLIMBS; c++)
                ret[t * CLIMBS + c] +=
                    weight * slope[c] * (gp->lanes[t * CLIMBS + c] - point[t]) + line;
        }
    }
}

static void take_slopes(const ambs_gp_path *path, const ambs_gp *gp, size_t m, const double *x,
                        double *ret_slopes)
{
    double *slopes = path->slopes;
    encode(gp, m, CLIMBS, x);
    slopes_of_points(path, gp, slopes);
    memset(ret_slopes, 0, m * gp->p * sizeof *ret_slopes);
    for (size_t t = 0; t < gp->n_terms; t++) {
        if (gp->terms[t].kind != AMBS_GP_NUMBER) continue;
        size_t f = gp->terms[t].feature;
        for (size_t c = 0; c < m; c++) {
            double u = x[c * gp->p + f], warp = 1;
            if (isnan(u)) continue;
            if (gp->kernel.warp)
                warp = ambs_gp_warp(gp->kernel.warp[2 * t], gp->kernel.warp[2 * t + 1], u).by_u;
            ret_slopes[c * gp->p + f] = warp * gp->scale * slopes[t * CLIMBS + c];
        }
    }
}

void ambs_gp_path_values(const ambs_gp_path *path, const ambs_gp *gp, size_t m, const double *x,
                         double *ret_value, double *ret_slopes)
{
    for (size_t first = 0; first < m; first += LANES)
        values_of_block(path, gp, m - first < LANES ? m - first : LANES, x + first * gp->p,
                        ret_value + first);
    if (ret_slopes && m > 0) take_slopes(path, gp, m, x, ret_slopes);
}
