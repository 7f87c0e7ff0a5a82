/* SPDX-License-Identifier: MIT */
/* forest_grow.c again, for processors with AVX-512: a group of lanes is one register. */
#include "surrogate/forest_grow.h"

#if defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl"))),        \
                             apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl")
#endif
#define AMBS_PART       16
#define ambs_grow_tasks ambs_grow_tasks_avx512
#include "surrogate/forest_grow.c"
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif
