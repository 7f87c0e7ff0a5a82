/* SPDX-License-Identifier: MIT */
/* Designs: point sets in the unit cube. One file each: random, lhs (maximin Latin hypercube), sobol
 * (scrambled), grid is a search method of its own. */
#ifndef AMBS_NUMERIC_DESIGN_H
#define AMBS_NUMERIC_DESIGN_H

#include "base/option.h"
#include "base/random.h"

typedef struct ambs_design_ops {
    ambs_member member;
    /* Fills ret_u [n, d] with points `first` … `first + n - 1` of the design of `total` points in
     * the unit cube, keyed by the seed; a sequence ignores `total`, else first + n <= total.
     * `options` is the member's struct (NULL: the defaults). The points of a design are the same
     * however it is cut into pieces. AMBS_E_INVALID where d or n is beyond what it can do, with the
     * limit. */
    int (*points)(const void *options, uint64_t seed, size_t d, uint64_t first, size_t n,
                  uint64_t total, double *ret_u, ambs_error *err);
    bool is_sequence;   /* has points beyond any number, `total` means nothing */
    bool is_stratified; /* each 1-D projection has one point in each of `total` equal cells (a
                           sequence: where total is a power of two) */
} ambs_design_ops;

extern const ambs_design_ops *const ambs_design_registry[];

/* By name; AMBS_E_NOT_FOUND lists the known ones. */
int ambs_design_find(const char *name, const ambs_design_ops **ret_design, ambs_error *err);

/* Points first … first + n - 1 of the unscrambled Sobol sequence in Gray-code order, 32 bits each,
 * point 0 being the origin; ret_bits [n, d]. d at most AMBS_SOBOL_MAX_DIMENSION, first + n at most
 * 2^32. */
enum { AMBS_SOBOL_MAX_DIMENSION = 1111 };
int ambs_sobol_bits(size_t d, uint64_t first, size_t n, uint32_t *ret_bits, ambs_error *err);

#endif
