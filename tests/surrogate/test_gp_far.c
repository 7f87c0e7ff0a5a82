/* SPDX-License-Identifier: MIT */
/* A process whose factor is with an engine against one that has it here; and with engines that fail: too
 * slow from some call on, or answering what cannot be. The engine is a plain one of LAPACK. */
#include "../base/check.h"
#include "../base/failing_alloc.h"

#include <cblas.h>
#include <lapacke.h>

#include "base/option.h"
#include "base/random.h"
#include "numeric/cholesky.h"
#include "surrogate/gp.h"

enum { P = 4, N = 150, M = 70, CLIMBS = 9, MAX_PROCESSES = 8 };

extern const ambs_surrogate_ops ambs_surrogate_gp;

static const ambs_feature features[P] = {{AMBS_FEATURE_NUMERIC, 0, 0, false},
                                         {AMBS_FEATURE_NUMERIC, 1, 0, true},
                                         {AMBS_FEATURE_CATEGORICAL, 2, 3, false},
                                         {AMBS_FEATURE_CATEGORICAL, 3, 4, true}};
static double x[2 * N * P], y[2 * N];
static uint32_t evaluations[2 * N];

/* --- an engine ------------------------------------------------------------------------------- */

typedef enum fault {
    NONE,
    SILENT,
    WRONG_ALPHA,
    WRONG_WEIGHTS,
    WRONG_VARIANCE,
    WRONG_DRAW,
    NO_NUMBER
} fault;

typedef struct plain {
    ambs_gp_engine port;
    struct factor {
        ambs_gp_kernel kernel;
        double *l, *points;
        size_t n;
    } of[MAX_PROCESSES];
    uint32_t n_processes;
    int n_calls, n_distrusted;
    int until; /* so many calls are answered well */
    fault then;
    char why[120];
} plain;

static uint32_t plain_enrol(void *ctx)
{
    return ((plain *)ctx)->n_processes++ % MAX_PROCESSES;
}

static bool is_faulty(plain *e, fault kind)
{
    return e->n_calls > e->until && e->then == kind;
}

static void fill(const ambs_gp_kernel *kernel, const double *a, const double *points, size_t n,
                 double *ret)
{
    double lanes[16];
    for (size_t j = 0; j < n; j++) {
        memcpy(lanes, points + j * kernel->n_terms, kernel->n_terms * sizeof *lanes);
        ambs_gp_kernel_row(kernel, a, lanes, 1, 1, &ret[j], NULL);
    }
}

static int plain_factor(void *ctx, uint32_t process, const ambs_gp_kernel *kernel, size_t n,
                        const double *points, const double *share, const double *z, double limit,
                        double *ret_alpha, double *ret_jitter, ambs_error *err)
{
    plain *e = ctx;
    struct factor *f = &e->of[process];
    e->n_calls++;
    if (is_faulty(e, SILENT)) return AMBS_E_AGAIN;
    free(f->l);
    free(f->points);
    free(f->kernel.weight);
    f->n = n;
    f->kernel = *kernel;
    f->kernel.weight = malloc(kernel->n_terms * sizeof(double));
    f->points = malloc(n * kernel->n_terms * sizeof(double));
    f->l = malloc(n * n * sizeof(double));
    if (!f->kernel.weight || !f->points || !f->l) return AMBS_E_NOMEM;
    memcpy(f->kernel.weight, kernel->weight, kernel->n_terms * sizeof(double));
    memcpy(f->points, points, n * kernel->n_terms * sizeof(double));
    int rc = AMBS_OK;
    for (*ret_jitter = 0; rc == AMBS_OK;) {
        for (size_t i = 0; i < n; i++) {
            fill(kernel, points + i * kernel->n_terms, points, n, f->l + i * n);
            f->l[i * n + i] += kernel->noise * share[i] + *ret_jitter;
        }
        if (ambs_cholesky_try(n, f->l, n)) break;
        rc = ambs_cholesky_more_jitter(n, kernel->signal + kernel->noise, limit, ret_jitter, err);
    }
    if (rc != AMBS_OK) return rc;
    memcpy(ret_alpha, z, n * sizeof(double));
    ambs_cholesky_solve_lower(n, f->l, n, ret_alpha);
    ambs_cholesky_solve_upper(n, f->l, n, ret_alpha);
    if (is_faulty(e, WRONG_ALPHA)) ret_alpha[n / 3] *= 1.001;
    if (is_faulty(e, NO_NUMBER)) ret_alpha[n / 3] = NAN;
    return AMBS_OK;
}

