# SPDX-License-Identifier: MIT
"""Studies for the tests of the lab: writing them, reading what became of them."""
import json
import os
import subprocess
import sys

try:
    import h5py
except ImportError:
    print("skipped: python3-h5py is missing")
    sys.exit(77)

STUDY = """study: {{name: lab, seed: 7}}
metric: {{name: y}}
objective: {objective}
parameters:
  x1: {{min: -5.0, max: 10.0}}
  x2: {{min: 0.0, max: 15.0}}
method: {{name: {method}}}
budget: {{trials: {trials}}}
trial: {{grace: 500ms, attempts: {attempts}{trial}}}
manager: {{heartbeat: 1s, suspect: 8s, snapshot: 1s, timeout: 20s}}
{more}"""


class Study:
    """A study in `folder`; delay and objective are YAML, `more` further sections."""

    def __init__(self, folder, name, trials, delay="0s", objective=None, method="random", trial="", more="", attempts=3):
        self.path, self.output = os.path.join(folder, name + ".yaml"), os.path.join(folder, name + ".h5")
        self.trials = trials
        with open(self.path, "w") as f:
            f.write(STUDY.format(objective=objective or f"{{function: branin, delay: {delay}}}", method=method,
                                 trials=trials, trial=trial, more=more, attempts=attempts))

    def states(self):
        return column(self.output, "trials/state")

    def is_complete(self):
        return self.states() == ["complete"] * self.trials

    def n_complete(self, ambs):
        """What the study knows now, the journal included; 0 before it exists."""
        ended = subprocess.run([ambs, "status", self.output, "--json"], capture_output=True, text=True)
        return json.loads(ended.stdout)["complete"] if ended.returncode == 0 else 0

    def hosts(self):
        """Names of the hosts on which attempts were started."""
        with h5py.File(self.output, "r") as f:
            workers = {(int(e), int(r)): text(h) for e, r, h in
                       zip(f["workers/epoch"][:], f["workers/rank"][:], f["workers/host"][:])}
            return {workers.get((int(e), int(r)), "?")
                    for e, r in zip(f["attempts/epoch"][:], f["attempts/rank"][:])}


def text(value):
    return value.decode() if isinstance(value, bytes) else value


def column(path, name):
    with h5py.File(path, "r") as f:
        return [text(v) for v in f[name][:].tolist()]


def replays(ambs, output):
    """(whether every proposal is reproduced, what ambs said)."""
    ended = subprocess.run([ambs, "replay", output], capture_output=True, text=True, timeout=300)
    return ended.returncode == 0, ended.stdout + ended.stderr


def evaluated_twice(output):
    """Trials with more than one attempt whose result was taken."""
    done = [t for t, s in zip(column(output, "attempts/trial"), column(output, "attempts/state")) if s == "complete"]
    return len(done) - len(set(done))


def core_list(words):
    """{0, 1, 4} of "0-1,4"."""
    cores = set()
    for word in filter(None, words.split(",")):
        first, _, last = word.partition("-")
        cores.update(range(int(first), int(last or first) + 1))
    return cores


def overlaps(output):
    """Pairs of attempts that had a core of a host, or one slot (epoch, rank, slot), at the same time: what, and both
    with trial, attempt, start and end."""
    owned = {tuple(row[:3]): row[3:] for row in
             zip(*(column(output, "slots/" + n) for n in ("epoch", "rank", "slot", "host", "cores")))}
    held = []  # (what one attempt alone may have, start, end, which attempt)
    for *slot, start, end, trial, attempt in zip(*(column(output, "attempts/" + n) for n in
                                                   ("epoch", "rank", "slot", "start", "end", "trial", "attempt"))):
        host, cores = owned.get(tuple(slot), ("?", ""))
        whose = (trial, attempt, start, end)
        held.append((("slot", *slot), start, end, whose))
        held.extend((("core", host, core), start, end, whose) for core in core_list(cores))
    held.sort(key=lambda h: (tuple(map(str, h[0])), h[1]))
    return list({(a[3], b[3]): (a[0], a[3], b[3]) for a, b in zip(held, held[1:])
                 if a[0] == b[0] and b[1] < a[2] - 1e-3}.values())


def build_nested(folder):
    """The MPI program of nested.c."""
    program = os.path.join(folder, "nested")
    subprocess.run(["mpicc", "-o", program, os.path.join(os.path.dirname(__file__), "nested.c")], check=True)
    return program


def nested(program):
    """The objective whose trials run it under a mpirun of their own."""
    script = os.path.join(os.path.dirname(os.path.realpath(__file__)), "nested.sh")
    return f"{{command: [sh, {script}, {program}]}}"
