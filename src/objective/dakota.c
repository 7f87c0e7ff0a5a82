/* SPDX-License-Identifier: MIT */
#include "objective/dakota.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "objective/result.h"

enum { TOKEN_MAX = 255 };

/* ---- responses ---- */

int ambs_dakota_responses_read(const char *text, const char *metric,
                               ambs_dakota_responses *ret_responses, ambs_error *err)
{
    ambs_dakota_responses *r = ret_responses;
    bool has_metric = false;
    r->n = 0;
    for (const char *at = text ? text : metric; *(at += strspn(at, " \t"));) {
        size_t length = strcspn(at, " \t");
        if (r->n == AMBS_DAKOTA_MOST_RESPONSES || length >= AMBS_METRIC_NAME_SIZE)
            return ambs_fail(err, AMBS_E_INVALID,
                             "responses: expected at most %d names of at most %d bytes",
                             AMBS_DAKOTA_MOST_RESPONSES, AMBS_METRIC_NAME_SIZE - 1);
        char *name = r->names[r->n];
        memcpy(name, at, length);
        name[length] = '\0';
        for (size_t i = 0; i < r->n; i++)
            if (strcmp(r->names[i], name) == 0)
                return ambs_fail(err, AMBS_E_INVALID, "responses: found \"%.60s\" twice", name);
        has_metric = has_metric || strcmp(name, metric) == 0;
        r->n++;
        at += length;
    }
    if (has_metric) return AMBS_OK;
    return ambs_fail(err, AMBS_E_INVALID,
                     "responses: found \"%.100s\", expected the study's metric \"%.60s\" among the "
                     "names",
                     text ? text : "", metric);
}

/* ---- the parameters file ---- */

/* A value as its file shows it; *ret_is_text where APREPRO puts it into quotes. */
static void show_value(const ambs_command *c, size_t i, char *ret_text, size_t size,
                       bool *ret_is_text)
{
    const ambs_parameter *p = ambs_space_parameter(c->spec->space, i);
    double value = c->attempt->x[i];
    char number[64];
    const ambs_value *level = p->n_levels > 0 ? &p->levels[(size_t)value] : NULL;
    bool is_real = level ? level->kind == AMBS_VALUE_FLOAT : p->type == AMBS_PARAMETER_FLOAT;
    *ret_is_text = level && (level->kind == AMBS_VALUE_STRING || level->kind == AMBS_VALUE_BOOL);
    if (is_real)
        snprintf(ret_text, size, "%.16e", level ? level->number : value);
    else
        snprintf(ret_text, size, "%s", ambs_space_format(c->spec->space, i, value, number));
}

static void add_entry(ambs_text *out, ambs_dakota_format format, const char *tag, const char *value,
                      bool is_text)
{
    const char *quote = is_text ? "\"" : "";
    char quoted[TOKEN_MAX + 3];
    if (format == AMBS_DAKOTA_STANDARD) {
        ambs_text_addf(out, "%43s %s\n", value, tag);
        return;
    }
    snprintf(quoted, sizeof quoted, "%s%.*s%s", quote, TOKEN_MAX, value, quote);
    ambs_text_addf(out, "%20s{ %-15s = %22s }\n", "", tag, quoted);
}

static void add_count(ambs_text *out, ambs_dakota_format format, const char *standard,
                      const char *aprepro, uint64_t n)
{
    char number[32];
    snprintf(number, sizeof number, "%llu", (unsigned long long)n);
    add_entry(out, format, format == AMBS_DAKOTA_STANDARD ? standard : aprepro, number, false);
}

static void add_lines(const ambs_command *c, ambs_dakota_format format,
                      const ambs_dakota_responses *responses, ambs_text *out)
{
    size_t d = ambs_space_dimension(c->spec->space), n = 0;
    for (size_t i = 0; i < d; i++) n += !isnan(c->attempt->x[i]);
    add_count(out, format, "variables", "DAKOTA_VARS", n);
    for (size_t i = 0; i < d; i++) {
        char value[TOKEN_MAX + 1];
        bool is_text;
        if (isnan(c->attempt->x[i])) continue;
        show_value(c, i, value, sizeof value, &is_text);
        add_entry(out, format, ambs_space_parameter(c->spec->space, i)->name, value, is_text);
    }
    add_count(out, format, "functions", "DAKOTA_FNS", responses->n);
    for (size_t i = 0; i < responses->n; i++) {
        char tag[AMBS_METRIC_NAME_SIZE + 32];
        snprintf(tag, sizeof tag, "ASV_%zu:%s", i + 1, responses->names[i]);
        add_entry(out, format, tag, "1", false);
    }
    add_count(out, format, "derivative_variables", "DAKOTA_DER_VARS", 0);
    add_count(out, format, "analysis_components", "DAKOTA_AN_COMPS", 0);
    add_count(out, format, "eval_id", "DAKOTA_EVAL_ID", c->attempt->trial);
    add_count(out, format, "metadata", "DAKOTA_METADATA", 0);
}

