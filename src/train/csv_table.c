/* SPDX-License-Identifier: MIT */
/* Splits the text into cells. The text is copied once and the cells are made in place: a cell never
 * grows when its quotes are resolved, and the byte behind it (separator, line end or the final NUL)
 * becomes its NUL. */
#include "train/csv.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

typedef struct scanner {
    const char *name;
    char *at, *end, *line_start;
    uint32_t line;
    char separator;
    ambs_csv_table *table;
    size_t n_cells, capacity;
} scanner;

static uint32_t column_of(const scanner *s, const char *at)
{
    return (uint32_t)(at - s->line_start) + 1;
}

static bool at_line_end(const scanner *s, const char *at)
{
    return at == s->end || *at == '\n' || *at == '\r';
}

/* What stands first in the header outside quotes; a file of one column has none: then a comma. */
static char find_separator(const char *at, const char *end)
{
    bool quoted = false;
    for (; at < end; at++) {
        if (*at == '"') quoted = !quoted;
        if (quoted) continue;
        if (*at == ',' || *at == ';' || *at == '\t') return *at;
        if (*at == '\n' || *at == '\r') break;
    }
    return ',';
}

static void skip_line_end(scanner *s)
{
    if (s->at == s->end) return;
    if (s->at[0] == '\r' && s->at + 1 < s->end && s->at[1] == '\n') s->at++;
    s->at++;
    s->line++;
    s->line_start = s->at;
}

static int add_cell(scanner *s, const char *text, uint32_t line, uint32_t column, ambs_error *err)
{
    int rc =
        ambs_reserve(&s->table->cells, &s->capacity, s->n_cells + 1, sizeof(ambs_csv_cell), err);
    if (rc != AMBS_OK) return rc;
    s->table->cells[s->n_cells++] = (ambs_csv_cell){text, line, column};
    return AMBS_OK;
}

/* s->at is on the opening quote; on return it is behind the closing one. *ret_end is where the
 * cell's NUL belongs. */
static int scan_quoted(scanner *s, char **ret_end, ambs_error *err)
{
    const uint32_t line = s->line, column = column_of(s, s->at);
    char *to = s->at++;
    for (; s->at < s->end; s->at++) {
        if (*s->at == '"') {
            if (s->at + 1 == s->end || s->at[1] != '"') break;
            s->at++;
        } else if (*s->at == '\n') {
            s->line++;
            s->line_start = s->at + 1;
        }
        *to++ = *s->at;
    }
    if (s->at == s->end)
        return ambs_fail(err, AMBS_E_FORMAT,
                         "%s:%u:%u: found a quote that is never closed, expected another before "
                         "the end of the file",
                         s->name, line, column);
    do s->at++; /* the quote, and blanks behind it */
    while (s->at < s->end && *s->at == ' ');
    if (!at_line_end(s, s->at) && *s->at != s->separator)
        return ambs_fail(err, AMBS_E_FORMAT,
                         "%s:%u:%u: found text after a closing quote, expected the separator or "
                         "the end of the line (a quote inside quotes is written twice)",
                         s->name, s->line, column_of(s, s->at));
    *ret_end = to;
    return AMBS_OK;
}

static int scan_plain(scanner *s, char **ret_end, ambs_error *err)
{
    char *from = s->at;
    for (; !at_line_end(s, s->at) && *s->at != s->separator; s->at++)
        if (*s->at == '"')
            return ambs_fail(err, AMBS_E_FORMAT,
                             "%s:%u:%u: found a quote inside a field, expected the whole field in "
                             "quotes",
                             s->name, s->line, column_of(s, s->at));
    char *end = s->at;
    while (end > from && (end[-1] == ' ' || end[-1] == '\t')) end--;
    *ret_end = end;
    return AMBS_OK;
}

/* One line of cells, up to and with its line end. */
static int scan_row(scanner *s, size_t *ret_n, ambs_error *err)
{
    for (size_t n = 1;; n++) {
        while (s->at < s->end && *s->at == ' ') s->at++;
        char *text = s->at, *end = text;
        const uint32_t line = s->line, column = column_of(s, s->at);
        int rc =
            s->at < s->end && *s->at == '"' ? scan_quoted(s, &end, err) : scan_plain(s, &end, err);
        if (rc == AMBS_OK) rc = add_cell(s, text, line, column, err);
        if (rc != AMBS_OK) return rc;
        const bool last = at_line_end(s, s->at);
        if (last)
            skip_line_end(s);
        else
            s->at++;
        *end = '\0'; /* only now: it may overwrite the separator */
        if (!last) continue;
        *ret_n = n;
        return AMBS_OK;
    }
}

