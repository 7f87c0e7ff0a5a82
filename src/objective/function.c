/* SPDX-License-Identifier: MIT */
/* A test function as an objective. Its inputs are the parameters in their order, constants left
 * out: numbers as they are, levels by the number they stand for, or by their index where they are
 * words. Noise and failures come from the trial's own stream, so they do not depend on who runs it,
 * nor on the attempt. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/random.h"
#include "objective/objective.h"
#include "objective/test_function.h"

typedef struct function_options {
    char *function;
    char *delay; /* "0.05" is taken as seconds, "50ms" as what it says */
    double noise, failure_rate;
} function_options;

static const ambs_option options[] = {
    {"function", AMBS_OPTION_STRING, offsetof(function_options, function), NULL, 1, 0, NULL,
     "The name of a published test function."},
    {"delay", AMBS_OPTION_STRING, offsetof(function_options, delay), "0s", 1, 0, NULL,
     "How long each trial takes, in s or with its unit."},
    {"noise", AMBS_OPTION_FLOAT, offsetof(function_options, noise), "0", 0, INFINITY, NULL,
     "Standard deviation of the normal noise added to the value."},
    {"failure_rate", AMBS_OPTION_FLOAT, offsetof(function_options, failure_rate), "0", 0, 1, NULL,
     "Share of the trials that fail, chosen at random."},
    {.name = NULL},
};

typedef struct function_state {
    const ambs_test_function *function;
    const ambs_space *space;
    double delay_s, noise, failure_rate;
    size_t d;          /* inputs */
    size_t *parameter; /* [d] */
    double *x;         /* [d] */
} function_state;

static size_t count_inputs(const ambs_space *space)
{
    size_t n = 0;
    for (size_t i = 0; i < ambs_space_dimension(space); i++)
        n += ambs_space_parameter(space, i)->type != AMBS_PARAMETER_CONSTANT;
    return n;
}

static int refuse_name(const char *name, ambs_error *err)
{
    const char *known[64];
    size_t n = 0;
    for (const ambs_test_function *f = ambs_test_functions; f->name && n < 63; f++)
        known[n++] = f->name;
    known[n] = NULL;
    const char *near = ambs_nearest_name(name, known);
    ambs_text all = {0};
    for (size_t i = 0; i < n; i++) ambs_text_addf(&all, "%s%s", i ? ", " : "", known[i]);
    int rc = ambs_text_check(&all, err);
    if (rc == AMBS_OK)
        rc = ambs_fail(
            err, AMBS_E_INVALID, "unknown test function \"%.60s\": %s%s%sknown functions: %s", name,
            near ? "did you mean \"" : "", near ? near : "", near ? "\"? " : "", all.text);
    ambs_text_fini(&all);
    return rc;
}

static int parse_delay(const char *text, double *ret_s, ambs_error *err)
{
    if (ambs_parse_double(text, ret_s) && *ret_s >= 0) return AMBS_OK;
    int rc = ambs_parse_duration(text, ret_s, err);
    return rc == AMBS_OK ? rc : ambs_wrap(err, rc, "delay");
}

/* What is wrong whatever the space is: said with all else that is wrong in the study file. */
static int check_options(const void *opts, const char **ret_option, ambs_error *err)
{
    const function_options *o = opts;
    double delay_s;
    *ret_option = "function";
    if (!o->function || o->function[0] == '\0')
        return ambs_fail(err, AMBS_E_INVALID,
                         "function: no name, expected one as in \"function: branin\"");
    if (!ambs_test_function_find(o->function)) return refuse_name(o->function, err);
    *ret_option = "delay";
    return parse_delay(o->delay, &delay_s, err);
}

static int check(const void *opts, const ambs_space *space, const char *metric, ambs_error *err)
{
    (void)metric;
    const function_options *o = opts;
    const char *option;
    int rc = check_options(opts, &option, err);
    if (rc != AMBS_OK) return rc;
    const ambs_test_function *f = ambs_test_function_find(o->function);
    size_t d = count_inputs(space);
    if (f->d_max > 0 && f->d_min == f->d_max && d != f->d_min)
        return ambs_fail(err, AMBS_E_INVALID,
                         "%s takes %zu parameters, found %zu (constants not counted)", f->name,
                         f->d_min, d);
    if (d < f->d_min && f->n_bounds > 0)
        return ambs_fail(err, AMBS_E_INVALID,
                         "%s takes at least %zu parameters, found %zu (constants not counted)",
                         f->name, f->d_min, d);
    return AMBS_OK;
}

/* What a parameter's value means to the function. */
static double input_value(const ambs_parameter *p, double x)
{
    if (isnan(x) || p->type == AMBS_PARAMETER_FLOAT || p->type == AMBS_PARAMETER_INT) return x;
    double number = p->levels[(size_t)x].number;
    return isnan(number) ? x : number;
}

/* The least and the greatest value of a parameter, as the function sees it. */
static void input_range(const ambs_parameter *p, double *ret_low, double *ret_high)
{
    *ret_low = p->min;
    *ret_high = p->max;
    if (p->n_levels == 0) return;
    *ret_low = INFINITY;
    *ret_high = -INFINITY;
    for (size_t i = 0; i < p->n_levels; i++) {
        double value = input_value(p, (double)i);
        *ret_low = fmin(*ret_low, value);
        *ret_high = fmax(*ret_high, value);
    }
}

