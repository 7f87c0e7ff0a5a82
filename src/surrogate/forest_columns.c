/* SPDX-License-Identifier: MIT */
/* The grower's memory, what all trees of a fit share, and where growth begins. */
#include <stdlib.h>

#include "base/clones.h"
#include "base/memory.h"
#include "surrogate/forest_grow.h"

#define SIGN 0x80000000u

static size_t widest_category(const ambs_forest_rows *rows)
{
    size_t widest = 0;
    for (size_t f = 0; f < rows->p; f++)
        if (rows->features[f].n_levels > widest) widest = rows->features[f].n_levels;
    return widest;
}

int ambs_grower_init(ambs_grower *g, const ambs_forest_options *options,
                     const ambs_forest_rows *rows, ambs_error *err)
{
    size_t p = rows->p, n_levels = widest_category(rows) + 1;
    g->options = options;
    g->p = p;
    g->n_tried = ambs_forest_n_tried(options, p);
#if defined(__x86_64__)
    g->vector_bits = ambs_vector_bits();
#endif
    g->features = ambs_calloc(p, sizeof *g->features, err);
    g->level_s = g->features ? ambs_calloc(n_levels, sizeof *g->level_s, err) : NULL;
    g->level_w = g->level_s ? ambs_calloc(n_levels, sizeof *g->level_w, err) : NULL;
    g->level_mask =
        g->level_w ? ambs_calloc(2 * (n_levels / 32 + 1), sizeof *g->level_mask, err) : NULL;
    return g->level_mask ? AMBS_OK : AMBS_E_NOMEM;
}

void ambs_grower_fini(ambs_grower *g)
{
    free(g->features);
    free(g->lanes.feature);
    free(g->lanes.is_category);
    free(g->vectors);
    for (size_t i = 0; i < 2; i++) {
        free(g->copy[i].y);
        free(g->copy[i].w);
        free(g->copy[i].row);
    }
    free(g->v);
    free(g->side);
    free(g->level_s);
    free(g->level_w);
    free(g->level_mask);
    free(g->tasks);
}

static bool column_has_nan(const ambs_forest_rows *rows, size_t f)
{
    bool found = false;
    if (rows->features[f].kind == AMBS_FEATURE_NUMERIC)
        for (size_t i = 0; i < rows->n; i++)
            found |= rows->cells[i * rows->stride + f] == AMBS_CELL_NAN;
    return found;
}

static int add_lane(ambs_lanes *lanes, const ambs_forest_rows *rows, size_t f, ambs_error *err)
{
    if (lanes->n == lanes->capacity) {
        size_t capacity = 2 * lanes->capacity + AMBS_LANES;
        int rc = ambs_resize(&lanes->feature, capacity, sizeof *lanes->feature, err);
        if (rc == AMBS_OK)
            rc = ambs_resize(&lanes->is_category, capacity, sizeof *lanes->is_category, err);
        if (rc != AMBS_OK) return rc;
        lanes->capacity = capacity;
    }
    lanes->feature[lanes->n] = (int32_t)f;
    lanes->is_category[lanes->n++] = rows->features[f].kind == AMBS_FEATURE_CATEGORICAL ? -1 : 0;
    return AMBS_OK;
}

static int assign_lanes(ambs_grower *g, const ambs_forest_rows *rows, ambs_error *err)
{
    ambs_lanes *lanes = &g->lanes;
    int rc = AMBS_OK;
    lanes->n = lanes->n_groups = 0;
    for (size_t f = 0; f < rows->p && rc == AMBS_OK; f++) rc = add_lane(lanes, rows, f, err);
    for (size_t f = 0; f < rows->p && rc == AMBS_OK; f++)
        if (column_has_nan(rows, f)) rc = add_lane(lanes, rows, f, err);
    if (rc != AMBS_OK) return rc;
    lanes->n_groups = (lanes->n + AMBS_LANES - 1) / AMBS_LANES;
    for (size_t l = lanes->n; l < lanes->n_groups * AMBS_LANES; l++) {
        lanes->feature[l] = -1;
        lanes->is_category[l] = 0;
    }
    return AMBS_OK;
}

/* Arrays of vectors stand at multiples of their size in one block. */
static int place_vectors(ambs_grower *g, ambs_error *err)
{
    size_t groups = g->lanes.n_groups, need = (3 * groups + 1) * g->room + 1;
    if (need > g->vectors_capacity) {
        free(g->vectors);
        g->vectors_capacity = 0;
        g->vectors = ambs_calloc(need, sizeof(ambs_ints), err);
        if (!g->vectors) return AMBS_E_NOMEM;
        g->vectors_capacity = need;
    }
    uintptr_t at = (uintptr_t)g->vectors + sizeof(ambs_ints) - 1;
    g->key = (ambs_ints *)(at & ~(uintptr_t)(sizeof(ambs_ints) - 1));
    g->copy[0].key = g->key + groups * g->room;
    g->copy[1].key = g->key + 2 * groups * g->room;
    g->ranked = g->key + 3 * groups * g->room;
    return AMBS_OK;
}

