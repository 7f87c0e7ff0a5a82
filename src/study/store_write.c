/* SPDX-License-Identifier: MIT */
/* Writing STUDY.h5: a whole new file beside the old one, fsync, rename, fsync of the folder. So a
 * reader meets the old file or the new one, never a part, and an error leaves the old one as it
 * was.
 *
 * Rows become columns block by block, so that the memory needed does not grow with the study. Small
 * datasets are contiguous; larger ones chunked, with shuffle and deflate for all but doubles (whose
 * digits hardly compress), and chunks that hold nothing but the missing value are not stored at
 * all. */
#include "study/store.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/random.h"
#include "config.h"
#include "space/space.h"
#include "study/columns.h"
#include "study/front.h"
#include "study/segment.h"
#include "study/store_hdf5.h"
#include "study/store_seal.h"

enum { SMALL_ROWS = 2048, DEFLATE_LEVEL = 1 };

typedef struct writer {
    const char *path; /* of the final file, for messages */
    hid_t file;
    const ambs_table *table;
    const ambs_spec *spec;
    char *block; /* room for AMBS_STORE_BLOCK elements */
    size_t block_size;
    ambs_error *err;
} writer;

/* How one dataset is made: its types, the element's size in memory, and who fills the elements. */
typedef struct dataset {
    const char *name;
    hid_t disk, memory;
    size_t size, n;
    const void *missing; /* one element; NULL: none */
    void (*fill)(const struct dataset *d, size_t from, size_t n, char *block);
    const void *ctx;
    const writer *w;
    const char *unit, *about;
} dataset;

static int refuse(const writer *w, const char *what)
{
    return ambs_hdf5_fail(w->err, AMBS_E_IO, w->path, what);
}

/* ---- attributes ---- */

static int put_attribute(const writer *w, hid_t object, const char *name, hid_t disk, hid_t memory,
                         const void *value)
{
    hid_t space = H5Screate(H5S_SCALAR);
    hid_t attribute = H5Acreate2(object, name, disk, space, H5P_DEFAULT, H5P_DEFAULT);
    bool failed = attribute < 0 || H5Awrite(attribute, memory, value) < 0;
    if (attribute >= 0 && H5Aclose(attribute) < 0) failed = true;
    H5Sclose(space);
    return failed ? refuse(w, name) : AMBS_OK;
}

/* Of variable length: the text of a study may be longer than an attribute's 64 KiB, and h5py gives
 * such ones as str. */
static int put_text(const writer *w, hid_t object, const char *name, const char *value)
{
    hid_t type = ambs_hdf5_string(1);
    H5Tset_size(type, H5T_VARIABLE);
    int rc = put_attribute(w, object, name, type, type, &value);
    H5Tclose(type);
    return rc;
}

static int put_number(const writer *w, hid_t object, const char *name, uint64_t value)
{
    int64_t signed_value = (int64_t)value;
    return put_attribute(w, object, name, H5T_STD_I64LE, H5T_NATIVE_INT64, &signed_value);
}

/* ---- datasets ---- */

/* The creation property list: contiguous when small, else chunks; -1 on failure. */
static hid_t layout_of(const dataset *d)
{
    hid_t list = H5Pcreate(H5P_DATASET_CREATE);
    hsize_t chunk = AMBS_STORE_BLOCK;
    bool ok = list >= 0 && H5Pset_obj_track_times(list, 0) >= 0;
    if (ok && d->missing) ok = H5Pset_fill_value(list, d->memory, d->missing) >= 0;
    if (ok && d->n > SMALL_ROWS) {
        if (chunk > d->n) chunk = d->n;
        ok = H5Pset_chunk(list, 1, &chunk) >= 0;
        if (ok && H5Tget_class(d->disk) != H5T_FLOAT)
            ok = H5Pset_shuffle(list) >= 0 && H5Pset_deflate(list, DEFLATE_LEVEL) >= 0;
    }
    if (ok) return list;
    H5Pclose(list);
    return -1;
}

