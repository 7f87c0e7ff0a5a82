/* SPDX-License-Identifier: MIT */
/* Acquisition functions: what a candidate is worth, from its predicted mean and sd. Minimisation
 * inside; higher acquisition is better. One file each. */
#ifndef AMBS_ACQUISITION_ACQUISITION_H
#define AMBS_ACQUISITION_ACQUISITION_H

#include "base/option.h"
#include "base/random.h"

/* What an acquisition function may know of the ask. */
typedef struct ambs_acquisition_context {
    double best;  /* least y known (true values only), on the surrogate's scale */
    uint64_t ask; /* how many model-based asks came before this one */
    uint64_t n_told, n_lies;
    uint64_t n_news; /* results that came since the last of them */
    size_t n_probes; /* places where mean and sd are told to a member that wants them: */
    const double *probe_mean, *probe_sd; /* [n_probes] */
    const void *state;                   /* of a member that has one */
    uint64_t seed, trial;
    /* Set once per ask by prepare(): */
    double parameter; /* kappa of LCB, xi of EI */
    bool explores;    /* UCB-PE: this ask is pure exploration, */
    double level;     /* of what may reach this value */
    size_t choice;    /* hedge: which function decides */
} ambs_acquisition_context;

#define AMBS_ACQUISITION_LEADERS 10

typedef struct ambs_acquisition_ops {
    ambs_member member;
    bool is_logarithm; /* a factor of what a candidate is worth is a summand of the value */
    /* What is maximised is a function drawn from the surrogate: `mean` below is its value, and sd
     * is 0. */
    bool draws;
    size_t n_probes; /* prepare() is told mean and sd of the best trials (at most
                        AMBS_ACQUISITION_LEADERS), then of random members of the space, so many in
                        all; 0: of none */
    /* Once per ask: sets the last fields of the context from the options, the others and the ask's
     * own stream. NULL: they are not used. */
    void (*prepare)(const void *options, ambs_random *random, ambs_acquisition_context *context);
    /* ret_value [m] from mean [m], sd [m]. */
    void (*evaluate)(const void *options, const ambs_acquisition_context *context, size_t m,
                     const double *mean, const double *sd, double *ret_value);
    /* What is climbed where mean and sd have slopes: an increasing function of evaluate()'s value
     * that does not underflow, and its derivatives by mean and sd, all [m]; sd > 0. NULL: there are
     * none, climbs go by exchanges. */
    void (*ascend)(const void *options, const ambs_acquisition_context *context, size_t m,
                   const double *mean, const double *sd, double *ret_value, double *ret_by_mean,
                   double *ret_by_sd);
    /* A member that learns what its proposals bring has a state of state_size bytes, zeroed at first,
     * which is a function of the order of these calls alone; a resume repeats them. It decided the
     * trial; a trial, its own or another, was told, y minimised, INFINITY where there is none. */
    size_t state_size;
    int (*asked)(void *state, const void *options, uint64_t seed, uint64_t trial, ambs_error *err);
    void (*told)(void *state, uint64_t trial, double y);
    void (*fini)(void *state);
} ambs_acquisition_ops;

extern const ambs_acquisition_ops *const ambs_acquisition_registry[];
/* The member called `name`; AMBS_E_NOT_FOUND lists the known ones. */
int ambs_acquisition_find(const char *name, const ambs_acquisition_ops **ret_ops, ambs_error *err);

#endif
