/* SPDX-License-Identifier: MIT */
/* Options are declared once, in a table beside the plug-in that has them. Parsing, range errors,
 * `ambs list`, the manual's tables and the provenance record come from that one table. */
#ifndef AMBS_BASE_OPTION_H
#define AMBS_BASE_OPTION_H

#include <stdbool.h>
#include <stddef.h>

#include "ambs/error.h"
#include "base/text.h"

typedef enum ambs_option_type {
    AMBS_OPTION_BOOL,     /* bool */
    AMBS_OPTION_INT,      /* long long */
    AMBS_OPTION_FLOAT,    /* double */
    AMBS_OPTION_DURATION, /* double, seconds; written with a unit */
    AMBS_OPTION_BYTES,    /* double; written with a unit */
    AMBS_OPTION_CHOICE,   /* int, the index into choices */
    AMBS_OPTION_STRING,   /* char *, owned by the options struct, NULL when unset */
    AMBS_OPTION_MEMBER /* ambs_chosen: a plug-in of another family, with that plug-in's own options
                        */
} ambs_option_type;

typedef struct ambs_option {
    const char *name; /* NULL ends a table */
    ambs_option_type type;
    size_t offset; /* of the field in the options struct */
    const char
        *initial; /* the default, as a user would write it; NULL: none (string NULL, float NaN) */
    double min, max; /* inclusive range for INT, FLOAT, DURATION, BYTES; min > max: unbounded */
    const char *const *choices; /* NULL-terminated: those of CHOICE; of MEMBER (may be NULL) words
                                   that choose no plug-in, "auto" */
    const char *help;           /* one sentence with the unit */
    const void *family; /* MEMBER: the registry to choose from, a NULL-terminated array of pointers
                           to ops structs, each of which begins with its ambs_member */
} ambs_option;

/* What every plug-in family's ops struct begins with. */
typedef struct ambs_member {
    const char *name;
    const char *summary;        /* one line */
    const ambs_option *options; /* NULL: none */
    size_t options_size;        /* of the options struct */
    bool for_tests;             /* reference and hostile members: usable by name, hidden in lists */
} ambs_member;

/* What a MEMBER option holds. The chosen plug-in's options are set through the table that chose it,
 * in any order, before or after the choice. With `{"initial.design", AMBS_OPTION_MEMBER, …}` these
 * set the option `scramble` of the design sobol: "initial.scramble" (beside the choice),
 * "initial.design.scramble" (below it) and "sobol.scramble"; and "initial.design.name" is the
 * choice itself. */
typedef struct ambs_chosen {
    const ambs_member *member; /* NULL: none */
    void *options;             /* the member's struct, NULL where it has no options */
    struct ambs_given *given;  /* what was set, so that a later choice gets it too */
    size_t n_given, capacity;
} ambs_chosen;

/* Sets every field of the zeroed struct `options` to its default. */
int ambs_options_init(const ambs_option *table, void *options, ambs_error *err);
/* Frees the strings. */
void ambs_options_fini(const ambs_option *table, void *options);
/* Parses `value` for `name` into the struct. AMBS_E_NOT_FOUND for an unknown name (the text lists
 * the nearest and all known names), AMBS_E_INVALID for a bad value (found, expected, range). */
int ambs_options_set(const ambs_option *table, void *options, const char *name, const char *value,
                     ambs_error *err);
/* True where ambs_options_set() knows the name (the value may still be wrong); ambs_option_find()
 * finds the table's own names only. */
bool ambs_options_know(const ambs_option *table, const char *name);
/* True where "name." begins names that ambs_options_set() knows: a mapping may stand there. */
bool ambs_options_know_group(const ambs_option *table, const char *name);
/* Once all is set: AMBS_E_INVALID where an option was given that the chosen plug-in does not have
 * ("kappa is an option of lcb, but acquisition is ei"). */
int ambs_options_check(const ambs_option *table, const void *options, ambs_error *err);
/* The current value as a user would write it; a chosen plug-in with its options, "lcb
 * {kappa: 1.96}". */
void ambs_options_print(const ambs_option *option, const void *options, ambs_text *out);
const ambs_option *ambs_option_find(const ambs_option *table, const char *name);

#endif
