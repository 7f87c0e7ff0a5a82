#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""How the hosts of a Slurm job are divided into slots: under srun, under mpirun, with one rank per host and with several.

usage: test_slots.py AMBS [--install]. Needs root; exits 77 where the machine cannot do it."""
import os
import sys
import tempfile

import slurm
import studies
import world

AMBS = os.path.abspath(sys.argv[1])
world.need(slurm.PROGRAMS, slurm.PACKAGES)
SHARED = world.enter(3, "n")
check = world.Checks()


def layout(folder, name, words, command, expected, **more):
    """(host, slots) as the study file has them, after a batch job that runs `command`."""
    study = studies.Study(folder, name, 16, "300ms", **more)
    script = os.path.join(folder, name + ".sh")
    with open(script, "w") as f:
        f.write(f"#!/bin/bash\n{command % f'{AMBS} run {study.path} -o {study.output}'}\n")
    number = slurm.submit(*words, "--output", study.output + ".out", script, cwd=folder)
    state = slurm.wait_for(number, 120).get("JobState")
    with open(study.output + ".out", errors="replace") as f:
        text = f.read()
    check(f"{name}: the job ends well", state == "COMPLETED", text)
    owned = list(zip(studies.column(study.output, "slots/host"), studies.column(study.output, "slots/cores")))
    found = sorted((host, cores) for host, cores in owned)
    check(f"{name}: each host has the slots that fit", found == sorted(expected), f"{found}\n{text}")


def main():
    slurm.Slurm(3)
    folder = tempfile.mkdtemp(prefix="ambs-slots-", dir=SHARED)
    alone = [(f"n{i}", core) for i in (1, 2, 3) for core in "01"]
    layout(folder, "srun", ["-N", "3"], "%s --launcher srun", alone)
    layout(folder, "mpirun", ["-N", "3", "--ntasks-per-node=1"], "%s", alone)
    layout(folder, "tasks", ["-N", "2", "--ntasks-per-node=2"], "srun --mpi=pmix %s",
           [("n1", "0"), ("n1", "1"), ("n2", "0"), ("n2", "1")])
    layout(folder, "wide", ["-N", "2", "-c", "2"], "srun --mpi=pmix %s", [("n1", "0-1"), ("n2", "0-1")],
           trial=", cores: 2")
    check.end()


main()
