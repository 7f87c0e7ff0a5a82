/* SPDX-License-Identifier: MIT */
/* Dakota's files, after the formats in its user's manual, and drivers written as it shows them. */
#include "config.h"
#include "running.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "objective/dakota.h"
#include "objective/template.h"

static char folder[64]; /* of the study's files */

static void write_file(const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    assert_int_equal(chmod(path, 0755), 0);
}

/* ---- parameters files ---- */

#define SPACE                                                                                      \
    "parameters:\n"                                                                                \
    "  w: {min: 1.0, max: 4.0, default: 2.5}\n"                                                    \
    "  n: {min: 1, max: 9, default: 3}\n"                                                          \
    "  alloy: {values: [steel, mild brass]}\n"                                                     \
    "  depth: {min: 0.0, max: 1.0, when: {alloy: mild brass}}\n"

static void assert_params(ambs_dakota_format format, const char *expected)
{
    ambs_error err = {0};
    running t;
    running_begin(&t, "metric: {name: mass}\nobjective: {command: [/bin/true]}\n" SPACE, 1);
    const ambs_attempt attempt = {.trial = 12, .attempt = 1, .fidelity = NAN, .x = t.x};
    const ambs_command command = {.spec = t.spec, .attempt = &attempt};
    ambs_dakota_responses responses;
    ambs_text text = {0};
    assert_int_equal(ambs_dakota_responses_read("mass stress", "mass", &responses, &err), AMBS_OK);
    assert_int_equal(ambs_dakota_params(&command, format, &responses, &text, &err), AMBS_OK);
    assert_string_equal(text.text, expected);
    ambs_text_fini(&text);
    running_end(&t);
}

static void standard_parameters_are_as_in_the_manual(void **state)
{
    (void)state;
    assert_params(AMBS_DAKOTA_STANDARD,
                  "                                          3 variables\n"
                  "                     2.5000000000000000e+00 w\n"
                  "                                          3 n\n"
                  "                                      steel alloy\n"
                  "                                          2 functions\n"
                  "                                          1 ASV_1:mass\n"
                  "                                          1 ASV_2:stress\n"
                  "                                          0 derivative_variables\n"
                  "                                          0 analysis_components\n"
                  "                                         12 eval_id\n"
                  "                                          0 metadata\n");
}

static void aprepro_parameters_are_as_in_the_manual(void **state)
{
    (void)state;
    assert_params(AMBS_DAKOTA_APREPRO,
                  "                    { DAKOTA_VARS     =                      3 }\n"
                  "                    { w               = 2.5000000000000000e+00 }\n"
                  "                    { n               =                      3 }\n"
                  "                    { alloy           =                \"steel\" }\n"
                  "                    { DAKOTA_FNS      =                      2 }\n"
                  "                    { ASV_1:mass      =                      1 }\n"
                  "                    { ASV_2:stress    =                      1 }\n"
                  "                    { DAKOTA_DER_VARS =                      0 }\n"
                  "                    { DAKOTA_AN_COMPS =                      0 }\n"
                  "                    { DAKOTA_EVAL_ID  =                     12 }\n"
                  "                    { DAKOTA_METADATA =                      0 }\n");
}

static void json_parameters_are_as_in_the_manual(void **state)
{
    (void)state;
    assert_params(AMBS_DAKOTA_JSON,
                  "{\n  \"variables\": [\n"
                  "    {\n      \"label\": \"w\",\n      \"value\": 2.5\n    },\n"
                  "    {\n      \"label\": \"n\",\n      \"value\": 3\n    },\n"
                  "    {\n      \"label\": \"alloy\",\n      \"value\": \"steel\"\n    }\n  ],\n"
                  "  \"responses\": [\n"
                  "    {\n      \"label\": \"mass\",\n      \"active_set\": 1\n    },\n"
                  "    {\n      \"label\": \"stress\",\n      \"active_set\": 1\n    }\n  ],\n"
                  "  \"derivative_variables\": [],\n  \"analysis_components\": [],\n"
                  "  \"eval_id\": \"12\",\n  \"metadata\": []\n}\n");
}

/* ---- results files ---- */

