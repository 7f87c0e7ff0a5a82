/* SPDX-License-Identifier: MIT */
#include "records.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "study/journal.h"

typedef struct fixture {
    char folder[64], study[128], lock[160];
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    snprintf(f->study, sizeof f->study, "%s/s.h5", make_folder(f->folder));
    snprintf(f->lock, sizeof f->lock, "%s.lock", f->study);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    remove_folder(f->folder);
    free(f);
    return 0;
}

static void a_released_lock_leaves_nothing(void **state)
{
    fixture *f = *state;
    ambs_lock *lock;
    char holder[128];
    bool alive = true;
    assert_int_equal(ambs_lock_holder(f->study, holder, sizeof holder, &alive, NULL), 0);
    assert_false(alive);
    assert_int_equal(ambs_lock_take(f->study, 0, NULL, &lock, NULL), 0);
    assert_int_equal(ambs_lock_touch(lock, NULL), 0);
    assert_int_equal(ambs_lock_holder(f->study, holder, sizeof holder, &alive, NULL), 0);
    assert_true(alive);
    char expected[64];
    snprintf(expected, sizeof expected, "process %ld", (long)getpid());
    assert_non_null(strstr(holder, expected));
    ambs_lock_release(lock);
    assert_int_equal(access(f->lock, F_OK), -1);
}

/* A child that holds the lock until it is killed. */
static pid_t hold(const fixture *f)
{
    int ready[2];
    char byte;
    assert_int_equal(pipe(ready), 0);
    pid_t child = fork();
    if (child == 0) {
        ambs_lock *lock;
        if (ambs_lock_take(f->study, 0, NULL, &lock, NULL) != 0 || write(ready[1], "x", 1) != 1)
            _exit(1);
        for (;;) pause();
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return child;
}

static void a_living_holder_is_named_and_a_killed_one_is_replaced(void **state)
{
    fixture *f = *state;
    pid_t child = hold(f);
    ambs_lock *lock;
    ambs_error err;
    char expected[64];
    snprintf(expected, sizeof expected, "process %ld on host", (long)child);
    assert_int_equal(ambs_lock_take(f->study, 0, NULL, &lock, &err), AMBS_E_BUSY);
    assert_non_null(strstr(err.text, expected));
    assert_non_null(strstr(err.text, " UTC; wait until it ends, or end it first"));
    kill(child, SIGKILL); /* a zombie now: it holds nothing */
    usleep(50000);
    assert_int_equal(ambs_lock_take(f->study, 0, NULL, &lock, &err), 0);
    waitpid(child, NULL, 0);
    ambs_lock_release(lock);
}

/* Rewrites one word of the lock file: as if another host or another process had written it. */
static void forge(const fixture *f, const char *key, const char *value)
{
    char block[1024], forged[1200];
    int fd = open(f->lock, O_RDWR);
    ssize_t n = read(fd, block, sizeof block - 1);
    assert_true(n > 0);
    block[n] = '\0';
    char *at = strstr(block, key);
    assert_non_null(at);
    at += strlen(key);
    size_t rest = strcspn(at, "\n");
    snprintf(forged, sizeof forged, "%.*s%s%s", (int)(at - block), block, value, at + rest);
    assert_true(pwrite(fd, forged, strlen(forged), 0) > 0);
    close(fd);
}

static void a_process_with_another_start_time_is_not_the_holder(void **state)
{
    fixture *f = *state;
    ambs_lock *first, *second;
    assert_int_equal(ambs_lock_take(f->study, 0, NULL, &first, NULL), 0);
    forge(f, "\nstart ", "1");
    assert_int_equal(ambs_lock_take(f->study, 0, NULL, &second, NULL), 0);
    assert_int_equal(ambs_lock_touch(first, NULL), AMBS_E_BUSY); /* it was taken from it */
    ambs_lock_release(first);                                    /* leaves the other's alone */
    assert_int_equal(ambs_lock_touch(second, NULL), 0);
    ambs_lock_release(second);
}

static void a_holder_elsewhere_is_watched_and_not_replaced_too_early(void **state)
{
    fixture *f = *state;
    ambs_lock *first, *second;
    ambs_error err;
    assert_int_equal(ambs_lock_take(f->study, 0, NULL, &first, NULL), 0);
    forge(f, "\nhost ", "elsewhere");
    assert_int_equal(ambs_lock_take(f->study, 0.1, NULL, &second, &err), AMBS_E_BUSY);
    assert_non_null(strstr(err.text, "host elsewhere"));
    assert_non_null(strstr(err.text, "120 s"));
    pid_t child = fork();
    if (child == 0) { /* the counter moves: it lives */
        usleep(200000);
        forge(f, "\ncounter ", "77");
        _exit(0);
    }
    assert_int_equal(ambs_lock_take(f->study, 3, NULL, &second, &err), AMBS_E_BUSY);
    assert_non_null(strstr(err.text, "it lives"));
    waitpid(child, NULL, 0);
    ambs_lock_release(first);
}

static void an_unreadable_lock_file_is_replaced(void **state)
{
    fixture *f = *state;
    ambs_lock *lock;
    int fd = open(f->lock, O_CREAT | O_WRONLY, 0600);
    assert_int_equal(write(fd, "garbage", 7), 7);
    close(fd);
    assert_int_equal(ambs_lock_take(f->study, 0, NULL, &lock, NULL), 0);
    ambs_lock_release(lock);
}

static void of_many_that_want_it_exactly_one_has_it(void **state)
{
    fixture *f = *state;
    enum { N = 12 };
    for (int round = 0; round < 5; round++) {
        int wins = 0, go[2];
        pid_t children[N];
        assert_int_equal(pipe(go), 0);
        for (int i = 0; i < N; i++)
            if ((children[i] = fork()) == 0) {
                char byte;
                ambs_lock *lock;
                close(go[1]);
                if (read(go[0], &byte, 1) != 0) _exit(3);
                int rc = ambs_lock_take(f->study, 0, NULL, &lock, NULL);
                usleep(300000); /* it lives while the others try */
                _exit(rc == 0 ? 0 : rc == AMBS_E_BUSY ? 1 : 2);
            }
        close(go[0]);
        close(go[1]);
        for (int i = 0; i < N; i++) {
            int status;
            waitpid(children[i], &status, 0);
            assert_true(WEXITSTATUS(status) <= 1);
            wins += WEXITSTATUS(status) == 0;
        }
        assert_int_equal(wins, 1);
    }
}

static void a_folder_that_is_not_there_is_a_located_error(void **state)
{
    (void)state;
    ambs_lock *lock;
    ambs_error err;
    assert_int_equal(ambs_lock_take("/proc/none/s.h5", 0, NULL, &lock, &err), AMBS_E_NOT_FOUND);
    assert_string_equal(err.text, "/proc/none/s.h5.lock: there is no such folder; make it first");
}

int main(void)
{
#define LOCK_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        LOCK_TEST(a_released_lock_leaves_nothing),
        LOCK_TEST(a_living_holder_is_named_and_a_killed_one_is_replaced),
        LOCK_TEST(a_process_with_another_start_time_is_not_the_holder),
        LOCK_TEST(a_holder_elsewhere_is_watched_and_not_replaced_too_early),
        LOCK_TEST(an_unreadable_lock_file_is_replaced),
        LOCK_TEST(of_many_that_want_it_exactly_one_has_it),
        LOCK_TEST(a_folder_that_is_not_there_is_a_located_error),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("study/lock", tests, NULL, NULL);
}
