/* SPDX-License-Identifier: MIT */
/* The driver of training. It owns everything that is not a model's maths: epochs, validation, early
 * stopping with the best weights restored, metrics and reports. One run trains one model per split
 * (several under cross-validation), epoch by epoch side by side, so that a step report is the mean
 * over all folds and a stopping rule can compare trials.
 *
 *   a run: RUNNING ──► patience spent, epochs done, loss not finite ──► ENDED, best weights loaded
 */
#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "train/flush.h"
#include "train/network.h"
#include "train/train.h"

enum { MEASURE_ROWS = 512 }; /* rows predicted at a time */

typedef struct score {
    double loss, error;
} score;

/* One model on its split. */
typedef struct run {
    void *state;
    void *best_model; /* as save() wrote it */
    ambs_train_task task;
    score now, best;
    double train_loss;
    long long epoch, best_epoch; /* 0: none yet */
    bool ended, diverged;
} run;

/* What measuring needs; shared by all runs. */
typedef struct scratch {
    float *x, *outputs, *targets; /* [MEASURE_ROWS, d], [MEASURE_ROWS, n_outputs], [MEASURE_ROWS] */
    int *labels;                  /* [MEASURE_ROWS] */
} scratch;

static size_t n_outputs(const ambs_dataset *data)
{
    return data->n_classes > 0 ? data->n_classes : 1;
}

static int scratch_init(scratch *s, const ambs_dataset *data, ambs_error *err)
{
    *s = (scratch){0};
    if (!(s->x = ambs_calloc(MEASURE_ROWS, data->d * sizeof(float), err)) ||
        !(s->outputs = ambs_calloc(MEASURE_ROWS, n_outputs(data) * sizeof(float), err)) ||
        !(s->targets = ambs_calloc(MEASURE_ROWS, sizeof(float), err)) ||
        !(s->labels = ambs_calloc(MEASURE_ROWS, sizeof(int), err)))
        return AMBS_E_NOMEM;
    return AMBS_OK;
}

static void scratch_fini(scratch *s)
{
    free(s->x);
    free(s->outputs);
    free(s->targets);
    free(s->labels);
}

static size_t count_wrong(const float *logits, const int *labels, size_t n, size_t n_classes)
{
    size_t wrong = 0;
    for (size_t i = 0; i < n; i++) {
        const float *z = logits + i * n_classes;
        size_t top = 0;
        for (size_t k = 1; k < n_classes; k++)
            if (z[k] > z[top]) top = k;
        wrong += (int)top != labels[i];
    }
    return wrong;
}

/* Loss and error over some rows; NaN both where there are none. */
static int measure(const ambs_trainer_ops *trainer, run *r, scratch *s, const size_t *rows,
                   size_t n_rows, score *ret_score, ambs_error *err)
{
    const ambs_dataset *data = r->task.data;
    const ambs_scaler *scaler = r->task.scaler;
    double loss = 0;
    size_t wrong = 0;
    for (size_t at = 0; at < n_rows; at += MEASURE_ROWS) {
        const size_t n = n_rows - at < MEASURE_ROWS ? n_rows - at : MEASURE_ROWS;
        ambs_scaler_gather(scaler, data, rows + at, n, s->x);
        int rc = trainer->predict(r->state, s->x, n, s->outputs, err);
        if (rc != AMBS_OK) return rc;
        if (data->n_classes > 0) {
            for (size_t i = 0; i < n; i++) s->labels[i] = data->labels[rows[at + i]];
            loss += ambs_loss_cross_entropy(s->outputs, s->labels, n, data->n_classes, NULL);
            wrong += count_wrong(s->outputs, s->labels, n, data->n_classes);
        } else {
            ambs_scaler_targets(scaler, data, rows + at, n, s->targets);
            loss += ambs_loss_squared(s->outputs, s->targets, n, NULL) * scaler->target_sd *
                    scaler->target_sd;
        }
    }
    ret_score->loss = loss / (double)n_rows;
    ret_score->error = data->n_classes > 0 ? (double)wrong / (double)n_rows : NAN;
    return AMBS_OK;
}

static double value_of(const score *s, ambs_measure measure)
{
    return measure == AMBS_MEASURE_LOSS ? s->loss : s->error;
}

static bool better(const score *a, const score *b, ambs_measure measure)
{
    const double x = value_of(a, measure), y = value_of(b, measure);
    return x < y || (x == y && a->loss < b->loss);
}

/* Ends a run; the best epoch's weights come back if there was one. */
static void end_run(const ambs_trainer_ops *trainer, run *r)
{
    r->ended = true;
    if (r->best_epoch > 0) trainer->load(r->state, r->best_model);
}

static int run_epoch(const ambs_trainer_ops *trainer, const ambs_training_options *options,
                     ambs_measure by, run *r, scratch *s, ambs_error *err)
{
    const ambs_split *split = r->task.split;
    int rc = trainer->epoch(r->state, &r->train_loss, err);
    if (rc == AMBS_OK)
        rc = measure(trainer, r, s, split->validation, split->n_validation, &r->now, err);
    if (rc != AMBS_OK) return rc;
    r->epoch++;
    if (!isfinite(r->train_loss) || !isfinite(r->now.loss)) {
        r->diverged = true;
        end_run(trainer, r);
        return AMBS_OK;
    }
    if (r->best_epoch == 0 || better(&r->now, &r->best, by)) {
        r->best = r->now;
        r->best_epoch = r->epoch;
        trainer->save(r->state, r->best_model);
    }
    if (options->patience > 0 && r->epoch - r->best_epoch >= options->patience) end_run(trainer, r);
    return AMBS_OK;
}

