/* SPDX-License-Identifier: MIT */
/* A few rows by a few vectors of lanes are held in registers: each element of L is read once for all
 * of those lanes, each row of b once for those rows. How many there are is a matter of the
 * processor's registers; the order of operations on a lane is the same for all. */
#include "numeric/triangular.h"

#include "base/clones.h"
#include "numeric/vector.h"

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("fp-contract=fast") /* a product and its sum are one operation */
#endif

enum { MOST_ROWS = 8, MOST_VECTORS = 2 };

typedef ambs_vector vector;

/* x -= Σ_j l_j b_j for one row and v vectors of lanes, then x /= l_end. */
AMBS_INLINE void finish_row(size_t v, size_t first, size_t end, const double *l, size_t m,
                            const double *b, double *x)
{
    vector sum[MOST_VECTORS];
    for (size_t i = 0; i < v; i++) sum[i] = AMBS_VECTOR_AT(x)[i];
    for (size_t j = first; j < end; j++)
        for (size_t i = 0; i < v; i++) sum[i] -= l[j] * AMBS_VECTOR_CONST_AT(b + j * m)[i];
    for (size_t i = 0; i < v; i++) AMBS_VECTOR_AT(x)[i] = sum[i] / l[end];
}

/* The products of a few rows with the rows of b before them; the loops over r and i are unrolled, so
 * that x stays in registers. */
AMBS_INLINE void take_products(size_t rows, size_t v, size_t n, const double *l, size_t stride,
                               size_t m, const double *b, double *to)
{
    vector x[MOST_ROWS][MOST_VECTORS];
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < v; i++) x[r][i] = AMBS_VECTOR_AT(to + r * m)[i];
    for (size_t j = 0; j < n; j++) {
        const vector *row = AMBS_VECTOR_CONST_AT(b + j * m);
        for (size_t r = 0; r < rows; r++)
            for (size_t i = 0; i < v; i++) x[r][i] -= l[r * stride + j] * row[i];
    }
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < v; i++) AMBS_VECTOR_AT(to + r * m)[i] = x[r][i];
}

AMBS_INLINE void solve_rows(size_t rows, size_t v, size_t first, const double *l, size_t stride,
                            size_t m, double *b)
{
    take_products(rows, v, first, l + first * stride, stride, m, b, b + first * m);
    for (size_t r = first; r < first + rows; r++)
        finish_row(v, first, r, l + r * stride, m, b, b + r * m);
}

/* `rows` by `v` vectors at a time; lanes that are left over go by single vectors. */
AMBS_INLINE void solve_lower_by(size_t rows, size_t v, size_t n, const double *l, size_t stride,
                                size_t m, double *b)
{
    size_t lanes = v * AMBS_VECTOR, wide = m - m % lanes, i = 0;
    for (; i + rows <= n; i += rows) {
        for (size_t c = 0; c < wide; c += lanes) solve_rows(rows, v, i, l, stride, m, b + c);
        for (size_t c = wide; c < m; c += AMBS_VECTOR) solve_rows(rows, 1, i, l, stride, m, b + c);
    }
    for (; i < n; i++)
        for (size_t c = 0; c < m; c += AMBS_VECTOR)
            finish_row(1, 0, i, l + i * stride, m, b + c, b + i * m + c);
}

AMBS_INLINE void solve_lower_body(int bits, size_t n, const double *l, size_t stride, size_t m,
                                  double *b)
{
    if (bits == 512)
        solve_lower_by(8, 2, n, l, stride, m, b);
    else
        solve_lower_by(bits == 256 ? 4 : 2, 1, n, l, stride, m, b);
}

/* What row i, which is solved, leaves of those before it: b_j -= l_ij x_i, from `first` on. */
AMBS_INLINE void spread_row(size_t v, size_t first, size_t i, const double *l, size_t m, double *b)
{
    vector x[MOST_VECTORS];
    for (size_t k = 0; k < v; k++)
        AMBS_VECTOR_AT(b + i * m)[k] = x[k] = AMBS_VECTOR_AT(b + i * m)[k] / l[i];
    for (size_t j = first; j < i; j++)
        for (size_t k = 0; k < v; k++) AMBS_VECTOR_AT(b + j * m)[k] -= l[j] * x[k];
}

/* The last of a few rows is solved first; then they leave the rows before them at once, so that L is
 * read along its rows here, too. */
AMBS_INLINE void spread_rows(size_t rows, size_t v, size_t first, const double *l, size_t stride,
                             size_t m, double *b)
{
    vector x[MOST_ROWS][MOST_VECTORS];
    for (size_t r = first + rows; r-- > first;) spread_row(v, first, r, l + r * stride, m, b);
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < v; i++) x[r][i] = AMBS_VECTOR_AT(b + (first + r) * m)[i];
    l += first * stride;
    for (size_t j = 0; j < first; j++) {
        vector left[MOST_VECTORS];
        for (size_t i = 0; i < v; i++) left[i] = AMBS_VECTOR_AT(b + j * m)[i];
        for (size_t r = rows; r-- > 0;)
            for (size_t i = 0; i < v; i++) left[i] -= l[r * stride + j] * x[r][i];
        for (size_t i = 0; i < v; i++) AMBS_VECTOR_AT(b + j * m)[i] = left[i];
    }
}

AMBS_INLINE void solve_upper_by(size_t rows, size_t v, size_t n, const double *l, size_t stride,
                                size_t m, double *b)
{
    size_t lanes = v * AMBS_VECTOR, wide = m - m % lanes, end = n;
    for (; end % rows > 0; end--)
        for (size_t c = 0; c < m; c += AMBS_VECTOR)
            spread_row(1, 0, end - 1, l + (end - 1) * stride, m, b + c);
    for (; end > 0; end -= rows) {
        for (size_t c = 0; c < wide; c += lanes)
            spread_rows(rows, v, end - rows, l, stride, m, b + c);
        for (size_t c = wide; c < m; c += AMBS_VECTOR)
            spread_rows(rows, 1, end - rows, l, stride, m, b + c);
    }
}

AMBS_INLINE void solve_upper_body(int bits, size_t n, const double *l, size_t stride, size_t m,
                                  double *b)
{
    if (bits == 512)
        solve_upper_by(8, 2, n, l, stride, m, b);
    else
        solve_upper_by(bits == 256 ? 4 : 2, 1, n, l, stride, m, b);
}

AMBS_VERSIONS(solve_lower, (size_t n, const double *l, size_t stride, size_t m, double *b), n, l,
              stride, m, b)
AMBS_VERSIONS(solve_upper, (size_t n, const double *l, size_t stride, size_t m, double *b), n, l,
              stride, m, b)

void ambs_triangular_solve(size_t n, const double *l, size_t stride, size_t m, double *b)
{
    solve_lower(n, l, stride, m, b);
}

void ambs_triangular_solve_transposed(size_t n, const double *l, size_t stride, size_t m, double *b)
{
    solve_upper(n, l, stride, m, b);
}
