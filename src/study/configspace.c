/* SPDX-License-Identifier: MIT */
/* `space: file.json`: a ConfigSpace space, as its versions 0.4 to 1.x write it. JSON is read by the
 * YAML parser, of which it is a subset, so that every finding has its line; the space is rewritten
 * into `parameters` and `constraints`. Written from the public description of the format. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "study/read.h"

typedef struct source {
    ambs_reader *r;
    ambs_yaml_node *parameters, *constraints; /* ours */
} source;

static ambs_yaml_node *scalar(source *s, ambs_place place, const char *text, bool plain)
{
    return ambs_yaml_scalar(&s->r->document, place, text, plain, s->r->findings);
}

/* The value of a key that has to be there. */
static ambs_yaml_node *need(source *s, const ambs_yaml_node *node, const char *key)
{
    ambs_yaml_node *value = ambs_yaml_get(node, key);
    if (!value)
        ambs_read_fault(s->r, node,
                        "found no \"%s\" here, expected one; is this a ConfigSpace file?", key);
    return value;
}

static const char *need_text(source *s, const ambs_yaml_node *node, const char *key)
{
    const ambs_yaml_node *value = need(s, node, key);
    return value ? ambs_read_text(s->r, value, key) : NULL;
}

static const ambs_yaml_node *list_of(source *s, const ambs_yaml_node *node, const char *key)
{
    static const ambs_yaml_node none = {.type = AMBS_YAML_LIST};
    const ambs_yaml_node *list = ambs_yaml_get(node, key);
    if (!list || list->kind != AMBS_YAML_NULL || list->type != AMBS_YAML_SCALAR) {
        if (!list) return &none;
        if (list->type == AMBS_YAML_LIST) return list;
        char what[96];
        ambs_read_fault(s->r, list, "%s: found %s, expected a list", key,
                        ambs_yaml_what(list, what));
    }
    return &none;
}

/* ---- hyperparameters ----------------------------------------------------------------------- */

static bool is_present(const ambs_yaml_node *node)
{
    return node && !(node->type == AMBS_YAML_SCALAR && node->kind == AMBS_YAML_NULL);
}

/* weights → probabilities that sum to 1. */
static void put_weights(source *s, const ambs_yaml_node *weights, ambs_yaml_node *to)
{
    double sum = 0, w;
    char text[32];
    ambs_yaml_node *list = ambs_yaml_list(&s->r->document, weights->place, s->r->findings);
    if (!list || weights->type != AMBS_YAML_LIST) return;
    for (size_t i = 0; i < weights->n; i++)
        if (ambs_read_number(s->r, weights->items[i], "weights", &w)) sum += w;
    for (size_t i = 0; i < weights->n && sum > 0; i++) {
        ambs_yaml_node *p = scalar(s, weights->items[i]->place,
                                   ambs_format_double(weights->items[i]->number / sum, text), true);
        if (p) ambs_yaml_append(list, p, s->r->findings);
    }
    ambs_read_put(s->r, to, weights->place, "probabilities", list);
}

static void read_range(source *s, const ambs_yaml_node *from, ambs_yaml_node *to, const char *type)
{
    const ambs_yaml_node *log = ambs_yaml_get(from, "log"), *q = ambs_yaml_get(from, "q");
    ambs_read_put(s->r, to, from->place, "type", scalar(s, from->place, type, true));
    ambs_read_put(s->r, to, from->place, "min", need(s, from, "lower"));
    ambs_read_put(s->r, to, from->place, "max", need(s, from, "upper"));
    if (log && log->kind == AMBS_YAML_BOOL && log->number != 0)
        ambs_read_put(s->r, to, log->place, "scale", scalar(s, log->place, "log", true));
    if (is_present(q)) ambs_read_put(s->r, to, q->place, "step", ambs_yaml_get(from, "q"));
}

/* A normal distribution cut off at its bounds: a range with a prior. On a logarithmic scale versions of
 * ConfigSpace disagree on what mu and sigma are. */
