/* SPDX-License-Identifier: MIT */
/* A column of ScaLAPACK's lower triangle is one run of rows from the diagonal on, and so one call of the
 * kernel. */
#include "cluster/gp_blocks.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cluster/gp_blocks_state.h"
#include "cluster/scalapack.h"
#include "numeric/cholesky.h"

/* Columns of a block: small ones keep all ranks at work to the end, large ones suit BLAS. Two ranks took, for
 * 2,000 rows, 0.023 s with 64 and 0.027 s with 128; for 8,000 rows 1.5 and 1.2 s. */
static size_t choose_block(size_t n)
{
    return n < 3000 ? 64 : 128;
}

static int make(ambs_gp_blocks *b, ambs_error *err)
{
    b->weight = ambs_calloc(b->n_terms, sizeof *b->weight, err);
    b->points = ambs_calloc(b->n, (b->n_terms + 1) * sizeof *b->points, err);
    b->lanes = ambs_calloc(b->n, (b->n_terms + 1) * sizeof *b->lanes, err);
    b->share = ambs_calloc(b->n, sizeof *b->share, err);
    return b->weight && b->points && b->lanes && b->share ? AMBS_OK : AMBS_E_NOMEM;
}

int ambs_gp_blocks_create(const ambs_process_grid *grid, size_t n, size_t n_terms,
                          ambs_gp_blocks **ret_blocks, ambs_error *err)
{
    ambs_gp_blocks *b = ambs_calloc(1, sizeof *b, err);
    if (b)
        *b = (ambs_gp_blocks){.grid = grid, .n = n, .n_terms = n_terms, .block = choose_block(n)};
    int rc = ambs_process_grid_agree(grid, b ? make(b, err) : AMBS_E_NOMEM, err);
    if (rc == AMBS_OK) rc = ambs_block_matrix_init(&b->k, grid, (int)n, (int)b->block, err);
    if (rc != AMBS_OK) {
        ambs_gp_blocks_destroy(b);
        return rc;
    }
    *ret_blocks = b;
    return AMBS_OK;
}

void ambs_gp_blocks_destroy(ambs_gp_blocks *b)
{
    if (!b) return;
    ambs_block_matrix_fini(&b->k);
    free(b->weight);
    free(b->points);
    free(b->lanes);
    free(b->share);
    free(b->incoming);
    free(b->lanes_of);
    free(b->solved);
    free(b->sends);
    free(b);
}

void ambs_gp_blocks_set(ambs_gp_blocks *b, const ambs_gp_kernel *kernel, const double *points,
                        const double *share)
{
    b->kernel = *kernel;
    b->kernel.weight = b->weight;
    memcpy(b->weight, kernel->weight, b->n_terms * sizeof *b->weight);
    memcpy(b->points, points, b->n * b->n_terms * sizeof *b->points);
    memcpy(b->share, share, b->n * sizeof *b->share);
    for (size_t i = 0; i < b->n; i++)
        for (size_t t = 0; t < b->n_terms; t++) b->lanes[t * b->n + i] = points[i * b->n_terms + t];
}

void gp_blocks_fill(ambs_gp_blocks *b, double jitter)
{
    for (int j = 0; j < b->k.n_local; j++) {
        size_t i = (size_t)ambs_block_matrix_column(&b->k, j);
        const double *point = b->points + i * b->n_terms;
        double *to = b->k.at + (size_t)j * b->n + i;
        ambs_gp_kernel_row(&b->kernel, point, b->lanes + i, b->n, b->n - i, to, NULL);
        *to =
            ambs_gp_kernel_variance(&b->kernel, point, 1) + b->kernel.noise * b->share[i] + jitter;
    }
}

/* Σ_i f(K_ii), f the logarithm or the number itself; not finite where one is not. */
static double add_up_diagonal(const ambs_gp_blocks *b, bool logarithms)
{
    double sum = 0;
    for (int j = 0; j < b->k.n_local; j++) {
        double d = b->k.at[(size_t)j * b->n + (size_t)ambs_block_matrix_column(&b->k, j)];
        sum += logarithms ? log(d) : d;
    }
    MPI_Allreduce(MPI_IN_PLACE, &sum, 1, MPI_DOUBLE, MPI_SUM, b->grid->comm);
    return sum;
}

double gp_blocks_log_determinant(const ambs_gp_blocks *b)
{
    return 2 * add_up_diagonal(b, true);
}

bool gp_blocks_try(ambs_gp_blocks *b)
{
    const int one = 1;
    int n = (int)b->n, info = 0;
    pdpotrf_("L", &n, b->k.at, &one, &one, b->k.desc, &info);
    MPI_Allreduce(MPI_IN_PLACE, &info, 1, MPI_INT, MPI_MAX, b->grid->comm);
    return info == 0 && isfinite(add_up_diagonal(b, false));
}

int ambs_gp_blocks_factor(ambs_gp_blocks *b, double limit, double *ret_jitter, ambs_error *err)
{
    double mean = NAN, jitter = 0;
    for (;;) {
        gp_blocks_fill(b, jitter);
        if (jitter == 0) mean = add_up_diagonal(b, false) / (double)b->n;
        if (gp_blocks_try(b)) break;
        int rc = ambs_cholesky_more_jitter(b->n, mean, limit, &jitter, err);
        if (rc != AMBS_OK) return rc;
    }
    *ret_jitter = jitter;
    return AMBS_OK;
}
