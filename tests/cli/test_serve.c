/* SPDX-License-Identifier: MIT */
/* The session of `ambs serve`: every command, every refusal with its exact words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/serve.h"
#include "config.h"

static const char study[] = "study: {name: toy, seed: 3}\n"
                            "metric: {name: loss, goal: minimize}\n"
                            "method: {name: random}\n"
                            "parameters:\n"
                            "  x: {min: 0.0, max: 1.0}\n"
                            "  kind: {values: [a, b]}\n";

static bool begins_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

static ambs_serve *session_of(const char *text)
{
    ambs_error err;
    ambs_spec *spec = NULL;
    ambs_serve *serve = NULL;
    if (text != NULL && ambs_spec_parse(text, strlen(text), "test", NULL, 0, &spec, &err) != 0)
        fail_msg("%s", err.text);
    if (ambs_serve_create(spec, NULL, false, &serve, &err) != 0) fail_msg("%s", err.text);
    return serve;
}

/* The answer to a line, without its newline; the caller frees. */
static char *answer(ambs_serve *serve, const char *line)
{
    ambs_text out = {0};
    ambs_serve_line(serve, line, strlen(line), &out);
    assert_int_equal(ambs_text_check(&out, NULL), 0);
    assert_true(out.length > 0 && out.text[out.length - 1] == '\n');
    out.text[out.length - 1] = '\0';
    assert_null(strchr(out.text, '\n'));
    return out.text;
}

static void expect(ambs_serve *serve, const char *line, const char *expected)
{
    char *found = answer(serve, line);
    assert_string_equal(found, expected);
    free(found);
}

static void end(ambs_serve *serve)
{
    assert_int_equal(ambs_serve_destroy(serve, NULL), 0);
}

static void asks_tells_and_names_the_best(void **state)
{
    (void)state;
    ambs_serve *s = session_of(study);
    expect(s, "{\"cmd\": \"best\"}", "{\"id\": null, \"objective\": null, \"params\": null}");
    char *first = answer(s, "{\"cmd\": \"ask\"}"), *second = answer(s, "{\"cmd\": \"ask\"}");
    assert_true(begins_with(first, "{\"id\": 0, \"params\": {\"x\": "));
    assert_true(begins_with(second, "{\"id\": 1, \"params\": {\"x\": "));
    expect(s, "{\"cmd\": \"tell\", \"id\": 1, \"objective\": 0.25, \"metrics\": {\"time\": 3}}",
           "{\"ok\": true, \"id\": 1}");
    expect(s, "{\"cmd\": \"tell\", \"id\": 0, \"status\": \"failed\", \"message\": \"diverged\"}",
           "{\"ok\": true, \"id\": 0}");
    char *best = answer(s, "{\"cmd\": \"best\"}");
    char expected[256];
    snprintf(expected, sizeof expected, "{\"id\": 1, \"objective\": 0.25, %s",
             strstr(second, "\"params\""));
    assert_string_equal(best, expected);
    expect(s, "{\"cmd\": \"status\"}",
           "{\"asked\": 2, \"told\": 2, \"complete\": 1, \"failed\": 1, \"pruned\": 0, "
           "\"cancelled\": 0, "
           "\"in_flight\": 0, \"queued\": 0}");
    free(first), free(second), free(best);
    end(s);
}

static void takes_a_configuration_of_the_callers_own(void **state)
{
    (void)state;
    ambs_serve *s = session_of(study);
    expect(s, "{\"cmd\": \"tell\", \"params\": {\"x\": 0.5, \"kind\": \"b\"}, \"objective\": 1}",
           "{\"ok\": true, \"id\": 0}");
    expect(s, "{\"cmd\": \"best\"}",
           "{\"id\": 0, \"objective\": 1, \"params\": {\"x\": 0.5, \"kind\": \"b\"}}");
    end(s);
}