static int plain_weights(void *ctx, uint32_t process, size_t n, size_t n_terms, size_t m,
                         const double *candidates, double *ret, ambs_error *err)
{
    plain *e = ctx;
    assert_int_equal(n, e->of[process].n);
    assert_int_equal(n_terms, e->of[process].kernel.n_terms);
    const struct factor *f = &e->of[process];
    (void)err;
    e->n_calls++;
    if (is_faulty(e, SILENT)) return AMBS_E_AGAIN;
    double *k = malloc(f->n * sizeof *k);
    if (!k) return AMBS_E_NOMEM;
    for (size_t c = 0; c < m; c++) {
        fill(&f->kernel, candidates + c * f->kernel.n_terms, f->points, f->n, k);
        ambs_cholesky_solve_lower(f->n, f->l, f->n, k);
        ambs_cholesky_solve_upper(f->n, f->l, f->n, k);
        for (size_t i = 0; i < f->n; i++) ret[i * m + c] = k[i];
    }
    free(k);
    if (is_faulty(e, WRONG_WEIGHTS)) ret[0] += 0.01;
    return AMBS_OK;
}

static int plain_solve(void *ctx, uint32_t process, size_t n, const double *b, double *ret,
                       ambs_error *err)
{
    plain *e = ctx;
    (void)err;
    e->n_calls++;
    if (is_faulty(e, SILENT)) return AMBS_E_AGAIN;
    assert_int_equal(n, e->of[process].n);
    memcpy(ret, b, n * sizeof *ret);
    ambs_cholesky_solve_lower(n, e->of[process].l, n, ret);
    ambs_cholesky_solve_upper(n, e->of[process].l, n, ret);
    if (is_faulty(e, WRONG_DRAW)) ret[n / 3] += 0.1;
    return AMBS_OK;
}

static int plain_explained(void *ctx, uint32_t process, size_t n_terms, size_t m,
                           const double *candidates, double *ret, ambs_error *err)
{
    plain *e = ctx;
    assert_int_equal(n_terms, e->of[process].kernel.n_terms);
    const struct factor *f = &e->of[process];
    (void)err;
    e->n_calls++;
    if (is_faulty(e, SILENT)) return AMBS_E_AGAIN;
    double *k = malloc(f->n * sizeof *k);
    if (!k) return AMBS_E_NOMEM;
    for (size_t c = 0; c < m; c++) {
        fill(&f->kernel, candidates + c * f->kernel.n_terms, f->points, f->n, k);
        ambs_cholesky_solve_lower(f->n, f->l, f->n, k);
        ret[c] = cblas_ddot((int)f->n, k, 1, k, 1);
        if (is_faulty(e, WRONG_VARIANCE)) ret[c] *= 0.001;
        if (is_faulty(e, NO_NUMBER)) ret[c] = NAN;
    }
    free(k);
    return AMBS_OK;
}

static int plain_likelihood(void *ctx, const ambs_gp_kernel *kernel, const ambs_gp_sample *sample,
                            double *ret_value, double *ret_gradient, ambs_error *err)
{
    plain *e = ctx;
    (void)err;
    e->n_calls++;
    if (is_faulty(e, SILENT)) return AMBS_E_AGAIN;
    static double work[100000]; /* an engine without memory for one would be asked for no more */
    assert_true(ambs_gp_likelihood_work(sample->n) <= sizeof work / sizeof *work);
    *ret_value = ambs_gp_log_likelihood(kernel, sample, work, ret_gradient);
    return AMBS_OK;
}

static void plain_distrust(void *ctx, const char *what)
{
    plain *e = ctx;
    e->n_distrusted++;
    snprintf(e->why, sizeof e->why, "%s", what);
}

static void make_engine(plain *e, int until, fault then)
{
    *e = (plain){.until = until, .then = then};
    e->port = (ambs_gp_engine){.ctx = e,
                               .from = 20,
                               .enrol = plain_enrol,
                               .factor = plain_factor,
                               .solve = plain_solve,
                               .explained = plain_explained,
                               .weights = plain_weights,
                               .likelihood = plain_likelihood,
                               .distrust = plain_distrust};
}

static void drop_engine(plain *e)
{
    for (size_t i = 0; i < MAX_PROCESSES; i++) {
        free(e->of[i].l);
        free(e->of[i].points);
        free(e->of[i].kernel.weight);
    }
}

/* --- two surrogates -------------------------------------------------------------------------- */

typedef struct twins {
    void *options;
    void *state[2]; /* one that computes here, one with the engine */
    const ambs_gp_engine *engine;
} twins;

