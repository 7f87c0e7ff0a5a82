# SPDX-License-Identifier: MIT
"""A real Grid Engine in a world of the lab: one host with a parallel environment `orte`.

Debian's gridengine-master, -exec and -client, without systemd. Its folders are laid over with empty ones, so that
an installed cell is left alone; everything ends with the world."""
import os
import re
import subprocess

import world

PROGRAMS = ["ip", "sge_qmaster", "sge_execd", "qsub", "mpirun"]
PACKAGES = ["iproute2", "gridengine-master", "gridengine-exec", "gridengine-client", "openmpi-bin"]
ROOT, SPOOL = "/var/lib/gridengine", "/var/spool/gridengine"

# Changes of Grid Engine's own settings: act at once, let root submit, no mail.
SCHEDULER = {"schedule_interval": "0:0:1", "flush_submit_sec": "1", "flush_finish_sec": "1"}
GLOBAL = {"min_uid": "0", "min_gid": "0", "load_report_time": "00:00:02", "max_unheard": "00:00:30",
          "execd_spool_dir": f"{SPOOL}/execd", "shell_start_mode": "unix_behavior", "rlogin_daemon": "builtin",
          "rlogin_command": "builtin", "rsh_daemon": "builtin", "rsh_command": "builtin", "qlogin_daemon": "builtin",
          "qlogin_command": "builtin"}
ENVIRONMENT = """pe_name orte
slots {slots}
user_lists NONE
xuser_lists NONE
start_proc_args /bin/true
stop_proc_args /bin/true
allocation_rule $round_robin
control_slaves TRUE
job_is_first_task FALSE
urgency_slots min
accounting_summary FALSE
qsort_args NONE
"""
QUEUE = """qname all.q
hostlist @allhosts
seq_no 0
load_thresholds NONE
suspend_thresholds NONE
nsuspend 1
suspend_interval 00:05:00
priority 0
min_cpu_interval 00:05:00
processors UNDEFINED
qtype BATCH INTERACTIVE
ckpt_list NONE
pe_list orte
rerun FALSE
slots {slots}
tmpdir /tmp
shell /bin/bash
prolog NONE
epilog NONE
shell_start_mode unix_behavior
starter_method NONE
suspend_method NONE
resume_method NONE
terminate_method NONE
notify 00:00:20
owner_list NONE
user_lists NONE
xuser_lists NONE
subordinate_list NONE
complex_values NONE
projects NONE
xprojects NONE
calendar NONE
initial_state default
""" + "".join(f"{limit}_{what} INFINITY\n" for what in ("rt", "cpu", "fsize", "data", "stack", "core", "rss", "vmem")
              for limit in ("s", "h"))


BOOTSTRAP = f"""Version: 6.2
admin_user sgeadmin
default_domain none
ignore_fqdn false
spooling_method berkeleydb
spooling_lib libspoolb
spooling_params {SPOOL}/spooldb
binary_path /usr/sbin
qmaster_spool_dir {SPOOL}/qmaster
security_mode none
listener_threads 2
worker_threads 2
scheduler_threads 1
"""


def query(*command, seconds=20):
    try:
        ended = subprocess.run(command, capture_output=True, text=True, timeout=seconds, stdin=subprocess.DEVNULL)
    except subprocess.TimeoutExpired:
        return f"{command[0]} did not answer"
    return ended.stdout + ended.stderr


def as_administrator(*command):
    environment = ["env", f"SGE_ROOT={ROOT}", "SGE_CELL=default", "PATH=/usr/bin:/bin"]
    return query("setpriv", "--reuid=sgeadmin", "--regid=sgeadmin", "--clear-groups", *environment, *command)


class GridEngine:
    def __init__(self, slots=4):
        self.folder, self.said, host = "/run/sge", "", os.uname().nodename
        os.makedirs(self.folder)
        common = f"{ROOT}/default/common"
        for folder in SPOOL, ROOT + "/default":
            os.makedirs(folder, exist_ok=True)
            world.run("mount", "-t", "tmpfs", "tmpfs", folder)
        for folder in f"{SPOOL}/spooldb", f"{SPOOL}/qmaster/job_scripts", f"{SPOOL}/execd", "/run/gridengine", common:
            os.makedirs(folder)
        os.environ.update(SGE_ROOT=ROOT, SGE_CELL="default", SGE_ARCH="lx-amd64", SGE_ND="1")
        for name, text in ("act_qmaster", host + "\n"), ("bootstrap", BOOTSTRAP):
            with open(f"{common}/{name}", "w") as f:
                f.write(text)
        for folder in SPOOL, ROOT + "/default", "/run/gridengine":
            world.run("chown", "-R", "sgeadmin:sgeadmin", folder)
        self.said += as_administrator("/usr/share/gridengine/scripts/init_cluster", ROOT, "default", f"{SPOOL}/spooldb",
                                      "sgeadmin")
        self.daemon("sge_qmaster")
        world.wait_until(lambda: as_administrator("qconf", "-sh").strip() == host, 30, 0.2)
        self.said += as_administrator("sh", "-c", f"qconf -am root; qconf -as {host}; qconf -ah {host}")
        self.change("-ssconf", "-Msconf", "scheduler", SCHEDULER)
        self.change("-sconf", "-Mconf", "global", GLOBAL)
        self.daemon("sge_execd")
        self.add("-Ap", "orte", ENVIRONMENT.format(slots=slots))
        self.add("-Ahgrp", "hosts", f"group_name @allhosts\nhostlist {host}\n")
        self.add("-Aq", "queue", QUEUE.format(slots=slots))
        if not world.wait_until(lambda: re.search(rf"^{host} .*lx-amd64 .*\d", query("qhost"), re.M), 60, 0.2):
            raise RuntimeError("Grid Engine did not come up:\n" + self.said + query("qhost") + query("qstat", "-f"))

    def daemon(self, name):
        with open(f"{self.folder}/{name}.out", "w") as out:
            subprocess.Popen([name], stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT)

    def add(self, option, name, text):
        path = f"{self.folder}/{name}"
        with open(path, "w") as f:
            f.write(text)
        self.said += query("qconf", option, path)

    def change(self, show, modify, name, changes):
        """Settings as they are shown, with some of them changed."""
        shown = query("qconf", show, *(["global"] if name == "global" else []))
        for key, value in changes.items():
            shown = re.sub(rf"^{key}\s.*$", f"{key} {value}", shown, flags=re.M)
        path = f"{self.folder}/{name}"  # for -Mconf the file's name is the host's
        with open(path, "w") as f:
            f.write(shown)
        self.said += query("qconf", modify, path)


def submit(*words, **options):
    ended = subprocess.run(["qsub", *words], capture_output=True, text=True, timeout=60, **options)
    found = re.search(r"Your job(?:-array)? (\d+)", ended.stdout)
    if not found:
        raise RuntimeError(f"qsub {' '.join(words)}: {ended.stdout}{ended.stderr}")
    return found.group(1)


def wait_for(number, seconds):
    """Until the job is neither queued nor running; False when it still is."""
    return world.wait_until(lambda: "do not exist" in query("qstat", "-j", number), seconds, 0.5)


def status(number):
    """The exit status in the accounting file, one for each life of the job."""
    try:
        with open(f"{ROOT}/default/common/accounting") as f:
            rows = [line.split(":") for line in f if not line.startswith("#")]
    except OSError:
        return []
    return [int(row[12]) for row in rows if row[5] == number]
