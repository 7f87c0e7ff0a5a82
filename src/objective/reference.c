/* SPDX-License-Identifier: MIT */
/* The plain reference of the family: the sum of squares of the unit coordinates (inactive: 0),
 * reported `steps` times on the way, one share of it at each step. */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "objective/objective.h"

typedef struct reference_options {
    long long steps;
} reference_options;

static const ambs_option options[] = {
    {"reference", AMBS_OPTION_INT, offsetof(reference_options, steps), "0", 0, 1e6, NULL,
     "Number of step reports of a trial."},
    {.name = NULL},
};

typedef struct reference_state {
    const ambs_space *space;
    const char *metric;
    long long steps;
    double *u; /* [d] */
} reference_state;

static void close_reference(void *state)
{
    reference_state *s = state;
    if (!s) return;
    free(s->u);
    free(s);
}

static int open_reference(const void *opts, const ambs_space *space, const char *metric,
                          void **ret_state, ambs_error *err)
{
    const reference_options *o = opts;
    reference_state *s = ambs_calloc(1, sizeof *s, err);
    if (!s) return AMBS_E_NOMEM;
    *s = (reference_state){.space = space, .metric = metric, .steps = o->steps};
    s->u = ambs_calloc(ambs_space_dimension(space), sizeof *s->u, err);
    if (!s->u) {
        close_reference(s);
        return AMBS_E_NOMEM;
    }
    *ret_state = s;
    return AMBS_OK;
}

static int evaluate(void *state, const ambs_attempt *attempt, const ambs_reporter *reporter,
                    ambs_outcome *ret, ambs_error *err)
{
    (void)err;
    reference_state *s = state;
    double sum = 0;
    ambs_space_to_unit(s->space, attempt->x, s->u);
    for (size_t i = 0; i < ambs_space_dimension(s->space); i++)
        if (!isnan(s->u[i])) sum += s->u[i] * s->u[i];
    ret->state = AMBS_TRIAL_COMPLETE;
    ret->objective = sum;
    for (long long step = 1; step <= s->steps; step++) {
        double value = sum * (double)s->steps / (double)step;
        if (reporter->report(reporter->ctx, step, s->metric, value) == AMBS_CONTINUE) continue;
        ret->state = AMBS_TRIAL_PRUNED;
        ret->objective = value;
        break;
    }
    return AMBS_OK;
}

const ambs_objective_ops ambs_objective_reference = {
    .member = {.name = "reference",
               .summary = "sum of squares in the unit cube, with step reports",
               .options = options,
               .options_size = sizeof(reference_options),
               .for_tests = true},
    .hosted = true,
    .open = open_reference,
    .evaluate = evaluate,
    .close = close_reference,
};
