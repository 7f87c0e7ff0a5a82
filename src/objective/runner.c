/* SPDX-License-Identifier: MIT */
/* What is common to hosted attempts and commands: slots, time limits, events. See runner_slot.h. */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "objective/checkpoint.h"
#include "objective/command.h"
#include "objective/runner_slot.h"
#include "objective/setup.h"
#include "search/goals.h"

static const double check_every_s = 0.005; /* time limits are looked at no more often */
static const double files_leave_s = 5;     /* so long the last files may take to go */

/* ---- create and destroy ---- */

static int make_slot(ambs_runner *r, run_slot *s, ambs_error *err)
{
    if (!r->hosted) s->line = ambs_calloc(REPORT_LINE_MAX, 1, err);
    if (!r->hosted && !s->line) return AMBS_E_NOMEM;
    const ambs_output_limits *output = &r->spec->trial.output;
    int rc = ambs_capture_init(&s->stdout_end, output->head_bytes, output->tail_bytes, err);
    if (rc == AMBS_OK && !r->hosted)
        rc = ambs_capture_init(&s->stderr_end, output->head_bytes, output->tail_bytes, err);
    if (rc != AMBS_OK) return rc;
    for (uint32_t i = 0; i < AMBS_RUNNER_DEPTH; i++)
        if (!(s->entries[i].x = ambs_calloc(r->d, sizeof(double), err))) return AMBS_E_NOMEM;
    return AMBS_OK;
}

static int make_slots(ambs_runner *r, ambs_error *err)
{
    r->slots = ambs_calloc(r->n_slots, sizeof *r->slots, err);
    r->list = ambs_calloc(r->n_slots, sizeof *r->list, err);
    r->helper_end = ambs_calloc(1, sizeof *r->helper_end, err);
    int rc = r->slots && r->list && r->helper_end ? ambs_capture_init(r->helper_end, 0, 0, err)
                                                  : AMBS_E_NOMEM;
    for (uint32_t i = 0; r->slots && i < r->n_slots; i++) {
        run_slot *s = &r->slots[i];
        s->index = i;
        s->socket = s->out = s->err = -1;
        s->deadline_s = s->kill_at_s = INFINITY;
    }
    for (uint32_t i = 0; i < r->n_slots && rc == AMBS_OK; i++) rc = make_slot(r, &r->slots[i], err);
    if (rc != AMBS_OK || !r->hosted || r->n_slots == 0) return rc;
    rc = ambs_program_find("ambs-trial-host", r->host_path, sizeof r->host_path, err);
    return rc == AMBS_OK ? ambs_setup_write(r->spec, &r->setup, err) : rc;
}

/* Functions and trainers have nothing on file systems. */
static int start_clerk(ambs_runner *r, ambs_error *err)
{
    if (r->hosted && !r->spec->objective->own_temporaries && !r->spec->trial.checkpoint)
        return AMBS_OK;
    int rc = ambs_clerk_start(&r->clerk, err);
    return rc == AMBS_OK
               ? ambs_supervisor_watch(r->supervisor, ambs_clerk_fd(r->clerk), AMBS_TAG_CLERK, err)
               : rc;
}

int ambs_runner_check(const ambs_spec *spec, ambs_error *err)
{
    const ambs_objective_ops *ops = spec->objective;
    if (!ops)
        return ambs_fail(
            err, AMBS_E_INVALID,
            "the study has no `objective:`, expected one to run trials (only serve needs none)");
    if (!ops->hosted) return ambs_command_argv_check(spec, err);
    return ops->check ? ops->check(spec->objective_options, spec->space, spec->metric, err)
                      : AMBS_OK;
}

int ambs_runner_create(const ambs_spec *spec, uint32_t n_slots, const ambs_slot_resources *slots,
                       ambs_supervisor *supervisor, const ambs_log *log, bool verbose,
                       ambs_runner **ret_runner, ambs_error *err)
{
    int rc = ambs_runner_check(spec, err);
    if (rc != AMBS_OK) return rc;
    ambs_runner *r = ambs_calloc(1, sizeof *r, err);
    if (!r) return AMBS_E_NOMEM;
    r->spec = spec;
    r->supervisor = supervisor;
    r->log = log;
    r->verbose = verbose;
    r->hosted = spec->objective->hosted;
    r->n_slots = n_slots;
    r->resources = slots;
    r->depth = r->hosted ? AMBS_RUNNER_DEPTH : 1;
    r->d = ambs_space_dimension(spec->space);
    r->setup = -1;
    ambs_study_folder(spec->file, r->study_folder);
    ambs_supervisor_note_children(supervisor);
    rc = make_slots(r, err);
    if (rc == AMBS_OK) rc = start_clerk(r, err);
    if (rc == AMBS_OK)
        *ret_runner = r;
    else
        ambs_runner_destroy(r);
    return rc;
}

