/* SPDX-License-Identifier: MIT */
/* Studies that are read: every field, every format, the record, resume. The files and what `ambs
 * check` shows of them stand in data/. AMBS_WRITE_GOLDEN=1 in the environment writes the .check
 * files anew. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "failing_alloc.h"
#include "objective/objective.h"
#include "search/method.h"
#include "study/spec.h"

static ambs_spec *parse(const char *text, const ambs_setting *settings, size_t n)
{
    ambs_spec *spec = NULL;
    ambs_error err = {0};
    if (ambs_spec_parse(text, strlen(text), "folder/s.yaml", settings, n, &spec, &err) != AMBS_OK)
        fail_msg("%s", err.text);
    return spec;
}

static ambs_spec *read_data(const char *name)
{
    char path[512];
    ambs_spec *spec = NULL;
    ambs_error err = {0};
    snprintf(path, sizeof path, "%s/%s.yaml", AMBS_TEST_DATA, name);
    if (ambs_spec_read(path, NULL, 0, &spec, &err) != AMBS_OK) fail_msg("%s", err.text);
    return spec;
}

static void the_least_study_has_every_default(void **state)
{
    (void)state;
    ambs_spec *s = parse("parameters: {x: {min: 0.0, max: 1.0}}\n", NULL, 0);
    assert_string_equal(s->file, "folder/s.yaml");
    assert_string_equal(s->name, "s");
    assert_string_equal(s->metric, "objective");
    assert_int_equal(s->seed, 0);
    assert_int_equal(s->goal, AMBS_MINIMIZE);
    assert_true(isnan(s->target) && isnan(s->budget.time_s) && isnan(s->trial.memory_bytes) &&
                isnan(s->trial.timeout_s));
    assert_null(s->objective);
    assert_null(s->argv);
    assert_null(s->initial_points);
    assert_string_equal(s->method->member.name, "ambs");
    assert_int_equal(s->budget.trials, 0);
    assert_int_equal(s->budget.failures_total, 0);
    assert_int_equal(s->budget.failures_in_row, 20);
    assert_int_equal(s->trial.ranks, 1);
    assert_int_equal(s->trial.cores, 1);
    assert_int_equal(s->trial.gpus, 0);
    assert_int_equal(s->trial.attempts, 2);
    assert_true(s->trial.grace_s == 5);
    assert_int_equal(s->durability, AMBS_DURABILITY_GROUP);
    assert_int_equal(s->manager.slots, AMBS_SLOTS_BY_RULE);
    assert_true(s->manager.heartbeat_s == 5 && s->manager.suspect_s == 60 &&
                s->manager.timeout_s == 300 && s->manager.snapshot_s == 30);
    assert_int_equal(s->surrogate.ranks, 0);
    assert_true(s->surrogate.time_limit_s == 60);
    assert_int_equal(s->n_notes, 0);
    assert_int_equal(ambs_space_dimension(ambs_spec_space(s)), 1);
    ambs_spec_destroy(s);
}

static void destroying_nothing_is_allowed(void **state)
{
    (void)state;
    ambs_spec_destroy(NULL);
}

static void every_section_comes_into_its_fields(void **state)
{
    (void)state;
    ambs_spec *s = read_data("digits");
    ambs_goal goal;
    assert_string_equal(s->name, "digits");
    assert_int_equal(s->seed, 7);
    assert_string_equal(ambs_spec_metric(s, &goal), "validation_error");
    assert_int_equal(goal, AMBS_MINIMIZE);
    assert_true(s->target == 0.02);
    assert_string_equal(s->objective->member.name, "train");
    assert_int_equal(s->n_objective_settings, 2);
    assert_string_equal(s->objective_settings[1].name, "rate");
    assert_string_equal(s->objective_settings[1].value, "0.5");
    assert_int_equal(s->budget.trials, 500);
    assert_true(s->budget.time_s == 11.5 * 3600);
    assert_int_equal(s->budget.failures_total, 100);
    assert_int_equal(s->trial.cores, 4);
    assert_true(s->trial.timeout_s == 1200 && s->trial.grace_s == 30);
    assert_int_equal(s->trial.attempts, 3);
    assert_int_equal(s->manager.slots, 1);
    assert_true(s->manager.heartbeat_s == 2 && s->manager.suspect_s == 20 &&
                s->manager.timeout_s == 60 && s->manager.snapshot_s == 10);
    assert_int_equal(s->durability, AMBS_DURABILITY_RESULT);
    ambs_spec_destroy(s);
}

static void ranks_of_the_model_have_a_limit_and_a_beginning(void **state)
{
    (void)state;
    ambs_spec *s = parse("parameters: {x: {min: 0.0, max: 1.0}}\n"
                         "surrogate: {ranks: 2, from: 500, time_limit: 5m}\n",
                         NULL, 0);
    ambs_text out = {0};
    assert_int_equal(s->surrogate.ranks, 2);
    assert_int_equal(s->surrogate.from, 500);
    assert_true(s->surrogate.time_limit_s == 300);
    ambs_spec_print(s, "s.h5", &out);
    assert_non_null(strstr(
        out.text, "the model's  2 ranks, from 500 results on, up to 5 min 00 s an answer\n"));
    ambs_text_fini(&out);
    ambs_spec_destroy(s);
}

static void a_command_is_a_list_of_arguments_as_written(void **state)
{
    (void)state;
    static const char *const expected[] = {"python3", "train.py", "--lr=${lr}", "${args}",
                                           "3",       "true",     NULL};
    ambs_spec *s = read_data("kinds");
    assert_string_equal(s->objective->member.name, "command");
    for (size_t i = 0; expected[i]; i++) assert_string_equal(s->argv[i], expected[i]);
    assert_null(s->argv[6]);
    ambs_spec_destroy(s);
}

static const ambs_parameter *find(const ambs_spec *s, const char *name)
{
    int i = ambs_space_find(s->space, name);
    assert_true(i >= 0);
    return ambs_space_parameter(s->space, (size_t)i);
}

static void a_prior_is_read_in_the_parameters_own_scale(void **state)
{
    (void)state;
    ambs_spec *s = parse(
        "parameters:\n"
        "  a: {min: -2.0, max: 2.0, prior: {normal: {mean: 1.0, sd: 0.5}}}\n"
        "  b: {min: 1e-5, max: 1e-1, scale: log, prior: {normal: {mean: 1e-3, sd: 0.5}}}\n"
        "  c: {min: 0.9, max: 0.999, scale: reverse_log, prior: {normal: {mean: 0.99, sd: 1}}}\n"
        "  d: {min: 1, max: 8, prior: {normal: {mean: 3.5, sd: 2}}}\n"
        "  e: {values: [16, 32, 64, 128], prior: {normal: {mean: 64, sd: 1}}}\n"
        "  f: {values: [u, v], prior: {weights: [1, 3]}}\n"
        "  g: {min: 0.0, max: 1.0, prior: {normal: {mean: 0.2}}}\n"
        "  h: {min: 0.0, max: 1.0, prior: {normal: {mean: 0.2, confidence: high}}}\n",
        NULL, 0);
    assert_true(find(s, "a")->prior.spread == 0.125 && find(s, "a")->prior.center == 1);
    assert_true(fabs(find(s, "b")->prior.spread - 0.125) < 1e-15); /* half of four decades */
    assert_true(fabs(find(s, "c")->prior.spread - 0.5) < 1e-12);   /* one of two */
    assert_true(find(s, "d")->prior.spread == 0.25);               /* two of eight values */
    assert_true(find(s, "e")->prior.spread == 0.25 && find(s, "e")->prior.center == 2);
    assert_true(find(s, "f")->prior.weights[1] == 3 && find(s, "f")->prior.spread == 0);
    assert_true(find(s, "g")->prior.spread == 0.25);
    assert_true(find(s, "h")->prior.spread == 0.125);
    ambs_spec_destroy(s);
}

