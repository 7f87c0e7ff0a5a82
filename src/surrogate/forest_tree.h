/* SPDX-License-Identifier: MIT */
/* One tree of the forest: flat nodes, and the rows in each leaf, so that single rows can come and
 * go.
 *
 * A row is p cells of 32 bits: the bits of a float for a numeric feature (NaN: inactive), the level
 * for a categorical one (n_levels: inactive). Every node sends a row to `child` or `child + 1`:
 *   number    x > t to child + 1; NaN compares false, so it goes to child. Where NaN belongs on the
 * high side both are negated by their sign bit: -x > -t to child + 1. category  bit `level` of the
 * mask, in `test` itself up to 31 levels, else at pool[test] leaf      child is the leaf itself and
 * the test is x > NaN: a step from a leaf stays there, so that many rows walk down together without
 * a branch. Children are neighbours; parents come before children, except below a leaf that was
 * split later. */
#ifndef AMBS_SURROGATE_FOREST_TREE_H
#define AMBS_SURROGATE_FOREST_TREE_H

#include <string.h>

#include "surrogate/forest.h"

#define AMBS_NODE_NEGATED  0x80000000u
#define AMBS_NODE_CATEGORY 0x40000000u
#define AMBS_NODE_POOL     0x20000000u
#define AMBS_NODE_FEATURE  0x1fffffffu
#define AMBS_NO_ROW        UINT32_MAX

typedef struct ambs_tree_node {
    uint32_t feature; /* and the flags above */
    uint32_t test;    /* bits of the threshold, mask of levels or index into the pool */
    uint32_t child;
    uint32_t head; /* leaf: its first row, AMBS_NO_ROW when it has none */
} ambs_tree_node;

typedef struct ambs_tree_leaf {
    double mean, variance;
} ambs_tree_leaf;

typedef struct ambs_tree {
    ambs_tree_node *nodes;  /* [n_nodes], the root first */
    ambs_tree_leaf *leaves; /* [n_nodes], set where the node is a leaf */
    size_t n_nodes, nodes_capacity, leaves_capacity;
    uint32_t *pool; /* masks of categories with more than 31 levels */
    size_t n_pool, pool_capacity;
    uint64_t key; /* of its random numbers */
    uint64_t n_drawn;
    bool whole; /* the bootstrap left no row: all rows of the fit count once */
} ambs_tree;

/* The rows that a forest holds; shared by its trees. */
typedef struct ambs_forest_rows {
    const ambs_feature *features;
    size_t p, stride; /* cells in a row: p, at least 1 */
    size_t n, n_fit;  /* rows, rows of the last fit */
    uint32_t *cells;  /* [n, stride] */
    double *y;        /* [n] */
    double center;    /* of y at the last fit: sums of squares are taken around it */
    uint32_t *next;   /* [T, next_stride]: the following row in the same leaf */
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

/* How often the row counts in the tree: Poisson(1), keyed by tree and row, so that rows which come
 * later are drawn as all others (Oza and Russell 2001, online bagging). */
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

static inline float ambs_float_of_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint32_t ambs_bits_of_float(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* 0 or 1: which child of the node the row goes to. */
static inline uint32_t ambs_tree_side(const ambs_tree_node *node, const uint32_t *pool,
                                      const uint32_t *row)
{
    uint32_t word = node->feature, cell = row[word & AMBS_NODE_FEATURE];
    if (word & AMBS_NODE_POOL) return pool[node->test + (cell >> 5)] >> (cell & 31) & 1;
    uint32_t in_mask = node->test >> (cell & 31) & 1;
    uint32_t above =
        ambs_float_of_bits(cell ^ (word & AMBS_NODE_NEGATED)) > ambs_float_of_bits(node->test);
    return word & AMBS_NODE_CATEGORY ? in_mask : above;
}

/* The leaf of a row; *ret_parent (may be NULL) gets the node above it, the leaf itself at the root.
 */
uint32_t ambs_tree_find(const ambs_tree *tree, const uint32_t *row, uint32_t *ret_parent);

/* Turns the leaf `node` into a split. Of a number: rows up to `low` on one side and from `high` on
 * the other, the threshold at random between (low = -INFINITY: only NaN on the low side). Returns
 * the side (0 or 1) of the high rows; NaN is on side 0 always. */
uint32_t ambs_tree_split_number(ambs_tree *tree, uint32_t node, size_t feature, float low,
                                float high, bool nan_is_low);
/* Of a category: `mask` has bit l set where level l goes to side 1, and `known` where the level
 * occurs in the node; the other levels go to a random side. ceil((n_levels + 1) / 32) words each.
 */
int ambs_tree_split_category(ambs_tree *tree, uint32_t node, size_t feature, size_t n_levels,
                             const uint32_t *mask, const uint32_t *known, ambs_error *err);

#endif