static bool is_all_missing(const dataset *d, const char *block, size_t n)
{
    if (!d->missing || d->n <= SMALL_ROWS) return false;
    for (size_t i = 0; i < n; i++)
        if (memcmp(block + i * d->size, d->missing, d->size) != 0) return false;
    return true;
}

static bool write_blocks(const writer *w, const dataset *d, hid_t set, hid_t space)
{
    for (size_t from = 0; from < d->n; from += AMBS_STORE_BLOCK) {
        size_t n = d->n - from < AMBS_STORE_BLOCK ? d->n - from : AMBS_STORE_BLOCK;
        d->fill(d, from, n, w->block);
        if (is_all_missing(d, w->block, n)) continue;
        hsize_t start = from, count = n;
        hid_t part = H5Screate_simple(1, &count, NULL);
        bool ok = part >= 0 &&
                  H5Sselect_hyperslab(space, H5S_SELECT_SET, &start, NULL, &count, NULL) >= 0 &&
                  H5Dwrite(set, d->memory, part, space, H5P_DEFAULT, w->block) >= 0;
        H5Sclose(part);
        if (!ok) return false;
    }
    return true;
}

static int put_dataset(writer *w, hid_t group, const dataset *d)
{
    int rc = ambs_reserve(&w->block, &w->block_size, AMBS_STORE_BLOCK * d->size, 1, w->err);
    if (rc != AMBS_OK) return rc;
    hsize_t n = d->n;
    hid_t space = H5Screate_simple(1, &n, NULL), list = layout_of(d), set = -1;
    if (space >= 0 && list >= 0)
        set = H5Dcreate2(group, d->name, d->disk, space, H5P_DEFAULT, list, H5P_DEFAULT);
    if (set < 0 || !write_blocks(w, d, set, space)) rc = refuse(w, d->name);
    if (rc == AMBS_OK && d->unit) rc = put_text(w, set, "unit", d->unit);
    if (rc == AMBS_OK && d->about) rc = put_text(w, set, "description", d->about);
    if (set >= 0 && H5Dclose(set) < 0 && rc == AMBS_OK) rc = refuse(w, d->name);
    H5Pclose(list);
    H5Sclose(space);
    return rc;
}

