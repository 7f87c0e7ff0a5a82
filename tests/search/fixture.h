/* SPDX-License-Identifier: MIT */
/* Studies built by hand for the tests of search: spaces of every kind and a spec around them. */
#ifndef TESTS_SEARCH_FIXTURE_H
#define TESTS_SEARCH_FIXTURE_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ambs/search.h"
#include "search/method.h"
#include "space/space.h"

enum { MAX_D = 16 };

typedef enum space_kind {
    SPACE_MIXED, /* float log, int, ordinal, categorical, conditional, constraint; continuous */
    SPACE_CONTINUOUS,  /* three floats */
    SPACE_SMALL,       /* 3 x 4 x 5 discrete */
    SPACE_CONDITIONAL, /* discrete with a conditional and a constraint: 3 * 4 + 1 - 2 = 11 members
                        */
    SPACE_ONE,         /* one int with one value and a constant */
    SPACE_TWO,         /* a boolean */
    SPACE_CONSTANTS,   /* constants only */
    SPACE_HUGE,        /* twelve ints of ten values */
    N_SPACES
} space_kind;

static inline void must(int rc, const ambs_error *err)
{
    if (rc != AMBS_OK) fail_msg("%s", err->text);
}

static inline void add_float(ambs_space *s, const char *name, double min, double max,
                             ambs_scale scale)
{
    ambs_error err;
    ambs_parameter p = {.name = name,
                        .type = AMBS_PARAMETER_FLOAT,
                        .scale = scale,
                        .min = min,
                        .max = max,
                        .initial = NAN};
    must(ambs_space_add(s, &p, &err), &err);
}

static inline void add_int(ambs_space *s, const char *name, double min, double max)
{
    ambs_error err;
    ambs_parameter p = {
        .name = name, .type = AMBS_PARAMETER_INT, .min = min, .max = max, .initial = NAN};
    must(ambs_space_add(s, &p, &err), &err);
}

static inline void add_levels(ambs_space *s, const char *name, ambs_parameter_type type, size_t n,
                              double initial)
{
    ambs_error err;
    static const char *const texts[8] = {"0", "1", "2", "3", "4", "5", "6", "7"};
    ambs_value levels[8];
    for (size_t i = 0; i < n; i++)
        levels[i] = (ambs_value){.kind = AMBS_VALUE_INT, .number = (double)i, .text = texts[i]};
    ambs_parameter p = {
        .name = name, .type = type, .levels = levels, .n_levels = n, .initial = initial};
    must(ambs_space_add(s, &p, &err), &err);
}

static inline ambs_space *make_space(space_kind kind)
{
    ambs_error err;
    ambs_space *s;
    must(ambs_space_create(&s, &err), &err);
    const double two = 2, ones[2] = {0, 1};
    switch (kind) {
    case SPACE_MIXED:
        add_float(s, "rate", 1e-4, 1e-1, AMBS_SCALE_LOG);
        add_int(s, "layers", 1, 8);
        add_levels(s, "batch", AMBS_PARAMETER_ORDINAL, 5, NAN);
        add_levels(s, "optimizer", AMBS_PARAMETER_CATEGORICAL, 3, NAN);
        add_float(s, "momentum", 0, 0.99, AMBS_SCALE_LINEAR);
        add_levels(s, "epochs", AMBS_PARAMETER_CONSTANT, 1, NAN);
        must(ambs_space_add_condition(s, "momentum", "optimizer", ones, 2, &err), &err);
        must(ambs_space_add_constraint(s, "layers * batch <= 24", &err), &err);
        break;
    case SPACE_CONTINUOUS:
        add_float(s, "a", -5, 10, AMBS_SCALE_LINEAR);
        add_float(s, "b", 0, 15, AMBS_SCALE_LINEAR);
        add_float(s, "c", 1e-3, 1, AMBS_SCALE_LOG);
        break;
    case SPACE_SMALL:
        add_int(s, "a", 1, 3);
        add_levels(s, "b", AMBS_PARAMETER_ORDINAL, 4, 2);
        add_levels(s, "c", AMBS_PARAMETER_CATEGORICAL, 5, NAN);
        break;
    case SPACE_CONDITIONAL:
        add_levels(s, "a", AMBS_PARAMETER_CATEGORICAL, 3, NAN);
        add_int(s, "b", 1, 4);
        add_levels(s, "c", AMBS_PARAMETER_CATEGORICAL, 3, NAN);
        must(ambs_space_add_condition(s, "b", "a", &two, 1, &err), &err);
        must(ambs_space_add_condition(s, "c", "a", &two, 1, &err), &err);
        must(ambs_space_add_constraint(s, "b * c != 4 and a != 1", &err), &err);
        break;
    case SPACE_ONE:
        add_int(s, "a", 3, 3);
        add_levels(s, "b", AMBS_PARAMETER_CONSTANT, 1, NAN);
        break;
    case SPACE_TWO:
        add_levels(s, "a", AMBS_PARAMETER_CATEGORICAL, 2, NAN);
        break;
    case SPACE_CONSTANTS:
        add_levels(s, "a", AMBS_PARAMETER_CONSTANT, 1, NAN);
        add_levels(s, "b", AMBS_PARAMETER_CONSTANT, 1, NAN);
        break;
    default:
        for (char name[2] = "a"; name[0] <= 'l'; name[0]++) add_int(s, name, 0, 9);
    }
    must(ambs_space_finish(s, &err), &err);
    return s;
}

