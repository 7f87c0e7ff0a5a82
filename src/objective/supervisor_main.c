/* SPDX-License-Identifier: MIT */
/* ambs-supervisor: starts the processes of one agent, so that the agent (which holds MPI) never
 * forks. It speaks the messages of wire.h on descriptor 3, keeps nothing else open, and leaves
 * nothing behind: when its socket closes, or on TERM (its parent died), every process it started is
 * ended before it leaves. libc only. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "objective/supervisor_cgroup.h"
#include "objective/supervisor_environment.h"
#include "objective/supervisor_guard.h"
#include "objective/supervisor_memory.h"
#include "objective/supervisor_process.h"
#include "objective/wire.h"

extern char **environ;

static bool overrides(char **additions, size_t n, const char *entry)
{
    size_t name = strcspn(entry, "=");
    for (size_t i = 0; i < n; i++)
        if (strcspn(additions[i], "=") == name && strncmp(additions[i], entry, name) == 0)
            return true;
    return false;
}

/* The inherited environment with `additions` over it, NULL-terminated; the strings are borrowed. */
static char **merge_environment(char **additions, size_t n)
{
    size_t inherited = 0, used = 0;
    while (environ[inherited]) inherited++;
    char **merged = calloc(inherited + n + 1, sizeof *merged);
    if (!merged) return NULL;
    for (size_t i = 0; i < inherited; i++)
        if (!overrides(additions, n, environ[i])) merged[used++] = environ[i];
    for (size_t i = 0; i < n; i++)
        if (strchr(additions[i], '=')) merged[used++] = additions[i];
    return merged;
}

static void answer(uint32_t type, uint64_t id, int pid, int status, int exec_errno)
{
    const ambs_wire_process message = {
        .type = type, .pid = pid, .id = id, .status = status, .exec_errno = exec_errno};
    send(AMBS_WIRE_SOCKET, &message, sizeof message, MSG_NOSIGNAL);
}

/* Points `ret` [n] at the NUL-terminated strings that follow each other from *at; false when the
 * bytes end before. */
static bool take_strings(char **at, const char *end, size_t n, char **ret)
{
    for (size_t i = 0; i < n; i++) {
        char *nul = memchr(*at, '\0', (size_t)(end - *at));
        if (!nul) return false;
        ret[i] = *at;
        *at = nul + 1;
    }
    return true;
}

/* `strings` holds the folder, the scratch folder, argv, NULL, additions and room for the mark and NULL. */
static int launch_with(ambs_children *children, const ambs_wire_launch *header, ambs_start *start,
                       char **strings)
{
    char mark[96], **additions = strings + 2 + header->n_argv + 1;
    snprintf(mark, sizeof mark, AMBS_WIRE_MARK "=%ld-%llu", (long)getpid(),
             (unsigned long long)header->id);
    additions[header->n_env] = mark;
    start->id = header->id;
    start->folder = strings[0];
    start->scratch = strings[1];
    start->argv = strings + 2;
    start->memory_limit = header->memory_bytes;
    start->environment = merge_environment(additions, (size_t)header->n_env + 1);
    if (!start->environment) return ENOMEM;
    pid_t pid = ambs_children_start(children, start);
    int error = pid < 0 ? errno : 0;
    free(start->environment);
    if (pid > 0) answer(AMBS_WIRE_STARTED, header->id, pid, 0, 0);
    return error;
}

static void launch(ambs_children *children, char *packet, size_t size, const int *fds, size_t n_fds)
{
    ambs_wire_launch header;
    if (size < sizeof header) return;
    memcpy(&header, packet, sizeof header);
    int error = EINVAL;
    char *at = packet + sizeof header, *end = packet + size;
    ambs_start start = {.fds = fds, .n_fds = n_fds, .cores = at, .n_cores = header.n_cores};
    size_t n_strings = (size_t)header.n_argv + header.n_env + 2,
           cores = header.n_cores * sizeof(int32_t);
    if (header.n_argv > 0 && n_strings <= size && cores <= (size_t)(end - at)) {
        at += cores;
        char **strings = calloc(n_strings + 3, sizeof *strings);
        if (!strings)
            error = ENOMEM;
        else if (take_strings(&at, end, 2 + (size_t)header.n_argv, strings) &&
                 take_strings(&at, end, header.n_env, strings + 2 + header.n_argv + 1))
            error = launch_with(children, &header, &start, strings);
        free(strings);
    }
    if (error != 0) answer(AMBS_WIRE_EXITED, header.id, 0, 127 << 8, error);
}

static void pass_signal(const ambs_children *children, const char *packet, size_t size)
{
    ambs_wire_signal request;
    if (size < sizeof request) return;
    memcpy(&request, packet, sizeof request);
    const ambs_child *child = ambs_children_find(children, request.id);
    if (child) ambs_child_signal(child, request.signal);
}

static size_t take_fds(struct msghdr *message, int *ret_fds)
{
    size_t n = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
        n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        memcpy(ret_fds, CMSG_DATA(c), n * sizeof(int));
    }
    return n;
}

