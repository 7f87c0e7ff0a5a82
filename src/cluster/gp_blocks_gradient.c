/* SPDX-License-Identifier: MIT */
/* The likelihood and its gradient 1/2 tr((ααᵀ - K⁻¹) dK/dθ) (Rasmussen and Williams 2006, equation 5.9).
 *
 * The trace is a sum over the elements below the diagonal. Columns J of K⁻¹ solve L Lᵀ X = E_J. L⁻¹E_J is zero
 * above J, and of X only the rows from J on are wanted, which by the symmetry are all that count: so both
 * triangular solves take the rows and columns of L from J on alone, n³/3 operations each over all J. A block
 * of columns is summed up with α and with the derivatives of the kernel, made anew, each rank a share of
 * the columns, and forgotten. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cluster/gp_blocks_state.h"

/* Columns that are solved for together, a multiple of a block's: enough for BLAS, and little of it zeros. */
enum { WIDTH = 256 };

/* What a sum over the triangle needs, and the sums. */
typedef struct sums {
    ambs_gp_blocks *b;
    const double *alpha, *warp_slopes;  /* [n]; [2 T, n] */
    double *x;                          /* [n, WIDTH] columns of K⁻¹, b's */
    double *weight, *k, *factor, *part; /* [n] work space */
    double *all;                        /* [n_all]: */
    double *terms,
        *warp;    /* [T + 3] as ambs_gp_distance_sums() wants them, [2 T] by the warp; then */
    double *rest; /* [2] the noise's, the linear mean's */
    size_t n_all;
} sums;

static int make_sums(sums *s, ambs_gp_blocks *b, const double *alpha, const double *warp_slopes,
                     ambs_error *err)
{
    *s = (sums){.b = b, .alpha = alpha, .warp_slopes = warp_slopes, .n_all = 3 * b->n_terms + 5};
    s->weight = ambs_calloc(b->n, 4 * sizeof *s->weight, err);
    s->all = ambs_calloc(s->n_all, sizeof *s->all, err);
    if (!s->weight || !s->all) return AMBS_E_NOMEM;
    s->k = s->weight + b->n;
    s->factor = s->k + b->n;
    s->part = s->factor + b->n;
    s->terms = s->all;
    s->warp = s->all + b->n_terms + 3;
    s->rest = s->warp + 2 * b->n_terms;
    return AMBS_OK;
}

static void drop_sums(sums *s)
{
    free(s->weight);
    free(s->all);
}

/* dr²/dln a and ln b of column j with the rows from its own on. */
static void add_warp(sums *s, size_t j)
{
    const ambs_gp_blocks *b = s->b;
    for (size_t t = 0; t < b->n_terms; t++) {
        if (b->kernel.terms[t].kind != AMBS_GP_NUMBER) continue;
        const double *lane = b->lanes + t * b->n + j;
        const double *factor =
            ambs_gp_term_slopes(&b->kernel, t, 1, b->points + j * b->n_terms, b->lanes + j, b->n,
                                b->n - j, s->factor, b->n - j, s->part);
        for (size_t side = 2 * t; side < 2 * t + 2; side++) {
            const double *slopes = s->warp_slopes + side * b->n + j;
            s->warp[side] += 2 * b->kernel.weight[t] *
                             ambs_gp_warp_sum(*lane, *slopes, lane, slopes, b->n - j, factor);
        }
    }
}

/* The linear mean's part X of K, Σ w X; and with X's derivatives by the warp. */
static void add_linear(sums *s, size_t j)
{
    const ambs_gp_blocks *b = s->b;
    size_t count = b->n - j;
    double v = b->kernel.linear;
    for (size_t c = 0; c < count; c++) s->rest[1] += s->weight[c];
    for (size_t t = 0; t < b->n_terms; t++) {
        if (b->kernel.terms[t].kind != AMBS_GP_NUMBER) continue;
        const double *lane = b->lanes + t * b->n + j;
        double x = *lane - 0.5;
        for (size_t c = 0; c < count; c++) s->rest[1] += v * s->weight[c] * x * (lane[c] - 0.5);
        for (size_t side = 2 * t; s->warp_slopes && side < 2 * t + 2; side++) {
            const double *slopes = s->warp_slopes + side * b->n + j;
            for (size_t c = 0; c < count; c++)
                s->warp[side] += v * s->weight[c] * (*slopes * (lane[c] - 0.5) + slopes[c] * x);
        }
    }
}

/* Column j of K⁻¹, which is the c-th of x; each element below the diagonal stands for two halves, that
 * on it for one. */
