/* SPDX-License-Identifier: MIT */
/* The exact Gaussian process (Rasmussen and Williams 2006, algorithm 2.1) with constant or linear mean,
 * noise and a lengthscale for each parameter; the posterior is
 *   μ* = m + k*ᵀ (K + σ²I)⁻¹ (y - m),  σ*² = s² - k*ᵀ (K + σ²I)⁻¹ k*
 * by the Cholesky factor, without an inverse. A row that is the mean of n_i evaluations has σ²/n_i in
 * the place of σ²: the posterior is that of all of them. gp_kernel.h tells how categories and inactive
 * parameters are compared, gp_fit.c how the hyperparameters are found.
 *
 * A fit finds hyperparameters from its rows, the seed and the generation alone: nothing is carried
 * over from fit to fit, so a study that is resumed, which fits once, goes on with the same bits. To
 * keep that affordable, starts are explored on 64 rows and the best is polished on fit_rows; all
 * rows are in the factor. Between fits rows are appended, replaced and removed with the
 * hyperparameters, the mean and the scale of the last fit.
 *
 * With hyperparameters by mcmc there is a process for each draw; out-of-sample errors are those of
 * the first.
 *
 * A process of many rows may have its factor made by an engine (gp_engine.h), and the likelihood of many rows, too.
 *
 * Cost, for each process: a fit about 15 min(n, fit_rows)³ + n³/3 operations, a change of a row 3 n², a candidate's
 * mean n (T + 20) and its sd n². Memory 8 n² bytes, and twice 8 fit_rows² during a fit. */
#include "surrogate/gp.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "surrogate/gp_path.h"

typedef struct gp_options {
    int kernel, categories, mean, warp;
    int hyperparameters;
    long long starts, fit_rows, samples;
} gp_options;

typedef struct gp_state {
    const gp_options *options;
    uint64_t seed;
    double *theta;                /* [n_samples, size] */
    size_t n_samples;             /* of the hyperparameters; each has a process of its own */
    ambs_gp *gps;                 /* [n_samples] */
    const ambs_gp_engine *engine; /* NULL: everything is computed here */
    ambs_gp_path path;
    size_t path_of; /* the process it was drawn from */
} state;

#define FIELD(name) offsetof(gp_options, name)

enum { BY_MAP, BY_LIKELIHOOD, BY_MCMC };
static const char *const ways[] = {"map", "likelihood", "mcmc", NULL};
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
     "map: the largest posterior density decides them; likelihood: without their prior; mcmc: they "
     "are drawn by slice sampling, and acquisition values averaged over the draws"},
    {"samples", AMBS_OPTION_INT, FIELD(samples), "8", 1, 1000, NULL,
     "draws of the hyperparameters by mcmc"},
    {"starts", AMBS_OPTION_INT, FIELD(starts), "4", 1, 1000, NULL,
     "searches for the hyperparameters, from different points"},
    {"fit_rows", AMBS_OPTION_INT, FIELD(fit_rows), "400", 2, 1e5, NULL,
     "the hyperparameters are learned from at most so many rows"},
    {NULL},
};

static void fini(void *memory)
{
    state *s = memory;
    for (size_t k = 0; s->gps && k < s->n_samples; k++) ambs_gp_fini(&s->gps[k]);
    free(s->gps);
    free(s->theta);
    ambs_gp_path_fini(&s->path);
}

static int make_gps(state *s, size_t p, const ambs_feature *features, ambs_error *err)
{
    const gp_options *o = s->options;
    const ambs_gp_settings settings = {.shape = (ambs_gp_shape)o->kernel,
                                       .onehot = o->categories == ONEHOT,
                                       .linear = o->mean == LINEAR,
                                       .warp = o->warp == KUMARASWAMY};
    s->n_samples = o->hyperparameters == BY_MCMC ? (size_t)o->samples : 1;
    s->gps = ambs_calloc(s->n_samples, sizeof *s->gps, err);
    if (!s->gps) return AMBS_E_NOMEM;
    for (size_t k = 0; k < s->n_samples; k++) {
        int rc = ambs_gp_init(&s->gps[k], &settings, p, features, err);
        if (rc != AMBS_OK) return rc;
    }
    size_t size = ambs_gp_n_theta(&s->gps[0].kernel);
    s->theta = ambs_calloc(s->n_samples, size * sizeof *s->theta, err);
    return s->theta ? AMBS_OK : AMBS_E_NOMEM;
}

