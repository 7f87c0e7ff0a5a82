#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""What trials get of a real host: cores whatever mpirun binds ranks to, thread counts, GPUs of a list in the study
file; what the study file records of it, and refusals before the first trial.

usage: test_slots.py AMBS. Exits 77 where mpirun or h5py is missing, or with fewer than 2 cores."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

try:
    import h5py
except ImportError:
    sys.exit(77)
CORES = sorted(os.sched_getaffinity(0))
if not shutil.which("mpirun") or len(CORES) < 2:
    sys.exit(77)

AMBS = sys.argv[1]
TRIAL = """
import json, os, time
begin = time.monotonic()
time.sleep(0.15)
seen = {name: os.environ.get(name) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "CUDA_VISIBLE_DEVICES",
                                                "ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES")}
seen.update(cores=sorted(os.sched_getaffinity(0)), begin=begin, end=time.monotonic(), trial=int(os.environ["AMBS_TRIAL"]))
with open(os.path.join(os.environ["SEEN"], os.environ["AMBS_TRIAL"]), "w") as f:
    json.dump(seen, f)
print(1)
"""
os.environ.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1",
                  OMPI_MCA_rmaps_base_oversubscribe="1", OMPI_MCA_btl_tcp_if_include="lo",
                  OMPI_MCA_oob_tcp_if_include="lo")
MPIRUN = ["mpirun", "--mca", "orte_abort_on_non_zero_status", "0", "--oversubscribe"]
failures = 0


def check(name, ok, why=""):
    global failures
    failures += not ok
    print(("ok" if ok else "NOT OK"), name, "" if ok else why, flush=True)


class Study:
    """A study in a folder of its own; its trials leave there what they see."""

    def __init__(self, trials=8, **sections):
        self.folder = tempfile.TemporaryDirectory()
        self.seen_folder = os.path.join(self.folder.name, "seen")
        os.mkdir(self.seen_folder)
        script = os.path.join(self.folder.name, "trial.py")
        with open(script, "w") as f:
            f.write(TRIAL)
        self.path = os.path.join(self.folder.name, "s.yaml")
        self.output = os.path.join(self.folder.name, "s.h5")
        study = {"metric": {"name": "y"}, "objective": {"command": ["/usr/bin/python3", script]},
                 "parameters": {"x": {"min": 0.0, "max": 1.0}}, "method": {"name": "random"},
                 "budget": {"trials": trials}, **sections}
        with open(self.path, "w") as f:
            json.dump(study, f)  # which is YAML, too

    def run(self, *command):
        self.ended = subprocess.run([*command, AMBS, "run", self.path, "-o", self.output], capture_output=True,
                                    text=True, timeout=120, env={**os.environ, "SEEN": self.seen_folder,
                                                                 "HIP_VISIBLE_DEVICES": "7"})
        self.text = self.ended.stdout + self.ended.stderr
        self.seen = []
        for name in os.listdir(self.seen_folder):
            with open(os.path.join(self.seen_folder, name)) as f:
                self.seen.append(json.load(f))
        return self

    def slots(self):
        with h5py.File(self.output) as f:
            columns = {name: column[:] for name, column in f["slots"].items()}
            attempts = {name: f["attempts"][name][:] for name in ("trial", "rank", "slot")}
        rows = [{name: values[i].decode() if isinstance(values[i], bytes) else values[i]
                 for name, values in columns.items()} for i in range(len(columns["rank"]))]
        return rows, attempts


def overlap(seen, what):
    """Pairs of trials that ran at one time and had something of `what` in common."""
    return [(a["trial"], b["trial"]) for a in seen for b in seen
            if a["trial"] < b["trial"] and a["begin"] < b["end"] and b["begin"] < a["end"] and set(what(a)) & set(what(b))]


def members(text):
    cores = set()
    for part in filter(None, text.split(",")):
        first, _, last = part.partition("-")
        cores |= set(range(int(first), int(last or first) + 1))
    return cores


def ranks_bound_to_one_core():
    """mpirun's default for two ranks: rank 1 sits on one core, its trial gets the host's."""
    s = Study(trials=3).run(*MPIRUN, "--bind-to", "core", "-n", "2")
    check("the study ends well", s.ended.returncode == 0 and len(s.seen) == 3, s.text)
    check("a worker alone beside the manager has every core", all(t["cores"] == CORES for t in s.seen), str(s.seen))
    check("threads are as many as cores", all(t["OMP_NUM_THREADS"] == str(len(CORES)) for t in s.seen), str(s.seen))
    check("what the launcher did is said", "bound ranks to 1 core" in s.text, s.text)
    check("nobody sees GPUs that were not asked for", not any(t["CUDA_VISIBLE_DEVICES"] for t in s.seen), str(s.seen))


