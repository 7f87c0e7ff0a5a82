/* SPDX-License-Identifier: MIT */
/* Answers are believed only as far as they can be checked for little: α and W by some rows of their
 * equations, an explained variance by what the nearest row alone explains and by the prior's. */
#include "surrogate/gp_far.h"

#include <cblas.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "numeric/cholesky.h"
#include "numeric/triangular.h"
#include "surrogate/gp.h"

enum { LANES = AMBS_GP_LANES, CHECKED_ROWS = 8, JOINED_TOGETHER = 256 };

/* Of an equation's sum of absolute terms; a condition of 10^10 leaves as much. */
static const double tolerance = 1e-6;

void ambs_gp_far_fini(ambs_gp_far *f)
{
    free(f->base_alpha);
    free(f->w);
    free(f->base_mean);
    free(f->l);
    free(f->side);
    free(f->rotations);
    free(f->points);
    free(f->answer);
}

bool ambs_gp_far_is_wanted(const ambs_gp *gp)
{
    return gp->far.engine && gp->n >= gp->far.engine->from;
}

static int distrust(const ambs_gp *gp, const char *what)
{
    gp->far.engine->distrust(gp->far.engine->ctx, what);
    return AMBS_E_AGAIN;
}

/* Covariances of a point with the rows of the factor. */
static void fill_side(ambs_gp *gp, const double *point, double *ret)
{
    ambs_gp_kernel_row(&gp->kernel, point, gp->columns, gp->capacity, gp->far.n_base, ret, NULL);
}

static double noise_of(const ambs_gp *gp, size_t row)
{
    return gp->kernel.noise * gp->share[row] + gp->jitter;
}

/* Whether row i of A v = b holds; `side` is its covariances with the others. */
static bool row_holds(const ambs_gp *gp, size_t i, const double *side, const double *v,
                      size_t stride, double b)
{
    double sum = noise_of(gp, i) * v[i * stride], size = fabs(sum) + fabs(b);
    for (size_t j = 0; j < gp->far.n_base; j++) {
        double term = side[j] * v[j * stride];
        sum += term;
        size += fabs(term);
    }
    return fabs(sum - b) <= tolerance * size; /* false for what is no number */
}

static bool alpha_holds(ambs_gp *gp)
{
    size_t n = gp->far.n_base, checked = n < CHECKED_ROWS ? n : CHECKED_ROWS;
    for (size_t c = 0; c < checked; c++) {
        size_t i = c * n / checked;
        fill_side(gp, gp->points + i * gp->n_terms, gp->far.side);
        if (!row_holds(gp, i, gp->far.side, gp->far.base_alpha, 1, gp->z[i])) return false;
    }
    return true;
}

/* What is no number cannot be checked, and is not worth the ranks' time. */
static bool rows_are_finite(const ambs_gp *gp)
{
    for (size_t i = 0; i < gp->n; i++)
        if (!isfinite(gp->z[i])) return false;
    return true;
}

int ambs_gp_far_factor(ambs_gp *gp, ambs_error *err)
{
    ambs_gp_far *f = &gp->far;
    if (!rows_are_finite(gp)) return AMBS_E_AGAIN;
    int rc = ambs_reserve(&f->base_alpha, &f->base_capacity, gp->n, sizeof *f->base_alpha, err);
    if (rc == AMBS_OK) rc = ambs_reserve(&f->side, &f->side_capacity, gp->n, sizeof *f->side, err);
    if (rc == AMBS_OK)
        rc =
            f->engine->factor(f->engine->ctx, f->process, &gp->kernel, gp->n, gp->points, gp->share,
                              gp->z, AMBS_GP_JITTER_LIMIT, f->base_alpha, &gp->jitter, err);
    if (rc != AMBS_OK) return rc;
    f->n_base = gp->n;
    f->n_joined = 0;
    if (!alpha_holds(gp)) return distrust(gp, "the solution of its equations does not solve them");
    f->on = f->stale = true;
    f->spoilt = false;
    return AMBS_OK;
}

/* --- changes of rows ------------------------------------------------------------------------- */

