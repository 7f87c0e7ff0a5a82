/* SPDX-License-Identifier: MIT */
/* What the user believes of a parameter's good values:
 *     prior: {normal: {mean: 1e-3, sd: 0.5}}             or confidence: low | medium | high
 *     prior: {weights: [3, 1, 1]}
 * The mean is a value of the parameter. The sd is in the parameter's unit where the scale is linear,
 * in decades of what the scale takes logarithms of where it is not (x, 1 - x, x / (1 - x)), and in
 * places of the list for an ordinal. A confidence is a share of the range in the scale instead. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "study/read.h"

static const char *const confidences[] = {"low", "medium", "high", NULL};
static const double spreads[] = {0.5, 0.25, 0.125};
enum { MEDIUM = 1 };

static bool is_numeric(const ambs_parameter *p)
{
    return p->type == AMBS_PARAMETER_FLOAT || p->type == AMBS_PARAMETER_INT;
}

/* How wide the range is in the unit of an sd. */
static double width_of(const ambs_parameter *p)
{
    double step = p->step > 0 ? p->step : p->type == AMBS_PARAMETER_INT ? 1 : 0;
    if (!is_numeric(p)) return (double)p->n_levels;
    switch (p->scale) {
    case AMBS_SCALE_LOG:
        return log10(p->max / p->min);
    case AMBS_SCALE_REVERSE_LOG:
        return log10((1 - p->min) / (1 - p->max));
    case AMBS_SCALE_LOGIT:
        return log10(p->max / (1 - p->max)) - log10(p->min / (1 - p->min));
    default:
        return p->max - p->min + step; /* each value has an equal share */
    }
}

/* The place of a value of an ordinal. */
static bool read_place(ambs_reader *r, const ambs_yaml_node *node, const ambs_parameter *p,
                       double *ret)
{
    const char *text = ambs_read_text(r, node, "mean");
    char number[32];
    if (!text) return false;
    if (node->kind == AMBS_YAML_INT || node->kind == AMBS_YAML_FLOAT)
        text = ambs_format_double(node->number, number);
    for (size_t k = 0; k < p->n_levels; k++)
        if (strcmp(p->levels[k].text, text) == 0) {
            *ret = (double)k;
            return true;
        }
    ambs_read_fault(r, node, "mean: found \"%.60s\", expected one of the values of \"%s\"", text,
                    p->name);
    return false;
}

static bool read_sd(ambs_reader *r, const ambs_yaml_node *node, const ambs_parameter *p,
                    double *ret_spread)
{
    double sd, width = width_of(p);
    if (!ambs_read_number(r, node, "sd", &sd)) return false;
    if (!(sd > 0)) {
        ambs_read_fault(r, node, "sd: found %s, expected a number above 0%s", node->text,
                        p->scale == AMBS_SCALE_LINEAR ? "" : ", in decades");
        return false;
    }
    *ret_spread = width > 0 ? sd / width : 1;
    return true;
}

static bool read_confidence(ambs_reader *r, const ambs_yaml_node *node, double *ret_spread)
{
    const char *text = ambs_read_text(r, node, "confidence");
    for (size_t i = 0; text && confidences[i]; i++)
        if (strcmp(confidences[i], text) == 0) {
            *ret_spread = spreads[i];
            return true;
        }
    if (text) ambs_read_unknown(r, node, "confidence", "", confidences);
    return false;
}

static bool read_normal(ambs_reader *r, const ambs_yaml_node *normal, ambs_parameter *p)
{
    static const char *const keys[] = {"mean", "sd", "confidence", NULL};
    const ambs_yaml_node *mean = ambs_yaml_get(normal, "mean"), *sd = ambs_yaml_get(normal, "sd"),
                         *confidence = ambs_yaml_get(normal, "confidence");
    if (!is_numeric(p) && p->type != AMBS_PARAMETER_ORDINAL) {
        ambs_read_fault(r, normal,
                        "normal: found it for \"%s\", which has no order, expected weights, one "
                        "for each value",
                        p->name);
        return false;
    }
    if (!ambs_read_is_mapping(r, normal, "normal")) return false;
    ambs_read_check_keys(r, normal, keys, " in normal");
    if (!mean || (sd && confidence)) {
        ambs_read_fault(r, normal, "normal: found %s",
                        mean ? "both sd and confidence, expected one of them"
                             : "no mean, expected the most likely value");
        return false;
    }
    p->prior.spread = spreads[MEDIUM];
    bool good = is_numeric(p) ? ambs_read_number(r, mean, "mean", &p->prior.center)
                              : read_place(r, mean, p, &p->prior.center);
    if (sd) good = read_sd(r, sd, p, &p->prior.spread) && good;
    if (confidence) good = read_confidence(r, confidence, &p->prior.spread) && good;
    return good;
}

static bool read_weights(ambs_reader *r, const ambs_yaml_node *list, ambs_parameter *p,
                         double **ret_weights)
{
    char what[96];
    if (is_numeric(p) || list->type != AMBS_YAML_LIST || list->n != p->n_levels) {
        if (is_numeric(p))
            ambs_read_fault(r, list,
                            "weights: found them for \"%s\", which is a range, expected normal",
                            p->name);
        else if (list->type == AMBS_YAML_LIST)
            ambs_read_fault(r, list, "weights: found %zu, expected %zu, one for each value",
                            list->n, p->n_levels);
        else
            ambs_read_fault(r, list, "weights: found %s, expected a list of numbers",
                            ambs_yaml_what(list, what));
        return false;
    }
    double *weights = ambs_calloc(list->n, sizeof *weights, NULL);
    if (!weights) {
        r->findings->no_memory = true;
        return false;
    }
    bool good = true;
    for (size_t i = 0; i < list->n; i++)
        good = ambs_read_number(r, list->items[i], "weights", &weights[i]) && good;
    p->prior.weights = *ret_weights = weights;
    return good;
}

bool ambs_read_prior(ambs_reader *r, const ambs_yaml_node *prior, ambs_parameter *p,
                     double **ret_weights)
{
    static const char *const keys[] = {"normal", "weights", NULL};
    const ambs_yaml_node *normal = ambs_yaml_get(prior, "normal"),
                         *weights = ambs_yaml_get(prior, "weights");
    if (!ambs_read_is_mapping(r, prior, "prior")) return false;
    ambs_read_check_keys(r, prior, keys, " in prior");
    if (p->type == AMBS_PARAMETER_CONSTANT) {
        ambs_read_fault(r, prior, "prior: found one for \"%s\", which is constant; remove it",
                        p->name);
        return false;
    }
    if ((normal != NULL) == (weights != NULL)) {
        ambs_read_fault(r, prior, "prior: found %s, expected normal or weights",
                        normal ? "both normal and weights" : "neither");
        return false;
    }
    return normal ? read_normal(r, normal, p) : read_weights(r, weights, p, ret_weights);
}
