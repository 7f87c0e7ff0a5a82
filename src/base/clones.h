/* SPDX-License-Identifier: MIT */
/* Functions compiled for wider vector units too, since an x86-64 build may otherwise use no more than
 * SSE2.
 *
 * AMBS_CLONES before a function: the loader takes the widest version that the processor has (an Adam
 * step runs three times faster with AVX-512 than with SSE2). Not under sanitizers: the loader chooses
 * before they are set up.
 *
 * Meson's -Dc_args=-DAMBS_WIDEST=256 (128) leaves out what is
 * wider: for measuring what holds on other processors. */
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

#ifndef AMBS_WIDEST
#define AMBS_WIDEST 512
#endif

#ifdef AMBS_NO_CLONES
#define AMBS_CLONES
#elif AMBS_WIDEST >= 512
#define AMBS_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#elif AMBS_WIDEST >= 256
#define AMBS_CLONES __attribute__((target_clones("avx2", "default")))
#else
#define AMBS_CLONES
#endif

#define AMBS_INLINE static inline __attribute__((always_inline))

#if defined(__x86_64__) && defined(__GNUC__)
#define AMBS_AVX512 "avx512f,avx512bw,avx512dq,avx512vl,fma"
/* Bits of the vectors that base/versions.h may use here: 512, 256 (with fused products) or 128. */
static inline int ambs_vector_bits(void)
{
    if (AMBS_WIDEST >= 512 && __builtin_cpu_supports("avx512f") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl"))
        return 512;
    if (AMBS_WIDEST >= 256 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return 256;
    return 128;
}
#endif

#endif
