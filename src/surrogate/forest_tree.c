/* SPDX-License-Identifier: MIT */
#include "surrogate/forest_tree.h"

#include <stdlib.h>

#include "base/memory.h"

void ambs_tree_fini(ambs_tree *tree)
{
    free(tree->nodes);
    free(tree->leaves);
    free(tree->heads);
    free(tree->pool);
}

int ambs_tree_reserve(ambs_tree *tree, size_t n, ambs_error *err)
{
    int rc = ambs_reserve(&tree->nodes, &tree->nodes_capacity, n, sizeof *tree->nodes, err);
    if (rc != AMBS_OK) return rc;
    rc = ambs_reserve(&tree->leaves, &tree->leaves_capacity, n, sizeof *tree->leaves, err);
    if (rc != AMBS_OK) return rc;
    return ambs_reserve(&tree->heads, &tree->heads_capacity, n, sizeof *tree->heads, err);
}

void ambs_tree_make_leaf(ambs_tree *tree, uint32_t node)
{
    tree->nodes[node] = (ambs_tree_node){.child = node};
    tree->heads[node] = AMBS_NO_ROW;
}

uint32_t ambs_tree_add_pair(ambs_tree *tree)
{
    uint32_t first = (uint32_t)tree->n_nodes;
    tree->n_nodes += 2;
    ambs_tree_make_leaf(tree, first);
    ambs_tree_make_leaf(tree, first + 1);
    return first;
}

static uint32_t draw_weight(const ambs_tree *tree, const ambs_forest_rows *rows, size_t row)
{
    if (!rows->bootstrap || (tree->whole && row < rows->n_fit)) return 1;
    /* 2^32 times the distribution function of Poisson(1) at 0, 1, …, 9. */
    static const uint32_t cumulative[] = {1580030169u, 3160060337u, 3950075422u, 4213413783u,
                                          4279248374u, 4292415292u, 4294609778u, 4294923276u,
                                          4294962463u, 4294966817u};
    uint32_t u = (uint32_t)(ambs_mix64(tree->key ^ (row + 1) * 0xd1342543de82ef95u) >> 32),
             weight = 0;
    for (size_t k = 0; k < sizeof cumulative / sizeof *cumulative; k++)
        weight += u >= cumulative[k];
    return weight;
}

uint32_t ambs_tree_weight(const ambs_tree *tree, const ambs_forest_rows *rows, size_t row)
{
    return draw_weight(tree, rows, row) * rows->evaluations[row];
}

void ambs_tree_refresh_leaf(ambs_tree *tree, const ambs_forest_rows *rows, const uint32_t *next,
                            uint32_t leaf)
{
    uint32_t head = tree->heads[leaf];
    if (head == AMBS_NO_ROW) return;
    double first = rows->y[head], sum = 0, weight = 0, squares = 0;
    for (uint32_t r = head; r != AMBS_NO_ROW; r = next[r]) {
        double w = ambs_tree_weight(tree, rows, r);
        weight += w;
        sum += w * (rows->y[r] - first); /* so that equal rows have exactly their y as mean */
    }
    double shift = sum / weight;
    for (uint32_t r = head; r != AMBS_NO_ROW; r = next[r]) {
        double deviation = rows->y[r] - first - shift;
        squares += ambs_tree_weight(tree, rows, r) * (deviation * deviation);
    }
    tree->leaves[leaf] = (ambs_tree_leaf){first + shift, squares / weight};
}

uint32_t ambs_tree_find(const ambs_tree *tree, const ambs_forest_rows *rows, const uint32_t *row,
                        uint32_t *ret_parent)
{
    uint32_t at = 0, above = 0, below;
    while ((below = tree->nodes[at].child +
                    ambs_tree_side(&tree->nodes[at], tree->pool, row, rows->p)) != at) {
        above = at;
        at = below;
    }
    if (ret_parent) *ret_parent = above;
    return at;
}

uint32_t ambs_tree_draw_threshold(ambs_tree *tree, uint32_t low, uint32_t high)
{
    double u = (double)(ambs_tree_draw(tree) >> 11) * 0x1p-53, /* in [0, 1) */
        from = ambs_float_of_cell(low), to = ambs_float_of_cell(high);
    uint32_t threshold = ambs_cell_of_float((float)(from + u * (to - from)));
    return threshold < high ? threshold : high - 1; /* whatever was rounded */
}

void ambs_tree_split_number(ambs_tree *tree, const ambs_forest_rows *rows, uint32_t node,
                            size_t feature, uint32_t low, uint32_t high, bool nan_is_low)
{
    uint32_t threshold = low;
    if (low != AMBS_CELL_NAN)
        threshold = ambs_tree_draw_threshold(tree, low, high);
    else
        ambs_tree_draw(tree);
    ambs_tree_node *split = &tree->nodes[node];
    split->column = (uint32_t)(nan_is_low ? feature : rows->p + feature);
    split->mask = UINT32_MAX;
    split->test = nan_is_low ? threshold : threshold - 1;
}

int ambs_tree_split_category(ambs_tree *tree, uint32_t node, size_t feature, size_t n_levels,
                             const uint32_t *mask, const uint32_t *known, ambs_error *err)
{
    size_t words = n_levels / 32 + 1;
    ambs_tree_node *split = &tree->nodes[node];
    split->test = 0;
    if (words == 1) {
        split->column = (uint32_t)feature;
        split->mask = mask[0] | (~known[0] & (uint32_t)ambs_tree_draw(tree));
        return AMBS_OK;
    }
    int rc = ambs_reserve(&tree->pool, &tree->pool_capacity, tree->n_pool + words,
                          sizeof *tree->pool, err);
    if (rc != AMBS_OK) return rc;
    split->column = (uint32_t)feature | AMBS_NODE_POOL;
    split->mask = (uint32_t)tree->n_pool;
    for (size_t i = 0; i < words; i++)
        tree->pool[tree->n_pool++] = mask[i] | (~known[i] & (uint32_t)ambs_tree_draw(tree));
    return AMBS_OK;
}