/* The mean over runs of what a stopping rule sees: the present epoch, or the best of an ended run.
 */
static double present_value(const run *runs, size_t n, ambs_measure by)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += runs[i].ended && runs[i].best_epoch == 0
                   ? NAN
                   : value_of(runs[i].ended ? &runs[i].best : &runs[i].now, by);
    return sum / (double)n;
}

static int train_all(const ambs_trainer_ops *trainer, const void *options, run *runs, size_t n,
                     scratch *s, const ambs_train_context *context, bool *ret_stopped,
                     ambs_error *err)
{
    const ambs_training_options *common = options;
    const double wanted = isnan(context->fidelity) ? (double)common->epochs : context->fidelity;
    const long long epochs = wanted < 1 ? 1 : (long long)wanted;
    for (long long e = 1; e <= epochs && !*ret_stopped; e++) {
        size_t n_running = 0;
        for (size_t i = 0; i < n; i++) {
            if (runs[i].ended) continue;
            int rc = run_epoch(trainer, common, context->measure, &runs[i], s, err);
            if (rc != AMBS_OK) return ambs_wrap(err, rc, "epoch %lld", e);
            n_running += !runs[i].ended;
        }
        const double value = present_value(runs, n, context->measure);
        if (context->report && isfinite(value))
            *ret_stopped =
                context->report(context->ctx, e, context->metric, value) != AMBS_CONTINUE;
        if (n_running == 0) break;
    }
    for (size_t i = 0; i < n; i++)
        if (!runs[i].ended) end_run(trainer, &runs[i]);
    return AMBS_OK;
}

/* Adds 1/n of one run's numbers to the result. */
static int add_result(const ambs_trainer_ops *trainer, run *r, scratch *s, size_t n,
                      ambs_measure by, ambs_train_result *result, ambs_error *err)
{
    const double share = 1 / (double)n;
    const ambs_split *split = r->task.split;
    score test = {NAN, NAN};
    if (split->n_test > 0) {
        int rc = measure(trainer, r, s, split->test, split->n_test, &test, err);
        if (rc != AMBS_OK) return rc;
    }
    const score best = r->best_epoch > 0 ? r->best : (score){NAN, NAN};
    result->value += share * value_of(&best, by);
    result->validation_loss += share * best.loss;
    result->validation_error += share * best.error;
    result->test_loss += share * test.loss;
    result->test_error += share * test.error;
    result->train_loss += share * r->train_loss;
    result->epochs += share * (double)r->epoch;
    result->best_epoch += share * (double)r->best_epoch;
    result->diverged = result->diverged || r->diverged;
    result->n_weights = trainer->n_weights(r->state);
    return AMBS_OK;
}

static double spread(const run *runs, size_t n, double mean, ambs_measure by)
{
    if (n < 2) return NAN;
    double squares = 0;
    for (size_t i = 0; i < n; i++) {
        const double away = value_of(&runs[i].best, by) - mean;
        squares += away * away;
    }
    return sqrt(squares / (double)(n - 1));
}

static int open_runs(const ambs_trainer_ops *trainer, const void *options, const ambs_dataset *data,
                     const ambs_split *splits, const ambs_scaler *scalers, size_t n,
                     const ambs_train_context *context, run *runs, ambs_error *err)
{
    for (size_t i = 0; i < n; i++) {
        runs[i].task = (ambs_train_task){.data = data,
                                         .split = &splits[i],
                                         .scaler = &scalers[i],
                                         .seed = context->seed,
                                         .trial = context->trial,
                                         .fold = (uint32_t)i};
        int rc = trainer->create(options, &runs[i].task, &runs[i].state, err);
        if (rc != AMBS_OK) return rc;
        runs[i].best_model = ambs_calloc(trainer->model_size(runs[i].state), 1, err);
        if (!runs[i].best_model) return AMBS_E_NOMEM;
    }
    return AMBS_OK;
}

int ambs_training_run(const ambs_trainer_ops *trainer, const void *options,
                      const ambs_dataset *data, const ambs_split *splits,
                      const ambs_scaler *scalers, size_t n_splits,
                      const ambs_train_context *context, ambs_train_result *ret_result,
                      ambs_error *err)
{
    ambs_train_result result = {0};
    scratch s;
    int rc = scratch_init(&s, data, err);
    run *runs = rc == AMBS_OK ? ambs_calloc(n_splits, sizeof *runs, err) : NULL;
    if (!runs) {
        scratch_fini(&s);
        return AMBS_E_NOMEM;
    }
    const unsigned mode = ambs_flush_begin();
    rc = open_runs(trainer, options, data, splits, scalers, n_splits, context, runs, err);
    if (rc == AMBS_OK)
        rc = train_all(trainer, options, runs, n_splits, &s, context, &result.stopped, err);
    for (size_t i = 0; i < n_splits && rc == AMBS_OK; i++)
        rc = add_result(trainer, &runs[i], &s, n_splits, context->measure, &result, err);
    if (rc == AMBS_OK) {
        result.value_sd = spread(runs, n_splits, result.value, context->measure);
        *ret_result = result;
    }
    for (size_t i = 0; i < n_splits; i++) {
        trainer->destroy(runs[i].state);
        free(runs[i].best_model);
    }
    free(runs);
    scratch_fini(&s);
    ambs_flush_end(mode);
    return rc;
}
