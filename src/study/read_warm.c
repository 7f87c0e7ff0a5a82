/* SPDX-License-Identifier: MIT */
/* Earlier studies that a new one takes over from:
 *     warm_start: old.h5
 *     warm_start: [old.h5, {study: other.h5, weight: 0.5, points: 5}]
 * What fits into the space is read once, when the study is begun, and goes into its recorded text as
 * lines "# --warm NUMBER rank x1 x2 …;rank x1 …"; from then on the old files are not needed. A file
 * that cannot be read is told only when the study is begun (ambs_warm.missing): one that is resumed
 * has it all in its record. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "search/method.h"
#include "space/space.h"
#include "study/read.h"
#include "study/store.h"

enum { DEFAULT_POINTS = 3, MOST_POINTS = 100, BEST_ROWS = AMBS_WARM_ROWS / 2 };

/* A trial of an old study. */
typedef struct row {
    double y, rank; /* minimised */
    double *x;      /* [d] of the new space */
} row;

/* One old study being read. */
typedef struct old {
    ambs_reader *r;
    const ambs_yaml_node *node;
    const ambs_space *space; /* the new one */
    size_t d;
    const char *path;
    ambs_table *table;
    ambs_spec *spec;
    row *rows; /* [n] that fit */
    double *x;
    size_t n, n_complete, n_outside;
} old;

/* ---- the section --------------------------------------------------------------------------- */

static bool read_weight(ambs_reader *r, const ambs_yaml_node *node, double *ret)
{
    *ret = NAN;
    if (!node) return true;
    const char *text = ambs_read_text(r, node, "weight");
    if (!text || strcmp(text, "auto") == 0) return text != NULL;
    if (ambs_parse_double(text, ret) && *ret >= 0 && *ret <= 1) return true;
    ambs_read_fault(r, node, "weight: found \"%.60s\", expected auto or a number from 0 to 1",
                    text);
    return false;
}

static bool read_n_points(ambs_reader *r, const ambs_yaml_node *node, size_t *ret)
{
    double n = DEFAULT_POINTS;
    if (node && !ambs_read_number(r, node, "points", &n)) return false;
    if (n == floor(n) && n >= 0 && n <= MOST_POINTS) {
        *ret = (size_t)n;
        return true;
    }
    ambs_read_fault(r, node, "points: found %s, expected a whole number from 0 to %d", node->text,
                    (int)MOST_POINTS);
    return false;
}

/* One item; its `path` is the spec's. */
static bool read_item(ambs_reader *r, const ambs_yaml_node *item, ambs_warm_source *ret)
{
    static const char *const keys[] = {"study", "weight", "points", NULL};
    const ambs_yaml_node *path = item;
    size_t before = r->findings->n;
    *ret = (ambs_warm_source){.weight = NAN, .n_points = DEFAULT_POINTS};
    if (item->type == AMBS_YAML_MAPPING) {
        ambs_read_check_keys(r, item, keys, " in warm_start");
        path = ambs_yaml_get(item, "study");
        if (!path) ambs_read_fault(r, item, "warm_start: found no study, expected the path of one");
        if (!path || !read_weight(r, ambs_yaml_get(item, "weight"), &ret->weight) ||
            !read_n_points(r, ambs_yaml_get(item, "points"), &ret->n_points))
            return false;
    }
    const char *text = ambs_read_text(r, path, "warm_start");
    if (text && r->findings->n == before) ret->path = ambs_read_copy(r, text);
    return ret->path != NULL;
}

/* ---- an old trial in the new space --------------------------------------------------------- */

static bool is_numeric(const ambs_parameter *p)
{
    return p->type == AMBS_PARAMETER_FLOAT || p->type == AMBS_PARAMETER_INT;
}

/* The value of new parameter `to` that is `value` of old parameter `i`; false: it has none. */
static bool translate(const old *o, size_t i, double value, size_t to, double *ret)
{
    const ambs_parameter *p = ambs_space_parameter(o->space, to);
    char buffer[32];
    if (is_numeric(p) && is_numeric(ambs_space_parameter(o->spec->space, i))) {
        *ret = value;
        return value >= p->min && value <= p->max;
    }
    const char *text = ambs_space_format(o->spec->space, i, value, buffer);
    return ambs_space_parse(o->space, to, text, ret, NULL) == AMBS_OK;
}

