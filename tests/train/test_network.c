/* SPDX-License-Identifier: MIT */
#include "near.h"

#include "train/network.h"
#include "train/reference.h"

enum { ROWS = 7, MAX = 4096 };

typedef struct problem {
    ambs_network_shape shape;
    size_t n_weights;
    float weights[MAX], x[MAX], targets[ROWS];
    double weights_d[MAX], x_d[MAX];
    int labels[ROWS];
    bool classes;
} problem;

/* Random weights (biases too), rows and targets. */
static void fill(problem *p, ambs_network_shape shape, bool classes, uint64_t seed)
{
    ambs_random random;
    ambs_random_init(&random, seed, 0, AMBS_PURPOSE_TEST);
    p->shape = shape;
    p->classes = classes;
    p->n_weights = ambs_network_n_weights(&shape);
    assert_true(p->n_weights <= MAX);
    for (size_t i = 0; i < p->n_weights; i++)
        p->weights_d[i] = p->weights[i] = (float)(0.5 * ambs_random_normal(&random));
    for (size_t i = 0; i < ROWS * shape.size[0]; i++)
        p->x_d[i] = p->x[i] = (float)ambs_random_normal(&random);
    for (size_t i = 0; i < ROWS; i++) {
        p->labels[i] = (int)ambs_random_below(&random, shape.size[shape.n_layers]);
        p->targets[i] = (float)ambs_random_normal(&random);
    }
}

/* The mean loss by the reference; adds n times its gradient where `gradient` is given. */
static double reference_loss(const problem *p, const double *weights, double *gradient)
{
    double work[MAX], loss = 0;
    assert_true(ambs_reference_work(&p->shape) <= MAX);
    for (size_t i = 0; i < ROWS; i++)
        loss += ambs_reference_loss(&p->shape, weights, p->x_d + i * p->shape.size[0], NULL,
                                    p->classes ? p->labels[i] : -1, p->targets[i], work, gradient);
    return loss / ROWS;
}

static const ambs_network_shape shapes[] = {
    {1, {3, 2}, AMBS_ACTIVATION_RELU},    /* no hidden layer */
    {1, {1, 1}, AMBS_ACTIVATION_TANH},    /* one weight and one bias */
    {2, {4, 1, 3}, AMBS_ACTIVATION_TANH}, /* a single hidden unit */
    {3, {5, 8, 6, 4}, AMBS_ACTIVATION_TANH},
    {3, {5, 8, 6, 4}, AMBS_ACTIVATION_RELU},
    {5, {3, 4, 5, 6, 7, 2}, AMBS_ACTIVATION_TANH},
};
enum { N_SHAPES = sizeof shapes / sizeof shapes[0] };

static void the_reference_gradient_is_the_loss_by_central_differences(void **state)
{
    (void)state;
    for (size_t s = 0; s < N_SHAPES; s++)
        for (int classes = 0; classes < 2; classes++) {
            problem p;
            ambs_network_shape shape = shapes[s];
            if (!classes) shape.size[shape.n_layers] = 1;
            fill(&p, shape, classes, s);
            double gradient[MAX] = {0}, w[MAX];
            reference_loss(&p, p.weights_d, gradient);
            for (size_t i = 0; i < p.n_weights; i++) w[i] = p.weights_d[i];
            for (size_t i = 0; i < p.n_weights; i++) {
                const double h = 1e-6;
                w[i] = p.weights_d[i] + h;
                const double above = reference_loss(&p, w, NULL);
                w[i] = p.weights_d[i] - h;
                const double below = reference_loss(&p, w, NULL);
                w[i] = p.weights_d[i];
                assert_near(gradient[i] / ROWS, (above - below) / (2 * h), 1e-6);
            }
        }
}

