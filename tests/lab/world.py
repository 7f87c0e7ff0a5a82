#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A private world of several hosts on one machine, for tests.

enter() starts the calling script anew in name spaces of its own: processes, network, mounts, host name,
shared memory, /run. Daemons, jobs and ranks live in them, and the kernel ends them with the script, whatever
becomes of it; ports and paths meet nobody else's, so that two checkouts may test at the same time.
In it, Host(name) is a further machine: its own address on a bridge, host name, process table, /dev/shm
and TMPDIR. Files are shared, as on a cluster.

Needs root and iproute2; a script that finds them missing says so and exits 77.
Also: world.py --rsh HOST COMMAND…, the agent by which mpirun starts its daemons on other hosts."""
import os
import re
import shutil
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
INSIDE = "AMBS_LAB_INSIDE"
HOSTS = "/run/lab"  # name of a host -> pid of its first process, where the lab's own processes see it
OWN = "/run/own"    # a host's own disk, and its TMPDIR
FIRST = 254         # 10.77.0.FIRST is the world's own address, unless its name has a number


def skip(why):
    print(f"skipped: {why}")
    sys.exit(77)


def install(packages):
    """Installs Debian packages without letting their daemons start."""
    policy = "/usr/sbin/policy-rc.d"
    ours = not os.path.exists(policy)
    if ours:
        with open(policy, "w") as f:
            f.write("#!/bin/sh\nexit 101\n")
        os.chmod(policy, 0o755)
    answers = ("gridengine-common shared/gridenginemaster string localhost\n"
               "gridengine-common shared/gridenginecell string default\n"
               "gridengine-common shared/gridengineconfig boolean false\n")
    try:
        if any(p.startswith("gridengine") for p in packages) and shutil.which("debconf-set-selections"):
            subprocess.run(["debconf-set-selections"], input=answers, text=True, check=False)
        script = f". {ROOT}/jobs/packages.sh && ambs_install " + " ".join(packages)
        subprocess.run(["bash", "-c", script], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False)
    finally:
        if ours:
            os.unlink(policy)


def need(programs, packages):
    """Skips the whole script where a program is missing; with --install among its arguments, installs first."""
    os.environ["PATH"] = "/usr/bin:/bin:/usr/sbin:/sbin:" + os.environ.get("PATH", "")
    if os.geteuid() != 0:
        skip("needs root")
    missing = [p for p in programs if not shutil.which(p)]
    if missing and "--install" in sys.argv:
        install(packages)
        missing = [p for p in programs if not shutil.which(p)]
    if missing:
        skip(f"{', '.join(missing)} not found: apt-get install {' '.join(packages)}, or call with --install")


UNSHARE = ["unshare", "--mount", "--uts", "--ipc", "--net", "--pid", "--fork", "--kill-child", "--mount-proc",
           "--propagation", "private"]


def run(*command):
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


def private_folders():
    """What each host has for itself; all else is shared."""
    os.makedirs(OWN, exist_ok=True)
    for folder in "/dev/shm", OWN:
        run("mount", "-t", "tmpfs", "-o", "size=1g", "tmpfs", folder)
    os.environ["TMPDIR"] = OWN


def be_init(child):
    """What process 1 must do: reap, until `child` ends."""
    for s in signal.SIGTERM, signal.SIGINT, signal.SIGHUP:
        signal.signal(s, lambda *_: os.kill(child, signal.SIGKILL))
    while True:
        try:
            pid, status = os.wait()
        except InterruptedError:
            continue
        if pid == child:
            os._exit(os.waitstatus_to_exitcode(status) & 255)


def enter(n_hosts, letter, own="head"):
    """Goes on in a world that knows the names h1 … hN, if the letter is h; it is itself a host, called `own`; returns
    the folder for temporary files that all hosts share."""
    if not os.environ.get(INSIDE):
        ready = subprocess.run(UNSHARE + ["mount", "-t", "tmpfs", "tmpfs", "/dev/shm"], capture_output=True, text=True)
        if ready.returncode != 0:
            skip(f"this machine gives no name spaces: {ready.stderr.strip()}")
        os.environ[INSIDE] = "1"
        sys.stdout.flush()
        os.execvp(UNSHARE[0], UNSHARE + [sys.executable, *sys.argv])
    child = os.fork()
    if child:
        be_init(child)
    os.setsid()
    shared = os.environ.get("TMPDIR", "/tmp")
    run("mount", "-t", "tmpfs", "-o", "size=1g", "tmpfs", "/run")
    private_folders()
    os.makedirs(HOSTS)
    run("hostname", own)
    run("ip", "link", "set", "lo", "up")
    run("ip", "link", "add", "bridge", "type", "bridge")
    number = re.sub(r"\D", "", own) or FIRST
    run("ip", "addr", "add", f"10.77.0.{number}/24", "dev", "bridge")
    run("ip", "link", "set", "bridge", "up")
    with open("/run/hosts", "w") as f:
        f.write(f"127.0.0.1 localhost\n10.77.0.{number} {own}\n")
        f.writelines(f"10.77.0.{i} {letter}{i}\n" for i in range(1, n_hosts + 1) if own != f"{letter}{i}")
    run("mount", "--bind", "/run/hosts", "/etc/hosts")
    os.environ.update(OMPI_ALLOW_RUN_AS_ROOT="1", OMPI_ALLOW_RUN_AS_ROOT_CONFIRM="1", OPENBLAS_NUM_THREADS="1",
                      OMPI_MCA_rmaps_base_oversubscribe="1")
    return shared


def first_process(name):
    with open(os.path.join(HOSTS, name)) as f:
        return int(f.read())


def command_on(pid, command):
    return ["nsenter", "-t", str(pid), "-m", "-u", "-i", "-n", "-p", "--wdns=" + os.getcwd(), "--", *command]


class Host:
    """A machine with a name like n3: the number is its address."""

    def __init__(self, name):
        self.name, self.number = name, int(re.sub(r"\D", "", name))
        self.start()

    def start(self):
        self.process = subprocess.Popen(UNSHARE + [sys.executable, os.path.join(HERE, "world.py"), "--host", self.name],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n", f"{self.name} did not start"
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children") as f:
            self.first = int(f.read().split()[0])
        with open(os.path.join(HOSTS, self.name), "w") as f:
            f.write(f"{self.first}\n")
        cable = f"cable{self.number}"
        run("ip", "link", "add", cable, "type", "veth", "peer", "name", "eth0",
            "address", f"02:00:0a:4d:00:{self.number:02x}", "netns", str(self.first))
        run("ip", "link", "set", cable, "master", "bridge", "up")
        self.run("ip", "addr", "add", f"10.77.0.{self.number}/24", "dev", "eth0")
        self.run("ip", "link", "set", "eth0", "up")
        self.run("ip", "link", "set", "lo", "up")

    def command(self, *command):
        return command_on(self.first, command)

    def run(self, *command):
        run(*self.command(*command))

    def popen(self, *command, **options):
        return subprocess.Popen(self.command(*command), stdin=subprocess.DEVNULL, **options)

    def lose_power(self):
        """The link goes first, so that no farewell reaches the others."""
        run("ip", "link", "set", f"cable{self.number}", "down")
        with open(os.path.join(HOSTS, self.name), "w") as f:
            f.write("0\n")
        os.kill(self.first, signal.SIGKILL)
        self.process.wait()
        subprocess.run(["ip", "link", "del", f"cable{self.number}"], stderr=subprocess.DEVNULL, check=False)

    def has(self, pid):
        """Whether a process, by its number in the world, runs on this host."""
        try:
            return os.readlink(f"/proc/{pid}/ns/uts") == os.readlink(f"/proc/{self.first}/ns/uts")
        except OSError:
            return False


def processes():
    """pid -> (parent, words of its command line) of every process of the world that is no zombie."""
    found = {}
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/stat") as f:
                fields = f.read().rsplit(")", 1)[1].split()
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                words = f.read().split(b"\0")
        except OSError:
            continue
        if fields[0] not in "ZX":
            found[int(pid)] = (int(fields[1]), words)
    return found


def variable(pid, name):
    """A variable of a process's environment, or None."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as f:
            found = re.search(rb"(?:^|\0)" + name.encode() + rb"=([^\0]*)", f.read())
    except OSError:
        return None
    return found.group(1).decode() if found else None


