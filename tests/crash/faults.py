#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Trials that misbehave and processes that are killed or stopped at random, in studies on one host.

usage: faults.py AMBS [--faults N] [--seed S] [--workers W] [--print-mb MB] [--install]

Trials hang, ignore TERM, fork, leak memory, print much, give half a result or none, fill the disk, leave
children behind. From outside, workers, trials, their children and supervisors are killed, workers, trials and
the manager stopped and continued, and the study's disk is filled for a while. A study that ran out of workers is
resumed. Printed, and 0 in a sound program:
  results lost                 acknowledged to the worker, or in the trial's own ledger of a complete attempt, and
                               the study does not have it, or with another value
  results counted twice        a trial with two results
  processes left over          of an attempt long after its time limit, or of a study after its end
  studies that did not end     by themselves, with a status of their own
  slots handed out twice       two attempts on one slot, or on one core of a host, at one time: by the study's own
                               times, and by what the kernel binds processes to (every second study has as many
                               workers as there are cores, so that each has its own)
  endings misnamed             a reason that is not that of the fault
Exits 1 when any is not 0, 77 where it cannot be done (needs root for name spaces of its own)."""
import argparse
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.realpath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lab"))
import studies
import world

STUDY = """study: {{name: faults, seed: {seed}}}
metric: {{name: y}}
objective: {{command: [/usr/bin/python3, -I, -S, {trial}, {folder}]}}
parameters:
  x: {{min: 0.0, max: 1.0}}
