/* SPDX-License-Identifier: MIT */
/* The session behind `ambs serve`. Each command is checked whole, then given to the search, then
 * recorded: PROPOSAL for an ask; START and RESULT for a tell (so a trial that is out counts as
 * waiting and may be cancelled); CANCEL, OWN, REPORT. */
#include "cli/serve.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ambs/search.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "cli/recorder.h"
#include "search/goals.h"
#include "space/space.h"

struct ambs_serve {
    ambs_spec *spec;
    ambs_search *search;
    ambs_recorder *recorder;
    char *path;
    bool resume;
    double *x; /* [d] */
};

static void release(ambs_serve *s)
{
    ambs_spec_destroy(s->spec);
    free(s->path);
    free(s->x);
    free(s);
}

/* Everything that needs the spec. */
static int open_study(ambs_serve *s, ambs_error *err)
{
    s->x = ambs_calloc(ambs_space_dimension(s->spec->space), sizeof *s->x, err);
    if (s->x == NULL) return AMBS_E_NOMEM;
    return ambs_recorder_open(s->path, s->resume, s->spec, &s->recorder, &s->search, err);
}

int ambs_serve_create(ambs_spec *spec, const char *path, bool resume, ambs_serve **ret_serve,
                      ambs_error *err)
{
    ambs_serve *s = ambs_calloc(1, sizeof *s, err);
    if (s == NULL) {
        ambs_spec_destroy(spec);
        return AMBS_E_NOMEM;
    }
    s->spec = spec;
    s->resume = resume;
    int rc = 0;
    if (path != NULL && (s->path = ambs_strdup(path, err)) == NULL) rc = AMBS_E_NOMEM;
    if (rc == 0 && spec != NULL) rc = open_study(s, err);
    if (rc != 0)
        release(s);
    else
        *ret_serve = s;
    return rc;
}

int ambs_serve_destroy(ambs_serve *s, ambs_error *err)
{
    int rc = ambs_recorder_close(s->recorder, err);
    release(s);
    return rc;
}

/* --- reading commands ----------------------------------------------------------------------------
 */

typedef struct key_check {
    const char *const *known;
    const char *command;
    ambs_error *err;
} key_check;

static int check_key(void *ctx, const char *key, ambs_json_node value)
{
    const key_check *check = ctx;
    (void)value;
    for (size_t i = 0; check->known[i] != NULL; i++)
        if (strcmp(key, check->known[i]) == 0) return 0;
    const char *near = ambs_nearest_name(key, check->known);
    return ambs_fail(check->err, AMBS_E_INVALID, "%s: found the unknown key \"%s\"%s%s%s",
                     check->command, key, near != NULL ? "; did you mean \"" : "",
                     near != NULL ? near : "", near != NULL ? "\"?" : "");
}

static int check_keys(ambs_json_node object, const char *command, const char *const *known,
                      ambs_error *err)
{
    key_check check = {known, command, err};
    return ambs_json_each(object, check_key, &check);
}

static int read_id(ambs_json_node command, const char *name, uint64_t *ret_id, ambs_error *err)
{
    ambs_json_node id = ambs_json_get(command, "id");
    if (ambs_json_type_of(id) != AMBS_JSON_INT || ambs_json_whole(id) < 0) {
        return ambs_fail(err, AMBS_E_INVALID, "%s: expected \"id\", the whole number that ask gave",
                         name);
    }
    *ret_id = (uint64_t)ambs_json_whole(id);
    return 0;
}

typedef struct metric_reader {
    ambs_outcome *outcome;
    ambs_error *err;
} metric_reader;

