/* SPDX-License-Identifier: MIT */
/* A Gaussian process with given hyperparameters, for check_gp.py: reads
 *   shape n m p, theta [p + 2], x [n, p], y [n], candidates [m, p]
 * as numbers and prints the log marginal likelihood of the standardised y, then mean and sd of each
 * candidate. */
#include <stdio.h>
#include <stdlib.h>

#include "surrogate/gp.h"

static double *read_numbers(size_t n)
{
    double *numbers = calloc(n + 1, sizeof *numbers);
    for (size_t i = 0; i < n; i++)
        if (scanf("%lf", &numbers[i]) != 1) exit(2);
    return numbers;
}

int main(void)
{
    double *head = read_numbers(4);
    size_t n = (size_t)head[1], m = (size_t)head[2], p = (size_t)head[3];
    double *theta = read_numbers(p + 2), *x = read_numbers(n * p), *y = read_numbers(n),
           *candidates = read_numbers(m * p), *mean = calloc(m, sizeof *mean),
           *sd = calloc(m, sizeof *sd), *work = calloc(ambs_gp_likelihood_work(n), sizeof *work);
    ambs_feature *features = calloc(p, sizeof *features); /* numeric, always active */
    ambs_gp gp = {0};
    ambs_error err;
    int rc =
        ambs_gp_init(&gp, &(ambs_gp_settings){.shape = (ambs_gp_shape)head[0]}, p, features, &err);
    if (rc == AMBS_OK) rc = ambs_gp_take_rows(&gp, n, x, y, &err);
    if (rc == AMBS_OK) rc = ambs_gp_set_theta(&gp, theta, &err);
    if (rc == AMBS_OK) {
        ambs_gp_sample sample = ambs_gp_rows(&gp);
        ambs_gp_predict(&gp, m, candidates, mean, sd);
        printf("%.17g\n", ambs_gp_log_likelihood(&gp.kernel, &sample, work, NULL));
        for (size_t i = 0; i < m; i++) printf("%.17g %.17g\n", mean[i], sd[i]);
    } else {
        fprintf(stderr, "gp_probe: %s\n", err.text);
    }
    double *const arrays[] = {head, theta, x, y, candidates, mean, sd, work};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) free(arrays[i]);
    ambs_gp_fini(&gp);
    free(features);
    return rc == AMBS_OK ? 0 : 1;
}
