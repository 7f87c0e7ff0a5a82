/* SPDX-License-Identifier: MIT */
/* Reading STUDY.h5 back into a table: the inverse of store_write.c, column by column. Nothing in
 * the file is trusted: types, lengths and references are checked. With `lost`, what can not be read
 * is named there and left at its missing value; only the identity of the study and the number of
 * trials must be readable. */
#include "study/store_read.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "study/store.h"
#include "study/store_hdf5.h"
#include "study/store_seal.h"

typedef struct reader {
    const char *path;
    hid_t file;
    ambs_table *table;
    const ambs_space *space;
    ambs_text *lost; /* NULL: every fault is an error */
    char *block;
    size_t block_size;
    ambs_error *err;
} reader;

/* A fault at `group`/`name`: an error, or noted as lost. */
static int fault(const reader *r, const char *group, const char *name, const char *what)
{
    if (!r->lost)
        return ambs_fail(r->err, AMBS_E_FORMAT, "%s: %s/%s %s; %s", r->path, group, name, what,
                         ambs_store_remedy(r->path));
    ambs_text_addf(r->lost, "%s/%s %s\n", group, name, what);
    return AMBS_OK;
}

/* ---- attributes ---- */

static int read_number(const reader *r, const char *name, uint64_t *ret)
{
    int64_t value;
    hid_t attribute = H5Aopen(r->file, name, H5P_DEFAULT);
    bool ok = attribute >= 0 && H5Aread(attribute, H5T_NATIVE_INT64, &value) >= 0;
    if (attribute >= 0) H5Aclose(attribute);
    if (!ok)
        return ambs_fail(r->err, AMBS_E_FORMAT,
                         "%s: the attribute %s is missing or unreadable: it is no study file of "
                         "ambs, or damaged",
                         r->path, name);
    *ret = (uint64_t)value;
    return AMBS_OK;
}

/* A string attribute of fixed or variable length. The caller frees. */
static int read_text(const reader *r, const char *name, char **ret)
{
    char *text = NULL, *variable = NULL;
    ambs_error why = {0};
    hid_t attribute = H5Aopen(r->file, name, H5P_DEFAULT),
          type = attribute >= 0 ? H5Aget_type(attribute) : -1;
    if (type >= 0 && H5Tget_class(type) == H5T_STRING) {
        if (H5Tis_variable_str(type) > 0) {
            if (H5Aread(attribute, type, &variable) >= 0 && variable)
                text = ambs_strdup(variable, &why);
            if (variable) H5free_memory(variable);
        } else if (H5Tget_size(type) < 1 << 20 &&
                   (text = ambs_calloc(H5Tget_size(type) + 1, 1, &why))) {
            if (H5Aread(attribute, type, text) < 0) {
                free(text);
                text = NULL;
            }
        }
    }
    if (type >= 0) H5Tclose(type);
    if (attribute >= 0) H5Aclose(attribute);
    if (why.code != AMBS_OK) return ambs_fail(r->err, why.code, "%s", why.text);
    if (!text)
        return ambs_fail(r->err, AMBS_E_FORMAT, "%s: the attribute %s is missing or unreadable",
                         r->path, name);
    *ret = text;
    return AMBS_OK;
}

/* ---- datasets ---- */

/* Opens a one-dimensional dataset, -1 when there is none or it is something else. */
static hid_t open_dataset(hid_t group, const char *name, hsize_t *ret_n)
{
    if (group < 0 || H5Lexists(group, name, H5P_DEFAULT) <= 0) return -1;
    hid_t set = H5Dopen2(group, name, H5P_DEFAULT);
    hid_t space = set >= 0 ? H5Dget_space(set) : -1;
    bool ok = space >= 0 && H5Sget_simple_extent_ndims(space) == 1 &&
              H5Sget_simple_extent_dims(space, ret_n, NULL) == 1;
    if (space >= 0) H5Sclose(space);
    if (ok) return set;
    if (set >= 0) H5Dclose(set);
    return -1;
}

typedef int take_fn(void *ctx, size_t row, const char *element);