static inline const ambs_method_ops *find_method(const char *name)
{
    for (size_t i = 0; ambs_method_registry[i]; i++)
        if (strcmp(ambs_method_registry[i]->member.name, name) == 0) return ambs_method_registry[i];
    return NULL;
}

/* `settings`: "name=value name=value", or NULL. */
static inline ambs_spec *make_spec(const char *method, ambs_space *space, uint64_t seed,
                                   const char *settings)
{
    ambs_error err;
    ambs_spec *spec = calloc(1, sizeof *spec);
    spec->space = space;
    spec->seed = seed;
    spec->budget.trials = 100;
    spec->method = find_method(method);
    assert_non_null(spec->method);
    const ambs_member *m = &spec->method->member;
    spec->method_options = calloc(1, m->options_size ? m->options_size : 1);
    must(ambs_options_init(m->options, spec->method_options, &err), &err);
    char text[512], *rest = text;
    snprintf(text, sizeof text, "%s", settings ? settings : "");
    for (char *one = strtok_r(rest, " ", &rest); one; one = strtok_r(NULL, " ", &rest)) {
        char *value = strchr(one, '=');
        *value++ = '\0';
        must(ambs_options_set(m->options, spec->method_options, one, value, &err), &err);
    }
    return spec;
}

static inline void drop_spec(ambs_spec *spec)
{
    ambs_options_fini(spec->method->member.options, spec->method_options);
    free(spec->method_options);
    free(spec->initial_points);
    ambs_space_destroy(spec->space);
    free(spec);
}

static inline ambs_outcome outcome_of(double objective)
{
    return (ambs_outcome){.state = AMBS_TRIAL_COMPLETE, .objective = objective};
}

static inline ambs_outcome failure(void)
{
    return (ambs_outcome){
        .state = AMBS_TRIAL_FAILED, .reason = AMBS_REASON_EXIT, .code = 1, .objective = NAN};
}

/* A smooth objective over any space. */
static inline double bowl(const ambs_space *space, const double *x)
{
    double u[MAX_D], sum = 0;
    ambs_space_to_unit(space, x, u);
    for (size_t i = 0; i < ambs_space_dimension(space); i++)
        sum += isnan(u[i]) ? 0.1 : (u[i] - 0.3) * (u[i] - 0.3) * (double)(i + 1);
    return sum;
}

