#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Noisy studies whose trials are evaluated again, under a real mpirun: what is in the file, a killed manager and
resume, the bits of every proposal and repeat anew.

usage: test_repeats.py AMBS. Exits 77 where mpirun or h5py is missing."""
import collections
import json
import os
import signal
import subprocess
import tempfile

from running import AMBS, check, end, pids_of, start, wait_for_results, written

import h5py
import numpy as np

STUDY = """study: {name: noisy, seed: 7}
metric: {name: y}
objective: %s
parameters:
  x1: {min: -5.0, max: 10.0}
  x2: {min: 0.0, max: 15.0}
method: {name: ambs, surrogate: forest}
budget: {trials: %d}
repeats: %s
trial: {grace: 200ms}
manager: {snapshot: 1s}
"""
NOISY = "{function: branin, noise: 20.0, delay: %s}"


def consistent(output, name):
    """The trials' means and spreads are those of their evaluations; no two evaluations have the same noise."""
    with h5py.File(output) as f:
        t, e = f["trials"], f["evaluations"]
        values = collections.defaultdict(list)
        for trial, repeat, state, value in zip(e["trial"][:], e["repeat"][:], e["state"].asstr()[:], e["value"][:]):
            assert state == "complete" and repeat == len(values[trial])
            values[trial].append(value)
        for i, n in enumerate(t["n_evaluations"][:]):
            v = np.array(values[i])
            check_it = len(v) == n and np.isclose(t["objective"][i], v.mean(), rtol=1e-12)
            if n > 1:
                check_it = (check_it and np.isclose(t["sd"][i], v.std(ddof=1)) and len(set(v)) == n and
                            np.isclose(t["standard_error"][i], v.std(ddof=1) / np.sqrt(n)))
            if not check_it:
                check(f"{name}: trial {i} is the mean of its evaluations", False, str(v))
                return 0, {}
        check(f"{name}: every trial is the mean of its evaluations", True)
        seeds = dict(zip(e["repeat"][:], e["seed"][:]))
        check(f"{name}: repeats have seeds of their own", len(set(seeds.values())) == len(seeds) and seeds[0] == 7)
        repeats = f["attempts/repeat"][:]
        check(f"{name}: attempts say what they evaluate", sorted(set(repeats)) == sorted(seeds))
        return sum(map(len, values.values())), {i: len(v) for i, v in values.items()}


def ambs(*words):
    return subprocess.run([AMBS, *words], capture_output=True, text=True, timeout=120)


def exact(output, name):
    replay = ambs("replay", output)
    check(f"{name}: replay finds the same bits", replay.returncode == 0 and "bit for bit: 0 differ" in replay.stdout,
          replay.stdout + replay.stderr)
    verify = ambs("verify", output)
    check(f"{name}: the file is that of the journal", verify.returncode == 0 and "no problem found" in verify.stdout,
          verify.stdout + verify.stderr)


def fixed():
    with tempfile.TemporaryDirectory() as folder:
        path, output = written(folder, STUDY % (NOISY % "0s", 60, "3"))
        process = start(4, path, output)
        text = process.communicate(timeout=120)[0]
        check("fixed: the study ends well", process.returncode == 0 and "the budget of 60 evaluations" in text, text)
        n, of = consistent(output, "fixed")
        check("fixed: each configuration three times", n == 60 and set(of.values()) == {3} and len(of) == 20, str(of))
        exact(output, "fixed")


def race():
    with tempfile.TemporaryDirectory() as folder:
        path, output = written(folder, STUDY % (NOISY % "20ms", 60, "{min: 1, max: 6, policy: race}"))
        process = start(3, path, output)
        text = process.communicate(timeout=120)[0]
        check("race: the study ends well", process.returncode == 0, text)
        n, of = consistent(output, "race")
        check("race: some more often than others", n == 60 and min(of.values()) == 1 and 2 < max(of.values()) <= 6,
              str(of))
        exact(output, "race")
        best = json.loads(ambs("best", output, "--json").stdout)
        check("race: the best was evaluated again", best["evaluations"] >= 2 and
              best["interval"][0] < best["objective"] < best["interval"][1], str(best))
        text = ambs("best", output).stdout
        check("race: best shows both", "mean of" in text and "By the model trial" in text, text)
        lines = ambs("export", output, "--format", "deephyper").stdout.splitlines()
        check("race: one line per evaluation for DeepHyper", len(lines) == 61 and "m:repeat" in lines[0], lines[0])


def killed():
    with tempfile.TemporaryDirectory() as folder:
        path, output = written(folder, STUDY % (NOISY % "50ms", 80, "{min: 2, max: 8}"))
        for life in range(3):
            process = start(3, path, output, "--resume")
            wait_for_results(output, 4 + 6 * life)
            os.kill(pids_of(process.pid)[0], signal.SIGKILL)
            process.communicate(timeout=120)  # the other ranks may take 30 s to leave
        process = start(3, path, output, "--resume")
        text = process.communicate(timeout=120)[0]
        check("killed: it is resumed to its end", process.returncode == 0, text)
        n, of = consistent(output, "killed")
        check("killed: as many evaluations as the budget has", n == 80, str(of))
        exact(output, "killed")


def commands():
    with tempfile.TemporaryDirectory() as folder:
        said = os.path.join(folder, "said")
        command = ('{command: [sh, -c, "echo $AMBS_TRIAL $AMBS_REPEAT $AMBS_SEED >> %s; echo $AMBS_REPEAT > $AMBS_RESULT"]}'
                   % said)
        path, output = written(folder, STUDY % (command, 6, "2"))
        process = start(2, path, output)
        text = process.communicate(timeout=60)[0]
        with open(said) as f:
            rows = sorted(tuple(map(int, line.split())) for line in f)
        check("commands hear which evaluation it is", [r[:2] for r in rows] == [(t, r) for t in range(3) for r in range(2)],
              text + str(rows))
        check("and get a seed for each", len({r[2] for r in rows}) == 6, str(rows))


fixed()
race()
killed()
commands()
end()
