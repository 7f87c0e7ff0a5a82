#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A trial may call mpirun itself, in a study that mpirun started.

usage: test_nested.py AMBS. Exits 77 where mpirun, mpicc or h5py is missing."""
import os
import shutil
import subprocess
import sys
import tempfile

import studies
import world

AMBS = os.path.abspath(sys.argv[1])
for tool in "mpirun", "mpicc":
    if not shutil.which(tool):
        world.skip(f"{tool} is missing")
os.environ.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
                  OMPI_MCA_rmaps_base_oversubscribe="1")
check = world.Checks()
with tempfile.TemporaryDirectory(prefix="ambs-lab-") as folder:
    program = studies.build_nested(folder)
    study = studies.Study(folder, "nested", 6, objective=studies.nested(program), trial=", timeout: 60s")
    ended = subprocess.run(["mpirun", "--mca", "orte_abort_on_non_zero_status", "0", "-n", "3", AMBS, "run", study.path,
                            "-o", study.output], capture_output=True, text=True, timeout=200)
    check("a study whose trials call mpirun ends well", ended.returncode == 0, ended.stdout + ended.stderr)
    check("every trial ran its two ranks, with nothing left of the outer mpirun",
          studies.column(study.output, "trials/objective") == [0.0] * 6,
          studies.column(study.output, "trials/objective"))
check.end()
