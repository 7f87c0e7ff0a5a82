/* SPDX-License-Identifier: MIT */
/* Expected improvement (Mockus 1978; Jones, Schonlau, Welch 1998, doi:10.1023/A:1008306431147):
 * EI = sd h(z), h(z) = phi(z) + z Phi(z), z = (best - xi - mean) / sd; max(best - xi - mean, 0) at
 * sd 0. */
#include <math.h>

#include "acquisition/improvement.h"
#include "numeric/special.h"

static void evaluate(const void *options, const ambs_acquisition_context *context, size_t m,
                     const double *mean, const double *sd, double *ret_value)
{
    (void)options;
    for (size_t i = 0; i < m; i++) {
        double margin = ambs_improvement_margin(context, mean[i]);
        ret_value[i] =
            sd[i] > 0 ? sd[i] * ambs_normal_improvement(margin / sd[i]) : fmax(margin, 0);
    }
}

const ambs_acquisition_ops ambs_acquisition_ei = {
    .member = {"ei", "expected improvement", ambs_improvement_option_table,
               sizeof(ambs_improvement_options)},
    .prepare = ambs_improvement_prepare,
    .evaluate = evaluate,
    .ascend = ambs_improvement_ascend,
};
