/* SPDX-License-Identifier: MIT */
/* Attempts in trial hosts: every ending, and what one attempt must not do to another. */
#include "running.h"

#include <signal.h>
#include <stdlib.h>

#define PARAMETERS "parameters: {a: {min: 0.0, max: 1.0, default: 0.25}}\n"
#define HOSTILE(what)                                                                              \
    "objective: {hostile: " what "}\n" PARAMETERS "trial: {timeout: 300ms, grace: 200ms}\n"

static void a_function_is_evaluated(void **state)
{
    (void)state;
    ambs_outcome o = running_once(
        "objective: {function: branin}\nparameters: {a: {min: -5.0, max: 10.0, default: 2.5}, "
        "b: {min: 0.0, max: 15.0, default: 7.5}}\n");
    assert_ended(o, AMBS_TRIAL_COMPLETE, AMBS_REASON_NONE, 0);
    assert_true(fabs(o.objective - 24.129964413622268) < 1e-12);
    assert_true(o.duration_s >= 0 && o.duration_s < 5 && o.end_s >= o.start_s && o.start_s > 1.7e9);
}

static void attempts_behind_each_other_end_in_order(void **state)
{
    (void)state;
    running t;
    running_begin(&t, "objective: {function: 'null'}\n" PARAMETERS, 2);
    uint64_t begun = 0, ended = 0;
    while (ended < 2000) {
        for (uint32_t slot = 0; slot < 2; slot++)
            while (begun < 2000 && ambs_runner_room(t.runner, slot) > 0)
                running_start(&t, slot, begun++);
        ambs_run_event event = running_wait(&t, AMBS_CONTINUE);
        assert_ended(event.outcome, AMBS_TRIAL_COMPLETE, AMBS_REASON_NONE, 0);
        assert_true(event.outcome.objective == 0);
        ended++;
    }
    running_end(&t);
}

static void a_slot_without_room_says_so(void **state)
{
    (void)state;
    running t;
    ambs_error err;
    running_begin(&t, HOSTILE("hang"), 1);
    assert_int_equal(ambs_runner_room(t.runner, 0), AMBS_RUNNER_DEPTH);
    for (uint64_t i = 0; i < AMBS_RUNNER_DEPTH; i++) running_start(&t, 0, i);
    const ambs_attempt attempt = {.x = t.x};
    assert_int_equal(ambs_runner_begin(t.runner, 0, &attempt, &err), AMBS_E_AGAIN);
    assert_int_equal(ambs_runner_begin(t.runner, 1, &attempt, &err), AMBS_E_INVALID);
    running_end(&t);
}

static void every_ending_is_told_apart(void **state)
{
    (void)state;
    ambs_outcome o = running_once(HOSTILE("crash"));
    assert_ended(o, AMBS_TRIAL_FAILED, AMBS_REASON_SIGNAL, SIGSEGV);
    o = running_once(HOSTILE("abort"));
    assert_ended(o, AMBS_TRIAL_FAILED, AMBS_REASON_SIGNAL, SIGABRT);
    o = running_once(HOSTILE("exit"));
    assert_ended(o, AMBS_TRIAL_FAILED, AMBS_REASON_EXIT, 3);
    o = running_once(HOSTILE("nan"));
    assert_ended(o, AMBS_TRIAL_FAILED, AMBS_REASON_NOT_A_NUMBER, 0);
    o = running_once(HOSTILE("infinite"));
    assert_ended(o, AMBS_TRIAL_FAILED, AMBS_REASON_INFINITE, 0);
    assert_true(isnan(o.objective));
    o = running_once(HOSTILE("refuse"));
    assert_ended(o, AMBS_TRIAL_FAILED, AMBS_REASON_OBJECTIVE, 0);
    assert_string_equal(o.message, "the hostile objective refuses, as was asked for");
    o = running_once(HOSTILE("refuse_open"));
    assert_ended(o, AMBS_TRIAL_FAILED, AMBS_REASON_OBJECTIVE, 0);
    assert_string_equal(o.message, "the hostile objective cannot be opened, as was asked for");
}

