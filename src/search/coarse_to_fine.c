/* SPDX-License-Identifier: MIT */
/* Coarse to fine, as a person tunes by hand (and as lecture notes on training networks teach it):
 * a round of random trials, then rounds on grids around several of the best, each round with half
 * the range and so, with as many levels, double the density.
 *
 * Round r = (trials so far) / round. In rounds from 1 on an ask takes, in turn, one of the `centres`
 * best results and a random point of the grid of `levels` points a parameter over a box of 2^-r of
 * the range around it; a categorical parameter is drawn anew with probability 2^-r. A point that is
 * known or forbidden is drawn again. Where a box has no free point left, the ask is random. */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "search/fresh.h"
#include "space/space.h"

enum { MAX_TRIES = 1000, MAX_CENTRES = 64, MAX_ROUND = 50 };

typedef struct coarse_options {
    long long round, centres, levels;
} coarse_options;

typedef struct coarse_state {
    ambs_method_context context;
    const coarse_options *options;
    uint64_t round;             /* trials of a round */
    uint64_t best[MAX_CENTRES]; /* ids of the least results, best first */
    size_t n_best;
    double *u, *centre; /* [d] each */
} coarse_state;

static const ambs_option option_table[] = {
    {"round", AMBS_OPTION_INT, offsetof(coarse_options, round), "0", 0, 1e9, NULL,
     "trials before the range is halved; 0: a fifth of the budget, at least 4 d"},
    {"centres", AMBS_OPTION_INT, offsetof(coarse_options, centres), "3", 1, MAX_CENTRES, NULL,
     "best results that a round searches around"},
    {"levels", AMBS_OPTION_INT, offsetof(coarse_options, levels), "5", 2, 1000, NULL,
     "points of a round's grid in each parameter"},
    {0},
};

static uint64_t round_of(const ambs_spec *spec, const coarse_options *o)
{
    if (o->round > 0) return (uint64_t)o->round;
    uint64_t least = 4 * (uint64_t)ambs_space_dimension(spec->space);
    uint64_t n = ambs_spec_planned(spec) / 5;
    return n > least ? n : least;
}

static void fini(void *state)
{
    free(((coarse_state *)state)->u);
    free(((coarse_state *)state)->centre);
}

static int init(void *state, const ambs_method_context *context, ambs_error *err)
{
    coarse_state *s = state;
    size_t d = ambs_space_dimension(context->space);
    s->context = *context;
    s->options = context->options;
    s->round = round_of(context->spec, s->options);
    s->u = ambs_calloc(d, sizeof *s->u, err);
    s->centre = ambs_calloc(d, sizeof *s->centre, err);
    if (s->u && s->centre) return AMBS_OK;
    fini(s);
    return AMBS_E_NOMEM;
}

static void describe(const ambs_spec *spec, const void *options, ambs_text *out)
{
    const coarse_options *o = options;
    ambs_text_addf(out,
                   "%llu random trials, then rounds of as many around the %lld best, the range "
                   "halved each time",
                   (unsigned long long)round_of(spec, o), o->centres);
}

/* u [d]: a random point of the grid of round r around s->centre. */
static void draw_point(const coarse_state *s, int r, ambs_random *random)
{
    const ambs_space *space = s->context.space;
    double width = ldexp(1, -r), last = (double)(s->options->levels - 1);
    for (size_t i = 0; i < ambs_space_dimension(space); i++) {
        bool category = ambs_space_parameter(space, i)->type == AMBS_PARAMETER_CATEGORICAL;
        double k = (double)ambs_random_below(random, (uint64_t)s->options->levels);
        double fresh = ambs_random_uniform(random), anew = ambs_random_uniform(random);
        double u = s->centre[i] + (k / last - 0.5) * width;
        if (isnan(s->centre[i])) /* inactive at the centre: a choice above it changed */
            u = fresh;
        else if (category)
            u = anew < width ? fresh : s->centre[i];
        s->u[i] = u < 0 ? 0 : u > 1 ? 1 : u;
    }
}

static bool ask_around(coarse_state *s, uint64_t id, int r, ambs_random *random, double *ret_x)
{
    const ambs_method_context *c = &s->context;
    size_t n = s->n_best < (size_t)s->options->centres ? s->n_best : (size_t)s->options->centres;
    if (n == 0) return false;
    ambs_space_to_unit(c->space, c->trial(c->search, s->best[id % n])->x, s->centre);
    for (int tries = 0; tries < MAX_TRIES; tries++) {
        draw_point(s, r, random);
        ambs_space_from_unit(c->space, s->u, ret_x);
        if (ambs_space_feasible(c->space, ret_x) && !c->is_taken(c->search, ret_x)) return true;
    }
    return false;
}

static int ask(void *state, uint64_t id, ambs_proposal *ret, ambs_error *err)
{
    coarse_state *s = state;
    uint64_t round = id / s->round;
    ambs_random random;
    ambs_random_init(&random, s->context.spec->seed, id, AMBS_PURPOSE_SAMPLE);
    ret->origin = AMBS_ORIGIN_MODEL;
    if (round > 0 && ask_around(s, id, round < MAX_ROUND ? (int)round : MAX_ROUND, &random, ret->x))
        return AMBS_OK;
    ret->origin = AMBS_ORIGIN_RANDOM;
    return ambs_search_fresh(&s->context, &random, ret->x, err);
}

static void place(coarse_state *s, uint64_t id)
{
    const ambs_method_context *c = &s->context;
    double y = c->trial(c->search, id)->y;
    if (isnan(y)) return;
    size_t at = s->n_best;
    while (at > 0 && y < c->trial(c->search, s->best[at - 1])->y) at--;
    if (at == MAX_CENTRES) return;
    size_t last = s->n_best < MAX_CENTRES ? s->n_best++ : MAX_CENTRES - 1;
    for (size_t i = last; i > at; i--) s->best[i] = s->best[i - 1];
    s->best[at] = id;
}

static int tell(void *state, uint64_t id, ambs_error *err)
{
    (void)err;
    place(state, id);
    return AMBS_OK;
}

static int tell_again(void *state, uint64_t id, ambs_error *err)
{
    (void)id, (void)err;
    coarse_state *s = state;
    s->n_best = 0;
    uint64_t n = s->context.n_trials(s->context.search);
    for (uint64_t i = 0; i < n; i++) place(s, i);
    return AMBS_OK;
}

const ambs_method_ops ambs_method_coarse_to_fine = {
    .member = {.name = "coarse_to_fine",
               .summary = "random, then finer and finer grids around the best",
               .options = option_table,
               .options_size = sizeof(coarse_options)},
    .state_size = sizeof(coarse_state),
    .begins_with_default = true,
    .init = init,
    .fini = fini,
    .describe = describe,
    .ask = ask,
    .tell = tell,
    .tell_again = tell_again,
};
