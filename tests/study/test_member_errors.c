/* SPDX-License-Identifier: MIT */
/* What is wrong in the sections objective and method, with the exact text that a user reads. */
#include "wrong_study.h"

static const wrong table[] = {
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
};

static void each_wrong_member_gets_its_exact_message(void **state)
{
    (void)state;
    assert_exact_messages(table, sizeof table / sizeof table[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_wrong_member_gets_its_exact_message)};
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("wrong objectives and methods", tests, NULL, NULL);
}
