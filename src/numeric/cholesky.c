/* SPDX-License-Identifier: MIT */
/* A row-major lower triangle is a column-major upper one to LAPACK: A = Uᵀ U with U = Lᵀ. */
#include "numeric/cholesky.h"

#include <cblas.h>
#include <lapacke.h>
#include <math.h>
#include <string.h>

static const double first_jitter = 1e-12;

bool ambs_cholesky_try(size_t n, double *a, size_t stride)
{
    if (n == 0) return true;
    return LAPACKE_dpotrf_work(LAPACK_COL_MAJOR, 'U', (lapack_int)n, a, (lapack_int)stride) == 0 &&
           isfinite(a[(n - 1) * (stride + 1)]);
}

int ambs_cholesky_more_jitter(size_t n, double mean, double limit, double *jitter, ambs_error *err)
{
    double next = *jitter > 0 ? 10 * *jitter : first_jitter * mean;
    if (!(next <= limit * mean * (1 + 1e-9)))
        return ambs_fail(
            err, AMBS_E_NUMERIC,
            "found a matrix of %zu rows that is not positive definite, even with %g on "
            "its diagonal of mean %g; expected at most %g to suffice",
            n, *jitter, mean, limit * mean);
    *jitter = next;
    return AMBS_OK;
}

void ambs_cholesky_append(size_t n, double *l, size_t stride, double diagonal, double least)
{
    double *row = l + n * stride, square = diagonal;
    ambs_cholesky_solve_lower(n, l, stride, row);
    for (size_t j = 0; j < n; j++) square -= row[j] * row[j];
    row[n] = sqrt(square > least ? square : least);
}

/* Old row i goes to row i - 1 without column k; the element v that stood there goes through the
 * rotations of the columns before its own, then makes the next one. */
static void rotate_row(double *to, const double *from, size_t i, size_t k, double *cosine,
                       double *sine)
{
    double v = from[k];
    memmove(to, from, k * sizeof *to);
    for (size_t j = k; j + 1 < i; j++) {
        double old = from[j + 1];
        to[j] = cosine[j] * old + sine[j] * v;
        v = cosine[j] * v - sine[j] * old;
    }
    double r = hypot(from[i], v);
    cosine[i - 1] = from[i] / r;
    sine[i - 1] = v / r;
    to[i - 1] = r;
}

void ambs_cholesky_remove(size_t n, double *l, size_t stride, size_t k, double *work)
{
    for (size_t i = k + 1; i < n; i++)
        rotate_row(l + (i - 1) * stride, l + i * stride, i, k, work, work + n);
}

/* Row by row: L Lᵀ ± x xᵀ with x = √|change| e_k. The element v of x that a row begins with goes through
 * the columns before its own; what is left of it changes the pivot. */
void ambs_cholesky_change_diagonal(size_t n, double *l, size_t stride, size_t k, double change,
                                   double least, double *work)
{
    double sign = change < 0 ? -1 : 1, *cosine = work, *sine = work + n;
    for (size_t i = k; i < n; i++) {
        double *row = l + i * stride, v = i == k ? sqrt(fabs(change)) : 0;
        for (size_t j = k; j < i; j++) {
            row[j] = (row[j] + sign * sine[j] * v) / cosine[j];
            v = cosine[j] * v - sine[j] * row[j];
        }
        double square = row[i] * row[i] + sign * v * v,
               pivot = sqrt(square > least ? square : least);
        cosine[i] = pivot / row[i];
        sine[i] = v / row[i];
        row[i] = pivot;
    }
}

void ambs_cholesky_solve_lower(size_t n, const double *l, size_t stride, double *b)
{
    if (n > 0)
        cblas_dtrsv(CblasRowMajor, CblasLower, CblasNoTrans, CblasNonUnit, (int)n, l, (int)stride,
                    b, 1);
}

void ambs_cholesky_solve_upper(size_t n, const double *l, size_t stride, double *b)
{
    if (n > 0)
        cblas_dtrsv(CblasRowMajor, CblasLower, CblasTrans, CblasNonUnit, (int)n, l, (int)stride, b,
                    1);
}

double ambs_cholesky_log_determinant(size_t n, const double *l, size_t stride)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) sum += log(l[i * stride + i]);
    return 2 * sum;
}