static void describe_input(const ambs_test_function *f, const ambs_parameter *p, size_t i,
                           ambs_text *out)
{
    char a[32], b[32], c[32], e[32];
    double low, high, f_low = f->low[f->n_bounds > 1 ? i : 0],
                      f_high = f->high[f->n_bounds > 1 ? i : 0];
    input_range(p, &low, &high);
    if (low < f_low || high > f_high)
        ambs_text_addf(out, "\n  %s reaches from %s to %s, the published domain from %s to %s",
                       p->name, ambs_format_double(low, a), ambs_format_double(high, b),
                       ambs_format_double(f_low, c), ambs_format_double(f_high, e));
    if (i < f->n_whole && p->type == AMBS_PARAMETER_FLOAT)
        ambs_text_addf(out, "\n  %s is a float, the published function takes a whole number there",
                       p->name);
}

static void describe(const void *opts, const ambs_space *space, ambs_text *out)
{
    const function_options *o = opts;
    const ambs_test_function *f = o->function ? ambs_test_function_find(o->function) : NULL;
    char number[32];
    if (!f) return;
    size_t d = count_inputs(space), i = 0;
    double minimum = ambs_test_function_minimum(f, d);
    ambs_text_addf(out, "%s in %zu dimensions (%s)", f->name, d, f->source);
    if (!isnan(minimum))
        ambs_text_addf(out, ", known minimum %s", ambs_format_double(minimum, number));
    for (size_t k = 0; k < ambs_space_dimension(space) && f->n_bounds > 0; k++) {
        const ambs_parameter *p = ambs_space_parameter(space, k);
        if (p->type != AMBS_PARAMETER_CONSTANT) describe_input(f, p, i++, out);
    }
}

static void close_function(void *state)
{
    function_state *s = state;
    if (!s) return;
    free(s->parameter);
    free(s->x);
    free(s);
}

static int open_function(const void *opts, const ambs_space *space, const char *metric,
                         void **ret_state, ambs_error *err)
{
    const function_options *o = opts;
    int rc = check(opts, space, metric, err);
    if (rc != AMBS_OK) return rc;
    function_state *s = ambs_calloc(1, sizeof *s, err);
    if (!s) return AMBS_E_NOMEM;
    s->function = ambs_test_function_find(o->function);
    s->space = space;
    s->noise = o->noise;
    s->failure_rate = o->failure_rate;
    s->parameter = ambs_calloc(count_inputs(space), sizeof *s->parameter, err);
    s->x = ambs_calloc(count_inputs(space), sizeof *s->x, err);
    rc = s->parameter && s->x ? parse_delay(o->delay, &s->delay_s, err) : AMBS_E_NOMEM;
    if (rc != AMBS_OK) {
        close_function(s);
        return rc;
    }
    for (size_t i = 0; i < ambs_space_dimension(space); i++)
        if (ambs_space_parameter(space, i)->type != AMBS_PARAMETER_CONSTANT)
            s->parameter[s->d++] = i;
    *ret_state = s;
    return AMBS_OK;
}

/* A sleep that ends early by a signal goes on. */
static void sleep_until(double until_s)
{
    for (double left; (left = until_s - ambs_clock_monotonic_s()) > 0;) ambs_clock_sleep_s(left);
}

static int evaluate(void *state, const ambs_attempt *attempt, const ambs_reporter *reporter,
                    ambs_outcome *ret, ambs_error *err)
{
    (void)reporter, (void)err;
    function_state *s = state;
    ambs_random random;
    if (s->delay_s > 0) sleep_until(ambs_clock_monotonic_s() + s->delay_s);
    for (size_t i = 0; i < s->d; i++)
        s->x[i] = input_value(ambs_space_parameter(s->space, s->parameter[i]),
                              attempt->x[s->parameter[i]]);
    ret->state = AMBS_TRIAL_COMPLETE;
    ret->objective = s->function->evaluate(s->x, s->d);
    if (s->noise == 0 && s->failure_rate == 0) return AMBS_OK;
    ambs_random_init(&random, attempt->study_seed, attempt->trial, AMBS_PURPOSE_OBJECTIVE);
    if (ambs_random_uniform(&random) < s->failure_rate) {
        ret->state = AMBS_TRIAL_FAILED;
        ret->reason = AMBS_REASON_OBJECTIVE;
        ret->objective = NAN;
        snprintf(ret->message, sizeof ret->message, "failed at random, as failure_rate asks");
        return AMBS_OK;
    }
    ret->objective += s->noise * ambs_random_normal(&random);
    return AMBS_OK;
}

static const char *const nothing_else[] = {NULL};

const ambs_objective_ops ambs_objective_function = {
    .member = {.name = "function",
               .summary =
                   "a published test function, with delay, noise and failures where asked for",
               .options = options,
               .options_size = sizeof(function_options)},
    .hosted = true,
    .also = nothing_else,
    .check = check,
    .check_options = check_options,
    .describe = describe,
    .open = open_function,
    .evaluate = evaluate,
    .close = close_function,
};
