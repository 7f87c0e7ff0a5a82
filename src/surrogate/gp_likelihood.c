/* SPDX-License-Identifier: MIT */
/* The likelihood of hyperparameters and its gradient. K, dk/dr² and K⁻¹ stand in panels
 * (numeric/panels.h): of a pair of rows i < j the element (i, j). */
#include <math.h>
#include <string.h>

#include "base/clones.h"
#include "numeric/panels.h"
#include "surrogate/gp_fit.h"

enum { WIDTH = AMBS_PANEL };

size_t ambs_gp_likelihood_work(size_t n)
{
    return 3 * ambs_panels_size(n) + (2 + WIDTH) * ambs_panels_rows(n);
}

void ambs_gp_fill(const ambs_gp_kernel *kernel, const ambs_gp_sample *s, double *matrix,
                  double *slopes)
{
    for (size_t first = 0; first < s->n; first += WIDTH) {
        size_t n_rows = first + WIDTH < s->n ? first + WIDTH : s->n, at = ambs_panel(first / WIDTH),
               end = at + (first + WIDTH) * WIDTH;
        ambs_gp_kernel_block(kernel, n_rows, s->points, s->columns + first, s->stride, WIDTH,
                             matrix + at, slopes ? slopes + at : NULL, WIDTH);
        for (size_t i = first; i < n_rows; i++)
            matrix[at + i * WIDTH + i - first] =
                ambs_gp_kernel_variance(kernel, s->points + i * kernel->n_terms, 1) +
                kernel->noise * s->share[i];
        if (!slopes) continue;
        memset(slopes + at + n_rows * WIDTH, 0, (end - at - n_rows * WIDTH) * sizeof *slopes);
        for (size_t i = 0; i < n_rows; i++)
            for (size_t c = 0; c < WIDTH; c++)
                if (first + c <= i || first + c >= s->n) slopes[at + i * WIDTH + c] = 0;
    }
    ambs_panels_fill_up(s->n, matrix);
}

/* slopes (ααᵀ - K⁻¹), element by element, of one panel. */
AMBS_CLONES
static void weigh(size_t n_rows, const double *inverse, const double *alpha, const double *own,
                  double *slopes)
{
    for (size_t i = 0; i < n_rows; i++)
        for (size_t c = 0; c < WIDTH; c++)
            slopes[i * WIDTH + c] *= alpha[i] * own[c] - inverse[i * WIDTH + c];
}

/* Σ factor dr²/dln a_t over the pairs of one panel, and by ln b_t. */
static void add_up_warp(const ambs_gp_kernel *kernel, const ambs_gp_sample *s, size_t first,
                        size_t n_rows, const double *factors, double *room, double *sums)
{
    for (size_t t = 0; t < kernel->n_terms; t++) {
        if (kernel->terms[t].kind != AMBS_GP_NUMBER) continue;
        const double *column = s->columns + t * s->stride;
        const double *factor = ambs_gp_term_slopes(kernel, t, n_rows, s->points, s->columns + first,
                                                   s->stride, WIDTH, factors, WIDTH, room);
        for (size_t side = 0; side < 2; side++) {
            const double *slopes = s->warp_slopes + (2 * t + side) * s->stride;
            double sum = 0;
            for (size_t i = 0; i < n_rows; i++)
                sum += ambs_gp_warp_sum(column[i], slopes[i], column + first, slopes + first,
                                        s->n - first < WIDTH ? s->n - first : WIDTH,
                                        factor + i * WIDTH);
            sums[2 * t + side] += 2 * kernel->weight[t] * sum;
        }
    }
}

/* 1/2 tr((ααᵀ - K⁻¹) X) for the linear mean's part X of K; and with X's derivatives by the warp,
 * which are added to the gradient. */
