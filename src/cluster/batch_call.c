/* SPDX-License-Identifier: MIT */
#include "cluster/batch_call.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

enum { OUTPUT_MAX = 1 << 20 }; /* what more is printed is read and dropped */

typedef struct called {
    pid_t pid;
    int output, input, failed; /* failed: the errno of execvp, or closed */
} called;

static void become(const char *const *argv, int input, int output, int failed)
{
    setpgid(0, 0);
    dup2(input, 0);
    dup2(output, 1);
    dup2(output, 2);
    signal(SIGPIPE, SIG_DFL);
    execvp(argv[0], (char *const *)(uintptr_t)argv);
    int error = errno;
    if (write(failed, &error, sizeof error) < 0) _exit(126);
    _exit(127);
}

static int begin(const char *const *argv, called *c, ambs_error *err)
{
    int in[2] = {-1, -1}, out[2] = {-1, -1}, failed[2] = {-1, -1};
    int rc =
        pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0 && pipe2(failed, O_CLOEXEC) == 0
            ? AMBS_OK
            : ambs_fail(err, AMBS_E_IO, "starting %s: %s", argv[0], strerror(errno));
    if (rc == AMBS_OK && (c->pid = fork()) == 0) become(argv, in[0], out[1], failed[1]);
    if (rc == AMBS_OK && c->pid < 0)
        rc = ambs_fail(err, AMBS_E_IO, "starting %s: %s", argv[0], strerror(errno));
    const int mine[] = {in[0], out[1], failed[1]}, kept[] = {in[1], out[0], failed[0]};
    for (int i = 0; i < 3; i++) {
        if (mine[i] >= 0) close(mine[i]);
        if (rc != AMBS_OK && kept[i] >= 0) close(kept[i]);
    }
    c->input = in[1];
    c->output = out[0];
    c->failed = failed[0];
    return rc;
}

/* A script of at most 64 KiB fits into the pipe whole. */
static void give(const called *c, const char *input)
{
    for (size_t left = input ? strlen(input) : 0; left > 0;) {
        ssize_t n = write(c->input, input, left);
        if (n <= 0) break;
        input += n;
        left -= (size_t)n;
    }
    close(c->input);
}

/* Reads until the end of the output; false when the time is over. */
static bool listen_until(const called *c, double until_s, ambs_text *out)
{
    char bytes[4096];
    for (;;) {
        double left = until_s - ambs_clock_monotonic_s();
        struct pollfd fd = {.fd = c->output, .events = POLLIN};
        if (left <= 0) return false;
        int n = poll(&fd, 1, left < 1 ? (int)(left * 1000) + 1 : 1000);
        if (n < 0 && errno != EINTR) return false;
        if (n <= 0) continue;
        ssize_t got = read(c->output, bytes, sizeof bytes);
        if (got == 0) return true;
        if (got > 0 && out->length < OUTPUT_MAX) ambs_text_add_bytes(out, bytes, (size_t)got);
    }
}

static int wait_until(const called *c, double until_s, int *ret_status)
{
    for (;;) {
        pid_t got = waitpid(c->pid, ret_status, WNOHANG);
        if (got == c->pid) return 0;
        if (got < 0 && errno != EINTR) return -1;
        if (ambs_clock_monotonic_s() >= until_s) return -1;
        ambs_clock_sleep_s(0.005);
    }
}

/* The last line that says something. */
static void last_line(const ambs_text *out, size_t from, char *ret, size_t size)
{
    size_t end = out->length;
    while (end > from && strchr(" \t\r\n", out->text[end - 1])) end--;
    size_t begin = end;
    while (begin > from && out->text[begin - 1] != '\n') begin--;
    size_t n = end - begin < size - 1 ? end - begin : size - 1;
    if (n > 0) memcpy(ret, out->text + begin, n);
    ret[n] = '\0';
}

static int judge(const char *program, int status, const ambs_text *out, size_t from,
                 ambs_error *err)
{
    char line[200];
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return ambs_text_check(out, err);
    last_line(out, from, line, sizeof line);
    const char *how = WIFEXITED(status) ? "status" : "signal";
    int number = WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
    return ambs_fail(err, AMBS_E_IO, "%s ended with %s %d%s%s", program, how, number,
                     line[0] ? ": " : "", line);
}

int ambs_batch_call(const char *const *argv, const char *input, double limit_s, ambs_text *out,
                    ambs_error *err)
{
    called c;
    double until = ambs_clock_monotonic_s() + limit_s;
    size_t from = out->length;
    int rc = begin(argv, &c, err), error = 0, status = 0;
    if (rc != AMBS_OK) return rc;
    bool failed = read(c.failed, &error, sizeof error) == sizeof error;
    close(c.failed);
    void (*before)(int) = signal(SIGPIPE, SIG_IGN);
    give(&c, input);
    signal(SIGPIPE, before);
    bool over = !listen_until(&c, until, out) || wait_until(&c, until, &status) != 0;
    close(c.output);
    if (over) {
        kill(-c.pid, SIGKILL);
        waitpid(c.pid, &status, 0);
        return ambs_fail(err, AMBS_E_IO, "%s did not answer within %.0f s", argv[0], limit_s);
    }
    if (failed)
        return ambs_fail(err, error == ENOENT ? AMBS_E_NOT_FOUND : AMBS_E_IO, "%s %s", argv[0],
                         error == ENOENT ? "was not found in PATH" : strerror(error));
    return judge(argv[0], status, out, from, err);
}

int ambs_batch_call_for(const char *const *argv, const char *id, const char *input, double limit_s,
                        ambs_text *out, ambs_error *err)
{
    const char *words[AMBS_BATCH_WORDS_MAX + 1] = {NULL};
    char filled[AMBS_BATCH_WORDS_MAX][2 * AMBS_BATCH_ID_SIZE];
    for (size_t i = 0; argv[i] && i < AMBS_BATCH_WORDS_MAX; i++) {
        const char *at = strstr(argv[i], AMBS_BATCH_JOB);
        words[i] = at ? filled[i] : argv[i];
        if (at)
            snprintf(filled[i], sizeof filled[i], "%.*s%s%s", (int)(at - argv[i]), argv[i], id,
                     at + strlen(AMBS_BATCH_JOB));
    }
    return ambs_batch_call(words, input, limit_s, out, err);
}

int ambs_batch_ask(const ambs_batch_job *job, double *ret_left_s, ambs_error *err)
{
    const ambs_batch_question *q = job->ops->questions;
    if (!q) return ambs_fail(err, AMBS_E_NOT_FOUND, "this is no batch job");
    int first = AMBS_OK;
    for (; q->argv; q++) {
        ambs_text answer = {0};
        ambs_error why = {0};
        int rc = ambs_batch_call_for(q->argv, job->id, NULL, AMBS_BATCH_ASK_S, &answer, &why);
        if (rc == AMBS_OK)
            rc = q->read(answer.text ? answer.text : "", job->id, ambs_clock_wall_s(), ret_left_s,
                         &why);
        ambs_text_fini(&answer);
        if (rc == AMBS_OK) return AMBS_OK;
        if (first == AMBS_OK) first = ambs_fail(err, rc, "%s", why.text);
    }
    return first;
}
