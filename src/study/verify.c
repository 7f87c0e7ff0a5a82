/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "study/compare_tables.h"
#include "study/store.h"

typedef struct verification {
    const char *path;
    ambs_table *file;  /* NULL: no file, or unreadable */
    ambs_spec *spec;   /* of the file, or of the journal */
    ambs_table *table; /* of the journal, as far as it was applied */
    bool is_there;     /* the file, whatever it is */
    bool compared;
    ambs_verify_findings found;
} verification;

static void say(verification *v, bool problem, const char *format, ...) AMBS_PRINTF(3, 4);
static void say(verification *v, bool problem, const char *format, ...)
{
    size_t used = strlen(v->found.text);
    va_list args;
    va_start(args, format);
    vsnprintf(v->found.text + used, sizeof v->found.text - used, format, args);
    va_end(args);
    used = strlen(v->found.text);
    if (used > 0 && v->found.text[used - 1] != '\n' && used + 1 < sizeof v->found.text)
        strcpy(v->found.text + used, "\n");
    v->found.n_problems += problem;
}

/* The table is where the file is: every row must be the same. */
static void compare_now(verification *v)
{
    ambs_text text = {0};
    uint64_t n = ambs_table_compare(v->table, v->file, &text);
    if (n > 0)
        say(v, true, "%s differs from the journal in %llu fields:\n%s", v->path,
            (unsigned long long)n, text.text ? text.text : "");
    ambs_text_fini(&text);
    v->compared = true;
}

static int apply(void *ctx, const ambs_record *record, ambs_error *err)
{
    verification *v = ctx;
    if (v->file && !v->compared && record->sequence > v->file->sequence) compare_now(v);
    v->found.n_records++;
    if (v->compared) v->found.n_behind++;
    return ambs_table_apply(v->table, record, err);
}

static int check_file(verification *v, ambs_error *err)
{
    ambs_error why = {0};
    int rc = ambs_store_read(v->path, &v->file, &v->spec, &why);
    if (rc == AMBS_E_NOMEM) return ambs_fail(err, rc, "%s", why.text);
    v->is_there = rc != AMBS_E_NOT_FOUND;
    if (!v->is_there)
        say(v, false, "%s is not there yet: `ambs recover` makes it from the journal", v->path);
    else if (rc != AMBS_OK)
        say(v, true, "%s", why.text);
    return AMBS_OK;
}

static int check_journal(verification *v, ambs_error *err)
{
    ambs_error why = {0};
    ambs_journal_findings findings = {0};
    int rc = ambs_journal_read(v->path, 0, false, apply, v, &findings, &why);
    if (rc == AMBS_E_NOMEM) return ambs_fail(err, rc, "%s", why.text);
    if (rc == AMBS_E_NOT_FOUND && !v->is_there)
        return ambs_fail(err, rc, "%s: there is no such study, neither the file nor its journal",
                         v->path);
    if (rc != AMBS_OK) {
        say(v, true, "%s", why.text);
        return AMBS_OK;
    }
    if (findings.text[0]) say(v, false, "%s", findings.text);
    if (v->file && !v->compared && v->file->sequence > v->table->sequence)
        say(v, true, "%s holds records up to %llu, the journal up to %llu", v->path,
            (unsigned long long)v->file->sequence, (unsigned long long)v->table->sequence);
    else if (v->file && !v->compared)
        compare_now(v);
    return AMBS_OK;
}

static int check_configurations(verification *v, ambs_error *err)
{
    const ambs_table *t = v->table->n_lives > 0 ? v->table : v->file;
    if (!t) return AMBS_OK;
    v->found.n_trials = t->n;
    ambs_error why = {0};
    if (!v->spec && ambs_spec_parse(t->spec_text, strlen(t->spec_text), t->spec_file, NULL, 0,
                                    &v->spec, &why) != AMBS_OK) {
        if (why.code == AMBS_E_NOMEM) return ambs_fail(err, why.code, "%s", why.text);
        say(v, true, "the study recorded in the journal: %s", why.text);
        return AMBS_OK;
    }
    if (ambs_space_dimension(v->spec->space) != t->d) {
        say(v, true, "the trials have %zu parameters, the recorded space %zu", t->d,
            ambs_space_dimension(v->spec->space));
        return AMBS_OK;
    }
    for (size_t i = 0; i < t->n; i++)
        if (!ambs_space_contains(v->spec->space, t->x + i * t->d, &why)) {
            say(v, true, "trial %zu is not in the space: %s", i, why.text);
            break; /* one says what is wrong; the others would only repeat it */
        }
    return AMBS_OK;
}

int ambs_study_verify(const char *path, ambs_verify_findings *ret_findings, ambs_error *err)
{
    verification v = {.path = path};
    int rc = ambs_table_create(&v.table, err);
    if (rc == AMBS_OK) rc = check_file(&v, err);
    if (rc == AMBS_OK) rc = check_journal(&v, err);
    if (rc == AMBS_OK) rc = check_configurations(&v, err);
    ambs_table_destroy(v.table);
    ambs_table_destroy(v.file);
    ambs_spec_destroy(v.spec);
    if (rc == AMBS_OK) *ret_findings = v.found;
    return rc;
}
