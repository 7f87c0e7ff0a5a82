/* SPDX-License-Identifier: MIT */
/* A plug-in that computes on its communicator, and in one trial, by one rank, goes wrong as its option
 * `how` says; attempts after the first behave. */
#include <mpi.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ambs/objective.h"

typedef struct state {
    MPI_Comm comm;
    char how[32], pids[4096];
    long long trial, rank, ms;
} state;

static int open_together(ambs_opening *o, void **ret_state)
{
    static state only;
    int n = 0, rank = -1;
    only = (state){.comm = ambs_opening_comm(o),
                   .trial = ambs_opening_int(o, "trial"),
                   .rank = ambs_opening_int(o, "rank"),
                   .ms = ambs_opening_int(o, "ms")};
    snprintf(only.how, sizeof only.how, "%s", ambs_opening_text(o, "how"));
    snprintf(only.pids, sizeof only.pids, "%s/pids", o->folder);
    MPI_Comm_size(only.comm, &n);
    MPI_Comm_rank(only.comm, &rank);
    if (n != o->n_ranks || rank != o->rank || MPI_Comm_f2c(o->comm_fortran) != only.comm)
        return ambs_opening_fail(o, "the communicator is another");
    if (strcmp(only.how, "refuse") == 0 && rank == only.rank)
        return ambs_opening_fail(o, "rank %d has no data", rank);
    *ret_state = &only;
    return 0;
}

static int go_wrong(const state *s, ambs_evaluation *e)
{
    if (strcmp(s->how, "crash") == 0) {
        signal(SIGSEGV, SIG_DFL);
        raise(SIGSEGV);
    }
    if (strcmp(s->how, "hang") == 0)
        for (;;) pause();
    if (strcmp(s->how, "exit") == 0) exit(0);
    if (strcmp(s->how, "abort") == 0) MPI_Abort(MPI_COMM_WORLD, 5);
    if (strcmp(s->how, "finalize") == 0) MPI_Finalize();
    if (strcmp(s->how, "fail") == 0) return ambs_evaluation_fail(e, "no convergence");
    if (strcmp(s->how, "mpi") == 0) { /* an error of MPI's that is returned */
        int x = 0;
        if (MPI_Send(&x, 1, MPI_INT, e->n_ranks + 3, 0, s->comm) != MPI_SUCCESS)
            return ambs_evaluation_fail(e, "there is no such rank");
    }
    return 0;
}

static void tell_pid(const state *s, const ambs_evaluation *e)
{
    FILE *file = fopen(s->pids, "a");
    if (!file) return;
    fprintf(file, "%llu %u %d %ld\n", (unsigned long long)e->trial, (unsigned)e->attempt, e->rank,
            (long)getpid());
    fclose(file);
}

/* With trial.checkpoint: each rank saves a file of its own, the number of those found from the attempt
 * before is told. */
static int count_saved(ambs_evaluation *e)
{
    const char *own = ambs_evaluation_checkpoint(e), *before = ambs_evaluation_resume(e);
    char path[4200];
    int n = 0;
    if (!own) return -1;
    snprintf(path, sizeof path, "%s/rank-%d", own, e->rank);
    FILE *file = fopen(path, "w");
    if (!file) return -2;
    fclose(file);
    for (int rank = 0; before && rank < e->n_ranks; rank++) {
        snprintf(path, sizeof path, "%s/rank-%d", before, rank);
        n += access(path, F_OK) == 0;
    }
    return n;
}

static int evaluate(void *own, ambs_evaluation *e, double *ret_objective)
{
    const state *s = own;
    int n_saved = count_saved(e), most_saved = n_saved;
    int wrong = (long long)e->trial == s->trial && e->attempt == 1;
    /* a failure that can be returned is one of all ranks; else the others would wait */
    if (strcmp(s->how, "fail") != 0 && strcmp(s->how, "mpi") != 0) wrong &= e->rank == s->rank;
    double x = ambs_evaluation_float(e, "x"), sum = 0;
    tell_pid(s, e);
    if (n_saved >= 0) MPI_Allreduce(&n_saved, &most_saved, 1, MPI_INT, MPI_MIN, s->comm);
    if (wrong && go_wrong(s, e) != 0) return 1;
    usleep((useconds_t)(1000 * s->ms));
    MPI_Allreduce(&x, &sum, 1, MPI_DOUBLE, MPI_SUM, s->comm);
    ambs_decision last = AMBS_CONTINUE;
    for (int step = 1; step <= 3 && last == AMBS_CONTINUE; step++)
        last = ambs_evaluation_report(e, step, NULL, sum + e->rank);
    ambs_evaluation_metric(e, "ranks", e->n_ranks);
    ambs_evaluation_metric(e, "rank", e->rank);
    if (most_saved != -1) ambs_evaluation_metric(e, "saved", most_saved);
    *ret_objective = sum + 100 * e->rank;
    return 0;
}

static const ambs_plugin_option options[] = {
    {"how", AMBS_PLUGIN_TEXT, "well", "what goes wrong"},
    {"trial", AMBS_PLUGIN_INT, "3", "in which trial"},
    {"rank", AMBS_PLUGIN_INT, "0", "in which rank of the group"},
    {"ms", AMBS_PLUGIN_INT, "5", "how long a trial takes"},
    {NULL, AMBS_PLUGIN_TEXT, NULL, NULL},
};

const ambs_plugin ambs_plugin_main = {
    .abi_version = AMBS_PLUGIN_ABI,
    .size = sizeof(ambs_plugin),
    .name = "together",
    .summary = "sums x over its ranks",
    .options = options,
    .comm_bytes = sizeof(MPI_Comm),
    .open = open_together,
    .evaluate = evaluate,
};
