/* SPDX-License-Identifier: MIT */
/* The study as understood, for `ambs check`: label column, then values; the space as a table. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "objective/objective.h"
#include "search/method.h"
#include "study/spec.h"

enum { LABEL = 13, COLUMNS = 8, CELL_MAX = 48 };

static void label(ambs_text *out, const char *name)
{
    ambs_text_addf(out, "%-*s", LABEL, name);
}

/* Bytes that show: UTF-8 continuation bytes take no room. */
static size_t width(const char *text)
{
    size_t n = 0;
    for (; *text; text++) n += ((unsigned char)*text & 0xC0) != 0x80;
    return n;
}

/* ---- the table of parameters --------------------------------------------------------------- */

/* Cells are owned texts, [n_rows, COLUMNS]; the first row is the head. */
typedef struct table {
    char **cell;
    size_t n_rows;
    bool failed;
} table;

static void set_cell(table *t, size_t row, size_t column, const char *text)
{
    t->cell[row * COLUMNS + column] = ambs_strdup(text ? text : "", NULL);
    if (!t->cell[row * COLUMNS + column]) t->failed = true;
}

static void add_range(const ambs_parameter *p, ambs_text *out)
{
    char a[32], b[32], c[32];
    if (p->type == AMBS_PARAMETER_FLOAT || p->type == AMBS_PARAMETER_INT) {
        ambs_text_addf(out, "%s to %s", ambs_format_double(p->min, a),
                       ambs_format_double(p->max, b));
        if (p->step > 0) ambs_text_addf(out, " by %s", ambs_format_double(p->step, c));
        return;
    }
    for (size_t k = 0; k < p->n_levels; k++) {
        if (out->length > CELL_MAX) {
            ambs_text_addf(out, ", … %zu more", p->n_levels - k);
            return;
        }
        ambs_text_addf(out, "%s%.40s", k > 0 ? ", " : "", p->levels[k].text);
        if (p->probabilities) ambs_text_addf(out, " (%.3g)", p->probabilities[k]);
    }
}

/* "1e-3, sd 0.1 of the range", or the weights. */
static void add_prior(const ambs_space *space, size_t i, ambs_text *out)
{
    const ambs_parameter *p = ambs_space_parameter(space, i);
    char buffer[32];
    if (p->prior.spread > 0)
        ambs_text_addf(out, "%s, sd %.3g of the range",
                       ambs_space_format(space, i, p->prior.center, buffer), p->prior.spread);
    for (size_t k = 0; p->prior.weights && k < p->n_levels && out->length < CELL_MAX; k++)
        ambs_text_addf(out, "%s%.3g", k > 0 ? " : " : "", p->prior.weights[k]);
}

/* How many values it has, "" for a continuous one. */
static void add_count(const ambs_parameter *p, ambs_text *out)
{
    double n = (double)p->n_levels;
    if (p->type == AMBS_PARAMETER_INT)
        n = floor((p->max - p->min) / (p->step > 0 ? p->step : 1)) + 1;
    if (p->type == AMBS_PARAMETER_FLOAT)
        n = p->step > 0 ? floor((p->max - p->min) / p->step + 1.5) : 0;
    char buffer[32];
    if (n > 0) ambs_text_add(out, ambs_format_double(n, buffer));
}

static void fill_row(table *t, const ambs_space *space, size_t i)
{
    static const char *const types[] = {"float", "int", "ordinal", "categorical", "constant"};
    static const char *const scales[] = {"linear", "log", "reverse_log", "logit"};
    const ambs_parameter *p = ambs_space_parameter(space, i);
    bool numeric = p->type == AMBS_PARAMETER_FLOAT || p->type == AMBS_PARAMETER_INT;
    ambs_text range = {0}, count = {0}, prior = {0};
    char buffer[32];
    add_prior(space, i, &prior);
    add_range(p, &range);
    add_count(p, &count);
    set_cell(t, i + 1, 0, p->name);
    set_cell(t, i + 1, 1, types[p->type]);
    set_cell(t, i + 1, 2, numeric ? scales[p->scale] : "");
    set_cell(t, i + 1, 3, range.text);
    set_cell(t, i + 1, 4, count.text);
    set_cell(t, i + 1, 5, isnan(p->initial) ? "" : ambs_space_format(space, i, p->initial, buffer));
    set_cell(t, i + 1, 6, prior.text);
    set_cell(t, i + 1, 7, ambs_space_condition_text(space, i));
    if (range.failed || count.failed || prior.failed) t->failed = true;
    ambs_text_fini(&prior);
    ambs_text_fini(&range);
    ambs_text_fini(&count);
}

