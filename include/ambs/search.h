/* SPDX-License-Identifier: MIT */
/* Ask and tell: the search behind `ambs run` and `ambs serve`, without MPI, files, clock or
 * threads.
 *
 * A search consumes one ordered log of operations (ask, tell, cancel) and nothing else. The same
 * log gives the same proposals bit for bit (for the same build, BLAS kernel and thread count).
 * Objectives are in the user's direction at this interface.
 *
 * A call that fails leaves no trace, but for AMBS_E_NOMEM: where memory ran out in the middle of a
 * change every later call says so, and the record restores the search.
 *
 * Not thread-safe: one thread at a time. */
#ifndef AMBS_SEARCH_H
#define AMBS_SEARCH_H

#include "ambs/space.h"
#include "ambs/study.h"
#include "ambs/trial.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ambs_search ambs_search;

/* How a proposal was made: the columns of /proposals. */
typedef enum ambs_origin {
    AMBS_ORIGIN_POINT = 0,   /* the user's own point */
    AMBS_ORIGIN_DEFAULT = 1, /* the default configuration */
    AMBS_ORIGIN_DESIGN = 2,  /* initial design, grid, Sobol sequence */
    AMBS_ORIGIN_RANDOM = 3,  /* random, by the method or interleaved */
    AMBS_ORIGIN_MODEL = 4,   /* the acquisition function's maximiser */
    AMBS_ORIGIN_OWN = 5,     /* told by the caller without being asked for */
    AMBS_ORIGIN_ENQUEUED = 6 /* the user's own point, given while the study ran */
} ambs_origin;

typedef struct ambs_proposal {
    uint64_t trial; /* ids count from 0 in the order they are made */
    uint32_t
        repeat; /* 0: a new trial. Else (only where the study has `repeats`) an earlier one is to
                        be evaluated once more: its evaluation number `repeat`, with random numbers
                        of its own; x is that trial's, mean, sd, acquisition and lie are NaN. */
    ambs_origin origin;
    double mean, sd;    /* predicted, in the user's metric (back-transformed where the surrogate
                           works on transformed values); NaN without a model */
    double acquisition; /* value of the acquisition function at x (higher is better); NaN */
    double lie;      /* told to the surrogate for this trial, on the surrogate's own scale; NaN */
    uint64_t n_told; /* results known when it was made */
    uint64_t n_lies; /* lies held when it was made */
    bool refitted;   /* results since the last ask had the surrogate fitted anew for this one */
    double *x;       /* [d], the caller's memory: filled by ask */
} ambs_proposal;

/* `spec` is borrowed and outlives the search. */
AMBS_API int ambs_search_create(const ambs_spec *spec, ambs_search **ret_search, ambs_error *err);
AMBS_API void ambs_search_destroy(ambs_search *search);

/* Makes the next proposal; the surrogate holds its lie from now on. AMBS_E_EXHAUSTED when every
 * configuration was proposed, AMBS_E_INFEASIBLE when none can be found. Where the study has
 * `repeats`, the proposal may be a further evaluation of an earlier trial; AMBS_E_AGAIN when what
 * comes next hangs on an evaluation in flight: ask again after the next tell; AMBS_E_EXHAUSTED also
 * when what is left of `budget.trials` (evaluations) is too little for another configuration. */
AMBS_API int ambs_search_ask(ambs_search *search, ambs_proposal *ret_proposal, ambs_error *err);
/* The truth for a trial: replaces its lie. COMPLETE, PRUNED or FAILED; a complete outcome whose
 * objective is not finite counts as failed. Where the study has several metrics, `objective` is the
 * first one's value and `metrics` holds the others' by their names; a complete outcome without one
 * of them counts as failed, too. AMBS_E_NOT_FOUND for an unknown trial, AMBS_E_INVALID
 * when it was told or cancelled before. For a repeat, how that evaluation ended: the trial's value
 * is the mean of those that succeeded, and it has failed once no more of them succeeded than
 * failed. */
AMBS_API int ambs_search_tell(ambs_search *search, uint64_t trial, const ambs_outcome *outcome,
                              ambs_error *err);
/* A configuration x [d] of the caller's own with its outcome; gets the next id. AMBS_E_INVALID when
 * x is not in the space or is known already (the text names the trial). */
AMBS_API int ambs_search_tell_own(ambs_search *search, const double *x, const ambs_outcome *outcome,
                                  uint64_t *ret_trial, ambs_error *err);
