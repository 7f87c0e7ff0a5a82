/* SPDX-License-Identifier: MIT */
/* Triangular solves with a factor whose block columns are dealt out over P ranks, for m right-hand sides.
 *
 * L x = b: whoever has block column J solves for x_J, then takes its products from the rows below. Each rank
 * takes only its own columns' products, in rows of its own or not; the sum over the ranks is made for one
 * block of rows at a time, by the rank that has it, when its turn comes. So that the next turns need not
 * wait, the rows of the next P - 1 blocks, which are others', are finished and sent first.
 * Lᵀ x = b: whoever has J needs all x below it. It takes the products with those that it knows, waits for
 * the last P - 1 of them, solves for x_J, and sends it to all.
 * Either way n m numbers leave a rank. On two ranks and 4,000 rows pdtrsm took 1.3 to 1.8 times as
 * long. Sums are made in the order of the ranks: the same calls give the same bits.
 *
 * x is [n, m], row-major, so that a block of rows is one message; BLAS sees its transpose. */
#include <cblas.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cluster/gp_blocks_state.h"
#include "numeric/narrow.h"

enum { TAG_ROWS = 1, TAG_SOLUTION = 2 };

/* So few sides BLAS does at less than half the speed. */
enum { FEW = 32 };

static bool is_narrow(size_t m)
{
    return m <= FEW && m % AMBS_NARROW_LANES == 0;
}

static size_t n_blocks(const ambs_gp_blocks *b)
{
    return (b->n + b->block - 1) / b->block;
}

/* The rows before block `at`. */
static size_t rows_before(const ambs_gp_blocks *b, size_t at)
{
    return at * b->block < b->n ? at * b->block : b->n;
}

static size_t rows_of(const ambs_gp_blocks *b, size_t at)
{
    return rows_before(b, at + 1) - rows_before(b, at);
}

static size_t rank_of(const ambs_gp_blocks *b, size_t block)
{
    return block % (size_t)b->grid->n;
}

bool gp_blocks_owns(const ambs_gp_blocks *b, size_t at)
{
    return rank_of(b, at / b->block) == (size_t)b->grid->rank;
}

/* L from `row` on, in this rank's block column. */
static const double *factor_at(const ambs_gp_blocks *b, size_t block, size_t row)
{
    return b->k.at + block / (size_t)b->grid->n * b->block * b->n + row;
}

int gp_blocks_prepare(ambs_gp_blocks *b, size_t m, ambs_error *err)
{
    size_t n_messages = (n_blocks(b) / (size_t)b->grid->n + 1) * (size_t)b->grid->n,
           n_rows = b->block * m, n_lanes = b->n_terms * m, n_solved = b->n * m;
    if (n_rows <= b->incoming_capacity && n_messages <= b->sends_capacity &&
        n_lanes <= b->lane_capacity && n_solved <= b->solved_capacity)
        return AMBS_OK;
    int rc = ambs_reserve(&b->incoming, &b->incoming_capacity, n_rows, sizeof(double), err);
    if (rc == AMBS_OK)
        rc = ambs_reserve(&b->sends, &b->sends_capacity, n_messages, sizeof *b->sends, err);
    if (rc == AMBS_OK)
        rc = ambs_reserve(&b->lanes_of, &b->lane_capacity, n_lanes, sizeof(double), err);
    if (rc == AMBS_OK)
        rc = ambs_reserve(&b->solved, &b->solved_capacity, n_solved, sizeof(double), err);
    rc = ambs_process_grid_agree(b->grid, rc, err);
    if (rc != AMBS_OK) b->incoming_capacity = 0; /* so that all ranks try again */
    return rc;
}

static void send_block(ambs_gp_blocks *b, size_t block, size_t m, const double *x, size_t to,
                       int tag)
{
    MPI_Isend(x + rows_before(b, block) * m, (int)(rows_of(b, block) * m), MPI_DOUBLE, (int)to, tag,
              b->grid->comm, &b->sends[b->n_sends++]);
}

static void let_sends_end(ambs_gp_blocks *b)
{
    MPI_Waitall((int)b->n_sends, b->sends, MPI_STATUSES_IGNORE);
    b->n_sends = 0;
}

