/* SPDX-License-Identifier: MIT */
/* The readers of data files. Each parses a block of memory, so that a fuzzer needs no file; HDF5
 * goes through its own library. `name` is what messages call the file. */
#ifndef AMBS_TRAIN_READER_H
#define AMBS_TRAIN_READER_H

#include "train/train.h"

/* The whole file, unpacked if it is gzip (by its first bytes). *ret_bytes is followed by a NUL that
 * is not counted; caller frees. AMBS_E_NOT_FOUND, AMBS_E_IO, AMBS_E_FORMAT, AMBS_E_NOT_BUILT. */
int ambs_file_load(const char *path, char **ret_bytes, size_t *ret_size, ambs_error *err);

/* An empty data set of n rows with x allocated, to be filled. Refuses sizes beyond 2^40 numbers. */
int ambs_dataset_create(const char *name, size_t n, size_t d, ambs_dataset **ret_data,
                        ambs_error *err);
/* Makes `values` [n] the targets of `data`: classes, where `kind` says so or AUTO finds whole
 * numbers of at most 20 values, named by their numbers in ascending order; else numbers. */
int ambs_dataset_set_target(const char *name, ambs_dataset *data, const double *values,
                            ambs_target_kind kind, ambs_error *err);

int ambs_csv_parse(const char *name, const char *bytes, size_t size,
                   const ambs_dataset_options *options, ambs_dataset **ret_data, ambs_error *err);

/* An IDX array: dimensions, then values in row-major order (LeCun's format of the MNIST files). */
enum { AMBS_IDX_MAX_DIMENSIONS = 8 };
typedef struct ambs_idx {
    size_t n_dimensions, dimension[AMBS_IDX_MAX_DIMENSIONS];
    size_t n_values;
    float *values; /* owned; whole numbers above 2^24 lose digits */
} ambs_idx;
int ambs_idx_parse(const char *name, const char *bytes, size_t size, ambs_idx *ret_array,
                   ambs_error *err);
/* Images and labels, and the test part where its files exist, by the name of the images' file. */
int ambs_idx_read(const char *path, ambs_dataset **ret_data, ambs_error *err);

int ambs_hdf5_read(const char *path, const ambs_dataset_options *options, ambs_dataset **ret_data,
                   ambs_error *err);

#endif