static void make_rows(uint64_t seed)
{
    ambs_random r;
    ambs_random_init(&r, seed, 0, AMBS_PURPOSE_TEST);
    for (size_t i = 0; i < 2 * N; i++) {
        double *row = x + i * P;
        row[0] = ambs_random_uniform(&r);
        row[1] = ambs_random_uniform(&r) < 0.3 ? NAN : ambs_random_uniform(&r);
        row[2] = (double)ambs_random_below(&r, 3);
        row[3] = ambs_random_uniform(&r) < 0.3 ? NAN : (double)ambs_random_below(&r, 4);
        evaluations[i] = (uint32_t)(1 + i * 7 % 5);
        y[i] = 3 + sin(5 * row[0]) + (row[2] == 1 ? 0.5 : 0) + 0.05 * ambs_random_normal(&r);
    }
}

static void make_twins(twins *t, const ambs_gp_engine *engine, const char *const *settings)
{
    const ambs_surrogate_ops *ops = &ambs_surrogate_gp;
    t->options = calloc(1, ops->member.options_size);
    assert_int_equal(ambs_options_init(ops->member.options, t->options, NULL), AMBS_OK);
    for (; settings && *settings; settings += 2)
        assert_int_equal(
            ambs_options_set(ops->member.options, t->options, settings[0], settings[1], NULL),
            AMBS_OK);
    for (size_t i = 0; i < 2; i++) {
        t->state[i] = calloc(1, ops->state_size);
        assert_int_equal(ops->init(t->state[i], t->options, P, features, 3, NULL), AMBS_OK);
    }
    t->engine = engine;
    ops->use_engine(t->state[1], engine);
}

static void drop_twins(twins *t)
{
    for (size_t i = 0; i < 2; i++) {
        ambs_surrogate_gp.fini(t->state[i]);
        free(t->state[i]);
    }
    ambs_options_fini(ambs_surrogate_gp.member.options, t->options);
    free(t->options);
}

static void assert_all_near(size_t n, const double *a, const double *b)
{
    double most = 1e-3;
    for (size_t i = 0; i < n; i++) most = fmax(most, fabs(b[i]));
    for (size_t i = 0; i < n; i++)
        if (!(fabs(a[i] - b[i]) <= 1e-8 * most))
            fail_msg("found %.17g at %zu, expected %.17g", a[i], i, b[i]);
}

/* All that a maximiser may ask. */
static void assert_twins_agree(twins *t)
{
    const ambs_surrogate_ops *ops = &ambs_surrogate_gp;
    double mean[2][M], sd[2][M], mean_slopes[2][CLIMBS * P], sd_slopes[2][CLIMBS * P];
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(ops->predict(t->state[i], M, x + N * P, mean[i], sd[i], NULL), AMBS_OK);
    assert_all_near(M, mean[1], mean[0]);
    assert_all_near(M, sd[1], sd[0]);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(ops->screen(t->state[i], M, x + N * P, mean[i], sd[i], NULL), AMBS_OK);
    assert_all_near(M, mean[1], mean[0]);
    assert_all_near(M, sd[1], sd[0]);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(ops->gradient(t->state[i], CLIMBS, x + (N + 40) * P, mean[i], sd[i],
                                       mean_slopes[i], sd_slopes[i], NULL),
                         AMBS_OK);
    assert_all_near(CLIMBS, mean[1], mean[0]);
    assert_all_near(CLIMBS, sd[1], sd[0]);
    assert_all_near(CLIMBS * P, mean_slopes[1], mean_slopes[0]);
    assert_all_near(CLIMBS * P, sd_slopes[1], sd_slopes[0]);
    for (size_t i = 0; i < 2; i++) {
        ambs_random r;
        ambs_random_init(&r, 4, 0, AMBS_PURPOSE_TEST);
        assert_int_equal(ops->draw(t->state[i], &r, NULL), AMBS_OK);
        assert_int_equal(ops->drawn(t->state[i], CLIMBS, x + N * P, mean[i], mean_slopes[i], NULL),
                         AMBS_OK);
    }
    assert_all_near(CLIMBS, mean[1], mean[0]);
    assert_all_near(CLIMBS * P, mean_slopes[1], mean_slopes[0]);
}

static void fit(twins *t, size_t n)
{
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(ambs_surrogate_gp.fit(t->state[i], n, x, y, 1, NULL), AMBS_OK);
}

static void fit_means(twins *t, size_t n)
{
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(
            ambs_surrogate_gp.fit_means(t->state[i], n, x, y, evaluations, NULL, 1, NULL), AMBS_OK);
}

