/* SPDX-License-Identifier: MIT */
/* `--set path=value`: the value is YAML, the path is keys with points between them. A key may hold
 * points itself (parameters.model.width.min), so the longest key that is there is taken. */
#include <stdlib.h>
#include <string.h>

#include "study/read.h"

/* Length of the first step of `path` in `node`: the longest key that the path begins with, else the
 * part before the first point. */
static size_t step_length(const ambs_yaml_node *node, const char *path)
{
    size_t best = 0;
    for (size_t i = 0; node->type == AMBS_YAML_MAPPING && i < node->n; i++) {
        size_t length = strlen(node->keys[i]->text);
        bool whole = strncmp(path, node->keys[i]->text, length) == 0 &&
                     (path[length] == '.' || path[length] == '\0');
        if (whole && length > best) best = length;
    }
    return best > 0 ? best : strcspn(path, ".");
}

static void set_item(ambs_reader *r, ambs_yaml_node *list, const char *step, ambs_yaml_node *value,
                     ambs_place place)
{
    long long at;
    if (!ambs_parse_int(step, &at) || at < 0 || (size_t)at >= list->n)
        ambs_finding_add(r->findings, place,
                         "found \"%.60s\" for a list, expected the number of an item from 0 to %zu",
                         step, list->n > 0 ? list->n - 1 : 0);
    else
        list->items[at] = value;
}

/* Walks down, making mappings on the way, and puts the value at the end. */
static void put(ambs_reader *r, ambs_yaml_node *node, const char *path, ambs_yaml_node *value)
{
    ambs_place place = value->place;
    for (size_t level = 0; level < AMBS_YAML_MAX_DEPTH; level++) {
        size_t length = step_length(node, path);
        bool last = path[length] == '\0';
        char step[256];
        if (length == 0 || length >= sizeof step) break;
        memcpy(step, path, length);
        step[length] = '\0';
        if (node->type == AMBS_YAML_LIST && last) {
            set_item(r, node, step, value, place);
            return;
        }
        if (node->type != AMBS_YAML_MAPPING) {
            ambs_finding_add(r->findings, place,
                             "found \"%.60s\" below a single value, expected the path of a key",
                             step);
            return;
        }
        ambs_yaml_node *next = last ? value : ambs_yaml_get(node, step);
        if (!next) next = ambs_yaml_mapping(&r->document, place, r->findings);
        ambs_yaml_node *key = ambs_yaml_key(node, step);
        if (!key) key = ambs_yaml_scalar(&r->document, place, step, false, r->findings);
        if (!key || !next) return;
        ambs_yaml_put(node, key, next, r->findings);
        if (last) return;
        node = next;
        path += length + 1;
    }
    ambs_finding_add(
        r->findings, place,
        "found the path \"%.60s\", expected keys with points between them as in budget.trials",
        path);
}

void ambs_read_setting(ambs_reader *r, ambs_yaml_node *root, const ambs_setting *setting)
{
    /* the place's text lives as long as the nodes: it is a node itself */
    ambs_text name = {0};
    ambs_text_addf(&name, "--set %s", setting->path);
    ambs_yaml_node *label = name.failed ? NULL
                                        : ambs_yaml_scalar(&r->document, (ambs_place){0}, name.text,
                                                           false, r->findings);
    ambs_text_fini(&name);
    if (!label) {
        r->findings->no_memory = true;
        return;
    }
    ambs_place place = {.file = label->text};
    if (strpbrk(setting->value, "\r\n") || strpbrk(setting->path, "\r\n")) {
        ambs_finding_add(r->findings, place, "found a line break, expected one line");
        return;
    }
    if (strchr(setting->path, '=')) { /* the record could not tell where it ends */
        ambs_finding_add(r->findings, place, "found \"=\" in a path, expected one without it");
        return;
    }
    size_t first = r->document.n;
    ambs_yaml_node *value = setting->value[0] == '\0'
                                ? ambs_yaml_scalar(&r->document, place, "", true, r->findings)
                                : ambs_yaml_parse(&r->document, setting->value,
                                                  strlen(setting->value), label->text, r->findings);
    /* a setting has no lines and columns */
    for (size_t i = first; i < r->document.n; i++) r->document.nodes[i]->place = place;
    for (size_t i = 0; i < r->findings->n; i++)
        if (r->findings->found[i].place.file == label->text) r->findings->found[i].place = place;
    if (value) put(r, root, setting->path, value);
}
