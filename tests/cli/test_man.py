# SPDX-License-Identifier: MIT
"""The manual pages hold what the program says: test_man.py AMBS SOURCE VERB...
Commands, options, keys of study files and exit statuses are asked of the program (of its header); the
pages are clean for mandoc and groff, where they are there."""
import functools
import os
import re
import shutil
import subprocess
import sys
import tempfile

AMBS, SOURCE, VERBS = sys.argv[1], sys.argv[2], sys.argv[3:]
MAN = os.path.join(SOURCE, "share", "man")
# What mdoc treats as a macro within a line: the words of a flag end there.
CALLABLE = {"Ar", "Cm", "Fl", "Ic", "Li", "Ns", "Oc", "Oo", "Op", "Pa", "Pq", "Ql", "Sy", "Xr", "Ev", "Dv"}
faults, n_checks = [], 0


def check(holds, text):
    global n_checks
    n_checks += 1
    if not holds:
        faults.append(text)


def said(*words):
    done = subprocess.run([AMBS, *words], capture_output=True, text=True, timeout=60)
    return done.stdout + done.stderr


@functools.cache
def page(name, section=1):
    """The source of a page; another name of a page (.so) gives that page."""
    path = os.path.join(MAN, f"man{section}", f"{name}.{section}")
    if not os.path.exists(path):
        check(False, f"{name}({section}): there is no such page")
        return ""
    with open(path, encoding="ascii") as file:
        text = file.read()
    if text.startswith(".so "):
        with open(os.path.join(MAN, text.split()[1]), encoding="ascii") as file:
            text = file.read()
    return text


def heading(text, macro, name):
    """What stands under a heading; None: there is no such heading."""
    parts = re.split(rf"^\.{macro} {re.escape(name)}\n", text, flags=re.M)
    if len(parts) < 2:
        return None
    return re.split(r"^\.S[hs] " if macro == "Ss" else r"^\.Sh ", parts[1], flags=re.M)[0]


def flags(text):
    """The options that a page marks as such: {"-o", "--output"}."""
    found = set()
    for line in text.splitlines():
        words = line[1:].replace('"', " ").split() if line.startswith(".") else []
        is_flag = False
        for word in words:
            if word in CALLABLE:
                is_flag = word == "Fl"
            elif is_flag and re.match(r"\w|-\w", word):
                found.add("-" + word)
    return found


def items(text, macro):
    """The items of the lists of a page that begin with a macro, each as (its words, its text)."""
    parts = re.split(rf"^\.It {macro} (.*)\n", text, flags=re.M)[1:]
    return [(head, re.split(r"^\.(?:It|El|Ss|Sh)", body, flags=re.M)[0])
            for head, body in zip(parts[::2], parts[1::2])]


class Option:
    def __init__(self, letter, name, rest):
        self.names = {"--" + name} | ({"-" + letter} if letter else set())
        self.value = rest.split()[0] if re.match(r" \S", rest) else ""
        default = re.search(r"\(default:\s+([^)]*)\)", rest)
        self.default = default and default[1]


@functools.cache
def options(verb):
    """What `ambs VERB --help` lists."""
    parts = re.split(r"^  (?:-(\w), |    )--([a-z-]+)", said(verb, "--help"), flags=re.M)[1:]
    found = [Option(*parts[i:i + 3]) for i in range(0, len(parts), 3)]
    for option in found: # a default of several lines is one text
        option.default = option.default and " ".join(option.default.split())
    return found


