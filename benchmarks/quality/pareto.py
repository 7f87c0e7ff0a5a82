#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Searches with several metrics: ambs against random search and Optuna's samplers, by hypervolume.

    pareto.py [--ambs PROGRAM] [--tables DIR] [--problems a,b,…] [--seeds N] [--first-seed S] [--trials T] [--workers W]
              [--jobs J] [--results FILE] METHOD…

A METHOD is random, nsga2, nsga2_20 (a population of 20 in the place of 50) or motpe (Optuna: NSGAIISampler, TPESampler),
or ambs, with what stands under `method:` as JSON: ambs, 'ehvi=ambs:{"acquisition":"ei"}'. Random search is always run.

Workers and trial times are those of compare.py: each result is told before anything later is asked. Optima are shifted per
seed. The score of a run is what is missing of the true front's hypervolume, over what random search misses on average,
not below 1e-3; means are geometric. The reference point of each problem is fixed, and no method is told it.
"""
import argparse
import heapq
import itertools
import json
import math
import multiprocessing
import os
import random
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import problems as single  # noqa: E402
from compare import Program, mean, read_runs  # noqa: E402

FLOOR = 1e-3


# ---- hypervolume, plainly ------------------------------------------------------------------------------------------------

def front_of(points):
    points, front = sorted(set(points)), []
    for p in points:
        if not any(all(a <= b for a, b in zip(q, p)) for q in front):
            front.append(p)
    return front


def hypervolume(points, reference):
    inside = front_of([p for p in points if all(a < r for a, r in zip(p, reference))])
    if len(reference) == 2:
        total, top = 0.0, reference[1]
        for x, y in inside:
            total += (reference[0] - x) * (top - y)
            top = y
        return total
    inside.sort(key=lambda p: p[-1])
    total = 0.0
    for i, p in enumerate(inside):
        until = inside[i + 1][-1] if i + 1 < len(inside) else reference[-1]
        if until > p[-1]:
            total += (until - p[-1]) * hypervolume([q[:-1] for q in inside[:i + 1]], reference[:-1])
    return total


# ---- problems ------------------------------------------------------------------------------------------------------------

class Problem:
    """parameters as in a study file; values(params) -> a tuple, minimised; best: the hypervolume of the true front."""

    def __init__(self, parameters, values, reference, front, duration=None):
        self.parameters, self.values, self.reference, self.duration = parameters, values, reference, duration
        self.m, self.best = len(reference), front if isinstance(front, float) else hypervolume(front, reference)


def away(x, s):
    """How far x lies from s, as a share of the farthest in the unit interval."""
    return abs(x - s) / max(s, 1 - s)


def zdt(kind, d=8):
    """Zitzler, Deb and Thiele 2000, with the optimum of the last d - 1 variables at a place of the seed's own."""
    def instance(seed):
        rng = random.Random(f"zdt{kind}/{seed}")
        shift = [rng.random() for _ in range(d)]
        shape = {1: lambda f, g: 1 - math.sqrt(f / g), 2: lambda f, g: 1 - (f / g) ** 2,
                 3: lambda f, g: 1 - math.sqrt(f / g) - f / g * math.sin(10 * math.pi * f)}[kind]

        def values(p):
            f = p["x0"]
            g = 1 + 9 * sum(away(p[f"x{i}"], shift[i]) for i in range(1, d)) / (d - 1)
            return f, g * shape(f, g)
        front = [(i / 5000, shape(i / 5000, 1)) for i in range(5001)]
        return Problem({f"x{i}": {"min": 0.0, "max": 1.0} for i in range(d)}, values, (1.1, 2.5), front)
    return instance


def dtlz2(d=7, m=3):
    """Deb, Thiele, Laumanns and Zitzler 2002: a front on the unit sphere."""
    def instance(seed):
        rng = random.Random(f"dtlz2/{seed}")
        shift = [rng.uniform(0.2, 0.8) for _ in range(d)]

        def values(p):
            x = [p[f"x{i}"] for i in range(d)]
            g = 1 + sum((x[i] - shift[i]) ** 2 for i in range(m - 1, d))
            angle = [math.pi / 2 * v for v in x[:m - 1]]
            out = []
            for j in range(m):
                f = g
                for a in angle[:m - 1 - j]:
                    f *= math.cos(a)
                out.append(f * math.sin(angle[m - 1 - j]) if j > 0 else f)
            return tuple(out)
        ball = {2: math.pi / 4, 3: math.pi / 6, 4: math.pi ** 2 / 32}[m]
        return Problem({f"x{i}": {"min": 0.0, "max": 1.0} for i in range(d)}, values, (1.5,) * m, 1.5 ** m - ball)
    return instance


