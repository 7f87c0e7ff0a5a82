/* SPDX-License-Identifier: MIT */
/* What `ambs status|best|trials|show|curve` print, from a trial table and its spec: text for
 * people, or one JSON document. Pure functions: no files, no clock. */
#ifndef AMBS_ANALYSIS_VIEW_H
#define AMBS_ANALYSIS_VIEW_H

#include "base/text.h"
#include "study/spec.h"
#include "study/table.h"

typedef struct ambs_view {
    const ambs_table *table;
    const ambs_spec *spec;
    const char *path;   /* of the study file, for hints */
    bool alive;         /* a manager holds the study now */
    const char *holder; /* "host node3, process 1234", where alive; else NULL */
    double now_s;       /* wall clock of the reader */
    size_t n_queued;    /* configurations that people added and no trial has yet */
    bool json;
} ambs_view;

/* Where a study stands. */
typedef enum ambs_standing {
    AMBS_STANDING_EMPTY, /* no life yet */
    AMBS_STANDING_RUNNING,
    AMBS_STANDING_COMPLETE, /* reached its budget, target or the end of the space */
    AMBS_STANDING_STOPPED,  /* stopped early, all saved */
    AMBS_STANDING_FAILED,
    AMBS_STANDING_INTERRUPTED /* killed: no end was recorded */
} ambs_standing;
ambs_standing ambs_view_standing(const ambs_view *view);
/* What `ambs run` returned, as `status --exit-code` prints it: the code of the last life's end; 3
 * for a study that was killed or still runs. */
int ambs_view_exit_code(const ambs_view *view);
/* The incumbent in the study's own direction, UINT64_MAX when there is none. */
uint64_t ambs_view_best_trial(const ambs_view *view);

typedef struct ambs_trial_filter {
    const char *state; /* name of a state, NULL: all */
    bool by_objective; /* best first; else by id */
    size_t limit;      /* 0: all; by id: the last `limit` */
    bool metrics;      /* a column for each metric that results held; else for those searched for */
} ambs_trial_filter;

int ambs_view_status(const ambs_view *view, ambs_text *out, ambs_error *err);
/* The best trial, or the front where the study has several metrics. AMBS_E_NOT_FOUND when no trial is
 * complete. */
int ambs_view_best(const ambs_view *view, ambs_text *out, ambs_error *err);
int ambs_view_trials(const ambs_view *view, const ambs_trial_filter *filter, ambs_text *out,
                     ambs_error *err);
/* One trial with its attempts, prediction, metrics. AMBS_E_NOT_FOUND with the ids there are. */
int ambs_view_show(const ambs_view *view, uint64_t trial, ambs_text *out, ambs_error *err);
/* The curve of a trial (`trial` UINT64_MAX: how the best improved over the trials). */
int ambs_view_curve(const ambs_view *view, uint64_t trial, ambs_text *out, ambs_error *err);

#endif
