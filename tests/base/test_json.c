/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "base/json.h"
#include "base/random.h"
#include "config.h"

static void write_sample(ambs_json_writer *w)
{
    ambs_json_object(w);
    ambs_json_key(w, "empty");
    ambs_json_object(w);
    ambs_json_end_object(w);
    ambs_json_key(w, "list");
    ambs_json_array(w);
    ambs_json_int(w, -7);
    ambs_json_double(w, 0.1);
    ambs_json_double(w, NAN);
    ambs_json_bool(w, true);
    ambs_json_null(w);
    ambs_json_string(w, NULL);
    ambs_json_array(w);
    ambs_json_end_array(w);
    ambs_json_end_array(w);
    ambs_json_key(w, "q\"k");
    ambs_json_string(w, "a\\b\n\x01\xc3\xa9\xff|");
    ambs_json_end_object(w);
}

static void writing_puts_commas_and_escapes(void **state)
{
    (void)state;
    ambs_text t = {0};
    ambs_json_writer w;
    ambs_json_begin(&w, &t, 0);
    write_sample(&w);
    assert_string_equal(t.text, "{\"empty\": {}, \"list\": [-7, 0.1, null, true, null, null, []], "
                                "\"q\\\"k\": \"a\\\\b\\n\\u0001\xc3\xa9\xef\xbf\xbd|\"}");
    ambs_text_clear(&t);
    ambs_json_begin(&w, &t, 2);
    ambs_json_array(&w);
    ambs_json_int(&w, 1);
    ambs_json_int(&w, 2);
    ambs_json_end_array(&w);
    assert_string_equal(t.text, "[\n  1,\n  2\n]");
    ambs_text_clear(&t);
    ambs_json_begin(&w, &t, 0);
    ambs_json_array(&w);
    static const double reals[] = {1, -0.0, 0.5, 1e15, -1e300, NAN};
    for (size_t i = 0; i < 6; i++) ambs_json_real(&w, reals[i]);
    ambs_json_end_array(&w);
    assert_string_equal(t.text, "[1.0, -0.0, 0.5, 1e+15, -1e+300, null]");
    ambs_text_fini(&t);
}

#if AMBS_HAVE_JANSSON

static ambs_json *parse(const char *text)
{
    ambs_json *document = NULL;
    ambs_error err = {0};
    if (ambs_json_parse(text, strlen(text), &document, &err) != AMBS_OK)
        fail_msg("%s: %s", text, err.text);
    return document;
}

static void what_was_written_is_read_back(void **state)
{
    (void)state;
    ambs_text t = {0};
    ambs_json_writer w;
    ambs_json_begin(&w, &t, 4);
    write_sample(&w);
    ambs_json *document = parse(t.text);
    ambs_json_node root = ambs_json_root(document), list = ambs_json_get(root, "list");
    assert_int_equal(ambs_json_size(root), 3);
    assert_int_equal(ambs_json_type_of(ambs_json_get(root, "empty")), AMBS_JSON_OBJECT);
    assert_int_equal(ambs_json_size(list), 7);
    assert_int_equal(ambs_json_whole(ambs_json_at(list, 0)), -7);
    assert_true(ambs_json_number(ambs_json_at(list, 0)) == -7);
    assert_true(ambs_json_number(ambs_json_at(list, 1)) == 0.1);
    assert_int_equal(ambs_json_type_of(ambs_json_at(list, 2)), AMBS_JSON_NULL);
    assert_true(ambs_json_true(ambs_json_at(list, 3)));
    assert_string_equal(ambs_json_text(ambs_json_get(root, "q\"k")),
                        "a\\b\n\x01\xc3\xa9\xef\xbf\xbd|");
    ambs_json_destroy(document);
    ambs_text_fini(&t);
}

