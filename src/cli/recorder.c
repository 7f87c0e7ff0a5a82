/* SPDX-License-Identifier: MIT */
#include "cli/recorder.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "study/life.h"
#include "study/store.h"
#include "study/wishes.h"

struct ambs_recorder {
    ambs_life life;
    char *path; /* NULL: in memory */
    ambs_wishes wishes;
    double *wish; /* [d] */
};

static void release(ambs_recorder *r)
{
    ambs_wishes_fini(&r->wishes);
    free(r->wish);
    free(r->path);
    free(r);
}

int ambs_recorder_open(const char *path, bool resume, ambs_spec *spec, ambs_recorder **ret_recorder,
                       ambs_search **ret_search, ambs_error *err)
{
    ambs_recorder *r = ambs_calloc(1, sizeof *r, err);
    if (r == NULL) return AMBS_E_NOMEM;
    int rc = path != NULL && (r->path = ambs_strdup(path, err)) == NULL ? AMBS_E_NOMEM : 0;
    r->wishes.space = spec->space;
    r->wish = ambs_calloc(ambs_space_dimension(spec->space), sizeof *r->wish, err);
    if (r->wish == NULL) rc = AMBS_E_NOMEM;
    if (rc == 0) rc = ambs_life_begin(path, resume, spec, 1, NULL, &r->life, err);
    if (rc == 0 && path != NULL) rc = ambs_study_snapshot(path, err);
    if (rc != 0) {
        if (r->life.table != NULL)
            ambs_life_end(&r->life, 1, "the study file could not be written", NULL);
        release(r);
        return rc;
    }
    *ret_search = r->life.search;
    *ret_recorder = r;
    return 0;
}

int ambs_recorder_close(ambs_recorder *r, ambs_error *err)
{
    if (r == NULL) return 0;
    int rc = ambs_life_end(&r->life, 0, "the caller ended the session", err);
    int rc_file = r->path != NULL ? ambs_study_snapshot(r->path, rc == 0 ? err : NULL) : 0;
    release(r);
    return rc != 0 ? rc : rc_file;
}

static int keep(ambs_recorder *r, ambs_record *record, bool durable, ambs_error *err)
{
    int rc = ambs_life_record(&r->life, record, err);
    if (rc == 0) rc = ambs_life_write(&r->life, durable, err);
    return rc == 0
               ? 0
               : ambs_wrap(err, rc,
                           "taken, but not saved yet (it is tried again with the next command)");
}

/* A file that the study has no use for, or that names no configuration, is put aside. */
static int take_wish(ambs_recorder *r, const ambs_wish_name *name, const char *text,
                     ambs_error *err)
{
    ambs_wish_verdict verdict;
    char why[512];
    int rc = ambs_wishes_judge(&r->wishes, r->life.table, name, text, &verdict, r->wish, why, err);
    if (rc != 0) return rc;
    if (verdict == AMBS_WISH_NEW) {
        rc = ambs_search_enqueue(r->life.search, r->wish, err);
        return rc == AMBS_E_INVALID ? 0 : rc; /* it is in the queue: this session's own */
    }
    return verdict == AMBS_WISH_BAD ? ambs_wish_refuse(r->path, name, why, err)
                                    : ambs_wish_remove(r->path, name, err);
}

int ambs_recorder_take_wishes(ambs_recorder *r, ambs_error *err)
{
    ambs_wish_name *names = NULL;
    size_t n = 0;
    char *text;
    int rc = r->path != NULL ? ambs_wish_list(r->path, &names, &n, err) : 0;
    for (size_t i = 0; rc == 0 && i < n; i++) {
        if (ambs_wishes_is_open(&r->wishes, &names[i])) continue;
        if (ambs_wish_text(r->path, &names[i], &text, NULL) != 0) continue;
        rc = take_wish(r, &names[i], text, err);
        free(text);
    }
    free(names);
    return rc;
}

int ambs_recorder_enqueued(ambs_recorder *r, const double *x, ambs_error *err)
{
    ambs_wish_name name;
    int rc = r->path != NULL ? ambs_wish_put(r->path, r->wishes.space, x, &name, err) : 0;
    return rc == 0 || rc == AMBS_E_NOMEM ? rc
                                         : ambs_wrap(err, rc, "taken, but not saved in the queue");
}

