/* SPDX-License-Identifier: MIT */
#include "near.h"

#include "base/memory.h"
#include "train/optimizer.h"

/* The member `name` with its default options; pairs of names and values change them. */
static const ambs_optimizer_ops *find(const char *name, const char *const *pairs,
                                      void **ret_options)
{
    for (size_t i = 0; ambs_optimizer_registry[i]; i++) {
        const ambs_optimizer_ops *o = ambs_optimizer_registry[i];
        if (strcmp(o->member.name, name) != 0) continue;
        *ret_options = calloc(1, o->member.options_size);
        assert_int_equal(ambs_options_init(o->member.options, *ret_options, NULL), 0);
        for (; pairs && pairs[0]; pairs += 2)
            assert_int_equal(
                ambs_options_set(o->member.options, *ret_options, pairs[0], pairs[1], NULL), 0);
        return o;
    }
    fail_msg("no optimizer %s", name);
    return NULL;
}

/* Two steps from w = 1 with gradients 0.5 and -0.25 at rate 0.1, worked out from each rule by hand.
 */
static void two_steps_are_as_worked_out_by_hand(void **state)
{
    (void)state;
    static const char *const sgd[] = {"momentum", "0.5", NULL};
    static const char *const rms[] = {"decay", "0.75", "momentum", "0.5", NULL};
    const struct {
        const char *name, *const *pairs;
        double first, second;
    } cases[] = {
        /* v = -0.05; v = -0.025 + 0.025 */
        {"sgd", sgd, 0.95, 0.95},
        /* corrected mean 0.5, square 0.25: a step of 0.1; then (0.045 - 0.025)/0.19 over the root
         * of (0.999 * 0.00025 + 0.001 * 0.0625)/0.001999 */
        {"adam", NULL, 0.9, 0.9 - 0.1 * (0.02 / 0.19) / sqrt(0.00031225 / 0.001999)},
        /* s = 0.0625, v = -0.1 * 0.5 / 0.25 = -0.2; s = 0.0625, v = -0.1 + 0.1 */
        {"rmsprop", rms, 0.8, 0.8},
    };
    for (size_t i = 0; i < 3; i++) {
        void *options;
        const ambs_optimizer_ops *o = find(cases[i].name, cases[i].pairs, &options);
        float w = 1, optimizer_state[2] = {0};
        const float gradients[] = {0.5f, -0.25f};
        assert_true(o->n_states <= 2);
        o->step(options, 0.1, 1, 1, &gradients[0], optimizer_state, &w);
        assert_near(w, cases[i].first, 1e-6);
        o->step(options, 0.1, 2, 1, &gradients[1], optimizer_state, &w);
        assert_near(w, cases[i].second, 1e-6);
        free(options);
    }
}

static void every_optimizer_descends_a_bowl(void **state)
{
    (void)state;
    for (size_t i = 0; ambs_optimizer_registry[i]; i++) {
        void *options;
        const ambs_optimizer_ops *o = find(ambs_optimizer_registry[i]->member.name, NULL, &options);
        float w[3] = {5, -3, 2}, g[3], optimizer_state[12] = {0};
        assert_true(o->n_states <= 4);
        for (long long t = 1; t <= 2000; t++) {
            for (size_t k = 0; k < 3; k++) g[k] = (float)(k + 1) * w[k];
            o->step(options, 0.01, t, 3, g, optimizer_state, w);
        }
        for (size_t k = 0; k < 3; k++) assert_near(w[k], 0, 0.02);
        free(options);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_steps_are_as_worked_out_by_hand),
        cmocka_unit_test(every_optimizer_descends_a_bowl),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("train/optimizer", tests, NULL, NULL);
}
