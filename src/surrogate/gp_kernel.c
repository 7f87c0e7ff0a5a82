/* SPDX-License-Identifier: MIT */
/* All loops run over lanes (the other points) without branches, so that they are compiled to vector
 * code; the exponential is written out for that reason. */
#include "surrogate/gp_kernel.h"

#include <math.h>
#include <string.h>

#include "base/clones.h"
#include "surrogate/gp_warp.h"

const char *const ambs_gp_shape_names[] = {"matern52", "matern32", "matern12",
                                           "squared_exponential", NULL};

size_t ambs_gp_terms(size_t p, const ambs_feature *features, bool onehot, ambs_gp_term *ret_terms)
{
    size_t n = 0;
    for (size_t f = 0; f < p; f++) {
        bool category = features[f].kind == AMBS_FEATURE_CATEGORICAL;
        size_t count = category && onehot ? features[f].n_levels : 1;
        ambs_gp_term_kind kind = !category ? AMBS_GP_NUMBER
                                 : onehot  ? AMBS_GP_INDICATOR
                                           : AMBS_GP_LEVEL;
        for (size_t k = 0; k < count; k++, n++)
            if (ret_terms) ret_terms[n] = (ambs_gp_term){kind, f, k};
        if (!features[f].may_be_inactive) continue;
        if (ret_terms) ret_terms[n] = (ambs_gp_term){AMBS_GP_ACTIVITY, f, 0};
        n++;
    }
    return n;
}

static double encode_term(const ambs_gp_term *term, const ambs_feature *feature, double x)
{
    switch (term->kind) {
    case AMBS_GP_ACTIVITY:
        return isnan(x) ? 0 : 1;
    case AMBS_GP_INDICATOR:
        return x == (double)term->level;
    case AMBS_GP_LEVEL:
        return isnan(x) ? (double)feature->n_levels : x;
    default:
        return isnan(x) ? 0.5 : x;
    }
}

void ambs_gp_encode(size_t n_terms, const ambs_gp_term *terms, const ambs_feature *features,
                    const double *row, double *ret_point, size_t stride)
{
    for (size_t t = 0; t < n_terms; t++)
        ret_point[t * stride] =
            encode_term(&terms[t], &features[terms[t].feature], row[terms[t].feature]);
}

size_t ambs_gp_n_theta(const ambs_gp_kernel *kernel)
{
    return kernel->n_terms + 2 + (kernel->warp ? 2 * kernel->n_terms : 0);
}

void ambs_gp_warp_point(const ambs_gp_kernel *kernel, double *point, size_t stride)
{
    for (size_t t = 0; kernel->warp && t < kernel->n_terms; t++)
        if (kernel->terms[t].kind == AMBS_GP_NUMBER)
            point[t * stride] =
                ambs_gp_warp(kernel->warp[2 * t], kernel->warp[2 * t + 1], point[t * stride]).value;
}

double ambs_gp_kernel_variance(const ambs_gp_kernel *kernel, const double *point, size_t stride)
{
    if (!(kernel->linear > 0)) return kernel->signal;
    double squares = 0;
    for (size_t t = 0; t < kernel->n_terms; t++)
        if (kernel->terms[t].kind == AMBS_GP_NUMBER)
            squares += (point[t * stride] - 0.5) * (point[t * stride] - 0.5);
    return kernel->signal + 1 + kernel->linear * squares;
}

void ambs_gp_kernel_set(ambs_gp_kernel *kernel, const double *theta)
{
    size_t n = kernel->n_terms;
    for (size_t t = 0; t < n; t++) kernel->weight[t] = exp(-2 * theta[t]);
    kernel->signal = exp(theta[n]);
    kernel->noise = exp(theta[n + 1]);
    for (size_t i = 0; kernel->warp && i < 2 * n; i++) kernel->warp[i] = exp(theta[n + 2 + i]);
}

/* exp(-u) for u >= 0 to two units in the last place. -u = k ln 2 + r with |r| <= ln 2 / 2; k is
 * rounded by adding 1.5 2^52, which leaves it in the low bits of the sum; exp(r) by its series to
 * r^13, 2^k by writing the exponent. Beyond u = 700 the result is that of 700, 1e-304. */
static inline double exp_minus(double u)
{
    const double shift = 6755399441055744.0, ln2_high = 6.93147180369123816490e-01,
                 ln2_low = 1.90821492927058770002e-10;
    double x = u < 700 ? -u : -700;
    union {
        double number;
        uint64_t bits;
    } rounded = {x * 1.4426950408889634074 + shift}, power;
    double k = rounded.number - shift, r = (x - k * ln2_high) - k * ln2_low;
    power.bits = (rounded.bits + 1023) << 52;
    double p = 1.0 / 6227020800.0;
    p = p * r + 1.0 / 479001600;
    p = p * r + 1.0 / 39916800;
    p = p * r + 1.0 / 3628800;
    p = p * r + 1.0 / 362880;
    p = p * r + 1.0 / 40320;
    p = p * r + 1.0 / 5040;
    p = p * r + 1.0 / 720;
    p = p * r + 1.0 / 120;
    p = p * r + 1.0 / 24;
    p = p * r + 1.0 / 6;
    p = p * r + 0.5;
    p = p * r + 1;
    p = p * r + 1;
    return p * power.number;
}

