/* SPDX-License-Identifier: MIT */
/* Latin hypercube: n points so that each of the n equal cells of every coordinate holds one (McKay,
 * Beckman, Conover 1979, doi:10.2307/1268522), spread out by exchanges.
 *
 * Two points swap their cells in one coordinate, which keeps the design a Latin hypercube, whenever
 * that lowers phi_p = sum over pairs of distance^-p (Morris and Mitchell 1995,
 * doi:10.1016/0378-3758(94)00035-T, eq. 1.1; p = 10, so that the closest pairs decide). The number
 * of exchanges tried is bounded, so that the cost is O(n^2 d + 2e7) at worst; beyond MAX_SPREAD
 * points the plain hypercube is returned, since their matrix of distances would not pay. */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "numeric/design.h"

enum { MAX_SPREAD = 1000, TRIES_PER_POINT = 200, MAX_WORK = 20000000 };

typedef struct lhs_options {
    bool maximin;
} lhs_options;

static const ambs_option option_table[] = {
    {"maximin", AMBS_OPTION_BOOL, offsetof(lhs_options, maximin), "true", 1, 0, NULL,
     "spread the points by exchanges that keep every projection even"},
    {0},
};

/* distance^-10 from the squared distance. */
static double closeness(double square)
{
    double s = square * square;
    return 1 / (s * s * square);
}

/* cell [n, d]: a random permutation of the cells per coordinate. */
static int draw_cells(size_t n, size_t d, ambs_random *r, size_t *ret_cell, ambs_error *err)
{
    size_t *order = ambs_calloc(n, sizeof *order, err);
    if (!order) return AMBS_E_NOMEM;
    for (size_t k = 0; k < d; k++) {
        for (size_t i = 0; i < n; i++) order[i] = i;
        ambs_random_shuffle(r, order, n);
        for (size_t i = 0; i < n; i++) ret_cell[i * d + k] = order[i];
    }
    free(order);
    return AMBS_OK;
}

static void fill_squares(size_t n, size_t d, const size_t *cell, double *ret_square)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            double sum = 0;
            for (size_t k = 0; k < d; k++) {
                double gap = (double)cell[i * d + k] - (double)cell[j * d + k];
                sum += gap * gap;
            }
            ret_square[i * n + j] = sum;
        }
}

/* The squared distance of a and c after a's cell in one coordinate turns from `from` to `to`. */
static double moved(double square, size_t from, size_t to, size_t other)
{
    double before = (double)from - (double)other, after = (double)to - (double)other;
    return square - before * before + after * after;
}

/* Swaps the cells of points a and b in coordinate k where that lowers phi. */
static void try_exchange(size_t n, size_t d, size_t *cell, double *square, size_t a, size_t b,
                         size_t k)
{
    size_t at_a = cell[a * d + k], at_b = cell[b * d + k];
    double gain = 0;
    for (size_t c = 0; c < n; c++) {
        if (c == a || c == b) continue;
        size_t at_c = cell[c * d + k];
        gain +=
            closeness(square[a * n + c]) - closeness(moved(square[a * n + c], at_a, at_b, at_c));
        gain +=
            closeness(square[b * n + c]) - closeness(moved(square[b * n + c], at_b, at_a, at_c));
    }
    if (!(gain > 0)) return;
    for (size_t c = 0; c < n; c++) {
        if (c == a || c == b) continue;
        size_t at_c = cell[c * d + k];
        square[c * n + a] = square[a * n + c] = moved(square[a * n + c], at_a, at_b, at_c);
        square[c * n + b] = square[b * n + c] = moved(square[b * n + c], at_b, at_a, at_c);
    }
    cell[a * d + k] = at_b;
    cell[b * d + k] = at_a;
}

static int spread(size_t n, size_t d, ambs_random *r, size_t *cell, ambs_error *err)
{
    double *square = ambs_calloc(n * n, sizeof *square, err);
    if (!square) return AMBS_E_NOMEM;
    fill_squares(n, d, cell, square);
    size_t tries = n * TRIES_PER_POINT;
    if (tries > MAX_WORK / n) tries = MAX_WORK / n;
    for (size_t t = 0; t < tries; t++) {
        size_t a = (size_t)ambs_random_below(r, n);
        size_t b = (size_t)ambs_random_below(r, n - 1);
        b += b >= a;
        try_exchange(n, d, cell, square, a, b, (size_t)ambs_random_below(r, d));
    }
    free(square);
    return AMBS_OK;
}

static int points(const void *options, uint64_t seed, size_t d, uint64_t first, size_t n,
                  uint64_t total, double *ret_u, ambs_error *err)
{
    const lhs_options *o = options;
    const uint64_t limit = 100000000;
    if (total > limit / (d ? d : 1))
        return ambs_fail(
            err, AMBS_E_INVALID,
            "a Latin hypercube of %llu points in %zu dimensions was asked for, expected at most "
            "%llu points; use the design sobol",
            (unsigned long long)total, d, (unsigned long long)(limit / (d ? d : 1)));
    if (first + n > total)
        return ambs_fail(err, AMBS_E_INVALID,
                         "point %llu of a Latin hypercube of %llu was asked for",
                         (unsigned long long)(first + n), (unsigned long long)total);
    if (n == 0 || d == 0) return AMBS_OK;
    size_t *cell = ambs_calloc((size_t)total * d, sizeof *cell, err);
    if (!cell) return AMBS_E_NOMEM;
    ambs_random r;
    ambs_random_init(&r, seed, 0, AMBS_PURPOSE_DESIGN);
    int rc = draw_cells((size_t)total, d, &r, cell, err);
    /* With one coordinate every hypercube is spread alike, and two points have nothing to exchange
     * with. */
    bool worth = (!o || o->maximin) && d > 1 && total > 2 && total <= MAX_SPREAD;
    if (rc == AMBS_OK && worth) rc = spread((size_t)total, d, &r, cell, err);
    for (size_t i = 0; rc == AMBS_OK && i < n; i++) {
        ambs_random_init(&r, seed, first + i + 1, AMBS_PURPOSE_DESIGN);
        for (size_t k = 0; k < d; k++)
            ret_u[i * d + k] =
                ((double)cell[(first + i) * d + k] + ambs_random_uniform(&r)) / (double)total;
    }
    free(cell);
    return rc;
}

const ambs_design_ops ambs_design_lhs = {
    .member = {.name = "lhs",
               .summary = "maximin Latin hypercube",
               .options = option_table,
               .options_size = sizeof(lhs_options)},
    .points = points,
    .is_stratified = true,
};
