/* SPDX-License-Identifier: MIT */
/* The objective: its kind is the key that names one; all other keys are options of that kind. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "objective/objective.h"
#include "study/read.h"

static const ambs_objective_ops *find_kind(const char *name)
{
    for (size_t i = 0; ambs_objective_registry[i]; i++)
        if (strcmp(ambs_objective_registry[i]->member.name, name) == 0)
            return ambs_objective_registry[i];
    return NULL;
}

/* The kinds a message may offer, "function, train or command". */
static void add_kinds(ambs_text *out)
{
    const char *separator = "";
    for (size_t i = 0; ambs_objective_registry[i]; i++) {
        const ambs_member *m = &ambs_objective_registry[i]->member;
        if (m->for_tests) continue;
        ambs_text_addf(out, "%s%s", separator, m->name);
        separator = ", ";
    }
}

static void no_kind(ambs_reader *r, const ambs_yaml_node *objective)
{
    ambs_text kinds = {0};
    add_kinds(&kinds);
    ambs_read_fault(r, objective,
                    "objective: found no kind of objective, expected one of the keys %s",
                    kinds.text ? kinds.text : "");
    ambs_text_fini(&kinds);
}

/* Index of the pair whose key is the kind, or SIZE_MAX after a finding. */
static size_t choose_kind(ambs_reader *r, const ambs_yaml_node *objective)
{
    size_t chosen = SIZE_MAX;
    for (size_t i = 0; i < objective->n; i++) {
        if (!find_kind(objective->keys[i]->text)) continue;
        if (chosen != SIZE_MAX) {
            ambs_read_fault(
                r, objective->keys[i],
                "found the objective \"%s\" beside \"%s\", expected one; remove the other",
                objective->keys[i]->text, objective->keys[chosen]->text);
            return SIZE_MAX;
        }
        chosen = i;
    }
    if (chosen == SIZE_MAX) no_kind(r, objective);
    return chosen;
}

static void keep_setting(ambs_reader *r, const char *name, const char *value)
{
    ambs_spec *spec = r->spec;
    ambs_spec_pair pair = {.name = ambs_read_copy(r, name), .value = ambs_read_copy(r, value)};
    if (!pair.name || !pair.value ||
        ambs_resize(&spec->objective_settings, spec->n_objective_settings + 1, sizeof pair, NULL) !=
            AMBS_OK) {
        free(pair.name);
        free(pair.value);
        r->findings->no_memory = true;
        return;
    }
    spec->objective_settings[spec->n_objective_settings++] = pair;
}

/* An argument vector: a list of texts and numbers, each one argument, never a shell line. */
static void read_argv(ambs_reader *r, const ambs_yaml_node *key, const ambs_yaml_node *list)
{
    char **argv = ambs_calloc(list->n + 1, sizeof *argv, NULL);
    if (!argv) {
        r->findings->no_memory = true;
        return;
    }
    r->spec->argv = argv;
    ambs_text line = {0};
    size_t n = 0;
    for (size_t i = 0; i < list->n; i++) {
        const ambs_yaml_node *item = list->items[i];
        char name[80];
        snprintf(name, sizeof name, "argument %zu of %.30s", i + 1, key->text);
        const char *text = ambs_read_text(r, item, name);
        if (!text || !(argv[n] = ambs_read_copy(r, item->text))) continue;
        const char *quote =
            argv[n][0] == '\0' || strchr(argv[n], ' ') ? "\"" : ""; /* for people: where it ends */
        ambs_text_addf(&line, "%s%s%s%s", n > 0 ? " " : "", quote, argv[n], quote);
        n++;
    }
    if (list->n == 0)
        ambs_read_fault(r, list, "%s: found an empty list, expected the program and its arguments",
                        key->text);
    if (n > 0 && argv[0][0] == '\0')
        ambs_read_fault(r, list->items[0], "%s: found an empty program name", key->text);
    if (line.failed) r->findings->no_memory = true;
    keep_setting(r, key->text, line.text ? line.text : "");
    ambs_text_fini(&line);
}

/* The names that an error may offer are those of the table; set_other() knows its own. */
static void set_option(ambs_reader *r, const ambs_yaml_node *key, const ambs_yaml_node *value)
{
    const ambs_objective_ops *ops = r->spec->objective;
    const char *text = ambs_read_text(r, value, key->text);
    if (!text) return;
    ambs_error err = {0};
    bool own = ambs_options_know(ops->member.options, key->text) || !ops->set_other;
    int rc = own ? ambs_options_set(ops->member.options, r->spec->objective_options, key->text,
                                    text, &err)
                 : ops->set_other(r->spec->objective_options, key->text, text, &err);
    if (rc != AMBS_OK)
        ambs_read_fault_error(r, rc == AMBS_E_NOT_FOUND ? key : value, "objective", &err);
    else
        keep_setting(r, key->text, text);
}

static void read_kind(ambs_reader *r, const ambs_yaml_node *key, const ambs_yaml_node *value)
{
    const ambs_objective_ops *ops = r->spec->objective;
    bool command = strcmp(ops->member.name, "command") == 0;
    if (command && value->type == AMBS_YAML_LIST)
        read_argv(r, key, value);
    else if (command && value->type == AMBS_YAML_SCALAR)
        ambs_read_fault(
            r, value,
            "command: found \"%.60s\", expected a list of arguments as in [python3, train.py, "
            "\"${args}\"]; no shell is used",
            value->text);
    else
        set_option(r, key, value);
}

