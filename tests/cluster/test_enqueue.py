#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Configurations that people add to a study: while it runs, after it was killed, and by an editor.

usage: test_enqueue.py AMBS. Exits 77 where mpirun or h5py is missing."""
import json
import os
import signal
import subprocess
import tempfile
import time

from running import AMBS, STUDY, check, end, start, status_of, study, wait_for_results, written


def enqueue(output, *words):
    return subprocess.run([AMBS, "enqueue", output, *words], capture_output=True, text=True, timeout=60)


def trials(output):
    told = subprocess.run([AMBS, "trials", output, "--json"], capture_output=True, text=True, timeout=60)
    return json.loads(told.stdout)


def found(output, **parameters):
    return [t for t in trials(output) if all(t["parameters"].get(k) == v for k, v in parameters.items())]


def waits(output):
    return len([n for n in os.listdir(output + ".journal/queue") if n.endswith(".txt")])


def into_a_run_and_over_its_death():
    with tempfile.TemporaryDirectory() as folder:
        path, output = study(folder, 400, "30ms")
        process = start(3, path, output, "--resume")
        wait_for_results(output, 5)
        told = enqueue(output, "x1=1.5", "x2=2.5", "--wait", "30s")
        check("a running study takes a configuration", told.returncode == 0 and
              told.stdout.endswith("proposed: the study has taken it as a trial\n"), told.stdout + told.stderr)
        check("it is a trial of that origin", [t["origin"] for t in found(output, x1=1.5, x2=2.5)] == ["enqueued"])
        again = enqueue(output, "x2=2.5", "x1=1.5")
        check("what is a trial already is refused", again.returncode == 2 and
              "the configuration is that of trial %d already" % found(output, x1=1.5)[0]["id"] in again.stderr, again.stderr)
        for word, text in (("x3=1", "the study has no parameter \"x3\"; did you mean \"x1\"?"),
                           ("x1=99", "parameter \"x1\": 99 is outside -5 to 10"),
                           ("x1", "found \"x1\", expected NAME=VALUE, as in learning_rate=0.01")):
            wrong = enqueue(output, word)
            check(f"{word} is refused", wrong.returncode == 2 and wrong.stderr == f"ambs enqueue: {text}\n", wrong.stderr)
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=30)
        time.sleep(1)
        for _ in range(100):
            if status_of(output)["standing"] != "running":
                break
            time.sleep(0.1)
        told = enqueue(output, "x1=3.5", "x2=0")
        check("a study that does not run keeps it", told.returncode == 0 and
              "takes it when it is resumed" in told.stdout, told.stdout + told.stderr)
        with open(output + ".journal/queue/by-hand.txt", "w") as f:
            f.write("x1=4.5\n")
        with open(output + ".journal/queue/wrong.txt", "w") as f:
            f.write("x1=four\n")
        check("status counts them", status_of(output)["queued"] == 3, status_of(output))
        twice = enqueue(output, "x1=3.5", "x2=0")
        check("what waits already is refused", twice.returncode == 2 and
              "the configuration is in the queue already" in twice.stderr, twice.stderr)
        before = len(trials(output))
        process = start(3, path, output, "--resume")
        text = process.communicate(timeout=120)[0]
        check("the study ends", process.returncode == 0, text)
        first = found(output, x1=3.5) + found(output, x1=4.5)
        check("they are the first of the next life", [(t["origin"], t["parameters"]["x2"]) for t in first] ==
              [("enqueued", 0), ("enqueued", 7.5)] and all(t["id"] < before + 10 for t in first), first)
        check("nothing waits any more", waits(output) == 0 and status_of(output)["queued"] == 0)
        with open(output + ".journal/queue/wrong.txt.refused") as f:
            check("what is wrong says why", "x1" in f.read().splitlines()[-1])
        replayed = subprocess.run([AMBS, "replay", output], capture_output=True, text=True, timeout=60)
        check("the study replays", replayed.returncode == 0 and "0 differ" in replayed.stdout,
              replayed.stdout + replayed.stderr)
        verified = subprocess.run([AMBS, "verify", output], capture_output=True, text=True, timeout=60)
        check("the study verifies", verified.returncode == 0, verified.stdout + verified.stderr)
        late = enqueue(output, "x1=5.5")
        check("a spent budget is told", late.returncode == 0 and "budget of 400 trials is used up" in late.stdout and
              "--set budget.trials=401" in late.stdout, late.stdout + late.stderr)
        process = start(2, path, output, "--resume", "--set", "budget.trials=401")
        text = process.communicate(timeout=60)[0]
        check("with one more trial it is taken", process.returncode == 0 and
              [t["id"] for t in found(output, x1=5.5)] == [400], text)


def repeated_with_all_others():
    with tempfile.TemporaryDirectory() as folder:
        path, output = written(folder, STUDY % ("100ms", 90) + "repeats: 3\n")
        process = start(3, path, output)
        wait_for_results(output, 5)
        told = enqueue(output, "x1=1.5", "x2=2.5")
        check("a study with repeats takes a configuration", told.returncode == 0, told.stdout + told.stderr)
        text = process.communicate(timeout=120)[0]
        check("the study with repeats ends", process.returncode == 0, text)
        check("it is repeated", [t["origin"] for t in found(output, x1=1.5, x2=2.5)] == ["enqueued"])
        replayed = subprocess.run([AMBS, "replay", output], capture_output=True, text=True, timeout=60)
        check("repeats of what was enqueued replay", replayed.returncode == 0 and
              "90 proposals recomputed" in replayed.stdout and " 0 differ" in replayed.stdout,
              replayed.stdout + replayed.stderr)


into_a_run_and_over_its_death()
repeated_with_all_others()
end()