static hid_t open_group(const writer *w, hid_t parent, const char *name, const char *about, int *rc)
{
    hid_t list = H5Pcreate(H5P_GROUP_CREATE);
    H5Pset_link_creation_order(list, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
    hid_t group = H5Gcreate2(parent, name, H5P_DEFAULT, list, H5P_DEFAULT);
    H5Pclose(list);
    *rc = group < 0 ? refuse(w, name) : put_text(w, group, "description", about);
    return group;
}

static int close_group(const writer *w, hid_t group, int rc)
{
    return group >= 0 && H5Gclose(group) < 0 && rc == AMBS_OK ? refuse(w, "closing a group") : rc;
}

/* ---- the fields of rows ---- */

typedef struct field {
    const ambs_column *column;
    const char *base;
    size_t stride;
    const ambs_table *table;
} field;

/* The text of a field that is a string on disk. `buffer` holds 64 bytes. */
static const char *text_of(const field *f, size_t i, char *buffer)
{
    const char *at = f->base + i * f->stride + f->column->offset;
    int value;
    const char *text;
    switch (f->column->kind) {
    case AMBS_COLUMN_WORD:
        memcpy(&value, at, sizeof value);
        return f->column->word(value);
    case AMBS_COLUMN_REASON: {
        int code;
        memcpy(&value, at, sizeof value);
        memcpy(&code, f->base + i * f->stride + f->column->size, sizeof code);
        return ambs_reason_text((ambs_reason)value, code, buffer);
    }
    case AMBS_COLUMN_METRIC:
        memcpy(&value, at, sizeof value);
        return f->table->curve_names[value];
    case AMBS_COLUMN_TEXT:
        memcpy(&text, at, sizeof text);
        return text;
    default:
        return at; /* CHARS */
    }
}

static bool is_text(ambs_column_kind kind)
{
    return kind == AMBS_COLUMN_WORD || kind == AMBS_COLUMN_REASON || kind == AMBS_COLUMN_METRIC ||
           kind == AMBS_COLUMN_TEXT || kind == AMBS_COLUMN_CHARS;
}

static void fill_texts(const dataset *d, size_t from, size_t n, char *block)
{
    const field *f = d->ctx;
    char buffer[64];
    memset(block, 0, n * d->size);
    for (size_t i = 0; i < n; i++) {
        const char *text = text_of(f, from + i, buffer);
        memcpy(block + i * d->size, text, strnlen(text, d->size));
    }
}

static void fill_numbers(const dataset *d, size_t from, size_t n, char *block)
{
    const field *f = d->ctx;
    const char *at = f->base + from * f->stride + f->column->offset;
    for (size_t i = 0; i < n; i++) memcpy(block + i * d->size, at + i * f->stride, d->size);
}

/* Long enough for the longest; what no value can exceed is not searched. */
static size_t text_size(const field *f, size_t n)
{
    char buffer[64];
    size_t size = 1, length;
    if (f->column->kind == AMBS_COLUMN_WORD) {
        for (int v = 0; v < f->column->n_words; v++)
            if ((length = strlen(f->column->word(v))) > size) size = length;
        return size;
    }
    for (size_t i = 0; i < n; i++)
        if ((length = strlen(text_of(f, i, buffer))) > size) size = length;
    return size;
}

static int put_text_column(writer *w, hid_t group, const field *f, size_t n)
{
    static const char empty[AMBS_HOST_SIZE];
    dataset d = {.name = f->column->name,
                 .n = n,
                 .fill = fill_texts,
                 .ctx = f,
                 .w = w,
                 .unit = f->column->unit,
                 .about = f->column->about,
                 .size = text_size(f, n)};
    if (d.size <= sizeof empty) d.missing = empty;
    d.disk = d.memory = ambs_hdf5_string(d.size);
    int rc = put_dataset(w, group, &d);
    H5Tclose(d.disk);
    return rc;
}

static int put_column(writer *w, hid_t group, const field *f, size_t n)
{
    static const double no_float = NAN;
    static const int64_t zero = 0; /* what HDF5 gives for chunks that are not stored */
    const ambs_column *c = f->column;
    if (is_text(c->kind)) return put_text_column(w, group, f, n);
    dataset d = {.name = c->name,
                 .n = n,
                 .fill = fill_numbers,
                 .ctx = f,
                 .w = w,
                 .unit = c->unit,
                 .about = c->about};
    hid_t truth = -1;
    switch (c->kind) {
    case AMBS_COLUMN_F64:
        d.disk = H5T_IEEE_F64LE, d.memory = H5T_NATIVE_DOUBLE, d.size = 8, d.missing = &no_float;
        break;
    case AMBS_COLUMN_U32:
        d.disk = H5T_STD_U32LE, d.memory = H5T_NATIVE_UINT32, d.size = 4, d.missing = &zero;
        break;
    case AMBS_COLUMN_I32:
        d.disk = H5T_STD_I32LE, d.memory = H5T_NATIVE_INT32, d.size = 4, d.missing = &zero;
        break;
    case AMBS_COLUMN_BOOL:
        d.disk = d.memory = truth = ambs_hdf5_bool(), d.size = 1;
        break;
    default:
        d.disk = H5T_STD_I64LE, d.memory = H5T_NATIVE_INT64, d.size = 8, d.missing = &zero;
        break;
    }
    int rc = put_dataset(w, group, &d);
    if (truth >= 0) H5Tclose(truth);
    return rc;
}

static int put_rows(writer *w, hid_t group, const ambs_column_group *g)
{
    const char *table = (const char *)w->table, *base;
    size_t n;
    memcpy(&base, table + g->rows, sizeof base);
    memcpy(&n, table + g->n, sizeof n);
    int rc = AMBS_OK;
    for (const ambs_column *c = g->columns; c->name && rc == AMBS_OK; c++) {
        if (c->repeats && !ambs_repeats_on(&w->spec->repeats)) continue;
        field f = {.column = c, .base = base, .stride = g->stride, .table = w->table};
        rc = put_column(w, group, &f, n);
    }
    return rc;
}

/* ---- parameters ---- */

typedef struct parameter_column {
    size_t i;
    const ambs_parameter *parameter;
    ambs_store_values values;
} parameter_column;

static double x_at(const dataset *d, size_t row)
{
    const parameter_column *c = d->ctx;
    return d->w->table->x[row * d->w->table->d + c->i];
}

static bool has_level(const ambs_parameter *p, double x)
{
    return x >= 0 && x < (double)p->n_levels && x == floor(x);
}

/* The number that stands for x, NaN where inactive. */
static double number_of(const parameter_column *c, double x)
{
    if (c->parameter->n_levels == 0) return x;
    return has_level(c->parameter, x) ? c->parameter->levels[(size_t)x].number : NAN;
}

static void fill_floats(const dataset *d, size_t from, size_t n, char *block)
{
    for (size_t i = 0; i < n; i++) {
        double v = number_of(d->ctx, x_at(d, from + i));
        memcpy(block + i * sizeof v, &v, sizeof v);
    }
}

static void fill_ints(const dataset *d, size_t from, size_t n, char *block)
{
    for (size_t i = 0; i < n; i++) {
        double v = number_of(d->ctx, x_at(d, from + i));
        int64_t whole = fabs(v) < 0x1p62 ? (int64_t)v : AMBS_STORE_NO_INT;
        memcpy(block + i * sizeof whole, &whole, sizeof whole);
    }
}

static void fill_flags(const dataset *d, size_t from, size_t n, char *block)
{
    for (size_t i = 0; i < n; i++) {
        double v = number_of(d->ctx, x_at(d, from + i));
        block[i] = isnan(v) ? -1 : v != 0;
    }
}

static void fill_levels(const dataset *d, size_t from, size_t n, char *block)
{
    const parameter_column *c = d->ctx;
    memset(block, 0, n * d->size);
    for (size_t i = 0; i < n; i++) {
        double x = x_at(d, from + i);
        if (!has_level(c->parameter, x)) continue;
        const char *text = c->parameter->levels[(size_t)x].text;
        memcpy(block + i * d->size, text, strnlen(text, d->size));
    }
}

static void fill_active(const dataset *d, size_t from, size_t n, char *block)
{
    for (size_t i = 0; i < n; i++) block[i] = !isnan(x_at(d, from + i));
}

static int put_parameter(writer *w, hid_t group, const parameter_column *c, const char *name)
{
    static const double no_float = NAN;
    static const int64_t no_int = AMBS_STORE_NO_INT;
    dataset d = {.name = name, .n = w->table->n, .ctx = c, .w = w};
    hid_t string = -1;
    switch (c->values) {
    case AMBS_STORE_FLOAT:
        d.disk = H5T_IEEE_F64LE, d.memory = H5T_NATIVE_DOUBLE, d.size = 8, d.fill = fill_floats,
        d.missing = &no_float;
        d.about = "value; NaN: inactive";
        break;
    case AMBS_STORE_INT:
        d.disk = H5T_STD_I64LE, d.memory = H5T_NATIVE_INT64, d.size = 8, d.fill = fill_ints,
        d.missing = &no_int;
        d.about = "value; -2^63: inactive";
        break;
    case AMBS_STORE_FLAG:
        d.disk = H5T_STD_I8LE, d.memory = H5T_NATIVE_INT8, d.size = 1, d.fill = fill_flags;
        d.about = "0 false, 1 true; -1: inactive";
        break;
    case AMBS_STORE_STRING:
        d.size = 1;
        for (size_t k = 0; k < c->parameter->n_levels; k++)
            if (strlen(c->parameter->levels[k].text) > d.size)
                d.size = strlen(c->parameter->levels[k].text);
        d.disk = d.memory = string = ambs_hdf5_string(d.size);
        d.fill = fill_levels;
        d.about = "level; empty: inactive";
        break;
    }
    int rc = put_dataset(w, group, &d);
    if (string >= 0) H5Tclose(string);
    return rc;
}

static int put_active(writer *w, hid_t group, const parameter_column *c, const char *name)
{
    hid_t truth = ambs_hdf5_bool();
    dataset d = {.name = name,
                 .n = w->table->n,
                 .ctx = c,
                 .w = w,
                 .disk = truth,
                 .memory = truth,
                 .size = 1,
                 .fill = fill_active,
                 .about = "is the parameter active in the trial"};
    int rc = put_dataset(w, group, &d);
    H5Tclose(truth);
    return rc;
}

static int put_parameters(writer *w, hid_t trials)
{
    const ambs_space *space = w->spec->space;
    int rc, rc_active;
    hid_t values = open_group(w, trials, "parameters", "the configuration of each trial", &rc);
    hid_t active = open_group(w, trials, "active", "for conditional parameters", &rc_active);
    if (rc == AMBS_OK) rc = rc_active;
    for (size_t i = 0; i < ambs_space_dimension(space) && rc == AMBS_OK; i++) {
        const ambs_parameter *p = ambs_space_parameter(space, i);
        parameter_column c = {.i = i, .parameter = p, .values = ambs_store_values_of(p)};
        char *name = ambs_calloc(3, strlen(p->name) + 1, w->err);
        if (!name) rc = AMBS_E_NOMEM;
        if (rc == AMBS_OK) rc = put_parameter(w, values, &c, ambs_store_escape(p->name, name));
        if (rc == AMBS_OK && ambs_space_is_conditional(space, i))
            rc = put_active(w, active, &c, name);
        free(name);
    }
    rc = close_group(w, active, rc);
    return close_group(w, values, rc);
}

/* ---- metrics: one column per name that ever occurred ---- */

typedef struct metric_entry {
    const ambs_metric *metric;
    uint64_t trial;
} metric_entry;

typedef struct metric_column {
    const metric_entry *entries; /* [n] of one name, by trial */
    size_t n;
} metric_column;

static int by_name_and_trial(const void *a, const void *b)
{
    const metric_entry *p = a, *q = b;
    int order = strcmp(p->metric->name, q->metric->name);
    return order != 0 ? order : (p->trial > q->trial) - (p->trial < q->trial);
}

static void fill_metric(const dataset *d, size_t from, size_t n, char *block)
{
    const metric_column *c = d->ctx;
    size_t low = 0, high = c->n;
    while (low < high) { /* the first entry of a trial at or behind `from` */
        size_t middle = low + (high - low) / 2;
        if (c->entries[middle].trial < from)
            low = middle + 1;
        else
            high = middle;
    }
    for (size_t i = 0; i < n; i++) {
        double v = NAN;
        for (; low < c->n && c->entries[low].trial == from + i; low++)
            v = c->entries[low].metric->value;
        memcpy(block + i * sizeof v, &v, sizeof v);
    }
}

static int put_metric(writer *w, hid_t group, const metric_column *c)
{
    static const double no_float = NAN;
    char name[3 * AMBS_METRIC_NAME_SIZE];
    dataset d = {.name = ambs_store_escape(c->entries[0].metric->name, name),
                 .n = w->table->n,
                 .ctx = c,
                 .w = w,
                 .disk = H5T_IEEE_F64LE,
                 .memory = H5T_NATIVE_DOUBLE,
                 .size = 8,
                 .missing = &no_float,
                 .fill = fill_metric,
                 .about = "as the trial reported it; NaN: not reported"};
    return put_dataset(w, group, &d);
}

static int put_metrics(writer *w, hid_t trials)
{
    const ambs_table *t = w->table;
    int rc;
    hid_t group = open_group(w, trials, "metrics", "what results held beside the objective", &rc);
    metric_entry *entries = ambs_calloc(t->n_metrics, sizeof *entries, w->err);
    if (!entries) rc = AMBS_E_NOMEM;
    size_t n = 0;
    for (size_t i = 0; i < t->n && rc == AMBS_OK; i++)
        for (size_t k = 0; k < t->rows[i].n_metrics; k++)
            entries[n++] =
                (metric_entry){.metric = &t->metrics[t->rows[i].metrics + k], .trial = i};
    if (n > 0) qsort(entries, n, sizeof *entries, by_name_and_trial);
    for (size_t from = 0, to; from < n && rc == AMBS_OK; from = to) {
        for (to = from + 1;
             to < n && strcmp(entries[to].metric->name, entries[from].metric->name) == 0;)
            to++;
        rc = put_metric(w, group, &(metric_column){.entries = entries + from, .n = to - from});
    }
    free(entries);
    return close_group(w, group, rc);
}

/* ---- what is derived ---- */

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
    const writer *w;
    evaluation *rows;
    size_t n;
} evaluations;

