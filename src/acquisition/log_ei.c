/* SPDX-License-Identifier: MIT */
/* ln EI (Ament et al. 2023, arXiv:2310.20708): the order of EI without its zeros, since far from
 * the best value EI underflows and a maximiser has nothing to climb. -INFINITY only where EI is
 * exactly 0, at sd 0. */
#include <math.h>

#include "acquisition/improvement.h"
#include "numeric/special.h"

static void evaluate(const void *options, const ambs_acquisition_context *context, size_t m,
                     const double *mean, const double *sd, double *ret_value)
{
    (void)options;
    for (size_t i = 0; i < m; i++) {
        double margin = ambs_improvement_margin(context, mean[i]);
        ret_value[i] = sd[i] > 0 ? log(sd[i]) + ambs_normal_log_improvement(margin / sd[i])
                                 : log(fmax(margin, 0));
    }
}

const ambs_acquisition_ops ambs_acquisition_log_ei = {
    .member = {"log_ei", "logarithm of the expected improvement, stable in the tails",
               ambs_improvement_option_table, sizeof(ambs_improvement_options)},
    .prepare = ambs_improvement_prepare,
    .is_logarithm = true,
    .evaluate = evaluate,
    .ascend = ambs_improvement_ascend,
};
