/* SPDX-License-Identifier: MIT */
#include "base/thread.h"

#include <errno.h>
#include <signal.h>
#include <time.h>

#define NEVER_S 1e9 /* decades: what lies beyond fits no timespec on every machine */

int ambs_thread_start(pthread_t *ret_thread, void *(*run)(void *ctx), void *ctx)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int number = pthread_create(ret_thread, NULL, run, ctx);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return number;
}

void ambs_condition_init(pthread_cond_t *condition)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

bool ambs_condition_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, double until_s)
{
    if (until_s > NEVER_S) {
        pthread_cond_wait(condition, mutex);
        return true;
    }
    time_t whole = (time_t)until_s;
    const struct timespec until = {whole, (long)((until_s - (double)whole) * 1e9)};
    return pthread_cond_timedwait(condition, mutex, &until) != ETIMEDOUT;
}