void ambs_gp_far_removed(ambs_gp *gp, size_t at)
{
    ambs_gp_far *f = &gp->far;
    f->stale = true;
    if (at < f->n_base) f->spoilt = true;
    if (f->spoilt || at - f->n_base >= f->n_joined) return;
    size_t k = at - f->n_base, behind = f->n_joined - k - 1;
    ambs_cholesky_remove(f->n_joined, f->l, f->stride, k, f->rotations);
    memmove(f->w + k * f->n_base, f->w + (k + 1) * f->n_base, behind * f->n_base * sizeof *f->w);
    memmove(f->base_mean + k, f->base_mean + k + 1, behind * sizeof *f->base_mean);
    f->n_joined--;
}

void ambs_gp_far_replaced(ambs_gp *gp, size_t at, double change)
{
    ambs_gp_far *f = &gp->far;
    f->stale = true;
    if (at < f->n_base) f->spoilt = true;
    if (change != 0 && !f->spoilt && at - f->n_base < f->n_joined)
        ambs_cholesky_change_diagonal(f->n_joined, f->l, f->stride, at - f->n_base, change,
                                      ambs_gp_least_noise(gp), f->rotations);
}

/* A larger S keeps what it has. */
static int reserve_factor(ambs_gp_far *f, size_t n, ambs_error *err)
{
    if (n <= f->stride) return AMBS_OK;
    size_t stride = n + n / 2 + 32;
    double *l = ambs_calloc(stride, stride * sizeof *l, err);
    if (!l) return AMBS_E_NOMEM;
    for (size_t i = 0; i < f->n_joined; i++)
        memcpy(l + i * stride, f->l + i * f->stride, f->n_joined * sizeof *l);
    free(f->l);
    f->l = l;
    f->stride = stride;
    return AMBS_OK;
}

static int reserve_extras(ambs_gp_far *f, size_t n, ambs_error *err)
{
    int rc = reserve_factor(f, n, err);
    if (rc == AMBS_OK) rc = ambs_reserve(&f->w, &f->w_capacity, n * f->n_base, sizeof *f->w, err);
    if (rc == AMBS_OK)
        rc = ambs_reserve(&f->base_mean, &f->mean_capacity, n, sizeof *f->base_mean, err);
    if (rc == AMBS_OK)
        rc = ambs_reserve(&f->rotations, &f->rotation_capacity, 2 * n, sizeof *f->rotations, err);
    return rc;
}

/* The engine's weights for m points; *ret [n_base, m]. */
static int ask_weights(ambs_gp *gp, size_t m, const double *points, double **ret, ambs_error *err)
{
    ambs_gp_far *f = &gp->far;
    size_t n = f->n_base, checked = n / 2;
    int rc = ambs_reserve(&f->answer, &f->answer_capacity, n * m, sizeof *f->answer, err);
    if (rc == AMBS_OK)
        rc = f->engine->weights(f->engine->ctx, f->process, n, gp->n_terms, m, points, f->answer,
                                err);
    if (rc != AMBS_OK) return rc;
    fill_side(gp, gp->points + checked * gp->n_terms, f->side);
    for (size_t c = 0; c < m; c++) {
        double b;
        ambs_gp_kernel_row(&gp->kernel, points + c * gp->n_terms, gp->columns + checked,
                           gp->capacity, 1, &b, NULL);
        if (!row_holds(gp, checked, f->side, f->answer + c, m, b))
            return distrust(gp, "the weights of a candidate do not solve its equations");
    }
    *ret = f->answer;
    return AMBS_OK;
}

/* Row `e` of Wᵀ is there; what else it brings, and its row of S. */
static void join(ambs_gp *gp, size_t e)
{
    ambs_gp_far *f = &gp->far;
    size_t at = f->n_base + e, n = f->n_base;
    double *row = f->l + e * f->stride, own = noise_of(gp, at);
    const double *point = gp->points + at * gp->n_terms;
    fill_side(gp, point, f->side);
    ambs_gp_kernel_row(&gp->kernel, point, gp->columns + n, gp->capacity, e, row, NULL);
    for (size_t i = 0; i < e; i++) row[i] -= cblas_ddot((int)n, f->side, 1, f->w + i * n, 1);
    double left = ambs_gp_kernel_variance(&gp->kernel, point, 1) + own -
                  cblas_ddot((int)n, f->side, 1, f->w + e * n, 1);
    ambs_cholesky_append(e, f->l, f->stride, left, own);
    f->base_mean[e] = cblas_ddot((int)n, f->side, 1, f->base_alpha, 1);
}

