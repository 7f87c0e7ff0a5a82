/* SPDX-License-Identifier: MIT */
/* What a rank finds on its host that trials may use: cores, memory, GPUs.
 *
 * Cores. A launcher binds a rank for the rank's own sake: mpirun's default pins each of `-n 2` to
 * one core, and a trial would inherit that. What the allocation allows is read instead, from the
 * affinity of the launcher's own process on this host (mpirun, orted, prted, hydra), under srun
 * from the cgroup's cpuset where that is no more than SLURM_CPUS_ON_NODE. A rank that nobody
 * launched keeps what it is bound to.
 *
 * Memory. The least of MemTotal, the limits of the cgroups above this process (v2 and v1), and
 * SLURM_MEM_PER_NODE or SLURM_MEM_PER_CPU.
 *
 * GPUs. An index says nothing: under `--gpus-per-task` every rank sees its own GPU as number 0. So
 * a GPU has an `id` that is the same for each process of the host (the UUID, else the PCI address)
 * and a `name`, by which this process and its children choose it (what stands in the visibility
 * variable).
 *
 * Everything is read below `root` and through `variable`, so made-up machines can be tested. Pure
 * apart from these; local; nothing is opened for writing. */
#ifndef AMBS_CLUSTER_RESOURCES_H
#define AMBS_CLUSTER_RESOURCES_H

#include "cluster/core_set.h"
#include "study/record.h"
#include "study/spec.h"

enum {
    AMBS_GPUS_MAX = 64,
    AMBS_GPU_ID_SIZE = 64, /* "MIG-GPU-" and a UUID and "/13/7" */
    AMBS_GPU_VARIABLE_SIZE = 32,
    AMBS_NEAR_SIZE = 64
};

typedef struct ambs_gpu {
    char id[AMBS_GPU_ID_SIZE];   /* the same for every process of the host */
    char name[AMBS_GPU_ID_SIZE]; /* in the visibility variable of this process */
    char near[AMBS_NEAR_SIZE];   /* the cores beside it, as core_set.h prints them; "" unknown */
} ambs_gpu;

typedef struct ambs_resources {
    uint64_t machine;       /* names the host: its name and its boot; 0: nothing is known */
    ambs_core_set cores;    /* that trials may use; empty: not known */
    uint32_t core_stride;   /* cores of the same number modulo this share one core of the processor;
                               0: neighbours do, or none */
    uint32_t n_bound;       /* cores that the launcher had bound this rank to */
    uint32_t n_ranks;       /* on this host, by the launcher's word; 0 not known */
    bool cores_are_private; /* no other rank of the host uses these cores */
    double memory_bytes;    /* NaN: not known */
    char gpu_variable[AMBS_GPU_VARIABLE_SIZE]; /* "" without GPUs */
    bool gpus_are_seen; /* the hardware, and not only a variable that may say anything */
    size_t n_gpus;
    ambs_gpu *gpus; /* [n_gpus], owned; of a received message: the inbox's */
} ambs_resources;

/* What a slot gets of them. */
typedef struct ambs_share {
    char *cores;         /* "0-3,8"; "": not pinned */
    uint32_t n_cores;    /* how many threads it should use, at least 1 */
    char *gpus;          /* "0,1" for the visibility variable; "" none */
    char *gpu_ids;       /* the same devices by their ids */
    double memory_bytes; /* limit of a trial; NaN: none */
} ambs_share;

/* Frees the texts and the array. */
void ambs_shares_free(ambs_share *shares, size_t n);

typedef struct ambs_machine {
    const char *root; /* in front of /proc, /sys and /dev; "" for this machine */
    const char *host;
    const char *(*variable)(void *ctx, const char *name);
    void *ctx;
} ambs_machine;

/* Where something cannot be read it is not known. `note` (may be NULL) gets what a person should
 * know, one line each. AMBS_E_NOMEM. */
int ambs_resources_detect(const ambs_machine *machine, ambs_resources *ret_resources,
                          ambs_text *note, ambs_error *err);
/* The machine this process runs on. Its own affinity is read: detect before changing it. */
ambs_machine ambs_machine_here(const char *host);
void ambs_resources_fini(ambs_resources *resources);
int ambs_resources_copy(const ambs_resources *from, ambs_resources *ret, ambs_error *err);

/* Lets this process and those that it starts from now on use all of these cores. */
void ambs_resources_unbind(const ambs_resources *resources);

/* What the study file says of the hosts (`slots`): only these cores, no more than this memory, only
 * these GPUs; where none were found those that are listed are believed in. Pure. AMBS_E_NOMEM. */
int ambs_resources_restrict(ambs_resources *resources, const ambs_slot_settings *slots,
                            ambs_error *err);

/* --- shared by resources.c and resources_gpu.c --- */

int ambs_resources_find_gpus(const ambs_machine *machine, ambs_resources *r, ambs_text *note,
                             ambs_error *err);
/* Adds a GPU; beyond AMBS_GPUS_MAX nothing. A longer text is cut. */
int ambs_resources_add_gpu(ambs_resources *r, const char *id, const char *name, const char *near,
                           ambs_error *err);
/* The first line of a file below the machine's root, without its end; false when there is none.
 * `buffer` holds `size` bytes; a longer line is cut. */
bool ambs_machine_read(const ambs_machine *machine, char *buffer, size_t size, const char *format,
                       ...) AMBS_PRINTF(4, 5);
/* The value behind "KEY<separator>" at the begin of a line, without white space around it. */
bool ambs_machine_find(const ambs_machine *machine, const char *path, const char *key, char *buffer,
                       size_t size);

#endif
