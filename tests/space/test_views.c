/* SPDX-License-Identifier: MIT */
/* What others see of a configuration: columns, keys of a set, text, JSON. */
#include "spaces.h"

#include "base/text.h"
#include "config.h"
#include "failing_alloc.h"

static void levels_give_one_column_a_parameter(void **state)
{
    (void)state;
    ambs_space *s = every_kind();
    assert_int_equal(ambs_space_n_features(s, AMBS_ENCODING_LEVELS),
                     10); /* none for the constant */
    ambs_feature f[10];
    ambs_space_features(s, AMBS_ENCODING_LEVELS, f);
    assert_int_equal(f[0].kind, AMBS_FEATURE_NUMERIC);
    assert_int_equal(f[0].n_levels, 0);
    assert_int_equal(f[1].n_levels, 6);
    assert_int_equal(f[4].n_levels, 4);
    assert_int_equal(f[6].kind, AMBS_FEATURE_NUMERIC);
    assert_int_equal(f[7].kind, AMBS_FEATURE_CATEGORICAL);
    assert_int_equal(f[7].n_levels, 3);
    assert_false(f[7].may_be_inactive);
    assert_true(f[8].may_be_inactive && f[9].may_be_inactive);
    const double x[] = {1e-4, 0.5, 0.5, 0.99, 1, 8, 3, 2, NAN, NAN, 0};
    double row[10];
    ambs_space_encode(s, AMBS_ENCODING_LEVELS, x, row);
    assert_true(row[0] == 0 && row[1] == 5.5 / 6 && row[2] == 0 && row[3] == 1 && row[4] == 0.125);
    assert_true(row[6] == 1 && row[7] == 2 && isnan(row[8]) && isnan(row[9]));
    ambs_space_destroy(s);
}

static void onehot_gives_one_column_a_level_and_one_for_activity(void **state)
{
    (void)state;
    ambs_space *s = every_kind();
    assert_int_equal(ambs_space_n_features(s, AMBS_ENCODING_ONEHOT), 7 + 3 + 3 + 2);
    ambs_feature f[15];
    double row[15];
    ambs_space_features(s, AMBS_ENCODING_ONEHOT, f);
    for (size_t i = 0; i < 15; i++) {
        assert_int_equal(f[i].kind, AMBS_FEATURE_NUMERIC);
        assert_false(f[i].may_be_inactive);
    }
    assert_int_equal(f[7].parameter, 7);
    assert_int_equal(f[9].parameter, 7);
    assert_int_equal(f[12].parameter, 8);
    assert_int_equal(f[13].n_levels, 0);
    assert_int_equal(f[14].n_levels, 2);
    const double inactive[] = {1e-4, 0.5, 0.5, 0.99, 1, 8, 3, 2, NAN, NAN, 0};
    const double active[] = {1e-4, 0.5, 0.5, 0.99, 1, 8, 3, 0, 1, 0.99, 0};
    ambs_space_encode(s, AMBS_ENCODING_ONEHOT, inactive, row);
    const double expected[] = {0, 0, 1, 0, 0, 0, 0.5, 0},
                 expected_active[] = {1, 0, 0, 0, 1, 1, 1, 1};
    assert_memory_equal(row + 7, expected, sizeof expected);
    ambs_space_encode(s, AMBS_ENCODING_ONEHOT, active, row);
    assert_memory_equal(row + 7, expected_active, sizeof expected_active);
    ambs_space_destroy(s);
}

