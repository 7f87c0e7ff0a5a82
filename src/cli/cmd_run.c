/* SPDX-License-Identifier: MIT */
/* `ambs run`: under a launcher one rank of the study, else the launcher itself. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "cli/cli.h"
#include "cli/go_on.h"
#include "cli/launch.h"
#include "cli/live.h"
#include "cli/open.h"
#include "cli/paths.h"
#include "cli/successors.h"
#include "cluster/layout.h"
#include "cluster/process.h"
#include "cluster/run.h"
#include "objective/plugin.h"
#include "space/space.h"
#include "study/best.h"
#include "study/front.h"

extern char **environ;

#define FLUSH_S 5.0 /* at the end the log's reader is waited for no longer */

typedef struct options {
    char *output;
    long long workers;
    double time;
    int on_deadline, launcher;
    bool resume, quiet, verbose, json_log;
} options;

static const char *const deadline_words[] = {"study", "stop", "requeue", "resubmit", NULL};

static const char *const launcher_words[] = {"mpirun", "srun", NULL};

static const ambs_cli_option run_options[] = {
    {.option = {.name = "output",
                .type = AMBS_OPTION_STRING,
                .offset = offsetof(options, output),
                .help = "the study file; default: the study's file name with .h5, in this folder"},
     .letter = 'o',
     .value = "STUDY.h5"},
    {.option = {.name = "workers",
                .type = AMBS_OPTION_INT,
                .offset = offsetof(options, workers),
                .initial = "0",
                .min = 0,
                .max = 100000,
                .help = "without mpirun: workers to start; 0: as many as fit, in a batch job "
                        "as many as it has room for"},
     .letter = 'j',
     .value = "WORKERS"},
    {.option = {.name = "launcher",
                .type = AMBS_OPTION_CHOICE,
                .offset = offsetof(options, launcher),
                .initial = "mpirun",
                .choices = launcher_words,
                .help = "without mpirun: what starts the ranks; srun, one rank per host, survives "
                        "the loss of a host"},
     .value = "mpirun|srun"},
    {.option = {.name = "time",
                .type = AMBS_OPTION_DURATION,
                .offset = offsetof(options, time),
                .min = 1,
                .max = INFINITY,
                .help = "this run ends within that time, with everything saved; in a batch job "
                        "the earlier of this and its limit"},
     .value = "11h30m"},
    {.option = {.name = "on-deadline",
                .type = AMBS_OPTION_CHOICE,
                .offset = offsetof(options, on_deadline),
                .initial = "study",
                .choices = deadline_words,
                .help = "what the batch job does near its end: stop, requeue, resubmit; study: as "
                        "its file says"},
     .value = "WHAT"},
    {.option = {.name = "resume",
                .type = AMBS_OPTION_BOOL,
                .offset = offsetof(options, resume),
                .help = "go on with the study where it stopped; begin it if there is none"}},
    {.option = {.name = "quiet",
                .type = AMBS_OPTION_BOOL,
                .offset = offsetof(options, quiet),
                .help = "print warnings, errors and the result only"}},
    {.option = {.name = "verbose",
                .type = AMBS_OPTION_BOOL,
                .offset = offsetof(options, verbose),
                .help = "print every event"}},
    {.option = {.name = "json-log",
                .type = AMBS_OPTION_BOOL,
                .offset = offsetof(options, json_log),
                .help = "print progress and events as JSON, one object a line"}},
    {.option = {.name = NULL}},
};

typedef struct view {
    const ambs_call *call;
    const options *options;
    const char *output;
    ambs_live live;
    ambs_launched launched;
} view;

static void write_log(void *ctx, ambs_log_level level, const char *line)
{
    ambs_live_say(&((view *)ctx)->live, level, line);
}

static void show(void *ctx, const ambs_spec *spec, const ambs_progress *progress)
{
    ambs_live_show(&((view *)ctx)->live, spec, progress);
}

static void print_front(const ambs_spec *spec, const ambs_table *table, FILE *out)
{
    ambs_front front = {0};
    char number[32];
    if (ambs_front_create(table, spec, &front, NULL) == AMBS_OK && front.n > 0) {
        fprintf(out, "%zu trial%s on the front of", front.n, front.n == 1 ? "" : "s");
        for (size_t j = 0; j < front.m; j++)
            fprintf(out, "%s %s", j > 0 ? "," : "", spec->goals[j].name);
        if (!isnan(front.hypervolume))
            fprintf(out, "; hypervolume %s", ambs_format_double(front.hypervolume, number));
        fputs("\n", out);
    }
    ambs_front_fini(&front);
}

