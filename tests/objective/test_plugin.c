/* SPDX-License-Identifier: MIT */
/* Plug-ins of one process: the interface, libraries that are wrong, and trials that end badly. */
#include "running.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "failing_alloc.h"
#include "objective/plugin.h"

/* A study beside which the plug-ins lie, read from its file as a user's is. */
static const char form[] =
    "objective: {plugin: ./libprobe_%s.so%s}\n"
    "parameters:\n"
    "  x: {min: 0.0, max: 1.0, default: 0.25}\n"
    "  do: {values: [go, crash, hang, exit, fail, return, nan, unknown, word, report, scratch, "
    "checkpoint], "
    "default: %s}\n"
    "  layers: {min: 1, max: 4, default: 3}\n"
    "  momentum: {min: 0.0, max: 1.0, when: {do: crash}}\n"
    "method: {name: random}\n"
    "trial: {timeout: 500ms, grace: 100ms}\n";

static const char *study(const char *library, const char *options, const char *what)
{
    static char text[2048];
    snprintf(text, sizeof text, form, library, options, what);
    return text;
}

/* Reads the study from a file in the folder of the plug-ins. */
static int read_study(const char *text, ambs_spec **ret_spec, ambs_error *err)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/test_plugin_%ld.yaml", AMBS_TEST_PLUGINS, (long)getpid());
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    int rc = ambs_spec_read(path, NULL, 0, ret_spec, err);
    remove(path);
    return rc;
}

static void assert_refused(const char *text, const char *expected)
{
    ambs_spec *spec = NULL;
    ambs_error err = {0};
    int rc = read_study(text, &spec, &err);
    ambs_spec_destroy(rc == AMBS_OK ? spec : NULL);
    if (rc == AMBS_OK || !strstr(err.text, expected))
        fail_msg("found \"%s\", expected \"%s\"", rc == AMBS_OK ? "no error" : err.text, expected);
}

static void begin(running *t, const char *what)
{
    ambs_error err = {0};
    *t = (running){0};
    if (read_study(study("good", ", offset: 2", what), &t->spec, &err) != AMBS_OK ||
        ambs_supervisor_start(&t->supervisor, &err) != AMBS_OK ||
        ambs_runner_create(t->spec, 1, NULL, t->supervisor, NULL, false, &t->runner, &err) !=
            AMBS_OK)
        fail_msg("%s", err.text);
    assert_int_equal(ambs_space_defaults(t->spec->space, t->x, &err), AMBS_OK);
}

static ambs_outcome outcome_of(const char *what)
{
    running t;
    begin(&t, what);
    running_start(&t, 0, 7);
    ambs_run_event event = running_wait(&t, AMBS_CONTINUE);
    running_end(&t);
    return event.outcome;
}

static double metric(const ambs_outcome *o, const char *name)
{
    for (size_t i = 0; i < o->n_metrics; i++)
        if (strcmp(o->metrics[i].name, name) == 0) return o->metrics[i].value;
    fail_msg("no metric %s", name);
    return NAN;
}

/* --- before a study -------------------------------------------------------------------------- */

static void a_library_that_is_wrong_is_refused(void **state)
{
    (void)state;
    assert_refused(study("none", "", "go"), "libprobe_none.so cannot be read, expected a shared");
    assert_refused(study("newer", "", "go"), "made for version 2 of the plug-in interface, "
                                             "expected version 1");
    assert_refused(study("short", "", "go"), "has a struct of 8 bytes, expected at least");
    assert_refused(study("empty", "", "go"), "has no evaluate in ambs_plugin_main");
    assert_refused(study("other", "", "go"), "without the symbol ambs_plugin_main");
}

static void a_file_that_is_no_library_is_refused(void **state)
{
    (void)state;
    assert_refused("objective: {plugin: /etc/passwd}\nparameters: {x: {min: 0.0, max: 1.0}}\n"
                   "method: {name: random}\n",
                   "plugin: it cannot be loaded: /etc/passwd: ");
    assert_refused("objective: {plugin: ''}\nparameters: {x: {min: 0.0, max: 1.0}}\n"
                   "method: {name: random}\n",
                   "plugin: found");
}

static void a_constructor_that_crashes_is_told(void **state)
{
    (void)state;
    assert_refused(study("crash", "", "go"), ":1:21: plugin: loading it crashed, signal 11");
}

static void a_constructor_that_exits_is_told_with_its_last_words(void **state)
{
    (void)state;
    assert_refused(study("exit", "", "go"),
                   "loading it ended the process with status 0: a constructor of it, or of a "
                   "library that it needs, does that; its last words: no licence found");
}

