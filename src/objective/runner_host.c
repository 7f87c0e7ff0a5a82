/* SPDX-License-Identifier: MIT */
/* Attempts in the slot's trial host. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "objective/runner_slot.h"

enum { HOST_FDS = 4 };

static int fail_errno(ambs_error *err, const char *what)
{
    return ambs_fail(err, AMBS_E_IO, "starting a trial host: %s: %s", what, strerror(errno));
}

static int launch_with(ambs_runner *r, run_slot *s, int output, int socket, ambs_error *err)
{
    const char *const argv[] = {r->host_path, NULL};
    const int fds[HOST_FDS] = {output, output, socket, r->setup};
    const char *scratch = s->files ? s->files->scratch : NULL;
    ambs_launch request = {.argv = argv, .fds = fds, .n_fds = HOST_FDS, .scratch = scratch};
    ambs_strings environment = {0};
    ambs_text temporaries = {0}, checkpoints = {0};
    int rc = AMBS_OK;
    if (scratch) {
        ambs_text_addf(&temporaries, "TMPDIR=%s", scratch);
        rc = ambs_strings_take(&environment, &temporaries, err);
    }
    if (rc == AMBS_OK && r->checkpoints && r->spec->trial.checkpoint) {
        ambs_text_addf(&checkpoints, AMBS_WIRE_CHECKPOINTS "=%s", r->checkpoints);
        rc = ambs_strings_take(&environment, &checkpoints, err);
    }
    if (rc != AMBS_OK) {
        ambs_strings_fini(&environment);
        return rc;
    }
    return ambs_slot_launch(r, s, &request, &environment, err);
}

/* The agent keeps sockets[0] and pipe[0]; the other ends go to the host. */
static int launch(ambs_runner *r, run_slot *s, ambs_error *err)
{
    int sockets[2], output[2], rc;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets) != 0)
        return fail_errno(err, "socketpair");
    s->socket = sockets[0];
    if (pipe2(output, O_CLOEXEC) != 0) {
        close(sockets[1]);
        ambs_slot_forget_process(s);
        return fail_errno(err, "pipe");
    }
    s->out = output[0];
    fcntl(s->out, F_SETFL, O_NONBLOCK);
    rc = launch_with(r, s, output[1], sockets[1], err);
    if (rc == AMBS_OK) rc = ambs_slot_watch(r, s, s->socket, AMBS_TAG_SOCKET, err);
    if (rc == AMBS_OK) rc = ambs_slot_watch(r, s, s->out, AMBS_TAG_OUT, err);
    close(sockets[1]);
    close(output[1]);
    if (rc != AMBS_OK) ambs_slot_forget_process(s);
    return rc;
}

