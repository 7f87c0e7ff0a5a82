/* SPDX-License-Identifier: MIT */
#include "base/option.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/option_member.h"

/* The fields are reached by memcpy: the struct behind `options` is any plug-in's own. */
static void put(const ambs_option *o, void *options, const void *value, size_t size)
{
    memcpy((char *)options + o->offset, value, size);
}

static void get(const ambs_option *o, const void *options, void *ret_value, size_t size)
{
    memcpy(ret_value, (const char *)options + o->offset, size);
}

const ambs_option *ambs_option_find(const ambs_option *table, const char *name)
{
    for (const ambs_option *o = table; o && o->name; o++)
        if (strcmp(o->name, name) == 0) return o;
    return NULL;
}

/* "found X, expected a …": one place, so that every option speaks alike. */
static int refuse(const ambs_option *o, const char *value, const char *expected, ambs_error *err)
{
    return ambs_fail(err, AMBS_E_INVALID, "%s: found \"%.100s\", expected %s", o->name, value,
                     expected);
}

static void add_quantity(ambs_text *t, const ambs_option *o, double value)
{
    char number[32];
    ambs_text_add(t, ambs_format_double(value, number));
    if (o->type == AMBS_OPTION_DURATION) ambs_text_add(t, "s");
    if (o->type == AMBS_OPTION_BYTES) ambs_text_add(t, "B");
}

static int check_range(const ambs_option *o, double number, const char *value, ambs_error *err)
{
    if (o->min > o->max || (number >= o->min && number <= o->max)) return AMBS_OK;
    ambs_text expected = {0};
    ambs_text_add(&expected, "a value ");
    if (isinf(o->max) || isinf(o->min)) {
        ambs_text_add(&expected, isinf(o->max) ? "of at least " : "of at most ");
        add_quantity(&expected, o, isinf(o->max) ? o->min : o->max);
    } else {
        ambs_text_add(&expected, "from ");
        add_quantity(&expected, o, o->min);
        ambs_text_add(&expected, " to ");
        add_quantity(&expected, o, o->max);
    }
    int rc = ambs_text_check(&expected, err);
    if (rc == AMBS_OK) rc = refuse(o, value, expected.text, err);
    ambs_text_fini(&expected);
    return rc;
}

static int set_bool(const ambs_option *o, void *options, const char *value, ambs_error *err)
{
    bool on = strcmp(value, "true") == 0;
    if (!on && strcmp(value, "false") != 0) return refuse(o, value, "true or false", err);
    put(o, options, &on, sizeof on);
    return AMBS_OK;
}

static int set_int(const ambs_option *o, void *options, const char *value, ambs_error *err)
{
    long long number;
    if (!ambs_parse_int(value, &number)) return refuse(o, value, "a whole number", err);
    int rc = check_range(o, (double)number, value, err);
    if (rc == AMBS_OK) put(o, options, &number, sizeof number);
    return rc;
}

/* FLOAT, DURATION and BYTES: all are a double in the struct. */
static int set_double(const ambs_option *o, void *options, const char *value, ambs_error *err)
{
    double number;
    int rc = AMBS_OK;
    if (o->type == AMBS_OPTION_DURATION)
        rc = ambs_parse_duration(value, &number, err);
    else if (o->type == AMBS_OPTION_BYTES)
        rc = ambs_parse_bytes(value, &number, err);
    else if (!ambs_parse_double(value, &number))
        return refuse(o, value, "a number", err);
    if (rc != AMBS_OK) return ambs_wrap(err, rc, "%s", o->name);
    rc = check_range(o, number, value, err);
    if (rc == AMBS_OK) put(o, options, &number, sizeof number);
    return rc;
}

static void add_names(ambs_text *t, const char *const *names)
{
    for (size_t i = 0; names[i]; i++) {
        if (i > 0) ambs_text_add(t, ", ");
        ambs_text_add(t, names[i]);
    }
}

static int set_choice(const ambs_option *o, void *options, const char *value, ambs_error *err)
{
    for (int i = 0; o->choices[i]; i++) {
        if (strcmp(o->choices[i], value) != 0) continue;
        put(o, options, &i, sizeof i);
        return AMBS_OK;
    }
    const char *near = ambs_nearest_name(value, o->choices);
    ambs_text expected = {0};
    ambs_text_add(&expected, "one of ");
    add_names(&expected, o->choices);
    if (near) ambs_text_addf(&expected, "; did you mean \"%s\"?", near);
    int rc = ambs_text_check(&expected, err);
    if (rc == AMBS_OK) rc = refuse(o, value, expected.text, err);
    ambs_text_fini(&expected);
    return rc;
}

static int set_string(const ambs_option *o, void *options, const char *value, ambs_error *err)
{
    char *old, *copy = ambs_strdup(value, err);
    if (!copy) return AMBS_E_NOMEM;
    get(o, options, &old, sizeof old);
    free(old);
    put(o, options, &copy, sizeof copy);
    return AMBS_OK;
}

static int set_value(const ambs_option *o, void *options, const char *value, ambs_error *err)
{
    switch (o->type) {
    case AMBS_OPTION_BOOL:
        return set_bool(o, options, value, err);
    case AMBS_OPTION_INT:
        return set_int(o, options, value, err);
    case AMBS_OPTION_CHOICE:
        return set_choice(o, options, value, err);
    case AMBS_OPTION_STRING:
        return set_string(o, options, value, err);
    case AMBS_OPTION_MEMBER:
        return ambs_chosen_set((ambs_chosen *)((char *)options + o->offset), o, value, err);
    default:
        return set_double(o, options, value, err);
    }
}