static int init(void *memory, const void *options, size_t p, const ambs_feature *features,
                uint64_t seed, ambs_error *err)
{
    state *s = memory;
    s->options = options;
    s->seed = seed;
    int rc = make_gps(s, p, features, err);
    if (rc != AMBS_OK) fini(s);
    return rc;
}

const ambs_gp *ambs_gp_of_surrogate(const void *memory)
{
    return ((const state *)memory)->gps;
}

static int fit_means(void *memory, size_t n, const double *x, const double *y,
                     const uint32_t *evaluations, const ambs_pool *spread, uint64_t generation,
                     ambs_error *err)
{
    state *s = memory;
    int rc = AMBS_OK;
    for (size_t k = 0; rc == AMBS_OK && k < s->n_samples; k++) {
        rc = ambs_gp_take_rows(&s->gps[k], n, x, y, err);
        if (rc == AMBS_OK && evaluations) ambs_gp_weigh(&s->gps[k], evaluations);
    }
    if (rc != AMBS_OK) return rc;
    const ambs_gp_sample sample = ambs_gp_rows(s->gps);
    const ambs_gp_search search = {
        .kernel = &s->gps[0].kernel,
        .engine = s->engine,
        .n_starts = (size_t)s->options->starts,
        .max_rows = (size_t)s->options->fit_rows,
        .n_samples = s->options->hyperparameters == BY_MCMC ? s->n_samples : 0,
        .no_prior = s->options->hyperparameters == BY_LIKELIHOOD,
        .spread = spread ? ambs_gp_standardised(s->gps, spread) : (ambs_pool){0},
        .key = ambs_mix64(s->seed + ambs_mix64(generation + AMBS_PURPOSE_SURROGATE)),
    };
    rc = ambs_gp_find_theta(&search, &sample, s->theta, err);
    size_t size = ambs_gp_n_theta(&s->gps[0].kernel);
    for (size_t k = 0; rc == AMBS_OK && k < s->n_samples; k++)
        rc = ambs_gp_set_theta(&s->gps[k], s->theta + k * size, err);
    return rc;
}

static int fit(void *memory, size_t n, const double *x, const double *y, uint64_t generation,
               ambs_error *err)
{
    return fit_means(memory, n, x, y, NULL, NULL, generation, err);
}

static int append(void *memory, const double *row, double y, ambs_error *err)
{
    state *s = memory;
    int rc = AMBS_OK;
    for (size_t k = 0; rc == AMBS_OK && k < s->n_samples; k++)
        rc = ambs_gp_append(&s->gps[k], row, y, err);
    return rc;
}

static int replace_mean(void *memory, size_t row, double y, uint32_t evaluations, ambs_error *err)
{
    (void)err;
    state *s = memory;
    for (size_t k = 0; k < s->n_samples; k++) ambs_gp_replace(&s->gps[k], row, y, evaluations);
    return AMBS_OK;
}

static int replace(void *memory, size_t row, double y, ambs_error *err)
{
    return replace_mean(memory, row, y, 1, err);
}

static int remove_row(void *memory, size_t row, ambs_error *err)
{
    (void)err;
    state *s = memory;
    for (size_t k = 0; k < s->n_samples; k++) ambs_gp_remove(&s->gps[k], row);
    return AMBS_OK;
}

/* --- predictions: of one process, or of the mixture, by its first two moments ---------------- */

static size_t n_samples(const void *memory)
{
    return ((const state *)memory)->n_samples;
}

