/* SPDX-License-Identifier: MIT */
/* Row by row: forward, the loss, and back-propagation by the chain rule (Rumelhart, Hinton and
 * Williams 1986, doi:10.1038/323533a0). `work` holds the activations a_1 … a_L of one row, then as
 * many derivatives of the loss by the layers' sums. */
#include "train/reference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "train/mlp.h"

static size_t n_units(const ambs_network_shape *shape)
{
    size_t n = 0;
    for (size_t l = 1; l <= shape->n_layers; l++) n += shape->size[l];
    return n;
}

size_t ambs_reference_work(const ambs_network_shape *shape)
{
    return 2 * n_units(shape);
}

void ambs_reference_forward(const ambs_network_shape *shape, const double *weights, const double *x,
                            const double *masks, double *work, double *ret_outputs)
{
    const double *input = x, *w = weights;
    double *a = work;
    for (size_t l = 0; l < shape->n_layers; l++) {
        const size_t in = shape->size[l], out = shape->size[l + 1];
        for (size_t j = 0; j < out; j++) {
            double z = w[in * out + j];
            for (size_t i = 0; i < in; i++) z += input[i] * w[i * out + j];
            if (l + 1 < shape->n_layers) {
                z = shape->activation == AMBS_ACTIVATION_TANH ? tanh(z) : z < 0 ? 0 : z;
                if (masks) z *= masks[a - work + (ptrdiff_t)j];
            }
            a[j] = z;
        }
        input = a;
        a += out;
        w += (in + 1) * out;
    }
    memcpy(ret_outputs, input, shape->size[shape->n_layers] * sizeof *input);
}

/* Loss and its derivative by the outputs. */
static double output_loss(const double *z, size_t n, int label, double target, double *ret_delta)
{
    if (label < 0) {
        *ret_delta = 2 * (z[0] - target);
        return (z[0] - target) * (z[0] - target);
    }
    double top = z[0], sum = 0;
    for (size_t k = 1; k < n; k++) top = fmax(top, z[k]);
    for (size_t k = 0; k < n; k++) sum += exp(z[k] - top);
    for (size_t k = 0; k < n; k++) ret_delta[k] = exp(z[k] - top) / sum - (k == (size_t)label);
    return log(sum) - (z[label] - top);
}

/* f'(z) of unit `a` of a hidden layer, with its mask. */
static double derivative(ambs_activation activation, double a, double mask)
{
    if (mask == 0) return 0;
    if (activation == AMBS_ACTIVATION_RELU) return a > 0 ? mask : 0;
    return mask * (1 - (a / mask) * (a / mask));
}

double ambs_reference_loss(const ambs_network_shape *shape, const double *weights, const double *x,
                           const double *masks, int label, double target, double *work,
                           double *gradient)
{
    const size_t last = shape->size[shape->n_layers], total = n_units(shape);
    double *a = work + total - last, *delta = work + 2 * total - last;
    ambs_reference_forward(shape, weights, x, masks, work, delta);
    const double loss = output_loss(a, last, label, target, delta);
    for (size_t l = shape->n_layers; l-- > 0 && gradient;) {
        const size_t in = shape->size[l], out = shape->size[l + 1];
        const size_t offset = ambs_network_offset(shape, l);
        const double *input = l > 0 ? a - in : x, *w = weights + offset;
        double *g = gradient + offset, *below = l > 0 ? delta - in : NULL;
        for (size_t j = 0; j < out; j++) g[in * out + j] += delta[j];
        for (size_t i = 0; i < in; i++) {
            double sum = 0;
            for (size_t j = 0; j < out; j++) {
                g[i * out + j] += input[i] * delta[j];
                sum += delta[j] * w[i * out + j];
            }
            if (below)
                below[i] = sum * derivative(shape->activation, input[i],
                                            masks ? masks[input + i - work] : 1);
        }
        if (!below) break;
        a -= in;
        delta -= in;
    }
    return loss;
}

