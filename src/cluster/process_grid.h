/* SPDX-License-Identifier: MIT */
/* Ranks side by side, and matrices whose columns are dealt out over them in blocks, first block to first
 * rank and round again (block-cyclic, a grid of one row of ranks), as ScaLAPACK wants them. Each rank
 * holds its columns packed, column by column.
 *
 * Why one row: a factor's column panels then need no message within themselves, and a triangular solve
 * (gp_blocks_solve.c) sends no more than its right-hand sides. On two ranks pdpotrf took 0.20 s for 4,000 rows
 * so, and 0.26 s with the ranks above one another. Beyond some tens of ranks a square would be better. */
#ifndef AMBS_CLUSTER_PROCESS_GRID_H
#define AMBS_CLUSTER_PROCESS_GRID_H

#include <mpi.h>

#include "ambs/error.h"

typedef struct ambs_process_grid {
    MPI_Comm comm; /* its own */
    int n, rank;
    int handle, context; /* BLACS's names */
} ambs_process_grid;

/* Collective. Errors of the communicator are returned, not fatal. */
int ambs_process_grid_init(ambs_process_grid *grid, MPI_Comm comm, ambs_error *err);
void ambs_process_grid_fini(ambs_process_grid *grid);
/* The worst code of all ranks, in all of them; `err` says so where only others failed. Collective. */
int ambs_process_grid_agree(const ambs_process_grid *grid, int code, ambs_error *err);

/* A square matrix. */
typedef struct ambs_block_matrix {
    const ambs_process_grid *grid;
    int n, block; /* rows; columns of one block */
    int n_local;  /* columns of this rank */
    int desc[9];
    double *at; /* [n_local, n] */
} ambs_block_matrix;

/* Not filled. AMBS_E_NOMEM in all ranks. Collective. */
int ambs_block_matrix_init(ambs_block_matrix *a, const ambs_process_grid *grid, int n, int block,
                           ambs_error *err);
void ambs_block_matrix_fini(ambs_block_matrix *a);
/* The place in the whole of local column j. */
int ambs_block_matrix_column(const ambs_block_matrix *a, int j);

#endif
