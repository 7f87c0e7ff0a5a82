/* SPDX-License-Identifier: MIT */
/* What the acquisition functions of an improvement over the best value have in common. */
#ifndef AMBS_ACQUISITION_IMPROVEMENT_H
#define AMBS_ACQUISITION_IMPROVEMENT_H

#include "acquisition/acquisition.h"

typedef struct ambs_improvement_options {
    double xi;
} ambs_improvement_options;

extern const ambs_option ambs_improvement_option_table[];

/* The ask's parameter is xi. */
void ambs_improvement_prepare(const void *options, ambs_random *random,
                              ambs_acquisition_context *context);

/* ascend() of the expected improvement: its logarithm, with slopes -Phi/h and phi/h over sd. */
void ambs_improvement_ascend(const void *options, const ambs_acquisition_context *context, size_t m,
                             const double *mean, const double *sd, double *ret_value,
                             double *ret_by_mean, double *ret_by_sd);

/* best - xi - mean: how much better than asked for the candidate is expected to be. */
static inline double ambs_improvement_margin(const ambs_acquisition_context *context, double mean)
{
    return context->best - context->parameter - mean;
}

#endif
