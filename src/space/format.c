/* SPDX-License-Identifier: MIT */
/* Values and configurations as text, and values read from it. */
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "space/private.h"

const char *ambs_space_format(const ambs_space *space, size_t i, double value, char *buffer)
{
    const ambs_parameter *p = &space->dims[i].p;
    if (isnan(value)) return "";
    if (ambs_parameter_is_numeric(p)) return ambs_format_double(value, buffer);
    return value >= 0 && value < (double)p->n_levels ? p->levels[(size_t)value].text : "";
}

void ambs_space_write_line(const ambs_space *space, const double *x, ambs_text *out)
{
    const char *separator = "";
    for (size_t i = 0; i < space->d; i++) {
        char buffer[32];
        if (isnan(x[i])) continue;
        ambs_text_addf(out, "%s%s=%s", separator, space->dims[i].p.name,
                       ambs_space_format(space, i, x[i], buffer));
        separator = " ";
    }
}

static const char *const type_names[] = {"float", "int", "ordinal", "categorical", "constant"};

/* A number that was written by hand or by another program: on a step up to rounding. */
static int parse_numeric(const dimension *dim, const char *text, double *ret_value, ambs_error *err)
{
    const ambs_parameter *p = &dim->p;
    double value;
    bool whole = p->type == AMBS_PARAMETER_INT;
    if (!ambs_parse_double(text, &value) || (whole && value != trunc(value)))
        return ambs_fail(err, AMBS_E_INVALID,
                         "parameter \"%s\": found \"%.60s\", expected %s from %.15g to %.15g",
                         p->name, text, whole ? "a whole number" : "a number", p->min, p->max);
    double nearest = ambs_dimension_snap(dim, value);
    double tolerance = dim->n_values > 0 ? 1e-9 * dim->step : 0;
    if (value >= p->min && value <= p->max && fabs(value - nearest) <= tolerance)
        value = nearest;
    else if (!ambs_dimension_holds(dim, value, err))
        return AMBS_E_INVALID;
    *ret_value = value;
    return AMBS_OK;
}

static int refuse_level(const ambs_parameter *p, const char *text, ambs_error *err)
{
    ambs_text known = {0};
    for (size_t k = 0; k < p->n_levels && known.length < 1000; k++)
        ambs_text_addf(&known, "%s%s", k > 0 ? ", " : "", p->levels[k].text);
    for (size_t k = 0; k < p->n_levels; k++) {
        const char *const one[] = {p->levels[k].text, NULL};
        if (!ambs_nearest_name(text, one)) continue;
        ambs_text_addf(&known, "; did you mean \"%s\"?", one[0]);
        break;
    }
    ambs_fail(err, AMBS_E_INVALID,
              "parameter \"%s\" (%s): found \"%.60s\", expected one of %.2000s", p->name,
              type_names[p->type], text, known.text ? known.text : "its values");
    ambs_text_fini(&known);
    return AMBS_E_INVALID;
}

int ambs_space_parse(const ambs_space *space, size_t i, const char *text, double *ret_value,
                     ambs_error *err)
{
    const dimension *dim = &space->dims[i];
    const ambs_parameter *p = &dim->p;
    if (ambs_parameter_is_numeric(p)) return parse_numeric(dim, text, ret_value, err);
    double number;
    bool is_number = ambs_parse_double(text, &number);
    for (int pass = 0; pass < 2; pass++) /* the spelling first, then "1e-3" for 0.001 */
        for (size_t k = 0; k < p->n_levels; k++) {
            const ambs_value *level = &p->levels[k];
            bool numeric = level->kind == AMBS_VALUE_INT || level->kind == AMBS_VALUE_FLOAT;
            if (pass == 0 ? strcmp(level->text, text) != 0
                          : !(is_number && numeric && level->number == number))
                continue;
            *ret_value = (double)k;
            return AMBS_OK;
        }
    return refuse_level(p, text, err);
}
