/* SPDX-License-Identifier: MIT */
/* The plainest stratified design, for tests: the lattice's diagonal, point i in cell i of every
 * coordinate. */
#include "numeric/design.h"

static int points(const void *options, uint64_t seed, size_t d, uint64_t first, size_t n,
                  uint64_t total, double *ret_u, ambs_error *err)
{
    (void)options, (void)seed;
    if (first + n > total)
        return ambs_fail(err, AMBS_E_INVALID, "point %llu of a design of %llu was asked for",
                         (unsigned long long)(first + n), (unsigned long long)total);
    for (size_t i = 0; i < n * d; i++) ret_u[i] = ((double)(first + i / d) + 0.5) / (double)total;
    return AMBS_OK;
}

const ambs_design_ops ambs_design_reference = {
    .member = {.name = "reference", .summary = "the diagonal of the cube", .for_tests = true},
    .points = points,
    .is_stratified = true,
};
