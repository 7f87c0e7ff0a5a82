/* SPDX-License-Identifier: MIT */
/* What earlier studies tell of a new one (warm_start).
 *
 * Of each old study a surrogate is fitted to the ranks of its results, 0 the best and 1 the worst,
 * so that another scale or goal does not matter. Its mean r(x) says how good a configuration was
 * there, and exp(-S r(x)) stands for a density of good ones: it weighs the acquisition function as
 * the density of a prior does (search/belief.h), with a power that fades with the n results,
 *     t beta / n,  and t (beta / n)^2 from n = beta on,   t = trust.
 * The trust of a study is rho + 1 / sqrt(n) within 0 and 1, with the rank correlation rho between r and
 * the n results (the summand is its standard deviation where there is no relation): an unrelated study, or one where good is bad, is soon not heard
 * any more. Feurer, Letham and Bakshy 2018 (arXiv:1802.02219) weigh an ensemble of models by their
 * rankings; here the old models only say where to look, and the new study's own decide. */
#ifndef AMBS_SEARCH_TRANSFER_H
#define AMBS_SEARCH_TRANSFER_H

#include "search/method.h"

typedef struct ambs_transfer ambs_transfer;

/* *ret_transfer is NULL where the study has no old ones. */
int ambs_transfer_create(const ambs_method_context *context, ambs_transfer **ret_transfer,
                         ambs_error *err);
void ambs_transfer_destroy(ambs_transfer *t);
/* Trial `id` is complete. The first 512 count. */
int ambs_transfer_told(ambs_transfer *t, uint64_t id, ambs_error *err);
/* Fits what was not fitted yet and brings the trusts up to what was told. A surrogate that breaks
 * down is not trusted. */
int ambs_transfer_update(ambs_transfer *t, ambs_error *err);
/* The largest trust. */
double ambs_transfer_trust(const ambs_transfer *t);
/* Adds the sum of -S t r(x) over the old studies to ret [m], for x [m, d]. */
int ambs_transfer_add(ambs_transfer *t, size_t m, const double *x, double *ret, ambs_error *err);

#endif
