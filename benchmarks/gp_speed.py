#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The Gaussian process against scikit-learn's GaussianProcessRegressor, one thread each, in one run.

    gp_speed.py PROGRAM [--sizes 200,500,1000,2000] [--seed 1] [--columns 10]

PROGRAM is benchmarks/bench_gp_speed of the build; run by Debian's Python, which has scikit-learn. Both fit
a constant, Matern 5/2 with a lengthscale for each column and noise to the same rows by maximum likelihood
(ours also by its default: the posterior density, learned from 400 rows at most). scikit-learn makes one
search from unit lengthscales. Both likelihoods of all rows are computed by scikit-learn, with its own and
with our hyperparameters. Times are CPU seconds; for scikit-learn's fit of a single run.
The same BLAS kernel serves both sides: OPENBLAS_CORETYPE is set to that of the processor where it is not.
"""
import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
import warnings


def processor():
    with open("/proc/cpuinfo") as file:
        lines = file.read()
    name = next((l.split(":")[1].strip() for l in lines.splitlines() if l.startswith("model name")), "unknown")
    return name, lines


NAME, CPU = processor()
if "OPENBLAS_CORETYPE" not in os.environ and " avx2" in CPU:
    os.environ["OPENBLAS_CORETYPE"] = "SkylakeX" if " avx512vl" in CPU else "Haswell"
os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np
import sklearn
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

M = 10000


def run_ours(program, x, y, candidates, hyperparameters, fit_rows, repeats):
    with tempfile.TemporaryDirectory() as folder:
        data, result = os.path.join(folder, "data"), os.path.join(folder, "result")
        with open(data, "wb") as file:
            np.array([len(x), len(candidates), x.shape[1]], np.int64).tofile(file)
            for block in (x, y, candidates):
                np.ascontiguousarray(block, np.float64).tofile(file)
        subprocess.run([program, data, result, hyperparameters, str(fit_rows), str(repeats)], check=True)
        out = np.fromfile(result)
    p, m = x.shape[1], len(candidates)
    seconds, weights, signal, noise, rest = out[:3], out[3:3 + p], out[3 + p], out[4 + p], out[5 + p:]
    return seconds, np.log(np.concatenate([[signal], weights ** -0.5, [noise]])), rest[:m], rest[m:]


def run_sklearn(x, y, candidates):
    p = x.shape[1]
    kernel = ConstantKernel(1.0) * Matern(np.ones(p), nu=2.5) + WhiteKernel(0.01)
    gp = GaussianProcessRegressor(kernel, alpha=0, normalize_y=True)
    start = time.process_time()
    gp.fit(x, y)
    fitted = time.process_time()
    gp.predict(candidates)
    gp.predict(candidates[:512], return_std=True)
    return gp, fitted - start, time.process_time() - fitted


def problem(n, p, rng):
    x = rng.random((n, p))
    w = np.linspace(1, 3, p)
    y = np.sin(x * w).sum(1) + x[:, 0] * x[:, 1] + (x[:, 2 % p] - 0.4) ** 2 + 0.05 * rng.standard_normal(n)
    return x, y


def blas_kernel():
    from ctypes import CDLL, c_char_p
    for line in open("/proc/self/maps"):
        if "openblas" in line:
            library = CDLL(line.split()[-1])
            library.openblas_get_corename.restype = c_char_p
            return library.openblas_get_corename().decode()
    return "unknown"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--sizes", default="200,500,1000,2000")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--columns", type=int, default=10)
    a = parser.parse_args()
    warnings.simplefilter("ignore")
    print(f"# machine: {NAME}, Linux {platform.release()}; scikit-learn {sklearn.__version__}, numpy {np.__version__};"
          f" BLAS kernel {blas_kernel()}, one thread; columns {a.columns}, seed {a.seed}; times in ms of CPU")
    print(f"{'n':>5} {'fit':>8} {'sklearn':>9} {'ratio':>6} {'log lik.':>10} {'sklearn':>10}   {'default':>8} {'ratio':>6}"
          f"   {'append, 10,000 means, 512 sds':>29} {'sklearn':>8}  {'16 slopes':>9}   differ by")
    for n in [int(size) for size in a.sizes.split(",")]:
        rng = np.random.default_rng(a.seed)
        x, y = problem(n, a.columns, rng)
        candidates = rng.random((M, a.columns))
        gp, fit, predict = run_sklearn(x, y, candidates)
        ours, theta, mean, sd = run_ours(a.program, x, y, candidates, "likelihood", n, 3 if n <= 500 else 2)
        usual, _, _, _ = run_ours(a.program, x, y, candidates, "map", 400, 3)
        likelihood = gp.log_marginal_likelihood(theta)
        fixed = GaussianProcessRegressor(gp.kernel_.clone_with_theta(theta), alpha=0, normalize_y=True, optimizer=None)
        fixed.fit(x, y)
        their_mean = fixed.predict(candidates[:512])
        gap = np.abs(their_mean - mean[:512]).max() / y.std()
        print(f"{n:5} {1e3 * ours[0]:8.1f} {1e3 * fit:9.1f} {fit / ours[0]:6.1f} {likelihood:10.3f}"
              f" {gp.log_marginal_likelihood_value_:10.3f}   {1e3 * usual[0]:8.1f} {fit / usual[0]:6.1f}"
              f"   {1e3 * ours[1]:29.1f} {1e3 * predict:8.1f}  {1e3 * ours[2]:9.2f}   {gap:.0e}", flush=True)
        if gap > 1e-6:
            sys.exit("the predictions of one model differ")


main()
