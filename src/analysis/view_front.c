/* SPDX-License-Identifier: MIT */
/* What `ambs best`, `status` and `curve` show of a study with several metrics. */
#include "analysis/view_front.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "analysis/columns.h"
#include "analysis/view_trial.h"
#include "base/memory.h"
#include "space/space.h"

/* "error below 0.4, latency below 110": what the hypervolume is measured to. */
static void reference_text(const ambs_view *view, const ambs_front *f, ambs_text *out)
{
    char number[32];
    for (size_t j = 0; j < f->m; j++) {
        const ambs_spec_goal *g = &view->spec->goals[j];
        snprintf(number, sizeof number, "%.6g", f->reference[j]);
        ambs_text_addf(out, "%s%s %s %s", j > 0 ? ", " : "", g->name,
                       g->goal == AMBS_MAXIMIZE ? "above" : "below", number);
    }
}

static void volume_text(const ambs_view *view, const ambs_front *f, ambs_text *out)
{
    if (isnan(f->hypervolume))
        ambs_text_add(out, "hypervolume not computed: it takes too long for so many trials");
    else
        ambs_text_addf(out, "hypervolume %.6g", f->hypervolume);
    ambs_text_add(out, " (");
    reference_text(view, f, out);
    ambs_text_add(out, ")");
}

void ambs_view_front_json(const ambs_view *view, const ambs_front *f, ambs_json_writer *w)
{
    ambs_json_key(w, "hypervolume"), ambs_json_double(w, f->hypervolume);
    ambs_json_key(w, "metrics");
    ambs_json_array(w);
    for (size_t j = 0; j < f->m; j++) {
        const ambs_spec_goal *g = &view->spec->goals[j];
        ambs_json_object(w);
        ambs_json_key(w, "name"), ambs_json_string(w, g->name);
        ambs_json_key(w, "goal");
        ambs_json_string(w, g->goal == AMBS_MAXIMIZE ? "maximize" : "minimize");
        ambs_json_key(w, "reference"), ambs_json_double(w, f->reference[j]);
        ambs_json_end_object(w);
    }
    ambs_json_end_array(w);
}

/* The hypervolume after each quarter of the results: does the study still gain? */
static int growth_text(const ambs_view *view, const ambs_front *f, ambs_text *out, ambs_error *err)
{
    ambs_front_step *steps = NULL;
    size_t n = 0, finished = 0;
    const ambs_table *t = view->table;
    int rc = ambs_front_history(t, view->spec, f, &steps, &n, err);
    if (rc != AMBS_OK) return rc;
    for (size_t i = 0; i < t->n_inputs; i++) finished += t->inputs[i].type != AMBS_RECORD_CANCEL;
    for (size_t quarter = 1; quarter <= 4; quarter++) {
        size_t until = finished * quarter / 4, k = 0;
        while (k < n && steps[k].n_finished <= until) k++;
        ambs_text_addf(out, "%s%.4g (%zu) after %zu", quarter > 1 ? ", " : "",
                       k > 0 ? steps[k - 1].hypervolume : 0.0, k > 0 ? steps[k - 1].n : 0, until);
    }
    free(steps);
    return AMBS_OK;
}

int ambs_view_front_status(const ambs_view *view, ambs_text *out, ambs_error *err)
{
    ambs_front f = {0};
    int rc = ambs_front_create(view->table, view->spec, &f, err);
    if (rc == AMBS_OK && f.n > 0) {
        ambs_text_addf(out, "%-12s %zu trial%s, ", "front", f.n, f.n == 1 ? "" : "s");
        volume_text(view, &f, out);
        ambs_text_addf(out, "\n%-12s ", "growth");
        rc = growth_text(view, &f, out, err);
        ambs_text_add(out, " results\n");
    }
    ambs_front_fini(&f);
    return rc;
}

/* "trial METRIC… duration PARAMETER…" */
static const char **headings_of(const ambs_view *view, char (*buffer)[128], ambs_error *err)
{
    const ambs_spec *spec = view->spec;
    size_t d = ambs_space_dimension(spec->space), n = 0, used = 0;
    const char **headings = ambs_calloc(d + spec->n_goals + 3, sizeof *headings, err);
    if (!headings) return NULL;
    headings[n++] = ">trial";
    for (size_t j = 0; j < spec->n_goals; j++) {
        snprintf(buffer[used], sizeof *buffer, ">%s", spec->goals[j].name);
        headings[n++] = buffer[used++];
    }
    for (size_t i = 0; i < d; i++) {
        const ambs_parameter *p = ambs_space_parameter(spec->space, i);
        if (p->type == AMBS_PARAMETER_CONSTANT) continue;
        snprintf(buffer[used], sizeof *buffer, "%s%s", p->n_levels == 0 ? ">" : "", p->name);
        headings[n++] = buffer[used++];
    }
    return headings;
}

