/* SPDX-License-Identifier: MIT */
/* The exact Gaussian process (Rasmussen and Williams 2006, algorithm 2.1) with constant or linear mean,
 * noise and a lengthscale for each parameter; the posterior is
 *   μ* = m + k*ᵀ (K + σ²I)⁻¹ (y - m),  σ*² = s² - k*ᵀ (K + σ²I)⁻¹ k*
 * by the Cholesky factor, without an inverse. gp_kernel.h tells how categories and inactive
 * parameters are compared, gp_fit.c how the hyperparameters are found.
 *
 * A fit finds hyperparameters from its rows, the seed and the generation alone: nothing is carried
 * over from fit to fit, so a study that is resumed, which fits once, goes on with the same bits. To
 * keep that affordable, starts are explored on 64 rows and the best is polished on fit_rows; all
 * rows are in the factor. Between fits rows are appended, replaced and removed with the
 * hyperparameters, the mean and the scale of the last fit.
 *
 * Cost: a fit about 20 min(n, fit_rows)³ + n³/3 operations, a change of a row 3 n², a candidate's
 * mean n (T + 20) and its sd n². Memory 8 n² bytes, and twice 8 fit_rows² during a fit. */
#include "surrogate/gp.h"

#include <stdlib.h>

#include "base/memory.h"

typedef struct gp_options {
    int kernel, categories, mean, warp;
    int hyperparameters;
    long long starts, fit_rows;
} gp_options;

typedef struct gp_state {
    const gp_options *options;
    uint64_t seed;
    double *theta;
    ambs_gp gp;
} state;

#define FIELD(name) offsetof(gp_options, name)

enum { BY_MAP, BY_LIKELIHOOD };
static const char *const ways[] = {"map", "likelihood", NULL};
enum { HAMMING, ONEHOT };
static const char *const codings[] = {"hamming", "onehot", NULL};
enum { CONSTANT, LINEAR };
static const char *const means[] = {"constant", "linear", NULL};
enum { NOT_WARPED, KUMARASWAMY };
static const char *const warps[] = {"none", "kumaraswamy", NULL};

static const ambs_option option_table[] = {
    {"kernel", AMBS_OPTION_CHOICE, FIELD(kernel), "matern52", 1, 0, ambs_gp_shape_names,
     "how the covariance falls off with the distance"},
    {"categories", AMBS_OPTION_CHOICE, FIELD(categories), "hamming", 1, 0, codings,
     "a lengthscale for each category, or for each of its levels"},
    {"mean", AMBS_OPTION_CHOICE, FIELD(mean), "constant", 1, 0, means,
     "what is expected far from all results"},
    {"warp", AMBS_OPTION_CHOICE, FIELD(warp), "none", 1, 0, warps,
     "of the numbers: learned, where the objective varies more at one end of a range"},
    {"hyperparameters", AMBS_OPTION_CHOICE, FIELD(hyperparameters), "map", 1, 0, ways,
     "what decides them: the posterior density, or the likelihood alone"},
    {"starts", AMBS_OPTION_INT, FIELD(starts), "4", 1, 1000, NULL,
     "searches for the hyperparameters, from different points"},
    {"fit_rows", AMBS_OPTION_INT, FIELD(fit_rows), "400", 2, 1e5, NULL,
     "the hyperparameters are learned from at most so many rows"},
    {NULL},
};

static void fini(void *memory)
{
    state *s = memory;
    ambs_gp_fini(&s->gp);
    free(s->theta);
}

static int init(void *memory, const void *options, size_t p, const ambs_feature *features,
                uint64_t seed, ambs_error *err)
{
    state *s = memory;
    s->options = options;
    s->seed = seed;
    const ambs_gp_settings settings = {.shape = (ambs_gp_shape)s->options->kernel,
                                       .onehot = s->options->categories == ONEHOT,
                                       .linear = s->options->mean == LINEAR,
                                       .warp = s->options->warp == KUMARASWAMY};
    int rc = ambs_gp_init(&s->gp, &settings, p, features, err);
    if (rc == AMBS_OK) {
        s->theta = ambs_calloc(ambs_gp_n_theta(&s->gp.kernel), sizeof *s->theta, err);
        rc = s->theta ? AMBS_OK : AMBS_E_NOMEM;
    }
    if (rc != AMBS_OK) fini(s);
    return rc;
}

