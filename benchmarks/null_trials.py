#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What the machinery itself costs: trials that do nothing, ranks that have nothing to do.

usage: null_trials.py AMBS [--trials N] [--workers W]

Four figures, each with a line that a script can read (name, value, unit, what it was measured with):
  rate       trials of a function that returns at once, method random, from the first proposal to the last
             result, by the records' own times
  latency    on a slot, from the end of an attempt to the start of the next, when trials take 20 ms
             (median and 99th percentile, clocks of the worker), so without hand-outs ahead
  busy       share of the time that workers run trials, of 1,000 commands that sleep for 10 ms, from the first start
             to the last end
  idle       CPU time of each rank over 20 s in which one worker runs one trial and the other nothing"""
import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time

import h5py
import numpy

os.environ.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
                  OMPI_MCA_rmaps_base_oversubscribe="1", OMPI_MCA_btl_tcp_if_include="lo",
                  OMPI_MCA_oob_tcp_if_include="lo", OPENBLAS_NUM_THREADS="1")
STUDY = """study: {name: nulls, seed: 1}
metric: {name: y}
objective: %s
parameters:
  x1: {min: -5.0, max: 10.0}
  x2: {min: 0.0, max: 15.0}
method: {name: random}
budget: {trials: %d}
"""

BRANIN = "{function: branin, delay: %s}"


def label(args, trials, delay):
    return f"workers={args.workers},trials={trials},delay={delay},method=random,seed=1"


def show(name, value, unit, what):
    print(f"{name:<28} {value:>12.6g} {unit:<10} {what}", flush=True)


def start(args, folder, trials, objective):
    path = os.path.join(folder, "study.yaml")
    with open(path, "w") as f:
        f.write(STUDY % (objective, trials))
    output = os.path.join(folder, "study.h5")
    return output, subprocess.Popen([args.ambs, "run", path, "-o", output, "-j", str(args.workers), "--quiet"],
                                    stdout=subprocess.DEVNULL)


def rate(args):
    with tempfile.TemporaryDirectory() as folder:
        output, process = start(args, folder, args.trials, BRANIN % "0s")
        assert process.wait() == 0
        with h5py.File(output, "r") as f:
            span = f["trials/received"][:].max() - f["trials/proposed"][:].min()
            bytes_h5 = os.path.getsize(output) / args.trials
        journal = output + ".journal"
        bytes_journal = sum(os.path.getsize(os.path.join(journal, n)) for n in os.listdir(journal)) / args.trials
        what = label(args, args.trials, "0s")
        show("null trial rate", args.trials / span, "trials/s", what)
        show("journal per trial", bytes_journal, "bytes", what)
        show("STUDY.h5 per trial", bytes_h5, "bytes", what)


def latency(args):
    with tempfile.TemporaryDirectory() as folder:
        output, process = start(args, folder, 1000, BRANIN % "20ms")
        assert process.wait() == 0
        with h5py.File(output, "r") as f:
            rank, slot, begin, end = (f["attempts/" + k][:] for k in ("rank", "slot", "start", "end"))
    gaps = []
    for key in set(zip(rank.tolist(), slot.tolist())):
        mine = (rank == key[0]) & (slot == key[1])
        order = numpy.argsort(begin[mine])
        gaps.append(begin[mine][order][1:] - end[mine][order][:-1])
    gaps = 1e3 * numpy.concatenate(gaps)
    what = label(args, 1000, "20ms")
    show("latency, median", numpy.median(gaps), "ms", what)
    show("latency, 99th percentile", numpy.percentile(gaps, 99), "ms", what)


def busy(args):
    objective = "{command: [sh, -c, 'sleep 0.01; echo 1']}"
    with tempfile.TemporaryDirectory() as folder:
        output, process = start(args, folder, 1000, objective)
        assert process.wait() == 0
        with h5py.File(output, "r") as f:
            begin, end = f["attempts/start"][:], f["attempts/end"][:]
    share = 100 * (end - begin).sum() / (end.max() - begin.min()) / args.workers
    show("busy with trials of 10 ms", share, "%", f"workers={args.workers},trials=1000,command=sleep 0.01")


def cpu_s(pid):
    """CPU time of all threads, to the nanosecond."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/schedstat") as f:
            total += int(f.read().split()[0])
    return total / 1e9


def ranks(path):
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as f:
                environ = dict(e.split(b"=", 1) for e in f.read().split(b"\0") if b"=" in e)
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                words = f.read().split(b"\0")
        except OSError:
            continue
        if b"OMPI_COMM_WORLD_RANK" in environ and b"run" in words[1:2] and path.encode() in words:
            found[int(environ[b"OMPI_COMM_WORLD_RANK"])] = int(pid)
    return found


def idle(args):
    seconds = 20
    with tempfile.TemporaryDirectory() as folder:
        output, process = start(args, folder, 1, BRANIN % f"{seconds + 8}s")
        time.sleep(4)
        pids = ranks(output)
        before = {rank: cpu_s(pid) for rank, pid in pids.items()}
        time.sleep(seconds)
        for rank, pid in sorted(pids.items()):
            share = 100 * (cpu_s(pid) - before[rank]) / seconds
            show(f"idle cost of rank {rank}", share, "% of core", f"seconds={seconds},{label(args, 1, '28s')}")
        process.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ambs")
    parser.add_argument("--trials", type=int, default=100000)
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    print(f"# {platform.node()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, {platform.platform()}")
    for measure in rate, latency, busy, idle:
        measure(args)


sys.exit(main())
