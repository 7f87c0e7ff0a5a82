/* SPDX-License-Identifier: MIT */
/* The plainest format: "trial, tab, column, tab, value", one line per value. The others are held
 * against it. */
#include "analysis/exporter.h"

static int write_reference(const ambs_table *table, const ambs_spec *spec, ambs_text *out,
                           ambs_error *err)
{
    (void)err;
    for (size_t i = 0; i < table->n; i++) {
        const ambs_trial_row *row = &table->rows[i];
        ambs_text_addf(out, "%zu\tstate\t%s\n%zu\tobjective\t", i,
                       ambs_trial_state_name(row->state), i);
        ambs_export_number(out, row->objective);
        ambs_text_add(out, "\n");
        for (size_t k = 0; k < table->d; k++) {
            ambs_text_addf(out, "%zu\t%s\t", i, ambs_space_parameter(spec->space, k)->name);
            ambs_export_parameter(table, spec, i, k, out);
            ambs_text_add(out, "\n");
        }
    }
    return AMBS_OK;
}

const ambs_exporter_ops ambs_exporter_reference = {
    .member = {.name = "reference", .summary = "one line per value, for tests", .for_tests = true},
    .ending = ".tsv",
    .write = write_reference,
};
