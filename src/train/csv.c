/* SPDX-License-Identifier: MIT */
/* A data set from a CSV file. A column is numbers where more than half of its values are; then one
 * that is not is an error (a slip of the pen, most likely), and else the column is a category,
 * one-hot in x. A value is missing where it is empty or one of the words below. */
#include "train/csv.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "train/reader.h"

enum { MAX_LEVELS = 1000 };

typedef struct column {
    const char **levels; /* [n_levels] sorted, borrowed from the cells; NULL: numbers */
    size_t n_levels;
} column;

typedef struct reader {
    const char *name;
    ambs_csv_table table;
    column *columns; /* [table.n_columns] */
    size_t target;
} reader;

static bool is_missing(const char *text)
{
    static const char *const words[] = {"", "?", "NA", "N/A", "NaN", "nan", "null", "NULL", NULL};
    for (size_t i = 0; words[i]; i++)
        if (strcmp(text, words[i]) == 0) return true;
    return false;
}

/* A number that single precision can hold. */
static bool is_number(const char *text, double *ret_value)
{
    return ambs_parse_double(text, ret_value) && fabs(*ret_value) <= FLT_MAX;
}

static const ambs_csv_cell *cell(const reader *r, size_t row, size_t j)
{
    return &r->table.cells[(row + 1) * r->table.n_columns + j];
}

/* "file:line:column: column "age": …" in front of what was found. */
static int refuse(const reader *r, const ambs_csv_cell *c, size_t j, const char *expected,
                  ambs_error *err)
{
    return ambs_fail(err, AMBS_E_INVALID,
                     "%s:%u:%u: column \"%.60s\": found \"%.60s\", expected %s", r->name, c->line,
                     c->column, r->table.cells[j].text, c->text, expected);
}

