/* SPDX-License-Identifier: MIT */
/* What the forests have in common: their options. */
#ifndef AMBS_SURROGATE_FOREST_H
#define AMBS_SURROGATE_FOREST_H

#include "surrogate/surrogate.h"

typedef struct ambs_forest_options {
    long long trees; /* 0: by the number of rows */
    double features; /* share of the features tried at a split */
    bool bootstrap;
    long long min_split; /* distinct rows in a node that may be split */
    long long min_leaf;  /* distinct rows in a leaf */
    int variance;        /* an ambs_forest_variance */
} ambs_forest_options;

/* What the predictive variance is made of. */
typedef enum ambs_forest_variance {
    AMBS_FOREST_TOTAL, /* the variance of the trees' means plus the mean of the leaves' variances */
    AMBS_FOREST_TREES, /* the first of the two */
    AMBS_FOREST_QUANTILES /* forest_quantiles.c */
} ambs_forest_variance;

extern const char *const ambs_forest_variance_names[]; /* NULL-terminated */

/* The rows of a forest's option table; the kinds of forest differ in two defaults. */
#define AMBS_FOREST_FIELD(type, name) #name, AMBS_OPTION_##type, offsetof(ambs_forest_options, name)
#define AMBS_FOREST_OPTION_TREES                                                                   \
    {                                                                                              \
        AMBS_FOREST_FIELD(INT, trees), "0", 0, 100000, NULL,                                       \
            "number of trees; 0: 100 below 200 rows, else 30"                                      \
    }
#define AMBS_FOREST_OPTION_FEATURES(initial)                                                       \
    {                                                                                              \
        AMBS_FOREST_FIELD(FLOAT, features), initial, 0, 1, NULL,                                   \
            "share of the features that are tried at a split, rounded up"                          \
    }
#define AMBS_FOREST_OPTION_BOOTSTRAP(initial)                                                      \
    {                                                                                              \
        AMBS_FOREST_FIELD(BOOL, bootstrap), initial, 0, 0, NULL,                                   \
            "each tree sees a random sample of the rows, drawn with replacement"                   \
    }
#define AMBS_FOREST_OPTION_MIN_SPLIT                                                               \
    {                                                                                              \
        AMBS_FOREST_FIELD(INT, min_split), "2", 2, 1e9, NULL, "rows that a node needs to be split" \
    }
#define AMBS_FOREST_OPTION_MIN_LEAF                                                                \
    {                                                                                              \
        AMBS_FOREST_FIELD(INT, min_leaf), "1", 1, 1e9, NULL,                                       \
            "rows that each side of a split needs"                                                 \
    }
#define AMBS_FOREST_OPTION_VARIANCE                                                                \
    {                                                                                              \
        AMBS_FOREST_FIELD(CHOICE, variance), "total", 1, 0, ambs_forest_variance_names,            \
            "total: between the trees and within their leaves; trees: between them; quantiles: "   \
            "half of the interval that holds the middle 68 % of the results in the leaves"         \
    }

extern const ambs_option ambs_forest_option_table[];

/* T: the option, else 100 below 200 rows and 30 from there on. */
size_t ambs_forest_n_trees(const ambs_forest_options *options, size_t n);
/* ceil(features p), at least 1. */
size_t ambs_forest_n_tried(const ambs_forest_options *options, size_t p);

/* The predictive variance is never below this, so that an acquisition function can divide by the
 * sd. */
#define AMBS_FOREST_VARIANCE_FLOOR 1e-10

#endif