static void a_set_knows_what_was_added_and_removed(void **state)
{
    (void)state;
    ambs_space *s = new_space();
    add_int(s, "a", AMBS_SCALE_LINEAR, 0, 99, 0);
    add_int(s, "b", AMBS_SCALE_LINEAR, 0, 9, 0);
    add_when(s, "b", "a", 1);
    finish(s);
    ambs_error err = {0};
    ambs_space_set *set;
    must(ambs_space_set_create(s, &set, &err), &err);
    ambs_random r;
    ambs_random_init(&r, 1, 0, AMBS_PURPOSE_TEST);
    bool model[100][11] = {{false}}; /* column 10: b inactive */
    size_t size = 0;
    for (int round = 0; round < 50000; round++) {
        size_t a = ambs_random_below(&r, 100), b = ambs_random_below(&r, 11);
        double x[2] = {a == 0 && round % 2 ? -0.0 : (double)a, b == 10 ? NAN : (double)b};
        uint64_t number = 0;
        assert_int_equal(ambs_space_set_has(set, x, &number), model[a][b]);
        if (model[a][b]) assert_true(number == a * 11 + b);
        if (ambs_random_below(&r, 2)) {
            bool added;
            must(ambs_space_set_add(set, x, a * 11 + b, &added, &err), &err);
            assert_int_equal(added, !model[a][b]);
            size += added;
            model[a][b] = true;
        } else {
            assert_int_equal(ambs_space_set_remove(set, x), model[a][b]);
            size -= model[a][b];
            model[a][b] = false;
        }
        assert_int_equal(ambs_space_set_size(set), size);
    }
    ambs_space_set_destroy(set);
    ambs_space_set_destroy(NULL);
    ambs_space_destroy(s);
}

static void values_are_read_from_text_as_they_are_written(void **state)
{
    (void)state;
    ambs_space *s = every_kind();
    ambs_error err = {0};
    double v;
    must(ambs_space_parse(s, 0, "1e-3", &v, &err), &err);
    assert_true(v == 0.001);
    must(ambs_space_parse(s, 1, "0.30000000000000004", &v, &err),
         &err); /* another program's 3 * 0.1 */
    assert_true(v == 0.3);
    must(ambs_space_parse(s, 4, "2.0", &v, &err), &err);
    assert_true(v == 2);
    must(ambs_space_parse(s, 6, "6.4e1", &v, &err), &err);
    assert_true(v == 2);
    must(ambs_space_parse(s, 8, "true", &v, &err), &err);
    assert_true(v == 1);
    static const struct {
        size_t i;
        const char *text, *error;
    } bad[] = {
        {0, "fast",
         "parameter \"learning_rate\": found \"fast\", expected a number from 0.0001 to 0.1"},
        {0, "1", "parameter \"learning_rate\": 1 is outside 0.0001 to 0.1"},
        {1, "0.25", "parameter \"dropout\": 0.25 is not a value of it, the nearest is 0.2"},
        {4, "1.5", "parameter \"layers\": found \"1.5\", expected a whole number from 1 to 4"},
        {6, "48", "parameter \"batch\" (ordinal): found \"48\", expected one of 16, 32, 64, 128"},
        {7, "adma",
         "parameter \"optimizer\" (categorical): found \"adma\", expected one of sgd, adam, "
         "rmsprop; did you mean "
         "\"adam\"?"},
        {8, "yes",
         "parameter \"nesterov\" (categorical): found \"yes\", expected one of false, true"},
    };
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        assert_int_equal(ambs_space_parse(s, bad[k].i, bad[k].text, &v, &err), AMBS_E_INVALID);
        assert_string_equal(err.text, bad[k].error);
    }
    char buffer[32];
    assert_string_equal(ambs_space_format(s, 9, NAN, buffer), "");
    ambs_text line = {0};
    const double x[] = {1e-4, 0.5, 0.5, 0.99, 1, 8, 3, 0, 1, 0.99, 0};
    ambs_space_write_line(s, x, &line);
    assert_string_equal(
        line.text,
        "learning_rate=0.0001 dropout=0.5 decay=0.5 ratio=0.99 layers=1 units=8 batch=128 "
        "optimizer=sgd nesterov=true momentum=0.99 epochs=30");
    ambs_text_fini(&line);
    ambs_space_destroy(s);
}