static bool fits(const old *o, const double *x_old, double *x)
{
    for (size_t k = 0; k < o->d; k++) {
        int i = ambs_space_find(o->spec->space, ambs_space_parameter(o->space, k)->name);
        x[k] = NAN;
        if (i >= 0 && !isnan(x_old[i]) && !translate(o, (size_t)i, x_old[i], k, &x[k]))
            return false;
    }
    ambs_space_normalise(o->space, x);
    return ambs_space_contains(o->space, x, NULL);
}

static int by_value(const void *a, const void *b)
{
    const row *p = a, *q = b;
    return p->y != q->y ? (p->y > q->y) - (p->y < q->y) : (p->x > q->x) - (p->x < q->x);
}

/* Best first; ties have their mean rank. */
static void take_ranks(old *o)
{
    qsort(o->rows, o->n, sizeof *o->rows, by_value);
    double top = o->n > 1 ? (double)(o->n - 1) : 1;
    for (size_t i = 0, end; i < o->n; i = end) {
        for (end = i + 1; end < o->n && o->rows[end].y == o->rows[i].y;) end++;
        for (size_t k = i; k < end; k++) o->rows[k].rank = 0.5 * (double)(i + end - 1) / top;
    }
}

/* Of configurations that have become the same in the new space the best counts. */
static void drop_twins(old *o)
{
    size_t n = 0;
    for (size_t i = 0; i < o->n; i++) {
        bool twin = false;
        for (size_t k = 0; k < n && !twin; k++)
            twin = ambs_space_equal(o->space, o->rows[k].x, o->rows[i].x);
        if (!twin) o->rows[n++] = o->rows[i];
    }
    o->n = n;
}

/* The best, and of the rest as many at even distances. */
static void thin_out(old *o)
{
    size_t rest = AMBS_WARM_ROWS - BEST_ROWS;
    if (o->n <= AMBS_WARM_ROWS) return;
    for (size_t k = 0; k < rest; k++)
        o->rows[BEST_ROWS + k] = o->rows[BEST_ROWS + (k + 1) * (o->n - BEST_ROWS) / rest - 1];
    o->n = AMBS_WARM_ROWS;
}

static bool take_trials(old *o)
{
    const ambs_table *t = o->table;
    double sign = o->spec->goal == AMBS_MAXIMIZE ? -1 : 1;
    o->rows = ambs_calloc(t->n + 1, sizeof *o->rows, NULL);
    o->x = ambs_calloc(t->n + 1, o->d * sizeof *o->x, NULL);
    if (!o->rows || !o->x) {
        o->r->findings->no_memory = true;
        return false;
    }
    for (size_t i = 0; i < t->n; i++) {
        if (t->rows[i].state != AMBS_TRIAL_COMPLETE || !isfinite(t->rows[i].objective)) continue;
        o->n_complete++;
        double *x = o->x + o->n * o->d;
        if (fits(o, t->x + i * t->d, x))
            o->rows[o->n++] = (row){.y = sign * t->rows[i].objective, .x = x};
        else
            o->n_outside++;
    }
    take_ranks(o);
    return true;
}

/* ---- an old study -------------------------------------------------------------------------- */

/* "SAY a, b" of the names that the first space has and the other has not; returns how many. */
static size_t add_strangers(const ambs_space *a, const ambs_space *b, const char *say,
                            ambs_text *out)
{
    enum { SHOWN = 8 };
    size_t n = 0;
    for (size_t i = 0; i < ambs_space_dimension(a); i++) {
        const char *name = ambs_space_parameter(a, i)->name;
        if (ambs_space_find(b, name) >= 0) continue;
        if (n < SHOWN) ambs_text_addf(out, "%s%s", n == 0 ? say : ", ", name);
        n++;
    }
    if (n > SHOWN) ambs_text_addf(out, " and %zu more", n - SHOWN);
    return n;
}

