/* SPDX-License-Identifier: MIT */
/* Every kind of wrong study file with the exact text that a user reads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "ambs/study.h"
#include "base/text.h"

#define LITERAL(text) text, sizeof(text) - 1

typedef struct wrong {
    const char *what;
    const char *text; /* of the file s.yaml */
    size_t length;
    ambs_setting setting[1]; /* path NULL: none */
    const char *message;
} wrong;

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
    {"a prior without kind",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0, prior: {}}}\n"),
     {{0}},
     "s.yaml:1:45: prior: found neither, expected normal or weights"},
    {"a prior of both kinds",
     LITERAL("parameters: {x: {values: [1, 2], prior: {normal: {mean: 1}, weights: [1, 2]}}}\n"),
     {{0}},
     "s.yaml:1:41: prior: found both normal and weights, expected normal or weights"},
    {"a prior with an unknown key",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0, prior: {norm: {mean: 0.5}}}}\n"),
     {{0}},
     "s.yaml:1:45: prior: found neither, expected normal or weights\ns.yaml:1:46: found unknown "
     "key \"norm\" in prior; known: normal, weights"},
    {"a normal prior without mean",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0, prior: {normal: {sd: 0.1}}}}\n"),
     {{0}},
     "s.yaml:1:54: normal: found no mean, expected the most likely value"},
    {"a normal prior with both widths",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0, prior: {normal: {mean: 0.1, sd: 0.1, "
             "confidence: low}}}}\n"),
     {{0}},
     "s.yaml:1:54: normal: found both sd and confidence, expected one of them"},
    {"a normal prior that is a number",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0, prior: {normal: 3}}}\n"),
     {{0}},
     "s.yaml:1:54: normal: found 3, expected a mapping of names and values"},
    {"a normal prior without width",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0, prior: {normal: {mean: 0.1, sd: 0}}}}\n"),
     {{0}},
     "s.yaml:1:70: sd: found 0, expected a number above 0"},
    {"a normal prior of unknown confidence",
     LITERAL(
         "parameters: {x: {min: 0.0, max: 1.0, prior: {normal: {mean: 0.1, confidence: hi}}}}\n"),
     {{0}},
     "s.yaml:1:78: found unknown confidence \"hi\"; known: low, medium, high"},
    {"a normal prior outside",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0, prior: {normal: {mean: 2}}}}\n"),
     {{0}},
     "s.yaml:1:14: parameter \"x\": the prior's mean 2 is outside 0 to 1"},
    {"a normal prior too narrow",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0, prior: {normal: {mean: 0.5, sd: 1e-6}}}}\n"),
     {{0}},
     "s.yaml:1:14: parameter \"x\": the prior's standard deviation is 1e-06 of the range, expected "
     "0.0001 or more"},
    {"a normal prior of a category",
     LITERAL("parameters: {x: {values: [a, b], prior: {normal: {mean: a}}}}\n"),
     {{0}},
     "s.yaml:1:50: normal: found it for \"x\", which has no order, expected weights, one for each "
     "value"},
    {"a normal prior around no value",
     LITERAL("parameters: {x: {values: [1, 2], prior: {normal: {mean: 3}}}}\n"),
     {{0}},
     "s.yaml:1:57: mean: found \"3\", expected one of the values of \"x\""},
    {"weights of a range",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0, prior: {weights: [1, 2]}}}\n"),
     {{0}},
     "s.yaml:1:55: weights: found them for \"x\", which is a range, expected normal"},
    {"weights that are too few",
     LITERAL("parameters: {x: {values: [a, b], prior: {weights: [1]}}}\n"),
     {{0}},
     "s.yaml:1:51: weights: found 1, expected 2, one for each value"},
    {"a weight of 0",
     LITERAL("parameters: {x: {values: [a, b], prior: {weights: [1, 0]}}}\n"),
     {{0}},
     "s.yaml:1:14: parameter \"x\": the prior's weight of \"b\" is 0, expected above 0; leave the "
     "value out if it is never to be tried"},
    {"a prior of a constant",
     LITERAL("parameters: {x: {value: 3, prior: {weights: [1]}}}\n"),
     {{0}},
     "s.yaml:1:35: prior: found one for \"x\", which is constant; remove it"},
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
    {"parameters is a list",
     LITERAL("parameters: [x]\n"),
     {{0}},
     "s.yaml:1:13: parameters: found a list, expected a mapping of names and values"},
    {"parameters is empty",
     LITERAL("parameters: {}\n"),
     {{0}},
     "s.yaml:1:13: parameters: found none, expected at least one"},
    {"a bare number",
     LITERAL("parameters: {x: 3}\n"),
     {{0}},
     "s.yaml:1:17: parameter \"x\": found 3, expected a mapping; write {value: 3} for a constant"},
    {"a bare list",
     LITERAL("parameters: {x: [1, 2]}\n"),
     {{0}},
     "s.yaml:1:17: parameter \"x\": found a list, expected a mapping; write {values: […]} for a "
     "list of "
     "values"},
    {"an empty parameter",
     LITERAL("parameters: {x: }\n"),
     {{0}},
     "s.yaml:1:17: parameter \"x\": found nothing, expected a mapping as in {min: 0.0, max: 1.0}"},
    {"unknown key of a parameter",
     LITERAL("parameters: {x: {mni: 0.0, max: 1.0}}\n"),
     {{0}},
     "s.yaml:1:14: parameter \"x\": found no min, expected both min and max\n"
     "s.yaml:1:18: found unknown key \"mni\" in parameter \"x\"; did you mean \"min\"? known: "
     "type, min, "
     "max, values, value, scale, step, default, probabilities, when, distribution, prior"},
    {"no values at all",
     LITERAL("parameters: {x: {default: 1}}\n"),
     {{0}},
     "s.yaml:1:14: parameter \"x\": found nothing that says its values, expected min and max, "
     "values, or "
     "value"},
    {"max is missing",
     LITERAL("parameters: {x: {min: 1}}\n"),
     {{0}},
     "s.yaml:1:14: parameter \"x\": found no max, expected both min and max"},
    {"min is text",
     LITERAL("parameters: {x: {min: zero, max: 1.0}}\n"),
     {{0}},
     "s.yaml:1:23: min: found the text \"zero\", expected a number"},
    {"min is a quoted number",
     LITERAL("parameters: {x: {min: '0', max: 1.0}}\n"),
     {{0}},
     "s.yaml:1:23: min: found the text \"0\", expected a number; remove the quotes"},
    {"min is not finite",
     LITERAL("parameters: {x: {min: .inf, max: 1.0}}\n"),
     {{0}},
     "s.yaml:1:23: min: found the text \".inf\", expected a number"},
    {"min above max",
     LITERAL("parameters: {x: {min: 2.0, max: 1.0}}\n"),
     {{0}},
     "s.yaml:1:14: parameter \"x\": min 2 is above max 1"},
    {"log from 0",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0, scale: log}}\n"),
     {{0}},
     "s.yaml:1:14: parameter \"x\": scale log needs min above 0, found 0"},
    {"reverse_log up to 1",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0, scale: reverse_log}}\n"),
     {{0}},
     "s.yaml:1:14: parameter \"x\": scale reverse_log needs max below 1, found 1"},
    {"logit up to 1",
     LITERAL("parameters: {x: {min: 0.25, max: 1.0, scale: logit}}\n"),
     {{0}},
     "s.yaml:1:14: parameter \"x\": scale logit needs a range inside 0 and 1, found 0.25 to 1"},
    {"scale unknown",
     LITERAL("parameters: {x: {min: 0.1, max: 1.0, scale: log10}}\n"),
     {{0}},
     "s.yaml:1:45: found unknown scale \"log10\"; known: linear, log, reverse_log, logit"},
    {"step of 0",
     LITERAL("parameters: {x: {min: 0, max: 8, step: 0}}\n"),
     {{0}},
     "s.yaml:1:40: step: found 0, expected a number above 0"},
    {"step that does not meet max",
     LITERAL("parameters: {x: {min: 0, max: 10, step: 4}}\n"),
     {{0}},
     "s.yaml:1:14: parameter \"x\": steps of 4 from 0 do not meet max 10; the last below is 8"},
    {"type unknown",
     LITERAL("parameters: {x: {type: real, min: 0, max: 1}}\n"),
     {{0}},
     "s.yaml:1:24: found unknown type \"real\"; known: float, int, ordinal, categorical, constant, "
     "boolean"},
    {"int with a point",
     LITERAL("parameters: {x: {type: int, min: 0, max: 1.5}}\n"),
     {{0}},
     "s.yaml:1:42: max: found 1.5, expected a whole number for an int (written without point and "
     "exponent)"},
    {"float beside values",
     LITERAL("parameters: {x: {type: float, values: [1, 2]}}\n"),
     {{0}},
     "s.yaml:1:24: type: found float beside values, which does not go together"},
    {"ordinal beside min",
     LITERAL("parameters: {x: {type: ordinal, min: 0, max: 1}}\n"),
     {{0}},
     "s.yaml:1:24: type: found ordinal beside min and max, which does not go together"},
    {"values beside min",
     LITERAL("parameters: {x: {values: [1, 2], min: 0}}\n"),
     {{0}},
     "s.yaml:1:34: found \"min\" beside values, expected one or the other; remove one"},
    {"scale beside values",
     LITERAL("parameters: {x: {values: [1, 2], scale: log}}\n"),
     {{0}},
     "s.yaml:1:34: found \"scale\" beside values, expected one or the other; remove one"},
    {"value beside values",
     LITERAL("parameters: {x: {value: 1, values: [1, 2]}}\n"),
     {{0}},
     "s.yaml:1:28: found \"values\" beside value, expected one or the other; remove one"},
    {"values is text",
     LITERAL("parameters: {x: {values: adam}}\n"),
     {{0}},
     "s.yaml:1:26: values: found the text \"adam\", expected a list of values"},
    {"values is empty",
     LITERAL("parameters: {x: {values: []}}\n"),
     {{0}},
     "s.yaml:1:26: values: found an empty list, expected a list of values"},
    {"a value twice",
     LITERAL("parameters: {x: {values: [adam, sgd, adam]}}\n"),
     {{0}},
     "s.yaml:1:14: parameter \"x\": the value \"adam\" is listed twice"},
    {"the same number in two spellings",
     LITERAL("parameters: {x: {values: [1e-3, 0.001]}}\n"),
     {{0}},
     "s.yaml:1:14: parameter \"x\": the value \"0.001\" is listed twice"},
    {"an unordered ordinal",
     LITERAL("parameters: {x: {values: [64, 16, 32]}}\n"),
     {{0}},
     "s.yaml:1:26: values: found numbers in no order, expected them rising or falling for an "
     "ordinal; "
     "sort them, or write type: categorical"},
    {"a bare off among values",
     LITERAL("parameters: {x: {values: [on, off]}}\n"),
     {{0}},
     "s.yaml:1:27: values: found a bare on, which YAML 1.1 reads as a boolean and YAML 1.2 as "
     "text; write "
     "true or false, or \"on\" in quotes for the text\n"
     "s.yaml:1:31: values: found a bare off, which YAML 1.1 reads as a boolean and YAML 1.2 as "
     "text; "
     "write true or false, or \"off\" in quotes for the text"},
    {"a budget without its value",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nbudget: {trials: }\n"),
     {{0}},
     "s.yaml:2:18: trials: found nothing, expected a single value"},
    {"null among values",
     LITERAL("parameters: {x: {values: [a, null]}}\n"),
     {{0}},
     "s.yaml:1:30: values: found a bare null, which YAML reads as nothing, expected a single "
     "value; "
     "write \"null\" in quotes for the text"},
    {"too few probabilities",
     LITERAL("parameters: {x: {values: [a, b], probabilities: [1.0]}}\n"),
     {{0}},
     "s.yaml:1:49: probabilities: found 1, expected 2, one for each value"},
    {"probabilities that sum to 2",
     LITERAL("parameters: {x: {values: [a, b], probabilities: [1.0, 1.0]}}\n"),
     {{0}},
     "s.yaml:1:14: parameter \"x\": the probabilities sum to 2, expected 1"},
    {"a probability below 0",
     LITERAL("parameters: {x: {values: [a, b], probabilities: [1.5, -0.5]}}\n"),
     {{0}},
     "s.yaml:1:14: parameter \"x\": the probability of \"b\" is -0.5, expected above 0; leave the "
     "value "
     "out if it is never to be tried"},
    {"probabilities of an ordinal",
     LITERAL("parameters: {x: {type: ordinal, values: [1, 2], probabilities: [0.5, 0.5]}}\n"),
     {{0}},
     "s.yaml:1:14: parameter \"x\": probabilities are for categorical parameters only"},
    {"default outside",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0, default: 2.0}}\n"),
     {{0}},
     "s.yaml:1:14: default: parameter \"x\": 2 is outside 0 to 1"},
    {"default that is no value",
     LITERAL("parameters: {x: {values: [a, b], default: c}}\n"),
     {{0}},
     "s.yaml:1:43: default: found \"c\", expected one of the values of \"x\""},
    {"default of an int with a point",
     LITERAL("parameters: {x: {min: 1, max: 9, default: 2.5}}\n"),
     {{0}},
     "s.yaml:1:14: default: parameter \"x\": 2.5 is not a value of it, the nearest is 3"},
    {"a name with a space",
     LITERAL("parameters: {'a b': {min: 0.0, max: 1.0}}\n"),
     {{0}},
     "s.yaml:1:14: parameter \"a b\": character 2 of the name is not allowed; expected a letter or "
     "'_', "
     "then letters, digits, '_', '.', ':' and '-'"},
    {"a name of the language",
     LITERAL("parameters: {min: {min: 0.0, max: 1.0}}\n"),
     {{0}},
     "s.yaml:1:14: parameter \"min\": the name is a word of the constraint language, take another"},
    {"when of an unknown parent",
     LITERAL("parameters: {opt: {values: [a, b]}, x: {min: 0.0, max: 1.0, when: {opr: a}}}\n"),
     {{0}},
     "s.yaml:1:68: found unknown parameter \"opr\" in when; did you mean \"opt\"? known: opt, x"},
    {"when with a value that is none",
     LITERAL(
         "parameters: {opt: {values: [adam, sgd]}, x: {min: 0.0, max: 1.0, when: {opt: adma}}}\n"),
     {{0}},
     "s.yaml:1:78: when: parameter \"opt\" (categorical): found \"adma\", expected one of adam, "
     "sgd; did "
     "you mean \"adam\"?"},
    {"when outside the range",
     LITERAL("parameters: {n: {min: 1, max: 4}, x: {min: 0.0, max: 1.0, when: {n: [2, 9]}}}\n"),
     {{0}},
     "s.yaml:1:73: when: parameter \"n\": 9 is outside 1 to 4"},
    {"when is empty",
     LITERAL("parameters: {n: {min: 1, max: 4}, x: {min: 0.0, max: 1.0, when: {}}}\n"),
     {{0}},
     "s.yaml:1:65: when: found an empty mapping, expected parameters and their values"},
    {"when without values",
     LITERAL("parameters: {n: {min: 1, max: 4}, x: {min: 0.0, max: 1.0, when: {n: []}}}\n"),
     {{0}},
     "s.yaml:1:69: when: found an empty list, expected values of \"n\""},
    {"when is a number",
     LITERAL("parameters: {n: {min: 1, max: 4}, x: {min: 0.0, max: 1.0, when: 3}}\n"),
     {{0}},
     "s.yaml:1:65: when: found 3, expected a mapping as in {optimizer: sgd} or an expression in "
     "quotes"},
    {"when is a broken expression",
     LITERAL("parameters: {n: {min: 1, max: 4}, x: {min: 0.0, max: 1.0, when: 'n >'}}\n"),
     {{0}},
     "s.yaml:1:65: when: column 4: the expression ends here, expected a number, a name, a text in "
     "quotes "
     "or ("},
    {"when goes in a circle",
     LITERAL(
         "parameters: {a: {values: [1, 2], when: {b: 1}}, b: {values: [1, 2], when: {a: 1}}}\n"),
     {{0}},
     "s.yaml:1:13: the conditions form a circle: \"a\" needs \"b\", \"b\" needs \"a\"; let one of "
     "them "
     "not depend on the next"},
    {"constraints is text",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nconstraints: x < 1\n"),
     {{0}},
     "s.yaml:2:14: constraints: found the text \"x < 1\", expected a list as in [\"layers * batch "
     "<= "
     "256\"]"},
    {"a constraint is a number",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nconstraints: [3]\n"),
     {{0}},
     "s.yaml:2:15: constraint: found 3, expected an expression in quotes as in \"layers * batch <= "
     "256\""},
    {"a constraint names nothing",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nconstraints: ['y < 1']\n"),
     {{0}},
     "s.yaml:2:15: constraint: column 1: unknown name \"y\"; known: x"},
    {"a constraint is broken",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nconstraints: ['x + ']\n"),
     {{0}},
     "s.yaml:2:15: constraint: column 5: the expression ends here, expected a number, a name, a "
     "text in "
     "quotes or ("},
    {"a constraint is no condition",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nconstraints: ['x + 1']\n"),
     {{0}},
     "s.yaml:2:15: constraint: column 1: found a number, expected a comparison, or and, or, not of "
     "comparisons"},
    {"constraints that name nothing, among other faults",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}, y: {min: 0, max: 9, when: 'z > 1'}}\n"
             "budget: {trials: 0}\nconstraints: ['x <', 'a < y', 'x < b']\n"),
     {{0}},
     "s.yaml:1:65: when: column 1: unknown name \"z\"; known: x, y\n"
     "s.yaml:2:18: trials: found \"0\", expected a value from 1 to 9007199254740992\n"
     "s.yaml:3:15: constraint: column 4: the expression ends here, expected a number, a name, a "
     "text in quotes or (\n"
     "s.yaml:3:22: constraint: column 1: unknown name \"a\"; known: x, y\n"
     "s.yaml:3:31: constraint: column 5: unknown name \"b\"; known: x, y"},
    {"constraints that nothing satisfies",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nconstraints: ['x > 2']\n"),
     {{0}},
     "s.yaml:1:13: no feasible configuration was found: 0 of 100000 random configurations "
     "satisfied the "
     "constraints; \"x > 2\" was false in 100 % of them"},
    {"log_uniform of values, not exponents",
     LITERAL("parameters: {x: {distribution: log_uniform, min: 1, max: 1000}}\n"),
     {{0}},
     "s.yaml:1:50: log_uniform: found exponents from 1 to 1000, expected exponents of e as -9.2 "
     "for "
     "0.0001; for the values themselves write log_uniform_values"},
    {"log_uniform without an end",
     LITERAL("parameters: {x: {distribution: log_uniform, min: -9.2}}\n"),
     {{0}},
     "s.yaml:1:17: log_uniform: found no max, expected one, an exponent of e"},
    {"normal without spread",
     LITERAL("parameters: {x: {distribution: normal, mu: 2, sigma: 0}}\n"),
     {{0}},
     "s.yaml:1:54: normal: found mu 2 and sigma 0, expected sigma above 0 and finite numbers"},
    {"normal with a bound that is none",
     LITERAL("parameters: {x: {distribution: normal, min: [1], max: 3}}\n"),
     {{0}},
     "s.yaml:1:45: min: found a list, expected a single value"},
    {"log_normal of the value's own mu",
     LITERAL("parameters: {x: {distribution: log_normal, mu: 1000, sigma: 10}}\n"),
     {{0}},
     "s.yaml:1:61: log_normal: found mu 1000 and sigma 10, expected sigma above 0 and both of the "
     "logarithm"},
    {"beta",
     LITERAL("parameters: {x: {distribution: beta, a: 1, b: 1}}\n"),
     {{0}},
     "s.yaml:1:32: distribution: found beta, which has no even shape, expected a range; write min "
     "and max, and a prior for where good values are likely"},
    {"distribution unknown",
     LITERAL("parameters: {x: {distribution: log_unifrm_values, min: 1.0, max: 2.0}}\n"),
     {{0}},
     "s.yaml:1:32: found unknown distribution \"log_unifrm_values\"; did you mean "
     "\"log_uniform_values\"? "
     "known: constant, categorical, categorical_w_probabilities, int_uniform, uniform, q_uniform, "
     "log_uniform_values, q_log_uniform_values, inv_log_uniform_values, log_uniform, "
     "q_log_uniform, "
     "inv_log_uniform, normal, q_normal, log_normal, q_log_normal, beta, q_beta"},
    {"q of 0",
     LITERAL("parameters: {x: {distribution: q_uniform, q: 0, min: 1.0, max: 2.0}}\n"),
     {{0}},
     "s.yaml:1:46: q: found 0, expected a number above 0"},
    {"objective of no kind",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nobjective: {dataset: d}\n"),
     {{0}},
     "s.yaml:2:12: objective: found no kind of objective, expected one of the keys function, "
     "train, "
     "command"},
    {"objective of two kinds",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nobjective: {function: f, train: mlp}\n"),
     {{0}},
     "s.yaml:2:26: found the objective \"train\" beside \"function\", expected one; remove the "
     "other"},
    {"objective is text",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nobjective: mlp\n"),
     {{0}},
     "s.yaml:2:12: objective: found the text \"mlp\", expected a mapping of names and values"},
    {"objective with an unknown option",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nobjective: {function: f, dely: 3s}\n"),
     {{0}},
     "s.yaml:2:26: objective: unknown option \"dely\": did you mean \"delay\"? known options: "
     "function, "
     "delay, noise"},
    {"objective with a bad option",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nobjective: {function: f, delay: 3}\n"),
     {{0}},
     "s.yaml:2:33: objective: delay: found \"3\", expected a time with its unit (d, h, m, s, ms), "
     "as in "
     "\"90s\" or \"1h30m\": a number alone does not say which"},
    {"trainer without the option",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nobjective: {train: mlp, rat: 3}\n"),
     {{0}},
     "s.yaml:2:25: objective: trainer mlp has no \"rat\""},
    {"trainer with a bad option",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nobjective: {rate: fast, train: mlp}\n"),
     {{0}},
     "s.yaml:2:19: objective: rate: found \"fast\", expected a number"},
    {"command as a shell line",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nobjective: {command: python3 train.py}\n"),
     {{0}},
     "s.yaml:2:22: command: found \"python3 train.py\", expected a list of arguments as in "
     "[python3, "
     "train.py, \"${args}\"]; no shell is used"},
    {"command is empty",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nobjective: {command: []}\n"),
     {{0}},
     "s.yaml:2:22: command: found an empty list, expected the program and its arguments"},
    {"command with a list inside",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nobjective: {command: [a, [b]]}\n"),
     {{0}},
     "s.yaml:2:26: argument 2 of command: found a list, expected a single value"},
    {"objective that does not suit the space",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nobjective: {function: branin}\n"),
     {{0}},
     "s.yaml:2:12: objective: function branin has 2 parameters, found 1"},
    {"method unknown",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nmethod: {name: randm}\nbudget: {trials: 9}\n"),
     {{0}},
     "s.yaml:2:16: found unknown method \"randm\"; did you mean \"random\"? known: ambs, random"},
    {"method of W&B in a study of ours",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nmethod: bayes\nbudget: {trials: 9}\n"),
     {{0}},
     "s.yaml:2:9: found unknown method \"bayes\"; known: ambs, random"},
    {"method is a list",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nmethod: [random]\n"),
     {{0}},
     "s.yaml:2:9: method: found a list, expected a mapping of names and values"},
    {"method with an unknown option",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nmethod: {name: ambs, kapa: 1}\n"),
     {{0}},
     "s.yaml:2:22: method: unknown option \"kapa\": did you mean \"kappa\"? known options: kappa, "
     "initial.design, initial.points"},
    {"method with an option out of range",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nmethod: {name: ambs, kappa: 1000}\n"),
     {{0}},
     "s.yaml:2:29: kappa: found \"1000\", expected a value from 0 to 100"},
    {"method with an option below another",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nmethod: {initial: {desgn: lhs}}\n"),
     {{0}},
     "s.yaml:2:20: method: unknown option \"initial.desgn\": did you mean \"initial.design\"? "
     "known "
     "options: kappa, initial.design, initial.points"},
    {"method with a bad choice",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nmethod: {initial: {design: grid}}\n"),
     {{0}},
     "s.yaml:2:28: initial.design: found \"grid\", expected one of lhs, sobol"},
    {"method with text for a group",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nmethod: {initial: lhs}\n"),
     {{0}},
     "s.yaml:2:19: initial: found the text \"lhs\", expected a mapping of options"},
    {"method without options",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nmethod: {name: random, kappa: 1}\n"),
     {{0}},
     "s.yaml:2:24: method: unknown option \"kappa\": there are none here"},
    {"method refuses the budget",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nmethod: {name: ambs}\nbudget: {trials: 9}\n"),
     {{0}},
     "s.yaml:2:9: initial.points: found 20, expected at most the 9 trials of the budget"},
    {"a point with an unknown name",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nmethod: {initial: {points: [{y: 1}]}}\n"),
     {{0}},
     "s.yaml:2:30: found \"y\" in a point, which is no parameter of this study"},
    {"a point outside",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nmethod: {initial: {points: [{x: 2.0}]}}\n"),
     {{0}},
     "s.yaml:2:33: parameter \"x\": 2 is outside 0 to 1"},
    {"a point twice",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nmethod: {initial: {points: [{x: 0.5}, {x: "
             "0.5}]}}\n"),
     {{0}},
     "s.yaml:2:39: found the same point as number 1 of the list, expected each once"},
    {"a point is a number",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nmethod: {initial: {points: [3]}}\n"),
     {{0}},
     "s.yaml:2:29: a point: found 3, expected a mapping of names and values"},
    {"a point gives an inactive one",
     LITERAL("parameters: {o: {values: [a, b]}, x: {min: 0.0, max: 1.0, when: {o: a}}}\nmethod: "
             "{initial: {points: [{o: b, x: 0.5}]}}\n"),
     {{0}},
     "s.yaml:2:36: found a value for \"x\", which is inactive in this point (when o == a); remove "
     "it"},
    {"a point against a constraint",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nconstraints: ['x < 0.3']\nmethod: {initial: "
             "{points: [{x: 0.5}]}}\n"),
     {{0}},
     "s.yaml:3:29: point: the constraint \"x < 0.3\" is false"},
    {"space and parameters",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nspace: s.json\n"),
     {{0}},
     "s.yaml:2:8: found both \"space\" and \"parameters\", expected one of them; remove the other"},
    {"space is missing",
     LITERAL("space: no/such.json\n"),
     {{0}},
     "s.yaml:1:8: space: no/such.json: there is no such file; check the path"},
    {"W&B sweep beside an objective",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nprogram: a.py\nobjective: {function: f}\n"),
     {{0}},
     "s.yaml:3:1: found the section \"objective\" beside W&B's \"program\", expected one of them; "
     "remove "
     "the other"},
    {"W&B command without the program",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\ncommand: ['${interpreter}', '${program}']\n"),
     {{0}},
     "s.yaml:2:29: command: found ${program}, but there is no key \"program\""},
    {"W&B command with a variable of the environment",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\ncommand: [a.py, '${envvar:HOME}']\n"),
     {{0}},
     "s.yaml:2:17: command: found ${envvar:HOME}, which ambs cannot fill in; the program finds the "
     "variable in its environment"},
    {"W&B command as text",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\ncommand: python a.py\n"),
     {{0}},
     "s.yaml:2:10: command: found the text \"python a.py\", expected a list of arguments"},
    {"W&B method unknown",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nprogram: a.py\nmethod: bays\n"),
     {{0}},
     "s.yaml:3:9: found unknown method \"bays\"; known: ambs, random"},
    {"W&B run_cap of 0",
     LITERAL("parameters: {x: {min: 0.0, max: 1.0}}\nprogram: a.py\nrun_cap: 0\n"),
     {{0}},
     "s.yaml:3:10: trials: found \"0\", expected a value from 1 to 9007199254740992"},
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
    {"ConfigSpace file that is a list",
     LITERAL("space: s.json\n# ambs added what follows: settings of the command line, files that "
             "were named\n# --space []\n"),
     {{0}},
     "s.json:1:1: ConfigSpace file: found a list, expected a mapping of names and values"},
    {"ConfigSpace file of something else",
     LITERAL("space: s.json\n# ambs added what follows: settings of the command line, files that "
             "were named\n# --space {\"a\": 1}\n"),
     {{0}},
     "s.json:1:1: found no \"hyperparameters\" here, expected one; is this a ConfigSpace file?"},
    {"ConfigSpace file that is cut",
     LITERAL("space: s.json\n# ambs added what follows: settings of the command line, files that "
             "were named\n# --space {\"hyperparameters\": [\n"),
     {{0}},
     "s.json:2:1: broken YAML: did not find expected node content; check the line"},
    {"ConfigSpace hyperparameter without name",
     LITERAL(
         "space: s.json\n# ambs added what follows: settings of the command line, files that were "
         "named\n# --space {\"hyperparameters\": [{\"type\": \"constant\", \"value\": 1}]}\n"),
     {{0}},
     "s.json:1:22: found no \"name\" here, expected one; is this a ConfigSpace file?"},
    {"ConfigSpace hyperparameter without type",
     LITERAL("space: s.json\n# ambs added what follows: settings of the command line, files that "
             "were named\n# --space {\"hyperparameters\": [{\"name\": \"a\"}]}\n"),
     {{0}},
     "s.json:1:22: found no \"type\" here, expected one; is this a ConfigSpace file?"},
    {"ConfigSpace hyperparameter without bound",
     LITERAL("space: s.json\n# ambs added what follows: settings of the command line, files that "
             "were named\n# --space {\"hyperparameters\": [{\"name\": \"a\", \"type\": "
             "\"uniform_int\", \"lower\": 1}]}\n"),
     {{0}},
     "s.json:1:22: found no \"upper\" here, expected one; is this a ConfigSpace file?"},
    {"ConfigSpace beta distribution",
     LITERAL("space: s.json\n# ambs added what follows: settings of the command line, files that "
             "were named\n# --space {\"hyperparameters\": [{\"name\": \"a\", \"type\": "
             "\"beta_float\", \"alpha\": 1, \"beta\": 1}]}\n"),
     {{0}},
     "s.json:1:44: type: found \"beta_float\", expected one of uniform_float, uniform_int, "
     "normal_float, normal_int, categorical, ordinal, constant; a beta distribution has no "
     "counterpart here: write a range"},
    {"ConfigSpace normal distribution over decades",
     LITERAL("space: s.json\n# ambs added what follows: settings of the command line, files that "
             "were named\n# --space {\"hyperparameters\": [{\"name\": \"a\", \"type\": "
             "\"normal_float\", \"log\": true}]}\n"),
     {{0}},
     "s.json:1:67: log: found a normal distribution on a logarithmic scale, whose mu and sigma "
     "differ between versions of ConfigSpace; write a uniform one here, or parameters with a prior "
     "into the study file"},
    {"ConfigSpace hyperparameter twice",
     LITERAL("space: s.json\n# ambs added what follows: settings of the command line, files that "
             "were named\n# --space {\"hyperparameters\": [{\"name\": \"a\", \"type\": "
             "\"uniform_float\", \"lower\": 0, \"upper\": 1}, {\"name\": \"a\", \"type\": "
             "\"uniform_float\", \"lower\": 0, \"upper\": 1}]}\n"),
     {{0}},
     "s.json:1:86: found the hyperparameter \"a\" again, expected each once"},
    {"ConfigSpace weight that is text",
     LITERAL("space: s.json\n# ambs added what follows: settings of the command line, files that "
             "were named\n# --space {\"hyperparameters\": [{\"name\": \"a\", \"type\": "
             "\"categorical\", \"choices\": [1, 2], \"weights\": [\"x\", 1]}]}\n"),
     {{0}},
     "s.json:1:90: weights: found the text \"x\", expected a number"},
    {"ConfigSpace condition of nothing",
     LITERAL("space: s.json\n# ambs added what follows: settings of the command line, files that "
             "were named\n# --space {\"hyperparameters\": [{\"name\": \"a\", \"type\": "
             "\"uniform_float\", \"lower\": 0, \"upper\": 1}], \"conditions\": [{\"child\": \"b\", "
             "\"parent\": \"a\", \"type\": \"EQ\", \"value\": 1}]}\n"),
     {{0}},
     "s.json:1:102: found a condition of \"b\", which is no hyperparameter of this file"},
    {"ConfigSpace condition of an unknown kind",
     LITERAL("space: s.json\n# ambs added what follows: settings of the command line, files that "
             "were named\n# --space {\"hyperparameters\": [{\"name\": \"a\", \"type\": "
             "\"uniform_float\", \"lower\": 0, \"upper\": 1}], \"conditions\": [{\"child\": \"a\", "
             "\"parent\": \"a\", \"type\": \"NOT\", \"value\": 1}]}\n"),
     {{0}},
     "s.json:1:140: type: found \"NOT\", expected one of EQ, NEQ, IN, GT, LT, AND, OR, EQUALS, "
     "RELATION_LT, RELATION_EQ, RELATION_GT"},
    {"ConfigSpace condition with a parent that is missing",
     LITERAL("space: s.json\n# ambs added what follows: settings of the command line, files that "
             "were named\n# --space {\"hyperparameters\": [{\"name\": \"a\", \"type\": "
             "\"uniform_float\", \"lower\": 0, \"upper\": 1}], \"conditions\": [{\"child\": \"a\", "
             "\"parent\": \"b\", \"type\": \"IN\", \"values\": [1]}]}\n"),
     {{0}},
     "s.json:1:102: found unknown parameter \"b\" in when; known: a"},
    {"ConfigSpace second condition",
     LITERAL(
         "space: s.json\n# ambs added what follows: settings of the command line, files that were "
         "named\n# --space {\"hyperparameters\": [{\"name\": \"a\", \"type\": \"uniform_float\", "
         "\"lower\": 0, \"upper\": 1}, {\"name\": \"b\", \"type\": \"constant\", \"value\": 1}], "
         "\"conditions\": [{\"child\": \"a\", \"parent\": \"b\", \"type\": \"EQ\", \"value\": 1}, "
         "{\"child\": \"a\", \"parent\": \"b\", \"type\": \"NEQ\", \"value\": 2}]}\n"),
     {{0}},
     "s.json:1:206: found a second condition of \"a\", expected one; join them by AND"},
    {"ConfigSpace forbidden clause of an unknown relation",
     LITERAL("space: s.json\n# ambs added what follows: settings of the command line, files that "
             "were named\n# --space {\"hyperparameters\": [{\"name\": \"a\", \"type\": "
             "\"uniform_float\", \"lower\": 0, \"upper\": 1}], \"forbiddens\": [{\"type\": "
             "\"RELATION\", \"left\": \"a\", \"right\": \"a\", \"lambda\": \"CALLABLE\"}]}\n"),
     {{0}},
     "s.json:1:102: found the relation \"CALLABLE\", expected less, equal or greater"},
    {"ConfigSpace conditions that are no list",
     LITERAL("space: s.json\n# ambs added what follows: settings of the command line, files that "
             "were named\n# --space {\"hyperparameters\": [{\"name\": \"a\", \"type\": "
             "\"uniform_float\", \"lower\": 0, \"upper\": 1}], \"conditions\": 3}\n"),
     {{0}},
     "s.json:1:101: conditions: found 3, expected a list"},
};

static void each_wrong_study_gets_its_exact_message(void **state)
{
    (void)state;
    size_t n_bad = 0;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        ambs_spec *spec = NULL;
        ambs_error err = {0};
        int rc = ambs_spec_parse(table[i].text, table[i].length, "s.yaml", table[i].setting,
                                 table[i].setting[0].path ? 1 : 0, &spec, &err);
        if (rc == AMBS_E_INVALID && !spec && strcmp(err.text, table[i].message) == 0) continue;
        print_message("# %s: code %d\n#   found    %s\n#   expected %s\n", table[i].what, rc,
                      err.text, table[i].message);
        ambs_spec_destroy(spec);
        n_bad++;
    }
    assert_int_equal(n_bad, 0);
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
