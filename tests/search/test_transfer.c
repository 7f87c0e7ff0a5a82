/* SPDX-License-Identifier: MIT */
/* What earlier studies tell of a new one. */
#include "fixture.h"

#include "failing_alloc.h"
#include "search/transfer.h"

enum { N_OLD = 60 };

static ambs_space *make_cube(void)
{
    ambs_error err;
    ambs_space *s;
    must(ambs_space_create(&s, &err), &err);
    for (char name[2] = "a"; name[0] <= 'd'; name[0]++) add_float(s, name, 0, 1, AMBS_SCALE_LINEAR);
    must(ambs_space_finish(s, &err), &err);
    return s;
}

static int by_value(const void *a, const void *b)
{
    double x = **(const double *const *)a, y = **(const double *const *)b;
    return (x > y) - (x < y);
}

/* An old study of random configurations, whose values are sign times the bowl. */
static ambs_spec *make_warm(double sign, size_t n_points, uint64_t seed, const char *settings)
{
    ambs_spec *spec = make_spec("ambs", make_cube(), seed, settings);
    static double rows[N_OLD][5];
    const double *order[N_OLD];
    ambs_random r;
    ambs_error err;
    ambs_random_init(&r, seed, 9, AMBS_PURPOSE_TEST);
    for (size_t i = 0; i < N_OLD; i++) {
        must(ambs_space_sample(spec->space, &r, rows[i] + 1, &err), &err);
        rows[i][0] = sign * bowl(spec->space, rows[i] + 1);
        order[i] = rows[i];
    }
    qsort(order, N_OLD, sizeof *order, by_value);
    ambs_warm_source *s = &spec->warm.sources[spec->warm.n++];
    *s = (ambs_warm_source){.weight = NAN, .n = N_OLD, .n_points = n_points};
    s->x = calloc(N_OLD, 4 * sizeof(double));
    s->rank = calloc(N_OLD, sizeof(double));
    spec->warm.points = calloc(n_points + 1, 4 * sizeof(double));
    for (size_t i = 0; i < N_OLD; i++) {
        memcpy(s->x + 4 * i, order[i] + 1, 4 * sizeof(double));
        s->rank[i] = (double)i / (N_OLD - 1);
    }
    memcpy(spec->warm.points, s->x, n_points * 4 * sizeof(double));
    spec->warm.n_points = n_points;
    return spec;
}

static void drop_warm(ambs_spec *spec)
{
    ambs_warm_fini(&spec->warm);
    drop_spec(spec);
}

static void a_study_without_old_ones_has_none(void **state)
{
    (void)state;
    ambs_spec *spec = make_spec("ambs", make_cube(), 1, NULL);
    ambs_transfer *t;
    assert_int_equal(
        ambs_transfer_create(&(ambs_method_context){.spec = spec, .space = spec->space}, &t, NULL),
        AMBS_OK);
    assert_null(t);
    ambs_transfer_destroy(t);
    drop_spec(spec);
}

/* Results of a search that a transfer hears of. */
static ambs_known known[40];
static double known_x[40][4];

static const ambs_known *trial(const ambs_search *s, uint64_t id)
{
    (void)s;
    return &known[id];
}

static double trust_after(size_t n, double sign, double weight)
{
    ambs_spec *spec = make_warm(sign, 0, 1, NULL);
    spec->warm.sources[0].weight = weight;
    ambs_method_context context = {.spec = spec, .space = spec->space, .trial = trial};
    ambs_transfer *t;
    ambs_random r;
    ambs_error err;
    must(ambs_transfer_create(&context, &t, &err), &err);
    ambs_random_init(&r, 2, 1, AMBS_PURPOSE_TEST);
    for (size_t i = 0; i < n; i++) {
        must(ambs_space_sample(spec->space, &r, known_x[i], &err), &err);
        known[i] = (ambs_known){.y = bowl(spec->space, known_x[i]), .x = known_x[i]};
        must(ambs_transfer_told(t, i, &err), &err);
    }
    must(ambs_transfer_update(t, &err), &err);
    double trust = ambs_transfer_trust(t);
    /* the middle of the bowl is worth more than its rim */
    const double x[] = {0.3, 0.3, 0.3, 0.3, 1, 1, 1, 1};
    double log_weight[] = {0, 0};
    must(ambs_transfer_add(t, 2, x, log_weight, &err), &err);
    if (trust > 0) assert_true((log_weight[0] - log_weight[1]) * sign > 0);
    if (trust == 0) assert_true(log_weight[0] == 0 && log_weight[1] == 0);
    ambs_transfer_destroy(t);
    drop_warm(spec);
    return trust;
}

static void results_decide_the_trust(void **state)
{
    (void)state;
    assert_true(trust_after(0, 1, NAN) == 1);
    assert_true(trust_after(30, 1, NAN) > 0.9);
    assert_true(trust_after(30, -1, NAN) == 0);
    assert_true(trust_after(30, -1, 0.25) == 0.25); /* the user's word */
}

/* The mean over seeds of the least value of so many trials. */
static double search_bowl(double sign, size_t trials)
{
    enum { SEEDS = 5 };
    double sum = 0;
    for (uint64_t seed = 0; seed < SEEDS; seed++) {
        ambs_spec *spec =
            sign != 0 ? make_warm(sign, 3, seed, NULL) : make_spec("ambs", make_cube(), seed, NULL);
        sum += least_of_bowl(spec, trials) / SEEDS;
        drop_warm(spec);
    }
    return sum;
}

static void an_old_study_helps_and_a_contrary_one_is_given_up(void **state)
{
    (void)state;
    assert_true(search_bowl(1, 10) < 0.5 * search_bowl(0, 10));
    assert_true(search_bowl(-1, 40) < 0.05); /* in the worst corner it is 4.9 */
}

static void a_restored_search_goes_on_the_same(void **state)
{
    (void)state;
    ambs_spec *spec = make_warm(1, 2, 5, "random_share=0.2");
    assert_restored_the_same(spec, 40, 2, 6);
    drop_warm(spec);
}

static ambs_outcome bowl_outcome(const ambs_spec *spec, const double *x)
{
    return outcome_of(bowl(spec->space, x));
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    ambs_spec *spec = make_warm(
        1, 1, 1, "surrogate=forest trees=2 candidates=5 climbs=1 rounds=1 initial.points=3");
    spec->warm.sources[0].n = 8;
    short_study study = {spec, bowl_outcome};
    assert_true(failing_alloc_each(run_short_study, &study) > 0);
    drop_warm(spec);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_study_without_old_ones_has_none),
        cmocka_unit_test(results_decide_the_trust),
        cmocka_unit_test(an_old_study_helps_and_a_contrary_one_is_given_up),
        cmocka_unit_test(a_restored_search_goes_on_the_same),
        cmocka_unit_test(every_allocation_may_fail),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("search/transfer", tests, NULL, NULL);
}
