/* SPDX-License-Identifier: MIT */
/* A walk over a design: its points through the parameters' transforms in their order, leaving out
 * what is forbidden or known. What the methods sobol and lhs are. */
#ifndef AMBS_SEARCH_WALK_H
#define AMBS_SEARCH_WALK_H

#include "numeric/design.h"
#include "search/method.h"

typedef struct ambs_walk {
    ambs_method_context context;
    const ambs_design_ops *design;
    void *options; /* of the design, owned */
    double *u;     /* [d]; of a design with an end: all its points, [total, d], made at the first
                       ask */
    bool made;
    uint64_t next;  /* point of the design */
    uint64_t total; /* its points; a sequence has no end */
    bool spent;     /* nothing new comes any more */
} ambs_walk;

/* A walk over the design `name` of `total` points (0 for a sequence); one of its options may be set
 * (option NULL: none). On failure nothing is held. */
int ambs_walk_init(ambs_walk *w, const ambs_method_context *context, const char *name,
                   uint64_t total, const char *option, const char *value, ambs_error *err);
void ambs_walk_fini(void *walk);
/* The operations ask and restore of such a method; the state is the walk. After its end, or where
 * a discrete space is no longer met, the rest comes at random. */
int ambs_walk_ask(void *walk, uint64_t id, ambs_proposal *ret, ambs_error *err);
int ambs_walk_restore(void *walk, const ambs_proposal *proposal, bool adopted, ambs_error *err);

#endif
