/* SPDX-License-Identifier: MIT */
/* Small data sets and option helpers for the tests of training. */
#ifndef AMBS_TESTS_TRAIN_TOY_H
#define AMBS_TESTS_TRAIN_TOY_H

#include "near.h"
#include "train/reader.h"

/* n rows of d normal columns; the class is the quadrant of the first two (n_classes 4), a noisy
 * line where n_classes is 0. */
static inline ambs_dataset *toy_dataset(size_t n, size_t d, bool classes)
{
    ambs_dataset *data;
    ambs_random random;
    assert_int_equal(ambs_dataset_create("toy", n, d, &data, NULL), 0);
    ambs_random_init(&random, 1, 0, AMBS_PURPOSE_TEST);
    for (size_t i = 0; i < n * d; i++) data->x[i] = (float)ambs_random_normal(&random);
    double *y = calloc(n, sizeof *y);
    for (size_t i = 0; i < n; i++) {
        const float *x = data->x + i * d;
        y[i] = classes ? (x[0] > 0) + 2 * (x[d > 1] > 0)
                       : 100 + 7 * x[0] - 3 * x[d > 1] + 0.1 * ambs_random_normal(&random);
    }
    assert_int_equal(ambs_dataset_set_target(
                         "toy", data, y, classes ? AMBS_TARGET_CLASSES : AMBS_TARGET_NUMBERS, NULL),
                     0);
    free(y);
    return data;
}

/* Options of `trainer` from pairs of names and values, NULL at the end. */
static inline void *toy_options(const ambs_trainer_ops *trainer, const char *const *pairs)
{
    ambs_error err = {0};
    void *options = calloc(1, trainer->member.options_size);
    assert_int_equal(ambs_options_init(trainer->member.options, options, &err), 0);
    for (; pairs && pairs[0]; pairs += 2)
        if (ambs_options_set(trainer->member.options, options, pairs[0], pairs[1], &err) != 0)
            fail_msg("%s", err.text);
    return options;
}

static inline void toy_options_free(const ambs_trainer_ops *trainer, void *options)
{
    ambs_options_fini(trainer->member.options, options);
    free(options);
}

#endif
