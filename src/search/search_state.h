/* SPDX-License-Identifier: MIT */
/* The state of a search, for the files that are its driver. */
#ifndef AMBS_SEARCH_STATE_H
#define AMBS_SEARCH_STATE_H

#include "ambs/search.h"
#include "search/method.h"
#include "search/race.h"
#include "space/space.h"

struct ambs_search {
    const ambs_spec *spec;
    const ambs_space *space;
    const ambs_method_ops *method;
    void *state;
    ambs_method_context context;
    size_t d;
    size_t g;    /* values of a trial behind its x where the study has several goals, else 0 */
    double sign; /* -1 where the user maximises */
    ambs_known *trials;
    size_t n_trials, trial_capacity;
    double **blocks; /* rows of many trials each, [d + g]: they stay in place while the
                        search grows */
    size_t n_blocks, block_capacity;
    ambs_space_set *taken;
    size_t next_point; /* of the user's own points, then of those of earlier studies */
    double *defaults;  /* [d], NULL once proposed or where there are none */
    uint64_t *again;   /* cancelled trials whose configuration comes again, first in first out */
    size_t n_again, first_again, again_capacity;
    double *queue; /* [n_queue, d] enqueued, first in first out */
    size_t n_queue, first_queue, queue_capacity;
    ambs_race *race; /* which trials are repeated; NULL: none is */
    uint64_t best;   /* UINT64_MAX: none */
    ambs_search_counts counts;
    uint64_t n_lies;
    bool broken; /* memory ran out in the middle of a change */
};

/* What a proposal says of a trial before a model does: that of this moment, for the caller's x. */
ambs_proposal search_begin_proposal(const ambs_search *search, uint64_t id, ambs_origin origin,
                                    double *x);
/* A trial that is out, whether for the first time or once more. */
bool search_is_in_flight(const ambs_search *search, uint64_t id);
/* What the race says in the place of a new configuration: *ret_done where that was all. `exhausted`:
 * why there is no new one, else AMBS_OK. */
int search_consult_race(ambs_search *search, int exhausted, ambs_proposal *ret, bool *ret_done,
                        ambs_error *err);
/* AMBS_E_MISMATCH where no such repeat can be made. */
int search_restore_repeat(ambs_search *search, const ambs_proposal *proposal, ambs_error *err);
/* The evaluation that ended joins those before it; the best trial may be another. */
void search_settle_repeats(ambs_search *search, uint64_t id);
/* The trial stays what it was. */
void search_cancel_repeat(ambs_search *search, uint64_t id);

#endif
