/* SPDX-License-Identifier: MIT */
/* What hedge remembers; see hedge.c. */
#ifndef AMBS_ACQUISITION_HEDGE_H
#define AMBS_ACQUISITION_HEDGE_H

#include "acquisition/acquisition.h"

enum { AMBS_HEDGE_MEMBERS = 3, AMBS_HEDGE_WINDOW = 256 };

typedef struct ambs_hedge_options {
    double eta, mix, kappa, xi;
} ambs_hedge_options;

/* Who decided a trial; probability 0: none of the members. */
typedef struct ambs_hedge_decision {
    size_t member;
    double probability;
} ambs_hedge_decision;

typedef struct ambs_hedge {
    double gain[AMBS_HEDGE_MEMBERS];
    ambs_hedge_decision *decided; /* [n_trials] */
    size_t n_trials, capacity;
    double recent[AMBS_HEDGE_WINDOW]; /* the last results, in any order */
    size_t n_told;
} ambs_hedge;

/* (1 - mix) exp(eta gain_k) / sum + mix / members */
void ambs_hedge_probabilities(const ambs_hedge *h, const ambs_hedge_options *o,
                              double ret[AMBS_HEDGE_MEMBERS]);

#endif
