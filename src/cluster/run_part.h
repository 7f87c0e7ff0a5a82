/* SPDX-License-Identifier: MIT */
/* The two parts of a run: rank 0's and the others'. */
#ifndef AMBS_CLUSTER_RUN_PART_H
#define AMBS_CLUSTER_RUN_PART_H

#include "cluster/begin.h"
#include "cluster/group.h"
#include "cluster/model_plan.h"
#include "cluster/resources.h"
#include "cluster/run.h"
#include "cluster/transport.h"
#include "objective/runner.h"
#include "study/record.h"

typedef struct ambs_part {
    const ambs_run_settings *settings;
    ambs_supervisor *supervisor;
    ambs_transport *transport;
    ambs_begin *begin;
    uint32_t n_ranks;
    ambs_resources seen; /* of this host, as the launcher left it */
    /* rank 0: the study as it stands in its file, read before MPI is there, and how that went */
    ambs_spec *spec;
    int read_code;
    ambs_error read_error;
    /* What rank 0 tells all before anything runs: its process, so that they notice when it is gone,
     * and how the ranks are divided. */
    struct ambs_whereabouts {
        uint64_t pid, space;
        ambs_group_plan plan;
        ambs_model_plan model;
    } manager;
    uint32_t n_trial_ranks; /* ranks but for the model's, which are the last */
    /* of the model's ranks and rank 0, where there are some (model_plan.h) */
    MPI_Comm link, model;
    ambs_model_place *places;
    ambs_group *group; /* this rank's, NULL: none */
    bool someone_died; /* set by the part: MPI cannot be finalized any more */
    bool at_once;      /* leave without waiting for anything */
    bool orphaned;     /* the manager is gone, the launcher is there: end the job */
} ambs_part;

ambs_status ambs_run_manager(ambs_part *part, ambs_error *err);
ambs_status ambs_run_agent(ambs_part *part, ambs_error *err);

#endif
