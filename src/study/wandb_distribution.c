/* SPDX-License-Identifier: MIT */
/* W&B's distributions in our words: a range over values with its scale and step, levels, or a constant.
 *
 *   log_uniform and its kin   the range exp(min) to exp(max)
 *   normal and its kin        the range mu - 3 sigma to mu + 3 sigma (of the logarithm: exp of it), with
 *                             a normal prior: it has no bounds, and 0.27 % lie beyond these
 *   q_…                       steps of q: values are its multiples, so the ends move to the nearest ones */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "study/read.h"

/* A number with the kind it had: whole numbers stay whole. */
static void put_number(ambs_reader *r, ambs_yaml_node *mapping, ambs_place place, const char *key,
                       double value, bool whole)
{
    char text[40];
    ambs_format_double(value, text);
    if (!whole && !strpbrk(text, ".en")) strcat(text, ".0"); /* 32 bytes at most are used */
    ambs_read_put_text(r, mapping, place, key, text, true);
}

static void copy_key(ambs_reader *r, const ambs_yaml_node *from, ambs_yaml_node *to,
                     const char *key)
{
    ambs_yaml_node *name = ambs_yaml_key(from, key);
    if (name) ambs_yaml_put(to, name, ambs_yaml_get(from, key), r->findings);
}

typedef enum meaning { CONSTANT, LEVELS, RANGE, EXPONENTS, NORMAL, UNEVEN } meaning;

typedef struct distribution {
    const char *name;
    meaning meaning;
    bool whole;     /* int_uniform */
    bool quantised; /* q */
    const char *scale;
    const char *instead; /* EXPONENTS, NORMAL: the range over values that it is read as */
} distribution;

static const distribution distributions[] = {
    {"constant", CONSTANT, false, false, NULL, NULL},
    {"categorical", LEVELS, false, false, NULL, NULL},
    {"categorical_w_probabilities", LEVELS, false, false, NULL, NULL},
    {"int_uniform", RANGE, true, false, NULL, NULL},
    {"uniform", RANGE, false, false, NULL, NULL},
    {"q_uniform", RANGE, false, true, NULL, NULL},
    {"log_uniform_values", RANGE, false, false, "log", NULL},
    {"q_log_uniform_values", RANGE, false, true, "log", NULL},
    {"inv_log_uniform_values", RANGE, false, false, "log", NULL},
    {"log_uniform", EXPONENTS, false, false, "log", "log_uniform_values"},
    {"q_log_uniform", EXPONENTS, false, true, "log", "q_log_uniform_values"},
    {"inv_log_uniform", EXPONENTS, false, false, "log", "inv_log_uniform_values"},
    {"normal", NORMAL, false, false, NULL, "uniform"},
    {"q_normal", NORMAL, false, true, NULL, "q_uniform"},
    {"log_normal", NORMAL, false, false, "log", "log_uniform_values"},
    {"q_log_normal", NORMAL, false, true, "log", "q_log_uniform_values"},
    {"beta", UNEVEN, false, false, NULL, NULL},
    {"q_beta", UNEVEN, false, false, NULL, NULL},
};
enum { N_DISTRIBUTIONS = sizeof distributions / sizeof distributions[0] };

static const distribution *named(const char *name)
{
    for (size_t i = 0; i < N_DISTRIBUTIONS; i++)
        if (strcmp(distributions[i].name, name) == 0) return &distributions[i];
    return NULL;
}

static const distribution *find_distribution(ambs_reader *r, const ambs_yaml_node *node)
{
    const char *text = ambs_read_text(r, node, "distribution"), *names[N_DISTRIBUTIONS + 1] = {0};
    const distribution *d = text ? named(text) : NULL;
    if (d || !text || node->type != AMBS_YAML_SCALAR) return d;
    for (size_t i = 0; i < N_DISTRIBUTIONS; i++) names[i] = distributions[i].name;
    ambs_read_unknown(r, node, "distribution", "", names);
    return NULL;
}

/* Bounds that were computed; those of whole steps are whole. */
static void put_bounds(ambs_reader *r, const ambs_yaml_node *from, ambs_yaml_node *to,
                       const distribution *d, double low, double high)
{
    const ambs_yaml_node *q_node = ambs_yaml_get(from, "q");
    double q = q_node ? q_node->number : 1;
    bool whole = d->quantised && (!q_node || q_node->kind == AMBS_YAML_INT) && q > 0;
    if (whole) {
        low = round(low / q) * q;
        high = round(high / q) * q;
        if (d->scale && low <= 0) low = q;
    }
    if (!ambs_yaml_get(to, "min")) put_number(r, to, from->place, "min", low, whole);
    if (!ambs_yaml_get(to, "max")) put_number(r, to, from->place, "max", high, whole);
}