static double fidelity_of(const writer *w, size_t trial)
{
    const ambs_space *space = w->spec->space;
    int i = w->spec->fidelity ? ambs_space_find(space, w->spec->fidelity) : -1;
    if (i < 0) return NAN;
    const parameter_column c = {.i = (size_t)i,
                                .parameter = ambs_space_parameter(space, (size_t)i)};
    return number_of(&c, w->table->x[trial * w->table->d + (size_t)i]);
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

static int put_evaluations(writer *w)
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
    hid_t group = open_group(w, w->file, "evaluations",
                             "every value that the objective gave, in order of the trials", &rc);
    for (const ambs_column *c = evaluation_columns; c->name && rc == AMBS_OK; c++) {
        field f = {.column = c, .base = (const char *)e.rows, .stride = sizeof *e.rows, .table = t};
        rc = put_column(w, group, &f, e.n);
    }
    free(e.rows);
    return close_group(w, group, rc);
}

static const ambs_column operation_trial = {"trial", AMBS_COLUMN_COUNT,
                                            .about = "the row of /trials"};

static void fill_operations(const dataset *d, size_t from, size_t n, char *block)
{
    const uint8_t *operations = d->ctx;
    memset(block, 0, n * d->size);
    for (size_t i = 0; i < n; i++) {
        const char *name = ambs_operation_name(operations[from + i]);
        memcpy(block + i * d->size, name, strlen(name));
    }
}

