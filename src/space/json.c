/* SPDX-License-Identifier: MIT */
/* Configurations and spaces as JSON. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/checksum.h"
#include "base/memory.h"
#include "space/private.h"

static void write_level(const ambs_value *level, ambs_json_writer *w)
{
    switch (level->kind) {
    case AMBS_VALUE_BOOL:
        ambs_json_bool(w, level->number != 0);
        break;
    case AMBS_VALUE_INT:
        ambs_json_double(w, level->number);
        break;
    case AMBS_VALUE_FLOAT:
        ambs_json_real(w, level->number);
        break;
    default:
        ambs_json_string(w, level->text);
    }
}

static void write_value(const ambs_parameter *p, double value, ambs_json_writer *w)
{
    if (p->type == AMBS_PARAMETER_FLOAT)
        ambs_json_real(w, value);
    else if (p->type == AMBS_PARAMETER_INT)
        ambs_json_double(w, value);
    else
        write_level(&p->levels[(size_t)value], w);
}

void ambs_space_write_json(const ambs_space *space, const double *x, ambs_json_writer *w)
{
    ambs_json_object(w);
    for (size_t i = 0; i < space->d; i++) {
        if (isnan(x[i])) continue;
        ambs_json_key(w, space->dims[i].p.name);
        write_value(&space->dims[i].p, x[i], w);
    }
    ambs_json_end_object(w);
}

void ambs_space_write_json_value(const ambs_space *space, size_t i, double value,
                                 ambs_json_writer *w)
{
    write_value(&space->dims[i].p, value, w);
}

/* ---- reading ---- */

typedef struct reader {
    const ambs_space *space;
    double *x; /* NaN where nothing was given */
    ambs_error *err;
} reader;

/* The text of a scalar, so that one parser serves the command line, YAML and JSON. NULL for the
 * rest. */
static const char *scalar_text(ambs_json_node node, char *buffer)
{
    switch (ambs_json_type_of(node)) {
    case AMBS_JSON_BOOL:
        return ambs_json_true(node) ? "true" : "false";
    case AMBS_JSON_INT:
    case AMBS_JSON_DOUBLE:
        return ambs_format_double(ambs_json_number(node), buffer);
    case AMBS_JSON_STRING:
        return ambs_json_text(node);
    default:
        return NULL;
    }
}

static int read_member(void *ctx, const char *key, ambs_json_node node)
{
    reader *r = ctx;
    char buffer[32];
    int i = ambs_space_find(r->space, key);
    if (i < 0) return ambs_space_refuse_name(r->space, "unknown parameter", key, r->err);
    if (ambs_json_type_of(node) == AMBS_JSON_NULL) return AMBS_OK; /* the same as not given */
    const ambs_parameter *p = &r->space->dims[i].p;
    const char *text = scalar_text(node, buffer);
    bool quoted_number = text && ambs_parameter_is_numeric(p) &&
                         ambs_json_type_of(node) != AMBS_JSON_INT &&
                         ambs_json_type_of(node) != AMBS_JSON_DOUBLE;
    if (!text || quoted_number)
        return ambs_fail(r->err, AMBS_E_INVALID, "parameter \"%s\": found %s, expected %s", p->name,
                         text ? "text or a boolean" : "an object or array",
                         ambs_parameter_is_numeric(p) ? "a number" : "one of its values");
    return ambs_space_parse(r->space, (size_t)i, text, &r->x[i], r->err);
}

/* What the object gives, NaN elsewhere. The caller frees. */
static int read_members(const ambs_space *space, ambs_json_node object, double **ret_x,
                        ambs_error *err)
{
    if (ambs_json_type_of(object) != AMBS_JSON_OBJECT)
        return ambs_fail(err, AMBS_E_INVALID,
                         "expected a JSON object of parameter names and values");
    double *x = ambs_calloc(space->d, sizeof *x, err);
    if (!x) return AMBS_E_NOMEM;
    for (size_t i = 0; i < space->d; i++) x[i] = NAN;
    reader r = {.space = space, .x = x, .err = err};
    int rc = ambs_json_each(object, read_member, &r);
    if (rc == AMBS_OK)
        *ret_x = x;
    else
        free(x);
    return rc;
}

