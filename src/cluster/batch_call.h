/* SPDX-License-Identifier: MIT */
/* Calls a batch system's commands and waits for them: for processes that have nothing else to do
 * (`ambs batch`, started as the supervisor's helper, and `ambs submit`), never for a rank. */
#ifndef AMBS_CLUSTER_BATCH_CALL_H
#define AMBS_CLUSTER_BATCH_CALL_H

#include "cluster/batch.h"

/* How long a question may take, and anything that changes a job. */
#define AMBS_BATCH_ASK_S 10.0
#define AMBS_BATCH_ACT_S 30.0

/* Runs argv (looked for in PATH) with `input` (may be NULL) as its standard input; what it prints on
 * either stream is appended to `out`. AMBS_E_NOT_FOUND where there is no such program, AMBS_E_IO
 * where it ends with another status than 0 (the text has its last words) or takes longer than
 * `limit_s` (its process group is killed). */
int ambs_batch_call(const char *const *argv, const char *input, double limit_s, ambs_text *out,
                    ambs_error *err);
/* The same with the job's id put in; argv has at most AMBS_BATCH_WORDS_MAX words. */
int ambs_batch_call_for(const char *const *argv, const char *id, const char *input, double limit_s,
                        ambs_text *out, ambs_error *err);
/* Asks for the time left, question after question until one is answered. The error is that of the
 * first. INFINITY: no limit. */
int ambs_batch_ask(const ambs_batch_job *job, double *ret_left_s, ambs_error *err);

#endif
