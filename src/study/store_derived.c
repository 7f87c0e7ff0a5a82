/* SPDX-License-Identifier: MIT */
/* What STUDY.h5 holds beside the table's own rows: every evaluation, the log that the model consumed, the
 * front and the space. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/random.h"
#include "space/space.h"
#include "study/front.h"
#include "study/store_dataset.h"

typedef struct evaluation {
    uint64_t trial;
    uint32_t repeat, attempt;
    ambs_trial_state state;
    double fidelity, value, sd;
    uint64_t seed;
} evaluation;

static const char *state_name(int value)
{
    return ambs_trial_state_name((ambs_trial_state)value);
}

static const ambs_column evaluation_columns[] = {
    {"trial", AMBS_COLUMN_COUNT, offsetof(evaluation, trial), .about = "the row of /trials"},
    {"fidelity", AMBS_COLUMN_F64, offsetof(evaluation, fidelity),
     .about = "value of the fidelity parameter; NaN: the study has none"},
    {"repeat", AMBS_COLUMN_U32, offsetof(evaluation, repeat),
     .about = "0 for the first evaluation at this fidelity"},
    {"state", AMBS_COLUMN_WORD, offsetof(evaluation, state), .word = state_name,
     .n_words = AMBS_TRIAL_CANCELLED + 1, .about = "complete, pruned or failed"},
    {"attempt", AMBS_COLUMN_U32, offsetof(evaluation, attempt),
     .about = "the attempt that gave it"},
    {"seed", AMBS_COLUMN_COUNT, offsetof(evaluation, seed),
     .about = "of the evaluation: streams are keyed (seed, trial, purpose); of the study for the "
              "first"},
    {"value", AMBS_COLUMN_F64, offsetof(evaluation, value),
     .about = "the metric as the user wrote it; NaN: failed"},
    {"sd", AMBS_COLUMN_F64, offsetof(evaluation, sd),
     .about = "standard deviation where the trial gave one; else NaN"},
    {NULL}};

/* The trials' first evaluations, each with its repeats behind it. */
typedef struct evaluations {
    const store_writer *w;
    evaluation *rows;
    size_t n;
} evaluations;

static double fidelity_of(const store_writer *w, size_t trial)
{
    const ambs_space *space = w->spec->space;
    int i = w->spec->fidelity ? ambs_space_find(space, w->spec->fidelity) : -1;
    if (i < 0) return NAN;
    return store_number_of(ambs_space_parameter(space, (size_t)i),
                           w->table->x[trial * w->table->d + (size_t)i]);
}

static void add_evaluation(evaluations *e, size_t trial, uint32_t repeat, uint32_t attempt,
                           ambs_trial_state state, double value)
{
    if (state != AMBS_TRIAL_COMPLETE && state != AMBS_TRIAL_PRUNED && state != AMBS_TRIAL_FAILED)
        return;
    e->rows[e->n++] = (evaluation){.trial = trial,
                                   .repeat = repeat,
                                   .attempt = attempt,
                                   .state = state,
                                   .value = value,
                                   .sd = NAN,
                                   .seed = ambs_evaluation_seed(e->w->spec->seed, repeat),
                                   .fidelity = fidelity_of(e->w, trial)};
}

/* The last attempt that was started for the first evaluation. */
static uint32_t first_attempt(const ambs_table *t, const ambs_trial_row *row)
{
    size_t i = row->last_attempt;
    while (i != SIZE_MAX && t->attempts[i].repeat > 0) i = t->attempts[i].before;
    return i != SIZE_MAX ? t->attempts[i].attempt : 0;
}

static void add_repeats(evaluations *e, size_t trial, size_t i)
{
    if (i == SIZE_MAX) return;
    const ambs_repeat_row *r = &e->w->table->repeats[i];
    add_repeats(e, trial, r->before);
    add_evaluation(e, trial, r->repeat, r->attempt, r->state, r->value);
}

int store_put_evaluations(store_writer *w)
{
    const ambs_table *t = w->table;
    int rc;
    evaluations e = {.w = w, .rows = ambs_calloc(t->n + t->n_repeats, sizeof *e.rows, w->err)};
    if (!e.rows) return AMBS_E_NOMEM;
    for (size_t i = 0; i < t->n; i++) {
        const ambs_trial_row *row = &t->rows[i];
        bool repeated = row->last_repeat != SIZE_MAX;
        add_evaluation(&e, i, 0, repeated ? first_attempt(t, row) : row->n_attempts,
                       repeated ? AMBS_TRIAL_COMPLETE : row->state,
                       repeated ? row->first : row->objective);
        add_repeats(&e, i, row->last_repeat);
    }
    hid_t group =
        store_open_group(w, w->file, "evaluations",
                         "every value that the objective gave, in order of the trials", &rc);
    for (const ambs_column *c = evaluation_columns; c->name && rc == AMBS_OK; c++) {
        store_field f = {
            .column = c, .base = (const char *)e.rows, .stride = sizeof *e.rows, .table = t};
        rc = store_put_column(w, group, &f, e.n);
    }
    free(e.rows);
    return store_close_group(w, group, rc);
}