static void forget_output(run_entry *e)
{
    for (int stream = 0; stream < 2; stream++) {
        free(e->output[stream].text);
        e->output[stream] = (ambs_kept_output){0};
    }
}

int ambs_runner_save_beside(ambs_runner *r, const char *output, ambs_error *err)
{
    char *root;
    int rc = ambs_checkpoint_root(output, &root, err);
    if (rc != AMBS_OK) return rc;
    free(r->checkpoints);
    r->checkpoints = root;
    return AMBS_OK;
}

bool ambs_runner_destroy(ambs_runner *r)
{
    if (!r) return true;
    for (uint32_t i = 0; r->slots && i < r->n_slots; i++) {
        run_slot *s = &r->slots[i];
        if (s->id) ambs_supervisor_signal(r->supervisor, s->id, SIGKILL);
        ambs_slot_forget_process(s);
    }
    if (!ambs_clerk_stop(r->clerk, files_leave_s)) return false;
    for (uint32_t i = 0; r->slots && i < r->n_slots; i++) {
        run_slot *s = &r->slots[i];
        for (uint32_t k = 0; k < AMBS_RUNNER_DEPTH; k++) {
            forget_output(&s->entries[k]);
            free(s->entries[k].x);
        }
        ambs_capture_fini(&s->stdout_end);
        ambs_capture_fini(&s->stderr_end);
        free(s->line);
    }
    if (r->setup >= 0) close(r->setup);
    free(r->slots);
    free(r->list);
    free(r->checkpoints);
    if (r->helper_end) ambs_capture_fini(r->helper_end);
    free(r->helper_end);
    free(r);
    return true;
}

/* ---- slots ---- */

run_entry *ambs_slot_running(run_slot *s)
{
    for (uint32_t i = 0; i < s->n; i++) {
        run_entry *e = &s->entries[(s->first + i) % AMBS_RUNNER_DEPTH];
        if (!e->ended) return e;
    }
    return NULL;
}

void ambs_slot_list(ambs_runner *r, run_slot *s)
{
    if (s->listed) return;
    s->listed = true;
    r->list[(r->list_first + r->n_listed++) % r->n_slots] = s->index;
}

void ambs_slot_begin_clock(ambs_runner *r, run_slot *s)
{
    run_entry *e = ambs_slot_running(s);
    s->deadline_s = INFINITY;
    if (!e) return;
    s->printed_before[0] = s->stdout_end.printed;
    s->printed_before[1] = s->stderr_end.printed;
    e->began_s = ambs_clock_monotonic_s();
    e->began_wall_s = ambs_clock_wall_s();
    if (!isnan(r->spec->trial.timeout_s)) s->deadline_s = e->began_s + r->spec->trial.timeout_s;
}

/* Of a plug-in, which made its folder itself. A trial that failed may be tried again. */
static void settle_checkpoint(const ambs_runner *r, const run_slot *s, const run_entry *e)
{
    if (!r->hosted || !r->checkpoints || !r->spec->trial.checkpoint) return;
    bool over = e->outcome.state == AMBS_TRIAL_COMPLETE ||
                (e->outcome.state == AMBS_TRIAL_PRUNED && s->stop != STOP_CANCEL);
    ambs_files_settle(r->clerk, r->checkpoints, e->attempt.trial, e->attempt.attempt,
                      over && r->spec->trial.keep != AMBS_KEEP_ALWAYS);
}

