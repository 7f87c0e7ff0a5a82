/* SPDX-License-Identifier: MIT */
/* The sections that are plain settings: study, metric, budget, trial, manager, slots, surrogate,
 * durability, on_deadline. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "study/read.h"

/* The largest count that is a whole number in a double and in every field. */
#define COUNT_MAX 4294967295.0

typedef struct study_section {
    char *name;
    long long seed;
} study_section;

static const ambs_option study_table[] = {{"name", AMBS_OPTION_STRING,
                                           offsetof(study_section, name), NULL, 1, 0, NULL,
                                           "name of the study"},
                                          {"seed", AMBS_OPTION_INT, offsetof(study_section, seed),
                                           "0", 0, 0x1p53, NULL, "seed of every random stream"},
                                          {0}};

typedef struct metric_section {
    char *name;
    int goal;
    double target;
} metric_section;

static const char *const goals[] = {"minimize", "maximize", NULL};
static const ambs_option metric_table[] = {
    {"name", AMBS_OPTION_STRING, offsetof(metric_section, name), "objective", 1, 0, NULL,
     "name of the metric"},
    {"goal", AMBS_OPTION_CHOICE, offsetof(metric_section, goal), "minimize", 1, 0, goals,
     "minimize or maximize"},
    {"target", AMBS_OPTION_FLOAT, offsetof(metric_section, target), NULL, 1, 0, NULL,
     "ends the study when reached"},
    {0}};

typedef struct budget_section {
    long long trials, total, in_a_row;
    double time;
} budget_section;

static const ambs_option budget_table[] = {
    {"trials", AMBS_OPTION_INT, offsetof(budget_section, trials), NULL, 1, 0x1p53, NULL,
     "trials, resumed ones included; evaluations where there are repeats"},
    {"time", AMBS_OPTION_DURATION, offsetof(budget_section, time), NULL, 1e-3, INFINITY, NULL,
     "wall time of all lives together"},
    {"failures", AMBS_OPTION_STRING, 0, NULL, 1, 0, NULL, "a mapping of total and in_a_row"},
    {0}};
static const ambs_option failures_table[] = {
    {"total", AMBS_OPTION_INT, offsetof(budget_section, total), NULL, 1, 0x1p53, NULL,
     "failed trials that end the study"},
    {"in_a_row", AMBS_OPTION_INT, offsetof(budget_section, in_a_row), "20", 1, 0x1p53, NULL,
     "failed trials in a row that end the study"},
    {0}};

typedef struct trial_section {
    long long ranks, cores, gpus, attempts;
    double memory, timeout, grace;
    bool checkpoint;
    char *scratch;
    int keep, directory;
    double head, tail, complete, total, limit; /* of output */
} trial_section;

static const char *const keeps[] = {"never", "failed", "always", NULL};
static const char *const directories[] = {"scratch", "study", NULL};

static const ambs_option trial_table[] = {
    {"ranks", AMBS_OPTION_INT, offsetof(trial_section, ranks), "1", 1, COUNT_MAX, NULL,
     "MPI ranks of one trial"},
    {"cores", AMBS_OPTION_INT, offsetof(trial_section, cores), "1", 1, COUNT_MAX, NULL,
     "cores of one slot"},
    {"gpus", AMBS_OPTION_INT, offsetof(trial_section, gpus), "0", 0, COUNT_MAX, NULL,
     "GPUs of one slot"},
    {"memory", AMBS_OPTION_BYTES, offsetof(trial_section, memory), NULL, 1, INFINITY, NULL,
     "memory limit of one trial"},
    {"timeout", AMBS_OPTION_DURATION, offsetof(trial_section, timeout), NULL, 1e-3, INFINITY, NULL,
     "time limit of one attempt"},
    {"grace", AMBS_OPTION_DURATION, offsetof(trial_section, grace), "5s", 0, 3600, NULL,
     "between the signals TERM and KILL"},
    {"attempts", AMBS_OPTION_INT, offsetof(trial_section, attempts), "2", 1, 1000, NULL,
     "attempts when workers are lost"},
    {"checkpoint", AMBS_OPTION_BOOL, offsetof(trial_section, checkpoint), "false", 0, 0, NULL,
     "commands save on SIGUSR1 and go on from what was saved"},
    {"scratch", AMBS_OPTION_STRING, offsetof(trial_section, scratch), NULL, 1, 0, NULL,
     "folder in which each attempt gets its own"},
    {"keep", AMBS_OPTION_CHOICE, offsetof(trial_section, keep), "never", 1, 0, keeps,
     "whose folders stay: never, failed or always"},
    {"directory", AMBS_OPTION_CHOICE, offsetof(trial_section, directory), "scratch", 1, 0,
     directories, "where commands work: scratch (the attempt's folder) or study"},
    {"output", AMBS_OPTION_STRING, 0, NULL, 1, 0, NULL,
     "a mapping of head, tail, complete, total and limit"},
    {0}};
