#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""ambs run in trouble of the usual kinds, each once: full disks, folders that vanish, killed processes; and studies of
unusual shape. The fault campaign (tests/crash) mixes them at random.

usage: test_trouble.py AMBS DATA. Exits 77 where mpirun or h5py is missing."""
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from running import AMBS, check, children_of, end, name_of, pids_of, start, states, status_of, study, wait_for_results
from running import written

import h5py

DATA = os.path.abspath(sys.argv[2])


def below(pid):
    """Every process that came of it, by name."""
    found = []
    for child in children_of(pid):
        found.append((name_of(child), child))
        found += below(child)
    return found


def named(launcher, rank, name):
    return [pid for found, pid in below(pids_of(launcher)[rank]) if found.startswith(name)]


def full_disk():
    if os.geteuid() != 0:
        return
    with tempfile.TemporaryDirectory() as folder:
        disk = os.path.join(folder, "disk")
        os.mkdir(disk)
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], capture_output=True).returncode:
            return
        try:
            path, _ = study(folder, 120, "20ms")
            output, filler = os.path.join(disk, "study.h5"), os.path.join(disk, "filler")
            process = start(3, path, output)
            wait_for_results(output)
            with open(filler, "wb", buffering=0) as f:
                try:
                    while True:
                        f.write(bytes(4096))
                except OSError:
                    pass
            time.sleep(3)
            check("a study waits for a full disk", process.poll() is None)
            os.remove(filler)
            text = process.communicate(timeout=100)[0]
            check("it goes on when there is room again", process.returncode == 0, f"{process.returncode}: {text}")
            check("no trial is lost", states(output) == ["complete"] * 120, text)
            check("the full disk is told", "No space left" in text, text)
        finally:
            subprocess.run(["umount", "-l", disk], capture_output=True)


def vanished_folder():
    with tempfile.TemporaryDirectory() as folder:
        path, _ = study(folder, 100, "50ms")
        home, away = os.path.join(folder, "results"), os.path.join(folder, "away")
        os.mkdir(home)
        output = os.path.join(home, "study.h5")
        process = start(3, path, output)
        wait_for_results(output)
        os.rename(home, away)
        time.sleep(2)
        os.rename(away, home)
        text = process.communicate(timeout=100)[0]
        check("a folder that was away for a while costs nothing", process.returncode == 0 and
              states(output) == ["complete"] * 100, f"{process.returncode}: {text}")


def terminated():
    with tempfile.TemporaryDirectory() as folder:
        path, output = study(folder, 10000, "50ms")
        process = subprocess.Popen([AMBS, "run", path, "-o", output, "-j", "2"], stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True)
        wait_for_results(output, 5)
        before = status_of(output)["complete"]
        began = time.time()
        process.send_signal(signal.SIGTERM)
        text = process.communicate(timeout=60)[0]
        after = status_of(output)["complete"]
        check("SIGTERM ends at once with status 3", process.returncode == 3 and time.time() - began < 10,
              f"{process.returncode}: {text}")
        check("it is told how to go on", "--resume" in text, text)
        check("what was there is kept", after >= before, f"{before}, then {after}")
        again = subprocess.run([AMBS, "run", path, "-o", output, "-j", "2", "--resume", "--set",
                                f"budget.trials={after + 10}"], capture_output=True, text=True, timeout=60)
        check("a terminated study is resumed", again.returncode == 0, again.stdout + again.stderr)


def killed(what, name):
    with tempfile.TemporaryDirectory() as folder:
        path, output = study(folder, 60, "100ms")
        process = start(3, path, output)
        wait_for_results(output)
        victims = named(process.pid, 1, name)
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        text = process.communicate(timeout=120)[0]
        found = states(output)
        check(f"the study survives a killed {what}", victims and len(found) == 60 and
              found.count("complete") >= 59 and "running" not in found, f"{victims} {found}: {text}")
        check(f"a killed {what} leaves nothing running", not [p for p in victims if os.path.exists(f"/proc/{p}")])


def very_different_lengths():
    with tempfile.TemporaryDirectory() as folder:
        path, output = written(folder, """metric: {name: y}
objective: {command: [sh, -c, 'sleep ${s}; echo ${s}']}
parameters: {s: {values: [0, 0.01, 0.1, 2]}, k: {min: 1, max: 1000}}
method: {name: random}
budget: {trials: 40}
""")
        text = start(4, path, output).communicate(timeout=120)[0]
        check("trials of very different lengths all come in", states(output) == ["complete"] * 40, text)


def from_configspace():
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(os.path.join(DATA, "configspace-1.2.json"), os.path.join(folder, "space.json"))
        path, output = written(folder, """metric: {name: y}
objective: {command: [sh, -c, 'wc -c < $AMBS_PARAMS']}
space: space.json
budget: {trials: 12}
""")
        text = start(3, path, output).communicate(timeout=120)[0]
        check("a study over a ConfigSpace space runs", states(output) == ["complete"] * 12, text)


def bound_to_cores():
    with tempfile.TemporaryDirectory() as folder:
        path, output = written(folder, """metric: {name: y}
objective: {command: [nproc]}
parameters: {k: {min: 1, max: 1000}}
budget: {trials: 12}
""")
        process = start(4, path, output, options=["--bind-to", "core:overload-allowed"])
        text = process.communicate(timeout=120)[0]
        check("ranks bound to cores run a study", process.returncode == 0 and states(output) == ["complete"] * 12, text)
        with h5py.File(output) as f:
            check("each trial has the cores of its slot", set(f["trials/objective"][:]) == {1.0},
                  str(f["trials/objective"][:]))


full_disk()
vanished_folder()
terminated()
killed("supervisor", "ambs-superviso")
killed("trial host", "ambs-trial-host")
very_different_lengths()
from_configspace()
bound_to_cores()
end()
