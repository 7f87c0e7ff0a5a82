#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The programs of share/examples that ask and tell, run as their heads say.

usage: test_ask_tell.py AMBS ASK_TELL STUDY EXAMPLES (the program, ask_tell.c as built, branin.yaml, share/examples)"""
import os
import re
import subprocess
import sys
import tempfile

ambs, ask_tell, study, examples = map(os.path.abspath, sys.argv[1:])
environment = dict(os.environ, PATH=os.path.dirname(ambs) + ":" + os.environ["PATH"])


def run(*words, folder=None):
    done = subprocess.run(words, capture_output=True, text=True, timeout=100, env=environment, cwd=folder)
    assert done.returncode == 0, f"{words}: {done.returncode}: {done.stderr}"
    return done.stdout


best = re.fullmatch(r"best of 59: ([\d.]+) at \(\S+, \S+\), trial \d+\n", run(ask_tell, study))
assert best and float(best[1]) < 0.5, best
failed = subprocess.run([ask_tell, "/none.yaml"], capture_output=True, text=True)
assert (failed.returncode, failed.stderr) == (1, "ask_tell: /none.yaml: there is no such file; check the path\n"), failed

with tempfile.TemporaryDirectory() as folder:
    words = ["/usr/bin/python3", os.path.join(examples, "ask_tell.py"), study, "b.h5"]
    first = run(*words, folder=folder)
    found = re.fullmatch(r"best ([\d.]+) at \{'x1?': .*\}, trial \d+\n", first)
    assert found and float(found[1]) < 0.5, first
    assert run(*words, folder=folder) == first  # the budget is used up: it only looks
    assert "no problem found" in run(ambs, "verify", "b.h5", folder=folder)
    assert " 0 differ" in run(ambs, "replay", "b.h5", folder=folder)
print("ok")
