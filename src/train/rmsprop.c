/* SPDX-License-Identifier: MIT */
/* RMSProp (Tieleman and Hinton 2012, Coursera lecture 6.5) with momentum on the scaled step:
 *   s ← decay s + (1 − decay) g²,   v ← momentum v − learning_rate g / (√s + epsilon),   w ← w + v
 */
#include <math.h>

#include "base/clones.h"
#include "train/optimizer.h"

typedef struct rmsprop_options {
    double decay, momentum, epsilon;
} rmsprop_options;

static const ambs_option options_table[] = {
    {"decay", AMBS_OPTION_FLOAT, offsetof(rmsprop_options, decay), "0.9", 0, 0.999999, NULL,
     "Memory of the mean squared gradient."},
    {"momentum", AMBS_OPTION_FLOAT, offsetof(rmsprop_options, momentum), "0", 0, 0.9999, NULL,
     "Share of the last step that goes on."},
    {"epsilon", AMBS_OPTION_FLOAT, offsetof(rmsprop_options, epsilon), "1e-8", 1e-16, 1, NULL,
     "Added to the root of the mean squared gradient."},
    {NULL},
};

AMBS_CLONES static void rmsprop_step(const void *options, double learning_rate, long long t,
                                     size_t n, const float *gradient, float *state, float *weights)
{
    (void)t;
    const rmsprop_options *o = options;
    const float rate = (float)learning_rate, momentum = (float)o->momentum;
    const float b = (float)o->decay, c = (float)(1 - o->decay), epsilon = (float)o->epsilon;
    float *square = state, *velocity = state + n;
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        const float g = gradient[i];
        square[i] = b * square[i] + c * g * g;
        velocity[i] = momentum * velocity[i] - rate * g / (sqrtf(square[i]) + epsilon);
        weights[i] += velocity[i];
    }
}

const ambs_optimizer_ops ambs_optimizer_rmsprop = {
    .member = {.name = "rmsprop",
               .summary = "steps scaled by the root mean squared gradient",
               .options = options_table,
               .options_size = sizeof(rmsprop_options)},
    .n_states = 2,
    .step = rmsprop_step,
};
