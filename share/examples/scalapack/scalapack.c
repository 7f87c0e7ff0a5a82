/* SPDX-License-Identifier: MIT */
/* A plug-in on a communicator: how fast ScaLAPACK solves A x = b on the ranks of a trial, by block size, shape
 * of the process grid, and factorisation. A is dense, symmetric and positive definite, so that LU
 * (pdgesv) and Cholesky (pdposv) both apply. The objective is the shortest of `repeats` solves in
 * seconds, the slowest rank's; the residual is checked as in LAPACK's own tests.
 *
 *   mpicc -O2 -shared -fPIC -o libscalapack_solve.so scalapack.c -lscalapack-openmpi -lm
 *   ambs run study.yaml -j 1             (trial.ranks: 4, so this starts 1 + 4 ranks)
 *
 * (The library is -lscalapack elsewhere than on Debian.) */
#include <float.h>
#include <math.h>
#include <mpi.h>
#include <stdlib.h>
#include <string.h>

#include "ambs/objective.h"

/* BLACS and ScaLAPACK come without C headers. */
int Csys2blacs_handle(MPI_Comm comm);
void Cfree_blacs_system_handle(int handle);
void Cblacs_gridinit(int *context, const char *order, int n_rows, int n_columns);
void Cblacs_gridinfo(int context, int *n_rows, int *n_columns, int *row, int *column);
void Cblacs_gridexit(int context);
int numroc_(const int *n, const int *block, const int *at, const int *first, const int *n_at);
void descinit_(int *desc, const int *m, const int *n, const int *mb, const int *nb, const int *row,
               const int *column, const int *context, const int *leading, int *info);
void pdgesv_(const int *n, const int *n_rhs, double *a, const int *ia, const int *ja,
             const int *desca, int *pivots, double *b, const int *ib, const int *jb,
             const int *descb, int *info);
void pdposv_(const char *uplo, const int *n, const int *n_rhs, double *a, const int *ia,
             const int *ja, const int *desca, double *b, const int *ib, const int *jb,
             const int *descb, int *info);
void pdgemv_(const char *trans, const int *m, const int *n, const double *alpha, const double *a,
             const int *ia, const int *ja, const int *desca, const double *x, const int *ix,
             const int *jx, const int *descx, const int *incx, const double *beta, double *y,
             const int *iy, const int *jy, const int *descy, const int *incy);

static const int one = 1, zero = 0;

typedef struct solver {
    MPI_Comm comm;
    int handle; /* BLACS's name of the communicator */
    int n, repeats;
} solver;

/* A distributed system: this rank's blocks of A and b, and copies of them to solve with. */
typedef struct linear_system {
    int n, block, context;
    int rows, columns, row, column; /* the grid and this rank's place in it */
    int local_rows, local_columns, local_rhs;
    int desc_a[9], desc_b[9];
    double *a, *b, *lu, *x;
    int *pivots;
} linear_system;

static int open_solver(ambs_opening *o, void **ret_state)
{
    solver *s = malloc(sizeof *s);
    if (!s) return ambs_opening_fail(o, "out of memory");
    *s = (solver){.comm = ambs_opening_comm(o),
                  .n = (int)ambs_opening_int(o, "n"),
                  .repeats = (int)ambs_opening_int(o, "repeats")};
    s->handle = Csys2blacs_handle(s->comm);
    *ret_state = s;
    return 0;
}

/* Not Cblacs_exit(): MPI goes on. */
static void close_solver(void *state)
{
    solver *s = state;
    Cfree_blacs_system_handle(s->handle);
    free(s);
}

/* --- the system ------------------------------------------------------------------------------ */

/* Where the local index `i` lies in the whole, on the process `at` of `n_at`. */
static int global_index(int i, int block, int at, int n_at)
{
    return (i / block * n_at + at) * block + i % block;
}

/* Off the diagonal |a_ij| <= 1, on it n: strictly diagonally dominant. */
static double element(int n, int i, int j)
{
    return i == j ? n : cos(1.0 + (double)(i < j ? i : j) * 0.7 + (double)(i < j ? j : i) * 1.3);
}

static void fill(linear_system *s)
{
    for (int j = 0; j < s->local_columns; j++)
        for (int i = 0; i < s->local_rows; i++)
            s->a[(size_t)j * (size_t)s->local_rows + (size_t)i] =
                element(s->n, global_index(i, s->block, s->row, s->rows),
                        global_index(j, s->block, s->column, s->columns));
    for (int i = 0; i < s->local_rhs; i++)
        s->b[i] = sin(0.1 * global_index(i, s->block, s->row, s->rows));
}

static int make_system(linear_system *s)
{
    int info = 0, leading;
    Cblacs_gridinfo(s->context, &s->rows, &s->columns, &s->row, &s->column);
    s->local_rows = numroc_(&s->n, &s->block, &s->row, &zero, &s->rows);
    s->local_columns = numroc_(&s->n, &s->block, &s->column, &zero, &s->columns);
    s->local_rhs = s->column == 0 ? s->local_rows : 0;
    leading = s->local_rows > 0 ? s->local_rows : 1;
    descinit_(s->desc_a, &s->n, &s->n, &s->block, &s->block, &zero, &zero, &s->context, &leading,
              &info);
    descinit_(s->desc_b, &s->n, &one, &s->block, &s->block, &zero, &zero, &s->context, &leading,
              &info);
    size_t n_a = (size_t)leading * (size_t)(s->local_columns + 1), n_b = (size_t)leading;
    s->a = calloc(n_a, sizeof *s->a);
    s->lu = calloc(n_a, sizeof *s->lu);
    s->b = calloc(n_b, sizeof *s->b);
    s->x = calloc(n_b, sizeof *s->x);
    s->pivots = calloc(n_b + (size_t)s->block, sizeof *s->pivots);
    return s->a && s->lu && s->b && s->x && s->pivots && info == 0;
}

