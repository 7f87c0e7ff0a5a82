/* SPDX-License-Identifier: MIT */
/* What every member of the family keeps, and the library's own behaviour when memory runs out. */
#include "running.h"

#include <stdio.h>
#include <stdlib.h>

#include "config.h"
#include "failing_alloc.h"
#include "objective/result.h"

/* A study that suits the kind. */
static const char *study_for(const char *kind)
{
    static const struct {
        const char *kind, *study;
    } studies[] = {
        {"function",
         "objective: {function: styblinski_tang, noise: 0.5}\n"
         "parameters: {a: {min: -5.0, max: 5.0}, b: {values: [1, 2, 3]}, c: {value: 2}}\n"},
        {"train", "metric: {name: validation_error}\n"
                  "objective: {train: mlp, dataset: 'share:digits', epochs: 1, units: 8}\n"
                  "parameters: {learning_rate: {min: 1.0e-4, max: 1.0e-1, scale: log}}\n"},
        {"plugin", "objective: {plugin: " AMBS_TEST_PLUGINS "/libprobe_good.so}\n"
                   "parameters: {x: {min: 0.0, max: 1.0}, do: {value: go}, layers: {value: 1}, "
                   "momentum: {value: 0.5}}\n"},
        {"command",
         "objective: {command: [printf, '${a}']}\nparameters: {a: {min: 0.0, max: 1.0}}\n"},
        {"reference",
         "objective: {reference: 3}\nparameters: {a: {min: 0.0, max: 1.0}, b: {values: [x, y]}, "
         "c: {min: 1, max: 5, when: {b: y}}}\n"},
        {"hostile", "objective: {hostile: behave}\nparameters: {a: {min: 0.0, max: 1.0}}\n"},
    };
    for (size_t i = 0; i < sizeof studies / sizeof *studies; i++)
        if (strcmp(studies[i].kind, kind) == 0) return studies[i].study;
    fail_msg("the test has no study for the objective \"%s\"", kind);
    return NULL;
}

static void a_member_describes_itself(void **state)
{
    (void)state;
    for (size_t i = 0; ambs_objective_registry[i]; i++) {
        const ambs_objective_ops *ops = ambs_objective_registry[i];
        assert_true(ops->member.name && ops->member.summary && ops->member.summary[0]);
        assert_true(!ops->hosted || ops->evaluate);
        assert_true((ops->member.options == NULL) == (ops->member.options_size == 0));
        /* The value of the key that selects the kind is an option; a command's is its argument
         * vector. */
        if (ops->hosted) assert_non_null(ambs_option_find(ops->member.options, ops->member.name));
        for (const ambs_option *o = ops->member.options; o && o->name; o++)
            assert_true(o->help && o->help[0]);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(ops->member.name, ambs_objective_registry[k]->member.name);
    }
}

static ambs_decision carry_on(void *ctx, long long step, const char *metric, double value)
{
    (void)step, (void)metric;
    assert_false(isnan(value));
    ++*(int *)ctx;
    return AMBS_CONTINUE;
}

static ambs_spec *read_study(const char *text)
{
    ambs_spec *spec = NULL;
    ambs_error err = {0};
    const ambs_setting method = {.path = "method", .value = "{name: random}"};
    if (ambs_spec_parse(text, strlen(text), "t", &method, 1, &spec, &err) != AMBS_OK)
        fail_msg("%s", err.text);
    return spec;
}

/* A trial gives the same bits in any host, whatever was evaluated there before. */
static void a_hosted_member_depends_on_the_attempt_alone(void **state)
{
    (void)state;
    for (size_t i = 0; ambs_objective_registry[i]; i++) {
        const ambs_objective_ops *ops = ambs_objective_registry[i];
        if (!ops->hosted) continue;
        ambs_spec *spec = read_study(study_for(ops->member.name));
        ambs_error err = {0};
        double x[16], seen[3];
        assert_int_equal(ambs_space_defaults(spec->space, x, &err), AMBS_OK);
        for (int round = 0; round < 3;
             round++) { /* the third in a host that had another trial first */
            void *host = NULL;
            int reports = 0;
            const ambs_reporter reporter = {.report = carry_on, .ctx = &reports};
            ambs_attempt attempt = {
                .trial = 11, .attempt = 1, .study_seed = 3, .fidelity = NAN, .x = x};
            ambs_outcome o;
            if (ops->open(spec->objective_options, spec->space, spec->metric, &host, &err) !=
                AMBS_OK)
                fail_msg("%s: %s", ops->member.name, err.text);
            for (attempt.trial = round == 2 ? 10 : 11; attempt.trial <= 11; attempt.trial++) {
                o = (ambs_outcome){.objective = NAN};
                if (ops->evaluate(host, &attempt, &reporter, &o, &err) != AMBS_OK)
                    fail_msg("%s: %s", ops->member.name, err.text);
            }
            ops->close(host);
            assert_int_equal(o.state, AMBS_TRIAL_COMPLETE);
            assert_true(isfinite(o.objective) && o.n_metrics <= AMBS_MAX_METRICS);
            assert_non_null(memchr(o.message, '\0', sizeof o.message));
            seen[round] = o.objective;
        }
        assert_memory_equal(&seen[0], &seen[1], sizeof(double));
        assert_memory_equal(&seen[0], &seen[2], sizeof(double));
        ambs_spec_destroy(spec);
    }
}

