/* SPDX-License-Identifier: MIT */
/* See base/versions.h. ROWS rows of the result by up to two vectors of lanes are held in registers, as many
 * as the processor has room for; each element of L is read once for all of them. */

#define ROWS (AMBS_BITS == 512 ? 8 : AMBS_BITS == 256 ? 4 : 2)

/* `rows` rows of `to`, v vectors of lanes: minus Σ_j l[j step + r apart] b_j over n terms. */
AMBS_INLINE void VERSION(take_tile)(size_t rows, size_t v, size_t n, const double *l, size_t step,
                                    size_t apart, size_t m, const double *b, double *to)
{
    enum { AHEAD = 32 }; /* columns are too far apart for the processor to see where this goes */
    vector x[ROWS][2];
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < v; i++) x[r][i] = CONST_AT(to + r * m)[i];
    for (size_t j = 0; j < n; j++) {
        const vector *row = CONST_AT(b + j * m);
        if (apart == 1) __builtin_prefetch(l + j * step + AHEAD);
        for (size_t r = 0; r < rows; r++)
            for (size_t i = 0; i < v; i++) x[r][i] -= l[j * step + r * apart] * row[i];
    }
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < v; i++) AT(to + r * m)[i] = x[r][i];
}

/* All lanes of `rows` rows. */
AMBS_INLINE void VERSION(take_lanes)(size_t rows, size_t n, const double *l, size_t step,
                                     size_t apart, size_t m, const double *b, double *to)
{
    size_t c = 0;
    for (; c + 2 * WIDE <= m; c += 2 * WIDE)
        VERSION(take_tile)(rows, 2, n, l, step, apart, m, b + c, to + c);
    for (; c < m; c += WIDE) VERSION(take_tile)(rows, 1, n, l, step, apart, m, b + c, to + c);
}

static void VERSION(take)(size_t n, size_t k, const double *l, size_t stride, size_t m,
                          const double *b, double *to)
{
    size_t i = 0;
    for (; i + ROWS <= n; i += ROWS)
        VERSION(take_lanes)(ROWS, k, l + i, stride, 1, m, b, to + i * m);
    for (; i < n; i++) VERSION(take_lanes)(1, k, l + i, stride, 1, m, b, to + i * m);
}

static void VERSION(take_transposed)(size_t n, size_t k, const double *l, size_t stride, size_t m,
                                     const double *b, double *to)
{
    size_t j = 0;
    for (; j + ROWS <= k; j += ROWS)
        VERSION(take_lanes)(ROWS, n, l + j * stride, 1, stride, m, b, to + j * m);
    for (; j < k; j++) VERSION(take_lanes)(1, n, l + j * stride, 1, stride, m, b, to + j * m);
}

#undef ROWS
