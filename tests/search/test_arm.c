/* SPDX-License-Identifier: MIT */
/* Which model of a portfolio serves an ask, and what each of them holds. */
#include "fixture.h"

#include "search/arm.h"

static ambs_arms three(void)
{
    ambs_arms arms = {.n = 3};
    arms.arm[0].until = arms.arm[2].until = 10;
    arms.arm[1].until = arms.arm[1].lies = UINT64_MAX;
    arms.arm[0].lies = arms.arm[2].lies = 4;
    arms.arm[2].leads = true;
    return arms;
}

static void arms_take_turns_by_the_asks_that_a_model_decided(void **state)
{
    (void)state;
    const ambs_arms arms = three();
    for (uint64_t n = 0; n < 9; n++) {
        const ambs_turn turn = {.id = 9, .n_asks = n, .n_lies = 4, .n_told = 12};
        assert_int_equal(ambs_arms_turn(&arms, &turn), n % 3);
    }
}

static void in_a_crowd_one_arm_leads_while_it_takes_part(void **state)
{
    (void)state;
    const ambs_arms arms = three();
    for (uint64_t n = 0; n < 9; n++) {
        ambs_turn turn = {.id = 9, .n_asks = n, .n_lies = 4, .n_told = 11};
        assert_int_equal(ambs_arms_turn(&arms, &turn), 2);
        turn.n_lies = 5;
        assert_int_equal(ambs_arms_turn(&arms, &turn), 1);
    }
}

static void an_arm_serves_no_trial_from_its_end_on(void **state)
{
    (void)state;
    const ambs_arms arms = three();
    for (uint64_t n = 0; n < 9; n++)
        for (uint64_t n_lies = 0; n_lies < 2; n_lies++) {
            const ambs_turn turn = {.id = 10, .n_asks = n, .n_lies = n_lies};
            assert_int_equal(ambs_arms_turn(&arms, &turn), 1);
        }
}

static void an_arm_rests_while_too_many_are_in_flight(void **state)
{
    (void)state;
    const ambs_arms arms = three();
    for (uint64_t n = 0; n < 9; n++) {
        const ambs_turn turn = {.n_asks = n, .n_lies = 5, .n_told = 100};
        assert_int_equal(ambs_arms_turn(&arms, &turn), 1);
    }
}

static ambs_text described(const char *settings)
{
    ambs_text out = {0};
    ambs_spec *spec = make_spec("ambs", make_space(SPACE_CONTINUOUS), 1, settings);
    spec->method->describe(spec, spec->method_options, &out);
    drop_spec(spec);
    return out;
}

static void the_description_names_the_models_in_their_order(void **state)
{
    (void)state;
    static const char in_turn[] = " in turn, but gp (anova, %s) alone with fewer than 3 results "
                                  "for each trial in flight; from "
                                  "trial 500 on, and with more than 256 in flight, forest alone";
    static const char *const wanted[][2] = {
        {"", "8 initial trials (lhs), then lcb over gp (anova, none), forest (log) and gp (anova, "
             "half_rank)"},
        {"transform=log",
         "8 initial trials (lhs), then lcb over gp (anova, log), forest (log) and gp (anova, log)"},
        {"surrogate=forest", "8 initial trials (lhs), then lcb over forest"},
        {"surrogate=forest surrogate=auto initial.points=3",
         "3 initial trials (lhs), then lcb over gp (anova, none), forest (log) and gp (anova, "
         "half_rank)"}};
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        ambs_text text = described(wanted[i][0]);
        char whole[512], rest[256];
        snprintf(rest, sizeof rest, in_turn, i == 1 ? "log" : "half_rank");
        snprintf(whole, sizeof whole, "%s%s", wanted[i][1], i == 2 ? "" : rest);
        assert_string_equal(text.text, whole);
        ambs_text_fini(&text);
    }
}

static void with_ranks_of_the_model_processes_go_on_for_longer(void **state)
{
    (void)state;
    ambs_text out = {0};
    ambs_spec *spec = make_spec("ambs", make_space(SPACE_CONTINUOUS), 1, "");
    spec->surrogate.ranks = 2;
    spec->method->describe(spec, spec->method_options, &out);
    assert_non_null(strstr(out.text, "from trial 10000 on, and with more than 256"));
    assert_true(spec->method->takes_engine(spec->method_options));
    must(ambs_options_set(spec->method->member.options, spec->method_options, "surrogate", "forest",
                          NULL),
         NULL);
    assert_false(spec->method->takes_engine(spec->method_options));
    ambs_text_fini(&out);
    drop_spec(spec);
}

static void an_option_of_one_model_needs_that_model_chosen(void **state)
{
    (void)state;
    ambs_error err;
    ambs_spec *spec = make_spec("ambs", make_space(SPACE_CONTINUOUS), 1, "trees=10");
    const ambs_option *table = spec->method->member.options;
    assert_int_equal(ambs_options_check(table, spec->method_options, &err), AMBS_E_INVALID);
    assert_string_equal(err.text,
                        "trees is an option of forest, but surrogate is auto; leave it out or "
                        "choose forest");
    must(ambs_options_set(table, spec->method_options, "surrogate", "forest", &err), &err);
    must(ambs_options_check(table, spec->method_options, &err), &err);
    assert_int_equal(ambs_options_set(table, spec->method_options, "surrogate", "best", &err),
                     AMBS_E_INVALID);
    assert_non_null(
        strstr(err.text, "found \"best\", expected one of auto, forest, extra_trees, gp"));
    drop_spec(spec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arms_take_turns_by_the_asks_that_a_model_decided),
        cmocka_unit_test(in_a_crowd_one_arm_leads_while_it_takes_part),
        cmocka_unit_test(an_arm_serves_no_trial_from_its_end_on),
        cmocka_unit_test(an_arm_rests_while_too_many_are_in_flight),
        cmocka_unit_test(the_description_names_the_models_in_their_order),
        cmocka_unit_test(with_ranks_of_the_model_processes_go_on_for_longer),
        cmocka_unit_test(an_option_of_one_model_needs_that_model_chosen),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("arm", tests, NULL, NULL);
}