def ranks_of(output):
    """The ranks that work at the study file `output`: pid by rank."""
    found = {}
    for pid, (_, words) in processes().items():
        if b"run" in words and output.encode() in words and b"mpirun" not in words[0]:
            rank = variable(pid, "OMPI_COMM_WORLD_RANK") or variable(pid, "PMIX_RANK")
            if rank is not None:
                found[int(rank)] = pid
    return found


def wait_until(true, seconds, every=0.1):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        value = true()
        if value:
            return value
        time.sleep(every)
    return true()


class Checks:
    """Named checks, counted."""

    def __init__(self):
        self.passed = self.failed = 0

    def __call__(self, name, ok, why=""):
        self.passed += bool(ok)
        self.failed += not ok
        print("ok    " if ok else "NOT OK", name, flush=True)
        if not ok and str(why):
            print("".join(f"       {line}\n" for line in str(why).splitlines()[-40:]), end="", flush=True)
        return ok

    def end(self):
        print(f"{self.passed} passed, {self.failed} failed")
        sys.stdout.flush()
        sys.exit(1 if self.failed or not self.passed else 0)


def remote_shell(name, command):
    """What ssh would do, also when the host loses power: it waits for an answer that never comes."""
    child = subprocess.Popen(command_on(first_process(name), ["sh", "-c", " ".join(command)]))
    signal.signal(signal.SIGTERM, lambda *_: child.terminate())
    status = child.wait()
    if first_process(name) == 0:
        time.sleep(600)
    sys.exit(status & 255)


def be_host(name):
    private_folders()
    run("hostname", name)
    child = os.fork()
    if child == 0:
        signal.pause()
    print("ready", flush=True)
    os.close(1)
    be_init(child)


if __name__ == "__main__":
    if sys.argv[1] == "--rsh":
        remote_shell(sys.argv[2], sys.argv[3:])
    elif sys.argv[1] == "--host":
        be_host(sys.argv[2])
