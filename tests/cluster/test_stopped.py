#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Ranks that are stopped for a while, and a file system that does not answer: nothing is lost, nothing is run twice
that need not be, and nobody is declared dead.

usage: test_stopped.py AMBS LIBSTALL. Exits 77 where mpirun or h5py is missing."""
import os
import signal
import sys
import tempfile
import threading
import time

from running import check, end, pids_of, start, states, study, wait_for_results

import h5py

LIBSTALL = sys.argv[2]
SETTINGS = ["--set", "manager.heartbeat=300ms", "--set", "manager.suspect=3s", "--set", "manager.timeout=60s"]
TRIALS = 60
n_done = 0


def reasons(output):
    """How attempts ended other than well."""
    with h5py.File(output) as f:
        values = [v.decode() if isinstance(v, bytes) else v for v in f["attempts/reason"][:]]
    return [v for v in values if v]


def finish(what, process, output, lost):
    text = process.communicate(timeout=120)[0]
    check(f"{what}: the study ends well", process.returncode == 0, f"{process.returncode}: {text}")
    check(f"{what}: every trial is complete", states(output) == ["complete"] * TRIALS, text)
    found = reasons(output)
    check(f"{what}: at most {lost} attempts are run again", len(found) <= lost, f"{found}: {text}")
    global n_done
    n_done += 1
    return text


def stopped(rank):
    with tempfile.TemporaryDirectory() as folder:
        path, output = study(folder, TRIALS, "200ms")
        process = start(3, path, output, *SETTINGS)
        wait_for_results(output)
        pid = pids_of(process.pid)[rank]
        os.kill(pid, signal.SIGSTOP)
        time.sleep(6)
        os.kill(pid, signal.SIGCONT)
        finish("the manager was stopped" if rank == 0 else "a worker was stopped", process, output, rank)


def stalled(writes):
    what = "writes hang" if writes else "only the disk hangs"
    with tempfile.TemporaryDirectory() as folder:
        path, output = study(folder, TRIALS, "200ms")
        stall = os.path.join(folder, "stall")
        process = start(3, path, output, *SETTINGS, options=[
            "-x", f"LD_PRELOAD={LIBSTALL}", "-x", f"AMBS_STALL={stall}", "-x", f"AMBS_STALL_WRITES={int(writes)}"])
        wait_for_results(output)
        open(stall, "w").close()
        time.sleep(8)
        os.unlink(stall)
        text = finish(f"a file system stalls, {what}", process, output, 0)
        if not writes:
            check("the stall is said", "does not answer" in text, text)


cases = [threading.Thread(target=case, args=[how]) for case, how in
         ((stopped, 0), (stopped, 1), (stalled, False), (stalled, True))]
for case in cases:
    case.start()
for case in cases:
    case.join()
check("every case was tried", n_done == len(cases), str(n_done))
end()
