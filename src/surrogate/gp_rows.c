/* SPDX-License-Identifier: MIT */
/* Rows come and go by changes of the factor. Rows of the last fit stand first, appended ones behind
 * them; a row that goes leaves the rows before it as they are, so that lies, which are the last,
 * leave no trace when they go. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "numeric/cholesky.h"
#include "numeric/panels.h"
#include "surrogate/gp.h"

/* A linear function with these coefficients has the variance of a standardised y over the cube. */
static double linear_variance(const ambs_gp *gp)
{
    size_t n = 0;
    for (size_t t = 0; t < gp->n_terms; t++) n += gp->terms[t].kind == AMBS_GP_NUMBER;
    return n > 0 ? 12.0 / (double)n : 0;
}

int ambs_gp_init(ambs_gp *gp, const ambs_gp_settings *settings, size_t p,
                 const ambs_feature *features, ambs_error *err)
{
    gp->p = p;
    gp->features = features;
    gp->scale = 1;
    gp->n_terms = ambs_gp_terms(p, features, settings->onehot, NULL);
    gp->terms = ambs_calloc(gp->n_terms, sizeof *gp->terms, err);
    if (!gp->terms) return AMBS_E_NOMEM;
    ambs_gp_terms(p, features, settings->onehot, gp->terms);
    gp->kernel =
        (ambs_gp_kernel){.shape = settings->shape, .n_terms = gp->n_terms, .terms = gp->terms};
    if (settings->linear) gp->kernel.linear = linear_variance(gp);
    if (settings->warp) {
        gp->kernel.warp = ambs_calloc(gp->n_terms, 2 * sizeof *gp->kernel.warp, err);
        if (!gp->kernel.warp) return AMBS_E_NOMEM;
    }
    gp->kernel.weight = ambs_calloc(gp->n_terms, sizeof *gp->kernel.weight, err);
    gp->lanes = ambs_calloc(gp->n_terms, AMBS_GP_LANES * sizeof *gp->lanes, err);
    return gp->kernel.weight && gp->lanes ? AMBS_OK : AMBS_E_NOMEM;
}

void ambs_gp_fini(ambs_gp *gp)
{
    free(gp->terms);
    free(gp->kernel.weight);
    free(gp->kernel.warp);
    free(gp->raw);
    free(gp->points);
    free(gp->columns);
    free(gp->z);
    free(gp->share);
    free(gp->l);
    free(gp->alpha);
    free(gp->place);
    free(gp->rotations);
    free(gp->block);
    free(gp->lanes);
    ambs_gp_far_fini(&gp->far);
}

void ambs_gp_use_engine(ambs_gp *gp, const ambs_gp_engine *engine)
{
    gp->far.engine = engine;
    if (engine) gp->far.process = engine->enrol(engine->ctx);
}

/* A copy of rows [n_rows, width] in a new array with another stride; NULL with AMBS_E_NOMEM. */
static double *spread(const double *rows, size_t n_rows, size_t width, size_t stride,
                      size_t new_rows, size_t new_stride, ambs_error *err)
{
    double *copy = ambs_calloc(new_rows, new_stride * sizeof *copy, err);
    for (size_t i = 0; copy && width > 0 && i < n_rows; i++)
        memcpy(copy + i * new_stride, rows + i * stride, width * sizeof *copy);
    return copy;
}

/* Room for n rows, and some more: a factor cannot grow in place. */
static int reserve(ambs_gp *gp, size_t n, ambs_error *err)
{
    if (n <= gp->capacity) return AMBS_OK;
    size_t capacity = ambs_panels_rows(n + n / 8 + 64);
    double *columns =
        spread(gp->columns, gp->n_terms, gp->n, gp->capacity, gp->n_terms, capacity, err);
    double *l = columns && gp->l
                    ? spread(gp->l, gp->n, gp->n, gp->capacity, capacity, capacity, err)
                    : NULL;
    int rc = columns && (l || !gp->l) ? AMBS_OK : AMBS_E_NOMEM;
    if (rc == AMBS_OK)
        rc = ambs_resize(&gp->points, capacity, (gp->n_terms + 1) * sizeof(double), err);
    if (rc == AMBS_OK && gp->kernel.warp)
        rc = ambs_resize(&gp->raw, capacity, (gp->n_terms + 1) * sizeof(double), err);
    if (rc == AMBS_OK) rc = ambs_resize(&gp->z, capacity, sizeof *gp->z, err);
    if (rc == AMBS_OK) rc = ambs_resize(&gp->share, capacity, sizeof *gp->share, err);
    if (rc == AMBS_OK) rc = ambs_resize(&gp->alpha, capacity, sizeof *gp->alpha, err);
    if (rc == AMBS_OK) rc = ambs_resize(&gp->rotations, capacity, 2 * sizeof(double), err);
    if (rc == AMBS_OK) rc = ambs_resize(&gp->block, capacity, AMBS_GP_LANES * sizeof(double), err);
    if (rc != AMBS_OK) {
        free(columns);
        free(l);
        return rc;
    }
    free(gp->columns);
    free(gp->l);
    gp->columns = columns;
    gp->l = l;
    gp->capacity = capacity;
    return AMBS_OK;
}

