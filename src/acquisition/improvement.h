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

/* best - xi - mean: how much better than asked for the candidate is expected to be. */
static inline double ambs_improvement_margin(const ambs_acquisition_context *context, double mean)
{
    return context->best - context->parameter - mean;
}

#endif
