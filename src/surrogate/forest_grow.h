/* SPDX-License-Identifier: MIT */
/* How the forest's trees grow; see forest_grow.c. */
#ifndef AMBS_SURROGATE_FOREST_GROW_H
#define AMBS_SURROGATE_FOREST_GROW_H

#include "surrogate/forest_tree.h"

#define AMBS_LANES      16
#define AMBS_LEAF_LIMIT 256 /* rows of a leaf that is split anew when a row comes */

/* A group of lanes: one number of a row for each of 16 features. Arrays of them are aligned. */
typedef int32_t ambs_ints __attribute__((vector_size(4 * AMBS_LANES)));

/* The lanes: one for each feature in order, then a second one for each number that was NaN in a row
 * of the fit, where NaN is the least. */
typedef struct ambs_lanes {
    size_t n, n_groups, capacity;
    int32_t *feature;     /* [n_groups, AMBS_LANES]; -1: the lane is not used */
    int32_t *is_category; /* [n_groups, AMBS_LANES]: 0 or -1 */
} ambs_lanes;

/* The rows of a tree's nodes, each node's side by side. */
typedef struct ambs_node_rows {
    ambs_ints *key; /* [n_groups, room] */
    double *y;      /* [room] */
    int32_t *w;     /* [room]: how often the row counts */
    uint32_t *row;  /* [room] */
} ambs_node_rows;

typedef struct ambs_grow_task {
    uint32_t node, first, end, copy; /* rows first … end-1 of that copy */
} ambs_grow_task;

/* Memory for growing, kept between fits. */
typedef struct ambs_grower {
    const ambs_forest_options *options;
    size_t p, n_tried;
    bool at_random;     /* one cut at random of each feature, instead of the best */
    int vector_bits;    /* base/clones.h */
    uint32_t *features; /* [p] permuted: the first n_tried are tried first */
    ambs_lanes lanes;
    size_t room, vectors_capacity; /* rows and vectors that the arrays have room for */
    void *vectors;                 /* of key, copy[].key and ranked */
    ambs_ints *key;                /* [n_groups, room]: of the fit's rows */
    ambs_node_rows copy[2];        /* a node's children are in the other copy */
    ambs_ints *ranked;             /* [room]: keys with the levels' means */
    int32_t *v;                    /* [room]: deviations, see forest_grow.c */
    uint8_t *side;                 /* [room] */
    int32_t *level_s, *level_w;    /* [widest category + 1], 0 between uses */
    uint32_t *level_mask;          /* room for two masks of the widest category */
    ambs_grow_task *tasks;
    size_t n_tasks, tasks_capacity;
} ambs_grower;

int ambs_grower_init(ambs_grower *g, const ambs_forest_options *options,
                     const ambs_forest_rows *rows, ambs_error *err);
void ambs_grower_fini(ambs_grower *g);
/* Makes the rows' keys. O(n p). */
int ambs_grower_columns(ambs_grower *g, const ambs_forest_rows *rows, ambs_error *err);
/* The keys of a row go to key[group * stride]. */
void ambs_grower_keys(const ambs_grower *g, const ambs_forest_rows *rows, size_t row, size_t stride,
                      ambs_ints *ret_key);
/* Grows an empty tree to its leaves on all rows. O(n p log n). */
int ambs_grow_tree(ambs_grower *g, ambs_tree *tree, const ambs_forest_rows *rows, uint32_t *next,
                   ambs_error *err);
/* Splits the leaf anew, as far as its rows allow; one with more than AMBS_LEAF_LIMIT rows stays
 * whole until the next fit. */
int ambs_grow_leaf(ambs_grower *g, ambs_tree *tree, const ambs_forest_rows *rows, uint32_t *next,
                   uint32_t leaf, ambs_error *err);

/* Does the grower's tasks. The others are for processors with AVX2, and with AVX-512 F, BW, DQ and
 * VL. */
int ambs_grow_tasks(ambs_grower *g, ambs_tree *tree, const ambs_forest_rows *rows, uint32_t *next,
                    ambs_error *err);
int ambs_grow_tasks_avx2(ambs_grower *g, ambs_tree *tree, const ambs_forest_rows *rows,
                         uint32_t *next, ambs_error *err);
int ambs_grow_tasks_avx512(ambs_grower *g, ambs_tree *tree, const ambs_forest_rows *rows,
                           uint32_t *next, ambs_error *err);

#endif
