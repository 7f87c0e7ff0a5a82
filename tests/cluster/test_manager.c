/* SPDX-License-Identifier: MIT */
/* The manager and its agents under a virtual clock: every path of a study, and random faults. */
#include <math.h>
#include <string.h>

#include "cluster/status.h"
#include "world.h"

static world w;
static ambs_status status;
static const char *text;

static void finish(double until_s)
{
    assert_true(world_run(&w, until_s));
    assert_true(ambs_manager_is_done(w.manager, &status, &text));
    world_assert_exactly_once(&w);
}

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

static double late(world *world_, uint32_t rank)
{
    (void)world_;
    return rank == 1 ? 0 : 30;
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

/* --- deadlines ------------------------------------------------------------------------------- */

static double thirty_s(world *world_, uint64_t trial, uint32_t attempt)
{
    (void)world_, (void)trial, (void)attempt;
    return 30;
}

static double hundred_s(world *world_, uint64_t trial, uint32_t attempt)
{
    (void)world_, (void)trial, (void)attempt;
    return 100;
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

/* --- workers --------------------------------------------------------------------------------- */

static void a_dead_workers_trial_is_issued_again(void **state)
{
    (void)state;
    world_init(&w, 1);
    world_begin(&w);
    assert_false(world_run(&w, 2.5));
    world_kill(&w, 1, true);
    finish(100);
    assert_int_equal(status, AMBS_STATUS_DONE);
    assert_int_equal(w.table->n_complete, 10);
    assert_int_equal(w.n_lost_records, 1);
    world_end(&w);
}

static void a_trial_that_kills_workers_fails_in_the_end(void **state)
{
    (void)state;
    world_init(&w, 1);
    w.n_ranks = 5;
    w.spec.budget.trials = 1;
    world_begin(&w);
    assert_false(world_run(&w, 0.5));
    world_kill(&w, w.table->rows[0].rank, true);
    assert_false(world_run(&w, 0.6));
    world_kill(&w, w.table->rows[0].rank, true);
    finish(100);
    assert_int_equal(w.table->rows[0].state, AMBS_TRIAL_FAILED);
    assert_int_equal(w.table->rows[0].reason, AMBS_REASON_WORKER_LOST);
    assert_int_equal(w.table->rows[0].n_attempts, 2);
    world_end(&w);
}

static double twenty_ms(world *world_, uint64_t trial, uint32_t attempt)
{
    (void)world_, (void)trial, (void)attempt;
    return 0.02;
}

/* Trials are short, so a second one waits at the worker behind the one that runs. */
static void what_waited_at_a_lost_worker_never_began(void **state)
{
    (void)state;
    size_t n_began = 0, n_waited = 0;
    world_init(&w, 1);
    w.n_ranks = 3;
    w.duration = twenty_ms;
    w.spec.budget.trials = 60;
    world_begin(&w);
    assert_false(world_run(&w, 0.317));
    world_kill(&w, 1, true);
    finish(100);
    for (size_t i = 0; i < w.table->n_attempts; i++) {
        const ambs_attempt_row *a = &w.table->attempts[i];
        if (a->reason != AMBS_REASON_WORKER_LOST) continue;
        bool began = a->start_s < a->end_s;
        n_began += began;
        n_waited += a->start_s == a->end_s;
        for (size_t k = 0; k < w.table->n_attempts; k++) /* nothing else ran there then */
            if (began && k != i && w.table->attempts[k].rank == a->rank &&
                w.table->attempts[k].slot == a->slot)
                assert_true(w.table->attempts[k].end_s <= a->start_s + 1e-6 ||
                            w.table->attempts[k].start_s >= a->end_s);
    }
    assert_int_equal(n_began, 1);
    assert_int_equal(n_waited, 1);
    assert_int_equal(w.table->n_complete, 60);
    world_end(&w);
}

static void a_trial_that_took_two_workers_is_poison(void **state)
{
    (void)state;
    world_init(&w, 1);
    w.n_ranks = 9;
    w.spec.trial.attempts = 100;
    w.spec.budget.trials = 1;
    world_begin(&w);
    for (int i = 0; i < 2; i++) {
        assert_false(world_run(&w, 0.5 + 0.1 * i));
        world_kill(&w, w.table->rows[0].rank, true);
    }
    finish(100);
    assert_int_equal(w.table->rows[0].state, AMBS_TRIAL_FAILED);
    assert_int_equal(w.table->rows[0].reason, AMBS_REASON_WORKER_LOST);
    assert_int_equal(w.table->rows[0].n_attempts, 2);
    assert_string_equal(w.table->rows[0].message,
                        "2 workers were lost while it ran: it is not handed out again");
    world_end(&w);
}

static void begin_after_deaths(uint32_t n_lives, uint32_t n_doomed)
{
    world_init(&w, 1);
    w.n_dead_lives = n_lives;
    w.n_doomed = n_doomed;
    world_begin(&w);
}

static void one_dead_life_blames_nobody(void **state)
{
    (void)state;
    begin_after_deaths(1, 2);
    finish(100);
    assert_int_equal(w.table->n_complete, 10);
    world_end(&w);
}

static void a_trial_that_took_two_lives_is_not_handed_out_again(void **state)
{
    (void)state;
    begin_after_deaths(2, 1);
    finish(100);
    assert_int_equal(w.table->rows[0].state, AMBS_TRIAL_FAILED);
    assert_int_equal(w.table->rows[0].reason, AMBS_REASON_WORKER_LOST);
    assert_int_equal(w.table->rows[0].n_attempts, 2);
    assert_string_equal(
        w.table->rows[0].message,
        "2 lives of the study ended without a word while it ran: it is not handed out again");
    assert_int_equal(w.table->n_complete, 9);
    assert_int_equal(w.told[0], 1);
    world_end(&w);
}

/* Which of them it was nobody knows: each may try alone. */
static void several_that_were_there_run_one_at_a_time(void **state)
{
    (void)state;
    begin_after_deaths(2, 3);
    assert_false(world_run(&w, 0.5));
    assert_int_equal(w.table->n_running, 2);
    assert_int_equal(w.table->rows[0].state, AMBS_TRIAL_RUNNING);
    assert_int_equal(w.table->rows[1].state, AMBS_TRIAL_WAITING);
    assert_false(world_run(&w, 1.5));
    assert_int_equal(w.table->rows[1].state, AMBS_TRIAL_RUNNING);
    assert_int_equal(w.table->rows[2].state, AMBS_TRIAL_WAITING);
    finish(100);
    assert_int_equal(w.table->n_complete, 10);
    world_end(&w);
}

static void three_lives_are_proof_for_each_of_several(void **state)
{
    (void)state;
    begin_after_deaths(3, 2);
    finish(100);
    assert_int_equal(w.table->n_failed, 2);
    assert_int_equal(w.table->n_complete, 8);
    world_end(&w);
}

/* Rank after rank falls silent with the trial and comes back later: nobody was taken. */
static void silence_alone_is_no_poison(void **state)
{
    (void)state;
    world_init(&w, 1);
    w.spec.trial.attempts = 100;
    w.duration = hundred_s;
    w.spec.budget.trials = 1;
    w.spec.manager.suspect_s = 20;
    world_begin(&w);
    for (int i = 0; i < 3; i++) {
        double at = 1 + 50 * i;
        assert_false(world_run(&w, at));
        world_freeze(&w, w.table->rows[0].rank, at + 40);
    }
    finish(1000);
    assert_int_equal(w.table->rows[0].state, AMBS_TRIAL_COMPLETE);
    assert_true(w.table->rows[0].n_attempts > 2);
    world_end(&w);
}

static double fails_twice(world *world_, uint64_t trial)
{
    const ambs_trial_row *row = &world_->table->rows[trial];
    return trial == 3 && row->n_attempts < 3 ? NAN : (double)trial;
}

static void named_failures_are_retried_and_others_are_not(void **state)
{
    (void)state;
    static const struct {
        ambs_retry retry;
        uint32_t attempts;
    } cases[] = {{{2, 1u << AMBS_REASON_NOT_A_NUMBER}, 3},
                 {{1, 1u << AMBS_REASON_NOT_A_NUMBER}, 2},
                 {{5, 1u << AMBS_REASON_TIMEOUT}, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        world_init(&w, 1);
        w.objective = fails_twice;
        w.spec.retry = cases[i].retry;
        world_begin(&w);
        finish(100);
        assert_int_equal(w.table->rows[3].n_attempts, cases[i].attempts);
        assert_int_equal(w.table->n_failed, i > 0);
        assert_int_equal(w.table->n_complete, i > 0 ? 9 : 10);
        world_end(&w);
    }
}

static bool every_fifth(world *world_, uint64_t trial, uint32_t attempt)
{
    (void)world_;
    return trial % 5 == 0 && attempt == 1;
}

/* Without a rule that promotes it, a paused trial stays: it is neither run again nor told. */
static void a_paused_trial_waits_and_holds_nothing_up(void **state)
{
    (void)state;
    world_init(&w, 1);
    w.pauses = every_fifth;
    world_begin(&w);
    finish(100);
    assert_int_equal(status, AMBS_STATUS_DONE);
    assert_int_equal(w.table->n_complete, 8);
    assert_int_equal(w.table->n_paused, 2);
    assert_int_equal(w.table->rows[5].state, AMBS_TRIAL_PAUSED);
    assert_int_equal(w.table->rows[5].n_attempts, 1);
    world_end(&w);
}

static void the_last_worker_gone_stops_the_study(void **state)
{
    (void)state;
    world_init(&w, 1);
    world_begin(&w);
    assert_false(world_run(&w, 2.5));
    world_kill(&w, 1, true);
    world_kill(&w, 2, true);
    finish(100);
    assert_int_equal(status, AMBS_STATUS_STOPPED);
    assert_string_equal(text, "no worker is left");
    assert_true(w.table->n_waiting >= 2);
    world_end(&w);
}

/* Ranks 1 to 3 and 4 to 6 compute together, rank 7 is left over. */
static void begin_groups(void)
{
    world_init(&w, 1);
    w.n_ranks = 8;
    w.group_ranks = 3;
    w.spec.trial.timeout_s = 100;
    world_begin(&w);
}

static void a_group_is_lost_with_any_of_its_ranks(void **state)
{
    (void)state;
    begin_groups();
    assert_false(world_run(&w, 2.5));
    uint64_t held = w.table->n_running;
    assert_int_equal(held, 2);
    world_kill(&w, 5, true); /* no first rank */
    finish(100);
    assert_int_equal(status, AMBS_STATUS_DONE);
    assert_int_equal(w.table->n_complete, 10);
    assert_int_equal(w.n_lost_records, 1);
    ambs_progress progress;
    ambs_manager_progress(w.manager, (ambs_time){w.now_s, w.now_s}, &progress);
    assert_int_equal(progress.n_lost, 1);
    for (uint32_t i = 0; i < 10; i++)
        if (w.table->rows[i].start_s > 1e9 + 2.5) assert_int_equal(w.table->rows[i].rank, 1);
    world_end(&w);
}

static void the_last_group_gone_stops_the_study_although_a_rank_is_left_over(void **state)
{
    (void)state;
    begin_groups();
    assert_false(world_run(&w, 2.5));
    world_kill(&w, 3, true);
    world_kill(&w, 4, true);
    finish(100);
    assert_int_equal(status, AMBS_STATUS_STOPPED);
    assert_string_equal(text, "no worker is left");
    assert_true(w.table->n_waiting >= 2);
    world_end(&w);
}

static void a_rank_that_computes_may_be_silent_for_its_timeout(void **state)
{
    (void)state;
    begin_groups();
    assert_false(world_run(&w, 2.5));
    world_freeze(&w, 1, 2.5 + 150);
    assert_false(world_run(&w, 2.6));
    finish(1000);
    assert_int_equal(status, AMBS_STATUS_DONE);
    assert_int_equal(w.n_lost_records, 0);
    world_end(&w);
}

static void silent_workers_are_waited_for_and_then_given_up(void **state)
{
    (void)state;
    world_init(&w, 1);
    world_begin(&w);
    assert_false(world_run(&w, 2.5));
    world_kill(&w, 1, false);
    world_kill(&w, 2, false);
    finish(1000);
    assert_int_equal(status, AMBS_STATUS_STOPPED);
    assert_true(w.now_s > 360 && w.now_s < 380);
    world_end(&w);
}

static double ten_s(world *world_, uint64_t trial, uint32_t attempt)
{
    (void)world_, (void)trial, (void)attempt;
    return 10;
}

/* Rank 1 freezes with a trial that would end at 10 s; at 70 s it is suspected and the trial goes to
 * rank 2; at 75 s it thaws, and its result arrives while rank 2 runs the same trial. */
static void a_suspects_late_result_is_taken_once_and_it_rejoins(void **state)
{
    (void)state;
    world_init(&w, 1);
    w.duration = ten_s;
    w.spec.budget.trials = 30;
    world_begin(&w);
    assert_false(world_run(&w, 5));
    uint64_t trial = w.table->rows[0].rank == 1 ? 0 : 1;
    world_freeze(&w, 1, 73);
    assert_false(world_run(&w, 72));
    assert_int_equal(w.table->rows[trial].n_attempts, 2);
    assert_int_equal(w.table->rows[trial].state, AMBS_TRIAL_RUNNING);
    assert_false(world_run(&w, 73.5));
    assert_int_equal(w.table->rows[trial].state, AMBS_TRIAL_COMPLETE);
    assert_int_equal(w.told[trial], 1);
    finish(1000);
    assert_int_equal(w.table->n_complete, 30);
    ambs_progress p;
    ambs_manager_progress(w.manager, world_time(&w), &p);
    assert_int_equal(p.n_suspect, 0);
    assert_int_equal(p.n_workers, 2);
    world_end(&w);
}

/* --- repeats --------------------------------------------------------------------------------- */

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

/* --- random faults --------------------------------------------------------------------------- */

static double random_duration(world *world_, uint64_t trial, uint32_t attempt)
{
    (void)trial, (void)attempt;
    double u = ambs_random_uniform(&world_->random);
    return u < 0.3 ? 0 : u < 0.9 ? 5 * u : 200 * u;
}

static double random_join(world *world_, uint32_t rank)
{
    return rank % 3 ? 0 : 40 * ambs_random_uniform(&world_->random);
}

static double some_fail(world *world_, uint64_t trial)
{
    (void)world_;
    return trial % 11 == 3 ? NAN : (double)trial;
}

static void inject(world *v)
{
    uint32_t rank = 1 + (uint32_t)ambs_random_below(&v->random, v->n_ranks - 1);
    double u = ambs_random_uniform(&v->random);
    if (u < 0.02)
        v->disk_full = true;
    else if (u < 0.2)
        v->disk_full = false;
    else if (u < 0.35)
        world_freeze(v, rank, v->now_s + 150 * ambs_random_uniform(&v->random));
    else if (u < 0.37)
        world_freeze_manager(v, v->now_s + 200 * ambs_random_uniform(&v->random));
    else if (u < 0.42 && rank > 2)
        world_kill(v, rank, ambs_random_uniform(&v->random) < 0.5);
}

static void random_faults_lose_and_repeat_nothing(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        world_init(&w, seed);
        w.n_ranks = 3 + (uint32_t)(seed % 6);
        w.n_slots = 1 + (uint32_t)(seed % 4);
        w.spec.budget.trials = 200;
        w.spec.durability = seed % 5 ? AMBS_DURABILITY_GROUP : AMBS_DURABILITY_RESULT;
        w.duration = random_duration;
        w.objective = some_fail;
        w.join_s = random_join;
        w.delay_s = seed % 2 ? 0.5 : 0;
        w.duplicates = seed % 3 ? 0.1 : 0;
        w.durable_lag_s = seed % 7 ? 0.01 : 2;
        if (seed % 4 == 1) {
            w.repeats = 2 + (uint32_t)(seed % 3);
            w.spec.repeats = (ambs_repeats){w.repeats, w.repeats, 0.95};
        }
        w.spec.manager.timeout_s = 1e6;
        world_begin(&w);
        double at = 0;
        while (!world_run(&w, at)) {
            at += 20 * ambs_random_uniform(&w.random);
            if (at < 20000)
                inject(&w);
            else
                w.disk_full = false;
            assert_true(at < 1e6);
        }
        finish(at);
        assert_int_equal(status, AMBS_STATUS_DONE);
        assert_int_equal(w.table->n_evaluations, 200);
        assert_int_equal(w.table->n_waiting, 0);
        world_end(&w);
    }
}

/* --- slots ----------------------------------------------------------------------------------- */

/* Two hosts of 4 cores; ranks 1 and 2 on the first beside the manager, 3 alone on the second. */
static const ambs_resources *two_hosts(world *world_, uint32_t rank)
{
    (void)world_;
    static ambs_resources seen[4];
    seen[rank] = (ambs_resources){.machine = rank < 3 ? 7 : 8,
                                  .n_ranks = rank < 3 ? 2 : 1,
                                  .memory_bytes = NAN,
                                  .cores.bits = {0xf}};
    return &seen[rank];
}

static void assert_slot(uint32_t rank, uint32_t n, const char *first, const char *last)
{
    const world_agent *a = &w.agents[rank];
    assert_int_equal(a->n_slots, n);
    assert_string_equal(a->cores[0], first);
    assert_string_equal(a->cores[n - 1], last);
}

static void hosts_are_divided_as_their_ranks_join(void **state)
{
    (void)state;
    world_init(&w, 1);
    w.n_ranks = 4;
    w.seen = two_hosts;
    w.join_s = late;
    w.delay_s = 0.01;
    w.duplicates = 0.3;
    w.spec.budget.trials = 400;
    world_begin(&w);
    finish(500);
    assert_slot(1, 1, "0-1", "0-1");
    assert_slot(2, 1, "2-3", "2-3");
    assert_slot(3, 4, "0", "3");
    assert_int_equal(w.table->n_slots, 6);
    assert_string_equal(w.table->slots[0].cores, "0-1");
    assert_string_equal(w.table->slots[0].host, "node");
    assert_int_equal(w.most_at_once, 6);
    world_end(&w);
}

static void workers_without_a_slot_do_not_keep_a_study_alive(void **state)
{
    (void)state;
    world_init(&w, 1);
    w.n_ranks = 4;
    w.seen = two_hosts;
    w.spec.trial.cores = 3;
    w.spec.trial.cores_given = true;
    w.spec.budget.trials = 400;
    world_begin(&w);
    world_run(&w, 5);
    assert_int_equal(w.agents[1].n_slots + w.agents[2].n_slots, 1); /* 3 of 4 cores */
    assert_int_equal(w.agents[3].n_slots, 1);
    world_kill(&w, w.agents[1].n_slots ? 1 : 2, true);
    world_kill(&w, 3, true);
    finish(100);
    assert_int_equal(status, AMBS_STATUS_STOPPED);
    assert_string_equal(text, "no worker is left");
    world_end(&w);
}

static void a_study_that_fits_nowhere_ends_before_its_first_trial(void **state)
{
    (void)state;
    world_init(&w, 1);
    w.n_ranks = 4;
    w.seen = two_hosts;
    w.spec.trial.cores = 8;
    w.spec.trial.cores_given = true;
    world_begin(&w);
    finish(100);
    assert_int_equal(status, AMBS_STATUS_USAGE);
    assert_non_null(strstr(text, "each trial asks for 8 cores; host node has 4 cores"));
    assert_int_equal(w.table->n_attempts, 0);
    world_end(&w);
}

/* Whatever a rank says, the manager neither breaks nor records what does not fit. */
static void senseless_messages_do_no_harm(void **state)
{
    (void)state;
    static const ambs_message_type types[] = {
        AMBS_MESSAGE_HELLO,  AMBS_MESSAGE_BEAT,  AMBS_MESSAGE_RESULT, AMBS_MESSAGE_REPORT,
        AMBS_MESSAGE_ANSWER, AMBS_MESSAGE_DRAIN, AMBS_MESSAGE_STOP,   AMBS_MESSAGE_ACK};
    ambs_error err;
    world_init(&w, 5);
    w.spec.budget.trials = 100;
    world_begin(&w);
    for (int k = 0; k < 2000; k++) {
        assert_false(world_run(&w, 1e-4 * k));
        ambs_message m = {.type = types[ambs_random_below(&w.random, 8)],
                          .epoch = (uint32_t)ambs_random_below(&w.random, 3)};
        ambs_address at = {(uint32_t)ambs_random_below(&w.random, 3),
                           (uint32_t)ambs_random_below(&w.random, 4),
                           ambs_random_below(&w.random, 6)};
        if (m.type == AMBS_MESSAGE_RESULT) {
            m.as.result.at = at;
            m.as.result.outcome.state = AMBS_TRIAL_COMPLETE;
        } else if (m.type == AMBS_MESSAGE_REPORT) {
            m.as.report.at = at;
        } else if (m.type == AMBS_MESSAGE_HELLO) {
            m.as.hello.n_slots = ambs_random_u32(&w.random);
        }
        ambs_text out = {0};
        assert_int_equal(ambs_message_encode(&m, &out, &err), AMBS_OK);
        uint32_t rank = (uint32_t)ambs_random_below(&w.random, 5);
        int rc = ambs_manager_receive(w.manager, rank, out.text, out.length, world_time(&w), &err);
        assert_int_equal(rc, AMBS_OK);
        ambs_text_fini(&out);
    }
    finish(1000);
    world_end(&w);
}

static double about_a_minute(world *world_, uint64_t trial, uint32_t attempt)
{
    (void)trial, (void)attempt;
    return 60 + ambs_random_normal(&world_->random);
}

static void twenty_thousand_slots_are_kept_busy(void **state)
{
    (void)state;
    world_init(&w, 1);
    w.n_ranks = 1 + 313;
    w.n_slots = 64;
    w.duration = about_a_minute;
    w.delay_s = 0.001;
    w.spec.budget.trials = 60000;
    world_begin(&w);
    ambs_progress p = {0};
    assert_false(world_run(&w, 110));
    ambs_manager_progress(w.manager, world_time(&w), &p);
    assert_int_equal(p.n_slots, 313 * 64);
    assert_int_equal(w.most_at_once, 313 * 64);
    assert_true(p.utilisation > 0.999);
    finish(1000);
    assert_int_equal(w.table->n_complete, 60000);
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_rank_does_everything),
        cmocka_unit_test(hosts_are_divided_as_their_ranks_join),
        cmocka_unit_test(workers_without_a_slot_do_not_keep_a_study_alive),
        cmocka_unit_test(a_study_that_fits_nowhere_ends_before_its_first_trial),
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
        cmocka_unit_test(before_a_deadline_the_study_drains_in_time),
        cmocka_unit_test(a_study_that_ends_while_it_drains_has_ended),
        cmocka_unit_test(what_cannot_end_in_time_is_not_started),
        cmocka_unit_test(a_shorter_trial_is_started_where_a_longer_one_would_be_cut),
        cmocka_unit_test(with_more_time_what_was_too_long_is_started),
        cmocka_unit_test(a_time_limit_per_trial_that_fits_settles_the_matter),
        cmocka_unit_test(a_deadline_that_is_over_or_unknown_does_no_harm),
        cmocka_unit_test(a_notice_of_seconds_ends_within_seconds),
        cmocka_unit_test(a_dead_workers_trial_is_issued_again),
        cmocka_unit_test(a_trial_that_kills_workers_fails_in_the_end),
        cmocka_unit_test(what_waited_at_a_lost_worker_never_began),
        cmocka_unit_test(a_trial_that_took_two_workers_is_poison),
        cmocka_unit_test(silence_alone_is_no_poison),
        cmocka_unit_test(one_dead_life_blames_nobody),
        cmocka_unit_test(a_trial_that_took_two_lives_is_not_handed_out_again),
        cmocka_unit_test(several_that_were_there_run_one_at_a_time),
        cmocka_unit_test(three_lives_are_proof_for_each_of_several),
        cmocka_unit_test(named_failures_are_retried_and_others_are_not),
        cmocka_unit_test(a_paused_trial_waits_and_holds_nothing_up),
        cmocka_unit_test(the_last_worker_gone_stops_the_study),
        cmocka_unit_test(a_group_is_lost_with_any_of_its_ranks),
        cmocka_unit_test(the_last_group_gone_stops_the_study_although_a_rank_is_left_over),
        cmocka_unit_test(a_rank_that_computes_may_be_silent_for_its_timeout),
        cmocka_unit_test(silent_workers_are_waited_for_and_then_given_up),
        cmocka_unit_test(a_suspects_late_result_is_taken_once_and_it_rejoins),
        cmocka_unit_test(each_trial_is_evaluated_so_often),
        cmocka_unit_test(a_late_result_does_not_pass_for_the_next_evaluation),
        cmocka_unit_test(a_dead_workers_evaluation_is_issued_again),
        cmocka_unit_test(a_target_is_not_reached_by_one_evaluation),
        cmocka_unit_test(a_manager_that_was_stopped_calls_nobody_silent),
        cmocka_unit_test(a_worker_that_dies_while_the_manager_is_stopped_is_missed),
        cmocka_unit_test(a_worker_that_was_stopped_for_long_comes_back),
        cmocka_unit_test(of_four_workers_the_last_one_finishes_the_study),
        cmocka_unit_test(a_file_system_that_stalls_costs_only_time),
        cmocka_unit_test(a_full_disk_pauses_hand_outs_and_the_study_goes_on),
        cmocka_unit_test(a_slow_disk_does_not_hold_trials_up),
        cmocka_unit_test(nothing_is_handed_out_before_its_record_is_written),
        cmocka_unit_test(with_durability_result_the_slot_waits_for_the_disk),
        cmocka_unit_test(random_faults_lose_and_repeat_nothing),
        cmocka_unit_test(senseless_messages_do_no_harm),
        cmocka_unit_test(twenty_thousand_slots_are_kept_busy),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("cluster/manager", tests, NULL, NULL);
}
