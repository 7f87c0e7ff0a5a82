/* SPDX-License-Identifier: MIT */
#include "surrogate/forest.h"

#include <math.h>

#define FIELD(name) offsetof(ambs_forest_options, name)

const char *const ambs_forest_variance_names[] = {"total", "trees", "quantiles", NULL};

const ambs_option ambs_forest_option_table[] = {
    {"trees", AMBS_OPTION_INT, FIELD(trees), "0", 0, 100000, NULL,
     "number of trees; 0: 100 below 200 rows, else 30"},
    {"features", AMBS_OPTION_FLOAT, FIELD(features), "0.8333333333333334", 0, 1, NULL,
     "share of the features that are tried at a split, rounded up"},
    {"bootstrap", AMBS_OPTION_BOOL, FIELD(bootstrap), "true", 0, 0, NULL,
     "each tree sees a random sample of the rows, drawn with replacement"},
    {"min_split", AMBS_OPTION_INT, FIELD(min_split), "2", 2, 1e9, NULL,
     "rows that a node needs to be split"},
    {"min_leaf", AMBS_OPTION_INT, FIELD(min_leaf), "1", 1, 1e9, NULL,
     "rows that each side of a split needs"},
    {"variance", AMBS_OPTION_CHOICE, FIELD(variance), "total", 1, 0, ambs_forest_variance_names,
     "total: between the trees and within their leaves; trees: between them; quantiles: half of "
     "the "
     "interval that holds the middle 68 % of the results in the leaves"},
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
