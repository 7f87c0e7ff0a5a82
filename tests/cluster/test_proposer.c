/* SPDX-License-Identifier: MIT */
/* The search behind its port: in a thread and inline it makes the same proposals from the same
 * inputs. */
#include <math.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cluster/proposer.h"
#include "study/spec.h"

static ambs_error err;
static ambs_spec *spec;
static ambs_search *search;

static const char *const study = "metric: {name: y}\n"
                                 "parameters:\n"
                                 "  a: {min: 0.0, max: 1.0}\n"
                                 "  b: {values: [u, v, w]}\n"
                                 "method: {name: %s}\n";

static void open_study(const char *text)
{
    if (ambs_spec_parse(text, strlen(text), "test", NULL, 0, &spec, &err) != AMBS_OK)
        fail_msg("%s", err.text);
    if (ambs_search_create(spec, &search, &err) != AMBS_OK) fail_msg("%s", err.text);
}

static void close_study(ambs_proposer *p)
{
    ambs_proposer_destroy(p);
    ambs_search_destroy(search);
    ambs_spec_destroy(spec);
}

static ambs_proposer *make(bool threaded)
{
    ambs_proposer *p;
    int rc = threaded ? ambs_proposer_thread_create(search, 2, 0, false, &p, &err)
                      : ambs_proposer_inline_create(search, 2, 0, false, &p, &err);
    assert_int_equal(rc, AMBS_OK);
    return p;
}

static ambs_proposer_event wait_for(const ambs_proposer *p)
{
    const ambs_proposer_port *port = ambs_proposer_get_port(p);
    ambs_proposer_event event;
    while (!port->next(port->ctx, &event)) {
        struct pollfd fd = {.fd = ambs_proposer_fd(p), .events = POLLIN};
        assert_int_equal(poll(&fd, 1, 10000), 1);
    }
    return event;
}

/* Asks for one proposal at a time and tells its outcome: the first numbers of each. */
static void follow(bool threaded, const char *method, double *ret_x, int n)
{
    char text[512];
    snprintf(text, sizeof text, study, method);
    open_study(text);
    ambs_proposer *p = make(threaded);
    const ambs_proposer_port *port = ambs_proposer_get_port(p);
    for (int i = 0; i < n; i++) {
        assert_int_equal(port->allow(port->ctx, 1, &err), AMBS_OK);
        ambs_proposer_event event = wait_for(p);
        assert_int_equal(event.kind, AMBS_PROPOSER_PROPOSAL);
        assert_int_equal(event.proposal.proposal.trial, i);
        assert_int_equal(event.proposal.n_inputs, i);
        memcpy(ret_x + 2 * i, event.proposal.proposal.x, 2 * sizeof *ret_x);
        ambs_outcome outcome = {.state = AMBS_TRIAL_COMPLETE, .objective = ret_x[2 * i]};
        assert_int_equal(port->tell(port->ctx, (uint64_t)i, &outcome, &err), AMBS_OK);
    }
    close_study(p);
}

static void thread_and_inline_propose_the_same(void **state)
{
    (void)state;
    enum { N = 30 };
    static const char *const methods[] = {"random", "ambs"};
    for (int k = 0; k < 2; k++) {
        double a[2 * N], b[2 * N];
        follow(true, methods[k], a, N);
        follow(false, methods[k], b, N);
        assert_memory_equal(a, b, sizeof a);
    }
}

static void nothing_is_proposed_unasked(void **state)
{
    (void)state;
    char text[512];
    snprintf(text, sizeof text, study, "random");
    open_study(text);
    ambs_proposer *p = make(false);
    const ambs_proposer_port *port = ambs_proposer_get_port(p);
    ambs_proposer_event event;
    assert_false(port->next(port->ctx, &event));
    port->allow(port->ctx, 2, &err);
    assert_true(port->next(port->ctx, &event));
    assert_true(port->next(port->ctx, &event));
    assert_false(port->next(port->ctx, &event));
    close_study(p);
}

