/* SPDX-License-Identifier: MIT */
/* Short ways to build the spaces of these tests. Every helper asserts that the call succeeds. */
#ifndef AMBS_TESTS_SPACES_H
#define AMBS_TESTS_SPACES_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ambs/space.h"
#include "space/space.h"

static inline void must(int rc, const ambs_error *err)
{
    if (rc != AMBS_OK) fail_msg("%s", err->text);
}

static inline ambs_space *new_space(void)
{
    ambs_error err = {0};
    ambs_space *space = NULL;
    must(ambs_space_create(&space, &err), &err);
    return space;
}

static inline int try_numeric(ambs_space *space, const char *name, ambs_parameter_type type,
                              ambs_scale scale, double min, double max, double step,
                              ambs_error *err)
{
    ambs_parameter p = {.name = name,
                        .type = type,
                        .scale = scale,
                        .min = min,
                        .max = max,
                        .step = step,
                        .initial = NAN};
    return ambs_space_add(space, &p, err);
}

static inline void add_float(ambs_space *space, const char *name, ambs_scale scale, double min,
                             double max, double step)
{
    ambs_error err = {0};
    must(try_numeric(space, name, AMBS_PARAMETER_FLOAT, scale, min, max, step, &err), &err);
}

static inline void add_int(ambs_space *space, const char *name, ambs_scale scale, double min,
                           double max, double step)
{
    ambs_error err = {0};
    must(try_numeric(space, name, AMBS_PARAMETER_INT, scale, min, max, step, &err), &err);
}

/* `levels` separated by blanks; those that are numbers become numbers, true and false booleans. */
static inline void add_levels(ambs_space *space, const char *name, ambs_parameter_type type,
                              const char *levels, const double *probabilities)
{
    ambs_error err = {0};
    char copy[4096];
    ambs_value values[256];
    size_t n = 0;
    snprintf(copy, sizeof copy, "%s", levels);
    char *rest = NULL;
    for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        char *end;
        double number = strtod(word, &end);
        ambs_value v = {.kind = AMBS_VALUE_STRING, .number = NAN, .text = word};
        if (*end == '\0')
            v = (ambs_value){strpbrk(word, ".e") ? AMBS_VALUE_FLOAT : AMBS_VALUE_INT, number, word};
        else if (!strcmp(word, "true") || !strcmp(word, "false"))
            v = (ambs_value){AMBS_VALUE_BOOL, word[0] == 't', word};
        values[n++] = v;
    }
    ambs_parameter p = {.name = name,
                        .type = type,
                        .levels = values,
                        .n_levels = n,
                        .probabilities = probabilities,
                        .initial = NAN};
    must(ambs_space_add(space, &p, &err), &err);
}

static inline void add_when(ambs_space *space, const char *child, const char *parent, double value)
{
    ambs_error err = {0};
    must(ambs_space_add_condition(space, child, parent, &value, 1, &err), &err);
}

static inline void add_constraint(ambs_space *space, const char *expression)
{
    ambs_error err = {0};
    must(ambs_space_add_constraint(space, expression, &err), &err);
}

static inline void finish(ambs_space *space)
{
    ambs_error err = {0};
    must(ambs_space_finish(space, &err), &err);
}

/* One parameter of every kind, a chain of three levels of `when`, and a constraint. */
static inline ambs_space *every_kind(void)
{
    ambs_space *s = new_space();
    add_float(s, "learning_rate", AMBS_SCALE_LOG, 1e-4, 1e-1, 0);
    add_float(s, "dropout", AMBS_SCALE_LINEAR, 0, 0.5, 0.1);
    add_float(s, "decay", AMBS_SCALE_REVERSE_LOG, 0.5, 0.999, 0);
    add_float(s, "ratio", AMBS_SCALE_LOGIT, 0.01, 0.99, 0);
    add_int(s, "layers", AMBS_SCALE_LINEAR, 1, 4, 0);
    add_int(s, "units", AMBS_SCALE_LOG, 8, 512, 8);
    add_levels(s, "batch", AMBS_PARAMETER_ORDINAL, "16 32 64 128", NULL);
    add_levels(s, "optimizer", AMBS_PARAMETER_CATEGORICAL, "sgd adam rmsprop",
               (const double[]){0.5, 0.3, 0.2});
    add_levels(s, "nesterov", AMBS_PARAMETER_CATEGORICAL, "false true", NULL);
    add_float(s, "momentum", AMBS_SCALE_LINEAR, 0, 0.99, 0);
    add_levels(s, "epochs", AMBS_PARAMETER_CONSTANT, "30", NULL);
    add_when(s, "nesterov", "optimizer", 0);
    add_when(s, "momentum", "nesterov", 1);
    add_constraint(s, "layers * batch <= 256");
    finish(s);
    return s;
}

#endif
