/* SPDX-License-Identifier: MIT */
/* A method that breaks its contract, for tests of the driver: of four asks one repeats trial 0, one
 * gives a configuration of values that no parameter has, one fails, and one does as it should. */
#include <math.h>

#include "search/fresh.h"

typedef struct hostile_state {
    ambs_method_context context;
    unsigned asks;
} hostile_state;

static int init(void *state, const ambs_method_context *context, ambs_error *err)
{
    (void)err;
    ((hostile_state *)state)->context = *context;
    return AMBS_OK;
}

static int ask(void *state, uint64_t id, ambs_proposal *ret, ambs_error *err)
{
    hostile_state *s = state;
    const ambs_method_context *c = &s->context;
    size_t d = ambs_space_dimension(c->space);
    ret->origin = AMBS_ORIGIN_RANDOM;
    unsigned turn = s->asks++ % 4;
    if (turn == 1 && id > 0) {
        for (size_t i = 0; i < d; i++) ret->x[i] = c->trial(c->search, 0)->x[i];
        return AMBS_OK;
    }
    if (turn == 2) {
        for (size_t i = 0; i < d; i++) ret->x[i] = -INFINITY;
        return AMBS_OK;
    }
    if (turn == 3)
        return ambs_fail(err, AMBS_E_NUMERIC, "the hostile method refuses every fourth ask");
    ambs_random random;
    ambs_random_init(&random, c->spec->seed, id, AMBS_PURPOSE_SAMPLE);
    return ambs_search_fresh(c, &random, ret->x, err);
}

const ambs_method_ops ambs_method_hostile = {
    .member = {.name = "hostile",
               .summary = "repeats, forbidden values and refusals",
               .for_tests = true},
    .state_size = sizeof(hostile_state),
    .init = init,
    .ask = ask,
};
