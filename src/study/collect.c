/* SPDX-License-Identifier: MIT */
#include "study/collect.h"

#include <stdio.h>
#include <string.h>

#include "study/store.h"

enum { WRITE_EVERY = 4096 };

int ambs_collection_begin(ambs_collection *c, const char *path, ambs_spec *spec, ambs_error *err)
{
    *c = (ambs_collection){.path = path};
    int rc = ambs_space_set_create(spec->space, &c->seen, err);
    if (rc == AMBS_OK) rc = ambs_life_begin(path, false, spec, 1, NULL, &c->life, err);
    if (rc != AMBS_OK) ambs_space_set_destroy(c->seen);
    return rc;
}

static bool is_wanted(const ambs_trial_row *row, bool complete)
{
    if (complete) return ambs_trial_has_result(row);
    return row->state == AMBS_TRIAL_FAILED || row->state == AMBS_TRIAL_PRUNED;
}

static int take(ambs_collection *c, const ambs_table *t, size_t i, const char *source,
                ambs_error *err)
{
    const ambs_trial_row *row = &t->rows[i];
    bool added;
    int rc = ambs_space_set_add(c->seen, t->x + i * t->d, i, &added, err);
    if (rc != AMBS_OK) return rc;
    if (!added) {
        c->n_repeated++;
        return AMBS_OK;
    }
    ambs_record record = {
        .type = AMBS_RECORD_OWN,
        .as.own = {.trial = c->life.table->n, .wall_s = row->received_s, .x = t->x + i * t->d}};
    ambs_outcome *o = &record.as.own.outcome;
    ambs_table_outcome(t, i, o);
    snprintf(o->message, sizeof o->message, "trial %zu of %.120s%s%.100s", i, source,
             row->message[0] ? ": " : "", row->message);
    rc = ambs_life_record(&c->life, &record, err);
    if (rc == AMBS_OK && ++c->n_taken % WRITE_EVERY == 0)
        rc = ambs_life_write(&c->life, false, err);
    return rc;
}

int ambs_collection_add(ambs_collection *c, const ambs_table *t, const char *source, bool complete,
                        ambs_error *err)
{
    int rc = AMBS_OK;
    const char *slash = strrchr(source, '/');
    for (size_t i = 0; i < t->n && rc == AMBS_OK; i++) {
        if (is_wanted(&t->rows[i], complete))
            rc = take(c, t, i, slash ? slash + 1 : source, err);
        else if (complete && !is_wanted(&t->rows[i], false))
            c->n_unfinished++;
    }
    return rc;
}

int ambs_collection_end(ambs_collection *c, bool failed, ambs_error *err)
{
    ambs_space_set_destroy(c->seen);
    int rc = ambs_life_end(&c->life, failed ? 1 : 0,
                           failed ? "it could not be completed" : "all results were taken over",
                           failed ? NULL : err);
    return failed || rc != AMBS_OK ? rc : ambs_study_snapshot(c->path, err);
}
