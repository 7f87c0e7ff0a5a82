/* SPDX-License-Identifier: MIT */
/* The front of a study with several goals: the complete trials that no other one beats (nowhere worse,
 * somewhere better), and the hypervolume that they dominate. Values are in the user's direction. */
#ifndef AMBS_STUDY_FRONT_H
#define AMBS_STUDY_FRONT_H

#include "study/spec.h"
#include "study/table.h"

typedef struct ambs_front {
    size_t m, n;        /* goals, trials on the front */
    uint64_t *trial;    /* [n] by the first metric, best first */
    double *values;     /* [n, m] */
    double *reference;  /* [m] the user's, or by the rule of numeric/pareto.h; NaN where n is 0 */
    double hypervolume; /* NaN: it takes too long (many trials in five dimensions and more) */
} ambs_front;

/* A zeroed struct is ready for ambs_front_fini(). AMBS_E_NOMEM. */
int ambs_front_create(const ambs_table *table, const ambs_spec *spec, ambs_front *ret_front,
                      ambs_error *err);
void ambs_front_fini(ambs_front *front);

/* How the front grew: one step for each result that joined it, in the order in which they came. The
 * hypervolume is that below front->reference. */
typedef struct ambs_front_step {
    uint64_t trial;
    size_t n_finished; /* results until then, this one among them */
    size_t n;          /* trials on the front */
    double hypervolume;
} ambs_front_step;
/* *ret_steps [*ret_n] is the caller's to free(). */
int ambs_front_history(const ambs_table *table, const ambs_spec *spec, const ambs_front *front,
                       ambs_front_step **ret_steps, size_t *ret_n, ambs_error *err);

/* The values [m] of a trial, minimised; false, and NaN among them, where it is not complete. */
bool ambs_front_values(const ambs_table *table, const ambs_spec *spec, uint64_t trial, double *ret);

#endif
