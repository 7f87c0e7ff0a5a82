/* SPDX-License-Identifier: MIT */
/* When STUDY.h5 is written anew: before the first trial, then at intervals such that it costs at
 * most 1 % of the time, at a drain, at the end. A process of its own does it (`ambs snapshot`),
 * from the journal. */
#ifndef AMBS_CLUSTER_SNAPSHOTS_H
#define AMBS_CLUSTER_SNAPSHOTS_H

#include "cluster/host.h"

typedef struct ambs_snapshots {
    ambs_host *host;
    const char *output;
    char program[4096]; /* this one */
    double least_s;     /* between two */
    double began_s, ended_s, took_s;
    uint64_t asked, written; /* sequence numbers: at the last start, at the last success */
    unsigned n_failed;       /* in a row */
    bool runs;
} ambs_snapshots;

int ambs_snapshots_init(ambs_snapshots *s, ambs_host *host, const char *output, double least_s,
                        ambs_error *err);
/* Starts one and waits for its end; where the supervisor was killed, this process writes it.
 * AMBS_E_IO when it fails; the log says why. `limit_s`: how long.
 */
int ambs_snapshots_now(ambs_snapshots *s, uint64_t sequence, double limit_s, ambs_error *err);
/* Called by the loop: notes an end, starts the next when it is due. A failure is logged and tried
 * again after twice the time: the journal holds everything. */
void ambs_snapshots_turn(ambs_snapshots *s, uint64_t sequence, double now_s);

#endif
