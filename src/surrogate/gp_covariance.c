/* SPDX-License-Identifier: MIT */
/* Everything runs over lanes (the other points) without branches. LANES of them are held in
 * registers from the first distance to the last product; the exponential is written out for that
 * reason. Each lane goes through the same operations wherever it stands. */
#include <math.h>
#include <string.h>

#include "base/clones.h"
#include "numeric/vector.h"
#include "surrogate/gp_kernel.h"

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("fp-contract=fast") /* a product and its sum are one operation */
#endif

enum { LANES = AMBS_GP_BLOCK, N = LANES / AMBS_VECTOR };

typedef ambs_vector vector;
typedef ambs_vector_bits_of mask;

/* exp(-u) for u >= 0 to two units in the last place. -u = k ln 2 + r with |r| <= ln 2 / 2; k is
 * rounded by adding 1.5 2^52, which leaves it in the low bits of the sum; exp(r) by its series to
 * r^13, 2^k by writing the exponent. Beyond u = 700 the result is that of 700, 1e-304. */
AMBS_INLINE void exp_minus(const vector *u, vector *ret)
{
    const double shift = 6755399441055744.0, ln2_high = 6.93147180369123816490e-01,
                 ln2_low = 1.90821492927058770002e-10;
    const vector most = (vector){0} + 700.0;
    mask below = *u < most;
    vector x = -(vector)((below & (mask)*u) | (~below & (mask)most));
    vector rounded = x * 1.4426950408889634074 + shift, k = rounded - shift,
           r = (x - k * ln2_high) - k * ln2_low;
    vector power = (vector)(((mask)rounded + 1023) << 52);
    vector p = r * (1.0 / 6227020800.0) + 1.0 / 479001600;
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
    *ret = p * power;
}

/* √(factor x) of all lanes. */
AMBS_INLINE void square_roots(double factor, vector *x)
{
    double room[LANES];
    for (size_t i = 0; i < N; i++) AMBS_VECTOR_AT(room)[i] = factor * x[i];
#pragma omp simd
    for (size_t c = 0; c < LANES; c++) room[c] = sqrt(room[c]);
    for (size_t i = 0; i < N; i++) x[i] = AMBS_VECTOR_AT(room)[i];
}

/* k and dk/dr² of unit signal variance, from r². With dk/dr² = (dk/du) (du/dr²) the derivative has
 * no singularity at r = 0, but for Matérn 1/2, where D = 0 takes its place. */
AMBS_INLINE void apply_shape(ambs_gp_shape shape, const vector *u, vector *ret_k, vector *ret_slope)
{
    vector e;
    exp_minus(u, &e);
    switch (shape) {
    case AMBS_GP_MATERN52:
        *ret_k = (*u * *u * (1.0 / 3) + *u + 1.0) * e;
        *ret_slope = (*u + 1.0) * (-5.0 / 6) * e;
        return;
    case AMBS_GP_MATERN32:
        *ret_k = (*u + 1.0) * e;
        *ret_slope = -1.5 * e;
        return;
    case AMBS_GP_MATERN12:
        *ret_k = e;
        *ret_slope = -0.5 * e / (*u + 1e-150);
        return;
    default:
        *ret_k = e;
        *ret_slope = -0.5 * e;
    }
}

/* u, which the shapes are told in, from r². */
AMBS_INLINE void take_u(ambs_gp_shape shape, vector *r2)
{
    if (shape == AMBS_GP_SQUARED_EXPONENTIAL)
        for (size_t i = 0; i < N; i++) r2[i] *= 0.5;
    else
        square_roots(shape == AMBS_GP_MATERN52 ? 5 : shape == AMBS_GP_MATERN32 ? 3 : 1, r2);
}

/* LANES numbers from `from` on; where there are only `count`, copied to `room` first. */
AMBS_INLINE const vector *lanes_at(const double *from, size_t count, double *room)
{
    if (count == LANES) return AMBS_VECTOR_CONST_AT(from);
    for (size_t c = 0; c < count; c++) room[c] = from[c];
    return AMBS_VECTOR_CONST_AT(room);
}

AMBS_INLINE void store_lanes(const vector *from, size_t count, double *to)
{
    if (count == LANES)
        for (size_t i = 0; i < N; i++) AMBS_VECTOR_AT(to)[i] = from[i];
    else
        memcpy(to, from, count * sizeof *to);
}

