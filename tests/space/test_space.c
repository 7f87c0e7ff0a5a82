/* SPDX-License-Identifier: MIT */
/* Building spaces: what is refused and how it is said; conditions; hostile spaces. */
#include "spaces.h"

#include "base/text.h"

static void a_parameter_that_is_wrong_is_refused_with_its_remedy(void **state)
{
    (void)state;
    static const struct {
        ambs_parameter_type type;
        ambs_scale scale;
        const char *name;
        double min, max, step;
        const char *error;
    } cases[] = {
        {AMBS_PARAMETER_FLOAT, 0, "", 0, 1, 0, "a parameter has no name"},
        {AMBS_PARAMETER_FLOAT, 0, "a b", 0, 1, 0,
         "parameter \"a b\": character 2 of the name is not allowed; expected a letter or '_', "
         "then letters, digits, '_', '.', ':' and '-'"},
        {AMBS_PARAMETER_FLOAT, 0, "1a", 0, 1, 0,
         "parameter \"1a\": character 1 of the name is not allowed; expected a letter or '_', then "
         "letters, digits, '_', '.', ':' and '-'"},
        {AMBS_PARAMETER_FLOAT, 0, "max", 0, 1, 0,
         "parameter \"max\": the name is a word of the constraint language, take another"},
        {AMBS_PARAMETER_FLOAT, 0, "x", 1, 0, 0, "parameter \"x\": min 1 is above max 0"},
        {AMBS_PARAMETER_FLOAT, 0, "x", NAN, 0, 0,
         "parameter \"x\": min and max have to be finite numbers, found nan and 0"},
        {AMBS_PARAMETER_FLOAT, 0, "x", -1e308, 1e308, 0,
         "parameter \"x\": the range from -1e+308 to 1e+308 is too wide for a double"},
        {AMBS_PARAMETER_FLOAT, AMBS_SCALE_LOG, "x", 0, 1, 0,
         "parameter \"x\": scale log needs min above 0, found 0"},
        {AMBS_PARAMETER_FLOAT, AMBS_SCALE_REVERSE_LOG, "x", 0, 1, 0,
         "parameter \"x\": scale reverse_log needs max below 1, found 1"},
        {AMBS_PARAMETER_FLOAT, AMBS_SCALE_LOGIT, "x", 0, 0.5, 0,
         "parameter \"x\": scale logit needs a range inside 0 and 1, found 0 to 0.5"},
        {AMBS_PARAMETER_FLOAT, 0, "x", 0, 1, 0.3,
         "parameter \"x\": steps of 0.3 from 0 do not meet max 1; the last below is 0.9"},
        {AMBS_PARAMETER_FLOAT, 0, "x", 0, 1, -1,
         "parameter \"x\": step has to be above 0, found -1"},
        {AMBS_PARAMETER_FLOAT, 0, "x", 0, 1, 3,
         "parameter \"x\": step 3 is wider than the range from 0 to 1"},
        {AMBS_PARAMETER_INT, 0, "x", 0.5, 1, 0,
         "parameter \"x\": an int needs whole numbers within ±2^53, found min 0.5 and max 1"},
        {AMBS_PARAMETER_INT, 0, "x", 0, 10, 2.5,
         "parameter \"x\": the step of an int has to be whole, found 2.5"},
        {AMBS_PARAMETER_INT, 0, "x", -0x1p53, 0x1p53, 0,
         "parameter \"x\": 1.8e+16 distinct values are too many, at most 2^50 can be told apart"},
    };
    ambs_space *s = new_space();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ambs_error err = {0};
        int rc = try_numeric(s, cases[i].name, cases[i].type, cases[i].scale, cases[i].min,
                             cases[i].max, cases[i].step, &err);
        assert_int_equal(rc, AMBS_E_INVALID);
        assert_string_equal(err.text, cases[i].error);
    }
    assert_int_equal(ambs_space_dimension(s), 0);
    ambs_space_destroy(s);
}