def two_workers_share_a_host():
    s = Study().run(*MPIRUN, "--bind-to", "none", "-n", "3")
    rows, attempts = s.slots()
    check("the study ends well", s.ended.returncode == 0 and len(s.seen) == 8, s.text)
    check("no core is used by two trials at a time", overlap(s.seen, lambda t: t["cores"]) == [], str(s.seen))
    check("all cores are used", {c for t in s.seen for c in t["cores"]} == set(CORES), str(s.seen))
    check("the study file knows the cores of every attempt", all(
        members(next(r["cores"] for r in rows if r["rank"] == rank and r["slot"] == slot)) ==
        set(next(t["cores"] for t in s.seen if t["trial"] == trial))
        for trial, rank, slot in zip(*attempts.values())), f"{rows} {s.seen}")
    check("the table is shown", "host" in s.text and f"{len(CORES)} of {len(CORES)}" in s.text, s.text)


def gpus_of_a_list():
    s = Study(trial={"gpus": 1}, slots={"gpus": ["GPU-a", "GPU-b"], "gpu_variable": "CUDA_VISIBLE_DEVICES"}).run(*MPIRUN, "-n", "3")
    rows, _ = s.slots()
    check("each worker has a GPU of its own", sorted(r["gpus"] for r in rows) == ["GPU-a", "GPU-b"], str(rows))
    check("a GPU is used by one trial at a time", overlap(s.seen, lambda t: [t["CUDA_VISIBLE_DEVICES"]]) == [] and
          {t["CUDA_VISIBLE_DEVICES"] for t in s.seen} == {"GPU-a", "GPU-b"}, str(s.seen))
    check("no other variable chooses among them",
          all(t["HIP_VISIBLE_DEVICES"] is None and t["ROCR_VISIBLE_DEVICES"] is None for t in s.seen), str(s.seen))
    s = Study(trial={"gpus": 1}, slots={"gpus": [0, 1], "gpu_variable": "ROCR_VISIBLE_DEVICES"}).run(*MPIRUN, "-n", "3")
    check("on ROCm exactly one variable is set", {t["ROCR_VISIBLE_DEVICES"] for t in s.seen} == {"0", "1"} and
          not any(t["CUDA_VISIBLE_DEVICES"] or t["HIP_VISIBLE_DEVICES"] for t in s.seen), str(s.seen))


def one_rank_is_all():
    s = Study(trials=4, trial={"cores": 1}).run(*MPIRUN, "--bind-to", "core", "-n", "1")
    rows, _ = s.slots()
    check("one rank has a slot for every core", s.ended.returncode == 0 and len(rows) == len(CORES), s.text)
    check("its trials have one core each", overlap(s.seen, lambda t: t["cores"]) == [] and
          all(len(t["cores"]) == 1 for t in s.seen), str(s.seen))
    s = Study(manager={"slots": 1}, slots={"per_rank": 1}).run(*MPIRUN, "-n", "2")
    rows, _ = s.slots()
    check("rank 0 may own slots beside a worker's", s.ended.returncode == 0 and sorted(r["rank"] for r in rows) == [0, 1] and
          overlap(s.seen, lambda t: t["cores"]) == [], f"{rows} {s.text}")


def too_much():
    many = 4 * len(CORES)
    s = Study(trial={"cores": many}).run(*MPIRUN, "-n", "1")
    check("one rank refuses what does not fit, and leaves no file", s.ended.returncode == 2 and
          f"each trial asks for {many} cores; host" in s.text and not os.path.exists(s.output), s.text)
    s = Study(trial={"cores": many}).run(*MPIRUN, "-n", "3")
    check("several refuse it with status 2 before any trial", s.ended.returncode == 2 and s.seen == [] and
          f"each trial asks for {many} cores; host" in s.text and "0 slots" in s.text, s.text)
    s = Study(trial={"gpus": 3}, slots={"gpus": [0, 1]}).run(*MPIRUN, "-n", "2")
    check("GPUs that are not there are refused with the arithmetic", s.ended.returncode == 2 and s.seen == [] and
          "3 GPUs" in s.text and "2 GPUs: 0 slots" in s.text, s.text)
    s = Study(trial={"cores": len(CORES)}).run(*MPIRUN, "-n", "3")
    check("a worker for which nothing is left is told, the others go on", s.ended.returncode == 0 and len(s.seen) == 8 and
          "1 of 2 ranks on" in s.text and overlap(s.seen, lambda t: t["cores"]) == [], s.text)


ranks_bound_to_one_core()
two_workers_share_a_host()
gpus_of_a_list()
one_rank_is_all()
too_much()
sys.exit(1 if failures else 0)
