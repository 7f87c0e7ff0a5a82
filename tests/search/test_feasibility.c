/* SPDX-License-Identifier: MIT */
/* Failures that lie together are avoided, failures by chance teach nothing. */
#include "fixture.h"
#include "search/feasibility.h"

enum { N = 150, WORKERS = 8 };

/* ---- the model alone ------------------------------------------------------------------------- */

static ambs_known known[N];
static double rows[N][MAX_D];

static const ambs_known *known_trial(const ambs_search *search, uint64_t id)
{
    (void)search;
    return &known[id];
}

/* Told `n` random trials, of which those fail that `fails` names. */
static ambs_feasibility *learn(ambs_spec *spec, size_t n,
                               bool (*fails)(const double *x, ambs_random *r))
{
    ambs_error err;
    ambs_feasibility *f;
    ambs_random r;
    const ambs_method_context context = {.spec = spec, .space = spec->space, .trial = known_trial};
    must(ambs_feasibility_create(&context, 1000, 0.05, &f, &err), &err);
    ambs_random_init(&r, spec->seed, 0, AMBS_PURPOSE_TEST);
    for (size_t i = 0; i < n; i++) {
        must(ambs_space_sample(spec->space, &r, rows[i], &err), &err);
        bool failed = fails(rows[i], &r);
        known[i] = (ambs_known){.state = failed ? AMBS_TRIAL_FAILED : AMBS_TRIAL_COMPLETE,
                                .y = failed ? NAN : 1,
                                .x = rows[i]};
        must(ambs_feasibility_told(f, i, &err), &err);
    }
    return f;
}

static bool never(const double *x, ambs_random *r)
{
    (void)x, (void)r;
    return false;
}

static bool always(const double *x, ambs_random *r)
{
    return !never(x, r);
}

static bool half(const double *x, ambs_random *r)
{
    (void)r;
    return x[0] > 0.5;
}

static bool by_chance(const double *x, ambs_random *r)
{
    (void)x;
    return ambs_random_uniform(r) < 0.3;
}

static ambs_spec *unit_square(uint64_t seed)
{
    ambs_error err;
    ambs_space *space;
    must(ambs_space_create(&space, &err), &err);
    add_float(space, "a", 0, 1, AMBS_SCALE_LINEAR);
    add_float(space, "b", 0, 1, AMBS_SCALE_LINEAR);
    must(ambs_space_finish(space, &err), &err);
    return make_spec("ambs", space, seed, NULL);
}

static void without_failures_or_without_results_it_has_nothing_to_say(void **state)
{
    (void)state;
    ambs_error err;
    for (int k = 0; k < 3; k++) {
        ambs_spec *spec = unit_square(1);
        ambs_feasibility *f = learn(spec, k == 2 ? 0 : 50, k ? always : never);
        bool usable = true;
        must(ambs_feasibility_update(f, &usable, &err), &err);
        assert_false(usable);
        ambs_feasibility_destroy(f);
        drop_spec(spec);
    }
}

static void a_half_that_fails_is_told_from_the_other(void **state)
{
    (void)state;
    ambs_error err;
    ambs_spec *spec = unit_square(1);
    ambs_feasibility *f = learn(spec, 80, half);
    bool usable = false;
    must(ambs_feasibility_update(f, &usable, &err), &err);
    assert_true(usable);
    const double x[4][2] = {{0.1, 0.5}, {0.4, 0.2}, {0.6, 0.2}, {0.9, 0.5}};
    const double *p;
    must(ambs_feasibility_predict(f, 4, x[0], &p, &err), &err);
    assert_true(p[0] > 0.95 && p[1] > 0.8 && p[2] < 0.2 && p[3] < 0.05);
    ambs_feasibility_destroy(f);
    drop_spec(spec);
}

static void failures_by_chance_teach_nothing(void **state)
{
    (void)state;
    ambs_error err;
    size_t n_usable = 0;
    for (uint64_t seed = 0; seed < 20; seed++) {
        ambs_spec *spec = unit_square(seed);
        ambs_feasibility *f = learn(spec, 100, by_chance);
        bool usable = true;
        must(ambs_feasibility_update(f, &usable, &err), &err);
        n_usable += usable;
        ambs_feasibility_destroy(f);
        drop_spec(spec);
    }
    assert_true(n_usable <= 2);
}

/* ---- in a search ----------------------------------------------------------------------------- */

typedef struct made {
    ambs_proposal p;
    double x[MAX_D];
} made;

/* Trial i is told when trial i + WORKERS is asked for; those fail that lie above 0.5 in x[0]. With
 * `record`, the first `cut` asks are restored, and the others must be as recorded. */
static size_t study(const ambs_spec *spec, made *made_, const made *record, size_t cut)
{
    ambs_error err;
    ambs_search *search;
    size_t late = 0;
    must(ambs_search_create(spec, &search, &err), &err);
    for (size_t i = 0; i < N; i++) {
        made_[i].p.x = made_[i].x;
        if (record && i < cut) {
            made_[i] = record[i];
            made_[i].p.x = made_[i].x;
            must(ambs_search_restore_ask(search, &made_[i].p, &err), &err);
        } else {
            must(ambs_search_ask(search, &made_[i].p, &err), &err);
        }
        if (record) {
            assert_memory_equal(made_[i].x, record[i].x, 6 * sizeof(double));
            assert_true(same_bits(made_[i].p.acquisition, record[i].p.acquisition));
        }
        if (i < WORKERS) continue;
        const double *x = made_[i - WORKERS].x;
        ambs_outcome o = x[0] > 0.5 ? failure() : outcome_of(bowl(spec->space, x));
        late += x[0] > 0.5 && i - WORKERS >= 50;
        must(ambs_search_tell(search, i - WORKERS, &o, &err), &err);
    }
    ambs_search_destroy(search);
    return late;
}

static ambs_spec *unit_cube(const char *settings)
{
    ambs_error err;
    ambs_space *space;
    must(ambs_space_create(&space, &err), &err);
    for (char name[2] = "a"; name[0] < 'g'; name[0]++)
        add_float(space, name, 0, 1, AMBS_SCALE_LINEAR);
    must(ambs_space_finish(space, &err), &err);
    return make_spec("ambs", space, 3, settings);
}

static void at_most_a_third_fails_where_half_of_the_space_does(void **state)
{
    (void)state;
    static made first[N], again[N];
#define QUICK "candidates=50 climbs=3 rounds=3 "
    static const char *const settings[] = {
        QUICK "surrogate=forest trees=20", QUICK "surrogate=forest trees=20 acquisition=ei",
        QUICK "surrogate=forest trees=20 acquisition=log_ei", QUICK "surrogate=auto"};
    for (size_t k = 0; k < sizeof settings / sizeof *settings; k++) {
        ambs_spec *spec = unit_cube(settings[k]);
        size_t late = study(spec, first, NULL, 0);
        assert_true(3 * late <= N - WORKERS - 50);
        study(spec, again, first, 60); /* and a restored one goes on bit for bit */
        drop_spec(spec);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_failures_or_without_results_it_has_nothing_to_say),
        cmocka_unit_test(a_half_that_fails_is_told_from_the_other),
        cmocka_unit_test(failures_by_chance_teach_nothing),
        cmocka_unit_test(at_most_a_third_fails_where_half_of_the_space_does),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("search/feasibility", tests, NULL, NULL);
}
