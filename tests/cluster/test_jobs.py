#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Batch jobs with made-up batch systems: commands in PATH that answer as the real ones do, or badly.

usage: test_jobs.py AMBS. Exits 77 where mpirun is missing."""
import concurrent.futures
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

if not shutil.which("mpirun"):
    sys.exit(77)

AMBS = os.path.abspath(sys.argv[1])
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
STUDY = """study: {name: jobs, seed: 7}
metric: {name: y}
objective: {function: branin, delay: 50ms}
parameters:
  x1: {min: -5.0, max: 10.0}
  x2: {min: 0.0, max: 15.0}
method: {name: random}
budget: {trials: %d}
trial: {grace: 100ms}
"""
os.environ.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1", TZ="UTC",
                  OMPI_MCA_rmaps_base_oversubscribe="1", OMPI_MCA_btl_tcp_if_include="lo",
                  OMPI_MCA_oob_tcp_if_include="lo")
failures = 0


def check(name, ok, why=""):
    global failures
    failures += not ok
    print(("ok" if ok else "NOT OK"), name, "" if ok else why, flush=True)


class Site:
    """A folder with commands of its own, one of which writes down how it was called."""

    def __init__(self, commands, **variables):
        self.folder = tempfile.mkdtemp(prefix="ambs-jobs-")
        self.log = os.path.join(self.folder, "calls")
        for name, text in commands.items():
            path = os.path.join(self.folder, name)
            with open(path, "w") as f:
                f.write("#!/bin/sh\n" + text.replace("LOG", self.log) + "\n")
            os.chmod(path, 0o755)
        self.environment = dict(os.environ, PATH=self.folder + ":/usr/bin:/bin", **variables)
        self.study(100000)

    def study(self, trials):
        with open(os.path.join(self.folder, "s.yaml"), "w") as f:
            f.write(STUDY % trials)

    def start(self, *words):
        return subprocess.Popen([AMBS, "run", "s.yaml", "-j", "1", *words], cwd=self.folder, env=self.environment,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def ambs(self, *words, **variables):
        done = subprocess.run([AMBS, *words], cwd=self.folder, env=dict(self.environment, **variables),
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=100)
        return done.returncode, done.stdout

    def run(self, *words):
        return self.ambs("run", "s.yaml", "-j", "1", *words)

    def calls(self):
        if not os.path.exists(self.log):
            return []
        with open(self.log) as f:
            return f.read().split("\n")[:-1]

    def status(self):
        return json.loads(self.ambs("status", "--json", "s.h5")[1])

    def close(self):
        shutil.rmtree(self.folder)


def slurm(left, **more):
    commands = {"squeue": f"echo {left}", "scontrol": 'echo "$@ $SLURM_CONF" >> LOG'}
    commands.update(more)
    return Site(commands, SLURM_JOB_ID="12", SLURM_CONF="/etc/there.conf")


def requeued():
    site = slurm("0:06")
    status, text = site.run("--on-deadline", "requeue")
    check("a deadline that squeue tells ends the run", status == 3 and "slurm job 12 has" in text, text)
    check("the job requeues itself, once, as the site's Slurm wants it",
          site.calls() == ["requeue 12 /etc/there.conf"], site.calls())
    seen = site.status()
    check("status tells of job and deadline", seen["job"] == "slurm job 12" and seen["next"] == "requeue" and
          abs(seen["deadline"] - time.time()) < 30, seen)
    site.study(seen["complete"] + 10)
    status, text = site.ambs("run", "s.yaml", "-j", "1", "--resume", SLURM_JOB_ID="")
    check("the next life finishes the study", status == 0, text)
    check("it replays exactly", "0 differ" in site.ambs("replay", "s.h5")[1], text)
    site.close()


def bounded():
    site = slurm("0:05")
    with open(os.path.join(site.folder, "s.yaml"), "a") as f:
        f.write("on_deadline: {action: requeue, lives: 1}\n")
    status, text = site.run()
    check("the study's lives bound the requeueing", status == 3 and site.calls() == [] and
          "has had its 1 lives" in text, text)
    site.close()


def by_signal(number, requeues, name, left="1:00:00"):
    site = slurm(left)
    run = site.start("--on-deadline", "requeue")
    deadline = time.time() + 30
    while not os.path.exists(os.path.join(site.folder, "s.h5")) and time.time() < deadline:
        time.sleep(0.1)
    time.sleep(1)
    run.send_signal(number)
    text = run.communicate(timeout=60)[0]
    check(name, run.returncode == 3 and (len(site.calls()) == 1) == requeues, f"{run.returncode} {site.calls()} {text}")
    site.close()


def rank_of(folder, rank):
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as f:
                environment = f.read().split(b"\0")
            if os.readlink(f"/proc/{pid}/cwd") == folder and b"OMPI_COMM_WORLD_RANK=%d" % rank in environment:
                with open(f"/proc/{pid}/comm") as f:
                    if f.read() == "ambs\n":
                        return int(pid)
        except OSError:
            pass
    return None


def lost():
    site = slurm("1:00:00")
    run = site.start("--on-deadline", "requeue")
    deadline = time.time() + 30
    while not (os.path.exists(os.path.join(site.folder, "s.h5")) and rank_of(site.folder, 0)) and time.time() < deadline:
        time.sleep(0.1)
    time.sleep(2)
    os.kill(rank_of(site.folder, 0), signal.SIGKILL)
    text = run.communicate(timeout=60)[0]
    check("a job that lost rank 0 goes back into the queue", run.returncode == 3 and len(site.calls()) == 1 and
          "ranks were lost" in text, f"{run.returncode} {site.calls()} {text}")
    site.close()


def not_told():
    site = slurm("", squeue="echo slurm_load_jobs error: Invalid job id >&2; exit 1", scontrol="exit 1")
    site.study(40)
    status, text = site.run()
    check("a batch system that does not answer harms no study", status == 0 and "Invalid job id" in text and
          "--time" in text, text)
    site.close()


def limited():
    site = Site({})
    status, text = site.run("--time", "3s", "--on-deadline", "requeue")
    check("--time ends a run outside of jobs", status == 3 and "the deadline is near" in text and
          "this run has" in text, text)
    site.close()


def resubmitted():
    site = slurm("0:05")
    status, text = site.run("--on-deadline", "resubmit")
    check("resubmit without a command is refused before the study begins", status == 2 and "AMBS_RESUBMIT" in text and
          not os.path.exists(os.path.join(site.folder, "s.h5")), text)
    site.environment["AMBS_RESUBMIT"] = f"echo 'again  and' again >> {site.log}"
    status, text = site.run("--on-deadline", "resubmit")
    check("resubmit runs the command", status == 3 and site.calls() == ["again  and again"], text)
    site.close()


def refused():
    start = time.strftime("%a %b %d %H:%M:%S %Y")
    site = Site({"qstat": "echo '{\"Jobs\":{\"7.head\":{\"Resource_List\":{\"walltime\":\"00:00:05\"},"
                          f"\"stime\":\"{start}\"}}}}}}'",
                 "qrerun": "echo qrerun: Unauthorized Request >&2; exit 1"}, PBS_JOBID="7.head")
    status, text = site.run("--on-deadline", "requeue")
    check("a refused requeue is told, and everything is saved", status == 3 and "Unauthorized Request" in text and
          "does not go on by itself" in text and site.status()["next"] == "nothing", text)
    site.close()


def by_exit_status():
    start = time.strftime("%Y-%m-%dT%H:%M:%S")
    site = Site({"qstat": "echo '<job_info><job_list><JB_job_number>7</JB_job_number>"
                          f"<JAT_start_time>{start}</JAT_start_time>"
                          "<hard_request name=\"h_rt\">5</hard_request></job_list></job_info>'"},
                SGE_ROOT="/sge", JOB_ID="7")
    status, text = site.run("--on-deadline", "requeue")
    check("in Grid Engine ambs run ends with 99", status == 99, text)
    check("and so does a job script by status --exit-code", site.ambs("status", "--exit-code", "s.h5")[1] == "99\n")
    check("but in no other job", site.ambs("status", "--exit-code", "s.h5", JOB_ID="8")[1] == "3\n")
    site.close()


def submitted():
    site = Site({"sbatch": 'echo "$@" >> LOG; echo $(wc -l < LOG)', "scancel": 'echo cancel "$@" >> LOG',
                 "squeue": "echo 1:00:00"})
    site.study(5)
    status, text = site.ambs("submit", "s.yaml", "--nodes", "2", "--time", "2h", "--successors", "2", "--seed", "9")
    script = os.path.join(site.folder, "s.sbatch")
    check("ambs submit queues the job and its successors", status == 0 and site.calls() == [
        f"--parsable {script}", f"--parsable --dependency=afterany:1 {script}",
        f"--parsable --dependency=afterany:2 {script}"], f"{text} {site.calls()}")
    check("and says so", text == f"slurm job 1: {script}\nslurm job 2, when 1 has ended\nslurm job 3, when 2 has ended\n",
          text)
    done = subprocess.run(["bash", script], cwd=site.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          env=dict(site.environment, SLURM_JOB_ID="1", SLURM_JOB_NUM_NODES="1",
                                   PATH=f"{site.folder}:{os.path.dirname(AMBS)}:/usr/bin:/bin"))
    check("the script that it wrote runs the study", done.returncode == 0 and site.status()["complete"] == 5, done.stdout)
    check("a study that is done cancels the successors", site.calls()[3:] == ["cancel 2", "cancel 3"], site.calls())
    with open(os.path.join(ROOT, "jobs", "slurm.sbatch")) as f:
        body = f.read().split("exec ambs run")[1]
    with open(script) as f:
        check("it is the script in jobs/", f.read().split("exec ambs run")[1] == body)
    site.close()


def parse():
    for name in "slurm.sbatch", "pbs.qsub", "sge.qsub", "lsf.bsub", "workstation":
        path = os.path.join(ROOT, "jobs", name)
        check(f"jobs/{name} parses", subprocess.run(["bash", "-n", path]).returncode == 0)
    for system in "slurm", "pbs", "sge", "lsf":
        site = Site({})
        status, text = site.ambs("submit", "s.yaml", "--scheduler", system, "--nodes", "3", "--time", "90m", "--dry-run",
                                 "--extra", "--one;--two 3", "--modules", "openmpi")
        good = subprocess.run(["bash", "-n"], input=text, text=True).returncode == 0
        check(f"what ambs submit writes for {system} parses", status == 0 and good and "set -- s.yaml" in text, text)
        check(f"a dry run for {system} writes nothing", sorted(os.listdir(site.folder)) == ["s.yaml"])
        site.close()


def on_a_workstation():
    site = Site({})
    site.study(5)
    script = os.path.join(ROOT, "jobs", "workstation")
    path = f"{os.path.dirname(AMBS)}:{site.environment['PATH']}"
    done = subprocess.run([script, "s.yaml", "-o", "s.h5", "-j", "1"], cwd=site.folder, text=True, timeout=60,
                          env=dict(site.environment, PATH=path), stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    check("jobs/workstation runs a study", done.returncode == 0 and site.status()["complete"] == 5, done.stdout)
    site.close()


def resubmission():
    """AMBS_RESUBMIT of the scripts in jobs/ asks for what the job was given."""
    qstat = """printf 'Job Id: 7.here\\n    Job_Name = ambs\\n    queue = long\\n    Resource_List.select = 8:ncpus=4:'
