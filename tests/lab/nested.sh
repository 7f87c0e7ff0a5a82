#!/bin/sh
# SPDX-License-Identifier: MIT
# A trial that is an MPI program of two ranks: nested.sh PROGRAM. Its result is 0 when both ran where the trial
# does; each variable that a launcher or Slurm left behind adds 1000, but for the job's number and what lets root run.
left=$(env | grep -E '^((OMPI|PMIX|PRTE|ORTE|PMI|SLURM)_|PE_HOSTFILE=|RANK=|WORLD_SIZE=)' | grep -c -v -E '^(SLURM_JOB_ID|SLURM_CONF|OMPI_ALLOW_RUN_AS_ROOT(_CONFIRM)?)=')
if [ "$(id -u)" = 0 ]; then # Open MPI asks root twice
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
elsewhere=$(mpirun --oversubscribe -n 2 "$1" "$(hostname)") || exit 1
echo $((elsewhere + 1000 * left))
