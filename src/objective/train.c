/* SPDX-License-Identifier: MIT */
/* The objective `train`: a trainer of the family on a data set. The data are read once per trial
 * host. A study's parameters, and what else stands in the `objective:` section, are the trainer's
 * options by name; the validation measure is the objective. All trials share one split, keyed by
 * `split_seed` alone, so that they differ by their configuration and not by the luck of the draw.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "objective/folder.h"
#include "objective/objective.h"
#include "train/train.h"

/* A hyperparameter that the study keeps fixed, as text. */
typedef struct fixed_option {
    char *name, *value;
} fixed_option;

typedef struct train_options {
    char *train, *dataset, *target;
    int task, missing, scaling;
    double validation, test;
    long long folds, split_seed;
    bool split_per_trial;
    char *file;          /* of the study, by place(); NULL: it has none */
    fixed_option *fixed; /* by set_other(); freed by fini() with the former */
    size_t n_fixed, capacity;
} train_options;

static const char *const task_names[] = {"auto", "classification", "regression", NULL};
static const char *const missing_names[] = {"refuse", "impute", NULL};
static const char *const scaling_names[] = {"standard", "range", "none", NULL}; /* ambs_scaling */

#define FIELD(name) offsetof(train_options, name)
static const ambs_option options_table[] = {
    {"train", AMBS_OPTION_STRING, FIELD(train), "mlp", 1, 0, NULL,
     "What is trained: a name of `ambs list trainer`."},
    {"dataset", AMBS_OPTION_STRING, FIELD(dataset), NULL, 1, 0, NULL,
     "The data: share:digits, or the path of a CSV, HDF5 (x, y) or IDX file, looked for in the "
     "folder of the study file, then in the one where ambs was started."},
    {"target", AMBS_OPTION_STRING, FIELD(target), NULL, 1, 0, NULL,
     "CSV: the name of the target column; the last one unless given."},
    {"task", AMBS_OPTION_CHOICE, FIELD(task), "auto", 1, 0, task_names,
     "auto: classification where the target is words, or whole numbers of at most 20 values."},
    {"missing", AMBS_OPTION_CHOICE, FIELD(missing), "refuse", 1, 0, missing_names,
     "impute puts the training rows' mean for a missing number (CSV: empty, ?, NA; HDF5: NaN), and "
     "no "
     "level for a category."},
    {"validation", AMBS_OPTION_FLOAT, FIELD(validation), "0.2", 0.0001, 0.9, NULL,
     "Share of the rows (outside a given test part) that the objective is measured on; not used "
     "with "
     "folds."},
    {"test", AMBS_OPTION_FLOAT, FIELD(test), NULL, 0, 0.9, NULL,
     "Share of the rows that only the test metrics see; unless given, the data's own test part or "
     "none."},
    {"folds", AMBS_OPTION_INT, FIELD(folds), "0", 0, 1000, NULL,
     "2 or more: cross-validation over the rows outside the test part, the objective is the mean."},
    {"scaling", AMBS_OPTION_CHOICE, FIELD(scaling), "standard", 1, 0, scaling_names,
     "Of x, learnt from the training rows; standard: mean 0 and standard deviation 1; range: 0 to "
     "1."},
    {"split_seed", AMBS_OPTION_INT, FIELD(split_seed), "0", 0, 9007199254740992, NULL,
     "Seed of the split, apart from the study's seed."},
    {"split_per_trial", AMBS_OPTION_BOOL, FIELD(split_per_trial), "false", 1, 0, NULL,
     "true: every trial draws a split of its own."},
    {NULL},
};

/* The measures an objective may be, by name. */
typedef struct metric_name {
    const char *name;
    ambs_measure measure;
    bool for_classes, for_numbers;
} metric_name;

static const metric_name metrics[] = {
    {"validation_error", AMBS_MEASURE_ERROR, true, false},
    {"validation_cross_entropy", AMBS_MEASURE_LOSS, true, false},
    {"validation_mse", AMBS_MEASURE_LOSS, false, true},
    {"validation_loss", AMBS_MEASURE_LOSS, true, true},
};
enum { N_METRICS = sizeof metrics / sizeof metrics[0] };

typedef struct train_state {
    const train_options *options; /* borrowed */
    const ambs_space *space;      /* borrowed */
    const ambs_trainer_ops *trainer;
    const metric_name *metric;
    ambs_dataset *data;
    ambs_split *splits;
    ambs_scaler *scalers; /* [n_splits] */
    size_t n_splits;
} train_state;