static void note_what_was_taken(old *o, size_t n_left_out)
{
    ambs_text note = {0};
    ambs_text_addf(&note, "warm_start: %s: %zu of its %zu complete trials are used", o->path, o->n,
                   o->n_complete);
    if (o->n_outside > 0) ambs_text_addf(&note, "; outside this space: %zu", o->n_outside);
    if (n_left_out > 0)
        ambs_text_addf(&note, "; left out (twins, or beyond %d): %zu", (int)AMBS_WARM_ROWS,
                       n_left_out);
    add_strangers(o->space, o->spec->space, "; not in it, so at their default: ", &note);
    add_strangers(o->spec->space, o->space, "; not in this study: ", &note);
    if (note.failed)
        o->r->findings->no_memory = true;
    else
        ambs_read_note(o->r, o->node, "%s", note.text);
    ambs_text_fini(&note);
}

static bool check_common(old *o)
{
    ambs_text names = {0};
    size_t n = add_strangers(o->space, o->spec->space, "", &names);
    ambs_text_fini(&names);
    if (n < o->d) return true;
    names = (ambs_text){0};
    add_strangers(o->spec->space, o->space, "it has ", &names);
    ambs_read_fault(o->r, o->node, "warm_start: %s has no parameter of this study; %s", o->path,
                    names.text ? names.text : "");
    ambs_text_fini(&names);
    return false;
}

static bool take_old(old *o)
{
    if (!check_common(o) || !take_trials(o)) return false;
    if (o->n == 0) {
        ambs_read_fault(o->r, o->node,
                        "warm_start: %s has no complete trial in this space: of its %zu trials %zu "
                        "are complete, %zu of them lie outside",
                        o->path, o->table->n, o->n_complete, o->n_outside);
        return false;
    }
    size_t before = o->n;
    drop_twins(o);
    thin_out(o);
    note_what_was_taken(o, before - o->n);
    return true;
}

/* Not a fault of the study file yet: a study that is resumed needs it no more. */
static void miss(ambs_reader *r, const ambs_yaml_node *node, const char *path,
                 const ambs_error *err)
{
    ambs_text text = {0};
    if (err->code == AMBS_E_NOMEM || r->spec->warm.missing) return;
    ambs_text_addf(&text, "%s:%zu:%zu: warm_start: %s: %s", r->spec->file, node->place.line,
                   node->place.column, path, err->text);
    if (text.failed) r->findings->no_memory = true;
    r->spec->warm.missing = text.text;
}

static bool keep_rows(ambs_reader *r, ambs_warm_source *s, size_t n, size_t d)
{
    s->x = ambs_calloc(n, d * sizeof *s->x, NULL);
    s->rank = ambs_calloc(n, sizeof *s->rank, NULL);
    if (!s->x || !s->rank) r->findings->no_memory = true;
    return s->x && s->rank;
}

static void load(ambs_reader *r, const ambs_yaml_node *node, ambs_warm_source *s)
{
    ambs_error err = {0};
    ambs_text path = {0};
    old o = {.r = r,
             .node = node,
             .space = r->spec->space,
             .d = ambs_space_dimension(r->spec->space),
             .path = s->path};
    ambs_read_path(r, s->path, &path);
    if (ambs_text_check(&path, &err) == AMBS_OK &&
        ambs_study_load(path.text, &o.table, &o.spec, NULL, &err) == AMBS_OK) {
        if (take_old(&o) && keep_rows(r, s, o.n, o.d)) {
            for (size_t i = 0; i < o.n; i++) {
                memcpy(s->x + i * o.d, o.rows[i].x, o.d * sizeof *s->x);
                s->rank[i] = o.rows[i].rank;
            }
            s->n = o.n;
        }
    } else if (err.code == AMBS_E_NOMEM) {
        r->findings->no_memory = true;
    } else {
        miss(r, node, s->path, &err);
    }
    ambs_text_fini(&path);
    free(o.rows);
    free(o.x);
    ambs_table_destroy(o.table);
    ambs_spec_destroy(o.spec);
}

/* ---- the record ---------------------------------------------------------------------------- */

static void write_record(ambs_reader *r, size_t number, const ambs_warm_source *s)
{
    size_t d = ambs_space_dimension(r->spec->space);
    char buffer[32];
    ambs_text *out = &r->warm_lines;
    ambs_text_addf(out, "%s%zu ", ambs_warm_prefix, number);
    for (size_t i = 0; i < s->n; i++) {
        ambs_text_addf(out, "%s%s", i > 0 ? ";" : "", ambs_format_double(s->rank[i], buffer));
        for (size_t k = 0; k < d; k++) {
            double value = s->x[i * d + k];
            ambs_text_addf(out, " %s", isnan(value) ? "-" : ambs_format_double(value, buffer));
        }
    }
    ambs_text_add(out, "\n");
}

