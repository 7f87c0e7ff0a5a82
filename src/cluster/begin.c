/* SPDX-License-Identifier: MIT */
/* The ranks of a host are the launcher's children that run this very program. Once seen, a rank may
 * not go before all have begun; GONE_S leaves time to a job that is being ended as a whole. A rank
 * that died before anybody saw it is known by the launcher's word of how many it starts here: it
 * forks them within moments, however slow they are afterwards. That counts only below a launcher
 * known by name: a script between the two has one child. */
#include "cluster/begin.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/text.h"
#include "base/thread.h"
#include "cluster/status.h"

#define LOOK_EVERY_S   0.5
#define GONE_S         5.0  /* how long a rank has been gone before the job is ended */
#define ALL_FORKED_S   20.0 /* after its first rank a launcher has started them all */
#define HEARD_S        1.5  /* the others look, too, and the launcher passes the message on */
#define LAUNCHER_END_S 2.0

enum { RANKS_MAX = 1024, NAME_SIZE = 64, PATH_MAX_SIZE = 4096 };

struct ambs_begin {
    const ambs_log *log;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool over; /* under the mutex */
    pid_t launcher;
    bool launcher_known;
    long long n_local; /* ranks that the launcher starts on this host, 0: not known */
    double since_s, gone_since_s;
    char program[PATH_MAX_SIZE];
    pid_t seen[RANKS_MAX];
    size_t n_seen;
};

static bool runs_this_program(const ambs_begin *b, pid_t pid)
{
    char link[32], path[PATH_MAX_SIZE];
    snprintf(link, sizeof link, "/proc/%ld/exe", (long)pid);
    ssize_t n = readlink(link, path, sizeof path);
    return n > 0 && (size_t)n == strlen(b->program) && memcmp(path, b->program, (size_t)n) == 0;
}

static bool is_in(pid_t pid, const pid_t *pids, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (pids[i] == pid) return true;
    return false;
}

/* The state and parent of a process; 'X' when it is gone. */
static char state_of(pid_t pid, pid_t *ret_parent)
{
    char path[32], line[512], state = 'X';
    int parent = 0;
    snprintf(path, sizeof path, "/proc/%ld/stat", (long)pid);
    FILE *file = fopen(path, "re");
    if (!file) return 'X';
    size_t n = fread(line, 1, sizeof line - 1, file);
    fclose(file);
    line[n] = '\0';
    const char *after = strrchr(line, ')'); /* the name before it may hold anything */
    if (!after || sscanf(after + 1, " %c %d", &state, &parent) != 2) return 'X';
    *ret_parent = parent;
    return state;
}

/* A stopped rank is slow, not gone. */
static bool is_gone(const ambs_begin *b, pid_t rank)
{
    pid_t parent = 0;
    char state = state_of(rank, &parent);
    return state == 'X' || state == 'Z' || parent != b->launcher;
}

/* Children of one thread of the launcher, appended to ret [room]. */
static size_t add_children(const char *path, pid_t *ret, size_t n, size_t room)
{
    FILE *file = fopen(path, "re");
    long pid;
    if (!file) return n;
    while (n < room && fscanf(file, "%ld", &pid) == 1) ret[n++] = (pid_t)pid;
    fclose(file);
    return n;
}

/* Any thread of a launcher may have forked. Where the kernel has no such lists: none. */
static size_t launched(const ambs_begin *b, pid_t *ret, size_t room)
{
    char path[64];
    size_t n = 0;
    snprintf(path, sizeof path, "/proc/%ld/task", (long)b->launcher);
    DIR *threads = opendir(path);
    if (!threads) return 0;
    for (struct dirent *entry; (entry = readdir(threads));) {
        if (entry->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "/proc/%ld/task/%.20s/children", (long)b->launcher,
                 entry->d_name);
        n = add_children(path, ret, n, room);
    }
    closedir(threads);
    return n;
}

