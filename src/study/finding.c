/* SPDX-License-Identifier: MIT */
#include "study/finding.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"

ambs_findings *ambs_findings_create(const char *file, ambs_error *err)
{
    ambs_findings *f = ambs_calloc(1, sizeof *f, err);
    if (f) f->file = file;
    return f;
}

static bool same_place(ambs_place a, ambs_place b)
{
    return a.file == b.file && a.line == b.line && a.column == b.column;
}

void ambs_finding_add(ambs_findings *f, ambs_place place, const char *format, ...)
{
    if (f->n == AMBS_FINDINGS_MAX) {
        f->dropped++;
        return;
    }
    char *text = f->found[f->n].text;
    va_list args;
    va_start(args, format);
    vsnprintf(text, AMBS_FINDING_SIZE, format, args);
    va_end(args);
    for (size_t i = 0; i < f->n; i++)
        if (same_place(f->found[i].place, place) && strcmp(f->found[i].text, text) == 0) return;
    f->found[f->n++].place = place;
}

void ambs_finding_add_error(ambs_findings *f, ambs_place place, const ambs_error *err)
{
    if (err->code == AMBS_E_NOMEM)
        f->no_memory = true;
    else
        ambs_finding_add(f, place, "%s", err->text);
}

/* The study file first, by line and column. `place` is the first member of a finding. */
static int by_place(const void *a, const void *b)
{
    const ambs_place *p = a, *q = b;
    if (!p->file != !q->file) return p->file ? 1 : -1;
    if (p->line != q->line) return p->line < q->line ? -1 : 1;
    if (p->column != q->column) return p->column < q->column ? -1 : 1;
    return 0;
}

static void add_finding(const ambs_findings *f, size_t i, ambs_text *out)
{
    ambs_place at = f->found[i].place;
    ambs_text_add(out, at.file ? at.file : f->file);
    if (at.line > 0) ambs_text_addf(out, ":%zu:%zu", at.line, at.column);
    ambs_text_add(out, ": ");
    ambs_text_add(out, f->found[i].text);
}

/* As many whole findings as the error's fixed text holds, and how many more there are. */
static void compose(const ambs_findings *f, ambs_text *out)
{
    const size_t room = sizeof((ambs_error *)0)->text - 64;
    for (size_t i = 0; i < f->n; i++) {
        size_t before = out->length;
        if (i > 0) ambs_text_add(out, "\n");
        add_finding(f, i, out);
        if (out->failed || (i > 0 && out->length > room)) {
            if (out->failed) return;
            out->length = before;
            out->text[before] = '\0';
            ambs_text_addf(out, "\n%s: and %zu more findings", f->file, f->n - i + f->dropped);
            return;
        }
    }
    if (f->dropped > 0) ambs_text_addf(out, "\n%s: and %zu more findings", f->file, f->dropped);
}

int ambs_findings_report(ambs_findings *f, ambs_error *err)
{
    if (f->no_memory)
        return ambs_fail(err, AMBS_E_NOMEM, "out of memory while reading %s", f->file);
    if (f->n == 0) return AMBS_OK;
    qsort(f->found, f->n, sizeof f->found[0], by_place);
    ambs_text text = {0};
    compose(f, &text);
    int rc = ambs_text_check(&text, err);
    if (rc == AMBS_OK) rc = ambs_fail(err, AMBS_E_INVALID, "%s", text.text);
    ambs_text_fini(&text);
    return rc;
}
