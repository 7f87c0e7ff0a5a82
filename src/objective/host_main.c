/* SPDX-License-Identifier: MIT */
/* ambs-trial-host: evaluates the trials of one slot, one after the other, with what the objective
 * opened kept in memory. It has no MPI, so that a crash, a limit or a hang costs one attempt and
 * nothing else. Descriptor 3 is its socket to the agent (wire.h), descriptor 4 the study. With
 * --describe it loads a plug-in and says on descriptor 3 what that is (plugin_look.c). */
#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "objective/plugin.h"
#include "objective/result.h"
#include "objective/setup.h"
#include "objective/wire.h"

/* How often to look for the next trial before sleeping: a trial of zero length is answered without
 * a sleep and a wake-up, and an idle host still costs nothing. */
enum { SPINS = 40, QUEUE_MAX = 64 };

typedef struct host {
    ambs_spec *spec;
    void *objective;
    size_t d;
    char *packet; /* [packet_size] */
    size_t packet_size;
    double *x;    /* [d] */
    char *queued; /* [QUEUE_MAX, packet_size] evaluations that came while an answer was awaited */
    size_t n_queued, first_queued;
    bool stopped; /* the running trial was told to stop */
} host;

static void leave(host *h)
{
    if (h->spec && h->objective && h->spec->objective->close)
        h->spec->objective->close(h->objective);
    ambs_spec_destroy(h->spec);
    free(h->packet);
    free(h->x);
    free(h->queued);
}

/* The next packet; false when the agent is gone. */
static bool receive(host *h, size_t *ret_size)
{
    ssize_t n = -1;
    for (int i = 0; i < SPINS && n < 0; i++) {
        n = recv(AMBS_WIRE_SOCKET, h->packet, h->packet_size, MSG_DONTWAIT);
        if (n < 0) sched_yield();
    }
    while (n < 0) {
        n = recv(AMBS_WIRE_SOCKET, h->packet, h->packet_size, 0);
        if (n < 0 && errno != EINTR) return false;
    }
    *ret_size = (size_t)n;
    return n > 0;
}

static void send_packet(const void *bytes, size_t size)
{
    /* When the agent is gone the next receive() says so. */
    while (send(AMBS_WIRE_SOCKET, bytes, size, MSG_NOSIGNAL) < 0 && errno == EINTR) continue;
}

static uint32_t packet_type(const host *h)
{
    uint32_t type;
    memcpy(&type, h->packet, sizeof type);
    return type;
}

static void queue(host *h)
{
    if (h->n_queued == QUEUE_MAX) return; /* the agent sends no more than AMBS_RUNNER_DEPTH */
    size_t at = (h->first_queued + h->n_queued++) % QUEUE_MAX;
    memcpy(h->queued + at * h->packet_size, h->packet, h->packet_size);
}

static bool next_evaluation(host *h)
{
    if (h->n_queued > 0) {
        memcpy(h->packet, h->queued + h->first_queued * h->packet_size, h->packet_size);
        h->first_queued = (h->first_queued + 1) % QUEUE_MAX;
        h->n_queued--;
        return true;
    }
    size_t size;
    do
        if (!receive(h, &size)) return false;
    while (packet_type(h) != AMBS_WIRE_EVALUATE || size != h->packet_size);
    return true;
}

static ambs_decision report(void *ctx, long long step, const char *metric, double value)
{
    host *h = ctx;
    char bytes[sizeof(ambs_wire_report) + AMBS_METRIC_NAME_SIZE];
    const ambs_wire_report header = {.type = AMBS_WIRE_REPORT, .step = step, .value = value};
    size_t length = strnlen(metric, AMBS_METRIC_NAME_SIZE - 1), size;
    memcpy(bytes, &header, sizeof header);
    memcpy(bytes + sizeof header, metric, length);
    send_packet(bytes, sizeof header + length);
    for (;;) {
        if (!receive(h, &size)) _exit(0); /* nobody is left to hear of this trial */
        if (packet_type(h) == AMBS_WIRE_ANSWER) break;
        if (size == h->packet_size) queue(h);
    }
    ambs_wire_answer answer;
    memcpy(&answer, h->packet, sizeof answer);
    if (answer.decision != AMBS_CONTINUE) h->stopped = true;
    return (ambs_decision)answer.decision;
}

static void log_line(void *ctx, const char *line)
{
    (void)ctx;
    fprintf(stderr, "%s\n", line);
}