/* Gives every element of `group`/`name` to `take`. */
static int read_dataset(reader *r, hid_t group, const char *group_name, const char *name,
                        hid_t memory, size_t size, size_t n, take_fn *take, void *ctx)
{
    hsize_t rows;
    hid_t set = open_dataset(group, name, &rows);
    if (set < 0) return fault(r, group_name, name, "is missing");
    int rc = rows == n
                 ? ambs_reserve(&r->block, &r->block_size, AMBS_STORE_BLOCK * size, 1, r->err)
                 : fault(r, group_name, name, "has another number of rows than its neighbours");
    hid_t space = H5Dget_space(set);
    for (hsize_t from = 0; from < rows && rows == n && rc == AMBS_OK; from += AMBS_STORE_BLOCK) {
        hsize_t count = rows - from < AMBS_STORE_BLOCK ? rows - from : AMBS_STORE_BLOCK;
        hid_t part = H5Screate_simple(1, &count, NULL);
        H5Sselect_hyperslab(space, H5S_SELECT_SET, &from, NULL, &count, NULL);
        if (H5Dread(set, memory, part, space, H5P_DEFAULT, r->block) < 0)
            rc = fault(r, group_name, name, "is damaged");
        else
            for (size_t i = 0; i < count && rc == AMBS_OK; i++)
                rc = take(ctx, from + i, r->block + i * size);
        H5Sclose(part);
    }
    H5Sclose(space);
    H5Dclose(set);
    return rc;
}

/* The size of the strings in a dataset, 0 when it holds none. */
static size_t string_size(hid_t group, const char *name)
{
    hsize_t n;
    size_t size = 0;
    hid_t set = open_dataset(group, name, &n), type = set >= 0 ? H5Dget_type(set) : -1;
    if (type >= 0 && H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) == 0)
        size = H5Tget_size(type);
    if (type >= 0) H5Tclose(type);
    if (set >= 0) H5Dclose(set);
    return size < 1 << 20 ? size : 0;
}

/* ---- the fields of rows ---- */

typedef struct field {
    reader *r;
    const ambs_column *column;
    char *base;
    size_t stride, text_size;
    bool empty_is_literal; /* an empty text is not allocated */
    char *text;            /* room for text_size + 1 bytes */
} field;

static int take_number(void *ctx, size_t row, const char *element)
{
    const field *f = ctx;
    static const size_t sizes[] = {[AMBS_COLUMN_COUNT] = 8,
                                   [AMBS_COLUMN_STEP] = 8,
                                   [AMBS_COLUMN_U32] = 4,
                                   [AMBS_COLUMN_I32] = 4,
                                   [AMBS_COLUMN_F64] = 8};
    char *at = f->base + row * f->stride + f->column->offset;
    if (f->column->kind == AMBS_COLUMN_BOOL) {
        bool value = element[0] != 0;
        memcpy(at, &value, sizeof value);
    } else {
        memcpy(at, element, sizes[f->column->kind]);
    }
    return AMBS_OK;
}

static int take_reason(const field *f, char *at, const char *row)
{
    int code;
    char buffer[64];
    memcpy(&code, row + f->column->size, sizeof code);
    for (int reason = 0; reason <= AMBS_REASON_LAST; reason++)
        if (strncmp(ambs_reason_text((ambs_reason)reason, code, buffer), f->text,
                    strcspn(f->text, "0123456789-")) == 0 &&
            (f->text[0] != '\0') == (buffer[0] != '\0')) {
            memcpy(at, &reason, sizeof reason);
            return AMBS_OK;
        }
    return fault(f->r, "reason", f->text, "is not known");
}

static int take_word(const field *f, char *at)
{
    for (int v = 0; v < f->column->n_words; v++)
        if (strcmp(f->column->word(v), f->text) == 0) {
            memcpy(at, &v, sizeof v);
            return AMBS_OK;
        }
    return fault(f->r, f->column->name, f->text, "is not known");
}

static int take_text(void *ctx, size_t row, const char *element)
{
    const field *f = ctx;
    char *at_row = f->base + row * f->stride, *at = at_row + f->column->offset;
    memcpy(f->text, element, f->text_size);
    uint32_t metric;
    int rc;
    switch (f->column->kind) {
    case AMBS_COLUMN_WORD:
        return take_word(f, at);
    case AMBS_COLUMN_REASON:
        return take_reason(f, at, at_row);
    case AMBS_COLUMN_METRIC:
        rc = ambs_table_metric_index(f->r->table, f->text, &metric, f->r->err);
        if (rc == AMBS_OK) memcpy(at, &metric, sizeof metric);
        return rc;
    case AMBS_COLUMN_CHARS:
        strncpy(at, f->text, f->column->size - 1);
        return AMBS_OK;
    default:
        break;
    }
    const char *copy = f->text[0] || !f->empty_is_literal ? ambs_strdup(f->text, f->r->err) : "";
    if (!copy) return AMBS_E_NOMEM;
    char *before;
    memcpy(&before, at, sizeof before);
    if (before && before[0])
        free(before);
    else if (before && !f->empty_is_literal)
        free(before);
    memcpy(at, &copy, sizeof copy);
    return AMBS_OK;
}

