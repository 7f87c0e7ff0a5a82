/* SPDX-License-Identifier: MIT */
#include "objective/process_tree.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHILDREN_MAX = 256, DEPTH_MAX = 64 };

/* The parent of a process from the fourth field of its stat line; the second one is the program's
 * name in parentheses and may hold anything. 0 when the process is gone. */
static pid_t parent_of(const char *pid)
{
    char path[64], line[1024];
    snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    ssize_t n = read(fd, line, sizeof line - 1);
    close(fd);
    if (n <= 0) return 0;
    line[n] = '\0';
    const char *after = strrchr(line, ')');
    int parent = 0;
    if (!after || sscanf(after + 1, " %*c %d", &parent) != 1) return 0;
    return parent;
}

static size_t children_by_scan(pid_t parent, pid_t *ret_pids, size_t room)
{
    DIR *proc = opendir("/proc");
    if (!proc) return 0;
    size_t n = 0;
    for (struct dirent *entry; n < room && (entry = readdir(proc));) {
        if (!isdigit((unsigned char)entry->d_name[0])) continue;
        if (parent_of(entry->d_name) == parent) ret_pids[n++] = atoi(entry->d_name);
    }
    closedir(proc);
    return n;
}

/* Those of one thread; false when the kernel does not tell. */
static bool children_of_thread(pid_t pid, const char *thread, pid_t *ret_pids, size_t room,
                               size_t *n)
{
    char path[96], text[CHILDREN_MAX * 12 + 1];
    snprintf(path, sizeof path, "/proc/%d/task/%.20s/children", (int)pid, thread);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return false;
    size_t length = 0;
    for (ssize_t got;
         length < sizeof text - 1 && (got = read(fd, text + length, sizeof text - 1 - length)) > 0;)
        length += (size_t)got;
    close(fd);
    text[length] = '\0';
    char *at = text, *end;
    while (*n < room) {
        long child = strtol(at, &end, 10);
        /* A number without its space behind it was cut off. */
        if (end == at || *end != ' ') break;
        ret_pids[(*n)++] = (pid_t)child;
        at = end;
    }
    return true;
}

/* What the threads beside the main one have forked. A folder has two links and one of each
 * subfolder, so one call tells that there are none. */
static void children_of_threads(pid_t parent, const char *main_thread, pid_t *ret_pids, size_t room,
                                size_t *n)
{
    char path[64];
    struct stat info;
    snprintf(path, sizeof path, "/proc/%d/task", (int)parent);
    if (stat(path, &info) != 0 || info.st_nlink == 3) return;
    DIR *tasks = opendir(path);
    for (struct dirent *entry; tasks && *n < room && (entry = readdir(tasks));)
        if (isdigit((unsigned char)entry->d_name[0]) && strcmp(entry->d_name, main_thread) != 0)
            children_of_thread(parent, entry->d_name, ret_pids, room, n);
    if (tasks) closedir(tasks);
}

size_t ambs_process_children(pid_t parent, pid_t *ret_pids, size_t room)
{
    char number[24];
    size_t n = 0;
    snprintf(number, sizeof number, "%d", (int)parent);
    if (!children_of_thread(parent, number, ret_pids, room, &n))
        return children_by_scan(parent, ret_pids, room);
    children_of_threads(parent, number, ret_pids, room, &n);
    return n;
}

size_t ambs_process_descendants(pid_t root, pid_t *ret_pids, size_t room)
{
    size_t n = ambs_process_children(root, ret_pids, room);
    for (size_t i = 0; i < n && n < room; i++)
        n += ambs_process_children(ret_pids[i], ret_pids + n, room - n);
    return n;
}

static void kill_below(pid_t root, int depth)
{
    pid_t children[CHILDREN_MAX];
    size_t n = ambs_process_children(root, children, CHILDREN_MAX);
    for (size_t i = 0; i < n; i++) {
        /* Stopped first, so that it cannot fork while its own children are looked up. */
        kill(children[i], SIGSTOP);
        if (depth < DEPTH_MAX) kill_below(children[i], depth + 1);
        kill(children[i], SIGKILL);
    }
}

void ambs_process_kill_descendants(pid_t root)
{
    kill_below(root, 0);
}

int ambs_process_variable(pid_t pid, const char *name, char *buffer, size_t size)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/environ", (int)pid);
    FILE *file = fopen(path, "re");
    if (!file) return -1;
    char *entry = NULL;
    size_t room = 0, length = strlen(name);
    int found = -1;
    while (found != 0 && getdelim(&entry, &room, '\0', file) > 0) {
        if (strncmp(entry, name, length) != 0 || entry[length] != '=') continue;
        snprintf(buffer, size, "%s", entry + length + 1);
        found = 0;
    }
    free(entry);
    fclose(file);
    return found;
}
