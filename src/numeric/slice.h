/* SPDX-License-Identifier: MIT */
/* Slice sampling (Neal 2003, doi:10.1214/aos/1056562461) along random directions. */
#ifndef AMBS_NUMERIC_SLICE_H
#define AMBS_NUMERIC_SLICE_H

#include <stddef.h>

#include "base/random.h"

typedef struct ambs_slice_problem {
    size_t n;
    const double *lower, *upper;                      /* [n] the density is 0 beyond these */
    double (*log_density)(void *of, const double *x); /* up to a constant; -INFINITY: 0 */
    void *of;
} ambs_slice_problem;

/* One step of the Markov chain from x [n], which lies within the bounds: a direction on the unit
 * sphere is drawn, an interval of `width` around x is stepped out to the ends of the slice, and
 * shrunk until a draw falls into the slice. *value is ln of the density at x, before and after.
 * `work` has length 2 n. Some 6 to 8 densities; x stays where none is found in 100. */
void ambs_slice_step(const ambs_slice_problem *problem, double width, ambs_random *random,
                     double *x, double *value, double *work);

#endif
