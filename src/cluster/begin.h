/* SPDX-License-Identifier: MIT */
/* The watch over the beginning of MPI: a rank that dies there holds all others for ever, since no
 * MPI library tells them. */
#ifndef AMBS_CLUSTER_BEGIN_H
#define AMBS_CLUSTER_BEGIN_H

#include "base/log.h"

typedef struct ambs_begin ambs_begin;

/* Called before MPI_Init. Until ambs_begin_end() a thread of its own watches the other ranks that
 * the same launcher started on this host; when one of them is gone it says so, ends the launcher
 * (which ends the job) and leaves with AMBS_STATUS_STOPPED. A rank that is slow, or stopped, is
 * not gone. NULL where nothing can be watched; `log` is borrowed. */
ambs_begin *ambs_begin_watch(const ambs_log *log);
/* Called once all ranks have answered. `begin` may be NULL. */
void ambs_begin_end(ambs_begin *begin);

#endif
