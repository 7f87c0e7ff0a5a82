/* SPDX-License-Identifier: MIT */
#include "cluster/run.h"

#include <mpi.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "cluster/begin.h"
#include "cluster/model_rank.h"
#include "cluster/process.h"
#include "cluster/run_part.h"
#include "cluster/signals.h"
#include "cluster/transport_mpi.h"

/* A rank that is told of a status other than 0 waits for the manager's MPI_Abort, so that the
 * launcher takes the manager's word and not its own; it does not wait for ever. */
#define ABORT_WAIT_S 60.0

/* A rank that dies on the way out leaves the others in MPI_Finalize for ever. All is durable by
 * then. */
enum { BEGIN_LIMIT_S = 300, FINALIZE_LIMIT_S = 20, ABORT_LIMIT_S = 5 };

static void leave_at_last(int signal)
{
    (void)signal;
    _exit(AMBS_STATUS_DONE);
}

static void finalize(void)
{
    signal(SIGALRM, leave_at_last);
    alarm(FINALIZE_LIMIT_S);
    MPI_Finalize();
    alarm(0);
}

static void report_failure(const ambs_run_settings *s, int rank, const ambs_error *err,
                           ambs_status status)
{
    if (rank == 0 && s->failed) s->failed(s->ctx, err, status);
    if (rank != 0) ambs_log_line(s->log, AMBS_LOG_ERROR, "rank %d: %s", rank, err->text);
}

/* The end of a rank that is not the manager: after a clean study it joins MPI_Finalize. */
static void end_agent(const ambs_part *part, ambs_status status)
{
    if (!part->someone_died && status == AMBS_STATUS_DONE) return;
    if (!part->at_once && !part->someone_died) {
        double until = ambs_clock_monotonic_s() + ABORT_WAIT_S;
        while (ambs_clock_monotonic_s() < until && ambs_signals_seen().n_terminate == 0)
            ambs_clock_sleep_s(0.02);
    }
    if (part->orphaned) {
        /* Open MPI's mpirun may wait for ever for a job whose ranks all ended by themselves. */
        signal(SIGALRM, SIG_DFL);
        alarm(ABORT_LIMIT_S);
        MPI_Abort(MPI_COMM_WORLD, AMBS_STATUS_STOPPED);
    }
    _exit(status == AMBS_STATUS_DONE ? AMBS_STATUS_STOPPED : (int)status);
}

/* A study may name a plug-in, which is looked at by a child process: before MPI, whose networks do not
 * bear a fork. Rank 0 tells what went wrong once MPI can end the others. */
static void read_study(ambs_part *part)
{
    const ambs_run_settings *s = part->settings;
    part->read_code =
        ambs_spec_read(s->study, s->settings, s->n_settings, &part->spec, &part->read_error);
}

/* How many ranks compute one trial is known to rank 0 alone until it tells. */
static int plan_groups(ambs_part *part, ambs_error *err)
{
    if (!part->spec && part->read_code == AMBS_OK) read_study(part); /* no launcher said rank 0 */
    if (part->read_code != AMBS_OK)
        return ambs_fail(err, part->read_code, "%s", part->read_error.text);
    int rc = ambs_model_plan_make(part->spec, part->n_ranks, &part->manager.model, err);
    return rc == AMBS_OK ? ambs_group_plan_make(part->spec, part->manager.model.first,
                                                &part->manager.plan, err)
                         : rc;
}

/* Collective over rank 0 and the model's ranks. */
static int join_model(ambs_part *part, int rank, ambs_error *err)
{
    const ambs_model_plan *plan = &part->manager.model;
    if (plan->ranks == 0 || (rank > 0 && rank < (int)plan->first)) return AMBS_OK;
    part->places = ambs_calloc(plan->ranks + 1, sizeof *part->places, err);
    if (!part->places) return AMBS_E_NOMEM;
    return ambs_model_join(MPI_COMM_WORLD, plan, &part->link, &part->model, part->places, err);
}

static ambs_status run_model(ambs_part *part, ambs_error *err)
{
    const ambs_model_rank_config config = {.plan = &part->manager.model,
                                           .link = part->link,
                                           .model = part->model,
                                           .places = part->places,
                                           .supervisor = part->supervisor,
                                           .log = part->settings->log};
    int status = AMBS_STATUS_FAILED;
    ambs_model_end end = ambs_model_rank_run(&config, &status, err);
    if (end == AMBS_MODEL_ENDED) return (ambs_status)status;
    part->someone_died = true;
    part->at_once = end != AMBS_MODEL_BROKEN;
    part->orphaned = end == AMBS_MODEL_ORPHANED;
    return end == AMBS_MODEL_BROKEN ? AMBS_STATUS_FAILED : AMBS_STATUS_STOPPED;
}

static int join_group(ambs_part *part, ambs_error *err)
{
    const ambs_group_config config = {.ranks = part->manager.plan.ranks,
                                      .supervisor = part->supervisor,
                                      .log = part->settings->log,
                                      .output = part->settings->output,
                                      .manager_pid = part->manager.pid,
                                      .space = part->manager.space,
                                      .n_ranks = part->n_trial_ranks};
    if (config.ranks == 0) return AMBS_OK;
    return ambs_group_create(MPI_COMM_WORLD, &config, &part->group, err);
}

static void tell_whereabouts(ambs_part *part, int rank)
{
    struct ambs_whereabouts *manager = &part->manager;
    if (rank == 0) {
        manager->pid = (uint64_t)getpid();
        manager->space = ambs_process_space();
    }
    MPI_Bcast(manager, sizeof *manager, MPI_BYTE, 0, MPI_COMM_WORLD);
}

