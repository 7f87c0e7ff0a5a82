/* SPDX-License-Identifier: MIT */
/* The supervisor's watch over its own agent, while that computes and cannot watch itself. libc
 * only. */
#ifndef AMBS_OBJECTIVE_SUPERVISOR_GUARD_H
#define AMBS_OBJECTIVE_SUPERVISOR_GUARD_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { AMBS_GUARD_FELLOWS_MAX = 4096 }; /* of one request */

/* Zeroed: guards nothing. */
typedef struct ambs_guard {
    double until_s;   /* monotonic; 0: not set */
    int32_t *fellows; /* [n_fellows] */
    size_t n_fellows;
    int32_t master; /* 0: none */
} ambs_guard;

/* Takes the request of a GUARD packet (wire.h), which replaces the one before. */
void ambs_guard_take(ambs_guard *guard, const char *packet, size_t size);
/* How long poll(2) may wait: -1 when nothing is guarded. */
int ambs_guard_wait_ms(const ambs_guard *guard);
/* Kills `agent` when its time is over or a fellow is gone; nothing is guarded after that. Tells it once
 * when the master is gone. */
void ambs_guard_act(ambs_guard *guard, pid_t agent);

#endif
