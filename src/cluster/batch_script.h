/* SPDX-License-Identifier: MIT */
/* A job script made from one of those in the folder jobs: its directives changed, the study's command
 * line put in. Pure. */
#ifndef AMBS_CLUSTER_BATCH_SCRIPT_H
#define AMBS_CLUSTER_BATCH_SCRIPT_H

#include "cluster/batch.h"

typedef struct ambs_batch_script {
    const ambs_batch_ops *ops;
    const ambs_batch_request *request;
    const char *extra;       /* directives without their prefix, between semicolons; NULL */
    const char *modules;     /* words behind `module load`; NULL */
    const char *path;        /* of the script itself */
    const char *const *argv; /* the study and what follows it, NULL-terminated */
    const char *successors;  /* file with the ids of the jobs that wait for this one; NULL */
} ambs_batch_script;

/* Writes the script. A directive of the template goes where one of the same kind is given
 * ("#SBATCH --nodes=", "#PBS -l walltime="). AMBS_E_FORMAT where the template has no directive or no
 * line `this=`. */
int ambs_batch_write_script(const ambs_batch_script *script, const char *template_text,
                            ambs_text *out, ambs_error *err);

#endif
