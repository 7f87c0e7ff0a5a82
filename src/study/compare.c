/* SPDX-License-Identifier: MIT */
/* What a resumed study must agree on: the same list of facts serves the comparison and the digest.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "objective/objective.h"
#include "search/method.h"
#include "space/space.h"
#include "study/read.h"

/* One fact: its name as in the file and its value as text. */
typedef struct facts {
    ambs_spec_pair *pair;
    size_t n, capacity;
    bool failed;
} facts;

static void facts_fini(facts *f)
{
    for (size_t i = 0; i < f->n; i++) {
        free(f->pair[i].name);
        free(f->pair[i].value);
    }
    free(f->pair);
}

static void add_fact(facts *f, const char *group, const char *name, const char *value)
{
    ambs_text full = {0};
    ambs_text_addf(&full, "%s%s%s", group, group[0] ? "." : "", name);
    ambs_spec_pair pair = {.name = full.text, .value = ambs_strdup(value ? value : "", NULL)};
    if (full.failed || !pair.value ||
        ambs_reserve(&f->pair, &f->capacity, f->n + 1, sizeof pair, NULL) != AMBS_OK) {
        free(pair.name);
        free(pair.value);
        f->failed = true;
        return;
    }
    f->pair[f->n++] = pair;
}

/* One parameter as a line: everything that decides what its values mean. */
static void describe_parameter(const ambs_space *space, size_t i, ambs_text *out)
{
    static const char *const types[] = {"float", "int", "ordinal", "categorical", "constant"};
    static const char *const scales[] = {"linear", "log", "reverse_log", "logit"};
    const ambs_parameter *p = ambs_space_parameter(space, i);
    char a[32], b[32], c[32];
    ambs_text_add(out, types[p->type]);
    if (p->type == AMBS_PARAMETER_FLOAT || p->type == AMBS_PARAMETER_INT) {
        ambs_text_addf(out, " %s to %s, %s", ambs_format_double(p->min, a),
                       ambs_format_double(p->max, b), scales[p->scale]);
        if (p->step > 0) ambs_text_addf(out, ", step %s", ambs_format_double(p->step, c));
    }
    for (size_t k = 0; k < p->n_levels; k++) {
        ambs_text_addf(out, "%s%s", k > 0 ? ", " : " ", p->levels[k].text);
        if (p->probabilities)
            ambs_text_addf(out, " (%s)", ambs_format_double(p->probabilities[k], a));
    }
    if (!isnan(p->initial))
        ambs_text_addf(out, ", default %s", ambs_space_format(space, i, p->initial, a));
    if (p->prior.spread > 0)
        ambs_text_addf(out, ", prior around %s by %s", ambs_format_double(p->prior.center, a),
                       ambs_format_double(p->prior.spread, b));
    for (size_t k = 0; p->prior.weights && k < p->n_levels; k++)
        ambs_text_addf(out, "%s%s", k > 0 ? " : " : ", prior ",
                       ambs_format_double(p->prior.weights[k], a));
    const char *when = ambs_space_condition_text(space, i);
    if (when) ambs_text_addf(out, ", when %s", when);
}

static void add_space(facts *f, const ambs_space *space)
{
    for (size_t i = 0; i < ambs_space_dimension(space); i++) {
        ambs_text line = {0};
        describe_parameter(space, i, &line);
        if (line.failed) f->failed = true;
        add_fact(f, "parameters", ambs_space_parameter(space, i)->name, line.text);
        ambs_text_fini(&line);
    }
    for (size_t i = 0; i < ambs_space_n_constraints(space); i++) {
        char name[32];
        snprintf(name, sizeof name, "%zu", i + 1);
        add_fact(f, "constraints", name, ambs_space_constraint_text(space, i));
    }
}

static void add_options(facts *f, const char *group, const ambs_option *table, const void *options)
{
    for (const ambs_option *o = table; o && o->name; o++) {
        ambs_text value = {0};
        ambs_options_print(o, options, &value);
        if (value.failed) f->failed = true;
        add_fact(f, group, o->name, value.text);
        ambs_text_fini(&value);
    }
}

