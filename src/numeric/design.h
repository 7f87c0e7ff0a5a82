/* SPDX-License-Identifier: MIT */
/* Designs: point sets in the unit cube. One file each: random, lhs (maximin Latin hypercube), sobol
 * (scrambled), grid is a search method of its own. */
#ifndef AMBS_NUMERIC_DESIGN_H
#define AMBS_NUMERIC_DESIGN_H

#include "base/option.h"
#include "base/random.h"

typedef struct ambs_design_ops {
    ambs_member member;
    /* Fills ret_u [n, d] with points `first` … `first + n - 1` of the design of `total` points in the unit
     * cube, keyed by the seed; a sequence (sobol, random) ignores `total`. AMBS_E_INVALID where d or n is
     * beyond what it can do, with the limit. */
    int (*points)(const void *options, uint64_t seed, size_t d, uint64_t first, size_t n, uint64_t total,
                  double *ret_u, ambs_error *err);
} ambs_design_ops;

extern const ambs_design_ops *const ambs_design_registry[];

#endif
