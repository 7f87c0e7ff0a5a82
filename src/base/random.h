/* SPDX-License-Identifier: MIT */
/* Random streams by the counter-based generator Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011,
 * doi:10.1145/2063384.2063405; Random123). A stream is named by (seed, trial, purpose): two streams
 * with another name are independent, and a stream gives the same numbers on whatever rank, in
 * whatever order it is used. No state beyond this struct. */
#ifndef AMBS_BASE_RANDOM_H
#define AMBS_BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* Purposes keep streams of one trial apart; a new use takes a new number below 65,536, old numbers
 * never change. */
typedef enum ambs_purpose {
    AMBS_PURPOSE_SAMPLE = 1,      /* random proposals */
    AMBS_PURPOSE_DESIGN = 2,      /* initial designs, scrambling */
    AMBS_PURPOSE_SURROGATE = 3,   /* bootstrap, splits */
    AMBS_PURPOSE_ACQUISITION = 4, /* candidates, random kappa */
    AMBS_PURPOSE_OBJECTIVE = 5,   /* noise and failures of a function objective */
    AMBS_PURPOSE_TRAINING = 6,    /* weights, shuffles */
    AMBS_PURPOSE_SPLIT = 7,       /* train, validation, test */
    AMBS_PURPOSE_HEDGE = 8,       /* which acquisition function decides an ask */
    AMBS_PURPOSE_TEST = 1000      /* test programs */
} ambs_purpose;

typedef struct ambs_random {
    uint32_t key[2];
    uint32_t counter[4];
    uint32_t block[4];
    int left;            /* unused words of block */
    double spare_normal; /* the second normal of a pair, NaN when none */
} ambs_random;

/* The seed that takes the study's place in the streams of a trial's evaluation: the study's own for
 * the first one (repeat 0), another for each repeat. */
uint64_t ambs_evaluation_seed(uint64_t seed, uint32_t repeat);

void ambs_random_init(ambs_random *r, uint64_t seed, uint64_t trial, uint32_t purpose);
uint32_t ambs_random_u32(ambs_random *r);
uint64_t ambs_random_u64(ambs_random *r);
/* Uniform in the open interval (0, 1), 53 bits. */
double ambs_random_uniform(ambs_random *r);
double ambs_random_normal(ambs_random *r);
double ambs_random_exponential(ambs_random *r);
/* Uniform in 0 … n-1 without bias; n >= 1. */
uint64_t ambs_random_below(ambs_random *r, uint64_t n);
/* Fisher-Yates over an index array of length n. */
void ambs_random_shuffle(ambs_random *r, size_t *index, size_t n);
/* splitmix64's finaliser: a good 64-bit hash of a 64-bit word. */
uint64_t ambs_mix64(uint64_t x);

#endif