/* Columns that are empty in every row are left out; the last shown one is not padded. */
static void write_table(const table *t, ambs_text *out)
{
    size_t wide[COLUMNS], last[COLUMNS] = {0};
    for (size_t c = 0; c < COLUMNS; c++) {
        bool empty = true;
        wide[c] = width(t->cell[c]);
        for (size_t i = 1; i < t->n_rows; i++) {
            size_t w = width(t->cell[i * COLUMNS + c]);
            if (w > 0) empty = false;
            if (w > wide[c]) wide[c] = w;
        }
        if (empty) wide[c] = 0;
        last[c] = wide[c];
    }
    for (size_t i = 0; i < t->n_rows; i++) {
        size_t gap = 2;
        for (size_t c = 0; c < COLUMNS; c++) {
            const char *text = t->cell[i * COLUMNS + c];
            if (wide[c] == 0) continue;
            if (text[0] != '\0') {
                ambs_text_addf(out, "%*s%s", (int)gap, "", text);
                gap = 0;
            }
            gap += 2 + last[c] - (text[0] != '\0' ? width(text) : 0);
        }
        ambs_text_add(out, "\n");
    }
}

static void print_parameters(const ambs_space *space, ambs_text *out)
{
    static const char *const heads[COLUMNS] = {"parameter", "type",    "scale", "range or values",
                                               "count",     "default", "prior", "when"};
    table t = {.n_rows = ambs_space_dimension(space) + 1};
    t.cell = ambs_calloc(t.n_rows * COLUMNS, sizeof *t.cell, NULL);
    if (!t.cell) {
        out->failed = true;
        return;
    }
    for (size_t c = 0; c < COLUMNS; c++) set_cell(&t, 0, c, heads[c]);
    for (size_t i = 0; i + 1 < t.n_rows; i++) fill_row(&t, space, i);
    if (t.failed)
        out->failed = true;
    else
        write_table(&t, out);
    for (size_t i = 0; i < t.n_rows * COLUMNS; i++) free(t.cell[i]);
    free(t.cell);
}

static void print_space(const ambs_space *space, ambs_text *out)
{
    bool exact;
    double size = ambs_space_cardinality(space, &exact);
    size_t d = ambs_space_dimension(space), n = ambs_space_n_constraints(space);
    char number[32];
    label(out, "space");
    ambs_text_addf(out, "%zu parameter%s, ", d, d == 1 ? "" : "s");
    if (isinf(size))
        ambs_text_add(out, "continuous\n");
    else
        ambs_text_addf(out, "%s%s configuration%s\n", exact ? "" : "at most ",
                       ambs_format_double(size, number), size == 1 ? "" : "s");
    print_parameters(space, out);
    if (n == 0) return;
    label(out, "constraints");
    ambs_text_addf(out, "%zu; %.3g %% of random configurations satisfy %s\n", n,
                   100 * ambs_space_feasible_rate(space), n == 1 ? "it" : "them");
    for (size_t i = 0; i < n; i++)
        ambs_text_addf(out, "  %s\n", ambs_space_constraint_text(space, i));
}

/* ---- the rest ------------------------------------------------------------------------------ */

