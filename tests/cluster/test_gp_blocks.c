/* SPDX-License-Identifier: MIT */
/* The Gaussian process over the ranks it was started with against the local one. Results are the same in
 * all ranks, so an assertion fails in all of them; the first alone prints. */
#include "../base/check.h"

#include <lapacke.h>
#include <mpi.h>

#include "base/random.h"
#include "cluster/gp_blocks.h"
#include "surrogate/gp.h"
#include "surrogate/gp_engine.h"
#include "surrogate/gp_warp.h"

enum { P = 4, N = 300, M = 70, MAX_THETA = 40, LARGEST = 700 };

static const ambs_feature features[P] = {{AMBS_FEATURE_NUMERIC, 0, 0, false},
                                         {AMBS_FEATURE_NUMERIC, 1, 0, true},
                                         {AMBS_FEATURE_CATEGORICAL, 2, 3, false},
                                         {AMBS_FEATURE_CATEGORICAL, 3, 4, true}};
static const ambs_gp_settings variants[] = {
    {.shape = AMBS_GP_MATERN52},
    {.shape = AMBS_GP_SQUARED_EXPONENTIAL, .onehot = true},
    {.shape = AMBS_GP_MATERN32, .linear = true},
    {.shape = AMBS_GP_MATERN12, .warp = true},
    {.shape = AMBS_GP_MATERN52, .onehot = true, .linear = true, .warp = true},
    {.shape = AMBS_GP_ANOVA},
    {.shape = AMBS_GP_ANOVA, .linear = true, .warp = true},
};
enum { N_VARIANTS = sizeof variants / sizeof *variants };

static ambs_process_grid grid;
static double x[LARGEST * P], y[LARGEST], candidates[M * P];

static void make_row(ambs_random *r, double *row)
{
    row[0] = ambs_random_uniform(r);
    row[1] = ambs_random_uniform(r) < 0.3 ? NAN : ambs_random_uniform(r);
    row[2] = (double)ambs_random_below(r, 3);
    row[3] = ambs_random_uniform(r) < 0.3 ? NAN : (double)ambs_random_below(r, 4);
}

static void make_rows(void)
{
    ambs_random r;
    ambs_random_init(&r, 5, 0, AMBS_PURPOSE_TEST);
    for (size_t i = 0; i < LARGEST; i++) {
        double *row = x + i * P;
        make_row(&r, row);
        y[i] = 3 + sin(5 * row[0]) + (isnan(row[1]) ? 0.4 : row[1] * row[1]) +
               (row[2] == 1 ? 0.5 : 0) + 0.01 * ambs_random_normal(&r);
    }
    for (size_t i = 0; i < M; i++) make_row(&r, candidates + i * P);
}

/* A local process of n rows, and the same rows over the ranks, not yet factored. */
typedef struct pair {
    ambs_gp gp;
    ambs_gp_blocks *blocks;
    double theta[MAX_THETA], *points; /* [M, T] of the candidates, warped */
    double *warp_slopes;              /* [2 T, n] */
    size_t n, n_theta;
} pair;

/* With `means` the rows are means of one to five evaluations. */
static void make_pair(pair *p, const ambs_gp_settings *settings, size_t n, double log_noise,
                      bool means)
{
    uint32_t evaluations[LARGEST];
    *p = (pair){.n = n};
    assert_int_equal(ambs_gp_init(&p->gp, settings, P, features, NULL), AMBS_OK);
    assert_int_equal(ambs_gp_take_rows(&p->gp, n, x, y, NULL), AMBS_OK);
    for (size_t i = 0; i < n; i++) evaluations[i] = (uint32_t)(1 + i * 7 % 5);
    if (means) ambs_gp_weigh(&p->gp, evaluations);
    size_t n_terms = p->gp.n_terms;
    p->n_theta = ambs_gp_n_theta(&p->gp.kernel);
    for (size_t i = 0; i < p->n_theta; i++)
        p->theta[i] = i < n_terms ? -0.6 + 0.2 * (double)i : 0.3 * sin(2 * (double)i);
    p->theta[n_terms] = 0.4;
    p->theta[n_terms + 1] = log_noise;
    assert_int_equal(ambs_gp_set_theta(&p->gp, p->theta, NULL), AMBS_OK);
    p->points = calloc(M * n_terms, sizeof *p->points);
    for (size_t i = 0; i < M; i++) {
        double *point = p->points + i * n_terms;
        ambs_gp_encode(n_terms, p->gp.terms, features, candidates + i * P, point, 1);
        ambs_gp_warp_point(&p->gp.kernel, point, 1);
    }
    p->warp_slopes = calloc(2 * n_terms * n, sizeof *p->warp_slopes);
    for (size_t t = 0; p->gp.kernel.warp && t < n_terms; t++)
        for (size_t i = 0; p->gp.terms[t].kind == AMBS_GP_NUMBER && i < n; i++) {
            ambs_gp_warped w = ambs_gp_warp(p->gp.kernel.warp[2 * t], p->gp.kernel.warp[2 * t + 1],
                                            p->gp.raw[i * n_terms + t]);
            p->warp_slopes[2 * t * n + i] = w.by_log_a;
            p->warp_slopes[(2 * t + 1) * n + i] = w.by_log_b;
        }
    assert_int_equal(ambs_gp_blocks_create(&grid, n, n_terms, &p->blocks, NULL), AMBS_OK);
    ambs_gp_blocks_set(p->blocks, &p->gp.kernel, p->gp.points, p->gp.share);
}

