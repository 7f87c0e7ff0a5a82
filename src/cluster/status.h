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

#endif
