#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Do repeats pay? The true value of the configuration that ambs recommends on noisy problems, for the same number of
evaluations with and without them.

    repeats.py --ambs build/src/ambs [--seeds 20] [--first-seed 100] [--trials 200] [--workers 8] [--noise 1]
               [--problems hartmann6_noisy,…] [--method '{"surrogate": "forest"}'] [--jobs 1] [once '{"policy": "race"}' 3 …]

Each argument at the end is the section `repeats` of the study ("once": none). Workers are virtual, evaluations take
lognormal times. An evaluation's noise belongs to (problem, seed, trial, repeat), its sd is the problem's times --noise.
For each problem and section two lines, for what `best` recommends as observed and by the model: the mean over the seeds
of the true regret; its ratio to that of the first section's best by the model, geometric mean over the seeds with a 95 %
bootstrap interval over seeds, not below 1e-3 of the problem's noise each; configurations evaluated, and evaluations of
the recommended one. At the end the same over all problems."""
import argparse
import heapq
import json
import math
import multiprocessing
import os
import random
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import problems as problem_list  # noqa: E402
from compare import Program, mean  # noqa: E402

NOISY = "hartmann6_noisy,levy10_noisy,network10_noisy"


def simulate(job):
    problem, seed, section = job["problem"], job["seed"], job["section"]
    instance = problem_list.all_problems("")[problem](seed)
    noise = instance.noise * job["noise"]
    study = {"study": {"name": problem, "seed": seed}, "budget": {"trials": job["trials"]}, **instance.space}
    if job["method"]:
        study["method"] = job["method"]
    if section is not None:
        study["repeats"] = section
    program = Program([job["ambs"], "serve", "-"])
    program.say({"cmd": "init", "study": study})
    running, free, done, seen = [], [0.0] * job["workers"], 0, {}
    heapq.heapify(free)
    idle, ended = [], False
    while True:
        if free and not ended and (not running or free[0] <= running[0][0]):
            now = heapq.heappop(free)
            answer = program.say({"cmd": "ask"})
            if answer.get("exhausted") or answer.get("wait"):
                ended = bool(answer.get("exhausted"))
                idle.append(now)
                continue
            draw = random.Random(f"{problem}/{seed}/{answer['id']}/{answer.get('repeat', 0)}")
            seconds = draw.lognormvariate(0, 0.5)
            heapq.heappush(running, (now + seconds, answer["id"], answer["params"], draw.gauss(0, 1)))
            continue
        if not running:
            break
        end, identity, params, gauss = heapq.heappop(running)
        program.say({"cmd": "tell", "id": identity, "objective": instance.true(params) + noise * gauss})
        seen[identity] = seen.get(identity, 0) + 1
        done += 1
        heapq.heappush(free, end)
        for worker in idle:
            heapq.heappush(free, max(worker, end))
        idle = []
    assert done == job["trials"] or section is not None, done
    best = program.say({"cmd": "best"})
    by_model = best.get("by_model", best)
    program.close()
    of = [{"regret": instance.true(b["params"]) - instance.optimum, "n": seen[b["id"]]} for b in (best, by_model)]
    return {**job, "observed": of[0], "model": of[1], "configurations": len(seen), "floor": 1e-3 * instance.noise}


def ratios(runs, base):
    return [math.log(max(r[0], r[2]) / max(b, r[2])) for r, b in zip(runs, base)]


def interval(values):
    draw = random.Random(1)
    means = sorted(mean(draw.choice(values) for _ in values) for _ in range(2000))
    return math.exp(mean(values)), math.exp(means[50]), math.exp(means[1949])


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--ambs", required=True)
    p.add_argument("--seeds", type=int, default=20)
    p.add_argument("--first-seed", type=int, default=100)
    p.add_argument("--trials", type=int, default=200)
    p.add_argument("--workers", type=int, default=8)
    p.add_argument("--noise", type=float, default=1)
    p.add_argument("--problems", default=NOISY)
    p.add_argument("--method", type=json.loads)
    p.add_argument("--jobs", type=int, default=1)
    p.add_argument("sections", nargs="*", default=["once", '{"policy": "race"}', "3"])
    a = p.parse_args()
    seeds = range(a.first_seed, a.first_seed + a.seeds)
    jobs = [{"ambs": a.ambs, "problem": q, "seed": s, "trials": a.trials, "workers": a.workers, "noise": a.noise, "method": a.method, "label": text,
             "section": None if text == "once" else json.loads(text)}
            for q in a.problems.split(",") for s in seeds for text in a.sections]
    with multiprocessing.Pool(a.jobs) as pool:
        runs = pool.map(simulate, jobs, chunksize=1)
    print(f"{a.trials} evaluations, {a.workers} workers, noise {a.noise:g} times, seeds {seeds[0]} to {seeds[-1]}")
    print(f"{'problem':18} {'repeats':28} {'recommended':12} {'regret':>9} {'ratio':>6} {'95 %':>13} {'configurations':>14} {'n':>5}")
    total = {}
    for q in a.problems.split(","):
        of = {text: [r for r in runs if r["problem"] == q and r["label"] == text] for text in a.sections}
        base = [r["model"]["regret"] for r in of[a.sections[0]]]
        for text in a.sections:
            for by in "observed", "model":
                logs = ratios([(r[by]["regret"], 0, r["floor"]) for r in of[text]], base)
                total.setdefault((text, by), []).extend(logs)
                g, low, high = interval(logs)
                print(f"{q:18} {text:28} {by:12} {mean(r[by]['regret'] for r in of[text]):9.4f} {g:6.3f} {low:6.3f}-{high:6.3f} "
                      f"{mean(r['configurations'] for r in of[text]):14.1f} {mean(r[by]['n'] for r in of[text]):5.1f}")
    for (text, by), logs in total.items():
        g, low, high = interval(logs)
        print(f"{'all':18} {text:28} {by:12} {'':9} {g:6.3f} {low:6.3f}-{high:6.3f}")


if __name__ == "__main__":
    main()
