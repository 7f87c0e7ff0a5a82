/* SPDX-License-Identifier: MIT */
/* The driver and, over the whole registry, what every trainer must keep. */
#include "near.h"

#include "../base/failing_alloc.h"
#include "toy.h"

typedef struct reports {
    size_t n;
    double last;
    long long stop_at; /* step whose answer is stop; 0: none */
} reports;

static ambs_decision report(void *ctx, long long step, const char *metric, double value)
{
    reports *r = ctx;
    assert_int_equal(step, ++r->n);
    assert_string_equal(metric, "measure");
    r->last = value;
    return step == r->stop_at ? AMBS_STOP : AMBS_CONTINUE;
}

typedef struct bench {
    ambs_dataset *data;
    ambs_split *splits;
    ambs_scaler scalers[8];
    size_t n_splits;
    ambs_train_context context;
    reports reports;
} bench;

static void set_up(bench *b, ambs_dataset *data, size_t folds)
{
    *b = (bench){.data = data};
    const ambs_split_options options = {.validation = 0.25, .test = 0.25, .folds = folds};
    assert_int_equal(ambs_splits_create(data, &options, &b->n_splits, &b->splits, NULL), 0);
    for (size_t i = 0; i < b->n_splits; i++)
        assert_int_equal(ambs_scaler_fit(data, b->splits[i].train, b->splits[i].n_train,
                                         AMBS_SCALING_STANDARD, &b->scalers[i], NULL),
                         0);
    b->context = (ambs_train_context){.seed = 3,
                                      .trial = 4,
                                      .fidelity = NAN,
                                      .measure = AMBS_MEASURE_LOSS,
                                      .metric = "measure",
                                      .report = report,
                                      .ctx = &b->reports};
}

static void tear_down(bench *b)
{
    for (size_t i = 0; i < b->n_splits; i++) ambs_scaler_fini(&b->scalers[i]);
    ambs_splits_destroy(b->splits, b->n_splits);
    ambs_dataset_destroy(b->data);
}

static int run(bench *b, const char *name, const char *const *pairs, ambs_train_result *ret,
               ambs_error *err)
{
    const ambs_trainer_ops *trainer = ambs_trainer_find(name, NULL);
    assert_non_null(trainer);
    void *options = toy_options(trainer, pairs);
    b->reports.n = 0;
    int rc = ambs_training_run(trainer, options, b->data, b->splits, b->scalers, b->n_splits,
                               &b->context, ret, err);
    toy_options_free(trainer, options);
    return rc;
}

static void every_trainer_runs_reports_and_repeats_itself(void **state)
{
    (void)state;
    for (size_t t = 0; ambs_trainer_registry[t]; t++)
        for (int classes = 0; classes < 2; classes++)
            for (size_t folds = 0; folds <= 3; folds += 3) {
                const char *name = ambs_trainer_registry[t]->member.name;
                const char *const three[] = {"epochs", "3", NULL};
                const char *const hostile[] = {"epochs", "3", "at_epoch", "9", NULL};
                const char *const *pairs = strcmp(name, "hostile") == 0 ? hostile : three;
                bench b;
                set_up(&b, toy_dataset(80, 3, classes), folds);
                ambs_train_result first, again;
                ambs_error err = {0};
                assert_int_equal(run(&b, name, pairs, &first, &err), 0);
                assert_int_equal(b.reports.n, 3);
                assert_true(isfinite(first.value) && isfinite(first.test_loss));
                assert_int_equal(isnan(first.validation_error), !classes);
                assert_int_equal(isnan(first.value_sd), folds == 0);
                assert_near(first.epochs, 3, 0);
                assert_false(first.stopped || first.diverged);
                assert_int_equal(run(&b, name, pairs, &again, &err), 0);
                assert_near(first.value, again.value, 0);
                assert_near(first.test_loss, again.test_loss, 0);
                assert_near(first.train_loss, again.train_loss, 0);
                tear_down(&b);
            }
}

static void every_trainer_ends_when_a_report_is_answered_with_stop(void **state)
{
    (void)state;
    for (size_t t = 0; ambs_trainer_registry[t]; t++) {
        const char *name = ambs_trainer_registry[t]->member.name;
        const char *const some[] = {"epochs", "9", NULL};
        const char *const hostile[] = {"epochs", "9", "at_epoch", "10", NULL};
        bench b;
        ambs_train_result result;
        set_up(&b, toy_dataset(80, 3, true), 0);
        b.reports.stop_at = 2;
        const char *const *pairs = strcmp(name, "hostile") == 0 ? hostile : some;
        assert_int_equal(run(&b, name, pairs, &result, NULL), 0);
        assert_true(result.stopped);
        assert_int_equal(b.reports.n, 2);
        assert_near(result.epochs, 2, 0);
        tear_down(&b);
    }
}