void ambs_slot_end(ambs_runner *r, run_slot *s, const ambs_outcome *outcome)
{
    run_entry *e = ambs_slot_running(s);
    if (!e) return;
    e->outcome = *outcome;
    ambs_goals_settle(r->spec, &e->outcome);
    if (e->outcome.end_s == 0) {
        e->outcome.duration_s = ambs_clock_monotonic_s() - e->began_s;
        e->outcome.start_s = e->began_wall_s;
        e->outcome.end_s = e->began_wall_s + e->outcome.duration_s;
    }
    e->ended = true;
    settle_checkpoint(r, s, e);
    s->n_reports = s->told_reports = s->unanswered = 0;
    s->last_value = NAN;
    s->told_stop = false;
    if (s->stop != STOP_NONE && s->stop != STOP_CANCEL) s->stop_is_spent = true;
    ambs_slot_begin_clock(r, s);
    run_entry *next = ambs_slot_running(s);
    if (next && s->pid > 0) next->started = true;
    ambs_slot_list(r, s);
}

void ambs_slot_keep_output(const ambs_runner *r, run_slot *s, const ambs_outcome *o)
{
    const ambs_output_limits *limits = &r->spec->trial.output;
    run_entry *e = ambs_slot_running(s);
    if (!e) return;
    bool less = o->state != AMBS_TRIAL_FAILED && !isnan(limits->complete_bytes);
    size_t head = less ? 0 : limits->head_bytes,
           tail = less ? (size_t)limits->complete_bytes : limits->tail_bytes;
    forget_output(e);
    ambs_capture_text(&s->stdout_end, head, tail, &e->output[0]);
    ambs_capture_text(&s->stderr_end, head, tail, &e->output[1]);
}

bool ambs_slot_prints_too_much(const ambs_runner *r, const run_slot *s)
{
    double limit = r->spec->trial.output.limit_bytes;
    return (double)(s->stdout_end.printed - s->printed_before[0]) > limit ||
           (double)(s->stderr_end.printed - s->printed_before[1]) > limit; /* NaN: never */
}

static void kill_now(ambs_runner *r, run_slot *s)
{
    s->kill_at_s = INFINITY;
    if (s->killed) return;
    s->killed = true;
    ambs_supervisor_signal(r->supervisor, s->id, SIGKILL);
}

void ambs_slot_stop(ambs_runner *r, run_slot *s, run_stop why, bool at_once)
{
    if (s->id == 0) return;
    if (s->stop == STOP_NONE || s->stop_is_spent || why == STOP_CANCEL) {
        s->stop = why;
        s->stop_is_spent = false;
    }
    s->deadline_s = INFINITY;
    if (at_once)
        kill_now(r, s);
    else if (isinf(s->kill_at_s) && !s->killed) {
        s->kill_at_s = ambs_clock_monotonic_s() + r->spec->trial.grace_s;
        ambs_supervisor_signal(r->supervisor, s->id, SIGTERM);
    }
}

uint64_t ambs_slot_new_id(ambs_runner *r, run_slot *s)
{
    s->id = (uint64_t)++r->serial << 32 | s->index;
    return s->id;
}

int ambs_slot_watch(ambs_runner *r, const run_slot *s, int fd, int what, ambs_error *err)
{
    return ambs_supervisor_watch(r->supervisor, fd, (uint64_t)s->index << 2 | (uint64_t)what, err);
}

/* 0: none. */
static double memory_limit(const ambs_runner *r, const run_slot *s)
{
    const ambs_slot_resources *slot = r->resources ? &r->resources[s->index] : NULL;
    double bytes =
        slot && slot->memory_bytes > 0 ? slot->memory_bytes : r->spec->trial.memory_bytes;
    return bytes > 0 ? bytes : 0;
}

int ambs_slot_launch(ambs_runner *r, run_slot *s, ambs_launch *launch, ambs_strings *environment,
                     ambs_error *err)
{
    const ambs_slot_resources *slot = r->resources ? &r->resources[s->index] : NULL;
    int rc = ambs_slot_environment(slot, r->spec->trial.cores, environment, err);
    launch->id = ambs_slot_new_id(r, s);
    launch->environment = (const char *const *)environment->items;
    launch->cores = slot ? slot->cores : NULL;
    launch->n_cores = slot ? slot->n_cores : 0;
    launch->memory_bytes = memory_limit(r, s);
    if (rc == AMBS_OK) rc = ambs_supervisor_launch(r->supervisor, launch, err);
    ambs_strings_fini(environment);
    return rc;
}

static void close_fd(int *fd)
{
    if (*fd >= 0) close(*fd);
    *fd = -1;
}