static int make_room(ambs_grower *g, size_t n, ambs_error *err)
{
    if (n > g->room || g->room == 0) {
        n = n < AMBS_LEAF_LIMIT ? AMBS_LEAF_LIMIT : n + n / 4;
        g->room = 0;
        int rc = ambs_resize(&g->v, n, sizeof *g->v, err);
        if (rc == AMBS_OK) rc = ambs_resize(&g->side, n, sizeof *g->side, err);
        for (size_t i = 0; i < 2 && rc == AMBS_OK; i++) {
            rc = ambs_resize(&g->copy[i].y, n, sizeof *g->copy[i].y, err);
            if (rc == AMBS_OK) rc = ambs_resize(&g->copy[i].w, n, sizeof *g->copy[i].w, err);
            if (rc == AMBS_OK) rc = ambs_resize(&g->copy[i].row, n, sizeof *g->copy[i].row, err);
        }
        if (rc != AMBS_OK) return rc;
        g->room = n;
    }
    return place_vectors(g, err);
}

/* A number's NaN, cell 0, becomes the greatest key in its first lane and is the least in the
 * second; a category's key is its level. */
static int32_t key_of(const ambs_forest_rows *rows, size_t f, uint32_t cell, bool is_second)
{
    uint32_t bits = cell;
    if (rows->features[f].kind == AMBS_FEATURE_NUMERIC)
        bits = (is_second ? cell : cell - 1) ^ SIGN;
    else if (rows->features[f].n_levels <= AMBS_NARROW)
        bits = (uint32_t)__builtin_ctz(cell);
    int32_t key;
    memcpy(&key, &bits, sizeof key);
    return key;
}

void ambs_grower_keys(const ambs_grower *g, const ambs_forest_rows *rows, size_t row, size_t stride,
                      ambs_ints *ret_key)
{
    const ambs_lanes *lanes = &g->lanes;
    const uint32_t *cells = rows->cells + row * rows->stride;
    for (size_t group = 0; group < lanes->n_groups; group++) {
        int32_t key[AMBS_LANES] = {0};
        size_t first = group * AMBS_LANES;
        for (size_t l = first; l < first + AMBS_LANES && l < lanes->n; l++) {
            size_t f = (size_t)lanes->feature[l];
            key[l - first] = key_of(rows, f, cells[f], l >= rows->p);
        }
        memcpy(ret_key + group * stride, key, sizeof key);
    }
}

int ambs_grower_columns(ambs_grower *g, const ambs_forest_rows *rows, ambs_error *err)
{
    int rc = assign_lanes(g, rows, err);
    if (rc == AMBS_OK) rc = make_room(g, rows->n, err);
    if (rc != AMBS_OK) return rc;
    for (size_t f = 0; f < rows->p; f++) g->features[f] = (uint32_t)f;
    for (size_t i = 0; i < rows->n; i++) ambs_grower_keys(g, rows, i, g->room, g->key + i);
    return AMBS_OK;
}

static int grow(ambs_grower *g, ambs_tree *tree, const ambs_forest_rows *rows, uint32_t *next,
                uint32_t node, uint32_t m, ambs_error *err)
{
    int rc = ambs_reserve(&g->tasks, &g->tasks_capacity, m + 1, sizeof *g->tasks, err);
    if (rc == AMBS_OK) rc = ambs_tree_reserve(tree, tree->n_nodes + 2 * (size_t)m, err);
    if (rc != AMBS_OK) return rc;
    g->tasks[0] = (ambs_grow_task){node, 0, m, 0};
    g->n_tasks = 1;
#if defined(__x86_64__)
    if (g->vector_bits == 512) return ambs_grow_tasks_avx512(g, tree, rows, next, err);
    if (g->vector_bits == 256) return ambs_grow_tasks_avx2(g, tree, rows, next, err);
#endif
    return ambs_grow_tasks(g, tree, rows, next, err);
}

int ambs_grow_tree(ambs_grower *g, ambs_tree *tree, const ambs_forest_rows *rows, uint32_t *next,
                   ambs_error *err)
{
    ambs_node_rows *to = &g->copy[0];
    tree->n_nodes = tree->n_pool = 0;
    tree->n_drawn = 0;
    int rc = ambs_tree_reserve(tree, 1, err);
    if (rc != AMBS_OK) return rc;
    tree->n_nodes = 1;
    ambs_tree_make_leaf(tree, 0);
    uint32_t n = 0;
    for (int attempt = 0; attempt < 2 && n == 0; attempt++) {
        tree->whole = attempt == 1;
        for (uint32_t r = 0; r < rows->n; r++) {
            uint32_t w = ambs_tree_weight(tree, rows, r);
            to->row[n] = r;
            to->w[n] = (int32_t)w;
            n += w > 0;
        }
    }
    for (uint32_t i = 0; i < n; i++) to->y[i] = rows->y[to->row[i]];
    for (size_t group = 0; group < g->lanes.n_groups; group++) {
        const ambs_ints *key = g->key + group * g->room;
        ambs_ints *here = to->key + group * g->room;
        for (uint32_t i = 0; i < n; i++) here[i] = key[to->row[i]];
    }
    return grow(g, tree, rows, next, 0, n, err);
}

int ambs_grow_leaf(ambs_grower *g, ambs_tree *tree, const ambs_forest_rows *rows, uint32_t *next,
                   uint32_t leaf, ambs_error *err)
{
    ambs_node_rows *to = &g->copy[0];
    uint32_t m = 0;
    for (uint32_t r = tree->heads[leaf]; r != AMBS_NO_ROW; r = next[r], m++) {
        if (m == AMBS_LEAF_LIMIT) return AMBS_OK;
        to->row[m] = r;
        to->y[m] = rows->y[r];
        to->w[m] = (int32_t)ambs_tree_weight(tree, rows, r);
        ambs_grower_keys(g, rows, r, g->room, to->key + m);
    }
    return grow(g, tree, rows, next, leaf, m, err);
}
