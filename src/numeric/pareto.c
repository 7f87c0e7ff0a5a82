/* SPDX-License-Identifier: MIT */
/* Slices of a volume: `list` of level m holds, in order of value m - 1, those points met so far that
 * are not dominated in their first m values. Level 2 is summed directly; a level above adds, for each
 * of its points, the thickness of the slice times the volume of the level below, which grows by that
 * point. */
#include "numeric/pareto.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

bool ambs_pareto_covers(size_t m, const double *a, const double *b)
{
    for (size_t j = 0; j < m; j++)
        if (!(a[j] <= b[j])) return false;
    return true;
}

bool ambs_pareto_dominates(size_t m, const double *a, const double *b)
{
    bool less = false;
    for (size_t j = 0; j < m; j++) {
        if (!(a[j] <= b[j])) return false;
        less |= a[j] < b[j];
    }
    return less;
}

typedef struct order {
    size_t m;
    const double *y;
} order;

static int compare(const void *a, const void *b, void *of)
{
    const order *o = of;
    size_t i = *(const size_t *)a, k = *(const size_t *)b;
    for (size_t j = 0; j < o->m; j++) {
        double u = o->y[i * o->m + j], v = o->y[k * o->m + j];
        if (u != v) return u < v ? -1 : 1;
    }
    return (i > k) - (i < k);
}

/* In this order a point can only be dominated by one before it, and by one of the front so far. With
 * two values the last of the front is enough. */
static bool is_dominated(size_t m, const double *y, const size_t *front, size_t n, size_t i)
{
    size_t first = m == 2 && n > 0 ? n - 1 : 0;
    for (size_t k = first; k < n; k++)
        if (ambs_pareto_dominates(m, y + front[k] * m, y + i * m)) return true;
    return false;
}

int ambs_pareto_front(size_t n, size_t m, const double *y, size_t *ret_index, size_t *ret_n,
                      ambs_error *err)
{
    size_t n_whole = 0, n_front = 0;
    size_t *sorted = ambs_calloc(n ? n : 1, sizeof *sorted, err);
    if (!sorted) return AMBS_E_NOMEM;
    for (size_t i = 0; i < n; i++) {
        bool whole = true;
        for (size_t j = 0; j < m; j++) whole &= !isnan(y[i * m + j]);
        if (whole) sorted[n_whole++] = i;
    }
    order by = {m, y};
    qsort_r(sorted, n_whole, sizeof *sorted, compare, &by);
    for (size_t k = 0; k < n_whole; k++)
        if (!is_dominated(m, y, ret_index, n_front, sorted[k])) ret_index[n_front++] = sorted[k];
    free(sorted);
    *ret_n = n_front;
    return AMBS_OK;
}

void ambs_pareto_reference(size_t n, size_t m, const double *y, const double *worst,
                           double *reference)
{
    for (size_t j = 0; j < m; j++) {
        if (!isnan(reference[j])) continue;
        double least = INFINITY, most = -INFINITY;
        for (size_t i = 0; i < n; i++) {
            least = fmin(least, y[i * m + j]);
            most = fmax(most, y[i * m + j]);
        }
        double range = most - least;
        if (!(range > 0)) range = worst[j] - most;
        if (!(range > 0)) range = fabs(most);
        if (!(range > 0)) range = 1;
        reference[j] = most + 0.1 * range;
    }
}

typedef struct volume {
    size_t stride, n;
    const double *y, *reference;
    size_t *lists; /* [m + 1, n] */
    double work;
} volume;

static const double *point(const volume *v, size_t i)
{
    return v->y + i * v->stride;
}

/* Puts point i into the list of level m; false where the list covers it already. */
static bool insert(volume *v, size_t m, size_t *list, size_t *n, size_t i)
{
    const double *p = point(v, i);
    size_t kept = 0, at = 0;
    v->work -= (double)*n + 1;
    for (size_t k = 0; k < *n; k++)
        if (ambs_pareto_covers(m, point(v, list[k]), p)) return false;
    for (size_t k = 0; k < *n; k++)
        if (!ambs_pareto_covers(m, p, point(v, list[k]))) list[kept++] = list[k];
    while (at < kept && point(v, list[at])[m - 1] <= p[m - 1]) at++;
    memmove(list + at + 1, list + at, (kept - at) * sizeof *list);
    list[at] = i;
    *n = kept + 1;
    return true;
}

static double area(volume *v, const size_t *list, size_t n)
{
    double sum = 0;
    v->work -= (double)n;
    for (size_t k = 0; k < n; k++) {
        double top = k + 1 < n ? point(v, list[k + 1])[1] : v->reference[1];
        sum += (top - point(v, list[k])[1]) * (v->reference[0] - point(v, list[k])[0]);
    }
    return sum;
}

static double measure(volume *v, size_t m, const size_t *list, size_t n)
{
    if (n == 0 || v->work < 0) return 0;
    if (m == 1) return v->reference[0] - point(v, list[0])[0];
    if (m == 2) return area(v, list, n);
    double sum = 0, below = 0;
    size_t *inner = v->lists + (m - 1) * v->n, n_inner = 0;
    for (size_t k = 0; k < n && v->work >= 0; k++) {
        double bottom = point(v, list[k])[m - 1];
        double top = k + 1 < n ? point(v, list[k + 1])[m - 1] : v->reference[m - 1];
        bool grows = insert(v, m - 1, inner, &n_inner, list[k]);
        if (top == bottom) {
            below = grows ? NAN : below;
            continue;
        }
        if (grows || isnan(below)) below = measure(v, m - 1, inner, n_inner);
        sum += (top - bottom) * below;
    }
    return sum;
}

int ambs_pareto_hypervolume(size_t n, size_t m, const double *y, const double *reference,
                            double *work, double *ret_volume, ambs_error *err)
{
    volume v = {.stride = m, .n = n, .y = y, .reference = reference, .work = *work};
    v.lists = ambs_calloc((m + 1) * (n ? n : 1), sizeof *v.lists, err);
    if (!v.lists) return AMBS_E_NOMEM;
    size_t *list = v.lists + m * n, n_list = 0;
    for (size_t i = 0; i < n && v.work >= 0; i++) {
        bool inside = true;
        for (size_t j = 0; j < m; j++) inside &= point(&v, i)[j] < reference[j];
        if (inside) insert(&v, m, list, &n_list, i);
    }
    double sum = measure(&v, m, list, n_list);
    *work = v.work;
    *ret_volume = v.work < 0 ? NAN : sum;
    free(v.lists);
    return AMBS_OK;
}
