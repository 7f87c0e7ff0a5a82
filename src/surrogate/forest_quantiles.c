/* SPDX-License-Identifier: MIT */
/* Quantile regression forests (Meinshausen 2006, jmlr.org/papers/v7/meinshausen06a.html): a tree
 * gives each row of the candidate's leaf its share of the leaf, and the mean of the shares over the
 * trees is a distribution of the results there. Half the width of its middle 68 % is the sd, as it
 * is of a normal distribution; it heeds neither outliers nor how far they lie.
 *
 * The distribution function steps at each result; between the middles of the steps it is taken to
 * be straight. */
#include "surrogate/forest_quantiles.h"

#include <math.h>
#include <stdlib.h>

#include "base/memory.h"
#include "surrogate/forest_predict.h"

/* Phi(1) */
static const double upper = 0.84134474606854294859;

int ambs_forest_quantiles_reserve(ambs_forest_quantiles *q, size_t n, ambs_error *err)
{
    size_t had = q->share_capacity;
    int rc = ambs_reserve(&q->share, &q->share_capacity, n, sizeof *q->share, err);
    if (rc != AMBS_OK) return rc;
    memset(q->share + had, 0, (q->share_capacity - had) * sizeof *q->share);
    return ambs_reserve(&q->found, &q->found_capacity, n, sizeof *q->found, err);
}

void ambs_forest_quantiles_fini(ambs_forest_quantiles *q)
{
    free(q->share);
    free(q->found);
}

static void sift(const double *y, uint32_t *found, size_t at, size_t n)
{
    uint32_t moving = found[at];
    for (size_t child; (child = 2 * at + 1) < n; at = child) {
        child += child + 1 < n && y[found[child + 1]] > y[found[child]];
        if (!(y[found[child]] > y[moving])) break;
        found[at] = found[child];
    }
    found[at] = moving;
}

/* By their results, least first: heap sort, since a comparison needs y. */
static void sort(const double *y, uint32_t *found, size_t n)
{
    for (size_t i = n / 2; i-- > 0;) sift(y, found, i, n);
    for (size_t end = n; end-- > 1;) {
        uint32_t last = found[end];
        found[end] = found[0];
        found[0] = last;
        sift(y, found, 0, end);
    }
}

/* The result below which the share `level` lies; found [k] is sorted. */
static double quantile(const ambs_forest_quantiles *q, const double *y, size_t k, double level)
{
    double before = 0, last_middle = 0, last_y = y[q->found[0]];
    for (size_t i = 0; i < k; i++) {
        double share = q->share[q->found[i]], middle = before + 0.5 * share, value = y[q->found[i]];
        if (middle >= level)
            return i == 0
                       ? value
                       : last_y + (level - last_middle) / (middle - last_middle) * (value - last_y);
        before += share;
        last_middle = middle;
        last_y = value;
    }
    return last_y;
}

/* Gives the rows of the leaf their shares; returns how many rows have one. */
static size_t add_leaf(const ambs_forest_quantiles *q, const ambs_tree *tree,
                       const ambs_forest_rows *rows, const uint32_t *next, uint32_t leaf,
                       double of_tree, size_t k)
{
    double weight = 0;
    for (uint32_t r = tree->heads[leaf]; r != AMBS_NO_ROW; r = next[r])
        weight += ambs_tree_weight(tree, rows, r);
    for (uint32_t r = tree->heads[leaf]; r != AMBS_NO_ROW; r = next[r]) {
        if (q->share[r] == 0) q->found[k++] = r;
        q->share[r] += of_tree * ambs_tree_weight(tree, rows, r) / weight;
    }
    return k;
}

static double sd_of(const ambs_forest_quantiles *q, const double *y, size_t k)
{
    if (k == 0) return 0;
    sort(y, q->found, k);
    double sum = 0;
    for (size_t i = 0; i < k; i++) sum += q->share[q->found[i]]; /* a leaf may have lost its rows */
    double high = quantile(q, y, k, upper * sum), low = quantile(q, y, k, (1 - upper) * sum);
    return 0.5 * (high - low);
}

void ambs_forest_quantiles_sd(const ambs_forest_quantiles *q, const ambs_forest_rows *rows,
                              const ambs_tree *trees, size_t n_trees, size_t m, const double *x,
                              uint32_t *cells, double *ret_sd)
{
    for (size_t i = 0; i < m; i++) {
        size_t k = 0;
        ambs_forest_encode(rows, x + i * rows->p, cells);
        for (size_t t = 0; t < n_trees; t++)
            k = add_leaf(q, &trees[t], rows, rows->next + t * rows->next_stride,
                         ambs_tree_find(&trees[t], rows, cells, NULL), 1 / (double)n_trees, k);
        double sd = sd_of(q, rows->y, k);
        ret_sd[i] = fmax(sd, sqrt(AMBS_FOREST_VARIANCE_FLOOR));
        for (size_t j = 0; j < k; j++) q->share[q->found[j]] = 0;
    }
}

double ambs_forest_leaf_draw(const ambs_tree *tree, const ambs_forest_rows *rows,
                             const uint32_t *next, uint32_t leaf, double u)
{
    double weight = 0, y = tree->leaves[leaf].mean;
    for (uint32_t r = tree->heads[leaf]; r != AMBS_NO_ROW; r = next[r])
        weight += ambs_tree_weight(tree, rows, r);
    double left = u * weight;
    for (uint32_t r = tree->heads[leaf]; r != AMBS_NO_ROW && left >= 0; r = next[r]) {
        y = rows->y[r];
        left -= ambs_tree_weight(tree, rows, r);
    }
    return y;
}
