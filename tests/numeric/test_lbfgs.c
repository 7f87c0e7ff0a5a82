/* SPDX-License-Identifier: MIT */
/* Minima that are known: quadratics built backwards from their optimum, within and at bounds, and
 * Rosenbrock's function. */
#include "../base/check.h"

#include "base/random.h"
#include "numeric/lbfgs.h"

#define MAX_N 30

typedef struct quadratic {
    size_t n;
    double curvature[MAX_N], optimum[MAX_N];
    size_t n_calls;
} quadratic;

static const ambs_lbfgs_settings exact = {500, 1e-10, 0};

static double quadratic_value(void *of, const double *x, double *ret_gradient)
{
    quadratic *q = of;
    double f = 0;
    q->n_calls++;
    for (size_t i = 0; i < q->n; i++) {
        double gap = x[i] - q->optimum[i];
        f += 0.5 * q->curvature[i] * gap * gap;
        ret_gradient[i] = q->curvature[i] * gap;
    }
    return f;
}

static double rosenbrock(void *of, const double *x, double *ret_gradient)
{
    size_t n = *(size_t *)of;
    double f = 0;
    memset(ret_gradient, 0, n * sizeof *x);
    for (size_t i = 0; i + 1 < n; i++) {
        double a = x[i + 1] - x[i] * x[i], b = 1 - x[i];
        f += 100 * a * a + b * b;
        ret_gradient[i] += -400 * a * x[i] - 2 * b;
        ret_gradient[i + 1] += 200 * a;
    }
    return f;
}

static int minimise(size_t n, double low, double high,
                    double (*value)(void *, const double *, double *), void *of,
                    const ambs_lbfgs_settings *settings, double *x, double *ret_f, size_t *ret_k)
{
    double lower[MAX_N], upper[MAX_N], *work = calloc(ambs_lbfgs_work_size(n) + 1, sizeof *work);
    for (size_t i = 0; i < n; i++) {
        lower[i] = low;
        upper[i] = high;
    }
    const ambs_lbfgs_problem problem = {n, lower, upper, value, of};
    int rc = ambs_lbfgs_minimise(&problem, settings, x, work, ret_f, ret_k, NULL);
    free(work);
    return rc;
}

static void nothing_to_vary_is_a_minimum(void **state)
{
    (void)state;
    quadratic q = {0};
    double x[1], f = 1;
    assert_int_equal(minimise(0, 0, 1, quadratic_value, &q, &exact, x, &f, NULL), AMBS_OK);
    assert_true(f == 0);
}

static void a_start_at_the_minimum_stays(void **state)
{
    (void)state;
    quadratic q = {.n = 2, .curvature = {1, 5}, .optimum = {0.5, -0.25}};
    double x[2] = {0.5, -0.25}, f;
    size_t k;
    assert_int_equal(minimise(2, -1, 1, quadratic_value, &q, &exact, x, &f, &k), AMBS_OK);
    assert_int_equal(k, 0);
    assert_int_equal(q.n_calls, 1);
}

/* Separable, so the optimum within bounds is the clamped one. */
static void quadratics_are_minimised_within_bounds(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 50; seed++) {
        quadratic q = {0};
        double x[MAX_N], f;
        ambs_random r;
        ambs_random_init(&r, seed, 0, AMBS_PURPOSE_TEST);
        q.n = 1 + (size_t)ambs_random_below(&r, MAX_N);
        for (size_t i = 0; i < q.n; i++) {
            q.curvature[i] = pow(10, 4 * ambs_random_uniform(&r) - 2);
            q.optimum[i] = 2 * ambs_random_normal(&r);
            x[i] = 5 * ambs_random_normal(&r); /* outside, too */
        }
        assert_int_equal(minimise(q.n, -1, 2, quadratic_value, &q, &exact, x, &f, NULL), AMBS_OK);
        for (size_t i = 0; i < q.n; i++) {
            double expected = fmin(fmax(q.optimum[i], -1), 2), gap = x[i] - expected;
            if (q.curvature[i] * gap * gap > 1e-11 * (1 + f)) /* what values can still tell */
                fail_msg("seed %d: found %.17g, expected %.17g", (int)seed, x[i], expected);
        }
    }
}

