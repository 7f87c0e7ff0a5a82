#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""ambs run as a user starts it, with 1 to 4 ranks: exit statuses, resume, drain, deaths.

usage: test_run.py AMBS. Exits 77 where mpirun or h5py is missing."""
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time

from running import AMBS, MPIRUN, check, end, pids_of, start, states, study, wait_for_results, written

import h5py


def ranks_1_to_4():
    for n in 1, 2, 3, 4:
        with tempfile.TemporaryDirectory() as folder:
            path, output = study(folder, 40)
            process = start(n, path, output)
            text = process.communicate(timeout=120)[0]
            check(f"{n} ranks end with status 0", process.returncode == 0, text)
            check(f"{n} ranks complete every trial", states(output) == ["complete"] * 40, text)


def launched_by_itself():
    with tempfile.TemporaryDirectory() as folder:
        path, output = study(folder, 20)
        command = [AMBS, "run", path, "-o", output, "-j", "2"]
        check("-j 2 runs", subprocess.run(command, capture_output=True, timeout=120).returncode == 0)
        again = subprocess.run(command, capture_output=True, timeout=120, text=True)
        check("a study is not overwritten", again.returncode == 2 and "--resume" in again.stderr, again.stderr)
        more = subprocess.run(command + ["--resume", "--set", "budget.trials=30"], capture_output=True, timeout=120)
        check("a study is resumed with another budget", more.returncode == 0 and len(states(output)) == 30)


def with_other_budgets():
    """The size of the initial design hangs on the budget of the first life, and stays."""
    with tempfile.TemporaryDirectory() as folder:
        parameters = "".join(f"  x{i}: {{min: -10.0, max: 10.0}}\n" for i in range(12))
        path, output = written(folder, "metric: {name: y}\nobjective: {function: levy}\nparameters:\n" + parameters)
        for trials in 30, 300, 40, 310:
            done = subprocess.run([AMBS, "run", path, "-o", output, "-j", "2", "--quiet", "--resume",
                                   "--set", f"budget.trials={trials}"], capture_output=True, timeout=120, text=True)
            check(f"a study goes on with a budget of {trials}", done.returncode == 0, done.stderr)
        smaller = subprocess.run([AMBS, "run", path, "-o", output, "-j", "2", "--resume", "--set", "budget.trials=10"],
                                 capture_output=True, timeout=120, text=True)
        text = smaller.stdout + smaller.stderr
        check("a smaller budget than what is done is told with what there is", smaller.returncode == 0 and
              "the budget of 10 trials is used up: there are 310" in text, text)
        check("it has the trials of the largest", len(states(output)) == 310, len(states(output)))
        replayed = subprocess.run([AMBS, "replay", output], capture_output=True, text=True, timeout=120)
        check("lives with other budgets replay", replayed.returncode == 0 and
              "310 proposals recomputed" in replayed.stdout and " 0 differ" in replayed.stdout,
              replayed.stdout + replayed.stderr)


def failing():
    with tempfile.TemporaryDirectory() as folder:
        path, output = study(folder, 4)
        with open(path) as f:
            text = f.read().replace("{function: branin, delay: 0s}", '{command: [sh, -c, "echo no cheese >&2; exit 3"]}')
        with open(path, "w") as f:
            f.write(text)
        command = [AMBS, "run", path, "-o", output, "-j", "2"]
        ended = subprocess.run(command, capture_output=True, timeout=60, text=True)
        check("a study whose every trial failed ends with status 4", ended.returncode == 4, ended.stdout)
        check("it says why", "exit 3: no cheese" in ended.stdout and "failed: exit 3: no cheese" in ended.stderr,
              ended.stdout + ended.stderr)


def retried():
    with tempfile.TemporaryDirectory() as folder:
        path, output = study(folder, 4)
        with open(path) as f:
            text = f.read().replace("{function: branin, delay: 0s}", '{command: [sh, -c, "test -e %s/$AMBS_TRIAL || '
                                    '{ touch %s/$AMBS_TRIAL; exit 7; }; echo 1 > $AMBS_RESULT"]}' % (folder, folder))
        with open(path, "w") as f:
            f.write(text + "retry: {max: 1, on: [exit]}\n")
        command = [AMBS, "run", path, "-o", output, "-j", "2"]
        ended = subprocess.run(command, capture_output=True, timeout=60, text=True)
        with h5py.File(output) as f:
            reasons = [r.decode() if isinstance(r, bytes) else r for r in f["attempts/reason"][:]]
        check("a failure named in retry.on is run again", ended.returncode == 0 and states(output) == ["complete"] * 4 and
              sorted(reasons) == [""] * 4 + ["exit 7"] * 4, f"{reasons} {ended.stderr}")
        replayed = subprocess.run([AMBS, "replay", output], capture_output=True, text=True, timeout=60)
        check("a study with retries replays", replayed.returncode == 0, replayed.stdout + replayed.stderr)


def logged_as_json():
    with tempfile.TemporaryDirectory() as folder:
        path, output = study(folder, 20)
        ended = subprocess.run([AMBS, "run", path, "-o", output, "-j", "2", "--json-log"], stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, timeout=60, text=True)
        try:
            lines = [json.loads(line) for line in ended.stdout.splitlines()]
            check("the last line of a JSON log is the end", lines[-1]["status"] == 0 and lines[-1]["complete"] == 20)
        except ValueError as e:
            check("each line of a JSON log is a document", False, f"{e}: {ended.stdout}")


def drained():
    with tempfile.TemporaryDirectory() as folder:
        path, output = study(folder, 10000, "50ms")
        process = subprocess.Popen([AMBS, "run", path, "-o", output, "-j", "2"], stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True)
        wait_for_results(output)
        process.send_signal(signal.SIGINT)
        text = process.communicate(timeout=60)[0]
        check("SIGINT drains and ends with status 3", process.returncode == 3, f"{process.returncode}: {text}")
        found = states(output)
        check("a drained study has no running trial", "running" not in found and "complete" in found, str(found))


def killed(rank):
    with tempfile.TemporaryDirectory() as folder:
        path, output = study(folder, 60, "100ms")
        process = start(3, path, output)
        wait_for_results(output)
        os.kill(pids_of(process.pid)[rank], signal.SIGKILL)
        since = time.monotonic()
        text = process.communicate(timeout=120)[0]
        if rank != 0:
            check("the study goes on without a killed worker", states(output) == ["complete"] * 60, text)
            return
        check("agents of a dead manager leave within 30 s", time.monotonic() - since < 30, text)
        left = subprocess.run(MPIRUN + ["3", AMBS, "run", path, "-o", output, "--resume"], capture_output=True,
                              timeout=120, text=True)
        check("a study is resumed after its manager was killed",
              left.returncode == 0 and states(output) == ["complete"] * 60, text + left.stdout + left.stderr)


def all_workers_killed():
    with tempfile.TemporaryDirectory() as folder:
        path, output = study(folder, 10000, "50ms")
        process = start(3, path, output)
        wait_for_results(output)
        for rank, pid in pids_of(process.pid).items():
            if rank > 0:
                os.kill(pid, signal.SIGKILL)
        text = process.communicate(timeout=60)[0]
        code = subprocess.run([AMBS, "status", "--exit-code", output], capture_output=True, text=True).stdout
        check("with its last worker gone a study stops with status 3", code == "3\n" and "no worker is left" in text,
              code + text)
        saved = states(output)
        check("and has saved what there was", "complete" in saved and "running" not in saved, str(saved[-3:]))


COMMANDS = """study: {name: test, seed: 7}
metric: {name: y}
objective: {command: [sh, -c, 'echo much > file; echo $AMBS_TRIAL; echo careful >&2']}
parameters: {x: {min: 0.0, max: 1.0}}
method: {name: random}
budget: {trials: 40}
"""


def nothing_beside_the_study():
    with tempfile.TemporaryDirectory() as folder:
        path, output = written(folder, COMMANDS)
        process = subprocess.run([AMBS, "run", path, "-o", output, "-j", "2"], capture_output=True, text=True, timeout=60)
        found = sorted(os.path.relpath(os.path.join(at, name), folder)
                       for at, _, names in os.walk(folder) for name in names)
        check("trials write nothing beside the study", process.returncode == 0 and "study.h5" in found and
              all(name.startswith("study.") for name in found) and len(found) < 8, str(found))


def survives_no_death():
    with tempfile.TemporaryDirectory() as folder:
        path, output = study(folder, 5)
        process = subprocess.run(["mpirun", "--oversubscribe", "-n", "3", AMBS, "run", path, "-o", output],
                                 capture_output=True, text=True, timeout=60)
        check("a start that survives no death says so once", process.returncode == 0 and
              process.stderr.count("orte_abort_on_non_zero_status") == 1, process.stderr)


def unbound():
    with tempfile.TemporaryDirectory() as folder:
        path, output = study(folder, 2)
        with open(path) as f:
            text = f.read().replace("{function: branin, delay: 0s}", "{command: [env, -u, OMP_NUM_THREADS, nproc]}")
            text = text.replace("trial: {", "trial: {cores: %d, " % len(os.sched_getaffinity(0)))
        with open(path, "w") as f:
            f.write(text)
        subprocess.run(["mpirun", "--bind-to", "core", "-n", "1", AMBS, "run", path, "-o", output],
                       capture_output=True, timeout=60)
        with h5py.File(output) as f:
            cores = f["trials/objective"][0]
        check("trials of rank 0 are not pinned to its core", cores == len(os.sched_getaffinity(0)), str(cores))
        shutil.rmtree(output + ".journal")
        again = subprocess.run([AMBS, "run", path, "-o", output, "-j", "1", "--resume"], capture_output=True,
                               timeout=60, text=True)
        lost = subprocess.run([AMBS, "run", path, "-o", os.path.join(folder, "none", "x.h5"), "-j", "1"],
                              capture_output=True, timeout=60, text=True)
        check("a folder that is missing is told", lost.returncode == 2 and "no such folder" in lost.stderr,
              lost.stderr)
        check("a study without its journal is not resumed", again.returncode == 2 and
              "without its journal" in again.stderr, again.stderr)


def output_recorded():
    with tempfile.TemporaryDirectory() as folder:
        path, output = study(folder, 6, "0s")
        with open(path) as f:
            text = f.read().replace("{function: branin, delay: 0s}", '''
  command: [sh, -c, 'seq 9000; echo no cheese $AMBS_TRIAL >&2; test $AMBS_TRIAL -ne 3 || exit 5; echo 1']''')
        with open(path, "w") as f:
            f.write(text)
        subprocess.run([AMBS, "run", path, "-o", output, "-j", "2"], capture_output=True, timeout=60)
        texts = {}
        with h5py.File(output) as f:
            group = f["output"]
            for trial, stream, part, piece in zip(group["trial"], group["stream"].asstr(), group["part"],
                                                  group["text"].asstr()):
                texts[trial, stream] = texts.get((trial, stream), "") + piece
            printed = set(group["printed"][()])
        check("what trials printed is in the study file", texts.get((2, "stderr")) == "no cheese 2\n" and
              texts[3, "stdout"].startswith("1\n2\n3\n") and texts[3, "stdout"].endswith("8999\n9000\n") and
              "are left out" in texts[3, "stdout"] and texts[0, "stdout"].endswith("9000\n1\n") and
              32768 < len(texts[0, "stdout"]) < 32900 and len(texts) == 12 and 43893 in printed, str(sorted(texts)))
        shown = subprocess.run([AMBS, "show", output, "3"], capture_output=True, timeout=60, text=True).stdout
        check("show prints it", "standard error of attempt 1, 12 B printed:\nno cheese 3\n" in shown, shown[-300:])


def launcher_killed():
    with tempfile.TemporaryDirectory() as folder:
        path, output = study(folder, 10000, "50ms")
        process = subprocess.Popen([AMBS, "run", path, "-o", output, "-j", "2"], stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True)
        time.sleep(2)
        with open(f"/proc/{process.pid}/task/{process.pid}/children") as f:
            os.kill(int(f.read().split()[0]), signal.SIGKILL)
        text = process.communicate(timeout=30)[0]
        check("a killed mpirun is told, and how to go on", process.returncode == 3 and f"-o {output}" in text and
              "signal 9" in text and "--resume" in text, f"{process.returncode}: {text}")


ranks_1_to_4()
launched_by_itself()
with_other_budgets()
failing()
retried()
logged_as_json()
drained()
killed(1)
killed(0)
all_workers_killed()
nothing_beside_the_study()
survives_no_death()
output_recorded()
launcher_killed()
unbound()
end()
