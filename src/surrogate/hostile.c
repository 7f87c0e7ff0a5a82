/* SPDX-License-Identifier: MIT */
/* A surrogate that misbehaves as told, to test what stands on it. Otherwise it predicts the mean
 * and sd of the rows it holds. */
#include <math.h>

#include "base/memory.h"
#include "surrogate/surrogate.h"

typedef struct options {
    long long fail_fit; /* 0: never */
    bool nan_sd;
    bool nan_mean;
} options;

static const ambs_option option_table[] = {
    {"fail_fit", AMBS_OPTION_INT, offsetof(options, fail_fit), "0", 0, 1e9, NULL,
     "which call of fit fails, counted from 1; 0: none"},
    {"nan_sd", AMBS_OPTION_BOOL, offsetof(options, nan_sd), "false", 0, 0, NULL,
     "every predicted sd is not a number"},
    {"nan_mean", AMBS_OPTION_BOOL, offsetof(options, nan_mean), "false", 0, 0, NULL,
     "every predicted mean is not a number"},
    {NULL},
};

typedef struct state {
    const options *options;
    long long n_fits;
    double mean, sd;
} state;

static int init(void *memory, const void *given, size_t p, const ambs_feature *features,
                uint64_t seed, ambs_error *err)
{
    (void)p, (void)features, (void)seed, (void)err;
    ((state *)memory)->options = given;
    return AMBS_OK;
}

static void fini(void *memory)
{
    (void)memory;
}

static int fit(void *memory, size_t n, const double *x, const double *y, uint64_t generation,
               ambs_error *err)
{
    (void)x, (void)generation;
    state *s = memory;
    if (++s->n_fits == s->options->fail_fit)
        return ambs_fail(err, AMBS_E_NUMERIC, "fit %lld fails as asked", s->n_fits);
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++) sum += y[i];
    s->mean = sum / (double)n;
    for (size_t i = 0; i < n; i++) squares += (y[i] - s->mean) * (y[i] - s->mean);
    s->sd = sqrt(squares / (double)n + 1e-10);
    return AMBS_OK;
}

static int predict(const void *memory, size_t m, const double *x, double *ret_mean, double *ret_sd,
                   ambs_error *err)
{
    (void)x, (void)err;
    const state *s = memory;
    for (size_t i = 0; i < m; i++) {
        ret_mean[i] = s->options->nan_mean ? NAN : s->mean;
        if (ret_sd) ret_sd[i] = s->options->nan_sd ? NAN : s->sd;
    }
    return AMBS_OK;
}

const ambs_surrogate_ops ambs_surrogate_hostile = {
    .member = {"hostile", "fails as told, for tests", option_table, sizeof(options),
               .for_tests = true},
    .encoding = AMBS_ENCODING_LEVELS,
    .state_size = sizeof(state),
    .init = init,
    .fini = fini,
    .fit = fit,
    .predict = predict,
};