void ambs_slot_forget_process(run_slot *s)
{
    close_fd(&s->socket);
    close_fd(&s->out);
    close_fd(&s->err);
    s->id = 0;
    s->pid = 0;
    s->host_ready = s->killed = s->stop_is_spent = s->asked_checkpoint = false;
    s->refused[0] = '\0';
    s->stop = STOP_NONE;
    s->deadline_s = s->kill_at_s = INFINITY;
    ambs_capture_clear(&s->stdout_end);
    ambs_capture_clear(&s->stderr_end);
    s->line_length = 0;
    s->has_exited = false;
    s->worst_answer = AMBS_CONTINUE;
    s->n_reports = s->told_reports = s->unanswered = 0;
    ambs_slot_drop_files(s);
}

/* ---- how a process ended ---- */

/* The last line of standard error, or of standard output where that is empty, for the message. */
static void add_last_line(const run_slot *s, ambs_outcome *o)
{
    size_t length, used = strlen(o->message);
    const char *line = ambs_capture_last_words(&s->stderr_end, &length);
    if (!line) line = ambs_capture_last_words(&s->stdout_end, &length);
    if (!line) return;
    const char *between = used > 0 ? ": " : "";
    size_t room = sizeof o->message - 1 - used - strlen(between);
    if (length > room) length = room;
    size_t at = used + strlen(strcpy(o->message + used, between));
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)line[i];
        o->message[at + i] = c < 0x20 || c == 0x7f ? '?' : line[i];
    }
    /* No half of a UTF-8 sequence at the cut. */
    size_t bad;
    o->message[at + length] = '\0';
    if (!ambs_utf8_valid(o->message, at + length, &bad)) o->message[bad] = '\0';
}

static bool classify_stop(const ambs_runner *r, const run_slot *s, ambs_outcome *o)
{
    char limit[40];
    if (s->stop == STOP_NONE || s->stop_is_spent) return false;
    o->state = AMBS_TRIAL_FAILED;
    if (s->stop == STOP_TIMEOUT) {
        o->reason = AMBS_REASON_TIMEOUT;
        snprintf(o->message, sizeof o->message, "ran longer than %s (trial.timeout)%s",
                 ambs_format_duration(r->spec->trial.timeout_s, limit),
                 s->killed ? "; TERM did not end it, killed after the grace" : "");
    } else if (s->stop == STOP_OUTPUT) {
        o->reason = AMBS_REASON_OUTPUT;
        snprintf(o->message, sizeof o->message, "printed more than %s (trial.output.limit)",
                 ambs_format_bytes(r->spec->trial.output.limit_bytes, limit));
    } else if (s->stop == STOP_CANCEL) {
        o->state = AMBS_TRIAL_CANCELLED;
        o->reason = AMBS_REASON_CANCELLED;
    } else {
        o->state = AMBS_TRIAL_PRUNED;
        o->objective = s->last_value;
    }
    return true;
}

static void tell_memory(const ambs_runner *r, const run_slot *s, const ambs_wire_process *exited,
                        ambs_outcome *o)
{
    char used[40], limit[40];
    if (exited->out_of_memory == 2)
        snprintf(o->message, sizeof o->message, "killed by the kernel, whose memory was used up");
    else
        snprintf(o->message, sizeof o->message, "used %s, more than %s (trial.memory)",
                 ambs_format_bytes(exited->memory_bytes, used),
                 ambs_format_bytes(memory_limit(r, s), limit));
}

void ambs_slot_classify(const ambs_runner *r, const run_slot *s, const ambs_wire_process *exited,
                        ambs_outcome *o)
{
    *o = (ambs_outcome){.state = AMBS_TRIAL_FAILED, .objective = NAN};
    if (exited->out_of_memory == 0 && classify_stop(r, s, o)) return;
    if (exited->out_of_memory > 0) {
        o->reason = AMBS_REASON_OUT_OF_MEMORY;
        tell_memory(r, s, exited, o);
    } else if (exited->exec_errno != 0) {
        o->reason = AMBS_REASON_NOT_STARTED;
        snprintf(o->message, sizeof o->message, "%.160s: %s",
                 r->hosted ? r->host_path : r->spec->argv[0], strerror(exited->exec_errno));
    } else if (s->asked_checkpoint && WIFSIGNALED(exited->status) &&
               WTERMSIG(exited->status) == SIGUSR1) {
        o->state = AMBS_TRIAL_CANCELLED;
        o->reason = AMBS_REASON_CANCELLED;
        snprintf(o->message, sizeof o->message,
                 "ended by SIGUSR1, by which it was asked to checkpoint (trial.checkpoint)");
    } else if (WIFSIGNALED(exited->status)) {
        o->reason = AMBS_REASON_SIGNAL;
        o->code = WTERMSIG(exited->status);
        snprintf(o->message, sizeof o->message, "%s", strsignal(o->code));
        add_last_line(s, o);
    } else if (WEXITSTATUS(exited->status) != 0) {
        o->reason = AMBS_REASON_EXIT;
        o->code = WEXITSTATUS(exited->status);
        add_last_line(s, o);
    } else {
        o->reason = AMBS_REASON_NO_RESULT;
        snprintf(o->message, sizeof o->message, "ended with status 0 and without a result");
    }
}

