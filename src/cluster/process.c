/* SPDX-License-Identifier: MIT */
#include "cluster/process.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/checksum.h"
#include "base/text.h"
#include "study/record.h"

const char *ambs_process_host(char *buffer)
{
    char name[AMBS_HOST_SIZE] = {0};
    if (gethostname(name, sizeof name - 1) != 0) strcpy(name, "unknown");
    memcpy(buffer, name, sizeof name);
    return buffer;
}

bool ambs_process_exists(uint64_t pid)
{
    return pid > 0 && (kill((pid_t)pid, 0) == 0 || errno == EPERM);
}

uint64_t ambs_process_space(void)
{
    char boot[64] = "", space[64] = "";
    FILE *f = fopen("/proc/sys/kernel/random/boot_id", "r");
    if (!f) return 0;
    bool read = fgets(boot, sizeof boot, f) != NULL;
    fclose(f);
    if (!read || readlink("/proc/self/ns/pid", space, sizeof space - 1) <= 0) return 0;
    uint64_t hash = ambs_hash(AMBS_HASH_START, boot, strlen(boot));
    return ambs_hash(hash, space, strlen(space));
}

uint32_t ambs_process_cores(void)
{
    cpu_set_t mine;
    int n = sched_getaffinity(0, sizeof mine, &mine) == 0 ? CPU_COUNT(&mine) : 1;
    return n > 0 ? (uint32_t)n : 1;
}

static long long number_in(const char *variable)
{
    const char *text = getenv(variable);
    long long value;
    return text && ambs_parse_int(text, &value) ? value : 0;
}

bool ambs_process_is_first(void)
{
    static const char *const ranks[] = {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"};
    for (size_t i = 0; i < sizeof ranks / sizeof *ranks; i++)
        if (getenv(ranks[i])) return number_in(ranks[i]) == 0;
    return true;
}

bool ambs_process_is_launched(void)
{
    return getenv("OMPI_COMM_WORLD_SIZE") || getenv("PMIX_RANK") || getenv("PMI_RANK") ||
           number_in("SLURM_STEP_NUM_TASKS") > 1;
}

int ambs_process_check_srun(ambs_error *err)
{
    long long n = number_in("SLURM_STEP_NUM_TASKS");
    if (n < 2 || getenv("PMIX_RANK") || getenv("PMI_RANK") || getenv("OMPI_COMM_WORLD_SIZE"))
        return AMBS_OK;
    return ambs_fail(
        err, AMBS_E_INVALID,
        "found %lld tasks of srun that know nothing of one another, expected MPI ranks: "
        "use srun --mpi=pmix, or ambs run without srun, which starts the ranks of a "
        "Slurm job itself",
        n);
}

int ambs_process_check_alone(ambs_error *err)
{
    static const char *const sizes[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS"};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        long long n = number_in(sizes[i]);
        if (n > 1)
            return ambs_fail(
                err, AMBS_E_INVALID,
                "found %s=%lld but one rank in MPI, expected the launcher of the MPI library that "
                "ambs was built with; start it by that library's mpirun -n %lld ambs run …, or "
                "under Slurm by srun --mpi=pmix",
                sizes[i], n, n);
    }
    return AMBS_OK;
}
