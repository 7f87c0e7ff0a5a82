/* SPDX-License-Identifier: MIT */
/* The operation log of a table, walked in its order. */
#ifndef AMBS_STUDY_RESUME_H
#define AMBS_STUDY_RESUME_H

#include "ambs/search.h"
#include "study/journal.h"
#include "study/table.h"

/* Reads the journal alone. AMBS_E_NOT_FOUND when no life has begun in it. */
int ambs_study_read_journal(const char *path, ambs_table **ret_table,
                            ambs_journal_findings *ret_findings, ambs_error *err);
/* The spec as the last life recorded it. */
int ambs_study_recorded_spec(const ambs_table *table, ambs_spec **ret_spec, ambs_error *err);

/* The ask that the walk is at, as it was recorded; x points into the table. */
ambs_proposal ambs_study_recorded_ask(const ambs_ask_walk *walk);
/* Gives the search model input `i`: the tell, the cancel, or the caller's own configuration. */
int ambs_study_feed_input(const ambs_table *table, size_t i, ambs_search *search, ambs_error *err);
/* Restores the search to where it was after the first `n_asks` proposals and repeats; with SIZE_MAX
 * after all of them and the inputs behind the last one. */
int ambs_study_restore(const ambs_table *table, size_t n_asks, ambs_search *search,
                       ambs_error *err);

#endif