printf '\\n\\tmpiprocs=1\\n    Resource_List.walltime = 08:00:00\\n    stime = now\\n'"""
    cases = {
        "pbs.qsub": ({"qstat": qstat}, {"PBS_JOBID": "7.here"}, "qsub -W depend=afterany:7.here "
                     "-q long -l select=8:ncpus=4:mpiprocs=1 -l walltime=08:00:00 jobs/pbs.qsub"),
        "lsf.bsub": ({"bjobs": "echo ' 480.0 '"}, {"LSB_JOBID": "7", "LSB_DJOB_NUMPROC": "8", "LSB_QUEUE": "long"},
                     "bsub -w 'ended(7)' -n 8 -q long -W 480 < jobs/lsf.bsub"),
        "slurm.sbatch": ({"scontrol": "echo 'JobId=7 Command=/x/slurm.sbatch A=b'", "squeue": "echo 8:00:00"},
                         {"SLURM_JOB_ID": "7", "SLURM_JOB_NUM_NODES": "8"}, "sbatch --dependency=afterany:7 --nodes=8 "
                         "--time=8:00:00 /x/slurm.sbatch s.yaml"),
        "sge.qsub": ({"qstat": "echo 'script_file: /x/sge.qsub'"}, {"JOB_ID": "7", "PE": "orte", "NSLOTS": "8"},
                     "qsub -hold_jid 7 -pe orte 8 /x/sge.qsub s.yaml")}
    for name, (commands, variables, expected) in cases.items():
        site = Site(dict(commands, ambs='echo "$AMBS_RESUBMIT" > LOG'), AMBS_ARGS="s.yaml", **variables)
        script = [os.path.join(ROOT, "jobs", name)]
        subprocess.run(["bash", *script, *([] if name in ("pbs.qsub", "lsf.bsub") else ["s.yaml"])], cwd=site.folder,
                       env=site.environment, timeout=60)
        found = " ".join(" ".join(site.calls()).replace("\\", " ").split())
        check(f"jobs/{name} resubmits with what the job was given", found == expected, found)
        site.close()


SCENES = [
    (requeued,), (bounded,), (limited,), (resubmitted,), (refused,), (by_exit_status,), (submitted,), (not_told,), (lost,),
    (by_signal, signal.SIGUSR1, True, "USR1 of the batch system: saved, and requeued"),
    (by_signal, signal.SIGUSR2, True, "USR2 of the batch system: saved, and requeued"),
    (by_signal, signal.SIGINT, False, "Ctrl-C in a job: saved, and not requeued"),
    (by_signal, signal.SIGTERM, False, "TERM long before the deadline: saved, and not requeued"),
    (by_signal, signal.SIGTERM, True, "TERM close to the deadline: saved, and requeued", "1:50"),
    (parse,), (on_a_workstation,), (resubmission,)]
with concurrent.futures.ThreadPoolExecutor(4) as pool:  # they wait most of the time
    for scene in [pool.submit(*scene) for scene in SCENES]:
        scene.result()
sys.exit(1 if failures else 0)
