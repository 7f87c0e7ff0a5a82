#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""jobs/slurm.sbatch and `ambs submit` on a real Slurm of three nodes.

usage: test_slurm.py AMBS [--install] [TEST…]. Needs root; exits 77 where the machine cannot do it."""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile

import slurm
import studies
import world

AMBS = os.path.abspath(sys.argv[1])
world.need(slurm.PROGRAMS, slurm.PACKAGES)
SHARED = world.enter(3, "n")
SCRIPT = os.path.join(world.ROOT, "jobs", "slurm.sbatch")
check = world.Checks()


class Job:
    """A batch job of a study, its output file in the study's folder."""

    def __init__(self, study, *options, more=()):
        self.study, folder = study, os.path.dirname(study.path)
        self.name = os.path.basename(study.path)
        self.log = study.output + ".out"
        self.number = slurm.submit(*options, "--output", self.log, SCRIPT, study.path, "-o", study.output, *more,
                                   cwd=folder)

    def wait_for_results(self, n):
        return world.wait_until(lambda: self.study.n_complete(AMBS) >= n, 90, 0.2)

    def rank_on(self, node):
        """A rank other than the manager, on that node."""
        for rank, pid in world.ranks_of(self.study.output).items():
            if rank > 0 and node.has(pid):
                return pid
        return None

    def wait(self, seconds=180):
        self.last = slurm.wait_for(self.number, seconds)
        return self.last.get("JobState")

    def text(self):
        found = f"job {self.number}: {getattr(self, 'last', slurm.job(self.number))}\n"
        if os.path.exists(self.log):
            with open(self.log, errors="replace") as f:
                found += f.read()
        return found

    def check_end(self, name, state="COMPLETED"):
        found = self.wait()
        check(f"{name}: the job ends as {state.lower()}", found == state, self.text())

    def check_study(self, name):
        check(f"{name}: every trial is complete", self.study.is_complete(), self.text())
        check(f"{name}: nothing was evaluated twice", studies.evaluated_twice(self.study.output) == 0)
        check(f"{name}: it replays exactly", *studies.replays(AMBS, self.study.output))
        left = world.wait_until(lambda: not world.ranks_of(self.study.output), 20)
        check(f"{name}: no rank is left on any node", left, world.ranks_of(self.study.output))


def to_the_end(folder, _):
    """Each trial starts two ranks of its own, also on the third node."""
    program = studies.build_nested(folder)
    study = studies.Study(folder, "nested", 18, objective=studies.nested(program), trial=", timeout: 60s")
    job = Job(study, "-N", "3")
    job.check_end("sbatch")
    job.check_study("sbatch")
    check("sbatch: each node had trials", study.hosts() == {"n1", "n2", "n3"}, study.hosts())
    values = studies.column(study.output, "trials/objective")
    check("sbatch: mpirun -n 2 in a trial stays on the trial's node, without traces of the job", set(values) == {0.0},
          values)


def time_limit(folder, _):
    """A trial that is cut by the limit is run again, although it may be attempted once only."""
    study = studies.Study(folder, "limit", 300, "1500ms", method="ambs", attempts=1)
    job = Job(study, "-N", "3", "-t", "1", "--signal", "B:USR1@5", more=["--on-deadline", "requeue"])
    job.check_end("time limit")
    check("time limit: the job was requeued", int(job.last.get("Restarts", 0)) >= 1, job.text())
    job.check_study("time limit")
    lives = set(studies.column(study.output, "allocations/epoch"))
    check("time limit: each life was another of the job's", len(lives) == int(job.last.get("Restarts", 0)) + 1,
          f"{lives} {job.text()}")


def terminated(folder, _):
    """TERM to the job's script in the last two minutes: the launcher above mpirun requeues."""
    study = studies.Study(folder, "term", 60, "300ms", method="ambs")
    job = Job(study, "-N", "3", "-t", "2", more=["--on-deadline", "requeue"])
    job.wait_for_results(10)
    slurm.query("scancel", "--signal=TERM", "--batch", job.number)
    job.check_end("terminated")
    check("terminated: the job was requeued", int(job.last.get("Restarts", 0)) == 1, job.text())
    job.check_study("terminated")


def limit_changed(folder, _):
    """Seven minutes instead of twenty, said when the study runs: ambs asks again after five, and is done in time."""
    study = studies.Study(folder, "changed", 100000, "1s")
    job = Job(study, "-N", "3", "-t", "20", "--signal", "B:USR1@5")
    job.wait_for_results(10)
    slurm.query("scontrol", "update", f"JobId={job.number}", "TimeLimit=7")
    state = job.wait(500)
    text = job.text()
    check("limit changed: both limits are said", len(re.findall(r"slurm job \d+ has [0-9]+ (?:min|s)", text)) >= 2, text)
    check("limit changed: the study ends before it, saved", state == "FAILED" and
          job.last.get("ExitCode") == "3:0" and ("the deadline is near" in text or "the end is near" in text), text)
    check("limit changed: every result is in the file", study.n_complete(AMBS) >= 10, text)


