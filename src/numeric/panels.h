/* SPDX-License-Identifier: MIT */
/* Symmetric positive definite matrices in panels: their factors, and inverses for traces.
 *
 * A matrix of n rows is filled up to whole groups of AMBS_PANEL = 16 columns, with the identity. Its
 * upper triangle stands in panels of 16 columns, each of them row-major without gaps: panel p begins
 * at ambs_panel(p) and has the rows 0 … 16 p + 15. What stands below the diagonal counts for nothing
 * but has to be finite. So all that an elimination reads stands in a row, and the matrices of a few
 * hundred rows of which a fit makes hundreds never leave the cache; a BLAS spends most of its time
 * there on packing. All is local; nothing is allocated; the bits are functions of the matrix. */
#ifndef AMBS_NUMERIC_PANELS_H
#define AMBS_NUMERIC_PANELS_H

#include <stdbool.h>
#include <stddef.h>

#define AMBS_PANEL 16

/* n rounded up to whole panels. */
static inline size_t ambs_panels_rows(size_t n)
{
    return (n + AMBS_PANEL - 1) / AMBS_PANEL * AMBS_PANEL;
}
/* Where panel p begins; with p = the number of panels, the length of a matrix in doubles. */
static inline size_t ambs_panel(size_t p)
{
    return AMBS_PANEL * AMBS_PANEL / 2 * p * (p + 1);
}
static inline size_t ambs_panels_size(size_t n)
{
    return ambs_panel(ambs_panels_rows(n) / AMBS_PANEL);
}
/* Of element (i, j), i <= j. */
static inline size_t ambs_panels_index(size_t i, size_t j)
{
    return ambs_panel(j / AMBS_PANEL) + i * AMBS_PANEL + j % AMBS_PANEL;
}

/* Makes the rows and columns behind n those of the identity. */
void ambs_panels_fill_up(size_t n, double *a);
/* a becomes U with A = UᵀU; ret_inverse [rows(n)] gets 1 / U_ii. False where it is not positive
 * definite, which leaves a spoilt. n³/3 operations. */
bool ambs_panels_factor(size_t n, double *a, double *ret_inverse);
/* L = Uᵀ into the lower triangle of l, row-major with `stride`. */
void ambs_panels_to_lower(size_t n, const double *u, double *l, size_t stride);
double ambs_panels_log_determinant(size_t n, const double *inverse);
/* b [rows(n)] becomes U⁻ᵀ b. 2 n² operations. */
void ambs_panels_solve(size_t n, const double *u, const double *inverse, double *b);
/* u becomes A⁻¹; b [rows(n)], which holds U⁻ᵀ b, becomes A⁻¹ b. `work` has a matrix's length. 2/3 n³
 * operations. */
void ambs_panels_invert(size_t n, double *u, const double *inverse, double *work, double *b);

#endif