static void print_options(const ambs_option *options, const void *values, ambs_text *out)
{
    for (const ambs_option *o = options; o && o->name; o++) {
        ambs_text value = {0};
        ambs_options_print(o, values, &value);
        if (value.text && value.text[0] != '\0')
            ambs_text_addf(out, "  %s: %s\n", o->name, value.text);
        if (value.failed) out->failed = true;
        ambs_text_fini(&value);
    }
}

static void print_objective(const ambs_spec *spec, ambs_text *out)
{
    label(out, "objective");
    if (!spec->objective) {
        ambs_text_add(out, "none: the study can be served (ambs serve), not run\n");
        return;
    }
    for (size_t i = 0; i < spec->n_objective_settings; i++)
        ambs_text_addf(out, "%s%s: %s\n", i > 0 ? "  " : "", spec->objective_settings[i].name,
                       spec->objective_settings[i].value);
    if (spec->objective->describe) {
        ambs_text_add(out, "  ");
        spec->objective->describe(spec->objective_options, spec->space, out);
        ambs_text_add(out, "\n");
    }
}

static void print_method(const ambs_spec *spec, ambs_text *out)
{
    label(out, "method");
    ambs_text_addf(out, "%s (%s)\n", spec->method->member.name, spec->method->member.summary);
    if (spec->method->describe) {
        ambs_text_add(out, "  ");
        spec->method->describe(spec, spec->method_options, out);
        ambs_text_add(out, "\n");
    }
    print_options(spec->method->member.options, spec->method_options, out);
    for (size_t i = 0; i < spec->n_initial; i++) {
        ambs_text_addf(out, "  point %zu:", i + 1);
        for (size_t k = 0; k < ambs_space_dimension(spec->space); k++) {
            double value = spec->initial_points[i * ambs_space_dimension(spec->space) + k];
            char buffer[32];
            if (!isnan(value))
                ambs_text_addf(out, " %s=%s", ambs_space_parameter(spec->space, k)->name,
                               ambs_space_format(spec->space, k, value, buffer));
        }
        ambs_text_add(out, "\n");
    }
}

static void print_warm(const ambs_spec *spec, ambs_text *out)
{
    char weight[32];
    for (size_t i = 0; i < spec->warm.n; i++) {
        const ambs_warm_source *s = &spec->warm.sources[i];
        label(out, i == 0 ? "warm start" : "");
        ambs_text_addf(out, "%s: %zu trials, weight %s; the best %zu are tried first\n", s->path,
                       s->n, isnan(s->weight) ? "auto" : ambs_format_double(s->weight, weight),
                       s->n_points < s->n ? s->n_points : s->n);
    }
}

static void print_metrics(const ambs_spec *spec, ambs_text *out)
{
    char number[32];
    label(out, spec->n_goals > 1 ? "metrics" : "metric");
    if (spec->n_goals < 2)
        ambs_text_addf(out, "%s, %s\n", spec->metric,
                       spec->goal == AMBS_MAXIMIZE ? "maximized" : "minimized");
    else
        ambs_text_addf(out, "%zu goals: what no other trial beats in all of them is the front\n",
                       spec->n_goals);
    for (size_t i = 0; i < spec->n_goals; i++) {
        const ambs_spec_goal *g = &spec->goals[i];
        ambs_text_addf(out, "  %s, %s", g->name,
                       g->goal == AMBS_MAXIMIZE ? "maximized" : "minimized");
        if (!isnan(g->reference))
            ambs_text_addf(out, ", of use %s %s", g->goal == AMBS_MAXIMIZE ? "above" : "below",
                           ambs_format_double(g->reference, number));
        ambs_text_add(out, "\n");
    }
}

