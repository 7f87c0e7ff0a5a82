/* SPDX-License-Identifier: MIT */
#include "surrogate/gp_warp.h"

#include <math.h>

static const double margin = 1e-6;

ambs_gp_warped ambs_gp_warp(double a, double b, double u)
{
    double v = margin + (1 - 2 * margin) * u, log_v = log(v), power = exp(a * log_v),
           log_rest = log1p(-power), rest = exp(b * log_rest),
           by_power = b * exp((b - 1) * log_rest);
    return (ambs_gp_warped){.value = 1 - rest,
                            .by_u = (1 - 2 * margin) * by_power * a * power / v,
                            .by_log_a = by_power * power * log_v * a,
                            .by_log_b = -rest * log_rest * b};
}