/* k and dk/dr² of unit signal variance, from r². With dk/dr² = (dk/du) (du/dr²) the derivative has
 * no singularity at r = 0, but for Matérn 1/2, where D = 0 takes its place. */
static inline void apply_shape(ambs_gp_shape shape, double r2, double *ret_k, double *ret_slope)
{
    double u, e;
    switch (shape) {
    case AMBS_GP_MATERN52:
        u = sqrt(5 * r2);
        e = exp_minus(u);
        *ret_k = (1 + u + u * u * (1.0 / 3)) * e;
        *ret_slope = (-5.0 / 6) * (1 + u) * e;
        return;
    case AMBS_GP_MATERN32:
        u = sqrt(3 * r2);
        e = exp_minus(u);
        *ret_k = (1 + u) * e;
        *ret_slope = -1.5 * e;
        return;
    case AMBS_GP_MATERN12:
        u = sqrt(r2);
        *ret_k = exp_minus(u);
        *ret_slope = -0.5 * *ret_k / (u > 1e-150 ? u : 1e-150);
        return;
    default:
        *ret_k = exp_minus(0.5 * r2);
        *ret_slope = -0.5 * *ret_k;
    }
}

static inline void finish_row(ambs_gp_shape shape, double signal, size_t count, double *k,
                              double *slope)
{
    double unit, unit_slope;
    if (!slope) {
        for (size_t c = 0; c < count; c++) {
            apply_shape(shape, k[c], &unit, &unit_slope);
            k[c] = signal * unit;
        }
        return;
    }
    for (size_t c = 0; c < count; c++) {
        apply_shape(shape, k[c], &unit, &unit_slope);
        k[c] = signal * unit;
        slope[c] = signal * unit_slope;
    }
}

static inline void add_distances(ambs_gp_term_kind kind, double weight, double x,
                                 const double *lane, size_t count, double *r2)
{
    if (kind == AMBS_GP_LEVEL)
        for (size_t c = 0; c < count; c++) r2[c] += lane[c] != x ? weight : 0;
    else
        for (size_t c = 0; c < count; c++) r2[c] += weight * ((lane[c] - x) * (lane[c] - x));
}

AMBS_CLONES
static void add_linear(const ambs_gp_kernel *kernel, const double *point, const double *lanes,
                       size_t stride, size_t count, double *k)
{
    for (size_t c = 0; c < count; c++) k[c] += 1;
    for (size_t t = 0; t < kernel->n_terms; t++) {
        if (kernel->terms[t].kind != AMBS_GP_NUMBER) continue;
        const double *lane = lanes + t * stride;
        double factor = kernel->linear * (point[t] - 0.5);
        for (size_t c = 0; c < count; c++) k[c] += factor * (lane[c] - 0.5);
    }
}

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
static void gp_row(const ambs_gp_kernel *kernel, const double *point, const double *lanes,
                   size_t stride, size_t count, double *ret_k, double *ret_slope)
{
    memset(ret_k, 0, count * sizeof *ret_k);
    for (size_t t = 0; t < kernel->n_terms; t++)
        add_distances(kernel->terms[t].kind, kernel->weight[t], point[t], lanes + t * stride, count,
                      ret_k);
    switch (kernel->shape) { /* the shape is a constant in each loop */
    case AMBS_GP_MATERN52:
        finish_row(AMBS_GP_MATERN52, kernel->signal, count, ret_k, ret_slope);
        return;
    case AMBS_GP_MATERN32:
        finish_row(AMBS_GP_MATERN32, kernel->signal, count, ret_k, ret_slope);
        return;
    case AMBS_GP_MATERN12:
        finish_row(AMBS_GP_MATERN12, kernel->signal, count, ret_k, ret_slope);
        return;
    default:
        finish_row(AMBS_GP_SQUARED_EXPONENTIAL, kernel->signal, count, ret_k, ret_slope);
    }
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
        ret_sums[t] += sum;
    }
}

/* Clang names the clones of an exported function otherwise than its callers expect. */
void ambs_gp_kernel_row(const ambs_gp_kernel *kernel, const double *point, const double *lanes,
                        size_t stride, size_t count, double *ret_k, double *ret_slope)
{
    gp_row(kernel, point, lanes, stride, count, ret_k, ret_slope);
    if (kernel->linear > 0) add_linear(kernel, point, lanes, stride, count, ret_k);
}

double ambs_gp_warp_sum(double x, double g, const double *lane, const double *slopes, size_t count,
                        const double *factor)
{
    return warp_sum(x, g, lane, slopes, count, factor);
}

void ambs_gp_distance_sums(const ambs_gp_kernel *kernel, const double *point, const double *lanes,
                           size_t stride, size_t count, const double *factor, double *ret_sums)
{
    gp_sums(kernel, point, lanes, stride, count, factor, ret_sums);
}
