# SPDX-License-Identifier: MIT
"""A real Slurm in a world of the lab: a controller on the head, a slurmd on each of n1 … nN.

Debian's slurmctld, slurmd, slurm-client and munge, without systemd; up in a few seconds. Nothing is stopped
one by one: everything ends with the world."""
import os
import re
import subprocess
import time

import world

PROGRAMS = ["ip", "munged", "slurmctld", "slurmd", "sbatch", "mpirun"]
PACKAGES = ["iproute2", "munge", "slurmctld", "slurmd", "slurm-client", "openmpi-bin"]

# cred_expire: a requeued job may start again after so many seconds (120 by default).
CONFIGURATION = """ClusterName=lab
SlurmctldHost=head
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket,cred_expire=5
CredType=cred/munge
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={own}/slurmd.pid
SlurmdSpoolDir={own}/slurmd
StateSaveLocation={folder}/state
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=pmix
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=2,bf_interval=2,batch_sched_delay=0,defer_batch
JobRequeue=1
ReturnToService=2
SlurmdTimeout=10
SlurmctldTimeout=10
InactiveLimit=0
KillWait=5
MinJobAge=300
MessageTimeout=20
TmpFS={own}
SlurmdParameters=config_overrides
NodeName=n[1-{nodes}] CPUs={cores} RealMemory=1000 State=UNKNOWN
PartitionName=main Nodes=n[1-{nodes}] Default=YES MaxTime=60 DefaultTime=5 State=UP
"""


class Slurm:
    def __init__(self, nodes=3, cores=2):
        self.folder = "/run/slurm"
        for name in "munge", "state":
            os.makedirs(os.path.join(self.folder, name))
        run_munge(self.folder)
        self.configuration = os.path.join(self.folder, "slurm.conf")
        with open(self.configuration, "w") as f:
            f.write(CONFIGURATION.format(folder=self.folder, own=world.OWN, nodes=nodes, cores=cores))
        with open(os.path.join(self.folder, "cgroup.conf"), "w") as f:
            f.write("CgroupPlugin=cgroup/v1\nConstrainCores=no\nConstrainRAMSpace=no\n")
        os.environ["SLURM_CONF"] = self.configuration
        self.controller = self.daemon("slurmctld", "slurmctld", "-c", "-D", "-f", self.configuration)
        self.nodes = {f"n{i}": world.Host(f"n{i}") for i in range(1, nodes + 1)}
        for name in self.nodes:
            self.start_node(name)
        if not world.wait_until(lambda: self.states().count("idle") == nodes, 60):
            raise RuntimeError("Slurm did not come up:\n" + self.logs())

    def daemon(self, name, *command):
        with open(os.path.join(self.folder, name + ".out"), "a") as out:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)

    def start_node(self, name):
        self.daemon(name, *self.nodes[name].command("slurmd", "-D", "-N", name, "-f", self.configuration))

    def restart_node(self, name):
        """After Host.lose_power()."""
        self.nodes[name].start()
        self.start_node(name)

    def states(self):
        return query("sinfo", "-h", "-N", "-o", "%T").split()

    def logs(self):
        text = ""
        for name in sorted(os.listdir(self.folder)):
            if name.endswith((".log", ".out")):
                with open(os.path.join(self.folder, name), errors="replace") as f:
                    text += f"--- {name}\n" + "".join(f.readlines()[-15:])
        return text


def run_munge(folder):
    """munged with a key and a socket of its own: /etc/munge and a running munged are left alone."""
    os.chmod(os.path.join(folder, "munge"), 0o755)
    key = os.path.join(folder, "munge", "key")
    with open(key, "wb") as f:
        f.write(os.urandom(128))
    os.chmod(key, 0o600)
    path = os.path.join(folder, "munge")
    with open(os.path.join(folder, "munged.out"), "w") as out:
        subprocess.Popen(["munged", "--foreground", "--force", f"--key-file={key}", f"--socket={path}/socket",
                          f"--pid-file={path}/pid", f"--log-file={path}/log", f"--seed-file={path}/seed"],
                         stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)
    if not world.wait_until(lambda: os.path.exists(f"{path}/socket"), 20, 0.05):
        raise RuntimeError("munged did not start")


def query(*command):
    return subprocess.run(command, capture_output=True, text=True, timeout=60).stdout.strip()


def submit(*words, **options):
    """sbatch with these words: the job's number."""
    ended = subprocess.run(["sbatch", *words], capture_output=True, text=True, timeout=60, **options)
    found = re.search(r"Submitted batch job (\d+)", ended.stdout)
    if not found:
        raise RuntimeError(f"sbatch {' '.join(words)}: {ended.stdout}{ended.stderr}")
    return found.group(1)


def job(number):
    """What Slurm says of a job, by its own keys: JobState, ExitCode, Restarts, NodeList …"""
    return dict(re.findall(r"(\w+)=(\S*)", query("scontrol", "show", "job", number)))


ENDED = {"COMPLETED", "FAILED", "CANCELLED", "TIMEOUT", "NODE_FAIL", "BOOT_FAIL", "DEADLINE", "OUT_OF_MEMORY"}


def wait_for(number, seconds):
    """Until the job has ended for good; its last description."""
    def ended():
        found = job(number)
        return found if found.get("JobState", "") in ENDED else None
    return world.wait_until(ended, seconds, 0.5) or job(number)


def cancel_all():
    query("scancel", "-u", "root")
    world.wait_until(lambda: not query("squeue", "-h"), 40)
    time.sleep(0.5)