static void a_normal_distribution_of_configspace_is_a_prior(void **state)
{
    (void)state;
    ambs_spec *s = parse("space: s.json\n"
                         "# ambs added what follows: settings of the command line, files that were "
                         "named\n"
                         "# --space {\"hyperparameters\": [{\"name\": \"a\", \"type\": "
                         "\"normal_float\", \"lower\": 0.0, \"upper\": 10.0, \"mu\": 2.5, "
                         "\"sigma\": 1.0, \"log\": false}]}\n",
                         NULL, 0);
    assert_int_equal(find(s, "a")->type, AMBS_PARAMETER_FLOAT);
    assert_true(find(s, "a")->prior.center == 2.5 && find(s, "a")->prior.spread == 0.1);
    ambs_spec_destroy(s);
}

static void a_configspace_file_may_hold_colons_and_any_character(void **state)
{
    (void)state;
    ambs_spec *s = parse(
        "space: s.json\n"
        "# ambs added what follows: settings of the command line, files that were named\n"
        "# --space {\"hyperparameters\":[{\"type\":\"categorical\",\"name\":\"model:__choice__\","
        "\"choices\":[\"\\uD83D\\ude00\",\"a\\/"
        "b\",\"\\\\ud83d\",\"\\u00e9\"]},{\"type\":\"uniform_int\","
        "\"name\":\"model:n\",\"lower\":1,\"upper\":9}],\"conditions\":[{\"child\":\"model:n\","
        "\"parent\":\"model:__choice__\",\"type\":\"EQ\",\"value\":\"a\\/b\"}],\"forbiddens\":["
        "{\"type\":\"EQUALS\",\"name\":\"model:n\",\"value\":3}]}\n",
        NULL, 0);
    const ambs_parameter *model = find(s, "model:__choice__");
    static const char *const values[] = {"\xF0\x9F\x98\x80", "a/b", "\\ud83d", "\xC3\xA9"};
    assert_int_equal(model->n_levels, 4);
    for (size_t i = 0; i < 4; i++) assert_string_equal(model->levels[i].text, values[i]);
    double x[2];
    assert_int_equal(ambs_space_parse(s->space, 0, "a/b", &x[0], NULL), AMBS_OK);
    for (x[1] = 3; x[1] < 5; x[1]++)
        assert_true(ambs_space_contains(s->space, x, NULL) == (x[1] == 4));
    ambs_spec_destroy(s);
}

