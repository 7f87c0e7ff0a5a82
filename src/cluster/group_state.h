/* SPDX-License-Identifier: MIT */
/* A group's inside, shared by group.c (life, the agent's side) and group_trial.c (computing). */
#ifndef AMBS_CLUSTER_GROUP_STATE_H
#define AMBS_CLUSTER_GROUP_STATE_H

#include "cluster/group.h"
#include "objective/clerk.h"
#include "objective/plugin.h"

enum { GROUP_TAG_ORDER = 1, GROUP_TAG_ANSWER = 2 };

/* What the leader sends to its followers: this, then the d doubles of the configuration. */
typedef struct group_order {
    uint64_t trial;
    uint32_t attempt, repeat;
    double fidelity;
} group_order;

/* How a part of a trial went in one rank. */
typedef struct group_verdict {
    int code; /* AMBS_OK or an error */
    char text[AMBS_MESSAGE_SIZE];
} group_verdict;

struct ambs_group {
    ambs_group_config config;
    MPI_Comm control, trial; /* this code's and the plug-in's */
    int rank, n;
    int32_t *fellows; /* [n_fellows] the other ranks' processes, those of this host */
    size_t n_fellows;
    int32_t master;          /* rank 0's, 0 where it is on another host */
    group_verdict *verdicts; /* [n] */

    ambs_spec *spec; /* read from the manager's text */
    size_t d;
    char *order; /* [order_size] the one that came or goes */
    size_t order_size;
    MPI_Request awaited; /* followers: the next order */
    bool has_order;

    char *checkpoints; /* where its attempts save their state; NULL: nowhere */
    ambs_clerk *clerk; /* the leader's, for what they have saved; NULL: nothing */
    ambs_plugin_session *session;
    char refused[AMBS_MESSAGE_SIZE]; /* why the plug-in cannot be opened; for good */
    const ambs_group_loop *loop;     /* while it computes, else NULL */
    ambs_error trouble;              /* of the loop while it computed */

    /* the leader's */
    bool ended, cancelled, stopped; /* an outcome is to be told; asked to end; told to stop */
    bool report_told, report_waits;
    bool lost, told_lost; /* the supervisor */
    ambs_attempt attempt;
    ambs_outcome outcome;
    ambs_run_event report;
    ambs_decision decision;
};

/* Computes the order that there is, together with the rest of the group. */
int group_compute(ambs_group *g, ambs_error *err);
/* The supervisor ends this rank after `limit_s`; INFINITY: not any more. */
void group_guard(ambs_group *g, double limit_s);
/* Whether an exit of this process now would be the plug-in's doing, and a master's end must be heard
 * in the midst of it (group_mpi.c). Mark first, then guard; the other way round at the end. */
void group_mark(bool computes);

#endif
