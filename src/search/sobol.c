/* SPDX-License-Identifier: MIT */
/* The scrambled Sobol sequence over the space. */
#include "search/walk.h"

typedef struct sobol_options {
    bool scramble;
} sobol_options;

static const ambs_option option_table[] = {
    {"scramble", AMBS_OPTION_BOOL, offsetof(sobol_options, scramble), "true", 1, 0, NULL,
     "Owen's scrambling by the study's seed; false gives the plain sequence"},
    {0},
};

static int init(void *state, const ambs_method_context *context, ambs_error *err)
{
    const sobol_options *o = context->options;
    return ambs_walk_init(state, context, "sobol", 0, "scramble", o->scramble ? "true" : "false",
                          err);
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

const ambs_method_ops ambs_method_sobol = {
    .member = {.name = "sobol",
               .summary = "scrambled Sobol sequence",
               .options = option_table,
               .options_size = sizeof(sobol_options)},
    .several_goals = true,
    .state_size = sizeof(ambs_walk),
    .init = init,
    .fini = ambs_walk_fini,
    .check = check,
    .ask = ambs_walk_ask,
    .restore = ambs_walk_restore,
};
