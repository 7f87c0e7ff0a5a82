/* SPDX-License-Identifier: MIT */
/* The nodes of a document: making them, what a scalar is, finding keys. */
#include "study/yaml.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

/* ---- scalars ------------------------------------------------------------------------------- */

static bool is_one_of(const char *text, const char *const *words)
{
    for (size_t i = 0; words[i]; i++)
        if (strcmp(text, words[i]) == 0) return true;
    return false;
}

static bool whole_number(const char *s)
{
    if (*s == '+' || *s == '-') s++;
    return *s != '\0' && s[strspn(s, "0123456789")] == '\0';
}

/* [+-] ( . digits | digits [ . digits ] ) [ e [+-] digits ] */
static bool decimal_number(const char *s)
{
    if (*s == '+' || *s == '-') s++;
    size_t before = strspn(s, "0123456789"), after = 0;
    s += before;
    if (*s == '.') {
        after = strspn(s + 1, "0123456789");
        s += 1 + after;
    }
    if (before + after == 0) return false;
    if (*s == 'e' || *s == 'E') {
        s++;
        if (*s == '+' || *s == '-') s++;
        return *s != '\0' && s[strspn(s, "0123456789")] == '\0';
    }
    return *s == '\0';
}

/* The core schema of YAML 1.2 for a plain scalar; octal, hexadecimal, .inf and .nan stay text, so
 * that the place that wanted a number says what it wanted. */
static void resolve(ambs_yaml_node *node)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
    static const char *const on[] = {"true", "True", "TRUE", NULL}, *const off[] = {"false",
                                                                                    "False",
                                                                                    "FALSE", NULL};
    static const char *const switches[] = {"yes", "Yes", "YES", "no",  "No",  "NO", "on",
                                           "On",  "ON",  "off", "Off", "OFF", NULL};
    const char *text = node->text;
    double number;
    node->kind = AMBS_YAML_STRING;
    if (is_one_of(text, nulls)) {
        node->kind = AMBS_YAML_NULL;
    } else if (is_one_of(text, on) || is_one_of(text, off)) {
        node->kind = AMBS_YAML_BOOL;
        node->number = is_one_of(text, on);
    } else if (is_one_of(text, switches)) {
        node->kind = AMBS_YAML_SWITCH;
    } else if (decimal_number(text) && ambs_parse_double(text, &number) && isfinite(number)) {
        node->kind = whole_number(text) ? AMBS_YAML_INT : AMBS_YAML_FLOAT;
        node->number = number;
    }
}

/* ---- nodes --------------------------------------------------------------------------------- */

void ambs_yaml_fini(ambs_yaml *document)
{
    for (size_t i = 0; i < document->n; i++) {
        free(document->nodes[i]->text);
        free(document->nodes[i]->keys);
        free(document->nodes[i]->items);
        free(document->nodes[i]);
    }
    free(document->nodes);
    *document = (ambs_yaml){0};
}

static ambs_yaml_node *new_node(ambs_yaml *document, ambs_yaml_type type, ambs_place place,
                                ambs_findings *findings)
{
    ambs_yaml_node *node = NULL;
    if (ambs_reserve(&document->nodes, &document->capacity, document->n + 1,
                     sizeof(ambs_yaml_node *), NULL) == AMBS_OK)
        node = ambs_calloc(1, sizeof *node, NULL);
    if (!node) {
        findings->no_memory = true;
        return NULL;
    }
    node->type = type;
    node->place = place;
    node->number = NAN;
    node->weight = node->depth = 1;
    document->nodes[document->n++] = node;
    return node;
}

ambs_yaml_node *ambs_yaml_list(ambs_yaml *document, ambs_place place, ambs_findings *findings)
{
    return new_node(document, AMBS_YAML_LIST, place, findings);
}

ambs_yaml_node *ambs_yaml_mapping(ambs_yaml *document, ambs_place place, ambs_findings *findings)
{
    return new_node(document, AMBS_YAML_MAPPING, place, findings);
}

ambs_yaml_node *ambs_yaml_scalar(ambs_yaml *document, ambs_place place, const char *text,
                                 bool plain, ambs_findings *findings)
{
    ambs_yaml_node *node = new_node(document, AMBS_YAML_SCALAR, place, findings);
    if (!node) return NULL;
    node->text = ambs_strdup(text, NULL);
    if (!node->text) {
        findings->no_memory = true;
        return NULL;
    }
    node->kind = AMBS_YAML_STRING;
    if (plain) resolve(node);
    return node;
}

void ambs_yaml_append(ambs_yaml_node *list, ambs_yaml_node *item, ambs_findings *findings)
{
    if (ambs_reserve(&list->items, &list->capacity, list->n + 1, sizeof(ambs_yaml_node *), NULL) !=
        AMBS_OK) {
        findings->no_memory = true;
        return;
    }
    list->items[list->n++] = item;
    list->weight += item->weight;
    if (item->depth + 1 > list->depth) list->depth = item->depth + 1;
}

void ambs_yaml_put(ambs_yaml_node *mapping, ambs_yaml_node *key, ambs_yaml_node *value,
                   ambs_findings *findings)
{
    for (size_t i = 0; i < mapping->n; i++)
        if (strcmp(mapping->keys[i]->text, key->text) == 0) {
            mapping->keys[i] = key;
            mapping->items[i] = value;
            return;
        }
    ambs_yaml_add(mapping, key, value, findings);
}

void ambs_yaml_add(ambs_yaml_node *mapping, ambs_yaml_node *key, ambs_yaml_node *value,
                   ambs_findings *findings)
{
    size_t capacity = mapping->capacity; /* both arrays grow alike */
    if (ambs_reserve(&mapping->keys, &capacity, mapping->n + 1, sizeof(ambs_yaml_node *), NULL) !=
        AMBS_OK) {
        findings->no_memory = true;
        return;
    }
    mapping->keys[mapping->n] = key;
    ambs_yaml_append(mapping, value, findings);
}

static size_t find_key(const ambs_yaml_node *mapping, const char *key)
{
    if (!mapping || mapping->type != AMBS_YAML_MAPPING) return SIZE_MAX;
    for (size_t i = 0; i < mapping->n; i++)
        if (strcmp(mapping->keys[i]->text, key) == 0) return i;
    return SIZE_MAX;
}

ambs_yaml_node *ambs_yaml_get(const ambs_yaml_node *mapping, const char *key)
{
    size_t i = find_key(mapping, key);
    return i == SIZE_MAX ? NULL : mapping->items[i];
}

ambs_yaml_node *ambs_yaml_key(const ambs_yaml_node *mapping, const char *key)
{
    size_t i = find_key(mapping, key);
    return i == SIZE_MAX ? NULL : mapping->keys[i];
}

const char *ambs_yaml_what(const ambs_yaml_node *node, char *buffer)
{
    enum { SIZE = 96 };
    if (node->type != AMBS_YAML_SCALAR)
        snprintf(buffer, SIZE, "%s", node->type == AMBS_YAML_LIST ? "a list" : "a mapping");
    else if (node->kind == AMBS_YAML_NULL)
        snprintf(buffer, SIZE, "nothing");
    else if (node->kind == AMBS_YAML_STRING)
        snprintf(buffer, SIZE, "the text \"%.60s\"", node->text);
    else
        snprintf(buffer, SIZE, "%.60s", node->text);
    return buffer;
}
