/* SPDX-License-Identifier: MIT */
/* Training: data sets, splits, the trainer family and the driver that runs a trainer.
 *
 *   dataset ─► splits (one, or one per fold) ─► scaler fitted on a split's training rows
 *                                                   │
 *   trainer (the maths of one epoch) ◄── driver: epochs, early stopping, best weights, metrics,
 * reports
 *
 * n rows, d columns of x, K classes. Single precision; as many threads as OpenBLAS was given. All
 * functions are local. */
#ifndef AMBS_TRAIN_TRAIN_H
#define AMBS_TRAIN_TRAIN_H

#include "ambs/trial.h"
#include "base/option.h"
#include "base/random.h"

/* --- data ----------------------------------------------------------------------------------- */

/* Examples, row-major. Classes: `labels` [n] in 0 … n_classes-1; numbers: n_classes is 0 and
 * `targets` [n]. Category columns of a CSV are one-hot in x; a missing number is NaN, a missing
 * category has all its columns 0. */
typedef struct ambs_dataset {
    size_t n, d;
    float *x;           /* [n, d] */
    size_t n_classes;   /* K; 0: the target is a number */
    int *labels;        /* [n] or NULL */
    float *targets;     /* [n] or NULL */
    char **class_names; /* [n_classes] or NULL */
    size_t n_test;      /* the last n_test rows are the given test part (0: none was given) */
} ambs_dataset;

typedef enum ambs_target_kind {
    AMBS_TARGET_AUTO, /* classes where they are words, or whole numbers of at most 20 values */
    AMBS_TARGET_CLASSES,
    AMBS_TARGET_NUMBERS
} ambs_target_kind;

/* How to read a data set; zeroed is the default. */
typedef struct ambs_dataset_options {
    const char *target;    /* the CSV's target column; NULL: the last */
    ambs_target_kind kind; /* CSV and HDF5 */
    bool impute;           /* CSV, HDF5 (NaN): missing values of x are kept; else they are errors */
} ambs_dataset_options;

/* Reads a data set by name: `share:digits` (a file of share/data), or the path of a .csv, of an
 * .h5/.hdf5 (datasets "x" [n, …] and "y" [n], optionally "x_test" and "y_test") or of an IDX file
 * of images (labels, and the test part, are found beside it by their usual names). A .gz is
 * unpacked where zlib is built in. AMBS_E_NOT_FOUND, AMBS_E_IO, AMBS_E_INVALID or AMBS_E_FORMAT
 * with file, line and column, what was found and expected; AMBS_E_NOT_BUILT. `options` may be NULL.
 * Caller frees with ambs_dataset_destroy. */
int ambs_dataset_read(const char *name, const ambs_dataset_options *options,
                      ambs_dataset **ret_data, ambs_error *err);
void ambs_dataset_destroy(ambs_dataset *data);
/* The path that `name` stands for, if it can be opened for reading. Caller frees. */
int ambs_dataset_locate(const char *name, char **ret_path, ambs_error *err);

/* --- splits and scaling --------------------------------------------------------------------- */

/* Rows of the data set by role. The parts are disjoint; all point into `rows`. */
typedef struct ambs_split {
    size_t *rows; /* owned: [n_train + n_validation + n_test] */
    size_t *train, *validation, *test;
    size_t n_train, n_validation, n_test;
} ambs_split;

typedef struct ambs_split_options {
    double validation;    /* share of the rows; not used with folds */
    double test;          /* share of the rows; NaN: the given test part, or none */
    size_t folds;         /* 0: one split; k >= 2: k splits over the rows outside the test part */
    uint64_t seed, trial; /* stream (seed, trial, AMBS_PURPOSE_SPLIT) */
} ambs_split_options;

/* Makes one split, or `folds` splits whose validation parts together are all rows outside the test
 * part. Stratified: each class has its share in each part, to within one row (test, folds) or two.
 * AMBS_E_INVALID where a part would be empty or a test share contradicts a given test part. Caller
 * frees with ambs_splits_destroy. O(n). */
int ambs_splits_create(const ambs_dataset *data, const ambs_split_options *options,
                       size_t *ret_n_splits, ambs_split **ret_splits, ambs_error *err);
void ambs_splits_destroy(ambs_split *splits, size_t n_splits);

typedef enum ambs_scaling {
    AMBS_SCALING_STANDARD, /* mean 0, standard deviation 1 */
    AMBS_SCALING_RANGE,    /* smallest 0, largest 1 */
    AMBS_SCALING_NONE
} ambs_scaling;

/* What was learnt from training rows: scaled x = (x - offset) * factor, a missing number becomes
 * the mean; a constant column becomes 0. Number targets are always standardised. */
typedef struct ambs_scaler {
    size_t d;
    float *offset, *factor, *mean; /* [d] each; owned through `offset` */
    double target_mean, target_sd; /* numbers; else 0 and 1 */
} ambs_scaler;

int ambs_scaler_fit(const ambs_dataset *data, const size_t *rows, size_t n_rows,
                    ambs_scaling scaling, ambs_scaler *ret_scaler, ambs_error *err);
void ambs_scaler_fini(ambs_scaler *scaler);
/* Scaled copies of the given rows of x, [n_rows, d]. */
void ambs_scaler_gather(const ambs_scaler *scaler, const ambs_dataset *data, const size_t *rows,
                        size_t n_rows, float *ret_x);
