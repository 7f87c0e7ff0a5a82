/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "acquisition/acquisition.h"
#include "analysis/columns.h"
#include "analysis/exporter.h"
#include "cli/cli.h"
#include "cli/print.h"
#include "cluster/batch.h"
#include "numeric/design.h"
#include "objective/objective.h"
#include "search/method.h"
#include "surrogate/surrogate.h"
#include "train/optimizer.h"
#include "train/train.h"

typedef struct options {
    bool all;
} options;

/* Every ops struct begins with its ambs_member, so any registry reads as an array of members. */
static const struct family {
    const char *name, *plural;
    const void *registry;
} families[] = {
    {"method", "Search methods (method.name)", ambs_method_registry},
    {"surrogate", "Surrogates (method.surrogate)", ambs_surrogate_registry},
    {"acquisition", "Acquisition functions (method.acquisition)", ambs_acquisition_registry},
    {"design", "Designs (method.initial.design)", ambs_design_registry},
    {"objective", "Objectives (objective)", ambs_objective_registry},
    {"trainer", "Trainers (objective.train)", ambs_trainer_registry},
    {"optimizer", "Optimizers (the parameter or option optimizer of a trainer)",
     ambs_optimizer_registry},
    {"exporter", "Exporters (ambs export --format)", ambs_exporter_registry},
    {"batch", "Batch systems (ambs submit --scheduler; found by themselves in a job)",
     ambs_batch_registry},
};
enum { N_FAMILIES = sizeof families / sizeof *families };

static const ambs_member *member_at(const struct family *f, size_t i)
{
    return ((const ambs_member *const *)f->registry)[i];
}

static void list_summaries(const struct family *f, bool all, ambs_text *out)
{
    ambs_text_addf(out, "%s\n", f->plural);
    for (size_t i = 0; member_at(f, i) != NULL; i++) {
        const ambs_member *m = member_at(f, i);
        if (all || !m->for_tests) ambs_text_addf(out, "  %-14s %s\n", m->name, m->summary);
    }
    ambs_text_add(out, "\n");
}

static void range_text(const ambs_option *o, char *buffer, size_t size)
{
    char low[32], high[32];
    buffer[0] = '\0';
    if (o->type == AMBS_OPTION_CHOICE) {
        for (size_t i = 0; o->choices[i] != NULL; i++) {
            size_t used = strlen(buffer);
            snprintf(buffer + used, size - used, "%s%s", i > 0 ? ", " : "", o->choices[i]);
        }
    } else if (o->type == AMBS_OPTION_BOOL) {
        snprintf(buffer, size, "true, false");
    } else if (o->type != AMBS_OPTION_STRING && o->min < o->max) {
        snprintf(buffer, size, "%s to %s", ambs_format_double(o->min, low),
                 ambs_format_double(o->max, high));
    }
}

static int list_options(const ambs_member *m, ambs_text *out, ambs_error *err)
{
    char range[256];
    ambs_columns c;
    int rc = ambs_columns_init(
        &c, (const char *[]){"  option", "default", "range", "meaning", NULL}, err);
    for (const ambs_option *o = m->options; rc == 0 && o->name != NULL; o++) {
        range_text(o, range, sizeof range);
        ambs_columns_addf(&c, "  %s", o->name);
        ambs_columns_add(&c, o->initial != NULL ? o->initial : "-");
        ambs_columns_add(&c, range);
        ambs_columns_add(&c, o->help);
    }
    if (rc == 0) rc = ambs_columns_print(&c, out, err);
    ambs_columns_fini(&c);
    return rc;
}

static int list_family(const struct family *f, bool all, ambs_text *out, ambs_error *err)
{
    int rc = 0;
    for (size_t i = 0; rc == 0 && member_at(f, i) != NULL; i++) {
        const ambs_member *m = member_at(f, i);
        if (m->for_tests && !all) continue;
        ambs_text_addf(out, "%s: %s\n", m->name, m->summary);
        if (m->options != NULL && m->options[0].name != NULL) rc = list_options(m, out, err);
        ambs_text_add(out, "\n");
    }
    return rc;
}

static int unknown_family(const char *name, ambs_error *err)
{
    const char *names[N_FAMILIES + 1] = {NULL};
    for (size_t i = 0; i < N_FAMILIES; i++) names[i] = families[i].name;
    const char *near = ambs_nearest_name(name, names);
    return ambs_fail(err, AMBS_E_INVALID,
                     "found the unknown family \"%.40s\"%s%s%s, expected method, surrogate, "
                     "acquisition, design, "
                     "objective, trainer, optimizer, exporter or batch",
                     name, near != NULL ? " (did you mean " : "", near != NULL ? near : "",
                     near != NULL ? "?)" : "");
}

static int list(const ambs_call *call, ambs_text *out, ambs_error *err)
{
    const options *o = call->options;
    if (call->n_operands == 0) {
        for (size_t i = 0; i < N_FAMILIES; i++) list_summaries(&families[i], o->all, out);
        ambs_text_add(out, "`ambs list FAMILY` shows the options, as in `ambs list method`.\n");
        return 0;
    }
    for (size_t i = 0; i < N_FAMILIES; i++) {
        if (strcmp(call->operands[0], families[i].name) == 0)
            return list_family(&families[i], o->all, out, err);
    }
    return unknown_family(call->operands[0], err);
}

static int run(const ambs_call *call)
{
    ambs_error err;
    ambs_text out = {0};
    int rc = list(call, &out, &err);
    if (rc == 0) rc = ambs_print(&out, &err);
    ambs_text_fini(&out);
    return rc == 0 ? AMBS_STATUS_DONE : ambs_cli_fail(call, &err);
}

const ambs_command ambs_command_list = {
    .name = "list",
    .operands = "[FAMILY]",
    .max_operands = 1,
    .summary = "The plug-ins: methods, surrogates, objectives …, with their options",
    .options = (const ambs_cli_option[]){{{"all", AMBS_OPTION_BOOL, offsetof(options, all), "false",
                                           .help = "also those made for tests"}},
                                         {{NULL}}},
    .options_size = sizeof(options),
    .run = run,
};
