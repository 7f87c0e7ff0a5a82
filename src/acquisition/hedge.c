/* SPDX-License-Identifier: MIT */
/* A portfolio of acquisition functions, one of which decides each ask: lcb, ei or pi, chosen at
 * random with probabilities that grow with what each one's proposals have brought. GP-Hedge
 * (Hoffman, Brochu, de Freitas 2011, arXiv:1009.5419), which DeepHyper's gp_hedge follows, lets all
 * of them nominate a point at each ask and rewards every nominee by the model's mean there. Here
 * only the function that was chosen is rewarded, by the result of its trial, as Exp3 does (Auer et
 * al. 2002, doi:10.1137/S0097539701398375): so an ask costs one maximisation, and the gains are a
 * function of the log that a resume restores without computing.
 *
 * A result's reward r is the share of the last 256 results that it beats (half of those it ties
 * with; 1/2 for the first, 0 for a failure). With p the probability that its function was chosen
 * with, the gain grows by (r - 1/2) / p: its expectation does not depend on p. */
#include "acquisition/hedge.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"

extern const ambs_acquisition_ops ambs_acquisition_lcb, ambs_acquisition_ei, ambs_acquisition_pi;

/* What these evaluate depends on the context alone. */
static const ambs_acquisition_ops *const members[AMBS_HEDGE_MEMBERS] = {
    &ambs_acquisition_lcb, &ambs_acquisition_ei, &ambs_acquisition_pi};

#define FIELD(name) offsetof(ambs_hedge_options, name)

static const ambs_option option_table[] = {
    {"eta", AMBS_OPTION_FLOAT, FIELD(eta), "0.1", 0, 1e3, NULL,
     "how strongly gains bear on the choice; 0: all are as likely"},
    {"mix", AMBS_OPTION_FLOAT, FIELD(mix), "0.1", 1e-3, 1, NULL,
     "share of the asks whose function is chosen without regard to gains"},
    {"kappa", AMBS_OPTION_FLOAT, FIELD(kappa), "1", 0, 1e6, NULL,
     "how many standard deviations below the mean the confidence bound is"},
    {"xi", AMBS_OPTION_FLOAT, FIELD(xi), "0", 0, 1e300, NULL,
     "by how much an improvement must beat the best value, on the surrogate's scale"},
    {NULL},
};

void ambs_hedge_probabilities(const ambs_hedge *h, const ambs_hedge_options *o,
                              double ret[AMBS_HEDGE_MEMBERS])
{
    double most = h->gain[0], sum = 0;
    for (size_t k = 1; k < AMBS_HEDGE_MEMBERS; k++) most = fmax(most, h->gain[k]);
    for (size_t k = 0; k < AMBS_HEDGE_MEMBERS; k++)
        sum += ret[k] = exp(o->eta * (h->gain[k] - most));
    for (size_t k = 0; k < AMBS_HEDGE_MEMBERS; k++)
        ret[k] = (1 - o->mix) * ret[k] / sum + o->mix / AMBS_HEDGE_MEMBERS;
}

/* Who decides a trial: a function of the gains and the trial's own stream. */
static ambs_hedge_decision decide(const ambs_hedge *h, const ambs_hedge_options *o, uint64_t seed,
                                  uint64_t trial)
{
    double p[AMBS_HEDGE_MEMBERS];
    ambs_random random;
    ambs_hedge_probabilities(h, o, p);
    ambs_random_init(&random, seed, trial, AMBS_PURPOSE_HEDGE);
    double u = ambs_random_uniform(&random);
    size_t k = 0;
    for (; k + 1 < AMBS_HEDGE_MEMBERS && u >= p[k]; k++) u -= p[k];
    return (ambs_hedge_decision){k, p[k]};
}

static void prepare(const void *given, ambs_random *random, ambs_acquisition_context *context)
{
    (void)random;
    const ambs_hedge_options *o = given;
    static const ambs_hedge nothing_known;
    const ambs_hedge *h = context->state ? context->state : &nothing_known;
    context->choice = decide(h, o, context->seed, context->trial).member;
    context->parameter = context->choice == 0 ? o->kappa : o->xi;
}

static int asked(void *state, const void *given, uint64_t seed, uint64_t trial, ambs_error *err)
{
    ambs_hedge *h = state;
    int rc = ambs_reserve(&h->decided, &h->capacity, (size_t)trial + 1, sizeof *h->decided, err);
    if (rc != AMBS_OK) return rc;
    for (; h->n_trials <= trial; h->n_trials++)
        h->decided[h->n_trials] = (ambs_hedge_decision){0, 0};
    h->decided[trial] = decide(h, given, seed, trial);
    return AMBS_OK;
}

static double reward(const ambs_hedge *h, double y)
{
    size_t n = h->n_told < AMBS_HEDGE_WINDOW ? h->n_told : AMBS_HEDGE_WINDOW;
    double beaten = 0;
    for (size_t i = 0; i < n; i++) beaten += y < h->recent[i] ? 1 : y == h->recent[i] ? 0.5 : 0;
    return y == INFINITY ? 0 : n > 0 ? beaten / (double)n : 0.5;
}

static void told(void *state, uint64_t trial, double y)
{
    ambs_hedge *h = state;
    const ambs_hedge_decision *by = trial < h->n_trials ? &h->decided[trial] : NULL;
    if (by && by->probability > 0) h->gain[by->member] += (reward(h, y) - 0.5) / by->probability;
    h->recent[h->n_told++ % AMBS_HEDGE_WINDOW] = y;
}

static void fini(void *state)
{
    free(((ambs_hedge *)state)->decided);
}

static void evaluate(const void *given, const ambs_acquisition_context *context, size_t m,
                     const double *mean, const double *sd, double *ret_value)
{
    members[context->choice]->evaluate(given, context, m, mean, sd, ret_value);
}

static void ascend(const void *given, const ambs_acquisition_context *context, size_t m,
                   const double *mean, const double *sd, double *ret_value, double *ret_by_mean,
                   double *ret_by_sd)
{
    members[context->choice]->ascend(given, context, m, mean, sd, ret_value, ret_by_mean,
                                     ret_by_sd);
}

const ambs_acquisition_ops ambs_acquisition_hedge = {
    .member = {"hedge", "lcb, ei or pi, chosen by what their proposals brought", option_table,
               sizeof(ambs_hedge_options)},
    .state_size = sizeof(ambs_hedge),
    .prepare = prepare,
    .evaluate = evaluate,
    .ascend = ascend,
    .asked = asked,
    .told = told,
    .fini = fini,
};