/* By name, then by place. */
static int compare_cells(const void *a, const void *b)
{
    const ambs_csv_cell *x = *(const ambs_csv_cell *const *)a,
                        *y = *(const ambs_csv_cell *const *)b;
    const int order = strcmp(x->text, y->text);
    return order != 0 ? order : (x > y) - (x < y);
}

static int check_distinct(const scanner *s, ambs_error *err)
{
    const size_t n = s->table->n_columns;
    const ambs_csv_cell **sorted = ambs_calloc(n, sizeof *sorted, err);
    if (!sorted) return AMBS_E_NOMEM;
    for (size_t j = 0; j < n; j++) sorted[j] = &s->table->cells[j];
    qsort(sorted, n, sizeof *sorted, compare_cells);
    int rc = AMBS_OK;
    for (size_t j = 1; j < n && rc == AMBS_OK; j++)
        if (strcmp(sorted[j - 1]->text, sorted[j]->text) == 0)
            rc = ambs_fail(err, AMBS_E_FORMAT,
                           "%s:%u:%u: found the column name \"%.60s\" again, as in column %zu; "
                           "expected different names",
                           s->name, sorted[j]->line, sorted[j]->column, sorted[j]->text,
                           (size_t)(sorted[j - 1] - s->table->cells) + 1);
    free(sorted);
    return rc;
}

static int check_header(const scanner *s, ambs_error *err)
{
    const ambs_csv_cell *cells = s->table->cells;
    const size_t n = s->table->n_columns;
    size_t n_numbers = 0;
    double number;
    for (size_t j = 0; j < n; j++) {
        if (*cells[j].text == '\0')
            return ambs_fail(err, AMBS_E_FORMAT,
                             "%s:%u:%u: column %zu has no name, expected a header with a name for "
                             "each column",
                             s->name, cells[j].line, cells[j].column, j + 1);
        n_numbers += ambs_parse_double(cells[j].text, &number);
    }
    if (n_numbers == n)
        return ambs_fail(err, AMBS_E_FORMAT,
                         "%s:1: found only numbers in the first line, expected a header with the "
                         "names of the columns",
                         s->name);
    return check_distinct(s, err);
}

static int scan_table(scanner *s, ambs_error *err)
{
    ambs_csv_table *t = s->table;
    while (s->at < s->end) {
        if (at_line_end(s, s->at)) { /* an empty line */
            skip_line_end(s);
            continue;
        }
        size_t n;
        const uint32_t line = s->line;
        int rc = scan_row(s, &n, err);
        if (rc == AMBS_OK && t->n_columns == 0) {
            t->n_columns = n;
            rc = check_header(s, err);
        } else if (rc == AMBS_OK && n != t->n_columns) {
            rc = ambs_fail(err, AMBS_E_FORMAT,
                           "%s:%u: found %zu field%s, expected %zu as in the header", s->name, line,
                           n, n == 1 ? "" : "s", t->n_columns);
        }
        if (rc != AMBS_OK) return rc;
    }
    if (t->n_columns == 0)
        return ambs_fail(err, AMBS_E_FORMAT, "%s: the file is empty, expected a header and rows",
                         s->name);
    t->n_rows = s->n_cells / t->n_columns - 1;
    if (t->n_rows == 0)
        return ambs_fail(err, AMBS_E_FORMAT, "%s: found a header only, expected rows after it",
                         s->name);
    return AMBS_OK;
}

int ambs_csv_table_parse(const char *name, const char *bytes, size_t size,
                         ambs_csv_table *ret_table, ambs_error *err)
{
    ambs_csv_table table = {0};
    const char *nul = memchr(bytes, '\0', size);
    if (nul)
        return ambs_fail(err, AMBS_E_FORMAT,
                         "%s: byte %zu: found a NUL byte, expected text in UTF-8", name,
                         (size_t)(nul - bytes));
    if (size > UINT32_MAX)
        return ambs_fail(err, AMBS_E_FORMAT, "%s: found %zu bytes, expected at most 4 GiB of text",
                         name, size);
    table.text = ambs_strndup(bytes, size, err);
    if (!table.text) return AMBS_E_NOMEM;
    const size_t mark = size >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
    scanner s = {.name = name,
                 .at = table.text + mark,
                 .end = table.text + size,
                 .line_start = table.text + mark,
                 .line = 1,
                 .table = &table};
    s.separator = find_separator(s.at, s.end);
    int rc = scan_table(&s, err);
    if (rc != AMBS_OK) {
        ambs_csv_table_fini(&table);
        return rc;
    }
    *ret_table = table;
    return AMBS_OK;
}

void ambs_csv_table_fini(ambs_csv_table *table)
{
    free(table->text);
    free(table->cells);
    *table = (ambs_csv_table){0};
}
