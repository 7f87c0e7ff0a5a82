/* SPDX-License-Identifier: MIT */
/* The search method: its name chooses the option table; nested mappings are dotted names of that
 * table
 * (`initial: {design: lhs}` is "initial.design"). A list under `initial.points` holds the user's
 * own points. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "search/method.h"
#include "study/read.h"

static const char default_method[] = "ambs";

static const ambs_method_ops *find_method(const char *name)
{
    for (size_t i = 0; ambs_method_registry[i]; i++)
        if (strcmp(ambs_method_registry[i]->member.name, name) == 0) return ambs_method_registry[i];
    return NULL;
}

static void unknown_method(ambs_reader *r, const ambs_yaml_node *name)
{
    enum { MAX = 64 };
    const char *names[MAX + 1];
    size_t n = 0;
    for (size_t i = 0; ambs_method_registry[i] && n < MAX; i++)
        if (!ambs_method_registry[i]->member.for_tests)
            names[n++] = ambs_method_registry[i]->member.name;
    names[n] = NULL;
    ambs_read_unknown(r, name, "method", "", names);
}

static const ambs_method_ops *choose_method(ambs_reader *r, const ambs_yaml_node *method)
{
    const ambs_yaml_node *name = NULL;
    if (method) name = method->type == AMBS_YAML_SCALAR ? method : ambs_yaml_get(method, "name");
    const char *text = name ? ambs_read_text(r, name, "name") : default_method;
    if (!text) return NULL;
    const ambs_method_ops *ops = find_method(text);
    if (!ops && name) unknown_method(r, name);
    if (!ops && !name)
        ambs_finding_add(r->findings, (ambs_place){0},
                         "found no method, expected one: this build lacks \"%s\"", default_method);
    return ops;
}

static void set_option(ambs_reader *r, const ambs_yaml_node *key, const ambs_yaml_node *value,
                       const char *name)
{
    const ambs_option *table = r->spec->method->member.options;
    ambs_error err = {0};
    char what[96];
    bool known = ambs_options_know(table, name);
    if (!known && ambs_options_know_group(table, name)) {
        ambs_read_fault(r, value, "%s: found %s, expected a mapping of options", name,
                        ambs_yaml_what(value, what));
        return;
    }
    const char *text = known ? ambs_read_text(r, value, name) : "";
    int rc = text ? ambs_options_set(table, r->spec->method_options, name, text, &err) : AMBS_OK;
    /* perhaps the last part alone is near to a name: surrogate.tres */
    if (rc == AMBS_E_NOT_FOUND && !strstr(err.text, "did you mean") &&
        !ambs_options_know(table, key->text))
        ambs_options_set(table, r->spec->method_options, key->text, text, &err);
    if (rc != AMBS_OK) ambs_read_fault_error(r, known ? value : key, known ? NULL : "method", &err);
}

static void read_options(ambs_reader *r, const ambs_yaml_node *mapping, const char *prefix)
{
    const ambs_option *table = r->spec->method->member.options;
    for (size_t i = 0; i < mapping->n; i++) {
        const ambs_yaml_node *key = mapping->keys[i], *value = mapping->items[i];
        char name[160], inner[164];
        snprintf(name, sizeof name, "%s%.60s", prefix, key->text);
        snprintf(inner, sizeof inner, "%s.", name);
        if (strcmp(name, "name") == 0) continue;
        /* every method takes the user's own points; they are read later, since they need the space
         */
        if (strcmp(name, "initial.points") == 0 && value->type == AMBS_YAML_LIST) continue;
        bool group = ambs_options_know_group(table, name) || strcmp(name, "initial") == 0;
        if (value->type == AMBS_YAML_MAPPING && group && strlen(inner) < 90)
            read_options(r, value, inner);
        else
            set_option(r, key, value, name);
    }
}

/* ---- the user's own points ----------------------------------------------------------------- */