static void a_sweep_may_give_exponents_and_normal_distributions(void **state)
{
    (void)state;
    ambs_spec *s =
        parse("program: train.py\n"
              "command: [\"${program}\", \"${args_no_boolean_flags}\", \"${args_json}\", "
              "\"${args_no_hyphens}\"]\n"
              "parameters:\n"
              "  a: {distribution: log_uniform, min: -9.25, max: -2}\n"
              "  b: {distribution: inv_log_uniform, min: 1, max: 2.5}\n"
              "  c: {distribution: q_log_uniform, min: 0, max: 5.0, q: 8}\n"
              "  d: {distribution: normal, mu: 1, sigma: 0.5}\n"
              "  e: {distribution: log_normal, mu: -3, sigma: 1}\n"
              "  f: {distribution: q_normal, mu: 100, sigma: 10, q: 5, min: 90, max: 140}\n"
              "  g: {distribution: normal}\n",
              NULL, 0);
    assert_true(find(s, "a")->min == exp(-9.25) && find(s, "a")->max == exp(-2));
    assert_int_equal(find(s, "a")->scale, AMBS_SCALE_LOG);
    assert_true(find(s, "b")->min == exp(-2.5) && find(s, "b")->max == exp(-1));
    assert_int_equal(find(s, "c")->type, AMBS_PARAMETER_INT);
    assert_true(find(s, "c")->min == 8 && find(s, "c")->max == 152); /* e^5 is 148.4 */
    assert_true(find(s, "d")->min == -0.5 && find(s, "d")->max == 2.5);
    assert_true(find(s, "d")->prior.center == 1 &&
                fabs(find(s, "d")->prior.spread - 1.0 / 6) < 1e-15);
    assert_true(find(s, "e")->min == exp(-6) && find(s, "e")->max == 1);
    assert_true(fabs(log(find(s, "e")->prior.center) + 3) < 1e-15 &&
                fabs(find(s, "e")->prior.spread - 1.0 / 6) < 1e-12);
    assert_true(find(s, "f")->min == 90 && find(s, "f")->max == 140 && find(s, "f")->step == 5);
    assert_int_equal(find(s, "f")->type, AMBS_PARAMETER_INT);
    assert_true(find(s, "g")->min == -3 && find(s, "g")->max == 3);
    static const char *const argv[] = {"train.py",     "${args_no_boolean_flags}",
                                       "${args_json}", "a=${a}",
                                       "b=${b}",       "c=${c}",
                                       "d=${d}",       "e=${e}",
                                       "f=${f}",       "g=${g}"};
    for (size_t i = 0; i < sizeof argv / sizeof *argv; i++)
        assert_string_equal(s->argv[i], argv[i]);
    assert_null(s->argv[10]);
    ambs_spec_destroy(s);
}

static void another_prior_is_another_study(void **state)
{
    (void)state;
    ambs_spec *a = parse("parameters: {x: {min: 0.0, max: 1.0, prior: {normal: {mean: 0.25}}}}\n",
                         NULL, 0),
              *b = parse("parameters: {x: {min: 0.0, max: 1.0}}\n", NULL, 0);
    ambs_error err = {0};
    assert_int_equal(ambs_spec_check_resume(a, b, &err), AMBS_E_MISMATCH);
    assert_string_equal(err.text,
                        "parameters.x: float 0 to 1, linear, prior around 0.25 by 0.25 in the "
                        "study, float 0 to 1, linear in the file");
    assert_true(ambs_spec_digest(a) != ambs_spec_digest(b));
    ambs_spec_destroy(a);
    ambs_spec_destroy(b);
}