static void the_fidelity_is_the_number_of_epochs(void **state)
{
    (void)state;
    bench b;
    ambs_train_result result;
    set_up(&b, toy_dataset(80, 3, true), 0);
    b.context.fidelity = 2;
    assert_int_equal(run(&b, "mlp", NULL, &result, NULL), 0);
    assert_near(result.epochs, 2, 0);
    tear_down(&b);
}

static void the_best_epoch_comes_back_after_patience(void **state)
{
    (void)state;
    bench b;
    ambs_train_result result;
    set_up(&b, toy_dataset(60, 8, true), 0);
    /* far too many weights for 30 training rows: the validation loss turns up soon */
    const char *const pairs[] = {"epochs",        "500",  "patience", "4",  "units", "64",
                                 "learning_rate", "0.01", "batch",    "10", NULL};
    assert_int_equal(run(&b, "mlp", pairs, &result, NULL), 0);
    assert_true(result.epochs < 500);
    assert_near(result.epochs - result.best_epoch, 4, 0);
    assert_near(result.value, b.reports.last, 0); /* an ended run reports its best */
    tear_down(&b);
}

static void mlp_agrees_with_the_reference(void **state)
{
    (void)state;
    static const char *const cases[][13] = {
        {"optimizer", "sgd", "learning_rate", "0.05", "activation", "tanh", "units", "7", NULL},
        {"optimizer", "adam", "dropout", "0.3", "batch", "9", "units", "9", "layers", "3", NULL},
        {"optimizer", "rmsprop", "weight_decay", "0.5", "activation", "tanh", "dropout", "0.2",
         "layers", "1", NULL},
        {"layers", "0", "learning_rate", "0.1", NULL},
    };
    for (size_t i = 0; i < 4; i++)
        for (int classes = 0; classes < 2; classes++) {
            bench b;
            ambs_train_result fast, plain;
            set_up(&b, toy_dataset(120, 4, classes), 0);
            b.context.fidelity = 5;
            assert_int_equal(run(&b, "mlp", cases[i], &fast, NULL), 0);
            assert_int_equal(run(&b, "reference", cases[i], &plain, NULL), 0);
            assert_int_equal(fast.n_weights, plain.n_weights);
            assert_near(fast.train_loss, plain.train_loss, 1e-3 * plain.train_loss);
            assert_near(fast.value, plain.value, 1e-3 * plain.value);
            assert_near(fast.test_loss, plain.test_loss, 1e-3 * plain.test_loss);
            tear_down(&b);
        }
}

static void mlp_learns_exclusive_or(void **state)
{
    (void)state;
    ambs_dataset *data;
    double y[200];
    assert_int_equal(ambs_dataset_create("xor", 200, 2, &data, NULL), 0);
    for (size_t i = 0; i < 200; i++) {
        data->x[2 * i] = (float)(i % 2);
        data->x[2 * i + 1] = (float)(i / 2 % 2);
        y[i] = (double)((i + i / 2) % 2);
    }
    assert_int_equal(ambs_dataset_set_target("xor", data, y, AMBS_TARGET_AUTO, NULL), 0);
    bench b;
    ambs_train_result result;
    set_up(&b, data, 0);
    const char *const pairs[] = {"epochs",     "200",  "patience",      "0",    "units", "8",
                                 "activation", "tanh", "learning_rate", "0.02", NULL};
    assert_int_equal(run(&b, "mlp", pairs, &result, NULL), 0);
    assert_near(result.validation_error, 0, 0);
    assert_true(result.validation_loss < 0.05);
    /* without a hidden layer it cannot be learnt: at best every second row is right, give or take
     */
    const char *const linear[] = {"epochs", "100", "layers", "0", "learning_rate", "0.02", NULL};
    assert_int_equal(run(&b, "mlp", linear, &result, NULL), 0);
    assert_true(result.validation_loss > 0.6);
    tear_down(&b);
}

static void mlp_learns_a_line_in_the_targets_own_unit(void **state)
{
    (void)state;
    bench b;
    ambs_train_result result;
    set_up(&b, toy_dataset(400, 2, false), 0);
    const char *const pairs[] = {"epochs", "60", "layers", "0", "learning_rate", "0.02", NULL};
    assert_int_equal(run(&b, "mlp", pairs, &result, NULL), 0);
    assert_in_range((long)(1e4 * result.validation_loss), 50,
                    200); /* the noise has variance 0.01 */
    tear_down(&b);
}

static void mlp_learns_the_digits(void **state)
{
    (void)state;
    ambs_dataset *data;
    bench b;
    ambs_train_result result;
    assert_int_equal(ambs_dataset_read("share:digits", NULL, &data, NULL), 0);
    set_up(&b, data, 0);
    const char *const pairs[] = {"epochs", "15", "learning_rate", "0.003", NULL};
    assert_int_equal(run(&b, "mlp", pairs, &result, NULL), 0);
    assert_true(result.validation_error < 0.05);
    assert_true(result.test_error < 0.05);
    assert_int_equal(result.n_weights, 65 * 64 + 65 * 64 + 65 * 10);
    tear_down(&b);
}

