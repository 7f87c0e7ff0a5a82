/* SPDX-License-Identifier: MIT */
#include "cluster/host.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/random.h"

#define SUSPICIOUS_S 1.0

/* --- slots ----------------------------------------------------------------------------------- */

static void forget_slots(ambs_host *host)
{
    for (uint32_t i = 0; host->slots && i < host->n_slots; i++) {
        const ambs_slot_resources *s = &host->slots[i];
        for (uint32_t k = 0; k < s->n_gpus; k++) free((char *)(uintptr_t)s->gpus[k]);
        free((void *)(uintptr_t)s->gpus);
        free((int *)(uintptr_t)s->cores);
    }
    free(host->slots);
    free(host->gpu_variable);
    host->slots = NULL;
    host->gpu_variable = NULL;
}

static int take_cores(const char *list, ambs_slot_resources *slot, ambs_error *err)
{
    ambs_core_set set;
    if (!ambs_core_set_parse(list, &set))
        return ambs_fail(err, AMBS_E_FORMAT,
                         "found the cores \"%.60s\", expected a list of numbers", list);
    int *cores = ambs_calloc(ambs_core_set_count(&set), sizeof *cores, err);
    if (!cores) return AMBS_E_NOMEM;
    slot->cores = cores;
    for (uint32_t c = 0; c < AMBS_CORES_MAX; c++)
        if (ambs_core_set_has(&set, c)) cores[slot->n_cores++] = (int)c;
    return AMBS_OK;
}

static int take_gpus(const char *list, ambs_slot_resources *slot, ambs_error *err)
{
    size_t n = list[0] != '\0';
    for (const char *c = list; *c; c++) n += *c == ',';
    char **gpus = ambs_calloc(n, sizeof *gpus, err);
    if (!gpus) return AMBS_E_NOMEM;
    slot->gpus = (const char *const *)gpus;
    while (slot->n_gpus < n) {
        size_t length = strcspn(list, ",");
        gpus[slot->n_gpus] = ambs_strndup(list, length, err);
        if (!gpus[slot->n_gpus]) return AMBS_E_NOMEM;
        slot->n_gpus++;
        list += length + (list[length] == ',');
    }
    return AMBS_OK;
}

int ambs_host_divide(ambs_host *host, const ambs_share *shares, uint32_t n,
                     const char *gpu_variable, ambs_error *err)
{
    forget_slots(host);
    host->slots = ambs_calloc(n, sizeof *host->slots, err);
    host->gpu_variable = ambs_strdup(gpu_variable, err);
    host->n_slots = n;
    int rc = host->slots && host->gpu_variable ? AMBS_OK : AMBS_E_NOMEM;
    for (uint32_t i = 0; i < n && rc == AMBS_OK; i++) {
        ambs_slot_resources *s = &host->slots[i];
        s->memory_bytes = shares[i].memory_bytes;
        rc = take_cores(shares[i].cores, s, err);
        if (rc == AMBS_OK) rc = take_gpus(shares[i].gpus, s, err);
        s->gpu_variable = s->n_gpus > 0 ? host->gpu_variable : NULL;
    }
    return rc;
}

static int host_slots(void *ctx, const ambs_message *m, ambs_error *err)
{
    return ambs_host_divide(ctx, m->as.slots.shares, m->as.slots.n, m->as.slots.gpu_variable, err);
}

/* --- life ------------------------------------------------------------------------------------ */

int ambs_host_open(ambs_host *host, const ambs_spec *spec, ambs_error *err)
{
    host->spec = spec;
    int rc = ambs_runner_create(spec, host->n_slots, host->slots, host->supervisor, host->log,
                                false, &host->runner, err);
    return rc == AMBS_OK && host->output ? ambs_runner_save_beside(host->runner, host->output, err)
                                         : rc;
}

bool ambs_host_close(ambs_host *host)
{
    bool ended = ambs_runner_destroy(host->runner);
    if (ended) {
        forget_slots(host);
        ambs_spec_destroy(host->own_spec);
    }
    host->runner = NULL;
    host->own_spec = NULL;
    return ended;
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
    a.study_seed = ambs_evaluation_seed(host->spec->seed, a.repeat);
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

static void host_checkpoint(void *ctx, uint32_t slot)
{
    ambs_runner_checkpoint(((ambs_host *)ctx)->runner, slot);
}

/* A trial that somebody else ended by TERM. When a batch system cancels a job, that reaches trials
 * and ranks at the same moment: a rank that is about to leave must not call the trial failed. So
 * this end is told a moment later, and everything after it. */
static bool is_suspicious(const ambs_run_event *e)
{
    return e->kind == AMBS_RUN_ENDED && e->outcome.state == AMBS_TRIAL_FAILED &&
           e->outcome.reason == AMBS_REASON_SIGNAL && e->outcome.code == SIGTERM;
}

static bool take_held(ambs_host *host, ambs_run_event *ret_event)
{
    if (ambs_clock_monotonic_s() < host->held_until_s) return false;
    *ret_event = host->held;
    host->held_until_s = 0;
    return true;
}

/* Events of the helper are kept here; the agent sees those of trials. */
static bool host_poll(void *ctx, ambs_run_event *ret_event)
{
    ambs_host *host = ctx;
    if (host->held_until_s > 0) return take_held(host, ret_event);
    while (ambs_runner_poll(host->runner, ret_event)) {
        if (is_suspicious(ret_event)) {
            host->held = *ret_event;
            host->held_until_s = ambs_clock_monotonic_s() + SUSPICIOUS_S;
            return false;
        }
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
                               .slots = host_slots,
                               .open = host_open,
                               .room = host_room,
                               .begin = host_begin,
                               .cancel = host_cancel,
                               .answer = host_answer,
                               .poll = host_poll,
                               .checkpoint = host_checkpoint};
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