static void the_way_numbers_are_written_gives_the_type(void **state)
{
    (void)state;
    ambs_spec *s = read_data("kinds");
    assert_int_equal(find(s, "lr")->type, AMBS_PARAMETER_FLOAT); /* 1e-5 to 1 */
    assert_int_equal(find(s, "whole")->type, AMBS_PARAMETER_INT);
    assert_int_equal(find(s, "tenth")->type, AMBS_PARAMETER_FLOAT); /* 0 to 1 by 0.1 */
    assert_int_equal(find(s, "wide")->type, AMBS_PARAMETER_FLOAT);
    assert_int_equal(find(s, "powers")->type, AMBS_PARAMETER_ORDINAL);
    assert_int_equal(find(s, "kernels")->type, AMBS_PARAMETER_CATEGORICAL);
    assert_int_equal(find(s, "mixed")->type, AMBS_PARAMETER_CATEGORICAL);
    assert_int_equal(find(s, "mixed")->levels[1].kind, AMBS_VALUE_INT);
    assert_int_equal(find(s, "mixed")->levels[2].kind, AMBS_VALUE_FLOAT);
    assert_int_equal(find(s, "mixed")->levels[3].kind, AMBS_VALUE_BOOL);
    assert_int_equal(find(s, "no")->levels[3].kind, AMBS_VALUE_STRING); /* "true" in quotes */
    assert_int_equal(find(s, "flag")->levels[1].kind, AMBS_VALUE_BOOL);
    assert_true(find(s, "flag")->initial == 1);
    assert_true(find(s, "weighed")->initial == 1);
    assert_true(fabs(find(s, "weighed")->probabilities[2] - 0.2) < 1e-15);
    assert_int_equal(find(s, "keep")->scale, AMBS_SCALE_REVERSE_LOG);
    assert_int_equal(find(s, "mix")->scale, AMBS_SCALE_LOGIT);
    assert_int_equal(find(s, "named")->type, AMBS_PARAMETER_INT);
    assert_true(find(s, "named")->step == 8);
    assert_int_equal(find(s, "fixed")->type, AMBS_PARAMETER_CONSTANT);
    ambs_spec_destroy(s);
}

static void own_points_are_completed_by_defaults(void **state)
{
    (void)state;
    ambs_spec *s = read_data("kinds");
    assert_int_equal(s->n_initial, 2);
    size_t d = ambs_space_dimension(s->space), child = (size_t)ambs_space_find(s->space, "child");
    const double *second = s->initial_points + d;
    assert_true(s->initial_points[child] == 0.25);
    assert_true(isnan(second[child])); /* inactive: flag is false */
    assert_true(second[ambs_space_find(s->space, "lr")] == 1e-3);
    assert_true(second[ambs_space_find(s->space, "even")] == 4); /* its default */
    ambs_spec_destroy(s);
}

/* ---- what `ambs check` shows ---------------------------------------------------------------- */

static void read_golden(const char *path, ambs_text *out)
{
    FILE *f = fopen(path, "rb");
    if (!f) fail_msg("%s cannot be opened", path);
    char block[4096];
    size_t n;
    while ((n = fread(block, 1, sizeof block, f)) > 0) ambs_text_add_bytes(out, block, n);
    fclose(f);
}

static void check_golden(const char *name)
{
    char path[512];
    ambs_text shown = {0}, golden = {0};
    ambs_spec *s = read_data(name);
    free(s->file); /* the folder of the sources differs from machine to machine */
    s->file = strdup("s.yaml");
    ambs_spec_print(s, "s.h5", &shown);
    snprintf(path, sizeof path, "%s/%s.check", AMBS_TEST_DATA, name);
    if (getenv("AMBS_WRITE_GOLDEN")) {
        FILE *f = fopen(path, "wb");
        assert_non_null(f);
        fputs(shown.text, f);
        fclose(f);
    }
    read_golden(path, &golden);
    assert_string_equal(shown.text, golden.text);
    ambs_text_fini(&shown);
    ambs_text_fini(&golden);
    ambs_spec_destroy(s);
}

static const char *const names[] = {"digits",          "kinds",           "sweep",
                                    "configspace-0.4", "configspace-1.2", "configspace-lines",
                                    "distributions"};
enum { N_NAMES = sizeof names / sizeof names[0] };

static void a_study_prints_as_understood(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_NAMES; i++) check_golden(names[i]);
}

