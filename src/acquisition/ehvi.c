/* SPDX-License-Identifier: MIT */
/* The sweep. In the plane of the first two values what can still be gained lies below a staircase: a
 * row of strips, each from `left` to `right` in the first value and below `top` in the second. Points
 * come in order of their third value; each lowers the strips to its upper right. A strip that ends
 * there becomes a box from the third value at which it began to the one at which it ends. Without a
 * third value all strips are boxes at the end.
 *
 * All borders are values of points, so they are kept as indices into tables [n + 2] of each value
 * (0: minus infinity; 1 to n: the points in their order; n + 1: the reference), and psi is computed
 * once for each entry. */
#include "acquisition/ehvi.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "numeric/pareto.h"
#include "numeric/special.h"

typedef struct ambs_ehvi_box {
    size_t lower[AMBS_EHVI_MAX_GOALS], upper[AMBS_EHVI_MAX_GOALS];
} box;

typedef struct ambs_ehvi_strip {
    size_t left, right, top, since;
} strip;

void ambs_ehvi_fini(ambs_ehvi *e)
{
    for (size_t j = 0; j < AMBS_EHVI_MAX_GOALS; j++) free(e->value[j]);
    free(e->boxes);
    free(e->strips);
    free(e->order);
    *e = (ambs_ehvi){0};
}

/* Room for n points: one allocation of 4 tables for each value. */
static int reserve(ambs_ehvi *e, size_t n, ambs_error *err)
{
    int rc = ambs_reserve(&e->boxes, &e->box_capacity, 2 * n + 2, sizeof *e->boxes, err);
    if (rc == AMBS_OK)
        rc = ambs_reserve(&e->strips, &e->strip_capacity, n + 3, sizeof *e->strips, err);
    if (rc == AMBS_OK)
        rc = ambs_reserve(&e->order, &e->order_capacity, n + 1, sizeof *e->order, err);
    for (size_t j = 0; rc == AMBS_OK && j < e->m; j++) {
        rc = ambs_reserve(&e->value[j], &e->value_capacity[j], 4 * (n + 2), sizeof **e->value, err);
        if (rc != AMBS_OK) return rc;
        e->psi[j] = e->value[j] + n + 2;
        e->by_mean[j] = e->psi[j] + n + 2;
        e->by_sd[j] = e->by_mean[j] + n + 2;
    }
    return rc;
}

typedef struct sweep {
    size_t m;
    const double *y;
} sweep;

static int by_last(const void *a, const void *b, void *of)
{
    const sweep *s = of;
    size_t i = *(const size_t *)a, k = *(const size_t *)b, last = s->m - 1;
    double u = s->y[i * s->m + last], v = s->y[k * s->m + last];
    return u != v ? (u < v ? -1 : 1) : (i > k) - (i < k);
}

/* The points in order of their last value that count: within the reference, and covered by none
 * before. Returns how many. */
static size_t take_points(ambs_ehvi *e, size_t n, const double *y, const double *reference)
{
    size_t m = e->m, n_inside = 0, kept = 0;
    for (size_t i = 0; i < n; i++) {
        bool inside = true;
        for (size_t j = 0; j < m; j++) inside &= y[i * m + j] < reference[j];
        if (inside) e->order[n_inside++] = i;
    }
    sweep by = {m, y};
    qsort_r(e->order, n_inside, sizeof *e->order, by_last, &by);
    for (size_t k = 0; k < n_inside; k++) {
        bool covered = false;
        const double *p = y + e->order[k] * m;
        for (size_t i = 0; i < kept && !covered; i++)
            covered = ambs_pareto_covers(m, y + e->order[i] * m, p);
        if (!covered) e->order[kept++] = e->order[k];
    }
    return kept;
}

static void end_strip(ambs_ehvi *e, const strip *s, size_t until)
{
    if (e->m == 3 && e->value[2][s->since] == e->value[2][until]) return;
    e->boxes[e->n_boxes++] =
        (box){.lower = {s->left, 0, s->since}, .upper = {s->right, s->top, until}};
}