static ambs_outcome read_bytes(const char *bytes, size_t length, const char *names)
{
    ambs_outcome o = {0};
    ambs_error err;
    ambs_dakota_responses responses;
    assert_int_equal(ambs_dakota_responses_read(names, "mass", &responses, &err), AMBS_OK);
    ambs_dakota_result_read(bytes, length, &responses, "mass", "the results file", &o);
    return o;
}

/* True for a text that this build cannot read. */
static bool needs_json(const char *text)
{
    return text[0] == '{' && !AMBS_HAVE_JANSSON;
}

static void values_are_read_with_and_without_labels(void **state)
{
    (void)state;
    static const char *const texts[] = {"2.5 mass\n-1e3 stress\n", "  2.5\n-1000\n",
                                        "2.5e0 f1 -1.0E+3 f2", "2.5\nmass\n-1000.",
                                        "{\"functions\": {\"stress\": -1000, \"mass\": 2.5}}"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (needs_json(texts[i])) continue;
        ambs_outcome o = read_bytes(texts[i], strlen(texts[i]), "mass stress");
        assert_ended(o, AMBS_TRIAL_COMPLETE, AMBS_REASON_NONE, 0);
        assert_true(o.objective == 2.5);
        assert_int_equal(o.n_metrics, 1);
        assert_string_equal(o.metrics[0].name, "stress");
        assert_true(o.metrics[0].value == -1000);
    }
    ambs_outcome o = read_bytes("7 stress 3 mass", 15, "stress mass");
    assert_true(o.objective == 3 && o.metrics[0].value == 7);
}

static void failures_are_told_apart(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
        ambs_reason reason;
    } bad[] = {
        {"", "the results file is empty", AMBS_REASON_NO_RESULT},
        {"  \n", "the results file is empty", AMBS_REASON_NO_RESULT},
        {"FAIL", "the driver wrote FAIL", AMBS_REASON_OBJECTIVE},
        {"\nfail\n1.0", "the driver wrote FAIL", AMBS_REASON_OBJECTIVE},
        {"{\"fail\": \"true\"}", "the driver says that it failed", AMBS_REASON_OBJECTIVE},
        {"1 mass", "the results file: found 1 value, expected 2 (mass, …)", AMBS_REASON_BAD_RESULT},
        {"1 2 3", "the results file: found 3 values, expected 2 (mass, …)", AMBS_REASON_BAD_RESULT},
        {"1 stress\n2 mass",
         "the results file: value 1 has the label \"stress\", expected \"mass\"",
         AMBS_REASON_BAD_RESULT},
        {"1 2 [ 0.5 0.5 ]", "the results file: found a gradient, expected values only (ASV is 1)",
         AMBS_REASON_BAD_RESULT},
        {"Traceback 1",
         "the results file: found \"Traceback\", expected a number (with E, not D) or "
         "FAIL",
         AMBS_REASON_BAD_RESULT},
        {"1.0D+00 2",
         "the results file: found \"1.0D+00\", expected a number (with E, not D) or FAIL",
         AMBS_REASON_BAD_RESULT},
        {"nan 2", "the results file: the value is not a number", AMBS_REASON_NOT_A_NUMBER},
        {"1e999 2", "the results file: the value is infinite", AMBS_REASON_INFINITE},
        {"{\"functions\": {\"mass\": 1, \"strain\": 2}}",
         "the results file: expected {\"functions\": {\"mass\": number, …}}",
         AMBS_REASON_BAD_RESULT},
        {"{\"mass\": 1}", "the results file: expected {\"functions\": {\"mass\": number, …}}",
         AMBS_REASON_BAD_RESULT},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        if (needs_json(bad[i].text)) continue;
        ambs_outcome o = read_bytes(bad[i].text, strlen(bad[i].text), "mass stress");
        assert_ended(o, AMBS_TRIAL_FAILED, bad[i].reason, 0);
        assert_string_equal(o.message, bad[i].message);
    }
}

static void any_bytes_are_read_without_harm(void **state)
{
    (void)state;
    ambs_random r;
    ambs_random_init(&r, 5, 0, AMBS_PURPOSE_TEST);
    static const char alphabet[] = "0123456789.eE+- \n[]{}\":,massFAIL\xff";
    for (int i = 0; i < 20000; i++) {
        char bytes[40];
        size_t length = (size_t)ambs_random_below(&r, sizeof bytes + 1);
        for (size_t k = 0; k < length; k++)
            bytes[k] = alphabet[ambs_random_below(&r, sizeof alphabet - 1)];
        ambs_outcome o = read_bytes(bytes, length, "mass stress");
        assert_true(o.state == AMBS_TRIAL_COMPLETE ? isfinite(o.objective)
                                                   : o.state == AMBS_TRIAL_FAILED);
    }
}

