/* SPDX-License-Identifier: MIT */
/* A thread that does, one after the other, what may wait for a file system, so that the loop which
 * hands it over waits for nothing. Jobs belong to who posts them; posting allocates nothing. */
#ifndef AMBS_OBJECTIVE_CLERK_H
#define AMBS_OBJECTIVE_CLERK_H

#include <stdbool.h>

#include "ambs/error.h"

typedef struct ambs_clerk ambs_clerk;

/* From post until `done` it is the clerk's. */
typedef struct ambs_clerk_job {
    void (*work)(struct ambs_clerk_job *job); /* in the clerk's thread */
    void (*done)(struct ambs_clerk_job *job); /* in the loop; may free the job or post it again */
    struct ambs_clerk_job *next;              /* the clerk's own */
} ambs_clerk_job;

int ambs_clerk_start(ambs_clerk **ret_clerk, ambs_error *err);
void ambs_clerk_post(ambs_clerk *clerk, ambs_clerk_job *job);
/* Calls `done` for what was worked off. */
void ambs_clerk_turn(ambs_clerk *clerk);
/* For poll(2): readable when there is something to call `done` for. */
int ambs_clerk_fd(const ambs_clerk *clerk);
/* Waits until all jobs are done, at most `limit_s`. False where a file system does not answer: the
 * thread and what its jobs point to must be left alone then. NULL is true. */
bool ambs_clerk_stop(ambs_clerk *clerk, double limit_s);

#endif