/* --- the trainer ---------------------------------------------------------------------------- */

typedef struct reference {
    const ambs_mlp_options *options;
    ambs_train_task task;
    ambs_network_shape shape;
    ambs_random random;
    size_t n_weights, n_outputs, batch;
    long long step;
    double *weights, *gradient, *work, *x, *outputs;
    double *masks;  /* [batch, n_units] */
    float *state;   /* of the optimizer; its step runs on rounded copies */
    float *rounded; /* [2, n_weights] */
    float *row;     /* [d] */
    size_t *order;
} reference;

static void destroy(void *state)
{
    reference *r = state;
    if (!r) return;
    free(r->weights);
    free(r->gradient);
    free(r->work);
    free(r->x);
    free(r->outputs);
    free(r->masks);
    free(r->state);
    free(r->rounded);
    free(r->row);
    free(r->order);
    free(r);
}

static const ambs_optimizer_ops *optimizer_of(const reference *r)
{
    return (const ambs_optimizer_ops *)(const void *)r->options->optimizer.member;
}

static int allocate(reference *r, ambs_error *err)
{
    const size_t d = r->task.data->d, units = n_units(&r->shape);
    if (!(r->weights = ambs_calloc(r->n_weights, sizeof(double), err)) ||
        !(r->gradient = ambs_calloc(r->n_weights, sizeof(double), err)) ||
        !(r->work = ambs_calloc(2 * units, sizeof(double), err)) ||
        !(r->x = ambs_calloc(d, sizeof(double), err)) ||
        !(r->outputs = ambs_calloc(r->n_outputs, sizeof(double), err)) ||
        !(r->masks = ambs_calloc(r->batch, units * sizeof(double), err)) ||
        !(r->state = ambs_calloc(r->n_weights, optimizer_of(r)->n_states * sizeof(float), err)) ||
        !(r->rounded = ambs_calloc(r->n_weights, 2 * sizeof(float), err)) ||
        !(r->row = ambs_calloc(d, sizeof(float), err)))
        return AMBS_E_NOMEM;
    r->order = ambs_memdup(r->task.split->train, r->task.split->n_train, sizeof(size_t), err);
    return r->order ? AMBS_OK : AMBS_E_NOMEM;
}

static int create(const void *options, const ambs_train_task *task, void **ret_state,
                  ambs_error *err)
{
    const ambs_mlp_options *o = options;
    reference *r = ambs_calloc(1, sizeof *r, err);
    if (!r) return AMBS_E_NOMEM;
    r->options = o;
    r->task = *task;
    ambs_mlp_shape(o, task->data, &r->shape);
    r->n_weights = ambs_network_n_weights(&r->shape);
    r->n_outputs = r->shape.size[r->shape.n_layers];
    r->batch = (size_t)o->batch < task->split->n_train ? (size_t)o->batch : task->split->n_train;
    int rc = allocate(r, err);
    if (rc != AMBS_OK) {
        destroy(r);
        return rc;
    }
    ambs_train_stream(task, &r->random);
    ambs_network_initialise(&r->shape, &r->random, r->rounded);
    for (size_t i = 0; i < r->n_weights; i++) r->weights[i] = r->rounded[i];
    *ret_state = r;
    return AMBS_OK;
}

/* The masks of a minibatch of n rows, in the order of network.h: layer by layer, row by row. */
static void draw_masks(reference *r, size_t n)
{
    const double dropout = r->options->dropout;
    const size_t units = n_units(&r->shape);
    size_t first = 0;
    for (size_t l = 1; l < r->shape.n_layers; l++) {
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < r->shape.size[l]; j++) {
                const bool drop = ambs_random_u32(&r->random) < (uint32_t)(dropout * 4294967296.0);
                r->masks[i * units + first + j] = drop ? 0 : 1 / (1 - dropout);
            }
        first += r->shape.size[l];
    }
}

