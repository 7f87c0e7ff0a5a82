/* SPDX-License-Identifier: MIT */
#ifndef AMBS_CLI_PATHS_H
#define AMBS_CLI_PATHS_H

#include <stddef.h>

#include "ambs/error.h"

/* Where the study file goes: `given`, or the name of the YAML file with .h5 in the current folder.
 */
int ambs_output_path(const char *given, const char *yaml, char *ret_path, size_t size,
                     ambs_error *err);

#endif
