/* SPDX-License-Identifier: MIT */
/* Resident sizes of a tree are added up, where pages that its processes share are counted several
 * times: cheap, and never too small. Only when the sum is over the limit are the shares looked at
 * (PSS), which costs more. */
#include "objective/supervisor_memory.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "objective/process_tree.h"
#include "objective/wire.h"

enum { TREE_MAX = 4096, FAR_MS = 100, NEAR_MS = 20, COST_FACTOR = 100 };

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static double resident_bytes(pid_t pid)
{
    char path[64];
    unsigned long pages = 0;
    snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
    FILE *file = fopen(path, "re");
    if (!file) return 0;
    if (fscanf(file, "%*u %lu", &pages) != 1) pages = 0;
    fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

/* Its resident size with shared pages divided among those that share them; where the kernel does
 * not tell, the resident size. */
static double proportional_bytes(pid_t pid)
{
    char path[64], line[256];
    unsigned long kib;
    double bytes = -1;
    snprintf(path, sizeof path, "/proc/%d/smaps_rollup", (int)pid);
    FILE *file = fopen(path, "re");
    while (file && bytes < 0 && fgets(line, sizeof line, file))
        if (sscanf(line, "Pss: %lu kB", &kib) == 1) bytes = 1024.0 * (double)kib;
    if (file) fclose(file);
    return bytes < 0 ? resident_bytes(pid) : bytes;
}

static double sum(const pid_t *pids, size_t n, double (*bytes)(pid_t))
{
    double total = 0;
    for (size_t i = 0; i < n; i++) total += bytes(pids[i]);
    return total;
}

/* The leader, its descendants, and those that were adopted by this process. */
static size_t tree_of(const ambs_children *children, const ambs_child *child, pid_t *ret_pids)
{
    pid_t own[TREE_MAX];
    size_t n = 0;
    ret_pids[n++] = child->pid;
    n += ambs_process_descendants(child->pid, ret_pids + n, TREE_MAX - n);
    size_t n_own = ambs_process_children(getpid(), own, TREE_MAX);
    for (size_t i = 0; i < n_own && n < TREE_MAX; i++) {
        if (ambs_children_owner(children, own[i]) != child || own[i] == child->pid) continue;
        ret_pids[n++] = own[i];
        n += ambs_process_descendants(own[i], ret_pids + n, TREE_MAX - n);
    }
    return n;
}

/* True when it came near its limit. */
static bool look_at(const ambs_children *children, ambs_child *child)
{
    pid_t pids[TREE_MAX];
    size_t n = tree_of(children, child, pids);
    double bytes = sum(pids, n, resident_bytes);
    if (bytes > child->memory_limit) bytes = sum(pids, n, proportional_bytes);
    if (bytes > child->memory_peak) child->memory_peak = bytes;
    if (bytes > child->memory_limit && !child->out_of_memory) {
        child->out_of_memory = true;
        ambs_child_signal(child, SIGKILL);
        for (size_t i = 0; i < n; i++)
            if (ambs_children_owner(children, pids[i]) == child) kill(pids[i], SIGKILL);
    }
    return bytes > 0.5 * child->memory_limit;
}

int ambs_memory_watch(ambs_children *children)
{
    bool any = false, near = false;
    double began = now_s();
    for (size_t i = 0; i < children->n; i++) {
        ambs_child *child = &children->items[i];
        if (child->ended || child->cgroup || !(child->memory_limit > 0)) continue;
        any = true;
        if (began >= children->look_s && look_at(children, child)) near = true;
    }
    if (!any) return -1;
    double now = now_s(), wait = COST_FACTOR * (now - began), least = near ? NEAR_MS : FAR_MS;
    if (began >= children->look_s)
        children->look_s = now + (wait > 1e-3 * least ? wait : 1e-3 * least);
    double left = 1e3 * (children->look_s - now);
    return left < 1 ? 1 : left > 10000 ? 10000 : (int)left;
}

/* ---- kills by the kernel ---- */

/* The number behind `key` at the begin of a line; -1 when it is not there. */
static long long read_number(const char *path, const char *key)
{
    char line[512];
    long long number = -1;
    size_t length = strlen(key);
    FILE *file = fopen(path, "re");
    while (file && number < 0 && fgets(line, sizeof line, file))
        if (strncmp(line, key, length) == 0 && line[length] == ' ')
            number = strtoll(line + length, NULL, 10);
    if (file) fclose(file);
    return number;
}

/* The path behind "N:controllers:" of a line of /proc/self/cgroup; NULL when it is another's. */
static const char *path_in_cgroup(char *line, bool version_2)
{
    char *first = strchr(line, ':'), *second = first ? strchr(first + 1, ':') : NULL;
    line[strcspn(line, "\n")] = '\0';
    if (!second) return NULL;
    *second = '\0';
    return strcmp(first + 1, version_2 ? "" : "memory") == 0 ? second + 1 : NULL;
}

static long long kills_of_cgroup(const char *root, bool version_2)
{
    char line[3000], path[4096];
    long long kills = -1;
    snprintf(path, sizeof path, "%s/proc/self/cgroup", root);
    FILE *file = fopen(path, "re");
    while (file && kills < 0 && fgets(line, sizeof line, file)) {
        const char *group = path_in_cgroup(line, version_2);
        if (!group) continue;
        snprintf(path, sizeof path, "%.500s/sys/fs/cgroup%s%s/memory.%s", root,
                 version_2 ? "" : "/memory", group, version_2 ? "events" : "oom_control");
        kills = read_number(path, "oom_kill");
    }
    if (file) fclose(file);
    return kills;
}

unsigned long long ambs_memory_kills(const char *root)
{
    char path[600];
    long long kills = kills_of_cgroup(root, true);
    if (kills < 0) kills = kills_of_cgroup(root, false);
    snprintf(path, sizeof path, "%.500s/proc/vmstat", root);
    if (kills < 0) kills = read_number(path, "oom_kill");
    return kills < 0 ? 0 : (unsigned long long)kills;
}