static int read_metric(void *ctx, const char *key, ambs_json_node value)
{
    metric_reader *reader = ctx;
    ambs_outcome *o = reader->outcome;
    if (!isfinite(ambs_json_number(value))) {
        return ambs_fail(reader->err, AMBS_E_INVALID,
                         "tell: expected a number for the metric \"%s\"", key);
    }
    if (o->n_metrics == AMBS_MAX_METRICS || strlen(key) >= AMBS_METRIC_NAME_SIZE) {
        return ambs_fail(
            reader->err, AMBS_E_INVALID,
            "tell: at most %d metrics with names of at most %d bytes; found \"%s\" beyond that",
            AMBS_MAX_METRICS, AMBS_METRIC_NAME_SIZE - 1, key);
    }
    ambs_metric *m = &o->metrics[o->n_metrics++];
    strcpy(m->name, key);
    m->value = ambs_json_number(value);
    return 0;
}

static int read_status(ambs_json_node command, ambs_outcome *o, ambs_error *err)
{
    ambs_json_node status = ambs_json_get(command, "status");
    const char *text = status != NULL ? ambs_json_text(status) : "complete";
    if (text != NULL && strcmp(text, "complete") == 0)
        o->state = AMBS_TRIAL_COMPLETE;
    else if (text != NULL && strcmp(text, "failed") == 0)
        o->state = AMBS_TRIAL_FAILED;
    else if (text != NULL && strcmp(text, "pruned") == 0)
        o->state = AMBS_TRIAL_PRUNED;
    else {
        return ambs_fail(
            err, AMBS_E_INVALID,
            "tell: found the status %s%s%s, expected \"complete\", \"failed\" or \"pruned\"",
            text != NULL ? "\"" : "", text != NULL ? text : "that is no string",
            text != NULL ? "\"" : "");
    }
    return 0;
}

/* With several metrics all stand under "metrics": the first one becomes the objective. */
static int take_goals(const ambs_serve *s, ambs_json_node command, ambs_outcome *o, ambs_error *err)
{
    double values[AMBS_MAX_GOALS];
    size_t kept = 0;
    if (ambs_json_get(command, "objective") != NULL)
        return ambs_fail(err, AMBS_E_INVALID,
                         "tell: found \"objective\" in a study with several metrics; give all of "
                         "them under \"metrics\"");
    for (size_t i = 0; i < o->n_metrics; i++) {
        if (strcmp(o->metrics[i].name, s->spec->metric) == 0)
            o->objective = o->metrics[i].value;
        else
            o->metrics[kept++] = o->metrics[i];
    }
    o->n_metrics = kept;
    if (ambs_goals_values(s->spec, o->objective, o->n_metrics, o->metrics, values) ||
        o->state != AMBS_TRIAL_COMPLETE)
        return 0;
    size_t j = 0;
    while (!isnan(values[j])) j++;
    return ambs_fail(err, AMBS_E_INVALID,
                     "tell: expected a finite number for \"%s\" in \"metrics\", or \"status\": "
                     "\"failed\"",
                     s->spec->goals[j].name);
}

/* Without an objective only a failed trial makes sense; a failed one has none. */
static int read_objective(bool several, ambs_json_node command, ambs_outcome *o, ambs_error *err)
{
    ambs_json_node objective = ambs_json_get(command, "objective");
    o->objective = ambs_json_number(objective);
    if (o->state == AMBS_TRIAL_FAILED) {
        o->reason = AMBS_REASON_OBJECTIVE;
        if (objective == NULL) return 0;
        return ambs_fail(err, AMBS_E_INVALID,
                         "tell: a failed trial has no objective; leave one of the two out");
    }
    if (several || isfinite(o->objective)) return 0;
    return ambs_fail(err, AMBS_E_INVALID,
                     "tell: expected \"objective\", a finite number, or \"status\": \"failed\"");
}

