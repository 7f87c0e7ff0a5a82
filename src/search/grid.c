/* SPDX-License-Identifier: MIT */
/* Grid search: the product of the parameters' values, the last parameter fastest. A numeric
 * parameter takes `levels` values even on its scale, both ends included, or all it has where those
 * are fewer. What conditions make equal is proposed once, what constraints forbid not at all. */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "search/method.h"
#include "space/space.h"

typedef struct grid_options {
    long long levels;
    long long max_size;
} grid_options;

typedef struct grid_state {
    ambs_method_context context;
    double **values; /* [d] arrays of n_values[i] */
    size_t *n_values;
    size_t *at; /* [d] the next node */
    bool done;
} grid_state;

static const ambs_option option_table[] = {
    {"levels", AMBS_OPTION_INT, offsetof(grid_options, levels), "5", 1, 1000000, NULL,
     "values of each numeric parameter, even on its scale, both ends included"},
    {"max_size", AMBS_OPTION_INT, offsetof(grid_options, max_size), "10000", 1, 1e15, NULL,
     "a grid of more configurations is refused"},
    {0},
};

/* The values a parameter may take; 0: continuous. */
static double count_values(const ambs_parameter *p)
{
    if (p->levels) return (double)p->n_levels;
    double step = p->step > 0 ? p->step : p->type == AMBS_PARAMETER_INT ? 1 : 0;
    if (p->min == p->max) return 1;
    return step > 0 ? floor((p->max - p->min) / step * (1 + 1e-12)) + 1 : 0;
}

static double grid_values(const ambs_parameter *p, const grid_options *o)
{
    double n = count_values(p);
    return p->levels || (n > 0 && n <= (double)o->levels) ? n : (double)o->levels;
}

static double grid_size(const ambs_space *space, const grid_options *o)
{
    double size = 1;
    for (size_t i = 0; i < ambs_space_dimension(space); i++)
        size *= grid_values(ambs_space_parameter(space, i), o);
    return size;
}

/* "3 x 5 x 5": the factors above 1, so that one sees which parameter makes the grid large. */
static void add_factors(const ambs_spec *spec, const grid_options *o, ambs_text *out)
{
    const char *before = "";
    for (size_t i = 0; i < ambs_space_dimension(spec->space); i++) {
        const ambs_parameter *p = ambs_space_parameter(spec->space, i);
        double n = grid_values(p, o);
        if (n <= 1) continue;
        ambs_text_addf(out, "%s%.0f %s", before, n, p->name);
        before = " x ";
    }
}

static void describe(const ambs_spec *spec, const void *options, ambs_text *out)
{
    bool exact = ambs_space_n_constraints(spec->space) == 0;
    for (size_t i = 0; i < ambs_space_dimension(spec->space); i++)
        exact = exact && !ambs_space_is_conditional(spec->space, i);
    ambs_text_addf(out, "a grid of %s%.15g configurations", exact ? "" : "at most ",
                   grid_size(spec->space, options));
    if (grid_size(spec->space, options) <= 1) return;
    ambs_text_add(out, " (");
    add_factors(spec, options, out);
    ambs_text_add(out, ")");
}

static int check(const ambs_spec *spec, const void *options, ambs_error *err)
{
    const grid_options *o = options;
    if (grid_size(spec->space, o) <= (double)o->max_size) return AMBS_OK;
    ambs_text what = {0};
    describe(spec, o, &what);
    int rc = ambs_text_check(&what, err);
    if (rc == AMBS_OK)
        rc = ambs_fail(err, AMBS_E_INVALID,
                       "found %s, expected at most %lld; lower `levels` (%lld), give parameters a "
                       "step, or set `max_size`",
                       what.text, o->max_size, o->levels);
    ambs_text_fini(&what);
    return rc;
}

/* Values of one numeric parameter, by a space of that parameter alone: its scale and steps are
 * floor 1's business. Equal neighbours (coarse steps on a steep scale) count once. */
