/* SPDX-License-Identifier: MIT */
/* How a loop that must poll MPI waits: it yields while there is work, and naps, longer and longer,
 * when there is none, so that an idle rank costs next to nothing. A nap ends early when a
 * descriptor is readable. */
#ifndef AMBS_CLUSTER_IDLE_H
#define AMBS_CLUSTER_IDLE_H

#include <stdbool.h>

typedef struct ambs_idle {
    double quiet_since_s; /* when the last work was done */
    double nap_s;         /* length of the next nap */
} ambs_idle;

/* Waits before the loop's next round. `active`: this round did something. `fds` [n] may hold -1.
 * `most_s`: no longer than this, whatever else. */
void ambs_idle_wait(ambs_idle *idle, bool active, const int *fds, int n, double most_s,
                    double now_s);

#endif
