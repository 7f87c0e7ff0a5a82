/* SPDX-License-Identifier: MIT */
/* What a person believed of good values before the trials: the priors of the parameters, as one
 * density pi over the space.
 *
 * It takes part in three places. Half of the points of the initial design, and of the later random
 * ones, are drawn from it. And the acquisition function is weighed by a power of it that fades with
 * the results, as in piBO (Hvarfner, Stoll, Souza, Lindauer, Hutter and Nardi 2022,
 * arXiv:2204.11051, eq. 6): a(x) pi(x)^(beta / n). An acquisition function that is a logarithm gets
 * the summand (beta / n) ln pi(x). One that may be negative, as a confidence bound, has no factors:
 * there what exceeds the value of a certain mean result is weighed (see ambs_belief_weigh()), which
 * for an expected improvement is the formula of piBO again.
 *
 * A prior may be wrong. So the power is (beta / n) t with a trust t that the results decide: with rho
 * the rank correlation between pi and the results so far, t = rho + 1 / sqrt(n), within 0 and 1 (the
 * summand is rho's own standard deviation where there is no relation). Where good values are not
 * where the prior says, rho is negative, and a dozen results end its part.
 *
 * pi is relative to the uniform distribution over the unit cube, so an inactive parameter, about
 * which nothing is believed, has the factor 1. */
#ifndef AMBS_SEARCH_BELIEF_H
#define AMBS_SEARCH_BELIEF_H

#include "space/space.h"

typedef struct ambs_belief ambs_belief;

/* `space` is borrowed. *ret_belief is NULL where no parameter has a prior. */
int ambs_belief_create(const ambs_space *space, ambs_belief **ret_belief, ambs_error *err);
void ambs_belief_destroy(ambs_belief *b);

/* A uniform point u [d] of the unit cube becomes one of pi: each number by its inverse distribution
 * function, so that an even spread stays one. */
void ambs_belief_bend(const ambs_belief *b, double *u);
/* A feasible configuration from pi into ret_x [d]; false where none was found. */
bool ambs_belief_draw(ambs_belief *b, ambs_random *random, double *ret_x);
/* ln (pi(x) / max pi), at most 0. O(d). */
double ambs_belief_log(ambs_belief *b, const double *x);
/* A result y of the minimised metric, finite, at x [d]. The first 512 count. */
int ambs_belief_told(ambs_belief *b, const double *x, double y, ambs_error *err);
/* Brings the trust up to what was told. O(n log n) for n results since the last call. */
int ambs_belief_update(ambs_belief *b, ambs_error *err);
/* t, from 0 to 1. */
double ambs_belief_trust(const ambs_belief *b);
/* The value of a candidate whose ln (pi / max pi) is `log_pi`, where (beta / n) t is `power`. `mean`: the
 * value of what is certain to be as good as the mean of all results; not used for logarithms. An
 * increasing function of `value`. */
double ambs_belief_weigh(double value, double log_pi, double power, bool is_logarithm, double mean);

#endif
