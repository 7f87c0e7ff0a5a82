# SPDX-License-Identifier: MIT
"""A trial of faults.py: does what the campaign planned for its number, else gives its number as the result.

usage: faulty_trial.py FOLDER. FOLDER/plan holds lines "TRIAL FAULT"; to FOLDER/ledger goes "TRIAL ATTEMPT"
just before a good result is given. Only modules that start fast."""
import os
import signal
import sys
import time

FOLDER, TRIAL, ATTEMPT = sys.argv[1], os.environ["AMBS_TRIAL"], os.environ["AMBS_ATTEMPT"]


def hold():
    """A child in a session of its own that keeps the trial's descriptors open and does not go."""
    if os.fork() == 0:
        os.setsid()
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(600)
        os._exit(0)


def hang():
    time.sleep(600)


def ignore_term():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    while True:
        time.sleep(1)


def fork_bomb():
    """Bounded: 3 generations of 4, half of them in sessions of their own."""
    for _ in range(3):
        for i in range(4):
            if os.fork() == 0:
                if i % 2:
                    os.setsid()
                break
        else:
            time.sleep(600)
    time.sleep(600)


def leak():
    held = []
    while True:
        held.append(bytearray(b"x" * (2 << 20)))
        time.sleep(0.01)


def print_much():
    block = b"y" * (1 << 20)
    for _ in range(int(os.environ["FAULTS_PRINT_MB"])):
        os.write(1, block)
    os.write(1, b"\n")
    good()


def half_result():
    with open(os.environ["AMBS_RESULT"], "w") as f:
        f.write('{"y": 1')


def no_result():
    pass


def fill_disk():
    """Fills the folder for temporary files; what it wrote goes with its own scratch folder."""
    try:
        with open(os.path.join(os.path.dirname(os.environ["AMBS_RESULT"]), "filler"), "wb") as f:
            while True:
                f.write(b"z" * (1 << 20))
                f.flush()
    except OSError:
        time.sleep(0.3)
    sys.exit(7)


def good():
    with open(os.path.join(FOLDER, "ledger"), "a") as f:
        f.write(f"{TRIAL} {ATTEMPT}\n")
    print(TRIAL, flush=True)


def hold_and_give():
    hold()
    good()


def work():
    if int(TRIAL) % 4 == 0 and os.fork() == 0: # a grandchild of the supervisor, for those who kill such
        time.sleep(0.15)
        os._exit(0)
    time.sleep(0.1 + int(TRIAL) % 3 * 0.05)
    good()


FAULTS = {"hangs": hang, "ignores TERM": ignore_term, "fork bomb": fork_bomb, "leaks memory": leak,
          "prints much": print_much, "half a result": half_result, "no result": no_result, "fills the disk": fill_disk,
          "children that stay": hold_and_give}

if __name__ == "__main__":
    with open(os.path.join(FOLDER, "plan")) as plan:
        mine = [line.split(" ", 1)[1].strip() for line in plan if line.split(" ", 1)[0] == TRIAL]
    FAULTS[mine[0]]() if mine else work()
