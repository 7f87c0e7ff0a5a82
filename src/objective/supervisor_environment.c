/* SPDX-License-Identifier: MIT */
/* What each of them is for, and by what a nested launcher would be misled:
 *
 *   Open MPI, PMIx, PRRTE   OMPI_, PMIX_, PRTE_, ORTE_; of other MPIs: PMI_, PMI2_, HYDRA_, HYDI_,
 *                           I_MPI_, MPI_LOCAL…, MV2_COMM_WORLD_, MVP_COMM_WORLD_, MPIRUN_
 *   Cray, IBM               PALS_, ALPS_; JSM_
 *   Slurm                   SLURM_, which what is left of maps every mpirun to the first node
 *   PBS, Torque             Open MPI takes hosts by PBS_ENVIRONMENT, Hydra by PBS_NODEFILE; the
 *                           others are the way to the daemon of the first node
 *   Grid Engine             both take hosts by PE_HOSTFILE
 *   LSF                     Open MPI takes hosts by LSB_JOBID, Hydra by LSB_HOSTS, LSB_MCPU_HOSTS
 *   Flux                    FLUX_TASK_, FLUX_JOB_, FLUX_PMI_ (FLUX_URI is the way to the instance)
 *   training frameworks     RANK, WORLD_SIZE, …, TORCHELASTIC_, HOROVOD_, TF_CONFIG
 *
 * What lets commands of the batch system find it (SLURM_CONF, PBS_SERVER, SGE_ROOT, LSF_ENVDIR,
 * FLUX_URI) stays, and the job's number where no launcher goes by it alone. What root says to Open
 * MPI, so that it starts at all, a trial's own mpirun has to hear, too. */
#include "objective/supervisor_environment.h"

#include <stddef.h>
#include <string.h>

static const char *const prefixes[] = {
    "OMPI_",      "PMIX_",         "PRTE_",           "ORTE_",
    "PMI_",       "PMI2_",         "PALS_",           "ALPS_",
    "HYDRA_",     "HYDI_",         "I_MPI_",          "MPI_LOCAL",
    "MPIRUN_",    "JSM_",          "SLURM_",          "LSB_",
    "FLUX_TASK_", "FLUX_JOB_",     "FLUX_PMI_",       "PBS_NUM_",
    "HOROVOD_",   "TORCHELASTIC_", "MV2_COMM_WORLD_", "MVP_COMM_WORLD_",
    NULL};
static const char *const names[] = {
    "RANK=",         "WORLD_SIZE=",      "LOCAL_RANK=",    "LOCAL_WORLD_SIZE=",
    "GROUP_RANK=",   "NODE_RANK=",       "ROLE_RANK=",     "ROLE_WORLD_SIZE=",
    "MASTER_ADDR=",  "MASTER_PORT=",     "TF_CONFIG=",     "PE_HOSTFILE=",
    "PBS_NODEFILE=", "PBS_ENVIRONMENT=", "PBS_NODENUM=",   "PBS_TASKNUM=",
    "PBS_VNODENUM=", "PBS_MOMPORT=",     "PBS_JOBCOOKIE=", "PBS_NP=",
    "PBS_PPN=",      "PBS_GPUFILE=",     "PBS_NNODES=",    NULL};
static const char *const kept[] = {
    "SLURM_JOB_ID=", "SLURM_CONF=", "FLUX_JOB_TMPDIR=", "OMPI_ALLOW_RUN_AS_ROOT", NULL};

static bool begins_with_one(const char *entry, const char *const *beginnings)
{
    for (size_t i = 0; beginnings[i]; i++)
        if (strncmp(entry, beginnings[i], strlen(beginnings[i])) == 0) return true;
    return false;
}

bool ambs_is_launcher_variable(const char *entry)
{
    return !begins_with_one(entry, kept) &&
           (begins_with_one(entry, prefixes) || begins_with_one(entry, names));
}

void ambs_scrub_environment(char **environment)
{
    size_t n = 0;
    for (size_t i = 0; environment[i]; i++)
        if (!ambs_is_launcher_variable(environment[i])) environment[n++] = environment[i];
    environment[n] = NULL;
}
