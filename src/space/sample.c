/* SPDX-License-Identifier: MIT */
/* Random configurations: drawn, conditions applied, rejected while a constraint is false. Where
 * rejection would hardly ever succeed and the space is discrete and small, its members were listed
 * when it was finished, and one of them is drawn, each as likely as any other. */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"
#include "space/private.h"

enum {
    TRIES_MAX = 10000,         /* of one sample */
    MEASURE_MAX = 100000,      /* tries while the rate is measured */
    MEASURE_ENOUGH = 1000,     /* feasible ones that make the rate certain to 3 % */
    COUNT_NODES_MAX = 2000000, /* partial configurations visited to count the space: some 50 ms */
    MEMBERS_MAX = 100000       /* configurations that may be listed */
};
#define RATE_LOW 0.01

static void draw(const ambs_space *space, ambs_random *random, double *x)
{
    for (size_t i = 0; i < space->d; i++)
        x[i] = ambs_dimension_from_unit(&space->dims[i], ambs_random_uniform(random));
    ambs_space_apply_conditions(space, x, NULL, NULL);
}

int ambs_space_sample(const ambs_space *space, ambs_random *random, double *ret_x, ambs_error *err)
{
    if (space->members) {
        const double *row = space->members + space->d * ambs_random_below(random, space->n_members);
        for (size_t i = 0; i < space->d; i++) ret_x[i] = row[i];
        return AMBS_OK;
    }
    for (int tries = 0; tries < TRIES_MAX; tries++) {
        draw(space, random, ret_x);
        if (ambs_space_feasible(space, ret_x)) return AMBS_OK;
    }
    return ambs_fail(
        err, AMBS_E_INFEASIBLE,
        "none of %d random configurations satisfied the constraints (rate seen before: %.2g %%)",
        TRIES_MAX, 100 * space->feasible_rate);
}

/* The constraint that was false most often, for the message. */
static size_t hardest(const ambs_space *space, const size_t *broken)
{
    size_t worst = 0;
    for (size_t c = 1; c < space->n_constraints; c++)
        if (broken[c] > broken[worst]) worst = c;
    return worst;
}

static bool count_broken(const ambs_space *space, const double *x, size_t *broken)
{
    bool feasible = true;
    for (size_t c = 0; c < space->n_constraints; c++) {
        if (ambs_expression_evaluate(space->constraints[c].expression, space, x) != 0) continue;
        broken[c]++;
        feasible = false;
    }
    return feasible;
}

/* Sets the rate; `broken` [n_constraints] counts how often each constraint was false. */
static void measure_rate(ambs_space *space, double *x, size_t *broken, size_t *ret_tries)
{
    ambs_random random;
    ambs_random_init(&random, 0, 0,
                     AMBS_PURPOSE_SAMPLE); /* a fixed stream: the rate belongs to the space */
    size_t feasible = 0, tries = 0;
    while (tries < MEASURE_MAX && feasible < MEASURE_ENOUGH) {
        draw(space, &random, x);
        feasible += count_broken(space, x, broken);
        tries++;
    }
    space->feasible_rate = (double)feasible / (double)tries;
    *ret_tries = tries;
}

static double product_of_levels(const ambs_space *space)
{
    double product = 1;
    for (size_t i = 0; i < space->d; i++) {
        if (space->dims[i].n_values == 0) return INFINITY;
        /* A conditional parameter has one more state: inactive. */
        product *= space->dims[i].n_values + (space->dims[i].n_clauses > 0 ? 1 : 0);
    }
    return product;
}

static int measure_cardinality(ambs_space *space, ambs_error *err)
{
    double bound = product_of_levels(space);
    space->cardinality = bound;
    space->cardinality_exact = true;
    if (isinf(bound) || (space->n_conditional == 0 && space->n_constraints == 0)) return AMBS_OK;
    double count;
    int rc =
        ambs_space_count(space, COUNT_NODES_MAX, NULL, 0, &count, &space->cardinality_exact, err);
    if (rc == AMBS_OK && space->cardinality_exact) space->cardinality = count;
    return rc;
}

/* Lists the members where rejection would be slow and there are few. */
static int list_members(ambs_space *space, ambs_error *err)
{
    if (!space->cardinality_exact || space->cardinality > MEMBERS_MAX ||
        space->feasible_rate >= RATE_LOW)
        return AMBS_OK;
    space->n_members = (size_t)space->cardinality;
    space->members = ambs_calloc(space->n_members * space->d, sizeof *space->members, err);
    if (!space->members) return AMBS_E_NOMEM;
    double count;
    bool complete;
    return ambs_space_count(space, COUNT_NODES_MAX, space->members, space->n_members, &count,
                            &complete, err);
}

static int refuse_empty(const ambs_space *space, const size_t *broken, size_t tries,
                        ambs_error *err)
{
    size_t worst = hardest(space, broken);
    bool certain = space->cardinality == 0;
    return ambs_fail(err, AMBS_E_INFEASIBLE,
                     "%s: 0 of %zu random configurations satisfied the constraints; \"%.1000s\" "
                     "was false in %.4g %% of "
                     "them",
                     certain ? "the space is empty (all configurations were tried)"
                             : "no feasible configuration was found",
                     tries, space->constraints[worst].text,
                     100.0 * (double)broken[worst] / (double)tries);
}

int ambs_space_measure(ambs_space *space, ambs_error *err)
{
    space->feasible_rate = 1;
    int rc = measure_cardinality(space, err);
    if (rc != AMBS_OK || space->n_constraints == 0) return rc;
    size_t tries;
    size_t *broken = ambs_calloc(space->n_constraints, sizeof *broken, err);
    double *x = ambs_calloc(space->d, sizeof *x, err);
    if (broken && x) {
        measure_rate(space, x, broken, &tries);
        bool listed =
            space->cardinality_exact && space->cardinality > 0 && !isinf(space->cardinality);
        if (space->feasible_rate == 0 && !listed)
            rc = refuse_empty(space, broken, tries, err);
        else
            rc = list_members(space, err);
    } else {
        rc = AMBS_E_NOMEM;
    }
    free(broken);
    free(x);
    return rc;
}
