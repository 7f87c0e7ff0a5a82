/* SPDX-License-Identifier: MIT */
/* Probability of improvement (Kushner 1964, doi:10.1115/1.3653121): Phi((best - xi - mean) / sd);
 * at sd 0 it is 1 or 0. */
#include <math.h>

#include "acquisition/improvement.h"
#include "numeric/special.h"

static void evaluate(const void *options, const ambs_acquisition_context *context, size_t m,
                     const double *mean, const double *sd, double *ret_value)
{
    (void)options;
    for (size_t i = 0; i < m; i++) {
        double margin = ambs_improvement_margin(context, mean[i]);
        ret_value[i] = sd[i] > 0 ? ambs_normal_cdf(margin / sd[i]) : margin > 0;
    }
}

/* ln Phi(z): its slope by z is phi / Phi. */
static void ascend(const void *options, const ambs_acquisition_context *context, size_t m,
                   const double *mean, const double *sd, double *ret_value, double *ret_by_mean,
                   double *ret_by_sd)
{
    (void)options;
    for (size_t i = 0; i < m; i++) {
        double z = ambs_improvement_margin(context, mean[i]) / sd[i];
        ret_value[i] = ambs_normal_log_cdf(z);
        double slope = exp(ambs_normal_log_pdf(z) - ret_value[i]);
        ret_by_mean[i] = -slope / sd[i];
        ret_by_sd[i] = -slope * z / sd[i];
    }
}

const ambs_acquisition_ops ambs_acquisition_pi = {
    .member = {"pi", "probability of improvement", ambs_improvement_option_table,
               sizeof(ambs_improvement_options)},
    .prepare = ambs_improvement_prepare,
    .evaluate = evaluate,
    .ascend = ascend,
};
