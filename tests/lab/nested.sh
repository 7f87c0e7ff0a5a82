#!/bin/sh
# SPDX-License-Identifier: MIT
# A trial that is an MPI program of two ranks: nested.sh PROGRAM. Its result is 0 when both ran where the trial
# does; each variable that a launcher or Slurm left behind, but for the job's number, adds 1000.
left=$(env | grep -E '^((OMPI|PMIX|PRTE|ORTE|PMI|SLURM)_|RANK=|WORLD_SIZE=)' | grep -c -v '^SLURM_JOB_ID=')
if [ "$(id -u)" = 0 ]; then # Open MPI asks root twice
  export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
fi
elsewhere=$(mpirun --oversubscribe -n 2 "$1" "$(hostname)") || exit 1
echo $((elsewhere + 1000 * left))
