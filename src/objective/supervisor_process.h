/* SPDX-License-Identifier: MIT */
/* The processes of one supervisor. libc only. */
#ifndef AMBS_OBJECTIVE_SUPERVISOR_PROCESS_H
#define AMBS_OBJECTIVE_SUPERVISOR_PROCESS_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

typedef struct ambs_child {
    uint64_t id;
    pid_t pid;     /* also its process group and session */
    char *scratch; /* removed when the agent is gone first; NULL: none */
    int exec_pipe; /* the child writes errno here when execve() failed; closed by a good one */
    double memory_limit, memory_peak; /* bytes; limit 0: none, and not watched */
    char *cgroup;                    /* its leaf, where the kernel keeps the limit; NULL: watched */
    bool out_of_memory;              /* killed for it */
    unsigned long long kernel_kills; /* ambs_memory_kills() at its start */
    bool ended;                      /* reaped: the number `pid` may be another's by now */
    bool leaves;                     /* something of it was there when last looked */
    double ended_s;                  /* monotonic */
    int status, exec_errno;
} ambs_child;

typedef struct ambs_children {
    ambs_child *items;
    size_t n, capacity;
    double look_s;           /* when memory is to be looked at next */
    const char *cgroup_base; /* where leaves are made; NULL: nowhere */
} ambs_children;

/* What a launch asks for: NULL-terminated argv and environment, descriptors 1, 2, 3, … of the
 * child. */
typedef struct ambs_start {
    uint64_t id;
    char **argv, **environment;
    const int *fds;
    size_t n_fds;
    const char *folder;  /* working directory; "": as it is */
    const char *scratch; /* NULL or "": none; copied */
    const char *cores;   /* [n_cores] int32_t, of any alignment */
    size_t n_cores;
    double memory_limit;
} ambs_start;

/* Forks and executes. Returns the pid, or -1 with errno. */
pid_t ambs_children_start(ambs_children *children, const ambs_start *start);
/* Among those that run; NULL when there is none. */
ambs_child *ambs_children_find(const ambs_children *children, uint64_t id);
/* The child that runs to which a child of this process belongs: itself, or what it had left to this
 * process. NULL where that is not known. */
const ambs_child *ambs_children_owner(const ambs_children *children, pid_t pid);
/* Signal to the group of the child; SIGKILL also to its descendants elsewhere. */
void ambs_child_signal(const ambs_child *child, int signal);
/* Takes up one process that has ended, a child (whose group is killed before it is reaped) or an
 * adopted orphan. Returns false when none has. */
bool ambs_children_reap(ambs_children *children);
/* Kills the adopted orphans of children that have ended; all orphans when nothing runs any more. */
void ambs_children_sweep(ambs_children *children);
/* Gives up one child that has ended and of which nothing is left (`leaves` then says whether that
 * was only waited for too long); false when there is none. */
bool ambs_children_take_ended(ambs_children *children, ambs_child *ret_child);
/* How long poll(2) may wait for those that have ended and are not gone; -1: for ever. */
int ambs_children_wait_ms(const ambs_children *children);
/* TERM to all groups, up to a second of grace, then KILL to everything until no child is left. */
void ambs_children_finish(ambs_children *children);

#endif
