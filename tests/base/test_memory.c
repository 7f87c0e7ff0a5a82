/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "base/json.h"
#include "base/memory.h"
#include "base/option.h"
#include "config.h"
#include "failing_alloc.h"

static void nothing_is_a_valid_pointer(void **state)
{
    (void)state;
    void *a = ambs_calloc(0, 8, NULL), *b = ambs_calloc(8, 0, NULL), *c = NULL;
    assert_non_null(a);
    assert_non_null(b);
    assert_int_equal(ambs_resize(&c, 0, 8, NULL), AMBS_OK);
    assert_non_null(c);
    free(a);
    free(b);
    free(c);
    char *empty = ambs_strndup("abc", 0, NULL), *cut = ambs_strndup("abc", 2, NULL);
    assert_string_equal(empty, "");
    assert_string_equal(cut, "ab");
    free(empty);
    free(cut);
}

static void a_product_beyond_the_address_space_is_refused(void **state)
{
    (void)state;
    ambs_error err;
    assert_null(ambs_calloc(SIZE_MAX / 2, 3, &err));
    assert_int_equal(err.code, AMBS_E_NOMEM);
    int *array = NULL;
    size_t capacity = 0;
    assert_int_equal(ambs_reserve(&array, &capacity, SIZE_MAX, sizeof *array, &err), AMBS_E_NOMEM);
    assert_null(array);
    assert_int_equal(capacity, 0);
}

static void reserving_keeps_what_is_there(void **state)
{
    (void)state;
    int *array = NULL;
    size_t capacity = 0;
    for (size_t i = 0; i < 1000; i++) {
        assert_int_equal(ambs_reserve(&array, &capacity, i + 1, sizeof *array, NULL), AMBS_OK);
        array[i] = (int)i;
    }
    for (size_t i = 0; i < 1000; i++) assert_int_equal(array[i], i);
    assert_true(capacity < 2048);
    free(array);
}

static int grow_a_text(void *ctx)
{
    (void)ctx;
    ambs_text t = {0};
    for (int i = 0; i < 100; i++) ambs_text_addf(&t, "%d, ", i);
    int rc = ambs_text_check(&t, NULL);
    ambs_text_fini(&t);
    return rc;
}

typedef struct two_strings {
    char *a, *b;
} two_strings;

static int set_options(void *ctx)
{
    (void)ctx;
    static const ambs_option table[] = {
        {"a", AMBS_OPTION_STRING, offsetof(two_strings, a), "one", 1, 0, NULL, ""},
        {"b", AMBS_OPTION_STRING, offsetof(two_strings, b), "two", 1, 0, NULL, ""},
        {0},
    };
    two_strings o = {0};
    int rc = ambs_options_init(table, &o, NULL);
    if (rc == AMBS_OK) rc = ambs_options_set(table, &o, "b", "three", NULL);
    if (rc == AMBS_OK && ambs_options_set(table, &o, "c", "", NULL) == AMBS_E_NOMEM)
        rc = AMBS_E_NOMEM;
    ambs_options_fini(table, &o);
    return rc;
}

static int copy_and_resize(void *ctx)
{
    (void)ctx;
    int rc = AMBS_OK;
    char *copy = ambs_strdup("text", NULL);
    if (!copy || ambs_resize(&copy, 100, 1, NULL) != AMBS_OK) rc = AMBS_E_NOMEM;
    if (copy) assert_string_equal(copy, "text"); /* a failed resize leaves it */
    free(copy);
    return rc;
}

#if AMBS_HAVE_JANSSON
static int parse_json(void *ctx)
{
    (void)ctx;
    ambs_json *document = NULL;
    int rc = ambs_json_parse("[1]", 3, &document, NULL);
    ambs_json_destroy(document);
    return rc;
}
#endif

static void every_allocation_may_fail(void **state)
{
    (void)state;
    assert_true(failing_alloc_each(grow_a_text, NULL) >= 5);
    assert_true(failing_alloc_each(set_options, NULL) >= 4);
    assert_int_equal(failing_alloc_each(copy_and_resize, NULL), 2);
#if AMBS_HAVE_JANSSON
    assert_int_equal(failing_alloc_each(parse_json, NULL), 1);
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_a_valid_pointer),
        cmocka_unit_test(a_product_beyond_the_address_space_is_refused),
        cmocka_unit_test(reserving_keeps_what_is_there),
        cmocka_unit_test(every_allocation_may_fail),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