/* What the readers of ranges know already. */
static void copy_rest(ambs_reader *r, const ambs_yaml_node *from, ambs_yaml_node *to)
{
    static const char *const rest[] = {"q", "default", "when", "prior", NULL};
    for (size_t i = 0; rest[i]; i++) copy_key(r, from, to, rest[i]);
}

/* log_uniform: min and max are exponents of e; of 1/x where it is inverse. False after a finding. */
static bool put_exponents(ambs_reader *r, const ambs_yaml_node *key, const ambs_yaml_node *from,
                          const distribution *d, ambs_yaml_node *to)
{
    const ambs_yaml_node *min_node = ambs_yaml_get(from, "min"),
                         *max_node = ambs_yaml_get(from, "max");
    double min = 0, max = 0;
    if (!min_node || !max_node)
        ambs_read_fault(r, from, "%s: found no %s, expected one, an exponent of e", d->name,
                        min_node ? "max" : "min");
    if (!min_node || !max_node || !ambs_read_number(r, min_node, "min", &min) ||
        !ambs_read_number(r, max_node, "max", &max))
        return false;
    bool inverse = strncmp(d->name, "inv", 3) == 0;
    double low = exp(inverse ? -max : min), high = exp(inverse ? -min : max);
    if (low == 0 || !isfinite(high)) {
        ambs_read_fault(r, min_node,
                        "%s: found exponents from %g to %g, expected exponents of e as -9.2 for "
                        "0.0001; for the values themselves write %s",
                        d->name, min, max, d->instead);
        return false;
    }
    ambs_read_note(r, key, "%s: %s has exponents of e, so the range is %.6g to %.6g", key->text,
                   d->name, low, high);
    put_bounds(r, from, to, d, low, high);
    return true;
}

/* normal: three sd either way, unless min and max bound it, and a prior. False after a finding. */
static bool put_normal(ambs_reader *r, const ambs_yaml_node *key, const ambs_yaml_node *from,
                       const distribution *d, ambs_yaml_node *to)
{
    const ambs_yaml_node *mu_node = ambs_yaml_get(from, "mu"),
                         *sigma_node = ambs_yaml_get(from, "sigma");
    double mu = 0, sigma = 1;
    if ((mu_node && !ambs_read_number(r, mu_node, "mu", &mu)) ||
        (sigma_node && !ambs_read_number(r, sigma_node, "sigma", &sigma)))
        return false;
    double low = mu - 3 * sigma, high = mu + 3 * sigma, mean = mu, sd = sigma;
    if (d->scale) low = exp(low), high = exp(high), mean = exp(mu), sd = sigma / log(10);
    if (sigma <= 0 || (d->scale && low == 0) || !isfinite(high) || !isfinite(low)) {
        ambs_read_fault(r, sigma_node ? sigma_node : from,
                        "%s: found mu %g and sigma %g, expected sigma above 0 and %s", d->name, mu,
                        sigma, d->scale ? "both of the logarithm" : "finite numbers");
        return false;
    }
    copy_key(r, from, to, "min");
    copy_key(r, from, to, "max");
    put_bounds(r, from, to, d, low, high);
    char around[32] = "its own mean";
    if (!ambs_yaml_get(from, "prior")) snprintf(around, sizeof around, "%.6g", mean);
    const ambs_yaml_node *min = ambs_yaml_get(to, "min"), *max = ambs_yaml_get(to, "max");
    if (min && min->text && max && max->text) /* else a finding says what is wrong with them */
        ambs_read_note(r, key, "%s: %s is read as the range %s to %s with a prior around %s",
                       key->text, d->name, min->text, max->text, around);
    if (ambs_yaml_get(from, "prior")) return true;
    ambs_yaml_node *normal = ambs_yaml_mapping(&r->document, from->place, r->findings),
                   *prior = ambs_yaml_mapping(&r->document, from->place, r->findings);
    if (!normal || !prior) return false;
    put_number(r, normal, from->place, "mean", mean, false);
    put_number(r, normal, from->place, "sd", sd, false);
    ambs_read_put(r, prior, from->place, "normal", normal);
    ambs_read_put(r, to, from->place, "prior", prior);
    return true;
}

/* A distribution that is no range over values as one that is: *d becomes that. NULL after a finding. */
static ambs_yaml_node *as_range(ambs_reader *r, const ambs_yaml_node *key,
                                const ambs_yaml_node *from, const distribution **d)
{
    if ((*d)->meaning == UNEVEN) {
        ambs_read_fault(r, ambs_yaml_get(from, "distribution"),
                        "distribution: found %s, which has no even shape, expected a range; write "
                        "min and max, and a prior for where good values are likely",
                        (*d)->name);
        return NULL;
    }
    ambs_yaml_node *to = ambs_yaml_mapping(&r->document, from->place, r->findings);
    if (!to || !((*d)->meaning == NORMAL ? put_normal(r, key, from, *d, to)
                                         : put_exponents(r, key, from, *d, to)))
        return NULL;
    copy_rest(r, from, to);
    *d = named((*d)->instead);
    return to;
}