int ambs_space_complete_json(const ambs_space *space, ambs_json_node object, double *ret_x,
                             ambs_error *err)
{
    ambs_error ignored = {0};
    double *given = NULL;
    int rc = read_members(space, object, &given, err);
    if (rc != AMBS_OK) return rc;
    rc = ambs_space_defaults(space, ret_x, &ignored);
    if (rc != AMBS_OK && rc != AMBS_E_INFEASIBLE) {
        free(given);
        return ambs_fail(err, rc, "%s", ignored.text);
    }
    for (size_t i = 0; i < space->d; i++)
        if (!isnan(given[i])) ret_x[i] = given[i];
    ambs_space_normalise(space, ret_x);
    rc = AMBS_OK;
    for (size_t i = 0; i < space->d && rc == AMBS_OK; i++)
        if (!isnan(given[i]) && isnan(ret_x[i])) rc = ambs_space_refuse_inactive(space, i, err);
    free(given);
    if (rc != AMBS_OK) return rc;
    return ambs_space_contains(space, ret_x, err) ? AMBS_OK : AMBS_E_INVALID;
}

int ambs_space_read_json(const ambs_space *space, ambs_json_node object, double *ret_x,
                         ambs_error *err)
{
    double *x = NULL;
    int rc = read_members(space, object, &x, err);
    if (rc != AMBS_OK) return rc;
    if (!ambs_space_contains(space, x, err)) rc = AMBS_E_INVALID;
    if (rc == AMBS_OK) memcpy(ret_x, x, space->d * sizeof *x);
    free(x);
    return rc;
}

/* ---- the whole space ---- */

static const char *const type_names[] = {"float", "int", "ordinal", "categorical", "constant"};
static const char *const scale_names[] = {"linear", "log", "reverse_log", "logit"};

static void describe_range(const ambs_parameter *p, ambs_json_writer *w)
{
    ambs_json_key(w, "scale");
    ambs_json_string(w, scale_names[p->scale]);
    ambs_json_key(w, "min");
    ambs_json_double(w, p->min);
    ambs_json_key(w, "max");
    ambs_json_double(w, p->max);
    if (p->step > 0) {
        ambs_json_key(w, "step");
        ambs_json_double(w, p->step);
    }
}

static void describe_levels(const ambs_parameter *p, ambs_json_writer *w)
{
    ambs_json_key(w, "levels");
    ambs_json_array(w);
    for (size_t k = 0; k < p->n_levels; k++) write_level(&p->levels[k], w);
    ambs_json_end_array(w);
    if (!p->probabilities) return;
    ambs_json_key(w, "probabilities");
    ambs_json_array(w);
    for (size_t k = 0; k < p->n_levels; k++) ambs_json_double(w, p->probabilities[k]);
    ambs_json_end_array(w);
}

static void describe_prior(const ambs_parameter *p, ambs_json_writer *w)
{
    ambs_json_key(w, "prior");
    ambs_json_object(w);
    if (p->prior.weights) {
        ambs_json_key(w, "weights");
        ambs_json_array(w);
        for (size_t k = 0; k < p->n_levels; k++) ambs_json_double(w, p->prior.weights[k]);
        ambs_json_end_array(w);
    } else {
        ambs_json_key(w, "center");
        ambs_json_double(w, p->prior.center);
        ambs_json_key(w, "spread");
        ambs_json_double(w, p->prior.spread);
    }
    ambs_json_end_object(w);
}

static void describe_parameter(const dimension *dim, ambs_json_writer *w)
{
    const ambs_parameter *p = &dim->p;
    ambs_json_object(w);
    ambs_json_key(w, "name");
    ambs_json_string(w, p->name);
    ambs_json_key(w, "type");
    ambs_json_string(w, type_names[p->type]);
    if (ambs_parameter_is_numeric(p))
        describe_range(p, w);
    else
        describe_levels(p, w);
    if (!isnan(p->initial)) {
        ambs_json_key(w, "default");
        write_value(p, p->initial, w);
    }
    if (p->prior.spread > 0 || p->prior.weights) describe_prior(p, w);
    if (dim->condition_text) {
        ambs_json_key(w, "when");
        ambs_json_string(w, dim->condition_text);
    }
    ambs_json_end_object(w);
}

void ambs_space_describe(const ambs_space *space, ambs_json_writer *w)
{
    ambs_json_object(w);
    ambs_json_key(w, "parameters");
    ambs_json_array(w);
    for (size_t i = 0; i < space->d; i++) describe_parameter(&space->dims[i], w);
    ambs_json_end_array(w);
    ambs_json_key(w, "constraints");
    ambs_json_array(w);
    for (size_t i = 0; i < space->n_constraints; i++)
        ambs_json_string(w, space->constraints[i].text);
    ambs_json_end_array(w);
    ambs_json_end_object(w);
}

int ambs_space_compute_digest(ambs_space *space, ambs_error *err)
{
    ambs_text text = {0};
    ambs_json_writer w;
    ambs_json_begin(&w, &text, 0);
    ambs_space_describe(space, &w);
    int rc = ambs_text_check(&text, err);
    if (rc == AMBS_OK) space->digest = ambs_hash(AMBS_HASH_START, text.text, text.length);
    ambs_text_fini(&text);
    return rc;
}