/* One point: names and values; parameters left out take their default. */
static bool read_point(ambs_reader *r, const ambs_yaml_node *point, double *x)
{
    const ambs_space *space = r->spec->space;
    size_t d = ambs_space_dimension(space), before = r->findings->n;
    for (size_t i = 0; i < d; i++) x[i] = NAN;
    for (size_t i = 0; i < point->n; i++) {
        int at = ambs_space_find(space, point->keys[i]->text);
        ambs_error err = {0};
        if (at < 0) {
            ambs_read_fault(r, point->keys[i],
                            "found \"%.60s\" in a point, which is no parameter of this study",
                            point->keys[i]->text);
            continue;
        }
        const char *text = ambs_read_text(r, point->items[i], point->keys[i]->text);
        if (text && ambs_space_parse(space, (size_t)at, text, &x[at], &err) != AMBS_OK)
            ambs_read_fault_error(r, point->items[i], NULL, &err);
    }
    if (r->findings->n > before) return false;
    ambs_space_normalise(space, x);
    for (size_t i = 0; i < point->n; i++)
        if (isnan(x[ambs_space_find(space, point->keys[i]->text)]))
            ambs_read_fault(
                r, point->keys[i],
                "found a value for \"%s\", which is inactive in this point (when %s); remove it",
                point->keys[i]->text,
                ambs_space_condition_text(space,
                                          (size_t)ambs_space_find(space, point->keys[i]->text)));
    ambs_error err = {0};
    if (r->findings->n == before && !ambs_space_contains(space, x, &err))
        ambs_read_fault_error(r, point, "point", &err);
    return r->findings->n == before;
}

static void read_points(ambs_reader *r, const ambs_yaml_node *list)
{
    const ambs_space *space = r->spec->space;
    size_t d = ambs_space_dimension(space);
    double *points = ambs_calloc(list->n * d, sizeof *points, NULL);
    if (!points) {
        r->findings->no_memory = true;
        return;
    }
    size_t n = 0;
    for (size_t i = 0; i < list->n; i++) {
        const ambs_yaml_node *item = list->items[i];
        if (!ambs_read_is_mapping(r, item, "a point") || !read_point(r, item, points + n * d))
            continue;
        for (size_t k = 0; k < n; k++)
            if (ambs_space_equal(space, points + k * d, points + n * d))
                ambs_read_fault(
                    r, item, "found the same point as number %zu of the list, expected each once",
                    k + 1);
        n++;
    }
    r->spec->initial_points = points;
    r->spec->n_initial = n;
}

void ambs_read_method(ambs_reader *r, const ambs_yaml_node *method)
{
    if (method && method->type != AMBS_YAML_SCALAR && !ambs_read_is_mapping(r, method, "method"))
        return;
    const ambs_method_ops *ops = choose_method(r, method);
    if (!ops) return;
    if (r->spec->n_goals > 1 && !ops->several_goals) {
        ambs_finding_add(r->findings, method ? method->place : (ambs_place){0},
                         "method: found %s, which searches by one metric; with metrics use ambs, "
                         "random, grid, sobol or lhs",
                         ops->member.name);
        return;
    }
    void *options = ambs_read_new_options(r, &ops->member);
    if (!options) return;
    ambs_error err = {0};
    r->spec->method = ops;
    r->spec->method_options = options;
    if (ops->preset && ops->preset(r->spec, options, &err) != AMBS_OK)
        ambs_finding_add_error(r->findings, (ambs_place){0}, &err);
    if (method && method->type == AMBS_YAML_MAPPING) read_options(r, method, "");
    ambs_place place = method ? method->place : (ambs_place){0};
    if (ambs_options_check(ops->member.options, options, &err) != AMBS_OK)
        ambs_finding_add_error(r->findings, place, &err);
    if (!ambs_read_is_clean(r)) return; /* what follows needs a whole space */
    if (method && ambs_space_has_prior(r->spec->space) && !ops->heeds_priors)
        ambs_read_note(r, method, "the method %s does not use the priors of parameters%s",
                       ops->member.name,
                       ops->begins_with_default ? "; only its first trial follows them" : "");
    if (r->spec->surrogate.ranks > 0 && !(ops->takes_engine && ops->takes_engine(options)))
        ambs_finding_add(
            r->findings, place,
            "surrogate.ranks: found %u rank%s for the model, but method %s as chosen has no "
            "Gaussian process that could use them; remove the section surrogate",
            (unsigned)r->spec->surrogate.ranks, r->spec->surrogate.ranks == 1 ? "" : "s",
            ops->member.name);
    const ambs_yaml_node *points = ambs_yaml_get(ambs_yaml_get(method, "initial"), "points");
    if (points && points->type == AMBS_YAML_LIST) read_points(r, points);
    if (ambs_read_is_clean(r) && !r->is_record && ops->check &&
        ops->check(r->spec, options, &err) != AMBS_OK)
        ambs_finding_add_error(r->findings, place, &err);
}
