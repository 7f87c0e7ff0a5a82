#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A support vector machine of scikit-learn on its digits, by cross-validation; one step report for each fold.

    ambs run study.yaml                                # the search
    PYTHONPATH=../../python python3 train.py --C=10    # one training, without ambs
"""
from statistics import mean

import ambs_trial
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

p = ambs_trial.params(C=1.0, gamma=0.01, kernel="rbf")
x, y = load_digits(return_X_y=True)
errors = []
for fold, (train, test) in enumerate(StratifiedKFold(3, shuffle=True, random_state=0).split(x, y), 1):
    model = make_pipeline(StandardScaler(), SVC(C=p["C"], gamma=p["gamma"], kernel=p["kernel"]))
    model.fit(x[train], y[train])
    errors.append(1 - model.score(x[test], y[test]))
    ambs_trial.report(fold, mean(errors))
    if ambs_trial.should_stop():
        break
ambs_trial.result(mean(errors), worst_fold=max(errors))
