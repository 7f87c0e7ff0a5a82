/* SPDX-License-Identifier: MIT */
#include "cli/outlet.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/thread.h"

enum { ROOM_TO_SAY = 4096 };

typedef struct piece {
    struct piece *next;
    int fd;
    size_t length;
    char bytes[];
} piece;

struct ambs_outlet {
    pthread_t thread;
    bool started;         /* with the first piece, so that what forks before has no threads */
    pthread_mutex_t lock; /* guards what follows and `started`; not held while writing */
    pthread_cond_t changed;
    piece *first, *last; /* to be written, oldest first */
    size_t bytes;        /* of those and the one that is being written */
    uint64_t dropped;
    bool stop;
};

/* A reader that is gone gets nothing more; the study goes on. */
static void write_all(int fd, const char *bytes, size_t length)
{
    while (length > 0) {
        ssize_t n = write(fd, bytes, length);
        if (n > 0) {
            bytes += n;
            length -= (size_t)n;
        } else if (n < 0 && errno == EAGAIN) {
            struct pollfd room = {.fd = fd, .events = POLLOUT};
            poll(&room, 1, 1000);
        } else if (n == 0 || errno != EINTR)
            return;
    }
}

static void *let_out(void *ctx)
{
    ambs_outlet *o = ctx;
    pthread_mutex_lock(&o->lock);
    while (o->first || !o->stop) {
        piece *p = o->first;
        if (!p) {
            pthread_cond_wait(&o->changed, &o->lock);
            continue;
        }
        o->first = p->next;
        if (!o->first) o->last = NULL;
        pthread_mutex_unlock(&o->lock);
        write_all(p->fd, p->bytes, p->length);
        pthread_mutex_lock(&o->lock);
        o->bytes -= p->length;
        free(p);
        pthread_cond_broadcast(&o->changed);
    }
    pthread_mutex_unlock(&o->lock);
    return NULL;
}

int ambs_outlet_create(ambs_outlet **ret_outlet, ambs_error *err)
{
    ambs_outlet *o = ambs_calloc(1, sizeof *o, err);
    if (!o) return AMBS_E_NOMEM;
    pthread_mutex_init(&o->lock, NULL);
    ambs_condition_init(&o->changed);
    *ret_outlet = o;
    return AMBS_OK;
}

static piece *new_piece(int fd, const char *text, size_t length)
{
    piece *p = malloc(sizeof *p + length);
    if (!p) return NULL;
    *p = (piece){.fd = fd, .length = length};
    memcpy(p->bytes, text, length);
    return p;
}

/* Where no thread can be had, as on a host that is full of them, that is what is to be said: at once then. */
static bool put(ambs_outlet *o, int fd, const char *text, size_t length, size_t limit)
{
    pthread_mutex_lock(&o->lock);
    o->started = o->started || ambs_thread_start(&o->thread, let_out, o) == 0;
    if (!o->started) {
        write_all(fd, text, length);
        pthread_mutex_unlock(&o->lock);
        return true;
    }
    bool room = o->bytes <= limit && length <= limit - o->bytes;
    piece *p = room ? new_piece(fd, text, length) : NULL;
    if (p) {
        if (o->last)
            o->last->next = p;
        else
            o->first = p;
        o->last = p;
        o->bytes += length;
        pthread_cond_broadcast(&o->changed);
    } else
        o->dropped++;
    pthread_mutex_unlock(&o->lock);
    return p != NULL;
}

bool ambs_outlet_put(ambs_outlet *o, int fd, const char *text, size_t length)
{
    return put(o, fd, text, length, AMBS_OUTLET_BYTES);
}

bool ambs_outlet_put_last(ambs_outlet *o, int fd, const char *text, size_t length)
{
    return put(o, fd, text, length, AMBS_OUTLET_BYTES + AMBS_OUTLET_LAST_BYTES);
}

uint64_t ambs_outlet_take_dropped(ambs_outlet *o)
{
    pthread_mutex_lock(&o->lock);
    uint64_t dropped = o->bytes + ROOM_TO_SAY <= AMBS_OUTLET_BYTES ? o->dropped : 0;
    o->dropped -= dropped;
    pthread_mutex_unlock(&o->lock);
    return dropped;
}

bool ambs_outlet_flush(ambs_outlet *o, double limit_s)
{
    double until_s = ambs_clock_monotonic_s() + limit_s;
    pthread_mutex_lock(&o->lock);
    while (o->bytes > 0 && ambs_condition_wait(&o->changed, &o->lock, until_s)) continue;
    bool all = o->bytes == 0;
    pthread_mutex_unlock(&o->lock);
    return all;
}

void ambs_outlet_destroy(ambs_outlet *o, double limit_s)
{
    if (!o || !ambs_outlet_flush(o, limit_s)) return;
    pthread_mutex_lock(&o->lock);
    o->stop = true;
    pthread_cond_broadcast(&o->changed);
    pthread_mutex_unlock(&o->lock);
    if (o->started) pthread_join(o->thread, NULL);
    pthread_mutex_destroy(&o->lock);
    pthread_cond_destroy(&o->changed);
    free(o);
}
