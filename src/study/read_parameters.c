/* SPDX-License-Identifier: MIT */
/* The parameters. A parameter has one of three forms: `value` (a constant), `values` (levels) or
 * `min` and `max` (a range); its type follows from how they are written unless `type` says it. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "study/read.h"

static const char *const parameter_keys[] = {
    "type",    "min",           "max",  "values",       "value", "scale", "step",
    "default", "probabilities", "when", "distribution", "prior", NULL};
static const char *const type_names[] = {"float",    "int",     "ordinal", "categorical",
                                         "constant", "boolean", NULL};
static const char *const scale_names[] = {"linear", "log", "reverse_log", "logit", NULL};
enum { TYPE_BOOLEAN = AMBS_PARAMETER_CONSTANT + 1, TYPE_UNSAID = -1 };

typedef struct draft {
    ambs_reader *r;
    const ambs_yaml_node *key, *node;
    ambs_parameter p;
    ambs_value *levels;
    double *probabilities, *weights;
} draft;

/* Index of a word in `names`, or -1 after a finding. */
static int choice(ambs_reader *r, const ambs_yaml_node *node, const char *name,
                  const char *const *names)
{
    const char *text = ambs_read_text(r, node, name);
    for (int i = 0; text && names[i]; i++)
        if (strcmp(names[i], text) == 0) return i;
    if (text && node->type == AMBS_YAML_SCALAR) ambs_read_unknown(r, node, name, "", names);
    return -1;
}

/* ---- levels -------------------------------------------------------------------------------- */

/* A level with its canonical text: numbers as they print, so that 1e-3 and 0.001 are the same. */
static bool read_level(ambs_reader *r, const ambs_yaml_node *node, const char *name,
                       ambs_value *ret)
{
    const char *text = ambs_read_text(r, node, name);
    if (!text) return false;
    char number[32];
    bool is_number = node->kind == AMBS_YAML_INT || node->kind == AMBS_YAML_FLOAT;
    if (is_number) text = ambs_format_double(node->number, number);
    const ambs_yaml_node *kept =
        ambs_yaml_scalar(&r->document, node->place, text, false, r->findings);
    if (!kept) return false;
    *ret = (ambs_value){.kind = node->kind == AMBS_YAML_BOOL    ? AMBS_VALUE_BOOL
                                : node->kind == AMBS_YAML_INT   ? AMBS_VALUE_INT
                                : node->kind == AMBS_YAML_FLOAT ? AMBS_VALUE_FLOAT
                                                                : AMBS_VALUE_STRING,
                        .number = node->number,
                        .text = kept->text};
    return true;
}

static bool read_levels(draft *d, const ambs_yaml_node *list)
{
    char what[96];
    if (list->type != AMBS_YAML_LIST || list->n == 0) {
        ambs_read_fault(d->r, list, "values: found %s, expected a list of values",
                        list->type == AMBS_YAML_LIST ? "an empty list"
                                                     : ambs_yaml_what(list, what));
        return false;
    }
    d->levels = ambs_calloc(list->n, sizeof *d->levels, NULL);
    if (!d->levels) {
        d->r->findings->no_memory = true;
        return false;
    }
    bool good = true;
    for (size_t i = 0; i < list->n; i++)
        if (!read_level(d->r, list->items[i], "values", &d->levels[i])) good = false;
    d->p.levels = d->levels;
    d->p.n_levels = list->n;
    return good;
}

static bool all_numbers(const ambs_parameter *p)
{
    for (size_t i = 0; i < p->n_levels; i++)
        if (p->levels[i].kind != AMBS_VALUE_INT && p->levels[i].kind != AMBS_VALUE_FLOAT)
            return false;
    return true;
}

