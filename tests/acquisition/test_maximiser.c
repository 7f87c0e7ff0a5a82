/* SPDX-License-Identifier: MIT */
#include "../search/fixture.h"

#include "acquisition/maximiser.h"

/* An acquisition function that is known in closed form would need a surrogate that is; the forest
 * on many points of a bowl is near enough to tell a good maximum from a poor one. */
typedef struct setup {
    ambs_space *space;
    ambs_surrogate *surrogate;
    const ambs_acquisition_ops *acquisition;
    void *options;
    ambs_acquisition_context context;
    ambs_space_set *taken;
    double *x;
} setup;

static const ambs_acquisition_ops *find_acquisition(const char *name)
{
    for (size_t i = 0; ambs_acquisition_registry[i]; i++)
        if (strcmp(ambs_acquisition_registry[i]->member.name, name) == 0)
            return ambs_acquisition_registry[i];
    return NULL;
}

static setup make_setup_with(const char *surrogate, space_kind kind, size_t n)
{
    ambs_error err;
    setup s = {.space = make_space(kind), .acquisition = find_acquisition("lcb")};
    size_t d = ambs_space_dimension(s.space);
    const ambs_member *m = &s.acquisition->member;
    s.options = calloc(1, m->options_size);
    must(ambs_options_init(m->options, s.options, &err), &err);
    must(ambs_surrogate_create(surrogate, NULL, s.space, 1, &s.surrogate, &err), &err);
    must(ambs_space_set_create(s.space, &s.taken, &err), &err);
    s.x = calloc(n * d, sizeof *s.x);
    double *y = calloc(n, sizeof *y);
    ambs_random r;
    ambs_random_init(&r, 1, 0, AMBS_PURPOSE_TEST);
    for (size_t i = 0; i < n; i++) {
        must(ambs_space_sample(s.space, &r, s.x + i * d, &err), &err);
        y[i] = bowl(s.space, s.x + i * d);
    }
    must(ambs_surrogate_fit(s.surrogate, n, s.x, y, 1, &err), &err);
    s.acquisition->prepare(s.options, &r, &s.context);
    free(y);
    return s;
}

static setup make_setup(space_kind kind, size_t n)
{
    return make_setup_with("forest", kind, n);
}

static void drop_setup(setup *s)
{
    ambs_surrogate_destroy(s->surrogate);
    ambs_space_set_destroy(s->taken);
    ambs_space_destroy(s->space);
    free(s->options);
    free(s->x);
}

static bool is_taken(const void *of, const double *x)
{
    return ambs_space_set_has(of, x, NULL);
}

static bool run(const setup *s, ambs_maximiser_settings settings, size_t n_starts, double *ret_x,
                double *ret_value)
{
    ambs_error err;
    ambs_maximiser *m;
    const double *starts[10];
    for (size_t i = 0; i < n_starts; i++) starts[i] = s->x + i * ambs_space_dimension(s->space);
    const ambs_maximiser_problem p = {s->surrogate, s->acquisition, s->options, &s->context,
                                      starts,       n_starts,       is_taken,   s->taken};
    must(ambs_maximiser_create(s->space, &settings, 10, &m, &err), &err);
    ambs_random r;
    ambs_random_init(&r, 2, 0, AMBS_PURPOSE_TEST);
    double mean, sd;
    bool found;
    must(ambs_maximiser_run(m, &p, &r, ret_x, ret_value, &mean, &sd, &found, &err), &err);
    if (found) {
        double again_mean, again_sd, value, same_mean, same_sd;
        must(ambs_surrogate_predict(s->surrogate, 1, ret_x, &again_mean, &again_sd, &err), &err);
        must(ambs_maximiser_value(m, &p, ret_x, &value, &same_mean, &same_sd, &err), &err);
        assert_true(again_mean == mean && again_sd == sd && value == *ret_value);
        assert_true(same_mean == mean && same_sd == sd);
        if (!s->acquisition->draws) {
            s->acquisition->evaluate(s->options, &s->context, 1, &mean, &sd, &value);
            assert_true(value == *ret_value);
        }
        assert_true(ambs_space_contains(s->space, ret_x, NULL));
        assert_false(is_taken(s->taken, ret_x));
    }
    ambs_maximiser_destroy(m);
    return found;
}

