/* SPDX-License-Identifier: MIT */
/* The search for a front, where a study has several goals: a model of each, and what a candidate is
 * worth by all their predictions together.
 *
 * The models are those of arm.h, once for each goal: the same surrogates take turns at the same asks,
 * each with the transform of its own goal, and each holds a lie for every trial in flight. The lies are
 * derived from the log (ambs_model_settings.derives_lies), so a record needs none of them.
 *
 * What a candidate is worth is measured on the surrogates' scale against the front of all results and
 * of what the models expect of the trials in flight (Kriging believer: what is being looked at counts
 * as found, so that the next proposal goes elsewhere). Transforms increase, so the front is the same
 * on every scale; how much weight its parts have is not, and the arms differ in it. */
#ifndef AMBS_SEARCH_PARETO_H
#define AMBS_SEARCH_PARETO_H

#include "acquisition/acquisition.h"
#include "acquisition/ehvi.h"
#include "acquisition/maximiser.h"
#include "search/arm.h"

typedef struct ambs_pareto {
    ambs_method_context context;
    size_t m;         /* goals; 0: the study has one metric, and nothing here is used */
    ambs_arms *first; /* of the first goal: the method's own */
    ambs_arms *more;  /* [m - 1] */
    uint64_t *front;  /* [n_front] trials that no other result dominates */
    size_t n_front, front_capacity;
    double *worst; /* [m] of all results */
    /* of one ask */
    size_t arm;
    double parameter; /* kappa or xi */
    double *y;        /* [n_y, m] front and trials in flight, on the surrogates' scale */
    size_t n_y, y_capacity;
    double *reference, *ideal, *weight; /* [m] */
    ambs_ehvi ehvi;
    double *mean, *sd; /* work space [m, BLOCK] */
    double *slopes;    /* [m, 2, AMBS_SURROGATE_MAX_CLIMBS, p] */
    size_t slopes_capacity;
} ambs_pareto;

/* The acquisition function that several goals need; NULL: there is one. */
const char *ambs_pareto_acquisition(const ambs_spec *spec);
/* That it is that one. */
int ambs_pareto_check(const ambs_spec *spec, const ambs_chosen *acquisition, ambs_error *err);
/* ", a model of each metric; …": for `ambs check`. */
void ambs_pareto_describe(const ambs_spec *spec, ambs_text *out);

/* `first` are the arms of goal 0, made with the same settings. Everything is borrowed. On failure
 * ambs_pareto_fini() is due, too. */
int ambs_pareto_init(ambs_pareto *p, const ambs_method_context *context, ambs_arms *first,
                     const ambs_arms_settings *settings, ambs_error *err);
void ambs_pareto_fini(ambs_pareto *p);

/* The log, for the models of all goals but the first. */
int ambs_pareto_asked(ambs_pareto *p, uint64_t id, double lie, ambs_error *err);
int ambs_pareto_told(ambs_pareto *p, uint64_t id, ambs_error *err);
int ambs_pareto_cancelled(ambs_pareto *p, uint64_t id, ambs_error *err);

/* Brings the models of arm `arm` up to the log: of all goals but the first. AMBS_E_NUMERIC where one
 * breaks down. */
int ambs_pareto_update(ambs_pareto *p, size_t arm, ambs_error *err);
/* Takes the front for one ask, whose stream gives the weights. After an update that was well. */
int ambs_pareto_prepare(ambs_pareto *p, size_t arm, double parameter, ambs_random *random,
                        ambs_error *err);
/* Starts of local searches: up to n configurations of the front, at random where there are more. */
size_t ambs_pareto_starts(const ambs_pareto *p, size_t n, ambs_random *random,
                          const double **ret_starts);
/* What a trial is worth that is certain to be the worst known in all goals, as a failed one, or the
 * mean of the results in all of them. */
double ambs_pareto_certain(ambs_pareto *p, bool at_worst);
/* For the maximiser. */
ambs_joint ambs_pareto_joint(ambs_pareto *p);

#endif
