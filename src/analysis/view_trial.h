/* SPDX-License-Identifier: MIT */
/* One trial as text or JSON: shared by best, trials and show. */
#ifndef AMBS_ANALYSIS_VIEW_TRIAL_H
#define AMBS_ANALYSIS_VIEW_TRIAL_H

#include "analysis/columns.h"
#include "analysis/view.h"
#include "base/json.h"

/* The object of `trials --json`: id, state, reason, objective, parameters, metrics, times in s. */
void ambs_view_trial_json(const ambs_view *view, const ambs_trial_row *row, ambs_json_writer *w);
/* A cell for each parameter that is no constant, "-" where inactive. x [d]. */
void ambs_view_add_parameters(const ambs_view *view, const double *x, ambs_columns *c);
/* The same with each evaluation and the interval of their mean, where the study has `repeats`: the
 * object of `show --json` and `best --json`. O(trials). */
void ambs_view_whole_trial_json(const ambs_view *view, const ambs_trial_row *row,
                                ambs_json_writer *w);
/* The best-so-far order: complete trials by objective in the study's direction, then by id. Returns
 * a value as qsort's compare does. */
int ambs_view_compare(const ambs_view *view, const ambs_trial_row *a, const ambs_trial_row *b);

#endif