static void a_small_space_gives_its_very_best_free_member_until_none_is_left(void **state)
{
    (void)state;
    setup s = make_setup(SPACE_SMALL, 40);
    double x[MAX_D], value, last = INFINITY;
    for (size_t i = 0; i < 60; i++) {
        assert_true(run(&s, (ambs_maximiser_settings){100, 2, 3}, 0, x, &value));
        assert_true(value <= last);
        last = value;
        assert_int_equal(ambs_space_set_add(s.taken, x, 0, NULL, NULL), AMBS_OK);
    }
    assert_false(run(&s, (ambs_maximiser_settings){100, 2, 3}, 0, x, &value));
    drop_setup(&s);
}

static void no_climbs_and_no_starts_still_give_the_best_candidate(void **state)
{
    (void)state;
    setup s = make_setup(SPACE_MIXED, 40);
    double x[MAX_D], value;
    assert_true(run(&s, (ambs_maximiser_settings){50, 0, 12}, 0, x, &value));
    drop_setup(&s);
}

static void climbs_find_more_than_candidates_alone(void **state)
{
    (void)state;
    setup s = make_setup(SPACE_HUGE, 200);
    double x[MAX_D], plain, climbed;
    run(&s, (ambs_maximiser_settings){500, 0, 0}, 0, x, &plain);
    run(&s, (ambs_maximiser_settings){500, 10, 12}, 10, x, &climbed);
    assert_true(climbed > plain);
    drop_setup(&s);
}

static void what_is_taken_is_climbed_through_but_never_returned(void **state)
{
    (void)state;
    setup s = make_setup(SPACE_HUGE, 200);
    double x[MAX_D], value, first;
    run(&s, (ambs_maximiser_settings){300, 5, 8}, 10, x, &first);
    for (size_t i = 0; i < 20; i++) {
        assert_int_equal(ambs_space_set_add(s.taken, x, 0, NULL, NULL), AMBS_OK);
        assert_true(run(&s, (ambs_maximiser_settings){300, 5, 8}, 10, x, &value));
        assert_true(value <= first);
    }
    drop_setup(&s);
}

static double values_of_many(const setup *s, size_t n)
{
    double x[MAX_D], mean, sd, value, best = -INFINITY;
    ambs_random r;
    ambs_random_init(&r, 5, 0, AMBS_PURPOSE_TEST);
    for (size_t i = 0; i < n; i++) {
        must(ambs_space_sample(s->space, &r, x, NULL), NULL);
        must(ambs_surrogate_predict(s->surrogate, 1, x, &mean, &sd, NULL), NULL);
        s->acquisition->evaluate(s->options, &s->context, 1, &mean, &sd, &value);
        best = fmax(best, value);
    }
    return best;
}

static void slopes_lead_beyond_the_best_of_many_random_points(void **state)
{
    (void)state;
    const space_kind kinds[] = {SPACE_CONTINUOUS, SPACE_MIXED, SPACE_HUGE};
    for (size_t k = 0; k < 3; k++) {
        setup s = make_setup_with("gp", kinds[k], 40);
        double x[MAX_D], value, first = -INFINITY;
        for (int taken = 0; taken < 5; taken++) { /* the best ones being taken, it steps aside */
            assert_true(run(&s, (ambs_maximiser_settings){50, 10, 30, 500}, 10, x, &value));
            assert_true(value >= values_of_many(&s, 3000));
            if (taken == 0) first = value;
            assert_true(value <= first + 1e-6 * (1 + fabs(first)));
            assert_int_equal(ambs_space_set_add(s.taken, x, 0, NULL, NULL), AMBS_OK);
        }
        drop_setup(&s);
    }
}

/* The least value of a drawn function is found as a mean is, by each surrogate that draws. */
static void a_drawn_function_is_climbed(void **state)
{
    (void)state;
    const char *const names[] = {"gp", "forest", "reference"};
    const space_kind kinds[] = {SPACE_CONTINUOUS, SPACE_MIXED};
    for (size_t i = 0; i < 6; i++) {
        setup s = make_setup_with(names[i / 2], kinds[i % 2], 40);
        double x[MAX_D], y, value, best = INFINITY, first = NAN;
        ambs_random r;
        ambs_random_init(&r, 9, 0, AMBS_PURPOSE_TEST);
        s.acquisition = find_acquisition("thompson");
        for (int draws = 0; draws < 2; draws++) {
            must(ambs_surrogate_draw(s.surrogate, &r, NULL), NULL);
            assert_true(run(&s, (ambs_maximiser_settings){50, 10, 30, 500}, 10, x, &value));
            must(ambs_surrogate_drawn(s.surrogate, 1, x, &y, NULL), NULL);
            assert_true(y == -value);
            if (i < 2) assert_true(y != first); /* two trees may agree in the best leaf */
            first = y;
        }
        ambs_random_init(&r, 5, 0, AMBS_PURPOSE_TEST);
        for (size_t k = 0; k < 3000; k++) {
            must(ambs_space_sample(s.space, &r, x, NULL), NULL);
            must(ambs_surrogate_drawn(s.surrogate, 1, x, &y, NULL), NULL);
            best = fmin(best, y);
        }
        /* draws at each place apart are no function to climb */
        if (i < 2 && !(first <= best)) fail_msg("found %g, a random point has %g", first, best);
        drop_setup(&s);
    }
}

