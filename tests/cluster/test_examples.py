#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""An example of share/examples run as its head says.

usage: test_examples.py AMBS EXAMPLES NAME. Exits 77 where what the example needs is missing."""
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile

AMBS, EXAMPLES, NAME = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2]), sys.argv[3]
NEEDS = {"sklearn": ["sklearn"], "pytorch": ["torch"]}.get(NAME, [])
TOOLS = ["mpirun"] + {"mpi": ["mpicc"], "shell": ["awk"], "dakota": ["awk"]}.get(NAME, [])
if not all(map(shutil.which, TOOLS)) or not all(map(importlib.util.find_spec, NEEDS)):
    sys.exit(77)
os.environ.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
                  OMPI_MCA_rmaps_base_oversubscribe="1", OMPI_MCA_btl_tcp_if_include="lo",
                  OMPI_MCA_oob_tcp_if_include="lo", PYTHONDONTWRITEBYTECODE="1")
TRIALS = {"sklearn": 8, "pytorch": 3, "shell": 25, "mpi": 10, "dakota": 40}[NAME]
BEST = {"sklearn": 0.1, "pytorch": 0.6, "shell": 0.02, "mpi": 500, "dakota": 11}[NAME]  # what any search reaches
failures = 0


def check(name, ok, why=""):
    global failures
    failures += not ok
    print(("ok" if ok else "NOT OK"), name, "" if ok else why, flush=True)


def call(*args, cwd=None, **more):
    return subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=200, cwd=cwd,
                          env={**os.environ, **more})


with tempfile.TemporaryDirectory() as top:
    folder = os.path.join(top, NAME)
    shutil.copytree(os.path.join(EXAMPLES, NAME), folder)
    if NAME == "mpi":
        made = call("mpicc", "-O2", "-Wall", "-Wextra", "-o", "sor", "sor.c", "-lm", cwd=folder)
        check("it is compiled as it says", made.returncode == 0 and made.stdout == "", made.stdout)
    study, output = os.path.join(folder, "study.yaml"), os.path.join(top, "study.h5")
    checked = call(AMBS, "check", study)
    check("ambs check takes the study", checked.returncode == 0, checked.stdout)
    ended = call(AMBS, "run", study, "-o", output, "-j", "2", "--set", f"budget.trials={TRIALS}")
    found = json.loads(subprocess.run([AMBS, "trials", output, "--json"], capture_output=True, text=True).stdout)
    good = [t["objective"] for t in found if t["state"] == "complete"]
    check("the study ends well", ended.returncode == 0 and len(found) == TRIALS, ended.stdout)
    check("its trials complete", len(good) == TRIALS or NAME == "dakota" and len(good) > 0, str(found))
    check(f"the best of them is below {BEST}", good and min(good) < BEST, str(good))
    if NAME == "dakota":
        reasons = {t["reason"] for t in found if t["state"] == "failed"}
        check("a beam that breaks has failed", reasons <= {"objective"}, str(reasons))
    if NEEDS:
        alone = call("python3", "train.py", "--epochs=2", "--C=2", cwd=folder,
                     PYTHONPATH=os.path.join(EXAMPLES, "../python"))
        check("the program runs without ambs", alone.returncode == 0 and "result:" in alone.stdout, alone.stdout)
    if NAME == "shell":
        alone = call("./train.sh", cwd=folder, AMBS_PARAM_x="0.3", AMBS_PARAM_steps="2")
        check("the script runs without ambs", alone.returncode == 0 and alone.stdout == "0.25\n", alone.stdout)
sys.exit(1 if failures else 0)
