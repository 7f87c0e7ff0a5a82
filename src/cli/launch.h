/* SPDX-License-Identifier: MIT */
#ifndef AMBS_CLI_LAUNCH_H
#define AMBS_CLI_LAUNCH_H

#include <stdint.h>

#include "cli/cli.h"

/* Starts `mpirun -n WORKERS+1` on this very command line, in a process group of its own, and waits
 * for it. Ctrl-C becomes USR1 (drain), a second one again; TERM passes on. *ret_status is the
 * study's own status, which rank 0 leaves in the file that AMBS_STATUS_FILE names. AMBS_E_NOT_FOUND
 * where there is no mpirun. */
int ambs_launch(const ambs_call *call, uint32_t n_workers, int *ret_status, ambs_error *err);
/* Rank 0's side: leaves the status; nothing without AMBS_STATUS_FILE. */
void ambs_launch_leave_status(int status);
/* The columns of the terminal that the launcher has, 0 for none. */
int ambs_launch_columns(void);

#endif