static int put_operations(writer *w)
{
    uint8_t *operations = NULL;
    uint64_t *trials = NULL;
    size_t n = 0;
    int rc = ambs_operations_derive(w->table, &operations, &trials, &n, w->err);
    if (rc != AMBS_OK) return rc;
    hid_t group =
        open_group(w, w->file, "operations", "the log that the model consumed, in its order", &rc);
    hid_t string = ambs_hdf5_string(strlen("cancel"));
    dataset d = {.name = "operation",
                 .n = n,
                 .ctx = operations,
                 .w = w,
                 .disk = string,
                 .memory = string,
                 .size = strlen("cancel"),
                 .fill = fill_operations,
                 .about = "ask, lie, unlie, tell, cancel or refit"};
    field f = {.column = &operation_trial,
               .base = (const char *)trials,
               .stride = sizeof *trials,
               .table = w->table};
    if (rc == AMBS_OK) rc = put_dataset(w, group, &d);
    if (rc == AMBS_OK) rc = put_column(w, group, &f, n);
    H5Tclose(string);
    free(operations);
    free(trials);
    return close_group(w, group, rc);
}

/* The space as one JSON text: complete, and read by any language. */
static int put_space(writer *w)
{
    int rc;
    hid_t group =
        open_group(w, w->file, "space", "the search space, as JSON in the attribute json", &rc);
    ambs_text text = {0};
    ambs_json_writer json;
    ambs_json_begin(&json, &text, 2);
    ambs_space_describe(w->spec->space, &json);
    if (rc == AMBS_OK) rc = ambs_text_check(&text, w->err);
    if (rc == AMBS_OK) rc = put_text(w, group, "json", text.text);
    if (rc == AMBS_OK) rc = put_number(w, group, "digest", ambs_space_digest(w->spec->space));
    ambs_text_fini(&text);
    return close_group(w, group, rc);
}

