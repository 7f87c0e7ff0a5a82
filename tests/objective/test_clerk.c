/* SPDX-License-Identifier: MIT */
/* What is handed to the clerk is done in order and elsewhere; what does not answer holds up nobody. A
 * FIFO without a writer stands for a file system that does not answer: opening it waits. */
#include "running.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "objective/clerk.h"

typedef struct note {
    ambs_clerk_job job; /* first */
    int waits_for;      /* a descriptor to read from; -1: nothing */
    int *log, *n_log, number, again;
    pthread_t worked_by;
} note;

static void work(ambs_clerk_job *job)
{
    note *n = (note *)job;
    char byte;
    n->worked_by = pthread_self();
    if (n->waits_for >= 0) assert_int_equal(read(n->waits_for, &byte, 1), 1);
}

static ambs_clerk *clerk;

static void done(ambs_clerk_job *job)
{
    note *n = (note *)job;
    n->log[(*n->n_log)++] = n->number;
    if (n->again-- > 0) ambs_clerk_post(clerk, job);
}

static note new_note(int number, int *log, int *n_log)
{
    return (note){.job = {.work = work, .done = done},
                  .waits_for = -1,
                  .log = log,
                  .n_log = n_log,
                  .number = number};
}

static void a_clerk_that_has_nothing_to_do_ends(void **state)
{
    (void)state;
    ambs_error err;
    assert_true(ambs_clerk_stop(NULL, 0));
    assert_int_equal(ambs_clerk_start(&clerk, &err), AMBS_OK);
    ambs_clerk_turn(clerk);
    assert_true(ambs_clerk_stop(clerk, 0));
}

static void jobs_are_done_in_order_and_elsewhere(void **state)
{
    (void)state;
    ambs_error err;
    note notes[3];
    int log[8], n_log = 0;
    assert_int_equal(ambs_clerk_start(&clerk, &err), AMBS_OK);
    for (int i = 0; i < 3; i++) {
        notes[i] = new_note(i, log, &n_log);
        ambs_clerk_post(clerk, &notes[i].job);
    }
    while (n_log < 3) {
        struct pollfd fd = {.fd = ambs_clerk_fd(clerk), .events = POLLIN};
        assert_int_equal(poll(&fd, 1, 10000), 1);
        ambs_clerk_turn(clerk);
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(log[i], i);
        assert_false(pthread_equal(notes[i].worked_by, pthread_self()));
    }
    assert_true(ambs_clerk_stop(clerk, 1));
}

static void stopping_waits_for_all_and_for_what_follows(void **state)
{
    (void)state;
    ambs_error err;
    int log[8], n_log = 0;
    note n = new_note(5, log, &n_log);
    n.again = 2;
    assert_int_equal(ambs_clerk_start(&clerk, &err), AMBS_OK);
    ambs_clerk_post(clerk, &n.job);
    assert_true(ambs_clerk_stop(clerk, 10));
    assert_int_equal(n_log, 3);
}

static void stopping_gives_up_on_what_does_not_answer(void **state)
{
    (void)state;
    ambs_error err;
    int log[8], n_log = 0, ends[2];
    note n = new_note(1, log, &n_log);
    assert_int_equal(pipe(ends), 0);
    n.waits_for = ends[0];
    assert_int_equal(ambs_clerk_start(&clerk, &err), AMBS_OK);
    ambs_clerk_post(clerk, &n.job);
    assert_false(ambs_clerk_stop(clerk, 0.05));
    assert_int_equal(n_log, 0);
    assert_int_equal(write(ends[1], "x", 1), 1); /* it answers after all */
    assert_true(ambs_clerk_stop(clerk, 10));
    assert_int_equal(n_log, 1);
    close(ends[0]);
    close(ends[1]);
}

/* ---- in the runner ---- */

typedef struct stalled {
    running t;
    char folder[64], template[96];
} stalled;

