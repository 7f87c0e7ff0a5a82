/* SPDX-License-Identifier: MIT */
/* One JSON document: the study's identity and its trials as `ambs trials --json` gives them. */
#include "base/json.h"
#include "analysis/exporter.h"
#include "analysis/view_trial.h"
#include "space/space.h"

static void add_metrics(const ambs_spec *spec, ambs_json_writer *w)
{
    ambs_json_key(w, "metrics");
    ambs_json_array(w);
    for (size_t j = 0; j < spec->n_goals; j++) {
        ambs_json_object(w);
        ambs_json_key(w, "name"), ambs_json_string(w, spec->goals[j].name);
        ambs_json_key(w, "goal");
        ambs_json_string(w, spec->goals[j].goal == AMBS_MINIMIZE ? "minimize" : "maximize");
        ambs_json_end_object(w);
    }
    ambs_json_end_array(w);
}

static int write_json(const ambs_table *table, const ambs_spec *spec, ambs_text *out,
                      ambs_error *err)
{
    (void)err;
    const ambs_view view = {.table = table, .spec = spec, .path = "", .json = true};
    ambs_json_writer w;
    ambs_json_begin(&w, out, 1);
    ambs_json_object(&w);
    ambs_json_key(&w, "name");
    ambs_json_string(&w, spec->name);
    ambs_json_key(&w, "metric");
    ambs_json_string(&w, spec->metric);
    ambs_json_key(&w, "goal");
    ambs_json_string(&w, spec->goal == AMBS_MINIMIZE ? "minimize" : "maximize");
    if (spec->n_goals > 1) add_metrics(spec, &w);
    ambs_json_key(&w, "space");
    ambs_space_describe(spec->space, &w);
    ambs_json_key(&w, "trials");
    ambs_json_array(&w);
    for (size_t i = 0; i < table->n; i++) ambs_view_trial_json(&view, &table->rows[i], &w);
    ambs_json_end_array(&w);
    ambs_json_end_object(&w);
    ambs_text_add(out, "\n");
    return AMBS_OK;
}

const ambs_exporter_ops ambs_exporter_json = {
    .member = {.name = "json", .summary = "one JSON document with the space and every trial"},
    .ending = ".json",
    .write = write_json,
};