static int read_outcome(const ambs_serve *s, ambs_json_node command, ambs_outcome *o,
                        ambs_error *err)
{
    bool several = s->spec->n_goals > 1;
    *o = (ambs_outcome){.start_s = NAN, .end_s = ambs_clock_wall_s(), .duration_s = NAN};
    int rc = read_status(command, o, err);
    if (rc == 0) rc = read_objective(several, command, o, err);
    if (rc != 0) return rc;
    ambs_json_node message = ambs_json_get(command, "message"),
                   duration = ambs_json_get(command, "duration_s");
    if (message != NULL && ambs_json_text(message) == NULL) {
        return ambs_fail(err, AMBS_E_INVALID, "tell: expected a string for \"message\"");
    }
    if (message != NULL) strncpy(o->message, ambs_json_text(message), sizeof o->message - 1);
    o->duration_s = ambs_json_number(duration);
    if (duration != NULL && !(o->duration_s >= 0)) {
        return ambs_fail(err, AMBS_E_INVALID,
                         "tell: expected seconds, 0 or more, for \"duration_s\"");
    }
    ambs_json_node metrics = ambs_json_get(command, "metrics");
    if (metrics != NULL && ambs_json_type_of(metrics) != AMBS_JSON_OBJECT) {
        return ambs_fail(err, AMBS_E_INVALID,
                         "tell: expected an object of names and numbers for \"metrics\"");
    }
    metric_reader reader = {o, err};
    rc = ambs_json_each(metrics, read_metric, &reader);
    return rc == 0 && several ? take_goals(s, command, o, err) : rc;
}

/* --- answers
 * --------------------------------------------------------------------------------------- */

static void answer_params(const ambs_serve *s, const double *x, ambs_json_writer *w)
{
    ambs_json_key(w, "params");
    ambs_space_write_json(s->spec->space, x, w);
}

static void answer_ok(uint64_t id, ambs_json_writer *w)
{
    ambs_json_key(w, "ok");
    ambs_json_bool(w, true);
    ambs_json_key(w, "id");
    ambs_json_int(w, (long long)id);
}

/* --- commands: each returns 0 and has written the members of its answer, or an error
 * ----------------- */

static int do_init(ambs_serve *s, ambs_json_node command, ambs_json_writer *w, ambs_error *err)
{
    if (s->spec != NULL) return ambs_fail(err, AMBS_E_INVALID, "init: the study is there already");
    int rc = check_keys(command, "init", (const char *const[]){"cmd", "study", NULL}, err);
    if (rc != 0) return rc;
    ambs_json_node study = ambs_json_get(command, "study");
    ambs_text text = {0};
    ambs_json_writer copy;
    ambs_json_begin(&copy, &text, 0);
    if (ambs_json_type_of(study) == AMBS_JSON_OBJECT)
        ambs_json_copy(study, &copy);
    else if (ambs_json_text(study) != NULL)
        ambs_text_add(&text, ambs_json_text(study));
    else
        rc = ambs_fail(err, AMBS_E_INVALID,
                       "init: expected \"study\", an object, or its YAML as a string");
    if (rc == 0) rc = ambs_text_check(&text, err);
    if (rc == 0) rc = ambs_spec_parse(text.text, text.length, "init", NULL, 0, &s->spec, err);
    ambs_text_fini(&text);
    if (rc == 0) rc = open_study(s, err);
    if (rc != 0) {
        ambs_spec_destroy(s->spec);
        free(s->x);
        s->spec = NULL;
        s->x = NULL;
        return rc;
    }
    ambs_json_key(w, "ok");
    ambs_json_bool(w, true);
    ambs_json_key(w, "parameters");
    ambs_json_int(w, (long long)ambs_space_dimension(s->spec->space));
    return 0;
}

static void answer_exhausted(const char *message, ambs_json_writer *w)
{
    ambs_json_key(w, "exhausted");
    ambs_json_bool(w, true);
    ambs_json_key(w, "message");
    ambs_json_string(w, message);
}

static bool repeats(const ambs_serve *s)
{
    return ambs_repeats_on(&s->spec->repeats);
}

/* The study's own budget; a trial that was cancelled does not count. */
static bool budget_is_used_up(const ambs_serve *s, char message[128])
{
    ambs_search_counts c;
    uint64_t budget = s->spec->budget.trials;
    ambs_search_counts_get(s->search, &c);
    if (budget == 0 || c.told + c.in_flight < budget) return false;
    snprintf(message, 128, "the budget of %llu %s is used up", (unsigned long long)budget,
             repeats(s) ? "evaluations" : "trials");
    return true;
}

/* ---- configurations that people add ---- */

static int do_enqueue(ambs_serve *s, ambs_json_node command, ambs_json_writer *w, ambs_error *err)
{
    int rc = check_keys(command, "enqueue", (const char *const[]){"cmd", "params", NULL}, err);
    if (rc == 0)
        rc = ambs_space_complete_json(s->spec->space, ambs_json_get(command, "params"), s->x, err);
    if (rc == 0) rc = ambs_search_enqueue(s->search, s->x, err);
    if (rc == 0) rc = ambs_recorder_enqueued(s->recorder, s->x, err);
    if (rc != 0) return rc;
    ambs_search_counts c;
    ambs_search_counts_get(s->search, &c);
    ambs_json_key(w, "ok");
    ambs_json_bool(w, true);
    ambs_json_key(w, "queued");
    ambs_json_int(w, (long long)c.queued);
    return 0;
}

static int do_ask(ambs_serve *s, ambs_json_node command, ambs_json_writer *w, ambs_error *err)
{
    int rc = check_keys(command, "ask", (const char *const[]){"cmd", NULL}, err);
    if (rc != 0) return rc;
    char message[128];
    if (budget_is_used_up(s, message)) {
        answer_exhausted(message, w);
        return 0;
    }
    ambs_proposal p = {.x = s->x};
    rc = ambs_recorder_take_wishes(s->recorder, err);
    if (rc != 0) return rc;
    double started = ambs_clock_monotonic_s();
    rc = ambs_search_ask(s->search, &p, err);
    if (rc == AMBS_E_AGAIN) { /* nothing went wrong: a result has to come first */
        ambs_json_key(w, "wait"), ambs_json_bool(w, true);
        ambs_json_key(w, "message"), ambs_json_string(w, err->text);
        return 0;
    }
    if (rc == AMBS_E_EXHAUSTED) {
        answer_exhausted(err->text, w);
        return 0;
    }
    if (rc == 0)
        rc = ambs_recorder_proposal(s->recorder, &p, ambs_clock_monotonic_s() - started, err);
    if (rc != 0) return rc;
    ambs_json_key(w, "id");
    ambs_json_int(w, (long long)p.trial);
    if (repeats(s)) ambs_json_key(w, "repeat"), ambs_json_int(w, p.repeat);
    answer_params(s, p.x, w);
    return 0;
}

/* Which evaluation is told, where the caller says so: a result that comes too late must not pass for
 * that of the next one. */
static int check_repeat(const ambs_serve *s, ambs_json_node command, uint64_t id, ambs_error *err)
{
    ambs_json_node repeat = ambs_json_get(command, "repeat");
    long long out = ambs_recorder_repeat(s->recorder, id), told = ambs_json_whole(repeat);
    if (repeat == NULL || out < 0) return 0; /* the search says so of a trial that is not there */
    if (ambs_json_type_of(repeat) == AMBS_JSON_INT && told == out) return 0;
    return ambs_fail(err, AMBS_E_INVALID,
                     "tell: expected \"repeat\": %lld, the evaluation of trial %llu that is out",
                     out, (unsigned long long)id);
}

static int tell_asked(ambs_serve *s, ambs_json_node command, const ambs_outcome *o,
                      uint64_t *ret_id, ambs_error *err)
{
    int rc = read_id(command, "tell", ret_id, err);
    if (rc == 0) rc = check_repeat(s, command, *ret_id, err);
    if (rc == 0) rc = ambs_search_tell(s->search, *ret_id, o, err);
    return rc != 0 ? rc : ambs_recorder_result(s->recorder, *ret_id, o, err);
}

