/* SPDX-License-Identifier: MIT */
/* The queue of a study: its files, and what becomes of a wish. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "failing_alloc.h"
#include "records.h"
#include "study/wishes.h"

static char folder[64], study[128];
static ambs_space *space;

static int set_up(void **state)
{
    (void)state;
    ambs_error err;
    char journal[160];
    static const ambs_value levels[] = {{AMBS_VALUE_STRING, NAN, "sgd"},
                                        {AMBS_VALUE_STRING, NAN, "a = b"}};
    const ambs_parameter rate = {.name = "rate",
                                 .type = AMBS_PARAMETER_FLOAT,
                                 .scale = AMBS_SCALE_LOG,
                                 .min = 1e-4,
                                 .max = 1,
                                 .initial = NAN},
                         kind = {.name = "kind",
                                 .type = AMBS_PARAMETER_CATEGORICAL,
                                 .levels = levels,
                                 .n_levels = 2,
                                 .initial = NAN},
                         part = {.name = "part",
                                 .type = AMBS_PARAMETER_INT,
                                 .min = 1,
                                 .max = 4,
                                 .initial = NAN};
    const double second = 1;
    make_folder(folder);
    snprintf(study, sizeof study, "%s/s.h5", folder);
    snprintf(journal, sizeof journal, "%s.journal", study);
    assert_int_equal(mkdir(journal, 0777), 0);
    if (ambs_space_create(&space, &err) || ambs_space_add(space, &rate, &err) ||
        ambs_space_add(space, &kind, &err) || ambs_space_add(space, &part, &err) ||
        ambs_space_add_condition(space, "part", "kind", &second, 1, &err) ||
        ambs_space_add_constraint(space, "rate < 0.5", &err) || ambs_space_finish(space, &err))
        fail_msg("%s", err.text);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    ambs_space_destroy(space);
    remove_folder(folder);
    return 0;
}

static ambs_wish_name put(double rate, double kind, double part)
{
    ambs_error err;
    ambs_wish_name name;
    const double x[] = {rate, kind, part};
    if (ambs_wish_put(study, space, x, &name, &err) != AMBS_OK) fail_msg("%s", err.text);
    return name;
}

static size_t count(void)
{
    ambs_wish_name *names;
    size_t n;
    assert_int_equal(ambs_wish_list(study, &names, &n, NULL), AMBS_OK);
    free(names);
    return n;
}

static void a_study_without_a_queue_has_no_wishes(void **state)
{
    (void)state;
    assert_int_equal(count(), 0);
    strcat(study, "x");
    assert_int_equal(count(), 0);
    ambs_error err;
    ambs_wish_name name;
    const double x[] = {0.1, 0, NAN};
    char expected[256];
    snprintf(expected, sizeof expected, "%s has no journal to put a queue into", study);
    assert_int_equal(ambs_wish_put(study, space, x, &name, &err), AMBS_E_NOT_FOUND);
    assert_string_equal(err.text, expected);
}

static void wishes_come_back_in_their_order(void **state)
{
    (void)state;
    ambs_wish_name *names;
    size_t n;
    char *text;
    double x[3];
    const ambs_wish_name put_names[] = {put(0.01, 1, 3), put(1e-3, 0, NAN)};
    assert_int_equal(ambs_wish_list(study, &names, &n, NULL), AMBS_OK);
    assert_int_equal(n, 2);
    assert_string_equal(names[0].text, put_names[0].text);
    assert_string_equal(names[1].text, put_names[1].text);
    assert_int_equal(ambs_wish_text(study, &names[0], &text, NULL), AMBS_OK);
    assert_string_equal(text, "rate=0.01\nkind=a = b\npart=3\n");
    assert_int_equal(ambs_wish_read(space, text, x, NULL), AMBS_OK);
    assert_true(x[0] == 0.01 && x[1] == 1 && x[2] == 3);
    assert_int_equal(ambs_wish_remove(study, &names[0], NULL), AMBS_OK);
    assert_int_equal(ambs_wish_remove(study, &names[0], NULL), AMBS_OK); /* gone already */
    assert_int_equal(ambs_wish_text(study, &names[0], &text, NULL), AMBS_E_NOT_FOUND);
    assert_int_equal(count(), 1);
    free(text);
    free(names);
}

static void a_refused_wish_says_why(void **state)
{
    (void)state;
    ambs_wish_name name = put(0.01, 0, NAN);
    assert_null(ambs_wish_refusal(study, &name));
    assert_int_equal(ambs_wish_refuse(study, &name, "for no reason", NULL), AMBS_OK);
    assert_int_equal(count(), 0);
    char *why = ambs_wish_refusal(study, &name);
    assert_string_equal(why, "for no reason");
    free(why);
}

static void expect_fault(const char *text, const char *expected)
{
    double x[3];
    ambs_error err = {0};
    assert_int_equal(ambs_wish_read(space, text, x, &err), AMBS_E_INVALID);
    assert_string_equal(err.text, expected);
}

static void what_is_no_configuration_is_told(void **state)
{
    (void)state;
    expect_fault("rate\n", "found \"rate\", expected NAME=VALUE, as in learning_rate=0.01");
    expect_fault("=1\n", "found \"=1\", expected NAME=VALUE, as in learning_rate=0.01");
    expect_fault("rata=1\n", "the study has no parameter \"rata\"; did you mean \"rate\"?");
    expect_fault("rate=7\n", "parameter \"rate\": 7 is outside 0.0001 to 1");
    expect_fault("rate=0.9\n", "the constraint \"rate < 0.5\" is false");
    expect_fault("part=2\nkind=sgd\n",
                 "part is inactive in this configuration: it applies only when kind == a = b");
    double x[3];
    assert_int_equal(ambs_wish_read(space, "\r\n\nkind=sgd\r\nrate=0.1", x, NULL), AMBS_OK);
    assert_true(x[0] == 0.1 && x[1] == 0 && isnan(x[2]));
    assert_int_equal(ambs_wish_read(space, "", x, NULL), AMBS_OK); /* all defaults */
    assert_true(fabs(x[0] - 0.01) < 1e-12 && x[1] == 0 && isnan(x[2]));
}

