/* SPDX-License-Identifier: MIT */
#include "study/lock_keeper.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/thread.h"

#define STALLED_S 1

struct ambs_keeper {
    ambs_lock *lock;
    double pause_s;
    pthread_t thread;
    pthread_mutex_t guard;
    pthread_cond_t changed;
    bool stop, ended;
    ambs_error lost; /* code 0: it is still ours */
};

/* A lock file that cannot be written now is tried again; the journal beside it says so. */
static void touch(ambs_keeper *k)
{
    ambs_error err = {0};
    pthread_mutex_unlock(&k->guard);
    int rc = ambs_lock_touch(k->lock, &err);
    pthread_mutex_lock(&k->guard);
    if (rc == AMBS_E_BUSY) k->lost = err;
}

static void *keep(void *ctx)
{
    ambs_keeper *k = ctx;
    pthread_mutex_lock(&k->guard);
    while (!k->stop && k->lost.code == AMBS_OK) {
        double until_s = ambs_clock_monotonic_s() + k->pause_s;
        while (!k->stop && ambs_condition_wait(&k->changed, &k->guard, until_s)) continue;
        if (!k->stop) touch(k);
    }
    k->ended = true;
    pthread_cond_broadcast(&k->changed);
    pthread_mutex_unlock(&k->guard);
    return NULL;
}

static void release(ambs_keeper *k)
{
    pthread_mutex_destroy(&k->guard);
    pthread_cond_destroy(&k->changed);
    free(k);
}

int ambs_keeper_start(ambs_lock *lock, double pause_s, ambs_keeper **ret_keeper, ambs_error *err)
{
    ambs_keeper *k = ambs_calloc(1, sizeof *k, err);
    if (!k) return AMBS_E_NOMEM;
    k->lock = lock;
    k->pause_s = pause_s;
    pthread_mutex_init(&k->guard, NULL);
    ambs_condition_init(&k->changed);
    int number = ambs_thread_start(&k->thread, keep, k);
    if (number != 0) {
        release(k);
        return ambs_fail(err, AMBS_E_IO, "the lock's thread can not start: %s", strerror(number));
    }
    *ret_keeper = k;
    return AMBS_OK;
}

int ambs_keeper_trouble(ambs_keeper *k, ambs_error *err)
{
    pthread_mutex_lock(&k->guard);
    int rc = k->lost.code;
    if (rc != AMBS_OK && err) *err = k->lost;
    pthread_mutex_unlock(&k->guard);
    return rc;
}

bool ambs_keeper_stop(ambs_keeper *k)
{
    if (!k) return true;
    double until_s = ambs_clock_monotonic_s() + STALLED_S;
    pthread_mutex_lock(&k->guard);
    k->stop = true;
    pthread_cond_broadcast(&k->changed);
    while (!k->ended && ambs_condition_wait(&k->changed, &k->guard, until_s)) continue;
    bool ended = k->ended;
    pthread_mutex_unlock(&k->guard);
    if (!ended) return false;
    pthread_join(k->thread, NULL);
    release(k);
    return true;
}