static void read_normal(source *s, const ambs_yaml_node *from, ambs_yaml_node *to, const char *type)
{
    const ambs_yaml_node *log = ambs_yaml_get(from, "log");
    ambs_yaml_node *normal = ambs_yaml_mapping(&s->r->document, from->place, s->r->findings),
                   *prior = ambs_yaml_mapping(&s->r->document, from->place, s->r->findings);
    if (log && log->kind == AMBS_YAML_BOOL && log->number != 0) {
        ambs_read_fault(
            s->r, log,
            "log: found a normal distribution on a logarithmic scale, whose mu and sigma "
            "differ between versions of ConfigSpace; write a uniform one here, or "
            "parameters with a prior into the study file");
        return;
    }
    read_range(s, from, to, type);
    if (!normal || !prior) return;
    ambs_read_put(s->r, normal, from->place, "mean", need(s, from, "mu"));
    ambs_read_put(s->r, normal, from->place, "sd", need(s, from, "sigma"));
    ambs_read_put(s->r, prior, from->place, "normal", normal);
    ambs_read_put(s->r, to, from->place, "prior", prior);
}

/* False for a type that has no counterpart. */
static bool read_by_type(source *s, const ambs_yaml_node *from, ambs_yaml_node *to,
                         const char *type)
{
    if (strcmp(type, "uniform_float") == 0) {
        read_range(s, from, to, "float");
    } else if (strcmp(type, "uniform_int") == 0) {
        read_range(s, from, to, "int");
    } else if (strcmp(type, "normal_float") == 0) {
        read_normal(s, from, to, "float");
    } else if (strcmp(type, "normal_int") == 0) {
        read_normal(s, from, to, "int");
    } else if (strcmp(type, "categorical") == 0) {
        ambs_read_put(s->r, to, from->place, "type", scalar(s, from->place, "categorical", true));
        ambs_read_put(s->r, to, from->place, "values", need(s, from, "choices"));
        const ambs_yaml_node *weights =
            ambs_yaml_get(from, ambs_yaml_get(from, "weights") ? "weights" : "probabilities");
        if (is_present(weights)) put_weights(s, weights, to);
    } else if (strcmp(type, "ordinal") == 0) {
        ambs_read_put(s->r, to, from->place, "type", scalar(s, from->place, "ordinal", true));
        ambs_read_put(s->r, to, from->place, "values", need(s, from, "sequence"));
    } else if (strcmp(type, "constant") == 0 || strcmp(type, "unparametrized") == 0) {
        ambs_read_put(s->r, to, from->place, "value", need(s, from, "value"));
    } else {
        return false;
    }
    return true;
}

static void read_hyperparameter(source *s, const ambs_yaml_node *from)
{
    size_t before = s->r->findings->n;
    if (!ambs_read_is_mapping(s->r, from, "hyperparameter")) return;
    const char *name = need_text(s, from, "name"), *type = need_text(s, from, "type");
    ambs_yaml_node *to = ambs_yaml_mapping(&s->r->document, from->place, s->r->findings);
    if (!name || !type || !to) return;
    if (!read_by_type(s, from, to, type)) {
        ambs_read_fault(s->r, ambs_yaml_get(from, "type"),
                        "type: found \"%.40s\", expected one of uniform_float, uniform_int, "
                        "normal_float, normal_int, categorical, ordinal, constant; a beta "
                        "distribution has no counterpart here: write a range",
                        type);
        return;
    }
    ambs_yaml_node *initial =
        ambs_yaml_get(from, ambs_yaml_get(from, "default_value") ? "default_value" : "default");
    if (is_present(initial) && !ambs_yaml_get(to, "value"))
        ambs_read_put(s->r, to, initial->place, "default", initial);
    if (ambs_yaml_get(s->parameters, name)) {
        ambs_read_fault(s->r, from, "found the hyperparameter \"%.60s\" again, expected each once",
                        name);
        return;
    }
    if (s->r->findings->n == before) /* else the reader of parameters would say it again */
        ambs_read_put(s->r, s->parameters, ambs_yaml_get(from, "name")->place, name, to);
}

/* ---- conditions and forbidden clauses as expressions ----------------------------------------- */

