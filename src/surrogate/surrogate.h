/* SPDX-License-Identifier: MIT */
/* Surrogates: regression models with a predictive mean and standard deviation.
 *
 * The driver (src/search) owns the data, the transform of y (minimised, transformed scale), the
 * seed and when to fit; a surrogate holds only the maths. Shapes: n rows, p features, m candidates;
 * all row-major. Everything is local, deterministic (the same calls give the same bits) and never
 * called by two threads at once on one state. */
#ifndef AMBS_SURROGATE_SURROGATE_H
#define AMBS_SURROGATE_SURROGATE_H

#include "base/option.h"
#include "base/random.h"
#include "numeric/sample.h"
#include "space/space.h"

/* Points that are climbed from together. */
#define AMBS_SURROGATE_MAX_CLIMBS 16

struct ambs_gp_engine;

typedef struct ambs_surrogate_ops {
    ambs_member member;
    ambs_encoding encoding; /* what the rows are */
    size_t state_size;      /* zeroed state is allocated by the driver */
    bool lies_apart;        /* fit() gets the truths alone, then append() each lie: for a member
                               that learns from the rows how far to trust them */
    /* `features` [p] is borrowed and outlives the state. `seed` keys all randomness together with
     * `generation` of fit and the row. */
    int (*init)(void *state, const void *options, size_t p, const ambs_feature *features,
                uint64_t seed, ambs_error *err);
    void (*fini)(void *state);
    /* Forgets all rows and fits to x [n, p], y [n] (copied), n >= 1, y finite. Cost is told in the
     * member's head comment. */
    int (*fit)(void *state, size_t n, const double *x, const double *y, uint64_t generation,
               ambs_error *err);
    /* The same, where y_i is the mean of evaluations[i] >= 1 results (NULL: one each), which have this
     * spread around it in common (NULL: not known). A member without it gets fit(): all rows are alike
     * to it. */
    int (*fit_means)(void *state, size_t n, const double *x, const double *y,
                     const uint32_t *evaluations, const ambs_pool *spread, uint64_t generation,
                     ambs_error *err);
    /* Appends one row without a full fit: a lie, or a result between fits. Its index is the number
     * of rows before. NULL: the driver fits anew. */
    int (*append)(void *state, const double *row, double y, ambs_error *err);
    /* The row's y changes (the truth takes the place of a lie): factors and splits stay. */
    int (*replace)(void *state, size_t row, double y, ambs_error *err);
    /* The same, where y is a mean of so many. NULL: replace(). */
    int (*replace_mean)(void *state, size_t row, double y, uint32_t evaluations, ambs_error *err);
    /* The row counts no more (a cancelled lie). Indices of other rows stay. */
    int (*remove)(void *state, size_t row, ambs_error *err);
    /* mean [m], sd [m] (>= 0, of the latent function; a floor keeps it positive) at x [m, p];
     * ret_sd may be NULL. Allocates nothing. */
    int (*predict)(const void *state, size_t m, const double *x, double *ret_mean, double *ret_sd,
                   ambs_error *err);
    /* A member that averages over draws of its hyperparameters: how many there are, and what one of
     * them predicts; predict() gives the moments of their mixture. An acquisition function is
     * averaged over them. NULL: there is one. */
    size_t (*n_samples)(const void *state);
    int (*predict_sample)(const void *state, size_t sample, size_t m, const double *x,
                          double *ret_mean, double *ret_sd, ambs_error *err);
    /* Draws a function from what is believed of the objective: at each place its mean and sd over
     * draws are those of predict(), and it is as smooth as the model says. It stays until the next
     * draw or change of rows. NULL: the driver draws at each place apart. */
    int (*draw)(void *state, ambs_random *random, ambs_error *err);
    /* The drawn function at x [m, p]; where ret_slopes [m, p] is not NULL, which only a member with
     * gradient() is asked for, m <= AMBS_SURROGATE_MAX_CLIMBS and its derivatives as there. */
    int (*drawn)(const void *state, size_t m, const double *x, double *ret_value,
                 double *ret_slopes, ambs_error *err);
    /* The mean, and a bound that predict's sd does not exceed, much cheaper than predict: for
     * choosing among many candidates. NULL: the driver predicts. Allocates nothing. */
    int (*screen)(const void *state, size_t m, const double *x, double *ret_mean,
                  double *ret_sd_bound, ambs_error *err);
    /* As predict, with the derivatives [m, p] of mean and sd by the numeric features (0 for the
     * others, and where a feature is inactive); m <= AMBS_SURROGATE_MAX_CLIMBS. NULL: not smooth.
     * The last bits of mean and sd may differ from predict's. */
    int (*gradient)(const void *state, size_t m, const double *x, double *ret_mean, double *ret_sd,
                    double *ret_mean_slopes, double *ret_sd_slopes, ambs_error *err);
    /* Mean squared error of rows on the parts that did not see them (out of bag, leave one out), on
     * the rows of the last fit; NaN when there is none. */
    double (*out_of_sample_error)(const void *state);
    /* What the other rows of the last fit predict of each of its n rows, n >= 2: mean [n] and sd [n]
     * of y, noise included. Rows appended since don't count. NULL: there is none. */
    int (*leave_one_out)(const void *state, double *ret_mean, double *ret_sd, ambs_error *err);
    /* Before the first fit: who may compute for it (surrogate/gp_engine.h), borrowed. NULL: nobody
     * can. */
    void (*use_engine)(void *state, const struct ambs_gp_engine *engine);
} ambs_surrogate_ops;

