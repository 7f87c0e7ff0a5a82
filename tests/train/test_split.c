/* SPDX-License-Identifier: MIT */
#include "toy.h"

#include "../base/failing_alloc.h"

/* n rows of one column whose class is that of `shares`: row i has class i mod n_classes, but for
 * the first 10, which are all of class 0. */
static ambs_dataset *make_data(size_t n, size_t n_classes)
{
    ambs_dataset *data;
    double *y = calloc(n, sizeof *y);
    assert_int_equal(ambs_dataset_create("t", n, 1, &data, NULL), 0);
    for (size_t i = 0; i < n; i++) y[i] = i < 10 ? 0 : (double)(i % n_classes);
    assert_int_equal(ambs_dataset_set_target("t", data, y, AMBS_TARGET_CLASSES, NULL), 0);
    free(y);
    return data;
}

/* Counts each row once; `seen` [n]. */
static void mark(unsigned char *seen, const size_t *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) assert_int_equal(seen[rows[i]]++, 0);
}

static size_t count_class(const ambs_dataset *data, const size_t *rows, size_t n, int label)
{
    size_t count = 0;
    for (size_t i = 0; i < n; i++) count += data->labels[rows[i]] == label;
    return count;
}

static void a_split_covers_all_rows_once_with_each_class_in_its_share(void **state)
{
    (void)state;
    ambs_dataset *data = make_data(1000, 7);
    const ambs_split_options options = {.validation = 0.2, .test = 0.1, .seed = 3};
    size_t n, all[1000];
    ambs_split *s;
    unsigned char seen[1000] = {0};
    assert_int_equal(ambs_splits_create(data, &options, &n, &s, NULL), 0);
    assert_int_equal(n, 1);
    assert_int_equal(s->n_validation, 200);
    assert_int_equal(s->n_test, 100);
    assert_int_equal(s->n_train, 700);
    mark(seen, s->train, s->n_train);
    mark(seen, s->validation, s->n_validation);
    mark(seen, s->test, s->n_test);
    for (size_t i = 0; i < 1000; i++) all[i] = i;
    for (int k = 0; k < 7; k++) {
        const double total = (double)count_class(data, all, 1000, k);
        assert_near((double)count_class(data, s->test, 100, k), 0.1 * total, 1);
        assert_near((double)count_class(data, s->validation, 200, k), 0.2 * total, 2);
    }
    ambs_splits_destroy(s, n);
    ambs_dataset_destroy(data);
}

static void folds_validate_every_row_once(void **state)
{
    (void)state;
    for (size_t folds = 2; folds <= 7; folds++) {
        ambs_dataset *data = make_data(103, 3);
        const ambs_split_options options = {.folds = folds, .test = NAN};
        size_t n;
        ambs_split *s;
        unsigned char validated[103] = {0};
        assert_int_equal(ambs_splits_create(data, &options, &n, &s, NULL), 0);
        assert_int_equal(n, folds);
        for (size_t f = 0; f < folds; f++) {
            unsigned char seen[103] = {0};
            mark(validated, s[f].validation, s[f].n_validation);
            mark(seen, s[f].validation, s[f].n_validation);
            mark(seen, s[f].train, s[f].n_train);
            assert_int_equal(s[f].n_train + s[f].n_validation, 103);
            assert_in_range(s[f].n_validation, 103 / folds, 103 / folds + 1);
        }
        for (size_t i = 0; i < 103; i++) assert_int_equal(validated[i], 1);
        ambs_splits_destroy(s, n);
        ambs_dataset_destroy(data);
    }
}

static void the_seed_decides_the_split(void **state)
{
    (void)state;
    ambs_dataset *data = make_data(200, 4);
    ambs_split_options options = {.validation = 0.25, .test = NAN, .seed = 1};
    size_t n, same = 0;
    ambs_split *a, *b, *c;
    assert_int_equal(ambs_splits_create(data, &options, &n, &a, NULL), 0);
    assert_int_equal(ambs_splits_create(data, &options, &n, &b, NULL), 0);
    options.trial = 9;
    assert_int_equal(ambs_splits_create(data, &options, &n, &c, NULL), 0);
    assert_memory_equal(a->rows, b->rows, 200 * sizeof *a->rows);
    for (size_t i = 0; i < a->n_validation; i++) same += a->validation[i] == c->validation[i];
    assert_true(same < a->n_validation / 2);
    ambs_splits_destroy(a, n);
    ambs_splits_destroy(b, n);
    ambs_splits_destroy(c, n);
    ambs_dataset_destroy(data);
}

