# SPDX-License-Identifier: MIT
"""Reads study files with plain h5py and pandas calls: after a study, during one, while snapshots are killed, and
with the checksum and columns that share/doc/study-file.md describes.

usage: read_h5py.py STUDY_MAKER STUDY_FILE_MD
"""
import os
import re
import subprocess
import sys
import tempfile
import time

try:
    import h5py
    import numpy as np
    import pandas as pd
except ImportError:
    sys.exit(77)

maker, manual = sys.argv[1:3]


def datasets(group, path=""):
    for name, item in group.items():
        if isinstance(item, h5py.Group):
            yield from datasets(item, f"{path}{name}/")
        else:
            yield path + name, item


def plain_calls(path, n):
    """What a user would type."""
    with h5py.File(path) as f:
        assert f.attrs["format_version"] == 1
        assert f.attrs["metric"] == "loss" and f.attrs["goal"] == "minimize"
        assert f.attrs["spec"].startswith("study: {name: everything")
        assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", f.attrs["uuid"])
        t = f["trials"]
        df = pd.DataFrame({name: t[name][:] for name in t if isinstance(t[name], h5py.Dataset)})
        for name, column in t["parameters"].items():
            df[name] = column[:]
        active = t["active/momentum"][:]
        states = t["state"].asstr()[:]
        text = f["trials/message"].asstr()[:]
    assert len(df) == n and (df.id == np.arange(n)).all()
    assert set(states) == {"complete", "failed", "cancelled", "waiting"} | ({"running"} & set(states))
    assert set(df.optimizer) == {b"sgd", b"adam", b"rmsprop"}
    assert active.dtype == bool and (active == (df.optimizer != b"adam")).all()
    assert (df.momentum.isna() == ~active).all()
    assert df.lr.between(1e-4, 1e-1).all() and df.layers.dtype == np.int64 and df.layers.between(1, 4).all()
    assert set(df.ratio) == {0.5, 1.5} and set(df.batch) == {16, 32, 64} and set(df.bias) == {0, 1} and set(df.epochs) == {30}
    assert (df.objective.isna() == (states != "complete")).all()
    assert set(text[states == "failed"]) == {"it broke ä"} and (df.reason[states == "failed"] == b"exit 3").all()


def consistent(path):
    """Every group has columns of one length, and references that exist."""
    with h5py.File(path) as f:
        n = len(f["trials/id"])
        for group in f:
            lengths = {len(d) for name, d in datasets(f[group])}
            assert len(lengths) <= 1, (group, lengths)
        for group in ("attempts", "curves", "evaluations", "operations", "proposals"):
            trial = f[group]["trial"][:]
            assert ((0 <= trial) & (trial < n)).all()
        asks = f["operations/operation"].asstr()[:] == "ask"
        origin = f["proposals/origin"].asstr()[:]
        assert asks.sum() == (origin != "own").sum()
        return n


def described(path):
    """Each column is in the file's own description and in the manual."""
    with open(manual, encoding="utf-8") as f:
        text = f.read()
    with h5py.File(path) as f:
        for name, d in datasets(f):
            assert d.attrs["description"], name
            parts = name.split("/")
            word = "`<name>`" if len(parts) == 3 else f"`{parts[-1]}`"
            assert f"## /{'/'.join(parts[:-1])}" in text, f"{manual} has no section for {name}"
            section = text.split(f"## /{'/'.join(parts[:-1])}\n")[1].split("\n## ")[0]
            assert word in section, f"{manual} says nothing of {name}"
        for name in f.attrs:
            assert f"`{name}`" in text, f"{manual} says nothing of the attribute {name}"


