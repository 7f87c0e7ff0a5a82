/* SPDX-License-Identifier: MIT */
/* Aligned columns for people: cells are collected, widths follow the widest cell. */
#ifndef AMBS_ANALYSIS_COLUMNS_H
#define AMBS_ANALYSIS_COLUMNS_H

#include "base/text.h"

typedef enum ambs_align { AMBS_ALIGN_LEFT, AMBS_ALIGN_RIGHT } ambs_align;

typedef struct ambs_columns {
    size_t n_columns, n_cells, capacity;
    char **cells; /* row after row; the first row is the heading */
    ambs_align *align;
    bool failed; /* out of memory: told by ambs_columns_print */
} ambs_columns;

/* `headings` is NULL-terminated; a heading that begins with '>' aligns its column right (the mark
 * is not shown). */
int ambs_columns_init(ambs_columns *c, const char *const *headings, ambs_error *err);
void ambs_columns_fini(ambs_columns *c);
void ambs_columns_add(ambs_columns *c, const char *cell);
void ambs_columns_addf(ambs_columns *c, const char *format, ...) AMBS_PRINTF(2, 3);
/* Appends the table, two blanks between columns, without trailing blanks. */
int ambs_columns_print(const ambs_columns *c, ambs_text *out, ambs_error *err);

#endif