/* The goals in their order, and the front. */
static int put_front_attributes(writer *w, hid_t group, const ambs_front *f)
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
    if (rc == AMBS_OK) rc = put_text(w, group, "metrics", text.text);
    if (rc == AMBS_OK)
        rc = put_attribute(w, group, "hypervolume", H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE,
                           &f->hypervolume);
    ambs_text_fini(&text);
    return rc;
}

static const ambs_column front_trial = {
    "trial", AMBS_COLUMN_COUNT, .about = "the row of /trials, best of the first metric first"};

static int put_front(writer *w)
{
    ambs_front f = {0};
    if (w->spec->n_goals < 2) return AMBS_OK;
    int rc = ambs_front_create(w->table, w->spec, &f, w->err);
    if (rc != AMBS_OK) return rc;
    hid_t group = open_group(w, w->file, "front",
                             "the complete trials that no other one beats in all metrics", &rc);
    field trial = {.column = &front_trial,
                   .base = (const char *)f.trial,
                   .stride = sizeof *f.trial,
                   .table = w->table};
    if (rc == AMBS_OK) rc = put_front_attributes(w, group, &f);
    if (rc == AMBS_OK) rc = put_column(w, group, &trial, f.n);
    ambs_front_fini(&f);
    return close_group(w, group, rc);
}

