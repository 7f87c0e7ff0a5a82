/* SPDX-License-Identifier: MIT */
/* W&B sweep files, read for what they mean: their keys are rewritten into our sections, and what
 * differs is noted. Written from the public description of the format (docs.wandb.ai, «Sweep
 * configuration options»).
 *
 *   program, command   objective.command          method   bayes → ambs, random, grid
 *   run_cap            budget.trials               name     study.name
 *   parameters         parameters, by distribution; nested ones get names with points
 *   early_terminate    noted: every trial runs to its end */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "study/read.h"

/* All parameters; nested `parameters` become names with points. */
static void rewrite_parameters(ambs_reader *r, const ambs_yaml_node *from, const char *prefix,
                               ambs_yaml_node *to)
{
    for (size_t i = 0; i < from->n; i++) {
        ambs_yaml_node *key = from->keys[i], *node = from->items[i];
        char name[256];
        snprintf(name, sizeof name, "%s%.100s", prefix, key->text);
        ambs_yaml_node *inner = ambs_yaml_get(node, "parameters");
        if (inner && inner->type == AMBS_YAML_MAPPING && strlen(name) < 120) {
            ambs_read_note(r, key, "%s: its nested parameters are named with points, \"%s.…\"",
                           name, name);
            char below[260];
            snprintf(below, sizeof below, "%s.", name);
            rewrite_parameters(r, inner, below, to);
            continue;
        }
        ambs_yaml_node *renamed =
            prefix[0] ? ambs_yaml_scalar(&r->document, key->place, name, false, r->findings) : key;
        if (!renamed) return;
        ambs_yaml_node *ours = node->type == AMBS_YAML_MAPPING
                                   ? ambs_read_wandb_parameter(r, renamed, node, true)
                                   : node;
        if (ours) ambs_yaml_put(to, renamed, ours, r->findings);
    }
}

/* ---- the command --------------------------------------------------------------------------- */

static bool append(ambs_reader *r, const ambs_yaml_node *item, const char *text,
                   ambs_yaml_node *argv)
{
    ambs_yaml_node *argument =
        ambs_yaml_scalar(&r->document, item->place, text, false, r->findings);
    if (argument) ambs_yaml_append(argv, argument, r->findings);
    return argument != NULL;
}

/* ${args_no_hyphens}, as Hydra wants it: name=value for each parameter. */
static bool add_assignments(ambs_reader *r, const ambs_yaml_node *item,
                            const ambs_yaml_node *parameters, ambs_yaml_node *argv)
{
    bool well = true;
    for (size_t i = 0; parameters && i < parameters->n && well; i++) {
        char text[560];
        snprintf(text, sizeof text, "%.255s=${%.255s}", parameters->keys[i]->text,
                 parameters->keys[i]->text);
        well = append(r, item, text, argv);
    }
    return well;
}

/* One element of `command`; false after a finding. */
static bool add_argument(ambs_reader *r, const ambs_yaml_node *item, const ambs_yaml_node *root,
                         ambs_yaml_node *argv)
{
    const ambs_yaml_node *program = ambs_yaml_get(root, "program");
    const char *text = ambs_read_text(r, item, "command");
    if (!text) return false;
    if (strcmp(text, "${args_no_hyphens}") == 0)
        return add_assignments(r, item, ambs_yaml_get(root, "parameters"), argv);
    if (strcmp(text, "${env}") == 0) text = "/usr/bin/env";
    if (strcmp(text, "${interpreter}") == 0) text = "python3";
    if (strcmp(text, "${args_json_file}") == 0) text = "${AMBS_PARAMS}";
    if (strcmp(text, "${program}") == 0) {
        if (!program)
            ambs_read_fault(r, item, "command: found ${program}, but there is no key \"program\"");
        if (!program || !(text = ambs_read_text(r, program, "program"))) return false;
    }
    if (strncmp(text, "${envvar:", 9) == 0) {
        ambs_read_fault(r, item,
                        "command: found %.60s, which ambs cannot fill in; the program finds the "
                        "variable in its "
                        "environment",
                        text);
        return false;
    }
    return append(r, item, text, argv);
}

static void rewrite_command(ambs_reader *r, ambs_yaml_node *root)
{
    static const char *const usual[] = {"${env}", "${interpreter}", "${program}", "${args}", NULL};
    const ambs_yaml_node *program = ambs_yaml_get(root, "program"),
                         *command = ambs_yaml_get(root, "command");
    const ambs_yaml_node *at = command ? command : program;
    if (!at) return;
    ambs_yaml_node *argv = ambs_yaml_list(&r->document, at->place, r->findings);
    ambs_yaml_node *objective = ambs_yaml_mapping(&r->document, at->place, r->findings);
    if (!argv || !objective) return;
    if (command && command->type != AMBS_YAML_LIST) {
        char what[96];
        ambs_read_fault(r, command, "command: found %s, expected a list of arguments",
                        ambs_yaml_what(command, what));
        return;
    }
    for (size_t i = 0; command && i < command->n; i++)
        add_argument(r, command->items[i], root, argv);
    for (size_t i = 0; !command && usual[i]; i++) {
        const ambs_yaml_node *item =
            ambs_yaml_scalar(&r->document, program->place, usual[i], false, r->findings);
        if (item) add_argument(r, item, root, argv);
    }
    ambs_read_put(r, objective, at->place, "command", argv);
    ambs_read_put(r, root, at->place, "objective", objective);
    ambs_read_note(r, at,
                   "the program gives its result to ambs as the last line of its output or in the "
                   "file $AMBS_RESULT; what "
                   "it logs to W&B stays there");
}

