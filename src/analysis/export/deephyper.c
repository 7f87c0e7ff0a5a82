/* SPDX-License-Identifier: MIT */
/* DeepHyper's results.csv (deephyper.readthedocs.io, Search.search): one line per evaluation in the
 * order in which they were gathered, with p:NAME for each hyperparameter, objective, job_id,
 * job_status, and m:NAME for metadata. DeepHyper maximises, so a minimised metric is negated; a
 * failure is "F" and why; several metrics are objective_0, objective_1, …; times are seconds since
 * the search began. An inactive hyperparameter is empty, which pandas reads as NaN. Where trials are
 * repeated, each evaluation has its line, with the trial as job_id and m:repeat; metrics are the
 * trial's. */
#include <math.h>
#include <stdlib.h>

#include "analysis/exporter.h"
#include "search/goals.h"

static void header(const ambs_spec *spec, const char **metrics, ambs_text *out)
{
    for (size_t i = 0; i < ambs_space_dimension(spec->space); i++)
        ambs_text_addf(out, "p:%s,", ambs_space_parameter(spec->space, i)->name);
    for (size_t j = 0; j < spec->n_goals; j++) ambs_text_addf(out, "objective_%zu,", j);
    ambs_text_addf(out, "%sjob_id,job_status", spec->n_goals > 1 ? "" : "objective,");
    ambs_text_add(out, ",m:timestamp_submit,m:timestamp_gather,m:"
                       "timestamp_start,m:timestamp_end,m:duration");
    if (ambs_repeats_on(&spec->repeats)) ambs_text_add(out, ",m:repeat");
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
static void add_failure(const ambs_outcome *o, ambs_text *out)
{
    char reason[64];
    ambs_reason_text(o->reason, o->code, reason);
    for (char *p = reason; *p; p++)
        if (*p == ' ') *p = '_';
    ambs_text_addf(out, "F%s%s", reason[0] ? "_" : "", reason);
}

static void add_objectives(const ambs_table *table, const ambs_spec *spec,
                           const ambs_trial_row *row, const ambs_outcome *o, ambs_text *out)
{
    double values[AMBS_MAX_GOALS];
    bool failed = o->state == AMBS_TRIAL_FAILED || isnan(o->objective);
    bool whole =
        !failed && ambs_goals_values(spec, o->objective, row->n_metrics,
                                     row->n_metrics ? table->metrics + row->metrics : NULL, values);
    for (size_t j = 0; j < ambs_goals_count(spec); j++) {
        if (j > 0) ambs_text_add(out, ",");
        if (whole)
            ambs_export_number(out, -values[j]);
        else
            add_failure(o, out);
    }
}

static void line(const ambs_table *table, const ambs_spec *spec, const char **metrics,
                 const ambs_input_row *input, double zero_s, ambs_text *out)
{
    const ambs_trial_row *row = &table->rows[input->trial];
    const ambs_repeat_row *repeat = ambs_table_repeat(table, row->id, input->repeat);
    bool repeated = row->last_repeat != SIZE_MAX;
    ambs_outcome o;
    ambs_table_evaluation(table, row->id, input->repeat, &o);
    for (size_t i = 0; i < table->d; i++) {
        ambs_export_parameter(table, spec, row->id, i, out);
        ambs_text_add(out, ",");
    }
    add_objectives(table, spec, row, &o, out);
    ambs_text_addf(out, ",%llu,%s", (unsigned long long)row->id,
                   row->state == AMBS_TRIAL_CANCELLED ? "CANCELLED" : "DONE");
    double proposed_s = repeat ? repeat->proposed_s : row->proposed_s;
    double received_s = repeat ? repeat->received_s : repeated ? o.end_s : row->received_s;
    const double times[] = {proposed_s - zero_s, received_s - zero_s, o.start_s - zero_s,
                            o.end_s - zero_s, o.duration_s};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        ambs_text_add(out, ",");
        ambs_export_number(out, times[i]);
    }
    if (ambs_repeats_on(&spec->repeats)) ambs_text_addf(out, ",%u", (unsigned)input->repeat);
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
            line(table, spec, metrics, &table->inputs[i], zero_s, out);
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