static const ambs_option output_table[] = {
    {"head", AMBS_OPTION_BYTES, offsetof(trial_section, head), "16KiB", 0, 1048576, NULL,
     "kept of the begin of each stream of an attempt"},
    {"tail", AMBS_OPTION_BYTES, offsetof(trial_section, tail), "16KiB", 0, 1048576, NULL,
     "kept of the end"},
    {"complete", AMBS_OPTION_BYTES, offsetof(trial_section, complete), NULL, 0, 1048576, NULL,
     "kept, instead, of the end alone of an attempt that has not failed"},
    {"total", AMBS_OPTION_BYTES, offsetof(trial_section, total), "1GiB", 0, INFINITY, NULL,
     "of all attempts together"},
    {"limit", AMBS_OPTION_BYTES, offsetof(trial_section, limit), NULL, 1, INFINITY, NULL,
     "an attempt that prints more on a stream is ended"},
    {0}};

typedef struct manager_section {
    char *slots;
    double heartbeat, suspect, timeout, snapshot;
} manager_section;

static const ambs_option manager_table[] = {
    {"slots", AMBS_OPTION_STRING, offsetof(manager_section, slots), NULL, 1, 0, NULL,
     "slots of rank 0's own: a number, or fit; without it, fit where it is alone on its host"},
    {"heartbeat", AMBS_OPTION_DURATION, offsetof(manager_section, heartbeat), "5s", 0.01, 3600,
     NULL, "agents say they live"},
    {"suspect", AMBS_OPTION_DURATION, offsetof(manager_section, suspect), "60s", 0.1, 86400, NULL,
     "silence that makes an agent suspect"},
    {"timeout", AMBS_OPTION_DURATION, offsetof(manager_section, timeout), "5m", 0.1, 86400, NULL,
     "silence of the manager after which agents leave"},
    {"snapshot", AMBS_OPTION_DURATION, offsetof(manager_section, snapshot), "30s", 0.1, 86400, NULL,
     "least time between snapshots of the study file"},
    {0}};

/* Defaults, then the section where there is one. */
static void read_section(ambs_reader *r, const ambs_yaml_node *root, const char *name,
                         const ambs_option *table, void *options, const char *skip)
{
    ambs_error err = {0};
    if (ambs_options_init(table, options, &err) != AMBS_OK) {
        ambs_finding_add_error(r->findings, (ambs_place){0}, &err);
        return;
    }
    char where[48];
    snprintf(where, sizeof where, " in %s", name);
    const ambs_yaml_node *section = ambs_yaml_get(root, name);
    if (section && ambs_read_is_mapping(r, section, name))
        ambs_read_options(r, section, table, options, where, skip);
}

