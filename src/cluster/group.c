/* SPDX-License-Identifier: MIT */
#include "cluster/group.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "cluster/group_state.h"
#include "cluster/process.h"
#include "objective/supervisor.h"

#define FILES_LEAVE_S 5 /* so long the last saved state may take to be settled */

/* --- the plan -------------------------------------------------------------------------------- */

int ambs_group_plan_make(const ambs_spec *spec, uint32_t n_ranks, ambs_group_plan *ret_plan,
                         ambs_error *err)
{
    uint32_t bytes = ambs_plugin_comm_bytes(spec), n = spec->trial.ranks;
    if (bytes == 0) {
        *ret_plan = (ambs_group_plan){0};
        return AMBS_OK;
    }
    if (bytes != sizeof(MPI_Comm))
        return ambs_fail(err, AMBS_E_INVALID,
                         "the plug-in's MPI_Comm has %u bytes and that of ambs %zu, expected the "
                         "same: compile it with the mpicc of the MPI that ambs was built with, and "
                         ".comm_bytes = sizeof(MPI_Comm)",
                         (unsigned)bytes, sizeof(MPI_Comm));
    if (spec->manager.slots > 0 || spec->manager.slots == AMBS_SLOTS_FIT)
        return ambs_fail(
            err, AMBS_E_INVALID,
            "manager.slots: found slots for rank 0, expected 0: the plug-in computes on a "
            "communicator, and rank 0 has no part in that");
    if (n_ranks - 1 < n)
        return ambs_fail(
            err, AMBS_E_INVALID,
            "found %u %s beside rank 0, which manages; a trial of this plug-in takes %u "
            "(trial.ranks): start it by mpirun -n %u ambs run …, or by ambs run -j 1",
            (unsigned)(n_ranks - 1), n_ranks == 2 ? "rank" : "ranks", (unsigned)n,
            (unsigned)(n + 1));
    *ret_plan =
        (ambs_group_plan){.ranks = n, .n_groups = (n_ranks - 1) / n, .n_left = (n_ranks - 1) % n};
    return AMBS_OK;
}

/* --- life ------------------------------------------------------------------------------------ */

static int fail_mpi(ambs_error *err, const char *what)
{
    return ambs_fail(err, AMBS_E_IO, "a group of ranks: %s failed", what);
}

static int make_communicators(ambs_group *g, MPI_Comm world, int first, ambs_error *err)
{
    MPI_Group all, mine;
    int range[1][3] = {{first, first + g->n - 1, 1}};
    MPI_Comm_group(world, &all);
    MPI_Group_range_incl(all, 1, range, &mine);
    int rc = AMBS_OK;
    if (MPI_Comm_create_group(world, mine, first, &g->control) != MPI_SUCCESS)
        rc = fail_mpi(err, "MPI_Comm_create_group");
    else if (MPI_Comm_dup(g->control, &g->trial) != MPI_SUCCESS)
        rc = fail_mpi(err, "MPI_Comm_dup");
    MPI_Group_free(&mine);
    MPI_Group_free(&all);
    if (rc != AMBS_OK) return rc;
    /* an error of the plug-in's is its own, and must not end the job */
    MPI_Comm_set_errhandler(g->control, MPI_ERRORS_RETURN);
    MPI_Comm_set_errhandler(g->trial, MPI_ERRORS_RETURN);
    MPI_Comm_rank(g->control, &g->rank);
    return AMBS_OK;
}

/* Whom on this host the group cannot do without. */
static int find_fellows(ambs_group *g, ambs_error *err)
{
    struct whereabouts {
        uint64_t pid, space;
    } own = {(uint64_t)getpid(), ambs_process_space()};
    struct whereabouts *all = ambs_calloc((size_t)g->n, sizeof *all, err);
    g->fellows = ambs_calloc((size_t)g->n, sizeof *g->fellows, err);
    if (!all || !g->fellows) {
        free(all);
        return AMBS_E_NOMEM;
    }
    MPI_Allgather(&own, sizeof own, MPI_BYTE, all, sizeof own, MPI_BYTE, g->control);
    for (int i = 0; i < g->n; i++)
        if (i != g->rank && own.space != 0 && all[i].space == own.space)
            g->fellows[g->n_fellows++] = (int32_t)all[i].pid;
    if (own.space != 0 && g->config.space == own.space) g->master = (int32_t)g->config.manager_pid;
    free(all);
    return AMBS_OK;
}