/* Takes the products of block column J with x_J from the rows of blocks first … end - 1. */
static void take_down(const ambs_gp_blocks *b, size_t block, size_t first, size_t end, size_t m,
                      double *x)
{
    size_t from = rows_before(b, first), rows = rows_before(b, end) - from;
    if (rows == 0) return;
    if (is_narrow(m)) {
        ambs_narrow_take(rows, rows_of(b, block), factor_at(b, block, from), b->n, m,
                         x + rows_before(b, block) * m, x + from * m);
        return;
    }
    cblas_dgemm(CblasColMajor, CblasNoTrans, CblasTrans, (int)m, (int)rows, (int)rows_of(b, block),
                -1, x + rows_before(b, block) * m, (int)m, factor_at(b, block, from), (int)b->n, 1,
                x + from * m, (int)m);
}

/* Adds what the others have of the rows of a block: those that had a column before it. */
static void collect(ambs_gp_blocks *b, size_t first, size_t block, size_t m, double *x)
{
    size_t n_ranks = (size_t)b->grid->n, count = rows_of(b, block) * m;
    double *rows = x + rows_before(b, block) * m;
    for (size_t back = n_ranks - 1; back > 0; back--) {
        if (block < first + back) continue;
        MPI_Recv(b->incoming, (int)count, MPI_DOUBLE, (int)rank_of(b, block - back), TAG_ROWS,
                 b->grid->comm, MPI_STATUS_IGNORE);
        for (size_t i = 0; i < count; i++) rows[i] += b->incoming[i];
    }
}

void gp_blocks_solve_lower(ambs_gp_blocks *b, size_t first, size_t m, double *x)
{
    size_t n_ranks = (size_t)b->grid->n, rank = (size_t)b->grid->rank, end = n_blocks(b);
    for (size_t j = first; j < end; j++) {
        if (rank_of(b, j) != rank) continue;
        size_t near = j + n_ranks + 1 < end ? j + n_ranks + 1 : end;
        collect(b, first, j, m, x);
        cblas_dtrsm(CblasColMajor, CblasRight, CblasLower, CblasTrans, CblasNonUnit, (int)m,
                    (int)rows_of(b, j), 1, factor_at(b, j, rows_before(b, j)), (int)b->n,
                    x + rows_before(b, j) * m, (int)m);
        take_down(b, j, j + 1, near, m, x);
        for (size_t i = j + 1; i < end && i < j + n_ranks; i++)
            send_block(b, i, m, x, rank_of(b, i), TAG_ROWS);
        take_down(b, j, near, end, m, x);
    }
    let_sends_end(b);
}

/* Takes the products with x of blocks first … end - 1 from x_J. */
static void take_up(const ambs_gp_blocks *b, size_t block, size_t first, size_t end, size_t m,
                    double *x)
{
    size_t from = rows_before(b, first), rows = rows_before(b, end) - from;
    if (first >= end || rows == 0) return;
    if (is_narrow(m)) {
        ambs_narrow_take_transposed(rows, rows_of(b, block), factor_at(b, block, from), b->n, m,
                                    x + from * m, x + rows_before(b, block) * m);
        return;
    }
    cblas_dgemm(CblasColMajor, CblasNoTrans, CblasNoTrans, (int)m, (int)rows_of(b, block),
                (int)rows, -1, x + from * m, (int)m, factor_at(b, block, from), (int)b->n, 1,
                x + rows_before(b, block) * m, (int)m);
}

static void await(ambs_gp_blocks *b, size_t block, size_t m, double *x)
{
    MPI_Recv(x + rows_before(b, block) * m, (int)(rows_of(b, block) * m), MPI_DOUBLE,
             (int)rank_of(b, block), TAG_SOLUTION, b->grid->comm, MPI_STATUS_IGNORE);
}

