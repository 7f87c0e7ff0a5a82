#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""ambs run as a user starts it, with 1 to 4 ranks: exit statuses, resume, drain, deaths.

usage: test_run.py AMBS. Exits 77 where mpirun or h5py is missing."""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

try:
    import h5py
except ImportError:
    sys.exit(77)
if not shutil.which("mpirun"):
    sys.exit(77)

AMBS = sys.argv[1]
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
    path = os.path.join(folder, "study.yaml")
    with open(path, "w") as f:
        f.write(STUDY % (delay, trials))
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


def pids_of(parent):
    """Every ambs rank below mpirun: their numbers by rank."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as f:
                environ = dict(e.split(b"=", 1) for e in f.read().split(b"\0") if b"=" in e)
            with open(f"/proc/{pid}/stat") as f:
                up = int(f.read().rsplit(")", 1)[1].split()[1])
        except (OSError, ValueError):
            continue
        if up == parent and b"OMPI_COMM_WORLD_RANK" in environ:
            found[int(environ[b"OMPI_COMM_WORLD_RANK"])] = int(pid)
    return found


def start(n, path, output, *more):
    return subprocess.Popen(MPIRUN + [str(n), AMBS, "run", path, "-o", output, *more],
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def wait_for_results(output):
    """Until the study has a result: how long a start takes differs from machine to machine."""
    for _ in range(600):
        status = subprocess.run([AMBS, "status", output, "--json"], capture_output=True, text=True)
        if status.returncode == 0 and json.loads(status.stdout)["complete"] > 0:
            return
        time.sleep(0.1)


def ranks_1_to_4():
    for n in 1, 2, 3, 4:
        with tempfile.TemporaryDirectory() as folder:
            path, output = study(folder, 40)
            process = start(n, path, output)
            text = process.communicate(timeout=120)[0]
            check(f"{n} ranks end with status 0", process.returncode == 0, text)
            check(f"{n} ranks complete every trial", states(output) == ["complete"] * 40, text)


def launched_by_itself():
    with tempfile.TemporaryDirectory() as folder:
        path, output = study(folder, 20)
        command = [AMBS, "run", path, "-o", output, "-j", "2"]
        check("-j 2 runs", subprocess.run(command, capture_output=True, timeout=120).returncode == 0)
        again = subprocess.run(command, capture_output=True, timeout=120, text=True)
        check("a study is not overwritten", again.returncode == 2 and "--resume" in again.stderr, again.stderr)
        more = subprocess.run(command + ["--resume", "--set", "budget.trials=30"], capture_output=True, timeout=120)
        check("a study is resumed with another budget", more.returncode == 0 and len(states(output)) == 30)


def failing():
    with tempfile.TemporaryDirectory() as folder:
        path, output = study(folder, 4)
        with open(path) as f:
            text = f.read().replace("{function: branin, delay: 0s}", '{command: [sh, -c, "echo no cheese >&2; exit 3"]}')
        with open(path, "w") as f:
            f.write(text)
        command = [AMBS, "run", path, "-o", output, "-j", "2"]
        ended = subprocess.run(command, capture_output=True, timeout=60, text=True)
        check("a study whose every trial failed ends with status 4", ended.returncode == 4, ended.stdout)
        check("it says why", "exit 3: no cheese" in ended.stdout and "failed: exit 3: no cheese" in ended.stderr,
              ended.stdout + ended.stderr)


def logged_as_json():
    with tempfile.TemporaryDirectory() as folder:
        path, output = study(folder, 20)
        ended = subprocess.run([AMBS, "run", path, "-o", output, "-j", "2", "--json-log"], stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, timeout=60, text=True)
        try:
            lines = [json.loads(line) for line in ended.stdout.splitlines()]
            check("the last line of a JSON log is the end", lines[-1]["status"] == 0 and lines[-1]["complete"] == 20)
        except ValueError as e:
            check("each line of a JSON log is a document", False, f"{e}: {ended.stdout}")


def drained():
    with tempfile.TemporaryDirectory() as folder:
        path, output = study(folder, 10000, "50ms")
        process = subprocess.Popen([AMBS, "run", path, "-o", output, "-j", "2"], stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True)
        wait_for_results(output)
        process.send_signal(signal.SIGINT)
        text = process.communicate(timeout=60)[0]
        check("SIGINT drains and ends with status 3", process.returncode == 3, f"{process.returncode}: {text}")
        found = states(output)
        check("a drained study has no running trial", "running" not in found and "complete" in found, str(found))


def killed(rank):
    with tempfile.TemporaryDirectory() as folder:
        path, output = study(folder, 60, "100ms")
        process = start(3, path, output)
        wait_for_results(output)
        os.kill(pids_of(process.pid)[rank], signal.SIGKILL)
        text = process.communicate(timeout=120)[0]
        if rank != 0:
            check("the study goes on without a killed worker", states(output) == ["complete"] * 60, text)
            return
        left = subprocess.run(MPIRUN + ["3", AMBS, "run", path, "-o", output, "--resume"], capture_output=True,
                              timeout=120, text=True)
        check("a study is resumed after its manager was killed",
              left.returncode == 0 and states(output) == ["complete"] * 60, text + left.stdout + left.stderr)


def unbound():
    with tempfile.TemporaryDirectory() as folder:
        path, output = study(folder, 2)
        with open(path) as f:
            text = f.read().replace("{function: branin, delay: 0s}", "{command: [env, -u, OMP_NUM_THREADS, nproc]}")
        with open(path, "w") as f:
            f.write(text)
        subprocess.run(["mpirun", "--bind-to", "core", "-n", "1", AMBS, "run", path, "-o", output],
                       capture_output=True, timeout=60)
        with h5py.File(output) as f:
            cores = f["trials/objective"][0]
        check("trials of rank 0 are not pinned to its core", cores == len(os.sched_getaffinity(0)), str(cores))
        shutil.rmtree(output + ".journal")
        again = subprocess.run([AMBS, "run", path, "-o", output, "-j", "1", "--resume"], capture_output=True,
                               timeout=60, text=True)
        lost = subprocess.run([AMBS, "run", path, "-o", os.path.join(folder, "none", "x.h5"), "-j", "1"],
                              capture_output=True, timeout=60, text=True)
        check("a folder that is missing is told", lost.returncode == 2 and "no such folder" in lost.stderr,
              lost.stderr)
        check("a study without its journal is not resumed", again.returncode == 2 and
              "without its journal" in again.stderr, again.stderr)


def launcher_killed():
    with tempfile.TemporaryDirectory() as folder:
        path, output = study(folder, 10000, "50ms")
        process = subprocess.Popen([AMBS, "run", path, "-o", output, "-j", "2"], stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True)
        time.sleep(2)
        with open(f"/proc/{process.pid}/task/{process.pid}/children") as f:
            os.kill(int(f.read().split()[0]), signal.SIGKILL)
        text = process.communicate(timeout=30)[0]
        check("a killed mpirun is told, and how to go on", process.returncode == 3 and f"-o {output}" in text and
              "signal 9" in text and "--resume" in text, f"{process.returncode}: {text}")


ranks_1_to_4()
launched_by_itself()
failing()
logged_as_json()
drained()
killed(1)
killed(0)
launcher_killed()
unbound()
sys.exit(1 if failures else 0)