static void every_member_runs_in_the_runner(void **state)
{
    (void)state;
    for (size_t i = 0; ambs_objective_registry[i]; i++)
        assert_ended(running_once(study_for(ambs_objective_registry[i]->member.name)),
                     AMBS_TRIAL_COMPLETE, AMBS_REASON_NONE, 0);
}

static void a_study_without_objective_has_no_runner(void **state)
{
    (void)state;
    ambs_spec *spec = read_study("parameters: {a: {min: 0.0, max: 1.0}}\n");
    ambs_error err = {0};
    assert_int_equal(ambs_runner_check(spec, &err), AMBS_E_INVALID);
    assert_string_equal(
        err.text,
        "the study has no `objective:`, expected one to run trials (only serve needs none)");
    ambs_spec_destroy(spec);
}

/* ---- out of memory ---- */

/* What is made for an attempt is made behind its beginning. */
static int wait_for_start(ambs_runner *runner, ambs_supervisor *supervisor)
{
    ambs_run_event e;
    struct pollfd fd = {.fd = ambs_supervisor_fd(supervisor), .events = POLLIN};
    while (!ambs_runner_poll(runner, &e)) poll(&fd, 1, 20);
    if (e.kind == AMBS_RUN_STARTED) return AMBS_OK;
    assert_ended(e.outcome, AMBS_TRIAL_FAILED, AMBS_REASON_NOT_STARTED, 0);
    return strstr(e.outcome.message, "out of memory") ? AMBS_E_NOMEM : AMBS_E_IO;
}

static int make_a_runner(void *ctx)
{
    const ambs_spec *spec = ctx;
    ambs_supervisor *supervisor;
    ambs_runner *runner;
    ambs_error err = {0};
    int rc = ambs_supervisor_start(&supervisor, &err);
    if (rc != AMBS_OK) return rc;
    rc = ambs_runner_create(spec, 2, NULL, supervisor, NULL, false, &runner, &err);
    double x[4];
    if (rc == AMBS_OK) {
        ambs_space_defaults(spec->space, x, &err);
        const ambs_attempt attempt = {.trial = 1, .attempt = 1, .fidelity = NAN, .x = x};
        rc = ambs_runner_begin(runner, 0, &attempt, &err);
        assert_int_equal(ambs_runner_busy(runner), rc == AMBS_OK);
        if (rc == AMBS_OK) rc = wait_for_start(runner, supervisor);
        ambs_runner_destroy(runner);
    }
    ambs_supervisor_stop(supervisor);
    return rc;
}

static void a_runner_survives_failing_allocations(void **state)
{
    (void)state;
    ambs_spec *spec = read_study(study_for("command"));
    assert_true(failing_alloc_each(make_a_runner, spec) > 10);
    ambs_spec_destroy(spec);
    spec = read_study(study_for("hostile"));
    assert_true(failing_alloc_each(make_a_runner, spec) > 10);
    ambs_spec_destroy(spec);
}

static int read_a_result(void *ctx)
{
    static const char text[] = "{\"loss\": 0.5, \"a\": 1, \"b\": NaN}";
    ambs_outcome *o = ctx;
    ambs_result_read(text, sizeof text - 1, "loss", "it", o);
    assert_true(o->state == AMBS_TRIAL_COMPLETE || o->reason == AMBS_REASON_OUT_OF_MEMORY);
    return o->state == AMBS_TRIAL_COMPLETE ? AMBS_OK : AMBS_E_NOMEM;
}

static void reading_a_result_survives_failing_allocations(void **state)
{
    (void)state;
    ambs_outcome o = {0};
    assert_true(failing_alloc_each(read_a_result, &o) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_member_describes_itself),
        cmocka_unit_test(a_hosted_member_depends_on_the_attempt_alone),
        cmocka_unit_test(every_member_runs_in_the_runner),
        cmocka_unit_test(a_study_without_objective_has_no_runner),
        cmocka_unit_test(a_runner_survives_failing_allocations),
        cmocka_unit_test(reading_a_result_survives_failing_allocations),
    };
    size_t n =
        sizeof tests / sizeof *tests - (AMBS_HAVE_JANSSON ? 0 : 1); /* the last one reads JSON */
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return _cmocka_run_group_tests("objective", tests, n, NULL, NULL);
}