/* Of one process; here, where its engine fails it. */
static int predict_one(ambs_gp *gp, size_t m, const double *x, double *ret_mean, double *ret_sd,
                       ambs_error *err)
{
    int rc = ambs_gp_settle(gp, err);
    if (rc == AMBS_OK && gp->far.on && ret_sd) {
        rc = ambs_gp_far_predict(gp, m, x, ret_mean, ret_sd, err);
        if (rc != AMBS_E_AGAIN) return rc;
        rc = ambs_gp_come_home(gp, err);
    }
    if (rc == AMBS_OK) ambs_gp_predict(gp, m, x, ret_mean, ret_sd);
    return rc;
}

static int screen_one(ambs_gp *gp, size_t m, const double *x, double *ret_mean,
                      double *ret_sd_bound, ambs_error *err)
{
    int rc = ambs_gp_settle(gp, err);
    if (rc == AMBS_OK) ambs_gp_screen(gp, m, x, ret_mean, ret_sd_bound);
    return rc;
}

static int climb_one(ambs_gp *gp, size_t m, const double *x, double *ret_mean, double *ret_sd,
                     double *ret_mean_slopes, double *ret_sd_slopes, ambs_error *err)
{
    int rc = ambs_gp_settle(gp, err);
    if (rc != AMBS_OK) return rc;
    rc = ambs_gp_gradient(gp, m, x, ret_mean, ret_sd, ret_mean_slopes, ret_sd_slopes, err);
    if (rc != AMBS_E_AGAIN) return rc;
    rc = ambs_gp_come_home(gp, err);
    return rc == AMBS_OK
               ? ambs_gp_gradient(gp, m, x, ret_mean, ret_sd, ret_mean_slopes, ret_sd_slopes, err)
               : rc;
}

static int predict_sample(const void *memory, size_t sample, size_t m, const double *x,
                          double *ret_mean, double *ret_sd, ambs_error *err)
{
    return predict_one(&((const state *)memory)->gps[sample], m, x, ret_mean, ret_sd, err);
}

typedef int (*predictor)(ambs_gp *gp, size_t m, const double *x, double *ret_mean, double *ret_sd,
                         ambs_error *err);

/* Adds process k to the moments so far, the variance of the means by the update of Welford (1962). */
static void add_to_mixture(size_t k, size_t count, const double *mean, const double *sd,
                           double *to_mean, double *variance)
{
    for (size_t i = 0; i < count; i++) {
        double gap = mean[i] - to_mean[i];
        to_mean[i] += gap / (double)(k + 1);
        if (sd) variance[i] += gap * (mean[i] - to_mean[i]) + sd[i] * sd[i];
    }
}

/* The moments of a mixture of a few processes, BLOCK candidates at a time. */
static int mix(const state *s, predictor one, size_t m, const double *x, double *ret_mean,
               double *ret_sd, ambs_error *err)
{
    enum { BLOCK = AMBS_GP_LANES };
    double mean[BLOCK], sd[BLOCK], first_mean[BLOCK], variance[BLOCK],
        share = 1 / (double)s->n_samples;
    if (s->n_samples == 1) return one(s->gps, m, x, ret_mean, ret_sd, err);
    for (size_t first = 0; first < m; first += BLOCK) {
        size_t count = m - first < BLOCK ? m - first : BLOCK;
        memset(first_mean, 0, sizeof first_mean);
        memset(variance, 0, sizeof variance);
        for (size_t k = 0; k < s->n_samples; k++) {
            double *its_sd = ret_sd ? sd : NULL;
            int rc = one(&s->gps[k], count, x + first * s->gps[0].p, mean, its_sd, err);
            if (rc != AMBS_OK) return rc;
            add_to_mixture(k, count, mean, its_sd, first_mean, variance);
        }
        for (size_t i = 0; i < count; i++) {
            ret_mean[first + i] = first_mean[i];
            if (ret_sd) ret_sd[first + i] = sqrt(share * variance[i]);
        }
    }
    return AMBS_OK;
}

static int predict(const void *memory, size_t m, const double *x, double *ret_mean, double *ret_sd,
                   ambs_error *err)
{
    return mix(memory, predict_one, m, x, ret_mean, ret_sd, err);
}

