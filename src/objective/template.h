/* SPDX-License-Identifier: MIT */
/* A text with names in it, filled in for one configuration: the input file of a program that reads
 * no arguments. Dakota's dprepro does the same. */
#ifndef AMBS_OBJECTIVE_TEMPLATE_H
#define AMBS_OBJECTIVE_TEMPLATE_H

#include "base/text.h"
#include "space/space.h"

typedef struct ambs_template {
    const char *file;         /* what messages call it */
    const char *open, *close; /* what a name stands between; not empty */
} ambs_template;

/* Appends `text` with the value in the place of each name, as {learning_rate}. Blanks around a name
 * are allowed; a line that names an inactive parameter is left out; \{ is a plain {. `x` [d], or
 * NULL: all parameters are taken for active and their names put in, to check a text before there is
 * a configuration. AMBS_E_INVALID with the line for a name that the space does not have (the
 * nearest one is told) and for an open brace without its end. */
int ambs_template_fill(const ambs_template *t, const char *text, const ambs_space *space,
                       const double *x, ambs_text *out, ambs_error *err);

/* Reads a template's text, at most 16 MiB without NUL bytes. */
int ambs_template_read(const char *path, ambs_text *ret_text, ambs_error *err);

#endif