static void reports_and_cancels(void **state)
{
    (void)state;
    ambs_serve *s = session_of(study);
    free(answer(s, "{\"cmd\": \"ask\"}"));
    expect(s, "{\"cmd\": \"report\", \"id\": 0, \"step\": 2, \"value\": 0.4}",
           "{\"decision\": \"continue\"}");
    expect(s, "{\"cmd\": \"cancel\", \"id\": 0}", "{\"ok\": true, \"id\": 0}");
    char *next = answer(s, "{\"cmd\": \"ask\"}");
    assert_true(begins_with(next, "{\"id\": 1,")); /* an id is never used twice */
    free(next);
    end(s);
}

/* Two evaluations of each configuration: the second is asked for under the same id. */
static void evaluates_a_configuration_again(void **state)
{
    (void)state;
    ambs_serve *s = session_of("metric: {name: loss}\nmethod: {name: random}\nbudget: {trials: 4}\n"
                               "parameters: {x: {min: 0.0, max: 1.0}}\nrepeats: 2\n");
    char *first = answer(s, "{\"cmd\": \"ask\"}"), *other = answer(s, "{\"cmd\": \"ask\"}");
    assert_true(begins_with(first, "{\"id\": 0, \"repeat\": 0, \"params\": "));
    assert_true(begins_with(other, "{\"id\": 1, \"repeat\": 0, \"params\": "));
    expect(
        s, "{\"cmd\": \"ask\"}",
        "{\"wait\": true, \"message\": \"what is proposed next hangs on an evaluation in flight: "
        "tell a result first\"}");
    expect(s, "{\"cmd\": \"tell\", \"id\": 0, \"repeat\": 1, \"objective\": 1}",
           "{\"error\": \"tell: expected \\\"repeat\\\": 0, the evaluation of trial 0 that is "
           "out\"}");
    expect(s, "{\"cmd\": \"tell\", \"id\": 0, \"repeat\": 0, \"objective\": 1}",
           "{\"ok\": true, \"id\": 0}");
    char *again = answer(s, "{\"cmd\": \"ask\"}");
    assert_true(begins_with(again, "{\"id\": 0, \"repeat\": 1, \"params\": "));
    assert_string_equal(strstr(again, "\"params\""), strstr(first, "\"params\""));
    expect(s, "{\"cmd\": \"tell\", \"id\": 0, \"repeat\": 0, \"objective\": 1}",
           "{\"error\": \"tell: expected \\\"repeat\\\": 1, the evaluation of trial 0 that is "
           "out\"}");
    expect(s, "{\"cmd\": \"tell\", \"id\": 0, \"objective\": 3}", "{\"ok\": true, \"id\": 0}");
    expect(s, "{\"cmd\": \"tell\", \"id\": 0, \"objective\": 3}",
           "{\"error\": \"trial 0 is complete already, so there is nothing to tell\"}");
    char *best = answer(s, "{\"cmd\": \"best\"}");
    /* the spread of 1 and 3 is sqrt(2), t of 0.975 with one degree of freedom 12.7062 */
    assert_true(begins_with(best, "{\"id\": 0, \"objective\": 2, \"evaluations\": 2, "
                                  "\"interval\": [-10.70620"));
    free(answer(s, "{\"cmd\": \"tell\", \"id\": 1, \"objective\": 3}"));
    free(answer(s, "{\"cmd\": \"ask\"}"));
    free(answer(s, "{\"cmd\": \"tell\", \"id\": 1, \"objective\": 3}"));
    expect(s, "{\"cmd\": \"ask\"}",
           "{\"exhausted\": true, \"message\": \"the budget of 4 evaluations is used up\"}");
    expect(s, "{\"cmd\": \"tell\", \"params\": {\"x\": 0.5}, \"repeat\": 0, \"objective\": 1}",
           "{\"error\": \"tell: found both \\\"repeat\\\" and \\\"params\\\"; a configuration "
           "of your own is told once, and evaluated again under its id\"}");
    free(first), free(other), free(again), free(best);
    end(s);
}

