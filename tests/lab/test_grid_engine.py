#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""jobs/sge.qsub on a real Grid Engine: to the end; the deadline, then again by exit status 99.

usage: test_grid_engine.py AMBS [--install]. Needs root; exits 77 where the machine cannot do it."""
import os
import shutil
import sys
import tempfile

import grid_engine
import studies
import world

AMBS = os.path.abspath(sys.argv[1])
world.need(grid_engine.PROGRAMS, grid_engine.PACKAGES)
SHARED = world.enter(0, "h")
SCRIPT = os.path.join(world.ROOT, "jobs", "sge.qsub")
check = world.Checks()


def submit(study, *options, more=()):
    return grid_engine.submit("-pe", "orte", "4", *options, "-o", study.output + ".out", SCRIPT, study.path, "-o",
                              study.output, *more, cwd=os.path.dirname(study.path))


def text(study):
    try:
        with open(study.output + ".out", errors="replace") as f:
            return f.read()
    except OSError:
        return "no output; " + grid_engine.query("qstat", "-f")


def check_study(name, study, number, seconds):
    check(f"{name}: the job ends", grid_engine.wait_for(number, seconds), text(study))
    check(f"{name}: every trial is complete", study.is_complete(), text(study))
    check(f"{name}: nothing was evaluated twice", studies.evaluated_twice(study.output) == 0)
    check(f"{name}: it replays exactly", *studies.replays(AMBS, study.output))
    left = world.wait_until(lambda: not world.ranks_of(study.output), 20)
    check(f"{name}: no rank is left", left, world.ranks_of(study.output))
    world.wait_until(lambda: grid_engine.status(number)[-1:] == [0], 40, 0.5)  # accounts are written now and then
    return grid_engine.status(number)


def to_the_end(folder):
    study = studies.Study(folder, "end", 40, "100ms", method="ambs")
    status = check_study("qsub", study, submit(study), 120)
    check("qsub: exit status 0", status[-1:] == [0], status)


def deadline(folder):
    """h_rt is up before the budget is: the job asks for its next life by its exit status."""
    study = studies.Study(folder, "deadline", 100, "1s", method="ambs", more="on_deadline: requeue\n")
    number = submit(study, "-l", "h_rt=30")
    status = check_study("deadline", study, number, 240)
    lives = set(studies.column(study.output, "attempts/epoch"))
    check("deadline: it took several lives", len(lives) >= 2, lives)
    check("deadline: all but the last ended with status 99", status and set(status[:-1]) <= {99} and status[-1] == 0,
          status)
    check("deadline: no trial of a life that ended in time was lost",
          set(studies.column(study.output, "attempts/state")) <= {"complete", "cancelled"},
          studies.column(study.output, "attempts/state"))


def main():
    os.environ["PATH"] = os.path.dirname(AMBS) + ":" + os.environ["PATH"]
    grid_engine.GridEngine(4)
    folder = tempfile.mkdtemp(prefix="ambs-lab-", dir=SHARED)
    try:
        to_the_end(folder)
        deadline(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    check.end()


main()
