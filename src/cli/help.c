/* SPDX-License-Identifier: MIT */
/* The texts of --help, from the declared options. */
#include <stdio.h>

#include "cli/cli.h"

void ambs_command_usage(const ambs_command *command, ambs_text *out)
{
    ambs_text_addf(out, "ambs %s", command->name);
    if (command->operands && *command->operands) ambs_text_addf(out, " %s", command->operands);
    for (const ambs_cli_option *o = command->options; o && o->option.name; o++) {
        if (o->letter)
            ambs_text_addf(out, " [-%c", o->letter);
        else
            ambs_text_addf(out, " [--%s", o->option.name);
        ambs_text_addf(out, "%s%s]", o->value ? " " : "", o->value ? o->value : "");
    }
    if (command->takes_settings) ambs_text_add(out, " [--seed N] [--set KEY=VALUE]…");
}

/* "  -o, --output STUDY.h5   help (default: …)" */
static void add_option(char letter, const char *name, const char *value, const char *help,
                       const char *initial, ambs_text *out)
{
    char left[80], dash[8] = "    ";
    if (letter) snprintf(dash, sizeof dash, "-%c, ", letter);
    snprintf(left, sizeof left, "%s--%s%s%s", dash, name, value ? " " : "", value ? value : "");
    ambs_text_addf(out, "  %-28s %s", left, help);
    if (initial) ambs_text_addf(out, " (default: %s)", initial);
    ambs_text_add(out, "\n");
}

void ambs_command_help(const ambs_command *command, ambs_text *out)
{
    ambs_text_add(out, "usage: ");
    ambs_command_usage(command, out);
    ambs_text_addf(out, "\n\n%s\n", command->summary);
    if (command->details) ambs_text_addf(out, "\n%s\n", command->details);
    ambs_text_add(out, "\n");
    for (const ambs_cli_option *o = command->options; o && o->option.name; o++)
        add_option(o->letter, o->option.name, o->value, o->option.help,
                   o->option.type == AMBS_OPTION_BOOL ? NULL : o->option.initial, out);
    if (command->takes_settings) {
        add_option(0, "seed", "N", "seed of the study, in place of study.seed", NULL, out);
        add_option(0, "set", "KEY=VALUE",
                   "a setting of the study file: --set budget.trials=60; may be repeated", NULL,
                   out);
    }
    add_option('h', "help", NULL, "this text", NULL, out);
}