/* The files of wishes that became trials are removed once these are durable. */
static int close_wishes(ambs_recorder *r, ambs_error *err)
{
    ambs_wish_name name;
    int rc = 0;
    while (rc == 0 && ambs_wishes_next_granted(&r->wishes, r->life.table,
                                               ambs_journal_durable(r->life.journal), &name))
        rc = ambs_wish_remove(r->path, &name, err);
    return rc;
}

int ambs_recorder_proposal(ambs_recorder *r, const ambs_proposal *p, double latency_s,
                           ambs_error *err)
{
    if (p->repeat > 0) {
        ambs_record again = {.type = AMBS_RECORD_REPEAT,
                             .as.repeat = {.trial = p->trial,
                                           .repeat = p->repeat,
                                           .n_inputs = r->life.table->n_inputs,
                                           .wall_s = ambs_clock_wall_s(),
                                           .latency_s = latency_s}};
        return keep(r, &again, false, err);
    }
    ambs_record record = {.type = AMBS_RECORD_PROPOSAL,
                          .as.proposal = {.proposal = *p,
                                          .n_inputs = r->life.table->n_inputs,
                                          .wall_s = ambs_clock_wall_s(),
                                          .latency_s = latency_s}};
    bool wished = r->wishes.n > 0;
    int rc = keep(r, &record, wished, err);
    return rc == 0 && wished ? close_wishes(r, err) : rc;
}

long long ambs_recorder_repeat(const ambs_recorder *r, uint64_t trial)
{
    const ambs_table *t = r->life.table;
    bool out = trial < t->n && t->rows[trial].state == AMBS_TRIAL_WAITING;
    return out ? (long long)t->rows[trial].n_asked - 1 : -1;
}

int ambs_recorder_result(ambs_recorder *r, uint64_t trial, const ambs_outcome *outcome,
                         ambs_error *err)
{
    const ambs_table *t = r->life.table;
    const ambs_trial_row *row = &t->rows[trial];
    const ambs_repeat_row *repeat =
        row->last_repeat != SIZE_MAX ? &t->repeats[row->last_repeat] : NULL;
    double now = ambs_clock_wall_s(), began = repeat ? repeat->proposed_s : row->proposed_s;
    uint32_t attempt = row->n_attempts + 1;
    uint64_t known = repeat ? repeat->n_inputs : row->n_inputs;
    ambs_record start = {.type = AMBS_RECORD_START,
                         .as.start = {.trial = trial,
                                      .attempt = attempt,
                                      .wall_s = began,
                                      .staleness = (uint32_t)(t->n_inputs - known)}};
    ambs_record result = {
        .type = AMBS_RECORD_RESULT,
        .as.result = {
            .trial = trial, .attempt = attempt, .final = true, .wall_s = now, .outcome = *outcome}};
    result.as.result.outcome.start_s = began;
    if (isnan(outcome->duration_s)) result.as.result.outcome.duration_s = now - began;
    int rc = ambs_life_record(&r->life, &start, err);
    return rc != 0 ? rc : keep(r, &result, true, err);
}

int ambs_recorder_own(ambs_recorder *r, uint64_t trial, const double *x,
                      const ambs_outcome *outcome, ambs_error *err)
{
    ambs_record record = {
        .type = AMBS_RECORD_OWN,
        .as.own = {.trial = trial, .wall_s = ambs_clock_wall_s(), .x = x, .outcome = *outcome}};
    return keep(r, &record, true, err);
}

int ambs_recorder_cancel(ambs_recorder *r, uint64_t trial, ambs_error *err)
{
    ambs_record record = {.type = AMBS_RECORD_CANCEL,
                          .as.cancel = {.trial = trial, .wall_s = ambs_clock_wall_s()}};
    return keep(r, &record, false, err);
}

int ambs_recorder_report(ambs_recorder *r, uint64_t trial, long long step, const char *metric,
                         double value, ambs_decision decision, ambs_error *err)
{
    uint32_t attempt = r->life.table->rows[trial].n_attempts;
    ambs_record record = {.type = AMBS_RECORD_REPORT,
                          .as.report = {.trial = trial,
                                        .attempt = attempt + 1,
                                        .decision = decision,
                                        .step = step,
                                        .wall_s = ambs_clock_wall_s(),
                                        .value = value}};
    strncpy(record.as.report.metric, metric, AMBS_METRIC_NAME_SIZE - 1);
    return keep(r, &record, false, err);
}
