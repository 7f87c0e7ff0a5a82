#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The mlp trainer against scikit-learn's MLPClassifier: epochs per second on the digits, one thread.

Both train ReLU networks with Adam in single precision on all 1,797 rows, without validation.
Usage: train_mlp.py PATH_OF_bench_train_mlp   (Debian: python3-sklearn)
"""
import os
import platform
import subprocess
import sys
import time
import warnings

os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")

import sklearn  # after the thread count is set
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier
from sklearn.preprocessing import StandardScaler

CASES = [(1, 64, 32), (2, 64, 32), (2, 256, 32), (3, 256, 128), (3, 512, 128)]  # layers, units, batch


def sklearn_epochs_per_s(layers, units, batch, epochs):
    x, y = load_digits(return_X_y=True)
    x = StandardScaler().fit_transform(x).astype("float32")
    model = MLPClassifier((units,) * layers, batch_size=batch, max_iter=epochs, tol=0, alpha=0,
                          n_iter_no_change=epochs + 1, random_state=1)
    start = time.monotonic()
    model.fit(x, y)
    return epochs / (time.monotonic() - start)


def main(program):
    warnings.simplefilter("ignore")  # it warns that max_iter was reached
    print(f"# {platform.processor() or platform.machine()}, scikit-learn {sklearn.__version__}, one thread, seed 1,"
          f" OPENBLAS_CORETYPE={os.environ.get('OPENBLAS_CORETYPE', '')}")
    print("case\tepochs\tambs_epochs_per_s\tsklearn_epochs_per_s\tratio\tsgemm_share")
    for layers, units, batch in CASES:
        epochs = max(5, 2000 // (layers * units // 8))
        words = subprocess.run([program, str(layers), str(units), str(batch), str(epochs)], check=True,
                               capture_output=True, text=True).stdout.split()
        found = dict(zip(words[::2], map(float, words[1::2])))
        peer = sklearn_epochs_per_s(layers, units, batch, epochs)
        print(f"mlp_{layers}x{units}_batch{batch}\t{epochs}\t{found['epochs_per_s']:.1f}\t{peer:.1f}\t"
              f"{found['epochs_per_s'] / peer:.2f}\t{found['sgemm_share']:.2f}")


main(*sys.argv[1:])
