#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Ask and tell from Python: ambs proposes, this program evaluates, over JSON lines (share/doc/serve.md).

    python3 ask_tell.py branin.yaml branin.h5

Two trials are always open, as with two workers. Called again, it goes on with the study in branin.h5.
"""
import json
import math
import subprocess
import sys


class Search:
    def __init__(self, study, output):
        self.process = subprocess.Popen(["ambs", "serve", study, "-o", output, "--resume"], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __call__(self, cmd, **rest):
        """One command, one answer."""
        self.process.stdin.write(json.dumps({"cmd": cmd, **rest}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        answer = json.loads(line) if line else {"error": "ambs serve has ended; it says why above"}
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer


def branin(x, y):
    a = y - 5.1 / (4 * math.pi**2) * x * x + 5 / math.pi * x - 6
    return a * a + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10


search = Search(sys.argv[1], sys.argv[2])
open_trials = []
while True:
    answer = search("ask")
    if "id" in answer:
        open_trials.append(answer)
        if len(open_trials) < 2:
            continue
    elif not open_trials:  # {"exhausted": true, …}: the budget is used up, and all is told
        break
    trial = open_trials.pop(0)
    value = branin(*trial["params"].values())
    if math.isfinite(value):
        search("tell", id=trial["id"], objective=value)
    else:
        search("tell", id=trial["id"], status="failed", message=f"the value is {value}")
best = search("best")
print(f"best {best['objective']:.6f} at {best['params']}, trial {best['id']}")
search("quit")