/* A mapping within a section, whose fields stand in the section's struct. */
static void read_group(ambs_reader *r, const ambs_yaml_node *section, const char *name,
                       const char *example, const ambs_option *table, void *options,
                       const char *section_name)
{
    ambs_error err = {0};
    if (ambs_options_init(table, options, &err) != AMBS_OK)
        ambs_finding_add_error(r->findings, (ambs_place){0}, &err);
    const ambs_yaml_node *group = ambs_yaml_get(section, name);
    char what[96];
    if (group && group->type != AMBS_YAML_MAPPING) {
        ambs_read_fault(r, group, "%s: found %s, expected a mapping as in %s", name,
                        ambs_yaml_what(group, what), example);
    } else if (group) {
        snprintf(what, sizeof what, " in %s.%s", section_name, name);
        ambs_read_options(r, group, table, options, what, NULL);
    }
}

static void read_study(ambs_reader *r, const ambs_yaml_node *root)
{
    study_section s = {0};
    read_section(r, root, "study", study_table, &s, NULL);
    const ambs_yaml_node *name = ambs_yaml_get(ambs_yaml_get(root, "study"), "name");
    if (s.name && s.name[0] == '\0')
        ambs_read_fault(r, name, "name: found empty text, expected a name");
    if (s.name) {
        free(r->spec->name);
        r->spec->name = s.name;
    }
    r->spec->seed = (uint64_t)s.seed;
}

static void read_metric(ambs_reader *r, const ambs_yaml_node *root)
{
    metric_section m = {0};
    read_section(r, root, "metric", metric_table, &m, NULL);
    const ambs_yaml_node *name = ambs_yaml_get(ambs_yaml_get(root, "metric"), "name");
    if (name && m.name && m.name[0] == '\0')
        ambs_read_fault(r, name, "name: found empty text, expected a name");
    if (name && m.name && strlen(m.name) >= AMBS_METRIC_NAME_SIZE)
        ambs_read_fault(r, name, "name: found %zu characters, expected at most %d", strlen(m.name),
                        AMBS_METRIC_NAME_SIZE - 1);
    r->spec->metric = m.name;
    r->spec->goal = m.goal == 1 ? AMBS_MAXIMIZE : AMBS_MINIMIZE;
    r->spec->target = m.target;
}

static void read_budget(ambs_reader *r, const ambs_yaml_node *root)
{
    budget_section b = {0};
    read_section(r, root, "budget", budget_table, &b, "failures");
    read_group(r, ambs_yaml_get(root, "budget"), "failures", "{total: 100, in_a_row: 20}",
               failures_table, &b, "budget");
    r->spec->budget = (ambs_budget){.trials = (uint64_t)b.trials,
                                    .time_s = b.time,
                                    .failures_total = (uint64_t)b.total,
                                    .failures_in_row = (uint64_t)b.in_a_row};
}

/* What later versions will honour is refused by name rather than ignored. */
static void read_trial(ambs_reader *r, const ambs_yaml_node *root)
{
    trial_section t = {0};
    read_section(r, root, "trial", trial_table, &t, "output");
    const ambs_yaml_node *section = ambs_yaml_get(root, "trial");
    read_group(r, section, "output", "{head: 4KiB, tail: 64KiB}", output_table, &t, "trial");
    const ambs_yaml_node *scratch = ambs_yaml_get(section, "scratch");
    if (scratch && t.scratch && t.scratch[0] != '/')
        ambs_read_fault(r, scratch, "scratch: found \"%.200s\", expected an absolute path",
                        t.scratch);
    r->spec->trial = (ambs_trial_limits){.ranks = (uint32_t)t.ranks,
                                         .cores = (uint32_t)t.cores,
                                         .cores_given = ambs_yaml_get(section, "cores") != NULL,
                                         .gpus = (uint32_t)t.gpus,
                                         .memory_bytes = t.memory,
                                         .timeout_s = t.timeout,
                                         .grace_s = t.grace,
                                         .attempts = (uint32_t)t.attempts,
                                         .checkpoint = t.checkpoint,
                                         .scratch = t.scratch,
                                         .keep = (ambs_keep)t.keep,
                                         .in_study_folder = t.directory == 1,
                                         .output = {.head_bytes = (size_t)t.head,
                                                    .tail_bytes = (size_t)t.tail,
                                                    .complete_bytes = t.complete,
                                                    .total_bytes = t.total,
                                                    .limit_bytes = t.limit}};
}

