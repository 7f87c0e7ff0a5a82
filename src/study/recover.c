/* SPDX-License-Identifier: MIT */
/* Recovery. A whole journal gives the file anew. From a damaged one every good record is read and
 * made to fit, as far as it can be: where records are missing, the trials they would have made
 * stand empty, so that the later ones keep their places. A damaged HDF5 file is read column by
 * column, first in a process of its own, since HDF5 itself may crash on it. What both still hold
 * goes into a new study. */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "study/collect.h"
#include "study/resume.h"
#include "study/store.h"
#include "study/store_read.h"

typedef struct recovery {
    const char *path;
    ambs_table *journal, *file;
    ambs_spec *spec;
    ambs_recover_findings found;
} recovery;

static void say(recovery *r, const char *format, ...) AMBS_PRINTF(2, 3);
static void say(recovery *r, const char *format, ...)
{
    size_t used = strlen(r->found.text);
    va_list args;
    va_start(args, format);
    vsnprintf(r->found.text + used, sizeof r->found.text - used, format, args);
    va_end(args);
    used = strlen(r->found.text);
    if (used > 0 && r->found.text[used - 1] != '\n' && used + 1 < sizeof r->found.text)
        strcpy(r->found.text + used, "\n");
}

/* ---- a damaged journal ---- */

/* Stands for a proposal that was lost. */
static int pad(ambs_table *t, uint64_t upto, ambs_error *err)
{
    double *nowhere = ambs_calloc(t->d, sizeof *nowhere, err);
    if (!nowhere) return AMBS_E_NOMEM;
    for (size_t i = 0; i < t->d; i++) nowhere[i] = NAN;
    int rc = AMBS_OK;
    while (rc == AMBS_OK && t->n < upto) {
        ambs_record lost = {.type = AMBS_RECORD_PROPOSAL,
                            .sequence = t->sequence + 1,
                            .as.proposal = {.proposal = {.trial = t->n,
                                                         .mean = NAN,
                                                         .sd = NAN,
                                                         .acquisition = NAN,
                                                         .lie = NAN,
                                                         .x = nowhere},
                                            .n_inputs = t->n_inputs,
                                            .wall_s = NAN,
                                            .latency_s = NAN}};
        rc = ambs_table_apply(t, &lost, err);
    }
    free(nowhere);
    return rc;
}

/* Changes a record so that it fits a table which missed some before it. */
static int fit(ambs_table *t, ambs_record *r, ambs_error *err)
{
    enum { MOST_LOST = 1000000 }; /* a wild id must not exhaust the memory */
    uint64_t id = r->type == AMBS_RECORD_OWN        ? r->as.own.trial
                  : r->type == AMBS_RECORD_PROPOSAL ? r->as.proposal.proposal.trial
                                                    : 0;
    if (id > t->n && id - t->n < MOST_LOST) {
        int rc = pad(t, id, err);
        if (rc != AMBS_OK) return rc;
    }
    if (r->type == AMBS_RECORD_PROPOSAL) r->as.proposal.n_inputs = t->n_inputs;
    if (r->type == AMBS_RECORD_START && r->as.start.trial < t->n)
        r->as.start.attempt = t->rows[r->as.start.trial].n_attempts + 1;
    if (r->type == AMBS_RECORD_RESULT && r->as.result.trial < t->n) {
        uint32_t started = t->rows[r->as.result.trial].n_attempts;
        if (r->as.result.attempt > started) r->as.result.attempt = started;
    }
    if (r->sequence <= t->sequence)
        t->sequence = r->sequence - 1; /* stand-ins have used up numbers */
    return AMBS_OK;
}

static int apply(void *ctx, const ambs_record *record, ambs_error *err)
{
    recovery *r = ctx;
    ambs_error why;
    ambs_record fitted = *record;
    int rc = r->journal->n_lives > 0 ? fit(r->journal, &fitted, err) : AMBS_OK;
    if (rc != AMBS_OK) return rc;
    rc = ambs_table_apply(r->journal, &fitted, &why);
    if (rc == AMBS_E_NOMEM) return ambs_fail(err, rc, "%s", why.text);
    if (rc != AMBS_OK) r->found.n_dropped++;
    return AMBS_OK;
}

static int salvage_journal(recovery *r, ambs_error *err)
{
    ambs_error why = {0};
    ambs_journal_findings findings = {0};
    int rc = ambs_table_create(&r->journal, err);
    if (rc != AMBS_OK) return rc;
    rc = ambs_journal_read(r->path, 0, true, apply, r, &findings, &why);
    if (rc == AMBS_E_NOMEM) return ambs_fail(err, rc, "%s", why.text);
    if (rc != AMBS_OK)
        say(r, "the journal: %s", why.text);
    else if (findings.text[0])
        say(r, "the journal: %s", findings.text);
    if (r->found.n_dropped > 0)
        say(r, "the journal: %llu good record%s could not be used, since what %s to is lost",
            (unsigned long long)r->found.n_dropped, r->found.n_dropped == 1 ? "" : "s",
            r->found.n_dropped == 1 ? "it refers" : "they refer");
    if (r->journal->n_lives > 0 && ambs_study_recorded_spec(r->journal, &r->spec, &why) == AMBS_OK)
        return AMBS_OK;
    ambs_table_destroy(r->journal);
    r->journal = NULL;
    return AMBS_OK;
}

