/* SPDX-License-Identifier: MIT */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/columns.h"
#include "analysis/exporter.h"
#include "analysis/view_front.h"
#include "analysis/view_trial.h"
#include "base/clock.h"
#include "base/memory.h"
#include "space/space.h"
#include "study/best.h"

static const char *origin_name(ambs_origin origin)
{
    static const char *const name[] = {"point", "default", "design",  "random",
                                       "model", "own",     "enqueued"};
    return (size_t)origin < sizeof name / sizeof *name ? name[origin] : "unknown";
}

static void json_number(ambs_json_writer *w, const char *key, double value)
{
    ambs_json_key(w, key);
    ambs_json_double(w, value);
}

static void json_whole(ambs_json_writer *w, const char *key, uint64_t value)
{
    ambs_json_key(w, key);
    ambs_json_int(w, (long long)value);
}

static void json_text(ambs_json_writer *w, const char *key, const char *value)
{
    ambs_json_key(w, key);
    ambs_json_string(w, value);
}

static void trial_members(const ambs_view *view, const ambs_trial_row *row, ambs_json_writer *w)
{
    const ambs_table *t = view->table;
    char reason[64];
    json_whole(w, "id", row->id);
    json_text(w, "state", ambs_trial_state_name(row->state));
    json_text(w, "reason", ambs_reason_text(row->reason, row->code, reason));
    json_number(w, "objective", row->objective);
    if (ambs_repeats_on(&view->spec->repeats)) {
        json_whole(w, "evaluations", row->n_evaluations);
        json_number(w, "sd", row->value_sd);
        json_number(w, "standard_error", row->value_error);
    }
    ambs_json_key(w, "parameters");
    ambs_space_write_json(view->spec->space, &t->x[row->id * t->d], w);
    ambs_json_key(w, "metrics");
    ambs_json_object(w);
    for (size_t i = 0; i < row->n_metrics; i++) {
        json_number(w, t->metrics[row->metrics + i].name, t->metrics[row->metrics + i].value);
    }
    ambs_json_end_object(w);
    json_text(w, "origin", origin_name(row->origin));
    json_number(w, "predicted_mean", row->mean);
    json_number(w, "predicted_sd", row->sd);
    json_whole(w, "attempts", row->n_attempts);
    json_number(w, "proposed_s", row->proposed_s);
    json_number(w, "start_s", row->start_s);
    json_number(w, "end_s", row->end_s);
    json_number(w, "duration_s", row->duration_s);
    json_text(w, "message", row->message);
}

void ambs_view_trial_json(const ambs_view *view, const ambs_trial_row *row, ambs_json_writer *w)
{
    ambs_json_object(w);
    trial_members(view, row, w);
    ambs_json_end_object(w);
}

static void evaluations_json(const ambs_view *view, const ambs_trial_row *row, ambs_json_writer *w)
{
    double reach = ambs_study_reach(view->spec, view->table, row->id);
    char reason[64];
    ambs_json_key(w, "interval");
    if (isnan(reach)) {
        ambs_json_null(w);
    } else {
        ambs_json_array(w);
        ambs_json_double(w, row->objective - reach);
        ambs_json_double(w, row->objective + reach);
        ambs_json_end_array(w);
    }
    ambs_json_key(w, "repeats");
    ambs_json_array(w);
    for (uint32_t i = 0; i < row->n_asked; i++) {
        ambs_outcome o;
        ambs_table_evaluation(view->table, row->id, i, &o);
        ambs_json_object(w);
        json_whole(w, "repeat", i);
        json_text(w, "state", ambs_trial_state_name(o.state));
        json_text(w, "reason", ambs_reason_text(o.reason, o.code, reason));
        json_number(w, "value", o.objective);
        ambs_json_end_object(w);
    }
    ambs_json_end_array(w);
}

void ambs_view_whole_trial_json(const ambs_view *view, const ambs_trial_row *row,
                                ambs_json_writer *w)
{
    ambs_json_object(w);
    trial_members(view, row, w);
    if (ambs_repeats_on(&view->spec->repeats)) evaluations_json(view, row, w);
    ambs_json_end_object(w);
}

static double ranked(const ambs_view *view, const ambs_trial_row *row)
{
    if (!ambs_trial_has_result(row) || isnan(row->objective)) return INFINITY;
    return view->spec->goal == AMBS_MAXIMIZE ? -row->objective : row->objective;
}