void gp_blocks_solve_upper(ambs_gp_blocks *b, size_t first, size_t m, double *x)
{
    size_t n_ranks = (size_t)b->grid->n, rank = (size_t)b->grid->rank, end = n_blocks(b),
           known = end; /* x from this block on is here */
    for (size_t j = end; j-- > first;) {
        if (rank_of(b, j) != rank) continue;
        size_t late = known; /* those that are not here yet lie between */
        take_up(b, j, late, end, m, x);
        while (known > j + 1) await(b, --known, m, x);
        take_up(b, j, j + 1, late, m, x);
        cblas_dtrsm(CblasColMajor, CblasRight, CblasLower, CblasNoTrans, CblasNonUnit, (int)m,
                    (int)rows_of(b, j), 1, factor_at(b, j, rows_before(b, j)), (int)b->n,
                    x + rows_before(b, j) * m, (int)m);
        known = j;
        for (size_t r = 1; r < n_ranks; r++)
            send_block(b, j, m, x, (rank + n_ranks - r) % n_ranks, TAG_SOLUTION);
    }
    while (known > first) await(b, --known, m, x);
    let_sends_end(b);
}

/* --- for the process ------------------------------------------------------------------------- */

/* Candidates that are solved for together. */
enum { TOGETHER = 256 };

int ambs_gp_blocks_solve(ambs_gp_blocks *b, const double *y, double *ret, ambs_error *err)
{
    int rc = gp_blocks_prepare(b, 1, err);
    if (rc != AMBS_OK) return rc;
    for (size_t i = 0; i < b->n; i++) ret[i] = gp_blocks_owns(b, i) ? y[i] : 0;
    gp_blocks_solve_lower(b, 0, 1, ret);
    gp_blocks_solve_upper(b, 0, 1, ret);
    return AMBS_OK;
}

/* This rank's rows of the covariances with candidates [m, T] in b->solved [n, m]; zeros elsewhere. */
static void fill_sides(ambs_gp_blocks *b, size_t m, const double *candidates)
{
    for (size_t c = 0; c < m; c++)
        for (size_t t = 0; t < b->n_terms; t++)
            b->lanes_of[t * m + c] = candidates[c * b->n_terms + t];
    for (size_t first = 0; first < b->n; first += b->block) {
        size_t count = b->n - first < b->block ? b->n - first : b->block;
        double *to = b->solved + first * m;
        if (gp_blocks_owns(b, first))
            ambs_gp_kernel_block(&b->kernel, count, b->points + first * b->n_terms, b->lanes_of, m,
                                 m, to, NULL, m);
        else
            memset(to, 0, count * m * sizeof *to);
    }
}

int ambs_gp_blocks_weights(ambs_gp_blocks *b, size_t m, const double *candidates, double *ret,
                           ambs_error *err)
{
    int rc = gp_blocks_prepare(b, m, err);
    if (rc != AMBS_OK) return rc;
    fill_sides(b, m, candidates);
    gp_blocks_solve_lower(b, 0, m, b->solved);
    gp_blocks_solve_upper(b, 0, m, b->solved);
    memcpy(ret, b->solved, b->n * m * sizeof *ret);
    return AMBS_OK;
}

/* k*ᵀ K⁻¹ k* = |L⁻¹k*|². */
static void explain(ambs_gp_blocks *b, size_t m, const double *candidates, double *ret)
{
    fill_sides(b, m, candidates);
    gp_blocks_solve_lower(b, 0, m, b->solved);
    memset(ret, 0, m * sizeof *ret);
    for (size_t i = 0; i < b->n; i++) {
        const double *row = b->solved + i * m;
        for (size_t c = 0; gp_blocks_owns(b, i) && c < m; c++) ret[c] += row[c] * row[c];
    }
    MPI_Allreduce(MPI_IN_PLACE, ret, (int)m, MPI_DOUBLE, MPI_SUM, b->grid->comm);
}

int ambs_gp_blocks_explained(ambs_gp_blocks *b, size_t m, const double *candidates, double *ret,
                             ambs_error *err)
{
    int rc = gp_blocks_prepare(b, m < TOGETHER ? m : TOGETHER, err);
    for (size_t first = 0; rc == AMBS_OK && first < m; first += TOGETHER)
        explain(b, m - first < TOGETHER ? m - first : TOGETHER, candidates + first * b->n_terms,
                ret + first);
    return rc;
}
