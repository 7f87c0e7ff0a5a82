/* SPDX-License-Identifier: MIT */
/* What the program returns to whoever started it. Job scripts depend on these numbers. */
#ifndef AMBS_CLUSTER_STATUS_H
#define AMBS_CLUSTER_STATUS_H

typedef enum ambs_status {
    AMBS_STATUS_DONE = 0,    /* the study reached its budget, its target or the end of its space */
    AMBS_STATUS_FAILED = 1,  /* the study or the program failed */
    AMBS_STATUS_USAGE = 2,   /* the command line or the study file is wrong */
    AMBS_STATUS_STOPPED = 3, /* stopped early with everything saved: resume it */
    AMBS_STATUS_FAILURES = 4 /* too many trials failed */
} ambs_status;

/* The status that belongs to an error code before a study began: USAGE for what the user can mend
 * in the command line, the study file or the choice of files, FAILED for the rest. */
ambs_status ambs_status_of(int code);

#endif
