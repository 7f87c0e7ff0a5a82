/* SPDX-License-Identifier: MIT */
/* The values of a trial where a study has several goals (`metrics:`): the first one's is the outcome's
 * objective, the others' stand among its metrics, by their names. */
#ifndef AMBS_SEARCH_GOALS_H
#define AMBS_SEARCH_GOALS_H

#include "study/spec.h"

/* How many values a trial has: 1 for a study with one metric. */
size_t ambs_goals_count(const ambs_spec *spec);
/* Into ret [count], turned round where the goal is to maximise, so that all are minimised; NaN where
 * one is missing or not finite, and false then. */
bool ambs_goals_values(const ambs_spec *spec, double objective, size_t n_metrics,
                       const ambs_metric *metrics, double *ret);
/* -1 where goal j is to maximise, else 1. */
double ambs_goals_sign(const ambs_spec *spec, size_t j);
/* A complete outcome that lacks a goal's value becomes a failed one (bad result), whose message names
 * what is missing and the nearest name that is there. */
void ambs_goals_settle(const ambs_spec *spec, ambs_outcome *outcome);
/* True where the values [count], minimised, reach every target that the study has; false without
 * any. */
bool ambs_goals_reach_targets(const ambs_spec *spec, const double *values);

#endif
