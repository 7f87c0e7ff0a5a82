/* SPDX-License-Identifier: MIT */
/* Packets over MPI point-to-point.
 *
 * Receiving: a ring of posted receives. MPI matches messages of one sender with receives in the
 * order in which they were posted, so testing only the oldest keeps the order, and the others take
 * what arrives meanwhile. Sending: one open packet per rank gathers frames; flush() posts it.
 * Packets on their way are in one list; a send to a dead rank may stay there for ever, and nothing
 * waits for it. */
#include "cluster/transport_mpi.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cluster/protocol.h"
#include "cluster/queue.h"

enum { TAG = 1, RECEIVES_MANAGER = 64, RECEIVES_AGENT = 4 };

typedef struct packet {
    MPI_Request request;
    uint32_t rank;
    size_t length;
    struct packet *next; /* among those on their way, or free ones */
    char bytes[AMBS_FRAME_SIZE];
} packet;

typedef struct mpi {
    ambs_transport base;
    MPI_Comm comm;
    uint32_t n_ranks;
    int source;
    bool someone_died;
    bool *dead;         /* [n_ranks] */
    packet **open;      /* [n_ranks], NULL: none */
    ambs_roster unsent; /* ranks with an open packet */
    packet *flying, **flying_end, *spare;
    uint32_t n_receives, oldest;
    MPI_Request *requests; /* [n_receives] */
    char *buffers;         /* [n_receives, AMBS_FRAME_SIZE] */
    char taken[AMBS_FRAME_SIZE];
} mpi;

static int post_receive(mpi *t, uint32_t i)
{
    return MPI_Irecv(t->buffers + (size_t)i * AMBS_FRAME_SIZE, AMBS_FRAME_SIZE, MPI_BYTE, t->source,
                     TAG, t->comm, &t->requests[i]);
}

/* --- sending --------------------------------------------------------------------------------- */

static void post_packet(mpi *t, uint32_t rank)
{
    packet *p = t->open[rank];
    t->open[rank] = NULL;
    ambs_roster_remove(&t->unsent, rank);
    p->rank = rank;
    p->next = NULL;
    if (t->dead[rank] || MPI_Isend(p->bytes, (int)p->length, MPI_BYTE, (int)rank, TAG, t->comm,
                                   &p->request) != MPI_SUCCESS) {
        p->next = t->spare;
        t->spare = p;
        return;
    }
    *t->flying_end = p;
    t->flying_end = &p->next;
}

static packet *new_packet(mpi *t, ambs_error *err)
{
    packet *p = t->spare;
    if (p)
        t->spare = p->next;
    else
        p = ambs_calloc(1, sizeof *p, err);
    if (p) p->length = 0;
    return p;
}

static int add_frame(mpi *t, uint32_t rank, const char *frame, size_t length, ambs_error *err)
{
    packet *p = t->open[rank];
    if (p && p->length + length > AMBS_FRAME_SIZE) {
        post_packet(t, rank);
        p = NULL;
    }
    if (!p) {
        p = t->open[rank] = new_packet(t, err);
        if (!p) return AMBS_E_NOMEM;
        ambs_roster_push(&t->unsent, rank);
    }
    memcpy(p->bytes + p->length, frame, length);
    p->length += length;
    return AMBS_OK;
}

static int mpi_send(ambs_transport *base, uint32_t rank, const void *frames, size_t length,
                    ambs_error *err)
{
    mpi *t = (mpi *)base;
    if (rank >= t->n_ranks || t->dead[rank]) return AMBS_OK;
    const char *at = frames;
    while (length > 0) {
        size_t n = ambs_frame_length(at, length);
        if (n == 0) return ambs_fail(err, AMBS_E_FORMAT, "a frame to be sent is damaged");
        int rc = add_frame(t, rank, at, n, err);
        if (rc != AMBS_OK) return rc;
        at += n;
        length -= n;
    }
    return AMBS_OK;
}

/* Packets that have left become spare. */
static void sweep(mpi *t)
{
    packet **at = &t->flying;
    while (*at) {
        packet *p = *at;
        int done = 0;
        if (!t->dead[p->rank]) MPI_Test(&p->request, &done, MPI_STATUS_IGNORE);
        if (!done) {
            at = &p->next;
            continue;
        }
        *at = p->next;
        p->next = t->spare;
        t->spare = p;
    }
    t->flying_end = at;
}

static int mpi_flush(ambs_transport *base, ambs_error *err)
{
    (void)err;
    mpi *t = (mpi *)base;
    uint32_t rank;
    while ((rank = ambs_roster_first(&t->unsent)) != AMBS_ROSTER_NONE) post_packet(t, rank);
    if (t->flying) sweep(t);
    return AMBS_OK;
}

