/* SPDX-License-Identifier: MIT */
/* The state machine of trials: each arrow, each arrow that is not there, and random records over
 * random tables. */
#include "make_study.h"

#include <math.h>
#include <string.h>

typedef struct bench {
    ambs_table *table;
    double x[1];
} bench;

static ambs_record life_record(uint32_t epoch)
{
    return (ambs_record){.type = AMBS_RECORD_LIFE,
                         .as.life = {.uuid = "a",
                                     .format = 1,
                                     .epoch = epoch,
                                     .n_dimensions = 1,
                                     .spec_file = "f",
                                     .spec_text = "t",
                                     .build = "b",
                                     .wall_s = 1}};
}

static int apply(bench *b, ambs_record record)
{
    record.sequence = b->table->sequence + 1;
    return ambs_table_apply(b->table, &record, NULL);
}

static bench make_bench(void)
{
    bench b = {.x = {0.5}};
    assert_int_equal(ambs_table_create(&b.table, NULL), 0);
    assert_int_equal(apply(&b, life_record(1)), 0);
    return b;
}

static int propose(bench *b, uint64_t trial, uint64_t n_inputs)
{
    return apply(b, (ambs_record){.type = AMBS_RECORD_PROPOSAL,
                                  .as.proposal = {.proposal = {.trial = trial, .x = b->x},
                                                  .n_inputs = n_inputs}});
}

static int begin(bench *b, uint64_t trial, uint32_t attempt)
{
    return apply(
        b,
        (ambs_record){
            .type = AMBS_RECORD_START,
            .as.start = {.trial = trial, .attempt = attempt, .rank = 2, .slot = 1, .wall_s = 10}});
}

static int end(bench *b, uint64_t trial, uint32_t attempt, bool final, ambs_trial_state state,
               double objective)
{
    return apply(b, (ambs_record){.type = AMBS_RECORD_RESULT,
                                  .as.result = {.trial = trial,
                                                .attempt = attempt,
                                                .rank = 2,
                                                .slot = 1,
                                                .final = final,
                                                .wall_s = 20,
                                                .outcome = {.state = state,
                                                            .objective = objective,
                                                            .start_s = 11,
                                                            .end_s = 19,
                                                            .duration_s = 8}}});
}

static int cancel(bench *b, uint64_t trial)
{
    return apply(b, (ambs_record){.type = AMBS_RECORD_CANCEL, .as.cancel = {.trial = trial}});
}

static int repeat(bench *b, uint64_t trial, uint32_t number)
{
    return apply(
        b, (ambs_record){
               .type = AMBS_RECORD_REPEAT,
               .as.repeat = {.trial = trial, .repeat = number, .n_inputs = b->table->n_inputs}});
}

static void nothing_comes_before_a_life(void **state)
{
    (void)state;
    bench b = {.x = {0}};
    assert_int_equal(ambs_table_create(&b.table, NULL), 0);
    assert_int_equal(propose(&b, 0, 0), AMBS_E_FORMAT);
    assert_int_equal(b.table->sequence, 0);
    ambs_table_destroy(b.table);
}

static void a_trial_walks_from_waiting_to_complete(void **state)
{
    (void)state;
    bench b = make_bench();
    const ambs_table *t = b.table;
    assert_int_equal(propose(&b, 0, 0), 0);
    assert_int_equal(t->n_waiting, 1);
    assert_int_equal(begin(&b, 0, 1), 0);
    assert_int_equal(t->n_running, 1);
    assert_int_equal(end(&b, 0, 1, true, AMBS_TRIAL_COMPLETE, 3.0), 0);
    assert_int_equal(t->n_waiting + t->n_running, 0);
    assert_int_equal(t->rows[0].state, AMBS_TRIAL_COMPLETE);
    assert_true(t->rows[0].objective == 3.0 && t->rows[0].duration_s == 8 &&
                t->rows[0].start_s == 11);
    assert_int_equal(t->least, 0);
    assert_int_equal(t->n_inputs, 1);
    ambs_table_destroy(b.table);
}

