/* SPDX-License-Identifier: MIT */
/* Noisy objectives: which configuration is evaluated once more, and when (`repeats:` in the study
 * file). The driver asks before every proposal; what it gets is a function of the log alone.
 *
 * One evaluation of a trial runs at a time. A trial's value is the mean of those that succeeded; it
 * has failed once no more of them succeeded than failed, and is left alone then, as a pruned one
 * is. */
#ifndef AMBS_SEARCH_RACE_H
#define AMBS_SEARCH_RACE_H

#include <stdbool.h>

#include "ambs/trial.h"
#include "numeric/sample.h"
#include "study/spec.h"

typedef struct ambs_raced {
    ambs_sample sample;          /* of the values that were told, minimised */
    uint32_t n_asked, n_counted; /* evaluations; without those that were cancelled */
    uint32_t n_failed;
    bool in_flight;
    bool closed; /* failed, pruned or cancelled: never evaluated again */
} ambs_raced;

typedef struct ambs_race ambs_race;

typedef enum ambs_race_advice {
    AMBS_RACE_NEW,     /* propose another configuration */
    AMBS_RACE_REPEAT,  /* evaluate this trial once more */
    AMBS_RACE_WAIT,    /* what comes next hangs on an evaluation in flight */
    AMBS_RACE_NOTHING, /* nothing is left that the budget allows */
} ambs_race_advice;

/* `repeats` and `budget` (evaluations; 0: no limit) are those of the study. */
int ambs_race_create(const ambs_repeats *repeats, uint64_t budget, ambs_race **ret_race,
                     ambs_error *err);
void ambs_race_destroy(ambs_race *race);

/* The log: a trial with the next id, or a further evaluation of an earlier one, is out; it ended
 * with the value y (minimised, NaN where there is none), and what has become of the trial is
 * returned; it was cancelled. Room is made by reserve, before anything else is changed. */
int ambs_race_reserve(ambs_race *race, ambs_error *err);
void ambs_race_asked(ambs_race *race, uint64_t trial);
ambs_trial_state ambs_race_told(ambs_race *race, uint64_t trial, ambs_trial_state state, double y);
void ambs_race_cancelled(ambs_race *race, uint64_t trial);

/* What to do next; `exhausted`: there is no other configuration. O(trials). */
ambs_race_advice ambs_race_advise(const ambs_race *race, bool exhausted, uint64_t *ret_trial);
const ambs_raced *ambs_race_trial(const ambs_race *race, uint64_t trial);
/* The trial with the least mean plus standard error (of the pooled spread) among those that were
 * evaluated often enough (ambs_repeats_to_lead), else among all with a value; false where there is
 * none. A single lucky value does not win over what proved good. O(trials). */
bool ambs_race_best(const ambs_race *race, uint64_t *ret_trial);
/* Half of the interval around a trial's mean that holds the true one with the confidence asked for,
 * by Student's t with the pooled spread; NaN where nothing was evaluated twice. */
double ambs_race_reach(const ambs_race *race, uint64_t trial);

#endif
