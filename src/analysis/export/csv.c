/* SPDX-License-Identifier: MIT */
/* One line per trial, every trial, in order of their ids. Names of columns are the paths in the
 * study file. */
#include <stdlib.h>

#include "analysis/exporter.h"

static void header(const ambs_spec *spec, const char **metrics, ambs_text *out)
{
    ambs_text_add(out, "id,state,reason,objective");
    for (size_t i = 0; i < ambs_space_dimension(spec->space); i++)
        ambs_text_addf(out, ",parameters/%s", ambs_space_parameter(spec->space, i)->name);
    ambs_text name = {0};
    for (const char **m = metrics; *m; m++) {
        ambs_text_clear(&name);
        ambs_text_addf(&name, "metrics/%s", *m);
        ambs_text_add(out, ",");
        if (name.text) ambs_export_csv_field(out, name.text);
        out->failed = out->failed || name.failed;
    }
    ambs_text_fini(&name);
    ambs_text_add(out, ",attempts,rank,slot,proposed,start,end,duration,received,predicted_mean,"
                       "predicted_sd");
    if (ambs_repeats_on(&spec->repeats)) ambs_text_add(out, ",n_evaluations,sd,standard_error");
    ambs_text_add(out, ",message\n");
}

static void line(const ambs_table *table, const ambs_spec *spec, const char **metrics,
                 const ambs_trial_row *row, ambs_text *out)
{
    char reason[64];
    ambs_text_addf(out, "%llu,%s,%s,", (unsigned long long)row->id,
                   ambs_trial_state_name(row->state),
                   ambs_reason_text(row->reason, row->code, reason));
    ambs_export_number(out, row->objective);
    for (size_t i = 0; i < table->d; i++) {
        ambs_text_add(out, ",");
        ambs_export_parameter(table, spec, row->id, i, out);
    }
    for (const char **m = metrics; *m; m++) {
        ambs_text_add(out, ",");
        ambs_export_number(out, ambs_export_metric(table, row->id, *m));
    }
    ambs_text_addf(out, ",%u,%u,%u", row->n_attempts, row->rank, row->slot);
    const double numbers[] = {row->proposed_s, row->start_s, row->end_s, row->duration_s,
                              row->received_s, row->mean,    row->sd};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        ambs_text_add(out, ",");
        ambs_export_number(out, numbers[i]);
    }
    if (ambs_repeats_on(&spec->repeats)) {
        ambs_text_addf(out, ",%u,", (unsigned)row->n_evaluations);
        ambs_export_number(out, row->value_sd);
        ambs_text_add(out, ",");
        ambs_export_number(out, row->value_error);
    }
    ambs_text_add(out, ",");
    ambs_export_csv_field(out, row->message);
    ambs_text_add(out, "\n");
}

static int write_csv(const ambs_table *table, const ambs_spec *spec, ambs_text *out,
                     ambs_error *err)
{
    const char **metrics;
    int rc = ambs_export_metric_names(table, &metrics, err);
    if (rc != AMBS_OK) return rc;
    header(spec, metrics, out);
    for (size_t i = 0; i < table->n; i++) line(table, spec, metrics, &table->rows[i], out);
    free(metrics);
    return AMBS_OK;
}

const ambs_exporter_ops ambs_exporter_csv = {
    .member = {.name = "csv",
               .summary = "comma-separated values, one line per trial, times in seconds"},
    .ending = ".csv",
    .write = write_csv,
};
