/* SPDX-License-Identifier: MIT */
/* What the reading verbs print, from a small study made of records. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "ambs/study.h"
#include "analysis/view.h"

static const char text[] = "study: {name: toy}\n"
                           "metric: {name: loss, goal: maximize}\n"
                           "method: {name: random}\n"
                           "budget: {trials: 5}\n"
                           "parameters:\n"
                           "  x: {min: 0.0, max: 1.0}\n"
                           "  kind: {values: [a, b]}\n";

typedef struct fixture {
    ambs_spec *spec;
    ambs_table *table;
    ambs_view view;
} fixture;

static void apply(ambs_table *table, ambs_record record)
{
    ambs_error err;
    record.sequence = table->sequence + 1;
    if (ambs_table_apply(table, &record, &err) != 0) fail_msg("%s", err.text);
}

static void propose(ambs_table *t, uint64_t id, double x, double kind, double at)
{
    double row[2] = {x, kind};
    apply(t, (ambs_record){.type = AMBS_RECORD_PROPOSAL,
                           .as.proposal = {.proposal = {.trial = id,
                                                        .origin = AMBS_ORIGIN_RANDOM,
                                                        .mean = NAN,
                                                        .sd = NAN,
                                                        .acquisition = NAN,
                                                        .lie = NAN,
                                                        .x = row},
                                           .wall_s = at,
                                           .latency_s = 0.001}});
}

static void start(ambs_table *t, uint64_t id, double at)
{
    apply(t, (ambs_record){
                 .type = AMBS_RECORD_START,
                 .as.start = {.trial = id, .attempt = 1, .rank = 1, .slot = 0, .wall_s = at}});
}

static void result(ambs_table *t, uint64_t id, ambs_outcome o, double at)
{
    o.end_s = at;
    apply(
        t,
        (ambs_record){
            .type = AMBS_RECORD_RESULT,
            .as.result = {
                .trial = id, .attempt = 1, .rank = 1, .final = true, .wall_s = at, .outcome = o}});
}

static int setup(void **state)
{
    static fixture f;
    ambs_error err;
    f = (fixture){0};
    if (ambs_spec_parse(text, strlen(text), "toy.yaml", NULL, 0, &f.spec, &err) != 0)
        fail_msg("%s", err.text);
    assert_int_equal(ambs_table_create(&f.table, NULL), 0);
    f.view = (ambs_view){.table = f.table, .spec = f.spec, .path = "toy.h5", .now_s = 1000};
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;
    ambs_table_destroy(f->table);
    ambs_spec_destroy(f->spec);
    return 0;
}

/* One life from 100 s: trial 0 complete (0.5), 1 failed (exit 3), 2 complete (0.75), 3 running, 4
 * waiting. */
static void fill(ambs_table *t)
{
    apply(t, (ambs_record){.type = AMBS_RECORD_LIFE,
                           .as.life = {.format = AMBS_JOURNAL_FORMAT,
                                       .epoch = 1,
                                       .wall_s = 100,
                                       .n_dimensions = 2,
                                       .n_ranks = 2,
                                       .host = "node",
                                       .spec_file = "toy.yaml",
                                       .spec_text = text,
                                       .build = "test"}});
    apply(t, (ambs_record){.type = AMBS_RECORD_WORKER,
                           .as.worker = {.rank = 1,
                                         .n_slots = 1,
                                         .state = AMBS_WORKER_JOINED,
                                         .wall_s = 100,
                                         .host = "node"}});
    for (uint64_t i = 0; i < 5; i++)
        propose(t, i, 0.125 * (double)(i + 1), (double)(i % 2), 100 + (double)i);
    start(t, 0, 110);
    result(t, 0,
           (ambs_outcome){
               .state = AMBS_TRIAL_COMPLETE, .objective = 0.5, .start_s = 110, .duration_s = 10},
           120);
    start(t, 1, 120);
    result(t, 1,
           (ambs_outcome){.state = AMBS_TRIAL_FAILED,
                          .reason = AMBS_REASON_EXIT,
                          .code = 3,
                          .objective = NAN,
                          .start_s = 120,
                          .duration_s = 5,
                          .message = "no such file"},
           125);
    start(t, 2, 125);
    result(t, 2,
           (ambs_outcome){.state = AMBS_TRIAL_COMPLETE,
                          .objective = 0.75,
                          .start_s = 125,
                          .duration_s = 15,
                          .n_metrics = 1,
                          .metrics = {{"accuracy", 0.9}}},
           140);
    start(t, 3, 140);
}