static int read_text_column(field *f, hid_t group, const char *group_name, size_t n)
{
    f->text_size = string_size(group, f->column->name);
    if (f->text_size == 0)
        return fault(f->r, group_name, f->column->name, "is missing or holds no strings");
    hid_t type = ambs_hdf5_string(f->text_size);
    f->text = ambs_calloc(f->text_size + 1, 1, f->r->err);
    int rc = f->text ? read_dataset(f->r, group, group_name, f->column->name, type, f->text_size, n,
                                    take_text, f)
                     : AMBS_E_NOMEM;
    free(f->text);
    H5Tclose(type);
    return rc;
}

static int read_column(field *f, hid_t group, const char *group_name, size_t n)
{
    hid_t truth;
    int rc;
    if (f->column->repeats && H5Lexists(group, f->column->name, H5P_DEFAULT) <= 0) return AMBS_OK;
    switch (f->column->kind) {
    case AMBS_COLUMN_COUNT:
    case AMBS_COLUMN_STEP:
        return read_dataset(f->r, group, group_name, f->column->name, H5T_NATIVE_INT64, 8, n,
                            take_number, f);
    case AMBS_COLUMN_U32:
        return read_dataset(f->r, group, group_name, f->column->name, H5T_NATIVE_UINT32, 4, n,
                            take_number, f);
    case AMBS_COLUMN_I32:
        return read_dataset(f->r, group, group_name, f->column->name, H5T_NATIVE_INT32, 4, n,
                            take_number, f);
    case AMBS_COLUMN_F64:
        return read_dataset(f->r, group, group_name, f->column->name, H5T_NATIVE_DOUBLE, 8, n,
                            take_number, f);
    case AMBS_COLUMN_BOOL:
        truth = ambs_hdf5_bool();
        rc = read_dataset(f->r, group, group_name, f->column->name, truth, 1, n, take_number, f);
        H5Tclose(truth);
        return rc;
    default:
        return read_text_column(f, group, group_name, n);
    }
}

/* What a row holds where its columns can not be read. */
static int set_missing(const ambs_column_group *g, char *base, size_t n, ambs_error *err)
{
    static const double no_float = NAN;
    bool trials = g->stride == sizeof(ambs_trial_row);
    for (const ambs_column *c = g->columns; c->name; c++)
        for (size_t i = 0; i < n; i++) {
            char *at = base + i * g->stride + c->offset;
            const char *text = "";
            if (c->kind == AMBS_COLUMN_F64) memcpy(at, &no_float, sizeof no_float);
            if (c->kind != AMBS_COLUMN_TEXT) continue;
            if (!trials && !(text = ambs_strdup("", err))) return AMBS_E_NOMEM;
            memcpy(at, &text, sizeof text);
        }
    return AMBS_OK;
}

/* The rows of the first column that can be opened. */
static size_t count_rows(hid_t group, const ambs_column_group *g)
{
    hsize_t n = 0;
    for (const ambs_column *c = g->columns; c->name; c++) {
        hid_t set = open_dataset(group, c->name, &n);
        if (set < 0) continue;
        H5Dclose(set);
        return n < SIZE_MAX / 1024 ? (size_t)n : 0;
    }
    return 0;
}

