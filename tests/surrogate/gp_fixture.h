/* SPDX-License-Identifier: MIT */
/* Rows of every kind of feature, and processes of all shapes and variants over them. */
#ifndef AMBS_TESTS_GP_FIXTURE_H
#define AMBS_TESTS_GP_FIXTURE_H

#include "../base/check.h"

#include "base/random.h"
#include "numeric/cholesky.h"
#include "surrogate/gp.h"
#include "surrogate/gp_path.h"
#include "surrogate/gp_warp.h"

#define assert_near(a, b, tolerance)                                                               \
    do {                                                                                           \
        double a_ = (a), b_ = (b);                                                                 \
        if (!(fabs(a_ - b_) <= (tolerance))) fail_msg("found %.17g, expected %.17g", a_, b_);      \
    } while (0)

#define P          4
#define T          6 /* number, number and its activity, category, category and its activity */
#define MAX_N      150
#define MAX_STRIDE 256 /* of a process that holds so many rows */
#define WORK       (3 * (MAX_N + 16) * (MAX_N + 32) + 32 * MAX_STRIDE)

extern const ambs_surrogate_ops ambs_surrogate_gp;

static const ambs_feature features[P] = {
    {AMBS_FEATURE_NUMERIC, 0, 0, false},
    {AMBS_FEATURE_NUMERIC, 1, 0, true},
    {AMBS_FEATURE_CATEGORICAL, 2, 3, false},
    {AMBS_FEATURE_CATEGORICAL, 3, 4, true},
};

static const double usual[T + 2] = {-1, -0.5, 0.3, 0.5, 0.2, 0.8, 0.4, -6};

static double x[MAX_N * P], y[MAX_N];
static uint32_t evaluations[MAX_N]; /* where rows are means */

static inline double truth(const double *row)
{
    return 3 + sin(5 * row[0]) + (isnan(row[1]) ? 0.4 : row[1] * row[1]) + (row[2] == 1 ? 0.5 : 0) +
           (row[3] == 2 ? -0.7 : 0);
}

static inline void make_rows(uint64_t seed)
{
    ambs_random r;
    ambs_random_init(&r, seed, 0, AMBS_PURPOSE_TEST);
    for (size_t i = 0; i < MAX_N; i++) {
        double *row = x + i * P;
        row[0] = ambs_random_uniform(&r);
        row[1] = ambs_random_uniform(&r) < 0.3 ? NAN : ambs_random_uniform(&r);
        row[2] = (double)ambs_random_below(&r, 3);
        row[3] = ambs_random_uniform(&r) < 0.3 ? NAN : (double)ambs_random_below(&r, 4);
        y[i] = truth(row) + 0.02 * ambs_random_normal(&r);
        evaluations[i] = (uint32_t)(1 + i * 7 % 5);
    }
}

/* What beside the shape is chosen. */
static ambs_gp_settings extra;
static const ambs_gp_settings variants[] = {
    {.shape = 0},
    {.onehot = true},
    {.linear = true},
    {.warp = true},
    {.onehot = true, .linear = true, .warp = true},
};

#define FOR_EACH_VARIANT(v)                                                                        \
    for (size_t v = 0; v < sizeof variants / sizeof *variants && (extra = variants[v], true); v++)

static inline ambs_gp_settings with_shape(ambs_gp_shape shape)
{
    ambs_gp_settings settings = extra;
    settings.shape = shape;
    return settings;
}

#define MAX_THETA 60

/* Theta like `usual` for as many terms as there are, and some warp. */
static inline void fill_theta(const ambs_gp *gp, double *theta)
{
    size_t n_terms = gp->n_terms;
    for (size_t i = 0; i < ambs_gp_n_theta(&gp->kernel); i++)
        theta[i] = i < n_terms       ? usual[i % T]
                   : i < n_terms + 2 ? usual[i - n_terms + T]
                                     : 0.4 * sin(2 * (double)i);
}

/* NULL: the usual theta. */
static inline ambs_gp *make_gp(ambs_gp_shape shape, size_t p, size_t n, const double *theta)
{
    ambs_gp *gp = calloc(1, sizeof *gp);
    const ambs_gp_settings settings = with_shape(shape);
    double filled[MAX_THETA];
    assert_int_equal(ambs_gp_init(gp, &settings, p, features, NULL), AMBS_OK);
    assert_int_equal(ambs_gp_take_rows(gp, n, x, y, NULL), AMBS_OK);
    if (!theta) fill_theta(gp, filled);
    assert_int_equal(ambs_gp_set_theta(gp, theta ? theta : filled, NULL), AMBS_OK);
    return gp;
}

static inline int reset_extra(void **state)
{
    (void)state;
    extra = (ambs_gp_settings){0};
    return 0;
}

static inline void drop(ambs_gp *gp)
{
    ambs_gp_fini(gp);
    free(gp);
}

/* Its rows are means. */
static inline void weigh(ambs_gp *gp)
{
    double theta[MAX_THETA];
    ambs_gp_weigh(gp, evaluations);
    fill_theta(gp, theta);
    assert_int_equal(ambs_gp_set_theta(gp, theta, NULL), AMBS_OK);
}

#endif
