/* SPDX-License-Identifier: MIT */
/* The Gaussian process over ranks against the local one, in one run: what a fit, a look at candidates and a step
 * of a climb cost, and from how many rows on the ranks win.
 *
 *   OPENBLAS_NUM_THREADS=1 mpirun -n 2 gp_distributed [ROWS …]          (default 250 500 … 8000)
 *
 * Rank 0 measures LAPACK and one rank of ScaLAPACK while the others sleep, then all of them work. Times
 * are the shortest of a few, of the wall clock. A fit is the matrix, its factor, and K⁻¹y with given
 * hyperparameters; messages to and from the manager are not in it. */
#include <lapacke.h>
#include <math.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/random.h"
#include "cluster/gp_blocks_state.h"
#include "surrogate/gp.h"

extern char *openblas_get_corename(void);
extern int openblas_get_num_threads(void);

enum { P = 8, M = 256, CLIMBS = AMBS_GP_CLIMBS };

typedef struct times {
    double cholesky, factor, explained, weights; /* s */
} times;

static ambs_feature features[P];
static double *x, *y, *candidates;
static volatile double sink;

static void make_data(size_t n)
{
    ambs_random r;
    ambs_random_init(&r, 1, 0, AMBS_PURPOSE_TEST);
    x = calloc(n * P, sizeof *x);
    y = calloc(n, sizeof *y);
    candidates = calloc(M * P, sizeof *candidates);
    for (size_t f = 0; f < P; f++)
        features[f] = (ambs_feature){.kind = AMBS_FEATURE_NUMERIC, .parameter = f};
    for (size_t i = 0; i < n * P; i++) x[i] = ambs_random_uniform(&r);
    for (size_t i = 0; i < n; i++) y[i] = sin(5 * x[i * P]) + x[i * P + 1] * x[i * P + 2];
    for (size_t i = 0; i < M * P; i++) candidates[i] = ambs_random_uniform(&r);
}

static int repeats_for(size_t n)
{
    return n >= 4000 ? 3 : 8;
}

/* --- local ----------------------------------------------------------------------------------- */

static times measure_local(ambs_gp *gp, const double *theta)
{
    times t = {INFINITY, INFINITY, INFINITY, INFINITY};
    double mean[M], sd[M], slopes[2 * CLIMBS * P];
    for (int i = 0; i < repeats_for(gp->n); i++) {
        double a = MPI_Wtime();
        ambs_gp_set_theta(gp, theta, NULL);
        double b = MPI_Wtime();
        ambs_gp_predict(gp, M, candidates, mean, sd);
        double c = MPI_Wtime();
        ambs_gp_gradient(gp, CLIMBS, candidates, mean, sd, slopes, slopes + CLIMBS * P, NULL);
        t.factor = fmin(t.factor, b - a);
        t.explained = fmin(t.explained, c - b);
        t.weights = fmin(t.weights, MPI_Wtime() - c);
    }
    return t;
}

/* dpotrf alone, of the matrix whose factor gp holds. */
static double measure_dpotrf(const ambs_gp *gp)
{
    size_t n = gp->n;
    double best = INFINITY, *a = malloc(n * n * sizeof *a);
    for (int i = 0; a && i < repeats_for(n); i++) {
        for (size_t j = 0; j < n; j++) {
            ambs_gp_kernel_row(&gp->kernel, gp->points + j * gp->n_terms, gp->columns, gp->capacity,
                               n, a + j * n, NULL);
            a[j * n + j] += gp->kernel.noise;
        }
        double begin = MPI_Wtime();
        if (LAPACKE_dpotrf_work(LAPACK_COL_MAJOR, 'L', (lapack_int)n, a, (lapack_int)n) != 0)
            best = NAN;
        best = fmin(best, MPI_Wtime() - begin);
    }
    free(a);
    return best;
}

/* --- over ranks ------------------------------------------------------------------------------ */

