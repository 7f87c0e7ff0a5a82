/* SPDX-License-Identifier: MIT */
/* The manager and its agents under a virtual clock: configurations that are evaluated more than once. */
#include "manager_fixture.h"

static void begin_repeated(uint32_t n)
{
    world_init(&w, 1);
    w.repeats = n;
    w.spec.repeats = (ambs_repeats){n, n, 0.95};
}

static void each_trial_is_evaluated_so_often(void **state)
{
    (void)state;
    begin_repeated(3);
    w.n_ranks = 5;
    w.delay_s = 0.3;
    w.duplicates = 0.2;
    w.spec.budget.trials = 60;
    world_begin(&w);
    finish(1000);
    assert_int_equal(status, AMBS_STATUS_DONE);
    assert_string_equal(text, "the budget of 60 evaluations is used up");
    assert_int_equal(w.table->n_complete, 20);
    assert_int_equal(w.table->n_evaluations, 60);
    for (uint64_t i = 0; i < 20; i++) {
        assert_int_equal(w.table->rows[i].n_evaluations, 3);
        assert_true(w.table->rows[i].objective == (double)i);
    }
    world_assert_exactly_once(&w);
    world_end(&w);
}

/* Rank 1 freezes with the first evaluation of a trial; another rank makes it, and the second one;
 * what rank 1 brings then counts for neither. */
static void a_late_result_does_not_pass_for_the_next_evaluation(void **state)
{
    (void)state;
    begin_repeated(4);
    w.duration = ten_s;
    w.spec.budget.trials = 8;
    world_begin(&w);
    assert_false(world_run(&w, 5));
    uint64_t trial = w.table->rows[0].rank == 1 ? 0 : 1;
    world_freeze(&w, 1, 86);
    assert_false(world_run(&w, 85));
    const ambs_trial_row *row = &w.table->rows[trial];
    assert_int_equal(row->state, AMBS_TRIAL_RUNNING);
    assert_true(row->n_asked > 1 && row->rank == 2);
    uint32_t attempts = row->n_attempts, told = w.told[trial];
    assert_false(world_run(&w, 86.5));
    assert_int_equal(row->state, AMBS_TRIAL_RUNNING);
    assert_int_equal(row->n_attempts, attempts);
    assert_int_equal(w.told[trial], told);
    finish(1000);
    assert_int_equal(w.table->n_complete, 2);
    world_assert_exactly_once(&w);
    world_end(&w);
}

static void a_dead_workers_evaluation_is_issued_again(void **state)
{
    (void)state;
    begin_repeated(3);
    w.duration = ten_s;
    w.spec.budget.trials = 12;
    world_begin(&w);
    assert_false(world_run(&w, 15));
    world_kill(&w, 1, true);
    finish(1000);
    assert_int_equal(status, AMBS_STATUS_DONE);
    assert_int_equal(w.table->n_results, 12);
    assert_int_equal(w.n_lost_records, 1);
    world_assert_exactly_once(&w);
    world_end(&w);
}

static void a_target_is_not_reached_by_one_evaluation(void **state)
{
    (void)state;
    begin_repeated(3);
    w.spec.budget.trials = 60;
    w.spec.target = 0; /* the first trial has it, from its first evaluation on */
    world_begin(&w);
    finish(1000);
    assert_string_equal(text, "the target was reached");
    assert_int_equal(w.table->rows[0].n_evaluations, 3);
    assert_true(w.table->n_results < 12);
    world_end(&w);
}

/* For three minutes nobody is heard, and the heartbeats wait to be read when it goes on. */
static void a_manager_that_was_stopped_calls_nobody_silent(void **state)
{
    (void)state;
    world_init(&w, 1);
    w.n_ranks = 9;
    w.duration = ten_s;
    w.delay_s = 0.1;
    w.spec.budget.trials = 300;
    world_begin(&w);
    for (int i = 0; i < 3; i++) {
        assert_false(world_run(&w, 15 + 250 * i));
        world_freeze_manager(&w, 15 + 250 * i + 180);
    }
    finish(3000);
    assert_int_equal(status, AMBS_STATUS_DONE);
    assert_int_equal(w.table->n_complete, 300);
    assert_int_equal(w.table->n_attempts, 300);
    assert_int_equal(world_count_workers(&w, AMBS_WORKER_SUSPECT), 0);
    world_end(&w);
}

/* It is told dead by then; but who is really gone is found out all the same. */
static void a_worker_that_dies_while_the_manager_is_stopped_is_missed(void **state)
{
    (void)state;
    world_init(&w, 1);
    w.duration = ten_s;
    w.spec.budget.trials = 40;
    world_begin(&w);
    assert_false(world_run(&w, 15));
    world_freeze_manager(&w, 150);
    assert_false(world_run(&w, 50));
    world_kill(&w, 1, false);
    finish(3000);
    assert_int_equal(w.table->n_complete, 40);
    assert_int_equal(world_count_workers(&w, AMBS_WORKER_SUSPECT), 1);
    world_end(&w);
}

/* Longer than manager.timeout: it comes back instead of leaving for the manager's silence. */
static void a_worker_that_was_stopped_for_long_comes_back(void **state)
{
    (void)state;
    world_init(&w, 1);
    w.duration = ten_s;
    w.spec.budget.trials = 200;
    world_begin(&w);
    assert_false(world_run(&w, 15));
    world_freeze(&w, 1, 500);
    finish(3000);
    assert_int_equal(w.table->n_complete, 200);
    assert_int_equal(world_count_workers(&w, AMBS_WORKER_REJOINED), 1);
    assert_int_equal(world_count_workers(&w, AMBS_WORKER_LEFT), 0);
    world_end(&w);
}

static void of_four_workers_the_last_one_finishes_the_study(void **state)
{
    (void)state;
    world_init(&w, 1);
    w.n_ranks = 5;
    w.spec.budget.trials = 60;
    world_begin(&w);
    for (uint32_t rank = 1; rank < 4; rank++) {
        assert_false(world_run(&w, 2.5 + 3 * rank));
        world_kill(&w, rank, rank % 2 == 1);
    }
    finish(1000);
    assert_int_equal(status, AMBS_STATUS_DONE);
    assert_int_equal(w.table->n_complete, 60);
    ambs_progress p;
    ambs_manager_progress(w.manager, world_time(&w), &p);
    assert_int_equal(p.n_workers, 1);
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_trial_is_evaluated_so_often),
        cmocka_unit_test(a_late_result_does_not_pass_for_the_next_evaluation),
        cmocka_unit_test(a_dead_workers_evaluation_is_issued_again),
        cmocka_unit_test(a_target_is_not_reached_by_one_evaluation),
        cmocka_unit_test(a_manager_that_was_stopped_calls_nobody_silent),
        cmocka_unit_test(a_worker_that_dies_while_the_manager_is_stopped_is_missed),
        cmocka_unit_test(a_worker_that_was_stopped_for_long_comes_back),
        cmocka_unit_test(of_four_workers_the_last_one_finishes_the_study),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("cluster/manager_repeats", tests, NULL, NULL);
}
