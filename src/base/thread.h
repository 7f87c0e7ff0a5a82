/* SPDX-License-Identifier: MIT */
/* Threads beside the main one, and waiting for them with a limit in time. */
#ifndef AMBS_BASE_THREAD_H
#define AMBS_BASE_THREAD_H

#include <pthread.h>
#include <stdbool.h>

/* Starts run(ctx) in a thread with all signals blocked: they are for the main thread, whose calls they
 * are to interrupt. 0, or the number of the error. */
int ambs_thread_start(pthread_t *ret_thread, void *(*run)(void *ctx), void *ctx);

/* By the monotonic clock, which no change of the date moves. pthread_cond_destroy() is due. */
void ambs_condition_init(pthread_cond_t *condition);
/* Waits with the mutex held, until the condition is signalled (or for no reason, as pthread_cond_wait),
 * or until a time of ambs_clock_monotonic_s(); false when that has come. INFINITY: without a limit. */
bool ambs_condition_wait(pthread_cond_t *condition, pthread_mutex_t *mutex, double until_s);

#endif
