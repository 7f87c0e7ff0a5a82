/* SPDX-License-Identifier: MIT */
/* A thread that advances a lock's counter, so that whoever watches it from another host sees that
 * its holder lives, and so that nobody but this thread waits for a file system that does not
 * answer. */
#ifndef AMBS_STUDY_LOCK_KEEPER_H
#define AMBS_STUDY_LOCK_KEEPER_H

#include "study/journal.h"

typedef struct ambs_keeper ambs_keeper;

/* Touches the lock (borrowed) every `pause_s`. */
int ambs_keeper_start(ambs_lock *lock, double pause_s, ambs_keeper **ret_keeper, ambs_error *err);
/* AMBS_E_BUSY once another process has taken the study. Never blocks. */
int ambs_keeper_trouble(ambs_keeper *keeper, ambs_error *err);
/* False, and the thread and its lock are left alone, where the file system has not answered it for
 * a second; NULL is true. */
bool ambs_keeper_stop(ambs_keeper *keeper);

#endif