static void drop(pair *p)
{
    ambs_gp_blocks_destroy(p->blocks);
    ambs_gp_fini(&p->gp);
    free(p->points);
    free(p->warp_slopes);
}

/* Relative to the largest of them. */
static void assert_all_near(size_t n, const double *a, const double *b, double tolerance)
{
    double most = 0;
    for (size_t i = 0; i < n; i++) most = fmax(most, fabs(b[i]));
    for (size_t i = 0; i < n; i++)
        if (!(fabs(a[i] - b[i]) <= tolerance * most))
            fail_msg("found %.17g at %zu, expected %.17g", a[i], i, b[i]);
}

static double condition_of(const pair *p)
{
    size_t n = p->n;
    double *k = calloc(n * n, sizeof *k), *values = calloc(n, sizeof *values);
    for (size_t i = 0; i < n; i++) {
        ambs_gp_kernel_row(&p->gp.kernel, p->gp.points + i * p->gp.n_terms, p->gp.columns,
                           p->gp.capacity, n, k + i * n, NULL);
        k[i * n + i] = ambs_gp_kernel_variance(&p->gp.kernel, p->gp.points + i * p->gp.n_terms, 1) +
                       p->gp.kernel.noise;
    }
    LAPACKE_dsyev(LAPACK_ROW_MAJOR, 'N', 'L', (lapack_int)n, k, (lapack_int)n, values);
    double condition = values[n - 1] / values[0];
    free(k);
    free(values);
    return condition;
}

/* --- the posterior --------------------------------------------------------------------------- */

/* μ = center + scale k*ᵀα and σ = scale √(k** - k*ᵀK⁻¹k*), from what the ranks found. */
static void check_posterior(pair *p, double tolerance)
{
    size_t n = p->n, n_terms = p->gp.n_terms;
    double jitter, *alpha = calloc(n, sizeof *alpha), mean[M], sd[M], own_mean[M], own_sd[M],
                   explained[M], *k = calloc(n, sizeof *k);
    assert_int_equal(ambs_gp_blocks_factor(p->blocks, 1e-4, &jitter, NULL), AMBS_OK);
    assert_true(jitter == p->gp.jitter);
    assert_int_equal(ambs_gp_blocks_solve(p->blocks, p->gp.z, alpha, NULL), AMBS_OK);
    assert_all_near(n, alpha, p->gp.alpha, tolerance);
    assert_int_equal(ambs_gp_blocks_explained(p->blocks, M, p->points, explained, NULL), AMBS_OK);
    ambs_gp_predict(&p->gp, M, candidates, own_mean, own_sd);
    for (size_t c = 0; c < M; c++) {
        double sum = 0, variance;
        ambs_gp_kernel_row(&p->gp.kernel, p->points + c * n_terms, p->gp.columns, p->gp.capacity, n,
                           k, NULL);
        for (size_t i = 0; i < n; i++) sum += alpha[i] * k[i];
        mean[c] = p->gp.center + p->gp.scale * sum;
        variance =
            ambs_gp_kernel_variance(&p->gp.kernel, p->points + c * n_terms, 1) - explained[c];
        sd[c] = p->gp.scale * sqrt(fmax(variance, AMBS_GP_VARIANCE_FLOOR));
    }
    assert_all_near(M, mean, own_mean, tolerance);
    assert_all_near(M, sd, own_sd, tolerance);
    free(alpha);
    free(k);
}

static void the_posterior_is_that_of_the_local_process(void **state)
{
    (void)state;
    const size_t sizes[] = {1, 2, 63, 64, 65, N};
    for (size_t v = 0; v < N_VARIANTS; v++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            pair p;
            make_pair(&p, &variants[v], sizes[i], -6, i % 2 > 0);
            check_posterior(&p, 1e-10);
            drop(&p);
        }
}