/* Makes the array of a group; `proposals` fills the rows of `trials`. */
static int read_group(reader *r, const ambs_column_group *g, bool fresh)
{
    char *table = (char *)r->table, *base;
    size_t n;
    hid_t group =
        H5Lexists(r->file, g->name, H5P_DEFAULT) > 0 ? H5Gopen2(r->file, g->name, H5P_DEFAULT) : -1;
    int rc = group >= 0 || g->repeats ? AMBS_OK : fault(r, "", g->name, "is missing");
    if (fresh && rc == AMBS_OK) {
        n = count_rows(group, g);
        base = ambs_calloc(n, g->stride, r->err);
        if (base) { /* the table owns it from here */
            memcpy(table + g->rows, &base, sizeof base);
            memcpy(table + g->n, &n, sizeof n);
        }
        rc = base ? set_missing(g, base, n, r->err) : AMBS_E_NOMEM;
    }
    memcpy(&base, table + g->rows, sizeof base);
    memcpy(&n, table + g->n, sizeof n);
    for (const ambs_column *c = g->columns; c->name && rc == AMBS_OK && group >= 0; c++) {
        field f = {.r = r,
                   .column = c,
                   .base = base,
                   .stride = g->stride,
                   .empty_is_literal = g->stride == sizeof(ambs_trial_row)};
        if (c->kind != AMBS_COLUMN_REASON) rc = read_column(&f, group, g->name, n);
    }
    for (const ambs_column *c = g->columns; c->name && rc == AMBS_OK && group >= 0;
         c++) { /* these need their code */
        field f = {.r = r, .column = c, .base = base, .stride = g->stride};
        if (c->kind == AMBS_COLUMN_REASON) rc = read_column(&f, group, g->name, n);
    }
    if (group >= 0) H5Gclose(group);
    return rc;
}

/* ---- parameters ---- */

typedef struct parameter_column {
    reader *r;
    const ambs_parameter *parameter;
    ambs_store_values values;
    size_t i, text_size;
    char *text;
} parameter_column;

static double level_by_number(const ambs_parameter *p, double number)
{
    for (size_t k = 0; k < p->n_levels; k++)
        if (p->levels[k].number == number) return (double)k;
    return NAN;
}

static int take_parameter(void *ctx, size_t row, const char *element)
{
    const parameter_column *c = ctx;
    const ambs_parameter *p = c->parameter;
    double v = NAN;
    int64_t whole;
    switch (c->values) {
    case AMBS_STORE_FLOAT:
        memcpy(&v, element, sizeof v);
        break;
    case AMBS_STORE_INT:
        memcpy(&whole, element, sizeof whole);
        if (whole != AMBS_STORE_NO_INT) v = (double)whole;
        break;
    case AMBS_STORE_FLAG:
        if (element[0] >= 0) v = element[0];
        break;
    case AMBS_STORE_STRING:
        memcpy(c->text, element, c->text_size);
        for (size_t k = 0; k < p->n_levels; k++)
            if (strcmp(p->levels[k].text, c->text) == 0) v = (double)k;
        break;
    }
    if (p->n_levels > 0 && c->values != AMBS_STORE_STRING && !isnan(v)) v = level_by_number(p, v);
    c->r->table->x[row * c->r->table->d + c->i] = v;
    return AMBS_OK;
}

static int take_active(void *ctx, size_t row, const char *element)
{
    const parameter_column *c = ctx;
    if (!element[0]) c->r->table->x[row * c->r->table->d + c->i] = NAN;
    return AMBS_OK;
}

static int read_values(reader *r, hid_t group, const char *name, parameter_column *c)
{
    size_t n = r->table->n;
    if (c->values == AMBS_STORE_FLOAT)
        return read_dataset(r, group, "trials/parameters", name, H5T_NATIVE_DOUBLE, 8, n,
                            take_parameter, c);
    if (c->values == AMBS_STORE_INT)
        return read_dataset(r, group, "trials/parameters", name, H5T_NATIVE_INT64, 8, n,
                            take_parameter, c);
    if (c->values == AMBS_STORE_FLAG)
        return read_dataset(r, group, "trials/parameters", name, H5T_NATIVE_INT8, 1, n,
                            take_parameter, c);
    c->text_size = string_size(group, name);
    if (c->text_size == 0)
        return fault(r, "trials/parameters", name, "is missing or holds no strings");
    hid_t type = ambs_hdf5_string(c->text_size);
    c->text = ambs_calloc(c->text_size + 1, 1, r->err);
    int rc = c->text ? read_dataset(r, group, "trials/parameters", name, type, c->text_size, n,
                                    take_parameter, c)
                     : AMBS_E_NOMEM;
    free(c->text);
    H5Tclose(type);
    return rc;
}

static hid_t open_path(const reader *r, const char *parent, const char *path)
{
    if (H5Lexists(r->file, parent, H5P_DEFAULT) <= 0 || H5Lexists(r->file, path, H5P_DEFAULT) <= 0)
        return -1;
    return H5Gopen2(r->file, path, H5P_DEFAULT);
}

