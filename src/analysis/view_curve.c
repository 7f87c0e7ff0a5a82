/* SPDX-License-Identifier: MIT */
#include <math.h>

#include "analysis/columns.h"
#include "analysis/view.h"
#include "analysis/view_front.h"
#include "base/json.h"

/* The number of the last evaluation that ended. */
static uint32_t last_repeat(const ambs_trial_row *row)
{
    return row->n_asked - 1 - (row->state != AMBS_TRIAL_COMPLETE);
}

/* The running best over the finished trials, in the order the results came; a repeated trial counts
 * with its mean from its last result on. A row per improvement
 * in text, all rows in JSON would only repeat the trial table, so both show improvements. */
static int improvements(const ambs_view *view, ambs_text *out, ambs_error *err)
{
    const ambs_table *t = view->table;
    ambs_json_writer w;
    ambs_columns c;
    char number[32], elapsed[64];
    double best = NAN, zero = t->n_lives > 0 ? t->lives[0].start_s : 0;
    size_t finished = 0;
    int rc = ambs_columns_init(&c, (const char *[]){">finished", ">trial", ">best", ">after", NULL},
                               err);
    if (rc != 0) return rc;
    ambs_json_begin(&w, out, 2);
    if (view->json) ambs_json_array(&w);
    for (size_t i = 0; i < t->n_inputs; i++) {
        const ambs_trial_row *row = &t->rows[t->inputs[i].trial];
        if (t->inputs[i].type == AMBS_RECORD_CANCEL) continue;
        finished++;
        if (!ambs_trial_has_result(row) || t->inputs[i].repeat != last_repeat(row)) continue;
        bool better = isnan(best) || (view->spec->goal == AMBS_MAXIMIZE ? row->objective > best
                                                                        : row->objective < best);
        if (!better) continue;
        best = row->objective;
        double after = row->received_s - zero;
        if (view->json) {
            ambs_json_object(&w);
            ambs_json_key(&w, "finished"), ambs_json_int(&w, (long long)finished);
            ambs_json_key(&w, "trial"), ambs_json_int(&w, (long long)row->id);
            ambs_json_key(&w, "best"), ambs_json_double(&w, best);
            ambs_json_key(&w, "after_s"), ambs_json_double(&w, after);
            ambs_json_end_object(&w);
        } else {
            ambs_columns_addf(&c, "%zu", finished);
            ambs_columns_addf(&c, "%llu", (unsigned long long)row->id);
            ambs_columns_add(&c, ambs_format_double(best, number));
            ambs_columns_add(&c, ambs_format_duration(after, elapsed));
        }
    }
    if (view->json)
        ambs_json_end_array(&w), ambs_text_add(out, "\n");
    else
        rc = ambs_columns_print(&c, out, err);
    ambs_columns_fini(&c);
    return rc;
}

static int trial_curve(const ambs_view *view, uint64_t trial, ambs_text *out, ambs_error *err)
{
    const ambs_table *t = view->table;
    ambs_json_writer w;
    ambs_columns c;
    char number[32];
    size_t n = 0;
    int rc =
        ambs_columns_init(&c, (const char *[]){">attempt", ">step", "metric", ">value", NULL}, err);
    if (rc != 0) return rc;
    ambs_json_begin(&w, out, 2);
    if (view->json) ambs_json_array(&w);
    for (size_t i = 0; i < t->n_curve; i++) {
        const ambs_curve_row *row = &t->curve[i];
        if (row->trial != trial) continue;
        n++;
        const char *metric = t->curve_names[row->metric];
        if (view->json) {
            ambs_json_object(&w);
            ambs_json_key(&w, "attempt"), ambs_json_int(&w, row->attempt);
            ambs_json_key(&w, "step"), ambs_json_int(&w, row->step);
            ambs_json_key(&w, "metric"), ambs_json_string(&w, metric);
            ambs_json_key(&w, "value"), ambs_json_double(&w, row->value);
            ambs_json_end_object(&w);
        } else {
            ambs_columns_addf(&c, "%u", row->attempt);
            ambs_columns_addf(&c, "%lld", row->step);
            ambs_columns_add(&c, metric);
            ambs_columns_add(&c, ambs_format_double(row->value, number));
        }
    }
    if (view->json)
        ambs_json_end_array(&w), ambs_text_add(out, "\n");
    else if (n == 0)
        ambs_text_addf(out, "trial %llu reported no steps\n", (unsigned long long)trial);
    else
        rc = ambs_columns_print(&c, out, err);
    ambs_columns_fini(&c);
    return rc;
}

int ambs_view_curve(const ambs_view *view, uint64_t trial, ambs_text *out, ambs_error *err)
{
    const ambs_table *t = view->table;
    int rc;
    if (trial == UINT64_MAX && view->spec->n_goals > 1) {
        rc = ambs_view_front_growth(view, out, err);
    } else if (trial == UINT64_MAX) {
        rc = improvements(view, out, err);
    } else if (trial >= t->n) {
        return ambs_fail(err, AMBS_E_NOT_FOUND, "found no trial %llu; the study has %zu trials",
                         (unsigned long long)trial, t->n);
    } else {
        rc = trial_curve(view, trial, out, err);
    }
    return rc != 0 ? rc : ambs_text_check(out, err);
}
