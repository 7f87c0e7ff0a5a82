/* SPDX-License-Identifier: MIT */
/* The models of a search: one, or several that take turns (a portfolio). An arm is a surrogate with
 * the scale of y that suits it; all arms hold the same results and a lie for each trial in flight,
 * whichever arm proposed it. An arm computes only when its turn comes, so a portfolio costs no more
 * than its dearest member.
 *
 * Why several: which surrogate is best on a problem cannot be told from its space, and a wrong one
 * costs more than a third of the asks of a right one. Taking turns is never far from the best of
 * them. In a crowd, where more than a third as many trials are in flight as have results, there are
 * few rounds, and none of them is for a model that may be wrong: there one arm leads alone.
 * share/doc/quality.md has the figures. */
#ifndef AMBS_SEARCH_ARM_H
#define AMBS_SEARCH_ARM_H

#include "search/model.h"

enum { AMBS_ARMS_MAX = 4 };

typedef struct ambs_arm {
    const ambs_member *member; /* the surrogate's */
    ambs_surrogate *surrogate;
    void *options; /* the surrogate's, where they are the arm's own */
    ambs_model *model;
    ambs_transform_kind transform;
    uint64_t until; /* it takes part while there are fewer trials than this, */
    uint64_t lies;  /* and rests while more than this are in flight */
    bool leads;     /* in a crowd the others rest while it takes part */
} ambs_arm;

typedef struct ambs_arms {
    size_t n;
    ambs_arm arm[AMBS_ARMS_MAX];
} ambs_arms;

/* What is asked for. */
typedef struct ambs_arms_settings {
    const ambs_chosen *surrogate; /* member NULL: the portfolio */
    int transform;                /* an ambs_transform_kind, or AMBS_TRANSFORM_AUTO */
    bool has_ranks; /* the model has ranks of its own: Gaussian processes go on for longer */
    ambs_model_settings model; /* its transform is not used */
} ambs_arms_settings;

/* Everything is borrowed. On failure ambs_arms_fini() is due, too. */
int ambs_arms_init(ambs_arms *arms, const ambs_method_context *context,
                   const ambs_arms_settings *settings, ambs_error *err);
void ambs_arms_fini(ambs_arms *arms);
/* Who may compute for their surrogates; borrowed, before anything is fitted. */
void ambs_arms_use_engine(ambs_arms *arms, const struct ambs_gp_engine *engine);
/* "gp", or which models take turns and when. */
void ambs_arms_describe(const ambs_arms_settings *settings, ambs_text *out);

/* What decides whose turn it is to propose trial `id`. */
typedef struct ambs_turn {
    uint64_t id;
    uint64_t n_asks; /* that a model decided before */
    uint64_t n_lies; /* trials in flight */
    uint64_t n_told; /* trials that ended */
} ambs_turn;

size_t ambs_arms_turn(const ambs_arms *arms, const ambs_turn *turn);
/* The log, for all arms. `lie` in the minimised metric's unit, NaN where there was no model. */
int ambs_arms_asked(ambs_arms *arms, uint64_t id, double lie, ambs_error *err);
int ambs_arms_told(ambs_arms *arms, uint64_t id, ambs_error *err);
int ambs_arms_told_again(ambs_arms *arms, uint64_t id, ambs_error *err);
int ambs_arms_cancelled(ambs_arms *arms, uint64_t id, ambs_error *err);

#endif
