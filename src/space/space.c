/* SPDX-License-Identifier: MIT */
/* A space is built by adding, checked as a whole by ambs_space_finish(), and read-only from then
 * on. */
#include "space/private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

/* Names are looked up one by one, and a file that lists millions is a mistake. */
enum { PARAMETERS_MAX = 10000 };

int ambs_space_create(ambs_space **ret_space, ambs_error *err)
{
    ambs_space *space = ambs_calloc(1, sizeof *space, err);
    if (!space) return AMBS_E_NOMEM;
    *ret_space = space;
    return AMBS_OK;
}

void ambs_space_destroy(ambs_space *space)
{
    if (!space) return;
    for (size_t i = 0; i < space->d; i++) ambs_dimension_fini(&space->dims[i]);
    for (size_t i = 0; i < space->n_constraints; i++) {
        free(space->constraints[i].text);
        ambs_expression_destroy(space->constraints[i].expression);
    }
    free(space->dims);
    free(space->constraints);
    free(space->order);
    free(space->conditional);
    free(space->known);
    free(space);
}

static int check_open(const ambs_space *space, ambs_error *err)
{
    if (!space->finished) return AMBS_OK;
    return ambs_fail(err, AMBS_E_INVALID, "the space is finished, nothing can be added to it");
}

int ambs_space_add(ambs_space *space, const ambs_parameter *parameter, ambs_error *err)
{
    int rc = check_open(space, err);
    if (rc != AMBS_OK) return rc;
    if (parameter->name && ambs_space_find(space, parameter->name) >= 0)
        return ambs_fail(err, AMBS_E_INVALID, "parameter \"%.60s\" is there already",
                         parameter->name);
    if (space->d == PARAMETERS_MAX)
        return ambs_fail(err, AMBS_E_INVALID, "more than %d parameters", (int)PARAMETERS_MAX);
    rc = ambs_reserve(&space->dims, &space->capacity, space->d + 1, sizeof *space->dims, err);
    if (rc == AMBS_OK) rc = ambs_dimension_init(&space->dims[space->d], parameter, err);
    if (rc == AMBS_OK) space->d++;
    return rc;
}

/* Appends a zeroed clause to the child's; the caller fills it, and destroying the space frees it.
 */
static int new_clause(ambs_space *space, const char *child, clause **ret_clause, ambs_error *err)
{
    int rc = check_open(space, err);
    if (rc != AMBS_OK) return rc;
    int i = ambs_space_find(space, child);
    if (i < 0)
        return ambs_fail(err, AMBS_E_INVALID, "when: there is no parameter \"%.60s\"", child);
    dimension *dim = &space->dims[i];
    rc = ambs_reserve(&dim->clauses, &dim->clause_capacity, dim->n_clauses + 1,
                      sizeof *dim->clauses, err);
    if (rc != AMBS_OK) return rc;
    *ret_clause = &dim->clauses[dim->n_clauses++];
    **ret_clause = (clause){0};
    return AMBS_OK;
}

int ambs_space_add_condition(ambs_space *space, const char *child, const char *parent,
                             const double *values, size_t n, ambs_error *err)
{
    if (n == 0)
        return ambs_fail(err, AMBS_E_INVALID,
                         "when of parameter \"%.60s\": no value of \"%.60s\" is listed", child,
                         parent);
    clause *c = NULL;
    int rc = new_clause(space, child, &c, err);
    if (rc != AMBS_OK) return rc;
    c->parent_name = ambs_strdup(parent, err);
    c->values = ambs_memdup(values, n, sizeof *values, err);
    c->n_values = n;
    return c->parent_name && c->values ? AMBS_OK : AMBS_E_NOMEM;
}

/* Names may follow later; those that are there tell a '-' inside a name from a minus. */
static int check_expression(const ambs_space *space, const char *text, ambs_error *err)
{
    ambs_expression *expression = NULL;
    int rc = ambs_expression_compile(space, text, &expression, err);
    ambs_expression_destroy(expression);
    if (rc == AMBS_E_INVALID && ambs_expression_compile(NULL, text, NULL, NULL) == AMBS_OK)
        rc = AMBS_OK;
    return rc;
}

