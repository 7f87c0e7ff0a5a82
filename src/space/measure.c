/* SPDX-License-Identifier: MIT */
/* What is found out about a space when it is finished: how many configurations it has, which share
 * of the random ones is feasible, and, where that share is small, some or all of the feasible ones.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "space/private.h"

enum {
    MEASURE_MAX = 100000,      /* tries while the rate is measured */
    MEASURE_MIN = 1000,        /* the same with so many parameters that time matters */
    MEASURE_VALUES = 20000000, /* values drawn in all: a second */
    MEASURE_ENOUGH = 1000,     /* feasible ones that make the rate certain to 3 % */
    COUNT_NODES_MAX = 2000000, /* partial configurations visited to count the space: some 50 ms */
    LISTED_MAX = 100000        /* configurations that may be listed completely */
};
#define RATE_LOW 0.01

/* What one measurement needs and finds. */
typedef struct measurement {
    size_t *broken; /* [n_constraints] how often each constraint was false */
    double *rows;   /* [rows_max, d] the feasible ones */
    size_t n_rows, rows_max, tries, tries_max;
} measurement;

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

static void measure_rate(ambs_space *space, measurement *m)
{
    ambs_random random; /* a fixed stream: the rate belongs to the space */
    ambs_random_init(&random, 0, 0, AMBS_PURPOSE_SAMPLE);
    while (m->tries < m->tries_max && m->n_rows < m->rows_max) {
        double *x = m->rows + m->n_rows * space->d;
        ambs_space_draw(space, &random, x);
        m->n_rows += count_broken(space, x, m->broken);
        m->tries++;
    }
    space->feasible_rate = (double)m->n_rows / (double)m->tries;
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

/* Lists all members of a discrete space with few of them. */
static int list_all(ambs_space *space, ambs_error *err)
{
    double count;
    space->n_known = (size_t)space->cardinality;
    space->known = ambs_calloc(space->n_known * space->d, sizeof *space->known, err);
    if (!space->known) return AMBS_E_NOMEM;
    return ambs_space_count(space, COUNT_NODES_MAX, space->known, space->n_known, &count,
                            &space->all_known, err);
}

/* Keeps the feasible ones that the measurement met, from which walks can start. */
static int keep_rows(ambs_space *space, const measurement *m, ambs_error *err)
{
    space->known = ambs_memdup(m->rows, m->n_rows * space->d, sizeof *m->rows, err);
    if (!space->known) return AMBS_E_NOMEM;
    space->n_known = m->n_rows;
    return AMBS_OK;
}

static int refuse_empty(const ambs_space *space, const measurement *m, ambs_error *err)
{
    size_t worst = hardest(space, m->broken);
    return ambs_fail(
        err, AMBS_E_INFEASIBLE,
        "%s: 0 of %zu random configurations satisfied the constraints; \"%.1000s\" was "
        "false in %.4g %% of them",
        space->cardinality == 0 ? "the space is empty (all configurations were tried)"
                                : "no feasible configuration was found",
        m->tries, space->constraints[worst].text,
        100.0 * (double)m->broken[worst] / (double)m->tries);
}

/* Decides how a hardly feasible space will be sampled, or that it is empty. */
static int prepare_sampling(ambs_space *space, measurement *m, ambs_error *err)
{
    if (space->feasible_rate >= RATE_LOW) return AMBS_OK;
    bool countable = space->cardinality_exact && !isinf(space->cardinality);
    if (countable && space->cardinality == 0) return refuse_empty(space, m, err);
    if (countable && space->cardinality <= LISTED_MAX) return list_all(space, err);
    /* The user's default may be the one configuration that is known. */
    if (m->n_rows == 0 && ambs_space_defaults(space, m->rows, NULL) == AMBS_OK) m->n_rows = 1;
    return m->n_rows > 0 ? keep_rows(space, m, err) : refuse_empty(space, m, err);
}

int ambs_space_measure(ambs_space *space, ambs_error *err)
{
    space->feasible_rate = 1;
    int rc = measure_cardinality(space, err);
    if (rc != AMBS_OK || space->n_constraints == 0) return rc;
    size_t tries = MEASURE_VALUES / space->d;
    measurement m = {.tries_max = tries < MEASURE_MIN   ? MEASURE_MIN
                                  : tries > MEASURE_MAX ? MEASURE_MAX
                                                        : tries};
    m.rows_max = m.tries_max / (MEASURE_MAX / MEASURE_ENOUGH);
    m.broken = ambs_calloc(space->n_constraints, sizeof *m.broken, err);
    m.rows = ambs_calloc(m.rows_max * space->d, sizeof *m.rows, err);
    if (m.broken && m.rows) {
        measure_rate(space, &m);
        rc = prepare_sampling(space, &m, err);
    } else {
        rc = AMBS_E_NOMEM;
    }
    free(m.broken);
    free(m.rows);
    return rc;
}