static void add_value(source *s, const ambs_yaml_node *value, ambs_text *out)
{
    const char *text = ambs_read_text(s->r, value, "value");
    if (!text) return;
    bool quote = value->kind == AMBS_YAML_STRING;
    const char *mark = strchr(text, '\'') ? "\"" : "'";
    if (quote && strchr(text, '\'') && strchr(text, '"'))
        ambs_read_fault(s->r, value,
                        "found both kinds of quotes in \"%.40s\", which an expression cannot hold",
                        text);
    ambs_text_addf(out, "%s%s%s", quote ? mark : "", text, quote ? mark : "");
}

static void add_values(source *s, const ambs_yaml_node *node, ambs_text *out)
{
    const ambs_yaml_node *values = list_of(s, node, "values");
    ambs_text_add(out, "[");
    for (size_t i = 0; i < values->n; i++) {
        if (i > 0) ambs_text_add(out, ", ");
        add_value(s, values->items[i], out);
    }
    ambs_text_add(out, "]");
}

static void add_comparison(source *s, const ambs_yaml_node *node, const char *name_key,
                           const char *sign, ambs_text *out)
{
    const char *name = need_text(s, node, name_key);
    const ambs_yaml_node *value = need(s, node, "value");
    if (!name || !value) return;
    ambs_text_addf(out, "%s %s ", name, sign);
    add_value(s, value, out);
}

static void add_clause(source *s, const ambs_yaml_node *node, const char *name_key, ambs_text *out);

static void add_joined(source *s, const ambs_yaml_node *node, const char *key, const char *word,
                       const char *name_key, ambs_text *out)
{
    const ambs_yaml_node *list = list_of(s, node, key);
    if (list->n == 0) ambs_read_fault(s->r, node, "found no \"%s\" here, expected some", key);
    ambs_text_add(out, "(");
    for (size_t i = 0; i < list->n; i++) {
        if (i > 0) ambs_text_addf(out, " %s ", word);
        add_clause(s, list->items[i], name_key, out);
    }
    ambs_text_add(out, ")");
}

static void add_relation(source *s, const ambs_yaml_node *node, const char *type, ambs_text *out)
{
    if (strcmp(type, "RELATION") == 0 && !(type = need_text(s, node, "lambda"))) return;
    static const char *const table[][2] = {
        {"RELATION_LT", "<"}, {"RELATION_EQ", "=="}, {"RELATION_GT", ">"},
        {"LT", "<"},          {"EQ", "=="},          {"GT", ">"},
        {"LESS", "<"},        {"EQUALS", "=="},      {"GREATER", ">"}};
    const char *left = need_text(s, node, "left"), *right = need_text(s, node, "right");
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (strcmp(table[i][0], type) == 0) {
            ambs_text_addf(out, "%s %s %s", left ? left : "", table[i][1], right ? right : "");
            return;
        }
    ambs_read_fault(s->r, node, "found the relation \"%.40s\", expected less, equal or greater",
                    type);
}

/* One condition (name_key "parent") or forbidden clause (name_key "name"). */
static void add_clause(source *s, const ambs_yaml_node *node, const char *name_key, ambs_text *out)
{
    static const char *const signs[][2] = {
        {"EQ", "=="}, {"EQUALS", "=="}, {"NEQ", "!="}, {"GT", ">"}, {"LT", "<"}};
    if (!ambs_read_is_mapping(s->r, node, "clause")) return;
    const char *type = need_text(s, node, "type"), *name;
    if (!type) return;
    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
        if (strcmp(signs[i][0], type) == 0) {
            add_comparison(s, node, name_key, signs[i][1], out);
            return;
        }
    if (strcmp(type, "IN") == 0) {
        if (!(name = need_text(s, node, name_key))) return;
        ambs_text_addf(out, "%s in ", name);
        add_values(s, node, out);
    } else if (strcmp(type, "AND") == 0) {
        add_joined(s, node, strcmp(name_key, "name") == 0 ? "clauses" : "conditions", "and",
                   name_key, out);
    } else if (strcmp(type, "OR") == 0) {
        add_joined(s, node, "conditions", "or", name_key, out);
    } else if (strncmp(type, "RELATION", 8) == 0) {
        add_relation(s, node, type, out);
    } else {
        ambs_read_fault(
            s->r, ambs_yaml_get(node, "type"),
            "type: found \"%.40s\", expected one of EQ, NEQ, IN, GT, LT, AND, OR, EQUALS, "
            "RELATION_LT, RELATION_EQ, RELATION_GT",
            type);
    }
}

