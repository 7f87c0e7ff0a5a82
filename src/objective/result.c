/* SPDX-License-Identifier: MIT */
/* Scripts write what their language prints: Python's json gives NaN and Infinity, C's printf nan,
 * inf and -nan. JSON has none of them, so they are put into quotes before parsing and known again
 * afterwards. */
#include "objective/result.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "base/memory.h"
#include "base/text.h"

enum { RESULT_MAX = 1 << 20, NUMBER_MAX = 63, SHOWN_MAX = 40 };

void ambs_result_refuse(ambs_outcome *o, ambs_reason reason, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    o->state = AMBS_TRIAL_FAILED;
    o->reason = reason;
    vsnprintf(o->message, sizeof o->message, format, args);
    va_end(args);
    /* Names in it come from outside, and may have been cut inside a character. */
    for (size_t bad; !ambs_utf8_valid(o->message, strlen(o->message), &bad);) o->message[bad] = '?';
}

void ambs_result_accept(ambs_outcome *o, double value, const char *origin)
{
    if (isnan(value)) {
        ambs_result_refuse(o, AMBS_REASON_NOT_A_NUMBER, "%s: the value is not a number", origin);
    } else if (isinf(value)) {
        ambs_result_refuse(o, AMBS_REASON_INFINITE, "%s: the value is infinite", origin);
    } else {
        o->state = AMBS_TRIAL_COMPLETE;
        o->objective = value;
    }
}

/* nan, -nan, NaN, inf, -Infinity … as programs print them. */
static bool parse_special(const char *text, double *ret_value)
{
    const char *bare = text + (*text == '-' || *text == '+');
    if (strcasecmp(bare, "nan") == 0)
        *ret_value = NAN;
    else if (strcasecmp(bare, "inf") == 0 || strcasecmp(bare, "infinity") == 0)
        *ret_value = *text == '-' ? -INFINITY : INFINITY;
    else
        return false;
    return true;
}