/* Rank 0 speaks for all: the others say what is wrong, and the rest only where everything is
 * wanted. */
static ambs_log quieter(const ambs_log *log)
{
    ambs_log quiet = log ? *log : (ambs_log){0};
    if (quiet.level == AMBS_LOG_INFO) quiet.level = AMBS_LOG_WARNING;
    return quiet;
}

/* What trials may use here, before this process is let loose from what the launcher bound it to:
 * what starts from now on (supervisor, snapshots) may use all of it. */
static int look_around(const ambs_log *log, ambs_resources *ret_seen, ambs_error *err)
{
    char host[AMBS_HOST_SIZE];
    ambs_machine here = ambs_machine_here(ambs_process_host(host));
    ambs_text note = {0};
    int rc = ambs_resources_detect(&here, ret_seen, &note, err);
    if (rc == AMBS_OK) ambs_resources_unbind(ret_seen);
    if (note.length > 0)
        ambs_log_line(log, AMBS_LOG_WARNING, "%.*s", (int)note.length - 1, note.text);
    ambs_text_fini(&note);
    return rc;
}

/* Ranks on this host, but for the model's. Those get a core each, of the last ones, which trials then do not
 * see; but one core is left to trials. */
static void count_neighbours(ambs_part *part, int rank)
{
    MPI_Comm host;
    int n = 0, n_model = rank >= (int)part->n_trial_ranks;
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &host);
    MPI_Comm_size(host, &n);
    MPI_Allreduce(MPI_IN_PLACE, &n_model, 1, MPI_INT, MPI_SUM, host);
    MPI_Comm_free(&host);
    part->seen.n_ranks = (uint32_t)(n - n_model);
    if (part->seen.cores_are_private) return;
    ambs_core_set *cores = &part->seen.cores;
    uint32_t left = ambs_core_set_count(cores);
    for (uint32_t c = AMBS_CORES_MAX; c-- > 0 && n_model > 0 && left > 1;) {
        if (!ambs_core_set_has(cores, c)) continue;
        ambs_core_set_remove(cores, c);
        n_model--;
        left--;
    }
}

static ambs_status run_ranks(ambs_part *part, int rank, ambs_error *err)
{
    err->text[0] = '\0';
    int rc = ambs_transport_mpi_create(MPI_COMM_WORLD, &part->transport, err);
    if (rc == AMBS_OK && rank == 0) rc = plan_groups(part, err);
    if (rc == AMBS_OK) tell_whereabouts(part, rank);
    part->n_trial_ranks = part->manager.model.first;
    bool for_model = rank > 0 && rank >= (int)part->n_trial_ranks;
    if (rc == AMBS_OK && !for_model) rc = join_group(part, err);
    if (rc == AMBS_OK) rc = join_model(part, rank, err);
    if (rc == AMBS_OK) count_neighbours(part, rank);
    ambs_begin_end(part->begin); /* see run_with() */
    alarm(0);
    if (rc == AMBS_OK && part->n_ranks == 1) rc = ambs_process_check_alone(err);
    if (rc != AMBS_OK) {
        ambs_status status = ambs_status_of(rc);
        report_failure(part->settings, rank, err, status);
        return status;
    }
    ambs_status status = rank == 0   ? ambs_run_manager(part, err)
                         : for_model ? run_model(part, err)
                                     : ambs_run_agent(part, err);
    if (err->text[0] && status != AMBS_STATUS_DONE)
        report_failure(part->settings, rank, err, status);
    return status;
}

static ambs_status run_with(ambs_part *part, ambs_error *err)
{
    const ambs_run_settings *settings = part->settings;
    int provided, rank, size;
    /* A rank that dies in MPI_Init or in the few collective calls after it would hold the others
     * for ever. Those of its host notice; where that cannot be they end by SIGALRM, and the study
     * is resumed. */
    alarm(BEGIN_LIMIT_S);
    part->begin = ambs_begin_watch(settings->log);
    MPI_Init_thread(NULL, NULL, MPI_THREAD_FUNNELED, &provided);
    ambs_resources_unbind(&part->seen); /* an MPI that is started without a launcher binds here */
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    ambs_run_settings others = *settings;
    ambs_log quiet = quieter(settings->log);
    others.log = &quiet;
    if (rank != 0) part->settings = &others;
    part->n_ranks = (uint32_t)size;
    ambs_status status = run_ranks(part, rank, err);
    ambs_supervisor_stop(part->supervisor);
    if (settings->flush) settings->flush(settings->ctx);
    if (rank != 0) end_agent(part, status);
    if (rank == 0 && settings->leaving) settings->leaving(settings->ctx, status);
    if (part->someone_died || status != AMBS_STATUS_DONE) MPI_Abort(MPI_COMM_WORLD, (int)status);
    ambs_group_destroy(part->group);
    part->transport->ops->destroy(part->transport);
    finalize();
    return status;
}

ambs_status ambs_run(const ambs_run_settings *settings)
{
    ambs_error *err = ambs_calloc(1, sizeof *err, NULL);
    if (!err) return AMBS_STATUS_FAILED;
    ambs_signals_install();
    ambs_part part = {.settings = settings};
    if (ambs_process_is_first()) read_study(&part);
    ambs_status status = AMBS_STATUS_FAILED;
    int rc = look_around(settings->log, &part.seen, err);
    if (rc == AMBS_OK) rc = ambs_supervisor_start(&part.supervisor, err);
    if (rc == AMBS_OK)
        status = run_with(&part, err);
    else if (settings->failed)
        settings->failed(settings->ctx, err, status);
    ambs_resources_fini(&part.seen);
    free(part.places);
    free(err);
    return status;
}
