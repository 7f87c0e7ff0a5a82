/* SPDX-License-Identifier: MIT */
/* The Gaussian process given its hyperparameters: rows, factor, prediction. The surrogate `gp`
 * stands on it, and so do the checks against closed forms. One thread at a time. */
#ifndef AMBS_SURROGATE_GP_H
#define AMBS_SURROGATE_GP_H

#include "surrogate/gp_far.h"
#include "surrogate/gp_fit.h"
#include "surrogate/surrogate.h"

typedef struct ambs_gp_settings {
    ambs_gp_shape shape;
    bool onehot, linear, warp; /* categories; mean; numbers */
} ambs_gp_settings;

typedef struct ambs_gp {
    size_t p, n_terms;
    const ambs_feature *features; /* [p], borrowed */
    ambs_gp_term *terms;          /* [n_terms] */
    ambs_gp_kernel kernel;
    double center, scale; /* y = center + scale z; of the rows of the last fit */
    double jitter;        /* what the diagonal has beyond σ² */
    size_t n;             /* rows that are held */
    size_t n_first;       /* those of the last fit among them: they come first */
    size_t capacity;      /* of rows; the stride of `columns` and `l` */
    double *points;       /* [n, T], warped */
    double *raw;          /* [n, T] not warped; NULL where there is no warp */
    double *columns;      /* [T, capacity] the same, transposed */
    double *z;            /* [n] standardised y */
    double *share;        /* [n] of σ² in each row: 1 / evaluations that its y is the mean of */
    double *l; /* [n, capacity] factor of K + σ² diag(share) + jitter I; NULL where it is far */
    double *alpha;  /* [n] (K + …)⁻¹ z */
    size_t n_given; /* rows ever given since the last fit */
    size_t *place;  /* [n_given] where a row is now; SIZE_MAX: gone */
    size_t place_capacity;
    double *rotations; /* [2 capacity] work space */
    double *block;     /* [capacity, AMBS_GP_LANES] work space of a prediction */
    double *lanes;     /* [T, AMBS_GP_LANES] candidates */
    ambs_gp_far far;   /* its engine, and the factor that is with it */
} ambs_gp;

/* Candidates that are predicted together, at most. */
#define AMBS_GP_LANES 64
/* The same for derivatives. */
#define AMBS_GP_CLIMBS AMBS_SURROGATE_MAX_CLIMBS

/* The most that is added to the diagonal, as a share of it. */
#define AMBS_GP_JITTER_LIMIT 1e-4
/* The latent variance is never below this share of y's. */
#define AMBS_GP_VARIANCE_FLOOR 1e-10

/* gp is zeroed. After a failure ambs_gp_fini() is due, too. */
int ambs_gp_init(ambs_gp *gp, const ambs_gp_settings *settings, size_t p,
                 const ambs_feature *features, ambs_error *err);
void ambs_gp_fini(ambs_gp *gp);

/* Takes x [n, p] and y [n] instead of all rows and standardises y: center and scale are its mean
 * and sd (1 where it is constant). Hyperparameters and factor are those of before: a call of
 * ambs_gp_set_theta() has to follow. */
int ambs_gp_take_rows(ambs_gp *gp, size_t n, const double *x, const double *y, ambs_error *err);
/* Before that: each y is the mean of so many evaluations [n], where noise is independent. Without it
 * each is one. */
void ambs_gp_weigh(ambs_gp *gp, const uint32_t *evaluations);
/* A spread of y as one of standardised y. */
ambs_pool ambs_gp_standardised(const ambs_gp *gp, const ambs_pool *spread);
/* The rows as ambs_gp_find_theta() wants them; borrowed from gp until it changes. */
ambs_gp_sample ambs_gp_rows(const ambs_gp *gp);
/* Factors the covariance of the rows with theta. AMBS_E_NUMERIC where it is not positive
 * definite with a jitter of 1e-4 of its diagonal. n³/3 operations; its engine's, where it has one and n is
 * large enough, and then ambs_gp_settle() is due before anything is asked. */
