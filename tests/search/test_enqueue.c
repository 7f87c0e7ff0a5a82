/* SPDX-License-Identifier: MIT */
/* Configurations that are enqueued while a search runs. */
#include "fixture.h"

#include "failing_alloc.h"

static ambs_search *search;
static ambs_spec *spec;
static double x_asked[MAX_D];

static void begin(const char *method, space_kind kind)
{
    ambs_error err;
    spec = make_spec(method, make_space(kind), 1, NULL);
    must(ambs_search_create(spec, &search, &err), &err);
}

static void end(void)
{
    ambs_search_destroy(search);
    drop_spec(spec);
}

static ambs_proposal ask(void)
{
    ambs_error err;
    ambs_proposal p = {.x = x_asked};
    must(ambs_search_ask(search, &p, &err), &err);
    return p;
}

static uint64_t queued(void)
{
    ambs_search_counts c;
    ambs_search_counts_get(search, &c);
    return c.queued;
}

static void expect_refusal(const double *x, const char *text)
{
    ambs_error err = {0};
    assert_int_equal(ambs_search_enqueue(search, x, &err), AMBS_E_INVALID);
    assert_string_equal(err.text, text);
}

static void the_next_asks_propose_it_by_every_method(void **state)
{
    (void)state;
    for (size_t m = 0; ambs_method_registry[m]; m++) {
        const char *name = ambs_method_registry[m]->member.name;
        if (strcmp(name, "hostile") == 0) continue;
        begin(name, SPACE_SMALL);
        const double a[] = {1, 1, 1}, b[] = {3, 3, 4};
        for (int i = 0; i < 3; i++) ask();
        int rc_a = ambs_search_enqueue(search, a, NULL),
            rc_b = ambs_search_enqueue(search, b, NULL);
        assert_int_equal(queued(), (rc_a == AMBS_OK) + (rc_b == AMBS_OK));
        if (rc_a == AMBS_OK) {
            assert_int_equal(ask().origin, AMBS_ORIGIN_ENQUEUED);
            assert_true(ambs_space_equal(spec->space, x_asked, a));
        }
        if (rc_b == AMBS_OK) {
            assert_int_equal(ask().origin, AMBS_ORIGIN_ENQUEUED);
            assert_true(ambs_space_equal(spec->space, x_asked, b));
        }
        assert_int_equal(queued(), 0);
        assert_true(ask().origin != AMBS_ORIGIN_ENQUEUED);
        end();
    }
}

static void what_cannot_be_tried_is_refused(void **state)
{
    (void)state;
    begin("random", SPACE_CONDITIONAL);
    const double good[] = {2, 3, 1}, forbidden[] = {2, 4, 1}, outside[] = {2, 9, 1},
                 inactive[] = {0, 3, NAN};
    ambs_error err;
    must(ambs_search_enqueue(search, good, &err), &err);
    expect_refusal(good, "the configuration is in the queue already");
    expect_refusal(forbidden, "the constraint \"b * c != 4 and a != 1\" is false");
    expect_refusal(outside, "parameter \"b\": 9 is outside 1 to 4");
    expect_refusal(inactive, "parameter \"b\" has a value but is inactive (a == 2)");
    assert_int_equal(ask().origin, AMBS_ORIGIN_ENQUEUED);
    expect_refusal(good, "the configuration is that of trial 0 already");
    end();
}

static void one_that_comes_by_another_way_is_passed_over(void **state)
{
    (void)state;
    begin("random", SPACE_SMALL);
    const double a[] = {1, 1, 1}, b[] = {2, 2, 2};
    ambs_outcome o = outcome_of(1);
    ambs_error err;
    uint64_t id;
    must(ambs_search_enqueue(search, a, &err), &err);
    must(ambs_search_enqueue(search, b, &err), &err);
    must(ambs_search_tell_own(search, a, &o, &id, &err), &err);
    ask();
    assert_true(ambs_space_equal(spec->space, x_asked, b));
    assert_int_equal(queued(), 0);
    end();
}

static void a_cancelled_one_comes_again(void **state)
{
    (void)state;
    begin("random", SPACE_SMALL);
    const double a[] = {1, 1, 1};
    ambs_error err;
    must(ambs_search_enqueue(search, a, &err), &err);
    must(ambs_search_cancel(search, ask().trial, &err), &err);
    must(ambs_search_enqueue(search, a, &err), &err); /* it is free again */
    assert_int_equal(ask().origin, AMBS_ORIGIN_ENQUEUED);
    assert_true(ambs_space_equal(spec->space, x_asked, a));
    assert_true(ask().origin != AMBS_ORIGIN_ENQUEUED);
    end();
}

static void it_comes_before_points_and_defaults(void **state)
{
    (void)state;
    begin("ambs", SPACE_SMALL);
    const double a[] = {1, 1, 1};
    spec->initial_points = calloc(3, sizeof(double));
    memcpy(spec->initial_points, (const double[]){2, 2, 2}, 3 * sizeof(double));
    spec->n_initial = 1;
    ambs_error err;
    must(ambs_search_enqueue(search, a, &err), &err);
    assert_int_equal(ask().origin, AMBS_ORIGIN_ENQUEUED);
    assert_int_equal(ask().origin, AMBS_ORIGIN_POINT);
    assert_int_equal(ask().origin, AMBS_ORIGIN_DEFAULT);
    end();
}

static int one(void *ctx)
{
    const ambs_spec *s = ctx;
    ambs_search *it;
    double x[] = {1, 1, 1};
    ambs_proposal p = {.x = x};
    int rc = ambs_search_create(s, &it, NULL);
    if (rc != AMBS_OK) return rc;
    rc = ambs_search_enqueue(it, x, NULL);
    if (rc == AMBS_OK) rc = ambs_search_ask(it, &p, NULL);
    ambs_search_destroy(it);
    return rc;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    ambs_spec *s = make_spec("random", make_space(SPACE_SMALL), 1, NULL);
    assert_true(failing_alloc_each(one, s) > 0);
    drop_spec(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_next_asks_propose_it_by_every_method),
        cmocka_unit_test(what_cannot_be_tried_is_refused),
        cmocka_unit_test(one_that_comes_by_another_way_is_passed_over),
        cmocka_unit_test(a_cancelled_one_comes_again),
        cmocka_unit_test(it_comes_before_points_and_defaults),
        cmocka_unit_test(every_allocation_may_fail),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("search/enqueue", tests, NULL, NULL);
}
