/* SPDX-License-Identifier: MIT */
/* The library itself, and its description as text: a line for each thing, fields separated by tabs.
 *   plugin NAME SUMMARY COMM_BYTES TAKES_ANY
 *   option NAME TYPE HAS_DEFAULT DEFAULT
 *   parameter NAME TYPE OPTIONAL
 *   end */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "objective/plugin.h"

/* What the first version of the interface had. */
#define FIRST_SIZE (offsetof(ambs_plugin, close) + sizeof(void (*)(void *)))

int ambs_plugin_load(const char *path, ambs_plugin *ret_plugin, ambs_error *err)
{
    if (access(path, R_OK) != 0)
        return ambs_fail(err, AMBS_E_NOT_FOUND,
                         "%s cannot be read, expected a shared library, as made by: cc -shared "
                         "-fPIC -o libmodel.so model.c",
                         path);
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!library) return ambs_fail(err, AMBS_E_FORMAT, "it cannot be loaded: %s", dlerror());
    const ambs_plugin *found = dlsym(library, AMBS_PLUGIN_SYMBOL);
    if (!found)
        return ambs_fail(err, AMBS_E_FORMAT,
                         "%s is a library without the symbol " AMBS_PLUGIN_SYMBOL
                         ", expected a plug-in made after ambs/objective.h",
                         path);
    if (found->abi_version != AMBS_PLUGIN_ABI)
        return ambs_fail(err, AMBS_E_MISMATCH,
                         "%s is made for version %u of the plug-in interface, expected version %d; "
                         "compile it with the header of this ambs",
                         path, (unsigned)found->abi_version, AMBS_PLUGIN_ABI);
    if (found->size < FIRST_SIZE)
        return ambs_fail(err, AMBS_E_MISMATCH,
                         "%s has a struct of %u bytes, expected at least %zu: .size = "
                         "sizeof(ambs_plugin)",
                         path, (unsigned)found->size, FIRST_SIZE);
    *ret_plugin = (ambs_plugin){0};
    memcpy(ret_plugin, found, found->size < sizeof *found ? found->size : sizeof *found);
    if (!ret_plugin->name || !ret_plugin->evaluate)
        return ambs_fail(err, AMBS_E_FORMAT, "%s has no %s in " AMBS_PLUGIN_SYMBOL, path,
                         ret_plugin->name ? "evaluate" : "name");
    return AMBS_OK;
}

/* --- to text --------------------------------------------------------------------------------- */

static void add_field(const char *text, ambs_text *out)
{
    ambs_text_add(out, "\t");
    for (const char *p = text ? text : ""; *p; p++)
        ambs_text_add_bytes(out, *p == '\t' || *p == '\n' ? " " : p, 1);
}

void ambs_plugin_describe(const ambs_plugin *plugin, ambs_text *out)
{
    ambs_text_add(out, "plugin");
    add_field(plugin->name, out);
    add_field(plugin->summary, out);
    ambs_text_addf(out, "\t%u\t%d\n", (unsigned)plugin->comm_bytes, plugin->parameters == NULL);
    for (const ambs_plugin_option *o = plugin->options; o && o->name; o++) {
        ambs_text_add(out, "option");
        add_field(o->name, out);
        ambs_text_addf(out, "\t%d\t%d", (int)o->type, o->initial != NULL);
        add_field(o->initial, out);
        ambs_text_add(out, "\n");
    }
    for (const ambs_plugin_parameter *p = plugin->parameters; p && p->name; p++) {
        ambs_text_add(out, "parameter");
        add_field(p->name, out);
        ambs_text_addf(out, "\t%d\t%d\n", (int)p->type, p->optional != 0);
    }
    ambs_text_add(out, "end\n");
}

/* --- from text ------------------------------------------------------------------------------- */

enum { FIELDS_MAX = 5 };

static size_t split(char *line, char **ret_fields)
{
    size_t n = 0;
    while (line && n < FIELDS_MAX) ret_fields[n++] = strsep(&line, "\t");
    return n;
}

static int add_item(ambs_plugin_item **items, size_t *n, char *const *fields, bool is_option,
                    ambs_error *err)
{
    int rc = ambs_resize(items, *n + 1, sizeof **items, err);
    if (rc != AMBS_OK) return rc;
    int type = atoi(fields[2]);
    bool flag = atoi(fields[3]) != 0;
    ambs_plugin_item item = {.type = (ambs_plugin_type)type, .optional = !is_option && flag};
    if (type < AMBS_PLUGIN_FLOAT || type > AMBS_PLUGIN_TEXT)
        return ambs_fail(err, AMBS_E_FORMAT, "\"%s\" has the type %d, which is none", fields[1],
                         type);
    item.name = ambs_strdup(fields[1], err);
    if (item.name && is_option && flag) item.initial = ambs_strdup(fields[4], err);
    if (!item.name || (is_option && flag && !item.initial)) {
        free(item.name);
        return AMBS_E_NOMEM;
    }
    (*items)[(*n)++] = item;
    return AMBS_OK;
}

static int take_line(ambs_plugin_description *d, char *line, ambs_error *err)
{
    char *fields[FIELDS_MAX];
    size_t n = split(line, fields);
    if (strcmp(fields[0], "plugin") == 0 && n == 5 && !d->name) {
        d->comm_bytes = (uint32_t)strtoul(fields[3], NULL, 10);
        d->takes_any = atoi(fields[4]) != 0;
        d->name = ambs_strdup(fields[1], err);
        d->summary = ambs_strdup(fields[2], err);
        return d->name && d->summary ? AMBS_OK : AMBS_E_NOMEM;
    }
    if (strcmp(fields[0], "option") == 0 && n == 5)
        return add_item(&d->options, &d->n_options, fields, true, err);
    if (strcmp(fields[0], "parameter") == 0 && n == 4)
        return add_item(&d->parameters, &d->n_parameters, fields, false, err);
    return ambs_fail(err, AMBS_E_FORMAT, "its description has a line \"%.60s\"", fields[0]);
}

int ambs_plugin_description_parse(const char *text, ambs_plugin_description **ret_description,
                                  ambs_error *err)
{
    ambs_plugin_description *d = ambs_calloc(1, sizeof *d, err);
    char *copy = ambs_strdup(text, err), *at = copy, *line;
    int rc = d && copy ? AMBS_OK : AMBS_E_NOMEM;
    bool whole = false;
    while (rc == AMBS_OK && !whole && (line = strsep(&at, "\n"))) {
        whole = at && strcmp(line, "end") == 0;
        if (!whole) rc = take_line(d, line, err);
    }
    if (rc == AMBS_OK && !(whole && d->name))
        rc = ambs_fail(err, AMBS_E_FORMAT, "its description is not whole");
    free(copy);
    if (rc == AMBS_OK)
        *ret_description = d;
    else
        ambs_plugin_description_destroy(d);
    return rc;
}

static void free_items(ambs_plugin_item *items, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        free(items[i].name);
        free(items[i].initial);
    }
    free(items);
}

void ambs_plugin_description_destroy(ambs_plugin_description *d)
{
    if (!d) return;
    free_items(d->options, d->n_options);
    free_items(d->parameters, d->n_parameters);
    free(d->name);
    free(d->summary);
    free(d);
}
