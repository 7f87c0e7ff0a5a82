/* SPDX-License-Identifier: MIT */
#include "cluster/host.h"

#include <string.h>

#include "base/clock.h"

int ambs_host_open(ambs_host *host, const ambs_spec *spec, ambs_error *err)
{
    host->spec = spec;
    return ambs_runner_create(spec, host->n_slots, NULL, host->supervisor, host->log, false,
                              &host->runner, err);
}

void ambs_host_close(ambs_host *host)
{
    ambs_runner_destroy(host->runner);
    ambs_spec_destroy(host->own_spec);
    host->runner = NULL;
    host->own_spec = NULL;
}

static int host_open(void *ctx, const ambs_message *welcome, size_t *ret_d, double *ret_heartbeat_s,
                     double *ret_timeout_s, double *ret_grace_s, ambs_error *err)
{
    ambs_host *host = ctx;
    int rc = AMBS_OK;
    if (!host->runner) {
        const char *text = welcome->as.welcome.text;
        rc = ambs_spec_parse(text, strlen(text), welcome->as.welcome.file, NULL, 0, &host->own_spec,
                             err);
        if (rc == AMBS_OK) rc = ambs_host_open(host, host->own_spec, err);
    }
    if (rc != AMBS_OK) return rc;
    *ret_d = ambs_space_dimension(host->spec->space);
    *ret_heartbeat_s = host->spec->manager.heartbeat_s;
    *ret_timeout_s = host->spec->manager.timeout_s;
    *ret_grace_s = host->spec->trial.grace_s;
    return AMBS_OK;
}

static uint32_t host_room(void *ctx, uint32_t slot)
{
    const ambs_host *host = ctx;
    return ambs_runner_room(host->runner, slot);
}

static int host_begin(void *ctx, uint32_t slot, const ambs_attempt *attempt, ambs_error *err)
{
    const ambs_host *host = ctx;
    ambs_attempt a = *attempt;
    a.study_seed = host->spec->seed;
    return ambs_runner_begin(host->runner, slot, &a, err);
}

static void host_cancel(void *ctx, uint32_t slot, bool at_once)
{
    ambs_runner_cancel(((ambs_host *)ctx)->runner, slot, at_once);
}

static void host_answer(void *ctx, uint32_t slot, ambs_decision decision)
{
    ambs_runner_answer(((ambs_host *)ctx)->runner, slot, decision);
}

/* Events of the helper are kept here; the agent sees those of trials. */
static bool host_poll(void *ctx, ambs_run_event *ret_event)
{
    ambs_host *host = ctx;
    while (ambs_runner_poll(host->runner, ret_event)) {
        if (ret_event->kind == AMBS_RUN_SUPERVISOR_LOST) {
            host->supervisor_lost = true;
            host->helper_runs = false;
        }
        if (ret_event->kind != AMBS_RUN_HELPER_ENDED) return true;
        host->helper_runs = false;
        host->helper_code = ret_event->code;
    }
    return false;
}

ambs_agent_runner ambs_host_runner(ambs_host *host)
{
    return (ambs_agent_runner){.ctx = host,
                               .open = host_open,
                               .room = host_room,
                               .begin = host_begin,
                               .cancel = host_cancel,
                               .answer = host_answer,
                               .poll = host_poll};
}

int ambs_host_helper(ambs_host *host, const char *const *argv, ambs_error *err)
{
    if (host->supervisor_lost) return ambs_fail(err, AMBS_E_IO, "the supervisor was killed");
    int rc = ambs_supervisor_helper(host->supervisor, argv, err);
    if (rc == AMBS_OK) host->helper_runs = true;
    return rc;
}

void ambs_host_poll(ambs_host *host)
{
    ambs_run_event event;
    while (host_poll(host, &event)) {
    }
}

bool ambs_host_wait(ambs_host *host, double until_s)
{
    while (host->helper_runs && ambs_clock_monotonic_s() < until_s) {
        ambs_host_poll(host);
        if (host->helper_runs) ambs_clock_sleep_s(0.002);
    }
    return !host->helper_runs;
}
