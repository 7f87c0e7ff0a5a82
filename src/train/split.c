/* SPDX-License-Identifier: MIT */
/* Stratified splits by systematic sampling: rows are ordered by class, shuffled within each class,
 * and every part takes every so-maniest row of that order. So a class has its share in each part to
 * within one row, and the parts' sizes are exact. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "train/train.h"

/* The first `n` rows, by class and shuffled within each; numbers: shuffled. */
static int order_rows(const ambs_dataset *data, size_t n, ambs_random *random, size_t **ret_order,
                      ambs_error *err)
{
    const size_t n_groups = data->n_classes > 0 ? data->n_classes : 1;
    size_t *order = ambs_calloc(n, sizeof *order, err);
    size_t *begin = ambs_calloc(n_groups + 1, sizeof *begin, err);
    if (!order || !begin) {
        free(order);
        free(begin);
        return AMBS_E_NOMEM;
    }
    for (size_t i = 0; i < n; i++) begin[data->n_classes > 0 ? data->labels[i] + 1 : 1]++;
    for (size_t k = 0; k < n_groups; k++) begin[k + 1] += begin[k];
    for (size_t i = 0; i < n; i++) order[begin[data->n_classes > 0 ? data->labels[i] : 0]++] = i;
    /* begin[k] is now the end of group k */
    for (size_t k = 0; k < n_groups; k++) {
        const size_t from = k > 0 ? begin[k - 1] : 0;
        ambs_random_shuffle(random, order + from, begin[k] - from);
    }
    free(begin);
    *ret_order = order;
    return AMBS_OK;
}

/* Takes `m` of the `n` rows in `from`, evenly spread; the others close ranks. */
static void take_evenly(size_t *from, size_t n, size_t m, size_t *ret_taken)
{
    size_t left = 0, taken = 0;
    for (size_t i = 0; i < n; i++) {
        /* floor((i + 1) m / n) counts how many of the first i + 1 rows are to be taken */
        if ((i + 1) * m / n > taken)
            ret_taken[taken++] = from[i];
        else
            from[left++] = from[i];
    }
}

/* Room for the parts that `s` counts, in the order train, validation, test. */
static int allocate_split(ambs_split *s, ambs_error *err)
{
    s->rows = ambs_calloc(s->n_train + s->n_validation + s->n_test, sizeof *s->rows, err);
    if (!s->rows) return AMBS_E_NOMEM;
    s->train = s->rows;
    s->validation = s->rows + s->n_train;
    s->test = s->validation + s->n_validation;
    return AMBS_OK;
}

/* One split from the rows outside the test part. */
static int one_split(size_t *pool, size_t n_pool, size_t n_validation, const size_t *test,
                     size_t n_test, ambs_split *ret_split, ambs_error *err)
{
    *ret_split = (ambs_split){
        .n_train = n_pool - n_validation, .n_validation = n_validation, .n_test = n_test};
    int rc = allocate_split(ret_split, err);
    if (rc != AMBS_OK) return rc;
    take_evenly(pool, n_pool, n_validation, ret_split->validation);
    memcpy(ret_split->train, pool, ret_split->n_train * sizeof *pool);
    memcpy(ret_split->test, test, n_test * sizeof *test);
    return AMBS_OK;
}

/* Fold f: every k-th row of the order, from the f-th on, is for validation. */
static int one_fold(const size_t *pool, size_t n_pool, size_t f, size_t k, const size_t *test,
                    size_t n_test, ambs_split *ret_split, ambs_error *err)
{
    const size_t n_validation = (n_pool - f + k - 1) / k;
    *ret_split = (ambs_split){
        .n_train = n_pool - n_validation, .n_validation = n_validation, .n_test = n_test};
    int rc = allocate_split(ret_split, err);
    if (rc != AMBS_OK) return rc;
    size_t *train = ret_split->rows, *validation = train + ret_split->n_train;
    for (size_t i = 0; i < n_pool; i++) *(i % k == f ? validation++ : train++) = pool[i];
    memcpy(ret_split->test, test, n_test * sizeof *test);
    return AMBS_OK;
}

/* How many rows each part gets, or why that cannot be. */
static int count_parts(const ambs_dataset *data, const ambs_split_options *o, size_t *ret_n_test,
                       size_t *ret_n_validation, ambs_error *err)
{
    if (data->n_test > 0 && !isnan(o->test))
        return ambs_fail(err, AMBS_E_INVALID,
                         "test: found a share of %g, but the data set brings a test part of %zu "
                         "rows; leave `test` out",
                         o->test, data->n_test);
    const size_t n = data->n,
                 n_test = isnan(o->test) ? data->n_test : (size_t)llround(o->test * (double)n);
    const size_t n_pool = n - n_test;
    if (o->folds > 0) {
        if (n_pool < o->folds)
            return ambs_fail(err, AMBS_E_INVALID,
                             "folds: found %zu, but there are %zu rows outside the test part; "
                             "expected at most as many folds as rows",
                             o->folds, n_pool);
        *ret_n_validation = 0;
    } else {
        const size_t n_validation = (size_t)llround(o->validation * (double)(n - data->n_test));
        if (n_validation == 0 || n_validation >= n_pool)
            return ambs_fail(err, AMBS_E_INVALID,
                             "validation: a share of %g of %zu rows, with %zu test rows, leaves %s "
                             "part empty",
                             o->validation, n, n_test,
                             n_validation == 0 ? "the validation" : "the training");
        *ret_n_validation = n_validation;
    }
    *ret_n_test = n_test;
    return AMBS_OK;
}

int ambs_splits_create(const ambs_dataset *data, const ambs_split_options *options,
                       size_t *ret_n_splits, ambs_split **ret_splits, ambs_error *err)
{
    size_t n_test = 0, n_validation = 0, *order = NULL, *test = NULL;
    int rc = count_parts(data, options, &n_test, &n_validation, err);
    if (rc != AMBS_OK) return rc;
    const size_t n_splits = options->folds > 0 ? options->folds : 1;
    const size_t n_pool = data->n - n_test, n_ordered = data->n - data->n_test;
    ambs_random random;
    ambs_random_init(&random, options->seed, options->trial, AMBS_PURPOSE_SPLIT);
    ambs_split *splits = ambs_calloc(n_splits, sizeof *splits, err);
    test = ambs_calloc(n_test, sizeof *test, err);
    rc = splits && test ? order_rows(data, n_ordered, &random, &order, err) : AMBS_E_NOMEM;
    if (rc != AMBS_OK) goto out;
    if (data->n_test > 0)
        for (size_t i = 0; i < n_test; i++) test[i] = n_ordered + i;
    else
        take_evenly(order, n_ordered, n_test, test);
    for (size_t f = 0; f < n_splits && rc == AMBS_OK; f++)
        rc = options->folds > 0
                 ? one_fold(order, n_pool, f, n_splits, test, n_test, &splits[f], err)
                 : one_split(order, n_pool, n_validation, test, n_test, &splits[f], err);
out:
    free(order);
    free(test);
    if (rc != AMBS_OK) {
        ambs_splits_destroy(splits, splits ? n_splits : 0);
        return rc;
    }
    *ret_n_splits = n_splits;
    *ret_splits = splits;
    return AMBS_OK;
}

void ambs_splits_destroy(ambs_split *splits, size_t n_splits)
{
    for (size_t i = 0; i < n_splits; i++) free(splits[i].rows);
    free(splits);
}
