/* SPDX-License-Identifier: MIT */
/* Training: data sets and the trainer family. Single precision; one thread unless the slot has more. */
#ifndef AMBS_TRAIN_TRAIN_H
#define AMBS_TRAIN_TRAIN_H

#include "ambs/trial.h"
#include "base/option.h"
#include "base/random.h"

/* Examples, row-major. Classification: `labels` [n] in 0 … n_classes-1; regression: n_classes 0 and
 * `targets` [n]. Categorical CSV columns are one-hot in x. */
typedef struct ambs_dataset {
    size_t n, d;
    float *x;            /* [n, d] */
    size_t n_classes;    /* 0: regression */
    int *labels;         /* [n] or NULL */
    float *targets;      /* [n] or NULL */
    char **class_names;  /* [n_classes] or NULL */
    size_t n_test;       /* the last n_test rows are the given test part (0: none was given) */
} ambs_dataset;

/* Reads a data set by name: `share:digits` (a file of share/data), or the path of a .csv, .h5/.hdf5
 * (datasets "x" [n, d] and "y" [n]) or IDX file (images; labels found beside it by their usual name;
 * .gz is not read). `target` names the CSV's label column (NULL: the last). Errors carry file, line
 * and column, what was found and expected. Caller frees with ambs_dataset_destroy. */
int ambs_dataset_read(const char *name, const char *target, ambs_dataset **ret_data, ambs_error *err);
void ambs_dataset_destroy(ambs_dataset *data);

typedef struct ambs_train_context {
    uint64_t seed, trial;  /* keys of the random streams */
    double fidelity;       /* epochs to train for, NaN: as the options say */
    ambs_decision (*report)(void *ctx, long long step, const char *metric, double value); /* may be NULL */
    void *ctx;
} ambs_train_context;

/* Rows of the data set by role; a row index array each. */
typedef struct ambs_split {
    size_t *train, *validation, *test;
    size_t n_train, n_validation, n_test;
} ambs_split;

enum { AMBS_TRAIN_MAX_METRICS = 16 };
typedef struct ambs_train_result {
    bool stopped;          /* the report's answer was stop */
    size_t n_metrics;      /* validation_error, validation_loss, test_error, train_loss, epochs, parameters … */
    ambs_metric metrics[AMBS_TRAIN_MAX_METRICS];
} ambs_train_result;

typedef struct ambs_trainer_ops {
    ambs_member member;    /* options are the hyperparameters a study may set */
    /* Trains on split->train, early-stops on split->validation, measures all parts that exist. */
    int (*train)(const void *options, const ambs_dataset *data, const ambs_split *split,
                 const ambs_train_context *context, ambs_train_result *ret, ambs_error *err);
} ambs_trainer_ops;

extern const ambs_trainer_ops *const ambs_trainer_registry[];

#endif
