/* SPDX-License-Identifier: MIT */
/* A fully connected network in single precision over BLAS.
 *
 * Layer l maps a_l [n, s_l] to a_{l+1} = f(a_l W_l + b_l) [n, s_{l+1}]; f is the activation, but on
 * the last layer the identity. All weights lie in one flat array: W_0 [s_0, s_1] row-major, b_0
 * [s_1], W_1, b_1, … so that an optimizer sees one vector. */
#ifndef AMBS_TRAIN_NETWORK_H
#define AMBS_TRAIN_NETWORK_H

#include <stdbool.h>
#include <stddef.h>

#include "ambs/error.h"
#include "base/random.h"

enum { AMBS_NETWORK_MAX_LAYERS = 17 }; /* weight layers: 16 hidden ones and the output */

typedef enum ambs_activation { AMBS_ACTIVATION_RELU, AMBS_ACTIVATION_TANH } ambs_activation;

typedef struct ambs_network_shape {
    size_t n_layers;                          /* weight layers, 1 … AMBS_NETWORK_MAX_LAYERS */
    size_t size[AMBS_NETWORK_MAX_LAYERS + 1]; /* s_0 inputs … s_{n_layers} outputs */
    ambs_activation activation;
} ambs_network_shape;

size_t ambs_network_n_weights(const ambs_network_shape *shape);
/* Where layer l's weights begin in the flat array; its biases follow at + s_l s_{l+1}. */
size_t ambs_network_offset(const ambs_network_shape *shape, size_t l);
/* The standard deviation of layer l's initial weights: sqrt(2 / s_l) before a ReLU (He et al. 2015,
 * doi:10.1109/ICCV.2015.123), else sqrt(2 / (s_l + s_{l+1})) (Glorot and Bengio 2010). */
double ambs_network_initial_sd(const ambs_network_shape *shape, size_t l);
/* Normal weights in the order of the flat array, zero biases. */
void ambs_network_initialise(const ambs_network_shape *shape, ambs_random *random,
                             float *ret_weights);

/* Work space for up to `max_rows` rows at a time. */
typedef struct ambs_network ambs_network;
int ambs_network_create(const ambs_network_shape *shape, size_t max_rows,
                        ambs_network **ret_network, ambs_error *err);
void ambs_network_destroy(ambs_network *network);

/* Outputs [n, s_last] for x [n, s_0], n <= max_rows; they live in the work space until the next
 * call. With `dropout` above 0 each hidden unit is dropped with that probability, the rest scaled
 * by 1 / (1 - dropout) (Srivastava et al. 2014): one word of `random` per row and unit, layer by
 * layer. */
const float *ambs_network_forward(ambs_network *network, const float *weights, const float *x,
                                  size_t n, double dropout, ambs_random *random);
/* After forward() of the same rows: the gradient of the mean loss, with the flat array's layout.
 * `delta` [n, s_last] is the loss's derivative by the outputs of each row, divided by n;
 * overwritten. */
void ambs_network_backward(ambs_network *network, const float *weights, const float *x, size_t n,
                           float *delta, float *ret_gradient);

/* Softmax cross-entropy, -ln p(label), summed over n rows of logits [n, K]. `ret_delta` [n, K] (may
 * be NULL): (p - onehot(label)) / n. */
double ambs_loss_cross_entropy(const float *logits, const int *labels, size_t n, size_t n_classes,
                               float *ret_delta);
/* Squared error summed over n outputs. `ret_delta` [n] (may be NULL): 2 (output - target) / n. */
double ambs_loss_squared(const float *outputs, const float *targets, size_t n, float *ret_delta);

#endif
