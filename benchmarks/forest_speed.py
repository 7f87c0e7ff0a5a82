#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The random forest against scikit-learn's RandomForestRegressor, one thread each, in one run.

    forest_speed.py PROGRAM [--tables DIR] [--sizes 100,1000,10000] [--seed 1] [--only speed|accuracy]

PROGRAM is benchmarks/bench_forest_speed of the build. Speed: 100 trees on 10 mixed columns, mean and variance
of 10,000 candidates; scikit-learn walks each tree once and looks mean and impurity up at the leaf.
Times are CPU seconds of one thread, the fastest of several repeats on both sides.
Accuracy: held-out R2 and Spearman's rank correlation, 100 trees each, on functions and, with --tables,
on each folder there that has space.json and table.csv.gz (columns, `objective`).
"""
import argparse
import json
import os
import platform
import subprocess
import tempfile
import time

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
import numpy as np
import sklearn
from scipy.stats import spearmanr
from sklearn.ensemble import RandomForestRegressor

TREES = 100


def run_ours(program, levels, x, y, candidates, trees=TREES, repeats=3):
    with tempfile.TemporaryDirectory() as folder:
        data, result = os.path.join(folder, "data"), os.path.join(folder, "result")
        with open(data, "wb") as file:
            np.array([len(x), len(candidates), x.shape[1]], np.int64).tofile(file)
            np.array(levels, np.int64).tofile(file)
            for block in (x, y, candidates):
                np.ascontiguousarray(block, np.float64).tofile(file)
        subprocess.run([program, data, result, str(trees), str(repeats)], check=True)
        out = np.fromfile(result)
    m = len(candidates)
    return out[:4], out[4:4 + m], out[4 + m:]


def predict_mean_and_variance(forest, candidates):
    candidates = np.ascontiguousarray(candidates, np.float32)
    sums, squares, variances = (np.zeros(len(candidates)) for _ in range(3))
    for tree in forest.estimators_:
        leaf = tree.tree_.apply(candidates)
        mean = tree.tree_.value[leaf, 0, 0]
        sums += mean
        squares += mean * mean
        variances += tree.tree_.impurity[leaf]
    n = len(forest.estimators_)
    mean = sums / n
    return mean, squares / n - mean * mean + variances / n


def run_sklearn(x, y, candidates, seed, trees=TREES, repeats=3):
    x, candidates = np.nan_to_num(x, nan=-1), np.nan_to_num(candidates, nan=-1)
    tried = int(np.ceil(5 * x.shape[1] / 6))
    fits, predictions = [], []
    for i in range(repeats):
        forest = RandomForestRegressor(trees, max_features=tried, n_jobs=1, random_state=seed + i)
        start = time.process_time()
        forest.fit(x, y)
        fits.append(time.process_time() - start)
        start = time.process_time()
        mean, variance = predict_mean_and_variance(forest, candidates)
        predictions.append(time.process_time() - start)
    return (min(fits), min(predictions)), mean, variance


def mixed(n, rng):
    """10 columns: 5 numbers, 2 ordinals, 3 categories, one number inactive for a third of the rows."""
    levels = [0, 0, 0, 0, 0, 0, 0, 4, 8, 3]
    x = rng.random((n, 10))
    x[:, 5] = rng.integers(0, 5, n) / 4
    x[:, 6] = rng.integers(0, 9, n) / 8
    for f in (7, 8, 9):
        x[:, f] = rng.integers(0, levels[f], n)
    x[x[:, 9] == 1, 4] = np.nan
    y = (np.sin(6 * x[:, 0]) + 2 * (x[:, 1] - 0.3) ** 2 + x[:, 2] * x[:, 5] + 0.5 * (x[:, 7] == 2)
         + 0.3 * np.cos(2 * x[:, 8]) + np.where(np.isnan(x[:, 4]), 0.4, x[:, 4] * x[:, 3]) + 0.05 * rng.standard_normal(n))
    return levels, x, y


def friedman(n, rng):
    x = rng.random((n, 10))
    y = 10 * np.sin(np.pi * x[:, 0] * x[:, 1]) + 20 * (x[:, 2] - 0.5) ** 2 + 10 * x[:, 3] + 5 * x[:, 4]
    return [0] * 10, x, y + rng.standard_normal(n)


def ackley(n, rng):
    x = rng.random((n, 6))
    z = 8 * x - 3
    y = -20 * np.exp(-0.2 * np.sqrt((z ** 2).mean(1))) - np.exp(np.cos(2 * np.pi * z).mean(1))
    return [0] * 6, x, y


def read_table(folder):
    import pandas as pd
    with open(os.path.join(folder, "space.json")) as file:
        space = json.load(file)
    frame = pd.read_csv(os.path.join(folder, "table.csv.gz"))
    frame = frame[np.isfinite(frame["objective"])]  # the rest are configurations that failed
    columns, levels = [], []
    for p in space["params"]:
        index = {v: i for i, v in enumerate(p["values"])}
        code = frame[p["name"]].map(lambda v: index.get(v, -1))
        if (code < 0).any():
            raise SystemExit(f"{folder}: unknown level of {p['name']}")
        ordinal = p["type"] == "ordinal"
        columns.append(code / max(len(index) - 1, 1) if ordinal else code)
        levels.append(0 if ordinal else len(index))
    y = frame["objective"].to_numpy()
    low = np.nanmin(y)
    offset = max(np.nanpercentile(y, 5) - low, 0.01 * (np.nanmedian(y) - low))
    return levels, np.column_stack(columns).astype(float), np.log(y - low + offset)


def speed(program, sizes, seed):
    print(f"\n{'n':>6} {'fit, ms':>10} {'sklearn':>10} {'ratio':>7}   {'predict, ms':>11} {'sklearn':>9} {'ratio':>7}"
          f"   {'append, us':>10} {'replace, us':>11}")
    for n in sizes:
        rng = np.random.default_rng(seed)
        levels, x, y = mixed(n, rng)
        _, candidates, _ = mixed(10000, rng)
        repeats = 5 if n <= 1000 else 3
        theirs, _, _ = run_sklearn(x, y, candidates, seed, repeats=repeats)
        ours, _, _ = run_ours(program, levels, x, y, candidates, repeats=max(repeats, 5))
        print(f"{n:6} {1e3 * ours[0]:10.2f} {1e3 * theirs[0]:10.1f} {theirs[0] / ours[0]:7.1f}"
              f"   {1e3 * ours[1]:11.2f} {1e3 * theirs[1]:9.1f} {theirs[1] / ours[1]:7.1f}"
              f"   {1e6 * ours[2]:10.1f} {1e6 * ours[3]:11.1f}", flush=True)


def accuracy(program, tables, seed, n_seeds=3):
    print(f"\n{'data':>16} {'n':>6} {'R2':>8} {'sklearn':>8} {'rank':>8} {'sklearn':>8}   ({n_seeds} seeds)")
    sources = [(f.__name__, f) for f in (mixed, friedman, ackley)]
    for name in sorted(os.listdir(tables)) if tables else []:
        if os.path.isfile(os.path.join(tables, name, "space.json")):
            sources.append((name, read_table(os.path.join(tables, name))))
    for name, source in sources:
        for n in (100, 300, 1000, 3000):
            scores = []
            for k in range(n_seeds):
                rng = np.random.default_rng([seed, k, n])
                if callable(source):
                    levels, x, y = source(n + 3000, rng)
                else:
                    levels, x, y = source
                    if len(y) < n + 500:
                        continue
                    pick = rng.permutation(len(y))[:n + 3000]
                    x, y = x[pick], y[pick]
                _, ours, _ = run_ours(program, levels, x[:n], y[:n], x[n:], repeats=1)
                _, theirs, _ = run_sklearn(x[:n], y[:n], x[n:], seed + k, repeats=1)
                total = ((y[n:] - y[n:].mean()) ** 2).sum()
                scores.append([1 - ((y[n:] - ours) ** 2).sum() / total, 1 - ((y[n:] - theirs) ** 2).sum() / total,
                               spearmanr(ours, y[n:])[0], spearmanr(theirs, y[n:])[0]])
            if scores:
                r2, r2_theirs, rank, rank_theirs = np.mean(scores, axis=0)
                print(f"{name:>16} {n:6} {r2:8.3f} {r2_theirs:8.3f} {rank:8.3f} {rank_theirs:8.3f}", flush=True)


def processor():
    with open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("model name"):
                return line.split(":", 1)[1].strip()
    return platform.processor()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("program")
    parser.add_argument("--tables")
    parser.add_argument("--sizes", default="100,1000,10000")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=["speed", "accuracy"])
    a = parser.parse_args()
    print(f"# machine: {processor()}, Linux {platform.release()}; scikit-learn {sklearn.__version__},"
          f" numpy {np.__version__}; trees {TREES}, columns 10, seed {a.seed}, one thread")
    if a.only != "accuracy":
        speed(a.program, [int(n) for n in a.sizes.split(",")], a.seed)
    if a.only != "speed":
        accuracy(a.program, a.tables, a.seed)


if __name__ == "__main__":
    main()