/* One packet from the agent; false when the agent is gone. */
static bool serve_packet(ambs_children *children, ambs_guard *guard, char *packet)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(AMBS_WIRE_MAX_FDS * sizeof(int))];
    } control;
    int fds[AMBS_WIRE_MAX_FDS];
    struct iovec part = {.iov_base = packet, .iov_len = AMBS_WIRE_PACKET_MAX};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof control.bytes};
    ssize_t size = recvmsg(AMBS_WIRE_SOCKET, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (size < 0) return errno == EAGAIN || errno == EINTR;
    if (size == 0) return false;
    size_t n_fds = take_fds(&message, fds);
    uint32_t type;
    memcpy(&type, packet, sizeof type);
    if (type == AMBS_WIRE_LAUNCH) launch(children, packet, (size_t)size, fds, n_fds);
    if (type == AMBS_WIRE_SIGNAL) pass_signal(children, packet, (size_t)size);
    if (type == AMBS_WIRE_GUARD) ambs_guard_take(guard, packet, (size_t)size);
    for (size_t i = 0; i < n_fds; i++) close(fds[i]);
    return true;
}

/* 128 + 9 is how a shell says that what it ran was killed. */
static int out_of_memory(const ambs_child *child)
{
    if (child->out_of_memory) return 1;
    bool killed = WIFSIGNALED(child->status) ? WTERMSIG(child->status) == SIGKILL
                                             : WEXITSTATUS(child->status) == 128 + SIGKILL;
    return killed && ambs_memory_kills("") > child->kernel_kills ? 2 : 0;
}

static void tell_end(const ambs_child *child)
{
    const ambs_wire_process message = {.type = AMBS_WIRE_EXITED,
                                       .pid = child->pid,
                                       .id = child->id,
                                       .status = child->status,
                                       .exec_errno = child->exec_errno,
                                       .out_of_memory = (uint8_t)out_of_memory(child),
                                       .left = child->leaves,
                                       .memory_bytes = child->memory_peak};
    send(AMBS_WIRE_SOCKET, &message, sizeof message, MSG_NOSIGNAL);
}

static void reap_all(ambs_children *children)
{
    ambs_child child;
    bool any = false;
    while (ambs_children_reap(children)) any = true;
    if (any) ambs_children_sweep(children);
    while (ambs_children_take_ended(children, &child)) tell_end(&child);
}

/* The shorter of two waits of poll(2), where -1 is for ever. */
static int shorter(int a, int b)
{
    return a < 0 || (b >= 0 && b < a) ? b : a;
}

static void serve(ambs_children *children, int signals, pid_t agent, char *packet)
{
    ambs_guard guard = {0};
    struct pollfd fds[] = {{.fd = AMBS_WIRE_SOCKET, .events = POLLIN},
                           {.fd = signals, .events = POLLIN}};
    for (;;) {
        int wait = shorter(ambs_guard_wait_ms(&guard), ambs_children_wait_ms(children));
        wait = shorter(wait, ambs_memory_watch(children));
        if (poll(fds, 2, wait) < 0 && errno != EINTR) return;
        struct signalfd_siginfo info;
        while (read(signals, &info, sizeof info) == sizeof info)
            if (info.ssi_signo == SIGTERM) return;
        reap_all(children);
        if (fds[0].revents && !serve_packet(children, &guard, packet)) return;
        ambs_guard_act(&guard, agent);
    }
}

/* Own session; no terminal, no descriptors of the agent (MPI's sockets among them). */
static int detach(void)
{
    setsid();
    int null = open("/dev/null", O_RDWR);
    for (int fd = 0; fd < 3; fd++) dup2(null, fd);
#ifdef SYS_close_range
    if (syscall(SYS_close_range, AMBS_WIRE_SOCKET + 1, ~0u, 0u) != 0)
#endif
        for (int fd = AMBS_WIRE_SOCKET + 1; fd < (int)sysconf(_SC_OPEN_MAX); fd++) close(fd);
    fcntl(AMBS_WIRE_SOCKET, F_SETFD, FD_CLOEXEC);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    sigset_t watched;
    sigemptyset(&watched);
    sigaddset(&watched, SIGCHLD);
    sigaddset(&watched, SIGTERM);
    struct sigaction standard = {.sa_handler = SIG_DFL};
    sigaction(SIGCHLD, &standard, NULL); /* ignored ones would be reaped unseen */
    sigprocmask(SIG_SETMASK, &watched, NULL);
    return signalfd(-1, &watched, SFD_CLOEXEC | SFD_NONBLOCK);
}

int main(int argc, char **argv)
{
    int type;
    socklen_t size = sizeof type;
    if (argc != 1 || getsockopt(AMBS_WIRE_SOCKET, SOL_SOCKET, SO_TYPE, &type, &size) != 0) {
        fprintf(stderr, "%s is started by ambs, not by hand\n", argv[0]);
        return 2;
    }
    pid_t agent = getppid();
    int signals = detach();
    char *packet = malloc(AMBS_WIRE_PACKET_MAX);
    if (!packet || signals < 0) return 1;
    ambs_scrub_environment(environ);
    char base[AMBS_CGROUP_SIZE];
    ambs_children children = {.cgroup_base = ambs_cgroup_find("", base) ? base : NULL};
    serve(&children, signals, agent, packet);
    ambs_children_finish(&children);
    free(packet);
    return 0;
}
