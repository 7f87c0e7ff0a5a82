/* SPDX-License-Identifier: MIT */
/* In the lower tail all goes through Mills' ratio by its continued fraction (Laplace),
 *   m(z) = (1 - Phi(z)) / phi(z) = 1 / (z + 1 / (z + 2 / (z + 3 / (z + …))))
 * and h(-z) = phi(z) (1 - z m(z)), where 1 - z m(z) would cancel: with T = z + 2 / (z + 3 / …) it
 * is q / (1 + q), q = 1 / (z T), of positive terms only. */
#include "numeric/special.h"

#include <math.h>

#define SQRT_2            1.41421356237309504880
#define SQRT_PI           1.77245385090551602730
#define LOG_SQRT_2_PI     0.91893853320467274178
#define INVERSE_SQRT_2_PI 0.39894228040143267794

/* From here on outwards the continued fractions are short. */
#define TAIL 4.0

/* z + first / (z + (first + 1) / (z + …)) for z >= TAIL, to the last place. */
static double fraction(double z, int first)
{
    int n = 10 + (int)(440 / (z * z));
    double t = z;
    for (int k = n; k >= first; k--) t = z + k / t;
    return t;
}

double ambs_normal_pdf(double z)
{
    return INVERSE_SQRT_2_PI * exp(-0.5 * z * z);
}

double ambs_normal_log_pdf(double z)
{
    return -0.5 * z * z - LOG_SQRT_2_PI;
}

double ambs_normal_cdf(double z)
{
    return 0.5 * erfc(-z / SQRT_2);
}

double ambs_normal_log_cdf(double z)
{
    if (z > 0) return log1p(-0.5 * erfc(z / SQRT_2));
    if (z > -TAIL) return log(0.5 * erfc(-z / SQRT_2));
    return -0.5 * z * z - LOG_SQRT_2_PI - log(fraction(-z, 1));
}

/* Abramowitz and Stegun 26.2.23 to 4.5e-4, then Newton's steps on ln Phi, which is concave. */
double ambs_normal_quantile(double p)
{
    if (p > 0.5) return -ambs_normal_quantile(1 - p);
    double log_p = log(p), t = sqrt(-2 * log_p),
           z = (2.515517 + t * (0.802853 + t * 0.010328)) /
                   (1 + t * (1.432788 + t * (0.189269 + t * 0.001308))) -
               t;
    for (int k = 0; k < 3; k++) {
        double at = ambs_normal_log_cdf(z);
        z -= (at - log_p) * exp(at - ambs_normal_log_pdf(z));
    }
    return z;
}

double ambs_erfcx(double x)
{
    if (x > TAIL) return SQRT_2 / SQRT_PI / fraction(SQRT_2 * x, 1);
    return exp(x * x) * erfc(x);
}

double ambs_normal_improvement(double z)
{
    if (z > -TAIL) return ambs_normal_pdf(z) + z * ambs_normal_cdf(z);
    double q = 1 / (-z * fraction(-z, 2));
    return ambs_normal_pdf(z) * (q / (1 + q));
}

double ambs_normal_log_improvement(double z)
{
    if (z > -TAIL) return log(ambs_normal_improvement(z));
    double q = 1 / (-z * fraction(-z, 2));
    return -0.5 * z * z - LOG_SQRT_2_PI + log(q / (1 + q));
}