/* ---- requests ---- */

uint32_t ambs_runner_room(const ambs_runner *r, uint32_t slot)
{
    return r->lost ? 0 : r->depth - r->slots[slot].n;
}

uint32_t ambs_runner_busy(const ambs_runner *r)
{
    uint32_t busy = 0;
    for (uint32_t i = 0; i < r->n_slots; i++) busy += r->slots[i].n > 0;
    return busy;
}

int ambs_runner_begin(ambs_runner *r, uint32_t slot, const ambs_attempt *attempt, ambs_error *err)
{
    if (slot >= r->n_slots)
        return ambs_fail(err, AMBS_E_INVALID, "slot %u of %u", slot, r->n_slots);
    if (r->lost) return ambs_fail(err, AMBS_E_IO, "the supervisor is gone: nothing can be started");
    run_slot *s = &r->slots[slot];
    if (s->n >= r->depth || s->stop == STOP_CANCEL)
        return ambs_fail(err, AMBS_E_AGAIN, "slot %u is in use", slot);
    run_entry *e = &s->entries[(s->first + s->n) % AMBS_RUNNER_DEPTH];
    memcpy(e->x, attempt->x, r->d * sizeof(double));
    e->attempt = *attempt;
    e->attempt.x = e->x;
    e->started = e->told_started = e->ended = false;
    bool first = !ambs_slot_running(s);
    s->n++;
    int rc = r->hosted ? ambs_slot_host_begin(r, s, err) : ambs_slot_command_begin(r, s, err);
    if (rc != AMBS_OK) {
        s->n--;
        return rc;
    }
    if (!first) return AMBS_OK;
    s->last_value = NAN;
    ambs_slot_begin_clock(r, s);
    if (s->pid > 0) {
        e->started = true;
        ambs_slot_list(r, s);
    }
    return AMBS_OK;
}

/* No process was started yet. */
static void cancel_unstarted(ambs_runner *r, run_slot *s)
{
    const ambs_outcome o = {
        .state = AMBS_TRIAL_CANCELLED, .reason = AMBS_REASON_CANCELLED, .objective = NAN};
    while (ambs_slot_running(s)) ambs_slot_end(r, s, &o);
    ambs_slot_forget_process(s);
}

void ambs_runner_cancel(ambs_runner *r, uint32_t slot, bool at_once)
{
    if (slot >= r->n_slots || !ambs_slot_running(&r->slots[slot])) return;
    run_slot *s = &r->slots[slot];
    if (s->id == 0) {
        cancel_unstarted(r, s);
        return;
    }
    ambs_slot_stop(r, s, STOP_CANCEL, at_once);
    if (s->has_exited) ambs_slot_command_exited(r, s, &s->exited);
}

void ambs_runner_checkpoint(ambs_runner *r, uint32_t slot)
{
    if (slot >= r->n_slots || r->hosted || !r->spec->trial.checkpoint) return;
    run_slot *s = &r->slots[slot];
    if (s->id == 0 || s->has_exited || s->asked_checkpoint || s->stop != STOP_NONE) return;
    s->asked_checkpoint = true;
    if (s->pid > 0) ambs_supervisor_signal(r->supervisor, s->id, SIGUSR1);
}

void ambs_runner_answer(ambs_runner *r, uint32_t slot, ambs_decision decision)
{
    if (slot >= r->n_slots) return;
    run_slot *s = &r->slots[slot];
    if (s->unanswered == 0) return;
    if (decision != AMBS_CONTINUE) s->worst_answer = decision;
    if (--s->unanswered > 0) return;
    s->n_reports = s->told_reports = 0;
    if (s->worst_answer != AMBS_CONTINUE) {
        s->told_stop = true;
        s->deadline_s = fmin(s->deadline_s, ambs_clock_monotonic_s() + r->spec->trial.grace_s);
    }
    if (r->hosted)
        ambs_slot_host_answer(r, s);
    else
        ambs_slot_command_answer(r, s);
}

