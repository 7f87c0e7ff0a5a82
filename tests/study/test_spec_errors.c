/* SPDX-License-Identifier: MIT */
/* Every kind of wrong study file with the exact text that a user reads; wrong spaces are in test_space_errors.c, objectives and methods in
 * test_member_errors.c, other programs' files in test_foreign_errors.c. */
#include "wrong_study.h"

#include <unistd.h>

#include "base/text.h"

static const wrong table[] = {
    {"empty file", LITERAL(""), {{0}}, "s.yaml: found an empty document, expected a study"},
    {"only a comment",
     LITERAL("# nothing\n"),
     {{0}},
     "s.yaml: found an empty document, expected a study"},
    {"a list at the top",
     LITERAL("- 1\n- 2\n"),
     {{0}},
     "s.yaml:1:1: found a list, expected a study: sections such as parameters, objective and "
     "budget"},
    {"text at the top",
     LITERAL("hello\n"),
     {{0}},
     "s.yaml:1:1: found the text \"hello\", expected a study: sections such as parameters, "
     "objective and "
     "budget"},
    {"null at the top",
     LITERAL("~\n"),
     {{0}},
     "s.yaml:1:1: found nothing, expected a study: sections such as parameters, objective and "
     "budget"},
    {"no parameters",
     LITERAL("study: {name: a}\n"),
     {{0}},
     "s.yaml: found no parameters, expected a section \"parameters\" with at least one"},
    {"not UTF-8",
     LITERAL("study: {name: caf\xe9}\n"),
     {{0}},
     "s.yaml:1:18: found the byte 0xe9, which is not UTF-8; save the file as UTF-8"},
    {"UTF-16",
     LITERAL("\xff\xfes"),
     {{0}},
     "s.yaml: found UTF-16 text, expected UTF-8; save the file as UTF-8"},
    {"a NUL character",
     LITERAL("study: {name: \"a\0b\"}\n"),
     {{0}},
     "s.yaml:1:17: broken YAML: control characters are not allowed; remove the control character"},
    {"a control character",
     LITERAL("study: {name: a\x01}\n"),
     {{0}},
     "s.yaml:1:16: broken YAML: control characters are not allowed; remove the control character"},
    {"a tab in the indentation",
     LITERAL("study:\n	name: a\n"),
     {{0}},
     "s.yaml:2:1: found a tab in the indentation, expected spaces; YAML does not allow tabs there"},
    {"an open bracket",
     LITERAL("study: {name: a\n"),
     {{0}},
     "s.yaml:2:1: broken YAML: did not find expected ',' or '}' (while parsing a flow mapping that "
     "began "
     "in line 1); close the mapping with }"},
    {"an open quote",
     LITERAL("study: {name: \"a}\n"),
     {{0}},
     "s.yaml:2:1: broken YAML: found unexpected end of stream (while scanning a quoted scalar that "
     "began "
     "in line 1); close the quotes or brackets that are open"},
    {"wrong indentation",
     LITERAL("study:\n  name: a\n seed: 1\n"),
     {{0}},
     "s.yaml:3:2: broken YAML: did not find expected key (while parsing a block mapping that began "
     "in "
     "line 1); check the indentation of this line and the lines before it"},
    {"a colon in plain text",
     LITERAL("study: name: a\n"),
     {{0}},
     "s.yaml:1:12: broken YAML: mapping values are not allowed in this context; a value that "
     "contains \": "
     "\" needs quotes; else check the indentation"},
    {"unknown escape",
     LITERAL("study: {name: \"\\q\"}\n"),
     {{0}},
     "s.yaml:1:16: broken YAML: found unknown escape character; write a backslash twice inside "
     "double "
     "quotes, or use single quotes"},
    {"a forbidden first character",
     LITERAL("study: {name: @a}\n"),
     {{0}},
     "s.yaml:1:15: broken YAML: found character that cannot start any token; put quotes around "
     "text that "
     "begins with a special character"},
    {"two documents",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\n---\nparameters: {x: {min: 0.0, max: 1.0}}\n"),
     {{0}},
     "s.yaml:2:1: found a second document, expected one; put each study in a file of its own"},
    {"a repeated key",
     LITERAL("study: {name: a, name: b}\nparameters: {x: {min: 0.0, max: 1.0}}\n"),
     {{0}},
     "s.yaml:1:18: found the key \"name\" again, the first is in line 1; remove one"},
    {"a repeated section",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nparameters: {x: {min: 0.0, max: 1.0}}\n"),
     {{0}},
     "s.yaml:2:1: found the key \"parameters\" again, the first is in line 1; remove one"},
    {"a list as key",
     LITERAL("? [a, b]\n: 1\n"),
     {{0}},
     "s.yaml:1:3: found a list as a key, expected a name"},
    {"an unknown alias",
     LITERAL("study: {name: *a}\nparameters: {x: {min: 0.0, max: 1.0}}\n"),
     {{0}},
     "s.yaml:1:15: found the alias *a, expected an anchor &a before it"},
    {"a merge key",
     LITERAL("parameters:\n  x: &x {min: 0.0, max: 1.0}\n  y: {<<: *x}\n"),
     {{0}},
     "s.yaml:3:3: parameter \"y\": found nothing that says its values, expected min and max, "
     "values, or "
     "value\n"
     "s.yaml:3:7: found the merge key <<, which YAML 1.2 does not have; write the keys out, or use "
     "an "
     "alias for a whole value"},
    {"a foreign tag",
     LITERAL("study: {name: !secret a}\nparameters: {x: {min: 0.0, max: 1.0}}\n"),
     {{0}},
     "s.yaml:1:15: found the tag !secret, expected a plain value; remove the tag, or quote text"},
    {"a tag of YAML's own",
     LITERAL("study: {seed: !!float 1}\nparameters: {x: {min: 0.0, max: 1.0}}\n"),
     {{0}},
     "s.yaml:1:15: found the tag tag:yaml.org,2002:float, expected a plain value; remove the tag, "
     "or "
     "quote text"},
    {"too deep",
     LITERAL("study: "
             "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]\n"),
     {{0}},
     "s.yaml:1:39: found more than 32 levels of nesting, expected fewer"},
    {"unknown section",
     LITERAL("paramters: {x: {min: 0.0, max: 1.0}}\n"),
     {{0}},
     "s.yaml:1:1: found unknown key \"paramters\"; did you mean \"parameters\"? known: study, "
     "metric, metrics, "
     "objective, parameters, space, constraints, method, budget, trial, retry, repeats, slots, "
     "manager, "
     "durability, on_deadline, warm_start, surrogate"},
    {"unknown section without a near one",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\ncolours: 3\n"),
     {{0}},
     "s.yaml:2:1: found unknown key \"colours\"; known: study, metric, metrics, objective, "
     "parameters, space, "
     "constraints, method, budget, trial, retry, repeats, slots, manager, durability, on_deadline, "
     "warm_start, surrogate"},
    {"unknown key of study",
     LITERAL("study: {sed: 1}\nparameters: {x: {min: 0.0, max: 1.0}}\n"),
     {{0}},
     "s.yaml:1:9: found unknown key \"sed\" in study; did you mean \"seed\"? known: name, seed"},
    {"study is no mapping",
     LITERAL("study: digits\nparameters: {x: {min: 0.0, max: 1.0}}\n"),
     {{0}},
     "s.yaml:1:8: study: found the text \"digits\", expected a mapping of names and values"},
    {"empty name",
     LITERAL("study: {name: ''}\nparameters: {x: {min: 0.0, max: 1.0}}\n"),
     {{0}},
     "s.yaml:1:15: name: found empty text, expected a name"},
    {"seed is text",
     LITERAL("study: {seed: seven}\nparameters: {x: {min: 0.0, max: 1.0}}\n"),
     {{0}},
     "s.yaml:1:15: seed: found \"seven\", expected a whole number"},
    {"seed below 0",
     LITERAL("study: {seed: -1}\nparameters: {x: {min: 0.0, max: 1.0}}\n"),
     {{0}},
     "s.yaml:1:15: seed: found \"-1\", expected a value from 0 to 9007199254740992"},
    {"seed is not whole",
     LITERAL("study: {seed: 1.5}\nparameters: {x: {min: 0.0, max: 1.0}}\n"),
     {{0}},
     "s.yaml:1:15: seed: found \"1.5\", expected a whole number"},
    {"name is missing",
     LITERAL("study: {name: }\nparameters: {x: {min: 0.0, max: 1.0}}\n"),
     {{0}},
     "s.yaml:1:15: name: found nothing, expected a single value"},
    {"name is a list",
     LITERAL("study: {name: [a]}\nparameters: {x: {min: 0.0, max: 1.0}}\n"),
     {{0}},
     "s.yaml:1:15: name: found a list, expected a single value"},
    {"name is a bare no",
     LITERAL("study: {name: no}\nparameters: {x: {min: 0.0, max: 1.0}}\n"),
     {{0}},
     "s.yaml:1:15: name: found a bare no, which YAML 1.1 reads as a boolean and YAML 1.2 as text; "
     "write "
     "true or false, or \"no\" in quotes for the text"},
    {"goal misspelt",
     LITERAL("metric: {goal: minimise}\nparameters: {x: {min: 0.0, max: 1.0}}\n"),
     {{0}},
     "s.yaml:1:16: goal: found \"minimise\", expected one of minimize, maximize; did you mean "
     "\"minimize\"?"},
    {"goal unknown",
     LITERAL("metric: {goal: best}\nparameters: {x: {min: 0.0, max: 1.0}}\n"),
     {{0}},
     "s.yaml:1:16: goal: found \"best\", expected one of minimize, maximize"},
    {"target is text",
     LITERAL("metric: {target: low}\nparameters: {x: {min: 0.0, max: 1.0}}\n"),
     {{0}},
     "s.yaml:1:18: target: found \"low\", expected a number"},
    {"metric name too long",
     LITERAL("metric: {name: "
             "mmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmmm}\nparameters: {x: "
             "{min: 0.0, max: 1.0}}\n"),
     {{0}},
     "s.yaml:1:16: name: found 64 characters, expected at most 63"},
    {"budget of no trials",
     LITERAL("budget: {trials: 0}\nparameters: {x: {min: 0.0, max: 1.0}}\n"),
     {{0}},
     "s.yaml:1:18: trials: found \"0\", expected a value from 1 to 9007199254740992"},
    {"budget with a point",
     LITERAL("budget: {trials: 1e3}\nparameters: {x: {min: 0.0, max: 1.0}}\n"),
     {{0}},
     "s.yaml:1:18: trials: found \"1e3\", expected a whole number"},
    {"time without unit",
     LITERAL("budget: {time: 90}\nparameters: {x: {min: 0.0, max: 1.0}}\n"),
     {{0}},
     "s.yaml:1:16: time: found \"90\", expected a time with its unit (d, h, m, s, ms), as in "
     "\"90s\" or "
     "\"1h30m\": a number alone does not say which"},
    {"time with an unknown unit",
     LITERAL("budget: {time: 3w}\nparameters: {x: {min: 0.0, max: 1.0}}\n"),
     {{0}},
     "s.yaml:1:16: time: found \"3w\", expected a time with its unit (d, h, m, s, ms), as in "
     "\"90s\" or "
     "\"1h30m\""},
    {"time as a clock",
     LITERAL("budget: {time: '1:30'}\nparameters: {x: {min: 0.0, max: 1.0}}\n"),
     {{0}},
     "s.yaml:1:16: time: found \"1:30\", expected a time with its unit (d, h, m, s, ms), as in "
     "\"90s\" or "
     "\"1h30m\""},
    {"failures as a number",
     LITERAL("budget: {failures: 5}\nparameters: {x: {min: 0.0, max: 1.0}}\n"),
     {{0}},
     "s.yaml:1:20: failures: found 5, expected a mapping as in {total: 100, in_a_row: 20}"},
    {"unknown key of failures",
     LITERAL("budget: {failures: {totl: 5}}\nparameters: {x: {min: 0.0, max: 1.0}}\n"),
     {{0}},
     "s.yaml:1:21: found unknown key \"totl\" in budget.failures; did you mean \"total\"? known: "
     "total, "
     "in_a_row"},
    {"ranks of a command",
     LITERAL(
         "trial: {ranks: 2}\nobjective: {command: [/bin/true]}\nparameters: {x: {min: 0.0, max: "
         "1.0}}\n"),
     {{0}},
     "s.yaml:1:16: ranks: found 2, expected 1: a command starts its own ranks, as in command: "
     "[mpirun, -n, \"2\", ./solver, \"${args}\"] with trial: {cores: 2}; several ranks here are "
     "for "
     "plug-ins that compute on a communicator"},
    {"ranks of a function",
     LITERAL("trial: {ranks: 3}\nobjective: {function: sphere}\nparameters: {x: {min: 0.0, max: "
             "1.0}}\n"),
     {{0}},
     "s.yaml:1:16: ranks: found 3, expected 1: the objective function runs on one; several ranks "
     "are "
     "for plug-ins that compute on a communicator"},
    {"less than no GPU",
     LITERAL("trial: {gpus: -1}\nparameters: {x: {min: 0.0, max: 1.0}}\n"),
     {{0}},
     "s.yaml:1:15: gpus: found \"-1\", expected a value from 0 to 4294967295"},
    {"slots of each rank",
     LITERAL("slots: {per_rank: some}\nparameters: {x: {min: 0.0, max: 1.0}}\n"),
     {{0}},
     "s.yaml:1:19: per_rank: found \"some\", expected a whole number from 1 to 4096, or fit: as "
     "many "
     "as fit"},
    {"slots of rank 0",
     LITERAL("manager: {slots: -1}\nparameters: {x: {min: 0.0, max: 1.0}}\n"),
     {{0}},
     "s.yaml:1:18: slots: found \"-1\", expected a whole number from 0 to 4096, or fit: as many as "
     "fit"},
    {"cores of hosts",
     LITERAL("slots: {cores: \"3-1\"}\nparameters: {x: {min: 0.0, max: 1.0}}\n"),
     {{0}},
     "s.yaml:1:16: cores: found \"3-1\", expected numbers of cores as in 0-31,64-95"},
    {"GPUs of hosts",
     LITERAL("slots: {gpus: 2}\nparameters: {x: {min: 0.0, max: 1.0}}\n"),
     {{0}},
     "s.yaml:1:15: gpus: found 2, expected a list as in [0, 1] or [GPU-3f2a…]"},
    {"a GPU twice",
     LITERAL("slots: {gpus: [0, 1, 0]}\nparameters: {x: {min: 0.0, max: 1.0}}\n"),
     {{0}},
     "s.yaml:1:22: gpus: found \"0\" twice"},
    {"a misspelt key of slots",
     LITERAL("slots: {gpu: [0]}\nparameters: {x: {min: 0.0, max: 1.0}}\n"),
     {{0}},
     "s.yaml:1:9: found unknown key \"gpu\" in slots; did you mean \"gpus\"? known: per_rank, "
     "cores, "
     "memory, gpus, gpu_variable"},
    {"scratch",
     LITERAL("trial: {scratch: here}\nparameters: {x: {min: 0.0, max: 1.0}}\n"),
     {{0}},
     "s.yaml:1:18: scratch: found \"here\", expected an absolute path"},
    {"checkpoints of a function",
     LITERAL("objective: {function: branin}\ntrial: {checkpoint: true}\n"
             "parameters: {x: {min: 0.0, max: 1.0}, y: {min: 0.0, max: 1.0}}\n"),
     {{0}},
     "s.yaml:2:21: checkpoint: found true, expected false: only commands and plug-ins save "
     "their state, the objective function does not"},
    {"output is a mapping",
     LITERAL("trial: {output: 4KiB}\nparameters: {x: {min: 0.0, max: 1.0}}\n"),
     {{0}},
     "s.yaml:1:17: output: found the text \"4KiB\", expected a mapping as in {head: 4KiB, tail: "
     "64KiB}"},
    {"keep is a choice",
     LITERAL("trial: {keep: sometimes}\nparameters: {x: {min: 0.0, max: 1.0}}\n"),
     {{0}},
     "s.yaml:1:15: keep: found \"sometimes\", expected one of never, failed, always"},
    {"memory without unit",
     LITERAL("trial: {memory: 8}\nparameters: {x: {min: 0.0, max: 1.0}}\n"),
     {{0}},
     "s.yaml:1:17: memory: found \"8\", expected an amount of memory with its unit (B, kB, MB, GB, "
     "TB, "
     "KiB, MiB, GiB, TiB), as in \"8GiB\""},
    {"no cores",
     LITERAL("trial: {cores: 0}\nparameters: {x: {min: 0.0, max: 1.0}}\n"),
     {{0}},
     "s.yaml:1:16: cores: found \"0\", expected a value from 1 to 4294967295"},
    {"no attempts",
     LITERAL("trial: {attempts: 0}\nparameters: {x: {min: 0.0, max: 1.0}}\n"),
     {{0}},
     "s.yaml:1:19: attempts: found \"0\", expected a value from 1 to 1000"},
    {"timeout without unit",
     LITERAL("trial: {timeout: 20}\nparameters: {x: {min: 0.0, max: 1.0}}\n"),
     {{0}},
     "s.yaml:1:18: timeout: found \"20\", expected a time with its unit (d, h, m, s, ms), as in "
     "\"90s\" "
     "or \"1h30m\": a number alone does not say which"},
    {"suspect before the heartbeat",
     LITERAL("manager: {heartbeat: 10s, suspect: 5s}\nparameters: {x: {min: 0.0, max: 1.0}}\n"),
     {{0}},
     "s.yaml:1:36: suspect: found 5s, expected more than the heartbeat of 10s"},
    {"too many slots",
     LITERAL("manager: {slots: 100000}\nparameters: {x: {min: 0.0, max: 1.0}}\n"),
     {{0}},
     "s.yaml:1:18: slots: found \"100000\", expected a whole number from 0 to 4096, or fit: as "
     "many "
     "as fit"},
    {"durability unknown",
     LITERAL("durability: results\nparameters: {x: {min: 0.0, max: 1.0}}\n"),
     {{0}},
     "s.yaml:1:13: durability: found \"results\", expected one of group, result; did you mean "
     "\"result\"?"},
    {"durability is a mapping",
     LITERAL("durability: {kind: result}\nparameters: {x: {min: 0.0, max: 1.0}}\n"),
     {{0}},
     "s.yaml:1:13: durability: found a mapping, expected a single value"},
    {"stopping",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nstopping: {name: asha}\n"),
     {{0}},
     "s.yaml:2:1: found the reserved section \"stopping\": this version has no stopping rules: "
     "every "
     "trial runs to its end; remove it"},
    {"repeats not a number",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nrepeats: often\n"),
     {{0}},
     "s.yaml:2:10: repeats: found \"often\", expected the number of evaluations of each "
     "configuration from 1 to 1000, or a mapping as in {min: 1, max: 10, policy: race}"},
    {"repeats none",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nrepeats: 0\n"),
     {{0}},
     "s.yaml:2:10: repeats: found \"0\", expected the number of evaluations of each "
     "configuration from 1 to 1000, or a mapping as in {min: 1, max: 10, policy: race}"},
    {"repeats a list",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nrepeats: [3]\n"),
     {{0}},
     "s.yaml:2:10: repeats: found a list, expected a mapping of names and values"},
    {"repeats of an unknown policy",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nrepeats: {policy: racing}\n"),
     {{0}},
     "s.yaml:2:19: policy: found \"racing\", expected one of race, fixed"},
    {"repeats unknown key",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nrepeats: {maximum: 3}\n"),
     {{0}},
     "s.yaml:2:11: found unknown key \"maximum\" in repeats; known: min, max, policy, confidence"},
    {"repeats max below min",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nrepeats: {min: 5, max: 3}\n"),
     {{0}},
     "s.yaml:2:24: max: found 3, expected at least the 5 of min"},
    {"repeats fixed but different",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\n"
             "repeats: {min: 2, max: 3, policy: fixed}\n"),
     {{0}},
     "s.yaml:2:16: min: found 2, expected the 3 of max, since policy fixed evaluates each "
     "configuration equally often; or policy: race"},
    {"repeats fixed without a number",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nrepeats: {policy: fixed}\n"),
     {{0}},
     "s.yaml:2:10: policy: found fixed without max, expected the number of evaluations as in "
     "{policy: fixed, max: 3}"},
    {"repeats of too much confidence",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nrepeats: {confidence: 95}\n"),
     {{0}},
     "s.yaml:2:23: confidence: found \"95\", expected a value from 0.5 to 0.9999"},
    {"repeats beside several metrics",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nmetrics: [{name: a}, {name: b}]\n"
             "repeats: 3\n"),
     {{0}},
     "s.yaml:3:10: repeats: found it beside 2 metrics; this version races by one metric: leave one "
     "of the two out"},
    {"repeats beyond the budget",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nbudget: {trials: 4}\nrepeats: 5\n"),
     {{0}},
     "s.yaml:3:10: repeats: found 5 evaluations of each configuration, expected at most the 4 that "
     "budget.trials allows in all"},
    {"retry not a mapping",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nretry: 3\n"),
     {{0}},
     "s.yaml:2:8: retry: found 3, expected a mapping of names and values"},
    {"retry too often",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nretry: {max: 0}\n"),
     {{0}},
     "s.yaml:2:14: max: found \"0\", expected a value from 1 to 1000"},
    {"retry on an unknown reason",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nretry: {on: [exit, time out]}\n"),
     {{0}},
     "s.yaml:2:20: found unknown reason \"time out\" in retry.on; did you mean \"timeout\"? known: "
     "exit, signal, timeout, out of memory, no result, bad result, not a number, infinite, "
     "not started, objective, too much output"},
    {"retry on a lost worker",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nretry: {on: [worker lost]}\n"),
     {{0}},
     "s.yaml:2:14: on: found \"worker lost\": trial.attempts says how often a trial is run whose "
     "worker was lost"},
    {"retry on one word",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nretry: {on: exit}\n"),
     {{0}},
     "s.yaml:2:13: on: expected a list of reasons as in [exit, timeout]"},
    {"on_deadline unknown",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\non_deadline: requeu\n"),
     {{0}},
     "s.yaml:2:14: on_deadline: action: found \"requeu\", expected one of stop, requeue, resubmit; "
     "did you mean \"requeue\"?"},
    {"on_deadline a list",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\non_deadline: [stop]\n"),
     {{0}},
     "s.yaml:2:14: on_deadline: found a list, expected a single value"},
    {"unknown key of on_deadline",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\non_deadline: {live: 3}\n"),
     {{0}},
     "s.yaml:2:15: found unknown key \"live\" in on_deadline; did you mean \"lives\"? known: "
     "action, lives"},
    {"no lives",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\non_deadline: {lives: 0}\n"),
     {{0}},
     "s.yaml:2:22: lives: found \"0\", expected a value from 1 to 1000000"},
    {"metrics that are names alone",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nmetrics: [a, b]\n"),
     {{0}},
     "s.yaml:2:11: a metric: found the text \"a\", expected a mapping of names and values\n"
     "s.yaml:2:14: a metric: found the text \"b\", expected a mapping of names and values"},
    {"metrics that are no list",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nmetrics: {name: a}\n"),
     {{0}},
     "s.yaml:2:10: metrics: found a mapping, expected a list as in [{name: error, goal: minimize}, "
     "{name: latency}]"},
    {"one metric under metrics",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nmetrics: [{name: a}]\n"),
     {{0}},
     "s.yaml:2:10: metrics: found a list of 1, expected 2 to 8 metrics as in [{name: error, goal: "
     "minimize}, {name: latency}]; one metric alone stands under metric"},
    {"metric beside metrics",
     LITERAL("metric: {name: a}\nparameters: {x: {min: 0.0, max: 1.0}}\n"
             "metrics: [{name: a}, {name: b}]\n"),
     {{0}},
     "s.yaml:1:9: metric: found beside metrics; name all metrics there, the first one first"},
    {"a warm start with metrics",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nmetrics: [{name: a}, {name: b}]\n"
             "warm_start: []\n"),
     {{0}},
     "s.yaml:3:13: warm_start: found beside metrics, expected a study with one metric: what "
     "earlier "
     "studies found good is known of one; remove it"},
    {"wrong metrics",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nmetrics:\n- {goal: minimize}\n"
             "- {name: b, gaol: minimize}\n- {name: b, reference: far}\n- {name: \"\"}\n"),
     {{0}},
     "s.yaml:3:3: metrics: found a metric without a name, expected one as in {name: error, goal: "
     "minimize}\n"
     "s.yaml:4:13: found unknown key \"gaol\" in metrics; did you mean \"goal\"? known: name, "
     "goal, target, reference\n"
     "s.yaml:5:10: name: found \"b\" twice, expected each metric once\n"
     "s.yaml:5:24: reference: found \"far\", expected a number\n"
     "s.yaml:6:10: name: found empty text, expected a name"},
    {"a method that knows one metric",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nmetrics: [{name: a}, {name: b}]\n"
             "method: {name: random}\n"),
     {{0}},
     "s.yaml:3:9: method: found random, which searches by one metric; with metrics use ambs, "
     "random, "
     "grid, sobol or lhs"},
    {"ranks of the model for a method without one",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nmethod: random\nsurrogate: {ranks: 4}\n"),
     {{0}},
     "s.yaml:2:9: surrogate.ranks: found 4 ranks for the model, but method random as chosen has no "
     "Gaussian process that could use them; remove the section surrogate"},
    {"ranks of the model for another one",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nmethod: {name: ambs, initial.design: sobol}\n"
             "surrogate: {ranks: 1}\n"),
     {{0}},
     "s.yaml:2:9: surrogate.ranks: found 1 rank for the model, but method ambs as chosen has no "
     "Gaussian process that could use them; remove the section surrogate"},
    {"a limit of no ranks",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nsurrogate: {time_limit: 5s}\n"),
     {{0}},
     "s.yaml:2:12: surrogate: found no ranks for the model, expected ranks: 1 or more, whose from "
     "and "
     "time_limit are"},
    {"a time limit without a unit",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nsurrogate: {ranks: 2, time_limit: 5}\n"),
     {{0}},
     "s.yaml:2:35: time_limit: found \"5\", expected a time with its unit (d, h, m, s, ms), as in "
     "\"90s\" or \"1h30m\": a number alone does not say which"},
    {"a budget without its value",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nbudget: {trials: }\n"),
     {{0}},
     "s.yaml:2:18: trials: found nothing, expected a single value"},
    {"setting of an unknown key",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\n"),
     {{"budget.trails", "3"}},
     "--set budget.trails: found unknown key \"trails\" in budget; did you mean \"trials\"? known: "
     "trials, time, failures"},
    {"setting with a bad value",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\n"),
     {{"budget.trials", "many"}},
     "--set budget.trials: trials: found \"many\", expected a whole number"},
    {"setting below a value",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\n"),
     {{"parameters.x.min.y", "3"}},
     "--set parameters.x.min.y: found \"y\" below a single value, expected the path of a key"},
    {"setting of an item beyond a list",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nconstraints: ['x < 1']\n"),
     {{"constraints.1", "x < 2"}},
     "--set constraints.1: found \"1\" for a list, expected the number of an item from 0 to 0"},
    {"setting with broken YAML",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\n"),
     {{"study.name", "[a"}},
     "--set study.name: broken YAML: did not find expected ',' or ']' (while parsing a flow "
     "sequence that "
     "began in line 1); close the list with ]"},
    {"placeholders without quotes in a list",
     LITERAL("objective: {command: [python3, train.py, --x=${x}]}\n"
             "parameters: {x: {min: 0.0, max: 1.0}}\n"),
     {{0}},
     "s.yaml:1:47: broken YAML: did not find expected ',' or ']'; put text that holds ${…} in "
     "quotes: \"--x=${x}\""},
    {"setting without a path",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\n"),
     {{"", "3"}},
     "--set : found the path \"\", expected keys with points between them as in budget.trials"},
    {"setting with a line break",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\n"),
     {{"study.name", "a\nb"}},
     "--set study.name: found a line break, expected one line"},
    {"setting whose path holds an equals sign",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\n"),
     {{"objective.a=b", "1"}},
     "--set objective.a=b: found \"=\" in a path, expected one without it"},
    {"several at once, in the order of the file",
     LITERAL("budget: {trials: 0, time: 3}\nstudy: {seed: x}\nparameters: {x: {min: 1, max: 0}, y: "
             "3}\n"),
     {{"trial.cores", "0"}},
     "s.yaml:1:18: trials: found \"0\", expected a value from 1 to 9007199254740992\n"
     "s.yaml:1:27: time: found \"3\", expected a time with its unit (d, h, m, s, ms), as in "
     "\"90s\" or "
     "\"1h30m\": a number alone does not say which\n"
     "s.yaml:2:15: seed: found \"x\", expected a whole number\n"
     "s.yaml:3:14: parameter \"x\": min 1 is above max 0\n"
     "s.yaml:3:38: parameter \"y\": found 3, expected a mapping; write {value: 3} for a constant\n"
     "--set trial.cores: cores: found \"0\", expected a value from 1 to 4294967295"},
};