static void describing_tells_all_of_the_space(void **state)
{
    (void)state;
    ambs_space *s = new_space();
    ambs_error err = {0};
    const ambs_value levels[] = {{AMBS_VALUE_BOOL, 0, "false"},
                                 {AMBS_VALUE_FLOAT, 0.5, "0.50"},
                                 {AMBS_VALUE_STRING, NAN, "x"}};
    ambs_parameter p = {.name = "c",
                        .type = AMBS_PARAMETER_CATEGORICAL,
                        .levels = levels,
                        .n_levels = 3,
                        .initial = 1,
                        .probabilities = (const double[]){0.5, 0.25, 0.25}};
    must(ambs_space_add(s, &p, &err), &err);
    add_float(s, "x", AMBS_SCALE_LOG, 1, 9, 2);
    add_when(s, "x", "c", 2);
    add_constraint(s, "x < 8");
    finish(s);
    ambs_text t = {0};
    ambs_json_writer w;
    ambs_json_begin(&w, &t, 0);
    ambs_space_describe(s, &w);
    assert_string_equal(
        t.text, "{\"parameters\": [{\"name\": \"c\", \"type\": \"categorical\", \"levels\": "
                "[false, 0.5, \"x\"], "
                "\"probabilities\": [0.5, 0.25, 0.25], \"default\": 0.5}, {\"name\": \"x\", "
                "\"type\": \"float\", "
                "\"scale\": \"log\", \"min\": 1, \"max\": 9, \"step\": 2, \"when\": \"c == x\"}], "
                "\"constraints\": [\"x < 8\"]}");
    ambs_text_fini(&t);
    ambs_space_destroy(s);
}

#if AMBS_HAVE_JANSSON

static int read_text(const ambs_space *s, const char *text, double *x, ambs_error *err)
{
    ambs_json *document = NULL;
    must(ambs_json_parse(text, strlen(text), &document, err), err);
    int rc = ambs_space_read_json(s, ambs_json_root(document), x, err);
    ambs_json_destroy(document);
    return rc;
}

static void any_member_comes_back_from_its_json(void **state)
{
    (void)state;
    ambs_space *s = every_kind();
    ambs_random r;
    ambs_error err = {0};
    ambs_random_init(&r, 6, 0, AMBS_PURPOSE_TEST);
    for (int round = 0; round < 2000; round++) {
        double x[16], y[16];
        ambs_text t = {0};
        ambs_json_writer w;
        must(ambs_space_sample(s, &r, x, &err), &err);
        ambs_json_begin(&w, &t, 0);
        ambs_space_write_json(s, x, &w);
        must(read_text(s, t.text, y, &err), &err);
        assert_true(ambs_space_equal(s, x, y));
        ambs_text_fini(&t);
    }
    ambs_space_destroy(s);
}

static void floats_are_told_from_whole_numbers(void **state)
{
    (void)state;
    ambs_space *s = new_space();
    add_float(s, "f", AMBS_SCALE_LINEAR, 0, 1, 0);
    add_int(s, "n", AMBS_SCALE_LINEAR, 0, 1, 0);
    add_levels(s, "l", AMBS_PARAMETER_ORDINAL, "1 2.0", NULL);
    finish(s);
    ambs_text t = {0};
    ambs_json_writer w;
    ambs_json_begin(&w, &t, 0);
    ambs_json_array(&w);
    for (int k = 0; k < 2; k++) ambs_space_write_json(s, (const double[]){k, k, k}, &w);
    ambs_json_end_array(&w);
    assert_string_equal(t.text,
                        "[{\"f\": 0.0, \"n\": 0, \"l\": 1}, {\"f\": 1.0, \"n\": 1, \"l\": 2.0}]");
    ambs_text_fini(&t);
    ambs_space_destroy(s);
}

