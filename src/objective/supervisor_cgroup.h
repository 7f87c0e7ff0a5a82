/* SPDX-License-Identifier: MIT */
/* Limits on memory by the kernel: control groups of version 2, where the group of this process has been
 * delegated to whoever runs ambs. Each process that is started with a limit gets a leaf of its own:
 *
 *   the group of this process ┬ ambs-main      what was in the group before, where it had to make room
 *                             └ ambs-PID-ID    one launch: memory.max, memory.oom.group
 *
 * Where anything of that is missing (version 1, no memory controller, not delegated) resident sizes are
 * watched instead (supervisor_memory.h). `root` is "" but in tests. libc only. */
#ifndef AMBS_OBJECTIVE_SUPERVISOR_CGROUP_H
#define AMBS_OBJECTIVE_SUPERVISOR_CGROUP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { AMBS_CGROUP_SIZE = 3000 };

/* The group in which leaves can be made; false: there is none, and nothing was changed but perhaps that
 * the processes of a group that is ours are in a leaf of it now. `ret_base` [AMBS_CGROUP_SIZE]. */
bool ambs_cgroup_find(const char *root, char *ret_base);
/* Makes a leaf with the limit and puts the process into it. The path, which the caller frees; NULL: it
 * could not, and no leaf is left. */
char *ambs_cgroup_enter(const char *base, uint64_t id, pid_t pid, double limit_bytes);
/* How many processes of the leaf the kernel has killed for want of memory, and the most that it used; 0
 * where that is not told. */
unsigned long long ambs_cgroup_kills(const char *leaf);
double ambs_cgroup_peak(const char *leaf);
/* Kills whatever is left in it, and removes it. */
void ambs_cgroup_remove(const char *leaf);

#endif