static void levels_probabilities_and_defaults_are_checked(void **state)
{
    (void)state;
    const ambs_value ab[] = {{AMBS_VALUE_STRING, NAN, "a"}, {AMBS_VALUE_STRING, NAN, "b"}};
    const ambs_value aa[] = {{AMBS_VALUE_STRING, NAN, "a"}, {AMBS_VALUE_STRING, NAN, "a"}};
    const struct {
        ambs_parameter p;
        const char *error;
    } cases[] = {
        {{.type = AMBS_PARAMETER_CATEGORICAL, .initial = NAN},
         "parameter \"x\": found 0 values, expected at least one"},
        {{.type = AMBS_PARAMETER_CONSTANT, .levels = ab, .n_levels = 2, .initial = NAN},
         "parameter \"x\": found 2 values, expected one"},
        {{.type = AMBS_PARAMETER_ORDINAL, .levels = aa, .n_levels = 2, .initial = NAN},
         "parameter \"x\": the value \"a\" is listed twice"},
        {{.type = AMBS_PARAMETER_CATEGORICAL,
          .levels = ab,
          .n_levels = 2,
          .probabilities = (double[]){0.5, 0.6},
          .initial = NAN},
         "parameter \"x\": the probabilities sum to 1.1, expected 1"},
        {{.type = AMBS_PARAMETER_CATEGORICAL,
          .levels = ab,
          .n_levels = 2,
          .probabilities = (double[]){1, 0},
          .initial = NAN},
         "parameter \"x\": the probability of \"b\" is 0, expected above 0; leave the value out if "
         "it is never to be tried"},
        {{.type = AMBS_PARAMETER_ORDINAL,
          .levels = ab,
          .n_levels = 2,
          .probabilities = (double[]){0.5, 0.5},
          .initial = NAN},
         "parameter \"x\": probabilities are for categorical parameters only"},
        {{.type = AMBS_PARAMETER_CATEGORICAL, .levels = ab, .n_levels = 2, .initial = 2},
         "default: parameter \"x\": found level number 2, expected 0 to 1"},
        {{.type = AMBS_PARAMETER_FLOAT, .min = 0, .max = 1, .initial = 2},
         "default: parameter \"x\": 2 is outside 0 to 1"},
        {{.type = AMBS_PARAMETER_FLOAT, .min = 0, .max = 1, .step = 0.25, .initial = 0.3},
         "default: parameter \"x\": 0.3 is not a value of it, the nearest is 0.25"},
    };
    ambs_space *s = new_space();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ambs_error err = {0};
        ambs_parameter p = cases[i].p;
        p.name = "x";
        assert_int_equal(ambs_space_add(s, &p, &err), AMBS_E_INVALID);
        assert_string_equal(err.text, cases[i].error);
    }
    ambs_error err = {0};
    add_int(s, "x", AMBS_SCALE_LINEAR, 0, 1, 0);
    assert_int_equal(try_numeric(s, "x", AMBS_PARAMETER_INT, AMBS_SCALE_LINEAR, 0, 1, 0, &err),
                     AMBS_E_INVALID);
    assert_string_equal(err.text, "parameter \"x\" is there already");
    ambs_space_destroy(s);
}

/* Builds, adds what `spoil` adds, and expects finishing to fail with `error`. */
static void expect_finish(ambs_space *s, int code, const char *error)
{
    ambs_error err = {0};
    assert_int_equal(ambs_space_finish(s, &err), code);
    assert_string_equal(err.text, error);
    ambs_space_destroy(s);
}

static void an_empty_space_is_refused(void **state)
{
    (void)state;
    expect_finish(new_space(), AMBS_E_INVALID,
                  "the space has no parameters, expected at least one");
}

