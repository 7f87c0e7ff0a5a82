/* SPDX-License-Identifier: MIT */
/* JSON: written by this file; read by jansson (a Meson feature). */
#ifndef AMBS_BASE_JSON_H
#define AMBS_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "ambs/error.h"
#include "base/text.h"

/* Writing: a comma is put where one is due. Not-finite numbers become null. */
typedef struct ambs_json_writer {
    ambs_text *out;
    int indent; /* 0: one line; else spaces per level */
    int depth;
    bool need_comma, after_key;
} ambs_json_writer;

void ambs_json_begin(ambs_json_writer *w, ambs_text *out, int indent);
void ambs_json_object(ambs_json_writer *w);
void ambs_json_end_object(ambs_json_writer *w);
void ambs_json_array(ambs_json_writer *w);
void ambs_json_end_array(ambs_json_writer *w);
void ambs_json_key(ambs_json_writer *w, const char *key);
/* NULL: null; bad UTF-8: replaced by U+FFFD */
void ambs_json_string(ambs_json_writer *w, const char *value);
void ambs_json_double(ambs_json_writer *w, double value);
/* The same, but 1 is written 1.0: a reader that tells floats from ints sees a float. */
void ambs_json_real(ambs_json_writer *w, double value);
void ambs_json_int(ambs_json_writer *w, long long value);
void ambs_json_bool(ambs_json_writer *w, bool value);
void ambs_json_null(ambs_json_writer *w);

/* Reading: a borrowed view into a document. */
typedef struct ambs_json ambs_json; /* a document; opaque */
typedef const void *ambs_json_node; /* NULL: absent */

typedef enum ambs_json_type {
    AMBS_JSON_ABSENT,
    AMBS_JSON_NULL,
    AMBS_JSON_BOOL,
    AMBS_JSON_INT,
    AMBS_JSON_DOUBLE,
    AMBS_JSON_STRING,
    AMBS_JSON_ARRAY,
    AMBS_JSON_OBJECT
} ambs_json_type;

/* Parses one document; duplicate keys, trailing text and depth beyond 256 are errors with line and
 * column. NaN and Infinity are not JSON and are refused. AMBS_E_NOT_BUILT without jansson. */
int ambs_json_parse(const char *bytes, size_t length, ambs_json **ret_document, ambs_error *err);
void ambs_json_destroy(ambs_json *document);
ambs_json_node ambs_json_root(const ambs_json *document);
ambs_json_type ambs_json_type_of(ambs_json_node node);
ambs_json_node ambs_json_get(ambs_json_node object, const char *key);
size_t ambs_json_size(ambs_json_node array_or_object);
ambs_json_node ambs_json_at(ambs_json_node array, size_t i);
/* Calls `visit` for each member in the order of the text; stops at a non-zero return and returns
 * it. */
int ambs_json_each(ambs_json_node object,
                   int (*visit)(void *ctx, const char *key, ambs_json_node value), void *ctx);
const char *ambs_json_text(ambs_json_node string); /* NULL when not a string */
double ambs_json_number(ambs_json_node number);    /* NaN when not a number */
long long ambs_json_whole(ambs_json_node number);
bool ambs_json_true(ambs_json_node node);
/* The node as JSON again, members in the order of the text. */
void ambs_json_copy(ambs_json_node node, ambs_json_writer *w);

#endif
