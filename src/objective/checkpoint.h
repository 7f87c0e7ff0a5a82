/* SPDX-License-Identifier: MIT */
/* The folders in which trials save their state, for an attempt that goes on from there:
 *
 *   STUDY.h5.checkpoints/trial-7/attempt-1.published   what attempt 1 had saved
 *                                attempt-2             attempt 2 writes here
 *
 * Two attempts never share a folder. One is published by renaming it: by the runner when its
 * attempt has ended, and where the runner was lost with it, by the next attempt, so that a process
 * which went on writing unseen loses its way to it. What a program had not finished is known by its
 * name: files that begin with a dot or end in .part, .partial or .tmp do not count. */
#ifndef AMBS_OBJECTIVE_CHECKPOINT_H
#define AMBS_OBJECTIVE_CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "ambs/error.h"

/* Makes the folder of this attempt, and finds the latest one that an earlier attempt had saved
 * something in: *ret_resume, NULL where there is none. The caller frees both paths. AMBS_E_IO,
 * AMBS_E_NOMEM. Costs a few operations of the shared file system. */
int ambs_checkpoint_begin(const char *root, uint64_t trial, uint32_t attempt, char **ret_folder,
                          char **ret_resume, ambs_error *err);
/* The attempt has ended. `over`: the trial needs none of its folders any more, they are removed;
 * else the folder is published, or removed where nothing was saved. */
void ambs_checkpoint_end(const char *folder, bool over);
/* The same where only root, trial and attempt are known; nothing where the attempt has no folder. */
void ambs_checkpoint_settle(const char *root, uint64_t trial, uint32_t attempt, bool over);

/* "…/STUDY.h5.checkpoints", absolute, of the study file `output`; the caller frees it. */
int ambs_checkpoint_root(const char *output, char **ret_root, ambs_error *err);

#endif
