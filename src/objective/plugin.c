/* SPDX-License-Identifier: MIT */
/* What a study says about a plug-in, and the plug-in in a trial host. */
#include "objective/plugin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "objective/folder.h"
#include "objective/wire.h"
#include "study/spec.h"

static const ambs_option options_table[] = {
    {"plugin", AMBS_OPTION_STRING, offsetof(ambs_plugin_options, plugin), NULL, 1, 0, NULL,
     "Path of the shared library, relative to the study file; its own options stand beside it."},
    {NULL},
};

static const char *const type_names[] = {"a number", "a whole number", "text"};

/* --- options --------------------------------------------------------------------------------- */

static int place(void *options, const char *file, bool looks, ambs_error *err)
{
    ambs_plugin_options *o = options;
    ambs_text path = {0};
    char folder[AMBS_PATH_SIZE];
    if (!o->plugin || o->plugin[0] == '\0')
        return ambs_fail(err, AMBS_E_INVALID, "found no path, expected that of a shared library");
    ambs_study_folder(file, folder);
    o->folder = ambs_strdup(folder, err);
    if (!o->folder) return AMBS_E_NOMEM;
    if (o->plugin[0] != '/') ambs_text_addf(&path, "%s/", o->folder);
    ambs_text_add(&path, o->plugin);
    int rc = ambs_text_check(&path, err);
    if (rc == AMBS_OK)
        o->path = path.text;
    else
        ambs_text_fini(&path);
    if (rc == AMBS_OK && looks) rc = ambs_plugin_look(o->path, &o->seen, err);
    return rc;
}

static const ambs_plugin_item *find_item(const ambs_plugin_item *items, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(items[i].name, name) == 0) return &items[i];
    return NULL;
}

/* "; did you mean x?" and the names there are, behind what is wrong. */
static int fail_unknown(const char *what, const char *name, const ambs_plugin_item *items, size_t n,
                        int code, ambs_error *err)
{
    ambs_text known = {0};
    const char **names = ambs_calloc(n + 1, sizeof *names, err);
    if (!names) return AMBS_E_NOMEM;
    for (size_t i = 0; i < n; i++) {
        names[i] = items[i].name;
        ambs_text_addf(&known, "%s%s", i > 0 ? ", " : "", items[i].name);
    }
    const char *near = ambs_nearest_name(name, names);
    int rc = ambs_fail(err, code, "%s \"%.60s\"%s%s%s; known: %.500s", what, name,
                       near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "",
                       known.text ? known.text : "none");
    ambs_text_fini(&known);
    free(names);
    return rc;
}

static int check_setting(const ambs_plugin_description *d, const char *name, const char *value,
                         ambs_error *err)
{
    const ambs_plugin_item *option = find_item(d->options, d->n_options, name);
    double number;
    long long whole;
    if (!option)
        return fail_unknown("the plug-in has no option", name, d->options, d->n_options,
                            AMBS_E_NOT_FOUND, err);
    if ((option->type == AMBS_PLUGIN_FLOAT && !ambs_parse_double(value, &number)) ||
        (option->type == AMBS_PLUGIN_INT && !ambs_parse_int(value, &whole)))
        return ambs_fail(err, AMBS_E_INVALID, "%s: found \"%.60s\", expected %s", name, value,
                         type_names[option->type]);
    return AMBS_OK;
}

static int set_other(void *options, const char *name, const char *value, ambs_error *err)
{
    ambs_plugin_options *o = options;
    int rc = o->seen ? check_setting(o->seen, name, value, err) : AMBS_OK;
    if (rc == AMBS_OK)
        rc = ambs_reserve(&o->settings, &o->capacity, o->n_settings + 1, sizeof *o->settings, err);
    if (rc != AMBS_OK) return rc;
    ambs_plugin_setting s = {ambs_strdup(name, err), ambs_strdup(value, err)};
    if (!s.name || !s.value) {
        free(s.name);
        free(s.value);
        return AMBS_E_NOMEM;
    }
    o->settings[o->n_settings++] = s;
    return AMBS_OK;
}

