/* SPDX-License-Identifier: MIT */
#include "objective/clerk.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/thread.h"

typedef struct line { /* of jobs, oldest first */
    ambs_clerk_job *first, *last;
} line;

struct ambs_clerk {
    pthread_t thread;
    int news;     /* an eventfd: something is in `over` */
    size_t n_out; /* posted and not done; the loop's own */

    pthread_mutex_t lock; /* guards what follows; not held while a job is at work */
    pthread_cond_t changed;
    line posted, over;
    bool stop;
};

static void append(line *to, ambs_clerk_job *job)
{
    job->next = NULL;
    if (to->last)
        to->last->next = job;
    else
        to->first = job;
    to->last = job;
}

static ambs_clerk_job *take_first(line *from)
{
    ambs_clerk_job *job = from->first;
    if (!job) return NULL;
    from->first = job->next;
    if (!from->first) from->last = NULL;
    return job;
}

static void *work_off(void *ctx)
{
    const uint64_t one = 1;
    ambs_clerk *c = ctx;
    pthread_mutex_lock(&c->lock);
    for (;;) {
        ambs_clerk_job *job = take_first(&c->posted);
        if (!job && c->stop) break;
        if (!job) {
            pthread_cond_wait(&c->changed, &c->lock);
            continue;
        }
        pthread_mutex_unlock(&c->lock);
        job->work(job);
        pthread_mutex_lock(&c->lock);
        append(&c->over, job);
        pthread_cond_broadcast(&c->changed);
        if (write(c->news, &one, sizeof one) < 0) continue; /* full: it is readable already */
    }
    pthread_mutex_unlock(&c->lock);
    return NULL;
}

static void release(ambs_clerk *c)
{
    pthread_mutex_destroy(&c->lock);
    pthread_cond_destroy(&c->changed);
    if (c->news >= 0) close(c->news);
    free(c);
}

int ambs_clerk_start(ambs_clerk **ret_clerk, ambs_error *err)
{
    ambs_clerk *c = ambs_calloc(1, sizeof *c, err);
    if (!c) return AMBS_E_NOMEM;
    pthread_mutex_init(&c->lock, NULL);
    ambs_condition_init(&c->changed);
    c->news = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    int number = c->news < 0 ? errno : ambs_thread_start(&c->thread, work_off, c);
    if (number != 0) {
        release(c);
        return ambs_fail(err, AMBS_E_IO, "the thread for files can not start: %s",
                         strerror(number));
    }
    *ret_clerk = c;
    return AMBS_OK;
}

void ambs_clerk_post(ambs_clerk *c, ambs_clerk_job *job)
{
    c->n_out++;
    pthread_mutex_lock(&c->lock);
    append(&c->posted, job);
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->lock);
}

void ambs_clerk_turn(ambs_clerk *c)
{
    uint64_t ignored;
    while (read(c->news, &ignored, sizeof ignored) < 0 && errno == EINTR) continue;
    for (;;) {
        pthread_mutex_lock(&c->lock);
        ambs_clerk_job *job = take_first(&c->over);
        pthread_mutex_unlock(&c->lock);
        if (!job) return;
        c->n_out--;
        job->done(job);
    }
}

int ambs_clerk_fd(const ambs_clerk *c)
{
    return c->news;
}

/* Until something is over, or the monotonic time `until_s` has come. */
static void wait_for_one(ambs_clerk *c, double until_s)
{
    pthread_mutex_lock(&c->lock);
    while (!c->over.first && ambs_condition_wait(&c->changed, &c->lock, until_s)) continue;
    pthread_mutex_unlock(&c->lock);
}

bool ambs_clerk_stop(ambs_clerk *c, double limit_s)
{
    if (!c) return true;
    double until_s = ambs_clock_monotonic_s() + limit_s;
    for (ambs_clerk_turn(c); c->n_out > 0; ambs_clerk_turn(c)) {
        if (ambs_clock_monotonic_s() >= until_s) return false;
        wait_for_one(c, until_s);
    }
    pthread_mutex_lock(&c->lock);
    c->stop = true;
    pthread_cond_broadcast(&c->changed);
    pthread_mutex_unlock(&c->lock);
    pthread_join(c->thread, NULL);
    release(c);
    return true;
}
