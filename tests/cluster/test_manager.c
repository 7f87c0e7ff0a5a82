/* SPDX-License-Identifier: MIT */
/* The manager and its agents under a virtual clock: studies of all sizes, their ends, what is written. */
#include "manager_fixture.h"

/* --- degenerate ------------------------------------------------------------------------------ */

static void one_rank_does_everything(void **state)
{
    (void)state;
    world_init(&w, 1);
    w.n_ranks = 1;
    world_begin(&w);
    finish(100);
    assert_int_equal(status, AMBS_STATUS_DONE);
    assert_string_equal(text, "the budget of 10 trials is used up");
    assert_int_equal(w.table->n_complete, 10);
    assert_true(w.now_s >= 10 && w.now_s < 10.5);
    world_end(&w);
}

static double no_time(world *world_, uint64_t trial, uint32_t attempt)
{
    (void)world_, (void)trial, (void)attempt;
    return 0;
}

static void trials_of_no_length_work(void **state)
{
    (void)state;
    world_init(&w, 1);
    w.duration = no_time;
    w.spec.budget.trials = 1000;
    world_begin(&w);
    finish(1);
    assert_int_equal(w.table->n_complete, 1000);
    world_end(&w);
}

static void more_slots_than_trials_work(void **state)
{
    (void)state;
    world_init(&w, 1);
    w.n_slots = 50;
    w.spec.budget.trials = 3;
    world_begin(&w);
    finish(10);
    assert_int_equal(w.table->n_complete, 3);
    assert_int_equal(w.n_proposed, 3);
    world_end(&w);
}

static void a_budget_of_one_trial_is_one_trial(void **state)
{
    (void)state;
    world_init(&w, 1);
    w.spec.budget.trials = 1;
    world_begin(&w);
    finish(10);
    assert_int_equal(w.table->n, 1);
    world_end(&w);
}

static void a_loop_that_is_late_makes_no_proposals_ahead(void **state)
{
    (void)state;
    world_init(&w, 1);
    w.n_ranks = 3;
    w.turn_lag_s = 0.05;
    w.spec.budget.trials = 200;
    world_begin(&w);
    finish(200);
    for (uint64_t id = 0; id < w.table->n; id++)
        assert_true(id <= w.table->rows[id].n_inputs + 4); /* two run, one is ready, one is late */
    world_end(&w);
}

static void a_rank_that_joins_late_gets_its_share(void **state)
{
    (void)state;
    world_init(&w, 1);
    w.join_s = late;
    w.spec.budget.trials = 100;
    world_begin(&w);
    finish(200);
    assert_true(w.now_s > 64 && w.now_s < 67); /* 30 by one, then 70 by two */
    world_end(&w);
}

/* --- ends ------------------------------------------------------------------------------------ */

static void an_exhausted_space_ends_the_study_well(void **state)
{
    (void)state;
    world_init(&w, 1);
    w.model_limit = 7;
    w.spec.budget.trials = 0;
    world_begin(&w);
    finish(100);
    assert_int_equal(status, AMBS_STATUS_DONE);
    assert_string_equal(text, "every one was tried");
    assert_int_equal(w.table->n_complete, 7);
    world_end(&w);
}

static void the_target_ends_the_study_and_cancels_what_waits(void **state)
{
    (void)state;
    world_init(&w, 1);
    w.spec.budget.trials = 0;
    w.spec.goal = AMBS_MAXIMIZE;
    w.spec.target = 20;
    world_begin(&w);
    finish(100);
    assert_int_equal(status, AMBS_STATUS_DONE);
    assert_true(w.table->rows[w.table->greatest].objective >= 20);
    assert_int_equal(w.table->n_waiting, 0);
    world_end(&w);
}

static void the_time_budget_counts_earlier_lives(void **state)
{
    (void)state;
    world_init(&w, 1);
    w.spec.budget = (ambs_budget){.time_s = 50};
    world_begin(&w);
    finish(100);
    assert_int_equal(status, AMBS_STATUS_DONE);
    assert_true(w.now_s >= 50 && w.now_s < 52);
    world_end(&w);
}

