/* SPDX-License-Identifier: MIT */
/* Jobs that were queued at the start to go on with a study, for sites where a compute node cannot
 * submit (`ambs submit --successors`). */
#ifndef AMBS_CLI_SUCCESSORS_H
#define AMBS_CLI_SUCCESSORS_H

/* Cancels those that AMBS_SUCCESSORS names (a file with an id a line), but for this job: the study
 * is over. What cannot be cancelled finds the study complete and ends at once. */
void ambs_successors_cancel(void);

#endif
