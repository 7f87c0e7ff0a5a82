/* SPDX-License-Identifier: MIT */
/* A made-up machine: files below a folder of its own, and variables. */
#ifndef AMBS_TESTS_CLUSTER_FAKE_MACHINE_H
#define AMBS_TESTS_CLUSTER_FAKE_MACHINE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cluster/resources.h"

enum { FAKE_VARIABLES_MAX = 16 };

typedef struct fake_machine {
    char root[64];
    const char *variables[FAKE_VARIABLES_MAX][2];
    size_t n_variables;
    ambs_machine machine;
} fake_machine;

/* A folder that holds a process bound to `bound` among `total` kB of memory. */
void fake_init(fake_machine *f, const char *bound);
void fake_fini(fake_machine *f);
/* A file with its folders; one that is there is replaced. */
void fake_file(fake_machine *f, const char *path, const char *format, ...) AMBS_PRINTF(3, 4);
void fake_variable(fake_machine *f, const char *name, const char *value);
/* The ancestors of this process, nearest first: number, name, the cores it may use. */
void fake_parent(fake_machine *f, int child, int pid, const char *name, const char *cores);
/* GPU `i` of NVIDIA at the PCI address 0000:<bus>:00.0; its device can be opened. */
void fake_nvidia(fake_machine *f, int minor, int bus, const char *uuid, const char *near);
void fake_amd(fake_machine *f, int node, int minor, unsigned long long unique_id, unsigned bus);
/* Detects; the caller frees. */
ambs_resources fake_detect(fake_machine *f);

#endif