static int find_target(reader *r, const char *target, ambs_error *err)
{
    const size_t n = r->table.n_columns;
    r->target = n - 1;
    if (!target) return AMBS_OK;
    for (size_t j = 0; j < n; j++) {
        if (strcmp(r->table.cells[j].text, target) != 0) continue;
        r->target = j;
        return AMBS_OK;
    }
    const char **names = ambs_calloc(n + 1, sizeof *names, err);
    if (!names) return AMBS_E_NOMEM;
    for (size_t j = 0; j < n; j++) names[j] = r->table.cells[j].text;
    const char *near = ambs_nearest_name(target, names);
    int rc = ambs_fail(
        err, AMBS_E_NOT_FOUND,
        "%s:1: target: found no column \"%.60s\" among the %zu, expected a name of the "
        "header%s%.60s%s",
        r->name, target, n, near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
    free(names);
    return rc;
}

/* --- columns -------------------------------------------------------------------------------- */

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int find_levels(reader *r, size_t j, ambs_error *err)
{
    const size_t n = r->table.n_rows;
    const char **texts = ambs_calloc(n, sizeof *texts, err);
    if (!texts) return AMBS_E_NOMEM;
    size_t n_texts = 0, n_levels = 0;
    for (size_t i = 0; i < n; i++)
        if (!is_missing(cell(r, i, j)->text)) texts[n_texts++] = cell(r, i, j)->text;
    qsort(texts, n_texts, sizeof *texts, compare_texts);
    for (size_t i = 0; i < n_texts; i++)
        if (i == 0 || strcmp(texts[i], texts[n_levels - 1]) != 0) texts[n_levels++] = texts[i];
    if (n_levels > MAX_LEVELS) {
        free(texts);
        return ambs_fail(err, AMBS_E_INVALID,
                         "%s: column \"%.60s\": found %zu different words, expected at most %d for "
                         "a category; leave the column out if it is a name or a number of the row",
                         r->name, r->table.cells[j].text, n_levels, MAX_LEVELS);
    }
    r->columns[j] = (column){texts, n_levels};
    return AMBS_OK;
}

/* Decides what column j is and checks each value of it. */
static int inspect_column(reader *r, size_t j, const ambs_dataset_options *options, ambs_error *err)
{
    const bool is_target = j == r->target;
    size_t n_numbers = 0, n_values = 0;
    const ambs_csv_cell *word = NULL; /* the first that is no number */
    for (size_t i = 0; i < r->table.n_rows; i++) {
        const ambs_csv_cell *c = cell(r, i, j);
        double number;
        if (is_missing(c->text)) {
            if (is_target) return refuse(r, c, j, "a value: the target cannot be missing", err);
            if (!options->impute)
                return refuse(r, c, j, "a value; with `missing: impute` a missing one is allowed",
                              err);
            continue;
        }
        n_values++;
        if (is_number(c->text, &number))
            n_numbers++;
        else if (!word)
            word = c;
    }
    if (n_values == 0)
        return ambs_fail(err, AMBS_E_INVALID,
                         "%s: column \"%.60s\" has no value at all; leave it out", r->name,
                         r->table.cells[j].text);
    if (word && 2 * n_numbers > n_values)
        return refuse(r, word, j, "a number within single precision, as most of the column", err);
    if (word && is_target && options->kind == AMBS_TARGET_NUMBERS)
        return refuse(r, word, j, "a number, as `task: regression` says", err);
    return word ? find_levels(r, j, err) : AMBS_OK;
}

static size_t level_of(const column *c, const char *text)
{
    const char *const *at =
        bsearch(&text, c->levels, c->n_levels, sizeof *c->levels, compare_texts);
    return (size_t)(at - (const char *const *)c->levels);
}

/* Writes column j into x from column `to` on; returns how many columns it took. */
static size_t fill_column(const reader *r, size_t j, size_t to, ambs_dataset *data)
{
    const column *c = &r->columns[j];
    for (size_t i = 0; i < data->n; i++) {
        const char *text = cell(r, i, j)->text;
        float *x = data->x + i * data->d + to;
        double number = NAN;
        if (c->levels && !is_missing(text))
            x[level_of(c, text)] = 1;
        else if (!c->levels) {
            if (!is_missing(text)) ambs_parse_double(text, &number);
            x[0] = (float)number;
        }
    }
    return c->levels ? c->n_levels : 1;
}

/* --- the target ----------------------------------------------------------------------------- */

static int set_word_classes(const reader *r, ambs_dataset *data, ambs_error *err)
{
    const column *c = &r->columns[r->target];
    if (c->n_levels < 2)
        return ambs_fail(err, AMBS_E_INVALID,
                         "%s: the target has 1 value only, expected 2 to %d classes", r->name,
                         MAX_LEVELS);
    data->labels = ambs_calloc(data->n, sizeof *data->labels, err);
    data->class_names = ambs_calloc(c->n_levels, sizeof *data->class_names, err);
    if (!data->labels || !data->class_names) return AMBS_E_NOMEM;
    data->n_classes = c->n_levels;
    for (size_t k = 0; k < c->n_levels; k++)
        if (!(data->class_names[k] = ambs_strdup(c->levels[k], err))) return AMBS_E_NOMEM;
    for (size_t i = 0; i < data->n; i++)
        data->labels[i] = (int)level_of(c, cell(r, i, r->target)->text);
    return AMBS_OK;
}

static int set_target(const reader *r, ambs_target_kind kind, ambs_dataset *data, ambs_error *err)
{
    if (r->columns[r->target].levels) return set_word_classes(r, data, err);
    double *values = ambs_calloc(data->n, sizeof *values, err);
    if (!values) return AMBS_E_NOMEM;
    for (size_t i = 0; i < data->n; i++) ambs_parse_double(cell(r, i, r->target)->text, &values[i]);
    int rc = ambs_dataset_set_target(r->name, data, values, kind, err);
    free(values);
    return rc;
}

static int build(reader *r, const ambs_dataset_options *options, ambs_dataset **ret_data,
                 ambs_error *err)
{
    size_t d = 0, to = 0;
    for (size_t j = 0; j < r->table.n_columns; j++) {
        int rc = inspect_column(r, j, options, err);
        if (rc != AMBS_OK) return rc;
        if (j != r->target) d += r->columns[j].levels ? r->columns[j].n_levels : 1;
    }
    if (d == 0)
        return ambs_fail(err, AMBS_E_INVALID,
                         "%s: found the target column only, expected others beside it", r->name);
    ambs_dataset *data;
    int rc = ambs_dataset_create(r->name, r->table.n_rows, d, &data, err);
    if (rc != AMBS_OK) return rc;
    for (size_t j = 0; j < r->table.n_columns; j++)
        if (j != r->target) to += fill_column(r, j, to, data);
    rc = set_target(r, options->kind, data, err);
    if (rc != AMBS_OK) {
        ambs_dataset_destroy(data);
        return rc;
    }
    *ret_data = data;
    return AMBS_OK;
}

int ambs_csv_parse(const char *name, const char *bytes, size_t size,
                   const ambs_dataset_options *options, ambs_dataset **ret_data, ambs_error *err)
{
    reader r = {.name = name};
    int rc = ambs_csv_table_parse(name, bytes, size, &r.table, err);
    if (rc != AMBS_OK) return rc;
    r.columns = ambs_calloc(r.table.n_columns, sizeof *r.columns, err);
    rc = r.columns ? find_target(&r, options->target, err) : AMBS_E_NOMEM;
    if (rc == AMBS_OK) rc = build(&r, options, ret_data, err);
    if (r.columns)
        for (size_t j = 0; j < r.table.n_columns; j++) free((void *)r.columns[j].levels);
    free(r.columns);
    ambs_csv_table_fini(&r.table);
    return rc;
}
