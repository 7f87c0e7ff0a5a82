/* SPDX-License-Identifier: MIT */
/* The key is the seed; the 128-bit counter is (block, purpose, trial): so the name of a stream maps
 * to its numbers one to one, without hashing that could collide. */
#include "base/random.h"

#include <Random123/philox.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

void ambs_random_init(ambs_random *r, uint64_t seed, uint64_t trial, uint32_t purpose)
{
    *r = (ambs_random){
        .key = {(uint32_t)seed, (uint32_t)(seed >> 32)},
        .counter = {0, purpose, (uint32_t)trial, (uint32_t)(trial >> 32)},
        .spare_normal = NAN,
    };
}

static void refill(ambs_random *r)
{
    philox4x32_ctr_t counter;
    philox4x32_key_t key;
    memcpy(counter.v, r->counter, sizeof r->counter);
    memcpy(key.v, r->key, sizeof r->key);
    philox4x32_ctr_t block = philox4x32(counter, key);
    memcpy(r->block, block.v, sizeof r->block);
    r->left = 4;
    /* Purposes fill the low half of their word; the upper half counts on beyond 2^32 blocks. */
    if (++r->counter[0] == 0) r->counter[1] += 0x10000u;
}

uint32_t ambs_random_u32(ambs_random *r)
{
    if (r->left == 0) refill(r);
    return r->block[4 - r->left--];
}

uint64_t ambs_random_u64(ambs_random *r)
{
    uint64_t low = ambs_random_u32(r);
    return (uint64_t)ambs_random_u32(r) << 32 | low;
}

double ambs_random_uniform(ambs_random *r)
{
    /* The middle of one of 2^52 cells: 53 significant bits, never 0 and never rounded up to 1. */
    return ((double)(ambs_random_u64(r) >> 12) + 0.5) * 0x1p-52;
}

double ambs_random_normal(ambs_random *r)
{
    /* Box and Muller 1958, doi:10.1214/aoms/1177706645: always two uniforms for two normals. */
    if (!isnan(r->spare_normal)) {
        double z = r->spare_normal;
        r->spare_normal = NAN;
        return z;
    }
    double radius = sqrt(-2.0 * log(ambs_random_uniform(r)));
    double angle = 6.283185307179586477 * ambs_random_uniform(r);
    r->spare_normal = radius * sin(angle);
    return radius * cos(angle);
}

double ambs_random_exponential(ambs_random *r)
{
    return -log(ambs_random_uniform(r));
}

uint64_t ambs_random_below(ambs_random *r, uint64_t n)
{
    /* The lowest 2^64 mod n words would make the small results likelier: drawn again. */
    uint64_t biased = (0 - n) % n;
    uint64_t word;
    do word = ambs_random_u64(r);
    while (word < biased);
    return word % n;
}

void ambs_random_shuffle(ambs_random *r, size_t *index, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = (size_t)ambs_random_below(r, i);
        size_t held = index[i - 1];
        index[i - 1] = index[j];
        index[j] = held;
    }
}

uint64_t ambs_mix64(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

uint64_t ambs_evaluation_seed(uint64_t seed, uint32_t repeat)
{
    return repeat == 0 ? seed : ambs_mix64(ambs_mix64(seed) + repeat);
}