def evaluated(path):
    """What a user computes of /evaluations is what /trials says; a trial that failed by them has no value."""
    with h5py.File(path) as f:
        e = pd.DataFrame({name: column[:] for name, column in f["evaluations"].items()})
        t = pd.DataFrame({name: f["trials"][name][:] for name in ("objective", "n_evaluations", "first", "sd", "standard_error")})
        states = f["trials/state"].asstr()[:]
        operations = f["operations/operation"].asstr()[:]
        assert len(f["repeats/trial"]) > 100 and len(e) == (operations == "tell").sum()
        assert (operations == "ask").sum() == (f["proposals/origin"].asstr()[:] != "own").sum() + len(f["repeats/trial"])
    good = e[e.state == b"complete"].groupby("trial").value
    repeated = e.groupby("trial").size() > 1
    for trial in good.groups:
        values = good.get_group(trial)
        n, failed = len(values), (e[e.trial == trial].state == b"failed").sum()
        row = t.loc[trial]
        assert row.n_evaluations == n and row["first"] == values.iloc[0]
        assert np.isclose(row.objective, values.mean()) if n > failed else np.isnan(row.objective) and states[trial] == "failed"
        assert n == 1 or np.isclose(row.sd, values.std()) and np.isclose(row.standard_error, values.sem())
    assert repeated.sum() > 50


def crc32c(data):
    table = []
    for i in range(256):
        for _ in range(8):
            i = i >> 1 ^ (0x82F63B78 if i & 1 else 0)
        table.append(i)
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ table[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def sealed(path):
    with open(path, "rb") as f:
        data = f.read()
    assert data[-16:-8] == b"ambs-sum"
    assert int.from_bytes(data[-8:-4], "little") == crc32c(data[:-16])


def journal_as_described(path):
    """Frames as the manual tells them, read without our library."""
    with open(f"{path}.journal/000001.segment", "rb") as f:
        data = f.read()
    assert data[:8] == b"ambsj\r\n\x1a"
    at, sequence = 8, 0
    while at < len(data):
        length, crc = (int.from_bytes(data[at + i:at + i + 4], "little") for i in (0, 4))
        body = data[at + 8:at + 8 + length]
        assert len(body) == length and crc32c(body) == crc
        sequence += 1
        assert int.from_bytes(body[:8], "little") == sequence
        assert 1 <= int.from_bytes(body[8:10], "little") <= 14
        at += 8 + length
    assert sequence > 100


def during_a_tormented_run(path):
    """Opens the file all the time, while snapshots of it are killed."""
    process = subprocess.Popen([maker, "torment", path, "3"], stdout=subprocess.PIPE, text=True)
    opened, last = 0, 0
    while process.poll() is None:
        if not os.path.exists(path):
            time.sleep(0.001)
            continue
        n = consistent(path)
        assert n >= last, "the file went back"
        last = n
        opened += 1
    print(f"# {process.stdout.read().strip()}; opened {opened} times, {consistent(path)} trials")
    assert process.returncode == 0 and opened > 20
    left = [name for name in os.listdir(os.path.dirname(path)) if ".tmp." in name]
    assert left == [], f"left behind: {left}"


with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "s.h5")
    subprocess.run([maker, "write", path, "300"], check=True)
    large = os.path.join(folder, "large.h5")
    subprocess.run([maker, "write", large, "5000"], check=True)
    empty = os.path.join(folder, "empty.h5")
    subprocess.run([maker, "write", empty, "0"], check=True)
    repeated = os.path.join(folder, "repeated.h5")
    subprocess.run([maker, "repeated", repeated, "400"], check=True)
    checks = [
        ("h5py and pandas read a study by plain calls", lambda: plain_calls(path, 300)),
        ("h5py and pandas read a chunked study by plain calls", lambda: plain_calls(large, 5000)),
        ("columns have one length and refer to trials that exist", lambda: [consistent(p) for p in (path, large, empty)]),
        ("every column is described in the file and in the manual", lambda: described(path)),
        ("so is every column of a study with repeats", lambda: described(repeated)),
        ("means and spreads are those of the evaluations", lambda: evaluated(repeated)),
        ("the seal is the CRC32C of the file", lambda: sealed(path)),
        ("the journal is framed as the manual says", lambda: journal_as_described(path)),
        ("the file can be opened at every moment while snapshots are killed",
         lambda: during_a_tormented_run(os.path.join(folder, "t.h5"))),
    ]
    print(f"1..{len(checks)}")
    for number, (name, check) in enumerate(checks, 1):
        try:
            check()
            print(f"ok {number} - {name}", flush=True)
        except Exception as error:  # the test goes on, and says what failed
            print(f"not ok {number} - {name}\n# {type(error).__name__}: {error}", flush=True)
