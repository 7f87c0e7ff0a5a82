/* SPDX-License-Identifier: MIT */
/* The loop of a rank that only runs trials. */
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cluster/host.h"
#include "cluster/idle.h"
#include "cluster/process.h"
#include "cluster/run_part.h"
#include "cluster/signals.h"

/* While trials run their time limits must be looked at. */
#define RUNNING_NAP_S 0.02
#define WATCH_S       0.5

typedef struct agent_loop {
    ambs_part *part;
    ambs_host host;
    ambs_agent *agent;
    ambs_idle idle;
    pid_t parent;   /* the launcher's daemon */
    uint64_t space; /* the processes that this one sees; 0 sees none */
    double watched_s;
    char host_name[AMBS_HOST_SIZE];
} agent_loop;

static int send_to_manager(void *ctx, const void *frames, size_t length, ambs_error *err)
{
    agent_loop *l = ctx;
    return l->part->transport->ops->send(l->part->transport, 0, frames, length, err);
}

/* As far as this rank can know. */
static bool manager_is_there(const agent_loop *l)
{
    const struct ambs_whereabouts *manager = &l->part->manager;
    return l->space == 0 || manager->space != l->space || ambs_process_exists(manager->pid);
}

/* Why this rank must leave although the manager has not said so; NULL: it need not. */
static const char *reason_to_leave(agent_loop *l, double now_s)
{
    if (ambs_signals_seen().n_terminate > 0) return "terminated";
    if (now_s < l->watched_s + WATCH_S) return NULL;
    l->watched_s = now_s;
    if (getppid() != l->parent) return "the launcher is gone";
    if (ambs_group_is_broken(l->part->group) && manager_is_there(l))
        return "another rank of its group is gone";
    if (manager_is_there(l)) return NULL;
    l->part->orphaned = true;
    return "the manager is gone";
}

static int take_packets(agent_loop *l, bool *active, ambs_error *err)
{
    ambs_transport *t = l->part->transport;
    uint32_t rank;
    const void *packet;
    size_t length;
    int rc = AMBS_OK;
    while (rc == AMBS_OK && t->ops->receive(t, &rank, &packet, &length)) {
        *active = true;
        rc = ambs_agent_receive(l->agent, packet, length, ambs_clock_monotonic_s(),
                                ambs_clock_wall_s(), err);
    }
    return rc;
}

static bool is_over(void *ctx)
{
    int ignored;
    return ambs_agent_is_done(((agent_loop *)ctx)->agent, &ignored);
}

static int round_once(void *ctx, ambs_error *err)
{
    agent_loop *l = ctx;
    bool active = false, did = false;
    double now = ambs_clock_monotonic_s();
    const char *why = reason_to_leave(l, now);
    if (why) {
        l->part->at_once = l->part->someone_died = true;
        bool asked = ambs_signals_seen().n_terminate > 0;
        return ambs_agent_leave(l->agent, asked ? AMBS_LOG_INFO : AMBS_LOG_WARNING, why, err);
    }
    int rc = take_packets(l, &active, err);
    if (rc == AMBS_OK) rc = ambs_agent_turn(l->agent, now, ambs_clock_wall_s(), &did, err);
    if (rc == AMBS_OK) rc = l->part->transport->ops->flush(l->part->transport, err);
    const ambs_group_loop own = {.ctx = l, .round = round_once, .is_over = is_over};
    if (rc == AMBS_OK) rc = ambs_group_turn(l->part->group, &own, &active, err);
    if (rc != AMBS_OK) return rc;
    int fd = ambs_supervisor_fd(l->part->supervisor);
    ambs_idle_wait(&l->idle, active || did, &fd, 1, ambs_agent_busy(l->agent) ? RUNNING_NAP_S : 1,
                   now);
    return AMBS_OK;
}

ambs_status ambs_run_agent(ambs_part *part, ambs_error *err)
{
    agent_loop l = {.part = part,
                    .host = {.supervisor = part->supervisor,
                             .log = part->settings->log,
                             .output = part->settings->output},
                    .parent = getppid(),
                    .space = ambs_process_space()};
    bool in_groups = part->manager.plan.ranks > 0,
         leads = in_groups && ambs_group_leads(part->group);
    ambs_agent_config config = {.n_slots = leads ? 1 : 0,
                                .seen = in_groups ? NULL : &part->seen,
                                .pid = (uint64_t)getpid(),
                                .space = l.space,
                                .host = ambs_process_host(l.host_name),
                                .runner = part->group ? ambs_group_runner(part->group)
                                                      : ambs_host_runner(&l.host),
                                .send_ctx = &l,
                                .send = send_to_manager,
                                .log = part->settings->log};
    int rc = ambs_agent_create(&config, ambs_clock_monotonic_s(), &l.agent, err),
        status = AMBS_STATUS_FAILED;
    while (rc == AMBS_OK && !ambs_agent_is_done(l.agent, &status)) rc = round_once(&l, err);
    if (rc != AMBS_OK) {
        ambs_agent_leave(l.agent, AMBS_LOG_INFO, err->text, NULL);
        part->someone_died = true;
        status = AMBS_STATUS_FAILED;
    }
    part->transport->ops->flush(part->transport, err);
    if (status == AMBS_STATUS_DONE && !part->someone_died) ambs_group_close(part->group);
    ambs_host_close(&l.host);
    ambs_agent_destroy(l.agent);
    return (ambs_status)status;
}