/* One point with count <= LANES others. */
AMBS_INLINE void cover_lanes(ambs_gp_shape shape, const ambs_gp_kernel *kernel, const double *point,
                             const double *lanes, size_t stride, size_t count, double *ret_k,
                             double *ret_slope)
{
    vector r2[N] = {{0}}, k[N], slope[N];
    double room[LANES] = {0};
    for (size_t t = 0; t < kernel->n_terms; t++) {
        const vector *lane = lanes_at(lanes + t * stride, count, room);
        double x = point[t], w = kernel->weight[t];
        if (kernel->terms[t].kind == AMBS_GP_LEVEL) {
            const vector weight = (vector){0} + w;
            for (size_t i = 0; i < N; i++) r2[i] += (vector)((lane[i] != x) & (mask)weight);
        } else {
            for (size_t i = 0; i < N; i++) {
                vector gap = lane[i] - x;
                r2[i] += gap * w * gap;
            }
        }
    }
    take_u(shape, r2);
    for (size_t i = 0; i < N; i++) {
        apply_shape(shape, &r2[i], &k[i], &slope[i]);
        k[i] *= kernel->signal;
        slope[i] *= kernel->signal;
    }
    store_lanes(k, count, ret_k);
    if (ret_slope) store_lanes(slope, count, ret_slope);
}

/* The last lanes overlap with those before them, so that they are LANES, too. */
AMBS_INLINE void cover_shape(ambs_gp_shape shape, const ambs_gp_kernel *kernel, size_t n,
                             const double *points, const double *lanes, size_t stride, size_t m,
                             double *ret_k, double *ret_slope, size_t ret_stride)
{
    for (size_t j = 0; j < n; j++, points += kernel->n_terms, ret_k += ret_stride) {
        size_t c = 0;
        for (; c + LANES <= m; c += LANES)
            cover_lanes(shape, kernel, points, lanes + c, stride, LANES, ret_k + c,
                        ret_slope ? ret_slope + c : NULL);
        if (c < m && m >= LANES)
            cover_lanes(shape, kernel, points, lanes + m - LANES, stride, LANES, ret_k + m - LANES,
                        ret_slope ? ret_slope + m - LANES : NULL);
        else if (c < m)
            cover_lanes(shape, kernel, points, lanes, stride, m, ret_k, ret_slope);
        if (ret_slope) ret_slope += ret_stride;
    }
}

/* The shape is a constant in each loop. */
AMBS_INLINE void cover_body(int bits, const ambs_gp_kernel *kernel, size_t n, const double *points,
                            const double *lanes, size_t stride, size_t m, double *ret_k,
                            double *ret_slope, size_t ret_stride)
{
    (void)bits;
    switch (kernel->shape) {
    case AMBS_GP_MATERN52:
        cover_shape(AMBS_GP_MATERN52, kernel, n, points, lanes, stride, m, ret_k, ret_slope,
                    ret_stride);
        return;
    case AMBS_GP_MATERN32:
        cover_shape(AMBS_GP_MATERN32, kernel, n, points, lanes, stride, m, ret_k, ret_slope,
                    ret_stride);
        return;
    case AMBS_GP_MATERN12:
        cover_shape(AMBS_GP_MATERN12, kernel, n, points, lanes, stride, m, ret_k, ret_slope,
                    ret_stride);
        return;
    default:
        cover_shape(AMBS_GP_SQUARED_EXPONENTIAL, kernel, n, points, lanes, stride, m, ret_k,
                    ret_slope, ret_stride);
    }
}

AMBS_VERSIONS(cover,
              (const ambs_gp_kernel *kernel, size_t n, const double *points, const double *lanes,
               size_t stride, size_t m, double *ret_k, double *ret_slope, size_t ret_stride),
              kernel, n, points, lanes, stride, m, ret_k, ret_slope, ret_stride)

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
    cover(kernel, n, points, lanes, stride, m, ret_k, ret_slope, ret_stride);
    for (size_t j = 0; kernel->linear > 0 && j < n; j++)
        add_linear(kernel, points + j * kernel->n_terms, lanes, stride, m, ret_k + j * ret_stride);
}

void ambs_gp_kernel_row(const ambs_gp_kernel *kernel, const double *point, const double *lanes,
                        size_t stride, size_t count, double *ret_k, double *ret_slope)
{
    ambs_gp_kernel_block(kernel, 1, point, lanes, stride, count, ret_k, ret_slope, 0);
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
        ret_sums[t] += sum;
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
    gp_sums(kernel, point, lanes, stride, count, factor, ret_sums);
}