static void what_does_not_fit_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    bench b = make_bench();
    assert_int_equal(propose(&b, 1, 0), AMBS_E_FORMAT); /* ids count up */
    assert_int_equal(propose(&b, 0, 1), AMBS_E_FORMAT); /* inputs that were never made */
    assert_int_equal(begin(&b, 0, 1), AMBS_E_FORMAT);
    assert_int_equal(propose(&b, 0, 0), 0);
    assert_int_equal(begin(&b, 0, 2), AMBS_E_FORMAT);
    assert_int_equal(end(&b, 0, 1, true, AMBS_TRIAL_COMPLETE, 0), AMBS_E_FORMAT);
    assert_int_equal(begin(&b, 0, 1), 0);
    assert_int_equal(begin(&b, 0, 2), AMBS_E_FORMAT); /* it runs */
    assert_int_equal(cancel(&b, 0), AMBS_E_FORMAT);
    assert_int_equal(end(&b, 0, 1, true, AMBS_TRIAL_RUNNING, 0), AMBS_E_FORMAT);
    assert_int_equal(end(&b, 0, 1, true, AMBS_TRIAL_FAILED, NAN), 0);
    assert_int_equal(end(&b, 0, 1, true, AMBS_TRIAL_COMPLETE, 0), AMBS_E_FORMAT); /* it has ended */
    assert_int_equal(b.table->sequence, 4);
    assert_int_equal(b.table->n_failed, 1);
    assert_int_equal(b.table->least, UINT64_MAX);
    ambs_table_destroy(b.table);
}

static void a_lost_attempt_is_followed_by_another(void **state)
{
    (void)state;
    bench b = make_bench();
    propose(&b, 0, 0);
    begin(&b, 0, 1);
    assert_int_equal(end(&b, 0, 1, false, AMBS_TRIAL_FAILED, NAN), 0);
    assert_int_equal(b.table->rows[0].state, AMBS_TRIAL_WAITING);
    assert_int_equal(end(&b, 0, 1, false, AMBS_TRIAL_FAILED, NAN), AMBS_E_FORMAT);
    assert_int_equal(begin(&b, 0, 2), 0);
    assert_int_equal(ambs_table_last_attempt(b.table, 0), 1);
    assert_int_equal(b.table->attempts[1].before, 0);
    ambs_table_destroy(b.table);
}

static void a_result_is_taken_once_whoever_brings_it(void **state)
{
    (void)state;
    bench b = make_bench();
    propose(&b, 0, 0);
    begin(&b, 0, 1);
    end(&b, 0, 1, false, AMBS_TRIAL_FAILED, NAN);
    begin(&b, 0, 2);
    assert_int_equal(end(&b, 0, 1, true, AMBS_TRIAL_COMPLETE, 1),
                     0); /* the one that was given up */
    assert_int_equal(b.table->attempts[1].state, AMBS_TRIAL_CANCELLED);
    assert_int_equal(end(&b, 0, 2, true, AMBS_TRIAL_COMPLETE, 2), AMBS_E_FORMAT);
    assert_int_equal(b.table->n_complete, 1);
    ambs_table_destroy(b.table);
}

static void a_paused_trial_goes_on(void **state)
{
    (void)state;
    bench b = make_bench();
    propose(&b, 0, 0);
    begin(&b, 0, 1);
    assert_int_equal(end(&b, 0, 1, false, AMBS_TRIAL_PAUSED, NAN), 0);
    assert_int_equal(b.table->rows[0].state, AMBS_TRIAL_PAUSED);
    assert_int_equal(begin(&b, 0, 2), 0);
    ambs_table_destroy(b.table);
}

static void a_new_life_loses_what_was_running_and_belongs_to_the_same_study(void **state)
{
    (void)state;
    bench b = make_bench();
    propose(&b, 0, 0);
    begin(&b, 0, 1);
    ambs_record other = life_record(2);
    other.as.life.uuid[0] = 'b';
    assert_int_equal(apply(&b, other), AMBS_E_MISMATCH);
    assert_int_equal(apply(&b, life_record(1)), AMBS_E_FORMAT);
    assert_int_equal(b.table->n_running, 1);
    assert_int_equal(apply(&b, life_record(2)), 0);
    assert_int_equal(b.table->n_running, 0);
    assert_int_equal(b.table->attempts[0].reason, AMBS_REASON_WORKER_LOST);
    assert_int_equal(begin(&b, 0, 2), 0);
    assert_int_equal(b.table->attempts[1].epoch, 2);
    ambs_table_destroy(b.table);
}

static void failures_in_a_row_and_both_incumbents_are_kept(void **state)
{
    (void)state;
    bench b = make_bench();
    static const double objectives[] = {2, NAN, NAN, 1, 3, NAN};
    for (uint64_t i = 0; i < 6; i++) {
        propose(&b, i, 0);
        assert_int_equal(end(&b, i, 0, true,
                             isnan(objectives[i]) ? AMBS_TRIAL_FAILED : AMBS_TRIAL_COMPLETE,
                             objectives[i]),
                         0);
    }
    assert_int_equal(b.table->n_failed_in_row, 1);
    assert_int_equal(b.table->least, 3);
    assert_int_equal(b.table->greatest, 4);
    ambs_table_destroy(b.table);
}