static void options_are_checked_where_they_stand(void **state)
{
    (void)state;
    assert_refused(study("good", ", ofset: 2", "go"),
                   ":1:41: objective: the plug-in has no option \"ofset\"; did you mean "
                   "\"offset\"?; known: offset, n, word");
    assert_refused(study("good", ", n: 2.5", "go"), "n: found \"2.5\", expected a whole number");
    assert_refused(study("needy", "", "go"), "the plug-in needs the option \"word\" (text)");
}

static void parameters_are_checked(void **state)
{
    (void)state;
    assert_refused("objective: {plugin: libprobe_good.so}\n"
                   "parameters: {x: {min: 0.0, max: 1.0}, layers: {min: 1, max: 4}}\n"
                   "method: {name: random}\n",
                   "the plug-in needs the parameter \"do\" (text), which the study does not have");
    assert_refused("objective: {plugin: libprobe_good.so}\n"
                   "parameters: {x: {min: 0, max: 1}, layers: {min: 1.0, max: 4.0}, do: {value: "
                   "go}}\nmethod: {name: random}\n",
                   "parameter \"layers\": found a number, but the plug-in takes a whole number");
    assert_refused("objective: {plugin: libprobe_good.so}\n"
                   "parameters: {x: {values: [a, b]}, layers: {min: 1, max: 4}, do: {value: go}}\n"
                   "method: {name: random}\n",
                   "parameter \"x\": found text, but the plug-in takes a number");
    assert_refused("objective: {plugin: libprobe_good.so}\n"
                   "parameters: {x: {values: [1, 2.5]}, layers: {values: [1, 2]}, do: {value: go}, "
                   "momentun: {value: 1}}\nmethod: {name: random}\n",
                   "does not read the parameter \"momentun\"; did you mean \"momentum\"?");
}

static void limits_that_do_not_suit_are_refused(void **state)
{
    (void)state;
    char text[2048];
    snprintf(text, sizeof text, "%s", study("good", "", "go"));
    char *at = strstr(text, "trial: {timeout");
    assert_non_null(at);
    strcpy(at, "trial: {ranks: 2}\n");
    assert_refused(text, "trial: ranks: found 2, expected 1: the plug-in probe does not compute on "
                         "a communicator");
    strcpy(at, "trial: {keep: failed}\n");
    assert_refused(text, "trial: keep: the folders of a plug-in's trials go");
}

/* Whoever only shows a study, or was handed it, does not load anything. */
static void a_study_is_read_without_its_plug_in(void **state)
{
    (void)state;
    ambs_spec *spec;
    ambs_error err = {0};
    const char *text = study("none", ", some: thing", "go");
    assert_int_equal(ambs_spec_parse_recorded(text, strlen(text), "s.h5", &spec, &err), AMBS_OK);
    ambs_spec_destroy(spec);
    assert_int_equal(ambs_spec_parse(text, strlen(text), "s.yaml", NULL, 0, &spec, &err), AMBS_OK);
    ambs_spec_destroy(spec);
}

/* --- trials ---------------------------------------------------------------------------------- */

static void a_plug_in_reads_its_configuration_by_name(void **state)
{
    (void)state;
    ambs_outcome o = outcome_of("go");
    assert_ended(o, AMBS_TRIAL_COMPLETE, AMBS_REASON_NONE, 0);
    assert_true(o.objective == 2.25);
    assert_true(metric(&o, "twice") == 0.5 && metric(&o, "layers") == 3);
    assert_true(metric(&o, "active") == 0 && isnan(metric(&o, "momentum")));
    const ambs_attempt attempt = {.trial = 7};
    assert_true(metric(&o, "seed") == (double)ambs_attempt_seed(&attempt));
    assert_int_equal(o.n_metrics, 5);
}

