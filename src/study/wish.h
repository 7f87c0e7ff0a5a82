/* SPDX-License-Identifier: MIT */
/* Wishes: configurations that a person adds to a study from outside, while it runs or not. Each is
 * a file in STUDY.h5.journal/queue, put there by a rename, and its name says when it came:
 *
 *     01764532800123456-4711.txt      learning_rate=0.01
 *                                     optimizer=adam
 *
 * Whoever drives the study gives it to the search, and takes the file away once the proposal that it
 * became is durable: until then the file is what keeps the wish. One that cannot be granted stays as
 * NAME.refused with the reason in its last line. Any process may put one there; a text editor too.
 *
 * Every call may block as long as the file system does. */
#ifndef AMBS_STUDY_WISH_H
#define AMBS_STUDY_WISH_H

#include "ambs/space.h"

enum { AMBS_WISH_NAME = 64 };
typedef struct ambs_wish_name {
    char text[AMBS_WISH_NAME];
} ambs_wish_name;

/* Adds x. AMBS_E_NOT_FOUND where the study has no journal, AMBS_E_IO. */
int ambs_wish_put(const char *study_path, const ambs_space *space, const double *x,
                  ambs_wish_name *ret_name, ambs_error *err);
/* The names of those that wait, oldest first, at most 10,000; none where there is no folder. The
 * caller frees with free(). */
int ambs_wish_list(const char *study_path, ambs_wish_name **ret_names, size_t *ret_n,
                   ambs_error *err);
/* What a file holds, free() it: AMBS_E_NOT_FOUND when it was taken away meanwhile. */
int ambs_wish_text(const char *study_path, const ambs_wish_name *name, char **ret_text,
                   ambs_error *err);
/* x [d] from that: AMBS_E_INVALID as ambs_space_read_words(). */
int ambs_wish_read(const ambs_space *space, const char *text, double *ret_x, ambs_error *err);
int ambs_wish_remove(const char *study_path, const ambs_wish_name *name, ambs_error *err);
int ambs_wish_refuse(const char *study_path, const ambs_wish_name *name, const char *why,
                     ambs_error *err);
/* Why it was refused: free() it; NULL where it was not. */
char *ambs_wish_refusal(const char *study_path, const ambs_wish_name *name);

#endif