static void any_double_survives(void **state)
{
    (void)state;
    ambs_random r;
    ambs_random_init(&r, 1, 0, AMBS_PURPOSE_TEST);
    for (int i = 0; i < 20000; i++) {
        uint64_t word = ambs_random_u64(&r);
        double value;
        memcpy(&value, &word, sizeof value);
        if (i == 0) value = -0.0;
        if (!isfinite(value)) continue;
        ambs_text t = {0};
        ambs_json_writer w;
        ambs_json_begin(&w, &t, 0);
        ambs_json_double(&w, value);
        ambs_json *document = parse(t.text);
        double back = ambs_json_number(ambs_json_root(document));
        assert_memory_equal(&back, &value, sizeof value);
        ambs_json_destroy(document);
        ambs_text_fini(&t);
    }
}

static void absent_nodes_answer_as_nothing(void **state)
{
    (void)state;
    ambs_json *document = parse("{\"a\": 1}");
    ambs_json_node none = ambs_json_get(ambs_json_root(document), "b");
    assert_null(none);
    assert_int_equal(ambs_json_type_of(none), AMBS_JSON_ABSENT);
    assert_int_equal(ambs_json_size(none), 0);
    assert_null(ambs_json_get(none, "c"));
    assert_null(ambs_json_at(none, 0));
    assert_null(ambs_json_text(none));
    assert_true(isnan(ambs_json_number(none)));
    assert_false(ambs_json_true(none));
    assert_int_equal(ambs_json_each(none, NULL, NULL), 0);
    assert_null(ambs_json_root(NULL));
    ambs_json_destroy(document);
    ambs_json_destroy(NULL);
}

static int collect(void *ctx, const char *key, ambs_json_node value)
{
    (void)value;
    strcat(ctx, key);
    return strcmp(key, "stop") == 0 ? 5 : 0;
}

static void members_come_in_the_order_of_the_text(void **state)
{
    (void)state;
    char keys[32] = "";
    ambs_json *document = parse("{\"z\": 1, \"a\": 2, \"stop\": 3, \"b\": 4}");
    assert_int_equal(ambs_json_each(ambs_json_root(document), collect, keys), 5);
    assert_string_equal(keys, "zastop");
    ambs_json_destroy(document);
}

static void what_is_not_json_is_refused_with_its_place(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "{",
                                      "{\"a\": 1, \"a\": 2}",
                                      "[1] x",
                                      "NaN",
                                      "[Infinity]",
                                      "[1,]",
                                      "{'a': 1}",
                                      "\"\xff\"",
                                      "[01]",
                                      "99999999999999999999",
                                      "nul"};
    ambs_json *document;
    ambs_error err;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(ambs_json_parse(bad[i], strlen(bad[i]), &document, &err), AMBS_E_FORMAT);
        assert_memory_equal(err.text, "JSON line 1 column ", 19);
    }
}

static void brackets_nest_256_deep_and_no_deeper(void **state)
{
    (void)state;
    char text[600] = "";
    ambs_json *document;
    ambs_error err;
    memset(text, '[', 256);
    memset(text + 256, ']', 256);
    assert_int_equal(ambs_json_parse(text, 512, &document, &err), AMBS_OK);
    ambs_json_destroy(document);
    memset(text, '[', 257);
    memset(text + 257, ']', 257);
    assert_int_equal(ambs_json_parse(text, 514, &document, &err), AMBS_E_FORMAT);
    assert_string_equal(err.text, "JSON line 1 column 257: brackets are nested more than 256 deep");
    document = parse("\"[[[[\\\"[[[\""); /* brackets in texts do not count */
    ambs_json_destroy(document);
}

#else

static void reading_names_the_package_that_is_missing(void **state)
{
    (void)state;
    ambs_json *document;
    ambs_error err;
    assert_int_equal(ambs_json_parse("1", 1, &document, &err), AMBS_E_NOT_BUILT);
    assert_non_null(strstr(err.text, "libjansson-dev"));
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writing_puts_commas_and_escapes),
#if AMBS_HAVE_JANSSON
        cmocka_unit_test(what_was_written_is_read_back),
        cmocka_unit_test(any_double_survives),
        cmocka_unit_test(absent_nodes_answer_as_nothing),
        cmocka_unit_test(members_come_in_the_order_of_the_text),
        cmocka_unit_test(what_is_not_json_is_refused_with_its_place),
        cmocka_unit_test(brackets_nest_256_deep_and_no_deeper),
#else
        cmocka_unit_test(reading_names_the_package_that_is_missing),
#endif
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
