/* SPDX-License-Identifier: MIT */
#include "objective/supervisor_guard.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "objective/wire.h"

enum { LOOK_EVERY_MS = 100 };

/* What an agent that was told of its master's end has left. */
#define ABANDONED_S 10.0

static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void ambs_guard_take(ambs_guard *guard, const char *packet, size_t size)
{
    ambs_wire_guard request;
    if (size < sizeof request) return;
    memcpy(&request, packet, sizeof request);
    size_t n = request.n_fellows;
    if (n > AMBS_GUARD_FELLOWS_MAX || size < sizeof request + n * sizeof *guard->fellows) return;
    free(guard->fellows);
    *guard = (ambs_guard){0};
    if (!(request.limit_s >= 0) || isinf(request.limit_s)) return;
    guard->until_s = now_s() + request.limit_s;
    guard->master = request.master;
    if (n == 0 || !(guard->fellows = malloc(n * sizeof *guard->fellows))) return;
    memcpy(guard->fellows, packet + sizeof request, n * sizeof *guard->fellows);
    guard->n_fellows = n;
}

int ambs_guard_wait_ms(const ambs_guard *guard)
{
    return guard->until_s > 0 ? LOOK_EVERY_MS : -1;
}

/* A process that has ended counts as gone even while nobody has reaped it. */
static bool is_gone(pid_t pid)
{
    char path[64], line[512];
    if (kill(pid, 0) != 0 && errno == ESRCH) return true;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return errno == ENOENT;
    ssize_t n = read(fd, line, sizeof line - 1);
    close(fd);
    if (n <= 0) return true;
    line[n] = '\0';
    const char *after = strrchr(line, ')');
    return after && (after[1] == ' ') && (after[2] == 'Z' || after[2] == 'X');
}

void ambs_guard_act(ambs_guard *guard, pid_t agent)
{
    if (guard->until_s <= 0) return;
    double now = now_s();
    bool end = now >= guard->until_s;
    if (guard->master > 0 && is_gone(guard->master)) {
        guard->master = 0;
        if (guard->until_s > now + ABANDONED_S) guard->until_s = now + ABANDONED_S;
        if (getppid() == agent) kill(agent, AMBS_WIRE_ABANDONED);
        return;
    }
    for (size_t i = 0; i < guard->n_fellows && !end; i++) end = is_gone(guard->fellows[i]);
    if (!end) return;
    if (getppid() == agent) kill(agent, SIGKILL); /* else it is gone, and the number another's */
    free(guard->fellows);
    *guard = (ambs_guard){0};
}
