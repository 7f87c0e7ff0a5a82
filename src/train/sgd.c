/* SPDX-License-Identifier: MIT */
/* Stochastic gradient descent with heavy-ball momentum (Polyak 1964,
 * doi:10.1016/0041-5553(64)90137-5):
 *   v ← momentum v − learning_rate g,   w ← w + v */
#include "base/clones.h"
#include "train/optimizer.h"

typedef struct sgd_options {
    double momentum;
} sgd_options;

static const ambs_option options_table[] = {
    {"momentum", AMBS_OPTION_FLOAT, offsetof(sgd_options, momentum), "0.9", 0, 0.9999, NULL,
     "Share of the last step that goes on."},
    {NULL},
};

AMBS_CLONES static void sgd_step(const void *options, double learning_rate, long long t, size_t n,
                                 const float *gradient, float *state, float *weights)
{
    (void)t;
    const sgd_options *o = options;
    const float momentum = (float)o->momentum, rate = (float)learning_rate;
    float *velocity = state;
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        velocity[i] = momentum * velocity[i] - rate * gradient[i];
        weights[i] += velocity[i];
    }
}

const ambs_optimizer_ops ambs_optimizer_sgd = {
    .member = {.name = "sgd",
               .summary = "stochastic gradient descent with momentum",
               .options = options_table,
               .options_size = sizeof(sgd_options)},
    .n_states = 1,
    .step = sgd_step,
};
