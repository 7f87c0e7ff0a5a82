/* SPDX-License-Identifier: MIT */
#include "surrogate/forest.h"

#include <math.h>

const char *const ambs_forest_variance_names[] = {"total", "trees", "quantiles", NULL};

const ambs_option ambs_forest_option_table[] = {
    AMBS_FOREST_OPTION_TREES,
    AMBS_FOREST_OPTION_FEATURES("0.8333333333333334"),
    AMBS_FOREST_OPTION_BOOTSTRAP("true"),
    AMBS_FOREST_OPTION_MIN_SPLIT,
    AMBS_FOREST_OPTION_MIN_LEAF,
    AMBS_FOREST_OPTION_VARIANCE,
    {NULL},
};

size_t ambs_forest_n_trees(const ambs_forest_options *options, size_t n)
{
    if (options->trees > 0) return (size_t)options->trees;
    return n < 200 ? 100 : 30;
}

size_t ambs_forest_n_tried(const ambs_forest_options *options, size_t p)
{
    double tried =
        ceil(options->features * (double)p - 1e-9); /* 5/6 of 6 is 5, whatever its last bit */
    if (tried < 1) return p > 0 ? 1 : 0;
    return tried < (double)p ? (size_t)tried : p;
}