static void add_json_variables(const ambs_command *c, ambs_json_writer *w)
{
    size_t d = ambs_space_dimension(c->spec->space);
    ambs_json_key(w, "variables");
    ambs_json_array(w);
    for (size_t i = 0; i < d; i++) {
        if (isnan(c->attempt->x[i])) continue;
        ambs_json_object(w);
        ambs_json_key(w, "label");
        ambs_json_string(w, ambs_space_parameter(c->spec->space, i)->name);
        ambs_json_key(w, "value");
        ambs_space_write_json_value(c->spec->space, i, c->attempt->x[i], w);
        ambs_json_end_object(w);
    }
    ambs_json_end_array(w);
}

static void add_empty(ambs_json_writer *w, const char *key)
{
    ambs_json_key(w, key);
    ambs_json_array(w);
    ambs_json_end_array(w);
}

static void add_json(const ambs_command *c, const ambs_dakota_responses *responses, ambs_text *out)
{
    ambs_json_writer w;
    char id[32];
    ambs_json_begin(&w, out, 2);
    ambs_json_object(&w);
    add_json_variables(c, &w);
    ambs_json_key(&w, "responses");
    ambs_json_array(&w);
    for (size_t i = 0; i < responses->n; i++) {
        ambs_json_object(&w);
        ambs_json_key(&w, "label");
        ambs_json_string(&w, responses->names[i]);
        ambs_json_key(&w, "active_set");
        ambs_json_int(&w, 1);
        ambs_json_end_object(&w);
    }
    ambs_json_end_array(&w);
    add_empty(&w, "derivative_variables");
    add_empty(&w, "analysis_components");
    snprintf(id, sizeof id, "%llu", (unsigned long long)c->attempt->trial);
    ambs_json_key(&w, "eval_id");
    ambs_json_string(&w, id);
    add_empty(&w, "metadata");
    ambs_json_end_object(&w);
    ambs_text_add(out, "\n");
}

int ambs_dakota_params(const ambs_command *command, ambs_dakota_format format,
                       const ambs_dakota_responses *responses, ambs_text *ret_text, ambs_error *err)
{
    if (format == AMBS_DAKOTA_JSON)
        add_json(command, responses, ret_text);
    else
        add_lines(command, format, responses, ret_text);
    return ambs_text_check(ret_text, err);
}

/* ---- the results file ---- */

typedef struct results {
    const ambs_dakota_responses *responses;
    const char *metric, *origin;
    double values[AMBS_DAKOTA_MOST_RESPONSES];
    size_t n;
} results;

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The next word without the blanks around it; its length, 0 at the end. */
static size_t next_word(const char **at, const char *end, const char **ret_word)
{
    while (*at < end && is_blank(**at)) ++*at;
    *ret_word = *at;
    while (*at < end && !is_blank(**at)) ++*at;
    return (size_t)(*at - *ret_word);
}

static bool is_word(const char *word, size_t length, const char *name)
{
    return strlen(name) == length && memcmp(word, name, length) == 0;
}

/* A label may be anything but the name of another response. */
static bool label_is_right(const results *r, const char *word, size_t length)
{
    if (is_word(word, length, r->responses->names[r->n - 1])) return true;
    for (size_t i = 0; i < r->responses->n; i++)
        if (is_word(word, length, r->responses->names[i])) return false;
    return true;
}

