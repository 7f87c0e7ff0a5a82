/* SPDX-License-Identifier: MIT */
#include "search/walk.h"

#include <stdlib.h>

#include "base/memory.h"
#include "search/fresh.h"
#include "space/space.h"

enum { MAX_MISSES = 10000 };

static int make_options(ambs_walk *w, const char *option, const char *value, ambs_error *err)
{
    const ambs_member *m = &w->design->member;
    if (!m->options) return AMBS_OK;
    w->options = ambs_calloc(1, m->options_size, err);
    if (!w->options) return AMBS_E_NOMEM;
    int rc = ambs_options_init(m->options, w->options, err);
    if (rc == AMBS_OK && option) rc = ambs_options_set(m->options, w->options, option, value, err);
    return rc;
}

int ambs_walk_init(ambs_walk *w, const ambs_method_context *context, const char *name,
                   uint64_t total, const char *option, const char *value, ambs_error *err)
{
    w->context = *context;
    w->total = total;
    int rc = ambs_design_find(name, &w->design, err);
    if (rc == AMBS_OK) rc = make_options(w, option, value, err);
    if (rc == AMBS_OK) {
        size_t rows = w->design->is_sequence ? 1 : (size_t)total;
        w->u = ambs_calloc(rows, ambs_space_dimension(context->space) * sizeof *w->u, err);
        if (!w->u) rc = AMBS_E_NOMEM;
    }
    if (rc != AMBS_OK) ambs_walk_fini(w);
    return rc;
}

void ambs_walk_fini(void *walk)
{
    ambs_walk *w = walk;
    free(w->options);
    free(w->u);
}

/* Point w->next of the design, there is one; *ret_u [d] is the walk's. */
static int take_point(ambs_walk *w, const double **ret_u, ambs_error *err)
{
    size_t d = ambs_space_dimension(w->context.space);
    uint64_t seed = w->context.spec->seed;
    int rc = AMBS_OK;
    *ret_u = w->u;
    if (w->design->is_sequence) {
        rc = w->design->points(w->options, seed, d, w->next, 1, w->total, w->u, err);
    } else {
        if (!w->made)
            rc = w->design->points(w->options, seed, d, 0, (size_t)w->total, w->total, w->u, err);
        w->made = rc == AMBS_OK;
        *ret_u = w->u + w->next * d;
    }
    if (rc == AMBS_OK) w->next++;
    return rc;
}

/* The next point that is feasible and new, from w->next on; none at the end of the design, or when
 * MAX_MISSES in a row are not. */
static int next_point(ambs_walk *w, double *ret_x, bool *ret_found, ambs_error *err)
{
    const ambs_method_context *c = &w->context;
    *ret_found = false;
    for (int i = 0; !w->spent && i < MAX_MISSES; i++) {
        if (!w->design->is_sequence && w->next >= w->total) break;
        const double *u;
        int rc = take_point(w, &u, err);
        if (rc != AMBS_OK) return rc;
        ambs_space_from_unit(c->space, u, ret_x);
        *ret_found = ambs_space_feasible(c->space, ret_x) && !c->is_taken(c->search, ret_x);
        if (*ret_found) return AMBS_OK;
    }
    w->spent = true;
    return AMBS_OK;
}

int ambs_walk_ask(void *walk, uint64_t id, ambs_proposal *ret, ambs_error *err)
{
    ambs_walk *w = walk;
    bool found;
    int rc = next_point(w, ret->x, &found, err);
    if (rc != AMBS_OK) return rc;
    ret->origin = found ? AMBS_ORIGIN_DESIGN : AMBS_ORIGIN_RANDOM;
    if (found) return AMBS_OK;
    ambs_random random;
    ambs_random_init(&random, w->context.spec->seed, id, AMBS_PURPOSE_SAMPLE);
    return ambs_search_fresh(&w->context, &random, ret->x, err);
}

/* The place in the design is all there is to restore: walked to, as ask did. */
int ambs_walk_restore(void *walk, const ambs_proposal *proposal, bool adopted, ambs_error *err)
{
    ambs_walk *w = walk;
    if (adopted) return AMBS_OK;
    double *x = ambs_calloc(ambs_space_dimension(w->context.space), sizeof *x, err);
    if (!x) return AMBS_E_NOMEM;
    bool found;
    int rc = next_point(w, x, &found, err);
    if (rc == AMBS_OK && found && !ambs_space_equal(w->context.space, x, proposal->x))
        rc = ambs_fail(err, AMBS_E_MISMATCH,
                       "trial %llu as recorded is not the next point of the design %s",
                       (unsigned long long)proposal->trial, w->design->member.name);
    free(x);
    return rc;
}
