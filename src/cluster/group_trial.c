/* SPDX-License-Identifier: MIT */
/* One trial in all ranks of a group. Every step of it is taken by every rank, whatever went wrong before in
 * one of them: orders, opening, evaluating, and between them the verdicts of all. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "cluster/group_state.h"
#include "objective/checkpoint.h"
#include "objective/result.h"
#include "objective/runner_files.h"
#include "search/goals.h"

/* The order goes out eagerly: followers have asked for it, or will. */
static int send_order(ambs_group *g, ambs_error *err)
{
    for (int r = 1; r < g->n && g->rank == 0; r++)
        if (MPI_Send(g->order, (int)g->order_size, MPI_BYTE, r, GROUP_TAG_ORDER, g->control) !=
            MPI_SUCCESS)
            return ambs_fail(err, AMBS_E_IO, "an order could not be sent within a group");
    return AMBS_OK;
}

/* What all ranks say: AMBS_OK, or the first rank's words that failed. */
static int agree(ambs_group *g, int code, const char *text, ambs_error *err)
{
    group_verdict own = {.code = code};
    if (code != AMBS_OK) snprintf(own.text, sizeof own.text, "%.*s", AMBS_MESSAGE_SIZE - 1, text);
    if (MPI_Allgather(&own, sizeof own, MPI_BYTE, g->verdicts, sizeof own, MPI_BYTE, g->control) !=
        MPI_SUCCESS)
        return ambs_fail(err, AMBS_E_IO, "the ranks of a group could not agree");
    for (int r = 0; r < g->n; r++)
        if (g->verdicts[r].code != AMBS_OK)
            return r == 0 ? ambs_fail(err, g->verdicts[r].code, "%s", g->verdicts[r].text)
                          : ambs_fail(err, g->verdicts[r].code, "rank %d of its group: %s", r,
                                      g->verdicts[r].text);
    return AMBS_OK;
}

/* --- reports --------------------------------------------------------------------------------- */

static bool turn_loop(ambs_group *g)
{
    if (g->trouble.code == AMBS_OK && g->loop->round(g->loop->ctx, &g->trouble) != AMBS_OK &&
        g->trouble.code == AMBS_OK)
        g->trouble.code = AMBS_E_IO;
    return g->trouble.code == AMBS_OK && !g->loop->is_over(g->loop->ctx);
}

static ambs_decision ask_manager(ambs_group *g, long long step, const char *metric, double value)
{
    g->report = (ambs_run_event){.kind = AMBS_RUN_REPORT,
                                 .trial = g->attempt.trial,
                                 .attempt = g->attempt.attempt,
                                 .step = step,
                                 .value = value};
    snprintf(g->report.metric, sizeof g->report.metric, "%s", metric);
    g->report_told = false;
    g->report_waits = true;
    while (g->report_waits)
        if (!turn_loop(g)) g->decision = AMBS_STOP, g->report_waits = false;
    return g->cancelled ? AMBS_STOP : g->decision;
}

/* Followers wait for what their leader heard; their own loops go on meanwhile. */
static ambs_decision ask_leader(ambs_group *g)
{
    int decision = AMBS_STOP, arrived = 0;
    MPI_Request request;
    MPI_Irecv(&decision, 1, MPI_INT, 0, GROUP_TAG_ANSWER, g->control, &request);
    while (MPI_Test(&request, &arrived, MPI_STATUS_IGNORE) == MPI_SUCCESS && !arrived) turn_loop(g);
    return (ambs_decision)decision;
}

static ambs_decision report(void *ctx, long long step, const char *metric, double value)
{
    ambs_group *g = ctx;
    int decision;
    if (g->rank == 0) {
        decision = (int)ask_manager(g, step, metric, value);
        for (int r = 1; r < g->n; r++)
            MPI_Send(&decision, 1, MPI_INT, r, GROUP_TAG_ANSWER, g->control);
    } else
        decision = (int)ask_leader(g);
    if (decision != AMBS_CONTINUE) g->stopped = true;
    return (ambs_decision)decision;
}

static void log_line(void *ctx, const char *line)
{
    const ambs_group *g = ctx;
    ambs_log_line(g->config.log, AMBS_LOG_DEBUG, "trial %llu, rank %d of its group: %s",
                  (unsigned long long)g->attempt.trial, g->rank, line);
}

/* --- the trial ------------------------------------------------------------------------------- */

