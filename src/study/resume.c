/* SPDX-License-Identifier: MIT */
#include "study/resume.h"

#include <math.h>

#include "study/spec.h"
#include "study/store.h"

ambs_proposal ambs_study_recorded_ask(const ambs_ask_walk *walk)
{
    const ambs_table *t = walk->table;
    const ambs_trial_row *row = &t->rows[walk->trial];
    ambs_proposal p = {.trial = walk->trial,
                       .origin = row->origin,
                       .mean = row->mean,
                       .sd = row->sd,
                       .acquisition = row->acquisition,
                       .lie = row->lie,
                       .n_told = row->n_told,
                       .n_lies = row->n_lies,
                       .refitted = row->refitted,
                       .x = t->x + walk->trial * t->d};
    if (!walk->repeat) return p;
    p.repeat = walk->repeat->repeat;
    p.mean = p.sd = p.acquisition = p.lie = NAN;
    p.refitted = false;
    return p;
}

int ambs_study_feed_input(const ambs_table *t, size_t i, ambs_search *search, ambs_error *err)
{
    const ambs_input_row *input = &t->inputs[i];
    ambs_outcome outcome;
    uint64_t id = input->trial;
    int rc;
    ambs_table_evaluation(t, id, input->repeat, &outcome);
    if (input->type == AMBS_RECORD_CANCEL)
        rc = ambs_search_cancel(search, id, err);
    else if (input->type == AMBS_RECORD_OWN)
        rc = ambs_search_tell_own(search, t->x + id * t->d, &outcome, &id, err);
    else
        rc = ambs_search_tell(search, id, &outcome, err);
    if (rc != AMBS_OK)
        return ambs_wrap(err, rc, "restoring model input %zu, of trial %llu", i,
                         (unsigned long long)input->trial);
    if (id != input->trial)
        return ambs_fail(err, AMBS_E_MISMATCH,
                         "trial %llu, told by the caller, was restored as trial %llu",
                         (unsigned long long)input->trial, (unsigned long long)id);
    return AMBS_OK;
}

int ambs_study_restore(const ambs_table *t, size_t n_asks, ambs_search *search, ambs_error *err)
{
    size_t consumed = 0;
    int rc = AMBS_OK;
    ambs_ask_walk walk;
    ambs_asks_begin(&walk, t);
    for (size_t i = 0; i < n_asks && rc == AMBS_OK && ambs_asks_next(&walk); i++) {
        while (rc == AMBS_OK && consumed < walk.n_inputs)
            rc = ambs_study_feed_input(t, consumed++, search, err);
        ambs_proposal p = ambs_study_recorded_ask(&walk);
        if (rc == AMBS_OK && (rc = ambs_search_restore_ask(search, &p, err)) != AMBS_OK)
            ambs_wrap(err, rc, "restoring proposal %zu", i);
    }
    while (rc == AMBS_OK && n_asks == SIZE_MAX && consumed < t->n_inputs)
        rc = ambs_study_feed_input(t, consumed++, search, err);
    return rc;
}

static int check_spec(const ambs_table *t, ambs_spec *now, ambs_error *err)
{
    ambs_spec *recorded;
    int rc = ambs_study_recorded_spec(t, &recorded, err);
    if (rc != AMBS_OK) return rc;
    rc = ambs_spec_check_resume(recorded, now, err);
    if (rc == AMBS_OK) rc = ambs_spec_adopt_begin(now, recorded, err);
    ambs_spec_destroy(recorded);
    return rc;
}

int ambs_study_resume(const char *path, ambs_spec *now, ambs_table **ret_table,
                      ambs_search **ret_search, ambs_journal_findings *ret_findings,
                      ambs_error *err)
{
    ambs_table *table;
    ambs_search *search = NULL;
    ambs_journal_findings findings = {0};
    int rc = ambs_study_read_journal(path, &table, &findings, err);
    if (rc != AMBS_OK) return rc;
    if ((rc = check_spec(table, now, err)) != AMBS_OK)
        ambs_wrap(err, rc, "%s can not be resumed%s", path,
                  rc == AMBS_E_MISMATCH ? " with another study (change it back, or begin a new one "
                                          "by -o)"
                                        : "");
    if (rc == AMBS_OK) rc = ambs_search_create(now, &search, err);
    if (rc == AMBS_OK) rc = ambs_study_restore(table, SIZE_MAX, search, err);
    if (rc != AMBS_OK) {
        ambs_search_destroy(search);
        ambs_table_destroy(table);
        return rc;
    }
    *ret_table = table;
    *ret_search = search;
    if (ret_findings) *ret_findings = findings;
    return AMBS_OK;
}
