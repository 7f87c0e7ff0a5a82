/* SPDX-License-Identifier: MIT */
/* One parameter: checked, copied, and asked what it holds. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/text.h"
#include "space/private.h"

/* Beyond this many values the middle of a share could no longer be told from its neighbours in a
 * double. */
#define VALUES_MAX      0x1p50
#define WHOLE_MAX       0x1p53
#define PROBABILITY_MIN 1e-9
#define SPREAD_MIN      1e-4
/* A number for a message, as short as it can be; lives until the end of the block. */
#define SHORT(value) ambs_format_double(value, (char[32]){0})

bool ambs_parameter_is_numeric(const ambs_parameter *p)
{
    return p->type == AMBS_PARAMETER_FLOAT || p->type == AMBS_PARAMETER_INT;
}

static int check_name(const char *name, ambs_error *err)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
    static const char others[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789.:-";
    static const char *const reserved[] = {"and", "or",  "not", "in",  "true", "false",
                                           "min", "max", "log", "exp", "abs",  NULL};
    if (!name || name[0] == '\0') return ambs_fail(err, AMBS_E_INVALID, "a parameter has no name");
    size_t good = strchr(letters, name[0]) ? strspn(name, others) : 0;
    if (name[good] != '\0')
        return ambs_fail(
            err, AMBS_E_INVALID,
            "parameter \"%.60s\": character %zu of the name is not allowed; expected a letter or "
            "'_', then letters, digits, '_', '.', ':' and '-'",
            name, good + 1);
    for (size_t i = 0; reserved[i]; i++)
        if (strcmp(name, reserved[i]) == 0)
            return ambs_fail(
                err, AMBS_E_INVALID,
                "parameter \"%s\": the name is a word of the constraint language, take another",
                name);
    return AMBS_OK;
}

static int check_bounds(const ambs_parameter *p, ambs_error *err)
{
    if (!isfinite(p->min) || !isfinite(p->max))
        return ambs_fail(err, AMBS_E_INVALID,
                         "parameter \"%s\": min and max have to be finite numbers, found %g and %g",
                         p->name, p->min, p->max);
    if (p->min > p->max)
        return ambs_fail(err, AMBS_E_INVALID, "parameter \"%s\": min %s is above max %s", p->name,
                         SHORT(p->min), SHORT(p->max));
    if (p->type == AMBS_PARAMETER_INT && (p->min != trunc(p->min) || p->max != trunc(p->max) ||
                                          fabs(p->min) > WHOLE_MAX || fabs(p->max) > WHOLE_MAX))
        return ambs_fail(err, AMBS_E_INVALID,
                         "parameter \"%s\": an int needs whole numbers within ±2^53, found min "
                         "%s and max %s",
                         p->name, SHORT(p->min), SHORT(p->max));
    if (!isfinite(p->max - p->min))
        return ambs_fail(err, AMBS_E_INVALID,
                         "parameter \"%s\": the range from %g to %g is too wide for a double",
                         p->name, p->min, p->max);
    return AMBS_OK;
}

static int check_scale(const ambs_parameter *p, ambs_error *err)
{
    if (p->scale == AMBS_SCALE_LOG && !(p->min > 0))
        return ambs_fail(err, AMBS_E_INVALID,
                         "parameter \"%s\": scale log needs min above 0, found %s", p->name,
                         SHORT(p->min));
    if (p->scale == AMBS_SCALE_REVERSE_LOG && !(p->max < 1))
        return ambs_fail(err, AMBS_E_INVALID,
                         "parameter \"%s\": scale reverse_log needs max below 1, found %s", p->name,
                         SHORT(p->max));
    if (p->scale == AMBS_SCALE_LOGIT && !(p->min > 0 && p->max < 1))
        return ambs_fail(
            err, AMBS_E_INVALID,
            "parameter \"%s\": scale logit needs a range inside 0 and 1, found %s to %s", p->name,
            SHORT(p->min), SHORT(p->max));
    return AMBS_OK;
}

