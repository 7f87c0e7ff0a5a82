/* SPDX-License-Identifier: MIT */
/* Which trial of a table is the best, and how sure its value is. */
#ifndef AMBS_STUDY_BEST_H
#define AMBS_STUDY_BEST_H

#include "study/spec.h"
#include "study/table.h"

/* The trial with the best objective, in the study's direction; UINT64_MAX: none. Where the study has
 * `repeats`, the one whose mean, made worse by its standard error, is the best among those that
 * have `min` evaluations (two in a race) if there are any: as ambs_search_best(). O(1), with repeats
 * O(trials). */
uint64_t ambs_study_best(const ambs_spec *spec, const ambs_table *table);
/* Half of the interval around the trial's objective that holds the true mean with the confidence of
 * `repeats`: Student's t with the spread that all repeated trials have in common; NaN without
 * repeats, or where nothing was evaluated twice. O(trials). */
double ambs_study_reach(const ambs_spec *spec, const ambs_table *table, uint64_t trial);
/* Whether the study's target is reached: by the best objective, with repeats also when it is made
 * worse by its standard error, and not by a single evaluation where there may be more. */
bool ambs_study_target_reached(const ambs_spec *spec, const ambs_table *table, uint64_t best);

#endif