static double always_fails(world *world_, uint64_t trial)
{
    (void)world_, (void)trial;
    return NAN;
}

static void too_many_failures_end_the_study(void **state)
{
    (void)state;
    world_init(&w, 1);
    w.objective = always_fails;
    w.spec.budget = (ambs_budget){.trials = 100, .time_s = NAN, .failures_in_row = 5};
    world_begin(&w);
    finish(100);
    assert_int_equal(status, AMBS_STATUS_FAILURES);
    assert_int_equal(w.table->rows[0].reason, AMBS_REASON_NOT_A_NUMBER);
    assert_true(w.table->n_failed >= 5 && w.table->n_failed <= 6);
    world_end(&w);
    world_init(&w, 1);
    w.objective = always_fails;
    w.spec.budget = (ambs_budget){.trials = 100, .time_s = NAN, .failures_total = 3};
    world_begin(&w);
    finish(100);
    assert_int_equal(status, AMBS_STATUS_FAILURES);
    world_end(&w);
}

static double long_time(world *world_, uint64_t trial, uint32_t attempt)
{
    (void)world_, (void)attempt;
    return trial < 2 ? 3 : 1000;
}

static void a_drain_gives_the_grace_and_leaves_the_rest_waiting(void **state)
{
    (void)state;
    ambs_error err;
    world_init(&w, 1);
    w.duration = long_time;
    world_begin(&w);
    assert_false(world_run(&w, 1));
    assert_int_equal(ambs_manager_drain(w.manager, AMBS_STATUS_STOPPED, false, "interrupted",
                                        world_time(&w), &err),
                     0);
    finish(100);
    assert_int_equal(status, AMBS_STATUS_STOPPED);
    assert_int_equal(w.table->n_complete, 2); /* they ended within the grace */
    assert_int_equal(w.table->n_running, 0);
    world_end(&w);
    world_init(&w, 1);
    w.duration = long_time;
    world_begin(&w);
    assert_false(world_run(&w, 5));
    ambs_manager_drain(w.manager, AMBS_STATUS_STOPPED, false, "interrupted", world_time(&w), &err);
    finish(100);
    assert_true(w.now_s > 9.9 && w.now_s < 11); /* 5 s of grace */
    assert_int_equal(w.table->n_complete, 2);
    assert_true(w.table->n_waiting >= 2);
    world_end(&w);
}

static void a_second_request_stops_at_once(void **state)
{
    (void)state;
    ambs_error err;
    world_init(&w, 1);
    w.duration = long_time;
    world_begin(&w);
    assert_false(world_run(&w, 5));
    ambs_manager_drain(w.manager, AMBS_STATUS_STOPPED, false, "interrupted", world_time(&w), &err);
    assert_false(world_run(&w, 6));
    ambs_manager_drain(w.manager, AMBS_STATUS_STOPPED, true, "interrupted again", world_time(&w),
                       &err);
    finish(7);
    assert_string_equal(text, "interrupted");
    world_end(&w);
}

/* --- journal --------------------------------------------------------------------------------- */

static void a_full_disk_pauses_hand_outs_and_the_study_goes_on(void **state)
{
    (void)state;
    world_init(&w, 1);
    world_begin(&w);
    assert_false(world_run(&w, 2.5));
    w.disk_full = true;
    assert_false(world_run(&w, 500)); /* agents stay although nothing is handed out */
    ambs_progress p;
    ambs_manager_progress(w.manager, world_time(&w), &p);
    assert_string_equal(p.trouble, "No space left on device");
    /* What was handed out in the turn of the failed write is held back with its record. */
    assert_true(w.table->n_running <= 2 && w.table->n_complete <= 6);
    for (uint32_t rank = 1; rank < 3; rank++)
        assert_int_equal(ambs_agent_busy(w.agents[rank].agent), 0);
    w.disk_full = false;
    finish(600);
    assert_int_equal(w.table->n_complete, 10);
    assert_int_equal(status, AMBS_STATUS_DONE);
    assert_true(w.n_events >= 1);
    world_end(&w);
}

