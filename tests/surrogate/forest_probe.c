/* SPDX-License-Identifier: MIT */
/* Extra trees for check_extra_trees.py: reads n m p, x [n, p], y [n], candidates [m, p] as numbers,
 * all features numeric, and prints mean and sd of each candidate. */
#include <stdio.h>
#include <stdlib.h>

#include "surrogate/surrogate.h"

extern const ambs_surrogate_ops ambs_surrogate_extra_trees;

static double *read_numbers(size_t n)
{
    double *numbers = calloc(n + 1, sizeof *numbers);
    for (size_t i = 0; i < n; i++)
        if (scanf("%lf", &numbers[i]) != 1) exit(2);
    return numbers;
}

int main(void)
{
    const ambs_surrogate_ops *ops = &ambs_surrogate_extra_trees;
    double *head = read_numbers(3);
    size_t n = (size_t)head[0], m = (size_t)head[1], p = (size_t)head[2];
    double *x = read_numbers(n * p), *y = read_numbers(n), *candidates = read_numbers(m * p),
           *mean = calloc(m, sizeof *mean), *sd = calloc(m, sizeof *sd);
    ambs_feature *features = calloc(p, sizeof *features); /* numeric, always active */
    void *options = calloc(1, ops->member.options_size), *state = calloc(1, ops->state_size);
    int rc = ambs_options_init(ops->member.options, options, NULL);
    if (rc == AMBS_OK) rc = ambs_options_set(ops->member.options, options, "trees", "100", NULL);
    if (rc == AMBS_OK) rc = ops->init(state, options, p, features, 1, NULL);
    if (rc == AMBS_OK) rc = ops->fit(state, n, x, y, 1, NULL);
    if (rc == AMBS_OK) rc = ops->predict(state, m, candidates, mean, sd, NULL);
    for (size_t i = 0; rc == AMBS_OK && i < m; i++) printf("%.17g %.17g\n", mean[i], sd[i]);
    ops->fini(state);
    double *const arrays[] = {head, x, y, candidates, mean, sd};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) free(arrays[i]);
    free(features);
    free(options);
    free(state);
    return rc == AMBS_OK ? 0 : 1;
}