static void a_circle_of_conditions_is_named(void **state)
{
    (void)state;
    ambs_space *s = new_space();
    for (int i = 0; i < 5; i++)
        add_int(s, (const char *[]){"a", "b", "c", "d", "e"}[i], AMBS_SCALE_LINEAR, 0, 1, 0);
    add_when(s, "a", "b", 1); /* a leads into the circle b, c, d without being in it */
    add_when(s, "b", "c", 1);
    add_when(s, "b", "e", 1);
    add_when(s, "d", "b", 1);
    ambs_error err = {0};
    must(ambs_space_add_condition_expression(s, "c", "d > 0", &err), &err);
    assert_int_equal(ambs_space_finish(s, &err), AMBS_E_INVALID);
    assert_string_equal(err.text, "the conditions form a circle: \"c\" needs \"d\", \"d\" needs "
                                  "\"b\", \"b\" needs \"c\"; let "
                                  "one of them not depend on the next");
    ambs_space_destroy(s);
    s = new_space();
    add_int(s, "a", AMBS_SCALE_LINEAR, 0, 1, 0);
    add_when(s, "a", "a", 1);
    expect_finish(
        s, AMBS_E_INVALID,
        "the conditions form a circle: \"a\" needs \"a\"; let one of them not depend on the next");
}

static void wrong_conditions_and_constraints_are_located(void **state)
{
    (void)state;
    ambs_error err = {0};
    ambs_space *s = new_space();
    add_int(s, "layers", AMBS_SCALE_LINEAR, 1, 4, 0);
    add_when(s, "layers", "optimizr", 0);
    add_levels(s, "optimizer", AMBS_PARAMETER_CATEGORICAL, "a b", NULL);
    expect_finish(s, AMBS_E_INVALID,
                  "when of parameter \"layers\": there is no parameter \"optimizr\"; did you mean "
                  "\"optimizer\"?");
    s = new_space();
    add_int(s, "layers", AMBS_SCALE_LINEAR, 1, 4, 0);
    add_levels(s, "optimizer", AMBS_PARAMETER_CATEGORICAL, "a b", NULL);
    add_when(s, "layers", "optimizer", 2);
    expect_finish(s, AMBS_E_INVALID,
                  "when of parameter \"layers\": parameter \"optimizer\": found level number 2, "
                  "expected 0 to 1");
    s = new_space();
    add_int(s, "layers", AMBS_SCALE_LINEAR, 1, 4, 0);
    assert_int_equal(ambs_space_add_constraint(s, "layers <", &err), AMBS_E_INVALID);
    assert_string_equal(
        err.text,
        "constraint \"layers <\": column 9: the expression ends here, expected a number, a name, a "
        "text in quotes or (");
    assert_int_equal(ambs_space_add_condition_expression(s, "layers", "1 +", &err), AMBS_E_INVALID);
    assert_int_equal(ambs_space_add_condition_expression(s, "nobody", "1 > 0", &err),
                     AMBS_E_INVALID);
    assert_string_equal(err.text, "when: there is no parameter \"nobody\"");
    add_constraint(s, "leyers < 3");
    expect_finish(s, AMBS_E_INVALID,
                  "constraint \"leyers < 3\": column 1: unknown name \"leyers\"; did you mean "
                  "\"layers\"? known: layers");
}

static void names_may_look_like_words_of_the_language(void **state)
{
    (void)state;
    for (int later = 0; later < 2; later++) {
        ambs_error err = {0};
        ambs_space *s = new_space();
        add_int(s, "a", AMBS_SCALE_LINEAR, 0, 9, 0);
        if (later) add_constraint(s, "a > 3 and-a < 0 or max-depth > 2 or log-scale-2 == 1");
        add_int(s, "max-depth", AMBS_SCALE_LINEAR, 0, 9, 0);
        add_int(s, "log-scale", AMBS_SCALE_LINEAR, 0, 9, 0);
        add_int(s, "in-features", AMBS_SCALE_LINEAR, 0, 9, 0);
        if (!later) add_constraint(s, "in-features > 3 and not max-depth in [1, 2]");
        assert_int_equal(ambs_space_add_constraint(s, "log a > 1", &err), AMBS_E_INVALID);
        assert_string_equal(err.text, "constraint \"log a > 1\": column 5: found \"a\", expected ( "
                                      "after the name of a function");
        finish(s);
        bool exact;
        assert_true(ambs_space_cardinality(s, &exact) ==
                    (later ? 10 * (1000 - 4 * 3 * 9) : 100 * 6 * 8));
        assert_true(exact);
        ambs_space_destroy(s);
    }
}

