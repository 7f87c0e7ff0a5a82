/* SPDX-License-Identifier: MIT */
/* The manager and its agents under a virtual clock: what a deadline lets begin, cuts and leaves. */
#include "manager_fixture.h"

static double thirty_s(world *world_, uint64_t trial, uint32_t attempt)
{
    (void)world_, (void)trial, (void)attempt;
    return 30;
}

static double first_six_thirty_s(world *world_, uint64_t trial, uint32_t attempt)
{
    (void)world_, (void)attempt;
    return trial < 6 ? 30 : 1000;
}

/* A saving of 5 s, 3 s on the way and two graces of 5 s before the end. */
static void before_a_deadline_the_study_drains_in_time(void **state)
{
    (void)state;
    world_init(&w, 1);
    w.duration = first_six_thirty_s;
    world_begin(&w);
    ambs_manager_deadline(w.manager, 200, world_time(&w));
    assert_false(world_run(&w, 100));
    ambs_manager_deadline(w.manager, 148, world_time(&w)); /* it was shortened */
    finish(200);
    assert_int_equal(status, AMBS_STATUS_STOPPED);
    assert_string_equal(text, "the deadline is near");
    assert_true(w.now_s >= 130 && w.now_s <= 143);
    assert_int_equal(w.table->n_complete, 6);
    assert_int_equal(w.n_checkpoints, 2);
    for (size_t i = 6; i < w.table->n_attempts; i++) {
        assert_int_equal(w.table->attempts[i].state, AMBS_TRIAL_CANCELLED);
        assert_int_equal(w.table->attempts[i].reason, AMBS_REASON_DEADLINE);
    }
    assert_true(w.table->n_waiting >= 2);
    world_end(&w);
}

static double last_two_forty_three_s(world *world_, uint64_t trial, uint32_t attempt)
{
    (void)world_, (void)attempt;
    return trial < 6 ? 30 : 43;
}

/* The last call is at 130 s, the last two trials end at 133 s: nothing is left for another life. */
static void a_study_that_ends_while_it_drains_has_ended(void **state)
{
    (void)state;
    world_init(&w, 1);
    w.duration = last_two_forty_three_s;
    w.spec.budget.trials = 8;
    world_begin(&w);
    ambs_manager_deadline(w.manager, 200, world_time(&w));
    assert_false(world_run(&w, 100));
    ambs_manager_deadline(w.manager, 148, world_time(&w));
    finish(200);
    assert_int_equal(w.table->n_complete, 8);
    assert_int_equal(status, AMBS_STATUS_DONE);
    assert_string_equal(text, "the budget of 8 trials is used up");
    world_end(&w);
}

/* Each waits for one that began at a multiple of 30 s: none is begun that would be cut. */
static void what_cannot_end_in_time_is_not_started(void **state)
{
    (void)state;
    world_init(&w, 1);
    w.duration = thirty_s;
    w.spec.budget.trials = 1000;
    world_begin(&w);
    ambs_manager_deadline(w.manager, 248, world_time(&w)); /* the last call is at 230 */
    finish(248);
    assert_int_equal(status, AMBS_STATUS_STOPPED);
    assert_string_equal(text, "the deadline is near: no further trial would end in time");
    assert_int_equal(w.table->n_complete, 14);
    assert_int_equal(w.table->n_attempts, 14); /* nothing was cut */
    assert_true(w.now_s >= 210 && w.now_s < 212);
    world_end(&w);
}

static double ten_or_hundred_s(world *world_, uint64_t trial, uint32_t attempt)
{
    (void)world_, (void)attempt;
    return trial % 3 == 0 ? 10 : 100;
}

