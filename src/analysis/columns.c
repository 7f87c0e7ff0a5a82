/* SPDX-License-Identifier: MIT */
#include "analysis/columns.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

int ambs_columns_init(ambs_columns *c, const char *const *headings, ambs_error *err)
{
    *c = (ambs_columns){0};
    while (headings[c->n_columns] != NULL) c->n_columns++;
    c->align = ambs_calloc(c->n_columns, sizeof *c->align, err);
    if (c->align == NULL) return AMBS_E_NOMEM;
    for (size_t i = 0; i < c->n_columns; i++) {
        bool right = headings[i][0] == '>';
        c->align[i] = right ? AMBS_ALIGN_RIGHT : AMBS_ALIGN_LEFT;
        ambs_columns_add(c, headings[i] + right);
    }
    return 0;
}

void ambs_columns_fini(ambs_columns *c)
{
    for (size_t i = 0; i < c->n_cells; i++) free(c->cells[i]);
    free(c->cells);
    free(c->align);
    *c = (ambs_columns){0};
}

void ambs_columns_add(ambs_columns *c, const char *cell)
{
    if (c->failed) return;
    c->failed = ambs_reserve(&c->cells, &c->capacity, c->n_cells + 1, sizeof *c->cells, NULL) != 0;
    if (c->failed) return;
    c->cells[c->n_cells] = ambs_strdup(cell, NULL);
    c->failed = c->cells[c->n_cells] == NULL;
    if (!c->failed) c->n_cells++;
}

void ambs_columns_addf(ambs_columns *c, const char *format, ...)
{
    char cell[512];
    va_list args;
    va_start(args, format);
    vsnprintf(cell, sizeof cell, format, args);
    va_end(args);
    ambs_columns_add(c, cell);
}

/* Characters on a screen: bytes of UTF-8 that do not continue one. */
static size_t display_width(const char *s)
{
    size_t width = 0;
    for (; *s != '\0'; s++) width += ((unsigned char)*s & 0xC0) != 0x80;
    return width;
}

static void pad(ambs_text *out, size_t n)
{
    for (size_t i = 0; i < n; i++) ambs_text_add(out, " ");
}

static void print_row(const ambs_columns *c, size_t row, const size_t *width, ambs_text *out)
{
    size_t owed = 0; /* blanks are written only before the next text, so none trail */
    for (size_t i = 0; i < c->n_columns; i++) {
        size_t cell = row * c->n_columns + i;
        if (cell >= c->n_cells) break;
        size_t room = width[i] - display_width(c->cells[cell]);
        if (c->align[i] == AMBS_ALIGN_RIGHT) owed += room;
        if (c->cells[cell][0] != '\0') {
            pad(out, owed);
            owed = 0;
            ambs_text_add(out, c->cells[cell]);
        } else {
            owed += width[i] - room;
        }
        if (c->align[i] == AMBS_ALIGN_LEFT) owed += room;
        owed += 2;
    }
    ambs_text_add(out, "\n");
}

int ambs_columns_print(const ambs_columns *c, ambs_text *out, ambs_error *err)
{
    if (c->failed) return ambs_fail(err, AMBS_E_NOMEM, "out of memory while laying out a table");
    size_t *width = ambs_calloc(c->n_columns, sizeof *width, err);
    if (width == NULL) return AMBS_E_NOMEM;
    for (size_t i = 0; i < c->n_cells; i++) {
        size_t w = display_width(c->cells[i]);
        if (w > width[i % c->n_columns]) width[i % c->n_columns] = w;
    }
    for (size_t row = 0; row * c->n_columns < c->n_cells; row++) print_row(c, row, width, out);
    free(width);
    return ambs_text_check(out, err);
}
