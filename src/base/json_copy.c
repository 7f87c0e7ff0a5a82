/* SPDX-License-Identifier: MIT */
#include "base/json.h"

#include <math.h>

/* A floating-point number stays one: 1.0 and not 1, which readers take for a whole number. */
static void copy_double(double value, ambs_json_writer *w)
{
    ambs_json_double(w, value);
    if (fabs(value) < 1e15 && value == floor(value)) ambs_text_add(w->out, ".0");
}

static int copy_member(void *ctx, const char *key, ambs_json_node value)
{
    ambs_json_writer *w = ctx;
    ambs_json_key(w, key);
    ambs_json_copy(value, w);
    return 0;
}

/* The depth is bounded by what ambs_json_parse accepts. */
void ambs_json_copy(ambs_json_node node, ambs_json_writer *w)
{
    switch (ambs_json_type_of(node)) {
    case AMBS_JSON_OBJECT:
        ambs_json_object(w);
        ambs_json_each(node, copy_member, w);
        ambs_json_end_object(w);
        return;
    case AMBS_JSON_ARRAY:
        ambs_json_array(w);
        for (size_t i = 0; i < ambs_json_size(node); i++) ambs_json_copy(ambs_json_at(node, i), w);
        ambs_json_end_array(w);
        return;
    case AMBS_JSON_STRING:
        ambs_json_string(w, ambs_json_text(node));
        return;
    case AMBS_JSON_INT:
        ambs_json_int(w, ambs_json_whole(node));
        return;
    case AMBS_JSON_DOUBLE:
        copy_double(ambs_json_number(node), w);
        return;
    case AMBS_JSON_BOOL:
        ambs_json_bool(w, ambs_json_true(node));
        return;
    case AMBS_JSON_NULL:
    case AMBS_JSON_ABSENT:
        ambs_json_null(w);
        return;
    }
}
