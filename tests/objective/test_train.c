/* SPDX-License-Identifier: MIT */
/* The objective `train`: how a study's parameters reach a trainer, and what comes back. */
#include "../base/check.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../base/failing_alloc.h"
#include "objective/objective.h"

extern const ambs_objective_ops ambs_objective_train;
static const ambs_objective_ops *const ops = &ambs_objective_train;

static void add(ambs_space *space, ambs_parameter p)
{
    p.initial = NAN;
    assert_int_equal(ambs_space_add(space, &p, NULL), 0);
}

/* One float parameter, or an int where the bounds are to be whole. */
static ambs_space *make_space(const char *name, ambs_parameter_type type, double min, double max)
{
    ambs_space *space;
    assert_int_equal(ambs_space_create(&space, NULL), 0);
    add(space, (ambs_parameter){.name = name, .type = type, .min = min, .max = max});
    assert_int_equal(ambs_space_finish(space, NULL), 0);
    return space;
}

/* A study of learning_rate, optimizer, and momentum with sgd. */
static ambs_space *usual_space(void)
{
    static const ambs_value optimizers[] = {{AMBS_VALUE_STRING, NAN, "adam"},
                                            {AMBS_VALUE_STRING, NAN, "sgd"}};
    const double sgd = 1;
    ambs_space *space;
    assert_int_equal(ambs_space_create(&space, NULL), 0);
    add(space, (ambs_parameter){.name = "learning_rate", .min = 1e-4, .max = 0.1});
    add(space, (ambs_parameter){.name = "optimizer",
                                .type = AMBS_PARAMETER_CATEGORICAL,
                                .levels = optimizers,
                                .n_levels = 2});
    add(space, (ambs_parameter){.name = "momentum", .min = 0, .max = 0.99});
    assert_int_equal(ambs_space_add_condition(space, "momentum", "optimizer", &sgd, 1, NULL), 0);
    assert_int_equal(ambs_space_finish(space, NULL), 0);
    return space;
}

static void free_options(void *options)
{
    ambs_options_fini(ops->member.options, options);
    ops->fini(options);
    free(options);
}

/* Options from pairs of names and values, NULL at the end; the code of the first that fails. */
static int make_options(const char *const *pairs, void **ret_options, ambs_error *err)
{
    void *options = calloc(1, ops->member.options_size);
    if (!options) return AMBS_E_NOMEM;
    int rc = ambs_options_init(ops->member.options, options, err);
    for (; rc == 0 && pairs[0]; pairs += 2)
        rc = ambs_option_find(ops->member.options, pairs[0])
                 ? ambs_options_set(ops->member.options, options, pairs[0], pairs[1], err)
                 : ops->set_other(options, pairs[0], pairs[1], err);
    if (rc != 0) {
        free_options(options);
        return rc;
    }
    *ret_options = options;
    return 0;
}

static void *options_of(const char *const *pairs)
{
    void *options;
    ambs_error err = {0};
    if (make_options(pairs, &options, &err) != 0) fail_msg("%s", err.text);
    return options;
}

/* Opens, evaluates x and closes. */
static ambs_outcome evaluate(const char *const *pairs, const char *metric, const double *x,
                             const ambs_reporter *reporter, double fidelity)
{
    ambs_outcome out = {.objective = NAN};
    ambs_error err = {0};
    void *options = options_of(pairs), *host;
    ambs_space *space = usual_space();
    if (ops->check(options, space, metric, &err) != 0) fail_msg("%s", err.text);
    if (ops->open(options, space, metric, &host, &err) != 0) fail_msg("%s", err.text);
    const ambs_attempt attempt = {
        .trial = 1, .attempt = 1, .study_seed = 7, .fidelity = fidelity, .x = x};
    assert_int_equal(ops->evaluate(host, &attempt, reporter, &out, &err), 0);
    ops->close(host);
    free_options(options);
    ambs_space_destroy(space);
    return out;
}

