/* SPDX-License-Identifier: MIT */
/* Out of memory anywhere in a study by any method is an error and no leak. */
#include "fixture.h"

#include "failing_alloc.h"

typedef struct scenario {
    const ambs_spec *spec;
} scenario;

static int study(void *ctx)
{
    const scenario *s = ctx;
    ambs_search *search;
    double x[MAX_D];
    ambs_proposal p = {.x = x};
    int rc = ambs_search_create(s->spec, &search, NULL);
    if (rc != AMBS_OK) return rc;
    for (size_t i = 0; rc == AMBS_OK && i < 14; i++) {
        rc = ambs_search_ask(search, &p, NULL);
        ambs_outcome o = outcome_of(bowl(s->spec->space, x));
        if (rc == AMBS_OK && i % 4 == 3)
            rc = ambs_search_cancel(search, p.trial, NULL);
        else if (rc == AMBS_OK && i % 4 < 2)
            rc = ambs_search_tell(search, p.trial, &o, NULL);
    }
    /* Later calls after a failure neither crash nor claim success out of a broken state. */
    if (rc == AMBS_E_NOMEM) {
        int again = ambs_search_ask(search, &p, NULL);
        assert_true(again == AMBS_OK || again == AMBS_E_NOMEM);
    }
    ambs_search_destroy(search);
    return rc;
}

static void every_allocation_of_a_study_may_fail(void **state)
{
    (void)state;
    for (size_t m = 0; ambs_method_registry[m]; m++) {
        const char *name = ambs_method_registry[m]->member.name;
        if (strcmp(name, "hostile") == 0) continue;
        bool model = strcmp(name, "ambs") == 0;
        scenario s = {make_spec(
            name, make_space(SPACE_MIXED), 1,
            model ? "surrogate=forest trees=2 candidates=5 climbs=1 rounds=1 initial.points=4"
                  : NULL)};
        assert_true(failing_alloc_each(study, &s) > 0);
        ((ambs_spec *)s.spec)->repeats = (ambs_repeats){1, 5, 0.95};
        assert_true(failing_alloc_each(study, &s) > 0);
        drop_spec((ambs_spec *)s.spec);
    }
}

/* What only some acquisition functions allocate: draws of functions, probes, decisions. */
static void allocations_of_acquisition_functions_may_fail(void **state)
{
    (void)state;
    static const char *const settings[] = {
        "surrogate=forest trees=2 acquisition=hedge candidates=5 climbs=1 rounds=1 "
        "initial.points=4",
        "surrogate=forest trees=2 variance=quantiles acquisition=ucb_pe candidates=5 climbs=1 "
        "rounds=1 initial.points=4",
        "surrogate=gp starts=1 acquisition=thompson candidates=5 screened=5 climbs=1 rounds=1 "
        "initial.points=8"};
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        scenario s = {make_spec("ambs", make_space(SPACE_MIXED), 1, settings[i])};
        assert_true(failing_alloc_each(study, &s) > 0);
        drop_spec((ambs_spec *)s.spec);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_of_a_study_may_fail),
        cmocka_unit_test(allocations_of_acquisition_functions_may_fail)};
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("allocation", tests, NULL, NULL);
}
