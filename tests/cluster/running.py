# SPDX-License-Identifier: MIT
"""What tests of ambs run under a real mpirun share. Importing it ends the program with 77 where mpirun or h5py is
missing."""
import json
import os
import shutil
import subprocess
import sys
import time

try:
    import h5py
except ImportError:
    sys.exit(77)
if not shutil.which("mpirun"):
    sys.exit(77)

AMBS = os.path.abspath(sys.argv[1])
STUDY = """study: {name: test, seed: 7}
metric: {name: y}
objective: {function: branin, delay: %s}
parameters:
  x1: {min: -5.0, max: 10.0}
  x2: {min: 0.0, max: 15.0}
method: {name: random}
budget: {trials: %d}
trial: {grace: 200ms}
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


def study(folder, trials, delay="0s"):
    return written(folder, STUDY % (delay, trials))


def written(folder, text):
    path = os.path.join(folder, "study.yaml")
    with open(path, "w") as f:
        f.write(text)
    return path, os.path.join(folder, "study.h5")


def states(path):
    with h5py.File(path, "r") as f:
        state = f["trials/state"]
        names = h5py.check_enum_dtype(state.dtype)
        values = state[:]
        if names:
            back = {v: k for k, v in names.items()}
            return [back[v] for v in values]
        return [v.decode() if isinstance(v, bytes) else v for v in values]


def processes():
    """(pid, parent, environment) of every process that can be read."""
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as f:
                environ = dict(e.split(b"=", 1) for e in f.read().split(b"\0") if b"=" in e)
            with open(f"/proc/{pid}/stat") as f:
                parent = int(f.read().rsplit(")", 1)[1].split()[1])
        except (OSError, ValueError):
            continue
        yield int(pid), parent, environ


def pids_of(launcher):
    """Every ambs rank below mpirun: their numbers by rank."""
    return {int(environ[b"OMPI_COMM_WORLD_RANK"]): pid for pid, parent, environ in processes()
            if parent == launcher and b"OMPI_COMM_WORLD_RANK" in environ}


def children_of(parent):
    return [pid for pid, up, _ in processes() if up == parent]


def name_of(pid):
    try:
        with open(f"/proc/{pid}/comm") as f:
            return f.read().strip()
    except OSError:
        return ""


def start(n, path, output, *more, options=(), errors=subprocess.STDOUT):
    return subprocess.Popen(MPIRUN + [str(n), *options, AMBS, "run", path, "-o", output, *more],
                            stdout=subprocess.PIPE, stderr=errors, text=True)


def status_of(output):
    status = subprocess.run([AMBS, "status", output, "--json"], capture_output=True, text=True)
    return json.loads(status.stdout) if status.returncode == 0 else None


def wait_for_results(output, n=1):
    """Until the study has n results: how long a start takes differs from machine to machine."""
    for _ in range(600):
        status = status_of(output)
        if status and status["complete"] >= n:
            return
        time.sleep(0.1)


def end():
    sys.exit(1 if failures else 0)
