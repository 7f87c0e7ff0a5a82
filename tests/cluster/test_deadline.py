#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A limit of time under a real mpirun: what cannot end is asked to save its state, cut, and run again in the next life;
and a study that nobody is left to run.

usage: test_deadline.py AMBS. Exits 77 where mpirun or h5py is missing."""
import os
import signal
import subprocess
import tempfile
import threading

from running import AMBS, check, children_of, end, pids_of, states, study, wait_for_results, written

import h5py

STUDY = """study: {name: limited, seed: 3}
metric: {name: y}
objective:
  command: [sh, -c, "trap 'echo $AMBS_TRIAL >> MARK; exit 0' USR1; sleep ${t} & wait $!; echo 1 > $AMBS_RESULT"]
parameters:
  t: {values: ["0.3", "9"], probabilities: [0.6, 0.4]}
  x: {min: 0.0, max: 1.0}
method: {name: random}
budget: {trials: 12}
trial: {grace: 500ms, attempts: 1, checkpoint: true}
manager: {snapshot: 1s}
"""


def column(output, name):
    with h5py.File(output) as f:
        return [v.decode() if isinstance(v, bytes) else v for v in f[name][:]]


def limited():
    with tempfile.TemporaryDirectory() as folder:
        mark = os.path.join(folder, "saved")
        path, output = written(folder, STUDY.replace("MARK", mark))
        command = [AMBS, "run", path, "-o", output, "-j", "2"]
        first = subprocess.run(command + ["--time", "14s"], capture_output=True, text=True, timeout=60)
        text = first.stdout + first.stderr
        check("a study that is cut ends with status 3", first.returncode == 3, f"{first.returncode}: {text}")
        cut = {t for t, r in zip(column(output, "attempts/trial"), column(output, "attempts/reason")) if r == "deadline"}
        check("what runs at the end is recorded as cut", len(cut) >= 1 and "running" not in states(output), text)
        with open(mark) as f:
            check("it was asked to save its state", {int(line) for line in f} == cut, text)
        second = subprocess.run(command + ["--resume"], capture_output=True, text=True, timeout=120)
        text = second.stdout + second.stderr
        check("the next life ends well", second.returncode == 0, f"{second.returncode}: {text}")
        check("and runs all that was cut, though one attempt is all there is", states(output) == ["complete"] * 12, text)
        replayed = subprocess.run([AMBS, "replay", output], capture_output=True, text=True, timeout=60)
        check("both lives are replayed", replayed.returncode == 0, replayed.stdout + replayed.stderr)


def deserted():
    with tempfile.TemporaryDirectory() as folder:
        path, output = study(folder, 1000, "100ms")
        process = subprocess.Popen([AMBS, "run", path, "-o", output, "-j", "2"], stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True)
        wait_for_results(output)
        for launcher in children_of(process.pid):
            for rank, pid in pids_of(launcher).items():
                if rank > 0:
                    os.kill(pid, signal.SIGKILL)
        text = process.communicate(timeout=60)[0]
        check("a study that nobody runs ends with status 3", process.returncode == 3, f"{process.returncode}: {text}")
        check("and says why", "no worker is left" in text, text)
        found = states(output)
        check("and has saved what there was", "complete" in found and "running" not in found, str(found))


cases = [threading.Thread(target=case) for case in (limited, deserted)]
for case in cases:
    case.start()
for case in cases:
    case.join()
end()
