/* SPDX-License-Identifier: MIT */
/* A group that has processes of its own may not hand controllers down (Linux, Control Group v2, "No Internal
 * Process Constraint"); so what is in it moves into a leaf first, as systemd asks of whoever is delegated
 * a unit. That is done only in a group that is certainly ours: it belongs to this user, who is not root,
 * or bears the mark of a delegation. */
#include "objective/supervisor_cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

enum { PATH_SIZE = AMBS_CGROUP_SIZE + 64, MOVES = 5, REMOVES = 10 };

static void join(const char *folder, const char *name, char path[PATH_SIZE])
{
    snprintf(path, PATH_SIZE, "%.*s/%.50s", AMBS_CGROUP_SIZE, folder, name);
}

/* The kernel makes the files of a group with it and none on demand, so that O_CREAT fails (EACCES) for
 * one that is not there; in a tree that a test made up it does not. */
static bool write_file(const char *folder, const char *name, const char *text)
{
    char path[PATH_SIZE];
    join(folder, name, path);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (fd < 0) return false;
    ssize_t n = write(fd, text, strlen(text));
    close(fd);
    return n == (ssize_t)strlen(text);
}

static bool has_word(const char *folder, const char *name, const char *word)
{
    char path[PATH_SIZE], found[64];
    bool has = false;
    join(folder, name, path);
    FILE *file = fopen(path, "re");
    while (file && !has && fscanf(file, "%63s", found) == 1) has = strcmp(found, word) == 0;
    if (file) fclose(file);
    return has;
}

/* The number behind `key`, or the first one where that is NULL; 0 where there is none. */
static unsigned long long read_number(const char *folder, const char *name, const char *key)
{
    char path[PATH_SIZE], word[64];
    unsigned long long number = 0;
    join(folder, name, path);
    FILE *file = fopen(path, "re");
    if (!file) return 0;
    if (!key && fscanf(file, "%llu", &number) != 1) number = 0;
    while (key && fscanf(file, "%63s %llu", word, &number) == 2 && strcmp(word, key) != 0)
        number = 0;
    fclose(file);
    return number;
}

/* Where version 2 is mounted and the group is. */
static bool find_group(const char *root, char *ret_base)
{
    static const char *const mounts[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};
    char line[2048], path[PATH_SIZE];
    bool found = false;
    snprintf(path, sizeof path, "%.500s/proc/self/cgroup", root);
    FILE *file = fopen(path, "re");
    while (file && !found && fgets(line, sizeof line, file))
        found = strncmp(line, "0::/", 4) == 0 && strchr(line, '\n');
    if (file) fclose(file);
    if (!found) return false;
    line[strcspn(line, "\n")] = '\0';
    const char *group = line + 3;
    for (size_t i = 0; i < 2; i++) {
        snprintf(ret_base, AMBS_CGROUP_SIZE, "%.500s%s%s", root, mounts[i],
                 strcmp(group, "/") == 0 ? "" : group);
        if (has_word(ret_base, "cgroup.controllers", "memory")) return true;
    }
    return false;
}

static bool is_ours(const char *base)
{
    char mark[4] = "";
    struct stat st;
    if (stat(base, &st) != 0) return false;
    if (st.st_uid == geteuid() && st.st_uid != 0) return true;
    return (getxattr(base, "user.delegate", mark, sizeof mark - 1) == 1 ||
            getxattr(base, "trusted.delegate", mark, sizeof mark - 1) == 1) &&
           mark[0] == '1';
}

/* Every process of the group into its leaf. */
static void make_room(const char *base)
{
    char leaf[PATH_SIZE], path[PATH_SIZE], pid[32];
    join(base, "ambs-main", leaf);
    if (mkdir(leaf, 0755) != 0 && errno != EEXIST) return;
    join(base, "cgroup.procs", path);
    FILE *file = fopen(path, "re");
    while (file && fscanf(file, "%30s", pid) == 1) write_file(leaf, "cgroup.procs", pid);
    if (file) fclose(file);
}

/* A process that was moved by another agent of this host looks for leaves beside its own. */
static void leave_main(char *base)
{
    static const char main_leaf[] = "/ambs-main";
    size_t n = strlen(base), m = sizeof main_leaf - 1;
    if (n > m && strcmp(base + n - m, main_leaf) == 0) base[n - m] = '\0';
}

bool ambs_cgroup_find(const char *root, char *ret_base)
{
    if (!find_group(root, ret_base)) return false;
    leave_main(ret_base);
    if (access(ret_base, W_OK) != 0) return false;
    for (int i = 0; i < MOVES; i++) {
        if (has_word(ret_base, "cgroup.subtree_control", "memory")) return true;
        write_file(ret_base, "cgroup.subtree_control", "+memory");
        if (has_word(ret_base, "cgroup.subtree_control", "memory")) return true;
        if (!is_ours(ret_base)) return false;
        make_room(ret_base);
    }
    return false;
}

char *ambs_cgroup_enter(const char *base, uint64_t id, pid_t pid, double limit_bytes)
{
    char name[64], number[32], *leaf = malloc(PATH_SIZE);
    if (!leaf) return NULL;
    snprintf(name, sizeof name, "ambs-%ld-%llu", (long)getpid(), (unsigned long long)id);
    join(base, name, leaf);
    if (mkdir(leaf, 0755) == 0) {
        snprintf(number, sizeof number, "%.0f", limit_bytes);
        bool limited = write_file(leaf, "memory.max", number);
        write_file(leaf, "memory.swap.max",
                   "0"); /* where there is no swap to limit it is not there */
        write_file(leaf, "memory.oom.group", "1");
        snprintf(number, sizeof number, "%ld", (long)pid);
        if (limited && write_file(leaf, "cgroup.procs", number)) return leaf;
        rmdir(leaf);
    }
    free(leaf);
    return NULL;
}

unsigned long long ambs_cgroup_kills(const char *leaf)
{
    return read_number(leaf, "memory.events", "oom_kill");
}

double ambs_cgroup_peak(const char *leaf)
{
    return (double)read_number(leaf, "memory.peak", NULL);
}

void ambs_cgroup_remove(const char *leaf)
{
    const struct timespec nap = {.tv_nsec = 2000000};
    write_file(leaf, "cgroup.kill", "1");
    for (int i = 0; i < REMOVES && rmdir(leaf) != 0 && errno == EBUSY; i++) nanosleep(&nap, NULL);
}