static void screening_a_small_space_loses_nothing(void **state)
{
    (void)state;
    setup s = make_setup_with("gp", SPACE_SMALL, 30);
    double x[MAX_D], values[2];
    for (size_t i = 0; i < 60; i++) {
        assert_true(run(&s, (ambs_maximiser_settings){100, 2, 3}, 0, x, &values[0]));
        assert_true(run(&s, (ambs_maximiser_settings){5, 2, 3, 60}, 0, x, &values[1]));
        assert_true(values[0] == values[1]);
        assert_int_equal(ambs_space_set_add(s.taken, x, 0, NULL, NULL), AMBS_OK);
    }
    drop_setup(&s);
}

static void a_value_is_the_mean_over_the_draws_of_hyperparameters(void **state)
{
    (void)state;
    for (int logs = 0; logs < 2; logs++) {
        setup s = make_setup_with("gp", SPACE_SMALL, 30);
        const ambs_surrogate_ops *ops;
        must(ambs_surrogate_find("gp", &ops, NULL), NULL);
        void *options = calloc(1, ops->member.options_size);
        const ambs_option *table = ops->member.options;
        must(ambs_options_init(table, options, NULL), NULL);
        must(ambs_options_set(table, options, "hyperparameters", "mcmc", NULL), NULL);
        ambs_surrogate_destroy(s.surrogate);
        must(ambs_surrogate_create("gp", options, s.space, 1, &s.surrogate, NULL), NULL);
        double y[30], x[MAX_D], value, best = -INFINITY;
        for (size_t i = 0; i < 30; i++)
            y[i] = bowl(s.space, s.x + i * ambs_space_dimension(s.space));
        must(ambs_surrogate_fit(s.surrogate, 30, s.x, y, 1, NULL), NULL);
        s.acquisition = find_acquisition(logs ? "log_ei" : "ei");
        s.context = (ambs_acquisition_context){.best = 0.3};
        ambs_maximiser *m;
        must(ambs_maximiser_create(s.space, &(ambs_maximiser_settings){100, 2, 3}, 10, &m, NULL),
             NULL);
        const ambs_maximiser_problem p = {.surrogate = s.surrogate,
                                          .acquisition = s.acquisition,
                                          .options = s.options,
                                          .context = &s.context,
                                          .is_taken = is_taken,
                                          .taken_of = s.taken};
        ambs_random r;
        ambs_random_init(&r, 2, 0, AMBS_PURPOSE_TEST);
        double mean, sd, sum = 0;
        bool found;
        must(ambs_maximiser_run(m, &p, &r, x, &best, &mean, &sd, &found, NULL), NULL);
        assert_true(found);
        for (size_t k = 0; k < ambs_surrogate_n_samples(s.surrogate); k++) {
            must(ambs_surrogate_predict_sample(s.surrogate, k, 1, x, &mean, &sd, NULL), NULL);
            s.acquisition->evaluate(s.options, &s.context, 1, &mean, &sd, &value);
            sum += (logs ? exp(value) : value) / 8;
        }
        assert_true(fabs((logs ? exp(best) : best) / sum - 1) < 1e-9);
        ambs_maximiser_destroy(m);
        ambs_options_fini(table, options);
        free(options);
        drop_setup(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_small_space_gives_its_very_best_free_member_until_none_is_left),
        cmocka_unit_test(no_climbs_and_no_starts_still_give_the_best_candidate),
        cmocka_unit_test(climbs_find_more_than_candidates_alone),
        cmocka_unit_test(what_is_taken_is_climbed_through_but_never_returned),
        cmocka_unit_test(slopes_lead_beyond_the_best_of_many_random_points),
        cmocka_unit_test(a_value_is_the_mean_over_the_draws_of_hyperparameters),
        cmocka_unit_test(a_drawn_function_is_climbed),
        cmocka_unit_test(screening_a_small_space_loses_nothing),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("maximiser", tests, NULL, NULL);
}