static void rosenbrock_is_minimised(void **state)
{
    (void)state;
    for (size_t n = 2; n <= 10; n += 4) {
        double x[MAX_N], f;
        size_t k;
        for (size_t i = 0; i < n; i++) x[i] = i % 2 ? 1 : -1.2;
        assert_int_equal(minimise(n, -INFINITY, INFINITY, rosenbrock, &n, &exact, x, &f, &k),
                         AMBS_OK);
        if (f > 1e-16 || k > 150) fail_msg("n = %zu: f %g after %zu steps", n, f, k);
        for (size_t i = 0; i < n; i++) assert_true(fabs(x[i] - 1) < 1e-7);
    }
}

static size_t end_climb(ambs_lbfgs *m, double scale)
{
    size_t n = m->of->n, count = 0;
    double gradient[MAX_N];
    for (const double *at; (at = ambs_lbfgs_point(m)); count++) {
        double f = scale * rosenbrock(&n, at, gradient);
        for (size_t i = 0; i < n; i++) gradient[i] *= scale;
        ambs_lbfgs_give(m, f, gradient);
    }
    return count;
}

/* From beside the minimum, with the curvature that the way there has shown, and without. */
static void a_minimisation_that_begins_again_knows_the_curvature(void **state)
{
    (void)state;
    const double lower[2] = {-10, -10}, upper[2] = {10, 10};
    const ambs_lbfgs_problem problem = {.n = 2, .lower = lower, .upper = upper};
    double x[2] = {-1.2, 1}, *work = calloc(ambs_lbfgs_work_size(2), sizeof *work);
    ambs_lbfgs m;
    ambs_lbfgs_begin(&m, &problem, &exact, x, work);
    end_climb(&m, 1);
    size_t count[2];
    for (int again = 1; again >= 0; again--) {
        x[0] = 1.1;
        x[1] = 1.2;
        if (again)
            ambs_lbfgs_begin_again(&m, &exact, 100);
        else
            ambs_lbfgs_begin(&m, &problem, &exact, x, work);
        count[again] = end_climb(&m, 100);
        assert_true(fabs(x[0] - 1) < 1e-6 && fabs(x[1] - 1) < 1e-6);
    }
    assert_true(count[1] < count[0]);
    free(work);
}

/* With x_0 <= 0.5 the minimum lies at (0.5, 0.25), where f = 0.25. */
static void rosenbrock_at_a_bound_is_minimised(void **state)
{
    (void)state;
    size_t n = 2;
    double x[2] = {-1.2, 0.4}, f;
    assert_int_equal(minimise(n, -2, 0.5, rosenbrock, &n, &exact, x, &f, NULL), AMBS_OK);
    assert_true(fabs(f - 0.25) < 1e-10 && x[0] == 0.5 && fabs(x[1] - 0.25) < 1e-6);
}

/* -ln x + x, defined for x > 0 only. */
static double barrier(void *of, const double *x, double *ret_gradient)
{
    (void)of;
    ret_gradient[0] = 1 - 1 / x[0];
    return x[0] > 0 ? x[0] - log(x[0]) : INFINITY;
}

static void where_the_function_is_not_defined_the_step_is_shortened(void **state)
{
    (void)state;
    double x[1] = {30}, f;
    assert_int_equal(minimise(1, -100, 100, barrier, NULL, &exact, x, &f, NULL), AMBS_OK);
    assert_true(fabs(x[0] - 1) < 1e-6);
    x[0] = -1;
    assert_int_equal(minimise(1, -100, 100, barrier, NULL, &exact, x, &f, NULL), AMBS_E_NUMERIC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_to_vary_is_a_minimum),
        cmocka_unit_test(a_start_at_the_minimum_stays),
        cmocka_unit_test(quadratics_are_minimised_within_bounds),
        cmocka_unit_test(rosenbrock_is_minimised),
        cmocka_unit_test(a_minimisation_that_begins_again_knows_the_curvature),
        cmocka_unit_test(rosenbrock_at_a_bound_is_minimised),
        cmocka_unit_test(where_the_function_is_not_defined_the_step_is_shortened),
    };
    cmocka_set_message_output(CM_OUTPUT_TAP);
    return cmocka_run_group_tests_name("lbfgs", tests, NULL, NULL);
}