static double metric_of(const ambs_outcome *out, const char *name)
{
    for (size_t i = 0; i < out->n_metrics; i++)
        if (strcmp(out->metrics[i].name, name) == 0) return out->metrics[i].value;
    fail_msg("no metric %s", name);
    return NAN;
}

static const double good[] = {0.003, 0, NAN}; /* adam */
static const double wild[] = {0.1, 1, 0.99};  /* sgd with momentum */

static void digits_are_learnt_and_told_with_their_metrics(void **state)
{
    (void)state;
    const char *const pairs[] = {"dataset", "share:digits", "test", "0.2", "epochs", "8", NULL};
    const ambs_outcome out = evaluate(pairs, "validation_error", good, NULL, NAN);
    assert_int_equal(out.state, AMBS_TRIAL_COMPLETE);
    assert_int_equal(out.reason, AMBS_REASON_NONE);
    assert_true(out.objective < 0.06);
    assert_true(metric_of(&out, "validation_cross_entropy") < 0.3);
    assert_true(metric_of(&out, "test_error") < 0.1);
    assert_true(metric_of(&out, "epochs") == 8);
    assert_true(metric_of(&out, "weights") == 65 * 64 + 65 * 64 + 65 * 10);
    const ambs_outcome again = evaluate(pairs, "validation_error", good, NULL, NAN);
    assert_true(again.objective == out.objective);
}

static void folds_give_a_mean_and_its_spread(void **state)
{
    (void)state;
    const char *const pairs[] = {"dataset", "share:digits", "folds", "5", "epochs", "4", NULL};
    const ambs_outcome out = evaluate(pairs, "validation_cross_entropy", good, NULL, NAN);
    assert_int_equal(out.state, AMBS_TRIAL_COMPLETE);
    assert_true(out.objective < 0.4);
    const double sd = metric_of(&out, "validation_cross_entropy_sd");
    assert_true(sd > 0 && sd < 0.2);
}

typedef struct told {
    long long n;
    long long stop_at;
} told;

static ambs_decision report(void *ctx, long long step, const char *metric, double value)
{
    told *t = ctx;
    assert_int_equal(step, ++t->n);
    assert_string_equal(metric, "validation_error");
    assert_true(value >= 0 && value <= 1);
    return t->n == t->stop_at ? AMBS_STOP : AMBS_CONTINUE;
}

static void every_epoch_is_reported_and_a_stop_prunes(void **state)
{
    (void)state;
    const char *const pairs[] = {"dataset", "share:digits", "epochs", "50", NULL};
    told t = {0};
    const ambs_reporter reporter = {report, &t};
    ambs_outcome out = evaluate(pairs, "validation_error", good, &reporter, 3);
    assert_int_equal(out.state, AMBS_TRIAL_COMPLETE);
    assert_int_equal(t.n, 3); /* the fidelity's epochs */
    t = (told){.stop_at = 2};
    out = evaluate(pairs, "validation_error", good, &reporter, NAN);
    assert_int_equal(out.state, AMBS_TRIAL_PRUNED);
    assert_int_equal(t.n, 2);
    assert_true(out.objective < 0.5);
}

static void a_trial_that_diverges_or_fails_says_why(void **state)
{
    (void)state;
    const char *const diverges[] = {"train", "hostile", "dataset", "share:digits",
                                    "how",   "nan",     NULL};
    const char *const fails[] = {"train", "hostile", "dataset", "share:digits",
                                 "how",   "fail",    NULL};
    static const struct {
        ambs_reason reason;
        const char *message;
    } expected[] = {
        {AMBS_REASON_NOT_A_NUMBER,
         "the loss was not finite in the first epoch; a smaller learning_rate may help"},
        {AMBS_REASON_OBJECTIVE, "epoch 1: hostile: fails"},
    };
    for (size_t i = 0; i < 2; i++) {
        void *options = options_of(i == 0 ? diverges : fails), *host;
        ambs_space *space = make_space("at_epoch", AMBS_PARAMETER_INT, 1, 2);
        const double x[] = {1};
        const ambs_attempt attempt = {.attempt = 1, .fidelity = NAN, .x = x};
        ambs_outcome out = {.objective = NAN};
        assert_int_equal(ops->check(options, space, "validation_error", NULL), 0);
        assert_int_equal(ops->open(options, space, "validation_error", &host, NULL), 0);
        assert_int_equal(ops->evaluate(host, &attempt, NULL, &out, NULL), 0);
        assert_int_equal(out.state, AMBS_TRIAL_FAILED);
        assert_int_equal(out.reason, expected[i].reason);
        assert_string_equal(out.message, expected[i].message);
        assert_true(isnan(out.objective));
        ops->close(host);
        free_options(options);
        ambs_space_destroy(space);
    }
}