/* A cancelled trial gives its place in the budget back, once. */
static void a_cancelled_trial_costs_nothing(void **state)
{
    (void)state;
    ambs_serve *s = session_of("metric: {name: loss}\nmethod: {name: random}\nbudget: {trials: 1}\n"
                               "parameters: {x: {min: 0.0, max: 1.0}}\n");
    free(answer(s, "{\"cmd\": \"ask\"}"));
    expect(s, "{\"cmd\": \"cancel\", \"id\": 0}", "{\"ok\": true, \"id\": 0}");
    char *again = answer(s, "{\"cmd\": \"ask\"}");
    assert_true(begins_with(again, "{\"id\": 1, "));
    free(again);
    free(answer(s, "{\"cmd\": \"tell\", \"id\": 1, \"objective\": 3}"));
    expect(s, "{\"cmd\": \"ask\"}",
           "{\"exhausted\": true, \"message\": \"the budget of 1 trials is used up\"}");
    end(s);
}

static void says_when_a_space_is_exhausted(void **state)
{
    (void)state;
    ambs_serve *s = session_of("metric: {name: loss}\nparameters: {kind: {values: [a, b]}}\n");
    free(answer(s, "{\"cmd\": \"ask\"}"));
    free(answer(s, "{\"cmd\": \"ask\"}"));
    char *last = answer(s, "{\"cmd\": \"ask\"}");
    assert_true(begins_with(last, "{\"exhausted\": true, \"message\": \""));
    free(last);
    end(s);
}

static void says_when_the_budget_is_used_up(void **state)
{
    (void)state;
    ambs_serve *s = session_of("metric: {name: loss}\nmethod: {name: random}\nbudget: {trials: 2}\n"
                               "parameters: {x: {min: 0.0, max: 1.0}}\n");
    free(answer(s, "{\"cmd\": \"ask\"}"));
    free(answer(s, "{\"cmd\": \"ask\"}"));
    expect(s, "{\"cmd\": \"ask\"}",
           "{\"exhausted\": true, \"message\": \"the budget of 2 trials is used up\"}");
    expect(s, "{\"cmd\": \"cancel\", \"id\": 0}", "{\"ok\": true, \"id\": 0}");
    char *again = answer(s, "{\"cmd\": \"ask\"}");
    assert_true(begins_with(again, "{\"id\": 2, "));
    free(again);
    end(s);
}

static void begins_by_init_with_an_object_or_yaml(void **state)
{
    (void)state;
    ambs_serve *s = session_of(NULL);
    expect(s, "{\"cmd\": \"ask\"}",
           "{\"error\": \"ask: there is no study yet; the first command is init\"}");
    expect(s, "{\"cmd\": \"init\", \"study\": 7}",
           "{\"error\": \"init: expected \\\"study\\\", an object, or its YAML as a string\"}");
    expect(s,
           "{\"cmd\": \"init\", \"study\": {\"metric\": {\"name\": \"loss\"}, \"parameters\": "
           "{\"x\": {\"min\": 0.0, \"max\": 1.0}}}}",
           "{\"ok\": true, \"parameters\": 1}");
    expect(s, "{\"cmd\": \"init\", \"study\": {}}",
           "{\"error\": \"init: the study is there already\"}");
    end(s);
    s = session_of(NULL);
    expect(s,
           "{\"cmd\": \"init\", \"study\": \"metric: {name: loss}\\nparameters: {n: {min: 1, max: "
           "4}}\\n\"}",
           "{\"ok\": true, \"parameters\": 1}");
    end(s);
}

