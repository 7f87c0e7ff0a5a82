/* SPDX-License-Identifier: MIT */
/* Eight numbers at a time: one register of the widest processors; others use several. Written for
 * the bodies of base/clones.h; GCC fuses products and sums where a file asks for it. Vectors are
 * passed by pointer: how they are passed by value differs between processors. */
#ifndef AMBS_NUMERIC_VECTOR_H
#define AMBS_NUMERIC_VECTOR_H

#include <stdint.h>

#define AMBS_VECTOR 8

/* It may stand anywhere. */
typedef double ambs_vector
    __attribute__((vector_size(8 * AMBS_VECTOR), aligned(sizeof(double)), may_alias));
typedef int64_t ambs_vector_bits_of
    __attribute__((vector_size(8 * AMBS_VECTOR), aligned(sizeof(double)), may_alias));

#define AMBS_VECTOR_AT(address)       ((ambs_vector *)(void *)(address))
#define AMBS_VECTOR_CONST_AT(address) ((const ambs_vector *)(const void *)(address))

#endif