static void a_shorter_trial_is_started_where_a_longer_one_would_be_cut(void **state)
{
    (void)state;
    world_init(&w, 1);
    w.n_slots = 4;
    w.forecasts = true;
    w.duration = ten_or_hundred_s;
    w.spec.budget.trials = 1000;
    world_begin(&w);
    ambs_manager_deadline(w.manager, 568, world_time(&w)); /* the last call is at 550 */
    finish(568);
    assert_int_equal(status, AMBS_STATUS_STOPPED);
    assert_int_equal(w.table->n_attempts, w.table->n_complete);
    uint64_t n_late = 0;
    for (size_t i = 0; i < w.table->n_attempts; i++)
        n_late += w.table->attempts[i].start_s > 1e9 + 450;
    assert_true(n_late >= 8); /* all of them short */
    assert_true(w.n_learned >= 30);
    assert_true(w.now_s > 500 && w.now_s <= 550);
    world_end(&w);
}

/* Rank 1 is free at 200 s, rank 2, which came 30 s later, still runs: then the deadline moves. */
static void with_more_time_what_was_too_long_is_started(void **state)
{
    (void)state;
    world_init(&w, 1);
    w.duration = hundred_s;
    w.join_s = late;
    w.spec.budget.trials = 20;
    world_begin(&w);
    ambs_manager_deadline(w.manager, 250, world_time(&w));
    assert_false(world_run(&w, 210));
    assert_int_equal(w.table->n_running, 1);
    ambs_manager_deadline(w.manager, 5000, world_time(&w));
    finish(5000);
    assert_int_equal(status, AMBS_STATUS_DONE);
    assert_int_equal(w.table->n_complete, 20);
    world_end(&w);
}

static void a_time_limit_per_trial_that_fits_settles_the_matter(void **state)
{
    (void)state;
    world_init(&w, 1);
    w.duration = thirty_s;
    w.spec.budget.trials = 1000;
    w.spec.trial.timeout_s = 10; /* of another kind of trial than those before */
    world_begin(&w);
    ambs_manager_deadline(w.manager, 248, world_time(&w));
    finish(248);
    assert_int_equal(w.table->n_complete, 14);
    assert_true(w.table->n_attempts > 14);
    world_end(&w);
}

static void a_deadline_that_is_over_or_unknown_does_no_harm(void **state)
{
    (void)state;
    world_init(&w, 1);
    world_begin(&w);
    ambs_manager_deadline(w.manager, -5, world_time(&w));
    finish(20);
    assert_int_equal(status, AMBS_STATUS_STOPPED);
    world_end(&w);
    world_init(&w, 1);
    world_begin(&w);
    ambs_manager_deadline(w.manager, NAN, world_time(&w));
    ambs_manager_deadline(w.manager, INFINITY, world_time(&w));
    finish(20);
    assert_int_equal(status, AMBS_STATUS_DONE);
    world_end(&w);
}

static void a_notice_of_seconds_ends_within_seconds(void **state)
{
    (void)state;
    ambs_error err;
    world_init(&w, 1);
    w.duration = thirty_s;
    world_begin(&w);
    assert_false(world_run(&w, 10));
    assert_int_equal(ambs_manager_notice(w.manager, true, "USR2", world_time(&w), &err), 0);
    finish(20);
    assert_true(w.now_s <= 12.1);
    assert_int_equal(status, AMBS_STATUS_STOPPED);
    assert_int_equal(w.n_checkpoints, 2);
    assert_int_equal(w.table->attempts[0].reason, AMBS_REASON_DEADLINE);
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(before_a_deadline_the_study_drains_in_time),
        cmocka_unit_test(a_study_that_ends_while_it_drains_has_ended),
        cmocka_unit_test(what_cannot_end_in_time_is_not_started),
        cmocka_unit_test(a_shorter_trial_is_started_where_a_longer_one_would_be_cut),
        cmocka_unit_test(with_more_time_what_was_too_long_is_started),
        cmocka_unit_test(a_time_limit_per_trial_that_fits_settles_the_matter),
        cmocka_unit_test(a_deadline_that_is_over_or_unknown_does_no_harm),
        cmocka_unit_test(a_notice_of_seconds_ends_within_seconds),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("cluster/manager_deadline", tests, NULL, NULL);
}
