#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A program that ambs runs for each trial: reads its parameters, reports each step, gives its result.

    objective:  {command: [python3, train.py]}
    parameters: {rate: {min: 1.0e-3, max: 1.0, scale: log}, steps: {min: 1, max: 50}}
"""
import json
import os

with open(os.environ["AMBS_PARAMS"]) as file:
    parameters = json.load(file)
reports = open(int(os.environ["AMBS_REPORT_FD"]), "r+b", buffering=0)

x = 1.0
for step in range(1, parameters["steps"] + 1):
    x -= parameters["rate"] * 2 * x  # descends x squared
    reports.write(json.dumps({"step": step, "value": x * x}).encode() + b"\n")
    if reports.readline().strip() == b"stop":
        break

with open(os.environ["AMBS_RESULT"], "w") as file:
    json.dump({"objective": x * x, "x": x}, file)
