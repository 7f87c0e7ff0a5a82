/* SPDX-License-Identifier: MIT */
/* HDF5 files of data: "x" [n, …] (further dimensions are laid out in a row) and "y" [n], and for a
 * given test part "x_test" and "y_test". Any number type that HDF5 can convert. */
#include <hdf5.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "train/reader.h"

typedef struct table {
    hid_t id;
    hsize_t n, width; /* rows, numbers in a row */
} table;

static bool exists(hid_t file, const char *name)
{
    return H5Lexists(file, name, H5P_DEFAULT) > 0;
}

/* Opens a dataset of numbers with one dimension or more. */
static int open_table(const char *path, hid_t file, const char *name, table *ret_table,
                      ambs_error *err)
{
    hsize_t size[H5S_MAX_RANK];
    hid_t id = H5Dopen2(file, name, H5P_DEFAULT);
    if (id < 0)
        return ambs_fail(
            err, AMBS_E_FORMAT,
            "%s: found no dataset \"%s\", expected datasets \"x\" [n, d] and \"y\" [n]", path,
            name);
    hid_t space = H5Dget_space(id), type = H5Dget_type(id);
    const H5T_class_t class = H5Tget_class(type);
    const int rank = H5Sget_simple_extent_dims(space, size, NULL);
    H5Sclose(space);
    H5Tclose(type);
    int rc = AMBS_OK;
    if (class != H5T_INTEGER && class != H5T_FLOAT)
        rc = ambs_fail(err, AMBS_E_FORMAT, "%s: dataset \"%s\" does not hold numbers", path, name);
    else if (rank < 1 || size[0] == 0)
        rc = ambs_fail(err, AMBS_E_FORMAT, "%s: dataset \"%s\" is empty", path, name);
    if (rc != AMBS_OK) {
        H5Dclose(id);
        return rc;
    }
    *ret_table = (table){id, size[0], 1};
    for (int i = 1; i < rank; i++) {
        if (size[i] == 0 || ret_table->width > ((hsize_t)1 << 40) / size[i]) {
            H5Dclose(id);
            return ambs_fail(err, AMBS_E_FORMAT, "%s: dataset \"%s\" has rows of no usable size",
                             path, name);
        }
        ret_table->width *= size[i];
    }
    return AMBS_OK;
}

/* x and y of one part, checked against each other. */
static int open_part(const char *path, hid_t file, const char *x_name, const char *y_name,
                     table *ret_x, table *ret_y, ambs_error *err)
{
    int rc = open_table(path, file, x_name, ret_x, err);
    if (rc != AMBS_OK) return rc;
    rc = open_table(path, file, y_name, ret_y, err);
    if (rc != AMBS_OK) {
        H5Dclose(ret_x->id);
        return rc;
    }
    if (ret_y->width == 1 && ret_y->n == ret_x->n) return AMBS_OK;
    H5Dclose(ret_x->id);
    H5Dclose(ret_y->id);
    return ambs_fail(err, AMBS_E_FORMAT,
                     "%s: dataset \"%s\" has %llu rows and \"%s\" %llu rows of %llu, expected one "
                     "number in \"%s\" for each row of \"%s\"",
                     path, x_name, (unsigned long long)ret_x->n, y_name,
                     (unsigned long long)ret_y->n, (unsigned long long)ret_y->width, y_name,
                     x_name);
}

static int read_part(const char *path, const table *x, const table *y, float *ret_x, double *ret_y,
                     ambs_error *err)
{
    if (H5Dread(x->id, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, ret_x) < 0 ||
        H5Dread(y->id, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, ret_y) < 0)
        return ambs_fail(err, AMBS_E_FORMAT,
                         "%s: the data cannot be read: damaged, or packed by a filter that this "
                         "HDF5 lacks",
                         path);
    return AMBS_OK;
}

static int check_values(const char *path, const ambs_dataset *data, bool impute, ambs_error *err)
{
    for (size_t i = 0; i < data->n * data->d; i++)
        if (!isfinite(data->x[i]) && !(impute && isnan(data->x[i])))
            return ambs_fail(err, AMBS_E_INVALID,
                             "%s: dataset \"x\", row %zu, column %zu: found %s, expected a finite "
                             "number (counted from 0, test rows last)",
                             path, i / data->d, i % data->d, isnan(data->x[i]) ? "nan" : "inf");
    return AMBS_OK;
}

static int read_tables(const char *path, const table *x, const table *y, size_t n_parts,
                       const ambs_dataset_options *options, ambs_dataset **ret_data,
                       ambs_error *err)
{
    const size_t n = x[0].n + (n_parts > 1 ? x[1].n : 0), d = x[0].width;
    if (n_parts > 1 && x[1].width != d)
        return ambs_fail(err, AMBS_E_FORMAT,
                         "%s: \"x_test\" has %llu columns, expected %zu as in \"x\"", path,
                         (unsigned long long)x[1].width, d);
    ambs_dataset *data;
    int rc = ambs_dataset_create(path, n, d, &data, err);
    if (rc != AMBS_OK) return rc;
    double *targets = ambs_calloc(n, sizeof *targets, err);
    rc = targets ? read_part(path, &x[0], &y[0], data->x, targets, err) : AMBS_E_NOMEM;
    if (rc == AMBS_OK && n_parts > 1)
        rc = read_part(path, &x[1], &y[1], data->x + x[0].n * d, targets + x[0].n, err);
    data->n_test = n_parts > 1 ? x[1].n : 0;
    if (rc == AMBS_OK) rc = check_values(path, data, options->impute, err);
    if (rc == AMBS_OK) rc = ambs_dataset_set_target(path, data, targets, options->kind, err);
    free(targets);
    if (rc != AMBS_OK) {
        ambs_dataset_destroy(data);
        return rc;
    }
    *ret_data = data;
    return AMBS_OK;
}

static int read_file(const char *path, const ambs_dataset_options *options, ambs_dataset **ret_data,
                     ambs_error *err)
{
    table x[2], y[2];
    size_t n_parts = 0;
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    if (file < 0) return ambs_fail(err, AMBS_E_FORMAT, "%s: is no HDF5 file, or is damaged", path);
    int rc = open_part(path, file, "x", "y", &x[0], &y[0], err);
    if (rc == AMBS_OK) n_parts = 1;
    if (rc == AMBS_OK && exists(file, "x_test")) {
        rc = open_part(path, file, "x_test", "y_test", &x[1], &y[1], err);
        if (rc == AMBS_OK) n_parts = 2;
    }
    if (rc == AMBS_OK) rc = read_tables(path, x, y, n_parts, options, ret_data, err);
    for (size_t i = 0; i < n_parts; i++) {
        H5Dclose(x[i].id);
        H5Dclose(y[i].id);
    }
    H5Fclose(file);
    return rc;
}

int ambs_hdf5_read(const char *path, const ambs_dataset_options *options, ambs_dataset **ret_data,
                   ambs_error *err)
{
    int rc;
    H5E_BEGIN_TRY /* our messages, not the library's stack on standard error */
    {
        rc = read_file(path, options, ret_data, err);
    }
    H5E_END_TRY
    return rc;
}
