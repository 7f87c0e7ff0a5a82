/* SPDX-License-Identifier: MIT */
/* How the forest's trees grow. The best split of a node is found in one of two ways:
 * - large nodes (forest_grow.c): histograms over at most 255 codes a feature; exact where a feature
 *   has no more values than that;
 * - blocks of at most AMBS_BLOCK rows (forest_block.c): exact, on rows that are sorted once per
 * block and kept sorted through all splits below.
 *
 * A cut's worth is SL^2 / WL + SR^2 / WR, S the sum of w (y - center) and W of w: the drop of the
 * sum of squares, but for a constant of the node. */
#ifndef AMBS_SURROGATE_FOREST_GROW_H
#define AMBS_SURROGATE_FOREST_GROW_H

#include "surrogate/forest_tree.h"

#define AMBS_BLOCK    255 /* rows and their ranks in a block are bytes */
#define AMBS_CODES    256
#define AMBS_CODE_NAN 255 /* a number's NaN, as code and as rank in a block */
#define AMBS_RANK_NAN UINT32_MAX

typedef struct ambs_sum {
    double s;   /* w (y - center) */
    uint64_t w; /* how often the row counts */
} ambs_sum;

/* Rows in a block, and the features' values among them. Arrays per feature have `stride` elements;
 * the feature p is the rows in the order they came. */
typedef struct ambs_block {
    size_t m, stride;
    uint32_t row[AMBS_BLOCK];
    double y[AMBS_BLOCK];
    ambs_sum sum[AMBS_BLOCK];
    uint8_t
        *order; /* [p + 1, stride]: rows by value, NaN last; kept up in nodes of 3 rows and more */
    uint8_t *rank; /* [p, stride] by row: equal values have equal ranks, in order */
} ambs_block;

/* Memory for growing, kept between fits. */
typedef struct ambs_grower {
    const ambs_forest_options *options;
    size_t n_tried;
    double *inverse; /* [n_inverse]: 1 / W */
    size_t n_inverse, inverse_capacity;
    uint32_t *features;   /* [p] permuted: the first n_tried are tried first */
    uint32_t *level_mask; /* room for two masks of the widest category */
    ambs_block block;
    bool has_vbmi2; /* the processor compresses bytes */
    /* of a fit: the columns (forest_columns.c) */
    uint32_t *sorted;  /* [p, n]: rows by value, NaN last */
    uint32_t *rank;    /* [p, n] in that order: dense rank, AMBS_RANK_NAN for a number's NaN */
    uint8_t *codes;    /* [n, stride]: which bin of the feature */
    uint32_t *n_codes; /* [p]: bins, without NaN */
    uint32_t (*code_cells)[AMBS_CODES][2]; /* [p]: least and greatest cell of a bin */
    uint64_t *keys;                        /* [2, n]: for sorting */
    size_t n, room; /* rows of the columns, rows that the arrays have room for */
    /* of a tree */
    ambs_sum *sums;              /* [n] */
    uint32_t *members;           /* [n]: rows by node */
    uint32_t *spare;             /* [n] */
    uint32_t *place;             /* [n]: block << 8 | place in the block */
    uint8_t *order, *block_rank; /* [p + 1, n], [p, n]: of all blocks */
    struct ambs_grow_task *tasks;
    size_t n_tasks, tasks_capacity;
    struct ambs_block_start *blocks;
    size_t n_blocks, blocks_capacity;
} ambs_grower;

typedef struct ambs_grow_task {
    uint32_t node, first, end; /* members[first … end-1] */
} ambs_grow_task;

typedef struct ambs_block_start {
    uint32_t node, first, m, filled, last_rank, rank;
} ambs_block_start;

int ambs_grower_init(ambs_grower *g, const ambs_forest_options *options, size_t p, ambs_error *err);
void ambs_grower_fini(ambs_grower *g);
/* Sorts and bins the columns of the rows. O(n p). */
int ambs_grower_columns(ambs_grower *g, const ambs_forest_rows *rows, ambs_error *err);
/* Grows an empty tree to its leaves on the columns' rows. O(n p log n). */
int ambs_grow_tree(ambs_grower *g, ambs_tree *tree, const ambs_forest_rows *rows, uint32_t *next,
                   ambs_error *err);
/* Splits the leaf anew, as far as its rows allow; one with more than AMBS_BLOCK rows stays whole
 * until the next fit. */
int ambs_grow_leaf(ambs_grower *g, ambs_tree *tree, const ambs_forest_rows *rows, uint32_t *next,
                   uint32_t leaf, ambs_error *err);

/* 1 / W for the total weights that will come up. */
int ambs_grower_inverse(ambs_grower *g, size_t total, ambs_error *err);
/* Grows below `node` on the block; links the rows of the leaves. */
int ambs_grow_block(ambs_grower *g, ambs_tree *tree, const ambs_forest_rows *rows, uint32_t *next,
                    uint32_t node, ambs_block *block, ambs_error *err);

/* A key for sorting that puts a number's NaN last. */
static inline uint32_t ambs_cell_key(uint32_t cell, bool is_number)
{
    return is_number ? cell - 1 : cell;
}

/* The level of a cell is there, and goes to `side`: masks for ambs_tree_split_category(). */
static inline void ambs_mark_level(uint32_t *mask, uint32_t *known, size_t n_levels, uint32_t cell,
                                   uint32_t side)
{
    size_t word = n_levels > AMBS_NARROW ? cell >> 5 : 0;
    uint32_t bit = n_levels > AMBS_NARROW ? 1u << (cell & 31) : cell;
    known[word] |= bit;
    mask[word] |= side ? bit : 0;
}

/* Chooses at random which n_tried of p features come first; returns where to start among them, so
 * that ties go to a random feature. */
static inline uint32_t ambs_grower_choose(const ambs_grower *g, ambs_tree *tree, size_t p)
{
    for (size_t last = p; last > g->n_tried; last--) {
        uint32_t i = ambs_tree_below(tree, (uint32_t)last), held = g->features[i];
        g->features[i] = g->features[last - 1];
        g->features[last - 1] = held;
    }
    return ambs_tree_below(tree, (uint32_t)(g->n_tried > 0 ? g->n_tried : 1));
}

/* The i-th feature to be tried. */
static inline uint32_t ambs_grower_feature(const ambs_grower *g, uint32_t start, size_t i)
{
    if (i >= g->n_tried) return g->features[i];
    size_t at = start + i;
    return g->features[at < g->n_tried ? at : at - g->n_tried];
}

/* The rows of a category by level, or by code. */
typedef struct ambs_level_groups {
    double s[AMBS_CODES];
    uint64_t w[AMBS_CODES];
    uint32_t n[AMBS_CODES], which[AMBS_CODES];
} ambs_level_groups;

#define AMBS_NO_LOW     UINT32_MAX
#define AMBS_NO_FEATURE UINT32_MAX

/* A cut of a node in two. */
typedef struct ambs_cut {
    double worth; /* below 0: none was found yet */
    uint32_t feature;
    uint32_t low, high; /* number: next to the gap, a code or a row of the block; low is AMBS_NO_LOW
                           where only NaN is on the low side */
    bool nan_is_low;
    uint32_t side1[AMBS_CODES / 32]; /* category: the groups on side 1 */
} ambs_cut;

/* The best cut of n >= 2 groups in order of their means; raises *cut. */
void ambs_cut_levels(const ambs_grower *g, const ambs_level_groups *groups, uint32_t n,
                     uint32_t feature, ambs_cut *cut);

#endif