/* ---- events ---- */

static void fill_event(const run_slot *s, const run_entry *e, ambs_run_kind kind,
                       ambs_run_event *ret)
{
    memset(ret, 0, offsetof(ambs_run_event, text));
    ret->kind = kind;
    ret->slot = s->index;
    ret->trial = e->attempt.trial;
    ret->attempt = e->attempt.attempt;
    ret->pid = s->pid;
}

/* The next thing to tell of a slot; false when all is told. */
static bool take_from_slot(run_slot *s, ambs_run_event *ret)
{
    if (s->n == 0) return false;
    run_entry *e = &s->entries[s->first];
    if (e->started && !e->told_started) {
        e->told_started = true;
        fill_event(s, e, AMBS_RUN_STARTED, ret);
        return true;
    }
    if (!e->ended && s->told_reports < s->n_reports) {
        const run_report *report = &s->reports[s->told_reports++];
        fill_event(s, e, AMBS_RUN_REPORT, ret);
        ret->step = report->step;
        ret->value = report->metric.value;
        memcpy(ret->metric, report->metric.name, sizeof ret->metric);
        return true;
    }
    if (!e->ended) return false;
    for (int stream = 0; stream < 2; stream++) {
        ambs_kept_output *output = &e->output[stream];
        if (!ambs_kept_output_next(output, ret->text, sizeof ret->text)) continue;
        fill_event(s, e, AMBS_RUN_OUTPUT, ret);
        ret->stream = stream;
        ret->part = output->part - 1;
        ret->printed = output->printed;
        return true;
    }
    forget_output(e);
    fill_event(s, e, AMBS_RUN_ENDED, ret);
    ret->outcome = e->outcome;
    s->first = (s->first + 1) % AMBS_RUNNER_DEPTH;
    s->n--;
    return true;
}

static bool take_event(ambs_runner *r, ambs_run_event *ret)
{
    while (r->n_listed > 0) {
        run_slot *s = &r->slots[r->list[r->list_first]];
        r->list_first = (r->list_first + 1) % r->n_slots;
        r->n_listed--;
        s->listed = false;
        if (!take_from_slot(s, ret)) continue;
        ambs_slot_list(r, s); /* there may be more */
        return true;
    }
    if (r->helper_ended) {
        r->helper_ended = false;
        memset(ret, 0, sizeof *ret);
        ret->kind = AMBS_RUN_HELPER_ENDED;
        ret->code = r->helper_code;
        return true;
    }
    if (!r->lost || r->told_lost) return false;
    r->told_lost = true;
    memset(ret, 0, sizeof *ret);
    ret->kind = AMBS_RUN_SUPERVISOR_LOST;
    return true;
}

/* ---- what happened ---- */

static void read_helper(ambs_runner *r)
{
    int fd = ambs_supervisor_helper_output(r->supervisor);
    size_t length;
    if (fd < 0) return;
    ambs_capture_clear(r->helper_end);
    bool over = ambs_capture_read(r->helper_end, fd, 1 << 16, -1);
    const char *line = ambs_capture_last_line(r->helper_end, &length);
    if (line) ambs_log_line(r->log, AMBS_LOG_WARNING, "helper: %.*s", (int)length, line);
    if (over) ambs_supervisor_helper_close(r->supervisor);
}