/* A configuration x [d] (copied) that is to be tried soon: the next ask proposes it, with the origin
 * AMBS_ORIGIN_ENQUEUED, after those enqueued before it; the record of that proposal is all that a
 * log needs of it. One that was proposed by other ways until then is passed over. AMBS_E_INVALID
 * when x is not in the space, is known already (the text names the trial), or waits already. */
AMBS_API int ambs_search_enqueue(ambs_search *search, const double *x, ambs_error *err);
/* A step report of a running trial. */
AMBS_API int ambs_search_report(ambs_search *search, uint64_t trial, long long step, double value,
                                ambs_decision *ret_decision, ambs_error *err);
/* The trial will not be evaluated: its lie goes, its configuration may be proposed again (one of
 * the user, enqueued or not, of the design or of a grid is the next proposal, under a new id). Of a
 * repeat only this evaluation is withdrawn, and its number does not come again. AMBS_E_NOT_FOUND,
 * AMBS_E_INVALID as for tell. */
AMBS_API int ambs_search_cancel(ambs_search *search, uint64_t trial, ambs_error *err);
/* The best complete trial, by the first metric where there are several, the first told of equals:
 * AMBS_E_NOT_FOUND when there is none. ret_x [d]. Where the study has `repeats`, the one whose mean
 * is still the best when it is made worse by its standard error (so that one lucky value does not
 * win), among those with `repeats.min` evaluations (two in a race) if there are any; its objective
 * is the mean. */
AMBS_API int ambs_search_best(const ambs_search *search, uint64_t *ret_trial, double *ret_objective,
                              double *ret_x, ambs_error *err);

/* The complete trials that no other one beats: that is nowhere worse and somewhere better. By the
 * first metric, best first; with one metric the best and its equals. *ret_trials is the caller's to
 * free(); *ret_n may be 0. O(n log n) for two metrics, O(n k) for more and a front of k. */
AMBS_API int ambs_search_front(const ambs_search *search, uint64_t **ret_trials, size_t *ret_n,
                               ambs_error *err);
/* What is known of a trial: the metrics [ambs_spec_n_metrics()] as the user's, NaN where it has none
 * (in flight, failed), and x [d]. AMBS_E_NOT_FOUND for an unknown one. */
AMBS_API int ambs_search_trial(const ambs_search *search, uint64_t trial, double *ret_metrics,
                               double *ret_x, ambs_error *err);

/* What the evaluations of a trial say: how many have a value, their mean, and half of the interval
 * around it that holds the true mean with `repeats.confidence` (Student's t with the spread that all
 * repeated trials have in common); NaN where there is none yet. AMBS_E_NOT_FOUND for an unknown
 * trial. Without `repeats` n is 1 or 0. O(trials). */
AMBS_API int ambs_search_evaluations(const ambs_search *search, uint64_t trial, uint64_t *ret_n,
                                     double *ret_mean, double *ret_reach, ambs_error *err);

/* The complete trial that the model expects the least of (the greatest, where the goal is to
 * maximise), with the mean and the standard deviation of what it expects, in the metric's unit: the
 * one to use where the metric is noisy, since the best observed value is the luckiest too. ret_x
 * [d]. Brings the model up to what was told, as the next ask would. AMBS_E_NOT_FOUND when there is
 * no model (yet, or in this method), when it breaks down, or where there are several metrics. Cost: a fit and a prediction per
 * trial. */
AMBS_API int ambs_search_best_by_model(ambs_search *search, uint64_t *ret_trial, double *ret_mean,
                                       double *ret_sd, double *ret_x, ambs_error *err);

/* asked, told, cancelled and in_flight count evaluations, the others trials. */
typedef struct ambs_search_counts {
    uint64_t asked, told, complete, failed, pruned, cancelled, in_flight;
    uint64_t queued; /* enqueued and not yet proposed */
} ambs_search_counts;
AMBS_API void ambs_search_counts_get(const ambs_search *search, ambs_search_counts *ret_counts);

/* Resume: the same effect on the search as the ask that made `proposal` (as recorded) and the same
 * effect as the tells and cancels that followed, without computing. After it the next ask gives the
 * same bits as if the study had never stopped. Feed the recorded log in its order: restore_ask for
 * asks, tell, tell_own and cancel for the rest; step reports and enqueues need not be repeated. Cost: O(d) per
 * operation, and the constants of the objective's transform as often as the live search took them;
 * the surrogate is fitted once, at the next ask. AMBS_E_MISMATCH where the record cannot be of this
 * study. */
AMBS_API int ambs_search_restore_ask(ambs_search *search, const ambs_proposal *proposal,
                                     ambs_error *err);

#ifdef __cplusplus
}
#endif
#endif
