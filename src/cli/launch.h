/* SPDX-License-Identifier: MIT */
#ifndef AMBS_CLI_LAUNCH_H
#define AMBS_CLI_LAUNCH_H

#include <stdint.h>
#include <stdio.h>

#include "cli/cli.h"
#include "cli/launch_words.h"
#include "study/record.h"

typedef struct ambs_launch_options {
    ambs_launcher launcher;
    uint32_t n_workers;    /* 0: as many as fit */
    uint32_t worker_ranks; /* of one of them */
    uint32_t n_fit;        /* ranks that this host has room for */
    uint32_t model_ranks;  /* that run no trials */
} ambs_launch_options;

typedef struct ambs_launch_end {
    int status; /* the study's own, which rank 0 leaves in the file that AMBS_STATUS_FILE names */
    bool lost;  /* nobody asked for the end: the launcher lost ranks or a host */
    bool terminated; /* by TERM, and rank 0 had no time to say anything */
    ambs_next next;  /* what rank 0 had decided on and had no time to do */
} ambs_launch_end;

/* Starts the ranks of this very command line, by the launcher and with the words that suit the batch
 * job or the workstation (launch_words.h), in a process group of its own, and waits for them. Ctrl-C
 * becomes USR1 (drain), a second one again; USR1, USR2 and TERM pass on. AMBS_E_NOT_FOUND where there
 * is no such launcher. */
int ambs_launch(const ambs_call *call, const ambs_launch_options *options, ambs_launch_end *ret_end,
                ambs_error *err);
/* The words behind `ambs run` that go on with the study, as a shell reads them again. */
void ambs_launch_print_words(const ambs_call *call, FILE *out);
/* What the launcher told this rank, taken out of the environment so that no trial inherits it. */
typedef struct ambs_launched {
    char status_file[64]; /* "": none */
    int columns;          /* of the launcher's terminal; 0: none */
    ambs_next next;       /* left with the status: how the launcher lets the job go on */
    bool by_ambs;         /* the launcher was started by ambs run */
} ambs_launched;
ambs_launched ambs_launch_take(void);
/* Whether a person at the launcher's terminal asked for the end: Ctrl-C reaches the ranks as USR1, as
 * which a batch system's notice comes, too. */
bool ambs_launch_is_interrupted(const ambs_launched *launched);
/* Rank 0 leaves the status for the launcher; nothing without a file. */
void ambs_launch_leave_status(const ambs_launched *launched, int status);

#endif
