/* SPDX-License-Identifier: MIT */
/* The multilayer perceptron trainer: minibatches through ambs_network, an optimizer of the family,
 * and decoupled weight decay. Rows are gathered and scaled batch by batch, so the data set is held
 * once however many folds there are. */
#include "train/mlp.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define FIELD(name) offsetof(ambs_mlp_options, name)

static const char *const activation_names[] = {"relu", "tanh", NULL}; /* as ambs_activation */

const ambs_option ambs_mlp_option_table[] = {
    {"layers", AMBS_OPTION_INT, FIELD(layers), "2", 0, AMBS_NETWORK_MAX_LAYERS - 1, NULL,
     "Hidden layers; 0: a linear model."},
    {"units", AMBS_OPTION_INT, FIELD(units), "64", 1, 65536, NULL, "Units in each hidden layer."},
    {"activation", AMBS_OPTION_CHOICE, FIELD(activation), "relu", 1, 0, activation_names,
     "Function on the hidden layers."},
    {"dropout", AMBS_OPTION_FLOAT, FIELD(dropout), "0", 0, 0.95, NULL,
     "Probability that a hidden unit is left out for a training row."},
    {"batch", AMBS_OPTION_INT, FIELD(batch), "32", 1, 1 << 20, NULL,
     "Rows in a minibatch; at most the training rows are used."},
    {"optimizer", AMBS_OPTION_MEMBER, FIELD(optimizer), "adam", 1, 0, NULL,
     "The rule that turns gradients into steps.", ambs_optimizer_registry},
    {"learning_rate", AMBS_OPTION_FLOAT, FIELD(learning_rate), "0.001", 1e-12, 1e3, NULL,
     "Step size."},
    {"weight_decay", AMBS_OPTION_FLOAT, FIELD(weight_decay), "0", 0, 1e3, NULL,
     "Share of each weight (not of biases) that a step takes away, per unit of learning rate."},
    AMBS_TRAINING_OPTIONS(ambs_mlp_options),
    {NULL},
};

void ambs_mlp_shape(const ambs_mlp_options *options, const ambs_dataset *data,
                    ambs_network_shape *ret_shape)
{
    const size_t hidden = (size_t)options->layers;
    *ret_shape = (ambs_network_shape){.n_layers = hidden + 1,
                                      .activation = (ambs_activation)options->activation};
    ret_shape->size[0] = data->d;
    for (size_t l = 1; l <= hidden; l++) ret_shape->size[l] = (size_t)options->units;
    ret_shape->size[hidden + 1] = data->n_classes > 0 ? data->n_classes : 1;
}

/* predict() may be given more rows than a minibatch has; it walks them in pieces of this many. */
enum { PREDICT_ROWS = 256 };

typedef struct mlp {
    const ambs_mlp_options *options;
    ambs_train_task task;
    const ambs_optimizer_ops *optimizer;
    ambs_network_shape shape;
    ambs_network *network;
    ambs_random random;
    size_t n_weights, batch, n_outputs;
    long long step;
    float *weights, *gradient, *optimizer_state;
    float *x, *delta, *targets; /* a minibatch: [batch, d], [batch, n_outputs], [batch] */
    int *labels;                /* [batch] */
    size_t *order;              /* [n_train] the training rows, shuffled */
} mlp;

static void destroy(void *state)
{
    mlp *m = state;
    if (!m) return;
    ambs_network_destroy(m->network);
    free(m->weights);
    free(m->gradient);
    free(m->optimizer_state);
    free(m->x);
    free(m->delta);
    free(m->targets);
    free(m->labels);
    free(m->order);
    free(m);
}

static int allocate(mlp *m, ambs_error *err)
{
    const size_t rows = m->batch > PREDICT_ROWS ? m->batch : PREDICT_ROWS;
    int rc = ambs_network_create(&m->shape, rows, &m->network, err);
    if (rc != AMBS_OK) return rc;
    const size_t d = m->task.data->d;
    if (!(m->weights = ambs_calloc(m->n_weights, sizeof(float), err)) ||
        !(m->gradient = ambs_calloc(m->n_weights, sizeof(float), err)) ||
        !(m->optimizer_state =
              ambs_calloc(m->n_weights, m->optimizer->n_states * sizeof(float), err)) ||
        !(m->x = ambs_calloc(m->batch, d * sizeof(float), err)) ||
        !(m->delta = ambs_calloc(m->batch, m->n_outputs * sizeof(float), err)) ||
        !(m->targets = ambs_calloc(m->batch, sizeof(float), err)) ||
        !(m->labels = ambs_calloc(m->batch, sizeof(int), err)))
        return AMBS_E_NOMEM;
    m->order = ambs_memdup(m->task.split->train, m->task.split->n_train, sizeof(size_t), err);
    return m->order ? AMBS_OK : AMBS_E_NOMEM;
}

