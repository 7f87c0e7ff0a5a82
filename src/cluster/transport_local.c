/* SPDX-License-Identifier: MIT */
/* The loop-back: two queues of packets in memory, shared by two ends in one thread. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "cluster/protocol.h"
#include "cluster/queue.h"
#include "cluster/transport.h"

typedef struct packet {
    size_t length;
    void *bytes;
} packet;

typedef struct end {
    ambs_transport base;
    struct end *other; /* NULL: destroyed */
    uint32_t rank;
    ambs_queue arrived; /* of packet */
    void *taken;        /* the packet last received */
} end;

static int local_send(ambs_transport *t, uint32_t rank, const void *frames, size_t length,
                      ambs_error *err)
{
    end *e = (end *)t;
    (void)rank;
    if (!e->other) return AMBS_OK;
    packet p = {.length = length, .bytes = ambs_memdup(frames, length, 1, err)};
    if (!p.bytes) return AMBS_E_NOMEM;
    int rc = ambs_queue_push(&e->other->arrived, &p, err);
    if (rc != AMBS_OK) free(p.bytes);
    return rc;
}

static int local_flush(ambs_transport *t, ambs_error *err)
{
    (void)t, (void)err;
    return AMBS_OK; /* it has arrived already */
}

static bool local_receive(ambs_transport *t, uint32_t *ret_rank, const void **ret_packet,
                          size_t *ret_length)
{
    end *e = (end *)t;
    packet p;
    if (!ambs_queue_pop(&e->arrived, &p)) return false;
    free(e->taken);
    e->taken = p.bytes;
    *ret_rank = e->rank;
    *ret_packet = p.bytes;
    *ret_length = p.length;
    return true;
}

static void local_forget(ambs_transport *t, uint32_t rank)
{
    (void)t, (void)rank; /* both ends live and die together */
}

static bool local_is_empty(const ambs_transport *t)
{
    (void)t;
    return true;
}

static void local_destroy(ambs_transport *t)
{
    end *e = (end *)t;
    packet p;
    while (ambs_queue_pop(&e->arrived, &p)) free(p.bytes);
    ambs_queue_fini(&e->arrived);
    free(e->taken);
    if (e->other) e->other->other = NULL;
    free(e);
}

static const ambs_transport_ops local_ops = {.send = local_send,
                                             .flush = local_flush,
                                             .receive = local_receive,
                                             .forget = local_forget,
                                             .is_empty = local_is_empty,
                                             .destroy = local_destroy};

int ambs_transport_local_create(uint32_t rank, ambs_transport **ret_a, ambs_transport **ret_b,
                                ambs_error *err)
{
    end *a = ambs_calloc(1, sizeof *a, err), *b = ambs_calloc(1, sizeof *b, err);
    if (!a || !b) {
        free(a);
        free(b);
        return AMBS_E_NOMEM;
    }
    *a = (end){
        .base = {&local_ops}, .other = b, .rank = rank, .arrived = {.item_size = sizeof(packet)}};
    *b = (end){
        .base = {&local_ops}, .other = a, .rank = rank, .arrived = {.item_size = sizeof(packet)}};
    *ret_a = &a->base;
    *ret_b = &b->base;
    return AMBS_OK;
}
