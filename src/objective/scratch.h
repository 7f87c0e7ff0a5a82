/* SPDX-License-Identifier: MIT */
/* The folder of one attempt, for the files it is given and gives. */
#ifndef AMBS_OBJECTIVE_SCRATCH_H
#define AMBS_OBJECTIVE_SCRATCH_H

#include "ambs/error.h"

/* Makes a folder in `parent`, which is made where it is not there; NULL: in $TMPDIR, or /tmp. The
 * caller frees the path. */
int ambs_scratch_create(const char *parent, char **ret_path, ambs_error *err);
/* Removes it with all that is in it. Links are removed, not followed. */
void ambs_scratch_remove(const char *path);

#endif