extern const ambs_surrogate_ops *const ambs_surrogate_registry[];
/* The member called `name`; AMBS_E_NOT_FOUND lists the known ones. */
int ambs_surrogate_find(const char *name, const ambs_surrogate_ops **ret_ops, ambs_error *err);

/* A surrogate with its options and memory: the generic driver. Checks shapes and finite values,
 * supplies append/replace/remove by refitting where a member has none, and turns a member's failure
 * into an error. */
typedef struct ambs_surrogate ambs_surrogate;
/* Looks `name` up in the registry (error lists the known names). `options` borrowed (NULL:
 * defaults). */
int ambs_surrogate_create(const char *name, const void *options, const ambs_space *space,
                          uint64_t seed, ambs_surrogate **ret_surrogate, ambs_error *err);
void ambs_surrogate_destroy(ambs_surrogate *surrogate);
/* Before the first fit; nothing where the member has no use for one. */
void ambs_surrogate_use_engine(ambs_surrogate *s, const struct ambs_gp_engine *engine);
/* x are configurations [n, d] here; the driver encodes them. */
int ambs_surrogate_fit(ambs_surrogate *s, size_t n, const double *x, const double *y,
                       uint64_t generation, ambs_error *err);
/* Rows of several kinds. They keep the order given, whether the member takes lies apart or not. */
typedef struct ambs_surrogate_rows {
    size_t n;
    const double *x, *y;         /* [n, d], [n] */
    const uint32_t *evaluations; /* [n] that y is the mean of, 1 for a lie; NULL: one each */
    ambs_pool spread;            /* of the evaluations around their means; zeroed: not known */
    const bool *is_lie;          /* [n] y is a lie; NULL: none is */
    bool renew; /* a member that takes lies apart puts its mean, as the truths alone have it, in the
                   place of each: an old mean that extrapolated too far would be believed by the next
                   lies, and outlive its trial in them */
} ambs_surrogate_rows;
int ambs_surrogate_fit_rows(ambs_surrogate *s, const ambs_surrogate_rows *rows, uint64_t generation,
                            ambs_error *err);
int ambs_surrogate_append(ambs_surrogate *s, const double *x, double y, ambs_error *err);
int ambs_surrogate_replace(ambs_surrogate *s, size_t row, double y, ambs_error *err);
/* By the mean of so many evaluations. */
int ambs_surrogate_replace_mean(ambs_surrogate *s, size_t row, double y, uint32_t evaluations,
                                ambs_error *err);
int ambs_surrogate_remove(ambs_surrogate *s, size_t row, ambs_error *err);
int ambs_surrogate_predict(ambs_surrogate *s, size_t m, const double *x, double *ret_mean,
                           double *ret_sd, ambs_error *err);
/* 1 for all but those that average over draws of hyperparameters. */
size_t ambs_surrogate_n_samples(const ambs_surrogate *s);
int ambs_surrogate_predict_sample(ambs_surrogate *s, size_t sample, size_t m, const double *x,
                                  double *ret_mean, double *ret_sd, ambs_error *err);
/* Draws a function from the posterior, and gives its values at configurations x [m, d] and, where
 * the surrogate is smooth, its slopes [m, p] at rows [m, p] as ambs_surrogate_gradient() does. A
 * member that cannot draw functions gets independent normal draws for different places, and a
 * place has one value as long as the draw stands. AMBS_E_INVALID where nothing was drawn since the
 * last change of rows. */
int ambs_surrogate_draw(ambs_surrogate *s, ambs_random *random, ambs_error *err);
int ambs_surrogate_drawn(ambs_surrogate *s, size_t m, const double *x, double *ret_value,
                         ambs_error *err);
int ambs_surrogate_drawn_gradient(ambs_surrogate *s, size_t m, const double *rows,
                                  double *ret_value, double *ret_slopes, ambs_error *err);
/* True where what is drawn has slopes. */
bool ambs_surrogate_draws_smoothly(const ambs_surrogate *s);
/* Mean and a bound of the sd: predict's own where the member cannot tell cheaper. */
int ambs_surrogate_screen(ambs_surrogate *s, size_t m, const double *x, double *ret_mean,
                          double *ret_sd_bound, ambs_error *err);
bool ambs_surrogate_can_screen(const ambs_surrogate *s);
/* What a climb along the slopes needs: the features [p], a configuration's row [p] of them, and mean
 * and sd with their derivatives [m, p] at rows [m, p], which need not belong to members of the space
 * (a whole number may lie between two). Only where the surrogate is smooth. */
bool ambs_surrogate_is_smooth(const ambs_surrogate *s);
const ambs_feature *ambs_surrogate_features(const ambs_surrogate *s, size_t *ret_p);
void ambs_surrogate_encode(const ambs_surrogate *s, const double *x, double *ret_row);
int ambs_surrogate_gradient(ambs_surrogate *s, size_t m, const double *rows, double *ret_mean,
                            double *ret_sd, double *ret_mean_slopes, double *ret_sd_slopes,
                            ambs_error *err);
size_t ambs_surrogate_n_rows(const ambs_surrogate *s);
double ambs_surrogate_out_of_sample_error(const ambs_surrogate *s);
/* Mean and sd of y that the other results predict of each row [n_rows] of the last fit; NaN for rows
 * that came later, and for lies where they are taken apart. For judging a transform of y: by the
 * density of y with the transform's slope, or by ranks. AMBS_E_INVALID once a row of the fit was
 * changed or removed; AMBS_E_NOT_BUILT where the member has no such thing. */
int ambs_surrogate_leave_one_out(const ambs_surrogate *s, double *ret_mean, double *ret_sd,
                                 ambs_error *err);

#endif
