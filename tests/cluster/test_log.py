#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""mpirun, which passes on what the ranks say, is stopped, as it is while its own output stalls: their pipes are full
soon, and nobody takes what ambs says. The study goes on to its budget; once mpirun goes on, the log says how many
lines it lacks, and the study ends well.

usage: test_log.py AMBS. Exits 77 without mpirun or h5py."""
import json
import os
import signal
import tempfile
import time

from running import check, end, start, study, wait_for_results, status_of

# Each is a line of --verbose: more than the pipes hold, and for rank 0 alone more than its memory for lines.
TRIALS = {3: 6000, 1: 20000}


def entries(log):
    """Of the log; mpirun may mix the lines of several ranks."""
    for line in log:
        try:
            yield json.loads(line)
        except ValueError:
            pass


def count(log):
    """Lines of results told, lines dropped."""
    told = sum(x.get("text", "").startswith("acknowledged trial") for x in log)
    gaps = [x["text"] for x in log if "of this log were dropped here" in x.get("text", "")]
    return told, sum(int(gap.split()[0]) for gap in gaps)


def unread(ranks):
    what = "rank 0 alone" if ranks == 1 else f"{ranks - 1} workers"
    with tempfile.TemporaryDirectory() as folder:
        path, output = study(folder, TRIALS[ranks])
        # apart from the last word on the other stream, which mpirun may put into the midst of lines
        log = open(os.path.join(folder, "log"), "w+")
        process = start(ranks, path, output, "--verbose", "--json-log", errors=log)
        try:
            wait_for_results(output)
            process.send_signal(signal.SIGSTOP)
            for _ in range(60):
                status = status_of(output)
                if status["complete"] == TRIALS[ranks]:
                    break
                time.sleep(1)
            check(f"{what}: the study goes on while nobody takes its log", status["complete"] == TRIALS[ranks], status)
            process.send_signal(signal.SIGCONT)
            text = process.communicate(timeout=60)[0]
        finally:
            process.kill()
        log.seek(0)
        check(f"{what}: it ends well", process.returncode == 0, f"{process.returncode}")
        told, dropped = count(list(entries(log)))
        if ranks == 1:
            check(f"{what}: what was dropped is said", dropped > 0, f"{told} told")
            check(f"{what}: every line is told or counted", told + dropped == TRIALS[1], f"{told} + {dropped}")
        check(f"{what}: the last word comes through", '"status": 0' in text, text[-500:])


for ranks in (3, 1):
    unread(ranks)
end()
