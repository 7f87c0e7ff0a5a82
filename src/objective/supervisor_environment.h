/* SPDX-License-Identifier: MIT */
/* The variables by which an MPI launcher, a batch system or a training launcher speaks to its own
 * processes. A trial that saw them would join, or wait for, a job that is not its own; its own mpirun
 * would take the hosts of the study's. libc only. */
#ifndef AMBS_OBJECTIVE_SUPERVISOR_ENVIRONMENT_H
#define AMBS_OBJECTIVE_SUPERVISOR_ENVIRONMENT_H

#include <stdbool.h>

/* Whether the entry NAME=VALUE is one of those. */
bool ambs_is_launcher_variable(const char *entry);
/* Takes them out of the environment (NULL-terminated entries) in place. */
void ambs_scrub_environment(char **environment);

#endif
