/* SPDX-License-Identifier: MIT */
/* The solves of triangular.c, for vectors of one width (base/versions.h). */
/* x -= Σ_j l_j b_j for one row and v vectors of lanes, then x /= l_end. */
AMBS_INLINE void VERSION(finish_row)(size_t v, size_t first, size_t end, const double *l, size_t m,
                                     const double *b, double *x)
{
    vector sum[MOST_VECTORS];
    for (size_t i = 0; i < v; i++) sum[i] = AT(x)[i];
    for (size_t j = first; j < end; j++)
        for (size_t i = 0; i < v; i++) sum[i] -= l[j] * CONST_AT(b + j * m)[i];
    for (size_t i = 0; i < v; i++) AT(x)[i] = sum[i] / l[end];
}

/* The products of a few rows with the rows of b before them; the loops over r and i are unrolled, so
 * that x stays in registers. */
AMBS_INLINE void VERSION(take_products)(size_t rows, size_t v, size_t n, const double *l,
                                        size_t stride, size_t m, const double *b, double *to)
{
    vector x[MOST_ROWS][MOST_VECTORS];
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < v; i++) x[r][i] = AT(to + r * m)[i];
    for (size_t j = 0; j < n; j++) {
        const vector *row = CONST_AT(b + j * m);
        for (size_t r = 0; r < rows; r++)
            for (size_t i = 0; i < v; i++) x[r][i] -= l[r * stride + j] * row[i];
    }
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < v; i++) AT(to + r * m)[i] = x[r][i];
}

AMBS_INLINE void VERSION(solve_rows)(size_t rows, size_t v, size_t first, const double *l,
                                     size_t stride, size_t m, double *b)
{
    VERSION(take_products)(rows, v, first, l + first * stride, stride, m, b, b + first * m);
    for (size_t r = first; r < first + rows; r++)
        VERSION(finish_row)(v, first, r, l + r * stride, m, b, b + r * m);
}

/* `rows` by `v` vectors at a time; lanes that are left over go by single vectors. */
AMBS_INLINE void VERSION(solve_lower_by)(size_t rows, size_t v, size_t n, const double *l,
                                         size_t stride, size_t m, double *b)
{
    size_t lanes = v * WIDE, wide = m - m % lanes, i = 0;
    for (; i + rows <= n; i += rows) {
        for (size_t c = 0; c < wide; c += lanes)
            VERSION(solve_rows)(rows, v, i, l, stride, m, b + c);
        for (size_t c = wide; c < m; c += WIDE)
            VERSION(solve_rows)(rows, 1, i, l, stride, m, b + c);
    }
    for (; i < n; i++)
        for (size_t c = 0; c < m; c += WIDE)
            VERSION(finish_row)(1, 0, i, l + i * stride, m, b + c, b + i * m + c);
}

static void VERSION(solve_lower)(size_t n, const double *l, size_t stride, size_t m, double *b)
{
    VERSION(solve_lower_by)(AMBS_BITS == 512 ? 8 : 4, 2, n, l, stride, m, b);
}

/* What row i, which is solved, leaves of those before it: b_j -= l_ij x_i, from `first` on. */
AMBS_INLINE void VERSION(spread_row)(size_t v, size_t first, size_t i, const double *l, size_t m,
                                     double *b)
{
    vector x[MOST_VECTORS];
    for (size_t k = 0; k < v; k++) AT(b + i * m)[k] = x[k] = AT(b + i * m)[k] / l[i];
    for (size_t j = first; j < i; j++)
        for (size_t k = 0; k < v; k++) AT(b + j * m)[k] -= l[j] * x[k];
}

/* The last of a few rows is solved first; then they leave the rows before them at once, so that L is
 * read along its rows here, too. */
AMBS_INLINE void VERSION(spread_rows)(size_t rows, size_t v, size_t first, const double *l,
                                      size_t stride, size_t m, double *b)
{
    vector x[MOST_ROWS][MOST_VECTORS];
    for (size_t r = first + rows; r-- > first;)
        VERSION(spread_row)(v, first, r, l + r * stride, m, b);
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < v; i++) x[r][i] = AT(b + (first + r) * m)[i];
    l += first * stride;
    for (size_t j = 0; j < first; j++) {
        vector left[MOST_VECTORS];
        for (size_t i = 0; i < v; i++) left[i] = AT(b + j * m)[i];
        for (size_t r = rows; r-- > 0;)
            for (size_t i = 0; i < v; i++) left[i] -= l[r * stride + j] * x[r][i];
        for (size_t i = 0; i < v; i++) AT(b + j * m)[i] = left[i];
    }
}

AMBS_INLINE void VERSION(solve_upper_by)(size_t rows, size_t v, size_t n, const double *l,
                                         size_t stride, size_t m, double *b)
{
    size_t lanes = v * WIDE, wide = m - m % lanes, end = n;
    for (; end % rows > 0; end--)
        for (size_t c = 0; c < m; c += WIDE)
            VERSION(spread_row)(1, 0, end - 1, l + (end - 1) * stride, m, b + c);
    for (; end > 0; end -= rows) {
        for (size_t c = 0; c < wide; c += lanes)
            VERSION(spread_rows)(rows, v, end - rows, l, stride, m, b + c);
        for (size_t c = wide; c < m; c += WIDE)
            VERSION(spread_rows)(rows, 1, end - rows, l, stride, m, b + c);
    }
}

static void VERSION(solve_upper)(size_t n, const double *l, size_t stride, size_t m, double *b)
{
    VERSION(solve_upper_by)(AMBS_BITS == 512 ? 8 : 4, 2, n, l, stride, m, b);
}
