/* SPDX-License-Identifier: MIT */
/* Rank 0's side of the ranks of the model: an engine for Gaussian processes, asked by the model's thread, whose
 * messages the loop carries. An answer that takes longer than the time limit is given up, and the model goes on by
 * itself; the ranks are asked again once they have answered. Three times in a row, a rank that died, or an answer
 * that cannot be true, and they are not asked again. Nothing here blocks the loop. */
#ifndef AMBS_CLUSTER_MODEL_LINK_H
#define AMBS_CLUSTER_MODEL_LINK_H

#include <stdbool.h>

#include "base/log.h"
#include "cluster/model_plan.h"
#include "surrogate/gp_engine.h"

typedef struct ambs_model_link ambs_model_link;

/* `comm` (taken) and `places` (copied) as ambs_model_join() gave them; log borrowed, may be NULL. */
int ambs_model_link_create(const ambs_model_plan *plan, MPI_Comm comm,
                           const ambs_model_place *places, uint64_t from, const ambs_log *log,
                           ambs_model_link **ret_link, ambs_error *err);
/* Only once no thread uses the engine. `mpi_lives`: MPI will be finalized. */
void ambs_model_link_destroy(ambs_model_link *link, bool mpi_lives);

/* For the model's thread. */
const ambs_gp_engine *ambs_model_link_engine(const ambs_model_link *link);
/* From now on the engine says AMBS_E_INTERRUPTED, to a call that waits, too. */
void ambs_model_link_close(ambs_model_link *link);

/* The rest is the loop's. Carries messages, looks whether the ranks live; true: something was done. */
bool ambs_model_link_turn(ambs_model_link *link, double now_s);
/* Readable when there is a question to be carried. */
int ambs_model_link_fd(const ambs_model_link *link);
/* A question or its answer is on its way: turn often. */
bool ambs_model_link_is_busy(const ambs_model_link *link);
/* A rank has died, or computes something still. */
bool ambs_model_link_is_broken(const ambs_model_link *link);
/* Tells the ranks how the study ended; then whether that has left. */
void ambs_model_link_stop(ambs_model_link *link, int status);
bool ambs_model_link_has_stopped(ambs_model_link *link);

#endif
