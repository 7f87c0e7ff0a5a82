/* SPDX-License-Identifier: MIT */
/* Registries of the test's own, so that its messages do not change when a family grows. They take
 * the place of the library's, since a program's symbols come before those of a static library. */
#include <math.h>
#include <string.h>

#include "objective/objective.h"
#include "search/method.h"

typedef struct function_options {
    char *function;
    double delay, noise;
} function_options;

static const ambs_option function_table[] = {
    {"function", AMBS_OPTION_STRING, offsetof(function_options, function), NULL, 1, 0, NULL,
     "its name"},
    {"delay", AMBS_OPTION_DURATION, offsetof(function_options, delay), "0s", 0, INFINITY, NULL,
     "time each trial takes"},
    {"noise", AMBS_OPTION_FLOAT, offsetof(function_options, noise), "0", 0, INFINITY, NULL,
     "standard deviation"},
    {0}};

static int function_check(const void *options, const ambs_space *space, const char *metric,
                          ambs_error *err)
{
    const function_options *o = options;
    (void)metric;
    if (strcmp(o->function, "branin") == 0 && ambs_space_dimension(space) != 2)
        return ambs_fail(err, AMBS_E_INVALID, "function branin has 2 parameters, found %zu",
                         ambs_space_dimension(space));
    return AMBS_OK;
}

static const ambs_objective_ops function = {
    .member = {"function", "a test function", function_table, sizeof(function_options), false},
    .hosted = true,
    .check = function_check,
};

typedef struct train_options {
    char *train;
    double rate;
} train_options;

static const ambs_option train_table[] = {
    {"train", AMBS_OPTION_STRING, offsetof(train_options, train), NULL, 1, 0, NULL, "the trainer"},
    {0}};

static int train_set_other(void *options, const char *name, const char *value, ambs_error *err)
{
    train_options *o = options;
    if (strcmp(name, "rate") != 0)
        return ambs_fail(err, AMBS_E_NOT_FOUND, "trainer %s has no \"%s\"",
                         o->train ? o->train : "?", name);
    if (!ambs_parse_double(value, &o->rate))
        return ambs_fail(err, AMBS_E_INVALID, "rate: found \"%s\", expected a number", value);
    return AMBS_OK;
}

static const ambs_objective_ops train = {
    .member = {"train", "a trainer", train_table, sizeof(train_options), false},
    .hosted = true,
    .set_other = train_set_other,
};

static const ambs_objective_ops command = {
    .member = {"command", "a process for each trial", NULL, 0, false},
};

const ambs_objective_ops *const ambs_objective_registry[] = {&function, &train, &command, NULL};

typedef struct method_options {
    double kappa;
    int design;
    long long points;
} method_options;

static const char *const designs[] = {"lhs", "sobol", NULL};
static const ambs_option ambs_table[] = {
    {"kappa", AMBS_OPTION_FLOAT, offsetof(method_options, kappa), "1.96", 0, 100, NULL,
     "weight of the sd"},
    {"initial.design", AMBS_OPTION_CHOICE, offsetof(method_options, design), "lhs", 1, 0, designs,
     "design"},
    {"initial.points", AMBS_OPTION_INT, offsetof(method_options, points), "20", 0, 1000, NULL,
     "number of points"},
    {0}};

static int method_check(const ambs_spec *spec, const void *options, ambs_error *err)
{
    const method_options *o = options;
    if (spec->budget.trials > 0 && o->points > (long long)spec->budget.trials)
        return ambs_fail(
            err, AMBS_E_INVALID,
            "initial.points: found %lld, expected at most the %llu trials of the budget", o->points,
            (unsigned long long)spec->budget.trials);
    return AMBS_OK;
}

static bool method_takes_engine(const void *options)
{
    return ((const method_options *)options)->design == 0;
}

static const ambs_method_ops method_ambs = {
    .member = {"ambs", "model-based", ambs_table, sizeof(method_options), false},
    .several_goals = true,
    .check = method_check,
    .takes_engine = method_takes_engine};
static const ambs_method_ops method_random = {
    .member = {"random", "independent configurations", NULL, 0, false}};
static const ambs_method_ops method_hidden = {.member = {"hidden", "for tests", NULL, 0, true}};

const ambs_method_ops *const ambs_method_registry[] = {&method_ambs, &method_random, &method_hidden,
                                                       NULL};
