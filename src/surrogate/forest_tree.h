/* SPDX-License-Identifier: MIT */
/* One tree of the forest: flat nodes, and the rows in each leaf, so that single rows can come and
 * go.
 *
 * A row is p cells of 32 bits: for a numeric feature a key that orders as its float does (0 for
 * NaN: inactive), for a categorical one the bit of its level up to 31 levels, else the level (one
 * more for inactive).
 *
 * A node looks at one column and sends a row to `child + 1` where (cell & mask) > test, else to
 * `child`:
 * - a number: the mask is all ones; column f has its key, so NaN is the least; column p + f has the
 *   key less one without sign, so NaN is the greatest, where it belongs on the high side;
 * - a category: the mask has the bits of the levels that go to child + 1, the test is 0;
 * - a category of more levels (AMBS_NODE_POOL): bit `level` of the words from pool[mask] on;
 * - a leaf is its own child and its mask is 0: a step from a leaf stays there, so that many rows
 *   walk down together without a branch.
 *
 * Children are neighbours; parents come before children, except below a leaf that was split later.
 */
#ifndef AMBS_SURROGATE_FOREST_TREE_H
#define AMBS_SURROGATE_FOREST_TREE_H

#include <string.h>

#include "surrogate/forest.h"

#define AMBS_NODE_POOL 0x80000000u /* beside the column */
#define AMBS_NARROW    31          /* levels of a category whose cells are bits */
#define AMBS_NO_ROW    UINT32_MAX
#define AMBS_CELL_NAN  0u

typedef struct ambs_tree_node {
    uint32_t column, mask, test, child;
} ambs_tree_node;

typedef struct ambs_tree_leaf {
    double mean, variance;
} ambs_tree_leaf;

typedef struct ambs_tree {
    ambs_tree_node *nodes;  /* [n_nodes], the root first */
    ambs_tree_leaf *leaves; /* [n_nodes], set where the node is a leaf */
    uint32_t *heads;        /* [n_nodes]: a leaf's first row, AMBS_NO_ROW where there is none */
    size_t n_nodes, nodes_capacity, leaves_capacity, heads_capacity;
    uint32_t *pool; /* masks of categories with more than 31 levels */
    size_t n_pool, pool_capacity;
    uint64_t key; /* of its random numbers */
    uint64_t n_drawn;
    bool whole; /* the bootstrap left no row: all rows of the fit count once */
} ambs_tree;

/* The rows that a forest holds; shared by its trees. */
typedef struct ambs_forest_rows {
    const ambs_feature *features;
    size_t p, stride;      /* cells in a row: p, at least 1 */
    size_t n, n_fit;       /* rows, rows of the last fit */
    uint32_t *cells;       /* [n, stride] */
    double *y;             /* [n] */
    uint32_t *evaluations; /* [n] that y is the mean of */
    double center;         /* of y at the last fit: sums of squares are taken around it */
    uint32_t *next;        /* [T, next_stride]: the following row in the same leaf */
    size_t next_stride;
    bool bootstrap;
} ambs_forest_rows;

void ambs_tree_fini(ambs_tree *tree);
/* Makes room for `n` nodes in all. */
int ambs_tree_reserve(ambs_tree *tree, size_t n, ambs_error *err);
/* Two new neighbours, leaves without rows; returns the first. Room must be there. */
uint32_t ambs_tree_add_pair(ambs_tree *tree);
void ambs_tree_make_leaf(ambs_tree *tree, uint32_t node);
/* The node's row list again, after rows came, went or changed: mean and variance of the leaf. A
 * leaf without rows keeps its last values. */
void ambs_tree_refresh_leaf(ambs_tree *tree, const ambs_forest_rows *rows, const uint32_t *next,
                            uint32_t leaf);

/* How often the row counts in the tree: so many evaluations as it is the mean of, times Poisson(1),
 * keyed by tree and row, so that rows which come later are drawn as all others (Oza and Russell 2001,
 * online bagging). */
uint32_t ambs_tree_weight(const ambs_tree *tree, const ambs_forest_rows *rows, size_t row);

/* The next 64 random bits. */
static inline uint64_t ambs_tree_draw(ambs_tree *tree)
{
    return ambs_mix64(tree->key + ++tree->n_drawn * 0x9e3779b97f4a7c15u);
}

/* Uniform in 0 … n-1 from 32 bits; the bias is below n / 2^32. */
static inline uint32_t ambs_tree_below(ambs_tree *tree, uint32_t n)
{
    return (uint32_t)((ambs_tree_draw(tree) >> 32) * n >> 32);
}

/* Floats as unsigned numbers in the same order, all above AMBS_CELL_NAN. */
static inline uint32_t ambs_cell_of_float(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    if (value != value) return AMBS_CELL_NAN;
    return bits >> 31 ? ~bits : bits | 0x80000000u;
}

static inline float ambs_float_of_cell(uint32_t cell)
{
    uint32_t bits = cell >> 31 ? cell & 0x7fffffffu : ~cell;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* 0 or 1: which child of the node the row goes to. */
static inline uint32_t ambs_tree_side(const ambs_tree_node *node, const uint32_t *pool,
                                      const uint32_t *row, size_t p)
{
    uint32_t column = node->column;
    if (column & AMBS_NODE_POOL) {
        uint32_t level = row[column & ~AMBS_NODE_POOL];
        return pool[node->mask + (level >> 5)] >> (level & 31) & 1;
    }
    uint32_t cell = column < p ? row[column] : row[column - p] - 1;
    return (cell & node->mask) > node->test;
}

/* The leaf of a row; *ret_parent (may be NULL) gets the node above it, the leaf itself at the root.
 */
uint32_t ambs_tree_find(const ambs_tree *tree, const ambs_forest_rows *rows, const uint32_t *row,
                        uint32_t *ret_parent);

/* A cell t at random with low <= t < high, evenly between their values; low is not NaN. */
uint32_t ambs_tree_draw_threshold(ambs_tree *tree, uint32_t low, uint32_t high);
/* Turns the leaf `node` into a split. Of a number: rows up to the cell `low` go to side 0 and from
 * `high` to side 1, the threshold at random between (low = AMBS_CELL_NAN: only NaN on side 0). */
void ambs_tree_split_number(ambs_tree *tree, const ambs_forest_rows *rows, uint32_t node,
                            size_t feature, uint32_t low, uint32_t high, bool nan_is_low);
/* Of a category: `mask` has bit l set where level l goes to side 1, and `known` where the level
 * occurs in the node; the other levels go to a random side. ceil((n_levels + 1) / 32) words each.
 */
int ambs_tree_split_category(ambs_tree *tree, uint32_t node, size_t feature, size_t n_levels,
                             const uint32_t *mask, const uint32_t *known, ambs_error *err);

#endif
