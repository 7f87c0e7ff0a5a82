/* SPDX-License-Identifier: MIT */
#include "analysis/exporter.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

static int unknown(const char *format, ambs_error *err)
{
    const char *names[32];
    size_t n = 0;
    ambs_text list = {0};
    for (const ambs_exporter_ops *const *e = ambs_exporter_registry; *e && n < 31; e++) {
        if ((*e)->member.for_tests) continue;
        ambs_text_addf(&list, "%s%s", n > 0 ? ", " : "", (*e)->member.name);
        names[n++] = (*e)->member.name;
    }
    names[n] = NULL;
    const char *nearest = ambs_nearest_name(format, names);
    int rc =
        ambs_fail(err, AMBS_E_NOT_FOUND, "found the format \"%.40s\", expected one of: %s%s%s%s",
                  format, list.text ? list.text : "", nearest ? " (did you mean " : "",
                  nearest ? nearest : "", nearest ? "?)" : "");
    ambs_text_fini(&list);
    return rc;
}

int ambs_export(const char *format, const ambs_table *table, const ambs_spec *spec, ambs_text *out,
                ambs_error *err)
{
    const ambs_exporter_ops *const *e = ambs_exporter_registry;
    while (*e && strcmp((*e)->member.name, format) != 0) e++;
    if (!*e) return unknown(format, err);
    ambs_text_clear(out);
    int rc = (*e)->write(table, spec, out, err);
    if (rc == AMBS_OK) rc = ambs_text_check(out, err);
    if (rc != AMBS_OK) ambs_text_clear(out);
    return rc;
}

void ambs_export_csv_field(ambs_text *out, const char *text)
{
    if (!text[strcspn(text, ",\"\r\n")]) {
        ambs_text_add(out, text);
        return;
    }
    ambs_text_add(out, "\"");
    for (const char *p = text; *p; p++)
        ambs_text_add_bytes(out, *p == '"' ? "\"\"" : p, *p == '"' ? 2 : 1);
    ambs_text_add(out, "\"");
}

void ambs_export_number(ambs_text *out, double value)
{
    char buffer[32];
    if (!isnan(value)) ambs_text_add(out, ambs_format_double(value, buffer));
}

void ambs_export_parameter(const ambs_table *table, const ambs_spec *spec, uint64_t trial, size_t i,
                           ambs_text *out)
{
    char buffer[64];
    ambs_export_csv_field(
        out, ambs_space_format(spec->space, i, table->x[trial * table->d + i], buffer));
}

static bool has_name(const char **names, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(names[i], name) == 0) return true;
    return false;
}

int ambs_export_metric_names(const ambs_table *table, const char ***ret_names, ambs_error *err)
{
    const char **names = NULL;
    size_t n = 0, capacity = 0;
    int rc = ambs_reserve(&names, &capacity, 1, sizeof *names, err);
    for (size_t i = 0; i < table->n_metrics && rc == AMBS_OK; i++) {
        if (has_name(names, n, table->metrics[i].name)) continue;
        rc = ambs_reserve(&names, &capacity, n + 2, sizeof *names, err);
        if (rc == AMBS_OK) names[n++] = table->metrics[i].name;
    }
    if (rc != AMBS_OK) {
        free(names);
        return rc;
    }
    names[n] = NULL;
    *ret_names = names;
    return AMBS_OK;
}

double ambs_export_metric(const ambs_table *table, uint64_t trial, const char *name)
{
    const ambs_trial_row *row = &table->rows[trial];
    for (size_t i = 0; i < row->n_metrics; i++)
        if (strcmp(table->metrics[row->metrics + i].name, name) == 0)
            return table->metrics[row->metrics + i].value;
    return NAN;
}