bool ambs_result_number(const char *bytes, size_t length, double *ret_value)
{
    char text[NUMBER_MAX + 1], *end;
    if (length == 0 || length > NUMBER_MAX || memchr(bytes, '\0', length)) return false;
    memcpy(text, bytes, length);
    text[length] = '\0';
    if (parse_special(text, ret_value) || ambs_parse_double(text, ret_value)) return true;
    if (text[strspn(text, "0123456789+-.eE")] != '\0') return false;
    double value = strtod(text, &end);
    if (*end != '\0' || !isinf(value)) return false;
    *ret_value = value;
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The start of a bare NaN or Infinity at `at`: its length, or 0. */
static size_t special_length(const char *at, size_t left)
{
    static const char *const words[] = {"NaN", "-NaN", "Infinity", "-Infinity", NULL};
    for (size_t i = 0; words[i]; i++) {
        size_t n = strlen(words[i]);
        if (n <= left && memcmp(at, words[i], n) == 0) return n;
    }
    return 0;
}

/* Copies JSON with bare NaN and Infinity quoted. */
static void quote_specials(const char *bytes, size_t length, ambs_text *out)
{
    bool in_string = false;
    for (size_t i = 0; i < length; i++) {
        size_t special = in_string ? 0 : special_length(bytes + i, length - i);
        if (special > 0) {
            ambs_text_add(out, "\"");
            ambs_text_add_bytes(out, bytes + i, special);
            ambs_text_add(out, "\"");
            i += special - 1;
            continue;
        }
        if (bytes[i] == '"') in_string = !in_string;
        ambs_text_add_bytes(out, bytes + i, 1);
        if (in_string && bytes[i] == '\\' && i + 1 < length)
            ambs_text_add_bytes(out, bytes + ++i, 1);
    }
}

int ambs_result_parse(const char *bytes, size_t length, ambs_json **ret, ambs_error *err)
{
    ambs_text text = {0};
    quote_specials(bytes, length, &text);
    int rc = ambs_text_check(&text, err);
    if (rc == AMBS_OK) rc = ambs_json_parse(text.text, text.length, ret, err);
    ambs_text_fini(&text);
    return rc;
}

bool ambs_result_node_number(ambs_json_node node, double *ret_value)
{
    ambs_json_type type = ambs_json_type_of(node);
    *ret_value = ambs_json_number(node);
    if (type == AMBS_JSON_NULL || type == AMBS_JSON_INT || type == AMBS_JSON_DOUBLE) return true;
    return type == AMBS_JSON_STRING && parse_special(ambs_json_text(node), ret_value);
}

typedef struct visit_state {
    const char *metric;
    ambs_metric *metrics;
    size_t n;
    const char *nearest; /* a name in the object like the metric's */
    size_t nearest_edits;
} visit_state;

static int visit_metric(void *ctx, const char *key, ambs_json_node value)
{
    visit_state *v = ctx;
    double number;
    if (strcmp(key, v->metric) == 0 || !ambs_result_node_number(value, &number)) return 0;
    size_t edits = ambs_edit_distance(key, v->metric);
    if (edits < v->nearest_edits) {
        v->nearest = key;
        v->nearest_edits = edits;
    }
    if (v->n == AMBS_MAX_METRICS || key[0] == '\0' || strlen(key) >= AMBS_METRIC_NAME_SIZE ||
        !isfinite(number))
        return 0;
    memcpy(v->metrics[v->n].name, key, strlen(key) + 1);
    v->metrics[v->n++].value = number;
    return 0;
}

static void read_object(ambs_json_node root, const char *metric, const char *origin,
                        ambs_outcome *o)
{
    visit_state v = {.metric = metric, .metrics = o->metrics, .nearest_edits = SIZE_MAX};
    ambs_json_each(root, visit_metric, &v);
    o->n_metrics = v.n;
    double value;
    ambs_json_node node = ambs_json_get(root, metric);
    if (!node && v.nearest)
        ambs_result_refuse(o, AMBS_REASON_BAD_RESULT,
                           "%s has no \"%.60s\"; the nearest name in it is \"%.60s\"", origin,
                           metric, v.nearest);
    else if (!node)
        ambs_result_refuse(o, AMBS_REASON_BAD_RESULT, "%s has no \"%.60s\" and no other number",
                           origin, metric);
    else if (!ambs_result_node_number(node, &value))
        ambs_result_refuse(o, AMBS_REASON_BAD_RESULT,
                           "%s: \"%.60s\" is not a number but something else", origin, metric);
    else
        ambs_result_accept(o, value, origin);
}

/* The first bytes of a result for a message, without what a terminal would act on. */
static void show(const char *bytes, size_t length, char *ret_text)
{
    size_t n = length < SHOWN_MAX ? length : SHOWN_MAX;
    for (size_t i = 0; i < n; i++)
        ret_text[i] =
            (unsigned char)bytes[i] < 0x20 || (unsigned char)bytes[i] > 0x7e ? '?' : bytes[i];
    strcpy(ret_text + n, n < length ? "…" : "");
}

static void read_text(const char *bytes, size_t length, const char *metric, const char *origin,
                      ambs_outcome *o)
{
    double value;
    if (ambs_result_number(bytes, length, &value)) {
        ambs_result_accept(o, value, origin);
        return;
    }
    char shown[SHOWN_MAX + 8];
    show(bytes, length, shown);
    if (bytes[0] != '{') {
        ambs_result_refuse(o, AMBS_REASON_BAD_RESULT,
                           "%s: found \"%s\", expected a number or a JSON object with \"%.60s\"",
                           origin, shown, metric);
        return;
    }
    ambs_json *document = NULL;
    ambs_error err;
    int rc = ambs_result_parse(bytes, length, &document, &err);
    if (rc == AMBS_OK)
        read_object(ambs_json_root(document), metric, origin, o);
    else
        ambs_result_refuse(o,
                           rc == AMBS_E_NOMEM ? AMBS_REASON_OUT_OF_MEMORY : AMBS_REASON_BAD_RESULT,
                           "%s: %.160s", origin, err.text);
    ambs_json_destroy(document);
}

void ambs_result_read(const char *bytes, size_t length, const char *metric, const char *origin,
                      ambs_outcome *ret_outcome)
{
    ret_outcome->objective = NAN;
    ret_outcome->reason = AMBS_REASON_NONE;
    ret_outcome->n_metrics = 0;
    ret_outcome->message[0] = '\0';
    while (length > 0 && is_blank(*bytes)) bytes++, length--;
    while (length > 0 && is_blank(bytes[length - 1])) length--;
    if (length == 0)
        ambs_result_refuse(ret_outcome, AMBS_REASON_NO_RESULT, "%s is empty", origin);
    else if (length > RESULT_MAX)
        ambs_result_refuse(ret_outcome, AMBS_REASON_BAD_RESULT, "%s: larger than %d KiB", origin,
                           RESULT_MAX / 1024);
    else
        read_text(bytes, length, metric, origin, ret_outcome);
}

/* ---- step reports ---- */

static int visit_report(void *ctx, const char *key, ambs_json_node value)
{
    visit_state *v = ctx;
    double number;
    bool own = strcmp(key, "value") == 0 || strcmp(key, v->metric) == 0;
    const char *name = own ? v->metric : key;
    if (strcmp(key, "step") == 0 || !ambs_result_node_number(value, &number) ||
        v->n == AMBS_MAX_METRICS || name[0] == '\0' || strlen(name) >= AMBS_METRIC_NAME_SIZE)
        return 0;
    ambs_metric *m = &v->metrics[v->n++];
    if (own && m != v->metrics) {
        *m = v->metrics[0];
        m = v->metrics;
    }
    snprintf(m->name, sizeof m->name, "%s", name);
    m->value = number;
    return 0;
}

int ambs_report_read(const char *bytes, size_t length, const char *metric, long long *ret_step,
                     ambs_metric *ret_metrics, size_t *ret_n, ambs_error *err)
{
    ambs_json *document = NULL;
    int rc = ambs_result_parse(bytes, length, &document, err);
    if (rc != AMBS_OK) return ambs_wrap(err, rc, "step report");
    ambs_json_node root = ambs_json_root(document), step = ambs_json_get(root, "step");
    visit_state v = {.metric = metric, .metrics = ret_metrics};
    ambs_json_each(root, visit_report, &v);
    if (ambs_json_type_of(step) != AMBS_JSON_INT || v.n == 0)
        rc = ambs_fail(err, AMBS_E_FORMAT,
                       "step report: expected {\"step\": N, \"value\": NUMBER} with a whole step");
    if (rc == AMBS_OK) {
        *ret_step = ambs_json_whole(step);
        *ret_n = v.n;
    }
    ambs_json_destroy(document);
    return rc;
}

void ambs_outcome_settle(bool stopped, ambs_outcome *o)
{
    if (o->state != AMBS_TRIAL_COMPLETE) return;
    if (stopped)
        o->state = AMBS_TRIAL_PRUNED;
    else if (isnan(o->objective)) {
        o->state = AMBS_TRIAL_FAILED;
        o->reason = AMBS_REASON_NOT_A_NUMBER;
    } else if (isinf(o->objective)) {
        o->state = AMBS_TRIAL_FAILED;
        o->reason = AMBS_REASON_INFINITE;
    }
    if (!isfinite(o->objective)) o->objective = NAN;
}
