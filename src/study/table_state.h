/* SPDX-License-Identifier: MIT */
/* What table.c (records change the table) and table_relink.c (it was read from a file) share. */
#ifndef AMBS_STUDY_TABLE_STATE_H
#define AMBS_STUDY_TABLE_STATE_H

#include "study/table.h"

/* The count of the trials in `state`; paused ones count as waiting. */
uint64_t *table_count_of(ambs_table *t, ambs_trial_state state);
/* The value of a trial from those of its evaluations that are complete. */
void table_take_mean(const ambs_table *t, ambs_trial_row *row);
/* Where the trial's value is the least or the greatest so far, that is remembered. */
void table_note_incumbents(ambs_table *t, const ambs_trial_row *row);

#endif