static int send_evaluate(const ambs_runner *r, run_slot *s, const run_entry *e, ambs_error *err)
{
    ambs_wire_evaluate header = {.type = AMBS_WIRE_EVALUATE,
                                 .attempt = e->attempt.attempt,
                                 .trial = e->attempt.trial,
                                 .study_seed = e->attempt.study_seed,
                                 .fidelity = e->attempt.fidelity};
    struct iovec parts[2] = {{.iov_base = &header, .iov_len = sizeof header},
                             {.iov_base = e->x, .iov_len = r->d * sizeof(double)}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
    if (sendmsg(s->socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) return AMBS_OK;
    /* A host that is gone is about to be reported, and started again for what it had not done. */
    if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN) return AMBS_OK;
    return fail_errno(err, "send");
}

int ambs_slot_host_begin(ambs_runner *r, run_slot *s, ambs_error *err)
{
    if (s->id == 0 && s->files) return AMBS_OK; /* it is sent once they are made */
    if (s->id == 0 && r->spec->objective->own_temporaries)
        return ambs_slot_make_files(r, s, NULL, err);
    int rc = s->id == 0 ? launch(r, s, err) : AMBS_OK;
    if (rc != AMBS_OK) return rc;
    if (s->socket < 0) return AMBS_OK; /* it closed its end and is about to be reported */
    const run_entry *newest = &s->entries[(s->first + s->n - 1) % AMBS_RUNNER_DEPTH];
    return send_evaluate(r, s, newest, err);
}

/* All that the slot has goes to a new host. */
static void launch_for_all(ambs_runner *r, run_slot *s)
{
    ambs_error err = {0};
    int rc = launch(r, s, &err);
    for (uint32_t i = 0; i < s->n && rc == AMBS_OK; i++) {
        const run_entry *e = &s->entries[(s->first + i) % AMBS_RUNNER_DEPTH];
        if (!e->ended) rc = send_evaluate(r, s, e, &err);
    }
    ambs_slot_begin_clock(r, s);
    if (rc != AMBS_OK) ambs_slot_fail_start(r, s, &err);
}

void ambs_slot_host_made(ambs_runner *r, run_slot *s)
{
    const ambs_error err = s->files->err;
    if (err.code == AMBS_OK)
        launch_for_all(r, s);
    else
        ambs_slot_fail_start(r, s, &err);
}

/* What waited behind the attempt that ended goes to a new host. */
static void start_again(ambs_runner *r, run_slot *s)
{
    ambs_error err = {0};
    if (!r->spec->objective->own_temporaries)
        launch_for_all(r, s);
    else if (ambs_slot_make_files(r, s, NULL, &err) != AMBS_OK)
        ambs_slot_fail_start(r, s, &err);
}

/* ---- from the host ---- */

static void take_report(ambs_runner *r, run_slot *s, const char *packet, size_t size)
{
    ambs_wire_report header;
    if (size < sizeof header || size >= sizeof header + AMBS_METRIC_NAME_SIZE) return;
    memcpy(&header, packet, sizeof header);
    run_report *report = &s->reports[0];
    *report = (run_report){.step = header.step, .metric.value = header.value};
    memcpy(report->metric.name, packet + sizeof header, size - sizeof header);
    if (strcmp(report->metric.name, r->spec->metric) == 0) s->last_value = header.value;
    s->worst_answer = AMBS_CONTINUE;
    s->n_reports = s->unanswered = 1;
    s->told_reports = 0;
    ambs_slot_list(r, s);
}

static void take_outcome(ambs_runner *r, run_slot *s, const char *packet, size_t size)
{
    ambs_wire_outcome header;
    const run_entry *e = ambs_slot_running(s);
    if (!e || size < sizeof header) return;
    memcpy(&header, packet, sizeof header);
    size_t metrics = header.n_metrics * sizeof(ambs_metric);
    if (header.trial != e->attempt.trial || header.n_metrics > AMBS_MAX_METRICS ||
        size < sizeof header + metrics || size - sizeof header - metrics >= AMBS_MESSAGE_SIZE)
        return;
    ambs_outcome o = {.state = (ambs_trial_state)header.state,
                      .reason = (ambs_reason)header.reason,
                      .code = header.code,
                      .objective = header.objective,
                      .start_s = header.start_s,
                      .end_s = header.end_s,
                      .duration_s = header.duration_s,
                      .n_metrics = header.n_metrics};
    memcpy(o.metrics, packet + sizeof header, metrics);
    memcpy(o.message, packet + sizeof header + metrics, size - sizeof header - metrics);
    ambs_slot_end(r, s, &o);
}

/* One message; false when there is none now. A closed socket is closed here too: the supervisor
 * tells how the host ended. */
static bool take_message(ambs_runner *r, run_slot *s)
{
    char packet[sizeof(ambs_wire_outcome) + AMBS_MAX_METRICS * sizeof(ambs_metric) +
                AMBS_MESSAGE_SIZE];
    uint32_t type;
    ssize_t n;
    /* ECONNRESET says, once, that the host left requests unread; what it had sent is still there.
     */
    do n = recv(s->socket, packet, sizeof packet, MSG_DONTWAIT);
    while (n < 0 && errno == ECONNRESET);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return false;
    if (n < (ssize_t)sizeof type) {
        close(s->socket);
        s->socket = -1;
        return false;
    }
    memcpy(&type, packet, sizeof type);
    if (type == AMBS_WIRE_OUTCOME) take_outcome(r, s, packet, (size_t)n);
    if (type == AMBS_WIRE_REPORT) take_report(r, s, packet, (size_t)n);
    if (type == AMBS_WIRE_READY) {
        s->host_ready = true;
        ambs_slot_begin_clock(r, s); /* opening (loading data) is not part of the trial */
    }
    if (type == AMBS_WIRE_REFUSED && (size_t)n > sizeof(ambs_wire_ready))
        snprintf(s->refused, sizeof s->refused, "%.*s", (int)((size_t)n - sizeof(ambs_wire_ready)),
                 packet + sizeof(ambs_wire_ready));
    return true;
}

void ambs_slot_host_readable(ambs_runner *r, run_slot *s)
{
    while (take_message(r, s) && s->n > 1) continue;
}

void ambs_slot_host_answer(ambs_runner *r, run_slot *s)
{
    (void)r;
    const ambs_wire_answer answer = {.type = AMBS_WIRE_ANSWER,
                                     .decision = (int32_t)s->worst_answer};
    if (s->socket >= 0) send(s->socket, &answer, sizeof answer, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* ---- the end of the host ---- */

static void end_all(ambs_runner *r, run_slot *s, const ambs_outcome *o)
{
    while (ambs_slot_running(s)) ambs_slot_end(r, s, o);
}

void ambs_slot_host_exited(ambs_runner *r, run_slot *s, const ambs_wire_process *exited)
{
    ambs_outcome o;
    while (s->socket >= 0 && take_message(r, s)) continue;
    if (s->out >= 0)
        ambs_capture_read(&s->stdout_end, s->out, 1 << 20, r->verbose ? STDERR_FILENO : -1);
    ambs_slot_classify(r, s, exited, &o);
    if (o.state == AMBS_TRIAL_FAILED) ambs_slot_keep_output(r, s, &o);
    if (s->refused[0]) {
        o = (ambs_outcome){
            .state = AMBS_TRIAL_FAILED, .reason = AMBS_REASON_OBJECTIVE, .objective = NAN};
        snprintf(o.message, sizeof o.message, "%s", s->refused);
        end_all(r, s, &o);
    } else if (o.state == AMBS_TRIAL_CANCELLED || o.reason == AMBS_REASON_NOT_STARTED)
        end_all(r, s, &o);
    else if (!s->stop_is_spent && ambs_slot_running(s))
        ambs_slot_end(r, s, &o);
    ambs_slot_forget_process(s);
    if (ambs_slot_running(s)) start_again(r, s);
}
