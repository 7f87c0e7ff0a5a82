/* SPDX-License-Identifier: MIT */
/* Recomputes every proposal from the operation log. After a proposal that differs the search is
 * restored to what was recorded, so that each proposal is judged by itself. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "study/life.h"
#include "study/resume.h"
#include "study/store.h"

#define TOLERANCE                                                                                  \
    1e-6 /* relative, or absolute below 1: other builds, kernels and thread counts round otherwise \
          */
enum {
    MOST_RESTORES = 1000
}; /* each costs a walk over the log: a replay that differs everywhere ends early */

typedef struct replay {
    const ambs_table *table;
    const ambs_spec *spec;
    ambs_search *search;
    double *x;
    size_t consumed, n_restores;
    ambs_replay_findings found;
    ambs_error *err;
} replay;

typedef enum likeness { SAME, NEAR, DIFFERENT } likeness;

static likeness compare(double a, double b)
{
    if (memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b))) return SAME;
    return fabs(a - b) <= TOLERANCE * fmax(1, fabs(a)) ? NEAR : DIFFERENT;
}

static likeness compare_proposals(const ambs_proposal *a, const ambs_proposal *b, size_t d)
{
    bool same = a->trial == b->trial && a->repeat == b->repeat && a->origin == b->origin &&
                a->refitted == b->refitted;
    if (a->repeat == 0) same = same && a->n_told == b->n_told && a->n_lies == b->n_lies;
    likeness worst = same ? SAME : DIFFERENT;
    const double pairs[][2] = {
        {a->mean, b->mean}, {a->sd, b->sd}, {a->acquisition, b->acquisition}, {a->lie, b->lie}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        likeness l = compare(pairs[i][0], pairs[i][1]);
        if (l > worst) worst = l;
    }
    for (size_t i = 0; i < d; i++) {
        likeness l = compare(a->x[i], b->x[i]);
        if (l > worst) worst = l;
    }
    return worst;
}

static int restore_to(replay *r, size_t n_asks)
{
    ambs_search_destroy(r->search);
    r->search = NULL;
    r->n_restores++;
    int rc = ambs_search_create(r->spec, &r->search, r->err);
    return rc == AMBS_OK ? ambs_study_restore(r->table, n_asks, r->search, r->err) : rc;
}

static void count(replay *r, uint64_t trial, likeness l)
{
    r->found.n_compared++;
    if (l == NEAR) r->found.n_within_tolerance++;
    if (l == DIFFERENT || (l == NEAR && r->found.same_build)) {
        r->found.n_different++;
        if (r->found.first_different == UINT64_MAX) r->found.first_different = trial;
    }
}

static int replay_ask(replay *r, const ambs_ask_walk *walk, size_t n_asks)
{
    ambs_proposal recorded = ambs_study_recorded_ask(walk);
    ambs_proposal anew = {.x = r->x};
    ambs_error why = {0};
    /* what was enqueued came next, so it was enqueued just before as far as the log can tell; its
     * repeats, which are of that origin too, were not */
    int rc = recorded.origin == AMBS_ORIGIN_ENQUEUED && recorded.repeat == 0
                 ? ambs_search_enqueue(r->search, recorded.x, &why)
                 : AMBS_OK;
    if (rc == AMBS_OK) rc = ambs_search_ask(r->search, &anew, &why);
    if (rc == AMBS_E_NOMEM) return ambs_fail(r->err, rc, "%s", why.text);
    likeness l = rc == AMBS_OK ? compare_proposals(&recorded, &anew, r->table->d) : DIFFERENT;
    count(r, walk->trial, l);
    return l == SAME ? AMBS_OK : restore_to(r, n_asks);
}

static int replay_all(replay *r)
{
    const ambs_table *t = r->table;
    int rc = AMBS_OK;
    ambs_ask_walk walk;
    ambs_asks_begin(&walk, t);
    for (size_t n = 1; rc == AMBS_OK && r->n_restores < MOST_RESTORES && ambs_asks_next(&walk);
         n++) {
        while (rc == AMBS_OK && r->consumed < walk.n_inputs)
            rc = ambs_study_feed_input(t, r->consumed++, r->search, r->err);
        if (rc == AMBS_OK) rc = replay_ask(r, &walk, n);
    }
    return rc;
}

static bool is_same_build(const ambs_table *t)
{
    char build[256];
    ambs_build_text(build);
    for (size_t i = 0; i < t->n_lives; i++)
        if (strcmp(t->lives[i].build, build) != 0) return false;
    return true;
}

static void describe(replay *r)
{
    ambs_replay_findings *f = &r->found;
    int n = snprintf(f->text, sizeof f->text, "%llu proposals recomputed%s: %llu differ",
                     (unsigned long long)f->n_compared,
                     f->same_build ? ", compared bit for bit"
                                   : " by another build, BLAS kernel, thread count or number of "
                                     "the model's ranks than recorded, compared to 1e-6",
                     (unsigned long long)f->n_different);
    if (f->first_different != UINT64_MAX && n > 0 && (size_t)n < sizeof f->text)
        n += snprintf(f->text + n, sizeof f->text - (size_t)n, ", the first is trial %llu",
                      (unsigned long long)f->first_different);
    if (r->n_restores >= MOST_RESTORES && n > 0 && (size_t)n < sizeof f->text)
        snprintf(f->text + n, sizeof f->text - (size_t)n, "; ended there, too many differ");
}

int ambs_study_replay(const char *path, ambs_replay_findings *ret_findings, ambs_error *err)
{
    ambs_table *table;
    ambs_spec *spec;
    int rc = ambs_study_load(path, &table, &spec, NULL, err);
    if (rc != AMBS_OK) return rc;
    replay r = {.table = table,
                .spec = spec,
                .err = err,
                .found = {.first_different = UINT64_MAX, .same_build = is_same_build(table)}};
    r.x = ambs_calloc(table->d, sizeof *r.x, err);
    rc = r.x ? ambs_search_create(spec, &r.search, err) : AMBS_E_NOMEM;
    if (rc == AMBS_OK) rc = replay_all(&r);
    describe(&r);
    ambs_search_destroy(r.search);
    free(r.x);
    ambs_table_destroy(table);
    ambs_spec_destroy(spec);
    if (rc == AMBS_OK) *ret_findings = r.found;
    return rc;
}
