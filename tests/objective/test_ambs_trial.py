#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The Python helper for trials, under ambs and alone.

usage: test_ambs_trial.py AMBS PYTHON_FOLDER"""
import os
import subprocess
import sys
import tempfile

AMBS, PYTHON = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
failures = 0
PROGRAM = """import ambs_trial
p = ambs_trial.params(rate=0.5, layers=2, name="a", momentum=0.9)
print("params", sorted(p.items()))
for step in range(1, 4):
    ambs_trial.report(step, p["rate"] * step, other=step)
    print("stop", ambs_trial.should_stop())
print("seed", ambs_trial.seed(), "fidelity", ambs_trial.fidelity(7), "resume", ambs_trial.resume_dir())
print("checkpoint", ambs_trial.checkpoint_dir())
ambs_trial.result(p["rate"] + p["layers"], steps=step)
"""
STUDY = """study: {name: helper, seed: 3}
metric: {name: loss}
objective: {command: [/usr/bin/python3, trial.py]}
parameters:
  rate: {min: 0.0, max: 1.0, default: 0.25}
  layers: {min: 1, max: 4, default: 3}
  name: {values: [b, c]}
  momentum: {min: 0.0, max: 1.0, when: {name: c}}
"""


def check(name, ok, why=""):
    global failures
    failures += not ok
    print(("ok" if ok else "NOT OK"), name, "" if ok else why, flush=True)


with tempfile.TemporaryDirectory() as folder:
    for name, text in ("trial.py", PROGRAM), ("study.yaml", STUDY):
        with open(os.path.join(folder, name), "w") as f:
            f.write(text)

    def call(*args, **more):
        return subprocess.run(args, cwd=folder, env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **more}, text=True,
                              timeout=60, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    tried = call(AMBS, "try", "study.yaml")
    check("ambs finds the helper for a trial", tried.returncode == 0, tried.stdout)
    check("the trial's parameters come over the defaults; an inactive one has its default",
          "params [('layers', 3), ('momentum', 0.9), ('name', 'b'), ('rate', 0.25)]" in tried.stdout, tried.stdout)
    check("reports are answered", tried.stdout.count("stop False") == 3 and "step 3" in tried.stdout, tried.stdout)
    check("the result has the metric's name and others", "loss = 3.25" in tried.stdout and
          "steps = 3" in tried.stdout, tried.stdout)

    alone = call("/usr/bin/python3", "trial.py", "--rate=1", "--layers=4", "--unknown=1", PYTHONPATH=PYTHON)
    check("alone the defaults and the command line count",
          "params [('layers', 4), ('momentum', 0.9), ('name', 'a'), ('rate', 1.0)]" in alone.stdout, alone.stdout)
    check("alone it prints", "step 2: 2 other=2" in alone.stdout and "result: steps=3 objective=5" in alone.stdout,
          alone.stdout)
    check("alone there is a folder for checkpoints", os.path.isdir(os.path.join(folder, "checkpoint")) and
          "seed 0 fidelity 7 resume None" in alone.stdout, alone.stdout)

    # The manager says stop after the first report; then it goes away.
    stopped = subprocess.run(["/usr/bin/python3", "-c", f"""
import os, socket, subprocess, sys
ours, theirs = socket.socketpair()
os.environ.update(AMBS_RESULT="r.json", AMBS_PARAMS="p.json", AMBS_REPORT_FD=str(theirs.fileno()), AMBS_METRIC="loss",
                  PYTHONPATH={PYTHON!r})
open("p.json", "w").write("{{}}")
p = subprocess.Popen([sys.executable, "trial.py"], pass_fds=[theirs.fileno()], stdout=subprocess.PIPE, text=True)
theirs.close()
assert ours.recv(1000) == b'{{"step": 1, "value": 0.5, "other": 1.0}}\\n'
ours.sendall(b"st")
ours.sendall(b"op\\n")
ours.recv(1000)
ours.close()
print(p.communicate()[0], open("r.json").read())
"""], cwd=folder, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    check("stop is kept, and an ambs that is gone does no harm", stopped.stdout.count("stop True") == 3 and
          '{"steps": 3.0, "loss": 2.5}' in stopped.stdout, stopped.stdout)
sys.exit(1 if failures else 0)
