/* SPDX-License-Identifier: MIT */
/* Thompson sampling (Thompson 1933, doi:10.1093/biomet/25.3-4.285): each ask draws a function from
 * what the surrogate believes and proposes where it is least, so a place is proposed as often as it
 * is believed to be the best. Asks that come together differ by their draws; without lies (`liar:
 * none`) that is the asynchronous method of Kandasamy et al. 2018 (arXiv:1705.09236), with them
 * the draws know of the trials in flight, too.
 *
 * The surrogate makes the draw (surrogate.h): a Gaussian process a smooth function, one of its draws
 * of hyperparameters where there are several; a forest one of its trees. */
#include "acquisition/acquisition.h"

static void evaluate(const void *given, const ambs_acquisition_context *context, size_t m,
                     const double *mean, const double *sd, double *ret_value)
{
    (void)given;
    (void)context;
    (void)sd;
    for (size_t i = 0; i < m; i++) ret_value[i] = -mean[i];
}

static void ascend(const void *given, const ambs_acquisition_context *context, size_t m,
                   const double *mean, const double *sd, double *ret_value, double *ret_by_mean,
                   double *ret_by_sd)
{
    evaluate(given, context, m, mean, sd, ret_value);
    for (size_t i = 0; i < m; i++) {
        ret_by_mean[i] = -1;
        ret_by_sd[i] = 0;
    }
}

const ambs_acquisition_ops ambs_acquisition_thompson = {
    .member = {.name = "thompson", .summary = "the least value of a function drawn from the model"},
    .draws = true,
    .evaluate = evaluate,
    .ascend = ascend,
};