static void fini(void *options)
{
    ambs_plugin_options *o = options;
    for (size_t i = 0; i < o->n_settings; i++) {
        free(o->settings[i].name);
        free(o->settings[i].value);
    }
    free(o->settings);
    free(o->path);
    free(o->folder);
    ambs_plugin_description_destroy(o->seen);
}

const char *ambs_plugin_option_value(const ambs_plugin_options *o,
                                     const ambs_plugin_description *description, const char *name)
{
    for (size_t i = 0; i < o->n_settings; i++)
        if (strcmp(o->settings[i].name, name) == 0) return o->settings[i].value;
    const ambs_plugin_item *option = find_item(description->options, description->n_options, name);
    return option ? option->initial : NULL;
}

uint32_t ambs_plugin_comm_bytes(const ambs_spec *spec)
{
    if (spec->objective != &ambs_objective_plugin) return 0;
    const ambs_plugin_options *o = spec->objective_options;
    return o->seen ? o->seen->comm_bytes : 0;
}

/* --- what it takes --------------------------------------------------------------------------- */

/* What a value of the parameter always is. */
static ambs_plugin_type type_of(const ambs_parameter *p)
{
    ambs_plugin_type type = p->type == AMBS_PARAMETER_FLOAT ? AMBS_PLUGIN_FLOAT : AMBS_PLUGIN_INT;
    for (size_t i = 0; i < p->n_levels; i++) {
        if (p->levels[i].kind == AMBS_VALUE_STRING) return AMBS_PLUGIN_TEXT;
        if (p->levels[i].kind == AMBS_VALUE_FLOAT) type = AMBS_PLUGIN_FLOAT;
    }
    return type;
}

static int check_parameters(const ambs_plugin_description *d, const ambs_space *space,
                            ambs_error *err)
{
    for (size_t i = 0; i < d->n_parameters; i++) {
        const ambs_plugin_item *wanted = &d->parameters[i];
        int at = ambs_space_find(space, wanted->name);
        if (at < 0 && !wanted->optional)
            return ambs_fail(err, AMBS_E_INVALID,
                             "the plug-in needs the parameter \"%s\" (%s), which the study does "
                             "not have",
                             wanted->name, type_names[wanted->type]);
        if (at < 0) continue;
        ambs_plugin_type found = type_of(ambs_space_parameter(space, (size_t)at));
        bool fits = found == wanted->type || wanted->type == AMBS_PLUGIN_TEXT ||
                    (found == AMBS_PLUGIN_INT && wanted->type == AMBS_PLUGIN_FLOAT);
        if (fits) continue;
        return ambs_fail(err, AMBS_E_INVALID,
                         "parameter \"%s\": found %s, but the plug-in takes %s", wanted->name,
                         type_names[found], type_names[wanted->type]);
    }
    for (size_t i = 0; i < ambs_space_dimension(space); i++) {
        const char *name = ambs_space_parameter(space, i)->name;
        if (!find_item(d->parameters, d->n_parameters, name))
            return fail_unknown("the plug-in does not read the parameter", name, d->parameters,
                                d->n_parameters, AMBS_E_INVALID, err);
    }
    return AMBS_OK;
}

int ambs_plugin_check(const ambs_plugin_options *o, const ambs_plugin_description *d,
                      const ambs_space *space, ambs_error *err)
{
    int rc = AMBS_OK;
    for (size_t i = 0; i < o->n_settings && rc == AMBS_OK; i++)
        rc = check_setting(d, o->settings[i].name, o->settings[i].value, err);
    for (size_t i = 0; i < d->n_options && rc == AMBS_OK; i++)
        if (!ambs_plugin_option_value(o, d, d->options[i].name))
            rc = ambs_fail(err, AMBS_E_INVALID,
                           "the plug-in needs the option \"%s\" (%s) beside plugin:",
                           d->options[i].name, type_names[d->options[i].type]);
    return rc == AMBS_OK && !d->takes_any ? check_parameters(d, space, err) : rc;
}

static int check(const void *options, const ambs_space *space, const char *metric, ambs_error *err)
{
    (void)metric;
    const ambs_plugin_options *o = options;
    return o->seen ? ambs_plugin_check(o, o->seen, space, err) : AMBS_OK;
}

