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
    int exec_pipe; /* the child writes errno here when execve() failed; closed by a good one */
} ambs_child;

typedef struct ambs_children {
    ambs_child *items;
    size_t n, capacity;
} ambs_children;

/* What a launch asks for: NULL-terminated argv and environment, descriptors 1, 2, 3, … of the
 * child. */
typedef struct ambs_start {
    uint64_t id;
    char **argv, **environment;
    const int *fds;
    size_t n_fds;
    const char *folder; /* working directory; "": as it is */
    const char *cores;  /* [n_cores] int32_t, of any alignment */
    size_t n_cores;
} ambs_start;

/* Forks and executes. Returns the pid, or -1 with errno. */
pid_t ambs_children_start(ambs_children *children, const ambs_start *start);
ambs_child *ambs_children_find(const ambs_children *children, uint64_t id);
/* Signal to the group of the child; SIGKILL also to its descendants elsewhere. */
void ambs_child_signal(const ambs_child *child, int signal);
/* Takes up one child that has ended: its group is killed before it is reaped. Returns false when
 * none has; *ret_known is false for an adopted orphan. */
bool ambs_children_reap(ambs_children *children, ambs_child *ret_child, int *ret_status,
                        int *ret_exec_errno, bool *ret_known);
/* Kills the adopted orphans of attempts that have ended; all orphans when nothing runs any more. */
void ambs_children_sweep(const ambs_children *children);
/* TERM to all groups, up to a second of grace, then KILL to everything until no child is left. */
void ambs_children_finish(ambs_children *children);

#endif
