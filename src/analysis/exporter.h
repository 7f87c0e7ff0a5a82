/* SPDX-License-Identifier: MIT */
/* Exporters: the trials of a study in the format of another program. One file per format, in
 * src/analysis/export. Pure functions of the table and the spec: no files, no clock. */
#ifndef AMBS_ANALYSIS_EXPORTER_H
#define AMBS_ANALYSIS_EXPORTER_H

#include "base/option.h"
#include "study/spec.h"
#include "study/table.h"

typedef struct ambs_exporter_ops {
    ambs_member member;
    const char *ending; /* of a file of this format: ".csv" */
    /* Appends all to `out`, which is empty. A failed append of `out` is found by the driver. */
    int (*write)(const ambs_table *table, const ambs_spec *spec, ambs_text *out, ambs_error *err);
} ambs_exporter_ops;

extern const ambs_exporter_ops *const ambs_exporter_registry[];

/* AMBS_E_NOT_FOUND for an unknown format, with the known ones. On any failure `out` is empty. */
int ambs_export(const char *format, const ambs_table *table, const ambs_spec *spec, ambs_text *out,
                ambs_error *err);

/* Shared by the formats that are tables of text. */
/* A field as RFC 4180 demands: quoted where it holds a comma, a quote or a line end. */
void ambs_export_csv_field(ambs_text *out, const char *text);
/* A number that reads back as the same; empty for NaN. */
void ambs_export_number(ambs_text *out, double value);
/* The value of parameter i of a trial; empty when inactive. */
void ambs_export_parameter(const ambs_table *table, const ambs_spec *spec, uint64_t trial, size_t i,
                           ambs_text *out);
/* The names of all metrics that occur, in order of first occurrence, NULL-terminated. The caller
 * frees the array; the names are the table's. */
int ambs_export_metric_names(const ambs_table *table, const char ***ret_names, ambs_error *err);
/* NaN when the trial has no such metric. */
double ambs_export_metric(const ambs_table *table, uint64_t trial, const char *name);

#endif
