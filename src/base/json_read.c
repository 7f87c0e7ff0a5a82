/* SPDX-License-Identifier: MIT */
#include "base/json.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/memory.h"
#include "config.h"

#if AMBS_HAVE_JANSSON
#include <jansson.h>

struct ambs_json {
    json_t *root;
};

enum { DEPTH_MAX = 256 };

/* jansson would recurse to depth 2,048; what is deeper than DEPTH_MAX is found before it starts. */
static int check_depth(const char *bytes, size_t length, ambs_error *err)
{
    int depth = 0, line = 1;
    size_t line_start = 0;
    bool in_string = false;
    for (size_t i = 0; i < length; i++) {
        char c = bytes[i];
        if (c == '\n') {
            line++;
            line_start = i + 1;
        }
        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"')
            in_string = true;
        else if (c == ']' || c == '}')
            depth--;
        else if ((c == '[' || c == '{') && ++depth > DEPTH_MAX)
            return ambs_fail(err, AMBS_E_FORMAT,
                             "JSON line %d column %zu: brackets are nested more than %d deep", line,
                             i - line_start + 1, DEPTH_MAX);
    }
    return AMBS_OK;
}

int ambs_json_parse(const char *bytes, size_t length, ambs_json **ret_document, ambs_error *err)
{
    int rc = check_depth(bytes, length, err);
    if (rc != AMBS_OK) return rc;
    json_error_t found;
    json_t *root = json_loadb(bytes, length, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &found);
    if (!root) {
        int code =
            json_error_code(&found) == json_error_out_of_memory ? AMBS_E_NOMEM : AMBS_E_FORMAT;
        return ambs_fail(err, code, "JSON line %d column %d: %s", found.line, found.column,
                         found.text);
    }
    ambs_json *document = ambs_calloc(1, sizeof *document, err);
    if (!document) {
        json_decref(root);
        return AMBS_E_NOMEM;
    }
    document->root = root;
    *ret_document = document;
    return AMBS_OK;
}

void ambs_json_destroy(ambs_json *document)
{
    if (!document) return;
    json_decref(document->root);
    free(document);
}

ambs_json_node ambs_json_root(const ambs_json *document)
{
    return document ? document->root : NULL;
}

ambs_json_type ambs_json_type_of(ambs_json_node node)
{
    if (!node) return AMBS_JSON_ABSENT;
    switch (json_typeof((const json_t *)node)) {
    case JSON_OBJECT:
        return AMBS_JSON_OBJECT;
    case JSON_ARRAY:
        return AMBS_JSON_ARRAY;
    case JSON_STRING:
        return AMBS_JSON_STRING;
    case JSON_INTEGER:
        return AMBS_JSON_INT;
    case JSON_REAL:
        return AMBS_JSON_DOUBLE;
    case JSON_TRUE:
    case JSON_FALSE:
        return AMBS_JSON_BOOL;
    default:
        return AMBS_JSON_NULL;
    }
}

ambs_json_node ambs_json_get(ambs_json_node object, const char *key)
{
    return json_object_get(object, key); /* NULL for what is no object */
}

size_t ambs_json_size(ambs_json_node node)
{
    return ambs_json_type_of(node) == AMBS_JSON_OBJECT ? json_object_size(node)
                                                       : json_array_size(node);
}

ambs_json_node ambs_json_at(ambs_json_node array, size_t i)
{
    return json_array_get(array, i);
}

int ambs_json_each(ambs_json_node object,
                   int (*visit)(void *ctx, const char *key, ambs_json_node value), void *ctx)
{
    if (ambs_json_type_of(object) != AMBS_JSON_OBJECT) return 0;
    json_t *members =
        (json_t *)(uintptr_t)object; /* jansson's iterator takes it without const, unchanged */
    for (void *i = json_object_iter(members); i; i = json_object_iter_next(members, i)) {
        int rc = visit(ctx, json_object_iter_key(i), json_object_iter_value(i));
        if (rc != 0) return rc;
    }
    return 0;
}

const char *ambs_json_text(ambs_json_node string)
{
    return json_string_value(string);
}

double ambs_json_number(ambs_json_node number)
{
    ambs_json_type type = ambs_json_type_of(number);
    return type == AMBS_JSON_INT || type == AMBS_JSON_DOUBLE ? json_number_value(number) : NAN;
}

long long ambs_json_whole(ambs_json_node number)
{
    return json_integer_value(number);
}

bool ambs_json_true(ambs_json_node node)
{
    return ambs_json_type_of(node) == AMBS_JSON_BOOL && json_is_true((const json_t *)node);
}

#else

int ambs_json_parse(const char *bytes, size_t length, ambs_json **ret_document, ambs_error *err)
{
    (void)bytes, (void)length, (void)ret_document;
    return ambs_fail(
        err, AMBS_E_NOT_BUILT,
        "this build cannot read JSON: install libjansson-dev and build again with -Djson=enabled");
}

void ambs_json_destroy(ambs_json *document)
{
    (void)document;
}

ambs_json_node ambs_json_root(const ambs_json *document)
{
    (void)document;
    return NULL;
}

ambs_json_type ambs_json_type_of(ambs_json_node node)
{
    (void)node;
    return AMBS_JSON_ABSENT;
}

ambs_json_node ambs_json_get(ambs_json_node object, const char *key)
{
    (void)object, (void)key;
    return NULL;
}

size_t ambs_json_size(ambs_json_node node)
{
    (void)node;
    return 0;
}

ambs_json_node ambs_json_at(ambs_json_node array, size_t i)
{
    (void)array, (void)i;
    return NULL;
}

int ambs_json_each(ambs_json_node object,
                   int (*visit)(void *ctx, const char *key, ambs_json_node value), void *ctx)
{
    (void)object, (void)visit, (void)ctx;
    return 0;
}

const char *ambs_json_text(ambs_json_node string)
{
    (void)string;
    return NULL;
}

double ambs_json_number(ambs_json_node number)
{
    (void)number;
    return NAN;
}

long long ambs_json_whole(ambs_json_node number)
{
    (void)number;
    return 0;
}

bool ambs_json_true(ambs_json_node node)
{
    (void)node;
    return false;
}

#endif
