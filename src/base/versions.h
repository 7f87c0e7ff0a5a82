/* SPDX-License-Identifier: MIT */
/* The body of a file for three kinds of processors:
 *   #define AMBS_BODY "numeric/panels_body.h"
 *   #include "base/versions.h"
 * includes the body with AMBS_BITS 512 (AVX-512), 256 (AVX2 with fused products) and 128 (as the
 * build has it), and in each of them
 *   VERSION(name)  is the name of a function of this version,
 *   vector         AMBS_BITS / 64 = WIDE numbers in one register; it may stand anywhere,
 *   mask           as many whole numbers: what a comparison of vectors gives.
 * CHOOSE(name), behind it, is the version for the processor at hand. Elsewhere than on x86-64 there
 * is one version. Vectors are passed by pointer: how they are passed by value differs between
 * processors. Products and their sums are fused where the processor can. */
#include <stdint.h>

#include "base/clones.h"

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC push_options
#pragma GCC optimize("fp-contract=fast")
#endif

#define VERSION_JOIN(name, bits) name##_##bits
#define VERSION_OF(name, bits)   VERSION_JOIN(name, bits)
#define VERSION(name)            VERSION_OF(name, AMBS_BITS)
#define vector                   VERSION(ambs_vector)
#define mask                     VERSION(ambs_mask)
#define WIDE                     (AMBS_BITS / 64)
#define DECLARE_VECTORS                                                                            \
    typedef double vector                                                                          \
        __attribute__((vector_size(AMBS_BITS / 8), aligned(sizeof(double)), may_alias));           \
    typedef int64_t mask                                                                           \
        __attribute__((vector_size(AMBS_BITS / 8), aligned(sizeof(double)), may_alias));
#define AT(address)       ((vector *)(void *)(address))
#define CONST_AT(address) ((const vector *)(const void *)(address))

#if defined(__x86_64__) && defined(__GNUC__)

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target(AMBS_AVX512))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,fma")
#endif
#define AMBS_BITS 512
DECLARE_VECTORS
#include AMBS_BODY
#undef AMBS_BITS
#if defined(__clang__)
#pragma clang attribute pop
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif
#define AMBS_BITS 256
DECLARE_VECTORS
#include AMBS_BODY
#undef AMBS_BITS
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#define CHOOSE(name)                                                                               \
    (ambs_vector_bits() == 512 ? name##_512 : ambs_vector_bits() == 256 ? name##_256 : name##_128)
#else
#define CHOOSE(name) name##_128
#endif

#define AMBS_BITS 128
DECLARE_VECTORS
#include AMBS_BODY
#undef AMBS_BITS

#undef vector
#undef mask
#undef AMBS_BODY
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC pop_options
#endif
