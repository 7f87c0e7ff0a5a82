/* SPDX-License-Identifier: MIT */
/* What is wrong with a file, collected so that all of it is said in one go. */
#ifndef AMBS_STUDY_FINDING_H
#define AMBS_STUDY_FINDING_H

#include <stdbool.h>
#include <stddef.h>

#include "ambs/error.h"

enum { AMBS_FINDINGS_MAX = 50, AMBS_FINDING_SIZE = 640 };

/* A place in a file, counted from 1. Line 0: the file as a whole, or a setting of the command line.
 */
typedef struct ambs_place {
    const char
        *file; /* borrowed; NULL: the study file; else another one, or "--set budget.trials" */
    size_t line, column;
} ambs_place;

typedef struct ambs_findings {
    const char *file; /* borrowed */
    size_t n;         /* kept, at most AMBS_FINDINGS_MAX */
    size_t dropped;   /* found beyond that */
    bool no_memory;
    struct {
        ambs_place place;
        char text[AMBS_FINDING_SIZE];
    } found[AMBS_FINDINGS_MAX];
} ambs_findings;

/* Zeroed, on the heap: it is large. Free with free(). */
ambs_findings *ambs_findings_create(const char *file, ambs_error *err);

/* Adds "found …, expected …; …" about `place`. The same text about the same place is kept once. */
void ambs_finding_add(ambs_findings *findings, ambs_place place, const char *format, ...)
    AMBS_PRINTF(3, 4);

/* A lower floor refused with `code` and `err`: out of memory is remembered as such, all else is a
 * finding. */
void ambs_finding_add_error(ambs_findings *findings, ambs_place place, const ambs_error *err);

/* 0 when nothing was found. Else AMBS_E_INVALID (AMBS_E_NOMEM when memory ran out) with one line
 * per finding, "FILE:LINE:COLUMN: text", in the order of the file, other files and settings last;
 * what does not fit is counted in a last line. */
int ambs_findings_report(ambs_findings *findings, ambs_error *err);

#endif
