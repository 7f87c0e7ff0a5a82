/* SPDX-License-Identifier: MIT */
/* Functions of the standard normal distribution, right in the tails: relative errors of a few units
 * in the last place of the value (of the logarithm where one is returned). */
#ifndef AMBS_NUMERIC_SPECIAL_H
#define AMBS_NUMERIC_SPECIAL_H

/* phi(z) = exp(-z^2 / 2) / sqrt(2 pi) */
double ambs_normal_pdf(double z);
/* ln phi(z) */
double ambs_normal_log_pdf(double z);
/* Phi(z) = P(Z <= z) */
double ambs_normal_cdf(double z);
/* ln Phi(z), finite for every finite z above -1e154 */
double ambs_normal_log_cdf(double z);
/* The z with Phi(z) = p, 0 < p < 1, from 1e-300 on; z exact to its last bits for p <= 1/2, as 1 - p
 * is for larger p. */
double ambs_normal_quantile(double p);
/* exp(x^2) erfc(x), without overflow for x > 0; infinite below -26.7 */
double ambs_erfcx(double x);
/* h(z) = phi(z) + z Phi(z) = E max(z - Z, 0): the expected improvement of a unit normal. */
double ambs_normal_improvement(double z);
/* ln h(z), finite for every finite z above -1e154 (Ament et al. 2023, arXiv:2310.20708, eq. 9, but
 * by a continued fraction in the tail). */
double ambs_normal_log_improvement(double z);

#endif