static void replace_mean(twins *t, size_t row, uint32_t n)
{
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(ambs_surrogate_gp.replace_mean(t->state[i], row, y[row], n, NULL),
                         AMBS_OK);
}

static void append(twins *t, size_t row, double value)
{
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(ambs_surrogate_gp.append(t->state[i], x + row * P, value, NULL), AMBS_OK);
}

/* A fit, then what a study does between fits: lies that come, turn true, and go. */
static void live(twins *t)
{
    fit(t, 100);
    assert_twins_agree(t);
    append(t, 100, 3.5);
    append(t, 101, 2.5);
    assert_twins_agree(t);
    for (size_t row = 102; row < 108; row++) append(t, row, y[row]);
    for (size_t i = 0; i < 2; i++) ambs_surrogate_gp.replace(t->state[i], 101, y[101], NULL);
    assert_twins_agree(t);
    for (size_t i = 0; i < 2; i++) ambs_surrogate_gp.remove(t->state[i], 100, NULL);
    append(t, 108, y[108]);
    for (size_t i = 0; i < 2; i++) ambs_surrogate_gp.remove(t->state[i], 104, NULL);
    assert_twins_agree(t);
    for (size_t i = 0; i < 2; i++) ambs_surrogate_gp.replace(t->state[i], 7, 4, NULL);
    for (size_t i = 0; i < 2; i++) ambs_surrogate_gp.remove(t->state[i], 8, NULL);
    assert_twins_agree(t); /* of the factor: made anew */
    append(t, 109, y[109]);
    assert_twins_agree(t);
    fit_means(t, 120);
    append(t, 120, y[120]);
    append(t, 121, y[121]);
    assert_twins_agree(t);
    replace_mean(t, 120, 4); /* joined, and not yet */
    append(t, 122, y[122]);
    replace_mean(t, 122, 9);
    assert_twins_agree(t);
    replace_mean(t, 50, evaluations[50] + 2); /* of the factor */
    replace_mean(t, 121, 2);
    assert_twins_agree(t);
}

static const char *const plainly[] = {NULL};
static const char *const fully[] = {"warp",       "kumaraswamy", "mean", "linear",
                                    "categories", "onehot",      NULL};
static const char *const by_draws[] = {"hyperparameters", "mcmc", "samples", "2",
                                       "fit_rows",        "64",   NULL};
static const char *const *const ways[] = {plainly, fully, by_draws};

static void an_engine_s_process_is_that_of_this_place(void **state)
{
    (void)state;
    for (size_t w = 0; w < sizeof ways / sizeof *ways; w++) {
        plain e;
        twins t;
        make_engine(&e, INT32_MAX, NONE);
        make_twins(&t, &e.port, ways[w]);
        live(&t);
        assert_true(e.n_calls > 20);
        assert_int_equal(e.n_distrusted, 0);
        assert_null(ambs_gp_of_surrogate(t.state[1])->l);
        drop_twins(&t);
        drop_engine(&e);
    }
}

static void few_rows_never_ask(void **state)
{
    (void)state;
    plain e;
    twins t;
    make_engine(&e, 0, SILENT);
    make_twins(&t, &e.port, plainly);
    fit(&t, 19);
    assert_twins_agree(&t);
    assert_int_equal(e.n_calls, 0);
    drop_twins(&t);
    drop_engine(&e);
}

/* From whichever call on. */
static void an_engine_that_falls_silent_costs_nothing_but_time(void **state)
{
    (void)state;
    for (int until = 0; until < 100; until++) {
        plain e;
        twins t;
        make_engine(&e, until, SILENT);
        make_twins(&t, &e.port, plainly);
        live(&t);
        assert_int_equal(e.n_distrusted, 0);
        drop_twins(&t);
        drop_engine(&e);
    }
}

static void wrong_answers_are_found_and_not_used(void **state)
{
    (void)state;
    static const struct {
        fault then;
        const char *why;
    } cases[] = {
        {WRONG_ALPHA, "the solution of its equations does not solve them"},
        {WRONG_WEIGHTS, "the weights of a candidate do not solve its equations"},
        {WRONG_VARIANCE, "a candidate's variance is not possible"},
        {WRONG_DRAW, "the solution for a draw does not solve its equations"},
        {NO_NUMBER, "the solution of its equations does not solve them"},
    };
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        plain e;
        twins t;
        make_engine(&e, 0, cases[c].then);
        make_twins(&t, &e.port, plainly);
        live(&t);
        assert_true(e.n_distrusted > 0);
        assert_string_equal(e.why, cases[c].why);
        drop_twins(&t);
        drop_engine(&e);
    }
}

