/* SPDX-License-Identifier: MIT */
#include "acquisition/improvement.h"

#include <math.h>

#include "numeric/special.h"

const ambs_option ambs_improvement_option_table[] = {
    {"xi", AMBS_OPTION_FLOAT, offsetof(ambs_improvement_options, xi), "0", 0, 1e300, NULL,
     "by how much the best value must be beaten, on the surrogate's scale"},
    {NULL},
};

void ambs_improvement_prepare(const void *options, ambs_random *random,
                              ambs_acquisition_context *context)
{
    (void)random;
    context->parameter = ((const ambs_improvement_options *)options)->xi;
}

void ambs_improvement_ascend(const void *options, const ambs_acquisition_context *context, size_t m,
                             const double *mean, const double *sd, double *ret_value,
                             double *ret_by_mean, double *ret_by_sd)
{
    (void)options;
    for (size_t i = 0; i < m; i++) {
        double z = ambs_improvement_margin(context, mean[i]) / sd[i],
               log_h = ambs_normal_log_improvement(z);
        ret_value[i] = log(sd[i]) + log_h;
        ret_by_mean[i] = -exp(ambs_normal_log_cdf(z) - log_h) / sd[i];
        ret_by_sd[i] = exp(ambs_normal_log_pdf(z) - log_h) / sd[i];
    }
}
