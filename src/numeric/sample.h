/* SPDX-License-Identifier: MIT */
/* Values of the same thing seen several times: their mean and spread, the spread shared by many such
 * samples, and how sure a mean is. */
#ifndef AMBS_NUMERIC_SAMPLE_H
#define AMBS_NUMERIC_SAMPLE_H

#include <stdint.h>

/* Zeroed: empty. */
typedef struct ambs_sample {
    uint32_t n;
    double mean;
    double squares; /* sum of squared deviations from the mean */
} ambs_sample;

/* One value more, finite: Welford's update (1962, doi:10.1080/00401706.1962.10490022). */
void ambs_sample_add(ambs_sample *s, double y);
/* Standard deviation with n - 1; NaN below two values. */
double ambs_sample_sd(const ambs_sample *s);
/* Of the mean, by this sample alone: sd / sqrt(n); NaN below two values. */
double ambs_sample_error(const ambs_sample *s);

/* The variance that samples have in common, each around a mean of its own. Zeroed: nothing known. */
typedef struct ambs_pool {
    double squares, freedom;
} ambs_pool;

void ambs_pool_add(ambs_pool *p, const ambs_sample *s);
/* Standard error of a mean of n values, n > 0; 0 where the pool knows nothing. */
double ambs_pool_error(const ambs_pool *p, double n);

/* The quantile t of Student's distribution: P(T <= t) = p with `freedom` > 0 degrees of freedom,
 * 0.5 <= p < 1, to about 1e-12 of t. From the regularised incomplete beta function (Abramowitz and
 * Stegun 26.7.1) by its continued fraction and bisection: some thousand operations. */
double ambs_student_quantile(double p, double freedom);

#endif