/* Whatever comes, counts and links stay true; ambs_table_relink() finds them out anew. */
static void random_records_never_break_the_table(void **state)
{
    (void)state;
    ambs_random random;
    ambs_random_init(&random, 11, 0, AMBS_PURPOSE_TEST);
    for (int round = 0; round < 20; round++) {
        bench b = make_bench();
        for (int i = 0; i < 500; i++) {
            uint64_t trial = ambs_random_below(&random, 8);
            uint32_t attempt = (uint32_t)ambs_random_below(&random, 4);
            switch (ambs_random_below(&random, 6)) {
            case 0:
                propose(&b, b.table->n, ambs_random_below(&random, 5));
                break;
            case 1:
                begin(&b, trial, attempt);
                break;
            case 2:
                end(&b, trial, attempt, ambs_random_u32(&random) & 1,
                    (ambs_trial_state)ambs_random_below(&random, 7), 1);
                break;
            case 3:
                cancel(&b, trial);
                break;
            case 4:
                repeat(&b, trial, 1 + (uint32_t)ambs_random_below(&random, 3));
                break;
            default:
                if (i % 50 == 0) apply(&b, life_record(2 + (uint32_t)i));
                break;
            }
        }
        ambs_table before = *b.table;
        assert_int_equal(ambs_table_relink(b.table, false, NULL), 0);
        assert_int_equal(before.n_waiting, b.table->n_waiting);
        assert_int_equal(before.n_running, b.table->n_running);
        assert_int_equal(before.n_complete, b.table->n_complete);
        assert_int_equal(before.n_failed_in_row, b.table->n_failed_in_row);
        ambs_table_destroy(b.table);
    }
}

static void a_repeated_trial_has_the_mean_of_its_evaluations(void **state)
{
    (void)state;
    bench b = make_bench();
    const ambs_table *t = b.table;
    const ambs_trial_row *row;
    propose(&b, 0, 0);
    assert_int_equal(repeat(&b, 0, 1), AMBS_E_FORMAT); /* it has no value yet */
    begin(&b, 0, 1), end(&b, 0, 1, true, AMBS_TRIAL_COMPLETE, 1);
    assert_int_equal(repeat(&b, 0, 2), AMBS_E_FORMAT);
    assert_int_equal(repeat(&b, 0, 1), 0);
    row = &t->rows[0];
    assert_int_equal(row->state, AMBS_TRIAL_WAITING);
    assert_true(row->objective == 1 && ambs_trial_has_result(row) && t->least == 0);
    begin(&b, 0, 2);
    assert_int_equal(t->attempts[1].repeat, 1);
    assert_int_equal(end(&b, 0, 1, true, AMBS_TRIAL_COMPLETE, 9), AMBS_E_FORMAT); /* too late */
    assert_int_equal(end(&b, 0, 2, true, AMBS_TRIAL_COMPLETE, 4), 0);
    assert_int_equal(row->state, AMBS_TRIAL_COMPLETE);
    assert_int_equal(row->n_evaluations, 2);
    assert_true(row->objective == 2.5 && row->first == 1);
    assert_float_equal(row->value_sd, sqrt(4.5), 1e-15);
    assert_float_equal(row->value_error, 1.5, 1e-15);
    assert_int_equal(t->n_evaluations, 2);
    assert_int_equal(t->n_results, 2);
    ambs_outcome o;
    ambs_table_evaluation(t, 0, 0, &o);
    assert_true(o.state == AMBS_TRIAL_COMPLETE && o.objective == 1);
    ambs_table_evaluation(t, 0, 1, &o);
    assert_true(o.state == AMBS_TRIAL_COMPLETE && o.objective == 4);
    ambs_table_destroy(b.table);
}

static void a_cancelled_repeat_leaves_the_trial_complete(void **state)
{
    (void)state;
    bench b = make_bench();
    propose(&b, 0, 0), begin(&b, 0, 1), end(&b, 0, 1, true, AMBS_TRIAL_COMPLETE, 1);
    repeat(&b, 0, 1);
    assert_int_equal(cancel(&b, 0), 0);
    assert_int_equal(b.table->rows[0].state, AMBS_TRIAL_COMPLETE);
    assert_int_equal(b.table->repeats[0].state, AMBS_TRIAL_CANCELLED);
    assert_int_equal(b.table->n_evaluations, 1);
    assert_int_equal(b.table->n_cancelled, 0);
    assert_int_equal(repeat(&b, 0, 2), 0); /* its number does not come again */
    ambs_table_destroy(b.table);
}