/* A number of slots, or `fit` (AMBS_SLOTS_FIT); takes the text. */
static int32_t take_n_slots(ambs_reader *r, const ambs_yaml_node *root, const char *section,
                            const char *key, char *text, long long least)
{
    const ambs_yaml_node *node = ambs_yaml_get(ambs_yaml_get(root, section), key);
    long long n = 0;
    if (text && strcmp(text, "fit") == 0)
        n = AMBS_SLOTS_FIT;
    else if (node && text && (!ambs_parse_int(text, &n) || n < least || n > 4096)) {
        ambs_read_fault(r, node,
                        "%s: found \"%.60s\", expected a whole number from %lld to 4096, "
                        "or fit: as many as fit",
                        key, text, least);
        n = 0;
    }
    free(text);
    return (int32_t)n;
}

static void read_manager(ambs_reader *r, const ambs_yaml_node *root)
{
    manager_section m = {0};
    read_section(r, root, "manager", manager_table, &m, NULL);
    const ambs_yaml_node *suspect = ambs_yaml_get(ambs_yaml_get(root, "manager"), "suspect");
    if (suspect && m.suspect <= m.heartbeat)
        ambs_read_fault(r, suspect, "suspect: found %gs, expected more than the heartbeat of %gs",
                        m.suspect, m.heartbeat);
    int32_t slots =
        m.slots ? take_n_slots(r, root, "manager", "slots", m.slots, 0) : AMBS_SLOTS_BY_RULE;
    r->spec->manager = (ambs_manager_settings){.slots = slots,
                                               .heartbeat_s = m.heartbeat,
                                               .suspect_s = m.suspect,
                                               .timeout_s = m.timeout,
                                               .snapshot_s = m.snapshot};
}

typedef struct slots_section {
    char *per_rank, *cores, *gpus;
    double memory;
    int variable;
} slots_section;

/* Rows from which on two ranks are faster than one thread of rank 0: share/doc/performance.md. */
#define SURROGATE_FROM "4000"

typedef struct surrogate_section {
    long long ranks, from;
    double time_limit;
} surrogate_section;

static const ambs_option surrogate_table[] = {
    {"ranks", AMBS_OPTION_INT, offsetof(surrogate_section, ranks), "0", 0, 4096, NULL,
     "ranks that compute for the model and run no trials"},
    {"from", AMBS_OPTION_INT, offsetof(surrogate_section, from), SURROGATE_FROM, 2, 1e15, NULL,
     "results from which on they compute"},
    {"time_limit", AMBS_OPTION_DURATION, offsetof(surrogate_section, time_limit), "60s", 1e-3,
     86400, NULL, "what takes them longer rank 0 computes itself"},
    {0}};

static void read_surrogate(ambs_reader *r, const ambs_yaml_node *root)
{
    surrogate_section s = {0};
    const ambs_yaml_node *section = ambs_yaml_get(root, "surrogate");
    read_section(r, root, "surrogate", surrogate_table, &s, NULL);
    if (s.ranks == 0 && (ambs_yaml_get(section, "from") || ambs_yaml_get(section, "time_limit")))
        ambs_read_fault(r, section,
                        "surrogate: found no ranks for the model, expected ranks: 1 or more, whose "
                        "from and time_limit are");
    r->spec->surrogate = (ambs_surrogate_settings){
        .ranks = (uint32_t)s.ranks, .from = (uint64_t)s.from, .time_limit_s = s.time_limit};
}

static const char *const gpu_variables[] = {"auto", "CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES",
                                            "HIP_VISIBLE_DEVICES", NULL};
