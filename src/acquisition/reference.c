/* SPDX-License-Identifier: MIT */
/* Expected improvement by its definition, E max(best - xi - Y, 0) with Y normal: Simpson's rule
 * over the improvement from 0 to where the density ends, 40 sd below the mean. */
#include <math.h>

#include "acquisition/improvement.h"
#include "numeric/special.h"

#define STEPS 20000

static double expected_improvement(double margin, double sd)
{
    if (!(sd > 0)) return fmax(margin, 0);
    double end = margin + 40 * sd, begin = fmax(0, margin - 40 * sd), sum = 0;
    if (margin < -sd)
        end = fmin(end, 60 * sd * sd / -margin); /* it falls as exp(margin gained / sd^2) */
    if (end <= begin) return 0;
    double step = (end - begin) / STEPS;
    for (int i = 0; i <= STEPS; i++) {
        double gained = begin + i * step;
        double value = gained * ambs_normal_pdf((margin - gained) / sd) / sd;
        sum += value * (i == 0 || i == STEPS ? 1 : i % 2 ? 4 : 2);
    }
    return sum * step / 3;
}

static void evaluate(const void *options, const ambs_acquisition_context *context, size_t m,
                     const double *mean, const double *sd, double *ret_value)
{
    (void)options;
    for (size_t i = 0; i < m; i++)
        ret_value[i] = expected_improvement(ambs_improvement_margin(context, mean[i]), sd[i]);
}

const ambs_acquisition_ops ambs_acquisition_reference = {
    .member = {"reference", "expected improvement by quadrature", ambs_improvement_option_table,
               sizeof(ambs_improvement_options), .for_tests = true},
    .prepare = ambs_improvement_prepare,
    .evaluate = evaluate,
};
