/* SPDX-License-Identifier: MIT */
/* A set of cores of one host: the processors as Linux numbers them, hardware threads included. */
#ifndef AMBS_CLUSTER_CORE_SET_H
#define AMBS_CLUSTER_CORE_SET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

enum { AMBS_CORES_MAX = 4096 };

typedef struct ambs_core_set {
    uint64_t bits[AMBS_CORES_MAX / 64];
} ambs_core_set;

void ambs_core_set_add(ambs_core_set *set, uint32_t core);
void ambs_core_set_remove(ambs_core_set *set, uint32_t core);
bool ambs_core_set_has(const ambs_core_set *set, uint32_t core);
uint32_t ambs_core_set_count(const ambs_core_set *set);
bool ambs_core_set_is_equal(const ambs_core_set *a, const ambs_core_set *b);
void ambs_core_set_unite(ambs_core_set *set, const ambs_core_set *with);
void ambs_core_set_intersect(ambs_core_set *set, const ambs_core_set *with);
/* The kernel's way to write such sets, "0-3,8,10-11"; white space at the end is passed over, an
 * empty text is the empty set. False for anything else, and for numbers of AMBS_CORES_MAX and
 * above; *ret is then as it was. */
bool ambs_core_set_parse(const char *text, ambs_core_set *ret);
void ambs_core_set_print(const ambs_core_set *set, ambs_text *out);

#endif