static void a_split_of_its_own_changes_a_trial(void **state)
{
    (void)state;
    const char *const same[] = {"dataset", "share:digits", "epochs", "2", NULL};
    const char *const own[] = {"dataset",         "share:digits", "epochs", "2",
                               "split_per_trial", "true",         NULL};
    const ambs_outcome a = evaluate(same, "validation_loss", wild, NULL, NAN);
    const ambs_outcome b = evaluate(own, "validation_loss", wild, NULL, NAN);
    assert_true(a.objective != b.objective);
}

static void a_fixed_option_the_trainer_lacks_is_refused_at_once(void **state)
{
    (void)state;
    ambs_error err = {0};
    void *options;
    const char *const unknown[] = {"dropuot", "0.1", NULL};
    assert_int_equal(make_options(unknown, &options, &err), AMBS_E_NOT_FOUND);
    assert_non_null(
        strstr(err.text, "unknown option \"dropuot\": did you mean \"dropout\"? known options:"));
    const char *const outside[] = {"dropout", "1.5", NULL};
    assert_int_equal(make_options(outside, &options, &err), AMBS_E_INVALID);
    assert_string_equal(err.text, "dropout: found \"1.5\", expected a value from 0 to 0.95");
    const char *const trainer[] = {"train", "forest", "layers", "2", NULL};
    assert_int_equal(make_options(trainer, &options, &err), AMBS_E_NOT_FOUND);
    assert_string_equal(err.text, "unknown trainer \"forest\", expected one of mlp");
}

typedef struct bad_study {
    const char *pairs[7];
    const char *parameter;
    ambs_parameter_type type;
    double min, max;
    const char *metric, *message;
} bad_study;

#define DIGITS "dataset", "share:digits"
static const bad_study bad_studies[] = {
    {{DIGITS},
     "learning_rate",
     AMBS_PARAMETER_FLOAT,
     0.1,
     0.2,
     "validation_eror",
     "metric: found \"validation_eror\", expected one of validation_error, "
     "validation_cross_entropy, "
     "validation_mse, validation_loss; did you mean \"validation_error\"?"},
    {{DIGITS},
     "learning_rate",
     AMBS_PARAMETER_FLOAT,
     0.1,
     0.2,
     "objective",
     "metric: found \"objective\" (its name where a study gives none), expected one of "
     "validation_error, "
     "validation_cross_entropy, validation_mse, validation_loss"},
    {{NULL},
     "learning_rate",
     AMBS_PARAMETER_FLOAT,
     0.1,
     0.2,
     "validation_error",
     "dataset: found none, expected share:digits or the path of a data file"},
    {{"dataset", "absent.csv"},
     "learning_rate",
     AMBS_PARAMETER_FLOAT,
     0.1,
     0.2,
     "validation_error",
     "dataset: absent.csv: No such file or directory"},
    {{DIGITS, "folds", "1"},
     "learning_rate",
     AMBS_PARAMETER_FLOAT,
     0.1,
     0.2,
     "validation_error",
     "folds: found 1, expected 0 (none) or 2 and more"},
    {{DIGITS},
     "learning_rate",
     AMBS_PARAMETER_FLOAT,
     -0.5,
     0.2,
     "validation_error",
     "parameter \"learning_rate\": learning_rate: found \"-0.5\", expected a value from 1e-12 to "
     "1000"},
    {{DIGITS},
     "layers",
     AMBS_PARAMETER_INT,
     1,
     99,
     "validation_error",
     "parameter \"layers\": layers: found \"99\", expected a value from 0 to 16"},
    {{DIGITS},
     "layers",
     AMBS_PARAMETER_FLOAT,
     1,
     4,
     "validation_error",
     "parameter \"layers\": found real numbers, but layers is a whole number; expected bounds "
     "without "
     "a point, or type: int"},
    {{DIGITS, "units", "20"},
     "units",
     AMBS_PARAMETER_INT,
     10,
     40,
     "validation_error",
     "parameter \"units\": it is also fixed in the objective (units: 20), expected one of the two"},
    {{DIGITS},
     "momentum",
     AMBS_PARAMETER_FLOAT,
     0,
     0.9,
     "validation_error",
     "momentum is an option of sgd, but optimizer is adam; leave it out or choose sgd"},
};