static const ambs_column operation_trial = {"trial", AMBS_COLUMN_COUNT,
                                            .about = "the row of /trials"};

static void fill_operations(const store_dataset *d, size_t from, size_t n, char *block)
{
    const uint8_t *operations = d->ctx;
    memset(block, 0, n * d->size);
    for (size_t i = 0; i < n; i++) {
        const char *name = ambs_operation_name(operations[from + i]);
        memcpy(block + i * d->size, name, strlen(name));
    }
}

int store_put_operations(store_writer *w)
{
    uint8_t *operations = NULL;
    uint64_t *trials = NULL;
    size_t n = 0;
    int rc = ambs_operations_derive(w->table, &operations, &trials, &n, w->err);
    if (rc != AMBS_OK) return rc;
    hid_t group = store_open_group(w, w->file, "operations",
                                   "the log that the model consumed, in its order", &rc);
    hid_t string = ambs_hdf5_string(strlen("cancel"));
    store_dataset d = {.name = "operation",
                       .n = n,
                       .ctx = operations,
                       .w = w,
                       .disk = string,
                       .memory = string,
                       .size = strlen("cancel"),
                       .fill = fill_operations,
                       .about = "ask, lie, unlie, tell, cancel or refit"};
    store_field f = {.column = &operation_trial,
                     .base = (const char *)trials,
                     .stride = sizeof *trials,
                     .table = w->table};
    if (rc == AMBS_OK) rc = store_put_dataset(w, group, &d);
    if (rc == AMBS_OK) rc = store_put_column(w, group, &f, n);
    H5Tclose(string);
    free(operations);
    free(trials);
    return store_close_group(w, group, rc);
}

/* The space as one JSON text: complete, and read by any language. */
int store_put_space(store_writer *w)
{
    int rc;
    hid_t group = store_open_group(w, w->file, "space",
                                   "the search space, as JSON in the attribute json", &rc);
    ambs_text text = {0};
    ambs_json_writer json;
    ambs_json_begin(&json, &text, 2);
    ambs_space_describe(w->spec->space, &json);
    if (rc == AMBS_OK) rc = ambs_text_check(&text, w->err);
    if (rc == AMBS_OK) rc = store_put_text(w, group, "json", text.text);
    if (rc == AMBS_OK) rc = store_put_number(w, group, "digest", ambs_space_digest(w->spec->space));
    ambs_text_fini(&text);
    return store_close_group(w, group, rc);
}

/* The goals in their order, and the front. */
static int put_front_attributes(store_writer *w, hid_t group, const ambs_front *f)
{
    const ambs_spec *s = w->spec;
    ambs_text text = {0};
    ambs_json_writer json;
    ambs_json_begin(&json, &text, 0);
    ambs_json_array(&json);
    for (size_t j = 0; j < f->m; j++) {
        ambs_json_object(&json);
        ambs_json_key(&json, "name"), ambs_json_string(&json, s->goals[j].name);
        ambs_json_key(&json, "goal");
        ambs_json_string(&json, s->goals[j].goal == AMBS_MINIMIZE ? "minimize" : "maximize");
        ambs_json_key(&json, "reference"), ambs_json_double(&json, f->reference[j]);
        ambs_json_key(&json, "reference_given");
        ambs_json_bool(&json, !isnan(s->goals[j].reference));
        ambs_json_end_object(&json);
    }
    ambs_json_end_array(&json);
    int rc = ambs_text_check(&text, w->err);
    if (rc == AMBS_OK) rc = store_put_text(w, group, "metrics", text.text);
    if (rc == AMBS_OK)
        rc = store_put_attribute(w, group, "hypervolume", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE,
                                 &f->hypervolume);
    ambs_text_fini(&text);
    return rc;
}

static const ambs_column front_trial = {
    "trial", AMBS_COLUMN_COUNT, .about = "the row of /trials, best of the first metric first"};

int store_put_front(store_writer *w)
{
    ambs_front f = {0};
    if (w->spec->n_goals < 2) return AMBS_OK;
    int rc = ambs_front_create(w->table, w->spec, &f, w->err);
    if (rc != AMBS_OK) return rc;
    hid_t group = store_open_group(
        w, w->file, "front", "the complete trials that no other one beats in all metrics", &rc);
    store_field trial = {.column = &front_trial,
                         .base = (const char *)f.trial,
                         .stride = sizeof *f.trial,
                         .table = w->table};
    if (rc == AMBS_OK) rc = put_front_attributes(w, group, &f);
    if (rc == AMBS_OK) rc = store_put_column(w, group, &trial, f.n);
    ambs_front_fini(&f);
    return store_close_group(w, group, rc);
}
