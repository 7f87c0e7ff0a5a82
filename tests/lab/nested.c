/* SPDX-License-Identifier: MIT */
/* A trial's own MPI program: prints how many of its two ranks are not on the host named by its argument. */
#include <mpi.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    char host[256] = "";
    int rank, size, elsewhere, sum = 0;
    MPI_Init(&argc, &argv);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    gethostname(host, sizeof host - 1);
    elsewhere = argc < 2 || strcmp(host, argv[1]) != 0;
    MPI_Reduce(&elsewhere, &sum, 1, MPI_INT, MPI_SUM, 0, MPI_COMM_WORLD);
    if (rank == 0) printf("%d\n", sum + 100 * (size != 2));
    MPI_Finalize();
    return 0;
}
