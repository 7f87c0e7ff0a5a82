/* SPDX-License-Identifier: MIT */
/* W&B sweep files, read for what they mean: their keys are rewritten into our sections, and what
 * differs is noted. Written from the public description of the format (docs.wandb.ai, «Sweep
 * configuration options»).
 *
 *   program, command   objective.command          method   bayes → ambs, random, grid
 *   run_cap            budget.trials               name     study.name
 *   parameters         parameters, by distribution; nested ones get names with points
 *   early_terminate    noted: every trial runs to its end */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "study/read.h"

/* ---- building our nodes -------------------------------------------------------------------- */

static void put(ambs_reader *r, ambs_yaml_node *mapping, ambs_place place, const char *key,
                ambs_yaml_node *value)
{
    ambs_yaml_node *name = ambs_yaml_scalar(&r->document, place, key, false, r->findings);
    if (name && value) ambs_yaml_put(mapping, name, value, r->findings);
}

static void put_text(ambs_reader *r, ambs_yaml_node *mapping, ambs_place place, const char *key,
                     const char *text, bool plain)
{
    put(r, mapping, place, key, ambs_yaml_scalar(&r->document, place, text, plain, r->findings));
}

/* A number with the kind it had: whole numbers stay whole. */
static void put_number(ambs_reader *r, ambs_yaml_node *mapping, ambs_place place, const char *key,
                       double value, bool whole)
{
    char text[40];
    ambs_format_double(value, text);
    if (!whole && !strpbrk(text, ".en")) strcat(text, ".0"); /* 32 bytes at most are used */
    put_text(r, mapping, place, key, text, true);
}

static void copy_key(ambs_reader *r, const ambs_yaml_node *from, ambs_yaml_node *to,
                     const char *key)
{
    ambs_yaml_node *name = ambs_yaml_key(from, key);
    if (name) ambs_yaml_put(to, name, ambs_yaml_get(from, key), r->findings);
}

/* ---- distributions ------------------------------------------------------------------------- */

typedef enum meaning { CONSTANT, LEVELS, RANGE, EXPONENTS, UNBOUNDED } meaning;

typedef struct distribution {
    const char *name;
    meaning meaning;
    bool whole;     /* int_uniform */
    bool quantised; /* q */
    const char *scale;
    const char *instead; /* EXPONENTS: the name whose bounds are values */
} distribution;

static const distribution distributions[] = {
    {"constant", CONSTANT, false, false, NULL, NULL},
    {"categorical", LEVELS, false, false, NULL, NULL},
    {"categorical_w_probabilities", LEVELS, false, false, NULL, NULL},
    {"int_uniform", RANGE, true, false, NULL, NULL},
    {"uniform", RANGE, false, false, NULL, NULL},
    {"q_uniform", RANGE, false, true, NULL, NULL},
    {"log_uniform_values", RANGE, false, false, "log", NULL},
    {"q_log_uniform_values", RANGE, false, true, "log", NULL},
    {"inv_log_uniform_values", RANGE, false, false, "log", NULL},
    {"log_uniform", EXPONENTS, false, false, NULL, "log_uniform_values"},
    {"q_log_uniform", EXPONENTS, false, false, NULL, "q_log_uniform_values"},
    {"inv_log_uniform", EXPONENTS, false, false, NULL, "inv_log_uniform_values"},
    {"normal", UNBOUNDED, false, false, NULL, NULL},
    {"q_normal", UNBOUNDED, false, false, NULL, NULL},
    {"log_normal", UNBOUNDED, false, false, NULL, NULL},
    {"q_log_normal", UNBOUNDED, false, false, NULL, NULL},
    {"beta", UNBOUNDED, false, false, NULL, NULL},
    {"q_beta", UNBOUNDED, false, false, NULL, NULL},
};
enum { N_DISTRIBUTIONS = sizeof distributions / sizeof distributions[0] };

static const distribution *find_distribution(ambs_reader *r, const ambs_yaml_node *node)
{
    const char *text = ambs_read_text(r, node, "distribution"), *names[N_DISTRIBUTIONS + 1] = {0};
    for (size_t i = 0; i < N_DISTRIBUTIONS; i++) {
        if (text && strcmp(distributions[i].name, text) == 0) return &distributions[i];
        names[i] = distributions[i].name;
    }
    if (text && node->type == AMBS_YAML_SCALAR)
        ambs_read_unknown(r, node, "distribution", "", names);
    return NULL;
}