static void json_is_completed_by_defaults(void **state)
{
    (void)state;
    ambs_space *s = new_space();
    add_levels(s, "kind", AMBS_PARAMETER_CATEGORICAL, "a b", NULL);
    add_int(s, "x", AMBS_SCALE_LINEAR, 0, 5, 0);
    add_when(s, "x", "kind", 1);
    finish(s);
    static const struct {
        const char *json, *message; /* NULL: kind and x as below */
        double kind, x;
    } cases[] = {
        {"{}", NULL, 0, NAN},
        {"{\"kind\": \"b\"}", NULL, 1, 3},
        {"{\"x\": 4, \"kind\": \"b\"}", NULL, 1, 4},
        {"{\"x\": 4}", "x is inactive in this configuration: it applies only when kind == b", 0, 0},
        {"{\"y\": 4}", "unknown parameter \"y\"; known: kind, x", 0, 0},
        {"3", "expected a JSON object of parameter names and values", 0, 0}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        ambs_json *document;
        ambs_error err = {0};
        double x[2];
        assert_int_equal(ambs_json_parse(cases[k].json, strlen(cases[k].json), &document, &err), 0);
        int rc = ambs_space_complete_json(s, ambs_json_root(document), x, &err);
        ambs_json_destroy(document);
        if (cases[k].message) {
            assert_int_equal(rc, AMBS_E_INVALID);
            assert_string_equal(err.text, cases[k].message);
            continue;
        }
        assert_int_equal(rc, AMBS_OK);
        assert_true(x[0] == cases[k].kind &&
                    (x[1] == cases[k].x || (isnan(x[1]) && isnan(cases[k].x))));
    }
    ambs_space_destroy(s);
}

static void json_that_is_no_member_is_refused(void **state)
{
    (void)state;
    static const char *const bad[][2] = {
        {"[]", "expected a JSON object of parameter names and values"},
        {"{\"opt\": 1}", "unknown parameter \"opt\"; known: options, x"},
        {"{\"option\": \"a\"}", "unknown parameter \"option\"; did you mean \"options\"?"},
        {"{}", "parameter \"options\" has no value but is active"},
        {"{\"options\": \"b\"}", "parameter \"x\" has no value but is active"},
        {"{\"options\": \"a\", \"x\": 1}",
         "parameter \"x\" has a value but is inactive (options == b)"},
        {"{\"options\": \"b\", \"x\": \"1\"}",
         "parameter \"x\": found text or a boolean, expected a number"},
        {"{\"options\": [\"b\"]}",
         "parameter \"options\": found an object or array, expected one of its values"},
        {"{\"options\": \"b\", \"x\": 7}", "parameter \"x\": 7 is outside 0 to 5"},
        {"{\"options\": \"b\", \"x\": 4}", "the constraint \"x != 4\" is false"},
    };
    ambs_space *s = new_space();
    add_levels(s, "options", AMBS_PARAMETER_CATEGORICAL, "a b", NULL);
    add_int(s, "x", AMBS_SCALE_LINEAR, 0, 5, 0);
    add_when(s, "x", "options", 1);
    add_constraint(s, "x != 4");
    finish(s);
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        double x[2] = {-1, -1};
        ambs_error err = {0};
        assert_int_equal(read_text(s, bad[k][0], x, &err), AMBS_E_INVALID);
        assert_string_equal(err.text, bad[k][1]);
        assert_true(x[0] == -1 && x[1] == -1);
    }
    double x[2];
    ambs_error err = {0};
    must(read_text(s, "{\"x\": null, \"options\": \"a\"}", x, &err), &err);
    assert_true(x[0] == 0 && isnan(x[1]));
    ambs_space_destroy(s);
}

#endif