static double add_up_linear(const ambs_gp_kernel *kernel, const ambs_gp_sample *s,
                            const double *inverse, const double *alpha, double *ret_gradient)
{
    double share = 0;
    for (size_t j = 0; j < s->n; j++)
        for (size_t i = 0; i <= j; i++)
            share += (i < j ? 1 : 0.5) * (alpha[i] * alpha[j] - inverse[ambs_panels_index(i, j)]);
    for (size_t t = 0; t < kernel->n_terms; t++) {
        if (kernel->terms[t].kind != AMBS_GP_NUMBER) continue;
        const double *x = s->columns + t * s->stride;
        double sums[3] = {0};
        for (size_t j = 0; j < s->n; j++)
            for (size_t i = 0; i <= j; i++) {
                double w = (i < j ? 1 : 0.5) * kernel->linear *
                           (alpha[i] * alpha[j] - inverse[ambs_panels_index(i, j)]);
                sums[2] += w * (x[i] - 0.5) * (x[j] - 0.5);
                for (size_t side = 0; kernel->warp && side < 2; side++) {
                    const double *slope = s->warp_slopes + (2 * t + side) * s->stride;
                    sums[side] += w * (slope[i] * (x[j] - 0.5) + slope[j] * (x[i] - 0.5));
                }
            }
        share += sums[2];
        for (size_t side = 0; kernel->warp && side < 2; side++)
            ret_gradient[ambs_gp_warp_at(kernel) + 2 * t + side] += sums[side];
    }
    return share;
}

/* The trace with K itself is known: tr((ααᵀ - K⁻¹) K) = yᵀα - n; so the signal's share is what the
 * noise and a linear mean leave of it. */
static void add_up_gradient(const ambs_gp_kernel *kernel, const ambs_gp_sample *s,
                            const double *inverse, double *slopes, const double *alpha, double fit,
                            double *room, double *ret_gradient)
{
    size_t n = s->n, n_terms = kernel->n_terms;
    double diagonal = 0, linear = 0;
    memset(ret_gradient, 0, ambs_gp_n_theta(kernel) * sizeof *ret_gradient);
    for (size_t first = 0; first < n; first += WIDTH) {
        size_t n_rows = first + WIDTH < n ? first + WIDTH : n;
        double *factor = slopes + ambs_panel(first / WIDTH);
        weigh(n_rows, inverse + ambs_panel(first / WIDTH), alpha, alpha + first, factor);
        ambs_gp_distance_panel(kernel, n_rows, s->points, s->columns + first, s->stride, factor,
                               ret_gradient);
        if (kernel->warp)
            add_up_warp(kernel, s, first, n_rows, factor, room,
                        ret_gradient + ambs_gp_warp_at(kernel));
    }
    for (size_t i = 0; i < n; i++)
        diagonal += s->share[i] * (alpha[i] * alpha[i] - inverse[ambs_panels_index(i, i)]);
    if (kernel->linear > 0) linear = add_up_linear(kernel, s, inverse, alpha, ret_gradient);
    ret_gradient[n_terms + 1] = 0.5 * kernel->noise * diagonal;
    ret_gradient[n_terms] = 0.5 * (fit - (double)n) - ret_gradient[n_terms + 1] - linear;
}

double ambs_gp_log_likelihood(const ambs_gp_kernel *kernel, const ambs_gp_sample *s, double *work,
                              double *ret_gradient)
{
    const double ln_2pi = 1.8378770664093454836;
    size_t n = s->n, size = ambs_panels_size(n), n_rows = ambs_panels_rows(n);
    double *matrix = work, *slopes = matrix + size, *factor = slopes + size,
           *inverse = factor + size, *alpha = inverse + n_rows, *room = alpha + n_rows, fit = 0;
    ambs_gp_fill(kernel, s, matrix, ret_gradient ? slopes : NULL);
    if (!ambs_panels_factor(n, matrix, inverse)) return -INFINITY;
    memset(alpha, 0, n_rows * sizeof *alpha);
    memcpy(alpha, s->y, n * sizeof *alpha);
    ambs_panels_solve(n, matrix, inverse, alpha);
    for (size_t i = 0; i < n; i++) fit += alpha[i] * alpha[i];
    if (ret_gradient) {
        ambs_panels_invert(n, matrix, inverse, factor, alpha);
        add_up_gradient(kernel, s, matrix, slopes, alpha, fit, room, ret_gradient);
    }
    return -0.5 * (fit + ambs_panels_log_determinant(n, inverse) + (double)n * ln_2pi);
}
