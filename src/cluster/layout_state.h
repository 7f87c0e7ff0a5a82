/* SPDX-License-Identifier: MIT */
/* The inside of a layout: layout.c divides, layout_print.c tells people. */
#ifndef AMBS_CLUSTER_LAYOUT_STATE_H
#define AMBS_CLUSTER_LAYOUT_STATE_H

#include "cluster/layout.h"

enum { SLOTS_MAX = 4096 };

typedef struct host_gpu {
    char id[AMBS_GPU_ID_SIZE];
    bool taken;
} host_gpu;

typedef struct host {
    uint64_t machine;
    char name[AMBS_HOST_SIZE];
    uint32_t n_joined, n_slots, n_without, n_unpinned, n_bound_least;
    ambs_core_set all, free;
    double memory, memory_left; /* NaN: not known */
    host_gpu *gpus;             /* [n_gpus] */
    size_t n_gpus;
} host;

struct ambs_layout {
    ambs_layout_config config;
    host *hosts; /* [n_hosts], in order of their first rank */
    size_t n_hosts, capacity;
    uint32_t *index; /* [index_size] open addressing: 1 + number of the host, 0 none */
    size_t index_size;
    uint32_t n_slots;
};

#endif
