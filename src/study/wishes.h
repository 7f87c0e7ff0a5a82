/* SPDX-License-Identifier: MIT */
/* Wishes on their way through a study: from their file to the search, and until the proposal that
 * each became is durable. Pure: no file, no clock; the files are the caller's (study/wish.h). */
#ifndef AMBS_STUDY_WISHES_H
#define AMBS_STUDY_WISHES_H

#include "study/table.h"
#include "study/wish.h"

typedef struct ambs_wishes {
    const ambs_space *space;
    struct ambs_open_wish *open; /* [n] given to the search */
    size_t n, capacity;
    size_t n_seen; /* trials that were looked at */
} ambs_wishes;

typedef enum ambs_wish_verdict {
    AMBS_WISH_NEW,   /* to be given to the search; it is open from now on */
    AMBS_WISH_KNOWN, /* it is a trial, or open, already */
    AMBS_WISH_BAD    /* no configuration of the space */
} ambs_wish_verdict;

/* A zeroed struct with `space` set (borrowed) is empty. */
void ambs_wishes_fini(ambs_wishes *w);
bool ambs_wishes_is_open(const ambs_wishes *w, const ambs_wish_name *name);
/* Judges what a file holds. ret_x [d] for NEW; `ret_why` says, for people, what became of it ("trial
 * 7 already", the fault). Errors are of memory alone. O(trials d). */
int ambs_wishes_judge(ambs_wishes *w, const ambs_table *table, const ambs_wish_name *name,
                      const char *text, ambs_wish_verdict *ret_verdict, double *ret_x,
                      char ret_why[512], ambs_error *err);
/* One that became a trial whose record has a sequence of at most `durable`, and is no longer open;
 * false: none now. O(trials since the last call x open wishes). */
bool ambs_wishes_next_granted(ambs_wishes *w, const ambs_table *table, uint64_t durable,
                              ambs_wish_name *ret_name);

#endif
