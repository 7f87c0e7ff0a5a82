# SPDX-License-Identifier: MIT
"""A study with two metrics from end to end: front, targets, results that lack one, resume, replay, h5py.

usage: test_metrics.py AMBS
"""
import json
import os
import subprocess
import sys
import tempfile

AMBS = sys.argv[1]
ENVIRONMENT = dict(os.environ, OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1")
STUDY = """study: {name: two, seed: 1}
metrics: [{name: error%s}, {name: speed, goal: maximize, reference: -3}]
objective: {command: [sh, -c, 'printf "{\\"error\\": %%s, \\"speed\\": -%%s, \\"size\\": 7}" $AMBS_PARAM_x $AMBS_PARAM_y']}
parameters: {x: {min: 1, max: 9}, y: {min: 1, max: 4}}
budget: {trials: %d}
method: {surrogate: forest, trees: 5, initial: {points: 6}}
"""
n_checks = n_failed = 0


def check(what, ok, found=""):
    global n_checks, n_failed
    n_checks += 1
    n_failed += not ok
    print(f"{'ok' if ok else 'not ok'} {n_checks} - {what}" + ("" if ok else f"\n# {found}"), flush=True)


def ambs(*arguments):
    done = subprocess.run([AMBS, *arguments], capture_output=True, text=True, env=ENVIRONMENT)
    return done.returncode, done.stdout + done.stderr


def front_of(trials):
    values = {t["id"]: (t["objective"], -t["metrics"]["speed"]) for t in trials if t["state"] == "complete"}
    return {i for i, a in values.items()
            if not any(b != a and all(p <= q for p, q in zip(b, a)) for b in values.values())}


def with_h5py(path, front):
    try:
        import h5py
    except ImportError:
        check("h5py reads the front # SKIP no h5py", True)
        return
    with h5py.File(path) as f:
        group = f["front"]
        goals = json.loads(group.attrs["metrics"])
        check("h5py reads the front", set(group["trial"][:]) == front, str(group["trial"][:]))
        check("and the goals", [(g["name"], g["goal"], g["reference_given"]) for g in goals]
              == [("error", "minimize", False), ("speed", "maximize", True)] and goals[1]["reference"] == -3, str(goals))
        check("and the hypervolume", group.attrs["hypervolume"] > 0, "")
        check("metrics have columns of their own", set(f["trials/metrics"]) == {"speed", "size"}, str(set(f["trials/metrics"])))
        check("as long as the others", len(f["trials/metrics/speed"]) == len(f["trials/objective"]), "")


with tempfile.TemporaryDirectory() as folder:
    study, output = os.path.join(folder, "s.yaml"), os.path.join(folder, "s.h5")

    def write(text):
        with open(study, "w") as f:
            f.write(text)

    write(STUDY % ("", 12))
    code, text = ambs("run", study, "-o", output)
    check("a study runs", code == 0 and "on the front of error, speed; hypervolume" in text, text)
    write(STUDY % ("", 24))
    code, text = ambs("run", study, "-o", output, "--resume")
    check("and goes on", code == 0, text)
    code, text = ambs("replay", output)
    check("every proposal is recomputed bit for bit", code == 0 and ": 0 differ" in text, text)
    trials = json.loads(ambs("trials", output, "--json")[1])
    front = front_of(trials)
    best = json.loads(ambs("best", output, "--json")[1])
    check("best shows the front", {t["id"] for t in best["front"]} == front, str(best)[:500])
    check("sorted by the first metric", [t["objective"] for t in best["front"]] == sorted(t["objective"] for t in best["front"]), "")
    status = json.loads(ambs("status", output, "--json")[1])
    check("status has its size", status["front"]["trials"] == len(front), str(status.get("front")))
    with_h5py(output, front)
    write((STUDY % ("", 24)).replace("-3", "-5"))
    code, text = ambs("run", study, "-o", output, "--resume")
    check("another reference is another study", code == 2 and "metrics.2: speed, maximize, reference -3 in the study" in text, text)

    write((STUDY % (", target: 4", 40)).replace("name: speed,", "name: speed, target: -2,"))
    aim = os.path.join(folder, "aim.h5")
    code, text = ambs("run", study, "-o", aim)
    done = [t for t in json.loads(ambs("trials", aim, "--json")[1]) if t["state"] == "complete"]
    check("the study ends when one trial reaches both targets", code == 0 and "the target was reached" in text, text)
    check("and not before", sum(t["objective"] <= 4 and t["metrics"]["speed"] >= -2 for t in done) >= 1, str(done)[:300])

    for kind, message in (
            ("function: sphere", 'metrics: found "speed", which results of function do not hold; beside the first metric '
             "they hold nothing"),
            ("{train: mlp, dataset: share:digits}", 'metrics: found "speed", which results of train do not hold; beside the '
             "first metric they hold validation_error, validation_cross_entropy, validation_mse, test_error, test_cross_entropy, "
             "test_mse, train_loss, epochs, best_epoch, weights")):
        name = kind.strip("{}").split(":")[0]
        write("metrics: [{name: validation_error}, {name: speed}]\nobjective: %s\nparameters: {learning_rate: {min: 0.001, max: 0.1}}\n"
              % (kind if kind[0] == "{" else "{%s}" % kind))
        code, text = ambs("check", study)
        check(f"what results of {name} do not hold is no metric", code == 2 and message in text, text)

    write("study: {seed: 1}\nmetrics: [{name: validation_error}, {name: weights}]\nobjective: {train: mlp, dataset: share:digits, epochs: 1}\n"
          "parameters: {layers: {min: 1, max: 2}, units: {values: [8, 16]}}\nbudget: {trials: 3}\n")
    trained = os.path.join(folder, "trained.h5")
    code, text = ambs("run", study, "-o", trained)
    check("a network's error and size are two metrics", code == 0 and "on the front of validation_error, weights" in text, text)

    write((STUDY % ("", 3)).replace('\\"speed\\"', '\\"sped\\"'))
    lack = os.path.join(folder, "lack.h5")
    ambs("run", study, "-o", lack)
    shown = json.loads(ambs("trials", lack, "--json")[1])
    check("a result that lacks a metric fails with the nearest name",
          all(t["state"] == "failed" and t["reason"] == "bad result"
              and t["message"] == 'the result has no finite "speed"; the nearest name in it is "sped"' for t in shown), str(shown)[:400])

print(f"1..{n_checks}")
sys.exit(n_failed > 0)
