/* SPDX-License-Identifier: MIT */
/* Times the Gaussian process on a data file; gp_speed.py makes the files, runs this and scikit-learn
 * on them, and prints the ratios.
 *
 *   gp_speed DATA RESULT HYPERPARAMETERS FIT_ROWS REPEATS
 * DATA: int64 n, m, p; double x [n, p], y [n], candidates [m, p], all numbers of the unit interval.
 * RESULT: double CPU seconds (the fastest) of a fit with hyperparameters, of an append followed by
 * the means of all candidates and the sds of the first 512, of 16 gradients; 1 / l² [p], the
 * variances of signal and noise; mean [m], sd [512]. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "surrogate/gp.h"

#define SDS 512

static void die(const char *what)
{
    fprintf(stderr, "gp_speed: %s\n", what);
    exit(1);
}

static void *read_block(FILE *file, size_t count, size_t size)
{
    void *block = calloc(count + 1, size);
    if (!block || fread(block, size, count, file) != count) die("the data file is too short");
    return block;
}

/* Of this process: other programs on the machine disturb it least. */
static double cpu_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static void check(int rc, const ambs_error *err)
{
    if (rc != AMBS_OK) die(err->text);
}

static void write_block(FILE *file, const double *block, size_t n)
{
    if (fwrite(block, sizeof *block, n, file) != n) die("the result could not be written");
}

int main(int argc, char **argv)
{
    if (argc != 6) die("expected DATA RESULT HYPERPARAMETERS FIT_ROWS REPEATS");
    FILE *file = fopen(argv[1], "rb");
    if (!file) die(strerror(errno));
    int64_t *head = read_block(file, 3, sizeof *head);
    size_t n = (size_t)head[0], m = (size_t)head[1], p = (size_t)head[2];
    double *x = read_block(file, n * p, sizeof *x), *y = read_block(file, n, sizeof *y),
           *candidates = read_block(file, m * p, sizeof *x);
    fclose(file);
    if (m < SDS) die("expected 512 candidates or more");
    const ambs_surrogate_ops *ops;
    ambs_error err;
    check(ambs_surrogate_find("gp", &ops, &err), &err);
    void *options = calloc(1, ops->member.options_size), *state = calloc(1, ops->state_size);
    check(ambs_options_init(ops->member.options, options, &err), &err);
    check(ambs_options_set(ops->member.options, options, "hyperparameters", argv[3], &err), &err);
    check(ambs_options_set(ops->member.options, options, "fit_rows", argv[4], &err), &err);
    ambs_feature *features = calloc(p, sizeof *features);
    check(ops->init(state, options, p, features, 1, &err), &err);
    double *mean = calloc(m, sizeof *mean), *sd = calloc(m, sizeof *sd),
           *slopes = calloc(2 * AMBS_SURROGATE_MAX_CLIMBS * p, sizeof *slopes);
    double seconds[3] = {INFINITY, INFINITY, INFINITY}, few[SDS];
    for (int i = 0; i < atoi(argv[5]); i++) {
        double start = cpu_s();
        check(ops->fit(state, n, x, y, 1, &err), &err);
        double fitted = cpu_s();
        check(ops->append(state, candidates, y[0], &err), &err);
        check(ops->predict(state, m, candidates, mean, NULL, &err), &err);
        check(ops->predict(state, SDS, candidates, few, sd, &err), &err);
        double predicted = cpu_s();
        check(ops->gradient(state, AMBS_SURROGATE_MAX_CLIMBS, candidates, few, few + 16, slopes,
                            slopes + AMBS_SURROGATE_MAX_CLIMBS * p, &err),
              &err);
        seconds[0] = fmin(seconds[0], fitted - start);
        seconds[1] = fmin(seconds[1], predicted - fitted);
        seconds[2] = fmin(seconds[2], cpu_s() - predicted);
    }
    check(ops->fit(state, n, x, y, 1, &err), &err);
    check(ops->predict(state, m, candidates, mean, NULL, &err), &err);
    check(ops->predict(state, SDS, candidates, few, sd, &err), &err);
    file = fopen(argv[2], "wb");
    if (!file) die(strerror(errno));
    write_block(file, seconds, 3);
    const ambs_gp_kernel *kernel = &ambs_gp_of_surrogate(state)->kernel;
    write_block(file, kernel->weight, p);
    write_block(file, &kernel->signal, 1);
    write_block(file, &kernel->noise, 1);
    write_block(file, mean, m);
    write_block(file, sd, SDS);
    if (fclose(file) != 0) die("the result could not be written");
    ops->fini(state);
    return 0;
}
