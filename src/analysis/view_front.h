/* SPDX-License-Identifier: MIT */
/* The front of a study with several metrics, as text or JSON. */
#ifndef AMBS_ANALYSIS_VIEW_FRONT_H
#define AMBS_ANALYSIS_VIEW_FRONT_H

#include "analysis/view.h"
#include "base/json.h"
#include "study/front.h"

/* Members of an object: hypervolume, and metrics with their goals and reference. */
void ambs_view_front_json(const ambs_view *view, const ambs_front *front, ambs_json_writer *w);
/* What `best` shows: the trials of the front. */
int ambs_view_front(const ambs_view *view, ambs_text *out, ambs_error *err);
/* The lines of `status`: size and hypervolume, and how they grew. Nothing without a front. */
int ambs_view_front_status(const ambs_view *view, ambs_text *out, ambs_error *err);
/* What `curve` shows: a row for each result that joined the front. */
int ambs_view_front_growth(const ambs_view *view, ambs_text *out, ambs_error *err);

#endif
