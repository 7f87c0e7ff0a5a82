/* SPDX-License-Identifier: MIT */
/* DeepHyper's results.csv (deephyper.readthedocs.io, Search.search): one line per evaluation in the
 * order in which they were gathered, with p:NAME for each hyperparameter, objective, job_id,
 * job_status, and m:NAME for metadata. DeepHyper maximises, so a minimised metric is negated; a
 * failure is "F" and why; times are seconds since the search began. An inactive hyperparameter is
 * empty, which pandas reads as NaN. */
#include <math.h>
#include <stdlib.h>

#include "analysis/exporter.h"

static void header(const ambs_spec *spec, const char **metrics, ambs_text *out)
{
    for (size_t i = 0; i < ambs_space_dimension(spec->space); i++)
        ambs_text_addf(out, "p:%s,", ambs_space_parameter(spec->space, i)->name);
    ambs_text_add(out, "objective,job_id,job_status,m:timestamp_submit,m:timestamp_gather,m:"
                       "timestamp_start,m:timestamp_end,m:duration");
    for (const char **m = metrics; *m; m++) {
        ambs_text name = {0};
        ambs_text_addf(&name, "m:%s", *m);
        ambs_text_add(out, ",");
        if (name.text) ambs_export_csv_field(out, name.text);
        out->failed = out->failed || name.failed;
        ambs_text_fini(&name);
    }
    ambs_text_add(out, "\n");
}

/* "F_exit_3": what follows the F is for people. */
static void add_failure(const ambs_trial_row *row, ambs_text *out)
{
    char reason[64];
    ambs_reason_text(row->reason, row->code, reason);
    for (char *p = reason; *p; p++)
        if (*p == ' ') *p = '_';
    ambs_text_addf(out, "F%s%s", reason[0] ? "_" : "", reason);
}

static void line(const ambs_table *table, const ambs_spec *spec, const char **metrics,
                 const ambs_trial_row *row, double zero_s, ambs_text *out)
{
    for (size_t i = 0; i < table->d; i++) {
        ambs_export_parameter(table, spec, row->id, i, out);
        ambs_text_add(out, ",");
    }
    if (row->state == AMBS_TRIAL_FAILED || isnan(row->objective))
        add_failure(row, out);
    else
        ambs_export_number(out, spec->goal == AMBS_MINIMIZE ? -row->objective : row->objective);
    ambs_text_addf(out, ",%llu,%s", (unsigned long long)row->id,
                   row->state == AMBS_TRIAL_CANCELLED ? "CANCELLED" : "DONE");
    const double times[] = {row->proposed_s - zero_s, row->received_s - zero_s,
                            row->start_s - zero_s, row->end_s - zero_s, row->duration_s};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        ambs_text_add(out, ",");
        ambs_export_number(out, times[i]);
    }
    for (const char **m = metrics; *m; m++) {
        ambs_text_add(out, ",");
        ambs_export_number(out, ambs_export_metric(table, row->id, *m));
    }
    ambs_text_add(out, "\n");
}

static int write_deephyper(const ambs_table *table, const ambs_spec *spec, ambs_text *out,
                           ambs_error *err)
{
    const char **metrics;
    int rc = ambs_export_metric_names(table, &metrics, err);
    if (rc != AMBS_OK) return rc;
    double zero_s = table->n_lives > 0 ? table->lives[0].start_s : 0;
    header(spec, metrics, out);
    for (size_t i = 0; i < table->n_inputs; i++)
        if (table->inputs[i].type != AMBS_RECORD_CANCEL)
            line(table, spec, metrics, &table->rows[table->inputs[i].trial], zero_s, out);
    free(metrics);
    return AMBS_OK;
}

const ambs_exporter_ops ambs_exporter_deephyper = {
    .member = {.name = "deephyper",
               .summary =
                   "DeepHyper's results.csv: p: columns, objective (maximised), failures as F"},
    .ending = ".csv",
    .write = write_deephyper,
};
