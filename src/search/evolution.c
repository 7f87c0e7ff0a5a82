/* SPDX-License-Identifier: MIT */
/* Regularised evolution (Real, Aggarwal, Huang and Le 2019, doi:10.1609/aaai.v33i01.33014780): the
 * population is the last `population` results; the best of a random sample of it is changed in one
 * parameter; the oldest dies. Age, not rank, ends a life, so a result that was lucky is forgotten
 * unless its children are good too.
 *
 * Asynchronous as published: a child is made of what is known when a worker is free. A failed trial
 * is part of the population and loses every comparison. O(sample) per ask. */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "search/fresh.h"
#include "space/space.h"

enum { MAX_TRIES = 200 };
static const double sd_least = 0.005, sd_most = 0.4;

typedef struct evolution_options {
    long long population, sample;
} evolution_options;

typedef struct evolution_state {
    ambs_method_context context;
    const evolution_options *options;
    uint64_t *told; /* [population] ids of the last results, a ring */
    uint64_t n_told;
} evolution_state;

static const ambs_option option_table[] = {
    {"population", AMBS_OPTION_INT, offsetof(evolution_options, population), "30", 2, 1000000, NULL,
     "results that are alive; so many trials are drawn at random before the first child"},
    {"sample", AMBS_OPTION_INT, offsetof(evolution_options, sample), "10", 1, 1000000, NULL,
     "how many of them are compared to find the parent of a child"},
    {0},
};

static int init(void *state, const ambs_method_context *context, ambs_error *err)
{
    evolution_state *s = state;
    s->context = *context;
    s->options = context->options;
    s->told = ambs_calloc((size_t)s->options->population, sizeof *s->told, err);
    return s->told ? AMBS_OK : AMBS_E_NOMEM;
}

static void fini(void *state)
{
    free(((evolution_state *)state)->told);
}

static int check(const ambs_spec *spec, const void *options, ambs_error *err)
{
    const evolution_options *o = options;
    (void)spec;
    if (o->sample <= o->population) return AMBS_OK;
    return ambs_fail(err, AMBS_E_INVALID,
                     "sample: found %lld, expected at most the population of %lld", o->sample,
                     o->population);
}

static const ambs_known *alive(const evolution_state *s, uint64_t i)
{
    return s->context.trial(s->context.search, s->told[i]);
}

static const double *choose_parent(const evolution_state *s, ambs_random *random)
{
    const ambs_known *best = NULL;
    for (long long i = 0; i < s->options->sample; i++) {
        const ambs_known *one =
            alive(s, ambs_random_below(random, (uint64_t)s->options->population));
        if (!best || one->y < best->y || isnan(best->y)) best = one;
    }
    return best->x;
}

/* The parent with one parameter changed, feasible and new; false where no try gave one. */
static bool make_child(const evolution_state *s, const double *parent, ambs_random *random,
                       double *ret_x)
{
    const ambs_method_context *c = &s->context;
    size_t d = ambs_space_dimension(c->space);
    for (int tries = 0; tries < MAX_TRIES; tries++) {
        size_t i = (size_t)ambs_random_below(random, d);
        const ambs_parameter *p = ambs_space_parameter(c->space, i);
        size_t which = p->type == AMBS_PARAMETER_CATEGORICAL && p->n_levels > 1
                           ? (size_t)ambs_random_below(random, p->n_levels - 1)
                           : 0;
        double sd = sd_least * pow(sd_most / sd_least, ambs_random_uniform(random));
        if (ambs_space_neighbour(c->space, parent, i, which, sd, random, ret_x) &&
            !c->is_taken(c->search, ret_x))
            return true;
    }
    return false;
}

static int ask(void *state, uint64_t id, ambs_proposal *ret, ambs_error *err)
{
    const evolution_state *s = state;
    ambs_random random;
    ambs_random_init(&random, s->context.spec->seed, id, AMBS_PURPOSE_SAMPLE);
    ret->origin = AMBS_ORIGIN_MODEL;
    if (s->n_told >= (uint64_t)s->options->population &&
        make_child(s, choose_parent(s, &random), &random, ret->x))
        return AMBS_OK;
    ret->origin = AMBS_ORIGIN_RANDOM;
    return ambs_search_fresh(&s->context, &random, ret->x, err);
}

static int tell(void *state, uint64_t id, ambs_error *err)
{
    (void)err;
    evolution_state *s = state;
    s->told[s->n_told++ % (uint64_t)s->options->population] = id;
    return AMBS_OK;
}

const ambs_method_ops ambs_method_evolution = {
    .member = {.name = "evolution",
               .summary = "regularised evolution: the oldest dies",
               .options = option_table,
               .options_size = sizeof(evolution_options)},
    .state_size = sizeof(evolution_state),
    .begins_with_default = true,
    .init = init,
    .fini = fini,
    .check = check,
    .ask = ask,
    .tell = tell,
};