method: random
budget: {{trials: {trials}, failures: {{in_a_row: 1000}}}}
trial: {{timeout: {timeout}s, grace: 300ms, attempts: 4, memory: 120MiB}}
manager: {{heartbeat: 500ms, suspect: 4s, timeout: 30s, snapshot: 500ms}}
"""
TRIALS = 100
TIMEOUT_S = 3
OVERDUE_S = 15     # after which nothing of an attempt may live, however busy the machine
LIFE_S = 180
REASONS = {"hangs": {"timeout"}, "ignores TERM": {"timeout"}, "fork bomb": {"timeout"},
           "leaks memory": {"out of memory"}, "half a result": {"bad result"}, "no result": {"no result"},
           "fills the disk": {"exit"}, "prints much": {"", "output", "timeout"}, "children that stay": {""}}
# What may befall any trial by what is done to its worker, its host or itself from outside.
COLLATERAL = {"worker lost", "signal", "cancelled", "timeout", "not started", "exit", "bad result", "no result",
              "out of memory", "poison", "failures"}
STRIKES = ["kill a worker", "kill a trial", "kill a grandchild", "kill a supervisor", "stop a worker",
           "stop the manager", "stop a trial", "fill the study's disk"]


class Counts:
    faults = {}
    studies = lives = given_up = full = acknowledged = ledger = lost = twice = left = hung = overlaps = 0
    misnamed = attempts = bound = 0
    notes = []

    @classmethod
    def note(cls, text):
        if len(cls.notes) < 20:
            cls.notes.append(text)

    @classmethod
    def fault(cls, name):
        cls.faults[name] = cls.faults.get(name, 0) + 1


def start_ticks(pid):
    with open(f"/proc/{pid}/stat") as f:
        return int(f.read().rsplit(")", 1)[1].split()[19])


def age_s(pid):
    with open("/proc/uptime") as f:
        return float(f.read().split()[0]) - start_ticks(pid) / os.sysconf("SC_CLK_TCK")


def name_of(pid):
    try:
        with open(f"/proc/{pid}/comm") as f:
            return f.read().strip()
    except OSError:
        return ""


def cores_of(pid):
    """The cores to which the kernel binds it; none where it may use them all."""
    cores = os.sched_getaffinity(pid)
    return cores if len(cores) < os.cpu_count() else set()


class Watch(threading.Thread):
    """Looks for processes of attempts that are long over, and for attempts that share a core."""

    def __init__(self):
        super().__init__(daemon=True)
        self.stop, self.seen, self.shared, self.bound = False, set(), set(), 0

    def look(self):
        owners = {}
        for pid in world.processes():
            try:
                trial, number = world.variable(pid, "AMBS_TRIAL"), world.variable(pid, "AMBS_ATTEMPT")
                if not trial or not number:  # none of an attempt's, or it ended between two looks
                    continue
                if age_s(pid) > OVERDUE_S:
                    self.seen.add((pid, start_ticks(pid)))
                attempt = (trial, number)
                for core in cores_of(pid):
                    self.bound += 1
                    other = owners.setdefault(core, attempt)
                    if other != attempt:
                        self.shared.add((core, other, attempt))
            except (OSError, IndexError):
                pass

    def run(self):
        while not self.stop:
            self.look()
            time.sleep(0.5)


class Study:
    def __init__(self, folder, args, seed):
        self.folder, self.args = folder, args
        self.workers = args.workers if seed % 2 else os.cpu_count()
        self.path, self.output = os.path.join(folder, "study.yaml"), os.path.join(folder, "study.h5")
        kinds = random.sample(range(TRIALS), TRIALS // 4)
        self.plan = {trial: random.choice(list(REASONS)) for trial in kinds}
        with open(self.path, "w") as f:
            f.write(STUDY.format(seed=seed, trial=os.path.join(HERE, "faulty_trial.py"), folder=folder, trials=TRIALS,
                                 timeout=TIMEOUT_S))
        with open(os.path.join(folder, "plan"), "w") as f:
            f.writelines(f"{trial} {fault}\n" for trial, fault in self.plan.items())
        self.text = self.said = ""

    def start(self):
        Counts.lives += 1
        self.log = open(os.path.join("/run", "log"), "w+")
        self.process = subprocess.Popen([self.args.ambs, "run", self.path, "-o", self.output, "--resume", "--verbose",
                                         "-j", str(self.workers)], stdin=subprocess.DEVNULL, stdout=self.log,
                                        stderr=subprocess.STDOUT)

    def victims(self, strike):
        ranks = world.ranks_of(self.output)
        if "worker" in strike:
            return [pid for rank, pid in ranks.items() if rank > 0]
        if "manager" in strike:
            return [ranks[0]] if 0 in ranks else []
        found = world.processes()
        if "supervisor" in strike:
            return [p for p in found if name_of(p).startswith("ambs-supervisor") and found[p][0] in ranks.values()]
        trials = [p for p in found if world.variable(p, "AMBS_TRIAL")]
        if "grandchild" in strike:
            return [p for p in trials if found[p][0] in trials]
        return [p for p in trials if found[p][0] not in trials]

    def strike(self, strike):
        """Does it; False where nobody was there to do it to."""
        if strike == "fill the study's disk":
            fill(self.folder, random.uniform(0.5, 2.5))
            return True
        victims = world.wait_until(lambda: self.victims(strike), 2, 0.02)
        if not victims:
            return False
        victim = random.choice(victims)
        try:
            if strike.startswith("kill"):
                os.kill(victim, signal.SIGKILL)
            else:
                os.kill(victim, signal.SIGSTOP)
                time.sleep(random.choice([0.2, 1, 2, 6]) if strike == "stop a worker" else random.choice([0.2, 1, 2]))
                os.kill(victim, signal.SIGCONT)
        except ProcessLookupError:
            pass
        return True

    def live(self):
        """One life of the study: its exit status, None where it had to be ended."""
        self.start()
        begin = time.monotonic()
        while self.process.poll() is None and time.monotonic() < begin + LIFE_S:
            time.sleep(random.uniform(0.1, 1.2))
            strike = random.choice(STRIKES)
            if self.process.poll() is None and self.strike(strike):
                Counts.fault(strike)
        status = self.process.poll()
        if status is None:
            Counts.hung += 1
            Counts.note("a study did not end: " + open("/run/log").read()[-600:])
        self.bury()
        self.log.seek(0)
        self.said = self.log.read()
        self.text += self.said
        self.log.close()
        return status

    def bury(self):
        """Everything of this life must be gone soon; what is not, is counted and killed."""
        def rest():
            return [p for p in world.processes() if p not in KNOWN]
        if self.process.poll() is not None and world.wait_until(lambda: not rest(), OVERDUE_S):
            return
        for pid in rest():
            if self.process.poll() is not None:
                Counts.left += 1
                Counts.note(f"left over: {world.processes().get(pid)}")
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self.process.wait()

    def run(self):
        for fault in self.plan.values():
            Counts.fault(fault)
        for _ in range(30):
            status = self.live()
            if status == 0:
                return True
            if status == 1 and "this start is given up" in self.said:
                Counts.given_up += 1
            elif status == 1 and "No space left on device" in self.said:  # at the very start, or for the last snapshot
                Counts.full += 1
            elif status != 3:
                break
        Counts.hung += status is not None
        Counts.note(f"ended with status {status}: {self.text[-600:]}")
        return False

    def judge(self):
        Counts.studies += 1
        names = ["trial", "attempt", "state", "reason"]
        rows = list(zip(*(studies.column(self.output, "attempts/" + n) for n in names)))
        state = studies.column(self.output, "trials/state")
        value = studies.column(self.output, "trials/objective")
        acknowledged = {(int(t), int(a)) for t, a in re.findall(r"acknowledged trial (\d+) attempt (\d+)", self.text)}
        ended = {(t, a): s for t, a, s, _ in rows if s not in ("running", "cancelled")}
        with open(os.path.join(self.folder, "ledger")) as f:
            ledger = {tuple(map(int, line.split())) for line in f if len(line.split()) == 2}
        Counts.acknowledged += len(acknowledged)
        Counts.ledger += len(ledger)
        Counts.attempts += len(rows)
        for key in acknowledged:
            if state[key[0]] not in ("complete", "failed"):
                Counts.lost += 1
                Counts.note(f"acknowledged but {state[key[0]]}: trial {key[0]}")
        for (trial, _), s in ended.items():
            if s == "complete" and (state[trial] != "complete" or value[trial] != trial):
                Counts.lost += 1
                Counts.note(f"trial {trial}: complete, but the study says {state[trial]} {value[trial]}")
        Counts.lost += sum(s not in ("complete", "failed") for s in state) + max(0, TRIALS - len(state))
        done = [t for t, _, s, _ in rows if s == "complete"]
        evaluations = studies.column(self.output, "evaluations/trial")
        Counts.twice += len(done) - len(set(done)) + len(evaluations) - len(set(evaluations))
        for pair in studies.overlaps(self.output):
            Counts.overlaps += 1
            Counts.note(f"by the study's times: {pair}")
        self.judge_reasons(rows)

    def judge_reasons(self, rows):
        """A fault of the trial's own, whose attempt was ended by nothing else, bears its name."""
        for trial, attempt, state, reason in rows:
            word = re.sub(r" \d+$", "", reason)
            if state == "complete" and trial in self.plan and "" not in REASONS[self.plan[trial]]:
                word = "complete"
            expected = REASONS.get(self.plan.get(trial), {""})
            if word not in expected and word not in COLLATERAL and state not in ("running", "cancelled"):
                Counts.misnamed += 1
                Counts.note(f"trial {trial} attempt {attempt} {self.plan.get(trial, 'no fault')}: {state} {reason}")


