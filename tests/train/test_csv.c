/* SPDX-License-Identifier: MIT */
#include "near.h"

#include "../base/failing_alloc.h"
#include "train/reader.h"

static ambs_dataset *read_ok(const char *text, const ambs_dataset_options *options)
{
    static const ambs_dataset_options defaults = {0};
    ambs_dataset *data = NULL;
    ambs_error err = {0};
    if (ambs_csv_parse("t.csv", text, strlen(text), options ? options : &defaults, &data, &err) !=
        0)
        fail_msg("%s", err.text);
    return data;
}

static void a_single_row_and_column_beside_the_target_is_enough(void **state)
{
    (void)state;
    const ambs_dataset_options numbers = {.kind = AMBS_TARGET_NUMBERS};
    ambs_dataset *data = read_ok("a,y\n1.5,2", &numbers);
    assert_int_equal(data->n, 1);
    assert_int_equal(data->d, 1);
    assert_near(data->x[0], 1.5, 0);
    assert_int_equal(data->n_classes, 0);
    assert_near(data->targets[0], 2, 0);
    ambs_dataset_destroy(data);
}

static void words_become_one_hot_columns_in_sorted_order(void **state)
{
    (void)state;
    ambs_dataset *data = read_ok("size,colour,kind\n1,red,b\n2,blue,a\n3,red,b\n", NULL);
    const float expected[] = {1, 0, 1, 2, 1, 0, 3, 0, 1}; /* size, blue, red */
    assert_int_equal(data->d, 3);
    for (size_t i = 0; i < 9; i++) assert_near(data->x[i], expected[i], 0);
    assert_int_equal(data->n_classes, 2);
    assert_string_equal(data->class_names[0], "a");
    assert_int_equal(data->labels[0], 1);
    assert_int_equal(data->labels[1], 0);
    ambs_dataset_destroy(data);
}

static void the_target_may_be_any_column_by_name(void **state)
{
    (void)state;
    const ambs_dataset_options options = {.target = "y"};
    ambs_dataset *data = read_ok("a,y,b\n1,10,2\n3,20,4\n", &options);
    assert_int_equal(data->d, 2);
    assert_near(data->x[1], 2, 0);
    assert_int_equal(data->n_classes, 2);
    assert_string_equal(data->class_names[1], "20");
    ambs_dataset_destroy(data);
}

static void quotes_separators_line_ends_blanks_and_marks_are_understood(void **state)
{
    (void)state;
    ambs_dataset *data =
        read_ok("\xef\xbb\xbf\"a;\"\"x\"\"\" ; b;y\r\n\r\n 1.0 ;\"one;\r\ntwo\";u\r\n"
                "2e0;\"one\";v\r\n"
                "3;\"one\";u",
                &(ambs_dataset_options){.target = "y"});
    assert_int_equal(data->n, 3);
    assert_int_equal(data->d, 3);
    assert_near(data->x[0], 1, 0);
    assert_near(data->x[2], 1, 0); /* "one" sorts before "one;\r\ntwo" */
    assert_near(data->x[6], 3, 0);
    assert_near(data->x[7], 1, 0);
    ambs_dataset_destroy(data);
    data = read_ok("a\ty\n1\t2.5\n", NULL);
    assert_int_equal(data->d, 1);
    ambs_dataset_destroy(data);
}

static void a_target_of_few_whole_numbers_is_classes_unless_told(void **state)
{
    (void)state;
    const char *text = "a,y\n1,3\n2,5\n3,3\n";
    ambs_dataset *data = read_ok(text, NULL);
    assert_int_equal(data->n_classes, 2);
    ambs_dataset_destroy(data);
    data = read_ok(text, &(ambs_dataset_options){.kind = AMBS_TARGET_NUMBERS});
    assert_int_equal(data->n_classes, 0);
    ambs_dataset_destroy(data);
    data = read_ok("a,y\n1,3\n2,5.5\n3,3\n", NULL);
    assert_int_equal(data->n_classes, 0);
    ambs_dataset_destroy(data);
    data = read_ok("a,y\n1,3\n2,5.5\n3,3\n", &(ambs_dataset_options){.kind = AMBS_TARGET_CLASSES});
    assert_int_equal(data->n_classes, 2);
    ambs_dataset_destroy(data);
}

static void imputed_numbers_become_the_training_mean_and_categories_no_level(void **state)
{
    (void)state;
    const ambs_dataset_options options = {.impute = true};
    ambs_dataset *data = read_ok("a,c,y\n1,u,0\n,v,1\n3,NA,1\n8,u,0\n", &options);
    assert_true(isnan(data->x[3]));
    assert_near(data->x[2 * 3 + 1], 0, 0);
    assert_near(data->x[2 * 3 + 2], 0, 0);
    const size_t train[] = {0, 1, 2}; /* the mean of 1 and 3, not of 8 */
    ambs_scaler scaler;
    float x[3];
    assert_int_equal(ambs_scaler_fit(data, train, 3, AMBS_SCALING_NONE, &scaler, NULL), 0);
    ambs_scaler_gather(&scaler, data, &train[1], 1, x);
    assert_near(x[0], 2, 0);
    ambs_scaler_fini(&scaler);
    ambs_dataset_destroy(data);
}

typedef struct bad_file {
    const char *text, *message;
    ambs_dataset_options options;
} bad_file;

