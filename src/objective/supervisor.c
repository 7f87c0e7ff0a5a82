/* SPDX-License-Identifier: MIT */
/* The agent is a subreaper: when its supervisor is killed, what that had started dies with it
 * (PR_SET_PDEATHSIG) or becomes the agent's own child. Which children are orphans is known because
 * an agent forks nothing but its supervisor: those there were before (an MPI library's daemon) are
 * noted when the runner begins and left alone. */
#include "objective/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "objective/process_tree.h"

enum { CHILDREN_MAX = 64, SEND_WAIT_MS = 1000 };

struct ambs_supervisor {
    pid_t pid; /* 0 once it was reaped */
    int socket, epoll;
    bool helper_runs;
    int helper;                 /* its output, -1 when closed */
    pid_t before[CHILDREN_MAX]; /* the agent's children that are none of the supervisor's */
    size_t n_before;
    char *packet; /* [AMBS_WIRE_PACKET_MAX] */
};

static int fail_errno(ambs_error *err, const char *what)
{
    return ambs_fail(err, AMBS_E_IO, "%s: %s", what, strerror(errno));
}

/* ---- start and stop ---- */

/* In the child: only async-signal-safe calls. */
static void become_supervisor(const char *path, int socket, int failed)
{
    char *argv[] = {(char *)(uintptr_t)path, NULL};
    failed = fcntl(failed, F_DUPFD_CLOEXEC, AMBS_WIRE_SOCKET + 1);
    dup2(socket, AMBS_WIRE_SOCKET);
    if (socket == AMBS_WIRE_SOCKET) fcntl(socket, F_SETFD, 0);
    execv(path, argv);
    int error = errno;
    if (write(failed, &error, sizeof error) < 0) _exit(126);
    _exit(127);
}

static int start_process(ambs_supervisor *s, const char *path, int theirs, ambs_error *err)
{
    int failed[2], error = 0;
    if (pipe2(failed, O_CLOEXEC) != 0) return fail_errno(err, "starting ambs-supervisor: pipe");
    s->pid = fork();
    if (s->pid == 0) become_supervisor(path, theirs, failed[1]);
    close(failed[1]);
    if (s->pid < 0) {
        error = errno;
        s->pid = 0;
    } else if (read(failed[0], &error, sizeof error) > 0) {
        waitpid(s->pid, NULL, 0);
        s->pid = 0;
    } else
        error = 0;
    close(failed[0]);
    return error ? ambs_fail(err, AMBS_E_IO, "starting %s: %s", path, strerror(error)) : AMBS_OK;
}

static int connect_process(ambs_supervisor *s, ambs_error *err)
{
    char path[4200];
    int rc = ambs_program_find("ambs-supervisor", path, sizeof path, err);
    if (rc != AMBS_OK) return rc;
    int ends[2], bytes = 1 << 20;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        return fail_errno(err, "starting ambs-supervisor: socketpair");
    s->socket = ends[0];
    setsockopt(s->socket, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
    if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) rc = fail_errno(err, "becoming a subreaper");
    if (rc == AMBS_OK) rc = start_process(s, path, ends[1], err);
    close(ends[1]);
    return rc == AMBS_OK ? ambs_supervisor_watch(s, s->socket, AMBS_TAG_SUPERVISOR, err) : rc;
}

int ambs_supervisor_start(ambs_supervisor **ret_supervisor, ambs_error *err)
{
    ambs_supervisor *s = ambs_calloc(1, sizeof *s, err);
    if (!s) return AMBS_E_NOMEM;
    s->socket = s->helper = -1;
    s->epoll = epoll_create1(EPOLL_CLOEXEC);
    s->packet = ambs_calloc(AMBS_WIRE_PACKET_MAX, 1, err);
    int rc = s->packet ? AMBS_OK : AMBS_E_NOMEM;
    if (rc == AMBS_OK && s->epoll < 0) rc = fail_errno(err, "starting ambs-supervisor: epoll");
    if (rc == AMBS_OK) rc = connect_process(s, err);
    if (rc != AMBS_OK) {
        ambs_supervisor_stop(s);
        return rc;
    }
    *ret_supervisor = s;
    return AMBS_OK;
}