const ambs_gp *ambs_gp_of_surrogate(const void *memory)
{
    return &((const state *)memory)->gp;
}

static int fit(void *memory, size_t n, const double *x, const double *y, uint64_t generation,
               ambs_error *err)
{
    state *s = memory;
    int rc = ambs_gp_take_rows(&s->gp, n, x, y, err);
    if (rc != AMBS_OK) return rc;
    const ambs_gp_sample sample = ambs_gp_rows(&s->gp);
    const ambs_gp_search search = {
        .kernel = &s->gp.kernel,
        .n_starts = (size_t)s->options->starts,
        .max_rows = (size_t)s->options->fit_rows,
        .no_prior = s->options->hyperparameters == BY_LIKELIHOOD,
        .key = ambs_mix64(s->seed + ambs_mix64(generation + AMBS_PURPOSE_SURROGATE)),
    };
    rc = ambs_gp_find_theta(&search, &sample, s->theta, err);
    return rc == AMBS_OK ? ambs_gp_set_theta(&s->gp, s->theta, err) : rc;
}

static int append(void *memory, const double *row, double y, ambs_error *err)
{
    state *s = memory;
    return ambs_gp_append(&s->gp, row, y, err);
}

static int replace(void *memory, size_t row, double y, ambs_error *err)
{
    (void)err;
    state *s = memory;
    ambs_gp_replace(&s->gp, row, y);
    return AMBS_OK;
}

static int remove_row(void *memory, size_t row, ambs_error *err)
{
    (void)err;
    state *s = memory;
    ambs_gp_remove(&s->gp, row);
    return AMBS_OK;
}

static int predict(const void *memory, size_t m, const double *x, double *ret_mean, double *ret_sd,
                   ambs_error *err)
{
    (void)err;
    const state *s = memory;
    ambs_gp_predict(&s->gp, m, x, ret_mean, ret_sd);
    return AMBS_OK;
}

static int screen(const void *memory, size_t m, const double *x, double *ret_mean,
                  double *ret_sd_bound, ambs_error *err)
{
    (void)err;
    const state *s = memory;
    ambs_gp_screen(&s->gp, m, x, ret_mean, ret_sd_bound);
    return AMBS_OK;
}

static int gradient(const void *memory, size_t m, const double *x, double *ret_mean, double *ret_sd,
                    double *ret_mean_slopes, double *ret_sd_slopes, ambs_error *err)
{
    (void)err;
    const state *s = memory;
    ambs_gp_gradient(&s->gp, m, x, ret_mean, ret_sd, ret_mean_slopes, ret_sd_slopes);
    return AMBS_OK;
}

static double out_of_sample_error(const void *memory)
{
    const state *s = memory;
    return ambs_gp_leave_one_out(&s->gp, NULL, NULL);
}

static int leave_one_out(const void *memory, double *ret_mean, double *ret_sd, ambs_error *err)
{
    (void)err;
    const state *s = memory;
    ambs_gp_leave_one_out(&s->gp, ret_mean, ret_sd);
    return AMBS_OK;
}

const ambs_surrogate_ops ambs_surrogate_gp = {
    .member = {"gp", "exact Gaussian process with a lengthscale for each parameter", option_table,
               sizeof(gp_options)},
    .encoding = AMBS_ENCODING_LEVELS,
    .state_size = sizeof(state),
    .lies_apart = true, /* points that the model put where it expects them speak for no noise */
    .init = init,
    .fini = fini,
    .fit = fit,
    .append = append,
    .replace = replace,
    .remove = remove_row,
    .predict = predict,
    .screen = screen,
    .gradient = gradient,
    .out_of_sample_error = out_of_sample_error,
    .leave_one_out = leave_one_out,
};
