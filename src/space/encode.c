/* SPDX-License-Identifier: MIT */
/* What a surrogate sees of a configuration: a row of numbers. */
#include <math.h>

#include "space/private.h"

static size_t columns_of(const dimension *dim, ambs_encoding encoding)
{
    if (dim->p.type == AMBS_PARAMETER_CONSTANT) return 0;
    if (encoding == AMBS_ENCODING_LEVELS) return 1;
    size_t own = dim->p.type == AMBS_PARAMETER_CATEGORICAL ? dim->p.n_levels : 1;
    return own + (dim->n_clauses > 0 ? 1 : 0);
}

size_t ambs_space_n_features(const ambs_space *space, ambs_encoding encoding)
{
    size_t n = 0;
    for (size_t i = 0; i < space->d; i++) n += columns_of(&space->dims[i], encoding);
    return n;
}

void ambs_space_features(const ambs_space *space, ambs_encoding encoding,
                         ambs_feature *ret_features)
{
    for (size_t i = 0; i < space->d; i++) {
        const dimension *dim = &space->dims[i];
        size_t n = columns_of(dim, encoding);
        bool category = dim->p.type == AMBS_PARAMETER_CATEGORICAL,
             levels = encoding == AMBS_ENCODING_LEVELS;
        for (size_t c = 0; c < n; c++) {
            bool flag = !levels && (category || c > 0); /* holds 0 or 1 */
            *ret_features++ = (ambs_feature){
                .kind = levels && category ? AMBS_FEATURE_CATEGORICAL : AMBS_FEATURE_NUMERIC,
                .parameter = i,
                .n_levels = flag ? 2 : (size_t)dim->n_values,
                .may_be_inactive = levels && dim->n_clauses > 0,
            };
        }
    }
}

/* Numeric and ordinal values on [0, 1]. */
static double position(const dimension *dim, double value)
{
    if (dim->p.type != AMBS_PARAMETER_ORDINAL) return ambs_dimension_to_unit(dim, value);
    return dim->n_values > 1 ? value / (dim->n_values - 1) : 0;
}

static void encode_onehot(const dimension *dim, double value, double *row)
{
    bool active = !isnan(value);
    size_t n = 1;
    if (dim->p.type == AMBS_PARAMETER_CATEGORICAL) {
        n = dim->p.n_levels;
        for (size_t k = 0; k < n; k++) row[k] = value == (double)k ? 1 : 0;
    } else {
        row[0] = active ? position(dim, value) : 0.5;
    }
    if (dim->n_clauses > 0) row[n] = active ? 1 : 0;
}

void ambs_space_encode(const ambs_space *space, ambs_encoding encoding, const double *x,
                       double *ret_row)
{
    for (size_t i = 0; i < space->d; i++) {
        const dimension *dim = &space->dims[i];
        size_t n = columns_of(dim, encoding);
        if (n == 0) continue;
        if (encoding == AMBS_ENCODING_ONEHOT)
            encode_onehot(dim, x[i], ret_row);
        else if (dim->p.type == AMBS_PARAMETER_CATEGORICAL || isnan(x[i]))
            *ret_row = x[i];
        else
            *ret_row = position(dim, x[i]);
        ret_row += n;
    }
}