/* The bits of two numbers, so that NaN equals NaN. */
static inline bool same_bits(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

/* The least value that a study of `bowl` finds in so many trials, one after the other; the points of
 * earlier studies come first. */
static inline double least_of_bowl(const ambs_spec *spec, size_t trials)
{
    ambs_error err;
    ambs_search *search;
    double x[MAX_D], best = INFINITY;
    ambs_proposal p = {.x = x};
    must(ambs_search_create(spec, &search, &err), &err);
    for (size_t i = 0; i < trials; i++) {
        must(ambs_search_ask(search, &p, &err), &err);
        assert_int_equal(p.origin == AMBS_ORIGIN_POINT, i < spec->warm.n_points);
        ambs_outcome o = outcome_of(bowl(spec->space, x));
        best = fmin(best, o.objective);
        must(ambs_search_tell(search, p.trial, &o, &err), &err);
    }
    ambs_search_destroy(search);
    return best;
}

enum { MAX_WALK = 50 };

/* All proposals [n, d] of a study of `bowl` with four in flight; from trial `restore_at` on by a
 * search that was restored. */
static inline void walk(const ambs_spec *spec, uint64_t n, uint64_t restore_at, double *ret_x)
{
    enum { FLIGHT = 4 };
    ambs_error err;
    ambs_search *search;
    static ambs_proposal log[MAX_WALK];
    static ambs_outcome outcomes[MAX_WALK];
    size_t d = ambs_space_dimension(spec->space);
    must(ambs_search_create(spec, &search, &err), &err);
    for (uint64_t i = 0; i < n; i++) {
        if (i == restore_at) {
            ambs_search_destroy(search);
            must(ambs_search_create(spec, &search, &err), &err);
            for (uint64_t k = 0; k < i; k++) {
                must(ambs_search_restore_ask(search, &log[k], &err), &err);
                if (k >= FLIGHT)
                    must(ambs_search_tell(search, k - FLIGHT, &outcomes[k - FLIGHT], &err), &err);
            }
        }
        log[i].x = ret_x + i * d;
        must(ambs_search_ask(search, &log[i], &err), &err);
        outcomes[i] = outcome_of(bowl(spec->space, log[i].x));
        if (i >= FLIGHT)
            must(ambs_search_tell(search, i - FLIGHT, &outcomes[i - FLIGHT], &err), &err);
    }
    ambs_search_destroy(search);
}

/* A search that is restored after `first`, `first + step`, ... of n trials goes on the same. */
static inline void assert_restored_the_same(const ambs_spec *spec, uint64_t n, uint64_t first,
                                            uint64_t step)
{
    static double a[MAX_WALK * MAX_D], b[MAX_WALK * MAX_D];
    size_t d = ambs_space_dimension(spec->space);
    walk(spec, n, UINT64_MAX, a);
    for (uint64_t at = first; at < n; at += step) {
        walk(spec, n, at, b);
        for (size_t i = 0; i < n * d; i++) assert_true(same_bits(a[i], b[i]));
    }
}

/* For failing_alloc_each(): a study of twelve trials, and its front. Of four in a row two are told,
 * one stays in flight, one is cancelled. */
typedef struct short_study {
    const ambs_spec *spec;
    ambs_outcome (*outcome)(const ambs_spec *spec, const double *x);
} short_study;

static inline int run_short_study(void *ctx)
{
    const short_study *study = ctx;
    ambs_search *search;
    double x[MAX_D];
    ambs_proposal p = {.x = x};
    int rc = ambs_search_create(study->spec, &search, NULL);
    if (rc != AMBS_OK) return rc;
    for (size_t i = 0; rc == AMBS_OK && i < 12; i++) {
        rc = ambs_search_ask(search, &p, NULL);
        ambs_outcome o = study->outcome(study->spec, x);
        if (rc == AMBS_OK && i % 4 == 3)
            rc = ambs_search_cancel(search, p.trial, NULL);
        else if (rc == AMBS_OK && i % 4 < 2)
            rc = ambs_search_tell(search, p.trial, &o, NULL);
    }
    uint64_t *front = NULL;
    size_t n;
    if (rc == AMBS_OK) rc = ambs_search_front(search, &front, &n, NULL);
    free(front);
    ambs_search_destroy(search);
    return rc;
}

#endif
