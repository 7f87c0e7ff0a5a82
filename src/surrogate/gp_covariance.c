/* SPDX-License-Identifier: MIT */
/* Everything runs over lanes (the other points) without branches. LANES of them are held in
 * registers from the first distance to the last product; the exponential is written out for that
 * reason. Each lane goes through the same operations wherever it stands. */
#include <math.h>
#include <string.h>

#include "base/clones.h"
#include "surrogate/gp_kernel.h"

enum { LANES = AMBS_GP_BLOCK };

#define AMBS_BODY "surrogate/gp_covariance_body.h"
#include "base/versions.h"

static void add_linear(const ambs_gp_kernel *kernel, const double *point, const double *lanes,
                       size_t stride, size_t m, double *k)
{
    for (size_t c = 0; c < m; c++) k[c] += 1;
    for (size_t t = 0; t < kernel->n_terms; t++) {
        if (kernel->terms[t].kind != AMBS_GP_NUMBER) continue;
        const double *lane = lanes + t * stride;
        double factor = kernel->linear * (point[t] - 0.5);
        for (size_t c = 0; c < m; c++) k[c] += factor * (lane[c] - 0.5);
    }
}

void ambs_gp_kernel_block(const ambs_gp_kernel *kernel, size_t n, const double *points,
                          const double *lanes, size_t stride, size_t m, double *ret_k,
                          double *ret_slope, size_t ret_stride)
{
    CHOOSE(cover)(kernel, n, points, lanes, stride, m, ret_k, ret_slope, ret_stride);
    for (size_t j = 0; kernel->linear > 0 && j < n; j++)
        add_linear(kernel, points + j * kernel->n_terms, lanes, stride, m, ret_k + j * ret_stride);
}

void ambs_gp_kernel_row(const ambs_gp_kernel *kernel, const double *point, const double *lanes,
                        size_t stride, size_t count, double *ret_k, double *ret_slope)
{
    ambs_gp_kernel_block(kernel, 1, point, lanes, stride, count, ret_k, ret_slope, 0);
}

const double *ambs_gp_term_slopes(const ambs_gp_kernel *kernel, size_t t, size_t n,
                                  const double *points, const double *lanes, size_t stride,
                                  size_t m, const double *base, size_t base_stride, double *room)
{
    if (kernel->shape != AMBS_GP_ANOVA) return base;
    CHOOSE(part)(kernel, t, n, points, lanes + t * stride, m, base, base_stride, room);
    return room;
}

/* --- sums for the gradient of the likelihood -------------------------------------------------- */

AMBS_CLONES
static double warp_sum(double x, double g, const double *lane, const double *slopes, size_t count,
                       const double *factor)
{
    double sum = 0;
#pragma omp simd reduction(+ : sum)
    for (size_t c = 0; c < count; c++) sum += factor[c] * (x - lane[c]) * (g - slopes[c]);
    return sum;
}

AMBS_CLONES
static void gp_sums(const ambs_gp_kernel *kernel, const double *point, const double *lanes,
                    size_t stride, size_t count, const double *factor, double *ret_sums)
{
    for (size_t t = 0; t < kernel->n_terms; t++) {
        const double *lane = lanes + t * stride;
        double x = point[t], sum = 0;
        if (kernel->terms[t].kind == AMBS_GP_LEVEL) {
#pragma omp simd reduction(+ : sum)
            for (size_t c = 0; c < count; c++) sum += lane[c] != x ? factor[c] : 0;
        } else {
#pragma omp simd reduction(+ : sum)
            for (size_t c = 0; c < count; c++) sum += factor[c] * ((lane[c] - x) * (lane[c] - x));
        }
        ret_sums[t] -= 2 * kernel->weight[t] * sum;
    }
}

/* Clang names the clones of an exported function otherwise than its callers expect. */
double ambs_gp_warp_sum(double x, double g, const double *lane, const double *slopes, size_t count,
                        const double *factor)
{
    return warp_sum(x, g, lane, slopes, count, factor);
}

void ambs_gp_distance_sums(const ambs_gp_kernel *kernel, const double *point, const double *lanes,
                           size_t stride, size_t count, const double *factor, double *ret_sums)
{
    if (kernel->shape == AMBS_GP_ANOVA)
        CHOOSE(add_products)(kernel, 1, point, lanes, stride, count, factor, count, ret_sums);
    else
        gp_sums(kernel, point, lanes, stride, count, factor, ret_sums);
}

void ambs_gp_distance_panel(const ambs_gp_kernel *kernel, size_t n, const double *points,
                            const double *lanes, size_t stride, const double *factor,
                            double *ret_sums)
{
    if (kernel->shape == AMBS_GP_ANOVA)
        CHOOSE(add_products)(kernel, n, points, lanes, stride, LANES, factor, LANES, ret_sums);
    else
        CHOOSE(add_distances)(kernel, n, points, lanes, stride, factor, ret_sums);
}
