/* SPDX-License-Identifier: MIT */
/* The columns of STUDY.h5, declared once: writing, reading, verifying and the description in the
 * file come from these tables. A column is one field of the row structs of table.h. */
#ifndef AMBS_STUDY_COLUMNS_H
#define AMBS_STUDY_COLUMNS_H

#include "study/table.h"

typedef enum ambs_column_kind {
    AMBS_COLUMN_COUNT,  /* uint64_t, on disk int64 */
    AMBS_COLUMN_STEP,   /* long long, int64 */
    AMBS_COLUMN_U32,    /* uint32_t, uint32 */
    AMBS_COLUMN_I32,    /* int, int32 */
    AMBS_COLUMN_F64,    /* double, float64 */
    AMBS_COLUMN_BOOL,   /* bool, int8 enum FALSE TRUE */
    AMBS_COLUMN_WORD,   /* an enum, string */
    AMBS_COLUMN_REASON, /* an ambs_reason at offset with its code (an int) at `size`, string */
    AMBS_COLUMN_CHARS,  /* char [size], string */
    AMBS_COLUMN_TEXT,   /* char *, string as long as the longest */
    AMBS_COLUMN_METRIC  /* index into table->curve_names, string */
} ambs_column_kind;

typedef struct ambs_column {
    const char *name; /* NULL ends a table */
    ambs_column_kind kind;
    size_t offset, size;
    const char *(*word)(int value);
    int n_words; /* values 0 … n_words-1 */
    const char *unit;
    const char *about;
    bool repeats; /* only in the files of studies with `repeats`; elsewhere its missing value */
} ambs_column;

/* One group of the file that mirrors an array of the table. */
typedef struct ambs_column_group {
    const char *name;
    const ambs_column *columns;
    size_t stride;
    size_t rows, n; /* offsets in ambs_table of the array's pointer and of its size_t length */
    const char *about;
    bool repeats; /* only in the files of studies with `repeats` */
} ambs_column_group;

/* Ends with a NULL name. `trials` comes first, then `proposals`; both have the rows of table->rows.
 */
extern const ambs_column_group ambs_column_groups[];

const char *ambs_origin_name(int origin);
const char *ambs_decision_name(int decision);

typedef enum ambs_operation {
    AMBS_OPERATION_ASK,
    AMBS_OPERATION_LIE,
    AMBS_OPERATION_UNLIE,
    AMBS_OPERATION_TELL,
    AMBS_OPERATION_CANCEL,
    AMBS_OPERATION_REFIT
} ambs_operation;
enum { AMBS_N_OPERATIONS = 6 };
const char *ambs_operation_name(int operation);

/* The operation log in order, from n_inputs of the trials. Frees by free(). */
int ambs_operations_derive(const ambs_table *table, uint8_t **ret_operations, uint64_t **ret_trials,
                           size_t *ret_n, ambs_error *err);

#endif