/* Waits up to `limit_s` for the supervisor's end. */
static bool wait_for_end(ambs_supervisor *s, double limit_s)
{
    double until = ambs_clock_monotonic_s() + limit_s;
    for (double nap = 0.0005; s->pid > 0; nap = nap < 0.01 ? 2 * nap : nap) {
        pid_t got = waitpid(s->pid, NULL, WNOHANG);
        if (got != 0 && !(got < 0 && errno == EINTR)) s->pid = 0;
        if (s->pid == 0 || ambs_clock_monotonic_s() > until) break;
        ambs_clock_sleep_s(nap);
    }
    return s->pid == 0;
}

void ambs_supervisor_stop(ambs_supervisor *s)
{
    if (!s) return;
    if (s->socket >= 0) close(s->socket);
    wait_for_end(s, 2.0);
    if (s->helper >= 0) close(s->helper);
    if (s->epoll >= 0) close(s->epoll);
    free(s->packet);
    free(s);
}

int ambs_supervisor_fd(const ambs_supervisor *supervisor)
{
    return supervisor->epoll;
}

/* ---- the loss of the supervisor ---- */

void ambs_supervisor_note_children(ambs_supervisor *s)
{
    s->n_before = ambs_process_children(getpid(), s->before, CHILDREN_MAX);
}

static bool was_there_before(const ambs_supervisor *s, pid_t pid)
{
    for (size_t i = 0; i < s->n_before; i++)
        if (s->before[i] == pid) return true;
    return false;
}

/* Kills and reaps what the dead supervisor left to this process; false when nothing was left. */
static bool end_orphans(const ambs_supervisor *s)
{
    pid_t pids[CHILDREN_MAX];
    bool any = false;
    size_t n = ambs_process_children(getpid(), pids, CHILDREN_MAX);
    for (size_t i = 0; i < n; i++) {
        if (was_there_before(s, pids[i])) continue;
        any = true;
        ambs_process_kill_descendants(pids[i]);
        kill(pids[i], SIGKILL);
        waitpid(pids[i], NULL, WNOHANG);
    }
    return any;
}

static void lose(ambs_supervisor *s)
{
    close(s->socket);
    s->socket = -1;
    wait_for_end(s, 2.0);
    /* The kernel hands the orphans over while the supervisor dies, one level after the other. */
    double until = ambs_clock_monotonic_s() + 2.0;
    while (end_orphans(s) && ambs_clock_monotonic_s() < until) ambs_clock_sleep_s(0.001);
}

int ambs_supervisor_next(ambs_supervisor *s, ambs_wire_process *ret_message)
{
    if (s->socket < 0) return AMBS_E_IO;
    ssize_t n = recv(s->socket, ret_message, sizeof *ret_message, MSG_DONTWAIT);
    if (n == sizeof *ret_message) return AMBS_OK;
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return AMBS_E_AGAIN;
    lose(s);
    return AMBS_E_IO;
}

/* ---- requests ---- */

static int send_packet(ambs_supervisor *s, size_t size, const int *fds, size_t n_fds,
                       ambs_error *err)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(AMBS_WIRE_MAX_FDS * sizeof(int))];
    } control = {0};
    struct iovec part = {.iov_base = s->packet, .iov_len = size};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (n_fds > 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
        struct cmsghdr *c = CMSG_FIRSTHDR(&message);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
        memcpy(CMSG_DATA(c), fds, n_fds * sizeof(int));
    }
    struct pollfd room = {.fd = s->socket, .events = POLLOUT};
    for (int tries = 0; tries < 100; tries++) {
        if (sendmsg(s->socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) return AMBS_OK;
        if (errno != EAGAIN && errno != EINTR) break;
        poll(&room, 1, SEND_WAIT_MS / 100);
    }
    return fail_errno(err, "the supervisor does not answer");
}

static bool add_bytes(ambs_supervisor *s, const void *bytes, size_t length, size_t *size)
{
    if (length > AMBS_WIRE_PACKET_MAX - *size) return false;
    if (length > 0) memcpy(s->packet + *size, bytes, length);
    *size += length;
    return true;
}

/* Appends strings to the packet; false when they do not fit. */
static bool add_strings(ambs_supervisor *s, const char *const *strings, size_t *size,
                        uint32_t *ret_n)
{
    *ret_n = 0;
    for (; strings && strings[*ret_n]; ++*ret_n) {
        if (!add_bytes(s, strings[*ret_n], strlen(strings[*ret_n]) + 1, size)) return false;
    }
    return true;
}