static int read_parameters(reader *r)
{
    ambs_table *t = r->table;
    t->x = ambs_calloc(t->n, t->d * sizeof *t->x, r->err);
    if (!t->x) return AMBS_E_NOMEM;
    for (size_t i = 0; i < t->n * t->d; i++) t->x[i] = NAN;
    hid_t values = open_path(r, "trials", "trials/parameters"),
          active = open_path(r, "trials", "trials/active");
    hid_t truth = ambs_hdf5_bool();
    int rc = AMBS_OK;
    for (size_t i = 0; i < t->d && rc == AMBS_OK; i++) {
        const ambs_parameter *p = ambs_space_parameter(r->space, i);
        parameter_column c = {.r = r, .parameter = p, .values = ambs_store_values_of(p), .i = i};
        char *name = ambs_calloc(3, strlen(p->name) + 1, r->err);
        if (!name) rc = AMBS_E_NOMEM;
        if (rc == AMBS_OK) rc = read_values(r, values, ambs_store_escape(p->name, name), &c);
        if (rc == AMBS_OK && ambs_space_is_conditional(r->space, i))
            rc = read_dataset(r, active, "trials/active", name, truth, 1, t->n, take_active, &c);
        free(name);
    }
    H5Tclose(truth);
    if (values >= 0) H5Gclose(values);
    if (active >= 0) H5Gclose(active);
    return rc;
}

/* ---- metrics ---- */

typedef struct metric_columns {
    reader *r;
    int rc; /* of add_metric(): HDF5's own -1 is AMBS_E_NOMEM too */
    size_t n;
    char (*names)[AMBS_METRIC_NAME_SIZE];
    double **values; /* [n][trials] */
} metric_columns;

static int take_metric(void *ctx, size_t row, const char *element)
{
    memcpy((double *)ctx + row, element, sizeof(double));
    return AMBS_OK;
}

static int read_metric(metric_columns *m, hid_t group, const char *name)
{
    reader *r = m->r;
    char plain[3 * AMBS_METRIC_NAME_SIZE];
    if (strlen(name) >= sizeof plain) return 0;
    ambs_store_unescape(name, plain);
    if (strlen(plain) >= sizeof *m->names)
        return fault(r, "trials/metrics", name, "has too long a name");
    if (ambs_resize(&m->names, m->n + 1, sizeof *m->names, r->err) != AMBS_OK ||
        ambs_resize(&m->values, m->n + 1, sizeof *m->values, r->err) != AMBS_OK)
        return AMBS_E_NOMEM;
    double *values = ambs_calloc(r->table->n, sizeof *values, r->err);
    if (!values) return AMBS_E_NOMEM;
    for (size_t i = 0; i < r->table->n; i++) values[i] = NAN;
    memcpy(m->names[m->n], plain, strlen(plain) + 1);
    m->values[m->n++] = values;
    return read_dataset(r, group, "trials/metrics", name, H5T_NATIVE_DOUBLE, 8, r->table->n,
                        take_metric, values);
}

static herr_t add_metric(hid_t group, const char *name, const H5L_info_t *info, void *ctx)
{
    (void)info;
    metric_columns *m = ctx;
    m->rc = read_metric(m, group, name);
    return m->rc == AMBS_OK ? 0 : 1; /* 1 ends the walk */
}

static int place_metrics(const metric_columns *m)
{
    ambs_table *t = m->r->table;
    for (size_t i = 0; i < t->n; i++) {
        t->rows[i].metrics = t->n_metrics;
        for (size_t k = 0; k < m->n; k++) {
            if (isnan(m->values[k][i])) continue;
            int rc = ambs_reserve(&t->metrics, &t->metrics_capacity, t->n_metrics + 1,
                                  sizeof *t->metrics, m->r->err);
            if (rc != AMBS_OK) return rc;
            ambs_metric *metric = &t->metrics[t->n_metrics++];
            memcpy(metric->name, m->names[k], sizeof metric->name);
            metric->value = m->values[k][i];
        }
        t->rows[i].n_metrics = t->n_metrics - t->rows[i].metrics;
    }
    return AMBS_OK;
}

