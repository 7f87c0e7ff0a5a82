/* SPDX-License-Identifier: MIT */
#include "objective/command_elements.h"

#include <math.h>
#include <string.h>

#include "base/json.h"
#include "space/space.h"

static bool is_active(const ambs_command *c, size_t i)
{
    return !isnan(c->attempt->x[i]);
}

static int add_assignment(const ambs_command *c, size_t i, ambs_strings *argv, ambs_error *err)
{
    char number[64];
    ambs_text argument = {0};
    ambs_text_addf(&argument, "--%s=", ambs_space_parameter(c->spec->space, i)->name);
    ambs_text_add(&argument, ambs_space_format(c->spec->space, i, c->attempt->x[i], number));
    return ambs_strings_take(argv, &argument, err);
}

/* --name=value each. */
static int add_assignments(const ambs_command *c, ambs_strings *argv, ambs_error *err)
{
    int rc = AMBS_OK;
    size_t d = ambs_space_dimension(c->spec->space);
    for (size_t i = 0; i < d && rc == AMBS_OK; i++)
        if (is_active(c, i)) rc = add_assignment(c, i, argv, err);
    return rc;
}

/* The boolean that parameter i is, NULL where it is something else. */
static const ambs_value *boolean_of(const ambs_command *c, size_t i)
{
    const ambs_parameter *p = ambs_space_parameter(c->spec->space, i);
    const ambs_value *level = p->n_levels > 0 ? &p->levels[(size_t)c->attempt->x[i]] : NULL;
    return level && level->kind == AMBS_VALUE_BOOL ? level : NULL;
}

/* --name for a boolean that is true, nothing where it is false: store_true of Python's argparse. */
static int add_flags(const ambs_command *c, ambs_strings *argv, ambs_error *err)
{
    int rc = AMBS_OK;
    size_t d = ambs_space_dimension(c->spec->space);
    for (size_t i = 0; i < d && rc == AMBS_OK; i++) {
        if (!is_active(c, i)) continue;
        const ambs_value *boolean = boolean_of(c, i);
        if (!boolean) {
            rc = add_assignment(c, i, argv, err);
        } else if (boolean->number != 0) {
            ambs_text flag = {0};
            ambs_text_addf(&flag, "--%s", ambs_space_parameter(c->spec->space, i)->name);
            rc = ambs_strings_take(argv, &flag, err);
        }
    }
    return rc;
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
