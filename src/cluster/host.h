/* SPDX-License-Identifier: MIT */
/* The runner of objective/runner.h as an agent uses it, and the one helper beside the trials
 * (snapshots, questions to the batch system). */
#ifndef AMBS_CLUSTER_HOST_H
#define AMBS_CLUSTER_HOST_H

#include "cluster/agent.h"
#include "objective/slot.h"
#include "study/spec.h"

typedef struct ambs_host {
    ambs_supervisor *supervisor; /* borrowed */
    const ambs_log *log;         /* borrowed, may be NULL */
    const char *output;          /* the study file, beside which trials save; may be NULL */
    uint32_t n_slots;
    ambs_slot_resources *slots; /* [n_slots], owned with what they point to; NULL: unrestricted */
    char *gpu_variable;         /* owned */
    const ambs_spec *spec;
    ambs_spec *own_spec; /* read from the manager's text; NULL where the spec is borrowed */
    ambs_runner *runner;
    bool helper_runs, supervisor_lost;
    int helper_code;     /* of the last helper that ended */
    double held_until_s; /* `held` is told then; 0: there is none */
    ambs_run_event held;
} ambs_host;

/* For a process that has the spec already (rank 0); `n_slots` may be 0. Else the spec comes with
 * WELCOME. */
int ambs_host_open(ambs_host *host, const ambs_spec *spec, ambs_error *err);
/* What the slots own, before the host is opened: their number is `n` then. Copied. */
int ambs_host_divide(ambs_host *host, const ambs_share *shares, uint32_t n,
                     const char *gpu_variable, ambs_error *err);
/* False as ambs_runner_destroy: then a spec that is not the host's own must be left, too. */
bool ambs_host_close(ambs_host *host);
ambs_agent_runner ambs_host_runner(ambs_host *host);
/* Starts a helper program; AMBS_E_AGAIN while one runs. */
int ambs_host_helper(ambs_host *host, const char *const *argv, ambs_error *err);
/* Takes what the runner says where no agent polls it. */
void ambs_host_poll(ambs_host *host);
/* Waits for the helper's end until `until_s` of the monotonic clock; true when none runs. */
bool ambs_host_wait(ambs_host *host, double until_s);

#endif