static int put_root(const writer *w)
{
    const ambs_table *t = w->table;
    const ambs_spec *s = w->spec;
    char uuid[37];
    int rc = put_number(w, w->file, "format_version", AMBS_STORE_FORMAT);
    if (rc == AMBS_OK) rc = put_text(w, w->file, "program", "ambs " AMBS_VERSION);
    if (rc == AMBS_OK) rc = put_text(w, w->file, "uuid", ambs_store_uuid_text(t->uuid, uuid));
    if (rc == AMBS_OK) rc = put_number(w, w->file, "sequence", t->sequence);
    if (rc == AMBS_OK) rc = put_number(w, w->file, "digest", t->digest);
    if (rc == AMBS_OK) rc = put_text(w, w->file, "name", s->name);
    if (rc == AMBS_OK) rc = put_text(w, w->file, "metric", s->metric);
    if (rc == AMBS_OK)
        rc = put_text(w, w->file, "goal", s->goal == AMBS_MINIMIZE ? "minimize" : "maximize");
    if (rc == AMBS_OK) rc = put_number(w, w->file, "seed", s->seed);
    if (rc == AMBS_OK)
        rc = put_text(w, w->file, "spec_file", t->spec_file ? t->spec_file : s->file);
    if (rc == AMBS_OK) rc = put_text(w, w->file, "spec", t->spec_text ? t->spec_text : s->text);
    return rc;
}

static int put_all(writer *w)
{
    int rc = put_root(w);
    for (const ambs_column_group *g = ambs_column_groups; g->name && rc == AMBS_OK; g++) {
        if (g->repeats && !ambs_repeats_on(&w->spec->repeats)) continue;
        hid_t group = open_group(w, w->file, g->name, g->about, &rc);
        if (rc == AMBS_OK) rc = put_rows(w, group, g);
        if (rc == AMBS_OK && g == &ambs_column_groups[0]) rc = put_parameters(w, group);
        if (rc == AMBS_OK && g == &ambs_column_groups[0]) rc = put_metrics(w, group);
        rc = close_group(w, group, rc);
    }
    if (rc == AMBS_OK) rc = put_evaluations(w);
    if (rc == AMBS_OK) rc = put_operations(w);
    if (rc == AMBS_OK) rc = put_front(w);
    if (rc == AMBS_OK) rc = put_space(w);
    return rc;
}

