#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The plug-ins in share/examples: compiled as their heads say, and run with what the build made of them.

usage: test_plugin_examples.py AMBS EXAMPLES INCLUDE LOTKA_VOLTERRA SCALAPACK_SOLVE. Exits 77 where mpirun is missing."""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

if not shutil.which("mpirun"):
    sys.exit(77)

AMBS, EXAMPLES, INCLUDE, *LIBRARIES = map(os.path.abspath, sys.argv[1:])
os.environ.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1", CPATH=INCLUDE,
                  OMPI_MCA_rmaps_base_oversubscribe="1", OMPI_MCA_btl_tcp_if_include="lo",
                  OMPI_MCA_oob_tcp_if_include="lo")
MPIRUN = ["mpirun", "--mca", "orte_abort_on_non_zero_status", "0", "--oversubscribe", "-n"]
failures = 0


def check(name, ok, why=""):
    global failures
    failures += not ok
    print(("ok" if ok else "NOT OK"), name, "" if ok else why, flush=True)


def call(*args):
    return subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=100)


def trials(output):
    return json.loads(subprocess.run([AMBS, "trials", output, "--json"], capture_output=True, text=True).stdout)


def compiled_as_it_says(folder, source):
    """The line in its head works, without a warning."""
    with open(os.path.join(folder, source)) as f:
        line = re.search(r"^ \*   ((?:mpi)?cc .*)$", f.read(), re.M).group(1)
    made = subprocess.run(line.split()[0:1] + ["-Wall", "-Wextra"] + line.split()[1:], cwd=folder, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    check(f"{source} is compiled by: {line}", made.returncode == 0 and made.stdout == "", made.stdout)


def lotka_volterra(folder):
    study, output = os.path.join(folder, "study.yaml"), os.path.join(folder, "study.h5")
    # The posterior means of Carpenter, "Predator-Prey Population Dynamics: the Lotka-Volterra model in Stan"
    # (2018), which finds a residual scale of 0.25 for both (with the freedom of 8 parameters in 42 numbers).
    tried = call(AMBS, "try", study, "alpha=0.545", "beta=0.028", "gamma=0.803", "delta=0.024", "hares=33.96",
                 "lynxes=5.95")
    error = re.search(r"^error = ([\d.]+)$", tried.stdout, re.M)
    check("a published fit is as good as published", error and 0.2 < float(error.group(1)) < 0.26, tried.stdout)
    check("reports come year by year", tried.stdout.count("step 19") == 21, tried.stdout)
    ended = call(AMBS, "run", study, "-o", output, "-j", "2", "--set", "budget.trials=40")
    found = [t["objective"] for t in trials(output) if t["state"] == "complete"]
    check("the search improves on its first points", ended.returncode == 0 and len(found) == 40 and
          min(found) < min(found[:8]), ended.stdout)


def scalapack(folder):
    study, output = os.path.join(folder, "study.yaml"), os.path.join(folder, "study.h5")
    settings = ["--set", "trial.ranks=2", "--set", "objective.n=130", "--set", "budget.trials=16",
                "--set", "parameters.rows={values: [1, 2], type: ordinal}"]
    ended = call(*MPIRUN, "5", AMBS, "run", study, "-o", output, *settings)
    found = trials(output)
    check("1 + 2 x 2 ranks solve and end with status 0", ended.returncode == 0, ended.stdout)
    check("every solve has a small residual and a time", len(found) == 16 and
          all(t["state"] == "complete" and 0 < t["objective"] < 10 for t in found), str(found))
    with_metrics = json.loads(subprocess.run([AMBS, "show", output, "5", "--json"], capture_output=True,
                                             text=True).stdout)["metrics"]
    check("GFLOP/s and the residual are recorded", with_metrics["gflops"] > 0 and 0 <= with_metrics["residual"] < 16,
          str(with_metrics))
    for verb in "verify", "replay":
        done = call(AMBS, verb, output)
        check(f"ambs {verb} finds nothing", done.returncode == 0, done.stdout)


def a_shape_that_does_not_fit(folder):
    study, output = os.path.join(folder, "study.yaml"), os.path.join(folder, "other.h5")
    call(*MPIRUN, "4", AMBS, "run", study, "-o", output, "--set", "trial.ranks=3", "--set", "objective.n=40",
         "--set", "budget.trials=6", "--set", "method={name: random}")
    found = trials(output)
    wrong = [t for t in found if t["parameters"]["rows"] != 1]
    check("a grid that the ranks do not make fails its trial and nothing else", len(found) == 6 and wrong and
          all((t["state"] == "failed") == (t in wrong) for t in found), str(found))


def the_page_of_plug_ins():
    """What share/doc/plugins.md tells a newcomer to type."""
    with open(os.path.join(EXAMPLES, "../doc/plugins.md")) as f:
        blocks = re.findall(r"```(\w*)\n(.*?)```", f.read(), re.S)
    with tempfile.TemporaryDirectory() as folder:
        for kind, name in ("c", "parabola.c"), ("yaml", "study.yaml"):
            with open(os.path.join(folder, name), "w") as f:
                f.write(next(text for k, text in blocks if k == kind))
        lines = next(text for k, text in blocks if k == "").splitlines()
        lines[0] = lines[0].replace("$(pkg-config --cflags ambs)", "-Wall -Wextra")
        for line in lines:
            words = line.split("  ")[0].split()
            words[0] = AMBS if words[0] == "ambs" else words[0]
            done = subprocess.run(words + (["-j", "2"] if words[1] == "run" else []), cwd=folder, text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=100)
            check(" ".join(line.split("  ")[0].split()), done.returncode == 0 and "warning" not in done.stdout,
                  done.stdout)


the_page_of_plug_ins()
for name, source, library, test in (("lotka_volterra", "lotka_volterra.c", LIBRARIES[0], [lotka_volterra]),
                                    ("scalapack", "scalapack.c", LIBRARIES[1], [scalapack, a_shape_that_does_not_fit])):
    with tempfile.TemporaryDirectory() as top:
        here = os.path.join(top, name)
        shutil.copytree(os.path.join(EXAMPLES, name), here)
        compiled_as_it_says(here, source)
        shutil.copy(library, here)
        for t in test:
            t(here)
sys.exit(1 if failures else 0)