/* ---- the record ----------------------------------------------------------------------------- */

static void the_recorded_text_alone_gives_the_same_study(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_NAMES; i++) {
        ambs_spec *first = read_data(names[i]), *again = NULL;
        ambs_error err = {0};
        /* under a name where no ConfigSpace file stands beside it */
        if (ambs_spec_parse(first->text, strlen(first->text), "elsewhere.yaml", NULL, 0, &again,
                            &err) != AMBS_OK)
            fail_msg("%s", err.text);
        assert_int_equal(ambs_spec_check_resume(first, again, &err), AMBS_OK);
        assert_true(ambs_spec_digest(first) == ambs_spec_digest(again));
        assert_string_equal(first->text, again->text);
        ambs_spec_destroy(first);
        ambs_spec_destroy(again);
    }
}

#define MARKER "# ambs added what follows: settings of the command line, files that were named\n"

static void check_recorded(const ambs_spec *s, const char *text)
{
    assert_string_equal(s->text, text);
    ambs_spec *again = parse(s->text, NULL, 0);
    ambs_error err = {0};
    assert_string_equal(again->text, text);
    if (ambs_spec_check_resume(s, again, &err) != AMBS_OK) fail_msg("%s", err.text);
    assert_true(ambs_spec_digest(s) == ambs_spec_digest(again));
    ambs_spec_destroy(again);
}

/* In quotes n line breaks are n - 1, and one with the spaces around it is a space. */
static void a_recorded_configspace_file_keeps_its_lines(void **state)
{
    (void)state;
    ambs_spec *s = parse("space: s.json\n" MARKER "# --space # by hand\r"
                         "hyperparameters:\r\n"
                         "# --space - {type: categorical, name: a, choices: [\"x\r\ry\", \"x  \n"
                         "# --space   y\"]}\n",
                         NULL, 0);
    assert_string_equal(find(s, "a")->levels[0].text, "x\ny");
    assert_string_equal(find(s, "a")->levels[1].text, "x y");
    check_recorded(s, "space: s.json\n" MARKER "# --space # by hand\n# --space hyperparameters:\n"
                      "# --space - {type: categorical, name: a, choices: [\"x\n# --space \n"
                      "# --space y\", \"x  \n# --space   y\"]}\n");
    ambs_spec_destroy(s);
}

/* The record of earlier versions: the file in one line. */
static void a_configspace_file_recorded_as_one_line_is_read(void **state)
{
    (void)state;
    static const char text[] = "space: s.json\n" MARKER
                               "# --space {   \"hyperparameters\": [     {\"type\": \"constant\", "
                               "\"name\": \"a\", \"value\": 1}   ] } \n";
    ambs_spec *s = parse(text, NULL, 0);
    check_recorded(s, text);
    ambs_spec_destroy(s);
}

static void the_last_line_is_the_same_with_a_record_behind_it(void **state)
{
    (void)state;
    static const char text[] = "parameters: {x: {min: 0.0, max: 1.0}}\n"
                               "objective:\n  command:\n  - sh\n  - -c\n  - |\n    echo ${x}";
    const ambs_setting setting = {"study.seed", "7"};
    ambs_text recorded = {0};
    ambs_spec *bare = parse(text, NULL, 0), *s = parse(text, &setting, 1);
    assert_string_equal(bare->argv[2], "echo ${x}\n");
    assert_string_equal(s->argv[2], "echo ${x}\n");
    ambs_text_addf(&recorded, "%s\n", text);
    check_recorded(bare, recorded.text);
    ambs_text_add(&recorded, MARKER "# --set study.seed=7\n");
    check_recorded(s, recorded.text);
    ambs_text_fini(&recorded);
    ambs_spec_destroy(bare);
    ambs_spec_destroy(s);
}

static void records_behind_one_another_are_one(void **state)
{
    (void)state;
    static const char own[] = "parameters: {x: {min: 0.0, max: 1.0}}\n";
    for (int i = 0; i < 4; i++) { /* either of the two with a setting or empty */
        const char *seed = i & 1 ? "# --set study.seed=7\n" : "",
                   *trials = i & 2 ? "# --set budget.trials=60\n" : "";
        ambs_text text = {0}, recorded = {0};
        ambs_text_addf(&text, "%s" MARKER "%s" MARKER "%s", own, seed, trials);
        ambs_text_addf(&recorded, "%s%s%s%s", own, i > 0 ? MARKER : "", seed, trials);
        ambs_spec *s = parse(text.text, NULL, 0);
        assert_int_equal(s->seed, i & 1 ? 7 : 0);
        assert_int_equal(s->budget.trials, i & 2 ? 60 : 0);
        check_recorded(s, recorded.text);
        ambs_text_fini(&text);
        ambs_text_fini(&recorded);
        ambs_spec_destroy(s);
    }
}

