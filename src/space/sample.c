/* SPDX-License-Identifier: MIT */
/* Random configurations: drawn from the parameters' distributions, rejected while a constraint is
 * false.
 *
 * Where rejection would hardly ever succeed (rate below 1 %), feasible configurations were kept
 * when the space was finished. If those are all there are, one of them is drawn. Else one of them
 * starts a Metropolis walk whose target is the same distribution restricted to the feasible set:
 * each move changes one parameter by a symmetric step in the unit cube or draws it anew, what it
 * activates is drawn from its distribution, and a move into the forbidden is not made. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "space/private.h"

enum { TRIES_MAX = 10000, WALK_LENGTH = 20 /* moves per parameter */ };
#define STEP_MIN 1e-3 /* shortest and longest deviation of a step */
#define STEP_MAX 0.5

void ambs_space_draw(const ambs_space *space, ambs_random *random, double *x)
{
    for (size_t i = 0; i < space->d; i++)
        x[i] = ambs_dimension_from_unit(&space->dims[i], ambs_random_uniform(random));
    ambs_space_apply_conditions(space, x, NULL, NULL);
}

double ambs_dimension_draw(const dimension *dim, void *random)
{
    return ambs_dimension_from_unit(dim, ambs_random_uniform(random));
}

/* Proposes another value of an active parameter. */
static double move(const dimension *dim, double value, ambs_random *random)
{
    bool fresh = ambs_random_below(random, 2) == 0;
    if (fresh || dim->p.type == AMBS_PARAMETER_CATEGORICAL) return ambs_dimension_draw(dim, random);
    double sd = STEP_MIN * pow(STEP_MAX / STEP_MIN, ambs_random_uniform(random));
    double u = ambs_dimension_to_unit(dim, value) + sd * ambs_random_normal(random);
    return ambs_dimension_from_unit(dim, ambs_reflect_unit(u));
}

static int walk(const ambs_space *space, ambs_random *random, double *x, ambs_error *err)
{
    double *next = ambs_calloc(space->d, sizeof *next, err);
    if (!next) return AMBS_E_NOMEM;
    for (size_t moves = 0; moves < WALK_LENGTH * space->d; moves++) {
        size_t i = (size_t)ambs_random_below(random, space->d);
        if (isnan(x[i])) continue;
        memcpy(next, x, space->d * sizeof *x);
        next[i] = move(&space->dims[i], x[i], random);
        ambs_space_apply_conditions(space, next, ambs_dimension_draw, random);
        if (ambs_space_feasible(space, next)) memcpy(x, next, space->d * sizeof *x);
    }
    free(next);
    return AMBS_OK;
}

int ambs_space_sample(const ambs_space *space, ambs_random *random, double *ret_x, ambs_error *err)
{
    if (space->known) {
        size_t row = (size_t)ambs_random_below(random, space->n_known);
        memcpy(ret_x, space->known + row * space->d, space->d * sizeof *ret_x);
        return space->all_known ? AMBS_OK : walk(space, random, ret_x, err);
    }
    for (int tries = 0; tries < TRIES_MAX; tries++) {
        ambs_space_draw(space, random, ret_x);
        if (ambs_space_feasible(space, ret_x)) return AMBS_OK;
    }
    return ambs_fail(
        err, AMBS_E_INFEASIBLE,
        "none of %d random configurations satisfied the constraints (rate seen before: %.2g %%)",
        TRIES_MAX, 100 * space->feasible_rate);
}
