/* SPDX-License-Identifier: MIT */
/* The section metrics: two or more goals, a Pareto search. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "study/read.h"

typedef struct goal_section {
    char *name;
    int goal;
    double target, reference;
} goal_section;

static const char *const goals[] = {"minimize", "maximize", NULL};
static const ambs_option goal_table[] = {
    {"name", AMBS_OPTION_STRING, offsetof(goal_section, name), NULL, 1, 0, NULL,
     "name of the metric"},
    {"goal", AMBS_OPTION_CHOICE, offsetof(goal_section, goal), "minimize", 1, 0, goals,
     "minimize or maximize"},
    {"target", AMBS_OPTION_FLOAT, offsetof(goal_section, target), NULL, 1, 0, NULL,
     "a trial that reaches all targets ends the study"},
    {"reference", AMBS_OPTION_FLOAT, offsetof(goal_section, reference), NULL, 1, 0, NULL,
     "the worst value that is still of use"},
    {0}};

static void check_name(ambs_reader *r, const ambs_yaml_node *item, const char *name)
{
    const ambs_yaml_node *node = ambs_yaml_get(item, "name");
    const ambs_spec *spec = r->spec;
    if (!node) {
        ambs_read_fault(r, item,
                        "metrics: found a metric without a name, expected one as in "
                        "{name: error, goal: minimize}");
        return;
    }
    if (!name) return; /* found before */
    if (name[0] == '\0') ambs_read_fault(r, node, "name: found empty text, expected a name");
    if (strlen(name) >= AMBS_METRIC_NAME_SIZE)
        ambs_read_fault(r, node, "name: found %zu characters, expected at most %d", strlen(name),
                        AMBS_METRIC_NAME_SIZE - 1);
    for (size_t i = 0; i < spec->n_goals; i++)
        if (strcmp(spec->goals[i].name, name) == 0)
            ambs_read_fault(r, node, "name: found \"%s\" twice, expected each metric once", name);
}

static void read_goal(ambs_reader *r, const ambs_yaml_node *item)
{
    goal_section g = {0};
    ambs_error err = {0};
    if (!ambs_read_is_mapping(r, item, "a metric")) return;
    if (ambs_options_init(goal_table, &g, &err) != AMBS_OK)
        ambs_finding_add_error(r->findings, (ambs_place){0}, &err);
    ambs_read_options(r, item, goal_table, &g, " in metrics", NULL);
    check_name(r, item, g.name);
    ambs_spec *spec = r->spec;
    if (!g.name) return;
    spec->goals[spec->n_goals++] =
        (ambs_spec_goal){.name = g.name,
                         .goal = g.goal == 1 ? AMBS_MAXIMIZE : AMBS_MINIMIZE,
                         .target = g.target,
                         .reference = g.reference};
}

/* The first one is what a study with one metric calls its metric. */
static void take_first(ambs_reader *r)
{
    ambs_spec *spec = r->spec;
    if (spec->n_goals == 0) return;
    char *name = ambs_read_copy(r, spec->goals[0].name);
    if (!name) return;
    free(spec->metric);
    spec->metric = name;
    spec->goal = spec->goals[0].goal;
    spec->target = NAN;
}

void ambs_read_metrics(ambs_reader *r, const ambs_yaml_node *root)
{
    static const char example[] = "[{name: error, goal: minimize}, {name: latency}]";
    const ambs_yaml_node *list = ambs_yaml_get(root, "metrics"),
                         *metric = ambs_yaml_get(root, "metric");
    const ambs_yaml_node *warm = ambs_yaml_get(root, "warm_start");
    char what[96];
    if (!list) return;
    if (warm)
        ambs_read_fault(r, warm,
                        "warm_start: found beside metrics, expected a study with one metric: what "
                        "earlier studies found good is known of one; remove it");
    if (metric)
        ambs_read_fault(
            r, metric, "metric: found beside metrics; name all metrics there, the first one first");
    if (list->type != AMBS_YAML_LIST) {
        ambs_read_fault(r, list, "metrics: found %s, expected a list as in %s",
                        ambs_yaml_what(list, what), example);
        return;
    }
    if (list->n < 2 || list->n > AMBS_MAX_GOALS) {
        ambs_read_fault(
            r, list, "metrics: found a list of %zu, expected 2 to %d metrics as in %s%s", list->n,
            AMBS_MAX_GOALS, example, list->n == 1 ? "; one metric alone stands under metric" : "");
        return;
    }
    r->spec->goals = ambs_calloc(list->n, sizeof *r->spec->goals, NULL);
    if (!r->spec->goals) r->findings->no_memory = true;
    for (size_t i = 0; r->spec->goals && i < list->n; i++) read_goal(r, list->items[i]);
    take_first(r);
}