/* A single EQ or IN is a plain `when` mapping; all else an expression. */
static ambs_yaml_node *when_of(source *s, const ambs_yaml_node *condition)
{
    const char *type = need_text(s, condition, "type");
    bool one = type && strcmp(type, "EQ") == 0, several = type && strcmp(type, "IN") == 0;
    if (one || several) {
        const char *parent = need_text(s, condition, "parent");
        ambs_yaml_node *value = need(s, condition, one ? "value" : "values");
        ambs_yaml_node *when = ambs_yaml_mapping(&s->r->document, condition->place, s->r->findings);
        if (parent && when) ambs_read_put(s->r, when, condition->place, parent, value);
        return when;
    }
    ambs_text text = {0};
    add_clause(s, condition, "parent", &text);
    bool joined = type && (strcmp(type, "AND") == 0 || strcmp(type, "OR") == 0);
    if (joined && text.length > 2 &&
        text.text[text.length - 1] == ')') { /* the outermost need no brackets */
        text.text[text.length - 1] = '\0';
        memmove(text.text, text.text + 1, text.length - 1);
    }
    ambs_yaml_node *when = text.text ? scalar(s, condition->place, text.text, false) : NULL;
    if (text.failed) s->r->findings->no_memory = true;
    ambs_text_fini(&text);
    return when;
}

static void read_condition(source *s, const ambs_yaml_node *condition)
{
    if (!ambs_read_is_mapping(s->r, condition, "condition")) return;
    const char *child = need_text(s, condition, "child");
    if (!child) return;
    ambs_yaml_node *parameter = ambs_yaml_get(s->parameters, child);
    if (!parameter && !ambs_read_is_clean(s->r)) return; /* it may be one that was refused */
    if (!parameter)
        ambs_read_fault(s->r, condition,
                        "found a condition of \"%.60s\", which is no hyperparameter of this file",
                        child);
    else if (ambs_yaml_get(parameter, "when"))
        ambs_read_fault(s->r, condition,
                        "found a second condition of \"%.60s\", expected one; join them by AND",
                        child);
    else
        ambs_read_put(s->r, parameter, condition->place, "when", when_of(s, condition));
}

static void read_forbidden(source *s, const ambs_yaml_node *clause)
{
    ambs_text inner = {0}, text = {0};
    add_clause(s, clause, "name", &inner);
    bool bracketed = inner.text && inner.text[0] == '(';
    if (inner.text) ambs_text_addf(&text, bracketed ? "not %s" : "not (%s)", inner.text);
    ambs_yaml_node *node = text.text ? scalar(s, clause->place, text.text, false) : NULL;
    if (node) ambs_yaml_append(s->constraints, node, s->r->findings);
    if (inner.failed || text.failed) s->r->findings->no_memory = true;
    ambs_text_fini(&inner);
    ambs_text_fini(&text);
}

/* ---- the file ------------------------------------------------------------------------------ */

static void read_space(source *s, const ambs_yaml_node *json)
{
    const ambs_yaml_node *hyperparameters = list_of(s, json, "hyperparameters");
    if (!need(s, json, "hyperparameters")) return;
    for (size_t i = 0; i < hyperparameters->n; i++)
        read_hyperparameter(s, hyperparameters->items[i]);
    const ambs_yaml_node *conditions = list_of(s, json, "conditions"),
                         *forbidden = list_of(s, json, "forbiddens");
    for (size_t i = 0; i < conditions->n; i++) read_condition(s, conditions->items[i]);
    for (size_t i = 0; i < forbidden->n; i++) read_forbidden(s, forbidden->items[i]);
}

/* The code unit of an escape of six bytes, \uD83D; 0 where there is none. */
static unsigned escaped_unit(const char *p, const char *end)
{
    unsigned code = 0;
    if (end - p < 6 || p[0] != '\\' || p[1] != 'u') return 0;
    for (int i = 2; i < 6; i++) {
        static const char digits[] = "0123456789abcdef0123456789ABCDEF";
        const char *digit = memchr(digits, p[i], sizeof digits - 1);
        if (!digit) return 0;
        code = code << 4 | (unsigned)((digit - digits) & 0xF);
    }
    return code;
}