static void refuses_what_is_wrong_and_lives_on(void **state)
{
    (void)state;
    static const struct {
        const char *line, *expected;
    } rows[] = {
        {"{\"cmd\": \"aks\"}", "{\"error\": \"found the unknown command \\\"aks\\\", expected ask, "
                               "tell, report, cancel, enqueue, best, "
                               "status, init or quit; did you mean \\\"ask\\\"?\"}"},
        {"[1]", "{\"error\": \"expected an object with \\\"cmd\\\": ask, tell, report, cancel, "
                "enqueue, best, status, init or quit\"}"},
        {"{\"cmd\": \"ask\", \"count\": 3}",
         "{\"error\": \"ask: found the unknown key \\\"count\\\"\"}"},
        {"{\"cmd\": \"tell\", \"id\": 0, \"objectve\": 1}",
         "{\"error\": \"tell: found the unknown key \\\"objectve\\\"; did you mean "
         "\\\"objective\\\"?\"}"},
        {"{\"cmd\": \"tell\", \"objective\": 1}",
         "{\"error\": \"tell: expected \\\"id\\\", the whole number that ask gave\"}"},
        {"{\"cmd\": \"tell\", \"id\": -1, \"objective\": 1}",
         "{\"error\": \"tell: expected \\\"id\\\", the whole number that ask gave\"}"},
        {"{\"cmd\": \"tell\", \"id\": 0}", "{\"error\": \"tell: expected \\\"objective\\\", a "
                                           "finite number, or \\\"status\\\": \\\"failed\\\"\"}"},
        {"{\"cmd\": \"tell\", \"id\": 0, \"status\": \"failed\", \"objective\": 1}",
         "{\"error\": \"tell: a failed trial has no objective; leave one of the two out\"}"},
        {"{\"cmd\": \"tell\", \"id\": 0, \"status\": \"good\", \"objective\": 1}",
         "{\"error\": \"tell: found the status \\\"good\\\", expected \\\"complete\\\", "
         "\\\"failed\\\" or \\\"pruned\\\"\"}"},
        {"{\"cmd\": \"tell\", \"id\": 0, \"status\": 5, \"objective\": 1}",
         "{\"error\": \"tell: found the status that is no string, expected \\\"complete\\\", "
         "\\\"failed\\\" or \\\"pruned\\\"\"}"},
        {"{\"cmd\": \"tell\", \"id\": 0, \"objective\": 1, \"metrics\": [1]}",
         "{\"error\": \"tell: expected an object of names and numbers for \\\"metrics\\\"\"}"},
        {"{\"cmd\": \"tell\", \"id\": 0, \"objective\": 1, \"metrics\": {\"a\": \"b\"}}",
         "{\"error\": \"tell: expected a number for the metric \\\"a\\\"\"}"},
        {"{\"cmd\": \"tell\", \"id\": 0, \"objective\": 1, \"duration_s\": -1}",
         "{\"error\": \"tell: expected seconds, 0 or more, for \\\"duration_s\\\"\"}"},
        {"{\"cmd\": \"tell\", \"id\": 0, \"objective\": 1, \"message\": 1}",
         "{\"error\": \"tell: expected a string for \\\"message\\\"\"}"},
        {"{\"cmd\": \"tell\", \"id\": 0, \"params\": {}, \"objective\": 1}",
         "{\"error\": \"tell: found both \\\"id\\\" and \\\"params\\\"; give the id that ask gave, "
         "or the params of your own\"}"},
        {"{\"cmd\": \"report\", \"id\": 0, \"step\": 1.5, \"value\": 1}",
         "{\"error\": \"report: expected \\\"step\\\", a whole number, \\\"value\\\", a finite "
         "number, and where the metric is "
         "another than the objective, \\\"metric\\\", its name of at most 63 bytes\"}"},
    };
    ambs_serve *s = session_of(study);
    free(answer(s, "{\"cmd\": \"ask\"}"));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        expect(s, rows[i].line, rows[i].expected);
    char *garbage = answer(s, "{\"cmd\": ");
    assert_true(begins_with(garbage, "{\"error\": \"JSON line 1 column"));
    free(garbage);
    expect(s, "{\"cmd\": \"tell\", \"id\": 0, \"objective\": 1}",
           "{\"ok\": true, \"id\": 0}"); /* nothing of it was taken */
    char *twice = answer(s, "{\"cmd\": \"tell\", \"id\": 0, \"objective\": 1}");
    assert_true(begins_with(twice, "{\"error\": \""));
    free(twice);
    end(s);
}