/* What ends the study: one metric's target, or all that several have. */
static void print_targets(const ambs_spec *spec, ambs_text *out)
{
    char target[32];
    const char *joint = "; ends when ";
    if (!isnan(spec->target))
        ambs_text_addf(out, "; ends when %s %s %s", spec->metric,
                       spec->goal == AMBS_MAXIMIZE ? "reaches" : "falls to",
                       ambs_format_double(spec->target, target));
    for (size_t i = 0; i < spec->n_goals; i++) {
        const ambs_spec_goal *g = &spec->goals[i];
        if (isnan(g->target)) continue;
        ambs_text_addf(out, "%s%s %s %s", joint, g->name,
                       g->goal == AMBS_MAXIMIZE ? "reaches" : "falls to",
                       ambs_format_double(g->target, target));
        joint = " and ";
    }
    if (joint[0] == ' ') ambs_text_add(out, " in one trial");
}

static void print_budget(const ambs_spec *spec, ambs_text *out)
{
    const ambs_budget *b = &spec->budget;
    char time[40];
    label(out, "budget");
    if (b->trials > 0)
        ambs_text_addf(out, "%llu %s%s", (unsigned long long)b->trials,
                       ambs_repeats_on(&spec->repeats) ? "evaluation" : "trial",
                       b->trials == 1 ? "" : "s");
    if (!isnan(b->time_s))
        ambs_text_addf(out, "%s%s", b->trials > 0 ? ", " : "",
                       ambs_format_duration(b->time_s, time));
    if (b->trials == 0 && isnan(b->time_s))
        ambs_text_add(out, "no limit: runs until the space is exhausted or it is stopped");
    print_targets(spec, out);
    ambs_text_add(out, "\n");
    label(out, "failures");
    if (b->failures_total > 0)
        ambs_text_addf(out, "ends after %llu, or ", (unsigned long long)b->failures_total);
    ambs_text_addf(out, "%s%llu in a row\n", b->failures_total > 0 ? "" : "ends after ",
                   (unsigned long long)b->failures_in_row);
}

static void print_repeats(const ambs_spec *spec, ambs_text *out)
{
    const ambs_repeats *r = &spec->repeats;
    unsigned long long n = (unsigned long long)ambs_spec_configurations(spec, spec->budget.trials);
    if (!ambs_repeats_on(r)) return;
    label(out, "repeats");
    if (r->min == r->max)
        ambs_text_addf(out, "each configuration is evaluated %u times", (unsigned)r->max);
    else
        ambs_text_addf(out,
                       "%u evaluation%s of each configuration, up to %u of those that may be the "
                       "best, until it is known with %.4g %% confidence",
                       (unsigned)r->min, r->min == 1 ? "" : "s", (unsigned)r->max,
                       100 * r->confidence);
    if (n > 0)
        ambs_text_addf(out, "; the budget counts evaluations: at most %llu configuration%s", n,
                       n == 1 ? "" : "s");
    ambs_text_add(out, "\n");
}

static void print_worker(const ambs_spec *spec, ambs_text *out)
{
    const ambs_trial_limits *t = &spec->trial;
    char timeout[40], grace[40];
    label(out, "each worker");
    char memory[32];
    if (t->cores_given)
        ambs_text_addf(out, "%u core%s, ", (unsigned)t->cores, t->cores == 1 ? "" : "s");
    else
        ambs_text_add(out, "its part of the host's cores, ");
    if (t->gpus > 0) ambs_text_addf(out, "%u GPU%s, ", (unsigned)t->gpus, t->gpus == 1 ? "" : "s");
    if (!isnan(t->memory_bytes)) {
        snprintf(memory, sizeof memory, "%.4g GiB, ", t->memory_bytes / 1073741824.0);
        ambs_text_add(out, memory);
    }
    if (isnan(t->timeout_s))
        ambs_text_add(out, "no time limit");
    else
        ambs_text_addf(out, "%s a trial", ambs_format_duration(t->timeout_s, timeout));
    ambs_text_addf(out, ", %s from TERM to KILL, %u attempt%s when workers are lost\n",
                   ambs_format_duration(t->grace_s, grace), (unsigned)t->attempts,
                   t->attempts == 1 ? "" : "s");
}