/* ---- on the way through a study ---- */

static void apply(ambs_table *t, ambs_record record)
{
    ambs_error err;
    record.sequence = t->sequence + 1;
    if (ambs_table_apply(t, &record, &err) != AMBS_OK) fail_msg("%s", err.text);
}

static ambs_table *make_table(void)
{
    ambs_table *t;
    assert_int_equal(ambs_table_create(&t, NULL), AMBS_OK);
    apply(t, (ambs_record){.type = AMBS_RECORD_LIFE,
                           .as.life = {.format = 1, .epoch = 1, .n_dimensions = 3}});
    return t;
}

static void propose(ambs_table *t, double rate)
{
    double x[] = {rate, 0, NAN};
    apply(t, (ambs_record){.type = AMBS_RECORD_PROPOSAL,
                           .as.proposal = {.proposal = {.trial = t->n, .x = x}}});
}

static ambs_wish_verdict judge(ambs_wishes *w, const ambs_table *t, const char *name,
                               const char *text, const char *expected_why)
{
    ambs_wish_name n;
    ambs_wish_verdict verdict;
    double x[3];
    char why[512];
    snprintf(n.text, sizeof n.text, "%s", name);
    assert_int_equal(ambs_wishes_judge(w, t, &n, text, &verdict, x, why, NULL), AMBS_OK);
    assert_string_equal(why, expected_why);
    return verdict;
}

static void a_wish_is_open_until_its_trial_is_durable(void **state)
{
    (void)state;
    ambs_table *t = make_table();
    ambs_wishes w = {.space = space};
    ambs_wish_name name;
    propose(t, 0.25);
    assert_int_equal(judge(&w, t, "a", "rate=0.1", ""), AMBS_WISH_NEW);
    assert_int_equal(judge(&w, t, "b", "rate=0.2", ""), AMBS_WISH_NEW);
    assert_int_equal(judge(&w, t, "c", "rate=0.2", "the configuration is in the queue already"),
                     AMBS_WISH_KNOWN);
    assert_int_equal(judge(&w, t, "d", "rate=0.25", "the configuration is that of trial 0 already"),
                     AMBS_WISH_KNOWN);
    assert_int_equal(judge(&w, t, "e", "rate=3", "parameter \"rate\": 3 is outside 0.0001 to 1"),
                     AMBS_WISH_BAD);
    assert_false(ambs_wishes_next_granted(&w, t, t->sequence, &name));
    propose(t, 0.3);
    propose(t, 0.2);
    assert_false(ambs_wishes_next_granted(&w, t, t->sequence - 1, &name));
    assert_true(ambs_wishes_next_granted(&w, t, t->sequence, &name));
    assert_string_equal(name.text, "b");
    assert_false(ambs_wishes_next_granted(&w, t, t->sequence, &name));
    assert_true(ambs_wishes_is_open(&w, &(ambs_wish_name){"a"}));
    assert_false(ambs_wishes_is_open(&w, &name));
    ambs_wishes_fini(&w);
    ambs_table_destroy(t);
}

static void a_cancelled_trial_may_be_wished_for(void **state)
{
    (void)state;
    ambs_table *t = make_table();
    ambs_wishes w = {.space = space};
    propose(t, 0.25);
    apply(t, (ambs_record){.type = AMBS_RECORD_CANCEL, .as.cancel.trial = 0});
    assert_int_equal(judge(&w, t, "a", "rate=0.25", ""), AMBS_WISH_NEW);
    ambs_wishes_fini(&w);
    ambs_table_destroy(t);
}

static int all(void *ctx)
{
    const ambs_table *t = ctx;
    ambs_wishes w = {.space = space};
    ambs_wish_name *names = NULL, name;
    ambs_wish_verdict verdict;
    size_t n = 0;
    const double x[] = {0.1, 0, NAN};
    double y[3];
    char why[512], *text = NULL;
    int rc = ambs_wish_put(study, space, x, &name, NULL);
    if (rc == AMBS_OK) rc = ambs_wish_list(study, &names, &n, NULL);
    if (rc == AMBS_OK) rc = ambs_wish_text(study, &name, &text, NULL);
    if (rc == AMBS_OK) rc = ambs_wishes_judge(&w, t, &name, text, &verdict, y, why, NULL);
    if (rc == AMBS_OK) rc = ambs_wish_refuse(study, &name, "", NULL);
    free(text);
    free(names);
    ambs_wishes_fini(&w);
    return rc;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    ambs_table *t = make_table();
    assert_true(failing_alloc_each(all, t) > 0);
    ambs_table_destroy(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define ONE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
        ONE(a_study_without_a_queue_has_no_wishes),
        ONE(wishes_come_back_in_their_order),
        ONE(a_refused_wish_says_why),
        ONE(what_is_no_configuration_is_told),
        ONE(a_wish_is_open_until_its_trial_is_durable),
        ONE(a_cancelled_trial_may_be_wished_for),
        ONE(every_allocation_may_fail),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("study/wish", tests, NULL, NULL);
}