int ambs_view_compare(const ambs_view *view, const ambs_trial_row *a, const ambs_trial_row *b)
{
    double u = ranked(view, a), v = ranked(view, b);
    if (u != v) return u < v ? -1 : 1;
    return a->id < b->id ? -1 : a->id > b->id;
}

static int compare_pointers(const void *a, const void *b, void *view)
{
    return ambs_view_compare(view, *(const ambs_trial_row *const *)a,
                             *(const ambs_trial_row *const *)b);
}

static int check_filter(const ambs_trial_filter *filter, ambs_error *err)
{
    static const ambs_trial_state known[] = {
        AMBS_TRIAL_WAITING, AMBS_TRIAL_RUNNING, AMBS_TRIAL_COMPLETE, AMBS_TRIAL_PRUNED,
        AMBS_TRIAL_FAILED,  AMBS_TRIAL_PAUSED,  AMBS_TRIAL_CANCELLED};
    if (filter->state == NULL) return 0;
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        if (strcmp(filter->state, ambs_trial_state_name(known[i])) == 0) return 0;
    }
    return ambs_fail(
        err, AMBS_E_INVALID,
        "found the state '%s', expected waiting, running, complete, pruned, failed, paused or "
        "cancelled",
        filter->state);
}

/* The rows that pass the filter, in the order asked for; *ret_rows is malloc'ed. */
static int select_rows(const ambs_view *view, const ambs_trial_filter *filter,
                       const ambs_trial_row ***ret_rows, size_t *ret_n, ambs_error *err)
{
    const ambs_table *t = view->table;
    const ambs_trial_row **rows = ambs_calloc(t->n, sizeof *rows, err);
    if (rows == NULL) return AMBS_E_NOMEM;
    size_t n = 0;
    for (size_t i = 0; i < t->n; i++) {
        const ambs_trial_row *row = &t->rows[i];
        if (filter->state == NULL || strcmp(filter->state, ambs_trial_state_name(row->state)) == 0)
            rows[n++] = row;
    }
    if (filter->by_objective) qsort_r(rows, n, sizeof *rows, compare_pointers, (void *)view);
    if (filter->limit > 0 && filter->limit < n) {
        if (!filter->by_objective)
            memmove(rows, rows + (n - filter->limit), filter->limit * sizeof *rows);
        n = filter->limit;
    }
    *ret_rows = rows;
    *ret_n = n;
    return 0;
}

static void trials_json(const ambs_view *view, const ambs_trial_row *const *rows, size_t n,
                        ambs_text *out)
{
    ambs_json_writer w;
    ambs_json_begin(&w, out, 2);
    ambs_json_array(&w);
    for (size_t i = 0; i < n; i++) ambs_view_trial_json(view, rows[i], &w);
    ambs_json_end_array(&w);
    ambs_text_add(out, "\n");
}

/* Six digits: enough to tell trials apart; `ambs show` and --json give all. */
static const char *short_number(double value, char *buffer)
{
    if (isnan(value)) return "-";
    snprintf(buffer, 32, "%.6g", value);
    return buffer;
}

static bool is_constant(const ambs_parameter *p)
{
    return p->type == AMBS_PARAMETER_CONSTANT;
}

/* The metrics that get a column beside the first: those searched for, or all that results held. The
 * array ends with NULL and is the caller's, the names are not. */
static int column_metrics(const ambs_view *view, bool all, const char ***ret_names, size_t *ret_n,
                          ambs_error *err)
{
    const ambs_spec *spec = view->spec;
    const char **names = NULL;
    size_t n = 0;
    if (all) {
        int rc = ambs_export_metric_names(view->table, &names, err);
        if (rc != AMBS_OK) return rc;
        while (names[n]) n++;
    } else {
        names = ambs_calloc(spec->n_goals + 1, sizeof *names, err);
        if (names == NULL) return AMBS_E_NOMEM;
        for (size_t j = 1; j < spec->n_goals; j++) names[n++] = spec->goals[j].name;
    }
    *ret_names = names;
    *ret_n = n;
    return AMBS_OK;
}

/* "trial state METRIC… duration PARAMETER…"; numbers stand right. Constants say nothing about a
 * trial. */
