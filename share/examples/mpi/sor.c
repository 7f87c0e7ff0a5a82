/* SPDX-License-Identifier: MIT */
/* An MPI program over several ranks as an objective: how many sweeps of red-black over-relaxation
 * solve a Poisson problem on a square of N x N points, with the rows divided among the ranks. The
 * best factor is known, 2 / (1 + sin(pi / (N + 1))) (Young 1954), so the search can be judged.
 *
 *   mpicc -O2 -o sor sor.c -lm
 *   mpirun -n 2 ./sor 1.9       prints the sweeps; under ambs the last line is the result */
#include <math.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>

enum { N = 64, MOST_SWEEPS = 10000 };

/* Trades the rows at the borders with the ranks above and below. */
static void trade(double *u, int rows, int up, int down)
{
    MPI_Sendrecv(u + (N + 2), N + 2, MPI_DOUBLE, up, 0, u + (rows + 1) * (N + 2), N + 2, MPI_DOUBLE,
                 down, 0, MPI_COMM_WORLD, MPI_STATUS_IGNORE);
    MPI_Sendrecv(u + rows * (N + 2), N + 2, MPI_DOUBLE, down, 1, u, N + 2, MPI_DOUBLE, up, 1,
                 MPI_COMM_WORLD, MPI_STATUS_IGNORE);
}

/* Relaxes the points of one colour; returns the sum of the squares of the changes. */
static double relax(double *u, int first, int rows, int colour, double omega)
{
    double h = 1.0 / (N + 1), sum = 0;
    for (int i = 1; i <= rows; i++) {
        for (int j = 1; j <= N; j++) {
            if ((first + i + j) % 2 != colour) continue;
            double *at = u + i * (N + 2) + j;
            double change = omega * ((at[-1] + at[1] + at[-N - 2] + at[N + 2] + h * h) / 4 - *at);
            *at += change;
            sum += change * change;
        }
    }
    return sum;
}

int main(int argc, char **argv)
{
    int rank, size, sweeps = 0;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    double omega = argc > 1 ? atof(argv[1]) : 1.0, change = 1;
    int first = N * rank / size, rows = N * (rank + 1) / size - first;
    int up = rank > 0 ? rank - 1 : MPI_PROC_NULL, down = rank < size - 1 ? rank + 1 : MPI_PROC_NULL;
    double *u = calloc((size_t)(rows + 2) * (N + 2), sizeof *u);
    if (!u) MPI_Abort(MPI_COMM_WORLD, 1);
    while (sqrt(change) > 1e-8 && sweeps < MOST_SWEEPS) {
        double own = 0;
        for (int colour = 0; colour < 2; colour++) {
            trade(u, rows, up, down);
            own += relax(u, first, rows, colour, omega);
        }
        MPI_Allreduce(&own, &change, 1, MPI_DOUBLE, MPI_SUM, MPI_COMM_WORLD);
        sweeps++;
    }
    if (rank == 0) printf("%d\n", sweeps);
    free(u);
    MPI_Finalize();
    return 0;
}
