/* SPDX-License-Identifier: MIT */
/* Data sets by name: where a name is looked up, and which reader takes it. */
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "config.h"
#include "train/reader.h"

enum { MAX_AUTO_CLASSES = 20, MAX_CLASSES = 10000 };

void ambs_dataset_destroy(ambs_dataset *data)
{
    if (!data) return;
    if (data->class_names)
        for (size_t k = 0; k < data->n_classes; k++) free(data->class_names[k]);
    free(data->class_names);
    free(data->x);
    free(data->labels);
    free(data->targets);
    free(data);
}

int ambs_dataset_create(const char *name, size_t n, size_t d, ambs_dataset **ret_data,
                        ambs_error *err)
{
    if (d > 0 && n > ((size_t)1 << 40) / d)
        return ambs_fail(err, AMBS_E_INVALID, "%s: %zu rows of %zu columns are too many", name, n,
                         d);
    ambs_dataset *data = ambs_calloc(1, sizeof *data, err);
    if (!data) return AMBS_E_NOMEM;
    data->n = n;
    data->d = d;
    data->x = ambs_calloc(n, d * sizeof *data->x, err);
    if (!data->x) {
        ambs_dataset_destroy(data);
        return AMBS_E_NOMEM;
    }
    *ret_data = data;
    return AMBS_OK;
}

/* --- targets -------------------------------------------------------------------------------- */

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The distinct values of `values` [n] in ascending order, in place; returns their number. */
static size_t keep_distinct(double *values, size_t n)
{
    qsort(values, n, sizeof *values, compare_doubles);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        if (kept == 0 || values[i] != values[kept - 1]) values[kept++] = values[i];
    return kept;
}

static bool all_whole(const double *values, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (values[i] != floor(values[i])) return false;
    return true;
}

static int set_classes(const char *name, ambs_dataset *data, const double *values,
                       const double *levels, size_t n_levels, ambs_error *err)
{
    if (n_levels < 2 || n_levels > MAX_CLASSES)
        return ambs_fail(err, AMBS_E_INVALID, "%s: the target has %zu %s, expected 2 to %d classes",
                         name, n_levels, n_levels == 1 ? "value only" : "values", MAX_CLASSES);
    data->labels = ambs_calloc(data->n, sizeof *data->labels, err);
    data->class_names = ambs_calloc(n_levels, sizeof *data->class_names, err);
    if (!data->labels || !data->class_names) return AMBS_E_NOMEM;
    data->n_classes = n_levels;
    for (size_t k = 0; k < n_levels; k++) {
        char number[32];
        data->class_names[k] = ambs_strdup(ambs_format_double(levels[k], number), err);
        if (!data->class_names[k]) return AMBS_E_NOMEM;
    }
    for (size_t i = 0; i < data->n; i++) {
        const double *at = bsearch(&values[i], levels, n_levels, sizeof *levels, compare_doubles);
        data->labels[i] = (int)(at - levels);
    }
    return AMBS_OK;
}

static int set_numbers(ambs_dataset *data, const double *values, ambs_error *err)
{
    data->targets = ambs_calloc(data->n, sizeof *data->targets, err);
    if (!data->targets) return AMBS_E_NOMEM;
    for (size_t i = 0; i < data->n; i++) data->targets[i] = (float)values[i];
    return AMBS_OK;
}

int ambs_dataset_set_target(const char *name, ambs_dataset *data, const double *values,
                            ambs_target_kind kind, ambs_error *err)
{
    for (size_t i = 0; i < data->n; i++)
        if (!isfinite(values[i]))
            return ambs_fail(err, AMBS_E_INVALID,
                             "%s: target of row %zu (counted from 0): found %s, expected a finite "
                             "number",
                             name, i, isnan(values[i]) ? "nan" : "inf");
    if (kind == AMBS_TARGET_NUMBERS) return set_numbers(data, values, err);
    double *levels = ambs_memdup(values, data->n, sizeof *levels, err);
    if (!levels) return AMBS_E_NOMEM;
    const size_t n_levels = keep_distinct(levels, data->n);
    const bool classes = kind == AMBS_TARGET_CLASSES ||
                         (n_levels <= MAX_AUTO_CLASSES && all_whole(levels, n_levels));
    int rc = classes ? set_classes(name, data, values, levels, n_levels, err)
                     : set_numbers(data, values, err);
    free(levels);
    return rc;
}

/* --- names ---------------------------------------------------------------------------------- */

/* folder/data/name.ending, where it exists. */
static bool shared_path(const char *folder, const char *name, const char *ending, ambs_text *path)
{
    ambs_text_clear(path);
    ambs_text_addf(path, "%s/data/%s%s", folder, name, ending);
    return !path->failed && access(path->text, R_OK) == 0;
}

