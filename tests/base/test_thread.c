/* SPDX-License-Identifier: MIT */
#include "check.h"

#include <signal.h>

#include "base/clock.h"
#include "base/thread.h"

static void *look_at_signals(void *ctx)
{
    pthread_sigmask(SIG_SETMASK, NULL, ctx);
    return NULL;
}

static void signals_are_for_the_main_thread(void **state)
{
    (void)state;
    static const int asked[] = {SIGTERM, SIGINT, SIGUSR1, SIGUSR2, SIGCHLD};
    pthread_t thread;
    sigset_t in_thread, here;
    assert_int_equal(ambs_thread_start(&thread, look_at_signals, &in_thread), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    pthread_sigmask(SIG_SETMASK, NULL, &here);
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        assert_int_equal(sigismember(&in_thread, asked[i]), 1);
        assert_int_equal(sigismember(&here, asked[i]), 0);
    }
}

typedef struct meeting {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool came;
} meeting;

static void *come(void *ctx)
{
    meeting *m = ctx;
    ambs_clock_sleep_s(0.02);
    pthread_mutex_lock(&m->mutex);
    m->came = true;
    pthread_cond_broadcast(&m->changed);
    pthread_mutex_unlock(&m->mutex);
    return NULL;
}

static void a_wait_ends_by_its_condition_or_its_time(void **state)
{
    (void)state;
    meeting m = {.mutex = PTHREAD_MUTEX_INITIALIZER};
    pthread_t thread;
    ambs_condition_init(&m.changed);
    pthread_mutex_lock(&m.mutex);
    double begin = ambs_clock_monotonic_s();
    assert_false(ambs_condition_wait(&m.changed, &m.mutex, begin - 1)); /* it has come already */
    while (ambs_condition_wait(&m.changed, &m.mutex, begin + 0.03)) continue;
    assert_true(ambs_clock_monotonic_s() >= begin + 0.03);
    assert_int_equal(ambs_thread_start(&thread, come, &m), 0);
    while (!m.came) assert_true(ambs_condition_wait(&m.changed, &m.mutex, INFINITY));
    pthread_mutex_unlock(&m.mutex);
    assert_int_equal(pthread_join(thread, NULL), 0);
    pthread_cond_destroy(&m.changed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signals_are_for_the_main_thread),
        cmocka_unit_test(a_wait_ends_by_its_condition_or_its_time),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("thread", tests, NULL, NULL);
}
