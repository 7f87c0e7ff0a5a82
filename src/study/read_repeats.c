/* SPDX-License-Identifier: MIT */
/* repeats: 3, or {min: 1, max: 10, policy: race, confidence: 0.95}: how often a configuration is
 * evaluated. */
#include <stddef.h>
#include <stdio.h>

#include "study/read.h"

typedef struct repeats_section {
    long long min, max;
    int policy;
    double confidence;
} repeats_section;

enum { MAX_REPEATS = 1000, RACE = 0, RACE_MAX = 10 };
static const char *const policies[] = {"race", "fixed", NULL};

static const ambs_option repeats_table[] = {
    {"min", AMBS_OPTION_INT, offsetof(repeats_section, min), NULL, 1, MAX_REPEATS, NULL,
     "evaluations of each configuration at least; 1"},
    {"max", AMBS_OPTION_INT, offsetof(repeats_section, max), NULL, 1, MAX_REPEATS, NULL,
     "at most; 10 in a race"},
    {"policy", AMBS_OPTION_CHOICE, offsetof(repeats_section, policy), "race", 1, 0, policies,
     "race: the best get more evaluations; fixed: each gets max of them"},
    {"confidence", AMBS_OPTION_FLOAT, offsetof(repeats_section, confidence), "0.95", 0.5, 0.9999,
     NULL, "with which a race wants to know the best"},
    {0}};

/* Fixed: both are the same, whichever is given. */
static void settle_fixed(ambs_reader *r, const ambs_yaml_node *section, repeats_section *s)
{
    const ambs_yaml_node *min = ambs_yaml_get(section, "min"), *max = ambs_yaml_get(section, "max");
    if (!min && !max)
        ambs_read_fault(r, section,
                        "policy: found fixed without max, expected the number of "
                        "evaluations as in {policy: fixed, max: 3}");
    if (!max) s->max = s->min;
    if (!min) s->min = s->max;
    if (min && max && s->min != s->max)
        ambs_read_fault(r, min,
                        "min: found %lld, expected the %lld of max, since policy fixed evaluates "
                        "each configuration equally often; or policy: race",
                        s->min, s->max);
}

static void settle_race(ambs_reader *r, const ambs_yaml_node *section, repeats_section *s)
{
    const ambs_yaml_node *min = ambs_yaml_get(section, "min"), *max = ambs_yaml_get(section, "max");
    if (!min) s->min = 1;
    if (!max) s->max = s->min > RACE_MAX ? s->min : RACE_MAX;
    if (s->max < s->min)
        ambs_read_fault(r, max, "max: found %lld, expected at least the %lld of min", s->max,
                        s->min);
}

static void read_mapping(ambs_reader *r, const ambs_yaml_node *section)
{
    repeats_section s = {0};
    ambs_error err = {0};
    if (ambs_options_init(repeats_table, &s, &err) != AMBS_OK)
        ambs_finding_add_error(r->findings, (ambs_place){0}, &err);
    size_t before = r->findings->n;
    ambs_read_options(r, section, repeats_table, &s, " in repeats", NULL);
    if (r->findings->n > before) return;
    if (s.policy == RACE)
        settle_race(r, section, &s);
    else
        settle_fixed(r, section, &s);
    r->spec->repeats = (ambs_repeats){(uint32_t)s.min, (uint32_t)s.max, s.confidence};
}

/* A number alone: so many evaluations of each. */
static void read_number(ambs_reader *r, const ambs_yaml_node *node)
{
    repeats_section s = {0};
    ambs_error err = {0};
    const char *text = ambs_read_text(r, node, "repeats");
    if (!text) return;
    if (ambs_options_set(repeats_table, &s, "max", text, &err) != AMBS_OK) {
        ambs_read_fault(r, node,
                        "repeats: found \"%.60s\", expected the number of evaluations of each "
                        "configuration from 1 to %d, or a mapping as in {min: 1, max: 10, policy: "
                        "race}",
                        text, MAX_REPEATS);
        return;
    }
    r->spec->repeats = (ambs_repeats){(uint32_t)s.max, (uint32_t)s.max, 0.95};
}

void ambs_read_repeats(ambs_reader *r, const ambs_yaml_node *root)
{
    const ambs_yaml_node *node = ambs_yaml_get(root, "repeats");
    r->spec->repeats = (ambs_repeats){1, 1, 0.95};
    if (!node) return;
    if (node->type == AMBS_YAML_SCALAR)
        read_number(r, node);
    else if (ambs_read_is_mapping(r, node, "repeats"))
        read_mapping(r, node);
    if (ambs_repeats_on(&r->spec->repeats) && r->spec->n_goals > 1)
        ambs_read_fault(r, node,
                        "repeats: found it beside %zu metrics; this version races by one metric: "
                        "leave one of the two out",
                        r->spec->n_goals);
    uint64_t budget = r->spec->budget.trials;
    if (budget > 0 && r->spec->repeats.min > budget)
        ambs_read_fault(r, node,
                        "repeats: found %u evaluations of each configuration, expected at most the "
                        "%llu that budget.trials allows in all",
                        (unsigned)r->spec->repeats.min, (unsigned long long)budget);
}