/* Nothing can be written for two minutes: what runs goes on, heartbeats too, and nobody is lost. */
static void a_file_system_that_stalls_costs_only_time(void **state)
{
    (void)state;
    world_init(&w, 1);
    w.duration = ten_s;
    w.spec.budget.trials = 40;
    world_begin(&w);
    assert_false(world_run(&w, 35));
    w.disk_full = true;
    assert_false(world_run(&w, 155));
    w.disk_full = false;
    finish(1000);
    assert_int_equal(status, AMBS_STATUS_DONE);
    assert_int_equal(w.table->n_complete, 40);
    assert_int_equal(w.table->n_attempts, 40);
    assert_true(w.now_s < 120 + 200 + 25);
    assert_int_equal(world_count_workers(&w, AMBS_WORKER_SUSPECT), 0);
    world_end(&w);
}

static void a_slow_disk_does_not_hold_trials_up(void **state)
{
    (void)state;
    world_init(&w, 1);
    w.durable_lag_s = 3;
    w.spec.budget.trials = 20;
    world_begin(&w);
    finish(100);
    assert_true(w.now_s < 10.5 + 3);
    world_end(&w);
}

static void nothing_is_handed_out_before_its_record_is_written(void **state)
{
    (void)state;
    world_init(&w, 1);
    w.write_lag_s = 3;
    w.spec.budget.trials = 4;
    world_begin(&w);
    assert_false(world_run(&w, 2.9));
    assert_int_equal(w.table->n_running, 2); /* by the records, which nobody could read back */
    for (uint32_t rank = 1; rank < 3; rank++)
        assert_int_equal(ambs_agent_busy(w.agents[rank].agent), 0);
    finish(100);
    assert_int_equal(w.table->n_complete, 4);
    assert_int_equal(w.table->n_attempts, 4);
    assert_int_equal(world_count_workers(&w, AMBS_WORKER_SUSPECT), 0);
    world_end(&w);
}

static void with_durability_result_the_slot_waits_for_the_disk(void **state)
{
    (void)state;
    world_init(&w, 1);
    w.durable_lag_s = 3;
    w.spec.budget.trials = 20;
    w.spec.durability = AMBS_DURABILITY_RESULT;
    world_begin(&w);
    finish(100);
    assert_true(w.now_s >= 39.9 && w.now_s < 41);
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_rank_does_everything),
        cmocka_unit_test(trials_of_no_length_work),
        cmocka_unit_test(more_slots_than_trials_work),
        cmocka_unit_test(a_budget_of_one_trial_is_one_trial),
        cmocka_unit_test(a_loop_that_is_late_makes_no_proposals_ahead),
        cmocka_unit_test(a_rank_that_joins_late_gets_its_share),
        cmocka_unit_test(an_exhausted_space_ends_the_study_well),
        cmocka_unit_test(the_target_ends_the_study_and_cancels_what_waits),
        cmocka_unit_test(the_time_budget_counts_earlier_lives),
        cmocka_unit_test(too_many_failures_end_the_study),
        cmocka_unit_test(a_drain_gives_the_grace_and_leaves_the_rest_waiting),
        cmocka_unit_test(a_second_request_stops_at_once),
        cmocka_unit_test(a_file_system_that_stalls_costs_only_time),
        cmocka_unit_test(a_full_disk_pauses_hand_outs_and_the_study_goes_on),
        cmocka_unit_test(a_slow_disk_does_not_hold_trials_up),
        cmocka_unit_test(nothing_is_handed_out_before_its_record_is_written),
        cmocka_unit_test(with_durability_result_the_slot_waits_for_the_disk),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("cluster/manager", tests, NULL, NULL);
}