static void nothing_can_be_added_to_a_finished_space(void **state)
{
    (void)state;
    ambs_error err = {0};
    ambs_space *s = new_space();
    add_int(s, "x", AMBS_SCALE_LINEAR, 1, 4, 0);
    finish(s);
    const double one = 1;
    assert_int_equal(try_numeric(s, "y", AMBS_PARAMETER_INT, AMBS_SCALE_LINEAR, 0, 1, 0, &err),
                     AMBS_E_INVALID);
    assert_int_equal(ambs_space_add_condition(s, "x", "x", &one, 1, &err), AMBS_E_INVALID);
    assert_int_equal(ambs_space_add_constraint(s, "x > 1", &err), AMBS_E_INVALID);
    expect_finish(s, AMBS_E_INVALID, "the space is finished, nothing can be added to it");
}

static void a_chain_of_conditions_is_followed_to_its_end(void **state)
{
    (void)state;
    ambs_space *s = new_space(); /* children before parents */
    add_int(s, "c", AMBS_SCALE_LINEAR, 0, 9, 0);
    add_int(s, "b", AMBS_SCALE_LINEAR, 0, 9, 0);
    add_int(s, "a", AMBS_SCALE_LINEAR, 0, 9, 0);
    add_levels(s, "root", AMBS_PARAMETER_CATEGORICAL, "off on", NULL);
    const double many[] = {5, 6, 7, 8, 9};
    ambs_error err = {0};
    must(ambs_space_add_condition(s, "c", "b", many, 5, &err), &err);
    must(ambs_space_add_condition_expression(s, "b", "a >= 5 or a == 0", &err), &err);
    add_when(s, "a", "root", 1);
    must(ambs_space_add_condition_expression(s, "c", "root == on", &err), &err);
    finish(s);
    assert_string_equal(ambs_space_condition_text(s, 0), "b in [5, 6, 7, 8, 9] and (root == on)");
    assert_string_equal(ambs_space_condition_text(s, 1), "a >= 5 or a == 0");
    assert_string_equal(ambs_space_condition_text(s, 2), "root == on");
    assert_null(ambs_space_condition_text(s, 3));
    assert_false(ambs_space_is_conditional(s, 3));
    bool exact;
    /* off; a 1..4; a 0, 5..9 with b 0..4; the same with b 5..9 and c */
    assert_true(ambs_space_cardinality(s, &exact) == 1 + 4 + 6 * 5 + 6 * 5 * 10);
    assert_true(exact);
    ambs_random r;
    ambs_random_init(&r, 1, 0, AMBS_PURPOSE_TEST);
    for (int round = 0; round < 5000; round++) {
        double x[4];
        must(ambs_space_sample(s, &r, x, &err), &err);
        bool a = x[3] == 1, b = a && (x[2] >= 5 || x[2] == 0), c = b && x[1] >= 5;
        assert_int_equal(!isnan(x[2]), a);
        assert_int_equal(!isnan(x[1]), b);
        assert_int_equal(!isnan(x[0]), c);
        x[3] = 1 - x[3];
        assert_false(ambs_space_contains(s, x, NULL));
        ambs_space_normalise(s, x);
        if (!ambs_space_contains(s, x, &err)) fail_msg("%s", err.text);
    }
    ambs_space_destroy(s);
}