/* ---- drivers ---- */

/* One attempt of a driver in the test's folder; `options` are further ones of the objective. */
static ambs_outcome drive(const char *script, const char *options)
{
    static char text[4096];
    write_file("driver", script);
    snprintf(
        text, sizeof text,
        "metric: {name: mass}\nobjective:\n  command: [%s/driver]\n  protocol: dakota\n%s" SPACE,
        folder, options);
    return running_once(text);
}

/* As the simple_driver of the manual: pre-processing, the simulation, post-processing. */
static void a_driver_after_the_manual_runs_unchanged(void **state)
{
    (void)state;
    write_file("beam.template", "width {w}\ncount { n }\nalloy {alloy}\ndepth {depth}\nend \\{\n");
    char options[256];
    snprintf(options, sizeof options, "  responses: mass stress\n  template: %s/beam.template\n",
             folder);
    ambs_outcome o =
        drive("#!/bin/sh\n"
              "params=$1\nresults=$2\n"
              "cat beam > beam.log\n"
              "grep -q 'alloy steel' beam.log && ! grep -q depth beam.log || exit 1\n"
              "mass=$(awk '/width/ {w = $2} /count/ {n = $2} END {print w * n}' beam.log)\n"
              "stress=$(awk '$2 == \"w\" {print $1 * 2}' $params)\n"
              "echo \"$mass mass\" > $results\n"
              "echo \"$stress stress\" >> $results\n",
              options);
    assert_ended(o, AMBS_TRIAL_COMPLETE, AMBS_REASON_NONE, 0);
    assert_true(o.objective == 7.5);
    assert_int_equal(o.n_metrics, 1);
    assert_true(o.metrics[0].value == 5);
}

static void how_a_driver_ends_is_classified(void **state)
{
    (void)state;
    assert_ended(drive("#!/bin/sh\necho FAIL > $2\n", ""), AMBS_TRIAL_FAILED, AMBS_REASON_OBJECTIVE,
                 0);
    ambs_outcome o = drive("#!/bin/sh\necho 3\n", "");
    assert_ended(o, AMBS_TRIAL_FAILED, AMBS_REASON_NO_RESULT, 0);
    assert_string_equal(o.message, "ended with status 0 but wrote no results file: the driver's "
                                   "second argument is its path");
    assert_ended(drive("#!/bin/sh\necho 3 > $2; exit 4\n", ""), AMBS_TRIAL_FAILED, AMBS_REASON_EXIT,
                 4);
    assert_ended(drive("#!/bin/sh\necho segmentation fault > $2\n", ""), AMBS_TRIAL_FAILED,
                 AMBS_REASON_BAD_RESULT, 0);
}

static void files_are_linked_into_the_folder_of_an_attempt(void **state)
{
    (void)state;
    char options[256];
    write_file("mesh.txt", "42\n");
    snprintf(options, sizeof options, "  link_files: %s/mesh.txt\n", folder);
    ambs_outcome o = drive("#!/bin/sh\ncp mesh.txt $2\n", options);
    assert_ended(o, AMBS_TRIAL_COMPLETE, AMBS_REASON_NONE, 0);
    assert_true(o.objective == 42);
}

/* ---- templates and options ---- */

static void a_template_refuses_what_it_cannot_fill(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } bad[] = {
        {"{alloi}",
         "t, line 1: found {alloi}, expected the name of a parameter (nothing is computed here); "
         "did you mean \"alloy\"?; write \\{ for a plain {"},
        {"a\n{w*2}\n", "t, line 2: found {w*2}, expected the name of a parameter (nothing is "
                       "computed here); write \\{ for a plain {"},
        {"\n\n x {w\n}", "t, line 3: found { without }; write \\{ for a plain {"},
    };
    running t;
    running_begin(&t, "objective: {command: [/bin/true]}\n" SPACE, 1);
    const ambs_template template = {.file = "t", .open = "{", .close = "}"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ambs_text out = {0};
        ambs_error err;
        assert_int_equal(ambs_template_fill(&template, bad[i].text, t.spec->space, t.x, &out, &err),
                         AMBS_E_INVALID);
        assert_string_equal(err.text, bad[i].message);
        ambs_text_fini(&out);
    }
    running_end(&t);
}

