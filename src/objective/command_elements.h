/* SPDX-License-Identifier: MIT */
/* Arguments of a command that stand, as whole elements, for all active parameters. The names are those of
 * W&B's sweep files (docs.wandb.ai, «Sweep configuration options»). */
#ifndef AMBS_OBJECTIVE_COMMAND_ELEMENTS_H
#define AMBS_OBJECTIVE_COMMAND_ELEMENTS_H

#include "objective/command.h"

enum { AMBS_COMMAND_ELEMENTS = 3 };

typedef struct ambs_command_element {
    const char *name;
    int (*add)(const ambs_command *command, ambs_strings *argv, ambs_error *err);
} ambs_command_element;

extern const ambs_command_element ambs_command_elements[AMBS_COMMAND_ELEMENTS];

/* The one of that name, or that the argument "${name}" is; NULL where there is none. */
const ambs_command_element *ambs_command_element_named(const char *name);
const ambs_command_element *ambs_command_element_of(const char *argument);

#endif