int ambs_group_create(MPI_Comm world, const ambs_group_config *config, ambs_group **ret_group,
                      ambs_error *err)
{
    int rank, size = (int)config->n_ranks, n = (int)config->ranks;
    MPI_Comm_rank(world, &rank);
    int first = 1 + (rank - 1) / n * n;
    *ret_group = NULL;
    if (rank == 0 || first + n > size) return AMBS_OK;
    ambs_group *g = ambs_calloc(1, sizeof *g, err);
    if (!g) return AMBS_E_NOMEM;
    g->config = *config;
    g->n = n;
    g->awaited = MPI_REQUEST_NULL;
    g->verdicts = ambs_calloc((size_t)n, sizeof *g->verdicts, err);
    int rc = g->verdicts ? make_communicators(g, world, first, err) : AMBS_E_NOMEM;
    if (rc == AMBS_OK) rc = find_fellows(g, err);
    ambs_supervisor_note_children(config->supervisor);
    /* after an error this rank is of no use, and the others wait for it in vain: the study ends */
    if (rc == AMBS_OK) *ret_group = g;
    return rc;
}

bool ambs_group_leads(const ambs_group *g)
{
    return g && g->rank == 0;
}

bool ambs_group_is_broken(const ambs_group *g)
{
    for (size_t i = 0; g && i < g->n_fellows; i++)
        if (!ambs_process_exists((uint64_t)g->fellows[i])) return true;
    return false;
}

void group_guard(ambs_group *g, double limit_s)
{
    ambs_error err;
    if (ambs_supervisor_guard(g->config.supervisor, limit_s, g->master, g->fellows, g->n_fellows,
                              &err) != AMBS_OK)
        g->lost = true;
}

void ambs_group_close(ambs_group *g)
{
    if (!g || !g->session) return;
    group_mark(true);
    group_guard(g, g->spec->trial.timeout_s);
    ambs_plugin_session_destroy(g->session);
    group_guard(g, INFINITY);
    group_mark(false);
    g->session = NULL;
}

void ambs_group_destroy(ambs_group *g)
{
    if (!g) return;
    if (g->awaited != MPI_REQUEST_NULL) {
        MPI_Cancel(&g->awaited);
        MPI_Wait(&g->awaited, MPI_STATUS_IGNORE);
    }
    MPI_Comm_free(&g->trial);
    MPI_Comm_free(&g->control);
    ambs_clerk_stop(g->clerk, FILES_LEAVE_S);
    ambs_spec_destroy(g->spec);
    free(g->verdicts);
    free(g->fellows);
    free(g->checkpoints);
    free(g->order);
    free(g);
}

/* --- the agent's side ------------------------------------------------------------------------ */

static void await_order(ambs_group *g)
{
    if (g->rank > 0)
        MPI_Irecv(g->order, (int)g->order_size, MPI_BYTE, 0, GROUP_TAG_ORDER, g->control,
                  &g->awaited);
}

static int group_open(void *ctx, const ambs_message *welcome, size_t *ret_d,
                      double *ret_heartbeat_s, double *ret_timeout_s, double *ret_grace_s,
                      ambs_error *err)
{
    ambs_group *g = ctx;
    const char *text = welcome->as.welcome.text;
    int rc = ambs_spec_parse(text, strlen(text), welcome->as.welcome.file, NULL, 0, &g->spec, err);
    if (rc != AMBS_OK) return rc;
    g->d = *ret_d = ambs_space_dimension(g->spec->space);
    *ret_heartbeat_s = g->spec->manager.heartbeat_s;
    *ret_timeout_s = g->spec->manager.timeout_s;
    *ret_grace_s = g->spec->trial.grace_s;
    g->order_size = sizeof(group_order) + g->d * sizeof(double);
    g->order = ambs_calloc(g->order_size, 1, err);
    if (!g->order) return AMBS_E_NOMEM;
    await_order(g);
    bool saves = g->rank == 0 && g->spec->trial.checkpoint;
    return saves ? ambs_clerk_start(&g->clerk, err) : AMBS_OK;
}

