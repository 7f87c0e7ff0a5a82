/* SPDX-License-Identifier: MIT */
#include "cli/launch_words.h"

#include <mpi.h>
#include <stdio.h>
#include <string.h>

void ambs_launch_count_hosts(const char *text, uint32_t *ret_nodes, uint32_t *ret_ranks)
{
    const char *before = NULL;
    size_t before_length = 0;
    *ret_nodes = *ret_ranks = 0;
    for (const char *at = text; *at; at += strcspn(at, "\n"), at += *at == '\n') {
        size_t length = strcspn(at, " \t\r\n");
        if (length == 0) continue;
        ++*ret_ranks;
        bool again = before && length == before_length && strncmp(at, before, length) == 0;
        if (!again) ++*ret_nodes;
        before = at;
        before_length = length;
    }
}

/* mpirun's own words. Only Open MPI knows these: its ranks must outlive one another, may be more
 * than the cores, and are not pinned to one. */
static size_t choose_mpirun(const ambs_launch_request *r, ambs_launch_words *w)
{
    uint32_t each = r->worker_ranks, fit = r->n_fit / each ? r->n_fit / each : 1;
    bool chosen = r->n_workers > 0, alone = r->n_ranks <= 1;
    bool by_node = !chosen && each == 1 && r->n_nodes > 1 && r->n_ranks == r->n_nodes;
    uint32_t more = r->model_ranks + 1;
    uint32_t n = chosen  ? r->n_workers * each + more
                 : alone ? fit * each + more
                         : r->n_ranks + (by_node ? more : 0);
    const char *hostfile = r->job->ops->hostfile;
    if (hostfile) hostfile = ambs_batch_variable(r->environment, hostfile);
    size_t i = 0;
    w->argv[i++] = "mpirun";
#ifdef OPEN_MPI
    static const char *const words[] = {
        "--mca", "orte_abort_on_non_zero_status", "0", "--oversubscribe", "--bind-to", "none",
        "-q"};
    for (size_t k = 0; k < sizeof words / sizeof *words; k++) w->argv[i++] = words[k];
    if (hostfile) {
        w->argv[i++] = "--hostfile";
        w->argv[i++] = hostfile;
    }
    if (by_node) {
        w->argv[i++] = "--map-by";
        w->argv[i++] = "node";
    }
#endif
    snprintf(w->number[0], sizeof w->number[0], "%u", n);
    w->argv[i++] = "-n";
    w->argv[i++] = w->number[0];
    return i;
}

/* One rank per host: with several, a death ends them all (the plugin for PMIx does that). */
static size_t choose_srun(const ambs_launch_request *r, ambs_launch_words *w)
{
    static const char *const words[] = {
        "srun",     "--mpi=pmix",      "--kill-on-bad-exit=0", "--no-kill",
        "--wait=0", "--cpu-bind=none", "--ntasks-per-node=1",  "--quiet"};
    size_t i = 0;
    for (; i < sizeof words / sizeof *words; i++) w->argv[i] = words[i];
    snprintf(w->number[0], sizeof w->number[0], "%u", r->n_nodes ? r->n_nodes : 1);
    w->argv[i++] = "-N";
    w->argv[i++] = w->number[0];
    w->argv[i++] = "-n";
    w->argv[i++] = w->number[0];
    return i;
}

int ambs_launch_choose(const ambs_launch_request *r, ambs_launch_words *ret, ambs_error *err)
{
    bool srun = r->launcher == AMBS_LAUNCHER_SRUN;
    if (srun && strcmp(r->job->ops->member.name, "slurm") != 0)
        return ambs_fail(
            err, AMBS_E_INVALID,
            "--launcher srun works in a Slurm job only, and this is none: leave it out, "
            "or begin one by sbatch or salloc");
    if (srun && r->n_workers > 0)
        return ambs_fail(err, AMBS_E_INVALID,
                         "found -j %u with --launcher srun, which starts one rank per host with as "
                         "many workers as fit: leave one of the two out",
                         r->n_workers);
    *ret = (ambs_launch_words){.argv = {NULL}};
    size_t n = srun ? choose_srun(r, ret) : choose_mpirun(r, ret);
    ret->argv[n] = NULL;
    return AMBS_OK;
}

const char *ambs_launch_weakness(const char *const *environment)
{
    uint32_t nodes = ambs_batch_count(environment, "SLURM_STEP_NUM_NODES");
#if defined(OPEN_MPI) && OMPI_MAJOR_VERSION < 5
    const char *aborts = ambs_batch_variable(environment, "OMPI_MCA_orte_abort_on_non_zero_status");
    if (ambs_batch_count(environment, "OMPI_COMM_WORLD_SIZE") > 1) {
        if (aborts && (strcmp(aborts, "0") == 0 || strcmp(aborts, "false") == 0)) return NULL;
        return "started like this, the death of one rank ends the job (--resume goes on then); the "
               "others survive it under mpirun --mca orte_abort_on_non_zero_status 0, and when "
               "ambs run starts them itself";
    }
#endif
    if (nodes > 0 && ambs_batch_count(environment, "SLURM_STEP_NUM_TASKS") > nodes)
        return "several ranks on a host under srun: the death of one ends the job (--resume goes "
               "on "
               "then); with --ntasks-per-node=1 --kill-on-bad-exit=0 --no-kill --wait=0 the others "
               "survive it";
    return NULL;
}
