/* SPDX-License-Identifier: MIT */
#include "cluster/model_plan.h"

#include <stdio.h>
#include <unistd.h>

#include "cluster/process.h"
#include "objective/plugin.h"

/* Ranks that a study needs to run its trials, beside rank 0 and the model's. */
static uint32_t least_ranks(const ambs_spec *spec)
{
    if (ambs_plugin_comm_bytes(spec) > 0) return spec->trial.ranks;
    bool own = spec->manager.slots > 0 || spec->manager.slots == AMBS_SLOTS_FIT;
    return own ? 0 : 1;
}

int ambs_model_plan_make(const ambs_spec *spec, uint32_t n_ranks, ambs_model_plan *ret_plan,
                         ambs_error *err)
{
    uint32_t ranks = spec->surrogate.ranks, least = least_ranks(spec), all = 1 + least + ranks;
    *ret_plan = (ambs_model_plan){.ranks = 0, .first = n_ranks};
    if (ranks == 0) return AMBS_OK;
    if (n_ranks < all)
        return ambs_fail(err, AMBS_E_INVALID,
                         "surrogate.ranks: found %u rank%s, expected %u or more: rank 0, %u that "
                         "run%s trials and %u "
                         "for the model; start it by mpirun -n %u ambs run …, or by ambs run -j 1",
                         (unsigned)n_ranks, n_ranks == 1 ? "" : "s", (unsigned)all, (unsigned)least,
                         least == 1 ? "s" : "", (unsigned)ranks, (unsigned)all);
    *ret_plan = (ambs_model_plan){.ranks = ranks,
                                  .first = n_ranks - ranks,
                                  .time_limit_s = spec->surrogate.time_limit_s,
                                  .heartbeat_s = spec->manager.heartbeat_s,
                                  .silence_s = spec->manager.timeout_s};
    return AMBS_OK;
}

void ambs_model_plan_print(const ambs_model_plan *plan, const ambs_spec *spec, ambs_text *out)
{
    uint32_t last = plan->first + plan->ranks - 1;
    char limit[40];
    if (plan->ranks == 1)
        ambs_text_addf(out, "rank %u holds", (unsigned)last);
    else
        ambs_text_addf(out, "ranks %u to %u hold", (unsigned)plan->first, (unsigned)last);
    ambs_text_addf(
        out,
        " the model of %llu and more results; what takes longer than %s, rank 0 computes "
        "itself",
        (unsigned long long)spec->surrogate.from, ambs_format_duration(plan->time_limit_s, limit));
}

static int make_comm(MPI_Comm world, int ranges[][3], int n_ranges, int tag, MPI_Comm *ret,
                     ambs_error *err)
{
    MPI_Group all, some;
    MPI_Comm_group(world, &all);
    MPI_Group_range_incl(all, n_ranges, ranges, &some);
    int rc = MPI_Comm_create_group(world, some, tag, ret);
    MPI_Group_free(&some);
    MPI_Group_free(&all);
    if (rc != MPI_SUCCESS)
        return ambs_fail(err, AMBS_E_IO, "the model's ranks: MPI_Comm_create_group failed");
    MPI_Comm_set_errhandler(*ret, MPI_ERRORS_RETURN);
    return AMBS_OK;
}

int ambs_model_join(MPI_Comm world, const ambs_model_plan *plan, MPI_Comm *ret_link,
                    MPI_Comm *ret_model, ambs_model_place *ret_places, ambs_error *err)
{
    enum { TAG_LINK = 32001, TAG_MODEL = 32002 }; /* apart from those of groups of trials */
    int rank, first = (int)plan->first, last = first + (int)plan->ranks - 1,
              ranges[2][3] = {{0, 0, 1}, {first, last, 1}};
    ambs_model_place own = {(uint64_t)getpid(), ambs_process_space()};
    MPI_Comm_rank(world, &rank);
    *ret_model = MPI_COMM_NULL;
    int rc = make_comm(world, ranges, 2, TAG_LINK, ret_link, err);
    if (rc == AMBS_OK && rank > 0) rc = make_comm(world, ranges + 1, 1, TAG_MODEL, ret_model, err);
    if (rc == AMBS_OK)
        MPI_Allgather(&own, sizeof own, MPI_BYTE, ret_places, sizeof own, MPI_BYTE, *ret_link);
    return rc;
}