def fill(folder, seconds):
    filler = os.path.join(folder, "filler")
    try:
        with open(filler, "wb", buffering=0) as f:
            while f.write(bytes(1 << 20)):
                pass
    except OSError:
        time.sleep(seconds)
    os.unlink(filler)


def small_disks():
    """The study's disk and the one for temporary files: 64 MB each."""
    for folder in "/run/study", world.OWN:
        os.makedirs(folder, exist_ok=True)
        world.run("mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", folder)
    return "/run/study"


def report(args, seconds):
    c = Counts
    print(f"# fault campaign: {args.workers} workers, seed {args.seed}, {TRIALS} trials a study, {seconds:.0f} s")
    lines = [("faults", sum(c.faults.values())), *((f"  {k}", v) for k, v in sorted(c.faults.items())),
             ("studies", c.studies), ("lives", c.lives),
             ("  given up while MPI began", c.given_up), ("  ended with an error by a full disk", c.full), ("attempts", c.attempts),
             ("acknowledged results", c.acknowledged), ("good results by the trials' own ledger", c.ledger),
             ("results lost", c.lost), ("results counted twice", c.twice), ("processes left over", c.left),
             ("studies that did not end by themselves", c.hung), ("slots handed out twice", c.overlaps), ("  times a process of a trial was seen bound to a core", c.bound),
             ("endings misnamed", c.misnamed)]
    for name, value in lines:
        print(f"{name:<42} {value}")
    for note in c.notes:
        print("#", note)
    bad = [c.lost, c.twice, c.left, c.hung, c.overlaps, c.misnamed]
    print(f"{sum(n == 0 for n in bad)} passed, {sum(n > 0 for n in bad)} failed")
    sys.stdout.flush()
    sys.exit(1 if any(bad) else 0)


def main():
    global KNOWN
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ambs", type=os.path.abspath)
    parser.add_argument("--faults", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--print-mb", default="64")
    parser.add_argument("--install", action="store_true")
    args = parser.parse_args()
    world.need(["ip", "mpirun"], ["iproute2", "openmpi-bin"])
    world.enter(0, "h")
    os.environ["FAULTS_PRINT_MB"] = args.print_mb
    random.seed(args.seed)
    begin = time.time()
    KNOWN = set(world.processes())
    disk, number = small_disks(), 0
    watch = Watch()
    watch.start()
    while sum(Counts.faults.values()) < args.faults and Counts.hung == 0:
        folder = os.path.join(disk, str(number))
        os.makedirs(folder)
        study = Study(folder, args, args.seed + number)
        if study.run():
            study.judge()
        shutil.rmtree(folder)
        number += 1
    Counts.left += len(watch.seen)
    Counts.overlaps += len(watch.shared)
    Counts.bound = watch.bound
    for shared in watch.shared:
        Counts.note(f"a core of two attempts: {shared}")
    report(args, time.time() - begin)


main()
