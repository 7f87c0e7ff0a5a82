# SPDX-License-Identifier: MIT
"""The Gaussian process against scikit-learn's with the same hyperparameters: mean, sd and log
marginal likelihood to 1e-6. Usage: check_gp.py GP_PROBE. Exits 77 where scikit-learn is missing."""
import subprocess
import sys

try:
    import numpy as np
    from sklearn.gaussian_process import GaussianProcessRegressor
    from sklearn.gaussian_process.kernels import RBF, ConstantKernel, Matern
except ImportError as missing:
    print(f"skipped: {missing} (Debian: apt-get install python3-sklearn)")
    sys.exit(77)

SHAPES = [lambda l: Matern(l, nu=2.5), lambda l: Matern(l, nu=1.5), lambda l: Matern(l, nu=0.5), RBF]


def ours(probe, shape, lengths, signal, noise, x, y, at):
    theta = np.log(np.append(lengths, [signal, noise]))
    numbers = [[shape, len(x), len(at), x.shape[1]], theta, x.ravel(), y, at.ravel()]
    text = " ".join(f"{v:.17g}" for part in numbers for v in part)
    out = subprocess.run([probe], input=text, capture_output=True, text=True, check=True).stdout
    first, *rest = out.splitlines()
    return float(first), np.array([line.split() for line in rest], float)


def main():
    probe, worst = sys.argv[1], 0.0
    for seed in range(24):
        r = np.random.RandomState(seed)
        n, p, shape = [2, 10, 60, 200][seed // 4 % 4], 1 + seed % 5, seed % 4
        x, at = r.rand(n, p), r.rand(50, p)
        y = 100 + 30 * np.sin(x @ r.randn(p) * 4) + r.randn(n)
        lengths, signal = np.exp(r.randn(p) * 0.5 - 0.5), np.exp(r.randn())
        noise = 10.0 ** r.uniform(-4, -1)
        kernel = ConstantKernel(signal) * SHAPES[shape](lengths)
        theirs = GaussianProcessRegressor(kernel, alpha=noise, optimizer=None, normalize_y=True)
        mean, sd = theirs.fit(x, y).predict(at, return_std=True)
        value, found = ours(probe, shape, lengths, signal, noise, x, y, at)
        expected = theirs.log_marginal_likelihood_value_
        gaps = [abs(value - expected) / (1 + abs(expected)),
                np.max(np.abs(found[:, 0] - mean)) / np.std(y),
                np.max(np.abs(found[:, 1] - sd)) / np.std(y)]
        worst = max(worst, *gaps)
        if max(gaps) > 1e-6:
            sys.exit(f"seed {seed}, n {n}, p {p}, shape {shape}: likelihood, mean, sd differ by {gaps}")
    print(f"24 cases agree; the largest difference is {worst:.1e}")


main()
