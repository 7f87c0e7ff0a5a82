/* SPDX-License-Identifier: MIT */
/* Every distinct configuration of a discrete space, by depth-first search over the parameters in
 * order (parents first; an inactive parameter has the one state NaN). A parameter not yet set is
 * NaN, so unknown, and Kleene logic is monotone: a constraint that is false with unknowns stays
 * false whatever they become. So each constraint is asked as soon as its last parameter is set, and
 * a false one cuts off the whole subtree. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/memory.h"
#include "space/private.h"

struct ambs_space_cursor {
    const ambs_space *space;
    double *x;
    size_t *last; /* [n_constraints] position in the order of the constraint's last parameter */
    size_t depth; /* how many parameters are set */
    size_t nodes; /* visited so far */
    bool begun;
};

/* The position of the last parameter that constraint c reads; 0 when it reads none. */
static size_t last_position(const ambs_space *space, size_t c, bool *used)
{
    for (size_t i = 0; i < space->d; i++) used[i] = false;
    ambs_expression_mark(space->constraints[c].expression, used);
    size_t last = 0;
    for (size_t k = 0; k < space->d; k++)
        if (used[space->order[k]]) last = k;
    return last;
}

int ambs_space_cursor_create(const ambs_space *space, ambs_space_cursor **ret_cursor,
                             ambs_error *err)
{
    for (size_t i = 0; i < space->d; i++)
        if (space->dims[i].n_values == 0)
            return ambs_fail(
                err, AMBS_E_INVALID,
                "parameter \"%s\" is continuous: its values cannot be listed; give it a step",
                space->dims[i].p.name);
    ambs_space_cursor *cursor = ambs_calloc(1, sizeof *cursor, err);
    if (!cursor) return AMBS_E_NOMEM;
    cursor->space = space;
    cursor->x = ambs_calloc(space->d, sizeof *cursor->x, err);
    cursor->last = ambs_calloc(space->n_constraints, sizeof *cursor->last, err);
    bool *used = ambs_calloc(space->d, sizeof *used, err);
    if (!cursor->x || !cursor->last || !used) {
        free(used);
        ambs_space_cursor_destroy(cursor);
        return AMBS_E_NOMEM;
    }
    for (size_t i = 0; i < space->d; i++) cursor->x[i] = NAN;
    for (size_t c = 0; c < space->n_constraints; c++)
        cursor->last[c] = last_position(space, c, used);
    free(used);
    *ret_cursor = cursor;
    return AMBS_OK;
}

void ambs_space_cursor_destroy(ambs_space_cursor *cursor)
{
    if (!cursor) return;
    free(cursor->x);
    free(cursor->last);
    free(cursor);
}

/* Gives the parameter at `depth` its first value. */
static void enter(ambs_space_cursor *cursor)
{
    const ambs_space *space = cursor->space;
    size_t i = space->order[cursor->depth];
    bool active = ambs_space_is_active(space, i, cursor->x);
    cursor->x[i] = active ? ambs_dimension_value_at(&space->dims[i], 0) : NAN;
    cursor->depth++;
    cursor->nodes++;
}

/* Moves on to the next value at the deepest place that has one; false when the tree is done. */
static bool advance(ambs_space_cursor *cursor)
{
    const ambs_space *space = cursor->space;
    while (cursor->depth > 0) {
        size_t i = space->order[cursor->depth - 1];
        const dimension *dim = &space->dims[i];
        double *value = &cursor->x[i];
        if (!isnan(*value)) {
            double k = ambs_dimension_index_of(dim, *value) + 1;
            if (k < dim->n_values) {
                *value = ambs_dimension_value_at(dim, k);
                cursor->nodes++;
                return true;
            }
        }
        *value = NAN;
        cursor->depth--;
    }
    return false;
}

static bool is_cut(const ambs_space_cursor *cursor)
{
    const ambs_space *space = cursor->space;
    for (size_t c = 0; c < space->n_constraints; c++)
        if (cursor->last[c] + 1 == cursor->depth &&
            ambs_expression_evaluate(space->constraints[c].expression, space, cursor->x) == 0)
            return true;
    return false;
}

/* Walks to the next member or until `limit` nodes were visited. */
static bool walk(ambs_space_cursor *cursor, size_t limit)
{
    const ambs_space *space = cursor->space;
    if (cursor->begun && !advance(cursor)) return false;
    if (!cursor->begun) enter(cursor);
    cursor->begun = true;
    while (cursor->nodes < limit) {
        if (is_cut(cursor)) {
            if (!advance(cursor)) return false;
        } else if (cursor->depth == space->d) {
            return true;
        } else {
            enter(cursor);
        }
    }
    return false;
}

bool ambs_space_cursor_next(ambs_space_cursor *cursor, double *ret_x)
{
    if (cursor->begun && cursor->depth == 0) return false; /* was done before */
    if (!walk(cursor, SIZE_MAX)) return false;
    for (size_t i = 0; i < cursor->space->d; i++) ret_x[i] = cursor->x[i];
    return true;
}

int ambs_space_count(const ambs_space *space, size_t limit, double *ret_members, size_t n_members,
                     double *ret_count, bool *ret_complete, ambs_error *err)
{
    ambs_space_cursor *cursor;
    int rc = ambs_space_cursor_create(space, &cursor, err);
    if (rc != AMBS_OK) return rc;
    size_t n = 0;
    while (walk(cursor, limit)) {
        for (size_t i = 0; i < space->d && n < n_members; i++)
            ret_members[n * space->d + i] = cursor->x[i];
        n++;
    }
    *ret_count = (double)n;
    *ret_complete = cursor->depth == 0;
    ambs_space_cursor_destroy(cursor);
    return AMBS_OK;
}