def check_options(verb):
    text = page("ambs-" + verb)
    part = heading(text, "Ss", "ambs " + verb)
    own = text if part is None else part
    known = options(verb)
    names = set().union(*(o.names for o in known))
    shown = flags(own)
    check("--help" in names, f"ambs {verb} --help: no option was found in its text")
    for option in known:
        missing = option.names - (flags(text) if "--help" in option.names else shown)
        check(not missing, f"ambs-{verb}(1): lacks {' '.join(sorted(missing))}, which --help shows")
        entry = [(h, t) for h, t in items(own, "Fl") if option.names & flags(".It Fl " + h)]
        check(entry or "--help" in option.names, f"ambs-{verb}(1): no item tells {sorted(option.names)}")
        for head, body in entry:
            for word in option.value.split("|") if "|" in option.value else []:
                check(word in head.split(), f"ambs-{verb}(1): {sorted(option.names)} lacks {word}")
            if option.default:
                check(re.search(rf"(?<!\w){re.escape(option.default)}(?!\w)", body),
                      f"ambs-{verb}(1): {sorted(option.names)} does not tell its default {option.default}")
    check(shown <= names, f"ambs-{verb}(1): names {' '.join(sorted(shown - names))}, which --help does not show")
    usage = heading(text, "Sh", "SYNOPSIS") or ""
    mine = re.split(r"^\.Nm ambs ", usage, flags=re.M)[1:]
    mine = "".join(u for u in mine if u.split()[0] == verb)
    check(mine, f"ambs-{verb}(1): the synopsis lacks ambs {verb}")
    for option in known:
        check("--help" in option.names or option.names & flags(mine),
              f"ambs-{verb}(1): the synopsis lacks {' '.join(sorted(option.names))}")


def check_command_lines(name, section):
    """Command lines in examples and running text: the commands and options in them exist."""
    text = re.sub(r" \\e\n", " ", page(name, section))
    for verb, rest in re.findall(r"(?<![\w./-])ambs ([a-z]+)(?![\w-])(.*)", text):
        if verb == "help":
            continue
        if verb not in VERBS:
            check(not re.search(r"^\.Nm|--", "ambs " + verb + rest), f"{name}({section}): unknown ambs {verb}")
            continue
        names = set().union(*(o.names for o in options(verb)))
        words = re.split(r" -- |[|;)]", rest)[0]
        for word in re.findall(r"(?<=\s)--?[a-z][a-z-]*", words):
            check(word in names, f"{name}({section}): ambs {verb} has no {word}")


def check_overview():
    text = page("ambs")
    for verb in VERBS:
        check(f".It Xr ambs-{verb} 1\n" in text, f"ambs(1): lacks the command {verb}")
    for other in re.findall(r"^\.It Xr ambs-(\w+) 1", text, flags=re.M):
        check(other in VERBS, f"ambs(1): there is no command {other}")
    check(flags(heading(text, "Sh", "OPTIONS")) == {"-h", "--help", "-V", "--version", "--set", "--seed"},
          "ambs(1): OPTIONS are not -h, --help, -V, --version, --set, --seed")
    check(said("-V") == said("--version") != "", "ambs -V is not ambs --version")
    shown = re.findall(r"^  ([a-z]+) ", said("--help"), flags=re.M)
    check(shown and set(shown) <= set(VERBS), f"ambs --help shows {shown}, the build knows {VERBS}")


def statuses(text):
    return {int(head) for head in re.findall(r"^\.It (\d+)$", heading(text, "Sh", "EXIT STATUS") or "", flags=re.M)}


def check_statuses():
    with open(os.path.join(SOURCE, "src", "cluster", "status.h"), encoding="utf-8") as file:
        known = {int(n) for n in re.findall(r"AMBS_STATUS_\w+ = (\d+)", file.read())}
    for name in ("ambs", "ambs-run"):
        check(known and statuses(page(name)) == known, f"{name}(1): the exit statuses are not {sorted(known)}")
    for verb in VERBS:
        check(statuses(page("ambs-" + verb)) >= {0, 1, 2}, f"ambs-{verb}(1): lacks an exit status of 0, 1, 2")


