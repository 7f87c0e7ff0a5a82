/* SPDX-License-Identifier: MIT */
/* Watching the memory of the processes of one supervisor. A limit on the address space would break
 * programs that map much and use little (CUDA, Go, Java), so what is resident is watched: every 100
 * ms, every 20 ms from half the limit on, and never so often that it costs more than 1 % of a core.
 * Nothing is watched where no child has a limit. libc only. */
#ifndef AMBS_OBJECTIVE_SUPERVISOR_MEMORY_H
#define AMBS_OBJECTIVE_SUPERVISOR_MEMORY_H

#include "objective/supervisor_process.h"

/* Kills children that use more than their limit, with all that came of them, and notes it in them.
 * Returns after how many ms to call it again: -1 when nothing is to be watched. */
int ambs_memory_watch(ambs_children *children);
/* How many processes the kernel has killed for want of memory where this process lives: of its
 * cgroup (version 2 or 1), else of the machine; 0 when that cannot be read. Files below `root` (""
 * for the machine's own). */
unsigned long long ambs_memory_kills(const char *root);

#endif