static uint32_t group_room(void *ctx, uint32_t slot)
{
    const ambs_group *g = ctx;
    (void)slot;
    return g->has_order || g->loop || g->ended || g->lost ? 0 : 1;
}

static int group_begin(void *ctx, uint32_t slot, const ambs_attempt *attempt, ambs_error *err)
{
    ambs_group *g = ctx;
    if (group_room(g, slot) == 0) return ambs_fail(err, AMBS_E_AGAIN, "the group is in use");
    const group_order order = {.trial = attempt->trial,
                               .attempt = attempt->attempt,
                               .repeat = attempt->repeat,
                               .fidelity = attempt->fidelity};
    memcpy(g->order, &order, sizeof order);
    memcpy(g->order + sizeof order, attempt->x, g->d * sizeof(double));
    g->has_order = true;
    g->cancelled = g->stopped = g->report_waits = false;
    return AMBS_OK;
}

/* What computes cannot be interrupted; it hears of it when it reports. */
static void group_cancel(void *ctx, uint32_t slot, bool at_once)
{
    ambs_group *g = ctx;
    (void)slot, (void)at_once;
    g->cancelled = true;
    if (!g->has_order || g->loop) return;
    group_order order;
    memcpy(&order, g->order, sizeof order);
    g->has_order = false;
    g->attempt = (ambs_attempt){.trial = order.trial, .attempt = order.attempt};
    g->outcome = (ambs_outcome){
        .state = AMBS_TRIAL_CANCELLED, .reason = AMBS_REASON_CANCELLED, .objective = NAN};
    g->ended = true;
}

static void group_answer(void *ctx, uint32_t slot, ambs_decision decision)
{
    ambs_group *g = ctx;
    (void)slot;
    g->decision = decision;
    g->report_waits = false;
}

static bool supervisor_is_lost(ambs_group *g)
{
    ambs_wire_process message;
    int rc;
    while ((rc = ambs_supervisor_next(g->config.supervisor, &message)) == AMBS_OK) continue;
    return g->lost |= rc == AMBS_E_IO;
}

static bool group_poll(void *ctx, ambs_run_event *ret)
{
    ambs_group *g = ctx;
    if (g->clerk) ambs_clerk_turn(g->clerk);
    if (g->report_waits && !g->report_told) {
        g->report_told = true;
        *ret = g->report;
        return true;
    }
    if (g->ended) {
        g->ended = false;
        *ret = (ambs_run_event){.kind = AMBS_RUN_ENDED,
                                .trial = g->attempt.trial,
                                .attempt = g->attempt.attempt,
                                .pid = (long)getpid(),
                                .outcome = g->outcome};
        return true;
    }
    if (g->told_lost || !supervisor_is_lost(g)) return false;
    g->told_lost = true;
    *ret = (ambs_run_event){.kind = AMBS_RUN_SUPERVISOR_LOST};
    return true;
}

ambs_agent_runner ambs_group_runner(ambs_group *group)
{
    return (ambs_agent_runner){.ctx = group,
                               .open = group_open,
                               .room = group_room,
                               .begin = group_begin,
                               .cancel = group_cancel,
                               .answer = group_answer,
                               .poll = group_poll};
}

int ambs_group_turn(ambs_group *g, const ambs_group_loop *loop, bool *ret_active, ambs_error *err)
{
    if (!g || g->loop || !g->spec) return AMBS_OK;
    int arrived = 0;
    if (g->rank > 0 && MPI_Test(&g->awaited, &arrived, MPI_STATUS_IGNORE) == MPI_SUCCESS && arrived)
        g->has_order = true;
    if (!g->has_order) return AMBS_OK;
    *ret_active = true;
    g->loop = loop;
    int rc = group_compute(g, err);
    g->loop = NULL;
    g->has_order = false;
    await_order(g);
    return rc;
}
