/* SPDX-License-Identifier: MIT */
/* A child leads a session and process group of its own. What it leaves behind is found in three
 * ways: the group (killed while the leader is still a zombie, so its number cannot belong to anyone
 * else), the tree below the leader (before a KILL), and the orphans that this process, a subreaper,
 * adopts: they carry the attempt's mark in their environment. */
#include "objective/supervisor_process.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "objective/process_tree.h"
#include "objective/scratch.h"
#include "objective/supervisor_cgroup.h"
#include "objective/supervisor_memory.h"
#include "objective/wire.h"

enum { ORPHANS_MAX = 256, FINISH_TERM_MS = 1000, FINISH_KILL_MS = 60000, LEAVE_LOOK_MS = 5 };

#define LEAVE_S 10.0 /* so long after a KILL a process is waited for */

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void close_from(unsigned first)
{
#ifdef SYS_close_range
    if (syscall(SYS_close_range, first, ~0u, 0u) == 0) return;
#endif
    long n = sysconf(_SC_OPEN_MAX);
    for (long fd = (long)first; fd < n; fd++) close((int)fd);
}

/* Every disposition back to its default: an ignored signal would stay ignored over execve(). */
static void reset_signals(void)
{
    struct sigaction standard = {.sa_handler = SIG_DFL};
    for (int s = 1; s < NSIG; s++) sigaction(s, &standard, NULL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Cores beyond what a cpu_set_t holds, or that this host does not have, are left out; none left:
 * not restricted. */
static void bind_cores(const ambs_start *start)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    for (size_t i = 0; i < start->n_cores; i++) {
        int32_t core;
        memcpy(&core, start->cores + i * sizeof core, sizeof core);
        if (core >= 0 && core < CPU_SETSIZE) CPU_SET(core, &set);
    }
    if (CPU_COUNT(&set) > 0) sched_setaffinity(0, sizeof set, &set);
}

/* In the child: never returns. */
static void become(const ambs_start *start, int exec_pipe, int gate, pid_t supervisor)
{
    int fds[AMBS_WIRE_MAX_FDS], top = AMBS_WIRE_MAX_FDS + 3;
    setsid();
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != supervisor) _exit(127); /* it died before the line above */
    char open_gate;
    if (gate >= 0 && read(gate, &open_gate, 1) < 0) _exit(126); /* the end of the file opens it */
    /* First out of the way of the numbers they will take, then into place. */
    for (size_t i = 0; i < start->n_fds; i++) fds[i] = fcntl(start->fds[i], F_DUPFD, top);
    int report = fcntl(exec_pipe, F_DUPFD, top);
    int null = open("/dev/null", O_RDWR);
    dup2(null, 0);
    for (int i = 0; i < (int)start->n_fds; i++) dup2(fds[i], 1 + i);
    int last = 1 + (int)start->n_fds;
    dup2(report, last);
    fcntl(last, F_SETFD, FD_CLOEXEC);
    close_from((unsigned)last + 1);
    reset_signals();
    bind_cores(start);
    if (start->folder[0] == '\0' || chdir(start->folder) == 0)
        execvpe(start->argv[0], start->argv, start->environment);
    int error = errno;
    if (write(last, &error, sizeof error) < 0) _exit(126);
    _exit(127);
}

pid_t ambs_children_start(ambs_children *children, const ambs_start *start)
{
    if (children->n == children->capacity) {
        size_t capacity = children->capacity ? 2 * children->capacity : 16;
        ambs_child *items = realloc(children->items, capacity * sizeof *items);
        if (!items) return -1;
        children->items = items;
        children->capacity = capacity;
    }
    int ends[2], gate[2] = {-1, -1};
    bool grouped = children->cgroup_base && start->memory_limit > 0;
    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return -1;
    grouped = grouped && pipe2(gate, O_CLOEXEC) == 0;
    pid_t supervisor = getpid(), pid = fork();
    if (pid == 0) {
        if (grouped) close(gate[1]);
        become(start, ends[1], gate[0], supervisor);
    }
    close(ends[1]);
    char *cgroup = NULL;
    if (grouped) {
        if (pid > 0)
            cgroup = ambs_cgroup_enter(children->cgroup_base, start->id, pid, start->memory_limit);
        close(gate[0]);
        close(gate[1]);
    }
    if (pid < 0) {
        close(ends[0]);
        return -1;
    }
    children->items[children->n++] =
        (ambs_child){.id = start->id,
                     .pid = pid,
                     .exec_pipe = ends[0],
                     .scratch = start->scratch && start->scratch[0] ? strdup(start->scratch) : NULL,
                     .memory_limit = start->memory_limit,
                     .cgroup = cgroup,
                     .kernel_kills = ambs_memory_kills("")};
    return pid;
}

ambs_child *ambs_children_find(const ambs_children *children, uint64_t id)
{
    for (size_t i = 0; i < children->n; i++)
        if (children->items[i].id == id && !children->items[i].ended) return &children->items[i];
    return NULL;
}

static ambs_child *find_pid(const ambs_children *children, pid_t pid)
{
    for (size_t i = 0; i < children->n; i++)
        if (children->items[i].pid == pid && !children->items[i].ended) return &children->items[i];
    return NULL;
}

/* To the leader as well: just after the fork it may not have its group yet. */
static void signal_group(pid_t pid, int signal)
{
    if (kill(-pid, signal) != 0) kill(pid, signal);
}

