/* SPDX-License-Identifier: MIT */
/* ROWS rows by LANES lanes are held in registers: each element of L is read once for LANES
 * products, each row of b once for ROWS of them. The last rows, fewer than ROWS, go one by one; the
 * order of operations on a lane is the same for them. */
#include "numeric/triangular.h"

#include "base/clones.h"

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC optimize("fp-contract=fast") /* a product and its sum are one operation */
#endif

enum { LANES = AMBS_TRIANGULAR_LANES, ROWS = 8, WIDTH = 8 };

/* One register of the widest processors; others use several. It may stand anywhere. */
typedef double vector
    __attribute__((vector_size(WIDTH * sizeof(double)), aligned(sizeof(double)), may_alias));

static inline __attribute__((always_inline)) vector *at(double *b)
{
    return (vector *)(void *)b;
}

/* x -= Σ_j l_j b_j for one row and LANES lanes, then x /= l_end. */
static inline __attribute__((always_inline)) void
finish_row(size_t first, size_t end, const double *l, size_t m, double *b, double *x)
{
    vector x0 = at(x)[0], x1 = at(x)[1];
    for (size_t j = first; j < end; j++) {
        x0 -= l[j] * at(b + j * m)[0];
        x1 -= l[j] * at(b + j * m)[1];
    }
    at(x)[0] = x0 / l[end];
    at(x)[1] = x1 / l[end];
}

/* The products of ROWS rows with the rows of b before them; the loops over r are unrolled, so that
 * x stays in registers. */
static inline __attribute__((always_inline)) void
take_products(size_t n, const double *l, size_t stride, size_t m, double *b, double *to)
{
    vector x0[ROWS], x1[ROWS];
    for (size_t r = 0; r < ROWS; r++) {
        x0[r] = at(to + r * m)[0];
        x1[r] = at(to + r * m)[1];
    }
    for (size_t j = 0; j < n; j++) {
        vector v0 = at(b + j * m)[0], v1 = at(b + j * m)[1];
        for (size_t r = 0; r < ROWS; r++) {
            x0[r] -= l[r * stride + j] * v0;
            x1[r] -= l[r * stride + j] * v1;
        }
    }
    for (size_t r = 0; r < ROWS; r++) {
        at(to + r * m)[0] = x0[r];
        at(to + r * m)[1] = x1[r];
    }
}

AMBS_CLONES
static void solve_lower(size_t n, const double *l, size_t stride, size_t m, double *b)
{
    size_t whole = n - n % ROWS;
    for (size_t i = 0; i < whole; i += ROWS)
        for (size_t c = 0; c < m; c += LANES) {
            take_products(i, l + i * stride, stride, m, b + c, b + i * m + c);
            for (size_t r = i; r < i + ROWS; r++)
                finish_row(i, r, l + r * stride, m, b + c, b + r * m + c);
        }
    for (size_t i = whole; i < n; i++)
        for (size_t c = 0; c < m; c += LANES)
            finish_row(0, i, l + i * stride, m, b + c, b + i * m + c);
}

/* What row i, which is solved, leaves of those before it: b_j -= l_ij x_i, from `first` on. */
static inline __attribute__((always_inline)) void spread_row(size_t first, size_t i,
                                                             const double *l, size_t m, double *b)
{
    vector x0 = at(b + i * m)[0] / l[i], x1 = at(b + i * m)[1] / l[i];
    at(b + i * m)[0] = x0;
    at(b + i * m)[1] = x1;
    for (size_t j = first; j < i; j++) {
        at(b + j * m)[0] -= l[j] * x0;
        at(b + j * m)[1] -= l[j] * x1;
    }
}

static inline __attribute__((always_inline)) void
spread_rows(size_t n, const double *l, size_t stride, size_t m, double *b, double *from)
{
    vector x0[ROWS], x1[ROWS];
    for (size_t r = 0; r < ROWS; r++) {
        x0[r] = at(from + r * m)[0];
        x1[r] = at(from + r * m)[1];
    }
    for (size_t j = 0; j < n; j++) {
        vector v0 = at(b + j * m)[0], v1 = at(b + j * m)[1];
        for (size_t k = 1; k <= ROWS; k++) {
            v0 -= l[(ROWS - k) * stride + j] * x0[ROWS - k];
            v1 -= l[(ROWS - k) * stride + j] * x1[ROWS - k];
        }
        at(b + j * m)[0] = v0;
        at(b + j * m)[1] = v1;
    }
}

/* The last row is solved first; each group of rows then leaves the rows before it at once, so that L
 * is read along its rows here, too. */
AMBS_CLONES
static void solve_upper(size_t n, const double *l, size_t stride, size_t m, double *b)
{
    size_t whole = n - n % ROWS;
    for (size_t i = n; i-- > whole;)
        for (size_t c = 0; c < m; c += LANES) spread_row(0, i, l + i * stride, m, b + c);
    for (size_t end = whole; end > 0; end -= ROWS)
        for (size_t c = 0; c < m; c += LANES) {
            size_t i = end - ROWS;
            for (size_t r = end; r-- > i;) spread_row(i, r, l + r * stride, m, b + c);
            spread_rows(i, l + i * stride, stride, m, b + c, b + i * m + c);
        }
}

/* Clang names the clones of an exported function otherwise than its callers expect. */
void ambs_triangular_solve(size_t n, const double *l, size_t stride, size_t m, double *b)
{
    solve_lower(n, l, stride, m, b);
}

void ambs_triangular_solve_transposed(size_t n, const double *l, size_t stride, size_t m, double *b)
{
    solve_upper(n, l, stride, m, b);
}
