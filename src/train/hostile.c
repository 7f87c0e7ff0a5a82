/* SPDX-License-Identifier: MIT */
/* A trainer that misbehaves, for tests of what runs trainers. It predicts nothing of use and, from
 * a chosen epoch on, fails in a chosen way. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "train/train.h"

enum { HOW_REFUSE, HOW_FAIL, HOW_NAN, HOW_INFINITE, HOW_HANG };
static const char *const how_names[] = {"refuse", "fail", "nan", "infinite", "hang", NULL};

typedef struct hostile_options {
    ambs_training_options training; /* first: see train.h */
    int how;
    long long at_epoch;
} hostile_options;

static const ambs_option options_table[] = {
    {"how", AMBS_OPTION_CHOICE, offsetof(hostile_options, how), "fail", 1, 0, how_names,
     "refuse: cannot be created; fail: an epoch fails; nan, infinite: the loss and the outputs "
     "are; "
     "hang: an epoch takes an hour."},
    {"at_epoch", AMBS_OPTION_INT, offsetof(hostile_options, at_epoch), "1", 1, 1e6, NULL,
     "The first epoch that goes wrong."},
    AMBS_TRAINING_OPTIONS(hostile_options),
    {NULL},
};

typedef struct hostile {
    const hostile_options *options;
    size_t n_outputs;
    long long epoch;
} hostile;

static int create(const void *options, const ambs_train_task *task, void **ret_state,
                  ambs_error *err)
{
    const hostile_options *o = options;
    if (o->how == HOW_REFUSE) return ambs_fail(err, AMBS_E_INVALID, "hostile: refuses to start");
    hostile *h = ambs_calloc(1, sizeof *h, err);
    if (!h) return AMBS_E_NOMEM;
    h->options = o;
    h->n_outputs = task->data->n_classes > 0 ? task->data->n_classes : 1;
    *ret_state = h;
    return AMBS_OK;
}

static bool is_wrong(const hostile *h)
{
    return h->epoch >= h->options->at_epoch;
}

static double bad_number(const hostile *h)
{
    return !is_wrong(h)                      ? 0
           : h->options->how == HOW_NAN      ? NAN
           : h->options->how == HOW_INFINITE ? INFINITY
                                             : 0;
}

static int epoch(void *state, double *ret_loss, ambs_error *err)
{
    hostile *h = state;
    h->epoch++;
    if (is_wrong(h) && h->options->how == HOW_FAIL)
        return ambs_fail(err, AMBS_E_NUMERIC, "hostile: fails");
    if (is_wrong(h) && h->options->how == HOW_HANG) ambs_clock_sleep_s(3600);
    *ret_loss = bad_number(h);
    return AMBS_OK;
}

static int predict(void *state, const float *x, size_t n, float *ret_outputs, ambs_error *err)
{
    (void)x;
    (void)err;
    const hostile *h = state;
    for (size_t i = 0; i < n * h->n_outputs; i++) ret_outputs[i] = (float)bad_number(h);
    return AMBS_OK;
}

static size_t n_weights(const void *state)
{
    (void)state;
    return 0;
}

static size_t model_size(const void *state)
{
    (void)state;
    return sizeof(long long);
}

static void save(const void *state, void *ret_model)
{
    memcpy(ret_model, &((const hostile *)state)->epoch, sizeof(long long));
}

static void load(void *state, const void *model)
{
    memcpy(&((hostile *)state)->epoch, model, sizeof(long long));
}

const ambs_trainer_ops ambs_trainer_hostile = {
    .member = {.name = "hostile",
               .summary = "fails, diverges or hangs at a chosen epoch",
               .options = options_table,
               .options_size = sizeof(hostile_options),
               .for_tests = true},
    .create = create,
    .epoch = epoch,
    .predict = predict,
    .n_weights = n_weights,
    .model_size = model_size,
    .save = save,
    .load = load,
    .destroy = free,
};
