/* SPDX-License-Identifier: MIT */
/* One trial, here and now: the same runner, supervisor and limits as in a study, with everything
 * shown. */
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cli/cli.h"
#include "cli/print.h"
#include "objective/plugin.h"
#include "objective/runner.h"
#include "space/space.h"
#include "study/spec.h"

static void tell_start(const ambs_spec *spec, const double *x)
{
    ambs_text line = {0};
    ambs_space_write_line(spec->space, x, &line);
    fprintf(stderr, "trying %s\n", line.text != NULL ? line.text : "");
    ambs_text_fini(&line);
}

static int tell_end(const ambs_spec *spec, const ambs_outcome *o, ambs_error *err)
{
    char number[32], duration[64], reason[64];
    ambs_reason_text(o->reason, o->code, reason);
    fprintf(stderr, "%s%s%s after %s%s%s\n", ambs_trial_state_name(o->state), reason[0] ? ": " : "",
            reason, ambs_format_duration(o->duration_s, duration), o->message[0] ? ": " : "",
            o->message);
    ambs_text out = {0};
    if (o->state == AMBS_TRIAL_COMPLETE) {
        ambs_text_addf(&out, "%s = %s\n", spec->metric, ambs_format_double(o->objective, number));
    }
    for (size_t i = 0; i < o->n_metrics; i++) {
        ambs_text_addf(&out, "%s = %s\n", o->metrics[i].name,
                       ambs_format_double(o->metrics[i].value, number));
    }
    return ambs_print(&out, err);
}

/* Waits for the attempt to end; reports are shown and always answered by "continue". */
static int follow(ambs_runner *runner, ambs_supervisor *supervisor, const ambs_spec *spec,
                  bool *ret_complete, ambs_error *err)
{
    char number[32];
    for (;;) {
        ambs_run_event event;
        if (!ambs_runner_poll(runner, &event)) {
            struct pollfd fd = {.fd = ambs_supervisor_fd(supervisor), .events = POLLIN};
            poll(&fd, 1, 20); /* reports come by other descriptors: look again soon */
            continue;
        }
        if (event.kind == AMBS_RUN_STARTED && event.pid > 0) /* 0: it is gone already */
            fprintf(stderr, "started, process %ld\n", event.pid);
        if (event.kind == AMBS_RUN_REPORT) {
            fprintf(stderr, "step %lld: %s = %s\n", event.step, event.metric,
                    ambs_format_double(event.value, number));
            ambs_runner_answer(runner, event.slot, AMBS_CONTINUE);
        }
        if (event.kind == AMBS_RUN_SUPERVISOR_LOST)
            return ambs_fail(err, AMBS_E_IO, "the supervisor of the trial ended");
        if (event.kind != AMBS_RUN_ENDED) continue;
        *ret_complete = event.outcome.state == AMBS_TRIAL_COMPLETE;
        return tell_end(spec, &event.outcome, err);
    }
}

static int try_configuration(const ambs_spec *spec, const double *x, bool *ret_complete,
                             ambs_error *err)
{
    ambs_supervisor *supervisor;
    ambs_runner *runner;
    ambs_attempt attempt = {
        .trial = 0, .attempt = 1, .study_seed = spec->seed, .fidelity = NAN, .x = x};
    int rc = ambs_supervisor_start(&supervisor, err);
    if (rc != 0) return rc;
    rc = ambs_runner_create(spec, 1, NULL, supervisor, NULL, true, &runner, err);
    if (rc == 0) {
        tell_start(spec, x);
        rc = ambs_runner_begin(runner, 0, &attempt, err);
        if (rc == 0) rc = follow(runner, supervisor, spec, ret_complete, err);
        ambs_runner_destroy(runner);
    }
    ambs_supervisor_stop(supervisor);
    return rc;
}

static int try_study(const ambs_call *call, bool *ret_complete, ambs_error *err)
{
    ambs_spec *spec;
    int rc = ambs_spec_read(call->operands[0], call->settings, call->n_settings, &spec, err);
    if (rc != 0) return rc;
    double *x = ambs_calloc(ambs_space_dimension(spec->space), sizeof *x, err);
    if (x == NULL)
        rc = AMBS_E_NOMEM;
    else if (spec->objective == NULL)
        rc = ambs_fail(err, AMBS_E_INVALID, "%s has no objective to try", call->operands[0]);
    else if (ambs_plugin_comm_bytes(spec) > 0)
        rc = ambs_fail(
            err, AMBS_E_INVALID,
            "the plug-in computes on a communicator of %u ranks, which this one process has "
            "not; try it by ambs run %s -j 1 --set budget.trials=1 -o try.h5",
            (unsigned)spec->trial.ranks, call->operands[0]);
    if (rc == 0)
        rc = ambs_space_read_words(spec->space, call->n_operands - 1, call->operands + 1, x, err);
    if (rc == 0) rc = try_configuration(spec, x, ret_complete, err);
    free(x);
    ambs_spec_destroy(spec);
    return rc;
}

static int run(const ambs_call *call)
{
    ambs_error err;
    bool complete = false;
    if (try_study(call, &complete, &err) != 0) return ambs_cli_fail(call, &err);
    return complete ? AMBS_STATUS_DONE : AMBS_STATUS_FAILED;
}

const ambs_command ambs_command_try = {
    .name = "try",
    .operands = "STUDY.yaml [NAME=VALUE]…",
    .min_operands = 1,
    .max_operands = UINT_MAX,
    .summary = "Run one trial here and now, with all its output",
    .details = "The default configuration (else the middle of each range), with the values given. "
               "Nothing is saved. "
               "Exit status 0 when the trial completes, 1 when it fails.",
    .takes_settings = true,
    .run = run,
};