/* The errors that a process here gives, too: its asks go on at random until the next fit. */
static void a_matrix_that_is_not_positive_definite_is_an_error_once(void **state)
{
    (void)state;
    plain e;
    ambs_gp gp = {0};
    ambs_error err;
    double theta[16] = {0}, mean, sd, jitter_free = 0;
    make_engine(&e, INT32_MAX, NONE);
    assert_int_equal(ambs_gp_init(&gp, &(ambs_gp_settings){0}, P, features, NULL), AMBS_OK);
    ambs_gp_use_engine(&gp, &e.port);
    assert_int_equal(ambs_gp_take_rows(&gp, 60, x, y, NULL), AMBS_OK);
    gp.points[30] = NAN;
    theta[gp.n_terms + 1] = -6;
    assert_int_equal(ambs_gp_set_theta(&gp, theta, &err), AMBS_E_NUMERIC);
    assert_non_null(strstr(err.text, "found a matrix of 60 rows that is not positive definite"));
    assert_int_equal(ambs_gp_take_rows(&gp, 60, x, y, NULL), AMBS_OK);
    assert_int_equal(ambs_gp_set_theta(&gp, theta, &err), AMBS_OK);
    assert_int_equal(ambs_gp_settle(&gp, &err), AMBS_OK);
    assert_int_equal(ambs_gp_far_predict(&gp, 1, x, &mean, &sd, &err), AMBS_OK);
    assert_true(isfinite(mean) && sd > 0 && gp.jitter == jitter_free);
    ambs_gp_fini(&gp);
    drop_engine(&e);
}

static void leaving_one_out_brings_the_factor_here(void **state)
{
    (void)state;
    plain e;
    twins t;
    double mean[2][100], sd[2][100];
    make_engine(&e, INT32_MAX, NONE);
    make_twins(&t, &e.port, plainly);
    fit(&t, 100);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(ambs_surrogate_gp.leave_one_out(t.state[i], mean[i], sd[i], NULL),
                         AMBS_OK);
    assert_all_near(100, mean[1], mean[0]);
    assert_all_near(100, sd[1], sd[0]);
    drop_twins(&t);
    drop_engine(&e);
}

/* A fit, lies, and what a maximiser asks, with the engine's process alone. */
static int ask_once(void *ctx)
{
    const ambs_surrogate_ops *ops = &ambs_surrogate_gp;
    twins *t = ctx;
    double mean[M], sd[M], slopes[2 * CLIMBS * P];
    ambs_random r;
    void *state = calloc(1, ops->state_size);
    if (!state) return AMBS_E_NOMEM;
    int rc = ops->init(state, t->options, P, features, 3, NULL);
    if (rc != AMBS_OK) {
        free(state);
        return rc;
    }
    ops->use_engine(state, t->engine);
    ambs_random_init(&r, 4, 0, AMBS_PURPOSE_TEST);
    rc = ops->fit(state, 40, x, y, 1, NULL);
    for (size_t row = 40; rc == AMBS_OK && row < 43; row++)
        rc = ops->append(state, x + row * P, y[row], NULL);
    if (rc == AMBS_OK) rc = ops->predict(state, M, x + N * P, mean, sd, NULL);
    if (rc == AMBS_OK)
        rc = ops->gradient(state, CLIMBS, x + N * P, mean, sd, slopes, slopes + CLIMBS * P, NULL);
    if (rc == AMBS_OK) rc = ops->draw(state, &r, NULL);
    ops->fini(state);
    free(state);
    return rc;
}

static void a_process_that_runs_out_of_memory_says_so(void **state)
{
    (void)state;
    plain e;
    twins t;
    make_engine(&e, INT32_MAX, NONE);
    make_twins(&t, &e.port, plainly);
    assert_true(failing_alloc_each(ask_once, &t) > 20);
    drop_twins(&t);
    drop_engine(&e);
}

int main(void)
{
    make_rows(11);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_rows_never_ask),
        cmocka_unit_test(an_engine_s_process_is_that_of_this_place),
        cmocka_unit_test(an_engine_that_falls_silent_costs_nothing_but_time),
        cmocka_unit_test(wrong_answers_are_found_and_not_used),
        cmocka_unit_test(a_matrix_that_is_not_positive_definite_is_an_error_once),
        cmocka_unit_test(leaving_one_out_brings_the_factor_here),
        cmocka_unit_test(a_process_that_runs_out_of_memory_says_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
