/* SPDX-License-Identifier: MIT */
/* What a process of a slot has on file systems: its scratch folder and the files in it, the folders
 * in which it saves its state, its result. A file system may take long to answer, a shared one
 * minutes; so the runner's clerk does all this, and the agent's loop goes on meanwhile.
 *
 *   make ──made──► the process is launched, runs, ends ──read──► its outcome ──remove──► gone
 *   dropped before it is launched ─────────────────────────────────────────────► remove
 *
 * They belong to their slot until they are dropped. While they are away (with the clerk) the slot
 * touches nothing of them but what is marked. */
#ifndef AMBS_OBJECTIVE_RUNNER_FILES_H
#define AMBS_OBJECTIVE_RUNNER_FILES_H

#include "objective/clerk.h"
#include "objective/command.h"

struct ambs_runner;
struct run_slot;

typedef enum run_step { STEP_MAKE, STEP_READ, STEP_REMOVE } run_step;

typedef struct run_files {
    ambs_clerk_job job; /* first */
    struct ambs_runner *runner;
    struct run_slot *slot;
    run_step step;
    bool away, dropped; /* marked */
    bool keep, over;    /* marked; of the scratch folder; the trial needs no saved state any more */
    ambs_attempt attempt; /* x is their own; NULL: a trial host's */
    double *x;
    char *scratch, *checkpoint, *resume; /* paths; NULL none */
    ambs_strings argv, environment;      /* of a command */
    ambs_error err;                      /* of making; code 0: all is there */
    char *result;                        /* [result_length] of the result's file; NULL none */
    size_t result_length;
} run_files;

/* Begins to make the files of the next process: the command of `attempt`, or a trial host (NULL).
 * ambs_slot_command_made or ambs_slot_host_made follows. AMBS_E_NOMEM. */
int ambs_slot_make_files(struct ambs_runner *runner, struct run_slot *slot,
                         const ambs_attempt *attempt, ambs_error *err);
/* Begins to read the result; ambs_slot_command_read follows. */
void ambs_slot_read_files(struct run_slot *slot);
/* The slot lets go of its files, if it has any: they are removed. */
void ambs_slot_drop_files(struct run_slot *slot);

/* ambs_checkpoint_settle by the clerk; without memory the next attempt does it. */
void ambs_files_settle(ambs_clerk *clerk, const char *root, uint64_t trial, uint32_t attempt,
                       bool over);

#endif
