#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A small network of PyTorch that tells two spirals apart, on the trial's GPU if it has one. It saves after each epoch
and goes on from there when an attempt before was cut off.

    ambs run study.yaml                                    # the search
    PYTHONPATH=../../python python3 train.py --width=32    # one training, without ambs
"""
import math
import os

import ambs_trial
import torch

p = ambs_trial.params(width=16, rate=0.01, activation="tanh", epochs=20)
torch.manual_seed(ambs_trial.seed())
torch.set_num_threads(int(os.environ.get("OMP_NUM_THREADS", "1")))  # the cores of the trial
device = "cuda" if torch.cuda.is_available() else "cpu"  # ambs shows a trial its own GPUs only; ROCm says cuda, too


def spirals(n, generator):
    angle = 3 * math.pi * torch.rand(n, generator=generator).sqrt()
    label = torch.randint(0, 2, (n,), generator=generator)
    angle_of = angle + math.pi * label
    x = torch.stack((angle * angle_of.cos(), angle * angle_of.sin()), 1) / 10
    return (x + 0.02 * torch.randn(n, 2, generator=generator)).to(device), label.to(device)


data = torch.Generator().manual_seed(1)  # the same data for every trial
(train_x, train_y), (test_x, test_y) = spirals(1000, data), spirals(500, data)
activation = {"tanh": torch.nn.Tanh, "relu": torch.nn.ReLU}[p["activation"]]
net = torch.nn.Sequential(torch.nn.Linear(2, p["width"]), activation(), torch.nn.Linear(p["width"], p["width"]),
                          activation(), torch.nn.Linear(p["width"], 2)).to(device)
optimizer = torch.optim.Adam(net.parameters(), lr=p["rate"])

first = 1
if ambs_trial.resume_dir():
    saved = torch.load(os.path.join(ambs_trial.resume_dir(), "state.pt"), map_location=device)
    net.load_state_dict(saved["net"])
    optimizer.load_state_dict(saved["optimizer"])
    first = saved["epoch"] + 1

error = 1.0
for epoch in range(first, p["epochs"] + 1):
    for rows in torch.randperm(len(train_x), device=device).split(50):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(net(train_x[rows]), train_y[rows]).backward()
        optimizer.step()
    with torch.no_grad():
        error = (net(test_x).argmax(1) != test_y).float().mean().item()
    path = os.path.join(ambs_trial.checkpoint_dir(), "state.pt")
    torch.save({"net": net.state_dict(), "optimizer": optimizer.state_dict(), "epoch": epoch}, path + ".part")
    os.replace(path + ".part", path)  # never half a checkpoint
    ambs_trial.report(epoch, error)
    if ambs_trial.should_stop():
        break
ambs_trial.result(error, on_gpu=device == "cuda")