static int locate_shared(const char *name, char **ret_path, ambs_error *err)
{
    static const char *const endings[] = {".h5", ".csv", ""};
    const char *folders[] = {getenv("AMBS_SHARE"), AMBS_DATADIR, AMBS_SOURCE_SHAREDIR};
    ambs_text path = {0};
    for (size_t i = 0; i < 9 && !path.failed; i++)
        if (folders[i / 3] && shared_path(folders[i / 3], name, endings[i % 3], &path)) {
            *ret_path = path.text;
            return AMBS_OK;
        }
    int rc = ambs_text_check(&path, err);
    ambs_text_fini(&path);
    if (rc != AMBS_OK) return rc;
    return ambs_fail(err, AMBS_E_NOT_FOUND,
                     "share:%.100s: no such data set (looked for data/%.100s.h5 and .csv in %s%s%s "
                     "and %s)",
                     name, name, folders[0] ? folders[0] : "", folders[0] ? ", " : "", AMBS_DATADIR,
                     AMBS_SOURCE_SHAREDIR);
}

static int locate_file(const char *name, char **ret_path, ambs_error *err)
{
    static const char debian[] = "/usr/share/datasets/fashion-mnist/";
    struct stat facts;
    if (stat(name, &facts) != 0 || access(name, R_OK) != 0)
        return ambs_fail(err, errno == ENOENT ? AMBS_E_NOT_FOUND : AMBS_E_IO, "%.300s: %s%s", name,
                         strerror(errno),
                         strncmp(name, debian, strlen(debian)) == 0
                             ? " (Debian: apt-get install dataset-fashion-mnist)"
                             : "");
    if (S_ISDIR(facts.st_mode))
        return ambs_fail(err, AMBS_E_INVALID, "%.300s: found a folder, expected a file", name);
    *ret_path = ambs_strdup(name, err);
    return *ret_path ? AMBS_OK : AMBS_E_NOMEM;
}

int ambs_dataset_locate(const char *name, char **ret_path, ambs_error *err)
{
    if (strncmp(name, "share:", 6) != 0) return locate_file(name, ret_path, err);
    const char *shared = name + 6;
    if (*shared == '\0' || strchr(shared, '/') || strstr(shared, ".."))
        return ambs_fail(err, AMBS_E_INVALID,
                         "%.100s: expected the name of a data set after share:, such as "
                         "share:digits",
                         name);
    return locate_shared(shared, ret_path, err);
}

static bool ends_with(const char *text, const char *ending)
{
    const size_t n = strlen(text), m = strlen(ending);
    return n >= m && strcmp(text + n - m, ending) == 0;
}

static int read_csv(const char *path, const ambs_dataset_options *options, ambs_dataset **ret_data,
                    ambs_error *err)
{
    char *bytes;
    size_t size;
    int rc = ambs_file_load(path, &bytes, &size, err);
    if (rc != AMBS_OK) return rc;
    rc = ambs_csv_parse(path, bytes, size, options, ret_data, err);
    free(bytes);
    return rc;
}

static int read_path(const char *path, const ambs_dataset_options *options, ambs_dataset **ret_data,
                     ambs_error *err)
{
    const bool is_csv = ends_with(path, ".csv") || ends_with(path, ".csv.gz") ||
                        ends_with(path, ".tsv") || ends_with(path, ".tsv.gz");
    if (is_csv) return read_csv(path, options, ret_data, err);
    if (options->target)
        return ambs_fail(err, AMBS_E_INVALID,
                         "target: found \"%.60s\", but only a CSV has named columns and %s is none",
                         options->target, path);
    if (ends_with(path, ".h5") || ends_with(path, ".hdf5"))
        return ambs_hdf5_read(path, options, ret_data, err);
    if (strstr(path, "idx")) {
        if (options->kind == AMBS_TARGET_NUMBERS)
            return ambs_fail(err, AMBS_E_INVALID,
                             "task: found regression, but the labels of an IDX file are classes");
        return ambs_idx_read(path, ret_data, err);
    }
    return ambs_fail(err, AMBS_E_INVALID,
                     "%s: unknown kind of file, expected a name that ends with .csv, .tsv, .h5 or "
                     ".hdf5, or that contains idx (-idx3-ubyte), .gz after it allowed but for HDF5",
                     path);
}

int ambs_dataset_read(const char *name, const ambs_dataset_options *options,
                      ambs_dataset **ret_data, ambs_error *err)
{
    static const ambs_dataset_options defaults = {0};
    char *path;
    int rc = ambs_dataset_locate(name, &path, err);
    if (rc != AMBS_OK) return rc;
    rc = read_path(path, options ? options : &defaults, ret_data, err);
    free(path);
    return rc;
}