static void the_last_of_several_settings_holds(void **state)
{
    (void)state;
    const ambs_setting settings[] = {
        {"budget.trials", "60"}, {"budget.trials", "70"}, {"budget.trials", "60"}};
    ambs_spec *s = parse("parameters: {x: {min: 0.0, max: 1.0}}\n", settings, 3);
    assert_int_equal(s->budget.trials, 60);
    ambs_spec *again = parse(s->text, settings, 3); /* as recorded: not once more */
    assert_string_equal(again->text, s->text);
    ambs_spec *other = parse(s->text, settings + 1, 1);
    assert_int_equal(other->budget.trials, 70);
    ambs_spec *back = parse(other->text, settings, 1);
    assert_int_equal(back->budget.trials, 60);
    ambs_spec_destroy(s);
    ambs_spec_destroy(again);
    ambs_spec_destroy(other);
    ambs_spec_destroy(back);
}

static void a_record_is_read_where_its_objective_cannot_be(void **state)
{
    (void)state;
    static const char text[] =
        "objective: {function: branin}\nparameters: {x: {min: 0.0, max: 1.0}}\n";
    ambs_spec *s = NULL;
    ambs_error err = {0};
    assert_int_equal(ambs_spec_parse(text, strlen(text), "s.yaml", NULL, 0, &s, &err),
                     AMBS_E_INVALID);
    assert_int_equal(ambs_spec_parse_recorded(text, strlen(text), "s.yaml", &s, &err), AMBS_OK);
    assert_string_equal(s->objective->member.name, "function");
    ambs_spec_destroy(s);
}

static void settings_change_what_they_name_and_are_recorded(void **state)
{
    (void)state;
    const ambs_setting settings[] = {{"budget.trials", "60"},
                                     {"parameters.a.b.max", "9"},
                                     {"method", "{name: ambs, kappa: 3}"},
                                     {"constraints.0", "a.b > 2"},
                                     {"study.name", "'x: y'"},
                                     {"budget.trials", "70"}};
    ambs_spec *s =
        parse("parameters: {a.b: {min: 1, max: 4}}\nconstraints: [a.b > 1]", settings, 6);
    assert_int_equal(s->budget.trials, 70); /* the last one holds */
    assert_true(find(s, "a.b")->max == 9);
    assert_string_equal(s->name, "x: y");
    assert_string_equal(ambs_space_constraint_text(s->space, 0), "a.b > 2");
    assert_int_equal(s->n_settings, 6);
    assert_string_equal(
        s->text,
        "parameters: {a.b: {min: 1, max: 4}}\nconstraints: [a.b > 1]\n"
        "# ambs added what follows: settings of the command line, files that were named\n"
        "# --set budget.trials=60\n# --set parameters.a.b.max=9\n# --set method={name: ambs, "
        "kappa: 3}\n"
        "# --set constraints.0=a.b > 2\n# --set study.name='x: y'\n# --set budget.trials=70\n");
    ambs_spec *again = parse(s->text, settings, 6); /* file, text and settings too */
    assert_string_equal(again->text, s->text);
    assert_int_equal(again->n_settings, 6);
    ambs_spec_destroy(s);
    ambs_spec_destroy(again);
}

static void what_a_user_writes_behind_a_record_counts(void **state)
{
    (void)state;
    const ambs_setting setting = {"budget.trials", "60"};
    ambs_spec *s = parse("parameters: {x: {min: 0.0, max: 1.0}}\n", &setting, 1);
    ambs_text longer = {0};
    ambs_text_addf(&longer, "%sstudy: {seed: 9}\n", s->text);
    ambs_spec *more = parse(longer.text, NULL, 0);
    assert_int_equal(more->seed, 9);
    assert_int_equal(more->budget.trials, 0); /* now its lines are the user's comments */
    assert_string_equal(more->text, longer.text);
    ambs_text_fini(&longer);
    ambs_spec_destroy(s);
    ambs_spec_destroy(more);
}

/* ---- resume ---------------------------------------------------------------------------------- */

static const char resumable[] =
    "study: {seed: 7}\nobjective: {train: mlp, rate: 0.5}\n"
    "parameters: {x: {min: 0.0, max: 1.0}, o: {values: [a, b]}}\nconstraints: ['x < 0.9']\n";

