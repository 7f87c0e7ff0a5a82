#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Kills a study at random moments, resumes it, until it ends; and counts what was lost.

usage: campaign.py AMBS [--kills N] [--seed S] [--ranks N] [--method NAME] [--keep FOLDER]

kill -9 goes to mpirun, to rank 0, to a worker, to all of them, or to all while a snapshot is being
written. Meanwhile a reader opens STUDY.h5 with h5py without a pause. Printed, and 0 in a sound program:
  acknowledged results lost    a worker was told that its result is safe, and the study does not have it
  files that do not open       STUDY.h5 was there and h5py could not read it
  replay differences           a proposal that comes out otherwise when it is computed again
  evaluated twice              a trial with two complete attempts, or two trials of one configuration
Exits 1 when any is not 0, 77 where mpirun or h5py is missing."""
import argparse
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

try:
    import h5py
except ImportError:
    sys.exit(77)
if not shutil.which("mpirun"):
    sys.exit(77)

STUDY = """study: {name: crash, seed: %d}
metric: {name: y}
objective: {function: branin, delay: 20ms}
parameters:
  x1: {min: -5.0, max: 10.0}
  x2: {min: 0.0, max: 15.0}
method: {name: %s}
budget: {trials: %d}
manager: {snapshot: 300ms}
"""
TRIALS = 300
os.environ.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
                  OMPI_MCA_rmaps_base_oversubscribe="1", OMPI_MCA_btl_tcp_if_include="lo",
                  OMPI_MCA_oob_tcp_if_include="lo", OPENBLAS_NUM_THREADS="1")


class Counts:
    kills = {"mpirun": 0, "rank 0": 0, "a worker": 0, "all": 0, "all in a snapshot": 0}
    studies = lives = acknowledged = lost = opened = unreadable = 0
    proposals = differences = twice = hung = orphans = failed = 0
    notes = []


def processes():
    """pid -> (parent, words) of every process."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat") as f:
                fields = f.read().rsplit(")", 1)[1].split()
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                words = f.read().split(b"\0")
        except OSError:
            continue
        if fields[0] != "Z":
            found[int(pid)] = (int(fields[1]), words)
    return found


def ranks_of(parent):
    """The ranks below mpirun: pid by rank."""
    found = {}
    for pid, (up, _) in processes().items():
        if up != parent:
            continue
        try:
            with open(f"/proc/{pid}/environ", "rb") as f:
                rank = re.search(rb"OMPI_COMM_WORLD_RANK=(\d+)", f.read())
        except OSError:
            continue
        if rank:
            found[int(rank.group(1))] = pid
    return found


def snapshot_of(output):
    """The process that writes STUDY.h5 now, or None."""
    for pid, (_, words) in processes().items():
        if b"snapshot" in words and output.encode() in words:
            return pid
    return None


def kill(*pids):
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass


class Reader(threading.Thread):
    """Opens the file again and again, as any program may."""

    def __init__(self, path):
        super().__init__(daemon=True)
        self.path, self.stop = path, False

    def run(self):
        while not self.stop:
            if os.path.exists(self.path):
                try:
                    with h5py.File(self.path, "r") as f:
                        n = len(f["trials/id"][:])
                        assert all(len(c) == n for c in (f["trials/state"][:], f["trials/objective"][:]))
                    Counts.opened += 1
                except Exception as error:  # whatever it is, a reader met it
                    Counts.unreadable += 1
                    Counts.notes.append(f"reader: {error!r}")
            time.sleep(0.01)