static const char **trial_headings(const ambs_view *view, const char **metrics, size_t n_metrics,
                                   char (*buffer)[128], ambs_error *err)
{
    size_t d = ambs_space_dimension(view->spec->space), n = 0;
    const char **headings = ambs_calloc(d + n_metrics + 7, sizeof *headings, err);
    if (headings == NULL) return NULL;
    headings[n++] = ">trial";
    headings[n++] = "state";
    snprintf(buffer[d], sizeof *buffer, ">%s", view->spec->metric);
    headings[n++] = buffer[d];
    for (size_t j = 0; j < n_metrics; j++) {
        snprintf(buffer[d + 1 + j], sizeof *buffer, ">%s", metrics[j]);
        headings[n++] = buffer[d + 1 + j];
    }
    if (ambs_repeats_on(&view->spec->repeats)) {
        headings[n++] = ">mean of";
        headings[n++] = ">std error";
    }
    headings[n++] = ">duration";
    for (size_t i = 0; i < d; i++) {
        const ambs_parameter *p = ambs_space_parameter(view->spec->space, i);
        if (is_constant(p)) continue;
        snprintf(buffer[i], sizeof *buffer, "%s%s", p->n_levels == 0 ? ">" : "", p->name);
        headings[n++] = buffer[i];
    }
    return headings;
}

void ambs_view_add_parameters(const ambs_view *view, const double *x, ambs_columns *c)
{
    char number[64];
    for (size_t i = 0; i < ambs_space_dimension(view->spec->space); i++) {
        const ambs_parameter *p = ambs_space_parameter(view->spec->space, i);
        if (is_constant(p)) continue;
        if (p->n_levels == 0)
            ambs_columns_add(c, short_number(x[i], number));
        else
            ambs_columns_add(
                c, isnan(x[i]) ? "-" : ambs_space_format(view->spec->space, i, x[i], number));
    }
}

static int trials_text(const ambs_view *view, const ambs_trial_row *const *rows, size_t n,
                       const char **metrics, size_t n_metrics, ambs_text *out, ambs_error *err)
{
    const ambs_table *t = view->table;
    char number[32], duration[64], reason[64];
    size_t d = ambs_space_dimension(view->spec->space);
    char(*names)[128] = ambs_calloc(d + n_metrics + 1, sizeof *names, err);
    const char **headings =
        names != NULL ? trial_headings(view, metrics, n_metrics, names, err) : NULL;
    ambs_columns c = {0};
    int rc = headings != NULL ? ambs_columns_init(&c, headings, err) : AMBS_E_NOMEM;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        const ambs_trial_row *row = rows[i];
        ambs_reason_text(row->reason, row->code, reason);
        ambs_columns_addf(&c, "%llu", (unsigned long long)row->id);
        ambs_columns_addf(&c, "%s%s%s", ambs_trial_state_name(row->state), reason[0] ? ": " : "",
                          reason);
        ambs_columns_add(&c, short_number(row->objective, number));
        for (size_t j = 0; j < n_metrics; j++)
            ambs_columns_add(&c, short_number(ambs_export_metric(t, row->id, metrics[j]), number));
        if (ambs_repeats_on(&view->spec->repeats)) {
            ambs_columns_addf(&c, "%u", (unsigned)row->n_evaluations);
            ambs_columns_add(&c, short_number(row->value_error, number));
        }
        ambs_columns_add(
            &c, isnan(row->duration_s) ? "-" : ambs_format_duration(row->duration_s, duration));
        ambs_view_add_parameters(view, &t->x[row->id * t->d], &c);
    }
    if (rc == 0) rc = ambs_columns_print(&c, out, err);
    ambs_columns_fini(&c);
    free(headings);
    free(names);
    return rc;
}

int ambs_view_trials(const ambs_view *view, const ambs_trial_filter *filter, ambs_text *out,
                     ambs_error *err)
{
    const ambs_trial_row **rows;
    size_t n;
    int rc = check_filter(filter, err);
    if (rc == 0) rc = select_rows(view, filter, &rows, &n, err);
    if (rc != 0) return rc;
    const char **metrics = NULL;
    size_t n_metrics = 0;
    if (view->json)
        trials_json(view, rows, n, out);
    else
        rc = column_metrics(view, filter->metrics, &metrics, &n_metrics, err);
    if (rc == 0 && !view->json) rc = trials_text(view, rows, n, metrics, n_metrics, out, err);
    free(metrics);
    free(rows);
    return rc != 0 ? rc : ambs_text_check(out, err);
}

