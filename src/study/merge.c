/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "study/collect.h"
#include "study/store.h"

typedef struct source {
    ambs_table *table;
    ambs_spec *spec;
} source;

static int check_alike(const ambs_spec *first, const char *first_path, const ambs_spec *other,
                       const char *path, ambs_error *err)
{
    int rc = ambs_spec_check_space(first, first_path, other, path, err);
    if (rc != AMBS_OK) return ambs_wrap(err, rc, "the spaces differ");
    if (strcmp(first->metric, other->metric) != 0 || first->goal != other->goal)
        return ambs_fail(err, AMBS_E_MISMATCH, "metric: %s %s in %s, %s %s in %s",
                         first->goal == AMBS_MINIMIZE ? "minimize" : "maximize", first->metric,
                         first_path, other->goal == AMBS_MINIMIZE ? "minimize" : "maximize",
                         other->metric, path);
    bool alike = first->n_goals == other->n_goals;
    for (size_t i = 0; alike && i < first->n_goals; i++)
        alike = strcmp(first->goals[i].name, other->goals[i].name) == 0 &&
                first->goals[i].goal == other->goals[i].goal;
    if (!alike)
        return ambs_fail(err, AMBS_E_MISMATCH, "metrics: other metrics or goals in %s than in %s",
                         path, first_path);
    return AMBS_OK;
}

static int load_all(const char *const *paths, size_t n, source *sources, ambs_error *err)
{
    int rc = AMBS_OK;
    for (size_t i = 0; i < n && rc == AMBS_OK; i++) {
        rc = ambs_study_load(paths[i], &sources[i].table, &sources[i].spec, NULL, err);
        if (rc == AMBS_OK)
            rc = check_alike(sources[0].spec, paths[0], sources[i].spec, paths[i], err);
    }
    return rc;
}

/* Complete trials first, so that a failure in one study does not hide a result of another. */
static int collect(const char *const *paths, size_t n, const source *sources, const char *output,
                   ambs_merge_findings *ret, ambs_error *err)
{
    ambs_collection c;
    int rc = ambs_collection_begin(&c, output, sources[0].spec, err);
    if (rc != AMBS_OK) return rc;
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < n && rc == AMBS_OK; i++)
            rc = ambs_collection_add(&c, sources[i].table, paths[i], pass == 0, err);
    int rc_end = ambs_collection_end(&c, rc != AMBS_OK, err);
    if (rc == AMBS_OK) rc = rc_end;
    *ret = (ambs_merge_findings){
        .n_trials = c.n_taken, .n_repeated = c.n_repeated, .n_unfinished = c.n_unfinished};
    return rc;
}

int ambs_study_merge(const char *const *paths, size_t n, const char *output,
                     ambs_merge_findings *ret_findings, ambs_error *err)
{
    if (n == 0)
        return ambs_fail(err, AMBS_E_INVALID, "found no study to merge, expected one or more");
    source *sources = ambs_calloc(n, sizeof *sources, err);
    if (!sources) return AMBS_E_NOMEM;
    int rc = load_all(paths, n, sources, err);
    if (rc == AMBS_OK) rc = collect(paths, n, sources, output, ret_findings, err);
    for (size_t i = 0; i < n; i++) {
        ambs_table_destroy(sources[i].table);
        ambs_spec_destroy(sources[i].spec);
    }
    free(sources);
    return rc;
}
