/* SPDX-License-Identifier: MIT */
/* Tiles of ROWS rows by a panel's columns are held in registers while the products of all rows
 * before them are taken away: element (k, r) of the one panel times row k of the other. The factor,
 * its inverse M = U⁻ᵀ and A⁻¹ = MᵀM are all made of that. M is lower triangular: its panel p begins
 * with row 16 p, and stands where the panels of a larger p end. */
#include "numeric/panels.h"

#include <math.h>
#include <string.h>

#include "base/clones.h"

enum { WIDTH = AMBS_PANEL, ROWS = 8 };

/* Where the columns of U that belong to rows ROWS i … begin, in their panel's row `row`. */
static size_t columns_of(size_t i, size_t row)
{
    return ambs_panel(i / 2) + row * WIDTH + i % 2 * ROWS;
}

/* Where panel p of M begins. */
static size_t lower_panel(size_t n_panels, size_t p)
{
    return ambs_panel(n_panels) - ambs_panel(n_panels - p);
}

#define AMBS_BODY "numeric/panels_body.h"
#include "base/versions.h"

static size_t count(size_t n)
{
    return ambs_panels_rows(n) / WIDTH;
}

void ambs_panels_fill_up(size_t n, double *a)
{
    if (n % WIDTH == 0) return;
    double *panel = a + ambs_panel(n / WIDTH);
    for (size_t i = 0; i < ambs_panels_rows(n); i++)
        for (size_t c = i < n ? n % WIDTH : 0; c < WIDTH; c++)
            panel[i * WIDTH + c] = i == n - n % WIDTH + c;
}

bool ambs_panels_factor(size_t n, double *a, double *ret_inverse)
{
    bool whole;
    CHOOSE(factor)(count(n), a, ret_inverse, &whole);
    return whole;
}

void ambs_panels_to_lower(size_t n, const double *u, double *l, size_t stride)
{
    for (size_t first = 0; first < n; first += WIDTH) {
        const double *panel = u + ambs_panel(first / WIDTH);
        for (size_t i = first; i < first + WIDTH && i < n; i++)
            for (size_t j = 0; j <= i; j++) l[i * stride + j] = panel[j * WIDTH + i - first];
    }
}

double ambs_panels_log_determinant(size_t n, const double *inverse)
{
    double sum = 0;
    for (size_t i = 0; i < n;) {
        double product = 1; /* of a few: a logarithm costs more than they */
        for (size_t end = i + 4 < n ? i + 4 : n; i < end; i++) product *= inverse[i];
        sum -= log(product);
    }
    return 2 * sum;
}

void ambs_panels_solve(size_t n, const double *u, const double *inverse, double *b)
{
    CHOOSE(solve)(count(n), u, inverse, b);
}

void ambs_panels_invert(size_t n, double *u, const double *inverse, double *work, double *b)
{
    CHOOSE(invert)(count(n), u, inverse, work, b);
}
