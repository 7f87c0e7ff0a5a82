/* SPDX-License-Identifier: MIT */
/* One-exchange neighbours for the local search of an acquisition function. */
#include <math.h>

#include "space/private.h"

enum { STEP_TRIES = 32 };

double ambs_reflect_unit(double u)
{
    double folded = fabs(fmod(u, 2.0));
    return folded > 1 ? 2 - folded : folded;
}

/* A normal step from `u`. A step too short to reach another of the discrete values goes to the next
 * one in its direction, so that coarse parameters move at any sd. */
static bool step_numeric(const dimension *dim, double value, double sd, ambs_random *random,
                         double *ret_value)
{
    if (dim->n_values == 1) return false;
    double u = ambs_dimension_to_unit(dim, value);
    for (int tries = 0; tries < STEP_TRIES; tries++) {
        double z = ambs_random_normal(random);
        double next = ambs_dimension_from_unit(dim, ambs_reflect_unit(u + sd * z));
        if (next == value && dim->n_values > 0) {
            double k = ambs_dimension_index_of(dim, value), direction = z < 0 ? -1 : 1;
            if (k + direction < 0 || k + direction > dim->n_values - 1) direction = -direction;
            next = ambs_dimension_value_at(dim, k + direction);
        }
        if (next == value) continue; /* a continuous step that rounding swallowed */
        *ret_value = next;
        return true;
    }
    return false;
}

bool ambs_space_neighbour(const ambs_space *space, const double *x, size_t i, size_t which,
                          double sd, ambs_random *random, double *ret_x)
{
    const dimension *dim = &space->dims[i];
    if (isnan(x[i]) || dim->p.type == AMBS_PARAMETER_CONSTANT) return false;
    double value;
    if (dim->p.type == AMBS_PARAMETER_CATEGORICAL) {
        if (which + 1 >= dim->p.n_levels) return false;
        value = (double)(which + ((double)which >= x[i] ? 1 : 0));
    } else if (!step_numeric(dim, x[i], sd, random, &value)) {
        return false;
    }
    for (size_t k = 0; k < space->d; k++) ret_x[k] = x[k];
    ret_x[i] = value;
    ambs_space_apply_conditions(space, ret_x, ambs_dimension_draw, random);
    return ambs_space_feasible(space, ret_x);
}
