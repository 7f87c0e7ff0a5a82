/* SPDX-License-Identifier: MIT */
/* How packets travel between ranks. A transport gathers the frames for one rank in packets of at
 * most AMBS_FRAME_SIZE bytes, keeps the order between two ranks, never blocks and copies what it is
 * given. Members: MPI point-to-point, and a loop-back for the agent inside the manager's process.
 */
#ifndef AMBS_CLUSTER_TRANSPORT_H
#define AMBS_CLUSTER_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ambs/error.h"

typedef struct ambs_transport ambs_transport;

typedef struct ambs_transport_ops {
    /* Whole frames for `rank`. They leave at the next flush, or before when a packet is full. */
    int (*send)(ambs_transport *t, uint32_t rank, const void *frames, size_t length,
                ambs_error *err);
    /* Lets go what was gathered and sees to what is on its way. */
    int (*flush)(ambs_transport *t, ambs_error *err);
    /* The next packet that has arrived, valid until the next call; false when there is none. */
    bool (*receive)(ambs_transport *t, uint32_t *ret_rank, const void **ret_packet,
                    size_t *ret_length);
    /* The rank is dead: nothing is sent to it any more. */
    void (*forget)(ambs_transport *t, uint32_t rank);
    /* True when all that was sent has left (to ranks that are not forgotten). */
    bool (*is_empty)(const ambs_transport *t);
    void (*destroy)(ambs_transport *t);
} ambs_transport_ops;

/* What each member's struct begins with. */
struct ambs_transport {
    const ambs_transport_ops *ops;
};

/* Two ends in one process: what is sent into one comes out of the other. Both name their partner
 * rank `rank`. Destroy both. */
int ambs_transport_local_create(uint32_t rank, ambs_transport **ret_a, ambs_transport **ret_b,
                                ambs_error *err);

#endif