static void add_column(sums *s, size_t j, size_t c)
{
    const ambs_gp_blocks *b = s->b;
    const double *point = b->points + j * b->n_terms;
    size_t count = b->n - j;
    for (size_t i = 0; i < count; i++)
        s->weight[i] = s->alpha[j + i] * s->alpha[j] - s->x[(j + i) * WIDTH + c];
    s->rest[0] += b->share[j] * s->weight[0];
    s->weight[0] *= 0.5;
    ambs_gp_kernel_row(&b->kernel, point, b->lanes + j, b->n, count, s->k, s->factor);
    for (size_t i = 0; i < count; i++) s->factor[i] *= s->weight[i];
    ambs_gp_distance_sums(&b->kernel, point, b->lanes + j, b->n, count, s->factor, s->terms);
    if (b->kernel.warp) add_warp(s, j);
    if (b->kernel.linear > 0) add_linear(s, j);
}

/* Columns from block `first` on, WIDTH of them or what is left. */
static void add_columns(sums *s, size_t first)
{
    ambs_gp_blocks *b = s->b;
    size_t from = first * b->block, count = b->n - from < WIDTH ? b->n - from : WIDTH;
    memset(s->x + from * WIDTH, 0, (b->n - from) * WIDTH * sizeof *s->x);
    for (size_t c = 0; c < count; c++)
        if (gp_blocks_owns(b, from + c)) s->x[(from + c) * WIDTH + c] = 1;
    gp_blocks_solve_lower(b, first, WIDTH, s->x);
    gp_blocks_solve_upper(b, first, WIDTH, s->x);
    for (size_t c = 0; c < count; c++)
        if ((int)(c % (size_t)b->grid->n) == b->grid->rank) add_column(s, from + c, c);
}

/* The trace with K itself is known, tr((ααᵀ - K⁻¹) K) = yᵀα - n; so the signal's share is what the noise and a
 * linear mean leave of it. */
static int find_gradient(ambs_gp_blocks *b, const double *alpha, const double *warp_slopes,
                         double fit, double *ret, ambs_error *err)
{
    sums s;
    size_t n_terms = b->n_terms;
    int rc = ambs_process_grid_agree(b->grid, make_sums(&s, b, alpha, warp_slopes, err), err);
    if (rc == AMBS_OK) rc = gp_blocks_prepare(b, WIDTH, err);
    s.x = b->solved;
    for (size_t first = 0; rc == AMBS_OK && first * b->block < b->n; first += WIDTH / b->block)
        add_columns(&s, first);
    if (rc == AMBS_OK) {
        MPI_Allreduce(MPI_IN_PLACE, s.all, (int)s.n_all, MPI_DOUBLE, MPI_SUM, b->grid->comm);
        memcpy(ret, s.terms, ambs_gp_warp_at(&b->kernel) * sizeof *ret);
        ret[n_terms + 1] = 0.5 * b->kernel.noise * s.rest[0];
        ret[n_terms] = 0.5 * (fit - (double)b->n) - ret[n_terms + 1] - s.rest[1];
        if (b->kernel.warp)
            memcpy(ret + ambs_gp_warp_at(&b->kernel), s.warp, 2 * n_terms * sizeof *ret);
    }
    drop_sums(&s);
    return rc;
}

int ambs_gp_blocks_likelihood(ambs_gp_blocks *b, const double *y, const double *warp_slopes,
                              double *ret_value, double *ret_gradient, ambs_error *err)
{
    const double ln_2pi = 1.8378770664093454836;
    double fit = 0;
    *ret_value = -INFINITY;
    gp_blocks_fill(b, 0);
    if (!gp_blocks_try(b)) return AMBS_OK;
    double *alpha = ambs_calloc(b->n, sizeof *alpha, err),
           determinant = gp_blocks_log_determinant(b);
    int rc = ambs_process_grid_agree(b->grid, alpha ? AMBS_OK : AMBS_E_NOMEM, err);
    if (rc == AMBS_OK) rc = ambs_gp_blocks_solve(b, y, alpha, err);
    for (size_t i = 0; rc == AMBS_OK && i < b->n; i++) fit += y[i] * alpha[i];
    if (rc == AMBS_OK && ret_gradient)
        rc = find_gradient(b, alpha, warp_slopes, fit, ret_gradient, err);
    free(alpha);
    if (rc == AMBS_OK) *ret_value = -0.5 * (fit + determinant + (double)b->n * ln_2pi);
    return rc;
}
