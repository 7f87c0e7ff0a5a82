/* SPDX-License-Identifier: MIT */
/* Denormal numbers as zero, for the calling thread. The momentum of a weight whose gradient has
 * become 0 decays into the denormal range and stays there, where an operation costs a hundred times
 * more; no network is the worse for zeros. Nothing happens on processors without SSE. */
#ifndef AMBS_TRAIN_FLUSH_H
#define AMBS_TRAIN_FLUSH_H

#if defined(__SSE2__)
#include <xmmintrin.h>

/* The mode before, to be handed to ambs_flush_end(). */
static inline unsigned ambs_flush_begin(void)
{
    const unsigned before = _mm_getcsr();
    _mm_setcsr(before | 0x8040); /* flush to zero, denormals are zero */
    return before;
}

static inline void ambs_flush_end(unsigned before)
{
    _mm_setcsr(before);
}
#else
static inline unsigned ambs_flush_begin(void)
{
    return 0;
}

static inline void ambs_flush_end(unsigned before)
{
    (void)before;
}
#endif

#endif