static const bad_file bad_files[] = {
    {"", "t.csv: the file is empty, expected a header and rows", {0}},
    {"\n\n", "t.csv: the file is empty, expected a header and rows", {0}},
    {"a,y\n", "t.csv: found a header only, expected rows after it", {0}},
    {"1,2\n3,4\n",
     "t.csv:1: found only numbers in the first line, expected a header with the names of the "
     "columns",
     {0}},
    {"a,,y\n1,2,3\n",
     "t.csv:1:3: column 2 has no name, expected a header with a name for each column",
     {0}},
    {"a,b,a\n1,2,3\n",
     "t.csv:1:5: found the column name \"a\" again, as in column 1; expected different names",
     {0}},
    {"a,y\n1,2\n3\n", "t.csv:3: found 1 field, expected 2 as in the header", {0}},
    {"a,y\n1,2,3\n", "t.csv:2: found 3 fields, expected 2 as in the header", {0}},
    {"a,y\n\"1,2\n3,4\n",
     "t.csv:2:1: found a quote that is never closed, expected another before the end of the file",
     {0}},
    {"a,y\n\"1\"x,2\n",
     "t.csv:2:4: found text after a closing quote, expected the separator or the end of the line "
     "(a "
     "quote inside quotes is written twice)",
     {0}},
    {"a,y\n1\"2,2\n",
     "t.csv:2:2: found a quote inside a field, expected the whole field in quotes",
     {0}},
    {"a,y\n1,2\n2,3\noops,4\n",
     "t.csv:4:1: column \"a\": found \"oops\", expected a number within single precision, as most "
     "of "
     "the column",
     {0}},
    {"a,y\n1,2\n2,3\n1e60,4\n",
     "t.csv:4:1: column \"a\": found \"1e60\", expected a number within single precision, as most "
     "of "
     "the column",
     {0}},
    {"a,y\n1,2\n,3\n",
     "t.csv:3:1: column \"a\": found \"\", expected a value; with `missing: impute` a missing one "
     "is "
     "allowed",
     {0}},
    {"a,y\n1,2\n2,?\n",
     "t.csv:3:3: column \"y\": found \"?\", expected a value: the target cannot be missing",
     {.impute = true}},
    {"a,y\nNA,2\nNA,3\n",
     "t.csv: column \"a\" has no value at all; leave it out",
     {.impute = true}},
    {"a,y\n1,u\n2,v\n",
     "t.csv:2:3: column \"y\": found \"u\", expected a number, as `task: regression` says",
     {.kind = AMBS_TARGET_NUMBERS}},
    {"weight,y\n1,2\n",
     "t.csv:1: target: found no column \"wieght\" among the 2, expected a name of the header; did "
     "you "
     "mean \"weight\"?",
     {.target = "wieght"}},
    {"y\n1\n2\n", "t.csv: found the target column only, expected others beside it", {0}},
    {"a,y\n1,u\n2,u\n", "t.csv: the target has 1 value only, expected 2 to 1000 classes", {0}},
    {"a,y\n1,7\n2,7\n", "t.csv: the target has 1 value only, expected 2 to 10000 classes", {0}},
};

static void every_bad_file_is_told_with_its_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad_files / sizeof bad_files[0]; i++) {
        const bad_file *b = &bad_files[i];
        ambs_dataset *data = NULL;
        ambs_error err = {0};
        assert_true(ambs_csv_parse("t.csv", b->text, strlen(b->text), &b->options, &data, &err) <
                    0);
        assert_string_equal(err.text, b->message);
        assert_null(data);
    }
}

static void a_nul_byte_and_too_many_words_are_refused(void **state)
{
    (void)state;
    const ambs_dataset_options options = {0};
    ambs_dataset *data = NULL;
    ambs_error err = {0};
    assert_int_equal(ambs_csv_parse("t.csv", "a,y\n1,\0\n", 8, &options, &data, &err),
                     AMBS_E_FORMAT);
    assert_string_equal(err.text, "t.csv: byte 6: found a NUL byte, expected text in UTF-8");
    ambs_text text = {0};
    ambs_text_add(&text, "id,y\n");
    for (int i = 0; i < 1001; i++) ambs_text_addf(&text, "n%d,%d\n", i, i % 2);
    assert_int_equal(ambs_csv_parse("t.csv", text.text, text.length, &options, &data, &err),
                     AMBS_E_INVALID);
    assert_string_equal(
        err.text, "t.csv: column \"id\": found 1001 different words, expected at most 1000 for a "
                  "category; leave the column out if it is a name or a number of the row");
    ambs_text_fini(&text);
}

static int parse_once(void *ctx)
{
    ambs_dataset *data = NULL;
    const char *text = ctx;
    const ambs_dataset_options options = {.impute = true};
    int rc = ambs_csv_parse("t.csv", text, strlen(text), &options, &data, NULL);
    if (rc == 0) ambs_dataset_destroy(data);
    return rc;
}

static void each_failing_allocation_is_an_error_without_a_leak(void **state)
{
    (void)state;
    char words[] = "a,c,y\n1,u,k\n,v,m\n3,\"q\",k\n", numbers[] = "a,y\n1,1\n2,2\n";
    assert_true(failing_alloc_each(parse_once, words) > 8);
    assert_true(failing_alloc_each(parse_once, numbers) > 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_single_row_and_column_beside_the_target_is_enough),
        cmocka_unit_test(words_become_one_hot_columns_in_sorted_order),
        cmocka_unit_test(the_target_may_be_any_column_by_name),
        cmocka_unit_test(quotes_separators_line_ends_blanks_and_marks_are_understood),
        cmocka_unit_test(a_target_of_few_whole_numbers_is_classes_unless_told),
        cmocka_unit_test(imputed_numbers_become_the_training_mean_and_categories_no_level),
        cmocka_unit_test(every_bad_file_is_told_with_its_place),
        cmocka_unit_test(a_nul_byte_and_too_many_words_are_refused),
        cmocka_unit_test(each_failing_allocation_is_an_error_without_a_leak),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("train/csv", tests, NULL, NULL);
}
