/* SPDX-License-Identifier: MIT */
/* Where trials fail: the probability that one at x does not, learned from all that were told.
 *
 * A failed trial counts as the worst value in the model of the objective, which says that its place
 * is bad; it does not say that the next one beside it will be lost as well. So a forest is fitted to
 * 1 (a result came) and 0 (failed), whose mean is that probability P, and a candidate is worth what
 * it is expected to bring when a failure brings the worst value known:
 *     a'(x) = P(x) a(x) + (1 − P(x)) a(worst, certain),
 * for an acquisition function that is a logarithm a'(x) = a(x) + ln P(x). Where improvement is what
 * counts a(worst) = 0, and this is the expected constrained improvement of Schonlau, Welch and Jones
 * 1998; under LCB it is a penalty that grows with the range of the objective.
 *
 * Failures that have nothing to do with x (a flaky disk) teach nothing: as long as the forest does
 * not predict left-out trials better than their mean does, P is not used.
 *
 * Everything is a function of the order of tells; the maths is put off to the next use, so that a
 * record is restored without computing. No cost before the first failure. */
#ifndef AMBS_SEARCH_FEASIBILITY_H
#define AMBS_SEARCH_FEASIBILITY_H

#include "acquisition/acquisition.h"
#include "search/method.h"

typedef struct ambs_feasibility ambs_feasibility;

/* It is fitted anew after each tell up to `until` of them, beyond after so many new ones as
 * `growth` of the whole. */
int ambs_feasibility_create(const ambs_method_context *context, uint64_t until, double growth,
                            ambs_feasibility **ret_feasibility, ambs_error *err);
void ambs_feasibility_destroy(ambs_feasibility *f);
int ambs_feasibility_told(ambs_feasibility *f, uint64_t id, ambs_error *err);
/* A repeat has made a trial a failed one. */
void ambs_feasibility_failed_later(ambs_feasibility *f);

/* Brings it up to the log. *ret_usable is false where it has nothing to say. */
int ambs_feasibility_update(ambs_feasibility *f, bool *ret_usable, ambs_error *err);
/* P at x [m, d] into ret [m], which is valid until the next call. After an update that said true. */
int ambs_feasibility_predict(ambs_feasibility *f, size_t m, const double *x, const double **ret,
                             ambs_error *err);

#endif