static void print_best(const ambs_spec *spec, const ambs_table *table, FILE *out)
{
    uint64_t best = ambs_study_best(spec, table);
    if (best == UINT64_MAX) {
        fputs("no trial has completed\n", out);
        return;
    }
    if (spec->n_goals > 1) {
        print_front(spec, table, out);
        return;
    }
    char number[32];
    ambs_text line = {0};
    ambs_space_write_line(spec->space, table->x + best * table->d, &line);
    fprintf(out, "best %s %s, trial %llu: %s\n", spec->metric,
            ambs_format_double(table->rows[best].objective, number), (unsigned long long)best,
            line.text ? line.text : "");
    ambs_text_fini(&line);
}

/* The last line of --json-log, where the others print what a person reads. */
static void print_end_json(const view *v, const ambs_spec *spec, const ambs_table *table,
                           ambs_status status, const char *why, FILE *out)
{
    uint64_t best = ambs_study_best(spec, table);
    ambs_text text = {0};
    ambs_json_writer w;
    ambs_json_begin(&w, &text, 0);
    ambs_json_object(&w);
    ambs_json_key(&w, "time"), ambs_json_double(&w, ambs_clock_wall_s());
    ambs_json_key(&w, "status"), ambs_json_int(&w, (long long)status);
    ambs_json_key(&w, "text"), ambs_json_string(&w, why);
    ambs_json_key(&w, "complete"), ambs_json_int(&w, (long long)table->n_complete);
    ambs_json_key(&w, "pruned"), ambs_json_int(&w, (long long)table->n_pruned);
    ambs_json_key(&w, "failed"), ambs_json_int(&w, (long long)table->n_failed);
    ambs_json_key(&w, "best"),
        ambs_json_double(&w, best == UINT64_MAX ? NAN : table->rows[best].objective);
    ambs_json_key(&w, "best_trial");
    if (best == UINT64_MAX)
        ambs_json_null(&w);
    else
        ambs_json_int(&w, (long long)best);
    ambs_json_key(&w, "file"), ambs_json_string(&w, v->output);
    ambs_json_end_object(&w);
    if (ambs_text_check(&text, NULL) == AMBS_OK) fprintf(out, "%s\n", text.text);
    ambs_text_fini(&text);
}

/* What the last failed trial said: where every trial fails it is all that there is to know. */
static void print_failure(const ambs_table *table, FILE *out)
{
    char reason[64];
    for (size_t i = table->n; i-- > 0;) {
        const ambs_trial_row *row = &table->rows[i];
        if (row->state != AMBS_TRIAL_FAILED) continue;
        fprintf(out, "the last failure, trial %zu: %s%s%s\n", i,
                ambs_reason_text(row->reason, row->code, reason), row->message[0] ? ": " : "",
                row->message);
        return;
    }
}

static void print_end(const view *v, const ambs_spec *spec, const ambs_table *table,
                      ambs_status status, const char *text, FILE *out)
{
    if (v->options->json_log) {
        print_end_json(v, spec, table, status, text, out);
        return;
    }
    fprintf(out, "%s: %llu complete, %llu failed; %s\n", spec->name,
            (unsigned long long)table->n_complete, (unsigned long long)table->n_failed, text);
    print_best(spec, table, out);
    if (status == AMBS_STATUS_FAILURES) print_failure(table, out);
    if (status == AMBS_STATUS_STOPPED) {
        fputs("everything is saved: go on with ambs run", out);
        ambs_launch_print_words(v->call, out);
    } else {
        ambs_text path = {0};
        ambs_text_add_word(&path, v->output);
        fprintf(out, "see more with ambs status %s\n", path.text ? path.text : v->output);
        ambs_text_fini(&path);
    }
    fprintf(out, "%s\n", v->output);
}

