/* SPDX-License-Identifier: MIT */
/* The point of a space where an acquisition function is largest: random candidates, then local
 * search: by exchanges of one parameter, or, where surrogate and acquisition function are smooth,
 * along the slopes in the numeric parameters and by exchanges in those of few values. */
#ifndef AMBS_ACQUISITION_MAXIMISER_H
#define AMBS_ACQUISITION_MAXIMISER_H

#include "acquisition/acquisition.h"
#include "surrogate/surrogate.h"

typedef struct ambs_maximiser_settings {
    size_t n_candidates; /* that are evaluated; a space that has no more members is enumerated */
    size_t n_climbs;     /* local searches from the best of them, beside those from the starts */
    size_t n_rounds;     /* of exchanges, at most */
    size_t n_screened;   /* random ones, or members enumerated, of which the best n_candidates are
                            evaluated, where the surrogate can screen; at least n_candidates */
} ambs_maximiser_settings;

/* What a candidate is worth by several surrogates of one kind together, in the place of one surrogate
 * and its acquisition function. */
typedef struct ambs_joint {
    void *of;
    /* Value [n] of x [n, d], with mean and sd [n] of the first of them. With `bound` the sds may be
     * bounds that are cheaper to tell (ambs_surrogate_screen), and the value is one then. */
    int (*values)(void *of, bool bound, size_t n, const double *x, double *ret_mean, double *ret_sd,
                  double *ret_value, ambs_error *err);
    /* An increasing function of the value and its derivatives [n, p] at rows [n, p] of features, n <=
     * AMBS_SURROGATE_MAX_CLIMBS; only where the surrogate is smooth. */
    int (*ascend)(void *of, size_t n, const double *rows, double *ret_value, double *ret_slopes,
                  ambs_error *err);
} ambs_joint;

/* What is maximised. All is borrowed for the call. */
typedef struct ambs_maximiser_problem {
    ambs_surrogate *surrogate;
    const ambs_acquisition_ops *acquisition;
    const void *options; /* the acquisition function's */
    const ambs_acquisition_context *context;
    const double *const *starts; /* [n_starts] rows, the best observed configurations */
    size_t n_starts;
    bool (*is_taken)(const void *of, const double *x); /* never returned, but climbed through */
    const void *taken_of;
    /* What else bears on the values [m] of x [m, d], an increasing function of each; NULL: nothing
     * does. Slopes are climbed without it. */
    int (*adjust)(void *of, size_t m, const double *x, double *value, ambs_error *err);
    void *adjust_of;
    const ambs_joint
        *joint; /* in the place of surrogate and acquisition function; NULL: they decide */
} ambs_maximiser_problem;

typedef struct ambs_maximiser ambs_maximiser;

/* Work space for one space and settings; `space` is borrowed. At most `max_starts` starts. */
int ambs_maximiser_create(const ambs_space *space, const ambs_maximiser_settings *settings,
                          size_t max_starts, ambs_maximiser **ret_maximiser, ambs_error *err);
void ambs_maximiser_destroy(ambs_maximiser *m);

/* The best configuration found that is feasible and not taken: ret_x [d], its acquisition value,
 * mean and sd. *ret_found is false when all that was looked at was taken. Local, deterministic by
 * `random`. Cost: n_candidates + n_rounds (n_climbs + n_starts) (2 d + levels) predictions at most;
 * by slopes n_screened looks, n_candidates predictions, some 20 gradients of ten climbs, and those
 * exchanges that promise something. */
int ambs_maximiser_run(ambs_maximiser *m, const ambs_maximiser_problem *problem,
                       ambs_random *random, double *ret_x, double *ret_value, double *ret_mean,
                       double *ret_sd, bool *ret_found, ambs_error *err);
/* What one configuration x [d] is worth, unadjusted, and its mean and sd. */
int ambs_maximiser_value(ambs_maximiser *m, const ambs_maximiser_problem *problem, const double *x,
                         double *ret_value, double *ret_mean, double *ret_sd, ambs_error *err);

#endif
