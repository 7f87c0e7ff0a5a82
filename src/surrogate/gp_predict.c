/* SPDX-License-Identifier: MIT */
/* Candidates go in blocks of at most AMBS_GP_LANES, in whole groups of 16, which the last candidate
 * fills up: the covariances of a block are [n, width], row-major, a triangular solve turns them into
 * L⁻¹k*, and each lane adds up its own column in the order of the rows, so that no result depends on
 * how many candidates there were. */
#include <cblas.h>
#include <math.h>
#include <string.h>

#include "base/clones.h"
#include "numeric/triangular.h"
#include "surrogate/gp.h"

enum { LANES = AMBS_GP_LANES, GROUP = AMBS_GP_BLOCK };

/* ret[c] = Σ_j factor_j block[j, c] */
AMBS_CLONES
static void add_weighted(size_t n, size_t width, const double *block, const double *factor,
                         double *ret)
{
    for (size_t first = 0; first < width; first += GROUP) {
        double sums[GROUP] = {0};
        for (size_t j = 0; j < n; j++)
            for (size_t c = 0; c < GROUP; c++) sums[c] += factor[j] * block[j * width + first + c];
        memcpy(ret + first, sums, sizeof sums);
    }
}

AMBS_CLONES
static void add_squares(size_t n, size_t width, const double *block, double *ret)
{
    for (size_t first = 0; first < width; first += GROUP) {
        double sums[GROUP] = {0};
        for (size_t j = 0; j < n; j++)
            for (size_t c = 0; c < GROUP; c++)
                sums[c] += block[j * width + first + c] * block[j * width + first + c];
        memcpy(ret + first, sums, sizeof sums);
    }
}

size_t ambs_gp_fill_block(const ambs_gp *gp, size_t m, const double *x, double *ret_mean)
{
    double sums[LANES];
    size_t width = (m + GROUP - 1) / GROUP * GROUP;
    ambs_gp_encode_lanes(gp, m, x, width);
    ambs_gp_kernel_block(&gp->kernel, gp->n, gp->points, gp->lanes, width, width, gp->block, NULL,
                         width);
    add_weighted(gp->n, width, gp->block, gp->alpha, sums);
    for (size_t c = 0; c < m; c++) ret_mean[c] = gp->center + gp->scale * sums[c];
    return width;
}

static void predict_block(const ambs_gp *gp, size_t m, const double *x, double *ret_mean,
                          double *ret_sd)
{
    double sums[LANES];
    size_t width = ambs_gp_fill_block(gp, m, x, ret_mean);
    if (!ret_sd) return;
    ambs_triangular_solve(gp->n, gp->l, gp->capacity, width, gp->block);
    add_squares(gp->n, width, gp->block, sums);
    for (size_t c = 0; c < m; c++) {
        double variance = ambs_gp_kernel_variance(&gp->kernel, gp->lanes + c, width) - sums[c];
        ret_sd[c] = gp->scale * sqrt(fmax(variance, AMBS_GP_VARIANCE_FLOOR));
    }
}

void ambs_gp_predict(const ambs_gp *gp, size_t m, const double *x, double *ret_mean, double *ret_sd)
{
    for (size_t first = 0; first < m; first += LANES)
        predict_block(gp, m - first < LANES ? m - first : LANES, x + first * gp->p,
                      ret_mean + first, ret_sd ? ret_sd + first : NULL);
}

/* With V = L⁻¹ I, a block of columns at a time, (K⁻¹)_ii is the square of column i, and α_i its
 * product with L⁻¹z; the leading rows of L are the factor of the rows of the last fit. */
double ambs_gp_leave_one_out(const ambs_gp *gp, double *ret_mean, double *ret_sd)
{
    size_t n = gp->n_first;
    double squares[LANES], alpha[LANES], total = 0, *solved = gp->rotations;
    if (n < 2) return NAN;
    memcpy(solved, gp->z, n * sizeof *solved);
    cblas_dtrsv(CblasRowMajor, CblasLower, CblasNoTrans, CblasNonUnit, (int)n, gp->l,
                (int)gp->capacity, solved, 1);
    for (size_t first = 0; first < n; first += LANES) {
        memset(gp->block, 0, n * LANES * sizeof *gp->block);
        for (size_t c = 0; c < LANES && first + c < n; c++) gp->block[(first + c) * LANES + c] = 1;
        ambs_triangular_solve(n, gp->l, gp->capacity, LANES, gp->block);
        add_squares(n, LANES, gp->block, squares);
        add_weighted(n, LANES, gp->block, solved, alpha);
        for (size_t c = 0; c < LANES && first + c < n; c++) {
            double gap = gp->scale * alpha[c] / squares[c];
            total += gap * gap;
            if (ret_mean) ret_mean[first + c] = gp->center + gp->scale * gp->z[first + c] - gap;
            if (ret_sd) ret_sd[first + c] = gp->scale / sqrt(squares[c]);
        }
    }
    return total / (double)n;
}
