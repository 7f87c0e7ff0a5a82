/* SPDX-License-Identifier: MIT */
/* A CSV file as a table of text cells that know where they stand; csv.c makes a data set of it. */
#ifndef AMBS_TRAIN_CSV_H
#define AMBS_TRAIN_CSV_H

#include <stddef.h>
#include <stdint.h>

#include "ambs/error.h"

typedef struct ambs_csv_cell {
    const char *text; /* NUL-terminated; quotes resolved, blanks round an unquoted one dropped */
    uint32_t line, column; /* of its first byte, both from 1; the column counts bytes */
} ambs_csv_cell;

typedef struct ambs_csv_table {
    char *text;           /* owned: what the cells point into */
    ambs_csv_cell *cells; /* owned: [n_rows + 1, n_columns]; the first row is the header */
    size_t n_columns, n_rows;
} ambs_csv_table;

/* RFC 4180 with LF or CRLF; the separator is what comes first in the header of comma, semicolon and
 * tab; empty lines and a byte order mark are skipped. AMBS_E_FORMAT with the place: rows of unequal
 * length, quotes that don't match, NUL bytes; a header that is missing, made of numbers, or with
 * empty or repeated names. */
int ambs_csv_table_parse(const char *name, const char *bytes, size_t size,
                         ambs_csv_table *ret_table, ambs_error *err);
void ambs_csv_table_fini(ambs_csv_table *table);

#endif
