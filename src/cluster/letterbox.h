/* SPDX-License-Identifier: MIT */
/* The queue of a running study (study/wish.h) as the loop may look at it: a thread of its own lists,
 * reads and removes the files, since a file system may take long to answer. */
#ifndef AMBS_CLUSTER_LETTERBOX_H
#define AMBS_CLUSTER_LETTERBOX_H

#include "study/wish.h"

typedef struct ambs_letterbox ambs_letterbox;

/* Looks once before it returns, then every two seconds. */
int ambs_letterbox_create(const char *study_path, ambs_letterbox **ret_box, ambs_error *err);
/* Waits for a call to the file system that is under way. */
void ambs_letterbox_destroy(ambs_letterbox *box);
/* The next that came, each once, oldest first; false: none now. *ret_text is the caller's to free.
 * Never blocks. */
bool ambs_letterbox_next(ambs_letterbox *box, ambs_wish_name *ret_name, char **ret_text);
/* It was granted (`why` NULL), or cannot be: its file is removed or renamed soon. Never blocks. */
int ambs_letterbox_answer(ambs_letterbox *box, const ambs_wish_name *name, const char *why,
                          ambs_error *err);

#endif