/* The order of an ordinal is what its distances come from, so numbers have to go one way. */
static void check_order(draft *d, const ambs_yaml_node *list)
{
    const ambs_parameter *p = &d->p;
    if (p->type != AMBS_PARAMETER_ORDINAL || !all_numbers(p)) return;
    bool up = false, down = false;
    for (size_t i = 1; i < p->n_levels; i++) {
        up = up || p->levels[i].number > p->levels[i - 1].number;
        down = down || p->levels[i].number < p->levels[i - 1].number;
    }
    if (up && down)
        ambs_read_fault(d->r, list,
                        "values: found numbers in no order, expected them rising or falling for an "
                        "ordinal; sort "
                        "them, or write type: categorical");
}

static bool read_probabilities(draft *d, const ambs_yaml_node *list)
{
    char what[96];
    if (list->type != AMBS_YAML_LIST || list->n != d->p.n_levels) {
        if (list->type == AMBS_YAML_LIST)
            ambs_read_fault(d->r, list,
                            "probabilities: found %zu, expected %zu, one for each value", list->n,
                            d->p.n_levels);
        else
            ambs_read_fault(d->r, list, "probabilities: found %s, expected a list of numbers",
                            ambs_yaml_what(list, what));
        return false;
    }
    d->probabilities = ambs_calloc(list->n, sizeof *d->probabilities, NULL);
    if (!d->probabilities) {
        d->r->findings->no_memory = true;
        return false;
    }
    bool good = true;
    for (size_t i = 0; i < list->n; i++)
        if (!ambs_read_number(d->r, list->items[i], "probabilities", &d->probabilities[i]))
            good = false;
    d->p.probabilities = d->probabilities;
    return good;
}

/* `values`: ordinal when all are numbers (and said so), else categorical. */
static bool read_values(draft *d, int type)
{
    const ambs_yaml_node *list = ambs_yaml_get(d->node, "values");
    if (!read_levels(d, list)) return false;
    const ambs_yaml_node *probabilities = ambs_yaml_get(d->node, "probabilities");
    bool ordinal = all_numbers(&d->p) && !probabilities;
    if (type == TYPE_UNSAID && ordinal)
        ambs_read_note(
            d->r, d->key,
            "%s: a list of numbers is ordinal, its order counts; write type: categorical if it "
            "should not",
            d->key->text);
    d->p.type = type == TYPE_UNSAID
                    ? (ordinal ? AMBS_PARAMETER_ORDINAL : AMBS_PARAMETER_CATEGORICAL)
                    : (ambs_parameter_type)type;
    check_order(d, list);
    return !probabilities || read_probabilities(d, probabilities);
}

static bool read_boolean(draft *d)
{
    static const ambs_value levels[] = {{.kind = AMBS_VALUE_BOOL, .number = 0, .text = "false"},
                                        {.kind = AMBS_VALUE_BOOL, .number = 1, .text = "true"}};
    d->p.type = AMBS_PARAMETER_CATEGORICAL;
    d->p.levels = levels;
    d->p.n_levels = 2;
    const ambs_yaml_node *probabilities = ambs_yaml_get(d->node, "probabilities");
    return !probabilities || read_probabilities(d, probabilities);
}

static bool read_constant(draft *d)
{
    d->levels = ambs_calloc(1, sizeof *d->levels, NULL);
    if (!d->levels) {
        d->r->findings->no_memory = true;
        return false;
    }
    d->p.type = AMBS_PARAMETER_CONSTANT;
    d->p.levels = d->levels;
    d->p.n_levels = 1;
    return read_level(d->r, ambs_yaml_get(d->node, "value"), "value", d->levels);
}

/* ---- ranges -------------------------------------------------------------------------------- */

/* One end, or the step: whole where the parameter was said to be an int. */
static bool read_bound(draft *d, const char *name, int type, double *ret)
{
    const ambs_yaml_node *node = ambs_yaml_get(d->node, name);
    if (!node) {
        ambs_read_fault(d->r, d->key, "parameter \"%s\": found no %s, expected both min and max",
                        d->key->text, name);
        return false;
    }
    if (!ambs_read_number(d->r, node, name, ret)) return false;
    if (type != AMBS_PARAMETER_INT || node->kind == AMBS_YAML_INT) return true;
    ambs_read_fault(
        d->r, node,
        "%s: found %s, expected a whole number for an int (written without point and exponent)",
        name, node->text);
    return false;
}

