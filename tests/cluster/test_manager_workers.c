/* SPDX-License-Identifier: MIT */
/* The manager and its agents under a virtual clock: workers that are silent, die and come back, the slots of
 * hosts, and random faults. */
#include "manager_fixture.h"

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
        cmocka_unit_test(hosts_are_divided_as_their_ranks_join),
        cmocka_unit_test(workers_without_a_slot_do_not_keep_a_study_alive),
        cmocka_unit_test(a_study_that_fits_nowhere_ends_before_its_first_trial),
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
        cmocka_unit_test(random_faults_lose_and_repeat_nothing),
        cmocka_unit_test(senseless_messages_do_no_harm),
        cmocka_unit_test(twenty_thousand_slots_are_kept_busy),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("cluster/manager_workers", tests, NULL, NULL);
}