/* ---- the whole ----------------------------------------------------------------------------- */

static void drop(ambs_yaml_node *mapping, const char *key)
{
    for (size_t i = 0; i < mapping->n; i++) {
        if (strcmp(mapping->keys[i]->text, key) != 0) continue;
        memmove(mapping->keys + i, mapping->keys + i + 1,
                (mapping->n - i - 1) * sizeof *mapping->keys);
        memmove(mapping->items + i, mapping->items + i + 1,
                (mapping->n - i - 1) * sizeof *mapping->items);
        mapping->n--;
        return;
    }
}

/* Keys that only a sweep has, or a bare method name without any section of ours. */
static bool is_sweep(const ambs_yaml_node *root)
{
    static const char *const theirs[] = {
        "program", "command", "early_terminate", "run_cap", "project", "entity", NULL};
    static const char *const ours[] = {"study",  "objective", "space",   "constraints",
                                       "budget", "trial",     "manager", NULL};
    for (size_t i = 0; theirs[i]; i++)
        if (ambs_yaml_get(root, theirs[i])) return true;
    for (size_t i = 0; ours[i]; i++)
        if (ambs_yaml_get(root, ours[i])) return false;
    const ambs_yaml_node *method = ambs_yaml_get(root, "method");
    return method && method->type == AMBS_YAML_SCALAR;
}

static void rewrite_method(ambs_reader *r, ambs_yaml_node *root)
{
    ambs_yaml_node *method = ambs_yaml_get(root, "method");
    if (!method || method->type != AMBS_YAML_SCALAR || strcmp(method->text, "bayes") != 0) return;
    ambs_read_note(r, method, "method: bayes is read as ambs");
    ambs_read_put_text(r, root, method->place, "method", "ambs", true);
}

/* Puts `node` at section.key unless the section says it already. */
static void move(ambs_reader *r, ambs_yaml_node *root, const char *from, const char *section,
                 const char *key)
{
    ambs_yaml_node *node = ambs_yaml_get(root, from);
    if (!node) return;
    ambs_yaml_node *into = ambs_yaml_get(root, section);
    if (!into && (into = ambs_yaml_mapping(&r->document, node->place, r->findings)))
        ambs_read_put(r, root, node->place, section, into);
    if (into && into->type == AMBS_YAML_MAPPING && !ambs_yaml_get(into, key))
        ambs_read_put(r, into, node->place, key, node);
    drop(root, from);
}

static void note_unused(ambs_reader *r, ambs_yaml_node *root)
{
    static const char *const unused[][2] = {
        {"early_terminate", "this version has no stopping rules, every trial runs to its end"},
        {"project", "a place in W&B, not used"},
        {"entity", "a place in W&B, not used"},
        {"description", "text for W&B, not used"},
    };
    for (size_t i = 0; i < sizeof unused / sizeof unused[0]; i++) {
        const ambs_yaml_node *key = ambs_yaml_key(root, unused[i][0]);
        if (!key) continue;
        ambs_read_note(r, key, "%s: %s", unused[i][0], unused[i][1]);
        drop(root, unused[i][0]);
    }
}

void ambs_read_wandb(ambs_reader *r, ambs_yaml_node *root)
{
    if (!is_sweep(root)) return;
    ambs_read_note(r, root, "read as a W&B sweep file");
    const ambs_yaml_node *objective = ambs_yaml_key(root, "objective");
    const ambs_yaml_node *program =
        ambs_yaml_key(root, ambs_yaml_key(root, "command") ? "command" : "program");
    if (objective && program) {
        ambs_read_fault(r, objective,
                        "found the section \"objective\" beside W&B's \"%s\", expected one of "
                        "them; remove the other",
                        program->text);
        drop(root, "objective");
    }
    ambs_yaml_node *from = ambs_yaml_get(root, "parameters");
    ambs_yaml_node *to = from ? ambs_yaml_mapping(&r->document, from->place, r->findings) : NULL;
    if (to && from->type == AMBS_YAML_MAPPING) {
        rewrite_parameters(r, from, "", to);
        ambs_read_put(r, root, ambs_yaml_key(root, "parameters")->place, "parameters", to);
    }
    rewrite_command(r, root);
    rewrite_method(r, root);
    move(r, root, "run_cap", "budget", "trials");
    move(r, root, "name", "study", "name");
    note_unused(r, root);
    drop(root, "program");
    drop(root, "command");
}