/* q: values are multiples of q, so the ends move to the nearest ones. */
static void put_steps(ambs_reader *r, const ambs_yaml_node *key, const ambs_yaml_node *from,
                      ambs_yaml_node *to)
{
    const ambs_yaml_node *q_node = ambs_yaml_get(from, "q"), *min_node = ambs_yaml_get(from, "min"),
                         *max_node = ambs_yaml_get(from, "max");
    double q = 1, min, max;
    if (q_node && !ambs_read_number(r, q_node, "q", &q)) return;
    if (q <= 0) ambs_read_fault(r, q_node, "q: found %g, expected a number above 0", q);
    if (q <= 0 || !min_node || !max_node) { /* the reader of the range says what is missing */
        copy_key(r, from, to, "min");
        copy_key(r, from, to, "max");
        return;
    }
    if (!ambs_read_number(r, min_node, "min", &min) || !ambs_read_number(r, max_node, "max", &max))
        return;
    bool whole = (!q_node || q_node->kind == AMBS_YAML_INT) && min_node->kind == AMBS_YAML_INT &&
                 max_node->kind == AMBS_YAML_INT;
    double low = round(min / q) * q, high = round(max / q) * q;
    bool log = ambs_yaml_get(to, "scale") != NULL;
    if (log && low <= 0 && min > 0) low = q; /* 0 has no logarithm; the least multiple above it */
    if (low != min || high != max)
        ambs_read_note(r, key, "%s: multiples of %g, so the range is %g to %g", key->text, q, low,
                       high);
    put_number(r, to, min_node->place, "min", low, whole);
    put_number(r, to, max_node->place, "max", high, whole);
    put_number(r, to, q_node ? q_node->place : min_node->place, "step", q, whole);
}

/* What W&B takes when no distribution is said. */
static const distribution *implied(const ambs_yaml_node *parameter)
{
    const ambs_yaml_node *min = ambs_yaml_get(parameter, "min"),
                         *max = ambs_yaml_get(parameter, "max");
    if (ambs_yaml_get(parameter, "value")) return &distributions[0];
    if (ambs_yaml_get(parameter, "values")) return &distributions[1];
    bool whole = min && max && min->kind == AMBS_YAML_INT && max->kind == AMBS_YAML_INT;
    return &distributions[whole ? 3 : 4];
}

static void check_keys(ambs_reader *r, const ambs_yaml_node *key, const ambs_yaml_node *parameter)
{
    static const char *const known[] = {
        "distribution", "min",           "max",     "q",    "mu",    "sigma", "value",
        "values",       "probabilities", "default", "when", "prior", NULL};
    char where[96];
    snprintf(where, sizeof where, " in parameter \"%.60s\"", key->text);
    ambs_read_check_keys(r, parameter, known, where);
}

ambs_yaml_node *ambs_read_wandb_parameter(ambs_reader *r, const ambs_yaml_node *key,
                                          ambs_yaml_node *parameter, bool categorical)
{
    const ambs_yaml_node *node = ambs_yaml_get(parameter, "distribution");
    const distribution *d = node ? find_distribution(r, node) : implied(parameter);
    if (!d) return NULL;
    if (d->meaning != UNEVEN) check_keys(r, key, parameter);
    if (d->instead || d->meaning == UNEVEN) {
        parameter = as_range(r, key, parameter, &d);
        if (!parameter) return NULL;
    }
    ambs_yaml_node *to = ambs_yaml_mapping(&r->document, parameter->place, r->findings);
    if (!to) return NULL;
    if (d->meaning == LEVELS && (node || categorical))
        ambs_read_put_text(r, to, parameter->place, "type", "categorical", true);
    if (d->meaning == RANGE)
        ambs_read_put_text(r, to, parameter->place, "type", d->whole ? "int" : "float", true);
    if (d->scale) ambs_read_put_text(r, to, parameter->place, "scale", d->scale, true);
    if (strcmp(d->name, "inv_log_uniform_values") == 0)
        ambs_read_note(r, key,
                       "%s: log(1/x) is uniform just where log(x) is, so this is the scale log",
                       key->text);
    if (d->quantised) {
        put_steps(r, key, parameter, to);
        const ambs_yaml_node *step = ambs_yaml_get(to, "step");
        if (step && step->kind == AMBS_YAML_INT)
            ambs_read_put_text(r, to, parameter->place, "type", "int", true);
    }
    static const char *const same[] = {"min",     "max",  "value", "values", "probabilities",
                                       "default", "when", "prior", NULL};
    for (size_t i = 0; same[i]; i++)
        if (!ambs_yaml_get(to, same[i])) copy_key(r, parameter, to, same[i]);
    return to;
}