static void each_wrong_study_gets_its_exact_message(void **state)
{
    (void)state;
    assert_exact_messages(table, sizeof table / sizeof table[0]);
}

static void refused(const ambs_text *text, const char *message)
{
    ambs_spec *spec = NULL;
    ambs_error err = {0};
    assert_false(text->failed);
    assert_int_equal(ambs_spec_parse(text->text, text->length, "s.yaml", NULL, 0, &spec, &err),
                     AMBS_E_INVALID);
    assert_null(spec);
    assert_string_equal(err.text, message);
}

static void aliases_that_explode_are_refused(void **state)
{
    (void)state;
    ambs_text text = {0};
    ambs_text_add(&text, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for (int i = 1; i < 9; i++)
        ambs_text_addf(&text, "a%d: &a%d [*a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d, *a%d]\n", i, i,
                       i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1, i - 1);
    refused(&text, "s.yaml:5:45: found more than 50000 values (with aliases written out), expected "
                   "fewer; a study file is "
                   "small");
    ambs_text_fini(&text);
}

static void a_study_of_more_than_ten_megabytes_is_refused(void **state)
{
    (void)state;
    ambs_text text = {0};
    char line[1001];
    memset(line, '#', 999);
    memcpy(line + 999, "\n", 2);
    for (int i = 0; i < 10001; i++) ambs_text_add(&text, line);
    refused(&text,
            "s.yaml: found 10001000 bytes, expected at most 10000000; a study file is small");
    ambs_text_fini(&text);
}

static void more_findings_than_are_kept_are_counted(void **state)
{
    (void)state;
    ambs_text text = {0};
    ambs_text_add(&text, "parameters:\n");
    for (int i = 0; i < 80; i++) ambs_text_addf(&text, "  x%d: %d\n", i, i);
    ambs_spec *spec = NULL;
    ambs_error err = {0};
    assert_int_equal(ambs_spec_parse(text.text, text.length, "s.yaml", NULL, 0, &spec, &err),
                     AMBS_E_INVALID);
    const char first[] = "s.yaml:2:7: parameter \"x0\": found 0, expected a mapping; write {value: "
                         "0} for a constant\n";
    assert_memory_equal(err.text, first, sizeof first - 1);
    const char *last = strrchr(err.text, '\n');
    size_t lines = 0;
    for (const char *s = err.text; *s; s++) lines += *s == '\n';
    char expected[80];
    snprintf(expected, sizeof expected, "\ns.yaml: and %zu more findings", 80 - lines);
    assert_string_equal(last, expected);
    ambs_text_fini(&text);
}

static void a_missing_file_is_not_found(void **state)
{
    (void)state;
    ambs_spec *spec = NULL;
    ambs_error err = {0};
    assert_int_equal(ambs_spec_read("no/such/study.yaml", NULL, 0, &spec, &err), AMBS_E_NOT_FOUND);
    assert_string_equal(err.text, "no/such/study.yaml: there is no such file; check the path");
}

static void a_folder_is_no_study(void **state)
{
    (void)state;
    ambs_spec *spec = NULL;
    ambs_error err = {0};
    assert_int_equal(ambs_spec_read("/", NULL, 0, &spec, &err), AMBS_E_INVALID);
    assert_string_equal(err.text, "/: found a folder, expected a file");
}

static void a_file_that_may_not_be_read_says_why(void **state)
{
    (void)state;
    ambs_spec *spec = NULL;
    ambs_error err = {0};
    char path[] = "/tmp/ambs-test-spec-XXXXXX";
    int file = mkstemp(path);
    assert_true(file >= 0);
    close(file);
    char below[64];
    snprintf(below, sizeof below, "%s/s.yaml", path);
    int rc = ambs_spec_read(below, NULL, 0, &spec, &err);
    unlink(path);
    assert_int_equal(rc, AMBS_E_IO);
    char expected[128];
    snprintf(expected, sizeof expected, "%s: cannot be opened: Not a directory", below);
    assert_string_equal(err.text, expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_wrong_study_gets_its_exact_message),
        cmocka_unit_test(aliases_that_explode_are_refused),
        cmocka_unit_test(a_study_of_more_than_ten_megabytes_is_refused),
        cmocka_unit_test(more_findings_than_are_kept_are_counted),
        cmocka_unit_test(a_missing_file_is_not_found),
        cmocka_unit_test(a_folder_is_no_study),
        cmocka_unit_test(a_file_that_may_not_be_read_says_why),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("wrong study files", tests, NULL, NULL);
}