# A study with an unknown key in every mapping: the program answers each by those that it knows.
STUDY = """
unknown: 1
study: {unknown: 1}
METRIC
objective: {command: [a], unknown: 1}
parameters: {x: {min: 1, max: 2, unknown: 1}, y: {min: 1, max: 2, prior: {unknown: 1, normal: {unknown: 1}}}}
budget: {unknown: 1, failures: {unknown: 1}}
trial: {unknown: 1, output: {unknown: 1}}
retry: {unknown: 1, on: [unknown]}
repeats: {unknown: 1}
slots: {unknown: 1}
manager: {unknown: 1}
surrogate: {unknown: 1}
on_deadline: {unknown: 1}
"""
# Read only where nothing else is wrong.
WARM = "parameters: {x: {min: 1, max: 2}}\nwarm_start: [{study: none.h5, unknown: 1}]\n"
# Where the program says that it is, and under which heading the page has it.
PLACES = {"": "", "study": "study", "metric": "metric", "metrics": "metrics", 'parameter "x"': "parameters",
          "prior": "parameters", "normal": "parameters", "budget": "budget", "budget.failures": "budget",
          "trial": "trial", "trial.output": "trial", "retry": "retry", "retry.on": "retry",
          "repeats": "repeats", "slots": "slots", "manager": "manager", "surrogate": "surrogate",
          "on_deadline": "on_deadline", "warm_start": "warm_start", "objective": "objective"}


def known_keys():
    """{place: keys} of all that study files may hold, from the program's own answers."""
    found = {}
    metrics = STUDY.replace("METRIC", "metrics: [{name: a, unknown: 1}, {name: b}]")
    for study in (STUDY.replace("METRIC", "metric: {unknown: 1}"), metrics, WARM):
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(study)
            file.flush()
            text = said("check", file.name)
        for place, keys in re.findall(r'found unknown (?:key|reason) "unknown"(?: in (.*))?; (?:.*)known: (.*)', text):
            found[place] = keys.split(", ")
        for keys in re.findall(r'objective: unknown option "unknown".*known options: (.*)', text):
            found["objective"] = keys.split(", ")
    return found


def words_of(text):
    """The keys that items and running text of a heading mark, without the mapping that holds them."""
    marked = re.findall(r"(?:^\.|^\.It |Po |Pq )(?:Ic|Ql) (.*)", text, flags=re.M)
    words = re.findall(r"[\w.]+", " ".join(marked)) + [" ".join(re.findall(r"\w+", m)) for m in marked]
    return set(words) | {word.split(".")[-1] for word in words} | {word.split(".")[0] for word in words}


def check_study_keys():
    text, known = page("ambs-study", 5), known_keys()
    check(set(known) == set(PLACES), f"the program told keys of {sorted(known)}, expected {sorted(PLACES)}")
    sections = re.findall(r"^\.Ss (\w+)$", text, flags=re.M)
    for key in known.get("", []):
        check(key in sections, f"ambs-study(5): lacks the section {key}")
    for section in sections:
        check(section in known.get("", []), f"ambs-study(5): there is no section {section}")
    for place, keys in known.items():
        part = heading(text, "Ss", PLACES.get(place, place)) if place else None
        for key in keys if part else []:
            check(key in words_of(part), f"ambs-study(5): lacks {key} of {place}")
    for section in sections: # and no key that the program does not know
        real = set().union(*(keys for place, keys in known.items() if place and PLACES.get(place) == section))
        real |= {f"{p.split('.')[1]}.{k}" for p, keys in known.items() if p.startswith(section + ".") for k in keys}
        for head, _ in items(heading(text, "Ss", section), "Ic") if real and section != "objective" else []:
            for key in head.split(" , "):
                check(key in real, f"ambs-study(5): there is no {key} in {section}")
    for kind in re.findall(r"^(\w+): ", said("list", "objective"), flags=re.M):
        check(kind in words_of(heading(text, "Ss", "objective")), f"ambs-study(5): lacks the objective {kind}")


