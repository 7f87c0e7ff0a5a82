/* SPDX-License-Identifier: MIT */
/* Forward and backward passes. With d_l the loss's derivative by the sums z_l = a_l W_l + b_l:
 *   dW_l = a_lᵀ d_l,   db_l = column sums of d_l,   d_{l-1} = (d_l W_lᵀ) ∘ f'(z_{l-1})
 * f' is computed from the activations themselves: ReLU 1 where a > 0; tanh 1 - a². Under dropout
 * the stored activation is a·m with m = 0 or 1 / (1 - dropout), and so is the derivative. */
#include "train/network.h"

#include <cblas.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/clones.h"
#include "base/memory.h"

struct ambs_network {
    ambs_network_shape shape;
    size_t max_rows;
    float *activation[AMBS_NETWORK_MAX_LAYERS]; /* a_1 … a_{n_layers}: [max_rows, s_{l+1}] each */
    float *delta[2];                            /* [max_rows, largest hidden size] */
    double dropout;                             /* of the last forward pass */
};

/* --- shape ---------------------------------------------------------------------------------- */

static size_t layer_weights(const ambs_network_shape *shape, size_t l)
{
    return (shape->size[l] + 1) * shape->size[l + 1];
}

size_t ambs_network_offset(const ambs_network_shape *shape, size_t l)
{
    size_t offset = 0;
    for (size_t i = 0; i < l; i++) offset += layer_weights(shape, i);
    return offset;
}

size_t ambs_network_n_weights(const ambs_network_shape *shape)
{
    return ambs_network_offset(shape, shape->n_layers);
}

double ambs_network_initial_sd(const ambs_network_shape *shape, size_t l)
{
    const double in = (double)shape->size[l], out = (double)shape->size[l + 1];
    const bool relu = shape->activation == AMBS_ACTIVATION_RELU && l + 1 < shape->n_layers;
    return relu ? sqrt(2 / in) : sqrt(2 / (in + out));
}

void ambs_network_initialise(const ambs_network_shape *shape, ambs_random *random,
                             float *ret_weights)
{
    float *w = ret_weights;
    for (size_t l = 0; l < shape->n_layers; l++) {
        const double sd = ambs_network_initial_sd(shape, l);
        const size_t n = shape->size[l] * shape->size[l + 1];
        for (size_t i = 0; i < n; i++) *w++ = (float)(sd * ambs_random_normal(random));
        for (size_t i = 0; i < shape->size[l + 1]; i++) *w++ = 0;
    }
}

int ambs_network_create(const ambs_network_shape *shape, size_t max_rows,
                        ambs_network **ret_network, ambs_error *err)
{
    ambs_network *network = ambs_calloc(1, sizeof *network, err);
    if (!network) return AMBS_E_NOMEM;
    network->shape = *shape;
    network->max_rows = max_rows;
    size_t widest = 1;
    for (size_t l = 0; l < shape->n_layers; l++) {
        network->activation[l] = ambs_calloc(max_rows, shape->size[l + 1] * sizeof(float), err);
        if (!network->activation[l]) goto out;
        if (l + 1 < shape->n_layers && shape->size[l + 1] > widest) widest = shape->size[l + 1];
    }
    for (int i = 0; i < 2; i++) {
        network->delta[i] = ambs_calloc(max_rows, widest * sizeof(float), err);
        if (!network->delta[i]) goto out;
    }
    *ret_network = network;
    return AMBS_OK;
out:
    ambs_network_destroy(network);
    return AMBS_E_NOMEM;
}

void ambs_network_destroy(ambs_network *network)
{
    if (!network) return;
    for (size_t l = 0; l < network->shape.n_layers; l++) free(network->activation[l]);
    free(network->delta[0]);
    free(network->delta[1]);
    free(network);
}

/* --- element-wise functions ----------------------------------------------------------------- */

/* e^x to about 3e-7 relative, for |x| <= 87, in a form that compilers turn into vector code:
 * e^x = 2^k 2^f with k whole and |f| <= 1/2; 2^f by its Taylor series. libm's expf is a call per
 * element. */
static inline float exp_approximate(float x)
{
    const float y = x * 1.44269504f; /* log2 e */
    const int32_t k = (int32_t)(y + (y < 0 ? -0.5f : 0.5f));
    const float f = (y - (float)k) * 0.69314718f;
    const float series =
        1 +
        f * (1 + f * (0.5f + f * (1 / 6.f + f * (1 / 24.f + f * (1 / 120.f + f * (1 / 720.f))))));
    const int32_t bits = (k + 127) * (1 << 23);
    float power;
    memcpy(&power, &bits, sizeof power);
    return series * power;
}

/* tanh x = 1 - 2 / (e^{2x} + 1), to about 1e-7 absolute. */
AMBS_CLONES static void apply_tanh(float *a, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++) {
        const float x = a[i], bounded = x > 9 ? 9 : x >= -9 ? x : -9;
        const float t = 1 - 2 / (exp_approximate(2 * bounded) + 1);
        a[i] = x == x ? t : x; /* keeps NaN, so that it is seen */
    }
}

static void apply_relu(float *a, size_t n)
{
#pragma omp simd
    for (size_t i = 0; i < n; i++) a[i] = a[i] < 0 ? 0 : a[i]; /* keeps NaN */
}