def rank_killed(folder, cluster):
    study = studies.Study(folder, "rank", 120, "300ms", method="ambs")
    job = Job(study, "-N", "3")
    job.wait_for_results(10)
    victim = job.rank_on(cluster.nodes["n2"])
    if check("rank killed: there is one", victim, job.text()):
        os.kill(victim, signal.SIGKILL)
    job.check_end("rank killed")
    job.check_study("rank killed")
    lost = studies.column(study.output, "workers/state")
    check("rank killed: the loss is recorded", "lost" in lost or "suspect" in lost, lost)


def node_killed(folder, cluster):
    study = studies.Study(folder, "node", 150, "300ms", method="ambs")
    job = Job(study, "-N", "3")
    job.wait_for_results(10)
    cluster.nodes["n3"].lose_power()
    world.wait_until(lambda: slurm.job(job.number).get("JobState") != "RUNNING", 60, 0.5)
    cluster.restart_node("n3")
    job.check_end("node killed")
    job.check_study("node killed")


def cancelled(folder, _):
    study = studies.Study(folder, "cancel", 150, "300ms", method="ambs")
    job = Job(study, "-N", "3")
    job.wait_for_results(10)
    slurm.query("scancel", job.number)
    job.check_end("scancel", "CANCELLED")
    gone = world.wait_until(lambda: not world.ranks_of(study.output), 30)
    check("scancel: no rank is left on any node", gone, world.ranks_of(study.output))
    check("scancel: all is saved", study.n_complete(AMBS) >= 10, job.text())
    job = Job(study, "-N", "3")
    job.check_end("submitted again")
    job.check_study("submitted again")


def submitted(folder, _):
    study = studies.Study(folder, "submit", 40, "100ms")
    command = [AMBS, "submit", study.path, "--nodes", "2", "--time", "5m"]
    dry = subprocess.run(command + ["--dry-run"], capture_output=True, text=True, cwd=folder)
    check("ambs submit --dry-run prints the script", dry.returncode == 0 and "#SBATCH" in dry.stdout and
          not slurm.query("squeue", "-h"), dry.stdout + dry.stderr)
    real = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    number = re.search(r"\b(\d+)\b", real.stdout)
    if not check("ambs submit hands the study in", real.returncode == 0 and number, real.stdout + real.stderr):
        return
    last = slurm.wait_for(number.group(1), 120)
    check("ambs submit: the job ends as completed", last.get("JobState") == "COMPLETED" and study.is_complete(), last)
    check("ambs submit: on as many nodes as asked for", last.get("NumNodes") == "2", last)


def array(folder, _):
    study = studies.Study(folder, "array", 30, "50ms")
    number = slurm.submit("--array=1-3", "-N", "1", "--output", os.path.join(folder, "array-%a.out"), SCRIPT, study.path,
                          cwd=folder)
    world.wait_until(lambda: not slurm.query("squeue", "-h", "-j", number), 150, 0.5)
    firsts = []
    for i in 1, 2, 3:
        one = os.path.join(folder, f"array-{i}.h5")
        log = os.path.join(folder, f"array-{i}.out")
        said = open(log).read() if os.path.exists(log) else ""
        complete = os.path.exists(one) and studies.column(one, "trials/state") == ["complete"] * 30
        if check(f"array: study {i} is complete", complete, said):
            firsts.append(tuple(studies.column(one, "trials/parameters/x1")))
    check("array: the three are independent", len(set(firsts)) == 3)


TESTS = {f.__name__: f for f in (to_the_end, time_limit, terminated, limit_changed, rank_killed, node_killed, cancelled,
                                 submitted, array)}


def main():
    os.environ["PATH"] = os.path.dirname(AMBS) + ":" + os.environ["PATH"]
    chosen = [a for a in sys.argv[2:] if a in TESTS] or list(TESTS)
    cluster = slurm.Slurm(3)
    folder = tempfile.mkdtemp(prefix="ambs-lab-", dir=SHARED)
    try:
        for name in chosen:
            TESTS[name](folder, cluster)
            slurm.cancel_all()
            world.wait_until(lambda: cluster.states().count("idle") == 3, 40)
    finally:
        if check.failed:
            print(cluster.logs())
        shutil.rmtree(folder, ignore_errors=True)
    check.end()


main()