/* ---- a damaged file ---- */

static bool survives_reading(const char *path)
{
    pid_t child = fork();
    if (child < 0) return false;
    if (child == 0) {
        ambs_text lost = {0};
        ambs_table *table;
        ambs_spec *spec;
        _exit(ambs_store_read_what_is_left(path, &lost, &table, &spec, NULL) == AMBS_OK ? 0 : 1);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return !WIFSIGNALED(status);
}

static void salvage_file(recovery *r)
{
    ambs_error why = {0};
    ambs_text lost = {0};
    ambs_spec *spec = NULL;
    if (access(r->path, F_OK) != 0) return;
    if (!survives_reading(r->path)) {
        say(r, "%s: HDF5 crashes on it, so nothing is read from it", r->path);
        return;
    }
    if (ambs_store_read_what_is_left(r->path, &lost, &r->file, &spec, &why) != AMBS_OK)
        say(r, "%s", why.text);
    if (lost.length > 0) say(r, "lost in %s: %s", r->path, lost.text);
    if (r->spec)
        ambs_spec_destroy(spec);
    else
        r->spec = spec;
    ambs_text_fini(&lost);
}

/* ---- the new study ---- */

/* A result whose configuration is incomplete, or whose objective was lost, is none. */
static void drop_incomplete(recovery *r, ambs_table *t)
{
    uint64_t n = 0;
    for (size_t i = 0; i < t->n; i++) {
        ambs_trial_row *row = &t->rows[i];
        bool ended = row->state == AMBS_TRIAL_COMPLETE || row->state == AMBS_TRIAL_FAILED ||
                     row->state == AMBS_TRIAL_PRUNED;
        if (!ended || (ambs_space_contains(r->spec->space, t->x + i * t->d, NULL) &&
                       (row->state != AMBS_TRIAL_COMPLETE || isfinite(row->objective))))
            continue;
        row->state = AMBS_TRIAL_CANCELLED;
        n++;
    }
    if (n > 0)
        say(r, "%llu result%s lost with %s", (unsigned long long)n, n == 1 ? " is" : "s are",
            n == 1 ? "its configuration" : "their configurations");
}

static int write_new(recovery *r, const char *output, ambs_error *err)
{
    ambs_collection c;
    int rc = ambs_collection_begin(&c, output, r->spec, err);
    if (rc != AMBS_OK) return rc;
    ambs_table *const tables[] = {r->journal, r->file};
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < 2; i++)
            if (tables[i] && tables[i]->d == ambs_space_dimension(r->spec->space) &&
                rc == AMBS_OK) {
                if (pass == 0) drop_incomplete(r, tables[i]);
                rc = ambs_collection_add(&c, tables[i], r->path, pass == 0, err);
            }
    int rc_end = ambs_collection_end(&c, rc != AMBS_OK, err);
    r->found.n_trials = r->found.n_results = c.n_taken;
    r->found.path = output;
    return rc == AMBS_OK ? rc_end : rc;
}

static int salvage(recovery *r, const char *output, ambs_error *err)
{
    int rc = salvage_journal(r, err);
    if (rc != AMBS_OK) return rc;
    salvage_file(r);
    if (!r->spec)
        return ambs_fail(err, AMBS_E_NOT_FOUND,
                         "%s: neither the journal nor the file says which study it was: %s",
                         r->path, r->found.text);
    return write_new(r, output, err);
}

/* The journal is whole: the file is made anew, and a new study is not needed. */
static int rebuild(recovery *r, const ambs_table *table, const char *output, ambs_error *err)
{
    r->found.n_trials = table->n;
    r->found.n_results = table->n_results;
    r->found.path = r->path;
    int rc = ambs_study_snapshot(r->path, err);
    if (rc == AMBS_OK)
        say(r, "%s was made anew from its journal, which is whole: nothing is lost", r->path);
    if (rc == AMBS_OK && output && strcmp(output, r->path) != 0)
        say(r, "%s was not written: it is not needed", output);
    return rc;
}

int ambs_study_recover(const char *path, const char *output, ambs_recover_findings *ret_findings,
                       ambs_error *err)
{
    recovery r = {.path = path};
    ambs_table *table = NULL;
    ambs_error why = {0};
    int rc = ambs_study_read_journal(path, &table, NULL, &why);
    if (rc == AMBS_OK)
        rc = rebuild(&r, table, output, err);
    else if (rc == AMBS_E_NOMEM)
        rc = ambs_fail(err, rc, "%s", why.text);
    else if (rc == AMBS_E_NOT_FOUND && access(path, F_OK) != 0)
        rc = ambs_fail(err, rc, "%s: there is no such study, neither the file nor its journal",
                       path);
    else if (!output)
        rc = ambs_fail(err, AMBS_E_INVALID,
                       "%s; name a new study by -o, into which what is left is written", why.text);
    else
        rc = salvage(&r, output, err);
    ambs_table_destroy(table);
    ambs_table_destroy(r.journal);
    ambs_table_destroy(r.file);
    ambs_spec_destroy(r.spec);
    if (rc == AMBS_OK) *ret_findings = r.found;
    return rc;
}