static int screen(const void *memory, size_t m, const double *x, double *ret_mean,
                  double *ret_sd_bound, ambs_error *err)
{
    return mix(memory, screen_one, m, x, ret_mean, ret_sd_bound, err);
}

/* Of the mixture: σ dσ = Σ_k (σ_k dσ_k + (μ_k - μ) dμ_k) / S. Needs the mean first. */
static int gradient(const void *memory, size_t m, const double *x, double *ret_mean, double *ret_sd,
                    double *ret_mean_slopes, double *ret_sd_slopes, ambs_error *err)
{
    const state *s = memory;
    if (s->n_samples == 1)
        return climb_one(s->gps, m, x, ret_mean, ret_sd, ret_mean_slopes, ret_sd_slopes, err);
    size_t size = m * s->gps[0].p;
    double *of_mean = ambs_calloc(2 * size, sizeof *of_mean, err), *of_sd = of_mean + size,
           mean[AMBS_GP_CLIMBS], sd[AMBS_GP_CLIMBS], share = 1 / (double)s->n_samples;
    if (!of_mean) return AMBS_E_NOMEM;
    int rc = mix(s, predict_one, m, x, ret_mean, ret_sd, err);
    memset(ret_mean_slopes, 0, size * sizeof *ret_mean_slopes);
    memset(ret_sd_slopes, 0, size * sizeof *ret_sd_slopes);
    for (size_t k = 0; rc == AMBS_OK && k < s->n_samples; k++) {
        rc = climb_one(&s->gps[k], m, x, mean, sd, of_mean, of_sd, err);
        for (size_t i = 0; rc == AMBS_OK && i < size; i++) {
            size_t at = i / s->gps[0].p;
            ret_mean_slopes[i] += share * of_mean[i];
            ret_sd_slopes[i] +=
                share / ret_sd[at] * (sd[at] * of_sd[i] + (mean[at] - ret_mean[at]) * of_mean[i]);
        }
    }
    free(of_mean);
    return rc;
}

/* The memory of draws is taken by the first: most studies have none. */
static int draw(void *memory, ambs_random *random, ambs_error *err)
{
    state *s = memory;
    if (!s->path.slopes) {
        ambs_gp_path_fini(&s->path);
        s->path = (ambs_gp_path){0};
        int rc = ambs_gp_path_init(&s->path, s->gps, err);
        if (rc != AMBS_OK) return rc;
    }
    s->path_of = (size_t)ambs_random_below(random, s->n_samples);
    return ambs_gp_path_draw(&s->path, &s->gps[s->path_of], random, err);
}

static int drawn(const void *memory, size_t m, const double *x, double *ret_value,
                 double *ret_slopes, ambs_error *err)
{
    (void)err;
    const state *s = memory;
    ambs_gp_path_values(&s->path, &s->gps[s->path_of], m, x, ret_value, ret_slopes);
    return AMBS_OK;
}

static double out_of_sample_error(const void *memory)
{
    const state *s = memory;
    return ambs_gp_come_home(s->gps, NULL) == AMBS_OK ? ambs_gp_leave_one_out(s->gps, NULL, NULL)
                                                      : NAN;
}

static int leave_one_out(const void *memory, double *ret_mean, double *ret_sd, ambs_error *err)
{
    const state *s = memory;
    int rc = ambs_gp_come_home(s->gps, err);
    if (rc == AMBS_OK) ambs_gp_leave_one_out(s->gps, ret_mean, ret_sd);
    return rc;
}

static void use_engine(void *memory, const ambs_gp_engine *engine)
{
    state *s = memory;
    s->engine = engine;
    for (size_t k = 0; k < s->n_samples; k++) ambs_gp_use_engine(&s->gps[k], engine);
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
    .fit_means = fit_means,
    .append = append,
    .replace = replace,
    .replace_mean = replace_mean,
    .remove = remove_row,
    .predict = predict,
    .n_samples = n_samples,
    .predict_sample = predict_sample,
    .draw = draw,
    .drawn = drawn,
    .screen = screen,
    .gradient = gradient,
    .out_of_sample_error = out_of_sample_error,
    .leave_one_out = leave_one_out,
    .use_engine = use_engine,
};