static int check_step(const ambs_parameter *p, ambs_error *err)
{
    if (p->step == 0) return AMBS_OK;
    if (!(p->step > 0) || !isfinite(p->step))
        return ambs_fail(err, AMBS_E_INVALID, "parameter \"%s\": step has to be above 0, found %g",
                         p->name, p->step);
    if (p->type == AMBS_PARAMETER_INT && p->step != trunc(p->step))
        return ambs_fail(err, AMBS_E_INVALID,
                         "parameter \"%s\": the step of an int has to be whole, found %s", p->name,
                         SHORT(p->step));
    double range = p->max - p->min, steps = nearbyint(range / p->step);
    if (steps < 1 && range > 0)
        return ambs_fail(err, AMBS_E_INVALID,
                         "parameter \"%s\": step %.15g is wider than the range from %.15g to %.15g",
                         p->name, p->step, p->min, p->max);
    if (fabs(steps * p->step - range) > 1e-9 * p->step * fmax(1, fmin(steps, 1e3)))
        return ambs_fail(err, AMBS_E_INVALID,
                         "parameter \"%s\": steps of %.15g from %.15g do not meet max %.15g; the "
                         "last below is %.15g",
                         p->name, p->step, p->min, p->max,
                         p->min + floor(range / p->step) * p->step);
    return AMBS_OK;
}