static times measure_blocks(MPI_Comm comm, const ambs_gp *gp)
{
    times t = {INFINITY, INFINITY, INFINITY, INFINITY};
    ambs_process_grid grid;
    ambs_gp_blocks *b;
    double jitter, *ret = malloc(gp->n * CLIMBS * sizeof *ret), explained[M],
                   *points = calloc(M * gp->n_terms, sizeof *points);
    for (size_t i = 0; i < M; i++)
        ambs_gp_encode(gp->n_terms, gp->terms, features, candidates + i * P,
                       points + i * gp->n_terms, 1);
    ambs_process_grid_init(&grid, comm, NULL);
    if (ambs_gp_blocks_create(&grid, gp->n, gp->n_terms, &b, NULL) != AMBS_OK) exit(1);
    ambs_gp_blocks_set(b, &gp->kernel, gp->points, gp->share);
    for (int i = 0; i < repeats_for(gp->n); i++) {
        gp_blocks_fill(b, 0);
        MPI_Barrier(comm);
        double begin = MPI_Wtime();
        gp_blocks_try(b);
        t.cholesky = fmin(t.cholesky, MPI_Wtime() - begin);
        MPI_Barrier(comm);
        begin = MPI_Wtime();
        ambs_gp_blocks_factor(b, 1e-4, &jitter, NULL);
        ambs_gp_blocks_solve(b, gp->z, ret, NULL);
        double one = MPI_Wtime();
        ambs_gp_blocks_explained(b, M, points, explained, NULL);
        double two = MPI_Wtime();
        ambs_gp_blocks_weights(b, CLIMBS, points, ret, NULL);
        t.factor = fmin(t.factor, one - begin);
        t.explained = fmin(t.explained, two - one);
        t.weights = fmin(t.weights, MPI_Wtime() - two);
        sink = ret[0];
    }
    ambs_gp_blocks_destroy(b);
    ambs_process_grid_fini(&grid);
    free(points);
    free(ret);
    return t;
}

/* The others must not spin while rank 0 measures alone. */
static void meet(MPI_Comm comm)
{
    MPI_Request request;
    int done = 0;
    MPI_Ibarrier(comm, &request);
    while (MPI_Test(&request, &done, MPI_STATUS_IGNORE) == MPI_SUCCESS && !done)
        nanosleep(&(struct timespec){.tv_nsec = 20000000}, NULL);
}

static void print(size_t n, int n_ranks, double dpotrf, const times *local, const times *alone,
                  const times *all)
{
    double operations = (double)n * (double)n * (double)n / 3;
    printf("%6zu %8.4f %5.1f %8.4f %8.4f %5.2f %5.2f  %8.4f %8.4f %5.2f  %8.4f %8.4f %5.2f  %8.4f "
           "%8.4f %5.2f\n",
           n, dpotrf, 1e-9 * operations / dpotrf, alone->cholesky, all->cholesky,
           alone->cholesky / all->cholesky, dpotrf / all->cholesky / n_ranks, local->factor,
           all->factor, local->factor / all->factor, local->explained, all->explained,
           local->explained / all->explained, local->weights, all->weights,
           local->weights / all->weights);
    fflush(stdout);
}

static void measure(MPI_Comm comm, int rank, int n_ranks, size_t n)
{
    ambs_gp gp = {0};
    double theta[P + 2], dpotrf = NAN;
    times local = {0}, alone = {0};
    for (size_t t = 0; t < P; t++) theta[t] = -0.5;
    theta[P] = 0;
    theta[P + 1] = -6;
    make_data(n);
    if (ambs_gp_init(&gp, &(ambs_gp_settings){0}, P, features, NULL) != AMBS_OK ||
        ambs_gp_take_rows(&gp, n, x, y, NULL) != AMBS_OK)
        exit(1);
    ambs_gp_kernel_set(&gp.kernel, theta);
    if (rank == 0) {
        dpotrf = measure_dpotrf(&gp);
        local = measure_local(&gp, theta);
        alone = measure_blocks(MPI_COMM_SELF, &gp);
    }
    meet(comm);
    times all = measure_blocks(comm, &gp);
    if (rank == 0) print(n, n_ranks, dpotrf, &local, &alone, &all);
    ambs_gp_fini(&gp);
    free(x);
    free(y);
    free(candidates);
}

static void print_head(int n_ranks)
{
    printf("# gp_distributed: %d ranks, BLAS kernel %s, %d thread each, %d parameters, %d "
           "candidates, %d climbs, seed 1\n"
           "# seconds; 1:all one rank of ScaLAPACK over all; share: of dpotrf's rate, of each "
           "rank; the "
           "rest local, all ranks, local:all\n"
           "#        dpotrf        pdpotrf                            a fit                    the "
           "candidates' sds         a step of the climbs\n"
           "#    n        s  GF/s      one      all 1:all share     local      all ratio     local "
           "     "
           "all ratio     local      all ratio\n",
           n_ranks, openblas_get_corename(), openblas_get_num_threads(), P, M, CLIMBS);
}

int main(int argc, char **argv)
{
    static const char *const usual[] = {"250", "500", "1000", "2000", "4000", "8000"};
    enum { N_USUAL = sizeof usual / sizeof *usual };
    int rank, n_ranks;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &n_ranks);
    if (rank == 0) print_head(n_ranks);
    for (int i = 0; i < (argc > 1 ? argc - 1 : N_USUAL); i++)
        measure(MPI_COMM_WORLD, rank, n_ranks,
                strtoull(argc > 1 ? argv[i + 1] : usual[i], NULL, 10));
    MPI_Finalize();
    return 0;
}