void ambs_child_signal(const ambs_child *child, int signal)
{
    if (signal == SIGUSR1) {
        kill(child->pid, signal);
        return;
    }
    if (signal == SIGKILL) ambs_process_kill_descendants(child->pid);
    signal_group(child->pid, signal);
    /* A stopped process takes its TERM only when it goes on. */
    if (signal == SIGTERM) signal_group(child->pid, SIGCONT);
}

bool ambs_children_reap(ambs_children *children)
{
    siginfo_t info = {0};
    if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0) return false;
    ambs_child *child = find_pid(children, info.si_pid);
    if (child) kill(-child->pid, SIGKILL);
    int status = 0;
    waitpid(info.si_pid, &status, 0);
    if (!child) return true;
    if (read(child->exec_pipe, &child->exec_errno, sizeof child->exec_errno) <= 0)
        child->exec_errno = 0;
    close(child->exec_pipe);
    child->status = status;
    child->ended = true;
    child->ended_s = now_s();
    return true;
}

/* The launch that the process carries the mark of; 0 when it hides that. */
static uint64_t marked_id(pid_t pid)
{
    char mark[64];
    long supervisor;
    unsigned long long id;
    if (ambs_process_variable(pid, AMBS_WIRE_MARK, mark, sizeof mark) != 0 ||
        sscanf(mark, "%ld-%llu", &supervisor, &id) != 2 || supervisor != (long)getpid())
        return 0;
    return id;
}

const ambs_child *ambs_children_owner(const ambs_children *children, pid_t pid)
{
    const ambs_child *child = find_pid(children, pid);
    if (child) return child;
    uint64_t id = marked_id(pid);
    return id ? ambs_children_find(children, id) : NULL;
}

/* An orphan that hides whose it is may stay as long as anything runs; then it is everyone's. */
static bool is_of_ended(ambs_children *children, pid_t orphan, bool any_runs)
{
    uint64_t id = marked_id(orphan);
    if (id == 0 ? any_runs : ambs_children_find(children, id) != NULL) return false;
    for (size_t i = 0; i < children->n; i++) {
        ambs_child *child = &children->items[i];
        if (child->ended && (id == 0 || child->id == id)) child->leaves = true;
    }
    return true;
}

void ambs_children_sweep(ambs_children *children)
{
    pid_t pids[ORPHANS_MAX];
    bool any_runs = false;
    for (size_t i = 0; i < children->n; i++) {
        children->items[i].leaves = false;
        if (!children->items[i].ended) any_runs = true;
    }
    size_t n = ambs_process_children(getpid(), pids, ORPHANS_MAX);
    for (size_t i = 0; i < n; i++) {
        if (find_pid(children, pids[i]) || !is_of_ended(children, pids[i], any_runs)) continue;
        ambs_process_kill_descendants(pids[i]);
        kill(pids[i], SIGKILL);
    }
}

static bool is_over(const ambs_child *child)
{
    return child->ended && (!child->leaves || now_s() - child->ended_s > LEAVE_S);
}

/* What the kernel tells of its memory, before the leaf is gone. */
static void close_cgroup(ambs_child *child)
{
    if (!child->cgroup) return;
    child->memory_peak = ambs_cgroup_peak(child->cgroup);
    child->out_of_memory = ambs_cgroup_kills(child->cgroup) > 0;
    ambs_cgroup_remove(child->cgroup);
    free(child->cgroup);
    child->cgroup = NULL;
}

bool ambs_children_take_ended(ambs_children *children, ambs_child *ret_child)
{
    for (size_t i = 0; i < children->n; i++) {
        if (!is_over(&children->items[i])) continue;
        free(children->items[i].scratch);
        children->items[i].scratch = NULL;
        close_cgroup(&children->items[i]);
        *ret_child = children->items[i];
        children->items[i] = children->items[--children->n];
        return true;
    }
    return false;
}

int ambs_children_wait_ms(const ambs_children *children)
{
    for (size_t i = 0; i < children->n; i++)
        if (children->items[i].ended) return LEAVE_LOOK_MS;
    return -1;
}

/* Reaps until no child is left (true) or `limit_ms` have passed. */
static bool wait_for_all(int limit_ms, void (*again)(void))
{
    const struct timespec nap = {.tv_nsec = 2000000};
    for (int waited = 0; waited <= limit_ms; waited += 2) {
        pid_t pid;
        do pid = waitpid(-1, NULL, WNOHANG);
        while (pid > 0);
        if (pid < 0 && errno == ECHILD) return true;
        if (again) again();
        nanosleep(&nap, NULL);
    }
    return false;
}

static void kill_all_children(void)
{
    pid_t pids[ORPHANS_MAX];
    size_t n = ambs_process_children(getpid(), pids, ORPHANS_MAX);
    for (size_t i = 0; i < n; i++) {
        ambs_process_kill_descendants(pids[i]);
        kill(pids[i], SIGKILL);
    }
}

void ambs_children_finish(ambs_children *children)
{
    for (size_t i = 0; i < children->n; i++)
        if (!children->items[i].ended) ambs_child_signal(&children->items[i], SIGTERM);
    /* As a subreaper it gets every orphan: no child left means that no descendant is left. */
    if (!wait_for_all(FINISH_TERM_MS, NULL)) wait_for_all(FINISH_KILL_MS, kill_all_children);
    for (size_t i = 0; i < children->n; i++) {
        if (!children->items[i].ended) close(children->items[i].exec_pipe);
        close_cgroup(&children->items[i]);
        if (children->items[i].scratch) ambs_scratch_remove(children->items[i].scratch);
        free(children->items[i].scratch);
    }
    free(children->items);
    *children = (ambs_children){0};
}
