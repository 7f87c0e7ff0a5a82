/* SPDX-License-Identifier: MIT */
/* Which launcher starts the ranks, and with which words: a pure function of the batch job and of what
 * the user said.
 *
 * One rank per host is the default in a job of several: the ranks then share a host's cores among
 * their slots, and under srun a host may be lost. mpirun gets one rank more, which runs the trials of
 * the host that the manager is on. */
#ifndef AMBS_CLI_LAUNCH_WORDS_H
#define AMBS_CLI_LAUNCH_WORDS_H

#include "cluster/batch.h"

typedef enum ambs_launcher { AMBS_LAUNCHER_MPIRUN, AMBS_LAUNCHER_SRUN } ambs_launcher;

enum { AMBS_LAUNCH_WORDS = 24 };

typedef struct ambs_launch_request {
    ambs_launcher launcher;
    const ambs_batch_job *job;
    const char *const *environment;
    uint32_t n_nodes, n_ranks; /* of the allocation; 0: not known */
    uint32_t n_workers;        /* asked for by -j; 0: as fits */
    uint32_t worker_ranks;     /* of one worker, from 1: more where a plug-in computes on several */
    uint32_t n_fit;            /* ranks of workers that this host has room for */
    uint32_t model_ranks; /* that run no trials; they come on top where ambs chooses how many */
} ambs_launch_request;

typedef struct ambs_launch_words {
    const char *argv[AMBS_LAUNCH_WORDS + 1]; /* NULL-terminated; the last points into `number` */
    char number[2][16];
} ambs_launch_words;

/* The hosts and ranks in a file of hosts (a line for each rank). */
void ambs_launch_count_hosts(const char *text, uint32_t *ret_nodes, uint32_t *ret_ranks);
/* The launcher's words before the command line. AMBS_E_INVALID where the launcher does not fit: srun
 * outside a Slurm job, or with a number of workers. */
int ambs_launch_choose(const ambs_launch_request *request, ambs_launch_words *ret_words,
                       ambs_error *err);
/* Why the study would not survive the death of one of its ranks as it was started, and how it would;
 * NULL when it would, or nobody can tell. Known from the environment of a rank. */
const char *ambs_launch_weakness(const char *const *environment);

#endif