static void end_helper(ambs_runner *r, int status)
{
    read_helper(r);
    if (!ambs_supervisor_helper_ended(r->supervisor)) return;
    r->helper_ended = true;
    r->helper_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void handle_process(ambs_runner *r, const ambs_wire_process *message)
{
    if (message->id == AMBS_HELPER_ID) {
        if (message->type == AMBS_WIRE_EXITED) end_helper(r, message->status);
        return;
    }
    uint32_t index = (uint32_t)message->id;
    if (index >= r->n_slots || r->slots[index].id != message->id) return; /* an earlier process */
    run_slot *s = &r->slots[index];
    if (message->type == AMBS_WIRE_EXITED) {
        if (r->hosted)
            ambs_slot_host_exited(r, s, message);
        else
            ambs_slot_command_exited(r, s, message);
        return;
    }
    s->pid = message->pid;
    /* A trial may have said something, and been asked, before the news of its start came. */
    if (s->asked_checkpoint) ambs_supervisor_signal(r->supervisor, s->id, SIGUSR1);
    run_entry *e = ambs_slot_running(s);
    if (e) e->started = true;
    ambs_slot_list(r, s);
}

/* Every attempt ends as lost; whether its result was on the way cannot be known. */
static void handle_loss(ambs_runner *r)
{
    ambs_outcome o = {
        .state = AMBS_TRIAL_FAILED, .reason = AMBS_REASON_WORKER_LOST, .objective = NAN};
    snprintf(o.message, sizeof o.message, "the supervisor of its worker was killed");
    r->lost = true;
    for (uint32_t i = 0; i < r->n_slots; i++) {
        run_slot *s = &r->slots[i];
        while (ambs_slot_running(s)) ambs_slot_end(r, s, &o);
        ambs_slot_forget_process(s);
    }
    end_helper(r, SIGKILL);
}

static void read_supervisor(ambs_runner *r)
{
    ambs_wire_process message;
    int rc;
    while ((rc = ambs_supervisor_next(r->supervisor, &message)) == AMBS_OK)
        handle_process(r, &message);
    if (rc == AMBS_E_IO && !r->lost) handle_loss(r);
}

void ambs_slot_fail_start(ambs_runner *r, run_slot *s, const ambs_error *why)
{
    ambs_outcome o = {
        .state = AMBS_TRIAL_FAILED, .reason = AMBS_REASON_NOT_STARTED, .objective = NAN};
    snprintf(o.message, sizeof o.message, "%.250s", why->text);
    read_supervisor(r);
    while (ambs_slot_running(s)) ambs_slot_end(r, s, &o);
    ambs_slot_forget_process(s);
}

static void read_slot(ambs_runner *r, run_slot *s, int what)
{
    int pass_on = r->verbose ? STDERR_FILENO : -1;
    if (what == AMBS_TAG_OUT && s->out >= 0 &&
        ambs_capture_read(&s->stdout_end, s->out, 1 << 18, pass_on))
        close_fd(&s->out);
    if (what == AMBS_TAG_ERR && s->err >= 0 &&
        ambs_capture_read(&s->stderr_end, s->err, 1 << 18, pass_on))
        close_fd(&s->err);
    if (what != AMBS_TAG_SOCKET && s->stop == STOP_NONE && ambs_slot_prints_too_much(r, s))
        ambs_slot_stop(r, s, STOP_OUTPUT, false);
    if (what != AMBS_TAG_SOCKET || s->socket < 0) return;
    if (r->hosted)
        ambs_slot_host_readable(r, s);
    else
        ambs_slot_command_readable(r, s);
}

static void gather(ambs_runner *r)
{
    uint64_t tags[64];
    size_t n = ambs_supervisor_ready(r->supervisor, tags, 64);
    for (size_t i = 0; i < n; i++) {
        if (tags[i] == AMBS_TAG_SUPERVISOR)
            read_supervisor(r);
        else if (tags[i] == AMBS_TAG_HELPER)
            read_helper(r);
        else if (tags[i] == AMBS_TAG_CLERK)
            ambs_clerk_turn(r->clerk);
        else if (tags[i] >> 2 < r->n_slots)
            read_slot(r, &r->slots[tags[i] >> 2], (int)(tags[i] & 3));
    }
}

static void enforce_limits(ambs_runner *r)
{
    double now = ambs_clock_monotonic_s();
    if (now - r->checked_s < check_every_s) return;
    r->checked_s = now;
    for (uint32_t i = 0; i < r->n_slots; i++) {
        run_slot *s = &r->slots[i];
        if (now >= s->kill_at_s) kill_now(r, s);
        if (now >= s->deadline_s && s->told_stop)
            ambs_slot_stop(r, s, STOP_PRUNE, false);
        else if (now >= s->deadline_s)
            ambs_slot_stop(r, s, STOP_TIMEOUT, false);
    }
}

bool ambs_runner_poll(ambs_runner *r, ambs_run_event *ret_event)
{
    if (take_event(r, ret_event)) return true;
    gather(r);
    enforce_limits(r);
    return take_event(r, ret_event);
}
