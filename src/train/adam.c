/* SPDX-License-Identifier: MIT */
/* Adam (Kingma and Ba 2015, arXiv:1412.6980, algorithm 1), with the bias corrections drawn into the
 * step size as at the end of its section 2 (epsilon is then their epsilon-hat). Together with the
 * trainer's decoupled weight decay it is AdamW (Loshchilov and Hutter 2019, arXiv:1711.05101). */
#include <math.h>

#include "base/clones.h"
#include "train/optimizer.h"

typedef struct adam_options {
    double beta1, beta2, epsilon;
} adam_options;

static const ambs_option options_table[] = {
    {"beta1", AMBS_OPTION_FLOAT, offsetof(adam_options, beta1), "0.9", 0, 0.9999, NULL,
     "Memory of the mean gradient."},
    {"beta2", AMBS_OPTION_FLOAT, offsetof(adam_options, beta2), "0.999", 0, 0.999999, NULL,
     "Memory of the mean squared gradient."},
    {"epsilon", AMBS_OPTION_FLOAT, offsetof(adam_options, epsilon), "1e-8", 1e-16, 1, NULL,
     "Added to the root of the mean squared gradient."},
    {NULL},
};

AMBS_CLONES static void adam_step(const void *options, double learning_rate, long long t, size_t n,
                                  const float *gradient, float *state, float *weights)
{
    const adam_options *o = options;
    const double correction1 = 1 - pow(o->beta1, (double)t);
    const double correction2 = 1 - pow(o->beta2, (double)t);
    const float rate = (float)(learning_rate * sqrt(correction2) / correction1);
    const float b1 = (float)o->beta1, b2 = (float)o->beta2;
    const float c1 = (float)(1 - o->beta1), c2 = (float)(1 - o->beta2);
    const float epsilon = (float)o->epsilon;
    float *mean = state, *square = state + n;
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        const float g = gradient[i];
        mean[i] = b1 * mean[i] + c1 * g;
        square[i] = b2 * square[i] + c2 * g * g;
        weights[i] -= rate * mean[i] / (sqrtf(square[i]) + epsilon);
    }
}

const ambs_optimizer_ops ambs_optimizer_adam = {
    .member = {.name = "adam",
               .summary = "steps scaled by running moments of the gradient",
               .options = options_table,
               .options_size = sizeof(adam_options)},
    .n_states = 2,
    .step = adam_step,
};