/* ---- the file ---- */

/* HDF5 builds the file in memory (its core driver), and the bytes are written by our own code: the
 * library of 1.10 crashes at exit when a disk was full, and hides errno. Costs the size of the file
 * twice in memory. */
static int build_image(writer *w, void **ret_image, size_t *ret_size)
{
    enum { INCREMENT = 1 << 20 };
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
    H5Pset_fapl_core(access, INCREMENT, 0);
    w->file = H5Fcreate("in memory", H5F_ACC_TRUNC, H5P_DEFAULT, access);
    H5Pclose(access);
    if (w->file < 0) return refuse(w, "HDF5 can not build a file in memory");
    int rc = put_all(w);
    ssize_t size = rc == AMBS_OK && H5Fflush(w->file, H5F_SCOPE_GLOBAL) >= 0
                       ? H5Fget_file_image(w->file, NULL, 0)
                       : 0;
    if (rc == AMBS_OK && size <= 0) rc = refuse(w, "flushing");
    void *image = rc == AMBS_OK ? ambs_calloc((size_t)size, 1, w->err) : NULL;
    if (rc == AMBS_OK && !image) rc = AMBS_E_NOMEM;
    if (rc == AMBS_OK && H5Fget_file_image(w->file, image, (size_t)size) != size)
        rc = refuse(w, "reading the image");
    H5Fclose(w->file);
    if (rc != AMBS_OK) {
        free(image);
        return rc;
    }
    *ret_image = image;
    *ret_size = (size_t)size;
    return AMBS_OK;
}

static int write_image(const char *path, const char *temporary, const void *image, size_t size,
                       ambs_error *err)
{
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0)
        return ambs_fail(err, AMBS_E_IO, "%s: a new file beside it can not be made: %s", path,
                         strerror(errno));
    int rc = ambs_store_write_sealed(fd, path, image, size, err);
    if (close(fd) != 0 && rc == AMBS_OK)
        rc = ambs_fail(err, AMBS_E_IO, "%s: close: %s", path, strerror(errno));
    if (rc == AMBS_OK && rename(temporary, path) != 0)
        rc = ambs_fail(err, AMBS_E_IO, "%s can not be put in place: %s", path, strerror(errno));
    if (rc != AMBS_OK) unlink(temporary);
    return rc == AMBS_OK ? ambs_segment_sync_folder_of(path, err) : rc;
}

int ambs_store_write(const char *path, const ambs_table *table, const ambs_spec *spec,
                     ambs_error *err)
{
    if (table->d != ambs_space_dimension(spec->space))
        return ambs_fail(err, AMBS_E_MISMATCH, "%s: the trials have %zu parameters, the space %zu",
                         path, table->d, ambs_space_dimension(spec->space));
    void *image = NULL;
    size_t size = 0;
    ambs_hdf5_quiet quiet = ambs_hdf5_begin();
    writer w = {.path = path, .table = table, .spec = spec, .err = err};
    int rc = build_image(&w, &image, &size);
    free(w.block);
    ambs_hdf5_end(quiet);
    ambs_text temporary = {0};
    ambs_text_addf(&temporary, "%s.tmp.%ld", path, (long)getpid());
    if (rc == AMBS_OK) rc = ambs_text_check(&temporary, err);
    if (rc == AMBS_OK) {
        unlink(temporary.text); /* of a process long gone that had the same number */
        rc = write_image(path, temporary.text, image, size, err);
    }
    ambs_text_fini(&temporary);
    free(image);
    return rc;
}