static int read_metrics(reader *r)
{
    metric_columns m = {.r = r};
    hid_t group = open_path(r, "trials", "trials/metrics");
    if (group < 0) return fault(r, "trials", "metrics", "is missing");
    hsize_t at = 0;
    bool damaged = H5Literate(group, H5_INDEX_CRT_ORDER, H5_ITER_INC, &at, add_metric, &m) < 0;
    int rc = damaged ? fault(r, "trials", "metrics", "is damaged") : m.rc;
    if (rc == AMBS_OK) rc = place_metrics(&m);
    for (size_t k = 0; k < m.n; k++) free(m.values[k]);
    free(m.values);
    free(m.names);
    H5Gclose(group);
    return rc;
}

/* ---- model inputs, from the operation log ---- */

typedef struct log_columns {
    reader *r;
    uint8_t *inputs; /* per operation: a record type, 0 for what is no input */
    uint64_t *trials;
} log_columns;

static int take_operation(void *ctx, size_t row, const char *element)
{
    log_columns *l = ctx;
    if (strncmp(element, "tell", 6) == 0) l->inputs[row] = AMBS_RECORD_RESULT;
    if (strncmp(element, "cancel", 6) == 0) l->inputs[row] = AMBS_RECORD_CANCEL;
    return AMBS_OK;
}

static int take_operation_trial(void *ctx, size_t row, const char *element)
{
    memcpy(((log_columns *)ctx)->trials + row, element, sizeof(uint64_t));
    return AMBS_OK;
}

static int place_inputs(const log_columns *l, size_t n)
{
    ambs_table *t = l->r->table;
    for (size_t i = 0; i < n; i++) {
        if (l->inputs[i] == 0) continue;
        int rc = ambs_reserve(&t->inputs, &t->inputs_capacity, t->n_inputs + 1, sizeof *t->inputs,
                              l->r->err);
        if (rc != AMBS_OK) return rc;
        ambs_input_row *input = &t->inputs[t->n_inputs++];
        *input = (ambs_input_row){.type = (ambs_record_type)l->inputs[i], .trial = l->trials[i]};
        if (input->type == AMBS_RECORD_RESULT && input->trial < t->n &&
            t->rows[input->trial].origin == AMBS_ORIGIN_OWN)
            input->type = AMBS_RECORD_OWN;
    }
    return AMBS_OK;
}

static int read_operations(reader *r)
{
    hid_t group = H5Lexists(r->file, "operations", H5P_DEFAULT) > 0
                      ? H5Gopen2(r->file, "operations", H5P_DEFAULT)
                      : -1;
    hsize_t n = 0;
    hid_t set = group >= 0 ? open_dataset(group, "trial", &n) : -1;
    if (set >= 0) H5Dclose(set);
    int rc = set >= 0 && n < SIZE_MAX / 16 && string_size(group, "operation") == 6
                 ? AMBS_OK
                 : fault(r, "operations", "operation", "is missing or damaged");
    bool readable = rc == AMBS_OK && set >= 0 && string_size(group, "operation") == 6;
    log_columns l = {.r = r};
    if (readable) {
        l.inputs = ambs_calloc(n, sizeof *l.inputs, r->err);
        l.trials = ambs_calloc(n, sizeof *l.trials, r->err);
        hid_t type = ambs_hdf5_string(6);
        rc = l.inputs && l.trials
                 ? read_dataset(r, group, "operations", "operation", type, 6, n, take_operation, &l)
                 : AMBS_E_NOMEM;
        if (rc == AMBS_OK)
            rc = read_dataset(r, group, "operations", "trial", H5T_NATIVE_INT64, 8, n,
                              take_operation_trial, &l);
        if (rc == AMBS_OK) rc = place_inputs(&l, n);
        H5Tclose(type);
    }
    free(l.inputs);
    free(l.trials);
    if (group >= 0) H5Gclose(group);
    return rc;
}

/* ---- the file ---- */

