/* SPDX-License-Identifier: MIT */
/* The way on of a batch job whose ranks were lost: a host went down under mpirun, rank 0 was killed.
 * Rank 0 sees to it where it can (at a deadline); this is the launcher's part. */
#ifndef AMBS_CLI_GO_ON_H
#define AMBS_CLI_GO_ON_H

#include "study/record.h"
#include "study/spec.h"

/* Requeues or resubmits this job, as `how` says for deadlines, within its number of lives, and only
 * if the last life completed a trial (what fails at once would fail for ever). Says what it does on
 * standard error. Returns the exit status of the program. */
int ambs_go_on_after_loss(const ambs_continuation *how, const char *output);
/* The same after a TERM that left rank 0 no time: where the deadline that it had recorded is near. */
int ambs_go_on_after_term(const ambs_continuation *how, const char *output);
/* The same for what rank 0 has decided on, and had no time to do. */
int ambs_go_on_for_rank_0(ambs_next next, const char *output);

#endif