static void it_is_to_1e_8_at_a_condition_of_a_million(void **state)
{
    (void)state;
    const ambs_gp_settings smooth = {.shape = AMBS_GP_SQUARED_EXPONENTIAL};
    pair p;
    make_pair(&p, &smooth, LARGEST, log(3.2e-4), false);
    double condition = condition_of(&p);
    if (!(condition > 9e5 && condition < 1.1e6)) fail_msg("found a condition of %g", condition);
    check_posterior(&p, 1e-8);
    drop(&p);
}

static void weights_of_candidates_solve_their_systems(void **state)
{
    (void)state;
    pair p;
    make_pair(&p, &variants[0], N, -6, true);
    double jitter, *w = calloc(M * N, sizeof *w), *k = calloc(N, sizeof *k),
                   *column = calloc(N, sizeof *column);
    assert_int_equal(ambs_gp_blocks_factor(p.blocks, 1e-4, &jitter, NULL), AMBS_OK);
    assert_int_equal(ambs_gp_blocks_weights(p.blocks, M, p.points, w, NULL), AMBS_OK);
    for (size_t c = 0; c < M; c++) {
        ambs_gp_kernel_row(&p.gp.kernel, p.points + c * p.gp.n_terms, p.gp.columns, p.gp.capacity,
                           N, k, NULL);
        LAPACKE_dpotrs(LAPACK_COL_MAJOR, 'U', N, 1, p.gp.l, (lapack_int)p.gp.capacity, k, N);
        for (size_t i = 0; i < N; i++) column[i] = w[i * M + c];
        assert_all_near(N, column, k, 1e-10);
    }
    free(w);
    free(k);
    free(column);
    drop(&p);
}

/* --- the likelihood -------------------------------------------------------------------------- */

static void check_likelihood(pair *p, double tolerance)
{
    size_t n = p->n;
    const ambs_gp_sample sample = {n,       p->gp.points, p->gp.columns, p->gp.capacity,
                                   p->gp.z, NULL,         p->gp.share};
    ambs_gp_sample warped = sample;
    double *slopes = calloc(2 * p->gp.n_terms * p->gp.capacity, sizeof *slopes),
           *work = calloc(ambs_gp_likelihood_work(n), sizeof *work), own[MAX_THETA],
           found[MAX_THETA], own_value, value, alone;
    for (size_t t = 0; t < 2 * p->gp.n_terms; t++)
        memcpy(slopes + t * p->gp.capacity, p->warp_slopes + t * n, n * sizeof *slopes);
    warped.warp_slopes = slopes;
    own_value = ambs_gp_log_likelihood(&p->gp.kernel, &warped, work, own);
    assert_int_equal(
        ambs_gp_blocks_likelihood(p->blocks, p->gp.z, p->warp_slopes, &value, found, NULL),
        AMBS_OK);
    assert_all_near(1, &value, &own_value, tolerance);
    assert_all_near(p->n_theta, found, own, tolerance);
    assert_int_equal(ambs_gp_blocks_likelihood(p->blocks, p->gp.z, NULL, &alone, NULL, NULL),
                     AMBS_OK);
    assert_true(alone == value);
    free(slopes);
    free(work);
}

static void the_likelihood_and_its_gradient_are_those_of_the_local_process(void **state)
{
    (void)state;
    const size_t sizes[] = {1, 2, 65, N};
    for (size_t v = 0; v < N_VARIANTS; v++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            pair p;
            make_pair(&p, &variants[v], sizes[i], -6, i % 2 > 0);
            check_likelihood(&p, 1e-9);
            drop(&p);
        }
}

static void they_are_to_1e_8_at_a_condition_of_a_million(void **state)
{
    (void)state;
    const ambs_gp_settings smooth = {.shape = AMBS_GP_SQUARED_EXPONENTIAL};
    pair p;
    make_pair(&p, &smooth, LARGEST, log(3.2e-4), false);
    check_likelihood(&p, 1e-8);
    drop(&p);
}

/* Of the whole grid for a search that all ranks make alike; the first rank's bits are everyone's. */
static int whole_likelihood(void *ctx, const ambs_gp_kernel *kernel, const ambs_gp_sample *sample,
                            double *ret_value, double *ret_gradient, ambs_error *err)
{
    ambs_gp_blocks *blocks;
    int *n_calls = ctx, n_theta = (int)ambs_gp_n_theta(kernel);
    double *slopes = calloc(2 * kernel->n_terms, sample->n * sizeof *slopes);
    for (size_t t = 0; kernel->warp && t < 2 * kernel->n_terms; t++)
        memcpy(slopes + t * sample->n, sample->warp_slopes + t * sample->stride,
               sample->n * sizeof *slopes);
    ++*n_calls;
    int rc = ambs_gp_blocks_create(&grid, sample->n, kernel->n_terms, &blocks, err);
    assert_int_equal(rc, AMBS_OK);
    ambs_gp_blocks_set(blocks, kernel, sample->points, sample->share);
    rc = ambs_gp_blocks_likelihood(blocks, sample->y, slopes, ret_value, ret_gradient, err);
    MPI_Bcast(ret_value, 1, MPI_DOUBLE, 0, grid.comm);
    if (ret_gradient) MPI_Bcast(ret_gradient, n_theta, MPI_DOUBLE, 0, grid.comm);
    ambs_gp_blocks_destroy(blocks);
    free(slopes);
    return rc;
}

