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
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "objective/checkpoint.h"
#include "objective/command.h"
#include "objective/command_files.h"
#include "objective/result.h"
#include "objective/runner_slot.h"
#include "objective/scratch.h"
#include "search/goals.h"

#define DAKOTA_PARAMS "params.in"
#define DAKOTA_RESULT "results.out"

enum { PATH_SIZE = 4200, RESULT_BYTES_MAX = (1 << 20) + 1 };

static int fail_errno(ambs_error *err, const char *what)
{
    return ambs_fail(err, AMBS_E_IO, "starting a command: %s: %s", what, strerror(errno));
}

static void path_in(const run_slot *s, const char *name, char *ret_path)
{
    snprintf(ret_path, PATH_SIZE, "%.4000s/%s", s->scratch, name);
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

static int launch(ambs_runner *r, run_slot *s, const ambs_command *c, ambs_error *err)
{
    ambs_strings argv = {0}, environment = {0};
    int theirs[3] = {-1, -1, -1};
    int rc = ambs_command_argv(c, &argv, err);
    if (rc == AMBS_OK && (argv.n == 0 || argv.items[0][0] == '\0'))
        rc = ambs_fail(err, AMBS_E_INVALID,
                       "command: no program is left: its element names an inactive "
                       "parameter");
    if (rc == AMBS_OK) rc = ambs_command_environment(c, &environment, err);
    if (rc == AMBS_OK) rc = make_channels(s, theirs, err);
    if (rc == AMBS_OK) rc = watch_channels(r, s, err);
    ambs_launch request = {.argv = (const char *const *)argv.items,
                           .fds = theirs,
                           .n_fds = 3,
                           .folder = r->spec->trial.in_study_folder ? r->study_folder : s->scratch,
                           .scratch = r->spec->trial.keep == AMBS_KEEP_NEVER ? s->scratch : NULL};
    if (rc == AMBS_OK) rc = ambs_slot_launch(r, s, &request, &environment, err);
    for (int i = 0; i < 3; i++)
        if (theirs[i] >= 0) close(theirs[i]);
    ambs_strings_fini(&argv);
    ambs_strings_fini(&environment);
    return rc;
}

static int begin_checkpoint(const ambs_runner *r, run_slot *s, ambs_error *err)
{
    char own[PATH_SIZE];
    const ambs_attempt *a = &s->entries[s->first].attempt;
    if (!r->spec->trial.checkpoint) return AMBS_OK;
    path_in(s, "checkpoints", own);
    return ambs_checkpoint_begin(r->checkpoints ? r->checkpoints : own, a->trial, a->attempt,
                                 &s->checkpoint, &s->resume, err);
}

/* A trial that failed may be tried again. */
static void end_checkpoint(const ambs_runner *r, const run_slot *s, const ambs_outcome *o)
{
    bool over = o->state == AMBS_TRIAL_COMPLETE || o->state == AMBS_TRIAL_PRUNED;
    if (s->checkpoint && r->checkpoints)
        ambs_checkpoint_end(s->checkpoint, over && r->spec->trial.keep != AMBS_KEEP_ALWAYS);
}

int ambs_slot_command_begin(ambs_runner *r, run_slot *s, ambs_error *err)
{
    char params[PATH_SIZE], result[PATH_SIZE], dakota_params[PATH_SIZE], dakota_result[PATH_SIZE];
    bool dakota = speaks_dakota(r);
    int rc = ambs_scratch_create(r->spec->trial.scratch, &s->scratch, err);
    if (rc != AMBS_OK) return rc;
    if ((rc = begin_checkpoint(r, s, err)) != AMBS_OK) {
        ambs_slot_forget_process(s);
        return rc;
    }
    path_in(s, "ambs-params.json", params);
    path_in(s, "ambs-result", result);
    path_in(s, DAKOTA_PARAMS, dakota_params);
    path_in(s, DAKOTA_RESULT, dakota_result);
    const ambs_command command = {.spec = r->spec,
                                  .attempt = &s->entries[s->first].attempt,
                                  .params_path = params,
                                  .result_path = result,
                                  .study_folder = r->study_folder,
                                  .checkpoint = s->checkpoint,
                                  .resume = s->resume,
                                  .dakota_params_path = dakota ? dakota_params : NULL,
                                  .dakota_result_path = dakota ? dakota_result : NULL};
    rc = ambs_command_files_make(&command, s->scratch, err);
    if (rc == AMBS_OK) rc = launch(r, s, &command, err);
    if (rc != AMBS_OK) ambs_slot_forget_process(s);
    return rc;
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

/* Reads a file of the attempt's folder, NULL when there is none or it is empty; the caller frees. */
static char *read_bytes(const run_slot *s, const char *name, size_t *ret_length)
{
    char path[PATH_SIZE];
    path_in(s, name, path);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat info;
    if (fd < 0) return NULL;
    char *bytes = NULL;
    size_t length = 0;
    bool regular = fstat(fd, &info) == 0 && S_ISREG(info.st_mode) && info.st_size > 0;
    if (regular && (bytes = malloc(RESULT_BYTES_MAX)))
        for (ssize_t n; length < RESULT_BYTES_MAX &&
                        (n = read(fd, bytes + length, RESULT_BYTES_MAX - length)) > 0;)
            length += (size_t)n;
    close(fd);
    *ret_length = length;
    if (length > 0) return bytes;
    free(bytes);
    return NULL;
}

static void read_dakota_result(const ambs_runner *r, const run_slot *s, ambs_outcome *ret)
{
    const ambs_command_options *o = r->spec->objective_options;
    ambs_dakota_responses responses;
    ambs_error err;
    size_t length;
    char *bytes = read_bytes(s, DAKOTA_RESULT, &length);
    if (!bytes)
        ambs_result_refuse(ret, AMBS_REASON_NO_RESULT,
                           "ended with status 0 but wrote no results file: the driver's second "
                           "argument is its path");
    else if (ambs_dakota_responses_read(o->responses, r->spec->metric, &responses, &err) != AMBS_OK)
        ambs_result_refuse(ret, AMBS_REASON_BAD_RESULT, "%.200s", err.text);
    else
        ambs_dakota_result_read(bytes, length, &responses, r->spec->metric, "the results file",
                                ret);
    free(bytes);
}

static void read_result(const ambs_runner *r, const run_slot *s, ambs_outcome *ret)
{
    size_t length = 0;
    char *bytes = speaks_dakota(r) ? NULL : read_bytes(s, "ambs-result", &length);
    size_t line_length;
    const char *line = ambs_capture_last_line(&s->stdout_end, &line_length);
    if (speaks_dakota(r))
        read_dakota_result(r, s, ret);
    else if (bytes)
        ambs_result_read(bytes, length, r->spec->metric, "the file in AMBS_RESULT", ret);
    else if (line)
        ambs_result_read(line, line_length, r->spec->metric, "the last line of standard output",
                         ret);
    else
        ambs_result_refuse(ret, AMBS_REASON_NO_RESULT,
                           "ended with status 0 but wrote no result: write the number, or "
                           "{\"%.60s\": number}, to the file in AMBS_RESULT or as the last line of "
                           "standard output",
                           r->spec->metric);
    free(bytes);
}

static void keep_folder(const ambs_runner *r, run_slot *s, const ambs_outcome *o)
{
    ambs_keep keep = r->spec->trial.keep;
    if (keep == AMBS_KEEP_NEVER || (keep == AMBS_KEEP_FAILED && o->state != AMBS_TRIAL_FAILED))
        return;
    const ambs_attempt *a = &s->entries[s->first].attempt;
    ambs_log_line(r->log, AMBS_LOG_INFO, "trial %llu, attempt %u: its folder is kept: %s",
                  (unsigned long long)a->trial, (unsigned)a->attempt, s->scratch);
    free(s->scratch);
    s->scratch = NULL;
}

static void finish(ambs_runner *r, run_slot *s)
{
    ambs_outcome o;
    bool well = s->exited.exec_errno == 0 && s->exited.status == 0;
    ambs_slot_classify(r, s, &s->exited, &o);
    if (well && (s->stop == STOP_NONE || s->stop == STOP_PRUNE)) {
        read_result(r, s, &o);
        ambs_goals_settle(r->spec, &o); /* before its output is kept as that of a complete one */
        if (s->told_stop && (o.state == AMBS_TRIAL_COMPLETE || o.reason == AMBS_REASON_NO_RESULT)) {
            if (o.state != AMBS_TRIAL_COMPLETE) o.objective = s->last_value;
            o.state = AMBS_TRIAL_PRUNED;
            o.reason = AMBS_REASON_NONE;
            o.message[0] = '\0';
        }
    }
    end_checkpoint(r, s, &o);
    keep_folder(r, s, &o);
    ambs_slot_keep_output(r, s, &o);
    ambs_slot_end(r, s, &o);
    ambs_slot_forget_process(s);
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
    s->has_exited = true;
    s->exited = *exited;
    s->deadline_s = INFINITY;
    finish_when_told(r, s);
}