def check_examples():
    """The study of the page is one, and the groups of the file's page are those of the document."""
    text = re.search(r"\.Bd -literal\n(.*?)\.Ed", heading(page("ambs-study", 5), "Sh", "EXAMPLES"), flags=re.S)[1]
    with tempfile.TemporaryDirectory() as folder:
        for name, holds in (("study.yaml", text), ("train.py", "")):
            with open(os.path.join(folder, name), "w", encoding="ascii") as file:
                file.write(holds)
        done = subprocess.run([AMBS, "check", os.path.join(folder, "study.yaml")], capture_output=True, text=True,
                              timeout=60)
    check(done.returncode == 0, f"ambs-study(5): its example is refused: {done.stderr}")
    with open(os.path.join(SOURCE, "share", "doc", "study-file.md"), encoding="utf-8") as file:
        document = re.split(r"^## (/.*)\n", file.read(), flags=re.M)[1:]
    groups = dict(items(page("ambs-file", 5), "Pa"))
    for group, body in zip(document[::2], document[1::2]):
        if group == "/":
            told = heading(page("ambs-file", 5), "Ss", "Attributes of /")
        else:
            check(group in groups, f"ambs-file(5): lacks {group}")
            told = groups.get(group, "")
        for column in re.findall(r"^\| `(\w+)` ", body.split("\n## ")[0], flags=re.M):
            check(re.search(rf"^\.Ql {column}\b", told, flags=re.M), f"ambs-file(5): {group} lacks {column}")


def check_variables():
    """What a trial finds in its environment is what the document tells."""
    with open(os.path.join(SOURCE, "share", "doc", "commands.md"), encoding="utf-8") as file:
        table = "\n".join(re.findall(r"^\| (`[A-Z].*?) \|", file.read(), flags=re.M))
    told = heading(page("ambs-run"), "Sh", "ENVIRONMENT")
    names = re.findall(r"`([A-Z_]+)(?:<name>)?`", table)
    check("AMBS_RESULT" in names, "share/doc/commands.md: its table of variables was not found")
    for name in names:
        check(re.search(rf"^\.It Ev (.*, )?{name}(?!\w)", told, flags=re.M), f"ambs-run(1): lacks the variable {name}")


def pages():
    for section in (1, 5):
        for file in sorted(os.listdir(os.path.join(MAN, f"man{section}"))):
            yield file.rsplit(".", 1)[0], section


def check_references():
    """Pages and documents that are named exist; so do the commands of all pages."""
    own = set(pages())
    for name, section in own:
        for other, number in re.findall(r"Xr (ambs[\w-]*) (\d)", page(name, section)):
            check((other, int(number)) in own, f"{name}({section}): there is no {other}({number})")
        for document in re.findall(r"[\w-]+\.md", page(name, section)):
            check(os.path.exists(os.path.join(SOURCE, "share", "doc", document)),
                  f"{name}({section}): there is no share/doc/{document}")
        if section == 1 and name != "ambs":
            check(name[5:] in VERBS, f"{name}(1): there is no command {name[5:]}")
            check(re.search(rf"^\.Nm {name}( ,)?$", page(name), flags=re.M), f"{name}(1): NAME lacks it")


def check_format():
    files = [os.path.join(MAN, f"man{section}", f"{name}.{section}") for name, section in pages()]
    files = [file for file in files if not open(file, encoding="ascii").read().startswith(".so ")]
    for command in (["mandoc", "-T", "lint", "-W", "warning"], ["groff", "-mdoc", "-ww", "-z"]):
        if not shutil.which(command[0]):
            print(f"# {command[0]} is not here: its part is left out")
            continue
        for file in files:
            done = subprocess.run([*command, file], capture_output=True, text=True, timeout=60)
            check(done.returncode == 0 and not done.stdout + done.stderr,
                  f"{command[0]}: {file}: {done.stdout}{done.stderr}")


for v in VERBS:
    check_options(v)
for n, s in pages():
    check_command_lines(n, s)
check_overview()
check_statuses()
check_study_keys()
check_examples()
check_variables()
check_references()
check_format()
for fault in faults:
    print(fault)
print(f"{n_checks - len(faults)} of {n_checks} hold")
sys.exit(1 if faults else 0)