/* Point k (its index in the tables) lowers the strips from its first value on that reach above its
 * second. They are neighbours, since tops fall from left to right. */
static size_t lower_strips(ambs_ehvi *e, size_t n, size_t k)
{
    const double *x = e->value[0], *y = e->value[1];
    size_t first = 0, end;
    while (first < n && x[e->strips[first].right] <= x[k]) first++;
    for (end = first; end < n && y[e->strips[end].top] > y[k];) end++;
    if (first == end) return n;
    strip left = e->strips[first], below = {k, e->strips[end - 1].right, k, k};
    for (size_t i = first; e->m == 3 && i < end; i++) end_strip(e, &e->strips[i], k);
    bool is_cut = x[left.left] < x[k];
    size_t put = first + is_cut + 1;
    memmove(e->strips + put, e->strips + end, (n - end) * sizeof *e->strips);
    if (is_cut) e->strips[first] = (strip){left.left, k, left.top, k};
    e->strips[put - 1] = below;
    return n - (end - first) + is_cut + 1;
}

int ambs_ehvi_fit(ambs_ehvi *e, size_t n, size_t m, const double *y, const double *reference,
                  ambs_error *err)
{
    e->m = m;
    e->n_boxes = e->n_values = 0;
    int rc = reserve(e, n, err);
    if (rc != AMBS_OK) return rc;
    size_t kept = take_points(e, n, y, reference), last = kept + 1;
    for (size_t j = 0; j < m; j++) {
        e->value[j][0] = -INFINITY;
        for (size_t k = 0; k < kept; k++) e->value[j][k + 1] = y[e->order[k] * m + j];
        e->value[j][last] = reference[j];
    }
    e->n_values = kept + 2;
    e->strips[0] = (strip){0, last, last, 0};
    size_t n_strips = 1;
    for (size_t k = 1; k <= kept; k++) n_strips = lower_strips(e, n_strips, k);
    for (size_t i = 0; i < n_strips; i++) end_strip(e, &e->strips[i], last);
    return AMBS_OK;
}

/* psi and its derivatives, −Phi by the mean and phi by sd, for all entries of value j. */
static void tabulate(ambs_ehvi *e, size_t j, double mean, double sd)
{
    e->psi[j][0] = e->by_mean[j][0] = e->by_sd[j][0] = 0;
    for (size_t k = 1; k < e->n_values; k++) {
        double gap = e->value[j][k] - mean;
        if (sd > 0) {
            double z = gap / sd;
            e->psi[j][k] = sd * ambs_normal_improvement(z);
            e->by_mean[j][k] = -ambs_normal_cdf(z);
            e->by_sd[j][k] = ambs_normal_pdf(z);
        } else {
            e->psi[j][k] = gap > 0 ? gap : 0;
            e->by_mean[j][k] = gap > 0 ? -1 : 0;
            e->by_sd[j][k] = 0;
        }
    }
}

static double across(const double *table, const box *b, size_t j)
{
    return table[b->upper[j]] - table[b->lower[j]];
}

double ambs_ehvi_value(ambs_ehvi *e, const double *mean, const double *sd, double *ret_by_mean,
                       double *ret_by_sd)
{
    size_t m = e->m;
    double sum = 0;
    for (size_t j = 0; j < m; j++) {
        tabulate(e, j, mean[j], sd[j]);
        if (ret_by_mean) ret_by_mean[j] = ret_by_sd[j] = 0;
    }
    for (size_t i = 0; i < e->n_boxes; i++) {
        const box *b = &e->boxes[i];
        double factor[AMBS_EHVI_MAX_GOALS] = {0, 0, 1};
        for (size_t j = 0; j < m; j++) factor[j] = across(e->psi[j], b, j);
        sum += factor[0] * factor[1] * factor[2];
        if (!ret_by_mean) continue;
        for (size_t j = 0; j < m; j++) {
            double others = factor[(j + 1) % 3] * factor[(j + 2) % 3];
            ret_by_mean[j] += others * across(e->by_mean[j], b, j);
            ret_by_sd[j] += others * across(e->by_sd[j], b, j);
        }
    }
    return sum;
}
