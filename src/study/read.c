/* SPDX-License-Identifier: MIT */
#include "study/read.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

bool ambs_read_is_clean(const ambs_reader *r)
{
    return r->findings->n == 0 && !r->findings->no_memory;
}

void ambs_read_fault(ambs_reader *r, const ambs_yaml_node *node, const char *format, ...)
{
    char text[AMBS_FINDING_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    ambs_finding_add(r->findings, node->place, "%s", text);
}

void ambs_read_fault_error(ambs_reader *r, const ambs_yaml_node *node, const char *prefix,
                           const ambs_error *err)
{
    if (err->code == AMBS_E_NOMEM || !prefix)
        ambs_finding_add_error(r->findings, node->place, err);
    else
        ambs_read_fault(r, node, "%s: %s", prefix, err->text);
}

void ambs_read_note(ambs_reader *r, const ambs_yaml_node *node, const char *format, ...)
{
    char text[AMBS_FINDING_SIZE], line[AMBS_FINDING_SIZE + 32];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (node->place.line > 0 && !node->place.file)
        snprintf(line, sizeof line, "line %zu: %s", node->place.line, text);
    else
        snprintf(line, sizeof line, "%s", text);
    ambs_spec *spec = r->spec;
    char *copy = ambs_read_copy(r, line);
    if (!copy) return;
    if (ambs_resize(&spec->notes, spec->n_notes + 1, sizeof *spec->notes, NULL) != AMBS_OK) {
        free(copy);
        r->findings->no_memory = true;
        return;
    }
    spec->notes[spec->n_notes++] = copy;
}

void *ambs_read_new_options(ambs_reader *r, const ambs_member *member)
{
    void *options = ambs_calloc(1, member->options_size > 0 ? member->options_size : 1, NULL);
    ambs_error err = {0};
    if (!options) r->findings->no_memory = true;
    if (!options || ambs_options_init(member->options, options, &err) == AMBS_OK) return options;
    ambs_finding_add_error(r->findings, (ambs_place){0}, &err);
    free(options);
    return NULL;
}

bool ambs_read_is_mapping(ambs_reader *r, const ambs_yaml_node *node, const char *what)
{
    if (node->type == AMBS_YAML_MAPPING) return true;
    char found[96];
    ambs_read_fault(r, node, "%s: found %s, expected a mapping of names and values", what,
                    ambs_yaml_what(node, found));
    return false;
}

void ambs_read_unknown(ambs_reader *r, const ambs_yaml_node *node, const char *what,
                       const char *where, const char *const *known)
{
    if (r->findings->n == AMBS_FINDINGS_MAX) { /* it would only be counted */
        ambs_read_fault(r, node, "%s", what);
        return;
    }
    ambs_text list = {0};
    const char *near = ambs_nearest_name(node->text, known);
    if (near) ambs_text_addf(&list, "did you mean \"%s\"? ", near);
    ambs_text_add(&list, known[0] ? "known: " : "none is known");
    for (size_t i = 0; known[i]; i++) ambs_text_addf(&list, "%s%s", i > 0 ? ", " : "", known[i]);
    if (list.failed)
        r->findings->no_memory = true;
    else
        ambs_read_fault(r, node, "found unknown %s \"%.60s\"%s; %s", what, node->text, where,
                        list.text);
    ambs_text_fini(&list);
}

void ambs_read_check_keys(ambs_reader *r, const ambs_yaml_node *mapping, const char *const *known,
                          const char *where)
{
    for (size_t i = 0; i < mapping->n; i++) {
        bool found = false;
        for (size_t k = 0; known[k] && !found; k++)
            found = strcmp(known[k], mapping->keys[i]->text) == 0;
        if (!found) ambs_read_unknown(r, mapping->keys[i], "key", where, known);
    }
}

const char *ambs_read_text(ambs_reader *r, const ambs_yaml_node *node, const char *name)
{
    char found[96];
    if (node->type == AMBS_YAML_SCALAR && node->kind == AMBS_YAML_NULL && node->text[0])
        ambs_read_fault(r, node,
                        "%s: found a bare %s, which YAML reads as nothing, expected a single "
                        "value; write \"%s\" in quotes for the text",
                        name, node->text, node->text);
    else if (node->type != AMBS_YAML_SCALAR || node->kind == AMBS_YAML_NULL)
        ambs_read_fault(r, node, "%s: found %s, expected a single value", name,
                        ambs_yaml_what(node, found));
    else if (node->kind == AMBS_YAML_SWITCH)
        ambs_read_fault(
            r, node,
            "%s: found a bare %s, which YAML 1.1 reads as a boolean and YAML 1.2 as text; write "
            "true or false, or \"%s\" in quotes for the text",
            name, node->text, node->text);
    else if (node->kind == AMBS_YAML_BOOL)
        return node->number != 0 ? "true" : "false";
    else
        return node->text;
    return NULL;
}

bool ambs_read_number(ambs_reader *r, const ambs_yaml_node *node, const char *name, double *ret)
{
    const char *text = ambs_read_text(r, node, name);
    if (!text) return false;
    if (node->kind == AMBS_YAML_INT || node->kind == AMBS_YAML_FLOAT) {
        *ret = node->number;
        return true;
    }
    char found[96];
    double quoted;
    ambs_read_fault(r, node, "%s: found %s, expected a number%s", name, ambs_yaml_what(node, found),
                    node->kind == AMBS_YAML_STRING && ambs_parse_double(text, &quoted)
                        ? "; remove the quotes"
                        : "");
    return false;
}

void ambs_read_path(const ambs_reader *r, const char *path, ambs_text *out)
{
    const char *slash = strrchr(r->spec->file, '/');
    if (path[0] != '/' && slash)
        ambs_text_add_bytes(out, r->spec->file, (size_t)(slash - r->spec->file) + 1);
    ambs_text_add(out, path);
}

char *ambs_read_copy(ambs_reader *r, const char *text)
{
    char *copy = ambs_strdup(text, NULL);
    if (!copy) r->findings->no_memory = true;
    return copy;
}

void ambs_read_put(ambs_reader *r, ambs_yaml_node *mapping, ambs_place place, const char *key,
                   ambs_yaml_node *value)
{
    ambs_yaml_node *name = ambs_yaml_scalar(&r->document, place, key, false, r->findings);
    if (name && value) ambs_yaml_put(mapping, name, value, r->findings);
}

void ambs_read_put_text(ambs_reader *r, ambs_yaml_node *mapping, ambs_place place, const char *key,
                        const char *text, bool plain)
{
    ambs_read_put(r, mapping, place, key,
                  ambs_yaml_scalar(&r->document, place, text, plain, r->findings));
}

/* The names of a table, for messages. Free with free(). */
static const char **table_names(ambs_reader *r, const ambs_option *table)
{
    size_t n = 0;
    while (table && table[n].name) n++;
    const char **names = ambs_calloc(n + 1, sizeof *names, NULL);
    if (!names) r->findings->no_memory = true;
    for (size_t i = 0; names && i < n; i++) names[i] = table[i].name;
    return names;
}

void ambs_read_options(ambs_reader *r, const ambs_yaml_node *mapping, const ambs_option *table,
                       void *options, const char *where, const char *skip)
{
    const char **names = table_names(r, table);
    if (!names) return;
    for (size_t i = 0; i < mapping->n; i++) {
        const ambs_yaml_node *key = mapping->keys[i], *value = mapping->items[i];
        if (skip && strcmp(key->text, skip) == 0) continue;
        if (!ambs_option_find(table, key->text)) {
            ambs_read_unknown(r, key, "key", where, names);
            continue;
        }
        ambs_error err = {0};
        const char *text = ambs_read_text(r, value, key->text);
        if (text && ambs_options_set(table, options, key->text, text, &err) != AMBS_OK)
            ambs_read_fault_error(r, value, NULL, &err);
    }
    free(names);
}
