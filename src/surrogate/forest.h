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

extern const ambs_option ambs_forest_option_table[];

/* T: the option, else 100 below 200 rows and 30 from there on. */
size_t ambs_forest_n_trees(const ambs_forest_options *options, size_t n);
/* ceil(features p), at least 1. */
size_t ambs_forest_n_tried(const ambs_forest_options *options, size_t p);

/* The predictive variance is never below this, so that an acquisition function can divide by the
 * sd. */
#define AMBS_FOREST_VARIANCE_FLOOR 1e-10

#endif
