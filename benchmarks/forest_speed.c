/* SPDX-License-Identifier: MIT */
/* Times the random forest on a data file; forest_speed.py makes the files, runs this and
 * scikit-learn on them, and prints the ratios.
 *
 *   forest_speed DATA RESULT TREES REPEATS
 * DATA: int64 n, m, p; int64 n_levels [p] (0: a number); double x [n, p], y [n], candidates [m, p].
 * RESULT: double CPU seconds of a fit and of a prediction of mean and sd (the fastest), of an
 * append and of a replace (means over 64), mean [m], sd [m]. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "surrogate/forest.h"

#define LIES 64

typedef struct data {
    int64_t n, m, p;
    double *x, *y, *candidates;
    ambs_feature *features;
} data;

static void die(const char *what)
{
    fprintf(stderr, "forest_speed: %s\n", what);
    exit(1);
}

static void *read_block(FILE *file, size_t count, size_t size)
{
    void *block = calloc(count + 1, size);
    if (!block || fread(block, size, count, file) != count) die("the data file is too short");
    return block;
}

static data read_data(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file) die(strerror(errno));
    int64_t *head = read_block(file, 3, sizeof *head);
    data d = {.n = head[0], .m = head[1], .p = head[2]};
    int64_t *levels = read_block(file, (size_t)d.p, sizeof *levels);
    d.features = calloc((size_t)d.p, sizeof *d.features);
    for (int64_t f = 0; f < d.p; f++)
        d.features[f] =
            (ambs_feature){.kind = levels[f] > 0 ? AMBS_FEATURE_CATEGORICAL : AMBS_FEATURE_NUMERIC,
                           .parameter = (size_t)f,
                           .n_levels = (size_t)levels[f],
                           .may_be_inactive = true};
    d.x = read_block(file, (size_t)(d.n * d.p), sizeof(double));
    d.y = read_block(file, (size_t)d.n, sizeof(double));
    d.candidates = read_block(file, (size_t)(d.m * d.p), sizeof(double));
    free(levels);
    free(head);
    fclose(file);
    return d;
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

int main(int argc, char **argv)
{
    if (argc != 5) die("expected DATA RESULT TREES REPEATS");
    data d = read_data(argv[1]);
    int repeats = atoi(argv[4]);
    const ambs_surrogate_ops *ops;
    ambs_error err;
    check(ambs_surrogate_find("forest", &ops, &err), &err);
    ambs_forest_options options = {0};
    check(ambs_options_init(ops->member.options, &options, &err), &err);
    check(ambs_options_set(ops->member.options, &options, "trees", argv[3], &err), &err);
    void *state = calloc(1, ops->state_size);
    double *mean = calloc((size_t)d.m, sizeof *mean), *sd = calloc((size_t)d.m, sizeof *sd);
    double fastest_fit = INFINITY, fastest_prediction = INFINITY;
    if (!state || !mean || !sd || repeats < 1) die("nothing to do");
    check(ops->init(state, &options, (size_t)d.p, d.features, 1, &err), &err);
    for (int i = 0; i < repeats; i++) {
        double start = cpu_s();
        check(ops->fit(state, (size_t)d.n, d.x, d.y, (uint64_t)i, &err), &err);
        double fitted = cpu_s();
        check(ops->predict(state, (size_t)d.m, d.candidates, mean, sd, &err), &err);
        fastest_fit = fmin(fastest_fit, fitted - start);
        fastest_prediction = fmin(fastest_prediction, cpu_s() - fitted);
    }
    double start = cpu_s();
    for (int i = 0; i < LIES; i++) {
        int64_t k = i % d.m;
        check(ops->append(state, d.candidates + k * d.p, mean[k], &err), &err);
    }
    double appended = cpu_s();
    for (int i = 0; i < LIES; i++)
        check(ops->replace(state, (size_t)d.n + (size_t)i, mean[i % d.m] + 0.1, &err), &err);
    double replaced = cpu_s();
    double seconds[4] = {fastest_fit, fastest_prediction, (appended - start) / LIES,
                         (replaced - appended) / LIES};
    FILE *file = fopen(argv[2], "wb");
    if (!file || fwrite(seconds, sizeof seconds, 1, file) != 1 ||
        fwrite(mean, sizeof *mean, (size_t)d.m, file) != (size_t)d.m ||
        fwrite(sd, sizeof *sd, (size_t)d.m, file) != (size_t)d.m || fclose(file) != 0)
        die("the result could not be written");
    ops->fini(state);
    return 0;
}