static void end(void *ctx, const ambs_spec *spec, const ambs_table *table, ambs_status status,
                const char *text)
{
    view *v = ctx;
    bool line_stood = v->live.line_stands;
    char *bytes = NULL;
    size_t length = 0;
    /* at once: after a TERM mpirun kills its ranks while they take their leave */
    ambs_launch_leave_status(&v->launched, (int)status);
    ambs_live_clear(&v->live);
    /* mpirun passes the two streams on apart: what is printed now must not overtake the clearing.
     */
    if (line_stood && ambs_outlet_flush(v->live.outlet, FLUSH_S)) ambs_clock_sleep_s(0.1);
    FILE *out = open_memstream(&bytes, &length);
    if (!out) return;
    print_end(v, spec, table, status, text, out);
    if (fclose(out) == 0) ambs_outlet_put_last(v->live.outlet, STDOUT_FILENO, bytes, length);
    free(bytes);
}

static void fail(void *ctx, const ambs_error *err, ambs_status status)
{
    (void)status;
    view *v = ctx;
    ambs_text line = {0};
    ambs_live_clear(&v->live);
    ambs_text_addf(&line, "ambs %s: ", v->call->command->name);
    ambs_text_add(&line, err->text);
    ambs_text_add(&line, "\n");
    if (ambs_text_check(&line, NULL) == AMBS_OK)
        ambs_outlet_put_last(v->live.outlet, STDERR_FILENO, line.text, line.length);
    ambs_text_fini(&line);
}

static bool hand_on(void *ctx, ambs_next next)
{
    view *v = ctx;
    if (!v->launched.by_ambs) return false;
    v->launched.next = next;
    ambs_launch_leave_status(&v->launched, AMBS_STATUS_STOPPED);
    return true;
}

static void flush(void *ctx)
{
    ambs_live_flush(&((view *)ctx)->live, FLUSH_S);
}

static void leave(void *ctx, ambs_status status)
{
    const view *v = ctx;
    ambs_launch_leave_status(&v->launched, (int)status);
}

static bool interrupted(void *ctx)
{
    return ambs_launch_is_interrupted(&((const view *)ctx)->launched);
}

static ambs_status run_with(view *v)
{
    const options *o = v->options;
    ambs_log log = {.write = write_log,
                    .ctx = v,
                    .level = o->verbose ? AMBS_LOG_DEBUG
                             : o->quiet ? AMBS_LOG_WARNING
                                        : AMBS_LOG_INFO};
    ambs_run_settings settings = {.study = v->call->operands[0],
                                  .output = v->output,
                                  .resume = o->resume,
                                  .settings = v->call->settings,
                                  .n_settings = v->call->n_settings,
                                  .time_s = o->time,
                                  .on_deadline = o->on_deadline - 1,
                                  .environment = (const char *const *)(uintptr_t)environ,
                                  .n_slots = (uint32_t)o->workers,
                                  .interrupted = interrupted,
                                  .log = &log,
                                  .ctx = v,
                                  .progress = show,
                                  .ended = end,
                                  .failed = fail,
                                  .hand_on = hand_on,
                                  .flush = flush,
                                  .leaving = leave};
    const char *weakness = ambs_launch_weakness(settings.environment);
    if (weakness && ambs_process_is_first()) ambs_log_line(&log, AMBS_LOG_WARNING, "%s", weakness);
    return ambs_run(&settings);
}

static int run_rank(const ambs_call *call, const options *o, const char *output)
{
    ambs_outlet *outlet;
    ambs_error err;
    view v = {.call = call, .options = o, .output = output, .launched = ambs_launch_take()};
    if (ambs_outlet_create(&outlet, &err) != AMBS_OK) return ambs_cli_fail(call, &err);
    int columns = v.launched.columns;
    ambs_live_init(&v.live, outlet,
                   o->json_log ? AMBS_LIVE_JSON
                   : o->quiet  ? AMBS_LIVE_QUIET
                   : columns   ? AMBS_LIVE_LINE
                               : AMBS_LIVE_LOG,
                   columns);
    ambs_status status = run_with(&v);
    ambs_outlet_destroy(outlet, FLUSH_S);
    return (int)status;
}

/* How many slots fit on this host. None at all is refused here, before a study is begun, unless a
 * job may have other hosts. */