static void refuse_distribution(ambs_reader *r, const ambs_yaml_node *parameter,
                                const distribution *d)
{
    const ambs_yaml_node *node = ambs_yaml_get(parameter, "distribution");
    const ambs_yaml_node *min = ambs_yaml_get(parameter, "min"),
                         *max = ambs_yaml_get(parameter, "max");
    if (d->meaning == UNBOUNDED) {
        ambs_read_fault(r, node,
                        "distribution: found %s, which has no bounds or no even shape, expected a "
                        "range; write min and max, a prior for where good values are likely, and "
                        "scale: log for a positive quantity over decades",
                        d->name);
        return;
    }
    char low[32] = "exp(min)", high[32] = "exp(max)";
    if (min && !isnan(min->number)) snprintf(low, sizeof low, "%.6g", exp(min->number));
    if (max && !isnan(max->number)) snprintf(high, sizeof high, "%.6g", exp(max->number));
    ambs_read_fault(r, node,
                    "distribution: found %s, whose min and max are exponents in W&B (here values "
                    "from %s to %s); write "
                    "distribution: %s with the values themselves",
                    d->name, low, high, d->instead);
}

/* q: values are multiples of q, so the ends move to the nearest ones. */
static void put_steps(ambs_reader *r, const ambs_yaml_node *key, const ambs_yaml_node *from,
                      ambs_yaml_node *to)
{
    const ambs_yaml_node *q_node = ambs_yaml_get(from, "q"), *min_node = ambs_yaml_get(from, "min"),
                         *max_node = ambs_yaml_get(from, "max");
    double q = 1, min, max;
    if (q_node && !ambs_read_number(r, q_node, "q", &q)) return;
    if (q <= 0) ambs_read_fault(r, q_node, "q: found %g, expected a number above 0", q);
    if (q <= 0 || !min_node || !max_node) { /* the reader of the range says what is missing */
        copy_key(r, from, to, "min");
        copy_key(r, from, to, "max");
        return;
    }
    if (!ambs_read_number(r, min_node, "min", &min) || !ambs_read_number(r, max_node, "max", &max))
        return;
    bool whole = (!q_node || q_node->kind == AMBS_YAML_INT) && min_node->kind == AMBS_YAML_INT &&
                 max_node->kind == AMBS_YAML_INT;
    double low = round(min / q) * q, high = round(max / q) * q;
    bool log = ambs_yaml_get(to, "scale") != NULL;
    if (log && low <= 0 && min > 0) low = q; /* 0 has no logarithm; the least multiple above it */
    if (low != min || high != max)
        ambs_read_note(r, key, "%s: multiples of %g, so the range is %g to %g", key->text, q, low,
                       high);
    put_number(r, to, min_node->place, "min", low, whole);
    put_number(r, to, max_node->place, "max", high, whole);
    put_number(r, to, q_node ? q_node->place : min_node->place, "step", q, whole);
}

/* What W&B takes when no distribution is said. */
static const distribution *implied(const ambs_yaml_node *parameter)
{
    const ambs_yaml_node *min = ambs_yaml_get(parameter, "min"),
                         *max = ambs_yaml_get(parameter, "max");
    if (ambs_yaml_get(parameter, "value")) return &distributions[0];
    if (ambs_yaml_get(parameter, "values")) return &distributions[1];
    bool whole = min && max && min->kind == AMBS_YAML_INT && max->kind == AMBS_YAML_INT;
    return &distributions[whole ? 3 : 4];
}

static void check_keys(ambs_reader *r, const ambs_yaml_node *key, const ambs_yaml_node *parameter)
{
    static const char *const known[] = {
        "distribution", "min",           "max",     "q",    "mu",    "sigma", "value",
        "values",       "probabilities", "default", "when", "prior", NULL};
    char where[96];
    snprintf(where, sizeof where, " in parameter \"%.60s\"", key->text);
    ambs_read_check_keys(r, parameter, known, where);
}

