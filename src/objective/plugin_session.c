/* SPDX-License-Identifier: MIT */
/* A plug-in that has been opened, and its trials. The structs that it sees stand first in those of this
 * file, so that its calls find their way back. The first thing that goes wrong in a trial is the one that
 * is told. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "objective/checkpoint.h"
#include "objective/plugin.h"
#include "objective/scratch.h"

enum { VALUE_SIZE = 32 };

struct ambs_plugin_session {
    ambs_plugin plugin;
    ambs_plugin_description *description;
    const ambs_plugin_options *options;
    const ambs_space *space;
    const char *metric;
    ambs_plugin_place place;
    void *state;
    bool opened;
    char (*values)[VALUE_SIZE]; /* [d] numbers as text */
};

typedef struct opening {
    ambs_opening seen;
    ambs_plugin_session *session;
    char why[AMBS_MESSAGE_SIZE];
} opening;

typedef struct evaluation {
    ambs_evaluation seen;
    ambs_plugin_session *session;
    const double *x;
    const ambs_reporter *reporter;
    ambs_outcome *outcome;
    char *scratch, *checkpoint, *resume;
    bool checkpoint_asked;
    bool failed;
    char why[AMBS_MESSAGE_SIZE];
} evaluation;

/* --- calls while it opens -------------------------------------------------------------------- */

static void opening_fail(ambs_opening *o, const char *text)
{
    opening *own = (opening *)o;
    if (!own->why[0]) snprintf(own->why, sizeof own->why, "%.*s", AMBS_MESSAGE_SIZE - 1, text);
}

static const char *option_text(ambs_opening *o, const char *name)
{
    opening *own = (opening *)o;
    const ambs_plugin_session *s = own->session;
    const char *value = ambs_plugin_option_value(s->options, s->description, name);
    char why[AMBS_MESSAGE_SIZE];
    if (value) return value;
    snprintf(why, sizeof why,
             "the plug-in asks for its option \"%.60s\", which it has not declared", name);
    opening_fail(o, why);
    return "";
}

static double option_number(ambs_opening *o, const char *name)
{
    const char *text = option_text(o, name);
    char why[AMBS_MESSAGE_SIZE];
    double value = NAN;
    if (text[0] == '\0' || ambs_parse_double(text, &value)) return value;
    snprintf(why, sizeof why, "the plug-in reads its option \"%.60s\" as a number, found \"%.60s\"",
             name, text);
    opening_fail(o, why);
    return NAN;
}

/* --- calls in a trial ------------------------------------------------------------------------ */

static void fail(ambs_evaluation *e, const char *text)
{
    evaluation *own = (evaluation *)e;
    if (!own->failed) snprintf(own->why, sizeof own->why, "%.*s", AMBS_MESSAGE_SIZE - 1, text);
    own->failed = true;
}

/* The parameter's place, or -1 and the trial has failed. */
static int find(ambs_evaluation *e, const char *name)
{
    const ambs_space *space = ((evaluation *)e)->session->space;
    int at = ambs_space_find(space, name);
    if (at >= 0) return at;
    char why[AMBS_MESSAGE_SIZE];
    int n = snprintf(why, sizeof why,
                     "the plug-in asks for the parameter \"%.60s\", which the study does not have; "
                     "it has",
                     name);
    for (size_t i = 0; i < ambs_space_dimension(space) && n < (int)sizeof why; i++)
        n += snprintf(why + n, sizeof why - (size_t)n, "%s %s", i > 0 ? "," : "",
                      ambs_space_parameter(space, i)->name);
    fail(e, why);
    return -1;
}

static int is_active(ambs_evaluation *e, const char *name)
{
    int at = find(e, name);
    return at >= 0 && !isnan(((evaluation *)e)->x[at]);
}

static double number(ambs_evaluation *e, const char *name)
{
    evaluation *own = (evaluation *)e;
    int at = find(e, name);
    if (at < 0 || isnan(own->x[at])) return NAN;
    const ambs_parameter *p = ambs_space_parameter(own->session->space, (size_t)at);
    if (p->n_levels == 0) return own->x[at];
    const ambs_value *level = &p->levels[(size_t)own->x[at]];
    if (level->kind != AMBS_VALUE_STRING) return level->number;
    char why[AMBS_MESSAGE_SIZE];
    snprintf(why, sizeof why,
             "the plug-in reads the parameter \"%.60s\" as a number, found \"%.60s\"", name,
             level->text);
    fail(e, why);
    return NAN;
}

