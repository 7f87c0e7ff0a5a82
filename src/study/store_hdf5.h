/* SPDX-License-Identifier: MIT */
/* The little that the study file needs of HDF5, shared by its writer and its reader. */
#ifndef AMBS_STUDY_STORE_HDF5_H
#define AMBS_STUDY_STORE_HDF5_H

#include <hdf5.h>

#include "study/columns.h"
#include "study/spec.h"

enum { AMBS_STORE_BLOCK = 32768 };  /* rows at a time, and in a chunk */
#define AMBS_STORE_NO_INT INT64_MIN /* a missing whole number */

/* HDF5 would print its errors; the library never prints. */
typedef struct ambs_hdf5_quiet {
    H5E_auto2_t function;
    void *data;
} ambs_hdf5_quiet;
ambs_hdf5_quiet ambs_hdf5_begin(void);
void ambs_hdf5_end(ambs_hdf5_quiet before);
/* AMBS_E_* with HDF5's own innermost words: "FILE: what: words". */
int ambs_hdf5_fail(ambs_error *err, int code, const char *path, const char *what);

/* int8 enum FALSE, TRUE: what h5py and rhdf5 read as truth values. Closed by H5Tclose. */
hid_t ambs_hdf5_bool(void);
/* A string of `size` bytes, NUL-padded, UTF-8. Closed by H5Tclose. */
hid_t ambs_hdf5_string(size_t size);

/* How the values of a parameter lie in the file. */
typedef enum ambs_store_values {
    AMBS_STORE_FLOAT, /* float64, NaN where inactive */
    AMBS_STORE_INT,   /* int64, AMBS_STORE_NO_INT where inactive */
    AMBS_STORE_FLAG,  /* boolean levels: int8 0 or 1, -1 where inactive */
    AMBS_STORE_STRING /* the text of the level, empty where inactive */
} ambs_store_values;
ambs_store_values ambs_store_values_of(const ambs_parameter *parameter);

/* A name as that of a dataset: "/", "%" and a leading "." become %2F, %25, %2E. `buffer` holds
 * three times the name and a NUL. */
const char *ambs_store_escape(const char *name, char *buffer);
void ambs_store_unescape(const char *escaped, char *buffer);

/* The 16 bytes as "01234567-89ab-…". `buffer` holds 37. */
const char *ambs_store_uuid_text(const uint8_t *uuid, char *buffer);
bool ambs_store_uuid_parse(const char *text, uint8_t *ret_uuid);

#endif