static void add_objective(facts *f, const ambs_spec *spec)
{
    if (!spec->objective) return;
    const ambs_member *m = &spec->objective->member;
    add_fact(f, "objective", "kind", m->name);
    add_options(f, "objective", m->options, spec->objective_options);
    for (size_t i = 0; i < spec->n_objective_settings; i++)
        if (!ambs_option_find(m->options, spec->objective_settings[i].name))
            add_fact(f, "objective", spec->objective_settings[i].name,
                     spec->objective_settings[i].value);
    for (size_t i = 0; spec->argv && spec->argv[i]; i++) {
        char name[32];
        snprintf(name, sizeof name, "command.%zu", i);
        add_fact(f, "objective", name, spec->argv[i]);
    }
}

static void add_points(facts *f, const ambs_spec *spec)
{
    size_t d = ambs_space_dimension(spec->space);
    for (size_t i = 0; i < spec->n_initial; i++) {
        ambs_text line = {0};
        char name[48];
        snprintf(name, sizeof name, "%zu", i + 1);
        ambs_space_write_line(spec->space, spec->initial_points + i * d, &line);
        if (line.failed) f->failed = true;
        add_fact(f, "method.initial.points", name, line.text);
        ambs_text_fini(&line);
    }
}

/* Which studies, not what was read of them: they may have grown, or be gone, since. */
static void add_warm(facts *f, const ambs_spec *spec)
{
    for (size_t i = 0; i < spec->warm.n; i++) {
        const ambs_warm_source *s = &spec->warm.sources[i];
        ambs_text line = {0};
        char name[48], weight[32];
        snprintf(name, sizeof name, "%zu", i + 1);
        ambs_text_addf(&line, "%s, weight %s, %zu points", s->path,
                       isnan(s->weight) ? "auto" : ambs_format_double(s->weight, weight),
                       s->n_points);
        if (line.failed) f->failed = true;
        add_fact(f, "warm_start", name, line.text);
        ambs_text_fini(&line);
    }
}

/* A target may change when a study is resumed; a reference decides what is proposed. */
static void add_goals(facts *f, const ambs_spec *spec)
{
    for (size_t i = 0; i < spec->n_goals; i++) {
        const ambs_spec_goal *g = &spec->goals[i];
        ambs_text line = {0};
        char name[32], number[32];
        snprintf(name, sizeof name, "%zu", i + 1);
        ambs_text_addf(&line, "%s, %s", g->name,
                       g->goal == AMBS_MAXIMIZE ? "maximize" : "minimize");
        if (!isnan(g->reference))
            ambs_text_addf(&line, ", reference %s", ambs_format_double(g->reference, number));
        if (line.failed) f->failed = true;
        add_fact(f, "metrics", name, line.text);
        ambs_text_fini(&line);
    }
}

static const char *value_of(const facts *f, const char *name)
{
    for (size_t i = 0; i < f->n; i++)
        if (strcmp(f->pair[i].name, name) == 0) return f->pair[i].value;
    return NULL;
}

/* Nothing where there are none, so that a study of before has the digest of before. */
static void add_repeats(facts *f, const ambs_repeats *repeats)
{
    char min[32], max[32], confidence[32];
    if (!ambs_repeats_on(repeats)) return;
    add_fact(f, "repeats", "min", ambs_format_double(repeats->min, min));
    add_fact(f, "repeats", "max", ambs_format_double(repeats->max, max));
    add_fact(f, "repeats", "confidence", ambs_format_double(repeats->confidence, confidence));
}

static void collect(const ambs_spec *spec, facts *f)
{
    char seed[32];
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)spec->seed);
    add_fact(f, "", "seed", seed);
    if (spec->n_goals > 1) {
        add_goals(f, spec);
    } else {
        add_fact(f, "metric", "name", spec->metric);
        add_fact(f, "metric", "goal", spec->goal == AMBS_MAXIMIZE ? "maximize" : "minimize");
    }
    add_space(f, spec->space);
    add_objective(f, spec);
    add_fact(f, "method", "name", spec->method->member.name);
    add_options(f, "method", spec->method->member.options, spec->method_options);
    /* How many is no matter, but with some of them a portfolio's turns are others. */
    const char *surrogate = value_of(f, "method.surrogate");
    if (spec->surrogate.ranks > 0 && surrogate && strcmp(surrogate, "auto") == 0)
        add_fact(f, "surrogate", "ranks", "some");
    add_points(f, spec);
    add_warm(f, spec);
    add_repeats(f, &spec->repeats);
}