static void expect_text(int rc, ambs_text *out, const char *expected)
{
    assert_int_equal(rc, 0);
    assert_string_equal(out->text, expected);
    ambs_text_fini(out);
}

static void an_empty_study_has_no_best(void **state)
{
    fixture *f = *state;
    ambs_text out = {0};
    ambs_error err;
    assert_int_equal(ambs_view_standing(&f->view), AMBS_STANDING_EMPTY);
    assert_int_equal(ambs_view_exit_code(&f->view), 3);
    assert_int_equal(ambs_view_best(&f->view, &out, &err), AMBS_E_NOT_FOUND);
    assert_string_equal(err.text, "no trial is complete yet (0 failed, 0 running)");
    assert_int_equal(ambs_view_show(&f->view, 0, &out, &err), AMBS_E_NOT_FOUND);
    assert_string_equal(err.text, "the study has no trials yet");
    expect_text(ambs_view_trials(&f->view, &(ambs_trial_filter){0}, &out, &err), &out,
                "trial  state  loss  duration  x  kind\n");
}

static void the_best_follows_the_goal(void **state)
{
    fixture *f = *state;
    fill(f->table);
    assert_int_equal(ambs_view_best_trial(&f->view), 2);
    f->spec->goal = AMBS_MINIMIZE;
    assert_int_equal(ambs_view_best_trial(&f->view), 0);
}

static void trials_are_a_line_each(void **state)
{
    fixture *f = *state;
    ambs_text out = {0};
    ambs_error err;
    fill(f->table);
    expect_text(ambs_view_trials(&f->view, &(ambs_trial_filter){.by_objective = true, .limit = 2},
                                 &out, &err),
                &out,
                "trial  state     loss  duration      x  kind\n"
                "    2  complete  0.75    15.0 s  0.375  a\n"
                "    0  complete   0.5    10.0 s  0.125  a\n");
    expect_text(ambs_view_trials(&f->view, &(ambs_trial_filter){.state = "failed"}, &out, &err),
                &out,
                "trial  state           loss  duration     x  kind\n"
                "    1  failed: exit 3     -     5.0 s  0.25  b\n");
    assert_int_equal(ambs_view_trials(&f->view, &(ambs_trial_filter){.state = "done"}, &out, &err),
                     AMBS_E_INVALID);
    assert_string_equal(
        err.text,
        "found the state 'done', expected waiting, running, complete, pruned, failed, paused "
        "or cancelled");
}

static void a_killed_study_says_how_to_go_on(void **state)
{
    fixture *f = *state;
    ambs_text out = {0};
    fill(f->table);
    assert_int_equal(ambs_view_standing(&f->view), AMBS_STANDING_INTERRUPTED);
    assert_int_equal(ambs_view_status(&f->view, &out, NULL), 0);
    assert_non_null(strstr(out.text, "standing     interrupted\n"));
    assert_non_null(strstr(
        out.text, "trials       2 complete, 1 failed, 1 interrupted, 1 waiting; budget 5\n"));
    assert_non_null(strstr(out.text, "1 × exit status not 0\n"));
    assert_non_null(strstr(out.text, "best         loss = 0.75 in trial 2\n"));
    assert_non_null(strstr(out.text, "ambs run toy.yaml -o toy.h5 --resume\n"));
    ambs_text_fini(&out);
}

static void an_ended_study_returns_its_own_code(void **state)
{
    fixture *f = *state;
    fill(f->table);
    apply(f->table,
          (ambs_record){.type = AMBS_RECORD_END,
                        .as.end = {.exit_code = 4, .wall_s = 150, .text = "20 failures"}});
    assert_int_equal(ambs_view_standing(&f->view), AMBS_STANDING_FAILED);
    assert_int_equal(ambs_view_exit_code(&f->view), 4);
}

static void the_curve_lists_improvements(void **state)
{
    fixture *f = *state;
    ambs_text out = {0};
    ambs_error err;
    fill(f->table);
    expect_text(ambs_view_curve(&f->view, UINT64_MAX, &out, &err), &out,
                "finished  trial  best   after\n"
                "       1      0   0.5  20.0 s\n"
                "       3      2  0.75  40.0 s\n");
    expect_text(ambs_view_curve(&f->view, 2, &out, &err), &out, "trial 2 reported no steps\n");
    assert_int_equal(ambs_view_curve(&f->view, 9, &out, &err), AMBS_E_NOT_FOUND);
    assert_string_equal(err.text, "found no trial 9; the study has 5 trials");
}