static void evaluate(host *h, const ambs_wire_evaluate *request, ambs_outcome *o)
{
    const ambs_attempt attempt = {.trial = request->trial,
                                  .attempt = request->attempt,
                                  .study_seed = request->study_seed,
                                  .fidelity = request->fidelity,
                                  .x = h->x};
    const ambs_reporter reporter = {.report = report, .ctx = h, .log = log_line};
    ambs_error err = {0};
    *o = (ambs_outcome){.objective = NAN, .state = AMBS_TRIAL_COMPLETE};
    h->stopped = false;
    double wall = ambs_clock_wall_s(), began = ambs_clock_monotonic_s();
    int rc = h->spec->objective->evaluate(h->objective, &attempt, &reporter, o, &err);
    if (rc != AMBS_OK) {
        o->state = AMBS_TRIAL_FAILED;
        o->reason = rc == AMBS_E_NOMEM ? AMBS_REASON_OUT_OF_MEMORY : AMBS_REASON_OBJECTIVE;
        snprintf(o->message, sizeof o->message, "%.250s", err.text);
    }
    ambs_outcome_settle(h->stopped, o);
    o->duration_s = ambs_clock_monotonic_s() - began;
    o->start_s = wall;
    o->end_s = wall + o->duration_s;
}

static void send_outcome(const ambs_wire_evaluate *request, const ambs_outcome *o)
{
    char bytes[sizeof(ambs_wire_outcome) + sizeof o->metrics + AMBS_MESSAGE_SIZE];
    const ambs_wire_outcome header = {.type = AMBS_WIRE_OUTCOME,
                                      .attempt = request->attempt,
                                      .trial = request->trial,
                                      .state = (int32_t)o->state,
                                      .reason = (int32_t)o->reason,
                                      .code = o->code,
                                      .n_metrics = (uint32_t)o->n_metrics,
                                      .objective = o->objective,
                                      .start_s = o->start_s,
                                      .end_s = o->end_s,
                                      .duration_s = o->duration_s};
    size_t at = sizeof header, metrics = o->n_metrics * sizeof *o->metrics;
    size_t message = strnlen(o->message, AMBS_MESSAGE_SIZE - 1);
    memcpy(bytes, &header, sizeof header);
    memcpy(bytes + at, o->metrics, metrics);
    memcpy(bytes + at + metrics, o->message, message);
    send_packet(bytes, at + metrics + message);
}

static int open_objective(host *h, ambs_error *err)
{
    int rc = ambs_setup_read(AMBS_WIRE_SETUP, &h->spec, err);
    close(AMBS_WIRE_SETUP);
    if (rc != AMBS_OK) return rc;
    const ambs_objective_ops *ops = h->spec->objective;
    if (!ops || !ops->hosted)
        return ambs_fail(err, AMBS_E_INVALID, "the study has no objective for a trial host");
    h->d = ambs_space_dimension(h->spec->space);
    h->packet_size = sizeof(ambs_wire_evaluate) + h->d * sizeof(double);
    h->packet = ambs_calloc(h->packet_size, 1, err);
    h->x = ambs_calloc(h->d, sizeof(double), err);
    h->queued = ambs_calloc(QUEUE_MAX, h->packet_size, err);
    if (!h->packet || !h->x || !h->queued) return AMBS_E_NOMEM;
    if (!ops->open) return AMBS_OK;
    return ops->open(h->spec->objective_options, h->spec->space, h->spec->metric, &h->objective,
                     err);
}

static void refuse(const char *text)
{
    char bytes[sizeof(ambs_wire_ready) + AMBS_MESSAGE_SIZE];
    const ambs_wire_ready header = {.type = AMBS_WIRE_REFUSED};
    size_t length = strnlen(text, AMBS_MESSAGE_SIZE - 1);
    memcpy(bytes, &header, sizeof header);
    memcpy(bytes + sizeof header, text, length);
    send_packet(bytes, sizeof header + length);
}

int main(int argc, char **argv)
{
    int type;
    socklen_t size = sizeof type;
    if (argc == 3 && strcmp(argv[1], "--describe") == 0)
        return ambs_plugin_answer(argv[2], AMBS_WIRE_SOCKET);
    if (argc != 1 || getsockopt(AMBS_WIRE_SOCKET, SOL_SOCKET, SO_TYPE, &type, &size) != 0) {
        fprintf(stderr, "%s is started by ambs, not by hand\n", argv[0]);
        return 2;
    }
    host h = {0};
    ambs_error err = {0};
    if (open_objective(&h, &err) != AMBS_OK) {
        refuse(err.text);
        leave(&h);
        return 1;
    }
    const ambs_wire_ready ready = {.type = AMBS_WIRE_READY};
    send_packet(&ready, sizeof ready);
    ambs_outcome outcome;
    while (next_evaluation(&h)) {
        ambs_wire_evaluate request;
        memcpy(&request, h.packet, sizeof request);
        memcpy(h.x, h.packet + sizeof request, h.d * sizeof(double));
        evaluate(&h, &request, &outcome);
        send_outcome(&request, &outcome);
    }
    leave(&h);
    return 0;
}