static int tell_own(ambs_serve *s, ambs_json_node command, const ambs_outcome *o, uint64_t *ret_id,
                    ambs_error *err)
{
    if (ambs_json_get(command, "id") != NULL) {
        return ambs_fail(err, AMBS_E_INVALID,
                         "tell: found both \"id\" and \"params\"; give the id that ask gave, or "
                         "the params of your own");
    }
    if (ambs_json_get(command, "repeat") != NULL)
        return ambs_fail(err, AMBS_E_INVALID,
                         "tell: found both \"repeat\" and \"params\"; a configuration of your own "
                         "is told once, and evaluated again under its id");
    int rc = ambs_space_read_json(s->spec->space, ambs_json_get(command, "params"), s->x, err);
    if (rc == 0) rc = ambs_search_tell_own(s->search, s->x, o, ret_id, err);
    return rc != 0 ? rc : ambs_recorder_own(s->recorder, *ret_id, s->x, o, err);
}

static int do_tell(ambs_serve *s, ambs_json_node command, ambs_json_writer *w, ambs_error *err)
{
    static const char *const keys[] = {"cmd",    "id",      "repeat",  "params",     "objective",
                                       "status", "metrics", "message", "duration_s", NULL};
    ambs_outcome o;
    uint64_t id = 0;
    int rc = check_keys(command, "tell", keys, err);
    if (rc == 0) rc = read_outcome(s, command, &o, err);
    if (rc != 0) return rc;
    bool own = ambs_json_get(command, "params") != NULL;
    rc = own ? tell_own(s, command, &o, &id, err) : tell_asked(s, command, &o, &id, err);
    if (rc == 0) answer_ok(id, w);
    return rc;
}

static int do_report(ambs_serve *s, ambs_json_node command, ambs_json_writer *w, ambs_error *err)
{
    static const char *const keys[] = {"cmd", "id", "step", "value", "metric", NULL};
    static const char *const names[] = {"continue", "stop", "pause"};
    uint64_t id = 0;
    ambs_decision decision;
    int rc = check_keys(command, "report", keys, err);
    if (rc == 0) rc = read_id(command, "report", &id, err);
    if (rc != 0) return rc;
    ambs_json_node step = ambs_json_get(command, "step"), metric = ambs_json_get(command, "metric");
    double value = ambs_json_number(ambs_json_get(command, "value"));
    const char *name = metric != NULL ? ambs_json_text(metric) : s->spec->metric;
    if (ambs_json_type_of(step) != AMBS_JSON_INT || !isfinite(value) || name == NULL ||
        strlen(name) >= AMBS_METRIC_NAME_SIZE) {
        return ambs_fail(
            err, AMBS_E_INVALID,
            "report: expected \"step\", a whole number, \"value\", a finite number, and where the "
            "metric is another than the objective, \"metric\", its name of at most %d bytes",
            AMBS_METRIC_NAME_SIZE - 1);
    }
    rc = ambs_search_report(s->search, id, ambs_json_whole(step), value, &decision, err);
    if (rc == 0)
        rc = ambs_recorder_report(s->recorder, id, ambs_json_whole(step), name, value, decision,
                                  err);
    if (rc != 0) return rc;
    ambs_json_key(w, "decision");
    ambs_json_string(w, names[decision]);
    return 0;
}

static int do_cancel(ambs_serve *s, ambs_json_node command, ambs_json_writer *w, ambs_error *err)
{
    uint64_t id = 0;
    int rc = check_keys(command, "cancel", (const char *const[]){"cmd", "id", NULL}, err);
    if (rc == 0) rc = read_id(command, "cancel", &id, err);
    if (rc == 0) rc = ambs_search_cancel(s->search, id, err);
    if (rc == 0) rc = ambs_recorder_cancel(s->recorder, id, err);
    if (rc == 0) answer_ok(id, w);
    return rc;
}

