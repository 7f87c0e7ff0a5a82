/* SPDX-License-Identifier: MIT */
/* What STUDY.h5 holds of each trial beside the fields of its row: the configuration, a column for each
 * parameter, and the metrics, one for each name that ever occurred. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "space/space.h"
#include "study/store_dataset.h"

typedef struct parameter_column {
    size_t i;
    const ambs_parameter *parameter;
    ambs_store_values values;
} parameter_column;

static double x_at(const store_dataset *d, size_t row)
{
    const parameter_column *c = d->ctx;
    return d->w->table->x[row * d->w->table->d + c->i];
}

static bool has_level(const ambs_parameter *p, double x)
{
    return x >= 0 && x < (double)p->n_levels && x == floor(x);
}

double store_number_of(const ambs_parameter *p, double x)
{
    if (p->n_levels == 0) return x;
    return has_level(p, x) ? p->levels[(size_t)x].number : NAN;
}

static double number_at(const store_dataset *d, size_t row)
{
    return store_number_of(((const parameter_column *)d->ctx)->parameter, x_at(d, row));
}

static void fill_floats(const store_dataset *d, size_t from, size_t n, char *block)
{
    for (size_t i = 0; i < n; i++) {
        double v = number_at(d, from + i);
        memcpy(block + i * sizeof v, &v, sizeof v);
    }
}

static void fill_ints(const store_dataset *d, size_t from, size_t n, char *block)
{
    for (size_t i = 0; i < n; i++) {
        double v = number_at(d, from + i);
        int64_t whole = fabs(v) < 0x1p62 ? (int64_t)v : AMBS_STORE_NO_INT;
        memcpy(block + i * sizeof whole, &whole, sizeof whole);
    }
}

static void fill_flags(const store_dataset *d, size_t from, size_t n, char *block)
{
    for (size_t i = 0; i < n; i++) {
        double v = number_at(d, from + i);
        block[i] = isnan(v) ? -1 : v != 0;
    }
}

static void fill_levels(const store_dataset *d, size_t from, size_t n, char *block)
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

static void fill_active(const store_dataset *d, size_t from, size_t n, char *block)
{
    for (size_t i = 0; i < n; i++) block[i] = !isnan(x_at(d, from + i));
}

static int put_parameter(store_writer *w, hid_t group, const parameter_column *c, const char *name)
{
    static const double no_float = NAN;
    static const int64_t no_int = AMBS_STORE_NO_INT;
    store_dataset d = {.name = name, .n = w->table->n, .ctx = c, .w = w};
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
    int rc = store_put_dataset(w, group, &d);
    if (string >= 0) H5Tclose(string);
    return rc;
}

static int put_active(store_writer *w, hid_t group, const parameter_column *c, const char *name)
{
    hid_t truth = ambs_hdf5_bool();
    store_dataset d = {.name = name,
                       .n = w->table->n,
                       .ctx = c,
                       .w = w,
                       .disk = truth,
                       .memory = truth,
                       .size = 1,
                       .fill = fill_active,
                       .about = "is the parameter active in the trial"};
    int rc = store_put_dataset(w, group, &d);
    H5Tclose(truth);
    return rc;
}

int store_put_parameters(store_writer *w, hid_t trials)
{
    const ambs_space *space = w->spec->space;
    int rc, rc_active;
    hid_t values =
        store_open_group(w, trials, "parameters", "the configuration of each trial", &rc);
    hid_t active = store_open_group(w, trials, "active", "for conditional parameters", &rc_active);
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
    rc = store_close_group(w, active, rc);
    return store_close_group(w, values, rc);
}

/* ---- metrics ---- */

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

static void fill_metric(const store_dataset *d, size_t from, size_t n, char *block)
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

static int put_metric(store_writer *w, hid_t group, const metric_column *c)
{
    static const double no_float = NAN;
    char name[3 * AMBS_METRIC_NAME_SIZE];
    store_dataset d = {.name = ambs_store_escape(c->entries[0].metric->name, name),
                       .n = w->table->n,
                       .ctx = c,
                       .w = w,
                       .disk = H5T_IEEE_F64LE,
                       .memory = H5T_NATIVE_DOUBLE,
                       .size = 8,
                       .missing = &no_float,
                       .fill = fill_metric,
                       .about = "as the trial reported it; NaN: not reported"};
    return store_put_dataset(w, group, &d);
}

int store_put_metrics(store_writer *w, hid_t trials)
{
    const ambs_table *t = w->table;
    int rc;
    hid_t group =
        store_open_group(w, trials, "metrics", "what results held beside the objective", &rc);
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
    return store_close_group(w, group, rc);
}
