/* SPDX-License-Identifier: MIT */
#include "cluster/process_grid.h"

#include <stdlib.h>

#include "base/memory.h"
#include "cluster/scalapack.h"

int ambs_process_grid_init(ambs_process_grid *g, MPI_Comm comm, ambs_error *err)
{
    *g = (ambs_process_grid){.n = 0};
    if (MPI_Comm_dup(comm, &g->comm) != MPI_SUCCESS)
        return ambs_fail(err, AMBS_E_IO, "MPI could not duplicate the communicator");
    MPI_Comm_set_errhandler(g->comm, MPI_ERRORS_RETURN);
    MPI_Comm_size(g->comm, &g->n);
    MPI_Comm_rank(g->comm, &g->rank);
    g->handle = g->context = Csys2blacs_handle(g->comm);
    Cblacs_gridinit(&g->context, "Row", 1, g->n);
    return AMBS_OK;
}

/* Not Cblacs_exit(): MPI goes on. */
void ambs_process_grid_fini(ambs_process_grid *g)
{
    Cblacs_gridexit(g->context);
    Cfree_blacs_system_handle(g->handle);
    MPI_Comm_free(&g->comm);
}

int ambs_process_grid_agree(const ambs_process_grid *g, int code, ambs_error *err)
{
    int worst = code;
    MPI_Allreduce(&code, &worst, 1, MPI_INT, MPI_MIN, g->comm);
    if (worst == code) return code;
    return ambs_fail(err, worst, "another rank of the model: %s", ambs_code_name(worst));
}

int ambs_block_matrix_init(ambs_block_matrix *a, const ambs_process_grid *grid, int n, int block,
                           ambs_error *err)
{
    const int zero = 0;
    int info = 0;
    *a = (ambs_block_matrix){.grid = grid, .n = n, .block = block};
    a->n_local = numroc_(&n, &block, &grid->rank, &zero, &grid->n);
    descinit_(a->desc, &n, &n, &block, &block, &zero, &zero, &grid->context, &n, &info);
    a->at = ambs_calloc((size_t)n, ((size_t)a->n_local + 1) * sizeof *a->at, err);
    int rc = ambs_process_grid_agree(grid, a->at && info == 0 ? AMBS_OK : AMBS_E_NOMEM, err);
    if (rc != AMBS_OK) ambs_block_matrix_fini(a);
    return rc;
}

void ambs_block_matrix_fini(ambs_block_matrix *a)
{
    free(a->at);
    a->at = NULL;
}

int ambs_block_matrix_column(const ambs_block_matrix *a, int j)
{
    return (j / a->block * a->grid->n + a->grid->rank) * a->block + j % a->block;
}