/* JSON writes what lies beyond U+FFFF as two escapes, \uD83D\uDE00, YAML as one, \U0001F600. */
static void join_surrogates(ambs_text *json)
{
    const char *p = json->text, *end = p + json->length;
    char *to = json->text;
    while (p < end) {
        unsigned high = escaped_unit(p, end), low = high ? escaped_unit(p + 6, end) : 0;
        if (high >> 10 == 0xD800 >> 10 && low >> 10 == 0xDC00 >> 10) {
            to += sprintf(to, "\\U%08X", 0x10000 + ((high & 0x3FF) << 10) + (low & 0x3FF));
            p += 12;
            continue;
        }
        if (*p == '\\' && end - p > 1) *to++ = *p++; /* what it escapes begins no other */
        *to++ = *p++;
    }
    *to = '\0';
    json->length = (size_t)(to - json->text);
}

/* The file as it is, line by line: where its lines end decides what YAML reads (in a string, behind a
 * comment, in a file that is YAML rather than JSON). All three kinds of line breaks are one to YAML. */
static void record_lines(const ambs_text *file, ambs_text *out)
{
    const char *stop = file->text + file->length, *end;
    for (const char *line = file->text; line < stop; line = end) {
        for (end = line; end < stop && *end != '\n' && *end != '\r';) end++;
        ambs_text_add(out, ambs_space_prefix);
        ambs_text_add_bytes(out, line, (size_t)(end - line));
        ambs_text_add(out, "\n");
        if (end < stop) end += end[0] == '\r' && end[1] == '\n' ? 2 : 1;
    }
}

/* A last line without a line break gets one, as it has in the record. */
static ambs_yaml_node *load(ambs_reader *r, const ambs_yaml_node *space, const char *path)
{
    ambs_error err = {0};
    ambs_text name = {0}, json = {0};
    ambs_read_path(r, path, &name);
    ambs_yaml_node *label =
        name.failed ? NULL
                    : ambs_yaml_scalar(&r->document, space->place, name.text, false, r->findings);
    if (label && r->recorded_space.text)
        ambs_text_add_bytes(&json, r->recorded_space.text, r->recorded_space.length);
    else if (label && ambs_read_file(label->text, &json, &err) != AMBS_OK)
        ambs_read_fault_error(r, space, "space", &err);
    if (json.length > 0 && json.text[json.length - 1] != '\n') ambs_text_add(&json, "\n");
    if (json.length > 0) record_lines(&json, &r->space_lines);
    if (json.text) join_surrogates(&json);
    ambs_yaml_node *root =
        label && json.text
            ? ambs_yaml_parse(&r->document, json.text, json.length, label->text, r->findings)
            : NULL;
    if (name.failed || json.failed || err.code == AMBS_E_NOMEM) r->findings->no_memory = true;
    ambs_text_fini(&name);
    ambs_text_fini(&json);
    return root;
}

void ambs_read_configspace(ambs_reader *r, ambs_yaml_node *root)
{
    const ambs_yaml_node *space = ambs_yaml_get(root, "space");
    if (!space) return;
    if (ambs_yaml_get(root, "parameters")) {
        ambs_read_fault(
            r, space,
            "found both \"space\" and \"parameters\", expected one of them; remove the other");
        return;
    }
    const char *path = ambs_read_text(r, space, "space");
    ambs_yaml_node *json = path ? load(r, space, path) : NULL;
    if (!json || !ambs_read_is_mapping(r, json, "ConfigSpace file")) return;
    source s = {.r = r, .parameters = ambs_yaml_mapping(&r->document, json->place, r->findings)};
    s.constraints = ambs_yaml_get(root, "constraints");
    if (!s.constraints && (s.constraints = ambs_yaml_list(&r->document, space->place, r->findings)))
        ambs_read_put(r, root, space->place, "constraints", s.constraints);
    if (!s.parameters || !s.constraints) return;
    if (s.constraints->type == AMBS_YAML_LIST) read_space(&s, json);
    ambs_read_put(r, root, space->place, "parameters", s.parameters);
    ambs_read_note(r, space, "%s is read as a ConfigSpace space", path);
}