/* A study whose template is a file that does not answer: the first attempt waits for it. */
static void begin_stalled(stalled *s)
{
    char text[512];
    strcpy(s->folder, "/tmp/ambs-test-XXXXXX");
    assert_non_null(mkdtemp(s->folder));
    snprintf(s->template, sizeof s->template, "%s/deck.in.t", s->folder);
    FILE *file = fopen(s->template, "w");
    assert_non_null(file);
    fclose(file);
    snprintf(text, sizeof text,
             "objective: {command: [sh, -c, 'cat deck.in'], template: %s}\n"
             "parameters: {a: {min: 0.0, max: 1.0}}\ntrial: {scratch: %s/scratch}\n",
             s->template, s->folder);
    running_begin(&s->t, text, 1);
    assert_int_equal(unlink(s->template), 0);
    assert_int_equal(mkfifo(s->template, 0600), 0);
    running_start(&s->t, 0, 4);
    double began_s = ambs_clock_monotonic_s();
    ambs_run_event e;
    for (int i = 0; i < 20; i++) {
        assert_false(ambs_runner_poll(s->t.runner, &e));
        ambs_clock_sleep_s(0.005);
    }
    assert_true(ambs_clock_monotonic_s() - began_s < 5);
    assert_int_equal(ambs_runner_busy(s->t.runner), 1);
}

/* Whoever waits reads this, and so does everyone from then on, without waiting. */
static void answer(const stalled *s, const char *text)
{
    int waiting = open(s->template, O_WRONLY);
    assert_true(waiting >= 0);
    assert_int_equal(unlink(s->template), 0);
    FILE *file = fopen(s->template, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    assert_int_equal(write(waiting, text, strlen(text)), (ssize_t)strlen(text));
    close(waiting);
}

static void end_stalled(stalled *s)
{
    char path[128];
    running_end(&s->t);
    snprintf(path, sizeof path, "%s/scratch", s->folder);
    assert_int_equal(rmdir(path), 0); /* nothing is left in it */
    unlink(s->template);
    assert_int_equal(rmdir(s->folder), 0);
}

static void an_attempt_begins_once_its_files_are_there(void **state)
{
    (void)state;
    stalled s;
    begin_stalled(&s);
    answer(&s, "42\n");
    ambs_outcome o = running_wait(&s.t, AMBS_CONTINUE).outcome;
    assert_ended(o, AMBS_TRIAL_COMPLETE, AMBS_REASON_NONE, 0);
    assert_true(o.objective == 42);
    end_stalled(&s);
}

static void an_attempt_that_waits_for_files_can_be_cancelled(void **state)
{
    (void)state;
    stalled s;
    begin_stalled(&s);
    ambs_runner_cancel(s.t.runner, 0, false);
    ambs_run_event e;
    assert_true(ambs_runner_poll(s.t.runner, &e));
    assert_int_equal(e.kind, AMBS_RUN_ENDED);
    assert_ended(e.outcome, AMBS_TRIAL_CANCELLED, AMBS_REASON_CANCELLED, 0);
    assert_int_equal(ambs_runner_room(s.t.runner, 0), 1);
    running_start(&s.t, 0, 5); /* the next one waits behind it */
    assert_false(ambs_runner_poll(s.t.runner, &e));
    answer(&s, "7\n");
    e = running_wait(&s.t, AMBS_CONTINUE);
    assert_int_equal(e.trial, 5);
    assert_true(e.outcome.objective == 7);
    end_stalled(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clerk_that_has_nothing_to_do_ends),
        cmocka_unit_test(jobs_are_done_in_order_and_elsewhere),
        cmocka_unit_test(stopping_waits_for_all_and_for_what_follows),
        cmocka_unit_test(stopping_gives_up_on_what_does_not_answer),
        cmocka_unit_test(an_attempt_begins_once_its_files_are_there),
        cmocka_unit_test(an_attempt_that_waits_for_files_can_be_cancelled),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("clerk", tests, NULL, NULL);
}