static void a_timeout_ends_a_trial(void **state)
{
    (void)state;
    ambs_outcome o = running_once(HOSTILE("hang"));
    assert_ended(o, AMBS_TRIAL_FAILED, AMBS_REASON_TIMEOUT, 0);
    assert_string_equal(o.message, "ran longer than 300 ms (trial.timeout)");
    o = running_once(HOSTILE("ignore_term"));
    assert_ended(o, AMBS_TRIAL_FAILED, AMBS_REASON_TIMEOUT, 0);
    assert_true(strstr(o.message, "TERM did not end it") != NULL);
    assert_true(o.duration_s >= 0.5);
}

/* Behaviours by the first parameter: one after the other on one slot, all begun at once. */
static void a_crash_costs_one_attempt(void **state)
{
    (void)state;
    static const struct {
        ambs_trial_state state;
        ambs_reason reason;
    } want[] = {{AMBS_TRIAL_COMPLETE, AMBS_REASON_NONE}, {AMBS_TRIAL_FAILED, AMBS_REASON_SIGNAL},
                {AMBS_TRIAL_COMPLETE, AMBS_REASON_NONE}, {AMBS_TRIAL_FAILED, AMBS_REASON_TIMEOUT},
                {AMBS_TRIAL_FAILED, AMBS_REASON_EXIT},   {AMBS_TRIAL_FAILED, AMBS_REASON_TIMEOUT},
                {AMBS_TRIAL_COMPLETE, AMBS_REASON_NONE}};
    static const double level[] = {0, 1, 0, 2, 3, 4, 0};
    running t;
    running_begin(&t,
                  "objective: {hostile: by_parameter}\n"
                  "parameters: {what: {values: [behave, crash, hang, exit, ignore_term]}}\n"
                  "trial: {timeout: 300ms, grace: 100ms}\n",
                  1);
    uint64_t begun = 0;
    for (uint64_t ended = 0; ended < 7; ended++) {
        for (; begun < 7 && ambs_runner_room(t.runner, 0) > 0; begun++) {
            t.x[0] = level[begun];
            running_start(&t, 0, begun);
        }
        ambs_run_event event = running_wait(&t, AMBS_CONTINUE);
        assert_int_equal(event.trial, ended);
        assert_int_equal(event.outcome.state, want[ended].state);
        assert_int_equal(event.outcome.reason, want[ended].reason);
    }
    running_end(&t);
}

static void a_cancelled_slot_is_free_again(void **state)
{
    (void)state;
    running t;
    running_begin(&t,
                  "objective: {hostile: by_parameter}\nparameters: {what: {values: [behave, hang, "
                  "ignore_term]}}\n"
                  "trial: {grace: 100ms}\n",
                  1);
    for (int at_once = 0; at_once < 2; at_once++) {
        t.x[0] = at_once ? 1 : 2;
        running_start(&t, 0, 0);
        running_start(&t, 0, 1);
        while (running_next(&t).kind != AMBS_RUN_STARTED) continue;
        ambs_runner_cancel(t.runner, 0, at_once);
        for (uint64_t i = 0; i < 2; i++) {
            ambs_run_event event = running_wait(&t, AMBS_CONTINUE);
            assert_int_equal(event.trial, i);
            assert_ended(event.outcome, AMBS_TRIAL_CANCELLED, AMBS_REASON_CANCELLED, 0);
        }
        t.x[0] = 0;
        running_start(&t, 0, 2);
        assert_ended(running_wait(&t, AMBS_CONTINUE).outcome, AMBS_TRIAL_COMPLETE, AMBS_REASON_NONE,
                     0);
    }
    running_end(&t);
}