/* Where two lists of facts are from: "study", "file". */
typedef struct places {
    const char *a, *b;
} places;

static void add_difference(ambs_text *out, const places *in, const char *name, const char *was,
                           const char *is)
{
    if (out->length > 3000)
        return; /* an error's text is finite; the first differences say enough */
    ambs_text_addf(out, "%s%s: %.300s in %.200s, %.300s in %.200s", out->length > 0 ? "\n" : "",
                   name, was ? (was[0] ? was : "empty") : "absent", in->a,
                   is ? (is[0] ? is : "empty") : "absent", in->b);
}

/* "seed: 7 in the study, 8 in the file", one line each. */
static void add_differences(const facts *a, const facts *b, const places *in, ambs_text *out)
{
    for (size_t i = 0; i < a->n; i++) {
        const char *is = value_of(b, a->pair[i].name);
        if (!is || strcmp(a->pair[i].value, is) != 0)
            add_difference(out, in, a->pair[i].name, a->pair[i].value, is);
    }
    for (size_t i = 0; i < b->n; i++)
        if (!value_of(a, b->pair[i].name))
            add_difference(out, in, b->pair[i].name, NULL, b->pair[i].value);
}

/* Takes the facts. */
static int compare(facts *a, const ambs_spec *spec_a, facts *b, const ambs_spec *spec_b,
                   const places *in, ambs_error *err)
{
    ambs_text text = {0};
    add_differences(a, b, in, &text);
    int rc = AMBS_OK;
    if (a->failed || b->failed || text.failed)
        rc = ambs_fail(err, AMBS_E_NOMEM, "out of memory while comparing two studies");
    else if (text.length > 0)
        rc = ambs_fail(err, AMBS_E_MISMATCH, "%s", text.text);
    else if (ambs_space_digest(spec_a->space) != ambs_space_digest(spec_b->space))
        rc = ambs_fail(err, AMBS_E_MISMATCH,
                       "parameters: in another order in %.200s than in %.200s", in->a, in->b);
    ambs_text_fini(&text);
    facts_fini(a);
    facts_fini(b);
    return rc;
}

int ambs_spec_check_resume(const ambs_spec *recorded, const ambs_spec *now, ambs_error *err)
{
    facts a = {0}, b = {0};
    collect(recorded, &a);
    collect(now, &b);
    return compare(&a, recorded, &b, now, &(places){"the study", "the file"}, err);
}

int ambs_spec_check_space(const ambs_spec *spec_a, const char *name_a, const ambs_spec *spec_b,
                          const char *name_b, ambs_error *err)
{
    facts a = {0}, b = {0};
    add_space(&a, spec_a->space);
    add_space(&b, spec_b->space);
    return compare(&a, spec_a, &b, spec_b, &(places){name_a, name_b}, err);
}

/* FNV-1a, 64 bits, with the terminating NUL, so that the borders count. */
static uint64_t hash_text(uint64_t h, const char *text)
{
    do h = (h ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    while (*text++);
    return h;
}

int ambs_read_digest(const ambs_spec *spec, uint64_t *ret_digest, ambs_error *err)
{
    facts f = {0};
    collect(spec, &f);
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < f.n; i++) h = hash_text(hash_text(h, f.pair[i].name), f.pair[i].value);
    if (!f.failed) *ret_digest = h;
    bool failed = f.failed;
    facts_fini(&f);
    return failed ? ambs_fail(err, AMBS_E_NOMEM, "out of memory while hashing a study") : AMBS_OK;
}

uint64_t ambs_spec_digest(const ambs_spec *spec)
{
    return spec->digest;
}
