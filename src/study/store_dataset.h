/* SPDX-License-Identifier: MIT */
/* What the files that write STUDY.h5 share: datasets, attributes and groups of HDF5, and columns. Every
 * function returns 0, AMBS_E_IO with HDF5's own words in the writer's error, or AMBS_E_NOMEM. */
#ifndef AMBS_STUDY_STORE_DATASET_H
#define AMBS_STUDY_STORE_DATASET_H

#include "study/store_hdf5.h"

typedef struct store_writer {
    const char *path; /* of the final file, for messages */
    hid_t file;
    const ambs_table *table;
    const ambs_spec *spec;
    char *block; /* room for AMBS_STORE_BLOCK elements */
    size_t block_size;
    ambs_error *err;
} store_writer;

/* How one dataset is made: its types, the element's size in memory, and who fills the elements. */
typedef struct store_dataset {
    const char *name;
    hid_t disk, memory;
    size_t size, n;
    const void *missing; /* one element; NULL: none */
    void (*fill)(const struct store_dataset *d, size_t from, size_t n, char *block);
    const void *ctx;
    const store_writer *w;
    const char *unit, *about;
} store_dataset;

/* A column of rows that stand `stride` bytes apart. */
typedef struct store_field {
    const ambs_column *column;
    const char *base;
    size_t stride;
    const ambs_table *table;
} store_field;

int store_refuse(const store_writer *w, const char *what);
int store_put_attribute(const store_writer *w, hid_t object, const char *name, hid_t disk,
                        hid_t memory, const void *value);
/* Of variable length: the text of a study may be longer than an attribute's 64 KiB, and h5py gives
 * such ones as str. */
int store_put_text(const store_writer *w, hid_t object, const char *name, const char *value);
int store_put_number(const store_writer *w, hid_t object, const char *name, uint64_t value);
int store_put_dataset(store_writer *w, hid_t group, const store_dataset *d);
int store_put_column(store_writer *w, hid_t group, const store_field *f, size_t n);
/* Its members stand in the order they are made. Closed by store_close_group(), also where *rc says
 * that it could not be made. */
hid_t store_open_group(const store_writer *w, hid_t parent, const char *name, const char *about,
                       int *rc);
/* Returns rc, or that closing failed. */
int store_close_group(const store_writer *w, hid_t group, int rc);

/* The groups below /trials: parameters, active; metrics (store_trials.c). */
int store_put_parameters(store_writer *w, hid_t trials);
int store_put_metrics(store_writer *w, hid_t trials);
/* The number that stands for x, NaN where inactive. */
double store_number_of(const ambs_parameter *p, double x);

/* The groups that are derived from the table and the spec (store_derived.c). */
int store_put_evaluations(store_writer *w);
int store_put_operations(store_writer *w);
int store_put_front(store_writer *w);
int store_put_space(store_writer *w);

#endif
