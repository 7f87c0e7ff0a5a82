# SPDX-License-Identifier: MIT
"""The quality benchmark itself: its problems have the optima that they say, its scores are what their definitions say, and a
small comparison runs from end to end over `ambs serve`.

    check_compare.py BENCHMARKS/QUALITY AMBS
"""
import json
import math
import os
import random
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
FOLDER, AMBS = sys.argv[1], sys.argv[2]
sys.path.insert(0, FOLDER)
import compare  # noqa: E402
import peers  # noqa: E402
import problems  # noqa: E402


def optima_are_reached_and_never_passed():
    for name, make in problems.all_problems().items():
        for seed in range(3):
            instance, rng = make(seed), random.Random(seed)
            space = peers.Space(instance.space)
            values = [instance.true(space.draw(rng)) for _ in range(300)]
            finite = [v for v in values if v is not None]
            assert finite and min(finite) >= instance.optimum - 1e-9, name
            if "fails" in name:
                assert 0.1 < values.count(None) / len(values) < 0.9, name


def instances_differ_by_seed_alone():
    make = problems.all_problems()["hartmann6"]
    point = {f"x{i}": 0.4 for i in range(6)}
    assert make(1).true(point) == make(1).true(point) != make(2).true(point)


def run_of(problem, label, seed, curve, final):
    return {"problem": problem, "label": label, "seed": seed, "trials": len(curve), "workers": 8, "optimum": 0.0, "final": final,
            "curve": curve, "failures": 0, "late_failures": 0, "distinct": len(curve), "ask_ms": 0}


def scores_are_what_they_say():
    runs = [run_of("p", "random", 0, [4, 3, 2], 2.0), run_of("p", "random", 1, [5, 4, 4], 4.0),
            run_of("p", "other", 0, [4, 1, 0.3], 0.3), run_of("p", "other", 1, [9, 9, 3], 3.0)]
    s = compare.Scores(runs, ["random", "other"])
    assert s.base["p"] == 3.0
    assert math.isclose(s.geometric("other"), math.sqrt(0.1 * 1.0))
    assert math.isclose(s.geometric("random"), math.sqrt(2 / 3 * 4 / 3))
    assert s.rank("other") == 1.0 and s.rank("random") == 2.0
    assert s.reach("other") == (2 + 3) / 2 and s.reach("random") == (2 + 4) / 2
    solved = compare.Scores([run_of("p", "random", 0, [1], 1.0), run_of("p", "other", 0, [0], 0.0)], ["random", "other"])
    assert solved.ratio("p", "other", 0) == compare.FLOOR


def a_small_comparison_runs():
    with tempfile.TemporaryDirectory() as folder:
        results = os.path.join(folder, "runs")
        argv = [sys.executable, os.path.join(FOLDER, "compare.py"), "--ambs", AMBS, "--seeds", "2", "--trials", "24", "--workers", "4",
                "--problems", "tiles9,conditional12,hartmann6_fails,network10_noisy", "--results", results, "random", "ambs"]
        text = subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True).stdout
        with open(results) as f:
            runs = [json.loads(line) for line in f]
        assert len(runs) == 16 and "4 problems, 2 to 2 seeds each." in text, text
        assert all(len(r["curve"]) == 24 and r["distinct"] == 24 for r in runs if r["label"] == "ambs")
        again = subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True).stdout
        with open(results) as f:
            assert len(f.readlines()) == 16 and again == text, "runs that are there are not repeated"


if __name__ == "__main__":
    checks = [optima_are_reached_and_never_passed, instances_differ_by_seed_alone, scores_are_what_they_say, a_small_comparison_runs]
    print(f"1..{len(checks)}")
    for i, check in enumerate(checks):
        check()
        print(f"ok {i + 1} - {check.__name__}", flush=True)
