/* SPDX-License-Identifier: MIT */
/* The manager's two containers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/random.h"
#include "cluster/queue.h"

static ambs_error err;

static void an_empty_queue_gives_nothing(void **state)
{
    (void)state;
    ambs_queue q = {.item_size = sizeof(int)};
    assert_null(ambs_queue_first(&q));
    assert_false(ambs_queue_pop(&q, NULL));
    ambs_queue_fini(&q);
}

static void a_queue_keeps_the_order_while_it_grows_and_wraps(void **state)
{
    (void)state;
    ambs_random r;
    ambs_random_init(&r, 1, 0, AMBS_PURPOSE_TEST);
    ambs_queue q = {.item_size = sizeof(int)};
    int in = 0, out = 0;
    for (int step = 0; step < 100000; step++) {
        if (ambs_random_uniform(&r) < 0.52) {
            assert_int_equal(ambs_queue_push(&q, &in, &err), AMBS_OK);
            in++;
        } else if (q.n > 0) {
            int item;
            assert_int_equal(*(int *)ambs_queue_first(&q), out);
            assert_true(ambs_queue_pop(&q, &item));
            assert_int_equal(item, out++);
        }
        assert_int_equal(q.n, in - out);
    }
    ambs_queue_fini(&q);
}

static void a_roster_gives_the_oldest_and_forgets_any(void **state)
{
    (void)state;
    ambs_roster r = {0};
    assert_int_equal(ambs_roster_reserve(&r, 4, &err), AMBS_OK);
    assert_true(ambs_roster_first(&r) == AMBS_ROSTER_NONE);
    for (uint32_t i = 0; i < 4; i++) ambs_roster_push(&r, i);
    ambs_roster_push(&r, 0); /* to the end */
    assert_int_equal(ambs_roster_first(&r), 1);
    ambs_roster_remove(&r, 1);
    ambs_roster_remove(&r, 1);
    assert_false(ambs_roster_has(&r, 1));
    assert_int_equal(ambs_roster_reserve(&r, 1000, &err), AMBS_OK);
    ambs_roster_push(&r, 999);
    const uint32_t order[] = {2, 3, 0, 999};
    for (int i = 0; i < 4; i++) {
        assert_int_equal(ambs_roster_first(&r), order[i]);
        ambs_roster_remove(&r, order[i]);
    }
    assert_int_equal(r.n, 0);
    ambs_roster_fini(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_queue_gives_nothing),
        cmocka_unit_test(a_queue_keeps_the_order_while_it_grows_and_wraps),
        cmocka_unit_test(a_roster_gives_the_oldest_and_forgets_any),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("cluster/queue", tests, NULL, NULL);
}