static void every_study_that_does_not_suit_is_told(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bad_studies / sizeof bad_studies[0]; i++) {
        const bad_study *b = &bad_studies[i];
        ambs_error err = {0};
        void *options = options_of(b->pairs);
        ambs_space *space = make_space(b->parameter, b->type, b->min, b->max);
        assert_true(ops->check(options, space, b->metric, &err) < 0);
        assert_string_equal(err.text, b->message);
        ambs_space_destroy(space);
        free_options(options);
    }
}

static void an_unknown_parameter_is_told_the_nearest_option(void **state)
{
    (void)state;
    const char *const pairs[] = {DIGITS, NULL};
    ambs_error err = {0};
    void *options = options_of(pairs);
    ambs_space *space = make_space("lerning_rate", AMBS_PARAMETER_FLOAT, 0.1, 0.2);
    assert_int_equal(ops->check(options, space, "validation_error", &err), AMBS_E_NOT_FOUND);
    assert_string_equal(err.text,
                        "parameter \"lerning_rate\": unknown option \"lerning_rate\": did you mean "
                        "\"learning_rate\"? known options: layers, units, activation, dropout, "
                        "batch, optimizer, momentum, beta1, beta2, epsilon, decay, learning_rate, "
                        "weight_decay, epochs, patience");
    ambs_space_destroy(space);
    free_options(options);
}

static void a_measure_that_the_data_cannot_give_is_refused_on_opening(void **state)
{
    (void)state;
    const char *const pairs[] = {DIGITS, NULL};
    const char *const twice[] = {DIGITS, "target", "y", NULL};
    ambs_error err = {0};
    void *options = options_of(pairs), *host;
    ambs_space *space = usual_space();
    assert_int_equal(ops->open(options, space, "validation_mse", &host, &err), AMBS_E_INVALID);
    assert_string_equal(err.text, "metric: found validation_mse, but the target of share:digits is "
                                  "classes; expected validation_error or validation_cross_entropy");
    free_options(options);
    options = options_of(twice);
    assert_int_equal(ops->open(options, space, "validation_error", &host, &err), AMBS_E_INVALID);
    assert_non_null(
        strstr(err.text, "dataset: target: found \"y\", but only a CSV has named columns"));
    free_options(options);
    ambs_space_destroy(space);
}

static void the_data_are_described(void **state)
{
    (void)state;
    static const struct {
        const char *pairs[7], *text;
    } cases[] = {
        {{DIGITS, "test", "0.2"},
         "1797 rows, 64 columns, 10 classes; 1079 rows for training, 359 for validation, 359 for "
         "testing"},
        {{DIGITS, "folds", "5"},
         "1797 rows, 64 columns, 10 classes; 5 folds, the first 1437 rows for training, 360 for "
         "validation, 0 for testing"},
        {{DIGITS, "validation", "0.9", "test", "0.5"},
         "the data cannot be used: validation: a share of 0.9 of 1797 rows, with 899 test rows, "
         "leaves "
         "the training part empty"},
    };
    for (size_t i = 0; i < 3; i++) {
        void *options = options_of(cases[i].pairs);
        ambs_text out = {0};
        ops->describe(options, NULL, &out);
        assert_string_equal(out.text, cases[i].text);
        ambs_text_fini(&out);
        free_options(options);
    }
}

