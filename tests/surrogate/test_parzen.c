/* SPDX-License-Identifier: MIT */
/* The Parzen estimator is a density: it integrates to one over any space, and what is drawn from it
 * is distributed as it says. */
#include "../search/fixture.h"

#include "surrogate/parzen.h"

enum { N_KERNELS = 7 };

/* kind (3 categories, of unequal probability), x (log), y only where kind is the first, level only
 * where it is the second. */
static ambs_space *conditional_space(void)
{
    ambs_error err;
    ambs_space *s;
    static const double shares[3] = {0.5, 0.3, 0.2};
    static const ambs_value levels[3] = {{.kind = AMBS_VALUE_STRING, .text = "a"},
                                         {.kind = AMBS_VALUE_STRING, .text = "b"},
                                         {.kind = AMBS_VALUE_STRING, .text = "c"}};
    must(ambs_space_create(&s, &err), &err);
    const ambs_parameter kind = {.name = "kind",
                                 .type = AMBS_PARAMETER_CATEGORICAL,
                                 .levels = levels,
                                 .n_levels = 3,
                                 .probabilities = shares,
                                 .initial = NAN};
    must(ambs_space_add(s, &kind, &err), &err);
    add_float(s, "x", 1e-3, 10, AMBS_SCALE_LOG);
    add_float(s, "y", -1, 1, AMBS_SCALE_LINEAR);
    add_levels(s, "level", AMBS_PARAMETER_CATEGORICAL, 4, NAN);
    const double first = 0, second = 1;
    must(ambs_space_add_condition(s, "y", "kind", &first, 1, &err), &err);
    must(ambs_space_add_condition(s, "level", "kind", &second, 1, &err), &err);
    must(ambs_space_finish(s, &err), &err);
    return s;
}

static ambs_parzen *estimate(const ambs_space *space, size_t n, uint64_t seed)
{
    static double x[N_KERNELS][MAX_D], weights[N_KERNELS];
    const double *rows[N_KERNELS];
    ambs_error err;
    ambs_random r;
    ambs_parzen *p;
    ambs_random_init(&r, seed, 0, AMBS_PURPOSE_TEST);
    for (size_t k = 0; k < n; k++) {
        must(ambs_space_sample(space, &r, x[k], &err), &err);
        weights[k] = 0.5 + ambs_random_uniform(&r);
        rows[k] = x[k];
    }
    must(ambs_parzen_create(space, &p, &err), &err);
    must(ambs_parzen_fit(p, n, rows, weights, &err), &err);
    return p;
}

/* The density per unit of the cube: that of a level is spread over its share. */
static double cube_density(ambs_parzen *p, const ambs_space *space, const double *x)
{
    double density = exp(ambs_parzen_log_density(p, x));
    for (size_t i = 0; i < ambs_space_dimension(space); i++) {
        const ambs_parameter *q = ambs_space_parameter(space, i);
        if (q->type == AMBS_PARAMETER_CATEGORICAL && !isnan(x[i]))
            density /= q->probabilities ? q->probabilities[(size_t)x[i]] : 1 / (double)q->n_levels;
    }
    return density;
}

static void it_integrates_to_one(void **state)
{
    (void)state;
    enum { GRID = 40 };
    ambs_space *space = conditional_space();
    for (size_t n = 0; n <= N_KERNELS; n++) {
        ambs_parzen *p = estimate(space, n, n);
        double sum = 0, x[4];
        for (size_t at = 0; at < (size_t)GRID * GRID * GRID * 4; at++) {
            const double u[4] = {(double)(at % GRID) / GRID + 0.5 / GRID,
                                 (double)(at / GRID % GRID) / GRID + 0.5 / GRID,
                                 (double)(at / (GRID * GRID) % GRID) / GRID + 0.5 / GRID,
                                 (double)(at / (GRID * GRID * GRID)) / 4 + 0.125};
            ambs_space_from_unit(space, u, x);
            sum += cube_density(p, space, x);
        }
        /* the midpoint rule on kernels of a width of 0.13 and more, cut off at the borders */
        assert_float_equal(sum / ((double)GRID * GRID * GRID * 4), 1, 2e-3);
        ambs_parzen_destroy(p);
    }
    ambs_space_destroy(space);
}

static void draws_are_distributed_as_the_density_says(void **state)
{
    (void)state;
    enum { DRAWS = 200000, BINS = 8 };
    ambs_space *space = conditional_space();
    ambs_parzen *p = estimate(space, N_KERNELS, 3);
    double seen[3][BINS] = {{0}}, said[3][BINS] = {{0}}, x[4], u[4];
    ambs_random r;
    ambs_random_init(&r, 9, 0, AMBS_PURPOSE_TEST);
    for (int i = 0; i < DRAWS; i++) {
        ambs_parzen_draw(p, &r, x);
        ambs_space_to_unit(space, x, u);
        size_t bin = (size_t)(u[1] * BINS);
        seen[(size_t)x[0]][bin < BINS ? bin : BINS - 1] += 1.0 / DRAWS;
        /* the same by draws from the prior, each weighed with the density */
        for (size_t k = 0; k < 4; k++) u[k] = ambs_random_uniform(&r);
        ambs_space_from_unit(space, u, x);
        bin = (size_t)(u[1] * BINS);
        said[(size_t)x[0]][bin < BINS ? bin : BINS - 1] += cube_density(p, space, x) / DRAWS;
    }
    for (size_t k = 0; k < 3; k++)
        for (size_t b = 0; b < BINS; b++) assert_float_equal(seen[k][b], said[k][b], 0.004);
    ambs_parzen_destroy(p);
    ambs_space_destroy(space);
}

static void without_kernels_it_is_the_prior(void **state)
{
    (void)state;
    ambs_space *space = conditional_space();
    ambs_parzen *p = estimate(space, 0, 0);
    const double first[4] = {0, 0.1, 0.5, NAN}, second[4] = {1, 0.1, NAN, 2};
    assert_float_equal(ambs_parzen_log_density(p, first), log(0.5), 1e-14);
    assert_float_equal(ambs_parzen_log_density(p, second), log(0.3) + log(0.25), 1e-14);
    ambs_parzen_destroy(p);
    ambs_space_destroy(space);
}

static void it_is_highest_where_its_kernels_are(void **state)
{
    (void)state;
    ambs_error err;
    ambs_space *space = conditional_space();
    ambs_parzen *p;
    const double at[4] = {0, 0.1, 0.5, NAN}, away[4] = {0, 9, -0.9, NAN}, *rows[3] = {at, at, at},
                 weights[3] = {1, 1, 1};
    must(ambs_parzen_create(space, &p, &err), &err);
    must(ambs_parzen_fit(p, 3, rows, weights, &err), &err);
    assert_true(ambs_parzen_log_density(p, at) > ambs_parzen_log_density(p, away) + 1);
    ambs_parzen_destroy(p);
    ambs_space_destroy(space);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_kernels_it_is_the_prior),
        cmocka_unit_test(it_is_highest_where_its_kernels_are),
        cmocka_unit_test(it_integrates_to_one),
        cmocka_unit_test(draws_are_distributed_as_the_density_says),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("parzen", tests, NULL, NULL);
}