static bool mpi_is_empty(const ambs_transport *base)
{
    const mpi *t = (const mpi *)base;
    if (t->unsent.n > 0) return false;
    for (const packet *p = t->flying; p; p = p->next)
        if (!t->dead[p->rank]) return false;
    return true;
}

/* --- receiving ------------------------------------------------------------------------------- */

static bool mpi_receive(ambs_transport *base, uint32_t *ret_rank, const void **ret_packet,
                        size_t *ret_length)
{
    mpi *t = (mpi *)base;
    int done = 0, length = 0;
    MPI_Status status;
    if (MPI_Test(&t->requests[t->oldest], &done, &status) != MPI_SUCCESS || !done) return false;
    MPI_Get_count(&status, MPI_BYTE, &length);
    memcpy(t->taken, t->buffers + (size_t)t->oldest * AMBS_FRAME_SIZE, (size_t)length);
    post_receive(t, t->oldest);
    t->oldest = (t->oldest + 1) % t->n_receives;
    *ret_rank = (uint32_t)status.MPI_SOURCE;
    *ret_packet = t->taken;
    *ret_length = (size_t)length;
    return true;
}

/* --- life ------------------------------------------------------------------------------------ */

static void mpi_forget(ambs_transport *base, uint32_t rank)
{
    mpi *t = (mpi *)base;
    t->dead[rank] = t->someone_died = true;
}

/* Requests must end before MPI does; with a dead rank about, MPI is not finalized and they are
 * left. */
static void end_requests(mpi *t)
{
    for (uint32_t i = 0; i < t->n_receives && t->requests; i++) {
        MPI_Cancel(&t->requests[i]);
        MPI_Wait(&t->requests[i], MPI_STATUS_IGNORE);
    }
    for (packet *p = t->flying; p; p = p->next) MPI_Wait(&p->request, MPI_STATUS_IGNORE);
    MPI_Comm_free(&t->comm);
}

static void free_packets(packet *p)
{
    while (p) {
        packet *next = p->next;
        free(p);
        p = next;
    }
}

static void mpi_destroy(ambs_transport *base)
{
    mpi *t = (mpi *)base;
    if (t->someone_died)
        return; /* MPI may still write into the buffers: they end with the process */
    end_requests(t);
    for (uint32_t r = 0; r < t->n_ranks; r++) free(t->open[r]);
    free_packets(t->flying);
    free_packets(t->spare);
    ambs_roster_fini(&t->unsent);
    free(t->requests);
    free(t->buffers);
    free(t->open);
    free(t->dead);
    free(t);
}

static const ambs_transport_ops mpi_ops = {.send = mpi_send,
                                           .flush = mpi_flush,
                                           .receive = mpi_receive,
                                           .forget = mpi_forget,
                                           .is_empty = mpi_is_empty,
                                           .destroy = mpi_destroy};

static int set_up(mpi *t, ambs_error *err)
{
    t->dead = ambs_calloc(t->n_ranks, sizeof *t->dead, err);
    t->open = ambs_calloc(t->n_ranks, sizeof *t->open, err);
    t->requests = ambs_calloc(t->n_receives, sizeof *t->requests, err);
    t->buffers = ambs_calloc(t->n_receives, AMBS_FRAME_SIZE, err);
    if (!t->dead || !t->open || !t->requests || !t->buffers) return AMBS_E_NOMEM;
    return ambs_roster_reserve(&t->unsent, t->n_ranks, err);
}

int ambs_transport_mpi_create(MPI_Comm comm, ambs_transport **ret_transport, ambs_error *err)
{
    mpi *t = ambs_calloc(1, sizeof *t, err);
    if (!t) return AMBS_E_NOMEM;
    int rank, size;
    MPI_Comm_rank(comm, &rank);
    MPI_Comm_size(comm, &size);
    t->base.ops = &mpi_ops;
    t->n_ranks = (uint32_t)size;
    t->source = rank == 0 ? MPI_ANY_SOURCE : 0;
    t->n_receives = rank == 0 ? RECEIVES_MANAGER : RECEIVES_AGENT;
    t->flying_end = &t->flying;
    int rc = set_up(t, err);
    if (rc == AMBS_OK && MPI_Comm_dup(comm, &t->comm) != MPI_SUCCESS)
        rc = ambs_fail(err, AMBS_E_IO, "MPI could not duplicate the communicator");
    if (rc != AMBS_OK) return rc; /* the program ends: a rank without transport has no study */
    MPI_Comm_set_errhandler(t->comm, MPI_ERRORS_RETURN);
    for (uint32_t i = 0; i < t->n_receives; i++) post_receive(t, i);
    *ret_transport = &t->base;
    return AMBS_OK;
}
