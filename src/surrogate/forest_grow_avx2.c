/* SPDX-License-Identifier: MIT */
/* forest_grow.c again, for processors with AVX2: a group of lanes is two registers. */
#include "surrogate/forest_grow.h"

#if defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2")
#endif
#define AMBS_PART       8
#define ambs_grow_tasks ambs_grow_tasks_avx2
#include "surrogate/forest_grow.c"
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif
