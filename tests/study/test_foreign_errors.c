/* SPDX-License-Identifier: MIT */
/* What is wrong in W&B's sweeps and ConfigSpace's files, with the exact text that a user reads. */
#include "wrong_study.h"

static const wrong table[] = {
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

static void each_wrong_file_of_others_gets_its_exact_message(void **state)
{
    (void)state;
    assert_exact_messages(table, sizeof table / sizeof table[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_wrong_file_of_others_gets_its_exact_message)};
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("wrong files of other programs", tests, NULL, NULL);
}