int ambs_space_add_condition_expression(ambs_space *space, const char *child,
                                        const char *expression, ambs_error *err)
{
    int rc = check_expression(space, expression, err);
    if (rc != AMBS_OK)
        return ambs_wrap(err, rc, "when of parameter \"%.60s\" (%.200s)", child, expression);
    clause *c = NULL;
    rc = new_clause(space, child, &c, err);
    if (rc != AMBS_OK) return rc;
    c->text = ambs_strdup(expression, err);
    return c->text ? AMBS_OK : AMBS_E_NOMEM;
}

int ambs_space_add_constraint(ambs_space *space, const char *expression, ambs_error *err)
{
    int rc = check_open(space, err);
    if (rc == AMBS_OK) rc = check_expression(space, expression, err);
    if (rc != AMBS_OK) return ambs_wrap(err, rc, "constraint \"%.200s\"", expression);
    rc = ambs_reserve(&space->constraints, &space->constraint_capacity, space->n_constraints + 1,
                      sizeof *space->constraints, err);
    if (rc != AMBS_OK) return rc;
    char *text = ambs_strdup(expression, err);
    if (!text) return AMBS_E_NOMEM;
    space->constraints[space->n_constraints++] = (constraint){.text = text};
    return AMBS_OK;
}

static int compile_constraints(ambs_space *space, ambs_error *err)
{
    for (size_t i = 0; i < space->n_constraints; i++) {
        constraint *c = &space->constraints[i];
        int rc = ambs_expression_compile(space, c->text, &c->expression, err);
        if (rc != AMBS_OK) return ambs_wrap(err, rc, "constraint \"%.200s\"", c->text);
    }
    return AMBS_OK;
}

int ambs_space_finish(ambs_space *space, ambs_error *err)
{
    int rc = check_open(space, err);
    if (rc != AMBS_OK) return rc;
    if (space->d == 0)
        return ambs_fail(err, AMBS_E_INVALID, "the space has no parameters, expected at least one");
    space->finished = true; /* once and for all: after an error it can only be destroyed */
    if ((rc = ambs_space_resolve_conditions(space, err)) != AMBS_OK) return rc;
    if ((rc = compile_constraints(space, err)) != AMBS_OK) return rc;
    if ((rc = ambs_space_measure(space, err)) != AMBS_OK) return rc;
    return ambs_space_compute_digest(space, err);
}

/* ---- reading ---- */

size_t ambs_space_dimension(const ambs_space *space)
{
    return space->d;
}

const ambs_parameter *ambs_space_parameter(const ambs_space *space, size_t i)
{
    return i < space->d ? &space->dims[i].p : NULL;
}

int ambs_space_find(const ambs_space *space, const char *name)
{
    for (size_t i = 0; i < space->d; i++)
        if (strcmp(space->dims[i].p.name, name) == 0) return (int)i;
    return -1;
}

const char *ambs_space_nearest_name(const ambs_space *space, const char *wrong)
{
    const char *best = NULL;
    for (size_t i = 0; i < space->d; i++) {
        const char *const one[] = {space->dims[i].p.name, NULL};
        if (!ambs_nearest_name(wrong, one)) continue;
        if (!best || ambs_edit_distance(wrong, one[0]) < ambs_edit_distance(wrong, best))
            best = one[0];
    }
    return best;
}

bool ambs_space_has_prior(const ambs_space *space)
{
    for (size_t i = 0; i < space->d; i++)
        if (space->dims[i].p.prior.spread > 0 || space->dims[i].p.prior.weights) return true;
    return false;
}

bool ambs_space_is_conditional(const ambs_space *space, size_t i)
{
    return space->dims[i].n_clauses > 0;
}

const char *ambs_space_condition_text(const ambs_space *space, size_t i)
{
    return space->dims[i].condition_text;
}

size_t ambs_space_n_constraints(const ambs_space *space)
{
    return space->n_constraints;
}

const char *ambs_space_constraint_text(const ambs_space *space, size_t i)
{
    return i < space->n_constraints ? space->constraints[i].text : NULL;
}

