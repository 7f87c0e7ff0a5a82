/* SPDX-License-Identifier: MIT */
/* The surrogate of a search over its log: which rows it holds, the lies among them, the transform
 * of y, and when it is fitted anew.
 *
 * Everything here is a function of the order of tells, asks that succeeded, and cancels:
 *   tell     may make a fit due (then the rows of that moment are what it is fitted to); else the
 *            truth takes the place of the trial's lie, or is appended
 *   ask      appends the trial's lie
 *   cancel   removes it
 * The maths is put off to the next ask: ambs_model_update() fits where a fit is due and
 * applies what came since. So a record is restored by the same calls without computing, and what
 * follows is the same. */
#ifndef AMBS_SEARCH_MODEL_H
#define AMBS_SEARCH_MODEL_H

#include "search/method.h"
#include "search/transform.h"
#include "surrogate/surrogate.h"

typedef enum ambs_liar {
    AMBS_LIAR_MODEL_MEAN, /* the surrogate's mean at the point */
    AMBS_LIAR_Y_MEAN,     /* the mean of the truths */
    AMBS_LIAR_WORST,
    AMBS_LIAR_BEST,
    AMBS_LIAR_NONE
} ambs_liar;

extern const char *const ambs_liar_names[]; /* NULL-terminated */

typedef struct ambs_model_settings {
    size_t goal;       /* which one it is of, where the study has several */
    bool derives_lies; /* a proposal's record holds no lie of this model: each is made when it is
                          appended, and anew at each fit, by what the surrogate holds then */
    ambs_transform_kind transform;
    ambs_liar liar;
    uint64_t refit_until; /* up to so many rows, results and lies, every tell makes a fit due; */
    double refit_growth;  /* beyond, so many new results as this share of the rows, and every new
                             best */
} ambs_model_settings;

typedef struct ambs_model ambs_model;

/* `surrogate` is borrowed. */
int ambs_model_create(const ambs_method_context *context, ambs_surrogate *surrogate,
                      const ambs_model_settings *settings, ambs_model **ret_model, ambs_error *err);
void ambs_model_destroy(ambs_model *m);

/* The log. `lie` in the minimised metric's unit, NaN where there was no model; where lies are
 * derived, anything but NaN. */
int ambs_model_asked(ambs_model *m, uint64_t id, double lie, ambs_error *err);
int ambs_model_told(ambs_model *m, uint64_t id, ambs_error *err);
/* A repeat of a told trial has changed its value, or made it a failed one. O(trials). */
int ambs_model_told_again(ambs_model *m, uint64_t id, ambs_error *err);
int ambs_model_cancelled(ambs_model *m, uint64_t id, ambs_error *err);

/* False before the first result with a value: there is nothing to fit. */
bool ambs_model_exists(const ambs_model *m);
/* Brings the surrogate up to the log. Only where the model exists. After a failure the next call
 * begins with the fit again. */
int ambs_model_update(ambs_model *m, ambs_error *err);
/* The lie for a point whose predicted mean is `mean`; NaN for AMBS_LIAR_NONE. */
double ambs_model_lie(const ambs_model *m, double mean);
/* The least truth on the surrogate's scale. */
double ambs_model_best(const ambs_model *m);
const ambs_transform *ambs_model_transform(const ambs_model *m);
uint64_t ambs_model_n_lies(const ambs_model *m); /* rows that hold a lie */
uint64_t ambs_model_n_told(const ambs_model *m); /* trials, with those that failed */
uint64_t ambs_model_n_fits(const ambs_model *m); /* that were due so far */
/* Ids of the trials with the least objectives, best first; returns how many (at most n). */
size_t ambs_model_leaders(const ambs_model *m, size_t n, uint64_t *ret_ids);

#endif