/* Of commands: where they work, what stays of it, and of what they print. */
static void print_folders(const ambs_spec *spec, ambs_text *out)
{
    static const char *const kept[] = {"removed", "kept where a trial fails", "kept"};
    const ambs_trial_limits *t = &spec->trial;
    const ambs_output_limits *o = &t->output;
    char head[40], tail[40], more[40];
    if (!spec->argv) return;
    label(out, "works in");
    ambs_text_addf(out, "%s; a folder of each attempt in %s, %s\n",
                   t->in_study_folder ? "the study's folder" : "a folder of its own",
                   t->scratch ? t->scratch : "$TMPDIR", kept[t->keep]);
    if (t->checkpoint) {
        label(out, "checkpoints");
        ambs_text_add(out, "beside the study file; asked for by USR1 before a deadline\n");
    }
    label(out, "output");
    ambs_text_addf(out, "recorded of each stream: the first %s and last %s",
                   ambs_format_bytes((double)o->head_bytes, head),
                   ambs_format_bytes((double)o->tail_bytes, tail));
    if (!isnan(o->complete_bytes))
        ambs_text_addf(out, " where a trial failed, else the last %s",
                       ambs_format_bytes(o->complete_bytes, more));
    if (!isnan(o->limit_bytes))
        ambs_text_addf(out, "; more than %s ends a trial", ambs_format_bytes(o->limit_bytes, more));
    ambs_text_add(out, "\n");
}

static void print_retry(const ambs_retry *retry, ambs_text *out)
{
    if (retry->max == 0) return;
    label(out, "retried");
    ambs_text_addf(out, "up to %u time%s: ", retry->max, retry->max == 1 ? "" : "s");
    ambs_retry_print(retry, out);
    ambs_text_add(out, "\n");
}

static void print_files(const ambs_spec *spec, const char *output, ambs_text *out)
{
    char snapshot[40];
    label(out, "study file");
    ambs_text_addf(out, "%s, written anew every %s or more rarely\n", output,
                   ambs_format_duration(spec->manager.snapshot_s, snapshot));
    label(out, "journal");
    ambs_text_addf(out, "beside it, %s\n",
                   spec->durability == AMBS_DURABILITY_RESULT
                       ? "each result on disk before the worker goes on"
                       : "results on disk in groups");
}

static void print_deadline(const ambs_continuation *c, ambs_text *out)
{
    if (c->action == AMBS_ON_DEADLINE_STOP) return;
    label(out, "on deadline");
    ambs_text_addf(out, "the batch job %s, up to %u lives\n",
                   c->action == AMBS_ON_DEADLINE_REQUEUE ? "requeues itself"
                                                         : "is submitted once more",
                   c->lives);
}

static void print_surrogate(const ambs_surrogate_settings *s, ambs_text *out)
{
    char limit[40];
    if (s->ranks == 0) return;
    label(out, "the model's");
    ambs_text_addf(out, "%u rank%s, from %llu results on, up to %s an answer\n", (unsigned)s->ranks,
                   s->ranks == 1 ? "" : "s", (unsigned long long)s->from,
                   ambs_format_duration(s->time_limit_s, limit));
}

void ambs_spec_print(const ambs_spec *spec, const char *output, ambs_text *out)
{
    label(out, "study");
    ambs_text_addf(out, "%s, seed %llu, from %s\n", spec->name, (unsigned long long)spec->seed,
                   spec->file);
    print_metrics(spec, out);
    print_objective(spec, out);
    print_space(spec->space, out);
    print_method(spec, out);
    print_surrogate(&spec->surrogate, out);
    print_warm(spec, out);
    print_budget(spec, out);
    print_repeats(spec, out);
    print_worker(spec, out);
    print_folders(spec, out);
    print_retry(&spec->retry, out);
    print_deadline(&spec->on_deadline, out);
    print_files(spec, output, out);
    if (spec->n_notes > 0) ambs_text_add(out, "notes\n");
    for (size_t i = 0; i < spec->n_notes; i++) ambs_text_addf(out, "  %s\n", spec->notes[i]);
}