static const ambs_option slots_table[] = {
    {"per_rank", AMBS_OPTION_STRING, offsetof(slots_section, per_rank), NULL, 1, 0, NULL,
     "slots of each rank: a number, or fit"},
    {"cores", AMBS_OPTION_STRING, offsetof(slots_section, cores), NULL, 1, 0, NULL,
     "cores of each host that trials may use, as in 0-31,64-95"},
    {"memory", AMBS_OPTION_BYTES, offsetof(slots_section, memory), NULL, 1, INFINITY, NULL,
     "memory of each host for all its trials together"},
    {"gpus", AMBS_OPTION_STRING, 0, NULL, 1, 0, NULL,
     "a list of the GPUs of each host that trials may use"},
    {"gpu_variable", AMBS_OPTION_CHOICE, offsetof(slots_section, variable), "auto", 1, 0,
     gpu_variables, "the variable through which a trial gets its GPUs"},
    {0}};

static void read_gpu_list(ambs_reader *r, const ambs_yaml_node *list)
{
    ambs_slot_settings *slots = &r->spec->slots;
    char what[96];
    if (list->type != AMBS_YAML_LIST || list->n == 0) {
        ambs_read_fault(r, list, "gpus: found %s, expected a list as in [0, 1] or [GPU-3f2a…]",
                        ambs_yaml_what(list, what));
        return;
    }
    slots->gpus = ambs_calloc(list->n, sizeof *slots->gpus, NULL);
    if (!slots->gpus) r->findings->no_memory = true;
    for (size_t i = 0; slots->gpus && i < list->n; i++) {
        const char *text = ambs_read_text(r, list->items[i], "gpus");
        if (text && strchr(text, ','))
            ambs_read_fault(r, list->items[i], "gpus: found \"%.60s\", expected one GPU an item",
                            text);
        for (size_t k = 0; text && k < slots->n_gpus; k++)
            if (strcmp(slots->gpus[k], text) == 0)
                ambs_read_fault(r, list->items[i], "gpus: found \"%.60s\" twice", text);
        char *copy = text ? ambs_read_copy(r, text) : NULL;
        if (copy) slots->gpus[slots->n_gpus++] = copy;
    }
}

/* The kernel's way to write a set of processors: "0-31,64-95". */
static bool is_core_list(const char *text)
{
    long long first, last;
    int length;
    do {
        if (sscanf(text, "%lld%n", &first, &length) != 1 || first < 0 || first > 4095) return false;
        text += length;
        last = first;
        if (*text == '-') {
            if (sscanf(++text, "%lld%n", &last, &length) != 1 || last < first || last > 4095)
                return false;
            text += length;
        }
    } while (*text++ == ',');
    return text[-1] == '\0';
}

static void read_slots(ambs_reader *r, const ambs_yaml_node *root)
{
    slots_section s = {0};
    const ambs_yaml_node *section = ambs_yaml_get(root, "slots");
    read_section(r, root, "slots", slots_table, &s, "gpus");
    const ambs_yaml_node *gpus = ambs_yaml_get(section, "gpus");
    ambs_slot_settings *slots = &r->spec->slots;
    slots->per_rank = take_n_slots(r, root, "slots", "per_rank", s.per_rank, 1);
    slots->cores = s.cores;
    slots->memory_bytes = s.memory;
    if (s.cores && !is_core_list(s.cores))
        ambs_read_fault(r, ambs_yaml_get(section, "cores"),
                        "cores: found \"%.60s\", expected numbers of cores as in 0-31,64-95",
                        s.cores);
    if (gpus) read_gpu_list(r, gpus);
    if (s.variable > 0) slots->gpu_variable = ambs_read_copy(r, gpu_variables[s.variable]);
}