/* What a process of its own would be given or held to, and a rank is not. */
static int check_in_ranks(const ambs_plugin_options *o, const ambs_trial_limits *trial,
                          ambs_error *err)
{
    if (isnan(trial->timeout_s))
        return ambs_fail(
            err, AMBS_E_INVALID,
            "found no timeout, expected one (timeout: 20m): the plug-in %s computes on "
            "a communicator, where only a time limit ends a trial that hangs",
            o->seen->name);
    if (!isnan(trial->memory_bytes) || trial->gpus > 0)
        return ambs_fail(err, AMBS_E_INVALID,
                         "%s: the plug-in %s computes on a communicator, in the ranks themselves, "
                         "whose memory and GPUs the launcher sets; remove the key",
                         trial->gpus > 0 ? "gpus" : "memory", o->seen->name);
    return AMBS_OK;
}

static int check_trial(const void *options, const ambs_trial_limits *trial, ambs_error *err)
{
    const ambs_plugin_options *o = options;
    if (!o->seen) return AMBS_OK;
    if (o->seen->comm_bytes == 0 && trial->ranks > 1)
        return ambs_fail(err, AMBS_E_INVALID,
                         "ranks: found %u, expected 1: the plug-in %s does not compute on a "
                         "communicator (.comm_bytes is 0)",
                         (unsigned)trial->ranks, o->seen->name);
    if (trial->keep != AMBS_KEEP_NEVER)
        return ambs_fail(err, AMBS_E_INVALID,
                         "keep: the folders of a plug-in's trials go with their attempts; remove "
                         "the key, or let the plug-in write what is to stay elsewhere");
    return o->seen->comm_bytes > 0 ? check_in_ranks(o, trial, err) : AMBS_OK;
}

static void describe(const void *options, const ambs_space *space, ambs_text *out)
{
    (void)space;
    const ambs_plugin_options *o = options;
    if (!o->seen) return;
    ambs_text_addf(out, "%s: %s; %s", o->seen->name, o->seen->summary,
                   o->seen->comm_bytes > 0 ? "computes on a communicator, in the ranks of its group"
                                           : "runs in a process of its own beside the MPI program");
    for (size_t i = 0; i < o->seen->n_options; i++) {
        const ambs_plugin_item *option = &o->seen->options[i];
        const char *value = ambs_plugin_option_value(o, o->seen, option->name);
        if (value && value == option->initial) /* the others stand in the study */
            ambs_text_addf(out, "\n  %s: %s", option->name, value);
    }
}

/* --- in a trial host ------------------------------------------------------------------------- */

static int open_session(const void *options, const ambs_space *space, const char *metric,
                        void **ret_state, ambs_error *err)
{
    const char *cores = getenv("OMP_NUM_THREADS");
    long long n = 1;
    if (!cores || !ambs_parse_int(cores, &n) || n < 1) n = 1;
    ambs_plugin_place where = {
        .n_ranks = 1, .n_cores = (uint32_t)n, .checkpoints = getenv(AMBS_WIRE_CHECKPOINTS)};
    ambs_plugin_session *session;
    int rc = ambs_plugin_session_create(options, space, metric, &where, &session, err);
    if (rc == AMBS_OK) *ret_state = session;
    return rc;
}

static int evaluate(void *state, const ambs_attempt *attempt, const ambs_reporter *reporter,
                    ambs_outcome *ret, ambs_error *err)
{
    return ambs_plugin_session_evaluate(state, attempt, reporter, ret, err);
}

static void close_session(void *state)
{
    ambs_plugin_session_destroy(state);
}

const ambs_objective_ops ambs_objective_plugin = {
    .member = {.name = "plugin",
               .summary = "a shared library made after ambs/objective.h",
               .options = options_table,
               .options_size = sizeof(ambs_plugin_options)},
    .hosted = true,
    .own_temporaries = true,
    .checkpoints = true,
    .place = place,
    .set_other = set_other,
    .check = check,
    .check_trial = check_trial,
    .describe = describe,
    .open = open_session,
    .evaluate = evaluate,
    .close = close_session,
    .fini = fini,
};
