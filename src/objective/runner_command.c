/* SPDX-License-Identifier: MIT */
/* Attempts as commands: one process group each. Descriptor 3 of the process is a stream socket:
 * step reports come as JSON lines, and each line is answered by "continue", "stop" or "error: …".
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "objective/command.h"
#include "objective/command_files.h"
#include "objective/result.h"
#include "objective/runner_slot.h"
#include "search/goals.h"

static int fail_errno(ambs_error *err, const char *what)
{
    return ambs_fail(err, AMBS_E_IO, "starting a command: %s: %s", what, strerror(errno));
}

static bool speaks_dakota(const ambs_runner *r)
{
    const ambs_command_options *o = r->spec->objective_options;
    return o->protocol == AMBS_PROTOCOL_DAKOTA;
}

/* ---- begin ---- */

/* The ends of the new process, to be closed here after the launch: [0] stdout, [1] stderr, [2]
 * reports. */
static int make_channels(run_slot *s, int *theirs, ambs_error *err)
{
    int out[2], errors[2], reports[2];
    if (pipe2(out, O_CLOEXEC) != 0) return fail_errno(err, "pipe");
    s->out = out[0];
    theirs[0] = out[1];
    if (pipe2(errors, O_CLOEXEC) != 0) return fail_errno(err, "pipe");
    s->err = errors[0];
    theirs[1] = errors[1];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, reports) != 0)
        return fail_errno(err, "socketpair");
    s->socket = reports[0];
    theirs[2] = reports[1];
    fcntl(s->out, F_SETFL, O_NONBLOCK);
    fcntl(s->err, F_SETFL, O_NONBLOCK);
    fcntl(s->socket, F_SETFL, O_NONBLOCK);
    return AMBS_OK;
}

static int watch_channels(ambs_runner *r, const run_slot *s, ambs_error *err)
{
    int rc = ambs_slot_watch(r, s, s->out, AMBS_TAG_OUT, err);
    if (rc == AMBS_OK) rc = ambs_slot_watch(r, s, s->err, AMBS_TAG_ERR, err);
    return rc == AMBS_OK ? ambs_slot_watch(r, s, s->socket, AMBS_TAG_SOCKET, err) : rc;
}

static int launch(ambs_runner *r, run_slot *s, ambs_error *err)
{
    run_files *f = s->files;
    int theirs[3] = {-1, -1, -1};
    int rc = make_channels(s, theirs, err);
    if (rc == AMBS_OK) rc = watch_channels(r, s, err);
    ambs_launch request = {.argv = (const char *const *)f->argv.items,
                           .fds = theirs,
                           .n_fds = 3,
                           .folder = r->spec->trial.in_study_folder ? r->study_folder : f->scratch,
                           .scratch = r->spec->trial.keep == AMBS_KEEP_NEVER ? f->scratch : NULL};
    if (rc == AMBS_OK) rc = ambs_slot_launch(r, s, &request, &f->environment, err);
    for (int i = 0; i < 3; i++)
        if (theirs[i] >= 0) close(theirs[i]);
    ambs_strings_fini(&f->argv);
    return rc;
}

int ambs_slot_command_begin(ambs_runner *r, run_slot *s, ambs_error *err)
{
    return ambs_slot_make_files(r, s, &s->entries[s->first].attempt, err);
}

void ambs_slot_command_made(ambs_runner *r, run_slot *s)
{
    ambs_error err = s->files->err;
    if (err.code == AMBS_OK && launch(r, s, &err) == AMBS_OK) {
        ambs_slot_begin_clock(r, s);
        return;
    }
    ambs_slot_fail_start(r, s, &err);
}

/* ---- reports ---- */