static void free_system(linear_system *s)
{
    free(s->a);
    free(s->lu);
    free(s->b);
    free(s->x);
    free(s->pivots);
}

/* Seconds of one solve, of the slowest rank; negative when ScaLAPACK refused. */
static double solve(const solver *own, linear_system *s, int cholesky)
{
    int info = 0;
    double mine, all;
    memcpy(s->lu, s->a, (size_t)s->local_rows * (size_t)s->local_columns * sizeof *s->a);
    memcpy(s->x, s->b, (size_t)s->local_rhs * sizeof *s->b);
    MPI_Barrier(own->comm);
    mine = MPI_Wtime();
    if (cholesky)
        pdposv_("L", &s->n, &one, s->lu, &one, &one, s->desc_a, s->x, &one, &one, s->desc_b, &info);
    else
        pdgesv_(&s->n, &one, s->lu, &one, &one, s->desc_a, s->pivots, s->x, &one, &one, s->desc_b,
                &info);
    mine = MPI_Wtime() - mine;
    MPI_Allreduce(&mine, &all, 1, MPI_DOUBLE, MPI_MAX, own->comm);
    return info == 0 ? all : -1;
}

/* max |b - A x| / (n eps (n + n) max |x|), which a stable solve keeps below 16 or so; n + n bounds the row
 * sums of |A|. */
static double residual(const solver *own, linear_system *s)
{
    const double minus = -1, plus = 1;
    double mine[2] = {0, 0}, all[2];
    double *r = s->lu; /* not needed any more, and long enough */
    memcpy(r, s->b, (size_t)s->local_rhs * sizeof *r);
    pdgemv_("N", &s->n, &s->n, &minus, s->a, &one, &one, s->desc_a, s->x, &one, &one, s->desc_b,
            &one, &plus, r, &one, &one, s->desc_b, &one);
    for (int i = 0; i < s->local_rhs; i++) {
        mine[0] = fmax(mine[0], fabs(r[i]));
        mine[1] = fmax(mine[1], fabs(s->x[i]));
    }
    MPI_Allreduce(mine, all, 2, MPI_DOUBLE, MPI_MAX, own->comm);
    return all[0] / (s->n * DBL_EPSILON * 2 * s->n * all[1]);
}

/* --- a trial --------------------------------------------------------------------------------- */

static int measure(const solver *own, ambs_evaluation *e, linear_system *s, double *ret_seconds)
{
    int cholesky = strcmp(ambs_evaluation_text(e, "factorisation"), "cholesky") == 0;
    double best = INFINITY, n = s->n;
    fill(s);
    for (int i = 0; i < own->repeats; i++) {
        double seconds = solve(own, s, cholesky);
        if (seconds < 0) return ambs_evaluation_fail(e, "ScaLAPACK could not solve the system");
        best = fmin(best, seconds);
    }
    double scaled = residual(own, s);
    if (!(scaled < 16)) return ambs_evaluation_fail(e, "the scaled residual is %g", scaled);
    ambs_evaluation_metric(e, "residual", scaled);
    ambs_evaluation_metric(e, "gflops", (cholesky ? 1 : 2) * n * n * n / 3 / best * 1e-9);
    *ret_seconds = best;
    return 0;
}

/* Every rank takes the same way through this function: what decides is the same in all, or agreed on. */
static int evaluate(void *state, ambs_evaluation *e, double *ret_objective)
{
    const solver *own = state;
    linear_system s = {
        .n = own->n, .block = (int)ambs_evaluation_int(e, "block"), .context = own->handle};
    int rows = (int)ambs_evaluation_int(e, "rows"), columns = rows > 0 ? e->n_ranks / rows : 0;
    if (rows < 1 || rows * columns != e->n_ranks || s.block < 1)
        return ambs_evaluation_fail(e, "%d ranks are no grid of %d rows", e->n_ranks, rows);
    Cblacs_gridinit(&s.context, "Row", rows, columns);
    int good = make_system(&s), all = 0;
    MPI_Allreduce(&good, &all, 1, MPI_INT, MPI_MIN, own->comm);
    int rc = all ? measure(own, e, &s, ret_objective) : ambs_evaluation_fail(e, "out of memory");
    free_system(&s);
    Cblacs_gridexit(s.context);
    return rc;
}

static const ambs_plugin_option options[] = {
    {"n", AMBS_PLUGIN_INT, "2000", "order of the matrix"},
    {"repeats", AMBS_PLUGIN_INT, "3", "solves in a trial, of which the fastest counts"},
    {NULL, AMBS_PLUGIN_INT, NULL, NULL},
};

static const ambs_plugin_parameter parameters[] = {
    {"block", AMBS_PLUGIN_INT, 0},
    {"rows", AMBS_PLUGIN_INT, 0},
    {"factorisation", AMBS_PLUGIN_TEXT, 1},
    {NULL, AMBS_PLUGIN_INT, 0},
};

const ambs_plugin ambs_plugin_main = {
    .abi_version = AMBS_PLUGIN_ABI,
    .size = sizeof(ambs_plugin),
    .name = "scalapack_solve",
    .summary = "seconds that ScaLAPACK takes to solve a dense system",
    .options = options,
    .parameters = parameters,
    .comm_bytes = sizeof(MPI_Comm),
    .open = open_solver,
    .evaluate = evaluate,
    .close = close_solver,
};
