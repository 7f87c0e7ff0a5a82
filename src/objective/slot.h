/* SPDX-License-Identifier: MIT */
/* What a slot may use, as the trials on it get it: cores, GPUs, memory. */
#ifndef AMBS_OBJECTIVE_SLOT_H
#define AMBS_OBJECTIVE_SLOT_H

#include <stdint.h>

/* Arrays are borrowed and outlive the runner. */
typedef struct ambs_slot_resources {
    const int *cores; /* [n_cores] numbers of this host; 0 of them: not restricted */
    uint32_t n_cores;
    const char *const *gpus; /* [n_gpus] ids as the visibility variable wants them */
    uint32_t n_gpus;
    /* "CUDA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", …: it alone is set, the others are removed.
     * NULL: those of CUDA and ROCm are set to nothing where the host has GPUs. */
    const char *gpu_variable;
    double memory_bytes; /* limit of one trial; NaN: none */
} ambs_slot_resources;

struct ambs_strings;
struct ambs_error;

/* Adds the variables by which a process learns of its slot: OMP_NUM_THREADS, OPENBLAS_NUM_THREADS,
 * MKL_NUM_THREADS (the slot's cores, or `cores` where it is not restricted) and what makes its GPUs
 * visible. NAME without = stands for a variable to be removed. `slot` may be NULL. */
int ambs_slot_environment(const ambs_slot_resources *slot, uint32_t cores,
                          struct ambs_strings *environment, struct ambs_error *err);

#endif
