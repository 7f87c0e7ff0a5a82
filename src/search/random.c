/* SPDX-License-Identifier: MIT */
/* Random search: every configuration by the parameters' own distributions, none twice. */
#include "search/fresh.h"

typedef struct random_state {
    ambs_method_context context;
} random_state;

static int init(void *state, const ambs_method_context *context, ambs_error *err)
{
    (void)err;
    ((random_state *)state)->context = *context;
    return AMBS_OK;
}

static int ask(void *state, uint64_t id, ambs_proposal *ret, ambs_error *err)
{
    random_state *s = state;
    ambs_random random;
    ambs_random_init(&random, s->context.spec->seed, id, AMBS_PURPOSE_SAMPLE);
    ret->origin = AMBS_ORIGIN_RANDOM;
    return ambs_search_fresh(&s->context, &random, ret->x, err);
}

const ambs_method_ops ambs_method_random = {
    .member = {.name = "random", .summary = "independent random configurations"},
    .several_goals = true,
    .state_size = sizeof(random_state),
    .begins_with_default = true,
    .init = init,
    .ask = ask,
};