static void place_point(ambs_gp *gp, size_t at)
{
    double *point = gp->points + at * gp->n_terms;
    if (gp->raw) memcpy(point, gp->raw + at * gp->n_terms, gp->n_terms * sizeof *point);
    ambs_gp_warp_point(&gp->kernel, point, 1);
    for (size_t t = 0; t < gp->n_terms; t++) gp->columns[t * gp->capacity + at] = point[t];
}

static void put_row(ambs_gp *gp, size_t at, const double *row)
{
    ambs_gp_encode(gp->n_terms, gp->terms, gp->features, row,
                   (gp->raw ? gp->raw : gp->points) + at * gp->n_terms, 1);
    place_point(gp, at);
}

static void standardise(ambs_gp *gp, const double *y)
{
    double n = (double)gp->n, mean = 0, squares = 0, most = 0;
    for (size_t i = 0; i < gp->n; i++) {
        mean += y[i] / n;
        most = fmax(most, fabs(y[i]));
    }
    for (size_t i = 0; i < gp->n; i++) squares += (y[i] / n - mean / n) * (y[i] - mean);
    gp->center = mean;
    gp->scale = sqrt(squares) > 1e-13 * most ? sqrt(squares) : 1;
    for (size_t i = 0; i < gp->n; i++) gp->z[i] = (y[i] - mean) / gp->scale;
}

int ambs_gp_take_rows(ambs_gp *gp, size_t n, const double *x, const double *y, ambs_error *err)
{
    gp->n = 0; /* nothing to keep, should room be made */
    int rc = reserve(gp, n, err);
    if (rc == AMBS_OK)
        rc = ambs_reserve(&gp->place, &gp->place_capacity, n, sizeof *gp->place, err);
    if (rc != AMBS_OK) return rc;
    gp->n = gp->n_first = gp->n_given = n;
    for (size_t i = 0; i < n; i++) {
        put_row(gp, i, x + i * gp->p);
        gp->share[i] = 1;
        gp->place[i] = i;
    }
    standardise(gp, y);
    return AMBS_OK;
}

void ambs_gp_weigh(ambs_gp *gp, const uint32_t *evaluations)
{
    for (size_t i = 0; i < gp->n; i++) gp->share[i] = 1.0 / evaluations[i];
}

ambs_pool ambs_gp_standardised(const ambs_gp *gp, const ambs_pool *spread)
{
    return (ambs_pool){spread->squares / gp->scale / gp->scale, spread->freedom};
}

ambs_gp_sample ambs_gp_rows(const ambs_gp *gp)
{
    return (ambs_gp_sample){
        gp->n, gp->raw ? gp->raw : gp->points, gp->columns, gp->capacity, gp->z, NULL, gp->share};
}

static void solve(ambs_gp *gp)
{
    memcpy(gp->alpha, gp->z, gp->n * sizeof *gp->alpha);
    ambs_cholesky_solve_lower(gp->n, gp->l, gp->capacity, gp->alpha);
    ambs_cholesky_solve_upper(gp->n, gp->l, gp->capacity, gp->alpha);
}

static double prior_variance(const ambs_gp *gp, size_t row)
{
    return ambs_gp_kernel_variance(&gp->kernel, gp->points + row * gp->n_terms, 1);
}

/* Factors the covariance with its noise in `panels`, with as much jitter as it takes. */
static int factor_panels(ambs_gp *gp, double *panels, double *inverse, ambs_error *err)
{
    const ambs_gp_sample sample = {gp->n, gp->points, gp->columns, gp->capacity,
                                   gp->z, NULL,       gp->share};
    double mean = 0;
    for (size_t i = 0; i < gp->n; i++)
        mean += (prior_variance(gp, i) + gp->kernel.noise * gp->share[i]) / (double)gp->n;
    for (gp->jitter = 0;;) {
        ambs_gp_fill(&gp->kernel, &sample, panels, NULL);
        for (size_t i = 0; i < gp->n; i++) panels[ambs_panels_index(i, i)] += gp->jitter;
        if (ambs_panels_factor(gp->n, panels, inverse)) break;
        int rc = ambs_cholesky_more_jitter(gp->n, mean, AMBS_GP_JITTER_LIMIT, &gp->jitter, err);
        if (rc != AMBS_OK) return rc;
    }
    ambs_panels_to_lower(gp->n, panels, gp->l, gp->capacity);
    return AMBS_OK;
}

/* Of all rows, by the kernel as it is. */
static int factor(ambs_gp *gp, ambs_error *err)
{
    gp->far.on = false;
    if (!gp->l) gp->l = ambs_calloc(gp->capacity, gp->capacity * sizeof *gp->l, err);
    double *panels = gp->l ? ambs_calloc(ambs_panels_size(gp->n), sizeof *panels, err) : NULL;
    if (!panels) return AMBS_E_NOMEM;
    int rc = factor_panels(gp, panels, gp->rotations, err);
    if (rc == AMBS_OK) solve(gp);
    free(panels);
    return rc;
}

