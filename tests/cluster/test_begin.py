#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A start of several ranks of which one dies, or is only slow, while MPI begins.

usage: test_begin.py AMBS. Exits 77 where mpirun or h5py is missing."""
import os
import signal
import tempfile
import time

from running import check, end, name_of, pids_of, start, states, study


def stopped_at_its_beginning(launcher):
    """Stops rank 1 once it is ambs: long before its MPI_Init can be over."""
    until = time.time() + 30
    while time.time() < until:
        pid = pids_of(launcher).get(1)
        if pid and name_of(pid) == "ambs":
            os.kill(pid, signal.SIGSTOP)
            return pid
        time.sleep(0.001)
    return None


def a_dead_rank():
    with tempfile.TemporaryDirectory() as folder:
        path, output = study(folder, 20)
        process = start(3, path, output)
        pid = stopped_at_its_beginning(process.pid)
        time.sleep(2)  # the others look around
        os.kill(pid, signal.SIGKILL)
        killed = time.time()
        text = process.communicate(timeout=60)[0]
        check("a rank that dies in MPI_Init ends the start", process.returncode != 0, text)
        check("it does so soon", time.time() - killed < 30, f"{time.time() - killed:.0f} s")
        check("it is said once", text.count("a rank died while MPI began") == 1, text)


def a_slow_rank():
    with tempfile.TemporaryDirectory() as folder:
        path, output = study(folder, 20)
        process = start(3, path, output)
        pid = stopped_at_its_beginning(process.pid)
        time.sleep(8)
        check("a slow start is waited for", process.poll() is None and not os.path.exists(output))
        os.kill(pid, signal.SIGCONT)
        text = process.communicate(timeout=60)[0]
        check("it runs to its end", process.returncode == 0 and states(output) == ["complete"] * 20, text)


a_dead_rank()
a_slow_rank()
end()