static int fill_numeric(const ambs_parameter *p, size_t n, double *ret_values, size_t *ret_n,
                        ambs_error *err)
{
    ambs_space *line;
    int rc = ambs_space_create(&line, err);
    if (rc != AMBS_OK) return rc;
    rc = ambs_space_add(line, p, err);
    if (rc == AMBS_OK) rc = ambs_space_finish(line, err);
    size_t used = 0;
    bool all = count_values(p) == (double)n;
    double step = p->step > 0 ? p->step : 1;
    for (size_t k = 0; rc == AMBS_OK && k < n; k++) {
        double u = n > 1 ? (double)k / (double)(n - 1) : 0.5, x;
        ambs_space_from_unit(line, &u, &x);
        if (all) {
            x = p->min + (double)k * step;
            ambs_space_normalise(line, &x);
        }
        if (used == 0 || x != ret_values[used - 1]) ret_values[used++] = x;
    }
    ambs_space_destroy(line);
    *ret_n = used;
    return rc;
}

static int fill_values(const ambs_parameter *p, const grid_options *o, double **ret_values,
                       size_t *ret_n, ambs_error *err)
{
    size_t n = (size_t)grid_values(p, o);
    double *values = ambs_calloc(n, sizeof *values, err);
    if (!values) return AMBS_E_NOMEM;
    *ret_values = values;
    *ret_n = n;
    if (!p->levels) return fill_numeric(p, n, values, ret_n, err);
    for (size_t k = 0; k < n; k++) values[k] = (double)k;
    return AMBS_OK;
}

static void fini(void *state)
{
    grid_state *s = state;
    for (size_t i = 0; s->values && i < ambs_space_dimension(s->context.space); i++)
        free(s->values[i]);
    free(s->values);
    free(s->n_values);
    free(s->at);
}

static int init(void *state, const ambs_method_context *context, ambs_error *err)
{
    grid_state *s = state;
    size_t d = ambs_space_dimension(context->space);
    s->context = *context;
    s->values = ambs_calloc(d, sizeof *s->values, err);
    s->n_values = ambs_calloc(d, sizeof *s->n_values, err);
    s->at = ambs_calloc(d, sizeof *s->at, err);
    int rc = s->values && s->n_values && s->at ? AMBS_OK : AMBS_E_NOMEM;
    for (size_t i = 0; rc == AMBS_OK && i < d; i++)
        rc = fill_values(ambs_space_parameter(context->space, i), context->options, &s->values[i],
                         &s->n_values[i], err);
    if (rc != AMBS_OK) fini(s);
    return rc;
}

/* The node at s->at as a configuration; then s->at moves on. */
static void take_node(grid_state *s, double *ret_x)
{
    size_t d = ambs_space_dimension(s->context.space), i = d;
    for (size_t k = 0; k < d; k++) ret_x[k] = s->values[k][s->at[k]];
    ambs_space_normalise(s->context.space, ret_x);
    while (i > 0 && ++s->at[i - 1] == s->n_values[i - 1]) s->at[--i] = 0;
    s->done = i == 0;
}

static bool next_node(grid_state *s, double *ret_x)
{
    const ambs_method_context *c = &s->context;
    while (!s->done) {
        take_node(s, ret_x);
        if (ambs_space_feasible(c->space, ret_x) && !c->is_taken(c->search, ret_x)) return true;
    }
    return false;
}

static int ask(void *state, uint64_t id, ambs_proposal *ret, ambs_error *err)
{
    (void)id;
    if (!next_node(state, ret->x))
        return ambs_fail(err, AMBS_E_EXHAUSTED, "every configuration of the grid was proposed");
    ret->origin = AMBS_ORIGIN_DESIGN;
    return AMBS_OK;
}

static int restore(void *state, const ambs_proposal *proposal, bool adopted, ambs_error *err)
{
    grid_state *s = state;
    if (adopted) return AMBS_OK;
    double *x = ambs_calloc(ambs_space_dimension(s->context.space), sizeof *x, err);
    if (!x) return AMBS_E_NOMEM;
    int rc = AMBS_OK;
    if (!next_node(s, x) || !ambs_space_equal(s->context.space, x, proposal->x))
        rc = ambs_fail(err, AMBS_E_MISMATCH,
                       "trial %llu as recorded is not the next node of this grid",
                       (unsigned long long)proposal->trial);
    free(x);
    return rc;
}

const ambs_method_ops ambs_method_grid = {
    .member = {.name = "grid",
               .summary = "every combination of evenly spaced values",
               .options = option_table,
               .options_size = sizeof(grid_options)},
    .several_goals = true,
    .state_size = sizeof(grid_state),
    .init = init,
    .fini = fini,
    .check = check,
    .describe = describe,
    .ask = ask,
    .restore = restore,
};