int ambs_gp_set_theta(ambs_gp *gp, const double *theta, ambs_error *err)
{
    ambs_gp_kernel_set(&gp->kernel, theta);
    for (size_t i = 0; gp->raw && i < gp->n; i++) place_point(gp, i);
    if (!ambs_gp_far_is_wanted(gp)) return factor(gp, err);
    int rc = ambs_gp_far_factor(gp, err);
    if (rc == AMBS_E_AGAIN) return factor(gp, err);
    free(gp->l);
    gp->l = NULL;
    return rc;
}

int ambs_gp_come_home(ambs_gp *gp, ambs_error *err)
{
    return gp->far.on ? factor(gp, err) : AMBS_OK;
}

int ambs_gp_solve(ambs_gp *gp, double *b, ambs_error *err)
{
    int rc = ambs_gp_settle(gp, err);
    if (rc == AMBS_OK && gp->far.on) {
        rc = ambs_gp_far_solve_vector(gp, b, err);
        if (rc != AMBS_E_AGAIN) return rc;
        rc = ambs_gp_come_home(gp, err);
    }
    if (rc != AMBS_OK) return rc;
    ambs_cholesky_solve_lower(gp->n, gp->l, gp->capacity, b);
    ambs_cholesky_solve_upper(gp->n, gp->l, gp->capacity, b);
    return AMBS_OK;
}

int ambs_gp_settle(ambs_gp *gp, ambs_error *err)
{
    if (!gp->far.on) return AMBS_OK;
    int rc = ambs_gp_far_settle(gp, err);
    return rc == AMBS_E_AGAIN ? ambs_gp_come_home(gp, err) : rc;
}

int ambs_gp_append(ambs_gp *gp, const double *row, double y, ambs_error *err)
{
    int rc = reserve(gp, gp->n + 1, err);
    if (rc == AMBS_OK)
        rc = ambs_reserve(&gp->place, &gp->place_capacity, gp->n_given + 1, sizeof *gp->place, err);
    if (rc != AMBS_OK) return rc;
    size_t n = gp->n;
    put_row(gp, n, row);
    gp->z[n] = (y - gp->center) / gp->scale;
    gp->share[n] = 1;
    gp->place[gp->n_given++] = n;
    if (gp->far.on) {
        gp->far.stale = true;
        gp->n++;
        return AMBS_OK;
    }
    ambs_gp_kernel_row(&gp->kernel, gp->points + n * gp->n_terms, gp->columns, gp->capacity, n,
                       gp->l + n * gp->capacity, NULL);
    /* What a new row does not share with the others is at least its noise. */
    double own = gp->kernel.noise + gp->jitter;
    ambs_cholesky_append(n, gp->l, gp->capacity, prior_variance(gp, n) + own, own);
    gp->n++;
    solve(gp);
    return AMBS_OK;
}

double ambs_gp_least_noise(const ambs_gp *gp)
{
    double least = 1;
    for (size_t i = 0; i < gp->n; i++) least = fmin(least, gp->share[i]);
    return gp->kernel.noise * least + gp->jitter;
}

void ambs_gp_replace(ambs_gp *gp, size_t row, double y, uint32_t evaluations)
{
    size_t k = gp->place[row];
    double share = 1.0 / evaluations, change = gp->kernel.noise * (share - gp->share[k]);
    gp->z[k] = (y - gp->center) / gp->scale;
    gp->share[k] = share;
    if (gp->far.on) {
        ambs_gp_far_replaced(gp, k, change);
        return;
    }
    if (change != 0)
        ambs_cholesky_change_diagonal(gp->n, gp->l, gp->capacity, k, change,
                                      ambs_gp_least_noise(gp), gp->rotations);
    solve(gp);
}

void ambs_gp_remove(ambs_gp *gp, size_t row)
{
    size_t k = gp->place[row], behind = gp->n - k - 1, n_terms = gp->n_terms;
    if (gp->far.on)
        ambs_gp_far_removed(gp, k);
    else
        ambs_cholesky_remove(gp->n, gp->l, gp->capacity, k, gp->rotations);
    memmove(gp->points + k * n_terms, gp->points + (k + 1) * n_terms,
            behind * n_terms * sizeof *gp->points);
    if (gp->raw)
        memmove(gp->raw + k * n_terms, gp->raw + (k + 1) * n_terms,
                behind * n_terms * sizeof *gp->raw);
    for (size_t t = 0; t < n_terms; t++) {
        double *column = gp->columns + t * gp->capacity;
        memmove(column + k, column + k + 1, behind * sizeof *column);
    }
    memmove(gp->z + k, gp->z + k + 1, behind * sizeof *gp->z);
    memmove(gp->share + k, gp->share + k + 1, behind * sizeof *gp->share);
    for (size_t i = row + 1; i < gp->n_given; i++) gp->place[i] -= gp->place[i] != SIZE_MAX;
    gp->place[row] = SIZE_MAX;
    gp->n_first -= k < gp->n_first;
    gp->n--;
    if (!gp->far.on) solve(gp);
}
