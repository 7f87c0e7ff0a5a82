/* SPDX-License-Identifier: MIT */
#include "objective/command_elements.h"

#include <math.h>
#include <string.h>

#include "base/json.h"
#include "space/space.h"

/* --name=value */
static int add_assignment(const ambs_command *c, size_t i, ambs_strings *argv, ambs_error *err)
{
    char number[64];
    ambs_text argument = {0};
    ambs_text_addf(&argument, "--%s=", ambs_space_parameter(c->spec->space, i)->name);
    ambs_text_add(&argument, ambs_space_format(c->spec->space, i, c->attempt->x[i], number));
    return ambs_strings_take(argv, &argument, err);
}

/* `add` for each active parameter. */
static int add_each(const ambs_command *c,
                    int (*add)(const ambs_command *c, size_t i, ambs_strings *argv,
                               ambs_error *err),
                    ambs_strings *argv, ambs_error *err)
{
    int rc = AMBS_OK;
    size_t d = ambs_space_dimension(c->spec->space);
    for (size_t i = 0; i < d && rc == AMBS_OK; i++)
        if (!isnan(c->attempt->x[i])) rc = add(c, i, argv, err);
    return rc;
}

/* --name for a boolean that is true, nothing where it is false: store_true of Python's argparse. */
static int add_flag(const ambs_command *c, size_t i, ambs_strings *argv, ambs_error *err)
{
    const ambs_parameter *p = ambs_space_parameter(c->spec->space, i);
    const ambs_value *level = p->n_levels > 0 ? &p->levels[(size_t)c->attempt->x[i]] : NULL;
    if (!level || level->kind != AMBS_VALUE_BOOL) return add_assignment(c, i, argv, err);
    if (level->number == 0) return AMBS_OK;
    ambs_text flag = {0};
    ambs_text_addf(&flag, "--%s", p->name);
    return ambs_strings_take(argv, &flag, err);
}

static int add_assignments(const ambs_command *c, ambs_strings *argv, ambs_error *err)
{
    return add_each(c, add_assignment, argv, err);
}

static int add_flags(const ambs_command *c, ambs_strings *argv, ambs_error *err)
{
    return add_each(c, add_flag, argv, err);
}

/* One argument: what the file $AMBS_PARAMS holds, in one line. */
static int add_json(const ambs_command *c, ambs_strings *argv, ambs_error *err)
{
    ambs_text json = {0};
    ambs_json_writer w;
    ambs_json_begin(&w, &json, 0);
    ambs_space_write_json(c->spec->space, c->attempt->x, &w);
    return ambs_strings_take(argv, &json, err);
}

const ambs_command_element ambs_command_elements[AMBS_COMMAND_ELEMENTS] = {
    {"args", add_assignments}, {"args_no_boolean_flags", add_flags}, {"args_json", add_json}};

static const ambs_command_element *find(const char *name, size_t length)
{
    for (size_t i = 0; i < AMBS_COMMAND_ELEMENTS; i++) {
        const char *known = ambs_command_elements[i].name;
        if (strlen(known) == length && memcmp(known, name, length) == 0)
            return &ambs_command_elements[i];
    }
    return NULL;
}

const ambs_command_element *ambs_command_element_named(const char *name)
{
    return find(name, strlen(name));
}

const ambs_command_element *ambs_command_element_of(const char *argument)
{
    size_t n = strlen(argument);
    bool is_one = n > 3 && strncmp(argument, "${", 2) == 0 && argument[n - 1] == '}';
    return is_one ? find(argument + 2, n - 3) : NULL;
}