static void several_metrics_have_a_front(void **state)
{
    (void)state;
    ambs_serve *s = session_of("metrics: [{name: error}, {name: speed, goal: maximize}]\n"
                               "method: {name: random}\n"
                               "parameters: {x: {min: 0.0, max: 1.0}}\n");
    const struct {
        const char *line, *expected;
    } rows[] = {
        {"{\"cmd\": \"best\"}", "{\"front\": []}"},
        {"{\"cmd\": \"tell\", \"params\": {\"x\": 0.5}, \"metrics\": {\"speed\": 3, \"error\": "
         "0.25}}",
         "{\"ok\": true, \"id\": 0}"},
        {"{\"cmd\": \"tell\", \"params\": {\"x\": 0.25}, \"metrics\": {\"error\": 0.125, "
         "\"speed\": "
         "1, \"size\": 7}}",
         "{\"ok\": true, \"id\": 1}"},
        {"{\"cmd\": \"tell\", \"params\": {\"x\": 1}, \"metrics\": {\"error\": 0.25, \"speed\": "
         "2}}",
         "{\"ok\": true, \"id\": 2}"},
        {"{\"cmd\": \"tell\", \"params\": {\"x\": 0}, \"status\": \"failed\"}",
         "{\"ok\": true, \"id\": 3}"},
        {"{\"cmd\": \"best\"}",
         "{\"front\": [{\"id\": 1, \"metrics\": {\"error\": 0.125, \"speed\": 1}, \"params\": "
         "{\"x\": 0.25}}, {\"id\": 0, \"metrics\": {\"error\": 0.25, \"speed\": 3}, \"params\": "
         "{\"x\": 0.5}}]}"},
        {"{\"cmd\": \"tell\", \"params\": {\"x\": 0.75}, \"metrics\": {\"error\": 1}}",
         "{\"error\": \"tell: expected a finite number for \\\"speed\\\" in \\\"metrics\\\", or "
         "\\\"status\\\": \\\"failed\\\"\"}"},
        {"{\"cmd\": \"tell\", \"params\": {\"x\": 0.75}, \"objective\": 1}",
         "{\"error\": \"tell: found \\\"objective\\\" in a study with several metrics; give all of "
         "them under \\\"metrics\\\"\"}"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        expect(s, rows[i].line, rows[i].expected);
    end(s);
}

static void goes_on_after_a_kill(void **state)
{
    (void)state;
    char folder[] = "/tmp/ambs-serve-XXXXXX", path[64], rm[128];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/s.h5", folder);
    ambs_error err;
    ambs_spec *spec;
    ambs_serve *s;
    char *asked[3];
    for (int life = 0; life < 2; life++) {
        assert_int_equal(ambs_spec_parse(study, strlen(study), "test", NULL, 0, &spec, &err), 0);
        if (ambs_serve_create(spec, path, life == 1, &s, &err) != 0) fail_msg("%s", err.text);
        if (life == 0) {
            for (int i = 0; i < 3; i++) asked[i] = answer(s, "{\"cmd\": \"ask\"}");
            expect(s, "{\"cmd\": \"tell\", \"id\": 1, \"objective\": 0.5}",
                   "{\"ok\": true, \"id\": 1}");
        } else { /* what was out is still out, under its id */
            expect(s, "{\"cmd\": \"tell\", \"id\": 2, \"objective\": 0.25}",
                   "{\"ok\": true, \"id\": 2}");
            expect(s, "{\"cmd\": \"status\"}",
                   "{\"asked\": 3, \"told\": 2, \"complete\": 2, \"failed\": 0, \"pruned\": 0, "
                   "\"cancelled\": 0, \"in_flight\": 1, \"queued\": 0}");
        }
        end(s);
    }
    for (int i = 0; i < 3; i++) free(asked[i]);
    assert_int_equal(ambs_spec_parse(study, strlen(study), "test", NULL, 0, &spec, &err), 0);
    assert_int_equal(ambs_serve_create(spec, path, false, &s, &err), AMBS_E_INVALID);
    assert_non_null(strstr(err.text, "--resume"));
    snprintf(rm, sizeof rm, "rm -r %s", folder);
    assert_int_equal(system(rm), 0);
}

static void takes_configurations_into_its_queue(void **state)
{
    (void)state;
    char folder[] = "/tmp/ambs-serve-XXXXXX", path[64], rm[128];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/s.h5", folder);
    ambs_error err;
    for (int life = 0; life < 2; life++) {
        ambs_spec *spec;
        ambs_serve *s;
        assert_int_equal(ambs_spec_parse(study, strlen(study), "test", NULL, 0, &spec, &err), 0);
        if (ambs_serve_create(spec, path, life == 1, &s, &err) != 0) fail_msg("%s", err.text);
        if (life == 0) {
            expect(s, "{\"cmd\": \"enqueue\", \"params\": {\"x\": 0.5, \"kind\": \"b\"}}",
                   "{\"ok\": true, \"queued\": 1}");
            expect(s, "{\"cmd\": \"enqueue\", \"params\": {\"x\": 0.25}}", /* kind: its default */
                   "{\"ok\": true, \"queued\": 2}");
            expect(s, "{\"cmd\": \"enqueue\", \"params\": {\"x\": 0.5, \"kind\": \"b\"}}",
                   "{\"error\": \"the configuration is in the queue already\"}");
            expect(s, "{\"cmd\": \"enqueue\", \"params\": {\"x\": 5, \"kind\": \"b\"}}",
                   "{\"error\": \"parameter \\\"x\\\": 5 is outside 0 to 1\"}");
            expect(s, "{\"cmd\": \"ask\"}",
                   "{\"id\": 0, \"params\": {\"x\": 0.5, \"kind\": \"b\"}}");
            expect(s, "{\"cmd\": \"enqueue\", \"params\": {\"x\": 0.5, \"kind\": \"b\"}}",
                   "{\"error\": \"the configuration is that of trial 0 already\"}");
        } else { /* what was not asked for is still in the queue */
            expect(s, "{\"cmd\": \"ask\"}",
                   "{\"id\": 1, \"params\": {\"x\": 0.25, \"kind\": \"a\"}}");
            free(answer(s, "{\"cmd\": \"ask\"}"));
            expect(s, "{\"cmd\": \"status\"}",
                   "{\"asked\": 3, \"told\": 0, \"complete\": 0, \"failed\": 0, \"pruned\": 0, "
                   "\"cancelled\": 0, \"in_flight\": 3, \"queued\": 0}");
        }
        end(s);
    }
    snprintf(rm, sizeof rm, "test -z \"$(ls %s.journal/queue)\" && rm -r %s", path, folder);
    assert_int_equal(system(rm), 0);
}

int main(void)
{
    if (!AMBS_HAVE_JANSSON) {
        puts("1..0 # SKIP not built, or not here");
        return 0;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_tells_and_names_the_best),
        cmocka_unit_test(takes_a_configuration_of_the_callers_own),
        cmocka_unit_test(reports_and_cancels),
        cmocka_unit_test(evaluates_a_configuration_again),
        cmocka_unit_test(a_cancelled_trial_costs_nothing),
        cmocka_unit_test(says_when_a_space_is_exhausted),
        cmocka_unit_test(says_when_the_budget_is_used_up),
        cmocka_unit_test(begins_by_init_with_an_object_or_yaml),
        cmocka_unit_test(refuses_what_is_wrong_and_lives_on),
        cmocka_unit_test(several_metrics_have_a_front),
        cmocka_unit_test(goes_on_after_a_kill),
        cmocka_unit_test(takes_configurations_into_its_queue),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("serve", tests, NULL, NULL);
}