/* What the model expects: of use where the metric is noisy. Nothing without a model. */
static int answer_best_by_model(ambs_serve *s, ambs_json_writer *w, ambs_error *err)
{
    uint64_t id;
    double mean, sd;
    int rc = ambs_search_best_by_model(s->search, &id, &mean, &sd, s->x, err);
    if (rc == AMBS_E_NOT_FOUND) return 0;
    if (rc != 0) return rc;
    ambs_json_key(w, "by_model");
    ambs_json_object(w);
    ambs_json_key(w, "id");
    ambs_json_int(w, (long long)id);
    ambs_json_key(w, "mean");
    ambs_json_double(w, mean);
    ambs_json_key(w, "sd");
    ambs_json_double(w, sd);
    answer_params(s, s->x, w);
    ambs_json_end_object(w);
    return 0;
}

static void answer_metrics(const ambs_serve *s, const char *key, const double *values,
                           ambs_json_writer *w)
{
    ambs_goal goal;
    ambs_json_key(w, key);
    ambs_json_object(w);
    for (size_t j = 0; j < ambs_spec_n_metrics(s->spec); j++) {
        ambs_json_key(w, ambs_spec_metric_at(s->spec, j, &goal));
        ambs_json_double(w, values[j]);
    }
    ambs_json_end_object(w);
}

/* {"front": [{"id": 3, "metrics": {…}, "params": {…}}, …]}, best of the first metric first. */
static int answer_front(ambs_serve *s, ambs_json_writer *w, ambs_error *err)
{
    uint64_t *trials = NULL;
    size_t n = 0;
    double values[AMBS_MAX_GOALS];
    int rc = ambs_search_front(s->search, &trials, &n, err);
    if (rc != 0) return rc;
    ambs_json_key(w, "front");
    ambs_json_array(w);
    for (size_t k = 0; rc == 0 && k < n; k++) {
        rc = ambs_search_trial(s->search, trials[k], values, s->x, err);
        ambs_json_object(w);
        ambs_json_key(w, "id");
        ambs_json_int(w, (long long)trials[k]);
        answer_metrics(s, "metrics", values, w);
        answer_params(s, s->x, w);
        ambs_json_end_object(w);
    }
    ambs_json_end_array(w);
    free(trials);
    return rc;
}

/* "evaluations": 4, "interval": [0.1, 0.3] (null before anything was repeated) */
static int answer_evaluations(ambs_serve *s, uint64_t id, ambs_json_writer *w, ambs_error *err)
{
    uint64_t n;
    double mean, reach;
    int rc = ambs_search_evaluations(s->search, id, &n, &mean, &reach, err);
    if (rc != 0) return rc;
    ambs_json_key(w, "evaluations"), ambs_json_int(w, (long long)n);
    ambs_json_key(w, "interval");
    if (isnan(reach)) {
        ambs_json_null(w);
        return 0;
    }
    ambs_json_array(w);
    ambs_json_double(w, mean - reach);
    ambs_json_double(w, mean + reach);
    ambs_json_end_array(w);
    return 0;
}

static int do_best(ambs_serve *s, ambs_json_node command, ambs_json_writer *w, ambs_error *err)
{
    uint64_t id = 0;
    double objective;
    int rc = check_keys(command, "best", (const char *const[]){"cmd", NULL}, err);
    if (rc != 0 || s->spec->n_goals > 1) return rc != 0 ? rc : answer_front(s, w, err);
    rc = ambs_search_best(s->search, &id, &objective, s->x, err);
    if (rc != 0 && rc != AMBS_E_NOT_FOUND) return rc;
    ambs_json_key(w, "id");
    if (rc == 0)
        ambs_json_int(w, (long long)id);
    else
        ambs_json_null(w);
    ambs_json_key(w, "objective");
    ambs_json_double(w, rc == 0 ? objective : NAN);
    if (rc == 0 && repeats(s) && (rc = answer_evaluations(s, id, w, err)) != 0) return rc;
    if (rc == 0) {
        answer_params(s, s->x, w);
    } else {
        ambs_json_key(w, "params");
        ambs_json_null(w);
    }
    return answer_best_by_model(s, w, err);
}

