/* SPDX-License-Identifier: MIT */
/* For the tests of the runner: a study from text, attempts on its slots, outcomes back. */
#ifndef AMBS_TESTS_OBJECTIVE_RUNNING_H
#define AMBS_TESTS_OBJECTIVE_RUNNING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <poll.h>
#include <string.h>

#include "base/clock.h"
#include "objective/runner.h"
#include "study/spec.h"

typedef struct running {
    ambs_spec *spec;
    ambs_supervisor *supervisor;
    ambs_runner *runner;
    double x[64];
} running;

/* The study `text` with `n_slots` slots that have `slots` [n_slots] or NULL; x is the default
 * configuration. */
static inline void running_begin_on(running *t, const char *text, uint32_t n_slots,
                                    const ambs_slot_resources *slots)
{
    ambs_error err = {0};
    *t = (running){0};
    const ambs_setting method = {.path = "method", .value = "{name: random}"};
    if (ambs_spec_parse(text, strlen(text), "test.yaml", &method, 1, &t->spec, &err) != AMBS_OK)
        fail_msg("%s", err.text);
    if (ambs_supervisor_start(&t->supervisor, &err) != AMBS_OK) fail_msg("%s", err.text);
    if (ambs_runner_create(t->spec, n_slots, slots, t->supervisor, NULL, false, &t->runner, &err) !=
        AMBS_OK)
        fail_msg("%s", err.text);
    assert_true(ambs_space_dimension(t->spec->space) <= 64);
    assert_int_equal(ambs_space_defaults(t->spec->space, t->x, &err), AMBS_OK);
}

static inline void running_begin(running *t, const char *text, uint32_t n_slots)
{
    running_begin_on(t, text, n_slots, NULL);
}

static inline void running_end(running *t)
{
    ambs_runner_destroy(t->runner);
    ambs_supervisor_stop(t->supervisor);
    ambs_spec_destroy(t->spec);
}

static inline void running_start(running *t, uint32_t slot, uint64_t trial)
{
    ambs_error err = {0};
    const ambs_attempt attempt = {
        .trial = trial, .attempt = 1, .study_seed = t->spec->seed, .fidelity = NAN, .x = t->x};
    if (ambs_runner_begin(t->runner, slot, &attempt, &err) != AMBS_OK) fail_msg("%s", err.text);
}

/* The next event, waited for; fails after 20 s. */
static inline ambs_run_event running_next(running *t)
{
    ambs_run_event event;
    double until = ambs_clock_monotonic_s() + 20;
    while (!ambs_runner_poll(t->runner, &event)) {
        if (ambs_clock_monotonic_s() > until) fail_msg("no event within 20 s");
        struct pollfd fd = {.fd = ambs_supervisor_fd(t->supervisor), .events = POLLIN};
        poll(&fd, 1, 20);
    }
    return event;
}

/* Lets everything run until an attempt ends; reports are answered with `answer`. */
static inline ambs_run_event running_wait(running *t, ambs_decision answer)
{
    for (;;) {
        ambs_run_event event = running_next(t);
        if (event.kind == AMBS_RUN_REPORT) ambs_runner_answer(t->runner, event.slot, answer);
        if (event.kind == AMBS_RUN_ENDED) return event;
    }
}

/* One attempt of the study, from its beginning to its end. */
static inline ambs_outcome running_once(const char *text)
{
    running t;
    running_begin(&t, text, 1);
    running_start(&t, 0, 7);
    ambs_run_event event = running_wait(&t, AMBS_CONTINUE);
    assert_int_equal(event.trial, 7);
    assert_int_equal(ambs_runner_busy(t.runner), 0);
    running_end(&t);
    return event.outcome;
}

static inline void assert_ended(ambs_outcome o, ambs_trial_state state, ambs_reason reason,
                                int code)
{
    char text[64];
    if (o.state != state || o.reason != reason || o.code != code)
        fail_msg("ended as %s, %s: %s", ambs_trial_state_name(o.state),
                 ambs_reason_text(o.reason, o.code, text), o.message);
}

#endif