static void loss_and_gradient_agree_with_the_reference(void **state)
{
    (void)state;
    for (size_t s = 0; s < N_SHAPES; s++)
        for (int classes = 0; classes < 2; classes++) {
            problem p;
            ambs_network_shape shape = shapes[s];
            if (!classes) shape.size[shape.n_layers] = 1;
            fill(&p, shape, classes, 100 + s);
            double expected[MAX] = {0};
            const double loss = reference_loss(&p, p.weights_d, expected);
            ambs_network *network;
            assert_int_equal(ambs_network_create(&shape, ROWS, &network, NULL), 0);
            const float *out = ambs_network_forward(network, p.weights, p.x, ROWS, 0, NULL);
            float delta[MAX], gradient[MAX];
            const double found = classes
                                     ? ambs_loss_cross_entropy(out, p.labels, ROWS,
                                                               shape.size[shape.n_layers], delta)
                                     : ambs_loss_squared(out, p.targets, ROWS, delta);
            ambs_network_backward(network, p.weights, p.x, ROWS, delta, gradient);
            assert_near(found / ROWS, loss, 1e-5 * (1 + loss));
            for (size_t i = 0; i < p.n_weights; i++)
                assert_near(gradient[i], expected[i] / ROWS, 1e-5 * (1 + fabs(expected[i])));
            ambs_network_destroy(network);
        }
}

static void dropout_drops_its_share_and_keeps_the_mean(void **state)
{
    (void)state;
    /* one input of 1, 1,000 hidden units of weight 1, one output that sums them */
    const ambs_network_shape shape = {2, {1, 1000, 1}, AMBS_ACTIVATION_RELU};
    float weights[MAX] = {0}, x[1] = {1};
    for (size_t i = 0; i < 1000; i++) weights[i] = weights[2000 + i] = 1;
    ambs_network *network;
    ambs_random random;
    ambs_random_init(&random, 5, 0, AMBS_PURPOSE_TEST);
    assert_int_equal(ambs_network_create(&shape, 1, &network, NULL), 0);
    assert_near(ambs_network_forward(network, weights, x, 1, 0, NULL)[0], 1000, 0.01);
    double sum = 0;
    for (int i = 0; i < 100; i++)
        sum += ambs_network_forward(network, weights, x, 1, 0.3, &random)[0];
    /* sd of the mean of 100 sums of 1,000: 1000 / sqrt(1e5) sqrt(0.3 / 0.7) = 2.07 */
    assert_near(sum / 100, 1000, 5 * 2.07);
    ambs_network_destroy(network);
}

static void large_sums_and_not_numbers_are_passed_on(void **state)
{
    (void)state;
    const ambs_network_shape shape = {2, {1, 1, 1}, AMBS_ACTIVATION_TANH};
    const float weights[] = {1, 0, 1, 0};
    const struct {
        float x, expected;
    } cases[] = {{0, 0},  {1, 0.76159416f}, {-1, -0.76159416f},
                 {50, 1}, {-1e30f, -1},     {1e-3f, 9.9999967e-4f}};
    ambs_network *network;
    assert_int_equal(ambs_network_create(&shape, 1, &network, NULL), 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_near(ambs_network_forward(network, weights, &cases[i].x, 1, 0, NULL)[0],
                    cases[i].expected, 3e-7);
    const float nan = NAN;
    assert_true(isnan(ambs_network_forward(network, weights, &nan, 1, 0, NULL)[0]));
    ambs_network_destroy(network);
}

static void cross_entropy_of_equal_logits_is_the_log_of_the_classes(void **state)
{
    (void)state;
    const float logits[] = {5, 5, 5, 5};
    const int label = 2;
    float delta[4];
    assert_near(ambs_loss_cross_entropy(logits, &label, 1, 4, delta), log(4), 1e-6);
    assert_near(delta[0], 0.25, 1e-7);
    assert_near(delta[2], -0.75, 1e-7);
    const float far[] = {1e4f, 0, -1e4f, 0}; /* no overflow */
    assert_near(ambs_loss_cross_entropy(far, &label, 1, 4, NULL), 2e4, 1e-2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_reference_gradient_is_the_loss_by_central_differences),
        cmocka_unit_test(loss_and_gradient_agree_with_the_reference),
        cmocka_unit_test(dropout_drops_its_share_and_keeps_the_mean),
        cmocka_unit_test(large_sums_and_not_numbers_are_passed_on),
        cmocka_unit_test(cross_entropy_of_equal_logits_is_the_log_of_the_classes),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("train/network", tests, NULL, NULL);
}