static void step_reports_are_answered(void **state)
{
    (void)state;
    running t;
    running_begin(&t, "objective: {reference: 5}\n" PARAMETERS, 1);
    running_start(&t, 0, 0);
    assert_int_equal(running_next(&t).kind, AMBS_RUN_STARTED);
    for (long long step = 1; step <= 5; step++) {
        ambs_run_event event = running_next(&t);
        assert_int_equal(event.kind, AMBS_RUN_REPORT);
        assert_int_equal(event.step, step);
        assert_string_equal(event.metric, "objective");
        ambs_runner_answer(t.runner, 0, AMBS_CONTINUE);
    }
    assert_ended(running_wait(&t, AMBS_CONTINUE).outcome, AMBS_TRIAL_COMPLETE, AMBS_REASON_NONE, 0);
    running_start(&t, 0, 1);
    running_start(&t, 0, 2); /* waits in the host while the first one's answer is awaited */
    for (int i = 0; i < 2; i++) {
        ambs_run_event event = running_wait(&t, AMBS_STOP);
        assert_ended(event.outcome, AMBS_TRIAL_PRUNED, AMBS_REASON_NONE, 0);
        assert_true(fabs(event.outcome.objective - 0.0625 * 5) < 1e-12);
    }
    running_end(&t);
}

static void a_killed_host_is_started_again(void **state)
{
    (void)state;
    running t;
    running_begin(&t, "objective: {function: 'null', delay: 200ms}\n" PARAMETERS, 1);
    running_start(&t, 0, 0);
    running_start(&t, 0, 1);
    ambs_run_event started = running_next(&t);
    assert_int_equal(started.kind, AMBS_RUN_STARTED);
    kill((pid_t)started.pid, SIGKILL);
    assert_ended(running_wait(&t, AMBS_CONTINUE).outcome, AMBS_TRIAL_FAILED, AMBS_REASON_SIGNAL,
                 SIGKILL);
    assert_ended(running_wait(&t, AMBS_CONTINUE).outcome, AMBS_TRIAL_COMPLETE, AMBS_REASON_NONE, 0);
    running_end(&t);
}

static void delay_noise_and_failures_are_as_asked_for(void **state)
{
    (void)state;
    running t;
    running_begin(&t, "objective: {function: sphere, noise: 2.0, failure_rate: 0.25}\n" PARAMETERS,
                  1);
    double sum = 0, squares = 0;
    int failed = 0, n = 0;
    for (uint64_t i = 0; i < 2000; i++) {
        running_start(&t, 0, i);
        ambs_outcome o = running_wait(&t, AMBS_CONTINUE).outcome;
        if (o.state == AMBS_TRIAL_FAILED) {
            failed++;
            continue;
        }
        double noise = o.objective - 0.0625;
        sum += noise;
        squares += noise * noise;
        n++;
    }
    /* Five standard errors each. */
    assert_true(abs(failed - 500) < 97);
    assert_true(fabs(sum / n) < 5 * 2.0 / sqrt(n));
    assert_true(fabs(squares / n - 4) < 5 * 4 * sqrt(2.0 / n));
    running_end(&t);
    ambs_outcome o = running_once("objective: {function: 'null', delay: 0.05}\n" PARAMETERS);
    assert_true(o.duration_s >= 0.05);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_function_is_evaluated),
        cmocka_unit_test(attempts_behind_each_other_end_in_order),
        cmocka_unit_test(a_slot_without_room_says_so),
        cmocka_unit_test(every_ending_is_told_apart),
        cmocka_unit_test(a_timeout_ends_a_trial),
        cmocka_unit_test(a_crash_costs_one_attempt),
        cmocka_unit_test(a_cancelled_slot_is_free_again),
        cmocka_unit_test(step_reports_are_answered),
        cmocka_unit_test(a_killed_host_is_started_again),
        cmocka_unit_test(delay_noise_and_failures_are_as_asked_for),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("host", tests, NULL, NULL);
}
