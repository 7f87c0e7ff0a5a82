/* SPDX-License-Identifier: MIT */
/* The agent: what a rank with slots does, as a state machine without clock, MPI or process in it.
 *
 *   new ─HELLO─► waiting ─WELCOME─► working ─DRAIN─► draining ─┐
 *                   ▲                  │ RESET                 ├─STOP, or the manager is gone─►
 * left └── all ended ─ resetting                  ┘
 *
 * A slot runs its attempts in turn: as many as the runner takes at once are with the runner, the
 * others wait here. A result is kept until the manager acknowledges it as durable, and is sent
 * again after a RESET. Attempts are run by the functions handed in (in `ambs run` those of
 * objective/runner.h). One thread; nothing blocks. */
#ifndef AMBS_CLUSTER_AGENT_H
#define AMBS_CLUSTER_AGENT_H

#include "base/log.h"
#include "cluster/protocol.h"
#include "objective/runner.h"

/* How attempts are run: the same contracts as in objective/runner.h. */
typedef struct ambs_agent_runner {
    void *ctx;
    /* The study has arrived: read it and get ready. Called once. ret_d: its dimension;
     * ret_heartbeat_s, ret_timeout_s: from the study's manager section; ret_grace_s: trial.grace.
     */
    int (*open)(void *ctx, const ambs_message *welcome, size_t *ret_d, double *ret_heartbeat_s,
                double *ret_timeout_s, double *ret_grace_s, ambs_error *err);
    uint32_t (*room)(void *ctx, uint32_t slot); /* attempts that the slot takes now */
    int (*begin)(void *ctx, uint32_t slot, const ambs_attempt *attempt, ambs_error *err);
    void (*cancel)(void *ctx, uint32_t slot, bool at_once);
    void (*answer)(void *ctx, uint32_t slot, ambs_decision decision);
    bool (*poll)(void *ctx, ambs_run_event *ret_event);
    /* The end is near: what runs may save its state. NULL: nothing here can. */
    void (*checkpoint)(void *ctx, uint32_t slot);
    /* What the agent's slots own (their number is the message's), before open(); may be NULL. Not
     * called where the configuration says how many slots there are. */
    int (*slots)(void *ctx, const ambs_message *slots, ambs_error *err);
} ambs_agent_runner;

typedef struct ambs_agent_config {
    uint32_t n_slots;           /* 0: as the manager divides the host */
    const ambs_resources *seen; /* of the host; NULL: not looked */
    uint64_t pid, space;        /* of its process; ambs_process_space() */
    const char *host;
    ambs_agent_runner runner;
    void *send_ctx;
    /* Frames for the manager; copied, never blocks. */
    int (*send)(void *ctx, const void *frames, size_t length, ambs_error *err);
    const ambs_log *log; /* may be NULL */
} ambs_agent_config;

typedef struct ambs_agent ambs_agent;

/* Everything in *config is borrowed. HELLO leaves with the first turn. */
int ambs_agent_create(const ambs_agent_config *config, double now_s, ambs_agent **ret_agent,
                      ambs_error *err);
void ambs_agent_destroy(ambs_agent *agent);
/* A packet from the manager. An error is fatal: the study cannot be read here, or memory is out. */
int ambs_agent_receive(ambs_agent *agent, const void *packet, size_t length, double now_s,
                       double wall_s, ambs_error *err);
/* Takes what the runner has to say, starts what waits, sends heartbeats, looks at the time. Call it
 * after packets, when the runner's descriptor is readable, and every 100 ms while attempts run (the
 * runner keeps time limits). *ret_active (may be NULL): something was done. */
int ambs_agent_turn(ambs_agent *agent, double now_s, double wall_s, bool *ret_active,
                    ambs_error *err);
/* Leaves: cancels what runs at once and says BYE; `level` is that of the line in the log. */
int ambs_agent_leave(ambs_agent *agent, ambs_log_level level, const char *why, ambs_error *err);
/* True when the agent has left; ret_status is what the manager said (AMBS_STATUS_STOPPED when it
 * said nothing). */
bool ambs_agent_is_done(const ambs_agent *agent, int *ret_status);
uint32_t ambs_agent_busy(const ambs_agent *agent); /* attempts that are with the runner */

#endif