/* "learning_rate  0.001", one parameter a line; inactive ones are left out. */
static int parameters_text(const ambs_view *view, const double *x, ambs_text *out, ambs_error *err)
{
    ambs_columns c;
    char number[64];
    int rc = ambs_columns_init(&c, (const char *[]){"parameter", "value", NULL}, err);
    for (size_t i = 0; rc == 0 && i < ambs_space_dimension(view->spec->space); i++) {
        if (isnan(x[i])) continue;
        ambs_columns_add(&c, ambs_space_parameter(view->spec->space, i)->name);
        ambs_columns_add(&c, ambs_space_format(view->spec->space, i, x[i], number));
    }
    if (rc == 0) rc = ambs_columns_print(&c, out, err);
    ambs_columns_fini(&c);
    return rc;
}

/* "mean of 4 evaluations, standard deviation 0.31; the true mean is with 95 % between 0.1 and 0.5" */
static void show_repeats(const ambs_view *view, const ambs_trial_row *row, ambs_text *out)
{
    double reach = ambs_study_reach(view->spec, view->table, row->id);
    if (!ambs_repeats_on(&view->spec->repeats) || row->n_evaluations == 0) return;
    ambs_text_addf(out, "%s of %u evaluation%s", row->n_evaluations > 1 ? "mean" : "value",
                   (unsigned)row->n_evaluations, row->n_evaluations > 1 ? "s" : "");
    if (row->n_refused > 0) ambs_text_addf(out, " (%u more failed)", (unsigned)row->n_refused);
    if (!isnan(row->value_sd)) ambs_text_addf(out, ", standard deviation %.3g", row->value_sd);
    if (!isnan(reach))
        ambs_text_addf(out, "; the true mean is with %.4g %% between %.6g and %.6g",
                       100 * view->spec->repeats.confidence, row->objective - reach,
                       row->objective + reach);
    ambs_text_add(out, "\n");
}

static void show_head(const ambs_view *view, const ambs_trial_row *row, ambs_text *out)
{
    const ambs_table *t = view->table;
    char number[32], buffer[64];
    ambs_reason_text(row->reason, row->code, buffer);
    ambs_text_addf(out, "trial %llu: %s%s%s\n", (unsigned long long)row->id,
                   ambs_trial_state_name(row->state), buffer[0] ? ", " : "", buffer);
    if (!isnan(row->objective)) {
        ambs_text_addf(out, "%s = %s\n", view->spec->metric,
                       ambs_format_double(row->objective, number));
        show_repeats(view, row, out);
    }
    if (!isnan(row->mean) && row->sd > 0) { /* a model of one value knows nothing */
        ambs_text_addf(out, "predicted %.6g ± %.2g before it ran\n", row->mean, row->sd);
    }
    for (size_t i = 0; i < row->n_metrics; i++) {
        const ambs_metric *m = &t->metrics[row->metrics + i];
        ambs_text_addf(out, "%s = %s\n", m->name, ambs_format_double(m->value, number));
    }
    ambs_text_addf(out, "proposed %s by %s, %llu result%s and %llu lie%s known, made in %.3g ms\n",
                   ambs_clock_format_utc(row->proposed_s, buffer), origin_name(row->origin),
                   (unsigned long long)row->n_told, row->n_told == 1 ? "" : "s",
                   (unsigned long long)row->n_lies, row->n_lies == 1 ? "" : "s",
                   1e3 * row->latency_s);
    if (!isnan(row->duration_s))
        ambs_text_addf(out, "ran %s\n", ambs_format_duration(row->duration_s, buffer));
    if (row->message[0] != '\0') ambs_text_addf(out, "message: %s\n", row->message);
}

/* Of a trial that was evaluated more than once: each evaluation. */
static int evaluations_text(const ambs_view *view, const ambs_trial_row *row, ambs_text *out,
                            ambs_error *err)
{
    char number[32], reason[64];
    ambs_columns c;
    if (row->n_asked < 2) return 0;
    int rc = ambs_columns_init(&c, (const char *[]){">repeat", "state", ">value", NULL}, err);
    for (uint32_t i = 0; rc == 0 && i < row->n_asked; i++) {
        ambs_outcome o;
        ambs_table_evaluation(view->table, row->id, i, &o);
        ambs_reason_text(o.reason, o.code, reason);
        ambs_columns_addf(&c, "%u", (unsigned)i);
        ambs_columns_addf(&c, "%s%s%s", ambs_trial_state_name(o.state), reason[0] ? ": " : "",
                          reason);
        ambs_columns_add(&c, short_number(o.objective, number));
    }
    if (rc == 0) rc = ambs_columns_print(&c, out, err);
    ambs_columns_fini(&c);
    ambs_text_add(out, "\n");
    return rc;
}

