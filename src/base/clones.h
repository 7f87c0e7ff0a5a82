/* SPDX-License-Identifier: MIT */
/* AMBS_CLONES before a function has it compiled for wider vector units too; the loader takes the
 * widest that the processor has (an Adam step runs three times faster with AVX-512 than with SSE2,
 * which is all that an x86-64 build may otherwise use). Not under sanitizers: they run before their
 * own set-up there. */
#ifndef AMBS_BASE_CLONES_H
#define AMBS_BASE_CLONES_H

#include <stdlib.h> /* defines __GLIBC__ where it holds */

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define AMBS_NO_CLONES 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || !defined(__x86_64__) || !defined(__GLIBC__) ||                \
    !defined(__GNUC__) || (defined(__clang__) && __clang_major__ < 14)
#define AMBS_NO_CLONES 1
#endif

#ifdef AMBS_NO_CLONES
#define AMBS_CLONES
#else
#define AMBS_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#endif

#endif
