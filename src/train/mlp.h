/* SPDX-License-Identifier: MIT */
/* The options of a multilayer perceptron, shared by the trainer and its plain reference, and the
 * order in which both draw from the task's random stream: the weights (ambs_network_initialise);
 * then in each epoch the shuffle of the training rows; then in each minibatch the dropout masks
 * (ambs_network_forward). So the two agree weight by weight, to rounding. */
#ifndef AMBS_TRAIN_MLP_H
#define AMBS_TRAIN_MLP_H

#include "train/network.h"
#include "train/optimizer.h"
#include "train/train.h"

typedef struct ambs_mlp_options {
    ambs_training_options training; /* first: see train.h */
    long long layers, units, batch;
    int activation; /* ambs_activation */
    double dropout, learning_rate, weight_decay;
    ambs_chosen optimizer; /* ambs_optimizer_ops */
} ambs_mlp_options;

extern const ambs_option ambs_mlp_option_table[];

/* Inputs d, `layers` hidden layers of `units`, outputs K or 1. */
void ambs_mlp_shape(const ambs_mlp_options *options, const ambs_dataset *data,
                    ambs_network_shape *ret_shape);

#endif
