/* SPDX-License-Identifier: MIT */
/* The folders of a study: relative names belong to that of the study file, and what is not there to
 * the one where ambs was started. */
#ifndef AMBS_OBJECTIVE_FOLDER_H
#define AMBS_OBJECTIVE_FOLDER_H

#include <stdbool.h>

enum { AMBS_PATH_SIZE = 4200 };

/* The folder of the study file `file`, absolute, into ret_path [AMBS_PATH_SIZE]; where it cannot be
 * told, as for a study that is no file, the folder where this process works. */
void ambs_study_folder(const char *file, char *ret_path);
/* Whether a file of that name is there; then its absolute path. A folder counts where the name has
 * a slash in it. `ret_path` [AMBS_PATH_SIZE]. */
bool ambs_study_find(const char *file, const char *name, char *ret_path);

#endif
