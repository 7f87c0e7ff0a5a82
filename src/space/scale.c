/* SPDX-License-Identifier: MIT */
/* Values to and from the unit interval.
 *
 * A continuous parameter maps F(x) linearly from [F(min), F(max)] onto [0, 1]. A stepped one gives
 * each value v the share of the interval that lies nearer to it than to its neighbours: F(v - h) to
 * F(v + h) with half a step h; the outer shares end as far beyond F(min) and F(max) as their inner
 * half is wide, so that linear shares are all equal and every scale stays inside its domain. */
#include <math.h>

#include "space/private.h"

static double forward(ambs_scale scale, double x)
{
    switch (scale) {
    case AMBS_SCALE_LOG:
        return log(x);
    case AMBS_SCALE_REVERSE_LOG:
        return -log1p(-x);
    case AMBS_SCALE_LOGIT:
        return log(x / (1 - x));
    default:
        return x;
    }
}

static double backward(ambs_scale scale, double t)
{
    switch (scale) {
    case AMBS_SCALE_LOG:
        return exp(t);
    case AMBS_SCALE_REVERSE_LOG:
        return -expm1(-t);
    case AMBS_SCALE_LOGIT:
        return 1 / (1 + exp(-t));
    default:
        return t;
    }
}

/* Steps written in decimals (0.1) are not exact in binary, and 3 * 0.1 is not 0.3; with whole
 * numbers a and b, (a + k b) / 10^e is, since one division rounds once. */
static double decimals_of(double min, double step)
{
    for (double power = 1; power <= 1e15; power *= 10) {
        double a = min * power, b = step * power;
        if (fabs(a) > 0x1p52 || fabs(b) > 0x1p52) return 0;
        if (nearbyint(a) / power == min && nearbyint(b) / power == step) return power;
    }
    return 0;
}

void ambs_dimension_scale(dimension *dim)
{
    const ambs_parameter *p = &dim->p;
    if (!ambs_parameter_is_numeric(p)) {
        dim->n_values = (double)p->n_levels;
        return;
    }
    double low = forward(p->scale, p->min), high = forward(p->scale, p->max);
    dim->low = low;
    dim->high = high;
    dim->step = p->step > 0 ? p->step : p->type == AMBS_PARAMETER_INT ? 1 : 0;
    if (p->min == p->max) {
        dim->n_values = 1;
    } else if (dim->step > 0) {
        double h = dim->step / 2;
        dim->n_values = nearbyint((p->max - p->min) / dim->step) + 1;
        dim->decimals = decimals_of(p->min, dim->step);
        dim->low = 2 * low - forward(p->scale, p->min + h);
        dim->high = 2 * high - forward(p->scale, p->max - h);
    }
}

double ambs_dimension_value_at(const dimension *dim, double k)
{
    const ambs_parameter *p = &dim->p;
    if (!ambs_parameter_is_numeric(p)) return k;
    if (k >= dim->n_values - 1) return p->max;
    if (dim->decimals > 0)
        return (nearbyint(p->min * dim->decimals) + k * nearbyint(dim->step * dim->decimals)) /
               dim->decimals;
    return p->min + k * dim->step;
}

double ambs_dimension_index_of(const dimension *dim, double value)
{
    double k = ambs_parameter_is_numeric(&dim->p)
                   ? (dim->n_values > 1 ? nearbyint((value - dim->p.min) / dim->step) : 0)
                   : nearbyint(value);
    return fmin(fmax(k, 0), dim->n_values - 1);
}

/* Which of n equal shares holds u. */
static double share_of(double u, double n)
{
    return fmin(floor(u * n), n - 1);
}

static double category_of(const dimension *dim, double u)
{
    if (!dim->cumulative) return share_of(u, dim->n_values);
    size_t low = 0, high = dim->p.n_levels - 1; /* the first whose running sum is above u */
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (u < dim->cumulative[middle])
            high = middle;
        else
            low = middle + 1;
    }
    return (double)low;
}

double ambs_dimension_from_unit(const dimension *dim, double u)
{
    const ambs_parameter *p = &dim->p;
    if (isnan(u)) u = 0.5;
    u = fmin(fmax(u, 0), 1);
    if (!ambs_parameter_is_numeric(p)) return category_of(dim, u);
    if (dim->n_values == 1 || u == 0) return p->min;
    if (u == 1) return p->max;
    if (dim->n_values > 0 && p->scale == AMBS_SCALE_LINEAR)
        return ambs_dimension_value_at(dim, share_of(u, dim->n_values));
    double x = backward(p->scale, dim->low + u * (dim->high - dim->low));
    return ambs_dimension_snap(dim, x);
}

/* The middle of the share of the k-th value, in the scale. */
static double share_middle(const dimension *dim, double k)
{
    ambs_scale scale = dim->p.scale;
    double v = ambs_dimension_value_at(dim, k), h = dim->step / 2;
    double below = k == 0 ? dim->low : forward(scale, v - h);
    double above = k == dim->n_values - 1 ? dim->high : forward(scale, v + h);
    return (below + above) / 2;
}

double ambs_dimension_to_unit(const dimension *dim, double value)
{
    const ambs_parameter *p = &dim->p;
    if (isnan(value)) return NAN;
    if (dim->n_values == 1) return 0.5;
    if (dim->cumulative) {
        size_t k = (size_t)value;
        return ((k > 0 ? dim->cumulative[k - 1] : 0) + dim->cumulative[k]) / 2;
    }
    if (!ambs_parameter_is_numeric(p)) return (value + 0.5) / dim->n_values;
    if (dim->n_values > 0) {
        double k = ambs_dimension_index_of(dim, value);
        if (p->scale == AMBS_SCALE_LINEAR) return (k + 0.5) / dim->n_values;
        return (share_middle(dim, k) - dim->low) / (dim->high - dim->low);
    }
    if (value <= p->min) return 0;
    if (value >= p->max) return 1;
    return fmin(fmax((forward(p->scale, value) - dim->low) / (dim->high - dim->low), 0), 1);
}
