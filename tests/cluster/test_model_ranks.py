#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Studies whose model has ranks of its own: they compute, and whatever becomes of them the study ends well.

usage: test_model_ranks.py AMBS. Exits 77 where mpirun or h5py is missing."""
import json
import os
import signal
import subprocess
import tempfile
import threading
import time

from running import AMBS, MPIRUN, check, pids_of, states, written
import running

STUDY = """study: {name: far, seed: 3}
objective: {function: branin}
parameters:
  x1: {min: -5.0, max: 10.0}
  x2: {min: 0.0, max: 15.0}
method: {name: ambs, surrogate: gp, rounds: 3, climbs: 2, initial: {points: 12}}
surrogate: {ranks: 2, from: 15, time_limit: %s}
budget: {trials: %d}
trial: {grace: 200ms}
manager: {snapshot: 1s}
"""
HOSTILE = """study: {name: hostile, seed: 3}
objective: {command: [sh, -c, 'case $((AMBS_TRIAL %% 4)) in 0) echo 1e307;; 1) echo -1e307;; *) echo 1e-307;; esac']}
parameters: {a: {min: 1, max: 6}, b: {min: 1, max: 6}}
method: {name: ambs, surrogate: gp, transform: none, rounds: 3, initial: {points: 12}}
surrogate: {ranks: 2, from: 14}
budget: {trials: 26}
"""
USED = "its 2 ranks compute from now on"


def run(words, limit=150):
    return subprocess.run(words, capture_output=True, text=True, timeout=limit)


class Running:
    """A study under mpirun, whose lines are read as they come."""

    def __init__(self, path, output, ranks=4):
        self.process = subprocess.Popen(MPIRUN + [str(ranks), AMBS, "run", path, "-o", output],
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.text = ""
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.text += line

    def wait_for(self, words, limit=100):
        until = time.time() + limit
        while words not in self.text and time.time() < until and self.process.poll() is None:
            time.sleep(0.05)
        return words in self.text

    def end(self, limit=150):
        status = self.process.wait(timeout=limit)
        self.reader.join()
        return status


def all_complete(output, n):
    found = states(output)
    return len(found) == n and all(s == "complete" for s in found)


def gone(pid):
    for _ in range(200):
        try:
            with open(f"/proc/{pid}/stat") as f:
                if f.read().rsplit(")", 1)[1].split()[0] in "ZX":
                    return True
        except OSError:
            return True
        time.sleep(0.05)
    return False


def they_compute(folder):
    path, output = written(folder, STUDY % ("60s", 30))
    said = run([AMBS, "run", path, "-j", "1", "-o", output])
    text = said.stdout + said.stderr
    check("a study with ranks of the model's own ends", said.returncode == 0, text)
    check("-j adds them, and the log says which they are", "ranks 2 to 3 hold the model of 15 and more" in text, text)
    check("they compute", USED in text, text)
    check("all trials are complete", all_complete(output, 30), text)
    said = run([AMBS, "replay", output])
    check("replay compares to a tolerance and says so", "compared to 1e-6" in said.stdout, said.stdout + said.stderr)
    said = run([AMBS, "run", path, "-j", "1", "-o", output, "--resume", "--set", "budget.trials=34",
                "--set", "surrogate.ranks=1"])
    text = said.stdout + said.stderr
    check("it is resumed with another number", said.returncode == 0 and "rank 2 holds the model" in text, text)
    check("and goes on", all_complete(output, 34), text)


def one_dies(folder):
    path, output = written(folder, STUDY % ("60s", 40))
    study = Running(path, output)
    check("they compute before one dies", study.wait_for(USED), study.text)
    os.kill(pids_of(study.process.pid)[3], signal.SIGKILL)
    study.end()
    check("its death is said", "one of the model's 2, died: rank 0 computes itself" in study.text, study.text)
    check("and the study ends without it", all_complete(output, 40), study.text)


def one_stops(folder):
    text = STUDY % ("500ms", 24)
    path, output = written(folder, text.replace("branin}", "branin, delay: 150ms}"))  # time to stop it before the 15th
    study = Running(path, output)
    study.wait_for("hold the model")
    pid = pids_of(study.process.pid)[3]
    os.kill(pid, signal.SIGSTOP)
    study.end()
    check("slowness is said", "took longer than 500 ms (surrogate.time_limit)" in study.text, study.text)
    check("and the study ends all the same", all_complete(output, 24), study.text)
    check("no rank is left", gone(pid), study.text)


def hostile_values(folder):
    path, output = written(folder, HOSTILE.replace("%%", "%"))
    study = Running(path, output)
    status = study.end()
    check("values of all sizes end no study", status == 0 and all_complete(output, 26), study.text)


def too_few(folder):
    path, output = written(folder, STUDY % ("60s", 30))
    said = run(MPIRUN + ["3", AMBS, "run", path, "-o", output])
    text = said.stdout + said.stderr
    check("too few ranks are refused with the arithmetic",
          "surrogate.ranks: found 3 ranks, expected 4 or more: rank 0, 1 that runs trials and 2 for the model" in text
          and not os.path.exists(output + ".journal"), text)
    said = run([AMBS, "check", path, "--set", "method.surrogate=forest"])
    check("a surrogate that has no use for them is refused", said.returncode == 2 and
          "has no Gaussian process that could use them" in said.stderr, said.stderr)


for test in (too_few, they_compute, one_dies, one_stops, hostile_values):
    with tempfile.TemporaryDirectory() as place:
        test(place)
raise SystemExit(running.failures > 0)