static void a_repeated_trial_fails_by_the_majority(void **state)
{
    (void)state;
    bench b = make_bench();
    const ambs_trial_row *row;
    propose(&b, 0, 0), begin(&b, 0, 1), end(&b, 0, 1, true, AMBS_TRIAL_COMPLETE, 1);
    repeat(&b, 0, 1), begin(&b, 0, 2), end(&b, 0, 2, true, AMBS_TRIAL_COMPLETE, 3);
    repeat(&b, 0, 2), begin(&b, 0, 3), end(&b, 0, 3, true, AMBS_TRIAL_FAILED, NAN);
    row = &b.table->rows[0];
    assert_int_equal(row->state, AMBS_TRIAL_COMPLETE);
    assert_true(row->objective == 2 && row->n_refused == 1);
    assert_int_equal(b.table->n_failed_in_row, 1);
    repeat(&b, 0, 3), begin(&b, 0, 4), end(&b, 0, 4, true, AMBS_TRIAL_FAILED, NAN);
    assert_int_equal(row->state, AMBS_TRIAL_FAILED);
    assert_true(isnan(row->objective));
    assert_int_equal(b.table->n_failed, 1);
    assert_true(b.table->least == UINT64_MAX);
    assert_int_equal(repeat(&b, 0, 4), AMBS_E_FORMAT);
    ambs_table_destroy(b.table);
}

static void a_new_life_has_a_lost_repeat_wait_again(void **state)
{
    (void)state;
    bench b = make_bench();
    propose(&b, 0, 0), begin(&b, 0, 1), end(&b, 0, 1, true, AMBS_TRIAL_COMPLETE, 1);
    repeat(&b, 0, 1), begin(&b, 0, 2);
    assert_int_equal(apply(&b, life_record(2)), 0);
    assert_int_equal(b.table->rows[0].state, AMBS_TRIAL_WAITING);
    assert_int_equal(begin(&b, 0, 3), 0);
    assert_int_equal(b.table->attempts[2].repeat, 1);
    assert_int_equal(end(&b, 0, 3, true, AMBS_TRIAL_COMPLETE, 2), 0);
    assert_true(b.table->rows[0].objective == 1.5);
    ambs_table_destroy(b.table);
}

/* Repeats and proposals interleave as they were asked for. */
static void asks_are_walked_in_their_order(void **state)
{
    (void)state;
    bench b = make_bench();
    propose(&b, 0, 0), begin(&b, 0, 1), end(&b, 0, 1, true, AMBS_TRIAL_COMPLETE, 1);
    repeat(&b, 0, 1);
    propose(&b, 1, 1);
    apply(&b, (ambs_record){.type = AMBS_RECORD_OWN,
                            .as.own = {.trial = 2,
                                       .x = b.x,
                                       .outcome = {.state = AMBS_TRIAL_COMPLETE, .objective = 2}}});
    begin(&b, 0, 2), end(&b, 0, 2, true, AMBS_TRIAL_COMPLETE, 1);
    repeat(&b, 2, 1);
    repeat(&b, 0, 2);
    propose(&b, 3, 3);
    static const struct {
        uint64_t trial, n_inputs;
        uint32_t repeat;
    } expected[] = {{0, 0, 0}, {0, 1, 1}, {1, 1, 0}, {2, 3, 1}, {0, 3, 2}, {3, 3, 0}};
    ambs_ask_walk w;
    ambs_asks_begin(&w, b.table);
    for (size_t i = 0; i < 6; i++) {
        assert_true(ambs_asks_next(&w));
        assert_int_equal(w.trial, expected[i].trial);
        assert_int_equal(w.n_inputs, expected[i].n_inputs);
        assert_int_equal(w.repeat ? w.repeat->repeat : 0, expected[i].repeat);
    }
    assert_false(ambs_asks_next(&w));
    ambs_table_destroy(b.table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_comes_before_a_life),
        cmocka_unit_test(a_trial_walks_from_waiting_to_complete),
        cmocka_unit_test(what_does_not_fit_is_refused_and_changes_nothing),
        cmocka_unit_test(a_lost_attempt_is_followed_by_another),
        cmocka_unit_test(a_result_is_taken_once_whoever_brings_it),
        cmocka_unit_test(a_paused_trial_goes_on),
        cmocka_unit_test(a_new_life_loses_what_was_running_and_belongs_to_the_same_study),
        cmocka_unit_test(failures_in_a_row_and_both_incumbents_are_kept),
        cmocka_unit_test(random_records_never_break_the_table),
        cmocka_unit_test(a_repeated_trial_has_the_mean_of_its_evaluations),
        cmocka_unit_test(a_cancelled_repeat_leaves_the_trial_complete),
        cmocka_unit_test(a_repeated_trial_fails_by_the_majority),
        cmocka_unit_test(a_new_life_has_a_lost_repeat_wait_again),
        cmocka_unit_test(asks_are_walked_in_their_order),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("study/table", tests, NULL, NULL);
}
