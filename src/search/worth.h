/* SPDX-License-Identifier: MIT */
/* What candidates are worth to a search: its acquisition function over the log. The counts are
 * functions of the order of asks and tells alone, so a record restores them without computing. */
#ifndef AMBS_SEARCH_WORTH_H
#define AMBS_SEARCH_WORTH_H

#include "acquisition/maximiser.h"
#include "search/arm.h"

typedef struct ambs_worth {
    ambs_method_context context;
    const ambs_acquisition_ops *ops;
    const void *options;
    uint64_t n_asks; /* that the acquisition function decided */
    uint64_t n_told, n_told_at_ask;
    void *state;                             /* the acquisition function's; NULL: it has none */
    double *probe_x, *probe_mean, *probe_sd; /* [n_probes, d], [n_probes] */
    ambs_acquisition_context now;            /* of the ask being made */
} ambs_worth;

/* `acquisition` is borrowed. On failure ambs_worth_fini() is due, too. */
int ambs_worth_init(ambs_worth *w, const ambs_method_context *context,
                    const ambs_chosen *acquisition, ambs_error *err);
void ambs_worth_fini(ambs_worth *w);

/* The log: an ask, decided by the acquisition function or not, and a tell. */
int ambs_worth_asked(ambs_worth *w, uint64_t trial, bool decided, ambs_error *err);
void ambs_worth_told(ambs_worth *w, uint64_t trial);

/* Before an ask of the trial by the arm, which is up to date: sets w->now. What is random is drawn
 * from `random`. */
int ambs_worth_prepare(ambs_worth *w, const ambs_arm *arm, uint64_t trial, ambs_random *random,
                       ambs_error *err);

#endif