static ambs_spec *with_budget(const char *trials)
{
    const ambs_setting setting = {"budget", trials};
    return parse("parameters: {x: {min: 0.0, max: 1.0}}\n", &setting, 1);
}

/* The size of an initial design hangs on the budget, so a study resumed with another budget would
 * not find its design again. */
static void the_budget_that_a_study_began_with_stays_its_plan(void **state)
{
    (void)state;
    ambs_error err = {0};
    ambs_spec *first = with_budget("{trials: 60}"), *second = with_budget("{trials: 300}"),
              *third = with_budget("{time: 1h}"), *read;
    assert_int_equal(ambs_spec_planned(first), 60);
    assert_int_equal(ambs_spec_adopt_begin(second, first, &err), AMBS_OK);
    assert_int_equal(ambs_spec_planned(second), 60);
    assert_int_equal(second->budget.trials, 300);
    read = parse(second->text, NULL, 0);
    assert_int_equal(ambs_spec_planned(read), 60);
    assert_int_equal(read->budget.trials, 300);
    assert_string_equal(read->text, second->text);
    assert_int_equal(ambs_spec_adopt_begin(third, read, &err), AMBS_OK);
    assert_int_equal(ambs_spec_planned(third), 60);
    assert_int_equal(third->budget.trials, 0);
    ambs_spec_destroy(read);
    read = parse(third->text, NULL, 0);
    assert_int_equal(ambs_spec_planned(read), 60);
    ambs_spec_destroy(read);
    ambs_spec_destroy(first);
    ambs_spec_destroy(second);
    ambs_spec_destroy(third);
}

static void check_resume(const char *path, const char *value, const char *message)
{
    ambs_error err = {0};
    const ambs_setting setting = {path, value};
    ambs_spec *was = parse(resumable, NULL, 0), *is = parse(resumable, &setting, 1);
    int rc = ambs_spec_check_resume(was, is, &err);
    if (message) {
        assert_int_equal(rc, AMBS_E_MISMATCH);
        assert_string_equal(err.text, message);
        assert_true(ambs_spec_digest(was) != ambs_spec_digest(is));
    } else {
        assert_int_equal(rc, AMBS_OK);
        assert_true(ambs_spec_digest(was) == ambs_spec_digest(is));
    }
    ambs_spec_destroy(was);
    ambs_spec_destroy(is);
}

static void limits_may_change_on_resume(void **state)
{
    (void)state;
    check_resume("budget", "{trials: 900, time: 3h}", NULL);
    check_resume("trial", "{cores: 2, timeout: 1m}", NULL);
    check_resume("manager.slots", "3", NULL);
    check_resume("durability", "result", NULL);
    check_resume("on_deadline", "{action: requeue, lives: 3}", NULL);
    check_resume("retry", "{max: 3, on: [exit]}", NULL);
    check_resume("metric.target", "0.1", NULL);
    check_resume("study.name", "other", NULL);
    check_resume("surrogate", "{ranks: 3, time_limit: 5s}", NULL);
}

static void everything_else_may_not_and_the_difference_is_shown(void **state)
{
    (void)state;
    check_resume("study.seed", "8", "seed: 7 in the study, 8 in the file");
    check_resume("metric.name", "loss", "metric.name: objective in the study, loss in the file");
    check_resume("metric.goal", "maximize",
                 "metric.goal: minimize in the study, maximize in the file");
    check_resume(
        "parameters.x.max", "2.0",
        "parameters.x: float 0 to 1, linear in the study, float 0 to 2, linear in the file");
    check_resume("parameters.o.values", "[a, c]",
                 "parameters.o: categorical a, b in the study, categorical a, c in the file");
    check_resume("parameters.y", "{value: 1}",
                 "parameters.y: absent in the study, constant 1 in the file");
    check_resume(
        "parameters.o.when", "x > 0.5",
        "parameters.o: categorical a, b in the study, categorical a, b, when x > 0.5 in the file");
    check_resume("constraints", "[]", "constraints.1: x < 0.9 in the study, absent in the file");
    check_resume("objective.rate", "0.7", "objective.rate: 0.5 in the study, 0.7 in the file");
    check_resume("method.kappa", "2", "method.kappa: 1.96 in the study, 2 in the file");
    check_resume("objective", "{command: [a, b c]}",
                 "objective.kind: train in the study, command in the file\nobjective.train: mlp in "
                 "the study, absent in the file\n"
                 "objective.rate: 0.5 in the study, absent in the file\nobjective.command: absent "
                 "in the study, a \"b c\" in the file\n"
                 "objective.command.0: absent in the study, a in the file\nobjective.command.1: "
                 "absent in the study, b c in the file");
}