static void membership_says_what_is_wrong(void **state)
{
    (void)state;
    ambs_space *s = every_kind();
    ambs_error err = {0};
    double x[16], y[16];
    must(ambs_space_defaults(s, x, &err), &err);
    assert_true(ambs_space_contains(s, x, &err));
    static const struct {
        int i;
        double value;
        const char *error;
    } cases[] = {
        {0, 1, "parameter \"learning_rate\": 1 is outside 0.0001 to 0.1"},
        {0, NAN, "parameter \"learning_rate\" has no value but is active"},
        {4, 2.4, "parameter \"layers\": 2.4 is not a value of it, the nearest is 2"},
        {7, 3, "parameter \"optimizer\": found level number 3, expected 0 to 2"},
        {9, 0.5, "parameter \"momentum\" has a value but is inactive (nesterov == true)"},
        {6, 3, "the constraint \"layers * batch <= 256\" is false"},
        {10, 1, "parameter \"epochs\": found level number 1, expected 0 to 0"},
    };
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        memcpy(y, x, sizeof y);
        y[4] = 4;
        y[6] = 0;
        y[cases[k].i] = cases[k].value;
        assert_false(ambs_space_contains(s, y, &err));
        assert_false(ambs_space_contains(s, y, NULL));
        assert_string_equal(err.text, cases[k].error);
    }
    ambs_space_destroy(s);
}

static void spaces_without_a_member_are_found_out(void **state)
{
    (void)state;
    ambs_space *s = new_space();
    add_int(s, "a", AMBS_SCALE_LINEAR, 0, 999, 0);
    add_int(s, "b", AMBS_SCALE_LINEAR, 0, 999, 0);
    add_constraint(s, "a >= 0");
    add_constraint(s, "a + b > 1998");
    expect_finish(s, AMBS_E_INFEASIBLE,
                  "the space is empty (all configurations were tried): 0 of 100000 random "
                  "configurations satisfied the "
                  "constraints; \"a + b > 1998\" was false in 100 % of them");
    s = new_space();
    add_float(s, "a", AMBS_SCALE_LINEAR, 0, 1, 0);
    add_constraint(s, "a > 2 or a < 1e-12");
    expect_finish(s, AMBS_E_INFEASIBLE,
                  "no feasible configuration was found: 0 of 100000 random configurations "
                  "satisfied the constraints; \"a > 2 or "
                  "a < 1e-12\" was false in 100 % of them");
}

static void a_needle_in_a_discrete_space_is_found(void **state)
{
    (void)state;
    ambs_space *s = new_space(); /* 10^12 configurations, one of them feasible */
    static const char *const names[] = {"a", "b", "c", "d"};
    for (int i = 0; i < 4; i++) {
        char text[64];
        add_int(s, names[i], AMBS_SCALE_LINEAR, 0, 999, 0);
        snprintf(text, sizeof text, "%s == %d", names[i], 100 + i);
        add_constraint(s, text);
    }
    finish(s);
    bool exact;
    assert_true(ambs_space_cardinality(s, &exact) == 1);
    assert_true(exact);
    ambs_random r;
    ambs_error err = {0};
    ambs_random_init(&r, 1, 0, AMBS_PURPOSE_TEST);
    double x[4];
    must(ambs_space_sample(s, &r, x, &err), &err);
    for (int i = 0; i < 4; i++) assert_true(x[i] == 100 + i);
    assert_int_equal(ambs_space_defaults(s, x, &err), AMBS_E_INFEASIBLE);
    ambs_space_destroy(s);
}

static void a_space_of_one_member_has_one(void **state)
{
    (void)state;
    ambs_space *s = new_space();
    add_levels(s, "a", AMBS_PARAMETER_CONSTANT, "30", NULL);
    add_levels(s, "b", AMBS_PARAMETER_CATEGORICAL, "only", NULL);
    add_int(s, "c", AMBS_SCALE_LOG, 7, 7, 0);
    add_levels(s, "d", AMBS_PARAMETER_ORDINAL, "1", NULL);
    finish(s);
    ambs_random r;
    ambs_error err = {0};
    ambs_random_init(&r, 1, 0, AMBS_PURPOSE_TEST);
    double x[4], y[4];
    must(ambs_space_sample(s, &r, x, &err), &err);
    must(ambs_space_defaults(s, y, &err), &err);
    assert_true(ambs_space_equal(s, x, y));
    assert_true(ambs_space_cardinality(s, NULL) == 1);
    for (size_t i = 0; i < 4; i++) assert_false(ambs_space_neighbour(s, x, i, 0, 0.2, &r, y));
    ambs_space_destroy(s);
}

