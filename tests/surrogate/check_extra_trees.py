# SPDX-License-Identifier: MIT
"""Extra trees against scikit-learn's ExtraTreesRegressor, 100 trees each: R2 on points held out, and the variance between
the trees there. Usage: check_extra_trees.py FOREST_PROBE. Exits 77 where scikit-learn is missing."""
import subprocess
import sys

try:
    import numpy as np
    from sklearn.ensemble import ExtraTreesRegressor
except ImportError as missing:
    print(f"skipped: {missing} (Debian: apt-get install python3-sklearn)")
    sys.exit(77)


def ours(probe, x, y, at):
    numbers = [[len(x), len(at), x.shape[1]], x.ravel(), y, at.ravel()]
    text = " ".join(f"{v:.17g}" for part in numbers for v in part)
    out = subprocess.run([probe], input=text, capture_output=True, text=True, check=True).stdout
    return np.array([line.split() for line in out.splitlines()], float)


FUNCTIONS = {
    "bowl": lambda x: np.sum((x - 0.3) ** 2 * np.arange(1, x.shape[1] + 1), axis=1),
    "waves": lambda x: np.sin(6 * x[:, 0]) + np.cos(4 * x[:, 1]) * x[:, 2],
    "step": lambda x: (x[:, 0] > 0.5) + 2.0 * (x[:, 1] * x[:, 2] > 0.3),
    "product": lambda x: np.exp(3 * x[:, 0] * x[:, 1]) + 0.1 * x[:, 2],
}


def main():
    gaps, ratios = [], []
    for name, function in FUNCTIONS.items():
        for seed in range(3):
            r = np.random.RandomState(seed)
            n, p = [60, 200, 400][seed], 6
            x, at = r.rand(n, p).astype(np.float32), r.rand(300, p).astype(np.float32)
            y, truth = function(x.astype(float)), function(at.astype(float))
            found = ours(sys.argv[1], x, y, at)
            theirs = ExtraTreesRegressor(n_estimators=100, random_state=seed, n_jobs=1).fit(x, y)
            each = np.array([tree.predict(at) for tree in theirs.estimators_])
            score = lambda mean: 1 - np.mean((mean - truth) ** 2) / np.var(truth)  # noqa: E731
            gaps.append(score(found[:, 0]) - score(each.mean(axis=0)))
            ratios.append(np.mean(found[:, 1]) / np.mean(each.std(axis=0)))
            print(f"{name} n={n}: R2 {score(found[:, 0]):.3f}, scikit-learn {score(each.mean(axis=0)):.3f}; "
                  f"sd ratio {ratios[-1]:.2f}")
    if np.mean(gaps) < -0.02 or min(gaps) < -0.08:
        sys.exit(f"R2 is less than scikit-learn's by {-np.mean(gaps):.3f} on average, {-min(gaps):.3f} at most")
    if not 0.9 < np.mean(ratios) < 1.1:
        sys.exit(f"the sd is {np.mean(ratios):.2f} of scikit-learn's")


main()
