#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A study that takes over from an earlier one, which is gone when it is resumed.

usage: test_warm.py AMBS. Exits 77 where mpirun or h5py is missing."""
import json
import os
import shutil
import subprocess
import tempfile

from running import AMBS, check, end, start, study, written


def ambs(*words):
    return subprocess.run([AMBS, *words], capture_output=True, text=True, timeout=120)


def over_a_resume():
    with tempfile.TemporaryDirectory() as folder:
        path, output = study(folder, 30)
        old = os.path.join(folder, "old.h5")
        check("the old study ends", ambs("run", path, "-o", old, "-j", "2").returncode == 0)
        best = json.loads(ambs("best", old, "--json").stdout)
        with open(path) as f:
            text = f.read().replace("method: {name: random}\n", "").replace("seed: 7", "seed: 8")
        path, output = written(folder, text + "warm_start: {study: old.h5, points: 2}\n")
        told = ambs("check", path)
        check("check says what is taken", "warm start   old.h5: 30 trials, weight auto; the best 2 are tried first" in
              told.stdout, told.stdout + told.stderr)
        process = start(3, path, output, "--resume", "--set", "budget.trials=12")
        text = process.communicate(timeout=60)[0]
        check("the new study runs", process.returncode == 0, text)
        trials = json.loads(ambs("trials", output, "--json").stdout)
        check("it begins with the best of the old one", trials[0]["origin"] == "point" and
              trials[0]["parameters"] == best["parameters"], trials[0])
        os.remove(old)
        shutil.rmtree(old + ".journal")
        process = start(3, path, output, "--resume")
        text = process.communicate(timeout=60)[0]
        check("it goes on without the old one", process.returncode == 0, text)
        replayed = ambs("replay", output)
        check("it replays", replayed.returncode == 0 and replayed.stdout.startswith("30 proposals") and
              "0 differ" in replayed.stdout, replayed.stdout + replayed.stderr)
        verified = ambs("verify", output)
        check("it verifies", verified.returncode == 0, verified.stdout + verified.stderr)
        again = ambs("run", path, "-o", os.path.join(folder, "another.h5"), "-j", "2")
        check("another one does not begin", again.returncode == 2 and again.stdout == "" and
              f"{path}:10:13: warm_start: old.h5: {old}: there is no such study" in again.stderr,
              f"{again.returncode} {again.stdout} {again.stderr}")


over_a_resume()
end()