static void a_trial_is_one_json_object(void **state)
{
    fixture *f = *state;
    ambs_text out = {0};
    fill(f->table);
    f->view.json = true;
    assert_int_equal(
        ambs_view_trials(&f->view, &(ambs_trial_filter){.state = "failed"}, &out, NULL), 0);
    assert_non_null(strstr(out.text, "\"id\": 1"));
    assert_non_null(strstr(out.text, "\"reason\": \"exit 3\""));
    assert_non_null(strstr(out.text, "\"objective\": null"));
    assert_non_null(strstr(out.text, "\"message\": \"no such file\""));
    ambs_text_fini(&out);
}

/* The fixture's trials with loss, to be maximised, and size, to be minimised. */
static ambs_spec *spec_with_a_front(void)
{
    static const char front[] =
        "study: {name: toy}\n"
        "metrics: [{name: loss, goal: maximize}, {name: size, reference: 10}]\n"
        "method: {name: random}\n"
        "budget: {trials: 5}\n"
        "parameters:\n"
        "  x: {min: 0.0, max: 1.0}\n"
        "  kind: {values: [a, b]}\n";
    ambs_error err;
    ambs_spec *spec;
    if (ambs_spec_parse(front, strlen(front), "toy.yaml", NULL, 0, &spec, &err) != 0)
        fail_msg("%s", err.text);
    return spec;
}

static void fill_front(ambs_table *t)
{
    const double values[][2] = {{0.5, 2}, {0.25, 4}, {0.75, 8}};
    fill(t);
    for (uint64_t i = 0; i < 3; i++) {
        propose(t, 5 + i, 0.125 * (double)(i + 1), 0, 130);
        start(t, 5 + i, 131);
        result(t, 5 + i,
               (ambs_outcome){.state = AMBS_TRIAL_COMPLETE,
                              .objective = values[i][0],
                              .n_metrics = 1,
                              .metrics = {{"size", values[i][1]}}},
               140 + (double)i);
    }
}

static void several_metrics_show_their_front(void **state)
{
    fixture *f = *state;
    ambs_text out = {0};
    ambs_spec *spec = spec_with_a_front();
    f->view.spec = spec;
    fill_front(f->table);
    assert_int_equal(ambs_view_best(&f->view, &out, NULL), 0);
    assert_string_equal(out.text,
                        "2 trials that no other beats in all metrics; hypervolume 0.7 (loss above "
                        "0.475, size below 10)\n\n"
                        "trial  loss  size      x  kind\n"
                        "    7  0.75     8  0.375  a\n"
                        "    5   0.5     2  0.125  a\n");
    ambs_text_clear(&out);
    assert_int_equal(ambs_view_curve(&f->view, UINT64_MAX, &out, NULL), 0);
    assert_string_equal(out.text, "finished  trial  front  hypervolume   after\n"
                                  "       4      5      1          0.2  40.0 s\n"
                                  "       6      7      2          0.7  42.0 s\n");
    ambs_text_clear(&out);
    assert_int_equal(ambs_view_status(&f->view, &out, NULL), 0);
    assert_non_null(strstr(out.text, "front        2 trials, hypervolume 0.7 (loss above 0.475, "
                                     "size below 10)\n"
                                     "growth       0 (0) after 1, 0 (0) after 3, 0.2 (1) after 4, "
                                     "0.7 (2) after 6 results\n"));
    ambs_text_clear(&out);
    assert_int_equal(ambs_view_trials(&f->view, &(ambs_trial_filter){.limit = 1}, &out, NULL), 0);
    assert_non_null(strstr(out.text, "loss  size"));
    ambs_text_clear(&out);
    f->view.json = true;
    assert_int_equal(ambs_view_best(&f->view, &out, NULL), 0);
    assert_non_null(strstr(out.text, "\"goal\": \"maximize\""));
    assert_non_null(strstr(out.text, "\"front\": ["));
    ambs_text_fini(&out);
    f->view.spec = f->spec;
    ambs_spec_destroy(spec);
}

#define VIEW(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        VIEW(an_empty_study_has_no_best),
        VIEW(the_best_follows_the_goal),
        VIEW(trials_are_a_line_each),
        VIEW(a_killed_study_says_how_to_go_on),
        VIEW(an_ended_study_returns_its_own_code),
        VIEW(the_curve_lists_improvements),
        VIEW(a_trial_is_one_json_object),
        VIEW(several_metrics_show_their_front),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("view", tests, NULL, NULL);
}