static void apply_dropout(float *a, size_t n, double dropout, ambs_random *random)
{
    const uint32_t threshold = (uint32_t)(dropout * 4294967296.0);
    const float scale = (float)(1 / (1 - dropout));
    for (size_t i = 0; i < n; i++) a[i] = ambs_random_u32(random) < threshold ? 0 : a[i] * scale;
}

/* delta ∘ f'(z) from the stored activations. A dropped unit is stored as 0, where ReLU's derivative
 * is 0 as it must be; tanh's would be 1, but an undropped tanh is 0 only at z = 0 exactly. */
static void apply_derivative(const ambs_network *network, const float *a, size_t n, float *delta)
{
    const float scale = (float)(1 / (1 - network->dropout)), keep = 1 / scale;
    if (network->shape.activation == AMBS_ACTIVATION_RELU) {
#pragma omp simd
        for (size_t i = 0; i < n; i++) delta[i] = a[i] > 0 ? delta[i] * scale : 0;
    } else if (network->dropout > 0) {
#pragma omp simd
        for (size_t i = 0; i < n; i++) {
            const float t = a[i] * keep;
            delta[i] = t == 0 ? 0 : delta[i] * scale * (1 - t * t);
        }
    } else {
#pragma omp simd
        for (size_t i = 0; i < n; i++) delta[i] *= 1 - a[i] * a[i];
    }
}

/* --- passes --------------------------------------------------------------------------------- */

static void set_rows(float *rows, const float *row, size_t n, size_t size)
{
    for (size_t i = 0; i < n; i++) memcpy(rows + i * size, row, size * sizeof *rows);
}

const float *ambs_network_forward(ambs_network *network, const float *weights, const float *x,
                                  size_t n, double dropout, ambs_random *random)
{
    const ambs_network_shape *shape = &network->shape;
    const float *input = x, *w = weights;
    network->dropout = dropout;
    for (size_t l = 0; l < shape->n_layers; l++) {
        const size_t in = shape->size[l], out = shape->size[l + 1];
        float *a = network->activation[l];
        set_rows(a, w + in * out, n, out);
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, (int)n, (int)out, (int)in, 1, input,
                    (int)in, w, (int)out, 1, a, (int)out);
        if (l + 1 < shape->n_layers) {
            if (shape->activation == AMBS_ACTIVATION_RELU)
                apply_relu(a, n * out);
            else
                apply_tanh(a, n * out);
            if (dropout > 0) apply_dropout(a, n * out, dropout, random);
        }
        input = a;
        w += layer_weights(shape, l);
    }
    return input;
}

static void sum_columns(const float *rows, size_t n, size_t size, float *ret_sum)
{
    memset(ret_sum, 0, size * sizeof *ret_sum);
    for (size_t i = 0; i < n; i++) {
        const float *row = rows + i * size;
#pragma omp simd
        for (size_t j = 0; j < size; j++) ret_sum[j] += row[j];
    }
}

void ambs_network_backward(ambs_network *network, const float *weights, const float *x, size_t n,
                           float *delta, float *ret_gradient)
{
    const ambs_network_shape *shape = &network->shape;
    size_t offset = ambs_network_n_weights(shape);
    for (size_t l = shape->n_layers; l-- > 0;) {
        const size_t in = shape->size[l], out = shape->size[l + 1];
        const float *input = l > 0 ? network->activation[l - 1] : x;
        offset -= layer_weights(shape, l);
        float *g = ret_gradient + offset;
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, (int)in, (int)out, (int)n, 1, input,
                    (int)in, delta, (int)out, 0, g, (int)out);
        sum_columns(delta, n, out, g + in * out);
        if (l == 0) break;
        float *below = network->delta[l % 2];
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, (int)n, (int)in, (int)out, 1, delta,
                    (int)out, weights + offset, (int)out, 0, below, (int)in);
        apply_derivative(network, input, n * in, below);
        delta = below;
    }
}

/* --- losses --------------------------------------------------------------------------------- */

double ambs_loss_cross_entropy(const float *logits, const int *labels, size_t n, size_t n_classes,
                               float *ret_delta)
{
    double loss = 0;
    for (size_t i = 0; i < n; i++) {
        const float *z = logits + i * n_classes;
        float top = z[0];
        for (size_t k = 1; k < n_classes; k++) top = z[k] > top ? z[k] : top;
        double sum = 0;
        for (size_t k = 0; k < n_classes; k++) sum += expf(z[k] - top);
        loss += log(sum) - (double)(z[labels[i]] - top);
        if (!ret_delta) continue;
        const float share = (float)(1 / (sum * (double)n));
        float *delta = ret_delta + i * n_classes;
        for (size_t k = 0; k < n_classes; k++) delta[k] = expf(z[k] - top) * share;
        delta[labels[i]] -= 1 / (float)n;
    }
    return loss;
}

double ambs_loss_squared(const float *outputs, const float *targets, size_t n, float *ret_delta)
{
    double loss = 0;
    for (size_t i = 0; i < n; i++) {
        const float error = outputs[i] - targets[i];
        loss += (double)error * error;
        if (ret_delta) ret_delta[i] = 2 * error / (float)n;
    }
    return loss;
}
