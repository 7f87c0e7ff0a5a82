/* SPDX-License-Identifier: MIT */
/* The inside of gp_blocks: gp_blocks.c factors, gp_blocks_solve.c solves, gp_blocks_gradient.c has the
 * likelihood. */
#ifndef AMBS_CLUSTER_GP_BLOCKS_STATE_H
#define AMBS_CLUSTER_GP_BLOCKS_STATE_H

#include <stdbool.h>

#include "cluster/gp_blocks.h"

struct ambs_gp_blocks {
    const ambs_process_grid *grid;
    size_t n, n_terms;
    ambs_gp_kernel kernel; /* its weights are those below */
    double *weight;        /* [T] */
    double *points;        /* [n, T] */
    double *lanes;         /* [T, n] the same, transposed */
    double *share;         /* [n] of the noise */
    ambs_block_matrix k;
    size_t block;              /* its columns */
    double *incoming;          /* a block of another rank's */
    double *lanes_of, *solved; /* candidates [T, m], right-hand sides [n, m] */
    size_t incoming_capacity, lane_capacity, solved_capacity;
    MPI_Request *sends; /* [n_sends] on their way */
    size_t n_sends, sends_capacity;
};

/* K, with so much on its diagonal beyond the noise. */
void gp_blocks_fill(ambs_gp_blocks *b, double jitter);
/* L in the place of K; false: not positive definite. */
bool gp_blocks_try(ambs_gp_blocks *b);
/* ln det K of the factor. */
double gp_blocks_log_determinant(const ambs_gp_blocks *b);

/* Whether this rank has the block that row or column `at` belongs to. */
bool gp_blocks_owns(const ambs_gp_blocks *b, size_t at);
/* Room for solves with m sides: their messages, and b->solved. AMBS_E_NOMEM in all ranks, which agree only where
 * room has to be made: they have the same always. */
int gp_blocks_prepare(ambs_gp_blocks *b, size_t m, ambs_error *err);
/* x [n, m] becomes L⁻¹x, then L⁻ᵀx, by the factor's rows and columns from block `first` on alone. Before the first
 * one each rank has the rows of its blocks and zeros elsewhere, between them the rows of its own blocks, after the
 * second all rows from `first` on. */
void gp_blocks_solve_lower(ambs_gp_blocks *b, size_t first, size_t m, double *x);
void gp_blocks_solve_upper(ambs_gp_blocks *b, size_t first, size_t m, double *x);

#endif