static int do_status(ambs_serve *s, ambs_json_node command, ambs_json_writer *w, ambs_error *err)
{
    int rc = check_keys(command, "status", (const char *const[]){"cmd", NULL}, err);
    if (rc != 0) return rc;
    ambs_search_counts c;
    ambs_search_counts_get(s->search, &c);
    const struct {
        const char *key;
        uint64_t value;
    } rows[] = {{"asked", c.asked},         {"told", c.told},     {"complete", c.complete},
                {"failed", c.failed},       {"pruned", c.pruned}, {"cancelled", c.cancelled},
                {"in_flight", c.in_flight}, {"queued", c.queued}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ambs_json_key(w, rows[i].key);
        ambs_json_int(w, (long long)rows[i].value);
    }
    return 0;
}

static int do_quit(ambs_serve *s, ambs_json_node command, ambs_json_writer *w, ambs_error *err)
{
    (void)s;
    int rc = check_keys(command, "quit", (const char *const[]){"cmd", NULL}, err);
    if (rc != 0) return rc;
    ambs_json_key(w, "ok");
    ambs_json_bool(w, true);
    return 0;
}

typedef int serve_command(ambs_serve *s, ambs_json_node command, ambs_json_writer *w,
                          ambs_error *err);
static const char *const command_names[] = {"ask",    "tell", "report", "cancel",  "best",
                                            "status", "quit", "init",   "enqueue", NULL};
static serve_command *const commands[] = {do_ask,    do_tell, do_report, do_cancel, do_best,
                                          do_status, do_quit, do_init,   do_enqueue};

static int dispatch(ambs_serve *s, ambs_json_node root, ambs_json_writer *w,
                    serve_command **ret_command, ambs_error *err)
{
    const char *name = ambs_json_text(ambs_json_get(root, "cmd"));
    if (name == NULL) {
        return ambs_fail(err, AMBS_E_INVALID,
                         "expected an object with \"cmd\": ask, tell, report, cancel, enqueue, "
                         "best, status, init or quit");
    }
    for (size_t i = 0; command_names[i] != NULL; i++) {
        if (strcmp(name, command_names[i]) != 0) continue;
        if (s->spec == NULL && commands[i] != do_init && commands[i] != do_quit) {
            return ambs_fail(err, AMBS_E_INVALID,
                             "%s: there is no study yet; the first command is init", name);
        }
        *ret_command = commands[i];
        return commands[i](s, root, w, err);
    }
    const char *near = ambs_nearest_name(name, command_names);
    return ambs_fail(err, AMBS_E_INVALID,
                     "found the unknown command \"%s\", expected ask, tell, report, cancel, "
                     "enqueue, best, status, init or quit%s%s%s",
                     name, near != NULL ? "; did you mean \"" : "", near != NULL ? near : "",
                     near != NULL ? "\"?" : "");
}

bool ambs_serve_line(ambs_serve *s, const char *line, size_t length, ambs_text *out)
{
    ambs_error err = {0};
    ambs_json *document = NULL;
    ambs_json_writer w;
    serve_command *command = NULL;
    size_t start = out->length;
    ambs_json_begin(&w, out, 0);
    ambs_json_object(&w);
    int rc = ambs_json_parse(line, length, &document, &err);
    if (rc == 0) rc = dispatch(s, ambs_json_root(document), &w, &command, &err);
    ambs_json_destroy(document);
    if (rc != 0) {
        out->length = start; /* what a command wrote before it failed is no answer */
        ambs_json_begin(&w, out, 0);
        ambs_json_object(&w);
        ambs_json_key(&w, "error");
        ambs_json_string(&w, err.text);
    }
    ambs_json_end_object(&w);
    ambs_text_add(out, "\n");
    return !(command == do_quit && rc == 0);
}
