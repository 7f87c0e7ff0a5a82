/* SPDX-License-Identifier: MIT */
/* Epochs per second of the mlp on the digits, and the share of that time which the matrix products
 * alone take (the same calls of sgemm without anything round them): the limit that BLAS sets.
 * train_mlp.py runs this and scikit-learn's MLPClassifier side by side.
 *
 * bench_train_mlp LAYERS UNITS BATCH EPOCHS   prints one line of names and values */
#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/memory.h"
#include "train/mlp.h"

static double run_epochs(const ambs_dataset *data, const ambs_split *split, void *options,
                         long epochs)
{
    const ambs_trainer_ops *mlp = ambs_trainer_find("mlp", NULL);
    ambs_scaler scaler;
    void *state;
    double loss, start;
    if (ambs_scaler_fit(data, split->train, split->n_train, AMBS_SCALING_STANDARD, &scaler, NULL))
        return -1;
    const ambs_train_task task = {.data = data, .split = split, .scaler = &scaler, .seed = 1};
    if (mlp->create(options, &task, &state, NULL) != 0) return -1;
    mlp->epoch(state, &loss, NULL); /* warm */
    start = ambs_clock_monotonic_s();
    for (long e = 0; e < epochs; e++) mlp->epoch(state, &loss, NULL);
    const double taken = ambs_clock_monotonic_s() - start;
    mlp->destroy(state);
    ambs_scaler_fini(&scaler);
    return taken;
}

/* The three products of each layer for one minibatch of n rows (two for the first: nothing is
 * below). */
static void products(const ambs_network_shape *shape, size_t n, const float *a, const float *w,
                     float *out)
{
    for (size_t l = 0; l < shape->n_layers; l++) {
        const int rows = (int)n, in = (int)shape->size[l], units = (int)shape->size[l + 1];
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, rows, units, in, 1, a, in, w, units,
                    1, out, units);
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, in, units, rows, 1, a, in, w, units, 0,
                    out, units);
        if (l > 0)
            cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, in, units, 1, a, units, w,
                        units, 0, out, in);
    }
}

static double run_products(const ambs_network_shape *shape, size_t n_rows, size_t batch,
                           long epochs)
{
    const size_t room = 1 << 22; /* more than any operand here */
    float *a = ambs_calloc(room, sizeof *a, NULL), *w = ambs_calloc(room, sizeof *w, NULL);
    float *out = ambs_calloc(room, sizeof *out, NULL);
    double taken = -1;
    if (a && w && out) {
        for (size_t i = 0; i < room; i++) a[i] = w[i] = 1e-3f;
        const double start = ambs_clock_monotonic_s();
        for (long e = 0; e < epochs; e++)
            for (size_t at = 0; at < n_rows; at += batch)
                products(shape, n_rows - at < batch ? n_rows - at : batch, a, w, out);
        taken = ambs_clock_monotonic_s() - start;
    }
    free(a);
    free(w);
    free(out);
    return taken;
}

int main(int argc, char **argv)
{
    ambs_error err = {0};
    ambs_dataset *data;
    ambs_mlp_options o = {0};
    static const char *const names[] = {"layers", "units", "batch"};
    if (argc != 5) {
        fprintf(stderr, "usage: bench_train_mlp LAYERS UNITS BATCH EPOCHS\n");
        return 2;
    }
    int rc = ambs_dataset_read("share:digits", NULL, &data, &err);
    if (rc == 0) rc = ambs_options_init(ambs_mlp_option_table, &o, &err);
    for (int i = 0; i < 3 && rc == 0; i++)
        rc = ambs_options_set(ambs_mlp_option_table, &o, names[i], argv[1 + i], &err);
    if (rc != 0) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    const long epochs = strtol(argv[4], NULL, 10);
    size_t *rows = ambs_calloc(data->n, sizeof *rows, NULL);
    if (!rows) return 1;
    for (size_t i = 0; i < data->n; i++) rows[i] = i;
    const ambs_split all = {.rows = rows, .train = rows, .n_train = data->n};
    ambs_network_shape shape;
    ambs_mlp_shape(&o, data, &shape);
    const double taken = run_epochs(data, &all, &o, epochs);
    const double limit = run_products(&shape, data->n, (size_t)o.batch, epochs);
    printf("epochs_per_s %.2f sgemm_share %.3f\n", (double)epochs / taken, limit / taken);
    free(rows);
    ambs_options_fini(ambs_mlp_option_table, &o);
    ambs_dataset_destroy(data);
    return 0;
}