/* One number, or "-"; the text behind it. */
static const char *read_number(const char *text, double *ret)
{
    char *end;
    text += *text == ' ';
    if (*text == '-' && (text[1] == ' ' || text[1] == ';' || text[1] == '\0')) {
        *ret = NAN;
        return text + 1;
    }
    *ret = strtod(text, &end);
    return end == text ? NULL : end;
}

static bool read_row(const char **text, size_t d, double *ret_rank, double *ret_x)
{
    *text = read_number(*text, ret_rank);
    for (size_t k = 0; *text && k < d; k++) *text = read_number(*text, &ret_x[k]);
    return *text != NULL && (**text == ';' || **text == '\0');
}

/* The line of source `number`; false where there is none, or it is not of this space. */
static bool read_record(ambs_reader *r, size_t number, ambs_warm_source *s)
{
    const ambs_space *space = r->spec->space;
    size_t d = ambs_space_dimension(space), n = 1;
    const char *text = number < AMBS_WARM_SOURCES ? r->recorded_warm[number] : NULL;
    if (!text) return false;
    for (const char *c = text; *c; c++) n += *c == ';';
    if (!keep_rows(r, s, n, d)) return true;
    for (; s->n < n; s->n++) {
        double *x = s->x + s->n * d;
        if (!read_row(&text, d, &s->rank[s->n], x) || !ambs_space_contains(space, x, NULL)) break;
        text += *text == ';';
    }
    return s->n == n;
}

/* ---- the whole ----------------------------------------------------------------------------- */

static void add_points(ambs_reader *r)
{
    ambs_warm *w = &r->spec->warm;
    size_t d = ambs_space_dimension(r->spec->space), most = 0;
    for (size_t i = 0; i < w->n; i++) most += w->sources[i].n_points;
    w->points = ambs_calloc(most + 1, d * sizeof *w->points, NULL);
    if (!w->points) r->findings->no_memory = true;
    for (size_t i = 0; w->points && i < w->n; i++)
        for (size_t k = 0; k < w->sources[i].n_points && k < w->sources[i].n; k++)
            memcpy(w->points + w->n_points++ * d, w->sources[i].x + k * d, d * sizeof(double));
}

static void read_source(ambs_reader *r, const ambs_yaml_node *item)
{
    ambs_warm *w = &r->spec->warm;
    ambs_warm_source *s = &w->sources[w->n];
    if (!read_item(r, item, s)) return;
    size_t number = w->n++;
    if (!read_record(r, number, s)) {
        free(s->x);
        free(s->rank);
        s->x = s->rank = NULL;
        s->n = 0;
        load(r, item, s);
    }
    if (s->n > 0) write_record(r, number, s);
}

void ambs_read_warm_start(ambs_reader *r, const ambs_yaml_node *section)
{
    char what[96];
    if (!section || !ambs_read_is_clean(r)) return; /* it needs a whole space */
    bool is_list = section->type == AMBS_YAML_LIST;
    if (is_list && (section->n == 0 || section->n > AMBS_WARM_SOURCES)) {
        ambs_read_fault(r, section, "warm_start: found %s, expected 1 to %d studies",
                        section->n == 0 ? "an empty list" : ambs_yaml_what(section, what),
                        (int)AMBS_WARM_SOURCES);
        return;
    }
    for (size_t i = 0; is_list && i < section->n; i++) read_source(r, section->items[i]);
    if (!is_list) read_source(r, section);
    add_points(r);
    if (!r->spec->method->heeds_priors)
        ambs_read_note(r, section,
                       "the method %s uses of earlier studies only their best configurations",
                       r->spec->method->member.name);
}

void ambs_warm_fini(ambs_warm *w)
{
    for (size_t i = 0; i < w->n; i++) {
        free(w->sources[i].path);
        free(w->sources[i].x);
        free(w->sources[i].rank);
    }
    free(w->points);
    free(w->missing);
    *w = (ambs_warm){0};
}
