/* SPDX-License-Identifier: MIT */
/* A multivariate Parzen estimator over a space, in the unit cube: one product kernel per
 * configuration and the uniform prior as one more. What tree-structured Parzen estimators weigh
 * against each other (Bergstra, Bardenet, Bengio and Kegl 2011; the multivariate form: Falkner,
 * Klein and Hutter 2018, arXiv:1807.01774).
 *
 * A numeric parameter's factor is a normal density around the configuration's unit value, truncated
 * to [0, 1]; a categorical one's is the level seen with the prior's share spread over all. A
 * parameter that is inactive at the configuration has the prior's factor, so each kernel is a
 * density over the whole conditional space: drawing the parents first decides what is active. */
#ifndef AMBS_SURROGATE_PARZEN_H
#define AMBS_SURROGATE_PARZEN_H

#include "space/space.h"

typedef struct ambs_parzen ambs_parzen;

/* `space` is borrowed. */
int ambs_parzen_create(const ambs_space *space, ambs_parzen **ret_parzen, ambs_error *err);
void ambs_parzen_destroy(ambs_parzen *p);
/* n kernels at x [n] rows of d, with weights [n] > 0; the prior weighs 1. Copied. n may be 0. The
 * width of numeric factors is 0.2 (n + 1)^(-1 / (d + 4)), Scott's rule, and at least
 * 1 / min(100, n + 2). O(n d). */
int ambs_parzen_fit(ambs_parzen *p, size_t n, const double *const *x, const double *weights,
                    ambs_error *err);
/* A configuration drawn from the estimate; constraints are not looked at. O(d). */
void ambs_parzen_draw(const ambs_parzen *p, ambs_random *random, double *ret_x);
/* ln of the density at x [d]: per unit of the cube for numeric parameters, a probability for
 * categorical ones. O(n d). Work space inside is written: one thread at a time. */
double ambs_parzen_log_density(ambs_parzen *p, const double *x);

#endif