int ambs_gp_set_theta(ambs_gp *gp, const double *theta, ambs_error *err);

/* The engine that factors (NULL: none does), borrowed; before the first rows. */
void ambs_gp_use_engine(ambs_gp *gp, const ambs_gp_engine *engine);
/* Brings a process with an engine up to its rows; where the engine fails it comes home, and is one
 * as any other until its next fit. */
int ambs_gp_settle(ambs_gp *gp, ambs_error *err);
/* Has the factor made here, whatever the engine could. */
int ambs_gp_come_home(ambs_gp *gp, ambs_error *err);
/* b [n] becomes (K + …)⁻¹b of all rows, by the engine or here. */
int ambs_gp_solve(ambs_gp *gp, double *b, ambs_error *err);

/* One row more, one with another y, one less: 2 n² to 3 n² operations. Rows are called by the
 * number they had when they came. Center and scale stay. A row that is appended is one evaluation. */
int ambs_gp_append(ambs_gp *gp, const double *row, double y, ambs_error *err);
void ambs_gp_replace(ambs_gp *gp, size_t row, double y, uint32_t evaluations);
void ambs_gp_remove(ambs_gp *gp, size_t row);

/* The least noise of a row, with the jitter: no eigenvalue of the covariance is below it. */
double ambs_gp_least_noise(const ambs_gp *gp);

/* Encodes m <= AMBS_GP_LANES candidates x [m, p] into gp->lanes [T, width], fills gp->block [n, width] with
 * their covariances and ret_mean [m] with their means; returns the width. */
size_t ambs_gp_fill_block(const ambs_gp *gp, size_t m, const double *x, double *ret_mean);
/* Mean [m] and sd [m] of the latent function at x [m, p] (ret_sd may be NULL):
 * μ = center + scale k*ᵀα, σ² = scale² (s² - |L⁻¹k*|²). n m operations for the means, n² m for the
 * sds. Work space inside gp is written, hence one thread at a time. Sds need a factor that is here. */
void ambs_gp_predict(const ambs_gp *gp, size_t m, const double *x, double *ret_mean,
                     double *ret_sd);
/* Encodes and warps m candidates [m, p] into gp->lanes [T, width], whose rest the last one fills. */
void ambs_gp_encode_lanes(const ambs_gp *gp, size_t m, const double *x, size_t width);
/* The process of a state of the surrogate `gp`. */
const ambs_gp *ambs_gp_of_surrogate(const void *state);

/* The mean, and σ as the nearest row alone would leave it, which more rows only lessen:
 * σ² <= scale² (s² - max_j k_j² / (s² + σ_noise²)). n m operations. */
void ambs_gp_screen(const ambs_gp *gp, size_t m, const double *x, double *ret_mean,
                    double *ret_sd_bound);
/* Mean, sd and their derivatives [m, p] by the numeric features, m <= AMBS_GP_CLIMBS:
 * dμ = scale Σ_j α_j dk_j and dσ² = -2 scale² Σ_j β_j dk_j with β = (K + …)⁻¹k*. 2 n² m operations;
 * work space inside gp is written. An engine is asked where the factor is with it: AMBS_E_AGAIN. */
int ambs_gp_gradient(ambs_gp *gp, size_t m, const double *x, double *ret_mean, double *ret_sd,
                     double *ret_mean_slopes, double *ret_sd_slopes, ambs_error *err);
/* Mean squared error of each row of the last fit that is still held by the others of them:
 * α_i / (K⁻¹)_ii (Rasmussen and Williams 2006, equation 5.12); NaN below two rows. What the others
 * predict of each, mean and sd of y, the row's noise included, goes to ret_mean and ret_sd [n_first] (NULL:
 * not wanted). Needs a factor that is here. n³ operations. */
double ambs_gp_leave_one_out(const ambs_gp *gp, double *ret_mean, double *ret_sd);

#endif