/* `min` and `max`: int when both are whole numbers without a point, else float. */
static bool read_range(draft *d, int type)
{
    const ambs_yaml_node *scale = ambs_yaml_get(d->node, "scale");
    bool good = read_bound(d, "min", type, &d->p.min);
    good = read_bound(d, "max", type, &d->p.max) && good;
    if (ambs_yaml_get(d->node, "step")) good = read_bound(d, "step", type, &d->p.step) && good;
    if (scale) {
        int at = choice(d->r, scale, "scale", scale_names);
        if (at < 0) return false;
        d->p.scale = (ambs_scale)at;
    }
    const ambs_yaml_node *step = ambs_yaml_get(d->node, "step");
    if (good && step && d->p.step <= 0) {
        ambs_read_fault(d->r, step, "step: found %s, expected a number above 0", step->text);
        good = false;
    }
    if (!good) return false;
    bool whole = ambs_yaml_get(d->node, "min")->kind == AMBS_YAML_INT &&
                 ambs_yaml_get(d->node, "max")->kind == AMBS_YAML_INT;
    if (step && step->kind != AMBS_YAML_INT) whole = false; /* 0 to 1 in steps of 0.1 */
    d->p.type = type == TYPE_UNSAID ? (whole ? AMBS_PARAMETER_INT : AMBS_PARAMETER_FLOAT)
                                    : (ambs_parameter_type)type;
    return true;
}

/* ---- the whole ----------------------------------------------------------------------------- */

/* Keys that go with another form: `scale` beside `values`. */
static void refuse_with(draft *d, const char *form, const char *const *keys)
{
    for (size_t i = 0; keys[i]; i++) {
        const ambs_yaml_node *key = ambs_yaml_key(d->node, keys[i]);
        if (key)
            ambs_read_fault(d->r, key,
                            "found \"%s\" beside %s, expected one or the other; remove one",
                            keys[i], form);
    }
}

static bool wrong_type(draft *d, int type, const char *form)
{
    const ambs_yaml_node *node = ambs_yaml_get(d->node, "type");
    ambs_read_fault(d->r, node, "type: found %s beside %s, which does not go together",
                    type_names[type], form);
    return false;
}

static bool read_form(draft *d, int type)
{
    static const char *const not_range[] = {"min", "max", "step", "scale", NULL};
    static const char *const not_levels[] = {"min",    "max",           "step", "scale",
                                             "values", "probabilities", NULL};
    static const char *const not_numeric[] = {"values", "value", "probabilities", NULL};
    size_t before = d->r->findings->n;
    bool good;
    if (ambs_yaml_get(d->node, "value")) {
        refuse_with(d, "value", not_levels);
        if (type != TYPE_UNSAID && type != AMBS_PARAMETER_CONSTANT)
            return wrong_type(d, type, "value");
        good = read_constant(d);
    } else if (ambs_yaml_get(d->node, "values")) {
        refuse_with(d, "values", not_range);
        if (type != TYPE_UNSAID && type != AMBS_PARAMETER_ORDINAL &&
            type != AMBS_PARAMETER_CATEGORICAL)
            return wrong_type(d, type, "values");
        good = read_values(d, type);
    } else if (ambs_yaml_get(d->node, "min") || ambs_yaml_get(d->node, "max")) {
        refuse_with(d, "min and max", not_numeric);
        if (type != TYPE_UNSAID && type != AMBS_PARAMETER_FLOAT && type != AMBS_PARAMETER_INT)
            return wrong_type(d, type, "min and max");
        good = read_range(d, type);
    } else if (type == TYPE_BOOLEAN) {
        refuse_with(d, "type: boolean", not_range);
        good = read_boolean(d);
    } else {
        ambs_read_fault(d->r, d->key,
                        "parameter \"%s\": found nothing that says its values, expected min and "
                        "max, values, or "
                        "value",
                        d->key->text);
        return false;
    }
    return good && d->r->findings->n == before;
}