/* ---- other ways to write the same ---------------------------------------------------------------
 */

static void flow_block_and_json_style_are_the_same_study(void **state)
{
    (void)state;
    static const char *const styles[] = {
        "parameters: {x: {min: 0.0, max: 1.0, scale: linear}, o: {values: [a, b]}}\n",
        "parameters:\n  x:\n    min: 0.0\n    max: 1.0\n    scale: linear\n  o:\n    values:\n    "
        "- a\n    - b\n",
        "{\"parameters\": {\"x\": {\"min\": 0.0, \"max\": 1.0, \"scale\": \"linear\"}, \"o\": "
        "{\"values\": [\"a\", \"b\"]}}}",
        "\xef\xbb\xbfparameters:\r\n  x: {min: 0.0, max: 1.0, scale: linear}\r\n  o: {values: [a, "
        "b]}\r\n",
        "%YAML 1.2\n---\nparameters: {x: &r {min: 0.0, max: 1.0, scale: linear}, o: {values: [a, "
        "b]}}\n...\n"};
    ambs_spec *first = parse(styles[0], NULL, 0);
    for (size_t i = 1; i < sizeof styles / sizeof styles[0]; i++) {
        ambs_spec *s = parse(styles[i], NULL, 0);
        assert_true(ambs_spec_digest(s) == ambs_spec_digest(first));
        ambs_spec_destroy(s);
    }
    ambs_spec_destroy(first);
}

static void an_alias_stands_for_its_anchor(void **state)
{
    (void)state;
    ambs_spec *s = parse("parameters:\n  a: &range {min: 0.0, max: 2.0}\n  b: *range\n", NULL, 0);
    assert_true(find(s, "b")->max == 2);
    ambs_spec_destroy(s);
}

static int read_once(void *ctx)
{
    const ambs_spec *whole = ctx;
    ambs_spec *spec = NULL;
    ambs_error err = {0};
    int rc = ambs_spec_parse(whole->text, strlen(whole->text), "s.yaml", NULL, 0, &spec, &err);
    if (rc == AMBS_OK) ambs_spec_destroy(spec);
    if (rc != AMBS_OK && rc != AMBS_E_NOMEM) print_message("# %s\n", err.text);
    return rc;
}

static void every_failing_allocation_is_an_error(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_NAMES; i++) {
        ambs_spec *whole = read_data(names[i]);
        assert_true(failing_alloc_each(read_once, whole) > 20);
        ambs_spec_destroy(whole);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_least_study_has_every_default),
        cmocka_unit_test(destroying_nothing_is_allowed),
        cmocka_unit_test(every_section_comes_into_its_fields),
        cmocka_unit_test(ranks_of_the_model_have_a_limit_and_a_beginning),
        cmocka_unit_test(a_command_is_a_list_of_arguments_as_written),
        cmocka_unit_test(a_prior_is_read_in_the_parameters_own_scale),
        cmocka_unit_test(a_normal_distribution_of_configspace_is_a_prior),
        cmocka_unit_test(a_configspace_file_may_hold_colons_and_any_character),
        cmocka_unit_test(a_sweep_may_give_exponents_and_normal_distributions),
        cmocka_unit_test(another_prior_is_another_study),
        cmocka_unit_test(the_way_numbers_are_written_gives_the_type),
        cmocka_unit_test(own_points_are_completed_by_defaults),
        cmocka_unit_test(a_study_prints_as_understood),
        cmocka_unit_test(the_recorded_text_alone_gives_the_same_study),
        cmocka_unit_test(a_recorded_configspace_file_keeps_its_lines),
        cmocka_unit_test(a_configspace_file_recorded_as_one_line_is_read),
        cmocka_unit_test(the_last_line_is_the_same_with_a_record_behind_it),
        cmocka_unit_test(records_behind_one_another_are_one),
        cmocka_unit_test(the_last_of_several_settings_holds),
        cmocka_unit_test(a_record_is_read_where_its_objective_cannot_be),
        cmocka_unit_test(the_budget_that_a_study_began_with_stays_its_plan),
        cmocka_unit_test(settings_change_what_they_name_and_are_recorded),
        cmocka_unit_test(what_a_user_writes_behind_a_record_counts),
        cmocka_unit_test(limits_may_change_on_resume),
        cmocka_unit_test(everything_else_may_not_and_the_difference_is_shown),
        cmocka_unit_test(flow_block_and_json_style_are_the_same_study),
        cmocka_unit_test(an_alias_stands_for_its_anchor),
        cmocka_unit_test(every_failing_allocation_is_an_error),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("study files", tests, NULL, NULL);
}
