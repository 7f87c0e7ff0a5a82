#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Real training with the real manager: `ambs` against `random` on the five-fold cross-entropy of the digits.

digits_cv.py AMBS [--seeds 20] [--trials 40] [--workers 2] [--first-seed 1] [--study FILE]

Each seed runs share/studies/digits_cv.yaml once by each method. Prints the best cross-entropy of each run, their
medians, and the p-value of a one-sided Mann-Whitney test that ambs is lower.
"""
import argparse
import json
import os
import statistics
import subprocess
import tempfile

from math import erfc, sqrt

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def mann_whitney(a, b):
    """P(a is not lower than b), by the normal approximation with the correction for ties and continuity."""
    joined = sorted(a + b)
    rank = {v: (joined.index(v) + 1 + len(joined) - joined[::-1].index(v)) / 2 for v in joined}
    n, m = len(a), len(b)
    u = sum(rank[v] for v in a) - n * (n + 1) / 2
    ties = sum(joined.count(v) ** 3 - joined.count(v) for v in set(joined))
    size = n + m
    sd = sqrt(n * m / 12 * (size + 1 - ties / (size * (size - 1))))
    return 1 - 0.5 * erfc((u + 0.5 - n * m / 2) / sd / sqrt(2))


def run(args, method, seed, folder):
    study = os.path.join(folder, f"{method}-{seed}.h5")
    subprocess.run([args.ambs, "run", args.study, "-o", study, "-j", str(args.workers), "--seed", str(seed), "--quiet",
                    "--set", f"method.name={method}", "--set", f"budget.trials={args.trials}"],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    out = subprocess.run([args.ambs, "best", study, "--json"], check=True, stdout=subprocess.PIPE)
    return json.loads(out.stdout)["objective"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ambs")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--trials", type=int, default=40)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--study", default=os.path.join(ROOT, "share/studies/digits_cv.yaml"))
    args = parser.parse_args()
    best = {"ambs": [], "random": []}
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(args.first_seed, args.first_seed + args.seeds):
            for method in best:
                best[method].append(run(args, method, seed, folder))
            print(f"seed {seed}: ambs {best['ambs'][-1]:.5f}  random {best['random'][-1]:.5f}", flush=True)
    for method, values in best.items():
        print(f"{method:7} median {statistics.median(values):.5f}  least {min(values):.5f}  greatest {max(values):.5f}")
    print(f"Mann-Whitney, ambs lower than random: p = {mann_whitney(best['ambs'], best['random']):.2g} "
          f"({args.seeds} seeds, {args.trials} trials, {args.workers} workers)")


if __name__ == "__main__":
    main()
