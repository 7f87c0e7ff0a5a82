/* SPDX-License-Identifier: MIT */
#include "search/fresh.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "space/space.h"

enum { TRIES = 1000, ENUMERATION_LIMIT = 10000000 };

/* Walks the whole space and keeps one of the free configurations by reservoir sampling. */
static int pick_by_enumeration(const ambs_method_context *c, ambs_random *random, double *ret_x,
                               ambs_error *err)
{
    size_t d = ambs_space_dimension(c->space);
    uint64_t n_free = 0, n_all = 0;
    ambs_space_cursor *cursor;
    double *x = ambs_calloc(d, sizeof *x, err);
    if (!x) return AMBS_E_NOMEM;
    int rc = ambs_space_cursor_create(c->space, &cursor, err);
    if (rc != AMBS_OK) {
        free(x);
        return rc;
    }
    for (; ambs_space_cursor_next(cursor, x); n_all++)
        if (!c->is_taken(c->search, x) && ambs_random_below(random, ++n_free) == 0)
            memcpy(ret_x, x, d * sizeof *x);
    ambs_space_cursor_destroy(cursor);
    free(x);
    if (n_free > 0) return AMBS_OK;
    return ambs_fail(err, AMBS_E_EXHAUSTED, "all %llu configurations of the space were proposed",
                     (unsigned long long)n_all);
}

int ambs_search_fresh(const ambs_method_context *c, ambs_random *random, double *ret_x,
                      ambs_error *err)
{
    for (int i = 0; i < TRIES; i++) {
        int rc = ambs_space_sample(c->space, random, ret_x, err);
        if (rc == AMBS_OK && !c->is_taken(c->search, ret_x)) return AMBS_OK;
        if (rc == AMBS_E_INFEASIBLE) break; /* rare ones are still found by enumeration */
        if (rc != AMBS_OK) return rc;
    }
    bool exact;
    if (ambs_space_cardinality(c->space, &exact) <= ENUMERATION_LIMIT)
        return pick_by_enumeration(c, random, ret_x, err);
    return ambs_fail(
        err, AMBS_E_INFEASIBLE,
        "no new configuration was found in %d random tries; the constraints leave too few", TRIES);
}
