/* SPDX-License-Identifier: MIT */
/* Search methods: how the next configuration is chosen. The generic driver (src/search/search.c,
 * behind include/ambs/search.h) owns the trials, the exact exclusion of seen and pending
 * configurations, the initial points, constraints, direction and failures; a method holds only its
 * own idea. */
#ifndef AMBS_SEARCH_METHOD_H
#define AMBS_SEARCH_METHOD_H

#include "ambs/search.h"
#include "base/option.h"
#include "study/spec.h"

/* One trial as a method sees it. */
typedef struct ambs_known {
    ambs_trial_state state; /* WAITING: in flight; else COMPLETE, PRUNED, FAILED, CANCELLED (also
                               while a repeat is in flight) */
    ambs_origin origin;
    uint32_t n;      /* evaluations that y is the mean of; 0: none */
    double squares;  /* the sum of their squared deviations from it */
    double y;        /* objective, minimised, finite; NaN where there is none: in flight, failed,
                        cancelled, pruned without a value */
    double lie;      /* on the surrogate's scale, NaN when none is held */
    const double *x; /* [d] */
    const double *goals; /* [g] where the study has several: minimised, y is the first; NaN as y */
} ambs_known;

/* What the driver lends to a method. Valid for the method's life; what trial() returns until the
 * next trial is made. */
typedef struct ambs_method_context {
    const ambs_spec *spec;
    const ambs_space *space;
    const void *options;
    const ambs_known *(*trial)(const struct ambs_search *search, uint64_t id);
    uint64_t (*n_trials)(const struct ambs_search *search);
    /* True where x [d] was proposed or told before and is not cancelled. */
    bool (*is_taken)(const struct ambs_search *search, const double *x);
    const struct ambs_search *search;
} ambs_method_context;

struct ambs_gp_engine;

typedef struct ambs_method_ops {
    ambs_member member;
    size_t state_size;
    /* The default configuration comes first where the user gave any default. */
    bool begins_with_default;
    bool heeds_priors; /* of parameters, and earlier studies; where false, only the default follows
                          priors, and only the best of earlier studies are tried */
    /* It may serve a study with several goals: by its own means, or since it looks at no result. */
    bool several_goals;
    int (*init)(void *state, const ambs_method_context *context, ambs_error *err);
    void (*fini)(void *state);
    /* The options stand at the table's defaults: sets what depends on the study, before the user's
     * own settings. May be NULL. */
    int (*preset)(const ambs_spec *spec, void *options, ambs_error *err);
    /* The study file is checked before it runs: a grid that explodes, a design beyond its
     * dimension. May be NULL. */
    int (*check)(const ambs_spec *spec, const void *options, ambs_error *err);
    /* One line for `ambs check` of what the method will do in this study, where there is something
     * to say ("a grid of 1200 configurations"). May be NULL. */
    void (*describe)(const ambs_spec *spec, const void *options, ambs_text *out);
    /* Chooses x for trial `id` (its id keys the random streams); fills origin, mean, sd,
     * acquisition, lie (all but origin NaN before) and may correct n_lies. AMBS_E_EXHAUSTED when it
     * has no further. Never returns a taken or forbidden x. An ask that fails changes nothing that
     * a later ask could notice. */
    int (*ask)(void *state, uint64_t id, ambs_proposal *ret, ambs_error *err);
    /* The driver chose x itself (a user's point, the default, a cancelled one again): fills mean,
     * sd, acquisition and lie as ask does. NULL: nothing to do. */
    int (*adopt)(void *state, uint64_t id, ambs_proposal *ret, ambs_error *err);
    /* The effect of ask (`adopted` false) or adopt without computing (resume); NULL: nothing to do.
     */
    int (*restore)(void *state, const ambs_proposal *proposal, bool adopted, ambs_error *err);
    /* A trial was told, told as the caller's own, or cancelled: the driver's record is updated
     * already. */
    int (*tell)(void *state, uint64_t id, ambs_error *err);
    /* A repeat of a trial was told: y in the driver's record is another mean now, or none (the trial
     * has failed). NULL: the method keeps no copy of what it was told. */
    int (*tell_again)(void *state, uint64_t id, ambs_error *err);
    int (*cancel)(void *state, uint64_t id, ambs_error *err);
    /* The complete trial with the least predicted mean; mean and sd in the user's metric.
     * AMBS_E_NOT_FOUND without a usable model. Must not change what a later ask proposes. NULL:
     * there is no model. */
    int (*best_by_model)(void *state, uint64_t *ret_trial, double *ret_mean, double *ret_sd,
                         ambs_error *err);
    /* Before the first ask: who may compute for its models (surrogate/gp_engine.h), borrowed. NULL:
     * it has none that could use one. */
    void (*use_engine)(void *state, const struct ambs_gp_engine *engine);
    /* Whether with these options it would. */
    bool (*takes_engine)(const void *options);
    /* A step report; NULL: continue. */
    ambs_decision (*report)(void *state, uint64_t id, long long step, double value);
} ambs_method_ops;

extern const ambs_method_ops *const ambs_method_registry[];

/* Hands an engine to the search's method, before the first ask. It changes no more than the last bits of
 * proposals, so the log needs not know of it. */
void ambs_search_use_engine(ambs_search *search, const struct ambs_gp_engine *engine);

#endif