/* The default as a configuration holds it. */
static bool read_default(draft *d)
{
    const ambs_yaml_node *node = ambs_yaml_get(d->node, "default");
    d->p.initial = NAN;
    if (!node) return true;
    if (d->p.type == AMBS_PARAMETER_FLOAT || d->p.type == AMBS_PARAMETER_INT)
        return ambs_read_number(d->r, node, "default", &d->p.initial);
    ambs_value value;
    if (!read_level(d->r, node, "default", &value)) return false;
    for (size_t i = 0; i < d->p.n_levels; i++)
        if (strcmp(d->p.levels[i].text, value.text) == 0) d->p.initial = (double)i;
    if (!isnan(d->p.initial)) return true;
    ambs_read_fault(d->r, node, "default: found \"%.60s\", expected one of the values of \"%s\"",
                    value.text, d->key->text);
    return false;
}

static void add(draft *d)
{
    ambs_error err = {0};
    if (ambs_space_add(d->r->spec->space, &d->p, &err) != AMBS_OK)
        ambs_read_fault_error(d->r, d->key, NULL, &err);
}

/* A bare value where a mapping belongs: what the user meant is plain, so it is said how to write
 * it. */
static void not_a_mapping(ambs_reader *r, const ambs_yaml_node *key, const ambs_yaml_node *node)
{
    char what[96];
    if (node->type == AMBS_YAML_LIST)
        ambs_read_fault(r, node,
                        "parameter \"%.60s\": found a list, expected a mapping; write {values: "
                        "[…]} for a list of values",
                        key->text);
    else if (node->kind == AMBS_YAML_NULL)
        ambs_read_fault(
            r, node,
            "parameter \"%.60s\": found nothing, expected a mapping as in {min: 0.0, max: 1.0}",
            key->text);
    else
        ambs_read_fault(r, node,
                        "parameter \"%.60s\": found %s, expected a mapping; write {value: %.40s} "
                        "for a constant",
                        key->text, ambs_yaml_what(node, what), node->text);
}

static void read_parameter(ambs_reader *r, const ambs_yaml_node *key, ambs_yaml_node *node)
{
    if (node->type != AMBS_YAML_MAPPING) {
        not_a_mapping(r, key, node);
        return;
    }
    char where[96];
    snprintf(where, sizeof where, " in parameter \"%.60s\"", key->text);
    if (ambs_yaml_get(node, "distribution") &&
        !(node = ambs_read_wandb_parameter(r, key, node, false)))
        return;
    ambs_read_check_keys(r, node, parameter_keys, where);
    draft d = {.r = r, .key = key, .node = node, .p = {.name = key->text}};
    const ambs_yaml_node *type_node = ambs_yaml_get(node, "type");
    int type = type_node ? choice(r, type_node, "type", type_names) : TYPE_UNSAID;
    const ambs_yaml_node *prior = ambs_yaml_get(node, "prior");
    if ((!type_node || type >= 0) && read_form(&d, type) && read_default(&d) &&
        (!prior || ambs_read_prior(r, prior, &d.p, &d.weights)))
        add(&d);
    free(d.levels);
    free(d.weights);
    free(d.probabilities);
}

void ambs_read_parameters(ambs_reader *r, const ambs_yaml_node *parameters)
{
    if (!ambs_read_is_mapping(r, parameters, "parameters")) return;
    if (parameters->n == 0 && ambs_read_is_clean(r))
        ambs_read_fault(r, parameters, "parameters: found none, expected at least one");
    for (size_t i = 0; i < parameters->n; i++)
        read_parameter(r, parameters->keys[i], parameters->items[i]);
}