static void write_rows(const char *path, int n)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs("a,y\n", file);
    for (int i = 0; i < n; i++) fprintf(file, "%d.5,%s\n", i, i % 2 ? "odd" : "even");
    assert_int_equal(fclose(file), 0);
}

/* "20 rows, …" of d.csv in a study whose file is `file`. */
static void assert_described(const char *file, const char *wanted)
{
    const char *const pairs[] = {"dataset", "d.csv", NULL};
    void *options = options_of(pairs);
    ambs_text out = {0};
    assert_int_equal(ops->place(options, file, true, NULL), AMBS_OK);
    ops->describe(options, NULL, &out);
    if (strncmp(out.text, wanted, strlen(wanted)) != 0)
        fail_msg("found %s, expected %s", out.text, wanted);
    ambs_text_fini(&out);
    free_options(options);
}

static void data_beside_the_study_go_before_those_where_ambs_works(void **state)
{
    (void)state;
    char folder[] = "/tmp/ambs-train-XXXXXX", before[4096], path[64];
    assert_non_null(mkdtemp(folder));
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(folder), 0);
    assert_int_equal(mkdir("study", 0700), 0);
    snprintf(path, sizeof path, "%s/study/s.yaml", folder);
    write_rows("d.csv", 20);
    assert_described(path, "20 rows, ");
    write_rows("study/d.csv", 30);
    assert_described(path, "30 rows, ");
    assert_described("study/s.yaml", "30 rows, ");
    assert_described("s.yaml", "20 rows, ");
    assert_int_equal(unlink("d.csv"), 0);
    assert_described(path, "30 rows, ");
    assert_described("s.yaml",
                     "the data cannot be used: dataset: d.csv: No such file or directory");
    assert_int_equal(unlink("study/d.csv"), 0);
    assert_int_equal(rmdir("study"), 0);
    assert_int_equal(chdir(before), 0);
    assert_int_equal(rmdir(folder), 0);
}

static int study_once(void *ctx)
{
    const ambs_space *space = ctx;
    const char *const pairs[] = {"train", "hostile", DIGITS, "how", "hang", NULL};
    void *options;
    int rc = make_options(pairs, &options, NULL);
    if (rc != 0) return rc;
    rc = ops->place(options, "study.yaml", true, NULL);
    if (rc == 0) rc = ops->check(options, space, "validation_error", NULL);
    void *host = NULL;
    if (rc == 0) rc = ops->open(options, space, "validation_error", &host, NULL);
    if (rc == 0) ops->close(host);
    free_options(options);
    return rc;
}

static void each_failing_allocation_is_an_error_without_a_leak(void **state)
{
    (void)state;
    ambs_space *space = make_space("at_epoch", AMBS_PARAMETER_INT, 1, 2);
    assert_true(failing_alloc_each(study_once, space) > 20);
    ambs_space_destroy(space);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digits_are_learnt_and_told_with_their_metrics),
        cmocka_unit_test(folds_give_a_mean_and_its_spread),
        cmocka_unit_test(every_epoch_is_reported_and_a_stop_prunes),
        cmocka_unit_test(a_trial_that_diverges_or_fails_says_why),
        cmocka_unit_test(a_split_of_its_own_changes_a_trial),
        cmocka_unit_test(a_fixed_option_the_trainer_lacks_is_refused_at_once),
        cmocka_unit_test(every_study_that_does_not_suit_is_told),
        cmocka_unit_test(an_unknown_parameter_is_told_the_nearest_option),
        cmocka_unit_test(a_measure_that_the_data_cannot_give_is_refused_on_opening),
        cmocka_unit_test(the_data_are_described),
        cmocka_unit_test(data_beside_the_study_go_before_those_where_ambs_works),
        cmocka_unit_test(each_failing_allocation_is_an_error_without_a_leak),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("objective/train", tests, NULL, NULL);
}