static const char *text(ambs_evaluation *e, const char *name)
{
    evaluation *own = (evaluation *)e;
    int at = find(e, name);
    if (at < 0 || isnan(own->x[at])) return "";
    return ambs_space_format(own->session->space, (size_t)at, own->x[at], own->session->values[at]);
}

static int report(ambs_evaluation *e, long long step, const char *metric, double value)
{
    const evaluation *own = (evaluation *)e;
    const ambs_reporter *to = own->reporter;
    if (!to || !to->report) return AMBS_CONTINUE;
    return (int)to->report(to->ctx, step, metric ? metric : own->session->metric, value);
}

static void add_metric(ambs_evaluation *e, const char *name, double value)
{
    ambs_outcome *o = ((evaluation *)e)->outcome;
    char why[AMBS_MESSAGE_SIZE];
    size_t i = 0;
    while (i < o->n_metrics && strcmp(o->metrics[i].name, name) != 0) i++;
    if (name[0] != '\0' && strlen(name) < AMBS_METRIC_NAME_SIZE && i < AMBS_MAX_METRICS) {
        snprintf(o->metrics[i].name, sizeof o->metrics[i].name, "%s", name);
        o->metrics[i].value = value;
        if (i == o->n_metrics) o->n_metrics++;
        return;
    }
    snprintf(why, sizeof why,
             "metric \"%.80s\": expected a name of 1 to %d bytes and at most %d metrics", name,
             AMBS_METRIC_NAME_SIZE - 1, AMBS_MAX_METRICS);
    fail(e, why);
}

static const char *scratch(ambs_evaluation *e)
{
    evaluation *own = (evaluation *)e;
    ambs_error err = {0};
    if (own->scratch) return own->scratch;
    if (ambs_scratch_create(own->session->place.scratch, &own->scratch, &err) == AMBS_OK)
        return own->scratch;
    fail(e, err.text);
    return "";
}

/* The folders are made, or found, once. Ranks that compute together may all ask: the first makes them. */
static void find_checkpoints(evaluation *own)
{
    const char *root = own->session->place.checkpoints;
    ambs_error err = {0};
    if (own->checkpoint_asked || !root) return;
    own->checkpoint_asked = true;
    int rc = ambs_checkpoint_begin(root, own->seen.trial, own->seen.attempt, &own->checkpoint,
                                   &own->resume, &err);
    if (rc != AMBS_OK && own->reporter && own->reporter->log)
        own->reporter->log(own->reporter->ctx, err.text);
}

static const char *checkpoint(ambs_evaluation *e)
{
    evaluation *own = (evaluation *)e;
    find_checkpoints(own);
    return own->checkpoint;
}

static const char *resume(ambs_evaluation *e)
{
    evaluation *own = (evaluation *)e;
    find_checkpoints(own);
    return own->resume;
}

static void log_line(ambs_evaluation *e, const char *line)
{
    const ambs_reporter *to = ((evaluation *)e)->reporter;
    if (to && to->log) to->log(to->ctx, line);
}

static const ambs_plugin_calls calls = {.size = sizeof calls,
                                        .option_number = option_number,
                                        .option_text = option_text,
                                        .opening_fail = opening_fail,
                                        .is_active = is_active,
                                        .number = number,
                                        .text = text,
                                        .report = report,
                                        .metric = add_metric,
                                        .scratch = scratch,
                                        .log = log_line,
                                        .fail_with = fail,
                                        .checkpoint = checkpoint,
                                        .resume = resume};

/* --- life ------------------------------------------------------------------------------------ */

