/* SPDX-License-Identifier: MIT */
/* A new study made of results of others: what merge and recover share. Every result becomes one
 * that was told by the caller, so the new study is consistent in itself and can be resumed. */
#ifndef AMBS_STUDY_COLLECT_H
#define AMBS_STUDY_COLLECT_H

#include "space/space.h"
#include "study/life.h"

typedef struct ambs_collection {
    const char *path;
    ambs_life life;
    ambs_space_set *seen;
    uint64_t n_taken, n_repeated, n_unfinished;
} ambs_collection;

/* Begins the new study. `spec` is borrowed. AMBS_E_INVALID when something is at `path`. */
int ambs_collection_begin(ambs_collection *c, const char *path, ambs_spec *spec, ambs_error *err);
/* Takes the trials of `table` that ended in the states complete (`complete`), or pruned and failed
 * (else), and whose configuration is in the space and was not taken before. `source` is for the
 * message of each. */
int ambs_collection_add(ambs_collection *c, const ambs_table *table, const char *source,
                        bool complete, ambs_error *err);
/* Ends the life and writes the study file; with `failed` only cleans up. */
int ambs_collection_end(ambs_collection *c, bool failed, ambs_error *err);

#endif
