/* SPDX-License-Identifier: MIT */
/* What table.c (records change trials), table_keep.c (records of all else) and table_relink.c (the table was
 * read from a file) share. */
#ifndef AMBS_STUDY_TABLE_STATE_H
#define AMBS_STUDY_TABLE_STATE_H

#include "study/table.h"

/* The count of the trials in `state`; paused ones count as waiting. */
uint64_t *table_count_of(ambs_table *t, ambs_trial_state state);
/* The value of a trial from those of its evaluations that are complete. */
void table_take_mean(const ambs_table *t, ambs_trial_row *row);
/* Where the trial's value is the least or the greatest so far, that is remembered. */
void table_note_incumbents(ambs_table *t, const ambs_trial_row *row);

/* AMBS_E_FORMAT: "trial 7: what". */
int table_unfit(ambs_error *err, uint64_t trial, const char *what);
/* NULL with AMBS_E_FORMAT in err. */
ambs_trial_row *table_find_trial(const ambs_table *t, uint64_t trial, ambs_error *err);
/* The trial has another state, and is counted there. */
void table_move_to(ambs_table *t, ambs_trial_row *row, ambs_trial_state state);

/* One record each. A record that is refused leaves the table as it was. */
int table_apply_report(ambs_table *t, const ambs_record_report *r, ambs_error *err);
int table_apply_output(ambs_table *t, const ambs_record_output *r, ambs_error *err);
int table_apply_worker(ambs_table *t, const ambs_record_worker *r, ambs_error *err);
int table_apply_slot(ambs_table *t, const ambs_record_slot *r, ambs_error *err);
int table_apply_event(ambs_table *t, const ambs_record_event *r, ambs_error *err);
int table_apply_life(ambs_table *t, const ambs_record *record, ambs_error *err);
int table_apply_end(ambs_table *t, const ambs_record_end *r, ambs_error *err);
int table_apply_job(ambs_table *t, const ambs_record_job *r, ambs_error *err);

#endif