/* At once with all that is wrong elsewhere. */
static void check_options(ambs_reader *r, const ambs_yaml_node *objective)
{
    const ambs_objective_ops *ops = r->spec->objective;
    const char *option = NULL;
    ambs_error err = {0};
    if (!ops->check_options || r->is_record ||
        ops->check_options(r->spec->objective_options, &option, &err) == AMBS_OK)
        return;
    const ambs_yaml_node *at = ambs_yaml_get(objective, option);
    ambs_read_fault_error(r, at ? at : objective, "objective", &err);
}

void ambs_read_objective(ambs_reader *r, const ambs_yaml_node *objective)
{
    if (!objective || !ambs_read_is_mapping(r, objective, "objective")) return;
    size_t chosen = choose_kind(r, objective);
    if (chosen == SIZE_MAX) return;
    const ambs_objective_ops *ops = find_kind(objective->keys[chosen]->text);
    void *options = ambs_read_new_options(r, &ops->member);
    if (!options) return;
    r->spec->objective = ops;
    r->spec->objective_options = options;
    /* the kind first: its value decides which other options there are */
    read_kind(r, objective->keys[chosen], objective->items[chosen]);
    ambs_error err = {0};
    if (ops->place && ambs_read_is_clean(r) &&
        ops->place(options, r->spec->file, r->looks, &err) != AMBS_OK)
        ambs_read_fault_error(r, objective->items[chosen], ops->member.name, &err);
    for (size_t i = 0; i < objective->n; i++)
        if (i != chosen) set_option(r, objective->keys[i], objective->items[i]);
    check_options(r, objective);
}

/* Where a fault of the limits lies: at the key that the message names first, if it is there. */
static const ambs_yaml_node *limit_node(const ambs_yaml_node *trial, const ambs_yaml_node *other)
{
    const ambs_yaml_node *ranks = ambs_yaml_get(trial, "ranks");
    return ranks ? ranks : trial ? trial : other;
}

static void check_checkpoint(ambs_reader *r, const ambs_yaml_node *trial)
{
    const ambs_yaml_node *node = ambs_yaml_get(trial, "checkpoint");
    if (node && r->spec->trial.checkpoint && !r->spec->objective->checkpoints)
        ambs_read_fault(r, node,
                        "checkpoint: found true, expected false: only commands and plug-ins save "
                        "their state, the objective %s does not",
                        r->spec->objective->member.name);
}

static void check_trial(ambs_reader *r, const ambs_yaml_node *objective,
                        const ambs_yaml_node *trial)
{
    const ambs_spec *spec = r->spec;
    const ambs_objective_ops *ops = spec->objective;
    const ambs_yaml_node *at = limit_node(trial, objective);
    ambs_error err = {0};
    if (ops->check_trial) {
        if (ops->check_trial(spec->objective_options, &spec->trial, &err) != AMBS_OK)
            ambs_read_fault_error(r, at, "trial", &err);
    } else if (spec->trial.ranks > 1 && !ops->hosted) {
        ambs_read_fault(
            r, at,
            "ranks: found %u, expected 1: a command starts its own ranks, as in command: "
            "[mpirun, -n, \"%u\", ./solver, \"${args}\"] with trial: {cores: %u}; several "
            "ranks here are for plug-ins that compute on a communicator",
            (unsigned)spec->trial.ranks, (unsigned)spec->trial.ranks, (unsigned)spec->trial.ranks);
    } else if (spec->trial.ranks > 1) {
        ambs_read_fault(
            r, at,
            "ranks: found %u, expected 1: the objective %s runs on one; several ranks are "
            "for plug-ins that compute on a communicator",
            (unsigned)spec->trial.ranks, ops->member.name);
    }
}

/* Of several metrics the first is checked by the kind itself. */
static void check_metrics(ambs_reader *r, const ambs_yaml_node *objective)
{
    const ambs_spec *spec = r->spec;
    const ambs_member *m = &spec->objective->member;
    const char *const *also = spec->objective->also;
    for (size_t j = 1; also && j < spec->n_goals; j++) {
        ambs_text list = {0};
        bool known = false;
        for (size_t i = 0; also[i]; i++) {
            known |= strcmp(also[i], spec->goals[j].name) == 0;
            ambs_text_addf(&list, "%s%s", i > 0 ? ", " : "", also[i]);
        }
        if (list.failed)
            r->findings->no_memory = true;
        else if (!known)
            ambs_read_fault(
                r, objective,
                "metrics: found \"%s\", which results of %s do not hold; beside the first "
                "metric they hold %s",
                spec->goals[j].name, m->name, list.text ? list.text : "nothing");
        ambs_text_fini(&list);
    }
}

void ambs_read_check_objective(ambs_reader *r, const ambs_yaml_node *objective,
                               const ambs_yaml_node *trial)
{
    const ambs_spec *spec = r->spec;
    const ambs_objective_ops *ops = spec->objective;
    if (!ops || r->is_record || !ambs_read_is_clean(r)) return;
    ambs_error err = {0};
    if (ops->check &&
        ops->check(spec->objective_options, spec->space, spec->metric, &err) != AMBS_OK)
        ambs_read_fault_error(r, objective, "objective", &err);
    check_metrics(r, objective);
    check_trial(r, objective, trial);
    check_checkpoint(r, trial);
    const ambs_yaml_node *argv = ambs_yaml_get(objective, ops->member.name);
    if (argv && ops->check_argv &&
        ops->check_argv(spec->argv, spec->space, spec->file, &err) != AMBS_OK)
        ambs_read_fault_error(r, argv, NULL, &err);
}