int ambs_options_init(const ambs_option *table, void *options, ambs_error *err)
{
    for (const ambs_option *o = table; o && o->name; o++) {
        int rc = AMBS_OK;
        const double none = NAN;
        if (o->initial)
            rc = set_value(o, options, o->initial, err);
        else if (o->type == AMBS_OPTION_FLOAT || o->type == AMBS_OPTION_DURATION ||
                 o->type == AMBS_OPTION_BYTES)
            put(o, options, &none, sizeof none);
        if (rc != AMBS_OK) {
            ambs_options_fini(table, options);
            return ambs_wrap(err, rc, "default of option");
        }
    }
    return AMBS_OK;
}

void ambs_options_fini(const ambs_option *table, void *options)
{
    for (const ambs_option *o = table; o && o->name; o++) {
        if (o->type == AMBS_OPTION_MEMBER)
            ambs_chosen_fini((ambs_chosen *)((char *)options + o->offset));
        if (o->type != AMBS_OPTION_STRING) continue;
        char *text;
        get(o, options, &text, sizeof text);
        free(text);
        text = NULL;
        put(o, options, &text, sizeof text);
    }
}

/* "unknown option …": with the nearest and all known names, also those of plug-ins to choose from.
 */
static int refuse_name(const ambs_option *table, const char *name, ambs_error *err)
{
    size_t n = 0;
    for (const ambs_option *o = table; o && o->name; o++) n += 1 + ambs_chosen_names(o, NULL);
    if (n == 0)
        return ambs_fail(err, AMBS_E_NOT_FOUND, "unknown option \"%.60s\": there are none here",
                         name);
    const char **names = ambs_calloc(n + 1, sizeof *names, err);
    if (!names) return AMBS_E_NOMEM;
    n = 0;
    for (const ambs_option *o = table; o->name; o++) {
        names[n++] = o->name;
        n += ambs_chosen_names(o, names + n);
    }
    ambs_text known = {0};
    const char *near = ambs_nearest_name(name, names);
    if (near) ambs_text_addf(&known, "did you mean \"%s\"? ", near);
    ambs_text_add(&known, "known options: ");
    add_names(&known, names);
    int rc = ambs_text_check(&known, err);
    if (rc == AMBS_OK)
        rc = ambs_fail(err, AMBS_E_NOT_FOUND, "unknown option \"%.60s\": %s", name, known.text);
    ambs_text_fini(&known);
    free(names);
    return rc;
}

int ambs_options_set(const ambs_option *table, void *options, const char *name, const char *value,
                     ambs_error *err)
{
    const ambs_option *o = ambs_option_find(table, name);
    if (o) return set_value(o, options, value, err);
    for (o = table; o && o->name; o++) {
        if (o->type != AMBS_OPTION_MEMBER || !ambs_chosen_knows(o, name)) continue;
        return ambs_chosen_give((ambs_chosen *)((char *)options + o->offset), o, name, value, err);
    }
    return refuse_name(table, name, err);
}

bool ambs_options_know(const ambs_option *table, const char *name)
{
    if (ambs_option_find(table, name)) return true;
    for (const ambs_option *o = table; o && o->name; o++)
        if (o->type == AMBS_OPTION_MEMBER && ambs_chosen_knows(o, name)) return true;
    return false;
}

bool ambs_options_know_group(const ambs_option *table, const char *name)
{
    size_t length = strlen(name);
    for (const ambs_option *o = table; o && o->name; o++) {
        if (strncmp(o->name, name, length) == 0 && o->name[length] == '.') return true;
        if (o->type == AMBS_OPTION_MEMBER && ambs_chosen_knows_group(o, name)) return true;
    }
    return false;
}

int ambs_options_check(const ambs_option *table, const void *options, ambs_error *err)
{
    for (const ambs_option *o = table; o && o->name; o++) {
        if (o->type != AMBS_OPTION_MEMBER) continue;
        int rc =
            ambs_chosen_check((const ambs_chosen *)((const char *)options + o->offset), o, err);
        if (rc != AMBS_OK) return rc;
    }
    return AMBS_OK;
}

void ambs_options_print(const ambs_option *o, const void *options, ambs_text *out)
{
    bool on;
    long long whole;
    double number;
    int choice;
    char *text;
    switch (o->type) {
    case AMBS_OPTION_BOOL:
        get(o, options, &on, sizeof on);
        ambs_text_add(out, on ? "true" : "false");
        break;
    case AMBS_OPTION_INT:
        get(o, options, &whole, sizeof whole);
        ambs_text_addf(out, "%lld", whole);
        break;
    case AMBS_OPTION_CHOICE:
        get(o, options, &choice, sizeof choice);
        ambs_text_add(out, o->choices[choice]);
        break;
    case AMBS_OPTION_STRING:
        get(o, options, &text, sizeof text);
        ambs_text_add(out, text ? text : "");
        break;
    case AMBS_OPTION_MEMBER:
        ambs_chosen_print((const ambs_chosen *)((const char *)options + o->offset), o, out);
        break;
    default:
        get(o, options, &number, sizeof number);
        if (!isnan(number)) add_quantity(out, o, number);
    }
}