static int open_plugin(ambs_plugin_session *s, ambs_error *err)
{
    opening o = {.seen = {.size = sizeof o.seen,
                          .n_cores = s->place.n_cores,
                          .calls = &calls,
                          .folder = s->options->folder,
                          .metric = s->metric,
                          .rank = s->place.rank,
                          .n_ranks = s->place.n_ranks,
                          .comm = s->place.comm,
                          .comm_fortran = s->place.comm_fortran},
                 .session = s};
    int rc = s->plugin.open ? s->plugin.open(&o.seen, &s->state) : 0;
    if (rc == 0 && !o.why[0]) {
        s->opened = true;
        return AMBS_OK;
    }
    if (!o.why[0]) snprintf(o.why, sizeof o.why, "open() returned %d", rc);
    return ambs_fail(err, AMBS_E_INVALID, "the plug-in %s cannot be opened: %s", s->plugin.name,
                     o.why);
}

/* What the library says of itself, in the words that a look from outside gives. */
static int describe(ambs_plugin_session *s, ambs_error *err)
{
    ambs_text own = {0};
    ambs_plugin_describe(&s->plugin, &own);
    int rc = ambs_text_check(&own, err);
    if (rc == AMBS_OK) rc = ambs_plugin_description_parse(own.text, &s->description, err);
    ambs_text_fini(&own);
    return rc;
}

static int set_up(ambs_plugin_session *s, ambs_error *err)
{
    int rc = ambs_plugin_load(s->options->path, &s->plugin, err);
    if (rc == AMBS_OK) rc = describe(s, err);
    if (rc == AMBS_OK) rc = ambs_plugin_check(s->options, s->description, s->space, err);
    if (rc != AMBS_OK) return rc;
    if (s->plugin.comm_bytes > 0 && !s->place.comm)
        return ambs_fail(err, AMBS_E_INVALID,
                         "the plug-in %s computes on a communicator, and there is none here: run "
                         "the study by ambs run",
                         s->plugin.name);
    s->values = ambs_calloc(ambs_space_dimension(s->space), sizeof *s->values, err);
    return s->values ? open_plugin(s, err) : AMBS_E_NOMEM;
}

int ambs_plugin_session_create(const ambs_plugin_options *options, const ambs_space *space,
                               const char *metric, const ambs_plugin_place *place,
                               ambs_plugin_session **ret_session, ambs_error *err)
{
    ambs_plugin_session *s = ambs_calloc(1, sizeof *s, err);
    if (!s) return AMBS_E_NOMEM;
    s->options = options;
    s->space = space;
    s->metric = metric;
    s->place = *place;
    int rc = set_up(s, err);
    if (rc == AMBS_OK)
        *ret_session = s;
    else
        ambs_plugin_session_destroy(s);
    return rc;
}

void ambs_plugin_session_destroy(ambs_plugin_session *s)
{
    if (!s) return;
    if (s->opened && s->plugin.close) s->plugin.close(s->state);
    ambs_plugin_description_destroy(s->description);
    free(s->values);
    free(s);
}

int ambs_plugin_session_evaluate(ambs_plugin_session *s, const ambs_attempt *attempt,
                                 const ambs_reporter *reporter, ambs_outcome *ret, ambs_error *err)
{
    evaluation e = {.seen = {.size = sizeof e.seen,
                             .attempt = attempt->attempt,
                             .calls = &calls,
                             .trial = attempt->trial,
                             .seed = ambs_attempt_seed(attempt),
                             .fidelity = attempt->fidelity,
                             .rank = s->place.rank,
                             .n_ranks = s->place.n_ranks,
                             .comm = s->place.comm,
                             .comm_fortran = s->place.comm_fortran,
                             .n_cores = s->place.n_cores},
                    .session = s,
                    .x = attempt->x,
                    .reporter = reporter,
                    .outcome = ret};
    double objective = NAN;
    int rc = s->plugin.evaluate(s->state, &e.seen, &objective);
    if (e.scratch) ambs_scratch_remove(e.scratch);
    free(e.scratch);
    free(e.checkpoint);
    free(e.resume);
    if (rc == 0 && !e.failed) {
        ret->state = AMBS_TRIAL_COMPLETE;
        ret->objective = objective;
        return AMBS_OK;
    }
    if (!e.why[0]) snprintf(e.why, sizeof e.why, "the plug-in's evaluate() returned %d", rc);
    return ambs_fail(err, AMBS_E_INVALID, "%s", e.why);
}
