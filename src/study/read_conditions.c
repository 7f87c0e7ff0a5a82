/* SPDX-License-Identifier: MIT */
/* `when` and `constraints`, once all parameters are known. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "space/expression.h"
#include "study/read.h"

/* Checks an expression where it stands: only its syntax where the space has holes, since parameters
 * were wrong themselves. */
static bool check_expression(ambs_reader *r, const ambs_yaml_node *node, const char *name,
                             const char *text, bool holes)
{
    ambs_expression *compiled = NULL;
    ambs_error err = {0};
    int rc = ambs_expression_compile(holes ? NULL : r->spec->space, text, &compiled, &err);
    ambs_expression_destroy(compiled);
    if (rc != AMBS_OK) ambs_read_fault_error(r, node, name, &err);
    return rc == AMBS_OK;
}

static void unknown_parent(ambs_reader *r, const ambs_yaml_node *key,
                           const ambs_yaml_node *parameters)
{
    const char **names = ambs_calloc(parameters->n + 1, sizeof *names, NULL);
    if (!names) {
        r->findings->no_memory = true;
        return;
    }
    for (size_t i = 0; i < parameters->n; i++) names[i] = parameters->keys[i]->text;
    ambs_read_unknown(r, key, "parameter", " in when", names);
    free(names);
}

/* `parent: value` or `parent: [values]`. */
static void read_clause(ambs_reader *r, const char *child, const ambs_yaml_node *key,
                        const ambs_yaml_node *value, const ambs_yaml_node *parameters)
{
    int parent = ambs_space_find(r->spec->space, key->text);
    if (parent < 0) {
        if (!ambs_yaml_get(parameters, key->text)) unknown_parent(r, key, parameters);
        return; /* declared, but wrong itself: said already */
    }
    bool list = value->type == AMBS_YAML_LIST;
    size_t n = list ? value->n : 1, before = r->findings->n;
    if (n == 0)
        ambs_read_fault(r, value, "when: found an empty list, expected values of \"%s\"",
                        key->text);
    double *values = ambs_calloc(n, sizeof *values, NULL);
    if (!values) r->findings->no_memory = true;
    for (size_t i = 0; values && i < n; i++) {
        const ambs_yaml_node *item = list ? value->items[i] : value;
        ambs_error err = {0};
        const char *text = ambs_read_text(r, item, "when");
        if (text &&
            ambs_space_parse(r->spec->space, (size_t)parent, text, &values[i], &err) != AMBS_OK)
            ambs_read_fault_error(r, item, "when", &err);
    }
    ambs_error err = {0};
    if (values && r->findings->n == before && ambs_space_find(r->spec->space, child) >= 0 &&
        ambs_space_add_condition(r->spec->space, child, key->text, values, n, &err) != AMBS_OK)
        ambs_read_fault_error(r, key, "when", &err);
    free(values);
}

static bool has_holes(const ambs_reader *r, const ambs_yaml_node *parameters)
{
    return parameters->type != AMBS_YAML_MAPPING ||
           ambs_space_dimension(r->spec->space) < parameters->n;
}

static void read_when(ambs_reader *r, const char *child, const ambs_yaml_node *when,
                      const ambs_yaml_node *parameters)
{
    char what[96];
    ambs_error err = {0};
    if (when->type == AMBS_YAML_MAPPING) {
        if (when->n == 0)
            ambs_read_fault(r, when,
                            "when: found an empty mapping, expected parameters and their values");
        for (size_t i = 0; i < when->n; i++)
            read_clause(r, child, when->keys[i], when->items[i], parameters);
    } else if (when->type == AMBS_YAML_SCALAR && when->kind == AMBS_YAML_STRING) {
        if (check_expression(r, when, "when", when->text, has_holes(r, parameters)) &&
            ambs_space_find(r->spec->space, child) >= 0 &&
            ambs_space_add_condition_expression(r->spec->space, child, when->text, &err) != AMBS_OK)
            ambs_read_fault_error(r, when, "when", &err);
    } else {
        ambs_read_fault(
            r, when,
            "when: found %s, expected a mapping as in {optimizer: sgd} or an expression in quotes",
            ambs_yaml_what(when, what));
    }
}

static void read_constraint(ambs_reader *r, const ambs_yaml_node *node, bool holes)
{
    char what[96];
    ambs_error err = {0};
    if (node->type != AMBS_YAML_SCALAR || node->kind != AMBS_YAML_STRING)
        ambs_read_fault(r, node,
                        "constraint: found %s, expected an expression in quotes as in \"layers * "
                        "batch <= 256\"",
                        ambs_yaml_what(node, what));
    else if (check_expression(r, node, "constraint", node->text, holes) &&
             ambs_space_add_constraint(r->spec->space, node->text, &err) != AMBS_OK)
        ambs_read_fault_error(r, node, "constraint", &err);
}

void ambs_read_conditions(ambs_reader *r, const ambs_yaml_node *parameters,
                          const ambs_yaml_node *constraints)
{
    for (size_t i = 0; parameters->type == AMBS_YAML_MAPPING && i < parameters->n; i++) {
        const ambs_yaml_node *when = ambs_yaml_get(parameters->items[i], "when");
        if (when) read_when(r, parameters->keys[i]->text, when, parameters);
    }
    if (!constraints) return;
    if (constraints->type != AMBS_YAML_LIST) {
        char what[96];
        ambs_read_fault(r, constraints,
                        "constraints: found %s, expected a list as in [\"layers * batch <= 256\"]",
                        ambs_yaml_what(constraints, what));
        return;
    }
    for (size_t i = 0; i < constraints->n; i++)
        read_constraint(r, constraints->items[i], has_holes(r, parameters));
}