static void a_hundred_parameters_in_a_chain_work(void **state)
{
    (void)state;
    ambs_space *s = new_space();
    char name[16], parent[16];
    for (int i = 99; i >= 0; i--) {
        snprintf(name, sizeof name, "x%d", i);
        add_levels(s, name, AMBS_PARAMETER_CATEGORICAL, "0 1", NULL);
        snprintf(parent, sizeof parent, "x%d", i - 1);
        if (i > 0) add_when(s, name, parent, 1);
    }
    finish(s);
    bool exact;
    assert_true(ambs_space_cardinality(s, &exact) ==
                101); /* where the chain ends, the last end twice */
    assert_true(exact);
    double x[100];
    ambs_random r;
    ambs_error err = {0};
    ambs_random_init(&r, 1, 0, AMBS_PURPOSE_TEST);
    for (int round = 0; round < 1000; round++) {
        must(ambs_space_sample(s, &r, x, &err), &err);
        assert_true(ambs_space_contains(s, x, NULL));
    }
    ambs_space_destroy(s);
}

static void a_space_of_10000_parameters_is_finished_in_bounded_time(void **state)
{
    (void)state;
    ambs_space *s = new_space();
    char name[16];
    for (int i = 0; i < 10000; i++) {
        snprintf(name, sizeof name, "x%d", i);
        add_float(s, name, AMBS_SCALE_LINEAR, 0, 1, 0);
    }
    ambs_error err = {0};
    assert_int_equal(
        try_numeric(s, "one_more", AMBS_PARAMETER_FLOAT, AMBS_SCALE_LINEAR, 0, 1, 0, &err),
        AMBS_E_INVALID);
    assert_string_equal(err.text, "more than 10000 parameters");
    add_constraint(s, "x0 + x9999 > 2");
    expect_finish(s, AMBS_E_INFEASIBLE,
                  "no feasible configuration was found: 0 of 2000 random configurations satisfied "
                  "the constraints; \"x0 + x9999 > 2\" was false in 100 % of them");
}

static void digests_tell_spaces_apart(void **state)
{
    (void)state;
    ambs_space *a = every_kind(), *b = every_kind(), *c = new_space(), *d = new_space();
    add_float(c, "x", AMBS_SCALE_LINEAR, 0.5, 1, 0);
    add_float(d, "x", AMBS_SCALE_LOG, 0.5, 1, 0);
    finish(c);
    finish(d);
    assert_true(ambs_space_digest(a) == ambs_space_digest(b));
    assert_true(ambs_space_digest(a) != ambs_space_digest(c));
    assert_true(ambs_space_digest(c) != ambs_space_digest(d));
    ambs_space_destroy(a);
    ambs_space_destroy(b);
    ambs_space_destroy(c);
    ambs_space_destroy(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_parameter_that_is_wrong_is_refused_with_its_remedy),
        cmocka_unit_test(levels_probabilities_and_defaults_are_checked),
        cmocka_unit_test(an_empty_space_is_refused),
        cmocka_unit_test(a_circle_of_conditions_is_named),
        cmocka_unit_test(wrong_conditions_and_constraints_are_located),
        cmocka_unit_test(names_may_look_like_words_of_the_language),
        cmocka_unit_test(nothing_can_be_added_to_a_finished_space),
        cmocka_unit_test(a_chain_of_conditions_is_followed_to_its_end),
        cmocka_unit_test(membership_says_what_is_wrong),
        cmocka_unit_test(spaces_without_a_member_are_found_out),
        cmocka_unit_test(a_needle_in_a_discrete_space_is_found),
        cmocka_unit_test(a_space_of_one_member_has_one),
        cmocka_unit_test(a_hundred_parameters_in_a_chain_work),
        cmocka_unit_test(a_space_of_10000_parameters_is_finished_in_bounded_time),
        cmocka_unit_test(digests_tell_spaces_apart),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("space", tests, NULL, NULL);
}
