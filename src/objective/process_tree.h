/* SPDX-License-Identifier: MIT */
/* Finding and ending the processes that came of one: shared by the supervisor and the agent. libc
 * only. */
#ifndef AMBS_OBJECTIVE_PROCESS_TREE_H
#define AMBS_OBJECTIVE_PROCESS_TREE_H

#include <stddef.h>
#include <sys/types.h>

/* The children of `parent`, of all its threads, at most `room` of them, into ret_pids [room];
 * returns how many. From /proc/PID/task/TID/children where the kernel has it, else from every
 * /proc/PID/stat. */
size_t ambs_process_children(pid_t parent, pid_t *ret_pids, size_t room);
/* The same of the whole tree below `root`, parents before their children. */
size_t ambs_process_descendants(pid_t root, pid_t *ret_pids, size_t room);

/* SIGKILL to every descendant of `root`, each stopped before its own children are looked up, so
 * that none is forked unseen; `root` itself is left. */
void ambs_process_kill_descendants(pid_t root);

/* Copies the value of the variable `name` in the initial environment of `pid` into `buffer`; 0, or
 * -1 when it has none or is not ours to read. */
int ambs_process_variable(pid_t pid, const char *name, char *buffer, size_t size);

#endif
