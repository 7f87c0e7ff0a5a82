/* SPDX-License-Identifier: MIT */
/* What a rank knows of processes and of its machine. */
#ifndef AMBS_CLUSTER_PROCESS_H
#define AMBS_CLUSTER_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "ambs/error.h"

/* The name of this host. `buffer` holds AMBS_HOST_SIZE bytes. */
const char *ambs_process_host(char *buffer);
/* True where a process of this number exists on this host. */
bool ambs_process_exists(uint64_t pid);
/* Names the table of processes that this process sees: the host's boot and its pid namespace, as a
 * hash. Two processes with the same name see each other's pids. 0: not known. */
uint64_t ambs_process_space(void);
/* Whether the launcher calls this process rank 0, or there is none; known before MPI_Init. */
bool ambs_process_is_first(void);
/* The cores this process may use. */
uint32_t ambs_process_cores(void);
/* True where a launcher of parallel programs started this process as one of its ranks. */
bool ambs_process_is_launched(void);
/* AMBS_E_INVALID when srun started several tasks without telling them of one another: MPI would not
 * even begin. */
int ambs_process_check_srun(ambs_error *err);
/* MPI says there is one rank. AMBS_E_INVALID when the launcher says it started several: the two are
 * of different MPI libraries, and each rank would manage a study of its own. */
int ambs_process_check_alone(ambs_error *err);

#endif