static void say(const run_slot *s, const char *answer)
{
    char line[600];
    int n = snprintf(line, sizeof line, "%.500s\n", answer);
    /* A process that does not read its answers fills the socket, and the rest is dropped. */
    if (s->socket >= 0) send(s->socket, line, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void take_line(ambs_runner *r, run_slot *s, const char *line, size_t length)
{
    ambs_metric metrics[AMBS_MAX_METRICS];
    long long step;
    size_t n;
    ambs_error err = {0};
    if (ambs_report_read(line, length, r->spec->metric, &step, metrics, &n, &err) != AMBS_OK) {
        char answer[sizeof err.text + 16];
        snprintf(answer, sizeof answer, "error: %s", err.text);
        say(s, answer);
        ambs_log_line(r->log, AMBS_LOG_WARNING, "trial %llu: %.300s",
                      (unsigned long long)s->entries[s->first].attempt.trial, err.text);
        return;
    }
    for (size_t i = 0; i < n; i++) s->reports[i] = (run_report){.step = step, .metric = metrics[i]};
    if (strcmp(metrics[0].name, r->spec->metric) == 0) s->last_value = metrics[0].value;
    s->worst_answer = AMBS_CONTINUE;
    s->n_reports = s->unanswered = (uint32_t)n;
    s->told_reports = 0;
    ambs_slot_list(r, s);
}

/* Takes lines until one has to be answered by the caller or none is complete. */
static void take_lines(ambs_runner *r, run_slot *s)
{
    while (s->unanswered == 0) {
        char *end = memchr(s->line, '\n', s->line_length);
        if (!end && s->line_length == REPORT_LINE_MAX) { /* no line is that long: start again */
            s->line_length = 0;
            say(s, "error: step report: the line is too long");
        }
        if (!end) return;
        size_t length = (size_t)(end - s->line) + 1;
        if (length > 1) take_line(r, s, s->line, length - 1);
        s->line_length -= length;
        memmove(s->line, s->line + length, s->line_length);
    }
}

/* Reads what the socket has and the buffer holds; true when there was anything. */
static bool fill(run_slot *s)
{
    bool any = false;
    while (s->socket >= 0 && s->line_length < REPORT_LINE_MAX) {
        ssize_t n = recv(s->socket, s->line + s->line_length, REPORT_LINE_MAX - s->line_length,
                         MSG_DONTWAIT);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) break;
        if (n <= 0) {
            close(s->socket);
            s->socket = -1;
            break;
        }
        s->line_length += (size_t)n;
        any = true;
    }
    return any;
}

/* Takes what can be taken now; true when nothing waits for an answer. */
static bool read_lines(ambs_runner *r, run_slot *s)
{
    bool any = true;
    while (any && s->unanswered == 0) {
        any = fill(s);
        take_lines(r, s);
    }
    return s->unanswered == 0;
}

/* The socket is emptied even while an answer is awaited: a descriptor that stays readable would
 * keep the agent awake. */
void ambs_slot_command_readable(ambs_runner *r, run_slot *s)
{
    if (s->unanswered > 0)
        fill(s);
    else if (!s->has_exited)
        read_lines(r, s);
}

/* ---- the end ---- */

static void read_dakota_result(const ambs_runner *r, const run_slot *s, ambs_outcome *ret)
{
    const ambs_command_options *o = r->spec->objective_options;
    ambs_dakota_responses responses;
    ambs_error err;
    const run_files *f = s->files;
    if (!f->result)
        ambs_result_refuse(ret, AMBS_REASON_NO_RESULT,
                           "ended with status 0 but wrote no results file: the driver's second "
                           "argument is its path");
    else if (ambs_dakota_responses_read(o->responses, r->spec->metric, &responses, &err) != AMBS_OK)
        ambs_result_refuse(ret, AMBS_REASON_BAD_RESULT, "%.200s", err.text);
    else
        ambs_dakota_result_read(f->result, f->result_length, &responses, r->spec->metric,
                                "the results file", ret);
}

static void read_result(const ambs_runner *r, const run_slot *s, ambs_outcome *ret)
{
    const run_files *f = s->files;
    size_t line_length;
    const char *line = ambs_capture_last_line(&s->stdout_end, &line_length);
    if (speaks_dakota(r))
        read_dakota_result(r, s, ret);
    else if (f->result)
        ambs_result_read(f->result, f->result_length, r->spec->metric, "the file in AMBS_RESULT",
                         ret);
    else if (line)
        ambs_result_read(line, line_length, r->spec->metric, "the last line of standard output",
                         ret);
    else
        ambs_result_refuse(ret, AMBS_REASON_NO_RESULT,
                           "ended with status 0 but wrote no result: write the number, or "
                           "{\"%.60s\": number}, to the file in AMBS_RESULT or as the last line of "
                           "standard output",
                           r->spec->metric);
}

/* A trial that failed may be tried again. */
static void mark_files(const ambs_runner *r, run_files *f, const ambs_attempt *a,
                       const ambs_outcome *o)
{
    ambs_keep keep = r->spec->trial.keep;
    bool over = o->state == AMBS_TRIAL_COMPLETE || o->state == AMBS_TRIAL_PRUNED;
    f->over = over && keep != AMBS_KEEP_ALWAYS;
    f->keep =
        keep == AMBS_KEEP_ALWAYS || (keep == AMBS_KEEP_FAILED && o->state == AMBS_TRIAL_FAILED);
    if (f->keep)
        ambs_log_line(r->log, AMBS_LOG_INFO, "trial %llu, attempt %u: its folder is kept: %s",
                      (unsigned long long)a->trial, (unsigned)a->attempt, f->scratch);
}

static void end(ambs_runner *r, run_slot *s, const ambs_outcome *o)
{
    mark_files(r, s->files, &s->entries[s->first].attempt, o);
    ambs_slot_keep_output(r, s, o);
    ambs_slot_end(r, s, o);
    ambs_slot_forget_process(s);
}

void ambs_slot_command_read(ambs_runner *r, run_slot *s)
{
    ambs_outcome o;
    ambs_slot_classify(r, s, &s->exited, &o);
    read_result(r, s, &o);
    ambs_goals_settle(r->spec, &o); /* before its output is kept as that of a complete one */
    if (s->told_stop && (o.state == AMBS_TRIAL_COMPLETE || o.reason == AMBS_REASON_NO_RESULT)) {
        if (o.state != AMBS_TRIAL_COMPLETE) o.objective = s->last_value;
        o.state = AMBS_TRIAL_PRUNED;
        o.reason = AMBS_REASON_NONE;
        o.message[0] = '\0';
    }
    end(r, s, &o);
}

static void finish(ambs_runner *r, run_slot *s)
{
    ambs_outcome o;
    bool well = s->exited.exec_errno == 0 && s->exited.status == 0;
    if (well && (s->stop == STOP_NONE || s->stop == STOP_PRUNE)) {
        ambs_slot_read_files(s);
        return;
    }
    ambs_slot_classify(r, s, &s->exited, &o);
    end(r, s, &o);
}

/* What it reported before it ended is told first; each report still wants its answer. */
static void finish_when_told(ambs_runner *r, run_slot *s)
{
    if (s->stop != STOP_NONE || read_lines(r, s)) finish(r, s);
}

void ambs_slot_command_answer(ambs_runner *r, run_slot *s)
{
    say(s, s->worst_answer == AMBS_CONTINUE ? "continue" : "stop");
    if (s->has_exited)
        finish_when_told(r, s);
    else
        read_lines(r, s);
}

void ambs_slot_command_exited(ambs_runner *r, run_slot *s, const ambs_wire_process *exited)
{
    int pass_on = r->verbose ? STDERR_FILENO : -1;
    if (s->out >= 0) ambs_capture_read(&s->stdout_end, s->out, 1 << 24, pass_on);
    if (s->err >= 0) ambs_capture_read(&s->stderr_end, s->err, 1 << 24, pass_on);
    if (s->stop == STOP_NONE && ambs_slot_prints_too_much(r, s)) s->stop = STOP_OUTPUT;
    s->has_exited = true;
    s->exited = *exited;
    s->deadline_s = INFINITY;
    finish_when_told(r, s);
}