static void hyperparameters_found_by_the_ranks_are_those_found_here(void **state)
{
    (void)state;
    int n_calls = 0;
    const ambs_gp_engine engine = {.ctx = &n_calls, .from = 100, .likelihood = whole_likelihood};
    for (size_t v = 0; v < N_VARIANTS; v++) {
        pair p;
        make_pair(&p, &variants[v], N, -6, true);
        double theta[2][MAX_THETA];
        const ambs_gp_sample sample = ambs_gp_rows(&p.gp);
        ambs_gp_search search = {
            .kernel = &p.gp.kernel, .n_starts = 2, .max_rows = N, .key = 7, .engine = NULL};
        assert_int_equal(ambs_gp_find_theta(&search, &sample, theta[0], NULL), AMBS_OK);
        search.engine = &engine;
        assert_int_equal(ambs_gp_find_theta(&search, &sample, theta[1], NULL), AMBS_OK);
        for (size_t i = 0; i < p.n_theta; i++)
            if (!(fabs(theta[1][i] - theta[0][i]) <= 1e-5))
                fail_msg("variant %zu: found %.17g for theta %zu, expected %.17g", v, theta[1][i],
                         i, theta[0][i]);
        drop(&p);
    }
    assert_true(n_calls > 2 * N_VARIANTS);
}

/* --- what breaks ----------------------------------------------------------------------------- */

static void equal_rows_get_the_jitter_that_the_local_process_gives_them(void **state)
{
    (void)state;
    const ambs_gp_settings smooth = {.shape = AMBS_GP_SQUARED_EXPONENTIAL};
    double jitter, value;
    pair p;
    for (size_t i = 0; i < N; i += 2) memcpy(x + (i + 1) * P, x + i * P, P * sizeof *x);
    make_pair(&p, &smooth, N, log(1e-300), false);
    make_rows();
    assert_true(p.gp.jitter > 0);
    assert_int_equal(ambs_gp_blocks_factor(p.blocks, 1e-4, &jitter, NULL), AMBS_OK);
    assert_true(jitter > 0 && jitter <= 10.001 * p.gp.jitter && p.gp.jitter <= 10.001 * jitter);
    assert_int_equal(ambs_gp_blocks_likelihood(p.blocks, p.gp.z, NULL, &value, NULL, NULL),
                     AMBS_OK);
    assert_true(value == -INFINITY);
    drop(&p);
}

static void a_matrix_beyond_repair_is_an_error_with_the_numbers(void **state)
{
    (void)state;
    double jitter, bad[N * 8];
    ambs_error err;
    pair p;
    make_pair(&p, &variants[0], N, -6, true);
    memcpy(bad, p.gp.points, N * p.gp.n_terms * sizeof *bad);
    bad[100 * p.gp.n_terms] = NAN;
    ambs_gp_blocks_set(p.blocks, &p.gp.kernel, bad, p.gp.share);
    assert_int_equal(ambs_gp_blocks_factor(p.blocks, 1e-4, &jitter, &err), AMBS_E_NUMERIC);
    assert_non_null(strstr(err.text, "found a matrix of 300 rows that is not positive definite"));
    ambs_gp_blocks_set(p.blocks, &p.gp.kernel, p.gp.points,
                       p.gp.share); /* and goes on after that */
    check_posterior(&p, 1e-10);
    drop(&p);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    int rank;
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    if (rank != 0 && (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr)))
        return 1;
    if (ambs_process_grid_init(&grid, MPI_COMM_WORLD, NULL) != AMBS_OK) return 1;
    make_rows();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_posterior_is_that_of_the_local_process),
        cmocka_unit_test(it_is_to_1e_8_at_a_condition_of_a_million),
        cmocka_unit_test(weights_of_candidates_solve_their_systems),
        cmocka_unit_test(the_likelihood_and_its_gradient_are_those_of_the_local_process),
        cmocka_unit_test(they_are_to_1e_8_at_a_condition_of_a_million),
        cmocka_unit_test(hyperparameters_found_by_the_ranks_are_those_found_here),
        cmocka_unit_test(equal_rows_get_the_jitter_that_the_local_process_gives_them),
        cmocka_unit_test(a_matrix_beyond_repair_is_an_error_with_the_numbers),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    ambs_process_grid_fini(&grid);
    MPI_Finalize();
    return failed;
}