static int create(const void *options, const ambs_train_task *task, void **ret_state,
                  ambs_error *err)
{
    const ambs_mlp_options *o = options;
    mlp *m = ambs_calloc(1, sizeof *m, err);
    if (!m) return AMBS_E_NOMEM;
    m->options = o;
    m->task = *task;
    m->optimizer = (const ambs_optimizer_ops *)(const void *)o->optimizer.member;
    ambs_mlp_shape(o, task->data, &m->shape);
    m->n_weights = ambs_network_n_weights(&m->shape);
    m->n_outputs = m->shape.size[m->shape.n_layers];
    m->batch = (size_t)o->batch < task->split->n_train ? (size_t)o->batch : task->split->n_train;
    int rc = allocate(m, err);
    if (rc != AMBS_OK) {
        destroy(m);
        return rc;
    }
    ambs_train_stream(task, &m->random);
    ambs_network_initialise(&m->shape, &m->random, m->weights);
    *ret_state = m;
    return AMBS_OK;
}

/* The loss summed over a minibatch, and its gradient. */
static double batch_gradient(mlp *m, const size_t *rows, size_t n)
{
    const ambs_dataset *data = m->task.data;
    const ambs_scaler *scaler = m->task.scaler;
    ambs_scaler_gather(scaler, data, rows, n, m->x);
    const float *outputs =
        ambs_network_forward(m->network, m->weights, m->x, n, m->options->dropout, &m->random);
    double loss;
    if (data->n_classes > 0) {
        for (size_t i = 0; i < n; i++) m->labels[i] = data->labels[rows[i]];
        loss = ambs_loss_cross_entropy(outputs, m->labels, n, data->n_classes, m->delta);
    } else {
        ambs_scaler_targets(scaler, data, rows, n, m->targets);
        loss = ambs_loss_squared(outputs, m->targets, n, m->delta);
    }
    ambs_network_backward(m->network, m->weights, m->x, n, m->delta, m->gradient);
    return loss;
}

static void decay_weights(mlp *m)
{
    const float keep = (float)(1 - m->options->learning_rate * m->options->weight_decay);
    if (m->options->weight_decay == 0) return;
    for (size_t l = 0; l < m->shape.n_layers; l++) {
        float *w = m->weights + ambs_network_offset(&m->shape, l);
        const size_t n = m->shape.size[l] * m->shape.size[l + 1];
#pragma omp simd
        for (size_t i = 0; i < n; i++) w[i] *= keep;
    }
}

static int epoch(void *state, double *ret_loss, ambs_error *err)
{
    (void)err;
    mlp *m = state;
    const size_t n = m->task.split->n_train;
    double loss = 0;
    ambs_random_shuffle(&m->random, m->order, n);
    for (size_t at = 0; at < n; at += m->batch) {
        const size_t rows = n - at < m->batch ? n - at : m->batch;
        loss += batch_gradient(m, m->order + at, rows);
        decay_weights(m);
        m->optimizer->step(m->options->optimizer.options, m->options->learning_rate, ++m->step,
                           m->n_weights, m->gradient, m->optimizer_state, m->weights);
    }
    *ret_loss = loss / (double)n;
    return AMBS_OK;
}

static int predict(void *state, const float *x, size_t n, float *ret_outputs, ambs_error *err)
{
    (void)err;
    mlp *m = state;
    for (size_t at = 0; at < n; at += PREDICT_ROWS) {
        const size_t rows = n - at < PREDICT_ROWS ? n - at : PREDICT_ROWS;
        const float *outputs =
            ambs_network_forward(m->network, m->weights, x + at * m->task.data->d, rows, 0, NULL);
        memcpy(ret_outputs + at * m->n_outputs, outputs, rows * m->n_outputs * sizeof *outputs);
    }
    return AMBS_OK;
}

static size_t n_weights(const void *state)
{
    return ((const mlp *)state)->n_weights;
}

static size_t model_size(const void *state)
{
    return n_weights(state) * sizeof(float);
}

static void save(const void *state, void *ret_model)
{
    memcpy(ret_model, ((const mlp *)state)->weights, model_size(state));
}

static void load(void *state, const void *model)
{
    memcpy(((mlp *)state)->weights, model, model_size(state));
}

const ambs_trainer_ops ambs_trainer_mlp = {
    .member = {.name = "mlp",
               .summary = "fully connected network, single precision over BLAS",
               .options = ambs_mlp_option_table,
               .options_size = sizeof(ambs_mlp_options)},
    .create = create,
    .epoch = epoch,
    .predict = predict,
    .n_weights = n_weights,
    .model_size = model_size,
    .save = save,
    .load = load,
    .destroy = destroy,
};
