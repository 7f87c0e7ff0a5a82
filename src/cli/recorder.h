/* SPDX-License-Identifier: MIT */
/* Keeps the record of a study that one process drives by itself (`ambs serve`, `ambs try`): every
 * change becomes a record, is applied to the trial table and, where there is a study file, is in
 * the journal when the call returns; results are durable then. */
#ifndef AMBS_CLI_RECORDER_H
#define AMBS_CLI_RECORDER_H

#include "ambs/search.h"
#include "study/spec.h"

typedef struct ambs_recorder ambs_recorder;

/* `path` NULL: nothing is saved, and *ret_search is new. Else takes the study's lock; with `resume`
 * the search is restored from the journal (a study that is not there yet is begun), without it the
 * study must not exist (AMBS_E_INVALID says how to go on). `spec` is borrowed. *ret_search belongs
 * to the recorder. */
int ambs_recorder_open(const char *path, bool resume, ambs_spec *spec, ambs_recorder **ret_recorder,
                       ambs_search **ret_search, ambs_error *err);
/* Records the end, commits, writes STUDY.h5, releases the lock. NULL is nothing. */
int ambs_recorder_close(ambs_recorder *r, ambs_error *err);
int ambs_recorder_proposal(ambs_recorder *r, const ambs_proposal *p, double latency_s,
                           ambs_error *err);
/* Gives the search what people put into the study's queue since (study/wish.h); before an ask. */
int ambs_recorder_take_wishes(ambs_recorder *r, ambs_error *err);
/* x was given to the search: kept in the queue until its proposal is durable. */
int ambs_recorder_enqueued(ambs_recorder *r, const double *x, ambs_error *err);
/* The number of the evaluation of `trial` that is out; -1 where none is. */
long long ambs_recorder_repeat(const ambs_recorder *r, uint64_t trial);
/* START (at the time of the proposal) and the final RESULT. */
int ambs_recorder_result(ambs_recorder *r, uint64_t trial, const ambs_outcome *outcome,
                         ambs_error *err);
int ambs_recorder_own(ambs_recorder *r, uint64_t trial, const double *x,
                      const ambs_outcome *outcome, ambs_error *err);
int ambs_recorder_cancel(ambs_recorder *r, uint64_t trial, ambs_error *err);
int ambs_recorder_report(ambs_recorder *r, uint64_t trial, long long step, const char *metric,
                         double value, ambs_decision decision, ambs_error *err);

#endif