def network(seed):
    """Error and cost of an imagined network: mixed types, cost by size alone."""
    rng = random.Random(f"network/{seed}")
    lr, drop, best = rng.uniform(-3.5, -1.5), rng.uniform(0.05, 0.45), rng.randrange(3)

    def pair(log_lr, width, depth, act, dropout):
        error = (0.08 * (log_lr - lr) ** 2 + 0.5 * abs(dropout - drop) + (0 if act == best else 0.1)
                 + 0.8 / math.sqrt(width) / depth ** 0.4)
        return error, math.log10(width * (4 + (depth - 1) * width) / 40)

    def values(p):
        return pair(math.log10(p["lr"]), p["width"], p["depth"], ["relu", "tanh", "selu"].index(p["act"]), p["dropout"])
    front = [pair(lr, w, k, best, drop) for w in range(8, 513) for k in range(1, 5)]
    parameters = {"lr": {"min": 1e-4, "max": 1e-1, "scale": "log"}, "width": {"min": 8, "max": 512, "scale": "log"},
                  "depth": {"min": 1, "max": 4}, "act": {"values": ["relu", "tanh", "selu"]}, "dropout": {"min": 0.0, "max": 0.5}}
    return Problem(parameters, values, (1.0, 5.0), front)


def table(folder, cost):
    """A table's objective and a cost: `cost` of the parameters, None: the run time. No row: a failed trial. The reference is
    the median of each."""
    def instance(seed):
        base = single.table(folder)(seed)
        _, names, levels, rows, seconds = single.read_table(folder)

        def key(p):
            return tuple(levels[n].index(p[n]) for n in names)

        def values(p):
            if key(p) not in rows:
                return None
            return rows[key(p)], seconds[key(p)] if cost is None else cost(p)
        all_of = [values({n: levels[n][i] for n, i in zip(names, k)}) for k in rows]
        middle = tuple(sorted(v[j] for v in all_of)[len(all_of) // 2] for j in (0, 1))
        return Problem(base.space["parameters"], values, middle, all_of, base.duration)
    return instance


def weights_of_fcnet(p):
    a, b = int(p["n_units_1"]), int(p["n_units_2"])
    return math.log10(9 * a + a * b + b)


def weights_of_mlp(p):
    width = int(p["width"])
    return math.log10(18 * width + (int(p["depth"]) - 1) * width * width + 4 * width)


def all_problems(tables):
    problems = {"zdt1": zdt(1), "zdt2": zdt(2), "zdt3": zdt(3), "dtlz2": dtlz2(), "network": network, "dtlz2_4": dtlz2(8, 4)}
    costs = {"conv_A100": None, "fcnet_protein": weights_of_fcnet, "mlp_vehicle": weights_of_mlp}
    for name in costs if tables else ():
        problems[name] = table(os.path.join(tables, name), costs[name])
    return problems


# ---- methods -------------------------------------------------------------------------------------------------------------

class Ambs:
    def __init__(self, job, problem):
        self.program = Program([job["ambs"], "serve", "-"])
        study = {"study": {"name": job["problem"], "seed": job["seed"]}, "budget": {"trials": job["trials"]},
                 "metrics": [{"name": f"f{j}"} for j in range(problem.m)], "parameters": problem.parameters}
        if job["settings"]:
            study["method"] = job["settings"]
        self.program.say({"cmd": "init", "study": study})

    def ask(self):
        answer = self.program.say({"cmd": "ask"})
        return answer["id"], answer["params"]

    def tell(self, identity, values):
        if values is None:
            self.program.say({"cmd": "tell", "id": identity, "status": "failed"})
            return
        self.program.say({"cmd": "tell", "id": identity, "metrics": {f"f{j}": v for j, v in enumerate(values)}})

    def close(self):
        self.program.close()


class Optuna:
    def __init__(self, job, problem):
        import optuna
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        import warnings
        warnings.simplefilter("ignore")
        seed = job["seed"]
        samplers = {"random": lambda: optuna.samplers.RandomSampler(seed=seed),
                    "nsga2": lambda: optuna.samplers.NSGAIISampler(seed=seed),
                    "nsga2_20": lambda: optuna.samplers.NSGAIISampler(population_size=20, seed=seed),
                    "motpe": lambda: optuna.samplers.TPESampler(multivariate=True, constant_liar=True, seed=seed)}
        self.parameters = problem.parameters
        self.study = optuna.create_study(directions=["minimize"] * problem.m, sampler=samplers[job["kind"]]())
        self.open, self.failed = {}, optuna.trial.TrialState.FAIL

    def ask(self):
        trial = self.study.ask()
        self.open[trial.number] = trial
        params = {}
        for name, p in self.parameters.items():
            if "values" in p:
                params[name] = trial.suggest_categorical(name, p["values"])
            elif isinstance(p["min"], int):
                params[name] = trial.suggest_int(name, p["min"], p["max"], log=p.get("scale") == "log")
            else:
                params[name] = trial.suggest_float(name, p["min"], p["max"], log=p.get("scale") == "log")
        return trial.number, params

    def tell(self, identity, values):
        trial = self.open.pop(identity)
        if values is None:
            self.study.tell(trial, state=self.failed)
        else:
            self.study.tell(trial, list(values))

    def close(self):
        pass


def simulate(job):
    problem = all_problems(job["tables"])[job["problem"]](job["seed"])
    method = (Ambs if job["kind"] == "ambs" else Optuna)(job, problem)
    running, free, asked, told, points, ask_s = [], [0.0] * job["workers"], 0, 0, [], 0.0
    while told < job["trials"]:
        if free and asked < job["trials"] and (not running or free[0] <= running[0][0]):
            now = heapq.heappop(free)
            started = time.perf_counter()
            identity, params = method.ask()
            ask_s += time.perf_counter() - started
            draw = random.Random(f"{job['problem']}/{job['seed']}/{asked}")
            seconds = (problem.duration and problem.duration(params)) or draw.lognormvariate(0, 0.5)
            heapq.heappush(running, (now + seconds, asked, identity, params))
            asked += 1
            continue
        end, _, identity, params = heapq.heappop(running)
        values = problem.values(params)
        method.tell(identity, values)
        points += [] if values is None else [values]
        told += 1
        heapq.heappush(free, end)
    method.close()
    final = hypervolume(points, problem.reference)
    if final > problem.best * (1 + 1e-3):
        raise RuntimeError(f"{job['problem']}: {final} is more than the true front's {problem.best}")
    return {**{k: job[k] for k in ("problem", "label", "seed", "trials", "workers")}, "missing": max(0.0, problem.best - final),
            "front": len(front_of(points)), "ask_ms": 1e3 * ask_s / asked}


def read_method(text, ambs):
    label, _, rest = text.partition("=") if "=" in text.split("{")[0] else (text, "", text)
    kind, _, settings = rest.partition(":")
    if kind not in ("ambs", "random", "nsga2", "nsga2_20", "motpe"):
        sys.exit(f"pareto.py: found the method {kind}, expected ambs, random, nsga2, nsga2_20 or motpe")
    return {"label": label, "kind": kind, "settings": json.loads(settings) if settings else {}, "ambs": ambs}


def table_of(runs, labels, names):
    by = {(r["problem"], r["label"], r["seed"]): r for r in runs}
    seeds = {p: [s for s in sorted({r["seed"] for r in runs}) if all((p, m, s) in by for m in labels)] for p in names}
    base = {p: mean(by[p, "random", s]["missing"] for s in seeds[p]) for p in names}

    def score(p, m):
        return math.exp(mean(math.log(max(FLOOR, by[p, m, s]["missing"] / base[p])) for s in seeds[p]))
    out = ["| problem | " + " | ".join(labels) + " |", "|---|" + "---|" * len(labels)]
    for p in names:
        out.append(f"| {p} | " + " | ".join(f"{score(p, m):.3f}" for m in labels) + " |")
    total = [f"{math.exp(mean(math.log(score(p, m)) for p in names)):.3f}" for m in labels]
    out.append("| geometric mean | " + " | ".join(total) + " |")
    each = [f"{mean(by[p, m, s]['ask_ms'] for p in names for s in seeds[p]):.1f}" for m in labels]
    return "\n".join(out + ["| ms an ask | " + " | ".join(each) + " |"])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--ambs", default="build/src/ambs")
    parser.add_argument("--tables")
    parser.add_argument("--problems")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--trials", type=int, default=120)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--results", help="runs are kept there and not repeated")
    parser.add_argument("methods", nargs="+")
    o = parser.parse_args()
    methods = [read_method(m, os.path.abspath(o.ambs)) for m in o.methods]
    if not any(m["label"] == "random" for m in methods):
        methods.insert(0, read_method("random", ""))
    names = o.problems.split(",") if o.problems else list(all_problems(o.tables))
    runs = read_runs(o.results)
    done = {(r["problem"], r["label"], r["seed"], r["trials"], r["workers"]) for r in runs}
    jobs = [{**m, "problem": p, "seed": s, "trials": o.trials, "workers": o.workers, "tables": o.tables}
            for s, p, m in itertools.product(range(o.first_seed, o.first_seed + o.seeds), names, methods)
            if (p, m["label"], s, o.trials, o.workers) not in done]
    with multiprocessing.Pool(o.jobs) as pool:
        for run in pool.imap_unordered(simulate, jobs):
            runs.append(run)
            if o.results:
                with open(o.results, "a") as f:
                    f.write(json.dumps(run) + "\n")
    labels = [m["label"] for m in methods]
    chosen = [r for r in runs if r["problem"] in names and r["label"] in labels and (r["trials"], r["workers"]) == (o.trials, o.workers)
              and o.first_seed <= r["seed"] < o.first_seed + o.seeds]
    print(f"{o.trials} trials, {o.workers} workers, {o.seeds} seeds\n\n{table_of(chosen, labels, names)}")


if __name__ == "__main__":
    main()
