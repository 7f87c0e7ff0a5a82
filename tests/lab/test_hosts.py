#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A study over three hosts under mpirun: it ends well; a worker's host loses power; resume finishes. The same with
groups of ranks that span two hosts.

usage: test_hosts.py AMBS [--install]. Needs root; exits 77 where the machine cannot do it."""
import os
import shutil
import signal
import subprocess
import sys
import tempfile

import studies
import world

AMBS = os.path.abspath(sys.argv[1])
world.need(["ip", "mpirun"], ["iproute2", "openmpi-bin"])
SHARED = world.enter(3, "h", own="h1")
AGENT = f"{sys.executable} {world.HERE}/world.py --rsh"
check = world.Checks()


def start(study, log, *more):
    """Three hosts, two ranks on each, as a site sets up Open MPI; rank 0 is here, on h1."""
    environment = dict(os.environ, OMPI_MCA_plm_rsh_agent=AGENT, OMPI_MCA_rmaps_base_mapping_policy="node",
                       OMPI_MCA_orte_default_hostfile=os.path.join(SHARED_FOLDER, "hosts"))
    return subprocess.Popen([AMBS, "run", study.path, "-o", study.output, "-j", "5", *more], env=environment,
                            stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)


def finish(process, log, seconds):
    """(exit status or None when it had to be killed, text)."""
    try:
        status = process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        status = None
    log.seek(0)
    return status, log.read()


def run(study, *more):
    with open(study.output + ".log", "w+") as log:
        return finish(start(study, log, *more), log, 120)


def over_three_hosts(folder):
    study = studies.Study(folder, "three", 120, "50ms", method="ambs")
    status, text = run(study)
    check("a study over three hosts ends with status 0", status == 0, f"{status}: {text}")
    check("every trial is complete", study.is_complete(), text)
    check("each host had trials", study.hosts() == {"h1", "h2", "h3"}, study.hosts())
    check("it replays exactly", *studies.replays(AMBS, study.output))
    status, text = run(study, "--resume")
    check("a study that has ended may be resumed: it ends with status 0", status == 0, f"{status}: {text}")


def disturbed(folder, name, disturb):
    """A study whose third host meets with something: (study, exit status, text)."""
    study = studies.Study(folder, name, 150, "200ms", method="ambs")
    with open(study.output + ".log", "w+") as log:
        process = start(study, log)
        world.wait_until(lambda: study.n_complete(AMBS) >= 20, 60)
        disturb()
        status, text = finish(process, log, 120)
    check(f"{name}: the run ends by itself", status is not None, text)
    left = world.wait_until(lambda: not world.ranks_of(study.output), 60)
    check(f"{name}: no rank is left anywhere", left, world.ranks_of(study.output))
    return study, status, text


def resumed(name, study):
    saved = study.n_complete(AMBS)
    check(f"{name}: all is saved", saved >= 20, saved)
    status, text = run(study, "--resume")
    check(f"{name}: resume finishes the study", status == 0 and study.is_complete(), f"{status}: {text}")
    check(f"{name}: nothing was evaluated twice", studies.evaluated_twice(study.output) == 0)
    check(f"{name}: it replays exactly", *studies.replays(AMBS, study.output))


def power_lost(folder, host):
    """No word from a host any more: its workers are missing, the study goes on with those that are left."""
    study, status, text = disturbed(folder, "power lost", host.lose_power)
    check("power lost: the others bring the study to its end", status == 0 and study.is_complete(), f"{status}: {text}")
    check("power lost: the manager names the workers it misses", "silent" in text and "h3" in text, text)
    host.start()
    resumed("power lost", study)


def daemon_lost(folder, host):
    """mpirun notices that a host's daemon has gone, and ends the job: the manager saves and says how to go on."""
    def kill_daemon():
        for pid, (_, words) in world.processes().items():
            if words[0].endswith(b"orted") and host.has(pid):
                os.kill(pid, signal.SIGKILL)
    study, status, text = disturbed(folder, "host lost", kill_daemon)
    check("host lost: stopped early, with status 3", status == 3, f"{status}: {text}")
    check("host lost: it is said how to go on", "--resume" in text, text)
    resumed("host lost", study)


class GroupStudy(studies.Study):
    """A plug-in that sums x over a group of two ranks, each on a host of its own."""

    def __init__(self, folder, name, trials, ms):
        self.path, self.output = os.path.join(folder, name + ".yaml"), os.path.join(folder, name + ".h5")
        self.trials, plugin = trials, os.path.join(folder, "together.so")
        source = os.path.join(world.ROOT, "tests", "cluster", "plugins", "together.c")
        subprocess.run(["mpicc", "-shared", "-fPIC", "-I", os.path.join(world.ROOT, "include"), "-o", plugin, source],
                       check=True)
        with open(self.path, "w") as f:
            f.write(f"""study: {{name: groups, seed: 7}}
metric: {{name: y}}
objective: {{plugin: {plugin}, ms: {ms}}}
parameters: {{x: {{min: 0.0, max: 1.0}}}}
method: random
budget: {{trials: {trials}}}
trial: {{ranks: 2, timeout: 10s, grace: 500ms, attempts: 3, checkpoint: true}}
manager: {{heartbeat: 1s, suspect: 8s, snapshot: 1s, timeout: 20s}}
""")

    def sums(self):
        """Whether each trial's value is that of two ranks."""
        return all(abs(y - 2 * x) < 1e-12 for x, y in
                   zip(studies.column(self.output, "trials/parameters/x"), studies.column(self.output, "trials/objective")))


def groups(folder, host):
    """Ranks 1 and 2 are on h2 and h3, ranks 3 and 4 on h1 and h2. h3 loses power: the second group ends the study."""
    study = GroupStudy(folder, "groups", 40, 20)
    status, text = run(study, "-j", "2")
    check("groups over hosts: the study ends with status 0", status == 0 and study.is_complete(), f"{status}: {text}")
    check("groups over hosts: a trial is computed by its whole group", study.sums())
    study = GroupStudy(folder, "split", 60, 300)
    with open(study.output + ".log", "w+") as log:
        process = start(study, log, "-j", "2")
        world.wait_until(lambda: study.n_complete(AMBS) >= 10, 60)
        host.lose_power()
        status, text = finish(process, log, 150)
    host.start()
    check("a host of a group is lost: the other group ends the study", status == 0 and study.is_complete() and
          study.sums(), f"{status}: {text}")
    left = world.wait_until(lambda: not world.ranks_of(study.output), 60)
    check("a host of a group is lost: no rank is left anywhere", left, world.ranks_of(study.output))


def main():
    global SHARED_FOLDER
    others = [world.Host("h2"), world.Host("h3")]
    folder = SHARED_FOLDER = tempfile.mkdtemp(prefix="ambs-lab-", dir=SHARED)
    with open(os.path.join(folder, "hosts"), "w") as f:
        f.writelines(f"h{i} slots=2\n" for i in (1, 2, 3))
    try:
        over_three_hosts(folder)
        power_lost(folder, others[1])
        daemon_lost(folder, others[1])
        groups(folder, others[1])
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    check.end()


main()
