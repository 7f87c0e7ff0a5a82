/* SPDX-License-Identifier: MIT */
/* Confidence bounds with pure exploration: GP-UCB-PE (Contal, Buffoni, Robicquet, Vayatis 2013,
 * arXiv:1304.5350), as asynchronous studies use it (Vizier: Song et al. 2024, arXiv:2408.11527).
 * An ask that comes with news, results since the ask before, takes the lower confidence bound,
 *     kappa sd(x) - mean(x);
 * one without news learns most where the model knows least, in the region that may hold the best:
 *     sd(x) - penalty max(0, mean(x) - region sd(x) - level),
 * where `level` is the predicted mean of that of the best trials whose bound, mean - kappa sd, is
 * least. A share of each kind of asks is of the other kind.
 *
 * mean is that of the results and sd counts the trials in flight, too: that is what a Gaussian
 * process predicts when its lies are its own means (`liar: model_mean`), which leave the mean where
 * it was. */
#include <math.h>

#include "acquisition/acquisition.h"

typedef struct options {
    double kappa, region, penalty, explore_with_news, explore_without_news;
} options;

#define FIELD(name) offsetof(options, name)

static const ambs_option option_table[] = {
    {"kappa", AMBS_OPTION_FLOAT, FIELD(kappa), "1.8", 0, 1e6, NULL,
     "how many standard deviations below the mean the bound is"},
    {"region", AMBS_OPTION_FLOAT, FIELD(region), "0.5", 0, 1e6, NULL,
     "the same for the bound that decides what is worth exploring"},
    {"penalty", AMBS_OPTION_FLOAT, FIELD(penalty), "10", 0, 1e6, NULL,
     "standard deviations that one unit outside of that region costs"},
    {"explore_with_news", AMBS_OPTION_FLOAT, FIELD(explore_with_news), "0.1", 0, 1, NULL,
     "share of the asks that explore although a result came since the last one"},
    {"explore_without_news", AMBS_OPTION_FLOAT, FIELD(explore_without_news), "0.75", 0, 1, NULL,
     "share of the asks that explore when none did"},
    {NULL},
};

/* The mean of the probe with the least bound; infinite without probes: everything is promising. */
static double level_of(const options *o, const ambs_acquisition_context *context)
{
    double least = INFINITY, level = INFINITY;
    for (size_t i = 0; i < context->n_probes; i++) {
        double bound = context->probe_mean[i] - o->kappa * context->probe_sd[i];
        if (!(bound < least)) continue;
        least = bound;
        level = context->probe_mean[i];
    }
    return level;
}

static void prepare(const void *given, ambs_random *random, ambs_acquisition_context *context)
{
    const options *o = given;
    double share = context->n_news > 0 ? o->explore_with_news : o->explore_without_news;
    context->parameter = o->kappa;
    context->explores = ambs_random_uniform(random) < share;
    context->level = level_of(o, context);
}

static double excess(const options *o, const ambs_acquisition_context *context, double mean,
                     double sd)
{
    return mean - o->region * sd - context->level;
}

static void evaluate(const void *given, const ambs_acquisition_context *context, size_t m,
                     const double *mean, const double *sd, double *ret_value)
{
    const options *o = given;
    for (size_t i = 0; i < m; i++)
        ret_value[i] = context->explores
                           ? sd[i] - o->penalty * fmax(0, excess(o, context, mean[i], sd[i]))
                           : context->parameter * sd[i] - mean[i];
}

static void ascend(const void *given, const ambs_acquisition_context *context, size_t m,
                   const double *mean, const double *sd, double *ret_value, double *ret_by_mean,
                   double *ret_by_sd)
{
    const options *o = given;
    evaluate(given, context, m, mean, sd, ret_value);
    for (size_t i = 0; i < m; i++) {
        bool outside = excess(o, context, mean[i], sd[i]) > 0;
        double penalty = outside ? o->penalty : 0;
        ret_by_mean[i] = context->explores ? -penalty : -1;
        ret_by_sd[i] = context->explores ? 1 + penalty * o->region : context->parameter;
    }
}

const ambs_acquisition_ops ambs_acquisition_ucb_pe = {
    .member = {"ucb_pe", "confidence bound, and exploration where the best may be", option_table,
               sizeof(options)},
    .n_probes = AMBS_ACQUISITION_LEADERS,
    .prepare = prepare,
    .evaluate = evaluate,
    .ascend = ascend,
};