static void delimiters_may_be_others(void **state)
{
    (void)state;
    running t;
    running_begin(&t, "objective: {command: [/bin/true]}\n" SPACE, 1);
    const ambs_template template = {.file = "t", .open = "<%", .close = "%>"};
    ambs_text out = {0};
    ambs_error err;
    assert_int_equal(ambs_template_fill(&template, "{\"w\": <% w %>,\n \"d\": <%depth%>}\n<%n%>\n",
                                        t.spec->space, t.x, &out, &err),
                     AMBS_OK);
    assert_string_equal(out.text, "{\"w\": 2.5,\n3\n"); /* no depth, so no such line */
    ambs_text_fini(&out);
    running_end(&t);
}

static void wrong_options_are_told(void **state)
{
    (void)state;
    static const struct {
        const char *options, *message;
    } bad[] = {
        {"protocol: dakota, responses: stress",
         "responses: found \"stress\", expected the study's metric \"mass\" among the names"},
        {"protocol: dakota, responses: mass mass", "responses: found \"mass\" twice"},
        {"responses: mass", "responses: it belongs to protocol: dakota, which is not set"},
        {"parameters_format: json",
         "parameters_format: it belongs to protocol: dakota, which is not set"},
        {"protocol: sinfonia", "protocol: found \"sinfonia\", expected one of ambs, dakota"},
        {"template: /nowhere/deck.template",
         "template: there is no file /nowhere/deck.template in "},
        {"link_files: /nowhere/mesh", "link_files: there is no file /nowhere/mesh in "},
        {"input: deck", "input: found \"deck\" without the template that it is made from"},
        {"template: /etc/passwd",
         "input: found none, and the template is called passwd, expected a name in the attempt's "
         "folder (input: deck.in)"},
        {"template: /etc/passwd, input: deck, delimiters: \"%\"",
         "delimiters: found \"%\", expected two words with a blank between, as \"{ }\" or \"<% "
         "%>\""},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[1024];
        ambs_spec *spec;
        ambs_error err;
        snprintf(text, sizeof text,
                 "metric: {name: mass}\nobjective: {command: [/bin/true], %s}\n" SPACE,
                 bad[i].options);
        assert_int_equal(ambs_spec_parse(text, strlen(text), "s.yaml", NULL, 0, &spec, &err),
                         AMBS_E_INVALID);
        if (!strstr(err.text, bad[i].message)) fail_msg("%s\n%s", err.text, bad[i].message);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(standard_parameters_are_as_in_the_manual),
        cmocka_unit_test(aprepro_parameters_are_as_in_the_manual),
        cmocka_unit_test(json_parameters_are_as_in_the_manual),
        cmocka_unit_test(values_are_read_with_and_without_labels),
        cmocka_unit_test(failures_are_told_apart),
        cmocka_unit_test(any_bytes_are_read_without_harm),
        cmocka_unit_test(a_driver_after_the_manual_runs_unchanged),
        cmocka_unit_test(how_a_driver_ends_is_classified),
        cmocka_unit_test(files_are_linked_into_the_folder_of_an_attempt),
        cmocka_unit_test(a_template_refuses_what_it_cannot_fill),
        cmocka_unit_test(delimiters_may_be_others),
        cmocka_unit_test(wrong_options_are_told),
    };
    snprintf(folder, sizeof folder, "/tmp/ambs-test-dakota-%ld", (long)getpid());
    assert_int_equal(mkdir(folder, 0700), 0);
    cmocka_set_message_output(CM_OUTPUT_TAP);
    int failed = cmocka_run_group_tests_name("objective/dakota", tests, NULL, NULL);
    static const char *const files[] = {"driver", "beam.template", "mesh.txt"};
    for (size_t i = 0; i < 3; i++) {
        char path[128];
        snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        unlink(path);
    }
    rmdir(folder);
    return failed;
}