static void divergence_keeps_the_best_epoch_or_has_no_value(void **state)
{
    (void)state;
    static const char *const hows[] = {"nan", "infinite"};
    for (size_t i = 0; i < 2; i++) {
        bench b;
        ambs_train_result result;
        const char *const later[] = {"how", hows[i], "at_epoch", "3", NULL};
        const char *const at_once[] = {"how", hows[i], NULL};
        set_up(&b, toy_dataset(80, 3, true), 2);
        assert_int_equal(run(&b, "hostile", later, &result, NULL), 0);
        assert_true(result.diverged);
        assert_near(result.value, log(4), 1e-6); /* all logits 0 */
        assert_near(result.epochs, 3, 0);
        assert_near(result.best_epoch, 1, 0);
        assert_int_equal(run(&b, "hostile", at_once, &result, NULL), 0);
        assert_true(result.diverged);
        assert_true(isnan(result.value));
        assert_int_equal(b.reports.n, 0);
        tear_down(&b);
    }
    bench b;
    ambs_train_result result;
    set_up(&b, toy_dataset(80, 3, false), 0);
    const char *const wild[] = {"optimizer", "sgd", "learning_rate", "1000", "layers", "4", NULL};
    assert_int_equal(run(&b, "mlp", wild, &result, NULL), 0);
    assert_true(result.diverged);
    tear_down(&b);
}

static void failures_of_a_trainer_come_up_with_the_epoch(void **state)
{
    (void)state;
    bench b;
    ambs_train_result result;
    ambs_error err = {0};
    set_up(&b, toy_dataset(80, 3, true), 0);
    const char *const later[] = {"how", "fail", "at_epoch", "2", NULL};
    const char *const never[] = {"how", "refuse", NULL};
    assert_int_equal(run(&b, "hostile", later, &result, &err), AMBS_E_NUMERIC);
    assert_string_equal(err.text, "epoch 2: hostile: fails");
    assert_int_equal(run(&b, "hostile", never, &result, &err), AMBS_E_INVALID);
    assert_string_equal(err.text, "hostile: refuses to start");
    tear_down(&b);
}

static void unknown_trainers_and_optimizers_are_told_the_known(void **state)
{
    (void)state;
    ambs_error err = {0};
    assert_null(ambs_trainer_find("mpl", &err));
    assert_string_equal(err.text,
                        "unknown trainer \"mpl\", expected one of mlp; did you mean \"mlp\"?");
    const ambs_trainer_ops *mlp = ambs_trainer_find("mlp", NULL);
    void *options = toy_options(mlp, NULL);
    assert_int_equal(ambs_options_set(mlp->member.options, options, "optimizer", "adan", &err),
                     AMBS_E_INVALID);
    assert_string_equal(err.text, "optimizer: found \"adan\", expected one of sgd, adam, rmsprop");
    toy_options_free(mlp, options);
}

static int train_once(void *ctx)
{
    bench *b = ctx;
    const ambs_trainer_ops *mlp = ambs_trainer_find("mlp", NULL);
    ambs_train_result result;
    void *options = calloc(1, mlp->member.options_size);
    if (!options) return AMBS_E_NOMEM;
    b->reports.n = 0;
    int rc = ambs_options_init(mlp->member.options, options, NULL);
    if (rc == 0)
        rc = ambs_training_run(mlp, options, b->data, b->splits, b->scalers, b->n_splits,
                               &b->context, &result, NULL);
    toy_options_free(mlp, options);
    return rc;
}

static void each_failing_allocation_is_an_error_without_a_leak(void **state)
{
    (void)state;
    bench b;
    set_up(&b, toy_dataset(40, 3, true), 2);
    b.context.fidelity = 2;
    assert_true(failing_alloc_each(train_once, &b) > 30);
    tear_down(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_trainer_runs_reports_and_repeats_itself),
        cmocka_unit_test(every_trainer_ends_when_a_report_is_answered_with_stop),
        cmocka_unit_test(the_fidelity_is_the_number_of_epochs),
        cmocka_unit_test(the_best_epoch_comes_back_after_patience),
        cmocka_unit_test(mlp_agrees_with_the_reference),
        cmocka_unit_test(mlp_learns_exclusive_or),
        cmocka_unit_test(mlp_learns_a_line_in_the_targets_own_unit),
        cmocka_unit_test(mlp_learns_the_digits),
        cmocka_unit_test(divergence_keeps_the_best_epoch_or_has_no_value),
        cmocka_unit_test(failures_of_a_trainer_come_up_with_the_epoch),
        cmocka_unit_test(unknown_trainers_and_optimizers_are_told_the_known),
        cmocka_unit_test(each_failing_allocation_is_an_error_without_a_leak),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("train/trainer", tests, NULL, NULL);
}
