/* SPDX-License-Identifier: MIT */
/* The scrambled Sobol sequence over the space: point i of the sequence through the parameters'
 * transforms, leaving out what is forbidden or known. In a discrete space whose configurations the
 * sequence no longer meets, the rest comes at random. */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "numeric/design.h"
#include "search/fresh.h"
#include "space/space.h"

enum { MAX_MISSES = 10000 };

typedef struct sobol_options {
    bool scramble;
} sobol_options;

typedef struct sobol_state {
    ambs_method_context context;
    const ambs_design_ops *design;
    void *options; /* of the design */
    double *u;     /* [d] */
    uint64_t next; /* point of the sequence */
    bool spent;    /* MAX_MISSES points in a row gave nothing new */
} sobol_state;

static const ambs_option option_table[] = {
    {"scramble", AMBS_OPTION_BOOL, offsetof(sobol_options, scramble), "true", 1, 0, NULL,
     "Owen's scrambling by the study's seed; false gives the plain sequence"},
    {0},
};

static int init(void *state, const ambs_method_context *context, ambs_error *err)
{
    sobol_state *s = state;
    const sobol_options *o = context->options;
    s->context = *context;
    int rc = ambs_design_find("sobol", &s->design, err);
    if (rc != AMBS_OK) return rc;
    s->options = ambs_calloc(1, s->design->member.options_size, err);
    s->u = ambs_calloc(ambs_space_dimension(context->space), sizeof *s->u, err);
    rc = s->u && s->options ? AMBS_OK : AMBS_E_NOMEM;
    if (rc == AMBS_OK) rc = ambs_options_init(s->design->member.options, s->options, err);
    if (rc == AMBS_OK)
        rc = ambs_options_set(s->design->member.options, s->options, "scramble",
                              o->scramble ? "true" : "false", err);
    if (rc != AMBS_OK) {
        free(s->options);
        free(s->u);
    }
    return rc;
}

static void fini(void *state)
{
    free(((sobol_state *)state)->options);
    free(((sobol_state *)state)->u);
}

static int check(const ambs_spec *spec, const void *options, ambs_error *err)
{
    (void)options;
    size_t d = ambs_space_dimension(spec->space);
    if (d <= AMBS_SOBOL_MAX_DIMENSION) return AMBS_OK;
    return ambs_fail(err, AMBS_E_INVALID,
                     "found a space of %zu parameters, expected at most %d for the Sobol sequence; "
                     "use the method random",
                     d, AMBS_SOBOL_MAX_DIMENSION);
}

/* The next point that is feasible and new, from s->next on; none when MAX_MISSES in a row are not.
 */
static int next_point(sobol_state *s, double *ret_x, bool *ret_found, ambs_error *err)
{
    const ambs_method_context *c = &s->context;
    *ret_found = false;
    for (int i = 0; !s->spent && i < MAX_MISSES; i++) {
        int rc = s->design->points(s->options, c->spec->seed, ambs_space_dimension(c->space),
                                   s->next, 1, 0, s->u, err);
        if (rc != AMBS_OK) return rc;
        s->next++;
        ambs_space_from_unit(c->space, s->u, ret_x);
        *ret_found = ambs_space_feasible(c->space, ret_x) && !c->is_taken(c->search, ret_x);
        if (*ret_found) return AMBS_OK;
    }
    s->spent = true;
    return AMBS_OK;
}

static int ask(void *state, uint64_t id, ambs_proposal *ret, ambs_error *err)
{
    sobol_state *s = state;
    bool found;
    int rc = next_point(s, ret->x, &found, err);
    if (rc != AMBS_OK) return rc;
    ret->origin = found ? AMBS_ORIGIN_DESIGN : AMBS_ORIGIN_RANDOM;
    if (found) return AMBS_OK;
    ambs_random random;
    ambs_random_init(&random, s->context.spec->seed, id, AMBS_PURPOSE_SAMPLE);
    return ambs_search_fresh(&s->context, &random, ret->x, err);
}

/* The place in the sequence is all there is to restore: walked to, as ask did. */
static int restore(void *state, const ambs_proposal *proposal, bool adopted, ambs_error *err)
{
    sobol_state *s = state;
    if (adopted) return AMBS_OK;
    size_t d = ambs_space_dimension(s->context.space);
    double *x = ambs_calloc(d, sizeof *x, err);
    if (!x) return AMBS_E_NOMEM;
    bool found;
    int rc = next_point(s, x, &found, err);
    if (rc == AMBS_OK && found && !ambs_space_equal(s->context.space, x, proposal->x))
        rc = ambs_fail(err, AMBS_E_MISMATCH,
                       "trial %llu as recorded is not the next point of the Sobol sequence",
                       (unsigned long long)proposal->trial);
    free(x);
    return rc;
}

const ambs_method_ops ambs_method_sobol = {
    .member = {.name = "sobol",
               .summary = "scrambled Sobol sequence",
               .options = option_table,
               .options_size = sizeof(sobol_options)},
    .state_size = sizeof(sobol_state),
    .init = init,
    .fini = fini,
    .check = check,
    .ask = ask,
    .restore = restore,
};
