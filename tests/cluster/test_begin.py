#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A start of several ranks of which one dies, or is only slow, while MPI begins.

usage: test_begin.py AMBS. Exits 77 where mpirun or h5py is missing."""
import glob
import os
import shutil
import signal
import sys
import tempfile
import time

from running import check, end, name_of, start, states, study


def children(launcher):
    """Faster than a walk over all processes: a beginning is short."""
    for path in glob.glob(f"/proc/{launcher}/task/*/children"):
        with open(path) as f:
            yield from map(int, f.read().split())


def stop_rank_1(launcher):
    """Stops rank 1 once it is ambs, long before its MPI_Init can be over; None where that was missed."""
    until = time.time() + 20
    while time.time() < until:
        try:
            for pid in children(launcher):
                with open(f"/proc/{pid}/environ") as f:
                    if name_of(pid) == "ambs" and "OMPI_COMM_WORLD_RANK=1\0" in f.read():
                        os.kill(pid, signal.SIGSTOP)
                        return pid
        except OSError:
            pass
    return None


def started(folder):
    """A study of three ranks, of which rank 1 stands still before MPI is there."""
    for _ in range(5):
        path, output = study(folder, 20)
        process = start(3, path, output, "--resume")
        pid = stop_rank_1(process.pid)
        time.sleep(2)  # the others look around
        if pid and process.poll() is None and not os.path.exists(output):
            return process, pid, output
        if pid:
            os.kill(pid, signal.SIGCONT)
        process.communicate(timeout=60)
        os.path.exists(output) and os.remove(output)
        shutil.rmtree(output + ".journal", ignore_errors=True)
    print("rank 1 could not be stopped in time", flush=True)
    sys.exit(77)


def a_dead_rank():
    with tempfile.TemporaryDirectory() as folder:
        process, pid, _ = started(folder)
        os.kill(pid, signal.SIGKILL)
        killed = time.time()
        text = process.communicate(timeout=60)[0]
        check("a rank that dies in MPI_Init ends the start", process.returncode != 0, text)
        check("it does so soon", time.time() - killed < 30, f"{time.time() - killed:.0f} s")
        check("it is said once", text.count("a rank died while MPI began") == 1, text)


def a_slow_rank():
    with tempfile.TemporaryDirectory() as folder:
        process, pid, output = started(folder)
        time.sleep(6)
        check("a slow start is waited for", process.poll() is None and not os.path.exists(output))
        os.kill(pid, signal.SIGCONT)
        text = process.communicate(timeout=60)[0]
        check("it runs to its end", process.returncode == 0 and states(output) == ["complete"] * 20, text)


a_dead_rank()
a_slow_rank()
end()