static void what_is_enqueued_comes_next(void **state)
{
    (void)state;
    char text[512];
    for (int threaded = 0; threaded < 2; threaded++) {
        snprintf(text, sizeof text, study, "random");
        open_study(text);
        ambs_proposer *p = make(threaded == 1);
        const ambs_proposer_port *port = ambs_proposer_get_port(p);
        const double x[] = {0.25, 2};
        assert_int_equal(port->enqueue(port->ctx, x, &err), AMBS_OK);
        assert_int_equal(port->enqueue(port->ctx, x, &err), AMBS_OK); /* passed over */
        assert_int_equal(port->allow(port->ctx, 2, &err), AMBS_OK);
        ambs_proposer_event event = wait_for(p);
        assert_int_equal(event.kind, AMBS_PROPOSER_PROPOSAL);
        assert_int_equal(event.proposal.proposal.origin, AMBS_ORIGIN_ENQUEUED);
        assert_int_equal(event.proposal.n_inputs, 0); /* it is none */
        assert_memory_equal(event.proposal.proposal.x, x, sizeof x);
        event = wait_for(p);
        assert_int_equal(event.proposal.proposal.origin, AMBS_ORIGIN_RANDOM);
        close_study(p);
    }
}

static void an_exhausted_space_is_said_once(void **state)
{
    (void)state;
    open_study(
        "metric: {name: y}\nparameters:\n  b: {values: [u, v, w]}\nmethod: {name: random}\n");
    ambs_proposer *p;
    assert_int_equal(ambs_proposer_thread_create(search, 1, 0, false, &p, &err), AMBS_OK);
    const ambs_proposer_port *port = ambs_proposer_get_port(p);
    port->allow(port->ctx, 10, &err);
    for (int i = 0; i < 3; i++) assert_int_equal(wait_for(p).kind, AMBS_PROPOSER_PROPOSAL);
    ambs_proposer_event event = wait_for(p);
    assert_int_equal(event.kind, AMBS_PROPOSER_ENDED);
    assert_int_equal(event.code, AMBS_E_EXHAUSTED);
    assert_true(strlen(event.text) > 0);
    assert_false(port->next(port->ctx, &event));
    close_study(p);
}

/* Durations go beside the log: the proposals are those of a study that was not asked for any. */
static void durations_are_told_without_touching_the_search(void **state)
{
    (void)state;
    enum { N = 12 };
    double x[2 * N];
    char text[512];
    follow(true, "ambs", x, N);
    snprintf(text, sizeof text, study, "ambs");
    open_study(text);
    ambs_forecast *forecast;
    assert_int_equal(ambs_forecast_create(spec->space, 1, &forecast, &err), AMBS_OK);
    ambs_proposer *p = make(true);
    ambs_proposer_use_forecast(p, forecast);
    const ambs_proposer_port *port = ambs_proposer_get_port(p);
    for (uint64_t i = 0; i < N; i++) {
        port->allow(port->ctx, 1, &err);
        ambs_proposer_event event = wait_for(p);
        const double *made = event.proposal.proposal.x;
        assert_int_equal(event.proposal.n_inputs, i);
        assert_memory_equal(made, x + 2 * i, 2 * sizeof *x);
        ambs_outcome outcome = {.state = AMBS_TRIAL_COMPLETE, .objective = made[0]};
        assert_int_equal(port->tell(port->ctx, i, &outcome, &err), AMBS_OK);
        assert_int_equal(port->learn(port->ctx, made, NAN, 20, &err), AMBS_OK);
        assert_int_equal(port->forecast(port->ctx, i, x, NAN, &err), AMBS_OK);
        event = wait_for(p);
        assert_int_equal(event.kind, AMBS_PROPOSER_FORECAST);
        assert_int_equal(event.report.trial, i);
        assert_int_equal(isnan(event.sd), i + 1 < AMBS_FORECAST_LEAST);
        if (i + 1 >= AMBS_FORECAST_LEAST) assert_true(fabs(event.mean - log(20)) < 1e-6);
    }
    close_study(p);
    ambs_forecast_destroy(forecast);
}

static void an_input_that_does_not_fit_breaks_it(void **state)
{
    (void)state;
    char text[512];
    snprintf(text, sizeof text, study, "random");
    open_study(text);
    ambs_proposer *p = make(true);
    const ambs_proposer_port *port = ambs_proposer_get_port(p);
    assert_int_equal(port->cancel(port->ctx, 17, &err), AMBS_OK);
    assert_int_equal(wait_for(p).kind, AMBS_PROPOSER_BROKEN);
    close_study(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thread_and_inline_propose_the_same),
        cmocka_unit_test(nothing_is_proposed_unasked),
        cmocka_unit_test(what_is_enqueued_comes_next),
        cmocka_unit_test(an_exhausted_space_is_said_once),
        cmocka_unit_test(durations_are_told_without_touching_the_search),
        cmocka_unit_test(an_input_that_does_not_fit_breaks_it),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("cluster/proposer", tests, NULL, NULL);
}
