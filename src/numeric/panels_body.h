/* SPDX-License-Identifier: MIT */
/* The eliminations of panels.c, for vectors of one width (base/versions.h). */
/* tile [rows, v vectors] -= Σ_k a[k, r] b[k, …]; all have WIDTH numbers from row to row. */
AMBS_INLINE void VERSION(subtract_part)(size_t rows, size_t v, size_t n, const double *a,
                                        const double *b, double *tile)
{
    vector x[ROWS][2];
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < v; i++) x[r][i] = AT(tile + r * WIDTH)[i];
    for (size_t k = 0; k < n; k++, a += WIDTH, b += WIDTH)
        for (size_t r = 0; r < rows; r++)
            for (size_t i = 0; i < v; i++) x[r][i] -= a[r] * CONST_AT(b)[i];
    for (size_t r = 0; r < rows; r++)
        for (size_t i = 0; i < v; i++) AT(tile + r * WIDTH)[i] = x[r][i];
}

/* A whole tile in the parts that the registers have room for. */
AMBS_INLINE void VERSION(subtract)(size_t n, const double *a, const double *b, double *tile)
{
    const size_t rows = AMBS_BITS == 512 ? ROWS : 4;
    for (size_t r = 0; r < ROWS; r += rows)
        for (size_t c = 0; c < WIDTH; c += 2 * WIDE)
            VERSION(subtract_part)(rows, 2, n, a + r, b + c, tile + r * WIDTH + c);
}

/* The rows of a tile by those of U above: row r = (row r - Σ_{s<r} U_sr row s) / U_rr. `u` is the
 * block [ROWS, ROWS] of U on the diagonal. */
AMBS_INLINE void VERSION(solve_tile)(const double *u, const double *inverse, double *tile)
{
    vector x[ROWS][(WIDTH / WIDE)];
    for (size_t r = 0; r < ROWS; r++)
        for (size_t i = 0; i < (WIDTH / WIDE); i++) {
            x[r][i] = AT(tile + r * WIDTH)[i];
            for (size_t s = 0; s < r; s++) x[r][i] -= u[s * WIDTH + r] * x[s][i];
            x[r][i] *= inverse[r];
        }
    for (size_t r = 0; r < ROWS; r++)
        for (size_t i = 0; i < (WIDTH / WIDE); i++) AT(tile + r * WIDTH)[i] = x[r][i];
}

/* The same where the block on the diagonal is part of the tile, from its column `first` on, and not
 * yet factored. */
AMBS_INLINE bool VERSION(factor_tile)(double *tile, size_t first, double *ret_inverse)
{
    for (size_t r = 0; r < ROWS; r++) {
        double *row = tile + r * WIDTH, pivot = row[first + r];
        if (!(pivot > 0 && pivot < INFINITY)) return false;
        ret_inverse[r] = 1 / sqrt(pivot);
        for (size_t i = 0; i < (WIDTH / WIDE); i++) AT(row)[i] *= ret_inverse[r];
        for (size_t s = r + 1; s < ROWS; s++)
            for (size_t i = 0; i < (WIDTH / WIDE); i++)
                AT(tile + s * WIDTH)[i] -= row[first + s] * AT(row)[i];
    }
    return true;
}

static void VERSION(factor)(size_t n_panels, double *u, double *ret_inverse, bool *ret_whole)
{
    *ret_whole = true;
    for (size_t p = 0; p < n_panels && *ret_whole; p++) {
        double *panel = u + ambs_panel(p);
        for (size_t i = 0; i < 2 * p + 2 && *ret_whole; i++) {
            double *tile = panel + i * ROWS * WIDTH;
            VERSION(subtract)(i * ROWS, u + columns_of(i, 0), panel, tile);
            if (i < 2 * p)
                VERSION(solve_tile)(u + columns_of(i, i * ROWS), ret_inverse + i * ROWS, tile);
            else
                *ret_whole = VERSION(factor_tile)(tile, i % 2 * ROWS, ret_inverse + i * ROWS);
        }
    }
}

/* M from U M = … : its rows are solved from above, beginning with the identity. */
AMBS_INLINE void VERSION(invert_factor)(size_t n_panels, const double *u, const double *inverse,
                                        double *m)
{
    for (size_t p = 0; p < n_panels; p++) {
        double *panel = m + lower_panel(n_panels, p);
        memset(panel, 0, WIDTH * WIDTH * (n_panels - p) * sizeof *panel);
        for (size_t r = 0; r < WIDTH; r++) panel[r * WIDTH + r] = 1;
        for (size_t i = 2 * p; i < 2 * n_panels; i++) {
            double *tile = panel + (i - 2 * p) * ROWS * WIDTH;
            VERSION(subtract)(i * ROWS - p * WIDTH, u + columns_of(i, p * WIDTH), panel, tile);
            VERSION(solve_tile)(u + columns_of(i, i * ROWS), inverse + i * ROWS, tile);
        }
    }
}

/* b becomes Mᵀ b. */
AMBS_INLINE void VERSION(multiply_transposed)(size_t n_panels, const double *m, double *b)
{
    for (size_t p = 0; p < n_panels; p++) {
        const double *row = m + lower_panel(n_panels, p);
        vector sum[(WIDTH / WIDE)] = {{0}};
        for (size_t k = p * WIDTH; k < n_panels * WIDTH; k++, row += WIDTH)
            for (size_t i = 0; i < (WIDTH / WIDE); i++) sum[i] += b[k] * CONST_AT(row)[i];
        for (size_t i = 0; i < (WIDTH / WIDE); i++) AT(b + p * WIDTH)[i] = sum[i];
    }
}

static void VERSION(invert)(size_t n_panels, double *u, const double *inverse, double *m, double *b)
{
    VERSION(invert_factor)(n_panels, u, inverse, m);
    VERSION(multiply_transposed)(n_panels, m, b);
    memset(u, 0, ambs_panel(n_panels) * sizeof *u);
    for (size_t p = 0; p < n_panels; p++) {
        double *panel = u + ambs_panel(p);
        const double *columns = m + lower_panel(n_panels, p);
        for (size_t i = 0; i < 2 * p + 2; i++) VERSION(subtract)
        ((n_panels - p) * WIDTH,
         m + lower_panel(n_panels, i / 2) + (p - i / 2) * WIDTH * WIDTH + i % 2 * ROWS, columns,
         panel + i * ROWS * WIDTH);
        for (size_t k = 0; k < (p + 1) * WIDTH * (WIDTH / WIDE); k++) AT(panel)[k] = -AT(panel)[k];
    }
}

static void VERSION(solve)(size_t n_panels, const double *u, const double *inverse, double *b)
{
    for (size_t p = 0; p < n_panels; p++) {
        const double *row = u + ambs_panel(p);
        double *here = b + p * WIDTH;
        vector left[(WIDTH / WIDE)];
        for (size_t i = 0; i < (WIDTH / WIDE); i++) left[i] = AT(here)[i];
        for (size_t k = 0; k < p * WIDTH; k++, row += WIDTH)
            for (size_t i = 0; i < (WIDTH / WIDE); i++) left[i] -= b[k] * CONST_AT(row)[i];
        for (size_t i = 0; i < (WIDTH / WIDE); i++) AT(here)[i] = left[i];
        for (size_t r = 0; r < WIDTH; r++, row += WIDTH) {
            here[r] *= inverse[p * WIDTH + r];
            for (size_t c = r + 1; c < WIDTH; c++) here[c] -= here[r] * row[c];
        }
    }
}
