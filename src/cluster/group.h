/* SPDX-License-Identifier: MIT */
/* Ranks that compute trials together: a plug-in that asked for a communicator runs in the ranks themselves.
 *
 * With R = trial.ranks and N ranks in all, ranks 1 … R are the first group, R+1 … 2R the second, and
 * so on; what is left over at the end does nothing. The groups are made once, before anything runs; no
 * call ever spans two of them, so that the death of one leaves the others alone. The first rank of a
 * group leads: its agent has the slot and talks to the manager. The others have agents without slots
 * and follow the leader's orders:
 *
 *   leader     … begin() ─► order ──► open() once, evaluate() ──► gather ─► ENDED …
 *   followers  … idle ────► order ──► open() once, evaluate() ──► gather ─► idle …
 *
 * A rank inside the plug-in answers nobody, but while it reports. Its supervisor ends it at the time
 * limit, or as soon as another rank of its group on this host is gone; when rank 0 is, the rank aborts the
 * job. */
#ifndef AMBS_CLUSTER_GROUP_H
#define AMBS_CLUSTER_GROUP_H

#include <mpi.h>

#include "cluster/agent.h"
#include "study/spec.h"

/* How the ranks are divided. */
typedef struct ambs_group_plan {
    uint32_t ranks;    /* of one trial; 0: trials run in processes of their own */
    uint32_t n_groups; /* 0 with `ranks` 0 */
    uint32_t n_left;   /* left over */
} ambs_group_plan;

/* For the study as rank 0 read it. AMBS_E_INVALID where the ranks do not suffice, rank 0 is to run
 * trials, or the plug-in is made with another MPI. */
int ambs_group_plan_make(const ambs_spec *spec, uint32_t n_ranks, ambs_group_plan *ret_plan,
                         ambs_error *err);

/* What a group is made from. Borrowed for its life. */
typedef struct ambs_group_config {
    uint32_t ranks;
    ambs_supervisor *supervisor;
    const ambs_log *log;         /* may be NULL */
    const char *output;          /* the study file; borrowed */
    uint64_t manager_pid, space; /* of rank 0, and the processes that rank 0 sees; 0: not known */
    uint32_t n_ranks; /* rank 0 and those that groups are made of, the first ones of all */
} ambs_group_config;

typedef struct ambs_group ambs_group;

/* Collective over the ranks of one group; *ret_group is NULL in a rank that is left over. */
int ambs_group_create(MPI_Comm world, const ambs_group_config *config, ambs_group **ret_group,
                      ambs_error *err);
bool ambs_group_leads(const ambs_group *group);
/* What the agent of this rank runs attempts with; only the leader's has a slot. */
ambs_agent_runner ambs_group_runner(ambs_group *group);
/* True once another rank of the group on this host is gone: this one is of no use any more. */
bool ambs_group_is_broken(const ambs_group *group);

/* Computes what there is to compute. `round` is one round of the rank's own loop, called while a report waits
 * for its answer; within it this function returns at once. *ret_active: something was computed. */
typedef struct ambs_group_loop {
    void *ctx;
    int (*round)(void *ctx, ambs_error *err);
    bool (*is_over)(void *ctx); /* the agent has left */
} ambs_group_loop;
int ambs_group_turn(ambs_group *group, const ambs_group_loop *loop, bool *ret_active,
                    ambs_error *err);

/* The plug-in's close(), where all ranks of the group live. Collective over them. */
void ambs_group_close(ambs_group *group);
/* Frees the communicators. Collective over the group; only where MPI is finalized after it. */
void ambs_group_destroy(ambs_group *group);

#endif
