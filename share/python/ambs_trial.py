# SPDX-License-Identifier: MIT
"""What a Python program needs to be a trial of ambs. Standard library only; works without ambs, too.

    import ambs_trial

    p = ambs_trial.params(rate=0.1, layers=2)          # ambs gives the values; alone, these are taken
    for epoch in range(10):
        loss = train(p["rate"], p["layers"])
        ambs_trial.report(epoch, loss)
        if ambs_trial.should_stop():
            break
    ambs_trial.result(loss, epochs=epoch + 1)

Under ambs `import ambs_trial` finds this file. Alone (python3 train.py --rate=0.5) put its folder into PYTHONPATH, or
copy it beside the program: reports and the result are then printed.
"""
import json
import os
import sys

_stop = False
_unread = b""


def under_ambs():
    """True where ambs runs this program as a trial."""
    return "AMBS_RESULT" in os.environ


def params(**defaults):
    """The parameters as a dictionary: the trial's, and the default of each one that the trial has not (inactive ones).
    Alone: the defaults, over them what the command line says as --name=value, read as the default's type."""
    values = dict(defaults)
    if under_ambs():
        with open(os.environ["AMBS_PARAMS"], encoding="utf-8") as file:
            values.update(json.load(file))
        return values
    for argument in sys.argv[1:]:
        name, equals, text = argument.partition("=")
        if name.startswith("--") and equals and name[2:] in defaults:
            values[name[2:]] = _like(defaults[name[2:]], text)
    return values


def _like(default, text):
    if isinstance(default, bool):
        return text.lower() in ("1", "true", "yes")
    return type(default)(text) if isinstance(default, (int, float)) else text


def report(step, value, **metrics):
    """Reports the study's metric at a step (a whole number), and others by name. What ambs answers is what
    should_stop() says."""
    global _stop
    if "AMBS_REPORT_FD" not in os.environ:
        print(f"step {step}: {value:.6g}", *(f"{k}={v:.6g}" for k, v in metrics.items()), flush=True)
        return
    answer = _ask({"step": int(step), "value": float(value), **{k: float(v) for k, v in metrics.items()}})
    if answer.startswith("error"):
        raise ValueError(f"ambs did not take the report: {answer}")
    _stop = _stop or answer == "stop"


def _ask(message):
    """Writes a line and waits for the answer. "" where ambs is gone: the trial ends by itself then."""
    global _unread
    fd = int(os.environ["AMBS_REPORT_FD"])
    line = json.dumps(message).encode() + b"\n"
    try:
        while line:
            line = line[os.write(fd, line):]
        while b"\n" not in _unread:
            read = os.read(fd, 4096)
            if not read:
                return ""
            _unread += read
    except (BrokenPipeError, ConnectionResetError):
        return ""
    answer, _, _unread = _unread.partition(b"\n")
    return answer.decode().strip()


def should_stop():
    """True once ambs has answered a report by "stop": end soon, with result() or without."""
    return _stop


def checkpoint_dir():
    """The folder for this attempt's checkpoint. Alone: ./checkpoint, which is made."""
    path = os.environ.get("AMBS_CHECKPOINT_DIR") or os.path.abspath("checkpoint")
    os.makedirs(path, exist_ok=True)
    return path


def resume_dir():
    """The folder with what an attempt before this one saved, or None: then begin from the start."""
    return os.environ.get("AMBS_RESUME_DIR") or None


def seed(default=0):
    """A seed of this trial, 0 to 2147483647: the same in every attempt and on every worker."""
    return int(os.environ.get("AMBS_SEED", default))


def fidelity(default=None):
    """The budget to run at, where the study has one."""
    text = os.environ.get("AMBS_FIDELITY")
    return float(text) if text else default


def result(value, **metrics):
    """Gives the trial's result, and other numbers to be kept beside it. Alone: prints them."""
    name = os.environ.get("AMBS_METRIC", "objective")
    numbers = {**{k: float(v) for k, v in metrics.items()}, name: float(value)}
    if not under_ambs():
        print("result:", *(f"{k}={v:.6g}" for k, v in numbers.items()), flush=True)
        return
    path = os.environ["AMBS_RESULT"]
    with open(path + ".part", "w", encoding="utf-8") as file:  # ambs must not see half of it
        json.dump(numbers, file)
    os.replace(path + ".part", path)