/* --- options and the space ------------------------------------------------------------------ */

static int init_trainer(const ambs_trainer_ops *trainer, const train_options *o, void **ret_options,
                        ambs_error *err)
{
    void *options = ambs_calloc(1, trainer->member.options_size, err);
    if (!options) return AMBS_E_NOMEM;
    int rc = ambs_options_init(trainer->member.options, options, err);
    if (rc != AMBS_OK) {
        free(options);
        return rc;
    }
    for (size_t i = 0; i < o->n_fixed && rc == AMBS_OK; i++)
        rc = ambs_options_set(trainer->member.options, options, o->fixed[i].name, o->fixed[i].value,
                              err);
    if (rc != AMBS_OK) {
        ambs_options_fini(trainer->member.options, options);
        free(options);
        return rc;
    }
    *ret_options = options;
    return AMBS_OK;
}

static void fini_trainer(const ambs_trainer_ops *trainer, void *options)
{
    if (!options) return;
    ambs_options_fini(trainer->member.options, options);
    free(options);
}

static int place(void *options, const char *file, bool looks, ambs_error *err)
{
    (void)looks;
    train_options *o = options;
    if (!file) return AMBS_OK;
    o->file = ambs_strdup(file, err);
    return o->file ? AMBS_OK : AMBS_E_NOMEM;
}

/* A file in the study's folder goes before one of that name where ambs was started. */
static const char *find_data(const train_options *o, char path[AMBS_PATH_SIZE])
{
    return ambs_study_find(o->file, o->dataset, path) ? path : o->dataset;
}

static int set_other(void *options, const char *name, const char *value, ambs_error *err)
{
    train_options *o = options;
    const ambs_trainer_ops *trainer = ambs_trainer_find(o->train, err);
    if (!trainer) return AMBS_E_NOT_FOUND;
    void *scratch = NULL; /* only to hear what the trainer says to it */
    int rc = init_trainer(trainer, o, &scratch, err);
    if (rc == AMBS_OK) rc = ambs_options_set(trainer->member.options, scratch, name, value, err);
    fini_trainer(trainer, scratch);
    if (rc == AMBS_OK)
        rc = ambs_reserve(&o->fixed, &o->capacity, o->n_fixed + 1, sizeof *o->fixed, err);
    if (rc != AMBS_OK) return rc;
    fixed_option f = {ambs_strdup(name, err), ambs_strdup(value, err)};
    if (!f.name || !f.value) {
        free(f.name);
        free(f.value);
        return AMBS_E_NOMEM;
    }
    o->fixed[o->n_fixed++] = f;
    return AMBS_OK;
}

static void fini(void *options)
{
    train_options *o = options;
    for (size_t i = 0; i < o->n_fixed; i++) {
        free(o->fixed[i].name);
        free(o->fixed[i].value);
    }
    free(o->fixed);
    free(o->file);
    o->file = NULL;
    o->fixed = NULL;
    o->n_fixed = o->capacity = 0;
}

static int try_value(const ambs_trainer_ops *trainer, void *scratch, const ambs_space *space,
                     size_t i, double value, ambs_error *err)
{
    char number[32];
    return ambs_options_set(trainer->member.options, scratch, ambs_space_parameter(space, i)->name,
                            ambs_space_format(space, i, value, number), err);
}

/* Every level, or both ends of the range, must be a value the trainer takes. */
static int check_parameter(const train_options *o, const ambs_trainer_ops *trainer, void *scratch,
                           const ambs_space *space, size_t i, ambs_error *err)
{
    const ambs_parameter *p = ambs_space_parameter(space, i);
    const ambs_option *own = ambs_option_find(trainer->member.options, p->name);
    for (size_t f = 0; f < o->n_fixed; f++)
        if (strcmp(o->fixed[f].name, p->name) == 0)
            return ambs_fail(
                err, AMBS_E_INVALID,
                "it is also fixed in the objective (%s: %.60s), expected one of the two", p->name,
                o->fixed[f].value);
    if (own && own->type == AMBS_OPTION_INT && p->type == AMBS_PARAMETER_FLOAT)
        return ambs_fail(err, AMBS_E_INVALID,
                         "found real numbers, but %s is a whole number; expected bounds without a "
                         "point, or type: int",
                         p->name);
    int rc = AMBS_OK;
    for (size_t k = 0; k < p->n_levels && rc == AMBS_OK; k++)
        rc = try_value(trainer, scratch, space, i, (double)k, err);
    if (p->n_levels > 0) return rc;
    rc = try_value(trainer, scratch, space, i, p->min, err);
    return rc == AMBS_OK ? try_value(trainer, scratch, space, i, p->max, err) : rc;
}

