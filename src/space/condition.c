/* SPDX-License-Identifier: MIT */
/* Which parameters are active. Parents come before children in `order`, so one pass decides all. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "space/private.h"

static int unknown_parent(const ambs_space *space, const dimension *dim, const char *name,
                          ambs_error *err)
{
    const char *near = ambs_space_nearest_name(space, name);
    return ambs_fail(err, AMBS_E_INVALID,
                     "when of parameter \"%s\": there is no parameter \"%.60s\"%s%s%s", dim->p.name,
                     name, near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
}

static int resolve_clause(const ambs_space *space, const dimension *dim, clause *c, bool *used,
                          ambs_error *err)
{
    if (!c->parent_name) {
        int rc = ambs_expression_compile(space, c->text, &c->expression, err);
        if (rc != AMBS_OK)
            return ambs_wrap(err, rc, "when of parameter \"%s\" (%.200s)", dim->p.name, c->text);
        ambs_expression_mark(c->expression, used);
        return AMBS_OK;
    }
    int parent = ambs_space_find(space, c->parent_name);
    if (parent < 0) return unknown_parent(space, dim, c->parent_name, err);
    c->parent = (size_t)parent;
    used[parent] = true;
    for (size_t v = 0; v < c->n_values; v++)
        if (!ambs_dimension_holds(&space->dims[parent], c->values[v], err))
            return ambs_wrap(err, AMBS_E_INVALID, "when of parameter \"%s\"", dim->p.name);
    return AMBS_OK;
}

static int resolve_dimension(const ambs_space *space, dimension *dim, bool *used, ambs_error *err)
{
    if (dim->n_clauses == 0) return AMBS_OK;
    memset(used, 0, space->d * sizeof *used);
    for (size_t c = 0; c < dim->n_clauses; c++) {
        int rc = resolve_clause(space, dim, &dim->clauses[c], used, err);
        if (rc != AMBS_OK) return rc;
    }
    size_t n = 0;
    for (size_t i = 0; i < space->d; i++) n += used[i];
    dim->parents = ambs_calloc(n, sizeof *dim->parents, err);
    if (!dim->parents) return AMBS_E_NOMEM;
    for (size_t i = 0; i < space->d; i++)
        if (used[i]) dim->parents[dim->n_parents++] = i;
    return AMBS_OK;
}

/* Every parameter in `left` waits for another in it, so walking from parent to parent runs into a
 * circle. */
static int name_cycle(const ambs_space *space, const bool *placed, ambs_error *err)
{
    size_t at = 0, start = 0;
    while (placed[at]) at++;
    ambs_text path = {0};
    for (size_t walk = 0; walk < 2 * space->d; walk++) {
        const dimension *dim = &space->dims[at];
        size_t k = 0;
        while (placed[dim->parents[k]]) k++;
        if (walk == space->d) start = at; /* by now the walk is inside the circle */
        if (walk >= space->d) {
            ambs_text_addf(&path, "\"%s\" needs \"%s\"", dim->p.name,
                           space->dims[dim->parents[k]].p.name);
            if (dim->parents[k] == start) break;
            ambs_text_add(&path, ", ");
        }
        at = dim->parents[k];
    }
    ambs_fail(err, AMBS_E_INVALID,
              "the conditions form a circle: %.3000s; let one of them not depend on the next",
              path.text ? path.text : "");
    ambs_text_fini(&path);
    return AMBS_E_INVALID;
}

static bool is_ready(const dimension *dim, const bool *placed)
{
    for (size_t k = 0; k < dim->n_parents; k++)
        if (!placed[dim->parents[k]]) return false;
    return true;
}

/* Always the first parameter whose parents are placed: the order is the user's where that is
 * possible. */
static int find_order(ambs_space *space, bool *placed, ambs_error *err)
{
    memset(placed, 0, space->d * sizeof *placed);
    size_t n = 0, first = 0; /* all before `first` are placed */
    while (n < space->d) {
        while (placed[first]) first++;
        size_t i = first;
        while (i < space->d && (placed[i] || !is_ready(&space->dims[i], placed))) i++;
        if (i == space->d) return name_cycle(space, placed, err);
        placed[i] = true;
        space->order[n++] = i;
        if (space->dims[i].n_clauses > 0) space->conditional[space->n_conditional++] = i;
    }
    return AMBS_OK;
}

/* "optimizer == sgd" or "optimizer in [sgd, rmsprop]"; expressions as they were written. */
static void write_clause(const ambs_space *space, const dimension *dim, const clause *c,
                         ambs_text *out)
{
    char buffer[32];
    if (!c->parent_name) {
        bool brackets = dim->n_clauses > 1;
        ambs_text_addf(out, brackets ? "(%s)" : "%s", c->text);
        return;
    }
    ambs_text_addf(out, c->n_values == 1 ? "%s == " : "%s in [", c->parent_name);
    for (size_t v = 0; v < c->n_values; v++) {
        if (v > 0) ambs_text_add(out, ", ");
        ambs_text_add(out, ambs_space_format(space, c->parent, c->values[v], buffer));
    }
    if (c->n_values != 1) ambs_text_add(out, "]");
}

static int write_condition(const ambs_space *space, dimension *dim, ambs_error *err)
{
    if (dim->n_clauses == 0) return AMBS_OK;
    ambs_text text = {0};
    for (size_t c = 0; c < dim->n_clauses; c++) {
        if (c > 0) ambs_text_add(&text, " and ");
        write_clause(space, dim, &dim->clauses[c], &text);
    }
    int rc = ambs_text_check(&text, err);
    if (rc == AMBS_OK)
        dim->condition_text = text.text;
    else
        ambs_text_fini(&text);
    return rc;
}

int ambs_space_resolve_conditions(ambs_space *space, ambs_error *err)
{
    int rc = AMBS_E_NOMEM;
    bool *flags = ambs_calloc(space->d, sizeof *flags, err);
    space->order = ambs_calloc(space->d, sizeof *space->order, err);
    space->conditional = ambs_calloc(space->d, sizeof *space->conditional, err);
    if (!flags || !space->order || !space->conditional) goto out;
    rc = AMBS_OK;
    for (size_t i = 0; i < space->d && rc == AMBS_OK; i++) {
        rc = resolve_dimension(space, &space->dims[i], flags, err);
        if (rc == AMBS_OK) rc = write_condition(space, &space->dims[i], err);
    }
    if (rc == AMBS_OK) rc = find_order(space, flags, err);
out:
    free(flags);
    return rc;
}

static bool clause_holds(const ambs_space *space, const clause *c, const double *x)
{
    if (c->expression) return ambs_expression_evaluate(c->expression, space, x) == 1;
    double value = x[c->parent]; /* NaN when inactive: equal to none */
    for (size_t v = 0; v < c->n_values; v++)
        if (value == c->values[v]) return true;
    return false;
}

bool ambs_space_is_active(const ambs_space *space, size_t i, const double *x)
{
    const dimension *dim = &space->dims[i];
    for (size_t c = 0; c < dim->n_clauses; c++)
        if (!clause_holds(space, &dim->clauses[c], x)) return false;
    return true;
}

void ambs_space_apply_conditions(const ambs_space *space, double *x,
                                 double (*fill)(const dimension *dim, void *ctx), void *ctx)
{
    for (size_t k = 0; k < space->n_conditional; k++) {
        size_t i = space->conditional[k];
        if (!ambs_space_is_active(space, i, x))
            x[i] = NAN;
        else if (isnan(x[i]) && fill)
            x[i] = fill(&space->dims[i], ctx);
    }
}