static void a_given_test_part_stays_the_test_part(void **state)
{
    (void)state;
    ambs_dataset *data = make_data(100, 2);
    data->n_test = 20;
    ambs_split_options options = {.validation = 0.25, .test = NAN};
    size_t n;
    ambs_split *s;
    ambs_error err = {0};
    assert_int_equal(ambs_splits_create(data, &options, &n, &s, NULL), 0);
    assert_int_equal(s->n_validation, 20);
    for (size_t i = 0; i < 20; i++) assert_int_equal(s->test[i], 80 + i);
    for (size_t i = 0; i < s->n_train; i++) assert_true(s->train[i] < 80);
    ambs_splits_destroy(s, n);
    options.test = 0.2;
    assert_int_equal(ambs_splits_create(data, &options, &n, &s, &err), AMBS_E_INVALID);
    assert_string_equal(err.text,
                        "test: found a share of 0.2, but the data set brings a test part of "
                        "20 rows; leave `test` out");
    ambs_dataset_destroy(data);
}

static void impossible_splits_are_refused(void **state)
{
    (void)state;
    ambs_dataset *data = make_data(12, 2);
    size_t n;
    ambs_split *s;
    ambs_error err = {0};
    ambs_split_options options = {.validation = 0.01, .test = NAN};
    assert_int_equal(ambs_splits_create(data, &options, &n, &s, &err), AMBS_E_INVALID);
    assert_string_equal(err.text,
                        "validation: a share of 0.01 of 12 rows, with 0 test rows, leaves the "
                        "validation part empty");
    options = (ambs_split_options){.validation = 0.5, .test = 0.5};
    assert_int_equal(ambs_splits_create(data, &options, &n, &s, &err), AMBS_E_INVALID);
    assert_string_equal(err.text,
                        "validation: a share of 0.5 of 12 rows, with 6 test rows, leaves the "
                        "training part empty");
    options = (ambs_split_options){.folds = 13, .test = NAN};
    assert_int_equal(ambs_splits_create(data, &options, &n, &s, &err), AMBS_E_INVALID);
    assert_string_equal(err.text, "folds: found 13, but there are 12 rows outside the test part; "
                                  "expected at most as many folds as rows");
    ambs_dataset_destroy(data);
}

static void scaling_is_learnt_from_the_training_rows_alone(void **state)
{
    (void)state;
    ambs_dataset *data;
    const float x[] = {1, 7, 3, 7, 5, 7, 1000, 8};
    const double y[] = {10, 20, 30, 1e6};
    assert_int_equal(ambs_dataset_create("t", 4, 2, &data, NULL), 0);
    memcpy(data->x, x, sizeof x);
    assert_int_equal(ambs_dataset_set_target("t", data, y, AMBS_TARGET_NUMBERS, NULL), 0);
    const size_t train[] = {0, 1, 2}, last[] = {3};
    ambs_scaler s;
    float row[2], target;
    assert_int_equal(ambs_scaler_fit(data, train, 3, AMBS_SCALING_STANDARD, &s, NULL), 0);
    ambs_scaler_gather(&s, data, last, 1, row);
    assert_near(row[0], 997 / sqrt(8 / 3.0), 1e-3);
    assert_near(row[1], 0, 0); /* constant in training: no information */
    ambs_scaler_targets(&s, data, train, 1, &target);
    assert_near(target, -10 / sqrt(200 / 3.0), 1e-6);
    ambs_scaler_fini(&s);
    assert_int_equal(ambs_scaler_fit(data, train, 3, AMBS_SCALING_RANGE, &s, NULL), 0);
    ambs_scaler_gather(&s, data, train + 2, 1, row);
    assert_near(row[0], 1, 0);
    ambs_scaler_fini(&s);
    ambs_dataset_destroy(data);
}

static int split_once(void *ctx)
{
    size_t n;
    ambs_split *s;
    const ambs_split_options options = {.folds = 3, .test = 0.2};
    int rc = ambs_splits_create(ctx, &options, &n, &s, NULL);
    if (rc == 0) ambs_splits_destroy(s, n);
    return rc;
}

static void each_failing_allocation_is_an_error_without_a_leak(void **state)
{
    (void)state;
    ambs_dataset *data = make_data(60, 3);
    assert_true(failing_alloc_each(split_once, data) >= 7);
    ambs_dataset_destroy(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_split_covers_all_rows_once_with_each_class_in_its_share),
        cmocka_unit_test(folds_validate_every_row_once),
        cmocka_unit_test(the_seed_decides_the_split),
        cmocka_unit_test(a_given_test_part_stays_the_test_part),
        cmocka_unit_test(impossible_splits_are_refused),
        cmocka_unit_test(scaling_is_learnt_from_the_training_rows_alone),
        cmocka_unit_test(each_failing_allocation_is_an_error_without_a_leak),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("train/split", tests, NULL, NULL);
}