static int front_table(const ambs_view *view, const ambs_front *f, ambs_text *out, ambs_error *err)
{
    const ambs_table *t = view->table;
    char(*names)[128] = ambs_calloc(t->d + f->m + 1, sizeof *names, err);
    const char **headings = names ? headings_of(view, names, err) : NULL;
    ambs_columns c = {0};
    int rc = headings ? ambs_columns_init(&c, headings, err) : AMBS_E_NOMEM;
    for (size_t k = 0; rc == AMBS_OK && k < f->n; k++) {
        ambs_columns_addf(&c, "%llu", (unsigned long long)f->trial[k]);
        for (size_t j = 0; j < f->m; j++) ambs_columns_addf(&c, "%.6g", f->values[k * f->m + j]);
        ambs_view_add_parameters(view, &t->x[f->trial[k] * t->d], &c);
    }
    if (rc == AMBS_OK) rc = ambs_columns_print(&c, out, err);
    ambs_columns_fini(&c);
    free(headings);
    free(names);
    return rc;
}

static void front_json(const ambs_view *view, const ambs_front *f, ambs_text *out)
{
    ambs_json_writer w;
    ambs_json_begin(&w, out, 2);
    ambs_json_object(&w);
    ambs_view_front_json(view, f, &w);
    ambs_json_key(&w, "front");
    ambs_json_array(&w);
    for (size_t k = 0; k < f->n; k++)
        ambs_view_trial_json(view, &view->table->rows[f->trial[k]], &w);
    ambs_json_end_array(&w);
    ambs_json_end_object(&w);
    ambs_text_add(out, "\n");
}

int ambs_view_front(const ambs_view *view, ambs_text *out, ambs_error *err)
{
    ambs_front f = {0};
    int rc = ambs_front_create(view->table, view->spec, &f, err);
    if (rc == AMBS_OK && view->json) {
        front_json(view, &f, out);
    } else if (rc == AMBS_OK) {
        ambs_text_addf(out, "%zu trial%s that no other beats in all metrics; ", f.n,
                       f.n == 1 ? "" : "s");
        volume_text(view, &f, out);
        ambs_text_add(out, "\n\n");
        rc = front_table(view, &f, out, err);
    }
    ambs_front_fini(&f);
    return rc == AMBS_OK ? ambs_text_check(out, err) : rc;
}

static void growth_json(const ambs_view *view, const ambs_front_step *steps, size_t n, double zero,
                        ambs_text *out)
{
    ambs_json_writer w;
    ambs_json_begin(&w, out, 2);
    ambs_json_array(&w);
    for (size_t i = 0; i < n; i++) {
        const ambs_front_step *s = &steps[i];
        ambs_json_object(&w);
        ambs_json_key(&w, "finished"), ambs_json_int(&w, (long long)s->n_finished);
        ambs_json_key(&w, "trial"), ambs_json_int(&w, (long long)s->trial);
        ambs_json_key(&w, "front"), ambs_json_int(&w, (long long)s->n);
        ambs_json_key(&w, "hypervolume"), ambs_json_double(&w, s->hypervolume);
        ambs_json_key(&w, "after_s");
        ambs_json_double(&w, view->table->rows[s->trial].received_s - zero);
        ambs_json_end_object(&w);
    }
    ambs_json_end_array(&w);
    ambs_text_add(out, "\n");
}

static int growth_table(const ambs_view *view, const ambs_front_step *steps, size_t n, double zero,
                        ambs_text *out, ambs_error *err)
{
    static const char *const headings[] = {">finished",    ">trial", ">front",
                                           ">hypervolume", ">after", NULL};
    char elapsed[64];
    ambs_columns c = {0};
    int rc = ambs_columns_init(&c, headings, err);
    for (size_t i = 0; rc == AMBS_OK && i < n; i++) {
        const ambs_front_step *s = &steps[i];
        ambs_columns_addf(&c, "%zu", s->n_finished);
        ambs_columns_addf(&c, "%llu", (unsigned long long)s->trial);
        ambs_columns_addf(&c, "%zu", s->n);
        ambs_columns_addf(&c, "%.6g", s->hypervolume);
        ambs_columns_add(
            &c, ambs_format_duration(view->table->rows[s->trial].received_s - zero, elapsed));
    }
    if (rc == AMBS_OK) rc = ambs_columns_print(&c, out, err);
    ambs_columns_fini(&c);
    return rc;
}

int ambs_view_front_growth(const ambs_view *view, ambs_text *out, ambs_error *err)
{
    const ambs_table *t = view->table;
    double zero = t->n_lives > 0 ? t->lives[0].start_s : 0;
    ambs_front f = {0};
    ambs_front_step *steps = NULL;
    size_t n = 0;
    int rc = ambs_front_create(t, view->spec, &f, err);
    if (rc == AMBS_OK) rc = ambs_front_history(t, view->spec, &f, &steps, &n, err);
    if (rc == AMBS_OK && view->json) growth_json(view, steps, n, zero, out);
    if (rc == AMBS_OK && !view->json) rc = growth_table(view, steps, n, zero, out, err);
    free(steps);
    ambs_front_fini(&f);
    return rc;
}