static int attempts_text(const ambs_view *view, uint64_t trial, ambs_text *out, ambs_error *err)
{
    const ambs_table *t = view->table;
    char start[64], duration[64], reason[64];
    ambs_columns c;
    int rc = ambs_columns_init(
        &c, (const char *[]){">attempt", ">rank", ">slot", "started", ">duration", "ended", NULL},
        err);
    for (size_t i = 0; rc == 0 && i < t->n_attempts; i++) {
        const ambs_attempt_row *a = &t->attempts[i];
        if (a->trial != trial) continue;
        ambs_reason_text(a->reason, a->code, reason);
        ambs_columns_addf(&c, "%u", a->attempt);
        ambs_columns_addf(&c, "%u", a->rank);
        ambs_columns_addf(&c, "%u", a->slot);
        ambs_columns_add(&c, ambs_clock_format_utc(a->start_s, start));
        ambs_columns_add(&c, isnan(a->duration_s) ? "-"
                                                  : ambs_format_duration(a->duration_s, duration));
        ambs_columns_addf(&c, "%s%s%s", ambs_trial_state_name(a->state), reason[0] ? ": " : "",
                          reason);
    }
    if (rc == 0) rc = ambs_columns_print(&c, out, err);
    ambs_columns_fini(&c);
    return rc;
}

/* What the last attempt printed that is on record. */
static void output_text(const ambs_view *view, const ambs_trial_row *row, ambs_text *out)
{
    const ambs_table *t = view->table;
    char printed[40];
    for (int stream = AMBS_STREAM_OUT; stream <= AMBS_STREAM_ERR; stream++) {
        bool any = false;
        for (size_t i = 0; i < t->n_outputs; i++) {
            const ambs_output_row *o = &t->outputs[i];
            if (o->trial != row->id || o->attempt != row->n_attempts || (int)o->stream != stream)
                continue;
            if (!any)
                ambs_text_addf(out, "\n%s of attempt %u, %s printed:\n",
                               stream == AMBS_STREAM_ERR ? "standard error" : "standard output",
                               (unsigned)o->attempt,
                               ambs_format_bytes((double)o->printed, printed));
            any = true;
            ambs_text_add(out, o->text);
        }
        if (any && out->length > 0 && out->text[out->length - 1] != '\n') ambs_text_add(out, "\n");
    }
}

static int show_text(const ambs_view *view, const ambs_trial_row *row, ambs_text *out,
                     ambs_error *err)
{
    show_head(view, row, out);
    ambs_text_add(out, "\n");
    int rc = parameters_text(view, &view->table->x[row->id * view->table->d], out, err);
    if (rc != 0 || row->n_attempts == 0) return rc;
    ambs_text_add(out, "\n");
    rc = evaluations_text(view, row, out, err);
    if (rc != 0) return rc;
    rc = attempts_text(view, row->id, out, err);
    output_text(view, row, out);
    return rc;
}

int ambs_view_show(const ambs_view *view, uint64_t trial, ambs_text *out, ambs_error *err)
{
    const ambs_table *t = view->table;
    if (t->n == 0) return ambs_fail(err, AMBS_E_NOT_FOUND, "the study has no trials yet");
    if (trial >= t->n) {
        return ambs_fail(err, AMBS_E_NOT_FOUND,
                         "found no trial %llu; the study has the trials 0 to %zu",
                         (unsigned long long)trial, t->n - 1);
    }
    if (!view->json) {
        int rc = show_text(view, &t->rows[trial], out, err);
        return rc != 0 ? rc : ambs_text_check(out, err);
    }
    ambs_json_writer w;
    ambs_json_begin(&w, out, 2);
    ambs_view_whole_trial_json(view, &t->rows[trial], &w);
    ambs_text_add(out, "\n");
    return ambs_text_check(out, err);
}

int ambs_view_best(const ambs_view *view, ambs_text *out, ambs_error *err)
{
    uint64_t best = ambs_view_best_trial(view);
    if (best == UINT64_MAX) {
        return ambs_fail(
            err, AMBS_E_NOT_FOUND, "no trial is complete yet (%llu failed, %llu running)",
            (unsigned long long)view->table->n_failed, (unsigned long long)view->table->n_running);
    }
    if (view->spec->n_goals > 1) return ambs_view_front(view, out, err);
    return ambs_view_show(view, best, out, err);
}