/* Everything that allocates, in one small study of a space. */
static int use_a_space(void *ctx)
{
    (void)ctx;
    static const double two[] = {0, 1};
    static const ambs_value levels[] = {{AMBS_VALUE_STRING, NAN, "a"},
                                        {AMBS_VALUE_STRING, NAN, "b"}};
    const ambs_parameter c = {.name = "c",
                              .type = AMBS_PARAMETER_CATEGORICAL,
                              .levels = levels,
                              .n_levels = 2,
                              .probabilities = (const double[]){0.5, 0.5},
                              .initial = NAN};
    const ambs_parameter n = {
        .name = "n", .type = AMBS_PARAMETER_INT, .min = 0, .max = 999, .initial = NAN};
    ambs_space *s = NULL;
    ambs_space_set *set = NULL;
    ambs_space_cursor *cursor = NULL;
    double x[2];
    int rc = ambs_space_create(&s, NULL);
    if (rc == AMBS_OK) rc = ambs_space_add(s, &c, NULL);
    if (rc == AMBS_OK) rc = ambs_space_add(s, &n, NULL);
    if (rc == AMBS_OK) rc = ambs_space_add_condition(s, "n", "c", two, 2, NULL);
    if (rc == AMBS_OK) rc = ambs_space_add_condition_expression(s, "n", "c == a", NULL);
    if (rc == AMBS_OK) rc = ambs_space_add_constraint(s, "n < 2 or c == b", NULL);
    if (rc == AMBS_OK) rc = ambs_space_add_constraint(s, "n == 1", NULL);
    if (rc == AMBS_OK) rc = ambs_space_finish(s, NULL);
    if (rc == AMBS_OK) rc = ambs_space_set_create(s, &set, NULL);
    if (rc == AMBS_OK) rc = ambs_space_cursor_create(s, &cursor, NULL);
    while (rc == AMBS_OK && ambs_space_cursor_next(cursor, x))
        rc = ambs_space_set_add(set, x, 1, NULL, NULL);
    if (rc == AMBS_OK) assert_int_equal(ambs_space_set_size(set), 2);
    ambs_space_cursor_destroy(cursor);
    ambs_space_set_destroy(set);
    ambs_space_destroy(s);
    return rc;
}

/* A space so thin that samples walk, and its configurations as JSON. */
static int sample_a_thin_space(void *ctx)
{
    (void)ctx;
    const ambs_parameter p = {
        .name = "x", .type = AMBS_PARAMETER_FLOAT, .min = 0, .max = 1, .initial = NAN};
    ambs_space *s = NULL;
    ambs_random r;
    ambs_random_init(&r, 8, 0, AMBS_PURPOSE_TEST);
    ambs_text t = {0};
    ambs_json_writer w;
    double x;
    int rc = ambs_space_create(&s, NULL);
    if (rc == AMBS_OK) rc = ambs_space_add(s, &p, NULL);
    if (rc == AMBS_OK) rc = ambs_space_add_constraint(s, "x < 0.001", NULL);
    if (rc == AMBS_OK) rc = ambs_space_finish(s, NULL);
    if (rc == AMBS_OK) rc = ambs_space_sample(s, &r, &x, NULL);
    if (rc == AMBS_OK) {
        assert_true(x < 0.001);
        ambs_json_begin(&w, &t, 0);
        ambs_space_write_json(s, &x, &w);
        rc = ambs_text_check(&t, NULL);
    }
    ambs_text_fini(&t);
    ambs_space_destroy(s);
    return rc;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    assert_true(failing_alloc_each(use_a_space, NULL) > 30);
    assert_true(failing_alloc_each(sample_a_thin_space, NULL) > 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(levels_give_one_column_a_parameter),
        cmocka_unit_test(onehot_gives_one_column_a_level_and_one_for_activity),
        cmocka_unit_test(a_set_knows_what_was_added_and_removed),
        cmocka_unit_test(values_are_read_from_text_as_they_are_written),
        cmocka_unit_test(describing_tells_all_of_the_space),
#if AMBS_HAVE_JANSSON
        cmocka_unit_test(any_member_comes_back_from_its_json),
        cmocka_unit_test(floats_are_told_from_whole_numbers),
        cmocka_unit_test(json_is_completed_by_defaults),
        cmocka_unit_test(json_that_is_no_member_is_refused),
#endif
        cmocka_unit_test(every_allocation_may_fail),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("views", tests, NULL, NULL);
}