static int count_slots(const ambs_spec *spec, uint32_t *ret_n, ambs_error *err)
{
    char host[AMBS_HOST_SIZE];
    ambs_machine here = ambs_machine_here(ambs_process_host(host));
    ambs_resources seen;
    ambs_text why = {0};
    int rc = ambs_resources_detect(&here, &seen, NULL, err);
    if (rc != AMBS_OK) return rc;
    rc = ambs_layout_preview(spec, host, &seen, &why, ret_n, err);
    ambs_resources_fini(&seen);
    ambs_batch_job job = ambs_batch_find_job((const char *const *)(uintptr_t)environ);
    if (rc == AMBS_OK && *ret_n == 0 && strcmp(job.ops->member.name, "none") == 0)
        rc = ambs_fail(err, AMBS_E_INVALID, "%s", why.text ? why.text : "no slot fits");
    ambs_text_fini(&why);
    return rc;
}

/* What the study file says to the launcher: the ranks that one worker is made of (more than one only
 * where a plug-in computes on a communicator), how many ranks this host has room for, and how a job
 * goes on. */
static int read_for_launch(const ambs_call *call, ambs_launch_options *ret,
                           ambs_continuation *ret_how, ambs_error *err)
{
    const options *o = call->options;
    ambs_spec *spec;
    int rc = ambs_spec_read(call->operands[0], call->settings, call->n_settings, &spec, err);
    if (rc != AMBS_OK) return rc;
    bool together = ambs_plugin_comm_bytes(spec) > 0;
    *ret = (ambs_launch_options){.launcher = (ambs_launcher)o->launcher,
                                 .n_workers = (uint32_t)o->workers,
                                 .worker_ranks = together ? spec->trial.ranks : 1,
                                 .model_ranks = spec->surrogate.ranks};
    *ret_how = spec->on_deadline;
    if (o->on_deadline > 0) ret_how->action = (ambs_on_deadline)(o->on_deadline - 1);
    ret->n_fit = ambs_process_cores();
    if (!together) rc = count_slots(spec, &ret->n_fit, err);
    ret->n_fit = ret->n_fit > ret->model_ranks ? ret->n_fit - ret->model_ranks : 1;
    if (spec->slots.per_rank > 1) ret->n_fit /= (uint32_t)spec->slots.per_rank;
    ambs_spec_destroy(spec);
    return rc;
}

static int launch(const ambs_call *call, const char *output, ambs_error *err)
{
    ambs_launch_options how_to;
    ambs_launch_end end;
    ambs_continuation how;
    if (read_for_launch(call, &how_to, &how, err) != AMBS_OK ||
        ambs_launch(call, &how_to, &end, err) != AMBS_OK)
        return ambs_cli_fail(call, err);
    if (end.lost) return ambs_go_on_after_loss(&how, output);
    if (end.terminated) return ambs_go_on_after_term(&how, output);
    if (end.status == AMBS_STATUS_STOPPED && end.next != AMBS_NEXT_NOTHING)
        return ambs_go_on_for_rank_0(end.next, output);
    if (end.status == AMBS_STATUS_STOPPED) return ambs_stopped_status(output);
    ambs_successors_cancel();
    return end.status;
}

static int run(const ambs_call *call)
{
    const options *o = call->options;
    ambs_error err;
    char output[4096];
    if (ambs_output_path(o->output, call->operands[0], output, sizeof output, &err) != AMBS_OK ||
        ambs_process_check_srun(&err) != AMBS_OK)
        return ambs_cli_fail(call, &err);
    return ambs_process_is_launched() ? run_rank(call, o, output) : launch(call, output, &err);
}

const ambs_command ambs_command_run = {
    .name = "run",
    .operands = "STUDY.yaml",
    .min_operands = 1,
    .max_operands = 1,
    .summary =
        "Run a study: under mpirun or srun as one of its ranks, else with workers of its own",
    .details = "Under mpirun -n N, rank 0 manages and the N-1 others train; with N = 1 one process "
               "does both.\n"
               "Ctrl-C lets running trials end within their grace, a second one stops them; then "
               "--resume goes on.\n"
               "Exit status: 0 the study reached its budget, 1 it failed, 2 the command line or "
               "the study file is\n"
               "wrong, 3 stopped early with everything saved, 4 too many trials failed.",
    .options = run_options,
    .options_size = sizeof(options),
    .takes_settings = true,
    .run = run,
};