/* Once, in all ranks; a plug-in that one of them could not open is not tried again. */
static int open_plugin(ambs_group *g, ambs_error *err)
{
    if (g->session) return AMBS_OK;
    if (g->refused[0]) return ambs_fail(err, AMBS_E_INVALID, "%s", g->refused);
    ambs_error why = {0};
    if (g->spec->trial.checkpoint && !g->checkpoints) {
        int rc = ambs_checkpoint_root(g->config.output, &g->checkpoints, err);
        if (rc != AMBS_OK) return rc;
    }
    const ambs_plugin_place place = {.rank = g->rank,
                                     .n_ranks = g->n,
                                     .comm = &g->trial,
                                     .comm_fortran = (int)MPI_Comm_c2f(g->trial),
                                     .n_cores = g->spec->trial.cores,
                                     .scratch = g->spec->trial.scratch,
                                     .checkpoints = g->checkpoints};
    int rc = ambs_plugin_session_create(g->spec->objective_options, g->spec->space, g->spec->metric,
                                        &place, &g->session, &why);
    rc = agree(g, rc, why.text, err);
    if (rc == AMBS_OK) return AMBS_OK;
    snprintf(g->refused, sizeof g->refused, "%.*s", AMBS_MESSAGE_SIZE - 1, err->text);
    g->session = NULL; /* close() is for all ranks, and one of them has nothing to close */
    return rc;
}

static int evaluate(ambs_group *g, ambs_outcome *o, ambs_error *err)
{
    ambs_error why = {0};
    const ambs_reporter reporter = {.report = report, .ctx = g, .log = log_line};
    double wall = ambs_clock_wall_s(), began = ambs_clock_monotonic_s();
    int rc = ambs_plugin_session_evaluate(g->session, &g->attempt, &reporter, o, &why);
    rc = agree(g, rc, why.text, err);
    o->duration_s = ambs_clock_monotonic_s() - began;
    o->start_s = wall;
    o->end_s = wall + o->duration_s;
    return rc;
}

static void settle(const ambs_group *g, int rc, const ambs_error *why, ambs_outcome *o)
{
    if (rc != AMBS_OK) {
        o->state = AMBS_TRIAL_FAILED;
        o->reason = rc == AMBS_E_NOMEM ? AMBS_REASON_OUT_OF_MEMORY : AMBS_REASON_OBJECTIVE;
        o->objective = NAN;
        snprintf(o->message, sizeof o->message, "%.*s", AMBS_MESSAGE_SIZE - 1, why->text);
    }
    ambs_outcome_settle(g->stopped, o);
    ambs_goals_settle(g->spec, o);
    if (!g->cancelled || !g->stopped || o->state != AMBS_TRIAL_PRUNED) return;
    o->state = AMBS_TRIAL_CANCELLED;
    o->reason = AMBS_REASON_CANCELLED;
}

/* All ranks have come out of evaluate(). A trial that failed may be tried again. */
static void settle_checkpoint(const ambs_group *g, const ambs_outcome *o)
{
    bool over = o->state == AMBS_TRIAL_COMPLETE || o->state == AMBS_TRIAL_PRUNED;
    if (g->checkpoints)
        ambs_files_settle(g->clerk, g->checkpoints, g->attempt.trial, g->attempt.attempt,
                          over && g->spec->trial.keep != AMBS_KEEP_ALWAYS);
}

/* x points into the order, which stays until the next one is asked for. */
static void read_order(ambs_group *g)
{
    group_order order;
    memcpy(&order, g->order, sizeof order);
    g->attempt = (ambs_attempt){.trial = order.trial,
                                .attempt = order.attempt,
                                .repeat = order.repeat,
                                .study_seed = ambs_evaluation_seed(g->spec->seed, order.repeat),
                                .fidelity = order.fidelity,
                                .x = (const double *)(const void *)(g->order + sizeof order)};
    g->stopped = false;
}

int group_compute(ambs_group *g, ambs_error *err)
{
    ambs_error why = {0};
    double limit_s = g->spec->trial.timeout_s;
    double wall = ambs_clock_wall_s();
    ambs_outcome o = {
        .state = AMBS_TRIAL_COMPLETE, .objective = NAN, .start_s = wall, .end_s = wall};
    read_order(g);
    g->trouble = (ambs_error){0};
    group_mark(true);
    group_guard(g, limit_s);
    int rc = send_order(g, &why);
    if (rc == AMBS_OK) rc = open_plugin(g, &why);
    if (rc == AMBS_OK) {
        turn_loop(g); /* opening may have taken long: say that this rank lives */
        group_guard(g, limit_s);
        rc = evaluate(g, &o, &why);
    }
    group_guard(g, INFINITY);
    group_mark(false);
    if (g->rank == 0) {
        settle(g, rc, &why, &o);
        settle_checkpoint(g, &o);
        g->outcome = o;
        g->ended = true;
    }
    if (g->trouble.code == AMBS_OK) return AMBS_OK;
    return ambs_fail(err, g->trouble.code, "%s", g->trouble.text);
}
