/* SPDX-License-Identifier: MIT */
/* A maximin Latin hypercube of as many points as the budget has trials: each parameter is covered
 * evenly, whichever of them matter (McKay, Beckman and Conover 1979, doi:10.2307/1268522). */
#include "search/walk.h"

/* Distances between all points decide the design: its cost grows with their square. */
enum { MAX_POINTS = 5000 };

static int check(const ambs_spec *spec, const void *options, ambs_error *err)
{
    (void)options;
    if (ambs_spec_planned(spec) == 0)
        return ambs_fail(err, AMBS_E_INVALID,
                         "found no budget.trials, expected it with the method lhs: a Latin "
                         "hypercube is made for a number of points; or use the method sobol");
    if (ambs_spec_planned(spec) > MAX_POINTS)
        return ambs_fail(err, AMBS_E_INVALID,
                         "found %llu trials, expected at most %d with the method lhs; use the "
                         "method sobol",
                         (unsigned long long)ambs_spec_planned(spec), MAX_POINTS);
    return AMBS_OK;
}

static int init(void *state, const ambs_method_context *context, ambs_error *err)
{
    return ambs_walk_init(state, context, "lhs", ambs_spec_planned(context->spec), NULL, NULL, err);
}

const ambs_method_ops ambs_method_lhs = {
    .member = {.name = "lhs", .summary = "Latin hypercube of as many points as the budget has"},
    .several_goals = true,
    .state_size = sizeof(ambs_walk),
    .init = init,
    .fini = ambs_walk_fini,
    .check = check,
    .ask = ambs_walk_ask,
    .restore = ambs_walk_restore,
};
