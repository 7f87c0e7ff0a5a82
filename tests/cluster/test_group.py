#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Plug-ins that compute on a communicator: groups of ranks, and what ends one of them.

usage: test_group.py AMBS PLUGIN. Exits 77 where mpirun is missing."""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

if not shutil.which("mpirun"):
    sys.exit(77)

AMBS, PLUGIN = map(os.path.abspath, sys.argv[1:3])
STUDY = """study: {name: together, seed: 7}
metric: {name: y}
objective: {plugin: ./together.so%s}
parameters: {x: {min: 0.0, max: 1.0}}
method: {name: random}
budget: {trials: 10}
trial: {%s, grace: 200ms}
manager: {snapshot: 1s}
"""
os.environ.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
                  OMPI_MCA_rmaps_base_oversubscribe="1", OMPI_MCA_btl_tcp_if_include="lo",
                  OMPI_MCA_oob_tcp_if_include="lo")
MPIRUN = ["mpirun", "--mca", "orte_abort_on_non_zero_status", "0", "--oversubscribe", "-n"]
failures = 0


def check(name, ok, why=""):
    global failures
    failures += not ok
    print(("ok" if ok else "NOT OK"), name, "" if ok else why, flush=True)


def lives(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rsplit(")", 1)[1].split()[0] not in "ZX"
    except OSError:
        return False


class Study:
    def __init__(self, options="", trial="ranks: 2, timeout: 3s"):
        self.folder = tempfile.mkdtemp()
        self.path = os.path.join(self.folder, "study.yaml")
        self.output = os.path.join(self.folder, "study.h5")
        shutil.copy(PLUGIN, os.path.join(self.folder, "together.so"))
        with open(self.path, "w") as f:
            f.write(STUDY % (options, trial))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder)

    def start(self, n, *more):
        return subprocess.Popen(MPIRUN + [str(n), AMBS, "run", self.path, "-o", self.output, *more],
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def run(self, n, *more):
        process = self.start(n, *more)
        self.text = process.communicate(timeout=100)[0]
        return process.returncode

    def trials(self):
        shown = subprocess.run([AMBS, "trials", self.output, "--json"], capture_output=True, text=True)
        return json.loads(shown.stdout)

    def metrics(self, trial):
        shown = subprocess.run([AMBS, "show", self.output, str(trial), "--json"], capture_output=True, text=True)
        return json.loads(shown.stdout)["metrics"]

    def verified(self):
        """The journal holds together and every proposal is made again."""
        return all(subprocess.run([AMBS, verb, self.output], capture_output=True).returncode == 0
                   for verb in ("verify", "replay"))

    def pids(self):
        """(trial, attempt, rank, pid) of every rank that began a trial."""
        with open(os.path.join(self.folder, "pids")) as f:
            return [tuple(map(int, line.split())) for line in f if line.endswith("\n")]

    def wait_for_rank(self, process, rank, trial):
        """The process of such a rank in a trial of that number or a later one."""
        while process.poll() is None:
            time.sleep(0.05)
            if os.path.exists(os.path.join(self.folder, "pids")):
                for t, _, r, pid in self.pids():
                    if r == rank and t >= trial:
                        return pid

    def left(self):
        return sorted({p for _, _, _, p in self.pids() if lives(p)})


def groups_compute():
    for n, ranks in (5, 2), (4, 3), (3, 1):
        with Study(trial=f"ranks: {ranks}, timeout: 20s") as s:
            status = s.run(n)
            trials = s.trials()
            check(f"{n} ranks in groups of {ranks} end with status 0", status == 0, s.text)
            check("a trial is computed by its whole group", len(trials) == 10 and all(
                abs(t["objective"] - ranks * t["parameters"]["x"]) < 1e-12 for t in trials), str(trials))
            check("what its first rank says counts", s.metrics(4) == {"ranks": ranks, "rank": 0}, str(s.metrics(4)))
            check("the study is replayed", s.verified())


def a_rank_is_left_over():
    with Study() as s:
        status = s.run(6)
        check("a rank that is left over is said", status == 0 and "1 of the 5 ranks beside rank 0 is left over" in
              s.text and "start 5 ranks in all, or 7" in s.text, s.text)


def a_group_is_lost(how, rank):
    with Study(f", how: {how}, rank: {rank}") as s:
        s.run(5)
        trials = s.trials()
        check(f"{how} in rank {rank} of a group costs one attempt and the group", len(trials) == 10 and
              all(t["state"] == "complete" for t in trials) and trials[3]["attempts"] == 2 and
              sum(t["attempts"] for t in trials) == 11, f"{s.text} {trials}")
        check("the study is replayed", s.verified())
        time.sleep(0.2)
        check("no rank is left", s.left() == [], str(s.left()))


def a_lost_group_leaves_what_it_saved():
    with Study(", how: crash, rank: 1", "ranks: 2, timeout: 20s, checkpoint: true") as s:
        s.run(5)
        trials = s.trials()
        check("with checkpoints a lost group costs one attempt", len(trials) == 10 and
              all(t["state"] == "complete" for t in trials) and trials[3]["attempts"] == 2, f"{s.text} {trials}")
        check("every rank finds what all ranks of the attempt before saved", s.metrics(3)["saved"] == 2 and
              s.metrics(4)["saved"] == 0, f"{s.metrics(3)} {s.metrics(4)} {s.text}")
        check("what was saved goes with the result", not os.path.exists(s.output + ".checkpoints"), s.text)


def a_killed_follower():
    with Study(", ms: 400", "ranks: 2, timeout: 20s") as s:
        process = s.start(5)
        os.kill(s.wait_for_rank(process, 1, 2), signal.SIGKILL)
        text = process.communicate(timeout=100)[0]
        trials = s.trials()
        check("a follower killed in a trial costs that attempt, and the other group ends the study",
              [t["state"] for t in trials] == ["complete"] * 10 and sum(t["attempts"] for t in trials) == 11 and
              "is lost with its group" in text, f"{text} {trials}")
        check("the study is replayed", s.verified())


def a_killed_manager():
    with Study(", ms: 20000", "ranks: 2, timeout: 60s") as s:
        process = s.start(5)
        leader = s.wait_for_rank(process, 0, 1)
        with open(f"/proc/{leader}/stat") as f:
            mpirun = f.read().rsplit(")", 1)[1].split()[1]
        with open(f"/proc/{mpirun}/task/{mpirun}/children") as f:
            os.kill(int(f.read().split()[0]), signal.SIGKILL)  # rank 0 is started first
        text = process.communicate(timeout=30)[0]
        time.sleep(0.2)
        check("ranks that compute end the job when rank 0 is killed", s.left() == [], text)


def a_long_trial():
    with Study(", ms: 900", "ranks: 2, timeout: 20s") as s:
        status = s.run(5, "--set", "manager.heartbeat=100ms", "--set", "manager.suspect=300ms", "--set",
                       "budget.trials=3")
        check("ranks that compute are not suspected", status == 0 and [t["attempts"] for t in s.trials()] == [1] * 3,
              s.text)


def failures_are_the_trials():
    for how, why in ("fail", "no convergence"), ("mpi", "there is no such rank"):
        with Study(f", how: {how}") as s:
            status = s.run(5)
            trials = s.trials()
            check(f"{how}: a failure that the plug-in tells costs nothing else", status == 0 and
                  [t["state"] for t in trials].count("failed") == 1 and trials[3]["attempts"] == 1 and
                  why in s.text, f"{s.text} {trials}")
    with Study(", how: refuse, rank: 1") as s:
        status = s.run(3)
        check("a plug-in that one rank cannot open fails every trial", status == 4 and
              "rank 1 of its group: the plug-in together cannot be opened: rank 1 has no data" in s.text, s.text)


def the_last_group():
    with Study(", how: crash") as s:
        s.run(3)
        stopped = subprocess.run([AMBS, "status", s.output, "--json"], capture_output=True, text=True).stdout
        check("with the last group gone the study stops", "no worker is left" in s.text, s.text + stopped)
        status = s.run(3, "--resume")
        check("and is resumed", status == 0 and [t["state"] for t in s.trials()] == ["complete"] * 10, s.text)


def refusals():
    with Study(trial="ranks: 4, timeout: 20s") as s:
        status = s.run(3)
        check("too few ranks are refused with the arithmetic", status == 2 and "found 2 ranks beside rank 0" in s.text
              and "mpirun -n 5 ambs run" in s.text, s.text)
    with Study(trial="ranks: 2") as s:
        checked = subprocess.run([AMBS, "check", s.path], capture_output=True, text=True)
        check("a communicator needs a timeout", checked.returncode == 2 and "found no timeout" in checked.stderr,
              checked.stderr)
    for key in "memory: 1GiB", "gpus: 1":
        with Study(trial=f"ranks: 2, timeout: 9s, {key}") as s:
            checked = subprocess.run([AMBS, "check", s.path], capture_output=True, text=True)
            check(f"{key} is refused for ranks", checked.returncode == 2 and "in the ranks themselves" in checked.stderr,
                  checked.stderr)
    with Study() as s:
        tried = subprocess.run([AMBS, "try", s.path], capture_output=True, text=True)
        check("ambs try says what to do instead", tried.returncode == 2 and "-j 1" in tried.stderr, tried.stderr)


def launched_by_itself():
    with Study() as s:
        ended = subprocess.run([AMBS, "run", s.path, "-o", s.output, "-j", "2"], capture_output=True, text=True,
                               timeout=60)
        check("-j 2 starts two groups", ended.returncode == 0 and "2 groups of 2 ranks" in ended.stderr, ended.stderr)


groups_compute()
a_rank_is_left_over()
for case in ("crash", 0), ("hang", 1), ("exit", 0), ("abort", 1):
    a_group_is_lost(*case)
a_lost_group_leaves_what_it_saved()
a_killed_follower()
a_killed_manager()
a_long_trial()
failures_are_the_trials()
the_last_group()
refusals()
launched_by_itself()
sys.exit(1 if failures else 0)