static int read_root(reader *r)
{
    ambs_table *t = r->table;
    uint64_t format = 0;
    char *uuid;
    int rc = read_number(r, "format_version", &format);
    if (rc == AMBS_OK && format > AMBS_STORE_FORMAT)
        rc = ambs_fail(
            r->err, AMBS_E_MISMATCH,
            "%s is of format %llu, this version of ambs reads up to %d; use the newer ambs",
            r->path, (unsigned long long)format, AMBS_STORE_FORMAT);
    if (rc == AMBS_OK) rc = read_number(r, "sequence", &t->sequence);
    if (rc == AMBS_OK) rc = read_number(r, "digest", &t->digest);
    if (rc == AMBS_OK) rc = read_text(r, "spec_file", &t->spec_file);
    if (rc == AMBS_OK) rc = read_text(r, "spec", &t->spec_text);
    if (rc != AMBS_OK || (rc = read_text(r, "uuid", &uuid)) != AMBS_OK) return rc;
    if (!ambs_store_uuid_parse(uuid, t->uuid))
        rc = ambs_fail(r->err, AMBS_E_FORMAT, "%s: the uuid \"%.40s\" is none", r->path, uuid);
    free(uuid);
    return rc;
}

static int read_groups(reader *r)
{
    int rc = AMBS_OK;
    const ambs_column_group *trials = &ambs_column_groups[0];
    for (const ambs_column_group *g = trials; g->name && rc == AMBS_OK; g++)
        rc = read_group(r, g, g == trials || g->rows != trials->rows);
    ambs_table *t = r->table;
    t->attempts_capacity = t->n_attempts;
    t->repeats_capacity = t->n_repeats;
    t->curve_capacity = t->n_curve;
    t->events_capacity = t->n_events;
    t->lives_capacity = t->n_lives;
    t->workers_capacity = t->n_workers;
    t->slots_capacity = t->n_slots;
    t->outputs_capacity = t->n_outputs;
    t->capacity = t->n;
    if (rc == AMBS_OK) rc = read_parameters(r);
    if (rc == AMBS_OK) rc = read_metrics(r);
    if (rc == AMBS_OK) rc = read_operations(r);
    return rc;
}

static int open_file(reader *r)
{
    int rc = ambs_store_check_kind(r->path, r->err);
    if (rc != AMBS_OK) return rc;
    rc = ambs_store_check_seal(r->path, r->err);
    if (rc != AMBS_OK && (rc != AMBS_E_FORMAT || !r->lost)) return rc;
    if (rc != AMBS_OK) ambs_text_addf(r->lost, "the checksum of %s is wrong\n", r->path);
    hid_t properties = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_fclose_degree(properties, H5F_CLOSE_STRONG);
    H5Pset_file_locking(properties, 0, 1); /* the file never changes, so a reader needs no lock */
    r->file = H5Fopen(r->path, H5F_ACC_RDONLY, properties);
    H5Pclose(properties);
    if (r->file >= 0) return AMBS_OK;
    return ambs_fail(r->err, AMBS_E_FORMAT, "%s is damaged or cut short, HDF5 cannot open it; %s",
                     r->path, ambs_store_remedy(r->path));
}

int ambs_store_read_what_is_left(const char *path, ambs_text *lost, ambs_table **ret_table,
                                 ambs_spec **ret_spec, ambs_error *err)
{
    ambs_hdf5_quiet quiet = ambs_hdf5_begin();
    reader r = {.path = path, .file = -1, .lost = lost, .err = err};
    ambs_spec *spec = NULL;
    int rc = ambs_table_create(&r.table, err);
    if (rc == AMBS_OK) rc = open_file(&r);
    if (rc == AMBS_OK) rc = read_root(&r);
    if (rc == AMBS_OK &&
        (rc = ambs_spec_parse_recorded(r.table->spec_text, strlen(r.table->spec_text),
                                       r.table->spec_file, &spec, err)) != AMBS_OK)
        ambs_wrap(err, rc, "%s: the study recorded in it", path);
    if (rc == AMBS_OK) {
        r.space = spec->space;
        r.table->d = ambs_space_dimension(spec->space);
        rc = read_groups(&r);
    }
    if (rc == AMBS_OK && (rc = ambs_table_relink(r.table, lost != NULL, err)) != AMBS_OK)
        ambs_wrap(err, rc, "%s", path);
    if (r.file >= 0) H5Fclose(r.file);
    free(r.block);
    ambs_hdf5_end(quiet);
    if (rc != AMBS_OK) {
        ambs_table_destroy(r.table);
        ambs_spec_destroy(spec);
        return rc;
    }
    *ret_table = r.table;
    *ret_spec = spec;
    return AMBS_OK;
}

int ambs_store_read(const char *path, ambs_table **ret_table, ambs_spec **ret_spec, ambs_error *err)
{
    return ambs_store_read_what_is_left(path, NULL, ret_table, ret_spec, err);
}
