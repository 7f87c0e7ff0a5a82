/* SPDX-License-Identifier: MIT */
/* The multilayer perceptron once more, in double precision and plain loops without BLAS: slow and
 * easy to read, the oracle of the tests. Same layout of weights as network.h. */
#ifndef AMBS_TRAIN_REFERENCE_H
#define AMBS_TRAIN_REFERENCE_H

#include "train/network.h"

/* One row x [s_0]: outputs [s_last]. `work` holds ambs_reference_work(shape) numbers; after the
 * call it holds every layer's activations. `masks` (may be NULL) has a factor for each hidden unit,
 * layer by layer. */
size_t ambs_reference_work(const ambs_network_shape *shape);
void ambs_reference_forward(const ambs_network_shape *shape, const double *weights, const double *x,
                            const double *masks, double *work, double *ret_outputs);
/* The loss of one row: cross-entropy for `label` >= 0, else the squared error to `target`; adds its
 * gradient to `gradient` (may be NULL). */
double ambs_reference_loss(const ambs_network_shape *shape, const double *weights, const double *x,
                           const double *masks, int label, double target, double *work,
                           double *gradient);

#endif
