#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A real file system that does not answer: an ext4 of its own, in a mount name space of its own, is frozen
(fsfreeze: writes and fdatasyncs hang in the kernel) while a study runs on it. The manager goes on giving signs of
life, nobody is called silent, running trials end, and after the thaw the study goes on to its budget: no result is
lost, none is run twice. So it is where each trial saves its state there, too: whoever begins one in the freeze waits
for its folder, and says that it lives.

usage: test_frozen.py AMBS [SECONDS]. Exits 77 where it may not mount, or mpirun or h5py is missing."""
import os
import shutil
import subprocess
import sys
import tempfile
import time

from running import AMBS, check, end, start, states, study, wait_for_results, written

import h5py

FREEZE_S = float(sys.argv[2]) if len(sys.argv) > 2 else 6
# Agents leave a manager that is silent for 4 s; the freeze is longer than that.
SETTINGS = ["--set", "manager.heartbeat=300ms", "--set", "manager.suspect=2s", "--set", "manager.timeout=4s"]
TRIALS = 100


def in_own_mounts():
    """Goes on in a mount name space of its own, so that nothing of this is seen outside or stays behind."""
    if os.environ.get("AMBS_TEST_MOUNTS") == "own":
        return
    tools = all(shutil.which(t) for t in ("unshare", "mount", "mkfs.ext4", "fsfreeze"))
    if os.geteuid() != 0 or not tools:
        sys.exit(77)
    if subprocess.run(["unshare", "-m", "true"], capture_output=True).returncode != 0:
        sys.exit(77)
    os.environ["AMBS_TEST_MOUNTS"] = "own"
    os.execvp("unshare", ["unshare", "-m", "--propagation", "private", sys.executable, *sys.argv])


def mounted(folder):
    image, point = os.path.join(folder, "image"), os.path.join(folder, "shared")
    os.mkdir(point)
    with open(image, "wb") as f:
        f.truncate(64 << 20)
    subprocess.run(["mkfs.ext4", "-q", image], check=True)
    if subprocess.run(["mount", "-o", "loop", image, point], capture_output=True).returncode != 0:
        sys.exit(77)
    return point


def attempts(output):
    with h5py.File(output) as f:
        return len(f["attempts/trial"]), list(f["attempts/trial"])


SAVING = """study: {name: test, seed: 7}
metric: {name: y}
objective: {command: [sh, -c, 'echo $AMBS_TRIAL > $AMBS_CHECKPOINT_DIR/state; sleep 0.1; echo $AMBS_TRIAL']}
parameters: {x: {min: 0.0, max: 1.0}}
method: {name: random}
budget: {trials: %d}
trial: {grace: 200ms, checkpoint: true}
manager: {snapshot: 1s}
"""


def frozen(point, workers, saves=False):
    what = (f"{workers} workers" if workers > 0 else "rank 0 alone") + (" that save their state" if saves else "")
    folder = os.path.join(point, f"{workers}-{saves}")
    os.mkdir(folder)
    path, output = written(folder, SAVING % TRIALS) if saves else study(folder, TRIALS, "100ms")
    process = start(workers + 1, path, output, *SETTINGS)
    wait_for_results(output)
    subprocess.run(["fsfreeze", "-f", point], check=True)
    try:
        time.sleep(FREEZE_S)
        check(f"{what}: the study is still there when the file system thaws", process.poll() is None)
    finally:
        subprocess.run(["fsfreeze", "-u", point], check=True)
    text = process.communicate(timeout=120)[0]
    check(f"{what}: it ends well", process.returncode == 0, f"{process.returncode}: {text}")
    check(f"{what}: the stall is said", "does not answer" in text, text)
    check(f"{what}: the manager ran all the time", "did not run for" not in text, text)
    check(f"{what}: nobody was called silent", "silent" not in text and "suspect" not in text, text)
    check(f"{what}: no saved state is left", not os.path.exists(f"{output}.checkpoints"), text)
    check(f"{what}: every trial is complete", states(output) == ["complete"] * TRIALS, text)
    n, trials = attempts(output)
    check(f"{what}: none was run twice", n == TRIALS and len(set(trials)) == TRIALS, f"{n}: {text}")
    told = subprocess.run([AMBS, "verify", output], capture_output=True, text=True)
    check(f"{what}: the journal and the file are whole", told.returncode == 0, told.stdout + told.stderr)


in_own_mounts()
with tempfile.TemporaryDirectory() as folder:
    point = mounted(folder)
    try:
        for workers, saves in ((2, False), (0, False), (2, True), (0, True)):
            frozen(point, workers, saves)
    finally:
        subprocess.run(["umount", "-l", point])
end()
