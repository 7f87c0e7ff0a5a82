/* SPDX-License-Identifier: MIT */
/* One of the ranks of the model: waits for questions, computes them together with the others, answers
 * where it is the first. While it computes its supervisor watches: it is ended when another rank of the model
 * on its host has gone, or when it takes ten times as long as rank 0 would wait; when rank 0 has gone it
 * ends the job. It leaves when the study ends, rank 0 has gone, or nothing is heard of it for too long. */
#ifndef AMBS_CLUSTER_MODEL_RANK_H
#define AMBS_CLUSTER_MODEL_RANK_H

#include <stdbool.h>

#include "base/log.h"
#include "cluster/model_plan.h"
#include "objective/supervisor.h"

typedef struct ambs_model_rank_config {
    const ambs_model_plan *plan;
    MPI_Comm link, model; /* taken */
    const ambs_model_place *places;
    ambs_supervisor *supervisor;
    const ambs_log *log; /* may be NULL */
} ambs_model_rank_config;

typedef enum ambs_model_end {
    AMBS_MODEL_ENDED,      /* rank 0 said so, with a status */
    AMBS_MODEL_TERMINATED, /* by a signal */
    AMBS_MODEL_ORPHANED,   /* rank 0 is gone */
    AMBS_MODEL_BROKEN      /* an error, in err */
} ambs_model_end;

/* Returns at the end. Frees its communicators where MPI can be finalized (ENDED with status 0). */
ambs_model_end ambs_model_rank_run(const ambs_model_rank_config *config, int *ret_status,
                                   ambs_error *err);

#endif