static double batch_gradient(reference *r, const size_t *rows, size_t n)
{
    const ambs_dataset *data = r->task.data;
    const bool masked = r->options->dropout > 0;
    double loss = 0;
    if (masked) draw_masks(r, n);
    memset(r->gradient, 0, r->n_weights * sizeof *r->gradient);
    for (size_t i = 0; i < n; i++) {
        float target = 0;
        ambs_scaler_gather(r->task.scaler, data, &rows[i], 1, r->row);
        for (size_t j = 0; j < data->d; j++) r->x[j] = r->row[j];
        if (data->n_classes == 0) ambs_scaler_targets(r->task.scaler, data, &rows[i], 1, &target);
        loss += ambs_reference_loss(
            &r->shape, r->weights, r->x, masked ? r->masks + i * n_units(&r->shape) : NULL,
            data->n_classes > 0 ? data->labels[rows[i]] : -1, target, r->work, r->gradient);
    }
    for (size_t i = 0; i < r->n_weights; i++) r->gradient[i] /= (double)n;
    return loss;
}

/* Weight decay, then the optimizer's step. The weights stay in double precision: only what the step
 * adds to them is rounded. */
static void update(reference *r)
{
    const ambs_mlp_options *o = r->options;
    float *weights = r->rounded, *gradient = r->rounded + r->n_weights;
    for (size_t l = 0; l < r->shape.n_layers; l++) {
        double *w = r->weights + ambs_network_offset(&r->shape, l);
        const size_t n = r->shape.size[l] * r->shape.size[l + 1];
        for (size_t i = 0; i < n; i++) w[i] *= 1 - o->learning_rate * o->weight_decay;
    }
    for (size_t i = 0; i < r->n_weights; i++) {
        weights[i] = 0;
        gradient[i] = (float)r->gradient[i];
    }
    optimizer_of(r)->step(o->optimizer.options, o->learning_rate, ++r->step, r->n_weights, gradient,
                          r->state, weights);
    for (size_t i = 0; i < r->n_weights; i++) r->weights[i] += weights[i];
}

static int epoch(void *state, double *ret_loss, ambs_error *err)
{
    (void)err;
    reference *r = state;
    const size_t n = r->task.split->n_train;
    double loss = 0;
    ambs_random_shuffle(&r->random, r->order, n);
    for (size_t at = 0; at < n; at += r->batch) {
        loss += batch_gradient(r, r->order + at, n - at < r->batch ? n - at : r->batch);
        update(r);
    }
    *ret_loss = loss / (double)n;
    return AMBS_OK;
}

static int predict(void *state, const float *x, size_t n, float *ret_outputs, ambs_error *err)
{
    (void)err;
    reference *r = state;
    const size_t d = r->task.data->d;
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < d; j++) r->x[j] = x[i * d + j];
        ambs_reference_forward(&r->shape, r->weights, r->x, NULL, r->work, r->outputs);
        for (size_t k = 0; k < r->n_outputs; k++)
            ret_outputs[i * r->n_outputs + k] = (float)r->outputs[k];
    }
    return AMBS_OK;
}

static size_t n_weights(const void *state)
{
    return ((const reference *)state)->n_weights;
}

static size_t model_size(const void *state)
{
    return n_weights(state) * sizeof(double);
}

static void save(const void *state, void *ret_model)
{
    memcpy(ret_model, ((const reference *)state)->weights, model_size(state));
}

static void load(void *state, const void *model)
{
    memcpy(((reference *)state)->weights, model, model_size(state));
}

const ambs_trainer_ops ambs_trainer_reference = {
    .member = {.name = "reference",
               .summary = "the mlp in double precision and plain loops",
               .options = ambs_mlp_option_table,
               .options_size = sizeof(ambs_mlp_options),
               .for_tests = true},
    .create = create,
    .epoch = epoch,
    .predict = predict,
    .n_weights = n_weights,
    .model_size = model_size,
    .save = save,
    .load = load,
    .destroy = destroy,
};