static int check_parameters(const train_options *o, const ambs_trainer_ops *trainer,
                            const ambs_space *space, ambs_error *err)
{
    void *scratch = NULL;
    int rc = init_trainer(trainer, o, &scratch, err);
    for (size_t i = 0; i < ambs_space_dimension(space) && rc == AMBS_OK; i++) {
        rc = check_parameter(o, trainer, scratch, space, i, err);
        if (rc != AMBS_OK)
            ambs_wrap(err, rc, "parameter \"%s\"", ambs_space_parameter(space, i)->name);
    }
    /* momentum without an optimizer that has it; where the study chooses the optimizer, it may fit
     * some */
    if (rc == AMBS_OK && ambs_space_find(space, "optimizer") < 0)
        rc = ambs_options_check(trainer->member.options, scratch, err);
    fini_trainer(trainer, scratch);
    return rc;
}

static const metric_name *find_metric(const char *name, ambs_error *err)
{
    const char *names[N_METRICS + 1] = {NULL};
    for (size_t i = 0; i < N_METRICS; i++) {
        if (strcmp(metrics[i].name, name) == 0) return &metrics[i];
        names[i] = metrics[i].name;
    }
    const char *near = ambs_nearest_name(name, names);
    ambs_fail(
        err, AMBS_E_INVALID,
        "metric: found \"%.60s\"%s, expected one of validation_error, validation_cross_entropy, "
        "validation_mse, validation_loss%s%s%s",
        name, strcmp(name, "objective") == 0 ? " (its name where a study gives none)" : "",
        near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    return NULL;
}

static int check_options(const void *options, const char **ret_option, ambs_error *err)
{
    const train_options *o = options;
    char *path = NULL, found[AMBS_PATH_SIZE];
    *ret_option = "dataset";
    int rc = o->dataset ? ambs_dataset_locate(find_data(o, found), &path, err) : AMBS_OK;
    free(path);
    return rc == AMBS_OK ? rc : ambs_wrap(err, rc, "dataset");
}

static int check(const void *options, const ambs_space *space, const char *metric, ambs_error *err)
{
    const train_options *o = options;
    const ambs_trainer_ops *trainer = ambs_trainer_find(o->train, err);
    if (!trainer) return AMBS_E_NOT_FOUND;
    if (!find_metric(metric, err)) return AMBS_E_INVALID;
    if (!o->dataset)
        return ambs_fail(err, AMBS_E_INVALID,
                         "dataset: found none, expected share:digits or the path of a data file");
    if (o->folds == 1)
        return ambs_fail(err, AMBS_E_INVALID, "folds: found 1, expected 0 (none) or 2 and more");
    const char *option;
    int rc = check_parameters(o, trainer, space, err);
    return rc == AMBS_OK ? check_options(o, &option, err) : rc;
}

/* --- a trial host's life -------------------------------------------------------------------- */

static void drop_splits(train_state *s)
{
    for (size_t i = 0; i < s->n_splits && s->scalers; i++) ambs_scaler_fini(&s->scalers[i]);
    free(s->scalers);
    ambs_splits_destroy(s->splits, s->n_splits);
    s->scalers = NULL;
    s->splits = NULL;
    s->n_splits = 0;
}

static int make_splits(train_state *s, uint64_t trial, ambs_error *err)
{
    const train_options *o = s->options;
    const ambs_split_options wanted = {.validation = o->validation,
                                       .test = o->test,
                                       .folds = (size_t)o->folds,
                                       .seed = (uint64_t)o->split_seed,
                                       .trial = trial};
    drop_splits(s);
    int rc = ambs_splits_create(s->data, &wanted, &s->n_splits, &s->splits, err);
    if (rc != AMBS_OK) return rc;
    s->scalers = ambs_calloc(s->n_splits, sizeof *s->scalers, err);
    if (!s->scalers) return AMBS_E_NOMEM;
    for (size_t i = 0; i < s->n_splits && rc == AMBS_OK; i++)
        rc = ambs_scaler_fit(s->data, s->splits[i].train, s->splits[i].n_train,
                             (ambs_scaling)o->scaling, &s->scalers[i], err);
    return rc;
}

static void close_state(void *state)
{
    train_state *s = state;
    if (!s) return;
    drop_splits(s);
    ambs_dataset_destroy(s->data);
    free(s);
}

static int read_data(train_state *s, ambs_error *err)
{
    static const ambs_target_kind kinds[] = {AMBS_TARGET_AUTO, AMBS_TARGET_CLASSES,
                                             AMBS_TARGET_NUMBERS};
    const train_options *o = s->options;
    const ambs_dataset_options how = {
        .target = o->target, .kind = kinds[o->task], .impute = o->missing != 0};
    char path[AMBS_PATH_SIZE];
    int rc = ambs_dataset_read(find_data(o, path), &how, &s->data, err);
    return rc == AMBS_OK ? rc : ambs_wrap(err, rc, "dataset");
}

static int load_data(train_state *s, ambs_error *err)
{
    int rc = read_data(s, err);
    if (rc != AMBS_OK) return rc;
    if (s->data->n_classes > 0 ? s->metric->for_classes : s->metric->for_numbers)
        return make_splits(s, 0, err);
    return ambs_fail(
        err, AMBS_E_INVALID, "metric: found %s, but the target of %.200s is %s; expected %s",
        s->metric->name, s->options->dataset, s->data->n_classes > 0 ? "classes" : "numbers",
        s->data->n_classes > 0 ? "validation_error or validation_cross_entropy" : "validation_mse");
}

/* What the data are and how they are split; or why that cannot be told. */
static void describe(const void *options, const ambs_space *space, ambs_text *out)
{
    train_state s = {.options = options, .space = space};
    ambs_error failure = {0};
    int rc = s.options->dataset ? read_data(&s, &failure) : AMBS_E_INVALID;
    if (rc == AMBS_OK) rc = make_splits(&s, 0, &failure);
    if (rc == AMBS_OK) {
        const ambs_split *split = &s.splits[0];
        ambs_text_addf(out, "%zu rows, %zu columns, ", s.data->n, s.data->d);
        if (s.data->n_classes > 0)
            ambs_text_addf(out, "%zu classes", s.data->n_classes);
        else
            ambs_text_add(out, "a number as target");
        if (s.n_splits > 1) ambs_text_addf(out, "; %zu folds, the first", s.n_splits);
        ambs_text_addf(out, "%s %zu rows for training, %zu for validation, %zu for testing",
                       s.n_splits > 1 ? "" : ";", split->n_train, split->n_validation,
                       split->n_test);
    } else {
        ambs_text_addf(out, "the data cannot be used: %s", failure.text);
    }
    drop_splits(&s);
    ambs_dataset_destroy(s.data);
}

static int open_state(const void *options, const ambs_space *space, const char *metric,
                      void **ret_state, ambs_error *err)
{
    const train_options *o = options;
    const ambs_trainer_ops *trainer = ambs_trainer_find(o->train, err);
    if (!trainer) return AMBS_E_NOT_FOUND;
    const metric_name *found = find_metric(metric, err);
    if (!found) return AMBS_E_INVALID;
    train_state *s = ambs_calloc(1, sizeof *s, err);
    if (!s) return AMBS_E_NOMEM;
    s->options = o;
    s->space = space;
    s->trainer = trainer;
    s->metric = found;
    int rc = load_data(s, err);
    if (rc != AMBS_OK) {
        close_state(s);
        return rc;
    }
    *ret_state = s;
    return AMBS_OK;
}

/* --- one trial ------------------------------------------------------------------------------ */

/* The trainer's options for configuration x. */
static int configure(const train_state *s, const double *x, void **ret_options, ambs_error *err)
{
    void *options;
    int rc = init_trainer(s->trainer, s->options, &options, err);
    if (rc != AMBS_OK) return rc;
    for (size_t i = 0; i < ambs_space_dimension(s->space) && rc == AMBS_OK; i++)
        if (!isnan(x[i])) rc = try_value(s->trainer, options, s->space, i, x[i], err);
    if (rc == AMBS_OK)
        *ret_options = options;
    else
        fini_trainer(s->trainer, options);
    return rc;
}

/* Nothing where the data have no such part (NaN), nor for the objective itself. */
static void add_metric(const train_state *s, const char *name, const char *suffix, double value,
                       ambs_outcome *out)
{
    ambs_metric *m = &out->metrics[out->n_metrics];
    snprintf(m->name, sizeof m->name, "%s%s", name, suffix);
    m->value = value;
    if (!isnan(value) && strcmp(m->name, s->metric->name) != 0) out->n_metrics++;
}

static void fill_metrics(const train_state *s, const ambs_train_result *r, ambs_outcome *out)
{
    const bool classes = s->data->n_classes > 0;
    const char *loss = classes ? "cross_entropy" : "mse";
    add_metric(s, "validation_", loss, r->validation_loss, out);
    add_metric(s, "validation_error", "", r->validation_error, out);
    add_metric(s, "test_", loss, r->test_loss, out);
    add_metric(s, "test_error", "", r->test_error, out);
    add_metric(s, "train_loss", "", r->train_loss, out);
    add_metric(s, "epochs", "", r->epochs, out);
    add_metric(s, "best_epoch", "", r->best_epoch, out);
    add_metric(s, "weights", "", (double)r->n_weights, out);
    add_metric(s, s->metric->name, "_sd", r->value_sd, out);
}

static void fill_outcome(const train_state *s, const ambs_train_result *r, ambs_outcome *out)
{
    fill_metrics(s, r, out);
    if (isfinite(r->value)) {
        out->objective = r->value;
        out->state = r->stopped ? AMBS_TRIAL_PRUNED : AMBS_TRIAL_COMPLETE;
        if (r->diverged)
            snprintf(out->message, sizeof out->message,
                     "the loss was not finite after %g epochs; the best epoch before counts",
                     r->epochs);
        return;
    }
    out->state = AMBS_TRIAL_FAILED;
    out->reason = AMBS_REASON_NOT_A_NUMBER;
    snprintf(out->message, sizeof out->message,
             "the loss was not finite in the first epoch; a smaller learning_rate may help");
}

static void fill_failure(int rc, const ambs_error *failure, ambs_outcome *out)
{
    out->state = AMBS_TRIAL_FAILED;
    out->reason = rc == AMBS_E_NOMEM ? AMBS_REASON_OUT_OF_MEMORY : AMBS_REASON_OBJECTIVE;
    snprintf(out->message, sizeof out->message, "%.*s", AMBS_MESSAGE_SIZE - 1, failure->text);
}

static int evaluate(void *state, const ambs_attempt *attempt, const ambs_reporter *reporter,
                    ambs_outcome *ret, ambs_error *err)
{
    (void)err; /* a training that fails is the trial's own failure */
    train_state *s = state;
    ambs_error failure = {0};
    ambs_train_result result;
    const ambs_train_context context = {.seed = attempt->study_seed,
                                        .trial = attempt->trial,
                                        .fidelity = attempt->fidelity,
                                        .measure = s->metric->measure,
                                        .metric = s->metric->name,
                                        .report = reporter ? reporter->report : NULL,
                                        .ctx = reporter ? reporter->ctx : NULL};
    void *options = NULL;
    int rc = configure(s, attempt->x, &options, &failure);
    if (rc == AMBS_OK && s->options->split_per_trial) rc = make_splits(s, attempt->trial, &failure);
    if (rc == AMBS_OK)
        rc = ambs_training_run(s->trainer, options, s->data, s->splits, s->scalers, s->n_splits,
                               &context, &result, &failure);
    fini_trainer(s->trainer, options);
    if (rc == AMBS_OK)
        fill_outcome(s, &result, ret);
    else
        fill_failure(rc, &failure, ret);
    return AMBS_OK;
}

static const char *const also[] = {"validation_error",
                                   "validation_cross_entropy",
                                   "validation_mse",
                                   "test_error",
                                   "test_cross_entropy",
                                   "test_mse",
                                   "train_loss",
                                   "epochs",
                                   "best_epoch",
                                   "weights",
                                   NULL};

const ambs_objective_ops ambs_objective_train = {
    .member = {.name = "train",
               .summary = "a built-in trainer on a data set",
               .options = options_table,
               .options_size = sizeof(train_options)},
    .hosted = true,
    .place = place,
    .set_other = set_other,
    .also = also,
    .check = check,
    .check_options = check_options,
    .describe = describe,
    .open = open_state,
    .evaluate = evaluate,
    .close = close_state,
    .fini = fini,
};
