/* SPDX-License-Identifier: MIT */
/* The lower confidence bound LCB(x) = mean(x) - kappa sd(x) of a minimised objective (Cox and John
 * 1992; Srinivas et al. 2010, arXiv:0912.3995), negated: higher is better.
 *
 * kappa of one ask: the option; or decaying from it to `decay_floor` over `decay_period` asks and
 * starting again, kappa (floor / kappa)^((t mod period) / period); then, where `random` is set,
 * drawn from the exponential distribution with that mean, which spreads the proposals that are
 * asked for at one time (qUCB; Egele et al. 2023, doi:10.1109/e-Science58273.2023.10254874). */
#include <math.h>

#include "acquisition/acquisition.h"

enum { DECAY_NONE, DECAY_PERIODIC };

typedef struct options {
    double kappa;
    int decay;
    double decay_floor;
    long long decay_period;
    bool random;
} options;

static const char *const decays[] = {"none", "periodic", NULL};

static const ambs_option option_table[] = {
    {"kappa", AMBS_OPTION_FLOAT, offsetof(options, kappa), "1", 0, 1e6, NULL,
     "how many standard deviations below the mean; 0 does not explore, 1.96 is the paper's"},
    {"decay", AMBS_OPTION_CHOICE, offsetof(options, decay), "none", 0, 0, decays,
     "periodic: kappa falls exponentially to decay_floor and starts again"},
    {"decay_floor", AMBS_OPTION_FLOAT, offsetof(options, decay_floor), "0.01", 1e-12, 1e6, NULL,
     "where a periodic decay would end"},
    {"decay_period", AMBS_OPTION_INT, offsetof(options, decay_period), "10", 1, 1e9, NULL,
     "asks by the model from one start of the decay to the next"},
    {"random", AMBS_OPTION_BOOL, offsetof(options, random), "false", 0, 0, NULL,
     "each ask draws its kappa from an exponential distribution with this mean"},
    {NULL},
};

static void prepare(const void *given, ambs_random *random, ambs_acquisition_context *context)
{
    const options *o = given;
    double kappa = o->kappa;
    if (o->decay == DECAY_PERIODIC && kappa > o->decay_floor) {
        uint64_t period = (uint64_t)o->decay_period;
        kappa *= pow(o->decay_floor / kappa, (double)(context->ask % period) / (double)period);
    }
    context->parameter = o->random ? kappa * ambs_random_exponential(random) : kappa;
}

static void evaluate(const void *given, const ambs_acquisition_context *context, size_t m,
                     const double *mean, const double *sd, double *ret_value)
{
    (void)given;
    for (size_t i = 0; i < m; i++) ret_value[i] = context->parameter * sd[i] - mean[i];
}

static void ascend(const void *given, const ambs_acquisition_context *context, size_t m,
                   const double *mean, const double *sd, double *ret_value, double *ret_by_mean,
                   double *ret_by_sd)
{
    evaluate(given, context, m, mean, sd, ret_value);
    for (size_t i = 0; i < m; i++) {
        ret_by_mean[i] = -1;
        ret_by_sd[i] = context->parameter;
    }
}

const ambs_acquisition_ops ambs_acquisition_lcb = {
    .member = {"lcb", "lower confidence bound, mean - kappa sd", option_table, sizeof(options)},
    .prepare = prepare,
    .evaluate = evaluate,
    .ascend = ascend,
};