int ambs_supervisor_launch(ambs_supervisor *s, const ambs_launch *l, ambs_error *err)
{
    if (s->socket < 0)
        return ambs_fail(err, AMBS_E_IO, "the supervisor is gone: nothing can be started");
    ambs_wire_launch header = {.type = AMBS_WIRE_LAUNCH,
                               .id = l->id,
                               .n_cores = l->n_cores,
                               .memory_bytes = l->memory_bytes};
    const char *folder = l->folder ? l->folder : "", *scratch = l->scratch ? l->scratch : "";
    size_t size = sizeof header;
    if (!add_bytes(s, l->cores, l->n_cores * sizeof *l->cores, &size) ||
        !add_bytes(s, folder, strlen(folder) + 1, &size) ||
        !add_bytes(s, scratch, strlen(scratch) + 1, &size) ||
        !add_strings(s, l->argv, &size, &header.n_argv) ||
        !add_strings(s, l->environment, &size, &header.n_env))
        return ambs_fail(
            err, AMBS_E_INVALID,
            "the arguments and environment of %s are longer than %d KiB: hand them over "
            "in the file that AMBS_PARAMS names",
            l->argv[0], AMBS_WIRE_PACKET_MAX / 1024);
    memcpy(s->packet, &header, sizeof header);
    return send_packet(s, size, l->fds, l->n_fds, err);
}

void ambs_supervisor_signal(ambs_supervisor *s, uint64_t id, int signal)
{
    if (s->socket < 0) return;
    const ambs_wire_signal request = {.type = AMBS_WIRE_SIGNAL, .signal = signal, .id = id};
    memcpy(s->packet, &request, sizeof request);
    send_packet(s, sizeof request, NULL, 0, NULL); /* when it is gone, so is what it had started */
}

int ambs_supervisor_guard(ambs_supervisor *s, double limit_s, int32_t master,
                          const int32_t *fellows, size_t n, ambs_error *err)
{
    const ambs_wire_guard request = {
        .type = AMBS_WIRE_GUARD, .n_fellows = (uint32_t)n, .limit_s = limit_s, .master = master};
    if (s->socket < 0) return ambs_fail(err, AMBS_E_IO, "the supervisor is gone: nothing watches");
    memcpy(s->packet, &request, sizeof request);
    if (n > 0) memcpy(s->packet + sizeof request, fellows, n * sizeof *fellows);
    return send_packet(s, sizeof request + n * sizeof *fellows, NULL, 0, err);
}

/* ---- the helper ---- */

int ambs_supervisor_helper(ambs_supervisor *s, const char *const *argv, ambs_error *err)
{
    if (s->helper_runs) return ambs_fail(err, AMBS_E_AGAIN, "a helper runs already, one at a time");
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return fail_errno(err, "starting a helper: pipe");
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    const int fds[2] = {ends[1], ends[1]};
    const ambs_launch launch = {.id = AMBS_HELPER_ID, .argv = argv, .fds = fds, .n_fds = 2};
    int rc = ambs_supervisor_launch(s, &launch, err);
    if (rc == AMBS_OK) rc = ambs_supervisor_watch(s, ends[0], AMBS_TAG_HELPER, err);
    close(ends[1]);
    s->helper_runs = rc == AMBS_OK;
    s->helper = ends[0];
    if (rc != AMBS_OK) ambs_supervisor_helper_close(s);
    return rc;
}

int ambs_supervisor_helper_output(const ambs_supervisor *s)
{
    return s->helper;
}

void ambs_supervisor_helper_close(ambs_supervisor *s)
{
    if (s->helper >= 0) close(s->helper);
    s->helper = -1;
}

bool ambs_supervisor_helper_ended(ambs_supervisor *s)
{
    bool ran = s->helper_runs;
    ambs_supervisor_helper_close(s);
    s->helper_runs = false;
    return ran;
}

/* ---- waiting ---- */

int ambs_supervisor_watch(ambs_supervisor *s, int fd, uint64_t tag, ambs_error *err)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u64 = tag};
    if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, fd, &event) != 0) return fail_errno(err, "epoll_ctl");
    return AMBS_OK;
}

size_t ambs_supervisor_ready(ambs_supervisor *s, uint64_t *ret_tags, size_t room)
{
    struct epoll_event events[64];
    if (room > 64) room = 64;
    int n = epoll_wait(s->epoll, events, (int)room, 0);
    for (int i = 0; i < n; i++) ret_tags[i] = events[i].data.u64;
    return n > 0 ? (size_t)n : 0;
}