/* Standardised targets of the given rows, [n_rows]. */
void ambs_scaler_targets(const ambs_scaler *scaler, const ambs_dataset *data, const size_t *rows,
                         size_t n_rows, float *ret_targets);

/* --- trainers ------------------------------------------------------------------------------- */

/* The options every trainer has; an options struct of a trainer begins with them. */
typedef struct ambs_training_options {
    long long epochs, patience;
} ambs_training_options;

/* Their rows in a trainer's table; TYPE's first field is `ambs_training_options training`. */
#define AMBS_TRAINING_OPTIONS(TYPE)                                                                \
    {"epochs",                                                                                     \
     AMBS_OPTION_INT,                                                                              \
     offsetof(TYPE, training.epochs),                                                              \
     "30",                                                                                         \
     1,                                                                                            \
     1e6,                                                                                          \
     NULL,                                                                                         \
     "Passes over the training rows, at most."},                                                   \
    {                                                                                              \
        "patience", AMBS_OPTION_INT, offsetof(TYPE, training.patience), "10", 0, 1e6, NULL,        \
            "Epochs without a better validation measure after which training ends; 0: never."      \
    }

/* What one model is trained on. Borrowed for the life of the trainer's state. */
typedef struct ambs_train_task {
    const ambs_dataset *data;
    const ambs_split *split;
    const ambs_scaler *scaler;
    uint64_t seed, trial; /* keys of the random stream, with AMBS_PURPOSE_TRAINING and the fold */
    uint32_t fold;        /* 0 where there are none */
} ambs_train_task;

/* The random stream of a task. */
void ambs_train_stream(const ambs_train_task *task, ambs_random *ret_stream);

/* A trainer holds the maths of a model; the driver below does the rest. All callbacks are called
 * from one thread; n_outputs is K, or 1 for numbers. */
typedef struct ambs_trainer_ops {
    ambs_member member; /* options: the hyperparameters a study may set */
    /* A fresh model with random weights. `options` is borrowed for the life of the state. */
    int (*create)(const void *options, const ambs_train_task *task, void **ret_state,
                  ambs_error *err);
    /* One pass over the training rows. *ret_loss: the mean loss over them as they were seen. */
    int (*epoch)(void *state, double *ret_loss, ambs_error *err);
    /* For n scaled rows x [n, d]: logits [n, K], or scaled targets [n]. */
    int (*predict)(void *state, const float *x, size_t n, float *ret_outputs, ambs_error *err);
    size_t (*n_weights)(const void *state); /* trained numbers */
    /* The model as plain bytes: model_size() of them. */
    size_t (*model_size)(const void *state);
    void (*save)(const void *state, void *ret_model);
    void (*load)(void *state, const void *model);
    void (*destroy)(void *state); /* NULL state: nothing */
} ambs_trainer_ops;

extern const ambs_trainer_ops *const ambs_trainer_registry[];

/* NULL with AMBS_E_NOT_FOUND, the nearest and all known names. */
const ambs_trainer_ops *ambs_trainer_find(const char *name, ambs_error *err);

/* --- the driver ----------------------------------------------------------------------------- */

/* What the epochs are judged by, and the reports tell. */
typedef enum ambs_measure {
    AMBS_MEASURE_LOSS, /* mean cross-entropy in nats, or mean squared error in the target's own unit
                        */
    AMBS_MEASURE_ERROR /* share of rows whose class is wrong, 0 to 1; ties are decided by the loss
                        */
} ambs_measure;

typedef struct ambs_train_context {
    uint64_t seed, trial; /* keys of the random streams */
    double fidelity;      /* epochs to train for, NaN: as the options say */
    ambs_measure measure; /* on the validation rows: the best epoch is kept */
    const char *metric;   /* the name under which it is reported */
    ambs_decision (*report)(void *ctx, long long step, const char *metric,
                            double value); /* may be NULL */
    void *ctx;
} ambs_train_context;

/* Over several splits each number is the mean over them. */
typedef struct ambs_train_result {
    bool stopped;    /* a report was answered with stop or pause */
    bool diverged;   /* a loss was not finite: trained up to there */
    double value;    /* the measure on the validation rows at the best epoch; NaN when diverged in
                        the first epoch of a split */
    double value_sd; /* over the splits; NaN for one */
    double validation_loss, validation_error; /* error is NaN for numbers */
    double test_loss, test_error;             /* NaN without test rows */
    double train_loss;                        /* of the last epoch */
    double epochs, best_epoch;
    size_t n_weights; /* of one model */
} ambs_train_result;

/* Trains one model per split, epoch by epoch side by side, each with its own early stopping, and
 * reports after every epoch the mean of the measure. The best epoch's weights are measured.
 * `options` are those of `trainer`; `scalers` [n_splits] were fitted on the splits. A model that
 * diverges is no error: see the result. */
int ambs_training_run(const ambs_trainer_ops *trainer, const void *options,
                      const ambs_dataset *data, const ambs_split *splits,
                      const ambs_scaler *scalers, size_t n_splits,
                      const ambs_train_context *context, ambs_train_result *ret_result,
                      ambs_error *err);

#endif
