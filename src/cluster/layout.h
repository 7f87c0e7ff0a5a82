/* SPDX-License-Identifier: MIT */
/* Who gets what: divides the cores, memory and GPUs of each host into slots.
 *
 * Several ranks may share a host, and none of them knows what the others take. So each tells the
 * manager what it sees (HELLO), and the manager, which sees all, deals out as they join: what it
 * has given is given, whatever becomes of the rank, since a trial of a lost one may still run
 * there. Ranks may join in any order and at any time; each one's part is reckoned from the number
 * of ranks on its host, which it knows from the start.
 *
 * How many slots: as many as the rank wishes, else `slots.per_rank`, else as many as fit where the
 * rank is alone on its host (in a job of several hosts, or of one rank), else one.
 *
 * What a slot gets: `trial.gpus` GPUs that this rank can see, the nearest cores, and as its limit
 * `trial.memory`. Where trial.cores says how many cores, exactly so many that no other slot has,
 * and no slot where they do not suffice. Where it does not, the rank's part of the host's cores,
 * divided among its slots; with more ranks than cores the slots are not pinned and share them.
 *
 * Pure; O(cores + GPUs) per rank that joins. */
#ifndef AMBS_CLUSTER_LAYOUT_H
#define AMBS_CLUSTER_LAYOUT_H

#include "cluster/resources.h"

typedef struct ambs_layout_config {
    const ambs_spec *spec; /* borrowed: trial and slots */
    uint32_t n_ranks;
    uint64_t manager_machine; /* of rank 0; 0 not known */
    bool manager_has_slots;
} ambs_layout_config;

typedef struct ambs_layout ambs_layout;

#define AMBS_LAYOUT_FIT UINT32_MAX

int ambs_layout_create(const ambs_layout_config *config, ambs_layout **ret_layout, ambs_error *err);
void ambs_layout_destroy(ambs_layout *layout);
/* A rank joins. `n_wanted` 0: by the rules above; AMBS_LAYOUT_FIT: as many as fit. *ret_shares
 * [*ret_n] is the caller's (ambs_shares_free); ret_gpu_variable [AMBS_GPU_VARIABLE_SIZE]; *ret_n may be 0, and is n_wanted (or 1) unpinned slots where `seen` names no
 * machine. */
int ambs_layout_join(ambs_layout *layout, const char *host, uint32_t n_wanted,
                     const ambs_resources *seen, ambs_share **ret_shares, uint32_t *ret_n,
                     char *ret_gpu_variable, ambs_error *err);
/* So far. */
uint32_t ambs_layout_n_slots(const ambs_layout *layout);
/* The table: one line per kind of host, then what a person should know (idle or shared cores, ranks
 * without a slot, GPUs that nobody asked for). Lines end with \n. */
void ambs_layout_print(const ambs_layout *layout, ambs_text *out);
/* Why there is no slot, with the arithmetic: "each trial asks for 4 cores and 1 GPU; host a has 2
 * cores: 0 slots; …". */
void ambs_layout_explain(const ambs_layout *layout, ambs_text *out);
/* What a rank alone on this host would have: "node1 has 8 cores, 31.0 GiB, 2 GPUs: 2 slots, the
 * first with cores 0-3 and GPU 0"; the arithmetic where there is none. */
int ambs_layout_preview(const ambs_spec *spec, const char *host, const ambs_resources *seen,
                        ambs_text *out, uint32_t *ret_n, ambs_error *err);

#endif
