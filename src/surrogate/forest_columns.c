/* SPDX-License-Identifier: MIT */
/* The grower's memory, and what all trees of a fit share: every column sorted, ranked and binned
 * once. */
#include <stdlib.h>

#include "base/memory.h"
#include "surrogate/forest_grow.h"

int ambs_grower_init(ambs_grower *g, const ambs_forest_options *options, size_t p, ambs_error *err)
{
    g->options = options;
    g->n_tried = ambs_forest_n_tried(options, p);
#if defined(__x86_64__)
    g->has_vbmi2 = __builtin_cpu_supports("avx512vbmi2") && __builtin_cpu_supports("avx512vbmi") &&
                   __builtin_cpu_supports("avx512bw");
#endif
    g->features = ambs_calloc(p, sizeof *g->features, err);
    g->n_codes = g->features ? ambs_calloc(p, sizeof *g->n_codes, err) : NULL;
    g->code_cells = g->n_codes ? ambs_calloc(p, sizeof *g->code_cells, err) : NULL;
    return g->code_cells ? AMBS_OK : AMBS_E_NOMEM;
}

void ambs_grower_fini(ambs_grower *g)
{
    free(g->inverse);
    free(g->features);
    free(g->level_mask);
    free(g->n_codes);
    free(g->code_cells);
    free(g->sorted);
    free(g->rank);
    free(g->codes);
    free(g->keys);
    free(g->sums);
    free(g->members);
    free(g->spare);
    free(g->place);
    free(g->order);
    free(g->block_rank);
    free(g->tasks);
    free(g->blocks);
}

int ambs_grower_inverse(ambs_grower *g, size_t total, ambs_error *err)
{
    if (total < g->n_inverse) return AMBS_OK;
    int rc = ambs_reserve(&g->inverse, &g->inverse_capacity, total + 1, sizeof *g->inverse, err);
    if (rc != AMBS_OK) return rc;
    for (; g->n_inverse <= total; g->n_inverse++)
        g->inverse[g->n_inverse] = g->n_inverse > 0 ? 1.0 / (double)g->n_inverse : 0.0;
    return AMBS_OK;
}

/* Room for n rows in the arrays of a fit; a block's arrays need AMBS_BLOCK at least. */
static int make_room(ambs_grower *g, const ambs_forest_rows *rows, ambs_error *err)
{
    size_t p = rows->p, n = rows->n > AMBS_BLOCK ? rows->n : AMBS_BLOCK, widest = 0;
    if (n <= g->room) return AMBS_OK;
    for (size_t f = 0; f < p; f++)
        if (rows->features[f].n_levels > widest) widest = rows->features[f].n_levels;
    n += n / 4;
    int rc;
    if ((rc = ambs_resize(&g->sorted, n, (p + 1) * sizeof *g->sorted, err)) != AMBS_OK ||
        (rc = ambs_resize(&g->rank, n, (p + 1) * sizeof *g->rank, err)) != AMBS_OK ||
        (rc = ambs_resize(&g->codes, n, rows->stride, err)) != AMBS_OK ||
        (rc = ambs_resize(&g->keys, n, 2 * sizeof *g->keys, err)) != AMBS_OK ||
        (rc = ambs_resize(&g->sums, n, sizeof *g->sums, err)) != AMBS_OK ||
        (rc = ambs_resize(&g->members, n, sizeof *g->members, err)) != AMBS_OK ||
        (rc = ambs_resize(&g->spare, n, sizeof *g->spare, err)) != AMBS_OK ||
        (rc = ambs_resize(&g->place, n, sizeof *g->place, err)) != AMBS_OK ||
        (rc = ambs_resize(&g->order, n, p + 1, err)) != AMBS_OK ||
        (rc = ambs_resize(&g->block_rank, n, p + 1, err)) != AMBS_OK ||
        (rc = ambs_resize(&g->level_mask, 2, (widest / 32 + 1) * sizeof *g->level_mask, err)) !=
            AMBS_OK)
        return rc;
    g->room = n;
    return AMBS_OK;
}

/* Sorts by the high 32 bits, stably; 11 bits a pass, passes where all agree are left out. */
static uint64_t *radix_sort(uint64_t *from, uint64_t *to, size_t n)
{
    enum { BITS = 11, SIZE = 1 << BITS };
    for (unsigned shift = 32; shift < 64; shift += BITS) {
        uint32_t count[SIZE] = {0};
        for (size_t i = 0; i < n; i++) count[from[i] >> shift & (SIZE - 1)]++;
        if (count[from[0] >> shift & (SIZE - 1)] == n) continue;
        uint32_t before = 0;
        for (size_t digit = 0; digit < SIZE; digit++) {
            uint32_t here = count[digit];
            count[digit] = before;
            before += here;
        }
        for (size_t i = 0; i < n; i++) to[count[from[i] >> shift & (SIZE - 1)]++] = from[i];
        uint64_t *held = from;
        from = to;
        to = held;
    }
    return from;
}

/* Bins of about equal count where there are more than 255 values; a value is in one bin only. */
static void bin_column(ambs_grower *g, const ambs_forest_rows *rows, size_t f, size_t n_values)
{
    const uint32_t *sorted = g->sorted + f * g->n, *rank = g->rank + f * g->n;
    size_t limit = AMBS_CODE_NAN, code = 0, share = 0;
    for (size_t i = 0; i < g->n; i++) {
        uint32_t cell = rows->cells[sorted[i] * rows->stride + f];
        if (rank[i] == AMBS_RANK_NAN) {
            g->codes[sorted[i] * rows->stride + f] = AMBS_CODE_NAN;
            continue;
        }
        if (i == 0) {
            g->code_cells[f][0][0] = cell;
        } else if (rank[i] != rank[i - 1] && (n_values <= limit || i * limit / g->n > share)) {
            share = i * limit / g->n;
            g->code_cells[f][++code][0] = cell;
        }
        g->code_cells[f][code][1] = cell;
        g->codes[sorted[i] * rows->stride + f] = (uint8_t)code;
        g->n_codes[f] = (uint32_t)code + 1;
    }
}

static void sort_column(ambs_grower *g, const ambs_forest_rows *rows, size_t f)
{
    bool is_number = rows->features[f].kind == AMBS_FEATURE_NUMERIC;
    for (size_t i = 0; i < g->n; i++)
        g->keys[i] =
            (uint64_t)ambs_cell_key(rows->cells[i * rows->stride + f], is_number) << 32 | i;
    const uint64_t *keys = radix_sort(g->keys, g->keys + g->n, g->n);
    uint32_t *sorted = g->sorted + f * g->n, *rank = g->rank + f * g->n, value = 0;
    for (size_t i = 0; i < g->n; i++) {
        sorted[i] = (uint32_t)keys[i];
        if (i > 0 && keys[i] >> 32 != keys[i - 1] >> 32) value++;
        rank[i] = is_number && keys[i] >> 32 == UINT32_MAX ? AMBS_RANK_NAN : value;
    }
    g->n_codes[f] = 0;
    bin_column(g, rows, f, (size_t)value + 1);
}

int ambs_grower_columns(ambs_grower *g, const ambs_forest_rows *rows, ambs_error *err)
{
    int rc = make_room(g, rows, err);
    if (rc != AMBS_OK) return rc;
    g->n = rows->n;
    for (size_t f = 0; f < rows->p; f++) {
        g->features[f] = (uint32_t)f;
        sort_column(g, rows, f);
    }
    return AMBS_OK;
}