static void what_goes_wrong_in_a_trial_is_told(void **state)
{
    (void)state;
    static const struct {
        const char *what;
        ambs_reason reason;
        int code;
        const char *message;
    } cases[] = {
        {"crash", AMBS_REASON_SIGNAL, 11, "Segmentation fault"},
        {"hang", AMBS_REASON_TIMEOUT, 0, "ran longer than 500 ms"},
        {"exit", AMBS_REASON_NO_RESULT, 0, ""},
        {"fail", AMBS_REASON_OBJECTIVE, 0, "the matrix is singular at 0.25"},
        {"return", AMBS_REASON_OBJECTIVE, 0, "the plug-in's evaluate() returned -3"},
        {"nan", AMBS_REASON_NOT_A_NUMBER, 0, ""},
        {"unknown", AMBS_REASON_OBJECTIVE, 0,
         "the plug-in asks for the parameter \"learning_rate\", which the study does not have; it "
         "has x, do, layers, momentum"},
        {"word", AMBS_REASON_OBJECTIVE, 0,
         "the plug-in reads the parameter \"do\" as a number, found \"word\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ambs_outcome o = outcome_of(cases[i].what);
        assert_ended(o, AMBS_TRIAL_FAILED, cases[i].reason, cases[i].code);
        if (!strstr(o.message, cases[i].message)) fail_msg("%s: %s", cases[i].what, o.message);
    }
}

static void a_crash_costs_one_attempt(void **state)
{
    (void)state;
    running t;
    begin(&t, "crash");
    running_start(&t, 0, 1);
    t.x[1] = 0; /* go */
    running_start(&t, 0, 2);
    assert_ended(running_wait(&t, AMBS_CONTINUE).outcome, AMBS_TRIAL_FAILED, AMBS_REASON_SIGNAL,
                 11);
    assert_ended(running_wait(&t, AMBS_CONTINUE).outcome, AMBS_TRIAL_COMPLETE, AMBS_REASON_NONE, 0);
    running_end(&t);
}

static void reports_are_answered(void **state)
{
    (void)state;
    running t;
    begin(&t, "report");
    running_start(&t, 0, 1);
    ambs_run_event event;
    int n = 0;
    while ((event = running_next(&t)).kind != AMBS_RUN_ENDED) {
        if (event.kind != AMBS_RUN_REPORT) continue;
        n++;
        assert_int_equal(event.step, n);
        assert_string_equal(event.metric, n == 2 ? "loss" : "objective");
        ambs_runner_answer(t.runner, 0, n < 3 ? AMBS_CONTINUE : AMBS_STOP);
    }
    assert_int_equal(n, 3);
    assert_ended(event.outcome, AMBS_TRIAL_PRUNED, AMBS_REASON_NONE, 0);
    assert_true(event.outcome.objective == 10.0 / 3);
    running_end(&t);
}

static size_t count_entries(const char *folder)
{
    size_t n = 0;
    DIR *d = opendir(folder);
    while (d && readdir(d)) n++;
    if (d) closedir(d);
    return n;
}

/* Also where the plug-in is killed with it in use. */
static void a_scratch_folder_is_new_and_goes(void **state)
{
    (void)state;
    char folder[] = "/tmp/ambs-test-XXXXXX";
    assert_non_null(mkdtemp(folder));
    const char *before = getenv("TMPDIR");
    char *kept = before ? strdup(before) : NULL;
    setenv("TMPDIR", folder, 1);
    running t;
    begin(&t, "scratch");
    for (uint64_t i = 0; i < 3; i++) {
        if (i == 2) t.x[0] = 1;
        running_start(&t, 0, i);
        ambs_outcome o = running_wait(&t, AMBS_CONTINUE).outcome;
        if (i < 2) assert_ended(o, AMBS_TRIAL_COMPLETE, AMBS_REASON_NONE, 0);
    }
    running_end(&t);
    assert_int_equal(count_entries(folder), 2);
    rmdir(folder);
    if (kept)
        setenv("TMPDIR", kept, 1);
    else
        unsetenv("TMPDIR");
    free(kept);
}

static ambs_outcome attempt_of(running *t, uint32_t number)
{
    ambs_error err = {0};
    const ambs_attempt attempt = {
        .trial = 3, .attempt = number, .study_seed = 1, .fidelity = NAN, .x = t->x};
    if (ambs_runner_begin(t->runner, 0, &attempt, &err) != AMBS_OK) fail_msg("%s", err.text);
    return running_wait(t, AMBS_CONTINUE).outcome;
}

static void an_attempt_goes_on_from_what_one_before_saved(void **state)
{
    (void)state;
    char folder[] = "/tmp/ambs-test-XXXXXX", output[64], root[64];
    assert_non_null(mkdtemp(folder));
    snprintf(output, sizeof output, "%s/s.h5", folder);
    snprintf(root, sizeof root, "%s/s.h5.checkpoints", folder);
    running t;
    begin(&t, "checkpoint");
    ambs_outcome o = attempt_of(&t, 1);
    assert_string_equal(o.message, "no folder for checkpoints"); /* trial.checkpoint is not set */
    running_end(&t);
    begin(&t, "checkpoint");
    t.spec->trial.checkpoint = true;
    assert_int_equal(ambs_runner_save_beside(t.runner, output, NULL), AMBS_OK);
    assert_ended(attempt_of(&t, 1), AMBS_TRIAL_FAILED, AMBS_REASON_SIGNAL, 9);
    for (int i = 0; i < 500 && count_entries(root) != 3; i++) ambs_clock_sleep_s(0.01);
    assert_int_equal(count_entries(root), 3);
    o = attempt_of(&t, 2);
    assert_ended(o, AMBS_TRIAL_COMPLETE, AMBS_REASON_NONE, 0);
    assert_true(o.objective == 42);
    running_end(&t);
    assert_int_equal(access(root, F_OK), -1); /* what a trial that is over saved is gone */
    rmdir(folder);
}

static void an_open_that_fails_is_told(void **state)
{
    (void)state;
    running t = {0};
    ambs_error err = {0};
    if (read_study(study("good", ", n: 13", "go"), &t.spec, &err) != AMBS_OK ||
        ambs_supervisor_start(&t.supervisor, &err) != AMBS_OK ||
        ambs_runner_create(t.spec, 1, NULL, t.supervisor, NULL, false, &t.runner, &err) != AMBS_OK)
        fail_msg("%s", err.text);
    assert_int_equal(ambs_space_defaults(t.spec->space, t.x, &err), AMBS_OK);
    running_start(&t, 0, 1);
    ambs_outcome o = running_wait(&t, AMBS_CONTINUE).outcome;
    assert_ended(o, AMBS_TRIAL_FAILED, AMBS_REASON_OBJECTIVE, 0);
    assert_string_equal(o.message, "the plug-in probe cannot be opened: 13 is bad luck");
    running_end(&t);
}

/* --- the description ------------------------------------------------------------------------- */

static void a_damaged_description_does_no_harm(void **state)
{
    (void)state;
    static const char whole[] =
        "plugin\tp\ts\t8\t0\noption\ta\t0\t1\t0.5\nparameter\tx\t1\t0\nend\n";
    ambs_plugin_description *d;
    ambs_error err = {0};
    assert_int_equal(ambs_plugin_description_parse(whole, &d, &err), AMBS_OK);
    assert_int_equal(d->comm_bytes, 8);
    assert_int_equal(d->n_options + d->n_parameters, 2);
    ambs_plugin_description_destroy(d);
    for (size_t cut = 0; cut < sizeof whole - 1; cut++) {
        char text[sizeof whole];
        snprintf(text, sizeof text, "%.*s", (int)cut, whole);
        assert_int_equal(ambs_plugin_description_parse(text, &d, &err), AMBS_E_FORMAT);
    }
    assert_int_equal(
        ambs_plugin_description_parse("plugin\tp\ts\t8\t0\nparameter\tx\t9\t0\nend\n", &d, &err),
        AMBS_E_FORMAT);
}

/* --- when memory runs out --------------------------------------------------------------------- */

static int look_and_drop(void *path)
{
    ambs_plugin_description *d;
    int rc = ambs_plugin_look(path, &d, NULL);
    if (rc == AMBS_OK) ambs_plugin_description_destroy(d);
    return rc;
}

static int open_and_evaluate(void *spec_)
{
    const ambs_spec *spec = spec_;
    const ambs_plugin_place place = {.n_ranks = 1, .n_cores = 1};
    const double x[] = {0.5, 0, 2, NAN};
    const ambs_attempt attempt = {.trial = 1, .attempt = 1, .x = x};
    ambs_plugin_session *session;
    ambs_outcome o = {.objective = NAN};
    int rc = ambs_plugin_session_create(spec->objective_options, spec->space, "y", &place, &session,
                                        NULL);
    if (rc != AMBS_OK) return rc;
    rc = ambs_plugin_session_evaluate(session, &attempt, NULL, &o, NULL);
    assert_true(rc != AMBS_OK || o.objective == 1);
    ambs_plugin_session_destroy(session);
    return rc;
}

static void plug_ins_survive_failing_allocations(void **state)
{
    (void)state;
    ambs_spec *spec;
    ambs_error err = {0};
    if (read_study(study("good", "", "go"), &spec, &err) != AMBS_OK) fail_msg("%s", err.text);
    const ambs_plugin_options *o = spec->objective_options;
    assert_true(failing_alloc_each(look_and_drop, o->path) > 10);
    assert_true(failing_alloc_each(open_and_evaluate, spec) > 10);
    ambs_spec_destroy(spec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_library_that_is_wrong_is_refused),
        cmocka_unit_test(a_file_that_is_no_library_is_refused),
        cmocka_unit_test(a_constructor_that_crashes_is_told),
        cmocka_unit_test(a_constructor_that_exits_is_told_with_its_last_words),
        cmocka_unit_test(options_are_checked_where_they_stand),
        cmocka_unit_test(parameters_are_checked),
        cmocka_unit_test(limits_that_do_not_suit_are_refused),
        cmocka_unit_test(a_study_is_read_without_its_plug_in),
        cmocka_unit_test(a_plug_in_reads_its_configuration_by_name),
        cmocka_unit_test(what_goes_wrong_in_a_trial_is_told),
        cmocka_unit_test(a_crash_costs_one_attempt),
        cmocka_unit_test(reports_are_answered),
        cmocka_unit_test(a_scratch_folder_is_new_and_goes),
        cmocka_unit_test(an_attempt_goes_on_from_what_one_before_saved),
        cmocka_unit_test(an_open_that_fails_is_told),
        cmocka_unit_test(a_damaged_description_does_no_harm),
        cmocka_unit_test(plug_ins_survive_failing_allocations),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("objective/plugin", tests, NULL, NULL);
}