class Study:
    def __init__(self, folder, args, seed):
        self.args, self.folder = args, folder
        self.path, self.output = os.path.join(folder, "study.yaml"), os.path.join(folder, "study.h5")
        self.acknowledged = set()
        with open(self.path, "w") as f:
            f.write(STUDY % (seed, args.method, TRIALS))

    def start(self):
        Counts.lives += 1
        self.log = open(os.path.join(self.folder, "log"), "w+")
        command = ["mpirun", "--mca", "orte_abort_on_non_zero_status", "0", "--oversubscribe", "-n",
                   str(self.args.ranks), self.args.ambs, "run", self.path, "-o", self.output, "--resume", "--verbose"]
        self.process = subprocess.Popen(command, stdout=self.log, stderr=subprocess.STDOUT)

    def end_life(self):
        """Everything of this life is gone when it returns."""
        try:
            self.process.wait(timeout=40)
        except subprocess.TimeoutExpired:
            Counts.hung += 1
            kill(self.process.pid, *ranks_of(self.process.pid).values())
            self.process.wait()
        until = time.time() + 40
        while any(self.output.encode() in words for _, words in processes().values()):
            if time.time() > until:
                Counts.orphans += 1
                kill(*(p for p, (_, w) in processes().items() if self.output.encode() in w))
            time.sleep(0.05)
        self.log.seek(0)
        self.text = self.log.read()
        self.log.close()
        for trial, attempt in re.findall(r"acknowledged trial (\d+) attempt (\d+)", self.text):
            self.acknowledged.add((int(trial), int(attempt)))

    def strike(self, victim):
        """Kills; returns True when the life is over by that."""
        ranks = ranks_of(self.process.pid)
        if victim == "all in a snapshot":
            until = time.time() + 3
            while (writer := snapshot_of(self.output)) is None and time.time() < until:
                time.sleep(0.002)
            kill(self.process.pid, *ranks.values(), *([writer] if writer else []))
        elif victim == "mpirun":
            kill(self.process.pid)
        elif victim == "all":
            kill(self.process.pid, *ranks.values())
        elif victim == "rank 0":
            kill(*([ranks[0]] if 0 in ranks else []))
        else:
            workers = [pid for rank, pid in ranks.items() if rank > 0]
            kill(*(random.sample(workers, 1) if workers else []))
        Counts.kills[victim] += 1
        return victim != "a worker"

    def run(self, kills_left):
        """One study from its first life to its end."""
        while True:
            self.start()
            while kills_left() > 0 and self.process.poll() is None:
                time.sleep(random.uniform(0.1, 3))
                if self.process.poll() is None and self.strike(random.choice(list(Counts.kills))):
                    break
            self.end_life()
            if f"the budget of {TRIALS} trials is used up" in self.text:
                return
            if self.process.returncode in (1, 2, 4):
                Counts.failed += 1
                Counts.notes.append(f"status {self.process.returncode}: {self.text[-400:]}")
                return

    def judge(self):
        with h5py.File(self.output, "r") as f:
            ids = f["trials/id"][:].tolist()
            state = dict(zip(ids, f["trials/state"][:]))
            rows = list(zip(*(f["trials/parameters"][k][:].tolist() for k in sorted(f["trials/parameters"]))))
            complete = [t for t, s in zip(f["attempts/trial"][:].tolist(), f["attempts/state"][:]) if s == b"complete"]
        Counts.studies += 1
        Counts.acknowledged += len(self.acknowledged)
        Counts.lost += sum(state.get(trial) != b"complete" for trial, _ in self.acknowledged)
        Counts.twice += len(complete) - len(set(complete)) + len(rows) - len(set(rows))
        replay = subprocess.run([self.args.ambs, "replay", self.output], capture_output=True, text=True)
        Counts.proposals += len(ids)
        Counts.differences += replay.returncode != 0
        if replay.returncode:
            Counts.notes.append(replay.stdout + replay.stderr)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ambs")
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--ranks", type=int, default=3)
    parser.add_argument("--method", default="ambs")
    parser.add_argument("--keep", help="leave the studies in this folder")
    args = parser.parse_args()
    random.seed(args.seed)
    begin = time.time()

    def kills_left():
        return args.kills - sum(Counts.kills.values())

    number = 0
    while kills_left() > 0 and Counts.failed == 0:
        folder = os.path.join(args.keep, str(number)) if args.keep else tempfile.mkdtemp(prefix="ambs-crash-")
        os.makedirs(folder, exist_ok=True)
        study = Study(folder, args, args.seed + number)
        reader = Reader(study.output)
        reader.start()
        study.run(kills_left)
        reader.stop = True
        reader.join()
        if Counts.failed == 0:
            study.judge()
        number += 1
        if not args.keep and Counts.failed == 0:
            shutil.rmtree(folder)
    c = Counts
    print(f"# crash campaign: {args.ranks} ranks, method {args.method}, seed {args.seed}, {TRIALS} trials a study, "
          f"{time.time() - begin:.0f} s")
    for name, value in [("kills", sum(c.kills.values())), *((f"  of {k}", v) for k, v in c.kills.items()),
                        ("studies ended", c.studies), ("lives", c.lives), ("acknowledged results", c.acknowledged),
                        ("acknowledged results lost", c.lost), ("times the file was read", c.opened),
                        ("files that do not open", c.unreadable), ("proposals replayed", c.proposals),
                        ("replay differences", c.differences), ("evaluated twice", c.twice),
                        ("lives that ended in an error", c.failed), ("mpirun did not end within 40 s", c.hung),
                        ("ranks that outlived their study by 40 s", c.orphans)]:
        print(f"{name:<42} {value}")
    for note in c.notes[:10]:
        print("#", note)
    sys.exit(1 if c.lost or c.unreadable or c.differences or c.twice or c.failed else 0)


main()
