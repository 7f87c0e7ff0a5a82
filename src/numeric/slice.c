/* SPDX-License-Identifier: MIT */
#include "numeric/slice.h"

#include <math.h>
#include <string.h>

enum { MAX_STEPS_OUT = 20, MAX_SHRINKS = 100 };

/* ln of the density at x + t direction. */
static double value_at(const ambs_slice_problem *p, const double *x, const double *direction,
                       double t, double *at)
{
    for (size_t i = 0; i < p->n; i++) {
        at[i] = x[i] + t * direction[i];
        if (!(at[i] >= p->lower[i] && at[i] <= p->upper[i])) return -INFINITY;
    }
    return p->log_density(p->of, at);
}

void ambs_slice_step(const ambs_slice_problem *p, double width, ambs_random *random, double *x,
                     double *value, double *work)
{
    double *direction = work, *at = work + p->n, length = 0;
    for (size_t i = 0; i < p->n; i++) {
        direction[i] = ambs_random_normal(random);
        length += direction[i] * direction[i];
    }
    if (!(length > 0)) return;
    for (size_t i = 0; i < p->n; i++) direction[i] /= sqrt(length);
    double level = *value + log(ambs_random_uniform(random)),
           low = -width * ambs_random_uniform(random), high = low + width;
    for (int k = 0; k < MAX_STEPS_OUT && value_at(p, x, direction, low, at) > level; k++)
        low -= width;
    for (int k = 0; k < MAX_STEPS_OUT && value_at(p, x, direction, high, at) > level; k++)
        high += width;
    for (int k = 0; k < MAX_SHRINKS; k++) {
        double t = low + (high - low) * ambs_random_uniform(random),
               found = value_at(p, x, direction, t, at);
        if (found > level) {
            memcpy(x, at, p->n * sizeof *x);
            *value = found;
            return;
        }
        if (t < 0)
            low = t;
        else
            high = t;
    }
}