ambs_yaml_node *ambs_read_wandb_parameter(ambs_reader *r, const ambs_yaml_node *key,
                                          ambs_yaml_node *parameter, bool categorical)
{
    const ambs_yaml_node *node = ambs_yaml_get(parameter, "distribution");
    const distribution *d = node ? find_distribution(r, node) : implied(parameter);
    if (!d) return NULL;
    check_keys(r, key, parameter);
    if (d->meaning == EXPONENTS || d->meaning == UNBOUNDED) {
        refuse_distribution(r, parameter, d);
        return NULL;
    }
    ambs_yaml_node *to = ambs_yaml_mapping(&r->document, parameter->place, r->findings);
    if (!to) return NULL;
    if (d->meaning == LEVELS && (node || categorical))
        put_text(r, to, parameter->place, "type", "categorical", true);
    if (d->meaning == RANGE)
        put_text(r, to, parameter->place, "type", d->whole ? "int" : "float", true);
    if (d->scale) put_text(r, to, parameter->place, "scale", d->scale, true);
    if (strcmp(d->name, "inv_log_uniform_values") == 0)
        ambs_read_note(r, key,
                       "%s: log(1/x) is uniform just where log(x) is, so this is the scale log",
                       key->text);
    if (d->quantised) {
        put_steps(r, key, parameter, to);
        const ambs_yaml_node *step = ambs_yaml_get(to, "step");
        if (step && step->kind == AMBS_YAML_INT)
            put_text(r, to, parameter->place, "type", "int", true);
    }
    static const char *const same[] = {"min",     "max",  "value", "values", "probabilities",
                                       "default", "when", "prior", NULL};
    for (size_t i = 0; same[i]; i++)
        if (!ambs_yaml_get(to, same[i])) copy_key(r, parameter, to, same[i]);
    return to;
}

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

/* One element of `command`; false after a finding. */
static bool add_argument(ambs_reader *r, const ambs_yaml_node *item, const ambs_yaml_node *program,
                         ambs_yaml_node *argv)
{
    static const char *const refused[] = {"${args_no_boolean_flags}", "${args_json}",
                                          "${args_no_hyphens}", NULL};
    const char *text = ambs_read_text(r, item, "command");
    if (!text) return false;
    if (strcmp(text, "${env}") == 0) text = "/usr/bin/env";
    if (strcmp(text, "${interpreter}") == 0) text = "python3";
    if (strcmp(text, "${args_json_file}") == 0) text = "${AMBS_PARAMS}";
    if (strcmp(text, "${program}") == 0) {
        if (!program)
            ambs_read_fault(r, item, "command: found ${program}, but there is no key \"program\"");
        if (!program || !(text = ambs_read_text(r, program, "program"))) return false;
    }
    for (size_t i = 0; refused[i]; i++)
        if (strcmp(text, refused[i]) == 0) {
            ambs_read_fault(r, item,
                            "command: found %s, which ambs cannot fill in; write ${args} for "
                            "--name=value arguments, or "
                            "${AMBS_PARAMS} for the path of a JSON file with all parameters",
                            text);
            return false;
        }
    if (strncmp(text, "${envvar:", 9) == 0) {
        ambs_read_fault(r, item,
                        "command: found %.60s, which ambs cannot fill in; the program finds the "
                        "variable in its "
                        "environment",
                        text);
        return false;
    }
    ambs_yaml_node *argument =
        ambs_yaml_scalar(&r->document, item->place, text, false, r->findings);
    if (argument) ambs_yaml_append(argv, argument, r->findings);
    return argument != NULL;
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
        add_argument(r, command->items[i], program, argv);
    for (size_t i = 0; !command && usual[i]; i++) {
        const ambs_yaml_node *item =
            ambs_yaml_scalar(&r->document, program->place, usual[i], false, r->findings);
        if (item) add_argument(r, item, program, argv);
    }
    put(r, objective, at->place, "command", argv);
    put(r, root, at->place, "objective", objective);
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
    put_text(r, root, method->place, "method", "ambs", true);
}

/* Puts `node` at section.key unless the section says it already. */
static void move(ambs_reader *r, ambs_yaml_node *root, const char *from, const char *section,
                 const char *key)
{
    ambs_yaml_node *node = ambs_yaml_get(root, from);
    if (!node) return;
    ambs_yaml_node *into = ambs_yaml_get(root, section);
    if (!into && (into = ambs_yaml_mapping(&r->document, node->place, r->findings)))
        put(r, root, node->place, section, into);
    if (into && into->type == AMBS_YAML_MAPPING && !ambs_yaml_get(into, key))
        put(r, into, node->place, key, node);
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
        put(r, root, ambs_yaml_key(root, "parameters")->place, "parameters", to);
    }
    rewrite_command(r, root);
    rewrite_method(r, root);
    move(r, root, "run_cap", "budget", "trials");
    move(r, root, "name", "study", "name");
    note_unused(r, root);
    drop(root, "program");
    drop(root, "command");
}
