/* SPDX-License-Identifier: MIT */
/* LOG: with p5 the fifth percentile, m' = min - max(p5 - min, (median - min) / 100). It follows the
 * scaling of SMAC3 (Lindauer et al. 2022, jmlr.org/papers/v23/21-0888.html), whose own offset is a
 * tiny constant where the lowest values tie; the hundredth of the distance to the median keeps the
 * best from lying as far below the second as all others lie apart. Below min, which only values
 * that arrive between two fits can be, the logarithm goes on as its tangent there.
 *
 * HALF_RANK is Vizier's for a Gaussian process (Song et al. 2024, arXiv:2408.11527): above the median
 * m, where only the order matters, y becomes h = m + s z with z the quantile of the upper half of a
 * unit normal at its rank, and s² the mean of (m - y)² over the better half; below h = y. Then
 * ln(1 + (h - min) / (2 (h_max - min))) / ln 1.5, and its tangent at min below that.
 *
 * GAUSSIAN: the quantile at (r - 1/2) / n for rank r. */
#include "search/transform.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "numeric/special.h"

#define LIMIT 1e150

const char *const ambs_transform_names[] = {"log",      "rank", "none", "half_rank",
                                            "gaussian", "auto", NULL};

static double clamp(double y, double low, double high)
{
    return y < low ? low : y > high ? high : y;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The value with a share q of the others below it. */
static double quantile(const double *sorted, size_t n, double q)
{
    double at = q * (double)(n - 1);
    size_t below = (size_t)at;
    size_t above = below + 1 < n ? below + 1 : below;
    return sorted[below] + (at - (double)below) * (sorted[above] - sorted[below]);
}

/* Distinct values, from sorted[first] on, go to the front of `sorted` behind the n_sorted that are
 * there. `score` gets the mean rank of each, counted from 0 at `first`. */
static void take_scores(ambs_transform *t, size_t first, size_t n,
                        double (*score)(const ambs_transform *t, double rank, double n_ranked))
{
    for (size_t i = first, end; i < n; i = end) {
        for (end = i + 1; end < n && t->sorted[end] == t->sorted[i];) end++;
        double rank = 0.5 * (double)(i + end - 1) - (double)first;
        t->sorted[t->n_sorted] = t->sorted[i];
        t->rank[t->n_sorted++] = score(t, rank, (double)(n - first));
    }
}

static double even_score(const ambs_transform *t, double rank, double n)
{
    (void)t;
    return rank / (n > 1 ? n - 1 : 1);
}

static double normal_score(const ambs_transform *t, double rank, double n)
{
    (void)t;
    return ambs_normal_quantile((rank + 0.5) / n);
}

static double half_score(const ambs_transform *t, double rank, double n)
{
    return t->median + t->spread * ambs_normal_quantile(0.5 + 0.5 * (rank + 0.5) / n);
}

static void take_half_ranks(ambs_transform *t, size_t n)
{
    size_t n_good = 0;
    double squares = 0;
    t->median = quantile(t->sorted, n, 0.5);
    while (n_good < n && t->sorted[n_good] <= t->median) n_good++;
    for (size_t i = 0; i < n_good; i++)
        squares += (t->median - t->sorted[i]) * ((t->median - t->sorted[i]) / (double)n_good);
    t->spread = squares > 0 ? sqrt(squares) : t->max - t->median; /* the better half is all equal */
    t->sorted[0] = t->rank[0] = t->median;
    t->n_sorted = 1;
    take_scores(t, n_good, n, half_score);
}

static void take_ranks(ambs_transform *t, size_t n)
{
    t->n_sorted = 0;
    if (t->kind == AMBS_TRANSFORM_HALF_RANK)
        take_half_ranks(t, n);
    else
        take_scores(t, 0, n, t->kind == AMBS_TRANSFORM_GAUSSIAN ? normal_score : even_score);
}

int ambs_transform_fit(ambs_transform *t, ambs_transform_kind kind, size_t n, const double *y,
                       ambs_error *err)
{
    int rc = ambs_reserve(&t->sorted, &t->sorted_capacity, n, sizeof *t->sorted, err);
    if (rc == AMBS_OK) rc = ambs_reserve(&t->rank, &t->rank_capacity, n, sizeof *t->rank, err);
    if (rc != AMBS_OK) return rc;
    for (size_t i = 0; i < n; i++) t->sorted[i] = clamp(y[i], -LIMIT, LIMIT);
    qsort(t->sorted, n, sizeof *t->sorted, compare);
    t->kind = kind;
    t->n = n;
    t->min = t->sorted[0];
    t->max = t->sorted[n - 1];
    double low = quantile(t->sorted, n, 0.05) - t->min;
    double middle = 0.01 * (quantile(t->sorted, n, 0.5) - t->min);
    /* Where more than half tie at the minimum both are 0: then the range decides. */
    double gap = low > middle ? low : middle;
    if (!(gap > 0)) gap = 0.01 * (t->max - t->min);
    /* Values that hardly differ: an offset that rounds to the minimum would have no logarithm. */
    t->offset = t->min - fmax(gap, fmax(8 * DBL_EPSILON * fabs(t->min), DBL_MIN));
    take_ranks(t, n);
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += ambs_transform_apply(t, y[i]);
    t->mean = sum / (double)n;
    return AMBS_OK;
}

void ambs_transform_fini(ambs_transform *t)
{
    free(t->sorted);
    free(t->rank);
    *t = (ambs_transform){0};
}

/* Piecewise linear through (from[i], to[i]), constant beyond the ends. */
static double interpolate(const double *from, const double *to, size_t n, double at)
{
    if (at <= from[0]) return to[0];
    if (at >= from[n - 1]) return to[n - 1];
    size_t low = 0, high = n - 1;
    while (high - low > 1) {
        size_t middle = (low + high) / 2;
        if (from[middle] <= at)
            low = middle;
        else
            high = middle;
    }
    return to[low] + (at - from[low]) / (from[high] - from[low]) * (to[high] - to[low]);
}

static double half_range(const ambs_transform *t)
{
    return t->rank[t->n_sorted - 1] - t->min;
}

static double apply_half_rank(const ambs_transform *t, double y)
{
    double h = y <= t->median ? y : interpolate(t->sorted, t->rank, t->n_sorted, y),
           u = 0.5 * ((h - t->min) / half_range(t));
    return (u < 0 ? u : log1p(u)) / log(1.5);
}

static double invert_half_rank(const ambs_transform *t, double z)
{
    double u = z < 0 ? z * log(1.5) : expm1(z * log(1.5)), h = t->min + 2 * u * half_range(t);
    return h <= t->median ? h : interpolate(t->rank, t->sorted, t->n_sorted, h);
}

double ambs_transform_apply(const ambs_transform *t, double y)
{
    y = clamp(y, -LIMIT, LIMIT);
    if (t->max == t->min) return (y > t->max) - (y < t->min);
    double range = t->max - t->offset;
    switch (t->kind) {
    case AMBS_TRANSFORM_LOG:
        if (y > t->max) return 0;
        if (y >= t->min) return log((y - t->offset) / range);
        return log((t->min - t->offset) / range) + (y - t->min) / (t->min - t->offset);
    case AMBS_TRANSFORM_HALF_RANK:
        return apply_half_rank(t, y);
    case AMBS_TRANSFORM_RANK:
    case AMBS_TRANSFORM_GAUSSIAN:
        return interpolate(t->sorted, t->rank, t->n_sorted, y);
    default:
        return (y - t->min) / (t->max - t->min);
    }
}

double ambs_transform_invert(const ambs_transform *t, double z)
{
    if (t->max == t->min) return t->min;
    double range = t->max - t->offset, lowest;
    switch (t->kind) {
    case AMBS_TRANSFORM_LOG:
        lowest = log((t->min - t->offset) / range);
        if (z >= 0) return t->max;
        if (z >= lowest) return t->offset + range * exp(z);
        return t->min + (z - lowest) * (t->min - t->offset);
    case AMBS_TRANSFORM_HALF_RANK:
        return invert_half_rank(t, z);
    case AMBS_TRANSFORM_RANK:
    case AMBS_TRANSFORM_GAUSSIAN:
        return interpolate(t->rank, t->sorted, t->n_sorted, z);
    default:
        return t->min + z * (t->max - t->min);
    }
}
