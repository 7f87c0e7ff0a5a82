/* SPDX-License-Identifier: MIT */
/* Optimizers: the family that turns gradients into steps. A member is a pure function over flat
 * arrays; the trainer owns the weights, the learning rate, weight decay and the state. */
#ifndef AMBS_TRAIN_OPTIMIZER_H
#define AMBS_TRAIN_OPTIMIZER_H

#include "base/option.h"

typedef struct ambs_optimizer_ops {
    ambs_member member;
    size_t n_states; /* state vectors as long as the weights, zeroed at the start */
    /* Step t (1 for the first) over n weights: updates state [n_states, n] and weights [n] by the
     * gradient [n] of the mean loss. */
    void (*step)(const void *options, double learning_rate, long long t, size_t n,
                 const float *gradient, float *state, float *weights);
} ambs_optimizer_ops;

extern const ambs_optimizer_ops *const ambs_optimizer_registry[];

#endif
