/* SPDX-License-Identifier: MIT */
/* Covariances of the Gaussian process. With a weight w_t = 1 / l_t² for each term t of the squared
 * distance, r² = Σ_t w_t D_t and k = s² shape(r).
 *
 * The shape ANOVA is a product over the terms instead, with κ Matérn 5/2 of one term alone:
 *     k = s² Π_t (1 + β κ(√(w_t D_t))) / (1 + β).
 * Multiplied out it is a sum over all subsets of the terms, each as likely as if every term were in it with
 * probability β / (1 + β): a small β makes functions that are sums of functions of one parameter, a large one functions of all
 * together; β is learned with the lengthscales (the ANOVA kernel of Stitson et al. 1999; Duvenaud, Nickisch and
 * Rasmussen 2011, arXiv:1112.4394).
 *
 * Terms (T of them): a numeric feature gives D = (x - x')² on the unit interval, a category D = 1
 * for two different levels, else 0 (Hamming). A feature that may be inactive gives a term more,
 * with a lengthscale of its own: D = 1 between active and inactive. For its first term an inactive
 * number lies in the middle, an inactive category is a level beside the others; so the distance is
 * one of points in a Euclidean space, and each shape stays positive definite. With one-hot
 * categories each level is a term, D = 1 between it and the others, so that some levels may differ
 * more than others.
 *
 * A linear mean, of an intercept Normal(0, 1) and coefficients Normal(0, v) in each number around
 * the middle of its range, is a term of the covariance, 1 + v Σ_t (x_t - 1/2)(x'_t - 1/2) (Rasmussen and Williams 2006, section 2.7);
 * an input warp is applied to numbers before all that. */
#ifndef AMBS_SURROGATE_GP_KERNEL_H
#define AMBS_SURROGATE_GP_KERNEL_H

#include <stdbool.h>

#include "space/space.h"

typedef enum ambs_gp_shape {
    AMBS_GP_MATERN52,            /* (1 + u + u²/3) exp(-u), u = √5 r */
    AMBS_GP_MATERN32,            /* (1 + u) exp(-u), u = √3 r */
    AMBS_GP_MATERN12,            /* exp(-r) */
    AMBS_GP_SQUARED_EXPONENTIAL, /* exp(-r²/2) */
    AMBS_GP_ANOVA                /* a product over the terms */
} ambs_gp_shape;

extern const char *const ambs_gp_shape_names[]; /* NULL-terminated */

typedef enum ambs_gp_term_kind {
    AMBS_GP_NUMBER,
    AMBS_GP_LEVEL,
    AMBS_GP_INDICATOR, /* of one level: 0 or 1 */
    AMBS_GP_ACTIVITY
} ambs_gp_term_kind;

typedef struct ambs_gp_term {
    ambs_gp_term_kind kind;
    size_t feature;
    size_t level; /* of an indicator */
} ambs_gp_term;

/* The terms of p features; returns T. ret_terms may be NULL, else has that length. */
size_t ambs_gp_terms(size_t p, const ambs_feature *features, bool onehot, ambs_gp_term *ret_terms);
/* A row [p] as a surrogate gets it (NaN: inactive) becomes a point, not warped: element t is
 * ret_point[t stride]. */
void ambs_gp_encode(size_t n_terms, const ambs_gp_term *terms, const ambs_feature *features,
                    const double *row, double *ret_point, size_t stride);

typedef struct ambs_gp_kernel {
    ambs_gp_shape shape;
    size_t n_terms;
    const ambs_gp_term *terms;
    double *weight;       /* [T] */
    double signal, noise; /* variances s², σ² */
    double interaction;   /* β, of the shape ANOVA */
    double linear;        /* v; 0: the mean is constant */
    double *warp;         /* [T, 2] a and b; NULL: numbers are not warped */
} ambs_gp_kernel;

/* theta is ln l_0 … ln l_{T-1}, ln s², ln σ², with the shape ANOVA ln β, and with a warp ln a_0, ln b_0, …
 * for each term (without effect for those that are not numbers). */
size_t ambs_gp_n_theta(const ambs_gp_kernel *kernel);
/* Where ln a_0 stands, if there is a warp. */
size_t ambs_gp_warp_at(const ambs_gp_kernel *kernel);
void ambs_gp_kernel_set(ambs_gp_kernel *kernel, const double *theta);

/* Lanes that are computed together. */
#define AMBS_GP_BLOCK 16

/* k between n points [n, T] and m others, [n, ret_stride]; element t of the c-th other is
 * lanes[t stride + c]. ret_slope (may be NULL) is what ambs_gp_term_slopes() makes the derivatives of: dk/dr²,
 * and of the shape ANOVA k itself. Each result depends on its two points
 * alone, whatever stands beside them: bit for bit. Fastest where m is a multiple of AMBS_GP_BLOCK. */
void ambs_gp_kernel_block(const ambs_gp_kernel *kernel, size_t n, const double *points,
                          const double *lanes, size_t stride, size_t m, double *ret_k,
                          double *ret_slope, size_t ret_stride);
/* The same for one point. */
void ambs_gp_kernel_row(const ambs_gp_kernel *kernel, const double *point, const double *lanes,
                        size_t stride, size_t count, double *ret_k, double *ret_slope);

/* From `base` [n, stride], the slopes that ambs_gp_kernel_block() gave of the same points, or products with
 * them: dk/d(w_t D_t), multiplied likewise, [n, stride]. Returns `base` where all terms have the same, else
 * `room`, which it has filled. */
const double *ambs_gp_term_slopes(const ambs_gp_kernel *kernel, size_t t, size_t n,
                                  const double *points, const double *lanes, size_t stride,
                                  size_t m, const double *base, size_t base_stride, double *room);

/* Warps a point whose elements are `stride` apart in place, if there is a warp. */
void ambs_gp_warp_point(const ambs_gp_kernel *kernel, double *point, size_t stride);
/* k(x, x) without noise. */
double ambs_gp_kernel_variance(const ambs_gp_kernel *kernel, const double *point, size_t stride);

/* Adds Σ_c w_c dk_c/dln l_t to ret[t] for every term, and with the shape ANOVA Σ_c w_c dk_c/dln β to ret[T + 2];
 * factor[c] is w_c times what ambs_gp_kernel_block() gave as the slope. */
void ambs_gp_distance_sums(const ambs_gp_kernel *kernel, const double *point, const double *lanes,
                           size_t stride, size_t count, const double *factor, double *ret_sums);
/* The same over n points [n, T] and AMBS_GP_BLOCK lanes; factor [n, AMBS_GP_BLOCK]. */
void ambs_gp_distance_panel(const ambs_gp_kernel *kernel, size_t n, const double *points,
                            const double *lanes, size_t stride, const double *factor,
                            double *ret_sums);
/* Σ_c factor[c] (x - lane[c])(g - slopes[c]): what a change of the warp does to the distances. */
double ambs_gp_warp_sum(double x, double g, const double *lane, const double *slopes, size_t count,
                        const double *factor);

#endif
