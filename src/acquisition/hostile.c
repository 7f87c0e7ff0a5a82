/* SPDX-License-Identifier: MIT */
/* An acquisition function that misbehaves as told, to test what stands on it. */
#include <math.h>

#include "acquisition/acquisition.h"

enum { GIVES_NAN, GIVES_INFINITY, GIVES_MINUS_INFINITY, GIVES_EQUAL };

typedef struct options {
    int gives;
    long long every;
} options;

static const char *const gifts[] = {"nan", "infinity", "minus_infinity", "equal", NULL};

static const ambs_option option_table[] = {
    {"gives", AMBS_OPTION_CHOICE, offsetof(options, gives), "nan", 0, 0, gifts,
     "the value of the candidates that are hit"},
    {"every", AMBS_OPTION_INT, offsetof(options, every), "1", 1, 1e9, NULL,
     "hits each candidate whose index is a multiple of this; the others are worth -mean"},
    {NULL},
};

static void prepare(const void *given, ambs_random *random, ambs_acquisition_context *context)
{
    static const double gift[] = {NAN, INFINITY, -INFINITY, 0};
    (void)random;
    context->parameter = gift[((const options *)given)->gives];
}

static void evaluate(const void *given, const ambs_acquisition_context *context, size_t m,
                     const double *mean, const double *sd, double *ret_value)
{
    (void)sd;
    size_t every = (size_t)((const options *)given)->every;
    for (size_t i = 0; i < m; i++) ret_value[i] = i % every == 0 ? context->parameter : -mean[i];
}

const ambs_acquisition_ops ambs_acquisition_hostile = {
    .member = {"hostile", "gives what no maximiser wants, for tests", option_table, sizeof(options),
               .for_tests = true},
    .prepare = prepare,
    .evaluate = evaluate,
};
