/* SPDX-License-Identifier: MIT */
/* Ranks of the model's own (surrogate.ranks): the last ones. They hold the factors of large Gaussian
 * processes and compute what rank 0's model asks; the manager and its agents know nothing of them.
 *
 *   rank 0, model's thread ─► question ─► rank 0, loop ─► every rank of the model ─► together, ScaLAPACK
 *                ▲                                                │
 *                └── answer, or the time is over ◄────────────────┘ the first of them
 */
#ifndef AMBS_CLUSTER_MODEL_PLAN_H
#define AMBS_CLUSTER_MODEL_PLAN_H

#include <mpi.h>

#include "base/text.h"
#include "study/spec.h"

typedef struct ambs_model_plan {
    uint32_t ranks, first;         /* how many, from this rank on; 0: none */
    double time_limit_s;           /* of one question */
    double heartbeat_s, silence_s; /* rank 0 says that it lives; they leave after such a silence */
} ambs_model_plan;

/* For the study as rank 0 read it. AMBS_E_INVALID with the arithmetic where the ranks do not suffice. */
int ambs_model_plan_make(const ambs_spec *spec, uint32_t n_ranks, ambs_model_plan *ret_plan,
                         ambs_error *err);
/* "ranks 3 and 4 hold the model …" */
void ambs_model_plan_print(const ambs_model_plan *plan, const ambs_spec *spec, ambs_text *out);

/* Where a rank's process is. */
typedef struct ambs_model_place {
    uint64_t pid, space;
} ambs_model_place;

/* Collective over rank 0 and the ranks of the model, which get a communicator in that order, their own one
 * (MPI_COMM_NULL in rank 0), and ret_places [ranks + 1] of all. */
int ambs_model_join(MPI_Comm world, const ambs_model_plan *plan, MPI_Comm *ret_link,
                    MPI_Comm *ret_model, ambs_model_place *ret_places, ambs_error *err);

#endif