/* Values with or without labels; false after a refusal. */
static bool read_standard(results *r, const char *at, const char *end, ambs_outcome *o)
{
    const char *word;
    bool may_be_label = false;
    for (size_t length; (length = next_word(&at, end, &word)) > 0;) {
        double value;
        int shown = length < 40 ? (int)length : 40;
        if (ambs_result_number(word, length, &value)) {
            if (r->n < AMBS_DAKOTA_MOST_RESPONSES) r->values[r->n] = value;
            r->n++;
            may_be_label = r->n <= r->responses->n;
            continue;
        }
        if (word[0] == '[') {
            ambs_result_refuse(o, AMBS_REASON_BAD_RESULT,
                               "%s: found a gradient, expected values only (ASV is 1)", r->origin);
            return false;
        }
        if (!may_be_label) {
            ambs_result_refuse(o, AMBS_REASON_BAD_RESULT,
                               "%s: found \"%.*s\", expected a number (with E, not D) or FAIL",
                               r->origin, shown, word);
            return false;
        }
        if (!label_is_right(r, word, length)) {
            ambs_result_refuse(o, AMBS_REASON_BAD_RESULT,
                               "%s: value %zu has the label \"%.*s\", expected \"%.60s\"",
                               r->origin, r->n, shown, word, r->responses->names[r->n - 1]);
            return false;
        }
        may_be_label = false;
    }
    return true;
}

static int take_function(void *ctx, const char *key, ambs_json_node value)
{
    results *r = ctx;
    for (size_t i = 0; i < r->responses->n; i++) {
        if (strcmp(key, r->responses->names[i]) != 0 ||
            !ambs_result_node_number(value, &r->values[i]))
            continue;
        r->n++;
        return 0;
    }
    return 1;
}

static bool read_json(results *r, const char *at, size_t length, ambs_outcome *o)
{
    ambs_json *document = NULL;
    ambs_error err;
    if (ambs_result_parse(at, length, &document, &err) != AMBS_OK) {
        ambs_result_refuse(o, AMBS_REASON_BAD_RESULT, "%s: %.160s", r->origin, err.text);
        return false;
    }
    ambs_json_node root = ambs_json_root(document), fail = ambs_json_get(root, "fail"),
                   functions = ambs_json_get(root, "functions");
    const char *word = ambs_json_text(fail);
    bool failed = ambs_json_true(fail) || (word && strcasecmp(word, "true") == 0);
    bool all_known = functions && ambs_json_each(functions, take_function, r) == 0;
    ambs_json_destroy(document);
    if (failed)
        ambs_result_refuse(o, AMBS_REASON_OBJECTIVE, "the driver says that it failed");
    else if (!all_known)
        ambs_result_refuse(o, AMBS_REASON_BAD_RESULT,
                           "%s: expected {\"functions\": {\"%.60s\": number%s}}", r->origin,
                           r->metric, r->responses->n > 1 ? ", …" : "");
    return !failed && all_known;
}

static void take(const results *r, ambs_outcome *o)
{
    for (size_t i = 0; i < r->n; i++) {
        if (strcmp(r->responses->names[i], r->metric) == 0) {
            ambs_result_accept(o, r->values[i], r->origin);
        } else if (isfinite(r->values[i])) {
            ambs_metric *m = &o->metrics[o->n_metrics++];
            memcpy(m->name, r->responses->names[i], sizeof m->name);
            m->value = r->values[i];
        }
    }
}

void ambs_dakota_result_read(const char *bytes, size_t length,
                             const ambs_dakota_responses *responses, const char *metric,
                             const char *origin, ambs_outcome *ret_outcome)
{
    ambs_outcome *o = ret_outcome;
    results r = {.responses = responses, .metric = metric, .origin = origin};
    const char *end = bytes + length;
    o->objective = NAN;
    o->reason = AMBS_REASON_NONE;
    o->n_metrics = 0;
    o->message[0] = '\0';
    while (bytes < end && is_blank(*bytes)) bytes++;
    if (bytes == end) {
        ambs_result_refuse(o, AMBS_REASON_NO_RESULT, "%s is empty", origin);
        return;
    }
    if (end - bytes >= 4 && strncasecmp(bytes, "fail", 4) == 0) {
        ambs_result_refuse(o, AMBS_REASON_OBJECTIVE, "the driver wrote FAIL");
        return;
    }
    if (*bytes == '{' ? !read_json(&r, bytes, (size_t)(end - bytes), o)
                      : !read_standard(&r, bytes, end, o))
        return;
    if (r.n == responses->n)
        take(&r, o);
    else
        ambs_result_refuse(
            o, AMBS_REASON_BAD_RESULT, "%s: found %zu value%s, expected %zu (%.60s%s)", origin, r.n,
            r.n == 1 ? "" : "s", responses->n, responses->names[0], responses->n > 1 ? ", …" : "");
}