static int join_extras(ambs_gp *gp, ambs_error *err)
{
    ambs_gp_far *f = &gp->far;
    size_t n_extras = gp->n - f->n_base;
    int rc = reserve_extras(f, n_extras, err);
    while (rc == AMBS_OK && f->n_joined < n_extras) {
        size_t first = f->n_joined, left = n_extras - first,
               m = left < JOINED_TOGETHER ? left : JOINED_TOGETHER;
        double *answer;
        rc = ask_weights(gp, m, gp->points + (f->n_base + first) * gp->n_terms, &answer, err);
        if (rc != AMBS_OK) return rc;
        for (size_t c = 0; c < m; c++)
            for (size_t i = 0; i < f->n_base; i++)
                f->w[(first + c) * f->n_base + i] = answer[i * m + c];
        for (; f->n_joined < first + m; f->n_joined++) join(gp, f->n_joined);
    }
    return rc;
}

/* From A⁻¹y_A in b and Wᵀy_A in `means`, the extras' own y behind the one: K⁻¹y. */
static void join_solution(const ambs_gp_far *f, const double *means, double *b)
{
    double *extra = b + f->n_base;
    for (size_t e = 0; e < f->n_joined; e++) extra[e] -= means[e];
    ambs_cholesky_solve_lower(f->n_joined, f->l, f->stride, extra);
    ambs_cholesky_solve_upper(f->n_joined, f->l, f->stride, extra);
    for (size_t e = 0; e < f->n_joined; e++)
        cblas_daxpy((int)f->n_base, -extra[e], f->w + e * f->n_base, 1, b, 1);
}

int ambs_gp_far_settle(ambs_gp *gp, ambs_error *err)
{
    ambs_gp_far *f = &gp->far;
    if (!f->stale) return AMBS_OK;
    int rc = f->spoilt ? ambs_gp_far_factor(gp, err) : join_extras(gp, err);
    if (rc != AMBS_OK) return rc;
    memcpy(gp->alpha, gp->z, gp->n * sizeof *gp->alpha);
    memcpy(gp->alpha, f->base_alpha, f->n_base * sizeof *gp->alpha);
    join_solution(f, f->base_mean, gp->alpha);
    f->stale = false;
    return AMBS_OK;
}

int ambs_gp_far_solve_vector(ambs_gp *gp, double *b, ambs_error *err)
{
    ambs_gp_far *f = &gp->far;
    size_t n = f->n_base, checked = n / 2;
    int rc = ambs_reserve(&f->answer, &f->answer_capacity, n + f->n_joined, sizeof *f->answer, err);
    double *answer = f->answer, *means = answer + n;
    if (rc == AMBS_OK) rc = f->engine->solve(f->engine->ctx, f->process, n, b, answer, err);
    if (rc != AMBS_OK) return rc;
    fill_side(gp, gp->points + checked * gp->n_terms, f->side);
    if (!row_holds(gp, checked, f->side, answer, 1, b[checked]))
        return distrust(gp, "the solution for a draw does not solve its equations");
    for (size_t e = 0; e < f->n_joined; e++) means[e] = cblas_ddot((int)n, b, 1, f->w + e * n, 1);
    memcpy(b, answer, n * sizeof *b);
    join_solution(f, means, b);
    return AMBS_OK;
}

/* --- candidates ------------------------------------------------------------------------------ */

/* t = b - Wᵀa for the lanes of a block of covariances [n, m], whose last rows it takes. */
static void take_base(const ambs_gp_far *f, size_t m, const double *a, double *b)
{
    if (f->n_joined > 0)
        cblas_dgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)f->n_joined, (int)m,
                    (int)f->n_base, -1, f->w, (int)f->n_base, a, (int)m, 1, b, (int)m);
}

/* The prior's variance bounds what is explained; what the nearest row alone explains is the least of it. */
static bool is_possible(const ambs_gp *gp, double explained, double prior, const double *k,
                        size_t width)
{
    double most = 0;
    for (size_t j = 0; j < gp->far.n_base; j++) {
        double variance = ambs_gp_kernel_variance(&gp->kernel, gp->points + j * gp->n_terms, 1);
        most = fmax(most, k[j * width] * k[j * width] / (variance + noise_of(gp, j)));
    }
    double slack = tolerance * prior;
    return explained >= most - slack && explained <= prior + slack;
}

