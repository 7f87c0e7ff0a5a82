/* SPDX-License-Identifier: MIT */
#include "study/compare_tables.h"

#include <math.h>
#include <string.h>

#include "study/columns.h"

enum { MOST_LINES = 10 };

typedef struct comparison {
    const ambs_table *a, *b;
    ambs_text *out;
    uint64_t n;
} comparison;

static void differ(comparison *c, const char *group, const char *column, size_t row)
{
    if (c->n++ < MOST_LINES)
        ambs_text_addf(c->out, "%s/%s differs in row %zu\n", group, column, row);
}

static bool same_double(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

static bool same_text(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool same_field(const comparison *c, const ambs_column *column, const char *a, const char *b)
{
    double x, y;
    uint32_t i, k;
    const char *s, *t;
    switch (column->kind) {
    case AMBS_COLUMN_F64:
        memcpy(&x, a, sizeof x);
        memcpy(&y, b, sizeof y);
        return same_double(x, y);
    case AMBS_COLUMN_COUNT:
    case AMBS_COLUMN_STEP:
        return memcmp(a, b, 8) == 0;
    case AMBS_COLUMN_BOOL:
        return memcmp(a, b, 1) == 0;
    case AMBS_COLUMN_CHARS:
        return strncmp(a, b, column->size) == 0;
    case AMBS_COLUMN_TEXT:
        memcpy(&s, a, sizeof s);
        memcpy(&t, b, sizeof t);
        return same_text(s, t);
    case AMBS_COLUMN_METRIC:
        memcpy(&i, a, sizeof i);
        memcpy(&k, b, sizeof k);
        return same_text(c->a->curve_names[i], c->b->curve_names[k]);
    default:
        return memcmp(a, b, 4) == 0;
    }
}

static void compare_group(comparison *c, const ambs_column_group *g)
{
    const char *a, *b;
    size_t n, m;
    memcpy(&a, (const char *)c->a + g->rows, sizeof a);
    memcpy(&b, (const char *)c->b + g->rows, sizeof b);
    memcpy(&n, (const char *)c->a + g->n, sizeof n);
    memcpy(&m, (const char *)c->b + g->n, sizeof m);
    if (n != m && c->n++ < MOST_LINES)
        ambs_text_addf(c->out, "%s has %zu rows, expected %zu\n", g->name, m, n);
    for (const ambs_column *column = g->columns; column->name; column++)
        for (size_t i = 0; i < n && i < m; i++)
            if (!same_field(c, column, a + i * g->stride + column->offset,
                            b + i * g->stride + column->offset))
                differ(c, g->name, column->name, i);
}

/* The value of the last metric of that name, NaN when absent. */
static double metric_of(const ambs_table *t, size_t trial, const char *name)
{
    double value = NAN;
    const ambs_trial_row *row = &t->rows[trial];
    for (size_t k = 0; k < row->n_metrics; k++)
        if (strcmp(t->metrics[row->metrics + k].name, name) == 0)
            value = t->metrics[row->metrics + k].value;
    return value;
}

static void compare_trials(comparison *c)
{
    const ambs_table *a = c->a, *b = c->b;
    size_t n = a->n < b->n ? a->n : b->n;
    for (size_t i = 0; i < n; i++) {
        for (size_t k = 0; k < a->d && k < b->d; k++)
            if (!same_double(a->x[i * a->d + k], b->x[i * b->d + k]))
                differ(c, "trials", "parameters", i);
        for (size_t k = 0; k < a->rows[i].n_metrics; k++) {
            const char *name = a->metrics[a->rows[i].metrics + k].name;
            if (!same_double(metric_of(a, i, name), metric_of(b, i, name)))
                differ(c, "trials/metrics", name, i);
        }
        for (size_t k = 0; k < b->rows[i].n_metrics; k++) {
            const char *name = b->metrics[b->rows[i].metrics + k].name;
            if (isnan(metric_of(a, i, name)) && !isnan(metric_of(b, i, name)))
                differ(c, "trials/metrics", name, i);
        }
    }
}

static void compare_inputs(comparison *c)
{
    size_t n = c->a->n_inputs, m = c->b->n_inputs;
    if (n != m && c->n++ < MOST_LINES)
        ambs_text_addf(c->out, "operations hold %zu model inputs, expected %zu\n", m, n);
    for (size_t i = 0; i < n && i < m; i++)
        if (c->a->inputs[i].type != c->b->inputs[i].type ||
            c->a->inputs[i].trial != c->b->inputs[i].trial)
            differ(c, "operations", "trial", i);
}

uint64_t ambs_table_compare(const ambs_table *a, const ambs_table *b, ambs_text *out)
{
    comparison c = {.a = a, .b = b, .out = out};
    if (a->d != b->d || memcmp(a->uuid, b->uuid, sizeof a->uuid) != 0) {
        ambs_text_add(out, "they are of different studies\n");
        return 1;
    }
    for (const ambs_column_group *g = ambs_column_groups; g->name; g++) compare_group(&c, g);
    compare_trials(&c);
    compare_inputs(&c);
    return c.n;
}
