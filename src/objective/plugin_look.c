/* SPDX-License-Identifier: MIT */
/* A library runs code as soon as it is loaded. The child loads it and answers on descriptor 3 with its
 * description, or with "refused" and why; one that says neither was ended by the library. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "objective/capture.h"
#include "objective/plugin.h"
#include "objective/supervisor.h"

#define REFUSED "refused\t"
#define LIMIT_S 30.0
#define LEAVE_S 5.0

extern char **environ;

/* The child seen from here. */
typedef struct looked {
    pid_t pid;
    int answer, output;
    ambs_text said;
    ambs_capture *printed;
    bool too_late;
    int status;
} looked;

/* --- the child ------------------------------------------------------------------------------- */

int ambs_plugin_answer(const char *path, int fd)
{
    ambs_plugin plugin;
    ambs_error err = {0};
    ambs_text out = {0};
    if (ambs_plugin_load(path, &plugin, &err) == AMBS_OK)
        ambs_plugin_describe(&plugin, &out);
    else
        ambs_text_addf(&out, REFUSED "%s", err.text);
    bool good = ambs_text_check(&out, &err) == AMBS_OK;
    for (size_t at = 0; good && at < out.length;) {
        ssize_t n = write(fd, out.text + at, out.length - at);
        good = n > 0 || errno == EINTR;
        if (n > 0) at += (size_t)n;
    }
    ambs_text_fini(&out);
    /* what the library registered for the exit shall not run: it has said all */
    _exit(good ? 0 : 1);
}

/* --- the parent ------------------------------------------------------------------------------ */

static int spawn_child(looked *l, const char *path, const int *answer, const int *output,
                       ambs_error *err)
{
    char host[4200];
    int rc = ambs_program_find("ambs-trial-host", host, sizeof host, err);
    if (rc != AMBS_OK) return rc;
    char option[] = "--describe";
    char *argv[] = {host, option, (char *)(uintptr_t)path, NULL};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    /* the pipes' own numbers are above 3: see pipe_above() */
    posix_spawn_file_actions_adddup2(&actions, output[1], 1);
    posix_spawn_file_actions_adddup2(&actions, output[1], 2);
    posix_spawn_file_actions_adddup2(&actions, answer[1], AMBS_WIRE_SOCKET);
    int error = posix_spawn(&l->pid, host, &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    return error ? ambs_fail(err, AMBS_E_IO, "starting %s: %s", host, strerror(error)) : AMBS_OK;
}

/* A pipe whose descriptors are none of those that the child gets. */
static int pipe_above(int *ret_ends, ambs_error *err)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return ambs_fail(err, AMBS_E_IO, "pipe: %s", strerror(errno));
    for (int i = 0; i < 2; i++) {
        ret_ends[i] = fcntl(ends[i], F_DUPFD_CLOEXEC, AMBS_WIRE_SOCKET + 1);
        close(ends[i]);
    }
    if (ret_ends[0] >= 0 && ret_ends[1] >= 0) return AMBS_OK;
    int rc = ambs_fail(err, AMBS_E_IO, "pipe: %s", strerror(errno));
    for (int i = 0; i < 2; i++)
        if (ret_ends[i] >= 0) close(ret_ends[i]);
    return rc;
}

static int begin(looked *l, const char *path, ambs_error *err)
{
    int answer[2], output[2];
    int rc = pipe_above(answer, err);
    if (rc != AMBS_OK) return rc;
    l->answer = answer[0];
    rc = pipe_above(output, err);
    if (rc == AMBS_OK) {
        l->output = output[0];
        fcntl(l->output, F_SETFL, O_NONBLOCK);
        rc = spawn_child(l, path, answer, output, err);
        close(output[1]);
    }
    close(answer[1]);
    return rc;
}

/* Until the answer's end: the child has it to itself, so that is when it has said all or is gone. */
static void listen(looked *l)
{
    double until = ambs_clock_monotonic_s() + LIMIT_S;
    for (;;) {
        struct pollfd fds[] = {{.fd = l->answer, .events = POLLIN},
                               {.fd = l->output, .events = POLLIN}};
        double left = until - ambs_clock_monotonic_s();
        if (left <= 0) break;
        poll(fds, 2, (int)(1000 * left) + 1);
        if (fds[1].revents && ambs_capture_read(l->printed, l->output, 1 << 16, -1)) {
            close(l->output);
            l->output = -1;
        }
        if (!fds[0].revents) continue;
        char bytes[4096];
        ssize_t n = read(l->answer, bytes, sizeof bytes);
        if (n > 0) ambs_text_add_bytes(&l->said, bytes, (size_t)n);
        if (n == 0 || (n < 0 && errno != EINTR)) return;
    }
    l->too_late = true;
}

/* One that has closed its answer and does not leave is helped. */
static void end(looked *l)
{
    double until = ambs_clock_monotonic_s() + (l->too_late ? 0 : LEAVE_S);
    pid_t got;
    while ((got = waitpid(l->pid, &l->status, WNOHANG)) == 0 && ambs_clock_monotonic_s() < until)
        ambs_clock_sleep_s(0.0005);
    if (got == 0) {
        kill(l->pid, SIGKILL);
        waitpid(l->pid, &l->status, 0);
    }
    if (l->output >= 0) ambs_capture_read(l->printed, l->output, 1 << 16, -1);
}

static int explain(const looked *l, ambs_error *err)
{
    size_t length = 0;
    const char *line = ambs_capture_last_line(l->printed, &length);
    char how[160];
    if (l->too_late)
        snprintf(how, sizeof how, "loading it took longer than %.0f s", LIMIT_S);
    else if (WIFSIGNALED(l->status))
        snprintf(how, sizeof how, "loading it crashed, signal %d (%s)", WTERMSIG(l->status),
                 strsignal(WTERMSIG(l->status)));
    else
        snprintf(how, sizeof how, "loading it ended the process with status %d",
                 WEXITSTATUS(l->status));
    return ambs_fail(err, AMBS_E_FORMAT,
                     "%s: a constructor of it, or of a library that it needs, does that%s%.*s", how,
                     line ? "; its last words: " : "", line ? (int)length : 0, line ? line : "");
}

static int understand(const looked *l, ambs_plugin_description **ret, ambs_error *err)
{
    const char *said = l->said.text ? l->said.text : "";
    if (l->said.failed) return ambs_text_check(&l->said, err);
    if (strncmp(said, REFUSED, strlen(REFUSED)) == 0)
        return ambs_fail(err, AMBS_E_INVALID, "%s", said + strlen(REFUSED));
    if (l->too_late || said[0] == '\0') return explain(l, err);
    return ambs_plugin_description_parse(said, ret, err);
}

int ambs_plugin_look(const char *path, ambs_plugin_description **ret_description, ambs_error *err)
{
    looked l = {.answer = -1, .output = -1};
    l.printed = ambs_calloc(1, sizeof *l.printed, err);
    if (!l.printed) return AMBS_E_NOMEM;
    int rc = ambs_capture_init(l.printed, 0, 0, err);
    if (rc == AMBS_OK) rc = begin(&l, path, err);
    if (rc == AMBS_OK) {
        listen(&l);
        end(&l);
        rc = understand(&l, ret_description, err);
    }
    if (l.answer >= 0) close(l.answer);
    if (l.output >= 0) close(l.output);
    ambs_text_fini(&l.said);
    ambs_capture_fini(l.printed);
    free(l.printed);
    return rc;
}