double ambs_space_feasible_rate(const ambs_space *space)
{
    return space->feasible_rate;
}

double ambs_space_cardinality(const ambs_space *space, bool *ret_exact)
{
    if (ret_exact) *ret_exact = space->cardinality_exact;
    return space->cardinality;
}

uint64_t ambs_space_digest(const ambs_space *space)
{
    return space->digest;
}

/* ---- configurations ---- */

void ambs_space_normalise(const ambs_space *space, double *x)
{
    for (size_t i = 0; i < space->d; i++) x[i] = ambs_dimension_snap(&space->dims[i], x[i]);
    ambs_space_apply_conditions(space, x, NULL, NULL);
}

bool ambs_space_feasible(const ambs_space *space, const double *x)
{
    for (size_t i = 0; i < space->n_constraints; i++)
        if (ambs_expression_evaluate(space->constraints[i].expression, space, x) == 0) return false;
    return true;
}

bool ambs_space_contains(const ambs_space *space, const double *x, ambs_error *err)
{
    for (size_t k = 0; k < space->d;
         k++) { /* parents first: activity is asked of values that were checked */
        size_t i = space->order[k];
        const dimension *dim = &space->dims[i];
        bool active = ambs_space_is_active(space, i, x);
        if (active && isnan(x[i])) {
            ambs_fail(err, AMBS_E_INVALID, "parameter \"%s\" has no value but is active",
                      dim->p.name);
            return false;
        }
        if (!active && !isnan(x[i])) {
            ambs_fail(err, AMBS_E_INVALID, "parameter \"%s\" has a value but is inactive (%.500s)",
                      dim->p.name, dim->condition_text);
            return false;
        }
        if (active && !ambs_dimension_holds(dim, x[i], err)) return false;
    }
    for (size_t i = 0; i < space->n_constraints; i++) {
        if (ambs_expression_evaluate(space->constraints[i].expression, space, x) != 0) continue;
        ambs_fail(err, AMBS_E_INVALID, "the constraint \"%.1000s\" is false",
                  space->constraints[i].text);
        return false;
    }
    return true;
}

bool ambs_space_equal(const ambs_space *space, const double *a, const double *b)
{
    for (size_t i = 0; i < space->d; i++)
        if (!(a[i] == b[i] || (isnan(a[i]) && isnan(b[i])))) return false;
    return true;
}

uint64_t ambs_space_hash(const ambs_space *space, const double *x)
{
    uint64_t hash = 0;
    for (size_t i = 0; i < space->d; i++) {
        double value = isnan(x[i]) ? (double)NAN : x[i] + 0.0; /* one NaN, and no -0 */
        uint64_t word;
        memcpy(&word, &value, sizeof word);
        hash = ambs_mix64(hash * 0x9e3779b97f4a7c15u + ambs_mix64(word + i));
    }
    return hash;
}

int ambs_space_defaults(const ambs_space *space, double *ret_x, ambs_error *err)
{
    for (size_t i = 0; i < space->d; i++) ret_x[i] = ambs_dimension_default(&space->dims[i]);
    ambs_space_apply_conditions(space, ret_x, NULL, NULL);
    for (size_t i = 0; i < space->n_constraints; i++)
        if (ambs_expression_evaluate(space->constraints[i].expression, space, ret_x) == 0)
            return ambs_fail(err, AMBS_E_INFEASIBLE,
                             "the default configuration is forbidden by the constraint \"%.1000s\"",
                             space->constraints[i].text);
    return AMBS_OK;
}

void ambs_space_from_unit(const ambs_space *space, const double *u, double *ret_x)
{
    for (size_t i = 0; i < space->d; i++)
        ret_x[i] = ambs_dimension_from_unit(&space->dims[i], u[i]);
    ambs_space_apply_conditions(space, ret_x, NULL, NULL);
}

void ambs_space_to_unit(const ambs_space *space, const double *x, double *ret_u)
{
    for (size_t i = 0; i < space->d; i++) ret_u[i] = ambs_dimension_to_unit(&space->dims[i], x[i]);
}
