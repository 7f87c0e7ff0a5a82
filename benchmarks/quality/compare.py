#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Search quality of ambs against its peers: asynchronous studies with virtual workers, over JSON lines.

    compare.py [--tables DIR] [--ambs PROGRAM] [--problems a,b,…] [--seeds N] [--first-seed S] [--trials T] [--workers W]
               [--results FILE] [--jobs J] [--markdown FILE] METHOD…
    compare.py --compare-workers 8,128 --trials 500 [as above] [METHOD…]

A METHOD is a peer (random, optuna, optuna_mv, forest_ei: peers.py) or ambs, with what stands under `method:` of its study
file as JSON: ambs, 'ambs:{"surrogate":"forest"}', 'tpe=ambs:{"name":"tpe"}'. Method `random` is always run, since the scores are ratios to it.

Worker w is free, asks, and its trial takes the table's run time, or a lognormal time that belongs to (problem, seed, number
of the ask), the same for all methods. Each result is told before anything later is asked.

Scores, for each (problem, seed), paired over methods:
    r       regret of the recommended configuration (what `best` answers; on noisy problems its "by_model" where there is one;
            by the value without noise) over random search's mean regret on the problem, not below 1e-3; the geometric mean
            over runs and problems
    rank    1 for the least regret among the methods, ties shared
    reach   trials told until the least true value reaches random search's mean final regret (trials + 1 if never);
            median over seeds, mean over problems
    ratio   (--compare-workers A,B) for each method the geometric mean over problems of r with B workers over r with A for the
            same number of trials, r as above (random search's mean does not depend on the workers), with its 95 % interval
            (paired bootstrap over problems and seeds)
Runs are kept in FILE (one JSON line each) and are not repeated; delete it after a change of the problems or the peers. Label
what changes in ambs, since a label is not run again.
"""
import argparse
import heapq
import json
import math
import multiprocessing
import os
import random
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import problems as problem_list  # noqa: E402
from peers import PEERS  # noqa: E402

FLOOR = 1e-3


class Program:
    """A search method as a process that speaks JSON lines."""

    def __init__(self, argv):
        environment = dict(os.environ, OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")
        self.process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)

    def say(self, command):
        self.process.stdin.write(json.dumps(command) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"the program ended at {command}")
        answer = json.loads(line)
        if "error" in answer:
            raise RuntimeError(f"{answer['error']} at {json.dumps(command)[:300]}")
        return answer

    def close(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


PROGRAMS = {}  # of this worker process: peers serve many studies


def program_of(job):
    if job["kind"] == "ambs":
        return Program([job["ambs"], "serve", "-"])
    if job["kind"] not in PROGRAMS:
        PROGRAMS[job["kind"]] = Program(["/usr/bin/python3", os.path.join(HERE, "peers.py"), job["kind"]])
    return PROGRAMS[job["kind"]]


def study_of(job, instance):
    study = {"study": {"name": job["problem"], "seed": job["seed"]}, "budget": {"trials": job["trials"]}, **instance.space}
    if job["kind"] == "ambs" and job["settings"]:
        study["method"] = job["settings"]
    return study


def simulate(job):
    """One study; returns the record that is kept."""
    instance = problem_list.all_problems(job["tables"])[job["problem"]](job["seed"])
    program = program_of(job)
    program.say({"cmd": "init", "study": study_of(job, instance)})
    running, free, asked, told, failures, least, curve = [], [0.0] * job["workers"], 0, 0, 0, math.inf, []
    late_failures, ask_s, exhausted, seen = 0, 0.0, False, set()
    heapq.heapify(free)
    while told < job["trials"]:
        if free and asked < job["trials"] and not exhausted and (not running or free[0] <= running[0][0]):
            now = heapq.heappop(free)
            started = time.perf_counter()
            answer = program.say({"cmd": "ask"})
            ask_s += time.perf_counter() - started
            if answer.get("exhausted"):
                exhausted = True
                continue
            seen.add(json.dumps(answer["params"], sort_keys=True))
            draw = random.Random(f"{job['problem']}/{job['seed']}/{asked}")
            seconds = instance.duration(answer["params"]) or draw.lognormvariate(0, 0.5)
            heapq.heappush(running, (now + seconds, answer["id"], asked, answer["params"], draw.gauss(0, 1)))
            asked += 1
            continue
        if not running:
            break
        end, identity, number, params, noise = heapq.heappop(running)
        value = instance.true(params)
        if value is None:
            failures += 1
            late_failures += number >= 50
            program.say({"cmd": "tell", "id": identity, "status": "failed"})
        else:
            least = min(least, value)
            if value < instance.optimum - 1e-6 * max(1, abs(instance.optimum)):
                raise RuntimeError(f"{job['problem']}: {params} is better ({value}) than the optimum {instance.optimum}")
            program.say({"cmd": "tell", "id": identity, "objective": value + instance.noise * noise})
        curve.append(least)
        told += 1
        heapq.heappush(free, end)
    answer = program.say({"cmd": "best"})
    if instance.noise > 0:  # the luckiest value says little: what the program expects, if it says so
        answer = answer.get("by_model", answer)
    best = answer.get("params")
    final = instance.true(best) if best else math.inf
    if job["kind"] == "ambs":
        program.close()
    return {**{k: job[k] for k in ("problem", "label", "seed", "trials", "workers")}, "optimum": instance.optimum, "final": final,
            "curve": [c if math.isfinite(c) else None for c in curve], "failures": failures, "late_failures": late_failures,
            "distinct": len(seen), "ask_ms": 1e3 * ask_s / max(1, asked)}


def try_simulate(job):
    try:
        return simulate(job)
    except Exception as e:  # one broken run is said, and the others go on
        PROGRAMS.pop(job["kind"], None)
        return {"failed": f"{job['label']} on {job['problem']}, seed {job['seed']}: {e}"}


# ---- scores ---------------------------------------------------------------------------------------------------------------

def mean(values):
    values = list(values)
    return sum(values) / len(values)


def median(values):
    s = sorted(values)
    return (s[(len(s) - 1) // 2] + s[len(s) // 2]) / 2


class Scores:
    def __init__(self, runs, labels):
        self.labels = labels
        self.problems = sorted({r["problem"] for r in runs})
        self.runs = {(r["problem"], r["label"], r["seed"]): r for r in runs}
        self.seeds = {p: sorted(s for (q, l, s) in self.runs if q == p and l == "random"
                                and all((p, m, s) in self.runs for m in labels)) for p in self.problems}
        self.problems = [p for p in self.problems if self.seeds[p]]
        self.base = {p: mean(self.regret(p, "random", s) for s in self.seeds[p]) for p in self.problems}

    def regret(self, problem, label, seed):
        r = self.runs[problem, label, seed]
        return max(0.0, r["final"] - r["optimum"]) if r["final"] is not None else math.inf

    def ratio(self, problem, label, seed):
        return max(FLOOR, min(self.regret(problem, label, seed) / self.base[problem], 1e3)) if self.base[problem] > 0 else 1.0

    def geometric(self, label, problems=None, seeds=None):
        logs = [mean(math.log(self.ratio(p, label, s)) for s in (seeds or self.seeds)[p]) for p in problems or self.problems]
        return math.exp(mean(logs))

    def rank(self, label):
        ranks = []
        for p in self.problems:
            for s in self.seeds[p]:
                mine, all_of = self.regret(p, label, s), [self.regret(p, m, s) for m in self.labels]
                ranks.append(1 + sum(v < mine for v in all_of) + (sum(v == mine for v in all_of) - 1) / 2)
        return mean(ranks)

    def reach(self, label):
        medians = []
        for p in self.problems:
            counts = []
            for s in self.seeds[p]:
                r = self.runs[p, label, s]
                goal = r["optimum"] + self.base[p]
                counts.append(next((i + 1 for i, v in enumerate(r["curve"]) if v is not None and v <= goal), r["trials"] + 1))
            medians.append(median(counts))
        return mean(medians)

    def interval(self, label, peer, draws=2000):
        """95 % interval of geometric(label) / geometric(peer): seeds and problems drawn again, pairs kept."""
        rng = random.Random(1)
        gaps = {p: [math.log(self.ratio(p, label, s)) - math.log(self.ratio(p, peer, s)) for s in self.seeds[p]] for p in self.problems}
        samples = []
        for _ in range(draws):
            chosen = rng.choices(self.problems, k=len(self.problems))
            samples.append(mean(mean(rng.choices(gaps[p], k=len(gaps[p]))) for p in chosen))
        samples.sort()
        return math.exp(samples[int(0.025 * draws)]), math.exp(samples[int(0.975 * draws)])

    def worse_than_random(self, label):
        """Problems where a one-sided sign-flip test says so at 5 %, after Holm."""
        rng, ps = random.Random(2), []
        for p in self.problems:
            gaps = [math.log(self.ratio(p, label, s)) - math.log(self.ratio(p, "random", s)) for s in self.seeds[p]]
            observed, more = mean(gaps), 0
            for _ in range(2000):
                more += mean(g * rng.choice((-1, 1)) for g in gaps) >= observed - 1e-12
            ps.append(((more + 1) / 2001, p))
        worse = []
        for i, (value, p) in enumerate(sorted(ps)):
            if value > 0.05 / (len(ps) - i):
                break
            worse.append(p)
        return worse

    def solved(self, problem):
        """Share of the peers whose median regret is at the floor."""
        others = [m for m in self.labels if m in PEERS]
        return mean(median(self.ratio(problem, m, s) for s in self.seeds[problem]) <= FLOOR for m in others) if others else 0.0


def tables_of(scores, first):
    n = f"{min(len(s) for s in scores.seeds.values())} to {max(len(s) for s in scores.seeds.values())}"
    out = [f"{len(scores.problems)} problems, {n} seeds each.", "",
           "| method | regret over random's | mean rank | trials to random's best | failed trials after the first 50, share | ms an ask |",
           "|---|---|---|---|---|---|"]
    for label in scores.labels:
        runs = [scores.runs[p, label, s] for p in scores.problems for s in scores.seeds[p]]
        late = [r for r in runs if r["late_failures"] or r["problem"].endswith("fails") or r["problem"] == "conv_A100"]
        share = sum(r["late_failures"] for r in late) / max(1, sum(r["trials"] - 50 for r in late))
        out.append(f"| {label} | {scores.geometric(label):.3f} | {scores.rank(label):.2f} | {scores.reach(label):.0f} | {share:.2f} "
                   f"| {mean(r['ask_ms'] for r in runs):.1f} |")
    if first:
        peers = [m for m in scores.labels if m in PEERS and m != "random"]
        if peers:
            best = min(peers, key=scores.geometric)
            out += ["", f"{first} over the best peer ({best}): {scores.geometric(first) / scores.geometric(best):.2f}, "
                    f"95 % upper bound {scores.interval(first, best)[1]:.2f} (paired bootstrap over problems and seeds)."]
        worse = scores.worse_than_random(first)
        out += [f"Worse than random (one-sided, Holm): {', '.join(worse) if worse else 'on no problem'}."]
    return "\n".join(out + problems_of(scores)) + "\n"


def problems_of(scores):
    out = ["", "Regret over random's, each problem:", "", "| problem | " + " | ".join(scores.labels) + " |",
            "|---|" + "---|" * len(scores.labels)]
    for p in scores.problems:
        cells = [f"{scores.geometric(m, [p]):.3f}" for m in scores.labels]
        out.append(f"| {p} | " + " | ".join(cells) + " |")
    return out


def workers_of(scores, methods, few, many):
    """How much more workers cost: labels are "METHOD, N workers"."""
    out = [f"{len(scores.problems)} problems, {min(len(s) for s in scores.seeds.values())} seeds or more each, the same number of trials.", "",
           f"| method | regret over random's, {few} workers | {many} workers | ratio | 95 % interval |", "|---|---|---|---|---|"]
    for m in methods:
        a, b = (f"{m}, {n} workers" for n in (few, many))
        low, high = scores.interval(b, a)
        out.append(f"| {m} | {scores.geometric(a):.4f} | {scores.geometric(b):.4f} | {scores.geometric(b) / scores.geometric(a):.2f} "
                   f"| {low:.2f} to {high:.2f} |")
    return "\n".join(out + problems_of(scores)) + "\n"


# ---- the command line -----------------------------------------------------------------------------------------------------

def read_method(text, ambs):
    label, _, rest = text.partition("=") if "=" in text.split("{")[0] else (text, "", text)
    kind, _, settings = rest.partition(":")
    if kind not in PEERS and kind != "ambs":
        sys.exit(f"compare.py: found the method {kind}, expected ambs, {', '.join(PEERS)}")
    return {"label": label, "kind": kind, "settings": json.loads(settings) if settings else {}, "ambs": ambs}


def read_runs(path):
    if not path or not os.path.exists(path):
        return []
    with open(path) as f:
        return [json.loads(line) for line in f]


def run_all(o, methods, names, workers, runs):
    """Adds to `runs` those that are missing; returns how many broke."""
    done = {(r["problem"], r["label"], r["seed"], r["trials"], r["workers"]) for r in runs}
    jobs = [{**m, "problem": p, "seed": s, "trials": o.trials, "workers": workers, "tables": o.tables}
            for s in range(o.first_seed, o.first_seed + o.seeds) for p in names for m in methods]
    jobs = [j for j in jobs if (j["problem"], j["label"], j["seed"], o.trials, workers) not in done]
    broken = 0
    with multiprocessing.Pool(o.jobs) as pool:
        for run in pool.imap_unordered(try_simulate, jobs):
            if "failed" in run:
                broken += 1
                print(run["failed"], file=sys.stderr, flush=True)
                continue
            runs.append(run)
            if o.results:
                with open(o.results, "a") as f:
                    f.write(json.dumps(run) + "\n")
    return broken


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables")
    parser.add_argument("--ambs", default="build/src/ambs")
    parser.add_argument("--problems")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--compare-workers", metavar="A,B")
    parser.add_argument("--results")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--markdown")
    parser.add_argument("methods", nargs="+")
    o = parser.parse_args()
    methods = [read_method(m, os.path.abspath(o.ambs)) for m in o.methods]
    if not any(m["label"] == "random" for m in methods):
        methods.insert(0, read_method("random", ""))
    known = problem_list.all_problems(o.tables)
    names = o.problems.split(",") if o.problems else list(known)
    unknown = [n for n in names if n not in known]
    if unknown:
        sys.exit(f"compare.py: found the problem {unknown[0]}, expected one of {', '.join(known)}")
    compared = [int(n) for n in o.compare_workers.split(",")] if o.compare_workers else []
    if compared and len(compared) != 2:
        sys.exit(f"compare.py: found --compare-workers {o.compare_workers}, expected two numbers: 8,128")
    runs, broken = read_runs(o.results), 0
    for workers in compared or [o.workers]:
        broken += run_all(o, methods, names, workers, runs)
    labels = [m["label"] for m in methods]
    chosen = [r for r in runs if r["problem"] in names and r["label"] in labels and r["trials"] == o.trials
              and o.first_seed <= r["seed"] < o.first_seed + o.seeds]
    if compared:
        others = [m for m in labels if m != "random"]
        both = [{**r, "label": f"{r['label']}, {r['workers']} workers"} for r in chosen if r["workers"] in compared]
        both += [r for r in chosen if r["label"] == "random" and r["workers"] == compared[0]]
        scores = Scores(both, [f"{m}, {n} workers" for m in others for n in compared])
        text = workers_of(scores, others, *compared)
    else:
        scores = Scores([r for r in chosen if r["workers"] == o.workers], labels)
        text = tables_of(scores, next((m["label"] for m in methods if m["kind"] == "ambs"), None))
    print(text)
    if o.markdown:
        with open(o.markdown, "w") as f:
            f.write(text)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