static void read_durability(ambs_reader *r, const ambs_yaml_node *root)
{
    static const char *const kinds[] = {"group", "result", NULL};
    static const ambs_option table[] = {
        {"durability", AMBS_OPTION_CHOICE, 0, "group", 1, 0, kinds, "when a result counts as safe"},
        {0}};
    const ambs_yaml_node *node = ambs_yaml_get(root, "durability");
    int kind = 0;
    ambs_error err = {0};
    const char *text = node ? ambs_read_text(r, node, "durability") : NULL;
    if (text && ambs_options_set(table, &kind, "durability", text, &err) != AMBS_OK)
        ambs_read_fault_error(r, node, NULL, &err);
    r->spec->durability = kind == 1 ? AMBS_DURABILITY_RESULT : AMBS_DURABILITY_GROUP;
}

/* on_deadline: requeue, or a mapping. */
static void read_on_deadline(ambs_reader *r, const ambs_yaml_node *root)
{
    typedef struct deadline_section {
        int action;
        long long lives;
    } deadline_section;
    static const char *const actions[] = {"stop", "requeue", "resubmit", NULL};
    static const ambs_option table[] = {
        {"action", AMBS_OPTION_CHOICE, offsetof(deadline_section, action), "stop", 1, 0, actions,
         "what the batch job does near its end"},
        {"lives", AMBS_OPTION_INT, offsetof(deadline_section, lives), "100", 1, 1000000, NULL,
         "lives of the study, at most"},
        {0}};
    deadline_section d = {0};
    ambs_error err = {0};
    const ambs_yaml_node *node = ambs_yaml_get(root, "on_deadline");
    bool whole = node && node->type == AMBS_YAML_MAPPING;
    if (ambs_options_init(table, &d, &err) != AMBS_OK)
        ambs_finding_add_error(r->findings, (ambs_place){0}, &err);
    const char *text = node && !whole ? ambs_read_text(r, node, "on_deadline") : NULL;
    if (whole)
        ambs_read_options(r, node, table, &d, " in on_deadline", NULL);
    else if (text && ambs_options_set(table, &d, "action", text, &err) != AMBS_OK)
        ambs_read_fault_error(r, node, "on_deadline", &err);
    r->spec->on_deadline = (ambs_continuation){(ambs_on_deadline)d.action, (uint32_t)d.lives};
}

/* Why a section of a later version is refused; NULL where the name is none. */
static const char *reserved_because(const char *name)
{
    static const char *const reserved[][2] = {
        {"stopping", "this version has no stopping rules: every trial runs to its end"},
    };
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++)
        if (strcmp(name, reserved[i][0]) == 0) return reserved[i][1];
    return NULL;
}

static void check_top(ambs_reader *r, const ambs_yaml_node *root)
{
    static const char *const known[] = {"study",      "metric",    "metrics",     "objective",
                                        "parameters", "space",     "constraints", "method",
                                        "budget",     "trial",     "retry",       "repeats",
                                        "slots",      "manager",   "durability",  "on_deadline",
                                        "warm_start", "surrogate", NULL};
    for (size_t i = 0; i < root->n; i++) {
        const ambs_yaml_node *key = root->keys[i];
        const char *because = reserved_because(key->text);
        bool found = false;
        for (size_t k = 0; known[k] && !found; k++) found = strcmp(known[k], key->text) == 0;
        if (because)
            ambs_read_fault(r, key, "found the reserved section \"%s\": %s; remove it", key->text,
                            because);
        else if (!found)
            ambs_read_unknown(r, key, "key", "", known);
    }
}

void ambs_read_sections(ambs_reader *r, const ambs_yaml_node *root)
{
    check_top(r, root);
    read_study(r, root);
    read_metric(r, root);
    ambs_read_metrics(r, root);
    read_budget(r, root);
    read_trial(r, root);
    read_manager(r, root);
    read_slots(r, root);
    read_durability(r, root);
    read_on_deadline(r, root);
    read_surrogate(r, root);
    ambs_read_retry(r, root);
    ambs_read_repeats(r, root);
}