static int predict_block(ambs_gp *gp, size_t m, const double *x, const double *explained,
                         double *ret_mean, double *ret_sd)
{
    ambs_gp_far *f = &gp->far;
    double sums[LANES] = {0};
    size_t width = ambs_gp_fill_block(gp, m, x, ret_mean);
    double *extras = gp->block + f->n_base * width;
    for (size_t c = 0; c < m; c += LANES / 4) /* some of them */
        if (!is_possible(gp, explained[c],
                         ambs_gp_kernel_variance(&gp->kernel, gp->lanes + c, width), gp->block + c,
                         width))
            return distrust(gp, "a candidate's variance is not possible");
    take_base(f, width, gp->block, extras);
    ambs_triangular_solve(f->n_joined, f->l, f->stride, width, extras);
    for (size_t e = 0; e < f->n_joined; e++)
        for (size_t c = 0; c < m; c++) sums[c] += extras[e * width + c] * extras[e * width + c];
    for (size_t c = 0; c < m; c++) {
        double variance =
            ambs_gp_kernel_variance(&gp->kernel, gp->lanes + c, width) - explained[c] - sums[c];
        if (isnan(variance)) return distrust(gp, "a candidate's variance is no number");
        ret_sd[c] = gp->scale * sqrt(fmax(variance, AMBS_GP_VARIANCE_FLOOR));
    }
    return AMBS_OK;
}

int ambs_gp_far_predict(ambs_gp *gp, size_t m, const double *x, double *ret_mean, double *ret_sd,
                        ambs_error *err)
{
    ambs_gp_far *f = &gp->far;
    int rc = ambs_reserve(&f->points, &f->point_capacity, m * gp->n_terms, sizeof *f->points, err);
    if (rc == AMBS_OK)
        rc = ambs_reserve(&f->answer, &f->answer_capacity, m, sizeof *f->answer, err);
    if (rc != AMBS_OK) return rc;
    for (size_t c = 0; c < m; c++) {
        double *point = f->points + c * gp->n_terms;
        ambs_gp_encode(gp->n_terms, gp->terms, gp->features, x + c * gp->p, point, 1);
        ambs_gp_warp_point(&gp->kernel, point, 1);
    }
    rc =
        f->engine->explained(f->engine->ctx, f->process, gp->n_terms, m, f->points, f->answer, err);
    for (size_t c = 0; rc == AMBS_OK && c < m; c += LANES)
        rc = predict_block(gp, m - c < LANES ? m - c : LANES, x + c * gp->p, f->answer + c,
                           ret_mean + c, ret_sd + c);
    return rc;
}

int ambs_gp_far_solve(ambs_gp *gp, size_t width, const double *k, double *ret_solved,
                      ambs_error *err)
{
    ambs_gp_far *f = &gp->far;
    size_t n = f->n_base;
    double *answer, *extras = ret_solved + n * width;
    int rc =
        ambs_reserve(&f->points, &f->point_capacity, width * gp->n_terms, sizeof *f->points, err);
    if (rc != AMBS_OK) return rc;
    for (size_t c = 0; c < width; c++)
        for (size_t t = 0; t < gp->n_terms; t++)
            f->points[c * gp->n_terms + t] = gp->lanes[t * width + c];
    if ((rc = ask_weights(gp, width, f->points, &answer, err)) != AMBS_OK) return rc;
    memcpy(ret_solved, answer, n * width * sizeof *ret_solved);
    memcpy(extras, k + n * width, f->n_joined * width * sizeof *extras);
    if (f->n_joined == 0) return AMBS_OK;
    take_base(f, width, k, extras);
    ambs_triangular_solve(f->n_joined, f->l, f->stride, width, extras);
    ambs_triangular_solve_transposed(f->n_joined, f->l, f->stride, width, extras);
    cblas_dgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (int)n, (int)width, (int)f->n_joined, -1,
                f->w, (int)n, extras, (int)width, 1, ret_solved, (int)width);
    return AMBS_OK;
}