static bool has_launcher_name(pid_t pid)
{
    static const char *const names[] = {"mpirun",  "mpiexec", "orterun", "orted",
                                        "prterun", "prted",   "prte",    NULL};
    char path[32], name[NAME_SIZE] = "";
    snprintf(path, sizeof path, "/proc/%ld/comm", (long)pid);
    FILE *file = fopen(path, "re");
    if (!file) return false;
    bool read = fgets(name, sizeof name, file) != NULL;
    fclose(file);
    name[strcspn(name, "\n")] = '\0';
    for (size_t i = 0; read && names[i]; i++)
        if (strcmp(names[i], name) == 0) return true;
    return false;
}

/* A launcher that is stopped has not started all. */
static bool has_launched_too_few(const ambs_begin *b, size_t n, double now_s)
{
    pid_t parent;
    return b->launcher_known && n > 0 && b->n_local > (long long)n &&
           now_s > b->since_s + ALL_FORKED_S && state_of(b->launcher, &parent) != 'T';
}

/* True where a rank of this host is gone. */
static bool one_is_gone(ambs_begin *b, double now_s)
{
    pid_t children[RANKS_MAX];
    if (getppid() != b->launcher) return false;
    size_t n = launched(b, children, RANKS_MAX);
    bool gone = has_launched_too_few(b, n, now_s);
    for (size_t i = 0; i < b->n_seen && !gone; i++) gone = is_gone(b, b->seen[i]);
    for (size_t i = 0; i < n; i++)
        if (b->n_seen < RANKS_MAX && !is_in(children[i], b->seen, b->n_seen) &&
            runs_this_program(b, children[i]))
            b->seen[b->n_seen++] = children[i];
    return gone;
}

/* One rank of the host speaks: the first that is left. */
static bool is_speaker(const ambs_begin *b)
{
    for (size_t i = 0; i < b->n_seen; i++)
        if (b->seen[i] < getpid() && !is_gone(b, b->seen[i])) return false;
    return true;
}

static void leave(const ambs_begin *b)
{
    if (is_speaker(b))
        ambs_log_line(b->log, AMBS_LOG_ERROR,
                      "a rank died while MPI began, and MPI would wait for it for ever: this start "
                      "is given up before any trial was run; start it again with --resume");
    ambs_clock_sleep_s(HEARD_S);
    if (b->launcher_known) {
        kill(b->launcher, SIGTERM);
        ambs_clock_sleep_s(LAUNCHER_END_S);
    }
    _exit(AMBS_STATUS_STOPPED);
}

static void *watch(void *memory)
{
    ambs_begin *b = memory;
    pthread_mutex_lock(&b->mutex);
    while (!b->over) {
        double now = ambs_clock_monotonic_s();
        if (!one_is_gone(b, now))
            b->gone_since_s = 0;
        else if (b->gone_since_s <= 0)
            b->gone_since_s = now;
        else if (now > b->gone_since_s + GONE_S)
            leave(b);
        ambs_condition_wait(&b->changed, &b->mutex, ambs_clock_monotonic_s() + LOOK_EVERY_S);
    }
    pthread_mutex_unlock(&b->mutex);
    return NULL;
}

ambs_begin *ambs_begin_watch(const ambs_log *log)
{
    const char *local = getenv("OMPI_COMM_WORLD_LOCAL_SIZE");
    ambs_begin *b = ambs_calloc(1, sizeof *b, NULL);
    if (!b) return NULL;
    b->log = log;
    b->since_s = ambs_clock_monotonic_s();
    b->launcher = getppid();
    b->launcher_known = has_launcher_name(b->launcher);
    if (!local || !ambs_parse_int(local, &b->n_local)) b->n_local = 0;
    ssize_t n = readlink("/proc/self/exe", b->program, sizeof b->program - 1);
    pthread_mutex_init(&b->mutex, NULL);
    ambs_condition_init(&b->changed);
    if (n > 0 && b->launcher > 1 && ambs_thread_start(&b->thread, watch, b) == 0) return b;
    free(b);
    return NULL;
}

void ambs_begin_end(ambs_begin *b)
{
    if (!b) return;
    pthread_mutex_lock(&b->mutex);
    b->over = true;
    pthread_cond_signal(&b->changed);
    pthread_mutex_unlock(&b->mutex);
    pthread_join(b->thread, NULL);
    pthread_cond_destroy(&b->changed);
    pthread_mutex_destroy(&b->mutex);
    free(b);
}