static int compare_texts(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Sorted, equal texts are neighbours: a list of a million values is no trap. */
static int check_repeats(const ambs_parameter *p, ambs_error *err)
{
    const char **texts = ambs_calloc(p->n_levels, sizeof *texts, err);
    if (!texts) return AMBS_E_NOMEM;
    for (size_t i = 0; i < p->n_levels; i++) texts[i] = p->levels[i].text;
    qsort(texts, p->n_levels, sizeof *texts, compare_texts);
    size_t i = 1;
    while (i < p->n_levels && strcmp(texts[i - 1], texts[i]) != 0) i++;
    int rc = AMBS_OK;
    if (i < p->n_levels)
        rc = ambs_fail(err, AMBS_E_INVALID, "parameter \"%s\": the value \"%.60s\" is listed twice",
                       p->name, texts[i]);
    free(texts);
    return rc;
}

static int check_levels(const ambs_parameter *p, ambs_error *err)
{
    bool constant = p->type == AMBS_PARAMETER_CONSTANT;
    if (p->n_levels == 0 || !p->levels || (constant && p->n_levels != 1))
        return ambs_fail(err, AMBS_E_INVALID, "parameter \"%s\": found %zu values, expected %s",
                         p->name, p->n_levels, constant ? "one" : "at least one");
    return check_repeats(p, err);
}

static int check_probabilities(const ambs_parameter *p, ambs_error *err)
{
    if (!p->probabilities) return AMBS_OK;
    if (p->type != AMBS_PARAMETER_CATEGORICAL)
        return ambs_fail(err, AMBS_E_INVALID,
                         "parameter \"%s\": probabilities are for categorical parameters only",
                         p->name);
    double sum = 0;
    for (size_t i = 0; i < p->n_levels; i++) {
        if (!(p->probabilities[i] >= PROBABILITY_MIN))
            return ambs_fail(err, AMBS_E_INVALID,
                             "parameter \"%s\": the probability of \"%.60s\" is %g, expected above "
                             "0; leave the value "
                             "out if it is never to be tried",
                             p->name, p->levels[i].text, p->probabilities[i]);
        sum += p->probabilities[i];
    }
    if (!(fabs(sum - 1) <= 1e-6))
        return ambs_fail(err, AMBS_E_INVALID,
                         "parameter \"%s\": the probabilities sum to %.9g, expected 1", p->name,
                         sum);
    return AMBS_OK;
}

static int check_weights(const ambs_parameter *p, ambs_error *err)
{
    for (size_t i = 0; p->prior.weights && i < p->n_levels; i++)
        if (!(p->prior.weights[i] > 0) || !isfinite(p->prior.weights[i]))
            return ambs_fail(err, AMBS_E_INVALID,
                             "parameter \"%s\": the prior's weight of \"%.60s\" is %g, expected "
                             "above 0; leave the value out if it is never to be tried",
                             p->name, p->levels[i].text, p->prior.weights[i]);
    return AMBS_OK;
}

static int check_prior(const ambs_parameter *p, ambs_error *err)
{
    const ambs_prior *prior = &p->prior;
    bool numeric = ambs_parameter_is_numeric(p), ordinal = p->type == AMBS_PARAMETER_ORDINAL;
    if (prior->weights && (numeric || p->type == AMBS_PARAMETER_CONSTANT))
        return ambs_fail(err, AMBS_E_INVALID,
                         "parameter \"%s\": weights are for ordinal and categorical parameters",
                         p->name);
    if (prior->spread == 0) return check_weights(p, err);
    if ((!numeric && !ordinal) || prior->weights)
        return ambs_fail(err, AMBS_E_INVALID,
                         "parameter \"%s\": a normal prior needs a range or ordered values%s",
                         p->name, prior->weights ? ", and no weights beside it" : "");
    if (!(prior->spread >= SPREAD_MIN) || !isfinite(prior->spread))
        return ambs_fail(err, AMBS_E_INVALID,
                         "parameter \"%s\": the prior's standard deviation is %.3g of the range, "
                         "expected %g or more",
                         p->name, prior->spread, SPREAD_MIN);
    double low = numeric ? p->min : 0, high = numeric ? p->max : (double)p->n_levels - 1;
    if (prior->center >= low && prior->center <= high) return AMBS_OK;
    return ambs_fail(err, AMBS_E_INVALID,
                     "parameter \"%s\": the prior's mean %s is outside %s to %s", p->name,
                     SHORT(prior->center), SHORT(low), SHORT(high));
}

static int check_parameter(const ambs_parameter *p, ambs_error *err)
{
    int rc = check_name(p->name, err);
    if (rc != AMBS_OK) return rc;
    if (ambs_parameter_is_numeric(p)) {
        if ((rc = check_bounds(p, err)) != AMBS_OK || (rc = check_scale(p, err)) != AMBS_OK)
            return rc;
        if ((rc = check_step(p, err)) != AMBS_OK) return rc;
    } else if ((rc = check_levels(p, err)) != AMBS_OK ||
               (rc = check_probabilities(p, err)) != AMBS_OK) {
        return rc;
    }
    return check_prior(p, err);
}

static int copy_levels(dimension *dim, const ambs_parameter *p, ambs_error *err)
{
    ambs_value *levels = ambs_calloc(p->n_levels, sizeof *levels, err);
    if (!levels) return AMBS_E_NOMEM;
    dim->p.levels = levels;
    for (size_t i = 0; i < p->n_levels; i++) {
        levels[i] = p->levels[i];
        levels[i].text = ambs_strdup(p->levels[i].text, err);
        if (!levels[i].text) return AMBS_E_NOMEM;
    }
    return AMBS_OK;
}

/* The probabilities and their running sum, both divided by the sum so that they end at 1. */
static int copy_probabilities(dimension *dim, const ambs_parameter *p, ambs_error *err)
{
    double *copy = ambs_memdup(p->probabilities, p->n_levels, sizeof *copy, err);
    if (!copy) return AMBS_E_NOMEM;
    dim->p.probabilities = copy;
    dim->cumulative = ambs_calloc(p->n_levels, sizeof *dim->cumulative, err);
    if (!dim->cumulative) return AMBS_E_NOMEM;
    double sum = 0;
    for (size_t i = 0; i < p->n_levels; i++) dim->cumulative[i] = sum += copy[i];
    for (size_t i = 0; i < p->n_levels; i++) dim->cumulative[i] /= sum;
    dim->cumulative[p->n_levels - 1] = 1;
    return AMBS_OK;
}

static int copy_weights(dimension *dim, const ambs_parameter *p, ambs_error *err)
{
    dim->p.prior.weights = ambs_memdup(p->prior.weights, p->n_levels, sizeof(double), err);
    return dim->p.prior.weights ? AMBS_OK : AMBS_E_NOMEM;
}

static int copy_parameter(dimension *dim, const ambs_parameter *p, ambs_error *err)
{
    bool numeric = ambs_parameter_is_numeric(p);
    dim->p = *p;
    dim->p.levels = NULL;
    dim->p.probabilities = NULL;
    dim->p.prior.weights = NULL;
    dim->p.n_levels = numeric ? 0 : p->n_levels;
    dim->p.name = ambs_strdup(p->name, err);
    if (!dim->p.name) return AMBS_E_NOMEM;
    int rc = numeric ? AMBS_OK : copy_levels(dim, p, err);
    if (rc == AMBS_OK && !numeric && p->probabilities) rc = copy_probabilities(dim, p, err);
    if (rc == AMBS_OK && !numeric && p->prior.weights) rc = copy_weights(dim, p, err);
    return rc;
}

int ambs_dimension_init(dimension *dim, const ambs_parameter *p, ambs_error *err)
{
    *dim = (dimension){0};
    int rc = check_parameter(p, err);
    if (rc != AMBS_OK) return rc;
    rc = copy_parameter(dim, p, err);
    if (rc == AMBS_OK) {
        ambs_dimension_scale(dim);
        if (dim->n_values > VALUES_MAX)
            rc = ambs_fail(err, AMBS_E_INVALID,
                           "parameter \"%s\": %.3g distinct values are too many, at most 2^50 can "
                           "be told apart",
                           p->name, dim->n_values);
    }
    if (rc == AMBS_OK && !isnan(p->initial) && !ambs_dimension_holds(dim, p->initial, err))
        rc = ambs_wrap(err, AMBS_E_INVALID, "default");
    if (rc != AMBS_OK) ambs_dimension_fini(dim);
    return rc;
}

void ambs_dimension_fini(dimension *dim)
{
    /* The public struct has const pointers for its readers; here they are owned. */
    ambs_value *levels = (ambs_value *)(uintptr_t)dim->p.levels;
    for (size_t i = 0; levels && i < dim->p.n_levels; i++) free((char *)(uintptr_t)levels[i].text);
    free(levels);
    free((double *)(uintptr_t)dim->p.probabilities);
    free((double *)(uintptr_t)dim->p.prior.weights);
    free((char *)(uintptr_t)dim->p.name);
    free(dim->cumulative);
    for (size_t i = 0; i < dim->n_clauses; i++) {
        free(dim->clauses[i].parent_name);
        free(dim->clauses[i].values);
        free(dim->clauses[i].text);
        ambs_expression_destroy(dim->clauses[i].expression);
    }
    free(dim->clauses);
    free(dim->parents);
    free(dim->condition_text);
    *dim = (dimension){0};
}

bool ambs_dimension_holds(const dimension *dim, double value, ambs_error *err)
{
    const ambs_parameter *p = &dim->p;
    bool numeric = ambs_parameter_is_numeric(p);
    bool inside = numeric ? value >= p->min && value <= p->max
                          : value >= 0 && value < (double)p->n_levels && value == trunc(value);
    double nearest = inside ? ambs_dimension_snap(dim, value) : NAN;
    if (nearest == value) return true;
    if (!err) return false;
    if (inside)
        ambs_fail(err, AMBS_E_INVALID,
                  "parameter \"%s\": %s is not a value of it, the nearest is %s", p->name,
                  SHORT(value), SHORT(nearest));
    else if (numeric)
        ambs_fail(err, AMBS_E_INVALID, "parameter \"%s\": %s is outside %s to %s", p->name,
                  SHORT(value), SHORT(p->min), SHORT(p->max));
    else
        ambs_fail(err, AMBS_E_INVALID, "parameter \"%s\": found level number %s, expected 0 to %zu",
                  p->name, SHORT(value), p->n_levels - 1);
    return false;
}

double ambs_dimension_snap(const dimension *dim, double value)
{
    if (isnan(value)) return ambs_dimension_default(dim);
    if (dim->n_values > 0) return ambs_dimension_value_at(dim, ambs_dimension_index_of(dim, value));
    return fmin(fmax(value, dim->p.min), dim->p.max);
}

double ambs_dimension_default(const dimension *dim)
{
    const ambs_prior *prior = &dim->p.prior;
    size_t most = 0;
    if (!isnan(dim->p.initial)) return dim->p.initial;
    if (prior->spread > 0) return ambs_dimension_snap(dim, prior->center);
    for (size_t k = 1; prior->weights && k < dim->p.n_levels; k++)
        if (prior->weights[k] > prior->weights[most]) most = k;
    if (prior->weights) return (double)most;
    return ambs_parameter_is_numeric(&dim->p) ? ambs_dimension_from_unit(dim, 0.5) : 0;
}
